/* SPDX-License-Identifier: MIT */
/* A stack that calls scripted phones behind its next hop 10.0.0.2 (RFC 3261 unless said otherwise).
 *
 * requests_as_told        8.1.1, 12.2.1.1      what stands in INVITE, ACK and BYE
 * record_route            12.1.2, 12.2.1.1     loose routes reversed, Contact as Request-URI
 * strict_router           12.2.1.1             no ;lr: it becomes the Request-URI
 * contact_changes         12.1.2, 13.2.2.4     route set and target of the 2xx, not of the 1xx
 * target_refresh          12.2.2               re-INVITE with a new Contact
 * named_contact           12.2.1.1             a host name: back to where the dialog came from
 * contact_unreachable     18.4                 transport error at the Contact: the same
 * bye_unreachable         18.4                 likewise
 * redirect_by_q           8.1.3.4              the next one when one gives a failure over 399
 * redirect_loop           8.1.3.4              the same URI twice: ENDED 302
 * redirect_six            8.1.3.4              five at most
 * redirect_elsewhere      8.1.3.4              other schemes are skipped
 * auth_then_redirect      22.3                 known challenges are answered from the first send
 * stale_nonce             RFC 7616 3.3         one more try
 * auth_of_bye             22.2
 * forks                   13.2.2.4             the second 200: ACK and BYE, not told; again: ACK
 * silent_in_each_state    17.1.1.2, 17.1.2.2, 9.1
 * ring_time_out_before_1xx       9.1           the CANCEL waits for the 1xx
 * challenge_after_ring_time_out  22.2
 * unknown_progress        8.1.3.2              a 1xx of any number is progress and stops timer A
 * early_dialogs_end       12.3                 with the failure of their INVITE: 481 to what comes in them
 * bye_in_early_dialog     15, 14.2             and an offer while our INVITE is pending: 491
 * final_after_end         17.1.1
 * next_hop_unreachable    18.4, 8.1.3.1        ENDED 503
 * in_dialog_requests      12.2.2, 14.2, 15.1.2
 * reinvite_never_acked    14.2                 BYE after 64*T1, ENDED 408
 * end_inside_offer        15.1.2               487 to the re-INVITE
 * bad_arguments
 */
#include "support_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTACT "Contact: <sip:phone@10.0.0.2:5060>\r\n"

static struct sim_ua *open_ua(void)
{
    return sim_ua(sim_open(), 1, 2);
}

static struct sim_ua *open_auth(const char *password)
{
    struct sim_ua *ua = sim_prepare(sim_open(), 1, 2);
    ua->config.password = span_cstr(password);
    ua->config.has_password = true;
    sim_start(ua);
    return ua;
}

static const struct sim_message *invite(struct sim_ua *ua)
{
    sim_invite(ua, "sip:0912345678@example.org", 0);
    return sim_expect(ua->sim, 2, "INVITE");
}

/* An established call with extra header lines in the 200. */
static struct sim_dialog call(struct sim_ua *ua, const char *extra)
{
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 200, "p1", extra, SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(20));
    assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 1);
    return sim_dialog_of_invite(m, "p1");
}

