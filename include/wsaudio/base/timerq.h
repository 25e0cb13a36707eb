/* SPDX-License-Identifier: MIT */
/* Time as an argument, expiry as a question: a queue of deadlines that reads no clock. */
#ifndef WSAUDIO_BASE_TIMERQ_H
#define WSAUDIO_BASE_TIMERQ_H

#include <stdbool.h>
#include <stdint.h>

#include "wsaudio/base/status.h"

typedef int64_t mono_us; /* an instant on the monotonic clock, microseconds */
typedef int64_t dur_us;  /* a duration, microseconds */

#define MONO_NEVER   INT64_MAX
#define MONO_AT_ONCE ((mono_us)0) /* has passed already: the clock began when the machine did */
#define DUR_MS(n)    ((dur_us)(n)*1000)
#define DUR_S(n)     ((dur_us)(n)*1000000)

static inline mono_us mono_earlier(mono_us a, mono_us b)
{
    return a < b ? a : b;
}

/* Lies inside its owner; zeroed means not queued. */
struct timerq_entry {
    mono_us due;
    uint64_t order; /* equal deadlines expire in the order in which they were set */
    uint32_t pos;   /* 1-based place in the heap; 0: not queued */
    uint32_t tag;   /* its owner's, for which of his it is; not looked at here */
};

struct timerq {
    struct timerq_entry **heap; /* owns the array, borrows the entries */
    uint32_t cap;
    uint32_t len;
    uint64_t next_order;
    mono_us popped_at; /* the time of the last timerq_pop */
};

/* cap: the most entries that can be queued at once. ST_NO_MEMORY. */
WS_MUST_CHECK int timerq_init(struct timerq *q, uint32_t cap);
void timerq_fini(struct timerq *q);
/* Sets or moves. The queue was sized for all its owners' entries; more than cap is a bug (asserted). */
void timerq_set(struct timerq *q, struct timerq_entry *entry, mono_us due);
/* Safe when not queued. */
void timerq_cancel(struct timerq *q, struct timerq_entry *entry);
static inline bool timerq_is_set(const struct timerq_entry *entry)
{
    return entry->pos != 0;
}
/* The earliest deadline, or MONO_NEVER. */
mono_us timerq_due(const struct timerq *q);
/* Takes out and returns one entry whose time has come (due <= now), or NULL. Time never runs back (asserted). */
struct timerq_entry *timerq_pop(struct timerq *q, mono_us now);

#endif
