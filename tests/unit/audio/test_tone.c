/* SPDX-License-Identifier: MIT */
/* The tone: 1 kHz, its level, and no click from call to call. */
#include "support_audio.h"

static void test_one_kilohertz_at_its_level(void **state)
{
    (void)state;
    uint8_t ulaw[800];
    uint32_t phase = 0;
    double energy = 0;
    double mean = 0;
    audio_tone_1k(ulaw, sizeof(ulaw), &phase);
    for (size_t i = 0; i < sizeof(ulaw); i++) {
        double sample = ulaw_to_linear(ulaw[i]);
        energy += sample * sample / sizeof(ulaw);
        mean += sample / sizeof(ulaw);
        assert_int_equal(ulaw[i], ulaw[i % 8]);
    }
    /* 0 dBm0 is 3.17 dB under a sine of 32124; a tenth of that power is -10 dBm0. Within 0.3 dB. */
    double wanted = 32124.0 * 32124.0 / 2 / 2.0749 / 10;
    assert_true(energy > wanted * 0.933 && energy < wanted * 1.072);
    assert_true(mean > -10 && mean < 10);
    /* All of it in one period of eight samples: up, and down again, once. */
    assert_true(ulaw_to_linear(ulaw[2]) > 6000 && ulaw_to_linear(ulaw[6]) < -6000);
    assert_int_equal(ulaw_to_linear(ulaw[4]), 0);
}

static void test_goes_on_from_call_to_call(void **state)
{
    (void)state;
    uint8_t whole[160];
    uint8_t parts[160];
    uint32_t phase = 0;
    audio_tone_1k(whole, sizeof(whole), &phase);
    for (size_t len = 1; len < 20; len++) {
        phase = 0;
        for (size_t at = 0; at < sizeof(parts); at += len) {
            audio_tone_1k(parts + at, len < sizeof(parts) - at ? len : sizeof(parts) - at, &phase);
            assert_true(phase < 8);
        }
        assert_memory_equal(whole, parts, sizeof(whole));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_kilohertz_at_its_level),
        cmocka_unit_test(test_goes_on_from_call_to_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
