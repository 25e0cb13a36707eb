/* SPDX-License-Identifier: MIT */
/* When a registration goes again: well before its end, and after a failure later each time, spread, so that telephones
 * which lost their registrar together do not come back together (RFC 5626 4.5). */
#include "registration.h"

/* RFC 5626 4.5, all flows failed. */
#define RETRY_BASE_S 30
#define RETRY_MAX_S  1800
/* Who refuses once will refuse again, and may lock us out for asking too often. */
#define REFUSED_BASE_S 300
#define REFUSED_MAX_S  3600
#define AFTER_MIN_S    5
#define AFTER_MAX_S    3600
#define MS             1000

/* From low to high per cent of so many seconds. */
static dur_us spread(uint32_t seconds, uint32_t low, uint32_t high, const struct rng *rng)
{
    uint32_t ms_per_cent = seconds * (MS / 100);

    return DUR_MS((dur_us)low * ms_per_cent + rng_below(rng, (high - low) * ms_per_cent + 1));
}

dur_us sip_registration_refresh_after(uint32_t granted_s, const struct rng *rng)
{
    return spread(granted_s, 70, 85, rng);
}

dur_us sip_registration_retry_after(uint32_t failures, bool refused, int64_t retry_after, const struct rng *rng)
{
    uint32_t seconds = refused ? REFUSED_BASE_S : RETRY_BASE_S;
    uint32_t max = refused ? REFUSED_MAX_S : RETRY_MAX_S;

    if (retry_after >= 0) {
        uint32_t asked = retry_after < AFTER_MAX_S ? (uint32_t)retry_after : AFTER_MAX_S;
        return spread(asked > AFTER_MIN_S ? asked : AFTER_MIN_S, 100, 110, rng);
    }
    for (uint32_t i = 0; i < failures && seconds < max; i++) {
        seconds *= 2;
    }
    return spread(seconds < max ? seconds : max, 50, 100, rng);
}
