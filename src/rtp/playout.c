/* SPDX-License-Identifier: MIT */
/* A window in which packets are put back in order, and out of which a listener takes 20 ms each 20 ms. */
#include <assert.h>
#include <stdlib.h>

#include "wsaudio/rtp.h"

/* Two frames a tick while the listener is behind: a process that stood still for 300 ms finds 15 packets in its socket and is
 * up to date again after 15 ticks. Beyond 400 ms the socket's buffer need not hold all that came, and what was to be heard is
 * old: it is left out. */
#define PULLS_MAX   2
#define CATCH_UP_US DUR_MS(400)
/* So long a packet of the SSRC before is taken for one that was overtaken. */
#define STRAGGLER_US DUR_MS(100)
/* One second of packets decides whether the timeline still fits. A clock that is 100 ppm slower than ours brings packets later
 * by one 60 ms window after 10 minutes; then three late ticks within a second begin a timeline anew, at the price of 60 ms of
 * gap, instead of losing every packet from there on. One or two late ticks are a network that hiccups. */
#define CHECK_PACKETS  50u
#define LATE_TICKS_MAX 3u
/* Over the window: the clock that is 100 ppm faster is put right after 7 minutes by one skip. Less than that is jitter, and
 * skipping it would be heard more than the delay is. */
#define TOO_EARLY_US    DUR_MS(40)
#define NOISE_LEVEL_MAX 0x7F
#define NEVER           INT64_MIN

void rtp_playout_init(struct rtp_playout *p, const struct rtp_clock *clock, dur_us window, mono_us first)
{
    rtp_playout_fini(p);
    *p = (struct rtp_playout){.clock = *clock, .next = first, .noise = -1, .late_at = NEVER, .room = RTP_PLAYOUT_USUAL};
    p->window = rtp_clock_samples(clock, window);
    assert(clock->frame > 0 && clock->frame <= RTP_FRAME_MAX && p->window + clock->frame <= RTP_PLAYOUT_SAMPLES);
}

void rtp_playout_fini(struct rtp_playout *p)
{
    free(p->grown);
    p->grown = NULL;
    p->room = RTP_PLAYOUT_USUAL;
}

static int64_t too_early(const struct rtp_playout *p)
{
    return rtp_clock_samples(&p->clock, TOO_EARLY_US);
}

uint32_t rtp_playout_due(struct rtp_playout *p, mono_us now)
{
    uint32_t pulls = 0;

    if (now - p->next > CATCH_UP_US) {
        p->next += (now - p->next - CATCH_UP_US) / RTP_FRAME_US * RTP_FRAME_US;
    }
    while (pulls < PULLS_MAX && p->next <= now) {
        p->next += RTP_FRAME_US;
        pulls++;
    }
    return pulls;
}

/* ---- the rings ---- */

struct ring {
    uint8_t *at; /* one octet a sample */
    uint32_t room;
};

static struct ring octets_of(struct rtp_playout *p)
{
    return (struct ring){p->grown != NULL ? p->grown : p->usual, p->room};
}

static struct ring kinds_of(struct rtp_playout *p)
{
    return (struct ring){octets_of(p).at + p->room, p->room};
}

static size_t index_of(struct ring ring, int64_t position)
{
    return (size_t)((uint64_t)position & (ring.room - 1));
}

/* Of `count` samples from there on, how many lie before the ring's end. */
static size_t before_end(struct ring ring, size_t at, size_t count)
{
    return ring.room - at < count ? ring.room - at : count;
}

static void fill(struct ring ring, int64_t position, uint8_t value, size_t count)
{
    size_t at = index_of(ring, position);
    size_t first = before_end(ring, at, count);

    memset(ring.at + at, value, first);
    if (first < count) {
        memset(ring.at, value, count - first);
    }
}

static void copy_in(struct ring ring, int64_t position, const void *from, size_t count)
{
    size_t at = index_of(ring, position);
    size_t first = before_end(ring, at, count);

    memcpy(ring.at + at, from, first);
    if (first < count) {
        memcpy(ring.at, (const uint8_t *)from + first, count - first);
    }
}

