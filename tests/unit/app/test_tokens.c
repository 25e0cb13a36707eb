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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_refused_files)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
