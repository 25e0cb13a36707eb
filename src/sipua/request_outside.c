/* SPDX-License-Identifier: MIT */
/* A request outside of dialogs: its identity, the servers that it goes to, the redirections that it follows. */
#include "request_priv.h"
#include "stack.h"

struct sip_request_outside *sip_request_outside_of(struct sip_request *request)
{
    return LIST_OWNER(request, struct sip_request_outside, request);
}

/* ---- where it goes ---- */

struct net_addr sip_request_server(const struct sip_request_outside *outside)
{
    return outside->tried_count > 0 ? outside->tried[outside->tried_count - 1] : (struct net_addr){0};
}

static const struct net_addr *next_server(const struct sip_request_outside *outside, mono_us now)
{
    const struct sip_stack *stack = outside->request.stack;
    return sip_servers_next(&stack->servers, now, outside->tried, outside->tried_count, true);
}

static bool has_server(struct sip_request_outside *outside, mono_us now)
{
    const struct sip_stack *stack = outside->request.stack;
    const struct net_addr *first = sip_stack_server(stack, now);

    if (outside->tried_count == 0 && first != NULL) {
        outside->tried[outside->tried_count++] = *first;
    }
    return outside->tried_count > 0;
}

static int outside_aim(struct sip_request *request, mono_us now, struct sip_request_head *head, struct outbuf *composed)
{
    struct sip_request_outside *outside = sip_request_outside_of(request);
    struct sip_stack *stack = request->stack;

    (void)composed;
    if (!has_server(outside, now)) {
        return ST_STATE;
    }
    struct net_addr server = sip_request_server(outside);
    *head = (struct sip_request_head){
        .uri = sip_text_view(&outside->uri),
        .route = request->method != SIP_METHOD_REGISTER ? sip_registration_route(stack) : SPAN_NONE,
        .from = sip_text_view(&outside->from),
        .to = sip_text_view(&outside->to),
        .call_id = span_cstr(outside->call_id),
        .cseq = &outside->cseq,
        .auth = &outside->auth,
        .hop = sip_stack_flow(stack, &server),
        .leave_at = next_server(outside, now) != NULL ? now + SIP_REQUEST_PATIENCE : MONO_NEVER,
    };
    return ST_OK;
}

/* ---- its end ---- */

/* True: there is another server, and it is the one to ask. */
static bool moves_on(struct sip_request_outside *outside, mono_us now, int64_t retry_after)
{
    struct sip_stack *stack = outside->request.stack;
    struct net_addr failed = sip_request_server(outside);

    sip_stack_server_failed(stack, now, &failed, retry_after);
    const struct net_addr *next = outside->tried_count < SIP_SERVERS_MAX ? next_server(outside, now) : NULL;
    if (next == NULL) {
        return false;
    }
    outside->tried[outside->tried_count++] = *next;
    sip_auth_restart(&outside->auth);
    return true;
}

/* 305 names a proxy and 380 another service: neither is an address to put into the Request-URI. */
static bool is_redirected(struct sip_request_outside *outside, const struct sip_msg *message)
{
    if (message->status < 300 || message->status > 399 || message->status == 305 || message->status == 380) {
        return false;
    }
    sip_inv_targets_add(&outside->targets, message);
    if (!sip_inv_targets_next(&outside->targets, &outside->uri)) {
        return false;
    }
    sip_auth_restart(&outside->auth);
    return true;
}

static enum sip_request_end outside_answered(struct sip_request *request, mono_us now, const struct sip_msg *message,
                                             const struct sip_flow *source)
{
    struct sip_request_outside *outside = sip_request_outside_of(request);
    struct net_addr server = sip_request_server(outside);

    if (message->status == 503) {
        return moves_on(outside, now, message->retry_after) ? SIP_REQUEST_AGAIN : SIP_REQUEST_ANSWERED;
    }
    sip_stack_server_answered(request->stack, now, &server);
    if (message->status == 401 || message->status == 407) {
        struct sip_challenged what = {.uri = sip_text_view(&outside->uri),
                                      .is_register = request->method == SIP_METHOD_REGISTER,
                                      .redirected = outside->targets.tried_count > 1};
        return sip_request_challenge(request, now, &outside->auth, message, source, &what);
    }
    return is_redirected(outside, message) ? SIP_REQUEST_AGAIN : SIP_REQUEST_ANSWERED;
}

