/* SPDX-License-Identifier: MIT */
/* Requests inside a dialog: re-INVITE, UPDATE, BYE, and what else comes there; offers are told to the owner and
 * answered by him. */
#include "inv.h"

#include <assert.h>
#include <stdio.h>

struct sip_inv *sip_inv_of_request(const struct sip_stack *stack, const struct sip_msg *request,
                                   struct sip_dialog **dialog)
{
    struct sip_inv *usage = NULL;

    while ((usage = sip_inv_index_find(&stack->by_call_id, request->call_id, usage)) != NULL) {
        if (span_eq(span_cstr(usage->local_tag), request->to.tag)) {
            *dialog = sip_inv_find_dialog(usage, request->from.tag);
            return *dialog != NULL ? usage : NULL;
        }
    }
    return NULL;
}

static void reply_code(struct sip_inv *usage, mono_us now, const struct sip_msg *request, const struct sip_flow *source,
                       int code)
{
    sip_stack_reply(usage->stack, now, request, source, &(struct sip_reply){.code = code});
}

/* 14.2, 21.5.1: come again later. */
static void reply_later(struct sip_inv *usage, mono_us now, const struct sip_msg *request,
                        const struct sip_flow *source)
{
    char line[32];
    int len = snprintf(line, sizeof(line), "Retry-After: %u\r\n", (unsigned)rng_below(usage->stack->config.rng, 11));
    struct sip_reply reply = {.code = 500, .extra = span_make(line, (size_t)len)};

    sip_stack_reply(usage->stack, now, request, source, &reply);
}

void sip_inv_on_bye(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog, const struct sip_msg *request,
                    const struct sip_flow *source)
{
    struct sip_inv_input in = {.message = request,
                               .source = source,
                               .code = 200,
                               .send_code = 487,
                               .reason = span_cstr(sip_reason_phrase(200)),
                               .dialog = dialog};
    bool is_call = usage->dialog == NULL || usage->dialog == dialog;

    if (dialog->bye_received || (is_call && !sip_inv_takes(usage, SIP_INV_EV_BYE))) {
        reply_code(usage, now, request, source, 481);
        return;
    }
    dialog->bye_received = true;
    reply_code(usage, now, request, source, 200);
    if (is_call) {
        (void)sip_inv_step(usage, now, SIP_INV_EV_BYE, &in);
    }
}

/* An offer that the table drops, or of another dialog. */
static void refuse_offer(struct sip_inv *usage, mono_us now, const struct sip_msg *request,
                         const struct sip_flow *source)
{
    int code = sip_inv_offer_refusal[usage->state];

    if (code == 500) {
        reply_later(usage, now, request, source);
    } else {
        reply_code(usage, now, request, source, code);
    }
}

/* Early dialogs too. */
static bool is_alive(const struct sip_inv *usage, const struct sip_dialog *dialog)
{
    return usage->state < SIP_INV_ST_LEAVING && !dialog->bye_sent && !dialog->bye_received;
}

/* UPDATE without an offer only refreshes target and session: it may come at any time (RFC 3311 5.2 refuses offers). */
static void refresh(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog, const struct sip_msg *request,
                    const struct sip_flow *source)
{
    char contact[SIP_STACK_CONTACT_MAX];
    struct sip_reply reply = {.code = 200, .contact = sip_stack_contact(usage->stack, contact), .allow = true};

    if (sip_dialog_refresh(dialog, request, source) != ST_OK) {
        reply = (struct sip_reply){.code = 500};
    }
    sip_inv_dialog_changed(dialog);
    sip_stack_reply(usage->stack, now, request, source, &reply);
}

