/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "web_priv.h"

#define RESPONSE_LIMIT_US DUR_S(30) /* as the log says */
#define LINGER_LIMIT_US   DUR_S(2)
#define READ_PIECE        4096
/* Read and answered in one turn, for all; what is left over waits for the next. What a request costs beside its bytes. */
#define TURN_BYTES   (256u * 1024)
#define REQUEST_COST 4096

static void charge(struct web *w, size_t bytes)
{
    w->turn_left -= bytes < w->turn_left ? bytes : w->turn_left;
}

static void watch(struct peer *p, unsigned events)
{
    if (p->events != events) {
        p->events = events;
        os_loop_set_events(p->web->gateway->loop, p->watch, events);
    }
}

static void leave_bridge(struct peer *p)
{
    const struct gateway *g = p->web->gateway;
    char text[ADDR_TEXT_MAX];

    if (p->phase == PEER_SOCKET) {
        bridge_client_gone(g->bridge, g->now, p->client);
        log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, CLIENT_GONE), addr_text(&p->addr, text));
    }
}

void web_peer_close(struct peer *p)
{
    struct web *w = p->web;
    struct gateway *g = w->gateway;

    leave_bridge(p);
    web_leave_place(p);
    timerq_cancel(&w->timers, &p->timer);
    os_loop_unwatch(g->loop, p->watch);
    os_tcp_close(p->fd);
    os_close(p->body_fd);
    free(p->request);
    free(p->out);
    pool_free(&w->peers, p->id);
}

/* ---- writing ---- */

enum flush { FLUSH_DONE, FLUSH_BLOCKED, FLUSH_FAILED };

static enum flush flush_out(struct peer *p)
{
    while (p->out_sent < p->out_len) {
        int n = os_tcp_write(p->fd, p->out + p->out_sent, p->out_len - p->out_sent);
        if (n == ST_AGAIN) {
            return FLUSH_BLOCKED;
        }
        if (n < 0) {
            return FLUSH_FAILED;
        }
        p->out_sent += (size_t)n;
    }
    return FLUSH_DONE;
}

static enum flush flush_conn(struct peer *p, struct ws_conn *conn)
{
    const void *bytes;
    size_t len;

    while ((len = ws_conn_output(conn, &bytes)) > 0) {
        int n = os_tcp_write(p->fd, bytes, len);
        if (n == ST_AGAIN) {
            return FLUSH_BLOCKED;
        }
        if (n < 0) {
            return FLUSH_FAILED;
        }
        ws_conn_output_consume(conn, (size_t)n);
    }
    return FLUSH_DONE;
}

static void begin_linger(struct peer *p)
{
    os_tcp_shutdown(p->fd);
    leave_bridge(p);
    p->phase = PEER_LINGER;
    if (p->let_in) { /* it has had what it came for: its place is another's */
        web_leave_place(p);
        web_take_place(p);
    }
    timerq_set(&p->web->timers, &p->timer, p->web->gateway->now + LINGER_LIMIT_US);
    watch(p, OS_READ);
}

/* An answer goes out one piece a turn, so that a long download leaves the others their time. */
static void flush_response(struct peer *p)
{
    enum flush result = p->out != NULL ? flush_out(p) : FLUSH_FAILED;

    charge(p->web, WEB_OUT_CAP);
    if (result == FLUSH_FAILED) {
        web_peer_close(p);
    } else if (result == FLUSH_BLOCKED || web_body_next(p)) {
        timerq_set(&p->web->timers, &p->timer, p->web->gateway->now + RESPONSE_LIMIT_US);
        watch(p, OS_WRITE);
    } else {
        begin_linger(p);
    }
}

