/* SPDX-License-Identifier: MIT */
/* Listener and streams of TCP. No write waits; a close is orderly as far as the kernel lets it be, without lingering
 * here. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "os_priv.h"

/* What the kernel may hold for one client. Left to itself it grows to megabytes, and a slow reader would then hear
 * audio that is minutes old instead of having the oldest dropped by us. */
#define SEND_BUFFER 65536

#define CLOSE_PATIENCE_MS 10000

/* Given up for a moment to take and refuse a connection when the process is out of descriptors; one is enough for all
 * listeners of the one thread. */
static int spare_fd = -1;

static void spare_fill(void)
{
    if (spare_fd < 0) {
        spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
}

static int listen_bound(const struct net_addr *local, enum os_bind how, int backlog, int *fd)
{
    const int on = 1;
    const int send_buffer = SEND_BUFFER;
    int status = os_socket_bound(local, SOCK_STREAM, how, fd);

    if (status != ST_OK) {
        return status;
    }
    /* Accepted sockets inherit both. */
    (void)setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(*fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
    if (listen(*fd, backlog) != 0) {
        status = os_fail(errno);
        os_close(*fd);
        *fd = -1;
        return status;
    }
    spare_fill();
    return ST_OK;
}

int os_tcp_listen(const struct net_addr *local, int backlog, int *fd)
{
    return listen_bound(local, OS_BIND_AGAIN, backlog, fd);
}

int os_tcp_listen_shared(const struct net_addr *local, int backlog, int *fd)
{
    return listen_bound(local, OS_BIND_SHARED, backlog, fd);
}

int os_tcp_local(int fd, struct net_addr *out)
{
    return os_socket_local(fd, out);
}

static int refuse_one(int listener)
{
    const int error = errno;

    os_close(spare_fd);
    spare_fd = -1;
    os_close(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
    spare_fill();
    (void)!os_fail(error);
    return ST_FULL;
}

static bool is_lost_connection(int error)
{
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPERM: return true;
    default: return false;
    }
}

int os_tcp_accept(int listener, int *fd, struct net_addr *peer)
{
    union os_sockaddr name;

    *fd = -1;
    for (;;) {
        socklen_t len = sizeof(name);
        const int s = accept4(listener, &name.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (s >= 0) {
            *fd = s;
            *peer = os_sockaddr_to(&name);
            return ST_OK;
        }
        if (errno == EAGAIN) {
            return ST_AGAIN;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            return refuse_one(listener);
        }
        if (!is_lost_connection(errno)) {
            (void)!os_fail(errno);
            return ST_IO;
        }
    }
}

/* What it means that a transfer failed; ST_OK: nothing, a signal came, and it is to be tried again. */
static int transfer_status(void)
{
    if (errno == EINTR) {
        return ST_OK;
    }
    if (errno == EAGAIN) {
        return ST_AGAIN;
    }
    (void)!os_fail(errno);
    return ST_IO;
}

int os_tcp_read(int fd, void *data, size_t cap)
{
    const size_t len = cap < INT_MAX ? cap : INT_MAX;
    ssize_t n;
    int status;

    do {
        n = recv(fd, data, len, 0);
        status = n < 0 ? transfer_status() : ST_OK;
    } while (n < 0 && status == ST_OK);
    return n >= 0 ? (int)n : status;
}

int os_tcp_write(int fd, const void *data, size_t len)
{
    const size_t part = len < INT_MAX ? len : INT_MAX;
    ssize_t n;
    int status;

    do {
        n = send(fd, data, part, MSG_NOSIGNAL);
        status = n < 0 ? transfer_status() : ST_OK;
    } while (n < 0 && status == ST_OK);
    return n >= 0 ? (int)n : status;
}

void os_tcp_shutdown(int fd)
{
    (void)shutdown(fd, SHUT_WR);
}

void os_tcp_close(int fd)
{
    const unsigned patience = CLOSE_PATIENCE_MS;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof(patience));
    os_close(fd);
}

void os_close(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}
