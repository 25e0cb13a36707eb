/* SPDX-License-Identifier: MIT */
/* From a client's binary messages to samples in the queue: every format, every split, odd bytes, refusals, another format.
 * All sound here is followed to the bytes that a tick would take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "uplink.h"

#define SOUND 4000

struct desk {
    struct block_store store;
    struct tx_queue lanes;
    struct media_uplink in;
    mono_us now;
    size_t marks; /* told */
};

static void count_mark(void *ctx, const char *name)
{
    (void)name;
    ((struct desk *)ctx)->marks++;
}

static void no_flow(void *ctx, bool stop)
{
    (void)ctx;
    (void)stop;
}

static void open_desk(struct desk *d, uint64_t bytes)
{
    const struct tx_queue_hooks hooks = {.ctx = d, .mark = count_mark, .flow = no_flow};

    *d = (struct desk){.now = DUR_S(100)};
    assert_int_equal(block_store_init(&d->store, bytes), ST_OK);
    tx_queue_init(&d->lanes, &d->store, &hooks);
    assert_int_equal(media_uplink_prepare(&d->in, MEDIA_AUDIO_L16_WIDE), ST_OK);
}

static void close_desk(struct desk *d)
{
    tx_queue_fini(&d->lanes);
    assert_int_equal(d->store.used, 0);
    block_store_fini(&d->store);
    media_uplink_fini(&d->in);
}

static int say(struct desk *d, enum media_audio format, const void *bytes, size_t len, bool last)
{
    return uplink_piece(&d->in, &d->lanes, d->now, format, span_make(bytes, len), last);
}

/* All that waits, a remainder too. */
static size_t take_all(struct desk *d, enum audio_codec to, uint8_t *out, size_t cap)
{
    size_t count = 0;
    size_t n = 0;

    do {
        assert_true(count + AUDIO_FRAME <= cap);
        n = tx_queue_frame(&d->lanes, d->now + TX_QUEUE_PAD_US, to, out + count);
        count += n;
    } while (n > 0);
    return count;
}

static uint8_t sound_byte(size_t i)
{
    return (uint8_t)(i * 37 + i / 256 * 11 + 5);
}

/* Cuts the sound in every way that two cuts can, and byte by byte. */
static void g711(enum media_audio format, enum audio_codec codec)
{
    uint8_t sound[64];
    uint8_t out[640];

    for (size_t i = 0; i < sizeof(sound); i++) {
        sound[i] = sound_byte(i);
    }
    for (size_t a = 0; a <= sizeof(sound); a++) {
        for (size_t b = a; b <= sizeof(sound); b += 7) {
            struct desk d;
            open_desk(&d, 8192);
            assert_int_equal(say(&d, format, sound, a, false), ST_OK);
            assert_int_equal(say(&d, format, sound + a, b - a, true), ST_OK);
            assert_int_equal(say(&d, format, sound + b, sizeof(sound) - b, true), ST_OK);
            assert_int_equal(take_all(&d, codec, out, sizeof(out)), sizeof(sound));
            assert_memory_equal(out, sound, sizeof(sound)); /* bit for bit */
            close_desk(&d);
        }
    }
}

static void mu_law_and_a_law_pass_bit_for_bit(void **state)
{
    (void)state;
    g711(MEDIA_AUDIO_PACKETS, AUDIO_ULAW);
    g711(MEDIA_AUDIO_PACKETS, AUDIO_ULAW);
    g711(MEDIA_AUDIO_ULAW, AUDIO_ULAW);
    g711(MEDIA_AUDIO_ALAW, AUDIO_ALAW);
}

static void linear_in_every_split(void **state)
{
    uint8_t sound[SOUND];
    uint8_t expected[SOUND / 2];
    uint8_t out[SOUND];
    static const size_t steps[] = {1, 2, 3, 5, 159, 320, 321, 1023, 1025, SOUND};

    (void)state;
    for (size_t i = 0; i < SOUND; i++) {
        sound[i] = sound_byte(i);
    }
    audio_convert(AUDIO_L16, sound, AUDIO_ULAW, expected, SOUND / 2);
    for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
        struct desk d;
        open_desk(&d, 65536);
        for (size_t at = 0; at < SOUND; at += steps[s]) {
            size_t n = steps[s] < SOUND - at ? steps[s] : SOUND - at;
            assert_int_equal(say(&d, MEDIA_AUDIO_L16, sound + at, n, s % 2 == 0), ST_OK);
            d.now += DUR_MS(1999); /* just not too long for half a sample */
        }
        assert_int_equal(take_all(&d, AUDIO_ULAW, out, sizeof(out)), SOUND / 2);
        assert_memory_equal(out, expected, SOUND / 2);
        close_desk(&d);
    }
}

