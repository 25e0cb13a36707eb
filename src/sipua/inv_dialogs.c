/* SPDX-License-Identifier: MIT */
/* The dialogs of a usage, one for each telephone that a forking proxy rings: found by tag, made, given up when there
 * are too many, and the ACK and BYE that each needs. */
#include "inv.h"

#include <assert.h>

#include "request_priv.h"

/* So many repetitions of a 2xx say that ACKs do not arrive where the Contact says; fewer are loss. */
#define ACK_REPEATS_MAX 2

struct sip_dialog *sip_inv_find_dialog(const struct sip_inv *usage, struct span tag)
{
    for (struct list_node *n = usage->dialogs.next; n != &usage->dialogs; n = n->next) {
        struct sip_dialog *dialog = LIST_OWNER(n, struct sip_dialog, node);
        if (span_eq(sip_text_view(&dialog->tag), tag)) {
            return dialog;
        }
    }
    return NULL;
}

/* ---- room ---- */

static enum sip_dialog_need need_of(const struct sip_dialog *dialog)
{
    if (dialog == dialog->usage->dialog || dialog->usage->state == SIP_INV_ST_TERMINATED) {
        return SIP_DIALOG_NEED_COUNT;
    }
    if (dialog->bye_sent) {
        return sip_request_is_busy(&dialog->bye.request) ? SIP_DIALOG_ENDING : SIP_DIALOG_ENDED;
    }
    return dialog->early.len > 0 ? SIP_DIALOG_EARLY : SIP_DIALOG_SILENT;
}

/* Where its BYE or ACK went, if the source of its messages is another way; NULL: none is left. */
static const struct net_addr *sent_to(const struct sip_dialog *dialog)
{
    const struct net_addr *to = NULL;

    if (sip_request_is_busy(&dialog->bye.request)) {
        to = &dialog->bye.request.to.remote;
    } else if (!dialog->bye_sent && dialog->ack.len > 0) {
        to = &dialog->ack_to.remote;
    }
    return to != NULL && !dialog->target_unreachable && !addr_equal(to, &dialog->source.remote) ? to : NULL;
}

void sip_inv_dialog_changed(struct sip_dialog *dialog)
{
    struct sip_stack *stack = dialog->usage->stack;
    enum sip_dialog_need need = need_of(dialog);
    const struct net_addr *to = dialog->usage->state != SIP_INV_ST_TERMINATED ? sent_to(dialog) : NULL;

    if (need != dialog->need) {
        dialog->need = need;
        list_remove(&dialog->spare);
        if (need != SIP_DIALOG_NEED_COUNT) {
            list_push_back(&stack->spare[need], &dialog->spare);
        }
    }
    if (to != NULL) {
        sip_sent_put(&stack->sent, &dialog->sent, to);
    } else {
        sip_sent_remove(&dialog->sent);
    }
}

void sip_inv_set_dialog(struct sip_inv *usage, struct sip_dialog *dialog)
{
    struct sip_dialog *before = usage->dialog;

    usage->dialog = dialog;
    if (before != NULL) {
        sip_inv_dialog_changed(before);
    }
    sip_inv_dialog_changed(dialog);
}

static struct sip_dialog *dialog_find_need(const struct sip_inv *usage, enum sip_dialog_need need)
{
    for (struct list_node *n = usage->dialogs.next; n != &usage->dialogs; n = n->next) {
        struct sip_dialog *dialog = LIST_OWNER(n, struct sip_dialog, node);
        if (dialog->need == need) {
            return dialog;
        }
    }
    return NULL;
}

static void dialog_give_up(struct sip_dialog *dialog, mono_us now)
{
    struct sip_inv *usage = dialog->usage;

    sip_inv_drop_dialog(usage, dialog); /* a BYE that is out goes on by itself */
    sip_inv_check_drained(usage, now);
}

static bool dialogs_has_room(const struct sip_inv *usage)
{
    const struct pool *pool = &usage->stack->dialogs;

    return usage->dialog_count < SIP_INV_DIALOGS_MAX && pool->used < pool->cap;
}

/* Of the other usages only when the pool is what is full: it holds several for each of them. */
static void dialogs_make_room(struct sip_inv *usage, mono_us now, enum sip_inv_room room)
{
    struct sip_stack *stack = usage->stack;
    bool others = room == SIP_INV_ROOM_ANY && usage->dialog_count < SIP_INV_DIALOGS_MAX;
    int needs = room == SIP_INV_ROOM_ANY ? SIP_DIALOG_NEED_COUNT : (int)room;

    for (int need = 0; need < needs && !dialogs_has_room(usage); need++) {
        struct sip_dialog *dialog = dialog_find_need(usage, (enum sip_dialog_need)need);
        struct list_node *spare = others && dialog == NULL ? list_first(&stack->spare[need]) : NULL;
        if (spare != NULL) {
            dialog = LIST_OWNER(spare, struct sip_dialog, spare);
        }
        if (dialog != NULL) {
            dialog_give_up(dialog, now);
        }
    }
}

