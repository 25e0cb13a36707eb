/* SPDX-License-Identifier: MIT */
/* A session begins and ends, its SDP, and what its owner may ask of it. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "media_priv.h"
#include "uplink.h"
#include "wsaudio/base/hash.h"

void media_session_emit(struct media_session *s, bool rtcp, const struct net_addr *to, struct span packet)
{
    const struct media_io *io = &s->media->config.io;

    /* what cannot be sent is lost, as on any network */
    (void)io->send(io->ctx, s->id, rtcp, to, packet.ptr, packet.len);
}

/* ---- hooks of the queue ---- */

static void on_mark(void *ctx, const char *name)
{
    session_tell(ctx, &(struct media_event){.kind = MEDIA_EVENT_MARK, .name = name});
}

static void on_flow(void *ctx, bool stop)
{
    session_tell(ctx, &(struct media_event){.kind = stop ? MEDIA_EVENT_FLOW_STOP : MEDIA_EVENT_FLOW_GO});
}

/* ---- open and close ---- */

static int open_echo(struct media_session *s)
{
    if (s->config.source != MEDIA_SOURCE_ECHO) {
        return ST_OK;
    }
    s->echo = calloc(1, sizeof(*s->echo));
    return s->echo != NULL ? ST_OK : ST_NO_MEMORY;
}

static int open_ports(struct media_session *s)
{
    const struct media_io *io = &s->media->config.io;
    struct sdp_local *local = &s->ours.local;

    *local = (struct sdp_local){.rtp = s->config.local, .direction = SDP_SENDRECV};
    local->rtp.port = s->config.port;
    return s->config.port != 0 ? ST_OK : io->open(io->ctx, s->id, &local->rtp.port);
}

int media_session_open(struct media *m, const struct media_session_config *config, struct media_session **out)
{
    struct pool_id id;
    struct media_session *s = pool_new(&m->sessions, &id);

    *out = NULL;
    if (s == NULL) {
        return ST_FULL;
    }
    s->media = m;
    s->id = id;
    s->config = *config;
    int status = open_echo(s);
    if (status == ST_OK) {
        status = open_ports(s);
    }
    if (status != ST_OK) {
        free(s->echo);
        pool_free(&m->sessions, id);
        return status;
    }
    const struct tx_queue_hooks hooks = {.ctx = s, .mark = on_mark, .flow = on_flow};
    s->ours.local.origin_id = rng_u32(m->config.rng);
    list_init(&s->node);
    list_init(&s->converting_node);
    player_init(&s->player, &m->config.files, &m->budget);
    tx_queue_init(&s->queue, &m->blocks, &hooks);
    media_session_set_latency(s, config->latency_ms);
    rtp_rx_init(&s->rx);
    const struct rtp_clock clock = session_clock(s);
    rtp_dtmf_rx_init(&s->dtmf_in, clock.hz);
    rtp_dtmf_tx_init(&s->dtmf_out, &clock);
    rtp_source_init(&s->source, m->config.learn, &config->sip_peer);
    rng_token(m->config.rng, s->cname, sizeof(s->cname) - 1);
    s->listening = true;
    *out = s;
    return ST_OK;
}

static void stop_sending(struct media_session *s, mono_us now)
{
    struct media *m = s->media;

    if (!s->sending) {
        return;
    }
    if (s->config.source == MEDIA_SOURCE_QUEUE || s->config.source == MEDIA_SOURCE_ECHO) {
        /* the others report for the caller's round trip alone */
        media_session_send_rtcp(s, now, true);
    }
    s->sending = false;
    list_remove(&s->node);
    if (list_is_empty(&m->sending)) {
        m->tick_next = MONO_NEVER;
    }
}

static void tell_stopped(struct media_session *s)
{
    if (s->player.playing && s->player.announced) {
        session_tell(s, &(struct media_event){.kind = MEDIA_EVENT_PLAY_STOPPED, .name = s->player.name});
    }
}

void media_session_close(struct media_session *s, mono_us now)
{
    if (s == NULL || !s->listening) {
        return;
    }
    const struct media_io *io = &s->media->config.io;
    tell_stopped(s);
    media_session_downlink_rest(s);
    rtp_playout_fini(&s->playout);
    free(s->echo);
    s->echo = NULL;
    player_fini(&s->player);
    list_remove(&s->converting_node);
    tx_queue_fini(&s->queue);
    recorder_stop(&s->recorder, now);
    recorder_fini(&s->recorder);
    stop_sending(s, now);
    s->listening = false;
    if (s->config.port == 0) {
        io->close(io->ctx, s->id);
    }
}

void media_session_free(struct media_session *s)
{
    if (s != NULL) {
        assert(!s->listening);
        pool_free(&s->media->sessions, s->id);
    }
}

/* ---- SDP ---- */

static int sdp_put(const struct media_session *s, struct span offer, struct outbuf *out)
{
    return offer.len > 0 ? sdp_write_answer(&s->ours.local, &s->pending, offer, out)
                         : sdp_write_offer(&s->ours.local, out);
}