static void hang_up(struct sim_ua *ua, uint8_t host)
{
    sim_end(ua);
    const struct sim_message *bye = sim_expect(ua->sim, host, "BYE");
    sim_reply(ua->sim, host, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void requests_as_told(void **state)
{
    (void)state;
    struct sim_ua *ua = sim_prepare(sim_open(), 1, 2);
    ua->config.display_name = SPAN_LIT("Zoë \"Z\"");
    ua->config.caller = SPAN_LIT("0921367101");
    ua->config.extra_headers = SPAN_LIT("X-Test: yes\r\n");
    sim_start(ua);
    const struct sim_message *m = invite(ua);
    assert_string_equal(sim_uri(m), "sip:0912345678@example.org");
    assert_int_equal(strncmp(sim_branch(m), "z9hG4bK", 7), 0);
    sim_assert_has(m, "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=");
    sim_assert_has(m, ";rport\r\n");
    sim_assert_has(m, "Max-Forwards: 70\r\n");
    sim_assert_has(m, "From: \"Zoë \\\"Z\\\"\" <sip:0921367101@example.org>;tag=");
    assert_string_equal(sim_header(m, "To"), "<sip:0912345678@example.org>");
    assert_string_equal(sim_header(m, "Contact"), "<sip:voip@10.0.0.1:5060>");
    assert_string_equal(sim_header(m, "X-Test"), "yes");
    assert_string_equal(sim_header(m, "User-Agent"), "ws_audio_server/1.0");
    assert_string_equal(sim_header(m, "Content-Type"), "application/sdp");
    assert_non_null(strstr(sim_header(m, "Allow"), "BYE"));
    assert_string_equal(sim_header(m, "Accept"), "application/sdp");
    assert_string_equal(sim_header(m, "CSeq"), "1 INVITE");
    assert_true(strlen(sim_header(m, "Call-ID")) >= 24);
    assert_null(strchr(sim_header(m, "Call-ID"), '@'));
    sim_reply(ua->sim, 2, m, 200, "p1", CONTACT, SDP_ANSWER);
    const struct sim_message *ack = sim_expect(ua->sim, 2, "ACK");
    assert_string_equal(sim_uri(ack), "sip:phone@10.0.0.2:5060");
    assert_string_equal(sim_header(ack, "To"), "<sip:0912345678@example.org>;tag=p1");
    assert_string_equal(sim_header(ack, "From"), sim_header(m, "From"));
    assert_string_equal(sim_header(ack, "Call-ID"), sim_header(m, "Call-ID"));
    assert_int_equal(atoi(sim_header(ack, "CSeq")), atoi(sim_header(m, "CSeq")));
    assert_string_not_equal(sim_branch(ack), sim_branch(m));
    sim_end(ua);
    const struct sim_message *bye = sim_expect(ua->sim, 2, "BYE");
    assert_int_equal(atoi(sim_header(bye, "CSeq")), atoi(sim_header(m, "CSeq")) + 1);
    assert_string_equal(sim_header(bye, "To"), "<sip:0912345678@example.org>;tag=p1");
    sim_reply(ua->sim, 2, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void record_route(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    call(ua, "Record-Route: <sip:10.0.0.4;lr>, <sip:10.0.0.3:5060;lr>\r\nContact: <sip:phone@192.168.9.9>\r\n");
    const struct sim_message *ack = sim_nth(ua->sim, 3, "ACK", 0);
    assert_non_null(ack);
    assert_string_equal(sim_uri(ack), "sip:phone@192.168.9.9");
    assert_string_equal(sim_header(ack, "Route"), "<sip:10.0.0.3:5060;lr>, <sip:10.0.0.4;lr>");
    hang_up(ua, 3);
}

static void strict_router(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    call(ua, "Record-Route: <sip:10.0.0.4;lr>\r\nRecord-Route: <sip:strict@10.0.0.3>\r\n"
             "Contact: <sip:phone@192.168.9.9>\r\n");
    const struct sim_message *ack = sim_nth(ua->sim, 3, "ACK", 0);
    assert_non_null(ack);
    assert_string_equal(sim_uri(ack), "sip:strict@10.0.0.3");
    assert_string_equal(sim_header(ack, "Route"), "<sip:10.0.0.4;lr>, <sip:phone@192.168.9.9>");
    hang_up(ua, 3);
}

static void contact_changes(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 180, "p1", "Record-Route: <sip:10.0.0.9;lr>\r\nContact: <sip:old@10.0.0.8>\r\n", "");
    sim_run(ua->sim, DUR_MS(50));
    sim_reply(ua->sim, 2, m, 200, "p1", "Contact: <sip:new@10.0.0.3:5060>\r\n", SDP_ANSWER);
    const struct sim_message *ack = sim_expect(ua->sim, 3, "ACK");
    assert_string_equal(sim_uri(ack), "sip:new@10.0.0.3:5060");
    assert_string_equal(sim_header(ack, "Route"), "");
    hang_up(ua, 3);
}

static void target_refresh(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    ua->accept_offer = SDP_OFFER;
    struct sim_dialog d = call(ua, "Contact: <sip:old@10.0.0.8>\r\n");
    /* sim_request's Contact is phone@10.0.0.3 */
    sim_request(ua->sim, 3, 1, &d, "INVITE", "", SDP_ANSWER);
    const struct sim_message *ok = sim_expect(ua->sim, 3, "SIP/2.0 200");
    sim_assert_has(ok, SDP_OFFER);
    sim_request(ua->sim, 3, 1, &d, "ACK", "", "");
    sim_run(ua->sim, DUR_S(2));
    assert_int_equal(sim_sent(ua->sim, 3, "SIP/2.0 200"), 1);
    sim_end(ua);
    const struct sim_message *bye = sim_expect(ua->sim, 3, "BYE");
    assert_string_equal(sim_uri(bye), "sip:phone@10.0.0.3");
    sim_reply(ua->sim, 3, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void named_contact(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    call(ua, "Contact: <sip:phone@phone.example.net>\r\n");
    assert_string_equal(sim_uri(sim_nth(ua->sim, 2, "ACK", 0)), "sip:phone@phone.example.net");
    hang_up(ua, 2);
}

static void contact_unreachable(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    ua->send_fails_to_set = true;
    ua->send_fails_to = sim_addr(8);
    call(ua, "Contact: <sip:old@10.0.0.8>\r\n");
    assert_int_equal(sim_sent(ua->sim, 2, "ACK"), 1);
    hang_up(ua, 2);
}

static void bye_unreachable(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    call(ua, "Contact: <sip:old@10.0.0.8>\r\n");
    ua->send_fails_to_set = true;
    ua->send_fails_to = sim_addr(8);
    hang_up(ua, 2);
}

static void redirect_by_q(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 302, "p1",
              "Contact: <sip:low@10.9.9.9>;q=0.2, \"Hi, there\" <sip:high@10.9.9.9>;q=0.75\r\n"
              "Contact: <sip:none@10.9.9.9>\r\n",
              "");
    const struct sim_message *again = sim_expect(ua->sim, 2, "INVITE");
    assert_int_equal(sim_sent(ua->sim, 2, "ACK"), 1);
    assert_string_equal(sim_uri(again), "sip:none@10.9.9.9");
    assert_string_equal(sim_header(again, "Call-ID"), sim_header(m, "Call-ID"));
    assert_string_equal(sim_header(again, "From"), sim_header(m, "From"));
    assert_string_equal(sim_header(again, "To"), sim_header(m, "To"));
    assert_int_equal(atoi(sim_header(again, "CSeq")), atoi(sim_header(m, "CSeq")) + 1);
    assert_string_not_equal(sim_branch(again), sim_branch(m));
    sim_reply(ua->sim, 2, again, 404, "p2", "", "");
    again = sim_expect(ua->sim, 2, "INVITE");
    assert_string_equal(sim_uri(again), "sip:high@10.9.9.9");
    sim_reply(ua->sim, 2, again, 600, "p3", "", "");
    sim_run(ua->sim, DUR_S(1));
    sim_assert_ended(ua, 600);
    assert_int_equal(sim_sent(ua->sim, 2, "INVITE"), 3);
    sim_close(ua->sim);
}

static void redirect_loop(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 302, "p1", "Contact: <sip:other@10.9.9.9>\r\n", "");
    m = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 2, m, 302, "p1", "Contact: <sip:0912345678@EXAMPLE.org>\r\n", "");
    sim_run(ua->sim, DUR_S(1));
    sim_assert_ended(ua, 302);
    assert_int_equal(sim_sent(ua->sim, 2, "INVITE"), 2);
    sim_close(ua->sim);
}

static void redirect_six(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    const struct sim_message *m = invite(ua);
    for (int i = 0; i < 6; i++) {
        char contact[64];
        (void)snprintf(contact, sizeof(contact), "Contact: <sip:x%d@10.9.9.9>\r\n", i);
        sim_reply(ua->sim, 2, m, 301, "p1", contact, "");
        m = sim_await(ua->sim, 2, "INVITE", DUR_S(1));
    }
    assert_null(m);
    sim_assert_ended(ua, 301);
    assert_int_equal(sim_sent(ua->sim, 2, "INVITE"), 6);
    sim_close(ua->sim);
}

static void redirect_elsewhere(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 302, "p1", "Contact: <tel:123>, <mailto:a@b>, <sips:a@b>\r\n", "");
    sim_run(ua->sim, DUR_S(1));
    sim_assert_ended(ua, 302);
    sim_close(ua->sim);
}

#define CHALLENGE(header, nonce) header ": Digest realm=\"r\", nonce=\"" nonce "\", algorithm=MD5, qop=\"auth\"\r\n"

static void auth_then_redirect(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth("secret");
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 407, "p1", CHALLENGE("Proxy-Authenticate", "n1"), "");
    m = sim_expect(ua->sim, 2, "INVITE");
    sim_assert_has(m, "Proxy-Authorization: Digest");
    sim_reply(ua->sim, 2, m, 302, "p1", "Contact: <sip:other@example.org>\r\n", "");
    m = sim_expect(ua->sim, 2, "INVITE");
    sim_assert_has(m, "Proxy-Authorization: Digest");
    sim_assert_has(m, "uri=\"sip:other@example.org\"");
    sim_assert_has(m, "nc=00000002");
    sim_reply(ua->sim, 2, m, 200, "p1", CONTACT, SDP_ANSWER);
    sim_assert_has(sim_expect(ua->sim, 2, "ACK sip:phone"), "Proxy-Authorization: Digest");
    hang_up(ua, 2);
}

