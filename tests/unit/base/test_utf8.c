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
#include "wsaudio/base/utf8.h"

/* After M. Kuhn's "UTF-8 decoder capability and stress test": bytes, and the code point of the first character or 0 for "not
 * valid". */
static const struct {
    const char *bytes;
    size_t len;
    uint32_t code;
    size_t taken;
} table[] = {
    /* first and last of each length */
    {"\x00", 1, 0x0, 1},
    {"\x7F", 1, 0x7F, 1},
    {"\xC2\x80", 2, 0x80, 2},
    {"\xDF\xBF", 2, 0x7FF, 2},
    {"\xE0\xA0\x80", 3, 0x800, 3},
    {"\xEF\xBF\xBF", 3, 0xFFFF, 3},
    {"\xF0\x90\x80\x80", 4, 0x10000, 4},
    {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF, 4},
    /* around the surrogates */
    {"\xED\x9F\xBF", 3, 0xD7FF, 3},
    {"\xEE\x80\x80", 3, 0xE000, 3},
    {"\xEF\xBF\xBD", 3, 0xFFFD, 3},
    {"\xEF\xBF\xBE", 3, 0xFFFE, 3},
    /* past the end */
    {"\xF4\x90\x80\x80", 4, 0, 0},
    {"\xF5\x80\x80\x80", 4, 0, 0},
    {"\xF7\xBF\xBF\xBF", 4, 0, 0},
    {"\xF8\x88\x80\x80\x80", 5, 0, 0},
    {"\xFC\x84\x80\x80\x80\x80", 6, 0, 0},
    {"\xFE", 1, 0, 0},
    {"\xFF", 1, 0, 0},
    /* lone continuation bytes */
    {"\x80", 1, 0, 0},
    {"\xBF", 1, 0, 0},
    {"\x80\xBF", 2, 0, 0},
    /* lone start bytes */
    {"\xC2 ", 2, 0, 0},
    {"\xE0 ", 2, 0, 0},
    {"\xF0 ", 2, 0, 0},
    {"\xE1\x80 ", 3, 0, 0},
    {"\xF1\x80\x80 ", 4, 0, 0},
    {"\xE1\x80\xC2\x80", 4, 0, 0},
    /* cut short */
    {"\xC2", 1, 0, 0},
    {"\xE1\x80", 2, 0, 0},
    {"\xF1\x80\x80", 3, 0, 0},
    {"", 0, 0, 0},
    /* overlong */
    {"\xC0\xAF", 2, 0, 0},
    {"\xC1\xBF", 2, 0, 0},
    {"\xC0\x80", 2, 0, 0},
    {"\xE0\x80\xAF", 3, 0, 0},
    {"\xE0\x9F\xBF", 3, 0, 0},
    {"\xF0\x80\x80\xAF", 4, 0, 0},
    {"\xF0\x8F\xBF\xBF", 4, 0, 0},
    /* surrogates, single and paired */
    {"\xED\xA0\x80", 3, 0, 0},
    {"\xED\xAD\xBF", 3, 0, 0},
    {"\xED\xBF\xBF", 3, 0, 0},
    {"\xED\xA0\x80\xED\xB0\x80", 6, 0, 0},
    /* only the first character counts */
    {"a\xFF", 2, 'a', 1},
    {"\xE6\x92\xA5\xE6", 4, 0x64A5, 3},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct guard g = guard_copy(table[i].bytes, table[i].len);
        struct span s = span_make(g.ptr, g.len);
        uint32_t code = 0xABCDEF;
        assert_int_equal(utf8_next(s, &code), table[i].taken);
        assert_int_equal(code, table[i].taken > 0 ? table[i].code : 0xABCDEF);
        assert_int_equal(utf8_valid(s), table[i].len == table[i].taken);
        guard_free(&g);
    }
}

/* All code points, written by a formula of their own. */
static void test_all_code_points(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x110000; cp++) {
        char b[4];
        size_t len = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
        static const unsigned lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
        uint32_t rest = cp;
        for (size_t i = len - 1; i > 0; i--) {
            b[i] = (char)(0x80 | rest % 64);
            rest /= 64;
        }
        b[0] = (char)(lead[len] + rest);
        uint32_t code = 0;
        bool valid = cp < 0x110000 && (cp < 0xD800 || cp > 0xDFFF);
        size_t n = utf8_next(span_make(b, len), &code);
        if (n != (valid ? len : 0) || (valid && code != cp)) {
            fail_msg("U+%04X", (unsigned)cp);
        }
        for (size_t cut = 1; cut < len; cut++) {
            assert_int_equal(utf8_next(span_make(b, cut), &code), 0);
        }
    }
}

