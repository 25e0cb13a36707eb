/* SPDX-License-Identifier: MIT */
/* Messages as other stacks write them, and what a stack at 10.0.0.1 makes of them (docs/field.md). Sections of RFC 3261.
 *
 * answer_without_contact   12.1.2   no Contact that can be read: ACK and BYE to the source of the 200, whatever its port
 * invite_without_contact   12.1.1   the same for a call that came
 * quoted_contact           12.1.2   ;x="<urn:y>" in the Contact's URI: the right port, the URI as it came
 * unreadable_to            12.1.2   a To that cannot be read in the 200: its tag counts, ours stands around it
 * ack_meets_icmp           18.4     nobody listens at the Contact: ACK to the source as well
 * bye_meets_icmp           18.4     the same for BYE, as caller and as callee; credentials stay with the server
 * bye_meets_silence        18.4     no answer at the Contact: BYE to the source afterwards
 * answer_again             13.2.2.4 the 200 comes again and again: ACK to its source too, and the BYE
 * tags_and_semicolons      8.2.6.2  an empty To tag, a last ';': one tag in the answer
 * answer_unreadable        8.1.3.1  the call ends with 408 and says why; one line
 * ack_unreadable           13.3.1.4 the same for the ACK to our 200
 * two_vias_are_told        8.1.3.3
 * refusals_are_told        8.2      400, 415, 420, a re-INVITE's 488; others are not
 * lines_have_a_rate                 a PBX's lines are not used up by strangers
 * parts                    RFC 5621 SDP in multipart/mixed: INVITE, 183, 200, re-INVITE, UPDATE, ACK
 * parts_refused            RFC 5621 a part that must be understood: 415
 */
#include "support_sim.h"

#include <stdio.h>
#include <string.h>

#define FAR "Contact: <sip:phone@10.0.0.7:5060>\r\n"

static char g_lines[65536];

static void sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    size_t at = strlen(g_lines);
    (void)ctx;
    (void)level;
    if (at + len + 2 < sizeof(g_lines)) {
        (void)snprintf(g_lines + at, sizeof(g_lines) - at, "%.*s\n", (int)len, text);
    }
}

static const struct log g_log = {.level = LOG_INFO, .sink = sink};

static size_t lines_with(const char *text)
{
    size_t count = 0;
    for (const char *at = g_lines; (at = strstr(at, text)) != NULL; at += strlen(text)) {
        count++;
    }
    return count;
}

static struct sim_ua *open_ua(bool guard)
{
    struct sim_ua *ua = sim_prepare(sim_open(), 1, 2);
    g_lines[0] = '\0';
    ua->config.log = &g_log;
    ua->config.guard = guard;
    ua->adopt = true;
    ua->accept_offer = SDP_ANSWER;
    sim_start(ua);
    return ua;
}

static const struct sim_message *invite(struct sim_ua *ua)
{
    sim_invite(ua, "sip:5000@10.0.0.2", 0);
    return sim_expect(ua->sim, 2, "INVITE");
}

/* What the phone sent last came from that port. */
static void from_port(struct sim *sim, uint16_t port)
{
    sim->messages[sim->count - 1].from.port = port;
}

/* The n-th message to that host and port that begins so, or NULL. */
static const struct sim_message *at_port(const struct sim *sim, uint8_t host, uint16_t port, const char *start)
{
    struct net_addr addr = sim_addr(host);
    addr.port = port;
    for (size_t i = 0; i < sim->count; i++) {
        if (addr_equal(&sim->messages[i].to, &addr) && strncmp(sim->messages[i].text, start, strlen(start)) == 0) {
            return &sim->messages[i];
        }
    }
    return NULL;
}

static void answered_200(struct sim *sim, uint8_t host, const char *start)
{
    sim_reply(sim, host, sim_expect(sim, host, start), 200, "", "", "");
}

