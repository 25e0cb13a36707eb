/* SPDX-License-Identifier: MIT */
/* Bytes in, bytes out, and the phases between them. */
#include "conn.h"

#include <assert.h>
#include <stdlib.h>

#define RESPONSE_LIMIT_US DUR_S(30) /* as the log says */
/* A reset that answers what nobody reads any more makes the other side's system throw away what it has not read: long enough for
 * a round trip around the world and a few lost packets, short enough that those who never close hold little. */
#define LINGER_LIMIT_US DUR_S(2)

static bool phase_is_busy(enum http_phase phase)
{
    return phase != HTTP_PHASE_REQUEST && phase != HTTP_PHASE_OVER;
}

void http_conn_set_phase(struct http_conn *c, enum http_phase phase)
{
    c->server->busy -= phase_is_busy(c->phase);
    c->phase = phase;
    c->server->busy += phase_is_busy(phase);
}

static void leave_protocol(struct http_conn *c, mono_us now)
{
    const struct http_server_config *config = &c->server->config;
    char text[ADDR_TEXT_MAX];

    if (c->phase == HTTP_PHASE_UPGRADED) {
        config->protocol.gone(config->protocol.ctx, now, c->owner);
        log_write(config->log, LOG_INFO, LOG_TEXT(config->log, CLIENT_GONE), addr_text(&c->peer, text));
    }
}

void http_conn_end(struct http_conn *c, mono_us now)
{
    if (c->phase == HTTP_PHASE_OVER) {
        return;
    }
    leave_protocol(c, now);
    door_leave(c);
    timerq_cancel(&c->server->timers, &c->timer);
    http_conn_set_phase(c, HTTP_PHASE_OVER);
    list_remove(&c->node);
    list_push_back(&c->server->over, &c->node);
}

static void begin_linger(struct http_conn *c, mono_us now)
{
    leave_protocol(c, now);
    http_conn_set_phase(c, HTTP_PHASE_LINGER);
    if (c->let_in) { /* it has had what it came for: its place is another's */
        door_leave(c);
        door_take_place(c, now);
    }
    timerq_set(&c->server->timers, &c->timer, now + LINGER_LIMIT_US);
}

enum http_phase http_conn_phase(const struct http_conn *c)
{
    return c->phase;
}

void http_conn_touch(struct http_conn *c)
{
    if (c->phase != HTTP_PHASE_OVER && list_is_empty(&c->node)) {
        list_push_back(&c->server->pending, &c->node);
    }
}

/* ---- in ---- */

size_t http_conn_input_space(struct http_conn *c, void **ptr)
{
    const struct http_protocol *protocol = &c->server->config.protocol;

    switch (c->phase) {
    case HTTP_PHASE_REQUEST:
    case HTTP_PHASE_LINGER: *ptr = c->server->piece; return sizeof(c->server->piece);
    case HTTP_PHASE_UPGRADED: return c->input_ended ? 0 : protocol->input_space(protocol->ctx, c->owner, ptr);
    case HTTP_PHASE_RESPONSE:
    case HTTP_PHASE_OVER:
    case HTTP_PHASE_COUNT: break;
    }
    return 0;
}

void http_conn_upgrade(struct http_conn *c, struct span rest)
{
    const struct http_protocol *protocol = &c->server->config.protocol;
    void *space;

    http_conn_set_phase(c, HTTP_PHASE_UPGRADED);
    timerq_cancel(&c->server->timers, &c->timer);
    size_t room = protocol->input_space(protocol->ctx, c->owner, &space);
    /* it is at most one read: a protocol begins with room for more than that */
    assert(rest.len <= room);
    size_t n = rest.len < room ? rest.len : room;
    if (n > 0) {
        memcpy(space, rest.ptr, n);
        protocol->input_commit(protocol->ctx, c->owner, n);
    }
    http_conn_touch(c);
}

