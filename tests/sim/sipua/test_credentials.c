/* SPDX-License-Identifier: MIT */
/* Credentials are for the SIP server alone: the stack at 10.0.0.1, its server 10.0.0.2, somebody else at 10.0.0.9
 * (src/sipua/stack_auth.h). What lies behind the server speaks through it: 10.0.0.2 sends that too.
 *
 * challenge_from_elsewhere    22.2, 26.1     a 401 with the right branch from another address is not answered
 * challenge_of_the_server                    and from the server it is
 * dialog_leads_elsewhere      12.2.1.1       no credentials in ACK and BYE that go straight to the far end
 * bye_challenged_elsewhere                   its 401 is not answered
 * dialog_through_the_server   22.1           nor in those that a proxy hands on to the far end
 * dialog_with_the_server                     in a call with the server itself they are
 * bye_challenged_behind                      a BYE that the far end challenges by way of the server, in the server's realm
 * dialog_beside_the_server                   its Contact is another port of the server's host
 * bye_challenged_unasked                     the same of a server that let the INVITE pass without
 * bye_to_a_caller                            the same of somebody who called us
 * callee_challenges                          after 180, in no realm, in another and in the server's own
 * callee_changes_kind                        401 behind the server's 407, the same realm
 * foreign_domain_typed        8.1.3.4        a URI of another domain, of another port of the server's host
 * redirection                                behind a 302, also into the own domain; no credentials leave the domain
 * one_realm                                  the first realm stays the only one
 * several_realms                             in the first challenge: whose they are is not known; one of them twice is one
 * configured_realm                           --sip-realm
 * realm_of_the_registration                  comes before that of an earlier call; several of it
 * other_realms_beside                        challenges of other realms in the same response are passed over
 * lines_have_a_rate                          a callee that challenges every call
 */
#include "support_sim.h"

#include <stdio.h>
#include <string.h>

#include "wsaudio/base/log_quota.h"

#define CHALLENGE(realm) "WWW-Authenticate: Digest realm=\"" realm "\", nonce=\"n1\", qop=\"auth\"\r\n"
#define STALE(header)    header ": Digest realm=\"home\", nonce=\"n2\", stale=true\r\n"
#define BEHIND           "Contact: <sip:phone@10.0.0.9>\r\n"
#define ITSELF           "Contact: <sip:phone@10.0.0.2:5060>\r\n"

static char g_line[512];
static size_t g_warnings;

static void sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    (void)ctx;
    if (level == LOG_WARNING) {
        g_warnings++;
        (void)snprintf(g_line, sizeof(g_line), "%.*s", (int)len, text);
    }
}

static const struct log g_log = {.level = LOG_INFO, .sink = sink};

static struct sim_ua *prepare(void)
{
    struct sim_ua *ua = sim_prepare(sim_open(), 1, 2);
    ua->config.user = SPAN_LIT("voip");
    ua->config.password = SPAN_LIT("secret");
    ua->config.has_password = true;
    ua->config.log = &g_log;
    g_line[0] = '\0';
    g_warnings = 0;
    return ua;
}

static struct sim_ua *open_caller(void)
{
    struct sim_ua *ua = prepare();
    sim_start(ua);
    return ua;
}

static size_t with_credentials(const struct sim *sim, uint8_t host, const char *start)
{
    size_t n = 0;
    for (size_t i = 0; i < sim_sent(sim, host, start); i++) {
        const struct sim_message *m = sim_nth(sim, host, start, i);
        n += sim_header(m, "Authorization")[0] != '\0' || sim_header(m, "Proxy-Authorization")[0] != '\0' ? 1 : 0;
    }
    return n;
}

/* sim_reply, but by somebody who has seen the request on its way to the server. */
static void reply_from_elsewhere(struct sim *sim, const struct sim_message *request, int code, const char *extra)
{
    sim_reply(sim, 9, request, code, "t9", extra, "");
}

