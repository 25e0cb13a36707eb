/* SPDX-License-Identifier: MIT */
/* How audio travels on a client's connection (SPEC section 3 "Audio"). */
#ifndef WSAUDIO_CALL_FORMATS_H
#define WSAUDIO_CALL_FORMATS_H

#include "wsaudio/media.h"

enum media_format {
    MEDIA_HEX,      /* received packets as RTP:HEX text; sent: mu-law */
    MEDIA_RTP,      /* received packets as binary messages; sent: mu-law */
    MEDIA_ULAW,     /* decoded audio both ways, 8 kHz */
    MEDIA_ALAW,     /* */
    MEDIA_L16,      /* 16-bit little-endian, 8 kHz */
    MEDIA_L16_WIDE, /* l16/16000 */
    MEDIA_OFF,
    MEDIA_FORMAT_COUNT
};

/* The word of MEDIA:format. */
const char *media_format_name(enum media_format format);
/* What a media session makes of it. */
enum media_audio media_format_audio(enum media_format format);
/* Frames of 20 ms instead of packets. */
bool media_format_is_decoded(enum media_format format);
/* ST_BAD: no such format. ST_UNSUPPORTED: one that this version does not do yet; *out is set. */
WS_MUST_CHECK int media_format_parse(struct span word, enum media_format *out);
/* The formats that are done, for people: "hex, rtp, off". */
void media_format_list(char *out, size_t cap);

#endif
