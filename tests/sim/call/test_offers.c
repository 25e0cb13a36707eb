/* SPDX-License-Identifier: MIT */
/* Offers of the far end in mid-call that change something (RFC 3261 14.2, RFC 3264 8), with the scripted phone as the far end.
 *
 *  each_row            the table that loopback exchange and library go by too: 200 with the mirrored direction, or 488
 *  moves               8.3.1      port and IP: audio goes there at once and comes from there; our own SDP stays the same
 *  held_and_resumed    8.4, 5.1   sendonly, inactive, 0.0.0.0: nothing leaves, RTCP neither to 0.0.0.0; then the stream goes on
 *  hold_has_no_clock              --no-media-seconds does not run in a hold, and begins anew behind it
 *  codec_of_what_is_sent 8.3.2    PCMU, PCMA, PCMU while a file plays, and live audio: no sample is lost, both are in the recording
 *  codec_of_what_is_heard         the client's decoded audio goes on over the change, packets of the old one included
 *  codec_of_the_echo              the echo test turns over what waits in it
 *  keys                8.3.2      telephone-event with a new number, none, and again
 *  refused             14.2       488: the call goes on as it was, both directions are heard
 *  by_update           RFC 3311   UPDATE is the same
 *  many_lines                     an offer with twelve m= lines is answered
 *  version             8          of our SDP: one more with each text that is another, after refusals too
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "incoming.h"
#include "live_bench.h"
#include "offers.h"
#include "voice.h"

#define BODY(c, media) "v=0\r\no=phone 1 2 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 " c "\r\nt=0 0\r\nm=audio " media
#define PCMU_ONLY      BODY("10.0.0.9", "30000 RTP/AVP 0\r\n")
#define PCMA_ONLY      BODY("10.0.0.9", "30000 RTP/AVP 8\r\n")
#define G729_ONLY      BODY("10.0.0.9", "30000 RTP/AVP 18\r\n")

static struct world *open_call(size_t *c)
{
    struct world *w = world_new(71, NULL);

    *c = world_connect(w);
    world_send(w, *c, "CALL:0938220136");
    world_wait(w, *c, "CALL_STATE:established", S5);
    world_run(w, DUR_MS(100));
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

/* What the phone's last request of that method was answered with; its earlier refusals come again meanwhile. */
static const char *answer_to(const struct world *w, const char *method)
{
    char cseq[64];

    snprintf(cseq, sizeof(cseq), "\r\nCSeq: %u %s\r\n", (unsigned)w->phone.cseq, method);
    for (size_t i = w->message_count; i-- > 0;) {
        const char *text = w->messages[i].text;
        if (w->messages[i].to_phone && strncmp(text, "SIP/2.0 ", 8) == 0 && strstr(text, cseq) != NULL) {
            return text;
        }
    }
    return "";
}

/* A re-INVITE with that SDP, its answer and the ACK. Returns the answer, which has that status. */
static const char *offer(struct world *w, const char *sdp, const char *status)
{
    phone_request(w, "INVITE", NULL, sdp);
    world_run(w, DUR_MS(30));
    const char *answer = answer_to(w, "INVITE");
    if (strncmp(answer, status, strlen(status)) != 0) {
        world_ladder(w);
        fail_msg("not %s: %s", status, answer);
    }
    phone_request(w, "ACK", NULL, NULL);
    world_run(w, DUR_MS(20));
    return answer;
}

static unsigned version_of(const char *answer)
{
    unsigned long id = 0;
    unsigned version = 0;
    const char *line = strstr(answer, "\r\no=");

    assert_non_null(line);
    assert_int_equal(sscanf(line, "\r\no=- %lu %u", &id, &version), 2);
    return version;
}

static const struct world_rtp *last(const struct world *w)
{
    assert_true(w->sent_count > 0);
    return &w->sent[w->sent_count - 1];
}

/* What leaves in the next 100 ms. */
static size_t packets(struct world *w)
{
    size_t before = w->sent_count;

    world_run(w, DUR_MS(100));
    return w->sent_count - before;
}