/* At the end of each turn: writes what there is, and watches for what can be done next. */
static void serve_socket(struct peer *p)
{
    struct ws_conn *conn = bridge_client_conn(p->web->gateway->bridge, p->client);
    bool blocked = (p->events & OS_WRITE) != 0;
    enum flush result = FLUSH_BLOCKED;
    void *space;

    if (conn == NULL) {
        web_peer_close(p);
        return;
    }
    if (!blocked || (p->ready & OS_WRITE) != 0) {
        result = flush_out(p);
        if (result == FLUSH_DONE) {
            free(p->out); /* the handshake's answer was all that it was for */
            p->out = NULL;
            p->out_len = p->out_sent = 0;
            result = flush_conn(p, conn);
        }
    }
    p->ready &= ~(unsigned)OS_WRITE;
    if (result == FLUSH_DONE && ws_conn_is_done(conn) && ws_conn_end(conn) == WS_END_PROTOCOL) {
        begin_linger(p); /* what it sent and nobody reads must not make the kernel reset what was just sent */
        return;
    }
    bool over = p->ended && !ws_conn_is_paused(conn) && !ws_conn_has_work(conn);
    if (result == FLUSH_FAILED || over || ws_conn_is_lost(conn) || (result == FLUSH_DONE && ws_conn_is_done(conn))) {
        web_peer_close(p);
        return;
    }
    bool room = !p->ended && ws_conn_input_space(conn, &space) > 0;
    watch(p, (room ? OS_READ : 0U) | (result == FLUSH_BLOCKED ? OS_WRITE : 0U));
}

/* ---- reading ---- */

static void read_request(struct peer *p)
{
    uint8_t piece[READ_PIECE];
    int n = os_tcp_read(p->fd, piece, sizeof(piece));

    if (n == ST_AGAIN) {
        return;
    }
    if (n <= 0) {
        web_peer_close(p);
        return;
    }
    charge(p->web, (size_t)n);
    size_t taken = http_request_push(p->request, piece, (size_t)n);
    if (p->request->state == HTTP_MORE) {
        return;
    }
    charge(p->web, REQUEST_COST);
    web_answer(p, span_make(piece + taken, (size_t)n - taken));
    if (p->phase == PEER_RESPONSE) {
        flush_response(p);
    }
}

static void read_socket(struct peer *p)
{
    struct gateway *g = p->web->gateway;
    struct ws_conn *conn = bridge_client_conn(g->bridge, p->client);
    void *space = NULL;
    size_t room = conn != NULL ? ws_conn_input_space(conn, &space) : 0;
    int n = room > 0 ? os_tcp_read(p->fd, space, room) : ST_AGAIN;

    if (n == ST_AGAIN) {
        return;
    }
    if (n < 0) {
        web_peer_close(p);
        return;
    }
    p->ended = n == 0;
    charge(p->web, (size_t)n);
    ws_conn_input_commit(conn, (size_t)n);
}

static void read_linger(struct peer *p)
{
    uint8_t piece[READ_PIECE];
    int n = os_tcp_read(p->fd, piece, sizeof(piece));

    charge(p->web, sizeof(piece));
    if (n <= 0 && n != ST_AGAIN) {
        web_peer_close(p);
    }
}

/* Only noted: who is served when is decided over all, in web_serve. */
static void peer_ready(void *ctx, struct pool_id watch_id, unsigned events, mono_us now)
{
    struct peer *p = ctx;

    (void)watch_id;
    p->web->gateway->now = now;
    if ((events & OS_HANGUP) != 0 && (p->events & OS_READ) == 0) {
        web_peer_close(p); /* nobody is there, and no read would tell */
        return;
    }
    p->ready |= events;
}

static void serve_peer(struct peer *p)
{
    unsigned events = p->ready;

    p->ready = p->phase == PEER_SOCKET ? events & OS_WRITE : 0;
    if ((events & (OS_READ | OS_HANGUP)) != 0) {
        switch (p->phase) {
        case PEER_REQUEST: read_request(p); return;
        case PEER_SOCKET: read_socket(p); return; /* written at the end of the turn */
        case PEER_LINGER: read_linger(p); return;
        case PEER_RESPONSE: break;
        }
    }
    if ((events & OS_WRITE) != 0 && p->phase == PEER_RESPONSE) {
        flush_response(p);
    }
}

