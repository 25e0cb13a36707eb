/* SPDX-License-Identifier: MIT */
#include "stack.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "inv.h"

#define LOG_TITLE_MAX (ADDR_TEXT_MAX + 16)

void sip_stack_log(struct sip_stack *stack, const char *title, const struct net_addr *peer, struct span datagram)
{
    const struct log *log = stack->config.log;
    char addr[ADDR_TEXT_MAX];
    char line[LOG_TITLE_MAX];
    struct outbuf out;

    if (!log_wants(log, LOG_DEBUG)) {
        return;
    }
    outbuf_init(&out, stack->masked, 2 * SIP_DATAGRAM_MAX);
    sip_mask_secrets(&out, datagram);
    (void)snprintf(line, sizeof(line), "%s %s", title, addr_text(peer, addr));
    log_block(log, LOG_DEBUG, line, outbuf_view(&out));
}

struct sip_flow sip_stack_flow(const struct sip_stack *stack, const struct net_addr *remote)
{
    return sip_flow_udp(&stack->config.local, remote);
}

struct sip_flow sip_stack_flow_now(const struct sip_stack *stack, const struct sip_flow *flow)
{
    struct sip_flow now = *flow;

    if (!sip_transport_traits(flow->transport)->reliable) {
        now.local = stack->config.local;
    }
    return now;
}

int sip_stack_send(struct sip_stack *stack, const struct sip_flow *to, struct span datagram)
{
    stack->stats.datagrams_out++;
    sip_stack_log(stack, "SIP out", &to->remote, datagram);
    return stack->hooks.send(stack->hooks.ctx, to, datagram.ptr, datagram.len);
}

/* The transaction layer's way out. */
static int send_hook(void *ctx, const struct sip_flow *flow, const void *data, size_t len)
{
    return sip_stack_send(ctx, flow, span_make(data, len));
}

static void trace_hook(void *ctx, mono_us now, struct pool_id ref, uint32_t role, const struct sip_tx_change *change)
{
    struct sip_inv *usage = sip_inv_get(ctx, ref);

    (void)role;
    if (usage != NULL) {
        sip_inv_trace_tx(&usage->trace, now - usage->born, change);
    }
}

struct outbuf sip_stack_writer(struct sip_stack *stack)
{
    struct outbuf out;

    outbuf_init(&out, stack->scratch, SIP_DATAGRAM_MAX);
    return out;
}

struct outbuf sip_stack_lines(struct sip_stack *stack)
{
    struct outbuf out;

    outbuf_init(&out, stack->lines, SIP_DATAGRAM_MAX);
    return out;
}

struct span sip_stack_contact(const struct sip_stack *stack, char buf[SIP_STACK_CONTACT_MAX])
{
    struct outbuf out;

    outbuf_init(&out, buf, SIP_STACK_CONTACT_MAX);
    outbuf_char(&out, '<');
    sip_put_uri_addr(&out, stack->config.user, &stack->config.local);
    outbuf_char(&out, '>');
    return outbuf_status(&out) == ST_OK ? outbuf_view(&out) : SPAN_NONE;
}

struct span sip_stack_allow(const struct sip_stack *stack)
{
    return span_cstr(stack->allow);
}

static void write_allow(struct sip_stack *stack)
{
    struct outbuf out;

    outbuf_init(&out, stack->allow, sizeof(stack->allow) - 1); /* calloc: the NUL is there */
    sip_methods_put_allow(&out);
    assert(outbuf_status(&out) == ST_OK);
}

static uint32_t tx_max(uint32_t max_usages)
{
    return SIP_STACK_TX_PER_USAGE * max_usages + SIP_STACK_TX_HEADROOM;
}

/* An INVITE each, and an ACK or BYE a dialog. */
static uint32_t sent_max(uint32_t max_usages)
{
    return (1 + SIP_STACK_DIALOGS_PER_USAGE) * max_usages;
}

bool sip_stack_tx_spare(const struct sip_stack *stack)
{
    return sip_tx_layer_stats(stack->tx).transactions < tx_max(stack->config.max_usages) / 2;
}

