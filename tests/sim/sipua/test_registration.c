/* SPDX-License-Identifier: MIT */
/* A stack that keeps itself registered at a scripted registrar 10.0.0.2 (RFC 3261 10.2 unless said otherwise).
 *
 * challenge             22.2            401, 407, both; the same Call-ID, CSeq + 1; known nonces are used at once
 * wrong_password        22.2, RFC 5626 4.5   two REGISTERs a try, tries far apart, one ERROR
 * no_password
 * stale_nonce           RFC 7616 3.3
 * time_granted          10.2.4          our Contact among others, Expires, what was asked
 * not_taken             10.3            granted 0
 * too_brief             10.2.8          423 with and without a usable Min-Expires
 * redirected            8.1.3.4         the Request-URI changes, To and From do not; 305 and loops are failures
 * refused               21.4.4, 21.4.5  each code that will not be better by itself
 * failing               21.5            each that may be; Retry-After; waits that grow
 * silence               17.1.2.2        time-outs, waits that grow, the log says it once
 * unreachable           18.4            sending fails
 * refresh_fails         10.2.4          still registered until the time runs out
 * refresh_refused                       unregistered at once
 * endless_again                         a server that only ever says "again" is left alone
 * removal               10.2.2          at the end: challenge, silence, while a REGISTER is out, while waiting
 */
#include "support_registration.h"

#include <stdlib.h>

static int cseq(const struct sim_message *m)
{
    return atoi(sim_header(m, "CSeq"));
}

/* ---- credentials ---- */

static void challenge(void **state)
{
    (void)state;
    struct sim_ua *ua = start(prepare());
    const struct sim_message *first = expect_register(ua, DUR_S(2));
    assert_string_equal(sim_uri(first), "sip:example.org");
    assert_string_equal(sim_header(first, "To"), "<sip:voip@example.org>");
    assert_non_null(strstr(sim_header(first, "From"), "<sip:voip@example.org>;tag="));
    assert_string_equal(sim_header(first, "Contact"), OURS ";expires=600");
    assert_string_equal(sim_header(first, "Expires"), "600");
    assert_string_equal(sim_header(first, "Supported"), "path");
    assert_null(strstr(first->text, "Authorization"));
    reply(ua, first, 401, WWW PROXY);
    const struct sim_message *second = expect_register(ua, DUR_S(1));
    sim_assert_has(second, "\r\nAuthorization: Digest username=\"voip\", realm=\"r\"");
    sim_assert_has(second, "\r\nProxy-Authorization: Digest username=\"voip\", realm=\"p\"");
    assert_string_equal(sim_header(second, "Call-ID"), sim_header(first, "Call-ID"));
    assert_string_equal(sim_header(second, "From"), sim_header(first, "From"));
    assert_string_not_equal(sim_branch(second), sim_branch(first));
    assert_int_equal(cseq(second), cseq(first) + 1);
    assert_up(ua, false);
    reply(ua, second, 200, "Contact: " OURS ";expires=600\r\n");
    assert_up(ua, true);
    assert_int_equal(logged("Registered at the SIP server: sip:voip@10.0.0.1:5060 for 600 s"), 1);
    mono_us at = ua->sim->now;
    const struct sim_message *third = expect_register(ua, DUR_S(600));
    assert_in_range(ua->sim->now - at, DUR_S(419), DUR_S(511));
    assert_string_equal(sim_header(third, "Call-ID"), sim_header(first, "Call-ID"));
    assert_int_equal(cseq(third), cseq(first) + 2);
    sim_assert_has(third, "nonce=\"n1\"");
    sim_assert_has(third, "nc=00000002");
    reply(ua, third, 200, "Contact: " OURS ";expires=600\r\n");
    assert_int_equal(logged("Registered"), 1);
    assert_int_equal(ua->link_count, 2); /* reachable, registered */
    finish(ua);
    assert_int_equal(logged("SIP registration removed"), 1);
    assert_int_equal(logged("WARNING") + logged("ERROR"), 0);
    assert_int_equal(logged("secret"), 0);
}

