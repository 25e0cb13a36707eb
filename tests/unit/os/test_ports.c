/* SPDX-License-Identifier: MIT */
/* RTP/RTCP pairs on 127.0.0.1. The ranges are looked for first, so that nothing depends on what else runs here. */
#include "support_os.h"

#include <fcntl.h>
#include <string.h>

static const struct os_udp_options plain = {.dscp = -1};

static bool is_free(uint16_t port)
{
    int fd;
    const struct net_addr addr = support_loopback(port);
    if (os_udp_open(&addr, &plain, &fd) != ST_OK) {
        return false;
    }
    os_close(fd);
    return true;
}

/* An even port with `count` free ports from there on. */
static uint16_t find_range(uint16_t count)
{
    for (uint16_t low = 20000; low < 32000; low = (uint16_t)(low + 2)) {
        uint16_t i = 0;
        while (i < count && is_free((uint16_t)(low + i))) {
            i++;
        }
        if (i == count) {
            return low;
        }
    }
    fail_msg("no free ports");
    return 0;
}

static struct os_ports *ports_of(uint16_t low, uint16_t high, dur_us rest)
{
    const struct net_addr local = support_loopback(0);
    struct os_ports *ports;
    assert_int_equal(os_ports_new(&local, low, high, rest, &plain, &ports), ST_OK);
    return ports;
}

static void assert_pair(const struct os_port_pair *pair, uint16_t port)
{
    struct net_addr addr;
    assert_int_equal(pair->port, port);
    assert_int_equal(os_udp_local(pair->rtp_fd, &addr), ST_OK);
    assert_int_equal(addr.port, port);
    assert_int_equal(os_udp_local(pair->rtcp_fd, &addr), ST_OK);
    assert_int_equal(addr.port, port + 1);
}

static void test_lowest_even_pair_first_and_rest(void **state)
{
    (void)state;
    const uint16_t low = find_range(6);
    struct os_ports *ports = ports_of((uint16_t)(low - 1), (uint16_t)(low + 5), 5000); /* rounded up to even */
    struct os_port_pair a, b, c, d;
    assert_int_equal(os_ports_count(ports), 3);
    assert_int_equal(os_ports_open(ports, 1000, &a), ST_OK);
    assert_int_equal(os_ports_open(ports, 1000, &b), ST_OK);
    assert_pair(&a, low);
    assert_pair(&b, (uint16_t)(low + 2));
    os_ports_close(ports, 2000, &a);
    assert_int_equal(a.rtp_fd, -1);
    os_ports_close(ports, 2000, &a); /* twice: nothing */
    assert_true(is_free(low));
    assert_int_equal(os_ports_open(ports, 3000, &c), ST_OK); /* low rests */
    assert_pair(&c, (uint16_t)(low + 4));
    assert_int_equal(os_ports_open(ports, 3001, &d), ST_OK); /* the others are taken: better early than no call */
    assert_pair(&d, low);
    os_ports_close(ports, 3002, &d);
    os_ports_close(ports, 3001, &c);
    assert_int_equal(os_ports_open(ports, 3003, &c), ST_OK); /* of those that rest, the one that has rested longest */
    assert_pair(&c, (uint16_t)(low + 4));
    assert_int_equal(os_ports_open(ports, 9000, &d), ST_OK);
    assert_pair(&d, low);
    struct os_port_pair e;
    assert_int_equal(os_ports_open(ports, 9000, &e), ST_FULL);
    assert_int_equal(e.rtp_fd, -1);
    os_ports_close(ports, 8000, &b);
    os_ports_close(ports, 8000, &c);
    os_ports_close(ports, 8000, &d);
    os_ports_free(ports);
    os_ports_free(NULL);
}

static void test_skips_ports_of_others(void **state)
{
    (void)state;
    const uint16_t low = find_range(6);
    struct os_ports *ports = ports_of(low, (uint16_t)(low + 5), 0);
    struct os_port_pair a, b;
    int even, odd;
    const struct net_addr first = support_loopback(low);
    const struct net_addr second = support_loopback((uint16_t)(low + 3));
    assert_int_equal(os_udp_open(&first, &plain, &even), ST_OK); /* takes the first RTP and the second RTCP port */
    assert_int_equal(os_udp_open(&second, &plain, &odd), ST_OK);
    assert_int_equal(os_ports_open(ports, 0, &a), ST_OK);
    assert_pair(&a, (uint16_t)(low + 4));
    assert_true(is_free((uint16_t)(low + 2))); /* the RTP socket of the half pair was given back */
    assert_int_equal(os_ports_open(ports, 0, &b), ST_FULL);
    os_close(odd);
    assert_int_equal(os_ports_open(ports, 0, &b), ST_OK);
    assert_pair(&b, (uint16_t)(low + 2));
    os_close(even);
    os_ports_close(ports, 0, &a);
    os_ports_close(ports, 0, &b);
    os_ports_free(ports);
}

static void test_ranges(void **state)
{
    (void)state;
    const struct net_addr local = support_loopback(0);
    struct os_ports *ports;
    assert_int_equal(os_ports_new(&local, 32000, 32000, 0, &plain, &ports), ST_BAD);
    assert_null(ports);
    assert_int_equal(os_ports_new(&local, 32001, 32002, 0, &plain, &ports), ST_BAD);
    assert_int_equal(os_ports_new(&local, 65535, 65535, 0, &plain, &ports), ST_BAD);
    assert_int_equal(os_ports_new(&local, 65534, 65535, 0, &plain, &ports), ST_OK);
    assert_int_equal(os_ports_count(ports), 1);
    os_ports_free(ports);
    assert_int_equal(os_ports_new(&local, 32000, 32999, 0, &plain, &ports), ST_OK);
    assert_int_equal(os_ports_count(ports), 500);
    os_ports_free(ports);
    const struct net_addr foreign = addr_ipv4(192, 0, 2, 1, 0);
    assert_int_equal(os_ports_new(&foreign, 32000, 32999, 0, &plain, &ports), ST_OK);
    struct os_port_pair pair;
    assert_int_equal(os_ports_open(ports, 0, &pair), ST_IO); /* not 500 tries of an address that is not ours */
    os_ports_free(ports);
}

static void test_ephemeral_pairs(void **state)
{
    (void)state;
    struct os_ports *ports = ports_of(0, 0, 1000000);
    struct os_port_pair pairs[40];
    assert_true(os_ports_count(ports) >= 1000);
    const int before = support_count("/proc/self/fd");
    for (int i = 0; i < 40; i++) {
        assert_int_equal(os_ports_open(ports, 0, &pairs[i]), ST_OK);
        assert_int_equal(pairs[i].port % 2, 0);
        assert_pair(&pairs[i], pairs[i].port);
    }
    for (int i = 0; i < 40; i++) {
        os_ports_close(ports, 10, &pairs[i]);
    }
    assert_int_equal(support_count("/proc/self/fd"), before);
    os_ports_free(ports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lowest_even_pair_first_and_rest),
        cmocka_unit_test(test_skips_ports_of_others),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_ephemeral_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
