/* SPDX-License-Identifier: MIT */
/* Real datagrams on the loopback interface. */
#include "support_os.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define SLOT 64

static struct os_udp_batch *batch_of(void)
{
    struct os_udp_batch *batch;
    assert_int_equal(os_udp_batch_new(SLOT, &batch), ST_OK);
    return batch;
}

static void test_batch_of_datagrams(void **state)
{
    (void)state;
    struct os_udp_batch *batch = batch_of();
    struct os_datagram got[OS_UDP_BATCH];
    struct net_addr a, b;
    const int from = support_udp(&a);
    const int to = support_udp(&b);
    assert_int_equal(os_udp_receive(to, batch, got), 0);
    for (uint8_t i = 0; i < 20; i++) {
        uint8_t text[SLOT] = {i};
        assert_int_equal(os_udp_send(from, &b, text, i), ST_OK); /* the first one is empty */
    }
    support_wait(to);
    assert_int_equal(os_udp_receive(to, batch, got), OS_UDP_BATCH);
    for (uint8_t i = 0; i < OS_UDP_BATCH; i++) {
        assert_true(addr_equal(&got[i].from, &a));
        assert_int_equal(got[i].len, i);
        assert_false(got[i].truncated);
        assert_true(i == 0 || got[i].data[0] == i);
    }
    assert_int_equal(os_udp_receive(to, batch, got), 4);
    assert_int_equal(got[3].len, 19);
    assert_int_equal(os_udp_receive(to, batch, got), 0);
    os_udp_batch_free(batch);
    os_udp_batch_free(NULL);
    os_close(from);
    os_close(to);
}

static void test_truncated(void **state)
{
    (void)state;
    struct os_udp_batch *batch = batch_of();
    struct os_datagram got[OS_UDP_BATCH];
    struct net_addr a, b;
    const int from = support_udp(&a);
    const int to = support_udp(&b);
    char text[SLOT + 1];
    memset(text, 'x', sizeof(text));
    assert_int_equal(os_udp_send(from, &b, text, SLOT), ST_OK);
    assert_int_equal(os_udp_send(from, &b, text, SLOT + 1), ST_OK);
    assert_int_equal(os_udp_send(from, &b, text, 1), ST_OK);
    support_wait(to);
    assert_int_equal(os_udp_receive(to, batch, got), 3);
    assert_int_equal(got[0].len, SLOT);
    assert_false(got[0].truncated);
    assert_int_equal(got[1].len, SLOT);
    assert_true(got[1].truncated);
    assert_int_equal(got[2].len, 1);
    assert_false(got[2].truncated);
    os_udp_batch_free(batch);
    os_close(from);
    os_close(to);
}

static void test_one(void **state)
{
    (void)state;
    struct net_addr a;
    struct net_addr b;
    const int from = support_udp(&a);
    const int to = support_udp(&b);
    uint8_t bytes[SLOT];
    char text[SLOT + 1];
    struct os_datagram got;
    memset(text, 'x', sizeof(text));
    assert_int_equal(os_udp_receive_one(to, bytes, sizeof(bytes), &got), 0);
    assert_int_equal(os_udp_send(from, &b, text, SLOT), ST_OK);
    assert_int_equal(os_udp_send(from, &b, text, SLOT + 1), ST_OK);
    assert_int_equal(os_udp_send(from, &b, text, 0), ST_OK);
    support_wait(to);
    assert_int_equal(os_udp_receive_one(to, bytes, sizeof(bytes), &got), 1);
    assert_ptr_equal(got.data, bytes);
    assert_int_equal(got.len, SLOT);
    assert_false(got.truncated);
    assert_true(addr_equal(&got.from, &a));
    assert_int_equal(os_udp_receive_one(to, bytes, sizeof(bytes), &got), 1);
    assert_int_equal(got.len, SLOT);
    assert_true(got.truncated);
    assert_int_equal(os_udp_receive_one(to, bytes, sizeof(bytes), &got), 1);
    assert_int_equal(got.len, 0);
    assert_int_equal(os_udp_receive_one(to, bytes, sizeof(bytes), &got), 0);
    os_close(from);
    os_close(to);
    assert_int_equal(os_udp_receive_one(-1, bytes, sizeof(bytes), &got), ST_IO);
}

