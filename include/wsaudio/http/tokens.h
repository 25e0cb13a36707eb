/* SPDX-License-Identifier: MIT */
/* Secrets that let a request in (--ws-token-file). */
#ifndef WSAUDIO_HTTP_TOKENS_H
#define WSAUDIO_HTTP_TOKENS_H

#include "wsaudio/base.h"

#define TOKEN_MAX      256 /* bytes of one token */
#define TOKENS_WHY_MAX 192

struct token_set {
    char *text; /* owns: the lines */
    size_t text_len;
    struct span *items; /* owns the array; views into text */
    uint32_t count;
};

/* One token a line; blanks around it, empty lines and a byte order mark do not count. text: malloc'd, the set's from now on, whatever
 * comes of it. ST_BAD (nothing in it, a line that is no token), ST_NO_MEMORY; then why has a short reason that never quotes the
 * text, *out is empty and the text is wiped. */
WS_MUST_CHECK int tokens_parse(char *text, size_t len, struct token_set *out, char why[TOKENS_WHY_MAX]);
/* A copy of a token that is not needed any more. */
void tokens_wipe(void *secret, size_t len);
/* Wipes; safe on a zeroed struct and twice. */
void tokens_free(struct token_set *set);
/* The token in the set, or NULL. Compares with every token, whatever the first ones gave: time tells nothing but the lengths. */
const struct span *tokens_find(const struct token_set *set, struct span candidate);

#endif
