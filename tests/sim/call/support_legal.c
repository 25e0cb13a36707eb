/* SPDX-License-Identifier: MIT */
#include "legal.h"

#include <stdio.h>
#include <stdlib.h>

#include "wsaudio/sipmsg/body.h"
#include "wsaudio/sipmsg/message.h"

#define KEY_MAX  160
#define NO_REPLY DUR_S(32) /* 64*T1 */

/* One request, ours or theirs, with what became of it. */
struct request {
    bool ours;
    enum sip_method method;
    uint32_t cseq;
    char branch[KEY_MAX], call_id[KEY_MAX], from_tag[KEY_MAX], to_tag[KEY_MAX], via[KEY_MAX];
    char uri[512];
    uint64_t hash;
    bool malformed;   /* only its branch can be relied on */
    bool broken;      /* a transport error was met while it, or a response to it, was sent: 17.1.4, 17.2.4 */
    bool provisional; /* a 1xx was received or sent */
    mono_us sent_at;
    int final; /* code of the first final response; 0 none */
    mono_us final_at;
    uint64_t final_hash; /* of ours */
    char tag[KEY_MAX];   /* To tag that we put into responses */
};

struct dialog {
    char call_id[KEY_MAX], local_tag[KEY_MAX], remote_tag[KEY_MAX];
    bool ours; /* we sent the INVITE */
    uint32_t invite_cseq;
    mono_us made;
    bool acked;    /* the ACK of its INVITE was sent or received */
    bool bye_sent; /* and not refused by a challenge */
    bool bye_received;
};

struct legal {
    struct request *requests;
    size_t request_count, request_cap;
    struct dialog *dialogs;
    size_t dialog_count, dialog_cap;
    struct sip_msg msg;
    mono_us now;
    char why[256];
};

static const char *fault(struct legal *l, const char *what)
{
    snprintf(l->why, sizeof(l->why), "%s", what);
    return l->why;
}

static uint64_t hash_of(const void *data, size_t len)
{
    uint64_t hash = 14695981039346656037U;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ ((const uint8_t *)data)[i]) * 1099511628211U;
    }
    return hash;
}

static void keep(char *dst, size_t cap, struct span s)
{
    snprintf(dst, cap, "%.*s", SPAN_ARG(s));
}

static bool is(const char *kept, struct span s)
{
    return span_eq(span_cstr(kept), s);
}

struct legal *legal_new(void)
{
    return calloc(1, sizeof(struct legal));
}

void legal_free(struct legal *l)
{
    if (l != NULL) {
        free(l->requests);
        free(l->dialogs);
        free(l);
    }
}

/* ---- what is known ---- */

static void *grow(void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return items;
    }
    *cap = *cap * 2 + 16;
    items = realloc(items, *cap * size);
    if (items == NULL) {
        abort();
    }
    return items;
}

static struct request *find_request(struct legal *l, bool ours, struct span branch, enum sip_method method)
{
    for (size_t i = l->request_count; i > 0; i--) {
        struct request *r = &l->requests[i - 1];
        if (r->ours == ours && r->method == method && is(r->branch, branch)) {
            return r;
        }
    }
    return NULL;
}

static struct request *add_request(struct legal *l, bool ours)
{
    const struct sip_msg *m = &l->msg;

    l->requests = grow(l->requests, l->request_count, &l->request_cap, sizeof(*l->requests));
    struct request *r = &l->requests[l->request_count++];
    *r = (struct request){
        .ours = ours, .method = m->method, .cseq = m->cseq, .hash = hash_of(m->raw.ptr, m->raw.len), .sent_at = l->now};
    keep(r->branch, sizeof(r->branch), m->via.branch);
    keep(r->call_id, sizeof(r->call_id), m->call_id);
    keep(r->from_tag, sizeof(r->from_tag), m->from.tag);
    keep(r->to_tag, sizeof(r->to_tag), m->to.tag);
    keep(r->via, sizeof(r->via), m->via.host);
    keep(r->uri, sizeof(r->uri), m->uri.text);
    return r;
}

static struct dialog *find_dialog(struct legal *l, struct span call_id, struct span local, struct span remote)
{
    for (size_t i = 0; i < l->dialog_count; i++) {
        struct dialog *d = &l->dialogs[i];
        if (is(d->call_id, call_id) && is(d->local_tag, local) && is(d->remote_tag, remote)) {
            return d;
        }
    }
    return NULL;
}