static void test_port_in_use(void **state)
{
    (void)state;
    struct net_addr a;
    const struct os_udp_options options = {.dscp = -1};
    const int first = support_udp(&a);
    int second = 7;
    assert_int_equal(os_udp_open(&a, &options, &second), ST_BUSY);
    assert_int_equal(second, -1);
    assert_string_equal(os_error_text(), strerror(EADDRINUSE));
    const struct net_addr foreign = addr_ipv4(192, 0, 2, 1, 0);
    assert_int_equal(os_udp_open(&foreign, &options, &second), ST_IO);
    os_close(first);
    assert_int_equal(os_udp_open(&a, NULL, &second), ST_OK);
    os_close(second);
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);
    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

static void test_options(void **state)
{
    (void)state;
    const struct net_addr any = support_loopback(0);
    const struct os_udp_options options = {.receive_buffer = 65536, .send_buffer = 32768, .dscp = 46};
    int fd;
    assert_int_equal(os_udp_open(&any, &options, &fd), ST_OK);
    assert_int_equal(option_of(fd, IPPROTO_IP, IP_TOS), 46 << 2);
    assert_true(option_of(fd, SOL_SOCKET, SO_RCVBUF) >= 65536);
    assert_true(option_of(fd, SOL_SOCKET, SO_SNDBUF) >= 32768);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    os_close(fd);
}

struct heard {
    int fd, count, turns;
    struct net_addr lost[OS_UDP_BATCH];
};

static void hear(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct heard *h = ctx;
    (void)watch;
    (void)now;
    h->turns++;
    if ((events & OS_ERROR) != 0) {
        h->count = os_udp_unreachable(h->fd, h->lost);
    }
}

/* ICMP says which of many peers is not there; the socket goes on and is quiet afterwards. */
static void refused_from(const struct net_addr *any)
{
    const struct os_udp_options options = {.dscp = -1, .errors = true};
    struct heard h = {.fd = -1};
    struct os_loop *loop;
    struct pool_id id;
    struct net_addr gone;
    mono_us now;
    assert_int_equal(os_udp_open(any, &options, &h.fd), ST_OK);
    os_close(support_udp(&gone)); /* a port that nobody holds */
    assert_int_equal(os_loop_new(4, &loop), ST_OK);
    assert_int_equal(os_loop_watch(loop, h.fd, OS_READ | OS_ERROR, OS_CLASS_SOCKET, hear, &h, &id), ST_OK);
    assert_int_equal(os_udp_send(h.fd, &gone, "ping", 4), ST_OK);
    assert_int_equal(os_loop_turn(loop, os_clock_mono() + DUR_S(2), &now), ST_OK);
    assert_int_equal(h.count, 1);
    assert_true(addr_equal(&h.lost[0], &gone));
    assert_int_equal(os_loop_turn(loop, os_clock_mono() + DUR_MS(20), &now), ST_OK);
    assert_int_equal(h.turns, 1);
    assert_int_equal(os_udp_unreachable(h.fd, h.lost), 0);
    assert_int_equal(os_udp_send(h.fd, &gone, "ping", 4), ST_OK);
    os_loop_free(loop);
    os_close(h.fd);
}

static void test_refused(void **state)
{
    (void)state;
    support_skip_under_32_bit_emulation(); /* the offender's address is written to a wrong place: qemu-user 7.2 */
    const struct net_addr v4 = support_loopback(0);
    const struct net_addr both = {.family = 0};
    refused_from(&v4);
    refused_from(&both);
}

