/* SPDX-License-Identifier: MIT */
#include "wsaudio/store/recordings.h"

#include <stdlib.h>

#include "recordings_priv.h"

#define LINK_NAME    "received_from_server.wav"
#define ATTEMPTS_MAX 100

struct recording {
    struct recordings *owner;
    struct pool_id id;
    int fd;
    char name[RECORDING_NAME_MAX];
    uint64_t size;
    uint32_t dir_serial; /* of the directory that it lies in */
    mono_us next_flush;
    bool dirty;       /* written since the last flush began */
    bool want_flush;  /* of the file */
    bool flushed;     /* the file, at least once */
    bool dir_flushed; /* its name is on the disk too */
    bool flushing;    /* one is under way */
    bool ending;      /* the caller has let go of it */
    bool stopped;     /* does not grow any more */
    bool failed;      /* its WARNING was given */
};

int recordings_open(const struct recordings_config *config, struct recordings **out)
{
    *out = NULL;
    struct recordings *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        return ST_NO_MEMORY;
    }
    r->dir_fd = -1;
    r->parent_fd = -1;
    r->quota_bytes = config->quota_bytes > 0 ? config->quota_bytes : UINT64_MAX;
    r->sync_us = DUR_S(config->sync_seconds);
    r->flusher = config->flusher;
    r->log = config->log;
    recordings_index_init(&r->index);
    r->dir = strdup(config->dir);
    r->other = config->other != NULL ? strdup(config->other) : NULL;
    const bool copied = r->dir != NULL && (r->other != NULL || config->other == NULL);
    int status = copied ? pool_init(&r->open, sizeof(struct recording), config->calls * 2) : ST_NO_MEMORY;
    if (status == ST_OK) {
        status = recordings_open_dir(r);
    }
    if (status != ST_OK) {
        recordings_close(r);
        return status;
    }
    *out = r;
    return ST_OK;
}

void recordings_close(struct recordings *r)
{
    if (r == NULL) {
        return;
    }
    struct pool_id id;
    for (uint32_t slot = 0; pool_next(&r->open, &slot, &id) != NULL; slot++) {
        recordings_end(r, id);
    }
    if (r->open.used > 0) {
        os_flusher_drain(r->flusher);
    }
    recordings_index_fini(&r->index);
    os_dir_iter_close(r->iter);
    os_close(r->dir_fd);
    os_close(r->parent_fd);
    pool_fini(&r->open);
    free(r->other);
    free(r->dir);
    free(r);
}

static struct recording *recording_get(const struct recordings *r, struct pool_id id)
{
    struct recording *rec = pool_get(&r->open, id);

    return rec != NULL && !rec->ending ? rec : NULL;
}

static void make_link(struct recordings *r, const char *name)
{
    char target[RECORDING_NAME_MAX + 256];
    struct outbuf text;

    outbuf_init(&text, target, sizeof(target) - 1);
    outbuf_printf(&text, "%s/%s", r->base, name);
    target[text.len] = '\0';
    const char *why = "the directory has no plain name";
    if (r->parent_fd >= 0 && outbuf_status(&text) == ST_OK) {
        if (os_file_link(r->parent_fd, target, LINK_NAME) == ST_OK) {
            return;
        }
        why = os_error_text();
    }
    if (!r->link_failed) {
        r->link_failed = true;
        char words[LOG_WORDS_MAX];
        log_write(r->log, LOG_INFO, LOG_TEXT(r->log, RECORDING_LINK), LINK_NAME, log_words(r->log, why, words));
    }
}

static int recording_create(struct recordings *r, struct recording *rec, struct span number, struct span call_id,
                            int64_t wall_us)
{
    int status = ST_BUSY;

    for (unsigned attempt = 1; status == ST_BUSY && attempt <= ATTEMPTS_MAX; attempt++) {
        recordings_name_make(rec->name, number, call_id, wall_us, attempt);
        if (recordings_index_find(&r->index, rec->name) == NULL) {
            status = os_file_open(r->dir_fd, rec->name, OS_OPEN_CREATE_EXCL, &rec->fd);
        }
    }
    if (status != ST_OK) {
        return status;
    }
    rec->dir_serial = r->dir_serial;
    status = recordings_index_add(&r->index, rec->name, 0, true);
    if (status != ST_OK) {
        os_close(rec->fd);
        (void)!os_file_remove(r->dir_fd, rec->name);
    }
    return status;
}

int recordings_begin(struct recordings *r, struct span number, struct span call_id, int64_t wall_us, mono_us now,
                     struct pool_id *recording)
{
    *recording = POOL_ID_NONE;
    const int there = recordings_renew_dir(r);
    int status = there == ST_OK ? recordings_check_space(r, now) : there;
    if (status == ST_OK) {
        status = recordings_make_space(r, 0, now);
    }
    if (status != ST_OK) {
        if (there != ST_OK && log_quota_take(&r->failures, r->log, LOG_WARNING, now)) {
            log_write(r->log, LOG_WARNING, LOG_TEXT(r->log, RECORDING_FAILED), r->dir, os_error_text());
        }
        return status;
    }
    struct pool_id id;
    struct recording *rec = pool_new(&r->open, &id);
    if (rec == NULL) {
        return ST_FULL;
    }
    rec->owner = r;
    rec->id = id;
    rec->next_flush = now + r->sync_us;
    status = recording_create(r, rec, number, call_id, wall_us);
    if (status != ST_OK) {
        if (log_quota_take(&r->failures, r->log, LOG_WARNING, now)) {
            log_write(r->log, LOG_WARNING, LOG_TEXT(r->log, RECORDING_FAILED), rec->name, os_error_text());
        }
        pool_free(&r->open, id);
        return status;
    }
    make_link(r, rec->name);
    *recording = id;
    return ST_OK;
}

