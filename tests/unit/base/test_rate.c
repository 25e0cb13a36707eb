/* SPDX-License-Identifier: MIT */
/* Token buckets: burst, refill, the table's bound, keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wsaudio/base/rate.h"

#define START DUR_S(1000)

static struct rate_key host(uint8_t last)
{
    struct net_addr addr = addr_ipv4(10, 0, 0, last, 5060);
    return rate_key_network(&addr);
}

static struct rate_key network(const char *text)
{
    struct net_addr addr;
    assert_int_equal(addr_parse_ip(span_cstr(text), &addr), ST_OK);
    return rate_key_network(&addr);
}

static bool same(struct rate_key a, struct rate_key b)
{
    return a.kind == b.kind && memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

static int take_all(struct rate_bucket *bucket, const struct rate_limit *limit, mono_us now)
{
    int taken = 0;
    while (taken < 1000 && rate_bucket_take(bucket, limit, now)) {
        taken++;
    }
    return taken;
}

static void burst_and_refill(void **state)
{
    const struct rate_limit limit = {.burst = 5, .every = DUR_S(2)};
    struct rate_bucket bucket = {0};

    (void)state;
    assert_int_equal(take_all(&bucket, &limit, START), 5);
    assert_int_equal(take_all(&bucket, &limit, START + DUR_S(2) - 1), 0);
    assert_int_equal(take_all(&bucket, &limit, START + DUR_S(2)), 1);
    assert_int_equal(take_all(&bucket, &limit, START + DUR_S(7)), 2); /* whole ones only; the rest is kept */
    assert_int_equal(take_all(&bucket, &limit, START + DUR_S(8)), 1);
    assert_int_equal(take_all(&bucket, &limit, START + DUR_S(3600)), 5); /* never more than the burst */
}

static void refused_ones_cost_nothing(void **state)
{
    const struct rate_limit limit = {.burst = 1, .every = DUR_S(1)};
    struct rate_bucket bucket = {0};

    (void)state;
    assert_true(rate_bucket_take(&bucket, &limit, START));
    for (int i = 0; i < 100; i++) {
        assert_false(rate_bucket_take(&bucket, &limit, START + DUR_MS(999)));
    }
    assert_true(rate_bucket_take(&bucket, &limit, START + DUR_S(1)));
}

static void no_limit(void **state)
{
    const struct rate_limit limit = {0};
    struct rate_bucket bucket = {0};

    (void)state;
    assert_int_equal(take_all(&bucket, &limit, START), 1000);
}

static void sources_are_apart(void **state)
{
    struct rate_table table;
    struct rate_key a = host(1);
    struct rate_key b = host(2);

    (void)state;
    assert_int_equal(rate_table_init(&table, 8, (struct rate_limit){2, DUR_S(1)}, 7), ST_OK);
    assert_false(rate_table_has(&table, &a));
    assert_true(rate_table_take(&table, &a, START));
    assert_true(rate_table_take(&table, &a, START));
    assert_false(rate_table_take(&table, &a, START));
    assert_true(rate_table_has(&table, &a));
    assert_false(rate_table_has(&table, &b));
    assert_true(rate_table_take(&table, &b, START));
    rate_table_fini(&table);
    rate_table_fini(&table);
}

/* The one longest unused gives way; the one that keeps asking stays, and stays limited. */
static void full_table(void **state)
{
    struct rate_table table;
    struct rate_key busy = host(0);

    (void)state;
    assert_int_equal(rate_table_init(&table, 4, (struct rate_limit){1, DUR_S(60)}, 7), ST_OK);
    assert_true(rate_table_take(&table, &busy, START));
    for (uint8_t i = 1; i < 200; i++) {
        struct rate_key other = host(i);
        assert_true(rate_table_take(&table, &other, START + i));
        assert_false(rate_table_take(&table, &busy, START + i));
        struct rate_key gone = host((uint8_t)(i - 3));
        assert_int_equal(rate_table_has(&table, &gone), i == 3); /* i - 3 is `busy` then */
    }
    rate_table_fini(&table);
}

static void one_place(void **state)
{
    struct rate_table table;
    struct rate_key a = host(1);
    struct rate_key b = host(2);

    (void)state;
    assert_int_equal(rate_table_init(&table, 1, (struct rate_limit){1, DUR_S(60)}, 0), ST_OK);
    assert_true(rate_table_take(&table, &a, START));
    assert_false(rate_table_take(&table, &a, START));
    assert_true(rate_table_take(&table, &b, START));
    assert_false(rate_table_has(&table, &a));
    assert_true(rate_table_memory(1) > 0);
    assert_true(rate_table_memory(300) > rate_table_memory(1));
    rate_table_fini(&table);
}

static void keys(void **state)
{
    struct net_addr a = addr_ipv4(10, 0, 0, 1, 5060);
    struct net_addr b = addr_ipv4(10, 0, 0, 1, 9);
    struct rate_key token, again, other;

    (void)state;
    assert_true(same(rate_key_network(&a), rate_key_network(&b)));
    assert_false(same(host(1), host(2)));
    assert_true(same(network("::ffff:10.0.0.1"), network("10.0.0.1")));
    assert_true(same(network("2001:db8::1"), network("2001:db8::ffff:ffff:ffff:ffff")));
    assert_false(same(network("2001:db8::1"), network("2001:db8:0:1::1")));
    assert_int_equal(rate_key_secret(SPAN_LIT("one"), &token), ST_OK);
    assert_int_equal(rate_key_secret(SPAN_LIT("one"), &again), ST_OK);
    assert_int_equal(rate_key_secret(SPAN_LIT("two"), &other), ST_OK);
    assert_true(same(token, again));
    assert_false(same(token, other));
    assert_null(memmem(&token, sizeof(token), "one", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burst_and_refill),
        cmocka_unit_test(refused_ones_cost_nothing),
        cmocka_unit_test(no_limit),
        cmocka_unit_test(sources_are_apart),
        cmocka_unit_test(full_table),
        cmocka_unit_test(one_place),
        cmocka_unit_test(keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
