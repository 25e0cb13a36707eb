/* Credentials are for the SIP server alone: the stack at 10.0.0.1, its server 10.0.0.2, somebody else at 10.0.0.9
 * (src/sip/stack_guard.h).
 *
 * challenge_from_elsewhere    22.2, 26.1     a 401 with the right branch from another address is not answered
 * challenge_of_the_server                    and from the server it is
 * dialog_leads_elsewhere      12.2.1.1       no credentials in ACK and BYE that go straight to the far end
 * bye_challenged_elsewhere                   its 401 is not answered
 * dialog_through_the_server                  with Record-Route they are
 * foreign_domain              8.1.3.4, 22.1  a redirection to another domain: known realms only, once any is known
 * foreign_domain_typed                       the same for a URI that was dialled
 */
#include "support_sim.h"

#include <stdio.h>
#include <string.h>

#define CHALLENGE(realm) "WWW-Authenticate: Digest realm=\"" realm "\", nonce=\"n1\", qop=\"auth\"\r\n"

static char g_line[512];

static void sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    (void)ctx;
    if (level == LOG_WARNING) {
        (void)snprintf(g_line, sizeof(g_line), "%.*s", (int)len, text);
    }
}

static const struct log g_log = {.level = LOG_INFO, .sink = sink};

static struct sim_ua *open_caller(void)
{
    struct sim_ua *ua = sim_prepare(sim_open(), 1, 2);
    ua->config.password = SPAN_LIT("secret");
    ua->config.has_password = true;
    ua->config.log = &g_log;
    g_line[0] = '\0';
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

static void dialog_leads_elsewhere(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    const struct sim_message *invite = answered_challenge(ua, "sip:1@example.org", CHALLENGE("r"));
    sim_reply(ua->sim, 2, invite, 200, "t", "Contact: <sip:phone@10.0.0.9>\r\n", SDP_ANSWER);
    sim_expect(ua->sim, 9, "ACK");
    sim_reply(ua->sim, 2, invite, 200, "t", "Contact: <sip:phone@10.0.0.9>\r\n", SDP_ANSWER);
    sim_expect(ua->sim, 9, "ACK");
    sim_end(ua);
    const struct sim_message *bye = sim_expect(ua->sim, 9, "BYE");
    assert_int_equal(with_credentials(ua->sim, 9, ""), 0);
    sim_reply(ua->sim, 9, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void bye_challenged_elsewhere(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    sim_invite(ua, "sip:1@example.org", 0);
    const struct sim_message *invite = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 2, invite, 200, "t", "Contact: <sip:phone@10.0.0.9>\r\n", SDP_ANSWER);
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
    sim_reply(ua->sim, 2, invite, 200, "t", "Record-Route: <sip:10.0.0.2;lr>\r\nContact: <sip:phone@10.0.0.9>\r\n",
              SDP_ANSWER);
    sim_expect(ua->sim, 2, "ACK");
    sim_end(ua);
    const struct sim_message *bye = sim_expect(ua->sim, 2, "BYE");
    assert_int_equal(with_credentials(ua->sim, 2, "ACK"), 1); /* not the one to the 401 */
    assert_int_equal(with_credentials(ua->sim, 2, "BYE"), 1);
    sim_reply(ua->sim, 2, bye, 200, "", "", "");
    sim_close(ua->sim);
}

static void refused_realm(struct sim_ua *ua, size_t invites)
{
    sim_run(ua->sim, DUR_S(1));
    assert_int_equal(sim_sent(ua->sim, 2, "INVITE"), invites);
    assert_int_equal(sim_event(ua, SIP_EVENT_ENDED)->code, 401);
    assert_string_equal(g_line,
                        "Challenge for realm evil not answered: the call is for another domain, and the SIP server "
                        "has not used this realm");
}

static void busy(struct sim_ua *ua, const struct sim_message *invite)
{
    sim_reply(ua->sim, 2, invite, 486, "b", "", "");
    sim_run(ua->sim, DUR_MS(100));
}

static void foreign_domain(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    busy(ua, answered_challenge(ua, "sip:1@example.org", CHALLENGE("home")));
    sim_invite(ua, "sip:2@example.org", 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 302, "r", "Contact: <sip:x@evil.example>\r\n", "");
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE sip:x@evil.example"), 401, "e", CHALLENGE("evil"), "");
    refused_realm(ua, 4);
    sim_invite(ua, "sip:2@example.org", 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 302, "r", "Contact: <sip:x@other.example>\r\n", "");
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE sip:x@other.example"), 401, "e", CHALLENGE("home"), "");
    const struct sim_message *again = sim_expect(ua->sim, 2, "INVITE sip:x@other.example");
    sim_assert_has(again, "realm=\"home\"");
    busy(ua, again);
    /* a redirection inside the domain, or to the server itself, is none */
    sim_invite(ua, "sip:2@example.org", 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 302, "r", "Contact: <sip:x@10.0.0.2:5070>\r\n", "");
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE sip:x@10.0.0.2:5070"), 401, "e", CHALLENGE("second"), "");
    busy(ua, sim_expect(ua->sim, 2, "INVITE sip:x@10.0.0.2:5070"));
    sim_close(ua->sim);
}

static void foreign_domain_typed(void **state)
{
    struct sim_ua *ua = open_caller();
    (void)state;
    /* nothing is known yet: the server's realm may have any name */
    busy(ua, answered_challenge(ua, "sip:1@pbx.lan", CHALLENGE("asterisk")));
    busy(ua, answered_challenge(ua, "sip:1@EXAMPLE.org:5070", CHALLENGE("home")));
    size_t invites = sim_sent(ua->sim, 2, "INVITE");
    sim_invite(ua, "sip:1@evil.example", 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 401, "e", CHALLENGE("evil"), "");
    refused_realm(ua, invites + 1);
    /* as many realms as a long life brings: only so many are kept, and nothing is lost by it */
    for (int i = 0; i < 12; i++) {
        char challenge[128];
        (void)snprintf(challenge, sizeof(challenge), "WWW-Authenticate: Digest realm=\"r%d\", nonce=\"n\"\r\n", i);
        busy(ua, answered_challenge(ua, "sip:1@example.org", challenge));
    }
    busy(ua, answered_challenge(ua, "sip:1@other.example", CHALLENGE("r11")));
    sim_close(ua->sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenge_from_elsewhere),  cmocka_unit_test(challenge_of_the_server),
        cmocka_unit_test(dialog_leads_elsewhere),    cmocka_unit_test(bye_challenged_elsewhere),
        cmocka_unit_test(dialog_through_the_server), cmocka_unit_test(foreign_domain),
        cmocka_unit_test(foreign_domain_typed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
