/* SPDX-License-Identifier: MIT */
/* Clients and calls together: the turn in which both are worked for, with a budget over all clients, and their
 * beginning and end. */
#include "client_priv.h"

#include <assert.h>
#include <stdlib.h>

static struct calls_config calls_config_of(struct bridge *b)
{
    const struct bridge_config *c = &b->config;

    return (struct calls_config){.now = &b->now,
                                 .sip = c->sip,
                                 .log = c->log,
                                 .rng = c->rng,
                                 .domain = c->domain,
                                 .media_addr = c->media_addr,
                                 .max_calls = c->max_calls,
                                 .max_parties = c->max_clients,
                                 .media_buffer = c->media_buffer,
                                 .ring = c->ring,
                                 .incoming = c->incoming,
                                 .max_call = c->max_call,
                                 .no_media = c->no_media,
                                 .rtp_learn = c->rtp_learn,
                                 .dial_rules = c->dial_rules,
                                 .dial_rule_count = c->dial_rule_count,
                                 .calls_per_minute = c->calls_per_minute,
                                 .record = c->record,
                                 .record_stereo = c->record_stereo,
                                 .media = c->media,
                                 .media_files = c->media_files,
                                 .hooks = {.ctx = b, .event = clients_event, .refusal = clients_refusal}};
}

int bridge_new(const struct bridge_config *config, struct bridge **out)
{
    struct bridge *b = calloc(1, sizeof(*b));

    if (b == NULL) {
        return ST_NO_MEMORY;
    }
    b->config = *config;
    b->log = config->log;
    list_init(&b->pending);
    list_init(&b->listeners);
    list_init(&b->gone);
    int status = pool_init(&b->clients, sizeof(struct client), config->max_clients);
    if (status == ST_OK) {
        status = timerq_init(&b->timers, config->max_clients);
    }
    if (status == ST_OK) {
        status = ringing_init(b);
    }
    if (status == ST_OK) {
        struct calls_config calls = calls_config_of(b);
        status = calls_new(&calls, &b->calls);
    }
    b->config.domain = SPAN_NONE; /* calls have copies of both */
    b->config.dial_rules = NULL;
    if (status != ST_OK) {
        bridge_free(b);
        return status;
    }
    *out = b;
    return ST_OK;
}

void bridge_free(struct bridge *b)
{
    struct client *c;

    if (b == NULL) {
        return;
    }
    calls_free(b->calls); /* before what it borrows of the clients */
    for (uint32_t s = 0; (c = pool_next(&b->clients, &s, NULL)) != NULL; s++) {
        client_release(c);
    }
    ringing_fini(b);
    timerq_fini(&b->timers);
    pool_fini(&b->clients);
    free(b);
}

/* ---- clients ---- */

static int client_make(struct client *c, const struct dialect *dialect)
{
    const struct bridge *b = c->bridge;
    struct ws_hooks hooks;

    assert(dialect->state_size <= DIALECT_STATE_MAX);
    client_hooks(c, &hooks);
    struct ws_conn_config config = {
        .max_message = b->config.max_message, .echo = dialect->echo, .hooks = &hooks, .now = b->now};
    if (dialect->state_size > 0) {
        c->state = calloc(1, dialect->state_size);
        if (c->state == NULL) {
            return ST_NO_MEMORY;
        }
    }
    c->conn = ws_conn_new(&config);
    return c->conn != NULL ? ST_OK : ST_NO_MEMORY;
}

int bridge_client_open(struct bridge *b, mono_us now, const struct dialect *dialect, const struct net_addr *peer,
                       struct pool_id *id)
{
    struct client *c = pool_new(&b->clients, id);

    b->now = now;
    if (c == NULL) {
        return ST_FULL;
    }
    c->bridge = b;
    c->id = *id;
    list_init(&c->pending);
    list_init(&c->listener);
    c->peer = *peer;
    c->account = rate_key_network(peer);
    c->dialect = dialect;
    if (client_make(c, dialect) != ST_OK) {
        free(c->state);
        pool_free(&b->clients, *id);
        return ST_NO_MEMORY;
    }
    if (dialect->begin != NULL) {
        dialect->begin(c);
    }
    client_deadline(c);
    return ST_OK;
}

