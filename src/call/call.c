/* SPDX-License-Identifier: MIT */
#include "bridge_priv.h"

#include <assert.h>
#include <stdio.h>

struct call *call_get(struct bridge *b, struct pool_id id)
{
    return pool_get(&b->calls, id);
}

/* ---- the life table's actions ---- */

static void act_start_limits(struct call *call)
{
    struct bridge *b = call->bridge;

    call->was_established = true;
    call->established_at = b->now;
    call->media.last_heard = b->now;
    call->may_be_silent = false;
    b->stats.calls_established++;
    log_write(b->log, LOG_INFO, LOG_TEXT(b->log, REMOTE_RTP_PORT), call->agreed.rtp.port);
    log_write(b->log, LOG_INFO, LOG_TEXT(b->log, CALL_ESTABLISHED));
    log_write(b->log, LOG_INFO, LOG_TEXT(b->log, MEDIA_PORTS), call->rtp_port, call->agreed.rtp.port);
    log_write(b->log, LOG_INFO, LOG_TEXT(b->log, RTP_RECEIVER_START));
    media_record(call);
    call_expire(call);
}

static int write_answer(const struct call *call, struct span offer, struct outbuf *out)
{
    if (offer.len == 0) {
        return sdp_write_offer(&call->local, out);
    }
    return sdp_write_answer(&call->local, &call->agreed, offer, out);
}

/* The pending offer's text; only during CALL_EV_OFFER_SAME. */
static void accept_offer(struct call *call, struct span offer)
{
    struct bridge *b = call->bridge;
    char sdp[SDP_WRITE_MAX];
    struct outbuf out;

    if (offer.len == 0 && !call->offered) {
        call->local.version++; /* what we said before was an answer: RFC 3264 8 */
    }
    outbuf_init(&out, sdp, sizeof(sdp));
    if (write_answer(call, offer, &out) != ST_OK ||
        sip_inv_accept_offer(b->sip, b->now, call->usage, outbuf_view(&out)) != ST_OK) {
        log_write(b->log, LOG_DEBUG, "call %s: the offer could not be answered", call->label);
        return;
    }
    call->offered = offer.len == 0;
    call->asked_back = offer.len == 0;
    call->media.last_heard = b->now; /* a re-INVITE is a sign of life: the wait for media begins anew */
    call->may_be_silent = false;
    timerq_set(&b->timers, &call->timer, b->now); /* call_expire finds the next deadline */
}

static void refuse_offer(struct call *call)
{
    struct bridge *b = call->bridge;

    call->may_be_silent = true;
    if (sip_inv_refuse_offer(b->sip, b->now, call->usage, 488) != ST_OK) {
        log_write(b->log, LOG_DEBUG, "call %s: the offer could not be refused", call->label);
    }
}

static void act_release(struct call *call)
{
    struct client *c = client_get(call->bridge, call->client);

    timerq_cancel(&call->bridge->timers, &call->timer);
    call->usage = POOL_ID_NONE;
    if (c != NULL && pool_id_eq(c->call, call->id)) {
        c->call = POOL_ID_NONE;
    }
    call->bridge->reap = true;
    call->bridge->settle = true; /* the client may be rung now */
}

void call_send_ringing(struct call *call)
{
    struct bridge *b = call->bridge;

    if (sip_inv_progress(b->sip, b->now, call->usage, 180, SPAN_NONE) != ST_OK) {
        log_write(b->log, LOG_DEBUG, "call %s: 180 could not be sent", call->label);
    }
}

static void act_reject(struct call *call)
{
    struct bridge *b = call->bridge;

    if (sip_inv_reject(b->sip, b->now, call->usage, call->end_code, SPAN_NONE) != ST_OK) {
        sip_inv_end(b->sip, b->now, call->usage);
    }
}

