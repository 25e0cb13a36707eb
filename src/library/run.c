/* SPDX-License-Identifier: MIT */
/* Waiting: recv_with_timeout, flush_socket, sip_client_run. */
#include <errno.h>
#include <poll.h>

#include "process.h"

#define FLUSH_MAX 65536 /* datagrams: against a flood that never ends */

struct inbox_head {
    struct net_addr from;
};

static mono_us deadline_of(int timeout_ms)
{
    return timeout_ms < 0 ? MONO_NEVER : os_clock_mono() + DUR_MS(timeout_ms);
}

/* ---- the program's own sockets ---- */

/* 0: an empty datagram, which the caller cannot be told of; -1 with errno EAGAIN: nothing there. */
static ssize_t receive_now(int fd, char *buf, int maxlen, struct sockaddr *from, socklen_t *from_len)
{
    socklen_t cap = from_len != NULL ? *from_len : 0;
    ssize_t n;

    do {
        if (from_len != NULL) {
            *from_len = cap;
        }
        n = recvfrom(fd, buf, (size_t)maxlen, MSG_DONTWAIT, from, from_len);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* Until fd is readable, working in the meantime. */
static void wait_for(int fd, mono_us until)
{
    struct engine *e = process.engine;
    mono_us due = e != NULL ? engine_due(e) : MONO_NEVER;
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN},
                            {.fd = e != NULL ? os_loop_fd(e->loop) : -1, .events = POLLIN}};

    (void)poll(fds, 2, engine_ms_until(due < until ? due : until));
    e = process.engine; /* a signal handler may have closed all */
    if (e != NULL && engine_turn(e, 0) != ST_OK) {
        (void)poll(fds, 1, engine_ms_until(until)); /* the loop is broken: the wait is not */
    }
}

static int receive_foreign(int fd, char *buf, int maxlen, struct sockaddr *from, socklen_t *from_len, mono_us until)
{
    for (;;) {
        ssize_t n = receive_now(fd, buf, maxlen, from, from_len);
        if (n > 0 || (n < 0 && errno != EAGAIN)) {
            return (int)n;
        }
        if (os_clock_mono() >= until) {
            return 0;
        }
        wait_for(fd, until); /* also behind an empty one: a flood of them holds up nothing */
    }
}

/* ---- the library's ---- */

static void tap(void *ctx, int fd, const struct os_datagram *datagram)
{
    static char record[UINT16_MAX];
    struct inbox_head head = {.from = datagram->from};
    size_t len = datagram->len < sizeof(record) - sizeof(head) ? datagram->len : sizeof(record) - sizeof(head);

    (void)ctx;
    if (fd == process.inbox_fd && len > 0) {
        memcpy(record, &head, sizeof(head));
        memcpy(record + sizeof(head), datagram->data, len);
        (void)!frame_ring_push(&process.inbox, record, sizeof(head) + len);
    }
}

static int hand_out(char *buf, int maxlen, struct sockaddr *from, socklen_t *from_len)
{
    static char record[UINT16_MAX];
    struct inbox_head head;
    size_t len = frame_ring_pop(&process.inbox, record, sizeof(record)) - sizeof(head);

    memcpy(&head, record, sizeof(head));
    if (from != NULL && from_len != NULL) {
        struct sockaddr_in name = to_sockaddr(&head.from);
        memcpy(from, &name, *from_len < sizeof(name) ? *from_len : sizeof(name));
        *from_len = sizeof(name);
    }
    len = len < (size_t)maxlen ? len : (size_t)maxlen;
    memcpy(buf, record + sizeof(head), len);
    return (int)len;
}

static bool prepare_inbox(int fd)
{
    if (process.inbox.bytes == NULL && frame_ring_init(&process.inbox, INBOX_BYTES) != ST_OK) {
        errno = ENOMEM;
        return false;
    }
    if (process.inbox_fd != fd) {
        frame_ring_clear(&process.inbox);
        process.inbox_fd = fd;
    }
    return true;
}

static bool is_own(int fd)
{
    return process_session(fd) != NULL ||
           (process.engine != NULL && phone_media_port_of_fd(process.engine, fd) != NULL);
}

static int receive_own(int fd, char *buf, int maxlen, struct sockaddr *from, socklen_t *from_len, mono_us until)
{
    struct engine *e = process.engine;
    int status = ST_OK;
    bool closed = false; /* by a callback */

    if (!prepare_inbox(fd)) {
        return -1;
    }
    e->tap = tap;
    /* what waits is taken in once even with no time at all */
    do {
        if (frame_ring_peek_len(&process.inbox) == 0) {
            status = engine_turn(e, until);
        }
        closed = !is_own(fd);
    } while (status == ST_OK && !closed && frame_ring_peek_len(&process.inbox) == 0 && os_clock_mono() < until);
    e->tap = NULL;
    if (frame_ring_peek_len(&process.inbox) > 0) {
        return hand_out(buf, maxlen, from, from_len);
    }
    process_leave();
    errno = closed ? EBADF : EIO;
    return status == ST_OK && !closed ? 0 : -1;
}

int recv_with_timeout(int sockfd, char *buf, int maxlen, struct sockaddr *src_addr, socklen_t *addrlen, int timeout_ms)
{
    bool own = is_own(sockfd);

    if (buf == NULL || maxlen <= 0) {
        errno = EINVAL;
        return -1;
    }
    if (process.engine != NULL && process.engine->inside) {
        errno = EBUSY;
        return -1;
    }
    if (own) {
        return receive_own(sockfd, buf, maxlen, src_addr, addrlen, deadline_of(timeout_ms));
    }
    (void)process_enter();
    return receive_foreign(sockfd, buf, maxlen, src_addr, src_addr != NULL ? addrlen : NULL, deadline_of(timeout_ms));
}

void flush_socket(int sockfd)
{
    char byte;

    (void)process_enter();
    if (is_own(sockfd)) {
        return; /* drained just now, by acting upon it */
    }
    for (int i = 0; i < FLUSH_MAX; i++) {
        if (recvfrom(sockfd, &byte, 1, MSG_DONTWAIT, NULL, NULL) < 0 && errno != EINTR) {
            return;
        }
    }
}

/* ---- the loop ---- */

/* Nothing is open: nothing will end, and a wait without limit is none. */
static int wait_only(mono_us until)
{
    while (until != MONO_NEVER && os_clock_mono() < until) {
        (void)poll(NULL, 0, engine_ms_until(until));
    }
    return 0;
}

int sip_client_run(int timeout_ms)
{
    mono_us until = deadline_of(timeout_ms);
    struct engine *e = process.engine;
    uint64_t ended = e != NULL ? e->ended : 0;
    int status = ST_OK;

    e = process_enter();
    if (e == NULL) {
        return wait_only(until);
    }
    if (e->inside) {
        return -1;
    }
    /* what a callback closed brings no end any more */
    while (status == ST_OK && e->ended == ended && process_is_needed() && os_clock_mono() < until) {
        status = engine_turn(e, until);
    }
    int result = status != ST_OK ? -1 : (e->ended != ended ? 1 : 0);
    process_leave();
    return result != 0 ? result : wait_only(until);
}
