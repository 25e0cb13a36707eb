/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/rng.h"

uint32_t rng_u32(const struct rng *rng)
{
    uint8_t b[4] = {0}; /* put together by hand: a seed draws the same on every machine */

    rng->fill(rng->ctx, b, sizeof(b));
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint32_t rng_below(const struct rng *rng, uint32_t bound)
{
    /* values under 2^32 mod bound would make small results likelier: draw again */
    uint32_t floor = (0U - bound) % bound;
    uint32_t value;

    do {
        value = rng_u32(rng);
    } while (value < floor);
    return value % bound;
}

void rng_token(const struct rng *rng, char *out, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    uint8_t bytes[64];
    size_t have = 0;

    for (size_t i = 0; i < len;) {
        if (have == 0) {
            rng->fill(rng->ctx, bytes, sizeof(bytes));
            have = sizeof(bytes);
        }
        uint8_t b = bytes[--have] & 63;
        if (b < sizeof(letters) - 1) {
            out[i++] = letters[b];
        }
    }
    out[len] = '\0';
}
