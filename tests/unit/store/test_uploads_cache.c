/* SPDX-License-Identifier: MIT */
/* Converted forms: beside the upload, hidden, counted, not listed; valid for the very file only; gone with it. */
#include "support_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "uploads_priv.h"

#define HIDDEN ".converted-a.wav"
#define LEN    400u
#define WHOLE  (CACHED_HEADER_LEN + LEN)

struct bench {
    struct store store;
    struct uploads *uploads;
    int done, status;
};

static void open_uploads(struct bench *b, uint64_t quota)
{
    const struct uploads_config config = {.dir = b->store.dir,
                                          .max_bytes = 1000,
                                          .quota_bytes = quota,
                                          .max_files = 50,
                                          .block_bytes = 1,
                                          .handles = 4,
                                          .flusher = b->store.flusher,
                                          .log = &b->store.log};
    assert_int_equal(uploads_open(&config, &b->uploads), ST_OK);
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    store_open(&b->store, true);
    store_put(&b->store, "a.wav", "original", 8);
    open_uploads(b, 3000);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    uploads_close(b->uploads);
    store_close(&b->store);
    free(b);
    return 0;
}

/* The next of them: what is no upload is passed over, one a call. */
static int next_upload(struct uploads_list *list, struct uploads_entry *entry)
{
    int status;
    while ((status = uploads_list_next(list, entry)) == ST_AGAIN) {
    }
    return status;
}

static void on_done(void *ctx, struct pool_id owner, int status)
{
    struct bench *b = ctx;
    (void)owner;
    b->done++;
    b->status = status;
}

static const uint8_t sound[LEN] = {1, 2, 3};

static int source_of(struct bench *b)
{
    int fd;
    uint64_t size;
    assert_int_equal(uploads_open_file(b->uploads, SPAN_LIT("a.wav"), &fd, &size), ST_OK);
    return fd;
}

static struct pool_id begin(struct bench *b)
{
    struct pool_id id;
    const int fd = source_of(b);
    assert_int_equal(uploads_cache_begin(b->uploads, SPAN_LIT("a.wav"), fd, LEN, &id), ST_OK);
    os_close(fd);
    assert_int_equal(uploads_write(b->uploads, id, sound, LEN), ST_OK);
    return id;
}

static int commit(struct bench *b, struct pool_id id)
{
    const int before = b->done;
    assert_int_equal(uploads_commit(b->uploads, id, POOL_ID_NONE, on_done, b), ST_OK);
    store_wait(&b->store, &b->done, before + 1);
    return b->status;
}

/* Is there one for what now has the name? */
static bool is_found(struct bench *b)
{
    int fd;
    uint64_t offset, len;
    uint8_t read[LEN];
    const int source = source_of(b);
    const int status = uploads_cached_open(b->uploads, SPAN_LIT("a.wav"), source, &fd, &offset, &len);
    os_close(source);
    if (status != ST_OK) {
        assert_int_equal(status, ST_NOT_FOUND);
        assert_int_equal(fd, -1);
        return false;
    }
    assert_true(len == LEN && offset == CACHED_HEADER_LEN);
    assert_int_equal(os_file_read_at(fd, offset, read, LEN), LEN);
    assert_memory_equal(read, sound, LEN);
    os_close(fd);
    return true;
}

static void test_kept_counted_not_listed(void **state)
{
    struct bench *b = *state;
    assert_false(is_found(b));
    const struct pool_id id = begin(b);
    assert_false(is_found(b)); /* not before it is whole */
    assert_int_equal(commit(b, id), ST_OK);
    assert_true(is_found(b));
    assert_int_equal(store_size(&b->store, HIDDEN), WHOLE);
    assert_int_equal(uploads_used(b->uploads), 8 + WHOLE);
    struct uploads_list *list;
    struct uploads_entry entry;
    assert_int_equal(uploads_list_open(b->uploads, &list), ST_OK);
    assert_int_equal(next_upload(list, &entry), ST_OK);
    assert_string_equal(entry.name, "a.wav");
    assert_int_equal(entry.bytes, 8); /* the original's */
    assert_int_equal(next_upload(list, &entry), ST_NOT_FOUND);
    uploads_list_close(list);
    assert_int_equal(uploads_used(b->uploads), 8 + WHOLE);
    assert_int_equal(uploads_delete(b->uploads, SPAN_LIT(HIDDEN)), ST_BAD); /* no name of a client's */
    uploads_close(b->uploads);
    open_uploads(b, 3000); /* and after a restart */
    assert_true(is_found(b));
    assert_int_equal(uploads_used(b->uploads), 8 + WHOLE);
}

static void test_deleted_with_it(void **state)
{
    struct bench *b = *state;
    assert_int_equal(commit(b, begin(b)), ST_OK);
    assert_int_equal(uploads_delete(b->uploads, SPAN_LIT("a.wav")), ST_OK);
    assert_int_equal(store_count(&b->store), 0);
    assert_int_equal(uploads_used(b->uploads), 0);
}

