/* SPDX-License-Identifier: MIT */
/* The INVITE that goes out: its offer, challenges, redirections, and what its answers mean. */
#include "inv.h"
#include "wsaudio/sipmsg/body.h"

#define URI_MAX 4096

struct span sip_inv_sdp(const struct sip_msg *message)
{
    return sip_body_read(message).sdp;
}

/* ---- sending ---- */

static int keep_credentials(struct sip_inv *usage)
{
    char lines[SIP_AUTH_TEXT_MAX + 4096];
    struct outbuf out;

    if (usage->auth == NULL) {
        return ST_OK;
    }
    outbuf_init(&out, lines, sizeof(lines));
    int status =
        sip_stack_write_credentials(usage->stack, usage->auth, SPAN_LIT("INVITE"), sip_text_view(&usage->uri), &out);
    if (status == ST_OK) {
        status = outbuf_status(&out);
    }
    return status == ST_OK ? sip_text_set(&usage->credentials, outbuf_view(&out)) : status;
}

/* The first target stays in To whatever redirections follow (8.1.3.4). */
static struct span first_target(const struct sip_inv *usage)
{
    return sip_text_view(usage->targets != NULL ? &usage->targets->tried[0] : &usage->uri);
}

static int request_invite(struct sip_inv *usage, mono_us now, struct span extra)
{
    struct sip_stack *stack = usage->stack;
    struct sip_tx_owner owner = {.notice = sip_inv_notice, .ctx = stack, .ref = usage->id, .role = SIP_INV_ROLE_INVITE};
    const struct sip_config *config = &usage->stack->config;
    char branch[SIP_BRANCH_LEN + 1];
    char contact[SIP_STACK_CONTACT_MAX];
    char to_text[URI_MAX + 2];
    struct outbuf to;

    outbuf_init(&to, to_text, sizeof(to_text));
    sip_put_name_addr(&to, SPAN_NONE, first_target(usage), SPAN_NONE);
    sip_branch_new(config->rng, branch);
    struct sip_request_form form = {
        .method = SPAN_LIT("INVITE"),
        .uri = sip_text_view(&usage->uri),
        .flow = sip_stack_flow(stack, sip_inv_server(usage)),
        .branch = span_cstr(branch),
        .from = sip_text_view(&usage->local),
        .to = outbuf_view(&to),
        .call_id = sip_text_view(&usage->call_id),
        .cseq = usage->cseq,
        .route = sip_registration_route(usage->stack),
        .contact = sip_stack_contact(usage->stack, contact),
        .allow = sip_stack_allow(usage->stack),
        .accept = SPAN_LIT("application/sdp"),
        .user_agent = config->user_agent,
        .extra = extra,
        .content_type = SPAN_LIT("application/sdp"),
        .body = sip_text_view(&usage->offer),
    };
    return sip_tx_request(stack->tx, now, &form, &owner, &usage->invite_tx);
}

int sip_inv_send_invite(struct sip_inv *usage, mono_us now)
{
    struct sip_stack *stack = usage->stack;

    sip_inv_drop_dialogs(usage, NULL);
    usage->rang = false;
    int status = keep_credentials(usage);
    if (status != ST_OK) {
        return status;
    }
    struct outbuf lines = sip_stack_lines(stack);
    outbuf_span(&lines, sip_text_view(&usage->credentials));
    outbuf_span(&lines, stack->config.extra_headers);
    status = outbuf_status(&lines);
    if (status != ST_OK) {
        return status;
    }
    usage->cseq +=
        usage->servers.failed_over ? 0 : 1; /* to another server it is the same request, but for the branch */
    usage->servers.failed_over = false;
    return request_invite(usage, now, outbuf_view(&lines));
}

int sip_inv_send_cancel(struct sip_inv *usage, mono_us now)
{
    struct sip_stack *stack = usage->stack;
    /* Nobody listens: only the INVITE's own final response counts (9.1). */
    struct sip_tx_owner owner = {.notice = NULL, .ctx = stack, .ref = usage->id, .role = SIP_INV_ROLE_CANCEL};

    return sip_tx_cancel(stack->tx, now, usage->invite_tx, &owner, NULL);
}

/* ---- notices ---- */

static struct sip_inv_input input_of(const struct sip_tx_notice *notice)
{
    struct sip_inv_input in = {.message = notice->message, .source = notice->source, .code = notice->code};

    if (notice->message != NULL) {
        in.reason = notice->message->reason;
        in.body = sip_inv_sdp(notice->message);
    }
    return in;
}

static void step_timeout(struct sip_inv *usage, mono_us now, enum sip_inv_event event, int code)
{
    char why[SIP_INV_WHY_MAX];
    struct sip_inv_input in = {.code = code, .reason = sip_inv_why(usage, code, why)};

    (void)sip_inv_step(usage, now, event, &in);
}

static void on_first_2xx(struct sip_inv *usage, mono_us now, const struct sip_tx_notice *notice)
{
    struct sip_inv_input in = input_of(notice);

    in.dialog = sip_inv_form_dialog(usage, now, notice->message, notice->source);
    if (in.dialog == NULL) {
        step_timeout(usage, now, SIP_INV_EV_BROKEN, 500);
        return;
    }
    if (in.body.len == 0) {
        in.body = sip_inv_early_answer(usage, in.dialog);
    }
    (void)sip_inv_step(usage, now, SIP_INV_EV_2XX, &in);
}

