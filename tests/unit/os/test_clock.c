/* SPDX-License-Identifier: MIT */
#include "support_os.h"

#include <time.h>

static void test_monotonic(void **state)
{
    (void)state;
    const mono_us a = os_clock_mono();
    const struct timespec pause = {0, 2000000};
    assert_int_equal(nanosleep(&pause, NULL), 0);
    const mono_us b = os_clock_mono();
    assert_true(b - a >= 2000);
    assert_true(b - a < 2000000);
}

static void test_wall_is_unix_time(void **state)
{
    (void)state;
    const int64_t now = os_clock_wall();
    const int64_t seconds = (int64_t)time(NULL);
    assert_true(now / 1000000 - seconds <= 1 && seconds - now / 1000000 <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_monotonic),
        cmocka_unit_test(test_wall_is_unix_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
