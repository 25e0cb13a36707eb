/* SPDX-License-Identifier: MIT */
/* Watches what a server sends on a WebSocket, as a strict client would (RFC 6455 5): framing, fragments, UTF-8, nothing behind
 * the close. */
#ifndef TESTS_FUZZ_SUPPORT_FRAMES_H
#define TESTS_FUZZ_SUPPORT_FRAMES_H

#include "support_fuzz.h"
#include "wsframe.h"

/* A complete data message; text or binary by opcode. */
typedef void (*frames_message_fn)(void *ctx, uint8_t opcode, struct span payload);

struct frames {
    frames_message_fn message; /* may be NULL */
    void *ctx;
    uint8_t *bytes; /* not parsed yet */
    size_t len, cap;
    uint8_t *body; /* the message being put together */
    size_t body_len, body_cap;
    uint8_t opcode; /* of it; 0: none */
    bool closed;
    unsigned close_code;
    size_t messages, pings, pongs;
};

void frames_fini(struct frames *f);
/* Bytes that the server sent. */
void frames_push(struct frames *f, const void *data, size_t len);

#endif
