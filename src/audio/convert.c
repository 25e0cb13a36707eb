/* SPDX-License-Identifier: MIT */
/* Samples from one representation to another. */
#include "wsaudio/audio.h"

static int16_t l16_read(const uint8_t *in)
{
    int value = in[0] | in[1] << 8;

    return (int16_t)(value >= 0x8000 ? value - 0x10000 : value);
}

static void l16_write(uint8_t *out, int16_t sample)
{
    unsigned bits = (unsigned)sample;

    out[0] = (uint8_t)bits;
    out[1] = (uint8_t)(bits >> 8);
}

void audio_convert(enum audio_codec from, const uint8_t *in, enum audio_codec to, uint8_t *out, size_t count)
{
    const struct audio_codec_row *source = audio_codec_row(from);
    const struct audio_codec_row *target = audio_codec_row(to);
    size_t in_width = audio_codec_width(from);
    size_t out_width = audio_codec_width(to);
    int16_t some[AUDIO_FRAME];

    if (from == to) {
        /* Bit for bit: by way of linear values mu-law's negative zero would be lost. */
        if (count != 0) {
            memmove(out, in, in_width * count);
        }
        return;
    }
    for (size_t i = 0; i < count; i += AUDIO_FRAME) {
        size_t n = count - i < AUDIO_FRAME ? count - i : AUDIO_FRAME;
        source->decode(in + i * in_width, n, some);
        target->encode(some, n, out + i * out_width);
    }
}

void audio_l16_pack(const int16_t *in, size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i++) {
        l16_write(out + 2 * i, in[i]);
    }
}

void audio_l16_unpack(const uint8_t *in, size_t count, int16_t *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = l16_read(in + 2 * i);
    }
}
