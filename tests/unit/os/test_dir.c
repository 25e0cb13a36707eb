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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prepare),
        cmocka_unit_test(test_iterate),
        cmocka_unit_test(test_disk_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
