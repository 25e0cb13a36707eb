/* SPDX-License-Identifier: MIT */
#include "support_os.h"

#include <sys/utsname.h>

static void test_it_is_the_nodes_name(void **state)
{
    struct utsname node;
    char name[OS_NAME_MAX + 1];
    (void)state;
    memset(name, 'x', sizeof(name));
    assert_int_equal(uname(&node), 0);
    assert_int_equal(os_host_name(name), ST_OK);
    assert_string_equal(name, node.nodename);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_the_nodes_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
