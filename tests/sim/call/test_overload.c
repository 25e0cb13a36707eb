/* SPDX-License-Identifier: MIT */
/* A machine that does not keep up (--max-calls was set too high): those who talk come first.
 *
 *  calls_are_refused     CALL: busy, one WARNING; the call that is up goes on; calls are taken again 2 s after the last skip
 *  incoming_is_refused   503 with Retry-After                                                        RFC 3261 21.5.4
 *  one_hiccup            however long, refuses nothing
 *  told_in_the_figures   CALL_STATS says how many packets were skipped
 *
 * and ticks that are late though nothing is skipped (--max-tick-late):
 *
 *  late_ticks_refuse        CALL: busy, INVITE: 503; told once; the call that is up goes on; in time again: told once, calls are taken
 *  a_call_that_rings        may be answered meanwhile
 *  at_the_limit             exactly, or in half of the ticks alone: nothing is refused
 *  too_few_ticks            49 late ones refuse nothing
 *  one_long_stall           nor does one tick of 300 ms, nor 25 of them within a second
 *  the_last_call_ends       nothing ticks any more: calls are taken at once
 *  around_the_limit         to and fro: one line, not one a tick
 *  no_limit                 0: whatever is late or skipped, calls are taken
 *  told_of_the_process      SIGUSR2: the median, and whether calls are refused
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "incoming.h"

static size_t established(struct world *w)
{
    size_t c = world_connect(w);

    w->phone.plan.echo = true;
    world_send(w, c, "CALL:100");
    world_wait(w, c, "CALL_STATE:established", S5);
    return c;
}

/* Turns of 150 ms, as a machine with too many calls has them. */
static void crawl(struct world *w, int turns)
{
    for (int i = 0; i < turns; i++) {
        world_stall(w, DUR_MS(150));
        world_run(w, DUR_MS(1));
    }
}

static void calls_are_refused(void **state)
{
    struct world *w = world_new(1, NULL);
    size_t up = established(w);
    size_t c = world_connect(w);

    (void)state;
    crawl(w, 4);
    world_send(w, c, "CALL:"); /* judged before */
    assert_int_equal(world_count(w, c, "ERROR:CALL:bad_argument:"), 1);
    crawl(w, 2);
    for (int i = 0; i < 20; i++) {
        world_send(w, c, "CALL:101");
    }
    assert_int_equal(world_count(w, c, "ERROR:CALL:busy:the server is overloaded"), 20);
    assert_int_equal(world_logged(w, "Call to 101 refused: this machine is overloaded"), LOG_QUOTA_BURST);
    assert_int_equal(w->phone.invites, 1);
    world_run(w, DUR_MS(2100));
    assert_int_equal(world_count(w, up, "CALL_STATE:ended"), 0);
    world_send(w, up, "HANGUP");
    world_run(w, DUR_S(1));
    w->phone.ended = false;
    world_send(w, c, "CALL:102");
    world_wait(w, c, "CALL_STATE:established", S5);
    world_end(w);
}

static void incoming_is_refused(void **state)
{
    struct world *w = open_world(2, CALLS_INCOMING_RING);
    size_t up = established(w);
    size_t c = listener(w);

    (void)state;
    assert_int_equal(world_count(w, up, "ERROR:"), 0);
    crawl(w, 6);
    struct caller *a = caller_call(w, "1", "2", NULL);
    status_is(w, a, 503);
    assert_non_null(strstr(a->response, "Retry-After: 5\r\n"));
    assert_int_equal(world_count(w, c, "INCOMING"), 0);
    assert_int_equal(world_logged(w, "Incoming calls are refused: this machine is overloaded"), 1);
    world_run(w, DUR_MS(2100));
    status_is(w, caller_call(w, "1", "2", NULL), 180);
    world_end(w);
}

static void one_hiccup(void **state)
{
    struct world *w = world_new(3, NULL);
    size_t up = established(w);

    (void)state;
    world_stall(w, DUR_S(10));
    world_run(w, DUR_MS(1));
    for (int i = 0; i < 4; i++) { /* four more, spread: never five within two seconds */
        world_run(w, DUR_MS(600));
        world_stall(w, DUR_MS(100));
        world_run(w, DUR_MS(1));
    }
    size_t c = world_connect(w);
    world_send(w, c, "CALL:103");
    world_run(w, DUR_MS(1));
    assert_int_equal(world_count(w, c, "ERROR:"), 0);
    assert_int_equal(world_count(w, c, "CALL_STATE:trying"), 1);
    assert_int_equal(world_count(w, up, "CALL_STATE:ended"), 0);
    world_end(w);
}

