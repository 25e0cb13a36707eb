/* SPDX-License-Identifier: MIT */
/* A stack that is called and asked by a scripted peer at 10.0.0.2 (RFC 3261 unless said otherwise).
 *
 * offerless_invite       13.2.1, 13.3.1.4     our 200 carries the offer, the ACK the answer
 * cancel_unanswered      9.2                  200 to CANCEL, 487 to INVITE
 * cancel_too_late        9.2                  200, and the call goes on
 * cancel_of_nothing      9.2                  481
 * bye_while_ringing      15, 15.1.2           200, 487, ENDED 200
 * bye_before_ack         15.1.2
 * reinvite_before_ack    14.2                 500 with Retry-After
 * ack_with_other_cseq    13.3.1.4             is none
 * reliable_refusal       17.2.1               486 until ACK
 * routes_of_callee       12.1.1, 12.2.1.1     Record-Route in order, in 200 too
 * outside_options        11.2
 * outside_refusals       8.2.1, 8.2.2, 12.2.2 405, 416, 420, 415, 406, 481, 505, 400
 * optional_body          8.2.3, 20.11         what may be left unread is
 * body_too_long          21.4.11              413
 * require_elsewhere      8.2.2.3              in CANCEL and ACK it is passed over
 * merged                 8.2.2.2              482
 * acks_and_responses     17.1.3, 18.1.2       are never answered
 * flood_of_strangers     8.2.7                leaves no state behind
 * the_same_tag           8.2.7, 8.2.6.2       sent again: the same answer to the octet, with and without a transaction
 */
#include "support_sim.h"

#include <stdio.h>
#include <string.h>

static struct sim_ua *open_callee(int answer_at_once)
{
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    ua->adopt = true;
    ua->answer_at_once = answer_at_once;
    return ua;
}

static const struct sim_message *last_sent(const struct sim *sim, const char *start)
{
    return sim_nth(sim, 1, start, sim_sent(sim, 1, start) - 1);
}

static void offerless_invite(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(200);
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", "");
    const struct sim_message *ok = sim_expect(ua->sim, 2, "SIP/2.0 200");
    assert_string_equal(sim_event(ua, SIP_EVENT_INCOMING)->body, "");
    sim_assert_has(ok, SDP_ANSWER);
    assert_string_equal(sim_header(ok, "Contact"), "<sip:voip@10.0.0.1:5060>");
    struct sim_dialog d = sim_dialog_of_response(ok);
    sim_request(ua->sim, 2, 1, &d, "ACK", "", SDP_OFFER);
    sim_run(ua->sim, DUR_MS(50));
    assert_string_equal(sim_event(ua, SIP_EVENT_CONFIRMED)->body, SDP_OFFER);
    sim_request(ua->sim, 2, 1, &d, "ACK", "", SDP_OFFER); /* once more: noise */
    sim_request(ua->sim, 2, 1, &d, "BYE", "", "");
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_events(ua, SIP_EVENT_CONFIRMED), 1);
    sim_assert_ended(ua, 200);
    sim_close(ua->sim);
}

static void send_cancel(struct sim *sim)
{
    const struct sim_message *invite = last_sent(sim, "INVITE");
    char text[1024];
    (void)snprintf(text, sizeof(text),
                   "CANCEL %s SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
                   "CSeq: 7 CANCEL\r\nRequire: anything\r\nContent-Length: 0\r\n\r\n",
                   sim_uri(invite), sim_header(invite, "Via"), sim_header(invite, "From"), sim_header(invite, "To"),
                   sim_header(invite, "Call-ID"));
    sim_send_text(sim, 2, 1, text);
}

static void send_ack_to_refusal(struct sim *sim, const struct sim_message *refusal)
{
    const struct sim_message *invite = last_sent(sim, "INVITE");
    char text[1024];
    (void)snprintf(text, sizeof(text),
                   "ACK %s SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
                   "CSeq: 7 ACK\r\nContent-Length: 0\r\n\r\n",
                   sim_uri(invite), sim_header(invite, "Via"), sim_header(invite, "From"), sim_header(refusal, "To"),
                   sim_header(invite, "Call-ID"));
    sim_send_text(sim, 2, 1, text);
}

