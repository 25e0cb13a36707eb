/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wsaudio/base/log.h"

struct sink {
    int lines;
    enum log_level level;
    size_t len;
    char text[LOG_LINE_MAX + 1];
    char all[8192];
};

static void take(void *ctx, enum log_level level, const char *text, size_t len)
{
    struct sink *s = ctx;

    assert_true(len < LOG_LINE_MAX);
    s->lines++;
    s->level = level;
    s->len = len;
    memcpy(s->text, text, len);
    s->text[len] = '\0';
    size_t at = strlen(s->all);
    snprintf(s->all + at, sizeof(s->all) - at, "%s|", s->text);
}

static void test_levels(void **state)
{
    (void)state;
    for (int least = 0; least < LOG_LEVEL_COUNT; least++) {
        for (int level = 0; level < LOG_LEVEL_COUNT; level++) {
            struct sink s = {0};
            struct log log = {.level = (enum log_level)least, .sink = take, .ctx = &s};
            assert_int_equal(log_wants(&log, (enum log_level)level), level >= least);
            log_write(&log, (enum log_level)level, "n=%d", 5);
            assert_int_equal(s.lines, level >= least);
            if (s.lines > 0) {
                assert_int_equal(s.level, level);
                assert_string_equal(s.text, "n=5");
            }
        }
    }
}

static void test_nowhere(void **state)
{
    struct log deaf = {.level = LOG_DEBUG};

    (void)state;
    log_write(NULL, LOG_ERROR, "x");
    log_block(NULL, LOG_ERROR, "x", SPAN_LIT("y"));
    log_write(&deaf, LOG_ERROR, "x");
    log_block(&deaf, LOG_ERROR, "x", SPAN_LIT("y"));
    assert_false(log_wants(NULL, LOG_ERROR));
    assert_false(log_wants(&deaf, LOG_ERROR));
}

static void test_one_line(void **state)
{
    struct sink s = {0};
    struct log log = {.sink = take, .ctx = &s};

    (void)state;
    log_write(&log, LOG_INFO, "a\r\nb\tc%cd\x7F\x1B[31m 撥號", 0);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.len, strlen("a??b\tc?d??[31m 撥號"));
    assert_memory_equal(s.text, "a??b\tc?d??[31m 撥號", s.len);
    log_write(&log, LOG_INFO, "%s", "");
    assert_int_equal(s.lines, 2);
    assert_int_equal(s.len, 0);
}

static void test_long_lines_are_cut(void **state)
{
    static char text[3 * LOG_LINE_MAX];
    struct log log = {.sink = take};

    (void)state;
    for (size_t len = LOG_LINE_MAX - 2; len <= LOG_LINE_MAX + 1; len++) {
        struct sink s = {0};
        log.ctx = &s;
        memset(text, 'x', sizeof(text));
        text[len] = '\0';
        log_write(&log, LOG_INFO, "%s", text);
        assert_int_equal(s.len, len < LOG_LINE_MAX ? len : LOG_LINE_MAX - 1);
    }
    struct sink s = {0};
    log.ctx = &s;
    memset(text, '\n', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_write(&log, LOG_INFO, "%s", text);
    assert_int_equal(s.lines, 1);
    assert_null(strchr(s.text, '\n'));
}

static void test_block(void **state)
{
    struct sink s = {0};
    struct log log = {.sink = take, .ctx = &s};

    (void)state;
    log_block(&log, LOG_DEBUG, "sent", SPAN_LIT("INVITE x\r\nVia: y\r\n\r\nv=0\nlast"));
    assert_string_equal(s.all, "sent|  INVITE x|  Via: y|  |  v=0|  last|");
    struct sink empty = {0};
    log.ctx = &empty;
    log_block(&log, LOG_DEBUG, "sent", SPAN_NONE);
    assert_string_equal(empty.all, "sent|");
    log.level = LOG_INFO;
    log_block(&log, LOG_DEBUG, "sent", SPAN_LIT("x"));
    assert_string_equal(empty.all, "sent|");
}

static void test_two_languages(void **state)
{
    struct sink s = {0};
    struct log log = {.sink = take, .ctx = &s};

    (void)state;
    log_write(&log, LOG_INFO, LOG_TEXT(&log, CALL_REQUESTED), "0938");
    assert_null(strstr(s.text, "目標號碼"));
    assert_non_null(strstr(s.text, "0938"));
    log.zh = true;
    log_write(&log, LOG_INFO, LOG_TEXT(&log, CALL_REQUESTED), "0938");
    assert_string_equal(s.text, "收到打電話請求，目標號碼: 0938"); /* SPEC section 5, word for word */
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(log_level_name(LOG_DEBUG), "DEBUG");
    assert_string_equal(log_level_name(LOG_INFO), "INFO");
    assert_string_equal(log_level_name(LOG_WARNING), "WARNING");
    assert_string_equal(log_level_name(LOG_ERROR), "ERROR");
    assert_string_equal(log_level_name(LOG_LEVEL_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),   cmocka_unit_test(test_nowhere),
        cmocka_unit_test(test_one_line), cmocka_unit_test(test_long_lines_are_cut),
        cmocka_unit_test(test_block),    cmocka_unit_test(test_two_languages),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
