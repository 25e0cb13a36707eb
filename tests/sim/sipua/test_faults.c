/* SPDX-License-Identifier: MIT */
/* One test for each SIP row of FAULTS.md (the list of what the program before this one did wrong), by its number.
 *
 * 1  486 and every other final response      10 lost ACK                    18 where ACK and BYE go
 * 2  403                                     11 BYE of the peer             20 unacceptable answer: ACK, BYE
 * 3  wrong password: one retry               12 requests inside the dialog  21 responses of other transactions
 * 4  407                                     13 requests while idle         22 malformed messages
 * 5  401: ACK, CSeq, branch                  14 lost BYE                    43 end with a call up
 * 6  long nonce and realm                    15 hanging up at once
 * 7  no response                             16 hang up and call at once
 * 8  rings for long, late 200
 * 9  hang up while ringing
 */
#include "support_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTACT "Contact: <sip:phone@10.0.0.2:5060>\r\n"

static struct sim_ua *open_auth(void)
{
    struct sim_ua *ua = sim_prepare(sim_open(), 1, 2);
    ua->config.password = SPAN_LIT("secret");
    ua->config.has_password = true;
    sim_start(ua);
    return ua;
}

static const struct sim_message *invite(struct sim_ua *ua)
{
    sim_invite(ua, "sip:0912345678@example.org", 0);
    return sim_expect(ua->sim, 2, "INVITE");
}

static struct sim_dialog call(struct sim_ua *ua)
{
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 200, "p1", CONTACT, SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(20));
    assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 1);
    return sim_dialog_of_invite(m, "p1");
}

static void answer_bye(struct sim_ua *ua)
{
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "BYE"), 200, "", "", "");
}

static void refused_with(int code)
{
    struct sim_ua *ua = open_auth();
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 100, "", "", "");
    sim_reply(ua->sim, 2, m, code, "p1", "", "");
    const struct sim_message *ack = sim_expect(ua->sim, 2, "ACK");
    assert_string_equal(sim_branch(ack), sim_branch(m));
    assert_string_equal(sim_uri(ack), sim_uri(m));
    assert_non_null(strstr(sim_header(ack, "To"), ";tag=p1"));
    sim_assert_ended(ua, code);
    assert_true(ua->sim->now - m->at < DUR_MS(100));
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    /* the final again: the ACK again, and nothing is told */
    sim_reply(ua->sim, 2, m, code, "p1", "", "");
    sim_expect(ua->sim, 2, "ACK");
    sim_assert_ended(ua, code);
    sim_close(ua->sim);
}

static void fault_01_every_final_ends_the_call(void **state)
{
    (void)state;
    static const int codes[] = {300, 380, 400, 404, 408, 415, 480, 484, 486, 487, 488, 500, 503, 600, 603, 699};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        refused_with(codes[i]);
    }
}

static void fault_02_forbidden(void **state)
{
    (void)state;
    refused_with(403);
}

#define CHALLENGE(header) header ": Digest realm=\"r\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n"

static void wrong_password(int code, const char *challenge, const char *answer)
{
    struct sim_ua *ua = open_auth();
    mono_us start = ua->sim->now;
    const struct sim_message *m = invite(ua);
    assert_null(strstr(m->text, "Authorization"));
    sim_reply(ua->sim, 2, m, code, "p1", challenge, "");
    m = sim_expect(ua->sim, 2, "INVITE");
    sim_assert_has(m, answer);
    sim_assert_has(m, "username=\"voip\"");
    assert_null(strstr(m->text, "secret"));
    sim_reply(ua->sim, 2, m, code, "p2", challenge, "");
    sim_run(ua->sim, DUR_S(2));
    assert_int_equal(sim_sent(ua->sim, 2, "INVITE"), 2);
    assert_int_equal(sim_sent(ua->sim, 2, "ACK"), 2);
    sim_assert_ended(ua, code);
    assert_true(sim_event(ua, SIP_EVENT_ENDED)->auth_failed);
    assert_true(sim_event(ua, SIP_EVENT_ENDED)->at - start < DUR_MS(100));
    sim_close(ua->sim);
}

