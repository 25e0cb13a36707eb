/* SPDX-License-Identifier: MIT */
/* Incoming calls that are answered: offers, the ACK, the echo test (--incoming). Numbers are sections of RFC 3261.
 *
 *  answered             180, INCOMING, 200, ACK, audio, recording, HANGUP: BYE                       13.3.1, 15.1.1
 *  never_confirmed      200 again until 32 s, BYE, ended:408                                         13.3.1.4
 *  before_the_ack       HANGUP: BYE behind the ACK; BYE of the caller                                15
 *  no_offer             offer in the 200, answer in the ACK, or none: BYE, ended:488                 13.2.1
 *  unusable_offers      488 with Warning, 413                                                         21.4.11, 20.43
 *  names                of the caller, in messages and file names
 *  our_answer           codec order, payload types, direction, ptime of the offer
 *  echo_test            nobody's call: what comes goes back; recording, limits
 *  like_any_call        PLAY_WAV, STATS, limits, a lost client
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "incoming.h"
#include "wavgen.h"

static void answered(void **state)
{
    struct world *w = open_world(2, CALLS_INCOMING_RING);
    size_t c = listener(w);

    (void)state;
    struct caller *a = caller_call(w, "0921367101", "5000", NULL);
    status_is(w, a, 180);
    assert_string_equal(last_text(w, c), "INCOMING:0921367101:5000");
    assert_int_equal(w->ports_open, 0);
    world_send(w, c, "ANSWER");
    assert_string_equal(last_text(w, c), "CALL_STATE:established");
    status_is(w, a, 200);
    assert_int_equal(a->acks, 1);
    world_run(w, DUR_S(2));
    assert_true(w->phone.rtp_packets >= 100);
    assert_false(w->phone.rtp_gap);
    world_phone_rtp(w, &(struct net_addr){.family = 4, .port = 30000, .ip = {10, 0, 0, 9}}, 0, 7);
    world_run(w, DUR_MS(100));
    assert_int_equal(w->clients[c].rtp_count, 1);
    world_send(w, c, "HANGUP");
    assert_string_equal(last_text(w, c), "CALL_STATE:ended:200:OK");
    world_run(w, DUR_S(1));
    assert_int_equal(a->byes, 1);
    assert_int_equal(a->oks, 1);
    assert_int_equal(world_count(w, c, "CALL_STATS:call_id=caller-0 "), 1);
    assert_true(w->clients[c].text_count > 2);
    assert_non_null(strstr(w->clients[c].texts[2], " recording=rec/0921367101-caller0"));
    assert_int_equal(world_count(w, c, "INCOMING_GONE:"), 0);
    world_end(w);
}

static void never_confirmed(void **state)
{
    struct world *w = open_world(11, CALLS_INCOMING_RING);
    size_t c = listener(w);
    struct caller_plan plan = {.no_ack = true};

    (void)state;
    struct caller *a = caller_call(w, "1", "2", &plan);
    status_is(w, a, 180);
    world_send(w, c, "ANSWER");
    mono_us start = w->now;
    world_run(w, DUR_MS(31900));
    assert_int_equal(a->oks, 11); /* 0, 0.5, 1.5, 3.5, then each 4 s */
    assert_true(w->phone.rtp_packets > 1400);
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 1); /* no media for 30 s came first */
    assert_string_equal(last_text(w, c), "CALL_STATE:ended:0:no media received for 30 s");
    world_run(w, DUR_S(2));
    assert_in_range(world_message_at(w, true, "BYE ", 0) - start, DUR_S(32), DUR_S(32) + DUR_MS(50));
    struct caller *b = caller_call(w, "1", "2", &plan);
    status_is(w, b, 180);
    world_send(w, c, "ANSWER");
    for (uint16_t i = 0; i < 40; i++) {
        world_phone_rtp(w, &(struct net_addr){.family = 4, .port = 30000, .ip = {10, 0, 0, 9}}, 0, i);
        world_run(w, DUR_S(1));
    }
    assert_int_equal(world_count(w, c, "CALL_STATE:ended:408:Request Timeout"), 1);
    assert_int_equal(world_count(w, c, "CALL_STATS:"), 2);
    assert_int_equal(b->byes, 1);
    world_end(w);
}