static void stale_nonce(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth("secret");
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 401, "p1", CHALLENGE("WWW-Authenticate", "n1"), "");
    m = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 2, m, 401, "p1",
              "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", stale=TRUE, qop=\"auth\"\r\n", "");
    m = sim_expect(ua->sim, 2, "INVITE");
    sim_assert_has(m, "nonce=\"n2\"");
    sim_reply(ua->sim, 2, m, 401, "p1",
              "WWW-Authenticate: Digest realm=\"r\", nonce=\"n3\", stale=TRUE, qop=\"auth\"\r\n", "");
    sim_run(ua->sim, DUR_S(1));
    sim_assert_ended(ua, 401);
    assert_true(sim_event(ua, SIP_EVENT_ENDED)->auth_failed);
    sim_close(ua->sim);
}

static void auth_of_bye(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth("secret");
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 407, "p1", CHALLENGE("Proxy-Authenticate", "n0"), "");
    m = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 2, m, 200, "p1", CONTACT, SDP_ANSWER);
    sim_expect(ua->sim, 2, "ACK sip:phone");
    sim_end(ua);
    const struct sim_message *bye = sim_expect(ua->sim, 2, "BYE");
    sim_assert_has(bye, "nonce=\"n0\"");
    sim_reply(ua->sim, 2, bye, 407, "", CHALLENGE("Proxy-Authenticate", "n1"), "");
    const struct sim_message *again = sim_expect(ua->sim, 2, "BYE");
    sim_assert_has(again, "nonce=\"n1\"");
    assert_int_equal(atoi(sim_header(again, "CSeq")), atoi(sim_header(bye, "CSeq")) + 1);
    assert_int_equal(sip_stack_busy(ua->stack), 1);
    sim_reply(ua->sim, 2, again, 407, "", CHALLENGE("Proxy-Authenticate", "n1"), "");
    sim_run(ua->sim, DUR_S(1));
    assert_int_equal(sim_sent(ua->sim, 2, "BYE"), 2);
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    sim_close(ua->sim);
}

