/* SPDX-License-Identifier: MIT */
/* Recordings on a real file system: names and link, quota with the oldest deleted first, no room left, flushes, closing
 * behind the scenes, listing while things change, leftovers of a killed process. */
#include "support_store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recordings_priv.h"

#define WALL  1700000000000000 /* 20231114T221320Z */
#define QUOTA 10000
#define LINK  "received_from_server.wav"

struct bench {
    struct store store;
    struct recordings *recordings;
    unsigned sync_seconds;
    mono_us now;
};

static void open_recordings(struct bench *b)
{
    const struct recordings_config config = {
        .dir = b->store.dir,
        .quota_bytes = QUOTA,
        .sync_seconds = b->sync_seconds,
        .calls = 3,
        .flusher = b->store.flusher,
        .log = &b->store.log,
    };
    assert_int_equal(recordings_open(&config, &b->recordings), ST_OK);
}

static int setup_with(void **state, bool kernel, unsigned sync_seconds)
{
    struct bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    store_open(&b->store, kernel);
    b->sync_seconds = sync_seconds;
    b->now = DUR_S(1000);
    open_recordings(b);
    *state = b;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, true, 10);
}

static int setup_in_place(void **state)
{
    return setup_with(state, false, 10);
}

static int setup_no_sync(void **state)
{
    return setup_with(state, true, 0);
}

static int teardown(void **state)
{
    struct bench *b = *state;
    recordings_close(b->recordings);
    store_close(&b->store);
    free(b);
    return 0;
}

static const uint8_t block[2 * QUOTA];

static struct pool_id begin_at(struct bench *b, int64_t seconds)
{
    struct pool_id id;
    assert_int_equal(recordings_begin(b->recordings, SPAN_LIT("0921"), SPAN_LIT("abcd-1234-x@h"),
                                      WALL + seconds * 1000000, b->now, &id),
                     ST_OK);
    return id;
}

static int write_at(struct bench *b, struct pool_id id, uint64_t offset, size_t len)
{
    return recordings_write_at(b->recordings, id, offset, block, len, b->now);
}

/* A whole recording of len bytes, closed. */
static void record(struct bench *b, int64_t seconds, size_t len)
{
    const struct pool_id id = begin_at(b, seconds);
    assert_int_equal(write_at(b, id, 0, len), ST_OK);
    recordings_end(b->recordings, id);
    store_settle(&b->store);
}

static void assert_link(const struct bench *b, const char *name)
{
    char path[256], target[256], want[256];
    (void)snprintf(path, sizeof(path), "%s/" LINK, b->store.root);
    (void)snprintf(want, sizeof(want), "files/%s", name);
    const ssize_t n = readlink(path, target, sizeof(target) - 1);
    assert_true(n > 0);
    target[n] = '\0';
    assert_string_equal(target, want);
    struct stat info;
    assert_int_equal(stat(path, &info), 0); /* and it leads somewhere */
}

static void test_one_recording(void **state)
{
    struct bench *b = *state;
    const char *const name = "20231114T221320Z-0921-abcd1234.wav";
    const struct pool_id id = begin_at(b, 0);
    assert_string_equal(recordings_name(b->recordings, id), name);
    assert_link(b, name);
    assert_int_equal(write_at(b, id, 0, 58), ST_OK);
    assert_int_equal(write_at(b, id, 58, 1000), ST_OK);
    assert_int_equal(write_at(b, id, 0, 58), ST_OK); /* the header again */
    assert_int_equal(recordings_used(b->recordings), 1058);
    assert_int_equal(store_size(&b->store, name), 1058);
    struct recordings_cursor cursor = {0};
    struct recordings_entry entry;
    assert_true(recordings_next(b->recordings, &cursor, &entry));
    assert_string_equal(entry.name, name);
    assert_int_equal(entry.bytes, 1058);
    assert_true(entry.open);
    assert_false(recordings_next(b->recordings, &cursor, &entry));
    recordings_end(b->recordings, id);
    assert_null(recordings_name(b->recordings, id));
    assert_int_equal(write_at(b, id, 0, 1), ST_STATE);
    recordings_end(b->recordings, id);
    store_settle(&b->store);
    cursor = (struct recordings_cursor){0};
    assert_true(recordings_next(b->recordings, &cursor, &entry));
    assert_false(entry.open);
    int fd;
    uint64_t size;
    assert_int_equal(recordings_open_file(b->recordings, span_cstr(name), &fd, &size), ST_OK);
    assert_int_equal(size, 1058);
    os_close(fd);
    assert_int_equal(store_logged(&b->store, "\n"), 0);
}

