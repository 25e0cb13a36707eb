/* SPDX-License-Identifier: MIT */
#include "wsaudio/sipmsg/writer.h"

#include "wsaudio/sipmsg/scan.h"

#define MAX_FORWARDS 70

/* ---- parts ---- */

static bool is_fold(char c)
{
    return c == '\r' || c == '\n' || c == ' ' || c == '\t';
}

static void put_port(struct outbuf *out, const char *before, uint16_t port)
{
    outbuf_str(out, before);
    outbuf_u64(out, port);
}

void sip_put_unfolded(struct outbuf *out, struct span value)
{
    while (value.len > 0) {
        struct span line = span_head(value, span_find(value, '\r'));
        size_t at = span_find(line, '\n');
        outbuf_bytes(out, value.ptr, at);
        if (at < value.len) {
            outbuf_char(out, ' ');
        }
        while (at < value.len && is_fold(value.ptr[at])) {
            at++;
        }
        value = span_from(value, at);
    }
}

void sip_put_request_line(struct outbuf *out, struct span method, struct span uri)
{
    sip_put_unfolded(out, method);
    outbuf_char(out, ' ');
    sip_put_unfolded(out, uri);
    outbuf_str(out, " SIP/2.0\r\n");
}

void sip_put_status_line(struct outbuf *out, int code, struct span reason)
{
    outbuf_str(out, "SIP/2.0 ");
    outbuf_u64(out, (uint64_t)code);
    outbuf_char(out, ' ');
    sip_put_unfolded(out, reason.len > 0 ? reason : span_cstr(sip_reason_phrase(code)));
    outbuf_str(out, "\r\n");
}

void sip_put_header(struct outbuf *out, enum sip_header_id id, struct span value)
{
    outbuf_str(out, sip_header_name(id));
    outbuf_str(out, ": ");
    sip_put_unfolded(out, value);
    outbuf_str(out, "\r\n");
}

void sip_put_header_u32(struct outbuf *out, enum sip_header_id id, uint32_t value)
{
    outbuf_str(out, sip_header_name(id));
    outbuf_str(out, ": ");
    outbuf_u64(out, value);
    outbuf_str(out, "\r\n");
}

void sip_put_optional(struct outbuf *out, enum sip_header_id id, struct span value)
{
    if (value.len > 0) {
        sip_put_header(out, id, value);
    }
}

void sip_put_copies(struct outbuf *out, const struct sip_msg *msg, enum sip_header_id id)
{
    for (size_t i = 0; i < msg->header_count; i++) {
        if (msg->headers[i].id == id) {
            sip_put_header(out, id, msg->headers[i].value);
        }
    }
}

void sip_put_via(struct outbuf *out, const struct sip_flow *flow, struct span branch)
{
    char host[ADDR_TEXT_MAX];

    outbuf_str(out, "Via: SIP/2.0/");
    outbuf_str(out, sip_transport_traits(flow->transport)->name);
    outbuf_char(out, ' ');
    outbuf_str(out, addr_host_text(&flow->local, host));
    if (flow->local.port != 0) {
        put_port(out, ":", flow->local.port);
    }
    outbuf_str(out, ";branch=");
    outbuf_span(out, branch);
    outbuf_str(out, ";rport\r\n");
}

void sip_put_cseq(struct outbuf *out, uint32_t number, struct span method)
{
    outbuf_str(out, "CSeq: ");
    outbuf_u64(out, number);
    outbuf_char(out, ' ');
    sip_put_unfolded(out, method);
    outbuf_str(out, "\r\n");
}

void sip_put_body(struct outbuf *out, struct span content_type, struct span body)
{
    if (body.len > 0) {
        sip_put_optional(out, SIP_HEADER_CONTENT_TYPE, content_type);
    }
    outbuf_str(out, "Content-Length: ");
    outbuf_u64(out, body.len);
    outbuf_str(out, "\r\n\r\n");
    outbuf_span(out, body);
}

void sip_put_quoted(struct outbuf *out, struct span text)
{
    outbuf_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\') {
            outbuf_char(out, '\\');
        }
        outbuf_char(out, c < ' ' || c == 0x7f ? ' ' : text.ptr[i]);
    }
    outbuf_char(out, '"');
}

void sip_put_name_addr(struct outbuf *out, struct span display, struct span uri, struct span tag)
{
    if (display.len > 0) {
        sip_put_quoted(out, display);
        outbuf_char(out, ' ');
    }
    outbuf_char(out, '<');
    sip_put_unfolded(out, uri);
    outbuf_char(out, '>');
    if (tag.len > 0) {
        outbuf_str(out, ";tag=");
        outbuf_span(out, tag);
    }
}