static void run_actions(struct call *call, unsigned actions, struct span offer)
{
    struct bridge *b = call->bridge;
    struct client *c = client_get(b, call->client);

    if ((actions & CALL_ACT_OPEN_MEDIA) != 0) {
        media_open(call);
    }
    if ((actions & CALL_ACT_START_LIMITS) != 0) {
        act_start_limits(call);
    }
    if ((actions & CALL_ACT_TELL_TRYING) != 0) {
        client_tell(c, "CALL_STATE:trying");
    }
    if ((actions & CALL_ACT_TELL_RINGING) != 0) {
        client_tell(c, "CALL_STATE:ringing");
    }
    if ((actions & CALL_ACT_TELL_EARLY) != 0) {
        client_tell(c, "CALL_STATE:early");
    }
    if ((actions & CALL_ACT_TELL_ESTABLISHED) != 0) {
        client_tell(c, "CALL_STATE:established");
    }
    if ((actions & CALL_ACT_ACCEPT_OFFER) != 0) {
        accept_offer(call, offer);
    }
    if ((actions & CALL_ACT_REFUSE_OFFER) != 0) {
        refuse_offer(call);
    }
    if ((actions & CALL_ACT_CLOSE_MEDIA) != 0) {
        media_close(call);
    }
    if ((actions & CALL_ACT_TELL_STATS) != 0) {
        call_tell_stats(call, c);
        call_warn_quality(call);
    }
    if ((actions & CALL_ACT_END_USAGE) != 0) {
        sip_inv_end(b->sip, b->now, call->usage);
    }
    if ((actions & CALL_ACT_TELL_ENDED) != 0) {
        client_tell(c, "CALL_STATE:ended:%d:%s", call->end_code, call->end_reason);
    }
    if ((actions & CALL_ACT_SEND_RINGING) != 0) {
        call_send_ringing(call);
    }
    if ((actions & CALL_ACT_STOP_RINGING) != 0) {
        ringing_end(call);
    }
    if ((actions & CALL_ACT_REJECT) != 0) {
        act_reject(call);
    }
    if ((actions & CALL_ACT_RELEASE) != 0) {
        /* every end, also of a call whose client is gone */
        char words[LOG_WORDS_MAX];
        log_write(b->log, LOG_INFO, LOG_TEXT(b->log, CALL_ENDED), call->label, call->end_code,
                  log_words(b->log, call->end_reason, words));
        act_release(call);
    }
}

static void step_with(struct call *call, enum call_event event, struct span offer)
{
    const struct fsm_cell *cell = &call_life[call->state][event];
    const struct log *log = call->bridge->log;

    if (cell->rule == FSM_DROP) {
        return;
    }
    if (cell->rule != FSM_GO) {
        assert(cell->rule == FSM_GO);
        log_write(log, LOG_ERROR, LOG_TEXT(log, CALL_TABLE_BUG), call->label, call_state_name((int)call->state),
                  call_event_name((int)event));
        return;
    }
    enum call_state from = call->state;
    call->state = (enum call_state)cell->next;
    log_write(log, LOG_DEBUG, "call %s: life %s -> %s on %s", call->label, call_state_name((int)from),
              call_state_name((int)call->state), call_event_name((int)event));
    run_actions(call, cell->actions, offer);
}

void call_step(struct call *call, enum call_event event)
{
    step_with(call, event, SPAN_NONE);
}

void call_end(struct call *call, enum call_event event, int code, const char *reason)
{
    call->end_code = code;
    snprintf(call->end_reason, sizeof(call->end_reason), "%s", reason);
    call_step(call, event);
}

/* ---- dialling ---- */

static void dial_failed(struct client *c, struct call *call, int status)
{
    const struct log *log = c->bridge->log;
    struct span verb = SPAN_LIT("CALL");
    char words[LOG_WORDS_MAX];

    log_write(log, LOG_WARNING, LOG_TEXT(log, CALL_NOT_PLACED), call->label,
              log_words(log, status_name(status), words));
    if (status == ST_FULL) {
        client_error(c, verb, WS_ERROR_BUSY, "no free line, try again later");
    } else if (status == ST_STATE) {
        client_error(c, verb, WS_ERROR_IO, "the SIP server's name has no address yet, try again later");
    } else {
        client_error(c, verb, status == ST_IO ? WS_ERROR_IO : WS_ERROR_INTERNAL, "the call could not be placed (%s)",
                     status_name(status));
    }
    media_close(call);
    call->state = CALL_ENDED;
    act_release(call);
}

