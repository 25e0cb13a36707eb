/* SPDX-License-Identifier: MIT */
/* Uploads on a real file system, with the kernel's flushes and with flushes in place:
 *   stored only when done is told; the earlier file stays on every failure; abort at every moment; limit and quota;
 *   leftovers of a killed process; links refused; names never leave the directory (FAULTS 35, 36); listing. */
#include "support_store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wavfield.h"
#include "wsaudio/audio.h"
#include "wsaudio/base/log_quota.h"
#include "wsaudio/store/uploads.h"

#define MAX   1000
#define QUOTA 3000
#define FILES 50

struct bench {
    struct store store;
    struct uploads *uploads;
    int done, status;
    struct pool_id owner;
    bool kernel;
};

static void open_with(struct bench *b, uint64_t quota, uint32_t files, uint32_t block_bytes)
{
    const struct uploads_config config = {
        .dir = b->store.dir,
        .max_bytes = MAX,
        .quota_bytes = quota,
        .max_files = files,
        .block_bytes = block_bytes,
        .handles = 4,
        .flusher = b->store.flusher,
        .log = &b->store.log,
    };
    assert_int_equal(uploads_open(&config, &b->uploads), ST_OK);
}

static void open_uploads(struct bench *b)
{
    open_with(b, QUOTA, FILES, 1);
}

static int setup_with(void **state, bool kernel)
{
    struct bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    store_open(&b->store, kernel);
    b->kernel = b->store.kernel;
    open_uploads(b);
    *state = b;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, true);
}

static int setup_in_place(void **state)
{
    return setup_with(state, false);
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
    b->done++;
    b->status = status;
    b->owner = owner;
}

static struct pool_id begin(struct bench *b, const char *name)
{
    struct pool_id id;
    assert_int_equal(uploads_begin(b->uploads, span_cstr(name), &id), ST_OK);
    assert_false(pool_id_is_none(id));
    return id;
}

static const uint8_t block[QUOTA + 1];

/* Returns the status that done was told. */
static int commit(struct bench *b, struct pool_id id)
{
    const int before = b->done;
    const struct pool_id owner = {3, 5};
    assert_int_equal(uploads_commit(b->uploads, id, owner, on_done, b), ST_OK);
    store_wait(&b->store, &b->done, before + 1);
    assert_true(pool_id_eq(b->owner, owner));
    return b->status;
}

static void store_upload(struct bench *b, const char *name, size_t len)
{
    const struct pool_id id = begin(b, name);
    assert_int_equal(uploads_write(b->uploads, id, block, len), ST_OK);
    assert_int_equal(commit(b, id), ST_OK);
}

static void test_stored_when_told(void **state)
{
    struct bench *b = *state;
    const struct pool_id id = begin(b, "a.wav");
    assert_int_equal(uploads_write(b->uploads, id, "hello ", 6), ST_OK);
    assert_int_equal(uploads_write(b->uploads, id, "world", 5), ST_OK);
    assert_int_equal(store_size(&b->store, "a.wav"), -1);
    assert_int_equal(uploads_commit(b->uploads, id, POOL_ID_NONE, on_done, b), ST_OK);
    if (b->kernel) {
        assert_int_equal(b->done, 0);
        assert_int_equal(store_size(&b->store, "a.wav"), -1); /* not before it is on the disk */
        assert_int_equal(uploads_write(b->uploads, id, "x", 1), ST_STATE);
        assert_int_equal(uploads_commit(b->uploads, id, POOL_ID_NONE, on_done, b), ST_STATE);
    }
    store_wait(&b->store, &b->done, 1);
    assert_int_equal(b->status, ST_OK);
    assert_int_equal(store_size(&b->store, "a.wav"), 11);
    assert_int_equal(uploads_used(b->uploads), 11);
    assert_int_equal(store_count(&b->store), 1);
    int fd;
    uint64_t size;
    char text[16];
    assert_int_equal(uploads_open_file(b->uploads, SPAN_LIT("a.wav"), &fd, &size), ST_OK);
    assert_int_equal(size, 11);
    assert_int_equal(os_file_read_at(fd, 0, text, sizeof(text)), 11);
    assert_memory_equal(text, "hello world", 11);
    os_close(fd);
}

