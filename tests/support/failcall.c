/* SPDX-License-Identifier: MIT */
#include "failcall.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

static enum failcall armed = FAILCALL_COUNT;
static unsigned long left;
static int error_wanted;
static bool came;
int (*failcall_turn)(void);

const char *failcall_name(enum failcall call)
{
#define FAILCALL_TEXT(name) #name,
    static const char *const names[] = {FAILCALLS(FAILCALL_TEXT)};
    return (unsigned)call < FAILCALL_COUNT ? names[call] : "?";
}

void failcall_start(enum failcall call, unsigned long nth, int error)
{
    armed = call;
    left = nth;
    error_wanted = error;
    came = false;
}

bool failcall_stop(void)
{
    armed = FAILCALL_COUNT;
    return came;
}

static bool hit(enum failcall call)
{
    if (call != armed || left == 0 || --left != 0) {
        return false;
    }
    came = true;
    if (error_wanted != FAILCALL_SHORT) {
        errno = error_wanted;
    }
    return true;
}

static bool fails(enum failcall call)
{
    return hit(call) && error_wanted != FAILCALL_SHORT;
}

/* Lengths of reads and writes: sets *len to half when it is to be short; true when it is to fail. */
static bool fails_or_short(enum failcall call, size_t *len)
{
    if (!hit(call)) {
        return false;
    }
    *len = error_wanted == FAILCALL_SHORT ? (*len + 1) / 2 : *len;
    return error_wanted != FAILCALL_SHORT;
}

/* Names with 64 are what _FILE_OFFSET_BITS=64 makes of the others. */
#define WRAP(type, bad, name, symbol, declaration, arguments)                                                          \
    type __real_##symbol declaration;                                                                                  \
    type __wrap_##symbol declaration;                                                                                  \
    type __wrap_##symbol declaration                                                                                   \
    {                                                                                                                  \
        return fails(FAILCALL_##name) ? (bad) : __real_##symbol arguments;                                             \
    }
#define WRAP_LEN(name, symbol, declaration, arguments)                                                                 \
    ssize_t __real_##symbol declaration;                                                                               \
    ssize_t __wrap_##symbol declaration;                                                                               \
    ssize_t __wrap_##symbol declaration                                                                                \
    {                                                                                                                  \
        return fails_or_short(FAILCALL_##name, &len) ? -1 : __real_##symbol arguments;                                 \
    }

WRAP(int, -1, accept4, accept4, (int fd, struct sockaddr *name, socklen_t *size, int flags), (fd, name, size, flags))
WRAP(int, -1, bind, bind, (int fd, const struct sockaddr *name, socklen_t size), (fd, name, size))
WRAP(int, -1, connect, connect, (int fd, const struct sockaddr *name, socklen_t size), (fd, name, size))
WRAP(int, -1, epoll_create1, epoll_create1, (int flags), (flags))
WRAP(int, -1, epoll_ctl, epoll_ctl, (int fd, int op, int other, struct epoll_event *event), (fd, op, other, event))
WRAP(int, -1, eventfd, eventfd, (unsigned int value, int flags), (value, flags))
WRAP(int, -1, fdatasync, fdatasync, (int fd), (fd))
WRAP(int, -1, fstat, fstat64, (int fd, struct stat *info), (fd, info))
WRAP(int, -1, fstatat, fstatat64, (int fd, const char *path, struct stat *info, int flags), (fd, path, info, flags))
WRAP(int, -1, fstatvfs, fstatvfs64, (int fd, struct statvfs *info), (fd, info))
WRAP(int, -1, ftruncate, ftruncate64, (int fd, off_t size), (fd, size))
WRAP(int, -1, gethostname, gethostname, (char *name, size_t len), (name, len))
WRAP(int, -1, getsockname, getsockname, (int fd, struct sockaddr *name, socklen_t *size), (fd, name, size))
WRAP(int, -1, listen, listen, (int fd, int backlog), (fd, backlog))
WRAP(int, -1, mkdir, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(DIR *, NULL, opendir, opendir, (const char *path), (path))
WRAP(struct dirent *, NULL, readdir, readdir64, (DIR * dir), (dir))
WRAP(int, -1, recvmmsg, recvmmsg, (int fd, struct mmsghdr *list, unsigned int n, int flags, struct timespec *limit),
     (fd, list, n, flags, limit))
WRAP(ssize_t, -1, recvmsg, recvmsg, (int fd, struct msghdr *header, int flags), (fd, header, flags))
WRAP(int, -1, renameat, renameat, (int from, const char *old, int to, const char *name), (from, old, to, name))
WRAP(int, -1, setsockopt, setsockopt, (int fd, int level, int name, const void *value, socklen_t size),
     (fd, level, name, value, size))
WRAP(int, -1, signalfd, signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags))
WRAP(int, -1, socket, socket, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(int, -1, stat, stat64, (const char *path, struct stat *info), (path, info))
WRAP(int, -1, symlinkat, symlinkat, (const char *target, int fd, const char *path), (target, fd, path))
WRAP(int, -1, timerfd_create, timerfd_create, (int id, int flags), (id, flags))
WRAP(int, -1, timerfd_settime, timerfd_settime,
     (int fd, int flags, const struct itimerspec *value, struct itimerspec *old), (fd, flags, value, old))
WRAP(int, -1, unlinkat, unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
WRAP(ssize_t, -1, sendto, sendto,
     (int fd, const void *data, size_t len, int flags, const struct sockaddr *name, socklen_t size),
     (fd, data, len, flags, name, size))
WRAP_LEN(pread, pread64, (int fd, void *data, size_t len, off_t at), (fd, data, len, at))
WRAP_LEN(pwrite, pwrite64, (int fd, const void *data, size_t len, off_t at), (fd, data, len, at))
WRAP_LEN(read, read, (int fd, void *data, size_t len), (fd, data, len))
WRAP_LEN(write, write, (int fd, const void *data, size_t len), (fd, data, len))
WRAP_LEN(recv, recv, (int fd, void *data, size_t len, int flags), (fd, data, len, flags))
WRAP_LEN(send, send, (int fd, const void *data, size_t len, int flags), (fd, data, len, flags))

int __real_epoll_wait(int fd, struct epoll_event *events, int count, int limit);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int count, int limit);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int count, int limit)
{
    int most = failcall_turn != NULL ? failcall_turn() : -1;

    if (fails(FAILCALL_epoll_wait)) {
        return -1;
    }
    return __real_epoll_wait(fd, events, count, most >= 0 && (limit < 0 || limit > most) ? most : limit);
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
    va_list list;

    va_start(list, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    return fails(FAILCALL_open) ? -1 : __real_open64(path, flags, mode);
}

int __real_openat64(int fd, const char *path, int flags, ...);
int __wrap_openat64(int fd, const char *path, int flags, ...);
int __wrap_openat64(int fd, const char *path, int flags, ...)
{
    va_list list;

    va_start(list, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    return fails(FAILCALL_openat) ? -1 : __real_openat64(fd, path, flags, mode);
}

/* io_setup, io_submit, io_getevents, io_destroy, memfd_create: five arguments at most. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    va_list list;
    long a[5];

    va_start(list, number);
    for (int i = 0; i < 5; i++) {
        a[i] = va_arg(list, long);
    }
    va_end(list);
    return fails(FAILCALL_syscall) ? -1 : __real_syscall(number, a[0], a[1], a[2], a[3], a[4]);
}
