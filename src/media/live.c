/* SPDX-License-Identifier: MIT */
#include "live.h"

/* The last block when it can take more of that codec, else a new one behind it. */
static struct block *room(struct live *l, enum audio_codec codec)
{
    struct block_store *s = l->store;

    if (l->blocks > 0) {
        struct block *last = &s->blocks[l->last];
        if (last->codec == codec && last->to < BLOCK_BYTES) {
            return last;
        }
    }
    uint32_t fresh = l->blocks < LIVE_BLOCKS_MAX ? block_take(s, codec) : BLOCK_NONE;
    if (fresh == BLOCK_NONE) {
        return NULL;
    }
    if (l->blocks++ == 0) {
        l->first = fresh;
    } else {
        s->blocks[l->last].next = fresh;
    }
    l->last = fresh;
    return &s->blocks[fresh];
}

/* each: 1 or 2. In each packet, so that it is no division. */
static size_t samples_in(size_t bytes, size_t each)
{
    return bytes >> (each - 1);
}

size_t live_put(struct live *l, enum audio_codec codec, const uint8_t *samples, size_t count)
{
    size_t each = audio_codec_width(codec);
    size_t done = 0;

    while (done < count && l->store != NULL) {
        struct block *block = room(l, codec);
        if (block == NULL) {
            break;
        }
        size_t n = samples_in(BLOCK_BYTES - block->to, each);
        n = n < count - done ? n : count - done;
        memcpy(block_bytes(l->store, l->last) + block->to, samples + done * each, n * each);
        block->to = (uint16_t)(block->to + n * each);
        done += n;
    }
    l->put += done;
    return done;
}

static void release_first(struct live *l)
{
    uint32_t first = l->first;

    l->first = l->store->blocks[first].next;
    l->blocks--;
    block_give(l->store, first, first, 1);
}

/* How many of `count` samples the first block has. */
static size_t in_first(const struct live *l, uint64_t count)
{
    const struct block *block = &l->store->blocks[l->first];
    size_t n = samples_in((size_t)(block->to - block->from), audio_codec_width((enum audio_codec)block->codec));

    return n < count ? n : (size_t)count;
}

/* So many samples of the first block are used. */
static void advance(struct live *l, size_t count)
{
    struct block *block = &l->store->blocks[l->first];

    block->from = (uint16_t)(block->from + count * audio_codec_width((enum audio_codec)block->codec));
    l->taken += count;
    if (block->from == block->to) {
        release_first(l);
    }
}

void live_take(struct live *l, enum audio_codec to, uint8_t *out, size_t count)
{
    while (count > 0) {
        const struct block *block = &l->store->blocks[l->first];
        size_t n = in_first(l, count);
        audio_convert((enum audio_codec)block->codec, block_bytes(l->store, l->first) + block->from, to, out, n);
        advance(l, n);
        out += n;
        count -= n;
    }
}

void live_skip(struct live *l, uint64_t count)
{
    while (count > 0) {
        size_t n = in_first(l, count);
        advance(l, n);
        count -= n;
    }
}

void live_drop(struct live *l)
{
    if (l->blocks > 0) {
        block_give(l->store, l->first, l->last, l->blocks);
    }
    l->blocks = 0;
    l->taken = l->put;
}
