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
#include "wsaudio/base/timerq.h"

#define ENTRIES 40

static void test_empty(void **state)
{
    struct timerq q;
    struct timerq_entry e = {0};

    (void)state;
    assert_int_equal(timerq_init(&q, 0), ST_OK);
    assert_true(timerq_due(&q) == MONO_NEVER);
    assert_null(timerq_pop(&q, MONO_NEVER));
    timerq_cancel(&q, &e); /* not queued: nothing happens */
    assert_false(timerq_is_set(&e));
    timerq_fini(&q);
    timerq_fini(&q);
}

static void test_one(void **state)
{
    struct timerq q;
    struct timerq_entry e = {0};

    (void)state;
    assert_int_equal(timerq_init(&q, 1), ST_OK);
    timerq_set(&q, &e, 100);
    assert_true(timerq_is_set(&e));
    assert_int_equal(timerq_due(&q), 100);
    timerq_set(&q, &e, 50); /* moves; the queue stays within its cap */
    assert_int_equal(timerq_due(&q), 50);
    assert_null(timerq_pop(&q, 49));
    assert_ptr_equal(timerq_pop(&q, 50), &e);
    assert_false(timerq_is_set(&e));
    assert_null(timerq_pop(&q, 1000));
    timerq_set(&q, &e, MONO_NEVER);
    assert_null(timerq_pop(&q, MONO_NEVER - 1));
    timerq_cancel(&q, &e);
    assert_true(timerq_due(&q) == MONO_NEVER);
    timerq_fini(&q);
}

static void test_equal_deadlines_in_the_order_of_setting(void **state)
{
    struct timerq q;
    struct timerq_entry e[ENTRIES] = {0};

    (void)state;
    assert_int_equal(timerq_init(&q, ENTRIES), ST_OK);
    for (size_t i = 0; i < ENTRIES; i++) {
        timerq_set(&q, &e[(i * 7) % ENTRIES], 5);
    }
    timerq_cancel(&q, &e[14]);
    timerq_set(&q, &e[0], 5); /* set again: now the last */
    for (size_t i = 1; i < ENTRIES; i++) {
        if ((i * 7) % ENTRIES != 14) {
            assert_ptr_equal(timerq_pop(&q, 5), &e[(i * 7) % ENTRIES]);
        }
    }
    assert_ptr_equal(timerq_pop(&q, 5), &e[0]);
    assert_null(timerq_pop(&q, 5));
    timerq_fini(&q);
}

/* ---- random use against a list that is searched from one end to the other ---- */

struct model {
    bool set[ENTRIES];
    mono_us due[ENTRIES];
    uint64_t order[ENTRIES];
    uint64_t next;
};

static int model_first(const struct model *m)
{
    int best = -1;

    for (int i = 0; i < ENTRIES; i++) {
        if (m->set[i] &&
            (best < 0 || m->due[i] < m->due[best] || (m->due[i] == m->due[best] && m->order[i] < m->order[best]))) {
            best = i;
        }
    }
    return best;
}

static void compare(const struct timerq *q, const struct timerq_entry *entries, const struct model *m)
{
    int first = model_first(m);
    uint32_t len = 0;

    assert_true(timerq_due(q) == (first < 0 ? MONO_NEVER : m->due[first]));
    for (int i = 0; i < ENTRIES; i++) {
        assert_int_equal(timerq_is_set(&entries[i]), m->set[i]);
        len += m->set[i] ? 1 : 0;
    }
    assert_int_equal(q->len, len);
}

static void test_against_a_model(void **state)
{
    uint64_t seed = 7;
    struct rng rng = {rng_seeded_fill, &seed};
    struct timerq q;
    struct timerq_entry e[ENTRIES] = {0};
    struct model m = {0};
    mono_us now = 0;

    (void)state;
    assert_int_equal(timerq_init(&q, ENTRIES), ST_OK);
    for (int step = 0; step < 20000; step++) {
        uint32_t i = rng_below(&rng, ENTRIES);
        switch (rng_below(&rng, 8)) {
        case 0:
            timerq_cancel(&q, &e[i]);
            m.set[i] = false;
            break;
        case 1:
        case 2: {
            now += rng_below(&rng, 20);
            int want = model_first(&m);
            bool ripe = want >= 0 && m.due[want] <= now;
            assert_ptr_equal(timerq_pop(&q, now), ripe ? &e[want] : NULL);
            if (ripe) {
                m.set[want] = false;
            }
            break;
        }
        default:
            m.set[i] = true;
            m.due[i] = now + rng_below(&rng, 30) - 5;
            m.order[i] = m.next++;
            timerq_set(&q, &e[i], m.due[i]);
            break;
        }
        compare(&q, e, &m);
    }
    timerq_fini(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_equal_deadlines_in_the_order_of_setting),
        cmocka_unit_test(test_against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
