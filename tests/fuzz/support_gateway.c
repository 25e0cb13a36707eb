/* SPDX-License-Identifier: MIT */
#include "support_gateway.h"

#include <stdio.h>

#include "dialects.h"
#include "rng_seeded.h"
#include "verbs.h"
#include "wavgen.h"

#define TICKS_MAX      600   /* media ticks of one input: the rest of the time stands still for media */
#define DELIVERIES_MAX 20000 /* a packet that goes in circles is caught at last */
#define LINGER_US      DUR_S(200)
#define TEXT_MAX       8192

/* ---- what a client hears ---- */

static bool is(struct span text, const char *prefix)
{
    return span_starts(text, span_cstr(prefix));
}

static void hear_state(struct fuzz_world_client *c, struct span state)
{
    if (is(state, "trying")) {
        FUZZ_CHECK(!c->in_call);
        c->in_call = true;
        c->established = false;
        return;
    }
    if (c->rings && (is(state, "established") || is(state, "ended:"))) { /* a call that rang here */
        c->rings = false;
        c->in_call = true;
        c->established = false;
    }
    FUZZ_CHECK(c->in_call);
    if (is(state, "established")) {
        FUZZ_CHECK(!c->established);
        c->established = true;
    } else if (is(state, "ended:")) {
        uint32_t code = 0;
        struct span rest = span_from(state, 6);
        FUZZ_CHECK(span_parse_u32(span_cut(&rest, ':'), 699, &code) == ST_OK && rest.len > 0);
        FUZZ_CHECK(code == 0 || code >= 200);
        c->in_call = false;
    } else {
        FUZZ_CHECK(is(state, "ringing") || is(state, "early"));
        FUZZ_CHECK(!c->established);
    }
}

static void hear_error(struct span error)
{
    struct span rest = error;
    (void)span_cut(&rest, ':');
    struct span code = span_cut(&rest, ':');
    bool known = false;

    for (int e = 0; e < ERROR_CODE_COUNT; e++) {
        known = known || span_eq(code, span_cstr(error_code_name((enum error_code)e)));
    }
    FUZZ_CHECK(known && rest.len > 0);
}

static void on_message(void *ctx, uint8_t opcode, struct span text)
{
    static const char *const others[] = {"WAV_ACK:",      "WAV_DONE:", "WAV_DELETED:", "WAV_LIST:",
                                         "WAV_LIST_END:", "MEDIA:",    "MARK:",        "MEDIA_XOFF",
                                         "MEDIA_XON",     "DTMF:",     "LATENCY:"};
    struct fuzz_world_client *c = ctx;
    bool known = false;

    if (c == &c->world->clients[FUZZ_WORLD_CLIENTS - 1] || opcode == WSFRAME_BINARY) {
        return;
    }
    if (is(text, "RTP:")) {
        FUZZ_CHECK((c->in_call || c->rings) && text.len % 2 == 0 && text.len >= 4 + 24 &&
                   char_hex(text.ptr[text.len - 1]) >= 0);
        return;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        FUZZ_CHECK(byte >= ' ' && byte != 0x7f);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        known = known || is(text, others[i]);
    }
    if (is(text, "CALL_STATE:")) {
        hear_state(c, span_from(text, 11));
    } else if (is(text, "ERROR:")) {
        hear_error(span_from(text, 6));
    } else if (is(text, "CALL_STATS:")) {
        FUZZ_CHECK(c->in_call && c->established);
    } else if (is(text, "INCOMING_GONE:")) {
        FUZZ_CHECK(c->rings);
        c->rings = false;
    } else if (is(text, "INCOMING:")) {
        FUZZ_CHECK(!c->rings && !c->in_call); /* one call rings at a time */
        c->rings = true;
    } else {
        FUZZ_CHECK(known);
    }
}

/* ---- clients ---- */

void fuzz_world_connect(struct fuzz_world *g, unsigned client)
{
    struct fuzz_world_client *c = &g->clients[client];
    struct net_addr peer = addr_ipv4(127, 0, 0, 1, (uint16_t)(50000 + client));

    if (c->open) {
        return;
    }
    bool echo = client == FUZZ_WORLD_CLIENTS - 1;
    frames_fini(&c->frames);
    if (gateway_client_open(g->gateway, server_dialect(echo ? DIALECT_ECHO : DIALECT_TEXT), &peer, &c->id) != ST_OK) {
        return;
    }
    c->world = g;
    c->open = c->reading = true;
    c->in_call = c->established = c->rings = false;
    c->frames = (struct frames){.message = on_message, .ctx = c};
    fuzz_world_turn(g);
}

