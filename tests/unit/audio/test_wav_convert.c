/* SPDX-License-Identifier: MIT */
/* WAV files of every kind through parser, decoder and resampler: the tone is found again at its frequency, with the SNR that the file's
 * own coding leaves; lengths, splits, truncations, work. */
#include <math.h>
#include <stdio.h>

#include "support_audio.h"
#include "wavgen.h"
#include "wavtone.h"

#define SECONDS 1

static uint8_t file[48000 * 8 * SECONDS + 4096];
static uint8_t l16[2 * 8000 * SECONDS + 4096];
static int16_t heard[8000 * SECONDS + 2048];

/* The whole file in pieces of `piece` bytes; the samples. */
static size_t convert(const uint8_t *bytes, size_t len, size_t piece)
{
    struct wav_parser p;
    struct wav_converter *c;
    wav_parser_init(&p);
    (void)wav_parser_push(&p, bytes, len);
    assert_int_equal(wav_parser_end(&p, len), WAV_READY);
    assert_int_equal(wav_converter_new(&p.format, &c), ST_OK);
    size_t made = 0;
    for (uint64_t at = 0; at < p.data_len; at += piece) {
        size_t n = p.data_len - at < piece ? (size_t)(p.data_len - at) : piece;
        size_t samples = wav_converter_push(c, bytes + p.data_offset + at, n, l16 + 2 * made);
        assert_true(samples <= wav_converter_push_max(c, n));
        made += samples;
    }
    size_t samples = wav_converter_flush(c, l16 + 2 * made);
    assert_true(samples <= wav_converter_flush_max(c));
    made += samples;
    assert_true(made == wav_converter_samples(&p.format, p.data_len));
    wav_converter_free(c);
    for (size_t i = 0; i < made; i++) {
        int bits = l16[2 * i] | l16[2 * i + 1] << 8;
        heard[i] = (int16_t)(bits >= 0x8000 ? bits - 0x10000 : bits);
    }
    return made;
}

static void test_every_kind(void **state)
{
    (void)state;
    printf("%-28s %9s %9s %7s\n", "file", "found Hz", "level dB", "SNR dB");
    for (size_t k = 0; k < WAVTONE_KINDS; k++) {
        for (size_t r = 0; r < WAVTONE_RATES; r++) {
            struct wavtone tone = {
                .kind = wavtone_kinds[k], .rate_hz = wavtone_rates[r], .hz = 1004, .samples = wavtone_rates[r] / 4};
            size_t len = wavtone_build(&tone, file, sizeof(file));
            size_t made = convert(file, len, 4096);
            assert_int_equal(made, ((uint64_t)(wavtone_rates[r] / 4) * 8000 + wavtone_rates[r] - 1) / wavtone_rates[r]);
            struct tone_found found = tone_find(heard + 200, made - 400, 8000, 1004);
            printf("%-28s %9.3f %9.3f %7.1f\n", wavtone_name(&tone), found.hz, found.level_db, found.snr_db);
            assert_true(fabs(found.hz - 1004) < 0.1);
            assert_true(fabs(found.level_db - WAVTONE_LEVEL_DB) < 0.1);
            assert_true(found.snr_db > 35);
            assert_true(tone.kind.bits == 8 || found.snr_db > 80);
        }
    }
}

/* Two tones in antiphase cancel, two in phase stay: the mean of both channels. */
static void test_stereo_is_the_mean(void **state)
{
    (void)state;
    struct wavtone tone = {
        .kind = {"PCM 16 stereo", WAVGEN_PCM, 16, 2, 16}, .rate_hz = 44100, .hz = 1004, .seconds = SECONDS};
    size_t len = wavtone_build(&tone, file, sizeof(file));
    for (size_t at = 44; at + 4 <= len; at += 4) { /* right = -left */
        int left = (int16_t)(file[at] | file[at + 1] << 8);
        file[at + 2] = (uint8_t)(-left);
        file[at + 3] = (uint8_t)((unsigned)-left >> 8);
    }
    size_t made = convert(file, len, 1000);
    for (size_t i = 0; i < made; i++) {
        assert_true(heard[i] == 0);
    }
}

