/* SPDX-License-Identifier: MIT */
/* What a client hears in the decoded formats, and the keys that the far end presses, on a virtual clock.
 *
 *  samples         ulaw, alaw, l16, l16/16000 in PCMU and PCMA calls, to the bit; 10 to 60 ms a packet, mixed
 *  a stream        20 ms each 20 ms from the answer to the end, held or not, RTP or not; the tail of a call; early packets
 *  lossy links     lost, repeated and reordered packets; a stand-still of ours; a far end that changes its SSRC
 *  another format  nothing of the old one behind the echo; a slow reader loses the oldest
 *  comfort noise   as loud as told; not an invalid packet
 *  keys            once a press, in every format; by either payload type; their place in the audio is a gap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "voice.h"

/* ---- what is heard ---- */

static bool is_silence(const uint8_t *at, size_t len, uint8_t silence)
{
    for (size_t i = 0; i < len; i++) {
        if (at[i] != silence) {
            return false;
        }
    }
    return true;
}

static void heard_is(const struct world_client *c, size_t at, const void *expected, size_t len)
{
    assert_true(at + len <= c->heard_len);
    assert_memory_equal(c->heard + at, expected, len);
}

static void heard_silence(const struct world_client *c, size_t at, size_t len, uint8_t silence)
{
    assert_true(at + len <= c->heard_len);
    assert_true(is_silence(c->heard + at, len, silence));
}

/* Bytes of silence that the ear has got from `from` on. */
static size_t silent_bytes(const struct world_client *c, size_t from, uint8_t silence)
{
    size_t at = from;

    while (at < c->heard_len && c->heard[at] == silence) {
        at++;
    }
    return at - from;
}

/* What `count` samples of the voice are in a format (not the wide one). */
static void in_format(uint8_t payload_type, enum audio_codec to, uint64_t from, size_t count, uint8_t *out)
{
    static uint8_t octets[32000];

    assert_true(count <= sizeof(octets));
    for (size_t i = 0; i < count; i++) {
        octets[i] = voice_octet(from + i);
    }
    audio_convert(payload_type == 8 ? AUDIO_ALAW : AUDIO_ULAW, octets, to, out, count);
}

static void test_samples(void **state)
{
    static const struct {
        const char *command;
        enum audio_codec codec;
        size_t width;
    } formats[] = {{"MEDIA:ulaw", AUDIO_ULAW, 1}, {"MEDIA:alaw", AUDIO_ALAW, 1}, {"MEDIA:l16", AUDIO_L16, 2}};
    static const size_t lengths[][4] = {{160, 160, 160, 160}, {80, 80, 80, 80},     {240, 240, 240, 240},
                                        {320, 320, 320, 320}, {480, 480, 480, 480}, {80, 480, 240, 160}};
    static uint8_t expected[64000];

    (void)state;
    for (size_t f = 0; f < 3 * 2 * 6; f++) {
        size_t c;
        size_t width = formats[f % 3].width;
        uint8_t type = f / 3 % 2 == 0 ? 0 : 8;
        const size_t *length = lengths[f / 6];
        struct world *w = voice_call(type == 0 ? SDP("0") : SDP("8"), formats[f % 3].command, &c);
        const struct world_client *client = &w->clients[c];
        struct voice v = voice_of(w, type);
        for (int i = 0; i < 40; i++) {
            size_t samples = length[i % 4];
            voice_packet(&v, samples, true);
            world_run(w, (dur_us)samples * 125);
        }
        world_run(w, DUR_MS(100));
        assert_true(client->heard_len == client->binary_count * 160 * width);
        size_t begin = silent_bytes(client, 0, audio_silence(formats[f % 3].codec));
        begin -= begin % (160 * width);
        in_format(type, formats[f % 3].codec, 0, (size_t)v.spoken, expected);
        assert_true(begin + v.spoken * width <= client->heard_len);
        heard_is(client, begin, expected, (size_t)v.spoken * width);
        assert_int_equal(world_count(w, c, "ERROR:"), 0);
        world_end(w);
    }
}