static void test_same_second_same_number(void **state)
{
    struct bench *b = *state;
    const struct pool_id first = begin_at(b, 0);
    const struct pool_id second = begin_at(b, 0);
    const struct pool_id third = begin_at(b, 0);
    assert_string_equal(recordings_name(b->recordings, first), "20231114T221320Z-0921-abcd1234.wav");
    assert_string_equal(recordings_name(b->recordings, second), "20231114T221320Z-0921-abcd1234-2.wav");
    assert_string_equal(recordings_name(b->recordings, third), "20231114T221320Z-0921-abcd1234-3.wav");
    assert_int_equal(recordings_count(b->recordings), 3);
    recordings_end(b->recordings, first); /* nothing in them: not worth keeping */
    recordings_end(b->recordings, second);
    recordings_end(b->recordings, third);
    store_settle(&b->store);
    assert_int_equal(recordings_count(b->recordings), 0);
    assert_int_equal(store_count(&b->store), 0);
}

static void test_oldest_closed_goes_first(void **state)
{
    struct bench *b = *state;
    record(b, 0, 3000);
    const struct pool_id old_but_open = begin_at(b, -100);
    assert_int_equal(write_at(b, old_but_open, 0, 1000), ST_OK);
    record(b, 1, 3000);
    record(b, 2, 3000);
    assert_int_equal(recordings_used(b->recordings), QUOTA);
    assert_int_equal(store_logged(&b->store, "Deleted"), 0);
    record(b, 3, 3000);
    assert_int_equal(store_logged(&b->store, "INFO Deleted the oldest recording to make room: 20231114T221320Z"), 1);
    assert_int_equal(store_logged(&b->store, "Deleted"), 1);
    assert_int_equal(recordings_used(b->recordings), QUOTA);
    assert_int_equal(store_count(&b->store), 4);
    assert_int_equal(write_at(b, old_but_open, 1000, 4000), ST_OK); /* two must go */
    assert_int_equal(store_logged(&b->store, "Deleted"), 3);
    assert_int_equal(store_count(&b->store), 2);
    assert_int_equal(recordings_used(b->recordings), 8000);
    assert_int_equal(store_logged(&b->store, "WARNING"), 0);
    recordings_end(b->recordings, old_but_open);
    store_settle(&b->store);
    assert_int_equal(recordings_count(b->recordings), 2);
}

