/* SPDX-License-Identifier: MIT */
/* What SIGUSR2 tells of the HTTP port (http_server_dump).
 *
 *  idle     one line, of the server
 *  phases   each connection with its phase, from whom, for how long, on whose place, what waits, until when
 *  discreet no byte of a request is told
 *  changing asked anew while connections come and go it ends, and tells none twice */
#include "desk.h"

#include <stdio.h>

#define HOST "Host: localhost:8080\r\n"
#define OPEN "GET / HTTP/1.1\r\n" HOST DESK_UPGRADE "\r\n"

static struct desk desk;
static char told[65536];

static struct desk *start(void)
{
    desk_init(&desk);
    desk.recordings = 1;
    desk.recording_bytes = 100000;
    desk_start(&desk);
    return &desk;
}

/* Everything, one line below the other; returns how many lines. */
static unsigned tell(const struct desk *d)
{
    struct outbuf out;
    unsigned lines = 0;

    outbuf_init(&out, told, sizeof(told) - 1);
    for (uint32_t at = 0; http_server_dump(d->server, d->now, &at, &out); at++, lines++) {
        outbuf_char(&out, '\n');
        assert_true(lines < HTTP_CONNS(4));
    }
    assert_int_equal(outbuf_status(&out), ST_OK);
    told[out.len] = '\0';
    return lines;
}

static void has(const char *text)
{
    if (strstr(told, text) == NULL) {
        fail_msg("no \"%s\" in\n%s", text, told);
    }
}

static void test_idle(void **state)
{
    struct desk *d = start();

    (void)state;
    assert_int_equal(tell(d), 1);
    assert_string_equal(told, "HTTP: 0 connections of 85, 0 let in of 4, 0 guests of 64, 0 strangers of 16\n");
    http_server_stop(d->server, d->now);
    (void)tell(d);
    has(" of 16, stopping\n");
    desk_end(d);
}

static void test_phases(void **state)
{
    struct desk *d = start();
    struct line *client = desk_ask(d, OPEN);
    struct line *slow = desk_connect(d, DESK_LOCAL);
    struct line *stranger = desk_connect(d, DESK_REMOTE);

    (void)state;
    desk_send(d, slow, "GET /recordings");
    desk_run(d, DUR_S(3));
    struct line *reader = desk_connect(d, DESK_LOCAL);
    reader->reads = false;
    desk_send(d, reader, "GET /recordings/r000.wav HTTP/1.1\r\n" HOST "\r\n");
    (void)desk_ask(d, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(tell(d), 6);
    has("HTTP: 5 connections of 85, 2 let in of 4, 2 guests of 64, 1 strangers of 16, timer in ");
    has("\nconnection 0.1 WebSocket, peer 127.0.0.1:40000, for 3 s\n");
    has("\nconnection 1.1 asking, peer 127.0.0.1:40001, guest, for 3 s, 15 bytes of a head, timer in 7.000 s\n");
    has("\nconnection 2.1 asking, peer 192.0.2.10:40002, stranger, for 3 s, 0 bytes of a head, timer in 7.000 s\n");
    has("\nconnection 3.1 being answered, peer 127.0.0.1:40003, for 0 s, ");
    has(" bytes of an answer wait, a recording is open, timer in 30.000 s\n");
    has("\nconnection 4.1 lingering, peer 127.0.0.1:40004, guest, for 0 s, timer in 2.000 s\n");
    desk_shut(d, client);
    desk_drop(d, stranger);
    desk_end(d);
}

static void test_discreet(void **state)
{
    struct desk *d = &desk;

    (void)state;
    desk_init(d);
    d->config.rules.needs_token = true;
    desk_start(d);
    desk_tokens(d, "secret\n");
    struct line *asking = desk_connect(d, DESK_REMOTE);
    struct line *open = desk_connect(d, DESK_REMOTE);
    desk_send(d, asking, "GET /?token=secret HTTP/1.1\r\nAuthorization: Bearer secret\r\n");
    desk_send(d, open, "GET /?token=secret HTTP/1.1\r\n" HOST DESK_UPGRADE "\r\n");
    assert_true(open->up);
    assert_int_equal(tell(d), 3);
    assert_null(strstr(told, "secret"));
    assert_null(strstr(told, "GET"));
    desk_end(d);
}

static void test_changing(void **state)
{
    struct desk *d = start();
    char line[LOG_LINE_MAX];
    struct outbuf out;
    uint32_t last = 0;
    unsigned lines = 0;

    (void)state;
    for (uint32_t at = 0;; at++, lines++) {
        outbuf_init(&out, line, sizeof(line));
        if (!http_server_dump(d->server, d->now, &at, &out)) {
            break;
        }
        assert_true(lines == 0 || at > last);
        last = at;
        struct line *l = desk_connect(d, DESK_LOCAL);
        if (lines % 3 == 2) {
            desk_drop(d, l);
        }
        assert_true(lines < 85);
    }
    assert_true(lines >= 3);
    desk_end(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_phases),
        cmocka_unit_test(test_discreet),
        cmocka_unit_test(test_changing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
