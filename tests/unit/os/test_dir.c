/* SPDX-License-Identifier: MIT */
#include "support_os.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_prepare(void **state)
{
    (void)state;
    char *dir = support_make_dir();
    char *path = NULL, *deep = NULL;
    bool created;
    assert_true(asprintf(&path, "%s/new", dir) > 0);
    assert_true(asprintf(&deep, "%s/no/such", dir) > 0);
    assert_int_equal(os_dir_prepare(path, &created), ST_OK);
    assert_true(created);
    assert_int_equal(os_dir_prepare(path, &created), ST_OK);
    assert_false(created);
    assert_int_equal(os_dir_prepare(deep, &created), ST_NOT_FOUND);
    assert_false(created);
    assert_int_equal(os_dir_prepare("/proc/self", &created), ST_DENIED);
    assert_int_equal(rmdir(path), 0);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(os_dir_prepare(path, &created), ST_IO);
    assert_string_equal(os_error_text(), "Not a directory");
    int fd;
    assert_int_equal(os_dir_open(path, &fd), ST_IO);
    assert_int_equal(fd, -1);
    struct os_dir_iter *iter;
    assert_int_equal(os_dir_iter_open(path, &iter), ST_IO);
    assert_int_equal(os_dir_iter_open(deep, &iter), ST_NOT_FOUND);
    os_dir_iter_close(NULL);
    free(path);
    free(deep);
    support_remove_tree(dir);
}

static void test_iterate(void **state)
{
    (void)state;
    char *dir = support_make_dir();
    int dir_fd, fd;
    assert_int_equal(os_dir_open(dir, &dir_fd), ST_OK);
    for (int i = 0; i < 5; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        assert_int_equal(os_file_open(dir_fd, name, OS_OPEN_CREATE_EXCL, &fd), ST_OK);
        assert_int_equal(os_file_write(fd, "12345", (size_t)i), ST_OK);
        os_close(fd);
    }
    assert_int_equal(mkdirat(dir_fd, "dir", 0700), 0);
    assert_int_equal(symlinkat("a", dir_fd, "link"), 0);
    struct os_dir_iter *iter;
    struct os_dir_entry entry;
    unsigned seen = 0;
    int status;
    assert_int_equal(os_dir_iter_open(dir, &iter), ST_OK);
    while ((status = os_dir_iter_next(iter, &entry)) == ST_OK) {
        assert_int_equal(strlen(entry.name), 1);
        const int i = entry.name[0] - 'a';
        assert_int_equal(entry.size, i);
        assert_true(entry.modified_us > os_clock_wall() - 60000000 && entry.modified_us < os_clock_wall() + 60000000);
        seen |= 1u << i;
    }
    assert_int_equal(status, ST_NOT_FOUND);
    assert_int_equal(seen, 0x1F);
    os_dir_iter_close(iter);
    os_close(dir_fd);
    support_remove_tree(dir);
}

/* Any number of what is no file: each step is short. */
static void test_iterate_past_others(void **state)
{
    (void)state;
    char *dir = support_make_dir();
    int dir_fd;
    char name[16];
    assert_int_equal(os_dir_open(dir, &dir_fd), ST_OK);
    for (int i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        assert_int_equal(symlinkat("nowhere", dir_fd, name), 0);
    }
    struct os_dir_iter *iter;
    struct os_dir_entry entry;
    int status, steps = 0;
    assert_int_equal(os_dir_iter_open(dir, &iter), ST_OK);
    while ((status = os_dir_iter_next(iter, &entry)) == ST_AGAIN) {
        steps++;
    }
    assert_int_equal(status, ST_NOT_FOUND);
    assert_in_range(steps, 6, 7);
    os_dir_iter_close(iter);
    os_close(dir_fd);
    support_remove_tree(dir);
}

static void test_disk_free(void **state)
{
    (void)state;
    int fd;
    unsigned percent = 1000;
    assert_int_equal(os_dir_open("/tmp", &fd), ST_OK);
    assert_int_equal(os_disk_free_percent(fd, &percent), ST_OK);
    assert_true(percent <= 100);
    os_close(fd);
    assert_int_equal(os_dir_open("/proc", &fd), ST_OK); /* no blocks at all: nothing to run out of */
    assert_int_equal(os_disk_free_percent(fd, &percent), ST_OK);
    assert_int_equal(percent, 100);
    os_close(fd);
    assert_int_equal(os_disk_free_percent(-1, &percent), ST_IO);
}

static void test_disk_block(void **state)
{
    (void)state;
    int fd;
    uint32_t block = 0;
    assert_int_equal(os_dir_open("/tmp", &fd), ST_OK);
    assert_int_equal(os_disk_block(fd, &block), ST_OK);
    assert_in_range(block, 4096, 1048576);
    os_close(fd);
    assert_int_equal(os_disk_block(-1, &block), ST_IO);
    assert_int_equal(block, 4096);
}

static void test_same_directory(void **state)
{
    (void)state;
    char *dir = support_make_dir();
    char *path = NULL, *other = NULL, *dotted = NULL, *link = NULL;
    assert_true(asprintf(&path, "%s/a", dir) > 0 && asprintf(&other, "%s/b", dir) > 0);
    assert_true(asprintf(&dotted, "%s/./b/../a/", dir) > 0 && asprintf(&link, "%s/c", dir) > 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(os_dir_same(path, other)); /* there is none */
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(symlink(path, link), 0);
    assert_false(os_dir_same(path, other));
    assert_true(os_dir_same(path, path));
    assert_true(os_dir_same(path, dotted));
    assert_true(os_dir_same(path, link));
    assert_false(os_dir_same(other, link));
    free(path);
    free(other);
    free(dotted);
    free(link);
    support_remove_tree(dir);
}

static void test_renew(void **state)
{
    (void)state;
    char *dir = support_make_dir();
    char *path = NULL, *away = NULL;
    int fd;
    bool renewed;
    assert_true(asprintf(&path, "%s/a", dir) > 0 && asprintf(&away, "%s/b", dir) > 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(os_dir_open(path, &fd), ST_OK);
    assert_int_equal(os_dir_renew(path, NULL, &fd, &renewed), ST_OK);
    assert_false(renewed);
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(os_dir_renew(path, away, &fd, &renewed), ST_OK); /* made again */
    assert_true(renewed);
    assert_int_equal(os_dir_renew(path, away, &fd, &renewed), ST_OK);
    assert_false(renewed);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink(away, path), 0);
    const int before = fd;
    assert_int_equal(os_dir_renew(path, away, &fd, &renewed), ST_DENIED); /* the other's */
    assert_int_equal(fd, before);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(os_dir_renew(path, NULL, &fd, &renewed), ST_IO);
    assert_string_equal(os_error_text(), "Not a directory");
    assert_int_equal(fd, before);
    assert_false(renewed);
    os_close(fd);
    free(path);
    free(away);
    support_remove_tree(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prepare),   cmocka_unit_test(test_iterate),    cmocka_unit_test(test_iterate_past_others),
        cmocka_unit_test(test_disk_free), cmocka_unit_test(test_disk_block), cmocka_unit_test(test_same_directory),
        cmocka_unit_test(test_renew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
