/* SPDX-License-Identifier: MIT */
/* The phone: SIP by plain text, written apart from room sip so that the two can disagree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "world.h"

const char phone_sdp[] = "v=0\r\no=phone 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"
                         "m=audio 30000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n";

/* The line of a header, from its name to before CRLF; NULL when there is none. */
static const char *find_line(const char *message, const char *name, size_t *len)
{
    size_t n = strlen(name);

    for (const char *at = strstr(message, "\r\n"); at != NULL; at = strstr(at + 2, "\r\n")) {
        if (strncmp(at + 2, name, n) == 0 && at[2 + n] == ':') {
            const char *end = strstr(at + 2, "\r\n");
            *len = (size_t)(end - at - 2);
            return at + 2;
        }
    }
    return NULL;
}

static void copy_line(char *out, size_t cap, const char *message, const char *name)
{
    size_t len = 0;
    const char *line = find_line(message, name, &len);

    assert_non_null(line);
    snprintf(out, cap, "%.*s", (int)len, line);
}

static void add(char *out, size_t cap, const char *fmt, ...) WS_PRINTF(3, 4);
static void add(char *out, size_t cap, const char *fmt, ...)
{
    size_t at = strlen(out);
    va_list args;

    va_start(args, fmt);
    vsnprintf(out + at, cap - at, fmt, args);
    va_end(args);
}

static void add_body(char *out, size_t cap, const char *sdp)
{
    if (sdp != NULL) {
        add(out, cap, "Content-Type: %s\r\n", world_body_type(sdp));
    }
    add(out, cap, "Content-Length: %zu\r\n\r\n%s", sdp != NULL ? strlen(sdp) : 0, sdp != NULL ? sdp : "");
}

static void add_via(const struct world *w, char *out, size_t cap, const char *request)
{
    char line[1024];

    copy_line(line, sizeof(line), request, "Via");
    char *rport = strstr(line, ";rport");
    if (w->phone.plan.seen == NULL || rport == NULL) {
        add(out, cap, "%s\r\n", line);
    } else {
        add(out, cap, "%.*s%s%s\r\n", (int)(rport - line), line, w->phone.plan.seen, rport + 6);
    }
}

void phone_respond(struct world *w, const char *request, int code, const char *reason, const char *tag,
                   const char *headers, const char *sdp)
{
    char out[8192] = "";
    char line[1024];

    add(out, sizeof(out), "SIP/2.0 %d %s\r\n", code, reason);
    add_via(w, out, sizeof(out), request);
    copy_line(line, sizeof(line), request, "From");
    add(out, sizeof(out), "%s\r\n", line);
    copy_line(line, sizeof(line), request, "To");
    bool tagged = strstr(line, ";tag=") != NULL;
    add(out, sizeof(out), tagged || code == 100 ? "%s\r\n" : "%s;tag=%s\r\n", line, tag);
    copy_line(line, sizeof(line), request, "Call-ID");
    add(out, sizeof(out), "%s\r\n", line);
    copy_line(line, sizeof(line), request, "CSeq");
    add(out, sizeof(out), "%s\r\n", line);
    if (strncmp(request, "INVITE", 6) == 0 && code > 100 && code < 300) {
        add(out, sizeof(out), "Contact: <sip:phone@10.0.0.9:5060>\r\n");
    }
    add(out, sizeof(out), "%s", headers != NULL ? headers : "");
    add_body(out, sizeof(out), sdp);
    if (code == 200 && strncmp(request, "INVITE", 6) == 0 && strcmp(tag, "phone") == 0) {
        free(w->phone.answer);
        w->phone.answer = strdup(out);
    }
    if (code > 100 && strncmp(request, "INVITE", 6) == 0) {
        free(w->phone.last_response);
        w->phone.last_response = strdup(out);
    }
    world_to_gateway(w, out);
}