static void cancel_unanswered(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(0);
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER);
    sim_run(ua->sim, DUR_MS(50));
    send_cancel(ua->sim);
    const struct sim_message *ok = sim_expect(ua->sim, 2, "SIP/2.0 200");
    assert_string_equal(sim_header(ok, "CSeq"), "7 CANCEL");
    const struct sim_message *over = sim_expect(ua->sim, 2, "SIP/2.0 487");
    assert_string_equal(sim_header(over, "CSeq"), "7 INVITE");
    assert_string_equal(sim_header(over, "To"), sim_header(ok, "To"));
    send_ack_to_refusal(ua->sim, over);
    sim_run(ua->sim, DUR_S(2));
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 487"), 1);
    sim_assert_ended(ua, 487);
    sim_close(ua->sim);
}

static void cancel_too_late(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(200);
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER);
    struct sim_dialog d = sim_dialog_of_response(sim_expect(ua->sim, 2, "SIP/2.0 200"));
    send_cancel(ua->sim);
    assert_string_equal(sim_header(sim_expect(ua->sim, 2, "SIP/2.0 200"), "CSeq"), "7 CANCEL");
    sim_request(ua->sim, 2, 1, &d, "ACK", "", "");
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_events(ua, SIP_EVENT_CONFIRMED), 1);
    sim_end(ua);
    const struct sim_message *bye = sim_expect(ua->sim, 2, "BYE");
    assert_string_equal(sim_uri(bye), "sip:caller@10.0.0.2");
    sim_reply(ua->sim, 2, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void cancel_of_nothing(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(0);
    sim_stranger(ua->sim, 2, 1, "CANCEL", 1, "", "");
    sim_expect(ua->sim, 2, "SIP/2.0 481");
    sim_close(ua->sim);
}

/* Rings, with a tag that the caller knows. */
static struct sim_dialog ringing(struct sim_ua *ua)
{
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER);
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sip_inv_progress(ua->stack, ua->sim->now, ua->call, 180, SPAN_NONE), ST_OK);
    return sim_dialog_of_response(sim_expect(ua->sim, 2, "SIP/2.0 180"));
}

static void bye_while_ringing(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(0);
    struct sim_dialog d = ringing(ua);
    sim_request(ua->sim, 2, 1, &d, "UPDATE", "", SDP_OFFER);
    sim_assert_has(sim_expect(ua->sim, 2, "SIP/2.0 500"), "Retry-After: ");
    sim_request(ua->sim, 2, 1, &d, "BYE", "", "");
    assert_non_null(strstr(sim_header(sim_expect(ua->sim, 2, "SIP/2.0 200"), "CSeq"), "BYE"));
    send_ack_to_refusal(ua->sim, sim_expect(ua->sim, 2, "SIP/2.0 487"));
    sim_assert_ended(ua, 200);
    sim_close(ua->sim);
}

static void bye_before_ack(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(200);
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER);
    struct sim_dialog d = sim_dialog_of_response(sim_expect(ua->sim, 2, "SIP/2.0 200"));
    sim_request(ua->sim, 2, 1, &d, "BYE", "", "");
    sim_run(ua->sim, DUR_S(2));
    sim_assert_ended(ua, 200);
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 200"), 2);
    sim_close(ua->sim);
}

static void reinvite_before_ack(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(200);
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER);
    struct sim_dialog d = sim_dialog_of_response(sim_expect(ua->sim, 2, "SIP/2.0 200"));
    sim_request(ua->sim, 2, 1, &d, "INVITE", "", SDP_OFFER);
    sim_assert_has(sim_expect(ua->sim, 2, "SIP/2.0 500"), "Retry-After: ");
    d.cseq = 99;
    sim_request(ua->sim, 2, 1, &d, "ACK", "", "");
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_events(ua, SIP_EVENT_CONFIRMED), 0);
    d.cseq = 7;
    sim_request(ua->sim, 2, 1, &d, "ACK", "", "");
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_events(ua, SIP_EVENT_CONFIRMED), 1);
    d.cseq = 100;
    sim_request(ua->sim, 2, 1, &d, "BYE", "", "");
    sim_run(ua->sim, DUR_MS(50));
    sim_assert_ended(ua, 200);
    sim_close(ua->sim);
}

static void reliable_refusal(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(486);
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER);
    sim_run(ua->sim, DUR_S(2));
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 486"), 3);
    send_ack_to_refusal(ua->sim, last_sent(ua->sim, "INVITE"));
    assert_int_equal(sim_events(ua, SIP_EVENT_ENDED), 0);
    sim_close(ua->sim);
}

