/* SPDX-License-Identifier: MIT */
/* SDP of the far end in the middle of a call, and addresses that cannot be reached.
 *
 * another_port        RFC 3261 14.2, RFC 3264 8   re-INVITE without offer: audio goes where the ACK says
 * another_codec                                   PCMA; the stream goes on
 * directions                                      sendonly and inactive silence us, sendrecv ends that; recvonly does not
 * stream_rejected     RFC 3264 6                  port 0: no audio, the call stays, and the wait for media with it
 * answers_unusable                                a codec that was not offered, no audio, IPv6: BYE, ended:488
 * ack_without_answer                              changes nothing
 * ack_answers_nothing                             an SDP in the ACK to a re-INVITE with an offer is none
 * late_ack            14.2                        the ACK comes after the 200 went out several times, once
 * offer_after_answer  RFC 3264 8                  the version of our SDP rises when it says something else
 * answer_of_ipv6                                  200 whose c= we cannot send to: ACK, BYE, ended:488 with the reason
 * early_answer_of_ipv6                            a 183 like that rings
 * offer_of_ipv6                                   488 with Warning 301
 * fork_answers        RFC 6337 2.1                a 200 without SDP: audio goes to that fork, not to the one that spoke last
 * ring_group          13.2.2.4                    twenty telephones ring, the twenty-first answers
 * rtcp_of_ipv6                                    reports are left out, the call is fine
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "incoming.h"

#define SDP(c, media)                                                                                                  \
    "v=0\r\no=phone 1 7 IN IP4 10.0.0.9\r\ns=-\r\nc=IN " c "\r\nt=0 0\r\nm=audio " media "\r\na=ptime:20\r\n"
#define AT_10009 "IP4 10.0.0.9"

static struct world *open_call(size_t *c)
{
    struct world *w = world_new(61, NULL);

    *c = world_connect(w);
    world_send(w, *c, "CALL:0938220136");
    world_wait(w, *c, "CALL_STATE:established", S5);
    world_run(w, DUR_MS(200));
    return w;
}

static void close_call(struct world *w, size_t c)
{
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
    world_send(w, c, "HANGUP");
    world_wait(w, c, "CALL_STATE:ended:200:", S5);
    world_run(w, DUR_S(40));
    world_end(w);
}

/* A re-INVITE without offer, whose ACK has that SDP. */
static void ask_back(struct world *w, const char *answer)
{
    size_t before = world_messages(w, true, "SIP/2.0 200");

    phone_request(w, "INVITE", NULL, NULL);
    world_run(w, DUR_MS(100));
    assert_int_equal(world_messages(w, true, "SIP/2.0 200"), before + 1);
    const char *ok = world_message(w, true, "SIP/2.0 200", before);
    assert_non_null(strstr(ok, "m=audio 32000 RTP/AVP 0 8 101"));
    phone_request(w, "ACK", NULL, answer);
    world_run(w, DUR_MS(100));
}

/* What leaves in the next 100 ms. */
static size_t packets(struct world *w)
{
    size_t before = w->sent_count;
    world_run(w, DUR_MS(100));
    return w->sent_count - before;
}

static const struct world_rtp *last(const struct world *w)
{
    assert_true(w->sent_count > 0);
    return &w->sent[w->sent_count - 1];
}

static void another_port(void **state)
{
    size_t c;
    struct world *w = open_call(&c);

    (void)state;
    assert_int_equal(last(w)->to.port, 30000);
    ask_back(w, SDP(AT_10009, "30010 RTP/AVP 0"));
    assert_in_range(packets(w), 4, 6);
    assert_int_equal(last(w)->to.port, 30010);
    ask_back(w, SDP("IP4 10.0.0.77", "30010 RTP/AVP 0"));
    assert_in_range(packets(w), 4, 6);
    struct net_addr there;
    assert_int_equal(addr_parse_ip(SPAN_LIT("10.0.0.77"), &there), ST_OK);
    assert_true(addr_same_ip(&last(w)->to, &there));
    close_call(w, c);
}

static void another_codec(void **state)
{
    size_t c;
    struct world *w = open_call(&c);
    struct world_rtp before = *last(w);

    (void)state;
    assert_int_equal(before.payload_type, 0);
    ask_back(w, SDP(AT_10009, "30000 RTP/AVP 8"));
    assert_in_range(packets(w), 4, 6);
    const struct world_rtp *after = last(w);
    assert_int_equal(after->payload_type, 8);
    assert_int_equal(after->ssrc, before.ssrc);
    assert_int_equal((uint32_t)(after->timestamp - before.timestamp),
                     160 * (uint16_t)(after->sequence - before.sequence));
    assert_int_equal(after->begin[0], 0xd5); /* A-law silence */
    close_call(w, c);
}

