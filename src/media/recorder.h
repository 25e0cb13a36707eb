/* SPDX-License-Identifier: MIT */
/* A call's recording (SPEC section 5): both directions on one clock in a window of two seconds, written out twice a second with
 * a valid WAV header after each write. */
#ifndef WSAUDIO_MEDIA_RECORDER_H
#define WSAUDIO_MEDIA_RECORDER_H

#include "wsaudio/audio.h"
#include "wsaudio/media.h"

#define RECORDER_WINDOW       16384u      /* samples, two seconds: a power of two */
#define RECORDER_SETTLE_US    DUR_MS(300) /* how late a packet may come and still stand in its place */
#define RECORDER_FLUSH_US     DUR_MS(500) /* with the settle time: a kill loses less than a second */
#define RECORDER_SYNC_SAMPLES 320         /* 40 ms: further from the clock a direction is put back on it */

struct recorder_track {
    bool placed;  /* base is valid */
    int64_t base; /* sample position of timestamp 0 of the track's timeline */
    uint32_t last_ts;
    int64_t unwrapped; /* last_ts without wraps */
    int64_t least;     /* least lateness against the clock in this second, samples */
    uint32_t seen;     /* packets in it */
};

struct recorder {
    const struct media_files *files; /* borrows */
    bool on;
    struct pool_id file;
    char path[256]; /* for CALL_STATS; "" when nothing was recorded */
    uint16_t channels;
    mono_us start; /* the clock's sample 0 */
    mono_us flush_due;
    uint64_t written; /* samples of each channel in the file */
    int64_t end;      /* behind the last sample that was put */
    uint8_t *window;  /* owns; interleaved, RECORDER_WINDOW frames */
    struct recorder_track received, sent;
};

/* Begins a file. ST_OK, or why there is none (the call goes on without). */
WS_MUST_CHECK int recorder_start(struct recorder *r, const struct media_files *files, mono_us now, bool stereo,
                                 const char *number, const char *callid8);
/* mu-law samples of a direction with their RTP timestamp. restart: a new timeline. */
void recorder_received(struct recorder *r, mono_us now, uint32_t timestamp, bool restart, const uint8_t *ulaw,
                       size_t count);
void recorder_sent(struct recorder *r, mono_us now, uint32_t timestamp, const uint8_t *ulaw, size_t count);
/* Writes what has settled when it is time. */
void recorder_tick(struct recorder *r, mono_us now);
/* Writes the rest and ends the file. */
void recorder_stop(struct recorder *r, mono_us now);
/* Frees the window; path stays readable. */
void recorder_fini(struct recorder *r);

#endif