static void test_nothing_left_to_delete(void **state)
{
    struct bench *b = *state;
    const struct pool_id a = begin_at(b, 0);
    const struct pool_id c = begin_at(b, 1);
    struct pool_id d;
    assert_int_equal(write_at(b, a, 0, 5000), ST_OK);
    assert_int_equal(write_at(b, c, 0, 4999), ST_OK);
    assert_int_equal(write_at(b, a, 5000, 2), ST_FULL);
    assert_int_equal(store_logged(&b->store, "WARNING Recording stopped: --record-quota"), 1);
    assert_int_equal(write_at(b, a, 5000, 1), ST_FULL); /* it has stopped */
    assert_int_equal(write_at(b, a, 0, 58), ST_OK);     /* its header may still be put right */
    assert_int_equal(write_at(b, c, 4999, 2), ST_FULL);
    assert_int_equal(recordings_begin(b->recordings, SPAN_LIT("1"), SPAN_LIT("2"), WALL, b->now, &d), ST_FULL);
    assert_true(pool_id_is_none(d));
    assert_int_equal(store_logged(&b->store, "WARNING"), 1); /* once for all */
    recordings_end(b->recordings, a);
    recordings_end(b->recordings, c);
    store_settle(&b->store);
    assert_int_equal(store_size(&b->store, "20231114T221320Z-0921-abcd1234.wav"), 5000);
    record(b, 2, 9000); /* now the two can go */
    assert_int_equal(store_logged(&b->store, "Deleted"), 2);
    assert_int_equal(recordings_used(b->recordings), 9000);
    const struct pool_id e = begin_at(b, 3);
    assert_int_equal(write_at(b, e, 0, QUOTA + 1), ST_FULL);
    assert_int_equal(store_logged(&b->store, "WARNING"), 2); /* it had recovered in between */
}

static void test_the_system_refuses_to_write(void **state)
{
    struct bench *b = *state;
    struct rlimit old;
    const struct pool_id a = begin_at(b, 1);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    const struct rlimit tight = {200, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    int status = write_at(b, a, 0, 300);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, ST_FULL);
    assert_int_equal(store_logged(&b->store, "WARNING Recording stopped: File too large"), 1);
    assert_int_equal(store_logged(&b->store, "WARNING"), 1);
}

static void test_disk_nearly_full(void **state)
{
    struct bench *b = *state;
    struct pool_id id;
    record(b, 0, 100);
    const struct pool_id a = begin_at(b, 1);
    assert_int_equal(write_at(b, a, 0, 100), ST_OK);
    b->recordings->disk_low = true; /* as the next answer of the file system would be */
    assert_int_equal(write_at(b, a, 100, 1), ST_FULL);
    assert_int_equal(recordings_begin(b->recordings, SPAN_LIT("1"), SPAN_LIT("2"), WALL, b->now, &id), ST_FULL);
    assert_int_equal(store_logged(&b->store, "WARNING Recording stopped: less than 5 percent"), 1);
    assert_int_equal(store_logged(&b->store, "WARNING"), 1);
    assert_int_equal(store_count(&b->store), 2); /* nobody's recording is deleted for that */
    b->now += DUR_S(10) - 1;
    assert_int_equal(recordings_begin(b->recordings, SPAN_LIT("1"), SPAN_LIT("2"), WALL, b->now, &id), ST_FULL);
    b->now += 1; /* asked again: every 10 s */
    unsigned percent;
    assert_int_equal(os_disk_free_percent(b->store.dir_fd, &percent), ST_OK);
    if (percent >= 5) {
        id = begin_at(b, 2);
        assert_int_equal(write_at(b, id, 0, 10), ST_OK);
        assert_int_equal(write_at(b, a, 100, 1), ST_FULL); /* of that call nothing more */
        assert_false(b->recordings->warned);
    }
}

static void test_flush_every_ten_seconds(void **state)
{
    struct bench *b = *state;
    if (!b->store.kernel) {
        skip();
    }
    const struct pool_id id = begin_at(b, 0);
    for (int i = 0; i < 9; i++) {
        b->now += DUR_S(1);
        assert_int_equal(write_at(b, id, 0, 58), ST_OK);
        assert_int_equal(os_flusher_pending(b->store.flusher), 0);
    }
    b->now += DUR_S(1);
    assert_int_equal(write_at(b, id, 0, 58), ST_OK);
    assert_int_equal(os_flusher_pending(b->store.flusher), 1);
    b->now += DUR_S(30);
    assert_int_equal(write_at(b, id, 0, 58), ST_OK);
    assert_int_equal(os_flusher_pending(b->store.flusher), 1); /* one at a time */
    mono_us now;
    assert_int_equal(os_loop_turn(b->store.loop, MONO_NEVER, &now), ST_OK);
    assert_int_equal(os_flusher_pending(b->store.flusher), 1); /* the file is done, its name in the directory follows */
    assert_int_equal(os_loop_turn(b->store.loop, MONO_NEVER, &now), ST_OK);
    assert_int_equal(os_flusher_pending(b->store.flusher), 0);
    b->now += DUR_S(1);
    assert_int_equal(write_at(b, id, 0, 58), ST_OK);
    assert_int_equal(os_flusher_pending(b->store.flusher), 1);
    recordings_end(b->recordings, id); /* during a flush: the last one follows it */
    store_settle(&b->store);
    assert_int_equal(b->recordings->open.used, 0);
    assert_int_equal(store_logged(&b->store, "\n"), 0);
}

