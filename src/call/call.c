/* SPDX-License-Identifier: MIT */
/* A call: its life table is carried out here, by what SIP tells, what its owner asks and what the clock says. */
#include "calls_priv.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void call_tell(const struct call *call, struct call_event event)
{
    struct calls *all = call->calls;

    event.call = call->id;
    event.owner = call->owner;
    all->config.hooks.event(all->config.hooks.ctx, &event);
}

/* ---- the life table's actions ---- */

static void act_start_limits(struct call *call)
{
    struct calls *all = call->calls;

    call->was_established = true;
    call->established_at = *all->now;
    media_session_signs_life(call->media, *all->now);
    call->may_be_silent = false;
    all->stats.established++;
    uint16_t far_port = media_session_negotiated(call->media)->rtp.port;
    log_write(all->log, LOG_INFO, LOG_TEXT(all->log, REMOTE_RTP_PORT), far_port);
    log_write(all->log, LOG_INFO, LOG_TEXT(all->log, CALL_ESTABLISHED));
    log_write(all->log, LOG_INFO, LOG_TEXT(all->log, MEDIA_PORTS), media_session_port(call->media), far_port);
    log_write(all->log, LOG_INFO, LOG_TEXT(all->log, RTP_RECEIVER_START));
    call_record_media(call);
    call_expire(call);
}

/* A re-INVITE is a sign of life: the wait for media begins anew. Who holds us has music for us or, most telephones, nothing at all. */
static void begin_wait(struct call *call)
{
    media_session_signs_life(call->media, *call->calls->now);
    call->may_be_silent = !media_session_negotiated(call->media)->we_send;
}

/* Only during CALL_EV_OFFER. Without an offer in the request it is ours that goes out, and the ACK brings what is in force. */
static void accept_offer(struct call *call, struct span answer)
{
    struct calls *all = call->calls;

    if (sip_inv_accept_offer(all->sip, *all->now, call->usage, answer) != ST_OK) {
        media_session_withdraw(call->media);
        log_write(all->log, LOG_DEBUG, "call %s: the offer could not be answered", call->label);
        return;
    }
    if (!media_session_awaits_answer(call->media)) {
        media_session_start(call->media, *all->now, &call->sip_peer, true);
    }
    begin_wait(call);
    timerq_set(&all->timers, &call->timer, *all->now); /* call_expire finds the next deadline */
}

static void refuse_offer(struct call *call)
{
    struct calls *all = call->calls;

    media_session_withdraw(call->media); /* it could be served, but not in this state */
    call->may_be_silent = true;
    if (sip_inv_refuse_offer(all->sip, *all->now, call->usage, 488) != ST_OK) {
        log_write(all->log, LOG_DEBUG, "call %s: the offer could not be refused", call->label);
    }
}

static void act_release(struct call *call)
{
    struct calls *all = call->calls;

    timerq_cancel(&all->timers, &call->timer);
    call->usage = POOL_ID_NONE;
    list_push_back(&all->ended, &call->ended);
    call_tell(call, (struct call_event){.kind = CALL_EVENT_FREE});
}

void call_send_ringing(struct call *call)
{
    struct calls *all = call->calls;

    if (sip_inv_progress(all->sip, *all->now, call->usage, 180, SPAN_NONE) != ST_OK) {
        log_write(all->log, LOG_DEBUG, "call %s: 180 could not be sent", call->label);
    }
}

static void act_reject(struct call *call)
{
    struct calls *all = call->calls;

    if (sip_inv_reject(all->sip, *all->now, call->usage, call->end_code, SPAN_NONE) != ST_OK) {
        sip_inv_end(all->sip, *all->now, call->usage);
    }
}

static void tell_state(const struct call *call)
{
    call_tell(call,
              (struct call_event){
                  .kind = CALL_EVENT_STATE, .state = call->state, .code = call->end_code, .text = call->end_reason});
}

