/* SPDX-License-Identifier: MIT */
#include "recorder.h"

#include <stdlib.h>

/* further off than this a timeline was misread: it is placed anew at once */
#define LOST_SAMPLES        AUDIO_HZ
#define TRACK_CHECK_PACKETS 50U
#define DATA_MAX            0xFFFF0000u /* a RIFF size has 32 bits */

static int64_t clock_samples(const struct recorder *r, mono_us now)
{
    return (now - r->start) * (AUDIO_HZ / 1000) / 1000;
}

static int write_header(struct recorder *r)
{
    uint8_t header[WAV_ULAW_HEADER_LEN];

    wav_write_ulaw_header(header, r->channels, (uint32_t)(r->written * r->channels));
    return r->files->record_write(r->files->ctx, r->file, 0, header, sizeof(header));
}

static void give_up(struct recorder *r)
{
    r->files->record_end(r->files->ctx, r->file);
    r->file = POOL_ID_NONE;
    r->on = false;
}

int recorder_start(struct recorder *r, const struct media_files *files, mono_us now, bool stereo, const char *number,
                   const char *callid8)
{
    *r = (struct recorder){.files = files, .channels = stereo ? 2 : 1, .start = now};
    size_t len = (size_t)RECORDER_WINDOW * r->channels;
    r->window = malloc(len);
    if (r->window == NULL) {
        return ST_NO_MEMORY;
    }
    memset(r->window, ULAW_SILENCE, len);
    int status = files->record_begin(files->ctx, number, callid8, &r->file, r->path, sizeof(r->path));
    if (status == ST_OK) {
        r->on = true;
        status = write_header(r);
        if (status != ST_OK) {
            give_up(r);
        }
    }
    if (status != ST_OK) {
        recorder_fini(r);
        r->path[0] = '\0';
    }
    r->flush_due = now + RECORDER_FLUSH_US;
    return status;
}

void recorder_fini(struct recorder *r)
{
    free(r->window);
    r->window = NULL;
}

/* Writes `count` frames from the window, in at most two pieces, and makes their place silent again. */
static int flush_frames(struct recorder *r, uint64_t count)
{
    while (count > 0) {
        size_t at = (size_t)(r->written % RECORDER_WINDOW);
        size_t n = RECORDER_WINDOW - at;
        n = count < n ? (size_t)count : n;
        uint8_t *from = r->window + at * r->channels;
        int status = r->files->record_write(r->files->ctx, r->file, WAV_ULAW_HEADER_LEN + r->written * r->channels,
                                            from, n * r->channels);
        if (status != ST_OK) {
            return status;
        }
        memset(from, ULAW_SILENCE, n * r->channels);
        r->written += n;
        count -= n;
    }
    return ST_OK;
}

static void flush_to(struct recorder *r, int64_t position)
{
    position += position & 1; /* an odd number of bytes would need a padding byte behind it (RIFF) */
    if (position <= (int64_t)r->written) {
        return;
    }
    uint64_t count = (uint64_t)position - r->written;
    bool too_long = (r->written + count) * r->channels > DATA_MAX;
    if (too_long || flush_frames(r, count) != ST_OK || write_header(r) != ST_OK) {
        give_up(r);
    }
}

void recorder_tick(struct recorder *r, mono_us now)
{
    if (!r->on || now < r->flush_due) {
        return;
    }
    r->flush_due = now + RECORDER_FLUSH_US;
    flush_to(r, clock_samples(r, now - RECORDER_SETTLE_US));
}

void recorder_stop(struct recorder *r, mono_us now)
{
    if (!r->on) {
        return;
    }
    int64_t end = clock_samples(r, now);
    flush_to(r, r->end > end ? r->end : end); /* the last packet lies ahead of the clock by its length */
    if (r->on) {
        give_up(r); /* the same end: close the file */
    }
}

/* Where a packet belongs on the clock. The first one is placed where it came; after that timestamps rule. The track is moved
 * when a packet comes earlier than SPEC's 40 ms allow (the first ones were late), and once a second when even its least late
 * packet is further off than that (the far end's clock drifts). */
static int64_t track_place(struct recorder_track *t, int64_t clock, uint32_t timestamp, bool restart)
{
    if (t->placed && !restart) {
        t->unwrapped += (int32_t)(timestamp - t->last_ts);
    } else {
        t->unwrapped = 0;
    }
    t->last_ts = timestamp;
    int64_t late = clock - (t->base + t->unwrapped);
    if (!t->placed || restart || late > LOST_SAMPLES || late < -LOST_SAMPLES) {
        t->base = clock - t->unwrapped;
        t->placed = true;
        t->seen = 0;
        late = 0;
    }
    if (late < -RECORDER_SYNC_SAMPLES) {
        /* nothing comes before it was sent: the packets so far were late themselves */
        t->base += late;
        t->seen = 0;
        late = 0;
    }
    t->least = t->seen == 0 || late < t->least ? late : t->least;
    if (++t->seen == TRACK_CHECK_PACKETS) {
        if (t->least > RECORDER_SYNC_SAMPLES) {
            t->base += t->least;
        }
        t->seen = 0;
    }
    return t->base + t->unwrapped;
}

/* Into every place or every second one. Four at a time: this is done 320 times a call and 20 ms. */
static void put_samples(uint8_t *out, unsigned channels, const uint8_t *ulaw, size_t count)
{
    size_t i = 0;

    if (channels == 1) {
        memcpy(out, ulaw, count);
        return;
    }
    for (; i + 4 <= count; i += 4) {
        out[2 * i] = ulaw[i];
        out[2 * i + 2] = ulaw[i + 1];
        out[2 * i + 4] = ulaw[i + 2];
        out[2 * i + 6] = ulaw[i + 3];
    }
    for (; i < count; i++) {
        out[2 * i] = ulaw[i];
    }
}

static void put(struct recorder *r, unsigned channel, int64_t position, const uint8_t *ulaw, size_t count)
{
    int64_t settled = (int64_t)r->written; /* what lies before is written already */
    int64_t limit = settled + (int64_t)RECORDER_WINDOW;
    int64_t from = position > settled ? position : settled;
    int64_t to = position + (int64_t)count < limit ? position + (int64_t)count : limit;

    if (from >= to) {
        return;
    }
    r->end = to > r->end ? to : r->end;
    ulaw += from - position;
    for (size_t left = (size_t)(to - from); left > 0;) { /* two pieces at most: the window is a ring */
        size_t at = (size_t)((uint64_t)(to - (int64_t)left) % RECORDER_WINDOW);
        size_t n = left < RECORDER_WINDOW - at ? left : RECORDER_WINDOW - at;

        put_samples(r->window + at * r->channels + channel, r->channels, ulaw, n);
        ulaw += n;
        left -= n;
    }
}

void recorder_received(struct recorder *r, mono_us now, uint32_t timestamp, bool restart, const uint8_t *ulaw,
                       size_t count)
{
    if (!r->on) {
        return;
    }
    int64_t at = track_place(&r->received, clock_samples(r, now), timestamp, restart);
    put(r, 0, at, ulaw, count);
}

void recorder_sent(struct recorder *r, mono_us now, uint32_t timestamp, const uint8_t *ulaw, size_t count)
{
    if (!r->on || r->channels != 2) {
        return;
    }
    int64_t at = track_place(&r->sent, clock_samples(r, now), timestamp, false);
    put(r, 1, at, ulaw, count);
}
