/* SPDX-License-Identifier: MIT */
#include "inv_trace.h"

#include <inttypes.h>
#include <stdio.h>

/* 16 bits: who (a machine of the transactions, or the usage), from and to (states of that), the event. */
#define WHO_USAGE  SIP_TX_MACHINE_COUNT
#define STATE_BITS 4
#define EVENT_BITS 5
#define STATE_MASK ((1U << STATE_BITS) - 1)
#define EVENT_MASK ((1U << EVENT_BITS) - 1)

_Static_assert(WHO_USAGE < 1 << 3, "who");
_Static_assert(SIP_TX_ST_COUNT <= 1 << STATE_BITS && SIP_INV_ST_COUNT <= 1 << STATE_BITS, "states");
_Static_assert(SIP_TX_EV_COUNT < 1 << EVENT_BITS && SIP_INV_EV_COUNT <= 1 << EVENT_BITS, "events, and a kill");

static void note(struct sip_inv_trace *trace, dur_us age, uint32_t who, uint32_t from, uint32_t to, uint32_t event)
{
    uint32_t at = trace->count++ % SIP_INV_TRACE_LINES;
    dur_us ms = age / 1000;

    trace->ms[at] = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
    trace->what[at] = (uint16_t)(((who << STATE_BITS | from) << STATE_BITS | to) << EVENT_BITS | event);
}

void sip_inv_trace_tx(struct sip_inv_trace *trace, dur_us age, const struct sip_tx_change *change)
{
    note(trace, age, change->machine, change->from, change->to, change->event);
}

void sip_inv_trace_usage(struct sip_inv_trace *trace, dur_us age, enum sip_inv_state from, enum sip_inv_state to,
                         enum sip_inv_event event)
{
    note(trace, age, WHO_USAGE, from, to, event);
}

uint32_t sip_inv_trace_first(const struct sip_inv_trace *trace)
{
    return trace->count > SIP_INV_TRACE_LINES ? trace->count - SIP_INV_TRACE_LINES : 0;
}

const char *sip_inv_trace_text(const struct sip_inv_trace *trace, uint32_t number, char line[SIP_INV_TRACE_LINE_MAX])
{
    uint32_t at = number % SIP_INV_TRACE_LINES;
    uint32_t what = trace->what[at];
    int event = (int)(what & EVENT_MASK);
    int to = (int)(what >> EVENT_BITS & STATE_MASK);
    int from = (int)(what >> (EVENT_BITS + STATE_BITS) & STATE_MASK);
    uint32_t who = what >> (EVENT_BITS + 2 * STATE_BITS);

    if (who == WHO_USAGE) {
        (void)snprintf(line, SIP_INV_TRACE_LINE_MAX, "+%" PRIu32 " ms usage %s > %s on %s", trace->ms[at],
                       sip_inv_state_name(from), sip_inv_state_name(to), sip_inv_event_name(event));
        return line;
    }
    struct sip_tx_change change = {.machine = (enum sip_tx_machine)who,
                                   .from = (enum sip_tx_state)from,
                                   .to = (enum sip_tx_state)to,
                                   .event = (enum sip_tx_event)event};
    char text[SIP_TX_CHANGE_TEXT_MAX];
    (void)snprintf(line, SIP_INV_TRACE_LINE_MAX, "+%" PRIu32 " ms %s", trace->ms[at],
                   sip_tx_change_text(&change, text));
    return line;
}