void fuzz_world_disconnect(struct fuzz_world *g, unsigned client)
{
    struct fuzz_world_client *c = &g->clients[client];

    if (c->open) {
        gateway_client_gone(g->gateway, c->id);
        c->open = false;
        fuzz_world_turn(g);
    }
}

void fuzz_world_bytes(struct fuzz_world *g, unsigned client, struct span bytes)
{
    struct fuzz_world_client *c = &g->clients[client];
    void *space;

    for (int idle = 0; bytes.len > 0 && c->open && idle < 3;) {
        struct ws_conn *conn = gateway_client_conn(g->gateway, c->id);
        FUZZ_CHECK(conn != NULL);
        struct span piece = span_head(bytes, ws_conn_input_space(conn, &space));
        if (piece.len > 0) {
            memcpy(space, piece.ptr, piece.len);
            ws_conn_input_commit(conn, piece.len);
        }
        idle = piece.len > 0 ? 0 : idle + 1; /* a paused connection is not read: what does not fit is lost here */
        bytes = span_from(bytes, piece.len);
        fuzz_world_turn(g);
    }
}

void fuzz_world_frame(struct fuzz_world *g, unsigned client, unsigned opcode, struct span payload)
{
    uint8_t *frame = fuzz_alloc(payload.len + WSFRAME_HEADER_MAX);
    size_t len = wsframe_write(frame, WSFRAME_FIN | opcode, payload.ptr, payload.len);

    fuzz_world_bytes(g, client, span_make(frame, len));
    free(frame);
}

static void read_client(struct fuzz_world *g, struct fuzz_world_client *c)
{
    struct ws_conn *conn = gateway_client_conn(g->gateway, c->id);
    const void *bytes;
    size_t len;

    FUZZ_CHECK(conn != NULL);
    while (c->reading && (len = ws_conn_output(conn, &bytes)) > 0) {
        frames_push(&c->frames, bytes, len);
        ws_conn_output_consume(conn, len);
    }
    if (ws_conn_is_done(conn)) {
        gateway_client_gone(g->gateway, c->id);
        c->open = false;
    }
}

/* ---- turns and time ---- */

void fuzz_world_turn(struct fuzz_world *g)
{
    g->sent_now = 0;
    sip_stack_expire(g->sip, g->now);
    gateway_expire(g->gateway);
    gateway_pump(g->gateway);
    for (int i = 0; i < FUZZ_WORLD_CLIENTS; i++) {
        if (g->clients[i].open) {
            read_client(g, &g->clients[i]);
        }
    }
    gateway_reap(g->gateway);
    sip_stack_reap(g->sip);
    if (g->exchange != NULL) {
        loopback_ua_expire(g->exchange, g->now);
        loopback_ua_reap(g->exchange);
    }
}

static mono_us tick_due(const struct fuzz_world *g)
{
    mono_us due = gateway_tick_due(g->gateway);
    return g->exchange != NULL ? mono_earlier(due, loopback_ua_tick_due(g->exchange)) : due;
}

static mono_us next_event(const struct fuzz_world *g)
{
    mono_us due = mono_earlier(gateway_due(g->gateway), sip_stack_due(g->sip));

    due = g->exchange != NULL ? mono_earlier(due, loopback_ua_due(g->exchange)) : due;
    due = g->first != NULL ? mono_earlier(due, g->first->at) : due;
    return g->ticks < TICKS_MAX ? mono_earlier(due, tick_due(g)) : due;
}

static void deliver(struct fuzz_world *g)
{
    struct fuzz_world_packet *p = g->first;

    g->first = p->next;
    if (g->first == NULL) {
        g->last = &g->first;
    }
    if (g->deliveries++ >= DELIVERIES_MAX) {
        g->forged = true; /* nothing arrives any more */
    } else if (p->sip && p->to_exchange) {
        loopback_ua_sip_input(g->exchange, g->now, &p->from, p->data, p->len);
    } else if (p->sip) {
        struct sip_flow from = sip_stack_flow(g->sip, &p->from);
        sip_stack_input(g->sip, g->now, &from, p->data, p->len);
    } else if (p->to_exchange) {
        media_input(loopback_ua_media(g->exchange), g->now, p->call, p->rtcp, &p->from, p->data, p->len);
    } else {
        media_input(gateway_media(g->gateway), g->now, p->call, p->rtcp, &p->from, p->data, p->len);
    }
    free(p);
}

static void tick(struct fuzz_world *g)
{
    g->ticks++;
    gateway_tick(g->gateway);
    if (g->exchange != NULL) {
        loopback_ua_tick(g->exchange, g->now);
    }
}