static void copy_out(struct ring ring, int64_t position, uint8_t *to, size_t count)
{
    size_t at = index_of(ring, position);
    size_t first = before_end(ring, at, count);

    memcpy(to, ring.at + at, first);
    if (first < count) {
        memcpy(to + first, ring.at, count - first);
    }
}

/* What lies between the listener and the end moves into rings of that room, which are all gaps: `octets`, and the kinds behind. */
static void move_to(struct rtp_playout *p, uint8_t *octets, uint32_t room)
{
    const struct ring new_octets = {octets, room};
    const struct ring new_kinds = {octets + room, room};

    for (int64_t at = p->played; at < p->end;) {
        const struct ring old = octets_of(p);
        size_t from = index_of(old, at);
        size_t count = before_end(old, from, (size_t)(p->end - at));
        copy_in(new_octets, at, old.at + from, count);
        copy_in(new_kinds, at, kinds_of(p).at + from, count);
        at += (int64_t)count;
    }
    p->room = room;
}

static bool grow(struct rtp_playout *p)
{
    uint8_t *grown = p->grown == NULL ? calloc(2, RTP_PLAYOUT_SAMPLES) : NULL;

    if (grown != NULL) {
        move_to(p, grown, RTP_PLAYOUT_SAMPLES);
        p->grown = grown;
    }
    return grown != NULL;
}

static void shrink(struct rtp_playout *p)
{
    if (p->grown != NULL && p->farthest <= RTP_PLAYOUT_USUAL && p->end - p->played <= RTP_PLAYOUT_USUAL) {
        uint8_t *grown = p->grown;
        memset(p->usual, RTP_PLAY_GAP, sizeof(p->usual));
        move_to(p, p->usual, RTP_PLAYOUT_USUAL);
        p->grown = NULL;
        free(grown);
    }
}

/* ---- the timeline ---- */

/* The listener moves on by whole frames without hearing them; a place that is behind him is empty. */
static void skip_frames(struct rtp_playout *p, int64_t samples)
{
    samples -= samples % p->clock.frame;
    size_t count = samples < p->room ? (size_t)samples : p->room;

    fill(kinds_of(p), p->played, RTP_PLAY_GAP, count);
    p->played += samples;
    p->skipped += (uint64_t)samples;
    p->end = p->end > p->played ? p->end : p->played;
}

static void check_anew(struct rtp_playout *p)
{
    p->seen = 0;
    p->farthest = 0;
    p->late_ticks = 0;
    p->late_at = NEVER;
}

/* same: the stream is the same, so that what lies before its newest packet so far must not be heard behind it. */
static void timeline_begin(struct rtp_playout *p, const struct rtp_packet *packet, bool same)
{
    int64_t ahead = p->played + p->window;
    int32_t step = (int32_t)(packet->timestamp - p->newest_ts);

    p->newest_ts = packet->timestamp;
    p->newest_at = p->end > ahead ? p->end : ahead;
    p->floor = p->end;
    if (same && step > 0 && p->newest_at - step >= p->floor) {
        p->floor = p->newest_at - step + 1;
    }
    p->timelines++;
    check_anew(p);
}

/* True: the packet is one of another stream that is over. */
static bool is_straggler(struct rtp_playout *p, const struct rtp_packet *packet)
{
    return p->former_until > p->played && packet->ssrc == p->former_ssrc;
}

/* In order, but its place was heard already. */
static bool too_late(struct rtp_playout *p, const struct rtp_packet *packet, int64_t margin)
{
    if (p->late_at != p->played) {
        p->late_at = p->played;
        p->late_ticks++;
    }
    return packet->marker || p->late_ticks == LATE_TICKS_MAX || margin < -RTP_PLAYOUT_SAMPLES;
}

/* The newest packet of all: its place (with timestamp 8000 at position 480, 8160 is at 640, whatever came between), after a
 * look at how well the timeline fits. restart: its sequence number does not go on, but its timestamp may. */