static void each_row(void **state)
{
    size_t c;
    struct world *w = open_call(&c);
    char text[1024];
    char formats[64];

    (void)state;
    for (size_t i = 0; i < OFFER_ROWS; i++) {
        const struct offer_row *row = &offer_rows[i];
        offer_text(row, "10.0.0.9", text, sizeof(text));
        const char *answer = offer(w, text, row->answered[0] != '\0' ? "SIP/2.0 200 " : "SIP/2.0 488 ");
        if (row->answered[0] == '\0') {
            continue;
        }
        snprintf(formats, sizeof(formats), "m=audio 32000 RTP/AVP %s\r\n", row->answered);
        if (strstr(answer, formats) == NULL || strstr(answer, row->ours) == NULL) {
            fail_msg("%s: %s", row->name, answer);
        }
        size_t n = packets(w);
        bool sends = strncmp(row->ours, "send", 4) == 0;
        if (sends ? n < 4 || n > 6 : n != 0) {
            fail_msg("%s: %zu packets in 100 ms", row->name, n);
        }
    }
    assert_false(w->phone.rtp_gap);
    close_call(w, c);
}

static void moves(void **state)
{
    static const struct {
        const char *sdp;
        struct net_addr to;
    } rows[] = {
        {BODY("10.0.0.9", "30010 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"),
         {4, 30010, {10, 0, 0, 9}, 0}},
        {BODY("10.0.0.77", "30010 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"),
         {4, 30010, {10, 0, 0, 77}, 0}},
        {BODY("203.0.113.7", "4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"),
         {4, 4000, {203, 0, 113, 7}, 0}},
    };
    struct net_addr from = addr_ipv4(10, 0, 0, 9, 30000);
    size_t c;
    struct world *w = open_call(&c);
    struct world_rtp before = *last(w);
    uint16_t n = 0;

    (void)state;
    world_phone_rtp(w, &from, 0, n++);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(version_of(offer(w, rows[i].sdp, "SIP/2.0 200 ")), 2); /* an answer; the first was an offer */
        assert_in_range(packets(w), 4, 6);
        assert_true(addr_equal(&last(w)->to, &rows[i].to));
        size_t heard = w->clients[c].rtp_count;
        world_phone_rtp(w, &from, 0, n++); /* the last packet of the old place changes nothing */
        for (int k = 0; k < 5; k++) {
            world_phone_rtp(w, &rows[i].to, 0, n++);
            world_run(w, DUR_MS(20));
        }
        assert_int_equal(w->clients[c].rtp_count, heard + 5);
        assert_true(addr_equal(&last(w)->to, &rows[i].to));
        from = rows[i].to;
    }
    assert_int_equal(last(w)->ssrc, before.ssrc);
    assert_int_equal((uint32_t)(last(w)->timestamp - before.timestamp),
                     160 * (uint16_t)(last(w)->sequence - before.sequence));
    close_call(w, c);
}

