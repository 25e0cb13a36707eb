/* SPDX-License-Identifier: MIT */
#include "incoming.h"

#include <stdio.h>

#include "bridge_priv.h"

#define ANSWER_MAX 4096      /* every m= line of the offer comes back */
#define RING_EVERY DUR_S(60) /* RFC 3261 13.3.1.1 */

/* ---- judging the INVITE ---- */

static int try_answer(const struct bridge *b, const struct sdp_agreed *agreed, struct span offer)
{
    struct sdp_local local = {.rtp = b->config.media_addr, .origin_id = UINT32_MAX, .direction = SDP_SENDRECV};
    char text[ANSWER_MAX];
    struct outbuf out;

    local.rtp.port = UINT16_MAX;
    outbuf_init(&out, text, sizeof(text));
    return sdp_write_answer(&local, agreed, offer, &out);
}

/* What a Warning says of an offer that cannot be answered (RFC 3261 20.43), and *why; 0: it can be, or there is none. */
static int offer_warning(const struct bridge *b, struct span offer, const char **why)
{
    struct sdp_session sdp;
    struct sdp_agreed agreed;

    if (offer.len == 0) {
        return 0;
    }
    if (sdp_parse(offer, &sdp, why) != ST_OK) {
        return 399;
    }
    if (sdp_accept_offer(&sdp, &agreed, why) == ST_OK) {
        if (sdp_agreed_fit(&agreed, &b->config.media_addr, why) != ST_OK) {
            return 301;
        }
        *why = "too many media lines";
        return try_answer(b, &agreed, offer) == ST_OK ? 0 : 399;
    }
    if (!sdp.has_audio || sdp.rtp.port == 0) {
        return 304;
    }
    return sdp.rtp.family == 0 ? 301 : 305;
}

static void refuse(struct bridge *b, const struct sip_event *event, int code, struct span extra)
{
    char caller[TEXT_SAFE_MAX + 1];
    char called[TEXT_SAFE_MAX + 1];

    log_write(b->log, LOG_INFO, LOG_TEXT(b->log, INCOMING_REFUSED), sip_user_text(event->caller_user, caller),
              sip_user_text(event->request_user, called), code, sip_reason_phrase(code));
    if (sip_inv_reject(b->sip, b->now, event->usage, code, extra) != ST_OK) {
        log_write(b->log, LOG_DEBUG, "an incoming call could not be refused");
    }
}

static void refuse_offer(struct bridge *b, const struct sip_event *event, int warning, const char *why)
{
    char host[ADDR_TEXT_MAX];
    char line[256];
    int len = snprintf(line, sizeof(line), "Warning: %d %s \"%s\"\r\n", warning,
                       addr_host_text(&b->config.media_addr, host), why);

    refuse(b, event, 488, span_make(line, (size_t)len));
}

/* ---- taking it ---- */

static void put_escaped(struct outbuf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == ':' || *text == '%') {
            outbuf_char(out, '%');
            outbuf_hex(out, text, 1);
        } else {
            outbuf_char(out, *text);
        }
    }
}

static const char *caller_of(const struct sip_event *event, char buf[TEXT_SAFE_MAX + 1])
{
    return event->caller_user.len > 0 ? sip_user_text(event->caller_user, buf) : "anonymous";
}

static void name(struct call *call, const struct sip_event *event)
{
    char buf[TEXT_SAFE_MAX + 1];
    char called[TEXT_SAFE_MAX + 1];
    const char *caller = caller_of(event, buf);
    const struct log *log = call->bridge->log;
    struct outbuf out;

    outbuf_init(&out, call->incoming.text, sizeof(call->incoming.text) - 1);
    put_escaped(&out, caller);
    outbuf_char(&out, ':');
    put_escaped(&out, sip_user_text(event->request_user, called));
    call->incoming.text[out.len] = '\0';
    log_write(log, LOG_INFO, LOG_TEXT(log, INCOMING_CALL), caller, called);
    char label[TEXT_SAFE_MAX + 1];
    (void)text_safe(span_head(span_cstr(caller), CALL_LABEL_MAX), label);
    memcpy(call->label, label, CALL_LABEL_MAX);
}

static void set_clock(struct call *call, const struct sip_event *event)
{
    struct bridge *b = call->bridge;
    struct incoming *in = &call->incoming;

    in->until = b->config.ring > 0 ? b->now + b->config.ring : MONO_NEVER;
    in->until_code = 480;
    if (event->expires_s > 0 && b->now + DUR_S((dur_us)event->expires_s) < in->until) {
        in->until = b->now + DUR_S((dur_us)event->expires_s);
        in->until_code = 487; /* 13.3.1 */
    }
    in->again = b->now + RING_EVERY;
    timerq_set(&b->timers, &call->timer, in->until < in->again ? in->until : in->again);
}

static struct call *begin(struct bridge *b, const struct sip_event *event)
{
    struct pool_id id;
    struct call *call = pool_new(&b->calls, &id);

    if (call == NULL) {
        return NULL;
    }
    call->bridge = b;
    call->id = id;
    call->sip_peer = event->source;
    call->incoming.gone = "cancelled";
    list_init(&call->incoming.node);
    if (sip_inv_adopt(b->sip, event->usage, call->id) != ST_OK) {
        call_release(call);
        return NULL;
    }
    call->usage = event->usage;
    b->stats.calls_started++;
    name(call, event);
    return call;
}

/* ---- answering it ---- */