/* ---- making and freeing ---- */

static int copy_config(struct sip_stack *stack, const struct sip_config *config)
{
    stack->config = *config;
    struct span *const spans[] = {
        &stack->config.domain,       &stack->config.user,          &stack->config.caller,
        &stack->config.display_name, &stack->config.auth_user,     &stack->config.password,
        &stack->config.user_agent,   &stack->config.extra_headers, &stack->config.realm,
    };
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        int status = sip_text_set(&stack->texts[i], *spans[i]);
        if (status != ST_OK) {
            return status;
        }
        *spans[i] = sip_text_view(&stack->texts[i]);
    }
    return ST_OK;
}

uint64_t sip_stack_worst_case_memory(uint32_t max_usages)
{
    /* INVITE (theirs as a message too), two abandoned branches, its answer, ACK and one more request are kept for sending
     * again */
    const uint64_t kept = 6 * 4096 + sizeof(struct sip_msg);
    const uint64_t writers = 6 * (uint64_t)SIP_DATAGRAM_MAX;
    const uint64_t challenges = 2 * SIP_AUTH_REALMS_MAX * (uint64_t)SIP_AUTH_TEXT_MAX; /* of the registration; realms */
    const uint64_t rare =
        sizeof(struct sip_auth) + sizeof(struct sip_inv_targets) + SIP_SERVERS_MAX * sizeof(struct net_addr);
    uint64_t usage = sizeof(struct sip_inv) + SIP_STACK_DIALOGS_PER_USAGE * sizeof(struct sip_dialog) + kept + rare;
    return sizeof(struct sip_stack) + writers + challenges + max_usages * usage +
           sip_tx_layer_memory(tx_max(max_usages)) + sip_guard_memory(max_usages) + sip_inv_index_memory(max_usages) +
           sip_sent_index_memory(sent_max(max_usages));
}

static int make_pools(struct sip_stack *stack, uint32_t max)
{
    uint32_t seed = rng_u32(stack->config.rng);
    struct sip_tx_config tx = {
        .max = tx_max(max),
        .send = send_hook,
        .send_ctx = stack,
        .trace = trace_hook,
        .trace_ctx = stack,
        .log = stack->config.log,
        .hash_seed = seed,
    };

    stack->scratch = malloc(SIP_DATAGRAM_MAX);
    stack->lines = malloc(SIP_DATAGRAM_MAX);
    stack->masked = malloc(2 * SIP_DATAGRAM_MAX);
    stack->tx = sip_tx_layer_new(&tx);
    if (stack->scratch == NULL || stack->lines == NULL || stack->masked == NULL || stack->tx == NULL) {
        return ST_NO_MEMORY;
    }
    int status = pool_init(&stack->usages, sizeof(struct sip_inv), max);
    if (status == ST_OK) {
        status = pool_init(&stack->dialogs, sizeof(struct sip_dialog), SIP_STACK_DIALOGS_PER_USAGE * max);
    }
    if (status == ST_OK) {
        status = sip_inv_index_init(&stack->by_call_id, max, seed);
    }
    if (status == ST_OK) {
        status = sip_sent_index_init(&stack->sent, sent_max(max), seed);
    }
    if (status == ST_OK) {
        status = timerq_init(&stack->timers, SIP_INV_TMR_COUNT * max);
    }
    if (status == ST_OK) {
        status = sip_keepalive_open(stack);
    }
    return status == ST_OK ? sip_registration_open(stack) : status;
}

struct sip_stack *sip_stack_new(const struct sip_config *config, const struct sip_hooks *hooks)
{
    struct sip_stack *stack = calloc(1, sizeof(*stack));

