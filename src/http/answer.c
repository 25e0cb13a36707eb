/* SPDX-License-Identifier: MIT */
/* A request that is whole: judged, routed, answered. */
#include <stdlib.h>

#include "conn.h"
#include "pages.h"

/* Header lines of an answer; a redirection carries the request's query. */
#define EXTRA_MAX (HTTP_HEAD_MAX + 2048)

#define ALLOW "Allow: GET, HEAD, OPTIONS\r\n"

/* ---- writing ---- */

static bool has_method(const struct http_conn *c, const char *method)
{
    return span_eq(c->request->method, span_cstr(method));
}

/* Which origin asks decides who gets in and what its page may read, so a cache must not give one's answer to another. */
static const char *with_cors(const struct http_conn *c, const char *headers, char text[EXTRA_MAX])
{
    const struct http_request *r = c->request;
    struct span origin = SPAN_NONE;
    struct outbuf out;

    outbuf_init(&out, text, EXTRA_MAX - 1);
    outbuf_str(&out, headers != NULL ? headers : "");
    outbuf_str(&out, "Vary: Origin\r\n");
    if (r->state == HTTP_READY) {
        origin = access_cors_origin(&c->server->access, r);
    }
    if (origin.len > 0) {
        outbuf_printf(&out, "Access-Control-Allow-Origin: %.*s\r\n", SPAN_ARG(origin));
    }
    text[outbuf_view(&out).len] = '\0';
    return text;
}

/* False: nothing to say it with; the connection ends. */
static bool begin_answer(struct http_conn *c, struct outbuf *out)
{
    http_conn_set_phase(c, HTTP_PHASE_RESPONSE);
    c->out_len = 0;
    c->out_sent = 0;
    if (c->out == NULL) {
        c->out = malloc(HTTP_PIECE);
    }
    if (c->out == NULL) {
        return false;
    }
    outbuf_init(out, c->out, HTTP_PIECE);
    return true;
}

static void end_answer(struct http_conn *c, const struct outbuf *out)
{
    c->out_len = outbuf_status(out) == ST_OK ? out->len : 0;
}

void answer_text(struct http_conn *c, int code, const char *type, const char *headers, struct span body)
{
    char extra[EXTRA_MAX];
    struct outbuf out;

    if (begin_answer(c, &out)) {
        http_write_head(&out, code, type, with_cors(c, headers, extra), body.len);
        outbuf_span(&out, has_method(c, "HEAD") ? SPAN_NONE : body);
        end_answer(c, &out);
    }
}

void answer_error(struct http_conn *c, int code, const char *headers)
{
    answer_text(c, code, PAGE_TEXT, headers, page_error_body(code));
}

bool answer_file(struct http_conn *c, const char *type, uint64_t size)
{
    char extra[EXTRA_MAX];
    struct outbuf out;

    if (!begin_answer(c, &out)) {
        return false;
    }
    http_write_head(&out, 200, type, with_cors(c, NULL, extra), size);
    end_answer(c, &out);
    return !has_method(c, "HEAD");
}

bool answer_list(struct http_conn *c, const char *headers, void (*begin)(struct outbuf *out))
{
    char extra[EXTRA_MAX];
    struct outbuf out;
    bool body = !has_method(c, "HEAD");

    if (!begin_answer(c, &out)) {
        return false;
    }
    outbuf_printf(&out, "HTTP/1.1 200 OK\r\nContent-Type: " PAGE_HTML "\r\n%sConnection: close\r\n\r\n",
                  with_cors(c, headers, extra));
    if (body) {
        begin(&out);
    }
    end_answer(c, &out);
    return body;
}

/* ---- WebSocket ---- */

static const struct http_endpoint *find_endpoint(const struct http_server *s, struct span path)
{
    for (uint32_t i = 0; i < s->config.endpoint_count; i++) {
        if (span_eq(path, span_cstr(s->config.endpoints[i].path))) {
            return &s->config.endpoints[i];
        }
    }
    return NULL;
}

static void upgrade_refused(struct http_conn *c, mono_us now, const char *why)
{
    struct http_server *s = c->server;
    const struct log *log = s->config.log;
    char text[ADDR_TEXT_MAX];
    char words[LOG_WORDS_MAX];

    if (log_quota_take(&s->quota.handshakes, log, LOG_INFO, now)) {
        log_write(log, LOG_INFO, LOG_TEXT(log, HANDSHAKE_REFUSED), addr_text(&c->peer, text),
                  log_words(log, why, words));
    }
}

static void request_upgrade(struct http_conn *c, mono_us now, const struct http_endpoint *endpoint,
                            const struct span *token, struct span rest)
{
    const struct http_server_config *config = &c->server->config;
    const struct http_protocol *protocol = &config->protocol;
    char text[ADDR_TEXT_MAX];
    const char *why = NULL;
    struct outbuf out;

    if (!begin_answer(c, &out)) {
        return;
    }
    int status = http_upgrade_answer(c->request, endpoint->protocols, &out, &why);
    end_answer(c, &out);
    if (status != ST_OK) {
        upgrade_refused(c, now, why);
        return;
    }
    uint32_t index = (uint32_t)(endpoint - config->endpoints);
    if (protocol->open(protocol->ctx, now, c->owner, c, &c->peer, index, token) != ST_OK) {
        answer_error(c, 503, NULL);
        return;
    }
    log_write(config->log, LOG_INFO, LOG_TEXT(config->log, CLIENT_CONNECTED), addr_text(&c->peer, text));
    http_conn_upgrade(c, rest);
}