static void routes_of_callee(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(200);
    sim_stranger(ua->sim, 2, 1, "INVITE", 1,
                 "Record-Route: <sip:10.0.0.3:5060;lr>\r\nRecord-Route: <sip:10.0.0.4;lr>\r\n", SDP_OFFER);
    const struct sim_message *ok = sim_expect(ua->sim, 2, "SIP/2.0 200");
    sim_assert_has(ok, "Record-Route: <sip:10.0.0.3:5060;lr>\r\nRecord-Route: <sip:10.0.0.4;lr>\r\n");
    struct sim_dialog d = sim_dialog_of_response(ok);
    sim_request(ua->sim, 2, 1, &d, "ACK", "", "");
    sim_run(ua->sim, DUR_MS(50));
    sim_end(ua);
    const struct sim_message *bye = sim_expect(ua->sim, 3, "BYE");
    assert_string_equal(sim_header(bye, "Route"), "<sip:10.0.0.3:5060;lr>, <sip:10.0.0.4;lr>");
    sim_reply(ua->sim, 3, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void outside_options(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(0);
    sim_stranger(ua->sim, 2, 1, "OPTIONS", 1, "", "");
    const struct sim_message *ok = sim_expect(ua->sim, 2, "SIP/2.0 200");
    assert_string_equal(sim_header(ok, "Accept"), "application/sdp, multipart/mixed, multipart/alternative");
    assert_non_null(strstr(sim_header(ok, "Allow"), "INVITE"));
    sim_assert_has(ok, "\r\nSupported:\r\n"); /* none */
    assert_non_null(strstr(sim_header(ok, "To"), ";tag="));
    assert_non_null(strstr(sim_header(ok, "Via"), ";received=10.0.0.2;rport=5060"));
    /* the same again: the same answer, the tag too (8.2.7) */
    sim_send_text(ua->sim, 2, 1, sim_must(ua->sim, 1, "OPTIONS", 0)->text);
    assert_string_equal(sim_header(sim_expect(ua->sim, 2, "SIP/2.0 200"), "To"), sim_header(ok, "To"));
    assert_int_equal(sip_stack_stats(ua->stack).transactions, 0);
    sim_close(ua->sim);
}

static void refused(struct sim_ua *ua, const char *method, int call, const char *extra, const char *body,
                    const char *start, const char *has)
{
    sim_stranger(ua->sim, 2, 1, method, call, extra, body);
    sim_assert_has(sim_expect(ua->sim, 2, start), has);
    sim_run(ua->sim, DUR_MS(50));
}

static void outside_refusals(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(0);
    refused(ua, "INFO", 1, "", "", "SIP/2.0 405", "\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE\r\n");
    refused(ua, "REGISTER", 2, "", "", "SIP/2.0 405", "Allow: INVITE");
    refused(ua, "WINK", 3, "", "", "SIP/2.0 501", "Allow: INVITE");
    refused(ua, "UPDATE", 4, "", "", "SIP/2.0 405", "Allow: INVITE");
    refused(ua, "BYE", 5, "", "", "SIP/2.0 481", "");
    refused(ua, "INVITE", 6, "Require: 100rel, other\r\n", "", "SIP/2.0 420", "Unsupported: 100rel, other\r\n");
    refused(ua, "INVITE", 7, "Content-Encoding: gzip\r\n", SDP_OFFER, "SIP/2.0 415", "Accept-Encoding: identity");
    refused(ua, "INVITE", 8, "Accept: text/plain\r\n", SDP_OFFER, "SIP/2.0 406", "");
    sim_send_text(ua->sim, 2, 1,
                  "INVITE sip:a@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKx1\r\nMax-Forwards: 9\r\n"
                  "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x1\r\nCSeq: 1 INVITE\r\n"
                  "Contact: <sip:a@10.0.0.2>\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi");
    sim_assert_has(sim_expect(ua->sim, 2, "SIP/2.0 415"), "Accept: application/sdp");
    sim_send_text(ua->sim, 2, 1,
                  "OPTIONS nobodyKnows:a SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKx2\r\nMax-Forwards: 0\r\n"
                  "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x2\r\nCSeq: 1 OPTIONS\r\n\r\n");
    sim_expect(ua->sim, 2, "SIP/2.0 416");
    sim_send_text(ua->sim, 2, 1,
                  "OPTIONS sip:a@b SIP/7.0\r\nVia: SIP/7.0/UDP 10.0.0.2;branch=z9hG4bKx3\r\nMax-Forwards: 0\r\n"
                  "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x3\r\nCSeq: 1 OPTIONS\r\n\r\n");
    sim_expect(ua->sim, 2, "SIP/2.0 505");
    sim_send_text(ua->sim, 2, 1,
                  "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKx4\r\nMax-Forwards: 0\r\n"
                  "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x4\r\nCSeq: 1 INVITE\r\n\r\n");
    sim_expect(ua->sim, 2, "SIP/2.0 400");
    sim_send_text(ua->sim, 2, 1,
                  "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKx5\r\nMax-Forwards: 0\r\n"
                  "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=nobodys\r\nCall-ID: x5\r\nCSeq: 1 OPTIONS\r\n\r\n");
    sim_expect(ua->sim, 2, "SIP/2.0 481");
    assert_int_equal(ua->event_count, 0);
    assert_int_equal(sip_stack_stats(ua->stack).malformed, 2);
    sim_close(ua->sim);
}

static void optional_body(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(0);
    sim_send_text(ua->sim, 2, 1,
                  "INVITE sip:a@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKo1\r\nMax-Forwards: 9\r\n"
                  "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: o1\r\nCSeq: 1 INVITE\r\n"
                  "Contact: <sip:a@10.0.0.2>\r\nContent-Type: image/png\r\n"
                  "Content-Disposition: icon;handling=Optional\r\nContent-Length: 2\r\n\r\nhi");
    sim_run(ua->sim, DUR_MS(100));
    assert_int_equal(sim_events(ua, SIP_EVENT_INCOMING), 1);
    assert_string_equal(sim_event(ua, SIP_EVENT_INCOMING)->body, ""); /* an INVITE without an offer */
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 4"), 0);
    sim_end(ua);
    sim_expect(ua->sim, 2, "SIP/2.0 480");
    sim_close(ua->sim);
}

static void body_too_long(void **state)
{
    (void)state;
    static char body[16385 + 1];
    static char text[20000];
    struct sim_ua *ua = open_callee(0);
    for (size_t len = 16384; len <= 16385; len++) {
        memset(body, 'a', len);
        body[len] = '\0';
        (void)snprintf(text, sizeof(text),
                       "INVITE sip:a@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKl%zu\r\n"
                       "Max-Forwards: 9\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: l%zu\r\n"
                       "CSeq: 1 INVITE\r\nContact: <sip:a@10.0.0.2>\r\nContent-Type: application/sdp\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       len, len, len, body);
        sim_send_text(ua->sim, 2, 1, text);
        sim_run(ua->sim, DUR_MS(100));
    }
    assert_int_equal(sim_events(ua, SIP_EVENT_INCOMING), 1); /* the first one */
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 413"), 1);
    sim_end(ua);
    sim_close(ua->sim);
}

static void require_elsewhere(void **state)
{
    (void)state;
    char text[1024];
    struct sim_ua *ua = open_callee(0);
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER);
    sim_run(ua->sim, DUR_MS(50));
    const struct sim_message *invite = last_sent(ua->sim, "INVITE");
    for (int i = 0; i < 2; i++) {
        const char *method = i == 0 ? "CANCEL" : "ACK";
        (void)snprintf(text, sizeof(text),
                       "%s %s SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
                       "CSeq: 7 %s\r\nRequire: 100rel, other\r\nContent-Length: 0\r\n\r\n",
                       method, sim_uri(invite), sim_header(invite, "Via"), sim_header(invite, "From"),
                       i == 0 ? sim_header(invite, "To") : sim_header(sim_expect(ua->sim, 2, "SIP/2.0 487"), "To"),
                       sim_header(invite, "Call-ID"), method);
        sim_send_text(ua->sim, 2, 1, text);
        sim_run(ua->sim, DUR_S(2));
    }
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 420"), 0);
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 200"), 1); /* to the CANCEL */
    const size_t refusals = sim_sent(ua->sim, 2, "SIP/2.0 487");
    sim_run(ua->sim, DUR_S(10));
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 487"), refusals); /* the ACK ended it */
    sim_assert_ended(ua, 487);
    sim_close(ua->sim);
}

static void merged(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(0);
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER);
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER); /* another branch */
    sim_expect(ua->sim, 2, "SIP/2.0 482");
    assert_int_equal(sim_events(ua, SIP_EVENT_INCOMING), 1);
    sim_end(ua);
    sim_expect(ua->sim, 2, "SIP/2.0 480");
    sim_close(ua->sim);
}

