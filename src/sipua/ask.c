/* SPDX-License-Identifier: MIT */
#include "ask.h"

#include "stack.h"

#define LINES_MAX (SIP_AUTH_REALMS_MAX * (SIP_AUTH_TEXT_MAX + 1024))

/* ---- opening ---- */

static int set_addresses(struct sip_ask *ask, bool to_user)
{
    const struct sip_config *config = &ask->stack->config;
    char tag[SIP_ASK_TAG_LEN + 1];
    char uri_text[1024];
    char value[1024 + 64];
    struct outbuf uri;
    struct outbuf out;
    struct span user = config->user.len > 0 ? config->user : config->caller;

    outbuf_init(&uri, uri_text, sizeof(uri_text));
    sip_put_uri(&uri, user.len > 0 ? user : SPAN_LIT("anonymous"), config->domain, 0);
    rng_token(config->rng, tag, SIP_ASK_TAG_LEN);
    outbuf_init(&out, value, sizeof(value));
    sip_put_name_addr(&out, SPAN_NONE, outbuf_view(&uri), span_cstr(tag));
    int status = outbuf_status(&uri) == ST_OK ? outbuf_status(&out) : ST_TOO_LARGE;
    if (status == ST_OK) {
        status = sip_text_set(&ask->from, outbuf_view(&out));
    }
    if (!to_user) {
        outbuf_init(&uri, uri_text, sizeof(uri_text));
        sip_put_uri(&uri, SPAN_NONE, config->domain, 0);
    }
    outbuf_init(&out, value, sizeof(value));
    sip_put_name_addr(&out, SPAN_NONE, outbuf_view(&uri), SPAN_NONE);
    return status == ST_OK ? sip_text_set(&ask->to, outbuf_view(&out)) : status;
}

int sip_ask_open(struct sip_ask *ask, struct sip_stack *stack, enum sip_method method, bool to_user, sip_ask_fn done)
{
    *ask = (struct sip_ask){.stack = stack, .done = done, .method = method, .leave_at = MONO_NEVER};
    rng_token(stack->config.rng, ask->call_id, SIP_ASK_CALL_ID_LEN);
    int status = set_addresses(ask, to_user);
    if (status == ST_OK) {
        status = sip_ask_restart(ask);
    }
    if (status != ST_OK) {
        sip_ask_close(ask);
    }
    return status;
}

void sip_ask_close(struct sip_ask *ask)
{
    sip_text_clear(&ask->from);
    sip_text_clear(&ask->to);
    sip_text_clear(&ask->uri);
    sip_auth_fini(&ask->auth);
    sip_inv_targets_clear(&ask->targets);
    *ask = (struct sip_ask){0};
}

bool sip_ask_is_open(const struct sip_ask *ask)
{
    return ask->stack != NULL;
}

bool sip_ask_is_busy(const struct sip_ask *ask)
{
    return !pool_id_is_none(ask->tx);
}

/* ---- the question ---- */

int sip_ask_restart(struct sip_ask *ask)
{
    char uri_text[1024];
    struct outbuf uri;

    outbuf_init(&uri, uri_text, sizeof(uri_text));
    sip_put_uri(&uri, SPAN_NONE, ask->stack->config.domain, 0);
    sip_auth_restart(&ask->auth);
    sip_inv_targets_clear(&ask->targets);
    ask->tried_count = 0;
    int status = outbuf_status(&uri);
    if (status == ST_OK) {
        status = sip_text_set(&ask->uri, outbuf_view(&uri));
    }
    if (status == ST_OK) {
        status = sip_text_set(&ask->targets.tried[0], outbuf_view(&uri));
        ask->targets.tried_count = 1;
    }
    return status;
}

static void write_request(struct sip_ask *ask, const struct sip_ask_form *form, struct span extra, struct outbuf *out)
{
    const struct sip_config *config = &ask->stack->config;
    char branch[SIP_BRANCH_LEN + 1];

    sip_branch_new(config->rng, branch);
    struct sip_request_form request = {
        .method = span_cstr(sip_method_name(ask->method)),
        .uri = sip_text_view(&ask->uri),
        .local = config->local,
        .branch = span_cstr(branch),
        .from = sip_text_view(&ask->from),
        .to = sip_text_view(&ask->to),
        .call_id = span_cstr(ask->call_id),
        .cseq = ask->cseq,
        .route = ask->method != SIP_METHOD_REGISTER ? sip_registration_route(ask->stack) : SPAN_NONE,
        .contact = form->contact,
        .allow = true,
        .supported = form->supported,
        .accept = form->accept,
        .user_agent = config->user_agent,
        .extra = extra,
    };
    sip_write_request(out, &request);
}

/* ---- servers ---- */

struct net_addr sip_ask_server(const struct sip_ask *ask)
{
    return ask->tried_count > 0 ? ask->tried[ask->tried_count - 1] : (struct net_addr){0};
}

static const struct net_addr *next_server(const struct sip_ask *ask)
{
    const struct sip_stack *stack = ask->stack;

    return sip_servers_next(&stack->servers, stack->now, ask->tried, ask->tried_count, true);
}

static bool has_server(struct sip_ask *ask)
{
    const struct net_addr *first = sip_stack_server(ask->stack, ask->stack->now);

    if (ask->tried_count == 0 && first != NULL) {
        ask->tried[ask->tried_count++] = *first;
    }
    return ask->tried_count > 0;
}

