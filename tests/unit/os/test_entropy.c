/* SPDX-License-Identifier: MIT */
#include "support_os.h"

#include <string.h>

static void test_fills_all_and_only_that(void **state)
{
    (void)state;
    uint8_t a[600], b[600];
    memset(a, 0, sizeof(a));
    memset(b, 0, sizeof(b));
    os_entropy_fill(NULL, a, sizeof(a) - 8); /* over 256: getrandom may give it in parts */
    os_entropy_fill(NULL, b, sizeof(b) - 8);
    assert_memory_not_equal(a, b, sizeof(a) - 8);
    const uint8_t zero[8] = {0};
    assert_memory_equal(a + sizeof(a) - 8, zero, 8);
    assert_memory_not_equal(a + sizeof(a) - 24, zero, 8);
    os_entropy_fill(NULL, NULL, 0);
}

static void test_serves_rng(void **state)
{
    (void)state;
    const struct rng rng = {os_entropy_fill, NULL};
    char token[17];
    rng_token(&rng, token, 16);
    assert_int_equal(strlen(token), 16);
    for (int i = 0; i < 100; i++) {
        assert_true(rng_below(&rng, 7) < 7);
    }
}

/* Nothing is given twice, also where one buffer ends within a draw; what was given is not kept. */
static void test_drawn_in_advance(void **state)
{
    (void)state;
    static struct os_entropy entropy;
    static uint8_t drawn[3 * OS_ENTROPY_LEN / 48][48];
    const size_t count = sizeof(drawn) / sizeof(drawn[0]);
    const uint8_t zero[sizeof(drawn[0])] = {0};
    for (size_t i = 0; i < count; i++) {
        os_entropy_draw(&entropy, drawn[i], sizeof(drawn[i]));
        assert_memory_not_equal(drawn[i], zero, sizeof(zero));
        assert_memory_equal(entropy.octets + entropy.left, zero, sizeof(zero));
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(drawn[i], drawn[j], sizeof(drawn[i]));
        }
    }
    size_t left = entropy.left;
    static uint8_t large[OS_ENTROPY_LEN + 1];
    os_entropy_draw(&entropy, large, sizeof(large)); /* more than it holds */
    assert_memory_not_equal(large + sizeof(large) - 16, zero, 16);
    assert_int_equal(entropy.left, left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fills_all_and_only_that),
        cmocka_unit_test(test_serves_rng),
        cmocka_unit_test(test_drawn_in_advance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
