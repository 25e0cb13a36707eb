/* SPDX-License-Identifier: MIT */
/* How a connection ends: why, and that no end waits for a client that does not read or is not there. */
#include "support_conn.h"

#define BIG_ENOUGH 1000000

struct bytes {
    const char *ptr;
    size_t len;
};
#define BYTES(literal)                                                                                                 \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

static void test_each_end_has_its_reason(void **state)
{
    static const struct {
        struct bytes sent;
        enum ws_end end;
    } table[] = {
        {BYTES("\x89\x80\0\0\0\0"), WS_END_NONE},
        {BYTES("\x88\x80\0\0\0\0"), WS_END_CLIENT},
        {BYTES("\x88\x82\0\0\0\0\x03\xe8"), WS_END_CLIENT},        /* 1000 */
        {BYTES("\x88\x82\0\0\0\0\x03\xea"), WS_END_CLIENT},        /* 1002: it finds fault with us */
        {BYTES("\x88\x82\0\0\0\0\x03\xf1"), WS_END_CLIENT},        /* 1009 */
        {BYTES("\x88\x82\0\0\0\0\x03\xf5"), WS_END_CLIENT},        /* 1013, which wslay does not know */
        {BYTES("\x88\x82\0\0\0\0\x03\xe7"), WS_END_PROTOCOL},      /* 999: no such code */
        {BYTES("\x88\x83\0\0\0\0\x03\xe8\xff"), WS_END_INVALID},   /* its reason is no UTF-8 */
        {BYTES("\x81\x02hi"), WS_END_PROTOCOL},                    /* not masked */
        {BYTES("\x83\x80\0\0\0\0"), WS_END_PROTOCOL},              /* an opcode that nobody has */
        {BYTES("\x09\x80\0\0\0\0"), WS_END_PROTOCOL},              /* a fragmented ping */
        {BYTES("\x81\xfe\x00\x05\0\0\0\0hello"), WS_END_PROTOCOL}, /* a length in too long a form */
        {BYTES("\x81\x81\0\0\0\0\xff"), WS_END_INVALID},
        {BYTES("\x82\xff\0\0\0\0\x7f\0\0\0\0\0\0\0"), WS_END_TOO_BIG},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct peer *p = peer_new(BIG_ENOUGH, false);
        peer_input(p, table[i].sent.ptr, table[i].sent.len, 0);
        if (ws_conn_end(p->conn) != table[i].end) {
            fail_msg("%zu: %d, not %d", i, (int)ws_conn_end(p->conn), (int)table[i].end);
        }
        peer_free(p);
    }
    struct peer *p = peer_new(BIG_ENOUGH, false);
    ws_conn_close(p->conn, WS_CLOSE_TRY_LATER, NULL);
    assert_int_equal(ws_conn_end(p->conn), WS_END_OWNER); /* whatever it says */
    peer_close(p, 1000);
    assert_int_equal(ws_conn_end(p->conn), WS_END_OWNER); /* the first reason stays */
    peer_free(p);
}

static void fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 'a', len);
}

static void fill_output(struct peer *p)
{
    p->flushing = false;
    while (ws_conn_audio_room(p->conn, 172)) {
        ws_conn_send_audio(p->conn, false, 172, fill, NULL);
    }
    ws_conn_send_text(p->conn, SPAN_LIT("CALL_STATE:established"));
}

/* A client that has vanished without FIN while audio flows to it. */
static void test_silence_does_not_wait_for_what_is_unsent(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    mono_us start = p->now;
    (void)state;
    fill_output(p);
    peer_expire_at(p, start + DUR_S(59));
    assert_int_equal(ws_conn_end(p->conn), WS_END_NONE);
    peer_expire_at(p, start + DUR_S(60));
    assert_int_equal(ws_conn_end(p->conn), WS_END_SILENT);
    assert_true(ws_conn_is_lost(p->conn));
    assert_true(ws_conn_due(p->conn) == MONO_NEVER);
    peer_free(p);
}

