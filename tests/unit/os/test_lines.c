/* SPDX-License-Identifier: MIT */
/* Lines to descriptors whose readers stop, go away and come again. */
#include "support_os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE "0123456789012345678901234567890123456789012345678901234567890\n"

static char *g_dir;
static char g_path[160];
static char g_text[4 * OS_LINES_MAX];

static size_t drain(int fd)
{
    size_t len = 0;
    ssize_t n;

    while (len < sizeof(g_text) - 1 && (n = read(fd, g_text + len, sizeof(g_text) - 1 - len)) > 0) {
        len += (size_t)n;
    }
    g_text[len] = '\0';
    return len;
}

/* Standard output becomes fd for as long as an open takes. */
static int open_on_stdout(struct os_lines *l, int fd)
{
    int saved = dup(STDOUT_FILENO);

    assert_true(dup2(fd, STDOUT_FILENO) >= 0);
    int status = os_lines_open(l, NULL);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    os_close(saved);
    return status;
}

static void put_all(struct os_lines *l, int count)
{
    for (int i = 0; i < count; i++) {
        (void)os_lines_put(l, LINE, sizeof(LINE) - 1);
    }
}

static void a_pipe_that_nobody_reads(void **state)
{
    struct os_lines l;
    int p[2];

    (void)state;
    assert_int_equal(pipe2(p, O_CLOEXEC), 0); /* blocking, as a shell makes it */
    assert_int_equal(open_on_stdout(&l, p[1]), ST_OK);
    assert_int_equal(fcntl(p[1], F_GETFL) & O_NONBLOCK, 0); /* the shell's pipe is as it was */
    int count = 3 * OS_LINES_MAX / (int)(sizeof(LINE) - 1);
    put_all(&l, count); /* would stand here for ever */
    assert_true(l.lost > 0 && l.len > OS_LINES_MAX / 2 && os_lines_waits_for_reader(&l));
    assert_int_equal(os_lines_untold(&l), 0); /* no room to say so */
    assert_false(os_lines_put(&l, "x\n", 2)); /* nothing behind the gap before that is told */
    uint64_t lost = l.lost;

    assert_int_equal(fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
    size_t got = 0;
    while (l.len > 0) {
        got += drain(p[0]);
        os_lines_flush(&l);
    }
    got += drain(p[0]);
    assert_int_equal(got, ((uint64_t)count - (lost - 1)) * (sizeof(LINE) - 1));
    assert_false(os_lines_waits_for_reader(&l));
    assert_int_equal(l.head, 0); /* empty: its first pages again */
    assert_int_equal(os_lines_untold(&l), lost);
    assert_int_equal(os_lines_untold(&l), 0);
    assert_true(os_lines_put(&l, "here\n", 5));
    drain(p[0]);
    assert_string_equal(g_text, "here\n");
    os_lines_close(&l);
    os_close(p[0]);
    os_close(p[1]);
}

/* What the pipe holds, max bytes at most, behind what was read before. */
static size_t read_on(int fd, size_t at, size_t max)
{
    ssize_t n = read(fd, g_text + at, max < sizeof(g_text) - 1 - at ? max : sizeof(g_text) - 1 - at);
    return n > 0 ? at + (size_t)n : at;
}

static void lines_stay_whole_and_in_order(void **state)
{
    struct os_lines l;
    int p[2];
    char line[2048];
    size_t at = 0;

    (void)state;
    assert_int_equal(pipe2(p, O_NONBLOCK | O_CLOEXEC), 0);
    assert_int_equal(open_on_stdout(&l, p[1]), ST_OK);
    for (int i = 0; i < 6000; i++) { /* lengths that fit nowhere evenly; 3 MB: the ring goes round */
        int len = snprintf(line, sizeof(line), "%d %0*d\n", i, 1 + i % 997, 7);
        while (!os_lines_put(&l, line, (size_t)len)) { /* the reader takes a bite only where nothing fits any more */
            (void)os_lines_untold(&l);
            at = read_on(p[0], at, 3001);
            os_lines_flush(&l);
        }
    }
    while (l.len > 0) {
        os_lines_flush(&l);
        at = read_on(p[0], at, 70000);
    }
    at = read_on(p[0], at, 70000);
    char *next = g_text;
    for (int i = 0; i < 6000; i++) {
        int len = snprintf(line, sizeof(line), "%d %0*d\n", i, 1 + i % 997, 7);
        assert_memory_equal(next, line, (size_t)len);
        next += len;
    }
    assert_int_equal(next - g_text, at);
    os_lines_close(&l);
    os_close(p[0]);
    os_close(p[1]);
}

static void a_reader_that_is_gone(void **state)
{
    struct os_lines l;
    int p[2];

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    assert_int_equal(open_on_stdout(&l, p[1]), ST_OK);
    os_close(p[0]);
    put_all(&l, 3);
    assert_true(l.gone);
    assert_int_equal(l.lost, 3);
    assert_int_equal(l.len, 0);
    assert_false(os_lines_waits_for_reader(&l)); /* its descriptor would be ready for ever */
    os_lines_close(&l);
    os_close(p[1]);
}

/* A pipe that another user opened cannot be opened anew: before each write it is asked for room. */
static void a_pipe_that_is_not_ours(void **state)
{
    struct os_lines l;
    int p[2];

    (void)state;
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    assert_int_equal(open_on_stdout(&l, p[1]), ST_OK);
    os_close(l.fd);
    l.fd = p[1];
    l.owned = false;
    l.ask = true;
    put_all(&l, 2 * OS_LINES_MAX / (int)(sizeof(LINE) - 1));
    assert_true(l.lost > 0);
    os_lines_close(&l);                                    /* waits a little for a reader that does not read */
    assert_int_equal(fcntl(p[1], F_SETFL, O_NONBLOCK), 0); /* still open */
    os_close(p[0]);
    os_close(p[1]);
}

static void a_fifo_without_a_reader(void **state)
{
    struct os_lines l;

    (void)state;
    assert_int_equal(mkfifo(g_path, 0600), 0);
    assert_int_equal(os_lines_open(&l, g_path), ST_OK); /* an open for writing alone would wait, or fail with ENXIO */
    assert_true(os_lines_put(&l, "before\n", 7));
    int reader = open(g_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    drain(reader);
    assert_string_equal(g_text, "before\n");
    os_close(reader);
    assert_true(os_lines_put(&l, "between\n", 8)); /* no EPIPE while nobody reads */
    reader = open(g_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    drain(reader);
    assert_string_equal(g_text, "between\n");
    assert_int_equal(os_lines_reopen(&l, g_path), ST_OK);
    assert_true(os_lines_put(&l, "anew\n", 5));
    drain(reader);
    assert_string_equal(g_text, "anew\n");
    os_lines_close(&l);
    os_close(reader);
}

static void a_socket_as_journald_gives_it(void **state)
{
    struct os_lines l;
    int s[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
    int fd = dup(STDOUT_FILENO);
    assert_true(dup2(s[1], STDOUT_FILENO) >= 0);
    int status = os_lines_open(&l, NULL);
    put_all(&l, 2 * OS_LINES_MAX / (int)(sizeof(LINE) - 1));
    uint64_t lost = l.lost;
    bool waits = os_lines_waits_for_reader(&l);
    assert_int_equal(fcntl(s[0], F_SETFL, O_NONBLOCK), 0);
    size_t got = 0;
    while (l.len > 0) {
        got += drain(s[0]);
        os_lines_flush(&l);
    }
    got += drain(s[0]);
    assert_true(dup2(fd, STDOUT_FILENO) >= 0);
    os_close(fd);
    os_close(s[1]);
    (void)os_lines_untold(&l);
    l.fd = -1;
    os_lines_close(&l);
    assert_int_equal(status, ST_OK);
    assert_true(waits && lost > 0);
    assert_int_equal(got % (sizeof(LINE) - 1), 0); /* nothing was cut */
    os_close(s[0]);
}

static void what_waits_goes_to_the_new_file(void **state)
{
    struct os_lines l;

    (void)state;
    if (access("/dev/full", W_OK) != 0) {
        skip();
    }
    assert_int_equal(os_lines_open(&l, "/dev/full"), ST_OK);
    assert_true(os_lines_put(&l, "one\n", 4));
    assert_true(os_lines_put(&l, "two\n", 4));
    assert_int_equal(l.len, 8);
    assert_int_equal(os_lines_reopen(&l, "/nonexistent/x"), ST_NOT_FOUND);
    assert_int_equal(l.len, 8);
    l.begun = 2; /* half of the first line reached the old one */
    assert_int_equal(os_lines_reopen(&l, g_path), ST_OK);
    assert_int_equal(l.len, 0);
    int fd = open(g_path, O_RDONLY | O_CLOEXEC);
    drain(fd);
    assert_string_equal(g_text, "one\ntwo\n");
    os_close(fd);
    os_lines_close(&l);
}

static void what_is_no_line(void **state)
{
    struct os_lines l = {.fd = -1};
    char longest[OS_LINE_MAX + 1];

    (void)state;
    os_lines_close(&l);
    assert_false(os_lines_put(&l, "x\n", 2));
    assert_int_equal(os_lines_open(&l, g_path), ST_OK);
    memset(longest, 'x', sizeof(longest));
    longest[OS_LINE_MAX - 1] = '\n';
    assert_true(os_lines_put(&l, longest, OS_LINE_MAX));
    assert_false(os_lines_put(&l, longest, OS_LINE_MAX + 1));
    assert_false(os_lines_put(&l, longest, 0));
    os_lines_close(&l);
}

static int set_up(void **state)
{
    (void)state;
    g_dir = support_make_dir();
    snprintf(g_path, sizeof(g_path), "%s/log", g_dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    support_remove_tree(g_dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_that_nobody_reads),
        cmocka_unit_test(lines_stay_whole_and_in_order),
        cmocka_unit_test(a_reader_that_is_gone),
        cmocka_unit_test(a_pipe_that_is_not_ours),
        cmocka_unit_test_setup_teardown(a_fifo_without_a_reader, set_up, tear_down),
        cmocka_unit_test(a_socket_as_journald_gives_it),
        cmocka_unit_test_setup_teardown(what_waits_goes_to_the_new_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_line, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
