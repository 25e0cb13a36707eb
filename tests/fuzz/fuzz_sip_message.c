/* SPDX-License-Identifier: MIT */
/* SIP message: every view lies in the datagram; a good message stays good when it is cut to its own length; what is written
 * from it (response, request, ACK, CANCEL) parses again and says the same; its transaction key finds itself; the log's copy is
 * masked once and for all; the SDP of its body lies inside. */
#include "support_fuzz.h"
#include "tx_match.h"
#include "wsaudio/sipmsg.h"
#include "wsaudio/sipmsg/auth.h"
#include "wsaudio/sipmsg/body.h"
#include "wsaudio/sipmsg/message.h"
#include "wsaudio/sipmsg/writer.h"

static const struct net_addr source = {.family = 4, .port = 5070, .ip = {192, 0, 2, 7}};

static void check_uri(struct span whole, const struct sip_uri *uri)
{
    FUZZ_CHECK(fuzz_inside(whole, uri->text) && fuzz_inside(uri->text, uri->user));
    FUZZ_CHECK(fuzz_inside(uri->text, uri->host) && fuzz_inside(uri->text, uri->password));
    FUZZ_CHECK(fuzz_inside(uri->text, uri->params) && fuzz_inside(uri->text, uri->headers));
}

static void check_address(struct span whole, const struct sip_name_addr *a)
{
    FUZZ_CHECK(fuzz_inside(whole, a->text) && fuzz_inside(a->text, a->display));
    FUZZ_CHECK(fuzz_inside(a->text, a->params) && fuzz_inside(a->text, a->tag));
    check_uri(whole, &a->uri);
}

static void check_via(struct span whole, const struct sip_via *v)
{
    FUZZ_CHECK(fuzz_inside(whole, v->text) && fuzz_inside(v->text, v->transport) && fuzz_inside(v->text, v->host));
    FUZZ_CHECK(fuzz_inside(v->text, v->branch) && fuzz_inside(v->text, v->received) && fuzz_inside(v->text, v->maddr));
    FUZZ_CHECK(fuzz_inside(v->text, v->params) && v->ttl >= -1 && v->ttl <= 255);
}

static void check_views(struct span whole, const struct sip_msg *msg)
{
    FUZZ_CHECK(fuzz_inside(whole, msg->raw) && fuzz_inside(whole, msg->body) && fuzz_inside(whole, msg->reason));
    FUZZ_CHECK(fuzz_inside(whole, msg->method_text) && fuzz_inside(whole, msg->call_id));
    FUZZ_CHECK(fuzz_inside(whole, msg->content_type));
    check_uri(whole, &msg->uri);
    check_via(whole, &msg->via);
    check_address(whole, &msg->from);
    check_address(whole, &msg->to);
    check_address(whole, &msg->contact);
    FUZZ_CHECK(msg->header_count <= SIP_HEADERS_MAX);
    for (size_t i = 0; i < msg->header_count; i++) {
        FUZZ_CHECK(fuzz_inside(whole, msg->headers[i].name) && fuzz_inside(whole, msg->headers[i].value));
        FUZZ_CHECK(msg->headers[i].name.len > 0 && msg->headers[i].id < SIP_HEADER_COUNT);
    }
}

static void check_lists(struct span whole, const struct sip_msg *msg)
{
    for (int id = SIP_HEADER_OTHER + 1; id < SIP_HEADER_COUNT; id++) {
        struct sip_values it = sip_values_of(msg, (enum sip_header_id)id);
        struct span value;
        size_t count = 0;
        while (sip_values_next(&it, &value)) {
            struct sip_name_addr address;
            FUZZ_CHECK(value.len > 0 && fuzz_inside(whole, value));
            FUZZ_CHECK(++count <= whole.len);
            if (sip_name_addr_parse(value, &address) == ST_OK) {
                check_address(whole, &address);
            }
        }
        FUZZ_CHECK(count == sip_values_count(msg, (enum sip_header_id)id));
    }
}

static void check_fields(const struct sip_msg *msg)
{
    FUZZ_CHECK(msg->is_request ? msg->status == 0 : msg->status >= 100 && msg->status <= 699);
    FUZZ_CHECK(msg->method_text.len > 0 && msg->method < SIP_METHOD_COUNT && msg->call_id.len > 0);
    FUZZ_CHECK(msg->is_request ? msg->via.host.len > 0 && msg->from.uri.text.len > 0 && msg->to.uri.text.len > 0
                               : msg->via.host.len + msg->via.branch.len > 0);
    FUZZ_CHECK(!msg->from.star && !msg->to.star && msg->max_forwards >= -1 && msg->max_forwards <= 255);
    FUZZ_CHECK(msg->bad_code == 0 && msg->body.len <= msg->raw.len);
    if (sip_msg_value(msg, SIP_HEADER_CONTENT_LENGTH).len > 0) {
        uint32_t len = 0;
        FUZZ_CHECK(span_parse_u32(sip_msg_value(msg, SIP_HEADER_CONTENT_LENGTH), UINT32_MAX, &len) == ST_OK);
        FUZZ_CHECK(msg->body.len == len);
    }
}

