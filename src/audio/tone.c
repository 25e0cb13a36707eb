/* SPDX-License-Identifier: MIT */
/* A 1 kHz tone: eight samples a period at 8 kHz, so that two magnitudes make the whole sine. */
#include "wsaudio/audio.h"

#define TONE_PEAK 7052 /* -10 dBm0: full scale of mu-law is +3.17 dBm0 */
#define TONE_DIAG 4987 /* its sine of 45 degrees */

void audio_tone_1k(uint8_t *ulaw, size_t count, uint32_t *phase)
{
    static const int16_t period[8] = {0, TONE_DIAG, TONE_PEAK, TONE_DIAG, 0, -TONE_DIAG, -TONE_PEAK, -TONE_DIAG};

    for (size_t i = 0; i < count; i++) {
        ulaw[i] = linear_to_ulaw(period[*phase & 7]);
        *phase = (*phase + 1) & 7;
    }
}