static void directions(void **state)
{
    static const struct {
        const char *line;
        bool we_send;
    } rows[] = {{"a=sendonly\r\n", false}, {"a=sendrecv\r\n", true},  {"a=inactive\r\n", false},
                {"a=recvonly\r\n", true},  {"a=sendonly\r\n", false}, {"", true}};
    size_t c;
    struct world *w = open_call(&c);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char sdp[512];
        snprintf(sdp, sizeof(sdp), SDP(AT_10009, "30000 RTP/AVP 0") "%s", rows[i].line);
        ask_back(w, sdp);
        size_t n = packets(w);
        assert_true(rows[i].we_send ? n >= 4 && n <= 6 : n == 0);
    }
    /* unset: the hold of old */
    ask_back(w, SDP("IP4 0.0.0.0", "30000 RTP/AVP 0"));
    assert_int_equal(packets(w), 0);
    close_call(w, c);
}

static void stream_rejected(void **state)
{
    size_t c;
    struct world *w = open_call(&c);

    (void)state;
    ask_back(w, SDP(AT_10009, "0 RTP/AVP 0"));
    assert_int_equal(packets(w), 0);
    world_run(w, DUR_S(60)); /* nothing is to be heard: --no-media-seconds does not count */
    assert_int_equal(packets(w), 0);
    ask_back(w, SDP(AT_10009, "30000 RTP/AVP 0"));
    assert_in_range(packets(w), 4, 6);
    world_run(w, DUR_S(29)); /* it begins anew */
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
    world_wait(w, c, "CALL_STATE:ended:0:no media", DUR_S(2));
    world_run(w, DUR_S(40));
    world_end(w);
}

static void answers_unusable(void **state)
{
    static const struct {
        const char *sdp, *why;
    } rows[] = {
        {SDP(AT_10009, "30000 RTP/AVP 18"), "CALL_STATE:ended:488:no common codec"},
        {"v=0\r\no=phone 1 7 IN IP4 10.0.0.9\r\ns=-\r\nt=0 0\r\n", "CALL_STATE:ended:488:no audio"},
        {SDP("IP6 2001:db8::9", "30000 RTP/AVP 0"), "CALL_STATE:ended:488:the address in c= is IPv6, ours is IPv4"},
        {"nonsense", "CALL_STATE:ended:488:"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t c;
        struct world *w = open_call(&c);
        ask_back(w, rows[i].sdp);
        world_wait(w, c, rows[i].why, DUR_S(1));
        world_run(w, DUR_S(40));
        assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 1);
        assert_int_equal(world_count(w, c, "CALL_STATS:"), 1);
        assert_int_equal(w->phone.byes, 1);
        world_end(w);
    }
}

static void ack_without_answer(void **state)
{
    size_t c;
    struct world *w = open_call(&c);

    (void)state;
    ask_back(w, NULL);
    assert_in_range(packets(w), 4, 6);
    assert_int_equal(last(w)->to.port, 30000);
    close_call(w, c);
}

static void ack_answers_nothing(void **state)
{
    size_t c;
    struct world *w = open_call(&c);

    (void)state;
    phone_request(w, "INVITE", NULL, phone_sdp);
    world_run(w, DUR_MS(100));
    phone_request(w, "ACK", NULL, SDP(AT_10009, "30010 RTP/AVP 18"));
    assert_in_range(packets(w), 4, 6);
    assert_int_equal(last(w)->to.port, 30000);
    close_call(w, c);
}

static void late_ack(void **state)
{
    size_t c;
    struct world *w = open_call(&c);

    (void)state;
    phone_request(w, "INVITE", NULL, NULL);
    world_run(w, DUR_S(4));
    assert_int_equal(last(w)->to.port, 30000);
    phone_request(w, "ACK", NULL, SDP(AT_10009, "30010 RTP/AVP 0"));
    phone_request(w, "ACK", NULL, SDP(AT_10009, "30012 RTP/AVP 0"));
    assert_in_range(packets(w), 4, 6);
    assert_int_equal(last(w)->to.port, 30010);
    close_call(w, c);
}

static void offer_after_answer(void **state)
{
    struct world *w = open_world(62, CALLS_INCOMING_ECHO);
    struct caller_plan plan = {0};
    struct caller *caller = caller_call(w, "201", "300", &plan);

    (void)state;
    status_is(w, caller, 200);
    for (int i = 0; i < 2; i++) {
        caller_request(w, caller, "INVITE", 10 + (unsigned)i, NULL);
        world_run(w, DUR_MS(100));
        size_t n = world_messages(w, true, "SIP/2.0 200");
        const char *first = strstr(world_message(w, true, "SIP/2.0 200", 0), "\r\no=");
        const char *again = strstr(world_message(w, true, "SIP/2.0 200", n - 1), "\r\no=");
        assert_non_null(first);
        assert_non_null(again);
        unsigned id = 0;
        unsigned version = 0;
        assert_int_equal(sscanf(again, "\r\no=- %u %u", &id, &version), 2);
        assert_int_equal(version, 2); /* and the same offer again is the same */
        assert_non_null(strstr(first, " 1 IN IP4"));
        caller_request(w, caller, "ACK", 10 + (unsigned)i, phone_sdp);
        world_run(w, DUR_MS(100));
    }
    caller_bye(w, caller);
    world_run(w, DUR_S(40));
    world_end(w);
}

