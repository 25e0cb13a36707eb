/* SPDX-License-Identifier: MIT */
#include "desk.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the protocol behind an upgrade ---- */

static int protocol_open(void *ctx, mono_us now, void *owner, struct http_conn *conn, const struct net_addr *peer,
                         uint32_t endpoint, const struct span *token)
{
    struct desk *d = ctx;
    struct line *l = owner;

    assert_true(now == d->now && conn == l->conn && peer->family != 0 && !l->up);
    if (d->open_fails != ST_OK) {
        return d->open_fails;
    }
    l->up = true;
    l->endpoint = endpoint;
    if (token != NULL) {
        assert_int_equal(span_copy(*token, l->token, sizeof(l->token)), ST_OK);
    }
    return ST_OK;
}

static size_t protocol_space(void *ctx, void *owner, void **ptr)
{
    struct line *l = owner;

    assert_ptr_equal(ctx, l->desk);
    assert_true(l->up && l->gone == 0);
    *ptr = l->in + l->in_len;
    return l->in_cap - l->in_len;
}

static void protocol_commit(void *ctx, void *owner, size_t len)
{
    struct line *l = owner;

    assert_ptr_equal(ctx, l->desk);
    assert_true(l->up && l->gone == 0 && len <= l->in_cap - l->in_len);
    l->in_len += len;
}

static size_t protocol_output(void *ctx, void *owner, const void **ptr)
{
    const struct line *l = owner;

    assert_ptr_equal(ctx, l->desk);
    assert_true(l->up && l->gone == 0);
    *ptr = l->out;
    return l->out_len;
}

static void protocol_consume(void *ctx, void *owner, size_t len)
{
    struct line *l = owner;

    assert_ptr_equal(ctx, l->desk);
    assert_true(len <= l->out_len && l->gone == 0);
    l->out += len;
    l->out_len -= len;
}

static enum http_protocol_state protocol_state(void *ctx, void *owner, bool input_ended)
{
    struct line *l = owner;

    assert_ptr_equal(ctx, l->desk);
    assert_true(l->up && l->gone == 0);
    l->input_ended = input_ended;
    return l->state;
}

static void protocol_gone(void *ctx, mono_us now, void *owner)
{
    const struct desk *d = ctx;
    struct line *l = owner;

    assert_true(now == d->now && l->up);
    l->gone++;
}

/* ---- what the pages show ---- */

static int recording_open(void *ctx, struct span name, int *handle, uint64_t *size)
{
    struct desk *d = ctx;
    uint32_t number;

    if (name.len != 8 || !span_starts(name, SPAN_LIT("r")) ||
        span_parse_u32(span_head(span_from(name, 1), 3), 999, &number) != ST_OK || number >= d->recordings) {
        return ST_NOT_FOUND;
    }
    *handle = (int)number;
    *size = d->recording_bytes;
    d->handles++;
    return ST_OK;
}

static int recording_read(void *ctx, int handle, uint64_t offset, void *data, size_t len)
{
    const struct desk *d = ctx;

    if (d->read_fails_at > 0 && offset >= d->read_fails_at) {
        return ST_IO;
    }
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)data)[i] = (uint8_t)('a' + (offset + i + (unsigned)handle) % 26);
    }
    return (int)len;
}

static void recording_close(void *ctx, int handle)
{
    struct desk *d = ctx;

    assert_true(handle >= 0 && d->handles > 0);
    d->handles--;
}

static bool recording_next(void *ctx, struct http_cursor *cursor, struct http_recording *out)
{
    static char name[16];
    const struct desk *d = ctx;
    unsigned next = cursor->after[0] == '\0' ? 0 : (unsigned)strtoul(cursor->after, NULL, 10);

    if (next >= d->recordings) {
        return false;
    }
    snprintf(name, sizeof(name), "r%03u.wav", next);
    snprintf(cursor->after, sizeof(cursor->after), "%u", next + 1);
    *out = (struct http_recording){name, d->recording_bytes};
    return true;
}

