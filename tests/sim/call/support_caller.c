/* SPDX-License-Identifier: MIT */
/* Telephones that call the gateway, by plain text like the phone that it calls. Any number at once, told apart by Call-ID. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "world.h"

#define HEAD "From: <sip:%s@10.0.0.9>;tag=c%u\r\nTo: <sip:%s@10.0.0.1:5062>%s%s\r\nCall-ID: caller-%u\r\n"

static unsigned number_of(const struct world *w, const struct caller *c)
{
    return (unsigned)(c - w->callers);
}

/* A header's value up to its line's end, copied. */
static bool value_of(const char *text, const char *name, char *out, size_t cap)
{
    char mark[64];

    snprintf(mark, sizeof(mark), "\r\n%s: ", name);
    const char *at = strstr(text, mark);
    if (at == NULL) {
        return false;
    }
    at += strlen(mark);
    snprintf(out, cap, "%.*s", (int)strcspn(at, "\r"), at);
    return true;
}

static void send_request(struct world *w, struct caller *c, const char *method, unsigned cseq, const char *branch,
                         const char *to_tag, const char *headers, const char *sdp)
{
    char text[32768];
    unsigned n = number_of(w, c);
    const char *uri = to_tag[0] != '\0' && c->target[0] != '\0' && cseq != 1 ? c->target : c->uri;
    const char *target = strcmp(method, "ACK") == 0 && c->status < 300 ? c->target : uri;
    int at = snprintf(text, sizeof(text),
                      "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK%s-%u\r\nMax-Forwards: 70\r\n" HEAD
                      "CSeq: %u %s\r\nContact: <sip:%s@10.0.0.9:5060>\r\n%s",
                      method, target, branch, n, c->from, n, c->to, to_tag[0] != '\0' ? ";tag=" : "", to_tag, n, cseq,
                      method, c->from, headers);
    if (sdp != NULL && sdp[0] != '\0') {
        at += snprintf(text + at, sizeof(text) - (size_t)at, "Content-Type: %s\r\n", world_body_type(sdp));
    }
    snprintf(text + at, sizeof(text) - (size_t)at, "Content-Length: %zu\r\n\r\n%s", sdp != NULL ? strlen(sdp) : 0,
             sdp != NULL ? sdp : "");
    if (strcmp(method, "INVITE") == 0 && cseq == 1) {
        free(c->invite);
        c->invite = strdup(text);
    }
    if (strcmp(method, "ACK") != 0) {
        free(c->request);
        c->request = strdup(text);
        c->request_done = false;
    }
    world_to_gateway(w, text);
}

/* Timers A and E in short: arg is the caller's number and the method. */
static void again(struct world *w, const char *arg)
{
    struct caller *c = &w->callers[atoi(arg)];
    const char *method = strchr(arg, ' ') + 1;

    if (c->request_done || c->request == NULL || strncmp(c->request, method, strlen(method)) != 0 || c->repeats++ > 8) {
        return;
    }
    world_to_gateway(w, c->request);
    world_at(w, DUR_MS(500) << (c->repeats < 3 ? c->repeats : 3), again, arg);
}

static void repeat(struct world *w, struct caller *c, const char *method)
{
    char arg[32];

    if (c->plan.persistent) {
        c->repeats = 0;
        snprintf(arg, sizeof(arg), "%u %s", number_of(w, c), method);
        world_at(w, DUR_MS(500), again, arg);
    }
}

struct caller *caller_call(struct world *w, const char *from, const char *to, const struct caller_plan *plan)
{
    assert_true(w->caller_count < WORLD_CALLERS);
    struct caller *c = &w->callers[w->caller_count++];
    c->plan = plan != NULL ? *plan : (struct caller_plan){0};
    snprintf(c->from, sizeof(c->from), "%s", from);
    snprintf(c->to, sizeof(c->to), "%s", to);
    snprintf(c->uri, sizeof(c->uri), "sip:%s@10.0.0.1:5062", to);
    send_request(w, c, "INVITE", 1, "inv", "", c->plan.headers != NULL ? c->plan.headers : "",
                 c->plan.sdp != NULL ? c->plan.sdp : phone_sdp);
    repeat(w, c, "INVITE");
    return c;
}