struct sip_dialog *sip_inv_add_dialog(struct sip_inv *usage, mono_us now, enum sip_inv_room room)
{
    struct pool_id id;

    dialogs_make_room(usage, now, room);
    struct sip_dialog *dialog = dialogs_has_room(usage) ? pool_new(&usage->stack->dialogs, &id) : NULL;
    if (dialog == NULL) {
        return NULL;
    }
    dialog->id = id;
    dialog->usage = usage;
    dialog->need = SIP_DIALOG_NEED_COUNT;
    list_init(&dialog->spare);
    sip_sent_init(&dialog->sent, SIP_SENT_IN_DIALOG);
    list_push_back(&usage->dialogs, &dialog->node);
    usage->dialog_count++;
    sip_inv_dialog_changed(dialog);
    return dialog;
}

void sip_inv_drop_dialog(struct sip_inv *usage, struct sip_dialog *dialog)
{
    if (usage->dialog == dialog) {
        usage->dialog = NULL;
    }
    sip_request_let_go(&dialog->bye.request);
    sip_text_clear(&dialog->early);
    list_remove(&dialog->node);
    list_remove(&dialog->spare);
    sip_sent_remove(&dialog->sent);
    usage->dialog_count--;
    sip_dialog_fini(dialog);
    pool_free(&usage->stack->dialogs, dialog->id);
}

void sip_inv_drop_dialogs(struct sip_inv *usage, const struct sip_dialog *keep)
{
    struct list_node *next;

    for (struct list_node *n = usage->dialogs.next; n != &usage->dialogs; n = next) {
        struct sip_dialog *dialog = LIST_OWNER(n, struct sip_dialog, node);
        next = n->next;
        if (dialog != keep && !dialog->bye_sent) {
            sip_inv_drop_dialog(usage, dialog);
        }
    }
}

void sip_inv_keep_early(struct sip_dialog *dialog, struct span sdp)
{
    if (sdp.len > 0 && sdp.len <= SIP_STACK_BODY_MAX && sip_text_set(&dialog->early, sdp) != ST_OK) {
        sip_text_clear(&dialog->early); /* none is better than an old one */
    }
    sip_inv_dialog_changed(dialog);
}

struct span sip_inv_early_answer(struct sip_inv *usage, struct sip_dialog *dialog)
{
    struct sip_dialog *only = NULL;
    size_t count = 0;

    for (struct list_node *n = usage->dialogs.next; n != &usage->dialogs; n = n->next) {
        struct sip_dialog *other = LIST_OWNER(n, struct sip_dialog, node);
        if (other->early.len > 0) {
            only = other;
            count++;
        }
    }
    if (dialog->early.len == 0 && count == 1) {
        dialog->early = only->early;
        only->early = (struct sip_text){0};
        sip_inv_dialog_changed(only);
        sip_inv_dialog_changed(dialog);
    }
    return sip_text_view(&dialog->early);
}

static enum sip_inv_room room_for(const struct sip_msg *response)
{
    if (response->status >= 200) {
        return SIP_INV_ROOM_ANY;
    }
    return sip_inv_sdp(response).len > 0 ? SIP_INV_ROOM_SILENT : SIP_INV_ROOM_FREE;
}

struct sip_dialog *sip_inv_form_dialog(struct sip_inv *usage, mono_us now, const struct sip_msg *response,
                                       const struct sip_flow *source)
{
    struct sip_dialog *known = sip_inv_find_dialog(usage, response->to.tag);
    struct sip_dialog *dialog = known != NULL ? known : sip_inv_add_dialog(usage, now, room_for(response));

    if (dialog == NULL) {
        return NULL;
    }
    int status = sip_dialog_from_response(dialog, response, source, response->cseq, sip_text_view(&usage->uri));
    if (status != ST_OK && known == NULL) {
        sip_inv_drop_dialog(usage, dialog);
    }
    if (status != ST_OK) {
        return NULL;
    }
    dialog->invite_cseq = response->cseq;
    sip_inv_dialog_changed(dialog);
    return dialog;
}

/* ---- ACK: of no transaction, and never answered ---- */

/* The credentials of the INVITE (22.1) go along where they may be seen. instead: where it is sent to rather than where the dialog
 * says; NULL: there. */
static int write_ack(struct sip_inv *usage, const struct sip_dialog *dialog, const struct sip_flow *instead,
                     struct outbuf *out, struct sip_flow *to)
{
    const struct sip_request_parts parts = {0};
    char branch[SIP_BRANCH_LEN + 1];
    char text[2 * SIP_DIALOG_TEXT_MAX];
    struct outbuf composed;
    struct sip_request_head head;

