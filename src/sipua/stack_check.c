/* SPDX-License-Identifier: MIT */
/* What a request must fulfil before anybody hears of it, in the order of RFC 3261 8.2: method, scheme, extensions,
 * content. */
#include "stack.h"
#include "wsaudio/sipmsg/body.h"

static bool check_refuse(struct sip_reply *reply, int code)
{
    *reply = (struct sip_reply){.code = code};
    return true;
}

/* 8.2.2.3: we know no extension, so whatever is required is too much. */
static bool refuse_extensions(const struct sip_msg *request, struct sip_reply *reply, struct outbuf *extra)
{
    struct span option;
    bool any = false;

    for (struct sip_values it = sip_values_of(request, SIP_HEADER_REQUIRE); sip_values_next(&it, &option);) {
        outbuf_str(extra, any ? ", " : "Unsupported: ");
        sip_put_unfolded(extra, option);
        any = true;
    }
    if (!any) {
        return false;
    }
    outbuf_str(extra, "\r\n");
    check_refuse(reply, 420);
    reply->extra = outbuf_status(extra) == ST_OK ? outbuf_view(extra) : SPAN_NONE;
    return true;
}

/* 8.2.3 */
static bool refuse_content(const struct sip_msg *request, struct sip_reply *reply)
{
    struct sip_body body = sip_body_read(request);

    if (!body.refused) {
        return false;
    }
    check_refuse(reply, 415);
    reply->extra = body.encoded ? SPAN_LIT("Accept-Encoding: identity\r\n") : SPAN_NONE;
    reply->accept = !body.encoded;
    return true;
}

/* 20.1: a caller that takes no SDP cannot be talked to. */
static bool refuses_sdp(const struct sip_msg *request)
{
    struct span range;
    bool any = false;

    for (struct sip_values it = sip_values_of(request, SIP_HEADER_ACCEPT); sip_values_next(&it, &range);) {
        struct span type = span_trim(span_head(range, span_find(range, ';')));
        if (span_ieq(type, SPAN_LIT("application/sdp")) || span_ieq(type, SPAN_LIT("application/*")) ||
            span_eq(type, SPAN_LIT("*/*"))) {
            return false;
        }
        any = true;
    }
    return any;
}

bool sip_stack_refuses(struct sip_stack *stack, const struct sip_method_row *row, const struct sip_msg *request,
                       struct sip_reply *reply, char buf[SIP_STACK_EXTRA_MAX])
{
    struct outbuf extra;

    outbuf_init(&extra, buf, SIP_STACK_EXTRA_MAX);
    if (row == NULL) {
        return check_refuse(reply, sip_method_refusal(request->method));
    }
    if (request->uri.scheme != SIP_SCHEME_SIP && request->uri.scheme != SIP_SCHEME_TEL) {
        return check_refuse(reply, 416);
    }
    if (request->to.tag.len == 0 && sip_tx_is_merged(stack->tx, request)) {
        return check_refuse(reply, 482);
    }
    if (refuse_extensions(request, reply, &extra)) {
        return true;
    }
    if (!row->may_offer) {
        return false;
    }
    if (request->body.len > SIP_STACK_BODY_MAX) {
        return check_refuse(reply, 413);
    }
    return refuse_content(request, reply) || (refuses_sdp(request) && check_refuse(reply, 406));
}
