/* SPDX-License-Identifier: MIT */
#include "uplink.h"

#include "media_priv.h"

static enum audio_codec codec_of(enum media_audio format)
{
    switch (format) {
    case MEDIA_AUDIO_ALAW: return AUDIO_ALAW;
    case MEDIA_AUDIO_L16:
    case MEDIA_AUDIO_L16_WIDE: return AUDIO_L16;
    case MEDIA_AUDIO_PACKETS:
    case MEDIA_AUDIO_ULAW:
    case MEDIA_AUDIO_OFF:
    case MEDIA_AUDIO_COUNT: break;
    }
    return AUDIO_ULAW;
}

/* Samples of two bytes, which a split may cut in half. */
static bool is_linear(enum audio_codec codec)
{
    return audio_codec_width(codec) == 2;
}

int media_uplink_prepare(struct media_uplink *u, enum media_audio format)
{
    if (format != MEDIA_AUDIO_L16_WIDE || u->downsampler != NULL) {
        return ST_OK;
    }
    return resample_new(MEDIA_WIDE_HZ, AUDIO_HZ, RESAMPLE_FILE, &u->downsampler);
}

void media_uplink_fini(struct media_uplink *u)
{
    resample_free(u->downsampler);
    *u = (struct media_uplink){0};
}

/* ---- samples of 16 bits ---- */

#define STEP_SAMPLES 512U

static int queue_linear(struct tx_queue *q, mono_us now, const int16_t *samples, size_t count)
{
    uint8_t bytes[2 * STEP_SAMPLES];

    audio_l16_pack(samples, count, bytes);
    return tx_queue_put(q, now, AUDIO_L16, bytes, count);
}

static int downsample(struct media_uplink *u, struct tx_queue *q, mono_us now, const uint8_t *bytes, size_t count)
{
    int16_t wide[STEP_SAMPLES];
    int16_t out[STEP_SAMPLES];
    int status = ST_OK;

    while (count > 0 && status == ST_OK) {
        size_t n = count < STEP_SAMPLES ? count : STEP_SAMPLES;
        audio_l16_unpack(bytes, n, wide);
        status = queue_linear(q, now, out, resample_push(u->downsampler, wide, n, out));
        u->has_tail = true;
        bytes += 2 * n;
        count -= n;
    }
    q->uplink = u;
    if (status != ST_OK) {
        media_uplink_drop(u);
        tx_queue_owe_nothing(q);
    }
    return status;
}

static int put_whole(struct media_uplink *u, struct tx_queue *q, mono_us now, enum media_audio format,
                     const void *bytes, size_t count)
{
    if (format == MEDIA_AUDIO_L16_WIDE) {
        return downsample(u, q, now, bytes, count);
    }
    return tx_queue_put(q, now, AUDIO_L16, bytes, count);
}

/* The sample whose first byte came earlier. */
static int complete_half(struct media_uplink *u, struct tx_queue *q, mono_us now, enum media_audio format,
                         uint8_t second)
{
    const uint8_t sample[2] = {u->half, second};
    bool bad = u->half_bad;

    u->has_half = false;
    u->half_bad = false;
    return bad ? ST_OK : put_whole(u, q, now, format, sample, 1);
}

static void hold_half(struct media_uplink *u, uint8_t first, bool bad)
{
    u->has_half = true;
    u->half_bad = bad;
    u->half = first;
}

static int put_linear(struct media_uplink *u, struct tx_queue *q, mono_us now, enum media_audio format,
                      struct span piece)
{
    int status = ST_OK;

    if (u->has_half && piece.len > 0) {
        status = complete_half(u, q, now, format, (uint8_t)piece.ptr[0]);
        piece = span_from(piece, 1);
    }
    if (status == ST_OK && piece.len >= 2) {
        status = put_whole(u, q, now, format, piece.ptr, piece.len / 2);
    }
    if (piece.len % 2 != 0) {
        hold_half(u, (uint8_t)piece.ptr[piece.len - 1], status != ST_OK);
    }
    return status;
}

/* Samples stay whole whatever is refused. */
static void skip(struct media_uplink *u, enum audio_codec codec, size_t len)
{
    bool odd = is_linear(codec) && (len + (u->has_half ? 1 : 0)) % 2 != 0;

    if (len > 0) {
        media_uplink_drop(u);
    }
    if (len > 0 && odd) {
        hold_half(u, 0, true);
    }
}

/* ---- messages ---- */

int uplink_piece(struct media_uplink *u, struct tx_queue *q, mono_us now, enum media_audio format, struct span piece,
                 bool last)
{
    enum audio_codec codec = codec_of(format);
    int status = ST_OK;

    if (!u->inside && u->has_half && now - q->fed_at >= UPLINK_HALF_US) {
        u->has_half = false; /* a new utterance: the last one ended in the middle of a sample */
        u->half_bad = false;
    }
    u->inside = !last;
    if (u->skipping) {
        skip(u, codec, piece.len);
    } else if (is_linear(codec) && piece.len > 0) {
        tx_queue_touch(q, now);
        status = put_linear(u, q, now, format, piece);
    } else if (piece.len > 0) {
        status = tx_queue_put(q, now, codec, (const uint8_t *)piece.ptr, piece.len);
    }
    u->skipping = !last && (u->skipping || status != ST_OK);
    return status;
}

int media_uplink_piece(struct media_uplink *u, struct media_session *s, mono_us now, enum media_audio format,
                       struct span piece, bool last)
{
    return uplink_piece(u, &s->queue, now, format, piece, last);
}

void media_uplink_refuse(struct media_uplink *u, enum media_audio format, struct span piece, bool last)
{
    skip(u, codec_of(format), piece.len);
    u->inside = !last;
    u->skipping = !last;
}

size_t uplink_owed(const struct media_uplink *u)
{
    return u->has_tail ? resample_owed(u->downsampler) : 0;
}

void uplink_settle(struct media_uplink *u, struct tx_queue *q)
{
    int16_t out[STEP_SAMPLES];

    if (!u->has_tail) {
        return;
    }
    size_t count = resample_flush(u->downsampler, out);
    u->has_tail = false;
    resample_restart(u->downsampler);
    /* as if it had come with what came last, so that it waits no longer; what finds no room is 4 ms */
    if (queue_linear(q, q->fed_at, out, count) != ST_OK) {
        tx_queue_owe_nothing(q);
    }
}

void uplink_settle_alone(struct tx_queue *q, mono_us now)
{
    if (q->uplink != NULL && q->uplink->has_tail && tx_queue_left_alone(q, now)) {
        uplink_settle(q->uplink, q);
    }
}

void media_uplink_settle(struct media_uplink *u, struct media_session *s)
{
    uplink_settle(u, &s->queue);
}

void media_uplink_drop(struct media_uplink *u)
{
    u->has_half = false;
    u->half_bad = false;
    if (u->has_tail) {
        u->has_tail = false;
        resample_restart(u->downsampler);
    }
}
