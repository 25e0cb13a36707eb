/* SPDX-License-Identifier: MIT */
#include "support_os.h"

#include <string.h>

#include "os_priv.h"

static void assert_round_trip(const struct net_addr *addr)
{
    union os_sockaddr name;
    const socklen_t len = os_sockaddr_from(addr, &name);
    assert_int_equal(len, addr->family == 4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
    const struct net_addr back = os_sockaddr_to(&name);
    assert_true(addr_equal(&back, addr));
    assert_int_equal(back.family, addr->family);
    assert_int_equal(back.scope, addr->scope);
}

static void test_round_trips(void **state)
{
    (void)state;
    const struct net_addr v4 = addr_ipv4(192, 0, 2, 1, 5060);
    const struct net_addr v6 = {.family = 6, .port = 65535, .ip = {0xfe, 0x80, [15] = 1}, .scope = 3};
    assert_round_trip(&v4);
    assert_round_trip(&v6);
}

static void test_other_families(void **state)
{
    (void)state;
    union os_sockaddr name;
    const struct net_addr none = {.port = 8080};
    assert_int_equal(os_sockaddr_from(&none, &name), sizeof(struct sockaddr_in6)); /* the wildcard of both */
    assert_int_equal(name.any.sa_family, AF_INET6);
    assert_int_equal(name.v6.sin6_port, htons(8080));
    const struct net_addr mapped = {.family = 6, .port = 1, .ip = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 7}};
    assert_int_equal(os_sockaddr_from(&mapped, &name), sizeof(struct sockaddr_in6));
    struct net_addr back = os_sockaddr_to(&name);
    const struct net_addr want = addr_ipv4(10, 0, 0, 7, 1);
    assert_int_equal(back.family, 4);
    assert_true(addr_equal(&back, &want));
    memset(&name, 0, sizeof(name));
    name.any.sa_family = AF_UNIX;
    back = os_sockaddr_to(&name);
    assert_int_equal(back.family, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trips), cmocka_unit_test(test_other_families)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
