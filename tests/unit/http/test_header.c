/* SPDX-License-Identifier: MIT */
/* header.c, byte by byte: query values and percent-decoding at every truncation, with every single byte changed, in
 * every size of room, their input and output flush against an inaccessible page. (Tables: test_request.c.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/http.h"

static const char coded[] = "a%20b%41+%e4%B8%ad%7e";
static const char plain[] = "a bA+\xe4\xb8\xad~";

/* Decoding, written a second time: the length, or -1. */
static int expect(const char *in, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    int n = 0;
    for (size_t i = 0; i < len; i++) {
        int c = (unsigned char)in[i];
        if (c == '%') {
            const char *high = len - i > 2 && in[i + 1] != '\0' ? strchr(digits, in[i + 1]) : NULL;
            const char *low = high != NULL && in[i + 2] != '\0' ? strchr(digits, in[i + 2]) : NULL;
            if (low == NULL) {
                return -1;
            }
            c = (int)((high - digits) % 16 * 16 + (low - digits) % 16);
            i += 2;
        }
        if (c == 0) {
            return -1;
        }
        out[n++] = (char)c;
    }
    return n;
}

static void check(const char *in, size_t len)
{
    char wanted[64];
    int n = expect(in, len, wanted);
    struct guard room = guard_room(n >= 0 ? (size_t)n + 1 : 64);
    int status = http_percent_decode(span_make(in, len), room.ptr, room.len);
    assert_int_equal(status, n >= 0 ? ST_OK : ST_BAD);
    if (n >= 0) {
        assert_memory_equal(room.ptr, wanted, (size_t)n);
        assert_int_equal(room.ptr[n], '\0');
    }
    guard_free(&room);
}

static void test_every_truncation_and_byte(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof(coded); len++) {
        struct guard g = guard_copy(coded, len);
        check(g.ptr, len);
        guard_free(&g);
    }
    struct guard g = guard_copy(coded, sizeof(coded) - 1);
    for (size_t at = 0; at < g.len; at++) {
        for (int c = 0; c < 256; c++) {
            g.ptr[at] = (char)c;
            check(g.ptr, g.len);
        }
        g.ptr[at] = coded[at];
    }
    guard_free(&g);
}

static void test_every_room(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < sizeof(plain) + 3; cap++) {
        struct guard room = guard_room(cap);
        int status = http_percent_decode(span_cstr(coded), room.ptr, cap);
        assert_int_equal(status, cap >= sizeof(plain) ? ST_OK : ST_TOO_LARGE);
        if (status == ST_OK) {
            assert_string_equal(room.ptr, plain);
        }
        guard_free(&room);
    }
}

static void test_what_is_encoded_decodes(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        char in[8];
        char out[4];
        (void)snprintf(in, sizeof(in), c % 2 == 0 ? "%%%02x" : "%%%02X", (unsigned)c);
        assert_int_equal(http_percent_decode(span_cstr(in), out, sizeof(out)), ST_OK);
        assert_int_equal((unsigned char)out[0], c);
        assert_int_equal(out[1], '\0');
    }
}

static const char query[] = "a=1&token=x%41&&b&=e&token=2";

/* The query as a request would hold it, but at its own place. */
static int value_of(const char *text, size_t len, const char *key, char out[64])
{
    static struct http_request r;
    http_request_init(&r);
    r.query = span_make(text, len);
    return http_query_value(&r, key, out, 64);
}

static void test_query_at_every_truncation(void **state)
{
    char out[64];
    (void)state;
    for (size_t len = 0; len < sizeof(query); len++) {
        struct guard g = guard_copy(query, len);
        int status = value_of(g.ptr, len, "token", out);
        size_t have = len < 10 ? 0 : len - 10; /* bytes behind "a=1&token=" */
        if (len < 9) {
            assert_int_equal(status, ST_NOT_FOUND);
        } else if (have == 2 || have == 3) {
            assert_int_equal(status, ST_BAD); /* inside the escape */
        } else {
            assert_int_equal(status, ST_OK);
            assert_string_equal(out, have == 0 ? "" : have == 1 ? "x" : "xA");
        }
        assert_int_equal(value_of(g.ptr, len, "absent", out), ST_NOT_FOUND);
        guard_free(&g);
    }
}

static void test_query_with_every_byte(void **state)
{
    char out[64];
    struct guard g = guard_copy(query, sizeof(query) - 1);
    (void)state;
    for (size_t at = 0; at < g.len; at++) {
        for (int c = 0; c < 256; c++) {
            g.ptr[at] = (char)c;
            int status = value_of(g.ptr, g.len, "token", out);
            assert_true(status == ST_OK || status == ST_BAD);
            assert_true(status != ST_OK || strlen(out) <= g.len);
            /* a change in the first of the two keys lets the second be found */
            if (at >= 4 && at < 9 && c != query[at]) {
                assert_int_equal(status, ST_OK);
                assert_string_equal(out, "2");
            }
        }
        g.ptr[at] = query[at];
    }
    guard_free(&g);
}

/* A list of tokens in a header, cut and changed. */
static void test_tokens_with_every_byte(void **state)
{
    static const char list[] = "keep-alive, Upgrade";
    static struct http_request r;
    (void)state;
    for (size_t len = 0; len < sizeof(list); len++) {
        struct guard g = guard_copy(list, len);
        http_request_init(&r);
        r.header_count = 1;
        r.headers[0] = (struct http_header){SPAN_LIT("Connection"), span_make(g.ptr, len)};
        assert_int_equal(http_header_has_token(&r, "connection", "upgrade"), len == sizeof(list) - 1);
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                g.ptr[at] = (char)c;
                bool has = http_header_has_token(&r, "connection", "upgrade");
                assert_true(!has || len == sizeof(list) - 1);
                bool same = c == list[at] || (char_is_alpha((char)c) && (c ^ 0x20) == list[at]);
                assert_true(at < 12 || !same || len != sizeof(list) - 1 || has);
                assert_true(at < 12 || same || !has);
            }
            g.ptr[at] = list[at];
        }
        guard_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_truncation_and_byte), cmocka_unit_test(test_every_room),
        cmocka_unit_test(test_what_is_encoded_decodes),   cmocka_unit_test(test_query_at_every_truncation),
        cmocka_unit_test(test_query_with_every_byte),     cmocka_unit_test(test_tokens_with_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
