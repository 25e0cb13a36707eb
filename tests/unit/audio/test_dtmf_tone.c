/* SPDX-License-Identifier: MIT */
/* Tones of the keys: the two frequencies of ITU-T Q.23, their levels, nothing else, soft edges, exact over pieces. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wsaudio/audio.h"

#define TOTAL 800
#define PI    3.14159265358979323846

static const char keys[] = "123A456B789C*0#D";
static const double rows[4] = {697, 770, 852, 941};
static const double columns[4] = {1209, 1336, 1477, 1633};

/* Peak of the sine of that frequency in the middle 600 samples, under a window. */
static double peak_of(const int16_t *x, double hz)
{
    double re = 0;
    double im = 0;
    double weight = 0;

    for (int i = 100; i < 700; i++) {
        double w = 0.5 - 0.5 * cos(2 * PI * (i - 100 + 0.5) / 600);
        re += w * x[i] * cos(2 * PI * hz * i / 8000);
        im += w * x[i] * sin(2 * PI * hz * i / 8000);
        weight += w;
    }
    return 2 * sqrt(re * re + im * im) / weight;
}

static double dbm0(double peak)
{
    return 20 * log10(peak / 32124) + 3.17;
}

static void frequencies_and_levels(void **state)
{
    int16_t x[TOTAL];

    (void)state;
    for (size_t k = 0; k < 16; k++) {
        audio_key_tone(x, TOTAL, keys[k], 0, TOTAL);
        for (size_t i = 0; i < 4; i++) {
            double row = dbm0(peak_of(x, rows[i]));
            double column = dbm0(peak_of(x, columns[i]));
            assert_true(i == k / 4 ? fabs(row + 8) < 0.1 : row < -45);
            assert_true(i == k % 4 ? fabs(column + 6) < 0.1 : column < -45);
        }
        assert_true(dbm0(peak_of(x, 300)) < -60 && dbm0(peak_of(x, 3000)) < -60);
    }
}

static void soft_edges(void **state)
{
    int16_t x[TOTAL];

    (void)state;
    for (size_t k = 0; k < 16; k++) {
        audio_key_tone(x, TOTAL, keys[k], 0, TOTAL);
        for (int i = 0; i < 8; i++) { /* the first and last ms: 0.1 of the peak at most */
            assert_true(x[i] < 2100 && x[i] > -2100 && x[TOTAL - 1 - i] < 2100 && x[TOTAL - 1 - i] > -2100);
        }
    }
}

static void in_pieces_and_beyond(void **state)
{
    int16_t whole[TOTAL];
    int16_t pieces[TOTAL + 160];

    (void)state;
    audio_key_tone(whole, TOTAL, '5', 0, TOTAL);
    for (size_t at = 0; at < TOTAL + 160; at += 32) {
        audio_key_tone(pieces + at, 32, '5', at, TOTAL);
    }
    assert_memory_equal(whole, pieces, sizeof(whole));
    for (size_t i = TOTAL; i < TOTAL + 160; i++) {
        assert_int_equal(pieces[i], 0);
    }
    for (int c = 0; c < 256; c++) {
        if (c == 0 || strchr(keys, c) == NULL) {
            audio_key_tone(whole, 160, (char)c, 0, TOTAL);
            for (size_t i = 0; i < 160; i++) {
                assert_int_equal(whole[i], 0);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frequencies_and_levels),
        cmocka_unit_test(soft_edges),
        cmocka_unit_test(in_pieces_and_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