static void told_in_the_figures(void **state)
{
    struct world *w = world_new(4, NULL);
    size_t c = established(w);
    char want[64];

    (void)state;
    world_run(w, DUR_S(1));
    world_stall(w, DUR_MS(400));
    world_run(w, DUR_S(1));
    uint64_t skipped = gateway_stats(w->gateway).media.ticks_skipped;
    assert_in_range(skipped, 10, 20);
    world_send(w, c, "STATS");
    world_run(w, DUR_MS(1));
    snprintf(want, sizeof(want), " codec=PCMU skipped=%u recording=", (unsigned)skipped);
    assert_non_null(strstr(last_text(w, c), want));
    world_end(w);
}

/* ---- ticks that are late ---- */

/* So many ticks, each served so long after it was due. */
static void late_ticks(struct world *w, int ticks, dur_us late)
{
    for (int i = 0; i < ticks; i++) {
        mono_us due = gateway_tick_due(w->gateway);

        assert_true(due != MONO_NEVER);
        world_run(w, due - w->now - 1); /* nothing else is late */
        assert_true(gateway_tick_due(w->gateway) == due);
        world_stall(w, late + 1);
        world_run(w, 0);
        assert_true(gateway_tick_due(w->gateway) > due);
    }
}

/* The answer to a CALL: "" when it goes out. It is hung up. */
static const char *refused(struct world *w, size_t c)
{
    size_t trying = world_count(w, c, "CALL_STATE:trying");

    world_send(w, c, "CALL:104");
    if (world_count(w, c, "CALL_STATE:trying") == trying) {
        return last_text(w, c);
    }
    world_send(w, c, "HANGUP");
    return "";
}

static void is_refused(struct world *w, size_t c)
{
    assert_memory_equal(refused(w, c), "ERROR:CALL:busy:the server is overloaded", 40);
}

#define IS_TAKEN(w, c) assert_string_equal(refused(w, c), "")

/* By SIGUSR2. */
static bool is_told(struct world *w, const char *wanted)
{
    char text[LOG_LINE_MAX * 8];
    struct outbuf out;

    outbuf_init(&out, text, sizeof(text) - 1);
    for (uint32_t at = 0; gateway_dump(w->gateway, &at, &out); at++) {
        outbuf_char(&out, '\n');
    }
    text[out.len] = '\0';
    return strstr(text, wanted) != NULL;
}

static void late_ticks_refuse(void **state)
{
    struct world *w = open_world(5, CALLS_INCOMING_RING);
    size_t up = established(w);
    size_t c = world_connect(w);

    (void)state;
    assert_int_equal(world_count(w, listener(w), "ERROR:"), 0);
    late_ticks(w, 24, 0); /* so that 50 were seen; in the median none is late yet */
    late_ticks(w, 25, DUR_MS(12));
    IS_TAKEN(w, c);
    assert_int_equal(world_logged(w, "New calls are refused"), 0);
    late_ticks(w, 1, DUR_MS(12));
    is_refused(w, c);
    late_ticks(w, 100, DUR_MS(12));
    is_refused(w, c);
    status_is(w, caller_call(w, "1", "2", NULL), 503);
    assert_int_equal(
        world_logged(w, "New calls are refused: packets leave 12 ms late, in the median of the last 50 ticks"), 1);
    assert_int_equal(world_logged(w, "are taken again"), 0);
    late_ticks(w, 50, DUR_MS(12));
    late_ticks(w, 24, 0);
    is_refused(w, c);
    late_ticks(w, 1, 0);
    IS_TAKEN(w, c);
    world_run(w, DUR_S(2));
    assert_int_equal(world_logged(w, "New calls are refused"), 1);
    assert_int_equal(world_logged(w, "New calls are taken again: packets leave in time"), 1);
    assert_int_equal(gateway_stats(w->gateway).media.ticks_skipped, 0);
    assert_int_equal(world_count(w, up, "CALL_STATE:ended"), 0);
    status_is(w, caller_call(w, "1", "2", NULL), 180);
    world_end(w);
}

static void a_call_that_rings(void **state)
{
    struct world *w = open_world(6, CALLS_INCOMING_RING);
    size_t c = listener(w);

    (void)state;
    established(w);
    struct caller *a = caller_call(w, "1", "2", NULL);
    status_is(w, a, 180);
    late_ticks(w, 60, DUR_MS(15));
    status_is(w, caller_call(w, "3", "2", NULL), 503);
    world_send(w, c, "ANSWER");
    world_wait(w, c, "CALL_STATE:established", S5);
    status_is(w, a, 200);
    world_end(w);
}

