/* SPDX-License-Identifier: MIT */
/* Calls with telephones and exchanges that write SIP in their own way, as the clients see them (docs/field.md).
 *
 *  parts_from_the_phone    SDP in one part of several: 183 and 200                                  RFC 5621
 *  parts_from_a_caller     the same in the INVITE, and in the ACK to our offer                      RFC 5621
 *  answered_elsewhere      CANCEL whose Reason says so: INCOMING_GONE names it                      RFC 3326
 *  numbers_alone           parameters of a number in From and Request-URI are nobody's business     RFC 3966, 4694
 *  dialled_with_parameters the same for a URI that is dialled: log and recording
 *  headers_nobody_needs    a 200 with lines that are no headers: the call is up                     RFC 3261 8.2.2
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "incoming.h"

#define SDP                                                                                                            \
    "v=0\r\no=phone 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"           \
    "a=rtpmap:0 PCMU/8000"
#define PARTS                                                                                                          \
    "--part\r\nContent-Type: application/isup;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n"   \
    "\r\n\1\2\3\r\n--part\r\nContent-Type: application/SDP\r\nContent-Disposition: session\r\n\r\n" SDP "\r\n--part--"

static void hang_up(struct world *w, size_t c)
{
    world_send(w, c, "HANGUP");
    world_wait(w, c, "CALL_STATE:ended:200:", S5);
    world_end(w);
}

static void parts_from_the_phone(void **state)
{
    struct world *w = world_new(1, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.early_ms = 50;
    w->phone.plan.final_ms = 1000;
    w->phone.plan.sdp = PARTS;
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:early", S5);
    world_wait(w, c, "CALL_STATE:established", S5);
    size_t sent = w->phone.rtp_packets;
    world_run(w, DUR_S(1));
    assert_true(w->phone.rtp_packets >= sent + 48);
    hang_up(w, c);
}

static void parts_from_a_caller(void **state)
{
    struct world *w = open_world(2, CALLS_INCOMING_RING);
    size_t c = listener(w);
    struct caller_plan plan = {.sdp = PARTS};

    (void)state;
    struct caller *a = caller_call(w, "1", "2", &plan);
    status_is(w, a, 180);
    world_send(w, c, "ANSWER");
    world_run(w, DUR_MS(500));
    assert_string_equal(last_text(w, c), "CALL_STATE:established");
    assert_non_null(strstr(a->response, "RTP/AVP 0"));
    assert_true(w->phone.rtp_packets > 20);
    caller_bye(w, a);
    world_wait(w, c, "CALL_STATE:ended:200:", S5);

    plan = (struct caller_plan){.sdp = "", .ack_sdp = PARTS};
    struct caller *b = caller_call(w, "3", "2", &plan);
    status_is(w, b, 180);
    world_send(w, c, "ANSWER");
    world_run(w, DUR_MS(500));
    assert_string_equal(last_text(w, c), "CALL_STATE:established");
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(1));
    world_end(w);
}

static void answered_elsewhere(void **state)
{
    static const struct {
        const char *headers, *gone;
    } rows[] = {
        {"Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n", "INCOMING_GONE:answered elsewhere"},
        {"Reason: Q.850;cause=16, sip ; text=\"x;y, z\" ; cause=\"200\"\r\n", "INCOMING_GONE:answered elsewhere"},
        {"Reason: Q.850;cause=16\r\nReason: Q.850;cause=26\r\n", "INCOMING_GONE:answered elsewhere"},
        {"Reason: SIP;cause=487\r\n", "INCOMING_GONE:cancelled"},
        {"Reason: Q.850;cause=200\r\n", "INCOMING_GONE:cancelled"},
        {"Reason: SIP;text=\"cause=200\"\r\n", "INCOMING_GONE:cancelled"},
        {"Reason: ;;=\"\r\n", "INCOMING_GONE:cancelled"},
    };
    struct world *w = open_world(3, CALLS_INCOMING_RING);
    size_t c = listener(w);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct caller_plan plan = {.cancel_headers = rows[i].headers};
        struct caller *a = caller_call(w, "1", "2", &plan);
        status_is(w, a, 180);
        caller_cancel(w, a);
        status_is(w, a, 487);
        assert_string_equal(last_text(w, c), rows[i].gone);
    }
    world_end(w);
}

static void numbers_alone(void **state)
{
    static const struct {
        const char *from, *to, *told;
    } rows[] = {
        {"+15551234567;npdi=yes;rn=+15550000000", "+15557654321;phone-context=x", "INCOMING:+15551234567:+15557654321"},
        {"+1-555%3Brn=1", "*98", "INCOMING:+1-555:*98"},
        {"alice;day=tuesday", "b;c", "INCOMING:alice;day=tuesday:b;c"}, /* RFC 3261 19.1.1: a name may hold a ';' */
        {"%3bx", "2", "INCOMING:;x:2"},
    };
    struct world *w = open_world(4, CALLS_INCOMING_RING);
    size_t c = listener(w);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct caller *a = caller_call(w, rows[i].from, rows[i].to, NULL);
        status_is(w, a, 180);
        assert_string_equal(last_text(w, c), rows[i].told);
        caller_cancel(w, a);
        status_is(w, a, 487);
    }
    assert_int_equal(world_logged(w, "Incoming call from +15551234567 to +15557654321\n"), 1);
    struct caller *a = caller_call(w, rows[0].from, rows[0].to, NULL);
    status_is(w, a, 180);
    world_send(w, c, "ANSWER");
    world_run(w, DUR_S(1));
    world_send(w, c, "STATS");
    assert_non_null(strstr(last_text(w, c), "recording=rec/+15551234567-"));
    caller_bye(w, a);
    world_run(w, DUR_S(1));
    world_end(w);
}

static void dialled_with_parameters(void **state)
{
    struct world *w = world_new(5, NULL);
    size_t c = world_connect(w);

    (void)state;
    world_send(w, c, "CALL:sip:+15551234567;npdi=yes@10.0.0.9");
    world_wait(w, c, "CALL_STATE:established", S5);
    assert_int_equal(world_messages(w, true, "INVITE sip:+15551234567;npdi=yes@10.0.0.9 SIP"),
                     1); /* it is sent as it came */
    assert_int_equal(world_logged(w, "target number: +15551234567\n"), 1);
    world_send(w, c, "STATS");
    assert_non_null(strstr(last_text(w, c), "recording=rec/+15551234567-"));
    hang_up(w, c);
}

static void headers_nobody_needs(void **state)
{
    struct world *w = world_new(6, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.final_headers = "X-Billing no colon here\r\nX Two Words: y\r\n: z\r\nMax-Forwards: many\r\n";
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:established", S5);
    hang_up(w, c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_from_the_phone),    cmocka_unit_test(parts_from_a_caller),
        cmocka_unit_test(answered_elsewhere),      cmocka_unit_test(numbers_alone),
        cmocka_unit_test(dialled_with_parameters), cmocka_unit_test(headers_nobody_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
