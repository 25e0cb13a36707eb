/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/pool.h"

#include <stdlib.h>
#include <string.h>

#define FREE_END UINT32_MAX

int pool_init(struct pool *pool, size_t item_size, uint32_t cap)
{
    memset(pool, 0, sizeof(*pool));
    pool->item_size = item_size;
    pool->items = calloc(cap, item_size);
    pool->generation = calloc(cap, sizeof(*pool->generation));
    pool->free_next = calloc(cap, sizeof(*pool->free_next));
    if (pool->items == NULL || pool->generation == NULL || pool->free_next == NULL) {
        pool_fini(pool);
        return ST_NO_MEMORY;
    }
    pool->cap = cap;
    for (uint32_t i = 0; i < cap; i++) {
        pool->free_next[i] = i + 1 < cap ? i + 1 : FREE_END;
    }
    pool->free_head = cap > 0 ? 0 : FREE_END;
    return ST_OK;
}

void pool_fini(struct pool *pool)
{
    free(pool->items);
    free(pool->generation);
    free(pool->free_next);
    memset(pool, 0, sizeof(*pool));
    pool->free_head = FREE_END;
}

void *pool_new(struct pool *pool, struct pool_id *id)
{
    uint32_t slot = pool->free_head;

    if (pool->cap == 0 || slot == FREE_END) {
        *id = POOL_ID_NONE;
        return NULL;
    }
    pool->free_head = pool->free_next[slot];
    pool->generation[slot]++; /* even (free) to odd (live); wraps from 2^32-1 to 0, which is free again */
    pool->used++;
    *id = (struct pool_id){slot, pool->generation[slot]};
    void *item = pool->items + (size_t)slot * pool->item_size;
    memset(item, 0, pool->item_size);
    return item;
}

void pool_free(struct pool *pool, struct pool_id id)
{
    if (pool_get(pool, id) == NULL) {
        return;
    }
    pool->generation[id.slot]++;
    pool->free_next[id.slot] = pool->free_head;
    pool->free_head = id.slot;
    pool->used--;
}

void *pool_next(const struct pool *pool, uint32_t *slot, struct pool_id *id)
{
    for (; *slot < pool->cap; (*slot)++) {
        if ((pool->generation[*slot] & 1) != 0) {
            if (id != NULL) {
                *id = (struct pool_id){*slot, pool->generation[*slot]};
            }
            return pool->items + (size_t)*slot * pool->item_size;
        }
    }
    return NULL;
}
