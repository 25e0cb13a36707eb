/* SPDX-License-Identifier: MIT */
/* What the stack keeps in lists, indexes and counters so that it need not walk, held against a walk. */
#ifndef SUPPORT_LISTS_H
#define SUPPORT_LISTS_H

#include "wsaudio/sipua.h"

/* At the end of a turn, of any stack: the busy usages, those that give way, the dialogs that do and in which order, what an ICMP error
 * concerns. NULL, or what is wrong. */
const char *lists_wrong(const struct sip_stack *stack);

#endif
