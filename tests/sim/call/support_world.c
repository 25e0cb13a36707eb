/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rng_seeded.h"
#include "world.h"

enum { EV_SIP_TO_PHONE, EV_SIP_TO_GATEWAY, EV_RTP_TO_PHONE, EV_RTP_TO_GATEWAY, EV_RTP_TO_FAR, EV_RUN };

#define FAR_PORT 40000

static const struct net_addr phone_addr = {.family = 4, .port = 5060, .ip = {10, 0, 0, 9}};

/* ---- the calendar ---- */

static struct world_event *event_add(struct world *w, int kind, dur_us delay, const void *data, size_t len)
{
    if (w->event_count == w->event_cap) {
        w->event_cap = w->event_cap * 2 + 64;
        w->events = realloc(w->events, w->event_cap * sizeof(*w->events));
        assert_non_null(w->events);
    }
    struct world_event *e = &w->events[w->event_count++];
    *e = (struct world_event){.at = w->now + delay, .order = w->event_order++, .kind = kind, .len = len};
    e->data = malloc(len + 1);
    assert_non_null(e->data);
    memcpy(e->data, data, len);
    e->data[len] = '\0';
    return e;
}

static size_t event_first(const struct world *w)
{
    size_t best = w->event_count;

    for (size_t i = 0; i < w->event_count; i++) {
        if (best == w->event_count || w->events[i].at < w->events[best].at ||
            (w->events[i].at == w->events[best].at && w->events[i].order < w->events[best].order)) {
            best = i;
        }
    }
    return best;
}

void world_at(struct world *w, dur_us delay, void (*run)(struct world *w, const char *arg), const char *arg)
{
    arg = arg != NULL ? arg : "";
    event_add(w, EV_RUN, delay, arg, strlen(arg))->run = run;
}

static bool chance(struct world *w, unsigned percent)
{
    return percent > 0 && rng_below(&w->rng, 100) < percent;
}

static dur_us travel(struct world *w)
{
    return w->delay + (w->jitter > 0 ? (dur_us)rng_below(&w->rng, (uint32_t)w->jitter) : 0);
}

/* ---- SIP ---- */

/* A rule of RFC 3261 or of the text protocol is broken. */
void world_breach(const struct world *w, const char *why, const char *text)
{
    if (!w->quiet) {
        world_ladder(w);
    }
    fail_msg("seed %llu: %s:\n%s", (unsigned long long)w->seed, why, text);
}

static void judge(struct world *w, struct legal *legal, const char *text, size_t len)
{
    const char *why = legal != NULL ? legal_sent(legal, w->now, text, len) : NULL;

    if (why != NULL) {
        world_breach(w, why, text);
    }
}

static void sip_travels(struct world *w, bool to_phone, const void *data, size_t len)
{
    char *text = strndup(data, len);
    assert_non_null(text);
    bool lost = chance(w, w->loss_percent) || (w->drop != NULL && w->drop(w, to_phone, text));

    assert_true(w->message_count < WORLD_MESSAGES);
    w->messages[w->message_count++] = (struct world_message){w->now, to_phone, lost, text};
    judge(w, to_phone ? w->legal : w->far.legal, text, len);
    for (int copies = lost ? 0 : chance(w, w->duplicate_percent) ? 2 : 1; copies > 0; copies--) {
        event_add(w, to_phone ? EV_SIP_TO_PHONE : EV_SIP_TO_GATEWAY, travel(w), data, len);
    }
}

/* It must have been legal to send; for the ladder it is lost. */
static void sip_fails(struct world *w, const void *data, size_t len)
{
    char *text = strndup(data, len);

    assert_non_null(text);
    assert_true(w->message_count < WORLD_MESSAGES);
    w->messages[w->message_count++] = (struct world_message){w->now, true, true, text};
    judge(w, w->legal, text, len);
    if (w->fail_status == ST_IO) {
        legal_failed(w->legal, data, len);
    }
}

static bool counts_down(int *n)
{
    return *n > 0 && --*n == 0;
}

static int sip_send(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct world *w = ctx;

    assert_true(to->remote.family == 4);
    if (counts_down(&w->fail_send_in)) {
        sip_fails(w, data, len);
        return w->fail_status;
    }
    sip_travels(w, true, data, len);
    return ST_OK;
}

static int far_sip_send(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    assert_true(to->remote.family == 4);
    sip_travels(ctx, false, data, len);
    return ST_OK;
}

