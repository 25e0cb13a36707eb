/* SPDX-License-Identifier: MIT */
/* The words of MEDIA:format (SPEC section 3 "Audio"). */
#ifndef WSAUDIO_DIALECT_TEXT_FORMATS_H
#define WSAUDIO_DIALECT_TEXT_FORMATS_H

#include "wsaudio/media.h"

struct text_format {
    const char *name;
    enum media_audio format;
    bool rtp; /* packets as binary messages, not as text in hex */
};

/* NULL: no such format. */
const struct text_format *dialect_text_format_find(struct span word);
/* For people: "hex, rtp, off". */
void dialect_text_format_list(char *out, size_t cap);

#endif
