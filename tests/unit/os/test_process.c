/* SPDX-License-Identifier: MIT */
#include "support_os.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void test_signals_arrive_on_the_descriptor(void **state)
{
    (void)state;
    int fd;
    assert_int_equal(os_signals_open(&fd), ST_OK);
    assert_int_equal(os_signals_read(fd), 0);
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR2};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(raise(numbers[i]), 0);
        support_wait(fd);
        assert_int_equal(os_signals_read(fd), numbers[i]);
        assert_int_equal(os_signals_read(fd), 0);
    }
    const int ignored[] = {SIGPIPE, SIGXFSZ, SIGUSR1, SIGALRM};
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        assert_int_equal(raise(ignored[i]), 0); /* we are still here */
        assert_int_equal(os_signals_read(fd), 0);
    }
    os_signals_close(fd);
}

static void test_standard_descriptors_are_open(void **state)
{
    (void)state;
    int saved[3];
    int which[3];
    for (int i = 0; i < 3; i++) {
        saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
    }
    fflush(stdout);
    close(STDIN_FILENO);
    close(STDERR_FILENO);
    os_standard_descriptors();
    for (int i = 0; i < 3; i++) {
        which[i] = fcntl(i, F_GETFL);
    }
    const int next = dup(STDIN_FILENO); /* nothing else was taken */
    for (int i = 0; i < 3; i++) {
        dup2(saved[i], i);
        close(saved[i]);
    }
    close(next);
    assert_true(which[0] >= 0 && which[1] >= 0 && which[2] >= 0);
    assert_int_equal(which[0] & O_ACCMODE, O_RDWR);
    assert_true(next > STDERR_FILENO);
    os_standard_descriptors(); /* all open: nothing changes */
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFL) >= 0, 1);
}

static void test_descriptors_as_far_as_the_system_allows(void **state)
{
    (void)state;
    struct rlimit before;
    struct rlimit after;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit tight = {.rlim_cur = 40, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    assert_int_equal(os_descriptors_raise(30), 40); /* never lowered */
    assert_int_equal(os_descriptors_raise(50), 50);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    assert_int_equal(after.rlim_cur, 50);
    assert_int_equal(after.rlim_max, before.rlim_max);
    if (before.rlim_max != RLIM_INFINITY) {
        assert_int_equal(os_descriptors_raise((uint64_t)before.rlim_max + 1), before.rlim_max);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_signals_arrive_on_the_descriptor),
                                       cmocka_unit_test(test_standard_descriptors_are_open),
                                       cmocka_unit_test(test_descriptors_as_far_as_the_system_allows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