static void fault_03_wrong_password_is_tried_once(void **state)
{
    (void)state;
    wrong_password(401, CHALLENGE("WWW-Authenticate"), "\r\nAuthorization: Digest ");
    wrong_password(407, CHALLENGE("Proxy-Authenticate"), "\r\nProxy-Authorization: Digest ");
}

static void challenged(int code, const char *challenge, const char *answer)
{
    struct sim_ua *ua = open_auth();
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, code, "p1", challenge, "");
    const struct sim_message *ack = sim_expect(ua->sim, 2, "ACK");
    assert_string_equal(sim_branch(ack), sim_branch(m));
    const struct sim_message *again = sim_nth(ua->sim, 2, "INVITE", 1);
    assert_non_null(again);
    assert_string_not_equal(sim_branch(again), sim_branch(m));
    assert_string_equal(sim_header(again, "Call-ID"), sim_header(m, "Call-ID"));
    assert_string_equal(sim_header(again, "From"), sim_header(m, "From"));
    assert_string_equal(sim_header(again, "To"), sim_header(m, "To"));
    assert_int_equal(atoi(sim_header(again, "CSeq")), atoi(sim_header(m, "CSeq")) + 1);
    sim_assert_has(again, answer);
    sim_assert_has(again, "uri=\"sip:0912345678@example.org\"");
    sim_run(ua->sim, DUR_MS(20));
    sim_reply(ua->sim, 2, again, 200, "p2", CONTACT, SDP_ANSWER);
    const struct sim_message *confirm = sim_expect(ua->sim, 2, "ACK");
    sim_assert_has(confirm, answer); /* 22.1 */
    assert_int_equal(sim_events(ua, SIP_EVENT_ENDED), 0);
    sim_end(ua);
    answer_bye(ua);
    sim_close(ua->sim);
}

static void fault_04_proxy_challenge(void **state)
{
    (void)state;
    challenged(407, CHALLENGE("Proxy-Authenticate"), "\r\nProxy-Authorization: Digest ");
}

static void fault_05_challenge(void **state)
{
    (void)state;
    challenged(401, CHALLENGE("WWW-Authenticate"), "\r\nAuthorization: Digest ");
}

static void fault_06_long_challenges(void **state)
{
    (void)state;
    static const int lengths[] = {255, 256, 300, 3000, 14000, 40000};
    static char header[50000];
    static char text[42000];
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        memset(text, 'n', (size_t)lengths[i]);
        text[lengths[i]] = '\0';
        (void)snprintf(header, sizeof(header), "WWW-Authenticate: Digest realm=\"%.*s\", nonce=\"%s\"\r\n",
                       lengths[i] < 300 ? lengths[i] : 300, text, text);
        struct sim_ua *ua = open_auth();
        const struct sim_message *m = invite(ua);
        sim_reply(ua->sim, 2, m, 401, "p1", header, "");
        sim_run(ua->sim, DUR_MS(400));
        if (lengths[i] <= 14000) {
            assert_int_equal(sim_sent(ua->sim, 2, "INVITE"), 2);
            sim_end(ua);
        } else {
            sim_assert_ended(ua, 401);
        }
        sim_close(ua->sim);
    }
}

static void fault_07_no_response(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    mono_us start = ua->sim->now;
    sim_invite(ua, "sip:a@example.org", 0);
    sim_run(ua->sim, DUR_S(33));
    assert_int_equal(sim_sent(ua->sim, 2, "INVITE"), 7);
    assert_int_equal(sim_must(ua->sim, 2, "INVITE", 1)->at - start, DUR_MS(500));
    sim_assert_ended(ua, 408);
    assert_int_equal(sim_event(ua, SIP_EVENT_ENDED)->at - start, DUR_S(32));
    sim_close(ua->sim);
}

static void fault_08_late_answer(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    sim_invite(ua, "sip:a@example.org", DUR_S(15));
    const struct sim_message *m = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 2, m, 180, "p1", "", "");
    const struct sim_message *cancel = sim_await(ua->sim, 2, "CANCEL", DUR_S(16));
    assert_non_null(cancel);
    sim_assert_ended(ua, 408);
    sim_reply(ua->sim, 2, cancel, 200, "p1", "", "");
    sim_run(ua->sim, DUR_S(3));
    sim_reply(ua->sim, 2, m, 200, "p1", CONTACT, SDP_ANSWER);
    sim_expect(ua->sim, 2, "ACK");
    answer_bye(ua);
    sim_run(ua->sim, DUR_S(1));
    sim_assert_ended(ua, 408);
    assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 0);
    sim_close(ua->sim);
}

