/* SPDX-License-Identifier: MIT */
#include "incoming.h"

#include <stdio.h>
#include <stdlib.h>

#include "calls_priv.h"

#define RING_EVERY DUR_S(60) /* RFC 3261 13.3.1.1 */

/* ---- judging the INVITE ---- */

static int try_answer(const struct calls *all, const struct sdp_negotiated *negotiated, struct span offer)
{
    struct sdp_local local = {.rtp = all->config.media_addr, .origin_id = UINT32_MAX, .direction = SDP_SENDRECV};
    char text[MEDIA_ANSWER_MAX];
    struct outbuf out;

    local.rtp.port = UINT16_MAX;
    outbuf_init(&out, text, sizeof(text));
    return sdp_write_answer(&local, negotiated, offer, &out);
}

/* What a Warning says of an offer that cannot be answered (RFC 3261 20.43), and *why; 0: it can be, or there is none. */
static int offer_warning(const struct calls *all, struct span offer, const char **why)
{
    struct sdp_session sdp;
    struct sdp_negotiated negotiated;

    if (offer.len == 0) {
        return 0;
    }
    if (sdp_parse(offer, &sdp, why) != ST_OK) {
        return 399;
    }
    if (sdp_accept_offer(&sdp, &negotiated, why) == ST_OK) {
        if (sdp_negotiated_fit(&negotiated, &all->config.media_addr, why) != ST_OK) {
            return 301;
        }
        *why = "too many media lines";
        return try_answer(all, &negotiated, offer) == ST_OK ? 0 : 399;
    }
    if (!sdp.has_audio || sdp.rtp.port == 0) {
        return 304;
    }
    return sdp.rtp.family == 0 ? 301 : 305;
}

static void refuse(struct calls *all, const struct sip_event *event, int code, struct span extra)
{
    char caller[TEXT_SAFE_MAX + 1];
    char called[TEXT_SAFE_MAX + 1];

    log_write(all->log, LOG_INFO, LOG_TEXT(all->log, INCOMING_REFUSED), sip_user_text(event->caller_user, caller),
              sip_user_text(event->request_user, called), code, sip_reason_phrase(code));
    if (sip_inv_reject(all->sip, *all->now, event->usage, code, extra) != ST_OK) {
        log_write(all->log, LOG_DEBUG, "an incoming call could not be refused");
    }
}

static void refuse_offer(struct calls *all, const struct sip_event *event, int warning, const char *why)
{
    char host[ADDR_TEXT_MAX];
    char line[256];
    int len = snprintf(line, sizeof(line), "Warning: %d %s \"%s\"\r\n", warning,
                       addr_host_text(&all->config.media_addr, host), why);

    refuse(all, event, 488, span_make(line, (size_t)len));
}

/* ---- taking it ---- */

static const char *caller_of(const struct sip_event *event, char buf[TEXT_SAFE_MAX + 1])
{
    return event->caller_user.len > 0 ? sip_user_text(event->caller_user, buf) : "anonymous";
}

static void name(struct call *call, const struct sip_event *event)
{
    struct incoming *in = call->incoming;
    const struct log *log = call->calls->log;
    char buf[TEXT_SAFE_MAX + 1];
    char label[TEXT_SAFE_MAX + 1];
    const char *caller = caller_of(event, buf);

    snprintf(in->caller, sizeof(in->caller), "%s", caller);
    snprintf(in->called, sizeof(in->called), "%s", sip_user_text(event->request_user, label));
    log_write(log, LOG_INFO, LOG_TEXT(log, INCOMING_CALL), in->caller, in->called);
    (void)text_safe(span_head(span_cstr(caller), CALL_LABEL_MAX), label);
    memcpy(call->label, label, CALL_LABEL_MAX);
}

static void set_clock(struct call *call, const struct sip_event *event)
{
    struct calls *all = call->calls;
    struct incoming *in = call->incoming;

    in->until = all->config.ring > 0 ? *all->now + all->config.ring : MONO_NEVER;
    in->until_code = 480;
    if (event->expires_s > 0 && *all->now + DUR_S((dur_us)event->expires_s) < in->until) {
        in->until = *all->now + DUR_S((dur_us)event->expires_s);
        in->until_code = 487; /* 13.3.1 */
    }
    in->again = *all->now + RING_EVERY;
    timerq_set(&all->timers, &call->timer, in->until < in->again ? in->until : in->again);
}

static struct call *begin(struct calls *all, const struct sip_event *event)
{
    struct pool_id id;
    struct call *call = pool_new(&all->pool, &id);

    if (call == NULL) {
        return NULL;
    }
    call->calls = all;
    call->id = id;
    call->sip_peer = event->source;
    call->gone = CALL_GONE_CANCELLED;
    call->incoming = calloc(1, sizeof(*call->incoming));
    if (call->incoming == NULL || sip_inv_adopt(all->sip, event->now, event->usage, call->id) != ST_OK) {
        call_release(call);
        return NULL;
    }
    call->usage = event->usage;
    all->stats.started++;
    name(call, event);
    return call;
}

