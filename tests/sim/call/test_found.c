/* SPDX-License-Identifier: MIT */
/* Faults that scenarios from seeds and failing memory have found, each as a test of its own.
 *
 *  no second BYE behind the peer's    seed 12737, both_hang_up: our BYE broke after the peer's had come    RFC 3261 15.1.2
 *  the exchange gives up ringing      seed 71, mirror_no_answer: a CANCEL that never came held a line      13.3.1
 *  the exchange gives up a tone       mirror_tone, allocation 90: it was sent for ever when the BYE could not be made
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

#define S5 DUR_S(5)

static void no_second_bye_behind_the_peers(void **state)
{
    struct world *w = world_new(1, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.ignore_bye = true;
    world_send(w, c, "CALL:1");
    world_wait(w, c, "CALL_STATE:established", S5);
    world_send(w, c, "HANGUP");
    phone_request(w, "BYE", NULL, NULL);
    world_run(w, DUR_MS(100));
    assert_int_equal(world_messages(w, true, "SIP/2.0 200"), 1);
    w->fail_send_in = 1;
    w->fail_status = ST_IO;
    world_run(w, DUR_S(40)); /* ours, sent again at 500 ms, meets an error */
    assert_int_equal(w->fail_send_in, 0);
    assert_int_equal(world_messages(w, true, "BYE "), 2);
    world_end(w);
}

static bool drop_cancel(struct world *w, bool to_phone, const char *text)
{
    (void)w;
    return to_phone && strncmp(text, "CANCEL ", 7) == 0;
}

static void the_exchange_gives_up_ringing(void **state)
{
    struct world *w = world_new_mirror(2, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->drop = drop_cancel;
    world_send(w, c, "CALL:noanswer");
    world_wait(w, c, "CALL_STATE:ringing", S5);
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(3590));
    assert_int_equal(loopback_ua_calls(w->far.exchange), 1);
    world_run(w, DUR_S(11));
    assert_int_equal(loopback_ua_calls(w->far.exchange), 0);
    assert_true(world_messages(w, false, "SIP/2.0 480") > 0);
    world_end(w);
}

static bool drop_bye(struct world *w, bool to_phone, const char *text)
{
    (void)w;
    return to_phone && strncmp(text, "BYE ", 4) == 0;
}

static void the_exchange_gives_up_a_tone(void **state)
{
    struct world *w = world_new_mirror(3, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->drop = drop_bye;
    world_send(w, c, "CALL:tone");
    world_wait(w, c, "CALL_STATE:established", S5);
    world_run(w, DUR_S(200)); /* a call that talks goes on */
    assert_int_equal(loopback_ua_calls(w->far.exchange), 1);
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(179));
    assert_int_equal(loopback_ua_calls(w->far.exchange), 1);
    world_run(w, DUR_S(2));
    assert_int_equal(loopback_ua_calls(w->far.exchange), 0);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_second_bye_behind_the_peers),
        cmocka_unit_test(the_exchange_gives_up_ringing),
        cmocka_unit_test(the_exchange_gives_up_a_tone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
