/* SPDX-License-Identifier: MIT */
#include "support_os.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char *dir;
    int fd;
};

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    p->dir = support_make_dir();
    assert_int_equal(os_dir_open(p->dir, &p->fd), ST_OK);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    os_close(p->fd);
    support_remove_tree(p->dir);
    free(p);
    return 0;
}

static int create(const struct place *p, const char *name)
{
    int fd;
    assert_int_equal(os_file_open(p->fd, name, OS_OPEN_CREATE_EXCL, &fd), ST_OK);
    return fd;
}

static void test_write_and_read(void **state)
{
    const struct place *p = *state;
    char buf[32];
    uint64_t size;
    int fd = create(p, "a");
    assert_int_equal(os_file_write(fd, "hello ", 6), ST_OK);
    assert_int_equal(os_file_write(fd, "world", 5), ST_OK);
    assert_int_equal(os_file_write_at(fd, 0, "H", 1), ST_OK);
    assert_int_equal(os_file_write_at(fd, 20, "!", 1), ST_OK); /* the gap reads as zeros */
    assert_int_equal(os_file_size(fd, &size), ST_OK);
    assert_int_equal(size, 21);
    assert_int_equal(os_file_read_at(fd, 0, buf, 11), 11);
    assert_memory_equal(buf, "Hello world", 11);
    assert_int_equal(os_file_read_at(fd, 19, buf, sizeof(buf)), 2);
    assert_int_equal(os_handle_read(NULL, fd, 19, buf, sizeof(buf)), 2);
    assert_memory_equal(buf, "\0!", 2);
    assert_int_equal(os_file_read_at(fd, 21, buf, sizeof(buf)), 0);
    assert_int_equal(os_file_read_at(fd, UINT64_MAX, buf, sizeof(buf)), 0);
    assert_int_equal(os_file_write_at(fd, UINT64_MAX, "x", 1), ST_FULL);
    os_close(fd);
    assert_int_equal(os_file_read_at(fd, 0, buf, 1), ST_IO);
    assert_int_equal(os_file_size(fd, &size), ST_IO);
    assert_int_equal(os_file_write(fd, "x", 1), ST_IO);
}

static void test_modes(void **state)
{
    const struct place *p = *state;
    int fd = create(p, "a");
    os_close(fd);
    assert_int_equal(os_file_open(p->fd, "a", OS_OPEN_CREATE_EXCL, &fd), ST_BUSY);
    assert_int_equal(fd, -1);
    assert_int_equal(os_file_open(p->fd, "b", OS_OPEN_READ, &fd), ST_NOT_FOUND);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(os_file_open(p->fd, "log", OS_OPEN_APPEND, &fd), ST_OK);
        assert_int_equal(os_file_write(fd, "line\n", 5), ST_OK);
        os_close(fd);
    }
    char *path = NULL;
    assert_true(asprintf(&path, "%s/log", p->dir) > 0);
    assert_int_equal(os_file_open(-1, path, OS_OPEN_READ, &fd), ST_OK); /* a path from the command line */
    uint64_t size;
    assert_int_equal(os_file_size(fd, &size), ST_OK);
    assert_int_equal(size, 10);
    os_close(fd);
    free(path);
}

static void test_only_regular_files(void **state)
{
    const struct place *p = *state;
    int fd;
    assert_int_equal(mkdirat(p->fd, "dir", 0700), 0);
    assert_int_equal(mkfifoat(p->fd, "fifo", 0600), 0);
    assert_int_equal(symlinkat("/etc/passwd", p->fd, "link"), 0);
    assert_int_equal(os_file_open(p->fd, "dir", OS_OPEN_READ, &fd), ST_DENIED);
    assert_int_equal(os_file_open(p->fd, "fifo", OS_OPEN_READ, &fd), ST_DENIED); /* at once, nobody writes to it */
    assert_int_equal(os_file_open(p->fd, "link", OS_OPEN_READ, &fd), ST_DENIED);
    assert_int_equal(os_file_open(p->fd, "link", OS_OPEN_APPEND, &fd), ST_DENIED);
    assert_int_equal(os_file_open(p->fd, "link", OS_OPEN_CREATE_EXCL, &fd), ST_BUSY);
}

