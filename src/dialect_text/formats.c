/* SPDX-License-Identifier: MIT */
#include "formats.h"

static const struct text_format formats[] = {
    {"hex", MEDIA_AUDIO_PACKETS, false}, {"rtp", MEDIA_AUDIO_PACKETS, true}, {"ulaw", MEDIA_AUDIO_ULAW, false},
    {"alaw", MEDIA_AUDIO_ALAW, false},   {"l16", MEDIA_AUDIO_L16, false},    {"l16/16000", MEDIA_AUDIO_L16_WIDE, false},
    {"off", MEDIA_AUDIO_OFF, false},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

const struct text_format *dialect_text_format_find(struct span word)
{
    for (size_t i = 0; i < FORMATS; i++) {
        if (span_eq(word, span_cstr(formats[i].name))) {
            return &formats[i];
        }
    }
    return NULL;
}

void dialect_text_format_list(char *text, size_t cap)
{
    struct outbuf out;

    outbuf_init(&out, text, cap - 1);
    for (size_t i = 0; i < FORMATS; i++) {
        outbuf_printf(&out, "%s%s", i > 0 ? ", " : "", formats[i].name);
    }
    text[out.len] = '\0';
}
