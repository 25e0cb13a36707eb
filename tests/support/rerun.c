/* SPDX-License-Identifier: MIT */
#include "rerun.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "failmalloc.h"

#define FOLDERS    8
#define FOLDER_LEN 128

/* What a run tells: its exit status. Any other end is a crash; sanitizers exit with 1. */
enum { RUN_PASSED = 40, RUN_NO_MORE, RUN_ASSERTED, RUN_ASSERTED_UNPROVOKED, RUN_LEFT_BLOCKS };

/* Shared with the run in hand: the folders that it made, removed when it could not. */
struct folders {
    int count;
    char paths[FOLDERS][FOLDER_LEN];
};

int __real__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                                   CMFixtureFunction setup, CMFixtureFunction teardown);
int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                                   CMFixtureFunction setup, CMFixtureFunction teardown);
char *__real_mkdtemp(char *pattern);
char *__wrap_mkdtemp(char *pattern);

static const struct CMUnitTest *current;
static struct folders *folders;

char *__wrap_mkdtemp(char *pattern)
{
    char *path = __real_mkdtemp(pattern);
    if (path != NULL && folders != NULL && folders->count < FOLDERS) {
        snprintf(folders->paths[folders->count++], FOLDER_LEN, "%s", path);
    }
    return path;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

static void remove_folders(void)
{
    for (int i = 0; i < folders->count; i++) {
        (void)nftw(folders->paths[i], remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
    folders->count = 0;
}

/* cmocka turns these into failed tests; here they are to be seen as what they are. */
static void crash_openly(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)signal(signals[i], SIG_DFL);
    }
}

static int open_setup(void **state)
{
    crash_openly();
    return current->setup_func(state);
}

static void open_test(void **state)
{
    crash_openly();
    current->test_func(state);
}

static int open_teardown(void **state)
{
    crash_openly();
    return current->teardown_func(state);
}

struct group {
    const char *name;
    CMFixtureFunction setup, teardown;
};

/* One run; returns how it went. */
static int run(const struct group *group, const struct CMUnitTest *test, unsigned long fail_at)
{
    const struct CMUnitTest open = {.name = test->name,
                                    .test_func = open_test,
                                    .setup_func = test->setup_func != NULL ? open_setup : NULL,
                                    .teardown_func = test->teardown_func != NULL ? open_teardown : NULL,
                                    .initial_state = test->initial_state};
    size_t before = failmalloc_live();

    current = test;
    failmalloc_start(fail_at);
    int bad = __real__cmocka_run_group_tests(group->name, &open, 1, group->setup, group->teardown);
    (void)failmalloc_stop();
    if (bad != 0) {
        return failmalloc_failed() ? RUN_ASSERTED : RUN_ASSERTED_UNPROVOKED;
    }
    if (failmalloc_live() > before) {
        return RUN_LEFT_BLOCKS;
    }
    return failmalloc_failed() ? RUN_PASSED : RUN_NO_MORE;
}

static void be_quiet(void)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0) {
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
    }
}

/* The wait status of a run in a process of its own. */
static int run_apart(const struct group *group, const struct CMUnitTest *test, unsigned long fail_at)
{
    int status = 0;

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        be_quiet();
        (void)alarm(RERUN_SECONDS);
        int how = run(group, test, fail_at);
        fflush(NULL);
        _exit(how);
    }
    while (child < 0 || (waitpid(child, &status, 0) < 0 && errno == EINTR)) {
        if (child < 0) {
            perror("fork");
            abort();
        }
    }
    remove_folders();
    return status;
}

static void complain(const struct CMUnitTest *test, unsigned long at, int status)
{
    const char *what = "ended in an unknown way";

    if (WIFSIGNALED(status)) {
        what = WTERMSIG(status) == SIGALRM ? "hangs" : strsignal(WTERMSIG(status));
    } else if (WEXITSTATUS(status) == RUN_ASSERTED_UNPROVOKED) {
        what = "failed although no allocation did";
    } else if (WEXITSTATUS(status) == RUN_LEFT_BLOCKS) {
        what = "left blocks behind";
    }
    printf("FAILED %s, allocation %lu: %s (again: RERUN_FAILING=%s:%lu)\n", test->name, at, what, test->name, at);
}

struct tally {
    unsigned long failed_allocations, passed, bad;
};

static unsigned long next_after(unsigned long n, bool all)
{
    if (n < (all ? RERUN_EVERY : RERUN_DENSE)) {
        return n + 1;
    }
    return n + n / (all ? 64 : 4);
}

static void rerun(const struct group *group, const struct CMUnitTest *test, bool all, struct tally *tally)
{
    for (unsigned long n = 1;; n = next_after(n, all)) {
        int status = run_apart(group, test, n);
        int how = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        if (how == RUN_NO_MORE) {
            return;
        }
        tally->failed_allocations++;
        tally->passed += how == RUN_PASSED;
        if (how != RUN_PASSED && how != RUN_ASSERTED) {
            complain(test, n, status);
            tally->bad++;
            return; /* its later allocations would most likely show the same */
        }
    }
}

/* TEST:N */
static int rerun_one(const struct group *group, const struct CMUnitTest *tests, size_t count, const char *which)
{
    const char *colon = strrchr(which, ':');

    for (size_t i = 0; colon != NULL && i < count; i++) {
        if (strlen(tests[i].name) == (size_t)(colon - which) &&
            memcmp(tests[i].name, which, (size_t)(colon - which)) == 0) {
            int how = run(group, &tests[i], strtoul(colon + 1, NULL, 10));
            printf("%s\n", how == RUN_LEFT_BLOCKS ? "left blocks behind" : "ended");
            return how == RUN_LEFT_BLOCKS || how == RUN_ASSERTED_UNPROVOKED;
        }
    }
    fprintf(stderr, "RERUN_FAILING: expected all, some or TEST:N with a test of this program\n");
    return 2;
}

int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                                   CMFixtureFunction setup, CMFixtureFunction teardown)
{
    const char *mode = getenv("RERUN_FAILING");
    struct group group = {.name = name, .setup = setup, .teardown = teardown};
    struct tally tally = {0};
    bool all = mode != NULL && strcmp(mode, "all") == 0;

    if (mode == NULL) {
        return __real__cmocka_run_group_tests(name, tests, count, setup, teardown);
    }
    folders = mmap(NULL, sizeof(*folders), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (folders == MAP_FAILED) {
        perror("mmap");
        return 2;
    }
    if (!all && strcmp(mode, "some") != 0) {
        return rerun_one(&group, tests, count, mode);
    }
    for (size_t i = 0; i < count; i++) {
        rerun(&group, &tests[i], all, &tally);
    }
    printf("%s: %zu tests, %lu allocations failed, %lu runs passed all the same, %lu bad\n", name, count,
           tally.failed_allocations, tally.passed, tally.bad);
    return tally.bad != 0;
}
