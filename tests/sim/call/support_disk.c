/* SPDX-License-Identifier: MIT */
/* The world's disk: files in memory behind the io tables, with faults on demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "world.h"

#define CACHED_HANDLE WORLD_FILES

static void append(struct world_file *f, size_t at, const void *data, size_t len)
{
    if (at + len > f->len) {
        f->data = realloc(f->data, at + len);
        f->len = at + len;
    }
    if (f->data == NULL) {
        abort();
    }
    memcpy(f->data + at, data, len);
}

static struct world_file *file_named(struct world *w, const char *name)
{
    for (size_t i = 0; i < WORLD_FILES; i++) {
        if (w->files[i].used && !w->files[i].temporary && !w->files[i].removed && strcmp(w->files[i].name, name) == 0) {
            return &w->files[i];
        }
    }
    return NULL;
}

static struct world_file *file_new(struct world *w, const char *name)
{
    for (size_t i = 0; i < WORLD_FILES; i++) {
        if (!w->files[i].used) {
            w->files[i].used = true;
            w->files[i].serial = ++w->file_serial;
            snprintf(w->files[i].name, sizeof(w->files[i].name), "%s", name);
            return &w->files[i];
        }
    }
    return NULL;
}

static void file_drop(struct world_file *f)
{
    free(f->data);
    memset(f, 0, sizeof(*f));
}

/* As a file system does: open handles keep the bytes. */
static void file_unlink(struct world_file *f)
{
    f->removed = true;
    if (f->handles == 0) {
        file_drop(f);
    }
}

