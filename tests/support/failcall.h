/* SPDX-License-Identifier: MIT */
/* System calls that fail on demand, through the linker's --wrap (tests/oscalls/CMakeLists.txt). Tests only. */
#ifndef SUPPORT_FAILCALL_H
#define SUPPORT_FAILCALL_H

#include <stdbool.h>

/* Every call that room os and room app make. */
#define FAILCALLS(X)                                                                                                   \
    X(accept4)                                                                                                         \
    X(bind)                                                                                                            \
    X(connect)                                                                                                         \
    X(epoll_create1)                                                                                                   \
    X(epoll_ctl)                                                                                                       \
    X(epoll_wait)                                                                                                      \
    X(eventfd)                                                                                                         \
    X(fdatasync)                                                                                                       \
    X(fstat)                                                                                                           \
    X(fstatat)                                                                                                         \
    X(fstatvfs)                                                                                                        \
    X(ftruncate)                                                                                                       \
    X(gethostname)                                                                                                     \
    X(getsockname)                                                                                                     \
    X(listen)                                                                                                          \
    X(mkdir)                                                                                                           \
    X(open)                                                                                                            \
    X(openat)                                                                                                          \
    X(opendir)                                                                                                         \
    X(pread)                                                                                                           \
    X(pwrite)                                                                                                          \
    X(read)                                                                                                            \
    X(readdir)                                                                                                         \
    X(recv)                                                                                                            \
    X(recvmmsg)                                                                                                        \
    X(recvmsg)                                                                                                         \
    X(renameat)                                                                                                        \
    X(send)                                                                                                            \
    X(sendto)                                                                                                          \
    X(setsockopt)                                                                                                      \
    X(signalfd)                                                                                                        \
    X(socket)                                                                                                          \
    X(stat)                                                                                                            \
    X(symlinkat)                                                                                                       \
    X(syscall)                                                                                                         \
    X(timerfd_create)                                                                                                  \
    X(timerfd_settime)                                                                                                 \
    X(unlinkat)                                                                                                        \
    X(write)

#define FAILCALL_ENUM(name) FAILCALL_##name,
enum failcall { FAILCALLS(FAILCALL_ENUM) FAILCALL_COUNT };

/* Instead of an error: half of the bytes are carried over; none. */
#define FAILCALL_SHORT (-1)

const char *failcall_name(enum failcall call);
/* The nth such call from now on fails, once, with errno set to error. */
void failcall_start(enum failcall call, unsigned long nth, int error);
/* Whether that call came. */
bool failcall_stop(void);
/* Called before every epoll_wait; returns the longest wait in ms, -1 for any. NULL: none. */
extern int (*failcall_turn)(void);

#endif
