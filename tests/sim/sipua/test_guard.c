/* SPDX-License-Identifier: MIT */
/* Who may ask what of a guarded stack at 10.0.0.1 whose server is 10.0.0.2, and how often (src/sipua/stack_guard.h).
 *
 * strangers_hear_nothing    18.1.2 allows silence   every method that starts something, malformed ones too; one line an hour
 * server_may                8.2                     the SIP server, by its address alone
 * allow_list                                        --sip-allow replaces the server's address
 * options_of_anyone         11.2                    answered, 10 at once and one a second, 50 at once together
 * nothing_amplified                                 a stranger's answer is hardly longer than what he sent
 * dialog_goes_by_itself     12.2.2                  from an address that may start nothing
 * flood_of_one              8.2.7                   40 datagrams are read, the rest counted; the server's are all served
 * flood_of_many                                     forged addresses take the strangers' share only: who has earned is heard
 * lines_are_few                                     one a source, 32 at once, one a minute
 */
#include "support_sim.h"

#include <stdio.h>
#include <string.h>

static char g_lines[65536];
static size_t g_line_count;

static void sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    size_t at = strlen(g_lines);
    (void)ctx;
    (void)level;
    if (at + len + 2 < sizeof(g_lines)) {
        (void)snprintf(g_lines + at, sizeof(g_lines) - at, "%.*s\n", (int)len, text);
    }
    g_line_count++;
}

static const struct log g_log = {.level = LOG_INFO, .sink = sink};

static struct sim_ua *open_guarded(const struct net_cidr *allow, uint32_t allow_count)
{
    struct sim_ua *ua = sim_prepare(sim_open(), 1, 2);
    ua->config.guard = true;
    ua->config.allow = allow;
    ua->config.allow_count = allow_count;
    ua->config.log = &g_log;
    g_lines[0] = '\0';
    g_line_count = 0;
    sim_start(ua);
    return ua;
}

static const char malformed[] = "INVITE sip:echo@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKq\r\n"
                                "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";

static void strangers_hear_nothing(void **state)
{
    static const char *const methods[] = {"INVITE", "REGISTER", "MESSAGE", "SUBSCRIBE", "NOTIFY", "REFER",   "PUBLISH",
                                          "INFO",   "UPDATE",   "PRACK",   "CANCEL",    "BYE",    "UNHEARD", "ACK"};
    size_t count = sizeof(methods) / sizeof(methods[0]);
    struct sim_ua *ua = open_guarded(NULL, 0);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        sim_stranger(ua->sim, 9, 1, methods[i], (int)i, "", "");
    }
    sim_send_text(ua->sim, 9, 1, malformed);
    sim_run(ua->sim, DUR_S(40));
    assert_int_equal(sim_sent(ua->sim, 9, ""), 0);
    assert_int_equal(sim_events(ua, SIP_EVENT_INCOMING), 0);
    assert_int_equal(sip_stack_stats(ua->stack).refused, count - 1); /* an ACK is never answered anyway */
    assert_int_equal(sip_stack_stats(ua->stack).malformed, 1);
    assert_int_equal(g_line_count, 1);
    assert_string_equal(g_lines, "INVITE of 10.0.0.9:5060 dropped: its address is not in --sip-allow (not told again "
                                 "for an hour)\n");
    sim_run(ua->sim, DUR_S(3600));
    sim_stranger(ua->sim, 9, 1, "REGISTER", 99, "", "");
    sim_run(ua->sim, DUR_S(1));
    assert_int_equal(g_line_count, 2);
    sim_close(ua->sim);
}

static void server_may(void **state)
{
    struct sim_ua *ua = open_guarded(NULL, 0);
    (void)state;
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER);
    sim_stranger(ua->sim, 2, 1, "REGISTER", 2, "", "");
    sim_stranger(ua->sim, 2, 1, "BYE", 3, "", "");
    sim_send_text(ua->sim, 2, 1, malformed);
    sim_run(ua->sim, DUR_MS(100));
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 480"), 1);
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 405"), 1);
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 481"), 1);
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 400"), 1);
    assert_int_equal(sip_stack_stats(ua->stack).refused, 0);
    sim_close(ua->sim);
}

