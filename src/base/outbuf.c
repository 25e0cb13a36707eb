/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/outbuf.h"

#include <stdarg.h>
#include <stdio.h>

void outbuf_init(struct outbuf *out, void *storage, size_t cap)
{
    *out = (struct outbuf){.ptr = storage, .cap = cap};
}

void outbuf_bytes(struct outbuf *out, const void *data, size_t len)
{
    if (out->overflow || len > out->cap - out->len) {
        out->overflow = true;
        return;
    }
    if (len > 0) {
        memcpy(out->ptr + out->len, data, len);
        out->len += len;
    }
}

void outbuf_span(struct outbuf *out, struct span s)
{
    outbuf_bytes(out, s.ptr, s.len);
}

void outbuf_str(struct outbuf *out, const char *text)
{
    outbuf_bytes(out, text, strlen(text));
}

void outbuf_char(struct outbuf *out, char c)
{
    outbuf_bytes(out, &c, 1);
}

void outbuf_u64(struct outbuf *out, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    outbuf_bytes(out, digits + at, sizeof(digits) - at);
}

void outbuf_hex(struct outbuf *out, const void *data, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";
    const uint8_t *bytes = data;

    if (out->overflow || len > (out->cap - out->len) / 2) {
        out->overflow = true;
        return;
    }
    for (size_t i = 0; i < len; i++) {
        out->ptr[out->len++] = digits[bytes[i] >> 4];
        out->ptr[out->len++] = digits[bytes[i] & 15];
    }
}

void outbuf_printf(struct outbuf *out, const char *fmt, ...)
{
    va_list args;

    if (out->overflow) {
        return;
    }
    size_t room = out->cap - out->len;
    va_start(args, fmt);
    int n = vsnprintf(room > 0 ? out->ptr + out->len : NULL, room, fmt, args);
    va_end(args);
    /* vsnprintf wants one byte for its NUL, which stays outside of len */
    if (n < 0 || (size_t)n >= room) {
        out->overflow = true;
        return;
    }
    out->len += (size_t)n;
}

struct span outbuf_view(const struct outbuf *out)
{
    return span_make(out->ptr, out->len);
}

int outbuf_status(const struct outbuf *out)
{
    return out->overflow ? ST_TOO_LARGE : ST_OK;
}