/* Its own requests again, until a response came; arg: the message. */
static void request_again(struct world *w, const char *arg)
{
    const char *cseq = strstr(arg, "CSeq: ");

    if (cseq != NULL && (uint32_t)strtoul(cseq + 6, NULL, 10) > w->phone.answered && w->phone.request_repeats > 0) {
        w->phone.request_repeats--;
        world_to_gateway(w, arg);
        world_at(w, DUR_S(1), request_again, arg);
    }
}

void phone_request(struct world *w, const char *method, const char *headers, const char *sdp)
{
    struct phone *p = &w->phone;
    char out[8192] = "";
    char from[1024];
    char to[1024];
    char id[1024];
    char contact[1024];

    assert_non_null(p->invite);
    copy_line(from, sizeof(from), p->invite, "From");
    copy_line(to, sizeof(to), p->invite, "To");
    copy_line(id, sizeof(id), p->invite, "Call-ID");
    copy_line(contact, sizeof(contact), p->invite, "Contact");
    char *uri = strchr(contact, '<');
    assert_non_null(uri);
    uri[strcspn(uri, ">")] = '\0';
    p->cseq += strcmp(method, "ACK") != 0; /* an ACK has its INVITE's number */
    add(out, sizeof(out), "%s %s SIP/2.0\r\n", method, uri + 1);
    add(out, sizeof(out), "Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKphone%u%s;rport\r\n", p->cseq, method);
    add(out, sizeof(out), "Max-Forwards: 70\r\nFrom:%s;tag=phone\r\nTo:%s\r\n", to + 3, from + 5);
    add(out, sizeof(out), "%s\r\nCSeq: %u %s\r\nContact: <sip:phone@10.0.0.9:5060>\r\n%s", id, p->cseq, method,
        headers != NULL ? headers : "");
    add_body(out, sizeof(out), sdp);
    world_to_gateway(w, out);
    if (p->plan.persistent && strcmp(method, "ACK") != 0) {
        p->request_repeats = 10;
        world_at(w, DUR_S(1), request_again, out);
    }
}

/* ---- the plan ---- */

static const char *plan_sdp(const struct world *w)
{
    return w->phone.plan.sdp != NULL ? w->phone.plan.sdp : phone_sdp;
}

static void do_trying(struct world *w, const char *request)
{
    phone_respond(w, request, 100, "Trying", "phone", NULL, NULL);
}

static void do_ring(struct world *w, const char *request)
{
    char tag[16];

    for (int i = 0; !w->phone.ended && i < w->phone.plan.group; i++) {
        snprintf(tag, sizeof(tag), "group%d", i);
        phone_respond(w, request, 180, "Ringing", tag, NULL, NULL);
    }
    if (!w->phone.ended) {
        phone_respond(w, request, 180, "Ringing", "phone", NULL, NULL);
    }
}

static void do_early(struct world *w, const char *request)
{
    if (!w->phone.ended) {
        phone_respond(w, request, 183, "Session Progress", "phone", NULL, plan_sdp(w));
    }
}

static void repeat_answer(struct world *w, const char *arg)
{
    struct phone *p = &w->phone;

    (void)arg;
    if (p->acked || p->answer == NULL || p->answer_repeats >= 10) {
        return;
    }
    dur_us wait = DUR_MS(500) << p->answer_repeats;
    p->answer_repeats++;
    world_to_gateway(w, p->answer);
    world_at(w, wait < DUR_S(4) ? wait : DUR_S(4), repeat_answer, NULL);
}

/* Timer G in short. */
static void repeat_refusal(struct world *w, const char *request)
{
    struct phone *p = &w->phone;

    if (!p->refusal_acked && p->invite != NULL && strcmp(request, p->invite) == 0 && p->answer_repeats++ < 10) {
        world_to_gateway(w, p->last_response);
        world_at(w, DUR_S(2), repeat_refusal, request);
    }
}

