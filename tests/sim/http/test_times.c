/* SPDX-License-Identifier: MIT */
/* How long a connection may take, on a virtual clock (SPEC 2 and 4).
 *
 *  silent                  who sends no request has 10 s
 *  slow_writer             however busily: a request that comes a byte each second is as late
 *  in_time                 a request that is whole after 9.9 s is answered
 *  brief                   the ninth and later of one address have 2 s
 *  unread                  an answer of which nothing is read: 30 s, one line in the log
 *  slow_reader             30 s behind each piece that is read, for as long as it takes
 *  linger                  all sent: 2 s for the other side's end, and no line about it
 *  linger_ends             with the other side's end at once
 *  no_clock_behind_upgrade the WebSocket's time is its own */
#include "desk.h"

#define HOST   "Host: localhost:8080\r\n"
#define HEALTH "GET /healthz HTTP/1.1\r\n" HOST "\r\n"
#define LATE   "its request did not come in time"
#define UNREAD "it has not read its answer"

static struct desk desk;

static struct desk *start(void)
{
    desk_init(&desk);
    desk.recordings = 1;
    desk.recording_bytes = 100000;
    desk_start(&desk);
    return &desk;
}

static void test_silent(void **state)
{
    (void)state;
    struct desk *d = start();
    mono_us began = d->now;
    const struct line *l = desk_connect(d, DESK_LOCAL);
    desk_run(d, DUR_S(10) - 1);
    assert_non_null(l->conn);
    assert_int_equal(desk_logged(d, LATE), 0);
    desk_run(d, DUR_S(1));
    assert_null(l->conn);
    assert_int_equal(l->closed_at - began, DUR_S(10));
    assert_int_equal(desk_logged(d, LATE), 1);
    assert_int_equal(l->got_len, 0);
    desk_end(d);
}

static void test_slow_writer(void **state)
{
    (void)state;
    static const char request[] = HEALTH;
    struct desk *d = start();
    mono_us began = d->now;
    struct line *l = desk_connect(d, DESK_LOCAL);
    for (size_t i = 0; l->conn != NULL; i++) {
        assert_true(i < 20);
        desk_send_bytes(d, l, request + i, 1);
        desk_run(d, DUR_S(1));
    }
    assert_int_equal(l->closed_at - began, DUR_S(10));
    assert_int_equal(l->got_len, 0);
    desk_end(d);
}

static void test_in_time(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *l = desk_connect(d, DESK_LOCAL);
    desk_send(d, l, "GET /healthz HTTP/1.1\r\n");
    desk_run(d, DUR_MS(9900));
    desk_send(d, l, HOST "\r\n");
    desk_settle(d);
    assert_int_equal(desk_status(l), 200);
    assert_int_equal(desk_logged(d, LATE), 0);
    desk_end(d);
}

static void test_brief(void **state)
{
    (void)state;
    struct desk *d = start();
    mono_us began = d->now;
    const struct line *lines[10];
    for (int i = 0; i < 10; i++) {
        lines[i] = desk_connect(d, DESK_LOCAL);
    }
    desk_run(d, DUR_S(11));
    for (int i = 0; i < 10; i++) {
        assert_null(lines[i]->conn);
        assert_int_equal(lines[i]->closed_at - began, i < 8 ? DUR_S(10) : DUR_S(2));
    }
    desk_end(d);
}

static void test_unread(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *l = desk_connect(d, DESK_LOCAL);
    l->reads = false;
    desk_run(d, DUR_S(5));
    mono_us asked = d->now;
    desk_send(d, l, HEALTH);
    desk_run(d, DUR_S(30) - 1);
    assert_non_null(l->conn);
    desk_run(d, DUR_S(1));
    assert_null(l->conn);
    assert_int_equal(l->closed_at - asked, DUR_S(30));
    assert_int_equal(desk_logged(d, UNREAD), 1);
    desk_end(d);
}

static void test_slow_reader(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *l = desk_connect(d, DESK_LOCAL);
    l->reads = false;
    desk_send(d, l, "GET /recordings/r000.wav HTTP/1.1\r\n" HOST "\r\n");
    for (int i = 0; i < 5; i++) {
        desk_run(d, DUR_S(29));
        assert_non_null(l->conn);
        l->reads = true;
        desk_turn(d); /* one piece */
        l->reads = false;
        assert_true(l->got_len <= (size_t)(i + 1) * HTTP_PIECE);
    }
    mono_us read = d->now;
    assert_int_equal(d->handles, 1);
    desk_run(d, DUR_S(31));
    assert_null(l->conn);
    assert_int_equal(l->closed_at - read, DUR_S(30));
    assert_int_equal(d->handles, 0);
    desk_end(d);
}

static void test_linger(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *l = desk_ask(d, HEALTH);
    mono_us sent = d->now;
    assert_true(l->told_end);
    desk_run(d, DUR_S(1));
    desk_send(d, l, "more that nobody reads"); /* is taken, and gives no more time */
    desk_run(d, DUR_S(5));
    assert_null(l->conn);
    assert_false(l->reset);
    assert_int_equal(l->closed_at - sent, DUR_S(2));
    assert_int_equal(d->log_len, 0);
    desk_end(d);
}

static void test_linger_ends(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *l = desk_ask(d, HEALTH);
    desk_run(d, DUR_MS(100));
    desk_shut(d, l);
    assert_null(l->conn);
    assert_false(l->reset);
    struct line *early = desk_connect(d, DESK_LOCAL); /* and one that ends before it has asked is dropped at once */
    desk_send(d, early, "GET / HT");
    desk_shut(d, early);
    assert_null(early->conn);
    assert_int_equal(early->got_len, 0);
    desk_end(d);
}

static void test_no_clock_behind_upgrade(void **state)
{
    (void)state;
    struct desk *d = start();
    const struct line *l = desk_ask(d, "GET / HTTP/1.1\r\n" HOST DESK_UPGRADE "\r\n");
    assert_true(l->up);
    assert_int_equal(http_server_due(d->server), MONO_NEVER);
    desk_run(d, DUR_S(3600));
    assert_non_null(l->conn);
    desk_end(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_slow_writer),
        cmocka_unit_test(test_in_time),
        cmocka_unit_test(test_brief),
        cmocka_unit_test(test_unread),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_linger),
        cmocka_unit_test(test_linger_ends),
        cmocka_unit_test(test_no_clock_behind_upgrade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