static int write_answer(struct call *call, struct span offer, struct outbuf *out)
{
    struct sdp_session sdp;
    const char *why = NULL;

    if (offer.len == 0) {
        return sdp_write_offer(&call->local, out);
    }
    int status = sdp_parse(offer, &sdp, &why);
    if (status == ST_OK) {
        status = sdp_accept_offer(&sdp, &call->pending, &why);
    }
    if (status == ST_OK) {
        status = sdp_agreed_fit(&call->pending, &call->local.rtp, &why);
    }
    return status == ST_OK ? sdp_write_answer(&call->local, &call->pending, offer, out) : status;
}

static int take(struct call *call)
{
    struct bridge *b = call->bridge;
    struct span offer = sip_inv_offer(b->sip, call->usage);
    enum call_event event = offer.len > 0 ? CALL_EV_TAKEN : CALL_EV_TAKEN_BLIND;
    char text[ANSWER_MAX];
    struct outbuf out;
    int status = call_open_ports(call);

    if (status != ST_OK) {
        return status;
    }
    outbuf_init(&out, text, sizeof(text));
    status = write_answer(call, offer, &out);
    if (status != ST_OK) {
        return status;
    }
    media_listen(call);
    status = sip_inv_answer(b->sip, b->now, call->usage, outbuf_view(&out));
    if (status == ST_OK) {
        timerq_cancel(&b->timers, &call->timer);
        call_step(call, event);
    }
    return status;
}

/* The caller hears 503, the clients at which it rings that it is over. */
static void cannot_take(struct call *call, int status)
{
    const struct log *log = call->bridge->log;
    char words[LOG_WORDS_MAX];

    log_write(log, LOG_WARNING, LOG_TEXT(log, INCOMING_NOT_ANSWERED), call->label,
              log_words(log, status_name(status), words));
    media_close(call);
    call->client = POOL_ID_NONE;
    call->incoming.gone = "failed";
    call_end(call, CALL_EV_REFUSED, 503, sip_reason_phrase(503));
}

/* ---- it comes, it rings ---- */

static int refusal(struct bridge *b)
{
    if (b->stopping) {
        return 503;
    }
    if (overload_is(&b->overload, b->now)) {
        if (log_quota_take(&b->overload.refusals, b->log, LOG_WARNING, b->now)) {
            log_write(b->log, LOG_WARNING, LOG_TEXT(b->log, INCOMING_OVERLOAD));
        }
        return 503;
    }
    if (b->calls.used == b->calls.cap) {
        return 486;
    }
    return b->config.incoming == BRIDGE_INCOMING_RING ? ringing_refusal(b) : 0;
}

void incoming_arrives(struct bridge *b, const struct sip_event *event)
{
    const char *why = NULL;

    if (b->config.incoming == BRIDGE_INCOMING_REJECT) {
        return; /* not adopted: 480, and nothing is kept of it */
    }
    int code = refusal(b);
    int warning = code == 0 ? offer_warning(b, event->body, &why) : 0;
    if (code != 0) {
        refuse(b, event, code, code == 503 ? SPAN_LIT("Retry-After: 5\r\n") : SPAN_NONE);
        return;
    }
    if (warning != 0) {
        refuse_offer(b, event, warning, why);
        return;
    }
    struct call *call = begin(b, event);
    if (call == NULL) {
        refuse(b, event, 503, SPAN_NONE);
        return;
    }
    call_step(call, CALL_EV_INCOMING);
    if (b->config.incoming == BRIDGE_INCOMING_ECHO) {
        call->media.echo.on = true;
        int status = take(call);
        if (status != ST_OK) {
            cannot_take(call, status);
        }
        return;
    }
    set_clock(call, event);
    ringing_begin(call);
}

void incoming_expire(struct call *call)
{
    struct bridge *b = call->bridge;
    struct incoming *in = &call->incoming;

    if (b->now >= in->until) {
        in->gone = "no answer";
        call_end(call, CALL_EV_LIMIT, in->until_code, sip_reason_phrase(in->until_code));
        return;
    }
    if (b->now >= in->again) {
        call_send_ringing(call);
        in->again = b->now + RING_EVERY;
    }
    timerq_set(&b->timers, &call->timer, in->until < in->again ? in->until : in->again);
}

/* ---- the clients' words ---- */

void incoming_answer(struct client *c)
{
    struct bridge *b = c->bridge;
    const struct span verb = SPAN_LIT("ANSWER");
    struct call *call = call_get(b, c->rings);
    char peer[ADDR_TEXT_MAX];

    if (!pool_id_is_none(c->call)) {
        client_error(c, verb, WS_ERROR_BUSY, "this connection has a call already");
        return;
    }
    if (call == NULL) {
        client_error(c, verb, WS_ERROR_NO_CALL, "no call rings here");
        return;
    }
    if (client_begin_call(c) != ST_OK) {
        client_error(c, verb, WS_ERROR_INTERNAL, "out of memory");
        return;
    }
    log_write(b->log, LOG_INFO, LOG_TEXT(b->log, INCOMING_ANSWERED), call->label, addr_text(&c->peer, peer));
    call->client = c->id;
    c->call = call->id;
    call->incoming.gone = "answered elsewhere";
    int status = take(call);
    if (status == ST_OK) {
        return;
    }
    c->call = POOL_ID_NONE;
    client_error(c, verb,
                 status == ST_FULL ? WS_ERROR_BUSY
                 : status == ST_IO ? WS_ERROR_IO
                                   : WS_ERROR_INTERNAL,
                 "the call cannot be answered (%s)", status_name(status));
    cannot_take(call, status);
}

void incoming_reject(struct client *c, int code)
{
    struct call *call = call_get(c->bridge, c->rings);

    if (call == NULL) {
        client_error(c, SPAN_LIT("REJECT"), WS_ERROR_NO_CALL, "no call rings here");
        return;
    }
    call->incoming.reject_code = code;
    ringing_refuse(c, call);
    ringing_leave(c, "rejected");
}