static void test_names_stay_inside(void **state)
{
    const struct place *p = *state;
    static const char *const bad[] = {"", ".", "..", "../x", "a/b", "/etc/passwd", "./a"};
    int fd;
    os_close(create(p, "a"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(os_file_open(p->fd, bad[i], OS_OPEN_APPEND, &fd), ST_BAD);
        assert_int_equal(os_file_rename(p->fd, "a", bad[i]), ST_BAD);
        assert_int_equal(os_file_rename(p->fd, bad[i], "a"), ST_BAD);
        assert_int_equal(os_file_remove(p->fd, bad[i]), ST_BAD);
        assert_int_equal(os_file_link(p->fd, "a", bad[i]), ST_BAD);
    }
}

static void test_rename_remove(void **state)
{
    const struct place *p = *state;
    int fd = create(p, "a");
    os_close(fd);
    os_close(create(p, "b"));
    assert_int_equal(os_file_rename(p->fd, "a", "b"), ST_OK);
    assert_int_equal(os_file_rename(p->fd, "a", "b"), ST_NOT_FOUND);
    assert_int_equal(mkdirat(p->fd, "dir", 0700), 0);
    assert_int_equal(os_file_rename(p->fd, "b", "dir"), ST_IO);
    assert_int_equal(os_file_remove(p->fd, "b"), ST_OK);
    assert_int_equal(os_file_remove(p->fd, "b"), ST_NOT_FOUND);
}

static void test_link(void **state)
{
    const struct place *p = *state;
    char target[64];
    assert_int_equal(symlinkat("stale", p->fd, ".newest.link"), 0); /* of a killed process */
    for (int i = 0; i < 2; i++) {
        const char *want = i == 0 ? "one" : "second";
        assert_int_equal(os_file_link(p->fd, want, "newest"), ST_OK);
        const ssize_t n = readlinkat(p->fd, "newest", target, sizeof(target));
        assert_int_equal(n, strlen(want));
        assert_memory_equal(target, want, strlen(want));
    }
    os_close(create(p, "mine"));
    assert_int_equal(os_file_link(p->fd, "one", "mine"), ST_BUSY); /* never a real file */
    struct stat info;
    assert_int_equal(fstatat(p->fd, "mine", &info, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(info.st_mode));
    assert_int_equal(fstatat(p->fd, ".newest.link", &info, AT_SYMLINK_NOFOLLOW), -1);
    char longest[256];
    memset(longest, 'n', 255);
    longest[255] = '\0';
    assert_int_equal(os_file_link(p->fd, "one", longest), ST_IO);
}

/* A full disk, played by the file size limit: the first part of a write fits, the rest does not. */
static void test_failed_write_leaves_nothing(void **state)
{
    const struct place *p = *state;
    struct rlimit old;
    static char block[5000];
    int fd = create(p, "a");
    int log;
    assert_int_equal(os_file_open(p->fd, "log", OS_OPEN_APPEND, &log), ST_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit tight = old;
    tight.rlim_cur = 8192;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(os_file_write(fd, block, sizeof(block)), ST_OK);
    assert_int_equal(os_file_write(log, block, sizeof(block)), ST_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const int at_position = os_file_write(fd, block, sizeof(block));
    const int at_end = os_file_write(log, block, sizeof(block));
    const int at_offset = os_file_write_at(fd, 4000, block, sizeof(block));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(at_position, ST_FULL);
    assert_int_equal(at_end, ST_FULL);
    assert_int_equal(at_offset, ST_FULL);
    uint64_t size;
    assert_int_equal(os_file_size(log, &size), ST_OK);
    assert_int_equal(size, sizeof(block));
    assert_int_equal(os_file_write(fd, "x", 1), ST_OK); /* goes on where it was */
    char c = 0;
    assert_int_equal(os_file_read_at(fd, sizeof(block), &c, 1), 1);
    assert_int_equal(c, 'x');
    assert_int_equal(os_file_size(fd, &size), ST_OK);
    assert_int_equal(size, sizeof(block) + 1);
    os_close(fd);
    os_close(log);
}

static void test_load(void **state)
{
    const struct place *p = *state;
    char *path = NULL, *text;
    size_t len;
    assert_true(asprintf(&path, "%s/secret", p->dir) > 0);
    assert_int_equal(os_file_load(path, 100, &text, &len), ST_NOT_FOUND);
    assert_null(text);
    int fd = create(p, "secret");
    assert_int_equal(os_file_load(path, 100, &text, &len), ST_OK);
    assert_int_equal(len, 0);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(os_file_write(fd, "pass\nword", 9), ST_OK);
    os_close(fd);
    assert_int_equal(os_file_load(path, 9, &text, &len), ST_OK);
    assert_int_equal(len, 9);
    assert_string_equal(text, "pass\nword");
    free(text);
    assert_int_equal(os_file_load(path, 8, &text, &len), ST_TOO_LARGE);
    assert_null(text);
    assert_int_equal(os_file_load(p->dir, 8, &text, &len), ST_IO);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_write_and_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_regular_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_stay_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rename_remove, setup, teardown),
        cmocka_unit_test_setup_teardown(test_link, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_write_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
