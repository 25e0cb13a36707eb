/* SPDX-License-Identifier: MIT */
#include "support_store.h"

#include <stdio.h>
#include <string.h>

#include "recordings_index.h"

static void assert_names(const struct recordings_index *ix, const char *want)
{
    char got[256] = "";
    const char *at = "";
    for (const struct recordings_file *f = recordings_index_before(ix, at); f != NULL;
         f = recordings_index_before(ix, f->name)) {
        strncat(got, f->name, sizeof(got) - strlen(got) - 1);
    }
    assert_string_equal(got, want); /* newest first */
    assert_int_equal(recordings_index_count(ix), strlen(want));
}

static void test_append_sort_add_remove(void **state)
{
    (void)state;
    struct recordings_index ix;
    recordings_index_init(&ix);
    assert_null(recordings_index_before(&ix, ""));
    assert_null(recordings_index_find(&ix, "a"));
    assert_null(recordings_index_oldest_closed(&ix));
    recordings_index_sort(&ix);
    const char *const names[] = {"m", "c", "x", "e"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(recordings_index_append(&ix, names[i], (uint64_t)i + 1), ST_OK);
    }
    recordings_index_sort(&ix);
    assert_names(&ix, "xmec");
    assert_int_equal(recordings_index_find(&ix, "x")->size, 3);
    assert_int_equal(recordings_index_add(&ix, "z", 0, true), ST_OK);
    assert_int_equal(recordings_index_add(&ix, "a", 0, true), ST_OK);
    assert_int_equal(recordings_index_add(&ix, "f", 0, false), ST_OK);
    assert_names(&ix, "zxmfeca");
    assert_string_equal(recordings_index_oldest_closed(&ix)->name, "c"); /* a is open */
    assert_null(recordings_index_find(&ix, "b"));
    assert_string_equal(recordings_index_before(&ix, "d")->name, "c"); /* also of a name that is gone */
    assert_null(recordings_index_before(&ix, "a"));
    recordings_index_remove(&ix, recordings_index_find(&ix, "f"));
    recordings_index_remove(&ix, recordings_index_find(&ix, "a"));
    recordings_index_remove(&ix, recordings_index_find(&ix, "z"));
    assert_names(&ix, "xmec");
    recordings_index_fini(&ix);
    assert_int_equal(recordings_index_count(&ix), 0);
    recordings_index_fini(&ix);
}

/* Years of coming and going: the array does not grow with what is gone. */
static void test_bounded_under_turnover(void **state)
{
    (void)state;
    struct recordings_index ix;
    recordings_index_init(&ix);
    char name[16];
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(name, sizeof(name), "%08d", i);
        assert_int_equal(recordings_index_add(&ix, name, 0, false), ST_OK);
        if (i >= 50) {
            struct recordings_file *oldest = recordings_index_oldest_closed(&ix);
            (void)snprintf(name, sizeof(name), "%08d", i - 50);
            assert_string_equal(oldest->name, name);
            recordings_index_remove(&ix, oldest);
        }
    }
    assert_int_equal(recordings_index_count(&ix), 50);
    assert_true(ix.cap <= 256);
    recordings_index_fini(&ix);
}

static void remove_oldest(struct recordings_index *ix, const char *want)
{
    struct recordings_file *oldest = recordings_index_oldest_closed(ix);
    assert_non_null(oldest);
    assert_string_equal(oldest->name, want);
    recordings_index_remove(ix, oldest);
}

/* What was made in this run is younger than what was there, whatever the clock said. */
static void test_age_is_not_the_name(void **state)
{
    (void)state;
    struct recordings_index ix;
    recordings_index_init(&ix);
    const char *const before[] = {"m", "k", "n"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(recordings_index_append(&ix, before[i], 1), ST_OK);
    }
    recordings_index_sort(&ix);
    const char *const made[] = {"z", "c", "a", "l"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(recordings_index_add(&ix, made[i], 0, true), ST_OK);
        recordings_index_find(&ix, made[i])->open = false;
    }
    assert_int_equal(recordings_index_add(&ix, "b", 7, false), ST_OK); /* found later: before those of this run */
    assert_int_equal(recordings_index_add(&ix, "o", 7, false), ST_OK);
    assert_int_equal(recordings_index_add(&ix, "o", 7, false), ST_BUSY);
    assert_int_equal(recordings_index_find(&ix, "o")->size, 7);
    assert_names(&ix, "zonmlkcba"); /* listed by their names all the same */
    const char *const order[] = {"b", "k", "m", "n", "o", "z", "c", "a", "l"};
    for (int i = 0; i < 9; i++) {
        remove_oldest(&ix, order[i]);
    }
    assert_null(recordings_index_oldest_closed(&ix));
    assert_int_equal(recordings_index_add(&ix, "x", 0, true), ST_OK);
    assert_int_equal(recordings_index_add(&ix, "y", 0, false), ST_OK);
    recordings_index_find(&ix, "x")->open = false;
    remove_oldest(&ix, "y");
    recordings_index_fini(&ix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_sort_add_remove),
        cmocka_unit_test(test_bounded_under_turnover),
        cmocka_unit_test(test_age_is_not_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