/* However it is cut, 16 kHz give the same samples, half as many as came. */
static void wide_in_every_split(void **state)
{
    uint8_t sound[SOUND];
    uint8_t first[SOUND];
    uint8_t out[SOUND];
    static const size_t steps[] = {SOUND, 1, 2, 3, 7, 320, 641, 1023};

    (void)state;
    for (size_t i = 0; i < SOUND / 2; i++) {
        unsigned v = (unsigned)(int16_t)((int)(i * 7919 % 20000) - 10000);
        sound[2 * i] = (uint8_t)v;
        sound[2 * i + 1] = (uint8_t)(v >> 8);
    }
    for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
        struct desk d;
        open_desk(&d, 65536);
        for (size_t at = 0; at < SOUND; at += steps[s]) {
            size_t n = steps[s] < SOUND - at ? steps[s] : SOUND - at;
            assert_int_equal(say(&d, MEDIA_AUDIO_L16_WIDE, sound + at, n, true), ST_OK);
        }
        assert_int_equal(tx_queue_waiting(&d.lanes), SOUND / 4 - 32); /* 4 ms are held back */
        uplink_settle(&d.in, &d.lanes);
        assert_false(d.in.has_tail);
        assert_int_equal(take_all(&d, AUDIO_ULAW, s == 0 ? first : out, SOUND), SOUND / 4);
        assert_true(s == 0 || memcmp(first, out, SOUND / 4) == 0);
        close_desk(&d);
    }
}

/* A second utterance is as if nothing had been before it: the tick settles the first. */
static void silence_settles(void **state)
{
    uint8_t sound[642] = {0};
    uint8_t out[2][640];

    (void)state;
    for (size_t i = 0; i < sizeof(sound); i++) {
        sound[i] = sound_byte(i);
    }
    struct desk d;
    open_desk(&d, 65536);
    for (size_t n = 0; n < 2; n++) {
        assert_int_equal(say(&d, MEDIA_AUDIO_L16_WIDE, sound, 641, true), ST_OK); /* half a sample over */
        /* the second time behind the 4 ms that were held back of the first */
        assert_int_equal(take_all(&d, AUDIO_ULAW, out[n], 640), n == 0 ? 128 : 160);
        d.now += UPLINK_HALF_US;
        if (n == 0) {
            assert_true(d.in.has_tail && tx_queue_left_alone(&d.lanes, d.now));
            uplink_settle(&d.in, &d.lanes);
        }
    }
    assert_memory_equal(out[0], out[1] + 32, 128);
    uplink_settle(&d.in, &d.lanes);
    assert_int_equal(tx_queue_waiting(&d.lanes), 32);
    close_desk(&d);
}

static void a_tail_is_not_settled_while_more_comes(void **state)
{
    static const uint8_t sample[2] = {0, 1};

    (void)state;
    struct desk d;
    open_desk(&d, 65536);
    for (int i = 0; i < 64; i++) { /* one sample each 39 ms: less than what is held back */
        assert_int_equal(say(&d, MEDIA_AUDIO_L16_WIDE, sample, 2, true), ST_OK);
        d.now += DUR_MS(39);
        assert_false(tx_queue_left_alone(&d.lanes, d.now));
    }
    assert_int_equal(tx_queue_waiting(&d.lanes), 0);
    uplink_settle(&d.in, &d.lanes);
    assert_int_equal(tx_queue_waiting(&d.lanes), 32);
    close_desk(&d);
}

static void clear_forgets_what_is_held_back(void **state)
{
    static const uint8_t sound[101];

    (void)state;
    struct desk d;
    open_desk(&d, 65536);
    assert_int_equal(say(&d, MEDIA_AUDIO_L16_WIDE, sound, sizeof(sound), true), ST_OK);
    assert_true(d.in.has_tail);
    tx_queue_clear(&d.lanes);
    media_uplink_drop(&d.in);
    assert_false(d.in.has_tail);
    uplink_settle(&d.in, &d.lanes);
    assert_int_equal(tx_queue_waiting(&d.lanes), 0);
    close_desk(&d);
}