static void add_dialog(struct legal *l, bool ours, struct span local, struct span remote)
{
    if (find_dialog(l, l->msg.call_id, local, remote) != NULL) {
        return;
    }
    l->dialogs = grow(l->dialogs, l->dialog_count, &l->dialog_cap, sizeof(*l->dialogs));
    struct dialog *d = &l->dialogs[l->dialog_count++];
    *d = (struct dialog){.ours = ours, .invite_cseq = l->msg.cseq, .made = l->now};
    keep(d->call_id, sizeof(d->call_id), l->msg.call_id);
    keep(d->local_tag, sizeof(d->local_tag), local);
    keep(d->remote_tag, sizeof(d->remote_tag), remote);
}

/* The INVITE of ours that an ACK or a CANCEL belongs to. */
static struct request *our_invite(struct legal *l)
{
    for (size_t i = l->request_count; i > 0; i--) {
        struct request *r = &l->requests[i - 1];
        if (r->ours && r->method == SIP_METHOD_INVITE && r->cseq == l->msg.cseq && is(r->call_id, l->msg.call_id)) {
            return r;
        }
    }
    return NULL;
}

/* ---- requests that we send ---- */

static const char *check_again(struct legal *l, const struct request *r)
{
    if (r->hash != hash_of(l->msg.raw.ptr, l->msg.raw.len)) {
        return fault(l, "a request sent again differs from the first (17.1.1.2)");
    }
    if (r->method == SIP_METHOD_INVITE && (r->provisional || r->final != 0)) {
        return fault(l, "an INVITE is sent again although a response was received (17.1.1.2)");
    }
    if (r->method != SIP_METHOD_ACK && r->final != 0) {
        return fault(l, "a request is sent again behind its final response (17.1.2.2)");
    }
    return NULL;
}

static const char *check_cancel(struct legal *l)
{
    const struct request *i = find_request(l, true, l->msg.via.branch, SIP_METHOD_INVITE);

    if (i == NULL || i->cseq != l->msg.cseq || !is(i->call_id, l->msg.call_id) || !is(i->uri, l->msg.uri.text) ||
        !is(i->from_tag, l->msg.from.tag) || !is(i->to_tag, l->msg.to.tag)) {
        return fault(l, "a CANCEL that does not match its INVITE (9.1)");
    }
    if (!i->provisional) {
        return fault(l, "a CANCEL before any provisional response (9.1)");
    }
    if (i->final != 0) {
        return fault(l, "a CANCEL behind the final response (9.1)");
    }
    return NULL;
}

static const char *check_ack(struct legal *l)
{
    const struct sip_msg *m = &l->msg;
    struct request *same = find_request(l, true, m->via.branch, SIP_METHOD_INVITE);
    struct dialog *d = find_dialog(l, m->call_id, m->from.tag, m->to.tag);

    if (same != NULL) {
        if (same->final < 300 || same->cseq != m->cseq || !is(same->uri, m->uri.text)) {
            return fault(l, "an ACK with its INVITE's branch without a refusal to acknowledge (17.1.1.3)");
        }
        return m->to.tag.len > 0 ? NULL : fault(l, "an ACK without a To tag (17.1.1.3)");
    }
    const struct request *i = our_invite(l);
    if (d == NULL || i == NULL || i->final == 0) {
        return fault(l, "an ACK to a 2xx that was never received (13.2.2.4)");
    }
    d->acked = true;
    return NULL;
}

/* The highest number used in that dialog so far. */
static uint32_t last_cseq(const struct legal *l)
{
    uint32_t last = 0;

    for (size_t i = 0; i < l->request_count; i++) {
        const struct request *r = &l->requests[i];
        bool same = r->to_tag[0] == '\0' || is(r->to_tag, l->msg.to.tag); /* forks are dialogs of their own */
        if (r->ours && same && is(r->call_id, l->msg.call_id) && r->cseq > last) {
            last = r->cseq;
        }
    }
    return last;
}

static const char *check_invite(struct legal *l)
{
    if (!l->msg.has_contact) {
        return fault(l, "an INVITE without Contact (8.1.1.8)");
    }
    for (size_t i = 0; i < l->request_count; i++) {
        const struct request *r = &l->requests[i];
        if (!r->ours || r->method != SIP_METHOD_INVITE || !is(r->call_id, l->msg.call_id)) {
            continue;
        }
        if (r->final == 0 && !r->broken) {
            return fault(l, "a second INVITE while the first has no final response (14.1)");
        }
        if (l->msg.to.tag.len == 0 && r->final / 100 == 2) {
            return fault(l, "an INVITE outside the dialog that the last one made");
        }
        if (l->msg.to.tag.len == 0 && !is(r->from_tag, l->msg.from.tag)) {
            return fault(l, "an INVITE tried again with another From tag (22.2)");
        }
    }
    return NULL;
}

/* REGISTER and OPTIONS: each to the server, one at a time. */
static const char *check_link(struct legal *l)
{
    for (size_t i = 0; i < l->request_count; i++) {
        const struct request *r = &l->requests[i];
        bool open = r->final == 0 && !r->broken && l->now < r->sent_at + NO_REPLY;
        if (r->ours && r->method == l->msg.method && open) {
            return fault(l, "a second one while the first has no final response (10.2)");
        }
    }
    return NULL;
}

