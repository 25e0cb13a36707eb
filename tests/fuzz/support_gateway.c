/* SPDX-License-Identifier: MIT */
#include "support_gateway.h"

#include <stdio.h>

#include "dialects.h"
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

static void hear_state(struct gateway_client *c, struct span state)
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
    struct gateway_client *c = ctx;
    bool known = false;

    if (c == &c->gateway->clients[GATEWAY_CLIENTS - 1] || opcode == WSFRAME_BINARY) {
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

void gateway_connect(struct gateway *g, unsigned client)
{
    struct gateway_client *c = &g->clients[client];
    struct net_addr peer = addr_ipv4(127, 0, 0, 1, (uint16_t)(50000 + client));

    if (c->open) {
        return;
    }
    bool echo = client == GATEWAY_CLIENTS - 1;
    frames_fini(&c->frames);
    if (bridge_client_open(g->bridge, g->now, gateway_dialect(echo ? DIALECT_ECHO : DIALECT_TEXT), &peer, &c->id) !=
        ST_OK) {
        return;
    }
    c->gateway = g;
    c->open = c->reading = true;
    c->in_call = c->established = c->rings = false;
    c->frames = (struct frames){.message = on_message, .ctx = c};
    gateway_turn(g);
}

void gateway_disconnect(struct gateway *g, unsigned client)
{
    struct gateway_client *c = &g->clients[client];

    if (c->open) {
        bridge_client_gone(g->bridge, g->now, c->id);
        c->open = false;
        gateway_turn(g);
    }
}

void gateway_bytes(struct gateway *g, unsigned client, struct span bytes)
{
    struct gateway_client *c = &g->clients[client];
    void *space;

    for (int idle = 0; bytes.len > 0 && c->open && idle < 3;) {
        struct ws_conn *conn = bridge_client_conn(g->bridge, c->id);
        FUZZ_CHECK(conn != NULL);
        struct span piece = span_head(bytes, ws_conn_input_space(conn, &space));
        if (piece.len > 0) {
            memcpy(space, piece.ptr, piece.len);
            ws_conn_input_commit(conn, piece.len);
        }
        idle = piece.len > 0 ? 0 : idle + 1; /* a paused connection is not read: what does not fit is lost here */
        bytes = span_from(bytes, piece.len);
        gateway_turn(g);
    }
}

void gateway_frame(struct gateway *g, unsigned client, unsigned opcode, struct span payload)
{
    uint8_t *frame = fuzz_alloc(payload.len + WSFRAME_HEADER_MAX);
    size_t len = wsframe_write(frame, WSFRAME_FIN | opcode, payload.ptr, payload.len);

    gateway_bytes(g, client, span_make(frame, len));
    free(frame);
}

static void read_client(struct gateway *g, struct gateway_client *c)
{
    struct ws_conn *conn = bridge_client_conn(g->bridge, c->id);
    const void *bytes;
    size_t len;

    FUZZ_CHECK(conn != NULL);
    while (c->reading && (len = ws_conn_output(conn, &bytes)) > 0) {
        frames_push(&c->frames, bytes, len);
        ws_conn_output_consume(conn, len);
    }
    if (ws_conn_is_done(conn)) {
        bridge_client_gone(g->bridge, g->now, c->id);
        c->open = false;
    }
}

/* ---- turns and time ---- */

void gateway_turn(struct gateway *g)
{
    g->sent_now = 0;
    sip_stack_expire(g->sip, g->now);
    bridge_expire(g->bridge, g->now);
    bridge_pump(g->bridge, g->now);
    for (int i = 0; i < GATEWAY_CLIENTS; i++) {
        if (g->clients[i].open) {
            read_client(g, &g->clients[i]);
        }
    }
    bridge_reap(g->bridge);
    sip_stack_reap(g->sip);
    if (g->exchange != NULL) {
        loopback_ua_expire(g->exchange, g->now);
        loopback_ua_reap(g->exchange);
    }
}

static mono_us tick_due(const struct gateway *g)
{
    mono_us due = bridge_tick_due(g->bridge);
    return g->exchange != NULL ? mono_earlier(due, loopback_ua_tick_due(g->exchange)) : due;
}

static mono_us next_event(const struct gateway *g)
{
    mono_us due = mono_earlier(bridge_due(g->bridge), sip_stack_due(g->sip));

    due = g->exchange != NULL ? mono_earlier(due, loopback_ua_due(g->exchange)) : due;
    due = g->first != NULL ? mono_earlier(due, g->first->at) : due;
    return g->ticks < TICKS_MAX ? mono_earlier(due, tick_due(g)) : due;
}

static void deliver(struct gateway *g)
{
    struct gateway_packet *p = g->first;

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
        loopback_ua_media_input(g->exchange, g->now, p->call, p->rtcp, &p->from, p->data, p->len);
    } else {
        bridge_media_input(g->bridge, g->now, p->call, p->rtcp, &p->from, p->data, p->len);
    }
    free(p);
}

