/* SPDX-License-Identifier: MIT */
/* Uploads, recordings and the raw file for the rooms that want to read and write them: the tables of functions of
 * client and media over room store. */
#include "server_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define RAW_FILE_MAX (64u * 1024 * 1024)

static const char *why(void *ctx)
{
    (void)ctx;
    return os_error_text();
}

/* ---- uploads ---- */

static int upload_begin(void *ctx, const char *name, struct pool_id *upload)
{
    struct server *server = ctx;

    return uploads_begin(server->uploads, span_cstr(name), upload);
}

static int upload_write(void *ctx, struct pool_id upload, const void *data, size_t len)
{
    struct server *server = ctx;

    return uploads_write(server->uploads, upload, data, len);
}

static int upload_read(void *ctx, struct pool_id upload, uint64_t offset, void *data, size_t len)
{
    struct server *server = ctx;

    return uploads_read(server->uploads, upload, offset, data, len);
}

static void upload_done(void *ctx, struct pool_id owner, int status)
{
    struct server *server = ctx;

    gateway_upload_done(server->gateway, owner, status);
}

static int upload_commit(void *ctx, struct pool_id upload, struct pool_id client)
{
    struct server *server = ctx;

    return uploads_commit(server->uploads, upload, client, upload_done, server);
}

static void upload_abort(void *ctx, struct pool_id upload)
{
    struct server *server = ctx;

    uploads_abort(server->uploads, upload);
}

/* ---- playing ---- */

static int play_open(void *ctx, const char *name, int *handle, uint64_t *size)
{
    struct server *server = ctx;
    int status = uploads_open_file(server->uploads, span_cstr(name), handle, size);

    return status == ST_OK || status == ST_NOT_FOUND ? status : ST_IO;
}

/* ---- converted forms ---- */

static int cached_open(void *ctx, const char *name, int source, int *handle, uint64_t *offset, uint64_t *len)
{
    struct server *server = ctx;

    return uploads_cached_open(server->uploads, span_cstr(name), source, handle, offset, len);
}

static int cache_begin(void *ctx, const char *name, int source, uint64_t len, struct pool_id *cache)
{
    struct server *server = ctx;

    return uploads_cache_begin(server->uploads, span_cstr(name), source, len, cache);
}

static void cache_done(void *ctx, struct pool_id owner, int status)
{
    struct server *server = ctx;

    (void)owner;
    gateway_cache_done(server->gateway, status);
}

static int cache_commit(void *ctx, struct pool_id cache)
{
    struct server *server = ctx;

    return uploads_commit(server->uploads, cache, POOL_ID_NONE, cache_done, server);
}

/* ---- listing and deleting ---- */

static int list_open(void *ctx, void **list)
{
    struct server *server = ctx;
    struct uploads_list *opened = NULL;
    int status = uploads_list_open(server->uploads, &opened);

    *list = opened;
    return status;
}

static int list_next(void *ctx, void *list, struct list_entry *entry)
{
    struct uploads_entry found;
    int status = uploads_list_next(list, &found);

    (void)ctx;
    if (status != ST_OK) {
        return status;
    }
    entry->bytes = found.bytes;
    entry->ms = found.duration_ms;
    entry->reads = found.reads;
    return span_copy(span_cstr(found.name), entry->name, sizeof(entry->name)) == ST_OK ? ST_OK : ST_AGAIN;
}

static void list_close(void *ctx, void *list)
{
    (void)ctx;
    uploads_list_close(list);
}

static int remove_upload(void *ctx, const char *name)
{
    struct server *server = ctx;

    return uploads_delete(server->uploads, span_cstr(name));
}

/* ---- recordings ---- */

static int record_begin(void *ctx, const char *number, const char *callid8, struct pool_id *recording, char *path,
                        size_t cap)
{
    struct server *server = ctx;

    if (server->recordings == NULL) {
        return ST_STATE;
    }
    int status = recordings_begin(server->recordings, span_cstr(number), span_cstr(callid8), os_clock_wall(),
                                  server->now, recording);
    if (status == ST_OK) {
        snprintf(path, cap, "%s/%s", server->options->record_dir, recordings_name(server->recordings, *recording));
    }
    return status;
}

static int record_write(void *ctx, struct pool_id recording, uint64_t offset, const void *data, size_t len)
{
    struct server *server = ctx;

    return recordings_write_at(server->recordings, recording, offset, data, len, server->now);
}

static void record_end(void *ctx, struct pool_id recording)
{
    struct server *server = ctx;

    recordings_end(server->recordings, recording);
}

/* ---- --rtp-raw-file ---- */

static void raw_packet(void *ctx, const void *data, size_t len)
{
    struct server *server = ctx;

    if (server->raw_fd < 0) {
        return;
    }
    if (server->raw_bytes + len > RAW_FILE_MAX || os_file_write(server->raw_fd, data, len) != ST_OK) {
        log_write(&server->log, LOG_INFO, LOG_TEXT(&server->log, RAW_FILE_FULL), server->options->rtp_raw_file);
        os_close(server->raw_fd);
        server->raw_fd = -1;
        return;
    }
    server->raw_bytes += len;
}