static void answer_without_contact(void **state)
{
    static const char *const contacts[] = {"", "Contact: <sip:p@10.0.0.2:5080\r\n", "Contact: sip:p@10.0.0.2:x\r\n"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct sim_ua *ua = open_ua(false);
        const struct sim_message *m = invite(ua);
        sim_reply(ua->sim, 2, m, 200, "p1", contacts[i], SDP_ANSWER);
        from_port(ua->sim, 5080);
        sim_run(ua->sim, DUR_MS(50));
        assert_non_null(at_port(ua->sim, 2, 5080, "ACK sip:5000@10.0.0.2 SIP"));
        sim_end(ua);
        sim_run(ua->sim, DUR_MS(50));
        const struct sim_message *bye = at_port(ua->sim, 2, 5080, "BYE sip:5000@10.0.0.2 SIP");
        assert_non_null(bye);
        assert_int_equal(sim_sent(ua->sim, 2, "ACK") + sim_sent(ua->sim, 2, "BYE"), 0); /* another program's port */
        sim_reply(ua->sim, 2, bye, 200, "", "", "");
        sim_close(ua->sim);
    }
}

#define CALL_IN(headers)                                                                                               \
    "INVITE sip:echo@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2:5080;branch=z9hG4bKin\r\nMax-Forwards: 70\r\n"      \
    "From: <sip:caller@10.0.0.2>;tag=f1\r\nCall-ID: in\r\nCSeq: 7 INVITE\r\n" headers

#define CALL_ACK(tag)                                                                                                  \
    "ACK sip:echo@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2:5080;branch=z9hG4bKack\r\nMax-Forwards: 70\r\n"        \
    "From: <sip:caller@10.0.0.2>;tag=f1\r\nTo: <sip:echo@10.0.0.1>;tag=%s\r\nCall-ID: in\r\nCSeq: " tag

/* Answers the call that came from 10.0.0.2:5080; its 200. */
static const struct sim_message *take_call(struct sim_ua *ua, const char *text)
{
    sim_send_text(ua->sim, 2, 1, text);
    from_port(ua->sim, 5080);
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_events(ua, SIP_EVENT_INCOMING), 1);
    assert_int_equal(sip_inv_answer(ua->stack, ua->sim->now, ua->call, SPAN_LIT(SDP_ANSWER)), ST_OK);
    const struct sim_message *ok = at_port(ua->sim, 2, 5080, "SIP/2.0 200");
    assert_non_null(ok);
    return ok;
}

static const char *tag_of(const struct sim_message *m)
{
    const char *tag = strstr(sim_header(m, "To"), ";tag=");
    assert_non_null(tag);
    return tag + 5;
}

static void acknowledge(struct sim_ua *ua, const struct sim_message *ok)
{
    char ack[1024];
    (void)snprintf(ack, sizeof(ack), CALL_ACK("7 ACK\r\n\r\n"), tag_of(ok));
    sim_send_text(ua->sim, 2, 1, ack);
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_events(ua, SIP_EVENT_CONFIRMED), 1);
}

static void invite_without_contact(void **state)
{
    static const char *const texts[] = {
        CALL_IN("To: <sip:echo@10.0.0.1>\r\nl: 0\r\n\r\n"),
        CALL_IN("To: <sip:echo@10.0.0.1>\r\nContact: <sip:caller@10.0.0.2:5080\r\nl: 0\r\n\r\n"),
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct sim_ua *ua = open_ua(false);
        acknowledge(ua, take_call(ua, texts[i]));
        sim_end(ua);
        sim_run(ua->sim, DUR_MS(50));
        const struct sim_message *bye = at_port(ua->sim, 2, 5080, "BYE");
        assert_non_null(bye);
        sim_reply(ua->sim, 2, bye, 200, "", "", "");
        sim_close(ua->sim);
    }
}

