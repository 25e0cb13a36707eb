/* SPDX-License-Identifier: MIT */
#include "bridge_priv.h"

#include <stdlib.h>

int bridge_new(const struct bridge_config *config, struct bridge **out)
{
    struct bridge *b = calloc(1, sizeof(*b));

    if (b == NULL) {
        return ST_NO_MEMORY;
    }
    b->config = *config;
    b->config.domain = SPAN_NONE; /* copied, as the rules are */
    b->config.dial_rules = NULL;
    b->sip = config->sip;
    b->log = config->log;
    b->rng = config->rng;
    b->tick_next = MONO_NEVER;
    list_init(&b->ringing);
    convert_init(b);
    int status = span_copy(config->domain, b->domain, sizeof(b->domain));
    if (status == ST_OK) {
        status = pool_init(&b->clients, sizeof(struct client), config->max_clients);
    }
    if (status == ST_OK) {
        status = pool_init(&b->calls, sizeof(struct call), config->max_calls);
    }
    if (status == ST_OK) {
        status = block_store_init(&b->blocks, config->media_buffer);
    }
    if (status == ST_OK) {
        status = timerq_init(&b->timers, config->max_clients + config->max_calls);
    }
    if (status == ST_OK) {
        status = ringing_init(b);
    }
    if (status == ST_OK) {
        status = dial_guard_init(&b->dial, config);
    }
    if (status != ST_OK) {
        bridge_free(b);
        return status;
    }
    *out = b;
    return ST_OK;
}

void bridge_free(struct bridge *b)
{
    struct call *call;
    struct client *c;

    if (b == NULL) {
        return;
    }
    for (uint32_t s = 0; (call = pool_next(&b->calls, &s, NULL)) != NULL; s++) {
        call->client = POOL_ID_NONE;
        media_close(call);
        call_release(call);
    }
    for (uint32_t s = 0; (c = pool_next(&b->clients, &s, NULL)) != NULL; s++) {
        client_release(c);
    }
    convert_stop(b);
    ringing_fini(b);
    block_store_fini(&b->blocks);
    dial_guard_fini(&b->dial);
    timerq_fini(&b->timers);
    pool_fini(&b->calls);
    pool_fini(&b->clients);
    free(b);
}

/* ---- clients ---- */

