/* SPDX-License-Identifier: MIT */
/* The HTTP server, the table that joins it with the clients' WebSockets, and the gateway's world behind it, on a virtual clock: all
 * that the WebSocket port is, but for its sockets.
 *
 *  a_call                  RFC 6455 4 and SPEC 3: a command in the bytes behind the handshake, a call up and down
 *  in_pieces               the same session however the bytes come in pieces
 *  echo                    --ws-echo: another endpoint, messages come back
 *  half_closed             what came before the other side's end is worked on and answered, then all is closed
 *  a_broken_frame_lingers  RFC 6455 7.1.7: 1002 goes out, what still comes is read past, the call is over at once
 *  a_deaf_client           1013 and closed although nothing of it could be sent
 *  a_silent_client         closed after 60 s without a pong
 *  nobody_is_looked_at     a turn without anything for a connection does not look at it
 *  gone                    the other side is gone: the call is hung up */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "web_client.h"
#include "world.h"
#include "wsframe.h"

#define FRONT_LINES 3

/* The other side of one connection. */
struct front_line {
    struct web_client client; /* the connection's owner */
    struct http_conn *conn;   /* NULL: closed */
    bool reads, shut;
    uint8_t *got; /* owned: what is not parsed yet */
    size_t got_len;
    bool upgraded; /* the 101 has come */
    char *texts;   /* owned: a line each */
    size_t texts_len;
    unsigned pings, close_code;
    size_t binary_bytes;
    size_t looks;
};

struct front {
    struct world *w;
    struct web_clients clients;
    struct http_server *server;
    struct front_line lines[FRONT_LINES];
    size_t line_count;
    size_t chunk; /* bytes handed over at once; 0: all */
};

static void front_new(struct front *f)
{
    struct gateway_config config = world_config();
    struct http_server_config http = {.max_clients = FRONT_LINES,
                                      .site = {.version = "1", .commands = (const char *const[]){NULL}}};

    memset(f, 0, sizeof(*f));
    f->w = world_new(1, &config);
    f->clients = (struct web_clients){.gateway = f->w->gateway};
    http.endpoints = web_endpoints(&f->clients, true, &http.endpoint_count);
    http.protocol = web_protocol(&f->clients);
    assert_int_equal(http_server_new(&http, &f->server), ST_OK);
}

static void line_close(struct front *f, struct front_line *l)
{
    http_conn_free(l->conn, f->w->now);
    l->conn = NULL;
}

static void front_end(struct front *f)
{
    for (size_t i = 0; i < f->line_count; i++) {
        if (f->lines[i].conn != NULL) {
            line_close(f, &f->lines[i]);
        }
        free(f->lines[i].got);
        free(f->lines[i].texts);
    }
    assert_true(http_server_is_quiet(f->server));
    http_server_free(f->server);
    world_turn_end(f->w); /* those that were just closed are released */
    world_end(f->w);
}

static struct front_line *front_connect(struct front *f)
{
    struct net_addr peer = addr_ipv4(127, 0, 0, 1, 50100);
    struct front_line *l = &f->lines[f->line_count++];

    assert_true(f->line_count <= FRONT_LINES);
    l->reads = true;
    l->conn = http_conn_open(f->server, f->w->now, &peer, &l->client);
    assert_non_null(l->conn);
    return l;
}

static void take_frame(struct front_line *l, const struct wsframe *frame)
{
    if (frame->opcode == WSFRAME_TEXT) {
        l->texts = realloc(l->texts, l->texts_len + (size_t)frame->len + 2);
        assert_non_null(l->texts);
        memcpy(l->texts + l->texts_len, frame->payload, (size_t)frame->len);
        l->texts_len += (size_t)frame->len;
        l->texts[l->texts_len++] = '\n';
        l->texts[l->texts_len] = '\0';
    } else if (frame->opcode == WSFRAME_CLOSE) {
        l->close_code = wsframe_close_code(frame);
    } else if (frame->opcode == WSFRAME_PING) {
        l->pings++;
    } else if (frame->opcode == WSFRAME_BINARY) {
        l->binary_bytes += (size_t)frame->len;
    }
}

static void line_parses(struct front_line *l)
{
    struct wsframe frame;
    size_t n;

    if (!l->upgraded) {
        static const char end[] = "\r\n\r\n";
        for (size_t i = 0; i + 4 <= l->got_len && !l->upgraded; i++) {
            if (memcmp(l->got + i, end, 4) == 0) {
                assert_memory_equal(l->got, "HTTP/1.1 101 ", 13);
                l->upgraded = true;
                memmove(l->got, l->got + i + 4, l->got_len - i - 4);
                l->got_len -= i + 4;
            }
        }
    }
    while (l->upgraded && (n = wsframe_read(l->got, l->got_len, &frame)) > 0) {
        take_frame(l, &frame);
        memmove(l->got, l->got + n, l->got_len - n);
        l->got_len -= n;
    }
}

