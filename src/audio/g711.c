/* SPDX-License-Identifier: MIT */
/* ITU-T G.711 by segment arithmetic on the 16-bit scale. A value that lies exactly on a decision level goes to the
 * larger magnitude in mu-law and for positive A-law, to the smaller one for negative A-law, as common codecs do. */
#include "wsaudio/audio.h"

#define ULAW_BIAS 132   /* makes every segment begin at a power of two */
#define ULAW_CLIP 32635 /* the largest magnitude that stays in 15 bits with the bias */
#define ALAW_XOR  0x55  /* even bits are sent inverted */
#define SIGN_BIT  0x80

#define TWO(n)     (n), (n)
#define EIGHT(n)   TWO(n), TWO(n), TWO(n), TWO(n)
#define THIRTY2(n) EIGHT(n), EIGHT(n), EIGHT(n), EIGHT(n)

/* Number of the highest set bit above bit 7, 0 to 7, of magnitudes of 15 bits. A look-up, since each sample needs one. */
static unsigned segment_of(unsigned magnitude)
{
    static const uint8_t segments[128] = {0,        1,        TWO(2),     TWO(3),     TWO(3),    EIGHT(4),
                                          EIGHT(5), EIGHT(5), THIRTY2(6), THIRTY2(7), THIRTY2(7)};

    return segments[magnitude >> 8];
}

int16_t ulaw_to_linear(uint8_t code)
{
    unsigned bits = code ^ 0xFFu;
    int magnitude = (int)(((bits & 0x0F) * 8 + ULAW_BIAS) << (bits >> 4 & 7)) - ULAW_BIAS;

    return (int16_t)((bits & SIGN_BIT) != 0 ? -magnitude : magnitude);
}

uint8_t linear_to_ulaw(int16_t sample)
{
    unsigned sign = sample < 0 ? SIGN_BIT : 0;
    unsigned magnitude = (unsigned)(sample < 0 ? -(int)sample : sample);

    if (magnitude > ULAW_CLIP) {
        magnitude = ULAW_CLIP;
    }
    magnitude += ULAW_BIAS;
    unsigned segment = segment_of(magnitude);
    unsigned step = magnitude >> (segment + 3) & 0x0F;
    return (uint8_t)((sign | segment << 4 | step) ^ 0xFF);
}

int16_t alaw_to_linear(uint8_t code)
{
    unsigned bits = code ^ (unsigned)ALAW_XOR;
    unsigned segment = bits >> 4 & 7;
    unsigned magnitude = (bits & 0x0F) * 16 + 8;

    if (segment != 0) {
        magnitude = (magnitude + 256) << (segment - 1);
    }
    return (int16_t)((bits & SIGN_BIT) != 0 ? (int)magnitude : -(int)magnitude);
}

uint8_t linear_to_alaw(int16_t sample)
{
    unsigned sign = sample < 0 ? 0 : SIGN_BIT;
    unsigned magnitude = (unsigned)(sample < 0 ? -(int)sample - 1 : sample);
    unsigned segment = segment_of(magnitude);
    unsigned step = magnitude >> (segment != 0 ? segment + 3 : 4) & 0x0F;

    return (uint8_t)((sign | segment << 4 | step) ^ ALAW_XOR);
}

/* ---- blocks ---- */

void ulaw_decode(const uint8_t *in, size_t count, int16_t *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = ulaw_to_linear(in[i]);
    }
}

void ulaw_encode(const int16_t *in, size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = linear_to_ulaw(in[i]);
    }
}

void alaw_decode(const uint8_t *in, size_t count, int16_t *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = alaw_to_linear(in[i]);
    }
}

void alaw_encode(const int16_t *in, size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = linear_to_alaw(in[i]);
    }
}