static void put_param(struct outbuf *out, const struct sip_param *param)
{
    const char *quote = param->quoted ? "\"" : "";

    outbuf_char(out, ';');
    sip_put_unfolded(out, param->name);
    if (param->has_value) {
        outbuf_char(out, '=');
        outbuf_str(out, quote);
        sip_put_unfolded(out, param->value);
        outbuf_str(out, quote);
    }
}

void sip_put_with_tag(struct outbuf *out, const struct sip_name_addr *address, struct span tag)
{
    struct span rest = address->params;
    struct sip_param param;
    int status = ST_OK;

    sip_put_unfolded(out, rest.len > 0 ? span_trim(span_head(address->text, (size_t)(rest.ptr - address->text.ptr)))
                                       : address->text);
    while ((status = sip_param_next(&rest, &param)) != ST_NOT_FOUND) {
        if (status == ST_OK && !span_ieq(param.name, SPAN_LIT("tag"))) {
            put_param(out, &param);
        }
    }
    outbuf_str(out, ";tag=");
    outbuf_span(out, tag);
}

void sip_put_uri(struct outbuf *out, struct span user, struct span host, uint16_t port)
{
    outbuf_str(out, "sip:");
    if (user.len > 0) {
        sip_escape_user(out, user);
        outbuf_char(out, '@');
    }
    outbuf_span(out, host);
    if (port != 0) {
        put_port(out, ":", port);
    }
}

void sip_put_uri_addr(struct outbuf *out, struct span user, const struct net_addr *addr)
{
    char host[ADDR_TEXT_MAX];

    sip_put_uri(out, user, span_cstr(addr_host_text(addr, host)), addr->port);
}

void sip_branch_new(const struct rng *rng, char out[SIP_BRANCH_LEN + 1])
{
    memcpy(out, "z9hG4bK", 7);
    rng_token(rng, out + 7, SIP_BRANCH_LEN - 7);
}

/* ---- requests ---- */

void sip_write_request(struct outbuf *out, const struct sip_request_form *form)
{
    sip_put_request_line(out, form->method, form->uri);
    sip_put_via(out, &form->flow, form->branch);
    sip_put_header_u32(out, SIP_HEADER_MAX_FORWARDS, MAX_FORWARDS);
    sip_put_optional(out, SIP_HEADER_ROUTE, form->route);
    sip_put_header(out, SIP_HEADER_FROM, form->from);
    sip_put_header(out, SIP_HEADER_TO, form->to);
    sip_put_header(out, SIP_HEADER_CALL_ID, form->call_id);
    sip_put_cseq(out, form->cseq, form->method);
    sip_put_optional(out, SIP_HEADER_CONTACT, form->contact);
    sip_put_optional(out, SIP_HEADER_ALLOW, form->allow);
    sip_put_optional(out, SIP_HEADER_SUPPORTED, form->supported);
    sip_put_optional(out, SIP_HEADER_ACCEPT, form->accept);
    sip_put_optional(out, SIP_HEADER_USER_AGENT, form->user_agent);
    outbuf_span(out, form->extra);
    sip_put_body(out, form->content_type, form->body);
}

/* What ACK and CANCEL take over from the INVITE as it was sent. */
static int write_sibling(struct outbuf *out, struct span invite, const char *method_name,
                         const struct sip_msg *response)
{
    struct sip_msg sent;
    struct span method = span_cstr(method_name);

    if (sip_msg_parse(invite, &sent) != SIP_VERDICT_OK || sent.method != SIP_METHOD_INVITE || !sent.is_request) {
        return ST_BAD;
    }
    sip_put_request_line(out, method, sent.uri.text);
    sip_put_header(out, SIP_HEADER_VIA, sent.via.text);
    sip_put_header_u32(out, SIP_HEADER_MAX_FORWARDS, MAX_FORWARDS);
    sip_put_copies(out, &sent, SIP_HEADER_ROUTE);
    sip_put_header(out, SIP_HEADER_FROM, sent.from.text);
    sip_put_header(out, SIP_HEADER_TO, response != NULL ? response->to.text : sent.to.text);
    sip_put_header(out, SIP_HEADER_CALL_ID, sent.call_id);
    sip_put_cseq(out, sent.cseq, method);
    sip_put_copies(out, &sent, SIP_HEADER_USER_AGENT);
    sip_put_body(out, SPAN_NONE, SPAN_NONE);
    return outbuf_status(out);
}