static void forks(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 180, "f1", "Contact: <sip:f1@10.0.0.3:5060>\r\n", "");
    sim_reply(ua->sim, 2, m, 180, "f2", "Contact: <sip:f2@10.0.0.4:5060>\r\n", "");
    sim_run(ua->sim, DUR_S(1));
    sim_reply(ua->sim, 2, m, 200, "f1", "Contact: <sip:f1@10.0.0.3:5060>\r\n", SDP_ANSWER);
    sim_reply(ua->sim, 2, m, 200, "f2", "Contact: <sip:f2@10.0.0.4:5060>\r\n", SDP_ANSWER);
    const struct sim_message *bye = sim_expect(ua->sim, 4, "BYE");
    assert_non_null(strstr(sim_header(bye, "To"), "tag=f2"));
    assert_int_equal(sim_sent(ua->sim, 4, "ACK"), 1);
    assert_int_equal(sim_sent(ua->sim, 3, "ACK"), 1);
    sim_reply(ua->sim, 4, bye, 200, "", "", "");
    sim_reply(ua->sim, 2, m, 200, "f2", "Contact: <sip:f2@10.0.0.4:5060>\r\n", SDP_ANSWER);
    sim_run(ua->sim, DUR_S(1));
    assert_int_equal(sim_sent(ua->sim, 4, "ACK"), 2);
    assert_int_equal(sim_sent(ua->sim, 4, "BYE"), 1);
    assert_int_equal(sim_sent(ua->sim, 3, "BYE"), 0);
    assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 1);
    /* the fork's BYE is not the call's */
    struct sim_dialog d = sim_dialog_of_invite(m, "f2");
    sim_request(ua->sim, 4, 1, &d, "BYE", "", "");
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_events(ua, SIP_EVENT_ENDED), 0);
    hang_up(ua, 3);
}

