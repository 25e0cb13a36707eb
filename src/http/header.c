/* SPDX-License-Identifier: MIT */
/* Questions to a request that is read: headers, token lists, query values. */
#include "wsaudio/http.h"

const struct span *http_header_find(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (span_ieq(r->headers[i].name, span_cstr(name))) {
            return &r->headers[i].value;
        }
    }
    return NULL;
}

size_t http_header_count(const struct http_request *r, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < r->header_count; i++) {
        count += span_ieq(r->headers[i].name, span_cstr(name)) ? 1 : 0;
    }
    return count;
}

static bool list_has_token(struct span list, struct span token)
{
    while (list.len > 0) {
        if (span_ieq(span_trim(span_cut(&list, ',')), token)) {
            return true;
        }
    }
    return false;
}

bool http_header_has_token(const struct http_request *r, const char *name, const char *token)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (span_ieq(r->headers[i].name, span_cstr(name)) && list_has_token(r->headers[i].value, span_cstr(token))) {
            return true;
        }
    }
    return false;
}

int http_percent_decode(struct span in, char *out, size_t cap)
{
    size_t len = 0;

    for (size_t i = 0; i < in.len; i++) {
        char c = in.ptr[i];
        if (c == '%') {
            int high = in.len - i > 2 ? char_hex(in.ptr[i + 1]) : -1;
            int low = high >= 0 ? char_hex(in.ptr[i + 2]) : -1;
            if (low < 0) {
                return ST_BAD;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0') {
            return ST_BAD;
        }
        if (len + 1 >= cap) {
            return ST_TOO_LARGE;
        }
        out[len++] = c;
    }
    if (cap == 0) {
        return ST_TOO_LARGE;
    }
    out[len] = '\0';
    return ST_OK;
}

int http_query_value(const struct http_request *r, const char *key, char *out, size_t cap)
{
    struct span rest = r->query;

    while (rest.len > 0) {
        struct span value = span_cut(&rest, '&');
        struct span name = span_cut(&value, '=');
        if (span_eq(name, span_cstr(key))) {
            return http_percent_decode(value, out, cap);
        }
    }
    return ST_NOT_FOUND;
}
