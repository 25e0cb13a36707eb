/* SPDX-License-Identifier: MIT */
/* Uploads, players, lists and recordings in memory. */
#include <stdio.h>

#include "support_gateway.h"

#define UPLOAD_MAX 16384

void fuzz_world_file_drop(struct fuzz_world_file *f)
{
    free(f->data);
    *f = (struct fuzz_world_file){0};
}

static void append(struct fuzz_world_file *f, const void *data, size_t len)
{
    uint8_t *grown = realloc(f->data, f->len + len + 1);
    FUZZ_CHECK(grown != NULL);
    f->data = grown;
    memcpy(f->data + f->len, data, len);
    f->len += len;
}

static struct fuzz_world_file *file_named(struct fuzz_world *g, const char *name)
{
    for (int i = 0; i < FUZZ_WORLD_FILES; i++) {
        if (g->files[i].used && !g->files[i].temporary && strcmp(g->files[i].name, name) == 0) {
            return &g->files[i];
        }
    }
    return NULL;
}

static struct fuzz_world_file *file_new(struct fuzz_world *g, const char *name)
{
    for (int i = 0; i < FUZZ_WORLD_FILES; i++) {
        if (!g->files[i].used) {
            g->files[i].used = true;
            snprintf(g->files[i].name, sizeof(g->files[i].name), "%s", name);
            return &g->files[i];
        }
    }
    return NULL;
}

void fuzz_world_put_file(struct fuzz_world *g, const char *name, const void *data, size_t len)
{
    struct fuzz_world_file *f = file_new(g, name);
    FUZZ_CHECK(f != NULL);
    append(f, data, len);
}

static struct fuzz_world_file *upload_of(struct fuzz_world *g, struct pool_id upload)
{
    FUZZ_CHECK(upload.slot < FUZZ_WORLD_FILES && upload.generation == 1);
    struct fuzz_world_file *f = &g->files[upload.slot];
    FUZZ_CHECK(f->used && f->temporary && !f->committing);
    return f;
}

static int upload_begin(void *ctx, const char *name, struct pool_id *upload)
{
    struct fuzz_world *g = ctx;
    FUZZ_CHECK(file_name_is_ok(span_cstr(name)));
    struct fuzz_world_file *f = fuzz_world_fails(g, FAULT_UPLOAD) ? NULL : file_new(g, name);
    if (f == NULL) {
        return ST_FULL;
    }
    f->temporary = true;
    *upload = (struct pool_id){(uint32_t)(f - g->files), 1};
    return ST_OK;
}

static int upload_write(void *ctx, struct pool_id upload, const void *data, size_t len)
{
    struct fuzz_world *g = ctx;
    struct fuzz_world_file *f = upload_of(g, upload);
    FUZZ_CHECK(len > 0);
    if (f->len + len > UPLOAD_MAX) {
        return ST_TOO_LARGE;
    }
    append(f, data, len);
    return fuzz_world_fails(g, FAULT_UPLOAD) ? ST_IO : ST_OK;
}

static int upload_read(void *ctx, struct pool_id upload, uint64_t offset, void *data, size_t len)
{
    struct fuzz_world *g = ctx;
    const struct fuzz_world_file *f = upload_of(g, upload);
    size_t n = offset < f->len ? f->len - (size_t)offset : 0;
    n = n < len ? n : len;
    if (n > 0) {
        memcpy(data, f->data + offset, n);
    }
    return fuzz_world_fails(g, FAULT_UPLOAD) ? ST_IO : (int)n;
}

static int upload_commit(void *ctx, struct pool_id upload, struct pool_id client)
{
    struct fuzz_world *g = ctx;
    struct fuzz_world_file *f = upload_of(g, upload);
    f->client = client;
    if (fuzz_world_fails(g, FAULT_UPLOAD)) {
        fuzz_world_file_drop(f);
        return ST_IO;
    }
    f->committing = true;
    return ST_OK;
}

static void upload_abort(void *ctx, struct pool_id upload)
{
    struct fuzz_world *g = ctx;
    fuzz_world_file_drop(upload_of(g, upload));
}

static int play_open(void *ctx, const char *name, int *handle, uint64_t *size)
{
    struct fuzz_world *g = ctx;
    FUZZ_CHECK(file_name_is_ok(span_cstr(name)));
    const struct fuzz_world_file *f = file_named(g, name);
    if (f == NULL) {
        return ST_NOT_FOUND;
    }
    *handle = (int)(f - g->files);
    *size = f->len;
    g->playing++;
    return ST_OK;
}

