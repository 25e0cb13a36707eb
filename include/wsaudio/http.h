/* SPDX-License-Identifier: MIT */
/* Room http, level 1: request heads, answers, and the upgrade to WebSocket (RFC 9112, RFC 9110, RFC 6455 4.2). */
#ifndef WSAUDIO_HTTP_H
#define WSAUDIO_HTTP_H

#include "wsaudio/base.h"

/* ---- HTTP/1.1 request head (RFC 9112), pushed in any split ---- */

#define HTTP_HEAD_MAX    8192
#define HTTP_HEADERS_MAX 64

enum http_state { HTTP_MORE, HTTP_READY, HTTP_BAD };

struct http_header {
    struct span name, value; /* value trimmed */
};

struct http_request {
    enum http_state state;
    int error;       /* HTTP_BAD: 400, 431 or 505 */
    const char *why; /* HTTP_BAD: a fixed text */
    struct span method;
    struct span path;      /* without query, percent-decoding not done */
    struct span query;     /* behind '?', or empty */
    uint8_t minor_version; /* of HTTP/1.x */
    uint16_t header_count;
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t head_len;         /* bytes of the head, blank line included */
    size_t len;              /* bytes held in buf */
    char buf[HTTP_HEAD_MAX]; /* all spans above point in here */
};

void http_request_init(struct http_request *r);
/* Takes what belongs to the head, at most; returns the number of bytes taken (the rest belongs to what follows). */
size_t http_request_push(struct http_request *r, const void *data, size_t len);
/* First header of that name (case-insensitive), or NULL. */
const struct span *http_header_find(const struct http_request *r, const char *name);
/* Number of headers of that name. */
size_t http_header_count(const struct http_request *r, const char *name);
/* Is `token` one of the comma-separated tokens of all headers of that name (case-insensitive)? */
bool http_header_has_token(const struct http_request *r, const char *name, const char *token);
/* Value of `key` in the query, percent-decoded into out with NUL. ST_NOT_FOUND, ST_BAD, ST_TOO_LARGE. */
WS_MUST_CHECK int http_query_value(const struct http_request *r, const char *key, char *out, size_t cap);
/* Percent-decodes; ST_BAD for broken escapes and NUL. */
WS_MUST_CHECK int http_percent_decode(struct span in, char *out, size_t cap);
/* "HTTP/1.1 CODE Reason", Date-less, with Content-Type, Content-Length, Connection: close; body may be empty. extra:
 * complete header lines or NULL. */
void http_write_response(struct outbuf *out, int code, const char *content_type, const char *extra, struct span body);
/* Same head with a length, for a body that follows by other means. */
void http_write_head(struct outbuf *out, int code, const char *content_type, const char *extra, uint64_t body_len);
const char *http_reason(int code);

/* ---- upgrade to WebSocket (RFC 6455 4.2) ---- */

/* Does Upgrade name websocket, alone or among others? Any other upgrade (h2c of Java and curl) may be ignored (RFC 9110 7.8). */
bool http_upgrade_wanted(const struct http_request *r);
/* All checks of 4.2.1. Writes the 101 answer (RFC 6455 4.2.2) with the first of the client's subprotocols that is among protocols
 * (NULL ends them), ST_OK; or the refusal (400, 405, 426 with Sec-WebSocket-Version: 13) and ST_BAD with *why. */
WS_MUST_CHECK int http_upgrade_answer(const struct http_request *r, const char *const *protocols, struct outbuf *out,
                                      const char **why);

#endif