static void test_replace_and_play_on(void **state)
{
    struct bench *b = *state;
    int fd;
    uint64_t size;
    char text[2];
    const struct pool_id first = begin(b, "a.wav");
    assert_int_equal(uploads_write(b->uploads, first, "1", 1), ST_OK);
    assert_int_equal(commit(b, first), ST_OK);
    assert_int_equal(uploads_open_file(b->uploads, SPAN_LIT("a.wav"), &fd, &size), ST_OK);
    const struct pool_id second = begin(b, "a.wav");
    assert_int_equal(uploads_write(b->uploads, second, "22", 2), ST_OK);
    assert_int_equal(commit(b, second), ST_OK);
    assert_int_equal(store_size(&b->store, "a.wav"), 2);
    assert_int_equal(uploads_used(b->uploads), 2);
    assert_int_equal(os_file_read_at(fd, 0, text, 2), 1); /* whoever plays the first one goes on with it */
    assert_int_equal(text[0], '1');
    assert_int_equal(uploads_delete(b->uploads, SPAN_LIT("a.wav")), ST_OK);
    assert_int_equal(os_file_read_at(fd, 0, text, 2), 1);
    os_close(fd);
    assert_int_equal(uploads_used(b->uploads), 0);
    assert_int_equal(uploads_delete(b->uploads, SPAN_LIT("a.wav")), ST_NOT_FOUND);
    assert_int_equal(uploads_open_file(b->uploads, SPAN_LIT("a.wav"), &fd, &size), ST_NOT_FOUND);
    assert_int_equal(store_count(&b->store), 0);
}

static void test_two_at_once_keep_apart(void **state) /* FAULTS 34 */
{
    struct bench *b = *state;
    const struct pool_id x = begin(b, "x");
    const struct pool_id y = begin(b, "y");
    for (int i = 0; i < 10; i++) {
        assert_int_equal(uploads_write(b->uploads, x, "x", 1), ST_OK);
        assert_int_equal(uploads_write(b->uploads, y, "yy", 2), ST_OK);
    }
    assert_int_equal(commit(b, y), ST_OK);
    assert_int_equal(commit(b, x), ST_OK);
    assert_int_equal(store_size(&b->store, "x"), 10);
    assert_int_equal(store_size(&b->store, "y"), 20);
    assert_int_equal(uploads_used(b->uploads), 30);
}

static void test_upload_limit(void **state)
{
    struct bench *b = *state;
    store_put(&b->store, "a", "old", 3);
    struct pool_id id = begin(b, "a");
    assert_int_equal(uploads_write(b->uploads, id, block, MAX - 1), ST_OK);
    assert_int_equal(uploads_write(b->uploads, id, block, 2), ST_TOO_LARGE);
    uploads_abort(b->uploads, id);
    assert_int_equal(store_size(&b->store, "a"), 3);
    assert_int_equal(store_count(&b->store), 1);
    id = begin(b, "a");
    assert_int_equal(uploads_write(b->uploads, id, block, MAX + 1), ST_TOO_LARGE);
    assert_int_equal(uploads_write(b->uploads, id, block, MAX), ST_OK); /* exactly */
    uploads_abort(b->uploads, id);
    uploads_abort(b->uploads, id);
    assert_int_equal(uploads_used(b->uploads), 0);
}

