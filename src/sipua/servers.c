/* SPDX-License-Identifier: MIT */
/* The list of SIP servers: which is current, which was found unavailable, and until when. */
#include "stack.h"

/* A Retry-After is believed within these. */
#define UNAVAILABLE_MIN DUR_S(1)
#define UNAVAILABLE_MAX DUR_S(3600)

static struct sip_server *server_find(struct sip_servers *servers, const struct net_addr *addr)
{
    for (uint32_t i = 0; i < servers->count; i++) {
        if (addr_equal(&servers->list[i].addr, addr)) {
            return &servers->list[i];
        }
    }
    return NULL;
}

static bool is_unavailable(const struct sip_server *server, mono_us now)
{
    return server->unavailable_until > now;
}

void sip_servers_set(struct sip_servers *servers, const struct net_addr *addrs, uint32_t count)
{
    struct sip_servers old = *servers;

    *servers = (struct sip_servers){.count = 0};
    for (uint32_t i = 0; i < count && servers->count < SIP_SERVERS_MAX; i++) {
        if (server_find(servers, &addrs[i]) == NULL) {
            const struct sip_server *known = server_find(&old, &addrs[i]);
            servers->list[servers->count++] = known != NULL ? *known : (struct sip_server){.addr = addrs[i]};
        }
    }
}

const struct net_addr *sip_servers_current(const struct sip_servers *servers, mono_us now)
{
    const struct sip_server *best = NULL;

    for (uint32_t i = 0; i < servers->count; i++) {
        const struct sip_server *server = &servers->list[i];
        if (!is_unavailable(server, now)) {
            return &server->addr;
        }
        if (best == NULL || server->unavailable_until < best->unavailable_until) {
            best = server;
        }
    }
    return best != NULL ? &best->addr : NULL;
}

static bool is_among(const struct net_addr *addr, const struct net_addr *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (addr_equal(addr, &list[i])) {
            return true;
        }
    }
    return false;
}

const struct net_addr *sip_servers_next(const struct sip_servers *servers, mono_us now, const struct net_addr *tried,
                                        uint32_t tried_count, bool even_unavailable)
{
    const struct net_addr *unavailable = NULL;

    for (uint32_t i = 0; i < servers->count; i++) {
        const struct sip_server *server = &servers->list[i];
        if (is_among(&server->addr, tried, tried_count)) {
            continue;
        }
        if (!is_unavailable(server, now)) {
            return &server->addr;
        }
        if (unavailable == NULL && !server->by_retry_after) {
            unavailable = &server->addr;
        }
    }
    return even_unavailable ? unavailable : NULL;
}

static dur_us unavailable_for(int64_t retry_after)
{
    if (retry_after < 0) {
        return SIP_SERVER_UNAVAILABLE;
    }
    dur_us wait = retry_after < UNAVAILABLE_MAX / DUR_S(1) ? DUR_S(retry_after) : UNAVAILABLE_MAX;
    return wait > UNAVAILABLE_MIN ? wait : UNAVAILABLE_MIN;
}

bool sip_servers_failed(struct sip_servers *servers, mono_us now, const struct net_addr *addr, int64_t retry_after)
{
    struct sip_server *server = server_find(servers, addr);

    if (server == NULL) {
        return false;
    }
    bool was_unavailable = is_unavailable(server, now);
    /* a shorter time for another reason does not undo the one that the server asked for */
    if (!was_unavailable || !server->by_retry_after || retry_after >= 0) {
        server->unavailable_until = now + unavailable_for(retry_after);
        server->by_retry_after = retry_after >= 0;
    }
    return !was_unavailable;
}

bool sip_servers_answered(struct sip_servers *servers, mono_us now, const struct net_addr *addr)
{
    struct sip_server *server = server_find(servers, addr);

    if (server == NULL || server->unavailable_until == 0 || (server->by_retry_after && is_unavailable(server, now))) {
        return false;
    }
    server->unavailable_until = 0;
    server->by_retry_after = false;
    return true;
}

/* ---- the stack's ---- */

void sip_stack_set_servers(struct sip_stack *stack, mono_us now, const struct net_addr *addrs, uint32_t count)
{
    const struct net_addr *current = sip_stack_server(stack, now);
    struct net_addr before = current != NULL ? *current : (struct net_addr){0};

    sip_servers_set(&stack->servers, addrs, count);
    current = sip_stack_server(stack, now);
    if (stack->started && current != NULL && !addr_equal(current, &before)) {
        sip_keepalive_hurry(stack, now);
        sip_registration_hurry(stack, now);
    }
}

const struct net_addr *sip_stack_server(const struct sip_stack *stack, mono_us now)
{
    return sip_servers_current(&stack->servers, now);
}

void sip_stack_server_failed(struct sip_stack *stack, mono_us now, const struct net_addr *addr, int64_t retry_after)
{
    const struct log *log = stack->config.log;
    char text[ADDR_TEXT_MAX];

    if (sip_servers_failed(&stack->servers, now, addr, retry_after) && stack->servers.count > 1) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_SERVER_RESTS), addr_text(addr, text),
                  (long long)(unavailable_for(retry_after) / DUR_S(1)));
    }
}

void sip_stack_server_answered(struct sip_stack *stack, mono_us now, const struct net_addr *addr)
{
    const struct log *log = stack->config.log;
    char text[ADDR_TEXT_MAX];

    if (sip_servers_answered(&stack->servers, now, addr) && stack->servers.count > 1) {
        log_write(log, LOG_INFO, LOG_TEXT(log, SIP_SERVER_BACK), addr_text(addr, text));
    }
}
