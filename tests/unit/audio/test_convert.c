/* SPDX-License-Identifier: MIT */
/* audio_convert: every pair of representations, ends of the buffers included. */
#include "guard.h"
#include "support_audio.h"

static uint8_t all_codes[256];

static int fill_codes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        all_codes[i] = (uint8_t)i;
    }
    return 0;
}

static void test_silence(void **state)
{
    (void)state;
    assert_int_equal(audio_silence(AUDIO_ULAW), 0xFF);
    assert_int_equal(audio_silence(AUDIO_ALAW), 0xD5);
    assert_int_equal(audio_silence(AUDIO_L16), 0);
}

static void test_law_to_law_in_place(void **state)
{
    (void)state;
    struct guard g = guard_copy(all_codes, 256);
    uint8_t *bytes = (uint8_t *)g.ptr;
    audio_convert(AUDIO_ULAW, bytes, AUDIO_ALAW, bytes, 256);
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(bytes[i], linear_to_alaw(ulaw_to_linear((uint8_t)i)));
    }
    memcpy(bytes, all_codes, 256);
    audio_convert(AUDIO_ALAW, bytes, AUDIO_ULAW, bytes, 256);
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(bytes[i], linear_to_ulaw(alaw_to_linear((uint8_t)i)));
    }
    guard_free(&g);
}

/* SPEC: mu-law into a PCMU call and A-law into a PCMA call pass bit for bit, the negative zero too. */
static void test_same_law_is_bit_for_bit(void **state)
{
    (void)state;
    uint8_t out[256];
    audio_convert(AUDIO_ULAW, all_codes, AUDIO_ULAW, out, 256);
    assert_memory_equal(out, all_codes, 256);
    audio_convert(AUDIO_ALAW, all_codes, AUDIO_ALAW, out, 256);
    assert_memory_equal(out, all_codes, 256);
    audio_convert(AUDIO_L16, all_codes, AUDIO_L16, out, 128);
    assert_memory_equal(out, all_codes, 256);
    audio_convert(AUDIO_ULAW, NULL, AUDIO_ULAW, NULL, 0);
}

static void test_l16_is_little_endian(void **state)
{
    (void)state;
    static const struct {
        int16_t sample;
        uint8_t bytes[2];
    } table[] = {{0, {0, 0}},           {1, {1, 0}}, {-1, {0xFF, 0xFF}}, {256, {0, 1}}, {INT16_MAX, {0xFF, 0x7F}},
                 {INT16_MIN, {0, 0x80}}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint8_t code;
        audio_convert(AUDIO_L16, table[i].bytes, AUDIO_ULAW, &code, 1);
        assert_int_equal(code, linear_to_ulaw(table[i].sample));
        audio_convert(AUDIO_L16, table[i].bytes, AUDIO_ALAW, &code, 1);
        assert_int_equal(code, linear_to_alaw(table[i].sample));
    }
    struct guard g = guard_room(512);
    uint8_t *bytes = (uint8_t *)g.ptr;
    audio_convert(AUDIO_ULAW, all_codes, AUDIO_L16, bytes, 256);
    for (unsigned i = 0; i < 256; i++) {
        int sample = ulaw_to_linear((uint8_t)i);
        assert_int_equal(bytes[2 * i], sample & 0xFF);
        assert_int_equal(bytes[2 * i + 1], (unsigned)sample >> 8 & 0xFF);
    }
    audio_convert(AUDIO_ALAW, all_codes, AUDIO_L16, bytes, 256);
    audio_convert(AUDIO_L16, bytes, AUDIO_ALAW, bytes, 256);
    assert_memory_equal(bytes, all_codes, 256);
    guard_free(&g);
}

static void test_samples_to_bytes_and_back(void **state)
{
    (void)state;
    static int16_t all[65536];
    static int16_t again[65536];
    static uint8_t bytes[2 * 65536];
    for (int i = 0; i < 65536; i++) {
        all[i] = (int16_t)(i - 32768);
    }
    audio_l16_pack(all, 65536, bytes);
    audio_l16_unpack(bytes, 65536, again);
    assert_memory_equal(all, again, sizeof(all));
    assert_true(bytes[0] == 0x00 && bytes[1] == 0x80 && bytes[2] == 0x01 && bytes[3] == 0x80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_law_to_law_in_place),
        cmocka_unit_test(test_same_law_is_bit_for_bit),
        cmocka_unit_test(test_l16_is_little_endian),
        cmocka_unit_test(test_samples_to_bytes_and_back),
    };
    return cmocka_run_group_tests(tests, fill_codes, NULL);
}