void world_to_gateway(struct world *w, const char *text)
{
    sip_travels(w, false, text, strlen(text));
}

/* ---- media ---- */

static int media_open_pair(void *ctx, struct pool_id call, uint16_t *port)
{
    struct world *w = ctx;
    assert_true(call.slot < 64);
    assert_false(w->media_open[call.slot]);
    if (w->media_status != ST_OK) {
        return w->media_status;
    }
    w->media_open[call.slot] = true;
    w->media_call[call.slot] = call;
    w->ports_open++;
    *port = (uint16_t)(32000 + 2 * call.slot);
    return ST_OK;
}

static void media_close_pair(void *ctx, struct pool_id call)
{
    struct world *w = ctx;
    assert_true(w->media_open[call.slot]);
    w->media_open[call.slot] = false;
    w->ports_open--;
}

static void log_sent(struct world *w, const struct net_addr *to, const uint8_t *p, size_t len)
{
    if (w->sent_count == w->sent_cap) {
        w->sent_cap = w->sent_cap * 2 + 256;
        w->sent = realloc(w->sent, w->sent_cap * sizeof(*w->sent));
        assert_non_null(w->sent);
    }
    assert_true(len > 12 && p[0] == 0x80);
    w->sent[w->sent_count++] =
        (struct world_rtp){.at = w->now,
                           .to = *to,
                           .marker = (p[1] & 0x80) != 0,
                           .payload_type = p[1] & 0x7F,
                           .sequence = (uint16_t)(p[2] << 8 | p[3]),
                           .timestamp = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7],
                           .ssrc = (uint32_t)p[8] << 24 | (uint32_t)p[9] << 16 | (uint32_t)p[10] << 8 | p[11],
                           .len = len - 12};
    memcpy(w->sent[w->sent_count - 1].begin, p + 12, len - 12 < 4 ? len - 12 : 4);
}

/* From the gateway's port to the exchange's, or back. */
static void media_crosses(struct world *w, bool to_far, struct pool_id call, bool rtcp, const struct net_addr *to,
                          const void *data, size_t len)
{
    size_t slot = (size_t)(to->port - (to_far ? FAR_PORT : 32000)) / 2;

    if (slot >= 64 || chance(w, w->loss_percent)) {
        return;
    }
    for (int copies = chance(w, w->duplicate_percent) ? 2 : 1; copies > 0; copies--) {
        struct world_event *e = event_add(w, to_far ? EV_RTP_TO_FAR : EV_RTP_TO_GATEWAY, travel(w), data, len);
        e->call = to_far ? w->far.call[slot] : w->media_call[slot];
        e->rtcp = rtcp;
        e->from = to_far ? addr_ipv4(10, 0, 0, 1, 0) : addr_ipv4(10, 0, 0, 9, 0);
        e->from.port = (uint16_t)((to_far ? 32000u : FAR_PORT) + 2 * call.slot + (rtcp ? 1 : 0));
    }
}

static int media_send(void *ctx, struct pool_id call, bool rtcp, const struct net_addr *to, const void *data,
                      size_t len)
{
    struct world *w = ctx;

    assert_true(w->media_open[call.slot]);
    if (counts_down(&w->fail_media_in)) {
        return w->fail_status;
    }
    if (w->far.exchange != NULL) {
        media_crosses(w, true, call, rtcp, to, data, len);
        return ST_OK;
    }
    if (rtcp) {
        assert_true(len <= sizeof(w->rtcp));
        memcpy(w->rtcp, data, len);
        w->rtcp_len = len;
        w->rtcp_to = *to;
        w->rtcp_count++;
        return ST_OK;
    }
    log_sent(w, to, data, len);
    if (!chance(w, w->loss_percent)) {
        event_add(w, EV_RTP_TO_PHONE, travel(w), data, len)->call = call;
    }
    return ST_OK;
}

static int far_media_open(void *ctx, struct pool_id call, uint16_t *port)
{
    struct world *w = ctx;
    assert_true(call.slot < 64 && !w->far.open[call.slot]);
    if (w->media_status != ST_OK) {
        return w->media_status;
    }
    w->far.open[call.slot] = true;
    w->far.call[call.slot] = call;
    w->far.ports_open++;
    *port = (uint16_t)(FAR_PORT + 2 * call.slot);
    return ST_OK;
}

static void far_media_close(void *ctx, struct pool_id call)
{
    struct world *w = ctx;
    assert_true(w->far.open[call.slot]);
    w->far.open[call.slot] = false;
    w->far.ports_open--;
}

