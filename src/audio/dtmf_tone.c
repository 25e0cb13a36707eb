/* SPDX-License-Identifier: MIT */
/* The tones of a telephone's keys, with soft edges: a hard one is heard as a click all over the band. */
#include "wsaudio/audio.h"

#define PI       3.14159265358979323846
#define LOW_PEAK 8880.0  /* -8 dBm0: full scale of mu-law, 32124, is +3.17 dBm0 */
#define TOP_PEAK 11179.0 /* -6 dBm0 */
#define EDGE     40      /* samples: 5 ms */

/* Of an angle in turns. Taylor's series to the eleventh power: within 60 billionths of a quarter turn, far below half a step of 16 bits.
 * No libm: programs link the library with libcrypto alone, and a tone is the same on every machine. */
static double sine(double turns)
{
    double t = turns - (double)(int64_t)turns; /* turns is not negative */

    t = t > 0.75 ? t - 1.0 : t > 0.25 ? 0.5 - t : t; /* -0.25 to 0.25 */
    double x = 2 * PI * t;
    double xx = x * x;
    return x * (1 - xx / 6 * (1 - xx / 20 * (1 - xx / 42 * (1 - xx / 72 * (1 - xx / 110)))));
}

static double edge(size_t from_end)
{
    return from_end >= EDGE ? 1.0 : 0.5 - 0.5 * sine(0.25 + ((double)from_end + 0.5) / (2 * EDGE));
}

void audio_key_tone(int16_t *out, size_t count, char key, size_t offset, size_t total)
{
    static const char keys[] = "123A456B789C*0#D";
    static const double low_hz[4] = {697, 770, 852, 941};
    static const double top_hz[4] = {1209, 1336, 1477, 1633};
    const char *found = key != '\0' ? strchr(keys, key) : NULL;
    size_t index = found != NULL ? (size_t)(found - keys) : 0;

    for (size_t i = 0; i < count; i++) {
        size_t at = offset + i;
        if (found == NULL || at >= total) {
            out[i] = 0;
            continue;
        }
        double seconds = (double)at / AUDIO_HZ;
        double both = LOW_PEAK * sine(seconds * low_hz[index / 4]) + TOP_PEAK * sine(seconds * top_hz[index % 4]);
        double sample = both * edge(at) * edge(total - 1 - at);
        out[i] = (int16_t)(sample < 0 ? sample - 0.5 : sample + 0.5);
    }
}
