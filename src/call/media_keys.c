/* SPDX-License-Identifier: MIT */
/* Keys of DTMF on their way to the far end: as events where they were agreed, else as tones in the audio. */
#include "media.h"

#include "bridge_priv.h"

static bool events_agreed(const struct call *call)
{
    return call->agreed.telephone_event_pt >= 0;
}

dur_us media_interval(const struct call *call)
{
    bool events = events_agreed(call) && rtp_dtmf_tx_busy(&call->media.keys_out, call->media.tx.timestamp);

    return events ? RTP_FRAME_US : DUR_MS(call->agreed.ptime_ms);
}

bool media_keys_event(struct call *call, size_t samples)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;
    uint8_t packet[RTP_HEADER_LEN + RTP_EVENT_LEN];
    struct outbuf out;

    if (!events_agreed(call) || samples != RTP_FRAME_SAMPLES || !rtp_dtmf_tx_busy(&m->keys_out, m->tx.timestamp)) {
        return false;
    }
    struct rtp_dtmf_step step = rtp_dtmf_tx_step(&m->keys_out, m->tx.timestamp, RTP_FRAME_SAMPLES, true);
    if (step.turn != RTP_DTMF_TURN_EVENT) {
        return false;
    }
    outbuf_init(&out, packet, sizeof(packet));
    if (rtp_tx_event(&m->tx, &step, (uint8_t)call->agreed.telephone_event_pt, &out) == ST_OK) {
        (void)b->config.media.send(b->config.media.ctx, call->id, false, rtp_source_dest(&m->source), packet, out.len);
        b->stats.rtp_out++;
    }
    rtp_tx_skip(&m->tx, RTP_FRAME_SAMPLES);
    return true;
}

static void put_tone(const struct rtp_dtmf_step *step, enum audio_codec codec, uint8_t *out)
{
    int16_t tone[RTP_FRAME_SAMPLES];
    uint8_t bytes[2 * RTP_FRAME_SAMPLES];

    audio_key_tone(tone, step->samples, step->key, step->offset, RTP_DTMF_ON);
    audio_l16_pack(tone, step->samples, bytes);
    audio_convert(AUDIO_L16, bytes, codec, out, step->samples);
}

bool media_keys_frame(struct call *call, uint32_t timestamp, enum audio_codec codec, uint8_t *out)
{
    struct rtp_dtmf_tx *keys = &call->media.keys_out;
    uint32_t at = 0;

    while (at < RTP_FRAME_SAMPLES && rtp_dtmf_tx_busy(keys, timestamp + at)) {
        /* an event begins with a packet of its own: media_keys_event */
        bool events = events_agreed(call);
        struct rtp_dtmf_step step = rtp_dtmf_tx_step(keys, timestamp + at, RTP_FRAME_SAMPLES - at, events);
        if (step.turn == RTP_DTMF_TURN_TONE) {
            put_tone(&step, codec, out + at);
        } else if (step.turn == RTP_DTMF_TURN_SILENCE) {
            memset(out + at, audio_silence(codec), step.samples);
        } else {
            break;
        }
        at += step.samples;
    }
    if (at > 0) {
        memset(out + at, audio_silence(codec), RTP_FRAME_SAMPLES - at);
    }
    return at > 0;
}
