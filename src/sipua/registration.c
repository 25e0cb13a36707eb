/* SPDX-License-Identifier: MIT */
#include "registration.h"

#include <assert.h>

#include "stack.h"

/* The first OPTIONS has this long to tell our address before the first REGISTER goes out without it. */
#define SOON    DUR_S(1)
#define URI_MAX 1024

static const uint32_t send_actions = SIP_REGISTRATION_ACT_SEND | SIP_REGISTRATION_ACT_SEND_REMOVE;
static const uint32_t arm_actions = SIP_REGISTRATION_ACT_ARM_SOON | SIP_REGISTRATION_ACT_ARM_REFRESH |
                                    SIP_REGISTRATION_ACT_ARM_RETRY | SIP_REGISTRATION_ACT_ARM_LAPSE;

/* What an event brings along. */
struct input {
    int code;
    struct span reason;
    bool refused;
    uint32_t seconds;    /* OK */
    int64_t retry_after; /* seconds; -1: not said */
};

static void registration_step(struct sip_stack *stack, mono_us now, enum sip_registration_event event,
                              const struct input *in);

/* ---- timers ---- */

static void registration_arm(struct sip_stack *stack, mono_us now, uint32_t actions, const struct input *in)
{
    struct sip_registration *reg = &stack->registration;
    const struct rng *rng = stack->config.rng;

    if ((actions & SIP_REGISTRATION_ACT_ARM_SOON) != 0) {
        reg->timers[SIP_REGISTRATION_TMR_NEXT] =
            now + (sip_request_is_open(&stack->keepalive.options.request) ? SOON : 0);
    }
    if ((actions & SIP_REGISTRATION_ACT_ARM_REFRESH) != 0) {
        reg->failures = 0;
        reg->timers[SIP_REGISTRATION_TMR_NEXT] = now + sip_registration_refresh_after(in->seconds, rng);
    }
    if ((actions & SIP_REGISTRATION_ACT_ARM_RETRY) != 0) {
        reg->failures++;
        reg->timers[SIP_REGISTRATION_TMR_NEXT] =
            now + sip_registration_retry_after(reg->failures, in->refused, in->retry_after, rng);
    }
    if ((actions & SIP_REGISTRATION_ACT_ARM_LAPSE) != 0) {
        reg->timers[SIP_REGISTRATION_TMR_LAPSE] = now + DUR_S(in->seconds);
    }
}

static void keep_timers(struct sip_registration *reg, uint32_t hold)
{
    for (uint32_t t = 0; t < SIP_REGISTRATION_TMR_COUNT; t++) {
        if ((hold >> t & 1) == 0) {
            reg->timers[t] = MONO_NEVER;
        }
    }
}

mono_us sip_registration_due(const struct sip_stack *stack)
{
    const struct sip_registration *reg = &stack->registration;
    mono_us next = reg->timers[SIP_REGISTRATION_TMR_NEXT];
    mono_us lapse = reg->timers[SIP_REGISTRATION_TMR_LAPSE];

    mono_us leave = sip_request_due(&reg->request.request);
    return mono_earlier(mono_earlier(reg->broken_at, leave), mono_earlier(next, lapse));
}

void sip_registration_expire(struct sip_stack *stack, mono_us now)
{
    struct sip_registration *reg = &stack->registration;

    if (reg->broken_at <= now) {
        reg->broken_at = MONO_NEVER;
        struct input in = {.code = 503, .reason = span_cstr(sip_reason_phrase(503)), .retry_after = -1};
        if (sip_stack_server(stack, now) == NULL) {
            in.reason = SPAN_LIT("no address of the SIP server is known yet");
        }
        registration_step(stack, now, SIP_REGISTRATION_EV_FAILED, &in);
    }
    if (sip_request_is_busy(&reg->request.request)) {
        sip_request_expire(&reg->request.request, now);
    }
    for (uint32_t t = 0; t < SIP_REGISTRATION_TMR_COUNT; t++) {
        if (reg->timers[t] <= now) {
            reg->timers[t] = MONO_NEVER;
            registration_step(stack, now, (enum sip_registration_event)(SIP_REGISTRATION_EV_NEXT + t),
                              &(struct input){.retry_after = -1});
        }
    }
}

/* ---- sending ---- */