static void before_the_ack(void **state)
{
    struct world *w = open_world(12, CALLS_INCOMING_RING);
    size_t c = listener(w);
    struct caller_plan plan = {.no_ack = true};

    (void)state;
    struct caller *a = caller_call(w, "1", "2", &plan);
    status_is(w, a, 180);
    world_send(w, c, "ANSWER");
    world_run(w, DUR_MS(100));
    world_send(w, c, "HANGUP");
    assert_string_equal(last_text(w, c), "CALL_STATE:ended:200:OK");
    world_run(w, DUR_S(1));
    assert_int_equal(a->byes, 0);
    caller_ack(w, a);
    world_run(w, DUR_MS(100));
    assert_int_equal(a->byes, 1);
    struct caller *b = caller_call(w, "1", "2", &plan);
    status_is(w, b, 180);
    caller_request(w, b, "UPDATE", 2, phone_sdp); /* not before the answer */
    world_run(w, DUR_MS(100));
    assert_int_equal(b->other_status, 500);
    world_send(w, c, "ANSWER");
    world_run(w, DUR_MS(100));
    caller_request(w, b, "INVITE", 3, phone_sdp); /* nor before its ACK */
    world_run(w, DUR_MS(100));
    assert_int_equal(b->other_status, 500);
    caller_request(w, b, "BYE", 4, NULL);
    world_run(w, DUR_MS(100));
    assert_int_equal(b->other_status, 200);
    assert_string_equal(last_text(w, c), "CALL_STATE:ended:200:OK");
    world_run(w, DUR_S(40));
    assert_int_equal(b->byes, 0);
    assert_int_equal(b->oks, 1);
    /* BYE in the early dialog */
    struct caller *d = caller_call(w, "1", "2", NULL);
    status_is(w, d, 180);
    caller_bye(w, d);
    status_is(w, d, 487);
    assert_string_equal(last_text(w, c), "INCOMING_GONE:cancelled");
    world_end(w);
}

static void no_offer(void **state)
{
    struct world *w = open_world(13, CALLS_INCOMING_RING);
    size_t c = listener(w);
    struct caller_plan plan = {.sdp = "", .ack_sdp = phone_sdp};

    (void)state;
    struct caller *a = caller_call(w, "1", "2", &plan);
    status_is(w, a, 180);
    world_send(w, c, "ANSWER");
    assert_string_equal(last_text(w, c), "INCOMING:1:2");
    world_run(w, DUR_MS(100));
    assert_string_equal(last_text(w, c), "CALL_STATE:established");
    assert_non_null(strstr(a->response, "m=audio 32000 RTP/AVP 0 8 101"));
    world_run(w, DUR_S(1));
    assert_true(w->phone.rtp_packets > 40);
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(1));
    static const char *const bad[] = {NULL, "v=0\r\n",
                                      "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\n"
                                      "m=audio 4000 RTP/AVP 18\r\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        plan.ack_sdp = bad[i];
        struct caller *b = caller_call(w, "1", "2", &plan);
        status_is(w, b, 180);
        world_send(w, c, "ANSWER");
        world_run(w, DUR_MS(100));
        assert_int_equal(strncmp(last_text(w, c), "CALL_STATE:ended:488:", 21), 0);
        assert_int_equal(b->byes, 1);
        assert_int_equal(w->ports_open, 0);
    }
    assert_int_equal(world_count(w, c, "CALL_STATS:"), 1); /* none of them was established */
    plan.no_ack = true;
    for (int way = 0; way < 3; way++) {
        struct caller *b = caller_call(w, "1", "2", &plan);
        status_is(w, b, 180);
        world_send(w, c, "ANSWER");
        world_run(w, DUR_MS(100));
        world_send(w, c, "PLAY_WAV:x");
        world_send(w, c, "STATS");
        assert_int_equal(strncmp(last_text(w, c), "ERROR:STATS:not_established:", 28), 0);
        if (way == 0) {
            world_run(w, DUR_S(33));
            assert_string_equal(last_text(w, c), "CALL_STATE:ended:408:Request Timeout");
        } else if (way == 1) {
            world_send(w, c, "HANGUP");
            assert_string_equal(last_text(w, c), "CALL_STATE:ended:200:OK");
        } else {
            world_disconnect(w, c);
        }
        assert_int_equal(w->ports_open, 0);
        world_run(w, DUR_S(33));
        assert_int_equal(b->byes, 1);
    }
    world_end(w);
}

