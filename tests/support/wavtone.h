/* SPDX-License-Identifier: MIT */
/* A tone in WAV files of every kind, and finding it again. Tests only; needs wavgen.h, wsaudio/audio.h and libm. */
#ifndef SUPPORT_WAVTONE_H
#define SUPPORT_WAVTONE_H

#include <math.h>
#include <stdio.h>

#include "wavgen.h"
#include "wsaudio/audio.h"

#define WAVTONE_LEVEL_DB (-3.0) /* below full scale */
#define WAVTONE_TAU      6.28318530717958647692

struct wavtone_kind {
    const char *name;
    uint16_t tag, bits, channels;
    uint32_t fmt_len;
};

/* Every coding that is taken, one and two channels, plain and EXTENSIBLE. */
static const struct wavtone_kind wavtone_kinds[] = {
    {"PCM 8 mono", WAVGEN_PCM, 8, 1, 16},       {"PCM 8 stereo", WAVGEN_PCM, 8, 2, 16},
    {"PCM 16 mono", WAVGEN_PCM, 16, 1, 16},     {"PCM 16 stereo", WAVGEN_PCM, 16, 2, 40},
    {"PCM 24 mono", WAVGEN_PCM, 24, 1, 40},     {"PCM 24 stereo", WAVGEN_PCM, 24, 2, 40},
    {"PCM 32 mono", WAVGEN_PCM, 32, 1, 40},     {"PCM 32 stereo", WAVGEN_PCM, 32, 2, 16},
    {"float 32 mono", WAVGEN_FLOAT, 32, 1, 18}, {"float 32 stereo", WAVGEN_FLOAT, 32, 2, 40},
    {"A-law mono", WAVGEN_ALAW, 8, 1, 18},      {"A-law stereo", WAVGEN_ALAW, 8, 2, 40},
    {"mu-law mono", WAVGEN_ULAW, 8, 1, 18},     {"mu-law stereo", WAVGEN_ULAW, 8, 2, 40},
};
#define WAVTONE_KINDS (sizeof(wavtone_kinds) / sizeof(wavtone_kinds[0]))

static const uint32_t wavtone_rates[] = {8000,  8001,  11025, 12000, 16000, 22050,
                                         24000, 31111, 32000, 37800, 44100, 48000};
#define WAVTONE_RATES (sizeof(wavtone_rates) / sizeof(wavtone_rates[0]))

struct wavtone {
    struct wavtone_kind kind;
    uint32_t rate_hz;
    double hz;
    uint32_t seconds;
    uint32_t samples; /* 0: seconds of them */
};

static inline uint8_t *wavtone_sample(uint8_t *at, const struct wavtone_kind *kind, double value)
{
    int64_t integer = 0;
    switch (kind->tag) {
    case WAVGEN_ULAW: *at = linear_to_ulaw((int16_t)lround(value * 32767)); return at + 1;
    case WAVGEN_ALAW: *at = linear_to_alaw((int16_t)lround(value * 32767)); return at + 1;
    case WAVGEN_FLOAT: {
        float f = (float)value;
        uint32_t bits;
        memcpy(&bits, &f, sizeof(bits));
        integer = bits;
        break;
    }
    default: integer = llround(value * (ldexp(1, kind->bits - 1) - 1)) + (kind->bits == 8 ? 128 : 0); break;
    }
    for (unsigned i = 0; i < kind->bits / 8u; i++) {
        *at++ = (uint8_t)((uint64_t)integer >> (8 * i));
    }
    return at;
}

/* The file; its length. The same in both channels. */
static inline size_t wavtone_build(const struct wavtone *t, uint8_t *out, size_t cap)
{
    const uint32_t samples = t->samples != 0 ? t->samples : t->seconds * t->rate_hz;
    const size_t size = (size_t)samples * t->kind.channels * t->kind.bits / 8;
    uint8_t *data = malloc(size + 8);
    if (data == NULL) {
        abort();
    }
    uint8_t *at = data;
    for (uint32_t i = 0; i < samples; i++) {
        double value = pow(10, WAVTONE_LEVEL_DB / 20) * sin(WAVTONE_TAU * t->hz * i / t->rate_hz);
        for (unsigned c = 0; c < t->kind.channels; c++) {
            at = wavtone_sample(at, &t->kind, value);
        }
    }
    const struct wavgen w = {.tag = t->kind.tag,
                             .bits = t->kind.bits,
                             .channels = t->kind.channels,
                             .rate_hz = t->rate_hz,
                             .fmt_len = t->kind.fmt_len,
                             .data = data,
                             .data_len = (uint32_t)size};
    size_t len = wavgen_build(out, cap, &w);
    free(data);
    return len;
}

static inline const char *wavtone_name(const struct wavtone *t)
{
    static char name[64];
    (void)snprintf(name, sizeof(name), "%s %u Hz", t->kind.name, (unsigned)t->rate_hz);
    return name;
}

struct tone_found {
    double hz, level_db, snr_db;
};

/* a and b of a * sin + b * cos at hz, by least squares, and what is left of the power. */
static inline double tone_fit(const int16_t *x, size_t n, double rate, double hz, double *a, double *b)
{
    double ss = 0, sc = 0, cc = 0, xs = 0, xc = 0, rest = 0;
    for (size_t i = 0; i < n; i++) {
        double s = sin(WAVTONE_TAU * hz * (double)i / rate);
        double c = cos(WAVTONE_TAU * hz * (double)i / rate);
        ss += s * s;
        sc += s * c;
        cc += c * c;
        xs += s * x[i];
        xc += c * x[i];
    }
    *a = (xs * cc - xc * sc) / (ss * cc - sc * sc);
    *b = (xc * ss - xs * sc) / (ss * cc - sc * sc);
    for (size_t i = 0; i < n; i++) {
        double e = x[i] - *a * sin(WAVTONE_TAU * hz * (double)i / rate) - *b * cos(WAVTONE_TAU * hz * (double)i / rate);
        rest += e * e;
    }
    return rest;
}

/* The tone near `about` Hz: where its two halves' phases say that it is. */
static inline struct tone_found tone_find(const int16_t *x, size_t n, double rate, double about)
{
    struct tone_found found = {.hz = about};
    double a, b;
    for (int round = 0; round < 3; round++) {
        (void)tone_fit(x, n / 2, rate, found.hz, &a, &b);
        double first = atan2(b, a);
        (void)tone_fit(x + n / 2, n / 2, rate, found.hz, &a, &b);
        double turn = atan2(b, a) - first - fmod(WAVTONE_TAU * found.hz * (double)(n / 2) / rate, WAVTONE_TAU);
        turn -= WAVTONE_TAU * floor(turn / WAVTONE_TAU + 0.5);
        found.hz += turn * rate / WAVTONE_TAU / (double)(n / 2);
    }
    double rest = tone_fit(x, n, rate, found.hz, &a, &b);
    double amplitude = sqrt(a * a + b * b);
    found.level_db = 20 * log10(amplitude / 32767);
    found.snr_db = 10 * log10((amplitude * amplitude * (double)n / 2 + 1e-9) / (rest + 1e-9));
    return found;
}

#endif
