/* SPDX-License-Identifier: MIT */
/* A connection's buffers: one for the input of all connections, memory of its own only for what is left over (ws_conn_input), output
 * within the connection until there is a backlog.
 *
 * cut_anywhere      frames of each kind, cut at each octet into two reads, with another connection's bytes in the same memory
 *                   between them: both hear what was sent (RFC 6455 5.2, 5.4)
 * octet_by_octet    the same, each octet a read of its own
 * a_share           with no budget nothing is worked on, all is kept, and worked on later
 * nothing_is_kept   between whole frames a connection holds no memory beside itself; behind a cut one until its end
 * many_in_a_turn    audio, texts and pongs of one turn lie in one piece, in their order
 * short_writes      the same, whatever a write takes: no octet is lost, doubled or moved
 * behind            a client that reads less than it is sent, then more: what it gets is what was sent, however far it is behind
 * given_back        a backlog takes memory, and when it is sent there is as much as before
 * offsets_wrap      which of the output is audio is known beyond 4 GiB of it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "conn.h"
#include "failmalloc.h"
#include "wsframe.h"

#define NOW      DUR_S(1)
#define SHARED   WS_INPUT_CAP
#define HEARD    4096
#define ALL      SIZE_MAX
#define AUDIO    160
#define IN_A_ROW 60

struct side {
    struct ws_conn *conn;
    char heard[HEARD]; /* T or B, the message, a semicolon */
    size_t len;
    bool inside;
};

static uint8_t shared[SHARED];

static void hear(struct side *s, char kind, struct span piece, bool last)
{
    assert_true(s->len + piece.len + 3 < sizeof(s->heard));
    if (!s->inside) {
        s->heard[s->len++] = kind;
    }
    if (piece.len > 0) {
        memcpy(s->heard + s->len, piece.ptr, piece.len);
        s->len += piece.len;
    }
    if (last) {
        s->heard[s->len++] = ';';
    }
    s->inside = !last;
    s->heard[s->len] = '\0';
}

static void on_text(void *ctx, struct span piece, bool last)
{
    hear(ctx, 'T', piece, last);
}

static void on_binary(void *ctx, struct span piece, bool last)
{
    hear(ctx, 'B', piece, last);
}

static void side_init(struct side *s)
{
    const struct ws_hooks hooks = {.ctx = s, .text = on_text, .binary = on_binary};
    const struct ws_conn_config config = {.max_message = 100000, .hooks = &hooks};

    memset(s, 0, sizeof(*s));
    s->conn = ws_conn_new(&config, NOW);
    assert_non_null(s->conn);
}

static void side_fini(struct side *s)
{
    ws_conn_free(s->conn);
}

/* As the web does with what a socket has. */
static void side_read(struct side *s, const uint8_t *bytes, size_t len, size_t budget)
{
    void *space = shared;

    if (ws_conn_holds_input(s->conn)) {
        assert_true(ws_conn_input_space(s->conn, &space) >= len);
        memcpy(space, bytes, len);
        ws_conn_input_commit(s->conn, len);
        (void)ws_conn_process(s->conn, NOW, budget);
        return;
    }
    memcpy(shared, bytes, len);
    (void)ws_conn_input(s->conn, shared, len, NOW, budget);
    memset(shared, 0xa5, sizeof(shared)); /* it is another's now */
}

static size_t frame(uint8_t *out, unsigned first, const char *text)
{
    return wsframe_write(out, first, text, strlen(text));
}

/* One of each kind; a pong comes of the ping. */
static size_t session(uint8_t *out)
{
    size_t len = frame(out, WSFRAME_FIN | WSFRAME_BINARY, "audio");

    len += frame(out + len, WSFRAME_FIN | WSFRAME_TEXT, "CALL:\xe4\xb8\xad");
    len += frame(out + len, WSFRAME_FIN | WSFRAME_PING, "ping");
    len += frame(out + len, WSFRAME_BINARY, "one ");
    len += frame(out + len, WSFRAME_FIN | WSFRAME_PONG, "");
    len += frame(out + len, WSFRAME_FIN | WSFRAME_CONT, "two");
    return len + frame(out + len, WSFRAME_FIN | WSFRAME_BINARY, "");
}

#define SESSION_HEARD "Baudio;TCALL:\xe4\xb8\xad;Bone two;B;"

static void expect_pong(struct side *s)
{
    struct wsframe got;
    const void *bytes;
    size_t len = ws_conn_output(s->conn, &bytes);

    assert_int_equal(wsframe_read(bytes, len, &got), len);
    assert_int_equal(got.opcode, WSFRAME_PONG);
    assert_int_equal(got.len, 4);
    assert_memory_equal(got.payload, "ping", 4);
}