/* As the resampler makes them, in frames of 640 bytes. */
static void test_wide_samples(void **state)
{
    size_t c;
    struct world *w = voice_call(NULL, "MEDIA:l16/16000", &c);
    struct voice v = voice_of(w, 0);
    struct resampler *r;
    int16_t in[160];
    int16_t out[320];
    uint8_t bytes[640];

    (void)state;
    world_run(w, DUR_S(1));
    size_t before = w->clients[c].heard_len;
    assert_true(is_silence(w->clients[c].heard, before, 0));
    voice_speak(&v, 50);
    assert_int_equal(w->clients[c].heard_len % 640, 0);
    assert_int_equal(w->clients[c].heard_len, w->clients[c].binary_count * 640);
    assert_int_equal(resample_new(8000, 16000, RESAMPLE_LIVE, &r), ST_OK);
    size_t at = before + silent_bytes(&w->clients[c], before, 0) / 640 * 640;
    for (uint64_t n = 0; at + 640 <= w->clients[c].heard_len; n++, at += 640) {
        for (size_t i = 0; i < 160; i++) {
            in[i] = ulaw_to_linear(voice_octet(n * 160 + i));
        }
        assert_int_equal(resample_push(r, in, 160, out), 320);
        audio_l16_pack(out, 320, bytes);
        heard_is(&w->clients[c], at, bytes, 640);
    }
    resample_free(r);
    world_end(w);
}

/* ---- a stream ---- */

static void test_frames_without_rtp(void **state)
{
    size_t c;
    struct world *w = voice_call(NULL, "MEDIA:ulaw", &c);
    const struct world_client *client = &w->clients[c];

    (void)state;
    size_t before = client->binary_count;
    world_run(w, DUR_S(3));
    assert_int_equal(client->binary_count, before + 150);
    assert_true(is_silence(client->heard, client->heard_len, ULAW_SILENCE));
    phone_request(w, "INVITE", NULL, SDP("0") "a=sendrecv\r\n");
    world_run(w, DUR_S(1));
    world_send(w, c, "MEDIA:hex"); /* and back: it begins at once again */
    world_run(w, DUR_S(1));
    assert_int_equal(client->binary_count, before + 200);
    world_send(w, c, "MEDIA:alaw");
    world_run(w, DUR_S(1));
    assert_int_equal(client->binary_count, before + 250);
    world_send(w, c, "HANGUP");
    world_wait(w, c, "CALL_STATE:ended", S5);
    size_t after = client->binary_count;
    world_run(w, DUR_S(1));
    assert_int_equal(client->binary_count, after);
    world_end(w);
}

/* A far end that we must not hear: silence all the same. */
static void test_frames_while_held(void **state)
{
    size_t c;
    struct world *w = voice_call(SDP("0") "a=recvonly\r\n", "MEDIA:l16", &c);

    (void)state;
    size_t before = w->clients[c].binary_count;
    world_run(w, DUR_S(2));
    assert_int_equal(w->clients[c].binary_count, before + 100);
    world_end(w);
}

/* It says its last word and hangs up: all of it is heard before ended. */
static void test_the_tail(void **state)
{
    size_t c;
    struct world *w = voice_call(NULL, "MEDIA:ulaw", &c);
    const struct world_client *client = &w->clients[c];
    struct voice v = voice_of(w, 0);
    uint8_t expected[1600];

    (void)state;
    voice_speak(&v, 10);
    phone_request(w, "BYE", NULL, NULL);
    world_wait(w, c, "CALL_STATE:ended", S5);
    in_format(0, AUDIO_ULAW, 0, 1600, expected);
    assert_true(client->heard_len >= 1600);
    heard_is(client, client->heard_len - 1600, expected, 1600);
    assert_int_equal(client->text_heard[client->text_count - 1], client->heard_len);
    world_end(w);
}

/* RTP is faster than the answer. */
static void test_before_the_answer(void **state)
{
    struct world *w = world_new(1, NULL);
    size_t c = world_connect(w);
    struct voice v = voice_of(w, 0);
    uint8_t expected[4800];

    (void)state;
    w->phone.plan.final_ms = 300;
    world_send(w, c, "MEDIA:ulaw");
    world_send(w, c, "CALL:1");
    world_run(w, DUR_MS(150));
    voice_speak(&v, 30);
    world_run(w, S5);
    in_format(0, AUDIO_ULAW, 160, 4640, expected); /* no SDP yet: the first packet could be anybody's */
    size_t begin = silent_bytes(&w->clients[c], 0, ULAW_SILENCE);
    heard_is(&w->clients[c], begin - begin % 160, expected, 4640);
    world_end(w);
}

/* ---- lossy links ---- */

