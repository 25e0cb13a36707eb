/* SPDX-License-Identifier: MIT */
/* Directories: made, opened, looked through a few entries at a time, and the disk below them. A directory is held open
 * by a descriptor, so that renaming its path does not lead our files astray; os_dir_renew asks whether the path still
 * leads there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "os_priv.h"

/* Some file systems name smaller units than what they really give away. */
#define BLOCK_MIN 4096
#define BLOCK_MAX 1048576
/* Entries of no interest passed over in one go: a directory may hold any number of them. */
#define PASSED_MAX 32

int os_dir_prepare(const char *path, bool *created)
{
    struct stat info;

    *created = mkdir(path, 0750) == 0;
    if (!*created && errno != EEXIST) {
        return os_fail(errno);
    }
    if (stat(path, &info) != 0) {
        return os_fail(errno);
    }
    if (!S_ISDIR(info.st_mode)) {
        return os_fail(ENOTDIR);
    }
    return access(path, R_OK | W_OK | X_OK) == 0 ? ST_OK : os_fail(errno);
}

int os_dir_open(const char *path, int *dir_fd)
{
    *dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *dir_fd >= 0 ? ST_OK : os_fail_open(errno);
}

static bool is_open(const char *path, int dir_fd)
{
    struct stat there;
    struct stat ours;

    return stat(path, &there) == 0 && fstat(dir_fd, &ours) == 0 && there.st_dev == ours.st_dev &&
           there.st_ino == ours.st_ino;
}

int os_dir_renew(const char *path, const char *other, int *dir_fd, bool *renewed)
{
    bool created;
    int fd;

    *renewed = false;
    if (is_open(path, *dir_fd)) {
        return ST_OK;
    }
    int status = os_dir_prepare(path, &created);
    if (status == ST_OK && other != NULL && os_dir_same(path, other)) {
        status = os_fail_text("the directory of uploads and that of recordings are one", ST_DENIED);
    }
    if (status == ST_OK) {
        status = os_dir_open(path, &fd);
    }
    if (status == ST_OK) {
        os_close(*dir_fd);
        *dir_fd = fd;
        *renewed = true;
    }
    return status;
}

bool os_dir_same(const char *path, const char *other)
{
    struct stat a;
    struct stat b;

    return stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int os_disk_free_percent(int dir_fd, unsigned *out)
{
    struct statvfs info;

    if (fstatvfs(dir_fd, &info) != 0) {
        return os_fail(errno);
    }
    const uint64_t blocks = info.f_blocks;
    const uint64_t available = info.f_bavail;
    *out = 100;
    if (blocks > 0 && available < blocks) {
        *out = (unsigned)((double)available * 100.0 / (double)blocks);
    }
    return ST_OK;
}

int os_disk_block(int dir_fd, uint32_t *out)
{
    struct statvfs info;

    *out = BLOCK_MIN;
    if (fstatvfs(dir_fd, &info) != 0) {
        return os_fail(errno);
    }
    const uint64_t block = info.f_frsize;
    *out = block < BLOCK_MIN ? BLOCK_MIN : block > BLOCK_MAX ? BLOCK_MAX : (uint32_t)block;
    return ST_OK;
}

struct os_dir_iter {
    DIR *dir;
};

int os_dir_iter_open(const char *path, struct os_dir_iter **out)
{
    *out = NULL;
    struct os_dir_iter *iter = malloc(sizeof(*iter));
    if (iter == NULL) {
        return os_fail(ENOMEM);
    }
    iter->dir = opendir(path);
    if (iter->dir == NULL) {
        const int error = errno;
        free(iter);
        return os_fail_open(error);
    }
    *out = iter;
    return ST_OK;
}

int os_dir_iter_next(struct os_dir_iter *iter, struct os_dir_entry *out)
{
    for (int passed = 0; passed < PASSED_MAX; passed++) {
        errno = 0;
        const struct dirent *entry = readdir(iter->dir);
        if (entry == NULL) {
            if (errno == 0) {
                return ST_NOT_FOUND;
            }
            (void)!os_fail(errno);
            return ST_IO;
        }
        struct stat info;
        /* Gone since it was read: not an error of the listing. */
        if (fstatat(dirfd(iter->dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode)) {
            continue;
        }
        out->name = entry->d_name;
        out->size = (uint64_t)info.st_size;
        out->modified_us = (int64_t)info.st_mtim.tv_sec * 1000000 + info.st_mtim.tv_nsec / 1000;
        return ST_OK;
    }
    return ST_AGAIN;
}

void os_dir_iter_close(struct os_dir_iter *iter)
{
    if (iter != NULL) {
        (void)closedir(iter->dir);
        free(iter);
    }
}
