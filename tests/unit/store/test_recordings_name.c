/* SPDX-License-Identifier: MIT */
#include "guard.h"
#include "support_store.h"

#include <string.h>

#include "recordings_priv.h"

#define WALL 1700000000000000 /* 2023-11-14 22:13:20 UTC */

static void assert_made(const char *number, const char *call_id, int64_t wall, unsigned attempt, const char *want)
{
    char name[RECORDING_NAME_MAX];
    recordings_name_make(name, span_cstr(number), span_cstr(call_id), wall, attempt);
    assert_string_equal(name, want);
    assert_true(recordings_name_valid(span_cstr(name)));
}

static void test_make(void **state)
{
    (void)state;
    assert_made("0921367101", "abcd1234xyz@host", WALL, 1, "20231114T221320Z-0921367101-abcd1234.wav");
    assert_made("+886*1#", "a-b.c@d_e!f%g$h^i", WALL + 999999, 1, "20231114T221320Z-+886_1_-abcdefgh.wav");
    assert_made("../../etc/passwd", "x", WALL, 2, "20231114T221320Z-.._.._etc_passwd-x0000000-2.wav");
    assert_made("", "", 0, 1, "19700101T000000Z-unknown-00000000.wav");
    assert_made("\xe6\xb8\xac\n", "12345678", -5, 100, "19700101T000000Z-____-12345678-100.wav");
    assert_made("sip:a@b", "12345678", INT64_MAX, 1, "19700101T000000Z-sip_a_b-12345678.wav"); /* no such year */
}

static void test_long_label_is_cut(void **state)
{
    (void)state;
    char label[300];
    char name[RECORDING_NAME_MAX];
    memset(label, '9', sizeof(label));
    recordings_name_make(name, span_make(label, sizeof(label)), SPAN_LIT("abcdefghij"), WALL, 99);
    assert_int_equal(strlen(name), 16 + 1 + 64 + 1 + 8 + 3 + 4);
    assert_true(recordings_name_valid(span_cstr(name)));
}

static void test_valid(void **state)
{
    (void)state;
    static const char good[] = "20231114T221320Z-0921-abcd1234.wav";
    static const char *const bad[] = {
        "",
        "x",
        "20231114T221320Z-.wav",
        "20231114T221320Z.wav",
        "20231114t221320Z-a-b.wav",
        "2023111xT221320Z-a-b.wav",
        "20231114T221320Z-a-b.WAV",
        "20231114T221320Z-a-b",
        "20231114T221320Z-a/b.wav",
        "20231114T221320Z-a b.wav",
        "20231114T221320Z-a%2fb.wav",
        "../20231114T221320Z-a-b.wav",
        ".20231114T221320Z-a-b.wav",
        "received_from_server.wav",
    };
    assert_true(recordings_name_valid(span_cstr(good)));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_false(recordings_name_valid(span_cstr(bad[i])));
    }
    for (size_t len = 0; len < sizeof(good) - 1; len++) {
        assert_false(recordings_name_valid(span_make(good, len)));
    }
    char longest[200];
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, good, 17);
    memcpy(longest + RECORDING_NAME_MAX - 5, ".wav", 4);
    assert_true(recordings_name_valid(span_make(longest, RECORDING_NAME_MAX - 1)));
    memcpy(longest + RECORDING_NAME_MAX - 4, ".wav", 4);
    assert_false(recordings_name_valid(span_make(longest, RECORDING_NAME_MAX)));
}

static void test_every_byte(void **state)
{
    (void)state;
    static const char good[] = "20231114T221320Z-0921-abcd1234.wav";
    struct guard g = guard_copy(good, sizeof(good) - 1);
    for (size_t at = 0; at < g.len; at++) {
        for (int c = 0; c < 256; c++) {
            g.ptr[at] = (char)c;
            bool valid = recordings_name_valid(span_make(g.ptr, g.len));
            assert_true(c != good[at] || valid);
            assert_true(!valid || (c > ' ' && c < 0x7f && c != '/' && c != '%' && c != '\\'));
            assert_true(!valid || (at > 16 && at < g.len - 4) || char_is_digit((char)c) || c == good[at]);
        }
        g.ptr[at] = good[at];
    }
    guard_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_long_label_is_cut),
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
