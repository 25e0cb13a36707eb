/* SPDX-License-Identifier: MIT */
/* The codecs, one row each: a new one of this kind (a fixed number of octets a sample) is a row here and a file with its two
 * functions. */
#include "wsaudio/audio.h"

#define NOT_SENT (-1)

const struct audio_codec_row audio_codecs[AUDIO_CODEC_COUNT] = {
    [AUDIO_ULAW] = {"PCMU", 0, AUDIO_HZ, AUDIO_FRAME, AUDIO_FRAME, 1, ULAW_SILENCE, ulaw_decode, ulaw_encode},
    [AUDIO_ALAW] = {"PCMA", 8, AUDIO_HZ, AUDIO_FRAME, AUDIO_FRAME, 1, ALAW_SILENCE, alaw_decode, alaw_encode},
    [AUDIO_L16] = {"L16", NOT_SENT, AUDIO_HZ, AUDIO_FRAME, 2 * AUDIO_FRAME, 2, 0, audio_l16_unpack, audio_l16_pack},
};

bool audio_codec_of_payload(uint8_t payload_type, enum audio_codec *codec)
{
    for (int i = 0; i < AUDIO_CODEC_COUNT; i++) {
        if (audio_codecs[i].payload_type == payload_type) {
            *codec = (enum audio_codec)i;
            return true;
        }
    }
    return false;
}

bool audio_codec_of_name(const char *name, uint32_t clock_hz, enum audio_codec *codec)
{
    for (int i = 0; i < AUDIO_CODEC_COUNT; i++) {
        const struct audio_codec_row *row = &audio_codecs[i];
        if (row->payload_type != NOT_SENT && row->clock_hz == clock_hz && strcmp(row->name, name) == 0) {
            *codec = (enum audio_codec)i;
            return true;
        }
    }
    return false;
}

void audio_put_silence(enum audio_codec codec, uint8_t *out, size_t count)
{
    memset(out, audio_silence(codec), count * audio_codec_width(codec));
}
