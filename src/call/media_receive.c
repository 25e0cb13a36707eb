/* SPDX-License-Identifier: MIT */
/* What arrives on a call's ports. */
#include "media.h"

#include <stdio.h>

#include "bridge_priv.h"

#define PAYLOAD_TYPE_NOISE 13 /* RFC 3551: a static type, so that far ends send it without having offered it */

/* What a payload type brings in this call: what was agreed, and what was offered. */
static enum media_payload payload_of(const struct call *call, uint8_t type)
{
    const struct sdp_agreed *a = &call->agreed;
    bool agreed = call->media.open;

    if (agreed && type == a->payload_type) {
        return media_codec(call) == AUDIO_ALAW ? MEDIA_PAYLOAD_ALAW : MEDIA_PAYLOAD_ULAW;
    }
    if (agreed ? sdp_agreed_is_event(a, type) : type == SDP_TELEPHONE_EVENT_PT) {
        return MEDIA_PAYLOAD_EVENT;
    }
    switch (type) {
    case 0: return MEDIA_PAYLOAD_ULAW;
    case 8: return MEDIA_PAYLOAD_ALAW;
    case PAYLOAD_TYPE_NOISE: return MEDIA_PAYLOAD_NOISE;
    default: return MEDIA_PAYLOAD_UNWANTED;
    }
}

static void drop(struct call *call)
{
    call->media.dropped++;
    call->bridge->stats.rtp_dropped++;
}

/* A source that is about to be learnt is no news: it shows itself with five packets at most. */
#define SOURCE_TOLD_AFTER 10

static void tell_drop(struct call *call, enum media_drop why, const struct media_dropped *d)
{
    struct bridge *b = call->bridge;
    char from[ADDR_TEXT_MAX];

    if (!log_quota_take(&b->drop_lines, b->log, LOG_INFO, b->now)) {
        return;
    }
    addr_text(&d->from, from);
    switch (why) {
    case MEDIA_DROP_NOT_RTP: log_write(b->log, LOG_INFO, LOG_TEXT(b->log, DROPPED_NOT_RTP), call->label, from); break;
    case MEDIA_DROP_PAYLOAD_TYPE:
        log_write(b->log, LOG_INFO, LOG_TEXT(b->log, DROPPED_TYPE), call->label, d->payload_type, from);
        break;
    case MEDIA_DROP_SOURCE: log_write(b->log, LOG_INFO, LOG_TEXT(b->log, DROPPED_SOURCE), call->label, from); break;
    case MEDIA_DROP_COUNT: break;
    }
}

static void drop_because(struct call *call, enum media_drop why, const struct net_addr *from, uint8_t payload_type)
{
    struct media_dropped *d = &call->media.drops[why];

    drop(call);
    d->count += d->count < UINT32_MAX ? 1 : 0;
    d->from = *from;
    d->payload_type = payload_type;
    if (!d->told && d->count >= (why == MEDIA_DROP_SOURCE ? SOURCE_TOLD_AFTER : 1)) {
        d->told = true;
        tell_drop(call, why, d);
    }
}

void media_silence_text(const struct call *call, char buf[CALL_REASON_MAX])
{
    const struct media_dropped *drops = call->media.drops;
    enum media_drop most = MEDIA_DROP_NOT_RTP;
    long long seconds = call->bridge->config.no_media / DUR_S(1);
    char from[ADDR_TEXT_MAX];

    for (int why = 1; why < MEDIA_DROP_COUNT; why++) {
        most = drops[why].count > drops[most].count ? (enum media_drop)why : most;
    }
    addr_text(&drops[most].from, from);
    if (drops[most].count == 0) {
        snprintf(buf, CALL_REASON_MAX, TEXT_EN_WORD_NO_MEDIA, seconds);
    } else if (most == MEDIA_DROP_PAYLOAD_TYPE) {
        snprintf(buf, CALL_REASON_MAX, TEXT_EN_WORD_NO_MEDIA_TYPE, seconds, drops[most].payload_type, from);
    } else if (most == MEDIA_DROP_NOT_RTP) {
        snprintf(buf, CALL_REASON_MAX, TEXT_EN_WORD_NO_MEDIA_RTP, seconds, from);
    } else {
        snprintf(buf, CALL_REASON_MAX, TEXT_EN_WORD_NO_MEDIA_SOURCE, seconds, from);
    }
}