static void challenge_from_elsewhere(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    sim_invite(ua, "sip:1@example.org", 0);
    const struct sim_message *invite = sim_expect(ua->sim, 2, "INVITE");
    reply_from_elsewhere(ua->sim, invite, 401, CHALLENGE("example.org"));
    sim_run(ua->sim, DUR_S(1));
    assert_int_equal(sim_sent(ua->sim, 2, "INVITE") + sim_sent(ua->sim, 9, "INVITE"), 1);
    sim_assert_ended(ua, 401);
    assert_true(sim_event(ua, SIP_EVENT_ENDED)->auth_failed);
    assert_string_equal(g_line, "Challenge of 10.0.0.9:5060 not answered: credentials are for the SIP server alone");
    sim_close(ua->sim);
}

static const struct sim_message *answered_challenge(struct sim_ua *ua, const char *uri, const char *challenge)
{
    sim_invite(ua, uri, 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 401, "c", challenge, "");
    const struct sim_message *again = sim_expect(ua->sim, 2, "INVITE");
    assert_true(sim_header(again, "Authorization")[0] != '\0');
    return again;
}

static void challenge_of_the_server(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    const struct sim_message *invite = answered_challenge(ua, "sip:1@example.org", CHALLENGE("anything"));
    sim_reply(ua->sim, 2, invite, 486, "b", "", "");
    sim_run(ua->sim, DUR_S(1));
    sim_assert_ended(ua, 486);
    assert_string_equal(g_line, "");
    sim_close(ua->sim);
}

static void busy(struct sim_ua *ua, const struct sim_message *invite)
{
    sim_reply(ua->sim, 2, invite, 486, "b", "", "");
    sim_run(ua->sim, DUR_MS(100));
}

/* Nothing more than has been sent, and the call ends with the challenge. */
static void not_answered(struct sim_ua *ua, const char *why)
{
    size_t invites = sim_sent(ua->sim, 2, "INVITE");
    sim_run(ua->sim, DUR_S(1));
    assert_int_equal(sim_sent(ua->sim, 2, "INVITE"), invites);
    assert_true(sim_event(ua, SIP_EVENT_ENDED)->code == 401 || sim_event(ua, SIP_EVENT_ENDED)->code == 407);
    assert_true(sim_event(ua, SIP_EVENT_ENDED)->auth_failed);
    assert_string_equal(g_line, why);
}

static void bye_not_answered(struct sim_ua *ua, const char *header)
{
    sim_end(ua);
    const struct sim_message *bye = sim_expect(ua->sim, 2, "BYE");
    assert_int_equal(with_credentials(ua->sim, 2, "BYE"), 0);
    sim_reply(ua->sim, 2, bye, 407, "", header, "");
    sim_run(ua->sim, DUR_S(2));
    assert_int_equal(sim_sent(ua->sim, 2, "BYE"), 1);
    assert_string_equal(g_line, "Challenge to a BYE not answered: it is the far end's, not the SIP server's");
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    sim_close(ua->sim);
}