static bool same_unfolded(struct span a, struct span b)
{
    char *x = fuzz_alloc(a.len);
    char *y = fuzz_alloc(b.len);
    struct outbuf out_a;
    struct outbuf out_b;

    outbuf_init(&out_a, x, a.len);
    outbuf_init(&out_b, y, b.len);
    sip_put_unfolded(&out_a, a);
    sip_put_unfolded(&out_b, b);
    bool same = span_eq(outbuf_view(&out_a), outbuf_view(&out_b));
    free(x);
    free(y);
    return same;
}

static void same_dialog_fields(const struct sip_msg *a, const struct sip_msg *b)
{
    FUZZ_CHECK(span_eq(a->call_id, b->call_id) && a->cseq == b->cseq);
    FUZZ_CHECK(span_eq(a->method_text, b->method_text) && a->method == b->method);
    FUZZ_CHECK(same_unfolded(a->from.text, b->from.text) && span_eq(a->from.tag, b->from.tag));
    FUZZ_CHECK(span_eq(a->to.uri.text, b->to.uri.text));
}

/* ---- what we write from it ---- */

static void check_response(const struct sip_msg *request, enum sip_verdict verdict, struct outbuf *out)
{
    struct sip_msg again;
    const struct sip_response_form form = {.request = request,
                                           .source = source,
                                           .code = verdict == SIP_VERDICT_OK ? 486 : request->bad_code,
                                           .to_tag = SPAN_LIT("ours"),
                                           .record_route = true,
                                           .user_agent = SPAN_LIT("fuzz")};

    sip_write_response(out, &form);
    FUZZ_CHECK(outbuf_status(out) == ST_OK);
    enum sip_verdict answer = sip_msg_parse(outbuf_view(out), &again);
    FUZZ_CHECK(!again.is_request && again.status == form.code);
    if (verdict != SIP_VERDICT_OK) {
        return;
    }
    size_t vias = sip_values_count(request, SIP_HEADER_VIA);
    size_t lines = vias + 8;
    for (size_t i = 0; i < request->header_count; i++) {
        lines += request->headers[i].id == SIP_HEADER_RECORD_ROUTE ? 1 : 0;
    }
    if (lines > SIP_HEADERS_MAX) {
        return; /* a list in one line became one line a value */
    }
    FUZZ_CHECK(answer == SIP_VERDICT_OK);
    same_dialog_fields(request, &again);
    FUZZ_CHECK(span_eq(again.to.tag, request->to.tag.len > 0 ? request->to.tag : SPAN_LIT("ours")));
    FUZZ_CHECK(span_eq(again.via.branch, request->via.branch) && span_eq(again.via.host, request->via.host));
    FUZZ_CHECK(again.via.port == request->via.port && again.via.has_rport == request->via.has_rport);
    FUZZ_CHECK(sip_values_count(&again, SIP_HEADER_VIA) == vias);
    FUZZ_CHECK(!request->via.has_rport || (again.via.rport == 5070 && again.via.received.len > 0));
    struct sip_flow flow = sip_flow_udp(&source, &source);
    FUZZ_CHECK(sip_flow_back(&flow, &request->via).remote.port != 0);
}

static void check_request(const struct sip_msg *request, struct outbuf *out)
{
    struct sip_msg again;
    const struct sip_request_form form = {.method = request->method_text,
                                          .uri = request->uri.text,
                                          .flow = {.local = source},
                                          .branch = SPAN_LIT("z9hG4bKfuzz"),
                                          .from = request->from.text,
                                          .to = request->to.text,
                                          .call_id = request->call_id,
                                          .cseq = request->cseq,
                                          .contact = request->contact.text,
                                          .content_type = SPAN_LIT("application/sdp"),
                                          .body = request->body};

    sip_write_request(out, &form);
    FUZZ_CHECK(outbuf_status(out) == ST_OK);
    FUZZ_CHECK(sip_msg_parse(outbuf_view(out), &again) == SIP_VERDICT_OK);
    FUZZ_CHECK(again.is_request && span_eq(again.uri.text, request->uri.text));
    same_dialog_fields(request, &again);
    FUZZ_CHECK(span_eq(again.to.tag, request->to.tag) && span_eq(again.body, request->body));
    FUZZ_CHECK(again.has_contact == request->has_contact);
}

