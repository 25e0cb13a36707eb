/* SPDX-License-Identifier: MIT */
/* The loopback exchange (SPEC section 6): the far end of every call when no SIP server is set. It is built from the same rooms as
 * the bridge, in the server role, and talks to it over real sockets. */
#include <stdlib.h>

#include "echo.h"
#include "wsaudio/call.h"

#define TONE_SAMPLES     160
#define RING_LIMIT_US    DUR_S(3600) /* its CANCEL may never come (RFC 3261 13.3.1) */
#define SILENCE_LIMIT_US DUR_S(180)  /* nor the BYE of a call of which nothing is heard */

enum far_kind { FAR_ECHO, FAR_TONE, FAR_BUSY, FAR_NO_ANSWER };

struct far_call {
    struct pool_id id;
    struct pool_id usage;
    bool ended;
    bool ports_open;
    bool sending_tone;
    mono_us give_up_at;
    struct sdp_agreed agreed;
    struct sdp_local local;
    struct net_addr sip_peer;
    struct rtp_source source;
    struct rtp_tx tx;
    struct rtp_rx rx;
    struct rtcp_state rtcp;
    mono_us rtcp_due;
    struct rtp_pacer pacer;
    uint32_t phase;
    struct rtp_dtmf_rx keys_in;
    uint32_t event_out; /* timestamp of the echo of the key that comes */
};

struct exchange {
    struct exchange_config config;
    struct sip_stack *sip;
    struct pool calls;
    mono_us now;
    mono_us tick_next;
    uint32_t tones;
    bool reap;
};

static void release(struct exchange *x, struct far_call *f)
{
    if (f->ended) {
        return;
    }
    f->ended = true;
    x->reap = true;
    if (f->sending_tone && --x->tones == 0) {
        x->tick_next = MONO_NEVER;
    }
    f->sending_tone = false;
    if (f->ports_open) {
        x->config.media.close(x->config.media.ctx, f->id);
        f->ports_open = false;
    }
}

static enum far_kind kind_of(struct span user)
{
    if (span_eq(user, SPAN_LIT("busy"))) {
        return FAR_BUSY;
    }
    if (span_eq(user, SPAN_LIT("noanswer"))) {
        return FAR_NO_ANSWER;
    }
    return span_eq(user, SPAN_LIT("tone")) ? FAR_TONE : FAR_ECHO;
}

/* CALL:auth: one challenge, any credentials pass. */
static int challenge(struct exchange *x, const struct sip_event *event)
{
    char nonce[33];
    char line[160];
    struct outbuf out;

    rng_token(x->config.rng, nonce, 32);
    outbuf_init(&out, line, sizeof(line));
    outbuf_printf(&out, "Proxy-Authenticate: Digest realm=\"loopback\", nonce=\"%s\", algorithm=MD5, qop=\"auth\"\r\n",
                  nonce);
    return sip_inv_reject(x->sip, x->now, event->usage, 407, outbuf_view(&out));
}

/* The bridge is at the other end, which sends from the port that its SDP names; only its IP may be one that --advertise says. */
static void agree_source(struct exchange *x, struct far_call *f)
{
    const struct rtp_far far = {
        .rtp = f->agreed.rtp, .rtcp = f->agreed.rtcp, .sip_peer = f->sip_peer, .sends = f->agreed.we_receive};

    rtp_source_agree(&f->source, x->now, &far);
}

static void start_sending(struct exchange *x, struct far_call *f, enum far_kind kind)
{
    rtp_tx_init(&f->tx, x->config.rng, f->agreed.payload_type);
    rtp_rx_init(&f->rx);
    rtp_dtmf_rx_init(&f->keys_in);
    rtp_source_init(&f->source, RTP_LEARN_PORT, &f->sip_peer);
    agree_source(x, f);
    if (kind != FAR_TONE) {
        return;
    }
    if (x->tones++ == 0) {
        x->tick_next = call_tick_after(x->now);
    }
    f->sending_tone = true;
    rtp_pacer_init(&f->pacer, x->tick_next, CALL_TICK_US);
}

