/* SPDX-License-Identifier: MIT */
/* Keys towards the far end beside files, live audio and marks, on a virtual clock; as events and as tones.
 *
 *  audio           at every place of it keys come between: not a sample is lost, marks are told in the turn of the last sample
 *  nothing waits   a mark is told at once, whatever sounds
 *  CLEAR           at every place of the keys: they go on whole, nothing of the audio leaves, what comes behind it follows them
 *  STOP_WAV        the same
 *  late ticks      the same as the first
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "live_bench.h"

#define SDP(x) "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP " x "\r\n"
#define EVENTS "a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\n"
#define KEYS   2
#define TICKS  (10 * KEYS) /* that they take */

static const char *const sdps[] = {SDP("0 96") EVENTS, SDP("0")};

/* What lies in the audio where the keys were: events leave the silence behind each, tones all of it. */
static size_t hole_of(size_t way)
{
    return way == 0 ? KEYS * 3 * FRAME : TICKS * FRAME;
}

static bool is_event(const struct world_rtp *p)
{
    return p->payload_type == 96;
}

/* The keys left whole: 14 packets of events, 6 of them ends; or this tone of "12", sample by sample. */
static void keys_whole(struct bench *b, size_t way, const uint8_t *hole)
{
    size_t events = 0;
    size_t ends = 0;

    for (size_t i = 0; i < b->w->sent_count; i++) {
        events += is_event(&b->w->sent[i]) ? 1 : 0;
        ends += is_event(&b->w->sent[i]) && (b->w->sent[i].begin[1] & 0x80) != 0 ? 1 : 0;
    }
    assert_int_equal(events, way == 0 ? 7 * KEYS : 0);
    assert_int_equal(ends, way == 0 ? 3 * KEYS : 0);
    for (size_t at = 0; at < hole_of(way); at += 1600) {
        int16_t tone[800];
        uint8_t expected[1600];
        memset(expected, 0xFF, sizeof(expected));
        if (way == 1) {
            audio_key_tone(tone, 800, at == 0 ? '1' : '2', 0, 800);
            for (size_t i = 0; i < 800; i++) {
                expected[i] = linear_to_ulaw(tone[i]);
            }
        }
        size_t len = hole_of(way) - at < 1600 ? hole_of(way) - at : 1600;
        assert_memory_equal(hole + at, expected, len);
    }
}

/* The audio of what left from packet number `from` on. */
static size_t audio_since(struct bench *b, size_t from, uint8_t *out, size_t cap)
{
    size_t at = 0;
    size_t count = 0;

    settle(b);
    for (size_t i = 0; i < b->w->sent_count; at += b->w->sent[i++].len) {
        if (i >= from && !is_event(&b->w->sent[i])) {
            assert_true(count + b->w->sent[i].len <= cap);
            memcpy(out + count, b->w->phone.rtp_payload + at, b->w->sent[i].len);
            count += b->w->sent[i].len;
        }
    }
    return count;
}

/* In what left from packet `from` on: len bytes of sound, in which the keys come between at one place, or before or behind. */
static void left_with_keys(struct bench *b, size_t way, size_t from, const uint8_t *sound, size_t len)
{
    static uint8_t heard[64000];
    size_t count = audio_since(b, from, heard, sizeof(heard));
    size_t before = 0;

    assert_true(count >= len + hole_of(way) + FRAME);
    while (before < len && memcmp(heard + before, sound + before, FRAME) == 0) {
        before += FRAME;
    }
    keys_whole(b, way, heard + before);
    assert_memory_equal(heard + before + hole_of(way), sound + before, len - before);
    for (size_t i = len + hole_of(way); i < count; i++) {
        assert_int_equal(heard[i], 0xFF);
    }
}

/* Frames of sound that have left: it has no silence in it. */
static size_t frames_left(const struct bench *b, size_t first, size_t way)
{
    size_t frames = 0;
    size_t ticks = 0;

    for (size_t i = first; i < b->w->sent_count; i++) {
        frames += !is_event(&b->w->sent[i]) && b->w->sent[i].begin[0] != 0xFF ? 1 : 0;
        ticks++;
    }
    return way == 0 ? frames : ticks; /* tones are told apart by the caller */
}