static bool is_registered(void *ctx)
{
    return ((const struct desk *)ctx)->registered;
}

/* ---- the desk ---- */

static void keep_line(void *ctx, enum log_level level, const char *text, size_t len)
{
    struct desk *d = ctx;

    (void)level;
    assert_true(d->log_len + len + 2 < sizeof(d->log_text));
    memcpy(d->log_text + d->log_len, text, len);
    d->log_len += len;
    d->log_text[d->log_len++] = '\n';
    d->log_text[d->log_len] = '\0';
}

void desk_init(struct desk *d)
{
    static const char *const protocols[] = {"chat", "superchat", NULL};
    static const struct http_endpoint endpoints[] = {{"/", protocols}, {"/echo", protocols}};
    static const char *const commands[] = {"CALL:target", "SAY:<b>", NULL};

    memset(d, 0, sizeof(*d));
    d->now = DUR_S(1000);
    d->log = (struct log){.level = LOG_INFO, .sink = keep_line, .ctx = d};
    d->config = (struct http_server_config){
        .log = &d->log,
        .max_clients = 4,
        .endpoints = endpoints,
        .endpoint_count = 2,
        .protocol = {d, protocol_open, protocol_space, protocol_commit, protocol_output, protocol_consume,
                     protocol_state, protocol_gone},
        .site = {.ctx = d,
                 .version = "9.8.7",
                 .commands = commands,
                 .is_registered = is_registered,
                 .recording_open = recording_open,
                 .recording_read = recording_read,
                 .recording_close = recording_close,
                 .recording_next = recording_next},
    };
    d->registered = true;
    d->recording_bytes = 100;
}

void desk_start(struct desk *d)
{
    assert_int_equal(http_server_new(&d->config, &d->server), ST_OK);
}

void desk_tokens(struct desk *d, const char *text)
{
    struct token_set tokens;
    char why[TOKENS_WHY_MAX];
    size_t len = strlen(text);
    char *copy = malloc(len + 1);

    assert_non_null(copy);
    memcpy(copy, text, len + 1);
    assert_int_equal(tokens_parse(copy, len, &tokens, why), ST_OK);
    http_server_set_tokens(d->server, &tokens);
}

static void line_close(struct desk *d, struct line *l)
{
    l->reset = !l->told_end;
    l->closed_at = d->now;
    http_conn_free(l->conn, d->now);
    l->conn = NULL;
    assert_true(!l->up || l->gone == 1);
}

void desk_end(struct desk *d)
{
    for (size_t i = 0; i < d->line_count; i++) {
        if (d->lines[i].conn != NULL) {
            line_close(d, &d->lines[i]);
        }
        free(d->lines[i].got);
    }
    assert_true(http_server_is_quiet(d->server));
    assert_int_equal(http_server_due(d->server), MONO_NEVER);
    assert_null(http_server_next_over(d->server));
    assert_null(http_server_next_pending(d->server));
    assert_int_equal(d->handles, 0);
    http_server_free(d->server);
}

static void close_over(struct desk *d)
{
    struct line *l;

    while ((l = http_server_next_over(d->server)) != NULL) {
        line_close(d, l);
    }
}

struct line *desk_connect(struct desk *d, const char *ip)
{
    struct net_addr peer;

    assert_true(d->line_count < DESK_LINES);
    struct line *l = &d->lines[d->line_count];
    assert_int_equal(addr_parse_ip(span_cstr(ip), &peer), ST_OK);
    peer.port = (uint16_t)(40000 + d->line_count++);
    *l = (struct line){.desk = d, .reads = true, .in_cap = sizeof(l->in)};
    l->conn = http_conn_open(d->server, d->now, &peer, l);
    assert_non_null(l->conn);
    close_over(d);
    return l;
}

