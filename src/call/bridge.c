/* SPDX-License-Identifier: MIT */
#include "bridge_priv.h"

#include <stdlib.h>

/* SIP usages finish behind calls that are gone: INVITE and BYE live up to 32 s, so that a line can be used again and again. */
#define USAGES_FOR_CALLS(calls) ((calls)*4 + 32)

static void free_strings(struct bridge *b)
{
    /* the SIP stack keeps copies of its own; the password must not stay here as well */
    b->config.sip.password = SPAN_NONE;
    b->config.sip.user = SPAN_NONE;
    b->config.sip.auth_user = SPAN_NONE;
    b->config.sip.realm = SPAN_NONE;
    b->config.sip.caller = SPAN_NONE;
    b->config.sip.display_name = SPAN_NONE;
    b->config.sip.domain = SPAN_NONE;
    b->config.sip.user_agent = SPAN_NONE;
    b->config.sip.extra_headers = SPAN_NONE;
    b->config.dial_rules = NULL; /* copied */
}

static int send_sip(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct bridge *b = ctx;

    return b->config.sip_send(b->config.sip_ctx, to, data, len);
}

static void link_changed(void *ctx, enum sip_link_event event, const struct net_addr *local)
{
    struct bridge *b = ctx;

    if (event == SIP_LINK_ADDRESS) {
        b->config.media_addr = *local;
    }
    if (b->config.sip_link != NULL) {
        b->config.sip_link(b->config.sip_ctx, event, local);
    }
}

static int open_media(struct bridge *b)
{
    const struct bridge_config *c = &b->config;
    const struct media_config config = {.log = b->log,
                                        .rng = b->rng,
                                        .io = c->media,
                                        .files = c->media_files,
                                        .learn = c->rtp_learn,
                                        .max_sessions = c->max_calls,
                                        .live_bytes = c->media_buffer};

    return media_new(&config, &b->media);
}

int bridge_new(const struct bridge_config *config, struct bridge **out)
{
    struct bridge *b = calloc(1, sizeof(*b));

    if (b == NULL) {
        return ST_NO_MEMORY;
    }
    b->config = *config;
    b->config.sip.max_usages = USAGES_FOR_CALLS(config->max_calls);
    b->log = config->sip.log;
    b->rng = config->sip.rng;
    list_init(&b->ringing);
    struct sip_hooks hooks = {
        .ctx = b, .send = send_sip, .event = call_sip_event, .link = link_changed, .redirect = call_may_redirect};
    int status = span_copy(config->sip.domain, b->domain, sizeof(b->domain));
    if (status == ST_OK) {
        status = pool_init(&b->clients, sizeof(struct client), config->max_clients);
    }
    if (status == ST_OK) {
        status = pool_init(&b->calls, sizeof(struct call), config->max_calls);
    }
    if (status == ST_OK) {
        status = open_media(b);
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
    if (status == ST_OK) {
        b->sip = sip_stack_new(&b->config.sip, &hooks);
        status = b->sip != NULL ? ST_OK : ST_NO_MEMORY;
    }
    free_strings(b);
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
        call_close_media(call);
        call_release(call);
    }
    for (uint32_t s = 0; (c = pool_next(&b->clients, &s, NULL)) != NULL; s++) {
        client_release(c);
    }
    media_free(b->media);
    sip_stack_free(b->sip);
    ringing_fini(b);
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

void bridge_start(struct bridge *b, mono_us now)
{
    b->now = now;
    sip_stack_start(b->sip, now);
}

void bridge_set_local(struct bridge *b, mono_us now, const struct net_addr *local)
{
    b->now = now;
    b->config.media_addr = *local;
    sip_stack_set_local(b->sip, now, local);
}

/* ---- input ---- */

void bridge_sip_input(struct bridge *b, mono_us now, const struct net_addr *from, const void *data, size_t len)
{
    struct sip_flow flow = sip_flow_udp(&b->config.sip.local, from);

    b->now = now;
    sip_stack_input(b->sip, now, &flow, data, len);
}

void bridge_media_input(struct bridge *b, mono_us now, struct pool_id session, bool rtcp, const struct net_addr *from,
                        const void *data, size_t len)
{
    b->now = now;
    media_input(b->media, now, session, rtcp, from, data, len);
}

/* ---- time ---- */

mono_us bridge_tick_due(const struct bridge *b)
{
    return media_tick_due(b->media);
}

void bridge_tick(struct bridge *b, mono_us now)
{
    uint64_t skipped = media_stats(b->media).ticks_skipped;

    b->now = now;
    media_tick(b->media, now);
    if (media_stats(b->media).ticks_skipped != skipped) {
        overload_skipped(&b->overload, now);
    }
}

void bridge_cache_done(struct bridge *b, mono_us now, int status)
{
    b->now = now;
    media_cache_done(b->media, status);
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
    mono_us timers = timerq_due(&b->timers);
    mono_us sip = sip_stack_due(b->sip);

    if (has_more_work(b) || media_has_work(b->media)) {
        return b->now;
    }
    return timers < sip ? timers : sip;
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
    sip_stack_expire(b->sip, now);
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
    media_turn(b->media);
}

void bridge_reap(struct bridge *b)
{
    if (b->reap) {
        release_ended(b);
    }
    sip_stack_reap(b->sip);
}

/* ---- stopping, figures ---- */

void bridge_stop(struct bridge *b, mono_us now)
{
    struct call *call;
    struct client *c;

    b->now = now;
    b->stopping = true;
    media_stop(b->media);
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
    sip_stack_stop(b->sip, now);
}

bool bridge_is_quiet(const struct bridge *b)
{
    return b->calls.used == 0 && b->clients.used == 0 && sip_stack_busy(b->sip) == 0;
}

struct bridge_stats bridge_stats(const struct bridge *b)
{
    struct bridge_stats stats = b->stats;

    stats.clients = b->clients.used;
    stats.calls = b->calls.used;
    stats.media = media_stats(b->media);
    stats.sip = sip_stack_stats(b->sip);
    stats.calls_denied = b->dial.denied;
    stats.calls_limited = b->dial.limited;
    return stats;
}

struct sip_stack *bridge_sip(struct bridge *b)
{
    return b->sip;
}

uint64_t bridge_worst_case_memory(uint32_t max_calls, uint32_t max_clients, uint64_t media_buffer)
{
    /* input and output of a connection, its unread control text, received audio, wslay's own */
    uint64_t client = sizeof(struct client) + resample_bytes(AUDIO_HZ, MEDIA_WIDE_HZ) +
                      resample_bytes(MEDIA_WIDE_HZ, AUDIO_HZ) + WS_INPUT_CAP + WS_OUTPUT_CAP + WS_CONTROL_MAX +
                      CLIENT_AUDIO_RING + 8192;

    return media_memory(max_calls, media_buffer) + max_calls * sizeof(struct call) + max_clients * client +
           ringing_memory(max_calls, max_clients) + dial_guard_memory(max_clients) +
           sip_stack_worst_case_memory(USAGES_FOR_CALLS(max_calls));
}
