/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "pages.h"
#include "web_priv.h"

#define PATH_MAX_LEN 512
#define EXTRA_MAX    (HTTP_HEAD_MAX + 2048) /* header lines of an answer; a redirection carries the request's query */

#define ALLOW "Allow: GET, HEAD, OPTIONS\r\n"

/* ---- answers ---- */

static bool has_method(const struct peer *p, const char *method)
{
    return p->request != NULL && span_eq(p->request->method, span_cstr(method));
}

/* Which origin asks decides who gets in and what its page may read, so a cache must not give one's answer to another. */
static const char *with_cors(const struct peer *p, const char *headers, char text[EXTRA_MAX])
{
    const struct http_request *r = p->request;
    struct span origin = SPAN_NONE;
    struct outbuf out;

    outbuf_init(&out, text, EXTRA_MAX - 1);
    outbuf_str(&out, headers != NULL ? headers : "");
    outbuf_str(&out, "Vary: Origin\r\n");
    if (r != NULL && r->state == HTTP_READY) {
        origin = access_cors_origin(&p->web->gateway->access, r);
    }
    if (origin.len > 0) {
        outbuf_printf(&out, "Access-Control-Allow-Origin: %.*s\r\n", SPAN_ARG(origin));
    }
    text[outbuf_view(&out).len] = '\0';
    return text;
}

/* False: nothing to say it with; closed by the flush. */
static bool begin_answer(struct peer *p, struct outbuf *out)
{
    p->phase = PEER_RESPONSE;
    p->out_len = 0;
    p->out_sent = 0;
    if (p->out == NULL) {
        p->out = malloc(WEB_OUT_CAP);
    }
    if (p->out == NULL) {
        return false;
    }
    outbuf_init(out, p->out, WEB_OUT_CAP);
    return true;
}

static void end_answer(struct peer *p, const struct outbuf *out)
{
    p->out_len = outbuf_status(out) == ST_OK ? out->len : 0;
}

void web_respond(struct peer *p, int code, const char *type, const char *headers, struct span body)
{
    char extra[EXTRA_MAX];
    struct outbuf out;

    if (begin_answer(p, &out)) {
        http_write_head(&out, code, type, with_cors(p, headers, extra), body.len);
        outbuf_span(&out, has_method(p, "HEAD") ? SPAN_NONE : body);
        end_answer(p, &out);
    }
}

static void respond_error(struct peer *p, int code, const char *headers)
{
    web_respond(p, code, PAGE_TEXT, headers, page_error_body(code));
}

/* ---- pages ---- */

static void front_page(struct peer *p, struct span rest)
{
    char page[8192];
    struct outbuf out;

    (void)rest;
    outbuf_init(&out, page, sizeof(page));
    page_front(&out, p->web->gateway->loopback != NULL);
    web_respond(p, 200, PAGE_HTML, PAGE_HTML_HEADERS, outbuf_view(&out));
}

struct health {
    int code;
    struct span text;
};

static struct health health_of(const struct gateway *g)
{
    if (g->stopping) {
        return (struct health){503, SPAN_LIT("stopping\n")};
    }
    if (g->options->sip_register && !sip_stack_is_registered(bridge_sip(g->bridge))) {
        return (struct health){503, SPAN_LIT("unregistered\n")};
    }
    return (struct health){200, g->loopback != NULL ? SPAN_LIT("ok loopback\n") : SPAN_LIT("ok\n")};
}

static int health_code(const struct gateway *g)
{
    return health_of(g).code;
}

static void health(struct peer *p, struct span rest)
{
    struct health h = health_of(p->web->gateway);

    (void)rest;
    web_respond(p, h.code, PAGE_TEXT, NULL, h.text);
}

/* A browser would look for the list's links beside the path without it. The query may hold the token. */
static void recordings_redirect(struct peer *p, struct span rest)
{
    char location[EXTRA_MAX - 1024];
    struct outbuf out;
    struct span query = p->request->query;

    (void)rest;
    outbuf_init(&out, location, sizeof(location) - 1);
    outbuf_printf(&out, "Location: /recordings/%s%.*s\r\nCache-Control: no-store\r\n", query.len > 0 ? "?" : "",
                  SPAN_ARG(query));
    location[outbuf_view(&out).len] = '\0';
    respond_error(p, 301, location);
}

/* The list has as many rows as there are recordings: it is written as the socket takes it and ends with the connection. */
static void recordings_list(struct peer *p)
{
    char extra[EXTRA_MAX];
    struct outbuf out;

    if (begin_answer(p, &out)) {
        outbuf_printf(&out, "HTTP/1.1 200 OK\r\nContent-Type: " PAGE_HTML "\r\n%sConnection: close\r\n\r\n",
                      with_cors(p, PAGE_HTML_HEADERS, extra));
        if (!has_method(p, "HEAD")) {
            page_recordings_head(&out);
            p->body = BODY_LIST;
        }
        end_answer(p, &out);
    }
}

