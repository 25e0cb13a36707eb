/* SPDX-License-Identifier: MIT */
/* DTMF towards the far end, on a virtual clock.
 *
 *  refusals        no call, not answered, no keys, too many, no room behind those that wait
 *  events          RFC 4733 packet by packet, by the payload type that was agreed, 20 ms apart whatever the packet time
 *  a caller        hears them by the payload type of its offer
 *  audio           timestamps go on as if nothing had been; a file and live audio wait and lose nothing
 *  tones           without an agreement: to the sample, in the call's codec, in packets as agreed
 *  clocks          ticks that come late or are skipped change no duration
 *  no audio wanted while nothing may be sent the keys wait
 *  the exchange    a key comes back
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

#define SDP(x) "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP " x "\r\n"
#define EVENTS "a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\n"

static struct world *talking(const char *sdp, size_t *client)
{
    struct world *w = world_new(1, NULL);

    w->phone.plan.sdp = sdp;
    *client = world_connect(w);
    world_send(w, *client, "MEDIA:off");
    world_send(w, *client, "CALL:1");
    world_wait(w, *client, "CALL_STATE:established", S5);
    world_run(w, DUR_MS(200));
    return w;
}

static bool is_event(const struct world_rtp *p)
{
    return p->payload_type == 96;
}

static size_t first_event(const struct world *w, size_t from)
{
    while (from < w->sent_count && !is_event(&w->sent[from])) {
        from++;
    }
    assert_true(from < w->sent_count);
    return from;
}

static unsigned duration_of(const struct world_rtp *p)
{
    return (unsigned)p->begin[2] << 8 | p->begin[3];
}

/* ---- refusals ---- */

static void test_refusals(void **state)
{
    static const struct {
        const char *command, *error;
    } rows[] = {
        {"DTMF", "ERROR:DTMF:bad_argument:"},
        {"DTMF:", "ERROR:DTMF:bad_argument:"},
        {"DTMF:E", "ERROR:DTMF:bad_argument:"},
        {"DTMF:1 2", "ERROR:DTMF:bad_argument:"},
        {"DTMF:\xef\xbc\x91", "ERROR:DTMF:bad_argument:"},
        {"DTMF:12345678901234567890123456789012345678901234567890123456789012345", "ERROR:DTMF:too_large:"},
    };
    struct world *w = world_new(1, NULL);
    size_t c = world_connect(w);

    (void)state;
    world_send(w, c, "DTMF:1");
    world_wait(w, c, "ERROR:DTMF:no_call:", S5);
    world_send(w, c, "CALL:1");
    world_send(w, c, "DTMF:1");
    world_wait(w, c, "ERROR:DTMF:not_established:", S5);
    world_wait(w, c, "CALL_STATE:established", S5);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_send(w, c, rows[i].command);
        world_run(w, 0);
        assert_int_equal(world_count(w, c, "ERROR:"), i + 3);
        const char *text = w->clients[c].texts[w->clients[c].text_count - 1];
        assert_memory_equal(text, rows[i].error, strlen(rows[i].error));
    }
    world_send(w, c, "DTMF:123456789012345678901234567890123456789012345678901234567890123");
    world_send(w, c, "DTMF:12");
    world_wait(w, c, "ERROR:DTMF:busy:", S5);
    world_send(w, c, "DTMF:1");
    world_run(w, DUR_S(14)); /* 64 keys of 200 ms */
    world_send(w, c, "DTMF:123456789012345678901234567890123456789012345678901234567890123,");
    world_run(w, DUR_S(1));
    assert_int_equal(world_count(w, c, "ERROR:"), 3 + sizeof(rows) / sizeof(rows[0]));
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(1));
    world_send(w, c, "CALL:1"); /* nothing of the last call's keys is left */
    world_wait(w, c, "CALL_STATE:established", S5);
    size_t from = w->sent_count;
    world_run(w, DUR_S(1));
    for (; from < w->sent_count; from++) {
        assert_int_equal(w->sent[from].len, 160);
    }
    world_end(w);
}

/* ---- events ---- */

/* An event's seven packets and the silence behind it: in ten ticks of 20 ms from packet `at` on. */
static void whole_event(const struct world *w, size_t at, uint8_t event)
{
    const struct world_rtp *first = &w->sent[at];

    for (unsigned i = 0; i < 10; i++) {
        const struct world_rtp *p = &w->sent[at + i];
        assert_int_equal(p->at, first->at + DUR_MS(20) * i);
        assert_int_equal(p->sequence, (uint16_t)(first->sequence + i));
        assert_int_equal(p->ssrc, first->ssrc);
        if (i < 7) {
            assert_int_equal(p->payload_type, 96);
            assert_int_equal(p->len, 4);
            assert_int_equal(p->timestamp, first->timestamp);
            assert_int_equal(p->marker, i == 0);
            assert_int_equal(p->begin[0], event);
            assert_int_equal(p->begin[1], (i >= 4 ? 0x80 : 0) | RTP_DTMF_VOLUME_DBM);
            assert_int_equal(duration_of(p), i < 5 ? 160 * (i + 1) : 800);
        } else {
            assert_int_equal(p->payload_type, 0);
            assert_int_equal(p->timestamp, first->timestamp + 160 * i);
            assert_int_equal(p->marker, i == 7);
        }
    }
}