static void silent_in_each_state(void **state)
{
    (void)state;
    /* no 1xx: timer A doubles without limit, timer B ends it */
    struct sim_ua *ua = open_ua();
    mono_us start = ua->sim->now;
    static const int at[] = {0, 500, 1500, 3500, 7500, 15500, 31500};
    sim_invite(ua, "sip:a@example.org", 0);
    sim_run(ua->sim, DUR_S(40));
    assert_int_equal(sim_sent(ua->sim, 2, "INVITE"), 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(sim_must(ua->sim, 2, "INVITE", i)->at - start, DUR_MS(at[i]));
    }
    sim_assert_ended(ua, 408);
    assert_int_equal(sim_event(ua, SIP_EVENT_ENDED)->at - start, 64 * T1);
    sim_close(ua->sim);

    /* a 1xx and nothing more: the ring time-out, CANCEL unanswered, the INVITE dropped after 64*T1 (9.1) */
    ua = open_ua();
    sim_invite(ua, "sip:a@example.org", DUR_S(10));
    const struct sim_message *m = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 2, m, 180, "p1", "", "");
    sim_run(ua->sim, DUR_S(11));
    sim_assert_ended(ua, 408);
    assert_int_equal(sim_sent(ua->sim, 2, "CANCEL"), 2);
    assert_int_equal(sip_stack_busy(ua->stack), 1);
    sim_run(ua->sim, 64 * T1);
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    assert_int_equal(sim_sent(ua->sim, 2, "CANCEL"), 11);
    sim_close(ua->sim);

    /* the BYE unanswered */
    ua = open_ua();
    call(ua, CONTACT);
    sim_end(ua);
    sim_run(ua->sim, 64 * T1 + DUR_S(1));
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    assert_int_equal(sim_sent(ua->sim, 2, "BYE"), 11);
    sim_close(ua->sim);

    /* silent from the start, let go at once: as long as timer B, no CANCEL ever */
    ua = open_ua();
    sim_invite(ua, "sip:a@example.org", DUR_S(10));
    sim_end(ua);
    sim_run(ua->sim, 64 * T1 + DUR_S(1));
    assert_int_equal(sim_sent(ua->sim, 2, "CANCEL"), 0);
    assert_int_equal(sim_events(ua, SIP_EVENT_ENDED), 0);
    sim_close(ua->sim);
}

static void ring_time_out_before_1xx(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    sim_invite(ua, "sip:a@example.org", DUR_S(2));
    const struct sim_message *m = sim_expect(ua->sim, 2, "INVITE");
    sim_run(ua->sim, DUR_S(3));
    sim_assert_ended(ua, 408);
    sim_reply(ua->sim, 2, m, 100, "", "", "");
    const struct sim_message *cancel = sim_expect(ua->sim, 2, "CANCEL");
    assert_string_equal(sim_branch(cancel), sim_branch(m));
    sim_reply(ua->sim, 2, cancel, 200, "p1", "", "");
    sim_reply(ua->sim, 2, m, 487, "p1", "", "");
    sim_run(ua->sim, DUR_S(1));
    sim_assert_ended(ua, 408);
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    sim_close(ua->sim);
}