int sip_write_ack_non2xx(struct outbuf *out, struct span invite, const struct sip_msg *response)
{
    return write_sibling(out, invite, "ACK", response);
}

int sip_write_cancel(struct outbuf *out, struct span invite)
{
    return write_sibling(out, invite, "CANCEL", NULL);
}

/* ---- responses ---- */

static bool sent_by_is(const struct sip_via *via, const struct net_addr *source)
{
    struct net_addr addr;

    return addr_parse_ip(via->host, &addr) == ST_OK && addr_same_ip(&addr, source);
}

/* The top value again, with received and rport as we saw them instead of what it claimed. */
static void put_top_via(struct outbuf *out, struct span value, const struct net_addr *source)
{
    struct sip_via via;
    struct sip_param param;
    char host[ADDR_TEXT_MAX];
    int status = sip_via_parse(value, &via);

    outbuf_str(out, "Via: ");
    sip_put_unfolded(out, span_trim(span_head(value, span_find(value, ';'))));
    while ((status = sip_param_next(&via.params, &param)) != ST_NOT_FOUND) {
        if (status != ST_OK || span_ieq(param.name, SPAN_LIT("received")) || span_ieq(param.name, SPAN_LIT("rport"))) {
            continue;
        }
        put_param(out, &param);
    }
    if (source->family != 0 && (via.has_rport || !sent_by_is(&via, source))) {
        outbuf_str(out, ";received=");
        outbuf_str(out, addr_ip_text(source, host));
    }
    if (source->family != 0 && via.has_rport) {
        put_port(out, ";rport=", source->port);
    }
    outbuf_str(out, "\r\n");
}

static void put_vias(struct outbuf *out, const struct sip_response_form *form)
{
    struct sip_values it = sip_values_of(form->request, SIP_HEADER_VIA);
    struct span value;
    bool top = true;

    while (sip_values_next(&it, &value)) {
        if (top) {
            put_top_via(out, value, &form->source);
        } else {
            sip_put_header(out, SIP_HEADER_VIA, value);
        }
        top = false;
    }
}

static void put_to(struct outbuf *out, const struct sip_response_form *form)
{
    struct span to = sip_msg_value(form->request, SIP_HEADER_TO);
    bool add_tag = form->to_tag.len > 0 && form->code != 100 && form->request->to.tag.len == 0;

    if (to.len == 0) {
        return;
    }
    outbuf_str(out, "To: ");
    if (add_tag && form->request->to.uri.text.len > 0) {
        sip_put_with_tag(out, &form->request->to, form->to_tag);
    } else {
        sip_put_unfolded(out, to); /* of a malformed request perhaps: what there is */
        outbuf_str(out, add_tag ? ";tag=" : "");
        outbuf_span(out, add_tag ? form->to_tag : SPAN_NONE);
    }
    outbuf_str(out, "\r\n");
}

void sip_write_response(struct outbuf *out, const struct sip_response_form *form)
{
    const struct sip_msg *request = form->request;

    sip_put_status_line(out, form->code, form->reason);
    put_vias(out, form);
    if (form->record_route) {
        sip_put_copies(out, request, SIP_HEADER_RECORD_ROUTE);
    }
    sip_put_optional(out, SIP_HEADER_FROM, sip_msg_value(request, SIP_HEADER_FROM));
    put_to(out, form);
    sip_put_optional(out, SIP_HEADER_CALL_ID, sip_msg_value(request, SIP_HEADER_CALL_ID));
    sip_put_optional(out, SIP_HEADER_CSEQ, sip_msg_value(request, SIP_HEADER_CSEQ));
    if (form->code == 100) {
        sip_put_copies(out, request, SIP_HEADER_TIMESTAMP); /* RFC 3261 8.2.6.1 */
    }
    sip_put_optional(out, SIP_HEADER_CONTACT, form->contact);
    sip_put_optional(out, SIP_HEADER_ALLOW, form->allow);
    sip_put_optional(out, SIP_HEADER_SUPPORTED, form->supported);
    sip_put_optional(out, SIP_HEADER_ACCEPT, form->accept);
    sip_put_optional(out, SIP_HEADER_SERVER, form->user_agent);
    outbuf_span(out, form->extra);
    sip_put_body(out, form->content_type, form->body);
}
