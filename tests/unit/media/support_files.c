/* SPDX-License-Identifier: MIT */
#include "support_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

void files_init(struct memory_files *m)
{
    memset(m, 0, sizeof(*m));
    m->reads_before_failure = -1;
}

void files_fini(struct memory_files *m)
{
    assert_int_equal(m->open, 0); /* every handle was given back */
    assert_false(m->recording_open);
    for (size_t i = 0; i < m->count; i++) {
        free(m->file[i].data);
    }
    free(m->recording);
    memset(m, 0, sizeof(*m));
}

void files_put(struct memory_files *m, const char *name, const void *data, size_t len)
{
    assert_true(m->count < FILES_MAX);
    struct memory_file *f = &m->file[m->count++];
    snprintf(f->name, sizeof(f->name), "%s", name);
    f->data = malloc(len + 1);
    assert_non_null(f->data);
    memcpy(f->data, data, len);
    f->len = len;
}

static int play_open(void *ctx, const char *name, int *handle, uint64_t *size)
{
    struct memory_files *m = ctx;

    if (m->open_fails) {
        return ST_IO;
    }
    for (size_t i = 0; i < m->count; i++) {
        if (!m->file[i].gone && strcmp(m->file[i].name, name) == 0) {
            *handle = (int)i;
            *size = m->file[i].len;
            m->open++;
            m->opens++;
            return ST_OK;
        }
    }
    return ST_NOT_FOUND;
}

static int play_read(void *ctx, int handle, uint64_t offset, void *data, size_t len)
{
    struct memory_files *m = ctx;

    assert_in_range(handle, 0, FILES_MAX - 1);
    assert_true(len > 0);
    if (m->reads_before_failure == 0) {
        return ST_IO;
    }
    m->reads_before_failure -= m->reads_before_failure > 0 ? 1 : 0;
    const struct memory_file *f = &m->file[handle];
    size_t n = offset < f->len ? f->len - (size_t)offset : 0;
    n = n < len ? n : len;
    n = m->read_most > 0 && n > m->read_most ? m->read_most : n;
    if (n > 0) {
        memcpy(data, f->data + offset, n);
    }
    m->reads++;
    m->read_bytes += n;
    m->longest_read = len > m->longest_read ? len : m->longest_read;
    return (int)n;
}

static void play_close(void *ctx, int handle)
{
    struct memory_files *m = ctx;

    assert_in_range(handle, 0, FILES_MAX - 1);
    assert_true(m->open > 0);
    m->open--;
}

static int record_begin(void *ctx, const char *number, const char *callid8, struct pool_id *recording, char *path,
                        size_t cap)
{
    struct memory_files *m = ctx;

    if (m->begin_status != ST_OK) {
        return m->begin_status;
    }
    assert_false(m->recording_open);
    m->recording_open = true;
    m->records_begun++;
    m->recording_len = 0;
    snprintf(m->number, sizeof(m->number), "%s", number);
    snprintf(m->callid8, sizeof(m->callid8), "%s", callid8);
    *recording = (struct pool_id){7, 9};
    snprintf(path, cap, "rec/%s-%s.wav", number, callid8);
    return ST_OK;
}

static int record_write(void *ctx, struct pool_id recording, uint64_t offset, const void *data, size_t len)
{
    struct memory_files *m = ctx;

    assert_true(m->recording_open);
    assert_true(recording.slot == 7 && recording.generation == 9);
    assert_true(offset <= m->recording_len); /* no holes */
    if (m->write_status != ST_OK) {
        return m->write_status;
    }
    size_t end = (size_t)offset + len;
    if (m->disk > 0 && end > m->disk) {
        return ST_FULL;
    }
    if (end > m->recording_cap) {
        m->recording_cap = end * 2;
        m->recording = realloc(m->recording, m->recording_cap);
        assert_non_null(m->recording);
    }
    memcpy(m->recording + offset, data, len);
    m->recording_len = end > m->recording_len ? end : m->recording_len;
    if (m->written != NULL) {
        m->written(m, offset, len);
    }
    return ST_OK;
}

static void record_end(void *ctx, struct pool_id recording)
{
    struct memory_files *m = ctx;

    assert_true(m->recording_open);
    assert_int_equal(recording.slot, 7);
    m->recording_open = false;
    m->records_ended++;
}

void files_io(struct memory_files *m, struct media_files *io)
{
    *io = (struct media_files){.ctx = m,
                               .play_open = play_open,
                               .play_read = play_read,
                               .play_close = play_close,
                               .record_begin = record_begin,
                               .record_write = record_write,
                               .record_end = record_end};
}
