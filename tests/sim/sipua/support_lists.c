/* SPDX-License-Identifier: MIT */
#include "support_lists.h"

#include "inv.h"

/* Of the walk. */
struct seen {
    uint32_t busy, lingering, sent;
    uint32_t spare[SIP_DIALOG_NEED_COUNT];
};

static bool is_in(const struct sip_sent *sent)
{
    return sent->node.link != NULL;
}

static uint32_t list_len(const struct list_node *head)
{
    uint32_t len = 0;
    for (const struct list_node *n = head->next; n != head; n = n->next) {
        len++;
    }
    return len;
}

static bool is_byeing(const struct sip_dialog *dialog)
{
    return sip_request_is_busy(&dialog->bye.request);
}

static enum sip_dialog_need need_of(const struct sip_inv *usage, const struct sip_dialog *dialog)
{
    if (dialog == usage->dialog) {
        return SIP_DIALOG_NEED_COUNT;
    }
    if (is_byeing(dialog)) {
        return SIP_DIALOG_ENDING;
    }
    if (dialog->bye_sent) {
        return SIP_DIALOG_ENDED;
    }
    return dialog->early.len > 0 ? SIP_DIALOG_EARLY : SIP_DIALOG_SILENT;
}

/* Whether an ICMP error of this address has something to do here. */
static bool concerns(const struct sip_dialog *dialog, const struct net_addr *addr)
{
    if (dialog->target_unreachable || addr_equal(addr, &dialog->source.remote)) {
        return false;
    }
    if (is_byeing(dialog)) {
        return addr_equal(addr, &dialog->bye.request.to.remote);
    }
    return !dialog->bye_sent && dialog->ack.len > 0 && addr_equal(addr, &dialog->ack_to.remote);
}

static const char *dialog_wrong(const struct sip_inv *usage, const struct sip_dialog *dialog, struct seen *seen)
{
    enum sip_dialog_need need = need_of(usage, dialog);
    bool is_sent = concerns(dialog, &dialog->ack_to.remote) || concerns(dialog, &dialog->bye.request.to.remote);

    if (dialog->usage != usage) {
        return "a dialog's usage";
    }
    if (dialog->need != need || list_is_empty(&dialog->spare) != (need == SIP_DIALOG_NEED_COUNT)) {
        return "how much a dialog is needed";
    }
    if (need != SIP_DIALOG_NEED_COUNT) {
        seen->spare[need]++;
    }
    if (is_in(&dialog->sent) != is_sent || (is_sent && !concerns(dialog, &dialog->sent.to))) {
        return "where a dialog's ACK or BYE went";
    }
    seen->sent += is_sent ? 1 : 0;
    return NULL;
}

static const char *usage_wrong(const struct sip_inv *usage, struct seen *seen)
{
    uint32_t byes = 0;
    bool is_calling = usage->state == SIP_INV_ST_CALLING;
    const char *wrong = NULL;

    for (struct list_node *n = usage->dialogs.next; n != &usage->dialogs && wrong == NULL; n = n->next) {
        const struct sip_dialog *dialog = LIST_OWNER(n, struct sip_dialog, node);
        byes += is_byeing(dialog) ? 1 : 0;
        wrong = dialog_wrong(usage, dialog, seen);
    }
    if (wrong == NULL && usage->requests != byes) {
        return "the number of BYEs";
    }
    seen->busy += usage->state < SIP_INV_ST_LINGERING || byes > 0 ? 1 : 0;
    seen->lingering += usage->state == SIP_INV_ST_LINGERING && byes == 0 ? 1 : 0;
    if (is_in(&usage->sent) != is_calling || (is_calling && !addr_equal(&usage->sent.to, sip_inv_server(usage)))) {
        return "where an INVITE went";
    }
    seen->sent += is_calling ? 1 : 0;
    return wrong;
}

static const char *totals_wrong(const struct sip_stack *stack, const struct seen *seen)
{
    uint32_t sent = 0;

    for (uint32_t i = 0; i <= stack->sent.mask; i++) {
        for (const struct chain_node *n = stack->sent.buckets[i].first; n != NULL; n = n->next) {
            sent++;
        }
    }
    for (size_t i = 0; i < SIP_DIALOG_NEED_COUNT; i++) {
        if (list_len(&stack->spare[i]) != seen->spare[i]) {
            return "the dialogs that give way";
        }
    }
    if (sent != seen->sent) {
        return "what was sent";
    }
    return stack->busy != seen->busy                        ? "the number of busy usages"
           : list_len(&stack->lingering) != seen->lingering ? "the usages that give way"
                                                            : NULL;
}

const char *lists_wrong(const struct sip_stack *stack)
{
    struct seen seen = {0};
    const struct sip_inv *usage;
    const char *wrong = NULL;

    for (uint32_t slot = 0; wrong == NULL && (usage = pool_next(&stack->usages, &slot, NULL)) != NULL; slot++) {
        if (usage->state != SIP_INV_ST_TERMINATED) {
            wrong = usage_wrong(usage, &seen);
        }
    }
    return wrong != NULL ? wrong : totals_wrong(stack, &seen);
}