/* True: there is another one, and it is the one to ask. */
static bool goes_on(struct sip_ask *ask, int64_t retry_after)
{
    struct net_addr failed = sip_ask_server(ask);

    sip_stack_server_failed(ask->stack, ask->stack->now, &failed, retry_after);
    const struct net_addr *next = ask->tried_count < SIP_SERVERS_MAX ? next_server(ask) : NULL;
    if (next == NULL) {
        return false;
    }
    ask->tried[ask->tried_count++] = *next;
    sip_auth_restart(&ask->auth);
    return true;
}

/* ---- sending ---- */

static void on_notice(void *ctx, mono_us now, const struct sip_tx_notice *notice);

int sip_ask_send(struct sip_ask *ask, const struct sip_ask_form *form)
{
    struct sip_stack *stack = ask->stack;
    struct outbuf lines;

    if (sip_ask_is_busy(ask) || !has_server(ask)) {
        return ST_STATE;
    }
    /* The log's buffer is free until the message is sent; scratch is for the message. */
    outbuf_init(&lines, stack->masked, LINES_MAX);
    int status = sip_stack_write_credentials(stack, &ask->auth, span_cstr(sip_method_name(ask->method)),
                                             sip_text_view(&ask->uri), &lines);
    outbuf_span(&lines, form->extra);
    if (status == ST_OK) {
        status = outbuf_status(&lines);
    }
    if (status != ST_OK) {
        return status;
    }
    ask->cseq++;
    struct outbuf out = sip_stack_writer(stack);
    write_request(ask, form, outbuf_view(&lines), &out);
    status = outbuf_status(&out);
    if (status != ST_OK) {
        return status;
    }
    struct sip_tx_owner owner = {.notice = on_notice, .ctx = ask};
    struct net_addr server = sip_ask_server(ask);
    ask->leave_at = next_server(ask) != NULL ? stack->now + SIP_ASK_PATIENCE : MONO_NEVER;
    return sip_tx_request(stack->tx, stack->now, &server, outbuf_view(&out), &owner, &ask->tx);
}

/* ---- answers ---- */

static enum sip_ask_end end_of(struct sip_ask *ask, const struct sip_msg *message, const struct net_addr *source)
{
    struct net_addr server = sip_ask_server(ask);
    int code = message->status;

    if (code == 503) {
        return goes_on(ask, message->retry_after) ? SIP_ASK_AGAIN : SIP_ASK_ANSWERED;
    }
    sip_stack_server_answered(ask->stack, ask->stack->now, &server);
    if (code == 401 || code == 407) {
        struct sip_challenged what = {.uri = sip_text_view(&ask->uri),
                                      .is_register = ask->method == SIP_METHOD_REGISTER,
                                      .redirected = ask->targets.tried_count > 1};
        int status = sip_stack_challenge(ask->stack, &ask->auth, message, source, &what);
        return status == ST_OK ? SIP_ASK_AGAIN : SIP_ASK_REFUSED;
    }
    /* 305 names a proxy and 380 another service: neither is an address to put into the Request-URI. */
    if (code >= 300 && code < 400 && code != 305 && code != 380) {
        sip_inv_targets_add(&ask->targets, message);
        if (sip_inv_targets_next(&ask->targets, &ask->uri)) {
            sip_auth_restart(&ask->auth);
            return SIP_ASK_AGAIN;
        }
    }
    return SIP_ASK_ANSWERED;
}

static void finish(struct sip_ask *ask, enum sip_ask_end end, const struct sip_msg *message,
                   const struct net_addr *source)
{
    ask->tx = POOL_ID_NONE;
    ask->leave_at = MONO_NEVER;
    if (message != NULL) {
        end = end_of(ask, message, source);
    } else if (goes_on(ask, -1)) {
        end = SIP_ASK_AGAIN;
    }
    ask->done(ask, end, message);
}

static void on_notice(void *ctx, mono_us now, const struct sip_tx_notice *notice)
{
    struct sip_ask *ask = ctx;
    struct sip_stack *stack = ask->stack;

    if (!pool_id_eq(notice->tx, ask->tx)) {
        return;
    }
    stack->now = now;
    if (notice->kind == SIP_TX_PROVISIONAL) {
        ask->leave_at = MONO_NEVER; /* it is at work */
    } else if (sip_tx_notice_is_ending(notice->kind)) {
        sip_tx_disown(stack->tx, ask->tx);
        finish(ask, notice->kind == SIP_TX_TRANSPORT ? SIP_ASK_BROKEN : SIP_ASK_SILENT,
               notice->kind == SIP_TX_FINAL ? notice->message : NULL, notice->source);
    }
}

mono_us sip_ask_due(const struct sip_ask *ask)
{
    return sip_ask_is_busy(ask) ? ask->leave_at : MONO_NEVER;
}

void sip_ask_expire(struct sip_ask *ask)
{
    if (sip_ask_due(ask) <= ask->stack->now) {
        sip_tx_kill(ask->stack->tx, ask->tx);
        finish(ask, SIP_ASK_SILENT, NULL, NULL);
    }
}

void sip_ask_unreachable(struct sip_ask *ask, const struct net_addr *addr)
{
    struct net_addr server = sip_ask_server(ask);

    if (sip_ask_due(ask) != MONO_NEVER && addr_equal(&server, addr)) {
        ask->leave_at = ask->stack->now;
    }
}
