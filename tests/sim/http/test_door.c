/* SPDX-License-Identifier: MIT */
/* Who may stand at the door, and who is let in (SPEC 2, --max-clients).
 *
 *  clients                 so many and no more: 503 with Retry-After, one line; a place that is left is another's
 *  linger_holds_none       who has had his answer does not count any more
 *  guests_give_way         64 that have not asked; a 65th puts out the one of a crowd that waits longest
 *  strangers_are_few       of an address that is not let in four at once, sixteen of all; guests notice nothing
 *  strangers_are_told      403 and why
 *  relieved                no descriptor left: a stranger first, then a guest, then nobody
 *  stopping                who has not asked is dropped, no WebSocket is opened, an answer on its way goes on
 *  wrong_rules             a pattern that is none is refused at the start */
#include "desk.h"

#include <stdio.h>

#define HOST   "Host: localhost:8080\r\n"
#define OPEN   "GET / HTTP/1.1\r\n" HOST DESK_UPGRADE "\r\n"
#define HEALTH "GET /healthz HTTP/1.1\r\n" HOST "\r\n"

static struct desk desk;

static struct desk *start(void)
{
    desk_init(&desk);
    desk.recordings = 1;
    desk.recording_bytes = 100000;
    desk_start(&desk);
    return &desk;
}

static void test_clients(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *clients[4];
    for (int i = 0; i < 4; i++) {
        clients[i] = desk_ask(d, OPEN);
        assert_true(clients[i]->up);
    }
    for (int i = 0; i < 20; i++) {
        const struct line *l = desk_ask(d, i % 2 == 0 ? OPEN : HEALTH);
        assert_int_equal(desk_status(l), 503);
        assert_true(desk_has(l, "Retry-After: 5\r\n") && !l->up);
    }
    assert_int_equal(desk_logged(d, "all 4 places of --max-clients are taken"), 5);
    desk_drop(d, clients[2]);
    assert_int_equal(clients[2]->gone, 1);
    assert_int_equal(desk_logged(d, "WebSocket client gone: 127.0.0.1:40002"), 1);
    assert_true(desk_ask(d, OPEN)->up);
    assert_int_equal(desk_status(desk_ask(d, OPEN)), 503);
    desk_end(d);
}

static void test_linger_holds_none(void **state)
{
    (void)state;
    struct desk *d = start();
    for (int i = 0; i < 10; i++) { /* none of them closes */
        assert_int_equal(desk_status(desk_ask(d, HEALTH)), 200);
    }
    struct line *slow[4];
    for (int i = 0; i < 4; i++) { /* but an answer on its way counts */
        slow[i] = desk_connect(d, DESK_LOCAL);
        slow[i]->reads = false;
        desk_send(d, slow[i], HEALTH);
    }
    assert_int_equal(desk_status(desk_ask(d, HEALTH)), 503);
    slow[0]->reads = true;
    desk_settle(d);
    assert_int_equal(desk_status(slow[0]), 200);
    assert_int_equal(desk_status(desk_ask(d, HEALTH)), 200);
    desk_end(d);
}

static void test_guests_give_way(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *lines[64];
    char ip[32];
    for (unsigned i = 0; i < 54; i++) {
        snprintf(ip, sizeof(ip), "127.0.1.%u", i);
        lines[i] = desk_connect(d, ip);
    }
    for (unsigned i = 54; i < 64; i++) {
        lines[i] = desk_connect(d, DESK_LOCAL);
    }
    struct line *last = desk_connect(d, "127.0.2.1");
    assert_null(lines[62]->conn); /* the ninth of its address, not the one that is longest there of all */
    assert_int_equal(desk_logged(d, "too many wait with their requests unsent"), 1);
    last = desk_connect(d, "127.0.2.2");
    assert_null(lines[63]->conn);
    last = desk_connect(d, "127.0.2.3");
    assert_null(lines[0]->conn);
    desk_send(d, last, HEALTH);
    desk_settle(d);
    assert_int_equal(desk_status(last), 200);
    desk_end(d);
}

static void test_strangers_are_few(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *lines[24];
    struct line *guest = desk_connect(d, DESK_LOCAL);
    char ip[32];
    for (unsigned i = 0; i < 6; i++) {
        lines[i] = desk_connect(d, DESK_REMOTE);
    }
    assert_true(lines[0]->conn == NULL && lines[1]->conn == NULL && lines[2]->conn != NULL && lines[5]->conn != NULL);
    for (unsigned i = 6; i < 18; i++) {
        snprintf(ip, sizeof(ip), "192.0.2.%u", i + 20);
        lines[i] = desk_connect(d, ip);
        assert_non_null(lines[2]->conn);
    }
    lines[18] = desk_connect(d, "192.0.2.99");
    assert_null(lines[2]->conn);
    assert_non_null(guest->conn);
    assert_int_equal(d->log_len, 0); /* who comes and says nothing writes no lines */
    desk_end(d);
}

static void test_strangers_are_told(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *l = desk_connect(d, DESK_REMOTE);
    desk_send(d, l, OPEN);
    desk_settle(d);
    assert_int_equal(desk_status(l), 403);
    assert_true(strstr(desk_body(l), "--ws-allow") != NULL && !l->up);
    assert_int_equal(desk_logged(d, "192.0.2.10"), 1);
    assert_true(l->told_end);
    desk_end(d);
}

static void test_relieved(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *client = desk_ask(d, OPEN);
    struct line *guest = desk_connect(d, DESK_LOCAL);
    struct line *stranger = desk_connect(d, DESK_REMOTE);
    http_server_relieve(d->server, d->now);
    desk_turn(d);
    assert_true(stranger->conn == NULL && guest->conn != NULL);
    http_server_relieve(d->server, d->now);
    desk_turn(d);
    assert_null(guest->conn);
    http_server_relieve(d->server, d->now);
    desk_turn(d);
    assert_non_null(client->conn);
    desk_end(d);
}

static void test_stopping(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *client = desk_ask(d, OPEN);
    struct line *silent = desk_connect(d, DESK_LOCAL);
    struct line *done = desk_ask(d, HEALTH);
    struct line *slow = desk_connect(d, DESK_LOCAL);
    slow->reads = false;
    desk_send(d, slow, "GET /recordings/r000.wav HTTP/1.1\r\n" HOST "\r\n");
    http_server_stop(d->server, d->now);
    desk_turn(d);
    assert_true(silent->conn == NULL && done->conn == NULL && client->conn != NULL && slow->conn != NULL);
    assert_int_equal(desk_status(desk_ask(d, OPEN)), 503);
    assert_false(http_server_is_quiet(d->server));
    slow->reads = true;
    desk_settle(d);
    assert_true(slow->got_len > 100000);
    desk_drop(d, client);
    desk_run(d, DUR_S(2));
    assert_true(http_server_is_quiet(d->server));
    desk_connect(d, DESK_LOCAL); /* who has not asked is not waited for */
    assert_true(http_server_is_quiet(d->server));
    desk_end(d);
}

static void test_wrong_rules(void **state)
{
    (void)state;
    static const char *const origins[] = {"http://a.example", "nonsense"};
    struct desk *d = &desk;
    desk_init(d);
    d->config.rules = (struct http_rules){.origins = origins, .origin_count = 2};
    assert_int_equal(http_server_new(&d->config, &d->server), ST_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_linger_holds_none),
        cmocka_unit_test(test_guests_give_way),
        cmocka_unit_test(test_strangers_are_few),
        cmocka_unit_test(test_strangers_are_told),
        cmocka_unit_test(test_relieved),
        cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_wrong_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
