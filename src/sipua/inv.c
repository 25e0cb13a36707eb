/* SPDX-License-Identifier: MIT */
#include "inv.h"

#include <assert.h>
#include <stdlib.h>

static const uint32_t arm_actions = SIP_INV_ACT_ARM_RING | SIP_INV_ACT_ARM_RETRY | SIP_INV_ACT_ARM_RETRY_TWICE |
                                    SIP_INV_ACT_ARM_GIVE_UP | SIP_INV_ACT_ARM_SILENCE;
static const uint32_t invite_actions = SIP_INV_ACT_SEND_INVITE | SIP_INV_ACT_SEND_CANCEL;
static const uint32_t response_actions =
    SIP_INV_ACT_SEND_1XX | SIP_INV_ACT_SEND_2XX | SIP_INV_ACT_SEND_2XX_AGAIN | SIP_INV_ACT_SEND_REJECT;

struct sip_inv *sip_inv_get(const struct sip_stack *stack, struct pool_id id)
{
    struct sip_inv *usage = pool_get(&stack->usages, id);

    return usage != NULL && usage->state != SIP_INV_ST_TERMINATED ? usage : NULL;
}

/* ---- what is logged ---- */

static void log_trace(const struct sip_inv *usage, const struct sip_inv_input *in)
{
    const struct log *log = usage->stack->config.log;
    char id[TEXT_SAFE_MAX + 1];
    char line[SIP_INV_TRACE_LINE_MAX];

    (void)text_safe(sip_text_view(&usage->call_id), id);
    log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_BAD_END), id, in->code);
    for (uint32_t i = sip_inv_trace_first(&usage->trace); i < usage->trace.count; i++) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_STEP), id, sip_inv_trace_text(&usage->trace, i, line));
    }
}

static void log_change(struct sip_inv *usage, mono_us now, enum sip_inv_state from, enum sip_inv_event event)
{
    sip_inv_trace_usage(&usage->trace, now - usage->born, from, usage->state, event);
    log_write(usage->stack->config.log, LOG_DEBUG, "%.*s: usage %s > %s on %s",
              SPAN_ARG(sip_text_view(&usage->call_id)), sip_inv_state_name((int)from),
              sip_inv_state_name((int)usage->state), sip_inv_event_name((int)event));
}

/* ---- timers ---- */

static void inv_arm(struct sip_inv *usage, mono_us now, enum sip_inv_timer timer, dur_us after)
{
    timerq_set(&usage->stack->timers, &usage->timers[timer], now + after);
}

static void cancel_timers(struct sip_inv *usage, uint32_t but)
{
    for (uint32_t t = 0; t < SIP_INV_TMR_COUNT; t++) {
        if ((but >> t & 1) == 0) {
            timerq_cancel(&usage->stack->timers, &usage->timers[t]);
        }
    }
}

static void act_arm(struct sip_inv *usage, mono_us now, uint32_t actions)
{
    if ((actions & SIP_INV_ACT_ARM_RING) != 0 && usage->ring_us > 0) {
        inv_arm(usage, now, SIP_INV_TMR_RING, usage->ring_us);
    }
    if ((actions & SIP_INV_ACT_ARM_RETRY) != 0) {
        usage->retry_us = SIP_T1;
        inv_arm(usage, now, SIP_INV_TMR_RETRY, usage->retry_us);
    }
    if ((actions & SIP_INV_ACT_ARM_RETRY_TWICE) != 0) {
        usage->retry_us = 2 * usage->retry_us < SIP_T2 ? 2 * usage->retry_us : SIP_T2;
        inv_arm(usage, now, SIP_INV_TMR_RETRY, usage->retry_us);
    }
    if ((actions & SIP_INV_ACT_ARM_GIVE_UP) != 0) {
        inv_arm(usage, now, SIP_INV_TMR_GIVE_UP, 64 * SIP_T1);
    }
    if ((actions & SIP_INV_ACT_ARM_SILENCE) != 0) {
        timerq_cancel(&usage->stack->timers, &usage->timers[SIP_INV_TMR_SILENCE]);
        if (sip_inv_may_fail_over(usage, now)) {
            inv_arm(usage, now, SIP_INV_TMR_SILENCE, SIP_INV_PATIENCE);
        }
    }
}

