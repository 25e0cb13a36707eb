/* Samples from one representation to another. */
#include "wsaudio/audio.h"

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

static int16_t sample_read(enum audio_codec codec, const uint8_t *in, size_t index)
{
    switch (codec) {
    case AUDIO_ULAW: return ulaw_to_linear(in[index]);
    case AUDIO_ALAW: return alaw_to_linear(in[index]);
    case AUDIO_L16: return l16_read(in + 2 * index);
    case AUDIO_CODEC_COUNT: break;
    }
    return 0;
}

static void sample_write(enum audio_codec codec, uint8_t *out, size_t index, int16_t sample)
{
    switch (codec) {
    case AUDIO_ULAW: out[index] = linear_to_ulaw(sample); break;
    case AUDIO_ALAW: out[index] = linear_to_alaw(sample); break;
    case AUDIO_L16: l16_write(out + 2 * index, sample); break;
    case AUDIO_CODEC_COUNT: break;
    }
}

void audio_convert(enum audio_codec from, const uint8_t *in, enum audio_codec to, uint8_t *out, size_t count)
{
    if (from == to) {
        /* Bit for bit: by way of linear values mu-law's negative zero would be lost. */
        size_t len = from == AUDIO_L16 ? 2 * count : count;
        if (len != 0) {
            memmove(out, in, len);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        sample_write(to, out, i, sample_read(from, in, i));
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
