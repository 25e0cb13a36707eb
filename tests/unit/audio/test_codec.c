/* SPDX-License-Identifier: MIT */
/* The codecs' table.
 *
 * rows       each row is whole: what is encoded is decoded to nearly the same, silence is silent, octets fit samples
 * numbers    RFC 3551 table 4: 0 and 8; what is not spoken on the wire has no number and no name there
 * names      a name counts with its clock, as rtpmap has both
 * blocks     a block of any length is what its samples are one by one */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wsaudio/audio.h"

static void rows(void **state)
{
    static const int16_t samples[5] = {0, 1000, -1000, 32000, -32000};

    (void)state;
    for (int i = 0; i < AUDIO_CODEC_COUNT; i++) {
        const struct audio_codec_row *row = audio_codec_row((enum audio_codec)i);
        uint8_t octets[10];
        int16_t back[5];
        assert_non_null(row->name);
        assert_int_equal(row->clock_hz / 50, row->frame_samples);
        assert_int_equal(row->frame_octets % row->frame_samples, 0);
        assert_int_equal(audio_codec_width((enum audio_codec)i), row->frame_octets / row->frame_samples);
        row->encode(samples, 5, octets);
        row->decode(octets, 5, back);
        for (int k = 0; k < 5; k++) {
            assert_true(abs(back[k] - samples[k]) <= 16 + abs(samples[k]) / 30);
        }
        audio_put_silence((enum audio_codec)i, octets, 5);
        row->decode(octets, 5, back);
        for (int k = 0; k < 5; k++) {
            assert_true(abs(back[k]) <= 8);
        }
    }
}

static void numbers(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        enum audio_codec codec = AUDIO_CODEC_COUNT;
        assert_int_equal(audio_codec_of_payload((uint8_t)type, &codec), type == 0 || type == 8);
        assert_int_equal(codec, type == 0 ? AUDIO_ULAW : type == 8 ? AUDIO_ALAW : AUDIO_CODEC_COUNT);
    }
}

static void names(void **state)
{
    static const struct {
        const char *name;
        uint32_t clock_hz;
        enum audio_codec codec;
    } table[] = {{"PCMU", 8000, AUDIO_ULAW},         {"PCMA", 8000, AUDIO_ALAW},
                 {"PCMU", 16000, AUDIO_CODEC_COUNT}, {"pcmu", 8000, AUDIO_CODEC_COUNT},
                 {"L16", 8000, AUDIO_CODEC_COUNT},   {"", 8000, AUDIO_CODEC_COUNT},
                 {"PCMUU", 8000, AUDIO_CODEC_COUNT}, {"PCMA", 0, AUDIO_CODEC_COUNT}};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        enum audio_codec codec = AUDIO_CODEC_COUNT;
        bool known = audio_codec_of_name(table[i].name, table[i].clock_hz, &codec);
        assert_int_equal(known, table[i].codec != AUDIO_CODEC_COUNT);
        assert_int_equal(codec, table[i].codec);
    }
}

static void blocks(void **state)
{
    uint8_t octets[256];
    int16_t samples[256];
    uint8_t back[256];

    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        octets[i] = (uint8_t)i;
    }
    ulaw_decode(octets, 256, samples);
    ulaw_encode(samples, 255, back);
    for (unsigned i = 0; i < 255; i++) {
        assert_int_equal(samples[i], ulaw_to_linear(octets[i]));
        assert_int_equal(back[i], linear_to_ulaw(samples[i]));
    }
    alaw_decode(octets, 256, samples);
    alaw_encode(samples, 255, back);
    for (unsigned i = 0; i < 255; i++) {
        assert_int_equal(samples[i], alaw_to_linear(octets[i]));
        assert_int_equal(back[i], linear_to_alaw(samples[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(numbers),
        cmocka_unit_test(names),
        cmocka_unit_test(blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
