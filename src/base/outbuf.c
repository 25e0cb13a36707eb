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

/* Both digits of an octet at once: packets of audio go to clients in this form. */
#define HEX_PAIRS(high)                                                                                                \
    high "0" high "1" high "2" high "3" high "4" high "5" high "6" high "7" high "8" high "9" high "A" high "B" high   \
         "C" high "D" high "E" high "F"

static const char hex_pairs[] = HEX_PAIRS("0") HEX_PAIRS("1") HEX_PAIRS("2") HEX_PAIRS("3") HEX_PAIRS("4")
    HEX_PAIRS("5") HEX_PAIRS("6") HEX_PAIRS("7") HEX_PAIRS("8") HEX_PAIRS("9") HEX_PAIRS("A") HEX_PAIRS("B")
        HEX_PAIRS("C") HEX_PAIRS("D") HEX_PAIRS("E") HEX_PAIRS("F");

static void hex_pair(char *at, uint8_t octet)
{
    memcpy(at, hex_pairs + 2 * (size_t)octet, 2);
}

void outbuf_hex(struct outbuf *out, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    if (out->overflow || len > (out->cap - out->len) / 2) {
        out->overflow = true;
        return;
    }
    char *at = out->ptr + out->len; /* its own variable: a char that is written may be part of *out, for all C knows */

    size_t i = 0;
    for (; i + 4 <= len; i += 4) {
        hex_pair(at + 2 * i, bytes[i]);
        hex_pair(at + 2 * i + 2, bytes[i + 1]);
        hex_pair(at + 2 * i + 4, bytes[i + 2]);
        hex_pair(at + 2 * i + 6, bytes[i + 3]);
    }
    for (; i < len; i++) {
        hex_pair(at + 2 * i, bytes[i]);
    }
    out->len += 2 * len;
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
