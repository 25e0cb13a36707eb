/* SPDX-License-Identifier: MIT */
/* How late the ticks are: the median of the last second of them. A second is long enough for one hiccup, however long, not to count,
 * and short enough to end soon after its cause. */
#ifndef WSAUDIO_CALL_LATENESS_H
#define WSAUDIO_CALL_LATENESS_H

#include "wsaudio/base.h"

#define LATENESS_TICKS 50

/* Zeroed: no tick was seen, and no limit is set. */
struct lateness {
    dur_us limit;                     /* 0: none */
    uint32_t over;                    /* of those in the ring, later than the limit */
    uint32_t count;                   /* in the ring */
    uint32_t next;                    /* place of the next one */
    uint32_t late_us[LATENESS_TICKS]; /* a ring */
};

/* A tick was served so long after it was due. */
void lateness_push(struct lateness *l, dur_us late);
/* Nothing is ticking any more: what was says nothing about what comes. */
void lateness_clear(struct lateness *l);
/* The median of the last LATENESS_TICKS is over the limit; false while there are fewer. */
bool lateness_is_over(const struct lateness *l);
/* The median of those there are, 0 of none: more than half were not later. It sorts them: for whoever asks, not for each tick. */
dur_us lateness_median(const struct lateness *l);

#endif