static int answer(struct exchange *x, struct far_call *f, const struct sip_event *event, enum far_kind kind)
{
    struct sdp_session sdp;
    const char *why = NULL;
    char text[SDP_WRITE_MAX];
    struct outbuf out;

    if (sdp_parse(event->body, &sdp, &why) != ST_OK || sdp_accept_offer(&sdp, &f->agreed, &why) != ST_OK) {
        return ST_BAD;
    }
    f->local = (struct sdp_local){.rtp = x->config.local, .version = 1, .direction = SDP_SENDRECV};
    f->local.origin_id = rng_u32(x->config.rng);
    int status = x->config.media.open(x->config.media.ctx, f->id, &f->local.rtp.port);
    if (status != ST_OK) {
        return status;
    }
    f->ports_open = true;
    f->give_up_at = x->now + SILENCE_LIMIT_US;
    outbuf_init(&out, text, sizeof(text));
    status = sdp_write_answer(&f->local, &f->agreed, event->body, &out);
    if (status != ST_OK) {
        return status;
    }
    start_sending(x, f, kind);
    return sip_inv_answer(x->sip, x->now, f->usage, outbuf_view(&out));
}

static void refuse(struct exchange *x, struct far_call *f, int code)
{
    struct pool_id usage = f->usage;

    release(x, f);
    if (sip_inv_reject(x->sip, x->now, usage, code, SPAN_NONE) != ST_OK) {
        log_write(x->config.log, LOG_DEBUG, "loopback exchange: %d could not be sent", code);
    }
}

static void incoming(struct exchange *x, const struct sip_event *event)
{
    struct pool_id id;
    enum far_kind kind = kind_of(event->request_user);

    if (span_eq(event->request_user, SPAN_LIT("auth")) && !event->has_credentials) {
        if (challenge(x, event) != ST_OK) {
            log_write(x->config.log, LOG_DEBUG, "loopback exchange: 407 could not be sent");
        }
        return;
    }
    struct far_call *f = pool_new(&x->calls, &id);
    if (f == NULL) {
        return; /* not adopted: 480 */
    }
    f->id = id;
    f->usage = event->usage;
    f->sip_peer = event->source;
    f->rtcp_due = x->now + DUR_S(3);
    f->give_up_at = x->now + RING_LIMIT_US;
    if (sip_inv_adopt(x->sip, event->usage, id) != ST_OK) {
        release(x, f);
        return;
    }
    if (kind == FAR_BUSY) {
        refuse(x, f, 486);
        return;
    }
    int status = sip_inv_progress(x->sip, x->now, f->usage, 180, SPAN_NONE);
    if (status == ST_OK && kind != FAR_NO_ANSWER) {
        status = answer(x, f, event, kind);
    }
    if (status != ST_OK) {
        refuse(x, f, status == ST_BAD ? 488 : 480);
    }
}

static void reoffered(struct exchange *x, struct far_call *f, const struct sip_event *event)
{
    struct sdp_session sdp;
    struct sdp_agreed agreed;
    const char *why = NULL;
    char text[SDP_WRITE_MAX];
    struct outbuf out;

    outbuf_init(&out, text, sizeof(text));
    bool ok = sdp_parse(event->body, &sdp, &why) == ST_OK && sdp_accept_offer(&sdp, &agreed, &why) == ST_OK;
    if (ok) {
        f->agreed = agreed;
        f->tx.payload_type = agreed.payload_type;
        agree_source(x, f);
        ok = sdp_write_answer(&f->local, &f->agreed, event->body, &out) == ST_OK;
    }
    int status = ok ? sip_inv_accept_offer(x->sip, x->now, f->usage, outbuf_view(&out))
                    : sip_inv_refuse_offer(x->sip, x->now, f->usage, 488);
    if (status != ST_OK) {
        log_write(x->config.log, LOG_DEBUG, "loopback exchange: re-INVITE could not be answered");
    }
}

static void on_event(void *ctx, const struct sip_event *event)
{
    struct exchange *x = ctx;

    if (event->kind == SIP_EVENT_INCOMING) {
        incoming(x, event);
        return;
    }
    struct far_call *f = pool_get(&x->calls, event->owner);
    if (f == NULL || f->ended || !pool_id_eq(f->usage, event->usage)) {
        return;
    }
    if (event->kind == SIP_EVENT_OFFER) {
        reoffered(x, f, event);
    } else if (event->kind == SIP_EVENT_ENDED) {
        release(x, f);
    }
}

static int send_sip(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct exchange *x = ctx;

    return x->config.sip_send(x->config.sip_ctx, to, data, len);
}

