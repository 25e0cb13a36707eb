/* SPDX-License-Identifier: MIT */
/* An INVITE goes on to the next server (RFC 3263 4.3). The branch that is left runs on: a late 1xx gets CANCEL, a late
 * 2xx ACK and BYE, since a telephone behind it may ring. */
#include "inv.h"

#include <stdlib.h>

const struct net_addr *sip_inv_server(const struct sip_inv *usage)
{
    return &usage->servers.current;
}

void sip_inv_servers_begin(struct sip_inv *usage, const struct net_addr *server)
{
    usage->servers = (struct sip_inv_servers){.current = *server};
}

static const struct net_addr *server_find_next(const struct sip_inv *usage, mono_us now, bool even_unavailable)
{
    const struct sip_inv_servers *s = &usage->servers;
    const struct net_addr *tried = s->tried != NULL ? s->tried : &s->current;
    uint32_t count = s->tried != NULL ? s->tried_count : 1;

    return count < SIP_SERVERS_MAX ? sip_servers_next(&usage->stack->servers, now, tried, count, even_unavailable)
                                   : NULL;
}

bool sip_inv_may_fail_over(const struct sip_inv *usage, mono_us now)
{
    return server_find_next(usage, now, false) != NULL;
}

/* False: no memory for those that were tried. */
static bool server_move_on(struct sip_inv_servers *s, const struct net_addr *next)
{
    if (s->tried == NULL) {
        s->tried = malloc(SIP_SERVERS_MAX * sizeof(*s->tried));
        if (s->tried == NULL) {
            return false;
        }
        s->tried[s->tried_count++] = s->current;
    }
    s->tried[s->tried_count++] = *next;
    s->current = *next;
    s->failed_over = true;
    return true;
}

bool sip_inv_next_server(struct sip_inv *usage, mono_us now, bool even_unavailable)
{
    const struct net_addr *next = server_find_next(usage, now, even_unavailable);
    const struct log *log = usage->stack->config.log;
    char id[TEXT_SAFE_MAX + 1];
    char text[ADDR_TEXT_MAX];

    if (next == NULL || !server_move_on(&usage->servers, next)) {
        return false;
    }
    sip_inv_auth_restart(usage);
    log_write(log, LOG_INFO, LOG_TEXT(log, SIP_NEXT_SERVER), text_safe(sip_text_view(&usage->call_id), id),
              addr_text(next, text));
    return true;
}

void sip_inv_server_answered(struct sip_inv *usage, mono_us now)
{
    sip_stack_server_answered(usage->stack, now, sip_inv_server(usage));
}

void sip_inv_server_failed(struct sip_inv *usage, mono_us now, int64_t retry_after)
{
    sip_stack_server_failed(usage->stack, now, sip_inv_server(usage), retry_after);
}

void sip_inv_abandon_branch(struct sip_inv *usage, mono_us now)
{
    struct sip_inv_servers *s = &usage->servers;
    struct sip_tx_owner owner = {
        .notice = sip_inv_notice, .ctx = usage->stack, .ref = usage->id, .role = SIP_INV_ROLE_BRANCH};

    sip_tx_kill(usage->stack->tx, now, s->branches[0]);
    for (uint32_t i = 1; i < SIP_INV_BRANCHES_MAX; i++) {
        s->branches[i - 1] = s->branches[i];
    }
    s->branches[SIP_INV_BRANCHES_MAX - 1] = usage->invite_tx;
    sip_tx_set_owner(usage->stack->tx, usage->invite_tx, &owner);
    usage->invite_tx = POOL_ID_NONE;
}

void sip_inv_silence(struct sip_inv *usage, mono_us now)
{
    struct sip_inv_input in = {.code = 503, .reason = span_cstr(sip_reason_phrase(503))};

    if (usage->state != SIP_INV_ST_CALLING || !sip_inv_may_fail_over(usage, now)) {
        return; /* the others have failed meanwhile: timer B decides */
    }
    sip_inv_server_failed(usage, now, -1);
    if (sip_inv_next_server(usage, now, false) && sip_inv_step(usage, now, SIP_INV_EV_SILENCE, &in) != ST_OK) {
        (void)sip_inv_step(usage, now, SIP_INV_EV_BROKEN, &in);
    }
}

void sip_stack_unreachable(struct sip_stack *stack, mono_us now, const struct net_addr *addr)
{
    struct chain hits;

    sip_request_unreachable(&stack->keepalive.options.request, now, addr);
    sip_request_unreachable(&stack->registration.request.request, now, addr);
    sip_sent_take(&stack->sent, addr, &hits);
    for (struct chain_node *n; (n = hits.first) != NULL;) {
        struct sip_sent *sent = LIST_OWNER(n, struct sip_sent, node);
        sip_sent_put(&stack->sent, sent, addr); /* until what follows says otherwise */
        if (sent->kind == SIP_SENT_INVITE) {
            sip_inv_silence(LIST_OWNER(sent, struct sip_inv, sent), now);
        } else {
            struct sip_dialog *dialog = LIST_OWNER(sent, struct sip_dialog, sent);
            sip_inv_unreachable(dialog->usage, now, dialog, addr);
        }
    }
}

/* ---- abandoned branches ---- */

bool sip_inv_has_branches(const struct sip_inv *usage)
{
    for (uint32_t i = 0; i < SIP_INV_BRANCHES_MAX; i++) {
        if (!pool_id_is_none(usage->servers.branches[i])) {
            return true;
        }
    }
    return false;
}

void sip_inv_servers_fini(struct sip_inv *usage)
{
    for (uint32_t i = 0; i < SIP_INV_BRANCHES_MAX; i++) {
        sip_tx_disown(usage->stack->tx, usage->servers.branches[i]);
        usage->servers.branches[i] = POOL_ID_NONE;
    }
    free(usage->servers.tried);
    usage->servers.tried = NULL;
}

static void branch_forget(struct sip_inv *usage, mono_us now, struct pool_id tx)
{
    for (uint32_t i = 0; i < SIP_INV_BRANCHES_MAX; i++) {
        if (pool_id_eq(usage->servers.branches[i], tx)) {
            usage->servers.branches[i] = POOL_ID_NONE;
        }
    }
    sip_tx_disown(usage->stack->tx, tx);
    sip_inv_check_drained(usage, now);
}

void sip_inv_branch_notice(struct sip_inv *usage, mono_us now, const struct sip_tx_notice *notice)
{
    struct sip_stack *stack = usage->stack;
    struct sip_tx_owner owner = {.notice = NULL, .ctx = stack, .ref = usage->id, .role = SIP_INV_ROLE_CANCEL};

    switch (notice->kind) {
    case SIP_TX_PROVISIONAL: /* it would ring for nobody */
        (void)!sip_tx_cancel(stack->tx, now, notice->tx, &owner, NULL);
        break;
    case SIP_TX_FINAL:
        if (notice->code < 300) {
            sip_inv_extra_2xx(usage, now, notice);
        } else {
            branch_forget(usage, now, notice->tx);
        }
        break;
    case SIP_TX_2XX_AGAIN: sip_inv_extra_2xx(usage, now, notice); break;
    case SIP_TX_TIMEOUT:
    case SIP_TX_TRANSPORT:
    case SIP_TX_GONE:
    case SIP_TX_ACK_FAILED: branch_forget(usage, now, notice->tx); break;
    case SIP_TX_ACKED:
    case SIP_TX_DONE:
    case SIP_TX_SEND_FAILED:
    case SIP_TX_NOTICE_KIND_COUNT: break;
    }
}