static void test_replaced_by_upload(void **state)
{
    struct bench *b = *state;
    struct pool_id up;
    assert_int_equal(commit(b, begin(b)), ST_OK);
    assert_int_equal(uploads_begin(b->uploads, SPAN_LIT("a.wav"), &up), ST_OK);
    assert_int_equal(uploads_write(b->uploads, up, "replaced", 8), ST_OK); /* as long as the first */
    assert_int_equal(commit(b, up), ST_OK);
    assert_int_equal(store_count(&b->store), 1);
    assert_int_equal(uploads_used(b->uploads), 8);
    assert_false(is_found(b));
}

/* What was converted is gone by the time it is stored. */
static void test_replaced_meanwhile(void **state)
{
    struct bench *b = *state;
    struct pool_id id = begin(b);
    struct pool_id up;
    assert_int_equal(uploads_begin(b->uploads, SPAN_LIT("a.wav"), &up), ST_OK);
    assert_int_equal(uploads_write(b->uploads, up, "replaced", 8), ST_OK);
    assert_int_equal(commit(b, up), ST_OK);
    assert_int_equal(commit(b, id), ST_STATE);
    assert_int_equal(store_count(&b->store), 1);
    id = begin(b);
    assert_int_equal(uploads_delete(b->uploads, SPAN_LIT("a.wav")), ST_OK);
    assert_int_equal(commit(b, id), ST_STATE);
    assert_int_equal(store_count(&b->store), 0);
    assert_int_equal(uploads_used(b->uploads), 0);
    assert_int_equal(store_logged(&b->store, "WARNING"), 0);
}

/* Another file of that name by hand: of another length, another date (older too), or only another file. */
static void test_changed_by_hand(void **state)
{
    struct bench *b = *state;
    const struct timespec old[2] = {{1000, 0}, {1000, 0}};
    struct stat before;
    assert_int_equal(commit(b, begin(b)), ST_OK);
    assert_int_equal(fstatat(b->store.dir_fd, "a.wav", &before, 0), 0);
    assert_int_equal(utimensat(b->store.dir_fd, "a.wav", old, 0), 0);
    assert_false(is_found(b));
    const struct timespec same[2] = {before.st_atim, before.st_mtim};
    assert_int_equal(utimensat(b->store.dir_fd, "a.wav", same, 0), 0);
    assert_true(is_found(b));
    store_put(&b->store, "other", "another!", 8);
    assert_int_equal(renameat(b->store.dir_fd, "other", b->store.dir_fd, "a.wav"), 0);
    assert_int_equal(utimensat(b->store.dir_fd, "a.wav", same, 0), 0);
    assert_false(is_found(b)); /* the same size and date */
    assert_int_equal(commit(b, begin(b)), ST_OK);
    assert_true(is_found(b)); /* made anew in its place */
    assert_int_equal(uploads_used(b->uploads), 8 + WHOLE);
    assert_int_equal(unlinkat(b->store.dir_fd, HIDDEN, 0), 0);
    assert_false(is_found(b));
}

static void test_damaged(void **state)
{
    struct bench *b = *state;
    assert_int_equal(commit(b, begin(b)), ST_OK);
    for (off_t len = WHOLE - 1; len >= 0; len -= len > 80 ? 37 : 1) {
        const int fd = openat(b->store.dir_fd, HIDDEN, O_RDWR);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, len), 0);
        (void)close(fd);
        assert_false(is_found(b));
    }
}

static void test_quota(void **state)
{
    struct bench *b = *state;
    struct pool_id id;
    uploads_close(b->uploads);
    open_uploads(b, 8 + WHOLE - 1);
    const int fd = source_of(b);
    assert_int_equal(uploads_cache_begin(b->uploads, SPAN_LIT("a.wav"), fd, LEN, &id), ST_FULL);
    assert_true(pool_id_is_none(id));
    assert_int_equal(store_count(&b->store), 1);
    uploads_close(b->uploads);
    open_uploads(b, 100000);
    assert_int_equal(uploads_cache_begin(b->uploads, SPAN_LIT("a.wav"), fd, 5000, &id),
                     ST_OK); /* over max_bytes: no upload */
    uploads_abort(b->uploads, id);
    assert_int_equal(uploads_cache_begin(b->uploads, SPAN_LIT("a.wav"), fd, UINT32_MAX, &id), ST_TOO_LARGE);
    assert_int_equal(uploads_cache_begin(b->uploads, SPAN_LIT("../a"), fd, 5, &id), ST_BAD);
    assert_int_equal(store_count(&b->store), 1);
    assert_int_equal(uploads_used(b->uploads), 8);
    os_close(fd);
}

static void test_orphans_at_start(void **state)
{
    struct bench *b = *state;
    assert_int_equal(commit(b, begin(b)), ST_OK);
    uploads_close(b->uploads);
    assert_int_equal(unlinkat(b->store.dir_fd, "a.wav", 0), 0); /* by hand, the server being down */
    store_put(&b->store, ".converted-notes",
              "somebody's own hidden file, long enough for one of ours, stays where it is ........", 80);
    open_uploads(b, 3000);
    assert_int_equal(store_count(&b->store), 1);
    assert_int_equal(store_size(&b->store, ".converted-notes"), 80);
    assert_int_equal(uploads_used(b->uploads), 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept_counted_not_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deleted_with_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replaced_by_upload, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replaced_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changed_by_hand, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quota, setup, teardown),
        cmocka_unit_test_setup_teardown(test_orphans_at_start, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