void fuzz_world_run(struct fuzz_world *g, dur_us duration)
{
    mono_us end = g->now + duration;
    mono_us at;
    int standing = 0;

    while ((at = next_event(g)) <= end) {
        standing = at > g->now ? 0 : standing + 1;
        FUZZ_CHECK(standing < 1000); /* a deadline that never goes away */
        g->now = at > g->now ? at : g->now;
        g->sent_now = 0;
        if (g->first != NULL && g->first->at <= g->now) {
            deliver(g);
        } else if (g->ticks < TICKS_MAX && tick_due(g) <= g->now) {
            tick(g);
        }
        fuzz_world_turn(g);
    }
    g->now = end;
}

/* ---- what comes from outside ---- */

void fuzz_world_sip(struct fuzz_world *g, const struct net_addr *from, bool to_exchange, struct span datagram)
{
    char *copy = fuzz_alloc(datagram.len); /* of the exact length, so that a sanitizer sees its end */

    if (datagram.len > 0) {
        memcpy(copy, datagram.ptr, datagram.len);
    }
    g->sent_now = 0;
    if (!to_exchange) {
        g->forged = g->forged || addr_equal(from, &g->exchange_addr);
        struct sip_flow flow = sip_stack_flow(g->sip, from);
        sip_stack_input(g->sip, g->now, &flow, copy, datagram.len);
    } else if (g->exchange != NULL) {
        g->forged = true;
        loopback_ua_sip_input(g->exchange, g->now, from, copy, datagram.len);
    }
    free(copy);
    fuzz_world_turn(g);
}

void fuzz_world_media(struct fuzz_world *g, const struct net_addr *from, bool rtcp, struct span datagram)
{
    for (int i = 0; i < FUZZ_WORLD_CALLS; i++) {
        if (g->pairs[i].open) {
            media_input(gateway_media(g->gateway), g->now, g->pairs[i].call, rtcp, from, datagram.ptr, datagram.len);
            break;
        }
    }
    fuzz_world_turn(g);
}

void fuzz_world_jump(struct fuzz_world *g, dur_us duration)
{
    g->jumps++;
    g->forged = g->forged || g->lost > 0;
    g->now += duration;
    fuzz_world_turn(g);
}

void fuzz_world_commit(struct fuzz_world *g, int status)
{
    for (int i = 0; i < FUZZ_WORLD_FILES; i++) {
        struct fuzz_world_file *f = &g->files[i];
        if (!f->used || !f->committing) {
            continue;
        }
        for (int old = 0; old < FUZZ_WORLD_FILES && status == ST_OK; old++) {
            struct fuzz_world_file *o = &g->files[old];
            if (o->used && !o->temporary && strcmp(o->name, f->name) == 0 && g->playing == 0) {
                fuzz_world_file_drop(o);
            }
        }
        f->committing = f->temporary = false;
        struct pool_id client = f->client;
        if (status != ST_OK) {
            fuzz_world_file_drop(f);
        }
        gateway_upload_done(g->gateway, client, status);
        fuzz_world_turn(g);
    }
}

void fuzz_world_stop(struct fuzz_world *g)
{
    gateway_stop(g->gateway);
    sip_stack_stop(g->sip, g->now);
    fuzz_world_turn(g);
}

/* ---- life ---- */

static void sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    (void)ctx;
    FUZZ_CHECK(level < LOG_LEVEL_COUNT && len <= LOG_LINE_MAX && memchr(text, '\n', len) == NULL);
    if (getenv("FUZZ_LOG") != NULL) {
        fprintf(stderr, "%s %.*s\n", log_level_name(level), (int)len, text);
    }
}

static void set_addresses(struct fuzz_world *g)
{
    bool loopback = (g->flags & FUZZ_WORLD_LOOPBACK) != 0;
    struct net_addr six = {.family = 6, .port = 5060, .ip = {0x20, 0x01, 0x0d, 0xb8}};

    g->local = loopback ? addr_ipv4(127, 0, 0, 1, 5062) : addr_ipv4(10, 0, 0, 1, 5062);
    g->exchange_addr = addr_ipv4(127, 0, 0, 1, 5070);
    g->far = addr_ipv4(10, 0, 0, 9, 5060);
    if ((g->flags & FUZZ_WORLD_IPV6) != 0 && !loopback) {
        g->local = g->far = six;
        g->local.ip[15] = 1;
        g->far.ip[15] = 9;
    }
    g->hop = loopback ? g->exchange_addr : g->far;
}

