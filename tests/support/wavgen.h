/* SPDX-License-Identifier: MIT */
/* WAV files of every kind, built into the caller's buffer. Tests only. */
#ifndef SUPPORT_WAVGEN_H
#define SUPPORT_WAVGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { WAVGEN_PCM = 1, WAVGEN_FLOAT = 3, WAVGEN_ALAW = 6, WAVGEN_ULAW = 7 };

struct wavgen {
    uint16_t tag;         /* 0: mu-law */
    uint16_t channels;    /* 0: 1 */
    uint32_t rate_hz;     /* 0: 8000 */
    uint16_t bits;        /* 0: 16 for PCM, 32 for float, 8 for the rest */
    uint32_t fmt_len;     /* 0: 16; 18 adds cbSize, 40 makes it EXTENSIBLE */
    bool bad_guid;        /* EXTENSIBLE with a sub-format of somebody else's */
    bool fact;            /* a fact chunk before data */
    uint32_t list_before; /* length of a LIST chunk's body before data; 0: none; odd ones are padded */
    uint32_t list_after;  /* the same behind data */
    bool data_first;      /* data before fmt */
    const void *data;     /* borrowed */
    uint32_t data_len;    /* bytes that are really there */
    bool declare;         /* the data chunk says declared_len instead of data_len */
    uint32_t declared_len;
    bool riff_wrong; /* the RIFF header says riff_len */
    uint32_t riff_len;
};

/* Where the bytes go; what does not fit ends the test. */
struct wavgen_out {
    uint8_t *ptr;
    size_t cap, len;
};

static inline void wavgen_bytes(struct wavgen_out *o, const void *data, size_t len)
{
    if (len > o->cap - o->len) {
        abort();
    }
    if (len != 0) {
        memcpy(o->ptr + o->len, data, len);
    }
    o->len += len;
}
static inline void wavgen_le(struct wavgen_out *o, uint32_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        wavgen_bytes(o, &byte, 1);
    }
}
static inline void wavgen_pad(struct wavgen_out *o, uint32_t len)
{
    if (len % 2 != 0) {
        wavgen_le(o, 0, 1);
    }
}

static inline void wavgen_put_fmt(struct wavgen_out *o, const struct wavgen *w)
{
    static const uint8_t guid_tail[14] = {0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71};
    uint16_t tag = w->tag != 0 ? w->tag : (uint16_t)WAVGEN_ULAW;
    uint16_t channels = w->channels != 0 ? w->channels : (uint16_t)1;
    uint32_t rate = w->rate_hz != 0 ? w->rate_hz : 8000;
    uint16_t bits = w->bits != 0 ? w->bits : tag == WAVGEN_PCM ? 16 : tag == WAVGEN_FLOAT ? 32 : 8;
    uint32_t fmt_len = w->fmt_len != 0 ? w->fmt_len : 16;
    uint32_t block = channels * ((bits + 7u) / 8u);
    wavgen_bytes(o, "fmt ", 4);
    wavgen_le(o, fmt_len, 4);
    wavgen_le(o, fmt_len >= 40 ? 0xFFFE : tag, 2);
    wavgen_le(o, channels, 2);
    wavgen_le(o, rate, 4);
    wavgen_le(o, rate * block, 4);
    wavgen_le(o, block, 2);
    wavgen_le(o, bits, 2);
    if (fmt_len >= 18) {
        wavgen_le(o, fmt_len - 18, 2);
    }
    if (fmt_len >= 40) {
        wavgen_le(o, bits, 2);
        wavgen_le(o, 0, 4);
        wavgen_le(o, tag, 2);
        wavgen_bytes(o, guid_tail, sizeof(guid_tail) - 1);
        wavgen_le(o, w->bad_guid ? 0x72 : 0x71, 1);
    }
    uint32_t written = fmt_len >= 40 ? 40 : fmt_len >= 18 ? 18 : 16;
    for (uint32_t i = written; i < fmt_len; i++) {
        wavgen_le(o, 0, 1);
    }
    wavgen_pad(o, fmt_len);
}

/* A LIST chunk whose text would be heard as noise. */
static inline void wavgen_put_list(struct wavgen_out *o, uint32_t len)
{
    if (len == 0) {
        return;
    }
    wavgen_bytes(o, "LIST", 4);
    wavgen_le(o, len, 4);
    for (uint32_t i = 0; i < len; i++) {
        wavgen_bytes(o, &"INFOISFT"[i % 8], 1);
    }
    wavgen_pad(o, len);
}

static inline void wavgen_put_data(struct wavgen_out *o, const struct wavgen *w)
{
    wavgen_bytes(o, "data", 4);
    wavgen_le(o, w->declare ? w->declared_len : w->data_len, 4);
    wavgen_bytes(o, w->data, w->data_len);
    /* Padding only where something follows: many writers leave it out at the end. */
    if (w->data_first || w->list_after != 0) {
        wavgen_pad(o, w->data_len);
    }
}

/* Writes the file and returns its length; aborts when cap is too small. */
static inline size_t wavgen_build(uint8_t *out, size_t cap, const struct wavgen *w)
{
    struct wavgen_out o = {out, cap, 0};
    wavgen_bytes(&o, "RIFF\0\0\0\0WAVE", 12);
    if (w->data_first) {
        wavgen_put_data(&o, w);
    }
    wavgen_put_fmt(&o, w);
    if (w->fact) {
        wavgen_bytes(&o, "fact", 4);
        wavgen_le(&o, 4, 4);
        wavgen_le(&o, w->data_len, 4);
    }
    wavgen_put_list(&o, w->list_before);
    if (!w->data_first) {
        wavgen_put_data(&o, w);
    }
    wavgen_put_list(&o, w->list_after);
    size_t len = o.len;
    o.len = 4;
    wavgen_le(&o, w->riff_wrong ? w->riff_len : (uint32_t)(len - 8), 4);
    return len;
}

/* The three headers met most: 44 bytes (fmt 16), 46 (fmt 18), 58 (fmt 18 and fact), each mu-law 8 kHz mono. */
static inline size_t wavgen_ulaw44(uint8_t *out, size_t cap, const void *data, size_t len)
{
    struct wavgen w = {.data = data, .data_len = (uint32_t)len};
    return wavgen_build(out, cap, &w);
}
static inline size_t wavgen_ulaw46(uint8_t *out, size_t cap, const void *data, size_t len)
{
    struct wavgen w = {.fmt_len = 18, .data = data, .data_len = (uint32_t)len};
    return wavgen_build(out, cap, &w);
}
static inline size_t wavgen_ulaw58(uint8_t *out, size_t cap, const void *data, size_t len)
{
    struct wavgen w = {.fmt_len = 18, .fact = true, .data = data, .data_len = (uint32_t)len};
    return wavgen_build(out, cap, &w);
}
/* A-law 8 kHz mono, and PCM 16 8 kHz mono from little-endian bytes, with a 44-byte header. */
static inline size_t wavgen_alaw44(uint8_t *out, size_t cap, const void *data, size_t len)
{
    struct wavgen w = {.tag = WAVGEN_ALAW, .data = data, .data_len = (uint32_t)len};
    return wavgen_build(out, cap, &w);
}
static inline size_t wavgen_pcm44(uint8_t *out, size_t cap, const void *data, size_t len)
{
    struct wavgen w = {.tag = WAVGEN_PCM, .data = data, .data_len = (uint32_t)len};
    return wavgen_build(out, cap, &w);
}

#endif
