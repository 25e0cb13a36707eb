/* SPDX-License-Identifier: MIT */
#include "blocks.h"

#include <stdlib.h>

int block_store_init(struct block_store *s, uint64_t bytes)
{
    uint64_t count = bytes / BLOCK_BYTES;

    *s = (struct block_store){.free = BLOCK_NONE};
    if (count == 0) {
        return ST_OK;
    }
    if (count >= BLOCK_NONE || count > SIZE_MAX / BLOCK_BYTES) {
        return ST_NO_MEMORY;
    }
    s->bytes = malloc((size_t)count * BLOCK_BYTES);
    s->blocks = malloc((size_t)count * sizeof(*s->blocks));
    if (s->bytes == NULL || s->blocks == NULL) {
        block_store_fini(s);
        return ST_NO_MEMORY;
    }
    s->count = (uint32_t)count;
    return ST_OK;
}

void block_store_fini(struct block_store *s)
{
    free(s->bytes);
    free(s->blocks);
    *s = (struct block_store){.free = BLOCK_NONE};
}

uint32_t block_take(struct block_store *s, enum audio_codec codec)
{
    uint32_t at = s->free;

    if (at != BLOCK_NONE) {
        s->free = s->blocks[at].next;
    } else if (s->fresh < s->count) {
        at = s->fresh++;
    } else {
        return BLOCK_NONE;
    }
    s->used++;
    s->blocks[at] = (struct block){.next = BLOCK_NONE, .codec = (uint8_t)codec};
    return at;
}

void block_give(struct block_store *s, uint32_t first, uint32_t last, uint32_t count)
{
    s->blocks[last].next = s->free;
    s->free = first;
    s->used -= count;
}

uint64_t block_store_memory(uint64_t bytes)
{
    return bytes / BLOCK_BYTES * (BLOCK_BYTES + sizeof(struct block));
}