static bool line_takes(struct desk *d, struct line *l)
{
    const void *bytes;
    size_t len = l->reads ? http_conn_output(l->conn, &bytes) : 0;

    if (len == 0) {
        return false;
    }
    char *more = realloc(l->got, l->got_len + len + 1);
    assert_non_null(more);
    l->got = more;
    memcpy(l->got + l->got_len, bytes, len);
    l->got_len += len;
    l->got[l->got_len] = '\0';
    assert_true(l->got_len < DESK_GOT_MAX);
    http_conn_output_consume(l->conn, d->now, len);
    return true;
}

static void line_serve(struct desk *d, struct line *l, bool *moved)
{
    while (line_takes(d, l)) {
        *moved = true;
        if (http_conn_phase(l->conn) != HTTP_PHASE_UPGRADED) {
            break; /* an answer goes out one piece a turn */
        }
    }
    http_conn_settle(l->conn, d->now);
    l->told_end = l->told_end || http_conn_phase(l->conn) == HTTP_PHASE_LINGER;
}

static bool turn(struct desk *d)
{
    struct line *l;
    bool moved = false;

    close_over(d);
    for (size_t i = 0; i < d->line_count; i++) { /* those whose socket says that it can be written */
        l = &d->lines[i];
        if (l->conn != NULL && http_conn_phase(l->conn) == HTTP_PHASE_RESPONSE) {
            line_serve(d, l, &moved);
        }
    }
    while ((l = http_server_next_pending(d->server)) != NULL) {
        d->looks++;
        line_serve(d, l, &moved);
    }
    close_over(d);
    return moved;
}

void desk_turn(struct desk *d)
{
    (void)turn(d);
}

void desk_settle(struct desk *d)
{
    while (turn(d)) {
    }
}

void desk_send_bytes(struct desk *d, struct line *l, const void *data, size_t len)
{
    const char *from = data;
    void *space;

    for (size_t at = 0; at < len && l->conn != NULL;) {
        size_t room = http_conn_input_space(l->conn, &space);
        size_t piece = d->chunk > 0 && d->chunk < len - at ? d->chunk : len - at;
        piece = piece < room ? piece : room;
        if (piece == 0) {
            return; /* it stays in the system's buffer */
        }
        memcpy(space, from + at, piece);
        size_t cost = http_conn_input_commit(l->conn, d->now, piece);
        assert_true(cost == piece || cost == piece + HTTP_REQUEST_COST);
        at += piece;
        desk_turn(d);
    }
}

void desk_send(struct desk *d, struct line *l, const char *text)
{
    desk_send_bytes(d, l, text, strlen(text));
}

void desk_shut(struct desk *d, struct line *l)
{
    if (l->conn != NULL) {
        http_conn_input_end(l->conn, d->now);
        desk_turn(d);
    }
}

void desk_drop(struct desk *d, struct line *l)
{
    if (l->conn != NULL) {
        line_close(d, l);
        desk_turn(d);
    }
}

void desk_run(struct desk *d, dur_us duration)
{
    mono_us until = d->now + duration;

    desk_settle(d);
    for (mono_us due; (due = http_server_due(d->server)) <= until;) {
        d->now = due > d->now ? due : d->now;
        http_server_expire(d->server, d->now);
        desk_settle(d);
    }
    d->now = until;
}

int desk_status(const struct line *l)
{
    if (l->got_len < 13 || memcmp(l->got, "HTTP/1.1 ", 9) != 0) {
        return 0;
    }
    return atoi(l->got + 9);
}

const char *desk_body(const struct line *l)
{
    const char *end = l->got != NULL ? strstr(l->got, "\r\n\r\n") : NULL;
    return end != NULL ? end + 4 : "";
}

bool desk_has(const struct line *l, const char *text)
{
    return l->got != NULL && strstr(l->got, text) != NULL;
}

size_t desk_logged(const struct desk *d, const char *text)
{
    size_t count = 0;

    for (const char *at = d->log_text; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

struct line *desk_ask(struct desk *d, const char *request)
{
    struct line *l = desk_connect(d, DESK_LOCAL);

    desk_send(d, l, request);
    desk_settle(d);
    return l;
}
