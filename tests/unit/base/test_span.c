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
#include "wsaudio/base/span.h"

static void test_equal_and_starts(void **state)
{
    static const struct {
        const char *a, *b;
        bool eq, ieq, starts, istarts;
    } rows[] = {
        {"", "", true, true, true, true},
        {"a", "", false, false, true, true},
        {"", "a", false, false, false, false},
        {"abc", "abc", true, true, true, true},
        {"abc", "ABC", false, true, false, true},
        {"abcd", "abc", false, false, true, true},
        {"ABCD", "abc", false, false, false, true},
        {"ab", "abc", false, false, false, false},
        {"a[", "a{", false, false, false, false}, /* differ by 0x20 but are no letters */
        {"@x", "`x", false, false, false, false},
        {"\xC4", "\xE4", false, false, false, false}, /* ASCII only, whatever the locale */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guard a = guard_copy(rows[i].a, strlen(rows[i].a));
        struct guard b = guard_copy(rows[i].b, strlen(rows[i].b));
        struct span x = span_make(a.ptr, a.len);
        struct span y = span_make(b.ptr, b.len);
        assert_int_equal(span_eq(x, y), rows[i].eq);
        assert_int_equal(span_ieq(x, y), rows[i].ieq);
        assert_int_equal(span_starts(x, y), rows[i].starts);
        assert_int_equal(span_istarts(x, y), rows[i].istarts);
        guard_free(&a);
        guard_free(&b);
    }
    assert_true(span_eq(SPAN_NONE, SPAN_LIT("")));
    assert_true(span_ieq(SPAN_NONE, SPAN_NONE));
    assert_true(span_starts(SPAN_LIT("x"), SPAN_NONE));
    assert_false(span_starts(SPAN_NONE, SPAN_LIT("x")));
}

static void test_from_and_head(void **state)
{
    struct span s = SPAN_LIT("hello");

    (void)state;
    assert_true(span_eq(span_from(s, 0), s));
    assert_true(span_eq(span_from(s, 2), SPAN_LIT("llo")));
    assert_int_equal(span_from(s, 5).len, 0);
    assert_int_equal(span_from(s, 6).len, 0);
    assert_int_equal(span_from(s, SIZE_MAX).len, 0);
    assert_int_equal(span_from(SPAN_NONE, 0).len, 0);
    assert_int_equal(span_head(s, 0).len, 0);
    assert_true(span_eq(span_head(s, 2), SPAN_LIT("he")));
    assert_true(span_eq(span_head(s, SIZE_MAX), s));
    assert_int_equal(span_cstr(NULL).len, 0);
    assert_true(span_eq(span_cstr("abc"), SPAN_LIT("abc")));
}

static void test_find_and_cut(void **state)
{
    struct span rest = SPAN_LIT("a,,b");

    (void)state;
    assert_int_equal(span_find(rest, ','), 1);
    assert_int_equal(span_find(rest, 'x'), 4);
    assert_int_equal(span_find(SPAN_NONE, 'x'), 0);
    assert_true(span_eq(span_cut(&rest, ','), SPAN_LIT("a")));
    assert_true(span_eq(span_cut(&rest, ','), SPAN_LIT("")));
    assert_true(span_eq(rest, SPAN_LIT("b")));
    assert_true(span_eq(span_cut(&rest, ','), SPAN_LIT("b")));
    assert_int_equal(rest.len, 0);
    assert_int_equal(span_cut(&rest, ',').len, 0);
    rest = SPAN_LIT("x,");
    assert_true(span_eq(span_cut(&rest, ','), SPAN_LIT("x")));
    assert_int_equal(rest.len, 0);
}

static void test_trim(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},           {" ", ""}, {"\t\r\n ", ""}, {"a", "a"}, {" a ", "a"}, {"\r\na b\t", "a b"},
        {"\va\f", "\va\f"}, /* SP, HT, CR and LF only */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guard g = guard_copy(rows[i][0], strlen(rows[i][0]));
        assert_true(span_eq(span_trim(span_make(g.ptr, g.len)), span_cstr(rows[i][1])));
        guard_free(&g);
        g = guard_copy_before(rows[i][0], strlen(rows[i][0]));
        assert_true(span_eq(span_trim(span_make(g.ptr, g.len)), span_cstr(rows[i][1])));
        guard_free(&g);
    }
    assert_int_equal(span_trim(SPAN_NONE).len, 0);
}

