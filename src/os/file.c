/* SPDX-License-Identifier: MIT */
/* Regular files: opened below a directory's descriptor by plain names only, without following links; written whole or
 * not at all. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os_priv.h"

static int at(int dir_fd)
{
    return dir_fd >= 0 ? dir_fd : AT_FDCWD;
}

/* Inside a directory only plain names: whatever a caller forgets to check, nothing leaves the directory. */
static int check_name(int dir_fd, const char *name)
{
    if (name[0] == '\0' ||
        (dir_fd >= 0 && (strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0))) {
        return os_fail_text("not a plain file name", ST_BAD);
    }
    return ST_OK;
}

static int require_regular(int fd)
{
    struct stat info;

    if (fstat(fd, &info) != 0) {
        return os_fail(errno);
    }
    return S_ISREG(info.st_mode) ? ST_OK : os_fail_text("not a regular file", ST_DENIED);
}

int os_file_open(int dir_fd, const char *name, enum os_open_mode mode, int *fd)
{
    static const int flags[] = {
        [OS_OPEN_READ] = O_RDONLY,
        [OS_OPEN_CREATE_EXCL] = O_RDWR | O_CREAT | O_EXCL,
        [OS_OPEN_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
    };

    *fd = -1;
    int status = check_name(dir_fd, name);
    if (status != ST_OK) {
        return status;
    }
    /* O_NONBLOCK: a FIFO that somebody put there must not hold up the loop. */
    const int opened = openat(at(dir_fd), name, flags[mode] | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (opened < 0) {
        return os_fail_open(errno);
    }
    status = require_regular(opened);
    if (status != ST_OK) {
        os_close(opened);
        return status;
    }
    *fd = opened;
    return ST_OK;
}

/* What part of a failed write had lengthened the file by goes again: a log line or a block is whole or not there. */
static void cut_back(int fd, off_t size_before)
{
    struct stat info;

    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > size_before &&
        ftruncate(fd, size_before) == 0) {
        (void)lseek(fd, size_before, SEEK_SET);
    }
}

int os_file_write(int fd, const void *data, size_t len)
{
    const char *bytes = data;
    size_t done = 0;

    while (done < len) {
        const ssize_t n = write(fd, bytes + done, len - done);
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            const int error = n == 0 ? ENOSPC : errno;
            const off_t at_end = done > 0 ? lseek(fd, 0, SEEK_CUR) : -1;
            if (at_end >= (off_t)done) {
                cut_back(fd, at_end - (off_t)done);
            }
            return os_fail(error);
        }
    }
    return ST_OK;
}

int os_file_write_at(int fd, uint64_t offset, const void *data, size_t len)
{
    const char *bytes = data;
    size_t done = 0;
    struct stat before;

    if (offset > (uint64_t)INT64_MAX - len) {
        return os_fail(EFBIG);
    }
    if (fstat(fd, &before) != 0) {
        return os_fail(errno);
    }
    while (done < len) {
        const ssize_t n = pwrite(fd, bytes + done, len - done, (off_t)(offset + done));
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            const int error = n == 0 ? ENOSPC : errno;
            cut_back(fd, before.st_size);
            return os_fail(error);
        }
    }
    return ST_OK;
}

int os_file_read_at(int fd, uint64_t offset, void *data, size_t len)
{
    char *out = data;
    size_t done = 0;

    len = len < INT_MAX ? len : INT_MAX;
    if (offset > (uint64_t)INT64_MAX - len) {
        return 0;
    }
    while (done < len) {
        const ssize_t n = pread(fd, out + done, len - done, (off_t)(offset + done));
        if (n == 0) {
            break;
        }
        if (n > 0) {
            done += (size_t)n;
        } else if (errno != EINTR) {
            return os_fail(errno);
        }
    }
    return (int)done;
}

int os_handle_read(void *ctx, int handle, uint64_t offset, void *data, size_t len)
{
    (void)ctx;
    return os_file_read_at(handle, offset, data, len);
}

void os_handle_close(void *ctx, int handle)
{
    (void)ctx;
    os_close(handle);
}

int os_file_size(int fd, uint64_t *out)
{
    struct stat info;

    if (fstat(fd, &info) != 0) {
        return os_fail(errno);
    }
    *out = (uint64_t)info.st_size;
    return ST_OK;
}

int os_file_identify(int fd, struct os_file_identity *out)
{
    struct stat info;

    if (fstat(fd, &info) != 0) {
        return os_fail(errno);
    }
    out->size = (uint64_t)info.st_size;
    out->modified_us = (int64_t)info.st_mtim.tv_sec * 1000000 + info.st_mtim.tv_nsec / 1000;
    out->serial = (uint64_t)info.st_ino;
    return ST_OK;
}

int os_file_rename(int dir_fd, const char *from, const char *to)
{
    int status = check_name(dir_fd, from);

    if (status == ST_OK) {
        status = check_name(dir_fd, to);
    }
    if (status != ST_OK) {
        return status;
    }
    return renameat(at(dir_fd), from, at(dir_fd), to) == 0 ? ST_OK : os_fail(errno);
}

int os_file_remove(int dir_fd, const char *name)
{
    int status = check_name(dir_fd, name);

    if (status != ST_OK) {
        return status;
    }
    return unlinkat(at(dir_fd), name, 0) == 0 ? ST_OK : os_fail(errno);
}

int os_file_link(int dir_fd, const char *target, const char *name)
{
    char temporary[NAME_MAX + 1];
    struct stat info;
    int status = check_name(dir_fd, name);

    if (status != ST_OK) {
        return status;
    }
    if (fstatat(at(dir_fd), name, &info, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISLNK(info.st_mode)) {
        return os_fail(EEXIST);
    }
    const int len = snprintf(temporary, sizeof(temporary), ".%s.link", name);
    if (len < 0 || (size_t)len >= sizeof(temporary)) {
        return os_fail(ENAMETOOLONG);
    }
    (void)unlinkat(at(dir_fd), temporary, 0); /* left by a killed process */
    if (symlinkat(target, at(dir_fd), temporary) != 0) {
        return os_fail(errno);
    }
    if (renameat(at(dir_fd), temporary, at(dir_fd), name) != 0) {
        const int error = errno;
        (void)unlinkat(at(dir_fd), temporary, 0);
        return os_fail(error);
    }
    return ST_OK;
}

static int load_all(int fd, size_t max, char **out, size_t *len)
{
    char *text = malloc(max + 2);

    if (text == NULL) {
        return os_fail(ENOMEM);
    }
    size_t done = 0;
    int status = ST_OK;
    while (status == ST_OK && done <= max) {
        const ssize_t n = read(fd, text + done, max + 1 - done);
        if (n == 0) {
            break;
        }
        if (n > 0) {
            done += (size_t)n;
        } else if (errno != EINTR) {
            status = os_fail(errno);
        }
    }
    if (status == ST_OK && done > max) {
        status = os_fail_text("the file is too long", ST_TOO_LARGE);
    }
    if (status != ST_OK) {
        free(text);
        return status;
    }
    text[done] = '\0';
    *out = text;
    *len = done;
    return ST_OK;
}

int os_file_load(const char *path, size_t max, char **out, size_t *len)
{
    *out = NULL;
    *len = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return os_fail(errno);
    }
    int status = load_all(fd, max, out, len);
    os_close(fd);
    return status;
}
