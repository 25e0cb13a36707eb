/* SPDX-License-Identifier: MIT */
#include "support_os.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_quiet(void **state)
{
    (void)state;
    int fd = -1;
    if (os_netwatch_open(&fd) != ST_OK) {
        skip();
    }
    assert_true(fd >= 0);
    (void)os_netwatch_read(fd); /* does not wait */
    os_close(fd);
}

/* Asks the kernel for an address on lo; the same request takes it away again. */
static int change_address(int type, int flags)
{
    struct {
        struct nlmsghdr head;
        struct ifaddrmsg body;
        struct rtattr attribute;
        unsigned char ip[4];
    } request;
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    memset(&request, 0, sizeof(request));
    request.head.nlmsg_len = sizeof(request);
    request.head.nlmsg_type = (unsigned short)type;
    request.head.nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags);
    request.body.ifa_family = AF_INET;
    request.body.ifa_prefixlen = 32;
    request.body.ifa_index = if_nametoindex("lo");
    request.attribute.rta_len = RTA_LENGTH(4);
    request.attribute.rta_type = IFA_LOCAL;
    memcpy(request.ip, "\x7f\x2a\x2a\x2a", 4);
    int sent = fd >= 0 && send(fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request);
    (void)close(fd);
    return sent;
}

/* In a network namespace of its own, so that nothing of this machine is touched. */
static int in_namespace(void)
{
    struct pollfd waits = {.events = POLLIN};
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 && unshare(CLONE_NEWNET) != 0) {
        return 77;
    }
    if (os_netwatch_open(&waits.fd) != ST_OK) {
        return 77;
    }
    if (os_netwatch_read(waits.fd)) {
        return 1;
    }
    if (!change_address(RTM_NEWADDR, NLM_F_CREATE) || poll(&waits, 1, 5000) != 1) {
        return 2;
    }
    if (!os_netwatch_read(waits.fd) || os_netwatch_read(waits.fd)) {
        return 3;
    }
    if (!change_address(RTM_DELADDR, 0) || poll(&waits, 1, 5000) != 1 || !os_netwatch_read(waits.fd)) {
        return 4;
    }
    return 0;
}

static void test_address_comes_and_goes(void **state)
{
    (void)state;
    support_skip_under_32_bit_emulation(); /* a fork does not come back: qemu-user 7.2 */
    int status = 0;
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(in_namespace());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_address_comes_and_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