static int far_media_send(void *ctx, struct pool_id call, bool rtcp, const struct net_addr *to, const void *data,
                          size_t len)
{
    struct world *w = ctx;
    assert_true(w->far.open[call.slot]);
    media_crosses(w, false, call, rtcp, to, data, len);
    return ST_OK;
}

static int64_t media_wall(void *ctx)
{
    const struct world *w = ctx;
    return 1700000000000000 + w->now;
}

void world_rtp_to_gateway(struct world *w, struct pool_id call, const struct net_addr *from, const uint8_t *data,
                          size_t len)
{
    if (!chance(w, w->loss_percent)) {
        struct world_event *e = event_add(w, EV_RTP_TO_GATEWAY, travel(w), data, len);
        e->call = call;
        e->from = *from;
    }
}

void world_rtcp_to_gateway(struct world *w, struct pool_id call, const struct net_addr *from, const uint8_t *data,
                           size_t len)
{
    struct world_event *e = event_add(w, EV_RTP_TO_GATEWAY, travel(w), data, len);
    e->call = call;
    e->from = *from;
    e->rtcp = true;
}

void world_phone_rtp(struct world *w, const struct net_addr *from, uint8_t payload_type, uint16_t sequence)
{
    uint32_t ts = sequence * 160u;
    uint8_t packet[172] = {0x80,
                           payload_type,
                           (uint8_t)(sequence >> 8),
                           (uint8_t)sequence,
                           (uint8_t)(ts >> 24),
                           (uint8_t)(ts >> 16),
                           (uint8_t)(ts >> 8),
                           (uint8_t)ts,
                           1,
                           2,
                           3,
                           4};
    struct pool_id call = POOL_ID_NONE;
    for (uint32_t slot = 0; slot < 64 && pool_id_is_none(call); slot++) {
        if (w->media_open[slot]) {
            call = w->media_call[slot];
        }
    }
    memset(packet + 12, (uint8_t)sequence, 160);
    world_rtp_to_gateway(w, call, from, packet, sizeof(packet));
}

/* ---- turns ---- */

void world_turn_end(struct world *w)
{
    sip_stack_expire(w->sip, w->now);
    gateway_expire(w->gateway);
    gateway_pump(w->gateway);
    w->list_calls_most = w->list_calls_turn > w->list_calls_most ? w->list_calls_turn : w->list_calls_most;
    w->list_calls_turn = 0;
    for (size_t i = 0; i < WORLD_CLIENTS; i++) {
        if (w->clients[i].open) {
            world_client_reads(w, &w->clients[i]);
        }
    }
    gateway_reap(w->gateway);
    sip_stack_reap(w->sip);
    if (w->far.exchange != NULL) {
        loopback_ua_expire(w->far.exchange, w->now);
        loopback_ua_reap(w->far.exchange);
    }
}

/* ---- time ---- */

static const struct net_addr gateway_addr = {.family = 4, .port = 5062, .ip = {10, 0, 0, 1}};

static void sip_arrives(struct world *w, const struct world_event *e)
{
    if (e->kind == EV_SIP_TO_GATEWAY) {
        legal_received(w->legal, w->now, e->data, e->len);
        struct sip_flow from = sip_stack_flow(w->sip, &phone_addr);
        sip_stack_input(w->sip, w->now, &from, e->data, e->len);
    } else if (w->far.exchange != NULL) {
        legal_received(w->far.legal, w->now, e->data, e->len);
        loopback_ua_sip_input(w->far.exchange, w->now, &gateway_addr, e->data, e->len);
    } else if (!caller_input(w, (const char *)e->data)) {
        phone_input(w, (const char *)e->data);
    }
}

static void event_run(struct world *w, size_t index)
{
    struct world_event e = w->events[index];

    w->events[index] = w->events[--w->event_count];
    switch (e.kind) {
    case EV_SIP_TO_PHONE:
    case EV_SIP_TO_GATEWAY: sip_arrives(w, &e); break;
    case EV_RTP_TO_PHONE: phone_rtp(w, e.data, e.len, e.call); break;
    case EV_RTP_TO_GATEWAY:
        media_input(gateway_media(w->gateway), w->now, e.call, e.rtcp, &e.from, e.data, e.len);
        break;
    case EV_RTP_TO_FAR:
        media_input(loopback_ua_media(w->far.exchange), w->now, e.call, e.rtcp, &e.from, e.data, e.len);
        break;
    case EV_RUN: e.run(w, (const char *)e.data); break;
    default: fail(); break;
    }
    free(e.data);
}

