/* SPDX-License-Identifier: MIT */
/* When a registration is refreshed, and when a failed one is tried again (RFC 5626 4.5): bounds, and that they are spread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "registration.h"
#include "rng_seeded.h"

static uint64_t seed = 11;
static const struct rng rng = {rng_seeded_fill, &seed};

struct range {
    dur_us low, high;
};

static struct range refresh(uint32_t granted)
{
    struct range range = {INT64_MAX, 0};
    for (int i = 0; i < 2000; i++) {
        dur_us t = sip_registration_refresh_after(granted, &rng);
        range.low = t < range.low ? t : range.low;
        range.high = t > range.high ? t : range.high;
    }
    return range;
}

static struct range retry(uint32_t failures, bool refused, int64_t after)
{
    struct range range = {INT64_MAX, 0};
    for (int i = 0; i < 2000; i++) {
        dur_us t = sip_registration_retry_after(failures, refused, after, &rng);
        range.low = t < range.low ? t : range.low;
        range.high = t > range.high ? t : range.high;
    }
    return range;
}

/* Within low and high, and near both. */
static void check(struct range got, dur_us low, dur_us high)
{
    dur_us near = (high - low) / 20;
    assert_true(got.low >= low && got.high <= high);
    assert_true(got.low <= low + near && got.high >= high - near);
}

static void refreshes(void **state)
{
    (void)state;
    check(refresh(600), DUR_S(420), DUR_S(510));
    check(refresh(60), DUR_S(42), DUR_S(51));
    check(refresh(1), DUR_MS(700), DUR_MS(850));
    check(refresh(SIP_REGISTRATION_EXPIRES_MAX), DUR_S(423360), DUR_S(514080));
}

static void failures_grow(void **state)
{
    (void)state;
    dur_us whole = DUR_S(60);
    for (uint32_t n = 1; n <= 40; n++) {
        check(retry(n, false, -1), whole / 2, whole);
        whole = 2 * whole < DUR_S(1800) ? 2 * whole : DUR_S(1800);
    }
    check(retry(UINT32_MAX, false, -1), DUR_S(900), DUR_S(1800));
}

static void refusals_grow(void **state)
{
    (void)state;
    check(retry(1, true, -1), DUR_S(300), DUR_S(600));
    check(retry(2, true, -1), DUR_S(600), DUR_S(1200));
    check(retry(3, true, -1), DUR_S(1200), DUR_S(2400));
    check(retry(4, true, -1), DUR_S(1800), DUR_S(3600));
    check(retry(99, true, -1), DUR_S(1800), DUR_S(3600));
}

static void servers_wish(void **state)
{
    (void)state;
    check(retry(1, false, 0), DUR_S(5), DUR_MS(5500));
    check(retry(9, true, 20), DUR_S(20), DUR_S(22));
    check(retry(1, false, 3600), DUR_S(3600), DUR_S(3960));
    check(retry(1, false, INT64_MAX), DUR_S(3600), DUR_S(3960));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refreshes),
        cmocka_unit_test(failures_grow),
        cmocka_unit_test(refusals_grow),
        cmocka_unit_test(servers_wish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
