/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "uploads_priv.h"

#define TEMPORARY_PREFIX ".upload-"
#define TEMPORARY_SUFFIX ".part"

/* Whoever calls has told a bad name to the client already; here it is the last gate before the disk. */
static int name_copy(struct span name, char out[FILE_NAME_LEN_MAX + 1])
{
    return file_name_is_ok(name) ? span_copy(name, out, FILE_NAME_LEN_MAX + 1) : ST_BAD;
}

bool uploads_is_temporary(const char *name)
{
    const struct span whole = span_cstr(name);
    const struct span suffix = SPAN_LIT(TEMPORARY_SUFFIX);

    return span_starts(whole, SPAN_LIT(TEMPORARY_PREFIX)) && whole.len >= suffix.len &&
           span_eq(span_from(whole, whole.len - suffix.len), suffix);
}

static int uploads_scan(struct uploads *u)
{
    struct os_dir_iter *iter;
    struct os_dir_entry entry;
    int status = os_dir_iter_open(u->dir, &iter);

    if (status != ST_OK) {
        return status;
    }
    while ((status = os_dir_iter_next(iter, &entry)) == ST_OK || status == ST_AGAIN) {
        if (status == ST_AGAIN) {
            continue;
        }
        if (!uploads_is_temporary(entry.name)) {
            u->stored += uploads_drop_orphan(u, entry.name) ? 0 : uploads_space(u, entry.size);
            u->files += file_name_is_ok(span_cstr(entry.name)) ? 1 : 0;
        } else if (os_file_remove(u->dir_fd, entry.name) == ST_OK) {
            log_write(u->log, LOG_INFO, LOG_TEXT(u->log, UPLOAD_STALE), entry.name);
        }
    }
    os_dir_iter_close(iter);
    return status == ST_NOT_FOUND ? ST_OK : status;
}

int uploads_open(const struct uploads_config *config, struct uploads **out)
{
    *out = NULL;
    struct uploads *u = calloc(1, sizeof(*u));
    if (u == NULL) {
        return ST_NO_MEMORY;
    }
    u->dir_fd = -1;
    u->max_bytes = config->max_bytes;
    u->quota_bytes = config->quota_bytes > 0 ? config->quota_bytes : UINT64_MAX;
    u->max_files = config->max_files;
    u->block_bytes = config->block_bytes;
    u->flusher = config->flusher;
    u->log = config->log;
    u->dir = strdup(config->dir);
    u->other = config->other != NULL ? strdup(config->other) : NULL;
    const bool copied = u->dir != NULL && (u->other != NULL || config->other == NULL);
    int status = copied ? pool_init(&u->handles, sizeof(struct upload), config->handles) : ST_NO_MEMORY;
    if (status == ST_OK) {
        status = os_dir_open(u->dir, &u->dir_fd);
    }
    if (status == ST_OK && u->block_bytes == 0) {
        status = os_disk_block(u->dir_fd, &u->block_bytes);
    }
    if (status == ST_OK) {
        status = uploads_scan(u);
    }
    if (status != ST_OK) {
        uploads_close(u);
        return status;
    }
    *out = u;
    return ST_OK;
}

void uploads_close(struct uploads *u)
{
    if (u == NULL) {
        return;
    }
    struct pool_id id;
    for (uint32_t slot = 0; pool_next(&u->handles, &slot, &id) != NULL; slot++) {
        uploads_abort(u, id);
    }
    if (u->handles.used > 0) {
        os_flusher_drain(u->flusher);
    }
    uploads_list_close(u->recount);
    os_close(u->dir_fd);
    pool_fini(&u->handles);
    free(u->other);
    free(u->dir);
    free(u);
}

uint64_t uploads_space(const struct uploads *u, uint64_t size)
{
    return (size / u->block_bytes + (size % u->block_bytes != 0 ? 1 : 0)) * u->block_bytes;
}

bool uploads_find(const struct uploads *u, const char *name, uint64_t *space)
{
    int fd;
    uint64_t size = 0;

    *space = 0;
    if (os_file_open(u->dir_fd, name, OS_OPEN_READ, &fd) != ST_OK) {
        return false;
    }
    if (os_file_size(fd, &size) == ST_OK) {
        *space = uploads_space(u, size);
    }
    os_close(fd);
    return true;
}