static void fault_09_hang_up_while_ringing(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 180, "p1", "", "");
    sim_run(ua->sim, DUR_S(1));
    mono_us at = ua->sim->now;
    sim_end(ua);
    const struct sim_message *cancel = sim_expect(ua->sim, 2, "CANCEL");
    assert_int_equal(cancel->at, at);
    assert_string_equal(sim_branch(cancel), sim_branch(m));
    assert_string_equal(sim_uri(cancel), sim_uri(m));
    assert_string_equal(sim_header(cancel, "To"), sim_header(m, "To"));
    assert_int_equal(atoi(sim_header(cancel, "CSeq")), atoi(sim_header(m, "CSeq")));
    sim_reply(ua->sim, 2, cancel, 200, "p1", "", "");
    sim_reply(ua->sim, 2, m, 487, "p1", "", "");
    sim_expect(ua->sim, 2, "ACK");
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    sim_close(ua->sim);
}

static void fault_10_each_200_gets_its_ack(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    const struct sim_message *m = invite(ua);
    for (int i = 0; i < 5; i++) {
        sim_reply(ua->sim, 2, m, 200, "p1", CONTACT, SDP_ANSWER);
        sim_run(ua->sim, DUR_S(1));
    }
    assert_int_equal(sim_sent(ua->sim, 2, "ACK"), 5);
    assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 1);
    sim_end(ua);
    answer_bye(ua);
    sim_run(ua->sim, DUR_S(1));
    /* behind the end too */
    sim_reply(ua->sim, 2, m, 200, "p1", CONTACT, SDP_ANSWER);
    sim_run(ua->sim, DUR_S(1));
    assert_int_equal(sim_sent(ua->sim, 2, "ACK"), 6);
    sim_close(ua->sim);
}

static void fault_11_bye_from_the_peer(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    struct sim_dialog d = call(ua);
    sim_request(ua->sim, 2, 1, &d, "BYE", "", "");
    sim_expect(ua->sim, 2, "SIP/2.0 200");
    sim_assert_ended(ua, 200);
    sim_end(ua);
    sim_run(ua->sim, DUR_S(1));
    assert_int_equal(sim_sent(ua->sim, 2, "BYE"), 0);
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    sim_close(ua->sim);
}

static void fault_12_requests_inside_the_dialog(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    struct sim_dialog d = call(ua);
    sim_request(ua->sim, 2, 1, &d, "OPTIONS", "", "");
    sim_expect(ua->sim, 2, "SIP/2.0 200");
    sim_request(ua->sim, 2, 1, &d, "INFO", "", "");
    sim_expect(ua->sim, 2, "SIP/2.0 405");
    sim_request(ua->sim, 2, 1, &d, "INVITE", "", SDP_ANSWER);
    sim_expect(ua->sim, 2, "SIP/2.0 488");
    sim_request(ua->sim, 2, 1, &d, "ACK", "", "");
    sim_request(ua->sim, 2, 1, &d, "BYE", "", "");
    sim_close(ua->sim);
}

static void fault_13_requests_while_idle(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    sim_stranger(ua->sim, 2, 1, "OPTIONS", 1, "", "");
    sim_expect(ua->sim, 2, "SIP/2.0 200");
    sim_stranger(ua->sim, 2, 1, "INVITE", 2, "", SDP_OFFER);
    sim_expect(ua->sim, 2, "SIP/2.0 480");
    sim_close(ua->sim);
}

static void fault_14_bye_is_sent_again(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    call(ua);
    sim_end(ua);
    sim_run(ua->sim, DUR_S(5));
    assert_int_equal(sim_sent(ua->sim, 2, "BYE"), 4);
    sim_reply(ua->sim, 2, sim_nth(ua->sim, 2, "BYE", 3), 200, "", "", "");
    sim_run(ua->sim, DUR_S(5));
    assert_int_equal(sim_sent(ua->sim, 2, "BYE"), 4);
    sim_close(ua->sim);
}

