/* SPDX-License-Identifier: MIT */
/* Lines to a descriptor whose reader may stop: a bounded ring in front of writes that do not block. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os_priv.h"

#define FLUSH_MAX   16 /* writes a call */
#define LAST_WAIT   100
#define APPEND      (O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
#define PATH_STDOUT "/proc/self/fd/1"

/* ---- opening ---- */

/* Both ends of a FIFO: it opens without a reader, and one that goes away and comes again is no error. */
static int open_path(const char *path, bool *file)
{
    struct stat info = {0};
    const int fd = open(path, O_WRONLY | O_CREAT | APPEND, 0640);
    const bool fifo = fd < 0 ? errno == ENXIO : fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode);

    *file = fd >= 0 && S_ISREG(info.st_mode);
    if (!fifo) {
        return fd;
    }
    os_close(fd);
    return open(path, O_RDWR | APPEND);
}

/* O_NONBLOCK belongs to the open file, which other programs may share: a pipe or a terminal is opened anew for us alone. */
static void open_stdout(struct os_lines *l, const struct stat *info)
{
    l->fd = STDOUT_FILENO;
    l->file = S_ISREG(info->st_mode);
    l->socket = S_ISSOCK(info->st_mode);
    if (l->file || l->socket) {
        return;
    }
    const int fresh = open(PATH_STDOUT, O_WRONLY | APPEND);
    l->owned = fresh >= 0;
    l->ask = fresh < 0;
    l->fd = fresh >= 0 ? fresh : STDOUT_FILENO;
}

int os_lines_open(struct os_lines *l, const char *path)
{
    struct stat info;

    *l = (struct os_lines){.fd = -1};
    l->ring = malloc(OS_LINES_MAX); /* pages that nothing ever waits in cost nothing */
    if (l->ring == NULL) {
        return os_fail(ENOMEM);
    }
    if (path != NULL) {
        l->fd = open_path(path, &l->file);
        l->owned = true;
    } else if (fstat(STDOUT_FILENO, &info) == 0) {
        open_stdout(l, &info);
    }
    if (l->fd < 0) {
        int status = os_fail(errno);
        os_lines_close(l);
        return status;
    }
    return ST_OK;
}

int os_lines_reopen(struct os_lines *l, const char *path)
{
    bool file;
    const int fresh = open_path(path, &file);

    if (fresh < 0) {
        return os_fail(errno);
    }
    if (l->owned) {
        os_close(l->fd);
    }
    l->fd = fresh;
    l->owned = true;
    l->file = file;
    l->socket = l->ask = l->gone = false;
    l->begun = 0; /* the first line's beginning stands in the old one */
    os_lines_flush(l);
    return ST_OK;
}

/* ---- writing ---- */

static bool has_room(const struct os_lines *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLOUT};

    return !l->ask || (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0);
}

static void leave_out(struct os_lines *l, uint64_t lines)
{
    l->lost += lines;
    l->untold += lines;
}

/* Nobody will ever read again. */
static void give_up(struct os_lines *l)
{
    uint64_t lines = 0;

    for (size_t i = 0; i < l->len; i++) {
        lines += l->ring[(l->head + i) % OS_LINES_MAX] == '\n' ? 1 : 0;
    }
    leave_out(l, lines);
    l->len = l->begun = 0;
    l->gone = true;
}

static ssize_t write_some(const struct os_lines *l, const char *data, size_t len)
{
    ssize_t n;

    if (!has_room(l)) {
        errno = EAGAIN;
        return -1;
    }
    do {
        n = l->socket ? send(l->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) : write(l->fd, data, len);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* As many whole lines from the front as fit, the begun part of the first one left out. */
static size_t front(const struct os_lines *l, char out[OS_LINE_MAX])
{
    size_t end = 0;
    size_t len = l->len - l->begun < OS_LINE_MAX ? l->len - l->begun : OS_LINE_MAX;

    for (size_t i = 0; i < len; i++) {
        out[i] = l->ring[(l->head + l->begun + i) % OS_LINES_MAX];
        end = out[i] == '\n' ? i + 1 : end;
    }
    return end;
}

/* n more bytes were written: lines that are done with leave the ring. */
static void lines_advance(struct os_lines *l, size_t n)
{
    size_t done = l->begun + n;
    size_t whole = 0;

    for (size_t i = 0; i < done; i++) {
        whole = l->ring[(l->head + i) % OS_LINES_MAX] == '\n' ? i + 1 : whole;
    }
    l->begun = done - whole;
    l->len -= whole;
    l->head = l->len > 0 ? (l->head + whole) % OS_LINES_MAX : 0; /* empty: the same pages again */
}

/* False: nothing more can be written now. */
static bool write_front(struct os_lines *l)
{
    char chunk[OS_LINE_MAX];
    const size_t len = front(l, chunk);
    const ssize_t n = write_some(l, chunk, len);

    if (n < 0) {
        if (errno == EPIPE || errno == ECONNRESET) {
            give_up(l);
        }
        return false;
    }
    lines_advance(l, (size_t)n);
    return (size_t)n == len;
}

void os_lines_flush(struct os_lines *l)
{
    for (int i = 0; i < FLUSH_MAX && l->len > 0 && write_front(l); i++) {
    }
}

bool os_lines_put(struct os_lines *l, const char *line, size_t len)
{
    if (l->fd < 0 || l->gone || l->untold > 0 || len == 0 || len > OS_LINE_MAX || len > OS_LINES_MAX - l->len) {
        leave_out(l, 1);
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        l->ring[(l->head + l->len + i) % OS_LINES_MAX] = line[i];
    }
    l->len += len;
    os_lines_flush(l);
    return true;
}

/* ---- questions ---- */

bool os_lines_waits_for_reader(const struct os_lines *l)
{
    return l->len > 0 && !l->gone && !l->file;
}

uint64_t os_lines_untold(struct os_lines *l)
{
    uint64_t untold = l->untold;

    if (l->gone || l->len > OS_LINES_MAX / 2) {
        return 0;
    }
    l->untold = 0;
    return untold;
}

void os_lines_close(struct os_lines *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLOUT};

    while (l->fd >= 0 && l->len > 0 && poll(&p, 1, LAST_WAIT) == 1) {
        const size_t before = l->len;
        os_lines_flush(l);
        if (l->len == before) {
            break; /* no room on the disk */
        }
    }
    if (l->owned) {
        os_close(l->fd);
    }
    free(l->ring);
    *l = (struct os_lines){.fd = -1, .lost = l->lost};
}
