/* SPDX-License-Identifier: MIT */
/* Calls with memory running out: each scenario again with allocation 1, 2, 3 … failing, until one run needs no more.
 * Nothing may leak or crash, at most one ENDED is told for each usage, and all is released in the end.
 *
 * making_a_stack, outgoing (challenge, redirection, fork, BYE), failover (late 200, 503), incoming (progress, answer, re-INVITE, BYE) */
#include "support_sim.h"

#include "failmalloc.h"

#define CONTACT   "Contact: <sip:phone@10.0.0.2:5060>\r\n"
#define CHALLENGE "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\r\n"

static struct sim_ua *prepare(struct sim *sim)
{
    struct sim_ua *ua = sim_prepare(sim, 1, 2);
    ua->config.password = SPAN_LIT("secret");
    ua->config.has_password = true;
    ua->config.extra_headers = SPAN_LIT("X: y\r\n");
    return ua;
}

static void making_a_stack(void **state)
{
    (void)state;
    struct sim_ua *ua = prepare(sim_open());
    unsigned long n = 1;
    for (;; n++) {
        struct sip_hooks hooks = {.ctx = ua};
        size_t before = failmalloc_live();
        failmalloc_start(n);
        struct sip_stack *stack = sip_stack_new(&ua->config, &hooks);
        (void)failmalloc_stop();
        if (!failmalloc_failed()) {
            sip_stack_free(stack);
            break;
        }
        assert_null(stack);
        assert_int_equal(failmalloc_live(), before);
    }
    assert_true(n > 10);
    sim_start(ua);
    sim_close(ua->sim);
}

/* The peer may meet silence where memory was missing: it goes on with what comes. */
static void answer_all(struct sim_ua *ua, const char *start, int code, const char *tag, const char *extra,
                       const char *sdp)
{
    const struct sim_message *m = sim_await(ua->sim, 2, start, DUR_MS(100));
    if (m != NULL) {
        sim_reply(ua->sim, 2, m, code, tag, extra, sdp);
    }
}

static bool run_outgoing(unsigned long fail_at)
{
    struct sim_ua *ua = prepare(sim_open());
    sim_start(ua);
    failmalloc_start(fail_at);
    int status = sip_inv_invite(ua->stack, ua->sim->now, SPAN_LIT("sip:a@example.org"), SPAN_LIT(SDP_OFFER), DUR_S(20),
                                ua->id, &ua->call);
    assert_true(status == ST_OK || status == ST_NO_MEMORY);
    answer_all(ua, "INVITE", 407, "p1", CHALLENGE, "");
    answer_all(ua, "INVITE", 302, "p2", "Contact: <sip:b@example.org>, <sip:c@example.org>\r\n", "");
    const struct sim_message *m = sim_await(ua->sim, 2, "INVITE", DUR_MS(100));
    if (m != NULL) {
        sim_reply(ua->sim, 2, m, 183, "p3", CONTACT, SDP_ANSWER);
        sim_reply(ua->sim, 2, m, 200, "p3", "Record-Route: <sip:10.0.0.2:5060;lr>\r\n" CONTACT, SDP_ANSWER);
        sim_reply(ua->sim, 2, m, 200, "p4", CONTACT, SDP_ANSWER);
        sim_run(ua->sim, DUR_MS(30));
        sim_reply(ua->sim, 2, m, 200, "p3", CONTACT, SDP_ANSWER);
        answer_all(ua, "BYE", 200, "", "", "");
    }
    if (status == ST_OK) {
        sim_end(ua);
    }
    answer_all(ua, "BYE", 200, "", "", "");
    sim_run(ua->sim, DUR_S(40));
    assert_true(sim_events(ua, SIP_EVENT_ENDED) <= 1);
    (void)failmalloc_stop();
    bool enough = !failmalloc_failed();
    sim_close(ua->sim);
    return enough;
}

static void outgoing(void **state)
{
    (void)state;
    unsigned long n = 1;
    while (!run_outgoing(n)) {
        n++;
    }
    assert_true(n > 30);
}

static bool run_failover(unsigned long fail_at)
{
    struct sim_ua *ua = prepare(sim_open());
    struct net_addr servers[2] = {sim_addr(2), sim_addr(3)};
    sim_start(ua);
    sip_stack_set_servers(ua->stack, ua->sim->now, servers, 2);
    failmalloc_start(fail_at);
    int status = sip_inv_invite(ua->stack, ua->sim->now, SPAN_LIT("sip:a@example.org"), SPAN_LIT(SDP_OFFER), DUR_S(20),
                                ua->id, &ua->call);
    const struct sim_message *first = sim_await(ua->sim, 2, "INVITE", DUR_MS(100));
    const struct sim_message *second = sim_await(ua->sim, 3, "INVITE", DUR_S(5));
    if (first != NULL && second != NULL) {
        sim_reply(ua->sim, 3, second, 180, "good", CONTACT, "");
        sim_reply(ua->sim, 2, first, 200, "late", CONTACT, SDP_ANSWER);
        answer_all(ua, "BYE", 200, "", "", "");
        sim_reply(ua->sim, 3, second, 503, "good", "", "");
    }
    sim_run(ua->sim, DUR_S(40));
    assert_true(sim_events(ua, SIP_EVENT_ENDED) == (status == ST_OK ? 1 : 0));
    (void)failmalloc_stop();
    bool enough = !failmalloc_failed();
    sim_close(ua->sim);
    return enough;
}

static void failover(void **state)
{
    (void)state;
    unsigned long n = 1;
    while (!run_failover(n)) {
        n++;
    }
    assert_true(n > 15);
}

static bool run_incoming(unsigned long fail_at)
{
    struct sim_ua *ua = prepare(sim_open());
    sim_start(ua);
    failmalloc_start(fail_at);
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "Record-Route: <sip:10.0.0.2:5060;lr>\r\n", SDP_OFFER);
    ua->take_softly = true;
    sim_run(ua->sim, DUR_MS(30));
    mono_us now = ua->sim->now;
    (void)!sip_inv_progress(ua->stack, now, ua->call, 180, SPAN_NONE);
    (void)!sip_inv_answer(ua->stack, now, ua->call, SPAN_LIT(SDP_ANSWER));
    const struct sim_message *ok = sim_await(ua->sim, 2, "SIP/2.0 200", DUR_S(1));
    if (ok != NULL) {
        struct sim_dialog d = sim_dialog_of_response(ok);
        sim_request(ua->sim, 2, 1, &d, "ACK", "", "");
        sim_request(ua->sim, 2, 1, &d, "INVITE", "", SDP_OFFER);
        sim_run(ua->sim, DUR_MS(30));
        sim_request(ua->sim, 2, 1, &d, "ACK", "", "");
        sim_request(ua->sim, 2, 1, &d, "BYE", "", "");
        sim_run(ua->sim, DUR_MS(30));
    }
    sip_inv_end(ua->stack, ua->sim->now, ua->call);
    sim_run(ua->sim, DUR_S(40));
    assert_true(sim_events(ua, SIP_EVENT_ENDED) <= 1);
    (void)failmalloc_stop();
    bool enough = !failmalloc_failed();
    sim_close(ua->sim);
    return enough;
}

static void incoming(void **state)
{
    (void)state;
    unsigned long n = 1;
    while (!run_incoming(n)) {
        n++;
    }
    assert_true(n > 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(making_a_stack),
        cmocka_unit_test(outgoing),
        cmocka_unit_test(failover),
        cmocka_unit_test(incoming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
