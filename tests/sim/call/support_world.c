#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "world.h"
#include "wsframe.h"

enum { EV_SIP_TO_PHONE, EV_SIP_TO_BRIDGE, EV_RTP_TO_PHONE, EV_RTP_TO_BRIDGE, EV_RUN };

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

static void sip_travels(struct world *w, bool to_phone, const void *data, size_t len)
{
    char *text = strndup(data, len);
    assert_non_null(text);
    bool lost = chance(w, w->loss_percent) || (w->drop != NULL && w->drop(w, to_phone, text));

    assert_true(w->message_count < WORLD_MESSAGES);
    w->messages[w->message_count++] = (struct world_message){w->now, to_phone, lost, text};
    if (!lost) {
        event_add(w, to_phone ? EV_SIP_TO_PHONE : EV_SIP_TO_BRIDGE, travel(w), data, len);
    }
}

static int sip_send(void *ctx, const struct net_addr *to, const void *data, size_t len)
{
    assert_true(to->family == 4);
    sip_travels(ctx, true, data, len);
    return ST_OK;
}

void world_to_bridge(struct world *w, const char *text)
{
    sip_travels(w, false, text, strlen(text));
}

/* ---- media ---- */

static int media_open_pair(void *ctx, struct pool_id call, uint16_t *port)
{
    struct world *w = ctx;
    assert_true(call.slot < 64);
    assert_false(w->media_open[call.slot]);
    w->media_open[call.slot] = true;
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

static int media_send(void *ctx, struct pool_id call, bool rtcp, const struct net_addr *to, const void *data,
                      size_t len)
{
    struct world *w = ctx;
    (void)to;
    assert_true(w->media_open[call.slot]);
    if (!rtcp && !chance(w, w->loss_percent)) {
        event_add(w, EV_RTP_TO_PHONE, travel(w), data, len)->call = call;
    }
    return ST_OK;
}

static int64_t media_wall(void *ctx)
{
    const struct world *w = ctx;
    return 1700000000000000 + w->now;
}

void world_rtp_to_bridge(struct world *w, struct pool_id call, const struct net_addr *from, const uint8_t *data,
                         size_t len)
{
    if (!chance(w, w->loss_percent)) {
        struct world_event *e = event_add(w, EV_RTP_TO_BRIDGE, travel(w), data, len);
        e->call = call;
        e->from = *from;
    }
}

/* ---- files ---- */

static void append(struct world_file *f, size_t at, const void *data, size_t len)
{
    if (at + len > f->len) {
        f->data = realloc(f->data, at + len);
        assert_non_null(f->data);
        f->len = at + len;
    }
    memcpy(f->data + at, data, len);
}

static struct world_file *file_named(struct world *w, const char *name)
{
    for (size_t i = 0; i < WORLD_FILES; i++) {
        if (w->files[i].used && !w->files[i].temporary && strcmp(w->files[i].name, name) == 0) {
            return &w->files[i];
        }
    }
    return NULL;
}

static struct world_file *file_new(struct world *w, const char *name)
{
    for (size_t i = 0; i < WORLD_FILES; i++) {
        if (!w->files[i].used) {
            w->files[i].used = true;
            snprintf(w->files[i].name, sizeof(w->files[i].name), "%s", name);
            return &w->files[i];
        }
    }
    return NULL;
}

static void file_drop(struct world_file *f)
{
    free(f->data);
    memset(f, 0, sizeof(*f));
}

void world_put_file(struct world *w, const char *name, const void *data, size_t len)
{
    struct world_file *f = file_new(w, name);
    assert_non_null(f);
    append(f, 0, data, len);
}

static int upload_begin(void *ctx, struct pool_id client, const char *name, struct pool_id *upload)
{
    struct world *w = ctx;
    struct world_file *f = file_new(w, name);
    if (f == NULL) {
        return ST_FULL;
    }
    f->temporary = true;
    f->client = client;
    *upload = (struct pool_id){(uint32_t)(f - w->files), 1};
    return ST_OK;
}

static int upload_write(void *ctx, struct pool_id upload, const void *data, size_t len)
{
    struct world *w = ctx;
    struct world_file *f = &w->files[upload.slot];
    if (f->len + len > w->config.upload_max) {
        return ST_TOO_LARGE;
    }
    append(f, f->len, data, len);
    return ST_OK;
}

static void commit_done(struct world *w, const char *arg)
{
    struct world_file *f = &w->files[w->commit_upload.slot];
    struct pool_id client = f->client;

    (void)arg;
    if (w->commit_fails) {
        file_drop(f);
    } else {
        struct world_file *old = file_named(w, f->name);
        if (old != NULL) {
            file_drop(old);
        }
        f->temporary = false;
    }
    bridge_upload_done(w->bridge, w->now, client, w->commit_fails ? ST_IO : ST_OK);
}

static int upload_commit(void *ctx, struct pool_id upload, struct pool_id client)
{
    struct world *w = ctx;
    (void)client;
    w->commit_upload = upload;
    world_at(w, w->commit_delay, commit_done, NULL);
    return ST_OK;
}

static void upload_abort(void *ctx, struct pool_id upload)
{
    struct world *w = ctx;
    file_drop(&w->files[upload.slot]);
}

static int play_open(void *ctx, const char *name, int *handle, uint64_t *size)
{
    struct world *w = ctx;
    struct world_file *f = file_named(w, name);
    if (f == NULL) {
        return ST_NOT_FOUND;
    }
    *handle = (int)(f - w->files);
    *size = f->len;
    w->play_open++;
    return ST_OK;
}

static int play_read(void *ctx, int handle, uint64_t offset, void *data, size_t len)
{
    const struct world *w = ctx;
    const struct world_file *f = &w->files[handle];
    size_t n = offset < f->len ? f->len - (size_t)offset : 0;
    n = n < len ? n : len;
    if (n > 0) {
        memcpy(data, f->data + offset, n);
    }
    return (int)n;
}

static void play_close(void *ctx, int handle)
{
    struct world *w = ctx;
    (void)handle;
    w->play_open--;
}

static int list_open(void *ctx, void **list)
{
    struct world *w = ctx;
    w->list_open = true;
    w->list_at = 0;
    *list = w;
    return ST_OK;
}

static int list_next(void *ctx, void *list, struct list_entry *entry)
{
    struct world *w = ctx;
    (void)list;
    while (w->list_at < WORLD_FILES) {
        const struct world_file *f = &w->files[w->list_at++];
        if (f->used && !f->temporary) {
            snprintf(entry->name, sizeof(entry->name), "%s", f->name);
            entry->bytes = f->len;
            entry->ms = 20;
            return ST_OK;
        }
    }
    return ST_NOT_FOUND;
}

static void list_close(void *ctx, void *list)
{
    struct world *w = ctx;
    (void)list;
    w->list_open = false;
}

static int remove_file(void *ctx, const char *name)
{
    struct world *w = ctx;
    struct world_file *f = file_named(w, name);
    if (f == NULL) {
        return ST_NOT_FOUND;
    }
    file_drop(f);
    return ST_OK;
}

static int record_begin(void *ctx, const char *number, const char *callid8, struct pool_id *recording, char *path,
                        size_t cap)
{
    struct world *w = ctx;
    file_drop(&w->recording);
    w->recording.used = true;
    *recording = (struct pool_id){0, 1};
    snprintf(path, cap, "rec/%s-%s.wav", number, callid8);
    return ST_OK;
}

static int record_write(void *ctx, struct pool_id recording, uint64_t offset, const void *data, size_t len)
{
    struct world *w = ctx;
    (void)recording;
    assert_true(w->recording.used);
    append(&w->recording, (size_t)offset, data, len);
    return ST_OK;
}

static void record_end(void *ctx, struct pool_id recording)
{
    struct world *w = ctx;
    (void)recording;
    assert_true(w->recording.used);
    w->recording.used = false;
}

/* ---- clients ---- */

size_t world_connect(struct world *w)
{
    for (size_t i = 0; i < WORLD_CLIENTS; i++) {
        struct world_client *c = &w->clients[i];
        if (!c->open) {
            struct net_addr peer = addr_ipv4(127, 0, 0, 1, (uint16_t)(50000 + i));
            assert_int_equal(bridge_client_open(w->bridge, w->now, false, &peer, &c->id), ST_OK);
            c->open = true;
            c->reading = true;
            return i;
        }
    }
    fail_msg("too many clients");
    return 0;
}

static void turn_end(struct world *w);

void world_send(struct world *w, size_t client, const char *text)
{
    struct world_client *c = &w->clients[client];
    size_t len = strlen(text);
    uint8_t *frame = malloc(len + WSFRAME_HEADER_MAX);
    void *space;

    assert_non_null(frame);
    size_t n = wsframe_text(frame, text);
    for (size_t at = 0; at < n;) {
        struct ws_conn *conn = bridge_client_conn(w->bridge, c->id);
        assert_non_null(conn);
        size_t room = ws_conn_input_space(conn, &space);
        size_t piece = c->chunk > 0 && c->chunk < n - at ? c->chunk : n - at;
        piece = piece < room ? piece : room;
        if (piece == 0) {
            world_run(w, DUR_MS(1)); /* paused: the socket would not be read */
            continue;
        }
        memcpy(space, frame + at, piece);
        ws_conn_input_commit(conn, piece);
        bridge_client_input(w->bridge, w->now, c->id);
        turn_end(w);
        at += piece;
    }
    free(frame);
}

void world_disconnect(struct world *w, size_t client)
{
    bridge_client_gone(w->bridge, w->now, w->clients[client].id);
    w->clients[client].open = false;
    turn_end(w);
}

static void take_rtp(struct world_client *c, const char *hex, size_t len)
{
    assert_true(len % 2 == 0 && len > 24);
    c->rtp_count++;
    if (c->rtp_payload_len + len / 2 > c->rtp_payload_cap) {
        c->rtp_payload_cap = (c->rtp_payload_len + len) * 2;
        c->rtp_payload = realloc(c->rtp_payload, c->rtp_payload_cap);
        assert_non_null(c->rtp_payload);
    }
    for (size_t i = 24; i < len; i += 2) {
        c->rtp_payload[c->rtp_payload_len++] = (uint8_t)(char_hex(hex[i]) << 4 | char_hex(hex[i + 1]));
    }
}

static void take_frame(struct world_client *c, const struct wsframe *f)
{
    const char *text = (const char *)f->payload;

    assert_false(f->masked);
    if (f->opcode == WSFRAME_TEXT && f->len > 4 && memcmp(text, "RTP:", 4) == 0) {
        take_rtp(c, text + 4, (size_t)f->len - 4);
    } else if (f->opcode == WSFRAME_TEXT) {
        assert_true(c->text_count < WORLD_TEXTS);
        assert_true(utf8_valid(span_make(text, (size_t)f->len)));
        c->texts[c->text_count++] = strndup(text, (size_t)f->len);
    } else if (f->opcode == WSFRAME_BINARY) {
        c->binary_count++;
    } else if (f->opcode == WSFRAME_CLOSE) {
        c->close_code = wsframe_close_code(f);
    }
}

static void client_reads(struct world *w, struct world_client *c)
{
    struct ws_conn *conn = bridge_client_conn(w->bridge, c->id);
    const void *bytes;
    size_t len;

    while (conn != NULL && c->reading && (len = ws_conn_output(conn, &bytes)) > 0) {
        if (c->in_len + len > c->in_cap) {
            c->in_cap = (c->in_len + len) * 2;
            c->in = realloc(c->in, c->in_cap);
            assert_non_null(c->in);
        }
        memcpy(c->in + c->in_len, bytes, len);
        c->in_len += len;
        ws_conn_output_consume(conn, len);
    }
    struct wsframe frame;
    size_t n;
    while ((n = wsframe_read(c->in, c->in_len, &frame)) > 0) {
        take_frame(c, &frame);
        memmove(c->in, c->in + n, c->in_len - n);
        c->in_len -= n;
    }
    if (conn != NULL && ws_conn_is_done(conn)) {
        bridge_client_gone(w->bridge, w->now, c->id);
        c->open = false;
    }
}

static void turn_end(struct world *w)
{
    bridge_expire(w->bridge, w->now);
    bridge_pump(w->bridge, w->now);
    for (size_t i = 0; i < WORLD_CLIENTS; i++) {
        if (w->clients[i].open) {
            client_reads(w, &w->clients[i]);
        }
    }
    bridge_reap(w->bridge);
}

/* ---- time ---- */

static void event_run(struct world *w, size_t index)
{
    struct world_event e = w->events[index];

    w->events[index] = w->events[--w->event_count];
    switch (e.kind) {
    case EV_SIP_TO_PHONE: phone_input(w, (const char *)e.data); break;
    case EV_SIP_TO_BRIDGE: bridge_sip_input(w->bridge, w->now, &phone_addr, e.data, e.len); break;
    case EV_RTP_TO_PHONE: phone_rtp(w, e.data, e.len, e.call); break;
    case EV_RTP_TO_BRIDGE: bridge_media_input(w->bridge, w->now, e.call, e.rtcp, &e.from, e.data, e.len); break;
    case EV_RUN: e.run(w, (const char *)e.data); break;
    default: fail(); break;
    }
    free(e.data);
}

/* One step towards limit; false when nothing happens until then. */
static bool step(struct world *w, mono_us limit)
{
    size_t first = event_first(w);
    mono_us next = first < w->event_count ? w->events[first].at : MONO_NEVER;
    mono_us tick = bridge_tick_due(w->bridge);
    mono_us due = bridge_due(w->bridge);
    mono_us at = next < tick ? next : tick;

    at = at < due ? at : due;
    if (at > limit) {
        return false;
    }
    w->now = at > w->now ? at : w->now;
    if (tick <= w->now) {
        bridge_tick(w->bridge, w->now);
    } else if (next <= w->now) {
        event_run(w, first);
    }
    turn_end(w);
    return true;
}

void world_run(struct world *w, dur_us duration)
{
    mono_us end = w->now + duration;
    uint64_t steps = 0;

    while (step(w, end)) {
        assert_true(++steps < 10000000); /* a loop that does not move the clock */
    }
    w->now = end;
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
        if (!step(w, end)) {
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
    assert_non_null(m);
    return m->at;
}

const char *world_message(const struct world *w, bool to_phone, const char *prefix, size_t n)
{
    const struct world_message *m = nth(w, to_phone, prefix, n);
    assert_non_null(m);
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

static void sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    (void)ctx;
    if (getenv("WORLD_LOG") != NULL) {
        fprintf(stderr, "%s %.*s\n", log_level_name(level), (int)len, text);
    }
}

struct bridge_config world_config(void)
{
    return (struct bridge_config){
        .sip = {.local = addr_ipv4(10, 0, 0, 1, 5062),
                .next_hop = phone_addr,
                .domain = SPAN_LIT("10.0.0.9"),
                .user = SPAN_LIT("voip"),
                .caller = SPAN_LIT("0921367101"),
                .password = SPAN_LIT("secret"),
                .has_password = true,
                .user_agent = SPAN_LIT("ws_audio_server/sim")},
        .media_addr = addr_ipv4(10, 0, 0, 1, 0),
        .max_calls = 4,
        .max_clients = WORLD_CLIENTS,
        .max_message = 4 * 1024 * 1024,
        .upload_max = 1024 * 1024,
        .ring = DUR_S(120),
        .max_call = DUR_S(3600),
        .no_media = DUR_S(30),
        .record = true,
        .record_stereo = true,
    };
}

struct world *world_new(uint64_t seed, const struct bridge_config *config)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->seed = seed;
    w->rng = (struct rng){.fill = rng_seeded_fill, .ctx = &w->seed};
    w->log = (struct log){.level = LOG_DEBUG, .sink = sink};
    w->now = DUR_S(1000);
    w->delay = DUR_MS(5);
    w->commit_delay = DUR_MS(30);
    w->config = config != NULL ? *config : world_config();
    w->config.sip.log = &w->log;
    w->config.sip.rng = &w->rng;
    w->config.sip_send = sip_send;
    w->config.sip_ctx = w;
    w->config.media = (struct media_io){w, media_open_pair, media_close_pair, media_send, media_wall};
    w->config.files = (struct file_io){.ctx = w,
                                       .upload_begin = upload_begin,
                                       .upload_write = upload_write,
                                       .upload_commit = upload_commit,
                                       .upload_abort = upload_abort,
                                       .play_open = play_open,
                                       .play_read = play_read,
                                       .play_close = play_close,
                                       .list_open = list_open,
                                       .list_next = list_next,
                                       .list_close = list_close,
                                       .remove = remove_file,
                                       .record_begin = record_begin,
                                       .record_write = record_write,
                                       .record_end = record_end};
    assert_int_equal(bridge_new(&w->config, &w->bridge), ST_OK);
    phone_init(w);
    return w;
}

static void free_world(struct world *w)
{
    bridge_free(w->bridge);
    phone_fini(w);
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
    for (size_t i = 0; i < WORLD_CLIENTS; i++) {
        struct world_client *c = &w->clients[i];
        for (size_t t = 0; t < c->text_count; t++) {
            free(c->texts[t]);
        }
        free(c->in);
        free(c->rtp_payload);
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
    world_run(w, DUR_S(140)); /* 64*T1 for a CANCEL wish, 64*T1 for the CANCEL, timer D behind it */
    struct bridge_stats stats = bridge_stats(w->bridge);
    if (stats.sip.usages + stats.sip.transactions + stats.sip.timers != 0) {
        world_ladder(w);
    }
    assert_int_equal(stats.calls, 0);
    assert_int_equal(stats.clients, 0);
    assert_int_equal(stats.sip.usages, 0);
    assert_int_equal(stats.sip.transactions, 0);
    assert_int_equal(stats.sip.timers, 0);
    assert_int_equal(w->ports_open, 0);
    assert_int_equal(w->play_open, 0);
    assert_false(w->list_open);
    assert_false(w->recording.used);
    assert_true(bridge_tick_due(w->bridge) == MONO_NEVER);
    assert_true(bridge_due(w->bridge) == MONO_NEVER);
    free_world(w);
}