static void test_lost_repeated_reordered(void **state)
{
    size_t c;
    struct world *w = voice_call(NULL, "MEDIA:ulaw", &c);
    const struct world_client *client = &w->clients[c];
    struct voice v = voice_of(w, 0);
    struct voice old = v;
    uint8_t expected[160];

    (void)state;
    for (int i = 0; i < 100; i++) {
        bool lost = i % 10 == 3;
        bool late = i % 10 == 6; /* comes behind the next two, twice */
        if (late) {
            old = v;
        }
        voice_packet(&v, 160, !lost && !late);
        if (i % 10 == 8) {
            voice_packet(&old, 160, true);
            old.sequence--;
            old.timestamp -= 160;
            old.spoken -= 160;
            voice_packet(&old, 160, true);
        }
        world_run(w, DUR_MS(20));
    }
    world_run(w, DUR_MS(100));
    size_t begin = silent_bytes(client, 0, ULAW_SILENCE);
    begin -= begin % 160;
    for (size_t i = 0; i < 100; i++) {
        in_format(0, AUDIO_ULAW, i * 160, 160, expected);
        if (i % 10 == 3) {
            heard_silence(client, begin + i * 160, 160, ULAW_SILENCE);
        } else {
            heard_is(client, begin + i * 160, expected, 160);
        }
    }
    world_end(w);
}

/* Jitter of up to 39 ms and one packet in ten lost: each sample that came is heard in its place. */
static void test_jitter_and_loss(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *w = world_new(seed, NULL);
        size_t c = world_connect(w);
        struct voice v = voice_of(w, 0);
        size_t found = 0;
        world_send(w, c, "MEDIA:ulaw");
        world_send(w, c, "CALL:1");
        world_wait(w, c, "CALL_STATE:established", S5);
        w->jitter = DUR_MS(39);
        w->loss_percent = 10;
        voice_speak(&v, 200);
        w->jitter = 0;
        world_run(w, DUR_MS(200));
        const struct world_client *client = &w->clients[c];
        size_t at = silent_bytes(client, 0, ULAW_SILENCE);
        at -= at % 160;
        uint64_t first = 0;
        assert_true(client->heard_len > at + 160);
        while (voice_octet(first * 160) != client->heard[at] || voice_octet(first * 160 + 1) != client->heard[at + 1]) {
            first++;
        }
        for (uint64_t n = first; n < 200; n++, at += 160) {
            uint8_t expected[160];
            in_format(0, AUDIO_ULAW, n * 160, 160, expected);
            assert_true(at + 160 <= client->heard_len);
            bool same = memcmp(client->heard + at, expected, 160) == 0;
            assert_true(same || is_silence(client->heard + at, 160, ULAW_SILENCE));
            found += same ? 1 : 0;
        }
        world_send(w, c, "STATS");
        char text[64];
        snprintf(text, sizeof(text), " rx_packets=%zu ", found);
        assert_non_null(strstr(world_wait(w, c, "CALL_STATS:", S5), text));
        w->loss_percent = 0;
        world_end(w);
    }
}

/* We stand still for so long; the packets wait in the socket, and nothing of them is lost up to 400 ms. */
static void test_stand_still(void **state)
{
    (void)state;
    for (int ms = 20; ms <= 400; ms += 20) {
        size_t c;
        struct world *w = voice_call(NULL, "MEDIA:ulaw", &c);
        const struct world_client *client = &w->clients[c];
        struct voice v = voice_of(w, 0);
        uint8_t expected[16000];
        voice_speak(&v, 20);
        for (int i = 0; i < ms / 20; i++) {
            voice_packet(&v, 160, true);
        }
        world_stall(w, DUR_MS(ms));
        voice_speak(&v, 40);
        world_run(w, DUR_MS(100));
        size_t begin = silent_bytes(client, 0, ULAW_SILENCE);
        in_format(0, AUDIO_ULAW, 0, (size_t)v.spoken, expected);
        heard_is(client, begin - begin % 160, expected, (size_t)v.spoken);
        world_end(w);
    }
}

static void test_another_ssrc(void **state)
{
    size_t c;
    struct world *w = voice_call(NULL, "MEDIA:ulaw", &c);
    const struct world_client *client = &w->clients[c];
    struct voice v = voice_of(w, 0);
    uint8_t expected[6400];

    (void)state;
    voice_speak(&v, 20);
    v.ssrc = 0x9999;
    v.timestamp = 77;
    v.sequence = 4;
    voice_speak(&v, 20);
    world_run(w, DUR_MS(100));
    size_t begin = silent_bytes(client, 0, ULAW_SILENCE);
    in_format(0, AUDIO_ULAW, 0, 6400, expected);
    heard_is(client, begin - begin % 160, expected, 6400);
    world_end(w);
}

