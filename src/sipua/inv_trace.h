/* SPDX-License-Identifier: MIT */
/* The last state changes of a usage and its transactions, for the log when a call ends badly: numbers, and words only when
 * somebody reads them. */
#ifndef WSAUDIO_SIPUA_INV_TRACE_H
#define WSAUDIO_SIPUA_INV_TRACE_H

#include "inv_table.h"
#include "wsaudio/base.h"
#include "wsaudio/siptx/tx.h"

#define SIP_INV_TRACE_LINES    64
#define SIP_INV_TRACE_LINE_MAX 96

/* Zeroed is empty. */
struct sip_inv_trace {
    uint32_t count;                     /* ever noted */
    uint32_t ms[SIP_INV_TRACE_LINES];   /* since the usage began; its highest value: so long or longer */
    uint16_t what[SIP_INV_TRACE_LINES]; /* inv_trace.c */
};

void sip_inv_trace_tx(struct sip_inv_trace *trace, dur_us age, const struct sip_tx_change *change);
void sip_inv_trace_usage(struct sip_inv_trace *trace, dur_us age, enum sip_inv_state from, enum sip_inv_state to,
                         enum sip_inv_event event);
/* The first one that is still there; those up to count follow. */
uint32_t sip_inv_trace_first(const struct sip_inv_trace *trace);
/* "+500 ms usage Calling > Proceeding on 1xx"; returns line. */
const char *sip_inv_trace_text(const struct sip_inv_trace *trace, uint32_t number, char line[SIP_INV_TRACE_LINE_MAX]);

#endif