static void test_never_flushed(void **state)
{
    struct bench *b = *state;
    const struct pool_id id = begin_at(b, 0);
    b->now += DUR_S(1000);
    assert_int_equal(write_at(b, id, 0, 58), ST_OK);
    recordings_end(b->recordings, id);
    assert_int_equal(os_flusher_pending(b->store.flusher), 0);
    assert_int_equal(b->recordings->open.used, 0);
    assert_int_equal(store_size(&b->store, "20231114T221320Z-0921-abcd1234.wav"), 58);
}

static void test_too_many_at_once(void **state)
{
    struct bench *b = *state;
    struct pool_id ids[6], seventh;
    for (int i = 0; i < 6; i++) {
        ids[i] = begin_at(b, i);
        assert_int_equal(write_at(b, ids[i], 0, 10), ST_OK);
    }
    assert_int_equal(recordings_begin(b->recordings, SPAN_LIT("1"), SPAN_LIT("2"), WALL, b->now, &seventh), ST_FULL);
    recordings_close(b->recordings); /* ends them all */
    for (int i = 0; i < 6; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "20231114T22132%dZ-0921-abcd1234.wav", i);
        assert_int_equal(store_size(&b->store, name), 10);
    }
    open_recordings(b);
    assert_int_equal(recordings_count(b->recordings), 6);
    assert_int_equal(recordings_used(b->recordings), 60);
}

/* Only names of our shape count; what is over the quota goes at once, oldest first. */
static void test_start_with_old_files(void **state)
{
    struct bench *b = *state;
    recordings_close(b->recordings);
    store_put(&b->store, "20200101T000003Z-3-cccccccc.wav", block, 4000);
    store_put(&b->store, "20200101T000001Z-1-aaaaaaaa.wav", block, 4000);
    store_put(&b->store, "20200101T000002Z-2-bbbbbbbb.wav", block, 4000);
    store_put(&b->store, "my own notes.txt", block, 2 * QUOTA);
    open_recordings(b);
    assert_int_equal(recordings_used(b->recordings), 8000);
    assert_int_equal(store_count(&b->store), 3);
    assert_int_equal(store_size(&b->store, "20200101T000001Z-1-aaaaaaaa.wav"), -1);
    struct recordings_cursor cursor = {0};
    struct recordings_entry entry;
    assert_true(recordings_next(b->recordings, &cursor, &entry));
    assert_string_equal(entry.name, "20200101T000003Z-3-cccccccc.wav"); /* newest first */
    assert_int_equal(entry.bytes, 4000);
    record(b, 0, 2000); /* does not disturb the listing, nor does a deletion */
    record(b, 1, 4000);
    assert_int_equal(store_logged(&b->store, "20200101T000002Z"), 1);
    assert_false(recordings_next(b->recordings, &cursor, &entry));
    assert_int_equal(unlinkat(b->store.dir_fd, "20200101T000003Z-3-cccccccc.wav", 0), 0); /* by hand */
    record(b, 2, 1000);
    assert_int_equal(recordings_used(b->recordings), 7000); /* noticed, and nothing else deleted */
    assert_int_equal(store_logged(&b->store, "Deleted"), 2);
    assert_int_equal(store_size(&b->store, "my own notes.txt"), 2 * QUOTA);
}

