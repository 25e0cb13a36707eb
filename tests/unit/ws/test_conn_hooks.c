/* SPDX-License-Identifier: MIT */
/* conn_in.c: what the owner of a connection hears of messages (RFC 6455 5.4), whatever it speaks.
 *
 * pieces           a message comes in order and whole, however it was cut; last once, with its end
 * over             the owner of a text that is too long is asked before a byte of it is handed on, at each frame
 * over_by_byte     as long as it does not know, behind each byte, and no byte comes behind its answer
 * over_undecided   a text that ends undecided is refused; with no hook every one is; binary ones are without asking
 * whole_binary     one frame of every length, at every place in the buffer, in one piece or two: its bytes
 * bad_binary       reserved bits, no mask, inside of another message: 1002, and nothing of it is heard
 * abort            a text that will not be completed is told once, and only when it had begun */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wsaudio/ws.h"
#include "wsframe.h"

struct owner {
    struct ws_conn *conn;
    char heard[512]; /* T<text>; B<bytes>; ?<len> asked; ! aborted */
    size_t len;
    bool inside;
    enum ws_long verdict;
    size_t verdict_at; /* bytes of the message from which on it is `then`; 0: never */
    enum ws_long then;
    size_t taken; /* bytes of the message in hand */
};

static void hear(struct owner *o, const char *text, size_t len)
{
    assert_true(o->len + len < sizeof(o->heard));
    if (len > 0) {
        memcpy(o->heard + o->len, text, len);
        o->len += len;
    }
    o->heard[o->len] = '\0';
}

static void message(struct owner *o, const char *kind, struct span piece, bool last)
{
    hear(o, kind, o->inside ? 0 : 1);
    hear(o, piece.ptr, piece.len);
    hear(o, ";", last ? 1 : 0);
    o->taken = last ? 0 : o->taken + piece.len;
    o->inside = !last;
}

static void on_text(void *ctx, struct span piece, bool last)
{
    message(ctx, "T", piece, last);
}

static void on_binary(void *ctx, struct span piece, bool last)
{
    message(ctx, "B", piece, last);
}

static enum ws_long on_over(void *ctx, uint64_t len)
{
    struct owner *o = ctx;
    char text[32];

    hear(o, text, (size_t)snprintf(text, sizeof(text), "?%llu", (unsigned long long)len));
    return o->verdict_at > 0 && o->taken >= o->verdict_at ? o->then : o->verdict;
}

static void on_abort(void *ctx)
{
    hear(ctx, "!", 1);
}

static struct owner *owner_new(uint64_t max_message, bool asks)
{
    struct owner *o = calloc(1, sizeof(*o));
    assert_non_null(o);
    const struct ws_hooks hooks = {o, on_text, asks ? on_over : NULL, on_abort, on_binary, NULL};
    const struct ws_conn_config config = {max_message, false, &hooks};
    o->conn = ws_conn_new(&config, DUR_S(1));
    assert_non_null(o->conn);
    return o;
}

static void owner_free(struct owner *o)
{
    ws_conn_free(o->conn);
    free(o);
}

static void input(struct owner *o, const void *data, size_t len)
{
    void *space = NULL;
    assert_true(ws_conn_input_space(o->conn, &space) >= len);
    memcpy(space, data, len);
    ws_conn_input_commit(o->conn, len);
    (void)ws_conn_process(o->conn, DUR_S(1), SIZE_MAX);
}

static unsigned close_code(struct owner *o)
{
    struct wsframe frame;
    const void *bytes;
    size_t len = ws_conn_output(o->conn, &bytes);
    return len > 0 && wsframe_read(bytes, len, &frame) > 0 ? wsframe_close_code(&frame) : 0;
}

static size_t frame(uint8_t *out, unsigned first, const char *text)
{
    return wsframe_write(out, first, text, strlen(text));
}

static void pieces(void **state)
{
    uint8_t bytes[256];
    size_t len = frame(bytes, WSFRAME_TEXT, "one ");
    (void)state;
    len += frame(bytes + len, WSFRAME_CONT, "");
    len += frame(bytes + len, WSFRAME_FIN | WSFRAME_CONT, "\xe4\xb8\xad");
    len += frame(bytes + len, WSFRAME_FIN | WSFRAME_TEXT, "");
    len += frame(bytes + len, WSFRAME_BINARY, "\xff");
    len += frame(bytes + len, WSFRAME_FIN | WSFRAME_CONT, "two");
    for (size_t cut = 0; cut <= len; cut++) {
        struct owner *o = owner_new(100, true);
        input(o, bytes, cut);
        input(o, bytes + cut, len - cut);
        assert_string_equal(o->heard, "Tone \xe4\xb8\xad;T;B\xfftwo;");
        owner_free(o);
    }
}

static void whole_binary(void **state)
{
    enum { LONGEST = 300 };
    uint8_t bytes[2 * (LONGEST + WSFRAME_HEADER_MAX)];
    char payload[LONGEST];
    (void)state;
    for (size_t i = 0; i < sizeof(payload); i++) {
        payload[i] = (char)('0' + i % 10);
    }
    for (size_t len = 0; len <= LONGEST; len++) {
        struct owner *o = owner_new(LONGEST, true);
        char expected[LONGEST + 16];
        size_t first = frame(bytes, WSFRAME_FIN | WSFRAME_TEXT, &"1234567"[len % 8]); /* moves what follows */
        size_t whole = first + wsframe_write(bytes + first, WSFRAME_FIN | WSFRAME_BINARY, payload, len);
        size_t cut = len % 3 == 0 ? whole : first + len / 2;
        input(o, bytes, cut);
        input(o, bytes + cut, whole - cut);
        snprintf(expected, sizeof(expected), "T%s;B%.*s;", &"1234567"[len % 8], (int)len, payload);
        assert_string_equal(o->heard, expected);
        owner_free(o);
    }
}

