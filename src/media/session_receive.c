/* SPDX-License-Identifier: MIT */
/* What arrives on a session's ports. */
#include <stdio.h>

#include "media_priv.h"

#define PAYLOAD_TYPE_NOISE 13 /* RFC 3551: a static type, so that far ends send it without having offered it */

static bool is_agreed(const struct sdp_negotiated *agreed, uint8_t type, struct media_payload *out)
{
    if (type == agreed->payload_type) {
        *out = (struct media_payload){MEDIA_PAYLOAD_AUDIO, agreed->codec};
        return true;
    }
    out->kind = MEDIA_PAYLOAD_EVENT;
    return sdp_negotiated_is_event(agreed, type);
}

/* What a payload type brings: what is agreed, what was before and may be under way still, and what was offered. */
static struct media_payload payload_of(const struct media_session *s, uint8_t type)
{
    struct media_payload payload = {MEDIA_PAYLOAD_EVENT, AUDIO_CODEC_COUNT};

    if (s->started ? is_agreed(&s->negotiated, type, &payload) : type == SDP_TELEPHONE_EVENT_PT) {
        return payload;
    }
    if (audio_codec_of_payload(type, &payload.codec)) {
        payload.kind = MEDIA_PAYLOAD_AUDIO;
    } else if (!s->started || !is_agreed(&s->former, type, &payload)) {
        payload.kind = type == PAYLOAD_TYPE_NOISE ? MEDIA_PAYLOAD_NOISE : MEDIA_PAYLOAD_UNWANTED;
    }
    return payload;
}

/* ---- what is dropped ---- */

static void drop(struct media_session *s)
{
    s->dropped++;
    s->media->stats.rtp_dropped++;
}

/* A source that is about to be learnt is no news: it shows itself with five packets at most. */
#define SOURCE_TOLD_AFTER 10

static void log_drop(struct media_session *s, mono_us now, enum media_drop why, const struct media_dropped *d)
{
    const struct log *log = s->media->config.log;
    const char *label = s->config.label;
    char from[ADDR_TEXT_MAX];

    if (!log_quota_take(&s->media->drop_lines, log, LOG_INFO, now)) {
        return;
    }
    addr_text(&d->from, from);
    switch (why) {
    case MEDIA_DROP_NOT_RTP: log_write(log, LOG_INFO, LOG_TEXT(log, DROPPED_NOT_RTP), label, from); break;
    case MEDIA_DROP_PAYLOAD_TYPE:
        log_write(log, LOG_INFO, LOG_TEXT(log, DROPPED_TYPE), label, d->payload_type, from);
        break;
    case MEDIA_DROP_SOURCE: log_write(log, LOG_INFO, LOG_TEXT(log, DROPPED_SOURCE), label, from); break;
    case MEDIA_DROP_COUNT: break;
    }
}

static void drop_because(struct media_session *s, mono_us now, enum media_drop why, const struct net_addr *from,
                         uint8_t payload_type)
{
    struct media_dropped *d = &s->drops[why];

    drop(s);
    d->count += d->count < UINT32_MAX ? 1 : 0;
    d->from = *from;
    d->payload_type = payload_type;
    if (!d->told && d->count >= (why == MEDIA_DROP_SOURCE ? SOURCE_TOLD_AFTER : 1)) {
        d->told = true;
        log_drop(s, now, why, d);
    }
}

void media_session_silence_text(const struct media_session *s, dur_us silent, char buf[MEDIA_SILENCE_TEXT_MAX])
{
    const struct media_dropped *drops = s->drops;
    enum media_drop most = MEDIA_DROP_NOT_RTP;
    long long seconds = silent / DUR_S(1);
    char from[ADDR_TEXT_MAX];

    for (int why = 1; why < MEDIA_DROP_COUNT; why++) {
        most = drops[why].count > drops[most].count ? (enum media_drop)why : most;
    }
    addr_text(&drops[most].from, from);
    if (drops[most].count == 0) {
        snprintf(buf, MEDIA_SILENCE_TEXT_MAX, TEXT_EN_WORD_NO_MEDIA, seconds);
    } else if (most == MEDIA_DROP_PAYLOAD_TYPE) {
        snprintf(buf, MEDIA_SILENCE_TEXT_MAX, TEXT_EN_WORD_NO_MEDIA_TYPE, seconds, drops[most].payload_type, from);
    } else if (most == MEDIA_DROP_NOT_RTP) {
        snprintf(buf, MEDIA_SILENCE_TEXT_MAX, TEXT_EN_WORD_NO_MEDIA_RTP, seconds, from);
    } else {
        snprintf(buf, MEDIA_SILENCE_TEXT_MAX, TEXT_EN_WORD_NO_MEDIA_SOURCE, seconds, from);
    }
}

/* ---- what is taken ---- */

static void note_taken(struct media_session *s, mono_us now)
{
    s->heard_at = now;
    for (int why = 0; why < MEDIA_DROP_COUNT; why++) {
        s->drops[why].count = 0;
    }
}

static void log_first(struct media_session *s, const struct net_addr *from, const struct rtp_packet *packet)
{
    const struct log *log = s->media->config.log;
    char text[ADDR_TEXT_MAX];

    if (!s->first_logged) {
        s->first_logged = true;
        log_write(log, LOG_INFO, LOG_TEXT(log, RTP_PACKET), addr_text(from, text), packet->sequence, packet->timestamp,
                  (unsigned)packet->payload.len);
    }
}

