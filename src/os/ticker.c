/* SPDX-License-Identifier: MIT */
/* The timerfd of the 20 ms pace, on absolute deadlines: a relative one is late by what each turn takes (200 us a turn
 * are 10 ms after a second), and never catches up. */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "os_priv.h"

int os_ticker_open(struct os_ticker *t)
{
    t->armed = false;
    t->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return t->fd >= 0 ? ST_OK : os_fail(errno);
}

void os_ticker_close(struct os_ticker *t)
{
    os_close(t->fd);
    t->fd = -1;
    t->armed = false;
}

static struct timespec timespec_of(int64_t us)
{
    return (struct timespec){.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
}

int os_ticker_arm(struct os_ticker *t, mono_us first, dur_us interval)
{
    /* A zero first expiry would disarm. */
    struct itimerspec spec = {.it_value = timespec_of(first > 0 ? first : 1), .it_interval = timespec_of(interval)};
    if (timerfd_settime(t->fd, TFD_TIMER_ABSTIME, &spec, NULL) != 0) {
        return os_fail(errno);
    }
    t->armed = true;
    return ST_OK;
}

void os_ticker_disarm(struct os_ticker *t)
{
    if (t->armed) {
        const struct itimerspec off = {{0, 0}, {0, 0}};
        (void)timerfd_settime(t->fd, 0, &off, NULL);
        t->armed = false;
    }
}

uint64_t os_ticker_read(struct os_ticker *t)
{
    uint64_t expired = 0;

    return read(t->fd, &expired, sizeof(expired)) == (ssize_t)sizeof(expired) ? expired : 0;
}