static void refuses(struct world *w, const char *sdp, int code, const char *warning)
{
    struct caller_plan plan = {.sdp = sdp};
    struct caller *a = caller_call(w, "1", "2", &plan);

    status_is(w, a, code);
    assert_non_null(strstr(a->response, warning));
}

#define SDP_HEAD "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\n"

static void unusable_offers(void **state)
{
    struct world *w = open_world(14, CALLS_INCOMING_RING);
    size_t c = listener(w);
    static char huge[20000];

    (void)state;
    refuses(w, SDP_HEAD "m=audio 4000 RTP/AVP 18\r\n", 488, "Warning: 305 10.0.0.1 \"no common codec\"");
    refuses(w, SDP_HEAD "m=video 4000 RTP/AVP 31\r\n", 488, "Warning: 304 10.0.0.1 \"no audio over RTP/AVP\"");
    refuses(w, SDP_HEAD "m=audio 0 RTP/AVP 0\r\n", 488, "Warning: 304 ");
    refuses(w, "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 h.example\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n", 488,
            "Warning: 301 ");
    refuses(w, "nonsense\r\n", 488, "Warning: 399 ");
    size_t at = (size_t)snprintf(huge, sizeof(huge), SDP_HEAD "m=audio 4000 RTP/AVP 0\r\n");
    for (int i = 0; i < 300; i++) {
        at += (size_t)snprintf(huge + at, sizeof(huge) - at, "m=video 4000 RTP/AVP 31\r\n");
    }
    refuses(w, huge, 488, "too many media lines");
    memset(huge + at, 'a', 16384 + 1 - at);
    huge[16385] = '\0';
    refuses(w, huge, 413, "");
    assert_int_equal(world_count(w, c, ""), 0);
    assert_int_equal(gateway_stats(w->gateway).calls_started, 0);
    world_end(w);
}

static void names(void **state)
{
    static const struct {
        const char *from, *to, *text, *file;
    } cases[] = {
        {"+886-2-1234", "5000", "INCOMING:+886-2-1234:5000", "rec/+886-2-1234-"},
        {"a%3Ab%25c", "x%3ay", "INCOMING:a%3Ab%25c:x%3Ay", "rec/a:b%c-"},
        {"%e5%89%8d", "2", "INCOMING:\xe5\x89\x8d:2", "rec/\xe5\x89\x8d-"},
        {"%ff%0d%0aX", "%00", "INCOMING:???X:?", "rec/???X-"},
        {"..%2f..%2fetc", "2", "INCOMING:../../etc:2", "rec/../../etc-"}, /* recordings_name.c makes it safe */
    };
    struct world *w = open_world(17, CALLS_INCOMING_RING);
    size_t c = listener(w);
    char mark[128];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct caller *a = caller_call(w, cases[i].from, cases[i].to, NULL);
        status_is(w, a, 180);
        assert_string_equal(last_text(w, c), cases[i].text);
        world_send(w, c, "ANSWER");
        world_run(w, DUR_MS(100));
        world_send(w, c, "HANGUP");
        world_run(w, DUR_MS(100));
        assert_true(w->clients[c].text_count >= 2);
        snprintf(mark, sizeof(mark), "recording=%s", cases[i].file);
        assert_non_null(strstr(w->clients[c].texts[w->clients[c].text_count - 2], mark));
    }
    char long_name[201];
    memset(long_name, 'n', 200);
    long_name[200] = '\0';
    struct caller *a = caller_call(w, long_name, "2", NULL);
    status_is(w, a, 180);
    assert_int_equal(strlen(last_text(w, c)), strlen("INCOMING:") + 128 + 2);
    caller_cancel(w, a);
    world_run(w, DUR_MS(100));
    world_end(w);
}

