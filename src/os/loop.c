/* SPDX-License-Identifier: MIT */
/* One epoll set. A turn takes what is ready in one batch, serves it by class (ticker, signals, sockets), and knows a
 * descriptor that was closed by an earlier handler of the same batch by the generation in its epoll data. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "os_priv.h"

/* Between two looks at the clock: a descriptor takes some 5 us, and the beat should not wait for half a millisecond. */
#define SERVED_A_LOOK 16

/* Descriptors ready a second, counted over a tenth of one: about 40 calls with their clients, and 20. Few calls are not worth
 * a delay; between the two it stays as it is. */
#define GATHER_WINDOW_US DUR_MS(100)
#define GATHER_FROM      400U
#define GATHER_UNTIL     200U

/* Of epoll's data: the class stands beside the slot, so that nobody's watch is looked up before its class has its turn. */
#define CLASS_SHIFT 30U
#define SLOT_MASK   ((1U << CLASS_SHIFT) - 1)

struct watch {
    int fd;
    unsigned events;
    enum os_class cls;
    os_ready_fn ready;
    void *ctx;
};

struct os_loop {
    int epoll_fd;
    struct pool watches;
    struct epoll_event *batch; /* owns; one for each watch, so that no flood of sockets keeps the tick out of a batch */
    os_beat_fn beat;
    void *beat_ctx;
    mono_us beat_due;
    /* gathering */
    dur_us grain;
    bool gathers;
    mono_us turned_at; /* the last turn's begin */
    mono_us window_end;
    uint32_t served; /* in this window */
};

int os_loop_new(uint32_t cap, struct os_loop **out)
{
    *out = NULL;
    struct os_loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL) {
        return ST_NO_MEMORY;
    }
    loop->epoll_fd = -1;
    loop->beat_due = MONO_NEVER;
    loop->batch = cap <= INT_MAX / sizeof(*loop->batch) ? malloc(cap * sizeof(*loop->batch)) : NULL;
    if (cap > SLOT_MASK || loop->batch == NULL || pool_init(&loop->watches, sizeof(struct watch), cap) != ST_OK) {
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

static struct epoll_event event_of(struct pool_id watch, enum os_class cls, unsigned events)
{
    const struct pool_id named = {watch.slot | (uint32_t)cls << CLASS_SHIFT, watch.generation};

    return (struct epoll_event){.events = epoll_bits(events), .data.u64 = pool_id_pack(named)};
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
    *w = (struct watch){fd, events, cls, ready, ctx};
    struct epoll_event event = event_of(id, cls, events);
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
        struct epoll_event event = event_of(watch, w->cls, events);
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

    if ((bits & (uint32_t)EPOLLERR) != 0 && is_datagram(w->fd)) {
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

void os_loop_set_beat(struct os_loop *loop, os_beat_fn beat, void *ctx)
{
    loop->beat = beat;
    loop->beat_ctx = ctx;
}

void os_loop_beat_at(struct os_loop *loop, mono_us due)
{
    loop->beat_due = due;
}

static void beat_if_due(struct os_loop *loop, mono_us now)
{
    if (now >= loop->beat_due) {
        loop->beat_due = MONO_NEVER; /* until it is set anew */
        loop->beat(loop->beat_ctx, now);
    }
}

static void serve_class(struct os_loop *loop, int count, enum os_class cls, mono_us *now)
{
    for (int i = 0, served = 0; i < count; i++) {
        struct pool_id id = pool_id_unpack(loop->batch[i].data.u64);
        if (id.slot >> CLASS_SHIFT != (uint32_t)cls) {
            continue;
        }
        id.slot &= SLOT_MASK;
        const struct watch *w = pool_get(&loop->watches, id);
        const unsigned events = w != NULL ? ready_bits(w, loop->batch[i].events) : 0;
        if (events == 0) {
            continue;
        }
        w->ready(w->ctx, id, events, *now);
        if (++served % SERVED_A_LOOK == 0) {
            *now = os_clock_mono();
            beat_if_due(loop, *now);
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

void os_loop_gather(struct os_loop *loop, dur_us grain)
{
    loop->grain = grain;
    loop->gathers = loop->gathers && grain > 0;
    if (grain > 0) {
        (void)prctl(PR_SET_TIMERSLACK, 1UL); /* nanoseconds; 50 us otherwise */
    }
}

static void sleep_until(mono_us when)
{
    const struct timespec t = {.tv_sec = (time_t)(when / 1000000), .tv_nsec = (long)(when % 1000000) * 1000};

    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL); /* one that is interrupted was long enough */
}

/* A turn that took a grain or more is followed by the next at once. */
static void gather(const struct os_loop *loop, mono_us deadline)
{
    const mono_us now = os_clock_mono();
    const mono_us until = mono_earlier((now / loop->grain + 1) * loop->grain, deadline);

    if (now - loop->turned_at < loop->grain && until > now) {
        sleep_until(until);
    }
}

/* Judged by what came in the last tenth of a second. */
static void count_served(struct os_loop *loop, int count, mono_us now)
{
    loop->served += (uint32_t)count;
    loop->turned_at = now;
    if (now < loop->window_end) {
        return;
    }
    const bool whole = now < loop->window_end + GATHER_WINDOW_US; /* else hardly anything came */
    const uint32_t least = loop->gathers ? GATHER_UNTIL : GATHER_FROM;

    loop->gathers = whole && loop->grain > 0 && loop->served >= least;
    loop->served = 0;
    loop->window_end = now + GATHER_WINDOW_US;
}

/* The process may have been stopped for minutes (SIGSTOP, a debugger, a container's freezer): the clock went on, packets came.
 * They are asked for before any deadline is judged by the new time. */
int os_loop_turn(struct os_loop *loop, mono_us deadline, mono_us *now)
{
    int count;

    if (loop->gathers) {
        gather(loop, deadline);
    }
    int status = wait_until(loop, wait_ms(deadline), &count);

    if (status == ST_OK && count == 0) {
        status = wait_until(loop, 0, &count);
    }
    *now = os_clock_mono();
    if (status != ST_OK) {
        return status;
    }
    count_served(loop, count, *now);
    beat_if_due(loop, *now);
    for (int cls = 0; cls < OS_CLASS_COUNT; cls++) {
        serve_class(loop, count, (enum os_class)cls, now);
    }
    return ST_OK;
}