static void allow_list(void **state)
{
    struct net_cidr allow[2];
    (void)state;
    assert_int_equal(addr_parse_cidr(SPAN_LIT("10.0.0.8/30"), &allow[0]), ST_OK);
    assert_int_equal(addr_parse_cidr(SPAN_LIT("10.0.0.77"), &allow[1]), ST_OK);
    struct sim_ua *ua = open_guarded(allow, 2);
    static const struct {
        uint8_t host;
        size_t answers;
    } cases[] = {{8, 1}, {11, 1}, {12, 0}, {77, 1}, {78, 0}, {2, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sim_stranger(ua->sim, cases[i].host, 1, "MESSAGE", (int)i, "", "");
        sim_run(ua->sim, DUR_MS(100));
        assert_int_equal(sim_sent(ua->sim, cases[i].host, "SIP/2.0 405"), cases[i].answers);
    }
    sim_close(ua->sim);
}

static void options_of_anyone(void **state)
{
    struct sim_ua *ua = open_guarded(NULL, 0);
    (void)state;
    for (int i = 0; i < 30; i++) {
        sim_stranger(ua->sim, 9, 1, "OPTIONS", i, "", "");
    }
    sim_run(ua->sim, DUR_MS(100));
    assert_int_equal(sim_sent(ua->sim, 9, "SIP/2.0 200"), 10);
    sim_run(ua->sim, DUR_S(3));
    for (int i = 0; i < 10; i++) {
        sim_stranger(ua->sim, 9, 1, "OPTIONS", 100 + i, "", "");
    }
    sim_run(ua->sim, DUR_MS(100));
    assert_int_equal(sim_sent(ua->sim, 9, "SIP/2.0 200"), 13);
    sim_run(ua->sim, DUR_S(5));
    for (uint8_t host = 20; host < 120; host++) {
        sim_stranger(ua->sim, host, 1, "OPTIONS", host, "", "");
    }
    sim_run(ua->sim, DUR_MS(20));
    size_t answered = 0;
    for (uint8_t host = 20; host < 120; host++) {
        answered += sim_sent(ua->sim, host, "SIP/2.0 200");
    }
    assert_int_equal(answered, 50);
    assert_int_equal(sip_stack_stats(ua->stack).limited, 20 + 7 + 50);
    for (int i = 0; i < 100; i++) {
        sim_stranger(ua->sim, 2, 1, "OPTIONS", 500 + i, "", "");
    }
    sim_run(ua->sim, DUR_MS(100));
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 200"), 100);
    sim_close(ua->sim);
}

static void nothing_amplified(void **state)
{
    static const char shortest[] =
        "OPTIONS sip:a SIP/2.0\r\nv:SIP/2.0/UDP b;branch=z9hG4bKa;rport\r\nf:<sip:a>;tag=b\r\n"
        "t:<sip:a>\r\ni:c\r\nCSeq:1 OPTIONS\r\n\r\n";
    static const char required[] =
        "OPTIONS sip:a SIP/2.0\r\nv:SIP/2.0/UDP b;branch=z9hG4bKb;rport\r\nf:<sip:a>;tag=b\r\n"
        "t:<sip:a>\r\ni:d\r\nCSeq:1 OPTIONS\r\nRequire:x,x,x,x,x,x,x,x,x,x,x,x,x,x,x\r\n\r\n";
    static const char vias[] =
        "OPTIONS sip:a SIP/2.0\r\nv:SIP/2.0/UDP b;branch=z9hG4bKd;rport"
        ",SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b"
        ",SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b"
        ",SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b,SIP/2.0/UDP b\r\n"
        "f:<sip:a>;tag=b\r\nt:<sip:a>\r\ni:e\r\nCSeq:1 OPTIONS\r\n\r\n";
    static const struct {
        const char *request;
        const char *answer; /* NULL: none */
    } cases[] = {{shortest, "SIP/2.0 200"}, {required, "SIP/2.0 420"}, {vias, NULL}};
    struct sim_ua *ua = open_guarded(NULL, 0);
    (void)state;
    for (uint8_t i = 0; i < 3; i++) {
        sim_send_text(ua->sim, (uint8_t)(9 + i), 1, cases[i].request);
        sim_run(ua->sim, DUR_MS(100));
        const struct sim_message *m = sim_nth(ua->sim, (uint8_t)(9 + i), "", 0);
        assert_int_equal(m != NULL, cases[i].answer != NULL);
        if (m != NULL) {
            sim_assert_has(m, cases[i].answer);
            assert_true(m->len <= strlen(cases[i].request) + 128);
        }
    }
    /* who sends more hears more: 11.2 wants Allow and Accept */
    sim_stranger(ua->sim, 20, 1, "OPTIONS", 1,
                 "User-Agent: somebody who tells a good deal about himself/1.0 (and his operating system, and what it "
                 "runs on, and since when, and who made all of it)\r\n",
                 "");
    sim_assert_has(sim_expect(ua->sim, 20, "SIP/2.0 200"), "Allow: ");
    sim_close(ua->sim);
}

static struct sim_dialog call_answered_by(struct sim_ua *ua, uint8_t host)
{
    sim_invite(ua, "sip:1@example.org", 0);
    const struct sim_message *invite = sim_expect(ua->sim, 2, "INVITE");
    char contact[64];
    (void)snprintf(contact, sizeof(contact), "Contact: <sip:phone@10.0.0.%u>\r\n", host);
    sim_reply(ua->sim, 2, invite, 200, "t2", contact, SDP_ANSWER);
    sim_expect(ua->sim, host, "ACK");
    return sim_dialog_of_invite(invite, "t2");
}

static void dialog_goes_by_itself(void **state)
{
    struct sim_ua *ua = open_guarded(NULL, 0);
    (void)state;
    struct sim_dialog d = call_answered_by(ua, 9);
    sim_request(ua->sim, 9, 1, &d, "OPTIONS", "", "");
    sim_request(ua->sim, 9, 1, &d, "BYE", "", "");
    sim_run(ua->sim, DUR_MS(100));
    assert_int_equal(sim_sent(ua->sim, 9, "SIP/2.0 200"), 2);
    sim_assert_ended(ua, 200);
    /* a dialog of somebody else's invention */
    (void)snprintf(d.call_id, sizeof(d.call_id), "guessed");
    sim_request(ua->sim, 9, 1, &d, "BYE", "", "");
    sim_run(ua->sim, DUR_MS(100));
    assert_int_equal(sim_sent(ua->sim, 9, "SIP/2.0 481"), 0);
    assert_int_equal(g_line_count, 0);
    sim_close(ua->sim);
}

static void flood_of_one(void **state)
{
    struct sim_ua *ua = open_guarded(NULL, 0);
    (void)state;
    for (int i = 0; i < 3000; i++) {
        sim_stranger(ua->sim, 9, 1, "INVITE", i, "", "");
    }
    sim_stranger(ua->sim, 2, 1, "INVITE", 5000, "", SDP_OFFER);
    sim_run(ua->sim, DUR_MS(100));
    struct sip_stats stats = sip_stack_stats(ua->stack);
    assert_int_equal(stats.datagrams_in, 3001);
    assert_int_equal(stats.refused, 40);
    assert_int_equal(stats.limited, 2960);
    assert_int_equal(stats.usages + stats.transactions, 1); /* the answer to the server's INVITE */
    assert_int_equal(sim_sent(ua->sim, 9, ""), 0);
    assert_int_equal(sim_sent(ua->sim, 2, "SIP/2.0 480"), 1);
    sim_run(ua->sim, DUR_S(10));
    sim_stranger(ua->sim, 9, 1, "OPTIONS", 6000, "", "");
    sim_expect(ua->sim, 9, "SIP/2.0 200"); /* when it is over he is as good as any */
    sim_close(ua->sim);
}

static void flood_of_many(void **state)
{
    struct sim_ua *ua = open_guarded(NULL, 0);
    (void)state;
    struct sim_dialog d = call_answered_by(ua, 9);
    sim_request(ua->sim, 9, 1, &d, "OPTIONS", "", ""); /* earns */
    sim_run(ua->sim, DUR_MS(100));
    for (int round = 0; round < 12; round++) {
        for (uint8_t host = 20; host < 240; host++) {
            sim_stranger(ua->sim, host, 1, "INVITE", round * 256 + host, "", "");
        }
    }
    sim_request(ua->sim, 9, 1, &d, "BYE", "", "");
    sim_run(ua->sim, DUR_MS(15));
    assert_int_equal(sip_stack_stats(ua->stack).limited, 12 * 220 - 2000);
    assert_int_equal(sip_stack_stats(ua->stack).refused, 2000);
    assert_int_equal(sim_sent(ua->sim, 9, "SIP/2.0 200"), 2);
    sim_assert_ended(ua, 200);
    sim_close(ua->sim);
}

static void lines_are_few(void **state)
{
    struct sim_ua *ua = open_guarded(NULL, 0);
    (void)state;
    for (int round = 0; round < 3; round++) {
        for (uint8_t host = 20; host < 240; host++) {
            sim_stranger(ua->sim, host, 1, "INVITE", round * 256 + host, "", "");
        }
    }
    sim_run(ua->sim, DUR_MS(100));
    assert_int_equal(g_line_count, 32);
    sim_run(ua->sim, DUR_S(120));
    for (uint8_t host = 1; host < 20; host++) {
        sim_stranger(ua->sim, (uint8_t)(host + 235), 1, "INVITE", 9000 + host, "", "");
    }
    sim_run(ua->sim, DUR_MS(100));
    assert_int_equal(g_line_count, 34);
    sim_close(ua->sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_hear_nothing),
        cmocka_unit_test(server_may),
        cmocka_unit_test(allow_list),
        cmocka_unit_test(options_of_anyone),
        cmocka_unit_test(nothing_amplified),
        cmocka_unit_test(dialog_goes_by_itself),
        cmocka_unit_test(flood_of_one),
        cmocka_unit_test(flood_of_many),
        cmocka_unit_test(lines_are_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
