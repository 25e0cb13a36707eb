/* SPDX-License-Identifier: MIT */
/* Connections that the server decides to end while their client does not read, does not answer or is not there: the line is free at
 * the decision, the connection within seconds, and the log says why.
 *
 *  vanished         no FIN, audio flows to it: 60 s                          SPEC 3
 *  1013             64 KiB of control text unread; told busy once before     SPEC 3, Audio
 *  1002, 1007, 1009 a client that does not answer our close frame
 *  half a list      it waits for a client that has gone
 *  the log          one line for each end of ours, limited
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"
#include "wsframe.h"

#define S5 DUR_S(5)

static const struct net_addr phone_rtp_addr = {.family = 4, .port = 30000, .ip = {10, 0, 0, 9}};

static void established(struct world *w, size_t c)
{
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:established", S5);
}

/* Audio flows to the client, 50 packets a second. */
static void phone_talks(struct world *w, uint16_t *sequence, dur_us duration)
{
    for (mono_us end = w->now + duration; w->now < end;) {
        world_phone_rtp(w, &phone_rtp_addr, 0, (*sequence)++);
        world_run(w, DUR_MS(20));
    }
}

static void vanished_without_fin(void **state)
{
    struct world *w = world_new(1, NULL);
    size_t c = world_connect(w);
    uint16_t sequence = 0;

    (void)state;
    established(w, c);
    phone_talks(w, &sequence, DUR_S(1));
    w->clients[c].reading = false; /* nor does it answer pings */
    phone_talks(w, &sequence, DUR_S(55));
    assert_int_equal(w->phone.byes, 0);
    phone_talks(w, &sequence, DUR_S(6));
    assert_int_equal(w->phone.byes, 1);
    assert_false(w->clients[c].open);
    assert_int_equal(world_logged(w, "nothing was heard from it for 60 s"), 1);
    world_end(w);
}

static void unread(struct world *w, size_t c)
{
    const struct ws_conn *conn;

    w->clients[c].reading = false;
    for (int i = 0; i < 5000; i++) {
        conn = gateway_client_conn(w->gateway, w->clients[c].id);
        if (conn == NULL || ws_conn_end(conn) != WS_END_NONE) {
            return;
        }
        world_send(w, c, "STATS");
    }
    fail_msg("never closed");
}

static void the_line_is_free_at_the_decision(void **state)
{
    struct gateway_config config = world_config();
    uint16_t sequence = 0;

    (void)state;
    config.calls.max_calls = 1;
    struct world *w = world_new(2, &config);
    size_t c = world_connect(w);
    size_t other = world_connect(w);
    established(w, c);
    w->clients[c].reading = false;
    phone_talks(w, &sequence, DUR_S(12)); /* its audio is lost, oldest first, long before */
    unread(w, c);
    assert_true(w->clients[c].open);
    assert_int_equal(gateway_stats(w->gateway).calls, 0);
    world_send(w, other, "CALL:1"); /* the one line */
    world_run(w, DUR_MS(20));
    assert_int_equal(world_count(w, other, "CALL_STATE:trying"), 1);
    assert_int_equal(w->phone.byes, 1);
    world_run(w, DUR_MS(1100));
    assert_false(w->clients[c].open);
    assert_int_equal(world_logged(w, "closed with 1013"), 1);
    world_end(w);
}

/* Control text is never dropped, audio is, the client is told once; then it is 64 KiB and 1013. */
static void a_client_that_reads_too_slowly(void **state)
{
    struct world *w = world_new(3, NULL);
    size_t c = world_connect(w);
    uint16_t sequence = 0;

    (void)state;
    established(w, c);
    w->clients[c].reading = false;
    phone_talks(w, &sequence, DUR_S(12));
    for (int i = 0; i < 50; i++) {
        world_send(w, c, "STATS");
        phone_talks(w, &sequence, DUR_MS(100));
    }
    w->clients[c].reading = true;
    world_run(w, DUR_MS(20));
    assert_int_equal(world_count(w, c, "CALL_STATS:"), 50);
    assert_int_equal(world_count(w, c, "ERROR:MEDIA:busy:"), 1);
    assert_true(w->clients[c].rtp_count < sequence);
    size_t before = w->clients[c].rtp_count;
    phone_talks(w, &sequence, DUR_S(1)); /* and it goes on */
    assert_int_equal(w->clients[c].rtp_count, before + 50);
    assert_int_equal(w->clients[c].close_code, 0);
    unread(w, c);
    w->clients[c].reading = true;
    world_run(w, DUR_MS(20));
    assert_int_equal(w->clients[c].close_code, 1013);
    world_end(w);
}