static void at_the_limit(void **state)
{
    struct world *w = world_new(7, NULL);
    size_t c = world_connect(w);

    (void)state;
    established(w);
    late_ticks(w, 60, DUR_MS(10));
    IS_TAKEN(w, c);
    late_ticks(w, 25, DUR_MS(19));
    IS_TAKEN(w, c);
    late_ticks(w, 1, DUR_MS(10) + 1);
    is_refused(w, c);
    world_end(w);
}

static void too_few_ticks(void **state)
{
    struct world *w = world_new(8, NULL);
    size_t up = world_connect(w);
    size_t c = world_connect(w);

    (void)state;
    world_send(w, up, "CALL:100");
    while (gateway_tick_due(w->gateway) == MONO_NEVER) { /* until the first tick is to come */
        assert_true(world_step(w, w->now + DUR_S(1)));
    }
    late_ticks(w, 49, DUR_MS(15));
    IS_TAKEN(w, c);
    late_ticks(w, 1, DUR_MS(15));
    is_refused(w, c);
    world_end(w);
}

static void one_long_stall(void **state)
{
    struct world *w = world_new(9, NULL);
    size_t c = world_connect(w);

    (void)state;
    established(w);
    late_ticks(w, 50, 0);
    late_ticks(w, 1, DUR_MS(300));
    IS_TAKEN(w, c);
    late_ticks(w, 24, DUR_MS(19));
    IS_TAKEN(w, c);
    assert_int_equal(world_logged(w, "New calls are refused"), 0);
    world_end(w);
}

static void the_last_call_ends(void **state)
{
    struct world *w = world_new(10, NULL);
    size_t up = established(w);
    size_t c = world_connect(w);

    (void)state;
    late_ticks(w, 60, DUR_MS(15));
    is_refused(w, c);
    world_send(w, up, "HANGUP");
    world_run(w, DUR_MS(1));
    assert_true(gateway_tick_due(w->gateway) == MONO_NEVER);
    assert_int_equal(world_logged(w, "New calls are taken again"), 1);
    IS_TAKEN(w, c);
    world_end(w);
}

static void around_the_limit(void **state)
{
    struct world *w = world_new(11, NULL);
    bool refuses = false;
    int changes = 0;

    (void)state;
    established(w);
    for (int i = 0; i < 510; i++) { /* 26 of 51 are late: with each tick the last 50 have 26 of them, then 25 */
        late_ticks(w, 1, i % 51 % 2 == 0 ? DUR_MS(12) : 0);
        changes += is_told(w, "new ones are refused") != refuses;
        refuses = is_told(w, "new ones are refused");
    }
    assert_in_range(changes, 400, 510);
    assert_int_equal(world_logged(w, "New calls are refused"), 1);
    assert_int_equal(world_logged(w, "New calls are taken again"), 0);
    world_end(w);
}

static void no_limit(void **state)
{
    struct gateway_config config = world_config();
    config.calls.max_tick_late = 0;
    struct world *w = world_new(12, &config);
    size_t c = world_connect(w);

    (void)state;
    established(w);
    late_ticks(w, 60, DUR_MS(19));
    crawl(w, 6);
    IS_TAKEN(w, c);
    assert_int_equal(world_logged(w, "refused"), 0);
    world_end(w);
}

static void told_of_the_process(void **state)
{
    struct world *w = world_new(13, NULL);

    (void)state;
    established(w);
    late_ticks(w, 50, DUR_MS(3));
    assert_true(is_told(w, "\ncalls: 1 started, 1 established, the last 50 ticks 3000 us late in the median\n"));
    late_ticks(w, 50, DUR_MS(17));
    assert_true(is_told(w, ", the last 50 ticks 17000 us late in the median, new ones are refused\n"));
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_refused),   cmocka_unit_test(incoming_is_refused),
        cmocka_unit_test(one_hiccup),          cmocka_unit_test(told_in_the_figures),
        cmocka_unit_test(late_ticks_refuse),   cmocka_unit_test(a_call_that_rings),
        cmocka_unit_test(at_the_limit),        cmocka_unit_test(too_few_ticks),
        cmocka_unit_test(one_long_stall),      cmocka_unit_test(the_last_call_ends),
        cmocka_unit_test(around_the_limit),    cmocka_unit_test(no_limit),
        cmocka_unit_test(told_of_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
