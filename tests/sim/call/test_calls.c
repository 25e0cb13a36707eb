/* SPDX-License-Identifier: MIT */
/* Whole calls on a virtual clock, from the client's words to the phone's messages. After each scenario world_end asserts that
 * nothing is left; `ended` is counted in each.
 *
 *  answer            trying, ringing, established, HANGUP, ended:200; BYE at once        RFC 3261 13.2, 15.1.1
 *  playback          a file goes out byte for byte and comes back through the echo        SPEC 3, 5
 *  busy              486: ACK, ended:486, the line is free                                 17.1.1
 *  auth              401, 407: one retry, CSeq + 1, ACK to the challenge                   22.2, 22.3
 *  wrong password    one retry, then ended:401                                             22.2
 *  ring and cancel   HANGUP after 180: CANCEL, 487, ACK                                    9.1
 *  hangup before 1xx no CANCEL before a provisional response                               9.1
 *  cancel crosses    the 200 crosses our CANCEL: ACK and BYE                               9.1, 15
 *  lost messages     first INVITE, 200, ACK, BYE lost                                      17.1.1.2, 13.3.1.4, 17.1.2
 *  silent peer       sends at 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s, end at 32 s             17.1.1.2
 *  silent on CANCEL  ended at once for the client, the rest by clock                       9.1
 *  ring time-out     --ring-seconds: CANCEL, ended:408
 *  remote BYE        ended:200; crossing HANGUP tells once                                 15.1.2
 *  client gone       in every state
 *  again at once     HANGUP then CALL
 *  answers           no SDP, port 0, no codec, PCMA only
 *  limits            longest call, no media
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wavgen.h"
#include "world.h"

#define S5 DUR_S(5)

static void established(struct world *w, size_t c)
{
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:established", S5);
}

static void ended_once(struct world *w, size_t c, const char *how)
{
    world_wait(w, c, how, DUR_S(40));
    world_run(w, DUR_S(40));
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 1);
}

static void answer_and_hangup(void **state)
{
    struct world *w = world_new(1, NULL);
    size_t c = world_connect(w);

    (void)state;
    established(w, c);
    assert_int_equal(world_count(w, c, "CALL_STATE:trying"), 1);
    assert_int_equal(world_count(w, c, "CALL_STATE:ringing"), 1);
    world_run(w, DUR_S(2));
    mono_us before = w->now;
    world_send(w, c, "HANGUP");
    assert_int_equal(world_message_at(w, true, "BYE ", 0), before); /* fault 15: at once */
    assert_int_equal(world_count(w, c, "CALL_STATE:ended:200:"), 1);
    assert_int_equal(world_count(w, c, "CALL_STATS:call_id="), 1);
    ended_once(w, c, "CALL_STATE:ended:200:");
    assert_int_equal(world_messages(w, true, "BYE "), 1);
    assert_int_equal(world_messages(w, true, "INVITE "), 1);
    assert_true(w->phone.rtp_packets >= 100 && w->phone.rtp_packets <= 102);
    assert_false(w->phone.rtp_gap);
    world_end(w);
}

static void stats_stand_before_ended(void **state)
{
    struct world *w = world_new(2, NULL);
    size_t c = world_connect(w);

    (void)state;
    established(w, c);
    world_run(w, DUR_S(1));
    world_send(w, c, "STATS");
    world_wait(w, c, "CALL_STATS:", S5);
    world_send(w, c, "HANGUP");
    world_run(w, DUR_MS(1));
    const struct world_client *client = &w->clients[c];
    assert_true(strncmp(client->texts[client->text_count - 1], "CALL_STATE:ended:200:", 21) == 0);
    const char *stats = client->texts[client->text_count - 2];
    static const char *const keys[] = {"call_id=",      " duration_ms=1", " tx_packets=",
                                       " rx_packets=0", " lost=0",        " reordered=0",
                                       " duplicates=0", " jitter_ms=",    " rtt_ms=-",
                                       " mos=-",        " codec=PCMU",    " skipped=0 recording=rec/0938220136-"};
    const char *at = stats;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        at = strstr(at, keys[i]); /* in SPEC's order */
        assert_non_null(at);
    }
    world_end(w);
}

