/* SPDX-License-Identifier: MIT */
/* A machine that does not keep up (--max-calls was set too high): those who talk come first.
 *
 *  calls_are_refused     CALL: busy, one WARNING; the call that is up goes on; calls are taken again 2 s after the last skip
 *  incoming_is_refused   503 with Retry-After                                                        RFC 3261 21.5.4
 *  one_hiccup            however long, refuses nothing
 *  told_in_the_figures   CALL_STATS says how many packets were skipped
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_refused),
        cmocka_unit_test(incoming_is_refused),
        cmocka_unit_test(one_hiccup),
        cmocka_unit_test(told_in_the_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
