#include <stdlib.h>

#include "pages.h"
#include "web_priv.h"

#define PATH_MAX_LEN 512

void web_respond(struct peer *p, int code, const char *type, const char *headers, struct span body)
{
    struct outbuf out;

    p->phase = PEER_RESPONSE;
    if (p->out == NULL) {
        p->out = malloc(WEB_OUT_CAP);
    }
    if (p->out == NULL) {
        return; /* nothing to say it with: closed by the flush */
    }
    outbuf_init(&out, p->out, WEB_OUT_CAP);
    http_write_response(&out, code, type, headers, body);
    p->out_len = outbuf_status(&out) == ST_OK ? out.len : 0;
    p->out_sent = 0;
}

static void respond_error(struct peer *p, int code, const char *headers)
{
    web_respond(p, code, PAGE_TEXT, headers, page_error_body(code));
}

/* ---- pages ---- */

static void front_page(struct peer *p)
{
    char page[8192];
    struct outbuf out;

    outbuf_init(&out, page, sizeof(page));
    page_front(&out, p->web->gateway->loopback != NULL);
    web_respond(p, 200, PAGE_HTML, PAGE_HTML_HEADERS, outbuf_view(&out));
}

static void health(struct peer *p)
{
    const struct gateway *g = p->web->gateway;

    if (g->stopping) {
        web_respond(p, 503, PAGE_TEXT, NULL, SPAN_LIT("stopping\n"));
    } else if (g->options->sip_register && !sip_stack_is_registered(bridge_sip(g->bridge))) {
        web_respond(p, 503, PAGE_TEXT, NULL, SPAN_LIT("unregistered\n"));
    } else if (g->loopback != NULL) {
        web_respond(p, 200, PAGE_TEXT, NULL, SPAN_LIT("ok loopback\n"));
    } else {
        web_respond(p, 200, PAGE_TEXT, NULL, SPAN_LIT("ok\n"));
    }
}

/* The list has as many rows as there are recordings: it is written as the socket takes it and ends with the connection. */
static void recordings_list(struct peer *p)
{
    struct outbuf out;

    web_respond(p, 200, PAGE_HTML, NULL, SPAN_NONE);
    if (p->out == NULL) {
        return;
    }
    outbuf_init(&out, p->out, WEB_OUT_CAP);
    outbuf_str(&out,
               "HTTP/1.1 200 OK\r\nContent-Type: " PAGE_HTML "\r\n" PAGE_HTML_HEADERS "Connection: close\r\n\r\n");
    page_recordings_head(&out);
    p->out_len = out.len;
    p->body = BODY_LIST;
}

static void recording(struct peer *p, struct span name)
{
    struct gateway *g = p->web->gateway;
    uint64_t size = 0;
    struct outbuf out;

    if (recordings_open_file(g->recordings, name, &p->body_fd, &size) != ST_OK) {
        p->body_fd = -1;
        respond_error(p, 404, NULL);
        return;
    }
    web_respond(p, 200, "audio/wav", NULL, SPAN_NONE);
    if (p->out == NULL) {
        return;
    }
    outbuf_init(&out, p->out, WEB_OUT_CAP);
    http_write_head(&out, 200, "audio/wav", NULL, size);
    p->out_len = out.len;
    p->body = BODY_FILE;
    p->body_offset = 0;
    p->body_end = size;
}

static void recordings_path(struct peer *p, struct span rest)
{
    char name[PATH_MAX_LEN];

    if (p->web->gateway->recordings == NULL) {
        respond_error(p, 404, NULL);
    } else if (rest.len == 0) {
        recordings_list(p);
    } else if (http_percent_decode(rest, name, sizeof(name)) != ST_OK) {
        respond_error(p, 404, NULL);
    } else {
        recording(p, span_cstr(name));
    }
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
    struct web *w = p->web;
    struct gateway *g = w->gateway;
    struct outbuf out;
    const char *why = NULL;
    char text[ADDR_TEXT_MAX];
    void *space;

    web_respond(p, 503, PAGE_TEXT, NULL, SPAN_NONE); /* makes out */
    if (p->out == NULL) {
        return;
    }
    outbuf_init(&out, p->out, WEB_OUT_CAP);
    int status = ws_handshake_answer(p->request, &out, &why);
    p->out_len = out.len;
    if (status != ST_OK) {
        log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, HANDSHAKE_REFUSED), addr_text(&p->addr, text),
                  why != NULL ? why : "");
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
        bridge_client_input(g->bridge, g->now, p->client);
    }
}

/* ---- choosing ---- */

static void route(struct peer *p, const struct span *token, struct span rest)
{
    const struct http_request *r = p->request;
    bool wants_socket = ws_handshake_wanted(r);
    bool root = span_eq(r->path, SPAN_LIT("/"));
    bool echo = p->web->gateway->options->ws_echo && span_eq(r->path, SPAN_LIT("/echo"));
    struct span recordings = SPAN_LIT("/recordings/");

    if (wants_socket && (root || echo)) {
        upgrade(p, echo, token, rest);
    } else if (!root && !span_eq(r->path, SPAN_LIT("/healthz")) && !span_starts(r->path, recordings) && !echo) {
        respond_error(p, 404, NULL);
    } else if (!span_eq(r->method, SPAN_LIT("GET"))) {
        respond_error(p, 405, PAGE_ALLOW);
    } else if (root) {
        front_page(p);
    } else if (echo) {
        respond_error(p, 426, "Upgrade: websocket\r\n");
    } else if (span_starts(r->path, recordings)) {
        recordings_path(p, span_from(r->path, recordings.len));
    } else {
        health(p);
    }
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
        respond_error(p, p->request->error, NULL);
        return;
    }
    struct access_result access = access_check(&g->access, p->request, &p->addr);
    if (access.verdict != ACCESS_OK) {
        refuse(p, &access);
    } else if (p->over_limit || (g->stopping && ws_handshake_wanted(p->request))) {
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