static void fault_15_bye_at_once(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    call(ua);
    mono_us at = ua->sim->now;
    sim_end(ua);
    assert_int_equal(sim_must(ua->sim, 2, "BYE", 0)->at, at);
    answer_bye(ua);
    sim_close(ua->sim);
}

static void fault_16_hang_up_and_call_at_once(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    call(ua);
    for (int i = 0; i < 3; i++) {
        mono_us at = ua->sim->now;
        sim_end(ua);
        const struct sim_message *m = invite(ua);
        assert_int_equal(m->at, at);
        sim_reply(ua->sim, 2, m, 200, "p1", CONTACT, SDP_ANSWER);
        sim_run(ua->sim, DUR_MS(50));
    }
    assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 4);
    sim_end(ua);
    for (size_t i = 0; i < 4; i++) {
        const struct sim_message *bye = sim_nth(ua->sim, 2, "BYE", i);
        assert_non_null(bye);
        sim_reply(ua->sim, 2, bye, 200, "", "", "");
    }
    sim_close(ua->sim);
}

static void fault_18_where_ack_and_bye_go(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 200, "p1", "Record-Route: <sip:10.0.0.3:5060;lr>\r\nContact: <sip:x@10.0.0.4:5090>\r\n",
              SDP_ANSWER);
    const struct sim_message *ack = sim_expect(ua->sim, 3, "ACK");
    sim_end(ua);
    const struct sim_message *bye = sim_expect(ua->sim, 3, "BYE");
    assert_string_equal(sim_uri(ack), "sip:x@10.0.0.4:5090");
    assert_string_equal(sim_uri(bye), "sip:x@10.0.0.4:5090");
    assert_string_equal(sim_header(bye, "Route"), "<sip:10.0.0.3:5060;lr>");
    assert_string_equal(sim_header(bye, "From"), sim_header(m, "From"));
    assert_string_equal(sim_header(bye, "To"), "<sip:0912345678@example.org>;tag=p1");
    sim_reply(ua->sim, 3, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void fault_20_unacceptable_answer(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    ua->end_armed = true; /* what the owner of the media does with such an answer */
    ua->end_on = SIP_EVENT_ANSWERED;
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 200, "p1", CONTACT, "");
    sim_expect(ua->sim, 2, "ACK");
    answer_bye(ua);
    sim_run(ua->sim, DUR_S(1));
    assert_int_equal(sim_events(ua, SIP_EVENT_ENDED), 0);
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    sim_close(ua->sim);
}

static void fault_21_responses_of_others(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    const struct sim_message *m = invite(ua);
    char text[1024];
    static const char *const wrong[][4] = {
        /* branch, Call-ID, CSeq, what */
        {"z9hG4bKother", NULL, NULL, "another branch"},
        {NULL, "somebody-elses", NULL, "another Call-ID"},
        {NULL, NULL, "1 OPTIONS", "another method"},
        {NULL, NULL, "77 INVITE", "another CSeq"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void)snprintf(text, sizeof(text),
                       "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=%s\r\nFrom: %s\r\nTo: %s;tag=x\r\n"
                       "Call-ID: %s\r\nCSeq: %s\r\nContact: <sip:evil@10.0.0.9>\r\nContent-Length: 0\r\n\r\n",
                       wrong[i][0] != NULL ? wrong[i][0] : sim_branch(m), sim_header(m, "From"), sim_header(m, "To"),
                       wrong[i][1] != NULL ? wrong[i][1] : sim_header(m, "Call-ID"),
                       wrong[i][2] != NULL ? wrong[i][2] : sim_header(m, "CSeq"));
        sim_send_text(ua->sim, 9, 1, text);
    }
    sim_send_text(ua->sim, 9, 1, "SIP/2.0 200\r\n\r\n");
    sim_send_text(ua->sim, 9, 1, "SIP/2.0 200 OK\r\n\r\n");
    sim_run(ua->sim, DUR_MS(100));
    assert_int_equal(ua->event_count, 0);
    assert_int_equal(sip_stack_stats(ua->stack).stray, 4);
    /* the right one counts wherever it comes from */
    sim_reply(ua->sim, 7, m, 486, "p1", "", "");
    sim_run(ua->sim, DUR_MS(100));
    sim_assert_ended(ua, 486);
    sim_close(ua->sim);
}

