/* What arrives on a call's ports. */
#include "media.h"

#include "bridge_priv.h"

/* Payload types that this call may bring: what was offered, and what was agreed. */
static bool payload_wanted(const struct call *call, uint8_t type, enum audio_codec *codec, bool *audio)
{
    const struct sdp_agreed *a = &call->agreed;
    bool agreed = call->media.open;

    *audio = true;
    if (agreed && type == a->payload_type) {
        *codec = media_codec(call);
        return true;
    }
    if (type == SDP_PCMU || type == SDP_PCMA) {
        *codec = type == SDP_PCMA ? AUDIO_ALAW : AUDIO_ULAW;
        return true;
    }
    *audio = false;
    return (int)type == (agreed ? a->telephone_event_pt : 101);
}

static void drop(struct call *call)
{
    call->media.dropped++;
    call->bridge->stats.rtp_dropped++;
}

static void rtcp_arrived(struct call *call, const struct net_addr *from, struct span datagram)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;
    bool known = addr_same_ip(from, rtp_source_dest(&m->source)) || addr_same_ip(from, &call->agreed.rtcp);
    int64_t wall = b->config.media.wall(b->config.media.ctx);

    if (!m->open || !known || rtcp_input(&m->rtcp, datagram, m->tx.ssrc, b->now, wall, 8000) != ST_OK) {
        drop(call);
        return;
    }
    m->last_heard = b->now;
}

static void log_first(struct call *call, const struct net_addr *from, const struct rtp_packet *packet)
{
    char text[ADDR_TEXT_MAX];

    if (!call->media.first_logged) {
        call->media.first_logged = true;
        log_write(call->bridge->log, LOG_INFO, LOG_TEXT(call->bridge->log, RTP_PACKET), addr_text(from, text),
                  packet->sequence, packet->timestamp, (unsigned)packet->payload.len);
    }
}

static void record_packet(struct call *call, const struct rtp_packet *packet, enum audio_codec codec, bool restart)
{
    uint8_t ulaw[RTP_PACKET_MAX];

    audio_convert(codec, (const uint8_t *)packet->payload.ptr, AUDIO_ULAW, ulaw, packet->payload.len);
    recorder_received(&call->media.recorder, call->bridge->now, packet->timestamp, restart, ulaw, packet->payload.len);
}

static void rtp_arrived(struct call *call, const struct net_addr *from, struct span datagram)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;
    struct rtp_packet packet;
    enum audio_codec codec = AUDIO_ULAW;
    bool audio = false;

    if (datagram.len > RTP_PACKET_MAX || rtp_packet_parse(datagram, &packet) != ST_OK || packet.payload.len == 0 ||
        !payload_wanted(call, packet.payload_type, &codec, &audio) || !rtp_source_accept(&m->source, b->now, from)) {
        drop(call);
        return;
    }
    m->last_heard = b->now;
    log_first(call, from, &packet);
    enum rtp_rx_verdict verdict = rtp_rx_push(&m->rx, b->now, &packet, 8000);
    if (m->echo.on && m->open && echo_wants(&call->agreed, &packet, verdict)) {
        echo_push(&m->echo, packet.payload);
    }
    client_audio(client_get(b, call->client), datagram.ptr, datagram.len);
    if (b->config.files.raw_packet != NULL) {
        b->config.files.raw_packet(b->config.files.ctx, datagram.ptr, datagram.len);
    }
    if (m->recorder.on && audio && verdict != RTP_RX_DUPLICATE && verdict != RTP_RX_HELD) {
        record_packet(call, &packet, codec, verdict == RTP_RX_RESTART);
    }
}

void media_input(struct call *call, bool rtcp, const struct net_addr *from, struct span datagram)
{
    call->bridge->stats.rtp_in++;
    if (!call->media.listening) {
        drop(call);
    } else if (rtcp) {
        rtcp_arrived(call, from, datagram);
    } else {
        rtp_arrived(call, from, datagram);
    }
}
