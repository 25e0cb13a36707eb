/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tokens.h"

static char g_path[64];

static int load(const char *text, size_t len, struct token_set *set)
{
    char why[TOKENS_WHY_MAX];
    FILE *f = fopen(g_path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
    int status = tokens_load(g_path, set, why);
    assert_true(status == ST_OK || strlen(why) > 0);
    return status;
}

static void test_lines(void **state)
{
    (void)state;
    struct token_set set;
    assert_int_equal(load("a\n\n b \r\n#c\nd e?&\n\xc3\xa4", 19, &set), ST_OK);
    assert_int_equal(set.count, 5);
    assert_true(tokens_match(&set, SPAN_LIT("d e?&")));
    assert_true(tokens_match(&set, SPAN_LIT("\xc3\xa4")));
    assert_true(tokens_match(&set, SPAN_LIT("a")));
    assert_true(tokens_match(&set, SPAN_LIT("b")));
    assert_true(tokens_match(&set, SPAN_LIT("#c"))); /* a token may begin with # */
    assert_false(tokens_match(&set, SPAN_LIT("")));
    assert_false(tokens_match(&set, SPAN_LIT("ab")));
    tokens_free(&set);
    assert_false(tokens_match(&set, SPAN_LIT("a")));
    tokens_free(&set);
}

static void test_byte_order_mark(void **state)
{
    (void)state;
    struct token_set set;
    assert_int_equal(load("\xef\xbb\xbfone\r\n\xef\xbb\xbftwo\r\n", 16, &set), ST_OK);
    assert_int_equal(set.count, 2);
    assert_true(tokens_match(&set, SPAN_LIT("one")));
    assert_false(tokens_match(&set, SPAN_LIT("two"))); /* elsewhere it is part of the token */
    tokens_free(&set);
    assert_int_equal(load("\xef\xbb\xbf\n", 4, &set), ST_BAD);
}

static void test_refused_files(void **state)
{
    (void)state;
    struct token_set set;
    char big[TOKENS_FILE_MAX + 2];
    char why[TOKENS_WHY_MAX];
    assert_int_equal(load("", 0, &set), ST_BAD);
    assert_int_equal(load("\n \n", 3, &set), ST_BAD);
    assert_int_equal(load("a\tb\n", 4, &set), ST_BAD);
    assert_int_equal(load("a\0b\n", 4, &set), ST_BAD);
    assert_int_equal(load("a\x7f\n", 3, &set), ST_BAD);
    memset(big, 'x', sizeof(big));
    assert_int_equal(load(big, TOKEN_MAX, &set), ST_OK);
    tokens_free(&set);
    assert_int_equal(load(big, TOKEN_MAX + 1, &set), ST_BAD);
    memset(big, '\n', sizeof(big));
    big[0] = 'x';
    assert_int_equal(load(big, TOKENS_FILE_MAX, &set), ST_OK);
    tokens_free(&set);
    assert_int_equal(load(big, TOKENS_FILE_MAX + 1, &set), ST_BAD);
    assert_int_equal(tokens_load("/nonexistent/tokens", &set, why), ST_BAD);
    assert_non_null(strstr(why, "No such file"));
    assert_int_equal(set.count, 0);
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
        assert_true(span_eq(again.items[i], set.items[i]) && tokens_match(&again, set.items[i]));
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

static int set_up(void **state)
{
    (void)state;
    snprintf(g_path, sizeof(g_path), "/tmp/test_tokens.XXXXXX");
    int fd = mkstemp(g_path);
    return fd >= 0 ? close(fd) : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(g_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_byte_order_mark),
                                       cmocka_unit_test(test_refused_files),
                                       cmocka_unit_test(test_every_truncation_and_byte)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
