/* SPDX-License-Identifier: MIT */
/* The stack in lines: itself, its standing with the server, each server, each INVITE usage, each dialog, each transaction. */
#include "inv.h"

/* Where the sections of *at begin; behind the usages come the dialogs, then the transactions. */
enum dump_at { AT_STACK, AT_STANDING, AT_SERVERS, AT_USAGES = AT_SERVERS + SIP_SERVERS_MAX };

static void stack_line(const struct sip_stack *stack, struct outbuf *out)
{
    struct sip_stats stats = sip_stack_stats(stack);

    outbuf_printf(out, "SIP: %u usages of %u, %u dialogs of %u, %u transactions, %u timers", stats.usages,
                  stack->usages.cap, stack->dialogs.used, stack->dialogs.cap, stats.transactions, stats.timers);
    outbuf_printf(out, ", in %llu, out %llu, sent again %llu, malformed %llu, stray %llu, refused %llu, limited %llu",
                  (unsigned long long)stats.datagrams_in, (unsigned long long)stats.datagrams_out,
                  (unsigned long long)stats.retransmits_out, (unsigned long long)stats.malformed,
                  (unsigned long long)stats.stray, (unsigned long long)stats.refused,
                  (unsigned long long)stats.limited);
    dump_addr(out, "we are", &stack->config.local);
}

static void standing_line(const struct sip_stack *stack, mono_us now, struct outbuf *out)
{
    const struct sip_registration *r = &stack->registration;
    static const char *const reach[] = {
        [SIP_REACH_UNKNOWN] = "unknown", [SIP_REACH_YES] = "reachable", [SIP_REACH_NO] = "unreachable"};

    outbuf_printf(out, "registration %s, failures %u", sip_registration_state_name((int)r->state), r->failures);
    dump_text(out, "bound", sip_text_view(&r->bound));
    for (int timer = 0; timer < SIP_REGISTRATION_TMR_COUNT; timer++) {
        dump_due(out, sip_registration_timer_name(timer), r->timers[timer], now);
    }
    outbuf_printf(out, "; server %s", reach[stack->keepalive.reach]);
    dump_due(out, "OPTIONS", stack->keepalive.next, now);
}

static void server_line(const struct sip_server *server, mono_us now, struct outbuf *out)
{
    char text[ADDR_TEXT_MAX];

    outbuf_printf(out, "server %s", addr_text(&server->addr, text));
    if (server->unavailable_until > now) {
        dump_due(out, server->by_retry_after ? "tried again, as it asked," : "tried again", server->unavailable_until,
                 now);
    }
}

static void usage_line(const struct sip_inv *usage, mono_us now, struct outbuf *out)
{
    dump_begin(out, "usage", usage->id, sip_inv_state_name((int)usage->state));
    outbuf_str(out, usage->incoming ? " incoming" : " outgoing");
    dump_flag(out, "nobody listens", !usage->attached);
    dump_text(out, "Call-ID", sip_text_view(&usage->call_id));
    dump_text(out, "to", sip_text_view(&usage->uri));
    outbuf_printf(out, ", %u dialogs, for %lld s", usage->dialog_count, (long long)((now - usage->born) / DUR_S(1)));
    for (int timer = 0; timer < SIP_INV_TMR_COUNT; timer++) {
        dump_timer(out, sip_inv_timer_name(timer), &usage->timers[timer], now);
    }
}

static void dialog_line(const struct sip_dialog *dialog, struct outbuf *out)
{
    dump_begin(out, "dialog", dialog->id, dialog->target_guessed ? "target guessed" : "target known");
    dump_text(out, "remote tag", sip_text_view(&dialog->tag));
    dump_text(out, "target", sip_text_view(&dialog->target));
    dump_text(out, "route", sip_text_view(&dialog->routes));
    dump_addr(out, "messages from", &dialog->source.remote);
    outbuf_printf(out, ", CSeq %u", dialog->local_cseq);
    if (dialog->has_remote_cseq) {
        outbuf_printf(out, " and %u", dialog->remote_cseq);
    }
    dump_flag(out, "target unreachable", dialog->target_unreachable);
    dump_flag(out, "BYE sent", dialog->bye_sent);
    dump_flag(out, "BYE received", dialog->bye_received);
}

/* Of a pool whose objects stand from first on: the one at *at, or the next. */
static const void *object_next(const struct pool *pool, uint32_t first, uint32_t *at)
{
    uint32_t slot = *at - first;
    const void *object = pool_next(pool, &slot, NULL);

    *at = first + (object != NULL ? slot : pool->cap);
    return object;
}

static bool usage_next(const struct sip_stack *stack, mono_us now, uint32_t *at, struct outbuf *out)
{
    const struct sip_inv *usage = object_next(&stack->usages, AT_USAGES, at);

    if (usage != NULL) {
        usage_line(usage, now, out);
    }
    return usage != NULL;
}

static bool dialog_next(const struct sip_stack *stack, uint32_t *at, struct outbuf *out)
{
    const struct sip_dialog *dialog = object_next(&stack->dialogs, AT_USAGES + stack->usages.cap, at);

    if (dialog != NULL) {
        dialog_line(dialog, out);
    }
    return dialog != NULL;
}

static bool tx_next(const struct sip_stack *stack, mono_us now, uint32_t *at, struct outbuf *out)
{
    const uint32_t first = AT_USAGES + stack->usages.cap + stack->dialogs.cap;
    uint32_t slot = *at - first;
    bool found = sip_tx_dump(stack->tx, now, &slot, out);

    *at = first + slot;
    return found;
}

bool sip_stack_dump(const struct sip_stack *stack, mono_us now, uint32_t *at, struct outbuf *out)
{
    if (*at == AT_STACK) {
        stack_line(stack, out);
        return true;
    }
    if (*at == AT_STANDING) {
        standing_line(stack, now, out);
        return true;
    }
    if (*at < AT_SERVERS + stack->servers.count) {
        server_line(&stack->servers.list[*at - AT_SERVERS], now, out);
        return true;
    }
    *at = *at < AT_USAGES ? AT_USAGES : *at;
    if (*at < AT_USAGES + stack->usages.cap && usage_next(stack, now, at, out)) {
        return true;
    }
    if (*at < AT_USAGES + stack->usages.cap + stack->dialogs.cap && dialog_next(stack, at, out)) {
        return true;
    }
    return tx_next(stack, now, at, out);
}
