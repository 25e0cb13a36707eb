/* SPDX-License-Identifier: MIT */
/* The listener, and who may stand at the door for how long before he is let in. */
#include "web_priv.h"

#define BACKLOG 64
/* A turn that takes more of a crowd is too long for the calls that are up. */
#define ACCEPTS_A_TURN   16
#define REQUEST_LIMIT_US DUR_S(10)
#define BRIEF_LIMIT_US   DUR_S(2)    /* for an address that holds its few places already */
#define LISTEN_PAUSE_US  DUR_MS(100) /* after a connection could not be taken */

/* Those whose address may come in. A reverse proxy's clients all come at once when it has been started again. */
#define GUESTS_FEW 8
/* Those whose address alone is refused are heard out only so that they can be told what is missing. */
#define STRANGERS_FEW 4

static void give_way(struct web *w, struct place *place)
{
    struct peer *p = LIST_OWNER(place, struct peer, place);
    char text[ADDR_TEXT_MAX];

    if (place->in == &w->guests && p->phase == PEER_REQUEST &&
        log_quota_take(&w->quota.crowd, &w->gateway->log, LOG_INFO, w->gateway->now)) {
        log_write(&w->gateway->log, LOG_INFO, LOG_TEXT(&w->gateway->log, DOOR_CROWDED), addr_text(&p->addr, text));
    }
    web_peer_close(p);
}

void web_take_place(struct peer *p)
{
    struct web *w = p->web;
    struct places *places = access_address_ok(&w->gateway->access, &p->addr) ? &w->guests : &w->strangers;
    struct place *other;

    while ((other = places_giving_way(places, &p->addr)) != NULL) {
        give_way(w, other);
    }
    places_take(places, &p->place, &p->addr);
}

bool web_admit(struct peer *p)
{
    struct web *w = p->web;
    const struct log *log = &w->gateway->log;
    char text[ADDR_TEXT_MAX];

    if (w->clients >= w->gateway->options->max_clients) {
        if (log_quota_take(&w->quota.full, log, LOG_WARNING, w->gateway->now)) {
            log_write(log, LOG_WARNING, LOG_TEXT(log, CLIENTS_FULL), addr_text(&p->addr, text), w->clients);
        }
        return false;
    }
    places_leave(&p->place);
    p->let_in = true;
    w->clients++;
    return true;
}

void web_leave_place(struct peer *p)
{
    places_leave(&p->place);
    p->web->clients -= p->let_in;
    p->let_in = false;
}

static bool begin_request(struct peer *p, mono_us now)
{
    struct web *w = p->web;

    web_take_place(p);
    timerq_set(&w->timers, &p->timer, now + (p->place.above_few ? BRIEF_LIMIT_US : REQUEST_LIMIT_US));
    return web_peer_watch(p) == ST_OK;
}

/* The pool has room for every place there is, and one more for him who is about to push another one out. */
static void add_peer(struct web *w, int fd, const struct net_addr *addr, mono_us now)
{
    struct pool_id id;
    struct peer *p = pool_new(&w->peers, &id);

    if (p == NULL) {
        os_close(fd);
        return;
    }
    p->web = w;
    p->id = id;
    p->fd = fd;
    p->body_fd = -1;
    p->addr = *addr;
    if (!begin_request(p, now)) {
        web_peer_close(p);
    }
}

/* ---- the listener ---- */

/* Without a descriptor nobody can be taken, and who waits makes the listener ready in every turn: it rests a moment. */
static void cannot_accept(struct web *w, mono_us now, bool no_descriptor)
{
    const struct log *log = &w->gateway->log;
    struct place *oldest = places_oldest(&w->strangers);

    if (log_quota_take(&w->quota.accept, log, LOG_WARNING, now)) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, ACCEPT_FAILED), os_error_text());
    }
    oldest = oldest != NULL ? oldest : places_oldest(&w->guests);
    if (no_descriptor && oldest != NULL) {
        give_way(w, oldest);
    }
    w->listen_again = now + LISTEN_PAUSE_US;
    os_loop_set_events(w->gateway->loop, w->listener_watch, 0);
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
        int status = os_tcp_accept(w->listener, &fd, &addr);
        if (status == ST_AGAIN) {
            return;
        }
        if (status != ST_OK) {
            cannot_accept(w, now, status == ST_FULL);
            return;
        }
        add_peer(w, fd, &addr, now);
    }
}

void web_door_expire(struct web *w, mono_us now)
{
    if (now >= w->listen_again) {
        w->listen_again = MONO_NEVER;
        os_loop_set_events(w->gateway->loop, w->listener_watch, OS_READ);
    }
}

static void log_listening(const struct gateway *g, const struct net_addr *bound)
{
    char text[ADDR_TEXT_MAX];

    if (addr_is_any(&g->options->ws_listen)) {
        log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, LISTEN_ALL), bound->port);
    } else {
        log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, LISTEN_ADDR), addr_text(bound, text));
    }
}

int web_door_open(struct web *w)
{
    struct gateway *g = w->gateway;
    const struct net_addr *wanted = &g->options->ws_listen;
    struct net_addr bound;
    char text[ADDR_TEXT_MAX];
    int status = os_tcp_listen(wanted, BACKLOG, &w->listener);

    places_init(&w->guests, PLACES_GUESTS, GUESTS_FEW, false);
    places_init(&w->strangers, PLACES_STRANGERS, STRANGERS_FEW, true);
    w->listen_again = MONO_NEVER;
    if (status == ST_OK) {
        status = os_tcp_local(w->listener, &bound);
    }
    if (status == ST_OK) {
        status = os_loop_watch(g->loop, w->listener, OS_READ, OS_CLASS_SOCKET, listener_ready, w, &w->listener_watch);
    }
    if (status == ST_OK) {
        log_listening(g, &bound);
        return ST_OK;
    }
    if (wanted->family == 0) {
        return gateway_fail(g, status, "--ws-listen %u (all interfaces): %s", wanted->port, os_error_text());
    }
    return gateway_fail(g, status, "--ws-listen %s: %s", addr_text(wanted, text), os_error_text());
}

void web_door_close(struct web *w)
{
    if (w->listener >= 0) {
        os_loop_unwatch(w->gateway->loop, w->listener_watch);
        os_close(w->listener);
        w->listener = -1;
    }
}
