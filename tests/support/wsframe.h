/* SPDX-License-Identifier: MIT */
/* The client's half of RFC 6455 framing: builds masked frames and reads those of a server. Written apart from the server's
 * own code so that the two can disagree. Tests only. */
#ifndef SUPPORT_WSFRAME_H
#define SUPPORT_WSFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WSFRAME_CONT = 0, WSFRAME_TEXT = 1, WSFRAME_BINARY = 2, WSFRAME_CLOSE = 8, WSFRAME_PING = 9, WSFRAME_PONG = 10 };

#define WSFRAME_FIN        0x80U
#define WSFRAME_HEADER_MAX 14

/* Header of a client's frame; first: flags and opcode, e.g. WSFRAME_FIN | WSFRAME_TEXT. Returns its length. */
static inline size_t wsframe_header(uint8_t *out, unsigned int first, uint64_t len, const uint8_t mask[4])
{
    size_t n = 0;
    out[n++] = (uint8_t)first;
    uint8_t mask_bit = mask != NULL ? 0x80 : 0;
    if (len < 126) {
        out[n++] = (uint8_t)(mask_bit | len);
    } else if (len < 65536) {
        out[n++] = mask_bit | 126;
        out[n++] = (uint8_t)(len >> 8);
        out[n++] = (uint8_t)len;
    } else {
        out[n++] = mask_bit | 127;
        for (int shift = 56; shift >= 0; shift -= 8) {
            out[n++] = (uint8_t)(len >> shift);
        }
    }
    if (mask != NULL) {
        memcpy(out + n, mask, 4);
        n += 4;
    }
    return n;
}

/* A whole masked frame; out has room for len + WSFRAME_HEADER_MAX bytes. Returns its length. */
static inline size_t wsframe_write(uint8_t *out, unsigned int first, const void *payload, size_t len)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    const uint8_t *in = payload;
    size_t n = wsframe_header(out, first, len, mask);
    for (size_t i = 0; i < len; i++) {
        out[n + i] = in[i] ^ mask[i % 4];
    }
    return n + len;
}

static inline size_t wsframe_text(uint8_t *out, const char *text)
{
    return wsframe_write(out, WSFRAME_FIN | WSFRAME_TEXT, text, strlen(text));
}

/* A close frame; code 0: empty body. */
static inline size_t wsframe_close(uint8_t *out, unsigned int code, const void *reason, size_t reason_len)
{
    uint8_t body[2 + 256];
    body[0] = (uint8_t)(code >> 8);
    body[1] = (uint8_t)code;
    if (reason_len > 0) {
        memcpy(body + 2, reason, reason_len);
    }
    return wsframe_write(out, WSFRAME_FIN | WSFRAME_CLOSE, body, code == 0 ? 0 : 2 + reason_len);
}

struct wsframe {
    bool fin;
    uint8_t rsv;
    uint8_t opcode;
    bool masked;
    const uint8_t *payload;
    uint64_t len;
};

/* Reads one frame of a server at the front of data: the bytes it takes, or 0 when it is not complete. Masked frames are
 * reported, not decoded. */
static inline size_t wsframe_read(const void *data, size_t data_len, struct wsframe *out)
{
    const uint8_t *in = data;
    if (data_len < 2) {
        return 0;
    }
    size_t n = 2;
    size_t extended = (in[1] & 0x7f) == 127 ? 8 : (in[1] & 0x7f) == 126 ? 2 : 0;
    out->fin = (in[0] & 0x80) != 0;
    out->rsv = (in[0] >> 4) & 7;
    out->opcode = in[0] & 15;
    out->masked = (in[1] & 0x80) != 0;
    out->len = in[1] & 0x7f;
    if (extended > 0) {
        if (data_len < n + extended) {
            return 0;
        }
        out->len = 0;
        while (extended > 0) {
            out->len = out->len * 256 + in[n++];
            extended--;
        }
    }
    n += out->masked ? 4 : 0;
    if (data_len < n || out->len > data_len - n) {
        return 0;
    }
    out->payload = in + n;
    return n + (size_t)out->len;
}

/* The code in a close frame, 1005 where it has none. */
static inline unsigned int wsframe_close_code(const struct wsframe *frame)
{
    return frame->payload != NULL && frame->len >= 2 ? frame->payload[0] * 256U + frame->payload[1] : 1005U;
}

#endif
