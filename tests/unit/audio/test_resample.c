/* SPDX-License-Identifier: MIT */
/* The resampler for every usual pair of rates and some odd ones: frequency response, aliases, SNR and place in time against the
 * ideal sine, all splits, lengths, saturation, the same samples on every machine. */
#include <math.h>
#include <stdio.h>

#include "support_audio.h"

#define PI        3.14159265358979323846
#define IN_MAX    16384
#define OUT_MAX   32768
#define AMPLITUDE 29000.0

static const struct {
    uint32_t in_hz, out_hz;
} pairs[] = {
    {8000, 16000}, {16000, 8000}, {8001, 8000},   {8192, 8000},  {9600, 8000},   {11025, 8000},
    {11111, 8000}, {12000, 8000}, {14700, 8000},  {15999, 8000}, {16001, 8000},  {22050, 8000},
    {22255, 8000}, {24000, 8000}, {31999, 8000},  {32000, 8000}, {37800, 8000},  {44056, 8000},
    {44100, 8000}, {47250, 8000}, {47999, 8000},  {48000, 8000}, {44100, 16000}, {48000, 16000},
    {8000, 48000}, {8000, 44100}, {16000, 48000}, {8000, 8001},  {12345, 23456},
};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static int16_t input[IN_MAX];
static int16_t output[OUT_MAX];

static struct resampler *open_pair(uint32_t in_hz, uint32_t out_hz, enum resample_use use)
{
    struct resampler *r;
    assert_int_equal(resample_new(in_hz, out_hz, use, &r), ST_OK);
    return r;
}

static void make_sine(uint32_t rate, double hz, double amplitude, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        input[i] = (int16_t)lround(amplitude * sin(2 * PI * hz * (double)i / rate));
    }
}

static void make_noise(size_t count)
{
    uint32_t seed = 12345;
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        input[i] = (int16_t)((int)(seed >> 16) - 32768);
    }
}

/* Pushes `count` in pieces of `piece` and flushes. */
static size_t run(struct resampler *r, size_t count, size_t piece, int16_t *out)
{
    size_t made = 0;
    for (size_t at = 0; at < count; at += piece) {
        size_t len = count - at < piece ? count - at : piece;
        size_t n = resample_push(r, input + at, len, out + made);
        assert_true(n <= resample_push_max(r, len));
        made += n;
    }
    size_t owed = resample_owed(r);
    size_t n = resample_flush(r, out + made);
    assert_int_equal(n, owed);
    assert_true(n <= resample_flush_max(r));
    return made + n;
}

static double db(double ratio)
{
    return 20 * log10(ratio > 1e-9 ? ratio : 1e-9);
}

struct seen {
    double gain_db; /* of the sine */
    double rest_db; /* everything else, against the input */
};

/* The output beside its first and last 8 ms as amplitude * sine + rest; `hz` may be above half the rate: then all is rest. */
static struct seen measure(uint32_t in_hz, uint32_t out_hz, double hz)
{
    struct resampler *r = open_pair(in_hz, out_hz, RESAMPLE_FILE);
    const size_t count = in_hz / 8; /* 125 ms */
    const size_t edge = out_hz / 125;
    make_sine(in_hz, hz, AMPLITUDE, count);
    size_t made = run(r, count, 997, output);
    resample_free(r);
    double gain = 0;
    double power = 0;
    const size_t n = made - 2 * edge;
    if (hz < out_hz / 2.0 && hz < 4000) {
        /* the sine alone, not its quadrature: a shift in time would show as rest */
        double dot = 0;
        double norm = 0;
        for (size_t i = edge; i < made - edge; i++) {
            double ideal = sin(2 * PI * hz * (double)i / out_hz);
            dot += ideal * output[i];
            norm += ideal * ideal;
        }
        gain = dot / norm;
    }
    for (size_t i = edge; i < made - edge; i++) {
        double rest = output[i] - gain * sin(2 * PI * hz * (double)i / out_hz);
        power += rest * rest;
    }
    return (struct seen){db(gain / AMPLITUDE), db(sqrt(2 * power / (double)n) / AMPLITUDE)};
}

