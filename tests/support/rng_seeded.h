/* SPDX-License-Identifier: MIT */
/* A repeatable generator (splitmix64) where the program has the system's entropy: the same seed draws the same. Tests only. */
#ifndef SUPPORT_RNG_SEEDED_H
#define SUPPORT_RNG_SEEDED_H

#include <stddef.h>
#include <stdint.h>

/* The fill of a struct rng; ctx is the uint64_t state. */
static inline void rng_seeded_fill(void *ctx, void *out, size_t len)
{
    uint64_t *state = ctx;
    uint8_t *bytes = out;

    while (len > 0) {
        *state += 0x9E3779B97F4A7C15u;
        uint64_t z = *state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        z ^= z >> 31;
        for (size_t i = 0; i < 8 && len > 0; i++, len--) {
            *bytes++ = (uint8_t)(z >> (8 * i));
        }
    }
}

#endif
