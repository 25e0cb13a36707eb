/* SPDX-License-Identifier: MIT */
/* Live audio of one call that waits to be sent: a chain of blocks, each with the codec in which its samples came. */
#ifndef WSAUDIO_MEDIA_LIVE_H
#define WSAUDIO_MEDIA_LIVE_H

#include "blocks.h"

/* 60 s of 16-bit samples, and some that are not full because the format changed. */
#define LIVE_BLOCKS_MAX 1000

struct live {
    struct block_store *store; /* borrows; NULL: nothing can be put */
    uint32_t first, last;      /* valid while blocks > 0 */
    uint32_t blocks;
    uint64_t put;   /* samples put so far */
    uint64_t taken; /* of them taken or dropped */
};

static inline uint64_t live_count(const struct live *l)
{
    return l->put - l->taken;
}
/* Returns how many of the samples found room: fewer when the store has no block left or this queue has LIVE_BLOCKS_MAX. */
size_t live_put(struct live *l, enum audio_codec codec, const uint8_t *samples, size_t count);
/* Takes the oldest `count` samples, at most live_count, in `to` (mu-law or A-law). */
void live_take(struct live *l, enum audio_codec to, uint8_t *out, size_t count);
/* Drops the oldest `count` samples, at most live_count; as fast as their blocks can be given back. */
void live_skip(struct live *l, uint64_t count);
/* Drops everything; takes the same time however much it is. Safe on a zeroed queue. */
void live_drop(struct live *l);

#endif