static void run_actions(struct call *call, unsigned actions, struct span answer)
{
    struct calls *all = call->calls;

    if ((actions & CALL_ACT_OPEN_MEDIA) != 0) {
        media_session_start(call->media, *all->now, &call->sip_peer, true);
    }
    if ((actions & CALL_ACT_START_LIMITS) != 0) {
        act_start_limits(call);
    }
    if ((actions & CALL_ACT_ACCEPT_OFFER) != 0) {
        accept_offer(call, answer);
    }
    if ((actions & CALL_ACT_REFUSE_OFFER) != 0) {
        refuse_offer(call);
    }
    if ((actions & CALL_ACT_CLOSE_MEDIA) != 0) {
        call_close_media(call);
    }
    if ((actions & CALL_ACT_TELL_STATS) != 0) {
        call_tell_figures(call);
        call_warn_quality(call);
    }
    if ((actions & CALL_ACT_END_USAGE) != 0) {
        sip_inv_end(all->sip, *all->now, call->usage);
    }
    if ((actions & CALL_ACT_TELL_STATE) != 0) {
        tell_state(call);
    }
    if ((actions & CALL_ACT_SEND_RINGING) != 0) {
        call_send_ringing(call);
    }
    if ((actions & CALL_ACT_STOP_RINGING) != 0) {
        call_tell(call, (struct call_event){.kind = CALL_EVENT_GONE, .gone = call->gone});
    }
    if ((actions & CALL_ACT_REJECT) != 0) {
        act_reject(call);
    }
    if ((actions & CALL_ACT_LOG_END) != 0) {
        char words[LOG_WORDS_MAX];
        log_write(all->log, LOG_INFO, LOG_TEXT(all->log, CALL_ENDED), call->label, call->end_code,
                  log_words(all->log, call->end_reason, words));
    }
    if ((actions & CALL_ACT_RELEASE) != 0) {
        act_release(call);
    }
}

/* answer: of CALL_EV_OFFER. */
static void step_with(struct call *call, enum call_fsm_event event, struct span answer)
{
    const struct fsm_cell *cell = &call_fsm[call->state][event];
    const struct log *log = call->calls->log;

    if (cell->rule == FSM_DROP) {
        return;
    }
    if (cell->rule != FSM_GO) {
        assert(cell->rule == FSM_GO);
        log_write(log, LOG_ERROR, LOG_TEXT(log, CALL_TABLE_BUG), call->label, call_state_name((int)call->state),
                  call_fsm_event_name((int)event));
        return;
    }
    enum call_state from = call->state;
    call->state = (enum call_state)cell->next;
    log_write(log, LOG_DEBUG, "call %s: %s -> %s on %s", call->label, call_state_name((int)from),
              call_state_name((int)call->state), call_fsm_event_name((int)event));
    run_actions(call, cell->actions, answer);
}

void call_step(struct call *call, enum call_fsm_event event)
{
    step_with(call, event, SPAN_NONE);
}

void call_end(struct call *call, enum call_fsm_event event, int code, const char *reason)
{
    call->end_code = code;
    snprintf(call->end_reason, sizeof(call->end_reason), "%s", reason);
    call_step(call, event);
}

/* ---- dialling ---- */

static int place(struct call *call, struct span uri)
{
    struct calls *all = call->calls;
    char sdp[SDP_WRITE_MAX];
    struct outbuf out;
    int status = call_open_media(call);

    if (status != ST_OK) {
        return status;
    }
    outbuf_init(&out, sdp, sizeof(sdp));
    status = media_session_write_offer(call->media, &out);
    if (status != ST_OK) {
        return status;
    }
    return sip_inv_invite(all->sip, *all->now, uri, outbuf_view(&out), all->config.ring, call->id, &call->usage);
}

static struct dial_attempt attempt_of(struct calls *all, const struct call_party *who, const char *label)
{
    return (struct dial_attempt){
        .log = all->log, .now = *all->now, .account = &who->account, .peer = &who->peer, .label = label};
}

/* By the rules, the free lines and the rate, in this order: what cannot be dialled costs nothing of a minute's calls. */
static enum call_why admit(struct calls *all, const struct call_party *who, struct span uri, const char *label,
                           struct call **out, struct pool_id *id)
{
    struct dial_attempt attempt = attempt_of(all, who, label);

