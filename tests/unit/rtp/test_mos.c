/* SPDX-License-Identifier: MIT */
/* The E-model with known points of ITU-T G.107 (R 93.2 is 4.41) and its shape. */
#include "support_rtp.h"

static void assert_about(double a, double b, double within)
{
    if (a < b - within || a > b + within) {
        print_error("%.3f is not %.3f\n", a, b);
        fail();
    }
}

static void test_known_points(void **state)
{
    (void)state;
    assert_about(rtp_mos(0, 0), 4.41, 0.005);
    assert_about(rtp_mos(100, 0), 4.36, 0.02);
    assert_about(rtp_mos(177.3, 0), 4.32, 0.02);
    assert_about(rtp_mos(400, 0), 3.01, 0.05);  /* R = 93.2 - 9.6 - 24.5 = 59.1 */
    assert_about(rtp_mos(0, 0.01), 3.82, 0.05); /* R = 93.2 - 95 / 5.3 = 75.3 */
}

static void test_bounds(void **state)
{
    (void)state;
    assert_near(rtp_mos(0, 1), 1.0);
    assert_near(rtp_mos(100000, 0), 1.0);
    assert_near(rtp_mos(-5, -1), rtp_mos(0, 0));
    assert_near(rtp_mos(0, 7), rtp_mos(0, 1));
}

static void test_never_better_when_worse(void **state)
{
    (void)state;
    for (int delay = 0; delay < 1000; delay += 10) {
        for (int loss = 0; loss < 100; loss++) {
            double here = rtp_mos(delay, loss / 100.0);
            assert_true(here >= 1.0 && here <= 4.5);
            assert_true(rtp_mos(delay + 10, loss / 100.0) <= here);
            assert_true(rtp_mos(delay, (loss + 1) / 100.0) <= here);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_points),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_never_better_when_worse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
