/* SPDX-License-Identifier: MIT */
/* The directory of recordings and its parent; both may be removed or replaced under a running server. */
#include "recordings_priv.h"

#define READ_MAX 32 /* files in one go: calls go on meanwhile */

static void trim_slashes(char *path)
{
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/') {
        path[--len] = '\0';
    }
}

/* The link's directory is opened once, and dir's last component kept for its target. */
static int open_parent(struct recordings *r)
{
    char *slash = strrchr(r->dir, '/');

    r->base = slash != NULL ? slash + 1 : r->dir;
    if (r->base[0] == '\0' || strcmp(r->base, ".") == 0 || strcmp(r->base, "..") == 0) {
        return ST_UNSUPPORTED;
    }
    if (slash == NULL) {
        return os_dir_open(".", &r->parent_fd);
    }
    if (slash == r->dir) {
        return os_dir_open("/", &r->parent_fd);
    }
    *slash = '\0';
    int status = os_dir_open(r->dir, &r->parent_fd);
    *slash = '/';
    return status;
}

static int recordings_scan(struct recordings *r)
{
    struct os_dir_iter *iter;
    struct os_dir_entry entry;
    int status = os_dir_iter_open(r->dir, &iter);

    if (status != ST_OK) {
        return status;
    }
    while ((status = os_dir_iter_next(iter, &entry)) == ST_OK || status == ST_AGAIN) {
        if (status == ST_AGAIN || !recordings_name_valid(span_cstr(entry.name))) {
            continue;
        }
        status = recordings_index_append(&r->index, entry.name, entry.size);
        if (status != ST_OK) {
            break;
        }
        r->total += entry.size;
        if (recordings_index_count(&r->index) >= 2 * RECORDINGS_INDEX_MAX) {
            recordings_index_sort(&r->index);
            recordings_trim(r);
        }
    }
    os_dir_iter_close(iter);
    recordings_index_sort(&r->index);
    recordings_trim(r);
    return status == ST_NOT_FOUND ? ST_OK : status;
}

int recordings_open_dir(struct recordings *r)
{
    trim_slashes(r->dir);
    (void)!open_parent(r);
    int status = os_dir_open(r->dir, &r->dir_fd);
    return status == ST_OK ? recordings_scan(r) : status;
}

void recordings_go_on_reading(struct recordings *r)
{
    struct os_dir_entry entry;
    int status = ST_OK;

    for (int i = 0; r->iter != NULL && i < READ_MAX && (status == ST_OK || status == ST_AGAIN); i++) {
        status = os_dir_iter_next(r->iter, &entry);
        if (status == ST_OK && recordings_name_valid(span_cstr(entry.name)) &&
            recordings_index_add(&r->index, entry.name, entry.size, false) == ST_OK) {
            r->total += entry.size;
        }
    }
    if (status != ST_OK && status != ST_AGAIN) {
        os_dir_iter_close(r->iter);
        r->iter = NULL;
    }
}

/* What lay in the directory before; what is still being written counts until it is closed. */
static void forget_closed(struct recordings *r)
{
    struct recordings_file *file;

    while ((file = recordings_index_oldest_closed(&r->index)) != NULL) {
        r->total -= file->size;
        recordings_index_remove(&r->index, file);
    }
}

int recordings_renew_dir(struct recordings *r)
{
    bool renewed;
    int status = os_dir_renew(r->dir, r->other, &r->dir_fd, &renewed);

    if (renewed) {
        log_write(r->log, LOG_INFO, LOG_TEXT(r->log, DIR_RENEWED), r->dir);
        r->dir_serial++;
        r->disk_asked = false;
        os_close(r->parent_fd);
        r->parent_fd = -1;
        (void)!open_parent(r);
        forget_closed(r);
        os_dir_iter_close(r->iter);
        r->iter = NULL;
        (void)!os_dir_iter_open(r->dir, &r->iter);
    }
    recordings_go_on_reading(r);
    return status;
}
