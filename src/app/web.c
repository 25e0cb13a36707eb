/* SPDX-License-Identifier: MIT */
#include "web_priv.h"

#include <stdlib.h>

#include "web_tokens.h"

/* Read and answered in one turn, for all; what is left over waits for the next. */
#define TURN_BYTES (256u * 1024)

static struct web_socket *of_owner(void *owner)
{
    return LIST_OWNER(owner, struct web_socket, client);
}

static void turn_charge(struct web *w, size_t bytes)
{
    w->turn_left -= bytes < w->turn_left ? bytes : w->turn_left;
}

static void socket_close(struct web_socket *s, mono_us now)
{
    struct web *w = s->web;

    list_remove(&s->waits);
    http_conn_free(s->conn, now);
    os_loop_unwatch(w->config.loop, s->watch);
    os_tcp_close(s->fd);
    pool_free(&w->sockets, s->id);
}

void web_drop_over(struct web *w, mono_us now)
{
    void *owner;

    while ((owner = http_server_next_over(w->server)) != NULL) {
        socket_close(of_owner(owner), now);
    }
}

/* ---- writing ---- */

/* False: it failed. An answer goes out one piece a turn, so that a long download leaves the others their time. */
static bool socket_write(struct web_socket *s, mono_us now)
{
    const void *bytes;
    size_t len;

    while (!s->blocked && (len = http_conn_output(s->conn, &bytes)) > 0) {
        bool answer = http_conn_phase(s->conn) == HTTP_PHASE_RESPONSE;
        int n = os_tcp_write(s->fd, bytes, len);
        if (n == ST_AGAIN) {
            s->blocked = true;
            break;
        }
        if (n < 0) {
            return false;
        }
        http_conn_output_consume(s->conn, now, (size_t)n);
        if (answer && (size_t)n == len) {
            break;
        }
    }
    return true;
}

/* What can be done next, from what the connection says. */
static void socket_watch(struct web_socket *s)
{
    void *space;
    const void *bytes;
    unsigned events = http_conn_input_space(s->conn, &space) > 0 ? OS_READ : 0U;

    events |= http_conn_output(s->conn, &bytes) > 0 ? OS_WRITE : 0U;
    if (http_conn_phase(s->conn) == HTTP_PHASE_LINGER && !s->shut) {
        s->shut = true;
        os_tcp_shutdown(s->fd);
    }
    if (s->events != events) {
        s->events = events;
        os_loop_set_events(s->web->config.loop, s->watch, events);
    }
}

static void socket_flush(struct web_socket *s, mono_us now)
{
    if (!socket_write(s, now)) {
        socket_close(s, now);
        return;
    }
    http_conn_settle(s->conn, now);
    if (http_conn_phase(s->conn) != HTTP_PHASE_OVER) {
        socket_watch(s);
    }
}

/* ---- reading ---- */

/* False: it failed. */
static bool socket_read(struct web_socket *s, mono_us now)
{
    void *space = NULL;
    size_t room = http_conn_input_space(s->conn, &space);
    int n = room > 0 ? os_tcp_read(s->fd, space, room) : ST_AGAIN;

    if (n > 0) {
        turn_charge(s->web, http_conn_input_commit(s->conn, now, (size_t)n));
    } else if (n == 0) {
        http_conn_input_end(s->conn, now);
    }
    return n >= 0 || n == ST_AGAIN;
}

/* Only noted: who is served when is decided over all, in web_serve. */
static void socket_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct web_socket *s = ctx;

    (void)watch;
    if ((events & OS_HANGUP) != 0 && (s->events & OS_READ) == 0) {
        socket_close(s, now); /* nobody is there, and no read would tell */
        return;
    }
    s->ready |= events;
    if (list_is_empty(&s->waits)) {
        list_push_back(&s->web->ready, &s->waits);
    }
}

static void socket_serve(struct web_socket *s, mono_us now)
{
    unsigned events = s->ready;

    s->ready = 0;
    if ((events & OS_WRITE) != 0) {
        s->blocked = false;
    }
    if ((events & (OS_READ | OS_HANGUP)) != 0 && !socket_read(s, now)) {
        socket_close(s, now);
        return;
    }
    switch (http_conn_phase(s->conn)) {
    case HTTP_PHASE_UPGRADED:
        if ((events & OS_WRITE) != 0) {
            http_conn_touch(s->conn); /* written at the end of the turn; of what came in it tells itself */
        }
        break;
    case HTTP_PHASE_RESPONSE:
        turn_charge(s->web, HTTP_PIECE);
        socket_flush(s, now);
        break;
    case HTTP_PHASE_REQUEST:
    case HTTP_PHASE_LINGER:
    case HTTP_PHASE_OVER:
    case HTTP_PHASE_COUNT: break;
    }
}

void web_serve(struct web *w, mono_us now)
{
    struct list_node *node;

    w->turn_left = TURN_BYTES;
    while (w->turn_left > 0 && (node = list_first(&w->ready)) != NULL) {
        list_remove(node);
        socket_serve(LIST_OWNER(node, struct web_socket, waits), now);
        web_drop_over(w, now); /* a place was taken, so that somebody else gave way */
    }
}