static void recording(struct peer *p, struct span name)
{
    struct gateway *g = p->web->gateway;
    char extra[EXTRA_MAX];
    uint64_t size = 0;
    struct outbuf out;

    if (recordings_open_file(g->recordings, name, &p->body_fd, &size) != ST_OK) {
        p->body_fd = -1;
        respond_error(p, 404, NULL);
        return;
    }
    if (begin_answer(p, &out)) {
        http_write_head(&out, 200, "audio/wav", with_cors(p, NULL, extra), size);
        end_answer(p, &out);
        p->body = has_method(p, "HEAD") ? BODY_NONE : BODY_FILE;
        p->body_offset = 0;
        p->body_end = size;
    }
}

static void recordings_path(struct peer *p, struct span rest)
{
    char name[PATH_MAX_LEN];

    if (rest.len == 0) {
        recordings_list(p);
    } else if (http_percent_decode(rest, name, sizeof(name)) != ST_OK) {
        respond_error(p, 404, NULL);
    } else {
        recording(p, span_cstr(name));
    }
}

static void echo_page(struct peer *p, struct span rest)
{
    (void)rest;
    respond_error(p, 426, "Upgrade: websocket\r\n");
}

static bool next_rows(struct peer *p, struct outbuf *out)
{
    const struct gateway *g = p->web->gateway;
    struct recordings_entry entry;

    while (WEB_OUT_CAP - out->len > PAGE_ROW_MAX) {
        if (g->recordings == NULL || !recordings_next(g->recordings, &p->cursor, &entry)) {
            page_recordings_foot(out, p->listed);
            p->body = BODY_NONE;
            break;
        }
        page_recordings_row(out, span_cstr(entry.name), entry.bytes, 0);
        p->listed++;
    }
    return out->len > 0;
}

static bool next_file_piece(struct peer *p, struct outbuf *out)
{
    uint64_t left = p->body_end - p->body_offset;
    size_t want = left < WEB_OUT_CAP ? (size_t)left : WEB_OUT_CAP;
    int n = want > 0 ? os_file_read_at(p->body_fd, p->body_offset, p->out, want) : 0;

    if (n <= 0) {
        p->body = BODY_NONE;
        return false;
    }
    out->len = (size_t)n;
    p->body_offset += (uint64_t)n;
    return true;
}

bool web_body_next(struct peer *p)
{
    struct outbuf out;
    bool more = false;

    outbuf_init(&out, p->out, WEB_OUT_CAP);
    if (p->body == BODY_LIST) {
        more = next_rows(p, &out);
    } else if (p->body == BODY_FILE) {
        more = next_file_piece(p, &out);
    }
    p->out_len = out.len;
    p->out_sent = 0;
    return more;
}

/* ---- WebSocket ---- */

static void upgrade(struct peer *p, bool echo, const struct span *token, struct span rest)
{
    static const char *const protocols[] = {"sip-audio-protocol", "sip-demo-protocol", NULL};
    struct web *w = p->web;
    struct gateway *g = w->gateway;
    struct outbuf out;
    const char *why = NULL;
    char text[ADDR_TEXT_MAX];
    void *space;

    if (!begin_answer(p, &out)) {
        return;
    }
    int status = http_upgrade_answer(p->request, protocols, &out, &why);
    end_answer(p, &out);
    if (status != ST_OK) {
        if (log_quota_take(&w->quota.handshakes, &g->log, LOG_INFO, g->now)) {
            char words[LOG_WORDS_MAX];
            log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, HANDSHAKE_REFUSED), addr_text(&p->addr, text),
                      log_words(&g->log, why != NULL ? why : "", words));
        }
        return;
    }
    if (bridge_client_open(g->bridge, g->now, echo, &p->addr, &p->client) != ST_OK) {
        respond_error(p, 503, NULL);
        return;
    }
    if (token != NULL && bridge_client_token(g->bridge, p->client, *token) != ST_OK) {
        log_write(&g->log, LOG_DEBUG, "calls of %s count for its address", addr_text(&p->addr, text));
    }
    p->phase = PEER_SOCKET;
    timerq_cancel(&w->timers, &p->timer);
    log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, CLIENT_CONNECTED), addr_text(&p->addr, text));
    struct ws_conn *conn = bridge_client_conn(g->bridge, p->client);
    size_t room = ws_conn_input_space(conn, &space);
    /* what was read with the head is at most one read, and the connection's input holds more than that */
    size_t n = rest.len < room ? rest.len : room;
    if (n > 0) {
        memcpy(space, rest.ptr, n);
        ws_conn_input_commit(conn, n);
    }
}

/* A proxy that does not know WebSocket passes the key on, but not the headers of one hop. */
static void warn_of_lost_upgrade(struct peer *p)
{
    struct web *w = p->web;
    const struct log *log = &w->gateway->log;
    char text[ADDR_TEXT_MAX];

    if (http_header_find(p->request, "Sec-WebSocket-Key") != NULL &&
        log_quota_take(&w->quota.handshakes, log, LOG_INFO, w->gateway->now)) {
        log_write(log, LOG_INFO, LOG_TEXT(log, HANDSHAKE_NO_UPGRADE), addr_text(&p->addr, text));
    }
}

/* ---- choosing ---- */