void sip_inv_timer_due(struct timerq_entry *entry, mono_us now)
{
    static const enum sip_inv_event events[SIP_INV_TMR_COUNT] = {
        [SIP_INV_TMR_RING] = SIP_INV_EV_RING,
        [SIP_INV_TMR_RETRY] = SIP_INV_EV_RETRY,
        [SIP_INV_TMR_GIVE_UP] = SIP_INV_EV_GIVE_UP,
        [SIP_INV_TMR_SILENCE] = SIP_INV_EV_SILENCE,
    };

    struct sip_inv *usage = LIST_OWNER(entry - entry->tag, struct sip_inv, timers);

    if (entry->tag == SIP_INV_TMR_SILENCE) {
        sip_inv_silence(usage, now);
        return;
    }
    char why[SIP_INV_WHY_MAX];
    struct sip_inv_input in = {.code = 408, .reason = sip_inv_why(usage, 408, why)};
    (void)sip_inv_step(usage, now, events[entry->tag], &in);
}

/* ---- carrying out ---- */

static void act_dialogs(struct sip_inv *usage, mono_us now, uint32_t actions, const struct sip_inv_input *in)
{
    if ((actions & SIP_INV_ACT_EARLY) != 0 && in->message->to.tag.len > 0 && in->message->status > 100) {
        struct sip_dialog *dialog = sip_inv_find_dialog(usage, in->message->to.tag);
        dialog = dialog != NULL ? dialog : sip_inv_form_dialog(usage, now, in->message, in->source);
        if (dialog != NULL) {
            sip_inv_keep_early(dialog, in->body);
        }
    }
    if ((actions & SIP_INV_ACT_CONFIRM) != 0) {
        sip_inv_set_dialog(usage, in->dialog);
        sip_inv_drop_dialogs(usage, in->dialog);
    }
}

/* A CANCEL that cannot be made leaves a transaction that nothing ends. */
static void cancel_or_drop(struct sip_inv *usage, mono_us now)
{
    if (sip_inv_send_cancel(usage, now) != ST_OK) {
        sip_tx_kill(usage->stack->tx, now, usage->invite_tx);
        usage->invite_tx = POOL_ID_NONE;
        (void)sip_inv_step(usage, now, SIP_INV_EV_TIMEOUT, &(struct sip_inv_input){0});
    }
}

static void bye_or_drop(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog)
{
    if (dialog == NULL || sip_inv_send_bye(usage, now, dialog) == ST_OK) {
        return;
    }
    if (dialog != usage->dialog) {
        sip_inv_drop_dialog(usage, dialog);
    } else if (usage->state == SIP_INV_ST_LEAVING) {
        (void)sip_inv_step(usage, now, SIP_INV_EV_BYE_DONE, &(struct sip_inv_input){0});
    }
}

static int act_response(struct sip_inv *usage, mono_us now, uint32_t actions, const struct sip_inv_input *in)
{
    if ((actions & (SIP_INV_ACT_SEND_2XX | SIP_INV_ACT_SEND_2XX_AGAIN)) != 0) {
        return sip_inv_send_answer(usage, now);
    }
    return sip_inv_send_response(usage, now, in);
}

static int act_send(struct sip_inv *usage, mono_us now, uint32_t actions, const struct sip_inv_input *in)
{
    struct sip_dialog *dialog = in->dialog != NULL ? in->dialog : usage->dialog;

    if ((actions & SIP_INV_ACT_ABANDON_BRANCH) != 0) {
        sip_inv_abandon_branch(usage, now);
    }
    if ((actions & SIP_INV_ACT_SEND_INVITE) != 0) {
        return sip_inv_send_invite(usage, now);
    }
    if ((actions & SIP_INV_ACT_SEND_CANCEL) != 0) {
        cancel_or_drop(usage, now);
        return ST_OK;
    }
    if ((actions & response_actions) != 0) {
        return act_response(usage, now, actions, in);
    }
    if ((actions & SIP_INV_ACT_SEND_ACK) != 0 && dialog != NULL) {
        sip_inv_send_ack(usage, dialog);
    }
    if ((actions & SIP_INV_ACT_SEND_ACK_AGAIN) != 0 && dialog != NULL) {
        sip_inv_send_ack_again(usage, dialog);
    }
    if ((actions & SIP_INV_ACT_SEND_BYE) != 0) {
        bye_or_drop(usage, now, dialog);
    }
    return ST_OK;
}