static void answer_of_ipv6(void **state)
{
    struct world *w = world_new(63, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.sdp = SDP("IP6 2001:db8::9", "30000 RTP/AVP 0");
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:ended:488:the address in c= is IPv6, ours is IPv4", S5);
    world_run(w, DUR_S(40));
    assert_int_equal(world_count(w, c, "CALL_STATE:established"), 0);
    assert_int_equal(w->phone.acks, 1);
    assert_int_equal(w->phone.byes, 1);
    assert_int_equal(w->sent_count, 0);
    world_end(w);
}

static void early_answer_of_ipv6(void **state)
{
    struct world *w = world_new(64, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.final_ms = -1;
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:ringing", S5);
    phone_respond(w, w->phone.invite, 183, "Progress", "phone", NULL, SDP("IP6 2001:db8::9", "30000 RTP/AVP 0"));
    world_run(w, DUR_MS(100));
    assert_int_equal(world_count(w, c, "CALL_STATE:early"), 0);
    assert_int_equal(w->sent_count, 0);
    phone_respond(w, w->phone.invite, 200, "OK", "phone", NULL, phone_sdp);
    world_wait(w, c, "CALL_STATE:established", S5);
    close_call(w, c);
}

static void offer_of_ipv6(void **state)
{
    struct world *w = open_world(65, CALLS_INCOMING_ECHO);
    struct caller_plan plan = {.sdp = SDP("IP6 2001:db8::9", "30000 RTP/AVP 0")};
    struct caller *caller = caller_call(w, "201", "300", &plan);

    (void)state;
    status_is(w, caller, 488);
    assert_non_null(caller->response);
    assert_non_null(strstr(caller->response, "\r\nWarning: 301 "));
    assert_non_null(strstr(caller->response, "the address in c= is IPv6, ours is IPv4"));
    world_run(w, DUR_S(40));
    world_end(w);
}

static void fork_answers(void **state)
{
    struct world *w = world_new(67, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.ring_ms = -1;
    w->phone.plan.final_ms = -1;
    world_send(w, c, "CALL:0938220136");
    world_run(w, DUR_MS(100));
    assert_non_null(w->phone.invite);
    phone_respond(w, w->phone.invite, 183, "Progress", "phone", NULL, SDP(AT_10009, "30010 RTP/AVP 8"));
    phone_respond(w, w->phone.invite, 183, "Progress", "other", NULL, SDP(AT_10009, "30020 RTP/AVP 0"));
    world_wait(w, c, "CALL_STATE:early", S5);
    world_run(w, DUR_MS(100));
    assert_int_equal(last(w)->to.port, 30020);
    phone_respond(w, w->phone.invite, 200, "OK", "phone", NULL, NULL);
    world_wait(w, c, "CALL_STATE:established", S5);
    assert_in_range(packets(w), 4, 6);
    assert_int_equal(last(w)->to.port, 30010);
    assert_int_equal(last(w)->payload_type, 8);
    close_call(w, c);
}

static void ring_group(void **state)
{
    struct world *w = world_new(68, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.group = 20;
    w->phone.plan.forks = true;
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:established", S5);
    assert_in_range(packets(w), 4, 6);
    assert_int_equal(w->phone.byes, 1); /* to the other one that answered */
    close_call(w, c);
}

static void rtcp_of_ipv6(void **state)
{
    struct world *w = world_new(66, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.sdp = SDP(AT_10009, "30000 RTP/AVP 0\r\na=rtcp:30001 IN IP6 2001:db8::9");
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:established", S5);
    world_run(w, DUR_S(20));
    assert_int_equal(w->rtcp_count, 0);
    /* the same offer again changes nothing */
    phone_request(w, "INVITE", NULL, SDP(AT_10009, "30000 RTP/AVP 0\r\na=rtcp:30001 IN IP6 2001:db8::9"));
    world_run(w, DUR_MS(100));
    assert_int_equal(world_messages(w, true, "SIP/2.0 488"), 0);
    phone_request(w, "ACK", NULL, NULL);
    close_call(w, c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_port),         cmocka_unit_test(another_codec),
        cmocka_unit_test(directions),           cmocka_unit_test(stream_rejected),
        cmocka_unit_test(answers_unusable),     cmocka_unit_test(ack_without_answer),
        cmocka_unit_test(ack_answers_nothing),  cmocka_unit_test(late_ack),
        cmocka_unit_test(offer_after_answer),   cmocka_unit_test(answer_of_ipv6),
        cmocka_unit_test(early_answer_of_ipv6), cmocka_unit_test(offer_of_ipv6),
        cmocka_unit_test(fork_answers),         cmocka_unit_test(ring_group),
        cmocka_unit_test(rtcp_of_ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