static void test_response(void **state)
{
    (void)state;
    printf("%-16s %9s %9s %9s %9s %7s\n", "in -> out", "ripple", "at 3400", "SNR", "alias", "bytes");
    for (size_t p = 0; p < PAIRS; p++) {
        const uint32_t in_hz = pairs[p].in_hz;
        double ripple = 0;
        double snr = 200;
        double alias = -200;
        for (double hz = 104; hz < 3400; hz += 411.7) {
            struct seen s = measure(in_hz, pairs[p].out_hz, hz);
            ripple = fabs(s.gain_db) > ripple ? fabs(s.gain_db) : ripple;
            snr = s.gain_db - s.rest_db < snr ? s.gain_db - s.rest_db : snr;
        }
        struct seen edge = measure(in_hz, pairs[p].out_hz, 3400);
        for (double hz = 4000.5; hz < in_hz / 2.0; hz = hz < 4300 ? hz + 51.3 : hz * 1.19) {
            struct seen s = measure(in_hz, pairs[p].out_hz, hz);
            alias = s.rest_db > alias ? s.rest_db : alias;
        }
        printf("%5u -> %5u   %6.3f dB %6.3f dB %6.1f dB %6.1f dB %7zu\n", (unsigned)in_hz, (unsigned)pairs[p].out_hz,
               ripple, edge.gain_db, snr, alias, resample_bytes(in_hz, pairs[p].out_hz));
        assert_true(ripple < 0.05);
        assert_true(fabs(edge.gain_db) < 0.5);
        assert_true(snr > 75); /* images of upward pairs are in it */
        assert_true(alias < -75);
    }
}

static void test_every_split(void **state)
{
    (void)state;
    const size_t count = 700;
    static int16_t whole[OUT_MAX];
    make_noise(count);
    for (size_t p = 0; p < PAIRS; p += 3) {
        struct resampler *r = open_pair(pairs[p].in_hz, pairs[p].out_hz, RESAMPLE_FILE);
        size_t made = run(r, count, count, whole);
        for (size_t split = 0; split <= count; split += split < 300 ? 1 : 37) {
            resample_restart(r);
            size_t n = resample_push(r, input, split, output);
            n += resample_push(r, input + split, count - split, output + n);
            n += resample_flush(r, output + n);
            assert_int_equal(n, made);
            assert_memory_equal(output, whole, made * sizeof(int16_t));
        }
        for (size_t piece = 1; piece < 600; piece = piece * 2 + 1) {
            resample_restart(r);
            assert_int_equal(run(r, count, piece, output), made);
            assert_memory_equal(output, whole, made * sizeof(int16_t));
        }
        resample_free(r);
    }
}

static void test_lengths(void **state)
{
    (void)state;
    memset(input, 0, sizeof(input));
    for (size_t p = 0; p < PAIRS; p++) {
        struct resampler *r = open_pair(pairs[p].in_hz, pairs[p].out_hz, RESAMPLE_FILE);
        for (size_t count = 0; count < 1500; count += count < 50 ? 1 : 97) {
            uint64_t wanted = ((uint64_t)count * pairs[p].out_hz + pairs[p].in_hz - 1) / pairs[p].in_hz;
            resample_restart(r);
            assert_int_equal(run(r, count, 160, output), wanted);
        }
        resample_free(r);
    }
}

static void test_live_is_even(void **state)
{
    (void)state;
    static const uint32_t live[][2] = {{8000, 16000}, {16000, 8000}, {48000, 8000}, {8000, 8000}, {16000, 16000}};
    for (size_t p = 0; p < sizeof(live) / sizeof(live[0]); p++) {
        const uint32_t in_hz = live[p][0];
        const uint32_t out_hz = live[p][1];
        const size_t late = in_hz == out_hz ? 0 : out_hz / 250;
        static int16_t file[OUT_MAX];
        make_sine(in_hz, 1000, AMPLITUDE, in_hz / 10);
        struct resampler *r = open_pair(in_hz, out_hz, RESAMPLE_FILE);
        (void)run(r, in_hz / 10, in_hz / 50, file);
        resample_free(r);
        r = open_pair(in_hz, out_hz, RESAMPLE_LIVE);
        for (size_t i = 0; i < 5; i++) {
            size_t n = resample_push(r, input + i * in_hz / 50, in_hz / 50, output + i * out_hz / 50);
            assert_int_equal(n, out_hz / 50);
        }
        assert_int_equal(resample_flush(r, output + out_hz / 10), 0);
        /* the same as for a file, 4 ms later */
        assert_memory_equal(output + late, file, (out_hz / 10 - late) * sizeof(int16_t));
        resample_free(r);
    }
}