static void acks_and_responses(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(0);
    sim_stranger(ua->sim, 2, 1, "ACK", 1, "", "");
    sim_send_text(ua->sim, 2, 1, "SIP/2.0 200 OK\r\n\r\n");
    sim_send_text(ua->sim, 2, 1, "ACK sip:a SIP/2.0\r\n\r\n");
    sim_send_text(ua->sim, 2, 1, "\r\n\r\n");
    sim_send_text(ua->sim, 2, 1, "nonsense");
    sim_send_text(ua->sim, 2, 1,
                  "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKno\r\nFrom: <sip:a@b>;tag=1\r\n"
                  "To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n");
    sim_run(ua->sim, DUR_S(1));
    assert_int_equal(sim_sent(ua->sim, 2, ""), 0);
    assert_int_equal(sip_stack_stats(ua->stack).stray, 2);
    assert_int_equal(sip_stack_stats(ua->stack).malformed, 3);
    assert_int_equal(sip_stack_stats(ua->stack).datagrams_in, 6);
    sim_close(ua->sim);
}

static void flood_of_strangers(void **state)
{
    (void)state;
    struct sim_ua *ua = open_callee(0);
    ua->adopt = false;
    for (int i = 0; i < 60; i++) {
        sim_stranger(ua->sim, 2, 1, "INVITE", i, "", SDP_OFFER);
        sim_stranger(ua->sim, 2, 1, "OPTIONS", i, "", "");
    }
    sim_run(ua->sim, DUR_MS(15));
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 200"), 60);
    assert_true(sim_sent(ua->sim, 2, "SIP/2.0 480") >= 60);
    assert_int_equal(sip_stack_stats(ua->stack).usages, 0);
    /* half of the transactions stay free for our own calls */
    assert_true(sip_stack_stats(ua->stack).transactions <= 64);
    sim_invite(ua, "sip:a@example.org", 0);
    const struct sim_message *invite = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 2, invite, 486, "t", "", "");
    sim_run(ua->sim, DUR_MS(50));
    sim_assert_ended(ua, 486);
    sim_close(ua->sim);
}