static void test_link_cannot_be_made(void **state)
{
    struct bench *b = *state;
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/" LINK, b->store.root);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("somebody's", f);
    fclose(f);
    record(b, 0, 10);
    record(b, 1, 10);
    assert_int_equal(store_logged(&b->store, "INFO The link " LINK), 1);
    assert_int_equal(store_logged(&b->store, "\n"), 1);
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISREG(info.st_mode));
    assert_int_equal(info.st_size, 10);
    assert_int_equal(unlink(path), 0);
    record(b, 2, 10);
    assert_link(b, "20231114T221322Z-0921-abcd1234.wav");
}

/* DIR as people write it. */
static void test_ways_to_write_the_directory(void **state)
{
    struct bench *b = *state;
    char cwd[512], slashes[256];
    recordings_close(b->recordings);
    b->recordings = NULL;
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    (void)snprintf(slashes, sizeof(slashes), "%s//", b->store.dir);
    assert_int_equal(chdir(b->store.root), 0);
    const char *const ways[] = {"files", "files/", "./files", slashes};
    struct recordings_config config = {
        .quota_bytes = QUOTA, .calls = 1, .flusher = b->store.flusher, .log = &b->store.log};
    for (int i = 0; i < 4; i++) {
        config.dir = ways[i];
        assert_int_equal(recordings_open(&config, &b->recordings), ST_OK);
        record(b, i, 10);
        char name[64];
        (void)snprintf(name, sizeof(name), "20231114T22132%dZ-0921-abcd1234.wav", i);
        assert_link(b, name);
        recordings_close(b->recordings);
    }
    assert_int_equal(store_logged(&b->store, "\n"), 0);
    assert_int_equal(chdir(b->store.dir), 0);
    config.dir = ".";
    assert_int_equal(recordings_open(&config, &b->recordings), ST_OK);
    record(b, 9, 10);
    assert_int_equal(store_logged(&b->store, "INFO The link"), 1);
    assert_int_equal(chdir(cwd), 0);
}

static void test_downloads_never_leave_the_directory(void **state) /* FAULTS 35, 36 */
{
    struct bench *b = *state;
    int fd;
    uint64_t size;
    assert_int_equal(recordings_open_file(b->recordings, SPAN_LIT("../../etc/passwd"), &fd, &size), ST_BAD);
    assert_int_equal(recordings_open_file(b->recordings, SPAN_LIT(""), &fd, &size), ST_BAD);
    assert_int_equal(recordings_open_file(b->recordings, SPAN_LIT("20231114T221320Z-a/../b.wav"), &fd, &size), ST_BAD);
    assert_int_equal(recordings_open_file(b->recordings, SPAN_LIT("20231114T221320Z-a-b.wav"), &fd, &size),
                     ST_NOT_FOUND);
    assert_int_equal(symlinkat("/etc/passwd", b->store.dir_fd, "20231114T221320Z-a-b.wav"), 0);
    assert_int_equal(recordings_open_file(b->recordings, SPAN_LIT("20231114T221320Z-a-b.wav"), &fd, &size), ST_DENIED);
    assert_int_equal(fd, -1);
}

static void test_no_such_directory(void **state)
{
    struct bench *b = *state;
    struct recordings *none;
    const struct recordings_config config = {.dir = "/no/such/dir", .calls = 1, .flusher = b->store.flusher};
    assert_int_equal(recordings_open(&config, &none), ST_NOT_FOUND);
    assert_null(none);
    recordings_close(NULL);
}

