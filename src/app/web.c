#include <stdlib.h>

#include "web_priv.h"

#define BACKLOG 64
/* connections beyond --max-clients that are told 503 in good order */
#define EXTRA_PEERS       8
#define REQUEST_LIMIT_US  DUR_S(10)
#define RESPONSE_LIMIT_US DUR_S(30)
#define LINGER_LIMIT_US   DUR_S(2)
#define ACCEPTS_A_TURN    16
#define READ_PIECE        4096

static void watch(struct peer *p, unsigned events)
{
    if (p->events != events) {
        p->events = events;
        os_loop_set_events(p->web->gateway->loop, p->watch, events);
    }
}

void web_peer_close(struct peer *p)
{
    struct web *w = p->web;
    struct gateway *g = w->gateway;
    char text[ADDR_TEXT_MAX];

    if (p->phase == PEER_SOCKET) {
        bridge_client_gone(g->bridge, g->now, p->client);
        log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, CLIENT_GONE), addr_text(&p->addr, text));
    }
    timerq_cancel(&w->timers, &p->timer);
    os_loop_unwatch(g->loop, p->watch);
    os_close(p->fd);
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
    p->phase = PEER_LINGER;
    timerq_set(&p->web->timers, &p->timer, p->web->gateway->now + LINGER_LIMIT_US);
    watch(p, OS_READ);
}

/* An answer goes out one piece a turn, so that a long download leaves the others their time. */
static void flush_response(struct peer *p)
{
    enum flush result = p->out != NULL ? flush_out(p) : FLUSH_FAILED;

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
    if (!blocked || p->writable) {
        result = flush_out(p);
        result = result == FLUSH_DONE ? flush_conn(p, conn) : result;
    }
    p->writable = false;
    if (result == FLUSH_FAILED || (result == FLUSH_DONE && ws_conn_is_done(conn))) {
        web_peer_close(p);
        return;
    }
    bool room = ws_conn_input_space(conn, &space) > 0;
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
    size_t taken = http_request_push(p->request, piece, (size_t)n);
    if (p->request->state == HTTP_MORE) {
        return;
    }
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
    if (n <= 0) {
        web_peer_close(p);
        return;
    }
    ws_conn_input_commit(conn, (size_t)n);
    bridge_client_input(g->bridge, g->now, p->client);
}

static void read_linger(struct peer *p)
{
    uint8_t piece[READ_PIECE];
    int n = os_tcp_read(p->fd, piece, sizeof(piece));

    if (n <= 0 && n != ST_AGAIN) {
        web_peer_close(p);
    }
}

static void peer_ready(void *ctx, struct pool_id watch_id, unsigned events, mono_us now)
{
    struct peer *p = ctx;

    (void)watch_id;
    p->web->gateway->now = now;
    if ((events & OS_HANGUP) != 0 && (p->events & OS_READ) == 0) {
        web_peer_close(p); /* nobody is there, and no read would tell */
        return;
    }
    p->writable = (events & OS_WRITE) != 0;
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

/* ---- accepting ---- */

static void refuse_at_the_door(int fd)
{
    char text[256];
    struct outbuf out;

    outbuf_init(&out, text, sizeof(text));
    http_write_response(&out, 503, "text/plain", NULL, SPAN_LIT("too many connections\n"));
    if (os_tcp_write(fd, text, out.len) > 0) {
        os_tcp_shutdown(fd);
    }
    os_close(fd);
}

static void add_peer(struct web *w, int fd, const struct net_addr *addr, mono_us now)
{
    struct gateway *g = w->gateway;
    struct pool_id id;
    struct peer *p = pool_new(&w->peers, &id);

    if (p == NULL) {
        refuse_at_the_door(fd);
        return;
    }
    p->web = w;
    p->id = id;
    p->fd = fd;
    p->body_fd = -1;
    p->addr = *addr;
    p->over_limit = w->peers.used > g->options->max_clients;
    p->events = OS_READ;
    p->request = malloc(sizeof(*p->request));
    if (p->request == NULL || os_loop_watch(g->loop, fd, OS_READ, OS_CLASS_SOCKET, peer_ready, p, &p->watch) != ST_OK) {
        web_peer_close(p);
        return;
    }
    http_request_init(p->request);
    timerq_set(&w->timers, &p->timer, now + REQUEST_LIMIT_US);
}

static void listener_ready(void *ctx, struct pool_id watch_id, unsigned events, mono_us now)
{
    struct web *w = ctx;
    struct net_addr addr;
    int fd = -1;

    (void)watch_id;
    (void)events;
    w->gateway->now = now;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        if (os_tcp_accept(w->listener, &fd, &addr) != ST_OK) {
            return;
        }
        add_peer(w, fd, &addr, now);
    }
}

/* ---- life ---- */

static void log_listening(const struct gateway *g, const struct net_addr *bound)
{
    char text[ADDR_TEXT_MAX];

    if (addr_is_any(&g->options->ws_listen)) {
        log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, LISTEN_ALL), bound->port);
    } else {
        log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, LISTEN_ADDR), addr_text(bound, text));
    }
}

static int open_listener(struct gateway *g, struct web *w)
{
    struct net_addr bound;
    char text[ADDR_TEXT_MAX];
    int status = os_tcp_listen(&g->options->ws_listen, BACKLOG, &w->listener);

    if (status == ST_OK) {
        status = os_tcp_local(w->listener, &bound);
    }
    if (status == ST_OK) {
        status = os_loop_watch(g->loop, w->listener, OS_READ, OS_CLASS_SOCKET, listener_ready, w, &w->listener_watch);
    }
    if (status != ST_OK) {
        const struct net_addr *wanted = &g->options->ws_listen;
        if (wanted->family == 0) {
            return gateway_fail(g, status, "--ws-listen %u (all interfaces): %s", wanted->port, os_error_text());
        }
        return gateway_fail(g, status, "--ws-listen %s: %s", addr_text(wanted, text), os_error_text());
    }
    log_listening(g, &bound);
    return ST_OK;
}

int web_open(struct gateway *g, struct web **out)
{
    struct web *w = calloc(1, sizeof(*w));
    uint32_t peers = g->options->max_clients + EXTRA_PEERS;

    if (w == NULL) {
        return gateway_fail(g, ST_NO_MEMORY, "out of memory");
    }
    w->gateway = g;
    w->listener = -1;
    if (pool_init(&w->peers, sizeof(struct peer), peers) != ST_OK || timerq_init(&w->timers, peers) != ST_OK) {
        web_close(w);
        return gateway_fail(g, ST_NO_MEMORY, "out of memory");
    }
    int status = open_listener(g, w);
    if (status != ST_OK) {
        web_close(w);
        return status;
    }
    *out = w;
    return ST_OK;
}

static void close_listener(struct web *w)
{
    if (w->listener >= 0) {
        os_loop_unwatch(w->gateway->loop, w->listener_watch);
        os_close(w->listener);
        w->listener = -1;
    }
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
    close_listener(w);
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
    return timerq_due(&w->timers);
}

void web_turn(struct web *w, mono_us now)
{
    struct timerq_entry *entry;
    struct peer *p;

    while ((entry = timerq_pop(&w->timers, now)) != NULL) {
        web_peer_close(LIST_OWNER(entry, struct peer, timer));
    }
    for (uint32_t s = 0; (p = pool_next(&w->peers, &s, NULL)) != NULL; s++) {
        if (p->phase == PEER_SOCKET) {
            serve_socket(p);
        }
    }
}
