/* SPDX-License-Identifier: MIT */
#include "stack_guard.h"

#include <stdlib.h>

#include "stack.h"

#define KNOWN_PER_SECOND       1000
#define USAGE_PER_SECOND       10
#define ALL_UNKNOWN_PER_SECOND 1000
#define UNKNOWN_PER_SECOND     20
#define OPTIONS_PER_SECOND     20
#define OPTIONS_BURST          10
#define OPTIONS_ALL_BURST      50
#define LINES_BURST            32 /* lines about unknown sources, all sources together; then one a minute */
#define BURST_SECONDS          2
#define KNOWN_HEADROOM         64

static const struct rate_limit all_unknown_limit = {BURST_SECONDS * ALL_UNKNOWN_PER_SECOND,
                                                    DUR_S(1) / ALL_UNKNOWN_PER_SECOND};
static const struct rate_limit unknown_limit = {BURST_SECONDS * UNKNOWN_PER_SECOND, DUR_S(1) / UNKNOWN_PER_SECOND};
static const struct rate_limit all_options_limit = {OPTIONS_ALL_BURST, DUR_S(1) / OPTIONS_PER_SECOND};
static const struct rate_limit options_limit = {OPTIONS_BURST, DUR_S(1)};
static const struct rate_limit line_limit = {1, DUR_S(3600)};
static const struct rate_limit all_lines_limit = {LINES_BURST, DUR_S(60)};

/* ---- making ---- */

static uint32_t known_max(uint32_t max_usages)
{
    return max_usages + KNOWN_HEADROOM;
}

uint64_t sip_guard_memory(uint32_t max_usages)
{
    return rate_table_memory(known_max(max_usages)) + 3 * rate_table_memory(SIP_GUARD_UNKNOWN_MAX);
}

static int copy_allowed(struct sip_guard *guard, const struct sip_config *config)
{
    if (config->allow_count == 0) {
        return ST_OK;
    }
    guard->allow = calloc(config->allow_count, sizeof(*guard->allow));
    if (guard->allow == NULL) {
        return ST_NO_MEMORY;
    }
    memcpy(guard->allow, config->allow, config->allow_count * sizeof(*guard->allow));
    guard->allow_count = config->allow_count;
    return ST_OK;
}

int sip_guard_init(struct sip_guard *guard, const struct sip_config *config)
{
    const struct rng *rng = config->rng;
    uint32_t rate = KNOWN_PER_SECOND + USAGE_PER_SECOND * config->max_usages;
    struct rate_limit known = {BURST_SECONDS * rate, DUR_S(1) / (rate < 1000000 ? rate : 1000000)};

    if (!config->guard) {
        return ST_OK;
    }
    guard->on = true;
    int status = copy_allowed(guard, config);
    if (status == ST_OK) {
        status = rate_table_init(&guard->peers, known_max(config->max_usages), known, rng_u32(rng));
    }
    if (status == ST_OK) {
        status = rate_table_init(&guard->unknown, SIP_GUARD_UNKNOWN_MAX, unknown_limit, rng_u32(rng));
    }
    if (status == ST_OK) {
        status = rate_table_init(&guard->options, SIP_GUARD_UNKNOWN_MAX, options_limit, rng_u32(rng));
    }
    if (status == ST_OK) {
        status = rate_table_init(&guard->lines, SIP_GUARD_UNKNOWN_MAX, line_limit, rng_u32(rng));
    }
    return status;
}

void sip_guard_fini(struct sip_guard *guard)
{
    free(guard->allow);
    rate_table_fini(&guard->peers);
    rate_table_fini(&guard->unknown);
    rate_table_fini(&guard->options);
    rate_table_fini(&guard->lines);
    memset(guard, 0, sizeof(*guard));
}

/* ---- judging ---- */

bool sip_guard_is_server(const struct sip_stack *stack, const struct net_addr *addr)
{
    if (stack->config.next_hop.family != 0 && addr_same_ip(&stack->config.next_hop, addr)) {
        return true;
    }
    for (uint32_t i = 0; i < stack->servers.count; i++) {
        if (addr_same_ip(&stack->servers.list[i].addr, addr)) {
            return true;
        }
    }
    return false;
}

bool sip_guard_trusts(const struct sip_stack *stack, const struct net_addr *from)
{
    const struct sip_guard *guard = &stack->guard;
    struct net_addr plain = addr_unmapped(*from);

    if (!guard->on || (guard->allow_count == 0 && sip_guard_is_server(stack, from))) {
        return true;
    }
    for (uint32_t i = 0; i < guard->allow_count; i++) {
        if (addr_in_cidr(&plain, &guard->allow[i])) {
            return true;
        }
    }
    return false;
}

bool sip_guard_datagram(struct sip_stack *stack, mono_us now, const struct net_addr *from)
{
    struct sip_guard *guard = &stack->guard;
    struct rate_key key = rate_key_network(from);
    bool passes;

    if (!guard->on) {
        return true;
    }
    if (sip_guard_trusts(stack, from) || rate_table_has(&guard->peers, &key)) {
        passes = rate_table_take(&guard->peers, &key, now);
    } else {
        /* one source's surplus is not to eat the others' share */
        passes = rate_table_take(&guard->unknown, &key, now) &&
                 rate_bucket_take(&guard->all_unknown, &all_unknown_limit, now);
    }
    stack->stats.limited += passes ? 0 : 1;
    return passes;
}

void sip_guard_add_peer(struct sip_stack *stack, mono_us now, const struct net_addr *from)
{
    struct rate_key key = rate_key_network(from);

    if (stack->guard.on && !rate_table_has(&stack->guard.peers, &key)) {
        (void)rate_table_take(&stack->guard.peers, &key, now);
    }
}

bool sip_guard_knows(const struct sip_stack *stack, const struct net_addr *from)
{
    struct rate_key key = rate_key_network(from);

    return sip_guard_trusts(stack, from) || rate_table_has(&stack->guard.peers, &key);
}

bool sip_guard_line(struct sip_stack *stack, mono_us now, const struct net_addr *from)
{
    struct sip_guard *guard = &stack->guard;
    struct rate_key key = rate_key_network(from);

    return rate_table_take(&guard->lines, &key, now) && rate_bucket_take(&guard->all_lines, &all_lines_limit, now);
}

static void log_refusal(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                        const struct net_addr *from)
{
    const struct log *log = stack->config.log;
    char method[TEXT_SAFE_MAX + 1];
    char addr[ADDR_TEXT_MAX];

    if (sip_guard_line(stack, now, from)) {
        log_write(log, LOG_INFO, LOG_TEXT(log, SIP_NOT_ALLOWED), text_safe(request->method_text, method),
                  addr_text(from, addr));
    }
}

bool sip_guard_request(struct sip_stack *stack, mono_us now, const struct sip_msg *request, const struct net_addr *from)
{
    struct sip_guard *guard = &stack->guard;
    struct rate_key key = rate_key_network(from);

    if (sip_guard_trusts(stack, from)) {
        return true;
    }
    if (request->method == SIP_METHOD_OPTIONS && request->to.tag.len == 0) {
        bool passes = rate_table_take(&guard->options, &key, now) &&
                      rate_bucket_take(&guard->all_options, &all_options_limit, now);
        stack->stats.limited += passes ? 0 : 1;
        return passes;
    }
    stack->stats.refused++;
    if (request->to.tag.len == 0) { /* else the late echo of a call that is over */
        log_refusal(stack, now, request, from);
    }
    return false;
}