/* ---- audio ---- */

static void audio_waits_and_marks_are_true(void **state)
{
    char text[32];

    (void)state;
    for (size_t way = 0; way < 2; way++) {
        for (size_t place = 0; place <= 12; place++) {
            struct bench b = up_with(NULL, sdps[way]);
            size_t first = b.w->sent_count;
            for (size_t i = 0; i < 4; i++) {
                speak(&b, i * 3 * FRAME, 3 * FRAME);
                snprintf(text, sizeof(text), "MARK:%zu", i);
                world_send(b.w, b.c, text);
            }
            while (b.w->sent_count < first + place) {
                step(&b);
            }
            world_send(b.w, b.c, "DTMF:12");
            while (b.w->sent_count < first + 40) {
                size_t sent = b.w->sent_count;
                step(&b);
                if (b.w->sent_count == sent) {
                    continue;
                }
                size_t n = frames_left(&b, first, way);
                if (way == 1 && n > place) {
                    n = n > place + TICKS ? n - TICKS : place;
                }
                n = n > 12 ? 12 : n;
                assert_int_equal(told(&b, "MARK:"), n / 3);
            }
            left_with_keys(&b, way, first, b.sound, 12 * FRAME);
            every_20_ms(&b);
            down(&b);
        }
    }
}

static void a_mark_with_nothing_before_it(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        struct bench b = up_with(NULL, sdps[way]);
        world_send(b.w, b.c, "DTMF:12");
        world_run(b.w, DUR_MS(50));
        world_send(b.w, b.c, "MARK:now");
        world_run(b.w, 0);
        assert_int_equal(told(&b, "MARK:now"), 1);
        down(&b);
    }
}

/* A remainder of live audio: padded as always, behind the keys. */
static void a_remainder_waits_too(void **state)
{
    static uint8_t heard[32000];

    (void)state;
    for (size_t way = 0; way < 2; way++) {
        struct bench b = up_with(NULL, sdps[way]);
        size_t first = b.w->sent_count;
        speak(&b, 0, 3 * FRAME + 50);
        world_run(b.w, DUR_MS(60));
        world_send(b.w, b.c, "DTMF:12");
        world_send(b.w, b.c, "MARK:end");
        world_run(b.w, DUR_MS(300));
        assert_int_equal(told(&b, "MARK:"), 0);
        world_run(b.w, DUR_MS(400));
        assert_int_equal(told(&b, "MARK:end"), 1);
        size_t count = audio_since(&b, first, heard, sizeof(heard));
        assert_true(count > 4 * FRAME + hole_of(way));
        assert_memory_equal(heard, b.sound, 3 * FRAME);
        keys_whole(&b, way, heard + 3 * FRAME);
        assert_memory_equal(heard + 3 * FRAME + hole_of(way), b.sound + 3 * FRAME, 50);
        assert_int_equal(heard[3 * FRAME + hole_of(way) + 50], 0xFF);
        down(&b);
    }
}

/* ---- CLEAR and STOP_WAV ---- */

static void clear_leaves_keys_alone(void **state)
{
    static uint8_t heard[32000];

    (void)state;
    for (size_t way = 0; way < 2; way++) {
        for (size_t place = 0; place < TICKS + 2; place++) {
            struct bench b = up_with(NULL, sdps[way]);
            size_t first = b.w->sent_count;
            world_send(b.w, b.c, "DTMF:12");
            speak(&b, 0, 100 * FRAME);
            world_send(b.w, b.c, "MARK:a");
            while (b.w->sent_count < first + place) {
                step(&b);
            }
            size_t frames = place > TICKS ? place - TICKS : 0; /* of the audio behind the keys */
            world_send(b.w, b.c, "CLEAR");
            world_run(b.w, 0);
            assert_int_equal(told(&b, "MARK:a"), 1);
            assert_int_equal(gateway_stats(b.w->gateway).media.live_held, 0);
            speak(&b, 200 * FRAME, 5 * FRAME);
            world_send(b.w, b.c, "MARK:b");
            world_run(b.w, DUR_S(1));
            assert_int_equal(told(&b, "MARK:b"), 1);
            size_t count = audio_since(&b, first, heard, sizeof(heard));
            keys_whole(&b, way, heard);
            size_t at = hole_of(way);
            assert_memory_equal(heard + at, b.sound, frames * FRAME);
            at += frames * FRAME;
            assert_memory_equal(heard + at, b.sound + 200 * FRAME, 5 * FRAME);
            assert_true(count > at + 5 * FRAME);
            down(&b);
        }
    }
}

