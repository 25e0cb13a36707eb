/* SPDX-License-Identifier: MIT */
#include "support_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More requests than any kernel lets one process set aside: io_setup refuses, as a kernel without AIO does. */
#define TOO_MANY 70000

static void keep(void *ctx, enum log_level level, const char *text, size_t len)
{
    struct store *s = ctx;
    const size_t used = strlen(s->lines);
    (void)snprintf(s->lines + used, sizeof(s->lines) - used, "%s %.*s\n", log_level_name(level), (int)len, text);
}

void store_open(struct store *s, bool kernel)
{
    memset(s, 0, sizeof(*s));
    s->root = strdup("/tmp/ws_audio_store_XXXXXX");
    assert_non_null(s->root);
    assert_non_null(mkdtemp(s->root));
    assert_true(asprintf(&s->dir, "%s/files", s->root) > 0);
    assert_int_equal(mkdir(s->dir, 0700), 0);
    assert_int_equal(os_dir_open(s->dir, &s->dir_fd), ST_OK);
    s->log = (struct log){.level = LOG_DEBUG, .sink = keep, .ctx = s};
    assert_int_equal(os_loop_new(8, &s->loop), ST_OK);
    assert_int_equal(os_flusher_new(s->loop, kernel ? 32 : TOO_MANY, &s->flusher, &s->kernel), ST_OK);
    assert_false(!kernel && s->kernel);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

void store_close(struct store *s)
{
    os_flusher_free(s->flusher);
    os_loop_free(s->loop);
    os_close(s->dir_fd);
    (void)nftw(s->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(s->root);
    free(s->dir);
}

void store_wait(struct store *s, const int *count, int want)
{
    const mono_us limit = os_clock_mono() + DUR_S(20);
    while (*count < want) {
        mono_us now;
        assert_int_equal(os_loop_turn(s->loop, limit, &now), ST_OK);
        assert_true(now < limit);
    }
    assert_int_equal(*count, want);
}

void store_settle(struct store *s)
{
    const mono_us limit = os_clock_mono() + DUR_S(20);
    while (os_flusher_pending(s->flusher) > 0) {
        mono_us now;
        assert_int_equal(os_loop_turn(s->loop, limit, &now), ST_OK);
        assert_true(now < limit);
    }
}

int store_logged(const struct store *s, const char *text)
{
    int count = 0;
    for (const char *at = strstr(s->lines, text); at != NULL; at = strstr(at + 1, text)) {
        count++;
    }
    return count;
}

void store_put(const struct store *s, const char *name, const void *data, size_t len)
{
    const int fd = openat(s->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    os_close(fd);
}

int64_t store_size(const struct store *s, const char *name)
{
    struct stat info;
    return fstatat(s->dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 ? (int64_t)info.st_size : -1;
}

int store_count(const struct store *s)
{
    DIR *d = opendir(s->dir);
    int count = 0;
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    closedir(d);
    return count;
}
