/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wsaudio/base/log_quota.h"

static char written[1024];

static void take(void *ctx, enum log_level level, const char *text, size_t len)
{
    size_t at = strlen(written);

    (void)ctx;
    snprintf(written + at, sizeof(written) - at, "%s:%.*s|", log_level_name(level), (int)len, text);
}

static int begin(void **state)
{
    (void)state;
    written[0] = '\0';
    return 0;
}

static void a_few_at_once(void **state)
{
    struct log log = {.sink = take};
    struct log_quota quota = {0};

    (void)state;
    for (int i = 0; i < LOG_QUOTA_BURST; i++) {
        assert_true(log_quota_take(&quota, &log, LOG_INFO, 1000));
    }
    assert_false(log_quota_take(&quota, &log, LOG_INFO, 1000));
    assert_string_equal(written, "");
}

static void the_next_one_says_how_many(void **state)
{
    struct log log = {.sink = take};
    struct log_quota quota = {0};

    (void)state;
    for (int i = 0; i < LOG_QUOTA_BURST + 7; i++) {
        (void)log_quota_take(&quota, &log, LOG_WARNING, 1000);
    }
    assert_false(log_quota_take(&quota, &log, LOG_WARNING, 1000 + LOG_QUOTA_EVERY_US - 1));
    assert_true(log_quota_take(&quota, &log, LOG_WARNING, 1000 + LOG_QUOTA_EVERY_US));
    assert_string_equal(written, "WARNING:8 lines like the next one were left out|");
    assert_true(log_quota_take(&quota, &log, LOG_WARNING, 1000 + 2 * LOG_QUOTA_EVERY_US));
    assert_string_equal(written, "WARNING:8 lines like the next one were left out|"); /* said once */
}

static void a_level_nobody_wants_counts_nothing(void **state)
{
    struct log log = {.level = LOG_WARNING, .sink = take};
    struct log_quota quota = {0};

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_false(log_quota_take(&quota, &log, LOG_INFO, 1000));
        assert_false(log_quota_take(&quota, NULL, LOG_ERROR, 1000));
    }
    assert_int_equal(quota.left_out, 0);
    assert_true(log_quota_take(&quota, &log, LOG_WARNING, 1000));
    assert_string_equal(written, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_few_at_once, begin),
        cmocka_unit_test_setup(the_next_one_says_how_many, begin),
        cmocka_unit_test_setup(a_level_nobody_wants_counts_nothing, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