static int64_t place_newest(struct rtp_playout *p, const struct rtp_packet *packet, bool restart)
{
    int64_t len = (int64_t)packet->payload.len;
    int64_t place = p->newest_at + (int32_t)(packet->timestamp - p->newest_ts);
    int64_t margin = place - p->played;
    bool begins = false;

    if (margin < 0) {
        begins = restart || too_late(p, packet, margin);
    } else if (margin + len > RTP_PLAYOUT_SAMPLES) {
        begins = true;
    } else if (packet->marker && p->end <= p->played) {
        begins = margin >= (int64_t)p->window + too_early(p);
    }
    if (begins) {
        timeline_begin(p, packet, true);
        return p->newest_at;
    }
    p->newest_ts = packet->timestamp;
    p->newest_at = place;
    p->least_margin = p->seen == 0 || margin < p->least_margin ? margin : p->least_margin;
    p->seen++;
    return place;
}

/* Where the packet belongs. */
static int64_t place_of(struct rtp_playout *p, const struct rtp_packet *packet, enum rtp_rx_verdict verdict)
{
    if (p->started && packet->ssrc == p->ssrc) {
        return verdict == RTP_RX_LATE ? p->newest_at + (int32_t)(packet->timestamp - p->newest_ts)
                                      : place_newest(p, packet, verdict == RTP_RX_RESTART);
    }
    if (p->started) {
        p->former_ssrc = p->ssrc;
        p->former_until = p->played + rtp_clock_samples(&p->clock, STRAGGLER_US);
    }
    p->started = true;
    p->ssrc = packet->ssrc;
    timeline_begin(p, packet, false);
    return p->newest_at;
}

/* All of a check's packets came earlier than they need: the listener is that much behind. */
static void skip_surplus(struct rtp_playout *p)
{
    if (p->seen < CHECK_PACKETS) {
        return;
    }
    int64_t surplus = p->least_margin - (int64_t)p->window;
    if (surplus >= too_early(p)) {
        skip_frames(p, surplus);
    }
    shrink(p);
    check_anew(p);
}

/* Room for what ends there; where there is none, the listener is pushed on. */
static void make_room(struct rtp_playout *p, int64_t end)
{
    int64_t ahead = end - p->played;

    p->farthest = ahead > p->farthest ? ahead : p->farthest;
    if (ahead > p->room && !(grow(p) && ahead <= p->room)) {
        skip_frames(p, ahead - p->room + p->clock.frame - 1);
    }
}

/* ST_AGAIN: it is not to be heard. */
static int admit(struct rtp_playout *p, const struct rtp_packet *packet, enum rtp_rx_verdict verdict, int64_t *place)
{
    int64_t len = (int64_t)packet->payload.len;

    if (verdict == RTP_RX_DUPLICATE || verdict == RTP_RX_HELD || len == 0 || len > RTP_PLAYOUT_SAMPLES) {
        return ST_AGAIN;
    }
    if (is_straggler(p, packet)) {
        p->late++;
        return ST_AGAIN;
    }
    *place = place_of(p, packet, verdict);
    if (*place + len > p->played + RTP_PLAYOUT_SAMPLES && verdict == RTP_RX_LATE) {
        return ST_AGAIN; /* an older packet cannot lie beyond the newest */
    }
    make_room(p, *place + len);
    if (*place + len <= p->played || *place < p->floor) {
        p->late++;
        return ST_AGAIN;
    }
    return ST_OK;
}

void rtp_playout_push(struct rtp_playout *p, const struct rtp_packet *packet, enum rtp_rx_verdict verdict, uint8_t kind)
{
    int64_t place = 0;

    if (admit(p, packet, verdict, &place) == ST_OK) {
        struct span part = packet->payload;
        if (place < p->played) {
            part = span_from(part, (size_t)(p->played - place));
            place = p->played;
        }
        copy_in(octets_of(p), place, part.ptr, part.len);
        fill(kinds_of(p), place, kind, part.len);
        int64_t end = place + (int64_t)part.len;
        p->end = end > p->end ? end : p->end;
    }
    skip_surplus(p);
}