static size_t take_request(struct http_conn *c, mono_us now, size_t len)
{
    const char *piece = (const char *)c->server->piece;
    size_t taken = http_request_push(c->request, piece, len);

    if (c->request->state == HTTP_MORE) {
        return len;
    }
    answer_request(c, now, span_make(piece + taken, len - taken));
    free(c->request);
    c->request = NULL;
    if (c->out == NULL) { /* nothing to say it with */
        http_conn_end(c, now);
    } else if (c->phase == HTTP_PHASE_RESPONSE) {
        timerq_set(&c->server->timers, &c->timer, now + RESPONSE_LIMIT_US);
    }
    return len + HTTP_REQUEST_COST;
}

size_t http_conn_input_commit(struct http_conn *c, mono_us now, size_t len)
{
    const struct http_protocol *protocol = &c->server->config.protocol;

    if (c->phase == HTTP_PHASE_REQUEST) {
        return take_request(c, now, len);
    }
    if (c->phase == HTTP_PHASE_UPGRADED) {
        protocol->input_commit(protocol->ctx, c->owner, len);
    }
    return len;
}

void http_conn_input_end(struct http_conn *c, mono_us now)
{
    if (c->phase == HTTP_PHASE_UPGRADED) { /* what it sent before is still worked on, and answered */
        c->input_ended = true;
        http_conn_touch(c);
    } else if (c->phase == HTTP_PHASE_REQUEST || c->phase == HTTP_PHASE_LINGER) {
        http_conn_end(c, now);
    }
}

/* ---- out ---- */

size_t http_conn_output(struct http_conn *c, const void **ptr)
{
    const struct http_protocol *protocol = &c->server->config.protocol;

    if (c->out_sent < c->out_len) {
        *ptr = c->out + c->out_sent;
        return c->out_len - c->out_sent;
    }
    return c->phase == HTTP_PHASE_UPGRADED ? protocol->output(protocol->ctx, c->owner, ptr) : 0;
}

static bool has_output(struct http_conn *c)
{
    const void *bytes;
    return http_conn_output(c, &bytes) > 0;
}

static void piece_is_sent(struct http_conn *c, mono_us now)
{
    if (c->phase == HTTP_PHASE_UPGRADED) {
        free(c->out); /* the 101 was all that it was for */
        c->out = NULL;
        c->out_len = c->out_sent = 0;
    } else if (c->phase == HTTP_PHASE_RESPONSE && !site_body_next(c)) {
        begin_linger(c, now);
    }
}

void http_conn_output_consume(struct http_conn *c, mono_us now, size_t len)
{
    const struct http_protocol *protocol = &c->server->config.protocol;

    if (c->out_sent == c->out_len) {
        protocol->output_consume(protocol->ctx, c->owner, len);
        return;
    }
    assert(len <= c->out_len - c->out_sent);
    c->out_sent += len;
    if (c->phase == HTTP_PHASE_RESPONSE) { /* it reads */
        timerq_set(&c->server->timers, &c->timer, now + RESPONSE_LIMIT_US);
    }
    if (c->out_sent == c->out_len) {
        piece_is_sent(c, now);
    }
}

static void settle_protocol(struct http_conn *c, mono_us now)
{
    const struct http_protocol *protocol = &c->server->config.protocol;

    switch (protocol->state(protocol->ctx, c->owner, c->input_ended)) {
    case HTTP_PROTOCOL_OPEN: break;
    case HTTP_PROTOCOL_LOST: http_conn_end(c, now); break;
    case HTTP_PROTOCOL_DONE:
        if (!has_output(c)) {
            http_conn_end(c, now);
        }
        break;
    case HTTP_PROTOCOL_LINGER:
        if (!has_output(c)) {
            begin_linger(c, now);
        }
        break;
    }
}

void http_conn_settle(struct http_conn *c, mono_us now)
{
    if (c->phase == HTTP_PHASE_UPGRADED) {
        settle_protocol(c, now);
    } else if (c->phase == HTTP_PHASE_RESPONSE && !has_output(c)) {
        piece_is_sent(c, now); /* an answer that did not fit */
    }
    if (c->phase != HTTP_PHASE_OVER) {
        list_remove(&c->node); /* what was written has touched it; its owner has just looked */
    }
}
