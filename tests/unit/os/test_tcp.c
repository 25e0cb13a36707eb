/* SPDX-License-Identifier: MIT */
#include "support_os.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_on(struct net_addr *addr)
{
    int fd;
    const struct net_addr any = support_loopback(0);
    assert_int_equal(os_tcp_listen(&any, 16, &fd), ST_OK);
    assert_int_equal(os_tcp_local(fd, addr), ST_OK);
    return fd;
}

static int dial(const struct net_addr *to)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(to->port)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(&name.sin_addr, to->ip, 4);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&name, sizeof(name)), 0);
    return fd;
}

static void test_accept_read_write(void **state)
{
    (void)state;
    struct net_addr addr, peer, dialled;
    char buf[16];
    int fd;
    const int listener = listen_on(&addr);
    assert_int_equal(os_tcp_accept(listener, &fd, &peer), ST_AGAIN);
    assert_int_equal(fd, -1);
    const int client = dial(&addr);
    support_wait(listener);
    assert_int_equal(os_tcp_accept(listener, &fd, &peer), ST_OK);
    assert_int_equal(os_tcp_local(client, &dialled), ST_OK);
    assert_true(addr_equal(&peer, &dialled));
    int on = 0;
    socklen_t len = sizeof(on);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_int_not_equal(on, 0);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(os_tcp_read(fd, buf, sizeof(buf)), ST_AGAIN);
    assert_int_equal(os_tcp_write(fd, "hello", 5), 5);
    assert_int_equal(recv(client, buf, sizeof(buf), 0), 5);
    assert_int_equal(send(client, "abc", 3, 0), 3);
    support_wait(fd);
    assert_int_equal(os_tcp_read(fd, buf, 2), 2);
    assert_int_equal(os_tcp_read(fd, buf, sizeof(buf)), 1);
    os_tcp_shutdown(fd);
    assert_int_equal(recv(client, buf, sizeof(buf), 0), 0);
    assert_int_equal(send(client, "late", 4, 0), 4); /* the other way is still open */
    support_wait(fd);
    assert_int_equal(os_tcp_read(fd, buf, sizeof(buf)), 4);
    os_close(client);
    support_wait(fd);
    assert_int_equal(os_tcp_read(fd, buf, sizeof(buf)), 0);
    os_close(fd);
    os_close(listener);
    os_close(-1);
}

static void test_slow_reader_and_reset(void **state)
{
    (void)state;
    struct net_addr addr, peer;
    int fd;
    const int listener = listen_on(&addr);
    const int client = dial(&addr);
    support_wait(listener);
    assert_int_equal(os_tcp_accept(listener, &fd, &peer), ST_OK);
    static char block[65536];
    int n;
    size_t queued = 0;
    while ((n = os_tcp_write(fd, block, sizeof(block))) > 0) {
        queued += (size_t)n;
        assert_true(queued < 16u * 1024 * 1024);
    }
    assert_int_equal(n, ST_AGAIN);
    const struct linger hard = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
    os_close(client);
    support_wait(fd);
    assert_int_equal(os_tcp_read(fd, block, sizeof(block)), ST_IO);
    n = os_tcp_write(fd, block, 1);
    assert_int_equal(n, ST_IO); /* and no SIGPIPE */
    os_close(fd);
    os_close(listener);
}

static void test_listen_failures(void **state)
{
    (void)state;
    struct net_addr addr;
    int fd;
    const int listener = listen_on(&addr);
    assert_int_equal(os_tcp_listen(&addr, 16, &fd), ST_BUSY);
    assert_int_equal(fd, -1);
    assert_string_equal(os_error_text(), strerror(EADDRINUSE));
    const struct net_addr foreign = addr_ipv4(192, 0, 2, 1, 0);
    assert_int_equal(os_tcp_listen(&foreign, 16, &fd), ST_IO);
    struct net_addr peer;
    assert_int_equal(os_tcp_accept(-1, &fd, &peer), ST_IO);
    os_close(listener);
}

