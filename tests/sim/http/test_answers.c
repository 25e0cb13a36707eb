/* SPDX-License-Identifier: MIT */
/* What is answered, over whole connections on a virtual clock.
 *
 *  rows                    RFC 9110 9.3 and SPEC 4: each path by each method, status, headers, body or none
 *  splits                  RFC 9112 2.2: the same answer however the request comes in pieces
 *  bytes_behind            what follows a request that is no upgrade is not taken for another (Connection: close)
 *  cors                    Fetch standard: who may read an answer, and the preflight that needs no token
 *  health                  /healthz of a server that is well, unregistered, stopping, by GET and OPTIONS
 *  front_page              version, commands as data and escaped, loopback
 *  recordings              a list longer than a piece, a file longer than a piece, octet by octet
 *  recordings_end_early    a list without body (HEAD), a file that cannot be read to its end: its handle is closed
 *  no_recordings           without a store there is no such path
 *  one_line_for_many       a flood of bad requests has a few lines in the log */
#include "desk.h"

#include <stdio.h>

#define HOST "Host: localhost:8080\r\n"

static struct desk desk;

static struct desk *start(void)
{
    desk_init(&desk);
    desk.recordings = 3;
    desk_start(&desk);
    return &desk;
}

static const struct row {
    const char *request;
    int status;
    const char *has; /* in the answer; NULL: nothing more */
    bool body;
} ROWS[] = {
    {"GET / HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Type: text/html", true},
    {"HEAD / HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Type: text/html", false},
    {"OPTIONS / HTTP/1.1\r\n" HOST "\r\n", 200, "Allow: GET, HEAD, OPTIONS\r\n", false},
    {"OPTIONS * HTTP/1.0\r\n\r\n", 200, "Allow: GET, HEAD, OPTIONS\r\n", false},
    {"GET /healthz HTTP/1.1\r\n" HOST "\r\n", 200, "\r\n\r\nok\n", true},
    {"GET /healthz?x=1 HTTP/1.0\r\n\r\n", 200, "\r\n\r\nok\n", true},
    {"HEAD /healthz HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Length: 3\r\n", false},
    {"GET http://localhost:8080/healthz HTTP/1.1\r\n" HOST "\r\n", 200, "ok\n", true},
    {"GET /recordings?token=a%26b HTTP/1.1\r\n" HOST "\r\n", 301, "Location: /recordings/?token=a%26b\r\n", true},
    {"GET /recordings/ HTTP/1.1\r\n" HOST "\r\n", 200, "3 files", true},
    {"GET /recordings/r001.wav HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Type: audio/wav\r\n", true},
    {"GET /recordings/r%3001.wav HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Length: 100\r\n", true},
    {"HEAD /recordings/r001.wav HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Length: 100\r\n", false},
    {"GET /recordings/r003.wav HTTP/1.1\r\n" HOST "\r\n", 404, NULL, true},
    {"GET /recordings/%zz HTTP/1.1\r\n" HOST "\r\n", 404, NULL, true},
    {"GET /recordings/%00 HTTP/1.1\r\n" HOST "\r\n", 404, NULL, true},
    {"GET /nothing HTTP/1.1\r\n" HOST "\r\n", 404, "/healthz", true},
    {"OPTIONS /nothing HTTP/1.1\r\n" HOST "\r\n", 404, NULL, true},
    {"GET /healthz/ HTTP/1.1\r\n" HOST "\r\n", 404, NULL, true},
    {"GET /echo HTTP/1.1\r\n" HOST "\r\n", 426, "Upgrade: websocket\r\n", true},
    {"OPTIONS /echo HTTP/1.1\r\n" HOST "\r\n", 200, "Allow:", false},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405, "Allow: GET, HEAD, OPTIONS\r\n", true},
    {"get / HTTP/1.1\r\n" HOST "\r\n", 405, NULL, true},
    {"DELETE /recordings/r001.wav HTTP/1.1\r\n" HOST "\r\n", 405, NULL, true},
    {"POST /nothing HTTP/1.1\r\n" HOST "\r\n", 404, NULL, true},
    {"HEAD / HTTP/1.1\r\n" HOST DESK_UPGRADE "\r\n", 200, NULL, false},
    {"GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 200, "9.8.7", true},
    {"GET / HTTP/1.1\r\n\r\n", 400, "Bad request: exactly one Host", true},
    {"GET  / HTTP/1.1\r\n" HOST "\r\n", 400, "Bad request: ", true},
    {"GET / HTTP/2.0\r\n" HOST "\r\n", 505, NULL, true},
    {"GET / HTTP/1.1\n", 400, "CR LF", true},
    {"\x16\x03\x01\x02", 400, "TLS", true},
};

static void check_row(const struct row *row, const struct line *l)
{
    if (desk_status(l) != row->status || (row->has != NULL && !desk_has(l, row->has)) ||
        (strlen(desk_body(l)) > 0) != row->body) {
        fail_msg("%s: got %s", row->request, l->got != NULL ? l->got : "nothing");
    }
    assert_true(desk_has(l, "\r\nConnection: close\r\n") && desk_has(l, "\r\nVary: Origin\r\n"));
    assert_false(l->up);
    assert_true(l->told_end && l->conn != NULL && http_conn_phase(l->conn) == HTTP_PHASE_LINGER);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct desk *d = start();
        check_row(&ROWS[i], desk_ask(d, ROWS[i].request));
        desk_end(d);
    }
}

