/* SPDX-License-Identifier: MIT */
/* A view of bytes that somebody else owns. All text parsing works on these; nothing is copied. */
#ifndef WSAUDIO_BASE_SPAN_H
#define WSAUDIO_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wsaudio/base/status.h"

/* ptr may be NULL only when len is 0. Never NUL-terminated. */
struct span {
    const char *ptr;
    size_t len;
};

#define SPAN_LIT(literal) ((struct span){(literal), sizeof(literal) - 1})
#define SPAN_NONE         ((struct span){NULL, 0})
/* For printf's %.*s: printf("%.*s", SPAN_ARG(s)). */
#define SPAN_ARG(s) ((int)(s).len), ((s).ptr != NULL ? (s).ptr : "")

static inline struct span span_make(const void *ptr, size_t len)
{
    return (struct span){(const char *)ptr, len};
}

/* NULL gives the empty span. */
static inline struct span span_cstr(const char *text)
{
    return span_make(text, text != NULL ? strlen(text) : 0);
}

/* The part from `from` on; empty when from is past the end. */
static inline struct span span_from(struct span s, size_t from)
{
    return from >= s.len ? SPAN_NONE : span_make(s.ptr + from, s.len - from);
}

/* At most the first `len` bytes. */
static inline struct span span_head(struct span s, size_t len)
{
    return span_make(s.ptr, len < s.len ? len : s.len);
}

bool span_eq(struct span a, struct span b);
/* ASCII case-insensitive. */
bool span_ieq(struct span a, struct span b);
bool span_starts(struct span s, struct span prefix);
bool span_istarts(struct span s, struct span prefix);

/* Index of the first `c`, or s.len when there is none. */
size_t span_find(struct span s, char c);

/* Without leading and trailing space, tab, CR and LF. */
struct span span_trim(struct span s);

/* Cuts *rest at the first `c`: returns what stands before it and leaves in *rest what stands behind it.
 * Without a `c` returns all and leaves *rest empty. */
struct span span_cut(struct span *rest, char c);

/* Decimal digits only, no sign, no blank. ST_BAD when empty or another character; ST_TOO_LARGE over max. */
WS_MUST_CHECK int span_parse_u64(struct span s, uint64_t max, uint64_t *out);
WS_MUST_CHECK int span_parse_u32(struct span s, uint32_t max, uint32_t *out);

/* Copies into a NUL-terminated buffer of cap bytes. ST_TOO_LARGE (and dst is "") when it does not fit or
 * when s holds a NUL. */
WS_MUST_CHECK int span_copy(struct span s, char *dst, size_t cap);

/* ASCII only, whatever the locale. */
static inline bool char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool char_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool char_is_alnum(char c)
{
    return char_is_digit(c) || char_is_alpha(c);
}
/* NUL is in no set. */
static inline bool char_is_among(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}
/* Between words of a line. */
static inline bool char_is_blank(char c)
{
    return c == ' ' || c == '\t';
}
/* The same, or the end of a line. */
static inline bool char_is_space(char c)
{
    return char_is_blank(c) || c == '\r' || c == '\n';
}
static inline char char_lower(char c)
{
    return (c >= 'A' && c <= 'Z') ? (char)(c + ('a' - 'A')) : c;
}
/* 0 to 15, or -1. */
static inline int char_hex(char c)
{
    if (char_is_digit(c)) {
        return c - '0';
    }
    c = char_lower(c);
    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}

#endif