static void do_final(struct world *w, const char *request)
{
    struct phone *p = &w->phone;

    if (p->ended) {
        return;
    }
    p->ended = true;
    bool ok = p->plan.final_code == 200;
    /* an empty string says: no SDP at all */
    const char *sdp = ok && plan_sdp(w)[0] != '\0' ? plan_sdp(w) : NULL;
    phone_respond(w, request, p->plan.final_code, ok ? "OK" : "No", "phone", p->plan.final_headers, sdp);
    if (ok && p->plan.forks) {
        phone_respond(w, request, 200, "OK", "fork", p->plan.final_headers, sdp);
    }
    if (ok) {
        world_at(w, DUR_MS(500), repeat_answer, NULL);
    } else if (p->plan.persistent) {
        p->refusal_acked = false;
        world_at(w, DUR_S(1), repeat_refusal, request);
    }
}

static void do_bye(struct world *w, const char *arg)
{
    (void)arg;
    phone_request(w, "BYE", NULL, NULL);
}

static void plan_at(struct world *w, int ms, void (*run)(struct world *w, const char *arg), const char *request)
{
    if (ms >= 0) {
        world_at(w, DUR_MS(ms), run, request);
    }
}

static void on_invite(struct world *w, const char *text)
{
    struct phone *p = &w->phone;
    const struct phone_plan *plan = &p->plan;
    bool has_credentials = strstr(text, "uthorization: Digest") != NULL;

    p->invites++;
    if (p->invites <= plan->ignore_invites) {
        return;
    }
    if (plan->challenge != 0 && (!has_credentials || plan->always_challenge)) {
        phone_respond(w, text, plan->challenge, "Prove it", "phone",
                      plan->challenge == 401
                          ? "WWW-Authenticate: Digest realm=\"sim\", nonce=\"abc\", algorithm=MD5, qop=\"auth\"\r\n"
                          : "Proxy-Authenticate: Digest realm=\"sim\", nonce=\"abc\"\r\n",
                      NULL);
        return;
    }
    bool again = p->invite != NULL && strcmp(p->invite, text) == 0;
    if (again) {
        if (plan->persistent && p->last_response != NULL) {
            world_to_gateway(w, p->last_response);
        }
        return;
    }
    for (size_t i = 0; i < p->moved_count; i++) {
        if (strcmp(p->moved[i].invite, text) == 0) {
            world_to_gateway(w, p->moved[i].response);
            return;
        }
    }
    if (plan->redirects > 0) {
        char contact[64];
        if (plan->redirect_to != NULL) {
            snprintf(contact, sizeof(contact), "Contact: <%s>\r\n", plan->redirect_to);
        } else {
            snprintf(contact, sizeof(contact), "Contact: <sip:other%d@10.0.0.9>\r\n", plan->redirects);
        }
        p->plan.redirects--;
        phone_respond(w, text, 302, "Moved", "phone", contact, NULL);
        assert_true(p->moved_count < sizeof(p->moved) / sizeof(p->moved[0]));
        p->moved[p->moved_count].invite = strdup(text);
        p->moved[p->moved_count++].response = strdup(p->last_response);
        return;
    }
    free(p->last_response);
    p->last_response = NULL;
    free(p->invite);
    p->invite = strdup(text);
    p->ended = false;
    p->acked = false;
    p->answer_repeats = 0;
    plan_at(w, plan->trying_ms, do_trying, text);
    plan_at(w, plan->ring_ms, do_ring, text);
    plan_at(w, plan->early_ms, do_early, text);
    plan_at(w, plan->final_ms, do_final, text);
}

static void on_cancel(struct world *w, const char *text)
{
    struct phone *p = &w->phone;

    p->cancels++;
    if (p->plan.ignore_cancel) {
        return;
    }
    phone_respond(w, text, 200, "OK", "phone", NULL, NULL);
    if (p->plan.answer_on_cancel) {
        p->plan.final_code = 200;
        do_final(w, p->invite);
    } else if (!p->ended) {
        p->ended = true;
        phone_respond(w, p->invite, 487, "Request Terminated", "phone", NULL, NULL);
    }
}