static int create_temporary(struct uploads *u, struct upload *up)
{
    int status = ST_BUSY;

    for (int tries = 0; status == ST_BUSY && tries < 100; tries++) {
        (void)snprintf(up->temporary, sizeof(up->temporary), TEMPORARY_PREFIX "%" PRIu32 TEMPORARY_SUFFIX, u->serial++);
        status = os_file_open(u->dir_fd, up->temporary, OS_OPEN_CREATE_EXCL, &up->fd);
    }
    return status;
}

static bool is_crowded(const struct uploads *u)
{
    return u->files >= u->max_files || u->coming >= u->max_files - u->files;
}

int uploads_start(struct uploads *u, const char *name, struct upload **out)
{
    struct pool_id id;
    struct upload *up = pool_new(&u->handles, &id);

    if (up == NULL) {
        return ST_BUSY;
    }
    up->owner = u;
    up->id = id;
    int status = uploads_renew_dir(u);
    up->is_new = status == ST_OK && !uploads_find(u, name, &up->replaces) && file_name_is_ok(span_cstr(name));
    if (status == ST_OK) {
        status = up->is_new && is_crowded(u) ? ST_FULL : span_copy(span_cstr(name), up->name, sizeof(up->name));
    }
    if (status == ST_OK) {
        status = create_temporary(u, up);
    }
    if (status != ST_OK) {
        pool_free(&u->handles, id);
        return status;
    }
    u->coming += up->is_new ? 1 : 0;
    *out = up;
    return ST_OK;
}

/* Clients can bring this about as often as they like. */
static void upload_warn(struct uploads *u, const char *name)
{
    if (log_quota_take(&u->failures, u->log, LOG_WARNING, os_clock_mono())) {
        log_write(u->log, LOG_WARNING, LOG_TEXT(u->log, UPLOAD_FAILED), name, os_error_text());
    }
}

int uploads_begin(struct uploads *u, struct span name, struct pool_id *upload)
{
    *upload = POOL_ID_NONE;
    char text[FILE_NAME_LEN_MAX + 1];
    if (name_copy(name, text) != ST_OK) {
        return ST_BAD;
    }
    struct upload *up;
    int status = uploads_start(u, text, &up);
    if (status == ST_OK) {
        *upload = up->id;
    } else if (status != ST_FULL && status != ST_BUSY) {
        upload_warn(u, text);
    }
    return status;
}

static struct upload *get_writing(const struct uploads *u, struct pool_id id)
{
    struct upload *up = pool_get(&u->handles, id);

    return up != NULL && up->state == UPLOAD_WRITING ? up : NULL;
}

bool uploads_have_space(const struct uploads *u, const struct upload *up, uint64_t more)
{
    const uint64_t used = u->stored + u->writing;
    const uint64_t counted = used > up->replaces ? used - up->replaces : 0;

    return counted <= u->quota_bytes && more <= u->quota_bytes - counted;
}

int uploads_write(struct uploads *u, struct pool_id upload, const void *data, size_t len)
{
    struct upload *up = get_writing(u, upload);

    if (up == NULL) {
        return ST_STATE;
    }
    if (!up->converted && len > u->max_bytes - up->size) {
        return ST_TOO_LARGE;
    }
    const uint64_t more = uploads_space(u, up->size + len) - uploads_space(u, up->size);
    if (!uploads_have_space(u, up, more)) {
        return ST_FULL;
    }
    int status = os_file_write(up->fd, data, len);
    if (status != ST_OK) {
        return status;
    }
    up->size += len;
    u->writing += more;
    return ST_OK;
}

int uploads_read(const struct uploads *u, struct pool_id upload, uint64_t offset, void *data, size_t len)
{
    const struct upload *up = get_writing(u, upload);

    return up != NULL ? os_file_read_at(up->fd, offset, data, len) : ST_STATE;
}

/* Takes the temporary file, if it is still one, and the handle away. */
static void upload_release(struct upload *up)
{
    struct uploads *u = up->owner;

    if (up->state != UPLOAD_NAMING) {
        u->writing -= uploads_space(u, up->size);
        u->coming -= up->is_new ? 1 : 0;
        (void)!os_file_remove(u->dir_fd, up->temporary);
    }
    os_close(up->fd);
    pool_free(&u->handles, up->id);
}