    if (!dial_pass_rules(&all->dial, &attempt, uri)) {
        return CALL_DENIED;
    }
    if (overload_is(&all->overload, *all->now)) {
        if (log_quota_take(&all->overload.refusals, all->log, LOG_WARNING, *all->now)) {
            log_write(all->log, LOG_WARNING, LOG_TEXT(all->log, CALL_REFUSED_OVERLOAD), label);
        }
        return CALL_OVERLOAD;
    }
    *out = all->stopping ? NULL : pool_new(&all->pool, id);
    if (*out == NULL) {
        log_write(all->log, LOG_INFO, LOG_TEXT(all->log, CALL_REFUSED_BUSY), label);
        return all->stopping ? CALL_STOPPING : CALL_LINES;
    }
    if (!dial_pass_rate(&all->dial, &attempt)) {
        pool_free(&all->pool, *id);
        *id = POOL_ID_NONE;
        return CALL_RATE;
    }
    return CALL_DONE;
}

bool calls_may_redirect(struct calls *all, struct pool_id owner, struct span uri)
{
    const struct call *call = pool_get(&all->pool, owner);
    char label[TEXT_SAFE_MAX + 1];

    if (call == NULL || pool_id_is_none(call->owner)) {
        return false;
    }
    struct dial_attempt attempt = attempt_of(all, &call->who, text_safe(uri, label));
    return dial_pass_rules(&all->dial, &attempt, uri) && dial_pass_rate(&all->dial, &attempt);
}

struct call_result call_dial(struct calls *all, const struct call_party *who, struct span target, struct pool_id *id)
{
    char uri[CALL_URI_MAX];
    char label[CALL_LABEL_MAX + 1];
    struct call *call = NULL;

    if (sip_target_parse(target, span_cstr(all->domain), uri, sizeof(uri), label, sizeof(label)) != ST_OK) {
        return (struct call_result){CALL_NO_TARGET, ST_BAD};
    }
    enum call_why why = admit(all, who, span_cstr(uri), label, &call, id);
    if (why != CALL_DONE) {
        return (struct call_result){why, ST_OK};
    }
    log_write(all->log, LOG_INFO, LOG_TEXT(all->log, CALL_REQUESTED), label);
    call->calls = all;
    call->id = *id;
    call->owner = who->owner;
    call->who = *who;
    const struct net_addr *server = sip_stack_server(all->sip, *all->now);
    call->sip_peer = server != NULL ? *server : (struct net_addr){0};
    memcpy(call->label, label, sizeof(label));
    int status = place(call, span_cstr(uri));
    if (status != ST_OK) {
        char words[LOG_WORDS_MAX];
        log_write(all->log, LOG_WARNING, LOG_TEXT(all->log, CALL_NOT_PLACED), label,
                  log_words(all->log, status_name(status), words));
        call_step(call, CALL_EV_NOT_PLACED);
        return (struct call_result){CALL_STATUS, status};
    }
    all->stats.started++;
    bool failed_at_once = call->end_code != 0;
    call_step(call, CALL_EV_DIALLED);
    if (failed_at_once) {
        call_step(call, CALL_EV_FAR_END);
    }
    return (struct call_result){CALL_DONE, ST_OK};
}

/* ---- events from the SIP stack ---- */

static void set_end(struct call *call, const struct sip_event *event)
{
    char safe[TEXT_SAFE_MAX + 1];

    call->end_code = event->code;
    text_safe(event->reason, safe);
    snprintf(call->end_reason, sizeof(call->end_reason), "%s", safe[0] != '\0' ? safe : sip_reason_phrase(event->code));
}

static void on_progress(struct call *call, const struct sip_event *event)
{
    const char *why = NULL;

    if (event->code <= 100) {
        return; /* the client was told "trying" when the INVITE left */
    }
    bool early = event->body.len > 0 && media_session_take_answer(call->media, event->body, &why) == ST_OK;
    call_step(call, early ? CALL_EV_EARLY : CALL_EV_RINGS);
}

static void on_answer(struct call *call, const struct sip_event *event)
{
    const char *why = TEXT_EN_WORD_NO_SDP;

    if (event->body.len > 0 && media_session_take_answer(call->media, event->body, &why) == ST_OK) {
        call_step(call, CALL_EV_ANSWERED);
        return;
    }
    call_end(call, CALL_EV_UNUSABLE, 488, why != NULL ? why : TEXT_EN_WORD_BAD_SDP);
}