/* As the app does with a socket that takes all. */
static void line_flush(struct front *f, struct front_line *l)
{
    const void *bytes;
    size_t len;

    l->looks++;
    while (l->reads && (len = http_conn_output(l->conn, &bytes)) > 0) {
        l->got = realloc(l->got, l->got_len + len);
        assert_non_null(l->got);
        memcpy(l->got + l->got_len, bytes, len);
        l->got_len += len;
        http_conn_output_consume(l->conn, f->w->now, len);
    }
    http_conn_settle(l->conn, f->w->now);
    l->shut = l->shut || http_conn_phase(l->conn) == HTTP_PHASE_LINGER;
    line_parses(l);
}

static void front_flush(struct front *f)
{
    void *owner;

    http_server_expire(f->server, f->w->now);
    while ((owner = http_server_next_pending(f->server)) != NULL) {
        line_flush(f, LIST_OWNER(owner, struct front_line, client));
    }
    while ((owner = http_server_next_over(f->server)) != NULL) {
        line_close(f, LIST_OWNER(owner, struct front_line, client));
    }
}

static void front_turn(struct front *f)
{
    world_turn_end(f->w);
    front_flush(f);
}

static void front_run(struct front *f, dur_us duration)
{
    mono_us until = f->w->now + duration;

    front_flush(f);
    while (world_step(f->w, until)) {
        front_flush(f);
    }
    f->w->now = until;
    front_turn(f);
}

static void line_sends(struct front *f, struct front_line *l, const void *data, size_t len)
{
    const uint8_t *from = data;
    void *space;

    for (size_t at = 0; at < len && l->conn != NULL;) {
        size_t room = http_conn_input_space(l->conn, &space);
        size_t piece = f->chunk > 0 && f->chunk < len - at ? f->chunk : len - at;
        piece = piece < room ? piece : room;
        if (piece == 0) {
            front_run(f, DUR_MS(1));
            continue;
        }
        memcpy(space, from + at, piece);
        (void)http_conn_input_commit(l->conn, f->w->now, piece);
        at += piece;
        front_turn(f);
    }
}

#define HEAD                                                                                                           \
    "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"  \
    "Sec-WebSocket-Version: 13\r\n\r\n"

static void line_says(struct front *f, struct front_line *l, const char *text)
{
    uint8_t frame[512];

    assert_true(strlen(text) + WSFRAME_HEADER_MAX <= sizeof(frame));
    line_sends(f, l, frame, wsframe_text(frame, text));
}

/* The handshake for that path, and a first command right behind it. */
static struct front_line *front_open(struct front *f, const char *path, const char *command)
{
    struct front_line *l = front_connect(f);
    uint8_t bytes[1024];
    int head = snprintf((char *)bytes, sizeof(bytes), "GET %s HTTP/1.1\r\n" HEAD, path);

    line_sends(f, l, bytes, (size_t)head + wsframe_text(bytes + head, command));
    return l;
}

static bool has_text(const struct front_line *l, const char *text)
{
    return l->texts != NULL && strstr(l->texts, text) != NULL;
}

static void run_call(struct front *f)
{
    struct front_line *l = front_open(f, "/", "CALL:bob");

    front_run(f, DUR_S(1));
    assert_true(l->upgraded && has_text(l, "CALL_STATE:trying\n") && has_text(l, "CALL_STATE:established\n"));
    line_says(f, l, "HANGUP");
    front_run(f, DUR_S(1));
    assert_true(has_text(l, "CALL_STATE:ended:200"));
    assert_int_equal(f->w->phone.byes, 1);
}

static void test_a_call(void **state)
{
    (void)state;
    struct front f;
    front_new(&f);
    run_call(&f);
    front_end(&f);
}

static void test_in_pieces(void **state)
{
    (void)state;
    for (size_t chunk = 1; chunk < 200; chunk = chunk * 2 + 1) {
        struct front f;
        front_new(&f);
        f.chunk = chunk;
        run_call(&f);
        front_end(&f);
    }
}

static void test_echo(void **state)
{
    (void)state;
    struct front f;
    front_new(&f);
    struct front_line *l = front_open(&f, "/echo", "CALL:bob");
    front_run(&f, DUR_S(1));
    assert_true(l->upgraded && l->texts != NULL);
    assert_string_equal(l->texts, "CALL:bob\n");
    front_end(&f);
}