static void our_answer(void **state)
{
    static const struct {
        const char *offer, *answer;
    } cases[] = {
        {SDP_HEAD "m=audio 4000 RTP/AVP 18 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n", "RTP/AVP 8 101\r\n"},
        {SDP_HEAD "m=audio 4000 RTP/AVP 97 0\r\na=rtpmap:97 PCMA/8000\r\n", "a=rtpmap:97 PCMA/8000\r\n"},
        {SDP_HEAD "m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n", "a=recvonly\r\n"},
        {SDP_HEAD "m=audio 4000 RTP/AVP 0\r\na=inactive\r\n", "a=inactive\r\n"},
        {SDP_HEAD "m=audio 4000 RTP/AVP 0\r\na=ptime:40\r\n", "a=ptime:40\r\n"},
        {SDP_HEAD "m=video 6000 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 0\r\n", "m=video 0 RTP/AVP 31\r\nm=audio 32000 "},
    };
    struct world *w = open_world(18, CALLS_INCOMING_RING);
    size_t c = listener(w);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct caller_plan plan = {.sdp = cases[i].offer};
        struct caller *a = caller_call(w, "1", "2", &plan);
        status_is(w, a, 180);
        world_send(w, c, "ANSWER");
        status_is(w, a, 200);
        assert_non_null(strstr(a->response, cases[i].answer));
        world_send(w, c, "HANGUP");
        world_run(w, DUR_MS(100));
    }
    world_end(w);
}

static void echo_test(void **state)
{
    struct gateway_config config = world_config();
    config.calls.incoming = CALLS_INCOMING_ECHO;
    config.calls.max_call = DUR_S(60);
    struct world *w = world_new(19, &config);
    size_t c = world_connect(w);

    (void)state;
    world_send(w, c, "LISTEN");
    assert_int_equal(world_count(w, c, "ERROR:LISTEN:denied:"), 1);
    struct caller *a = caller_call(w, "0911", "2", NULL);
    status_is(w, a, 200);
    assert_int_equal(a->ringing, 1);
    for (uint16_t i = 1; i <= 100; i++) {
        world_phone_rtp(w, &(struct net_addr){.family = 4, .port = 30000, .ip = {10, 0, 0, 9}}, 0, i);
        world_run(w, DUR_MS(20));
    }
    world_run(w, DUR_MS(200));
    size_t back = 0;
    for (size_t i = 0; i + 160 <= w->phone.rtp_len; i += 160) {
        back += w->phone.rtp_payload[i] == (uint8_t)(back + 1) && w->phone.rtp_payload[i + 159] == (uint8_t)(back + 1);
    }
    assert_int_equal(back, 100); /* each once and in order */
    assert_false(w->phone.rtp_gap);
    assert_true(w->recording.used);
    caller_bye(w, a);
    world_run(w, DUR_S(1));
    assert_int_equal(world_logged(w, "Call 0911 ended: 200 OK"), 1);
    assert_int_equal(gateway_stats(w->gateway).calls, 0);
    /* silence ends it, and the longest time */
    struct caller *b = caller_call(w, "0912", "2", NULL);
    world_run(w, DUR_S(31));
    assert_int_equal(b->byes, 1);
    assert_int_equal(world_logged(w, "Call 0912 ended: 0 no media received for 30 s"), 1);
    /* no offer: the same behind the ACK */
    struct caller_plan plan = {.sdp = "", .ack_sdp = phone_sdp};
    struct caller *d = caller_call(w, "0913", "2", &plan);
    status_is(w, d, 200);
    world_run(w, DUR_S(1));
    assert_true(w->phone.rtp_packets > 40);
    plan.ack_sdp = NULL;
    struct caller *e = caller_call(w, "0914", "2", &plan);
    world_run(w, DUR_S(1));
    assert_int_equal(e->byes, 1);
    w->media_status = ST_FULL;
    struct caller *f = caller_call(w, "0915", "2", NULL);
    status_is(w, f, 503);
    w->media_status = ST_OK;
    world_stop(w);
    world_run(w, DUR_S(1));
    assert_int_equal(d->byes, 1);
    status_is(w, caller_call(w, "0916", "2", NULL), 503);
    world_end(w);
}