/* RFC 3264 8: the version goes up by one when our SDP says something else than before, and only then. It stands in the text that is
 * compared, so that a new one is written again. */
static int sdp_say(struct media_session *s, struct span offer, struct outbuf *out)
{
    struct session_sdp *ours = &s->ours;
    size_t begin = out->len;
    bool first = ours->local.version == 0;
    uint32_t seed = (uint32_t)ours->local.origin_id;

    ours->local.version = first ? 1 : ours->local.version;
    int status = sdp_put(s, offer, out);
    if (status == ST_OK && !first && hash_octets(seed, span_from(outbuf_view(out), begin)) != ours->said) {
        ours->local.version++;
        out->len = begin;
        status = sdp_put(s, offer, out);
    }
    ours->said = hash_octets(seed, span_from(outbuf_view(out), begin));
    return status;
}

int media_session_write_offer(struct media_session *s, struct outbuf *out)
{
    return sdp_say(s, SPAN_NONE, out);
}

/* What the offer comes to. Whoever sends may go on in the codec in use while it is among those offered, in whatever order. */
static int offer_accept(const struct media_session *s, struct span offer, struct sdp_negotiated *out, const char **why)
{
    const struct sdp_negotiated *now = &s->negotiated;
    struct sdp_session sdp;
    int status = sdp_parse(offer, &sdp, why);

    if (status == ST_OK) {
        status = sdp_accept_offer(&sdp, out, why);
    }
    if (status == ST_OK && s->started && sdp_offer_has(&sdp, now->codec, now->payload_type)) {
        out->codec = now->codec;
        out->payload_type = now->payload_type;
    }
    return status == ST_OK ? sdp_negotiated_fit(out, &s->ours.local.rtp, why) : status;
}

int media_session_answer(struct media_session *s, struct span offer, struct outbuf *out, const char **why)
{
    struct sdp_negotiated negotiated = {0};

    s->ours_before = s->ours;
    int status = offer.len > 0 ? offer_accept(s, offer, &negotiated, why) : ST_OK;
    if (status != ST_OK) {
        return status;
    }
    if (offer.len > 0) {
        s->pending = negotiated;
    }
    s->ours.answer_due = offer.len == 0 && s->started;
    status = sdp_say(s, offer, out);
    if (status != ST_OK) {
        *why = "too many media lines";
        media_session_withdraw(s);
    }
    return status;
}

void media_session_withdraw(struct media_session *s)
{
    s->ours = s->ours_before;
    s->pending = s->negotiated;
}

int media_session_take_answer(struct media_session *s, struct span answer, const char **why)
{
    struct sdp_session sdp;
    int status = sdp_parse(answer, &sdp, why);

    if (status == ST_OK) {
        status = sdp_accept_answer(&sdp, &s->pending, why);
    }
    return status == ST_OK ? sdp_negotiated_fit(&s->pending, &s->ours.local.rtp, why) : status;
}

void media_session_assume(struct media_session *s, const struct sdp_negotiated *negotiated)
{
    s->pending = *negotiated;
}

int media_session_take_late_answer(struct media_session *s, struct span answer, const char **why)
{
    struct sdp_session sdp;

    s->ours.answer_due = false;
    if (answer.len == 0) {
        return ST_AGAIN; /* against the rules, and changes nothing */
    }
    if (sdp_parse(answer, &sdp, why) == ST_OK && sdp_answer_rejects(&sdp)) {
        s->pending = s->negotiated;
        s->pending.we_send = s->pending.we_receive = false;
        return ST_OK;
    }
    return media_session_take_answer(s, answer, why);
}

bool media_session_awaits_answer(const struct media_session *s)
{
    return s->ours.answer_due;
}

/* ---- what was negotiated ---- */

static void start_sending(struct media_session *s, mono_us now, dur_us interval)
{
    struct media *m = s->media;

    if (s->config.source != MEDIA_SOURCE_REFLECT) {
        m->tick_next = list_is_empty(&m->sending) ? media_tick_after(now) : m->tick_next;
        list_push_back(&m->sending, &s->node);
    }
    rtp_tx_init(&s->tx, m->config.rng, s->negotiated.payload_type);
    rtp_pacer_init(&s->pacer, m->tick_next, interval);
    s->rtcp_due = now + media_session_rtcp_interval(s);
    s->sending = true;
}

static bool same_numbers(const struct sdp_negotiated *a, const struct sdp_negotiated *b)
{
    return a->payload_type == b->payload_type && a->telephone_event_pt == b->telephone_event_pt &&
           a->telephone_event_ours == b->telephone_event_ours;
}