static void wrong_password(void **state)
{
    (void)state;
    struct sim_ua *ua = start(prepare());
    mono_us last = 0;
    for (int i = 0; i < 6; i++) {
        const struct sim_message *m = expect_register(ua, DUR_S(3600));
        assert_null(strstr(m->text, "Authorization"));
        dur_us waited = ua->sim->now - last;
        assert_true(i == 0 || waited >= (i < 4 ? DUR_S(300) << (i - 1) : DUR_S(1800)));
        last = ua->sim->now;
        reply(ua, m, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"a\"\r\n");
        m = expect_register(ua, DUR_S(1));
        sim_assert_has(m, "nonce=\"a\"");
        reply(ua, m, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"b\"\r\n");
        no_register(ua, DUR_S(290));
    }
    assert_int_equal(logged("ERROR"), 1);
    assert_int_equal(logged("--sip-user, --sip-password-file"), 1);
    assert_up(ua, false);
    finish(ua);
}

static void no_password(void **state)
{
    (void)state;
    struct sim_ua *ua = prepare();
    ua->config.has_password = false;
    start(ua);
    reply(ua, expect_register(ua, DUR_S(2)), 401, WWW);
    no_register(ua, DUR_S(290));
    assert_int_equal(logged("ERROR SIP registration refused: 401"), 1);
    finish(ua);
}

static void stale_nonce(void **state)
{
    (void)state;
    struct sim_ua *ua = start(prepare());
    reply(ua, expect_register(ua, DUR_S(2)), 401, WWW);
    reply(ua, expect_register(ua, DUR_S(1)), 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n9\", stale=true\r\n");
    const struct sim_message *m = expect_register(ua, DUR_S(1));
    sim_assert_has(m, "nonce=\"n9\"");
    reply(ua, m, 200, "");
    assert_up(ua, true);
    /* much later the known nonce is no longer good: with or without the word stale */
    m = expect_register(ua, DUR_S(600));
    sim_assert_has(m, "nonce=\"n9\"");
    reply(ua, m, 401, WWW);
    m = expect_register(ua, DUR_S(1));
    sim_assert_has(m, "nonce=\"n1\"");
    assert_up(ua, true);
    reply(ua, m, 200, "");
    finish(ua);
}

/* ---- the time granted ---- */

static void expect_refresh(const char *extra, uint32_t granted)
{
    struct sim_ua *ua = start(prepare());
    reply(ua, expect_register(ua, DUR_S(2)), 200, extra);
    assert_up(ua, true);
    mono_us at = ua->sim->now;
    (void)expect_register(ua, DUR_S(700));
    assert_in_range(ua->sim->now - at, DUR_S(granted) * 69 / 100, DUR_S(granted) * 86 / 100);
    finish(ua);
}

static void time_granted(void **state)
{
    (void)state;
    expect_refresh("Contact: <sip:other@10.9.9.9>;expires=30, " OURS ";q=0.5;expires=120\r\nExpires: 300\r\n", 120);
    expect_refresh("Contact: \"x\" <sip:voip@10.0.0.1:5061>;expires=100\r\nContact: " OURS ";expires=200\r\n", 200);
    expect_refresh("Contact: " OURS "\r\nExpires: 300\r\n", 300);
    expect_refresh("Contact: " OURS ";expires=junk\r\nExpires: 300\r\n", 300);
    expect_refresh("Expires: 300\r\n", 300);
    expect_refresh("", 600);
    /* written another way by the registrar: the only one is ours, of several it may be the shortest */
    expect_refresh("Contact: <sip:voip@192.0.2.1:1024>;expires=90\r\n", 90);
    expect_refresh("Contact: <sip:a@192.0.2.1>;expires=90, <sip:b@192.0.2.1>;expires=80\r\n", 80);
    expect_refresh("Contact: " OURS ";expires=999999\r\n", 600); /* no longer than asked */
    expect_refresh("Contact: " OURS ";expires=99999999999999999999\r\n", 600);
    expect_refresh("Contact: *, <sip:@>, ;;;\r\nExpires: 40\r\n", 40);
}

static void not_taken(void **state)
{
    (void)state;
    struct sim_ua *ua = start(prepare());
    reply(ua, expect_register(ua, DUR_S(2)), 200, "Contact: " OURS ";expires=0\r\n");
    assert_up(ua, false);
    reply(ua, expect_register(ua, DUR_S(61)), 200, "Contact: " OURS ";expires=60\r\n");
    assert_up(ua, true);
    finish(ua);
}