static void record_packet(struct media_session *s, mono_us now, const struct rtp_packet *packet,
                          enum rtp_rx_verdict verdict, struct media_payload payload)
{
    uint8_t ulaw[RTP_PACKET_MAX];

    s->record_restart = s->record_restart || verdict == RTP_RX_RESTART;
    if (!s->recorder.on || payload.kind != MEDIA_PAYLOAD_AUDIO) {
        return;
    }
    size_t samples = packet->payload.len / audio_codec_width(payload.codec);
    audio_convert(payload.codec, (const uint8_t *)packet->payload.ptr, AUDIO_ULAW, ulaw, samples);
    recorder_received(&s->recorder, now, packet->timestamp, s->record_restart, ulaw, samples);
    s->record_restart = false;
}

/* A packet that is no copy and no stray: into the playout, the recording, and its digit to the owner. */
static void take_news(struct media_session *s, mono_us now, const struct rtp_packet *packet,
                      enum rtp_rx_verdict verdict, struct media_payload payload)
{
    media_session_downlink_push(s, now, packet, verdict, payload);
    rtp_dtmf_rx_stream(&s->dtmf_in, now, packet->ssrc);
    char digit = payload.kind == MEDIA_PAYLOAD_EVENT ? rtp_dtmf_rx_push(&s->dtmf_in, now, packet) : '\0';
    if (payload.kind == MEDIA_PAYLOAD_EVENT && s->config.source == MEDIA_SOURCE_REFLECT && session_may_send(s)) {
        media_session_reflect_event(s, packet, digit != '\0');
    }
    if (digit != '\0') {
        session_tell(s, &(struct media_event){.kind = MEDIA_EVENT_DTMF, .digit = digit});
    }
    record_packet(s, now, packet, verdict, payload);
}

/* Audio in the codec that we send, for those that echo it. */
static void give_back(struct media_session *s, const struct rtp_packet *packet)
{
    if (s->echo != NULL) {
        echo_push(s->echo, packet->payload);
    } else if (s->config.source == MEDIA_SOURCE_REFLECT) {
        media_session_reflect_audio(s, packet);
    }
}

static void rtp_arrived(struct media_session *s, mono_us now, const struct net_addr *from, struct span datagram)
{
    const struct media_files *files = &s->media->config.files;
    struct rtp_packet packet;

    if (datagram.len > RTP_PACKET_MAX || rtp_packet_parse(datagram, &packet) != ST_OK || packet.payload.len == 0) {
        drop_because(s, now, MEDIA_DROP_NOT_RTP, from, 0);
        return;
    }
    struct media_payload payload = payload_of(s, packet.payload_type);
    if (payload.kind == MEDIA_PAYLOAD_UNWANTED) {
        drop_because(s, now, MEDIA_DROP_PAYLOAD_TYPE, from, packet.payload_type);
        return;
    }
    if (!rtp_source_accept(&s->source, now, from, &packet)) {
        drop_because(s, now, MEDIA_DROP_SOURCE, from, packet.payload_type);
        return;
    }
    note_taken(s, now);
    log_first(s, from, &packet);
    enum rtp_rx_verdict verdict = rtp_rx_push(&s->rx, now, &packet, audio_codec_row(s->negotiated.codec)->clock_hz);
    if (session_may_send(s) && echo_wants(&s->negotiated, &packet, verdict)) {
        give_back(s, &packet);
    }
    if (verdict != RTP_RX_DUPLICATE && verdict != RTP_RX_HELD) {
        take_news(s, now, &packet, verdict, payload);
    }
    if (s->config.source == MEDIA_SOURCE_REFLECT && s->sending) {
        media_session_reflect_report(s, now);
    }
    if (files->raw_packet != NULL) {
        files->raw_packet(files->ctx, datagram.ptr, datagram.len);
    }
    if (s->config.format == MEDIA_AUDIO_PACKETS) {
        /* last: the owner may close the session */
        session_tell(s, &(struct media_event){.kind = MEDIA_EVENT_AUDIO,
                                              .audio = datagram,
                                              .packet = &packet,
                                              .verdict = verdict,
                                              .is_audio = payload.kind == MEDIA_PAYLOAD_AUDIO,
                                              .codec = payload.codec});
    }
}

static void rtcp_arrived(struct media_session *s, mono_us now, const struct net_addr *from, struct span datagram)
{
    const struct media_io *io = &s->media->config.io;
    uint32_t clock_hz = audio_codec_row(s->negotiated.codec)->clock_hz;
    bool known = rtp_source_takes_rtcp(&s->source, from);
    int64_t wall = io->wall(io->ctx);

    if (!s->sending || !known || rtcp_input(&s->rtcp, datagram, s->tx.ssrc, now, wall, clock_hz) != ST_OK) {
        drop(s);
        return;
    }
    rtp_source_rtcp_heard(&s->source, from);
    s->heard_at = now;
    if (s->config.source == MEDIA_SOURCE_REFLECT) {
        media_session_reflect_report(s, now);
    }
}

void media_session_input(struct media_session *s, mono_us now, bool rtcp, const struct net_addr *from,
                         struct span datagram)
{
    s->media->stats.rtp_in++;
    if (!s->listening) {
        drop(s);
    } else if (rtcp) {
        rtcp_arrived(s, now, from, datagram);
    } else {
        rtp_arrived(s, now, from, datagram);
    }
}
