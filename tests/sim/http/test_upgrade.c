/* SPDX-License-Identifier: MIT */
/* From HTTP to WebSocket and what becomes of the connection, with a protocol that only notes what it is given (RFC 6455 4.2).
 *
 *  opened                  101 in front of all that the protocol says; endpoint, token, a subprotocol of the endpoint
 *  bytes_behind            what came with the head belongs to the protocol, whole and in order, in every split
 *  refused                 a head that is wrong: 400, 405, 426 and a line; nothing was opened
 *  no_room                 the protocol cannot open: 503
 *  lost_upgrade            a key without Upgrade: a page, and a line that says why
 *  full_input              is not read until there is room; and then it is
 *  half_closed             the other side's end is told, what it sent before is still the protocol's
 *  done                    closed behind the last byte that was to go out
 *  lost                    closed at once
 *  lingers                 nothing more is sent, what still comes is thrown away; the protocol is gone and its place free
 *  looked_at_when_touched  a connection that does not change is not looked at */
#include "desk.h"

#include <stdio.h>

#define HOST "Host: localhost:8080\r\n"
#define OPEN "GET / HTTP/1.1\r\n" HOST DESK_UPGRADE "\r\n"

static struct desk desk;

static struct desk *start(void)
{
    desk_init(&desk);
    desk_start(&desk);
    return &desk;
}

static void say(struct line *l, const char *text)
{
    assert_true(l->up && l->conn != NULL);
    l->out = text;
    l->out_len = strlen(text);
    http_conn_touch(l->conn);
}

static void become(struct line *l, enum http_protocol_state state)
{
    assert_true(l->up && l->conn != NULL);
    l->state = state;
    http_conn_touch(l->conn);
}

