/* SPDX-License-Identifier: MIT */
/* The ring of records, against a plain queue of copies. */
#include <stdlib.h>

#include "rng_seeded.h"
#include "support_audio.h"

/* An allocation that cannot succeed must be refused, not reported. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void test_first_in_first_out(void **state)
{
    (void)state;
    struct frame_ring r;
    char out[16];
    assert_int_equal(frame_ring_init(&r, 64), ST_OK);
    assert_int_equal(frame_ring_peek_len(&r), 0);
    assert_int_equal(frame_ring_pop(&r, out, sizeof(out)), 0);
    assert_int_equal(frame_ring_push(&r, "one", 3), 0);
    assert_int_equal(frame_ring_push(&r, "second", 6), 0);
    assert_int_equal(r.count, 2);
    assert_int_equal(frame_ring_peek_len(&r), 3);
    assert_int_equal(frame_ring_pop(&r, out, sizeof(out)), 3);
    assert_memory_equal(out, "one", 3);
    assert_int_equal(frame_ring_pop(&r, out, sizeof(out)), 6);
    assert_memory_equal(out, "second", 6);
    assert_int_equal(frame_ring_pop(&r, out, sizeof(out)), 0);
    assert_int_equal(r.dropped, 0);
    frame_ring_fini(&r);
    frame_ring_fini(&r);
}

static void test_drops_the_oldest(void **state)
{
    (void)state;
    struct frame_ring r;
    char out[30];
    assert_int_equal(frame_ring_init(&r, 30), ST_OK);
    assert_int_equal(frame_ring_push(&r, "aaaaaaaa", 8), 0);
    assert_int_equal(frame_ring_push(&r, "bbbbbbbb", 8), 0);
    assert_int_equal(frame_ring_push(&r, "cccccccc", 8), 0); /* 30 of 30 */
    assert_int_equal(frame_ring_push(&r, "d", 1), 1);
    assert_int_equal(frame_ring_peek_len(&r), 8);
    assert_int_equal(frame_ring_push(&r, "eeeeeeeeeeeeeeeeeeeeeeeeeeee", 28), 3);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.dropped, 4);
    assert_int_equal(frame_ring_pop(&r, out, sizeof(out)), 28);
    assert_int_equal(r.used, 0);
    frame_ring_fini(&r);
}

static void test_refused_lengths(void **state)
{
    (void)state;
    static char large[65536];
    struct frame_ring r;
    assert_int_equal(frame_ring_init(&r, 30), ST_OK);
    assert_int_equal(frame_ring_push(&r, "kept", 4), 0);
    assert_int_equal(frame_ring_push(&r, large, 0), ST_TOO_LARGE);
    assert_int_equal(frame_ring_push(&r, large, 29), ST_TOO_LARGE);
    assert_int_equal(r.count, 1);
    frame_ring_fini(&r);
    assert_int_equal(frame_ring_init(&r, 200000), ST_OK);
    assert_int_equal(frame_ring_push(&r, large, 65536), ST_TOO_LARGE);
    assert_int_equal(frame_ring_push(&r, large, 65535), 0);
    assert_int_equal(frame_ring_peek_len(&r), 65535);
    frame_ring_fini(&r);
}

static void test_no_room_at_all(void **state)
{
    (void)state;
    struct frame_ring r;
    assert_int_equal(frame_ring_init(&r, 0), ST_OK);
    assert_int_equal(frame_ring_push(&r, "x", 1), ST_TOO_LARGE);
    assert_int_equal(frame_ring_pop(&r, &r, 0), 0);
    frame_ring_clear(&r);
    frame_ring_fini(&r);
    assert_int_equal(frame_ring_init(&r, SIZE_MAX / 2 + 1), ST_NO_MEMORY);
    assert_int_equal(frame_ring_push(&r, "x", 1), ST_TOO_LARGE);
    frame_ring_fini(&r);
}

static void test_short_buffer_and_clear(void **state)
{
    (void)state;
    struct frame_ring r;
    char out[4] = "...";
    assert_int_equal(frame_ring_init(&r, 30), ST_OK);
    assert_int_equal(frame_ring_push(&r, "long one", 8), 0);
    assert_int_equal(frame_ring_push(&r, "next", 4), 0);
    assert_int_equal(frame_ring_pop(&r, out, 2), 2);
    assert_memory_equal(out, "lo.", 3);
    assert_int_equal(frame_ring_peek_len(&r), 4);
    frame_ring_clear(&r);
    assert_int_equal(frame_ring_peek_len(&r), 0);
    assert_int_equal(r.dropped, 0);
    assert_int_equal(frame_ring_push(&r, "again", 5), 0);
    assert_int_equal(frame_ring_peek_len(&r), 5);
    frame_ring_fini(&r);
}

#define MODEL 4096

/* A reader who keeps up costs no more memory than one record. */
static void test_one_at_a_time_stays_in_front(void **state)
{
    (void)state;
    struct frame_ring r;
    char out[16];
    assert_int_equal(frame_ring_init(&r, 64), ST_OK);
    memset(r.bytes, 0x5a, 64);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(frame_ring_push(&r, "record", 6), 0);
        assert_int_equal(frame_ring_pop(&r, out, sizeof(out)), 6);
    }
    for (size_t i = 2 + 6; i < 64; i++) {
        assert_int_equal(r.bytes[i], 0x5a);
    }
    frame_ring_fini(&r);
}

static void test_against_a_queue(void **state)
{
    (void)state;
    static uint8_t lens[MODEL]; /* record i has lens[i] bytes of value i */
    uint64_t seed = 3;
    struct rng rng = {rng_seeded_fill, &seed};
    for (size_t cap = 200; cap < 420; cap += 7) {
        struct frame_ring r;
        unsigned first = 0;
        unsigned next = 0;
        size_t used = 0;
        assert_int_equal(frame_ring_init(&r, cap), ST_OK);
        while (next < MODEL) {
            uint8_t record[256];
            if (rng_below(&rng, 5) < 3) {
                lens[next] = (uint8_t)(1 + rng_below(&rng, 190));
                memset(record, (int)(next & 0xFF), lens[next]);
                int dropped = 0;
                for (used += lens[next] + 2u; used > cap; used -= lens[first++] + 2u) {
                    dropped++;
                }
                assert_int_equal(frame_ring_push(&r, record, lens[next]), dropped);
                next++;
            } else if (first < next) {
                assert_int_equal(frame_ring_peek_len(&r), lens[first]);
                assert_int_equal(frame_ring_pop(&r, record, sizeof(record)), lens[first]);
                assert_int_equal(record[0], first & 0xFF);
                assert_int_equal(record[lens[first] - 1], first & 0xFF);
                used -= lens[first++] + 2u;
            }
            assert_int_equal(r.count, next - first);
            assert_int_equal(r.used, used);
        }
        frame_ring_fini(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_in_first_out),     cmocka_unit_test(test_drops_the_oldest),
        cmocka_unit_test(test_refused_lengths),        cmocka_unit_test(test_no_room_at_all),
        cmocka_unit_test(test_short_buffer_and_clear), cmocka_unit_test(test_one_at_a_time_stays_in_front),
        cmocka_unit_test(test_against_a_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