/* The clock is set back to 1970: what was recorded last stays, whatever its name says. */
static void test_clock_set_back(void **state)
{
    struct bench *b = *state;
    recordings_close(b->recordings);
    store_put(&b->store, "20200101T000001Z-1-aaaaaaaa.wav", block, 3000);
    store_put(&b->store, "20200101T000002Z-2-bbbbbbbb.wav", block, 3000);
    open_recordings(b);
    for (int i = 0; i < 4; i++) {
        record(b, -WALL / 1000000 + 100 - i, 3000); /* and once more for each call */
    }
    assert_int_equal(store_size(&b->store, "20200101T000001Z-1-aaaaaaaa.wav"), -1);
    assert_int_equal(store_size(&b->store, "20200101T000002Z-2-bbbbbbbb.wav"), -1);
    assert_int_equal(store_size(&b->store, "19700101T000140Z-0921-abcd1234.wav"), -1);
    assert_int_equal(store_size(&b->store, "19700101T000139Z-0921-abcd1234.wav"), 3000);
    assert_int_equal(store_size(&b->store, "19700101T000138Z-0921-abcd1234.wav"), 3000);
    assert_int_equal(store_size(&b->store, "19700101T000137Z-0921-abcd1234.wav"), 3000);
    assert_int_equal(recordings_used(b->recordings), 9000);
}

/* --record-quota 0: nothing is deleted, not at the start and not later. */
static void test_no_limit(void **state)
{
    struct bench *b = *state;
    recordings_close(b->recordings);
    store_put(&b->store, "20200101T000001Z-1-aaaaaaaa.wav", block, 2 * QUOTA);
    const struct recordings_config config = {
        .dir = b->store.dir, .calls = 3, .flusher = b->store.flusher, .log = &b->store.log};
    assert_int_equal(recordings_open(&config, &b->recordings), ST_OK);
    record(b, 0, 2 * QUOTA);
    assert_int_equal(recordings_used(b->recordings), 4 * QUOTA);
    assert_int_equal(recordings_count(b->recordings), 2);
    assert_int_equal(store_logged(&b->store, "\n"), 0);
}

static void assert_listed(struct bench *b, const char *names)
{
    struct recordings_cursor cursor = {0};
    struct recordings_entry entry;
    char got[64] = "";
    while (recordings_next(b->recordings, &cursor, &entry)) {
        strncat(got, entry.name + 17, 1);
    }
    assert_string_equal(got, names); /* newest first, by the first character of the number */
}

/* Removed, and moved away with another one in its place, while a call is being recorded. */
static void test_directory_replaced(void **state)
{
    struct bench *b = *state;
    char away[256];
    struct pool_id lost, id;
    record(b, 0, 100);
    lost = begin_at(b, 1);
    assert_int_equal(recordings_write_at(b->recordings, lost, 0, block, 200, b->now), ST_OK);
    (void)snprintf(away, sizeof(away), "%s/away", b->store.root);
    assert_int_equal(rename(b->store.dir, away), 0);
    id = begin_at(b, 2); /* made again */
    assert_int_equal(store_logged(&b->store, "INFO Directory"), 1);
    assert_int_equal(recordings_write_at(b->recordings, lost, 200, block, 200, b->now),
                     ST_OK); /* goes on where it is */
    assert_int_equal(recordings_write_at(b->recordings, id, 0, block, 300, b->now), ST_OK);
    assert_int_equal(recordings_used(b->recordings), 700);
    recordings_end(b->recordings, lost);
    recordings_end(b->recordings, id);
    store_settle(&b->store);
    assert_int_equal(recordings_used(b->recordings), 300);
    assert_int_equal(recordings_count(b->recordings), 1);
    assert_link(b, "20231114T221322Z-0921-abcd1234.wav");
    assert_int_equal(rmdir(b->store.dir), -1);
    os_close(b->store.dir_fd);
    assert_int_equal(os_dir_open(b->store.dir, &b->store.dir_fd), ST_OK);
    assert_int_equal(store_count(&b->store), 1);
    /* the old one comes back: what lies there counts again, a few files at a time */
    char other[256];
    (void)snprintf(other, sizeof(other), "%s/other", b->store.root);
    assert_int_equal(rename(b->store.dir, other), 0);
    assert_int_equal(rename(away, b->store.dir), 0);
    assert_listed(b, "00");
    assert_int_equal(recordings_used(b->recordings), 500);
    assert_int_equal(recordings_count(b->recordings), 2);
}