static void test_events(void **state)
{
    size_t c;
    struct world *w = talking(SDP("0 96") EVENTS, &c);

    (void)state;
    size_t before = w->sent_count;
    mono_us asked = w->now;
    world_send(w, c, "DTMF:0#,d");
    world_run(w, DUR_S(3));
    size_t at = first_event(w, before);
    assert_true(w->sent[at].at - asked <= DUR_MS(20)); /* at once */
    assert_int_equal(w->sent[at].timestamp, w->sent[at - 1].timestamp + 160);
    whole_event(w, at, 0);
    whole_event(w, at + 10, 11);
    whole_event(w, at + 20 + 25, 15);
    for (size_t i = before; i < w->sent_count; i++) { /* one packet each 20 ms, one sequence, one line of timestamps */
        assert_int_equal(w->sent[i].sequence, (uint16_t)(w->sent[0].sequence + i));
        assert_true(is_event(&w->sent[i]) || w->sent[i].timestamp == w->sent[0].timestamp + 160 * i);
    }
    assert_false(w->phone.rtp_gap);
    world_end(w);
}

static void test_events_whatever_the_packet_time(void **state)
{
    static const char *const sdps[] = {SDP("0 96") EVENTS "a=ptime:40\r\n", SDP("0 96") EVENTS "a=ptime:60\r\n",
                                       SDP("0 96") EVENTS "a=ptime:30\r\n"};
    static const size_t len[] = {320, 480, 160};

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        size_t c;
        struct world *w = talking(sdps[k], &c);
        size_t before = w->sent_count;
        assert_int_equal(w->sent[before - 1].len, len[k]);
        world_send(w, c, "DTMF:12");
        world_run(w, DUR_S(2));
        size_t at = first_event(w, before);
        whole_event(w, at, 1);
        whole_event(w, at + 10, 2);
        uint32_t next = w->sent[at].timestamp + 3200;
        for (size_t i = at + 20; i < w->sent_count; i++) {
            assert_int_equal(w->sent[i].len, len[k]);
            assert_int_equal(w->sent[i].timestamp, next);
            assert_int_equal(w->sent[i].at,
                             w->sent[at].at + DUR_MS(400) + (dur_us)(i - at - 20) * (dur_us)len[k] * 125);
            next += (uint32_t)len[k];
        }
        world_end(w);
    }
}

/* The caller's offer has a number of its own for them. */
static void test_events_to_a_caller(void **state)
{
    struct world *w = open_world(3, CALLS_INCOMING_RING);
    size_t c = listener(w);
    struct caller_plan plan = {.sdp = SDP("8 96") EVENTS};

    (void)state;
    struct caller *a = caller_call(w, "0921367101", "5000", &plan);
    status_is(w, a, 180);
    world_send(w, c, "DTMF:1");
    world_run(w, 0);
    assert_int_equal(world_count(w, c, "ERROR:DTMF:no_call:"), 1); /* it only rings */
    world_send(w, c, "ANSWER");
    world_run(w, DUR_MS(200));
    size_t before = w->sent_count;
    world_send(w, c, "DTMF:*");
    world_run(w, DUR_S(1));
    size_t at = first_event(w, before);
    assert_int_equal(w->sent[at + 7].payload_type, 8);
    w->sent[at + 7].payload_type = w->sent[at + 8].payload_type = w->sent[at + 9].payload_type = 0;
    whole_event(w, at, 10);
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(1));
    world_end(w);
}

/* ---- audio beside it ---- */

/* The file stops for the keys, and goes on where it was: not a sample of it is lost. */
static void test_a_file_waits(void **state)
{
    size_t c;
    struct world *w = talking(SDP("0 96") EVENTS, &c);
    static uint8_t samples[16000];
    static uint8_t file[17000];
    static uint8_t heard[32000];
    size_t count = 0;
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(samples); i++) {
        samples[i] = (uint8_t)((((i + 1) * 0x9E3779B97F4A7C15u) >> 40) & 0x7E);
    }
    struct wavgen g = {.data = samples, .data_len = sizeof(samples)};
    world_put_file(w, "a.wav", file, wavgen_build(file, sizeof(file), &g));
    world_send(w, c, "PLAY_WAV:a.wav");
    world_run(w, DUR_MS(500));
    size_t first = w->sent_count;
    world_send(w, c, "DTMF:12");
    world_run(w, DUR_S(4));
    whole_event(w, first_event(w, first), 1);
    whole_event(w, first_event(w, first) + 10, 2);
    assert_int_equal(world_count(w, c, "WAV_DONE:a.wav"), 1);
    for (size_t i = 0; i < w->sent_count && at + w->sent[i].len <= w->phone.rtp_len; at += w->sent[i++].len) {
        if (!is_event(&w->sent[i]) && w->phone.rtp_payload[at] != ULAW_SILENCE && count < sizeof(samples)) {
            memcpy(heard + count, w->phone.rtp_payload + at, 160);
            count += 160;
        }
    }
    assert_int_equal(count, sizeof(samples));
    assert_memory_equal(heard, samples, sizeof(samples));
    world_end(w);
}

