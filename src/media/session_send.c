/* SPDX-License-Identifier: MIT */
/* What a session sends: a packet each 20 ms, reports now and then. */
#include "media_priv.h"
#include "uplink.h"

#define PAYLOAD_MAX    480 /* 60 ms of a codec of one octet a sample */
#define RTCP_MIN_US    DUR_MS(2500)
#define RTCP_SPREAD_MS 5000U

/* ---- RTCP ---- */

/* RFC 3550 6.2: 5 s in the mean, between half and one and a half of it, so that many calls that began together do not report
 * together. */
dur_us media_session_rtcp_interval(const struct media_session *s)
{
    dur_us fixed = s->media->config.report_every;
    return fixed > 0 ? fixed : RTCP_MIN_US + DUR_MS(rng_below(s->media->config.rng, RTCP_SPREAD_MS));
}

/* Nobody has decided to take an echo call, and anybody's address can stand in its INVITE: until the ACK shows that the caller
 * is there, no more goes out than came in. */
static bool sends_echo_only(const struct media_session *s)
{
    return s->config.source == MEDIA_SOURCE_ECHO && !s->confirmed;
}

void media_session_send_rtcp(struct media_session *s, mono_us now, bool bye)
{
    const struct media_io *io = &s->media->config.io;
    uint8_t packet[512];
    struct outbuf out;
    struct net_addr to;

    if (sends_echo_only(s) || !rtp_source_rtcp_dest(&s->source, &to)) {
        return;
    }
    outbuf_init(&out, packet, sizeof(packet));
    int64_t wall = io->wall(io->ctx);
    int status =
        rtcp_write_report(&s->tx, &s->rx, &s->rtcp, now, wall, s->tx.timestamp, span_cstr(s->cname), bye, &out);
    if (status == ST_OK) {
        media_session_emit(s, true, &to, outbuf_view(&out)); /* one that is lost is not missed */
    }
}

/* ---- RTP ---- */

static void tell_file(const struct media_session *s, enum media_event_kind kind, const char *why)
{
    session_tell(s, &(struct media_event){.kind = kind, .name = s->player.name, .why = why});
}

/* Files that cannot be opened any more are told and passed over. */
bool media_session_file_next(struct media_session *s)
{
    struct player *p = &s->player;
    char why[MEDIA_WHY_MAX];
    int status = ST_OK;

    while (!p->playing && status != ST_AGAIN) {
        status = player_next(p, why, sizeof(why));
        if (status != ST_OK && status != ST_AGAIN) {
            tell_file(s, MEDIA_EVENT_PLAY_FAILED, why);
            tx_queue_file_ended(&s->queue);
        }
    }
    if (p->converter != NULL && list_is_empty(&s->converting_node)) {
        list_push_back(&s->media->converting, &s->converting_node);
    }
    return p->playing;
}

static uint32_t frames_in(dur_us interval)
{
    return (uint32_t)(interval / RTP_FRAME_US);
}

/* A file that is converted as it plays begins when the packets of one tick at least are there, the most that a turn takes. */
static bool file_begins(const struct media_session *s)
{
    const struct player *p = &s->player;
    return p->announced || player_is_ready(p, (size_t)RTP_BURST_MAX * frames_in(s->pacer.interval) * AUDIO_FRAME);
}

static void file_frame(struct media_session *s, enum audio_codec codec, uint8_t *out)
{
    struct player *p = &s->player;

    if (!player_is_ready(p, AUDIO_FRAME)) {
        player_refill(p);
    }
    if (!file_begins(s)) {
        audio_put_silence(codec, out, AUDIO_FRAME);
        return;
    }
    size_t taken = player_take(p, codec, out, AUDIO_FRAME);
    if (taken > 0 && !p->announced) {
        p->announced = true;
        tell_file(s, MEDIA_EVENT_PLAY_STARTED, NULL);
    }
    if (player_at_end(p)) {
        tell_file(s, MEDIA_EVENT_PLAY_ENDED, NULL);
        player_stop(p);
        tx_queue_file_ended(&s->queue);
    }
}

