/* SPDX-License-Identifier: MIT */
/* Incoming calls: at whom they ring and how that ends (--incoming). Numbers are sections of RFC 3261.
 *
 *  refused_by_default   480 and no state; LISTEN denied, ANSWER and REJECT no_call
 *  nobody_to_ring       480 nobody listens, 486 all that listen are in a call, or --max-calls
 *  rings_on             180 each minute, --ring-seconds: 480; Expires: 487                           13.3.1.1, 13.3.1
 *  first_answer_wins    the others hear INCOMING_GONE, and no_call when they are too late
 *  cancelled            487, INCOMING_GONE to all; against ANSWER in both orders                     9.2
 *  cancel_again         one To tag in all answers                                                 9.2
 *  rejected             603 or the code; goes on at the others; the last one's code
 *  reject_arguments     400 to 699
 *  who_is_rung          LISTEN late, UNLISTEN, a lost client, CALL while it rings
 *  one_at_a_time        calls wait for a client that rings or talks
 *  sent_again           an INVITE sent again is no second call                                       17.2.1
 *  no_ports             503, ERROR, INCOMING_GONE
 *  server_stops         480 and 503
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "incoming.h"

static void refused_by_default(void **state)
{
    struct world *w = open_world(1, CALLS_INCOMING_REJECT);
    size_t c = world_connect(w);

    (void)state;
    world_send(w, c, "LISTEN");
    assert_int_equal(world_count(w, c, "ERROR:LISTEN:denied:"), 1);
    world_send(w, c, "ANSWER");
    assert_int_equal(world_count(w, c, "ERROR:ANSWER:no_call:"), 1);
    world_send(w, c, "REJECT");
    assert_int_equal(world_count(w, c, "ERROR:REJECT:no_call:"), 1);
    world_send(w, c, "UNLISTEN");
    assert_int_equal(world_count(w, c, "ERROR:"), 3);
    status_is(w, caller_call(w, "100", "200", NULL), 480);
    assert_int_equal(gateway_stats(w->gateway).calls, 0);
    world_end(w);
}

static void nobody_to_ring(void **state)
{
    struct gateway_config config = world_config();
    config.calls.incoming = CALLS_INCOMING_RING;
    config.calls.max_calls = 2;
    struct world *w = world_new(3, &config);

    (void)state;
    size_t silent = world_connect(w);
    status_is(w, caller_call(w, "1", "2", NULL), 480);
    size_t c = listener(w);
    world_send(w, c, "CALL:5");
    world_wait(w, c, "CALL_STATE:established", S5);
    status_is(w, caller_call(w, "2", "2", NULL), 486);
    world_send(w, silent, "CALL:6");
    world_run(w, DUR_S(1));
    size_t idle = listener(w);
    status_is(w, caller_call(w, "3", "2", NULL), 486); /* --max-calls */
    assert_int_equal(world_count(w, idle, ""), 0);
    assert_int_equal(world_logged(w, "Incoming call from 2 to 2 refused: 486 Busy Here"), 1);
    assert_int_equal(world_count(w, c, "INCOMING"), 0);
    world_end(w);
}

static void rings_on(void **state)
{
    struct gateway_config config = world_config();
    config.calls.incoming = CALLS_INCOMING_RING;
    config.calls.ring = DUR_S(150);
    struct world *w = world_new(4, &config);
    size_t c = listener(w);
    struct caller_plan plan = {.headers = "Expires: 20\r\n"};

    (void)state;
    struct caller *a = caller_call(w, "1", "2", NULL);
    mono_us start = w->now;
    world_run(w, DUR_S(149));
    assert_int_equal(a->ringing, 3); /* at 0, 60 and 120 s */
    assert_in_range(world_message_at(w, true, "SIP/2.0 180", 1) - start, DUR_S(59), DUR_S(60) + DUR_MS(10));
    assert_int_equal(a->status, 180);
    world_run(w, DUR_S(2));
    assert_int_equal(a->status, 480);
    assert_string_equal(last_text(w, c), "INCOMING_GONE:no answer");
    struct caller *b = caller_call(w, "1", "2", &plan);
    world_run(w, DUR_S(21));
    assert_int_equal(b->status, 487);
    assert_int_equal(world_count(w, c, "INCOMING_GONE:no answer"), 2);
    world_end(w);
}