static void like_any_call(void **state)
{
    struct gateway_config config = world_config();
    config.calls.incoming = CALLS_INCOMING_RING;
    config.calls.max_call = DUR_S(10);
    struct world *w = world_new(21, &config);
    size_t c = listener(w);
    uint8_t data[800];
    uint8_t file[1200];

    (void)state;
    memset(data, 0x31, sizeof(data));
    struct wavgen g = {.data = data, .data_len = sizeof(data)};
    world_put_file(w, "a", file, wavgen_build(file, sizeof(file), &g));
    struct caller *a = caller_call(w, "1", "2", NULL);
    status_is(w, a, 180);
    world_send(w, c, "PLAY_WAV:a"); /* not ours yet */
    assert_string_equal(last_text(w, c), "WAV_ACK:播放檔案 a 失敗: there is no call");
    world_send(w, c, "ANSWER");
    world_send(w, c, "PLAY_WAV:a");
    world_wait(w, c, "WAV_DONE:a", S5);
    world_send(w, c, "STATS");
    world_wait(w, c, "CALL_STATS:call_id=caller-0 ", S5);
    caller_request(w, a, "INVITE", 2, phone_sdp); /* changes nothing */
    world_run(w, DUR_MS(100));
    assert_int_equal(a->other_status, 200);
    caller_request(w, a, "ACK", 2, NULL);
    world_wait(w, c, "CALL_STATE:ended:0:longer than 10 s", DUR_S(11));
    world_run(w, DUR_MS(100));
    assert_int_equal(a->byes, 1);
    struct caller *b = caller_call(w, "1", "2", NULL); /* still listening */
    status_is(w, b, 180);
    world_send(w, c, "ANSWER");
    status_is(w, b, 200);
    world_disconnect(w, c);
    world_run(w, DUR_MS(100));
    assert_int_equal(b->byes, 1);
    assert_int_equal(w->ports_open, 0);
    world_end(w);
}

/* An INVITE may name anybody's address, and its sender need not be where it says: until the ACK no more goes out than came in. */
static void little_is_sent_before_the_ack(void **state)
{
    struct world *w = open_world(22, CALLS_INCOMING_ECHO);
    struct net_addr far = {.family = 4, .port = 30000, .ip = {10, 0, 0, 9}};
    struct caller_plan plan = {.no_ack = true};

    (void)state;
    struct caller *a = caller_call(w, "0911", "2", &plan);
    status_is(w, a, 200);
    world_run(w, DUR_S(10));
    assert_int_equal(w->sent_count, 0);
    assert_int_equal(w->rtcp_count, 0);
    for (uint16_t i = 0; i < 10; i++) {
        world_phone_rtp(w, &far, 0, i);
        world_run(w, DUR_MS(20));
    }
    world_run(w, DUR_S(1));
    assert_int_equal(w->sent_count, 10); /* the audio came first, the ACK may follow */
    world_run(w, DUR_S(40));             /* none comes: BYE, but no report */
    assert_int_equal(w->sent_count, 10);
    assert_int_equal(w->rtcp_count, 0);
    assert_int_equal(world_messages(w, true, "BYE "), 1);
    world_end(w);

    w = open_world(23, CALLS_INCOMING_ECHO);
    a = caller_call(w, "0911", "2", NULL);
    status_is(w, a, 200);
    world_run(w, DUR_S(1));
    assert_true(w->sent_count > 45); /* acknowledged: silence, as in every call */
    caller_bye(w, a);
    world_run(w, DUR_S(1));
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answered),        cmocka_unit_test(never_confirmed),
        cmocka_unit_test(before_the_ack),  cmocka_unit_test(no_offer),
        cmocka_unit_test(unusable_offers), cmocka_unit_test(names),
        cmocka_unit_test(our_answer),      cmocka_unit_test(echo_test),
        cmocka_unit_test(like_any_call),   cmocka_unit_test(little_is_sent_before_the_ack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
