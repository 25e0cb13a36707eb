/* SPDX-License-Identifier: MIT */
/* Clients and calls together: the turn in which both are worked for, with a budget over all clients, and their
 * beginning and end. */
#include "client_priv.h"

#include <assert.h>
#include <stdlib.h>

/* Whoever makes the gateway has set the rest. */
static int open_calls(struct gateway *g)
{
    struct calls_config *config = &g->config.calls;

    config->max_parties = g->config.max_clients;
    config->hooks = (struct call_hooks){.ctx = g, .event = gateway_call_event, .refusal = gateway_call_refusal};
    int status = calls_new(config, &g->calls);
    config->domain = SPAN_NONE; /* the calls have copies of both */
    config->dial_rules = NULL;
    return status;
}

int gateway_new(const struct gateway_config *config, struct gateway **out)
{
    struct gateway *g = calloc(1, sizeof(*g));

    if (g == NULL) {
        return ST_NO_MEMORY;
    }
    g->config = *config;
    g->log = config->calls.log;
    g->now = config->calls.now;
    list_init(&g->pending);
    list_init(&g->listeners);
    list_init(&g->gone);
    int status = pool_init(&g->clients, sizeof(struct client), config->max_clients);
    if (status == ST_OK) {
        status = timerq_init(&g->timers, config->max_clients);
    }
    if (status == ST_OK) {
        status = ringing_init(g);
    }
    if (status == ST_OK) {
        status = open_calls(g);
    }
    if (status != ST_OK) {
        gateway_free(g);
        return status;
    }
    *out = g;
    return ST_OK;
}

void gateway_free(struct gateway *g)
{
    struct client *c;

    if (g == NULL) {
        return;
    }
    calls_free(g->calls); /* before what it borrows of the clients */
    for (uint32_t s = 0; (c = pool_next(&g->clients, &s, NULL)) != NULL; s++) {
        client_release(c);
    }
    ringing_fini(g);
    timerq_fini(&g->timers);
    pool_fini(&g->clients);
    free(g);
}

/* ---- clients ---- */

static int client_make(struct client *c, const struct dialect *dialect)
{
    const struct gateway *g = c->gateway;
    struct ws_hooks hooks;

    assert(dialect->state_size <= DIALECT_STATE_MAX);
    client_hooks(c, &hooks);
    struct ws_conn_config config = {.max_message = g->config.max_message, .echo = dialect->echo, .hooks = &hooks};
    if (dialect->state_size > 0) {
        c->state = calloc(1, dialect->state_size);
        if (c->state == NULL) {
            return ST_NO_MEMORY;
        }
    }
    c->conn = ws_conn_new(&config, *g->now);
    return c->conn != NULL ? ST_OK : ST_NO_MEMORY;
}

int gateway_client_open(struct gateway *g, const struct dialect *dialect, const struct net_addr *peer,
                        struct pool_id *id)
{
    struct client *c = pool_new(&g->clients, id);

    if (c == NULL) {
        return ST_FULL;
    }
    c->gateway = g;
    c->id = *id;
    list_init(&c->pending);
    list_init(&c->listener);
    c->peer = *peer;
    c->account = rate_key_network(peer);
    c->dialect = dialect;
    if (client_make(c, dialect) != ST_OK) {
        free(c->state);
        pool_free(&g->clients, *id);
        return ST_NO_MEMORY;
    }
    if (dialect->begin != NULL) {
        dialect->begin(c);
    }
    client_deadline(c);
    return ST_OK;
}

int gateway_client_token(struct gateway *g, struct pool_id id, struct span token)
{
    struct client *c = client_get(g, id);
    struct rate_key key;

    if (c == NULL) {
        return ST_OK;
    }
    int status = rate_key_secret(token, &key);
    if (status == ST_OK) {
        c->account = key;
    }
    return status;
}

struct ws_conn *gateway_client_conn(struct gateway *g, struct pool_id id)
{
    struct client *c = client_get(g, id);

    return c != NULL ? c->conn : NULL;
}

void gateway_client_gone(struct gateway *g, struct pool_id id)
{
    struct client *c = client_get(g, id);

    if (c == NULL) {
        return;
    }
    c->gone = true;
    list_remove(&c->pending);
    list_push_back(&g->gone, &c->pending);
    client_leave(c);
    timerq_cancel(&g->timers, &c->timer);
}

/* ---- input ---- */

void gateway_set_media_addr(struct gateway *g, const struct net_addr *addr)
{
    calls_set_media_addr(g->calls, addr);
}

void gateway_sip_event(struct gateway *g, const struct sip_event *event)
{
    calls_sip_event(g->calls, event);
}

bool gateway_may_redirect(struct gateway *g, struct pool_id owner, struct span uri)
{
    return calls_may_redirect(g->calls, owner, uri);
}

struct media *gateway_media(struct gateway *g)
{
    return calls_media(g->calls);
}

/* ---- time ---- */

mono_us gateway_tick_due(const struct gateway *g)
{
    return media_tick_due(calls_media(g->calls));
}

void gateway_tick(struct gateway *g)
{
    calls_tick(g->calls);
}

void gateway_cache_done(struct gateway *g, int status)
{
    media_cache_done(calls_media(g->calls), status);
}

static bool has_more_work(const struct gateway *g)
{
    for (struct list_node *n = g->pending.next; n != &g->pending; n = n->next) {
        if (client_has_work(LIST_OWNER(n, struct client, pending))) {
            return true;
        }
    }
    return false;
}

