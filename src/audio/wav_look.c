/* SPDX-License-Identifier: MIT */
/* A WAV file that can be read anywhere: the one judgement of whether, and where, there is audio in it. */
#include "wav_chunk.h"

#define PIECE  1024
#define TAIL   WAV_TAIL_MAX
#define BLOCK  4096
#define BEHIND (WAV_CHUNK_LEN - 1) /* a chunk's name and size may reach into the next block */

struct source {
    wav_read_fn read;
    void *ctx;
    uint64_t size;
};

/* Positions of the file's end, from `begin` on: a bit for each where chunks begin that fill the rest to the last byte. */
struct tail {
    uint64_t begin;
    uint32_t len;
    uint8_t chunks[TAIL / 8 + 1];
};

/* Bytes read; fewer only where the file ends or fails. */
static size_t read_all(const struct source *from, uint64_t offset, uint8_t *out, size_t len)
{
    size_t got = 0;

    while (got < len) {
        int n = from->read(from->ctx, offset + got, out + got, len - got);
        if (n <= 0) {
            break;
        }
        got += (size_t)n;
    }
    return got;
}

static bool is_marked(const struct tail *t, uint64_t at)
{
    return at <= t->len && (t->chunks[at / 8] >> (at % 8) & 1) != 0;
}

static void mark(struct tail *t, uint32_t at)
{
    t->chunks[at / 8] |= (uint8_t)(1u << (at % 8));
}

/* The pad byte behind a body of odd length may be missing. */
static bool begins_chunks(const struct tail *t, uint32_t at, const uint8_t *head)
{
    const uint32_t size = wav_le32(head + 4);
    const uint64_t end = (uint64_t)at + WAV_CHUNK_LEN + size;

    return size > 0 && wav_is_chunk_name(head) && (is_marked(t, end) || (size % 2 != 0 && is_marked(t, end + 1)));
}

/* From the last byte to the first: what is behind a position is known when its turn comes. */
static bool find_block(struct tail *t, const struct source *from, uint32_t begin, uint32_t *first)
{
    uint8_t bytes[BLOCK + BEHIND];
    uint32_t len = t->len - begin;

    len = len < sizeof(bytes) ? len : (uint32_t)sizeof(bytes);
    if (read_all(from, t->begin + begin, bytes, len) != len) {
        return false;
    }
    for (uint32_t i = len < BLOCK ? len : BLOCK; i-- > 0;) {
        if (i + WAV_CHUNK_LEN <= len && begins_chunks(t, begin + i, bytes + i)) {
            mark(t, begin + i);
            *first = begin + i;
        }
    }
    return true;
}

/* Where the chunks begin that end with the file, at data_offset or behind it; the file's end when there are none. */
static uint64_t find_chunks_at_end(const struct source *from, uint64_t data_offset)
{
    struct tail t = {.begin = data_offset};

    if (from->size - data_offset > TAIL) {
        t.begin = from->size - TAIL;
    }
    t.len = (uint32_t)(from->size - t.begin);
    uint32_t first = t.len;
    mark(&t, t.len);
    for (uint32_t blocks = (t.len + BLOCK - 1) / BLOCK; blocks-- > 0;) {
        if (!find_block(&t, from, blocks * BLOCK, &first)) {
            break;
        }
    }
    return t.begin + first;
}

/* A data chunk that is empty, its size 0 right: only chunks from there to the end, however long they are. */
static bool has_only_chunks(const struct source *from, uint64_t at)
{
    uint8_t head[WAV_CHUNK_LEN + 1]; /* and the byte in front, which may be padding */

    bool odd = false;

    for (int i = 0; i < WAV_LOOK_READS; i++) {
        size_t got = read_all(from, at, head, sizeof(head));
        size_t pad = odd && !wav_is_chunk_name(head) ? 1 : 0;
        if (got < WAV_CHUNK_LEN + pad || !wav_is_chunk_name(head + pad) || wav_le32(head + pad + 4) == 0) {
            return false;
        }
        odd = head[pad + 4] % 2 != 0;
        at += pad + WAV_CHUNK_LEN + wav_le32(head + pad + 4);
        if (at >= from->size || (odd && at + 1 == from->size)) {
            return at <= from->size;
        }
    }
    return false;
}

static void find_end(struct wav_parser *p, const struct source *from)
{
    if (from->size <= p->data_offset || p->data_len <= from->size - p->data_offset) {
        return; /* the file is as long as it says */
    }
    uint64_t end = find_chunks_at_end(from, p->data_offset);
    p->data_len = has_only_chunks(from, p->data_offset) ? 0 : end - p->data_offset;
}

static int find_audio(struct wav_parser *p, const struct source *from)
{
    uint8_t piece[PIECE];

    for (int i = 0; i < WAV_LOOK_READS; i++) {
        uint64_t at = wav_parser_next(p);
        if (at >= from->size) {
            return ST_OK;
        }
        int n = from->read(from->ctx, at, piece, sizeof(piece));
        if (n < 0) {
            return ST_IO;
        }
        if (n == 0 || wav_parser_push(p, piece, (size_t)n) != WAV_MORE) {
            return ST_OK;
        }
    }
    p->state = WAV_BAD;
    p->why = "too many chunks before the audio";
    return ST_OK;
}

int wav_look(wav_read_fn read, void *ctx, uint64_t size, struct wav_parser *p)
{
    const struct source from = {read, ctx, size};

    wav_parser_init(p);
    if (find_audio(p, &from) != ST_OK) {
        p->state = WAV_BAD;
        p->why = "the file cannot be read";
        return ST_IO;
    }
    if (p->state == WAV_READY) {
        find_end(p, &from);
    }
    return wav_parser_end(p, size) == WAV_READY ? ST_OK : ST_BAD;
}
