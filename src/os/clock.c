/* SPDX-License-Identifier: MIT */
/* The two clocks. Deadlines go by the monotonic one, which nobody can set; the wall clock is for names of files and
 * for people. */
#include <time.h>

#include "os_priv.h"

static int64_t clock_us(clockid_t id)
{
    struct timespec t = {0, 0};

    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

mono_us os_clock_mono(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

int64_t os_clock_wall(void)
{
    return clock_us(CLOCK_REALTIME);
}
