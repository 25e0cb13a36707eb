/* SPDX-License-Identifier: MIT */
/* DTMF on its way to the far end: as telephone events where they were negotiated, else as tones in the audio. */
#include "media_priv.h"

static bool events_negotiated(const struct media_session *s)
{
    return s->negotiated.telephone_event_pt >= 0;
}

dur_us media_session_interval(const struct media_session *s)
{
    bool events = events_negotiated(s) && rtp_dtmf_tx_busy(&s->dtmf_out, s->tx.timestamp);
    return events ? RTP_FRAME_US : DUR_MS(s->negotiated.ptime_ms);
}

bool media_session_dtmf_event(struct media_session *s, dur_us interval)
{
    const uint16_t frame = session_clock(s).frame;
    uint8_t packet[RTP_HEADER_LEN + RTP_EVENT_LEN];
    struct outbuf out;

    if (!events_negotiated(s) || interval != RTP_FRAME_US || !rtp_dtmf_tx_busy(&s->dtmf_out, s->tx.timestamp)) {
        return false;
    }
    struct rtp_dtmf_step step = rtp_dtmf_tx_step(&s->dtmf_out, s->tx.timestamp, frame, true);
    if (step.turn != RTP_DTMF_TURN_EVENT) {
        return false;
    }
    outbuf_init(&out, packet, sizeof(packet));
    if (rtp_tx_event(&s->tx, &step, (uint8_t)s->negotiated.telephone_event_pt, &out) == ST_OK) {
        media_session_emit(s, false, rtp_source_dest(&s->source), outbuf_view(&out));
        s->media->stats.rtp_out++;
    }
    rtp_tx_skip(&s->tx, frame);
    return true;
}

static void put_tone(const struct rtp_dtmf_step *step, enum audio_codec codec, uint8_t *out)
{
    int16_t tone[AUDIO_FRAME];

    audio_key_tone(tone, step->samples, step->key, step->offset, step->total);
    audio_codec_row(codec)->encode(tone, step->samples, out);
}

bool media_session_dtmf_frame(struct media_session *s, uint32_t timestamp, enum audio_codec codec, uint8_t *out)
{
    struct rtp_dtmf_tx *dtmf = &s->dtmf_out;
    uint32_t at = 0;

    while (at < AUDIO_FRAME && rtp_dtmf_tx_busy(dtmf, timestamp + at)) {
        /* an event begins with a packet of its own: media_session_dtmf_event */
        struct rtp_dtmf_step step = rtp_dtmf_tx_step(dtmf, timestamp + at, AUDIO_FRAME - at, events_negotiated(s));
        if (step.turn == RTP_DTMF_TURN_TONE) {
            put_tone(&step, codec, out + at);
        } else if (step.turn == RTP_DTMF_TURN_SILENCE) {
            audio_put_silence(codec, out + at, step.samples);
        } else {
            break;
        }
        at += step.samples;
    }
    if (at > 0) {
        audio_put_silence(codec, out + at, AUDIO_FRAME - at);
    }
    return at > 0;
}