/* 20 ms of what has its turn: DTMF, files, then live audio, then silence. */
static void next_frame(struct media_session *s, mono_us now, uint32_t timestamp, uint8_t *out)
{
    enum audio_codec codec = s->negotiated.codec;

    if (s->config.source == MEDIA_SOURCE_TONE) {
        audio_tone_1k(out, AUDIO_FRAME, &s->tone_phase);
        audio_convert(AUDIO_ULAW, out, codec, out, AUDIO_FRAME);
        return;
    }
    if (media_session_dtmf_frame(s, timestamp, codec, out)) {
        return;
    }
    if (media_session_file_next(s)) {
        file_frame(s, codec, out);
        return;
    }
    uplink_settle_alone(&s->queue, now);
    if (tx_queue_frame(&s->queue, now, codec, out) == 0) {
        audio_put_silence(codec, out, AUDIO_FRAME);
    }
}

/* due: when it should have left. The recording goes by that, so that a late tick moves nothing in it. */
static void send_packet(struct media_session *s, mono_us now, mono_us due)
{
    const struct audio_codec_row *row = audio_codec_row(s->negotiated.codec);
    const uint32_t frames = frames_in(s->pacer.interval);
    uint8_t payload[PAYLOAD_MAX];
    uint8_t packet[RTP_HEADER_LEN + PAYLOAD_MAX];
    struct outbuf out;
    uint32_t timestamp = s->tx.timestamp;
    uint32_t samples = frames * row->frame_samples;
    size_t octets = frames * row->frame_octets;

    if (media_session_dtmf_event(s, s->pacer.interval)) {
        return;
    }
    bool echoed = s->echo != NULL && echo_take(s->echo, payload, octets);
    if (!echoed && sends_echo_only(s)) {
        rtp_tx_skip(&s->tx, samples);
        return;
    }
    for (uint32_t i = 0; i < frames && !echoed; i++) {
        next_frame(s, now, timestamp + i * row->frame_samples, payload + (size_t)i * row->frame_octets);
    }
    outbuf_init(&out, packet, sizeof(packet));
    if (rtp_tx_packet(&s->tx, span_make(payload, octets), samples, &out) != ST_OK) {
        return;
    }
    media_session_emit(s, false, rtp_source_dest(&s->source), outbuf_view(&out));
    s->media->stats.rtp_out++;
    tx_queue_sent(&s->queue);
    if (s->recorder.on) {
        audio_convert(s->negotiated.codec, payload, AUDIO_ULAW, payload, samples);
        recorder_sent(&s->recorder, due, timestamp, payload, samples);
    }
}

void media_session_tick(struct media_session *s, mono_us now)
{
    s->pacer.interval = media_session_interval(s);
    uint32_t samples = frames_in(s->pacer.interval) * audio_codec_row(s->negotiated.codec)->frame_samples;
    struct rtp_pacer_step step = rtp_pacer_step(&s->pacer, now);

    if (step.skip > 0) {
        rtp_tx_skip(&s->tx, step.skip * samples);
        s->skipped += step.skip;
        s->media->stats.ticks_skipped += step.skip;
    }
    for (uint32_t i = 0; i < step.send; i++) {
        if (s->negotiated.we_send && !s->muted) {
            send_packet(s, now, s->pacer.next - (dur_us)(step.send - i) * s->pacer.interval);
        } else {
            rtp_dtmf_tx_cut(&s->dtmf_out);
            rtp_tx_skip(&s->tx, samples);
        }
    }
    player_refill(&s->player);
    recorder_tick(&s->recorder, now);
    if (now >= s->rtcp_due) {
        media_session_send_rtcp(s, now, false);
        s->rtcp_due = now + media_session_rtcp_interval(s);
    }
}
