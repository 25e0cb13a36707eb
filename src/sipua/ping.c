/* SPDX-License-Identifier: MIT */
#include "ping.h"

#include "stack.h"

static void log_reach(const struct sip_stack *stack, bool reachable, const struct net_addr *server)
{
    const struct log *log = stack->config.log;
    char text[ADDR_TEXT_MAX];

    (void)addr_text(server, text);
    if (reachable) {
        log_write(log, LOG_INFO, LOG_TEXT(log, SIP_REACHABLE), text);
    } else {
        log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_UNREACHABLE), text);
    }
}

void sip_ping_seen(struct sip_stack *stack, const struct net_addr *server)
{
    struct sip_ping *ping = &stack->ping;

    if (!stack->started || ping->reach == SIP_REACH_YES) {
        return;
    }
    ping->reach = SIP_REACH_YES;
    ping->heard = *server;
    log_reach(stack, true, server);
    sip_stack_tell_link(stack, SIP_LINK_REACHABLE);
    sip_registration_reached(stack);
}

void sip_ping_registered_at(struct sip_stack *stack, const struct net_addr *server)
{
    stack->ping.heard = *server;
}

/* Another server than before: it may not know us. */
static void note_server(struct sip_stack *stack, const struct net_addr *server)
{
    struct sip_ping *ping = &stack->ping;

    if (!addr_equal(server, &ping->heard)) {
        ping->heard = *server;
        log_reach(stack, true, server);
        sip_registration_reached(stack);
    }
}

void sip_ping_silent(struct sip_stack *stack, const struct net_addr *server)
{
    struct sip_ping *ping = &stack->ping;

    if (!stack->started || ping->reach == SIP_REACH_NO || server->family == 0) {
        return;
    }
    ping->reach = SIP_REACH_NO;
    log_reach(stack, false, server);
    sip_stack_tell_link(stack, SIP_LINK_UNREACHABLE);
}

/* A little earlier each time, so that a thousand boxes do not ask in step (RFC 5626 4.4.1). */
static void set_next(struct sip_stack *stack)
{
    dur_us period = stack->config.keepalive;
    dur_us fifth = period / 5;

    stack->ping.next = stack->now + period - (dur_us)rng_below(stack->config.rng, (uint32_t)(fifth / 1000) + 1) * 1000;
}

static void send(struct sip_stack *stack)
{
    const struct sip_request_parts parts = {.accept = SPAN_LIT("application/sdp"), .allow = true};

    set_next(stack);
    if (sip_request_send(&stack->ping.options.request, &parts) == ST_OK) {
        stack->ping.next = MONO_NEVER; /* set again by its end */
    }
}

static void on_done(struct sip_request *request, enum sip_request_end end, const struct sip_msg *message)
{
    struct sip_stack *stack = request->stack;
    struct sip_ping *ping = &stack->ping;
    struct net_addr server = sip_request_server(&ping->options);

    if (!stack->started) {
        return;
    }
    set_next(stack);
    if (message != NULL) {
        ping->answers = true; /* sip_ping_seen was called when it came */
        note_server(stack, &server);
    } else if (end == SIP_REQUEST_AGAIN) {
        send(stack);
    } else if (end == SIP_REQUEST_BROKEN || ping->answers || ping->reach == SIP_REACH_UNKNOWN) {
        /* a server that answers everything but OPTIONS is reachable all the same */
        sip_ping_silent(stack, &server);
    }
}

int sip_ping_open(struct sip_stack *stack)
{
    stack->ping.next = MONO_NEVER;
    return stack->config.keepalive == 0
               ? ST_OK
               : sip_request_open_outside(&stack->ping.options, stack, SIP_METHOD_OPTIONS, false, on_done);
}

void sip_ping_close(struct sip_stack *stack)
{
    sip_request_close_outside(&stack->ping.options);
}

void sip_ping_send(struct sip_stack *stack)
{
    struct sip_ping *ping = &stack->ping;

    if (sip_request_is_open(&ping->options.request) && !sip_request_is_busy(&ping->options.request)) {
        set_next(stack);
        if (sip_request_restart(&ping->options) == ST_OK) {
            send(stack);
        }
    }
}

void sip_ping_stop(struct sip_stack *stack)
{
    stack->ping.next = MONO_NEVER;
}

void sip_ping_hurry(struct sip_stack *stack)
{
    if (stack->ping.next != MONO_NEVER) {
        stack->ping.next = stack->now;
    }
}

mono_us sip_ping_due(const struct sip_stack *stack)
{
    mono_us leave = sip_request_due(&stack->ping.options.request);

    return leave < stack->ping.next ? leave : stack->ping.next;
}

void sip_ping_expire(struct sip_stack *stack)
{
    if (sip_request_is_busy(&stack->ping.options.request)) {
        sip_request_expire(&stack->ping.options.request);
    } else if (stack->ping.next <= stack->now) {
        sip_ping_send(stack);
    }
}