static void stop_leaves_keys_alone(void **state)
{
    static uint8_t heard[32000];

    (void)state;
    for (size_t way = 0; way < 2; way++) {
        for (size_t place = 1; place < TICKS; place += 3) {
            struct bench b = up_with(NULL, sdps[way]);
            put_wav(&b, "a", 1000, 8000);
            world_send(b.w, b.c, "PLAY_WAV:a");
            world_send(b.w, b.c, "MARK:file");
            world_run(b.w, DUR_MS(100));
            world_send(b.w, b.c, "DTMF:12");
            size_t first = b.w->sent_count;
            while (b.w->sent_count < first + place) {
                step(&b);
            }
            world_send(b.w, b.c, "STOP_WAV");
            world_run(b.w, 0);
            assert_int_equal(told(&b, "WAV_DONE:a:stopped"), 1);
            assert_int_equal(told(&b, "MARK:file"), 1);
            world_run(b.w, DUR_S(1));
            size_t count = audio_since(&b, first, heard, sizeof(heard));
            keys_whole(&b, way, heard);
            for (size_t i = hole_of(way); i < count; i++) {
                assert_int_equal(heard[i], 0xFF);
            }
            down(&b);
        }
    }
}

/* Keys that wait go with their call. */
static void hangup_in_a_key(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        struct bench b = up_with(NULL, sdps[way]);
        world_send(b.w, b.c, "DTMF:12345");
        world_run(b.w, DUR_MS(90));
        world_send(b.w, b.c, "HANGUP");
        world_run(b.w, 0);
        size_t sent = b.w->sent_count;
        world_run(b.w, DUR_S(2));
        assert_int_equal(b.w->sent_count, sent);
        down(&b);
    }
}

/* ---- clocks ---- */

static void late_ticks_lose_nothing(void **state)
{
    static uint8_t heard[64000];
    static uint8_t sound[64000];

    (void)state;
    for (dur_us late = 10; late <= 250; late += 40) {
        for (size_t place = 0; place < TICKS; place += 2) {
            struct bench b = up_with(NULL, sdps[0]);
            size_t first = b.w->sent_count;
            size_t count = 0;
            speak(&b, 0, 30 * FRAME);
            world_send(b.w, b.c, "MARK:end");
            world_run(b.w, DUR_MS(100));
            world_send(b.w, b.c, "DTMF:12");
            world_run(b.w, DUR_MS(20) * (dur_us)place);
            world_stall(b.w, DUR_MS(late));
            world_run(b.w, DUR_S(2));
            size_t all = audio_since(&b, first, heard, sizeof(heard));
            for (size_t i = 0; i < all; i += FRAME) {
                if (heard[i] != 0xFF) {
                    memcpy(sound + count, heard + i, FRAME);
                    count += FRAME;
                }
            }
            assert_int_equal(count, 30 * FRAME);
            assert_memory_equal(sound, b.sound, count);
            assert_int_equal(told(&b, "MARK:end"), 1);
            down(&b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(audio_waits_and_marks_are_true), cmocka_unit_test(a_mark_with_nothing_before_it),
        cmocka_unit_test(a_remainder_waits_too),          cmocka_unit_test(clear_leaves_keys_alone),
        cmocka_unit_test(stop_leaves_keys_alone),         cmocka_unit_test(hangup_in_a_key),
        cmocka_unit_test(late_ticks_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