static void test_quota(void **state)
{
    struct bench *b = *state;
    store_upload(b, "a", MAX);
    store_upload(b, "b", MAX);
    const struct pool_id c = begin(b, "c");
    const struct pool_id d = begin(b, "d");
    assert_int_equal(uploads_write(b->uploads, c, block, MAX - 1), ST_OK);
    assert_int_equal(uploads_write(b->uploads, d, block, 2), ST_FULL); /* what is being written counts */
    assert_int_equal(uploads_write(b->uploads, d, block, 1), ST_OK);
    uploads_abort(b->uploads, c);
    assert_int_equal(uploads_write(b->uploads, d, block, MAX - 1), ST_OK);
    assert_int_equal(commit(b, d), ST_OK);
    assert_int_equal(uploads_used(b->uploads), QUOTA);
    const struct pool_id e = begin(b, "e");
    assert_int_equal(uploads_write(b->uploads, e, block, 1), ST_FULL);
    uploads_abort(b->uploads, e);
    store_upload(b, "a", MAX); /* takes the place of a file as long: not counted twice */
    assert_int_equal(uploads_used(b->uploads), QUOTA);
    assert_int_equal(uploads_delete(b->uploads, SPAN_LIT("b")), ST_OK);
    store_upload(b, "e", MAX);
    assert_int_equal(uploads_used(b->uploads), QUOTA);
    assert_int_equal(store_count(&b->store), 3);
}

/* A client that uploads 46 bytes again and again under new names. */
static void test_number_of_files(void **state)
{
    struct bench *b = *state;
    struct pool_id id, other;
    uploads_close(b->uploads);
    open_with(b, QUOTA, 3, 1);
    store_upload(b, "a", 46);
    store_upload(b, "b", 46);
    id = begin(b, "c");
    assert_int_equal(uploads_begin(b->uploads, SPAN_LIT("d"), &other), ST_FULL); /* what is being written counts */
    assert_true(pool_id_is_none(other));
    other = begin(b, "a"); /* takes the place of one that is there */
    uploads_abort(b->uploads, other);
    uploads_abort(b->uploads, id);
    store_upload(b, "d", 46);
    assert_int_equal(uploads_begin(b->uploads, SPAN_LIT("c"), &id), ST_FULL);
    store_upload(b, "a", 46);
    assert_int_equal(uploads_count(b->uploads), 3);
    assert_int_equal(uploads_delete(b->uploads, SPAN_LIT("a")), ST_OK);
    assert_int_equal(uploads_count(b->uploads), 2);
    store_upload(b, "c", 46);
    assert_int_equal(uploads_begin(b->uploads, SPAN_LIT("e"), &id), ST_FULL);
    uploads_close(b->uploads); /* those that are there at the start count too */
    open_with(b, QUOTA, 3, 1);
    assert_int_equal(uploads_begin(b->uploads, SPAN_LIT("e"), &id), ST_FULL);
    assert_int_equal(store_logged(&b->store, "WARNING"), 0);
}

/* The upload whose name is new when it begins, and taken or gone when it ends. */
static void test_number_when_names_come_and_go(void **state)
{
    struct bench *b = *state;
    struct pool_id first = begin(b, "a");
    struct pool_id second = begin(b, "a");
    assert_int_equal(uploads_write(b->uploads, first, block, 10), ST_OK);
    assert_int_equal(uploads_write(b->uploads, second, block, 10), ST_OK);
    assert_int_equal(commit(b, first), ST_OK);
    assert_int_equal(commit(b, second), ST_OK);
    assert_int_equal(uploads_count(b->uploads), 1);
    first = begin(b, "a");
    assert_int_equal(uploads_write(b->uploads, first, block, 10), ST_OK);
    assert_int_equal(uploads_delete(b->uploads, SPAN_LIT("a")), ST_OK);
    assert_int_equal(commit(b, first), ST_OK);
    assert_int_equal(uploads_count(b->uploads), 1);
}

/* A file takes whole blocks, on the disk and in the quota. */
static void test_space_in_blocks(void **state)
{
    struct bench *b = *state;
    struct pool_id id;
    uploads_close(b->uploads);
    open_with(b, 3 * 4096, FILES, 4096);
    store_upload(b, "a", 46);
    store_upload(b, "b", 46);
    assert_int_equal(uploads_used(b->uploads), 2 * 4096);
    id = begin(b, "c");
    assert_int_equal(uploads_write(b->uploads, id, block, 46), ST_OK);
    assert_int_equal(uploads_write(b->uploads, id, block, 46), ST_OK); /* the same block */
    assert_int_equal(uploads_used(b->uploads), 3 * 4096);
    const struct pool_id other = begin(b, "d");
    assert_int_equal(uploads_write(b->uploads, other, block, 1), ST_FULL);
    uploads_abort(b->uploads, other);
    uploads_abort(b->uploads, id);
    assert_int_equal(uploads_used(b->uploads), 2 * 4096);
    store_upload(b, "a", 100); /* in place of its own block */
    assert_int_equal(uploads_used(b->uploads), 2 * 4096);
    assert_int_equal(uploads_delete(b->uploads, SPAN_LIT("a")), ST_OK);
    assert_int_equal(uploads_used(b->uploads), 4096);
    uploads_close(b->uploads);
    open_with(b, 3 * 4096, FILES, 0); /* as the file system says */
    assert_true(uploads_used(b->uploads) >= 4096);
}