static void cut_anywhere(void **state)
{
    uint8_t bytes[256];
    uint8_t others[256];
    size_t len = session(bytes);
    size_t others_len = frame(others, WSFRAME_FIN | WSFRAME_BINARY, "another's");

    (void)state;
    for (size_t cut = 0; cut <= len; cut++) {
        struct side one;
        struct side other;
        side_init(&one);
        side_init(&other);
        side_read(&one, bytes, cut, ALL);
        side_read(&other, others, others_len, ALL);
        side_read(&one, bytes + cut, len - cut, ALL);
        side_read(&other, others, others_len, ALL);
        assert_string_equal(one.heard, SESSION_HEARD);
        assert_string_equal(other.heard, "Banother's;Banother's;");
        expect_pong(&one);
        side_fini(&one);
        side_fini(&other);
    }
}

static void octet_by_octet(void **state)
{
    uint8_t bytes[256];
    size_t len = session(bytes);
    struct side s;

    (void)state;
    side_init(&s);
    for (size_t i = 0; i < len; i++) {
        side_read(&s, bytes + i, 1, ALL);
    }
    assert_string_equal(s.heard, SESSION_HEARD);
    expect_pong(&s);
    assert_false(ws_conn_holds_input(s.conn));
    side_fini(&s);
}

static void a_share(void **state)
{
    uint8_t bytes[256];
    size_t len = session(bytes);
    struct side s;

    (void)state;
    side_init(&s);
    side_read(&s, bytes, len, 0);
    assert_string_equal(s.heard, "");
    assert_true(ws_conn_holds_input(s.conn) && ws_conn_has_work(s.conn));
    (void)ws_conn_process(s.conn, NOW, 1);
    assert_string_equal(s.heard, "Baudio;");
    (void)ws_conn_process(s.conn, NOW, ALL);
    assert_string_equal(s.heard, SESSION_HEARD);
    side_fini(&s);
}

static void nothing_is_kept(void **state)
{
    uint8_t bytes[256];
    size_t len = session(bytes);
    struct side s;

    (void)state;
    side_init(&s);
    size_t before = failmalloc_live();
    for (int i = 0; i < 3; i++) {
        side_read(&s, bytes, len, ALL);
        assert_int_equal(failmalloc_live(), before);
        assert_null(s.conn->wslay);
    }
    side_read(&s, bytes, 7, ALL);
    assert_int_equal(failmalloc_live(), before + 1);
    side_read(&s, bytes + 7, len - 7, ALL);
    assert_int_equal(failmalloc_live(), before);
    side_fini(&s);
}

/* ---- output ---- */

static void fill_number(void *ctx, uint8_t *out, size_t len)
{
    memset(out, *(const int *)ctx, len);
}

/* What one turn may have to say; the octets of it are written to expected too. */
static size_t say_all(struct side *s, uint8_t *expected)
{
    uint8_t ping[64];
    size_t ping_len = frame(ping, WSFRAME_FIN | WSFRAME_PING, "?");
    size_t len = 0;

    for (int i = 0; i < IN_A_ROW; i++) {
        char text[32];
        int text_len = snprintf(text, sizeof(text), "MARK:%d", i);
        switch (i % 5) {
        case 0:
            ws_conn_send_text(s->conn, span_cstr(text));
            len += ws_frame_write(expected + len, true, WSFRAME_TEXT, (size_t)text_len);
            memcpy(expected + len, text, (size_t)text_len);
            len += (size_t)text_len;
            break;
        case 3:
            side_read(s, ping, ping_len, ALL);
            memcpy(expected + len, "\x8a\x01?", 3);
            len += 3;
            break;
        default:
            assert_true(ws_conn_audio_room(s->conn, AUDIO));
            ws_conn_send_audio(s->conn, false, AUDIO, fill_number, &i);
            len += ws_frame_write(expected + len, true, WSFRAME_BINARY, AUDIO);
            memset(expected + len, i, AUDIO);
            len += AUDIO;
            break;
        }
    }
    return len;
}

static void many_in_a_turn(void **state)
{
    static uint8_t expected[IN_A_ROW * (AUDIO + 4)];
    const void *bytes;
    struct side s;

    (void)state;
    side_init(&s);
    size_t len = say_all(&s, expected);
    assert_int_equal(ws_conn_output(s.conn, &bytes), len);
    assert_memory_equal(bytes, expected, len);
    side_fini(&s);
}

