/* SPDX-License-Identifier: MIT */
#include "media.h"

#define SAMPLES_MAX 480 /* 60 ms */

static enum audio_codec sending_codec(const struct media *m)
{
    return m->agreed.codec == SDP_PCMA ? AUDIO_ALAW : AUDIO_ULAW;
}

static dur_us random_rtcp_interval(const struct media *m)
{
    return RTCP_INTERVAL_MIN + DUR_MS(rng_below(&m->engine->rng, RTCP_INTERVAL_SPREAD_MS));
}

void phone_media_listen(struct media *m, struct engine *e, struct media_port *port, const struct net_addr *sip_peer)
{
    *m = (struct media){.engine = e, .port = port, .sip_peer = *sip_peer};
    list_init(&m->node);
    port->media = m;
    rtp_rx_init(&m->rx);
    rtp_source_init(&m->source, RTP_LEARN_PRIVATE, sip_peer);
    rng_token(&e->rng, m->cname, sizeof(m->cname) - 1);
}

static int start_sending(struct media *m)
{
    struct engine *e = m->engine;
    int status = engine_ticker_arm(e);

    if (status != ST_OK) {
        return status;
    }
    rtp_tx_init(&m->tx, &e->rng, m->agreed.payload_type);
    rtp_pacer_init(&m->pacer, engine_tick_after(e->now), DUR_MS(m->agreed.ptime_ms));
    m->rtcp_due = e->now + random_rtcp_interval(m);
    list_push_back(&e->media, &m->node);
    m->open = true;
    return ST_OK;
}

int phone_media_agree(struct media *m, const struct sdp_agreed *agreed, bool sending)
{
    mono_us now = engine_now(m->engine);

    m->agreed = *agreed;
    m->known = true;
    const struct rtp_far far = {
        .rtp = agreed->rtp, .rtcp = agreed->rtcp, .sip_peer = m->sip_peer, .sends = agreed->we_receive};
    rtp_source_agree(&m->source, now, &far);
    if (m->open) {
        /* the stream goes on: same SSRC, sequence and timestamps */
        m->tx.payload_type = agreed->payload_type;
        m->pacer.interval = DUR_MS(agreed->ptime_ms);
        return ST_OK;
    }
    return sending ? start_sending(m) : ST_OK;
}

static void send_rtcp(struct media *m, bool bye)
{
    struct engine *e = m->engine;
    uint8_t packet[512];
    struct outbuf out;
    struct net_addr to;

    if (m->port->fd[1] < 0 || !rtp_source_rtcp_dest(&m->source, &to)) {
        return;
    }
    outbuf_init(&out, packet, sizeof(packet));
    if (rtcp_write_report(&m->tx, &m->rx, &m->rtcp, e->now, os_clock_wall(), m->tx.timestamp, span_cstr(m->cname), bye,
                          &out) == ST_OK) {
        (void)!os_udp_send(m->port->fd[1], &to, packet, out.len); /* a report that is lost is not missed */
    }
}

void phone_media_close(struct media *m)
{
    if (m->port == NULL) {
        return;
    }
    if (m->open) {
        (void)engine_now(m->engine);
        send_rtcp(m, true);
        list_remove(&m->node);
        m->open = false;
        engine_ticker_rest(m->engine);
    }
    play_close(&m->play);
    record_close(m->record);
    m->record = NULL;
    m->port->media = NULL;
    m->port = NULL;
    phone_media_ports_close_unused(m->engine);
}

/* ---- sending ---- */

static void send_packet(struct media *m, size_t samples)
{
    enum audio_codec codec = sending_codec(m);
    uint8_t payload[SAMPLES_MAX];
    uint8_t packet[RTP_HEADER_LEN + SAMPLES_MAX];
    struct outbuf out;

    size_t taken = play_take(&m->play, codec, payload, samples);
    if (taken == 0) {
        memset(payload, audio_silence(codec), samples);
    }
    outbuf_init(&out, packet, sizeof(packet));
    if (rtp_tx_packet(&m->tx, span_make(payload, samples), (uint32_t)samples, &out) == ST_OK) {
        /* what cannot be sent is lost, as on any network */
        (void)!os_udp_send(m->port->fd[0], rtp_source_dest(&m->source), packet, out.len);
    }
}

int phone_media_play(struct media *m, const char *path, char why[PLAY_WHY_MAX])
{
    phone_media_stop_playing(m);
    int status = play_open(&m->play, path, why);
    m->playing = status == ST_OK;
    return status;
}

void phone_media_stop_playing(struct media *m)
{
    play_close(&m->play);
    m->playing = false;
}

void phone_media_tick(struct media *m)
{
    struct engine *e = m->engine;
    size_t samples = (size_t)(m->pacer.interval / 125);
    struct rtp_pacer_step step = rtp_pacer_step(&m->pacer, e->now);

    if (step.skip > 0) {
        rtp_tx_skip(&m->tx, step.skip * (uint32_t)samples);
    }
    for (uint32_t i = 0; i < step.send; i++) {
        if (m->playing && play_at_end(&m->play)) {
            phone_media_stop_playing(m); /* the last packet has had its time: an end told earlier would cut it off */
        }
        if (m->last && !m->playing) {
            return;
        }
        if (m->agreed.we_send) {
            send_packet(m, samples);
        } else {
            rtp_tx_skip(&m->tx, (uint32_t)samples);
        }
    }
    if (e->now >= m->rtcp_due) {
        send_rtcp(m, false);
        m->rtcp_due = e->now + random_rtcp_interval(m);
    }
}

/* ---- receiving ---- */

/* Payload types that this call may bring: what was offered, and what was agreed. */
static bool payload_wanted(const struct media *m, uint8_t type, enum audio_codec *codec, bool *audio)
{
    *audio = true;
    if (m->known && type == m->agreed.payload_type) {
        *codec = sending_codec(m);
        return true;
    }
    if (type == SDP_PCMU || type == SDP_PCMA) {
        *codec = type == SDP_PCMA ? AUDIO_ALAW : AUDIO_ULAW;
        return true;
    }
    *audio = false;
    return m->known ? sdp_agreed_is_event(&m->agreed, type) : type == SDP_TELEPHONE_EVENT_PT;
}

bool phone_media_takes(struct media *m, const struct net_addr *from, const struct rtp_packet *packet,
                       enum audio_codec *codec, bool *audio)
{
    return packet->payload.len > 0 && payload_wanted(m, packet->payload_type, codec, audio) &&
           rtp_source_accept(&m->source, m->engine->now, from, packet);
}

void phone_media_rtcp(struct media *m, const struct net_addr *from, struct span datagram)
{
    if (m->open && rtp_source_takes_rtcp(&m->source, from) &&
        rtcp_input(&m->rtcp, datagram, m->tx.ssrc, m->engine->now, os_clock_wall(), 8000) == ST_OK) {
        rtp_source_rtcp_heard(&m->source, from);
    }
}
