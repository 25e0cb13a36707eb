/* SPDX-License-Identifier: MIT */
#include "overload.h"

static void lateness_begins(struct overload *o, const struct log *log, mono_us now)
{
    const struct lateness *l = &o->lateness;

    o->late = true;
    o->told = log_quota_take(&o->begun, log, LOG_WARNING, now);
    if (o->told) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, TICKS_LATE), (long long)(lateness_median(l) / 1000), LATENESS_TICKS,
                  (long long)(l->limit / 1000));
    }
}

static void lateness_ends(struct overload *o, const struct log *log)
{
    if (o->told) {
        log_write(log, LOG_INFO, LOG_TEXT(log, TICKS_IN_TIME));
    }
    o->late = o->told = false;
}

void overload_tick(struct overload *o, const struct log *log, mono_us now, dur_us late, bool skipped)
{
    if (skipped) {
        o->skipped[o->count++ % OVERLOAD_TICKS] = now;
    }
    lateness_push(&o->lateness, late);
    if (lateness_is_over(&o->lateness)) {
        o->late_at = now;
        if (!o->late) {
            lateness_begins(o, log, now);
        }
    } else if (o->late && now - o->late_at >= OVERLOAD_CALM_US) {
        lateness_ends(o, log);
    }
}

void overload_rest(struct overload *o, const struct log *log)
{
    lateness_clear(&o->lateness);
    lateness_ends(o, log);
}

static bool packets_are_skipped(const struct overload *o, mono_us now)
{
    /* the oldest of the last few stands where the next one goes */
    return o->count >= OVERLOAD_TICKS && now - o->skipped[o->count % OVERLOAD_TICKS] <= OVERLOAD_WINDOW_US;
}

bool overload_is(const struct overload *o, mono_us now)
{
    return o->lateness.limit > 0 && (lateness_is_over(&o->lateness) || packets_are_skipped(o, now));
}