static void test_no_limit(void **state)
{
    struct bench *b = *state;
    uploads_close(b->uploads);
    open_with(b, 0, FILES, 4096);
    store_upload(b, "a", 46);
    assert_int_equal(uploads_used(b->uploads), 4096);
}

/* Not the quota, and not a line each. */
static void test_no_descriptor(void **state)
{
    struct bench *b = *state;
    struct rlimit old;
    struct pool_id id;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    struct rlimit tight = old;
    tight.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    int statuses[50];
    for (int i = 0; i < 50; i++) {
        statuses[i] = uploads_begin(b->uploads, SPAN_LIT("a"), &id);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(statuses[i], ST_IO);
    }
    assert_int_equal(store_logged(&b->store, "WARNING Upload a could not be stored: Too many open files"),
                     LOG_QUOTA_BURST);
    store_upload(b, "a", 10);
}

/* A full disk, played by the process's file size limit: told as the quota is. */
static void test_disk_full(void **state)
{
    struct bench *b = *state;
    struct rlimit old;
    store_put(&b->store, "a", "old", 3);
    const struct pool_id id = begin(b, "a");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit tight = old;
    tight.rlim_cur = 500;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const int status = uploads_write(b->uploads, id, block, 600);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, ST_FULL);
    uploads_abort(b->uploads, id);
    assert_int_equal(store_size(&b->store, "a"), 3);
    assert_int_equal(store_count(&b->store), 1);
}

static void test_quota_at_start(void **state)
{
    struct bench *b = *state;
    uploads_close(b->uploads);
    store_put(&b->store, "a", block, QUOTA - 10);
    store_put(&b->store, ".cache-of-a", block, 10); /* a converted form is counted too */
    open_uploads(b);
    assert_int_equal(uploads_used(b->uploads), QUOTA);
    const struct pool_id id = begin(b, "b");
    assert_int_equal(uploads_write(b->uploads, id, block, 1), ST_FULL);
}

static void test_rename_failure_keeps_all(void **state)
{
    struct bench *b = *state;
    assert_int_equal(mkdirat(b->store.dir_fd, "a", 0700), 0); /* nothing can be renamed over a directory */
    const struct pool_id id = begin(b, "a");
    assert_int_equal(uploads_write(b->uploads, id, block, 10), ST_OK);
    assert_int_equal(commit(b, id), ST_IO);
    assert_int_equal(store_count(&b->store), 1);
    assert_int_equal(uploads_used(b->uploads), 0);
    assert_int_equal(store_logged(&b->store, "WARNING Upload a could not be stored: Is a directory"), 1);
    int fd;
    uint64_t size;
    assert_int_equal(uploads_open_file(b->uploads, SPAN_LIT("a"), &fd, &size), ST_DENIED);
    assert_int_equal(uploads_delete(b->uploads, SPAN_LIT("a")), ST_DENIED);
}

static void test_abort_while_committing(void **state)
{
    struct bench *b = *state;
    if (!b->kernel) {
        skip();
    }
    const struct pool_id id = begin(b, "a");
    assert_int_equal(uploads_write(b->uploads, id, block, 10), ST_OK);
    assert_int_equal(uploads_commit(b->uploads, id, POOL_ID_NONE, on_done, b), ST_OK);
    uploads_abort(b->uploads, id); /* the client went away */
    store_settle(&b->store);
    assert_int_equal(b->done, 0);
    assert_int_equal(store_size(&b->store, "a"), 10); /* stored all the same */
    assert_int_equal(store_count(&b->store), 1);
    assert_int_equal(uploads_used(b->uploads), 10);
}

