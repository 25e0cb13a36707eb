/* SPDX-License-Identifier: MIT */
/* The low-pass filter of the resampler: half of a symmetric sinc under a window, made once and kept as numbers, so
 * that a file sounds the same on every machine. */
#ifndef WSAUDIO_AUDIO_RESAMPLE_TABLE_H
#define WSAUDIO_AUDIO_RESAMPLE_TABLE_H

#include <stdint.h>

#define RESAMPLE_TABLE_HALF   32 /* periods of 8 kHz to either side of the middle */
#define RESAMPLE_TABLE_POINTS 32 /* for each period */
#define RESAMPLE_TABLE_LEN    (RESAMPLE_TABLE_HALF * RESAMPLE_TABLE_POINTS)

/* From the middle outwards; Q30, the middle one is 2 * 3687 / 8000. */
extern const int32_t resample_table[RESAMPLE_TABLE_LEN + 1];

#endif