int bridge_client_open(struct bridge *b, mono_us now, bool echo, const struct net_addr *peer, struct pool_id *id)
{
    struct ws_hooks hooks;
    struct client *c = pool_new(&b->clients, id);

    b->now = now;
    if (c == NULL) {
        return ST_FULL;
    }
    c->bridge = b;
    c->id = *id;
    c->peer = *peer;
    c->account = rate_key_network(peer);
    c->echo = echo;
    client_hooks(c, &hooks);
    struct ws_conn_config config = {
        .max_message = b->config.max_message, .echo = echo, .hooks = &hooks, .rng = b->rng, .now = now};
    c->conn = ws_conn_new(&config);
    if (c->conn == NULL) {
        pool_free(&b->clients, *id);
        return ST_NO_MEMORY;
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
    b->reap = true;
    client_leave(c);
    timerq_cancel(&b->timers, &c->timer);
}

/* ---- the SIP server ---- */

void bridge_set_media_addr(struct bridge *b, const struct net_addr *addr)
{
    b->config.media_addr = *addr;
}

/* ---- input ---- */

void bridge_sip_event(struct bridge *b, mono_us now, const struct sip_event *event)
{
    b->now = now;
    call_sip_event(b, event);
}

bool bridge_may_redirect(struct bridge *b, mono_us now, struct pool_id owner, struct span uri)
{
    b->now = now;
    return call_may_redirect(b, owner, uri);
}

void bridge_media_input(struct bridge *b, mono_us now, struct pool_id call, bool rtcp, const struct net_addr *from,
                        const void *data, size_t len)
{
    struct call *c = call_get(b, call);

    b->now = now;
    if (c != NULL) {
        media_input(c, rtcp, from, span_make(data, len));
    }
}

/* ---- time ---- */

mono_us bridge_tick_due(const struct bridge *b)
{
    return b->tick_next;
}

void bridge_tick(struct bridge *b, mono_us now)
{
    struct call *call;
    uint64_t skipped = b->stats.ticks_skipped;

    b->now = now;
    if (now < b->tick_next) {
        return;
    }
    b->tick_next = call_tick_after(now);
    for (uint32_t s = 0; (call = pool_next(&b->calls, &s, NULL)) != NULL; s++) {
        if (call->media.open) {
            media_hear_tick(call);
            media_tick(call);
        }
    }
    if (b->stats.ticks_skipped != skipped) {
        overload_skipped(&b->overload, now);
    }
}

static bool has_more_work(const struct bridge *b)
{
    const struct client *c;

    for (uint32_t s = 0; (c = pool_next(&b->clients, &s, NULL)) != NULL; s++) {
        bool listing = c->listing != NULL && ws_conn_control_queued(c->conn) == 0;
        if (!c->gone && (listing || ws_conn_has_work(c->conn) || client_has_audio(c))) {
            return true;
        }
    }
    return false;
}

mono_us bridge_due(const struct bridge *b)
{
    return has_more_work(b) || convert_has_work(b) ? b->now : timerq_due(&b->timers);
}

static bool is_client(const struct bridge *b, const struct timerq_entry *entry)
{
    const char *at = (const char *)(const void *)entry;

    return at >= b->clients.items && at < b->clients.items + (size_t)b->clients.cap * b->clients.item_size;
}

void bridge_expire(struct bridge *b, mono_us now)
{
    struct timerq_entry *entry;

    b->now = now;
    while ((entry = timerq_pop(&b->timers, now)) != NULL) {
        if (is_client(b, entry)) {
            struct client *c = LIST_OWNER(entry, struct client, timer);
            ws_conn_expire(c->conn, now);
            client_deadline(c);
        } else {
            call_expire(LIST_OWNER(entry, struct call, timer));
        }
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

/* Where the last turn ended, this one begins: nobody is passed over because of his place. */
static void work_on_input(struct bridge *b)
{
    const struct pool *clients = &b->clients;
    uint32_t slot = b->input_next;
    size_t spent = 0;

    for (uint32_t i = 0; i < clients->cap && spent < BRIDGE_TURN_COST; i++) {
        struct client *c = pool_get(clients, (struct pool_id){slot, clients->generation[slot]});
        slot = slot + 1 < clients->cap ? slot + 1 : 0;
        if (c != NULL && !c->gone) {
            spent += work_for(b, c, BRIDGE_TURN_COST - spent);
        }
    }
    b->input_next = slot;
    b->stats.input_cost_max = spent > b->stats.input_cost_max ? spent : b->stats.input_cost_max;
}

static void release_ended(struct bridge *b)
{
    struct call *call;
    struct client *c;

    b->reap = false;
    for (uint32_t s = 0; (call = pool_next(&b->calls, &s, NULL)) != NULL; s++) {
        if (call->state == CALL_ENDED) {
            call_release(call);
        }
    }
    for (uint32_t s = 0; (c = pool_next(&b->clients, &s, NULL)) != NULL; s++) {
        if (c->gone) {
            client_release(c);
        }
    }
}

/* A connection's end may be decided anywhere in a turn: by what it sent, by what another's call tells it, by its clock. */
static void note_ends(struct bridge *b)
{
    struct client *c;

    for (uint32_t s = 0; (c = pool_next(&b->clients, &s, NULL)) != NULL; s++) {
        if (!c->gone) {
            client_note_end(c);
        }
    }
}

void bridge_pump(struct bridge *b, mono_us now)
{
    struct client *c;

    b->now = now;
    work_on_input(b);
    for (uint32_t s = 0; (c = pool_next(&b->clients, &s, NULL)) != NULL; s++) {
        if (!c->gone) {
            client_pump_audio(c);
        }
    }
    note_ends(b);
    ringing_settle(b);
    convert_turn(b);
}

void bridge_reap(struct bridge *b)
{
    if (b->reap) {
        release_ended(b);
    }
}

/* ---- stopping, figures ---- */

void bridge_stop(struct bridge *b, mono_us now)
{
    struct call *call;
    struct client *c;

    b->now = now;
    b->stopping = true;
    convert_stop(b);
    for (uint32_t s = 0; (call = pool_next(&b->calls, &s, NULL)) != NULL; s++) {
        if (call->state != CALL_ENDED) {
            int code = call->state == CALL_ALERTING ? 480 : call_clearing_code(call);
            call->incoming.gone = "server stops";
            call_end(call, CALL_EV_HANGUP, code, sip_reason_phrase(code));
        }
    }
    for (uint32_t s = 0; (c = pool_next(&b->clients, &s, NULL)) != NULL; s++) {
        if (!c->gone) {
            ws_conn_close(c->conn, WS_CLOSE_GOING_AWAY, "server stops");
            client_deadline(c);
        }
    }
}

bool bridge_is_quiet(const struct bridge *b)
{
    return b->calls.used == 0 && b->clients.used == 0;
}

struct bridge_stats bridge_stats(const struct bridge *b)
{
    struct bridge_stats stats = b->stats;

    stats.clients = b->clients.used;
    stats.calls = b->calls.used;
    stats.media_held = (uint64_t)b->blocks.used * BLOCK_BYTES;
    stats.calls_denied = b->dial.denied;
    stats.calls_limited = b->dial.limited;
    return stats;
}

uint64_t bridge_worst_case_memory(uint32_t max_calls, uint32_t max_clients, uint64_t media_buffer)
{
    const uint64_t player = PLAYER_BUFFER + PLAYER_WAITING_MAX * (WS_NAME_MAX + 1) + WAV_CONVERTER_BYTES;
    const uint64_t recorder = RECORDER_WINDOW * 2;
    uint64_t call = sizeof(struct call) + player + recorder + MARKS_MAX * sizeof(struct mark);
    /* input and output of a connection, its unread control text, received audio, wslay's own */
    uint64_t client = sizeof(struct client) + resample_bytes(8000, 16000) + resample_bytes(16000, 8000) + WS_INPUT_CAP +
                      WS_OUTPUT_CAP + WS_CONTROL_MAX + CLIENT_AUDIO_RING + 8192;

    return WAV_CONVERTER_BYTES + max_calls * call + max_clients * client + ringing_memory(max_calls, max_clients) +
           block_store_memory(media_buffer) + dial_guard_memory(max_clients);
}
