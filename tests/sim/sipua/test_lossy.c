/* SPDX-License-Identifier: MIT */
/* Two stacks over a network that loses, delays and reorders datagrams, driven at random from a seed. Whatever
 * happens: at most one ENDED a usage, none after sip_inv_end, everything released in the end (sim_close).
 *
 * random_calls   RFC 3261 17: the transactions make up for the network */
#include "rng_seeded.h"
#include "support_sim.h"

#include <stdio.h>

static struct rng dice;
static uint64_t current_seed;

static bool lose_some(struct sim *sim, const struct sim_message *message)
{
    (void)message;
    sim->delay = DUR_MS(1) + (dur_us)rng_below(&dice, 400000);
    return rng_below(&dice, 100) < (uint32_t)sim->lose_count;
}

static void act(struct sim_ua *a, struct sim_ua *b, bool *ended)
{
    mono_us now = a->sim->now;
    switch (rng_below(&dice, 6)) {
    case 0: (void)!sip_inv_progress(b->stack, now, b->call, 180, SPAN_NONE); break;
    case 1: (void)!sip_inv_answer(b->stack, now, b->call, SPAN_LIT(SDP_ANSWER)); break;
    case 2:
        if (rng_below(&dice, 4) == 0) {
            sim_end(a);
            *ended = true;
        }
        break;
    case 3:
        if (rng_below(&dice, 4) == 0) {
            sim_end(b);
        }
        break;
    default: break;
    }
}

static void run(uint64_t seed)
{
    dice = (struct rng){rng_seeded_fill, &seed};
    struct sim *sim = sim_open();
    struct sim_ua *a = sim_ua(sim, 1, 2);
    struct sim_ua *b = sim_ua(sim, 2, 1);
    bool ended = false;
    b->take_softly = true;
    sim->lose = lose_some;
    sim->lose_count = (int)rng_below(&dice, 60);
    sim_invite(a, "sip:echo@example.org", rng_below(&dice, 2) != 0 ? DUR_S(8) : 0);
    for (int i = 0; i < 30; i++) {
        sim_run(sim, (dur_us)rng_below(&dice, 1500000));
        size_t before = a->event_count;
        bool was = ended;
        act(a, b, &ended);
        assert_true(!was || a->event_count == before);
    }
    size_t heard = a->event_count;
    sim_end(a);
    sim_end(b);
    sim_run(sim, DUR_S(100));
    sim_end(b); /* an INVITE that came only now: its CANCEL never does, and the owner's ring time-out ends it */
    sim_run(sim, DUR_S(100));
    assert_true(sim_events(a, SIP_EVENT_ENDED) <= 1);
    assert_int_equal(a->event_count, heard);
    sim_close(sim);
}

static void random_calls(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        current_seed = seed;
        run(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_calls)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed != 0) {
        print_error("seed %llu\n", (unsigned long long)current_seed);
    }
    return failed;
}
