/* SPDX-License-Identifier: MIT */
/* A bounded writer over the caller's storage with one sticky overflow flag: write all, check once. */
#ifndef WSAUDIO_BASE_OUTBUF_H
#define WSAUDIO_BASE_OUTBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsaudio/base/span.h"

struct outbuf {
    char *ptr;
    size_t cap;
    size_t len;
    bool overflow; /* something did not fit; len stays at what fitted before it */
};

/* The storage stays the caller's. */
void outbuf_init(struct outbuf *out, void *storage, size_t cap);
void outbuf_bytes(struct outbuf *out, const void *data, size_t len);
void outbuf_span(struct outbuf *out, struct span s);
void outbuf_str(struct outbuf *out, const char *text);
void outbuf_char(struct outbuf *out, char c);
void outbuf_u64(struct outbuf *out, uint64_t value);
/* Upper-case hexadecimal. */
void outbuf_hex(struct outbuf *out, const void *data, size_t len);
void outbuf_printf(struct outbuf *out, const char *fmt, ...) WS_PRINTF(2, 3);
/* What was written; also valid after an overflow (then it is a prefix). */
struct span outbuf_view(const struct outbuf *out);
/* ST_OK or ST_TOO_LARGE. */
WS_MUST_CHECK int outbuf_status(const struct outbuf *out);

#endif
