/* SPDX-License-Identifier: MIT */
/* Pacing as arithmetic: late ticks never drift and never burst (DESIGN section 5). */
#include "rng_seeded.h"
#include "support_rtp.h"

#define START DUR_S(100)

static void test_one_step_table(void **state)
{
    (void)state;
    static const struct {
        int interval_ms;
        int64_t late_us; /* of the tick, measured from the first packet's deadline */
        uint32_t skip, send;
        int next_ms; /* the deadline after the step, from the first one */
    } table[] = {
        {20, -1, 0, 0, 0},
        {20, 0, 0, 1, 20},     /* 1 expiration of the tick */
        {20, 19999, 0, 1, 20}, /* late, but the next is not due */
        {20, 20000, 0, 2, 40}, /* 2 expirations */
        {20, 40000, 0, 2, 40}, /* 3: two go, one waits for the next tick */
        {20, 60000, 0, 2, 40}, /* 4: the oldest is exactly 60 ms late and still goes */
        {20, 60001, 1, 2, 60}, /* and now it is not */
        {20, 80000, 1, 2, 60},
        {20, 80001, 2, 2, 80},
        {20, 180000, 6, 2, 160},   /* 10 expirations: 6 too late, 2 go, 2 wait */
        {20, 1000000, 47, 2, 980}, /* a second */
        {20, 3600000000, 179997, 2, 3599980},
        {40, 60001, 1, 1, 80},
        {40, 100000, 1, 2, 120},
        {60, 60000, 0, 2, 120},
        {60, 60001, 1, 1, 120},
        {60, 120000, 1, 2, 180},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rtp_pacer p;
        rtp_pacer_init(&p, START, DUR_MS(table[i].interval_ms));
        struct rtp_pacer_step step = rtp_pacer_step(&p, START + table[i].late_us);
        if (step.skip != table[i].skip || step.send != table[i].send || p.next != START + DUR_MS(table[i].next_ms) ||
            p.skipped != table[i].skip) {
            fail_msg("row %zu: skip %u send %u next %ld ms", i, step.skip, step.send, (long)((p.next - START) / 1000));
        }
    }
}

/* Ticks of the 20 ms timer come late by any amount: what is sent plus what is skipped is what was due, never more than two a
 * step, nothing sent that is over 60 ms late, and after one tick on time nothing is owed. */
static void test_any_lateness(void **state)
{
    (void)state;
    uint64_t seed = 11;
    struct rng rng = {rng_seeded_fill, &seed};
    struct rtp_pacer p;
    rtp_pacer_init(&p, START, DUR_MS(20));
    uint64_t sent = 0;
    mono_us tick = START;
    for (int i = 0; i < 20000; i++) {
        tick += DUR_MS(20) * (1 + rng_below(&rng, rng_below(&rng, 20) == 0 ? 60 : 1));
        mono_us now = tick + rng_below(&rng, 19999);
        mono_us before = p.next;
        struct rtp_pacer_step step = rtp_pacer_step(&p, now);
        assert_true(step.send <= RTP_BURST_MAX);
        assert_int_equal(p.next - before, (int64_t)(step.skip + step.send) * DUR_MS(20));
        assert_int_equal((p.next - START) % DUR_MS(20), 0);
        if (step.send != 0) {
            assert_true(now - (before + step.skip * DUR_MS(20)) <= RTP_LATE_MAX_US);
        }
        sent += step.send;
    }
    for (int i = 0; i < 4; i++) {
        tick += DUR_MS(20);
        sent += rtp_pacer_step(&p, tick).send;
    }
    assert_int_equal(sent + p.skipped, (uint64_t)((tick - START) / DUR_MS(20)) + 1);
    assert_true(p.next > tick);
}

static void test_no_drift_in_an_hour(void **state)
{
    (void)state;
    struct rtp_pacer p;
    rtp_pacer_init(&p, START, DUR_MS(20));
    uint32_t sent = 0;
    for (int i = 0; i < 180000; i++) {
        struct rtp_pacer_step step = rtp_pacer_step(&p, START + DUR_MS(20) * i + 700);
        assert_int_equal(step.send, 1);
        assert_int_equal(step.skip, 0);
        sent += step.send;
    }
    assert_int_equal(sent, 180000);
    assert_int_equal(p.next, START + DUR_S(3600));
}

static void test_catching_up(void **state)
{
    (void)state;
    struct rtp_pacer p;
    rtp_pacer_init(&p, START, DUR_MS(20));
    static const uint32_t sends[] = {2, 2, 2, 1, 1};
    for (size_t i = 0; i < 5; i++) {
        struct rtp_pacer_step step = rtp_pacer_step(&p, START + DUR_MS(60) + DUR_MS(20) * (int64_t)i);
        assert_int_equal(step.skip, 0);
        assert_int_equal(step.send, sends[i]);
    }
}

static void test_interval_of_nothing(void **state)
{
    (void)state;
    struct rtp_pacer p;
    rtp_pacer_init(&p, START, 0);
    assert_int_equal(rtp_pacer_step(&p, START).send, 1);
    assert_int_equal(p.next, START + DUR_MS(20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_step_table),      cmocka_unit_test(test_any_lateness),
        cmocka_unit_test(test_no_drift_in_an_hour), cmocka_unit_test(test_catching_up),
        cmocka_unit_test(test_interval_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