void web_serve(struct web *w, mono_us now)
{
    const struct pool *peers = &w->peers;
    uint32_t slot = w->serve_next;

    w->gateway->now = now;
    w->turn_left = TURN_BYTES;
    for (uint32_t i = 0; i < peers->cap && w->turn_left > 0; i++) {
        struct peer *p = pool_get(peers, (struct pool_id){slot, peers->generation[slot]});
        slot = slot + 1 < peers->cap ? slot + 1 : 0;
        if (p != NULL && p->ready != 0) {
            serve_peer(p);
        }
    }
    w->serve_next = slot;
}

int web_peer_watch(struct peer *p)
{
    struct gateway *g = p->web->gateway;

    p->request = malloc(sizeof(*p->request));
    if (p->request == NULL) {
        return ST_NO_MEMORY;
    }
    http_request_init(p->request);
    p->events = OS_READ;
    return os_loop_watch(g->loop, p->fd, OS_READ, OS_CLASS_SOCKET, peer_ready, p, &p->watch);
}

/* ---- life ---- */

int web_open(struct gateway *g, struct web **out)
{
    struct web *w = calloc(1, sizeof(*w));
    uint32_t peers = PLACES_PEERS(g->options->max_clients);

    if (w == NULL) {
        return gateway_fail(g, ST_NO_MEMORY, "out of memory");
    }
    w->gateway = g;
    w->listener = -1;
    if (pool_init(&w->peers, sizeof(struct peer), peers) != ST_OK || timerq_init(&w->timers, peers) != ST_OK) {
        web_close(w);
        return gateway_fail(g, ST_NO_MEMORY, "out of memory");
    }
    int status = web_door_open(w);
    if (status != ST_OK) {
        web_close(w);
        return status;
    }
    *out = w;
    return ST_OK;
}

void web_close(struct web *w)
{
    struct peer *p;

    if (w == NULL) {
        return;
    }
    for (uint32_t s = 0; (p = pool_next(&w->peers, &s, NULL)) != NULL; s++) {
        web_peer_close(p);
    }
    web_door_close(w);
    timerq_fini(&w->timers);
    pool_fini(&w->peers);
    free(w);
}

void web_stop(struct web *w)
{
    struct peer *p;

    for (uint32_t s = 0; (p = pool_next(&w->peers, &s, NULL)) != NULL; s++) {
        if (p->phase == PEER_REQUEST || p->phase == PEER_LINGER) {
            web_peer_close(p);
        }
    }
}

bool web_is_quiet(const struct web *w)
{
    const struct peer *p;

    for (uint32_t s = 0; (p = pool_next(&w->peers, &s, NULL)) != NULL; s++) {
        if (p->phase != PEER_REQUEST) { /* who has not asked yet is not waited for */
            return false;
        }
    }
    return true;
}

mono_us web_due(const struct web *w)
{
    mono_us timers = timerq_due(&w->timers);

    return timers < w->listen_again ? timers : w->listen_again;
}

static void peer_expire(struct peer *p)
{
    struct web *w = p->web;
    const struct log *log = &w->gateway->log;
    char text[ADDR_TEXT_MAX];

    if (p->phase != PEER_LINGER && log_quota_take(&w->quota.slow, log, LOG_INFO, w->gateway->now)) {
        log_write(log, LOG_INFO, p->phase == PEER_REQUEST ? LOG_TEXT(log, DOOR_SLOW) : LOG_TEXT(log, ANSWER_UNREAD),
                  addr_text(&p->addr, text));
    }
    web_peer_close(p);
}

void web_turn(struct web *w, mono_us now)
{
    struct timerq_entry *entry;
    struct peer *p;

    web_door_expire(w, now);
    while ((entry = timerq_pop(&w->timers, now)) != NULL) {
        peer_expire(LIST_OWNER(entry, struct peer, timer));
    }
    for (uint32_t s = 0; (p = pool_next(&w->peers, &s, NULL)) != NULL; s++) {
        if (p->phase == PEER_SOCKET) {
            serve_socket(p);
        }
    }
}