/* Did a challenge refuse the last BYE of this dialog, or could it not be sent? */
static bool bye_may_go_again(const struct legal *l, const struct dialog *d)
{
    for (size_t i = l->request_count; i > 0; i--) {
        const struct request *r = &l->requests[i - 1];
        if (r->ours && r->method == SIP_METHOD_BYE && is(d->call_id, l->msg.call_id) &&
            strcmp(r->call_id, d->call_id) == 0 && strcmp(r->to_tag, d->remote_tag) == 0) {
            return r->final == 401 || r->final == 407 || r->broken;
        }
    }
    return false;
}

static const char *check_bye(struct legal *l, struct dialog *d)
{
    if (d->ours && !d->acked) {
        return fault(l, "a BYE before the ACK of the 2xx (13.2.2.4)");
    }
    if (!d->ours && !d->acked && l->now < d->made + NO_REPLY) {
        return fault(l, "a BYE of the callee before the ACK has come (15)");
    }
    if (d->bye_sent && !bye_may_go_again(l, d)) {
        return fault(l, "a second BYE in one dialog");
    }
    d->bye_sent = true;
    return NULL;
}

static const char *check_in_dialog(struct legal *l)
{
    struct dialog *d = find_dialog(l, l->msg.call_id, l->msg.from.tag, l->msg.to.tag);

    if (d == NULL) {
        return fault(l, "a request inside a dialog that does not exist (12.2)");
    }
    if (d->bye_received) {
        return fault(l, "a request in a dialog that the peer has ended (15.1.2)");
    }
    if (l->msg.method == SIP_METHOD_BYE) {
        return check_bye(l, d);
    }
    return d->bye_sent ? fault(l, "a request in a dialog that was ended (15.1.1)") : NULL;
}

static const char *check_new_request(struct legal *l)
{
    const struct sip_msg *m = &l->msg;
    const char *why = NULL;

    if (m->method == SIP_METHOD_CANCEL) {
        return check_cancel(l);
    }
    if (m->method == SIP_METHOD_ACK) {
        return check_ack(l);
    }
    for (size_t i = 0; i < l->request_count; i++) {
        if (l->requests[i].ours && is(l->requests[i].branch, m->via.branch)) {
            return fault(l, "a branch that was used before (8.1.1.7)");
        }
    }
    if (m->cseq <= last_cseq(l)) {
        return fault(l, "a CSeq that does not grow (12.2.1.1)");
    }
    if ((m->method == SIP_METHOD_REGISTER || m->method == SIP_METHOD_OPTIONS) && m->to.tag.len == 0) {
        return check_link(l);
    }
    if (m->method == SIP_METHOD_INVITE) {
        why = check_invite(l);
    } else if (m->method != SIP_METHOD_BYE) {
        why = fault(l, "a method that this program does not send");
    }
    return why != NULL || (m->to.tag.len == 0 && m->method == SIP_METHOD_INVITE) ? why : check_in_dialog(l);
}

static const char *check_request(struct legal *l)
{
    const struct sip_msg *m = &l->msg;

    if (m->max_forwards != 70) {
        return fault(l, "a request without Max-Forwards: 70 (8.1.1.6)");
    }
    if (!span_starts(m->via.branch, SPAN_LIT("z9hG4bK")) || m->via.branch.len < 15 || !m->via.has_rport) {
        return fault(l, "a branch or rport that is missing (8.1.1.7, RFC 3581)");
    }
    const struct request *r = find_request(l, true, m->via.branch, m->method);
    const char *why = r != NULL ? check_again(l, r) : check_new_request(l);
    if (why == NULL && r == NULL) {
        add_request(l, true);
    }
    return why;
}

/* ---- responses that we send ---- */

static const char *check_final(struct legal *l, struct request *r)
{
    const struct sip_msg *m = &l->msg;

    r->final = m->status;
    r->final_at = l->now;
    r->final_hash = hash_of(m->raw.ptr, m->raw.len);
    if (m->status / 100 != 2) {
        return NULL;
    }
    if (r->method == SIP_METHOD_INVITE) {
        if (!m->has_contact || m->body.len == 0) {
            return fault(l, "a 2xx to an INVITE without Contact or SDP (12.1.1, 13.3.1.4)");
        }
        add_dialog(l, false, m->to.tag, m->from.tag);
    } else if (r->method == SIP_METHOD_BYE) {
        struct dialog *d = find_dialog(l, m->call_id, m->to.tag, m->from.tag);
        if (d != NULL) {
            d->bye_received = true;
        }
    }
    return NULL;
}