int exchange_new(const struct exchange_config *config, struct exchange **out)
{
    struct exchange *x = calloc(1, sizeof(*x));

    if (x == NULL) {
        return ST_NO_MEMORY;
    }
    x->config = *config;
    x->tick_next = MONO_NEVER;
    struct sip_config sip = {.local = config->local,
                             .domain = SPAN_LIT("loopback"),
                             .user_agent = SPAN_LIT("ws_audio_server loopback exchange"),
                             .max_usages = SIP_STACK_USAGES(config->max_calls),
                             .log = NULL, /* the bridge's log shows the same messages */
                             .rng = config->rng};
    struct sip_hooks hooks = {.ctx = x, .send = send_sip, .event = on_event};
    if (pool_init(&x->calls, sizeof(struct far_call), config->max_calls) != ST_OK ||
        (x->sip = sip_stack_new(&sip, &hooks)) == NULL) {
        exchange_free(x);
        return ST_NO_MEMORY;
    }
    *out = x;
    return ST_OK;
}

void exchange_free(struct exchange *x)
{
    struct far_call *f;

    if (x == NULL) {
        return;
    }
    for (uint32_t s = 0; (f = pool_next(&x->calls, &s, NULL)) != NULL; s++) {
        release(x, f);
    }
    sip_stack_free(x->sip);
    pool_fini(&x->calls);
    free(x);
}

uint64_t exchange_worst_case_memory(uint32_t max_calls)
{
    return max_calls * sizeof(struct far_call) + sip_stack_worst_case_memory(SIP_STACK_USAGES(max_calls));
}

void exchange_sip_input(struct exchange *x, mono_us now, const struct net_addr *from, const void *data, size_t len)
{
    struct sip_flow flow = sip_flow_udp(&x->config.local, from);

    x->now = now;
    sip_stack_input(x->sip, now, &flow, data, len);
}

static void send_payload(struct exchange *x, struct far_call *f, struct span payload)
{
    uint8_t packet[RTP_PACKET_MAX];
    struct outbuf out;

    outbuf_init(&out, packet, sizeof(packet));
    if (rtp_tx_packet(&f->tx, payload, (uint32_t)payload.len, &out) == ST_OK) {
        (void)x->config.media.send(x->config.media.ctx, f->id, false, rtp_source_dest(&f->source), packet, out.len);
    }
}

/* A key comes back as a key: its packets share a timestamp of our stream, also where theirs do not. */
static void echo_event(struct exchange *x, struct far_call *f, const struct rtp_packet *event)
{
    struct rtp_dtmf_step step = {.marker = event->marker};
    uint8_t packet[RTP_HEADER_LEN + RTP_EVENT_LEN];
    struct outbuf out;

    bool pressed = rtp_dtmf_rx_push(&f->keys_in, x->now, event) != '\0';
    if (!rtp_dtmf_rx_is_newest(&f->keys_in, event)) {
        return; /* no key, or overtaken by the next one */
    }
    if (pressed) {
        f->event_out = f->tx.timestamp;
        rtp_tx_skip(&f->tx, RTP_FRAME_SAMPLES); /* none of the next key */
    }
    step.timestamp = f->event_out;
    memcpy(step.payload, event->payload.ptr, RTP_EVENT_LEN);
    outbuf_init(&out, packet, sizeof(packet));
    if (rtp_tx_event(&f->tx, &step, (uint8_t)f->agreed.telephone_event_pt, &out) == ST_OK) {
        (void)x->config.media.send(x->config.media.ctx, f->id, false, rtp_source_dest(&f->source), packet, out.len);
    }
}

/* Reports let the caller know its round trip; the echo has no clock of its own, so they ride on arriving packets. */
static void report(struct exchange *x, struct far_call *f)
{
    uint8_t packet[256];
    struct net_addr to;
    struct outbuf out;

    if (x->now < f->rtcp_due || !rtp_source_rtcp_dest(&f->source, &to)) {
        return;
    }
    f->rtcp_due = x->now + DUR_S(3);
    outbuf_init(&out, packet, sizeof(packet));
    if (rtcp_write_report(&f->tx, &f->rx, &f->rtcp, x->now, x->config.media.wall(x->config.media.ctx), f->tx.timestamp,
                          SPAN_LIT("loopback"), false, &out) == ST_OK) {
        (void)x->config.media.send(x->config.media.ctx, f->id, true, &to, packet, out.len);
    }
}