static void too_brief(void **state)
{
    (void)state;
    struct sim_ua *ua = start(prepare());
    reply(ua, expect_register(ua, DUR_S(2)), 423, "Min-Expires: 1800\r\n");
    const struct sim_message *m = expect_register(ua, DUR_S(1));
    assert_string_equal(sim_header(m, "Contact"), OURS ";expires=1800");
    assert_string_equal(sim_header(m, "Expires"), "1800");
    reply(ua, m, 200, "Contact: " OURS ";expires=1800\r\n");
    m = expect_register(ua, DUR_S(1800));
    assert_string_equal(sim_header(m, "Expires"), "1800");
    finish(ua);
    static const char *const unusable[] = {"",
                                           "Min-Expires: 600\r\n",
                                           "Min-Expires: 30\r\n",
                                           "Min-Expires: x\r\n",
                                           "Min-Expires: 4294967295\r\n",
                                           "Min-Expires: 99999999999999999999\r\n"};
    for (size_t i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++) {
        ua = start(prepare());
        reply(ua, expect_register(ua, DUR_S(2)), 423, unusable[i]);
        no_register(ua, DUR_S(290));
        assert_int_equal(logged("ERROR SIP registration refused: 423"), 1);
        finish(ua);
    }
}

/* ---- other answers ---- */

static void redirected(void **state)
{
    (void)state;
    struct sim_ua *ua = start(prepare());
    reply(ua, expect_register(ua, DUR_S(2)), 401, WWW);
    reply(ua, expect_register(ua, DUR_S(1)), 302, "Contact: <sip:reg2.example.net>\r\n");
    const struct sim_message *m = expect_register(ua, DUR_S(1));
    assert_string_equal(sim_uri(m), "sip:reg2.example.net");
    assert_string_equal(sim_header(m, "To"), "<sip:voip@example.org>");
    assert_string_equal(sim_header(m, "Authorization"), ""); /* another domain: nothing of the password */
    reply(ua, m, 401, WWW);
    assert_int_equal(logged("Challenge not answered: a redirection led there"), 1);
    m = expect_register(ua, DUR_S(700));
    reply(ua, m, 401, WWW);
    reply(ua, expect_register(ua, DUR_S(1)), 302, "Contact: <sip:reg2.example.net>\r\n");
    m = expect_register(ua, DUR_S(1));
    reply(ua, m, 302, "Contact: <sip:example.org>\r\n"); /* where it came from: no further */
    no_register(ua, DUR_S(29));
    assert_int_equal(logged("WARNING SIP registration failed: 302"), 1);
    m = expect_register(ua, DUR_S(122));
    assert_string_equal(sim_uri(m), "sip:example.org"); /* each try begins at the beginning */
    reply(ua, m, 305, "Contact: <sip:proxy.example.net>\r\n");
    no_register(ua, DUR_S(29));
    finish(ua);
}

static void refused(void **state)
{
    (void)state;
    static const int codes[] = {400, 402, 403, 404, 405, 406, 410, 415, 416, 420, 481, 482, 484, 486, 600, 603, 606};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct sim_ua *ua = start(prepare());
        reply(ua, expect_register(ua, DUR_S(2)), codes[i], "");
        assert_up(ua, false);
        no_register(ua, DUR_S(299));
        assert_int_equal(logged("ERROR SIP registration refused"), 1);
        reply(ua, expect_register(ua, DUR_S(302)), codes[i], "");
        no_register(ua, DUR_S(599));
        assert_int_equal(logged("ERROR SIP registration refused"), 1);
        registered(start(prepare())); /* its network replaces this one */
        sim_open();
    }
}