int call_open_ports(struct call *call)
{
    struct bridge *b = call->bridge;
    int status = b->config.media.open(b->config.media.ctx, call->id, &call->rtp_port);

    if (status != ST_OK) {
        return status;
    }
    call->ports_open = true;
    call->local = (struct sdp_local){.rtp = b->config.media_addr, .version = 1, .direction = SDP_SENDRECV};
    call->local.rtp.port = call->rtp_port;
    call->local.origin_id = rng_u32(b->rng);
    return ST_OK;
}

static int place(struct call *call, struct span uri)
{
    struct bridge *b = call->bridge;
    char sdp[SDP_WRITE_MAX];
    struct outbuf out;
    int status = call_open_ports(call);

    if (status != ST_OK) {
        return status;
    }
    outbuf_init(&out, sdp, sizeof(sdp));
    status = sdp_write_offer(&call->local, &out);
    if (status != ST_OK) {
        return status;
    }
    media_listen(call);
    call->offered = true;
    return sip_inv_invite(b->sip, b->now, uri, outbuf_view(&out), b->config.ring, call->id, &call->usage);
}

static struct dial_attempt attempt_of(const struct client *c, const char *label)
{
    return (struct dial_attempt){
        .log = c->bridge->log, .now = c->bridge->now, .account = &c->account, .peer = &c->peer, .label = label};
}

/* By the rules, the free lines and the rate, in this order: what cannot be dialled costs nothing of a minute's calls. */
static struct call *admit(struct client *c, struct span uri, const char *label, struct pool_id *id)
{
    struct bridge *b = c->bridge;
    struct dial_attempt attempt = attempt_of(c, label);

    if (!dial_pass_rules(&b->dial, &attempt, uri)) {
        client_error(c, SPAN_LIT("CALL"), WS_ERROR_DENIED, "the dialling rules do not allow it");
        return NULL;
    }
    if (overload_is(&b->overload, b->now)) {
        if (log_quota_take(&b->overload.refusals, b->log, LOG_WARNING, b->now)) {
            log_write(b->log, LOG_WARNING, LOG_TEXT(b->log, CALL_REFUSED_OVERLOAD), label);
        }
        client_error(c, SPAN_LIT("CALL"), WS_ERROR_BUSY,
                     "the server is overloaded: packets of the calls that are up leave too late; try again later");
        return NULL;
    }
    struct call *call = b->stopping ? NULL : pool_new(&b->calls, id);
    if (call == NULL) {
        log_write(b->log, LOG_INFO, LOG_TEXT(b->log, CALL_REFUSED_BUSY), label);
        client_error(c, SPAN_LIT("CALL"), WS_ERROR_BUSY,
                     b->stopping ? "the server is stopping" : "all lines are in use");
        return NULL;
    }
    if (!dial_pass_rate(&b->dial, &attempt)) {
        client_error(c, SPAN_LIT("CALL"), WS_ERROR_RATE_LIMITED, "more than %u calls a minute",
                     b->config.calls_per_minute);
        pool_free(&b->calls, *id);
        return NULL;
    }
    return call;
}

bool call_may_redirect(struct bridge *b, struct pool_id owner, struct span uri)
{
    const struct call *call = pool_get(&b->calls, owner);
    const struct client *c = call != NULL ? client_get(b, call->client) : NULL;
    char label[TEXT_SAFE_MAX + 1];

    if (c == NULL) {
        return false;
    }
    struct dial_attempt attempt = attempt_of(c, text_safe(uri, label));
    return dial_pass_rules(&b->dial, &attempt, uri) && dial_pass_rate(&b->dial, &attempt);
}