/* Family 0: every interface, IPv4 peers told as IPv4. */
static void test_all_interfaces(void **state)
{
    (void)state;
    const struct net_addr none = {0};
    struct net_addr addr, peer;
    int listener, fd;
    assert_int_equal(os_tcp_listen(&none, 16, &listener), ST_OK);
    assert_int_equal(os_tcp_local(listener, &addr), ST_OK);
    const struct net_addr target = support_loopback(addr.port);
    const int client = dial(&target);
    support_wait(listener);
    assert_int_equal(os_tcp_accept(listener, &fd, &peer), ST_OK);
    assert_int_equal(peer.family, 4);
    assert_true(addr_is_loopback(&peer));
    os_close(fd);
    os_close(client);
    os_close(listener);
}

/* Out of descriptors the waiting connection is taken and closed, so that a level-triggered loop does not spin. */
static void test_out_of_descriptors(void **state)
{
    (void)state;
    struct net_addr addr, peer;
    struct rlimit old;
    int fd;
    const int listener = listen_on(&addr);
    const int client = dial(&addr);
    support_wait(listener);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    const int top = dup(client);
    assert_true(top >= 0);
    struct rlimit tight = old;
    int fill[64];
    int filled = 0;
    tight.rlim_cur = (rlim_t)top + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    while (filled < 64 && (fill[filled] = dup(client)) >= 0) {
        filled++;
    }
    assert_true(filled < 64);
    const int status = os_tcp_accept(listener, &fd, &peer);
    const char *text = os_error_text();
    struct pollfd p = {.fd = listener, .events = POLLIN};
    const int waiting = poll(&p, 1, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(status, ST_FULL);
    assert_string_equal(text, strerror(EMFILE));
    assert_int_equal(waiting, 0);
    char c;
    assert_true(recv(client, &c, 1, 0) <= 0); /* told by the close */
    for (int i = 0; i < filled; i++) {
        os_close(fill[i]);
    }
    os_close(top);
    const int second = dial(&addr); /* and afterwards all is well */
    support_wait(listener);
    assert_int_equal(os_tcp_accept(listener, &fd, &peer), ST_OK);
    os_close(fd);
    os_close(second);
    os_close(client);
    os_close(listener);
}

/* What a peer that is not there leaves unread must not live on in the kernel for many minutes. */
static void test_a_close_has_an_end(void **state)
{
    (void)state;
    struct net_addr addr, peer;
    int fd;
    const int listener = listen_on(&addr);
    const int client = dial(&addr);
    support_wait(listener);
    assert_int_equal(os_tcp_accept(listener, &fd, &peer), ST_OK);
    const int same = dup(fd);
    unsigned timeout = 0;
    socklen_t len = sizeof(timeout);
    assert_int_equal(os_tcp_write(fd, "last", 4), 4);
    assert_int_equal(getsockopt(same, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, &len), 0);
    assert_int_equal(timeout, 0); /* while it is open, a client may leave audio unread as long as it likes */
    os_tcp_close(fd);
    assert_int_equal(getsockopt(same, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, &len), 0);
    assert_int_equal(timeout, 10000);
    os_close(same);
    char text[8];
    support_wait(client);
    assert_int_equal(recv(client, text, sizeof(text), 0), 4);
    assert_int_equal(recv(client, text, sizeof(text), 0), 0);
    os_close(client);
    os_close(listener);
}

/* Only those who all ask for it share a port. */
static void test_listen_shared(void **state)
{
    (void)state;
    const struct net_addr any = support_loopback(0);
    struct net_addr addr, other;
    int first, second, third;
    assert_int_equal(os_tcp_listen_shared(&any, 16, &first), ST_OK);
    assert_int_equal(os_tcp_local(first, &addr), ST_OK);
    assert_int_equal(os_tcp_listen_shared(&addr, 16, &second), ST_OK);
    assert_int_equal(os_tcp_listen(&addr, 16, &third), ST_BUSY);
    os_close(first);
    os_close(second);
    const int alone = listen_on(&other);
    assert_int_equal(os_tcp_listen_shared(&other, 16, &third), ST_BUSY);
    assert_int_equal(third, -1);
    os_close(alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_read_write),  cmocka_unit_test(test_slow_reader_and_reset),
        cmocka_unit_test(test_listen_failures),    cmocka_unit_test(test_listen_shared),
        cmocka_unit_test(test_all_interfaces),     cmocka_unit_test(test_out_of_descriptors),
        cmocka_unit_test(test_a_close_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
