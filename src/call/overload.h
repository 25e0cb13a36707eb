/* SPDX-License-Identifier: MIT */
/* Whether this machine keeps up: while packets are skipped again and again, one more call would only spoil those that are up. */
#ifndef WSAUDIO_CALL_OVERLOAD_H
#define WSAUDIO_CALL_OVERLOAD_H

#include "wsaudio/base.h"

/* So many ticks that had to skip packets within that time. One alone is a machine that was held up once. */
#define OVERLOAD_TICKS     5
#define OVERLOAD_WINDOW_US DUR_S(2)

/* Zeroed: nothing was skipped yet. */
struct overload {
    mono_us skipped[OVERLOAD_TICKS]; /* the last ticks that skipped something, a ring */
    uint32_t count;                  /* ever */
    struct log_quota refusals;       /* lines about calls refused for it */
};

/* A tick skipped packets of at least one call; once a tick. */
void overload_skipped(struct overload *o, mono_us now);
bool overload_is(const struct overload *o, mono_us now);

#endif
