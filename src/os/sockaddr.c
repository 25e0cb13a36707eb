/* SPDX-License-Identifier: MIT */
/* struct net_addr to the system's addresses and back, and the sockets that both udp.c and tcp.c begin with. IPv6
 * sockets take IPv4 too; a mapped address becomes the IPv4 one it stands for, so that the rooms above know one form of
 * each address. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "os_priv.h"

socklen_t os_sockaddr_from(const struct net_addr *addr, union os_sockaddr *out)
{
    if (addr->family == 4) {
        memset(&out->v4, 0, sizeof(out->v4));
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(addr->port);
        memcpy(&out->v4.sin_addr, addr->ip, 4);
        return sizeof(out->v4);
    }
    memset(&out->v6, 0, sizeof(out->v6));
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(addr->port);
    if (addr->family == 6) {
        memcpy(&out->v6.sin6_addr, addr->ip, 16);
        out->v6.sin6_scope_id = addr->scope;
    }
    return sizeof(out->v6);
}

struct net_addr os_sockaddr_to(const union os_sockaddr *addr)
{
    struct net_addr out = {0};

    if (addr->any.sa_family == AF_INET) {
        out.family = 4;
        out.port = ntohs(addr->v4.sin_port);
        memcpy(out.ip, &addr->v4.sin_addr, 4);
    } else if (addr->any.sa_family == AF_INET6) {
        out.family = 6;
        out.port = ntohs(addr->v6.sin6_port);
        memcpy(out.ip, &addr->v6.sin6_addr, 16);
        out.scope = addr->v6.sin6_scope_id;
        out = addr_unmapped(out);
    }
    return out;
}

int os_socket_local(int fd, struct net_addr *out)
{
    union os_sockaddr name;
    socklen_t len = sizeof(name);

    if (getsockname(fd, &name.any, &len) != 0) {
        return os_fail(errno);
    }
    *out = os_sockaddr_to(&name);
    return ST_OK;
}

static int bind_new(const struct net_addr *local, int type, enum os_bind how, int *fd)
{
    union os_sockaddr name;
    socklen_t len = os_sockaddr_from(local, &name);
    const int off = 0;
    const int on = 1;
    int s = socket(name.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (s < 0) {
        return os_fail(errno);
    }
    if (name.any.sa_family == AF_INET6) {
        (void)setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if (how != OS_BIND_ALONE) {
        (void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    if ((how == OS_BIND_SHARED && setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) ||
        bind(s, &name.any, len) != 0) {
        int status = os_fail(errno);
        (void)close(s);
        return status;
    }
    *fd = s;
    return ST_OK;
}

int os_socket_bound(const struct net_addr *local, int type, enum os_bind how, int *fd)
{
    *fd = -1;
    int status = bind_new(local, type, how, fd);
    if (status == ST_IO && local->family == 0) {
        /* No IPv6 in this kernel, or switched off on this machine. */
        const struct net_addr v4 = addr_ipv4(0, 0, 0, 0, local->port);
        status = bind_new(&v4, type, how, fd);
    }
    return status;
}