static int write_contact(struct sip_stack *stack, char *uri_text, struct span *uri)
{
    struct outbuf out;

    outbuf_init(&out, uri_text, URI_MAX);
    sip_put_uri_addr(&out, stack->config.user, &stack->config.local);
    *uri = outbuf_view(&out);
    return outbuf_status(&out);
}

static void put_binding(struct outbuf *out, struct span uri, uint32_t seconds)
{
    outbuf_str(out, out->len > 0 ? ", <" : "<");
    outbuf_span(out, uri);
    outbuf_printf(out, ">;expires=%u", (unsigned)seconds);
}

/* One request brings the new address and takes the old one away, so that no call is offered to both. */
static int send_register(struct sip_stack *stack, mono_us now, bool remove)
{
    struct sip_registration *reg = &stack->registration;
    char uri_text[URI_MAX];
    char contact[3 * URI_MAX];
    char expires[32];
    struct outbuf value;
    struct outbuf extra;
    struct span uri;
    struct span bound = sip_text_view(&reg->bound);
    int status = write_contact(stack, uri_text, &uri);

    outbuf_init(&value, contact, sizeof(contact));
    outbuf_init(&extra, expires, sizeof(expires));
    if (status == ST_OK && !remove) {
        status = sip_text_set(&reg->sent, uri);
        put_binding(&value, uri, reg->asked_s);
    } else if (bound.len == 0) {
        bound = sip_text_view(&reg->sent);
    }
    if (bound.len > 0 && (remove || !span_eq(bound, uri))) {
        put_binding(&value, bound, 0);
    }
    outbuf_printf(&extra, "Expires: %u\r\n", remove ? 0U : (unsigned)reg->asked_s);
    struct sip_request_parts parts = {
        .contact = outbuf_view(&value), .supported = SPAN_LIT("path"), .extra = outbuf_view(&extra), .allow = true};
    if (status == ST_OK) {
        status = outbuf_status(&value);
    }
    return status == ST_OK ? sip_request_send(&reg->request.request, now, &parts) : status;
}

static void act_send(struct sip_stack *stack, mono_us now, uint32_t actions)
{
    struct sip_registration *reg = &stack->registration;
    int status = ST_OK;

    if ((actions & SIP_REGISTRATION_ACT_BEGIN) != 0) {
        reg->rounds = 0;
        status = sip_request_restart(&reg->request);
    }
    if ((actions & send_actions) != 0) {
        reg->rounds++;
        if (status == ST_OK) {
            status = send_register(stack, now, (actions & SIP_REGISTRATION_ACT_SEND_REMOVE) != 0);
        }
        reg->broken_at = status != ST_OK ? now : MONO_NEVER;
    }
}

/* ---- telling ---- */

static void tell_failed(struct sip_stack *stack, mono_us now, const struct input *in)
{
    struct sip_registration *reg = &stack->registration;
    const struct log *log = stack->config.log;
    char reason[TEXT_SAFE_MAX + 1];
    dur_us wait = reg->timers[SIP_REGISTRATION_TMR_NEXT] - now;
    unsigned seconds = (unsigned)((wait + DUR_S(1) - 1) / DUR_S(1));

    (void)text_safe(in->reason, reason);
    if (in->refused) {
        log_write(log, LOG_ERROR, LOG_TEXT(log, SIP_REGISTER_REFUSED), in->code, reason, seconds);
    } else {
        log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_REGISTER_FAILED), in->code, reason, seconds);
    }
}

/* Once for each change: the same answer to the next tries is news to nobody. */
static void act_tell(struct sip_stack *stack, mono_us now, uint32_t actions, bool was_up, const struct input *in)
{
    struct sip_registration *reg = &stack->registration;
    const struct log *log = stack->config.log;

    if ((actions & SIP_REGISTRATION_ACT_TELL_UP) != 0) {
        if (!was_up || reg->told_code != 0) {
            log_write(log, LOG_INFO, LOG_TEXT(log, SIP_REGISTERED), SPAN_ARG(sip_text_view(&reg->bound)),
                      (unsigned)in->seconds);
        }
        reg->told_code = 0;
    } else if ((actions & (SIP_REGISTRATION_ACT_TELL_DOWN | SIP_REGISTRATION_ACT_TELL_HELD)) != 0) {
        if (in->code != reg->told_code) {
            tell_failed(stack, now, in);
        }
        reg->told_code = in->code;
    } else if ((actions & SIP_REGISTRATION_ACT_TELL_LAPSED) != 0) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_REGISTER_LAPSED));
    } else if ((actions & SIP_REGISTRATION_ACT_TELL_REMOVED) != 0) {
        log_write(log, LOG_INFO, LOG_TEXT(log, SIP_REGISTER_REMOVED));
    }
    bool is_up = sip_registration_state_is_up(reg->state);
    if (is_up != was_up) {
        sip_stack_tell_account(stack, is_up ? SIP_ACCOUNT_REGISTERED : SIP_ACCOUNT_UNREGISTERED);
    }
}