static bool told_kind(uint32_t actions, const struct sip_inv_input *in, enum sip_event_kind *kind)
{
    static const struct {
        uint32_t action;
        enum sip_event_kind kind;
    } kinds[] = {
        {SIP_INV_ACT_TELL_INCOMING, SIP_EVENT_INCOMING},     {SIP_INV_ACT_TELL_PROGRESS, SIP_EVENT_PROGRESS},
        {SIP_INV_ACT_TELL_ANSWERED, SIP_EVENT_ANSWERED},     {SIP_INV_ACT_TELL_CONFIRMED, SIP_EVENT_CONFIRMED},
        {SIP_INV_ACT_TELL_LATE_ANSWER, SIP_EVENT_CONFIRMED}, {SIP_INV_ACT_TELL_OFFER, SIP_EVENT_OFFER},
        {SIP_INV_ACT_TELL_ENDED, SIP_EVENT_ENDED},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if ((actions & kinds[i].action) != 0) {
            *kind = kinds[i].kind;
            return kinds[i].action != SIP_INV_ACT_TELL_LATE_ANSWER || in->body.len > 0;
        }
    }
    return false;
}

/* RFC 3326: another telephone of the same group took it. Q.850 26 is "non-selected user clearing". */
static bool is_elsewhere(const struct sip_msg *message)
{
    return message != NULL && message->is_request &&
           (sip_reason_has(message, SPAN_LIT("SIP"), 200) || sip_reason_has(message, SPAN_LIT("Q.850"), 26));
}

static struct sip_event inv_event_of(const struct sip_inv *usage, mono_us now, enum sip_event_kind kind,
                                     const struct sip_inv_input *in)
{
    struct sip_event event = {
        .kind = kind,
        .now = now,
        .usage = usage->id,
        .owner = usage->owner,
        .code = in->code,
        .reason = in->reason,
        .body = in->body,
        .call_id = sip_text_view(&usage->call_id),
        .auth_failed = in->auth_failed,
    };

    if (in->source != NULL) {
        event.source = in->source->remote;
    }
    if (kind == SIP_EVENT_INCOMING) {
        event.request_user = in->message->uri.user;
        event.caller_user = in->message->from.uri.user;
        event.has_credentials = in->message->has_authorization;
        event.expires_s = in->message->expires > 0 ? (uint32_t)in->message->expires : 0; /* 20.19 */
    }
    event.elsewhere = kind == SIP_EVENT_ENDED && is_elsewhere(in->message);
    return event;
}

static void act_tell(struct sip_inv *usage, mono_us now, uint32_t actions, const struct sip_inv_input *in)
{
    struct sip_stack *stack = usage->stack;
    bool heard = usage->attached || (actions & SIP_INV_ACT_TELL_INCOMING) != 0;
    enum sip_event_kind kind;

    if ((actions & SIP_INV_ACT_BAD_END) != 0 && usage->attached) {
        log_trace(usage, in);
    }
    if (heard && told_kind(actions, in, &kind)) {
        struct sip_event event = inv_event_of(usage, now, kind, in);
        usage->attached = usage->attached && kind != SIP_EVENT_ENDED;
        stack->in_callback = usage->id;
        stack->hooks.event(stack->hooks.ctx, &event);
        stack->in_callback = POOL_ID_NONE;
        return;
    }
    if ((actions & SIP_INV_ACT_ENDINGS) != 0) {
        usage->attached = false;
    }
}

/* The INVITE has its answer: what is needed to send it again, or to answer it, is not kept while the call is up. */
static void inv_forget_invite(struct sip_inv *usage)
{
    sip_text_clear(&usage->offer);
    sip_text_clear(&usage->answer);
    sip_inv_targets_free(usage->targets);
    usage->targets = NULL;
    free(usage->invite);
    usage->invite = NULL;
}