static void test_close_at_any_moment(void **state)
{
    struct bench *b = *state;
    if (!b->kernel) {
        skip();
    }
    const struct pool_id writing = begin(b, "w");
    const struct pool_id committing = begin(b, "c");
    assert_int_equal(uploads_write(b->uploads, writing, block, 10), ST_OK);
    assert_int_equal(uploads_write(b->uploads, committing, block, 10), ST_OK);
    assert_int_equal(uploads_commit(b->uploads, committing, POOL_ID_NONE, on_done, b), ST_OK);
    uploads_close(b->uploads);
    assert_int_equal(b->done, 0);
    assert_int_equal(store_count(&b->store), 1);
    assert_int_equal(store_size(&b->store, "c"), 10);
    b->uploads = NULL;
    uploads_close(NULL);
}

static void test_handles_run_out(void **state)
{
    struct bench *b = *state;
    struct pool_id ids[4], fifth;
    for (int i = 0; i < 4; i++) {
        ids[i] = begin(b, "same name");
    }
    assert_int_equal(uploads_begin(b->uploads, SPAN_LIT("x"), &fifth), ST_BUSY);
    assert_true(pool_id_is_none(fifth));
    assert_int_equal(uploads_write(b->uploads, fifth, "x", 1), ST_STATE);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(uploads_write(b->uploads, ids[i], block, (size_t)i + 1), ST_OK);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(commit(b, ids[i]), ST_OK);
        assert_int_equal(store_size(&b->store, "same name"), i + 1);
    }
    assert_int_equal(uploads_used(b->uploads), 4);
    assert_int_equal(store_count(&b->store), 1);
}

/* kill -9 in the middle of an upload: the temporary file goes at the next start, nothing else does. */
static void test_leftovers_of_a_killed_process(void **state)
{
    struct bench *b = *state;
    uploads_close(b->uploads);
    store_put(&b->store, ".upload-0.part", block, 500);
    store_put(&b->store, ".upload-17.part", block, 500);
    store_put(&b->store, ".upload-me", block, 5);
    store_put(&b->store, "a", block, 7);
    open_uploads(b);
    assert_int_equal(store_count(&b->store), 2);
    assert_int_equal(uploads_used(b->uploads), 12);
    assert_int_equal(store_logged(&b->store, "INFO Removed an unfinished upload"), 2);
    store_put(&b->store, ".upload-0.part", "x", 1); /* in the way of the next name */
    store_upload(b, "b", 3);
    assert_int_equal(store_size(&b->store, "b"), 3);
    assert_int_equal(store_size(&b->store, ".upload-0.part"), 1);
}

static void test_links_are_refused(void **state)
{
    struct bench *b = *state;
    char *target = NULL;
    int fd;
    uint64_t size;
    assert_true(asprintf(&target, "%s/outside", b->store.root) > 0);
    FILE *f = fopen(target, "w");
    assert_non_null(f);
    fputs("secret", f);
    fclose(f);
    assert_int_equal(symlinkat(target, b->store.dir_fd, "a"), 0);
    assert_int_equal(uploads_open_file(b->uploads, SPAN_LIT("a"), &fd, &size), ST_DENIED);
    assert_int_equal(uploads_delete(b->uploads, SPAN_LIT("a")), ST_DENIED);
    store_upload(b, "a", 2); /* takes the link's place; what it pointed to stays */
    assert_int_equal(store_size(&b->store, "a"), 2);
    struct stat info;
    assert_int_equal(stat(target, &info), 0);
    assert_int_equal(info.st_size, 6);
    free(target);
}

