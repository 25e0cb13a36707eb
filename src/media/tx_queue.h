/* SPDX-License-Identifier: MIT */
/* The playout queue of a session: files in order, then live audio, with marks in both. Whatever speaks through a session, this is
 * what it has to do with: it queues, marks and clears, and hears of marks reached and of when to stop and go on. The 20 ms tick takes
 * from it. All audio here is 8 kHz. */
#ifndef WSAUDIO_MEDIA_TX_QUEUE_H
#define WSAUDIO_MEDIA_TX_QUEUE_H

#include "latency.h"
#include "marks.h"

#define TX_QUEUE_LIVE_MAX (60U * AUDIO_HZ) /* live samples that may wait */
#define TX_QUEUE_XOFF     (10U * AUDIO_HZ) /* more: the client is asked to stop */
#define TX_QUEUE_XON      (2U * AUDIO_HZ)  /* fewer: it may go on */
#define TX_QUEUE_PAD_US   DUR_MS(40)       /* so long a remainder waits for the rest of its 20 ms */

/* Called from the functions below that say so; they may not call back into the queue. */
struct tx_queue_hooks {
    void *ctx;
    void (*mark)(void *ctx, const char *name); /* the last sample before it has left */
    void (*flow)(void *ctx, bool stop);        /* over TX_QUEUE_XOFF; later once under TX_QUEUE_XON */
};

struct tx_queue {
    struct tx_queue_hooks hooks;
    struct live live;
    struct latency latency;
    struct marks marks;
    uint64_t files_queued, files_ended;
    enum tx_part last; /* where audio was queued last */
    mono_us fed_at;    /* when live audio was */
    bool stopped;      /* flow(stop) was told and not taken back */
    struct media_uplink
        *uplink; /* borrows: may hold live audio back that comes when the queue is left alone; NULL: none */
};

/* store is borrowed, hooks are copied. */
void tx_queue_init(struct tx_queue *l, struct block_store *store, const struct tx_queue_hooks *hooks);
/* Gives everything back and tells nobody. Safe on a zeroed queue. */
void tx_queue_fini(struct tx_queue *l);

/* ---- from the client ---- */

/* Live audio, count samples of that codec, kept as they are. What does not fit is refused, the newest of it:
 * ST_TOO_LARGE: TX_QUEUE_LIVE_MAX samples wait. ST_FULL: no memory is left for it. May tell flow(stop). With a latency set the oldest
 * goes instead, never the newest for lack of room in the queue; may tell marks that stand behind it. */
WS_MUST_CHECK int tx_queue_put(struct tx_queue *l, mono_us now, enum audio_codec codec, const uint8_t *samples,
                               size_t count);
/* Live audio came of which no sample is whole yet: a remainder waits for the rest from now on. */
static inline void tx_queue_touch(struct tx_queue *l, mono_us now)
{
    l->fed_at = now;
    l->last = TX_LIVE;
}
/* Told when what was queued last before it and still waits has left; at once when nothing waits. It cuts nothing: live audio goes
 * on in the same frame. owed: so many samples of the live audio before it are still to be queued (a resampler holds them back).
 * name: as mark_name_ok. ST_FULL: MEDIA_MARKS_MAX wait. ST_NO_MEMORY. */
WS_MUST_CHECK int tx_queue_mark(struct tx_queue *l, struct span name, size_t owed);
/* What was owed to marks will not come: they stand behind what is queued, and those with nothing before them are told. */
void tx_queue_owe_nothing(struct tx_queue *l);
/* Drops the live audio; its marks are told in order, flow is taken back. */
void tx_queue_clear(struct tx_queue *l);
/* At most so many samples of live audio wait from now on, the rest is left out (latency.h); 0: all that is sent is said. Marks whose
 * place is passed are told, flow is taken back. */
void tx_queue_set_latency(struct tx_queue *l, uint32_t samples);
/* So many samples leave in each packet, AUDIO_FRAME when never told. */
static inline void tx_queue_set_packet(struct tx_queue *l, uint32_t samples)
{
    l->latency.packet = samples;
}
/* Live samples that wait. */
static inline uint64_t tx_queue_waiting(const struct tx_queue *l)
{
    return latency_waiting(&l->latency, &l->live);
}

/* ---- the file queue, kept in step with the player ---- */

/* A file was added behind the others. */
void tx_queue_file_queued(struct tx_queue *l);
/* The oldest file's last sample was taken, or it cannot be played: its marks are told by tx_queue_sent. */
void tx_queue_file_ended(struct tx_queue *l);
/* No file is left: all their marks are told. */
void tx_queue_files_stopped(struct tx_queue *l);

/* ---- from the tick ---- */

/* The next 20 ms of live audio into out (AUDIO_FRAME samples of mu-law or A-law, padded with silence). Returns the samples of
 * it that are live audio; 0: none is due and out is as it was: nothing waits, or a latency's cushion is filling. A remainder of less than a frame is due when nothing came for
 * TX_QUEUE_PAD_US. */
size_t tx_queue_frame(struct tx_queue *l, mono_us now, enum audio_codec to, uint8_t *out);
/* Less than a frame waits and nothing came for TX_QUEUE_PAD_US. */
bool tx_queue_left_alone(const struct tx_queue *l, mono_us now);
/* What was taken has left: tells marks and flow. */
void tx_queue_sent(struct tx_queue *l);

#endif
