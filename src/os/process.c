/* SPDX-License-Identifier: MIT */
/* What belongs to the process as a whole: standard descriptors, the limit of descriptors, memory, signals as a descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "os_priv.h"

#define SPARSE_BYTES (64 * 1024)
#define HEAP_BYTES   (128 * 1024) /* glibc's own */

void os_standard_descriptors(void)
{
    int fd;

    do { /* each open takes the lowest number that is free */
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    os_close(fd);
}

void os_memory_sparse(bool on)
{
#ifdef M_MMAP_THRESHOLD /* other libraries than glibc have no such bound to set */
    (void)mallopt(M_MMAP_THRESHOLD, on ? SPARSE_BYTES : HEAP_BYTES);
#else
    (void)on;
#endif
}

uint64_t os_descriptors_raise(uint64_t wanted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return wanted; /* unknown: nothing to warn of */
    }
    if (limit.rlim_cur < wanted) {
        struct rlimit more = {.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max,
                              .rlim_max = limit.rlim_max};
        limit.rlim_cur = setrlimit(RLIMIT_NOFILE, &more) == 0 ? more.rlim_cur : limit.rlim_cur;
    }
    return limit.rlim_cur;
}

int os_signals_open(int *fd)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGUSR2);
    *fd = -1;
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return os_fail(errno);
    }
    /* What would end the program without a word: a pipe that broke, a file at `ulimit -f`, and what somebody sends by mistake. */
    static const int ignored[] = {SIGPIPE, SIGXFSZ, SIGUSR1, SIGALRM};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&ignore.sa_mask);
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        (void)sigaction(ignored[i], &ignore, NULL);
    }
    *fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return *fd >= 0 ? ST_OK : os_fail(errno);
}

int os_signals_read(int fd)
{
    struct signalfd_siginfo info;

    return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}

void os_signals_close(int fd)
{
    os_close(fd);
}
