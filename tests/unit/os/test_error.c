/* SPDX-License-Identifier: MIT */
#include "support_os.h"

#include <errno.h>
#include <string.h>

#include "os_priv.h"

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        int error, status;
    } rows[] = {
        {EAGAIN, ST_AGAIN},    {ENOMEM, ST_NO_MEMORY}, {ENOENT, ST_NOT_FOUND}, {EEXIST, ST_BUSY},
        {EADDRINUSE, ST_BUSY}, {EACCES, ST_DENIED},    {EPERM, ST_DENIED},     {EROFS, ST_DENIED},
        {ELOOP, ST_DENIED},    {ENOSPC, ST_FULL},      {EDQUOT, ST_FULL},      {EFBIG, ST_FULL},
        {EMFILE, ST_FULL},     {ENFILE, ST_FULL},      {EIO, ST_IO},           {ECONNRESET, ST_IO},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_int_equal(os_fail(rows[i].error), rows[i].status);
        assert_string_equal(os_error_text(), strerror(rows[i].error));
    }
}

static void test_own_text(void **state)
{
    (void)state;
    assert_int_equal(os_fail_text("because", ST_DENIED), ST_DENIED);
    assert_string_equal(os_error_text(), "because");
    assert_int_equal(os_fail(EIO), ST_IO);
    assert_string_equal(os_error_text(), strerror(EIO));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_statuses), cmocka_unit_test(test_own_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
