/* SPDX-License-Identifier: MIT */
/* origin.c: tables, every truncation and every byte changed, flush against an inaccessible page; what parses is equal to itself
 * written anew. (How origins are judged: test_access.c.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/http/origin.h"

static const char *const good[] = {"http://example.com",
                                   "https://a-b.c:8443",
                                   "http://[2001:db8::1]:80",
                                   "http://127.0.0.1:1",
                                   "null",
                                   "chrome-extension://abc",
                                   "HTTP://Example.COM/",
                                   "file://",
                                   "file:///",
                                   "app://."};

static const char *const good_patterns[] = {"https://*.example.com", "HTTPS://*.Example.com:8443/", "app://*.a"};

static void write_host(struct outbuf *out, const struct origin_host *host)
{
    outbuf_span(out, host->name);
    if (host->port != 0) {
        outbuf_printf(out, ":%u", host->port);
    }
}

typedef int (*parse_fn)(struct span text, struct origin *out);

static void check(const char *bytes, size_t len, parse_fn parse)
{
    struct origin origin;
    struct origin again;
    char text[256];
    struct outbuf out;
    struct span in = span_make(bytes, len);
    int status = parse(in, &origin);
    assert_true(status == ST_OK || status == ST_BAD);
    if (status != ST_OK || origin.is_null) {
        assert_true(status != ST_OK || span_ieq(in, SPAN_LIT("null")));
        return;
    }
    assert_true(origin.scheme.len > 0 && (origin.host.name.len > 0 || origin.default_port == 0));
    assert_true(!origin.subdomains || (parse == origin_pattern_parse && origin.host.literal.family == 0));
    outbuf_init(&out, text, sizeof(text));
    outbuf_span(&out, origin.scheme);
    outbuf_str(&out, origin.subdomains ? "://*." : "://");
    write_host(&out, &origin.host);
    assert_int_equal(parse(outbuf_view(&out), &again), ST_OK);
    assert_int_equal(again.subdomains, origin.subdomains);
    if (!origin.subdomains) {
        assert_true(origin_matches(&origin, &again) && origin_matches(&again, &origin));
    }
}

static void check_all(const char *text, parse_fn parse)
{
    struct origin origin;
    assert_int_equal(parse(span_cstr(text), &origin), ST_OK);
    for (size_t len = 0; len <= strlen(text); len++) {
        struct guard g = guard_copy(text, len);
        check(g.ptr, len, parse);
        guard_free(&g);
    }
    struct guard g = guard_copy(text, strlen(text));
    for (size_t at = 0; at < g.len; at++) {
        for (int c = 0; c < 256; c++) {
            g.ptr[at] = (char)c;
            check(g.ptr, g.len, parse);
        }
        g.ptr[at] = text[at];
    }
    guard_free(&g);
}

static void test_truncations_and_byte_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        check_all(good[i], origin_parse);
        check_all(good[i], origin_pattern_parse);
    }
    for (size_t i = 0; i < sizeof(good_patterns) / sizeof(good_patterns[0]); i++) {
        struct origin origin;
        check_all(good_patterns[i], origin_pattern_parse);
        assert_int_equal(origin_parse(span_cstr(good_patterns[i]), &origin), ST_BAD); /* no page may say it */
    }
}

static void test_matches(void **state)
{
    static const struct {
        const char *pattern, *origin;
        bool matches, names_host;
    } rows[] = {
        {"http://a.b", "http://A.B/", true, true},
        {"HTTP://A.B:80/", "http://a.b", true, true},
        {"http://a.b", "https://a.b", false, true},
        {"http://a.b", "http://a.b:8080", false, true},
        {"http://a.b", "http://x.a.b", false, false},
        {"file://", "file:///", true, false},
        {"file://", "file://host", false, false},
        {"file://", "app://", false, false},
        {"NULL", "null", true, false},
        {"null", "file://", false, false},
        {"file://", "null", false, false},
        {"https://*.a.b", "https://x.a.b", true, true},
        {"https://*.a.b", "https://x.y.A.B/", true, true},
        {"https://*.a.b", "https://a.b", false, false},
        {"https://*.a.b", "https://.a.b", false, false},
        {"https://*.a.b", "https://xa.b", false, false},
        {"https://*.a.b", "https://x.a.b.c", false, false},
        {"https://*.a.b", "https://x.a.b:444", false, true},
        {"https://*.a.b:444", "https://x.a.b:444", true, true},
        {"https://*.a.b", "http://x.a.b:443", false, true},
        {"https://*.3.4", "https://1.2.3.4", false, false},
        {"http://[::1]", "http://[0:0::1]:80", true, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct origin pattern;
        struct origin origin;
        assert_int_equal(origin_pattern_parse(span_cstr(rows[i].pattern), &pattern), ST_OK);
        assert_int_equal(origin_parse(span_cstr(rows[i].origin), &origin), ST_OK);
        if (origin_matches(&pattern, &origin) != rows[i].matches ||
            origin_names_host(&pattern, &origin.host) != rows[i].names_host) {
            fail_msg("%s, %s", rows[i].pattern, rows[i].origin);
        }
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
        cmocka_unit_test(test_matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