/* ---- another format ---- */

static void test_nothing_old_behind_the_echo(void **state)
{
    static const struct {
        const char *command;
        size_t frame;
    } formats[] = {{"MEDIA:ulaw", 160}, {"MEDIA:l16", 320},       {"MEDIA:alaw", 160},
                   {"MEDIA:rtp", 172},  {"MEDIA:l16/16000", 640}, {"MEDIA:ulaw", 160}};
    size_t c;
    struct world *w = voice_call(NULL, "MEDIA:l16", &c);
    struct world_client *client = &w->clients[c];
    struct voice v = voice_of(w, 0);

    (void)state;
    voice_speak(&v, 20);
    for (size_t i = 0; i < 12; i++) {
        client->reading = false; /* frames of the old format pile up */
        voice_speak(&v, 200);
        world_send(w, c, formats[i % 6].command);
        voice_speak(&v, 20);
        client->reading = true;
        world_run(w, 0);
        voice_speak(&v, 20);
        assert_true(strncmp(client->texts[client->text_count - 1], "MEDIA:", 6) == 0);
        size_t behind = client->heard_len - client->text_heard[client->text_count - 1];
        assert_int_equal(behind % formats[i % 6].frame, 0);
        assert_in_range(behind / formats[i % 6].frame, 39, 41);
        assert_int_equal(client->last_len, formats[i % 6].frame);
    }
    world_end(w);
}

static void test_slow_reader(void **state)
{
    size_t c;
    struct world *w = voice_call(NULL, "MEDIA:l16/16000", &c);
    struct world_client *client = &w->clients[c];
    struct voice v = voice_of(w, 0);

    (void)state;
    client->reading = false;
    voice_speak(&v, 1000);
    client->reading = true;
    world_run(w, DUR_MS(100));
    assert_int_equal(world_count(w, c, "ERROR:MEDIA:busy:"), 1);
    assert_int_equal(client->heard_len % 640, 0);
    assert_true(client->binary_count < 400); /* the rings' worth, not 1000 */
    size_t had = client->binary_count;
    voice_speak(&v, 50);
    assert_int_equal(client->binary_count, had + 50);
    world_end(w);
}

/* ---- comfort noise ---- */

static void test_comfort_noise(void **state)
{
    static const char *const formats[] = {"MEDIA:ulaw", "MEDIA:alaw", "MEDIA:l16", "MEDIA:l16/16000"};
    static const size_t width[] = {1, 1, 2, 4};

    (void)state;
    for (size_t f = 0; f < 4; f++) {
        size_t c;
        struct world *w = voice_call(NULL, formats[f], &c);
        const struct world_client *client = &w->clients[c];
        struct voice v = voice_of(w, 0);
        uint8_t level = 40;
        voice_speak(&v, 20);
        voice_say(&v, 13, false, v.sequence++, v.timestamp, &level, 1);
        world_run(w, DUR_S(2));
        double sum = 0;
        size_t bytes = 8000 * width[f]; /* the last second */
        assert_true(client->heard_len > bytes);
        const uint8_t *at = client->heard + client->heard_len - bytes;
        for (size_t i = 0; i < bytes; i += f < 2 ? 1 : 2) {
            int16_t x = 0;
            if (f < 2) {
                x = f == 0 ? ulaw_to_linear(at[i]) : alaw_to_linear(at[i]);
            } else {
                audio_l16_unpack(at + i, 1, &x);
            }
            sum += (double)x * x;
        }
        double mean = sum / (f == 3 ? 16000 : 8000); /* 40 dB below 32768: 107374 */
        assert_true(mean > 60000 && mean < 140000);
        v.timestamp += 16000;
        v.spoken = 0;
        voice_speak(&v, 10);
        assert_int_equal(gateway_stats(w->gateway).media.rtp_dropped, 0);
        world_end(w);
    }
}

/* ---- keys ---- */

