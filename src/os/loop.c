/* SPDX-License-Identifier: MIT */
/* One epoll set. A turn takes what is ready in one batch, serves it by class (ticker, signals, sockets), and knows a
 * descriptor that was closed by an earlier handler of the same batch by the generation in its epoll data. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "os_priv.h"

struct watch {
    int fd;
    unsigned events;
    enum os_class cls;
    bool datagram;
    os_ready_fn ready;
    void *ctx;
};

struct os_loop {
    int epoll_fd;
    struct pool watches;
    struct epoll_event *batch; /* owns; one for each watch, so that no flood of sockets keeps the tick out of a batch */
};

int os_loop_new(uint32_t cap, struct os_loop **out)
{
    *out = NULL;
    struct os_loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL) {
        return ST_NO_MEMORY;
    }
    loop->epoll_fd = -1;
    loop->batch = calloc(cap, sizeof(*loop->batch));
    if (cap > INT_MAX / (int)sizeof(*loop->batch) || loop->batch == NULL ||
        pool_init(&loop->watches, sizeof(struct watch), cap) != ST_OK) {
        os_loop_free(loop);
        return ST_NO_MEMORY;
    }
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        int status = os_fail(errno);
        os_loop_free(loop);
        return status;
    }
    *out = loop;
    return ST_OK;
}

void os_loop_free(struct os_loop *loop)
{
    if (loop != NULL) {
        os_close(loop->epoll_fd);
        pool_fini(&loop->watches);
        free(loop->batch);
        free(loop);
    }
}

int os_loop_fd(const struct os_loop *loop)
{
    return loop->epoll_fd;
}

static uint32_t epoll_bits(unsigned events)
{
    return ((events & OS_READ) != 0 ? (uint32_t)EPOLLIN : 0u) | ((events & OS_WRITE) != 0 ? (uint32_t)EPOLLOUT : 0u);
}

static bool is_datagram(int fd)
{
    int type = 0;
    socklen_t len = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_DGRAM;
}

int os_loop_watch(struct os_loop *loop, int fd, unsigned events, enum os_class cls, os_ready_fn ready, void *ctx,
                  struct pool_id *watch)
{
    *watch = POOL_ID_NONE;
    struct pool_id id;
    struct watch *w = pool_new(&loop->watches, &id);
    if (w == NULL) {
        return os_fail_text("too many descriptors watched", ST_FULL);
    }
    *w = (struct watch){fd, events, cls, is_datagram(fd), ready, ctx};
    struct epoll_event event = {.events = epoll_bits(events), .data.u64 = pool_id_pack(id)};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        (void)!os_fail(errno);
        pool_free(&loop->watches, id);
        return ST_IO;
    }
    *watch = id;
    return ST_OK;
}

void os_loop_set_events(struct os_loop *loop, struct pool_id watch, unsigned events)
{
    struct watch *w = pool_get(&loop->watches, watch);

    if (w != NULL && w->events != events) {
        struct epoll_event event = {.events = epoll_bits(events), .data.u64 = pool_id_pack(watch)};
        (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, w->fd, &event);
        w->events = events;
    }
}

void os_loop_unwatch(struct os_loop *loop, struct pool_id watch)
{
    const struct watch *w = loop != NULL ? pool_get(&loop->watches, watch) : NULL;

    if (w != NULL) {
        (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
        pool_free(&loop->watches, watch);
    }
}

static unsigned ready_bits(const struct watch *w, uint32_t bits)
{
    unsigned events = 0;

    if ((bits & (uint32_t)EPOLLERR) != 0 && w->datagram) {
        /* An ICMP answer to an earlier datagram: reading the error takes it off the socket, which otherwise stays ready
         * for ever. Who sends has time-outs of its own. */
        int error = 0;
        socklen_t len = sizeof(error);
        (void)getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len);
        bits &= ~(uint32_t)EPOLLERR;
        events = OS_ERROR; /* heard by who asked for it */
    }
    if ((bits & (uint32_t)EPOLLIN) != 0) {
        events |= OS_READ;
    }
    if ((bits & (uint32_t)EPOLLOUT) != 0) {
        events |= OS_WRITE;
    }
    if ((bits & (uint32_t)(EPOLLERR | EPOLLHUP)) != 0) {
        events |= OS_HANGUP;
    }
    /* What this turn's earlier handlers have switched off is not delivered any more. */
    return events & (w->events | OS_HANGUP);
}

static void serve_class(struct os_loop *loop, int count, enum os_class cls, mono_us now)
{
    for (int i = 0; i < count; i++) {
        const struct pool_id id = pool_id_unpack(loop->batch[i].data.u64);
        const struct watch *w = pool_get(&loop->watches, id);
        if (w == NULL || w->cls != cls) {
            continue;
        }
        const unsigned events = ready_bits(w, loop->batch[i].events);
        if (events != 0) {
            w->ready(w->ctx, id, events, now);
        }
    }
}

/* Rounded up to what epoll_wait takes: waking before the deadline would mean turns that find nothing due. */
static int wait_ms(mono_us deadline)
{
    if (deadline == MONO_NEVER) {
        return -1;
    }
    const dur_us left = deadline - os_clock_mono();
    if (left <= 0) {
        return 0;
    }
    const dur_us ms = left / 1000 + (left % 1000 != 0);
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* *count, or 0 for a wait that was interrupted. */
static int wait_until(struct os_loop *loop, int ms, int *count)
{
    *count = epoll_wait(loop->epoll_fd, loop->batch, (int)loop->watches.cap, ms);
    if (*count < 0 && errno != EINTR) {
        return os_fail(errno);
    }
    *count = *count > 0 ? *count : 0;
    return ST_OK;
}

/* The process may have been stopped for minutes (SIGSTOP, a debugger, a container's freezer): the clock went on, packets came.
 * They are asked for before any deadline is judged by the new time. */
int os_loop_turn(struct os_loop *loop, mono_us deadline, mono_us *now)
{
    int count;
    int status = wait_until(loop, wait_ms(deadline), &count);

    if (status == ST_OK && count == 0) {
        status = wait_until(loop, 0, &count);
    }
    *now = os_clock_mono();
    if (status != ST_OK) {
        return status;
    }
    for (int cls = 0; cls < OS_CLASS_COUNT; cls++) {
        serve_class(loop, count, (enum os_class)cls, *now);
    }
    return ST_OK;
}
