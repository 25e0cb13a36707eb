/* SPDX-License-Identifier: MIT */
/* Live audio in the pieces in which speech engines and browsers send it: what leaves is what came, whatever marks stand between.
 *
 *  marks           behind pieces of any length, odd bytes of 16-bit samples, a resampler's last 4 ms: not a bit changes
 *  remainder       of an utterance: out with the first packet behind its 40 ms, whole, in packets of 60 ms too
 *  half a sample   over a stall
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "live_bench.h"

#define PTIME_60                                                                                                       \
    "v=0\r\no=phone 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"           \
    "a=ptime:60\r\n"

/* The sound in pieces of `len` bytes, with a mark behind each or not. */
static void speak_pieces(struct bench *b, size_t pieces, size_t len, bool marks)
{
    for (size_t i = 0; i < pieces; i++) {
        char text[32];
        speak(b, i * len, len);
        if (marks) {
            snprintf(text, sizeof(text), "MARK:%zu", i);
            world_send(b->w, b->c, text);
        }
    }
}

static void marks_behind_pieces(void **state)
{
    static const size_t ms[] = {97, 125, 130, 171};

    (void)state;
    for (size_t i = 0; i < sizeof(ms) / sizeof(ms[0]); i++) {
        struct bench b = up();
        size_t len = ms[i] * 8;
        world_send(b.w, b.c, "MEDIA:ulaw");
        size_t first = b.w->sent_count;
        speak_pieces(&b, 12, len, true);
        for (size_t n = 0; n < 12; n++) {
            char text[32];
            size_t packets =
                first + ((n + 1) * len + FRAME - 1) / FRAME; /* the one with its last sample is the last of these */
            snprintf(text, sizeof(text), "MARK:%zu", n);
            while (b.w->sent_count < packets) {
                assert_int_equal(told(&b, text), 0);
                step(&b);
            }
            assert_int_equal(told(&b, text), 1);
        }
        world_run(b.w, DUR_MS(200));
        left(&b, first, b.sound, 12 * len, FRAME);
        every_20_ms(&b);
        down(&b);
    }
}

/* What the telephone hears of 20 pieces of that many bytes, with its leading silence left out. */
static size_t heard(const char *sdp, const char *media, size_t len, bool marks, uint8_t *out, size_t cap)
{
    struct bench b = up_with(NULL, sdp);

    world_send(b.w, b.c, media);
    size_t first = b.w->phone.rtp_len;
    speak_pieces(&b, 20, len, marks);
    world_run(b.w, DUR_S(2));
    assert_int_equal(told(&b, "MARK:"), marks ? 20 : 0);
    settle(&b);
    while (b.w->phone.rtp_payload[first] == 0xFF) {
        first++;
    }
    size_t count = b.w->phone.rtp_len - first < cap ? b.w->phone.rtp_len - first : cap;
    memcpy(out, b.w->phone.rtp_payload + first, count);
    down(&b);
    return count;
}

/* The same with marks and without, however a piece ends: with half a sample, inside a frame, in the resampler. */
static void marks_in_16_bit_audio(void **state)
{
    static const char *const media[] = {"MEDIA:l16", "MEDIA:l16/16000"};
    static uint8_t plain[20000], marked[20000];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        static const size_t lens[] = {776, 1025, 171, 640};
        for (size_t n = 0; n < sizeof(lens) / sizeof(lens[0]); n++) {
            size_t count = heard(NULL, media[i], lens[n], false, plain, 10000);
            assert_int_equal(heard(NULL, media[i], lens[n], true, marked, count), count);
            assert_memory_equal(plain, marked, count);
        }
    }
}

/* A speaker in real time, 20 ms a piece; the last piece is shorter. */
static void the_end_of_an_utterance(void **state)
{
    (void)state;
    for (dur_us phase = 0; phase < DUR_MS(20); phase += 2500) {
        struct bench b = up();
        world_run(b.w, phase);
        for (size_t i = 0; i < 10; i++) {
            speak(&b, i * FRAME, FRAME);
            world_run(b.w, DUR_MS(20));
        }
        mono_us spoken = b.w->now;
        speak(&b, 10 * FRAME, 88);
        world_send(b.w, b.c, "MARK:end");
        while (told(&b, "MARK:end") == 0) {
            step(&b);
        }
        assert_true(b.w->now - spoken >= DUR_MS(40) && b.w->now - spoken < DUR_MS(60));
        left(&b, b.w->sent_count - 1, b.sound + 10 * FRAME, 88, FRAME - 88);
        down(&b);
    }
}

/* A burst's end follows it without a hole, and so does what a resampler held back of it, in packets of any length. */
static void the_end_of_a_burst(void **state)
{
    static uint8_t whole[4096], cut[4096];

    (void)state;
    size_t count = heard(NULL, "MEDIA:l16/16000", 58, false, whole, 290); /* 260 samples, and 30 that were held back */
    assert_int_equal(heard(PTIME_60, "MEDIA:l16/16000", 58, false, cut, count), count);
    assert_memory_equal(whole, cut, count);
    assert_int_equal(heard(PTIME_60, "MEDIA:l16/16000", 58, true, cut, count), count);
    assert_memory_equal(whole, cut, count);
}

/* The connection stalls behind a piece that ends in the middle of a sample. */
static void half_a_sample_over_a_stall(void **state)
{
    struct bench b = up();

    (void)state;
    world_send(b.w, b.c, "MEDIA:l16");
    speak(&b, 0, 641); /* any sound: both halves are looked at together */
    world_run(b.w, DUR_MS(900));
    size_t first = b.w->sent_count;
    speak(&b, 641, 639);
    world_run(b.w, DUR_MS(200));
    settle(&b);
    uint8_t expected[640];
    audio_convert(AUDIO_L16, b.sound, AUDIO_ULAW, expected, 640);
    const uint8_t *payload = b.w->phone.rtp_payload + first * FRAME;
    size_t at = 0;
    while (payload[at] == 0xFF) {
        at++;
    }
    assert_memory_equal(payload + at, expected + 320, 320);
    down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_behind_pieces),        cmocka_unit_test(marks_in_16_bit_audio),
        cmocka_unit_test(the_end_of_an_utterance),    cmocka_unit_test(the_end_of_a_burst),
        cmocka_unit_test(half_a_sample_over_a_stall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
