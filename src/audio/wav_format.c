/* What a WAV format means to this program. */
#include <stdio.h>

#include "wsaudio/audio.h"

enum { TAG_PCM = 1, TAG_FLOAT = 3, TAG_ALAW = 6, TAG_ULAW = 7 };

#define PLAYED_RATE_HZ 8000

static bool find_codec(const struct wav_format *format, enum audio_codec *codec)
{
    if (format->channels != 1 || format->rate_hz != PLAYED_RATE_HZ) {
        return false;
    }
    if (format->tag == TAG_PCM && format->bits == 16) {
        *codec = AUDIO_L16;
    } else if (format->tag == TAG_ALAW && format->bits == 8) {
        *codec = AUDIO_ALAW;
    } else if (format->tag == TAG_ULAW && format->bits == 8) {
        *codec = AUDIO_ULAW;
    } else {
        return false;
    }
    return true;
}

static const char *tag_name(uint16_t tag)
{
    switch (tag) {
    case TAG_PCM: return "PCM";
    case TAG_FLOAT: return "float";
    case TAG_ALAW: return "A-law";
    case TAG_ULAW: return "mu-law";
    default: return NULL;
    }
}

static void describe(const struct wav_format *format, char *text, size_t cap)
{
    char coding[24];
    char channels[24];
    const char *name = tag_name(format->tag);
    if (name != NULL) {
        snprintf(coding, sizeof coding, "%s", name);
    } else {
        snprintf(coding, sizeof coding, "format 0x%04X", (unsigned)format->tag);
    }
    if (format->channels <= 2) {
        snprintf(channels, sizeof channels, "%s", format->channels == 2 ? "stereo" : "mono");
    } else {
        snprintf(channels, sizeof channels, "%u channels", (unsigned)format->channels);
    }
    snprintf(text, cap, "found %s %u-bit %s %lu Hz; taken: 8000 Hz mono mu-law, A-law or 16-bit PCM", coding,
             (unsigned)format->bits, channels, (unsigned long)format->rate_hz);
}

int wav_playable(const struct wav_format *format, enum audio_codec *codec, char *text, size_t cap)
{
    if (find_codec(format, codec)) {
        return ST_OK;
    }
    describe(format, text, cap);
    return ST_UNSUPPORTED;
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