static struct gateway_config gateway_settings(struct fuzz_world *g)
{
    static const struct dial_rule rules[] = {{false, "0900*"}, {false, "*@evil.example"}, {true, "*"}};
    bool tight = (g->flags & FUZZ_WORLD_TIGHT) != 0;
    enum calls_incoming answering = (g->flags & FUZZ_WORLD_NO_RECORD) != 0 ? CALLS_INCOMING_ECHO : CALLS_INCOMING_RING;

    return (struct gateway_config){
        .calls = {.now = &g->now,
                  .sip = g->sip,
                  .log = (g->flags & FUZZ_WORLD_LOG) != 0 ? &g->log : NULL,
                  .rng = &g->rng,
                  .domain = SPAN_LIT("pbx.example"),
                  .media_addr = g->local,
                  .max_calls = g->max_calls,
                  .media_buffer = 8192,
                  .dial_rules = rules,
                  .dial_rule_count = tight ? 3 : 0,
                  .calls_per_minute = tight ? 5 : 0,
                  .incoming = (g->flags & FUZZ_WORLD_INCOMING) != 0 ? answering : CALLS_INCOMING_REJECT,
                  .ring = tight ? DUR_S(5) : DUR_S(120),
                  .max_call = tight ? DUR_S(20) : DUR_S(3600),
                  .rtp_learn = (g->flags & FUZZ_WORLD_LOG) != 0 ? RTP_LEARN_ANY : RTP_LEARN_PRIVATE,
                  .no_media = tight ? DUR_S(3) : DUR_S(30),
                  .max_tick_late = DUR_MS(10),
                  .record = (g->flags & FUZZ_WORLD_NO_RECORD) == 0,
                  .record_stereo = (g->flags & FUZZ_WORLD_TIGHT) == 0,
                  .media = fuzz_world_media_io(g),
                  .media_files = fuzz_world_media_files(g)},
        .max_clients = FUZZ_WORLD_CLIENTS,
        .max_message = 65536,
        .upload_max = 16384,
        .uploads = fuzz_world_upload_io(g),
        .lists = fuzz_world_list_io(g),
    };
}

static void sip_event(void *ctx, const struct sip_event *event)
{
    struct fuzz_world *g = ctx;

    gateway_sip_event(g->gateway, event);
}

static bool sip_redirect(void *ctx, struct pool_id owner, struct span uri)
{
    struct fuzz_world *g = ctx;

    return gateway_may_redirect(g->gateway, owner, uri);
}

static void open_stack(struct fuzz_world *g)
{
    const struct sip_hooks hooks = {
        .ctx = g, .send = fuzz_world_sip_send, .event = sip_event, .redirect = sip_redirect};
    const struct sip_config config = {.local = g->local,
                                      .next_hop = g->hop,
                                      .domain = SPAN_LIT("pbx.example"),
                                      .user = SPAN_LIT("voip"),
                                      .display_name = SPAN_LIT("A \"B\" \\ C"),
                                      .password = SPAN_LIT("secret"),
                                      .has_password = (g->flags & FUZZ_WORLD_NO_PASSWORD) == 0,
                                      .any_credentials = (g->flags & FUZZ_WORLD_LOOPBACK) != 0,
                                      .user_agent = SPAN_LIT("ws_audio_server/fuzz"),
                                      .guard = (g->flags & FUZZ_WORLD_TIGHT) != 0,
                                      .log = (g->flags & FUZZ_WORLD_LOG) != 0 ? &g->log : NULL,
                                      .rng = &g->rng,
                                      .max_usages = SIP_STACK_USAGES(g->max_calls)};

    g->sip = sip_stack_new(&config, &hooks);
    FUZZ_CHECK(g->sip != NULL);
}

static void open_exchange(struct fuzz_world *g)
{
    const struct loopback_ua_config config = {.local = g->exchange_addr,
                                              .max_calls = FUZZ_WORLD_CALLS,
                                              .rng = &g->rng,
                                              .media = fuzz_world_exchange_media_io(g),
                                              .sip_send = fuzz_world_exchange_sip_send,
                                              .sip_ctx = g};

    FUZZ_CHECK(loopback_ua_new(&config, &g->exchange) == ST_OK);
}

struct fuzz_world *fuzz_world_new(unsigned flags)
{
    struct fuzz_world *g = fuzz_alloc(sizeof(*g));
    uint8_t audio[400];
    uint8_t wav[512];

