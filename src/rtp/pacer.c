/* SPDX-License-Identifier: MIT */
/* When to send: deadlines lie on a fixed grid, so that lateness of one tick never moves the next. */
#include "wsaudio/rtp.h"

void rtp_pacer_init(struct rtp_pacer *p, mono_us first, dur_us interval)
{
    *p = (struct rtp_pacer){.next = first, .interval = interval > 0 ? interval : DUR_MS(20)};
}

struct rtp_pacer_step rtp_pacer_step(struct rtp_pacer *p, mono_us now)
{
    struct rtp_pacer_step step = {0, 0};

    if (now - p->next > RTP_LATE_MAX_US) {
        dur_us too_late = now - p->next - RTP_LATE_MAX_US;
        int64_t skip = (too_late + p->interval - 1) / p->interval;
        p->next += skip * p->interval;
        p->skipped += (uint64_t)skip;
        /* The timestamp counts modulo 2^32 too, so a cut here moves it to the same place. */
        step.skip = (uint32_t)skip;
    }
    while (step.send < RTP_BURST_MAX && p->next <= now) {
        p->next += p->interval;
        step.send++;
    }
    return step;
}
