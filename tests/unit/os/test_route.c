/* SPDX-License-Identifier: MIT */
#include "support_os.h"

#include <string.h>

static void test_route_to_loopback(void **state)
{
    (void)state;
    const struct net_addr to = support_loopback(5060);
    struct net_addr local;
    assert_int_equal(os_route_local(&to, &local), ST_OK);
    assert_int_equal(local.family, 4);
    assert_int_equal(local.port, 0);
    assert_true(addr_same_ip(&local, &to));
    const struct net_addr no_port = support_loopback(0);
    assert_int_equal(os_route_local(&no_port, &local), ST_OK);
    assert_true(addr_same_ip(&local, &to));
}

static void test_no_route(void **state)
{
    (void)state;
    const struct net_addr broadcast = addr_ipv4(255, 255, 255, 255, 9);
    struct net_addr local;
    assert_int_not_equal(os_route_local(&broadcast, &local), ST_OK); /* refused without SO_BROADCAST */
    assert_true(strlen(os_error_text()) > 0);
}

static void test_resolve(void **state)
{
    (void)state;
    struct net_addr out;
    const struct net_addr four = support_loopback(5060);
    assert_int_equal(os_resolve("127.0.0.1", 5060, &out), ST_OK);
    assert_true(addr_equal(&out, &four));
    assert_int_equal(os_resolve("[::1]", 5061, &out), ST_OK);
    assert_int_equal(out.family, 6);
    assert_int_equal(out.port, 5061);
    assert_int_equal(os_resolve("localhost", 5060, &out), ST_OK);
    assert_true(addr_is_loopback(&out));
    assert_int_equal(out.port, 5060);
    assert_int_equal(os_resolve("no-such-host.invalid", 1, &out), ST_NOT_FOUND);
    assert_true(strlen(os_error_text()) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_route_to_loopback),
        cmocka_unit_test(test_no_route),
        cmocka_unit_test(test_resolve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
