/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <assert.h>

#include "request_priv.h"
#include "stack.h"

/* The challenges of one realm, and what the owner adds. A BYE with more goes without them rather than not at all. */
#define CREDENTIALS_MAX (SIP_AUTH_TEXT_MAX + 4096)

bool sip_request_is_open(const struct sip_request *request)
{
    return request->stack != NULL;
}

bool sip_request_is_busy(const struct sip_request *request)
{
    return !pool_id_is_none(request->tx);
}

static void busy_changed(struct sip_request *request)
{
    if (request->place->busy_changed != NULL) {
        request->place->busy_changed(request);
    }
}

/* ---- sending ---- */

struct sip_request_form sip_request_form_of(struct sip_stack *stack, enum sip_method method,
                                            const struct sip_request_head *head, uint32_t cseq,
                                            const struct sip_request_parts *parts, struct span extra,
                                            char buf[SIP_BRANCH_LEN + 1])
{
    const struct sip_config *config = &stack->config;

    sip_branch_new(config->rng, buf);
    return (struct sip_request_form){
        .method = span_cstr(sip_method_name(method)),
        .uri = head->uri,
        .flow = sip_stack_flow_now(stack, &head->hop),
        .branch = span_cstr(buf),
        .from = head->from,
        .to = head->to,
        .call_id = head->call_id,
        .cseq = cseq,
        .route = head->route,
        .contact = parts->contact,
        .allow = parts->allow ? sip_stack_allow(stack) : SPAN_NONE,
        .supported = parts->supported,
        .accept = parts->accept,
        .user_agent = config->user_agent,
        .extra = extra,
    };
}

/* Credentials, then what the owner brought. */
static int write_lines(struct sip_request *request, const struct sip_request_head *head, struct span extra,
                       struct outbuf *out)
{
    struct span method = span_cstr(sip_method_name(request->method));
    int status = ST_OK;

    if (head->auth != NULL) {
        status = sip_stack_write_credentials(request->stack, head->auth, method, head->uri, out);
    }
    status = status == ST_OK ? outbuf_status(out) : status;
    if (request->place->may_lack_credentials && (status != ST_OK || out->len > CREDENTIALS_MAX)) {
        outbuf_init(out, out->ptr, out->cap);
        status = ST_OK;
    }
    outbuf_span(out, extra);
    return status == ST_OK ? outbuf_status(out) : status;
}

static void on_notice(void *ctx, mono_us now, const struct sip_tx_notice *notice);

static int send_to(struct sip_request *request, mono_us now, const struct sip_request_head *head,
                   const struct sip_request_parts *parts)
{
    struct sip_stack *stack = request->stack;
    struct outbuf lines = sip_stack_lines(stack);
    struct sip_tx_owner owner = {.notice = on_notice, .ctx = request, .ref = request->inv};
    char branch[SIP_BRANCH_LEN + 1];
    int status = write_lines(request, head, parts->extra, &lines);

    if (status != ST_OK) {
        return status;
    }
    struct sip_request_form form =
        sip_request_form_of(stack, request->method, head, *head->cseq + 1, parts, outbuf_view(&lines), branch);
    status = sip_tx_request(stack->tx, now, &form, &owner, &request->tx);
    if (status != ST_OK) {
        return status;
    }
    (*head->cseq)++;
    request->to = head->hop;
    request->leave_at = head->leave_at;
    busy_changed(request);
    return ST_OK;
}

int sip_request_send(struct sip_request *request, mono_us now, const struct sip_request_parts *parts)
{
    char text[2 * SIP_DIALOG_TEXT_MAX];
    struct outbuf composed;
    struct sip_request_head head = {.leave_at = MONO_NEVER};

    assert(sip_request_is_open(request));
    if (sip_request_is_busy(request)) {
        return ST_STATE;
    }
    outbuf_init(&composed, text, sizeof(text));
    int status = request->place->aim(request, now, &head, &composed);
    request->tries++;
    status = status == ST_OK ? outbuf_status(&composed) : status;
    return status == ST_OK ? send_to(request, now, &head, parts) : status;
}

void sip_request_let_go(struct sip_request *request)
{
    if (sip_request_is_busy(request)) {
        sip_tx_disown(request->stack->tx, request->tx);
        request->tx = POOL_ID_NONE;
        busy_changed(request);
    }
}

/* ---- its end ---- */

enum sip_request_end sip_request_challenge(struct sip_request *request, mono_us now, struct sip_auth *auth,
                                           const struct sip_msg *message, const struct sip_flow *source,
                                           const struct sip_challenged *what)
{
    int status = sip_stack_challenge(request->stack, now, auth, message, source, what);
    return status == ST_OK ? SIP_REQUEST_AGAIN : SIP_REQUEST_REFUSED;
}

static void request_unanswered(struct sip_request *request, mono_us now, bool broken)
{
    request->done(request, now, request->place->unanswered(request, now, broken), NULL);
}

static void on_notice(void *ctx, mono_us now, const struct sip_tx_notice *notice)
{
    struct sip_request *request = ctx;

    if (!pool_id_eq(notice->tx, request->tx)) {
        return;
    }
    if (notice->kind == SIP_TX_PROVISIONAL) {
        request->leave_at = MONO_NEVER; /* it is at work */
    }
    if (!sip_tx_notice_is_ending(notice->kind)) {
        return;
    }
    sip_request_let_go(request);
    if (notice->kind == SIP_TX_FINAL) {
        request->done(request, now, request->place->answered(request, now, notice->message, notice->source),
                      notice->message);
    } else {
        request_unanswered(request, now, notice->kind == SIP_TX_TRANSPORT);
    }
}

/* ---- time ---- */

mono_us sip_request_due(const struct sip_request *request)
{
    return sip_request_is_busy(request) ? request->leave_at : MONO_NEVER;
}

void sip_request_expire(struct sip_request *request, mono_us now)
{
    if (sip_request_due(request) <= now) {
        sip_tx_kill(request->stack->tx, now, request->tx);
        request->tx = POOL_ID_NONE;
        busy_changed(request);
        request_unanswered(request, now, false);
    }
}

void sip_request_unreachable(struct sip_request *request, mono_us now, const struct net_addr *addr)
{
    if (sip_request_is_busy(request) && addr_equal(&request->to.remote, addr)) {
        request->place->unreachable(request, now);
    }
}
