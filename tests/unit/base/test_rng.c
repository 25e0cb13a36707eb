/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rng_seeded.h"
#include "wsaudio/base/rng.h"
#include "wsaudio/base/span.h"

/* Gives the numbers of a list. */
struct script {
    const uint32_t *values;
    size_t count, at;
};

static void script_fill(void *ctx, void *out, size_t len)
{
    struct script *s = ctx;

    assert_int_equal(len, sizeof(uint32_t));
    assert_true(s->at < s->count);
    const uint32_t value = s->values[s->at++];
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)out)[i] = (uint8_t)(value >> (8 * i));
    }
}

static void test_below_is_inside(void **state)
{
    static const uint32_t bounds[] = {1, 2, 3, 5, 7, 100, 62, 65536, 0x7FFFFFFF, 0x80000000u, 0x80000001u, UINT32_MAX};
    uint64_t seed = 3;
    struct rng rng = {rng_seeded_fill, &seed};

    (void)state;
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        for (int n = 0; n < 2000; n++) {
            assert_true(rng_below(&rng, bounds[i]) < bounds[i]);
        }
    }
}

/* A seed that failed on one machine fails on all: big-endian ones drew other numbers. */
static void test_seed_draws_the_same_everywhere(void **state)
{
    uint64_t seed = 1;
    struct rng rng = {rng_seeded_fill, &seed};

    (void)state;
    assert_int_equal(rng_u32(&rng), 0x89025CC1u);
    assert_int_equal(rng_u32(&rng), 0x658EEC67u);
}

/* 2^32 mod 3 is 1: the value 0 would make the result 0 likelier and is drawn again. */
static void test_below_has_no_bias(void **state)
{
    static const uint32_t values[] = {0, 0, 1, UINT32_MAX};
    struct script script = {values, 4, 0};
    struct rng rng = {script_fill, &script};

    (void)state;
    assert_int_equal(rng_below(&rng, 3), 1);
    assert_int_equal(script.at, 3);
    assert_int_equal(rng_below(&rng, 3), 0);
    script.at = 0;
    assert_int_equal(rng_below(&rng, 4), 0); /* a power of two takes everything */
    assert_int_equal(script.at, 1);
}

static void test_below_reaches_all(void **state)
{
    uint64_t seed = 4;
    struct rng rng = {rng_seeded_fill, &seed};
    unsigned counts[10] = {0};

    (void)state;
    for (int i = 0; i < 10000; i++) {
        counts[rng_below(&rng, 10)]++;
    }
    for (int i = 0; i < 10; i++) {
        assert_in_range(counts[i], 850, 1150);
    }
}

static void test_token(void **state)
{
    uint64_t seed = 5;
    struct rng rng = {rng_seeded_fill, &seed};
    char text[300];
    unsigned counts[128] = {0};

    (void)state;
    for (size_t len = 0; len < 200; len++) {
        memset(text, '!', sizeof(text));
        rng_token(&rng, text, len);
        assert_int_equal(strlen(text), len);
        assert_int_equal(text[len + 1], '!');
        for (size_t i = 0; i < len; i++) {
            assert_true(char_is_alnum(text[i]));
            counts[(int)text[i]]++;
        }
    }
    /* 19900 characters over 62 letters: 321 each */
    for (int c = 0; c < 128; c++) {
        if (char_is_alnum((char)c)) {
            assert_in_range(counts[c], 220, 430);
        }
    }
}

static void test_seeded_is_splitmix64(void **state)
{
    /* Reference values of the published generator for the seed 1234567. */
    static const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                        4593380528125082431u, 16408922859458223821u};
    uint64_t seed = 1234567;
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        uint8_t b[8];
        rng_seeded_fill(&seed, b, sizeof(b));
        value = 0;
        for (int k = 7; k >= 0; k--) {
            value = value << 8 | b[k];
        }
        assert_true(value == expected[i]);
    }
}

static void test_seeded_fills_exactly(void **state)
{
    uint8_t out[32];

    (void)state;
    for (size_t len = 0; len <= 24; len++) {
        uint64_t seed = len;
        memset(out, 0, sizeof(out));
        rng_seeded_fill(&seed, out + 4, len);
        static const uint8_t zero[8];
        assert_memory_equal(out, zero, 4);
        assert_memory_equal(out + 4 + len, zero, 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_below_is_inside),
        cmocka_unit_test(test_seed_draws_the_same_everywhere),
        cmocka_unit_test(test_below_has_no_bias),
        cmocka_unit_test(test_below_reaches_all),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_seeded_is_splitmix64),
        cmocka_unit_test(test_seeded_fills_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
