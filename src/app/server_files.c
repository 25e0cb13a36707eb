/* SPDX-License-Identifier: MIT */
#include "server_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "wsaudio/store/uploads.h"

#define RAW_FILE_MAX (64u * 1024 * 1024)

struct server_files {
    struct server_files_config config;
    struct os_flusher *flusher;    /* owns */
    struct uploads *uploads;       /* owns */
    struct recordings *recordings; /* owns; NULL with --no-record */
    int raw_fd;                    /* -1: none, or full */
    uint64_t raw_bytes;
};

static const char *last_error(void *ctx)
{
    (void)ctx;
    return os_error_text();
}

/* ---- uploads ---- */

static int upload_begin(void *ctx, const char *name, struct pool_id *upload)
{
    struct server_files *f = ctx;

    return uploads_begin(f->uploads, span_cstr(name), upload);
}

static int upload_write(void *ctx, struct pool_id upload, const void *data, size_t len)
{
    struct server_files *f = ctx;

    return uploads_write(f->uploads, upload, data, len);
}

static int upload_read(void *ctx, struct pool_id upload, uint64_t offset, void *data, size_t len)
{
    struct server_files *f = ctx;

    return uploads_read(f->uploads, upload, offset, data, len);
}

static void upload_done(void *ctx, struct pool_id owner, int status)
{
    struct server_files *f = ctx;

    f->config.upload_done(f->config.ctx, owner, status);
}

static int upload_commit(void *ctx, struct pool_id upload, struct pool_id client)
{
    struct server_files *f = ctx;

    return uploads_commit(f->uploads, upload, client, upload_done, f);
}

static void upload_abort(void *ctx, struct pool_id upload)
{
    struct server_files *f = ctx;

    uploads_abort(f->uploads, upload);
}

/* ---- playing ---- */

static int play_open(void *ctx, const char *name, int *handle, uint64_t *size)
{
    struct server_files *f = ctx;
    int status = uploads_open_file(f->uploads, span_cstr(name), handle, size);

    return status == ST_OK || status == ST_NOT_FOUND ? status : ST_IO;
}

/* ---- converted forms ---- */

static int cached_open(void *ctx, const char *name, int source, int *handle, uint64_t *offset, uint64_t *len)
{
    struct server_files *f = ctx;

    return uploads_cached_open(f->uploads, span_cstr(name), source, handle, offset, len);
}

static int cache_begin(void *ctx, const char *name, int source, uint64_t len, struct pool_id *cache)
{
    struct server_files *f = ctx;

    return uploads_cache_begin(f->uploads, span_cstr(name), source, len, cache);
}

static void cache_done(void *ctx, struct pool_id owner, int status)
{
    struct server_files *f = ctx;

    (void)owner;
    f->config.cache_done(f->config.ctx, status);
}

static int cache_commit(void *ctx, struct pool_id cache)
{
    struct server_files *f = ctx;

    return uploads_commit(f->uploads, cache, POOL_ID_NONE, cache_done, f);
}

/* ---- listing and deleting ---- */

static int list_open(void *ctx, void **list)
{
    struct server_files *f = ctx;
    struct uploads_list *opened = NULL;
    int status = uploads_list_open(f->uploads, &opened);

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
    struct server_files *f = ctx;

    return uploads_delete(f->uploads, span_cstr(name));
}

/* ---- recordings ---- */

static int record_begin(void *ctx, const char *number, const char *callid8, struct pool_id *recording, char *path,
                        size_t cap)
{
    struct server_files *f = ctx;

    if (f->recordings == NULL) {
        return ST_STATE;
    }
    int status = recordings_begin(f->recordings, span_cstr(number), span_cstr(callid8), os_clock_wall(), *f->config.now,
                                  recording);
    if (status == ST_OK) {
        snprintf(path, cap, "%s/%s", f->config.options->record_dir, recordings_name(f->recordings, *recording));
    }
    return status;
}

static int record_write(void *ctx, struct pool_id recording, uint64_t offset, const void *data, size_t len)
{
    struct server_files *f = ctx;

    return recordings_write_at(f->recordings, recording, offset, data, len, *f->config.now);
}

static void record_end(void *ctx, struct pool_id recording)
{
    struct server_files *f = ctx;

    recordings_end(f->recordings, recording);
}

/* ---- --rtp-raw-file ---- */

static void raw_packet(void *ctx, const void *data, size_t len)
{
    struct server_files *f = ctx;

    if (f->raw_fd < 0) {
        return;
    }
    if (f->raw_bytes + len > RAW_FILE_MAX || os_file_write(f->raw_fd, data, len) != ST_OK) {
        log_write(f->config.log, LOG_INFO, LOG_TEXT(f->config.log, RAW_FILE_FULL), f->config.options->rtp_raw_file);
        os_close(f->raw_fd);
        f->raw_fd = -1;
        return;
    }
    f->raw_bytes += len;
}

struct upload_io server_files_uploads(struct server_files *f)
{
    return (struct upload_io){
        .ctx = f,
        .why = last_error,
        .begin = upload_begin,
        .write = upload_write,
        .read = upload_read,
        .commit = upload_commit,
        .abort = upload_abort,
    };
}

struct list_io server_files_lists(struct server_files *f)
{
    return (struct list_io){.ctx = f,
                            .why = last_error,
                            .open = list_open,
                            .next = list_next,
                            .close = list_close,
                            .remove = remove_upload};
}

struct media_files server_files_media(struct server_files *f)
{
    return (struct media_files){
        .ctx = f,
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
        .raw_packet = f->config.options->rtp_raw_file != NULL ? raw_packet : NULL,
    };
}