static void taken(struct call_media *m, mono_us now)
{
    m->last_heard = now;
    for (int why = 0; why < MEDIA_DROP_COUNT; why++) {
        m->drops[why].count = 0;
    }
}

static void rtcp_arrived(struct call *call, const struct net_addr *from, struct span datagram)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;
    bool known = rtp_source_takes_rtcp(&m->source, from);
    int64_t wall = b->config.media.wall(b->config.media.ctx);

    if (!m->open || !known || rtcp_input(&m->rtcp, datagram, m->tx.ssrc, b->now, wall, 8000) != ST_OK) {
        drop(call);
        return;
    }
    rtp_source_rtcp_heard(&m->source, from);
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

static void record_packet(struct call *call, const struct rtp_packet *packet, enum rtp_rx_verdict verdict,
                          enum media_payload payload)
{
    struct call_media *m = &call->media;
    uint8_t ulaw[RTP_PACKET_MAX];

    m->record_restart = m->record_restart || verdict == RTP_RX_RESTART;
    if (!m->recorder.on || (payload != MEDIA_PAYLOAD_ULAW && payload != MEDIA_PAYLOAD_ALAW)) {
        return;
    }
    enum audio_codec codec = payload == MEDIA_PAYLOAD_ALAW ? AUDIO_ALAW : AUDIO_ULAW;
    audio_convert(codec, (const uint8_t *)packet->payload.ptr, AUDIO_ULAW, ulaw, packet->payload.len);
    recorder_received(&m->recorder, call->bridge->now, packet->timestamp, m->record_restart, ulaw, packet->payload.len);
    m->record_restart = false;
}

/* For the client: the packet as it came or what it brings, by its format, and keys in every format. */
static void tell_client(struct call *call, struct span datagram, const struct rtp_packet *packet,
                        enum rtp_rx_verdict verdict, enum media_payload payload)
{
    struct call_media *m = &call->media;
    mono_us now = call->bridge->now;
    struct client *c = client_get(call->bridge, call->client);

    if (c != NULL && (c->format == MEDIA_HEX || c->format == MEDIA_RTP)) {
        client_audio(c, datagram.ptr, datagram.len);
    }
    if (verdict == RTP_RX_DUPLICATE || verdict == RTP_RX_HELD) {
        return;
    }
    media_hear_packet(call, c, packet, verdict, payload);
    rtp_dtmf_rx_stream(&m->keys_in, now, packet->ssrc);
    char key = payload == MEDIA_PAYLOAD_EVENT ? rtp_dtmf_rx_push(&m->keys_in, now, packet) : '\0';
    if (key != '\0') {
        client_tell(c, "DTMF:%c", key);
    }
}

static void rtp_arrived(struct call *call, const struct net_addr *from, struct span datagram)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;
    struct rtp_packet packet;

    if (datagram.len > RTP_PACKET_MAX || rtp_packet_parse(datagram, &packet) != ST_OK || packet.payload.len == 0) {
        drop_because(call, MEDIA_DROP_NOT_RTP, from, 0);
        return;
    }
    enum media_payload payload = payload_of(call, packet.payload_type);
    if (payload == MEDIA_PAYLOAD_UNWANTED) {
        drop_because(call, MEDIA_DROP_PAYLOAD_TYPE, from, packet.payload_type);
        return;
    }
    if (!rtp_source_accept(&m->source, b->now, from, &packet)) {
        drop_because(call, MEDIA_DROP_SOURCE, from, packet.payload_type);
        return;
    }
    taken(m, b->now);
    log_first(call, from, &packet);
    enum rtp_rx_verdict verdict = rtp_rx_push(&m->rx, b->now, &packet, 8000);
    if (m->echo.on && m->open && echo_wants(&call->agreed, &packet, verdict)) {
        echo_push(&m->echo, packet.payload);
    }
    tell_client(call, datagram, &packet, verdict, payload);
    if (b->config.files.raw_packet != NULL) {
        b->config.files.raw_packet(b->config.files.ctx, datagram.ptr, datagram.len);
    }
    if (verdict != RTP_RX_DUPLICATE && verdict != RTP_RX_HELD) {
        record_packet(call, &packet, verdict, payload);
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
