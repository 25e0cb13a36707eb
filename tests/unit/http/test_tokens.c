/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wsaudio/http/tokens.h"

static int load(const char *text, size_t len, struct token_set *set)
{
    char why[TOKENS_WHY_MAX];
    char *copy = malloc(len + 1);

    assert_non_null(copy);
    memcpy(copy, text, len);
    int status = tokens_parse(copy, len, set, why);
    assert_true(status == ST_OK || strlen(why) > 0);
    return status;
}

static void test_lines(void **state)
{
    (void)state;
    struct token_set set;
    assert_int_equal(load("a\n\n b \r\n#c\nd e?&\n\xc3\xa4", 19, &set), ST_OK);
    assert_int_equal(set.count, 5);
    assert_non_null(tokens_find(&set, SPAN_LIT("d e?&")));
    assert_non_null(tokens_find(&set, SPAN_LIT("\xc3\xa4")));
    assert_non_null(tokens_find(&set, SPAN_LIT("a")));
    assert_non_null(tokens_find(&set, SPAN_LIT("b")));
    assert_non_null(tokens_find(&set, SPAN_LIT("#c"))); /* a token may begin with # */
    assert_null(tokens_find(&set, SPAN_LIT("")));
    assert_null(tokens_find(&set, SPAN_LIT("ab")));
    tokens_free(&set);
    assert_null(tokens_find(&set, SPAN_LIT("a")));
    tokens_free(&set);
}

static void test_byte_order_mark(void **state)
{
    (void)state;
    struct token_set set;
    assert_int_equal(load("\xef\xbb\xbfone\r\n\xef\xbb\xbftwo\r\n", 16, &set), ST_OK);
    assert_int_equal(set.count, 2);
    assert_non_null(tokens_find(&set, SPAN_LIT("one")));
    assert_null(tokens_find(&set, SPAN_LIT("two"))); /* elsewhere it is part of the token */
    tokens_free(&set);
    assert_int_equal(load("\xef\xbb\xbf\n", 4, &set), ST_BAD);
}

static void test_refused_files(void **state)
{
    (void)state;
    struct token_set set;
    char big[TOKEN_MAX + 1];
    assert_int_equal(load("", 0, &set), ST_BAD);
    assert_int_equal(load("\n \n", 3, &set), ST_BAD);
    assert_int_equal(load("a\tb\n", 4, &set), ST_BAD);
    assert_int_equal(load("a\0b\n", 4, &set), ST_BAD);
    assert_int_equal(load("a\x7f\n", 3, &set), ST_BAD);
    memset(big, 'x', sizeof(big));
    assert_int_equal(load(big, TOKEN_MAX, &set), ST_OK);
    tokens_free(&set);
    assert_int_equal(load(big, TOKEN_MAX + 1, &set), ST_BAD);
}

/* What a file holds is held again by a file written from it. */
static bool check_read_back(const char *text, size_t len)
{
    struct token_set set;
    struct token_set again;
    char lines[256];
    struct outbuf out;
    if (load(text, len, &set) != ST_OK) {
        assert_int_equal(set.count, 0);
        return false;
    }
    outbuf_init(&out, lines, sizeof(lines));
    for (uint32_t i = 0; i < set.count; i++) {
        assert_true(set.items[i].len > 0 && set.items[i].len <= TOKEN_MAX);
        outbuf_span(&out, set.items[i]);
        outbuf_char(&out, '\n');
    }
    assert_int_equal(load(lines, out.len, &again), ST_OK);
    assert_int_equal(again.count, set.count);
    for (uint32_t i = 0; i < set.count; i++) {
        assert_true(span_eq(again.items[i], set.items[i]) && tokens_find(&again, set.items[i]) != NULL);
    }
    tokens_free(&again);
    tokens_free(&set);
    return true;
}

static void test_every_truncation_and_byte(void **state)
{
    static const char file[] = "secret\r\n\n b=c\n\xc3\xa4";
    static const char marks[] = "\0\t\n\r #\x7f\xff";
    char text[sizeof(file)];
    (void)state;
    for (size_t len = 0; len < sizeof(file); len++) {
        assert_int_equal(check_read_back(file, len), len > 0);
    }
    memcpy(text, file, sizeof(file));
    for (size_t at = 0; at < sizeof(file) - 1; at++) {
        for (size_t k = 0; k < sizeof(marks) - 1; k++) {
            unsigned char c = (unsigned char)marks[k];
            text[at] = marks[k];
            bool taken = check_read_back(text, sizeof(file) - 1);
            assert_true(taken || c < ' ' || c == 0x7f || at == 7); /* 7: a CR is no longer at the line's end */
        }
        text[at] = file[at];
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_byte_order_mark),
                                       cmocka_unit_test(test_refused_files),
                                       cmocka_unit_test(test_every_truncation_and_byte)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