/* As EPOLLOUT: a client that reads has bytes waiting for it. */
static bool somebody_reads(const struct world *w)
{
    const void *bytes;

    for (size_t i = 0; i < WORLD_CLIENTS; i++) {
        const struct world_client *c = &w->clients[i];
        const struct ws_conn *conn = c->open && c->reading ? gateway_client_conn(w->gateway, c->id) : NULL;
        if (conn != NULL && ws_conn_output(conn, &bytes) > 0) {
            return true;
        }
    }
    return false;
}

static mono_us tick_due(const struct world *w)
{
    mono_us far = w->far.exchange != NULL ? loopback_ua_tick_due(w->far.exchange) : MONO_NEVER;
    return mono_earlier(gateway_tick_due(w->gateway), far);
}

static mono_us timers_due(const struct world *w)
{
    mono_us far = w->far.exchange != NULL ? loopback_ua_due(w->far.exchange) : MONO_NEVER;
    return mono_earlier(mono_earlier(gateway_due(w->gateway), sip_stack_due(w->sip)), far);
}

static void tick(struct world *w)
{
    gateway_tick(w->gateway);
    if (w->far.exchange != NULL) {
        loopback_ua_tick(w->far.exchange, w->now);
    }
}

bool world_step(struct world *w, mono_us limit)
{
    size_t first = event_first(w);
    mono_us next = first < w->event_count ? w->events[first].at : MONO_NEVER;
    mono_us ticks = tick_due(w);
    mono_us at = mono_earlier(mono_earlier(next, ticks), timers_due(w));

    at = somebody_reads(w) ? w->now : at;
    if (at > limit) {
        return false;
    }
    w->now = at > w->now ? at : w->now;
    if (w->stall_at != 0 && w->now >= w->stall_at) {
        w->stall_at = 0;
        w->now += w->stall_for;
    }
    if (ticks <= w->now) {
        tick(w);
    } else if (next <= w->now) {
        event_run(w, first);
    }
    world_turn_end(w);
    return true;
}

void world_stall(struct world *w, dur_us duration)
{
    w->now += duration;
    world_turn_end(w);
}

void world_run(struct world *w, dur_us duration)
{
    mono_us end = w->now + duration;
    uint64_t steps = 0;

    while (world_step(w, end)) {
        assert_true(++steps < 10000000); /* a loop that does not move the clock */
    }
    w->now = end > w->now ? end : w->now;
}

static const char *find_text(const struct world_client *c, const char *prefix)
{
    for (size_t i = 0; i < c->text_count; i++) {
        if (strncmp(c->texts[i], prefix, strlen(prefix)) == 0) {
            return c->texts[i];
        }
    }
    return NULL;
}

const char *world_wait(struct world *w, size_t client, const char *prefix, dur_us limit)
{
    const struct world_client *c = &w->clients[client];
    mono_us end = w->now + limit;
    const char *text;

    while ((text = find_text(c, prefix)) == NULL) {
        if (!world_step(w, end)) {
            world_ladder(w);
            for (size_t i = 0; i < c->text_count; i++) {
                fprintf(stderr, "client got: %s\n", c->texts[i]);
            }
            fail_msg("seed %llu: no %s", (unsigned long long)w->seed, prefix);
        }
    }
    return text;
}

/* ---- looking ---- */

size_t world_count(const struct world *w, size_t client, const char *prefix)
{
    const struct world_client *c = &w->clients[client];
    size_t n = 0;

    for (size_t i = 0; i < c->text_count; i++) {
        n += strncmp(c->texts[i], prefix, strlen(prefix)) == 0;
    }
    return n;
}

static const struct world_message *nth(const struct world *w, bool to_phone, const char *prefix, size_t n)
{
    for (size_t i = 0; i < w->message_count; i++) {
        const struct world_message *m = &w->messages[i];
        if (m->to_phone == to_phone && strncmp(m->text, prefix, strlen(prefix)) == 0 && n-- == 0) {
            return m;
        }
    }
    return NULL;
}

size_t world_messages(const struct world *w, bool to_phone, const char *prefix)
{
    size_t n = 0;

    while (nth(w, to_phone, prefix, n) != NULL) {
        n++;
    }
    return n;
}

