#include "support_os.h"

#include <signal.h>
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
    assert_int_equal(raise(SIGPIPE), 0); /* ignored: we are still here */
    os_signals_close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_signals_arrive_on_the_descriptor)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