static void dialog_leads_elsewhere(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    const struct sim_message *invite = answered_challenge(ua, "sip:1@example.org", CHALLENGE("r"));
    sim_reply(ua->sim, 2, invite, 200, "t", BEHIND, SDP_ANSWER);
    sim_expect(ua->sim, 9, "ACK");
    sim_reply(ua->sim, 2, invite, 200, "t", BEHIND, SDP_ANSWER);
    sim_expect(ua->sim, 9, "ACK");
    sim_end(ua);
    const struct sim_message *bye = sim_expect(ua->sim, 9, "BYE");
    assert_int_equal(with_credentials(ua->sim, 9, ""), 0);
    /* the same ACK goes to the source of the 2xx that came again: a proxy hands it on */
    assert_int_equal(sim_sent(ua->sim, 2, "ACK sip:phone@10.0.0.9"), 1);
    assert_int_equal(with_credentials(ua->sim, 2, "ACK"), 0);
    sim_reply(ua->sim, 9, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void bye_challenged_elsewhere(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    sim_invite(ua, "sip:1@example.org", 0);
    const struct sim_message *invite = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 2, invite, 200, "t", BEHIND, SDP_ANSWER);
    sim_expect(ua->sim, 9, "ACK");
    sim_end(ua);
    sim_reply(ua->sim, 9, sim_expect(ua->sim, 9, "BYE"), 401, "", CHALLENGE("example.org"), "");
    sim_run(ua->sim, DUR_S(2));
    assert_int_equal(sim_sent(ua->sim, 9, "BYE"), 1);
    sim_close(ua->sim);
}

static void dialog_through_the_server(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    const struct sim_message *invite = answered_challenge(ua, "sip:1@example.org", CHALLENGE("r"));
    sim_reply(ua->sim, 2, invite, 200, "t", "Record-Route: <sip:10.0.0.2;lr>\r\n" BEHIND, SDP_ANSWER);
    sim_expect(ua->sim, 2, "ACK");
    sim_end(ua);
    const struct sim_message *bye = sim_expect(ua->sim, 2, "BYE");
    assert_int_equal(with_credentials(ua->sim, 2, "ACK"), 0);
    assert_int_equal(with_credentials(ua->sim, 2, "BYE"), 0);
    sim_reply(ua->sim, 2, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void dialog_with_the_server(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    const struct sim_message *invite = answered_challenge(ua, "sip:1@example.org", CHALLENGE("r"));
    sim_reply(ua->sim, 2, invite, 200, "t", ITSELF, SDP_ANSWER);
    sim_expect(ua->sim, 2, "ACK sip:phone");
    sim_end(ua);
    const struct sim_message *bye = sim_expect(ua->sim, 2, "BYE");
    assert_int_equal(with_credentials(ua->sim, 2, "ACK"), 1); /* not the one to the 401 */
    assert_int_equal(with_credentials(ua->sim, 2, "BYE"), 1);
    sim_reply(ua->sim, 2, bye, 401, "", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n9\", stale=true\r\n", "");
    bye = sim_expect(ua->sim, 2, "BYE");
    sim_assert_has(bye, "nonce=\"n9\"");
    sim_reply(ua->sim, 2, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void bye_challenged_behind(void **state)
{
    static const char *const contacts[] = {
        "Record-Route: <sip:10.0.0.2;lr>\r\n" BEHIND,
        "Record-Route: <sip:10.0.0.2;lr>\r\n" ITSELF, /* it names the server, which may look it up */
        "Contact: <sip:phone@example.org>\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(contacts) / sizeof(contacts[0]); i++) {
        struct sim_ua *ua = open_caller();
        const struct sim_message *invite = answered_challenge(ua, "sip:1@example.org", CHALLENGE("home"));
        sim_reply(ua->sim, 2, invite, 200, "t", contacts[i], SDP_ANSWER);
        sim_run(ua->sim, DUR_MS(200));
        bye_not_answered(ua, STALE("Proxy-Authenticate"));
    }
}

/* Another program of the server's host: it hears no word of the password. */
static void dialog_beside_the_server(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    const struct sim_message *invite = answered_challenge(ua, "sip:1@example.org", CHALLENGE("home"));
    sim_reply(ua->sim, 2, invite, 200, "t", "Contact: <sip:phone@10.0.0.2:5090>\r\n", SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(200));
    sim_end(ua);
    sim_run(ua->sim, DUR_MS(200));
    size_t heard = 0;
    for (size_t i = 0; i < ua->sim->count; i++) {
        const struct sim_message *m = &ua->sim->messages[i];
        heard += m->to.port == 5090 ? 1 : 0;
        assert_true(m->to.port != 5090 || sim_header(m, "Authorization")[0] == '\0');
    }
    assert_int_equal(heard, 2); /* ACK, BYE */
    sim_close(ua->sim);
}

static void bye_challenged_unasked(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    sim_invite(ua, "sip:1@example.org", 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 200, "t", ITSELF, SDP_ANSWER);
    sim_expect(ua->sim, 2, "ACK");
    bye_not_answered(ua, STALE("Proxy-Authenticate"));
}

static void bye_to_a_caller(void **state)
{
    struct sim_ua *ua = prepare();
    (void)state;
    ua->adopt = true;
    ua->answer_at_once = 200;
    ua->config.realm = SPAN_LIT("home");
    sim_start(ua);
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, ITSELF, SDP_OFFER);
    struct sim_dialog dialog = sim_dialog_of_response(sim_expect(ua->sim, 2, "SIP/2.0 200"));
    sim_request(ua->sim, 2, 1, &dialog, "ACK", "", "");
    sim_run(ua->sim, DUR_MS(100));
    bye_not_answered(ua, CHALLENGE("home"));
}

static void callee_challenges(void **state)
{
    static const char late[] =
        "Challenge not answered: the SIP server has passed the call on already, so it comes from behind it";
    struct sim_ua *ua = open_caller();
    (void)state;
    for (int i = 0; i < 3; i++) { /* no realm is known; another one; the server's own */
        g_line[0] = '\0';
        sim_invite(ua, "sip:1@example.org", 0);
        const struct sim_message *invite = sim_expect(ua->sim, 2, "INVITE");
        sim_reply(ua->sim, 2, invite, 100, "", "", "");
        sim_reply(ua->sim, 2, invite, i == 0 ? 183 : 180, "t", BEHIND, "");
        sim_reply(ua->sim, 2, invite, 401, "t", i == 1 ? CHALLENGE("evil") : CHALLENGE("home"), "");
        not_answered(ua, late);
        if (i == 1) {
            busy(ua, answered_challenge(ua, "sip:1@example.org", CHALLENGE("home")));
        }
    }
    /* before anything rings there is the realm alone to go by */
    sim_invite(ua, "sip:1@example.org", 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 401, "t", CHALLENGE("evil"), "");
    not_answered(ua,
                 "Challenge for realm evil not answered: the SIP server's realm is home (--sip-realm names another)");
    /* and when the server was asked, and then it rang, stale=true is no help */
    const struct sim_message *invite = answered_challenge(ua, "sip:1@example.org", CHALLENGE("home"));
    sim_reply(ua->sim, 2, invite, 180, "t", BEHIND, "");
    sim_reply(ua->sim, 2, invite, 401, "t", STALE("WWW-Authenticate"), "");
    not_answered(ua, late);
    sim_close(ua->sim);
}

static void callee_changes_kind(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    sim_invite(ua, "sip:1@example.org", 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 407, "p",
              "Proxy-Authenticate: Digest realm=\"home\", nonce=\"n1\"\r\n", "");
    const struct sim_message *invite = sim_expect(ua->sim, 2, "INVITE");
    sim_assert_has(invite, "Proxy-Authorization: Digest");
    sim_reply(ua->sim, 2, invite, 401, "t", CHALLENGE("home"), "");
    not_answered(ua,
                 "Challenge not answered: the SIP server has passed the call on already, so it comes from behind it");
    sim_close(ua->sim);
}

static void foreign_domain_typed(void **state)
{
    static const char domain[] =
        "Challenge not answered: the call is for another domain than the SIP server's (--sip-domain)";
    static const char *const uris[] = {"sip:1@other.example", "sip:1@example.org:5099", "sip:1@10.0.0.2:5099",
                                       "sip:1@10.0.0.9", "sip:1@example.org;maddr=10.0.0.9"};
    struct sim_ua *ua = open_caller();
    (void)state;
    for (size_t i = 0; i < 2 * sizeof(uris) / sizeof(uris[0]); i++) {
        if (i == sizeof(uris) / sizeof(uris[0])) { /* the realm makes no difference */
            busy(ua, answered_challenge(ua, "sip:1@EXAMPLE.org:5060", CHALLENGE("home")));
            busy(ua, answered_challenge(ua, "sip:1@10.0.0.2", CHALLENGE("home")));
        }
        g_line[0] = '\0';
        sim_run(ua->sim, DUR_S(60)); /* for the line's rate */
        sim_invite(ua, uris[i % (sizeof(uris) / sizeof(uris[0]))], 0);
        sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 401, "e", CHALLENGE("home"), "");
        not_answered(ua, domain);
    }
    sim_close(ua->sim);
}

static void redirected_to(struct sim_ua *ua, const char *contact, bool with)
{
    size_t before = with_credentials(ua->sim, 2, "INVITE");
    const struct sim_message *invite = answered_challenge(ua, "sip:1@example.org", CHALLENGE("home"));
    g_line[0] = '\0';
    sim_reply(ua->sim, 2, invite, 302, "r", contact, "");
    invite = sim_expect(ua->sim, 2, "INVITE");
    assert_int_equal(with_credentials(ua->sim, 2, "INVITE"), before + 1 + (with ? 1 : 0));
    sim_reply(ua->sim, 2, invite, 401, "e", STALE("WWW-Authenticate"), "");
    not_answered(ua, "Challenge not answered: a redirection led there, not the SIP server");
}

static void redirection(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    /* no realm is known */
    sim_invite(ua, "sip:1@example.org", 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 302, "r", "Contact: <sip:x@example.org>\r\n", "");
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE sip:x@"), 401, "e", CHALLENGE("home"), "");
    not_answered(ua, "Challenge not answered: a redirection led there, not the SIP server");
    /* what the server has asked for goes on to it, as long as the call stays in its domain */
    redirected_to(ua, "Contact: <sip:x@evil.example>\r\n", false);
    redirected_to(ua, "Contact: <sip:x@10.0.0.2:5090>\r\n", false);
    redirected_to(ua, "Contact: <sip:x@example.org>\r\n", true);
    sim_close(ua->sim);
}

static void one_realm(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    busy(ua, answered_challenge(ua, "sip:1@example.org", CHALLENGE("a \\\"b\\\"")));
    busy(ua, answered_challenge(ua, "sip:1@example.org", CHALLENGE("a \\\"b\\\"")));
    static const char *const others[] = {CHALLENGE("A \\\"b\\\""), CHALLENGE("a \\\"b\\\" "), CHALLENGE("a"),
                                         CHALLENGE("")};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        sim_invite(ua, "sip:1@example.org", 0);
        sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 401, "e", others[i], "");
        sim_run(ua->sim, DUR_S(1));
        assert_int_equal(sim_event(ua, SIP_EVENT_ENDED)->code, 401);
        assert_non_null(strstr(g_line, "not answered: the SIP server's realm is a \"b\""));
    }
    assert_int_equal(with_credentials(ua->sim, 2, "INVITE"), 2);
    sim_close(ua->sim);
}

static void several_realms(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    sim_invite(ua, "sip:1@example.org", 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 407, "e",
              "Proxy-Authenticate: Digest realm=\"home\", nonce=\"n1\"\r\n" CHALLENGE("evil"), "");
    not_answered(
        ua,
        "Challenge not answered: it names several realms, and which is the SIP server's is not known (--sip-realm)");
    assert_int_equal(with_credentials(ua->sim, 2, "INVITE"), 0);
    busy(ua, answered_challenge(ua, "sip:1@example.org",
                                CHALLENGE("home") CHALLENGE("home"))); /* one realm, two algorithms */
    sim_close(ua->sim);
}

static void configured_realm(void **state)
{
    struct sim_ua *ua = prepare();
    (void)state;
    ua->config.realm = SPAN_LIT("home");
    sim_start(ua);
    sim_invite(ua, "sip:1@example.org", 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 401, "e", CHALLENGE("evil"), "");
    not_answered(ua,
                 "Challenge for realm evil not answered: the SIP server's realm is home (--sip-realm names another)");
    busy(ua, answered_challenge(ua, "sip:1@example.org", CHALLENGE("home")));
    sim_close(ua->sim);
}

static void register_with(struct sim_ua *ua, const char *challenge)
{
    sim_reply(ua->sim, 2, sim_await(ua->sim, 2, "REGISTER", DUR_S(20)), 401, "r", challenge, "");
    const struct sim_message *again = sim_expect(ua->sim, 2, "REGISTER");
    assert_true(sim_header(again, "Authorization")[0] != '\0');
    sim_reply(ua->sim, 2, again, 200, "r", "Expires: 20\r\n", "");
    sim_run(ua->sim, DUR_MS(100));
}

static void realm_of_the_registration(void **state)
{
    struct sim_ua *ua = prepare();
    (void)state;
    ua->config.registers = true;
    ua->config.expires_s = 600;
    sim_start(ua);
    busy(ua, answered_challenge(ua, "sip:1@example.org", CHALLENGE("callee")));
    sip_stack_start(ua->stack, ua->sim->now);
    register_with(ua, CHALLENGE("home") "Proxy-Authenticate: Digest realm=\"proxy\", nonce=\"p\"\r\n");
    sim_invite(ua, "sip:1@example.org", 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 401, "e", CHALLENGE("callee"), "");
    not_answered(ua,
                 "Challenge for realm callee not answered: the SIP server's realm is home (--sip-realm names another)");
    busy(ua, answered_challenge(ua, "sip:1@example.org", CHALLENGE("home")));
    busy(ua, answered_challenge(ua, "sip:1@example.org", CHALLENGE("proxy")));
    register_with(ua, CHALLENGE("set up anew"));
    busy(ua, answered_challenge(ua, "sip:1@example.org", CHALLENGE("set up anew")));
    sip_stack_stop(ua->stack, ua->sim->now);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "REGISTER"), 200, "r", "", "");
    sim_run(ua->sim, DUR_S(40));
    sim_close(ua->sim);
}

