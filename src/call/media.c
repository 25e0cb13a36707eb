#include "media.h"

#include "bridge_priv.h"

#define PAYLOAD_MAX    480 /* 60 ms */
#define RTCP_MIN_US    DUR_MS(2500)
#define RTCP_SPREAD_MS 5000U

static enum audio_codec sending_codec(const struct call *call)
{
    return call->agreed.codec == SDP_PCMA ? AUDIO_ALAW : AUDIO_ULAW;
}

static dur_us random_rtcp_interval(const struct call *call)
{
    return RTCP_MIN_US + DUR_MS(rng_below(call->bridge->rng, RTCP_SPREAD_MS));
}

void media_listen(struct call *call)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;

    player_init(&m->player, &b->config.files);
    rtp_rx_init(&m->rx);
    struct net_addr none = {0};
    rtp_source_init(&m->source, b->now, &none, &call->sip_peer);
    rng_token(b->rng, m->cname, sizeof(m->cname) - 1);
    m->listening = true;
}

void media_open(struct call *call)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;

    call->agreed = call->pending;
    if (!addr_equal(&m->source.expected, &call->agreed.rtp)) {
        rtp_source_init(&m->source, b->now, &call->agreed.rtp, &call->sip_peer);
    }
    dur_us interval = DUR_MS(call->agreed.ptime_ms);
    if (m->open) {
        /* the stream goes on: same SSRC, sequence and timestamps (FAULTS 28) */
        m->tx.payload_type = call->agreed.payload_type;
        m->pacer.interval = interval;
        return;
    }
    if (b->sending++ == 0) {
        b->tick_next = call_tick_after(b->now);
    }
    rtp_tx_init(&m->tx, b->rng, call->agreed.payload_type);
    rtp_pacer_init(&m->pacer, b->tick_next, interval);
    m->rtcp_due = b->now + random_rtcp_interval(call);
    m->open = true;
}

static void call_id_8(const struct call *call, char out[9])
{
    struct span id = sip_usage_call_id(call->bridge->sip, call->usage);
    size_t n = 0;

    for (size_t i = 0; i < id.len && n < 8; i++) {
        if (char_is_alnum(id.ptr[i])) {
            out[n++] = id.ptr[i];
        }
    }
    while (n < 8) {
        out[n++] = '0';
    }
    out[8] = '\0';
}

void media_record(struct call *call)
{
    struct bridge *b = call->bridge;
    char callid8[9];

    if (!b->config.record) {
        return;
    }
    call_id_8(call, callid8);
    int status =
        recorder_start(&call->media.recorder, &b->config.files, b->now, b->config.record_stereo, call->label, callid8);
    if (status != ST_OK) {
        /* no room left: that was warned of, once for all calls */
        enum log_level level = status == ST_FULL ? LOG_INFO : LOG_WARNING;
        log_write(b->log, level, LOG_TEXT(b->log, CALL_NOT_RECORDED), call->label, status_name(status));
    }
}

static void send_rtcp(struct call *call, bool bye)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;
    uint8_t packet[512];
    struct outbuf out;
    struct net_addr to = call->agreed.rtcp;

    if (to.family == 0) {
        return;
    }
    if (m->source.learnt.family != 0 && !addr_equal(&m->source.learnt, &call->agreed.rtp)) {
        to = m->source.learnt; /* behind NAT the SDP's RTCP address is as wrong as its RTP address was */
        if (to.port == UINT16_MAX) {
            return; /* no port above it */
        }
        to.port = (uint16_t)(to.port + 1);
    }
    outbuf_init(&out, packet, sizeof(packet));
    int64_t wall = b->config.media.wall(b->config.media.ctx);
    int status =
        rtcp_write_report(&m->tx, &m->rx, &m->rtcp, b->now, wall, m->tx.timestamp, span_cstr(m->cname), bye, &out);
    if (status == ST_OK) {
        /* a report that is lost is not missed */
        (void)b->config.media.send(b->config.media.ctx, call->id, true, &to, packet, out.len);
    }
}