static void test_opened(void **state)
{
    (void)state;
    struct desk *d = &desk;
    desk_init(d);
    d->config.rules.needs_token = true;
    desk_start(d);
    desk_tokens(d, "alpha\nbeta\n");
    struct line *l = desk_connect(d, DESK_REMOTE);
    l->reads = false;
    desk_send(d, l,
              "GET /echo?token=beta HTTP/1.1\r\n" HOST DESK_UPGRADE "Sec-WebSocket-Protocol: x, superchat\r\n\r\n");
    assert_true(l->up);
    assert_int_equal(l->endpoint, 1);
    assert_string_equal(l->token, "beta");
    say(l, "hello");
    l->reads = true;
    desk_settle(d);
    assert_int_equal(desk_status(l), 101);
    assert_true(desk_has(l, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_true(desk_has(l, "Sec-WebSocket-Protocol: superchat\r\n"));
    assert_string_equal(desk_body(l), "hello");
    assert_int_equal(desk_logged(d, "WebSocket client connected: 192.0.2.10:40000"), 1);
    assert_int_equal(desk_logged(d, "beta"), 0);
    desk_end(d);
}

static void test_bytes_behind(void **state)
{
    (void)state;
    static const char text[] = OPEN "the first bytes of a WebSocket";
    size_t head = strlen(OPEN), len = strlen(text);
    for (size_t at = 0; at <= len; at++) {
        struct desk *d = start();
        struct line *l = desk_connect(d, DESK_LOCAL);
        d->chunk = at; /* pieces of every length */
        desk_send_bytes(d, l, text, len);
        assert_int_equal(l->in_len, len - head);
        assert_memory_equal(l->in, text + head, len - head);
        assert_true(desk_has(l, "101 Switching") && desk_body(l)[0] == '\0');
        desk_end(d);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
    } CASES[] = {
        {"GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 12\r\n\r\n",
         426},
        {"GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
         400},
        {"GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n\r\n", 400},
        {"GET / HTTP/1.0\r\n" HOST DESK_UPGRADE "\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST DESK_UPGRADE "Content-Length: 1\r\n\r\nx", 400},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct desk *d = start();
        const struct line *l = desk_ask(d, CASES[i].request);
        assert_int_equal(desk_status(l), CASES[i].status);
        assert_false(l->up);
        assert_true(l->told_end);
        assert_int_equal(desk_logged(d, "WebSocket handshake of 127.0.0.1:40000 refused"), 1);
        desk_end(d);
    }
    struct desk *d = start(); /* these are no handshakes at all */
    assert_int_equal(desk_status(desk_ask(d, "POST / HTTP/1.1\r\n" HOST DESK_UPGRADE "\r\n")), 405);
    assert_int_equal(desk_status(desk_ask(d, "GET /other HTTP/1.1\r\n" HOST DESK_UPGRADE "\r\n")), 404);
    assert_int_equal(desk_status(desk_ask(d, "GET /healthz HTTP/1.1\r\n" HOST DESK_UPGRADE "\r\n")), 200);
    assert_int_equal(d->log_len, 0);
    desk_end(d);
}

static void test_no_room(void **state)
{
    (void)state;
    struct desk *d = start();
    d->open_fails = ST_NO_MEMORY;
    const struct line *l = desk_ask(d, OPEN);
    assert_int_equal(desk_status(l), 503);
    assert_false(desk_has(l, "101"));
    assert_true(!l->up && l->gone == 0 && l->told_end);
    assert_int_equal(desk_logged(d, "connected"), 0);
    desk_end(d);
}

static void test_lost_upgrade(void **state)
{
    (void)state;
    struct desk *d = start();
    const struct line *l = desk_ask(d, "GET / HTTP/1.1\r\n" HOST
                                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nConnection: close\r\n\r\n");
    assert_int_equal(desk_status(l), 200);
    assert_int_equal(desk_logged(d, "came without Upgrade: websocket"), 1);
    desk_end(d);
}

static void test_full_input(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *l = desk_ask(d, OPEN);
    void *space;
    l->in_cap = 10;
    desk_send(d, l, "0123456789 and what waits outside");
    assert_int_equal(l->in_len, 10);
    assert_int_equal(http_conn_input_space(l->conn, &space), 0);
    l->in_len = 0;
    desk_send(d, l, "next");
    assert_int_equal(l->in_len, 4);
    desk_end(d);
}

static void test_half_closed(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *l = desk_ask(d, OPEN);
    void *space;
    desk_send(d, l, "last words");
    desk_shut(d, l);
    assert_true(l->conn != NULL && l->input_ended && l->in_len == 10);
    assert_int_equal(http_conn_input_space(l->conn, &space), 0);
    say(l, "an answer");
    desk_turn(d);
    assert_true(desk_has(l, "an answer"));
    become(l, HTTP_PROTOCOL_LOST);
    desk_turn(d);
    assert_null(l->conn);
    desk_end(d);
}

static void test_done(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *l = desk_ask(d, OPEN);
    l->reads = false;
    say(l, "goodbye");
    become(l, HTTP_PROTOCOL_DONE);
    desk_turn(d);
    assert_non_null(l->conn);
    l->reads = true;
    http_conn_touch(l->conn); /* the socket takes more */
    desk_turn(d);
    assert_true(l->conn == NULL && l->gone == 1 && desk_has(l, "goodbye"));
    desk_end(d);
}

static void test_lost(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *l = desk_ask(d, OPEN);
    l->reads = false;
    say(l, "never heard");
    become(l, HTTP_PROTOCOL_LOST);
    desk_turn(d);
    assert_true(l->conn == NULL && l->gone == 1 && l->reset);
    desk_end(d);
}

static void test_lingers(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *l = desk_ask(d, OPEN);
    size_t got = l->in_len;
    say(l, "protocol error");
    become(l, HTTP_PROTOCOL_LINGER);
    desk_turn(d);
    assert_true(l->conn != NULL && l->told_end && l->gone == 1 && desk_has(l, "protocol error"));
    assert_int_equal(desk_logged(d, "WebSocket client gone"), 1);
    for (int i = 0; i < 4; i++) {
        assert_true(desk_ask(d, OPEN)->up); /* all places of --max-clients are free */
    }
    desk_send(d, l, "what is still on its way");
    assert_int_equal(l->in_len, got);
    desk_run(d, DUR_S(2));
    assert_true(l->conn == NULL && l->gone == 1);
    assert_int_equal(desk_logged(d, "WebSocket client gone"), 1);
    desk_end(d);
}

static void test_looked_at_when_touched(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *l[4];
    for (int i = 0; i < 4; i++) {
        l[i] = desk_ask(d, OPEN);
    }
    desk_settle(d);
    d->looks = 0;
    for (int i = 0; i < 100; i++) {
        desk_turn(d);
    }
    assert_int_equal(d->looks, 0);
    say(l[2], "x");
    http_conn_touch(l[2]->conn);
    desk_turn(d);
    assert_int_equal(d->looks, 1);
    desk_send(d, l[1], "y");
    assert_int_equal(d->looks, 1); /* bytes alone are nothing new to be looked at: the protocol says when they are */
    say(l[0], "too late");
    say(l[3], "in time");
    desk_drop(d, l[0]); /* it leaves the list as it found it */
    desk_turn(d);
    assert_true(desk_has(l[3], "in time") && !desk_has(l[0], "too late"));
    desk_end(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opened),
        cmocka_unit_test(test_bytes_behind),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_lost_upgrade),
        cmocka_unit_test(test_full_input),
        cmocka_unit_test(test_half_closed),
        cmocka_unit_test(test_done),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_lingers),
        cmocka_unit_test(test_looked_at_when_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