/* What was queued keeps its own meaning. */
static void another_format_in_the_middle(void **state)
{
    static const uint8_t linear[] = {0x00, 0x10, 0x00, 0xF0, 0x34}; /* and half a sample */
    static const uint8_t ulaw[] = {0x00, 0x80};
    static const uint8_t alaw[] = {0x55, 0xD5};
    uint8_t out[640];

    (void)state;
    struct desk d;
    open_desk(&d, 65536);
    assert_int_equal(say(&d, MEDIA_AUDIO_L16, linear, sizeof(linear), true), ST_OK);
    uplink_settle(&d.in, &d.lanes);
    media_uplink_drop(&d.in);
    assert_int_equal(say(&d, MEDIA_AUDIO_ULAW, ulaw, sizeof(ulaw), true), ST_OK);
    assert_int_equal(say(&d, MEDIA_AUDIO_ALAW, alaw, sizeof(alaw), true), ST_OK);
    assert_int_equal(say(&d, MEDIA_AUDIO_PACKETS, ulaw, sizeof(ulaw), true), ST_OK);
    assert_int_equal(take_all(&d, AUDIO_ULAW, out, sizeof(out)), 8);
    const uint8_t expected[] = {linear_to_ulaw(0x1000),
                                linear_to_ulaw(-0x1000),
                                0x00,
                                0x80,
                                linear_to_ulaw(alaw_to_linear(0x55)),
                                linear_to_ulaw(alaw_to_linear(0xD5)),
                                0x00,
                                0x80};
    assert_memory_equal(out, expected, sizeof(expected));
    close_desk(&d);
}

/* A connection that stalls in the middle of a message, and a byte that a message is too long: half a sample waits for ever inside a
 * message, and 2 s between two. */
static void half_a_sample_waits(void **state)
{
    static const uint8_t sound[] = {0x00, 0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0x20};
    uint8_t out[640];

    (void)state;
    for (int inside = 0; inside < 2; inside++) {
        struct desk d;
        open_desk(&d, 65536);
        assert_int_equal(say(&d, MEDIA_AUDIO_L16, sound, 3, inside == 0), ST_OK);
        d.now += inside != 0 ? DUR_S(50) : UPLINK_HALF_US - 1;
        uplink_settle(&d.in, &d.lanes);
        assert_int_equal(say(&d, MEDIA_AUDIO_L16, sound + 3, 5, true), ST_OK);
        assert_int_equal(tx_queue_waiting(&d.lanes), 4);
        assert_int_equal(say(&d, MEDIA_AUDIO_L16, sound, 1, true), ST_OK); /* an odd byte behind the last sample */
        d.now += UPLINK_HALF_US;
        assert_int_equal(say(&d, MEDIA_AUDIO_L16, sound, 8, true), ST_OK);
        assert_int_equal(take_all(&d, AUDIO_ULAW, out, sizeof(out)), 8);
        for (size_t i = 0; i < 8; i++) {
            assert_int_equal(out[i], linear_to_ulaw(0x2000));
        }
        close_desk(&d);
    }
}

/* What the resampler holds back belongs to the mark behind it; when it is lost the mark is not. */
static void marks_count_what_is_held_back(void **state)
{
    static const uint8_t sound[1280];
    struct desk d;
    uint8_t out[960];

    (void)state;
    open_desk(&d, 1024);
    assert_int_equal(say(&d, MEDIA_AUDIO_L16_WIDE, sound, 640, true), ST_OK);
    assert_int_equal(uplink_owed(&d.in), 32);
    assert_int_equal(tx_queue_mark(&d.lanes, SPAN_LIT("m"), uplink_owed(&d.in)), ST_OK);
    assert_int_equal(take_all(&d, AUDIO_ULAW, out, sizeof(out)), 128);
    tx_queue_sent(&d.lanes);
    assert_int_equal(d.marks, 0);
    uplink_settle(&d.in, &d.lanes);
    assert_int_equal(uplink_owed(&d.in), 0);
    assert_int_equal(take_all(&d, AUDIO_ULAW, out, sizeof(out)), 32);
    tx_queue_sent(&d.lanes);
    assert_int_equal(d.marks, 1);
    assert_int_equal(say(&d, MEDIA_AUDIO_L16_WIDE, sound, 640, true), ST_OK);
    assert_int_equal(tx_queue_mark(&d.lanes, SPAN_LIT("m"), uplink_owed(&d.in)), ST_OK);
    assert_int_equal(say(&d, MEDIA_AUDIO_L16_WIDE, sound, 1280, true), ST_OK);
    assert_int_equal(say(&d, MEDIA_AUDIO_L16_WIDE, sound, 1280, true), ST_FULL); /* the store holds 512 samples */
    assert_int_equal(take_all(&d, AUDIO_ULAW, out, sizeof(out)), 512);
    tx_queue_sent(&d.lanes);
    assert_int_equal(d.marks, 2);
    assert_int_equal(say(&d, MEDIA_AUDIO_L16_WIDE, sound, 640, false), ST_OK);
    assert_int_equal(say(&d, MEDIA_AUDIO_L16_WIDE, sound, 640, true), ST_OK);
    assert_int_equal(tx_queue_mark(&d.lanes, SPAN_LIT("m"), uplink_owed(&d.in)), ST_OK);
    assert_int_equal(take_all(&d, AUDIO_ULAW, out, sizeof(out)), 288);
    tx_queue_owe_nothing(&d.lanes);
    assert_int_equal(d.marks, 3);
    close_desk(&d);
}