static void test_names_never_leave_the_directory(void **state) /* FAULTS 35, 36 */
{
    struct bench *b = *state;
    static const char *const bad[] = {
        "",     "../x.wav", "../../../etc/passwd", "/etc/passwd", "a/b",           "a\\b", "..", ".", ".hidden", "a:b",
        "a\nb", "a\x7f",    "\xc3\x28x",           "a\xff",       ".upload-0.part"};
    struct pool_id id;
    int fd;
    uint64_t size;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const struct span name = span_cstr(bad[i]);
        assert_int_equal(uploads_begin(b->uploads, name, &id), ST_BAD);
        assert_true(pool_id_is_none(id));
        assert_int_equal(uploads_open_file(b->uploads, name, &fd, &size), ST_BAD);
        assert_int_equal(fd, -1);
        assert_int_equal(uploads_delete(b->uploads, name), ST_BAD);
    }
    assert_int_equal(uploads_begin(b->uploads, span_make("a\0b", 3), &id), ST_BAD);
    char longest[129];
    memset(longest, 'n', sizeof(longest));
    assert_int_equal(uploads_begin(b->uploads, span_make(longest, 129), &id), ST_BAD);
    assert_int_equal(uploads_begin(b->uploads, span_make(longest, 128), &id), ST_OK);
    assert_int_equal(commit(b, id), ST_OK);
    store_upload(b, "\xe6\xb8\xac\xe8\xa9\xa6 1.wav", 1);
    assert_int_equal(store_count(&b->store), 2);
}

static size_t wav_of(uint8_t *out, size_t samples)
{
    wav_write_ulaw_header(out, 1, (uint32_t)samples);
    memset(out + WAV_ULAW_HEADER_LEN, 0x55, samples);
    return WAV_ULAW_HEADER_LEN + samples;
}

/* fmt behind 20000 octets that no listing should have to read. */
static size_t wav_late_fmt(uint8_t *out)
{
    uint8_t plain[WAV_ULAW_HEADER_LEN];
    wav_write_ulaw_header(plain, 1, 800);
    memcpy(out, plain, 12);
    memcpy(out + 12, "LIST\x20\x4e\x00\x00", 8);
    memset(out + 20, 0, 20000);
    memcpy(out + 20020, plain + 12, sizeof(plain) - 12);
    memset(out + 20020 + sizeof(plain) - 12, 0x55, 800);
    return 20020 + sizeof(plain) - 12 + 800;
}

struct listed {
    int count;
    uint64_t bytes, ms;
};

static struct listed list_all(struct bench *b, const char *wanted)
{
    struct listed sum = {0};
    struct uploads_list *list;
    struct uploads_entry entry;
    int status;
    assert_int_equal(uploads_list_open(b->uploads, &list), ST_OK);
    while ((status = next_upload(list, &entry)) == ST_OK) {
        sum.count++;
        if (strcmp(entry.name, wanted) == 0) {
            sum.bytes = entry.bytes;
            sum.ms = entry.duration_ms;
        }
    }
    assert_int_equal(status, ST_NOT_FOUND);
    uploads_list_close(list);
    return sum;
}

static void test_list(void **state)
{
    struct bench *b = *state;
    static uint8_t wav[32768];
    struct listed got = list_all(b, "");
    assert_int_equal(got.count, 0);
    store_put(&b->store, "by hand.wav", wav, wav_of(wav, 4000));
    store_put(&b->store, "late.wav", wav, wav_late_fmt(wav));
    store_put(&b->store, "notes.txt", "hello", 5);
    store_put(&b->store, "empty", "", 0);
    store_put(&b->store, ".cache", "12", 2);
    store_put(&b->store, "bad:name.wav", "123", 3);
    assert_int_equal(mkdirat(b->store.dir_fd, "dir", 0700), 0);
    assert_int_equal(symlinkat("notes.txt", b->store.dir_fd, "link"), 0);
    const struct pool_id writing = begin(b, "w");
    assert_int_equal(uploads_write(b->uploads, writing, "x", 1), ST_OK);
    got = list_all(b, "by hand.wav");
    assert_int_equal(got.count, 4);
    assert_int_equal(got.bytes, WAV_ULAW_HEADER_LEN + 4000);
    assert_int_equal(got.ms, 500);
    got = list_all(b, "late.wav");
    assert_int_equal(got.bytes, 20020 + WAV_ULAW_HEADER_LEN - 12 + 800);
    assert_int_equal(got.ms, 100);
    got = list_all(b, "notes.txt");
    assert_int_equal(got.bytes, 5);
    assert_int_equal(got.ms, 0);
    /* what was put there by hand is counted from now on: 4058 + 20866 + 5 + 0 + 2 + 3, and 1 being written */
    assert_int_equal(uploads_used(b->uploads), 4058 + 20866 + 5 + 2 + 3 + 1);
    assert_int_equal(uploads_write(b->uploads, writing, "x", 1), ST_FULL);
    uploads_list_close(NULL);
}

