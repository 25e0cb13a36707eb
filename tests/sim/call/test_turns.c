/* SPDX-License-Identifier: MIT */
/* What clients can make of a turn: all of them together have a share of it, and each of them gets his part of that. Counted in
 * steps of work, not in time.
 *
 *  floods           60 clients that send pings, fragments, uploads or commands as fast as they can
 *  fairness         a client among them is heard within a few turns, wherever it stands
 *  lists            60 lists at once are as many files looked at
 *  few_with_work    of 60 clients a turn looks at those that have something to do, and at none when none has
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "client_priv.h"
#include "world.h"
#include "wsframe.h"

#define CLIENTS 60
/* So many of them get their part of one turn. */
#define A_TURN (GATEWAY_TURN_COST / GATEWAY_CLIENT_COST)
/* Over its share a turn may be by what each client may be over its part. */
#define COST_MAX (GATEWAY_TURN_COST + A_TURN * WS_STEP_COST_MAX)

static struct pool_id ids[CLIENTS];

static struct world *crowd(void)
{
    struct gateway_config config = world_config();

    config.max_clients = CLIENTS;
    struct world *w = world_new(1, &config);
    for (size_t i = 0; i < CLIENTS; i++) {
        struct net_addr peer = addr_ipv4(127, 0, 0, 1, (uint16_t)(50000 + i));
        assert_int_equal(gateway_client_open(w->gateway, &dialect_text, &peer, &ids[i]), ST_OK);
    }
    return w;
}

static void leave(struct world *w)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        gateway_client_gone(w->gateway, ids[i]);
    }
    world_turn_end(w);
    world_end(w);
}

static struct ws_conn *conn_of(struct world *w, size_t i)
{
    struct ws_conn *conn = gateway_client_conn(w->gateway, ids[i]);
    assert_non_null(conn);
    return conn;
}

/* As many frames as its input holds. */
static void fill(struct world *w, size_t i, const void *frame, size_t len)
{
    struct ws_conn *conn = conn_of(w, i);
    void *space;

    while (ws_conn_input_space(conn, &space) >= len) {
        memcpy(space, frame, len);
        ws_conn_input_commit(conn, len);
    }
}

static void read_all(struct world *w)
{
    const void *bytes;

    for (size_t i = 0; i < CLIENTS; i++) {
        struct ws_conn *conn = conn_of(w, i);
        for (size_t len; (len = ws_conn_output(conn, &bytes)) > 0;) {
            ws_conn_output_consume(conn, len);
        }
    }
}

static size_t flood(struct world *w, int turns, const void *frame, size_t len)
{
    for (int t = 0; t < turns; t++) {
        for (size_t i = 0; i < CLIENTS; i++) {
            fill(w, i, frame, len);
        }
        world_turn_end(w);
        read_all(w);
        assert_true(gateway_due(w->gateway) <= w->now); /* what is left does not wait for anything else */
    }
    size_t most = (size_t)gateway_stats(w->gateway).input_cost_max;
    if (most > COST_MAX) {
        fail_msg("a turn cost %zu, %zu at most", most, (size_t)COST_MAX);
    }
    return most;
}

static void floods(void **state)
{
    static const struct {
        unsigned first;
        size_t len;
    } frames[] = {
        {WSFRAME_FIN | WSFRAME_PING, 0},   {WSFRAME_FIN | WSFRAME_PING, 125},   {WSFRAME_FIN | WSFRAME_PONG, 1},
        {WSFRAME_FIN | WSFRAME_BINARY, 0}, {WSFRAME_FIN | WSFRAME_BINARY, 160}, {WSFRAME_FIN | WSFRAME_BINARY, 16000},
        {WSFRAME_FIN | WSFRAME_TEXT, 1},   {WSFRAME_FIN | WSFRAME_TEXT, 8000},
    };
    static char payload[16000];
    static uint8_t frame[16100];

    (void)state;
    memset(payload, 'x', sizeof(payload));
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        struct world *w = crowd();
        size_t len = wsframe_write(frame, frames[i].first, payload, frames[i].len);
        assert_true(flood(w, 40, frame, len) >= GATEWAY_TURN_COST); /* and its share is used */
        leave(w);
    }
}