/* The rest of a message of which something was refused is refused too, and 16-bit samples stay whole behind it. */
static void a_refusal_ends_with_its_message(void **state)
{
    static uint8_t sound[3000];
    uint8_t out[4096];

    (void)state;
    for (size_t i = 0; i < sizeof(sound); i++) {
        sound[i] = i % 2 == 0 ? 0x00 : 0x20; /* all samples alike: one that is cut would show */
    }
    struct desk d;
    open_desk(&d, 2048);
    assert_int_equal(say(&d, MEDIA_AUDIO_L16, sound, 3000, false), ST_FULL); /* 1024 samples found room */
    assert_int_equal(tx_queue_waiting(&d.lanes), 1024);
    assert_int_equal(tx_queue_frame(&d.lanes, d.now, AUDIO_ULAW, out), AUDIO_FRAME);
    tx_queue_clear(&d.lanes);
    assert_int_equal(say(&d, MEDIA_AUDIO_L16, sound, 101, false), ST_OK); /* skipped */
    assert_int_equal(say(&d, MEDIA_AUDIO_L16, sound + 1, 0, true), ST_OK);
    assert_int_equal(tx_queue_waiting(&d.lanes), 0);
    assert_int_equal(say(&d, MEDIA_AUDIO_L16, sound + 1, 601, true),
                     ST_OK); /* its first byte belongs to what was refused */
    assert_int_equal(tx_queue_waiting(&d.lanes), 300);
    assert_int_equal(take_all(&d, AUDIO_ULAW, out, sizeof(out)), 300);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(out[i], linear_to_ulaw(0x2000));
    }
    media_uplink_refuse(&d.in, MEDIA_AUDIO_L16, span_make(sound, 101), false);
    media_uplink_refuse(&d.in, MEDIA_AUDIO_OFF, span_make(sound, 101), true);
    assert_int_equal(tx_queue_waiting(&d.lanes), 0);
    close_desk(&d);
}

static void a_wide_refusal(void **state)
{
    static const uint8_t sound[9000];

    (void)state;
    struct desk d;
    open_desk(&d, 1024);
    assert_int_equal(say(&d, MEDIA_AUDIO_L16_WIDE, sound, sizeof(sound), false), ST_FULL);
    assert_int_equal(tx_queue_waiting(&d.lanes), 512);
    assert_false(d.in.has_tail);
    assert_int_equal(say(&d, MEDIA_AUDIO_L16_WIDE, sound, 11, true), ST_OK);
    assert_int_equal(tx_queue_waiting(&d.lanes), 512);
    close_desk(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mu_law_and_a_law_pass_bit_for_bit),
        cmocka_unit_test(linear_in_every_split),
        cmocka_unit_test(wide_in_every_split),
        cmocka_unit_test(silence_settles),
        cmocka_unit_test(a_tail_is_not_settled_while_more_comes),
        cmocka_unit_test(clear_forgets_what_is_held_back),
        cmocka_unit_test(another_format_in_the_middle),
        cmocka_unit_test(half_a_sample_waits),
        cmocka_unit_test(marks_count_what_is_held_back),
        cmocka_unit_test(a_refusal_ends_with_its_message),
        cmocka_unit_test(a_wide_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
