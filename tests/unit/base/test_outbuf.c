/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/base/outbuf.h"

static void test_writes(void **state)
{
    char storage[128];
    struct outbuf out;

    (void)state;
    outbuf_init(&out, storage, sizeof(storage));
    outbuf_str(&out, "a");
    outbuf_char(&out, 'b');
    outbuf_span(&out, SPAN_LIT("cd"));
    outbuf_span(&out, SPAN_NONE);
    outbuf_bytes(&out, "\0e", 2);
    outbuf_bytes(&out, NULL, 0);
    outbuf_u64(&out, 0);
    outbuf_char(&out, ' ');
    outbuf_u64(&out, UINT64_MAX);
    outbuf_char(&out, ' ');
    outbuf_hex(&out, "\x00\x7F\xAB\xFF", 4);
    outbuf_printf(&out, "%s-%d", "x", 5);
    assert_int_equal(outbuf_status(&out), ST_OK);
    assert_true(span_eq(outbuf_view(&out), span_make("abcd\0e0 18446744073709551615 007FABFFx-5", 40)));
}

static void test_hex_of_every_octet(void **state)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t octets[256];
    char storage[512];
    struct outbuf out;

    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        octets[i] = (uint8_t)i;
    }
    outbuf_init(&out, storage, sizeof(storage));
    outbuf_hex(&out, octets, sizeof(octets));
    assert_int_equal(outbuf_status(&out), ST_OK);
    assert_int_equal(out.len, 512);
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(storage[2 * i], digits[i >> 4]);
        assert_int_equal(storage[2 * i + 1], digits[i & 15]);
    }
}

/* Each kind of write into each size of room: all or nothing, never a byte beyond, and nothing after the first that did not
 * fit. */
static void write_kind(struct outbuf *out, int kind)
{
    switch (kind) {
    case 0: outbuf_str(out, "12345"); break;
    case 1: outbuf_span(out, SPAN_LIT("12345")); break;
    case 2: outbuf_bytes(out, "12345", 5); break;
    case 3: outbuf_u64(out, 12345); break;
    case 4: outbuf_printf(out, "%d", 12345); break;
    case 5: outbuf_hex(out, "\x12\x34\x56", 3); break;
    default: outbuf_char(out, '1'); break;
    }
}

static void test_every_room(void **state)
{
    static const size_t lens[] = {5, 5, 5, 5, 5, 6, 1};
    (void)state;
    for (int kind = 0; kind < 7; kind++) {
        for (size_t cap = 0; cap < 16; cap++) {
            struct guard room = guard_room(cap);
            struct outbuf out;
            size_t want = lens[kind];
            /* vsnprintf needs a byte for its NUL */
            size_t each = kind == 4 ? want + 1 : want;
            outbuf_init(&out, room.ptr, cap);
            write_kind(&out, kind);
            bool fits = each <= cap;
            assert_int_equal(outbuf_status(&out), fits ? ST_OK : ST_TOO_LARGE);
            assert_int_equal(out.len, fits ? want : 0);
            if (!fits) {
                outbuf_bytes(&out, NULL, 0);
                outbuf_char(&out, 'x'); /* sticky, even though one byte might fit */
                outbuf_printf(&out, "%s", "");
                outbuf_hex(&out, "", 0);
                assert_int_equal(out.len, 0);
                assert_int_equal(outbuf_status(&out), ST_TOO_LARGE);
            }
            guard_free(&room);
        }
    }
}

static void test_view_is_a_prefix_after_overflow(void **state)
{
    char storage[4];
    struct outbuf out;

    (void)state;
    outbuf_init(&out, storage, sizeof(storage));
    outbuf_str(&out, "abc");
    outbuf_str(&out, "de");
    outbuf_str(&out, "f");
    assert_true(span_eq(outbuf_view(&out), SPAN_LIT("abc")));
    assert_int_equal(outbuf_status(&out), ST_TOO_LARGE);
}

static void test_exact_fit(void **state)
{
    struct guard room = guard_room(4);
    struct outbuf out;

    (void)state;
    outbuf_init(&out, room.ptr, room.len);
    outbuf_hex(&out, "\x01\x02", 2);
    assert_int_equal(outbuf_status(&out), ST_OK);
    outbuf_bytes(&out, "", 0);
    assert_int_equal(outbuf_status(&out), ST_OK);
    outbuf_char(&out, 'x');
    assert_int_equal(outbuf_status(&out), ST_TOO_LARGE);
    assert_true(span_eq(outbuf_view(&out), SPAN_LIT("0102")));
    guard_free(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes),     cmocka_unit_test(test_hex_of_every_octet),
        cmocka_unit_test(test_every_room), cmocka_unit_test(test_view_is_a_prefix_after_overflow),
        cmocka_unit_test(test_exact_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
