#include "support_os.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void test_signals_arrive_on_the_descriptor(void **state)
{
    (void)state;
    int fd;
    assert_int_equal(os_signals_open(&fd), ST_OK);
    assert_int_equal(os_signals_read(fd), 0);
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(raise(numbers[i]), 0);
        support_wait(fd);
        assert_int_equal(os_signals_read(fd), numbers[i]);
        assert_int_equal(os_signals_read(fd), 0);
    }
    const int ignored[] = {SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM};
    for (int i = 0; i < 4; i++) {
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_signals_arrive_on_the_descriptor),
                                       cmocka_unit_test(test_standard_descriptors_are_open)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
