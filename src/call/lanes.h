/* SPDX-License-Identifier: MIT */
/* The two lanes of a call: files in order, then live audio, with marks in both. Whatever a client speaks, this is what it has
 * to do with: it queues, marks, clears and pauses, and hears of marks reached, of when to stop and go on, and when all has
 * been sent. The 20 ms tick takes from it. All audio here is 8 kHz. */
#ifndef WSAUDIO_CALL_LANES_H
#define WSAUDIO_CALL_LANES_H

#include "latency.h"
#include "marks.h"

#define LANES_FRAME    160U          /* samples of 20 ms */
#define LANES_LIVE_MAX (60U * 8000U) /* live samples that may wait */
#define LANES_XOFF     (10U * 8000U) /* more: the client is asked to stop */
#define LANES_XON      (2U * 8000U)  /* fewer: it may go on */
#define LANES_PAD_US   DUR_MS(40)    /* so long a remainder waits for the rest of its 20 ms */

/* Called from the functions below that say so; they may not call back into the lanes. */
struct lanes_hooks {
    void *ctx;
    void (*mark)(void *ctx, const char *name); /* the last sample before it has left */
    void (*flow)(void *ctx, bool stop);        /* over LANES_XOFF; later once under LANES_XON */
    void (*drained)(void *ctx);                /* the last live sample has left; may be NULL */
};

struct lanes {
    struct lanes_hooks hooks;
    struct live live;
    struct latency latency;
    struct marks marks;
    uint64_t files_queued, files_ended;
    enum lane last; /* where audio was queued last */
    mono_us fed_at; /* when live audio was */
    bool stopped;   /* flow(stop) was told and not taken back */
    bool undrained; /* live audio was queued since drained was told */
    bool paused;
};

/* store is borrowed, hooks are copied. */
void lanes_init(struct lanes *l, struct block_store *store, const struct lanes_hooks *hooks);
/* Gives everything back and tells nobody. Safe on zeroed lanes. */
void lanes_fini(struct lanes *l);

/* ---- from the client ---- */

/* Live audio, count samples of that codec, kept as they are. What does not fit is refused, the newest of it:
 * ST_TOO_LARGE: LANES_LIVE_MAX samples wait. ST_FULL: no memory is left for it. May tell flow(stop). With a latency set the oldest
 * goes instead, never the newest for lack of room in the lane; may tell marks that stand behind it. */
WS_MUST_CHECK int lanes_queue(struct lanes *l, mono_us now, enum audio_codec codec, const uint8_t *samples,
                              size_t count);
/* Live audio came of which no sample is whole yet: a remainder waits for the rest from now on. */
static inline void lanes_touch(struct lanes *l, mono_us now)
{
    l->fed_at = now;
    l->last = LANE_LIVE;
}
/* Told when what was queued last before it and still waits has left; at once when nothing waits. It cuts nothing: live audio goes
 * on in the same frame. owed: so many samples of the live audio before it are still to be queued (a resampler holds them back).
 * name: as mark_name_ok. ST_FULL: MARKS_MAX wait. ST_NO_MEMORY. */
WS_MUST_CHECK int lanes_mark(struct lanes *l, struct span name, size_t owed);
/* What was owed to marks will not come: they stand behind what is queued, and those with nothing before them are told. */
void lanes_owe_nothing(struct lanes *l);
/* Drops the live audio; its marks are told in order, flow is taken back. */
void lanes_clear(struct lanes *l);
/* At most so many samples of live audio wait from now on, the rest is left out (latency.h); 0: all that is sent is said. Marks whose
 * place is passed are told, flow is taken back. */
void lanes_set_latency(struct lanes *l, uint32_t samples);
/* So many samples leave in each packet, LANES_FRAME when never told. */
static inline void lanes_set_packet(struct lanes *l, uint32_t samples)
{
    l->latency.packet = samples;
}
/* While paused both lanes stand still and silence is sent. */
void lanes_pause(struct lanes *l, bool paused);
/* Live samples that wait. */
static inline uint64_t lanes_waiting(const struct lanes *l)
{
    return latency_waiting(&l->latency, &l->live);
}

/* ---- the file lane, kept in step with the player ---- */

/* A file was added behind the others. */
void lanes_file_queued(struct lanes *l);
/* The oldest file's last sample was taken, or it cannot be played: its marks are told by lanes_sent. */
void lanes_file_ended(struct lanes *l);
/* No file is left: all their marks are told. */
void lanes_files_stopped(struct lanes *l);

/* ---- from the tick ---- */

/* The next 20 ms of live audio into out (LANES_FRAME samples of mu-law or A-law, padded with silence). Returns the samples of
 * it that are live audio; 0: none is due and out is as it was: nothing waits, or a latency's cushion is filling. A remainder of less than a frame is due when nothing came for
 * LANES_PAD_US. */
size_t lanes_frame(struct lanes *l, mono_us now, enum audio_codec to, uint8_t *out);
/* Less than a frame waits and nothing came for LANES_PAD_US. */
bool lanes_left_alone(const struct lanes *l, mono_us now);
/* What was taken has left: tells marks, flow and drained. */
void lanes_sent(struct lanes *l);

#endif
