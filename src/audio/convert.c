/* SPDX-License-Identifier: MIT */
/* Samples from one representation to another. */
#include "wsaudio/audio.h"

#define SOME 160 /* samples: 20 ms */

uint8_t audio_silence(enum audio_codec codec)
{
    switch (codec) {
    case AUDIO_ULAW: return ULAW_SILENCE;
    case AUDIO_ALAW: return ALAW_SILENCE;
    case AUDIO_L16:
    case AUDIO_CODEC_COUNT: break;
    }
    return 0;
}

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

static void read_some(enum audio_codec codec, const uint8_t *in, size_t count, int16_t *out)
{
    switch (codec) {
    case AUDIO_ULAW:
        for (size_t i = 0; i < count; i++) {
            out[i] = ulaw_to_linear(in[i]);
        }
        break;
    case AUDIO_ALAW:
        for (size_t i = 0; i < count; i++) {
            out[i] = alaw_to_linear(in[i]);
        }
        break;
    case AUDIO_L16: audio_l16_unpack(in, count, out); break;
    case AUDIO_CODEC_COUNT: break;
    }
}

static void write_some(enum audio_codec codec, const int16_t *in, size_t count, uint8_t *out)
{
    switch (codec) {
    case AUDIO_ULAW:
        for (size_t i = 0; i < count; i++) {
            out[i] = linear_to_ulaw(in[i]);
        }
        break;
    case AUDIO_ALAW:
        for (size_t i = 0; i < count; i++) {
            out[i] = linear_to_alaw(in[i]);
        }
        break;
    case AUDIO_L16: audio_l16_pack(in, count, out); break;
    case AUDIO_CODEC_COUNT: break;
    }
}

static size_t width_of(enum audio_codec codec)
{
    return codec == AUDIO_L16 ? 2 : 1;
}

void audio_convert(enum audio_codec from, const uint8_t *in, enum audio_codec to, uint8_t *out, size_t count)
{
    if (from == to) {
        /* Bit for bit: by way of linear values mu-law's negative zero would be lost. */
        size_t len = width_of(from) * count;
        if (len != 0) {
            memmove(out, in, len);
        }
        return;
    }
    int16_t some[SOME];
    for (size_t i = 0; i < count; i += SOME) {
        size_t n = count - i < SOME ? count - i : SOME;
        read_some(from, in + i * width_of(from), n, some);
        write_some(to, some, n, out + i * width_of(to));
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
