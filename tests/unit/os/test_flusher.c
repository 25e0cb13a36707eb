/* SPDX-License-Identifier: MIT */
/* Flushes through the loop; no thread appears for them. */
#include "support_os.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CAP 8

struct bench {
    struct os_loop *loop;
    struct os_flusher *flusher;
    bool kernel;
    int tasks; /* an emulator has threads of its own */
    char *dir;
    int dir_fd;
    int done, status;
    int again; /* flushes that each completion begins anew */
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    b->tasks = support_count("/proc/self/task");
    assert_int_equal(os_loop_new(4, &b->loop), ST_OK);
    assert_int_equal(os_flusher_new(b->loop, CAP, &b->flusher, &b->kernel), ST_OK);
    b->dir = support_make_dir();
    assert_int_equal(os_dir_open(b->dir, &b->dir_fd), ST_OK);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    os_flusher_free(b->flusher);
    os_loop_free(b->loop);
    os_close(b->dir_fd);
    support_remove_tree(b->dir);
    free(b);
    return 0;
}

static void on_done(void *ctx, int status)
{
    struct bench *b = ctx;
    b->done++;
    b->status = status;
    if (b->again > 0) {
        b->again--;
        assert_int_equal(os_flush(b->flusher, b->dir_fd, on_done, b), ST_OK);
    }
}

static void wait_done(struct bench *b, int count)
{
    const mono_us limit = os_clock_mono() + DUR_S(20);
    while (b->done < count) {
        mono_us now;
        assert_int_equal(os_loop_turn(b->loop, limit, &now), ST_OK);
        assert_true(now < limit);
    }
    assert_int_equal(b->done, count);
}

static void test_file_and_directory(void **state)
{
    struct bench *b = *state;
    int fd;
    assert_int_equal(os_flusher_pending(b->flusher), 0);
    assert_int_equal(os_flusher_kernel(b->flusher), b->kernel);
    assert_int_equal(os_file_open(b->dir_fd, "a", OS_OPEN_CREATE_EXCL, &fd), ST_OK);
    assert_int_equal(os_file_write(fd, "hello", 5), ST_OK);
    assert_int_equal(os_flush(b->flusher, fd, on_done, b), ST_OK);
    assert_int_equal(os_flush(b->flusher, b->dir_fd, on_done, b), ST_OK);
    if (b->kernel) {
        assert_int_equal(b->done, 0); /* never from within */
        assert_int_equal(os_flusher_pending(b->flusher), 2);
    }
    wait_done(b, 2);
    assert_int_equal(b->status, ST_OK);
    assert_int_equal(os_flusher_pending(b->flusher), 0);
    assert_int_equal(support_count("/proc/self/task"), b->tasks);
    mono_us now;
    assert_int_equal(os_loop_turn(b->loop, os_clock_mono(), &now), ST_OK); /* nothing left to tell */
    assert_int_equal(b->done, 2);
    os_close(fd);
}

static void test_full_and_drain(void **state)
{
    struct bench *b = *state;
    if (!b->kernel) {
        skip();
    }
    for (int i = 0; i < CAP; i++) {
        assert_int_equal(os_flush(b->flusher, b->dir_fd, on_done, b), ST_OK);
    }
    assert_int_equal(os_flush(b->flusher, b->dir_fd, on_done, b), ST_FULL);
    b->again = 3;
    os_flusher_drain(b->flusher);
    assert_int_equal(b->done, CAP + 3);
    assert_int_equal(os_flusher_pending(b->flusher), 0);
    mono_us now;
    assert_int_equal(os_loop_turn(b->loop, os_clock_mono(), &now), ST_OK);
    assert_int_equal(b->done, CAP + 3);
    b->again = 1;
    assert_int_equal(os_flush(b->flusher, b->dir_fd, on_done, b), ST_OK); /* teardown waits for this one */
}

/* Where the file system (here: a socket, which has no flush) refuses, it is done in place. */
static void test_refused_flush_is_made_in_place(void **state)
{
    struct bench *b = *state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(os_flush(b->flusher, pair[0], on_done, b), ST_OK);
    assert_int_equal(b->done, 1);
    assert_int_equal(b->status, ST_OK); /* nothing to flush there */
    assert_false(os_flusher_kernel(b->flusher));
    os_close(pair[0]);
    os_close(pair[1]);
    assert_int_equal(os_flush(b->flusher, pair[0], on_done, b), ST_OK);
    assert_int_equal(b->done, 2);
    assert_int_equal(b->status, ST_IO); /* closed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_file_and_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_and_drain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_flush_is_made_in_place, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
