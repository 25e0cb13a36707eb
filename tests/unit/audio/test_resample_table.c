/* SPDX-License-Identifier: MIT */
/* The filter that the resampler builds its tables from: computed anew from its formula; no sum can overflow. */
#include <math.h>

#include "resample_table.h"
#include "support_audio.h"

#define PI 3.14159265358979323846

static double bessel_i0(double x)
{
    double sum = 1;
    double term = 1;
    for (int k = 1; term > 1e-18 * sum; k++) {
        term *= x / 2 / k * (x / 2 / k);
        sum += term;
    }
    return sum;
}

static double sinc(double x)
{
    return x < 1e-12 ? 1 : sin(PI * x) / (PI * x);
}

static void test_formula(void **state)
{
    const double beta = 0.1102 * (80 - 8.7);
    const double cut = 2 * 3687.0 / 8000;
    (void)state;
    for (int i = 0; i <= RESAMPLE_TABLE_LEN; i++) {
        double t = (double)i / RESAMPLE_TABLE_POINTS;
        double inside = 1 - t / RESAMPLE_TABLE_HALF * (t / RESAMPLE_TABLE_HALF);
        double window = bessel_i0(beta * sqrt(inside)) / bessel_i0(beta);
        double wanted = cut * sinc(cut * t) * window * 1073741824.0;
        assert_true(fabs(wanted - resample_table[i]) <= 1.0);
    }
}

/* 32-bit sums of 16-bit samples times coarse (Q14) and fine (at most 64) coefficients: the worst input at the worst place. */
static void test_no_overflow(void **state)
{
    (void)state;
    for (int place = 0; place < RESAMPLE_TABLE_POINTS; place++) {
        double sum = 0;
        for (int i = place; i < RESAMPLE_TABLE_LEN; i += RESAMPLE_TABLE_POINTS) {
            sum += fabs(resample_table[i] / 1073741824.0);
            sum += place == 0 && i == 0 ? 0 : fabs(resample_table[RESAMPLE_TABLE_LEN - i] / 1073741824.0);
        }
        assert_true(sum * 16384 + 384 < 65535);
    }
    assert_true(64 * 2 * RESAMPLE_TABLE_HALF * 6 < 65535);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_formula), cmocka_unit_test(test_no_overflow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
