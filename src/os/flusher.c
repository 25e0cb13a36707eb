/* SPDX-License-Identifier: MIT */
/* Flushes that the loop does not wait for: the kernel's AIO (io_submit with IOCB_CMD_FDSYNC, done by its own workers),
 * whose completions come by an eventfd. Not io_uring, whose workers are threads of the process; not fsync, which takes
 * 100 ms and more on a flash disk, five of our ticks. */
#include <errno.h>
#include <linux/aio_abi.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "os_priv.h"

#define EVENTS_MAX 16

struct flush {
    struct iocb block;
    os_flush_fn done;
    void *ctx;
};

struct os_flusher {
    struct os_loop *loop; /* borrows */
    struct pool_id watch;
    aio_context_t aio;
    int event_fd;
    bool kernel;  /* flushes go to the kernel's AIO */
    bool refused; /* a file system did not take one */
    struct pool flushes;
};

static int aio_setup(uint32_t cap, aio_context_t *aio)
{
    *aio = 0;
    return syscall(SYS_io_setup, (unsigned long)cap, aio) == 0 ? ST_OK : os_fail(errno);
}

static int aio_submit(const struct os_flusher *f, struct iocb *block)
{
    struct iocb *list[1] = {block};

    return syscall(SYS_io_submit, f->aio, 1L, list) == 1 ? ST_OK : os_fail(errno);
}

/* Number of events, at least `least` of them (0: does not wait). */
static long aio_collect(const struct os_flusher *f, long least, struct io_event *events)
{
#ifdef SYS_io_getevents
    const struct timespec none = {0, 0};
    return syscall(SYS_io_getevents, f->aio, least, (long)EVENTS_MAX, events, least == 0 ? &none : NULL);
#else
    const long long none[2] = {0, 0};
    return syscall(SYS_io_pgetevents_time64, f->aio, least, (long)EVENTS_MAX, events, least == 0 ? none : NULL, NULL);
#endif
}

static void block_fill(const struct os_flusher *f, struct iocb *block, int fd, struct pool_id id)
{
    *block = (struct iocb){.aio_data = pool_id_pack(id), .aio_lio_opcode = IOCB_CMD_FDSYNC, .aio_fildes = (uint32_t)fd};
    block->aio_flags = IOCB_FLAG_RESFD;
    block->aio_resfd = (uint32_t)f->event_fd;
}

/* Completions counted on the eventfd; their number does not matter, io_getevents tells. */
static void event_clear(const struct os_flusher *f)
{
    uint64_t count;
    const ssize_t n = read(f->event_fd, &count, sizeof(count));

    (void)n;
}

/* Kernels before 4.18 have AIO but refuse its flushes for every file system: asked once with a file in memory. */
static bool kernel_flushes(const struct os_flusher *f)
{
    struct io_event events[EVENTS_MAX];
    struct iocb block;
    const int fd = (int)syscall(SYS_memfd_create, "flush", 1u /* MFD_CLOEXEC */);

    if (fd < 0) {
        return true; /* cannot be asked: the first real flush tells */
    }
    block_fill(f, &block, fd, POOL_ID_NONE);
    bool works = aio_submit(f, &block) == ST_OK;
    if (works) {
        long n;
        do {
            n = aio_collect(f, 1, events);
        } while (n < 0 && errno == EINTR);
        works = n == 1 && events[0].res == 0;
        event_clear(f);
    }
    os_close(fd);
    return works;
}

static void flush_finish(struct os_flusher *f, const struct io_event *event)
{
    const struct pool_id id = pool_id_unpack(event->data);
    const struct flush *flush = pool_get(&f->flushes, id);

    if (flush == NULL) {
        return;
    }
    const os_flush_fn done = flush->done;
    void *ctx = flush->ctx;
    int status = ST_OK;
    if (event->res < 0 && event->res != -EINVAL) {
        (void)!os_fail((int)-event->res);
        status = ST_IO;
    }
    pool_free(&f->flushes, id);
    done(ctx, status);
}

static void on_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct os_flusher *f = ctx;
    struct io_event list[EVENTS_MAX];

    (void)watch;
    (void)events;
    (void)now;
    event_clear(f);
    long n;
    do {
        n = aio_collect(f, 0, list);
        for (long i = 0; i < n; i++) {
            flush_finish(f, &list[i]);
        }
    } while (n == EVENTS_MAX);
}

static int start_kernel(struct os_flusher *f, uint32_t cap)
{
    if (aio_setup(cap, &f->aio) != ST_OK) {
        return ST_OK; /* no AIO here: in place */
    }
    f->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (f->event_fd < 0) {
        return os_fail(errno);
    }
    f->kernel = kernel_flushes(f);
    return f->kernel ? os_loop_watch(f->loop, f->event_fd, OS_READ, OS_CLASS_SOCKET, on_ready, f, &f->watch) : ST_OK;
}

int os_flusher_new(struct os_loop *loop, uint32_t cap, struct os_flusher **out, bool *kernel)
{
    *out = NULL;
    *kernel = false;
    struct os_flusher *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        return ST_NO_MEMORY;
    }
    f->loop = loop;
    f->event_fd = -1;
    int status = pool_init(&f->flushes, sizeof(struct flush), cap);
    if (status == ST_OK) {
        status = start_kernel(f, cap);
    }
    if (status != ST_OK) {
        os_flusher_free(f);
        return status;
    }
    *out = f;
    *kernel = f->kernel;
    return ST_OK;
}

void os_flusher_drain(struct os_flusher *f)
{
    struct io_event list[EVENTS_MAX];

    while (f->flushes.used > 0) {
        const long n = aio_collect(f, 1, list);
        if (n < 0 && errno != EINTR) {
            return;
        }
        for (long i = 0; i < n; i++) {
            flush_finish(f, &list[i]);
        }
    }
    if (f->kernel) {
        event_clear(f);
    }
}

void os_flusher_free(struct os_flusher *f)
{
    if (f == NULL) {
        return;
    }
    os_flusher_drain(f);
    os_loop_unwatch(f->loop, f->watch);
    if (f->aio != 0) {
        (void)syscall(SYS_io_destroy, f->aio);
    }
    os_close(f->event_fd);
    pool_fini(&f->flushes);
    free(f);
}

static int flush_in_place(int fd)
{
    int n;

    do {
        n = fdatasync(fd);
    } while (n != 0 && errno == EINTR);
    if (n == 0 || errno == EINVAL || errno == ENOSYS) { /* a file system with nothing to flush */
        return ST_OK;
    }
    (void)!os_fail(errno);
    return ST_IO;
}

int os_flush(struct os_flusher *f, int fd, os_flush_fn done, void *ctx)
{
    if (f->kernel) {
        struct pool_id id;
        struct flush *flush = pool_new(&f->flushes, &id);
        if (flush == NULL) {
            return os_fail_text("too many flushes under way", ST_FULL);
        }
        flush->done = done;
        flush->ctx = ctx;
        block_fill(f, &flush->block, fd, id);
        int status = aio_submit(f, &flush->block);
        if (status == ST_OK) {
            return ST_OK;
        }
        pool_free(&f->flushes, id);
        if (status == ST_AGAIN) {
            return ST_FULL;
        }
        f->refused = true;
    }
    done(ctx, flush_in_place(fd));
    return ST_OK;
}

bool os_flusher_kernel(const struct os_flusher *f)
{
    return f->kernel && !f->refused;
}

uint32_t os_flusher_pending(const struct os_flusher *f)
{
    return f->flushes.used;
}
