/* SPDX-License-Identifier: MIT */
/* Responses that leave no state: their To tag is made from the request and a secret, so that a retransmission gets the
 * same one (RFC 3261 8.2.7). */
#include "stack.h"
#include "wsaudio/sipmsg/body.h"

/* What an answer must add to what it copies: received, rport, a To tag, Content-Length. */
#define UNKNOWN_SLACK 128

void sip_stack_request_tag(const struct sip_stack *stack, const struct sip_msg *request,
                           char out[SIP_STACK_TAG_LEN + 1])
{
    char hex[DIGEST_HEX_MAX];
    const struct span parts[] = {
        span_make(stack->secret, SIP_STACK_SECRET_LEN),
        sip_msg_value(request, SIP_HEADER_CALL_ID),
        sip_msg_value(request, SIP_HEADER_FROM),
        sip_msg_value(request, SIP_HEADER_CSEQ),
        request->via.branch,
    };

    if (digest_hex(DIGEST_SHA256, parts, sizeof(parts) / sizeof(parts[0]), hex) != ST_OK) {
        rng_token(stack->config.rng, out, SIP_STACK_TAG_LEN);
        return;
    }
    memcpy(out, hex, SIP_STACK_TAG_LEN);
    out[SIP_STACK_TAG_LEN] = '\0';
}

void sip_stack_write_reply(struct sip_stack *stack, struct outbuf *out, const struct sip_msg *request,
                           const struct sip_flow *source, const struct sip_reply *reply)
{
    char tag[SIP_STACK_TAG_LEN + 1];
    struct span to_tag = reply->to_tag;

    /* 8.2.1: whoever is refused a method is told which ones there are. */
    bool allow = (reply->allow && !reply->brief) || reply->code == 405 || reply->code == 501;

    if (to_tag.len == 0) {
        sip_stack_request_tag(stack, request, tag);
        to_tag = span_cstr(tag);
    }
    struct sip_response_form form = {
        .request = request,
        .source = source->remote,
        .code = reply->code,
        .reason = reply->reason,
        .to_tag = to_tag,
        .record_route = reply->record_route,
        .contact = reply->contact,
        .allow = allow ? sip_stack_allow(stack) : SPAN_NONE,
        .accept = reply->accept && !reply->brief ? sip_accept_text() : SPAN_NONE,
        .user_agent = reply->brief ? SPAN_NONE : stack->config.user_agent,
        .extra = reply->brief ? SPAN_NONE : reply->extra,
        .content_type = SPAN_LIT("application/sdp"),
        .body = reply->body,
    };
    sip_write_response(out, &form);
}

void sip_stack_reply_stateless(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                               const struct sip_flow *source, const struct sip_reply *reply)
{
    struct sip_flow to = sip_flow_back(source, &request->via);
    struct outbuf out = sip_stack_writer(stack);

    sip_stack_log_refusal(stack, now, request, source, reply);
    sip_stack_write_reply(stack, &out, request, source, reply);
    if (outbuf_status(&out) == ST_OK) {
        (void)sip_stack_send(stack, &to, outbuf_view(&out));
    }
}

void sip_stack_reply_unknown(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                             const struct sip_flow *source, const struct sip_reply *reply)
{
    struct sip_flow to = sip_flow_back(source, &request->via);
    struct sip_reply brief = *reply;
    struct outbuf out = sip_stack_writer(stack);

    sip_stack_log_refusal(stack, now, request, source, reply);
    sip_stack_write_reply(stack, &out, request, source, reply);
    if (out.len > request->raw.len || outbuf_status(&out) != ST_OK) {
        brief.brief = true;
        out = sip_stack_writer(stack);
        sip_stack_write_reply(stack, &out, request, source, &brief);
    }
    if (outbuf_status(&out) == ST_OK && out.len <= request->raw.len + UNKNOWN_SLACK) {
        (void)sip_stack_send(stack, &to, outbuf_view(&out));
    }
}

int sip_stack_reply_tx(struct sip_stack *stack, mono_us now, struct pool_id tx, const struct sip_msg *request,
                       const struct sip_flow *source, const struct sip_reply *reply)
{
    char tag[SIP_STACK_TAG_LEN + 1];
    struct sip_reply tagged = *reply;
    struct outbuf out = sip_stack_writer(stack);

    sip_stack_log_refusal(stack, now, request, source, reply);
    if (tagged.to_tag.len == 0) {
        sip_stack_request_tag(stack, request, tag);
        tagged.to_tag = span_cstr(tag);
    }
    sip_stack_write_reply(stack, &out, request, source, &tagged);
    int status = outbuf_status(&out);
    return status == ST_OK ? sip_tx_respond(stack->tx, now, tx, reply->code, tagged.to_tag, outbuf_view(&out)) : status;
}

void sip_stack_reply(struct sip_stack *stack, mono_us now, const struct sip_msg *request, const struct sip_flow *source,
                     const struct sip_reply *reply)
{
    struct sip_tx_owner nobody = {.notice = NULL, .ctx = stack};
    struct pool_id tx;

    if (!sip_stack_tx_spare(stack) || sip_tx_accept(stack->tx, now, request, source, &nobody, &tx) != ST_OK) {
        sip_stack_reply_stateless(stack, now, request, source, reply);
    } else if (sip_stack_reply_tx(stack, now, tx, request, source, reply) != ST_OK) {
        sip_tx_kill(stack->tx, now, tx);
    }
}