void call_dial(struct client *c, struct span target)
{
    struct bridge *b = c->bridge;
    char uri[CALL_URI_MAX];
    char label[CALL_LABEL_MAX + 1];
    struct pool_id id;

    if (sip_target_parse(target, span_cstr(b->domain), uri, sizeof(uri), label, sizeof(label)) != ST_OK) {
        client_error(c, SPAN_LIT("CALL"), WS_ERROR_BAD_ARGUMENT, "%s", sip_target_refusal(target));
        return;
    }
    struct call *call = admit(c, span_cstr(uri), label, &id);
    if (call == NULL) {
        return;
    }
    log_write(b->log, LOG_INFO, LOG_TEXT(b->log, CALL_REQUESTED), label);
    call->bridge = b;
    call->id = id;
    call->client = c->id;
    const struct net_addr *server = sip_stack_server(b->sip, b->now);
    call->sip_peer = server != NULL ? *server : (struct net_addr){0};
    memcpy(call->label, label, sizeof(label));
    c->call = id;
    int status = place(call, span_cstr(uri));
    if (status != ST_OK) {
        dial_failed(c, call, status);
        return;
    }
    b->stats.calls_started++;
    ringing_leave(c, "dialling");
    bool failed_at_once = call->end_code != 0;
    call_step(call, CALL_EV_DIALLED);
    if (failed_at_once) {
        call_step(call, CALL_EV_FAR_END);
    }
}

/* ---- events from the SIP stack ---- */

static void set_end(struct call *call, const struct sip_event *event)
{
    char safe[TEXT_SAFE_MAX + 1];

    call->end_code = event->code;
    text_safe(event->reason, safe);
    snprintf(call->end_reason, sizeof(call->end_reason), "%s", safe[0] != '\0' ? safe : sip_reason_phrase(event->code));
}

static int accept_answer(const struct call *call, const struct sdp_session *sdp, struct sdp_agreed *agreed,
                         const char **why)
{
    int status = sdp_accept_answer(sdp, agreed, why);

    return status == ST_OK ? sdp_agreed_fit(agreed, &call->local.rtp, why) : status;
}

static void on_progress(struct call *call, const struct sip_event *event)
{
    struct sdp_session sdp;
    const char *why = NULL;

    if (event->code <= 100) {
        return; /* the client was told "trying" when the INVITE left */
    }
    bool early = event->body.len > 0 && sdp_parse(event->body, &sdp, &why) == ST_OK &&
                 accept_answer(call, &sdp, &call->pending, &why) == ST_OK;
    call_step(call, early ? CALL_EV_EARLY : CALL_EV_RINGS);
}

static void on_answer(struct call *call, const struct sip_event *event)
{
    struct sdp_session sdp;
    const char *why = TEXT_EN_WORD_NO_SDP;

    if (event->body.len > 0 && sdp_parse(event->body, &sdp, &why) == ST_OK &&
        accept_answer(call, &sdp, &call->pending, &why) == ST_OK) {
        call_step(call, CALL_EV_ANSWERED);
        return;
    }
    call_end(call, CALL_EV_UNUSABLE, 488, why != NULL ? why : TEXT_EN_WORD_BAD_SDP);
}

/* The ACK to a re-INVITE that had no offer: what it answers to ours is in force (RFC 3261 14.2, RFC 3264 8). An ACK without SDP
 * is against the rules and changes nothing. */
static void on_late_answer(struct call *call, const struct sip_event *event)
{
    struct sdp_session sdp;
    const char *why = TEXT_EN_WORD_BAD_SDP;

    call->asked_back = false;
    if (event->body.len == 0) {
        return;
    }
    int status = sdp_parse(event->body, &sdp, &why);
    if (status == ST_OK && sdp_answer_rejects(&sdp)) {
        call->pending = call->agreed;
        call->pending.we_send = call->pending.we_receive = false;
    } else if (status == ST_OK) {
        status = accept_answer(call, &sdp, &call->pending, &why);
    }
    if (status != ST_OK) {
        call_end(call, CALL_EV_UNUSABLE, 488, why);
        return;
    }
    call_step(call, CALL_EV_REANSWERED);
    call->may_be_silent = false;
    call->media.last_heard = call->bridge->now;
    call_expire(call); /* the wait for media begins anew, or ends */
}

