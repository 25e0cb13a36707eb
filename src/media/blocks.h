/* SPDX-License-Identifier: MIT */
/* Blocks of one size in which live audio waits, shared by all calls (--media-buffer). Chains of them belong to a live queue. */
#ifndef WSAUDIO_MEDIA_BLOCKS_H
#define WSAUDIO_MEDIA_BLOCKS_H

#include "wsaudio/audio.h"

#define BLOCK_BYTES 1024
#define BLOCK_NONE  UINT32_MAX

/* One block's bytes from `from` to `to` hold samples of one codec. */
struct block {
    uint32_t next;
    uint16_t from, to;
    uint8_t codec; /* enum audio_codec */
};

struct block_store {
    uint8_t *bytes;       /* owns; memory of blocks never used costs no RSS */
    struct block *blocks; /* owns */
    uint32_t count;
    uint32_t used;
    uint32_t fresh; /* from here on never used */
    uint32_t free;  /* chain of those given back */
};

/* As many blocks as `bytes` hold; none for less than one. ST_NO_MEMORY. */
WS_MUST_CHECK int block_store_init(struct block_store *s, uint64_t bytes);
void block_store_fini(struct block_store *s);
/* An empty block, or BLOCK_NONE when all are in use. */
uint32_t block_take(struct block_store *s, enum audio_codec codec);
/* Gives a chain of `count` blocks back at once. */
void block_give(struct block_store *s, uint32_t first, uint32_t last, uint32_t count);
static inline uint8_t *block_bytes(const struct block_store *s, uint32_t block)
{
    return s->bytes + (size_t)block * BLOCK_BYTES;
}
/* What a store of so many bytes takes. */
uint64_t block_store_memory(uint64_t bytes);

#endif
