/* SPDX-License-Identifier: MIT */
/* Converted forms of uploads: a plain WAV file whose first chunk tells which file it was made of. */
#include <stdio.h>

#include "uploads_priv.h"
#include "wsaudio/audio.h"

#define SOURCE_CHUNK "wsrc"
#define SOURCE_LEN   24
#define DATA_MAX     (UINT32_MAX - CACHED_HEADER_LEN)

static uint8_t *put_le(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        *at++ = (uint8_t)(value >> (8 * i));
    }
    return at;
}

static uint8_t *put_chunk(uint8_t *at, const char *four, uint64_t len)
{
    memcpy(at, four, 4);
    return put_le(at + 4, len, 4);
}

static void write_header(uint8_t out[CACHED_HEADER_LEN], const struct os_file_identity *source, uint64_t len)
{
    uint8_t *at = put_chunk(out, "RIFF", CACHED_HEADER_LEN - 8 + len);

    memcpy(at, "WAVE", 4);
    at = put_chunk(at + 4, SOURCE_CHUNK, SOURCE_LEN);
    at = put_le(at, source->size, 8);
    at = put_le(at, (uint64_t)source->modified_us, 8);
    at = put_le(at, source->serial, 8);
    at = put_chunk(at, "fmt ", 16);
    at = put_le(at, 1, 2); /* PCM, one channel */
    at = put_le(at, 1, 2);
    at = put_le(at, AUDIO_HZ, 4);
    at = put_le(at, 2 * AUDIO_HZ, 4);
    at = put_le(at, 2, 2);
    at = put_le(at, 16, 2);
    (void)put_chunk(at, "data", len);
}

static int cached_name(struct span original, char out[STORED_NAME_MAX])
{
    if (!file_name_is_ok(original)) {
        return ST_BAD;
    }
    (void)snprintf(out, STORED_NAME_MAX, CACHED_PREFIX "%.*s", (int)original.len, original.ptr);
    return ST_OK;
}

bool uploads_is_cached(const char *name, const char **original)
{
    *original = name + sizeof(CACHED_PREFIX) - 1;
    return strncmp(name, CACHED_PREFIX, sizeof(CACHED_PREFIX) - 1) == 0 && file_name_is_ok(span_cstr(*original));
}

/* Ours, and of that source (NULL: of any). */
static bool header_fits(int fd, const struct os_file_identity *source, uint64_t *len)
{
    uint8_t found[CACHED_HEADER_LEN], wanted[CACHED_HEADER_LEN];
    uint64_t size;

    if (os_file_read_at(fd, 0, found, sizeof(found)) != CACHED_HEADER_LEN) {
        return false;
    }
    if (source == NULL) {
        return memcmp(found, "RIFF", 4) == 0 && memcmp(found + 12, SOURCE_CHUNK, 4) == 0;
    }
    if (os_file_size(fd, &size) != ST_OK || size <= CACHED_HEADER_LEN) {
        return false;
    }
    *len = size - CACHED_HEADER_LEN;
    write_header(wanted, source, *len);
    return memcmp(found, wanted, sizeof(found)) == 0;
}

int uploads_cached_open(struct uploads *u, struct span name, int source, int *fd, uint64_t *offset, uint64_t *len)
{
    char stored[STORED_NAME_MAX];
    struct os_file_identity identity;

    *fd = -1;
    if (cached_name(name, stored) != ST_OK) {
        return ST_BAD;
    }
    if (uploads_renew_dir(u) != ST_OK || os_file_identify(source, &identity) != ST_OK ||
        os_file_open(u->dir_fd, stored, OS_OPEN_READ, fd) != ST_OK) {
        *fd = -1;
        return ST_NOT_FOUND;
    }
    if (!header_fits(*fd, &identity, len)) {
        os_close(*fd);
        *fd = -1;
        return ST_NOT_FOUND;
    }
    *offset = CACHED_HEADER_LEN;
    return ST_OK;
}

int uploads_cache_begin(struct uploads *u, struct span name, int source, uint64_t len, struct pool_id *upload)
{
    char stored[STORED_NAME_MAX];
    uint8_t header[CACHED_HEADER_LEN];
    struct upload *up;

    *upload = POOL_ID_NONE;
    if (cached_name(name, stored) != ST_OK) {
        return ST_BAD;
    }
    if (len > DATA_MAX) {
        return ST_TOO_LARGE;
    }
    int status = uploads_start(u, stored, &up);
    if (status != ST_OK) {
        return status;
    }
    up->converted = true;
    status = os_file_identify(source, &up->source);
    if (status == ST_OK && !uploads_have_space(u, up, uploads_space(u, CACHED_HEADER_LEN + len))) {
        status = ST_FULL;
    }
    if (status == ST_OK) {
        write_header(header, &up->source, len);
        status = uploads_write(u, up->id, header, sizeof(header));
    }
    if (status != ST_OK) {
        uploads_abort(u, up->id);
        return status;
    }
    *upload = up->id;
    return ST_OK;
}

bool uploads_cached_fits(struct uploads *u, const struct upload *up)
{
    const char *original;
    struct os_file_identity now;
    uint64_t size;
    int fd;

    if (!uploads_is_cached(up->name, &original) || uploads_open_file(u, span_cstr(original), &fd, &size) != ST_OK) {
        return false;
    }
    int status = os_file_identify(fd, &now);
    os_close(fd);
    return status == ST_OK && now.size == up->source.size && now.modified_us == up->source.modified_us &&
           now.serial == up->source.serial;
}

void uploads_drop_cached(struct uploads *u, const char *original)
{
    char stored[STORED_NAME_MAX];

    if (cached_name(span_cstr(original), stored) != ST_OK) {
        return;
    }
    uint64_t space;
    if (uploads_find(u, stored, &space) && os_file_remove(u->dir_fd, stored) == ST_OK) {
        u->stored = u->stored > space ? u->stored - space : 0;
        u->changes++;
    }
}

bool uploads_drop_orphan(struct uploads *u, const char *name)
{
    const char *original;
    uint64_t size;
    int fd;

    if (!uploads_is_cached(name, &original)) {
        return false;
    }
    if (uploads_open_file(u, span_cstr(original), &fd, &size) != ST_NOT_FOUND) {
        os_close(fd);
        return false;
    }
    if (os_file_open(u->dir_fd, name, OS_OPEN_READ, &fd) != ST_OK) {
        return false;
    }
    const bool ours = header_fits(fd, NULL, &size); /* what somebody else put there stays */
    os_close(fd);
    return ours && os_file_remove(u->dir_fd, name) == ST_OK;
}
