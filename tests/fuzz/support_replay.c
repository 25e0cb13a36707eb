/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over files and folders of inputs, each flush against an inaccessible page: a parser that reads past
 * its input dies there even where no sanitizer watches. Exit 1 when there was no input at all. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "guard.h"
#include "support_fuzz.h"

#define INPUT_MAX (1024 * 1024)

static const char *current = "";
static unsigned long count;

static void run(const void *data, size_t len)
{
    struct guard g = guard_copy(data, len);
    FUZZ_CHECK(LLVMFuzzerTestOneInput((const uint8_t *)g.ptr, g.len) == 0);
    guard_free(&g);
    count++;
}

static void run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *data = fuzz_alloc(INPUT_MAX);
    FUZZ_CHECK(f != NULL);
    size_t len = fread(data, 1, INPUT_MAX, f);
    FUZZ_CHECK(fclose(f) == 0);
    current = path;
    run(data, len);
    free(data);
}

static void run_path(const char *path)
{
    struct stat info;
    char inner[4096];
    FUZZ_CHECK(stat(path, &info) == 0);
    if (!S_ISDIR(info.st_mode)) {
        run_file(path);
        return;
    }
    DIR *dir = opendir(path);
    FUZZ_CHECK(dir != NULL);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] != '.') {
            snprintf(inner, sizeof(inner), "%s/%s", path, e->d_name);
            run_path(inner);
        }
    }
    FUZZ_CHECK(closedir(dir) == 0);
}

static void name_the_input(int signal_number)
{
    fprintf(stderr, "while running %s\n", current);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

int main(int argc, char **argv)
{
    signal(SIGABRT, name_the_input);
#ifndef __SANITIZE_ADDRESS__
    signal(SIGSEGV, name_the_input);
#endif
    run("", 0);
    for (int i = 1; i < argc; i++) {
        run_path(argv[i]);
    }
    printf("%lu inputs\n", count - 1);
    return count > 1 ? 0 : 1;
}
