/* SPDX-License-Identifier: MIT */
/* Whether this machine keeps up: while ticks are late or packets are skipped again and again, one more call would only spoil those
 * that are up. */
#ifndef WSAUDIO_CALL_OVERLOAD_H
#define WSAUDIO_CALL_OVERLOAD_H

#include "lateness.h"
#include "wsaudio/base.h"
#include "wsaudio/base/log_quota.h"

/* So many ticks that had to skip packets within that time. One alone is a machine that was held up once. */
#define OVERLOAD_TICKS     5
#define OVERLOAD_WINDOW_US DUR_S(2)
/* Ticks were in time for so long: what was told to have begun is told to be over. One that comes and goes at the limit is told once. */
#define OVERLOAD_CALM_US DUR_S(1)

/* Zeroed, with lateness.limit set (0: nothing is refused, whatever is late): all is well. */
struct overload {
    struct lateness lateness;
    bool late;                       /* ticks are, or were less than OVERLOAD_CALM_US ago */
    bool told;                       /* and the log says so */
    mono_us late_at;                 /* when they last were */
    mono_us skipped[OVERLOAD_TICKS]; /* the last ticks that skipped something, a ring */
    uint32_t count;                  /* ever */
    struct log_quota begun;          /* lines about ticks that are late */
    struct log_quota refusals;       /* lines about calls refused */
};

/* A tick was served so long after it was due; skipped: packets of at least one call. */
void overload_tick(struct overload *o, const struct log *log, mono_us now, dur_us late, bool skipped);
/* Nothing ticks: nothing is late. Otherwise what was late at the last call's end would be so for ever. */
void overload_rest(struct overload *o, const struct log *log);
bool overload_is(const struct overload *o, mono_us now);

#endif
