/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/hash.h"

#include <assert.h>
#include <stdlib.h>

uint32_t hash_octets(uint32_t seed, struct span octets)
{
    uint32_t h = 2166136261u ^ seed;

    for (size_t i = 0; i < octets.len; i++) {
        h = (h ^ (uint8_t)octets.ptr[i]) * 16777619u;
    }
    return h ^ h >> 15; /* a mask takes the low bits, which the last octets hardly reach otherwise */
}

uint32_t hash_bucket_count(uint32_t max)
{
    uint32_t count = 1;

    assert(max <= 1u << 31);
    while (count < max) {
        count *= 2;
    }
    return count;
}

struct chain *hash_buckets_new(uint32_t max, uint32_t *mask)
{
    uint32_t count = hash_bucket_count(max);
    struct chain *buckets = calloc(count, sizeof(*buckets));

    *mask = count - 1;
    return buckets;
}
