/* SPDX-License-Identifier: MIT */
/* What is playable, and what is said about the rest. */
#include "support_audio.h"

#define TAKEN "; taken: 8 to 48 kHz, mono or stereo, PCM of 8, 16, 24 or 32 bits, 32-bit float, A-law, mu-law"

static void test_playable(void **state)
{
    (void)state;
    static const struct {
        struct wav_format format;
        enum audio_codec codec;
    } table[] = {
        {{1, 1, 8000, 16, 2}, AUDIO_L16},          {{6, 1, 8000, 8, 1}, AUDIO_ALAW},
        {{7, 1, 8000, 8, 1}, AUDIO_ULAW},          {{1, 1, 8000, 8, 1}, AUDIO_CODEC_COUNT},
        {{1, 1, 8000, 24, 3}, AUDIO_CODEC_COUNT},  {{1, 2, 8000, 16, 4}, AUDIO_CODEC_COUNT},
        {{1, 1, 8001, 16, 2}, AUDIO_CODEC_COUNT},  {{1, 2, 44100, 24, 6}, AUDIO_CODEC_COUNT},
        {{1, 2, 48000, 32, 8}, AUDIO_CODEC_COUNT}, {{3, 1, 11025, 32, 4}, AUDIO_CODEC_COUNT},
        {{6, 2, 8000, 8, 2}, AUDIO_CODEC_COUNT},   {{7, 1, 16000, 8, 1}, AUDIO_CODEC_COUNT},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        enum audio_codec codec = AUDIO_CODEC_COUNT;
        char text[8] = "before";
        assert_int_equal(wav_playable(&table[i].format, &codec, text, sizeof(text)), ST_OK);
        assert_int_equal(codec, table[i].codec);
    }
}

static void test_unsupported_texts(void **state)
{
    (void)state;
    static const struct {
        struct wav_format format;
        const char *text;
    } table[] = {
        {{1, 2, 44100, 20, 6}, "found PCM 20-bit stereo 44100 Hz" TAKEN},
        {{1, 1, 8000, 12, 2}, "found PCM 12-bit mono 8000 Hz" TAKEN},
        {{1, 1, 7999, 16, 2}, "found PCM 16-bit mono 7999 Hz" TAKEN},
        {{1, 1, 48001, 16, 2}, "found PCM 16-bit mono 48001 Hz" TAKEN},
        {{3, 1, 8000, 64, 8}, "found float 64-bit mono 8000 Hz" TAKEN},
        {{3, 1, 8000, 16, 2}, "found float 16-bit mono 8000 Hz" TAKEN},
        {{6, 1, 8000, 16, 2}, "found A-law 16-bit mono 8000 Hz" TAKEN},
        {{7, 6, 8000, 8, 6}, "found mu-law 8-bit 6 channels 8000 Hz" TAKEN},
        {{7, 1, 8000, 16, 2}, "found mu-law 16-bit mono 8000 Hz" TAKEN},
        {{1, 0, 8000, 16, 2}, "found PCM 16-bit 0 channels 8000 Hz" TAKEN},
        {{0x31, 1, 8000, 0, 65}, "found format 0x0031 0-bit mono 8000 Hz" TAKEN},
        {{0xFFFF, 65535, UINT32_MAX, 65535, 1}, "found format 0xFFFF 65535-bit 65535 channels 4294967295 Hz" TAKEN},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        enum audio_codec codec;
        char text[160];
        assert_int_equal(wav_playable(&table[i].format, &codec, text, sizeof(text)), ST_UNSUPPORTED);
        assert_string_equal(text, table[i].text);
        char small[10];
        assert_int_equal(wav_playable(&table[i].format, &codec, small, sizeof(small)), ST_UNSUPPORTED);
        assert_memory_equal(small, table[i].text, sizeof(small) - 1);
        assert_int_equal(small[9], 0);
    }
}

static void test_duration(void **state)
{
    (void)state;
    static const struct {
        struct wav_format format;
        uint64_t len, ms;
    } table[] = {
        {{7, 1, 8000, 8, 1}, 0, 0},
        {{7, 1, 8000, 8, 1}, 7, 0},
        {{7, 1, 8000, 8, 1}, 8, 1},
        {{7, 1, 8000, 8, 1}, 12345, 1543},
        {{1, 1, 8000, 16, 2}, 16000, 1000},
        {{1, 2, 44100, 24, 6}, 264600 * 3600ull, 3600000},
        {{7, 1, 1, 8, 1}, UINT64_MAX, UINT64_MAX},
        {{7, 0, 8000, 8, 0}, 8000, 0},
        {{7, 1, 0, 8, 1}, 8000, 0},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_true(wav_duration_ms(&table[i].format, table[i].len) == table[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_playable),
        cmocka_unit_test(test_unsupported_texts),
        cmocka_unit_test(test_duration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