/* INVITE as we might have sent it, and a response to it. */
static void check_siblings(const struct sip_msg *invite, struct outbuf *out)
{
    struct sip_msg response = *invite;
    struct sip_msg again;

    FUZZ_CHECK(sip_write_cancel(out, invite->raw) == ST_OK);
    FUZZ_CHECK(sip_msg_parse(outbuf_view(out), &again) == SIP_VERDICT_OK && again.method == SIP_METHOD_CANCEL);
    FUZZ_CHECK(span_eq(again.via.branch, invite->via.branch) && again.cseq == invite->cseq);
    outbuf_init(out, out->ptr, out->cap);
    FUZZ_CHECK(sip_write_ack_non2xx(out, invite->raw, &response) == ST_OK);
    FUZZ_CHECK(sip_msg_parse(outbuf_view(out), &again) == SIP_VERDICT_OK && again.method == SIP_METHOD_ACK);
}

/* The SDP lies in the body; what is refused says why, what is not leaves nothing that must be understood. */
static void check_body(const struct sip_msg *msg)
{
    struct sip_body body = sip_body_read(msg);

    FUZZ_CHECK(fuzz_inside(msg->body, body.sdp) && fuzz_inside(msg->raw, body.why));
    FUZZ_CHECK(body.refused || (!body.encoded && body.why.len == 0));
    FUZZ_CHECK(body.encoded ? body.why.len > 0 : true);
}

static void check_key(const struct sip_msg *msg)
{
    struct sip_tx_key held = msg->is_request ? sip_tx_key_server(msg, false, 1) : sip_tx_key_response(msg, 1);
    struct sip_tx_key wanted = msg->is_request ? sip_tx_key_server(msg, false, 1) : sip_tx_key_response(msg, 1);

    FUZZ_CHECK(sip_tx_key_hold(&held) == ST_OK);
    FUZZ_CHECK(held.hash == wanted.hash && (wanted.is_ack || sip_tx_key_matches(&held, &wanted)));
    sip_tx_key_release(&held);
}

static struct span masked(struct span text)
{
    size_t cap = 4 * text.len + 64;
    struct outbuf out;

    outbuf_init(&out, fuzz_alloc(cap), cap);
    sip_mask_secrets(&out, text);
    FUZZ_CHECK(outbuf_status(&out) == ST_OK);
    return outbuf_view(&out);
}

/* A mask that is masked again hides no more. (The first time may take a credential without a scheme for one.) */
static void check_mask(struct span datagram)
{
    struct span once = masked(datagram);
    struct span twice = masked(once);
    struct span thrice = masked(twice);

    FUZZ_CHECK(span_eq(twice, thrice));
    free((void *)(uintptr_t)once.ptr);
    free((void *)(uintptr_t)twice.ptr);
    free((void *)(uintptr_t)thrice.ptr);
}

static void check_good(const struct sip_msg *msg, struct outbuf *out)
{
    struct sip_msg again;

    check_fields(msg);
    check_key(msg);
    check_body(msg);
    FUZZ_CHECK(sip_msg_parse(msg->raw, &again) == SIP_VERDICT_OK);
    FUZZ_CHECK(span_eq(again.body, msg->body) && again.header_count == msg->header_count);
    same_dialog_fields(msg, &again);
    if (!msg->is_request) {
        return;
    }
    check_request(msg, out);
    outbuf_init(out, out->ptr, out->cap);
    if (msg->method == SIP_METHOD_INVITE) {
        check_siblings(msg, out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span datagram = span_make(data, size);
    struct sip_msg msg;
    struct outbuf out;

    if (size > SIP_DATAGRAM_MAX) {
        return 0;
    }
    enum sip_verdict verdict = sip_msg_parse(datagram, &msg);
    FUZZ_CHECK(verdict < SIP_VERDICT_COUNT && msg.bad_reason != NULL);
    check_views(datagram, &msg);
    check_lists(datagram, &msg);
    check_mask(datagram);
    size_t cap = 16 * size + 4096;
    char *bytes = fuzz_alloc(cap);
    outbuf_init(&out, bytes, cap);
    if (verdict == SIP_VERDICT_OK) {
        check_good(&msg, &out);
    } else if (verdict == SIP_VERDICT_ANSWER) {
        FUZZ_CHECK(msg.is_request && msg.method != SIP_METHOD_ACK && msg.via.host.len > 0);
        FUZZ_CHECK(msg.bad_code == 400 || msg.bad_code == 505);
    }
    if (msg.is_request && (verdict == SIP_VERDICT_OK || verdict == SIP_VERDICT_ANSWER)) {
        outbuf_init(&out, bytes, cap);
        check_response(&msg, verdict, &out);
    }
    free(bytes);
    return 0;
}
