/* SPDX-License-Identifier: MIT */
/* What a WAV format means to this program. */
#include <stdio.h>

#include "wav_decode.h"

static bool is_taken(const struct wav_format *f)
{
    if (f->rate_hz < RESAMPLE_HZ_MIN || f->rate_hz > RESAMPLE_HZ_MAX || f->channels < 1 || f->channels > 2) {
        return false;
    }
    switch (f->tag) {
    case WAV_TAG_PCM: return f->bits == 8 || f->bits == 16 || f->bits == 24 || f->bits == 32;
    case WAV_TAG_FLOAT: return f->bits == 32;
    case WAV_TAG_ALAW:
    case WAV_TAG_ULAW: return f->bits == 8;
    default: return false;
    }
}

/* What a call can play as it lies. */
static enum audio_codec codec_of(const struct wav_format *f)
{
    if (f->rate_hz != AUDIO_HZ || f->channels != 1) {
        return AUDIO_CODEC_COUNT;
    }
    switch (f->tag) {
    case WAV_TAG_ULAW: return AUDIO_ULAW;
    case WAV_TAG_ALAW: return AUDIO_ALAW;
    default: return f->tag == WAV_TAG_PCM && f->block_align == 2 ? AUDIO_L16 : AUDIO_CODEC_COUNT;
    }
}

static const char *tag_name(uint16_t tag)
{
    switch (tag) {
    case WAV_TAG_PCM: return "PCM";
    case WAV_TAG_FLOAT: return "float";
    case WAV_TAG_ALAW: return "A-law";
    case WAV_TAG_ULAW: return "mu-law";
    default: return NULL;
    }
}

static void describe(const struct wav_format *format, char *text, size_t cap)
{
    char coding[24];
    char channels[24];
    const char *name = tag_name(format->tag);

    if (name != NULL) {
        snprintf(coding, sizeof(coding), "%s", name);
    } else {
        snprintf(coding, sizeof(coding), "format 0x%04X", (unsigned)format->tag);
    }
    if (format->channels == 1 || format->channels == 2) {
        snprintf(channels, sizeof(channels), "%s", format->channels == 2 ? "stereo" : "mono");
    } else {
        snprintf(channels, sizeof(channels), "%u channels", (unsigned)format->channels);
    }
    snprintf(text, cap, "found %s %u-bit %s %lu Hz; taken: " WAV_TAKEN, coding, (unsigned)format->bits, channels,
             (unsigned long)format->rate_hz);
}

int wav_playable(const struct wav_format *format, enum audio_codec *codec, char *text, size_t cap)
{
    *codec = AUDIO_CODEC_COUNT;
    if (!is_taken(format)) {
        describe(format, text, cap);
        return ST_UNSUPPORTED;
    }
    *codec = codec_of(format);
    return ST_OK;
}

uint64_t wav_duration_ms(const struct wav_format *format, uint64_t len)
{
    if (format->block_align == 0 || format->rate_hz == 0) {
        return 0;
    }
    uint64_t frames = len / format->block_align;
    uint64_t seconds = frames / format->rate_hz;
    uint64_t rest_ms = frames % format->rate_hz * 1000 / format->rate_hz;
    return seconds > (UINT64_MAX - rest_ms) / 1000 ? UINT64_MAX : seconds * 1000 + rest_ms;
}
