/* SPDX-License-Identifier: MIT */
/* Base64 as programs send it, in pieces of any size: either alphabet of RFC 4648, blanks and line ends anywhere (RFC 2045),
 * padding that is missing, a "data:…;base64," before it (RFC 2397), NULs behind it. digest.h has the strict decoder. */
#ifndef WSAUDIO_BASE_BASE64_H
#define WSAUDIO_BASE_BASE64_H

#include "wsaudio/base/digest.h"

#define BASE64_URL_MAX 255 /* of the data: URL, up to its comma */

/* Zeroed is the start. */
struct base64_text {
    struct base64_stream strict; /* takes whole groups */
    char group[4];
    uint8_t held;    /* characters in group */
    uint8_t padding; /* '=' that came */
    bool begun;      /* a group was decoded, or a data: URL read */
    bool ended;      /* a NUL came */
    bool in_url;
    uint8_t url_len;
    char url_tail[7];
    bool bad;        /* sticky */
    const char *why; /* then: what is wrong, static */
    uint64_t at;     /* characters taken; when bad the wrong one is the last of them */
};

/* Decodes what is complete; out has room for (in.len + 4) / 4 * 3 bytes. Returns the number of bytes, or ST_BAD (sticky). */
WS_MUST_CHECK int base64_text_push(struct base64_text *t, struct span in, uint8_t *out);
/* No more comes: the number of bytes that were still held, or ST_BAD. Once. */
WS_MUST_CHECK int base64_text_end(struct base64_text *t, uint8_t out[3]);

#endif
