/* SPDX-License-Identifier: MIT */
/* Hashes and their buckets.
 *
 * octets    FNV-1a of the published vectors, folded; the seed and each octet count
 * buckets   the next power of two; all lists are empty */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wsaudio/base/hash.h"

static uint32_t folded(uint32_t h)
{
    return h ^ h >> 15;
}

static void octets(void **state)
{
    (void)state;
    assert_int_equal(hash_octets(0, SPAN_NONE), folded(0x811c9dc5));
    assert_int_equal(hash_octets(0, SPAN_LIT("a")), folded(0xe40c292c));
    assert_int_equal(hash_octets(0, SPAN_LIT("foobar")), folded(0xbf9cf968));
    assert_int_not_equal(hash_octets(1, SPAN_LIT("foobar")), hash_octets(2, SPAN_LIT("foobar")));
    assert_int_not_equal(hash_octets(1, SPAN_LIT("\xff")), hash_octets(1, SPAN_LIT("\x7f")));
    assert_int_not_equal(hash_octets(1, SPAN_LIT("ab")), hash_octets(1, SPAN_LIT("ba")));
}

static void buckets(void **state)
{
    static const uint32_t rows[][2] = {
        {0, 1}, {1, 1}, {2, 2}, {3, 4}, {1000, 1024}, {1024, 1024}, {1u << 31, 1u << 31}};
    uint32_t mask = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(hash_bucket_count(rows[i][0]), rows[i][1]);
    }
    struct chain *heads = hash_buckets_new(5, &mask);
    assert_non_null(heads);
    assert_int_equal(mask, 7);
    for (uint32_t i = 0; i <= mask; i++) {
        assert_null(heads[i].first);
    }
    free(heads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(octets),
        cmocka_unit_test(buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