static void test_every_split(void **state)
{
    (void)state;
    static int16_t whole[8192];
    for (size_t k = 0; k < WAVTONE_KINDS; k++) {
        struct wavtone tone = {
            .kind = wavtone_kinds[k], .rate_hz = k % 2 == 0 ? 11025 : 48000, .hz = 440, .samples = 400};
        size_t len = wavtone_build(&tone, file, sizeof(file));
        size_t made = convert(file, len, len);
        memcpy(whole, heard, made * sizeof(whole[0]));
        for (size_t piece = 1; piece < 700; piece += piece < 18 ? 1 : 161) {
            assert_int_equal(convert(file, len, piece), made);
            assert_memory_equal(heard, whole, made * sizeof(whole[0]));
        }
    }
}

/* Cut anywhere: what is whole of it sounds as it does in the whole file, but for the filter's last 4 ms. */
static void test_every_truncation(void **state)
{
    (void)state;
    static int16_t whole[8192];
    for (size_t k = 0; k < WAVTONE_KINDS; k++) {
        struct wavtone tone = {.kind = wavtone_kinds[k], .rate_hz = 22050, .hz = 440, .samples = 300};
        size_t len = wavtone_build(&tone, file, sizeof(file));
        size_t full = convert(file, len, len);
        memcpy(whole, heard, full * sizeof(whole[0]));
        for (size_t cut = len - 1; cut > 0; cut -= cut > len - 40 || cut < 90 ? 1 : 13) {
            struct wav_parser p;
            wav_parser_init(&p);
            (void)wav_parser_push(&p, file, cut);
            if (wav_parser_end(&p, cut) != WAV_READY) {
                continue; /* not a whole sample is left */
            }
            size_t made = convert(file, cut, 333);
            assert_true(made > 0 && made <= full);
            size_t same = made > 34 ? made - 34 : 0;
            assert_memory_equal(heard, whole, same * sizeof(whole[0]));
        }
    }
}

/* The work of a slice is bounded by what is asked of it, and never nothing. */
static void test_slices(void **state)
{
    (void)state;
    for (size_t k = 0; k < WAVTONE_KINDS; k++) {
        for (size_t r = 0; r < WAVTONE_RATES; r++) {
            const struct wavtone_kind *kind = &wavtone_kinds[k];
            const struct wav_format f = {kind->tag, kind->channels, wavtone_rates[r], kind->bits,
                                         (uint16_t)(kind->channels * kind->bits / 8)};
            struct wav_converter *c;
            assert_int_equal(wav_converter_new(&f, &c), ST_OK);
            for (uint64_t steps = 20000; steps < 1000000; steps *= 3) {
                size_t piece = wav_converter_piece(c, steps);
                assert_true(piece > 0 && piece % f.block_align == 0);
                assert_true(wav_converter_steps(c, piece) <= steps + 3000);
                assert_true(wav_converter_steps(c, piece) > steps / 2);
            }
            assert_int_equal(wav_converter_piece(c, 0), 0);
            wav_converter_free(c);
        }
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct wav_format bad[] = {
        {1, 1, 8000, 20, 3}, {1, 3, 8000, 16, 6}, {1, 1, 7999, 16, 2}, {2, 1, 8000, 4, 1}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct wav_converter *c = (struct wav_converter *)(void *)l16;
        assert_int_equal(wav_converter_new(&bad[i], &c), ST_UNSUPPORTED);
        assert_null(c);
    }
    wav_converter_free(NULL);
    assert_true(resample_bytes(47999, 8000) + 64 <= WAV_CONVERTER_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),  cmocka_unit_test(test_stereo_is_the_mean),
        cmocka_unit_test(test_every_split), cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_slices),      cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