mono_us gateway_due(const struct gateway *g)
{
    mono_us clients = timerq_due(&g->timers);
    mono_us calls = calls_due(g->calls);

    if (has_more_work(g) || media_has_work(calls_media(g->calls))) {
        return *g->now;
    }
    return clients < calls ? clients : calls;
}

void gateway_expire(struct gateway *g)
{
    struct timerq_entry *entry;

    calls_expire(g->calls);
    while ((entry = timerq_pop(&g->timers, *g->now)) != NULL) {
        struct client *c = LIST_OWNER(entry, struct client, timer);
        ws_conn_expire(c->conn, *g->now);
        client_deadline(c);
    }
}

static size_t part_of(size_t budget)
{
    return budget < GATEWAY_CLIENT_COST ? budget : GATEWAY_CLIENT_COST;
}

static void keep_deadline(struct client *c)
{
    if (ws_conn_due(c->conn) != c->timer.due) {
        client_deadline(c);
    }
}

/* While others wait for their part, half of the turn is left for them. */
void gateway_client_input(struct gateway *g, struct pool_id id, void *bytes, size_t len)
{
    struct client *c = client_get(g, id);
    size_t share = list_is_empty(&g->pending) ? GATEWAY_TURN_COST : GATEWAY_TURN_COST / 2;

    if (c == NULL) {
        return;
    }
    size_t budget = g->input_spent < share ? part_of(share - g->input_spent) : 0;
    g->input_spent += ws_conn_input(c->conn, bytes, len, *g->now, budget);
    keep_deadline(c);
    if (c->audio.count > 0 || client_has_work(c)) { /* a command may have changed what becomes of it */
        client_wake(c);
    }
}

/* One client's part of the turn. */
static size_t work_for(struct gateway *g, struct client *c, size_t budget)
{
    size_t part = part_of(budget);
    size_t spent = listing_step(c, part);

    if (spent < part) {
        spent += ws_conn_process(c->conn, *g->now, part - spent);
    }
    keep_deadline(c);
    return spent;
}

/* Who was not reached stands first in the next turn, who was at the end: nobody is passed over because of his place. */
static void work_on_input(struct gateway *g)
{
    struct list_node round;
    size_t spent = g->input_spent;

    g->input_spent = 0;
    list_init(&round);
    list_move(&round, &g->pending);
    for (struct list_node *n; spent < GATEWAY_TURN_COST && (n = list_first(&round)) != NULL;) {
        list_remove(n);
        list_push_back(&g->pending, n);
        spent += work_for(g, LIST_OWNER(n, struct client, pending), GATEWAY_TURN_COST - spent);
    }
    list_move(&round, &g->pending);
    list_move(&g->pending, &round);
    g->stats.input_cost_max = spent > g->stats.input_cost_max ? spent : g->stats.input_cost_max;
}

/* Hands over audio, and lets go of those that have nothing left to do. A connection's end may be decided anywhere in a turn: by
 * what it sent, by what another's call tells it, by its clock. */
static void work_on_output(struct gateway *g)
{
    struct list_node *next;

    for (struct list_node *n = g->pending.next; n != &g->pending; n = next) {
        struct client *c = LIST_OWNER(n, struct client, pending);
        client_pump_audio(c);
        client_note_end(c);
        next = n->next;
        if (!client_has_work(c)) {
            list_remove(n);
        }
    }
}

void gateway_pump(struct gateway *g)
{
    work_on_input(g);
    work_on_output(g);
    ringing_settle(g);
    media_turn(calls_media(g->calls));
}

void gateway_reap(struct gateway *g)
{
    struct list_node *n;

    calls_reap(g->calls);
    while ((n = list_first(&g->gone)) != NULL) {
        client_release(LIST_OWNER(n, struct client, pending)); /* takes it out of the list */
    }
}

/* ---- stopping, figures ---- */

void gateway_stop(struct gateway *g)
{
    struct client *c;

    calls_stop(g->calls);
    for (uint32_t s = 0; (c = pool_next(&g->clients, &s, NULL)) != NULL; s++) {
        if (!c->gone) {
            ws_conn_close(c->conn, WS_CLOSE_GOING_AWAY, "server stops");
            client_deadline(c);
        }
    }
}

bool gateway_is_quiet(const struct gateway *g)
{
    return calls_stats(g->calls).calls == 0 && g->clients.used == 0;
}

struct gateway_stats gateway_stats(const struct gateway *g)
{
    struct gateway_stats stats = g->stats;

    stats.clients = g->clients.used;
    struct calls_stats calls = calls_stats(g->calls);
    stats.calls = calls.calls;
    stats.calls_started = calls.started;
    stats.calls_established = calls.established;
    stats.calls_denied = calls.denied;
    stats.calls_limited = calls.limited;
    stats.media = media_stats(calls_media(g->calls));
    return stats;
}

uint64_t gateway_worst_case_memory(uint32_t max_calls, uint32_t max_clients, uint64_t media_buffer)
{
    uint64_t client = sizeof(struct client) + DIALECT_STATE_MAX + resample_bytes(AUDIO_HZ, MEDIA_WIDE_HZ) +
                      resample_bytes(MEDIA_WIDE_HZ, AUDIO_HZ) + WS_CONN_MEMORY + CLIENT_AUDIO_RING;

    return calls_worst_case_memory(max_calls, max_clients, media_buffer) + max_clients * client +
           ringing_memory(max_calls, max_clients);
}