static bool has_recordings(const struct gateway *g)
{
    return g->recordings != NULL;
}

static bool has_echo(const struct gateway *g)
{
    return g->options->ws_echo;
}

/* Methods are the same everywhere: GET, HEAD, OPTIONS. */
static const struct route {
    const char *path;
    bool below;                             /* and what lies below it */
    bool socket;                            /* a WebSocket may be opened here */
    bool (*served)(const struct gateway *); /* NULL: always */
    int (*code)(const struct gateway *);    /* status of OPTIONS; NULL: 200 */
    void (*get)(struct peer *, struct span rest);
} ROUTES[] = {
    {"/", false, true, NULL, NULL, front_page},
    {"/healthz", false, false, NULL, health_code, health}, /* balancers of old ask by OPTIONS */
    {"/recordings", false, false, has_recordings, NULL, recordings_redirect},
    {"/recordings/", true, false, has_recordings, NULL, recordings_path},
    {"/echo", false, true, has_echo, NULL, echo_page},
};

static const struct route *find_route(const struct gateway *g, struct span path)
{
    for (size_t i = 0; i < sizeof(ROUTES) / sizeof(ROUTES[0]); i++) {
        const struct route *route = &ROUTES[i];
        struct span here = span_cstr(route->path);
        if ((route->below ? span_starts(path, here) : span_eq(path, here)) &&
            (route->served == NULL || route->served(g))) {
            return route;
        }
    }
    return NULL;
}

/* What the server can (RFC 9110 9.3.7), and the leave that a browser asks for before a page of another origin may ask. */
static void options(struct peer *p, int code)
{
    bool preflight = access_is_preflight(p->request);

    web_respond(p, code, NULL,
                preflight ? ALLOW "Access-Control-Allow-Methods: GET, HEAD\r\n"
                                  "Access-Control-Allow-Headers: Authorization, *\r\nAccess-Control-Max-Age: 600\r\n"
                          : ALLOW,
                SPAN_NONE);
}

static bool wants_socket(const struct peer *p)
{
    return has_method(p, "GET") && http_upgrade_wanted(p->request);
}

static void get(struct peer *p, const struct route *route, const struct span *token, struct span rest)
{
    const struct http_request *r = p->request;

    if (route->socket && wants_socket(p)) {
        upgrade(p, route->get == echo_page, token, rest);
        return;
    }
    if (route->socket) {
        warn_of_lost_upgrade(p);
    }
    route->get(p, span_from(r->path, strlen(route->path)));
}

static void route(struct peer *p, const struct span *token, struct span rest)
{
    const struct gateway *g = p->web->gateway;
    const struct route *route = find_route(g, p->request->path);

    if (has_method(p, "OPTIONS") && span_eq(p->request->path, SPAN_LIT("*"))) {
        options(p, 200);
    } else if (route == NULL) {
        respond_error(p, 404, NULL);
    } else if (has_method(p, "OPTIONS")) {
        options(p, route->code != NULL ? route->code(g) : 200);
    } else if (has_method(p, "GET") || has_method(p, "HEAD")) {
        get(p, route, token, rest);
    } else {
        respond_error(p, 405, ALLOW);
    }
}

/* Whoever sent it learns what was wrong with it; the reason is a text of ours. */
static void refuse_bad(struct peer *p)
{
    struct web *w = p->web;
    const struct log *log = &w->gateway->log;
    char text[256];
    char addr[ADDR_TEXT_MAX];
    struct outbuf body;

    if (log_quota_take(&w->quota.bad_requests, log, LOG_INFO, w->gateway->now)) {
        log_write(log, LOG_INFO, LOG_TEXT(log, BAD_REQUEST), addr_text(&p->addr, addr), p->request->error,
                  p->request->why);
    }
    outbuf_init(&body, text, sizeof(text));
    outbuf_printf(&body, "Bad request: %s.\n", p->request->why);
    web_respond(p, p->request->error, PAGE_TEXT, NULL, outbuf_view(&body));
}

static void refuse(struct peer *p, const struct access_result *result)
{
    struct gateway *g = p->web->gateway;
    char text[ACCESS_BODY_MAX];
    struct outbuf body;

    access_log(&g->access, &g->log, result, p->request, &p->addr, g->now);
    outbuf_init(&body, text, sizeof(text));
    access_write_body(&body, result, p->request, &p->addr);
    web_respond(p, result->code, PAGE_TEXT, result->headers, outbuf_view(&body));
}

static void judge(struct peer *p, struct span rest)
{
    struct gateway *g = p->web->gateway;

    if (p->request->state == HTTP_BAD) {
        refuse_bad(p);
        return;
    }
    struct access_result access = access_check(&g->access, p->request, &p->addr);
    if (access.verdict != ACCESS_OK) {
        refuse(p, &access);
    } else if ((g->stopping && wants_socket(p)) || !web_admit(p)) {
        respond_error(p, 503, "Retry-After: 5\r\n");
    } else {
        route(p, access.token, rest);
    }
}

void web_answer(struct peer *p, struct span rest)
{
    judge(p, rest);
    free(p->request);
    p->request = NULL;
}
