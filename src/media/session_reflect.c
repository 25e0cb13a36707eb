/* SPDX-License-Identifier: MIT */
/* What goes back at once: the far side of the loopback exchange. It has no clock of its own, so that who measures its round trip
 * measures the network and us, and no queue of 20 ms. */
#include "media_priv.h"

void media_session_reflect_audio(struct media_session *s, const struct rtp_packet *packet)
{
    uint8_t bytes[RTP_PACKET_MAX];
    struct outbuf out;

    outbuf_init(&out, bytes, sizeof(bytes));
    if (rtp_tx_packet(&s->tx, packet->payload, (uint32_t)(packet->payload.len / audio_codec_width(s->negotiated.codec)),
                      &out) == ST_OK) {
        media_session_emit(s, false, rtp_source_dest(&s->source), outbuf_view(&out));
    }
}

void media_session_reflect_event(struct media_session *s, const struct rtp_packet *event, bool pressed)
{
    struct rtp_dtmf_step step = {.marker = event->marker};
    uint8_t bytes[RTP_HEADER_LEN + RTP_EVENT_LEN];
    struct outbuf out;

    if (!rtp_dtmf_rx_is_newest(&s->dtmf_in, event) || s->negotiated.telephone_event_pt < 0) {
        return; /* no digit, or overtaken by the next one, or there are none any more */
    }
    if (pressed) {
        s->event_out = s->tx.timestamp;
        rtp_tx_skip(&s->tx, session_clock(s).frame); /* none of the next digit */
    }
    step.timestamp = s->event_out;
    memcpy(step.payload, event->payload.ptr, RTP_EVENT_LEN);
    outbuf_init(&out, bytes, sizeof(bytes));
    if (rtp_tx_event(&s->tx, &step, (uint8_t)s->negotiated.telephone_event_pt, &out) == ST_OK) {
        media_session_emit(s, false, rtp_source_dest(&s->source), outbuf_view(&out));
    }
}

void media_session_reflect_report(struct media_session *s, mono_us now)
{
    if (now >= s->rtcp_due) {
        media_session_send_rtcp(s, now, false);
        s->rtcp_due = now + media_session_rtcp_interval(s);
    }
}