/* Nobody wants the call any more: no further INVITE for a challenge or redirection. */
static void challenge_after_ring_time_out(void **state)
{
    (void)state;
    static const int codes[] = {401, 302};
    for (size_t i = 0; i < 2; i++) {
        struct sim_ua *ua = open_auth("secret");
        sim_invite(ua, "sip:a@example.org", DUR_S(2));
        const struct sim_message *m = sim_expect(ua->sim, 2, "INVITE");
        sim_run(ua->sim, DUR_S(3));
        sim_reply(ua->sim, 2, m, codes[i], "p1",
                  CHALLENGE("WWW-Authenticate", "n1") "Contact: <sip:other@10.9.9.9>\r\n", "");
        sim_run(ua->sim, DUR_S(1));
        sim_assert_ended(ua, 408);
        assert_int_equal(sip_stack_busy(ua->stack), 0);
        sim_close(ua->sim);
    }
}

static void unknown_progress(void **state)
{
    (void)state;
    static const int codes[] = {101, 188, 199};
    for (size_t i = 0; i < 3; i++) {
        struct sim_ua *ua = open_ua();
        const struct sim_message *m = invite(ua);
        sim_reply(ua->sim, 2, m, codes[i], "p1", CONTACT, SDP_ANSWER);
        sim_run(ua->sim, DUR_S(20));
        assert_int_equal(sim_sent(ua->sim, 2, "INVITE"), 1);
        const struct sim_event *e = sim_event(ua, SIP_EVENT_PROGRESS);
        assert_int_equal(e->code, codes[i]);
        assert_string_equal(e->body, SDP_ANSWER);
        sim_end(ua);
        sim_expect(ua->sim, 2, "CANCEL"); /* allowed behind it (9.1) */
        sim_reply(ua->sim, 2, m, 487, "p1", "", "");
        sim_close(ua->sim);
    }
}

static void early_dialogs_end(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 183, "p1", CONTACT, SDP_ANSWER);
    sim_reply(ua->sim, 2, m, 180, "p2", CONTACT, "");
    sim_run(ua->sim, DUR_MS(50));
    struct sim_dialog d[2] = {sim_dialog_of_invite(m, "p1"), sim_dialog_of_invite(m, "p2")};
    for (size_t i = 0; i < 2; i++) {
        sim_request(ua->sim, 2, 1, &d[i], "OPTIONS", "", "");
    }
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 200"), 2);
    sim_reply(ua->sim, 2, m, 486, "p1", "", "");
    sim_expect(ua->sim, 2, "ACK");
    sim_assert_ended(ua, 486);
    for (size_t i = 0; i < 2; i++) {
        sim_request(ua->sim, 2, 1, &d[i], "OPTIONS", "", "");
        sim_request(ua->sim, 2, 1, &d[i], "BYE", "", "");
    }
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 481"), 4);
    sim_close(ua->sim);
}

static void bye_in_early_dialog(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 183, "p1", CONTACT, SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(50));
    struct sim_dialog d = sim_dialog_of_invite(m, "p1");
    sim_request(ua->sim, 2, 1, &d, "INVITE", "", SDP_ANSWER);
    sim_expect(ua->sim, 2, "SIP/2.0 491");
    sim_request(ua->sim, 2, 1, &d, "BYE", "", "");
    sim_expect(ua->sim, 2, "SIP/2.0 200");
    sim_assert_ended(ua, 200);
    const struct sim_message *cancel = sim_expect(ua->sim, 2, "CANCEL");
    sim_reply(ua->sim, 2, cancel, 200, "p1", "", "");
    sim_reply(ua->sim, 2, m, 487, "p1", "", "");
    sim_close(ua->sim);
}