static void quoted_contact(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua(false);
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 200, "p1", "Contact: <sip:p@10.0.0.7:5070;thinfo=\"<urn:x>\">\r\n", SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(50));
    assert_non_null(at_port(ua->sim, 7, 5070, "ACK sip:p@10.0.0.7:5070;thinfo=\"<urn:x>\" SIP/2.0"));
    sim_end(ua);
    sim_run(ua->sim, DUR_MS(50));
    const struct sim_message *bye = at_port(ua->sim, 7, 5070, "BYE");
    assert_non_null(bye);
    sim_reply(ua->sim, 7, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void unreadable_to(void **state)
{
    char text[2048];
    (void)state;
    struct sim_ua *ua = open_ua(false);
    const struct sim_message *m = invite(ua);
    (void)snprintf(
        text, sizeof(text),
        "SIP/2.0 200 OK\r\nVia: %s;\r\nFrom: nobody\r\nTo: \"Far <sip:5000@10.0.0.2>;tag=p1;\r\n"
        "Call-ID: %s\r\nCSeq: %s\r\nno header\r\nContact: <sip:p@10.0.0.2>\r\nContent-Type: application/sdp;\r\n"
        "Content-Length: %zu\r\n\r\n" SDP_ANSWER,
        sim_header(m, "Via"), sim_header(m, "Call-ID"), sim_header(m, "CSeq"), strlen(SDP_ANSWER));
    sim_send_text(ua->sim, 2, 1, text);
    const struct sim_message *ack = sim_expect(ua->sim, 2, "ACK");
    assert_string_equal(sim_header(ack, "To"), "<sip:5000@10.0.0.2>;tag=p1");
    assert_string_equal(sim_event(ua, SIP_EVENT_ANSWERED)->body, SDP_ANSWER);
    sim_end(ua);
    answered_200(ua->sim, 2, "BYE");
    sim_close(ua->sim);
}

/* ---- targets that cannot be reached ---- */

static struct sim_ua *call_to_7(void)
{
    struct sim_ua *ua = open_ua(false);
    sim_reply(ua->sim, 2, invite(ua), 200, "p1", FAR, SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_sent(ua->sim, 7, "ACK"), 1);
    assert_int_equal(sim_sent(ua->sim, 2, "ACK"), 0);
    return ua;
}

static void unreachable(struct sim_ua *ua, uint8_t host)
{
    struct net_addr addr = sim_addr(host);
    sip_stack_unreachable(ua->stack, ua->sim->now, &addr);
}

static void ack_meets_icmp(void **state)
{
    (void)state;
    struct sim_ua *ua = call_to_7();
    unreachable(ua, 6); /* somebody else's */
    assert_int_equal(sim_sent(ua->sim, 2, "ACK"), 0);
    unreachable(ua, 7);
    unreachable(ua, 7);
    assert_int_equal(sim_sent(ua->sim, 2, "ACK sip:phone@10.0.0.7"), 1);
    sim_end(ua);
    answered_200(ua->sim, 2, "BYE sip:phone@10.0.0.7");
    assert_int_equal(sim_sent(ua->sim, 7, "BYE"), 0);
    sim_close(ua->sim);
}

static void bye_meets_icmp(void **state)
{
    (void)state;
    struct sim_ua *ua = call_to_7();
    sim_end(ua);
    assert_int_equal(sim_sent(ua->sim, 7, "BYE"), 1);
    unreachable(ua, 7);
    const struct sim_message *bye = sim_expect(ua->sim, 2, "BYE");
    assert_string_equal(sim_header(bye, "CSeq"), "3 BYE");
    unreachable(ua, 7);
    unreachable(ua, 2);
    assert_int_equal(sim_sent(ua->sim, 2, "BYE"), 1);
    sim_reply(ua->sim, 2, bye, 200, "", "", "");
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    sim_close(ua->sim);

    ua = open_ua(false);
    acknowledge(ua, take_call(ua, CALL_IN("To: <sip:echo@10.0.0.1>\r\n" FAR "l: 0\r\n\r\n")));
    sim_end(ua);
    unreachable(ua, 7);
    sim_run(ua->sim, DUR_MS(50));
    const struct sim_message *back = at_port(ua->sim, 2, 5080, "BYE");
    assert_non_null(back);
    sim_reply(ua->sim, 2, back, 200, "", "", "");
    sim_close(ua->sim);
}

static void bye_meets_silence(void **state)
{
    (void)state;
    struct sim_ua *ua = call_to_7();
    sim_end(ua);
    sim_run(ua->sim, 64 * T1 - DUR_MS(1));
    assert_int_equal(sim_sent(ua->sim, 2, "BYE"), 0);
    answered_200(ua->sim, 2, "BYE");
    sim_run(ua->sim, DUR_S(1));
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    sim_close(ua->sim);
}

static void answer_again(void **state)
{
    (void)state;
    struct sim_ua *ua = sim_prepare(sim_open(), 1, 2);
    ua->config.password = SPAN_LIT("secret");
    ua->config.has_password = true;
    sim_start(ua);
    sim_reply(ua->sim, 2, invite(ua), 401, "c", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", "");
    const struct sim_message *m = sim_expect(ua->sim, 2, "INVITE");
    for (int i = 0; i < 3; i++) {
        /* of a host that is no server: its ACK carries no credentials */
        sim_reply(ua->sim, 5, m, 200, "p1", FAR, SDP_ANSWER);
        sim_run(ua->sim, DUR_MS(500));
    }
    assert_int_equal(sim_sent(ua->sim, 7, "ACK"), 3);
    assert_int_equal(sim_sent(ua->sim, 5, "ACK sip:phone@10.0.0.7"), 2);
    assert_string_equal(sim_header(sim_must(ua->sim, 5, "ACK", 0), "Authorization"), "");
    sim_end(ua);
    answered_200(ua->sim, 5, "BYE");
    assert_int_equal(sim_sent(ua->sim, 7, "BYE"), 0);
    sim_close(ua->sim);
}

/* ---- headers ---- */

static void tags_and_semicolons(void **state)
{
    static const char *const tos[] = {"To: <sip:echo@10.0.0.1>;tag=\r\n", "To: <sip:echo@10.0.0.1>;\r\n",
                                      "To: sip:echo@10.0.0.1;tag\r\n"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char text[1024];
        (void)snprintf(text, sizeof(text), "%s%sContact: <sip:caller@10.0.0.2:5080>;\r\nl: 0\r\n\r\n", CALL_IN(""),
                       tos[i]);
        struct sim_ua *ua = open_ua(false);
        const struct sim_message *ok = take_call(ua, text);
        const char *to = strstr(sim_header(ok, "To"), "tag");
        assert_non_null(to);
        assert_int_equal(strlen(tag_of(ok)), 16);
        assert_null(strstr(to + 3, "tag"));
        acknowledge(ua, ok);
        sim_end(ua);
        sim_run(ua->sim, DUR_MS(50));
        const struct sim_message *bye = at_port(ua->sim, 2, 5080, "BYE");
        assert_non_null(bye);
        assert_string_equal(tag_of(ok), strstr(sim_header(bye, "From"), "tag=") + 4);
        sim_reply(ua->sim, 2, bye, 200, "", "", "");
        sim_close(ua->sim);
    }
}

/* ---- what is not taken leaves a trace ---- */

static void answer_unreadable(void **state)
{
    char text[2048];
    (void)state;
    struct sim_ua *ua = open_ua(false);
    const struct sim_message *m = invite(ua);
    (void)snprintf(text, sizeof(text),
                   "SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=p1\r\nCall-ID: %s\r\nCSeq: one INVITE\r\n\r\n",
                   sim_header(m, "Via"), sim_header(m, "From"), sim_header(m, "To"), sim_header(m, "Call-ID"));
    for (int i = 0; i < 40; i++) {
        sim_send_text(ua->sim, 2, 1, text);
    }
    sim_run(ua->sim, DUR_S(40));
    sim_assert_ended(ua, 408);
    assert_string_equal(sim_event(ua, SIP_EVENT_ENDED)->reason,
                        "Request Timeout (a message of the far end could not be read: Bad CSeq)");
    assert_int_equal(lines_with("SIP response 200 of 10.0.0.2:5060 cannot be read: Bad CSeq"), 5);
    sim_close(ua->sim);
}

static void ack_unreadable(void **state)
{
    char ack[1024];
    (void)state;
    struct sim_ua *ua = open_ua(false);
    const struct sim_message *ok =
        take_call(ua, CALL_IN("To: <sip:echo@10.0.0.1>\r\nContact: <sip:c@10.0.0.2>\r\nl: 0\r\n\r\n"));
    (void)snprintf(ack, sizeof(ack), CALL_ACK("7 BYE\r\n\r\n"), tag_of(ok));
    sim_send_text(ua->sim, 2, 1, ack);
    sim_run(ua->sim, DUR_S(1));
    answered_200(ua->sim, 2, "BYE");
    sim_assert_ended(ua, 408);
    assert_non_null(strstr(sim_event(ua, SIP_EVENT_ENDED)->reason, "could not be read: CSeq of another method"));
    assert_int_equal(lines_with("SIP ACK of 10.0.0.2:5060 cannot be read: CSeq of another method"), 1);
    sim_close(ua->sim);
}

static void two_vias_are_told(void **state)
{
    char text[2048];
    (void)state;
    struct sim_ua *ua = open_ua(false);
    const struct sim_message *m = invite(ua);
    (void)snprintf(text, sizeof(text),
                   "SIP/2.0 486 Busy\r\nVia: %s\r\nVia: SIP/2.0/UDP 10.0.0.8;branch=z9hG4bKx\r\nFrom: %s\r\n"
                   "To: %s;tag=p1\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\n\r\n",
                   sim_header(m, "Via"), sim_header(m, "From"), sim_header(m, "To"), sim_header(m, "Call-ID"));
    sim_send_text(ua->sim, 2, 1, text);
    sim_run(ua->sim, DUR_S(40));
    assert_non_null(strstr(sim_event(ua, SIP_EVENT_ENDED)->reason, "more than one Via"));
    assert_int_equal(lines_with("SIP response 486 of 10.0.0.2:5060 cannot be read: more than one Via"), 1);
    sim_close(ua->sim);
}

static void refusals_are_told(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua(true);
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "Require: 100rel, x\r\n", "");
    sim_stranger(ua->sim, 2, 1, "INVITE", 2, "Content-Encoding: gzip\r\n", SDP_OFFER);
    sim_stranger(ua->sim, 2, 1, "OPTIONS", 3, "CSeq: 8 OPTIONS\r\n", "");
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(lines_with("SIP INVITE of 10.0.0.2:5060 refused: 420 Bad Extension: 100rel, x\n"), 1);
    assert_int_equal(lines_with("SIP INVITE of 10.0.0.2:5060 refused: 415 Unsupported Media Type: gzip\n"), 1);
    assert_int_equal(lines_with("SIP OPTIONS of 10.0.0.2:5060 refused: 400 More than one CSeq\n"), 1);
    sim_stranger(ua->sim, 2, 1, "NOTIFY", 4, "", ""); /* 405 */
    sim_stranger(ua->sim, 2, 1, "BYE", 5, "", "");    /* 481 */
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(lines_with("\n"), 3);
    /* keep-alives that are no SIP */
    sim_send_text(ua->sim, 2, 1, "jaK");
    sim_send_text(ua->sim, 2, 1, "nonsense that is longer\r\n");
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(lines_with("SIP datagram of 10.0.0.2:5060 cannot be read: Bad request line\n"), 1);
    assert_int_equal(lines_with("\n"), 4);
    /* a re-INVITE that nobody wants */
    ua->accept_offer = NULL;
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 200, "p1", "Contact: <sip:phone@10.0.0.2>\r\n", SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(50));
    struct sim_dialog d = sim_dialog_of_invite(m, "p1");
    sim_request(ua->sim, 2, 1, &d, "INVITE", "", SDP_OFFER);
    sim_expect(ua->sim, 2, "SIP/2.0 488");
    assert_int_equal(lines_with("SIP INVITE of 10.0.0.2:5060 refused: 488 Not Acceptable Here\n"), 1);
    sim_end(ua);
    answered_200(ua->sim, 2, "BYE");
    sim_close(ua->sim);
}