static uint8_t *make_wav(uint16_t tag, const uint8_t *data, uint32_t len, size_t *size)
{
    uint8_t *file = malloc(len + 256);
    assert_non_null(file);
    struct wavgen g = {.tag = tag, .fmt_len = 18, .data = data, .data_len = len};
    *size = wavgen_build(file, len + 256, &g);
    return file;
}

static char *upload_text(const char *name, const uint8_t *file, size_t size)
{
    size_t cap = base64_encoded_len(size) + strlen(name) + 32;
    char *text = malloc(cap);
    assert_non_null(text);
    int n = snprintf(text, cap, "WAV_UPLOAD:%s:", name);
    assert_int_equal(base64_encode(file, size, text + n, cap - (size_t)n), ST_OK);
    return text;
}

static void fill(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)(i * 31 + i / 256 * 7 + 3);
    }
}

/* Where `needle` begins in `hay`; fails when it does not. */
static size_t find_bytes(const uint8_t *hay, size_t len, const uint8_t *needle, size_t n)
{
    for (size_t i = 0; i + n <= len; i++) {
        if (memcmp(hay + i, needle, n) == 0) {
            return i;
        }
    }
    fail_msg("the bytes are not there");
    return 0;
}

static void playback_byte_for_byte(void **state)
{
    struct world *w = world_new(3, NULL);
    size_t c = world_connect(w);
    uint8_t data[5 * 160 + 46]; /* fault 27: the last packet is padded */
    size_t size;

    (void)state;
    fill(data, sizeof(data));
    w->phone.plan.echo = true;
    established(w, c);
    uint8_t *file = make_wav(WAVGEN_ULAW, data, sizeof(data), &size);
    char *text = upload_text("a.wav", file, size);
    world_send(w, c, text);
    world_send(w, c, "PLAY_WAV:a.wav"); /* before the flush is over: it waits for it */
    char ack[64];
    snprintf(ack, sizeof(ack), "WAV_ACK:檔案上傳成功 (%zu 字節)", size);
    world_wait(w, c, ack, S5);
    world_wait(w, c, "WAV_ACK:開始播放檔案 a.wav", S5);
    world_wait(w, c, "WAV_DONE:a.wav", S5);
    assert_int_equal(world_count(w, c, "WAV_DONE:a.wav:stopped"), 0);
    world_run(w, DUR_S(2));
    size_t at = find_bytes(w->phone.rtp_payload, w->phone.rtp_len, data, sizeof(data));
    assert_int_equal(at % 160, 0);
    assert_int_equal(w->phone.rtp_payload[at + sizeof(data)], 0xFF);
    find_bytes(w->clients[c].rtp_payload, w->clients[c].rtp_payload_len, data, sizeof(data));
    assert_false(w->phone.rtp_gap); /* fault 28: one stream over the call */
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(1));
    /* both sides in the recording, 10 ms of travel apart */
    const struct world_file *r = &w->recording;
    assert_true(r->len > WAV_ULAW_HEADER_LEN);
    size_t frames = (r->len - WAV_ULAW_HEADER_LEN) / 2;
    uint8_t *left = malloc(frames);
    uint8_t *right = malloc(frames);
    assert_non_null(left);
    assert_non_null(right);
    for (size_t i = 0; i < frames; i++) {
        left[i] = r->data[WAV_ULAW_HEADER_LEN + 2 * i];
        right[i] = r->data[WAV_ULAW_HEADER_LEN + 2 * i + 1];
    }
    size_t heard = find_bytes(left, frames, data, sizeof(data));
    size_t sent = find_bytes(right, frames, data, sizeof(data));
    assert_in_range(heard - sent, 80, 80 + 320);
    free(left);
    free(right);
    free(file);
    free(text);
    world_end(w);
}

