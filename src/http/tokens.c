/* SPDX-License-Identifier: MIT */
#include "wsaudio/http/tokens.h"

#include <stdio.h>
#include <stdlib.h>

/* Anything that a query or a header can carry; blanks inside are part of it. */
static bool token_ok(struct span token)
{
    for (size_t i = 0; i < token.len; i++) {
        unsigned char c = (unsigned char)token.ptr[i];
        if (c < ' ' || c == 0x7f) {
            return false;
        }
    }
    return token.len <= TOKEN_MAX;
}

static int tokens_collect(struct token_set *set, char why[TOKENS_WHY_MAX])
{
    struct span rest = span_make(set->text, set->text_len);
    struct span mark = SPAN_LIT("\xef\xbb\xbf"); /* what some editors put in front of UTF-8 */

    rest = span_starts(rest, mark) ? span_from(rest, mark.len) : rest;
    for (unsigned line = 1; rest.len > 0; line++) {
        struct span token = span_trim(span_cut(&rest, '\n'));
        if (!token_ok(token)) {
            snprintf(why, TOKENS_WHY_MAX, "line %u is over %d bytes or has a control character", line, TOKEN_MAX);
            return ST_BAD;
        }
        if (token.len > 0) {
            set->items[set->count++] = token;
        }
    }
    if (set->count == 0) {
        snprintf(why, TOKENS_WHY_MAX, "it holds no token");
        return ST_BAD;
    }
    return ST_OK;
}

static size_t lines_of(struct span text)
{
    size_t lines = 1;

    for (size_t i = 0; i < text.len; i++) {
        lines += text.ptr[i] == '\n' ? 1 : 0;
    }
    return lines;
}

int tokens_parse(char *text, size_t len, struct token_set *out, char why[TOKENS_WHY_MAX])
{
    int status = ST_NO_MEMORY;

    *out = (struct token_set){.text = text, .text_len = len};
    out->items = calloc(lines_of(span_make(text, len)), sizeof(*out->items));
    if (out->items == NULL) {
        snprintf(why, TOKENS_WHY_MAX, "out of memory");
    } else {
        status = tokens_collect(out, why);
    }
    if (status != ST_OK) {
        tokens_free(out);
    }
    return status;
}

void tokens_wipe(void *secret, size_t len)
{
    volatile char *p = secret; /* which the compiler must not leave out because nobody looks there again */

    for (size_t i = 0; i < len; i++) {
        p[i] = 0;
    }
}

void tokens_free(struct token_set *set)
{
    if (set->text != NULL) {
        tokens_wipe(set->text, set->text_len);
    }
    free(set->text);
    free(set->items);
    memset(set, 0, sizeof(*set));
}

const struct span *tokens_find(const struct token_set *set, struct span candidate)
{
    const struct span *found = NULL;

    for (uint32_t i = 0; i < set->count; i++) {
        found = bytes_equal_ct(set->items[i], candidate) ? &set->items[i] : found;
    }
    return found;
}
