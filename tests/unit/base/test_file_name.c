/* SPDX-License-Identifier: MIT */
/* file_name.c: names that are taken and names that are not (SPEC section 3 "File names"), flush against a page, cut anywhere, with
 * every value of each byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/base/file_name.h"
#include "wsaudio/base/utf8.h"

static void test_flush_against_a_page(void **state)
{
    static const char text[] = "a.\xe4\xb8\xad.wav";
    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        struct guard g = guard_copy(text, len);
        bool whole = len != 0 && len != 3 && len != 4; /* no piece of a character */
        assert_int_equal(file_name_is_ok(span_make(g.ptr, len)), whole);
        guard_free(&g);
    }
}

static void test_names_with_every_byte(void **state)
{
    static const char name[] = "a.\xe4\xb8\xad.wav";
    struct guard g = guard_copy(name, sizeof(name) - 1);
    (void)state;
    for (size_t at = 0; at < g.len; at++) {
        for (int c = 0; c < 256; c++) {
            g.ptr[at] = (char)c;
            bool ok = file_name_is_ok(span_make(g.ptr, g.len));
            bool forbidden = c < ' ' || c == 0x7f || c == '/' || c == '\\' || c == ':' || (at == 0 && c == '.');
            bool whole = at < 2 || at > 4; /* elsewhere a character is broken, but for other ones of three bytes */
            assert_true(!forbidden || !ok);
            assert_true(!ok || utf8_valid(span_make(g.ptr, g.len)));
            assert_true(!whole || forbidden || c >= 0x80 || ok);
        }
        g.ptr[at] = name[at];
    }
    guard_free(&g);
}

static void test_file_names(void **state)
{
    static const char *const good[] = {"a", "a.wav", "-", "a b", "\xe4\xb8\xad\xe6\x96\x87.wav", "~", "a..b", "a%2fb"};
    static const char *const bad[] = {"",     ".",       "..",       ".hidden",     "../x.wav",  "a/b",  "/etc/passwd",
                                      "a\\b", "a:b",     "a\nb",     "a\x7f",       "a\xc2\x85", "\xff", "a\xc0\xaf",
                                      "\t",   "a\x1f.w", "\xe4\xb8", "\xed\xa0\x80"};
    char name[FILE_NAME_LEN_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(file_name_is_ok(span_cstr(good[i])));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (file_name_is_ok(span_cstr(bad[i]))) {
            fail_msg("name %zu was taken", i);
        }
    }
    memset(name, 'n', sizeof(name));
    assert_true(file_name_is_ok(span_make(name, FILE_NAME_LEN_MAX)));
    assert_false(file_name_is_ok(span_make(name, FILE_NAME_LEN_MAX + 1)));
    assert_false(file_name_is_ok(span_make("a\0b", 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_names),
        cmocka_unit_test(test_names_with_every_byte),
        cmocka_unit_test(test_flush_against_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
