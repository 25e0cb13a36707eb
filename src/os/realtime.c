/* SPDX-License-Identifier: MIT */
/* What is asked of the system so that the process has its time when it is due: SCHED_FIFO, and no page that must be fetched first. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os_priv.h"

#define STATM_MAX 256

/* Soft limits are raised to the hard ones. Returns what there is then; 0 where it cannot be known. */

static uint64_t priority_limit(void)
{
    struct rlimit limit = {0, 0};

    if (getrlimit(RLIMIT_RTPRIO, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)!setrlimit(RLIMIT_RTPRIO, &limit); /* within the hard limit: it cannot be refused */
    }
    return limit.rlim_cur;
}

static uint64_t memory_limit(void)
{
    struct rlimit limit = {0, 0};

    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)!setrlimit(RLIMIT_MEMLOCK, &limit);
    }
    return limit.rlim_cur;
}

int os_realtime_begin(unsigned priority, uint64_t *allowed)
{
    const struct sched_param param = {.sched_priority = (int)priority};

    *allowed = priority_limit();
    return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) == 0 ? ST_OK : os_fail(errno);
}

/* Bytes that the process has mapped, touched or not. */
static uint64_t mapped_bytes(void)
{
    char *text;
    size_t len;
    uint64_t pages = 0;

    if (os_file_load("/proc/self/statm", STATM_MAX, &text, &len) == ST_OK) {
        pages = strtoull(text, NULL, 10);
        free(text);
    }
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int lock_all(void)
{
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0) {
        return ST_OK;
    }
    return errno == EINVAL ? os_fail_text("this needs Linux 4.4", ST_UNSUPPORTED) : os_fail(errno);
}

/* CAP_IPC_LOCK makes the limit void. Whether we have it where it counts (not in a user namespace alone) the system says when asked
 * with a limit of 0, which lets nobody else. */
static int lock_privileged(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) {
        return os_fail(errno);
    }
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) {
        return os_fail(errno);
    }
    int status = lock_all();
    (void)!setrlimit(RLIMIT_MEMLOCK, &limit); /* within the hard limit */
    return status;
}

int os_memory_lock(uint64_t more, uint64_t *needed, uint64_t *allowed)
{
    int status = lock_privileged();

    *needed = mapped_bytes() + more;
    *allowed = UINT64_MAX;
    if (status == ST_OK || status == ST_UNSUPPORTED) {
        return status;
    }
    *allowed = memory_limit();
    return *allowed < *needed ? os_fail(EPERM) : lock_all();
}
