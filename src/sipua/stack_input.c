/* SPDX-License-Identifier: MIT */
/* A datagram comes in: guard, parser, transactions, and to whom the rest belongs. */
#include "inv.h"

static void reply_code(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                       const struct sip_flow *source, int code)
{
    sip_stack_reply_stateless(stack, now, request, source, &(struct sip_reply){.code = code});
}

/* 11.2; the empty Supported says that there is none. */
void sip_stack_on_options(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                          const struct sip_flow *source)
{
    struct sip_reply reply = {.code = 200, .allow = true, .accept = true, .extra = SPAN_LIT("Supported:\r\n")};

    if (sip_guard_trusts(stack, &source->remote)) {
        sip_stack_reply_stateless(stack, now, request, source, &reply);
    } else {
        sip_stack_reply_unknown(stack, now, request, source, &reply);
    }
}

void sip_stack_on_ack(struct sip_stack *stack, mono_us now, const struct sip_msg *ack, const struct sip_flow *source)
{
    struct sip_dialog *dialog;
    struct sip_inv *usage = sip_inv_of_request(stack, ack, &dialog);

    if (usage != NULL) {
        sip_guard_add_peer(stack, now, &source->remote);
        sip_inv_ack(usage, now, ack, source);
    } else {
        stack->stats.stray++;
    }
}

void sip_stack_on_cancel(struct sip_stack *stack, mono_us now, const struct sip_msg *cancel,
                         const struct sip_flow *source)
{
    struct pool_id tx = sip_tx_find_cancelled(stack->tx, cancel);

    if (!pool_id_is_none(tx)) {
        sip_inv_cancelled(stack, now, tx, cancel, source);
    } else if (sip_guard_request(stack, now, cancel, &source->remote)) {
        reply_code(stack, now, cancel, source, 481);
    }
}

void sip_stack_no_dialog(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                         const struct sip_flow *source)
{
    reply_code(stack, now, request, source, 481);
}

/* Outside of dialogs (8.2): answered without state, as often as it comes. */
static void request_outside_of_dialogs(struct sip_stack *stack, mono_us now, const struct sip_method_row *row,
                                       const struct sip_msg *request, const struct sip_flow *source)
{
    if (request->to.tag.len > 0) {
        reply_code(stack, now, request, source, 481);
    } else if (row->outside == NULL) {
        reply_code(stack, now, request, source, 405);
    } else {
        row->outside(stack, now, request, source);
    }
}

static void stack_on_request(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                             const struct sip_flow *source)
{
    char buf[SIP_STACK_EXTRA_MAX];
    const struct sip_method_row *row = sip_method_row(request->method);
    struct sip_dialog *dialog = NULL;
    struct sip_reply reply;

    if (row != NULL && row->first != NULL) {
        row->first(stack, now, request, source);
        return;
    }
    struct sip_inv *usage = sip_inv_of_request(stack, request, &dialog);
    if (usage != NULL) {
        sip_guard_add_peer(stack, now, &source->remote);
    } else if (!sip_guard_request(stack, now, request, &source->remote)) {
        return;
    }
    if (sip_stack_refuses(stack, row, request, &reply, buf)) {
        if (usage != NULL) {
            sip_stack_reply(stack, now, request, source, &reply);
        } else if (sip_guard_trusts(stack, &source->remote)) {
            sip_stack_reply_stateless(stack, now, request, source, &reply);
        } else {
            sip_stack_reply_unknown(stack, now, request, source, &reply);
        }
    } else if (usage != NULL) {
        sip_inv_request(usage, now, dialog, row, request, source);
    } else {
        request_outside_of_dialogs(stack, now, row, request, source);
    }
}

/* 8.1.3.3: with more than our own Via it was on its way to somebody else. */
static bool is_misrouted(const struct sip_msg *message)
{
    return !message->is_request && sip_values_count(message, SIP_HEADER_VIA) > 1;
}

/* Before its transaction hears it: a REGISTER that goes again must know our address already. */
static void response_learn(struct sip_stack *stack, mono_us now, struct pool_id tx, const struct sip_msg *response)
{
    const struct sip_flow *asked = sip_tx_flow(stack->tx, tx);

    if (asked != NULL && sip_guard_is_server(stack, &asked->remote)) {
        const struct net_addr server = asked->remote;
        sip_stack_learn_local(stack, now, response);
        sip_keepalive_seen(stack, now, &server);
    }
}

static void stack_on_message(struct sip_stack *stack, mono_us now, const struct sip_msg *message,
                             const struct sip_flow *from)
{
    if (is_misrouted(message)) {
        stack->stats.stray++;
        sip_stack_unread(stack, now, message, from, "more than one Via");
        return;
    }
    struct pool_id tx = sip_tx_match(stack->tx, message);
    if (!message->is_request) {
        response_learn(stack, now, tx, message);
    }
    if (sip_tx_input(stack->tx, now, tx, message, from) == SIP_TX_TAKEN) {
        if (!message->is_request) {
            sip_guard_add_peer(stack, now, &from->remote);
        }
        return;
    }
    if (message->is_request) {
        stack_on_request(stack, now, message, from);
    } else {
        stack->stats.stray++;
    }
}

static void stack_on_malformed(struct sip_stack *stack, mono_us now, const struct sip_msg *message,
                               const struct sip_flow *from)
{
    struct sip_reply reply = {.code = message->bad_code, .reason = span_cstr(message->bad_reason)};

    stack->stats.malformed++;
    if (sip_guard_trusts(stack, &from->remote)) {
        sip_stack_reply_stateless(stack, now, message, from, &reply);
    } else {
        sip_stack_unread(stack, now, message, from, message->bad_reason);
    }
}

void sip_stack_input(struct sip_stack *stack, mono_us now, const struct sip_flow *from, const void *data, size_t len)
{
    struct sip_msg message;

    stack->stats.datagrams_in++;
    if (!sip_guard_datagram(stack, now, &from->remote)) {
        return;
    }
    sip_stack_log(stack, "SIP in", &from->remote, span_make(data, len));
    switch (sip_msg_parse(span_make(data, len), &message)) {
    case SIP_VERDICT_OK: stack_on_message(stack, now, &message, from); break;
    case SIP_VERDICT_ANSWER: stack_on_malformed(stack, now, &message, from); break;
    case SIP_VERDICT_DROP:
        stack->stats.malformed++;
        sip_stack_unread(stack, now, &message, from, message.bad_reason);
        break;
    case SIP_VERDICT_EMPTY:
    case SIP_VERDICT_COUNT: break;
    }
}