    outbuf_init(&composed, text, sizeof(text));
    sip_request_aim_inside(usage, dialog, &head, &composed);
    if (outbuf_status(&composed) != ST_OK) {
        return ST_TOO_LARGE;
    }
    if (instead != NULL) {
        head.hop = *instead;
    }
    bool may_see = sip_request_is_with_server(usage, dialog, &head);
    struct sip_request_form form =
        sip_request_form_of(usage->stack, SIP_METHOD_ACK, &head, dialog->invite_cseq, &parts,
                            may_see ? sip_text_view(&usage->credentials) : SPAN_NONE, branch);
    sip_write_request(out, &form);
    *to = head.hop;
    return outbuf_status(out);
}

static void send_kept_ack(struct sip_inv *usage, struct sip_dialog *dialog, struct span ack)
{
    if (sip_stack_send(usage->stack, &dialog->ack_to, ack) == ST_IO &&
        !sip_flow_equal(&dialog->ack_to, &dialog->source)) {
        dialog->target_unreachable = true;
        if (usage->credentials.len > 0 && !sip_guard_is_server(usage->stack, &dialog->source.remote)) {
            sip_inv_send_ack(usage, dialog); /* made anew for that way: without them */
            return;
        }
        dialog->ack_to = dialog->source;
        (void)sip_stack_send(usage->stack, &dialog->ack_to, ack);
    }
}

void sip_inv_send_ack(struct sip_inv *usage, struct sip_dialog *dialog)
{
    struct outbuf out = sip_stack_writer(usage->stack);
    int status = write_ack(usage, dialog, NULL, &out, &dialog->ack_to);

    if (status != ST_OK) {
        return;
    }
    /* Not kept: the same 2xx coming again finds no ACK and makes a new one. */
    if (sip_text_set(&dialog->ack, outbuf_view(&out)) != ST_OK) {
        sip_text_clear(&dialog->ack);
    }
    send_kept_ack(usage, dialog, outbuf_view(&out));
    sip_inv_dialog_changed(dialog);
}

/* Made anew for that way: credentials are for the SIP server alone. */
static void ack_the_source_too(struct sip_inv *usage, const struct sip_dialog *dialog)
{
    struct outbuf out = sip_stack_writer(usage->stack);
    struct sip_flow to;

    if (write_ack(usage, dialog, &dialog->source, &out, &to) == ST_OK) {
        (void)sip_stack_send(usage->stack, &to, outbuf_view(&out));
    }
}

/* The 2xx came again: the ACK was lost, or nothing arrives where the Contact says (a private address, no ICMP). So it goes
 * to the source of the 2xx too; when that goes on, so will the BYE. */
void sip_inv_send_ack_again(struct sip_inv *usage, struct sip_dialog *dialog)
{
    if (dialog->ack.len == 0) {
        sip_inv_send_ack(usage, dialog);
        return;
    }
    usage->stack->stats.retransmits_out++;
    send_kept_ack(usage, dialog, sip_text_view(&dialog->ack));
    if (!sip_flow_equal(&dialog->ack_to, &dialog->source)) {
        ack_the_source_too(usage, dialog);
        dialog->ack_repeats++;
        dialog->target_unreachable = dialog->target_unreachable || dialog->ack_repeats >= ACK_REPEATS_MAX;
    }
    sip_inv_dialog_changed(dialog);
}

/* ---- BYE ---- */

/* Whatever came of it but another try, the call is over (15.1.1). */
static void on_bye_end(struct sip_request *request, mono_us now, enum sip_request_end end,
                       const struct sip_msg *message)
{
    struct sip_request_inside *inside = sip_request_inside_of(request);
    struct sip_inv *usage = inside->inv;
    struct sip_dialog *dialog = inside->dialog;
    bool again = end == SIP_REQUEST_AGAIN;

    (void)message;
    if (dialog == usage->dialog && usage->state == SIP_INV_ST_LEAVING) {
        struct sip_inv_input in = {.dialog = dialog};
        (void)sip_inv_step(usage, now, again ? SIP_INV_EV_BYE_AGAIN : SIP_INV_EV_BYE_DONE, &in);
        return;
    }
    if (again) {
        (void)sip_inv_send_bye(usage, now, dialog);
    }
    sip_inv_check_drained(usage, now);
}

int sip_inv_send_bye(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog)
{
    const struct sip_request_parts parts = {0};

    if (!sip_request_is_open(&dialog->bye.request)) {
        sip_request_open_inside(&dialog->bye, usage, dialog, SIP_METHOD_BYE, on_bye_end);
    }
    dialog->bye_sent = true;
    sip_inv_dialog_changed(dialog);
    return sip_request_send(&dialog->bye.request, now, &parts);
}

/* ---- nothing arrives there ---- */

/* ICMP is easily made up: what was sent to addr runs on, and the same goes to the source as well. */
void sip_inv_unreachable(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog, const struct net_addr *addr)
{
    if (sip_request_is_busy(&dialog->bye.request)) {
        sip_request_unreachable(&dialog->bye.request, now, addr);
        return;
    }
    assert(dialog->ack.len > 0 && addr_equal(&dialog->ack_to.remote, addr));
    dialog->target_unreachable = true;
    sip_inv_send_ack(usage, dialog);
}