/* ---- carrying out ---- */

static void act_keep(struct sip_registration *reg, uint32_t actions)
{
    if ((actions & SIP_REGISTRATION_ACT_KEEP) != 0) {
        sip_text_clear(&reg->bound);
        reg->bound = reg->sent; /* moved: the next REGISTER writes it anew */
        reg->sent = (struct sip_text){0};
    }
    if ((actions & SIP_REGISTRATION_ACT_FORGET) != 0) {
        sip_text_clear(&reg->bound);
        sip_text_clear(&reg->service_route);
    }
}

static void registration_enter(struct sip_stack *stack, enum sip_registration_state next,
                               enum sip_registration_event event)
{
    struct sip_registration *reg = &stack->registration;
    enum sip_registration_state from = reg->state;

    reg->state = next;
    if (next != from) {
        log_write(stack->config.log, LOG_DEBUG, "%s: registration %s > %s on %s", reg->request.call_id,
                  sip_registration_state_name((int)from), sip_registration_state_name((int)next),
                  sip_registration_event_name((int)event));
    }
    keep_timers(reg, sip_registration_hold[next]);
}

static void registration_step(struct sip_stack *stack, mono_us now, enum sip_registration_event event,
                              const struct input *in)
{
    struct sip_registration *reg = &stack->registration;
    const struct log *log = stack->config.log;
    const struct fsm_cell *cell = &sip_registration_table[reg->state][event];
    bool was_up = sip_registration_state_is_up(reg->state);

    if (cell->rule != FSM_GO) {
        assert(cell->rule == FSM_DROP);
        if (cell->rule != FSM_DROP) {
            log_write(log, LOG_ERROR, LOG_TEXT(log, SIP_REGISTER_CANNOT), sip_registration_state_name((int)reg->state),
                      sip_registration_event_name((int)event));
        }
        stack->stats.dropped_cells++;
        return;
    }
    registration_enter(stack, (enum sip_registration_state)cell->next, event);
    if ((cell->actions & arm_actions) != 0) {
        registration_arm(stack, now, cell->actions, in);
    }
    act_keep(reg, cell->actions);
    act_send(stack, now, cell->actions);
    act_tell(stack, now, cell->actions, was_up, in);
}

/* ---- answers ---- */

static bool is_outdated(struct sip_stack *stack)
{
    char uri_text[URI_MAX];
    struct span uri;

    return write_contact(stack, uri_text, &uri) == ST_OK && !span_eq(uri, sip_text_view(&stack->registration.sent));
}

static void take_route(struct sip_stack *stack, const struct sip_msg *message)
{
    struct sip_registration *reg = &stack->registration;
    const struct log *log = stack->config.log;
    bool is_first = !sip_registration_state_is_up(reg->state); /* else it has been said */

    if (sip_registration_take_route(reg, message) != ST_OK && is_first) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_SERVICE_ROUTE_BAD));
    }
}

static enum sip_registration_event registration_judge(struct sip_stack *stack, const struct sip_msg *message,
                                                      struct input *in)
{
    struct sip_registration *reg = &stack->registration;
    struct sip_registration_answer answer = sip_registration_read(message, sip_text_view(&reg->sent), reg->asked_s);

    in->seconds = answer.seconds;
    in->retry_after = answer.retry_after;
    if (reg->state == SIP_REGISTRATION_ST_LEAVING && message->status < 300) {
        return SIP_REGISTRATION_EV_OK; /* what is left is somebody else's */
    }
    if (answer.event == SIP_REGISTRATION_EV_AGAIN) {
        reg->asked_s = answer.seconds;
    }
    if (answer.event == SIP_REGISTRATION_EV_OK) {
        take_route(stack, message);
    }
    if (answer.event == SIP_REGISTRATION_EV_OK && is_outdated(stack)) {
        return SIP_REGISTRATION_EV_OUTDATED;
    }
    return answer.event;
}