int bridge_client_token(struct bridge *b, struct pool_id id, struct span token)
{
    struct client *c = client_get(b, id);
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

struct ws_conn *bridge_client_conn(struct bridge *b, struct pool_id id)
{
    struct client *c = client_get(b, id);

    return c != NULL ? c->conn : NULL;
}

void bridge_client_gone(struct bridge *b, mono_us now, struct pool_id id)
{
    struct client *c = client_get(b, id);

    b->now = now;
    if (c == NULL) {
        return;
    }
    c->gone = true;
    list_remove(&c->pending);
    list_push_back(&b->gone, &c->pending);
    client_leave(c);
    timerq_cancel(&b->timers, &c->timer);
}

/* ---- input ---- */

void bridge_set_media_addr(struct bridge *b, const struct net_addr *addr)
{
    calls_set_media_addr(b->calls, addr);
}

void bridge_sip_event(struct bridge *b, mono_us now, const struct sip_event *event)
{
    b->now = now;
    calls_sip_event(b->calls, event);
}

bool bridge_may_redirect(struct bridge *b, mono_us now, struct pool_id owner, struct span uri)
{
    b->now = now;
    return calls_may_redirect(b->calls, owner, uri);
}

void bridge_media_input(struct bridge *b, mono_us now, struct pool_id session, bool rtcp, const struct net_addr *from,
                        const void *data, size_t len)
{
    b->now = now;
    media_input(calls_media(b->calls), now, session, rtcp, from, data, len);
}

/* ---- time ---- */

mono_us bridge_tick_due(const struct bridge *b)
{
    return media_tick_due(calls_media(b->calls));
}

void bridge_tick(struct bridge *b, mono_us now)
{
    b->now = now;
    calls_tick(b->calls);
}

void bridge_cache_done(struct bridge *b, mono_us now, int status)
{
    b->now = now;
    media_cache_done(calls_media(b->calls), status);
}

static bool has_more_work(const struct bridge *b)
{
    for (struct list_node *n = b->pending.next; n != &b->pending; n = n->next) {
        if (client_has_work(LIST_OWNER(n, struct client, pending))) {
            return true;
        }
    }
    return false;
}

mono_us bridge_due(const struct bridge *b)
{
    mono_us clients = timerq_due(&b->timers);
    mono_us calls = calls_due(b->calls);

    if (has_more_work(b) || media_has_work(calls_media(b->calls))) {
        return b->now;
    }
    return clients < calls ? clients : calls;
}

void bridge_expire(struct bridge *b, mono_us now)
{
    struct timerq_entry *entry;

    b->now = now;
    calls_expire(b->calls);
    while ((entry = timerq_pop(&b->timers, now)) != NULL) {
        struct client *c = LIST_OWNER(entry, struct client, timer);
        ws_conn_expire(c->conn, now);
        client_deadline(c);
    }
}

/* One client's part of the turn. */
static size_t work_for(struct bridge *b, struct client *c, size_t budget)
{
    size_t part = budget < BRIDGE_CLIENT_COST ? budget : BRIDGE_CLIENT_COST;
    size_t spent = listing_step(c, part);

    if (spent < part) {
        spent += ws_conn_process_some(c->conn, b->now, part - spent);
    }
    if (ws_conn_due(c->conn) != c->timer.due) {
        client_deadline(c);
    }
    return spent;
}

/* Who was not reached stands first in the next turn, who was at the end: nobody is passed over because of his place. */
static void work_on_input(struct bridge *b)
{
    struct list_node round;
    size_t spent = 0;

    list_init(&round);
    list_move(&round, &b->pending);
    for (struct list_node *n; spent < BRIDGE_TURN_COST && (n = list_first(&round)) != NULL;) {
        list_remove(n);
        list_push_back(&b->pending, n);
        spent += work_for(b, LIST_OWNER(n, struct client, pending), BRIDGE_TURN_COST - spent);
    }
    list_move(&round, &b->pending);
    list_move(&b->pending, &round);
    b->stats.input_cost_max = spent > b->stats.input_cost_max ? spent : b->stats.input_cost_max;
}

/* Hands over audio, and lets go of those that have nothing left to do. A connection's end may be decided anywhere in a turn: by
 * what it sent, by what another's call tells it, by its clock. */
static void work_on_output(struct bridge *b)
{
    struct list_node *next;

    for (struct list_node *n = b->pending.next; n != &b->pending; n = next) {
        struct client *c = LIST_OWNER(n, struct client, pending);
        client_pump_audio(c);
        client_note_end(c);
        next = n->next;
        if (!client_has_work(c)) {
            list_remove(n);
        }
    }
}

void bridge_pump(struct bridge *b, mono_us now)
{
    b->now = now;
    work_on_input(b);
    work_on_output(b);
    ringing_settle(b);
    media_turn(calls_media(b->calls));
}

void bridge_reap(struct bridge *b)
{
    struct list_node *n;

    calls_reap(b->calls);
    while ((n = list_first(&b->gone)) != NULL) {
        client_release(LIST_OWNER(n, struct client, pending)); /* takes it out of the list */
    }
}

/* ---- stopping, figures ---- */

void bridge_stop(struct bridge *b, mono_us now)
{
    struct client *c;

    b->now = now;
    calls_stop(b->calls);
    for (uint32_t s = 0; (c = pool_next(&b->clients, &s, NULL)) != NULL; s++) {
        if (!c->gone) {
            ws_conn_close(c->conn, WS_CLOSE_GOING_AWAY, "server stops");
            client_deadline(c);
        }
    }
}

bool bridge_is_quiet(const struct bridge *b)
{
    return calls_stats(b->calls).calls == 0 && b->clients.used == 0;
}

struct bridge_stats bridge_stats(const struct bridge *b)
{
    struct bridge_stats stats = b->stats;

    stats.clients = b->clients.used;
    struct calls_stats calls = calls_stats(b->calls);
    stats.calls = calls.calls;
    stats.calls_started = calls.started;
    stats.calls_established = calls.established;
    stats.calls_denied = calls.denied;
    stats.calls_limited = calls.limited;
    stats.media = media_stats(calls_media(b->calls));
    return stats;
}

uint64_t bridge_worst_case_memory(uint32_t max_calls, uint32_t max_clients, uint64_t media_buffer)
{
    /* input and output of a connection, its unread control text, received audio, wslay's own */
    uint64_t client = sizeof(struct client) + DIALECT_STATE_MAX + resample_bytes(AUDIO_HZ, MEDIA_WIDE_HZ) +
                      resample_bytes(MEDIA_WIDE_HZ, AUDIO_HZ) + WS_INPUT_CAP + WS_OUTPUT_CAP + WS_CONTROL_MAX +
                      CLIENT_AUDIO_RING + 8192;

    return calls_worst_case_memory(max_calls, max_clients, media_buffer) + max_clients * client +
           ringing_memory(max_calls, max_clients);
}