static int play_read(void *ctx, int handle, uint64_t offset, void *data, size_t len)
{
    struct fuzz_world *g = ctx;
    FUZZ_CHECK(handle >= 0 && handle < FUZZ_WORLD_FILES && g->playing > 0 && len <= 65536);
    const struct fuzz_world_file *f = &g->files[handle];
    size_t n = offset < f->len ? f->len - (size_t)offset : 0;
    n = n < len ? n : len;
    if (n > 0) {
        memcpy(data, f->data + offset, n);
    }
    return fuzz_world_fails(g, FAULT_PLAY_READ) ? ST_IO : (int)n;
}

static void play_close(void *ctx, int handle)
{
    struct fuzz_world *g = ctx;
    FUZZ_CHECK(handle >= 0 && handle < FUZZ_WORLD_FILES && g->playing > 0);
    g->playing--;
}

static int list_open(void *ctx, void **list)
{
    struct fuzz_world *g = ctx;
    g->listing++;
    *list = g;
    return ST_OK;
}

static int list_next(void *ctx, void *list, struct list_entry *entry)
{
    struct fuzz_world *g = ctx;
    FUZZ_CHECK(list == ctx && g->listing > 0);
    g->list_at = (g->list_at + 1) % (FUZZ_WORLD_FILES + 1);
    if (g->list_at == FUZZ_WORLD_FILES) {
        return ST_NOT_FOUND;
    }
    const struct fuzz_world_file *f = &g->files[g->list_at];
    if (!f->used || f->temporary) {
        return ST_AGAIN;
    }
    *entry = (struct list_entry){.bytes = f->len, .ms = 20};
    snprintf(entry->name, sizeof(entry->name), "%s", f->name);
    return ST_OK;
}

static void list_close(void *ctx, void *list)
{
    struct fuzz_world *g = ctx;
    FUZZ_CHECK(list == ctx && g->listing > 0);
    g->listing--;
}

static int remove_file(void *ctx, const char *name)
{
    struct fuzz_world *g = ctx;
    struct fuzz_world_file *f = file_named(g, name);
    if (f == NULL) {
        return ST_NOT_FOUND;
    }
    fuzz_world_file_drop(f);
    return ST_OK;
}

static int record_begin(void *ctx, const char *number, const char *callid8, struct pool_id *recording, char *path,
                        size_t cap)
{
    struct fuzz_world *g = ctx;
    FUZZ_CHECK(number[0] != '\0' && strlen(callid8) == 8);
    if (fuzz_world_fails(g, FAULT_RECORD_BEGIN)) {
        return ST_FULL;
    }
    for (uint32_t i = 0; i < FUZZ_WORLD_RECORDINGS; i++) {
        if (!g->recording[i]) {
            g->recording[i] = true;
            g->recorded[i] = 0;
            *recording = (struct pool_id){i, 1};
            snprintf(path, cap, "recordings/%u.wav", (unsigned)i);
            return ST_OK;
        }
    }
    return ST_FULL;
}

/* A header may be written anew, but the file never gets a hole. */
static int record_write(void *ctx, struct pool_id recording, uint64_t offset, const void *data, size_t len)
{
    struct fuzz_world *g = ctx;
    FUZZ_CHECK(recording.slot < FUZZ_WORLD_RECORDINGS && g->recording[recording.slot] && data != NULL && len > 0);
    uint64_t *end = &g->recorded[recording.slot];
    FUZZ_CHECK(offset <= *end && len <= 65536);
    *end = offset + len > *end ? offset + len : *end;
    return fuzz_world_fails(g, FAULT_RECORD_WRITE) ? ST_FULL : ST_OK;
}

static void record_end(void *ctx, struct pool_id recording)
{
    struct fuzz_world *g = ctx;
    FUZZ_CHECK(recording.slot < FUZZ_WORLD_RECORDINGS && g->recording[recording.slot]);
    g->recording[recording.slot] = false;
}

static const char *why(void *ctx)
{
    (void)ctx;
    return NULL;
}

struct upload_io fuzz_world_upload_io(struct fuzz_world *g)
{
    return (struct upload_io){.ctx = g,
                              .why = why,
                              .begin = upload_begin,
                              .write = upload_write,
                              .read = upload_read,
                              .commit = upload_commit,
                              .abort = upload_abort};
}

struct list_io fuzz_world_list_io(struct fuzz_world *g)
{
    return (struct list_io){
        .ctx = g, .why = why, .open = list_open, .next = list_next, .close = list_close, .remove = remove_file};
}

struct media_files fuzz_world_media_files(struct fuzz_world *g)
{
    return (struct media_files){
        .ctx = g,
        .play_open = play_open,
        .play_read = play_read,
        .play_close = play_close,
        .record_begin = record_begin,
        .record_write = record_write,
        .record_end = record_end,
    };
}
