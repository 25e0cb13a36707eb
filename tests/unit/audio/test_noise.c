/* SPDX-License-Identifier: MIT */
/* Comfort noise: as loud as told, white enough, in one piece over calls. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wsaudio/audio.h"

#define COUNT 80000

static int16_t samples[COUNT];

static double dbov(void)
{
    double sum = 0;

    for (size_t i = 0; i < COUNT; i++) {
        sum += (double)samples[i] * samples[i];
    }
    return 10 * log10(sum / COUNT / 32768.0 / 32768.0);
}

static void as_loud_as_told(void **state)
{
    (void)state;
    for (unsigned level = 5; level <= 80; level++) { /* above 5 it would be clipped, below 80 it is the last bits */
        uint32_t seed = level;
        audio_noise(samples, COUNT, (uint8_t)level, &seed);
        double off = dbov() + level;
        if (off > (level > 60 ? 3 : 0.3) || off < (level > 60 ? -6 : -0.3)) {
            fail_msg("level %u is off by %.2f dB", level, off);
        }
    }
}

static void loudest_and_quietest(void **state)
{
    (void)state;
    uint32_t seed = 1;
    audio_noise(samples, COUNT, 0, &seed);
    assert_true(dbov() > -5.0);
    audio_noise(samples, COUNT, 127, &seed);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(samples[i], 0);
    }
}

static void no_tone_in_it(void **state)
{
    (void)state;
    uint32_t seed = 7;
    audio_noise(samples, COUNT, 30, &seed);
    for (size_t lag = 1; lag <= 160; lag++) {
        double sum = 0;
        double power = 0;
        for (size_t i = lag; i < COUNT; i++) {
            sum += (double)samples[i] * samples[i - lag];
            power += (double)samples[i] * samples[i];
        }
        assert_true(fabs(sum / power) < 0.03);
    }
}

static void goes_on(void **state)
{
    (void)state;
    static int16_t pieces[1000];
    uint32_t seed = 3;
    audio_noise(samples, 1000, 40, &seed);
    seed = 3;
    for (size_t at = 0; at < 1000; at += 125) {
        audio_noise(pieces + at, 125, 40, &seed);
    }
    assert_memory_equal(samples, pieces, sizeof(pieces));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_loud_as_told),
        cmocka_unit_test(loudest_and_quietest),
        cmocka_unit_test(no_tone_in_it),
        cmocka_unit_test(goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
