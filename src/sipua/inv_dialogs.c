/* SPDX-License-Identifier: MIT */
#include "inv.h"

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

/* How little a dialog is needed, the least first. An evicted early dialog forms again with its 2xx; one that had its BYE
 * gets ACK and BYE once more when its 2xx comes again. */
enum need { NEED_SILENT, NEED_EARLY, NEED_ENDED, NEED_ENDING, NEED_COUNT };

static struct sip_dialog *find_need(const struct sip_inv *usage, enum need need)
{
    for (struct list_node *n = usage->dialogs.next; n != &usage->dialogs; n = n->next) {
        struct sip_dialog *dialog = LIST_OWNER(n, struct sip_dialog, node);
        enum need early = dialog->early.len > 0 ? NEED_EARLY : NEED_SILENT;
        enum need ended = pool_id_is_none(dialog->bye) ? NEED_ENDED : NEED_ENDING;
        if (dialog != usage->dialog && need == (dialog->bye_sent ? ended : early)) {
            return dialog;
        }
    }
    return NULL;
}

static bool give_up_one(struct sip_inv *usage, enum need need)
{
    struct sip_dialog *dialog = find_need(usage, need);

    if (dialog == NULL) {
        return false;
    }
    sip_inv_drop_dialog(usage, dialog); /* a BYE that is out goes on by itself */
    sip_inv_check_drained(usage);
    return true;
}

static bool has_room(const struct sip_inv *usage)
{
    const struct pool *pool = &usage->stack->dialogs;

    return usage->dialog_count < SIP_INV_DIALOGS_MAX && pool->used < pool->cap;
}

/* Of the other usages only when the pool is what is full: it holds several for each of them. */
static void make_room(struct sip_inv *usage, enum sip_inv_room room)
{
    struct sip_stack *stack = usage->stack;
    bool others = room == SIP_INV_ROOM_ANY && usage->dialog_count < SIP_INV_DIALOGS_MAX;
    int needs = room == SIP_INV_ROOM_ANY ? NEED_COUNT : (int)room;
    struct sip_inv *other;

    for (int need = 0; need < needs && !has_room(usage); need++) {
        if (give_up_one(usage, (enum need)need) || !others) {
            continue;
        }
        for (uint32_t slot = 0; (other = pool_next(&stack->usages, &slot, NULL)) != NULL; slot++) {
            if (other->state != SIP_INV_ST_TERMINATED && give_up_one(other, (enum need)need)) {
                break;
            }
        }
    }
}

struct sip_dialog *sip_inv_add_dialog(struct sip_inv *usage, enum sip_inv_room room)
{
    struct pool_id id;

    make_room(usage, room);
    struct sip_dialog *dialog = has_room(usage) ? pool_new(&usage->stack->dialogs, &id) : NULL;
    if (dialog == NULL) {
        return NULL;
    }
    dialog->id = id;
    list_push_back(&usage->dialogs, &dialog->node);
    usage->dialog_count++;
    return dialog;
}

