/* SPDX-License-Identifier: MIT */
/* The tokens of --ws-token-file. */
#ifndef WSAUDIO_APP_TOKENS_H
#define WSAUDIO_APP_TOKENS_H

#include "wsaudio/base.h"

#define TOKENS_FILE_MAX (64 * 1024)
#define TOKEN_MAX       256 /* bytes of one token */
#define TOKENS_WHY_MAX  192

struct token_set {
    char *text; /* owns: the file */
    size_t text_len;
    struct span *items; /* owns the array; views into text */
    uint32_t count;
};

/* One token a line; blanks around it, empty lines and a byte order mark do not count. ST_BAD (nothing in it, a line that is no token, file not
 * readable), ST_NO_MEMORY; then why has a short reason that never quotes the file, and *out is empty. */
WS_MUST_CHECK int tokens_load(const char *path, struct token_set *out, char why[TOKENS_WHY_MAX]);
/* Wipes; safe on a zeroed struct and twice. */
void tokens_free(struct token_set *set);
/* Compares with every token, whatever the first ones gave: time tells nothing but the lengths. */
bool tokens_match(const struct token_set *set, struct span candidate);
/* The same; the token in the set, or NULL. */
const struct span *tokens_find(const struct token_set *set, struct span candidate);

#endif
