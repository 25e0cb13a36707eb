/* SPDX-License-Identifier: MIT */
/* A WAV file's bytes into what calls play: decoded, then resampled, a piece at a time. */
#include <stdlib.h>

#include "wav_decode.h"

#define DECODED_MAX  256 /* samples of the file decoded at a time */
#define DECODE_STEPS 16  /* one sample's decoding, in multiplications of the resampler */

struct wav_converter {
    struct wav_decoder decoder;
    struct resampler *resampler; /* owns */
};

int wav_converter_new(const struct wav_format *format, struct wav_converter **out)
{
    enum audio_codec codec;

    *out = NULL;
    if (wav_playable(format, &codec, NULL, 0) != ST_OK) {
        return ST_UNSUPPORTED;
    }
    struct wav_converter *c = malloc(sizeof(*c));
    if (c == NULL) {
        return ST_NO_MEMORY;
    }
    wav_decoder_init(&c->decoder, format);
    int status = resample_new(format->rate_hz, AUDIO_HZ, RESAMPLE_FILE, &c->resampler);
    if (status != ST_OK) {
        free(c);
        return status;
    }
    *out = c;
    return ST_OK;
}

void wav_converter_free(struct wav_converter *c)
{
    if (c != NULL) {
        resample_free(c->resampler);
        free(c);
    }
}

static size_t put_l16(uint8_t *out, const int16_t *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned bits = (unsigned)samples[i];
        out[2 * i] = (uint8_t)bits;
        out[2 * i + 1] = (uint8_t)(bits >> 8);
    }
    return count;
}

size_t wav_converter_push_max(const struct wav_converter *c, size_t len)
{
    return resample_push_max(c->resampler, (len + WAV_BLOCK_MAX - 1) / c->decoder.format.block_align);
}

size_t wav_converter_flush_max(const struct wav_converter *c)
{
    return resample_flush_max(c->resampler);
}

size_t wav_converter_push(struct wav_converter *c, const uint8_t *bytes, size_t len, uint8_t *l16)
{
    const size_t step = (DECODED_MAX - 1) * (size_t)c->decoder.format.block_align;
    int16_t decoded[DECODED_MAX];
    int16_t resampled[DECODED_MAX + 1];
    size_t made = 0;

    while (len > 0) {
        size_t piece = len < step ? len : step;
        size_t count = wav_decoder_push(&c->decoder, bytes, piece, decoded);
        count = resample_push(c->resampler, decoded, count, resampled);
        made += put_l16(l16 + 2 * made, resampled, count);
        bytes += piece;
        len -= piece;
    }
    return made;
}

size_t wav_converter_flush(struct wav_converter *c, uint8_t *l16)
{
    int16_t resampled[DECODED_MAX + 1];

    return put_l16(l16, resampled, resample_flush(c->resampler, resampled));
}

uint64_t wav_converter_samples(const struct wav_format *format, uint64_t len)
{
    uint64_t count = len / format->block_align;

    return count / format->rate_hz * AUDIO_HZ +
           (count % format->rate_hz * AUDIO_HZ + format->rate_hz - 1) / format->rate_hz;
}

uint64_t wav_converter_steps(const struct wav_converter *c, size_t len)
{
    const struct wav_format *f = &c->decoder.format;
    uint64_t count = len / f->block_align + 1;

    return count * f->channels * DECODE_STEPS + (count * AUDIO_HZ / f->rate_hz + 1) * resample_cost(c->resampler);
}

size_t wav_converter_piece(const struct wav_converter *c, uint64_t steps)
{
    /* what one more block of the file costs, in 1/256 */
    const struct wav_format *f = &c->decoder.format;
    uint64_t each =
        256u * f->channels * DECODE_STEPS + 256u * AUDIO_HZ * (uint64_t)resample_cost(c->resampler) / f->rate_hz + 1;
    return (size_t)(steps * 256 / each) * f->block_align;
}
