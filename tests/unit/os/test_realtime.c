/* SPDX-License-Identifier: MIT */
/* Realtime scheduling and locked memory, each in a process of its own, with the rights that it is about. As root alone.
 *
 *  privileged            SCHED_FIFO at that priority, and a child of it has it not; memory is locked whatever the limit, which stays
 *  locked_when_touched   what is mapped later is locked, and resident where it was touched, not elsewhere
 *  nobody                denied, with the limits that stand in the way; nothing is locked, and memory is to be had
 *  with_limits           the hard limits are enough: the soft ones are raised to them
 *  a_limit_too_low       below what is needed nothing is locked, though the system would
 */
#include "support_os.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failmalloc.h"

#define MIB     (1024 * 1024)
#define NOBODY  65534
#define SKIPPED 255

/* Runs the body in a process of its own; a step that does not hold ends it with its line, unless memory was made to fail there, which
 * the first process would not know. */
#define HOLDS(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            _exit(failmalloc_failed() ? SKIPPED : __LINE__ & 127);                                                     \
        }                                                                                                              \
    } while (0)

static long status_kib(const char *key)
{
    char line[256];
    long value = -1;
    FILE *file = fopen("/proc/self/status", "r");

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0) {
            value = strtol(line + strlen(key) + 1, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return value;
}

/* A container may have taken from root what it usually has; with AddressSanitizer nothing is ever locked. */
static bool is_permitted(void)
{
    const struct sched_param param = {.sched_priority = 1};
    const struct sched_param normal = {0};
    bool may = sched_setscheduler(0, SCHED_FIFO, &param) == 0 && mlockall(MCL_CURRENT | MCL_ONFAULT) == 0 &&
               status_kib("VmLck") > 0;

    (void)sched_setscheduler(0, SCHED_OTHER, &normal);
    (void)munlockall();
    return may;
}

static void in_a_process(void (*body)(void))
{
    int status = 0;

    if (geteuid() != 0 || !is_permitted()) {
        skip();
    }
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        body();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
        skip();
    }
    if (status != 0) {
        fail_msg("status %#x: line %d modulo 128 does not hold", (unsigned)status, WEXITSTATUS(status));
    }
}

static void become_nobody(rlim_t priority_soft, rlim_t priority_hard, rlim_t memory_soft, rlim_t memory_hard)
{
    const struct rlimit priority = {priority_soft, priority_hard};
    const struct rlimit memory = {memory_soft, memory_hard};

    if (setrlimit(RLIMIT_RTPRIO, &priority) != 0 || setrlimit(RLIMIT_MEMLOCK, &memory) != 0) {
        _exit(SKIPPED); /* root without CAP_SYS_RESOURCE */
    }
    HOLDS(setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
}

static void privileged_body(void)
{
    struct rlimit small = {65536, 65536};
    uint64_t needed, allowed;
    int status = 0;

    HOLDS(setrlimit(RLIMIT_MEMLOCK, &small) == 0);
    HOLDS(os_realtime_begin(20, &allowed) == ST_OK);
    HOLDS((sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == SCHED_FIFO);
    struct sched_param param;
    HOLDS(sched_getparam(0, &param) == 0 && param.sched_priority == 20);
    pid_t child = fork();
    if (child == 0) {
        _exit(sched_getscheduler(0) == SCHED_OTHER ? 0 : 1);
    }
    HOLDS(waitpid(child, &status, 0) == child && status == 0);
    HOLDS(os_memory_lock(MIB, &needed, &allowed) == ST_OK);
    HOLDS(status_kib("VmLck") > 0);
    HOLDS(getrlimit(RLIMIT_MEMLOCK, &small) == 0 && small.rlim_cur == 65536);
}

static void privileged(void **state)
{
    (void)state;
    in_a_process(privileged_body);
}

static void locked_body(void)
{
    uint64_t needed, allowed;

    HOLDS(os_memory_lock(MIB, &needed, &allowed) == ST_OK);
    long locked = status_kib("VmLck"), resident = status_kib("VmRSS");
    char *memory = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    HOLDS(memory != MAP_FAILED);
    HOLDS(status_kib("VmLck") >= locked + 64 * 1024);
    HOLDS(status_kib("VmRSS") < resident + 4 * 1024);
    memset(memory, 1, 8 * MIB);
    HOLDS(status_kib("VmRSS") >= resident + 8 * 1024);
}

static void locked_when_touched(void **state)
{
    (void)state;
    in_a_process(locked_body);
}

static void nobody_body(void)
{
    uint64_t needed = 0, allowed = 1;

    become_nobody(0, 0, 65536, 65536);
    HOLDS(os_realtime_begin(20, &allowed) == ST_DENIED && allowed == 0);
    HOLDS(sched_getscheduler(0) == SCHED_OTHER);
    HOLDS(os_memory_lock(MIB, &needed, &allowed) == ST_DENIED && allowed == 65536 && needed > MIB);
    HOLDS(status_kib("VmLck") == 0);
    HOLDS(mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static void nobody(void **state)
{
    (void)state;
    in_a_process(nobody_body);
}

static void limits_body(void)
{
    uint64_t needed, allowed;

    become_nobody(0, 30, 65536, RLIM_INFINITY);
    HOLDS(os_realtime_begin(20, &allowed) == ST_OK && allowed == 30);
    HOLDS((sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == SCHED_FIFO);
    HOLDS(os_realtime_begin(31, &allowed) == ST_DENIED && allowed == 30);
    HOLDS(os_memory_lock(MIB, &needed, &allowed) == ST_OK && allowed == UINT64_MAX);
    HOLDS(status_kib("VmLck") > 0);
}

static void with_limits(void **state)
{
    (void)state;
    in_a_process(limits_body);
}

static void low_body(void)
{
    uint64_t needed, allowed;
    rlim_t mapped = (rlim_t)status_kib("VmSize") * 1024;

    become_nobody(0, 0, mapped + 16 * MIB, mapped + 16 * MIB);
    HOLDS(os_memory_lock(256 * MIB, &needed, &allowed) == ST_DENIED);
    HOLDS(allowed == mapped + 16 * MIB && needed >= mapped + 256 * MIB);
    HOLDS(status_kib("VmLck") == 0);
    HOLDS(os_memory_lock(MIB, &needed, &allowed) == ST_OK);
    HOLDS(status_kib("VmLck") > 0);
}

static void a_limit_too_low(void **state)
{
    (void)state;
    in_a_process(low_body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(privileged),  cmocka_unit_test(locked_when_touched), cmocka_unit_test(nobody),
        cmocka_unit_test(with_limits), cmocka_unit_test(a_limit_too_low),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