/* The newest answer to that call's request. */
static const struct sim_message *answer_of(const struct sim *sim, const char *answer, const char *call_id)
{
    for (size_t n = sim_sent(sim, 2, answer); n > 0; n--) {
        const struct sim_message *m = sim_nth(sim, 2, answer, n - 1);
        if (strcmp(sim_header(m, "Call-ID"), call_id) == 0) {
            return m;
        }
    }
    return NULL;
}

static void ask_again(struct sim_ua *ua, const char *id, const char *method, const char *answer)
{
    char text[512];
    const struct sim_message *last = NULL;
    (void)snprintf(
        text, sizeof(text),
        "%s sip:a@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK%s\r\nMax-Forwards: 9\r\n"
        "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: %s\r\nCSeq: 1 %s\r\nContact: <sip:a@10.0.0.2>\r\n\r\n",
        method, id, id, method);
    for (size_t i = 0; i < 3; i++) {
        sim_send_text(ua->sim, 2, 1, text);
        sim_run(ua->sim, DUR_MS(25));
        const struct sim_message *m = answer_of(ua->sim, answer, id);
        assert_true(m != NULL && m != last && strstr(sim_header(m, "To"), ";tag=") != NULL);
        if (last != NULL) {
            assert_string_equal(last->text, m->text);
        }
        last = m;
    }
}

static void the_same_tag(void **state)
{
    (void)state;
    struct sim_ua *ua = sim_prepare(sim_open(), 1, 2);
    ua->config.max_usages = 2;
    sim_start(ua);
    ask_again(ua, "one", "OPTIONS", "SIP/2.0 200");
    ask_again(ua, "two", "INVITE", "SIP/2.0 480");
    for (int i = 0; i < 40; i++) { /* all transactions that callers may have are taken */
        sim_stranger(ua->sim, 2, 1, "INVITE", i, "", SDP_OFFER);
    }
    sim_run(ua->sim, DUR_MS(15));
    const uint32_t taken = sip_stack_stats(ua->stack).transactions;
    ask_again(ua, "three", "OPTIONS", "SIP/2.0 200");
    ask_again(ua, "four", "INVITE", "SIP/2.0 480");
    assert_int_equal(sip_stack_stats(ua->stack).transactions, taken);
    sim_close(ua->sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offerless_invite),    cmocka_unit_test(cancel_unanswered),  cmocka_unit_test(cancel_too_late),
        cmocka_unit_test(cancel_of_nothing),   cmocka_unit_test(bye_while_ringing),  cmocka_unit_test(bye_before_ack),
        cmocka_unit_test(reinvite_before_ack), cmocka_unit_test(reliable_refusal),   cmocka_unit_test(routes_of_callee),
        cmocka_unit_test(outside_options),     cmocka_unit_test(outside_refusals),   cmocka_unit_test(merged),
        cmocka_unit_test(acks_and_responses),  cmocka_unit_test(flood_of_strangers), cmocka_unit_test(optional_body),
        cmocka_unit_test(require_elsewhere),   cmocka_unit_test(body_too_long),      cmocka_unit_test(the_same_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