static void lines_have_a_rate(void **state)
{
    static const char bad[] = "INVITE sip:x@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2\r\n\r\n";
    (void)state;
    struct sim_ua *ua = open_ua(true);
    for (int i = 0; i < 60; i++) {
        sim_send_text(ua->sim, i % 2 == 0 ? 9 : 2, 1, bad);
        sim_run(ua->sim, DUR_MS(50));
    }
    assert_int_equal(lines_with("SIP INVITE of 10.0.0.9:5060 cannot be read: No From\n"), 1);
    assert_int_equal(sim_sent(ua->sim, 9, "SIP/2.0"), 0); /* and strangers still hear nothing */
    assert_int_equal(lines_with("SIP INVITE of 10.0.0.2:5060 refused: 400 No From\n"), 5);
    sim_run(ua->sim, DUR_S(11));
    sim_send_text(ua->sim, 2, 1, bad);
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(lines_with("25 lines like the next one were left out\n"), 1);
    sim_close(ua->sim);
}

/* ---- several parts ---- */

#define MIXED "Content-Type: multipart/mixed;boundary=\"a b\"\r\n"
#define PARTS(sdp)                                                                                                     \
    "--a b\r\nContent-Type: application/sdp\r\n\r\n" sdp "\r\n--a b\r\nContent-Type: application/isup\r\n"             \
    "Content-Disposition: signal;handling=optional\r\n\r\n\1\2\r\n--a b--\r\n"