mono_us world_message_at(const struct world *w, bool to_phone, const char *prefix, size_t n)
{
    const struct world_message *m = nth(w, to_phone, prefix, n);
    if (m == NULL) {
        world_ladder(w);
        fail_msg("no message %zu that begins with %s", n, prefix);
        abort(); /* the compiler does not know that fail_msg leaves */
    }
    return m->at;
}

const char *world_message(const struct world *w, bool to_phone, const char *prefix, size_t n)
{
    const struct world_message *m = nth(w, to_phone, prefix, n);
    if (m == NULL) {
        world_ladder(w);
        fail_msg("no message %zu that begins with %s", n, prefix);
        abort(); /* the compiler does not know that fail_msg leaves */
    }
    return m->text;
}

void world_ladder(const struct world *w)
{
    fprintf(stderr, "seed %llu\n", (unsigned long long)w->seed);
    for (size_t i = 0; i < w->message_count; i++) {
        const struct world_message *m = &w->messages[i];
        fprintf(stderr, "%10.3f %s %s%.*s\n", (double)m->at / 1e6, m->to_phone ? "->" : "<-", m->lost ? "(lost) " : "",
                (int)strcspn(m->text, "\r"), m->text);
    }
}

/* ---- life ---- */

static void keep_line(struct world *w, const char *text, size_t len)
{
    if (w->log_len + len + 2 > w->log_cap) {
        w->log_cap = (w->log_len + len + 2) * 2;
        w->log_text = realloc(w->log_text, w->log_cap);
    }
    if (w->log_text == NULL) {
        abort();
    }
    memcpy(w->log_text + w->log_len, text, len);
    w->log_len += len;
    w->log_text[w->log_len++] = '\n';
    w->log_text[w->log_len] = '\0';
}

size_t world_logged(const struct world *w, const char *text)
{
    size_t n = 0;

    for (const char *at = w->log_text; at != NULL && (at = strstr(at, text)) != NULL; at++) {
        n++;
    }
    return n;
}

static void sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    if (level >= LOG_INFO) {
        keep_line(ctx, text, len);
    }
    if (getenv("WORLD_LOG") != NULL) {
        fprintf(stderr, "%s %.*s\n", log_level_name(level), (int)len, text);
    }
}

void world_stop(struct world *w)
{
    gateway_stop(w->gateway);
    sip_stack_stop(w->sip, w->now);
}

/* Sequence numbers, time stamps and SSRCs are random: half of them lie next to where they wrap. */
static void fill_near_wraps(void *ctx, void *out, size_t len)
{
    struct world *w = ctx;
    uint32_t number;

    rng_seeded_fill(&w->seed_state, out, len);
    if (len != sizeof(number) || !w->near_wraps) {
        return;
    }
    memcpy(&number, out, sizeof(number));
    if (number % 4 == 0) {
        number = 0xFFFFFFFFU - number / 4 % 2000;
    } else if (number % 4 == 1) {
        number = 0x7FFFFFFFU - number / 4 % 2000;
    }
    memcpy(out, &number, sizeof(number));
}

static void free_world(struct world *w);

static int open_far(struct world *w)
{
    const struct loopback_ua_config config = {
        .local = phone_addr,
        .max_calls = w->config.calls.max_calls,
        .log = &w->log,
        .rng = &w->rng,
        .media = {w, far_media_open, far_media_close, far_media_send, media_wall},
        .sip_send = far_sip_send,
        .sip_ctx = w,
    };
    w->far.legal = legal_new();
    assert_non_null(w->far.legal);
    return loopback_ua_new(&config, &w->far.exchange);
}

static void sip_event(void *ctx, const struct sip_event *event)
{
    struct world *w = ctx;

    gateway_sip_event(w->gateway, event);
}

static void sip_account(void *ctx, enum sip_account_event event, const struct net_addr *local)
{
    struct world *w = ctx;

    if (event == SIP_ACCOUNT_ADDRESS) {
        gateway_set_media_addr(w->gateway, local);
    }
}

static bool sip_redirect(void *ctx, struct pool_id owner, struct span uri)
{
    struct world *w = ctx;

    return gateway_may_redirect(w->gateway, owner, uri);
}

static int open_gateway(struct world *w, const struct sip_config *settings, bool mirror)
{
    const struct sip_hooks hooks = {w, sip_send, sip_event, sip_account, sip_redirect};
    struct sip_config sip = *settings;

    sip.max_usages = SIP_STACK_USAGES(w->config.calls.max_calls);
    sip.log = &w->log;
    sip.rng = &w->rng;
    sip.any_credentials = sip.any_credentials || mirror;
    w->sip = sip_stack_new(&sip, &hooks);
    if (w->sip == NULL) {
        return ST_NO_MEMORY;
    }
    w->config.calls.sip = w->sip;
    return gateway_new(&w->config, &w->gateway);
}