static void first_answer_wins(void **state)
{
    struct world *w = open_world(5, CALLS_INCOMING_RING);
    size_t c[3] = {listener(w), listener(w), listener(w)};

    (void)state;
    struct caller *a = caller_call(w, "1", "2", NULL);
    status_is(w, a, 180);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(last_text(w, c[i]), "INCOMING:1:2");
    }
    world_send(w, c[1], "ANSWER");
    world_send(w, c[0], "ANSWER");
    status_is(w, a, 200);
    assert_string_equal(last_text(w, c[1]), "CALL_STATE:established");
    assert_int_equal(world_count(w, c[1], "INCOMING_GONE:"), 0);
    assert_int_equal(world_count(w, c[0], "INCOMING_GONE:answered elsewhere"), 1);
    assert_int_equal(world_count(w, c[0], "ERROR:ANSWER:no_call:"), 1);
    assert_string_equal(last_text(w, c[2]), "INCOMING_GONE:answered elsewhere");
    world_send(w, c[1], "ANSWER");
    assert_int_equal(world_count(w, c[1], "ERROR:ANSWER:busy:"), 1);
    world_send(w, c[1], "REJECT");
    assert_int_equal(world_count(w, c[1], "ERROR:REJECT:no_call:"), 1);
    caller_bye(w, a);
    world_run(w, DUR_S(1));
    assert_string_equal(last_text(w, c[1]), "CALL_STATE:ended:200:OK");
    world_end(w);
}

static void cancelled(void **state)
{
    struct world *w = open_world(6, CALLS_INCOMING_RING);
    size_t c = listener(w);
    size_t d = listener(w);

    (void)state;
    struct caller *a = caller_call(w, "1", "2", NULL);
    status_is(w, a, 180);
    world_send(w, c, "HANGUP"); /* is for calls of one's own */
    assert_string_equal(strncmp(last_text(w, c), "ERROR:HANGUP:no_call:", 21) == 0 ? "" : last_text(w, c), "");
    caller_cancel(w, a);
    status_is(w, a, 487);
    assert_int_equal(a->other_status, 200);
    assert_string_equal(last_text(w, c), "INCOMING_GONE:cancelled");
    assert_string_equal(last_text(w, d), "INCOMING_GONE:cancelled");
    world_send(w, c, "ANSWER"); /* the CANCEL was first */
    assert_int_equal(world_count(w, c, "ERROR:ANSWER:no_call:"), 1);
    /* the ANSWER is first: the call stands, and the caller ends it */
    struct caller *b = caller_call(w, "3", "2", NULL);
    status_is(w, b, 180);
    caller_cancel(w, b);
    world_send(w, c, "ANSWER");
    assert_string_equal(last_text(w, c), "CALL_STATE:established");
    world_run(w, DUR_S(1));
    assert_int_equal(b->status, 200);
    assert_string_equal(last_text(w, c), "CALL_STATE:ended:200:OK");
    assert_int_equal(world_messages(w, true, "SIP/2.0 487"), 1);
    world_end(w);
}

/* Its 200 could not leave and it comes again, when the call is over: the same To tag (the world looks). */
static void cancel_again(void **state)
{
    struct world *w = open_world(22, CALLS_INCOMING_RING);

    (void)state;
    listener(w);
    struct caller *a = caller_call(w, "1", "2", NULL);
    status_is(w, a, 180);
    w->fail_send_in = 1;
    w->fail_status = ST_IO;
    caller_cancel(w, a);
    world_run(w, DUR_MS(1));
    caller_cancel(w, a);
    status_is(w, a, 487);
    assert_int_equal(a->other_status, 200);
    world_end(w);
}

static void rejected(void **state)
{
    struct world *w = open_world(7, CALLS_INCOMING_RING);
    size_t c = listener(w);

    (void)state;
    struct caller *a = caller_call(w, "1", "2", NULL);
    status_is(w, a, 180);
    world_send(w, c, "REJECT");
    assert_string_equal(last_text(w, c), "INCOMING_GONE:rejected");
    status_is(w, a, 603);
    size_t d = listener(w);
    struct caller *b = caller_call(w, "2", "2", NULL);
    status_is(w, b, 180);
    world_send(w, c, "REJECT:404");
    status_is(w, b, 180); /* the other one still may */
    world_send(w, c, "UNLISTEN");
    world_send(w, c, "LISTEN"); /* it does not want that call */
    status_is(w, b, 180);
    assert_int_equal(world_count(w, c, "INCOMING:2:2"), 1);
    world_send(w, d, "REJECT:486");
    status_is(w, b, 486);
    assert_int_equal(world_count(w, d, "INCOMING_GONE:rejected"), 1);
    /* one rejects, the other is lost: the reason given counts */
    struct caller *e = caller_call(w, "3", "2", NULL);
    status_is(w, e, 180);
    world_send(w, c, "REJECT:600");
    world_disconnect(w, d);
    status_is(w, e, 600);
    /* another client in the lost one's slot has rejected nothing */
    d = listener(w);
    struct caller *f = caller_call(w, "4", "2", NULL);
    status_is(w, f, 180);
    world_send(w, d, "REJECT:480");
    world_disconnect(w, d);
    d = listener(w);
    assert_string_equal(last_text(w, d), "INCOMING:4:2");
    caller_cancel(w, f);
    status_is(w, f, 487);
    world_end(w);
}