/* The ACK to a re-INVITE that had no offer: what it answers to ours is in force. */
static void on_late_answer(struct call *call, const struct sip_event *event)
{
    const char *why = TEXT_EN_WORD_BAD_SDP;
    int status = media_session_take_late_answer(call->media, event->body, &why);

    if (status == ST_AGAIN) {
        return;
    }
    if (status != ST_OK) {
        call_end(call, CALL_EV_UNUSABLE, 488, why);
        return;
    }
    call_step(call, CALL_EV_REANSWERED);
    begin_wait(call);
    call_expire(call); /* the wait for media begins anew, or ends */
}

static void on_offer(struct call *call, const struct sip_event *event)
{
    const char *why = NULL;
    char text[MEDIA_ANSWER_MAX];
    struct outbuf out;

    outbuf_init(&out, text, sizeof(text));
    bool usable = media_session_answer(call->media, event->body, &out, &why) == ST_OK;
    if (!usable) {
        log_write(call->calls->log, LOG_DEBUG, "call %s: an offer is refused: %s", call->label, why);
    }
    step_with(call, usable ? CALL_EV_OFFER : CALL_EV_OFFER_BAD, outbuf_view(&out));
}

void calls_sip_event(struct calls *all, const struct sip_event *event)
{
    if (event->kind == SIP_EVENT_INCOMING) {
        incoming_arrives(all, event);
        return;
    }
    struct call *call = pool_get(&all->pool, event->owner);

    if (call == NULL || call->state == CALL_ST_ENDED ||
        (!pool_id_is_none(call->usage) && !pool_id_eq(call->usage, event->usage))) {
        return;
    }
    if (call->state == CALL_ST_IDLE) {
        set_end(call, event); /* the very first send failed: told when the dialling step is over */
        return;
    }
    if (event->source.family != 0) {
        call->sip_peer = event->source; /* another server may have taken the call over */
    }
    switch (event->kind) {
    case SIP_EVENT_PROGRESS: on_progress(call, event); break;
    case SIP_EVENT_ANSWERED: on_answer(call, event); break;
    case SIP_EVENT_OFFER: on_offer(call, event); break;
    case SIP_EVENT_ENDED:
        set_end(call, event);
        if (event->elsewhere) {
            call->gone = CALL_GONE_ANSWERED_ELSEWHERE;
        }
        call_step(call, CALL_EV_FAR_END);
        break;
    case SIP_EVENT_CONFIRMED:
        media_session_confirm(call->media);
        if (call->state == CALL_ST_ACCEPTED) {
            on_answer(call, event);
        } else if (media_session_awaits_answer(call->media)) {
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
    return call->calls->config.no_media > 0 && media_session_negotiated(call->media)->we_receive &&
           !call->may_be_silent;
}

void call_expire(struct call *call)
{
    struct calls *all = call->calls;

    if (call->state == CALL_ST_ALERTING) {
        incoming_expire(call); /* it has no media yet */
        return;
    }
    mono_us end = call->established_at + all->config.max_call;
    mono_us silent = counts_silence(call) ? media_session_heard_at(call->media) + all->config.no_media : MONO_NEVER;
    char reason[CALL_REASON_MAX];

    if (*all->now >= end) {
        snprintf(reason, sizeof(reason), TEXT_EN_WORD_CALL_TOO_LONG, (long long)(all->config.max_call / DUR_S(1)));
        call_end(call, CALL_EV_LIMIT, 0, reason);
    } else if (*all->now >= silent) {
        media_session_silence_text(call->media, all->config.no_media, reason);
        call_end(call, CALL_EV_LIMIT, 0, reason);
    } else {
        timerq_set(&all->timers, &call->timer, end < silent ? end : silent);
    }
}

int call_clearing_code(const struct call *call)
{
    return call->state == CALL_ST_ESTABLISHED || call->state == CALL_ST_ACCEPTED ? 200 : 487;
}

void call_release(struct call *call)
{
    timerq_cancel(&call->calls->timers, &call->timer);
    media_session_free(call->media);
    free(call->incoming);
    pool_free(&call->calls->pool, call->id);
}