    *g = (struct fuzz_world){.flags = flags, .seed = flags, .now = DUR_S(1000)};
    g->rng = (struct rng){.fill = rng_seeded_fill, .ctx = &g->seed};
    g->log = (struct log){.level = LOG_DEBUG, .zh = (flags & FUZZ_WORLD_TIGHT) != 0, .sink = sink};
    g->last = &g->first;
    g->max_calls = (flags & FUZZ_WORLD_TIGHT) != 0 ? 1 : 3;
    g->request = fuzz_alloc(1);
    g->invite = fuzz_alloc(1);
    g->answer = fuzz_alloc(1);
    g->request[0] = g->invite[0] = g->answer[0] = '\0';
    set_addresses(g);
    open_stack(g);
    struct gateway_config config = gateway_settings(g);
    FUZZ_CHECK(gateway_new(&config, &g->gateway) == ST_OK);
    if ((flags & FUZZ_WORLD_LOOPBACK) != 0) {
        open_exchange(g);
    }
    memset(audio, 0x55, sizeof(audio));
    fuzz_world_put_file(g, "b.wav", wav, wavgen_alaw44(wav, sizeof(wav), audio, sizeof(audio)));
    return g;
}

/* All calls are told as ended when the server stops, to each client that could still be told. */
static void check_told(const struct fuzz_world *g)
{
    for (int i = 0; i < FUZZ_WORLD_CLIENTS; i++) {
        const struct fuzz_world_client *c = &g->clients[i];
        bool told = !c->frames.closed || c->frames.close_code == WS_CLOSE_GOING_AWAY;
        FUZZ_CHECK(!c->open || !told || !c->in_call);
    }
}

static void check_empty(struct fuzz_world *g)
{
    struct gateway_stats stats = gateway_stats(g->gateway);

    FUZZ_CHECK(stats.calls == 0 && stats.clients == 0);
    struct sip_stats sip = sip_stack_stats(g->sip);

    FUZZ_CHECK(sip.usages == 0);
    FUZZ_CHECK(sip.transactions == 0);
    FUZZ_CHECK(sip.timers == 0 && sip_stack_busy(g->sip) == 0);
    FUZZ_CHECK(gateway_is_quiet(g->gateway) && gateway_tick_due(g->gateway) == MONO_NEVER);
    FUZZ_CHECK(gateway_due(g->gateway) == MONO_NEVER && sip_stack_due(g->sip) == MONO_NEVER);
    FUZZ_CHECK(g->playing == 0 && g->listing == 0);
    for (int i = 0; i < FUZZ_WORLD_CALLS; i++) {
        FUZZ_CHECK(!g->pairs[i].open && !g->recording[i]);
    }
    for (int i = 0; i < FUZZ_WORLD_FILES; i++) {
        FUZZ_CHECK(!g->files[i].used || !g->files[i].temporary);
    }
    if (g->exchange != NULL && !g->forged) {
        FUZZ_CHECK(loopback_ua_calls(g->exchange) == 0 && loopback_ua_due(g->exchange) == MONO_NEVER);
        FUZZ_CHECK(loopback_ua_tick_due(g->exchange) == MONO_NEVER && !g->exchange_pairs[0].open);
    }
}

static void release(struct fuzz_world *g)
{
    gateway_free(g->gateway);
    sip_stack_free(g->sip);
    loopback_ua_free(g->exchange);
    while (g->first != NULL) {
        struct fuzz_world_packet *p = g->first;
        g->first = p->next;
        free(p);
    }
    for (int i = 0; i < FUZZ_WORLD_FILES; i++) {
        fuzz_world_file_drop(&g->files[i]);
    }
    for (int i = 0; i < FUZZ_WORLD_CLIENTS; i++) {
        frames_fini(&g->clients[i].frames);
    }
    free(g->request);
    free(g->invite);
    free(g->answer);
    free(g);
}

void fuzz_world_end(struct fuzz_world *g)
{
    g->fault = FAULT_NONE;
    g->media = MEDIA_CLEAN;
    g->lose_to_gateway = g->lose_to_exchange = 0;
    for (int i = 0; i < FUZZ_WORLD_CLIENTS; i++) {
        g->clients[i].reading = true;
    }
    fuzz_world_turn(g);
    if ((g->flags & FUZZ_WORLD_END_BY_STOP) != 0) {
        fuzz_world_stop(g);
        check_told(g);
        fuzz_world_run(g, DUR_S(6)); /* clients that do not answer the close are left */
    }
    fuzz_world_commit(g, ST_OK);
    for (unsigned i = 0; i < FUZZ_WORLD_CLIENTS; i++) {
        fuzz_world_disconnect(g, i);
    }
    fuzz_world_commit(g, ST_OK); /* those that waited behind the last */
    fuzz_world_run(g, LINGER_US);
    check_empty(g);
    release(g);
}
