/* SPDX-License-Identifier: MIT */
/* The INVITE that comes in: its usage and dialog, what we answer to it, its ACK. */
#include "inv.h"

#include <stdlib.h>

/* ---- responses to the INVITE that came ---- */

int sip_inv_keep_answer(struct sip_inv *usage, struct pool_id tx, const struct sip_msg *invite,
                        const struct sip_flow *source, struct span body)
{
    struct sip_stack *stack = usage->stack;
    char contact[SIP_STACK_CONTACT_MAX];
    struct sip_reply reply = {
        .code = 200,
        .to_tag = span_cstr(usage->local_tag),
        .body = body,
        .contact = sip_stack_contact(stack, contact),
        .allow = true,
        .record_route = true,
    };
    struct outbuf out = sip_stack_writer(stack);

    sip_stack_write_reply(stack, &out, invite, source, &reply);
    int status = outbuf_status(&out);
    if (status == ST_OK) {
        status = sip_text_set(&usage->answer, outbuf_view(&out));
    }
    if (status == ST_OK) {
        usage->answer_tx = tx;
        usage->answer_cseq = invite->cseq;
    }
    return status;
}

int sip_inv_send_answer(struct sip_inv *usage, mono_us now)
{
    struct sip_stack *stack = usage->stack;

    return sip_tx_respond(stack->tx, now, usage->answer_tx, 200, span_cstr(usage->local_tag),
                          sip_text_view(&usage->answer));
}

int sip_inv_send_response(struct sip_inv *usage, mono_us now, const struct sip_inv_input *in)
{
    struct sip_stack *stack = usage->stack;
    char contact[SIP_STACK_CONTACT_MAX];
    struct sip_reply reply = {
        .code = in->send_code != 0 ? in->send_code : in->code,
        .to_tag = span_cstr(usage->local_tag),
        .extra = in->extra,
        .body = in->body,
    };

    if (!usage->taken) {
        sip_stack_reply(stack, now, stack->pending.message, stack->pending.source, &reply);
        return ST_OK;
    }
    if (reply.code < 200) {
        reply.contact = sip_stack_contact(stack, contact);
        reply.record_route = true;
    } else {
        reply.body = SPAN_NONE;
    }
    return sip_stack_reply_tx(stack, now, usage->invite_tx, usage->invite, &usage->source, &reply);
}

/* ---- a new INVITE ---- */

/* From of our requests: their To with our tag (12.1.1). */
static int incoming_set_local(struct sip_inv *usage, const struct sip_msg *request)
{
    char value[SIP_DIALOG_TEXT_MAX];
    struct outbuf out;

    outbuf_init(&out, value, sizeof(value));
    sip_put_with_tag(&out, &request->to, span_cstr(usage->local_tag));
    int status = outbuf_status(&out);
    return status == ST_OK ? sip_text_set(&usage->local, outbuf_view(&out)) : status;
}

static int invite_make_dialog(struct sip_inv *usage, mono_us now, const struct sip_stack_pending *pending)
{
    struct sip_dialog *dialog = sip_inv_add_dialog(usage, now, SIP_INV_ROOM_ANY);

    if (dialog == NULL) {
        return ST_FULL;
    }
    int status = sip_dialog_from_request(dialog, pending->message, pending->source);
    if (status != ST_OK) {
        sip_inv_drop_dialog(usage, dialog);
        return status;
    }
    sip_inv_set_dialog(usage, dialog);
    return ST_OK;
}

/* Keeps what later responses need. Only what somebody wants gets that far: a flood of INVITEs costs nothing. */
static int invite_take(struct sip_inv *usage, mono_us now)
{
    struct sip_stack *stack = usage->stack;
    const struct sip_stack_pending *pending = &stack->pending;
    struct sip_tx_owner owner = {.notice = sip_inv_notice, .ctx = stack, .ref = usage->id, .role = SIP_INV_ROLE_SERVER};

    if (usage->taken) {
        return ST_OK;
    }
    if (!pool_id_eq(pending->usage, usage->id)) {
        return ST_STATE;
    }
    free(usage->invite); /* of a try that failed */
    usage->invite = sip_msg_clone(pending->message);
    int status = usage->invite != NULL ? incoming_set_local(usage, pending->message) : ST_NO_MEMORY;
    if (status == ST_OK) {
        status = invite_make_dialog(usage, now, pending);
    }
    if (status != ST_OK) {
        return status;
    }
    status = sip_tx_accept(stack->tx, now, pending->message, pending->source, &owner, &usage->invite_tx);
    if (status != ST_OK) {
        sip_inv_drop_dialogs(usage, NULL);
        return status;
    }
    usage->source = *pending->source;
    usage->taken = true;
    return ST_OK;
}

