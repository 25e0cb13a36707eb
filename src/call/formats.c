/* SPDX-License-Identifier: MIT */
#include "formats.h"

/* done: both directions are. */
static const struct {
    const char *name;
    bool done;
} formats[MEDIA_FORMAT_COUNT] = {
    [MEDIA_HEX] = {"hex", true},   [MEDIA_RTP] = {"rtp", true}, [MEDIA_ULAW] = {"ulaw", true},
    [MEDIA_ALAW] = {"alaw", true}, [MEDIA_L16] = {"l16", true}, [MEDIA_L16_WIDE] = {"l16/16000", true},
    [MEDIA_OFF] = {"off", true},
};

const char *media_format_name(enum media_format format)
{
    return (unsigned)format < MEDIA_FORMAT_COUNT ? formats[format].name : "?";
}

enum media_audio media_format_audio(enum media_format format)
{
    static const enum media_audio audio[MEDIA_FORMAT_COUNT] = {
        [MEDIA_HEX] = MEDIA_AUDIO_PACKETS, [MEDIA_RTP] = MEDIA_AUDIO_PACKETS, [MEDIA_ULAW] = MEDIA_AUDIO_ULAW,
        [MEDIA_ALAW] = MEDIA_AUDIO_ALAW,   [MEDIA_L16] = MEDIA_AUDIO_L16,     [MEDIA_L16_WIDE] = MEDIA_AUDIO_L16_WIDE,
        [MEDIA_OFF] = MEDIA_AUDIO_OFF,
    };
    return audio[format];
}

bool media_format_is_decoded(enum media_format format)
{
    return format >= MEDIA_ULAW && format <= MEDIA_L16_WIDE;
}

int media_format_parse(struct span word, enum media_format *out)
{
    for (int i = 0; i < MEDIA_FORMAT_COUNT; i++) {
        if (span_eq(word, span_cstr(formats[i].name))) {
            *out = (enum media_format)i;
            return formats[i].done ? ST_OK : ST_UNSUPPORTED;
        }
    }
    return ST_BAD;
}

void media_format_list(char *text, size_t cap)
{
    struct outbuf out;

    outbuf_init(&out, text, cap - 1);
    for (int i = 0; i < MEDIA_FORMAT_COUNT; i++) {
        if (formats[i].done) {
            outbuf_printf(&out, "%s%s", i > 0 ? ", " : "", formats[i].name);
        }
    }
    text[out.len] = '\0';
}
