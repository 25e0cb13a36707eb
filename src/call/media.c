/* SPDX-License-Identifier: MIT */
/* A call's audio begins and ends: ports, SDP, recording. */
#include "media.h"

#include "bridge_priv.h"

enum audio_codec media_codec(const struct call *call)
{
    return call->agreed.codec;
}

void media_listen(struct call *call)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;

    player_init(&m->player, &b->config.files, &b->read_budget);
    struct lanes_hooks hooks = client_lanes_hooks(call);
    lanes_init(&m->lanes, &b->blocks, &hooks);
    client_live_latency(call);
    rtp_rx_init(&m->rx);
    rtp_dtmf_rx_init(&m->keys_in);
    rtp_dtmf_tx_init(&m->keys_out);
    rtp_source_init(&m->source, b->config.rtp_learn, &call->sip_peer);
    rng_token(b->rng, m->cname, sizeof(m->cname) - 1);
    m->listening = true;
}

void media_open(struct call *call)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;

    call->agreed = call->pending;
    const struct rtp_far far = {.rtp = call->agreed.rtp,
                                .rtcp = call->agreed.rtcp,
                                .sip_peer = call->sip_peer,
                                .sends = call->agreed.we_receive};
    rtp_source_agree(&m->source, b->now, &far);
    dur_us interval = DUR_MS(call->agreed.ptime_ms);
    lanes_set_packet(&m->lanes, (uint32_t)call->agreed.ptime_ms * 8);
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
    m->rtcp_due = b->now + media_rtcp_interval(call);
    m->open = true;
}

static void call_id_8(const struct call *call, char out[9])
{
    struct span id = sip_inv_call_id(call->bridge->sip, call->usage);
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
        char words[LOG_WORDS_MAX];
        log_write(b->log, level, LOG_TEXT(b->log, CALL_NOT_RECORDED), call->label,
                  log_words(b->log, status_name(status), words));
    }
}

void media_close(struct call *call)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;
    struct client *c = client_get(b, call->client);

    if (m->player.playing && m->player.announced) {
        client_tell(c, "WAV_DONE:%s:stopped", m->player.name);
    }
    if (c != NULL) {
        media_hear_rest(call);
        client_end_audio(c);
    }
    player_fini(&m->player);
    lanes_fini(&m->lanes);
    recorder_stop(&m->recorder, b->now);
    recorder_fini(&m->recorder);
    if (m->open) {
        media_send_rtcp(call, true);
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