static void final_after_end(void **state)
{
    (void)state;
    static const int codes[] = {302, 401, 486, 603};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct sim_ua *ua = open_auth("secret");
        const struct sim_message *m = invite(ua);
        sim_end(ua);
        sim_reply(ua->sim, 2, m, codes[i], "p1",
                  CHALLENGE("WWW-Authenticate", "n1") "Contact: <sip:other@10.9.9.9>\r\n", "");
        sim_run(ua->sim, DUR_S(1));
        assert_int_equal(sim_sent(ua->sim, 2, "INVITE"), 1);
        assert_int_equal(sim_sent(ua->sim, 2, "ACK"), 1);
        assert_int_equal(sim_events(ua, SIP_EVENT_ENDED), 0);
        assert_int_equal(sip_stack_busy(ua->stack), 0);
        sim_close(ua->sim);
    }
}

static void next_hop_unreachable(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    ua->send_fails_to_set = true;
    ua->send_fails_to = sim_addr(2);
    sim_invite(ua, "sip:a@example.org", 0);
    assert_int_equal(ua->event_count, 0); /* never from inside */
    sim_run(ua->sim, DUR_MS(10));
    sim_assert_ended(ua, 503);
    sim_close(ua->sim);
}

static void in_dialog_requests(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    struct sim_dialog d = call(ua, CONTACT);
    sim_request(ua->sim, 2, 1, &d, "OPTIONS", "", "");
    sim_expect(ua->sim, 2, "SIP/2.0 200");
    sim_request(ua->sim, 2, 1, &d, "INFO", "", "");
    sim_assert_has(sim_expect(ua->sim, 2, "SIP/2.0 405"), "Allow: INVITE");
    sim_request(ua->sim, 2, 1, &d, "FROBNICATE", "", "");
    sim_assert_has(sim_expect(ua->sim, 2, "SIP/2.0 501"), "Allow: INVITE");
    sim_request(ua->sim, 2, 1, &d, "UPDATE", "", "");
    sim_expect(ua->sim, 2, "SIP/2.0 200");
    /* nobody answers the offer */
    sim_request(ua->sim, 2, 1, &d, "INVITE", "", SDP_ANSWER);
    sim_expect(ua->sim, 2, "SIP/2.0 488");
    sim_request(ua->sim, 2, 1, &d, "ACK", "", "");
    ua->refuse_offer = 491;
    sim_request(ua->sim, 2, 1, &d, "UPDATE", "", SDP_ANSWER);
    sim_expect(ua->sim, 2, "SIP/2.0 491");
    ua->refuse_offer = 0;
    ua->accept_offer = SDP_OFFER;
    sim_request(ua->sim, 2, 1, &d, "UPDATE", "", SDP_ANSWER);
    sim_assert_has(sim_expect(ua->sim, 2, "SIP/2.0 200"), SDP_OFFER);
    /* no SDP in it: our offer goes back, the ACK brings theirs */
    sim_request(ua->sim, 2, 1, &d, "INVITE", "", "");
    sim_assert_has(sim_expect(ua->sim, 2, "SIP/2.0 200"), SDP_OFFER);
    assert_string_equal(sim_event(ua, SIP_EVENT_OFFER)->body, "");
    /* another one before the ACK */
    unsigned unacknowledged = d.cseq;
    sim_request(ua->sim, 2, 1, &d, "INVITE", "", SDP_ANSWER);
    sim_assert_has(sim_expect(ua->sim, 2, "SIP/2.0 500"), "Retry-After: ");
    d.cseq = unacknowledged;
    sim_request(ua->sim, 2, 1, &d, "ACK", "", SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(50));
    assert_string_equal(sim_event(ua, SIP_EVENT_CONFIRMED)->body, SDP_ANSWER);
    /* an older CSeq */
    d.cseq = 1;
    sim_request(ua->sim, 2, 1, &d, "OPTIONS", "", "");
    sim_run(ua->sim, DUR_MS(50));
    assert_string_equal(sim_header(sim_nth(ua->sim, 2, "SIP/2.0 500", sim_sent(ua->sim, 2, "SIP/2.0 500") - 1), "CSeq"),
                        "2 OPTIONS");
    d.cseq = 100;
    sim_request(ua->sim, 2, 1, &d, "BYE", "", "");
    sim_expect(ua->sim, 2, "SIP/2.0 200");
    sim_assert_ended(ua, 200);
    sim_request(ua->sim, 2, 1, &d, "BYE", "", "");
    sim_expect(ua->sim, 2, "SIP/2.0 481");
    sim_close(ua->sim);
}