static void two_files_in_order_and_stop(void **state)
{
    struct world *w = world_new(4, NULL);
    size_t c = world_connect(w);
    uint8_t data[800];
    size_t size;

    (void)state;
    fill(data, sizeof(data));
    uint8_t *file = make_wav(WAVGEN_ULAW, data, sizeof(data), &size);
    world_put_file(w, "a", file, size);
    world_put_file(w, "b", file, size);
    established(w, c);
    world_send(w, c, "PLAY_WAV:a");
    world_send(w, c, "PLAY_WAV:b"); /* fault 29 */
    world_send(w, c, "PLAY_WAV:a");
    world_wait(w, c, "WAV_ACK:開始播放檔案 b", S5);
    assert_int_equal(world_count(w, c, "WAV_DONE:a"), 1);
    world_send(w, c, "STOP_WAV");
    world_wait(w, c, "WAV_DONE:b:stopped", S5);
    world_run(w, DUR_S(1));
    assert_int_equal(world_count(w, c, "WAV_ACK:開始播放檔案 a"), 1); /* the third was forgotten */
    world_send(w, c, "PLAY_WAV:nope");
    world_wait(w, c, "WAV_ACK:播放檔案 nope 失敗: ", S5);
    world_send(w, c, "PLAY_WAV:a");
    world_run(w, DUR_MS(60));
    size_t before = w->phone.rtp_packets;
    world_send(w, c, "HANGUP"); /* fault 30 */
    world_run(w, DUR_S(5));
    assert_true(w->phone.rtp_packets <= before + 1);
    assert_int_equal(world_count(w, c, "WAV_DONE:a:stopped"), 1);
    free(file);
    world_end(w);
}

