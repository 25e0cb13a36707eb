/* SPDX-License-Identifier: MIT */
/* Every coding of samples into 16 bits: exact where nothing is dropped, dithered where something is; stereo without clipping; floats
 * that are none; any split. */
#include <math.h>
#include <stdio.h>

#include "support_audio.h"
#include "wav_decode.h"

static struct wav_format format_of(uint16_t tag, uint16_t bits, uint16_t channels)
{
    return (struct wav_format){tag, channels, 8000, bits, (uint16_t)(channels * bits / 8)};
}

static size_t decode(const struct wav_format *f, const void *bytes, size_t len, int16_t *out)
{
    struct wav_decoder d;
    wav_decoder_init(&d, f);
    return wav_decoder_push(&d, bytes, len, out);
}

static void put_le(uint8_t *at, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static void test_exact_where_nothing_is_dropped(void **state)
{
    (void)state;
    for (int value = INT16_MIN; value <= INT16_MAX; value++) {
        const uint32_t bits = (uint32_t)value;
        uint8_t p16[4], p24[6], p32[8];
        int16_t out;
        const struct wav_format mono16 = format_of(WAV_TAG_PCM, 16, 1);
        const struct wav_format stereo16 = format_of(WAV_TAG_PCM, 16, 2);
        const struct wav_format mono24 = format_of(WAV_TAG_PCM, 24, 1);
        const struct wav_format stereo24 = format_of(WAV_TAG_PCM, 24, 2);
        const struct wav_format mono32 = format_of(WAV_TAG_PCM, 32, 1);
        put_le(p16, bits, 2);
        put_le(p16 + 2, bits, 2);
        put_le(p24, bits << 8, 3);
        put_le(p24 + 3, bits << 8, 3);
        put_le(p32, bits << 16, 4);
        assert_int_equal(decode(&mono16, p16, 2, &out), 1);
        assert_int_equal(out, value);
        assert_int_equal(decode(&stereo16, p16, 4, &out), 1);
        assert_int_equal(out, value); /* twice the same is once the same */
        assert_int_equal(decode(&mono24, p24, 3, &out), 1);
        assert_int_equal(out, value);
        assert_int_equal(decode(&stereo24, p24, 6, &out), 1);
        assert_int_equal(out, value);
        assert_int_equal(decode(&mono32, p32, 4, &out), 1);
        assert_int_equal(out, value);
        if (value > INT16_MIN && value != 0) {
            /* value / 32768 as a float: its bits by hand */
            int exponent;
            double fraction = frexp(fabs((double)value) / 32768, &exponent);
            uint32_t f = (value < 0 ? 1u << 31 : 0) | (uint32_t)(exponent + 126) << 23 |
                         ((uint32_t)ldexp(fraction, 24) & 0x7FFFFF);
            const struct wav_format floats = format_of(WAV_TAG_FLOAT, 32, 1);
            put_le(p32, f, 4);
            assert_int_equal(decode(&floats, p32, 4, &out), 1);
            assert_int_equal(out, value);
        }
    }
    for (unsigned code = 0; code < 256; code++) {
        uint8_t pair[2] = {(uint8_t)code, (uint8_t)code};
        const struct wav_format kinds[] = {format_of(WAV_TAG_ULAW, 8, 1), format_of(WAV_TAG_ULAW, 8, 2),
                                           format_of(WAV_TAG_ALAW, 8, 1), format_of(WAV_TAG_ALAW, 8, 2),
                                           format_of(WAV_TAG_PCM, 8, 1),  format_of(WAV_TAG_PCM, 8, 2)};
        const int wanted[] = {ulaw_to_linear((uint8_t)code), alaw_to_linear((uint8_t)code), ((int)code - 128) * 256};
        for (size_t k = 0; k < 6; k++) {
            int16_t out;
            assert_int_equal(decode(&kinds[k], pair, kinds[k].channels, &out), 1);
            assert_int_equal(out, wanted[k / 2]);
        }
    }
}

static int16_t float_once(uint32_t bits)
{
    const struct wav_format f = format_of(WAV_TAG_FLOAT, 32, 1);
    uint8_t bytes[4];
    int16_t out = 1;
    put_le(bytes, bits, 4);
    assert_int_equal(decode(&f, bytes, 4, &out), 1);
    return out;
}

static void test_floats(void **state)
{
    (void)state;
    static const struct {
        uint32_t bits;
        int value;
    } table[] = {
        {0x00000000, 0},                       /* 0 */
        {0x80000000, 0},                       /* -0 */
        {0x00000001, 0},                       /* the least denormal */
        {0x807FFFFF, 0},                       /* the largest negative one */
        {0x3F000000, 16384},                   /* 0.5 */
        {0xBF000000, -16384},                  /* -0.5 */
        {0xBF800000, -32768},                  /* -1 */
        {0x38000000, 1},                       /* 2^-15 */
        {0x40000000, 32767},                   /* 2 */
        {0xC0000000, -32768},                  /* -2 */
        {0x7F7FFFFF, 32767},                   /* the largest */
        {0x7F800000, 32767},                   /* infinity */
        {0xFF800000, -32768},                  /* -infinity */
        {0x7FC00000, 0},                       /* NaN */
        {0xFFC00000, 0},      {0x7F800001, 0}, /* signalling */
        {0xFFFFFFFF, 0},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(float_once(table[i].bits), table[i].value);
    }
    assert_true(float_once(0x3F800000) >= 32766); /* 1: cut off at full scale, perhaps dithered */
}

/* Left and right at the extremes: the mean, never a wrap. */
static void test_stereo_does_not_clip(void **state)
{
    (void)state;
    static const struct {
        int left, right, least, most;
    } table[] = {
        {INT16_MAX, INT16_MAX, 32767, 32767},
        {INT16_MIN, INT16_MIN, -32768, -32768},
        {INT16_MAX, INT16_MIN, -2, 1},
        {20000, 10000, 15000, 15000},
        {-3, -4, -5, -2},
        {1, 0, -1, 2},
    };
    const struct wav_format f = format_of(WAV_TAG_PCM, 16, 2);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint8_t bytes[4];
        int16_t out;
        put_le(bytes, (uint32_t)table[i].left, 2);
        put_le(bytes + 2, (uint32_t)table[i].right, 2);
        assert_int_equal(decode(&f, bytes, 4, &out), 1);
        assert_true(out >= table[i].least && out <= table[i].most);
    }
    const struct wav_format g = format_of(WAV_TAG_PCM, 32, 2);
    static const uint8_t loudest[8] = {0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F};
    int16_t out;
    assert_int_equal(decode(&g, loudest, 8, &out), 1);
    assert_true(out >= 32766);
}