static void test_levels(void **state)
{
    (void)state;
    for (size_t p = 0; p < PAIRS; p++) {
        struct resampler *r = open_pair(pairs[p].in_hz, pairs[p].out_hz, RESAMPLE_FILE);
        const size_t edge = pairs[p].out_hz / 200;
        for (size_t i = 0; i < 3000; i++) {
            input[i] = -12345;
        }
        size_t made = run(r, 3000, 512, output);
        for (size_t i = edge; i < made - edge; i++) {
            assert_int_equal(output[i], -12345);
        }
        /* a square wave overshoots: cut off, never wrapped round */
        for (size_t i = 0; i < 3000; i++) {
            input[i] = i / (pairs[p].in_hz / 400) % 2 == 0 ? INT16_MAX : INT16_MIN;
        }
        resample_restart(r);
        made = run(r, 3000, 512, output);
        bool cut = false;
        for (size_t i = edge; i < made - edge; i++) {
            double at = (double)i * pairs[p].in_hz / pairs[p].out_hz / (pairs[p].in_hz / 400);
            double inside = at - floor(at);
            if (inside > 0.12 && inside < 0.88) {
                assert_true((long)at % 2 == 0 ? output[i] > 24000 : output[i] < -24000);
            }
            cut = cut || output[i] == INT16_MAX;
        }
        assert_true(cut);
        resample_free(r);
    }
}

static uint32_t sum_of(const int16_t *samples, size_t count)
{
    uint32_t sum = 2166136261u; /* FNV-1a over little-endian bytes */
    for (size_t i = 0; i < count; i++) {
        unsigned bits = (unsigned)samples[i] & 0xFFFF;
        sum = (sum ^ (bits & 0xFF)) * 16777619u;
        sum = (sum ^ bits >> 8) * 16777619u;
    }
    return sum;
}

/* Sums of what one machine made: another byte order, word size or compiler gives the same. */
static void test_same_everywhere(void **state)
{
    (void)state;
    static const struct {
        uint32_t in_hz, out_hz, sum;
    } known[] = {
        {8000, 16000, 0x30E09830u}, {16000, 8000, 0x5ADC3170u}, {44100, 8000, 0x58EEBB34u},
        {47999, 8000, 0xBC11686Au}, {8001, 8000, 0x20BF8089u},
    };
    size_t wrong = 0;
    make_noise(4000);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct resampler *r = open_pair(known[i].in_hz, known[i].out_hz, RESAMPLE_FILE);
        size_t made = run(r, 4000, 333, output);
        resample_free(r);
        if (sum_of(output, made) != known[i].sum) {
            printf("%u -> %u: %08X\n", (unsigned)known[i].in_hz, (unsigned)known[i].out_hz,
                   (unsigned)sum_of(output, made));
        }
        wrong += sum_of(output, made) != known[i].sum;
    }
    assert_int_equal(wrong, 0);
}

static void test_equal_rates_pass(void **state)
{
    (void)state;
    make_noise(1000);
    struct resampler *r = open_pair(8000, 8000, RESAMPLE_FILE);
    assert_int_equal(run(r, 1000, 77, output), 1000);
    assert_memory_equal(output, input, 2000);
    assert_int_equal(resample_cost(r), 0);
    assert_int_equal(resample_push(r, NULL, 0, output), 0);
    resample_free(r);
    resample_free(NULL);
}

static void test_bounds(void **state)
{
    (void)state;
    static const uint32_t bad[][2] = {{7999, 8000}, {48001, 8000}, {0, 8000},
                                      {8000, 0},    {8000, 7999},  {UINT32_MAX, 16000}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct resampler *r = (struct resampler *)(void *)input;
        assert_int_equal(resample_new(bad[i][0], bad[i][1], RESAMPLE_FILE, &r), ST_UNSUPPORTED);
        assert_null(r);
        assert_int_equal(resample_bytes(bad[i][0], bad[i][1]), 0);
    }
    for (uint32_t hz = 8000; hz <= 48000; hz++) {
        assert_true(resample_bytes(hz, 8000) <= RESAMPLE_BYTES_MAX);
        assert_true(resample_bytes(8000, hz) <= RESAMPLE_BYTES_MAX);
    }
    assert_true(resample_bytes(8000, 16000) <= 2048 && resample_bytes(16000, 8000) <= 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_response),         cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_lengths),          cmocka_unit_test(test_live_is_even),
        cmocka_unit_test(test_levels),           cmocka_unit_test(test_same_everywhere),
        cmocka_unit_test(test_equal_rates_pass), cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
