/* SPDX-License-Identifier: MIT */
/* The median of the last 50 ticks: what it is, when it is over the limit, and that both are of the same mind.
 *
 *  nothing_yet       0 ticks: 0, and not over
 *  needs_all_of_them 49 late ones are not over, 50 are; 26 of 50 are, 25 are not
 *  at_the_limit      is not over it, a microsecond more is
 *  the_last_fifty    what is older does not count; cleared, nothing does
 *  without_a_limit   0 is over by nothing
 *  any_duration      before its time is 0; longer than fits is the longest that does
 *  as_sorted         10,000 random ticks: the median is that of a sorted copy, and is_over is median > limit
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lateness.h"
#include "rng_seeded.h"

#define LIMIT DUR_MS(10)

static void push_many(struct lateness *l, int ticks, dur_us late)
{
    for (int i = 0; i < ticks; i++) {
        lateness_push(l, late);
    }
}

static void nothing_yet(void **state)
{
    struct lateness l = {.limit = LIMIT};

    (void)state;
    assert_int_equal(lateness_median(&l), 0);
    assert_false(lateness_is_over(&l));
}

static void needs_all_of_them(void **state)
{
    struct lateness l = {.limit = LIMIT};

    (void)state;
    push_many(&l, 49, DUR_MS(300));
    assert_int_equal(lateness_median(&l), DUR_MS(300));
    assert_false(lateness_is_over(&l));
    lateness_push(&l, DUR_MS(300));
    assert_true(lateness_is_over(&l));
    push_many(&l, 24, 0);
    assert_true(lateness_is_over(&l));
    assert_int_equal(lateness_median(&l), DUR_MS(300));
    lateness_push(&l, 0);
    assert_false(lateness_is_over(&l));
    assert_int_equal(lateness_median(&l), 0);
}

static void at_the_limit(void **state)
{
    struct lateness l = {.limit = LIMIT};

    (void)state;
    push_many(&l, 50, LIMIT);
    assert_int_equal(lateness_median(&l), LIMIT);
    assert_false(lateness_is_over(&l));
    push_many(&l, 26, LIMIT + 1);
    assert_int_equal(lateness_median(&l), LIMIT + 1);
    assert_true(lateness_is_over(&l));
}

static void the_last_fifty(void **state)
{
    struct lateness l = {.limit = LIMIT};

    (void)state;
    push_many(&l, 5000, DUR_MS(50));
    push_many(&l, 50, DUR_MS(1));
    assert_int_equal(lateness_median(&l), DUR_MS(1));
    assert_false(lateness_is_over(&l));
    push_many(&l, 50, DUR_MS(50));
    lateness_clear(&l);
    assert_int_equal(lateness_median(&l), 0);
    assert_false(lateness_is_over(&l));
    push_many(&l, 49, DUR_MS(50));
    assert_false(lateness_is_over(&l));
    lateness_push(&l, DUR_MS(50));
    assert_true(lateness_is_over(&l));
}

static void without_a_limit(void **state)
{
    struct lateness l = {0};

    (void)state;
    push_many(&l, 60, DUR_S(5));
    assert_int_equal(lateness_median(&l), DUR_S(5));
    assert_false(lateness_is_over(&l));
}

static void any_duration(void **state)
{
    struct lateness l = {.limit = LIMIT};

    (void)state;
    lateness_push(&l, -1);
    assert_int_equal(lateness_median(&l), 0);
    push_many(&l, 50, DUR_S(1000000));
    assert_int_equal(lateness_median(&l), UINT32_MAX);
    assert_true(lateness_is_over(&l));
}

static int by_size(const void *a, const void *b)
{
    dur_us left = *(const dur_us *)a;
    dur_us right = *(const dur_us *)b;

    return (left > right) - (left < right);
}

static void as_sorted(void **state)
{
    struct lateness l = {.limit = LIMIT};
    dur_us all[10000];
    dur_us sorted[LATENESS_TICKS];
    uint64_t seed = 1;
    struct rng rng = {.fill = rng_seeded_fill, .ctx = &seed};
    size_t over = 0;

    (void)state;
    for (size_t i = 0; i < 10000; i++) {
        /* within a millisecond around the limit for a while, then far off */
        all[i] = i / 100 % 2 == 0 ? LIMIT - 500 + (dur_us)rng_below(&rng, 1000) : (dur_us)rng_below(&rng, 25000);
        lateness_push(&l, all[i]);
        size_t count = i + 1 < LATENESS_TICKS ? i + 1 : LATENESS_TICKS;
        memcpy(sorted, &all[i + 1 - count], count * sizeof(sorted[0]));
        qsort(sorted, count, sizeof(sorted[0]), by_size);
        assert_int_equal(lateness_median(&l), sorted[(count - 1) / 2]);
        assert_int_equal(lateness_is_over(&l), count == LATENESS_TICKS && sorted[(count - 1) / 2] > LIMIT);
        over += lateness_is_over(&l);
    }
    assert_in_range(over, 1000, 9000); /* both were met */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_yet),    cmocka_unit_test(needs_all_of_them), cmocka_unit_test(at_the_limit),
        cmocka_unit_test(the_last_fifty), cmocka_unit_test(without_a_limit),   cmocka_unit_test(any_duration),
        cmocka_unit_test(as_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
