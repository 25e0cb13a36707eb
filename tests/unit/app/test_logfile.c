/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "logfile.h"

static int64_t g_now;
static char g_dir[64];
static char g_path[128];

static int64_t fake_clock(void)
{
    return g_now;
}

static char *read_all(const char *path)
{
    static char text[8192];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t len = fread(text, 1, sizeof(text) - 1, f);
    text[len] = '\0';
    fclose(f);
    return text;
}

static struct log open_log(struct logfile *f)
{
    char why[LOGFILE_WHY_MAX];
    assert_int_equal(logfile_open(f, g_path, fake_clock, why), ST_OK);
    return (struct log){LOG_DEBUG, false, logfile_sink, f};
}

static void test_line_format(void **state)
{
    (void)state;
    struct logfile f;
    struct log log = open_log(&f);
    g_now = 1700000000LL * 1000000 + 999999; /* 2023-11-14 22:13:20 UTC */
    log_write(&log, LOG_INFO, "one %d", 1);
    log_write(&log, LOG_WARNING, "two");
    g_now += 1;
    log_write(&log, LOG_ERROR, "three");
    log_write(&log, LOG_DEBUG, "four");
    assert_string_equal(read_all(g_path), "[2023-11-15 06:13:20] one 1\n[2023-11-15 06:13:20] WARNING two\n"
                                          "[2023-11-15 06:13:21] ERROR three\n[2023-11-15 06:13:21] DEBUG four\n");
    g_now = 1700000000LL * 1000000; /* the wall clock may step back */
    log_write(&log, LOG_INFO, "five");
    assert_non_null(strstr(read_all(g_path), "[2023-11-15 06:13:20] five\n"));
    logfile_close(&f);
}

static void test_appends(void **state)
{
    (void)state;
    struct logfile f;
    struct log log = open_log(&f);
    log_write(&log, LOG_INFO, "first run");
    logfile_close(&f);
    log = open_log(&f);
    log_write(&log, LOG_INFO, "second run");
    logfile_close(&f);
    assert_non_null(strstr(read_all(g_path), "first run"));
    assert_non_null(strstr(read_all(g_path), "second run"));
    log_write(&log, LOG_INFO, "after close"); /* ignored */
    logfile_close(&f);
}

static void test_long_line_is_one_write(void **state)
{
    (void)state;
    struct logfile f;
    char text[LOG_LINE_MAX + 100];
    open_log(&f);
    memset(text, 'x', sizeof(text));
    logfile_sink(&f, LOG_WARNING, text, sizeof(text));
    char *all = read_all(g_path);
    assert_int_equal(strlen(all), strlen("[2023-11-15 06:13:20] WARNING ") + LOG_LINE_MAX + 1);
    assert_int_equal(all[strlen(all) - 1], '\n');
    logfile_close(&f);
}

static void test_reopen(void **state)
{
    (void)state;
    struct logfile f;
    char rotated[160];
    struct log log = open_log(&f);
    log_write(&log, LOG_INFO, "before");
    snprintf(rotated, sizeof(rotated), "%s.1", g_path);
    assert_int_equal(rename(g_path, rotated), 0);
    log_write(&log, LOG_INFO, "still the old file");
    assert_int_equal(logfile_reopen(&f, &log), ST_OK);
    log_write(&log, LOG_INFO, "after");
    assert_non_null(strstr(read_all(rotated), "still the old file"));
    assert_null(strstr(read_all(rotated), "after"));
    assert_non_null(strstr(read_all(g_path), "after"));
    logfile_close(&f);
}

static void test_failed_reopen_keeps_the_old_file(void **state)
{
    (void)state;
    struct logfile f;
    char moved[160];
    struct log log = open_log(&f);
    snprintf(moved, sizeof(moved), "%s.2", g_path);
    assert_int_equal(rename(g_path, moved), 0);
    assert_int_equal(mkdir(g_path, 0700), 0); /* a directory cannot be opened for writing, not even by root */
    assert_int_equal(logfile_reopen(&f, &log), ST_IO);
    log_write(&log, LOG_INFO, "goes on");
    assert_non_null(strstr(read_all(moved), "ERROR Log file"));
    assert_non_null(strstr(read_all(moved), "goes on"));
    logfile_close(&f);
    assert_int_equal(rmdir(g_path), 0);
}

static void test_open_fails(void **state)
{
    (void)state;
    struct logfile f;
    char why[LOGFILE_WHY_MAX];
    assert_int_equal(logfile_open(&f, "/nonexistent/log", fake_clock, why), ST_NOT_FOUND);
    assert_string_equal(why, "No such file or directory");
    logfile_sink(&f, LOG_INFO, "x", 1);
    logfile_close(&f);
}

static void test_full_disk_keeps_the_line(void **state)
{
    (void)state;
    struct logfile f;
    char why[LOGFILE_WHY_MAX];
    if (access("/dev/full", W_OK) != 0) {
        skip();
    }
    assert_int_equal(logfile_open(&f, "/dev/full", fake_clock, why), ST_OK);
    logfile_sink(&f, LOG_INFO, "x", 1);
    assert_true(f.lines.len > 0); /* it waits for room */
    f.path = g_path;
    assert_int_equal(logfile_reopen(&f, NULL), ST_OK);
    assert_non_null(strstr(read_all(g_path), "] x\n"));
    logfile_close(&f);
}

static void test_says_what_was_left_out(void **state)
{
    (void)state;
    struct logfile f;
    struct log log = open_log(&f);
    f.log = &log;
    f.lines.untold = 12; /* as if nobody had read for a while */
    log_write(&log, LOG_INFO, "again");
    assert_non_null(strstr(read_all(g_path),
                           "] WARNING 12 lines of this log were left out: nobody read it, or its disk was "
                           "full\n"));
    assert_true(strstr(read_all(g_path), "] again\n") > strstr(read_all(g_path), "left out"));
    f.lines.untold = 3;
    logfile_flush(&f); /* with nothing else to say */
    assert_non_null(strstr(read_all(g_path), "WARNING 3 lines"));
    logfile_close(&f);
}

static void test_stdout(void **state)
{
    (void)state;
    struct logfile f;
    char why[LOGFILE_WHY_MAX];
    int saved = dup(STDOUT_FILENO);
    fflush(stdout);
    int file = open(g_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(dup2(file, STDOUT_FILENO) >= 0);
    close(file);
    int opened = logfile_open(&f, NULL, NULL, why);
    logfile_sink(&f, LOG_INFO, "to stdout", 9);
    int reopened = logfile_reopen(&f, NULL);
    logfile_close(&f);
    ssize_t still_open = write(STDOUT_FILENO, "open\n", 5);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    close(saved);
    assert_int_equal(opened, ST_OK);
    assert_int_equal(reopened, ST_OK);
    assert_int_equal(still_open, 5);
    assert_non_null(strstr(read_all(g_path), "] to stdout\nopen\n"));
}

static int set_up(void **state)
{
    (void)state;
    setenv("TZ", "XST-8", 1);
    snprintf(g_dir, sizeof(g_dir), "/tmp/test_logfile.XXXXXX");
    if (mkdtemp(g_dir) == NULL) {
        return -1;
    }
    snprintf(g_path, sizeof(g_path), "%s/log", g_dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", g_dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_line_format, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_appends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_line_is_one_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reopen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failed_reopen_keeps_the_old_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_disk_keeps_the_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_says_what_was_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stdout, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