static void report_arrived(struct exchange *x, struct far_call *f, const struct net_addr *from, struct span datagram)
{
    int64_t wall = x->config.media.wall(x->config.media.ctx);

    if (rtp_source_takes_rtcp(&f->source, from) &&
        rtcp_input(&f->rtcp, datagram, f->tx.ssrc, x->now, wall, 8000) == ST_OK) {
        rtp_source_rtcp_heard(&f->source, from);
        f->give_up_at = x->now + SILENCE_LIMIT_US;
        report(x, f);
    }
}

void exchange_media_input(struct exchange *x, mono_us now, struct pool_id call, bool rtcp, const struct net_addr *from,
                          const void *data, size_t len)
{
    struct far_call *f = pool_get(&x->calls, call);
    struct rtp_packet packet;

    x->now = now;
    if (f == NULL || f->ended || len > RTP_PACKET_MAX) {
        return;
    }
    if (rtcp) {
        report_arrived(x, f, from, span_make(data, len));
        return;
    }
    if (rtp_packet_parse(span_make(data, len), &packet) != ST_OK ||
        !rtp_source_accept(&f->source, now, from, &packet)) {
        return;
    }
    f->give_up_at = now + SILENCE_LIMIT_US;
    enum rtp_rx_verdict verdict = rtp_rx_push(&f->rx, now, &packet, 8000);
    bool news = verdict != RTP_RX_DUPLICATE && verdict != RTP_RX_HELD;
    if (news) {
        rtp_dtmf_rx_stream(&f->keys_in, now, packet.ssrc);
    }
    if (!f->sending_tone && echo_wants(&f->agreed, &packet, verdict)) {
        send_payload(x, f, packet.payload);
    } else if (!f->sending_tone && news && sdp_agreed_is_event(&f->agreed, packet.payload_type)) {
        echo_event(x, f, &packet);
    }
    report(x, f);
}

mono_us exchange_tick_due(const struct exchange *x)
{
    return x->tick_next;
}

static void send_tone(struct exchange *x, struct far_call *f)
{
    uint8_t payload[TONE_SAMPLES];

    audio_tone_1k(payload, sizeof(payload), &f->phase);
    if (f->agreed.codec == SDP_PCMA) {
        audio_convert(AUDIO_ULAW, payload, AUDIO_ALAW, payload, sizeof(payload));
    }
    send_payload(x, f, span_make(payload, sizeof(payload)));
}

void exchange_tick(struct exchange *x, mono_us now)
{
    struct far_call *f;

    x->now = now;
    if (now < x->tick_next) {
        return;
    }
    x->tick_next = call_tick_after(now);
    for (uint32_t s = 0; (f = pool_next(&x->calls, &s, NULL)) != NULL; s++) {
        if (!f->sending_tone) {
            continue;
        }
        struct rtp_pacer_step step = rtp_pacer_step(&f->pacer, now);
        if (step.skip > 0) {
            rtp_tx_skip(&f->tx, step.skip * TONE_SAMPLES);
        }
        for (uint32_t i = 0; i < step.send; i++) {
            send_tone(x, f);
        }
    }
}

mono_us exchange_due(const struct exchange *x)
{
    mono_us due = sip_stack_due(x->sip);
    const struct far_call *f;

    for (uint32_t s = 0; (f = pool_next(&x->calls, &s, NULL)) != NULL; s++) {
        if (!f->ended && f->give_up_at < due) {
            due = f->give_up_at;
        }
    }
    return due;
}

void exchange_expire(struct exchange *x, mono_us now)
{
    struct far_call *f;

    x->now = now;
    sip_stack_expire(x->sip, now);
    for (uint32_t s = 0; (f = pool_next(&x->calls, &s, NULL)) != NULL; s++) {
        if (!f->ended && now >= f->give_up_at) {
            struct pool_id usage = f->usage;
            release(x, f);
            sip_inv_end(x->sip, now, usage); /* 480 or BYE */
        }
    }
}

void exchange_finish_turn(struct exchange *x)
{
    struct far_call *f;
    struct pool_id id;

    for (uint32_t s = 0; x->reap && (f = pool_next(&x->calls, &s, &id)) != NULL; s++) {
        if (f->ended) {
            pool_free(&x->calls, id);
        }
    }
    x->reap = false;
    sip_stack_reap(x->sip);
}

uint32_t exchange_calls(const struct exchange *x)
{
    return x->calls.used;
}