static void reinvite_never_acked(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    ua->accept_offer = SDP_OFFER;
    struct sim_dialog d = call(ua, CONTACT);
    sim_request(ua->sim, 2, 1, &d, "INVITE", "", SDP_ANSWER);
    const struct sim_message *bye = sim_await(ua->sim, 2, "BYE", 64 * T1 + DUR_S(1));
    assert_non_null(bye);
    sim_assert_ended(ua, 408);
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 200"), 11);
    sim_reply(ua->sim, 2, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void end_inside_offer(void **state)
{
    (void)state;
    struct sim_ua *ua = open_ua();
    struct sim_dialog d = call(ua, CONTACT);
    ua->end_armed = true;
    ua->end_on = SIP_EVENT_OFFER;
    sim_request(ua->sim, 2, 1, &d, "INVITE", "", SDP_ANSWER);
    const struct sim_message *bye = sim_expect(ua->sim, 2, "BYE");
    sim_expect(ua->sim, 2, "SIP/2.0 487");
    sim_request(ua->sim, 2, 1, &d, "ACK", "", "");
    sim_reply(ua->sim, 2, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void bad_arguments(void **state)
{
    (void)state;
    struct sim_ua *ua = sim_prepare(sim_open(), 1, 2);
    ua->config.next_hop.family = 0;
    sim_start(ua);
    struct pool_id id;
    assert_int_equal(sip_inv_invite(ua->stack, 0, SPAN_LIT("sip:a@b"), SPAN_NONE, 0, POOL_ID_NONE, &id), ST_STATE);
    ua = sim_ua(ua->sim, 3, 2);
    assert_int_equal(sip_inv_invite(ua->stack, 0, SPAN_LIT("a@b"), SPAN_NONE, 0, POOL_ID_NONE, &id), ST_BAD);
    assert_int_equal(sip_inv_invite(ua->stack, 0, SPAN_LIT("tel:12"), SPAN_NONE, 0, POOL_ID_NONE, &id), ST_BAD);
    assert_int_equal(sip_inv_invite(ua->stack, 0, SPAN_LIT("sip:a@b?X=y"), SPAN_NONE, 0, POOL_ID_NONE, &id), ST_BAD);
    assert_int_equal(sip_inv_answer(ua->stack, 0, POOL_ID_NONE, SPAN_NONE), ST_NOT_FOUND);
    assert_int_equal(sip_inv_call_id(ua->stack, POOL_ID_NONE).len, 0);
    sip_inv_end(ua->stack, 0, POOL_ID_NONE);
    sim_close(ua->sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_as_told),     cmocka_unit_test(record_route),
        cmocka_unit_test(strict_router),        cmocka_unit_test(contact_changes),
        cmocka_unit_test(target_refresh),       cmocka_unit_test(named_contact),
        cmocka_unit_test(contact_unreachable),  cmocka_unit_test(bye_unreachable),
        cmocka_unit_test(redirect_by_q),        cmocka_unit_test(redirect_loop),
        cmocka_unit_test(redirect_six),         cmocka_unit_test(redirect_elsewhere),
        cmocka_unit_test(auth_then_redirect),   cmocka_unit_test(stale_nonce),
        cmocka_unit_test(auth_of_bye),          cmocka_unit_test(forks),
        cmocka_unit_test(silent_in_each_state), cmocka_unit_test(ring_time_out_before_1xx),
        cmocka_unit_test(unknown_progress),     cmocka_unit_test(early_dialogs_end),
        cmocka_unit_test(bye_in_early_dialog),  cmocka_unit_test(challenge_after_ring_time_out),
        cmocka_unit_test(final_after_end),      cmocka_unit_test(next_hop_unreachable),
        cmocka_unit_test(in_dialog_requests),   cmocka_unit_test(reinvite_never_acked),
        cmocka_unit_test(end_inside_offer),     cmocka_unit_test(bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
