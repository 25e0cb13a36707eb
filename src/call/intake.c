/* SPDX-License-Identifier: MIT */
#include "intake.h"

static enum audio_codec codec_of(enum media_format format)
{
    switch (format) {
    case MEDIA_ALAW: return AUDIO_ALAW;
    case MEDIA_L16:
    case MEDIA_L16_WIDE: return AUDIO_L16;
    case MEDIA_HEX:
    case MEDIA_RTP:
    case MEDIA_ULAW:
    case MEDIA_OFF:
    case MEDIA_FORMAT_COUNT: break;
    }
    return AUDIO_ULAW;
}

int intake_prepare(struct intake *in, enum media_format format)
{
    if (format != MEDIA_L16_WIDE || in->narrower != NULL) {
        return ST_OK;
    }
    return resample_new(16000, 8000, RESAMPLE_FILE, &in->narrower);
}

void intake_fini(struct intake *in)
{
    resample_free(in->narrower);
    *in = (struct intake){0};
}

/* ---- samples of 16 bits ---- */

#define STEP_SAMPLES 512U

static void unpack(const uint8_t *bytes, size_t count, int16_t *out)
{
    for (size_t i = 0; i < count; i++) {
        int value = bytes[2 * i] | bytes[2 * i + 1] << 8;
        out[i] = (int16_t)(value >= 0x8000 ? value - 0x10000 : value);
    }
}

static int queue_linear(struct lanes *l, mono_us now, const int16_t *samples, size_t count)
{
    uint8_t bytes[2 * STEP_SAMPLES];

    for (size_t i = 0; i < count; i++) {
        unsigned bits = (unsigned)samples[i];
        bytes[2 * i] = (uint8_t)bits;
        bytes[2 * i + 1] = (uint8_t)(bits >> 8);
    }
    return lanes_queue(l, now, AUDIO_L16, bytes, count);
}

static int narrow(struct intake *in, struct lanes *l, mono_us now, const uint8_t *bytes, size_t count)
{
    int16_t wide[STEP_SAMPLES];
    int16_t out[STEP_SAMPLES];
    int status = ST_OK;

    while (count > 0 && status == ST_OK) {
        size_t n = count < STEP_SAMPLES ? count : STEP_SAMPLES;
        unpack(bytes, n, wide);
        status = queue_linear(l, now, out, resample_push(in->narrower, wide, n, out));
        in->has_tail = true;
        bytes += 2 * n;
        count -= n;
    }
    if (status != ST_OK) {
        intake_drop(in);
        lanes_owe_nothing(l);
    }
    return status;
}

static int whole(struct intake *in, struct lanes *l, mono_us now, enum media_format format, const void *bytes,
                 size_t count)
{
    if (format == MEDIA_L16_WIDE) {
        return narrow(in, l, now, bytes, count);
    }
    return lanes_queue(l, now, AUDIO_L16, bytes, count);
}

/* The sample whose first byte came earlier. */
static int complete_half(struct intake *in, struct lanes *l, mono_us now, enum media_format format, uint8_t second)
{
    const uint8_t sample[2] = {in->half, second};
    bool bad = in->half_bad;

    in->has_half = false;
    in->half_bad = false;
    return bad ? ST_OK : whole(in, l, now, format, sample, 1);
}

static void hold_half(struct intake *in, uint8_t first, bool bad)
{
    in->has_half = true;
    in->half_bad = bad;
    in->half = first;
}

static int linear(struct intake *in, struct lanes *l, mono_us now, enum media_format format, struct span piece)
{
    int status = ST_OK;

    if (in->has_half && piece.len > 0) {
        status = complete_half(in, l, now, format, (uint8_t)piece.ptr[0]);
        piece = span_from(piece, 1);
    }
    if (status == ST_OK && piece.len >= 2) {
        status = whole(in, l, now, format, piece.ptr, piece.len / 2);
    }
    if (piece.len % 2 != 0) {
        hold_half(in, (uint8_t)piece.ptr[piece.len - 1], status != ST_OK);
    }
    return status;
}

/* Samples stay whole whatever is refused. */
static void skip(struct intake *in, enum audio_codec codec, size_t len)
{
    bool odd = codec == AUDIO_L16 && (len + (in->has_half ? 1 : 0)) % 2 != 0;

    if (len > 0) {
        intake_drop(in);
    }
    if (len > 0 && odd) {
        hold_half(in, 0, true);
    }
}

/* ---- messages ---- */

int intake_piece(struct intake *in, struct lanes *l, mono_us now, enum media_format format, struct span piece,
                 bool last)
{
    enum audio_codec codec = codec_of(format);
    int status = ST_OK;

    if (!in->inside && in->has_half && now - l->fed_at >= INTAKE_HALF_US) {
        in->has_half = false; /* a new utterance: the last one ended in the middle of a sample */
        in->half_bad = false;
    }
    in->inside = !last;
    if (in->skipping) {
        skip(in, codec, piece.len);
    } else if (codec == AUDIO_L16 && piece.len > 0) {
        lanes_touch(l, now);
        status = linear(in, l, now, format, piece);
    } else if (piece.len > 0) {
        status = lanes_queue(l, now, codec, (const uint8_t *)piece.ptr, piece.len);
    }
    in->skipping = !last && (in->skipping || status != ST_OK);
    return status;
}

void intake_refuse(struct intake *in, enum media_format format, struct span piece, bool last)
{
    skip(in, codec_of(format), piece.len);
    in->inside = !last;
    in->skipping = !last;
}

size_t intake_owed(const struct intake *in)
{
    return in->has_tail ? resample_owed(in->narrower) : 0;
}

void intake_settle(struct intake *in, struct lanes *l)
{
    int16_t out[STEP_SAMPLES];

    if (!in->has_tail) {
        return;
    }
    size_t count = resample_flush(in->narrower, out);
    in->has_tail = false;
    resample_restart(in->narrower);
    /* as if it had come with what came last, so that it waits no longer; what finds no room is 4 ms */
    if (queue_linear(l, l->fed_at, out, count) != ST_OK) {
        lanes_owe_nothing(l);
    }
}

void intake_drop(struct intake *in)
{
    in->has_half = false;
    in->half_bad = false;
    if (in->has_tail) {
        in->has_tail = false;
        resample_restart(in->narrower);
    }
}