/* Many files are in what took its place: read in steps, none twice, none lost. */
static void test_directory_with_many_files_comes(void **state)
{
    struct bench *b = *state;
    char away[256], name[64];
    struct pool_id id;
    (void)snprintf(away, sizeof(away), "%s/away", b->store.root);
    assert_int_equal(rename(b->store.dir, away), 0);
    assert_int_equal(mkdir(b->store.dir, 0700), 0);
    os_close(b->store.dir_fd);
    assert_int_equal(os_dir_open(b->store.dir, &b->store.dir_fd), ST_OK);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof(name), "20200101T0000%02dZ-%d-aaaaaaaa.wav", i % 60, i);
        store_put(&b->store, name, block, 10);
    }
    id = begin_at(b, 0);
    assert_in_range(recordings_count(b->recordings), 20, 40);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(recordings_write_at(b->recordings, id, 0, block, 10, b->now), ST_OK);
    }
    assert_int_equal(recordings_count(b->recordings), 101);
    assert_int_equal(recordings_used(b->recordings), 1010);
    recordings_end(b->recordings, id);
}

/* It goes away and cannot be made again: one WARNING, a limited number of times, no crash; and it comes back. */
static void test_directory_is_gone(void **state)
{
    struct bench *b = *state;
    struct pool_id id;
    char away[256];
    assert_int_equal(rmdir(b->store.dir), 0);
    (void)snprintf(away, sizeof(away), "%s-away", b->store.root);
    assert_int_equal(rename(b->store.root, away), 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(recordings_begin(b->recordings, SPAN_LIT("1"), SPAN_LIT("2"), WALL, b->now, &id),
                         ST_NOT_FOUND);
    }
    assert_int_equal(store_logged(&b->store, "/files cannot be written: No such file or directory"), LOG_QUOTA_BURST);
    assert_int_equal(recordings_count(b->recordings), 0);
    assert_int_equal(rename(away, b->store.root), 0);
    record(b, 0, 10);
    assert_int_equal(recordings_count(b->recordings), 1);
}

/* What somebody puts in its place must not be the other's directory. */
static void test_directory_of_uploads_in_its_place(void **state)
{
    struct bench *b = *state;
    struct pool_id id;
    recordings_close(b->recordings);
    const struct recordings_config config = {
        .dir = b->store.dir, .other = b->store.root, .calls = 3, .flusher = b->store.flusher, .log = &b->store.log};
    assert_int_equal(recordings_open(&config, &b->recordings), ST_OK);
    assert_int_equal(rmdir(b->store.dir), 0);
    assert_int_equal(symlink(".", b->store.dir), 0);
    assert_int_equal(recordings_begin(b->recordings, SPAN_LIT("1"), SPAN_LIT("2"), WALL, b->now, &id), ST_DENIED);
    assert_int_equal(store_logged(&b->store, "are one"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_recording, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_recording, setup_in_place, teardown),
        cmocka_unit_test_setup_teardown(test_same_second_same_number, setup, teardown),
        cmocka_unit_test_setup_teardown(test_oldest_closed_goes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_oldest_closed_goes_first, setup_in_place, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_left_to_delete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_left_to_delete, setup_in_place, teardown),
        cmocka_unit_test_setup_teardown(test_the_system_refuses_to_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disk_nearly_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flush_every_ten_seconds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_never_flushed, setup_no_sync, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_start_with_old_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_link_cannot_be_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ways_to_write_the_directory, setup_no_sync, teardown),
        cmocka_unit_test_setup_teardown(test_downloads_never_leave_the_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_such_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_set_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_directory_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_directory_with_many_files_comes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_directory_of_uploads_in_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_directory_is_gone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
