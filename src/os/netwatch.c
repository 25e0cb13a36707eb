/* SPDX-License-Identifier: MIT */
/* Changes of addresses and routes, by rtnetlink. It says that something changed, not what: whoever asked looks at the
 * route anew (route.c), which also covers messages that were lost. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os_priv.h"

#define READS_MAX 16

int os_netwatch_open(int *fd)
{
    struct sockaddr_nl name;

    memset(&name, 0, sizeof(name));
    name.nl_family = AF_NETLINK;
    name.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
    *fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (*fd < 0) {
        return os_fail(errno);
    }
    if (bind(*fd, (const struct sockaddr *)&name, sizeof(name)) != 0) {
        int status = os_fail(errno);
        (void)close(*fd);
        *fd = -1;
        return status;
    }
    return ST_OK;
}

static bool says_change(const char *data, size_t len)
{
    struct nlmsghdr header;

    while (len >= sizeof(header)) {
        memcpy(&header, data, sizeof(header));
        size_t step = NLMSG_ALIGN((size_t)header.nlmsg_len);
        if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > len) {
            return true; /* unreadable: look rather than miss something */
        }
        switch (header.nlmsg_type) {
        case RTM_NEWADDR:
        case RTM_DELADDR:
        case RTM_NEWROUTE:
        case RTM_DELROUTE: return true;
        default: break;
        }
        if (step >= len) {
            return false;
        }
        data += step;
        len -= step;
    }
    return false;
}

bool os_netwatch_read(int fd)
{
    char data[8192];
    bool changed = false;

    for (int i = 0; i < READS_MAX; i++) {
        ssize_t n = recv(fd, data, sizeof(data), 0);
        if (n >= 0) {
            changed = says_change(data, (size_t)n) || changed;
        } else if (errno == ENOBUFS) {
            changed = true; /* messages were lost */
        } else if (errno != EINTR) {
            break;
        }
    }
    return changed;
}