static void tick(struct gateway *g)
{
    g->ticks++;
    bridge_tick(g->bridge, g->now);
    if (g->exchange != NULL) {
        loopback_ua_tick(g->exchange, g->now);
    }
}

void gateway_run(struct gateway *g, dur_us duration)
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
        gateway_turn(g);
    }
    g->now = end;
}

/* ---- what comes from outside ---- */

void gateway_sip(struct gateway *g, const struct net_addr *from, bool to_exchange, struct span datagram)
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
    gateway_turn(g);
}

void gateway_media(struct gateway *g, const struct net_addr *from, bool rtcp, struct span datagram)
{
    for (int i = 0; i < GATEWAY_CALLS; i++) {
        if (g->pairs[i].open) {
            bridge_media_input(g->bridge, g->now, g->pairs[i].call, rtcp, from, datagram.ptr, datagram.len);
            break;
        }
    }
    gateway_turn(g);
}

void gateway_jump(struct gateway *g, dur_us duration)
{
    g->jumps++;
    g->forged = g->forged || g->lost > 0;
    g->now += duration;
    gateway_turn(g);
}

void gateway_commit(struct gateway *g, int status)
{
    for (int i = 0; i < GATEWAY_FILES; i++) {
        struct gateway_file *f = &g->files[i];
        if (!f->used || !f->committing) {
            continue;
        }
        for (int old = 0; old < GATEWAY_FILES && status == ST_OK; old++) {
            struct gateway_file *o = &g->files[old];
            if (o->used && !o->temporary && strcmp(o->name, f->name) == 0 && g->playing == 0) {
                gateway_file_drop(o);
            }
        }
        f->committing = f->temporary = false;
        struct pool_id client = f->client;
        if (status != ST_OK) {
            gateway_file_drop(f);
        }
        bridge_upload_done(g->bridge, g->now, client, status);
        gateway_turn(g);
    }
}