/* What a state that is over for the owner no longer needs. */
static void enter_lingering(struct sip_inv *usage)
{
    if (usage->incoming) {
        sip_tx_disown(usage->stack->tx, usage->invite_tx);
        usage->invite_tx = POOL_ID_NONE;
    }
}

static void set_busy(struct sip_inv *usage, bool busy)
{
    if (busy && !usage->busy) {
        usage->stack->busy++;
    } else if (!busy && usage->busy) {
        usage->stack->busy--;
    }
    usage->busy = busy;
}

void sip_inv_changed(struct sip_inv *usage)
{
    bool yields = usage->state == SIP_INV_ST_LINGERING && usage->requests == 0;

    set_busy(usage, usage->state < SIP_INV_ST_LINGERING || usage->requests > 0);
    if (yields && list_is_empty(&usage->node)) {
        list_push_back(&usage->stack->lingering, &usage->node);
    } else if (!yields && usage->state != SIP_INV_ST_TERMINATED) {
        list_remove(&usage->node);
    }
}

/* Whether an ICMP error may send its INVITE on to another server. */
static void sent_changed(struct sip_inv *usage)
{
    if (usage->state == SIP_INV_ST_CALLING) {
        sip_sent_put(&usage->stack->sent, &usage->sent, sip_inv_server(usage));
    } else {
        sip_sent_remove(&usage->sent);
    }
}

static void inv_enter(struct sip_inv *usage, mono_us now, enum sip_inv_state next, enum sip_inv_event event)
{
    enum sip_inv_state from = usage->state;

    usage->state = next;
    sip_inv_changed(usage);
    sent_changed(usage);
    if (next != from) {
        log_change(usage, now, from, event);
        cancel_timers(usage, sip_inv_hold[next]);
    }
}

void sip_inv_check_drained(struct sip_inv *usage, mono_us now)
{
    if (usage->state == SIP_INV_ST_LINGERING && pool_id_is_none(usage->invite_tx) && usage->requests == 0 &&
        !sip_inv_has_branches(usage)) {
        (void)sip_inv_step(usage, now, SIP_INV_EV_DRAINED, &(struct sip_inv_input){0});
    }
}

bool sip_inv_takes(const struct sip_inv *usage, enum sip_inv_event event)
{
    return sip_inv_table[usage->state][event].rule == FSM_GO;
}

/* It goes at the end of the turn: nobody finds it any more. */
static void inv_retire(struct sip_inv *usage)
{
    for (struct list_node *n = usage->dialogs.next; n != &usage->dialogs; n = n->next) {
        sip_inv_dialog_changed(LIST_OWNER(n, struct sip_dialog, node));
    }
    list_remove(&usage->node);
    list_push_back(&usage->stack->dead, &usage->node);
}

int sip_inv_step(struct sip_inv *usage, mono_us now, enum sip_inv_event event, const struct sip_inv_input *in)
{
    const struct fsm_cell *cell = &sip_inv_table[usage->state][event];
    enum sip_inv_state from = usage->state;

    if (cell->rule != FSM_GO) {
        assert(cell->rule == FSM_DROP);
        if (cell->rule != FSM_DROP) {
            log_write(usage->stack->config.log, LOG_ERROR, LOG_TEXT(usage->stack->config.log, SIP_CANNOT),
                      sip_inv_state_name((int)from), sip_inv_event_name((int)event));
        }
        usage->stack->stats.dropped_cells++;
        return ST_STATE;
    }
    inv_enter(usage, now, (enum sip_inv_state)cell->next, event);
    if ((cell->actions & arm_actions) != 0) {
        act_arm(usage, now, cell->actions);
    }
    act_dialogs(usage, now, cell->actions, in);
    int status = act_send(usage, now, cell->actions, in);
    if ((cell->next == SIP_INV_ST_CONFIRMED || cell->next == SIP_INV_ST_LINGERING) && cell->next != from) {
        inv_forget_invite(usage);
    }
    if (cell->next == SIP_INV_ST_LINGERING && from != SIP_INV_ST_LINGERING) {
        enter_lingering(usage);
        sip_inv_check_drained(usage, now);
    }
    if ((cell->actions & SIP_INV_ACT_RELEASE) != 0) {
        inv_retire(usage);
        return ST_OK;
    }
    if ((cell->actions & invite_actions) == 0 || status == ST_OK) {
        act_tell(usage, now, cell->actions, in);
    }
    return status;
}