static void reject_arguments(void **state)
{
    static const char *const wrong[] = {"REJECT:",           "REJECT:399",  "REJECT:700",  "REJECT:200",
                                        "REJECT:-486",       "REJECT:486x", "REJECT: 486", "REJECT:4 86",
                                        "REJECT:4294967782", "REJECT:busy"};
    struct world *w = open_world(8, CALLS_INCOMING_RING);
    size_t c = listener(w);

    (void)state;
    for (int code = 400; code < 700; code += 299) {
        char command[16];
        struct caller *a = caller_call(w, "1", "2", NULL);
        status_is(w, a, 180);
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
            world_send(w, c, wrong[i]);
            assert_int_equal(strncmp(last_text(w, c), "ERROR:REJECT:bad_argument:", 26), 0);
        }
        world_send(w, c, "ANSWER:1");
        assert_int_equal(strncmp(last_text(w, c), "ERROR:ANSWER:bad_argument:", 26), 0);
        status_is(w, a, 180);
        snprintf(command, sizeof(command), "REJECT:%d", code);
        world_send(w, c, command);
        status_is(w, a, code);
    }
    world_end(w);
}

static void who_is_rung(void **state)
{
    struct world *w = open_world(9, CALLS_INCOMING_RING);
    size_t c = listener(w);

    (void)state;
    struct caller *a = caller_call(w, "1", "2", NULL);
    status_is(w, a, 180);
    size_t d = listener(w);
    assert_string_equal(last_text(w, d), "INCOMING:1:2");
    world_send(w, d, "LISTEN"); /* once more */
    assert_int_equal(world_count(w, d, "INCOMING:"), 1);
    world_send(w, c, "UNLISTEN");
    assert_string_equal(last_text(w, c), "INCOMING_GONE:not listening");
    status_is(w, a, 180);
    world_disconnect(w, d);
    status_is(w, a, 480);
    world_send(w, c, "LISTEN");
    assert_int_equal(world_count(w, c, ""), 2);
    /* the only one dials: its line is busy */
    struct caller *b = caller_call(w, "3", "2", NULL);
    status_is(w, b, 180);
    world_send(w, c, "CALL:what is this?");
    status_is(w, b, 180); /* a CALL that is refused changes nothing */
    world_send(w, c, "CALL:7");
    assert_int_equal(world_count(w, c, "INCOMING_GONE:dialling"), 1);
    assert_string_equal(last_text(w, c), "CALL_STATE:trying");
    status_is(w, b, 486);
    world_wait(w, c, "CALL_STATE:established", S5);
    /* the last one stops listening */
    world_send(w, c, "HANGUP");
    struct caller *e = caller_call(w, "4", "2", NULL);
    status_is(w, e, 180);
    world_send(w, c, "UNLISTEN");
    status_is(w, e, 480);
    world_end(w);
}

static void one_at_a_time(void **state)
{
    struct world *w = open_world(10, CALLS_INCOMING_RING);
    size_t c = listener(w);

    (void)state;
    struct caller *x = caller_call(w, "1", "2", NULL);
    struct caller *y = caller_call(w, "3", "2", NULL);
    status_is(w, x, 180);
    status_is(w, y, 180); /* it waits */
    assert_string_equal(last_text(w, c), "INCOMING:1:2");
    world_send(w, c, "REJECT");
    assert_string_equal(last_text(w, c), "INCOMING:3:2");
    status_is(w, x, 603);
    struct caller *z = caller_call(w, "4", "2", NULL);
    status_is(w, z, 180);
    caller_cancel(w, y);
    status_is(w, y, 487);
    assert_string_equal(last_text(w, c), "INCOMING:4:2");
    /* two clients, two calls: the second goes to the other one */
    size_t d = listener(w);
    struct caller *v = caller_call(w, "5", "2", NULL);
    status_is(w, v, 180);
    assert_string_equal(last_text(w, d), "INCOMING:4:2");
    world_send(w, c, "ANSWER");
    status_is(w, z, 200);
    assert_int_equal(world_count(w, d, "INCOMING_GONE:answered elsewhere"), 1);
    assert_string_equal(last_text(w, d), "INCOMING:5:2");
    world_send(w, c, "HANGUP"); /* free again: rung too */
    assert_string_equal(last_text(w, c), "INCOMING:5:2");
    world_send(w, d, "ANSWER");
    assert_string_equal(last_text(w, c), "INCOMING_GONE:answered elsewhere");
    /* one rings, one talks, another call waits: no line is left for it when the first is answered */
    struct caller *u = caller_call(w, "6", "2", NULL);
    struct caller *t = caller_call(w, "7", "2", NULL);
    status_is(w, t, 180);
    world_send(w, c, "ANSWER");
    status_is(w, u, 200);
    status_is(w, t, 486);
    world_end(w);
}

