/* SPDX-License-Identifier: MIT */
/* Records of any length in one ring of bytes, each behind its length in two bytes. */
#include <stdlib.h>

#include "wsaudio/audio.h"

#define LENGTH_LEN     2
#define RECORD_LEN_MAX 65535

int frame_ring_init(struct frame_ring *r, size_t cap)
{
    *r = (struct frame_ring){0};
    if (cap == 0) {
        return ST_OK;
    }
    r->bytes = malloc(cap);
    if (r->bytes == NULL) {
        return ST_NO_MEMORY;
    }
    r->cap = cap;
    return ST_OK;
}

void frame_ring_fini(struct frame_ring *r)
{
    free(r->bytes);
    *r = (struct frame_ring){0};
}

static void append(struct frame_ring *r, const uint8_t *from, size_t len)
{
    size_t at = r->head + r->used;

    at -= at >= r->cap ? r->cap : 0;
    size_t first = r->cap - at < len ? r->cap - at : len;
    memcpy(r->bytes + at, from, first);
    memcpy(r->bytes, from + first, len - first);
    r->used += len;
}

/* `skip` bytes behind the oldest. */
static void peek(const struct frame_ring *r, size_t skip, uint8_t *to, size_t len)
{
    size_t at = r->head + skip;

    at -= at >= r->cap ? r->cap : 0;
    size_t first = r->cap - at < len ? r->cap - at : len;
    memcpy(to, r->bytes + at, first);
    memcpy(to + first, r->bytes, len - first);
}

size_t frame_ring_peek_len(const struct frame_ring *r)
{
    if (r->count == 0) {
        return 0;
    }
    uint8_t length[LENGTH_LEN];
    peek(r, 0, length, LENGTH_LEN);
    return (size_t)length[0] << 8 | length[1];
}

static void remove_oldest(struct frame_ring *r)
{
    size_t len = LENGTH_LEN + frame_ring_peek_len(r);

    r->head += len;
    r->head -= r->head >= r->cap ? r->cap : 0;
    r->used -= len;
    r->count--;
    if (r->count == 0) {
        r->head = 0; /* a ring that holds a frame at a time stays in its first page */
    }
}

int frame_ring_push(struct frame_ring *r, const void *data, size_t len)
{
    if (len == 0 || len > RECORD_LEN_MAX || len + LENGTH_LEN > r->cap) {
        return ST_TOO_LARGE;
    }
    int dropped = 0;
    while (r->cap - r->used < len + LENGTH_LEN) {
        remove_oldest(r);
        dropped++;
    }
    r->dropped += (uint64_t)dropped;
    uint8_t length[LENGTH_LEN] = {(uint8_t)(len >> 8), (uint8_t)len};
    append(r, length, LENGTH_LEN);
    append(r, data, len);
    r->count++;
    return dropped;
}

size_t frame_ring_pop(struct frame_ring *r, void *out, size_t cap)
{
    size_t len = frame_ring_peek_len(r);

    if (len == 0) {
        return 0;
    }
    size_t copied = len < cap ? len : cap;
    peek(r, LENGTH_LEN, out, copied);
    remove_oldest(r);
    return copied;
}

void frame_ring_clear(struct frame_ring *r)
{
    r->head = 0;
    r->used = 0;
    r->count = 0;
}