/* RFC 3261 8.1.3.3; as bcast of RFC 4475, but with our very own branch. */
static void fault_21_response_with_two_vias(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    const struct sim_message *m = invite(ua);
    sim_reply(ua->sim, 2, m, 200, "p1", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\r\n" CONTACT,
              SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(100));
    assert_int_equal(ua->event_count, 0);
    assert_int_equal(sip_stack_stats(ua->stack).stray, 1);
    sim_reply(ua->sim, 2, m, 486, "p1", "", "");
    sim_run(ua->sim, DUR_MS(100));
    sim_assert_ended(ua, 486);
    sim_close(ua->sim);
}

static void fault_22_malformed_messages(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    const struct sim_message *m = invite(ua);
    char text[8192];
    memset(text, 'A', 4096);
    text[4096] = '\0';
    sim_send_text(ua->sim, 2, 1, text);
    sim_send_text(ua->sim, 2, 1, "\r\n");
    sim_send_text(ua->sim, 2, 1, "SIP/2.0 99999999999 Big\r\n\r\n");
    struct net_addr other = sim_addr(2);
    struct sip_flow from = sip_flow_udp(&ua->addr, &other);
    sip_stack_input(ua->stack, ua->sim->now, &from, "\0\0\0\0\0", 5);
    sip_stack_input(ua->stack, ua->sim->now, &from, "", 0);
    sim_run(ua->sim, DUR_MS(100));
    assert_int_equal(ua->event_count, 0);
    memset(text, 't', 500);
    text[500] = '\0';
    sim_reply(ua->sim, 2, m, 183, text, CONTACT, SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(100));
    assert_int_equal(sim_event(ua, SIP_EVENT_PROGRESS)->code, 183);
    /* an open quote: a broken answer to our own request ends the call with a reason */
    sim_reply(ua->sim, 2, m, 401, "p1", "WWW-Authenticate: Digest realm=\"r, nonce=\"n\r\n", "");
    sim_run(ua->sim, DUR_MS(100));
    sim_assert_ended(ua, 401);
    sim_close(ua->sim);
}

static void fault_43_end_with_a_call_up(void **state)
{
    (void)state;
    struct sim_ua *ua = open_auth();
    call(ua);
    sim_end(ua);
    assert_int_equal(sip_stack_busy(ua->stack), 1);
    answer_bye(ua);
    sim_run(ua->sim, DUR_MS(20));
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    sim_close(ua->sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_01_every_final_ends_the_call),
        cmocka_unit_test(fault_02_forbidden),
        cmocka_unit_test(fault_03_wrong_password_is_tried_once),
        cmocka_unit_test(fault_04_proxy_challenge),
        cmocka_unit_test(fault_05_challenge),
        cmocka_unit_test(fault_06_long_challenges),
        cmocka_unit_test(fault_07_no_response),
        cmocka_unit_test(fault_08_late_answer),
        cmocka_unit_test(fault_09_hang_up_while_ringing),
        cmocka_unit_test(fault_10_each_200_gets_its_ack),
        cmocka_unit_test(fault_11_bye_from_the_peer),
        cmocka_unit_test(fault_12_requests_inside_the_dialog),
        cmocka_unit_test(fault_13_requests_while_idle),
        cmocka_unit_test(fault_14_bye_is_sent_again),
        cmocka_unit_test(fault_15_bye_at_once),
        cmocka_unit_test(fault_16_hang_up_and_call_at_once),
        cmocka_unit_test(fault_18_where_ack_and_bye_go),
        cmocka_unit_test(fault_20_unacceptable_answer),
        cmocka_unit_test(fault_21_responses_of_others),
        cmocka_unit_test(fault_21_response_with_two_vias),
        cmocka_unit_test(fault_22_malformed_messages),
        cmocka_unit_test(fault_43_end_with_a_call_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