struct world *world_try_new(uint64_t seed, const struct world_settings *settings, bool mirror)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->seed = seed;
    w->seed_state = seed;
    w->rng = (struct rng){.fill = fill_near_wraps, .ctx = w};
    w->log = (struct log){.level = LOG_DEBUG, .sink = sink, .ctx = w};
    w->now = DUR_S(1000);
    w->delay = DUR_MS(5);
    w->commit_delay = DUR_MS(30);
    w->config = settings->gateway;
    w->config.calls.now = &w->now;
    w->config.calls.log = &w->log;
    w->config.calls.rng = &w->rng;
    w->config.calls.media = (struct media_io){w, media_open_pair, media_close_pair, media_send, media_wall};
    world_file_io(w, &w->config);
    w->legal = legal_new();
    assert_non_null(w->legal);
    phone_init(w);
    if (open_gateway(w, &settings->sip, mirror) != ST_OK || (mirror && open_far(w) != ST_OK)) {
        free_world(w);
        return NULL;
    }
    return w;
}

static struct world *world_made(uint64_t seed, const struct gateway_config *config, bool mirror)
{
    struct world_settings settings = world_settings();

    settings.gateway = config != NULL ? *config : settings.gateway;
    struct world *w = world_try_new(seed, &settings, mirror);
    assert_non_null(w);
    return w;
}

struct world *world_new(uint64_t seed, const struct gateway_config *config)
{
    return world_made(seed, config, false);
}

struct world *world_new_mirror(uint64_t seed, const struct gateway_config *config)
{
    return world_made(seed, config, true);
}

static void free_world(struct world *w)
{
    gateway_free(w->gateway);
    sip_stack_free(w->sip);
    loopback_ua_free(w->far.exchange);
    legal_free(w->legal);
    legal_free(w->far.legal);
    phone_fini(w);
    caller_fini(w);
    for (size_t i = 0; i < w->event_count; i++) {
        free(w->events[i].data);
    }
    free(w->events);
    for (size_t i = 0; i < w->message_count; i++) {
        free(w->messages[i].text);
    }
    for (size_t i = 0; i < WORLD_FILES; i++) {
        free(w->files[i].data);
    }
    free(w->recording.data);
    free(w->cached.data);
    free(w->caching.data);
    free(w->sent);
    free(w->log_text);
    for (size_t i = 0; i < WORLD_CLIENTS; i++) {
        struct world_client *c = &w->clients[i];
        for (size_t t = 0; t < c->text_count; t++) {
            free(c->texts[t]);
        }
        free(c->in);
        free(c->rtp_payload);
        free(c->heard);
    }
    free(w);
}

void world_end(struct world *w)
{
    for (size_t i = 0; i < WORLD_CLIENTS; i++) {
        if (w->clients[i].open) {
            world_disconnect(w, i);
        }
    }
    /* the exchange lets it ring for an hour when no CANCEL comes through */
    world_run(w, w->far.exchange != NULL
                     ? DUR_S(3700)
                     : DUR_S(140)); /* 64*T1 for a CANCEL wish, 64*T1 for the CANCEL, timer D behind it */
    struct gateway_stats stats = gateway_stats(w->gateway);
    struct sip_stats sip = sip_stack_stats(w->sip);
    if (sip.usages + sip.transactions + sip.timers != 0) {
        world_ladder(w);
    }
    assert_int_equal(stats.calls, 0);
    assert_int_equal(stats.clients, 0);
    assert_int_equal(stats.media.live_held, 0);
    assert_int_equal(sip.usages, 0);
    assert_int_equal(sip.transactions, 0);
    assert_int_equal(sip.timers, 0);
    assert_int_equal(w->ports_open, 0);
    assert_int_equal(w->play_open, 0);
    assert_false(w->list_open);
    assert_false(w->recording.used);
    assert_int_equal(w->more_recordings, 0);
    assert_true(tick_due(w) == MONO_NEVER);
    assert_true(timers_due(w) == MONO_NEVER);
    assert_int_equal(w->far.ports_open, 0);
    assert_int_equal(w->far.exchange != NULL ? loopback_ua_calls(w->far.exchange) : 0, 0);
    free_world(w);
}