static void failing(void **state)
{
    (void)state;
    static const int codes[] = {300, 301, 408, 429, 480, 491, 500, 501, 502, 503, 504, 505, 513, 580};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct sim_ua *ua = start(prepare());
        dur_us least = DUR_S(30);
        for (int n = 0; n < 8; n++) {
            reply(ua, expect_register(ua, DUR_S(1801)), codes[i], "");
            no_register(ua, least - DUR_S(1));
            least = 2 * least < DUR_S(900) ? 2 * least : DUR_S(900);
        }
        assert_int_equal(logged("WARNING SIP registration failed"), 1);
        reply(ua, expect_register(ua, DUR_S(1801)), 200, "");
        assert_up(ua, true);
        assert_int_equal(logged("INFO Registered"), 1);
        finish(ua);
    }
    static const struct {
        const char *header;
        uint32_t least, most;
    } waits[] = {{"Retry-After: 7\r\n", 7, 8},
                 {"Retry-After: 120 (later)\r\n", 120, 133},
                 {"Retry-After: 0\r\n", 5, 6},
                 {"Retry-After: 4294967295\r\n", 3600, 3961},
                 {"Retry-After: 20;duration=60\r\n", 20, 23},
                 {"Retry-After: soon\r\n", 30, 61}};
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        struct sim_ua *ua = start(prepare());
        reply(ua, expect_register(ua, DUR_S(2)), 503, waits[i].header);
        no_register(ua, DUR_S(waits[i].least) - DUR_MS(50));
        (void)expect_register(ua, DUR_S(waits[i].most - waits[i].least) + DUR_S(1));
        finish(ua);
    }
}

static void silence(void **state)
{
    (void)state;
    struct sim_ua *ua = start(prepare());
    dur_us least = DUR_S(62); /* 32 s of silence and at least 30 s of waiting */
    char branch[64];
    (void)snprintf(branch, sizeof(branch), "%s", sim_branch(expect_register(ua, DUR_S(2))));
    for (int i = 0; i < 5; i++) {
        mono_us at = ua->sim->now;
        const struct sim_message *m;
        do {
            m = expect_register(ua, DUR_S(1900));
        } while (strcmp(sim_branch(m), branch) == 0);
        (void)snprintf(branch, sizeof(branch), "%s", sim_branch(m));
        assert_true(ua->sim->now - at >= least - DUR_S(1));
        least = 2 * (least - DUR_S(32)) + DUR_S(32);
    }
    assert_int_equal(logged("WARNING SIP registration failed: 408 Request Timeout"), 1);
    assert_int_equal(logged("WARNING SIP server 10.0.0.2:5060 is not reachable"), 1);
    assert_up(ua, false);
    finish(ua);
}

static void unreachable(void **state)
{
    (void)state;
    struct sim_ua *ua = prepare();
    ua->send_fails_to_set = true;
    ua->send_fails_to = sim_addr(2);
    start(ua);
    sim_run(ua->sim, DUR_S(200));
    assert_int_equal(sim_sent(ua->sim, 2, "REGISTER"), 0);
    assert_int_equal(logged("WARNING SIP registration failed: 503"), 1);
    ua->send_fails_to_set = false;
    reply(ua, expect_register(ua, DUR_S(1801)), 200, "");
    assert_up(ua, true);
    finish(ua);
}

static void refresh_fails(void **state)
{
    (void)state;
    struct sim_ua *ua = registered(start(prepare()));
    mono_us at = ua->sim->now;
    reply(ua, expect_register(ua, DUR_S(600)), 500, "Retry-After: 20\r\n");
    assert_up(ua, true);
    reply(ua, expect_register(ua, DUR_S(23)), 200, "Contact: " OURS ";expires=600\r\n");
    assert_up(ua, true);
    assert_int_equal(logged("WARNING SIP registration failed: 500"), 1);
    assert_int_equal(logged("INFO Registered"), 2); /* told that it works again */
    assert_int_equal(ua->link_count, 2);            /* it was registered all the time */
    at = ua->sim->now;
    while (sip_stack_is_registered(ua->stack)) {
        const struct sim_message *m = sim_await(ua->sim, 2, "REGISTER", DUR_S(1));
        if (m != NULL) {
            reply(ua, m, 503, "Retry-After: 20\r\n");
        }
        assert_true(ua->sim->now - at < DUR_S(602));
    }
    assert_true(ua->sim->now - at >= DUR_S(598));
    assert_int_equal(logged("WARNING SIP registration has run out"), 1);
    assert_int_equal(ua->links[ua->link_count - 1], SIP_ACCOUNT_UNREGISTERED);
    finish(ua);
}