static void sent_again(void **state)
{
    struct world *w = open_world(15, CALLS_INCOMING_RING);
    size_t c = listener(w);
    char merged[4096];

    (void)state;
    struct caller *a = caller_call(w, "1", "2", NULL);
    status_is(w, a, 180);
    for (int i = 0; i < 3; i++) {
        world_to_gateway(w, a->invite);
        world_run(w, DUR_MS(200));
    }
    assert_int_equal(a->ringing, 4);
    assert_int_equal(world_count(w, c, "INCOMING:"), 1);
    /* by another way (8.2.2.2) */
    snprintf(merged, sizeof(merged), "%s", a->invite);
    memcpy(strstr(merged, "z9hG4bK") + 7, "x", 1);
    world_to_gateway(w, merged);
    world_run(w, DUR_MS(100));
    assert_int_equal(world_messages(w, true, "SIP/2.0 482"), 1);
    world_send(w, c, "ANSWER");
    world_run(w, DUR_MS(100));
    world_to_gateway(w, a->invite); /* long since answered */
    world_run(w, DUR_S(1));
    assert_int_equal(world_count(w, c, "INCOMING:"), 1);
    assert_int_equal(gateway_stats(w->gateway).calls, 1);
    caller_bye(w, a);
    world_run(w, DUR_S(1));
    assert_string_equal(last_text(w, c), "CALL_STATE:ended:200:OK");
    world_end(w);
}

static void no_ports(void **state)
{
    struct world *w = open_world(16, CALLS_INCOMING_RING);
    size_t c = listener(w);
    size_t d = listener(w);

    (void)state;
    static const struct {
        int status;
        const char *error;
    } cases[] = {{ST_FULL, "ERROR:ANSWER:busy:"}, {ST_IO, "ERROR:ANSWER:io:"}};
    for (size_t i = 0; i < 2; i++) {
        struct caller *a = caller_call(w, "1", "2", NULL);
        status_is(w, a, 180);
        w->media_status = cases[i].status;
        world_send(w, c, "ANSWER");
        assert_int_equal(world_count(w, c, cases[i].error), 1);
        assert_string_equal(last_text(w, c), "INCOMING_GONE:failed");
        assert_string_equal(last_text(w, d), "INCOMING_GONE:failed");
        status_is(w, a, 503);
        w->media_status = ST_OK;
    }
    struct caller *b = caller_call(w, "1", "2", NULL);
    status_is(w, b, 180);
    world_send(w, c, "ANSWER");
    status_is(w, b, 200);
    world_end(w);
}

static void server_stops(void **state)
{
    struct world *w = open_world(20, CALLS_INCOMING_RING);
    size_t c = listener(w);
    size_t d = listener(w);

    (void)state;
    struct caller *a = caller_call(w, "1", "2", NULL);
    status_is(w, a, 180);
    world_send(w, d, "ANSWER");
    struct caller *b = caller_call(w, "2", "2", NULL);
    status_is(w, b, 180);
    world_stop(w);
    world_run(w, DUR_S(1));
    assert_string_equal(last_text(w, c), "INCOMING_GONE:server stops");
    assert_int_equal(w->clients[c].close_code, 1001);
    assert_string_equal(last_text(w, d), "CALL_STATE:ended:200:OK");
    assert_int_equal(b->status, 480);
    assert_int_equal(a->byes, 1);
    status_is(w, caller_call(w, "3", "2", NULL), 503);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_by_default), cmocka_unit_test(nobody_to_ring),   cmocka_unit_test(rings_on),
        cmocka_unit_test(first_answer_wins),  cmocka_unit_test(cancelled),        cmocka_unit_test(cancel_again),
        cmocka_unit_test(rejected),           cmocka_unit_test(reject_arguments), cmocka_unit_test(who_is_rung),
        cmocka_unit_test(one_at_a_time),      cmocka_unit_test(sent_again),       cmocka_unit_test(no_ports),
        cmocka_unit_test(server_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
