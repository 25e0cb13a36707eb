/* SPDX-License-Identifier: MIT */
/* Hashes of what others choose (Call-IDs, addresses), and the chains that are found by them. */
#ifndef WSAUDIO_BASE_HASH_H
#define WSAUDIO_BASE_HASH_H

#include <stdint.h>

#include "wsaudio/base/list.h"
#include "wsaudio/base/span.h"

/* FNV-1a, its high bits folded in. seed: a number that nobody can foresee, so that nobody can aim at one bucket. */
uint32_t hash_octets(uint32_t seed, struct span octets);

/* Buckets for max entries: the next power of two. max is at most 1 << 31. */
uint32_t hash_bucket_count(uint32_t max);
/* That many empty chains, to be freed by the caller; NULL when out of memory. Memory is touched as far as they are used. A hash &
 * *mask is an index of them. */
struct chain *hash_buckets_new(uint32_t max, uint32_t *mask);

#endif
