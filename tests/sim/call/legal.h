/* SPDX-License-Identifier: MIT */
/* Whether every SIP message of one agent is well-formed and legal for its state: RFC 3261 8.1, 8.2, 9, 12, 13, 14, 15, 17.
 * It is told what the agent sent and what reached it, and knows nothing else: no table, no state of room sip; only its parser. */
#ifndef TESTS_SIM_LEGAL_H
#define TESTS_SIM_LEGAL_H

#include "wsaudio/base.h"

struct legal;

struct legal *legal_new(void);
void legal_free(struct legal *l);
/* NULL: legal; else what is wrong, valid until the next call. */
const char *legal_sent(struct legal *l, mono_us now, const void *data, size_t len);
/* The transport refused what legal_sent was told just before. */
void legal_failed(struct legal *l, const void *data, size_t len);
void legal_received(struct legal *l, mono_us now, const void *data, size_t len);

#endif
