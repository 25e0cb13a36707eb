/* SPDX-License-Identifier: MIT */
#include "support_os.h"

static void test_absolute_grid(void **state)
{
    (void)state;
    struct os_ticker t;
    assert_int_equal(os_ticker_open(&t), ST_OK);
    assert_false(t.armed);
    assert_int_equal(os_ticker_read(&t), 0);
    const mono_us first = os_clock_mono() + 3000;
    assert_int_equal(os_ticker_arm(&t, first, 5000), ST_OK);
    assert_true(t.armed);
    uint64_t seen = 0;
    for (int i = 0; i < 4; i++) {
        support_wait(t.fd);
        const uint64_t n = os_ticker_read(&t);
        assert_true(n >= 1);
        seen += n;
        assert_true(os_clock_mono() >= first + (mono_us)(seen - 1) * 5000); /* never early, and no drift */
    }
    os_ticker_disarm(&t);
    assert_false(t.armed);
    (void)os_ticker_read(&t);
    assert_int_equal(os_ticker_read(&t), 0);
    os_ticker_disarm(&t);
    os_ticker_close(&t);
    assert_int_equal(t.fd, -1);
    os_ticker_close(&t);
}

static void test_past_first_counts_what_was_missed(void **state)
{
    (void)state;
    struct os_ticker t;
    assert_int_equal(os_ticker_open(&t), ST_OK);
    assert_int_equal(os_ticker_arm(&t, os_clock_mono() - 100000, 20000), ST_OK);
    support_wait(t.fd);
    assert_true(os_ticker_read(&t) >= 5);
    assert_int_equal(os_ticker_arm(&t, 0, 0), ST_OK); /* instant 0 is long past, not "never" */
    support_wait(t.fd);
    assert_int_equal(os_ticker_read(&t), 1);
    os_ticker_close(&t);
    assert_int_equal(os_ticker_arm(&t, 1, 1), ST_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absolute_grid),
        cmocka_unit_test(test_past_first_counts_what_was_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