static void test_parse_u64(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        int status;
        uint64_t value;
    } rows[] = {
        {"0", 0, ST_OK, 0},
        {"1", 0, ST_TOO_LARGE, 0},
        {"007", 7, ST_OK, 7},
        {"18446744073709551615", UINT64_MAX, ST_OK, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, ST_TOO_LARGE, 0},
        {"18446744073709551620", UINT64_MAX, ST_TOO_LARGE, 0},
        {"99999999999999999999999999", UINT64_MAX, ST_TOO_LARGE, 0},
        {"99999999999999999999999999x", UINT64_MAX, ST_BAD, 0}, /* malformed wins over too large */
        {"00000000000000000000000000000001", 1, ST_OK, 1},
        {"", 9, ST_BAD, 0},
        {"-1", 9, ST_BAD, 0},
        {"+1", 9, ST_BAD, 0},
        {" 1", 9, ST_BAD, 0},
        {"1 ", 9, ST_BAD, 0},
        {"0x1", 9, ST_BAD, 0},
        {"1.0", 9, ST_BAD, 0},
        {"/", 9, ST_BAD, 0},
        {":", 9, ST_BAD, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guard g = guard_copy(rows[i].text, strlen(rows[i].text));
        uint64_t value = 4711;
        int status = span_parse_u64(span_make(g.ptr, g.len), rows[i].max, &value);
        assert_int_equal(status, rows[i].status);
        assert_true(value == (status == ST_OK ? rows[i].value : 4711)); /* untouched on failure */
        guard_free(&g);
    }
}

static void test_parse_u32(void **state)
{
    uint32_t value = 7;

    (void)state;
    assert_int_equal(span_parse_u32(SPAN_LIT("4294967295"), UINT32_MAX, &value), ST_OK);
    assert_true(value == UINT32_MAX);
    value = 7;
    assert_int_equal(span_parse_u32(SPAN_LIT("4294967296"), UINT32_MAX, &value), ST_TOO_LARGE);
    assert_int_equal(span_parse_u32(SPAN_LIT("65536"), 65535, &value), ST_TOO_LARGE);
    assert_int_equal(span_parse_u32(SPAN_NONE, 65535, &value), ST_BAD);
    assert_int_equal(value, 7);
}

static void test_copy(void **state)
{
    struct guard room = guard_room(4);

    (void)state;
    assert_int_equal(span_copy(SPAN_LIT("abc"), room.ptr, 4), ST_OK);
    assert_string_equal(room.ptr, "abc");
    assert_int_equal(span_copy(SPAN_LIT("abcd"), room.ptr, 4), ST_TOO_LARGE);
    assert_string_equal(room.ptr, "");
    assert_int_equal(span_copy(span_make("a\0b", 3), room.ptr, 4), ST_TOO_LARGE);
    assert_string_equal(room.ptr, "");
    assert_int_equal(span_copy(SPAN_NONE, room.ptr, 1), ST_OK);
    assert_string_equal(room.ptr, "");
    room.ptr[0] = 'x';
    assert_int_equal(span_copy(SPAN_NONE, room.ptr, 0), ST_TOO_LARGE);
    assert_int_equal(room.ptr[0], 'x');
    guard_free(&room);
}

static void test_char_classes(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool digit = i >= 0x30 && i <= 0x39;
        bool upper = i >= 0x41 && i <= 0x5A;
        bool lower = i >= 0x61 && i <= 0x7A;
        assert_int_equal(char_is_digit(c), digit);
        assert_int_equal(char_is_alpha(c), upper || lower);
        assert_int_equal(char_is_alnum(c), digit || upper || lower);
        assert_int_equal((uint8_t)char_lower(c), upper ? i + 32 : i);
        int hex = digit ? i - 0x30 : i >= 0x41 && i <= 0x46 ? i - 0x37 : i >= 0x61 && i <= 0x66 ? i - 0x57 : -1;
        assert_int_equal(char_hex(c), hex);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_and_starts),
        cmocka_unit_test(test_from_and_head),
        cmocka_unit_test(test_find_and_cut),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_parse_u64),
        cmocka_unit_test(test_parse_u32),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_char_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