/* One message in fragments without end, as an upload and as sound. */
static void floods_of_fragments(void **state)
{
    static const char begin[] = "WAV_UPLOAD:a:";
    uint8_t frame[64];

    (void)state;
    for (unsigned opcode = WSFRAME_TEXT; opcode <= WSFRAME_BINARY; opcode++) {
        struct world *w = crowd();
        for (size_t i = 0; i < CLIENTS; i++) {
            size_t len = wsframe_write(frame, opcode, begin, sizeof(begin) - 1);
            void *space;
            assert_true(ws_conn_input_space(conn_of(w, i), &space) >= len);
            memcpy(space, frame, len);
            ws_conn_input_commit(conn_of(w, i), len);
        }
        size_t len = wsframe_write(frame, WSFRAME_CONT, "", 0);
        assert_true(flood(w, 40, frame, len) >= GATEWAY_TURN_COST);
        leave(w);
    }
}

static bool has_heard(struct world *w, size_t i, const char *text)
{
    const void *bytes;
    size_t len = ws_conn_output(conn_of(w, i), &bytes);
    return memmem(bytes, len, text, strlen(text)) != NULL;
}

/* How many turns it takes until the one client among the flood is answered. */
static int turns_until_answered(struct world *w, size_t one)
{
    uint8_t ping[16];
    uint8_t stats[32];
    size_t ping_len = wsframe_write(ping, WSFRAME_FIN | WSFRAME_PING, "", 0);
    size_t len = wsframe_text(stats, "STATS");
    void *space;

    assert_true(ws_conn_input_space(conn_of(w, one), &space) >= len);
    memcpy(space, stats, len);
    ws_conn_input_commit(conn_of(w, one), len);
    for (int turns = 1; turns < 1000; turns++) {
        for (size_t i = 0; i < CLIENTS; i++) {
            if (i != one) {
                fill(w, i, ping, ping_len);
            }
        }
        world_turn_end(w);
        if (has_heard(w, one, "ERROR:STATS:no_call")) {
            return turns;
        }
        read_all(w);
    }
    return 1000;
}

static void one_among_them_is_heard(void **state)
{
    (void)state;
    for (size_t one = 0; one < CLIENTS; one += 7) {
        struct world *w = crowd();
        for (int again = 0; again < 20; again++) {
            int turns = turns_until_answered(w, one);
            read_all(w);
            if (turns > CLIENTS / A_TURN + 1) {
                fail_msg("client %zu waited for %d turns", one, turns);
            }
        }
        leave(w);
    }
}

static void lists_of_all(void **state)
{
    struct world *w = crowd();
    uint8_t frame[32];
    size_t len = wsframe_text(frame, "LIST_WAV");

    (void)state;
    w->list_extra = 1000000; /* all of them read on in one */
    for (size_t i = 0; i < CLIENTS; i++) {
        fill(w, i, frame, len);
    }
    for (int t = 0; t < 200; t++) {
        world_turn_end(w);
        read_all(w);
        if (t == CLIENTS / A_TURN) { /* all have begun */
            w->list_calls_most = 0;
        }
    }
    assert_in_range(w->list_calls_most, 1, GATEWAY_TURN_COST / WS_TEXT_COST);
    leave(w);
}

static size_t looked_at(const struct world *w)
{
    size_t n = 0;

    for (const struct list_node *at = w->gateway->pending.next; at != &w->gateway->pending; at = at->next) {
        n++;
    }
    return n;
}

static void few_with_work(void **state)
{
    struct world *w = crowd();
    uint8_t frame[64];
    const void *bytes;

    (void)state;
    world_turn_end(w);
    assert_int_equal(looked_at(w), 0);
    for (size_t i = 5; i < 50; i += 20) {
        size_t len = wsframe_text(frame, "STATS");
        void *space;
        assert_true(ws_conn_input_space(conn_of(w, i), &space) >= len);
        memcpy(space, frame, len);
        ws_conn_input_commit(conn_of(w, i), len);
    }
    assert_int_equal(looked_at(w), 3);
    world_turn_end(w);
    assert_int_equal(looked_at(w), 0); /* the answers wait for the sockets, not for us */
    struct ws_conn *conn = conn_of(w, 25);
    ws_conn_output_consume(conn, ws_conn_output(conn, &bytes));
    assert_int_equal(looked_at(w), 0); /* nothing waited for the room */
    ws_conn_close(conn, WS_CLOSE_GOING_AWAY, "");
    assert_int_equal(looked_at(w), 1);
    assert_true(gateway_due(w->gateway) <= w->now); /* its line is free in the next turn, which comes at once */
    world_turn_end(w);
    assert_int_equal(looked_at(w), 0);
    leave(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floods),
        cmocka_unit_test(floods_of_fragments),
        cmocka_unit_test(one_among_them_is_heard),
        cmocka_unit_test(lists_of_all),
        cmocka_unit_test(few_with_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