static void test_splits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        size_t len = strlen(ROWS[i].request);
        for (size_t at = 1; at < len; at++) {
            struct desk *d = start();
            struct line *l = desk_connect(d, DESK_LOCAL);
            desk_send_bytes(d, l, ROWS[i].request, at);
            desk_send_bytes(d, l, ROWS[i].request + at, len - at);
            desk_settle(d);
            check_row(&ROWS[i], l);
            desk_end(d);
        }
        struct desk *d = start();
        d->chunk = 1;
        check_row(&ROWS[i], desk_ask(d, ROWS[i].request));
        desk_end(d);
    }
}

static void test_bytes_behind(void **state)
{
    (void)state;
    struct desk *d = start();
    struct line *l = desk_ask(d, "GET /healthz HTTP/1.1\r\n" HOST "\r\nGET /nothing HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(desk_status(l), 200);
    assert_false(desk_has(l, "404"));
    desk_send(d, l, "GET / HTTP/1.1\r\n" HOST "\r\n"); /* read and thrown away, so that nothing is reset */
    assert_string_equal(desk_body(l), "ok\n");
    desk_end(d);
}

static void test_cors(void **state)
{
    (void)state;
    static const char *const origins[] = {"https://*.app.example"};
    static const struct {
        const char *request;
        int status;
        bool may_read;
    } CASES[] = {
        {"GET /healthz?token=alpha HTTP/1.1\r\n" HOST "Origin: https://x.app.example\r\n\r\n", 200, true},
        {"GET /healthz HTTP/1.1\r\n" HOST "Origin: https://x.app.example\r\nAuthorization: Bearer alpha\r\n\r\n", 200,
         true},
        {"GET /healthz HTTP/1.1\r\n" HOST "Origin: https://x.app.example\r\n\r\n", 401,
         true}, /* its page may see why */
        {"GET /recordings/ HTTP/1.1\r\n" HOST "Origin: https://x.app.example\r\nAuthorization: Bearer alpha\r\n\r\n",
         200, true},
        {"GET /recordings/r001.wav?token=alpha HTTP/1.1\r\n" HOST "Origin: https://x.app.example\r\n\r\n", 200, true},
        {"GET /healthz HTTP/1.1\r\n" HOST "Origin: https://evil.example\r\nAuthorization: Bearer alpha\r\n\r\n", 200,
         false},
        {"GET /healthz?token=alpha HTTP/1.1\r\n" HOST "Origin: https://evil.example\r\n\r\n", 403, false},
        {"OPTIONS /healthz HTTP/1.1\r\n" HOST
         "Origin: https://x.app.example\r\nAccess-Control-Request-Method: GET\r\n\r\n",
         200, true},
        {"OPTIONS /healthz HTTP/1.1\r\n" HOST
         "Origin: https://evil.example\r\nAccess-Control-Request-Method: GET\r\n\r\n",
         403, false},
        {"OPTIONS /healthz HTTP/1.1\r\n" HOST "Origin: https://x.app.example\r\n\r\n", 401, true}, /* no preflight */
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct desk *d = &desk;
        desk_init(d);
        d->recordings = 3;
        d->config.rules = (struct http_rules){.origins = origins, .origin_count = 1, .needs_token = true};
        desk_start(d);
        desk_tokens(d, "alpha\n");
        const struct line *l = desk_ask(d, CASES[i].request);
        bool may_read = desk_has(l, "Access-Control-Allow-Origin: https://x.app.example\r\n");
        if (desk_status(l) != CASES[i].status || may_read != CASES[i].may_read) {
            fail_msg("%s: got %s", CASES[i].request, l->got);
        }
        if (strstr(CASES[i].request, "Request-Method") != NULL && CASES[i].may_read) {
            assert_true(desk_has(l, "Access-Control-Allow-Methods: GET, HEAD\r\n"));
            assert_true(desk_has(l, "Access-Control-Allow-Headers: Authorization, *\r\n"));
            assert_true(desk_has(l, "Access-Control-Max-Age: 600\r\n"));
        }
        desk_end(d);
    }
}

static void test_health(void **state)
{
    (void)state;
    struct desk *d = start();
    assert_string_equal(desk_body(desk_ask(d, "GET /healthz HTTP/1.1\r\n" HOST "\r\n")), "ok\n");
    d->registered = false;
    const struct line *l = desk_ask(d, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(desk_status(l), 503);
    assert_string_equal(desk_body(l), "unregistered\n");
    l = desk_ask(d, "OPTIONS /healthz HTTP/1.0\r\n\r\n"); /* as balancers do that know nothing else */
    assert_int_equal(desk_status(l), 503);
    assert_string_equal(desk_body(l), "");
    http_server_stop(d->server, d->now);
    l = desk_ask(d, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(desk_status(l), 503);
    assert_string_equal(desk_body(l), "stopping\n");
    desk_end(d);

    desk_init(d);
    d->config.site.is_registered = NULL;
    d->config.site.loopback = true;
    d->registered = false;
    desk_start(d);
    assert_string_equal(desk_body(desk_ask(d, "GET /healthz HTTP/1.1\r\n" HOST "\r\n")), "ok loopback\n");
    desk_end(d);
}

static void test_front_page(void **state)
{
    (void)state;
    struct desk *d = &desk;
    desk_init(d);
    d->config.site.loopback = true;
    desk_start(d);
    const struct line *l = desk_ask(d, "GET / HTTP/1.1\r\n" HOST "\r\n");
    assert_true(desk_has(l, "<h1>ws_audio_server 9.8.7</h1>"));
    assert_true(desk_has(l, "<p>Commands: <code>CALL:target</code>, <code>SAY:&lt;b&gt;</code>.</p>"));
    assert_true(desk_has(l, "No SIP server is set"));
    assert_true(desk_has(l, "Content-Security-Policy: default-src 'none'"));
    desk_end(d);
}

static void test_recordings(void **state)
{
    (void)state;
    struct desk *d = start();
    d->recordings = 300;
    d->recording_bytes = 100000;
    const struct line *l = desk_ask(d, "GET /recordings/ HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(desk_status(l), 200);
    assert_true(l->got_len > HTTP_PIECE && !desk_has(l, "Content-Length"));
    for (unsigned i = 0; i < 300; i++) {
        char row[64];
        snprintf(row, sizeof(row), "<a href=\"/recordings/r%03u.wav\">", i);
        assert_true(desk_has(l, row));
    }
    assert_true(desk_has(l, "300 files"));
    l = desk_ask(d, "GET /recordings/r007.wav HTTP/1.1\r\n" HOST "\r\n");
    assert_true(desk_has(l, "Content-Length: 100000\r\n"));
    const char *body = desk_body(l);
    assert_int_equal(l->got_len - (size_t)(body - l->got), 100000);
    for (size_t i = 0; i < 100000; i++) {
        assert_int_equal(body[i], 'a' + (int)((i + 7) % 26));
    }
    assert_int_equal(d->handles, 0);
    desk_end(d);
}

static void test_recordings_end_early(void **state)
{
    (void)state;
    struct desk *d = start();
    d->recording_bytes = 100000;
    const struct line *l = desk_ask(d, "HEAD /recordings/ HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(desk_status(l), 200);
    assert_string_equal(desk_body(l), "");
    assert_int_equal(desk_status(desk_ask(d, "HEAD /recordings/r000.wav HTTP/1.1\r\n" HOST "\r\n")), 200);
    assert_int_equal(d->handles, 0);
    d->read_fails_at = 40000;
    l = desk_ask(d, "GET /recordings/r000.wav HTTP/1.1\r\n" HOST "\r\n");
    size_t len = l->got_len - (size_t)(desk_body(l) - l->got);
    assert_true(len > 0 && len < 100000); /* shorter than its Content-Length: whoever reads sees that it is not whole */
    assert_int_equal(d->handles, 0);
    d->read_fails_at = 0;
    struct line *gone = desk_connect(d, DESK_LOCAL);
    gone->reads = false;
    desk_send(d, gone, "GET /recordings/r000.wav HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(d->handles, 1);
    desk_drop(d, gone);
    assert_int_equal(d->handles, 0);
    desk_end(d);
}

static void test_no_recordings(void **state)
{
    (void)state;
    struct desk *d = &desk;
    desk_init(d);
    d->config.site.recording_next = NULL;
    desk_start(d);
    assert_int_equal(desk_status(desk_ask(d, "GET /recordings HTTP/1.1\r\n" HOST "\r\n")), 404);
    assert_int_equal(desk_status(desk_ask(d, "GET /recordings/ HTTP/1.1\r\n" HOST "\r\n")), 404);
    assert_int_equal(desk_status(desk_ask(d, "OPTIONS /recordings HTTP/1.1\r\n" HOST "\r\n")), 404);
    desk_end(d);
}

static void test_one_line_for_many(void **state)
{
    (void)state;
    struct desk *d = start();
    for (int i = 0; i < 40; i++) {
        desk_drop(d, desk_ask(d, "GARBAGE\r\n\r\n"));
    }
    assert_int_equal(desk_logged(d, "refused: 400"), 5);
    desk_run(d, DUR_S(11));
    desk_ask(d, "GARBAGE\r\n\r\n");
    assert_int_equal(desk_logged(d, "refused: 400"), 6);
    desk_end(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),          cmocka_unit_test(test_splits),
        cmocka_unit_test(test_bytes_behind),  cmocka_unit_test(test_cors),
        cmocka_unit_test(test_health),        cmocka_unit_test(test_front_page),
        cmocka_unit_test(test_recordings),    cmocka_unit_test(test_recordings_end_early),
        cmocka_unit_test(test_no_recordings), cmocka_unit_test(test_one_line_for_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
