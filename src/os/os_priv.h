/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#ifndef WSAUDIO_OS_OS_PRIV_H
#define WSAUDIO_OS_OS_PRIV_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "wsaudio/os.h"

/* Keeps `error` (an errno) for os_error_text and returns the status that stands for it: ST_AGAIN (EAGAIN),
 * ST_NO_MEMORY, ST_NOT_FOUND (ENOENT), ST_BUSY (EEXIST, EADDRINUSE), ST_DENIED (EACCES, EPERM, EROFS, ELOOP), ST_FULL
 * (no space, quota, no descriptors), else ST_IO. */
WS_MUST_CHECK int os_fail(int error);
/* The same for a file or directory, where ST_FULL means the disk: no descriptors are ST_IO. */
WS_MUST_CHECK int os_fail_open(int error);
/* The same for a reason without an errno; the text must live for ever. */
WS_MUST_CHECK int os_fail_text(const char *text, int status);

union os_sockaddr {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
};

/* Family 0 becomes the IPv6 wildcard. */
socklen_t os_sockaddr_from(const struct net_addr *addr, union os_sockaddr *out);
/* IPv4-mapped becomes IPv4; an unknown family gives family 0. */
struct net_addr os_sockaddr_to(const union os_sockaddr *addr);
WS_MUST_CHECK int os_socket_local(int fd, struct net_addr *out);
enum os_bind {
    OS_BIND_ALONE,
    OS_BIND_AGAIN, /* SO_REUSEADDR: connections of a process before do not hold the port */
    OS_BIND_SHARED /* SO_REUSEPORT too: other processes may have it as well */
};

/* A non-blocking, close-on-exec socket of `type` bound to local. Family 0: IPv6 for both families, IPv4 where there is
 * no IPv6. */
WS_MUST_CHECK int os_socket_bound(const struct net_addr *local, int type, enum os_bind how, int *fd);

#endif