static void short_writes(void **state)
{
    static const size_t takes[] = {1, 2, 163, 164, 165, 511, 512, 513, 2047, 2048, 2049, 5000};
    static uint8_t expected[IN_A_ROW * (AUDIO + 4)];

    (void)state;
    for (size_t i = 0; i < sizeof(takes) / sizeof(takes[0]); i++) {
        const void *bytes;
        struct side s;
        size_t at = 0;
        size_t left;
        side_init(&s);
        for (int turn = 0; turn < 3; turn++) {
            size_t len = say_all(&s, expected);
            for (at = 0; (left = ws_conn_output(s.conn, &bytes)) > 0;) {
                size_t n = left < takes[i] ? left : takes[i];
                assert_true(at + left == len);
                assert_memory_equal(bytes, expected + at, n);
                ws_conn_output_consume(s.conn, n);
                at += n;
            }
            assert_int_equal(at, len);
            assert_int_equal(ws_conn_control_queued(s.conn), 0);
        }
        side_fini(&s);
    }
}

/* Frames of one kind, one after the other, numbered in their octets; how many octets of them are sent. */
static void expect_stream(const uint8_t *bytes, size_t len, uint64_t at)
{
    for (size_t i = 0; i < len; i++) {
        uint64_t n = (at + i) / (AUDIO + 4);
        size_t into = (size_t)((at + i) % (AUDIO + 4));
        static const uint8_t header[4] = {0x82, 126, 0, AUDIO};
        assert_int_equal(bytes[i], into < 4 ? header[into] : (uint8_t)n);
    }
}

static void behind(void **state)
{
    struct side s;
    uint64_t sent = 0;
    int number = 0;
    uint32_t random = 1;

    (void)state;
    side_init(&s);
    for (int step = 0; step < 6000; step++) {
        const void *bytes;
        random = random * 1664525U + 1013904223U;
        if (ws_conn_audio_room(s.conn, AUDIO)) {
            ws_conn_send_audio(s.conn, false, AUDIO, fill_number, &number);
            number++;
        }
        size_t left = ws_conn_output(s.conn, &bytes);
        size_t n = (random >> 16) % (step / 1000 % 2 == 0 ? 3 * AUDIO / 2 : 5 * AUDIO / 2);
        n = n < left ? n : left;
        expect_stream(bytes, left, sent);
        ws_conn_output_consume(s.conn, n);
        sent += n;
    }
    side_fini(&s);
}

static void given_back(void **state)
{
    const void *bytes;
    struct side s;
    int number = 7;

    (void)state;
    side_init(&s);
    size_t before = failmalloc_live();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++) { /* what 60 ms bring needs no memory */
            ws_conn_send_audio(s.conn, false, AUDIO, fill_number, &number);
        }
        assert_int_equal(failmalloc_live(), before);
        while (ws_conn_audio_room(s.conn, AUDIO)) {
            ws_conn_send_audio(s.conn, false, AUDIO, fill_number, &number);
        }
        assert_int_equal(failmalloc_live(), before + 1);
        size_t len = ws_conn_output(s.conn, &bytes);
        assert_true(len > WS_OUTPUT_CAP / 3);
        ws_conn_output_consume(s.conn, len - 1);
        assert_int_equal(failmalloc_live(), before + 1);
        ws_conn_output_consume(s.conn, 1);
        assert_int_equal(failmalloc_live(), before);
    }
    side_fini(&s);
}

static void offsets_wrap(void **state)
{
    const void *bytes;
    struct side s;
    int number = 7;

    (void)state;
    side_init(&s);
    s.conn->out_done = UINT32_MAX - 300;
    for (int i = 0; i < 4; i++) {
        ws_conn_send_audio(s.conn, false, AUDIO, fill_number, &number);
        ws_conn_send_text(s.conn, SPAN_LIT("text"));
        assert_int_equal(ws_conn_control_queued(s.conn), 6 * (i + 1));
    }
    for (size_t sent = 1; ws_conn_output(s.conn, &bytes) > 0; sent++) {
        ws_conn_output_consume(s.conn, 1);
        size_t into = sent % (AUDIO + 4 + 6);
        size_t gone = sent / (AUDIO + 4 + 6) * 6 + (into > AUDIO + 4 ? into - AUDIO - 4 : 0);
        assert_int_equal(ws_conn_control_queued(s.conn), 24 - gone);
    }
    side_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_anywhere),    cmocka_unit_test(octet_by_octet), cmocka_unit_test(a_share),
        cmocka_unit_test(nothing_is_kept), cmocka_unit_test(many_in_a_turn), cmocka_unit_test(short_writes),
        cmocka_unit_test(behind),          cmocka_unit_test(given_back),     cmocka_unit_test(offsets_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