void caller_cancel(struct world *w, struct caller *c)
{
    if (c->status >= 200) {
        return; /* 9.1 */
    }
    c->cancelled = true;
    send_request(w, c, "CANCEL", 1, "inv", "", c->plan.cancel_headers != NULL ? c->plan.cancel_headers : "", NULL);
    repeat(w, c, "CANCEL");
}

void caller_bye(struct world *w, struct caller *c)
{
    c->hung_up = true;
    send_request(w, c, "BYE", 2, "bye", c->tag, "", NULL);
    repeat(w, c, "BYE");
}

void caller_request(struct world *w, struct caller *c, const char *method, unsigned cseq, const char *sdp)
{
    char branch[32];

    snprintf(branch, sizeof(branch), "%s%u", method, cseq);
    send_request(w, c, method, cseq, branch, c->tag, "", sdp);
}

void caller_ack(struct world *w, struct caller *c)
{
    c->acks++;
    send_request(w, c, "ACK", 1, c->status < 300 ? "ack" : "inv", c->tag, "", c->status < 300 ? c->plan.ack_sdp : NULL);
}

static void on_response(struct world *w, struct caller *c, const char *text)
{
    char cseq[64] = "";
    char to[256] = "";
    char contact[256] = "";
    int code = atoi(text + 8);

    assert_true(value_of(text, "CSeq", cseq, sizeof(cseq)) && value_of(text, "To", to, sizeof(to)));
    const char *method = strchr(cseq, ' ') + 1;
    bool invite = strcmp(cseq, "1 INVITE") == 0;
    /* a request of the same method was heard; an INVITE, once something came back, is not sent again */
    if (c->request != NULL && strncmp(c->request, method, strlen(method)) == 0 && (code >= 200 || invite)) {
        c->request_done = true;
    }
    if (!invite) {
        c->other_status = code;
        return;
    }
    const char *tag = strstr(to, ";tag=");
    if (tag != NULL) {
        snprintf(c->tag, sizeof(c->tag), "%s", tag + 5);
    }
    if (value_of(text, "Contact", contact, sizeof(contact))) {
        contact[strcspn(contact, ">")] = '\0';
        snprintf(c->target, sizeof(c->target), "%s", contact + 1);
    }
    c->ringing += code == 180;
    c->oks += code == 200;
    if (c->status < 200) {
        c->status = code;
        free(c->response);
        c->response = strdup(text);
    }
    if (code >= 200 && !c->plan.no_ack) {
        caller_ack(w, c);
        if (code == 200 && c->cancelled && c->acks == 1) {
            caller_bye(w, c); /* it crossed the CANCEL */
        }
    }
}

static void on_request(struct world *w, struct caller *c, const char *text)
{
    char via[256] = "";
    char cseq[64] = "";
    char from[256] = "";
    char to[256] = "";
    char answer[1024];

    if (strncmp(text, "BYE ", 4) != 0) {
        return;
    }
    c->byes++;
    if (c->plan.ignore_bye) {
        return;
    }
    assert_true(value_of(text, "Via", via, sizeof(via)) && value_of(text, "CSeq", cseq, sizeof(cseq)) &&
                value_of(text, "From", from, sizeof(from)) && value_of(text, "To", to, sizeof(to)));
    snprintf(answer, sizeof(answer),
             "SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: caller-%u\r\nCSeq: %s\r\n"
             "Content-Length: 0\r\n\r\n",
             via, from, to, number_of(w, c), cseq);
    world_to_gateway(w, answer);
}

bool caller_input(struct world *w, const char *text)
{
    char id[64] = "";

    if (!value_of(text, "Call-ID", id, sizeof(id)) || strncmp(id, "caller-", 7) != 0) {
        return false;
    }
    struct caller *c = &w->callers[atoi(id + 7)];
    if (strncmp(text, "SIP/2.0 ", 8) == 0) {
        on_response(w, c, text);
    } else {
        on_request(w, c, text);
    }
    return true;
}

void caller_fini(struct world *w)
{
    for (size_t i = 0; i < w->caller_count; i++) {
        free(w->callers[i].invite);
        free(w->callers[i].request);
        free(w->callers[i].response);
    }
}