/* The header lines that announce the body stand in front of what support_sim says of it. */
static char *whole(char *text, size_t cap, const char *start, const char *type, const char *body)
{
    (void)snprintf(text, cap, "%s%sContent-Length: %zu\r\n\r\n%s", start, type, strlen(body), body);
    return text;
}

static void parts(void **state)
{
    char start[1024];
    char text[2048];
    (void)state;
    struct sim_ua *ua = open_ua(false);
    const struct sim_message *m = invite(ua);
    static const char *const answers[] = {"183 Progress", "200 OK"};
    for (int i = 0; i < 2; i++) {
        (void)snprintf(start, sizeof(start),
                       "SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=p1\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\n"
                       "Contact: <sip:phone@10.0.0.2>\r\n",
                       answers[i], sim_header(m, "Via"), sim_header(m, "From"), sim_header(m, "To"),
                       sim_header(m, "Call-ID"));
        sim_send_text(ua->sim, 2, 1, whole(text, sizeof(text), start, MIXED, PARTS(SDP_ANSWER)));
        sim_run(ua->sim, DUR_MS(50));
        assert_string_equal(ua->events[i].body, SDP_ANSWER);
    }
    static const char *const methods[] = {"UPDATE", "INVITE"};
    for (int i = 0; i < 2; i++) {
        (void)snprintf(start, sizeof(start),
                       "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKpart%d\r\nMax-Forwards: 70\r\n"
                       "From: %s;tag=p1\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:phone@10.0.0.2>\r\n",
                       methods[i], "sip:voip@10.0.0.1", i, sim_header(m, "To"), sim_header(m, "From"),
                       sim_header(m, "Call-ID"), 10 + i, methods[i]);
        sim_send_text(ua->sim, 2, 1, whole(text, sizeof(text), start, MIXED, PARTS(SDP_OFFER)));
        const struct sim_message *ok = sim_expect(ua->sim, 2, "SIP/2.0 200");
        sim_assert_has(ok, SDP_ANSWER);
        assert_string_equal(sim_event(ua, SIP_EVENT_OFFER)->body, SDP_OFFER);
    }
    struct sim_dialog d = sim_dialog_of_invite(m, "p1");
    d.cseq = 11;
    sim_request(ua->sim, 2, 1, &d, "ACK", "", "");
    sim_end(ua);
    answered_200(ua->sim, 2, "BYE");
    sim_close(ua->sim);

    ua = open_ua(false);
    const struct sim_message *ok = take_call(
        ua, whole(text, sizeof(text), CALL_IN("To: <sip:echo@10.0.0.1>\r\nContact: <sip:caller@10.0.0.2:5080>\r\n"),
                  MIXED, PARTS(SDP_OFFER)));
    assert_string_equal(sim_event(ua, SIP_EVENT_INCOMING)->body, SDP_OFFER);
    struct span offer = sip_inv_offer(ua->stack, ua->call);
    assert_true(span_eq(offer, SPAN_LIT(SDP_OFFER)));
    (void)snprintf(start, sizeof(start), CALL_ACK("7 ACK\r\n"), tag_of(ok));
    sim_send_text(ua->sim, 2, 1, whole(text, sizeof(text), start, MIXED, PARTS(SDP_ANSWER)));
    sim_run(ua->sim, DUR_MS(50));
    assert_string_equal(sim_event(ua, SIP_EVENT_CONFIRMED)->body, SDP_ANSWER);
    sim_end(ua);
    sim_run(ua->sim, DUR_MS(50));
    sim_reply(ua->sim, 2, at_port(ua->sim, 2, 5080, "BYE"), 200, "", "", "");
    sim_close(ua->sim);
}

