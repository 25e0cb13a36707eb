/* origin.c: tables, every truncation and every byte changed, flush against an inaccessible page; what parses is equal to itself
 * written anew. (How origins are judged: test_access.c.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"
#include "origin.h"

static const char *const good[] = {
    "http://example.com",    "https://a-b.c:8443", "http://[2001:db8::1]:80", "http://127.0.0.1:1", "null",
    "chrome-extension://abc"};

static void write_host(struct outbuf *out, const struct origin_host *host)
{
    outbuf_span(out, host->name);
    if (host->port != 0) {
        outbuf_printf(out, ":%u", host->port);
    }
}

static void check(const char *bytes, size_t len)
{
    struct origin origin;
    struct origin again;
    char text[256];
    struct outbuf out;
    struct span in = span_make(bytes, len);
    int status = origin_parse(in, &origin);
    assert_true(status == ST_OK || status == ST_BAD);
    if (status != ST_OK || origin.is_null) {
        assert_true(status != ST_OK || span_eq(in, SPAN_LIT("null")));
        return;
    }
    assert_true(origin.scheme.len > 0 && origin.host.name.len > 0);
    outbuf_init(&out, text, sizeof(text));
    outbuf_span(&out, origin.scheme);
    outbuf_str(&out, "://");
    write_host(&out, &origin.host);
    assert_int_equal(origin_parse(outbuf_view(&out), &again), ST_OK);
    assert_true(origin_equal(&origin, &again) && origin_equal(&again, &origin));
}

static void test_truncations_and_byte_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct origin origin;
        assert_int_equal(origin_parse(span_cstr(good[i]), &origin), ST_OK);
        for (size_t len = 0; len <= strlen(good[i]); len++) {
            struct guard g = guard_copy(good[i], len);
            check(g.ptr, len);
            guard_free(&g);
        }
        struct guard g = guard_copy(good[i], strlen(good[i]));
        for (size_t at = 0; at < g.len; at++) {
            for (int c = 0; c < 256; c++) {
                g.ptr[at] = (char)c;
                check(g.ptr, g.len);
            }
            g.ptr[at] = good[i][at];
        }
        guard_free(&g);
    }
}

static void test_hosts(void **state)
{
    static const struct {
        const char *text;
        const char *name; /* NULL: refused */
        uint16_t port;
    } rows[] = {
        {"localhost", "localhost", 80},
        {"a.b:8080", "a.b", 8080},
        {"[::1]:1", "[::1]", 1},
        {"[::1]", "[::1]", 80},
        {"127.0.0.1", "127.0.0.1", 80},
        {"", NULL, 0},
        {":80", NULL, 0},
        {"a:", NULL, 0},
        {"a:0", NULL, 0},
        {"a:65536", NULL, 0},
        {"a/b", NULL, 0},
        {"u@a", NULL, 0},
        {"[::1", NULL, 0},
        {"[::1]x", NULL, 0},
        {"::1", NULL, 0},
        {"a b", NULL, 0},
        {"a:8:0", NULL, 0},
        {"[a]", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct origin_host host;
        struct guard g = guard_copy(rows[i].text, strlen(rows[i].text));
        int status = origin_host_parse(span_make(g.ptr, g.len), 80, &host);
        if ((status == ST_OK) != (rows[i].name != NULL)) {
            fail_msg("\"%s\": %d", rows[i].text, status);
        }
        if (status == ST_OK) {
            assert_true(span_eq(host.name, span_cstr(rows[i].name)));
            assert_int_equal(host.port, rows[i].port);
            assert_true(origin_host_same_name(&host, &host));
        }
        guard_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncations_and_byte_changes),
        cmocka_unit_test(test_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