static bool codec_offered(const struct sdp_session *offer, const struct sdp_agreed *agreed)
{
    for (size_t i = 0; i < offer->format_count; i++) {
        if (offer->formats[i].payload_type == agreed->payload_type) {
            return true;
        }
    }
    return false;
}

/* A re-INVITE that offers more codecs in another order still changes nothing when what we use is among them. */
static bool offer_changes_nothing(const struct call *call, struct span body)
{
    struct sdp_session sdp;
    struct sdp_agreed agreed;
    const char *why = NULL;

    if (body.len == 0) {
        return true; /* it asks for our offer, which is what it was */
    }
    if (sdp_parse(body, &sdp, &why) != ST_OK || sdp_accept_offer(&sdp, &agreed, &why) != ST_OK ||
        sdp_agreed_fit(&agreed, &call->local.rtp, &why) != ST_OK) {
        return false;
    }
    if (codec_offered(&sdp, &call->agreed)) {
        agreed.codec = call->agreed.codec;
        agreed.payload_type = call->agreed.payload_type;
    }
    return sdp_agreed_equal(&agreed, &call->agreed);
}

void call_sip_event(struct bridge *b, const struct sip_event *event)
{
    if (event->kind == SIP_EVENT_INCOMING) {
        incoming_arrives(b, event);
        return;
    }
    struct call *call = pool_get(&b->calls, event->owner);

    if (call == NULL || call->state == CALL_ENDED ||
        (!pool_id_is_none(call->usage) && !pool_id_eq(call->usage, event->usage))) {
        return;
    }
    if (call->state == CALL_IDLE) {
        set_end(call, event); /* the very first send failed: told when the dialling step is over */
        return;
    }
    if (event->source.family != 0) {
        call->sip_peer = event->source; /* another server may have taken the call over */
    }
    switch (event->kind) {
    case SIP_EVENT_PROGRESS: on_progress(call, event); break;
    case SIP_EVENT_ANSWERED: on_answer(call, event); break;
    case SIP_EVENT_OFFER:
        step_with(call, offer_changes_nothing(call, event->body) ? CALL_EV_OFFER_SAME : CALL_EV_OFFER_OTHER,
                  event->body);
        break;
    case SIP_EVENT_ENDED:
        set_end(call, event);
        if (event->elsewhere) {
            call->incoming.gone = "answered elsewhere";
        }
        call_step(call, CALL_EV_FAR_END);
        break;
    case SIP_EVENT_CONFIRMED:
        call->acknowledged = true;
        if (call->state == CALL_ACCEPTED) {
            on_answer(call, event);
        } else if (call->asked_back) {
            on_late_answer(call, event);
        } /* else an ACK without news */
        break;
    case SIP_EVENT_INCOMING:
    case SIP_EVENT_KIND_COUNT: break;
    }
}

/* ---- limits ---- */

static bool counts_silence(const struct call *call)
{
    return call->bridge->config.no_media > 0 && call->agreed.we_receive && !call->may_be_silent;
}

void call_expire(struct call *call)
{
    struct bridge *b = call->bridge;
    mono_us end = call->established_at + b->config.max_call;
    mono_us silent = counts_silence(call) ? call->media.last_heard + b->config.no_media : MONO_NEVER;
    char reason[CALL_REASON_MAX];

    if (call->state == CALL_ALERTING) {
        incoming_expire(call);
        return;
    }
    if (b->now >= end) {
        snprintf(reason, sizeof(reason), TEXT_EN_WORD_CALL_TOO_LONG, (long long)(b->config.max_call / DUR_S(1)));
        call_end(call, CALL_EV_LIMIT, 0, reason);
    } else if (b->now >= silent) {
        media_silence_text(call, reason);
        call_end(call, CALL_EV_LIMIT, 0, reason);
    } else {
        timerq_set(&b->timers, &call->timer, end < silent ? end : silent);
    }
}

int call_clearing_code(const struct call *call)
{
    return call->state == CALL_ESTABLISHED || call->state == CALL_ACCEPTED ? 200 : 487;
}

void call_release(struct call *call)
{
    timerq_cancel(&call->bridge->timers, &call->timer);
    pool_free(&call->bridge->calls, call->id);
}