static enum sip_request_end outside_unanswered(struct sip_request *request, mono_us now, bool broken)
{
    if (moves_on(sip_request_outside_of(request), now, -1)) {
        return SIP_REQUEST_AGAIN;
    }
    return broken ? SIP_REQUEST_BROKEN : SIP_REQUEST_SILENT;
}

/* Silence need not be waited out; with no server left it is as ever. */
static void outside_unreachable(struct sip_request *request, mono_us now)
{
    if (request->leave_at != MONO_NEVER) {
        request->leave_at = now;
    }
}

static const struct sip_request_place outside_place = {
    .aim = outside_aim,
    .answered = outside_answered,
    .unanswered = outside_unanswered,
    .unreachable = outside_unreachable,
};

/* ---- opening ---- */

static int set_addresses(struct sip_request_outside *outside, bool to_user)
{
    const struct sip_config *config = &outside->request.stack->config;
    char tag[SIP_REQUEST_TAG_LEN + 1];
    char uri_text[1024];
    char value[1024 + 64];
    struct outbuf uri;
    struct outbuf out;
    struct span user = config->user.len > 0 ? config->user : config->caller;

    outbuf_init(&uri, uri_text, sizeof(uri_text));
    sip_put_uri(&uri, user.len > 0 ? user : SPAN_LIT("anonymous"), config->domain, 0);
    rng_token(config->rng, tag, SIP_REQUEST_TAG_LEN);
    outbuf_init(&out, value, sizeof(value));
    sip_put_name_addr(&out, SPAN_NONE, outbuf_view(&uri), span_cstr(tag));
    int status = outbuf_status(&uri) == ST_OK ? outbuf_status(&out) : ST_TOO_LARGE;
    if (status == ST_OK) {
        status = sip_text_set(&outside->from, outbuf_view(&out));
    }
    if (!to_user) {
        outbuf_init(&uri, uri_text, sizeof(uri_text));
        sip_put_uri(&uri, SPAN_NONE, config->domain, 0);
    }
    outbuf_init(&out, value, sizeof(value));
    sip_put_name_addr(&out, SPAN_NONE, outbuf_view(&uri), SPAN_NONE);
    return status == ST_OK ? sip_text_set(&outside->to, outbuf_view(&out)) : status;
}

int sip_request_open_outside(struct sip_request_outside *outside, struct sip_stack *stack, enum sip_method method,
                             bool to_user, sip_request_fn done)
{
    *outside = (struct sip_request_outside){
        .request = {.stack = stack, .place = &outside_place, .done = done, .method = method, .leave_at = MONO_NEVER}};
    rng_token(stack->config.rng, outside->call_id, SIP_REQUEST_CALL_ID_LEN);
    int status = set_addresses(outside, to_user);
    if (status == ST_OK) {
        status = sip_request_restart(outside);
    }
    if (status != ST_OK) {
        sip_request_close_outside(outside);
    }
    return status;
}

void sip_request_close_outside(struct sip_request_outside *outside)
{
    sip_request_let_go(&outside->request);
    sip_text_clear(&outside->from);
    sip_text_clear(&outside->to);
    sip_text_clear(&outside->uri);
    sip_auth_fini(&outside->auth);
    sip_inv_targets_clear(&outside->targets);
    *outside = (struct sip_request_outside){0};
}

int sip_request_restart(struct sip_request_outside *outside)
{
    char uri_text[1024];
    struct outbuf uri;

    outbuf_init(&uri, uri_text, sizeof(uri_text));
    sip_put_uri(&uri, SPAN_NONE, outside->request.stack->config.domain, 0);
    sip_auth_restart(&outside->auth);
    sip_inv_targets_clear(&outside->targets);
    outside->tried_count = 0;
    outside->request.tries = 0;
    int status = outbuf_status(&uri);
    if (status == ST_OK) {
        status = sip_text_set(&outside->uri, outbuf_view(&uri));
    }
    if (status == ST_OK) {
        status = sip_text_set(&outside->targets.tried[0], outbuf_view(&uri));
        outside->targets.tried_count = 1;
    }
    return status;
}