static void other_realms_beside(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    busy(ua, answered_challenge(ua, "sip:1@example.org", CHALLENGE("home")));
    const struct sim_message *invite = answered_challenge(ua, "sip:1@example.org",
                                                          CHALLENGE("e1") CHALLENGE("e2") CHALLENGE("e3")
                                                              CHALLENGE("e4") CHALLENGE("e5") CHALLENGE("home"));
    sim_assert_has(invite, "realm=\"home\"");
    assert_null(strstr(invite->text, "realm=\"e"));
    busy(ua, invite);
    sim_close(ua->sim);
}

static void lines_have_a_rate(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    for (int i = 0; i < 50; i++) {
        sim_invite(ua, "sip:1@other.example", 0);
        sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 401, "e", CHALLENGE("home"), "");
        sim_run(ua->sim, DUR_MS(50));
    }
    assert_in_range(g_warnings, LOG_QUOTA_BURST, LOG_QUOTA_BURST + 2);
    sim_close(ua->sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenge_from_elsewhere),
        cmocka_unit_test(challenge_of_the_server),
        cmocka_unit_test(dialog_leads_elsewhere),
        cmocka_unit_test(bye_challenged_elsewhere),
        cmocka_unit_test(dialog_through_the_server),
        cmocka_unit_test(dialog_with_the_server),
        cmocka_unit_test(bye_challenged_behind),
        cmocka_unit_test(dialog_beside_the_server),
        cmocka_unit_test(bye_challenged_unasked),
        cmocka_unit_test(bye_to_a_caller),
        cmocka_unit_test(callee_challenges),
        cmocka_unit_test(callee_changes_kind),
        cmocka_unit_test(foreign_domain_typed),
        cmocka_unit_test(redirection),
        cmocka_unit_test(one_realm),
        cmocka_unit_test(several_realms),
        cmocka_unit_test(configured_realm),
        cmocka_unit_test(realm_of_the_registration),
        cmocka_unit_test(other_realms_beside),
        cmocka_unit_test(lines_have_a_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
