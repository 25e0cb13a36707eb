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
#include "wsaudio/base/pool.h"
#include "wsaudio/base/rng.h"

struct item {
    uint64_t a;
    char b[13];
};

static void test_new_get_free(void **state)
{
    struct pool pool;
    struct pool_id id, other;

    (void)state;
    assert_int_equal(pool_init(&pool, sizeof(struct item), 2), ST_OK);
    struct item *x = pool_new(&pool, &id);
    assert_non_null(x);
    assert_false(pool_id_is_none(id));
    assert_ptr_equal(pool_get(&pool, id), x);
    x->a = 7;
    memset(x->b, 'x', sizeof(x->b));
    struct item *y = pool_new(&pool, &other);
    assert_ptr_not_equal(x, y);
    assert_false(pool_id_eq(id, other));
    assert_int_equal(pool.used, 2);
    pool_free(&pool, id);
    assert_int_equal(pool.used, 1);
    assert_null(pool_get(&pool, id));
    pool_free(&pool, id); /* stale: ignored */
    assert_int_equal(pool.used, 1);
    struct pool_id again;
    struct item *z = pool_new(&pool, &again);
    assert_ptr_equal(z, x); /* the slot is used again */
    static const struct item zero;
    assert_memory_equal(z, &zero, sizeof(zero)); /* and comes zeroed */
    assert_int_equal(again.slot, id.slot);
    assert_int_not_equal(again.generation, id.generation);
    assert_null(pool_get(&pool, id)); /* the old name does not reach the new object */
    pool_free(&pool, id);
    assert_ptr_equal(pool_get(&pool, again), z);
    pool_fini(&pool);
    pool_fini(&pool); /* twice is fine */
}

static void test_full(void **state)
{
    struct pool pool;
    struct pool_id ids[8], id;

    (void)state;
    assert_int_equal(pool_init(&pool, 1, 8), ST_OK);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 8; i++) {
            assert_non_null(pool_new(&pool, &ids[i]));
        }
        id = (struct pool_id){1, 1};
        assert_null(pool_new(&pool, &id));
        assert_true(pool_id_is_none(id));
        for (size_t i = 0; i < 8; i++) {
            pool_free(&pool, ids[i]);
        }
        assert_int_equal(pool.used, 0);
    }
    pool_fini(&pool);
    assert_null(pool_new(&pool, &id)); /* after fini: as if full */
    struct pool zeroed = {0};
    pool_fini(&zeroed);
}

/* What was in use is used again, the last one first: memory is touched as far as objects live at once. */
static void test_few_slots_are_touched(void **state)
{
    struct pool pool;
    struct pool_id ids[3], id;

    (void)state;
    assert_int_equal(pool_init(&pool, 64, 1000), ST_OK);
    for (size_t round = 0; round < 100; round++) {
        for (size_t i = 0; i < 3; i++) {
            assert_non_null(pool_new(&pool, &ids[i]));
            assert_in_range(ids[i].slot, 0, 2);
        }
        pool_free(&pool, ids[round % 3]);
        assert_non_null(pool_new(&pool, &id));
        assert_int_equal(id.slot, ids[round % 3].slot);
        pool_free(&pool, id);
        pool_free(&pool, ids[(round + 1) % 3]);
        pool_free(&pool, ids[(round + 2) % 3]);
    }
    assert_int_equal(pool.fresh, 3);
    pool_fini(&pool);
}

static void test_no_room_at_all(void **state)
{
    struct pool pool;
    struct pool_id id;
    uint32_t slot = 0;

    (void)state;
    assert_int_equal(pool_init(&pool, 8, 0), ST_OK);
    assert_null(pool_new(&pool, &id));
    assert_null(pool_next(&pool, &slot, NULL));
    pool_fini(&pool);
}

static void test_names_that_name_nothing(void **state)
{
    struct pool pool;
    struct pool_id id;

    (void)state;
    assert_int_equal(pool_init(&pool, 8, 4), ST_OK);
    assert_null(pool_get(&pool, POOL_ID_NONE));
    assert_null(pool_get(&pool, ((struct pool_id){0, 1})));          /* not yet made */
    assert_null(pool_get(&pool, ((struct pool_id){4, 1})));          /* out of range */
    assert_null(pool_get(&pool, ((struct pool_id){UINT32_MAX, 1}))); /* far out of range */
    assert_non_null(pool_new(&pool, &id));
    assert_null(pool_get(&pool, ((struct pool_id){id.slot, id.generation + 1})));
    assert_null(pool_get(&pool, ((struct pool_id){id.slot, id.generation + 2})));
    assert_null(pool_get(&pool, ((struct pool_id){id.slot, 0})));
    pool_free(&pool, POOL_ID_NONE);
    pool_free(&pool, ((struct pool_id){99, 1}));
    assert_int_equal(pool.used, 1);
    pool_fini(&pool);
}