static enum sip_registration_event registration_event_of(struct sip_stack *stack, enum sip_request_end end,
                                                         const struct sip_msg *message, struct input *in)
{
    switch (end) {
    case SIP_REQUEST_ANSWERED: return registration_judge(stack, message, in);
    case SIP_REQUEST_AGAIN: return SIP_REGISTRATION_EV_AGAIN;
    case SIP_REQUEST_REFUSED:
        /* the next try begins without: what is wrong is not said once more than needed */
        sip_auth_fini(&stack->registration.request.auth);
        return SIP_REGISTRATION_EV_REFUSED;
    case SIP_REQUEST_SILENT:
    case SIP_REQUEST_BROKEN:
    case SIP_REQUEST_CLASH:
    case SIP_REQUEST_GONE:
    case SIP_REQUEST_END_COUNT: break; /* the last three are of dialogs */
    }
    in->code = end == SIP_REQUEST_SILENT ? 408 : 503;
    in->reason = span_cstr(sip_reason_phrase(in->code));
    return SIP_REGISTRATION_EV_FAILED;
}

static void registration_on_end(struct sip_request *request, mono_us now, enum sip_request_end end,
                                const struct sip_msg *message)
{
    struct sip_stack *stack = request->stack;
    struct sip_registration *reg = &stack->registration;
    struct net_addr server = sip_request_server(&reg->request);
    struct input in = {.retry_after = -1};

    if (message != NULL) {
        in.code = message->status;
        in.reason = message->reason;
        sip_keepalive_registered_at(stack, &server);
    } else if (end != SIP_REQUEST_AGAIN) {
        sip_keepalive_silent(stack, &server);
    }
    enum sip_registration_event event = registration_event_of(stack, end, message, &in);
    if (event == SIP_REGISTRATION_EV_AGAIN && reg->rounds >= SIP_REGISTRATION_ROUNDS) {
        event = SIP_REGISTRATION_EV_FAILED;
    }
    in.refused = event == SIP_REGISTRATION_EV_REFUSED;
    registration_step(stack, now, event, &in);
}

/* ---- the stack's functions ---- */

int sip_registration_open(struct sip_stack *stack)
{
    struct sip_registration *reg = &stack->registration;

    keep_timers(reg, 0);
    reg->broken_at = MONO_NEVER;
    reg->asked_s = stack->config.expires_s;
    return stack->config.registers
               ? sip_request_open_outside(&reg->request, stack, SIP_METHOD_REGISTER, true, registration_on_end)
               : ST_OK;
}

void sip_registration_close(struct sip_stack *stack)
{
    sip_request_close_outside(&stack->registration.request);
    sip_text_clear(&stack->registration.sent);
    sip_text_clear(&stack->registration.bound);
    sip_text_clear(&stack->registration.service_route);
}

static void step_plain(struct sip_stack *stack, mono_us now, enum sip_registration_event event)
{
    if (sip_request_is_open(&stack->registration.request.request)) {
        registration_step(stack, now, event, &(struct input){.retry_after = -1});
    }
}

void sip_registration_start(struct sip_stack *stack, mono_us now)
{
    step_plain(stack, now, SIP_REGISTRATION_EV_START);
}

void sip_registration_stop(struct sip_stack *stack, mono_us now)
{
    step_plain(stack, now, SIP_REGISTRATION_EV_STOP);
}

void sip_registration_moved(struct sip_stack *stack, mono_us now)
{
    step_plain(stack, now, SIP_REGISTRATION_EV_MOVED);
}

void sip_registration_reached(struct sip_stack *stack, mono_us now)
{
    step_plain(stack, now, SIP_REGISTRATION_EV_REACHED);
}

void sip_registration_hurry(struct sip_stack *stack, mono_us now)
{
    mono_us *next = &stack->registration.timers[SIP_REGISTRATION_TMR_NEXT];

    if (*next != MONO_NEVER) {
        *next = now;
    }
}

bool sip_registration_is_leaving(const struct sip_stack *stack)
{
    enum sip_registration_state state = stack->registration.state;

    return state == SIP_REGISTRATION_ST_CLOSING || state == SIP_REGISTRATION_ST_LEAVING;
}

bool sip_stack_is_registered(const struct sip_stack *stack)
{
    return sip_registration_state_is_up(stack->registration.state);
}