/* ---- answering it ---- */

static int take(struct call *call)
{
    struct calls *all = call->calls;
    struct span offer = sip_inv_offer(all->sip, call->usage);
    enum call_fsm_event event = offer.len > 0 ? CALL_EV_TAKEN : CALL_EV_TAKEN_BLIND;
    const char *why = NULL;
    char text[MEDIA_ANSWER_MAX];
    struct outbuf out;
    int status = call_open_media(call);

    if (status != ST_OK) {
        return status;
    }
    outbuf_init(&out, text, sizeof(text));
    status = media_session_answer(call->media, offer, &out, &why);
    if (status != ST_OK) {
        return status;
    }
    status = sip_inv_answer(all->sip, *all->now, call->usage, outbuf_view(&out));
    if (status == ST_OK) {
        timerq_cancel(&all->timers, &call->timer);
        call_step(call, event);
        free(call->incoming);
        call->incoming = NULL;
    }
    return status;
}

/* The caller hears 503, the clients at which it rings that it is over. */
static void cannot_take(struct call *call, int status)
{
    const struct log *log = call->calls->log;
    char words[LOG_WORDS_MAX];

    log_write(log, LOG_WARNING, LOG_TEXT(log, INCOMING_NOT_ANSWERED), call->label,
              log_words(log, status_name(status), words));
    call_close_media(call);
    call->owner = POOL_ID_NONE;
    call->gone = CALL_GONE_FAILED;
    call_end(call, CALL_EV_REFUSED, 503, sip_reason_phrase(503));
}

/* ---- it comes, it rings ---- */

static int refusal(struct calls *all)
{
    if (all->stopping) {
        return 503;
    }
    if (overload_is(&all->overload, *all->now)) {
        if (log_quota_take(&all->overload.refusals, all->log, LOG_WARNING, *all->now)) {
            log_write(all->log, LOG_WARNING, LOG_TEXT(all->log, INCOMING_OVERLOAD));
        }
        return 503;
    }
    if (all->pool.used == all->pool.cap) {
        return 486;
    }
    return all->config.incoming == CALLS_INCOMING_RING ? all->config.hooks.refusal(all->config.hooks.ctx) : 0;
}

void incoming_arrives(struct calls *all, const struct sip_event *event)
{
    const char *why = NULL;

    if (all->config.incoming == CALLS_INCOMING_REJECT) {
        return; /* not adopted: 480, and nothing is kept of it */
    }
    int code = refusal(all);
    int warning = code == 0 ? offer_warning(all, event->body, &why) : 0;
    if (code != 0) {
        refuse(all, event, code, code == 503 ? SPAN_LIT("Retry-After: 5\r\n") : SPAN_NONE);
        return;
    }
    if (warning != 0) {
        refuse_offer(all, event, warning, why);
        return;
    }
    struct call *call = begin(all, event);
    if (call == NULL) {
        refuse(all, event, 503, SPAN_NONE);
        return;
    }
    call_step(call, CALL_EV_INCOMING);
    if (all->config.incoming == CALLS_INCOMING_ECHO) {
        call->echo = true;
        int status = take(call);
        if (status != ST_OK) {
            cannot_take(call, status);
        }
        return;
    }
    set_clock(call, event);
    call_tell(call, (struct call_event){.kind = CALL_EVENT_INCOMING,
                                        .caller = call->incoming->caller,
                                        .called = call->incoming->called});
}

void incoming_expire(struct call *call)
{
    struct calls *all = call->calls;
    struct incoming *in = call->incoming;

    if (*all->now >= in->until) {
        call->gone = CALL_GONE_NO_ANSWER;
        call_end(call, CALL_EV_LIMIT, in->until_code, sip_reason_phrase(in->until_code));
        return;
    }
    if (*all->now >= in->again) {
        call_send_ringing(call);
        in->again = *all->now + RING_EVERY;
    }
    timerq_set(&all->timers, &call->timer, in->until < in->again ? in->until : in->again);
}

/* ---- answered and refused ---- */

int call_answer(struct call *call, const struct call_party *who)
{
    struct calls *all = call->calls;
    char peer[ADDR_TEXT_MAX];

    log_write(all->log, LOG_INFO, LOG_TEXT(all->log, INCOMING_ANSWERED), call->label, addr_text(&who->peer, peer));
    call->owner = who->owner;
    call->who = *who;
    call->gone = CALL_GONE_ANSWERED_ELSEWHERE;
    int status = take(call);
    if (status != ST_OK) {
        call_tell(call, (struct call_event){.kind = CALL_EVENT_UNANSWERED, .status = status});
        cannot_take(call, status);
    }
    return status;
}

void call_refuse(struct call *call, int code)
{
    call_end(call, CALL_EV_REFUSED, code, sip_reason_phrase(code));
}
