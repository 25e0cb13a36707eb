/* SPDX-License-Identifier: MIT */
/* Usages by Call-ID.
 *
 * each_is_found            of 1000, and what was removed is not; the longest bucket is short
 * one_call_id_for_several  all of them, in the order in which they came (a call to ourselves)
 * ended_is_passed_over     a usage that goes at the end of the turn is nobody's any more
 * seeds_differ             what meets in one bucket under one seed does not under another
 * room                     memory as it is said, and safe when empty */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inv.h"

#define MANY 1000

static struct sip_inv *make(const char *call_id)
{
    struct sip_inv *usage = calloc(1, sizeof(*usage));
    assert_non_null(usage);
    usage->state = SIP_INV_ST_CONFIRMED;
    assert_int_equal(sip_text_set(&usage->call_id, span_cstr(call_id)), ST_OK);
    return usage;
}

static void drop(struct sip_inv *usage)
{
    sip_inv_index_remove(usage);
    sip_text_clear(&usage->call_id);
    free(usage);
}

static size_t longest(const struct sip_inv_index *index)
{
    size_t most = 0;
    for (uint32_t i = 0; i <= index->mask; i++) {
        size_t len = 0;
        for (const struct chain_node *n = index->buckets[i].first; n != NULL; n = n->next) {
            len++;
        }
        most = len > most ? len : most;
    }
    return most;
}

static void each_is_found(void **state)
{
    static struct sip_inv *all[MANY];
    struct sip_inv_index index = {0};
    char id[32];
    (void)state;
    assert_int_equal(sip_inv_index_init(&index, MANY, 77), ST_OK);
    assert_int_equal(index.mask, 1023);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(id, sizeof(id), "%d@10.0.0.1", i);
        all[i] = make(id);
        sip_inv_index_add(&index, all[i]);
    }
    assert_true(longest(&index) <= 10); /* 1000 in 1024: seven or so by chance */
    for (int i = 0; i < MANY; i += 2) {
        sip_inv_index_remove(all[i]);
        sip_inv_index_remove(all[i]);
    }
    for (int i = 0; i < MANY; i++) {
        struct sip_inv *found = sip_inv_index_find(&index, sip_text_view(&all[i]->call_id), NULL);
        assert_ptr_equal(found, i % 2 == 0 ? NULL : all[i]);
        assert_true(found == NULL || sip_inv_index_find(&index, sip_text_view(&all[i]->call_id), found) == NULL);
    }
    assert_null(sip_inv_index_find(&index, SPAN_LIT("1@10.0.0.2"), NULL));
    assert_null(sip_inv_index_find(&index, SPAN_NONE, NULL));
    for (int i = 0; i < MANY; i++) {
        drop(all[i]);
    }
    sip_inv_index_fini(&index);
}

static void one_call_id_for_several(void **state)
{
    struct sip_inv *usages[] = {make("a"), make("b"), make("a"), make("a")};
    struct sip_inv_index index = {0};
    (void)state;
    assert_int_equal(sip_inv_index_init(&index, 1, 1), ST_OK); /* one bucket for all */
    for (size_t i = 0; i < 4; i++) {
        sip_inv_index_add(&index, usages[i]);
    }
    assert_ptr_equal(sip_inv_index_find(&index, SPAN_LIT("a"), NULL), usages[0]);
    assert_ptr_equal(sip_inv_index_find(&index, SPAN_LIT("a"), usages[0]), usages[2]);
    assert_ptr_equal(sip_inv_index_find(&index, SPAN_LIT("a"), usages[2]), usages[3]);
    assert_null(sip_inv_index_find(&index, SPAN_LIT("a"), usages[3]));
    assert_null(sip_inv_index_find(&index, SPAN_LIT("A"), NULL)); /* case counts (RFC 3261 20.8) */
    for (size_t i = 0; i < 4; i++) {
        drop(usages[i]);
    }
    sip_inv_index_fini(&index);
}

static void ended_is_passed_over(void **state)
{
    struct sip_inv *usages[] = {make("a"), make("a")};
    struct sip_inv_index index = {0};
    (void)state;
    assert_int_equal(sip_inv_index_init(&index, 8, 1), ST_OK);
    sip_inv_index_add(&index, usages[0]);
    sip_inv_index_add(&index, usages[1]);
    usages[0]->state = SIP_INV_ST_TERMINATED;
    assert_ptr_equal(sip_inv_index_find(&index, SPAN_LIT("a"), NULL), usages[1]);
    drop(usages[0]);
    drop(usages[1]);
    sip_inv_index_fini(&index);
}

static void seeds_differ(void **state)
{
    size_t together = 0;
    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "%u", (unsigned)i);
        bool meets = ((hash_octets(5, span_cstr(id)) ^ hash_octets(5, SPAN_LIT("0"))) & 15) == 0;
        bool meets_again = ((hash_octets(6, span_cstr(id)) ^ hash_octets(6, SPAN_LIT("0"))) & 15) == 0;
        together += meets && meets_again ? 1 : 0;
    }
    assert_in_range(together, 1, MANY / 50); /* one in 256 by chance */
}

static void room(void **state)
{
    struct sip_inv_index index = {0};
    (void)state;
    sip_inv_index_fini(&index);
    assert_int_equal(sip_inv_index_memory(1000), 1024 * sizeof(struct chain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_found),
        cmocka_unit_test(one_call_id_for_several),
        cmocka_unit_test(ended_is_passed_over),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