/* 2^32 generations later the number is 0 while the slot is free: {slot, 0} must still name nothing. */
static void test_generation_wraps(void **state)
{
    struct pool pool;
    struct pool_id id, last;

    (void)state;
    assert_int_equal(pool_init(&pool, 8, 1), ST_OK);
    assert_non_null(pool_new(&pool, &id));
    pool_free(&pool, id);
    pool_slot_at(&pool, 0)->generation = UINT32_MAX - 1; /* free, the last even number */
    assert_non_null(pool_new(&pool, &last));
    assert_true(last.generation == UINT32_MAX);
    pool_free(&pool, last);
    assert_null(pool_get(&pool, POOL_ID_NONE));
    assert_non_null(pool_new(&pool, &id));
    assert_int_equal(id.generation, 1);
    assert_null(pool_get(&pool, last));
    pool_fini(&pool);
}

static void test_walk_and_free_the_current(void **state)
{
    struct pool pool;
    struct pool_id ids[10], id;
    uint32_t *p;

    (void)state;
    assert_int_equal(pool_init(&pool, sizeof(uint32_t), 10), ST_OK);
    for (uint32_t i = 0; i < 10; i++) {
        p = pool_new(&pool, &ids[i]);
        *p = i;
    }
    pool_free(&pool, ids[0]);
    pool_free(&pool, ids[4]);
    pool_free(&pool, ids[9]);
    uint32_t seen = 0;
    for (uint32_t s = 0; (p = pool_next(&pool, &s, &id)) != NULL; s++) {
        assert_int_equal(s, id.slot);
        assert_ptr_equal(pool_get(&pool, id), p);
        seen |= 1U << *p;
        if (*p % 2 == 1) {
            pool_free(&pool, id);
        }
    }
    assert_int_equal(seen, 0x1EF & ~1U);
    seen = 0;
    for (uint32_t s = 0; (p = pool_next(&pool, &s, NULL)) != NULL; s++) {
        seen |= 1U << *p;
    }
    assert_int_equal(seen, 1U << 2 | 1U << 6 | 1U << 8);
    assert_int_equal(pool.used, 3);
    pool_fini(&pool);
}

static void test_pack(void **state)
{
    struct pool_id id = {0x12345678, 0x9ABCDEF0};

    (void)state;
    assert_true(pool_id_pack(id) == 0x9ABCDEF012345678u);
    assert_true(pool_id_eq(pool_id_unpack(pool_id_pack(id)), id));
    assert_false(pool_id_eq(id, ((struct pool_id){id.slot, 1})));
    assert_false(pool_id_eq(id, ((struct pool_id){1, id.generation})));
    assert_true(pool_id_pack(POOL_ID_NONE) == 0);
}

/* Random use against a plain array: every live name reaches its object, no dead one does. */
static void test_against_a_model(void **state)
{
    enum { CAP = 16, NAMES = 64 };
    uint64_t seed = 1;
    struct rng rng = {rng_seeded_fill, &seed};
    struct pool pool;
    struct {
        struct pool_id id;
        bool live;
        uint32_t value;
    } names[NAMES] = {0};
    uint32_t live = 0;

    (void)state;
    assert_int_equal(pool_init(&pool, sizeof(uint32_t), CAP), ST_OK);
    for (uint32_t step = 1; step < 20000; step++) {
        uint32_t n = rng_below(&rng, NAMES);
        if (names[n].live) {
            pool_free(&pool, names[n].id);
            names[n].live = false;
            live--;
        } else {
            struct pool_id id;
            uint32_t *p = pool_new(&pool, &id);
            assert_int_equal(p != NULL, live < CAP);
            if (p != NULL) {
                *p = step;
                names[n].id = id;
                names[n].live = true;
                names[n].value = step;
                live++;
            }
        }
        assert_int_equal(pool.used, live);
        for (uint32_t i = 0; i < NAMES; i++) {
            const uint32_t *p = pool_get(&pool, names[i].id);
            assert_int_equal(p != NULL, names[i].live);
            assert_true(p == NULL || *p == names[i].value);
        }
    }
    pool_fini(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_get_free),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_few_slots_are_touched),
        cmocka_unit_test(test_no_room_at_all),
        cmocka_unit_test(test_names_that_name_nothing),
        cmocka_unit_test(test_generation_wraps),
        cmocka_unit_test(test_walk_and_free_the_current),
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
