/* SPDX-License-Identifier: MIT */
/* Datagrams, received up to OS_UDP_BATCH at once (recvmmsg), and the ICMP errors about those that were sent
 * (IP_RECVERR). */
#include <errno.h>
#include <time.h> /* errqueue.h wants it first */

#include <linux/errqueue.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>

#include "os_priv.h"

struct os_udp_batch {
    size_t slot_len;
    uint8_t *bytes; /* owns; OS_UDP_BATCH slots */
    struct mmsghdr headers[OS_UDP_BATCH];
    struct iovec vectors[OS_UDP_BATCH];
    union os_sockaddr names[OS_UDP_BATCH];
};

int os_udp_open(const struct net_addr *local, const struct os_udp_options *options, int *fd)
{
    int status = os_socket_bound(local, SOCK_DGRAM, OS_BIND_ALONE, fd);

    if (status != ST_OK || options == NULL) {
        return status;
    }
    /* None of these is worth refusing to run: the kernel trims the sizes, and a network without DSCP still carries
     * calls. */
    if (options->receive_buffer > 0) {
        (void)setsockopt(*fd, SOL_SOCKET, SO_RCVBUF, &options->receive_buffer, sizeof(options->receive_buffer));
    }
    if (options->send_buffer > 0) {
        (void)setsockopt(*fd, SOL_SOCKET, SO_SNDBUF, &options->send_buffer, sizeof(options->send_buffer));
    }
    if (options->errors) {
        const int on = 1;
        (void)setsockopt(*fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
        if (local->family != 4) {
            (void)setsockopt(*fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
        }
    }
    if (options->dscp >= 0 && options->dscp <= 63) {
        const int field = options->dscp * 4;
        (void)setsockopt(*fd, IPPROTO_IP, IP_TOS, &field, sizeof(field));
        if (local->family != 4) {
            (void)setsockopt(*fd, IPPROTO_IPV6, IPV6_TCLASS, &field, sizeof(field));
        }
    }
    return ST_OK;
}

int os_udp_local(int fd, struct net_addr *out)
{
    return os_socket_local(fd, out);
}

/* What an ICMP message about an earlier datagram leaves on the socket for whoever calls next. */
static bool is_earlier_refusal(int error)
{
    switch (error) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPROTO:
    case EACCES:
    case EMSGSIZE: return true;
    default: return false;
    }
}

int os_udp_send(int fd, const struct net_addr *to, const void *data, size_t len)
{
    union os_sockaddr name;
    const socklen_t name_len = os_sockaddr_from(to, &name); /* Linux takes an IPv4 name on an IPv6 socket too */
    bool retried = false;

    for (;;) {
        if (sendto(fd, data, len, MSG_NOSIGNAL, &name.any, name_len) >= 0) {
            return ST_OK;
        }
        if (errno == EINTR) {
            continue;
        }
        if (errno == EAGAIN || errno == ENOBUFS) {
            return ST_AGAIN;
        }
        if (retried || !is_earlier_refusal(errno)) {
            (void)!os_fail(errno);
            return ST_IO;
        }
        retried = true;
    }
}

static struct cmsghdr *next_control(struct msghdr *header, struct cmsghdr *c)
{
/* musl's macro mixes signs */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
    return CMSG_NXTHDR(header, c);
#pragma GCC diagnostic pop
}

static bool tells_unreachable(struct msghdr *header)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = next_control(header, c)) {
        const bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
        const bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
        struct sock_extended_err error;
        if ((v4 || v6) && c->cmsg_len >= CMSG_LEN(sizeof(error))) {
            memcpy(&error, CMSG_DATA(c), sizeof(error));
            return (error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6) &&
                   (error.ee_errno == ECONNREFUSED || error.ee_errno == EHOSTUNREACH || error.ee_errno == ENETUNREACH);
        }
    }
    return false;
}

int os_udp_unreachable(int fd, struct net_addr out[OS_UDP_BATCH])
{
    int count = 0;

    for (int i = 0; i < OS_UDP_BATCH; i++) {
        union os_sockaddr name = {0};
        uint8_t byte; /* of the datagram that did not arrive */
        struct iovec vector = {&byte, sizeof(byte)};
        union {
            struct cmsghdr align;
            uint8_t bytes[512];
        } control;
        struct msghdr header = {.msg_name = &name,
                                .msg_namelen = sizeof(name),
                                .msg_iov = &vector,
                                .msg_iovlen = 1,
                                .msg_control = &control,
                                .msg_controllen = sizeof(control)};
        if (recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            break;
        }
        if (tells_unreachable(&header)) {
            out[count++] = os_sockaddr_to(&name);
        }
    }
    return count;
}

int os_udp_batch_new(size_t slot_len, struct os_udp_batch **out)
{
    *out = NULL;
    struct os_udp_batch *batch = calloc(1, sizeof(*batch));
    uint8_t *bytes = calloc(OS_UDP_BATCH, slot_len);
    if (batch == NULL || bytes == NULL) {
        free(batch);
        free(bytes);
        return ST_NO_MEMORY;
    }
    batch->slot_len = slot_len;
    batch->bytes = bytes;
    for (size_t i = 0; i < OS_UDP_BATCH; i++) {
        batch->vectors[i] = (struct iovec){bytes + i * slot_len, slot_len};
        batch->headers[i].msg_hdr.msg_iov = &batch->vectors[i];
        batch->headers[i].msg_hdr.msg_iovlen = 1;
        batch->headers[i].msg_hdr.msg_name = &batch->names[i];
        batch->headers[i].msg_hdr.msg_namelen = sizeof(batch->names[i]);
    }
    *out = batch;
    return ST_OK;
}

void os_udp_batch_free(struct os_udp_batch *batch)
{
    if (batch != NULL) {
        free(batch->bytes);
        free(batch);
    }
}

/* Of a receive that failed: 0, nothing came, or ST_IO. */
static int nothing_received(void)
{
    if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM || is_earlier_refusal(errno)) {
        return 0;
    }
    (void)!os_fail(errno);
    return ST_IO;
}

int os_udp_receive_one(int fd, void *buf, size_t cap, struct os_datagram *out)
{
    union os_sockaddr name;
    socklen_t name_len = sizeof(name);
    const ssize_t len = recvfrom(fd, buf, cap, MSG_DONTWAIT | MSG_TRUNC, &name.any, &name_len);

    if (len < 0) {
        return nothing_received();
    }
    out->from = os_sockaddr_to(&name);
    out->data = buf;
    out->len = (size_t)len < cap ? (size_t)len : cap;
    out->truncated = (size_t)len > cap;
    return 1;
}

int os_udp_receive(int fd, struct os_udp_batch *batch, struct os_datagram out[OS_UDP_BATCH])
{
    int count = recvmmsg(fd, batch->headers, OS_UDP_BATCH, MSG_DONTWAIT, NULL);
    if (count < 0) {
        return nothing_received();
    }
    for (int i = 0; i < count; i++) {
        struct mmsghdr *header = &batch->headers[i];
        out[i].from = os_sockaddr_to(&batch->names[i]);
        out[i].data = batch->vectors[i].iov_base;
        out[i].len = header->msg_len < batch->slot_len ? header->msg_len : batch->slot_len;
        out[i].truncated = (header->msg_hdr.msg_flags & MSG_TRUNC) != 0;
        header->msg_hdr.msg_namelen = sizeof(batch->names[i]); /* for the next time; the kernel sets the flags anew */
    }
    return count;
}
