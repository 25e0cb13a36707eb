/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wsaudio/base/status.h"

static void test_every_status_has_its_own_name(void **state)
{
    static const int statuses[] = {ST_OK,        ST_NO_MEMORY, ST_FULL, ST_BAD,   ST_NOT_FOUND, ST_BUSY,
                                   ST_TOO_LARGE, ST_STATE,     ST_IO,   ST_AGAIN, ST_DENIED,    ST_UNSUPPORTED};
    enum { COUNT = sizeof(statuses) / sizeof(statuses[0]) };

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        assert_true(i == 0 ? statuses[i] == 0 : statuses[i] < 0);
        assert_string_not_equal(status_name(statuses[i]), "unknown");
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(status_name(statuses[i]), status_name(statuses[k]));
        }
    }
    assert_string_equal(status_name(1), "unknown");
    assert_string_equal(status_name(-999), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_status_has_its_own_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