/* From one codec to another in mid-call (RFC 3264 8.3): what is queued lies in codecs of its own, but for what is echoed. */
static void take_over(struct media_session *s)
{
    if (!s->started) {
        s->former = s->pending;
    } else if (!same_numbers(&s->negotiated, &s->pending)) {
        s->former = s->negotiated;
    }
    if (s->started && s->echo != NULL) {
        echo_recode(s->echo, s->negotiated.codec, s->pending.codec);
    }
    s->negotiated = s->pending;
    s->started = true;
    s->dtmf_out.clock = session_clock(s);
    s->dtmf_in.clock_hz = s->dtmf_out.clock.hz;
}

void media_session_start(struct media_session *s, mono_us now, const struct net_addr *sip_peer, bool sending)
{
    take_over(s);
    const struct rtp_far far = {
        .rtp = s->negotiated.rtp, .rtcp = s->negotiated.rtcp, .sip_peer = *sip_peer, .sends = s->negotiated.we_receive};
    rtp_source_agree(&s->source, now, &far);
    dur_us interval = DUR_MS(s->negotiated.ptime_ms);
    tx_queue_set_packet(&s->queue, (uint32_t)(interval / RTP_FRAME_US) * AUDIO_FRAME);
    if (s->sending) {
        /* the stream goes on: same SSRC, sequence and timestamps */
        s->tx.payload_type = s->negotiated.payload_type;
        s->pacer.interval = interval;
    } else if (sending) {
        start_sending(s, now, interval);
    }
}

void media_session_confirm(struct media_session *s)
{
    s->confirmed = true;
}

const struct sdp_negotiated *media_session_negotiated(const struct media_session *s)
{
    return &s->negotiated;
}

uint16_t media_session_port(const struct media_session *s)
{
    return s->ours.local.rtp.port;
}

struct pool_id media_session_id(const struct media_session *s)
{
    return s->id;
}

mono_us media_session_heard_at(const struct media_session *s)
{
    return s->heard_at;
}

void media_session_signs_life(struct media_session *s, mono_us now)
{
    s->heard_at = now;
}

void media_session_figures(const struct media_session *s, struct media_figures *out)
{
    const struct audio_codec_row *row = audio_codec_row(s->negotiated.codec);
    uint64_t expected = rtp_rx_expected(&s->rx);
    uint64_t lost = rtp_rx_lost(&s->rx);

    *out = (struct media_figures){.codec = row->name,
                                  .sent = s->tx.packets,
                                  .skipped = s->skipped,
                                  .expected = expected,
                                  .received = s->rx.received,
                                  .lost = lost,
                                  .reordered = s->rx.reordered,
                                  .duplicates = s->rx.duplicates,
                                  .dropped = s->dropped,
                                  .loss = expected > 0 ? (double)lost / (double)expected : 0.0,
                                  .jitter_ms = rtp_rx_jitter_ms(&s->rx, row->clock_hz),
                                  .have_rtt = s->rtcp.have_rtt,
                                  .rtt = s->rtcp.rtt,
                                  .live_waiting = tx_queue_waiting(&s->queue),
                                  .files_waiting = s->player.waiting_count,
                                  .recording_path = s->recorder.path};
}

/* ---- what is sent ---- */

int media_session_play(struct media_session *s, const char *name, char why[MEDIA_WHY_MAX])
{
    int status = player_add(&s->player, name, why, MEDIA_WHY_MAX);

    if (status == ST_OK) {
        tx_queue_file_queued(&s->queue);
        (void)media_session_file_next(s); /* what has to be converted is there at the next tick */
    }
    return status;
}

int media_session_play_file(struct media_session *s, int handle, uint64_t size, char why[MEDIA_WHY_MAX])
{
    media_session_stop_playing(s);
    int status = player_start(&s->player, handle, size, why, MEDIA_WHY_MAX);
    if (status == ST_OK) {
        tx_queue_file_queued(&s->queue);
        (void)media_session_file_next(s);
    }
    return status;
}

void media_session_mute(struct media_session *s)
{
    s->muted = true;
}

void media_session_stop_playing(struct media_session *s)
{
    player_forget(&s->player);
    tell_stopped(s);
    player_stop(&s->player);
    tx_queue_files_stopped(&s->queue);
}

int media_session_dtmf(struct media_session *s, struct span digits)
{
    return rtp_dtmf_tx_add(&s->dtmf_out, digits);
}

int media_session_mark(struct media_session *s, const struct media_uplink *uplink, struct span name)
{
    return mark_name_ok(name) ? tx_queue_mark(&s->queue, name, uplink_owed(uplink)) : ST_BAD;
}

void media_session_clear(struct media_session *s)
{
    tx_queue_clear(&s->queue);
}

void media_session_set_latency(struct media_session *s, uint32_t ms)
{
    tx_queue_set_latency(&s->queue, ms * (AUDIO_HZ / 1000));
}

/* ---- what is received ---- */

void media_session_hear(struct media_session *s, enum media_audio format, struct resampler *upsampler)
{
    s->config.format = format;
    s->config.upsampler = upsampler;
}

int media_session_record(struct media_session *s, mono_us now, bool stereo, const char *number, const char *callid8)
{
    return recorder_start(&s->recorder, &s->media->config.files, now, stereo, number, callid8);
}