void rtp_playout_push_noise(struct rtp_playout *p, const struct rtp_packet *packet, enum rtp_rx_verdict verdict)
{
    int64_t place = 0;
    struct rtp_packet sample = *packet;

    sample.payload = span_head(packet->payload, 1); /* the rest is its colour: ours is white */
    if (admit(p, &sample, verdict, &place) == ST_OK) {
        size_t at = index_of(kinds_of(p), place);
        /* audio that is there already ends the noise at once; what comes over it later does as well */
        if (kinds_of(p).at[at] == RTP_PLAY_GAP) {
            kinds_of(p).at[at] = RTP_PLAY_NOISE;
            octets_of(p).at[at] = (uint8_t)sample.payload.ptr[0] & NOISE_LEVEL_MAX;
            p->end = place + 1 > p->end ? place + 1 : p->end;
        }
    }
    skip_surplus(p);
}

/* Gaps behind a noise packet are noise, those behind audio are gaps. */
static void fill_gaps(struct rtp_playout *p, uint8_t *octets, uint8_t *kinds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (kinds[i] == RTP_PLAY_NOISE) {
            p->noise = octets[i];
        } else if (kinds[i] != RTP_PLAY_GAP) {
            p->noise = -1;
        } else if (p->noise >= 0) {
            kinds[i] = RTP_PLAY_NOISE;
            octets[i] = (uint8_t)p->noise;
        } else {
            octets[i] = 0;
        }
    }
}

/* count > 0 octets that are all the same. */
static bool is_run(const uint8_t *octets, size_t count)
{
    return memcmp(octets, octets + 1, count - 1) == 0;
}

/* The rule while packets come: nothing to look at sample by sample. */
static bool is_whole(struct ring kinds, size_t at, size_t count)
{
    const uint8_t kind = kinds.at[at];
    const size_t first = before_end(kinds, at, count);

    if (kind == RTP_PLAY_GAP || kind == RTP_PLAY_NOISE || !is_run(kinds.at + at, first)) {
        return false;
    }
    return first == count || (kinds.at[0] == kind && is_run(kinds.at, count - first));
}

void rtp_playout_fetch(const struct rtp_playout *p)
{
    const uint8_t *octets = p->grown != NULL ? p->grown : p->usual;
    const size_t at = (size_t)((uint64_t)p->played & (p->room - 1));

    for (size_t i = 0; i < p->clock.frame; i += 64) {
        __builtin_prefetch(octets + at + i);
        __builtin_prefetch(octets + p->room + at + i, 1);
    }
}

/* Nothing waits: the rings are all gap. */
static void pull_gap(struct rtp_playout *p, struct rtp_play_frame *out)
{
    out->whole = true;
    out->octets = out->storage;
    out->kinds = out->storage + RTP_FRAME_MAX;
    memset(out->storage, 0, out->count);
    out->storage[RTP_FRAME_MAX] = RTP_PLAY_GAP;
    p->played += out->count;
    p->end = p->played;
}

void rtp_playout_pull(struct rtp_playout *p, struct rtp_play_frame *out)
{
    const struct ring octets = octets_of(p);
    const struct ring kinds = kinds_of(p);
    const uint16_t frame = p->clock.frame;
    const size_t at = index_of(kinds, p->played);

    out->count = frame;
    if (p->end <= p->played && p->noise < 0) {
        pull_gap(p, out);
        return;
    }
    out->octets = out->storage;
    out->kinds = out->storage + RTP_FRAME_MAX;
    out->whole = is_whole(kinds, at, frame);
    if (out->whole && at + frame <= octets.room) {
        out->octets = octets.at + at;
    } else {
        copy_out(octets, p->played, out->storage, frame);
    }
    if (out->whole) {
        out->storage[RTP_FRAME_MAX] = kinds.at[at];
        p->noise = -1;
    } else {
        copy_out(kinds, p->played, out->storage + RTP_FRAME_MAX, frame);
        fill_gaps(p, out->storage, out->storage + RTP_FRAME_MAX, frame);
    }
    fill(kinds, p->played, RTP_PLAY_GAP, frame);
    p->played += frame;
    p->end = p->end > p->played ? p->end : p->played;
}