struct recordings *server_files_recordings(const struct server_files *f)
{
    return f->recordings;
}

bool server_files_is_quiet(const struct server_files *f)
{
    return os_flusher_pending(f->flusher) == 0;
}

void server_files_dump(const struct server_files *f, struct outbuf *out)
{
    outbuf_printf(out, "files: %" PRIu32 " uploads with %" PRIu64 " bytes", uploads_count(f->uploads),
                  uploads_used(f->uploads));
    if (f->recordings != NULL) {
        outbuf_printf(out, ", %" PRIu32 " recordings with %" PRIu64 " bytes", recordings_count(f->recordings),
                      recordings_used(f->recordings));
    }
    outbuf_printf(out, ", %" PRIu32 " flushes under way, %s", os_flusher_pending(f->flusher),
                  os_flusher_kernel(f->flusher) ? "by the kernel" : "in place");
}

/* ---- opening ---- */

static int prepare_directory(const char *flag, const char *dir, bool *created, char why[WHY_MAX])
{
    int status = os_dir_prepare(dir, created);

    if (status != ST_OK) {
        return why_fail(why, status, "%s %s: cannot be used as a directory: %s", flag, dir, os_error_text());
    }
    return ST_OK;
}

/* Whatever clients upload would be named, counted and deleted as recordings are, and the other way round. */
static int prepare_directories(const struct server_files *f, char why[WHY_MAX])
{
    const struct options *o = f->config.options;
    bool created = false;
    int status = prepare_directory("--upload-dir", o->upload_dir, &created, why);

    if (status != ST_OK) {
        return status;
    }
    if (created) {
        log_write(f->config.log, LOG_INFO, LOG_TEXT(f->config.log, UPLOAD_DIR_CREATED), o->upload_dir);
    }
    if (o->no_record) {
        return ST_OK;
    }
    status = prepare_directory("--record-dir", o->record_dir, &created, why);
    if (status == ST_OK && os_dir_same(o->upload_dir, o->record_dir)) {
        return why_fail(why, ST_BUSY, "--record-dir %s: expected another directory than that of --upload-dir %s",
                        o->record_dir, o->upload_dir);
    }
    return status;
}

static int open_uploads(struct server_files *f, char why[WHY_MAX])
{
    const struct options *o = f->config.options;
    struct uploads_config config = {.dir = o->upload_dir,
                                    .other = o->no_record ? NULL : o->record_dir,
                                    .max_bytes = o->upload_max,
                                    .quota_bytes = o->upload_quota,
                                    .max_files = UPLOADS_FILES_MAX,
                                    .handles = o->max_clients +
                                               17, /* one converted form; some whose client left during the flush */
                                    .flusher = f->flusher,
                                    .log = f->config.log};
    int status = uploads_open(&config, &f->uploads);

    return status == ST_OK ? ST_OK : why_fail(why, status, "--upload-dir %s: %s", o->upload_dir, os_error_text());
}

static int open_recordings(struct server_files *f, char why[WHY_MAX])
{
    const struct options *o = f->config.options;
    struct recordings_config config = {.dir = o->record_dir,
                                       .other = o->upload_dir,
                                       .quota_bytes = o->record_quota,
                                       .sync_seconds = (unsigned)(o->record_sync_us / DUR_S(1)),
                                       .calls = o->max_calls,
                                       .flusher = f->flusher,
                                       .log = f->config.log};
    int status = recordings_open(&config, &f->recordings);

    return status == ST_OK ? ST_OK : why_fail(why, status, "--record-dir %s: %s", o->record_dir, os_error_text());
}

static int open_raw_file(struct server_files *f, char why[WHY_MAX])
{
    const char *path = f->config.options->rtp_raw_file;
    int status = os_file_open(-1, path, OS_OPEN_APPEND, &f->raw_fd);

    if (status == ST_OK) {
        status = os_file_size(f->raw_fd, &f->raw_bytes);
    }
    return status == ST_OK ? ST_OK : why_fail(why, status, "--rtp-raw-file %s: %s", path, os_error_text());
}

static int open_parts(struct server_files *f, char why[WHY_MAX])
{
    const struct options *o = f->config.options;
    bool kernel = true;
    int status = os_flusher_new(f->config.loop, o->max_clients + 2 * o->max_calls + 17, &f->flusher, &kernel);

    if (status != ST_OK) {
        return why_fail(why, status, "cannot prepare disk flushes: %s", os_error_text());
    }
    if (!kernel) {
        log_write(f->config.log, LOG_WARNING, LOG_TEXT(f->config.log, NO_KERNEL_AIO));
    }
    status = prepare_directories(f, why);
    if (status == ST_OK) {
        status = open_uploads(f, why);
    }
    if (status == ST_OK && !o->no_record) {
        status = open_recordings(f, why);
    }
    if (status == ST_OK && o->rtp_raw_file != NULL) {
        status = open_raw_file(f, why);
    }
    return status;
}

int server_files_open(const struct server_files_config *config, struct server_files **out, char why[WHY_MAX])
{
    struct server_files *f = calloc(1, sizeof(*f));

    if (f == NULL) {
        return why_fail(why, ST_NO_MEMORY, "out of memory");
    }
    f->config = *config;
    f->raw_fd = -1;
    int status = open_parts(f, why);
    if (status != ST_OK) {
        server_files_close(f);
        return status;
    }
    *out = f;
    return ST_OK;
}

void server_files_close(struct server_files *f)
{
    if (f == NULL) {
        return;
    }
    uploads_close(f->uploads);
    recordings_close(f->recordings);
    os_flusher_free(f->flusher);
    os_close(f->raw_fd);
    free(f);
}