void sip_inv_on_offer(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog, const struct sip_msg *request,
                      const struct sip_flow *source)
{
    struct sip_stack *stack = usage->stack;
    struct sip_inv_input in = {.message = request, .source = source, .body = sip_inv_sdp(request)};
    struct sip_tx_owner owner = {.notice = sip_inv_notice, .ctx = stack, .ref = usage->id, .role = SIP_INV_ROLE_SERVER};
    struct pool_id id = usage->id;
    struct pool_id tx;

    if (request->method == SIP_METHOD_UPDATE && in.body.len == 0 && is_alive(usage, dialog)) {
        refresh(usage, now, dialog, request, source);
        return;
    }
    if (dialog != usage->dialog || !sip_inv_takes(usage, SIP_INV_EV_OFFER)) {
        refuse_offer(usage, now, request, source);
        return;
    }
    if (sip_tx_accept(stack->tx, now, request, source, &owner, &tx) != ST_OK) {
        reply_later(usage, now, request, source);
        return;
    }
    stack->pending = (struct sip_stack_pending){.usage = id, .tx = tx, .message = request, .source = source};
    (void)sip_inv_step(usage, now, SIP_INV_EV_OFFER, &in);
    if (!stack->pending.answered) {
        /* 487 when the hook ended the call (15.1.2). */
        usage = sip_inv_get(stack, id);
        bool goes_on = usage != NULL && sip_inv_takes(usage, SIP_INV_EV_OFFER);
        (void)sip_stack_reply_tx(stack, now, tx, request, source, &(struct sip_reply){.code = goes_on ? 488 : 487});
    }
    stack->pending = (struct sip_stack_pending){0};
}

void sip_inv_on_options(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog, const struct sip_msg *request,
                        const struct sip_flow *source)
{
    struct sip_reply reply = {.code = 200, .allow = true, .accept = true};

    (void)dialog;
    sip_stack_reply(usage->stack, now, request, source, &reply);
}

void sip_inv_request(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog, const struct sip_method_row *row,
                     const struct sip_msg *request, const struct sip_flow *source)
{
    assert(row->inside != NULL);
    if (sip_dialog_cseq_in(dialog, request->cseq)) {
        row->inside(usage, now, dialog, request, source);
    } else {
        reply_code(usage, now, request, source, 500);
    }
}

/* ---- the owner's functions ---- */

static struct sip_inv *offered(struct sip_stack *stack, struct pool_id id)
{
    const struct sip_stack_pending *pending = &stack->pending;

    if (pool_id_is_none(pending->tx) || pending->answered || !pool_id_eq(pending->usage, id)) {
        return NULL;
    }
    return sip_inv_get(stack, id);
}

int sip_inv_accept_offer(struct sip_stack *stack, mono_us now, struct pool_id id, struct span body)
{
    struct sip_inv *usage = offered(stack, id);
    struct sip_stack_pending *pending = &stack->pending;

    if (usage == NULL || !sip_inv_takes(usage, SIP_INV_EV_ACCEPT)) {
        return ST_STATE;
    }
    int status = sip_dialog_refresh(usage->dialog, pending->message, pending->source);
    sip_inv_dialog_changed(usage->dialog);
    if (status != ST_OK) {
        return status;
    }
    if (pending->message->method == SIP_METHOD_INVITE) {
        status = sip_inv_keep_answer(usage, pending->tx, pending->message, pending->source, body);
        if (status == ST_OK) {
            pending->answered = true;
            status = sip_inv_step(usage, now, SIP_INV_EV_ACCEPT, &(struct sip_inv_input){0});
        }
        return status;
    }
    char contact[SIP_STACK_CONTACT_MAX];
    struct sip_reply reply = {.code = 200, .body = body, .contact = sip_stack_contact(stack, contact), .allow = true};
    pending->answered = true;
    return sip_stack_reply_tx(stack, now, pending->tx, pending->message, pending->source, &reply);
}

int sip_inv_refuse_offer(struct sip_stack *stack, mono_us now, struct pool_id id, int code)
{
    struct sip_stack_pending *pending = &stack->pending;

    if (code < 300 || code > 699) {
        return ST_BAD;
    }
    if (offered(stack, id) == NULL) {
        return ST_STATE;
    }
    pending->answered = true;
    return sip_stack_reply_tx(stack, now, pending->tx, pending->message, pending->source,
                              &(struct sip_reply){.code = code});
}