static void bad_binary(void **state)
{
    static const uint8_t unmasked[] = {0x82, 3, 'a', 'b', 'c'};
    uint8_t bytes[64];
    (void)state;
    for (unsigned way = 0; way < 5; way++) {
        struct owner *o = owner_new(100, true);
        if (way < 3) {
            input(o, bytes, frame(bytes, WSFRAME_FIN | 0x10U << way | WSFRAME_BINARY, "abc"));
        } else if (way == 3) {
            input(o, unmasked, sizeof(unmasked));
        } else {
            input(o, bytes, frame(bytes, WSFRAME_BINARY, ""));
            input(o, bytes, frame(bytes, WSFRAME_FIN | WSFRAME_BINARY, "abc"));
        }
        assert_int_equal(close_code(o), 1002);
        assert_null(strpbrk(o->heard, "abc"));
        owner_free(o);
    }
}

static void over(void **state)
{
    uint8_t bytes[256];
    size_t len = frame(bytes, WSFRAME_TEXT, "0123456789");
    (void)state;
    len += frame(bytes + len, WSFRAME_CONT, "abc");
    len += frame(bytes + len, WSFRAME_FIN | WSFRAME_CONT, "d");
    len += frame(bytes + len, WSFRAME_FIN | WSFRAME_TEXT, "next");
    struct owner *o = owner_new(10, true);
    o->verdict = WS_LONG_TAKE;
    input(o, bytes, len);
    assert_string_equal(o->heard, "T0123456789?13abc?14d;Tnext;");
    assert_int_equal(close_code(o), 0);
    owner_free(o);
    o = owner_new(10, true);
    input(o, bytes, len);
    assert_string_equal(o->heard, "T0123456789?13!");
    assert_int_equal(close_code(o), 1009);
    owner_free(o);
    o = owner_new(5, true); /* nothing of it has come yet */
    input(o, bytes, len);
    assert_string_equal(o->heard, "?10");
    assert_int_equal(close_code(o), 1009);
    owner_free(o);
}

static void over_by_byte(void **state)
{
    uint8_t bytes[256];
    size_t len = frame(bytes, WSFRAME_FIN | WSFRAME_TEXT, "abcdef");
    (void)state;
    for (size_t cut = 0; cut <= len; cut++) {
        struct owner *o = owner_new(4, true);
        o->verdict = WS_LONG_ASK;
        o->verdict_at = 3;
        o->then = WS_LONG_TAKE;
        input(o, bytes, cut);
        input(o, bytes + cut, len - cut);
        assert_string_equal(o->heard, "?6Ta?6b?6c?6def;");
        owner_free(o);
        o = owner_new(4, true);
        o->verdict = WS_LONG_ASK;
        o->verdict_at = 2;
        o->then = WS_LONG_REFUSE;
        input(o, bytes, cut);
        input(o, bytes + cut, len - cut);
        assert_string_equal(o->heard, "?6Ta?6b?6!");
        assert_int_equal(close_code(o), 1009);
        owner_free(o);
    }
}

static void over_undecided(void **state)
{
    uint8_t bytes[256];
    size_t len = frame(bytes, WSFRAME_FIN | WSFRAME_TEXT, "abcdef");
    struct owner *o = owner_new(4, true);
    (void)state;
    o->verdict = WS_LONG_ASK;
    input(o, bytes, len);
    assert_int_equal(close_code(o), 1009);
    assert_null(strchr(o->heard, ';'));
    owner_free(o);
    o = owner_new(4, false);
    input(o, bytes, len);
    assert_string_equal(o->heard, "");
    assert_int_equal(close_code(o), 1009);
    owner_free(o);
    o = owner_new(4, true);
    o->verdict = WS_LONG_TAKE;
    input(o, bytes, frame(bytes, WSFRAME_FIN | WSFRAME_BINARY, "abcdef"));
    assert_string_equal(o->heard, "");
    assert_int_equal(close_code(o), 1009);
    owner_free(o);
}

static void abort_is_told(void **state)
{
    uint8_t bytes[64];
    (void)state;
    for (int way = 0; way < 4; way++) {
        struct owner *o = owner_new(100, true);
        input(o, bytes, frame(bytes, WSFRAME_TEXT, "abc"));
        if (way == 0) {
            ws_conn_close(o->conn, WS_CLOSE_GOING_AWAY, "");
            (void)ws_conn_process(o->conn, DUR_S(1), SIZE_MAX);
        } else if (way == 1) {
            input(o, bytes, frame(bytes, WSFRAME_FIN | WSFRAME_TEXT, "a message in a message"));
        } else if (way == 2) {
            input(o, bytes, wsframe_close(bytes, 1000, NULL, 0));
        }
        struct ws_conn *conn = o->conn;
        o->conn = NULL;
        ws_conn_free(conn);
        assert_string_equal(o->heard, "Tabc!");
        owner_free(o);
    }
    struct owner *o = owner_new(100, true);
    input(o, bytes, frame(bytes, WSFRAME_FIN | WSFRAME_TEXT, "abc"));
    input(o, bytes, frame(bytes, WSFRAME_BINARY, "abc"));
    ws_conn_close(o->conn, WS_CLOSE_GOING_AWAY, "");
    (void)ws_conn_process(o->conn, DUR_S(1), SIZE_MAX);
    assert_string_equal(o->heard, "Tabc;Babc");
    owner_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),        cmocka_unit_test(whole_binary), cmocka_unit_test(bad_binary),
        cmocka_unit_test(over),          cmocka_unit_test(over_by_byte), cmocka_unit_test(over_undecided),
        cmocka_unit_test(abort_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