/* A constant between two steps of 16 bits: their mean is kept, the error is spread evenly and is as large as TPDF's should be. */
static void test_dither(void **state)
{
    (void)state;
    static uint8_t bytes[3 * 65536];
    static int16_t out[65536];
    const struct wav_format f = format_of(WAV_TAG_PCM, 24, 1);
    for (uint32_t part = 1; part < 256; part += 51) {
        for (size_t i = 0; i < 65536; i++) {
            put_le(bytes + 3 * i, 1000 * 256 + part, 3);
        }
        assert_int_equal(decode(&f, bytes, sizeof(bytes), out), 65536);
        double sum = 0;
        double power = 0;
        double next = 0;
        for (size_t i = 0; i < 65536; i++) {
            double error = out[i] - (1000 + part / 256.0);
            sum += error;
            power += error * error;
            next += i > 0 ? error * (out[i - 1] - (1000 + part / 256.0)) : 0;
        }
        assert_true(fabs(sum / 65536) < 0.01);
        assert_true(fabs(power / 65536 - 0.25) < 0.01); /* 1/6 of the dither, 1/12 of rounding: whatever the value is */
        assert_true(fabs(next / 65536) < 0.01);         /* white */
    }
}

static void test_every_split(void **state)
{
    (void)state;
    uint8_t bytes[100];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 37 + 11);
    }
    static const struct {
        uint16_t tag, bits;
    } kinds[] = {{WAV_TAG_PCM, 8},    {WAV_TAG_PCM, 16}, {WAV_TAG_PCM, 24}, {WAV_TAG_PCM, 32},
                 {WAV_TAG_FLOAT, 32}, {WAV_TAG_ALAW, 8}, {WAV_TAG_ULAW, 8}};
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        for (uint16_t channels = 1; channels <= 2; channels++) {
            const struct wav_format f = format_of(kinds[k].tag, kinds[k].bits, channels);
            int16_t whole[101], parts[101];
            for (size_t len = 0; len <= sizeof(bytes); len++) { /* every truncation */
                assert_int_equal(decode(&f, bytes, len, whole), len / f.block_align);
            }
            for (size_t a = 0; a <= sizeof(bytes); a++) {
                struct wav_decoder d;
                wav_decoder_init(&d, &f);
                size_t n = wav_decoder_push(&d, bytes, a / 2, parts);
                n += wav_decoder_push(&d, bytes + a / 2, a - a / 2, parts + n);
                n += wav_decoder_push(&d, bytes + a, sizeof(bytes) - a, parts + n);
                assert_int_equal(n, sizeof(bytes) / f.block_align);
                assert_memory_equal(parts, whole, n * sizeof(int16_t));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_where_nothing_is_dropped),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_stereo_does_not_clip),
        cmocka_unit_test(test_dither),
        cmocka_unit_test(test_every_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
