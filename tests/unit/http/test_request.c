/* SPDX-License-Identifier: MIT */
/* request.c, header.c, response.c (RFC 9112). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/http.h"

static const char good[] = "GET /recordings/a.wav?token=a%2Bb&x=1 HTTP/1.1\r\n"
                           "Host: localhost:8080\r\n"
                           "Accept: text/html\r\n"
                           "ACCEPT:\t one , Two,three \t\r\n"
                           "X-Empty:\r\n"
                           "\r\n";

static void push_text(struct http_request *r, const char *text)
{
    http_request_init(r);
    assert_true(http_request_push(r, text, strlen(text)) <= strlen(text));
}

static void expect_good(const struct http_request *r)
{
    assert_int_equal(r->state, HTTP_READY);
    assert_true(span_eq(r->method, SPAN_LIT("GET")));
    assert_true(span_eq(r->path, SPAN_LIT("/recordings/a.wav")));
    assert_true(span_eq(r->query, SPAN_LIT("token=a%2Bb&x=1")));
    assert_int_equal(r->minor_version, 1);
    assert_int_equal(r->header_count, 4);
    assert_int_equal(r->head_len, sizeof(good) - 1);
    assert_true(span_eq(*http_header_find(r, "host"), SPAN_LIT("localhost:8080")));
    assert_true(span_eq(r->headers[2].value, SPAN_LIT("one , Two,three")));
    assert_int_equal(r->headers[3].value.len, 0);
}

static void test_whole_request(void **state)
{
    struct http_request r;
    (void)state;
    push_text(&r, good);
    expect_good(&r);
    assert_int_equal(http_header_count(&r, "accept"), 2);
    assert_int_equal(http_header_count(&r, "accep"), 0);
    assert_null(http_header_find(&r, "Upgrade"));
    assert_true(http_header_has_token(&r, "Accept", "TWO"));
    assert_true(http_header_has_token(&r, "accept", "text/html"));
    assert_false(http_header_has_token(&r, "accept", "tw"));
    assert_false(http_header_has_token(&r, "accept", "one , Two"));
}

static void test_what_follows_the_head_is_left(void **state)
{
    struct http_request r;
    (void)state;
    char both[sizeof(good) + 4];
    memcpy(both, good, sizeof(good) - 1);
    memcpy(both + sizeof(good) - 1, "\x81\x85xyz", 5);
    http_request_init(&r);
    assert_int_equal(http_request_push(&r, both, sizeof(both)), sizeof(good) - 1);
    expect_good(&r);
    assert_int_equal(http_request_push(&r, "more", 4), 0);
}

static void test_every_split(void **state)
{
    struct http_request r;
    (void)state;
    for (size_t cut = 0; cut < sizeof(good); cut++) {
        struct guard head = guard_copy(good, cut);
        struct guard tail = guard_copy(good + cut, sizeof(good) - 1 - cut);
        http_request_init(&r);
        assert_int_equal(http_request_push(&r, head.ptr, cut), cut);
        assert_int_equal(r.state, cut < sizeof(good) - 1 ? HTTP_MORE : HTTP_READY);
        assert_int_equal(http_request_push(&r, tail.ptr, tail.len), tail.len);
        expect_good(&r);
        guard_free(&head);
        guard_free(&tail);
    }
    http_request_init(&r);
    for (size_t i = 0; i < sizeof(good) - 1; i++) {
        assert_int_equal(http_request_push(&r, good + i, 1), 1);
    }
    expect_good(&r);
}

struct bad {
    const char *text;
    int error;
};

static void test_bad_requests(void **state)
{
    static const struct bad table[] = {
        {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\rHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\n\n", 400},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nA(: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\x7f\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
        {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /\r\nHost: a\r\n\r\n", 400},
        {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/11\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/x.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.x\r\nHost: a\r\n\r\n", 400},
        {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", 400}, /* found by fuzzing: arithmetic on a null pointer */
        {"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET http://b/ HTTP/1.0\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
        {"PRI * HTTP/2.0\r\n\r\n", 505},
        {"\x16\x03\x01\x02", 400},
    };
    struct http_request r;
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        push_text(&r, table[i].text);
        if (r.state != HTTP_BAD || r.error != table[i].error) {
            fail_msg("%zu: state %d, error %d: %s", i, r.state, r.error, table[i].text);
        }
        assert_non_null(r.why);
        assert_int_equal(http_request_push(&r, "x", 1), 0);
    }
}