/* A proxy that does not know WebSocket passes the key on, but not the headers of one hop. */
static void warn_of_lost_upgrade(struct http_conn *c, mono_us now)
{
    struct http_server *s = c->server;
    const struct log *log = s->config.log;
    char text[ADDR_TEXT_MAX];

    if (http_header_find(c->request, "Sec-WebSocket-Key") != NULL &&
        log_quota_take(&s->quota.handshakes, log, LOG_INFO, now)) {
        log_write(log, LOG_INFO, LOG_TEXT(log, HANDSHAKE_NO_UPGRADE), addr_text(&c->peer, text));
    }
}

/* ---- choosing ---- */

/* What the server can (RFC 9110 9.3.7), and the leave that a browser asks for before a page of another origin may ask. */
static void answer_options(struct http_conn *c, int code)
{
    bool preflight = access_is_preflight(c->request);

    answer_text(c, code, NULL,
                preflight ? ALLOW "Access-Control-Allow-Methods: GET, HEAD\r\n"
                                  "Access-Control-Allow-Headers: Authorization, *\r\nAccess-Control-Max-Age: 600\r\n"
                          : ALLOW,
                SPAN_NONE);
}

static bool wants_socket(const struct http_conn *c)
{
    return has_method(c, "GET") && http_upgrade_wanted(c->request);
}

static void answer_get(struct http_conn *c, mono_us now, const struct http_endpoint *endpoint,
                       const struct site_page *page)
{
    if (endpoint != NULL) {
        warn_of_lost_upgrade(c, now);
    }
    if (page != NULL) {
        site_get(c, page);
    } else {
        answer_error(c, 426, "Upgrade: websocket\r\n");
    }
}

/* Methods are the same everywhere: GET, HEAD, OPTIONS. */
static void request_route(struct http_conn *c, mono_us now, const struct span *token, struct span rest)
{
    const struct http_server *s = c->server;
    struct span path = c->request->path;
    const struct http_endpoint *endpoint = find_endpoint(s, path);
    const struct site_page *page = site_find(s, path);

    if (has_method(c, "OPTIONS") && span_eq(path, SPAN_LIT("*"))) {
        answer_options(c, 200);
    } else if (endpoint == NULL && page == NULL) {
        answer_error(c, 404, NULL);
    } else if (has_method(c, "OPTIONS")) {
        answer_options(c, page != NULL ? site_code(s, page) : 200);
    } else if (endpoint != NULL && wants_socket(c)) {
        request_upgrade(c, now, endpoint, token, rest);
    } else if (has_method(c, "GET") || has_method(c, "HEAD")) {
        answer_get(c, now, endpoint, page);
    } else {
        answer_error(c, 405, ALLOW);
    }
}

/* Whoever sent it learns what was wrong with it; the reason is a text of ours. */
static void refuse_bad(struct http_conn *c, mono_us now)
{
    struct http_server *s = c->server;
    const struct log *log = s->config.log;
    char text[256];
    char addr[ADDR_TEXT_MAX];
    struct outbuf body;

    if (log_quota_take(&s->quota.bad_requests, log, LOG_INFO, now)) {
        log_write(log, LOG_INFO, LOG_TEXT(log, BAD_REQUEST), addr_text(&c->peer, addr), c->request->error,
                  c->request->why);
    }
    outbuf_init(&body, text, sizeof(text));
    outbuf_printf(&body, "Bad request: %s.\n", c->request->why);
    answer_text(c, c->request->error, PAGE_TEXT, NULL, outbuf_view(&body));
}

static void request_refuse(struct http_conn *c, const struct access_result *result, mono_us now)
{
    struct http_server *s = c->server;
    char text[ACCESS_BODY_MAX];
    struct outbuf body;

    access_log(&s->access, s->config.log, result, c->request, &c->peer, now);
    outbuf_init(&body, text, sizeof(text));
    access_write_body(&body, result, c->request, &c->peer);
    answer_text(c, result->code, PAGE_TEXT, result->headers, outbuf_view(&body));
}

void answer_request(struct http_conn *c, mono_us now, struct span rest)
{
    struct http_server *s = c->server;

    if (c->request->state == HTTP_BAD) {
        refuse_bad(c, now);
        return;
    }
    struct access_result access = access_check(&s->access, c->request, &c->peer);
    if (access.verdict != ACCESS_OK) {
        request_refuse(c, &access, now);
    } else if ((s->stopping && wants_socket(c)) || !door_admit(c, now)) {
        answer_error(c, 503, "Retry-After: 5\r\n");
    } else {
        request_route(c, now, access.token, rest);
    }
}