/* ---- tones ---- */

static void test_tones(void **state)
{
    static const char *const sdps[] = {SDP("0"), SDP("8"), SDP("0") "a=ptime:40\r\n", SDP("8") "a=ptime:60\r\n"};
    static const size_t len[] = {160, 160, 320, 480};
    static int16_t tone[800];
    static uint8_t l16[1600];
    static uint8_t expected[8800];

    (void)state;
    for (size_t k = 0; k < 4; k++) {
        size_t c;
        struct world *w = talking(sdps[k], &c);
        enum audio_codec codec = k % 2 == 0 ? AUDIO_ULAW : AUDIO_ALAW;
        memset(expected, audio_silence(codec), sizeof(expected));
        static const char keys[] = {'1', 'D', ',', '#'};
        size_t at = 0;
        for (size_t i = 0; i < 4; i++) {
            if (keys[i] == ',') {
                at += 4000;
                continue;
            }
            audio_key_tone(tone, 800, keys[i], 0, 800);
            audio_l16_pack(tone, 800, l16);
            audio_convert(AUDIO_L16, l16, codec, expected + at, 800);
            at += 1600;
        }
        world_send(w, c, "DTMF:1d,#");
        world_run(w, 0);
        w->phone.rtp_len = 0;
        world_run(w, DUR_S(2));
        size_t begin = 0;
        while (w->phone.rtp_payload[begin] == audio_silence(codec)) {
            begin++;
        }
        begin -= begin % 160;
        assert_true(begin <= 480 && begin + 8800 <= w->phone.rtp_len);
        assert_memory_equal(w->phone.rtp_payload + begin, expected, 8800);
        for (size_t i = 0; i < w->sent_count; i++) {
            assert_int_equal(w->sent[i].len, len[k]);
        }
        world_end(w);
    }
}

/* ---- clocks ---- */

/* We stand still for so long, so many packets into the first key. */
static void test_stand_still(void **state)
{
    (void)state;
    for (int ms = 20; ms <= 500; ms += 40) {
        for (int after = 0; after < 8; after++) {
            size_t c;
            struct world *w = talking(SDP("0 96") EVENTS, &c);
            size_t before = w->sent_count;
            world_send(w, c, "DTMF:45");
            world_run(w, DUR_MS(20) * (after + 1));
            world_stall(w, DUR_MS(ms));
            world_run(w, DUR_S(1));
            size_t at = first_event(w, before);
            uint32_t started = w->sent[at].timestamp;
            unsigned ends = 0;
            unsigned last = 0;
            for (; is_event(&w->sent[at]) && w->sent[at].begin[0] == 4; at++) {
                assert_int_equal(w->sent[at].timestamp, started);
                assert_true(duration_of(&w->sent[at]) >= last && duration_of(&w->sent[at]) <= 800);
                last = duration_of(&w->sent[at]);
                ends += w->sent[at].begin[1] >> 7;
            }
            assert_int_equal(last, 800);
            assert_int_equal(ends, 3);
            at = first_event(w, at);
            assert_int_equal(w->sent[at].begin[0], 5);
            assert_true(w->sent[at].timestamp - started >= 1600);
            assert_true((w->sent[at].timestamp - w->sent[0].timestamp) % 160 == 0);
            world_end(w);
        }
    }
}

/* ---- nothing may be sent ---- */

static void test_held(void **state)
{
    size_t c;
    struct world *w = talking(SDP("0 96") EVENTS "a=sendonly\r\n", &c);

    (void)state;
    world_send(w, c, "DTMF:1");
    world_run(w, DUR_S(1));
    assert_int_equal(w->sent_count, 0);
    world_end(w);
}

/* ---- the loopback exchange ---- */

static void test_keys_come_back(void **state)
{
    struct world *w = world_new_mirror(1, NULL);
    size_t c = world_connect(w);
    char heard[32];
    size_t n = 0;

    (void)state;
    world_send(w, c, "MEDIA:ulaw");
    world_send(w, c, "CALL:echo");
    world_wait(w, c, "CALL_STATE:established", S5);
    world_send(w, c, "DTMF:0123456789*#ABCD55");
    world_run(w, S5);
    for (size_t i = 0; i < w->clients[c].text_count; i++) {
        if (strncmp(w->clients[c].texts[i], "DTMF:", 5) == 0) {
            assert_true(n < sizeof(heard) - 1);
            heard[n++] = w->clients[c].texts[i][5];
        }
    }
    heard[n] = '\0';
    assert_string_equal(heard, "0123456789*#ABCD55");
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_events_whatever_the_packet_time),
        cmocka_unit_test(test_events_to_a_caller),
        cmocka_unit_test(test_a_file_waits),
        cmocka_unit_test(test_tones),
        cmocka_unit_test(test_stand_still),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_keys_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
