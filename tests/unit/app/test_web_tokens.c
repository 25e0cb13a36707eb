/* SPDX-License-Identifier: MIT */
/* web_tokens.c: from the file of --ws-token-file to a set of tokens. (What a line may be: unit/http/test_tokens.c.)
 *
 *  read          the lines of the file
 *  refused       empty, without a token, not there, no file: ST_BAD with a reason, and an empty set
 *  longest       64 KiB, and not a byte more */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "web_tokens.h"

static char g_path[64];
static char g_why[TOKENS_WHY_MAX];

static int load(const char *text, size_t len, struct token_set *set)
{
    FILE *f = fopen(g_path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
    int status = web_tokens_load(g_path, set, g_why);
    assert_true(status == ST_OK || (strlen(g_why) > 0 && set->count == 0 && set->text == NULL));
    return status;
}

static void test_read(void **state)
{
    (void)state;
    struct token_set set;
    assert_int_equal(load("one\ntwo words\n", 14, &set), ST_OK);
    assert_int_equal(set.count, 2);
    assert_non_null(tokens_find(&set, SPAN_LIT("two words")));
    assert_null(tokens_find(&set, SPAN_LIT("two")));
    tokens_free(&set);
}

static void test_refused(void **state)
{
    (void)state;
    struct token_set set;
    assert_int_equal(load("", 0, &set), ST_BAD);
    assert_int_equal(load("\n \n", 3, &set), ST_BAD);
    assert_string_equal(g_why, "it holds no token");
    assert_int_equal(load("a\tb\n", 4, &set), ST_BAD);
    assert_int_equal(web_tokens_load("/nonexistent/tokens", &set, g_why), ST_BAD);
    assert_non_null(strstr(g_why, "No such file"));
    assert_int_equal(set.count, 0);
    assert_int_equal(web_tokens_load("/tmp", &set, g_why), ST_BAD);
}

static void test_longest(void **state)
{
    (void)state;
    struct token_set set;
    static char big[WEB_TOKENS_FILE_MAX + 1];
    memset(big, '\n', sizeof(big));
    big[0] = 'x';
    assert_int_equal(load(big, WEB_TOKENS_FILE_MAX, &set), ST_OK);
    assert_int_equal(set.count, 1);
    tokens_free(&set);
    assert_int_equal(load(big, WEB_TOKENS_FILE_MAX + 1, &set), ST_BAD);
    assert_string_equal(g_why, "it is over 64K");
}

static int set_up(void **state)
{
    (void)state;
    snprintf(g_path, sizeof(g_path), "/tmp/test_web_tokens.XXXXXX");
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