const struct world_file *world_file(const struct world *w, const char *name)
{
    for (size_t i = 0; i < WORLD_FILES; i++) {
        const struct world_file *f = &w->files[i];
        if (f->used && !f->temporary && !f->removed && strcmp(f->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

size_t world_files(const struct world *w)
{
    size_t n = 0;

    for (size_t i = 0; i < WORLD_FILES; i++) {
        n += w->files[i].used ? 1 : 0;
    }
    return n;
}

void world_put_file(struct world *w, const char *name, const void *data, size_t len)
{
    struct world_file *f = file_new(w, name);
    if (f == NULL) {
        abort();
    }
    append(f, 0, data, len);
}

static const char *why(void *ctx)
{
    (void)ctx;
    return "the drawer is stuck";
}

static int upload_begin(void *ctx, const char *name, struct pool_id *upload)
{
    struct world *w = ctx;
    struct world_file *f = w->begin_status == ST_OK ? file_new(w, name) : NULL;
    if (f == NULL) {
        return w->begin_status != ST_OK ? w->begin_status : ST_FULL;
    }
    f->temporary = true;
    *upload = (struct pool_id){(uint32_t)(f - w->files), 1};
    return ST_OK;
}

static int upload_write(void *ctx, struct pool_id upload, const void *data, size_t len)
{
    struct world *w = ctx;
    struct world_file *f = &w->files[upload.slot];
    assert_true(f->used && f->temporary);
    if (w->write_status != ST_OK) {
        return w->write_status;
    }
    if (f->len + len > w->config.upload_max) {
        return ST_TOO_LARGE;
    }
    append(f, f->len, data, len);
    return ST_OK;
}

static int upload_read(void *ctx, struct pool_id upload, uint64_t offset, void *data, size_t len)
{
    const struct world *w = ctx;
    const struct world_file *f = &w->files[upload.slot];
    assert_true(f->used && f->temporary);
    size_t n = offset < f->len ? f->len - (size_t)offset : 0;
    n = n < len ? n : len;
    if (n > 0) {
        memcpy(data, f->data + offset, n);
    }
    return w->read_back_status != ST_OK ? w->read_back_status : (int)n;
}

static void commit_done(struct world *w, const char *arg)
{
    struct world_file *f = &w->files[arg[0] - '0'];
    struct pool_id client = f->client;

    if (w->commit_fails) {
        file_drop(f);
    } else {
        struct world_file *old = file_named(w, f->name);
        if (old != NULL) {
            file_unlink(old);
        }
        f->temporary = false;
    }
    gateway_upload_done(w->gateway, client, w->commit_fails ? ST_IO : ST_OK);
}

static int upload_commit(void *ctx, struct pool_id upload, struct pool_id client)
{
    struct world *w = ctx;
    const char which[2] = {(char)('0' + upload.slot), '\0'};

    w->files[upload.slot].client = client;
    if (w->commit_status != ST_OK) {
        file_drop(&w->files[upload.slot]);
        return w->commit_status;
    }
    world_at(w, w->commit_delay, commit_done, which);
    return ST_OK;
}

static void upload_abort(void *ctx, struct pool_id upload)
{
    struct world *w = ctx;
    file_drop(&w->files[upload.slot]);
}

static int play_open(void *ctx, const char *name, int *handle, uint64_t *size)
{
    struct world *w = ctx;
    struct world_file *f = file_named(w, name);
    if (w->play_status != ST_OK) {
        return w->play_status;
    }
    if (f == NULL) {
        return ST_NOT_FOUND;
    }
    *handle = (int)(f - w->files);
    *size = f->len;
    f->handles++;
    w->play_open++;
    return ST_OK;
}

static int play_read(void *ctx, int handle, uint64_t offset, void *data, size_t len)
{
    const struct world *w = ctx;
    const struct world_file *f = handle == CACHED_HANDLE ? &w->cached : &w->files[handle];
    size_t n = offset < f->len ? f->len - (size_t)offset : 0;
    n = n < len ? n : len;
    if (n > 0) {
        memcpy(data, f->data + offset, n);
    }
    return (int)n;
}

static void play_close(void *ctx, int handle)
{
    struct world *w = ctx;
    struct world_file *f = handle == CACHED_HANDLE ? &w->cached : &w->files[handle];
    w->play_open--;
    f->handles--;
    if (f->removed) {
        file_unlink(f);
    }
}

static int cached_open(void *ctx, const char *name, int source, int *handle, uint64_t *offset, uint64_t *len)
{
    struct world *w = ctx;
    if (!w->cached.used || w->cached_of != w->files[source].serial || strcmp(w->files[source].name, name) != 0) {
        return ST_NOT_FOUND;
    }
    *handle = CACHED_HANDLE;
    *offset = 0;
    *len = w->cached.len;
    w->cached.handles++;
    w->cached_opens++;
    w->play_open++;
    return ST_OK;
}

static int cache_begin(void *ctx, const char *name, int source, uint64_t len, struct pool_id *cache)
{
    struct world *w = ctx;
    assert_false(w->caching.used); /* one at a time */
    assert_string_equal(w->files[source].name, name);
    assert_true(len > 0 && len % 2 == 0);
    if (w->cache_status != ST_OK) {
        return w->cache_status;
    }
    w->caching.used = true;
    w->caching_of = w->files[source].serial;
    *cache = (struct pool_id){WORLD_FILES, 1};
    return ST_OK;
}

static int cache_write(void *ctx, struct pool_id cache, const void *data, size_t len)
{
    struct world *w = ctx;
    assert_true(w->caching.used && cache.slot == WORLD_FILES);
    append(&w->caching, w->caching.len, data, len);
    return ST_OK;
}

static void cache_done(struct world *w, const char *arg)
{
    (void)arg;
    bool fits = false;
    for (size_t i = 0; i < WORLD_FILES; i++) {
        const struct world_file *f = &w->files[i];
        fits = fits || (f->used && !f->temporary && !f->removed && f->serial == w->caching_of);
    }
    if (fits && w->cached.handles == 0) {
        free(w->cached.data);
        w->cached = w->caching;
        w->cached_of = w->caching_of;
    } else {
        free(w->caching.data);
        fits = false;
    }
    memset(&w->caching, 0, sizeof(w->caching));
    gateway_cache_done(w->gateway, fits ? ST_OK : ST_STATE);
}

static int cache_commit(void *ctx, struct pool_id cache)
{
    struct world *w = ctx;
    assert_true(w->caching.used && cache.slot == WORLD_FILES);
    world_at(w, w->commit_delay, cache_done, "");
    return ST_OK;
}

static void cache_abort(void *ctx, struct pool_id cache)
{
    struct world *w = ctx;
    assert_true(w->caching.used && cache.slot == WORLD_FILES);
    free(w->caching.data);
    memset(&w->caching, 0, sizeof(w->caching));
}

static int list_open(void *ctx, void **list)
{
    struct world *w = ctx;
    if (w->list_status != ST_OK) {
        return w->list_status;
    }
    size_t i = 0;
    while (i < WORLD_LISTS && w->lists[i].open) {
        i++;
    }
    assert_true(i < WORLD_LISTS); /* one a client */
    w->lists[i].open = true;
    w->lists[i].at = 0;
    w->list_open++;
    *list = &w->lists[i].at;
    return ST_OK;
}

static int list_next(void *ctx, void *list, struct list_entry *entry)
{
    struct world *w = ctx;
    size_t *at = list;
    w->list_calls_turn++;
    entry->reads = w->list_reads;
    while (*at < WORLD_FILES) {
        const struct world_file *f = &w->files[(*at)++];
        if (f->used && !f->temporary && !f->removed) {
            snprintf(entry->name, sizeof(entry->name), "%s", f->name);
            entry->bytes = f->len;
            entry->ms = 20;
            return ST_OK;
        }
    }
    if (*at - WORLD_FILES < 2 * w->list_extra) {
        size_t n = (*at)++ - WORLD_FILES;
        snprintf(entry->name, sizeof(entry->name), "extra%06zu", n / 2);
        entry->bytes = n / 2;
        entry->ms = 1;
        return n % 2 == 0 ? ST_AGAIN : ST_OK;
    }
    return ST_NOT_FOUND;
}

static void list_close(void *ctx, void *list)
{
    struct world *w = ctx;
    for (size_t i = 0; i < WORLD_LISTS; i++) {
        if (list == &w->lists[i].at) {
            assert_true(w->lists[i].open);
            w->lists[i].open = false;
            w->list_open--;
        }
    }
}

static int remove_file(void *ctx, const char *name)
{
    struct world *w = ctx;
    struct world_file *f = file_named(w, name);
    if (w->remove_status != ST_OK) {
        return w->remove_status;
    }
    if (f == NULL) {
        return ST_NOT_FOUND;
    }
    file_unlink(f);
    return ST_OK;
}

static int record_begin(void *ctx, const char *number, const char *callid8, struct pool_id *recording, char *path,
                        size_t cap)
{
    struct world *w = ctx;
    *recording = (struct pool_id){0, w->recording.used ? 2 : 1};
    if (w->recording.used) {
        w->more_recordings++;
    } else {
        file_drop(&w->recording);
        w->recording.used = true;
    }
    snprintf(path, cap, "rec/%s-%s.wav", number, callid8);
    return ST_OK;
}

static int record_write(void *ctx, struct pool_id recording, uint64_t offset, const void *data, size_t len)
{
    struct world *w = ctx;
    if (recording.generation == 2) {
        assert_true(w->more_recordings > 0);
        return ST_OK;
    }
    assert_true(w->recording.used);
    append(&w->recording, (size_t)offset, data, len);
    return ST_OK;
}

static void record_end(void *ctx, struct pool_id recording)
{
    struct world *w = ctx;
    if (recording.generation == 2) {
        assert_true(w->more_recordings-- > 0);
        return;
    }
    assert_true(w->recording.used);
    w->recording.used = false;
}

static void raw_packet(void *ctx, const void *data, size_t len)
{
    struct world *w = ctx;
    (void)data;
    assert_true(len > 12);
    w->raw_count++;
}

void world_file_io(struct world *w, struct gateway_config *config)
{
    config->uploads = (struct upload_io){.ctx = w,
                                         .why = why,
                                         .begin = upload_begin,
                                         .write = upload_write,
                                         .read = upload_read,
                                         .commit = upload_commit,
                                         .abort = upload_abort};
    config->lists = (struct list_io){
        .ctx = w, .why = why, .open = list_open, .next = list_next, .close = list_close, .remove = remove_file};
    config->calls.media_files = (struct media_files){
        .ctx = w,
        .play_open = play_open,
        .play_read = play_read,
        .play_close = play_close,
        .cached_open = cached_open,
        .cache_begin = cache_begin,
        .cache_write = cache_write,
        .cache_commit = cache_commit,
        .cache_abort = cache_abort,
        .record_begin = record_begin,
        .record_write = record_write,
        .record_end = record_end,
        .raw_packet = raw_packet,
    };
}