static void held_and_resumed(void **state)
{
    static const struct {
        const char *sdp, *ours;
        bool reports;
    } rows[] = {
        {BODY("10.0.0.9", "30000 RTP/AVP 0\r\na=sendonly\r\n"), "a=recvonly\r\n", true},
        {BODY("10.0.0.9", "30000 RTP/AVP 0\r\na=inactive\r\n"), "a=inactive\r\n", true},
        {BODY("0.0.0.0", "30000 RTP/AVP 0\r\n"), "a=recvonly\r\n", false},
        {BODY("0.0.0.0", "30000 RTP/AVP 0\r\na=inactive\r\n"), "a=inactive\r\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench b = up();
        struct world *w = b.w;
        put_wav(&b, "f", 0, 8000);
        world_send(w, b.c, "PLAY_WAV:f");
        world_run(w, DUR_MS(300));
        const char *answer = offer(w, rows[i].sdp, "SIP/2.0 200 ");
        assert_non_null(strstr(answer, rows[i].ours));
        size_t sent = w->sent_count;
        size_t reports = w->rtcp_count;
        struct world_rtp before = *last(w);
        world_run(w, DUR_S(20));
        assert_int_equal(w->sent_count, sent);
        assert_int_equal(w->rtcp_count > reports, rows[i].reports);
        assert_int_equal(world_count(w, b.c, "WAV_DONE:f"), 0); /* it waits */
        answer = offer(w, PCMU_ONLY, "SIP/2.0 200 ");
        assert_non_null(strstr(answer, "a=sendrecv\r\n"));
        assert_in_range(packets(w), 4, 6);
        const struct world_rtp *after = &w->sent[sent];
        assert_true(after->marker);
        assert_int_equal(after->ssrc, before.ssrc);
        assert_int_equal(after->sequence, (uint16_t)(before.sequence + 1));
        assert_int_equal((uint32_t)(after->timestamp - before.timestamp), (after->at - before.at) / DUR_MS(20) * FRAME);
        world_wait(w, b.c, "WAV_DONE:f", S5);
        assert_int_equal(world_count(w, b.c, "CALL_STATE:"), 3); /* trying, ringing, established */
        down(&b);
    }
}

static void hold_has_no_clock(void **state)
{
    static const char *const holds[] = {
        BODY("10.0.0.9", "30000 RTP/AVP 0\r\na=inactive\r\n"),
        BODY("10.0.0.9", "30000 RTP/AVP 0\r\na=sendonly\r\n"), /* and no music */
        BODY("0.0.0.0", "30000 RTP/AVP 0\r\n"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++) {
        size_t c;
        struct world *w = open_call(&c);
        offer(w, holds[i], "SIP/2.0 200 ");
        world_run(w, DUR_S(300));
        assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
        offer(w, phone_sdp, "SIP/2.0 200 ");
        world_run(w, DUR_S(29));
        assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
        world_wait(w, c, "CALL_STATE:ended:0:no media received for 30 s", DUR_S(2));
        world_run(w, DUR_S(40));
        world_end(w);
    }
}

/* ---- the codec ---- */

/* What `count` packets from number `from` on carry is the sound, each in the codec of its payload type; `was` as the recording has it. */
static void carries(struct bench *b, size_t from, size_t count, uint8_t *was)
{
    settle(b);
    for (size_t i = 0; i < count; i++) {
        const struct world_rtp *sent = &b->w->sent[from + i];
        enum audio_codec codec = sent->payload_type == 8 ? AUDIO_ALAW : AUDIO_ULAW;
        uint8_t want[FRAME];
        audio_convert(AUDIO_ULAW, b->sound + i * FRAME, codec, want, FRAME);
        if (memcmp(b->w->phone.rtp_payload + (from + i) * FRAME, want, FRAME) != 0) {
            fail_msg("packet %zu, of type %u", i, sent->payload_type);
        }
        audio_convert(codec, want, AUDIO_ULAW, was + i * FRAME, FRAME);
    }
}

static size_t first_sound(struct bench *b)
{
    settle(b);
    for (size_t i = 0; i < b->w->sent_count; i++) {
        if (memcmp(b->w->phone.rtp_payload + i * FRAME, b->sound, FRAME) == 0) {
            return i;
        }
    }
    fail_msg("no packet has the sound's first 20 ms");
    return 0;
}

/* One channel of the recording holds these samples. */
static void recorded(const struct world *w, size_t channel, const uint8_t *samples, size_t count)
{
    assert_true(w->recording.len >= WAV_ULAW_HEADER_LEN); /* without memory there is none */

    const uint8_t *data = w->recording.data + WAV_ULAW_HEADER_LEN + channel;
    size_t frames = (w->recording.len - WAV_ULAW_HEADER_LEN) / 2;

    for (size_t at = 0; at + count <= frames; at++) {
        size_t i = 0;
        while (i < count && data[2 * (at + i)] == samples[i]) {
            i++;
        }
        if (i == count) {
            return;
        }
    }
    fail_msg("channel %zu of the recording has a gap", channel);
}

#define SPOKEN 150 /* packets */

static void codec_of_what_is_sent(void **state)
{
    (void)state;
    for (int live = 0; live < 2; live++) {
        struct bench b = up(); /* its phone sends back what it gets */
        uint8_t was[SPOKEN * FRAME];
        put_wav(&b, "f", 0, SPOKEN * FRAME);
        if (live != 0) {
            speak(&b, 0, SPOKEN * FRAME);
        } else {
            world_send(b.w, b.c, "PLAY_WAV:f");
        }
        world_run(b.w, DUR_S(1));
        assert_non_null(strstr(offer(b.w, PCMA_ONLY, "SIP/2.0 200 "), "RTP/AVP 8\r\n"));
        world_run(b.w, DUR_MS(800));
        assert_non_null(strstr(offer(b.w, PCMU_ONLY, "SIP/2.0 200 "), "RTP/AVP 0\r\n"));
        world_run(b.w, DUR_S(2));
        size_t from = first_sound(&b);
        carries(&b, from, SPOKEN, was);
        assert_int_equal(b.w->sent[from + SPOKEN / 2].payload_type, 8);
        assert_int_equal(last(b.w)->payload_type, 0);
        every_20_ms(&b);
        assert_false(b.w->phone.rtp_gap);
        world_send(b.w, b.c, "HANGUP");
        world_run(b.w, DUR_S(1));
        assert_non_null(strstr(world_wait(b.w, b.c, "CALL_STATS:", S5), " codec=PCMU "));
        recorded(b.w, 1, was, sizeof(was));
        recorded(b.w, 0, was, sizeof(was));
        down(&b);
    }
}

static void codec_of_what_is_heard(void **state)
{
    static uint8_t octets[110 * FRAME], expected[110 * FRAME];
    size_t c;
    struct world *w = voice_call(NULL, "MEDIA:ulaw", &c);
    const struct world_client *client = &w->clients[c];
    struct voice v = voice_of(w, 0);

    (void)state;
    voice_speak(&v, 50);
    phone_request(w, "INVITE", NULL, PCMA_ONLY);
    voice_speak(&v, 10); /* under way, in the old one */
    phone_request(w, "ACK", NULL, NULL);
    v.payload_type = 8;
    voice_speak(&v, 50);
    world_run(w, DUR_MS(200));
    for (size_t i = 0; i < sizeof(octets); i++) {
        octets[i] = voice_octet(i);
    }
    memcpy(expected, octets, 60 * FRAME);
    audio_convert(AUDIO_ALAW, octets + 60 * FRAME, AUDIO_ULAW, expected + 60 * FRAME, 50 * FRAME);
    size_t at = 0;
    while (at + sizeof(expected) <= client->heard_len && memcmp(client->heard + at, expected, sizeof(expected)) != 0) {
        at++;
    }
    assert_true(at + sizeof(expected) <= client->heard_len);
    close_call(w, c);
}

static void codec_of_the_echo(void **state)
{
    struct world *w = open_world(72, CALLS_INCOMING_ECHO);
    struct caller_plan plan = {0};
    struct caller *caller = caller_call(w, "201", "300", &plan);
    struct net_addr from = addr_ipv4(10, 0, 0, 9, 30000);
    uint8_t was = 0;
    uint8_t becomes = 0;

    (void)state;
    status_is(w, caller, 200);
    for (uint16_t n = 1; n <= 8; n++) { /* 160 ms wait when the codec changes */
        world_phone_rtp(w, &from, 0, n);
    }
    world_run(w, DUR_MS(10));
    caller_request(w, caller, "INVITE", 10, PCMA_ONLY);
    world_run(w, DUR_MS(30));
    caller_request(w, caller, "ACK", 10, NULL);
    world_run(w, DUR_MS(200));
    size_t turned = 0;
    for (size_t i = 0; i < w->sent_count; i++) {
        if (w->sent[i].payload_type == 8 && w->sent[i].begin[0] != 0xD5) {
            for (was = 1; was <= 8; was++) {
                audio_convert(AUDIO_ULAW, &was, AUDIO_ALAW, &becomes, 1);
                turned += w->sent[i].begin[0] == becomes;
            }
        }
    }
    assert_true(turned >= 4);
    caller_bye(w, caller);
    world_run(w, DUR_S(40));
    world_end(w);
}

/* ---- keys, refusals, versions ---- */

static size_t of_type(const struct world *w, uint8_t type)
{
    size_t n = 0;

    for (size_t i = 0; i < w->sent_count; i++) {
        n += w->sent[i].payload_type == type;
    }
    return n;
}

static void keys(void **state)
{
    size_t c;
    struct world *w = voice_call(NULL, "MEDIA:off", &c);
    struct voice v = voice_of(w, 0);

    (void)state;
    offer(w, BODY("10.0.0.9", "30000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"), "SIP/2.0 200 ");
    world_send(w, c, "DTMF:1");
    world_run(w, DUR_MS(300));
    assert_true(of_type(w, 96) >= 5);
    assert_int_equal(of_type(w, 101), 0);
    for (unsigned i = 0; i < 7; i++) {
        voice_press(&v, 96, 5, i);
    }
    assert_int_equal(world_count(w, c, "DTMF:5"), 1);
    offer(w, PCMU_ONLY, "SIP/2.0 200 ");
    size_t events = of_type(w, 96);
    world_send(w, c, "DTMF:2"); /* in the audio */
    world_run(w, DUR_MS(300));
    assert_int_equal(of_type(w, 96), events);
    offer(w, phone_sdp, "SIP/2.0 200 ");
    world_send(w, c, "DTMF:3");
    world_run(w, DUR_MS(300));
    assert_true(of_type(w, 101) >= 5);
    close_call(w, c);
}

static void refused(void **state)
{
    static const char *const bad[] = {
        G729_ONLY,
        BODY("10.0.0.9", "0 RTP/AVP 0\r\n"),
        "v=0\r\no=phone 1 2 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=video 30000 RTP/AVP 31\r\n",
        "v=0\r\no=phone 1 2 IN IP6 2001:db8::9\r\ns=-\r\nc=IN IP6 2001:db8::9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n",
        "no SDP",
    };
    size_t c;
    struct world *w = voice_call(NULL, "MEDIA:rtp", &c);
    struct voice v = voice_of(w, 0);

    (void)state;
    voice_speak(&v, 10);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct world_rtp before = *last(w);
        size_t heard = w->clients[c].binary_count;
        offer(w, bad[i], "SIP/2.0 488 ");
        voice_speak(&v, 10);
        assert_int_equal(w->clients[c].binary_count, heard + 10);
        assert_int_equal(last(w)->to.port, 30000);
        assert_int_equal(last(w)->payload_type, 0);
        assert_int_equal((uint16_t)(last(w)->sequence - before.sequence),
                         (last(w)->timestamp - before.timestamp) / FRAME);
    }
    assert_false(w->phone.rtp_gap);
    close_call(w, c);
}

static void by_update(void **state)
{
    size_t c;
    struct world *w = open_call(&c);

    (void)state;
    phone_request(w, "UPDATE", NULL, PCMA_ONLY);
    world_run(w, DUR_MS(30));
    assert_int_equal(strncmp(answer_to(w, "UPDATE"), "SIP/2.0 200 ", 12), 0);
    assert_non_null(strstr(answer_to(w, "UPDATE"), "RTP/AVP 8\r\n"));
    assert_in_range(packets(w), 4, 6);
    assert_int_equal(last(w)->payload_type, 8);
    phone_request(w, "UPDATE", NULL, G729_ONLY);
    world_run(w, DUR_MS(30));
    assert_int_equal(strncmp(answer_to(w, "UPDATE"), "SIP/2.0 488 ", 12), 0);
    assert_in_range(packets(w), 4, 6);
    assert_int_equal(last(w)->payload_type, 8);
    close_call(w, c);
}

static void many_lines(void **state)
{
    char sdp[4096] = BODY("10.0.0.9", "30000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n");
    size_t c;
    struct world *w = open_call(&c);
    int lines = 0;

    (void)state;
    for (int i = 0; i < 12; i++) {
        strcat(sdp,
               "m=video 40000 RTP/AVP 96 97 98 99 100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115\r\n");
    }
    const char *answer = offer(w, sdp, "SIP/2.0 200 ");
    while ((answer = strstr(answer, "\r\nm=video 0 ")) != NULL) {
        answer++;
        lines++;
    }
    assert_int_equal(lines, 12);
    close_call(w, c);
}

static void version(void **state)
{
    static const char hold[] = BODY("10.0.0.9", "30000 RTP/AVP 0\r\na=sendonly\r\n");
    size_t c;
    struct world *w = open_call(&c);

    (void)state;
    assert_int_equal(version_of(world_message(w, true, "INVITE ", 0)), 1);
    assert_int_equal(version_of(offer(w, phone_sdp, "SIP/2.0 200 ")), 2);
    assert_int_equal(version_of(offer(w, phone_sdp, "SIP/2.0 200 ")), 2);
    (void)offer(w, G729_ONLY, "SIP/2.0 488 ");
    assert_int_equal(version_of(offer(w, phone_sdp, "SIP/2.0 200 ")), 2);
    assert_int_equal(version_of(offer(w, hold, "SIP/2.0 200 ")), 3);
    assert_int_equal(version_of(offer(w, BODY("0.0.0.0", "30000 RTP/AVP 0\r\n"), "SIP/2.0 200 ")),
                     3); /* recvonly too */
    assert_int_equal(version_of(offer(w, PCMU_ONLY, "SIP/2.0 200 ")), 4);
    close_call(w, c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row),
        cmocka_unit_test(moves),
        cmocka_unit_test(held_and_resumed),
        cmocka_unit_test(hold_has_no_clock),
        cmocka_unit_test(codec_of_what_is_sent),
        cmocka_unit_test(codec_of_what_is_heard),
        cmocka_unit_test(codec_of_the_echo),
        cmocka_unit_test(keys),
        cmocka_unit_test(refused),
        cmocka_unit_test(by_update),
        cmocka_unit_test(many_lines),
        cmocka_unit_test(version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