static void parts_refused(void **state)
{
    static const char body[] = "--b\r\nContent-Type: application/sdp\r\n\r\n" SDP_OFFER
                               "\r\n--b\r\nContent-Type: application/rs-metadata+xml\r\n\r\n<x/>\r\n--b--\r\n";
    char text[2048];
    (void)state;
    struct sim_ua *ua = open_ua(false);
    sim_send_text(ua->sim, 2, 1,
                  whole(text, sizeof(text),
                        CALL_IN("To: <sip:echo@10.0.0.1>\r\nContact: <sip:caller@10.0.0.2:5080>\r\n"),
                        "Content-Type: multipart/mixed;boundary=b\r\n", body));
    sim_run(ua->sim, DUR_MS(50));
    const struct sim_message *no = at_port(ua->sim, 2, 5080, "SIP/2.0 415");
    assert_non_null(no);
    assert_string_equal(sim_header(no, "Accept"), "application/sdp, multipart/mixed, multipart/alternative");
    assert_int_equal(lines_with("refused: 415 Unsupported Media Type: application/rs-metadata+xml\n"), 1);
    assert_int_equal(ua->event_count, 0);
    sim_close(ua->sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_without_contact),
        cmocka_unit_test(invite_without_contact),
        cmocka_unit_test(quoted_contact),
        cmocka_unit_test(unreadable_to),
        cmocka_unit_test(ack_meets_icmp),
        cmocka_unit_test(bye_meets_icmp),
        cmocka_unit_test(bye_meets_silence),
        cmocka_unit_test(answer_again),
        cmocka_unit_test(tags_and_semicolons),
        cmocka_unit_test(answer_unreadable),
        cmocka_unit_test(ack_unreadable),
        cmocka_unit_test(two_vias_are_told),
        cmocka_unit_test(refusals_are_told),
        cmocka_unit_test(lines_have_a_rate),
        cmocka_unit_test(parts),
        cmocka_unit_test(parts_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
