/* SPDX-License-Identifier: MIT */
/* Keys to be sent: telephone events (RFC 4733 2.5.1) or tones in the audio, on the stream's own timestamps. */
#include "wire.h"
#include "wsaudio/rtp.h"

void rtp_dtmf_tx_init(struct rtp_dtmf_tx *k, const struct rtp_clock *clock)
{
    *k = (struct rtp_dtmf_tx){.clock = *clock, .phase = RTP_DTMF_IDLE};
}

static uint32_t samples_on(const struct rtp_dtmf_tx *k)
{
    return rtp_clock_samples(&k->clock, RTP_DTMF_ON_US);
}

int rtp_dtmf_tx_add(struct rtp_dtmf_tx *k, struct span text)
{
    if (text.len == 0) {
        return ST_BAD;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != ',' && rtp_event_of_key(text.ptr[i]) < 0) {
            return ST_BAD;
        }
    }
    if (text.len > RTP_DTMF_MAX) {
        return ST_TOO_LARGE;
    }
    if (text.len > RTP_DTMF_MAX - k->count) {
        return ST_FULL;
    }
    for (size_t i = 0; i < text.len; i++) {
        k->queue[(k->head + k->count++) % RTP_DTMF_MAX] = text.ptr[i];
    }
    return ST_OK;
}

bool rtp_dtmf_tx_busy(const struct rtp_dtmf_tx *k, uint32_t timestamp)
{
    bool over = k->phase == RTP_DTMF_IDLE ||
                (k->phase == RTP_DTMF_SILENT && k->ends_left == 0 && timestamp - k->silent_since >= k->silent_for);

    return !over || k->count > 0;
}

static void silence_begin(struct rtp_dtmf_tx *k, uint32_t since, dur_us duration)
{
    k->phase = RTP_DTMF_SILENT;
    k->silent_since = since;
    k->silent_for = rtp_clock_samples(&k->clock, duration);
}

void rtp_dtmf_tx_cut(struct rtp_dtmf_tx *k)
{
    k->phase = RTP_DTMF_IDLE;
    k->ends_left = 0;
}

static void next_key(struct rtp_dtmf_tx *k, uint32_t timestamp, bool events)
{
    char key = k->queue[k->head];

    k->head = (k->head + 1) % RTP_DTMF_MAX;
    k->count--;
    if (key == ',') {
        silence_begin(k, timestamp, RTP_DTMF_PAUSE_US);
        return;
    }
    k->phase = RTP_DTMF_ACTIVE;
    k->key = rtp_event_key((uint8_t)rtp_event_of_key(key));
    k->as_event = events;
    k->started = timestamp;
    k->first = true;
    k->ends_left = events ? RTP_DTMF_ENDS : 0;
}

static void write_event(const struct rtp_dtmf_tx *k, uint32_t duration, bool end, struct rtp_dtmf_step *step)
{
    step->turn = RTP_DTMF_TURN_EVENT;
    step->timestamp = k->started;
    step->payload[0] = (uint8_t)rtp_event_of_key(k->key);
    step->payload[1] = (uint8_t)((end ? RTP_DTMF_END_BIT : 0) | RTP_DTMF_VOLUME_DBM);
    step->payload[2] = (uint8_t)(duration >> 8);
    step->payload[3] = (uint8_t)duration;
}

/* A packet each time, until the end has been told often enough; the silence behind the key counts from its end on. */
static struct rtp_dtmf_step step_event(struct rtp_dtmf_tx *k, uint32_t timestamp, uint32_t samples)
{
    struct rtp_dtmf_step step = {.key = k->key};
    uint32_t duration = timestamp - k->started + samples;
    const uint32_t on = samples_on(k);

    if (k->phase == RTP_DTMF_ACTIVE && duration >= on) {
        silence_begin(k, k->started + on, RTP_DTMF_OFF_US);
    }
    bool end = k->phase == RTP_DTMF_SILENT;
    write_event(k, end ? on : duration, end, &step);
    step.marker = k->first;
    k->first = false;
    k->ends_left -= end ? 1 : 0;
    return step;
}

/* From `offset` on, of `total`. */
static struct rtp_dtmf_step step_samples(enum rtp_dtmf_turn turn, char key, uint32_t offset, uint32_t total,
                                         uint32_t samples)
{
    uint32_t left = total - offset;

    return (struct rtp_dtmf_step){
        .turn = turn, .key = key, .offset = offset, .total = total, .samples = left < samples ? left : samples};
}

/* Events are not agreed any more: nobody can be told how the key ends. */
static void mute(struct rtp_dtmf_tx *k)
{
    if (k->phase == RTP_DTMF_ACTIVE) {
        silence_begin(k, k->started, RTP_DTMF_ON_US + RTP_DTMF_OFF_US);
    }
    k->ends_left = 0;
    k->as_event = false;
}

struct rtp_dtmf_step rtp_dtmf_tx_step(struct rtp_dtmf_tx *k, uint32_t timestamp, uint32_t samples, bool events)
{
    if (k->as_event && !events) {
        mute(k);
    }
    /* what is over by now; more than one may be, when ticks were skipped */
    for (;;) {
        if (k->phase == RTP_DTMF_ACTIVE && k->as_event) {
            return step_event(k, timestamp, samples);
        }
        if (k->phase == RTP_DTMF_ACTIVE) {
            uint32_t passed = timestamp - k->started;
            if (passed < samples_on(k)) {
                return step_samples(RTP_DTMF_TURN_TONE, k->key, passed, samples_on(k), samples);
            }
            silence_begin(k, k->started + samples_on(k), RTP_DTMF_OFF_US);
        }
        if (k->ends_left > 0) {
            return step_event(k, timestamp, samples);
        }
        if (k->phase == RTP_DTMF_SILENT) {
            uint32_t passed = timestamp - k->silent_since;
            if (passed < k->silent_for) {
                return step_samples(RTP_DTMF_TURN_SILENCE, k->key, passed, k->silent_for, samples);
            }
            k->phase = RTP_DTMF_IDLE;
        }
        if (k->count == 0) {
            return (struct rtp_dtmf_step){.turn = RTP_DTMF_TURN_NONE};
        }
        if (events && samples < k->clock.frame) {
            return step_samples(RTP_DTMF_TURN_SILENCE, '\0', 0, samples, samples); /* the rest of a packet of audio */
        }
        next_key(k, timestamp, events);
    }
}

int rtp_tx_event(struct rtp_tx *tx, const struct rtp_dtmf_step *step, uint8_t payload_type, struct outbuf *out)
{
    struct rtp_packet packet = {
        .marker = step->marker,
        .payload_type = payload_type,
        .sequence = tx->sequence,
        .timestamp = step->timestamp,
        .ssrc = tx->ssrc,
        .payload = span_make(step->payload, RTP_EVENT_LEN),
    };
    int status = rtp_packet_write(&packet, out);

    if (status == ST_OK) {
        tx->sequence++;
        tx->packets++;
        tx->octets += RTP_EVENT_LEN;
    }
    return status;
}
