/* SPDX-License-Identifier: MIT */
/* LATENCY:ms, for live speakers: how much live audio waits at most, what is left out of it when more comes, and how long it waits
 * before it begins to leave. Its measure is the cell: 20 ms by their place in the stream.
 *
 * Too much waits: the oldest quiet cell is left out where it lies, else the oldest 20 ms. Quiet ones go a sixteenth of the latency
 * earlier, so that a client with a fast clock loses pauses only. Looking for one costs a few words of a bitmap; what was left out is
 * passed over when its turn comes.
 * The queue ran dry: what comes next begins to leave 7/16 of the latency after its first sample, so that pieces that come late or in
 * bunches (of half the latency) find something to wait behind; earlier where the first piece is larger, so that the next one has
 * room. While little waits a quiet cell waits 20 ms longer: a client with a
 * slow clock hears its pauses grow, not its words cut. */
#ifndef WSAUDIO_MEDIA_LATENCY_H
#define WSAUDIO_MEDIA_LATENCY_H

#include "live.h"

#define LATENCY_CELL  ((uint32_t)AUDIO_FRAME) /* samples */
#define LATENCY_CELLS 512U /* that can be told apart: those that wait and those left out between them */
#define LATENCY_QUIET                                                                                                  \
    (128U * LATENCY_CELL) /* sum of the magnitudes of a quiet cell's 16-bit samples, at most: -47 dBov */

enum cushion { CUSHION_DRY, CUSHION_FILLING, CUSHION_THERE };

struct latency {
    uint32_t limit;    /* samples; 0: off */
    uint32_t packet;   /* samples that leave at once; what is over 20 ms of it comes on top of the limit */
    uint32_t loudness; /* of the cell that is not whole yet, as LATENCY_QUIET */
    uint64_t quiet[LATENCY_CELLS / 64]; /* cells, by their number modulo LATENCY_CELLS */
    uint64_t gone[LATENCY_CELLS / 64];  /* left out */
    uint64_t gone_count;                /* of them not passed over yet */
    uint64_t gone_end;                  /* behind the last of them */
    enum cushion cushion;
    mono_us filling_since;
    uint64_t first; /* samples that came at that moment */
};

/* Samples that wait. */
static inline uint64_t latency_waiting(const struct latency *t, const struct live *live)
{
    return live_count(live) - t->gone_count * LATENCY_CELL;
}
/* limit: samples, or 0. What waits already is shortened to it, its oldest. */
void latency_set(struct latency *t, struct live *live, uint32_t limit);
/* As live_put, then shortens. Only while the limit is not 0. */
size_t latency_put(struct latency *t, struct live *live, mono_us now, enum audio_codec codec, const uint8_t *samples,
                   size_t count);
/* At a tick: nothing is to leave yet although something may wait. alone: nothing has come for a while. */
bool latency_holds(struct latency *t, const struct live *live, mono_us now, bool alone);
/* As live_take, without what is left out; count is at most latency_waiting. */
void latency_take(struct latency *t, struct live *live, enum audio_codec to, uint8_t *out, size_t count);
/* Drops everything. */
void latency_drop(struct latency *t, struct live *live);

#endif