static void send_wrong(struct world *w, size_t c, unsigned code)
{
    static char big[2000];

    if (code == 1002) {
        world_send_frame(w, c, WSFRAME_FIN | 3, "", 0);
    } else if (code == 1007) {
        world_send_frame(w, c, WSFRAME_FIN | WSFRAME_TEXT, "\xff", 1);
    } else {
        world_send_frame(w, c, WSFRAME_FIN | WSFRAME_BINARY, big, sizeof(big));
    }
}

static void a_client_that_does_not_answer_our_close(void **state)
{
    static const unsigned codes[] = {1002, 1007, 1009};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct gateway_config config = world_config();
        char line[32];
        config.max_message = 1000;
        struct world *w = world_new(4 + i, &config);
        size_t c = world_connect(w);
        established(w, c);
        send_wrong(w, c, codes[i]);
        world_run(w, DUR_MS(20));
        assert_int_equal(w->clients[c].close_code, codes[i]);
        assert_int_equal(w->phone.byes, 1);
        assert_true(w->clients[c].open);
        snprintf(line, sizeof(line), "closed with %u: ", codes[i]);
        assert_int_equal(world_logged(w, line), 1);
        world_run(w, DUR_MS(5100));
        assert_false(w->clients[c].open);
        world_end(w);
    }
}

/* LISTEN ends with the decision too: nobody is rung who will not answer. */
static void nobody_rings_a_connection_that_ends(void **state)
{
    struct gateway_config config = world_config();

    (void)state;
    config.calls.incoming = CALLS_INCOMING_RING;
    struct world *w = world_new(8, &config);
    size_t c = world_connect(w);
    world_send(w, c, "LISTEN");
    send_wrong(w, c, 1002);
    struct caller *caller = caller_call(w, "4711", "0921", &(struct caller_plan){0});
    world_run(w, DUR_MS(100));
    assert_int_equal(caller->status, 480);
    assert_int_equal(world_count(w, c, "INCOMING:"), 0);
    world_end(w);
}

static void half_a_list(void **state)
{
    struct world *w = world_new(9, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->list_extra = 5000;
    w->clients[c].reading = false;
    world_send(w, c, "LIST_WAV");
    world_run(w, DUR_S(1));
    assert_true(w->list_open);
    static char payload[2 * WS_INPUT_CAP];
    struct ws_conn *conn = gateway_client_conn(w->gateway, w->clients[c].id);
    void *space;
    for (size_t room = ws_conn_input_space(conn, &space); room > 0; room = ws_conn_input_space(conn, &space)) {
        uint8_t frame[256];
        size_t n = wsframe_write(frame, WSFRAME_FIN | WSFRAME_BINARY, payload, 100);
        n = n < room ? n : room;
        memcpy(space, frame, n);
        ws_conn_input_commit(conn, n);
    }
    world_run(w, DUR_S(125));
    assert_false(w->clients[c].open);
    assert_false(w->list_open);
    world_end(w);
}

static void the_log_is_limited(void **state)
{
    struct world *w = world_new(10, NULL);

    (void)state;
    for (int i = 0; i < 50; i++) {
        size_t c = world_connect(w);
        send_wrong(w, c, 1002);
        world_disconnect(w, c);
    }
    assert_int_equal(world_logged(w, "closed with 1002"), 5);
    size_t c = world_connect(w); /* the client's own close is none of ours */
    world_send_frame(w, c, WSFRAME_FIN | WSFRAME_CLOSE, "\x03\xe8", 2);
    world_run(w, DUR_S(60));
    c = world_connect(w);
    send_wrong(w, c, 1002);
    assert_int_equal(world_logged(w, "45 lines like the next one were left out"), 1);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vanished_without_fin),
        cmocka_unit_test(the_line_is_free_at_the_decision),
        cmocka_unit_test(a_client_that_reads_too_slowly),
        cmocka_unit_test(a_client_that_does_not_answer_our_close),
        cmocka_unit_test(nobody_rings_a_connection_that_ends),
        cmocka_unit_test(half_a_list),
        cmocka_unit_test(the_log_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