/* A file that is stored while a listing is under way must not be forgotten by the sum that the listing makes. */
/* The playing time of what other programs wrote: that of the player's own judgement. */
static void test_list_files_from_the_field(void **state)
{
    struct bench *b = *state;
    struct uploads_list *list;
    struct uploads_entry entry;
    uint8_t *file = malloc(WAVFIELD_MAX);
    int seen = 0;
    assert_non_null(file);
    for (size_t i = 0; i < WAVFIELD_FILES; i++) {
        store_put(&b->store, wavfield_files[i].name, file, wavfield_load(wavfield_files[i].name, file));
    }
    free(file);
    assert_int_equal(uploads_list_open(b->uploads, &list), ST_OK);
    while (next_upload(list, &entry) == ST_OK) {
        assert_int_equal(entry.duration_ms, strncmp(entry.name, "empty", 5) == 0 ? 0 : 200);
        seen++;
    }
    uploads_list_close(list);
    assert_int_equal(seen, WAVFIELD_FILES);
}

static void test_list_while_things_change(void **state)
{
    struct bench *b = *state;
    struct uploads_list *list;
    struct uploads_entry entry;
    store_upload(b, "a", 10);
    assert_int_equal(uploads_list_open(b->uploads, &list), ST_OK);
    assert_int_equal(next_upload(list, &entry), ST_OK);
    store_upload(b, "b", 20);
    assert_int_equal(uploads_delete(b->uploads, SPAN_LIT("a")), ST_OK);
    while (next_upload(list, &entry) == ST_OK) {
    }
    uploads_list_close(list);
    assert_int_equal(uploads_used(b->uploads), 20);
}

/* Removed, moved away, another one in its place: used again at the next file. */
static void test_directory_replaced(void **state)
{
    struct bench *b = *state;
    char away[256], name[16];
    struct uploads_list *list;
    struct uploads_entry entry;
    uint64_t size;
    int fd;
    store_upload(b, "a", 100);
    const struct pool_id lost = begin(b, "lost");
    assert_int_equal(uploads_write(b->uploads, lost, block, 50), ST_OK);
    (void)snprintf(away, sizeof(away), "%s/away", b->store.root);
    assert_int_equal(rename(b->store.dir, away), 0);
    store_upload(b, "b", 10); /* made again */
    assert_int_equal(store_logged(&b->store, "INFO Directory"), 1);
    assert_int_equal(uploads_used(b->uploads), 60);
    assert_int_equal(uploads_count(b->uploads), 1);
    assert_int_equal(commit(b, lost), ST_NOT_FOUND); /* told */
    assert_int_equal(uploads_used(b->uploads), 10);
    assert_int_equal(uploads_open_file(b->uploads, SPAN_LIT("a"), &fd, &size), ST_NOT_FOUND);
    /* another one, with files in it: they count, a few at each use */
    char *full = NULL;
    assert_true(asprintf(&full, "%s/full", b->store.root) > 0);
    assert_int_equal(mkdir(full, 0700), 0);
    os_close(b->store.dir_fd);
    assert_int_equal(os_dir_open(full, &b->store.dir_fd), ST_OK);
    for (int i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        store_put(&b->store, name, block, 5);
    }
    assert_int_equal(rmdir(b->store.dir), -1);
    assert_int_equal(unlinkat(b->store.dir_fd, "7", 0), 0);
    char gone[256];
    (void)snprintf(gone, sizeof(gone), "%s/gone", b->store.root);
    assert_int_equal(rename(b->store.dir, gone), 0);
    assert_int_equal(rename(full, b->store.dir), 0);
    free(full);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(uploads_open_file(b->uploads, SPAN_LIT("9"), &fd, &size), ST_OK);
        os_close(fd);
        assert_int_equal(uploads_count(b->uploads), 0);
    }
    assert_int_equal(uploads_delete(b->uploads, SPAN_LIT("9")), ST_OK); /* disturbs the count: it begins again */
    for (int i = 0; i < 8; i++) {
        assert_int_equal(uploads_open_file(b->uploads, SPAN_LIT("9"), &fd, &size), ST_NOT_FOUND);
    }
    assert_int_equal(uploads_count(b->uploads), 198);
    assert_int_equal(uploads_used(b->uploads), 198 * 5);
    assert_int_equal(rename(b->store.dir, away), -1);
    assert_int_equal(uploads_list_open(b->uploads, &list), ST_OK);
    int seen = 0;
    while (next_upload(list, &entry) == ST_OK) {
        seen++;
    }
    uploads_list_close(list);
    assert_int_equal(seen, 198);
}