static void test_valid_texts(void **state)
{
    (void)state;
    assert_true(utf8_valid(SPAN_NONE));
    assert_true(utf8_valid(SPAN_LIT("WAV_ACK:開始播放檔案 x")));
    assert_false(utf8_valid(SPAN_LIT("ok\xC3(")));
    assert_false(utf8_valid(SPAN_LIT("tail\xE6\x92")));
}

static void test_controls(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x200; c++) {
        bool control = c <= 0x1F || (c >= 0x7F && c <= 0x9F);
        assert_int_equal(utf8_is_control(c), control);
    }
}

static void check_safe(const char *in, size_t len, const char *want)
{
    struct guard g = guard_copy(in, len);
    struct guard room = guard_room(TEXT_SAFE_MAX + 1);

    assert_ptr_equal(text_safe(span_make(g.ptr, g.len), room.ptr), room.ptr);
    assert_string_equal(room.ptr, want);
    guard_free(&g);
    guard_free(&room);
}

static void test_safe(void **state)
{
    (void)state;
    check_safe("", 0, "");
    check_safe("Busy Here", 9, "Busy Here");
    check_safe("a\r\nb\0c", 6, "a??b?c");
    check_safe("\x7F\xC2\x85z", 4, "??z"); /* DEL and U+0085: one mark each */
    check_safe("\xFF\xFEx", 3, "??x");     /* each invalid byte */
    check_safe("\xE6\x92", 2, "??");       /* cut short */
    check_safe("\xED\xA0\x80", 3, "???");  /* a surrogate */
    check_safe("撥號", 6, "撥號");
}

/* Cut at a character's border whatever stands there. */
static void test_safe_is_cut_at_a_border(void **state)
{
    static const char *const letters[] = {"x", "\xC3\xA9", "撥", "\xF0\x9F\x93\x9E", "\xFF", "\x01"};
    char in[4 * 200 + 8];
    char buf[TEXT_SAFE_MAX + 1];

    (void)state;
    for (size_t k = 0; k < sizeof(letters) / sizeof(letters[0]); k++) {
        size_t each = strlen(letters[k]);
        for (size_t lead = 0; lead < 4; lead++) {
            memset(in, 'a', lead);
            for (size_t i = 0; i < 200; i++) {
                memcpy(in + lead + i * each, letters[k], each);
            }
            text_safe(span_make(in, lead + 200 * each), buf);
            size_t len = strlen(buf);
            assert_true(utf8_valid(span_cstr(buf)));
            assert_in_range(len, TEXT_SAFE_MAX - each + 1, TEXT_SAFE_MAX);
            assert_int_equal((len - lead) % each, 0);
        }
    }
}

static void test_what_shows_nothing(void **state)
{
    static const uint32_t invisible[] = {0xAD,   0x200B, 0x200D, 0x200F, 0x202A, 0x202E,
                                         0x2060, 0x2066, 0x2069, 0xFE0F, 0xFEFF};
    static const uint32_t blank[] = {0xA0, 0x2000, 0x2007, 0x200A, 0x202F, 0x3000};
    static const uint32_t dash[] = {0x2010, 0x2011, 0x2013, 0x2014, 0x2015, 0x2212, 0xFF0D};

    (void)state;
    for (size_t i = 0; i < sizeof(invisible) / sizeof(invisible[0]); i++) {
        assert_true(utf8_is_invisible(invisible[i]) && !utf8_is_blank(invisible[i]) && !utf8_is_dash(invisible[i]));
    }
    for (size_t i = 0; i < sizeof(blank) / sizeof(blank[0]); i++) {
        assert_true(utf8_is_blank(blank[i]) && !utf8_is_invisible(blank[i]) && !utf8_is_dash(blank[i]));
    }
    for (size_t i = 0; i < sizeof(dash) / sizeof(dash[0]); i++) {
        assert_true(utf8_is_dash(dash[i]) && !utf8_is_blank(dash[i]) && !utf8_is_invisible(dash[i]));
    }
    for (uint32_t code = 0; code < 0x80; code++) { /* ASCII is none of them */
        assert_false(utf8_is_invisible(code) || utf8_is_blank(code) || utf8_is_dash(code));
    }
    assert_false(utf8_is_invisible(0x2027) || utf8_is_blank(0x200B) || utf8_is_dash(0x2016) || utf8_is_dash(0x4E00));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_shows_nothing),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_all_code_points),
        cmocka_unit_test(test_valid_texts),
        cmocka_unit_test(test_controls),
        cmocka_unit_test(test_safe),
        cmocka_unit_test(test_safe_is_cut_at_a_border),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
