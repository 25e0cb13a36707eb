/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 request head, strict where leniency has been the door of request smuggling (RFC 9112 2.2, 5.1, 5.2, 11.2). */
#include "wsaudio/http.h"

#define TLS_HANDSHAKE 0x16 /* content type of the first record (RFC 8446 5.1) */

static void request_fail(struct http_request *r, int error, const char *why)
{
    r->state = HTTP_BAD;
    r->error = error;
    r->why = why;
}

/* tchar of RFC 9110 5.6.2. */
static bool is_token_char(char c)
{
    return char_is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_token_char(s.ptr[i])) {
            return false;
        }
    }
    return s.len > 0;
}

/* The next line without its CRLF; the head is known to end with one. */
static struct span next_line(struct span *rest)
{
    struct span line = span_cut(rest, '\n');

    line.len--;
    return line;
}

static bool parse_version(struct http_request *r, struct span version)
{
    static const struct span prefix = {"HTTP/", 5};

    if (version.len != 8 || !span_starts(version, prefix) || !char_is_digit(version.ptr[5]) || version.ptr[6] != '.' ||
        !char_is_digit(version.ptr[7])) {
        request_fail(r, 400, "request line without a version");
        return false;
    }
    if (version.ptr[5] != '1') {
        request_fail(r, 505, "only HTTP/1 is spoken here");
        return false;
    }
    r->minor_version = (uint8_t)(version.ptr[7] - '0');
    return true;
}

/* The absolute form must be taken by any server (RFC 9112 3.2.2); *authority is then what Host has to say too. */
static bool parse_target(struct http_request *r, struct span target, struct span *authority)
{
    *authority = SPAN_NONE;
    for (size_t i = 0; i < target.len; i++) {
        unsigned char c = (unsigned char)target.ptr[i];
        if (c <= 0x20 || c >= 0x7f || c == '#') {
            request_fail(r, 400, "forbidden character in the request target");
            return false;
        }
    }
    if (span_istarts(target, SPAN_LIT("http://"))) {
        struct span rest = span_from(target, 7);
        size_t end = 0;
        while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?') {
            end++;
        }
        *authority = span_head(rest, end);
        target = span_from(rest, end);
        if (authority->len == 0) {
            request_fail(r, 400, "request target without a host");
            return false;
        }
    } else if (!span_starts(target, SPAN_LIT("/")) && !span_eq(target, SPAN_LIT("*"))) {
        request_fail(r, 400, "request target is no path");
        return false;
    }
    r->query = target;
    r->path = span_cut(&r->query, '?');
    if (r->path.len == 0) {
        r->path = SPAN_LIT("/");
    }
    return true;
}

static bool parse_request_line(struct http_request *r, struct span line, struct span *authority)
{
    struct span rest = line;

    r->method = span_cut(&rest, ' ');
    struct span target = span_cut(&rest, ' ');
    if (!is_token(r->method) || target.len == 0) {
        request_fail(r, 400, "malformed request line");
        return false;
    }
    return parse_version(r, rest) && parse_target(r, target, authority);
}

static bool parse_field(struct http_request *r, struct span line)
{
    struct span value = line;
    struct span name = span_cut(&value, ':');

    if (name.len == line.len || !is_token(name)) {
        request_fail(r, 400, "malformed header line");
        return false;
    }
    if (r->header_count == HTTP_HEADERS_MAX) {
        request_fail(r, 431, "too many header lines");
        return false;
    }
    r->headers[r->header_count++] = (struct http_header){name, span_trim(value)};
    return true;
}

static bool is_host(struct span host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        if (!char_is_alnum(c) && (c == '\0' || strchr("-._~%!$&'()*+,;=:[]", c) == NULL)) {
            return false;
        }
    }
    return true;
}

/* RFC 9112 3.2: exactly one valid Host in HTTP/1.1. */
static bool check_host(struct http_request *r, struct span authority)
{
    size_t count = http_header_count(r, "Host");
    const struct span *host = http_header_find(r, "Host");

    if (count > 1 || (count == 0 && r->minor_version > 0)) {
        request_fail(r, 400, "exactly one Host header is needed");
        return false;
    }
    if (host != NULL && !is_host(*host)) {
        request_fail(r, 400, "malformed Host header");
        return false;
    }
    /* Access rules judge Host alone, so a target that names another one must not get past them. */
    if (authority.len > 0 && (host == NULL || !span_ieq(*host, authority))) {
        request_fail(r, 400, "request target and Host differ");
        return false;
    }
    return true;
}

static void parse_head(struct http_request *r)
{
    struct span rest = span_make(r->buf, r->head_len);
    struct span authority;

    if (!parse_request_line(r, next_line(&rest), &authority)) {
        return;
    }
    for (struct span line = next_line(&rest); line.len > 0; line = next_line(&rest)) {
        if (!parse_field(r, line)) {
            return;
        }
    }
    if (check_host(r, authority)) {
        r->state = HTTP_READY;
    }
}

static bool is_bad_control(char c)
{
    unsigned char u = (unsigned char)c;

    return (u < 0x20 && c != '\r' && c != '\n' && c != '\t') || u == 0x7f;
}

static void request_byte(struct http_request *r, char c)
{
    char before = r->len > 0 ? r->buf[r->len - 1] : '\0';

    if (is_bad_control(c)) {
        bool tls = c == TLS_HANDSHAKE && r->len == 0;
        request_fail(r, 400,
                     tls ? "TLS (https, wss) spoken to a plain port (http, ws)" : "control character in the request");
        return;
    }
    if ((c == '\n') != (before == '\r')) {
        request_fail(r, 400, "line does not end with CR LF");
        return;
    }
    r->buf[r->len++] = c;
    if (c == '\n' && r->len == 2) {
        request_fail(r, 400, "empty request line");
    } else if (c == '\n' && r->len >= 4 && r->buf[r->len - 3] == '\n') {
        r->head_len = r->len;
        parse_head(r);
    } else if (r->len == HTTP_HEAD_MAX) {
        request_fail(r, 431, "request head over 8 KiB (browsers send the cookies of all servers on a host)");
    }
}

void http_request_init(struct http_request *r)
{
    memset(r, 0, sizeof(*r));
}

size_t http_request_push(struct http_request *r, const void *data, size_t len)
{
    const char *in = data;
    size_t taken = 0;

    while (taken < len && r->state == HTTP_MORE) {
        request_byte(r, in[taken++]);
    }
    return taken;
}