/* What decides comes in shapes of which only the plain one may pass; a hint where many make the same mistake. */
static void test_shapes_of_the_field(void **state)
{
    static const struct {
        const char *text;
        int error; /* 0: taken */
        const char *why;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: a \t\r\nX:\t b\t \r\n\r\n", 0, NULL},
        {"OPTIONS /healthz HTTP/1.0\r\n\r\n", 0, NULL}, /* httpchk */
        {"OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", 0, NULL},
        {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", 0, NULL},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 0, NULL}, /* the body is left, and read away */
        {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 400, "path"},
        {"GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "path"},
        {"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "differ"},
        {"GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "differ"},
        {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "version"},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "version"},
        {"GET /\xe4\xb8\xad HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"},
        {"GET / HTTP/1.1\r\nHost: a\r\nOrigin: x\r\n y\r\n\r\n", 400, "header line"}, /* folded */
        {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "Host"},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "Host"},
        {"\x16\x03\x01\x02\x00\x01", 400, "TLS"},
        {"G\x16", 400, "control"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_request r;
        push_text(&r, rows[i].text);
        bool taken = r.state == HTTP_READY;
        if (taken != (rows[i].error == 0) || (!taken && (r.state != HTTP_BAD || r.error != rows[i].error))) {
            fail_msg("%zu: state %d, error %d: %s", i, r.state, r.error, rows[i].text);
        }
        assert_true(taken || strstr(r.why, rows[i].why) != NULL);
    }
}

static void test_other_good_requests(void **state)
{
    struct http_request r;
    (void)state;
    push_text(&r, "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n");
    assert_int_equal(r.state, HTTP_READY);
    assert_true(span_eq(r.path, SPAN_LIT("*")));
    push_text(&r, "GET /healthz HTTP/1.0\r\n\r\n");
    assert_int_equal(r.state, HTTP_READY);
    assert_int_equal(r.minor_version, 0);
    push_text(&r, "GET HTTP://A:1?q=2 HTTP/1.1\r\nHost: a:1\r\n\r\n");
    assert_int_equal(r.state, HTTP_READY);
    assert_true(span_eq(r.path, SPAN_LIT("/")));
    assert_true(span_eq(r.query, SPAN_LIT("q=2")));
    push_text(&r, "GET http://[::1]:1/x HTTP/1.1\r\nHost: [::1]:1\r\nA: \xe4\xb8\xad\r\n\r\n");
    assert_int_equal(r.state, HTTP_READY);
    assert_true(span_eq(r.path, SPAN_LIT("/x")));
}

/* A head of exactly `total` bytes. */
static void push_sized(struct http_request *r, size_t total)
{
    static const char start[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    char *text = malloc(total);
    assert_non_null(text);
    memset(text, 'y', total);
    memcpy(text, start, sizeof(start) - 1);
    memcpy(text + total - 4, "\r\n\r\n", 4);
    http_request_init(r);
    (void)http_request_push(r, text, total);
    free(text);
}

static void test_limits(void **state)
{
    struct http_request r;
    char line[32];
    (void)state;
    push_sized(&r, HTTP_HEAD_MAX);
    assert_int_equal(r.state, HTTP_READY);
    push_sized(&r, HTTP_HEAD_MAX + 1);
    assert_int_equal(r.state, HTTP_BAD);
    assert_int_equal(r.error, 431);
    push_text(&r, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 1; i < HTTP_HEADERS_MAX; i++) {
        int len = snprintf(line, sizeof(line), "H%d: v\r\n", i);
        (void)http_request_push(&r, line, (size_t)len);
    }
    struct http_request full = r;
    (void)http_request_push(&full, "\r\n", 2);
    assert_int_equal(full.state, HTTP_READY);
    assert_int_equal(full.header_count, HTTP_HEADERS_MAX);
    (void)http_request_push(&r, "One: more\r\n\r\n", 13);
    assert_int_equal(r.state, HTTP_BAD);
    assert_int_equal(r.error, 431);
}

static void test_single_byte_changes(void **state)
{
    static struct http_request r;
    char text[sizeof(good)];
    char value[64];
    (void)state;
    for (size_t i = 0; i < sizeof(good) - 1; i++) {
        for (int c = 0; c < 256; c++) {
            memcpy(text, good, sizeof(good));
            text[i] = (char)c;
            http_request_init(&r);
            size_t taken = http_request_push(&r, text, sizeof(good) - 1);
            assert_true(taken <= sizeof(good) - 1);
            assert_true(r.state != HTTP_BAD || (r.why != NULL && r.error >= 400));
            if (r.state == HTTP_READY) {
                (void)!http_query_value(&r, "token", value, sizeof(value));
            }
        }
    }
}

static void test_what_is_written_reads_the_same(void **state)
{
    static struct http_request r, again;
    char text[512];
    struct outbuf out;
    (void)state;
    push_text(&r, good);
    outbuf_init(&out, text, sizeof(text));
    outbuf_printf(&out, "%.*s %.*s?%.*s HTTP/1.%u\r\n", SPAN_ARG(r.method), SPAN_ARG(r.path), SPAN_ARG(r.query),
                  (unsigned)r.minor_version);
    for (size_t i = 0; i < r.header_count; i++) {
        outbuf_printf(&out, "%.*s: %.*s\r\n", SPAN_ARG(r.headers[i].name), SPAN_ARG(r.headers[i].value));
    }
    outbuf_str(&out, "\r\n");
    http_request_init(&again);
    assert_int_equal(http_request_push(&again, text, out.len), out.len);
    assert_int_equal(again.state, HTTP_READY);
    assert_true(span_eq(again.path, r.path) && span_eq(again.query, r.query) && span_eq(again.method, r.method));
    assert_int_equal(again.header_count, r.header_count);
    for (size_t i = 0; i < r.header_count; i++) {
        assert_true(span_eq(again.headers[i].name, r.headers[i].name));
        assert_true(span_eq(again.headers[i].value, r.headers[i].value));
    }
}

static void test_query(void **state)
{
    struct http_request r;
    char value[8];
    (void)state;
    push_text(&r, "GET /?a=1&token=x%20%41+&a=2&flag&bad=%4&nul=%00&long=12345678&six=1234567&=e HTTP/1.0\r\n\r\n");
    assert_int_equal(http_query_value(&r, "token", value, sizeof(value)), ST_OK);
    assert_string_equal(value, "x A+");
    assert_int_equal(http_query_value(&r, "a", value, sizeof(value)), ST_OK);
    assert_string_equal(value, "1");
    assert_int_equal(http_query_value(&r, "flag", value, sizeof(value)), ST_OK);
    assert_string_equal(value, "");
    assert_int_equal(http_query_value(&r, "six", value, sizeof(value)), ST_OK);
    assert_int_equal(http_query_value(&r, "long", value, sizeof(value)), ST_TOO_LARGE);
    assert_int_equal(http_query_value(&r, "bad", value, sizeof(value)), ST_BAD);
    assert_int_equal(http_query_value(&r, "nul", value, sizeof(value)), ST_BAD);
    assert_int_equal(http_query_value(&r, "Token", value, sizeof(value)), ST_NOT_FOUND);
    assert_int_equal(http_query_value(&r, "tok", value, sizeof(value)), ST_NOT_FOUND);
    push_text(&r, "GET / HTTP/1.0\r\n\r\n");
    assert_int_equal(http_query_value(&r, "a", value, sizeof(value)), ST_NOT_FOUND);
}

static void test_percent_decode(void **state)
{
    static const char *const bad[] = {"%", "a%", "%4", "%4g", "%g4", "%%41", "%00", "a%0"};
    char out[16];
    (void)state;
    assert_int_equal(http_percent_decode(SPAN_LIT("%e4%B8%ad.wav"), out, sizeof(out)), ST_OK);
    assert_string_equal(out, "\xe4\xb8\xad.wav");
    assert_int_equal(http_percent_decode(SPAN_NONE, out, 1), ST_OK);
    assert_int_equal(http_percent_decode(SPAN_NONE, out, 0), ST_TOO_LARGE);
    assert_int_equal(http_percent_decode(SPAN_LIT("ab"), out, 2), ST_TOO_LARGE);
    assert_int_equal(http_percent_decode(span_make("a\0b", 3), out, sizeof(out)), ST_BAD);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct guard g = guard_copy(bad[i], strlen(bad[i]));
        assert_int_equal(http_percent_decode(span_make(g.ptr, g.len), out, sizeof(out)), ST_BAD);
        guard_free(&g);
    }
}

static void test_response(void **state)
{
    char text[256];
    struct outbuf out;
    (void)state;
    outbuf_init(&out, text, sizeof(text));
    http_write_response(&out, 403, "text/plain", "X-A: b\r\n", SPAN_LIT("no\n"));
    assert_true(span_eq(outbuf_view(&out), SPAN_LIT("HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n"
                                                    "Content-Length: 3\r\nConnection: close\r\nX-A: b\r\n\r\nno\n")));
    outbuf_init(&out, text, sizeof(text));
    http_write_head(&out, 200, NULL, NULL, 123456789012U);
    assert_true(span_eq(outbuf_view(&out),
                        SPAN_LIT("HTTP/1.1 200 OK\r\nContent-Length: 123456789012\r\nConnection: close\r\n\r\n")));
    outbuf_init(&out, text, 10);
    http_write_response(&out, 200, NULL, NULL, SPAN_NONE);
    assert_int_equal(outbuf_status(&out), ST_TOO_LARGE);
    assert_string_equal(http_reason(404), "Not Found");
    assert_string_equal(http_reason(301), "Moved Permanently");
    assert_string_equal(http_reason(599), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_request),
        cmocka_unit_test(test_what_follows_the_head_is_left),
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_shapes_of_the_field),
        cmocka_unit_test(test_other_good_requests),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_single_byte_changes),
        cmocka_unit_test(test_what_is_written_reads_the_same),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_percent_decode),
        cmocka_unit_test(test_response),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
