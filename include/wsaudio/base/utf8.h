/* SPDX-License-Identifier: MIT */
/* UTF-8 (RFC 3629) and text that is safe to print. */
#ifndef WSAUDIO_BASE_UTF8_H
#define WSAUDIO_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "wsaudio/base/span.h"

/* Length 1 to 4 of the valid sequence at s.ptr[0], storing the code point, or 0 when it is none (empty, overlong, a
 * surrogate, over U+10FFFF, cut short). */
size_t utf8_next(struct span s, uint32_t *code);
bool utf8_valid(struct span s);
/* C0, DEL and C1. */
bool utf8_is_control(uint32_t code);
/* What shows nothing: zero-width characters, marks of direction, variation selectors, the byte order mark. */
bool utf8_is_invisible(uint32_t code);
/* A blank of any width other than U+0020. */
bool utf8_is_blank(uint32_t code);
/* A hyphen, dash or minus other than U+002D. */
bool utf8_is_dash(uint32_t code);

#define TEXT_SAFE_MAX 128
/* Text from the network for a message or log: each invalid byte and each control character becomes '?', cut at a
 * character border at TEXT_SAFE_MAX bytes, NUL-terminated. Returns buf. */
const char *text_safe(struct span s, char buf[TEXT_SAFE_MAX + 1]);

#endif
