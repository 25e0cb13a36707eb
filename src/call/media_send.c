/* SPDX-License-Identifier: MIT */
/* What a call sends: a packet each 20 ms, reports now and then. */
#include "media.h"

#include "bridge_priv.h"

#define PAYLOAD_MAX 480 /* 60 ms */

/* ---- RTCP ---- */

dur_us media_rtcp_interval(const struct call *call)
{
    return RTCP_INTERVAL_MIN + DUR_MS(rng_below(call->bridge->rng, RTCP_INTERVAL_SPREAD_MS));
}

/* Nobody has decided to take an echo call, and anybody's address can stand in its INVITE: until the ACK shows that the caller
 * is there, no more goes out than came in. */
static bool sends_echo_only(const struct call *call)
{
    return call->media.echo.on && !call->acknowledged;
}

void media_send_rtcp(struct call *call, bool bye)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;
    uint8_t packet[512];
    struct outbuf out;
    struct net_addr to;

    if (sends_echo_only(call) || !rtp_source_rtcp_dest(&m->source, &to)) {
        return;
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

/* ---- RTP ---- */

/* Files that cannot be opened any more are told and passed over. */
bool media_file_next(struct call *call)
{
    struct player *p = &call->media.player;
    char why[160];
    int status = ST_OK;

    while (!p->playing && status != ST_AGAIN) {
        status = player_next(p, why, sizeof(why));
        if (status != ST_OK && status != ST_AGAIN) {
            client_tell(client_get(call->bridge, call->client), "WAV_ACK:播放檔案 %s 失敗: %s", p->name, why);
            lanes_file_ended(&call->media.lanes);
        }
    }
    return p->playing;
}

/* A file that is converted as it plays begins when the packets of one tick at least are there, the most that a turn takes. */
static bool file_begins(const struct call *call)
{
    const struct player *p = &call->media.player;

    return p->announced || player_is_ready(p, RTP_BURST_MAX * (size_t)(call->media.pacer.interval / 125));
}

static void file_frame(struct call *call, enum audio_codec codec, uint8_t *out)
{
    struct player *p = &call->media.player;

    if (!player_is_ready(p, LANES_FRAME)) {
        player_refill(p);
    }
    if (!file_begins(call)) {
        memset(out, audio_silence(codec), LANES_FRAME);
        return;
    }
    size_t taken = player_take(p, codec, out, LANES_FRAME);
    struct client *c = client_get(call->bridge, call->client);

    if (taken > 0 && !p->announced) {
        p->announced = true;
        client_tell(c, "WAV_ACK:開始播放檔案 %s", p->name);
    }
    if (player_at_end(p)) {
        client_tell(c, "WAV_DONE:%s", p->name);
        player_stop(p);
        lanes_file_ended(&call->media.lanes);
    }
}

/* 20 ms of the lane whose turn it is: keys, files, then live audio, then silence. */
static void next_frame(struct call *call, uint32_t timestamp, enum audio_codec codec, uint8_t *out)
{
    struct lanes *lanes = &call->media.lanes;

    if (media_keys_frame(call, timestamp, codec, out)) {
        return;
    }
    if (!lanes->paused && media_file_next(call)) {
        file_frame(call, codec, out);
        return;
    }
    client_settle(client_get(call->bridge, call->client), call);
    if (lanes_frame(lanes, call->bridge->now, codec, out) == 0) {
        memset(out, audio_silence(codec), LANES_FRAME);
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

    if (media_keys_event(call, samples)) {
        return;
    }
    bool echoed = m->echo.on && echo_take(&m->echo, payload, samples);
    if (!echoed && sends_echo_only(call)) {
        rtp_tx_skip(&m->tx, (uint32_t)samples);
        return;
    }
    for (size_t at = 0; at < samples && !echoed; at += LANES_FRAME) {
        next_frame(call, timestamp + (uint32_t)at, media_codec(call), payload + at);
    }
    outbuf_init(&out, packet, sizeof(packet));
    if (rtp_tx_packet(&m->tx, span_make(payload, samples), (uint32_t)samples, &out) != ST_OK) {
        return;
    }
    (void)b->config.media.send(b->config.media.ctx, call->id, false, rtp_source_dest(&m->source), packet, out.len);
    b->stats.rtp_out++;
    lanes_sent(&m->lanes);
    if (m->recorder.on) {
        audio_convert(media_codec(call), payload, AUDIO_ULAW, payload, samples);
        recorder_sent(&m->recorder, due, timestamp, payload, samples);
    }
}

void media_tick(struct call *call)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;

    m->pacer.interval = media_interval(call);
    size_t samples = (size_t)(m->pacer.interval / 125);
    struct rtp_pacer_step step = rtp_pacer_step(&m->pacer, b->now);

    if (step.skip > 0) {
        rtp_tx_skip(&m->tx, step.skip * (uint32_t)samples);
        m->skipped += step.skip;
        b->stats.ticks_skipped += step.skip;
    }
    for (uint32_t i = 0; i < step.send; i++) {
        if (call->agreed.we_send) {
            send_packet(call, samples, m->pacer.next - (dur_us)(step.send - i) * m->pacer.interval);
        } else {
            rtp_dtmf_tx_cut(&m->keys_out);
            rtp_tx_skip(&m->tx, (uint32_t)samples);
        }
    }
    player_refill(&m->player);
    recorder_tick(&m->recorder, b->now);
    if (b->now >= m->rtcp_due) {
        media_send_rtcp(call, false);
        m->rtcp_due = b->now + media_rtcp_interval(call);
    }
}