static void test_half_closed(void **state)
{
    (void)state;
    struct front f;
    front_new(&f);
    struct front_line *l = front_open(&f, "/", "CALL:bob");
    front_run(&f, DUR_S(1));
    uint8_t frames[1024];
    size_t len = 0;
    for (int i = 0; i < 20; i++) {
        len += wsframe_text(frames + len, "DELETE_WAV:none");
    }
    void *space;
    assert_true(l->upgraded && l->conn != NULL);
    assert_true(http_conn_input_space(l->conn, &space) >= len);
    memcpy(space, frames, len);
    (void)http_conn_input_commit(l->conn, f.w->now, len);
    http_conn_input_end(l->conn, f.w->now); /* before a single one was worked on */
    front_run(&f, DUR_MS(100));
    size_t answers = 0;
    assert_non_null(l->texts);
    for (const char *at = l->texts; (at = strstr(at, "ERROR:DELETE_WAV")) != NULL; at++) {
        answers++;
    }
    assert_int_equal(answers, 20);
    assert_null(l->conn);
    front_run(&f, DUR_S(1));
    assert_int_equal(f.w->phone.byes, 1);
    front_end(&f);
}

static void test_a_broken_frame_lingers(void **state)
{
    (void)state;
    struct front f;
    front_new(&f);
    struct front_line *l = front_open(&f, "/", "CALL:bob");
    front_run(&f, DUR_S(1));
    static const uint8_t unmasked[] = {0x81, 0x02, 'h', 'i'};
    line_sends(&f, l, unmasked, sizeof(unmasked));
    front_run(&f, DUR_MS(500));
    assert_int_equal(l->close_code, 1002);
    assert_int_equal(f.w->phone.byes, 1);
    assert_true(l->conn != NULL && !l->shut); /* it may still answer the close frame */
    uint8_t frame[64];
    line_sends(&f, l, frame, wsframe_close(frame, 1002, "", 0));
    front_run(&f, DUR_MS(100));
    assert_true(l->conn != NULL && l->shut && http_conn_phase(l->conn) == HTTP_PHASE_LINGER);
    line_says(&f, l, "STATS");
    assert_non_null(l->conn);
    front_run(&f, DUR_S(3));
    assert_null(l->conn);
    front_end(&f);
}

static void test_a_deaf_client(void **state)
{
    (void)state;
    struct front f;
    front_new(&f);
    struct front_line *l = front_open(&f, "/", "CALL:bob");
    front_run(&f, DUR_S(1));
    l->reads = false;
    for (int i = 0; i < 3000 && gateway_client_conn(f.w->gateway, l->client.id) != NULL; i++) {
        if (ws_conn_end(gateway_client_conn(f.w->gateway, l->client.id)) != WS_END_NONE) {
            break;
        }
        line_says(&f, l, "DELETE_WAV:none");
    }
    front_run(&f, DUR_S(3));
    assert_null(l->conn);
    assert_int_equal(l->close_code, 0); /* it was not there to hear it */
    assert_int_equal(f.w->phone.byes, 1);
    front_end(&f);
}

static void test_a_silent_client(void **state)
{
    (void)state;
    struct front f;
    front_new(&f);
    struct front_line *l = front_open(&f, "/", "LIST_WAV");
    front_run(&f, DUR_S(59));
    assert_true(l->conn != NULL && l->pings == 2);
    front_run(&f, DUR_S(2));
    assert_null(l->conn);
    front_end(&f);
}

static void test_nobody_is_looked_at(void **state)
{
    (void)state;
    struct front f;
    front_new(&f);
    struct front_line *idle = front_open(&f, "/", "LIST_WAV");
    struct front_line *busy = front_open(&f, "/", "MEDIA:ulaw/8000");
    f.w->phone.plan.echo = true;
    line_says(&f, busy, "CALL:bob");
    front_run(&f, DUR_S(1));
    size_t looks = idle->looks, others = busy->looks;
    line_says(&f, busy, "DTMF:123");
    front_run(&f, DUR_S(5));
    assert_int_equal(idle->looks, looks);
    assert_true(busy->looks > others);
    front_end(&f);
}

static void test_gone(void **state)
{
    (void)state;
    struct front f;
    front_new(&f);
    struct front_line *l = front_open(&f, "/", "CALL:bob");
    front_run(&f, DUR_S(1));
    assert_non_null(l->conn);
    line_close(&f, l);
    front_run(&f, DUR_S(1));
    assert_int_equal(f.w->phone.byes, 1);
    front_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call),
        cmocka_unit_test(test_in_pieces),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_half_closed),
        cmocka_unit_test(test_a_broken_frame_lingers),
        cmocka_unit_test(test_a_deaf_client),
        cmocka_unit_test(test_a_silent_client),
        cmocka_unit_test(test_nobody_is_looked_at),
        cmocka_unit_test(test_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