void sip_inv_extra_2xx(struct sip_inv *usage, mono_us now, const struct sip_tx_notice *notice)
{
    struct sip_inv_input in = input_of(notice);
    struct sip_dialog *known = sip_inv_find_dialog(usage, notice->message->to.tag);
    bool is_same = known != NULL && (known == usage->dialog || known->bye_sent);

    in.dialog = is_same ? known : sip_inv_form_dialog(usage, now, notice->message, notice->source);
    if (in.dialog == NULL) {
        usage->stack->stats.stray++;
        return;
    }
    (void)sip_inv_step(usage, now, is_same ? SIP_INV_EV_2XX_SAME : SIP_INV_EV_2XX_FORK, &in);
}

static int take_challenge(struct sip_inv *usage, mono_us now, const struct sip_tx_notice *notice)
{
    struct sip_challenged what = {.uri = sip_text_view(&usage->uri),
                                  .redirected = usage->targets != NULL && usage->targets->tried_count > 1,
                                  .rang = usage->rang};
    struct sip_auth *auth = sip_inv_auth(usage);

    return auth != NULL ? sip_stack_challenge(usage->stack, now, auth, notice->message, notice->source, &what)
                        : ST_NO_MEMORY;
}

static void log_auth_failure(const struct sip_inv *usage, int code)
{
    const struct log *log = usage->stack->config.log;

    log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_AUTH_FAILED), code);
}

static void take_redirection(struct sip_inv *usage, const struct sip_msg *response)
{
    if (usage->targets == NULL) {
        usage->targets = sip_inv_targets_new(sip_text_view(&usage->uri));
    }
    if (usage->targets != NULL) { /* else it leads nowhere */
        sip_inv_targets_add(usage->targets, response);
    }
}

/* The best target left that the owner lets us try is in usage->uri then. */
static bool next_target(struct sip_inv *usage)
{
    const struct sip_hooks *hooks = &usage->stack->hooks;

    while (usage->targets != NULL && sip_inv_targets_next(usage->targets, &usage->uri)) {
        if (hooks->redirect == NULL || hooks->redirect(hooks->ctx, usage->owner, sip_text_view(&usage->uri))) {
            return true;
        }
    }
    return false;
}

/* Whether a further INVITE answers this final response; it has been made ready then. */
static bool goes_again(struct sip_inv *usage, mono_us now, const struct sip_tx_notice *notice, struct sip_inv_input *in)
{
    int code = notice->code;

    if (!usage->attached) {
        return false;
    }
    if (code == 401 || code == 407) {
        int status = take_challenge(usage, now, notice);
        if (status == ST_OK) {
            return true;
        }
        if (status != ST_STATE) {
            log_auth_failure(usage, code);
        }
        in->auth_failed = true;
        return false;
    }
    if (code == 503 && sip_inv_next_server(usage, now, true)) {
        return true;
    }
    /* 305 names a proxy and 380 another service: neither is an address to put into the Request-URI. */
    if (code < 400 && code != 305 && code != 380) {
        take_redirection(usage, notice->message);
    }
    if (code >= 600 || !next_target(usage)) {
        return false;
    }
    sip_inv_auth_restart(usage);
    return true;
}

static void on_failure(struct sip_inv *usage, mono_us now, const struct sip_tx_notice *notice)
{
    struct sip_inv_input in = input_of(notice);

    in.body = SPAN_NONE;
    sip_tx_disown(usage->stack->tx, usage->invite_tx);
    usage->invite_tx = POOL_ID_NONE;
    if (notice->code == 503) {
        sip_inv_server_failed(usage, now, notice->message->retry_after);
    }
    if (!goes_again(usage, now, notice, &in)) {
        (void)sip_inv_step(usage, now, SIP_INV_EV_FAILURE, &in);
    } else if (sip_inv_step(usage, now, SIP_INV_EV_AGAIN, &in) != ST_OK) {
        step_timeout(usage, now, SIP_INV_EV_BROKEN, 503);
    }
}

/* The INVITE's transaction ended by itself. */
static void on_no_answer(struct sip_inv *usage, mono_us now, enum sip_inv_event event, int code)
{
    usage->invite_tx = POOL_ID_NONE;
    if (usage->state == SIP_INV_ST_CALLING || usage->state == SIP_INV_ST_ABANDONED) {
        sip_inv_server_failed(usage, now, -1); /* it has not said a word */
    }
    if (!usage->attached || !sip_inv_next_server(usage, now, true)) {
        step_timeout(usage, now, event, code);
    } else if (sip_inv_step(usage, now, SIP_INV_EV_AGAIN, &(struct sip_inv_input){0}) != ST_OK) {
        step_timeout(usage, now, SIP_INV_EV_BROKEN, 503);
    }
}