void gateway_stop(struct gateway *g)
{
    bridge_stop(g->bridge, g->now);
    sip_stack_stop(g->sip, g->now);
    gateway_turn(g);
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

static void set_addresses(struct gateway *g)
{
    bool loopback = (g->flags & GATEWAY_LOOPBACK) != 0;
    struct net_addr six = {.family = 6, .port = 5060, .ip = {0x20, 0x01, 0x0d, 0xb8}};

    g->local = loopback ? addr_ipv4(127, 0, 0, 1, 5062) : addr_ipv4(10, 0, 0, 1, 5062);
    g->exchange_addr = addr_ipv4(127, 0, 0, 1, 5070);
    g->far = addr_ipv4(10, 0, 0, 9, 5060);
    if ((g->flags & GATEWAY_IPV6) != 0 && !loopback) {
        g->local = g->far = six;
        g->local.ip[15] = 1;
        g->far.ip[15] = 9;
    }
    g->hop = loopback ? g->exchange_addr : g->far;
}

static struct bridge_config bridge_settings(struct gateway *g)
{
    static const struct dial_rule rules[] = {{false, "0900*"}, {false, "*@evil.example"}, {true, "*"}};
    bool tight = (g->flags & GATEWAY_TIGHT) != 0;
    enum bridge_incoming answering = (g->flags & GATEWAY_NO_RECORD) != 0 ? BRIDGE_INCOMING_ECHO : BRIDGE_INCOMING_RING;

    return (struct bridge_config){
        .sip = g->sip,
        .log = (g->flags & GATEWAY_LOG) != 0 ? &g->log : NULL,
        .rng = &g->rng,
        .domain = SPAN_LIT("pbx.example"),
        .media_addr = g->local,
        .max_calls = g->max_calls,
        .max_clients = GATEWAY_CLIENTS,
        .max_message = 65536,
        .upload_max = 16384,
        .media_buffer = 8192,
        .dial_rules = rules,
        .dial_rule_count = tight ? 3 : 0,
        .calls_per_minute = tight ? 5 : 0,
        .incoming = (g->flags & GATEWAY_INCOMING) != 0 ? answering : BRIDGE_INCOMING_REJECT,
        .ring = tight ? DUR_S(5) : DUR_S(120),
        .max_call = tight ? DUR_S(20) : DUR_S(3600),
        .rtp_learn = (g->flags & GATEWAY_LOG) != 0 ? RTP_LEARN_ANY : RTP_LEARN_PRIVATE,
        .no_media = tight ? DUR_S(3) : DUR_S(30),
        .record = (g->flags & GATEWAY_NO_RECORD) == 0,
        .record_stereo = (g->flags & GATEWAY_TIGHT) == 0,
        .media = gateway_media_io(g),
        .uploads = gateway_upload_io(g),
        .lists = gateway_list_io(g),
        .media_files = gateway_media_files(g),
    };
}

static void sip_event(void *ctx, const struct sip_event *event)
{
    struct gateway *g = ctx;

    bridge_sip_event(g->bridge, g->now, event);
}

static bool sip_redirect(void *ctx, struct pool_id owner, struct span uri)
{
    struct gateway *g = ctx;

    return bridge_may_redirect(g->bridge, g->now, owner, uri);
}

static void open_stack(struct gateway *g)
{
    const struct sip_hooks hooks = {.ctx = g, .send = gateway_sip_send, .event = sip_event, .redirect = sip_redirect};
    const struct sip_config config = {.local = g->local,
                                      .next_hop = g->hop,
                                      .domain = SPAN_LIT("pbx.example"),
                                      .user = SPAN_LIT("voip"),
                                      .display_name = SPAN_LIT("A \"B\" \\ C"),
                                      .password = SPAN_LIT("secret"),
                                      .has_password = (g->flags & GATEWAY_NO_PASSWORD) == 0,
                                      .any_credentials = (g->flags & GATEWAY_LOOPBACK) != 0,
                                      .user_agent = SPAN_LIT("ws_audio_server/fuzz"),
                                      .guard = (g->flags & GATEWAY_TIGHT) != 0,
                                      .log = (g->flags & GATEWAY_LOG) != 0 ? &g->log : NULL,
                                      .rng = &g->rng,
                                      .max_usages = SIP_STACK_USAGES(g->max_calls)};

    g->sip = sip_stack_new(&config, &hooks);
    FUZZ_CHECK(g->sip != NULL);
}

static void open_exchange(struct gateway *g)
{
    const struct loopback_ua_config config = {.local = g->exchange_addr,
                                              .max_calls = GATEWAY_CALLS,
                                              .rng = &g->rng,
                                              .media = gateway_exchange_media_io(g),
                                              .sip_send = gateway_exchange_sip_send,
                                              .sip_ctx = g};

    FUZZ_CHECK(loopback_ua_new(&config, &g->exchange) == ST_OK);
}

struct gateway *gateway_new(unsigned flags)
{
    struct gateway *g = fuzz_alloc(sizeof(*g));
    uint8_t audio[400];
    uint8_t wav[512];

    *g = (struct gateway){.flags = flags, .seed = flags, .now = DUR_S(1000)};
    g->rng = (struct rng){.fill = rng_seeded_fill, .ctx = &g->seed};
    g->log = (struct log){.level = LOG_DEBUG, .zh = (flags & GATEWAY_TIGHT) != 0, .sink = sink};
    g->last = &g->first;
    g->max_calls = (flags & GATEWAY_TIGHT) != 0 ? 1 : 3;
    g->request = fuzz_alloc(1);
    g->invite = fuzz_alloc(1);
    g->answer = fuzz_alloc(1);
    g->request[0] = g->invite[0] = g->answer[0] = '\0';
    set_addresses(g);
    open_stack(g);
    struct bridge_config config = bridge_settings(g);
    FUZZ_CHECK(bridge_new(&config, &g->bridge) == ST_OK);
    if ((flags & GATEWAY_LOOPBACK) != 0) {
        open_exchange(g);
    }
    memset(audio, 0x55, sizeof(audio));
    gateway_put_file(g, "b.wav", wav, wavgen_alaw44(wav, sizeof(wav), audio, sizeof(audio)));
    return g;
}

/* All calls are told as ended when the server stops, to each client that could still be told. */
static void check_told(const struct gateway *g)
{
    for (int i = 0; i < GATEWAY_CLIENTS; i++) {
        const struct gateway_client *c = &g->clients[i];
        bool told = !c->frames.closed || c->frames.close_code == WS_CLOSE_GOING_AWAY;
        FUZZ_CHECK(!c->open || !told || !c->in_call);
    }
}

static void check_empty(struct gateway *g)
{
    struct bridge_stats stats = bridge_stats(g->bridge);

    FUZZ_CHECK(stats.calls == 0 && stats.clients == 0);
    struct sip_stats sip = sip_stack_stats(g->sip);

    FUZZ_CHECK(sip.usages == 0);
    FUZZ_CHECK(sip.transactions == 0);
    FUZZ_CHECK(sip.timers == 0 && sip_stack_busy(g->sip) == 0);
    FUZZ_CHECK(bridge_is_quiet(g->bridge) && bridge_tick_due(g->bridge) == MONO_NEVER);
    FUZZ_CHECK(bridge_due(g->bridge) == MONO_NEVER && sip_stack_due(g->sip) == MONO_NEVER);
    FUZZ_CHECK(g->playing == 0 && g->listing == 0);
    for (int i = 0; i < GATEWAY_CALLS; i++) {
        FUZZ_CHECK(!g->pairs[i].open && !g->recording[i]);
    }
    for (int i = 0; i < GATEWAY_FILES; i++) {
        FUZZ_CHECK(!g->files[i].used || !g->files[i].temporary);
    }
    if (g->exchange != NULL && !g->forged) {
        FUZZ_CHECK(loopback_ua_calls(g->exchange) == 0 && loopback_ua_due(g->exchange) == MONO_NEVER);
        FUZZ_CHECK(loopback_ua_tick_due(g->exchange) == MONO_NEVER && !g->exchange_pairs[0].open);
    }
}

static void release(struct gateway *g)
{
    bridge_free(g->bridge);
    sip_stack_free(g->sip);
    loopback_ua_free(g->exchange);
    while (g->first != NULL) {
        struct gateway_packet *p = g->first;
        g->first = p->next;
        free(p);
    }
    for (int i = 0; i < GATEWAY_FILES; i++) {
        gateway_file_drop(&g->files[i]);
    }
    for (int i = 0; i < GATEWAY_CLIENTS; i++) {
        frames_fini(&g->clients[i].frames);
    }
    free(g->request);
    free(g->invite);
    free(g->answer);
    free(g);
}

void gateway_end(struct gateway *g)
{
    g->fault = FAULT_NONE;
    g->media = MEDIA_CLEAN;
    g->lose_to_bridge = g->lose_to_exchange = 0;
    for (int i = 0; i < GATEWAY_CLIENTS; i++) {
        g->clients[i].reading = true;
    }
    gateway_turn(g);
    if ((g->flags & GATEWAY_END_BY_STOP) != 0) {
        gateway_stop(g);
        check_told(g);
        gateway_run(g, DUR_S(6)); /* clients that do not answer the close are left */
    }
    gateway_commit(g, ST_OK);
    for (unsigned i = 0; i < GATEWAY_CLIENTS; i++) {
        gateway_disconnect(g, i);
    }
    gateway_commit(g, ST_OK); /* those that waited behind the last */
    gateway_run(g, LINGER_US);
    check_empty(g);
    release(g);
}