/* One socket for both families: IPv4 peers are seen, and reached, as IPv4. */
static void test_mapped_peers_are_ipv4(void **state)
{
    (void)state;
    const struct net_addr any = {.family = 6};
    const struct os_udp_options options = {.dscp = 24};
    struct os_udp_batch *batch = batch_of();
    struct os_datagram got[OS_UDP_BATCH];
    struct net_addr a, both;
    int fd;
    if (os_udp_open(&any, &options, &fd) != ST_OK) {
        os_udp_batch_free(batch);
        skip(); /* no IPv6 on this machine */
    }
    assert_int_equal(option_of(fd, IPPROTO_IP, IP_TOS), 24 << 2);
    assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_TCLASS), 24 << 2);
    const int v4 = support_udp(&a);
    assert_int_equal(os_udp_local(fd, &both), ST_OK);
    const struct net_addr target = support_loopback(both.port);
    assert_int_equal(os_udp_send(v4, &target, "ping", 4), ST_OK);
    support_wait(fd);
    assert_int_equal(os_udp_receive(fd, batch, got), 1);
    assert_int_equal(got[0].from.family, 4);
    assert_true(addr_equal(&got[0].from, &a));
    assert_int_equal(os_udp_send(fd, &got[0].from, "pong", 4), ST_OK);
    support_wait(v4);
    assert_int_equal(os_udp_receive(v4, batch, got), 1);
    assert_memory_equal(got[0].data, "pong", 4);
    os_udp_batch_free(batch);
    os_close(fd);
    os_close(v4);
}

static void test_any_family_opens(void **state)
{
    (void)state;
    const struct net_addr none = {0};
    const struct os_udp_options options = {.dscp = -1};
    struct net_addr local;
    int fd;
    assert_int_equal(os_udp_open(&none, &options, &fd), ST_OK);
    assert_int_equal(os_udp_local(fd, &local), ST_OK);
    assert_true(local.port != 0);
    os_close(fd);
}

static void connect_to(int fd, const struct net_addr *to)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(to->port)};
    memcpy(&name.sin_addr, to->ip, 4);
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&name, sizeof(name)), 0);
}

/* The refusal of an earlier datagram is neither this send's failure nor an error of receiving. Only a connected socket is
 * told of it, so the test connects one. */
static void test_refusals_of_earlier_datagrams(void **state)
{
    (void)state;
    struct os_udp_batch *batch = batch_of();
    struct os_datagram got[OS_UDP_BATCH];
    struct net_addr closed, a;
    const int fd = support_udp(&a);
    os_close(support_udp(&closed));
    connect_to(fd, &closed);
    struct pollfd p = {.fd = fd};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send(fd, "x", 1, 0), 1);
        assert_int_equal(poll(&p, 1, 2000), 1);
        assert_true((p.revents & POLLERR) != 0);
        if (i < 2) {
            assert_int_equal(os_udp_send(fd, &closed, "y", 1), ST_OK); /* sent after all */
            assert_int_equal(poll(&p, 1, 2000), 1);
        }
        assert_int_equal(os_udp_receive(fd, batch, got), 0);
        p.revents = 0;
        assert_int_equal(poll(&p, 1, 0), 0);
    }
    os_udp_batch_free(batch);
    os_close(fd);
}

static void test_send_failures(void **state)
{
    (void)state;
    struct net_addr a;
    const int fd = support_udp(&a);
    static uint8_t big[70000];
    assert_int_equal(os_udp_send(fd, &a, big, sizeof(big)), ST_IO); /* EMSGSIZE */
    assert_int_equal(os_udp_send(-1, &a, big, 1), ST_IO);
    const struct net_addr v6 = {.family = 6, .port = 9, .ip = {[15] = 1}};
    assert_int_equal(os_udp_send(fd, &v6, big, 1), ST_IO); /* not this socket's family */
    os_close(fd);
    struct os_udp_batch *batch = batch_of();
    struct os_datagram got[OS_UDP_BATCH];
    assert_int_equal(os_udp_receive(-1, batch, got), ST_IO);
    assert_int_equal(os_udp_local(-1, &a), ST_IO);
    os_udp_batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_of_datagrams),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_port_in_use),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_mapped_peers_are_ipv4),
        cmocka_unit_test(test_any_family_opens),
        cmocka_unit_test(test_refusals_of_earlier_datagrams),
        cmocka_unit_test(test_send_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