void media_close(struct call *call)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;
    struct client *c = client_get(b, call->client);

    if (m->player.playing) {
        client_tell(c, "WAV_DONE:%s:stopped", m->player.name);
    }
    if (c != NULL) {
        client_end_audio(c);
    }
    player_fini(&m->player);
    recorder_stop(&m->recorder, b->now);
    recorder_fini(&m->recorder);
    if (m->open) {
        send_rtcp(call, true);
        m->open = false;
        if (--b->sending == 0) {
            b->tick_next = MONO_NEVER;
        }
    }
    m->listening = false;
    if (call->ports_open) {
        b->config.media.close(b->config.media.ctx, call->id);
        call->ports_open = false;
    }
}

/* ---- sending ---- */

/* The file that plays, or the next one: files that cannot be opened any more are told and passed over. */
static bool file_ready(struct call *call)
{
    struct player *p = &call->media.player;
    char why[160];
    int status = ST_OK;

    while (!p->playing && status != ST_AGAIN) {
        status = player_next(p, why, sizeof(why));
        if (status != ST_OK && status != ST_AGAIN) {
            client_tell(client_get(call->bridge, call->client), "WAV_ACK:播放檔案 %s 失敗: %s", p->name, why);
        }
    }
    return p->playing;
}

static void fill_payload(struct call *call, uint8_t *payload, size_t samples)
{
    struct player *p = &call->media.player;
    enum audio_codec codec = sending_codec(call);

    if (!file_ready(call)) {
        memset(payload, audio_silence(codec), samples);
        return;
    }
    size_t taken = player_take(p, codec, payload, samples);
    struct client *c = client_get(call->bridge, call->client);
    if (taken > 0 && !p->announced) {
        p->announced = true;
        client_tell(c, "WAV_ACK:開始播放檔案 %s", p->name);
    }
    if (player_at_end(p)) {
        client_tell(c, "WAV_DONE:%s", p->name);
        player_stop(p);
    }
}

/* due: when it should have left. The recording goes by that, so that a late tick moves nothing in it. */
static void send_packet(struct call *call, size_t samples, mono_us due)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;
    uint8_t payload[PAYLOAD_MAX];
    uint8_t packet[RTP_HEADER_LEN + PAYLOAD_MAX];
    struct outbuf out;
    uint32_t timestamp = m->tx.timestamp;

    fill_payload(call, payload, samples);
    outbuf_init(&out, packet, sizeof(packet));
    if (rtp_tx_packet(&m->tx, span_make(payload, samples), (uint32_t)samples, &out) != ST_OK) {
        return;
    }
    (void)b->config.media.send(b->config.media.ctx, call->id, false, rtp_source_dest(&m->source), packet, out.len);
    b->stats.rtp_out++;
    if (m->recorder.on) {
        audio_convert(sending_codec(call), payload, AUDIO_ULAW, payload, samples);
        recorder_sent(&m->recorder, due, timestamp, payload, samples);
    }
}

void media_tick(struct call *call)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;
    size_t samples = (size_t)(m->pacer.interval / 125);
    struct rtp_pacer_step step = rtp_pacer_step(&m->pacer, b->now);

    if (step.skip > 0) {
        rtp_tx_skip(&m->tx, step.skip * (uint32_t)samples);
        b->stats.ticks_skipped += step.skip;
    }
    for (uint32_t i = 0; i < step.send; i++) {
        if (call->agreed.we_send) {
            send_packet(call, samples, m->pacer.next - (dur_us)(step.send - i) * m->pacer.interval);
        } else {
            rtp_tx_skip(&m->tx, (uint32_t)samples);
        }
    }
    player_refill(&m->player, &b->read_budget);
    recorder_tick(&m->recorder, b->now);
    if (b->now >= m->rtcp_due) {
        send_rtcp(call, false);
        m->rtcp_due = b->now + random_rtcp_interval(call);
    }
}

/* ---- receiving ---- */

/* Payload types that this call may bring: what was offered, and what was agreed. */
static bool payload_wanted(const struct call *call, uint8_t type, enum audio_codec *codec, bool *audio)
{
    const struct sdp_agreed *a = &call->agreed;
    bool agreed = call->media.open;

    *audio = true;
    if (agreed && type == a->payload_type) {
        *codec = sending_codec(call);
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
