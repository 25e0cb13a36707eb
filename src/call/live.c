#include "live.h"

static size_t sample_bytes(enum audio_codec codec)
{
    return codec == AUDIO_L16 ? 2 : 1;
}

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

size_t live_put(struct live *l, enum audio_codec codec, const uint8_t *samples, size_t count)
{
    size_t each = sample_bytes(codec);
    size_t done = 0;

    while (done < count && l->store != NULL) {
        struct block *block = room(l, codec);
        if (block == NULL) {
            break;
        }
        size_t n = (BLOCK_BYTES - block->to) / each;
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

void live_take(struct live *l, enum audio_codec to, uint8_t *out, size_t count)
{
    l->taken += count;
    while (count > 0) {
        struct block *block = &l->store->blocks[l->first];
        enum audio_codec codec = (enum audio_codec)block->codec;
        size_t each = sample_bytes(codec);
        size_t n = (size_t)(block->to - block->from) / each;
        n = n < count ? n : count;
        audio_convert(codec, block_bytes(l->store, l->first) + block->from, to, out, n);
        block->from = (uint16_t)(block->from + n * each);
        out += n;
        count -= n;
        if (block->from == block->to) {
            release_first(l);
        }
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
