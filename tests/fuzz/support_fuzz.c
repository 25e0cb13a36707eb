/* SPDX-License-Identifier: MIT */
#include "support_fuzz.h"

#include <stdio.h>

void fuzz_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    fflush(stderr);
    abort();
}

bool fuzz_inside(struct span whole, struct span part)
{
    if (part.len == 0) {
        return true;
    }
    uintptr_t begin = (uintptr_t)whole.ptr;
    uintptr_t at = (uintptr_t)part.ptr;
    return part.ptr != NULL && at >= begin && part.len <= whole.len && at - begin <= whole.len - part.len;
}

void *fuzz_alloc(size_t len)
{
    void *ptr = malloc(len > 0 ? len : 1);
    FUZZ_CHECK(ptr != NULL);
    return ptr;
}

uint8_t fuzz_u8(struct fuzz_in *in)
{
    if (in->len == 0) {
        return 0;
    }
    in->len--;
    return *in->ptr++;
}

uint16_t fuzz_u16(struct fuzz_in *in)
{
    unsigned high = fuzz_u8(in);
    return (uint16_t)(high << 8 | fuzz_u8(in));
}

uint32_t fuzz_u32(struct fuzz_in *in)
{
    uint32_t high = fuzz_u16(in);
    return high << 16 | fuzz_u16(in);
}

struct span fuzz_take(struct fuzz_in *in, size_t len)
{
    struct span part = span_head(span_make(in->ptr, in->len), len);
    in->ptr += part.len;
    in->len -= part.len;
    return part;
}

struct span fuzz_rest(struct fuzz_in *in)
{
    return fuzz_take(in, in->len);
}

struct fuzz_chunks fuzz_chunks_from(struct fuzz_in *in)
{
    struct fuzz_chunks chunks = {.next = 0};
    for (size_t i = 0; i < sizeof(chunks.sizes); i++) {
        chunks.sizes[i] = fuzz_u8(in);
    }
    return chunks;
}

struct span fuzz_chunk(struct fuzz_chunks *chunks, struct span *rest)
{
    uint8_t size = chunks->sizes[chunks->next++ % sizeof(chunks->sizes)];
    struct span chunk = span_head(*rest, size > 0 ? size : rest->len);
    *rest = span_from(*rest, chunk.len);
    return chunk;
}
