/* SPDX-License-Identifier: MIT */
/* Samples of a WAV file as 16-bit linear, one channel. Everything is first a number in Q31, two channels their sum: nothing clips
 * on the way, and bits are dropped once. Integers only: a file sounds the same on every machine. */
#include "wav_decode.h"

#define DROPPED_BITS 17 /* from the sum of two in Q31 to their mean in 16 bits */
#define DITHER_SEED  0x9E3779B9u

void wav_decoder_init(struct wav_decoder *d, const struct wav_format *format)
{
    *d = (struct wav_decoder){
        .format = *format, .dither = DITHER_SEED, .width = (uint8_t)(format->block_align / format->channels)};
}

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int32_t signed32(uint32_t bits)
{
    return bits <= INT32_MAX ? (int32_t)bits : -(int32_t)(UINT32_MAX - bits) - 1;
}

/* IEEE 754 by its bits: 1.0 is full scale, beyond it is cut off; what is no number is silence. */
static int32_t float_q31(uint32_t bits)
{
    const unsigned exponent = bits >> 23 & 0xFF;
    const uint32_t mantissa = (bits & 0x7FFFFF) | 0x800000;
    const bool negative = bits >> 31 != 0;

    if (exponent == 0xFF && mantissa != 0x800000) {
        return 0;
    }
    if (exponent >= 127) {
        return negative ? INT32_MIN : INT32_MAX;
    }
    const int shift = (int)exponent - 119;
    const uint32_t magnitude = shift >= 0 ? mantissa << shift : shift > -24 ? mantissa >> -shift : 0;
    return negative ? -(int32_t)magnitude : (int32_t)magnitude;
}

/* PCM lies left-justified in whatever holds it: bits that do not count are 0. */
static int32_t sample_q31(const struct wav_decoder *d, const uint8_t *p)
{
    switch (d->format.tag) {
    case WAV_TAG_ULAW: return ulaw_to_linear(p[0]) * 65536;
    case WAV_TAG_ALAW: return alaw_to_linear(p[0]) * 65536;
    case WAV_TAG_FLOAT: return float_q31(le32(p));
    default: break;
    }
    switch (d->width) {
    case 1: return (p[0] - 128) * (1 << 24);
    case 2: return signed32((uint32_t)p[0] << 16 | (uint32_t)p[1] << 24);
    case 3: return signed32((uint32_t)p[0] << 8 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 24);
    default: return signed32(le32(p));
    }
}

/* Two uniform numbers added (TPDF), 2 LSB wide; xorshift. */
static int32_t next_dither(struct wav_decoder *d)
{
    d->dither ^= d->dither << 13;
    d->dither ^= d->dither >> 17;
    d->dither ^= d->dither << 5;
    return 2 * (int32_t)((d->dither & 0xFFFF) + (d->dither >> 16)) - 2 * 0xFFFF;
}

static int16_t to_16(struct wav_decoder *d, int64_t sum)
{
    const int64_t lsb = (int64_t)1 << DROPPED_BITS;
    int64_t rest = sum % lsb;

    if (rest == 0) {
        return (int16_t)(sum / lsb); /* nothing is dropped: silence stays silence, 16 bits stay as they are */
    }
    sum += next_dither(d) + lsb / 2;
    rest = sum % lsb;
    sum = sum / lsb - (rest < 0 ? 1 : 0);
    return (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
}

static int16_t decode_frame(struct wav_decoder *d, const uint8_t *p)
{
    int64_t left = sample_q31(d, p);
    int64_t right = d->format.channels == 2 ? sample_q31(d, p + d->width) : left;

    return to_16(d, left + right);
}

size_t wav_decoder_push(struct wav_decoder *d, const uint8_t *bytes, size_t len, int16_t *out)
{
    const size_t block = d->format.block_align;
    size_t made = 0;

    if (d->held_len != 0) {
        size_t taken = block - d->held_len < len ? block - d->held_len : len;
        memcpy(d->held + d->held_len, bytes, taken);
        d->held_len = (uint8_t)(d->held_len + taken);
        bytes += taken;
        len -= taken;
        if (d->held_len < block) {
            return 0;
        }
        d->held_len = 0;
        out[made++] = decode_frame(d, d->held);
    }
    for (; len >= block; len -= block, bytes += block) {
        out[made++] = decode_frame(d, bytes);
    }
    if (len != 0) {
        memcpy(d->held, bytes, len);
        d->held_len = (uint8_t)len;
    }
    return made;
}
