/* SPDX-License-Identifier: MIT */
/* Bytes of a WAV file's data, in any pieces, become 16-bit samples of one channel. */
#ifndef WSAUDIO_AUDIO_WAV_DECODE_H
#define WSAUDIO_AUDIO_WAV_DECODE_H

#include "wsaudio/audio.h"

enum { WAV_TAG_PCM = 1, WAV_TAG_FLOAT = 3, WAV_TAG_ALAW = 6, WAV_TAG_ULAW = 7 };

#define WAV_BLOCK_MAX 8 /* bytes of one sample of every channel */

struct wav_decoder {
    struct wav_format format;
    uint32_t dither;
    uint8_t width; /* bytes of one sample of one channel */
    uint8_t held_len;
    uint8_t held[WAV_BLOCK_MAX]; /* a block that is not whole yet */
};

/* A format that wav_playable takes. */
void wav_decoder_init(struct wav_decoder *d, const struct wav_format *format);
/* The samples that are whole with these bytes, at most (len + WAV_BLOCK_MAX - 1) / block_align, at the file's own rate; any split
 * of the file gives the same. Where more than 16 bits are there and they are not all 0, TPDF dither stands in for those that
 * go. */
size_t wav_decoder_push(struct wav_decoder *d, const uint8_t *bytes, size_t len, int16_t *out);

#endif
