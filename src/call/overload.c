/* SPDX-License-Identifier: MIT */
#include "overload.h"

void overload_skipped(struct overload *o, mono_us now)
{
    o->skipped[o->count++ % OVERLOAD_TICKS] = now;
}

bool overload_is(const struct overload *o, mono_us now)
{
    /* the oldest of the last few stands where the next one goes */
    return o->count >= OVERLOAD_TICKS && now - o->skipped[o->count % OVERLOAD_TICKS] <= OVERLOAD_WINDOW_US;
}