static void fault_01_busy(void **state)
{
    struct world *w = world_new(5, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.final_code = 486;
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:ended:486:No", S5);
    assert_int_equal(world_messages(w, true, "ACK "), 1);
    world_send(w, c, "CALL:0938220136"); /* free at once */
    world_run(w, DUR_S(1));
    assert_int_equal(world_messages(w, true, "INVITE "), 2);
    assert_int_equal(world_count(w, c, "CALL_STATE:ended:486"), 2);
    assert_int_equal(world_count(w, c, "CALL_STATS"), 0);
    world_end(w);
}

static void auth(int code)
{
    struct world *w = world_new(6, NULL);
    size_t c = world_connect(w);

    w->phone.plan.challenge = code;
    established(w, c);
    assert_int_equal(world_messages(w, true, "INVITE "), 2);
    assert_int_equal(world_messages(w, true, "ACK "), 2); /* fault 5: the challenge is acknowledged too */
    assert_non_null(strstr(world_message(w, true, "INVITE ", 1), "CSeq: 2 INVITE"));
    const char *line = code == 401 ? "\r\nAuthorization: Digest" : "\r\nProxy-Authorization: Digest";
    assert_non_null(strstr(world_message(w, true, "INVITE ", 1), line)); /* fault 4 */
    world_send(w, c, "HANGUP");
    ended_once(w, c, "CALL_STATE:ended:200:");
    world_end(w);
}

static void fault_05_auth_401(void **state)
{
    (void)state;
    auth(401);
}

static void fault_04_auth_407(void **state)
{
    (void)state;
    auth(407);
}

static void fault_03_wrong_password(void **state)
{
    struct world *w = world_new(7, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.challenge = 401;
    w->phone.plan.always_challenge = true;
    world_send(w, c, "CALL:0938220136");
    ended_once(w, c, "CALL_STATE:ended:401:");
    assert_int_equal(world_messages(w, true, "INVITE "), 2);
    world_end(w);
}

static void fault_09_ring_and_cancel(void **state)
{
    struct world *w = world_new(8, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.final_ms = -1;
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:ringing", S5);
    world_send(w, c, "HANGUP");
    assert_int_equal(world_count(w, c, "CALL_STATE:ended:487:"), 1);
    ended_once(w, c, "CALL_STATE:ended:487:");
    assert_int_equal(world_messages(w, true, "CANCEL "), 1);
    assert_int_equal(world_messages(w, true, "ACK "), 1);
    assert_int_equal(world_messages(w, true, "BYE "), 0);
    world_end(w);
}

static void hangup_before_a_provisional(void **state)
{
    struct world *w = world_new(9, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.trying_ms = -1;
    w->phone.plan.ring_ms = 400;
    w->phone.plan.final_ms = -1;
    world_send(w, c, "CALL:0938220136");
    world_run(w, DUR_MS(50));
    world_send(w, c, "HANGUP");
    assert_int_equal(world_count(w, c, "CALL_STATE:ended:487:"), 1);
    world_run(w, DUR_MS(300));
    assert_int_equal(world_messages(w, true, "CANCEL "), 0);
    world_run(w, DUR_S(1));
    assert_int_equal(world_messages(w, true, "CANCEL "), 1);
    ended_once(w, c, "CALL_STATE:ended:487:");
    world_end(w);
}

static void cancel_crosses_200(void **state)
{
    struct world *w = world_new(10, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.final_ms = -1;
    w->phone.plan.answer_on_cancel = true;
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:ringing", S5);
    world_send(w, c, "HANGUP");
    ended_once(w, c, "CALL_STATE:ended:487:");
    assert_int_equal(w->phone.acks, 1);
    assert_int_equal(w->phone.byes, 1);
    world_end(w);
}

/* ---- lost messages ---- */

static bool drop_first_200_invite(struct world *w, bool to_phone, const char *text)
{
    return !to_phone && strncmp(text, "SIP/2.0 200", 11) == 0 && strstr(text, "INVITE\r\n") != NULL && w->drops++ == 0;
}

static bool drop_first_ack(struct world *w, bool to_phone, const char *text)
{
    return to_phone && strncmp(text, "ACK ", 4) == 0 && w->drops++ == 0;
}

static bool drop_first_bye(struct world *w, bool to_phone, const char *text)
{
    return to_phone && strncmp(text, "BYE ", 4) == 0 && w->drops++ == 0;
}

static void fault_07_first_invite_lost(void **state)
{
    struct world *w = world_new(11, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.ignore_invites = 1;
    established(w, c);
    assert_int_equal(world_messages(w, true, "INVITE "), 2);
    assert_int_equal(world_message_at(w, true, "INVITE ", 1) - world_message_at(w, true, "INVITE ", 0), DUR_MS(500));
    world_send(w, c, "HANGUP");
    ended_once(w, c, "CALL_STATE:ended:200:");
    world_end(w);
}

static void lost_200(void **state)
{
    struct world *w = world_new(12, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->drop = drop_first_200_invite;
    established(w, c);
    world_send(w, c, "HANGUP");
    ended_once(w, c, "CALL_STATE:ended:200:");
    world_end(w);
}

static void fault_10_lost_ack(void **state)
{
    struct world *w = world_new(13, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->drop = drop_first_ack;
    established(w, c);
    world_run(w, DUR_S(3));
    assert_int_equal(world_messages(w, true, "ACK "), 2);
    assert_true(w->phone.acked);
    assert_int_equal(world_count(w, c, "CALL_STATE:established"), 1);
    world_send(w, c, "HANGUP");
    ended_once(w, c, "CALL_STATE:ended:200:");
    world_end(w);
}

static void fault_14_lost_bye(void **state)
{
    struct world *w = world_new(14, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->drop = drop_first_bye;
    established(w, c);
    world_send(w, c, "HANGUP");
    ended_once(w, c, "CALL_STATE:ended:200:");
    assert_int_equal(world_messages(w, true, "BYE "), 2);
    assert_int_equal(w->phone.byes, 1);
    world_end(w);
}

/* ---- silence ---- */

static void silent_peer(void **state)
{
    static const int ms[] = {0, 500, 1500, 3500, 7500, 15500, 31500};
    struct world *w = world_new(15, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.dead = true;
    mono_us start = w->now;
    world_send(w, c, "CALL:0938220136");
    world_run(w, DUR_MS(31999));
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
    world_run(w, DUR_MS(2));
    assert_int_equal(world_count(w, c, "CALL_STATE:ended:408:"), 1);
    assert_int_equal(world_messages(w, true, "INVITE "), 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(world_message_at(w, true, "INVITE ", i) - start, DUR_MS(ms[i]));
    }
    ended_once(w, c, "CALL_STATE:ended:408:");
    world_end(w);
}

static void silent_on_bye(void **state)
{
    struct world *w = world_new(16, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.ignore_bye = true;
    established(w, c);
    world_send(w, c, "HANGUP");
    ended_once(w, c, "CALL_STATE:ended:200:");
    assert_int_equal(world_messages(w, true, "BYE "), 11); /* 0, 0.5, 1.5, 3.5, then every 4 s until 32 s */
    world_end(w);
}

static void silent_on_cancel(void **state)
{
    struct world *w = world_new(17, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.final_ms = -1;
    w->phone.plan.ignore_cancel = true;
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:ringing", S5);
    world_send(w, c, "HANGUP");
    ended_once(w, c, "CALL_STATE:ended:487:");
    world_end(w);
}

static void fault_08_ring_time_out(void **state)
{
    struct gateway_config config = world_config();
    config.calls.ring = DUR_S(20);
    struct world *w = world_new(18, &config);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.final_ms = -1;
    world_send(w, c, "CALL:0938220136");
    world_run(w, DUR_S(19));
    assert_int_equal(world_messages(w, true, "CANCEL "), 0);
    ended_once(w, c, "CALL_STATE:ended:408:");
    assert_int_equal(world_messages(w, true, "CANCEL "), 1);
    world_end(w);
}

/* ---- the far end hangs up ---- */

static void fault_11_remote_bye(void **state)
{
    struct world *w = world_new(19, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.bye_ms = 1000;
    established(w, c);
    world_run(w, DUR_S(2));
    assert_int_equal(world_count(w, c, "CALL_STATE:ended:200:"), 1);
    assert_int_equal(world_messages(w, true, "SIP/2.0 200"), 1);
    world_send(w, c, "HANGUP");
    world_wait(w, c, "ERROR:HANGUP:no_call:", S5);
    ended_once(w, c, "CALL_STATE:ended:200:");
    assert_int_equal(world_messages(w, true, "BYE "), 0);
    world_end(w);
}

static void remote_bye_crosses_hangup(void **state)
{
    struct world *w = world_new(20, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.ignore_bye = true; /* it has sent its own and forgets the dialog */
    established(w, c);
    phone_request(w, "BYE", NULL, NULL);
    world_send(w, c, "HANGUP");
    ended_once(w, c, "CALL_STATE:ended:200:");
    assert_int_equal(world_messages(w, true, "SIP/2.0 200"), 1);
    world_end(w);
}

/* ---- clients come and go ---- */

static void client_gone(int after_ms, bool answers)
{
    struct world *w = world_new(21, NULL);
    size_t c = world_connect(w);

    w->phone.plan.final_ms = answers ? 100 : -1;
    world_send(w, c, "CALL:0938220136");
    world_run(w, DUR_MS(after_ms));
    world_disconnect(w, c);
    world_run(w, DUR_S(2));
    assert_int_equal(w->ports_open, 0);
    assert_int_equal(gateway_stats(w->gateway).calls, 0);
    if (answers && after_ms > 150) {
        assert_int_equal(w->phone.byes, 1);
    } else {
        assert_true(w->phone.cancels == 1 || w->phone.byes == 1);
    }
    world_end(w);
}

static void client_gone_in_each_state(void **state)
{
    (void)state;
    client_gone(1, true);    /* the INVITE travels */
    client_gone(12, true);   /* proceeding */
    client_gone(60, false);  /* ringing */
    client_gone(102, true);  /* the 200 travels */
    client_gone(1000, true); /* established */
}

static void fault_16_call_again_at_once(void **state)
{
    struct world *w = world_new(22, NULL);
    size_t c = world_connect(w);

    (void)state;
    established(w, c);
    world_send(w, c, "HANGUP");
    world_send(w, c, "CALL:0911222333");
    world_run(w, DUR_S(1));
    assert_int_equal(w->phone.byes, 1);
    assert_int_equal(world_messages(w, true, "INVITE "), 2);
    assert_int_equal(world_count(w, c, "CALL_STATE:established"), 2);
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(40));
    assert_int_equal(world_count(w, c, "CALL_STATE:ended:200:"), 2);
    assert_int_equal(w->phone.byes, 2);
    world_end(w);
}

static void fault_17_and_33_each_client_its_call(void **state)
{
    struct world *w = world_new(23, NULL);
    size_t a = world_connect(w);
    size_t b = world_connect(w);

    (void)state;
    w->phone.plan.echo = true;
    established(w, a);
    world_send(w, a, "CALL:1");
    world_wait(w, a, "ERROR:CALL:busy:", S5);
    world_run(w, DUR_S(1));
    assert_true(w->clients[a].rtp_count > 40);
    assert_int_equal(w->clients[b].rtp_count, 0);
    world_disconnect(w, b);
    world_run(w, DUR_S(1));
    assert_int_equal(world_count(w, a, "CALL_STATE:ended"), 0);
    world_end(w);
}

/* ---- answers that cannot be used, or differ ---- */

static void unusable(const char *sdp)
{
    struct world *w = world_new(24, NULL);
    size_t c = world_connect(w);

    w->phone.plan.sdp = sdp;
    world_send(w, c, "CALL:0938220136");
    ended_once(w, c, "CALL_STATE:ended:488:");
    assert_int_equal(w->phone.acks, 1);
    assert_int_equal(w->phone.byes, 1);
    assert_int_equal(w->phone.rtp_packets, 0);
    assert_int_equal(world_count(w, c, "CALL_STATE:established"), 0);
    world_end(w);
}

static void fault_20_unusable_answers(void **state)
{
    (void)state;
    unusable(""); /* no SDP */
    unusable("v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n");
    unusable("v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 18\r\n");
    unusable("v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio -5 RTP/AVP 0\r\n");
}

static void pcma_is_spoken(void **state)
{
    struct world *w = world_new(25, NULL);
    size_t c = world_connect(w);
    uint8_t data[320];
    uint8_t expected[320];
    size_t size;

    (void)state;
    w->phone.plan.sdp =
        "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 8\r\n";
    fill(data, sizeof(data));
    audio_convert(AUDIO_ULAW, data, AUDIO_ALAW, expected, sizeof(data));
    uint8_t *file = make_wav(WAVGEN_ULAW, data, sizeof(data), &size);
    world_put_file(w, "a", file, size);
    established(w, c);
    world_run(w, DUR_S(1));
    assert_int_equal(w->phone.rtp_payload[0], 0xD5);
    world_send(w, c, "PLAY_WAV:a");
    world_wait(w, c, "WAV_DONE:a", S5);
    world_run(w, DUR_MS(50));
    find_bytes(w->phone.rtp_payload, w->phone.rtp_len, expected, sizeof(expected));
    world_send(w, c, "STATS");
    assert_non_null(strstr(world_wait(w, c, "CALL_STATS:", S5), " codec=PCMA "));
    free(file);
    world_end(w);
}

static void fault_23_early_media(void **state)
{
    struct world *w = world_new(26, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.early_ms = 30;
    w->phone.plan.final_ms = 2000;
    w->phone.plan.echo = true;
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:early", S5);
    world_run(w, DUR_S(1));
    assert_true(w->clients[c].rtp_count > 30);
    world_send(w, c, "PLAY_WAV:x");
    world_wait(w, c, "WAV_ACK:播放檔案 x 失敗:", S5);
    world_send(w, c, "STATS");
    world_wait(w, c, "ERROR:STATS:not_established:", S5);
    world_wait(w, c, "CALL_STATE:established", S5);
    world_run(w, DUR_S(1));
    assert_false(w->phone.rtp_gap);
    world_send(w, c, "HANGUP");
    ended_once(w, c, "CALL_STATE:ended:200:");
    world_end(w);
}

static void reinvites_that_can_be_served_and_not(void **state)
{
    struct world *w = world_new(27, NULL);
    size_t c = world_connect(w);

    (void)state;
    established(w, c);
    phone_request(w, "INVITE", NULL, phone_sdp);
    world_run(w, DUR_MS(200));
    const char *ok = world_message(w, true, "SIP/2.0 200", 0);
    assert_non_null(strstr(ok, "m=audio 32000"));
    phone_request(w, "ACK", NULL, NULL);
    world_run(w, DUR_S(2));
#define OFFER "v=0\r\no=phone 1 2 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP "
    phone_request(w, "INVITE", NULL, OFFER "0\r\na=sendonly\r\n");
    world_run(w, DUR_MS(200));
    assert_int_equal(world_messages(w, true, "SIP/2.0 200"), 2);
    assert_int_equal(world_messages(w, true, "SIP/2.0 488"), 0);
    phone_request(w, "ACK", NULL, NULL);
    phone_request(w, "INVITE", NULL, OFFER "18\r\n");
    world_run(w, DUR_S(2));
    assert_true(world_messages(w, true, "SIP/2.0 488") >= 1);
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
    world_send(w, c, "HANGUP");
    ended_once(w, c, "CALL_STATE:ended:200:");
    world_end(w);
}

/* ---- limits ---- */

static void fault_47_longest_call(void **state)
{
    struct gateway_config config = world_config();
    config.calls.max_call = DUR_S(10);
    struct world *w = world_new(28, &config);
    size_t c = world_connect(w);

    (void)state;
    established(w, c);
    world_run(w, DUR_MS(9900));
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
    ended_once(w, c, "CALL_STATE:ended:0:");
    assert_int_equal(w->phone.byes, 1);
    world_end(w);
}

static void no_media(bool echo)
{
    struct world *w = world_new(29, NULL);
    size_t c = world_connect(w);

    w->phone.plan.echo = echo;
    established(w, c);
    world_run(w, DUR_MS(29900));
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
    world_run(w, DUR_MS(300));
    assert_int_equal(world_count(w, c, "CALL_STATE:ended:0:no media"), echo ? 0 : 1);
    world_end(w);
}

static void no_media_ends_a_call(void **state)
{
    (void)state;
    no_media(false);
    no_media(true);
}

static void stop_hangs_up(void **state)
{
    struct world *w = world_new(30, NULL);
    size_t a = world_connect(w);
    size_t b = world_connect(w);

    (void)state;
    established(w, a);
    w->phone.plan.final_ms = -1;
    world_send(w, b, "CALL:1");
    world_wait(w, b, "CALL_STATE:ringing", S5);
    world_stop(w); /* fault 43 */
    world_run(w, DUR_S(1));
    assert_int_equal(world_count(w, a, "CALL_STATE:ended:200:"), 1);
    assert_int_equal(world_count(w, b, "CALL_STATE:ended:487:"), 1);
    assert_int_equal(w->clients[a].close_code, 1001);
    assert_int_equal(w->phone.byes, 1);
    assert_int_equal(w->phone.cancels, 1);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_and_hangup),
        cmocka_unit_test(stats_stand_before_ended),
        cmocka_unit_test(playback_byte_for_byte),
        cmocka_unit_test(two_files_in_order_and_stop),
        cmocka_unit_test(fault_01_busy),
        cmocka_unit_test(fault_05_auth_401),
        cmocka_unit_test(fault_04_auth_407),
        cmocka_unit_test(fault_03_wrong_password),
        cmocka_unit_test(fault_09_ring_and_cancel),
        cmocka_unit_test(hangup_before_a_provisional),
        cmocka_unit_test(cancel_crosses_200),
        cmocka_unit_test(fault_07_first_invite_lost),
        cmocka_unit_test(lost_200),
        cmocka_unit_test(fault_10_lost_ack),
        cmocka_unit_test(fault_14_lost_bye),
        cmocka_unit_test(silent_peer),
        cmocka_unit_test(silent_on_bye),
        cmocka_unit_test(silent_on_cancel),
        cmocka_unit_test(fault_08_ring_time_out),
        cmocka_unit_test(fault_11_remote_bye),
        cmocka_unit_test(remote_bye_crosses_hangup),
        cmocka_unit_test(client_gone_in_each_state),
        cmocka_unit_test(fault_16_call_again_at_once),
        cmocka_unit_test(fault_17_and_33_each_client_its_call),
        cmocka_unit_test(fault_20_unusable_answers),
        cmocka_unit_test(pcma_is_spoken),
        cmocka_unit_test(fault_23_early_media),
        cmocka_unit_test(reinvites_that_can_be_served_and_not),
        cmocka_unit_test(fault_47_longest_call),
        cmocka_unit_test(no_media_ends_a_call),
        cmocka_unit_test(stop_hangs_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