static const char *check_response(struct legal *l)
{
    const struct sip_msg *m = &l->msg;
    struct request *r = find_request(l, false, m->via.branch, m->method);

    if (m->method == SIP_METHOD_ACK) {
        return fault(l, "a response to an ACK (17)");
    }
    for (size_t i = 0; i < l->request_count && (m->status == 400 || m->status == 505); i++) {
        if (l->requests[i].malformed && is(l->requests[i].branch, m->via.branch)) {
            return NULL;
        }
    }
    if (r == NULL || r->cseq != m->cseq || !is(r->call_id, m->call_id) || !is(r->from_tag, m->from.tag) ||
        !is(r->via, m->via.host)) {
        return fault(l, "a response to a request that never came (8.2.6.2)");
    }
    if (m->status > 100 && m->to.tag.len == 0) {
        return fault(l, "a response without a To tag (8.2.6.2)");
    }
    if (r->to_tag[0] != '\0' && m->to.tag.len > 0 && !is(r->to_tag, m->to.tag)) {
        return fault(l, "a response whose To tag is not the request's (8.2.6.2)");
    }
    /* what could not be sent left no state behind: the same request is a new one then, 481 to a CANCEL */
    if (!r->broken && r->tag[0] != '\0' && m->to.tag.len > 0 && !is(r->tag, m->to.tag)) {
        return fault(l, "two To tags for one request (8.2.6.2)");
    }
    if (m->to.tag.len > 0) {
        keep(r->tag, sizeof(r->tag), m->to.tag);
    }
    if (r->final != 0) {
        return r->broken || r->final_hash == hash_of(m->raw.ptr, m->raw.len)
                   ? NULL
                   : fault(l, "another response behind the final one (17.2.1)");
    }
    r->provisional = r->provisional || m->status < 200;
    return m->status >= 200 ? check_final(l, r) : NULL;
}

/* ---- the door ---- */

const char *legal_sent(struct legal *l, mono_us now, const void *data, size_t len)
{
    enum sip_verdict verdict = sip_msg_parse(span_make(data, len), &l->msg);
    const struct sip_msg *m = &l->msg;

    l->now = now;
    if (verdict != SIP_VERDICT_OK) {
        return fault(l, m->bad_reason);
    }
    if (m->raw.len != len || sip_msg_header(m, SIP_HEADER_CONTENT_LENGTH) == NULL) {
        return fault(l, "no Content-Length, or bytes behind it (18.3)");
    }
    if (m->body.len > 0 && !sip_type_is(m->content_type, SPAN_LIT("application"), SPAN_LIT("sdp"))) {
        return fault(l, "a body whose type is not said (7.4.1)");
    }
    if (m->from.tag.len == 0 || m->call_id.len == 0 || m->cseq == 0) {
        return fault(l, "From tag, Call-ID or CSeq is missing (8.1.1)");
    }
    return m->is_request ? check_request(l) : check_response(l);
}

static void request_received(struct legal *l)
{
    const struct sip_msg *m = &l->msg;

    if (m->method == SIP_METHOD_ACK) {
        struct dialog *d = find_dialog(l, m->call_id, m->to.tag, m->from.tag);
        if (d != NULL) {
            d->acked = true;
        }
    } else if (find_request(l, false, m->via.branch, m->method) == NULL) {
        add_request(l, false);
    }
}

void legal_failed(struct legal *l, const void *data, size_t len)
{
    if (sip_msg_parse(span_make(data, len), &l->msg) == SIP_VERDICT_OK) {
        struct request *r = find_request(l, l->msg.is_request, l->msg.via.branch, l->msg.method);
        if (r != NULL) {
            r->broken = true;
        }
    }
}

void legal_received(struct legal *l, mono_us now, const void *data, size_t len)
{
    enum sip_verdict verdict = sip_msg_parse(span_make(data, len), &l->msg);
    const struct sip_msg *m = &l->msg;

    l->now = now;
    if (verdict == SIP_VERDICT_ANSWER) {
        add_request(l, false)->malformed = true; /* a 400 may follow */
    }
    if (verdict != SIP_VERDICT_OK) {
        return;
    }
    if (m->is_request) {
        request_received(l);
        return;
    }
    struct request *r = find_request(l, true, m->via.branch, m->method);
    if (r == NULL || r->cseq != m->cseq || !is(r->call_id, m->call_id)) {
        return;
    }
    if (m->status < 200) {
        r->provisional = true;
    } else if (r->final == 0) {
        r->final = m->status;
        r->final_at = now;
    }
    if (m->method == SIP_METHOD_INVITE && m->status / 100 == 2 && m->to.tag.len > 0) {
        add_dialog(l, true, m->from.tag, m->to.tag);
    }
}