static void test_keys_in_every_format(void **state)
{
    static const char *const formats[] = {"MEDIA:hex", "MEDIA:rtp", "MEDIA:off", "MEDIA:ulaw", "MEDIA:l16/16000"};

    (void)state;
    for (size_t f = 0; f < 5; f++) {
        size_t c;
        struct world *w = voice_call(NULL, formats[f], &c);
        struct voice v = voice_of(w, 0);
        for (unsigned event = 0; event < 18; event++) {
            voice_speak(&v, 2);
            for (unsigned i = 0; i < 7; i++) {
                voice_press(&v, 101, (uint8_t)event, i);
                if (i == 0 && event < 16) {
                    assert_int_equal(world_count(w, c, "DTMF:"), event + 1); /* told with the first packet */
                }
            }
            v.timestamp += 7 * 160;
        }
        assert_int_equal(world_count(w, c, "DTMF:"), 16);
        const char *keys = "0123456789*#ABCD";
        for (size_t i = 0, k = 0; i < w->clients[c].text_count; i++) {
            const char *text = w->clients[c].texts[i];
            if (strncmp(text, "DTMF:", 5) == 0) {
                assert_true(strlen(text) == 6 && text[5] == keys[k++]);
            }
        }
        size_t packets = 18 * 9;
        assert_int_equal(w->clients[c].rtp_count, f == 0 ? packets : 0); /* raw: the events too */
        assert_true(f != 1 || w->clients[c].binary_count == packets);
        world_end(w);
    }
}

/* The place of an event in the audio is a gap of its length. */
static void test_keys_are_left_out_of_the_audio(void **state)
{
    size_t c;
    struct world *w = voice_call(NULL, "MEDIA:alaw", &c);
    const struct world_client *client = &w->clients[c];
    struct voice v = voice_of(w, 0);
    uint8_t expected[3200];

    (void)state;
    voice_speak(&v, 20);
    for (unsigned i = 0; i < 5; i++) {
        voice_press(&v, 101, 5, i);
    }
    v.timestamp += 800;
    voice_speak(&v, 20);
    world_run(w, DUR_MS(100));
    size_t begin = silent_bytes(client, 0, ALAW_SILENCE);
    begin -= begin % 160;
    in_format(0, AUDIO_ALAW, 0, 3200, expected);
    heard_is(client, begin, expected, 3200);
    heard_silence(client, begin + 3200, 800, ALAW_SILENCE);
    in_format(0, AUDIO_ALAW, 3200, 3200, expected);
    heard_is(client, begin + 4000, expected, 3200);
    world_end(w);
}

/* Their number for events differs from ours: they may send either; without an agreement no number is one. */
static void test_payload_types_of_keys(void **state)
{
    static const struct {
        const char *sdp;
        uint8_t type;
        size_t told;
    } rows[] = {{SDP("0 101") "a=rtpmap:101 telephone-event/8000\r\n", 101, 1},
                {SDP("0 96") "a=rtpmap:96 telephone-event/8000\r\n", 96, 1},
                {SDP("0 96") "a=rtpmap:96 telephone-event/8000\r\n", 101, 1},
                {SDP("0 96") "a=rtpmap:96 telephone-event/8000\r\n", 97, 0},
                {SDP("0 96") "a=rtpmap:96 telephone-event/16000\r\n", 96, 0},
                {SDP("0"), 101, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t c;
        struct world *w = voice_call(rows[i].sdp, "MEDIA:ulaw", &c);
        struct voice v = voice_of(w, 0);
        voice_speak(&v, 2);
        voice_press(&v, rows[i].type, 7, 0);
        voice_press(&v, rows[i].type, 7, 4);
        assert_int_equal(world_count(w, c, "DTMF:7"), rows[i].told);
        assert_int_equal(gateway_stats(w->gateway).media.rtp_dropped, rows[i].told == 0 ? 2 : 0);
        world_end(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_wide_samples),
        cmocka_unit_test(test_frames_without_rtp),
        cmocka_unit_test(test_frames_while_held),
        cmocka_unit_test(test_the_tail),
        cmocka_unit_test(test_before_the_answer),
        cmocka_unit_test(test_lost_repeated_reordered),
        cmocka_unit_test(test_jitter_and_loss),
        cmocka_unit_test(test_stand_still),
        cmocka_unit_test(test_another_ssrc),
        cmocka_unit_test(test_nothing_old_behind_the_echo),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_comfort_noise),
        cmocka_unit_test(test_keys_in_every_format),
        cmocka_unit_test(test_keys_are_left_out_of_the_audio),
        cmocka_unit_test(test_payload_types_of_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