/* The pool has room for every place there is, and one more for him who is about to push another one out. */
void web_add(struct web *w, int fd, const struct net_addr *peer, mono_us now)
{
    struct pool_id id;
    struct web_socket *s = pool_new(&w->sockets, &id);

    if (s == NULL) {
        os_close(fd);
        return;
    }
    *s = (struct web_socket){.web = w, .id = id, .fd = fd, .events = OS_READ};
    list_init(&s->waits);
    s->conn = http_conn_open(w->server, now, peer, &s->client);
    web_drop_over(w, now);
    if (s->conn == NULL) {
        os_close(fd);
        pool_free(&w->sockets, id);
    } else if (os_loop_watch(w->config.loop, fd, OS_READ, OS_CLASS_SOCKET, socket_ready, s, &s->watch) != ST_OK) {
        socket_close(s, now);
    }
}

/* ---- life ---- */

static int open_server(struct web *w, char why[WHY_MAX])
{
    const struct options *o = w->config.options;
    struct http_server_config config = {
        .log = w->config.log,
        .max_clients = o->max_clients,
        .rules = {.allow = o->ws_allow.items,
                  .allow_count = o->ws_allow.count,
                  .origins = (const char *const *)o->ws_origin.items,
                  .origin_count = o->ws_origin.count,
                  .needs_token = o->ws_token_file != NULL},
    };

    w->clients.gateway = w->config.gateway;
    w->clients.log = w->config.log;
    w->site = (struct web_site){.recordings = w->config.recordings, .sip = w->config.sip};
    config.endpoints = web_endpoints(&w->clients, o->ws_echo, &config.endpoint_count);
    config.protocol = web_protocol(&w->clients);
    config.site = web_site(&w->site, w->config.loopback, o->sip_register);
    int status = http_server_new(&config, &w->server);
    return status == ST_OK ? ST_OK : why_fail(why, status, "out of memory");
}

int web_open(const struct web_config *config, struct web **out, char why[WHY_MAX])
{
    uint32_t sockets = web_sockets_max(config->options->max_clients);
    struct web *w = calloc(1, sizeof(*w));
    char reason[TOKENS_WHY_MAX];

    if (w == NULL) {
        return why_fail(why, ST_NO_MEMORY, "out of memory");
    }
    w->config = *config;
    w->listener = -1;
    list_init(&w->ready);
    int status = pool_init(&w->sockets, sizeof(struct web_socket), sockets);
    if (status != ST_OK) {
        (void)why_fail(why, status, "out of memory");
    } else {
        status = open_server(w, why);
    }
    if (status == ST_OK && (status = web_reload(w, reason)) != ST_OK) {
        (void)why_fail(why, status, "--ws-token-file: %s", reason);
    }
    if (status == ST_OK) {
        status = web_listen(w, why);
    }
    if (status != ST_OK) {
        web_close(w, 0);
        return status;
    }
    *out = w;
    return ST_OK;
}

void web_close(struct web *w, mono_us now)
{
    struct web_socket *s;

    if (w == NULL) {
        return;
    }
    for (uint32_t slot = 0; (s = pool_next(&w->sockets, &slot, NULL)) != NULL; slot++) {
        socket_close(s, now);
    }
    web_listener_close(w);
    http_server_free(w->server);
    pool_fini(&w->sockets);
    free(w);
}

int web_reload(struct web *w, char why[TOKENS_WHY_MAX])
{
    const char *path = w->config.options->ws_token_file;
    char name[OS_NAME_MAX + 1];
    struct token_set tokens;

    /* without a name only literals, localhost and what is listed count: no reason to refuse to start */
    http_server_set_host_name(w->server, os_host_name(name) == ST_OK ? name : "");
    if (path == NULL) {
        return ST_OK;
    }
    int status = web_tokens_load(path, &tokens, why);
    if (status == ST_OK) {
        http_server_set_tokens(w->server, &tokens);
    }
    return status;
}

void web_stop(struct web *w, mono_us now)
{
    http_server_stop(w->server, now);
    web_drop_over(w, now);
}

bool web_is_quiet(const struct web *w)
{
    return http_server_is_quiet(w->server);
}

mono_us web_due(const struct web *w)
{
    mono_us timers = http_server_due(w->server);
    return timers < w->listen_again ? timers : w->listen_again;
}

void web_turn(struct web *w, mono_us now)
{
    void *owner;

    web_listener_expire(w, now);
    http_server_expire(w->server, now);
    web_drop_over(w, now);
    while ((owner = http_server_next_pending(w->server)) != NULL) {
        socket_flush(of_owner(owner), now);
        web_drop_over(w, now);
    }
}

bool web_dump(const struct web *w, mono_us now, uint32_t *at, struct outbuf *out)
{
    uint32_t conn = *at - 1;

    if (*at == 0) {
        outbuf_printf(out, "web: %u sockets of %u", w->sockets.used, w->sockets.cap);
        dump_flag(out, "some wait to be read", !list_is_empty(&w->ready));
        dump_due(out, "listens again", w->listen_again, now);
        return true;
    }
    bool found = http_server_dump(w->server, now, &conn, out);

    *at = 1 + conn;
    return found;
}

uint32_t web_sockets_max(uint32_t max_clients)
{
    return HTTP_CONNS(max_clients);
}