const char *recordings_name(const struct recordings *r, struct pool_id recording)
{
    const struct recording *rec = recording_get(r, recording);

    return rec != NULL ? rec->name : NULL;
}

static void close_now(struct recording *rec)
{
    struct recordings *r = rec->owner;
    struct recordings_file *file = recordings_index_find(&r->index, rec->name);
    const bool lost = rec->dir_serial != r->dir_serial; /* with its directory */

    os_close(rec->fd);
    r->growing -= rec->size;
    if (file != NULL) {
        file->open = false;
        if (lost || (rec->size == 0 && os_file_remove(r->dir_fd, rec->name) == ST_OK)) {
            r->total -= file->size;
            recordings_index_remove(&r->index, file);
        }
    }
    pool_free(&r->open, rec->id);
}

static void recording_fail(struct recording *rec)
{
    if (!rec->failed) {
        rec->failed = true;
        log_write(rec->owner->log, LOG_WARNING, LOG_TEXT(rec->owner->log, RECORDING_FAILED), rec->name,
                  os_error_text());
    }
}

static void recording_advance(struct recording *rec);

static void on_flushed(void *ctx, int status)
{
    struct recording *rec = ctx;

    rec->flushing = false;
    if (status != ST_OK) {
        recording_fail(rec);
    }
    recording_advance(rec);
}

static void start_flush(struct recording *rec, int fd)
{
    rec->flushing = true;
    if (os_flush(rec->owner->flusher, fd, on_flushed, rec) != ST_OK) {
        rec->flushing = false;
        recording_advance(rec);
    }
}

/* The next of: flush the file, flush its name, close. rec may be gone behind this. */
static void recording_advance(struct recording *rec)
{
    if (rec->flushing) {
        return;
    }
    if (rec->want_flush) {
        rec->want_flush = false;
        rec->dirty = false;
        rec->flushed = true;
        start_flush(rec, rec->fd);
    } else if (rec->flushed && !rec->dir_flushed) {
        rec->dir_flushed = true;
        start_flush(rec, rec->owner->dir_fd);
    } else if (rec->ending) {
        close_now(rec);
    }
}

static int write_checked(struct recording *rec, uint64_t offset, const void *data, size_t len, mono_us now)
{
    struct recordings *r = rec->owner;
    const uint64_t end = offset + len;
    const uint64_t more = end > rec->size ? end - rec->size : 0;

    if (more > 0) {
        if (rec->stopped || recordings_make_space(r, more, now) != ST_OK) {
            rec->stopped = true;
            return ST_FULL;
        }
    }
    int status = os_file_write_at(rec->fd, offset, data, len);
    if (status == ST_FULL) {
        rec->stopped = true;
        return recordings_stopped(r, RECORDINGS_STOP_SYSTEM);
    }
    if (status != ST_OK) {
        recording_fail(rec);
        return ST_IO;
    }
    struct recordings_file *file = recordings_index_find(&r->index, rec->name);
    rec->size += more;
    r->growing += more;
    r->total += more;
    if (file != NULL) {
        file->size = rec->size;
    }
    return ST_OK;
}

int recordings_write_at(struct recordings *r, struct pool_id recording, uint64_t offset, const void *data, size_t len,
                        mono_us now)
{
    struct recording *rec = recording_get(r, recording);

    if (rec == NULL) {
        return ST_STATE;
    }
    recordings_go_on_reading(r);
    int status = write_checked(rec, offset, data, len, now);
    rec->dirty = rec->dirty || status == ST_OK;
    if (rec->dirty && r->sync_us > 0 && now >= rec->next_flush && !rec->flushing) {
        rec->next_flush = now + r->sync_us;
        rec->want_flush = true;
        recording_advance(rec);
    }
    return status;
}

void recordings_end(struct recordings *r, struct pool_id recording)
{
    struct recording *rec = recording_get(r, recording);

    if (rec != NULL) {
        rec->ending = true;
        rec->want_flush = rec->dirty && r->sync_us > 0;
        recording_advance(rec);
    }
}

int recordings_open_file(struct recordings *r, struct span name, int *fd, uint64_t *size)
{
    char text[RECORDING_NAME_MAX];

    *fd = -1;
    if (!recordings_name_valid(name) || span_copy(name, text, sizeof(text)) != ST_OK) {
        return ST_BAD;
    }
    int status = recordings_renew_dir(r);
    if (status == ST_OK) {
        status = os_file_open(r->dir_fd, text, OS_OPEN_READ, fd);
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

uint64_t recordings_used(const struct recordings *r)
{
    return r->total;
}

uint32_t recordings_count(const struct recordings *r)
{
    return recordings_index_count(&r->index);
}

bool recordings_next(struct recordings *r, struct recordings_cursor *cursor, struct recordings_entry *out)
{
    if (cursor->after[0] == '\0') {
        (void)!recordings_renew_dir(r);
    }
    const struct recordings_file *file = recordings_index_before(&r->index, cursor->after);
    if (file == NULL || span_copy(span_cstr(file->name), cursor->after, sizeof(cursor->after)) != ST_OK) {
        return false;
    }
    *out = (struct recordings_entry){cursor->after, file->size, file->open};
    return true;
}