void sip_inv_incoming(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                      const struct sip_flow *source)
{
    struct sip_inv_input in = {.message = request, .source = source, .body = sip_inv_sdp(request)};
    struct sip_inv *usage = sip_inv_new(stack, now);

    if (usage == NULL || sip_text_set(&usage->call_id, request->call_id) != ST_OK) {
        if (usage != NULL) {
            sip_inv_free(usage);
        }
        sip_stack_reply_stateless(stack, now, request, source, &(struct sip_reply){.code = 503});
        return;
    }
    struct pool_id id = usage->id;
    sip_inv_index_add(&stack->by_call_id, usage);
    usage->incoming = true;
    /* refused without a transaction it comes again as a new one and meets the same answer (8.2.7) */
    sip_stack_request_tag(stack, request, usage->local_tag);
    stack->pending = (struct sip_stack_pending){.usage = id, .message = request, .source = source};
    (void)sip_inv_step(usage, now, SIP_INV_EV_INCOMING, &in);
    usage = sip_inv_get(stack, id);
    if (usage != NULL && !usage->attached && sip_inv_takes(usage, SIP_INV_EV_END)) {
        (void)sip_inv_step(usage, now, SIP_INV_EV_END, &(struct sip_inv_input){.code = 480});
    }
    stack->pending = (struct sip_stack_pending){0};
}

void sip_inv_cancelled(struct sip_stack *stack, mono_us now, struct pool_id tx, const struct sip_msg *cancel,
                       const struct sip_flow *source)
{
    struct sip_inv *usage = sip_inv_get(stack, sip_tx_ref(stack->tx, tx));
    struct sip_inv *found = usage != NULL && usage->incoming && pool_id_eq(usage->invite_tx, tx) ? usage : NULL;

    /* The same To tag as in the INVITE's own responses (9.2), also when its usage is over and the CANCEL comes again. */
    struct span tag = found != NULL ? span_cstr(found->local_tag) : sip_tx_answer_tag(stack->tx, tx);
    struct sip_reply reply = {.code = 200, .to_tag = tag};
    sip_stack_reply(stack, now, cancel, source, &reply);
    if (found != NULL) {
        struct sip_inv_input in = {
            .message = cancel, .source = source, .code = 487, .reason = span_cstr(sip_reason_phrase(487))};
        (void)sip_inv_step(found, now, SIP_INV_EV_CANCEL, &in);
    }
}

void sip_inv_ack(struct sip_inv *usage, mono_us now, const struct sip_msg *ack, const struct sip_flow *source)
{
    if (ack->cseq != usage->answer_cseq || pool_id_is_none(usage->answer_tx)) {
        usage->stack->stats.stray++;
        return;
    }
    struct sip_inv_input in = {.message = ack, .source = source, .body = sip_inv_sdp(ack)};
    (void)sip_inv_step(usage, now, SIP_INV_EV_ACK, &in);
}

/* ---- the owner's functions ---- */

/* The incoming usage, when the event fits its state and its INVITE is or can be taken. */
static int invite_unanswered(struct sip_stack *stack, struct pool_id id, enum sip_inv_event event,
                             struct sip_inv **usage)
{
    *usage = sip_inv_get(stack, id);
    if (*usage == NULL) {
        return ST_NOT_FOUND;
    }
    return (*usage)->incoming && sip_inv_takes(*usage, event) ? ST_OK : ST_STATE;
}

int sip_inv_adopt(struct sip_stack *stack, mono_us now, struct pool_id id, struct pool_id owner)
{
    struct sip_inv *usage;
    int status = invite_unanswered(stack, id, SIP_INV_EV_ANSWER, &usage);

    if (status == ST_OK && usage->attached) {
        status = ST_STATE;
    }
    if (status == ST_OK) {
        status = invite_take(usage, now);
    }
    if (status == ST_OK) {
        usage->owner = owner;
        usage->attached = true;
    }
    return status;
}

int sip_inv_progress(struct sip_stack *stack, mono_us now, struct pool_id id, int code, struct span body)
{
    struct sip_inv *usage;

    if (code <= 100 || code > 199) {
        return ST_BAD;
    }
    int status = invite_unanswered(stack, id, SIP_INV_EV_PROGRESS, &usage);
    if (status == ST_OK) {
        status = invite_take(usage, now);
    }
    if (status != ST_OK) {
        return status;
    }
    struct sip_inv_input in = {.code = code, .body = body};
    return sip_inv_step(usage, now, SIP_INV_EV_PROGRESS, &in);
}

int sip_inv_answer(struct sip_stack *stack, mono_us now, struct pool_id id, struct span body)
{
    struct sip_inv *usage;
    int status = invite_unanswered(stack, id, SIP_INV_EV_ANSWER, &usage);

    if (status == ST_OK) {
        status = invite_take(usage, now);
    }
    if (status != ST_OK) {
        return status;
    }
    status = sip_inv_keep_answer(usage, usage->invite_tx, usage->invite, &usage->source, body);
    return status == ST_OK ? sip_inv_step(usage, now, SIP_INV_EV_ANSWER, &(struct sip_inv_input){0}) : status;
}

struct span sip_inv_offer(const struct sip_stack *stack, struct pool_id id)
{
    const struct sip_inv *usage = sip_inv_get(stack, id);

    return usage != NULL && usage->invite != NULL ? sip_inv_sdp(usage->invite) : SPAN_NONE;
}

int sip_inv_reject(struct sip_stack *stack, mono_us now, struct pool_id id, int code, struct span extra)
{
    struct sip_inv *usage;

    if (code < 300 || code > 699) {
        return ST_BAD;
    }
    int status = invite_unanswered(stack, id, SIP_INV_EV_REJECT, &usage);
    if (status != ST_OK) {
        return status;
    }
    struct sip_inv_input in = {.code = code, .extra = extra};
    return sip_inv_step(usage, now, SIP_INV_EV_REJECT, &in);
}
