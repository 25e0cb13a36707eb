/* SPDX-License-Identifier: MIT */
/* White noise of a given loudness, from a linear congruential generator: the same on every machine. */
#include "wsaudio/audio.h"

#define FULL_SCALE 32768.0            /* 0 dBov: a square wave between the limits */
#define UNIFORM    1.7320508075688772 /* peak of uniform noise over its root mean square */
#define PEAK_MAX   32767.0
#define ONE_DB     0.89125093813374556 /* 10^(-1/20) */

void audio_noise(int16_t *out, size_t count, uint8_t level, uint32_t *seed)
{
    double peak = FULL_SCALE * UNIFORM;

    for (uint8_t db = 0; db < level; db++) { /* no libm: programs link the library with libcrypto alone */
        peak *= ONE_DB;
    }
    int32_t scale = (int32_t)(peak < PEAK_MAX ? peak + 0.5 : PEAK_MAX);

    for (size_t i = 0; i < count; i++) {
        *seed = *seed * 1664525u + 1013904223u;
        int32_t uniform = (int32_t)(*seed >> 16) - 32768; /* -32768 to 32767 */
        out[i] = (int16_t)(uniform * scale / 32768);
    }
}