static void upload_finish(struct upload *up, int status)
{
    const uploads_done_fn done = up->done;
    void *ctx = up->done_ctx;
    const struct pool_id owner = up->done_owner;

    if (status != ST_OK && !up->converted) {
        upload_warn(up->owner, up->name);
    }
    upload_release(up);
    if (done != NULL) {
        done(ctx, owner, status);
    }
}

static void on_named(void *ctx, int status)
{
    upload_finish(ctx, status);
}

static int give_name(struct upload *up)
{
    struct uploads *u = up->owner;

    if (up->converted && !uploads_cached_fits(u, up)) {
        return ST_STATE;
    }
    uint64_t replaced;
    const bool found = uploads_find(u, up->name, &replaced);
    int status = os_file_rename(u->dir_fd, up->temporary, up->name);
    if (status != ST_OK) {
        return status;
    }
    const uint64_t space = uploads_space(u, up->size);
    up->state = UPLOAD_NAMING;
    u->writing -= space;
    u->stored = (u->stored > replaced ? u->stored - replaced : 0) + space;
    u->files += found || up->converted ? 0 : 1;
    u->coming -= up->is_new ? 1 : 0;
    u->changes++;
    if (!up->converted) {
        uploads_drop_cached(u, up->name); /* of the earlier file */
    }
    return ST_OK;
}

static void on_flushed(void *ctx, int status)
{
    struct upload *up = ctx;

    if (status == ST_OK) {
        status = give_name(up);
    }
    if (status == ST_OK) {
        status = os_flush(up->owner->flusher, up->owner->dir_fd, on_named, up);
        if (status == ST_OK) {
            return;
        }
    }
    upload_finish(up, status);
}

int uploads_commit(struct uploads *u, struct pool_id upload, struct pool_id owner, uploads_done_fn done, void *ctx)
{
    struct upload *up = get_writing(u, upload);

    if (up == NULL) {
        return ST_STATE;
    }
    up->state = UPLOAD_FLUSHING;
    up->done = done;
    up->done_ctx = ctx;
    up->done_owner = owner;
    int status = os_flush(u->flusher, up->fd, on_flushed, up); /* up may be gone behind this */
    if (status != ST_OK) {
        upload_release(up);
    }
    return status;
}

void uploads_abort(struct uploads *u, struct pool_id upload)
{
    struct upload *up = pool_get(&u->handles, upload);

    if (up == NULL) {
        return;
    }
    if (up->state == UPLOAD_WRITING) {
        upload_release(up);
    } else {
        up->done = NULL;
    }
}

int uploads_open_file(struct uploads *u, struct span name, int *fd, uint64_t *size)
{
    char text[FILE_NAME_LEN_MAX + 1];

    *fd = -1;
    int status = name_copy(name, text);
    if (status == ST_OK) {
        status = uploads_renew_dir(u);
    }
    if (status == ST_OK) {
        status = os_file_open(u->dir_fd, text, OS_OPEN_READ, fd);
    }
    if (status == ST_OK) {
        status = os_file_size(*fd, size);
        if (status != ST_OK) {
            os_close(*fd);
            *fd = -1;
        }
    }
    return status;
}

int uploads_delete(struct uploads *u, struct span name)
{
    int fd;
    uint64_t size;
    char text[FILE_NAME_LEN_MAX + 1];
    int status = name_copy(name, text);

    if (status == ST_OK) {
        status = uploads_open_file(u, name, &fd, &size); /* also refuses what is no regular file */
    }
    if (status != ST_OK) {
        return status;
    }
    os_close(fd);
    status = os_file_remove(u->dir_fd, text);
    if (status == ST_OK) {
        const uint64_t space = uploads_space(u, size);
        u->stored = u->stored > space ? u->stored - space : 0;
        u->files -= u->files > 0 ? 1 : 0;
        u->changes++;
        uploads_drop_cached(u, text);
    }
    return status;
}

uint64_t uploads_used(const struct uploads *u)
{
    return u->stored + u->writing;
}

uint32_t uploads_count(const struct uploads *u)
{
    return u->files;
}
