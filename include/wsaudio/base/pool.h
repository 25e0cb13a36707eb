/* SPDX-License-Identifier: MIT */
/* A fixed number of objects of one size, named by {slot, generation} so that a name kept too long is recognised. */
#ifndef WSAUDIO_BASE_POOL_H
#define WSAUDIO_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsaudio/base/status.h"

/* generation is never 0 for a live object: {0, 0} names nothing. */
struct pool_id {
    uint32_t slot;
    uint32_t generation;
};

#define POOL_ID_NONE ((struct pool_id){0, 0})

static inline bool pool_id_eq(struct pool_id a, struct pool_id b)
{
    return a.slot == b.slot && a.generation == b.generation;
}
static inline bool pool_id_is_none(struct pool_id id)
{
    return id.generation == 0;
}
/* For epoll data and the like. */
static inline uint64_t pool_id_pack(struct pool_id id)
{
    return ((uint64_t)id.generation << 32) | id.slot;
}
static inline struct pool_id pool_id_unpack(uint64_t packed)
{
    return (struct pool_id){(uint32_t)packed, (uint32_t)(packed >> 32)};
}

/* Before each object, in the same cache line as its first fields: whoever looks an object up touches it next. */
struct pool_slot {
    uint32_t generation; /* odd = live */
    uint32_t free_next;
    uint64_t aligns; /* the object that follows as malloc would */
};

struct pool {
    char *slots; /* owns; cap * stride, untouched memory costs no RSS */
    size_t stride;
    size_t item_size;
    uint32_t cap;
    uint32_t used;
    uint32_t fresh; /* slots from here on were never used */
    uint32_t free_head;
};

/* One allocation for all items. ST_NO_MEMORY. */
WS_MUST_CHECK int pool_init(struct pool *pool, size_t item_size, uint32_t cap);
/* Safe on a zeroed pool and twice. Does not look into live objects. */
void pool_fini(struct pool *pool);
/* A zeroed object, or NULL when all are in use. Never allocates. */
void *pool_new(struct pool *pool, struct pool_id *id);
static inline struct pool_slot *pool_slot_at(const struct pool *pool, uint32_t slot)
{
    return (struct pool_slot *)(void *)(pool->slots + (size_t)slot * pool->stride);
}
/* The object, or NULL when the id is stale, none, or out of range. In the header because each packet asks a dozen times. */
static inline void *pool_get(const struct pool *pool, struct pool_id id)
{
    if (id.slot >= pool->fresh || (id.generation & 1) == 0) {
        return NULL;
    }
    struct pool_slot *slot = pool_slot_at(pool, id.slot);
    return slot->generation == id.generation ? slot + 1 : NULL;
}
/* Stale ids are ignored. */
void pool_free(struct pool *pool, struct pool_id id);
/* Safe on a zeroed pool. The first live object with slot >= *slot, setting *slot and *id (may be NULL); NULL at the end.
 * for (uint32_t s = 0; (p = pool_next(pool, &s, &id)) != NULL; s++) … ; the current one may be freed. */
void *pool_next(const struct pool *pool, uint32_t *slot, struct pool_id *id);

#endif
