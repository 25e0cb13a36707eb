/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/pool.h"

#include <stdlib.h>
#include <string.h>

#define FREE_END UINT32_MAX

#define ALIGN (2 * sizeof(uint64_t))

int pool_init(struct pool *pool, size_t item_size, uint32_t cap)
{
    memset(pool, 0, sizeof(*pool));
    pool->free_head = FREE_END;
    pool->item_size = item_size;
    pool->stride = (sizeof(struct pool_slot) + item_size + ALIGN - 1) / ALIGN * ALIGN;
    pool->slots = cap <= SIZE_MAX / pool->stride ? malloc(cap * pool->stride) : NULL;
    if (pool->slots == NULL && cap > 0) {
        return ST_NO_MEMORY;
    }
    pool->cap = cap;
    return ST_OK;
}

void pool_fini(struct pool *pool)
{
    free(pool->slots);
    memset(pool, 0, sizeof(*pool));
    pool->free_head = FREE_END;
}

/* One that was used before, the latest first: its pages are there already. */
static uint32_t take_slot(struct pool *pool)
{
    uint32_t index = pool->free_head;

    if (index != FREE_END) {
        pool->free_head = pool_slot_at(pool, index)->free_next;
    } else if (pool->fresh < pool->cap) {
        index = pool->fresh++;
        pool_slot_at(pool, index)->generation = 0;
    }
    return index;
}

void *pool_new(struct pool *pool, struct pool_id *id)
{
    uint32_t index = take_slot(pool);

    if (index == FREE_END) {
        *id = POOL_ID_NONE;
        return NULL;
    }
    struct pool_slot *slot = pool_slot_at(pool, index);
    slot->generation++; /* even (free) to odd (live); wraps from 2^32-1 to 0, which is free again */
    pool->used++;
    *id = (struct pool_id){index, slot->generation};
    memset(slot + 1, 0, pool->item_size);
    return slot + 1;
}

void pool_free(struct pool *pool, struct pool_id id)
{
    if (pool_get(pool, id) == NULL) {
        return;
    }
    struct pool_slot *slot = pool_slot_at(pool, id.slot);
    slot->generation++;
    slot->free_next = pool->free_head;
    pool->free_head = id.slot;
    pool->used--;
}

void *pool_next(const struct pool *pool, uint32_t *slot, struct pool_id *id)
{
    for (; *slot < pool->fresh; (*slot)++) {
        struct pool_slot *s = pool_slot_at(pool, *slot);
        if ((s->generation & 1) != 0) {
            if (id != NULL) {
                *id = (struct pool_id){*slot, s->generation};
            }
            return s + 1;
        }
    }
    return NULL;
}
