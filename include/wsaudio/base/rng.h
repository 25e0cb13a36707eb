/* SPDX-License-Identifier: MIT */
/* Randomness comes in from outside: the os room's entropy in the field, a seeded generator in tests (rng_seeded.h there). */
#ifndef WSAUDIO_BASE_RNG_H
#define WSAUDIO_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* Fills out with len unpredictable bytes; cannot fail (the os room ends the process when the kernel cannot). */
typedef void (*rng_fill_fn)(void *ctx, void *out, size_t len);

struct rng {
    rng_fill_fn fill;
    void *ctx;
};

uint32_t rng_u32(const struct rng *rng);
/* 0 to bound - 1, without bias; bound > 0. */
uint32_t rng_below(const struct rng *rng, uint32_t bound);
/* len letters and digits and a NUL (out has len + 1 bytes): tags, branches, Call-IDs, boundaries. */
void rng_token(const struct rng *rng, char *out, size_t len);

#endif
