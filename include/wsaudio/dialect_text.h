/* SPDX-License-Identifier: MIT */
/* Room dialect_text, level 5: the text protocol (SPEC section 3), every word of it. */
#ifndef WSAUDIO_DIALECT_TEXT_H
#define WSAUDIO_DIALECT_TEXT_H

#include "wsaudio/client.h"

extern const struct dialect dialect_text;
extern const char *const dialect_text_subprotocols[];

/* Bytes of the longest message that uploads a file of so many: verb, name, a data: URL, base64 in lines. */
uint64_t dialect_text_upload_len(uint64_t bytes);

/* What a client may send, as people type it ("CALL:target"); NULL behind the last. */
const char *dialect_text_usage(size_t index);

#endif