void phone_input(struct world *w, const char *text)
{
    struct phone *p = &w->phone;

    if (p->plan.dead) {
        return;
    }
    if (strncmp(text, "INVITE ", 7) == 0) {
        on_invite(w, text);
    } else if (strncmp(text, "ACK ", 4) == 0) {
        p->acks++;
        p->refusal_acked = true;
        if (!p->plan.ignore_ack && !p->acked && p->answer != NULL) {
            p->acked = true;
            plan_at(w, p->plan.bye_ms, do_bye, "");
        }
    } else if (strncmp(text, "CANCEL ", 7) == 0) {
        on_cancel(w, text);
    } else if (strncmp(text, "BYE ", 4) == 0) {
        p->byes++;
        if (p->plan.challenge_bye != 0 && strstr(text, "uthorization: Digest") == NULL) {
            phone_respond(w, text, p->plan.challenge_bye, "Prove it", "phone",
                          "Proxy-Authenticate: Digest realm=\"sim\", nonce=\"bye\"\r\n", NULL);
        } else if (!p->plan.ignore_bye) {
            phone_respond(w, text, 200, "OK", "phone", NULL, NULL);
        }
    } else if (p->plan.registrar && (strncmp(text, "REGISTER ", 9) == 0 || strncmp(text, "OPTIONS ", 8) == 0)) {
        phone_respond(w, text, 200, "OK", "phone", NULL, NULL);
    } else if (strncmp(text, "SIP/2.0 ", 8) == 0 && text[8] != '1' && strstr(text, "CSeq: ") != NULL) {
        p->answered = (uint32_t)strtoul(strstr(text, "CSeq: ") + 6, NULL, 10);
    }
}

void phone_rtp(struct world *w, const uint8_t *data, size_t len, struct pool_id call)
{
    struct phone *p = &w->phone;
    struct net_addr from = addr_ipv4(10, 0, 0, 9, 30000);

    assert_true(len > 12 && data[0] == 0x80);
    uint16_t seq = (uint16_t)(data[2] << 8 | data[3]);
    uint32_t ts = (uint32_t)data[4] << 24 | (uint32_t)data[5] << 16 | (uint32_t)data[6] << 8 | data[7];
    uint32_t ssrc = (uint32_t)data[8] << 24 | (uint32_t)data[9] << 16 | (uint32_t)data[10] << 8 | data[11];
    if (p->rtp_packets > 0 && (seq != (uint16_t)(p->last_seq + 1) || ssrc != p->ssrc)) {
        p->rtp_gap = true;
    }
    p->rtp_packets++;
    p->last_seq = seq;
    p->last_ts = ts;
    p->ssrc = ssrc;
    if (p->rtp_len + len > p->rtp_cap) {
        p->rtp_cap = (p->rtp_len + len) * 2;
        p->rtp_payload = realloc(p->rtp_payload, p->rtp_cap);
        assert_non_null(p->rtp_payload);
    }
    memcpy(p->rtp_payload + p->rtp_len, data + 12, len - 12);
    p->rtp_len += len - 12;
    if (p->plan.echo) {
        world_rtp_to_gateway(w, call, &from, data, len);
    }
}

void phone_init(struct world *w)
{
    w->phone.plan = (struct phone_plan){
        .trying_ms = 5, .ring_ms = 20, .early_ms = -1, .final_ms = 100, .final_code = 200, .bye_ms = -1};
    w->phone.cseq = 100;
}

void phone_fini(struct world *w)
{
    free(w->phone.invite);
    free(w->phone.answer);
    free(w->phone.last_response);
    for (size_t i = 0; i < w->phone.moved_count; i++) {
        free(w->phone.moved[i].invite);
        free(w->phone.moved[i].response);
    }
    free(w->phone.rtp_payload);
}