struct upload_io server_upload_io(struct server *server)
{
    return (struct upload_io){
        .ctx = server,
        .why = why,
        .begin = upload_begin,
        .write = upload_write,
        .read = upload_read,
        .commit = upload_commit,
        .abort = upload_abort,
    };
}

struct list_io server_list_io(struct server *server)
{
    return (struct list_io){
        .ctx = server, .why = why, .open = list_open, .next = list_next, .close = list_close, .remove = remove_upload};
}

struct media_files server_media_files(struct server *server)
{
    return (struct media_files){
        .ctx = server,
        .play_open = play_open,
        .play_read = os_handle_read,
        .play_close = os_handle_close,
        .cached_open = cached_open,
        .cache_begin = cache_begin,
        .cache_write = upload_write,
        .cache_commit = cache_commit,
        .cache_abort = upload_abort,
        .record_begin = record_begin,
        .record_write = record_write,
        .record_end = record_end,
        .raw_packet = server->options->rtp_raw_file != NULL ? raw_packet : NULL,
    };
}

/* ---- opening ---- */

static int prepare(struct server *server, const char *flag, const char *dir, bool *created)
{
    int status = os_dir_prepare(dir, created);

    if (status != ST_OK) {
        return server_fail(server, status, "%s %s: cannot be used as a directory: %s", flag, dir, os_error_text());
    }
    return ST_OK;
}

/* Whatever clients upload would be named, counted and deleted as recordings are, and the other way round. */
static int prepare_directories(struct server *server)
{
    const struct options *o = server->options;
    bool created = false;
    int status = prepare(server, "--upload-dir", o->upload_dir, &created);

    if (status != ST_OK) {
        return status;
    }
    if (created) {
        log_write(&server->log, LOG_INFO, LOG_TEXT(&server->log, UPLOAD_DIR_CREATED), o->upload_dir);
    }
    if (o->no_record) {
        return ST_OK;
    }
    status = prepare(server, "--record-dir", o->record_dir, &created);
    if (status == ST_OK && os_dir_same(o->upload_dir, o->record_dir)) {
        return server_fail(server, ST_BUSY, "--record-dir %s: expected another directory than that of --upload-dir %s",
                           o->record_dir, o->upload_dir);
    }
    return status;
}

static int open_uploads(struct server *server)
{
    const struct options *o = server->options;
    struct uploads_config config = {.dir = o->upload_dir,
                                    .other = o->no_record ? NULL : o->record_dir,
                                    .max_bytes = o->upload_max,
                                    .quota_bytes = o->upload_quota,
                                    .max_files = UPLOADS_FILES_MAX,
                                    .handles = o->max_clients +
                                               17, /* one converted form; some whose client left during the flush */
                                    .flusher = server->flusher,
                                    .log = &server->log};
    int status = uploads_open(&config, &server->uploads);

    return status == ST_OK ? ST_OK : server_fail(server, status, "--upload-dir %s: %s", o->upload_dir, os_error_text());
}

static int open_recordings(struct server *server)
{
    const struct options *o = server->options;
    struct recordings_config config = {.dir = o->record_dir,
                                       .other = o->upload_dir,
                                       .quota_bytes = o->record_quota,
                                       .sync_seconds = (unsigned)(o->record_sync_us / DUR_S(1)),
                                       .calls = o->max_calls,
                                       .flusher = server->flusher,
                                       .log = &server->log};
    int status = recordings_open(&config, &server->recordings);

    return status == ST_OK ? ST_OK : server_fail(server, status, "--record-dir %s: %s", o->record_dir, os_error_text());
}

int server_files_open(struct server *server)
{
    const struct options *o = server->options;
    bool kernel = true;
    int status = os_flusher_new(server->loop, o->max_clients + 2 * o->max_calls + 17, &server->flusher, &kernel);

    if (status != ST_OK) {
        return server_fail(server, status, "cannot prepare disk flushes: %s", os_error_text());
    }
    if (!kernel) {
        log_write(&server->log, LOG_WARNING, LOG_TEXT(&server->log, NO_KERNEL_AIO));
    }
    status = prepare_directories(server);
    if (status == ST_OK) {
        status = open_uploads(server);
    }
    if (status == ST_OK && !o->no_record) {
        status = open_recordings(server);
    }
    if (status == ST_OK && o->rtp_raw_file != NULL) {
        status = os_file_open(-1, o->rtp_raw_file, OS_OPEN_APPEND, &server->raw_fd);
        if (status == ST_OK) {
            status = os_file_size(server->raw_fd, &server->raw_bytes);
        }
        if (status != ST_OK) {
            return server_fail(server, status, "--rtp-raw-file %s: %s", o->rtp_raw_file, os_error_text());
        }
    }
    return status;
}

void server_files_close(struct server *server)
{
    uploads_close(server->uploads);
    recordings_close(server->recordings);
    os_flusher_free(server->flusher);
    os_close(server->raw_fd);
}