    if (stack == NULL) {
        return NULL;
    }
    stack->hooks = *hooks;
    write_allow(stack);
    for (size_t i = 0; i < SIP_DIALOG_NEED_COUNT; i++) {
        list_init(&stack->spare[i]);
    }
    list_init(&stack->lingering);
    list_init(&stack->dead);
    int status = config->max_usages > 0 && config->max_usages <= SIP_STACK_USAGES_MAX ? ST_OK : ST_BAD;
    if (status == ST_OK) {
        status = copy_config(stack, config);
        sip_servers_set(&stack->servers, &config->next_hop, config->next_hop.family != 0 ? 1 : 0);
    }
    if (status == ST_OK) {
        config->rng->fill(config->rng->ctx, stack->secret, SIP_STACK_SECRET_LEN);
        status = make_pools(stack, config->max_usages);
    }
    if (status == ST_OK) {
        status = sip_guard_init(&stack->guard, config);
    }
    if (status == ST_OK) {
        status = sip_realms_init(stack);
    }
    if (status != ST_OK) {
        sip_stack_free(stack);
        return NULL;
    }
    return stack;
}

void sip_stack_free(struct sip_stack *stack)
{
    struct sip_inv *usage;

    if (stack == NULL) {
        return;
    }
    for (uint32_t slot = 0; (usage = pool_next(&stack->usages, &slot, NULL)) != NULL; slot++) {
        sip_inv_free(usage);
    }
    sip_inv_index_fini(&stack->by_call_id);
    sip_sent_index_fini(&stack->sent);
    pool_fini(&stack->usages);
    pool_fini(&stack->dialogs);
    timerq_fini(&stack->timers);
    sip_keepalive_close(stack);
    sip_registration_close(stack);
    sip_tx_layer_free(stack->tx);
    sip_guard_fini(&stack->guard);
    sip_realms_fini(stack);
    for (size_t i = 0; i < sizeof(stack->texts) / sizeof(stack->texts[0]); i++) {
        secret_wipe(stack->texts[i].ptr, stack->texts[i].len);
        sip_text_clear(&stack->texts[i]);
    }
    secret_wipe(stack->secret, sizeof(stack->secret));
    free(stack->scratch);
    free(stack->lines);
    free(stack->masked);
    free(stack);
}

/* ---- time ---- */

mono_us sip_stack_due(const struct sip_stack *stack)
{
    mono_us calls = mono_earlier(sip_tx_due(stack->tx), timerq_due(&stack->timers));

    return mono_earlier(calls, mono_earlier(sip_keepalive_due(stack), sip_registration_due(stack)));
}

void sip_stack_expire(struct sip_stack *stack, mono_us now)
{
    struct timerq_entry *entry;

    sip_tx_expire(stack->tx, now);
    while ((entry = timerq_pop(&stack->timers, now)) != NULL) {
        sip_inv_timer_due(entry, now);
    }
    sip_keepalive_expire(stack, now);
    sip_registration_expire(stack, now);
}

void sip_stack_start(struct sip_stack *stack, mono_us now)
{
    stack->started = true;
    sip_keepalive_send(stack, now);
    sip_registration_start(stack, now);
}

void sip_stack_stop(struct sip_stack *stack, mono_us now)
{
    stack->started = false;
    sip_keepalive_stop(stack);
    sip_registration_stop(stack, now);
}

void sip_stack_reap(struct sip_stack *stack)
{
    for (struct list_node *n; (n = list_first(&stack->dead)) != NULL;) {
        sip_inv_free(LIST_OWNER(n, struct sip_inv, node));
    }
    sip_tx_reap(stack->tx);
}

/* ---- questions ---- */

struct sip_stats sip_stack_stats(const struct sip_stack *stack)
{
    struct sip_stats stats = stack->stats;
    struct sip_tx_stats tx = sip_tx_layer_stats(stack->tx);

    stats.usages = stack->usages.used;
    stats.transactions = tx.transactions;
    stats.timers = tx.timers + stack->timers.len;
    stats.dropped_cells += tx.dropped_cells;
    stats.retransmits_out += tx.retransmits_out;
    return stats;
}

uint32_t sip_stack_busy(const struct sip_stack *stack)
{
    return stack->busy + (sip_registration_is_leaving(stack) ? 1 : 0);
}