/* ---- making and releasing ---- */

/* What only waits for late packets gives way to a new call: the oldest first. The one whose event is being heard stays, so that two at
 * most are looked at. */
static bool inv_make_room(struct sip_stack *stack)
{
    struct list_node *heads[] = {&stack->dead, &stack->lingering};

    for (size_t i = 0; i < 2; i++) {
        for (struct list_node *n = heads[i]->next; n != heads[i]; n = n->next) {
            struct sip_inv *usage = LIST_OWNER(n, struct sip_inv, node);
            if (!pool_id_eq(usage->id, stack->in_callback)) {
                sip_inv_free(usage);
                return true;
            }
        }
    }
    return false;
}

struct sip_inv *sip_inv_new(struct sip_stack *stack, mono_us now)
{
    struct pool_id id;
    struct sip_inv *usage = pool_new(&stack->usages, &id);

    if (usage == NULL && inv_make_room(stack)) {
        usage = pool_new(&stack->usages, &id);
    }
    if (usage == NULL) {
        return NULL;
    }
    usage->id = id;
    usage->stack = stack;
    usage->state = SIP_INV_ST_INIT;
    usage->born = now;
    list_init(&usage->node);
    sip_sent_init(&usage->sent, SIP_SENT_INVITE);
    list_init(&usage->dialogs);
    for (uint32_t t = 0; t < SIP_INV_TMR_COUNT; t++) {
        usage->timers[t].tag = t;
    }
    rng_token(stack->config.rng, usage->local_tag, SIP_INV_TAG_LEN);
    sip_inv_changed(usage);
    return usage;
}

void sip_inv_free(struct sip_inv *usage)
{
    struct sip_stack *stack = usage->stack;

    cancel_timers(usage, 0);
    sip_tx_disown(stack->tx, usage->invite_tx);
    sip_inv_servers_fini(usage);
    for (struct list_node *n; (n = list_first(&usage->dialogs)) != NULL;) {
        sip_inv_drop_dialog(usage, LIST_OWNER(n, struct sip_dialog, node));
    }
    sip_text_clear(&usage->call_id);
    sip_text_clear(&usage->local);
    sip_text_clear(&usage->uri);
    sip_text_clear(&usage->credentials);
    inv_forget_invite(usage);
    if (usage->auth != NULL) {
        sip_auth_fini(usage->auth);
        free(usage->auth);
    }
    set_busy(usage, false);
    list_remove(&usage->node);
    sip_sent_remove(&usage->sent);
    sip_inv_index_remove(usage);
    pool_free(&stack->usages, usage->id);
}

struct sip_auth *sip_inv_auth(struct sip_inv *usage)
{
    if (usage->auth == NULL) {
        usage->auth = calloc(1, sizeof(*usage->auth));
    }
    return usage->auth;
}

void sip_inv_auth_restart(struct sip_inv *usage)
{
    if (usage->auth != NULL) {
        sip_auth_restart(usage->auth);
    }
}

/* ---- the owner's functions for both ways ---- */

void sip_inv_end(struct sip_stack *stack, mono_us now, struct pool_id id)
{
    struct sip_inv *usage = sip_inv_get(stack, id);

    if (usage == NULL || !usage->attached) {
        return;
    }
    (void)sip_inv_step(usage, now, SIP_INV_EV_END, &(struct sip_inv_input){.code = 480});
}

struct span sip_inv_call_id(const struct sip_stack *stack, struct pool_id id)
{
    const struct sip_inv *usage = sip_inv_get(stack, id);

    return usage != NULL ? sip_text_view(&usage->call_id) : SPAN_NONE;
}