void sip_inv_drop_dialog(struct sip_inv *usage, struct sip_dialog *dialog)
{
    if (usage->dialog == dialog) {
        usage->dialog = NULL;
    }
    sip_tx_disown(usage->stack->tx, dialog->bye);
    sip_text_clear(&dialog->early);
    list_remove(&dialog->node);
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

struct sip_dialog *sip_inv_form_dialog(struct sip_inv *usage, const struct sip_msg *response,
                                       const struct net_addr *source)
{
    struct sip_dialog *known = sip_inv_find_dialog(usage, response->to.tag);
    struct sip_dialog *dialog = known != NULL ? known : sip_inv_add_dialog(usage, room_for(response));

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
    return dialog;
}

/* A request inside the dialog. extra: complete header lines. */
static int write_request(struct sip_inv *usage, const struct sip_dialog *dialog, struct span method, uint32_t cseq,
                         struct span extra, struct outbuf *out, struct net_addr *to)
{
    struct sip_stack *stack = usage->stack;
    char branch[SIP_BRANCH_LEN + 1];
    char composed[2 * SIP_DIALOG_TEXT_MAX];
    struct outbuf scrap;

    outbuf_init(&scrap, composed, sizeof(composed));
    struct sip_dialog_path path = sip_dialog_path_of(dialog, &scrap);
    if (outbuf_status(&scrap) != ST_OK) {
        return ST_TOO_LARGE;
    }
    sip_branch_new(stack->config.rng, branch);
    struct sip_request_form form = {
        .method = method,
        .uri = path.uri,
        .local = stack->config.local,
        .branch = span_cstr(branch),
        .from = sip_text_view(&usage->local),
        .to = sip_text_view(&dialog->remote),
        .call_id = sip_text_view(&usage->call_id),
        .cseq = cseq,
        .route = path.route,
        .user_agent = stack->config.user_agent,
        .extra = extra,
    };
    sip_write_request(out, &form);
    *to = path.to;
    return outbuf_status(out);
}

/* Whether requests inside the dialog may carry credentials: the server itself must be the far end of a call that it has
 * asked credentials for. A proxy that stays in the path takes the INVITE's out at best, and hands these on to the far
 * end as they are. */
static bool is_with_server(const struct sip_inv *usage, const struct sip_dialog *dialog)
{
    char composed[2 * SIP_DIALOG_TEXT_MAX];
    struct outbuf scrap;

    if (usage->credentials.len == 0 || dialog->routes.len > 0) {
        return false;
    }
    outbuf_init(&scrap, composed, sizeof(composed));
    struct sip_dialog_path path = sip_dialog_path_of(dialog, &scrap);
    return sip_guard_is_server(usage->stack, &path.to) && sip_stack_is_server_uri(usage->stack, path.uri);
}

static void send_kept_ack(struct sip_inv *usage, struct sip_dialog *dialog, struct span ack)
{
    if (sip_stack_send(usage->stack, &dialog->ack_to, ack) == ST_IO && !addr_equal(&dialog->ack_to, &dialog->source)) {
        dialog->target_unreachable = true;
        if (usage->credentials.len > 0 && !sip_guard_is_server(usage->stack, &dialog->source)) {
            sip_inv_send_ack(usage, dialog); /* made anew for that way: without them */
            return;
        }
        dialog->ack_to = dialog->source;
        (void)sip_stack_send(usage->stack, &dialog->ack_to, ack);
    }
}

void sip_inv_send_ack(struct sip_inv *usage, struct sip_dialog *dialog)
{
    struct span credentials = is_with_server(usage, dialog) ? sip_text_view(&usage->credentials) : SPAN_NONE;
    struct outbuf out = sip_stack_writer(usage->stack);
    int status = write_request(usage, dialog, SPAN_LIT("ACK"), dialog->invite_cseq, credentials, &out, &dialog->ack_to);

    if (status != ST_OK) {
        return;
    }
    /* Not kept: the same 2xx coming again finds no ACK and makes a new one. */
    if (sip_text_set(&dialog->ack, outbuf_view(&out)) != ST_OK) {
        sip_text_clear(&dialog->ack);
    }
    send_kept_ack(usage, dialog, outbuf_view(&out));
}

/* Made anew for that way: credentials are for the SIP server alone. */
static void ack_the_source_too(struct sip_inv *usage, const struct sip_dialog *dialog)
{
    bool is_server = sip_guard_is_server(usage->stack, &dialog->source);
    struct span credentials = is_server ? sip_text_view(&usage->credentials) : SPAN_NONE;
    struct outbuf out = sip_stack_writer(usage->stack);
    struct net_addr to;

    if (write_request(usage, dialog, SPAN_LIT("ACK"), dialog->invite_cseq, credentials, &out, &to) == ST_OK) {
        (void)sip_stack_send(usage->stack, &dialog->source, outbuf_view(&out));
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
    if (addr_equal(&dialog->ack_to, &dialog->source)) {
        return;
    }
    ack_the_source_too(usage, dialog);
    dialog->ack_repeats++;
    dialog->target_unreachable = dialog->target_unreachable || dialog->ack_repeats >= ACK_REPEATS_MAX;
}

/* For the Request-URI that will be sent. Without credentials the BYE goes out all the same. */
static void write_bye_credentials(struct sip_inv *usage, const struct sip_dialog *dialog, struct outbuf *out)
{
    char composed[2 * SIP_DIALOG_TEXT_MAX];
    struct outbuf scrap;

    if (!is_with_server(usage, dialog)) {
        return;
    }
    outbuf_init(&scrap, composed, sizeof(composed));
    struct sip_dialog_path path = sip_dialog_path_of(dialog, &scrap);
    if (sip_stack_write_credentials(usage->stack, &usage->auth, SPAN_LIT("BYE"), path.uri, out) != ST_OK ||
        outbuf_status(out) != ST_OK) {
        outbuf_init(out, out->ptr, out->cap);
    }
}

int sip_inv_send_bye(struct sip_inv *usage, struct sip_dialog *dialog)
{
    struct sip_stack *stack = usage->stack;
    char lines[SIP_AUTH_TEXT_MAX + 4096];
    struct outbuf credentials;
    struct net_addr to;

    outbuf_init(&credentials, lines, sizeof(lines));
    if (dialog->bye_tries == 0) {
        sip_auth_restart(&usage->auth);
    }
    dialog->bye_tries++;
    write_bye_credentials(usage, dialog, &credentials);
    struct outbuf out = sip_stack_writer(stack);
    int status =
        write_request(usage, dialog, SPAN_LIT("BYE"), dialog->local_cseq + 1, outbuf_view(&credentials), &out, &to);
    if (status != ST_OK) {
        return status;
    }
    dialog->local_cseq++;
    dialog->bye_sent = true;
    dialog->bye_to = to;
    struct sip_tx_owner owner = {.notice = sip_inv_notice, .ctx = stack, .ref = usage->id, .role = SIP_INV_ROLE_BYE};
    return sip_tx_request(stack->tx, stack->now, &to, outbuf_view(&out), &owner, &dialog->bye);
}

static int take_challenge(struct sip_inv *usage, const struct sip_dialog *dialog, const struct sip_tx_notice *notice)
{
    struct sip_challenged what = {.uri = sip_text_view(&dialog->target), .in_dialog = !is_with_server(usage, dialog)};

    return sip_stack_challenge(usage->stack, &usage->auth, notice->message, notice->source, &what);
}

/* Whether the BYE goes once more: with credentials, or to where the dialog's messages came from. */
static bool bye_goes_again(struct sip_inv *usage, struct sip_dialog *dialog, const struct sip_tx_notice *notice)
{
    if (dialog->bye_received || dialog->bye_tries >= SIP_INV_BYE_TRIES) {
        return false; /* the peer's own BYE has ended the dialog as well */
    }
    if (notice->kind == SIP_TX_FINAL && (notice->code == 401 || notice->code == 407)) {
        return take_challenge(usage, dialog, notice) == ST_OK;
    }
    bool elsewhere = !addr_equal(&dialog->bye_to, &dialog->source);
    bool lost = notice->kind == SIP_TX_TRANSPORT || (notice->kind == SIP_TX_TIMEOUT && elsewhere);
    if (lost && !dialog->target_unreachable) {
        dialog->target_unreachable = true;
        return true;
    }
    return false;
}

static struct sip_dialog *dialog_of_bye(const struct sip_inv *usage, struct pool_id tx)
{
    for (struct list_node *n = usage->dialogs.next; n != &usage->dialogs; n = n->next) {
        struct sip_dialog *dialog = LIST_OWNER(n, struct sip_dialog, node);
        if (pool_id_eq(dialog->bye, tx)) {
            return dialog;
        }
    }
    return NULL;
}

void sip_inv_bye_notice(struct sip_inv *usage, const struct sip_tx_notice *notice)
{
    struct sip_dialog *dialog = dialog_of_bye(usage, notice->tx);

    if (dialog == NULL || !sip_tx_notice_is_ending(notice->kind)) {
        return;
    }
    sip_tx_disown(usage->stack->tx, dialog->bye);
    dialog->bye = POOL_ID_NONE;
    bool again = bye_goes_again(usage, dialog, notice);
    bool is_call = dialog == usage->dialog && usage->state == SIP_INV_ST_LEAVING;
    struct sip_inv_input in = {.dialog = dialog};
    if (is_call) {
        (void)sip_inv_step(usage, again ? SIP_INV_EV_BYE_AGAIN : SIP_INV_EV_BYE_DONE, &in);
        return;
    }
    if (again) {
        (void)sip_inv_send_bye(usage, dialog);
    }
    sip_inv_check_drained(usage);
}

/* ICMP is easily made up: what was sent to addr runs on, and the same goes to the source as well. */
static void try_source(struct sip_inv *usage, struct sip_dialog *dialog, const struct net_addr *addr)
{
    const struct pool_id bye = dialog->bye;
    bool bye_pending = !pool_id_is_none(bye) && addr_equal(&dialog->bye_to, addr);

    if (bye_pending && dialog->bye_tries < SIP_INV_BYE_TRIES) {
        dialog->target_unreachable = true;
        if (sip_inv_send_bye(usage, dialog) == ST_OK) {
            sip_tx_disown(usage->stack->tx, bye);
        } else {
            dialog->bye = bye;
        }
    } else if (!dialog->bye_sent && dialog->ack.len > 0 && addr_equal(&dialog->ack_to, addr)) {
        dialog->target_unreachable = true;
        sip_inv_send_ack(usage, dialog);
    }
}

void sip_inv_unreachable(struct sip_inv *usage, const struct net_addr *addr)
{
    for (struct list_node *n = usage->dialogs.next; n != &usage->dialogs; n = n->next) {
        struct sip_dialog *dialog = LIST_OWNER(n, struct sip_dialog, node);
        if (!dialog->target_unreachable && !addr_equal(&dialog->source, addr)) {
            try_source(usage, dialog, addr);
        }
    }
}
