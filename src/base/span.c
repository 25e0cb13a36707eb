/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/span.h"

bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool span_ieq(struct span a, struct span b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (char_lower(a.ptr[i]) != char_lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

bool span_starts(struct span s, struct span prefix)
{
    return s.len >= prefix.len && span_eq(span_head(s, prefix.len), prefix);
}

bool span_istarts(struct span s, struct span prefix)
{
    return s.len >= prefix.len && span_ieq(span_head(s, prefix.len), prefix);
}

size_t span_find(struct span s, char c)
{
    const char *hit = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;

    return hit != NULL ? (size_t)(hit - s.ptr) : s.len;
}

struct span span_trim(struct span s)
{
    while (s.len > 0 && char_is_space(s.ptr[0])) {
        s = span_from(s, 1);
    }
    while (s.len > 0 && char_is_space(s.ptr[s.len - 1])) {
        s.len--;
    }
    return s;
}

struct span span_cut(struct span *rest, char c)
{
    size_t at = span_find(*rest, c);
    struct span head = span_head(*rest, at);

    *rest = span_from(*rest, at + 1);
    return head;
}

int span_parse_u64(struct span s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    bool over = false;

    if (s.len == 0) {
        return ST_BAD;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (!char_is_digit(s.ptr[i])) {
            return ST_BAD;
        }
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (over || value > (UINT64_MAX - digit) / 10) {
            over = true; /* go on: a later character may still make it malformed */
            continue;
        }
        value = value * 10 + digit;
    }
    if (over || value > max) {
        return ST_TOO_LARGE;
    }
    *out = value;
    return ST_OK;
}

int span_parse_u32(struct span s, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;
    int status = span_parse_u64(s, max, &value);

    if (status == ST_OK) {
        *out = (uint32_t)value;
    }
    return status;
}

int span_copy(struct span s, char *dst, size_t cap)
{
    if (cap == 0) {
        return ST_TOO_LARGE;
    }
    dst[0] = '\0';
    if (s.len >= cap || span_find(s, '\0') != s.len) {
        return ST_TOO_LARGE;
    }
    if (s.len > 0) {
        memcpy(dst, s.ptr, s.len);
    }
    dst[s.len] = '\0';
    return ST_OK;
}