/* The time runs out while the refresh is out; its late answer counts. */
static void lapse_while_asking(void **state)
{
    (void)state;
    struct sim_ua *ua = start(prepare());
    reply(ua, expect_register(ua, DUR_S(2)), 200, "Contact: " OURS ";expires=20\r\n");
    const struct sim_message *m = expect_register(ua, DUR_S(18));
    sim_run(ua->sim, DUR_S(8));
    assert_up(ua, false);
    reply(ua, m, 200, "Contact: " OURS ";expires=20\r\n");
    assert_up(ua, true);
    finish(ua);
}

static void refresh_refused(void **state)
{
    (void)state;
    struct sim_ua *ua = registered(start(prepare()));
    reply(ua, expect_register(ua, DUR_S(600)), 403, "");
    assert_up(ua, false);
    assert_int_equal(logged("ERROR SIP registration refused: 403"), 1);
    reply(ua, expect_register(ua, DUR_S(601)), 200, "");
    assert_up(ua, true);
    finish(ua);
}

static void endless_again(void **state)
{
    (void)state;
    struct sim_ua *ua = start(prepare());
    char header[64];
    size_t n = 0;
    const struct sim_message *m;
    while ((m = sim_await(ua->sim, 2, "REGISTER", DUR_S(20))) != NULL) {
        (void)snprintf(header, sizeof(header), "Min-Expires: %d\r\n", 700 + (int)++n);
        assert_true(n < 20);
        reply(ua, m, 423, header);
    }
    assert_int_equal(n, 16);
    finish(ua);
}

/* ---- the end ---- */

static void removal(void **state)
{
    (void)state;
    struct sim_ua *ua = registered(start(prepare()));
    sip_stack_stop(ua->stack, ua->sim->now);
    assert_up(ua, false);
    assert_int_equal(sip_stack_busy(ua->stack), 1);
    const struct sim_message *m = expect_register(ua, DUR_S(1));
    assert_string_equal(sim_header(m, "Contact"), OURS ";expires=0");
    assert_string_equal(sim_header(m, "Expires"), "0");
    reply(ua, m, 407, PROXY);
    m = expect_register(ua, DUR_S(1));
    sim_assert_has(m, "Proxy-Authorization: Digest");
    assert_string_equal(sim_header(m, "Contact"), OURS ";expires=0");
    reply(ua, m, 200, "Contact: <sip:other@10.9.9.9>;expires=30\r\n");
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    sip_stack_stop(ua->stack, ua->sim->now);
    no_register(ua, DUR_S(100));
    sim_close(ua->sim);

    ua = registered(start(prepare())); /* nobody answers */
    sip_stack_stop(ua->stack, ua->sim->now);
    sim_run(ua->sim, DUR_S(33));
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    assert_int_equal(logged("removed"), 0);
    sim_close(ua->sim);

    ua = start(prepare()); /* the first REGISTER is out */
    m = expect_register(ua, DUR_S(2));
    sip_stack_stop(ua->stack, ua->sim->now);
    assert_null(sim_await(ua->sim, 2, "REGISTER", DUR_MS(400)));
    reply(ua, m, 200, "");
    m = expect_register(ua, DUR_S(1));
    assert_string_equal(sim_header(m, "Contact"), OURS ";expires=0");
    reply(ua, m, 200, "");
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    sim_close(ua->sim);

    ua = start(prepare()); /* the next try waits: nothing is to be removed */
    reply(ua, expect_register(ua, DUR_S(2)), 500, "");
    sip_stack_stop(ua->stack, ua->sim->now);
    no_register(ua, DUR_S(100));
    sim_close(ua->sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenge),       cmocka_unit_test(wrong_password),
        cmocka_unit_test(no_password),     cmocka_unit_test(stale_nonce),
        cmocka_unit_test(time_granted),    cmocka_unit_test(not_taken),
        cmocka_unit_test(too_brief),       cmocka_unit_test(redirected),
        cmocka_unit_test(refused),         cmocka_unit_test(failing),
        cmocka_unit_test(silence),         cmocka_unit_test(unreachable),
        cmocka_unit_test(refresh_fails),   cmocka_unit_test(lapse_while_asking),
        cmocka_unit_test(refresh_refused), cmocka_unit_test(endless_again),
        cmocka_unit_test(removal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
