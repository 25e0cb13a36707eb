/* SPDX-License-Identifier: MIT */
#include "keepalive.h"

#include "stack.h"

static void keepalive_log(const struct sip_stack *stack, bool reachable, const struct net_addr *server)
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

void sip_keepalive_seen(struct sip_stack *stack, mono_us now, const struct net_addr *server)
{
    struct sip_keepalive *keepalive = &stack->keepalive;

    if (!stack->started || keepalive->reach == SIP_REACH_YES) {
        return;
    }
    keepalive->reach = SIP_REACH_YES;
    keepalive->heard = *server;
    keepalive_log(stack, true, server);
    sip_stack_tell_account(stack, SIP_ACCOUNT_REACHABLE);
    sip_registration_reached(stack, now);
}

void sip_keepalive_registered_at(struct sip_stack *stack, const struct net_addr *server)
{
    stack->keepalive.heard = *server;
}

/* Another server than before: it may not know us. */
static void keepalive_note_server(struct sip_stack *stack, mono_us now, const struct net_addr *server)
{
    struct sip_keepalive *keepalive = &stack->keepalive;

    if (!addr_equal(server, &keepalive->heard)) {
        keepalive->heard = *server;
        keepalive_log(stack, true, server);
        sip_registration_reached(stack, now);
    }
}

void sip_keepalive_silent(struct sip_stack *stack, const struct net_addr *server)
{
    struct sip_keepalive *keepalive = &stack->keepalive;

    if (!stack->started || keepalive->reach == SIP_REACH_NO || server->family == 0) {
        return;
    }
    keepalive->reach = SIP_REACH_NO;
    keepalive_log(stack, false, server);
    sip_stack_tell_account(stack, SIP_ACCOUNT_UNREACHABLE);
}

/* A little earlier each time, so that a thousand boxes do not ask in step (RFC 5626 4.4.1). */
static void keepalive_set_next(struct sip_stack *stack, mono_us now)
{
    dur_us period = stack->config.keepalive;
    dur_us fifth = period / 5;

    stack->keepalive.next = now + period - (dur_us)rng_below(stack->config.rng, (uint32_t)(fifth / 1000) + 1) * 1000;
}

static void options_send(struct sip_stack *stack, mono_us now)
{
    const struct sip_request_parts parts = {.accept = SPAN_LIT("application/sdp"), .allow = true};

    keepalive_set_next(stack, now);
    if (sip_request_send(&stack->keepalive.options.request, now, &parts) == ST_OK) {
        stack->keepalive.next = MONO_NEVER; /* set again by its end */
    }
}

static void options_on_end(struct sip_request *request, mono_us now, enum sip_request_end end,
                           const struct sip_msg *message)
{
    struct sip_stack *stack = request->stack;
    struct sip_keepalive *keepalive = &stack->keepalive;
    struct net_addr server = sip_request_server(&keepalive->options);

    if (!stack->started) {
        return;
    }
    keepalive_set_next(stack, now);
    if (message != NULL) {
        keepalive->answers = true; /* sip_keepalive_seen was called when it came */
        keepalive_note_server(stack, now, &server);
    } else if (end == SIP_REQUEST_AGAIN) {
        options_send(stack, now);
    } else if (end == SIP_REQUEST_BROKEN || keepalive->answers || keepalive->reach == SIP_REACH_UNKNOWN) {
        /* a server that answers everything but OPTIONS is reachable all the same */
        sip_keepalive_silent(stack, &server);
    }
}

int sip_keepalive_open(struct sip_stack *stack)
{
    stack->keepalive.next = MONO_NEVER;
    return stack->config.keepalive == 0
               ? ST_OK
               : sip_request_open_outside(&stack->keepalive.options, stack, SIP_METHOD_OPTIONS, false, options_on_end);
}

void sip_keepalive_close(struct sip_stack *stack)
{
    sip_request_close_outside(&stack->keepalive.options);
}

void sip_keepalive_send(struct sip_stack *stack, mono_us now)
{
    struct sip_keepalive *keepalive = &stack->keepalive;

    if (sip_request_is_open(&keepalive->options.request) && !sip_request_is_busy(&keepalive->options.request)) {
        keepalive_set_next(stack, now);
        if (sip_request_restart(&keepalive->options) == ST_OK) {
            options_send(stack, now);
        }
    }
}

void sip_keepalive_stop(struct sip_stack *stack)
{
    stack->keepalive.next = MONO_NEVER;
}

void sip_keepalive_hurry(struct sip_stack *stack, mono_us now)
{
    if (stack->keepalive.next != MONO_NEVER) {
        stack->keepalive.next = now;
    }
}

mono_us sip_keepalive_due(const struct sip_stack *stack)
{
    mono_us leave = sip_request_due(&stack->keepalive.options.request);

    return leave < stack->keepalive.next ? leave : stack->keepalive.next;
}

void sip_keepalive_expire(struct sip_stack *stack, mono_us now)
{
    if (sip_request_is_busy(&stack->keepalive.options.request)) {
        sip_request_expire(&stack->keepalive.options.request, now);
    } else if (stack->keepalive.next <= now) {
        sip_keepalive_send(stack, now);
    }
}