/* SIGSTOP, a debugger, a container's freezer: nobody was asked meanwhile, so nobody was silent. */
static void test_time_in_which_we_stood_still_is_no_silence(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    mono_us start = p->now;
    (void)state;
    peer_expire_at(p, start + DUR_S(21));
    peer_input(p, "\x8a\x80\0\0\0\0", 6, 0); /* the pong */
    for (int i = 1; i <= 3; i++) {
        p->now = start + i * DUR_S(1000); /* one turn in so long */
        ws_conn_expire(p->conn, p->now);
        peer_read(p);
        assert_int_equal(ws_conn_end(p->conn), WS_END_NONE);
        assert_int_equal(peer_frame_count(p), (size_t)i + 1);
        peer_input(p, "\x8a\x80\0\0\0\0", 6, 0);
    }
    p->now = start + DUR_S(4000);
    ws_conn_expire(p->conn, p->now); /* it went meanwhile: not dropped before it was asked, but then */
    peer_expire_at(p, p->now + DUR_S(39));
    assert_int_equal(ws_conn_end(p->conn), WS_END_NONE);
    peer_expire_at(p, p->now + DUR_S(1));
    assert_int_equal(ws_conn_end(p->conn), WS_END_SILENT);
    peer_free(p);
}

/* The client has closed, our answer waits behind audio that it does not take. */
static void test_a_close_that_cannot_be_answered(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    mono_us start = p->now;
    (void)state;
    fill_output(p);
    peer_close(p, 1000);
    assert_int_equal(ws_conn_end(p->conn), WS_END_CLIENT);
    assert_true(ws_conn_is_done(p->conn));
    assert_false(ws_conn_is_lost(p->conn));
    peer_expire_at(p, start + DUR_MS(4900));
    assert_false(ws_conn_is_lost(p->conn));
    peer_expire_at(p, start + DUR_MS(5100));
    assert_true(ws_conn_is_lost(p->conn));
    assert_true(ws_conn_due(p->conn) == MONO_NEVER);
    peer_free(p);
    p = peer_new(BIG_ENOUGH, false); /* and one that is answered is over at once */
    peer_close(p, 1000);
    assert_true(ws_conn_is_done(p->conn));
    assert_true(ws_conn_due(p->conn) == MONO_NEVER);
    peer_free(p);
}

/* 1002, 1009, 1013: within seconds, whatever is unsent. */
static void test_our_close_does_not_wait_for_what_is_unsent(void **state)
{
    static const struct bytes bad[] = {
        BYTES("\x81\x02hi"),
        BYTES("\x81\xfe\x00\x05\0\0\0\0hello"),
        BYTES("\x82\xff\0\0\0\0\x7f\0\0\0\0\0\0\0"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct peer *p = peer_new(BIG_ENOUGH, false);
        fill_output(p);
        peer_input(p, bad[i].ptr, bad[i].len, 0);
        assert_int_not_equal(ws_conn_end(p->conn), WS_END_NONE);
        assert_false(ws_conn_is_lost(p->conn));
        peer_expire_at(p, p->now + DUR_MS(5100));
        assert_true(ws_conn_is_lost(p->conn));
        peer_free(p);
    }
    struct peer *p = peer_new(BIG_ENOUGH, false);
    fill_output(p);
    for (int i = 0; i < 4000; i++) {
        ws_conn_send_text(p->conn, SPAN_LIT("MARK:0123456789"));
    }
    assert_int_equal(ws_conn_end(p->conn), WS_END_UNREAD);
    peer_expire_at(p, p->now + DUR_MS(1100));
    assert_true(ws_conn_is_lost(p->conn));
    peer_free(p);
}

/* A list waits for the client to read, and the client's next commands wait for the list. */
static void fill_paused(struct peer *p)
{
    static uint8_t frame[3 * WS_INPUT_CAP];
    static char payload[2 * WS_INPUT_CAP];
    ws_conn_pause(p->conn, true);
    p->flushing = false;
    peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_BINARY, payload, sizeof(payload)), 0);
}

static void test_held_back_by_itself(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    mono_us start = p->now;
    (void)state;
    fill_output(p);
    fill_paused(p);
    peer_expire_at(p, start + DUR_S(61));
    assert_int_equal(ws_conn_end(p->conn), WS_END_SILENT); /* it took nothing for 60 s */
    peer_free(p);
    p = peer_new(BIG_ENOUGH, false);
    start = p->now;
    fill_output(p);
    fill_paused(p);
    for (int i = 1; i <= 4; i++) {
        ws_conn_output_consume(p->conn, 1); /* slow, but there */
        peer_expire_at(p, start + i * DUR_S(61));
        assert_int_equal(ws_conn_end(p->conn), WS_END_NONE);
    }
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_end_has_its_reason),
        cmocka_unit_test(test_silence_does_not_wait_for_what_is_unsent),
        cmocka_unit_test(test_time_in_which_we_stood_still_is_no_silence),
        cmocka_unit_test(test_a_close_that_cannot_be_answered),
        cmocka_unit_test(test_our_close_does_not_wait_for_what_is_unsent),
        cmocka_unit_test(test_held_back_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