static void on_invite_notice(struct sip_inv *usage, mono_us now, const struct sip_tx_notice *notice)
{
    struct sip_inv_input in = input_of(notice);

    if (notice->message != NULL && notice->code != 503) {
        sip_inv_server_answered(usage, now);
    }
    switch (notice->kind) {
    case SIP_TX_PROVISIONAL:
        usage->rang = usage->rang || notice->code > 100;
        (void)sip_inv_step(usage, now, SIP_INV_EV_1XX, &in);
        break;
    case SIP_TX_FINAL:
        if (notice->code < 300) {
            on_first_2xx(usage, now, notice);
        } else {
            on_failure(usage, now, notice);
        }
        break;
    case SIP_TX_2XX_AGAIN: sip_inv_extra_2xx(usage, now, notice); break;
    case SIP_TX_TIMEOUT: on_no_answer(usage, now, SIP_INV_EV_TIMEOUT, 408); break;
    case SIP_TX_TRANSPORT: on_no_answer(usage, now, SIP_INV_EV_BROKEN, 503); break;
    case SIP_TX_GONE:
    case SIP_TX_ACK_FAILED:
        usage->invite_tx = POOL_ID_NONE;
        sip_inv_check_drained(usage, now);
        break;
    case SIP_TX_ACKED:
    case SIP_TX_DONE:
    case SIP_TX_SEND_FAILED:
    case SIP_TX_NOTICE_KIND_COUNT: break;
    }
}

void sip_inv_notice(void *ctx, mono_us now, const struct sip_tx_notice *notice)
{
    struct sip_stack *stack = ctx;
    struct sip_inv *usage = sip_inv_get(stack, notice->ref);

    if (usage == NULL) {
        return;
    }
    if (notice->role == SIP_INV_ROLE_BRANCH) {
        sip_inv_branch_notice(usage, now, notice);
    } else if (notice->role == SIP_INV_ROLE_INVITE && pool_id_eq(notice->tx, usage->invite_tx)) {
        on_invite_notice(usage, now, notice);
    } else if (notice->role == SIP_INV_ROLE_SERVER && notice->kind == SIP_TX_ACKED) {
        sip_inv_ack(usage, now, notice->message, notice->source);
    }
}

/* ---- the owner's function ---- */

/* From: `"display" <sip:caller@domain>;tag=…` (8.1.1.3). */
static int outgoing_set_local(struct sip_inv *usage)
{
    const struct sip_config *config = &usage->stack->config;
    char uri_text[1024];
    char value[2048];
    struct outbuf uri;
    struct outbuf out;
    struct span caller = config->caller.len > 0 ? config->caller : config->user;

    outbuf_init(&uri, uri_text, sizeof(uri_text));
    outbuf_init(&out, value, sizeof(value));
    sip_put_uri(&uri, caller.len > 0 ? caller : SPAN_LIT("anonymous"), config->domain, 0);
    sip_put_name_addr(&out, config->display_name, outbuf_view(&uri), span_cstr(usage->local_tag));
    if (outbuf_status(&uri) != ST_OK || outbuf_status(&out) != ST_OK) {
        return ST_TOO_LARGE;
    }
    return sip_text_set(&usage->local, outbuf_view(&out));
}

static int fill_outgoing(struct sip_inv *usage, struct span request_uri, struct span offer)
{
    char call_id[SIP_INV_CALL_ID_LEN + 1];

    rng_token(usage->stack->config.rng, call_id, SIP_INV_CALL_ID_LEN);
    int status = sip_text_set(&usage->call_id, span_make(call_id, SIP_INV_CALL_ID_LEN));
    if (status == ST_OK) {
        sip_inv_index_add(&usage->stack->by_call_id, usage);
        status = outgoing_set_local(usage);
    }
    if (status == ST_OK) {
        status = sip_text_set(&usage->offer, offer);
    }
    if (status == ST_OK) {
        status = sip_text_set(&usage->uri, request_uri);
    }
    return status;
}

static bool uri_ok(struct span text)
{
    struct sip_uri uri;

    return text.len <= URI_MAX && sip_uri_parse(text, &uri) == ST_OK && uri.scheme == SIP_SCHEME_SIP &&
           uri.headers.len == 0;
}

int sip_inv_invite(struct sip_stack *stack, mono_us now, struct span request_uri, struct span offer, dur_us ring_us,
                   struct pool_id owner, struct pool_id *id)
{
    const struct net_addr *server = sip_stack_server(stack, now);

    if (server == NULL) {
        return ST_STATE;
    }
    if (!uri_ok(request_uri)) {
        return ST_BAD;
    }
    struct sip_inv *usage = sip_inv_new(stack, now);
    if (usage == NULL) {
        return ST_FULL;
    }
    usage->owner = owner;
    usage->attached = true;
    usage->ring_us = ring_us;
    sip_inv_servers_begin(usage, server);
    int status = fill_outgoing(usage, request_uri, offer);
    if (status == ST_OK) {
        status = sip_inv_step(usage, now, SIP_INV_EV_INVITE, &(struct sip_inv_input){0});
    }
    if (status != ST_OK) {
        sip_inv_free(usage);
        return status;
    }
    *id = usage->id;
    return ST_OK;
}
