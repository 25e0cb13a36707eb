/* SPDX-License-Identifier: MIT */
/* Our address as the server sees it: received and rport of the top Via of its responses (RFC 3581). One change in 30
 * s: a NAT with another port for each datagram would be a loop of REGISTERs without end. */
#include "stack.h"

/* A NAT that shows another address with every packet must not make us register without end. */
#define LEARN_HOLD DUR_S(30)

void sip_stack_tell_account(struct sip_stack *stack, enum sip_account_event event)
{
    if (stack->hooks.account != NULL) {
        stack->hooks.account(stack->hooks.ctx, event, &stack->config.local);
    }
}

/* Our address as the far end saw it: the sent-by, corrected by received and rport (RFC 3581 4). False: the far end says
 * nothing of it. */
static bool seen_address(const struct sip_msg *response, uint16_t our_port, struct net_addr *seen)
{
    const struct sip_via *via = &response->via;

    if (via->received.len == 0 && via->rport == 0) {
        return false;
    }
    if (addr_parse_ip(via->received.len > 0 ? via->received : via->host, seen) != ST_OK) {
        return false;
    }
    *seen = addr_unmapped(*seen);
    seen->port = via->rport != 0 ? via->rport : our_port;
    return !addr_is_any(seen) && !addr_is_group(seen);
}

void sip_stack_learn_local(struct sip_stack *stack, mono_us now, const struct sip_msg *response)
{
    struct net_addr *local = &stack->config.local;
    struct net_addr seen;
    char text[ADDR_TEXT_MAX];

    if (!stack->config.learn_local || !stack->started || !seen_address(response, local->port, &seen) ||
        seen.family != local->family || (addr_same_ip(&seen, local) && seen.port == local->port) ||
        now < stack->learn_after) {
        return;
    }
    stack->learn_after = now + LEARN_HOLD;
    *local = seen;
    log_write(stack->config.log, LOG_INFO, LOG_TEXT(stack->config.log, SIP_ADDRESS_SEEN), addr_text(local, text));
    sip_stack_tell_account(stack, SIP_ACCOUNT_ADDRESS);
    sip_registration_moved(stack, now);
}

void sip_stack_set_local(struct sip_stack *stack, mono_us now, const struct net_addr *local)
{
    stack->config.local = *local;
    stack->learn_after = now;
    sip_registration_moved(stack, now);
    if (stack->started) {
        sip_keepalive_send(stack, now);
    }
}