/* What cannot be made again is told with the reason; it comes back. */
static void test_directory_is_gone(void **state)
{
    struct bench *b = *state;
    struct pool_id id;
    char away[256];
    struct uploads_list *list;
    (void)snprintf(away, sizeof(away), "%s-away", b->store.root);
    assert_int_equal(rename(b->store.root, away), 0);
    assert_int_equal(uploads_begin(b->uploads, SPAN_LIT("a"), &id), ST_NOT_FOUND);
    assert_int_equal(uploads_list_open(b->uploads, &list), ST_NOT_FOUND);
    assert_string_equal(os_error_text(), "No such file or directory");
    assert_int_equal(rename(away, b->store.root), 0);
    store_upload(b, "a", 10);
    assert_int_equal(store_logged(&b->store, "INFO Directory"), 0); /* the same one */
}

/* A FIFO or a link under an upload's name holds nothing up and leads nowhere, at the start and later. */
static void test_fifos_hold_nothing_up(void **state)
{
    struct bench *b = *state;
    uint64_t size;
    int fd;
    for (int i = 0; i < 2; i++) {
        (void)mkfifoat(b->store.dir_fd, "fifo", 0600);
        (void)mkfifoat(b->store.dir_fd, ".converted-a", 0600);
        assert_int_equal(uploads_open_file(b->uploads, SPAN_LIT("fifo"), &fd, &size), ST_DENIED);
        assert_int_equal(uploads_delete(b->uploads, SPAN_LIT("fifo")), ST_DENIED);
        store_upload(b, "a", 10);
        assert_int_equal(uploads_count(b->uploads), 1);
        uploads_close(b->uploads);
        open_uploads(b);
    }
    store_upload(b, "fifo", 10); /* takes its place */
    assert_int_equal(store_size(&b->store, "fifo"), 10);
}

static void test_no_such_directory(void **state)
{
    struct bench *b = *state;
    struct uploads *none;
    const struct uploads_config config = {.dir = "/no/such/dir", .handles = 1, .flusher = b->store.flusher};
    assert_int_equal(uploads_open(&config, &none), ST_NOT_FOUND);
    assert_null(none);
}

#define BOTH(test)                                                                                                     \
    cmocka_unit_test_setup_teardown(test, setup, teardown),                                                            \
        cmocka_unit_test_setup_teardown(test, setup_in_place, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_stored_when_told),
        BOTH(test_replace_and_play_on),
        BOTH(test_two_at_once_keep_apart),
        BOTH(test_quota),
        cmocka_unit_test_setup_teardown(test_number_of_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_number_when_names_come_and_go, setup, teardown),
        cmocka_unit_test_setup_teardown(test_space_in_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_descriptor, setup, teardown),
        BOTH(test_rename_failure_keeps_all),
        BOTH(test_handles_run_out),
        cmocka_unit_test_setup_teardown(test_abort_while_committing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_close_at_any_moment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_upload_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disk_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quota_at_start, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leftovers_of_a_killed_process, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_never_leave_the_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list_files_from_the_field, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list_while_things_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_directory_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_directory_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fifos_hold_nothing_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_such_directory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
