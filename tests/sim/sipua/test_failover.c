/* SPDX-License-Identifier: MIT */
/* A stack with the servers 10.0.0.2 and 10.0.0.3, later .4 (RFC 3263 4.3, RFC 3261 21.5.4).
 *
 * silent                  the next one after 4 s: same Call-ID, tag and CSeq, another branch; then the other is preferred
 * refused_503             at once; Retry-After is kept
 * transport_error         at once
 * icmp                    at once, but only with another server and without an answer
 * all_silent              four seconds each, timer B on the last: ENDED 408
 * all_503                 ENDED 503, each tried once
 * single_server           nothing changes: timer B
 * trying_is_an_answer     100 and then nothing: no other server
 * hung_up                 nobody wants it: no other server
 * late_ringing            CANCEL to the server that was left
 * late_answer             ACK and BYE to it, again for each; the call goes on
 * late_answer_older_cseq  the ACK has the number of its own INVITE
 * late_answer_after_end   the usage waits for it
 * resting_as_last_hope    a resting server is better than none, one that asked for rest is not
 * list_changes            calls are not disturbed
 * ping_ends_a_rest        the preferred server again
 * seeds                   loss of both ways: one ENDED at most, all released */
#include "rng_seeded.h"
#include "support_sim.h"

#include <stdio.h>
#include <string.h>

#define CONTACT(n) "Contact: <sip:phone@10.0.0." n ":5060>\r\n"
#define CHALLENGE  "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\r\n"

static struct sim_ua *open_with(uint8_t count)
{
    struct sim_ua *ua = sim_prepare(sim_open(), 1, 2);
    struct net_addr addrs[8];
    ua->config.password = SPAN_LIT("secret");
    ua->config.has_password = true;
    sim_start(ua);
    for (uint8_t i = 0; i < count; i++) {
        addrs[i] = sim_addr((uint8_t)(2 + i));
    }
    sip_stack_set_servers(ua->stack, ua->sim->now, addrs, count);
    return ua;
}

static void dial(struct sim_ua *ua)
{
    sim_invite(ua, "sip:0912345678@example.org", 0);
}

/* The INVITE at host; answered 200 and acknowledged there. */
static void answer_at(struct sim_ua *ua, uint8_t host, const char *contact)
{
    sim_reply(ua->sim, host, sim_expect(ua->sim, host, "INVITE"), 200, "good", contact, SDP_ANSWER);
    sim_expect(ua->sim, host, "ACK");
    assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 1);
}

static void hang_up_at(struct sim_ua *ua, uint8_t host)
{
    sim_end(ua);
    sim_reply(ua->sim, host, sim_expect(ua->sim, host, "BYE"), 200, "", "", "");
}

static void assert_current(const struct sim_ua *ua, uint8_t host)
{
    struct net_addr addr = sim_addr(host);
    assert_true(addr_equal(sip_stack_server(ua->stack, ua->sim->now), &addr));
}

static void silent(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(2);
    dial(ua);
    const struct sim_message *first = sim_expect(ua->sim, 2, "INVITE");
    const struct sim_message *second = sim_expect(ua->sim, 3, "INVITE");
    assert_int_equal(second->at - first->at, DUR_S(4));
    assert_int_equal(sim_sent(ua->sim, 2, "INVITE"), 4);
    assert_string_equal(sim_header(first, "Call-ID"), sim_header(second, "Call-ID"));
    assert_string_equal(sim_header(first, "From"), sim_header(second, "From"));
    assert_string_equal(sim_header(second, "CSeq"), "1 INVITE");
    assert_string_not_equal(sim_branch(first), sim_branch(second));
    assert_current(ua, 3);
    sim_reply(ua->sim, 3, second, 200, "good", CONTACT("3"), SDP_ANSWER);
    sim_assert_has(sim_expect(ua->sim, 3, "ACK"), "CSeq: 1 ACK");
    hang_up_at(ua, 3);
    sim_run(ua->sim, SIP_SERVER_UNAVAILABLE);
    assert_current(ua, 2); /* the preferred one has rested */
    sim_close(ua->sim);
}

static void refused_503(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(2);
    mono_us start = ua->sim->now;
    dial(ua);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 503, "t", "Retry-After: 90\r\n", "");
    sim_expect(ua->sim, 2, "ACK");
    const struct sim_message *again = sim_expect(ua->sim, 3, "INVITE");
    assert_true(again->at - start < DUR_MS(100));
    assert_string_equal(sim_header(again, "CSeq"), "1 INVITE");
    sim_reply(ua->sim, 3, again, 486, "u", "", "");
    sim_run(ua->sim, DUR_S(88));
    sim_assert_ended(ua, 486);
    assert_current(ua, 3);
    sim_run(ua->sim, DUR_S(3));
    assert_current(ua, 2);
    sim_close(ua->sim);
}

static void transport_error(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(2);
    ua->send_fails_to_set = true;
    ua->send_fails_to = sim_addr(2);
    mono_us start = ua->sim->now;
    dial(ua);
    answer_at(ua, 3, CONTACT("3"));
    assert_true(ua->sim->now - start < DUR_MS(100));
    hang_up_at(ua, 3);
    sim_close(ua->sim);
}

static void icmp(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(2);
    struct net_addr first = sim_addr(2);
    struct net_addr second = sim_addr(3);
    mono_us start = ua->sim->now;
    dial(ua);
    sim_expect(ua->sim, 2, "INVITE");
    sip_stack_unreachable(ua->stack, ua->sim->now, &second); /* not where the call is */
    assert_int_equal(sim_sent(ua->sim, 3, "INVITE"), 0);
    sip_stack_unreachable(ua->stack, ua->sim->now, &first);
    const struct sim_message *invite = sim_expect(ua->sim, 3, "INVITE");
    assert_true(invite->at - start < DUR_MS(100));
    sip_stack_unreachable(ua->stack, ua->sim->now, &second); /* the last one: it may be starting just now */
    sim_reply(ua->sim, 3, invite, 180, "t", "", "");
    sim_run(ua->sim, DUR_MS(50));
    sip_stack_unreachable(ua->stack, ua->sim->now, &second);
    sim_reply(ua->sim, 3, invite, 486, "t", "", "");
    sim_run(ua->sim, DUR_S(1));
    sim_assert_ended(ua, 486);
    sim_close(ua->sim);
}

static void all_silent(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(3);
    dial(ua);
    sim_run(ua->sim, 2 * DUR_S(4) + 64 * T1 - DUR_MS(1));
    assert_int_equal(sim_events(ua, SIP_EVENT_ENDED), 0);
    sim_run(ua->sim, DUR_MS(2));
    sim_assert_ended(ua, 408);
    assert_int_equal(sim_sent(ua->sim, 4, "INVITE"), 7);
    sim_close(ua->sim);
}

static void all_503(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(2);
    dial(ua);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 503, "t", "", "");
    sim_reply(ua->sim, 3, sim_expect(ua->sim, 3, "INVITE"), 503, "t", "", "");
    sim_run(ua->sim, DUR_S(1));
    sim_assert_ended(ua, 503);
    assert_int_equal(sim_sent(ua->sim, 2, "INVITE") + sim_sent(ua->sim, 3, "INVITE"), 2);
    sim_close(ua->sim);
}

static void single_server(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(1);
    dial(ua);
    sim_run(ua->sim, 64 * T1 - 1);
    assert_int_equal(sim_events(ua, SIP_EVENT_ENDED), 0);
    sim_run(ua->sim, 2);
    sim_assert_ended(ua, 408);
    assert_current(ua, 2);
    sim_close(ua->sim);
}

static void trying_is_an_answer(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(2);
    dial(ua);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 100, "", "", "");
    sim_run(ua->sim, DUR_S(60));
    assert_int_equal(sim_sent(ua->sim, 3, "INVITE"), 0);
    sim_end(ua);
    sim_close(ua->sim);
}

static void hung_up(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(2);
    dial(ua);
    sim_expect(ua->sim, 2, "INVITE");
    sim_end(ua);
    sim_run(ua->sim, DUR_S(40));
    assert_int_equal(sim_sent(ua->sim, 3, "INVITE"), 0);
    assert_current(ua, 3); /* it was silent all the same */
    sim_close(ua->sim);
}

static void late_ringing(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(2);
    dial(ua);
    const struct sim_message *first = sim_expect(ua->sim, 2, "INVITE");
    const struct sim_message *second = sim_expect(ua->sim, 3, "INVITE");
    sim_reply(ua->sim, 2, first, 180, "late", CONTACT("2"), "");
    const struct sim_message *cancel = sim_expect(ua->sim, 2, "CANCEL");
    assert_string_equal(sim_branch(cancel), sim_branch(first));
    sim_reply(ua->sim, 2, first, 180, "late", CONTACT("2"), "");
    assert_int_equal(sim_events(ua, SIP_EVENT_PROGRESS), 0);
    sim_reply(ua->sim, 2, cancel, 200, "late", "", "");
    sim_reply(ua->sim, 2, first, 487, "late", "", "");
    sim_expect(ua->sim, 2, "ACK");
    assert_int_equal(sim_sent(ua->sim, 2, "CANCEL"), 1);
    assert_int_equal(sim_sent(ua->sim, 3, "CANCEL"), 0);
    sim_reply(ua->sim, 3, second, 200, "good", CONTACT("3"), SDP_ANSWER);
    sim_expect(ua->sim, 3, "ACK");
    hang_up_at(ua, 3);
    sim_close(ua->sim);
}

static void late_answer(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(2);
    dial(ua);
    const struct sim_message *first = sim_expect(ua->sim, 2, "INVITE");
    const struct sim_message *second = sim_expect(ua->sim, 3, "INVITE");
    sim_reply(ua->sim, 3, second, 180, "good", CONTACT("3"), "");
    sim_reply(ua->sim, 2, first, 200, "late", CONTACT("2"), SDP_ANSWER);
    sim_expect(ua->sim, 2, "ACK");
    const struct sim_message *bye = sim_expect(ua->sim, 2, "BYE");
    sim_reply(ua->sim, 2, first, 200, "late", CONTACT("2"), SDP_ANSWER);
    sim_expect(ua->sim, 2, "ACK");
    sim_reply(ua->sim, 2, bye, 200, "", "", "");
    assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 0);
    sim_reply(ua->sim, 3, second, 200, "good", CONTACT("3"), SDP_ANSWER);
    sim_expect(ua->sim, 3, "ACK");
    assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 1);
    sim_reply(ua->sim, 2, first, 200, "late", CONTACT("2"), SDP_ANSWER); /* and once more */
    sim_expect(ua->sim, 2, "ACK");
    assert_int_equal(sim_sent(ua->sim, 2, "BYE"), 1);
    hang_up_at(ua, 3);
    sim_close(ua->sim);
}

static void late_answer_older_cseq(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(2);
    dial(ua);
    const struct sim_message *first = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 3, sim_expect(ua->sim, 3, "INVITE"), 407, "c", CHALLENGE, "");
    const struct sim_message *second = sim_expect(ua->sim, 3, "INVITE");
    assert_string_equal(sim_header(second, "CSeq"), "2 INVITE");
    sim_reply(ua->sim, 2, first, 200, "late", CONTACT("2"), SDP_ANSWER);
    sim_assert_has(sim_expect(ua->sim, 2, "ACK"), "CSeq: 1 ACK");
    const struct sim_message *bye = sim_expect(ua->sim, 2, "BYE");
    sim_assert_has(bye, "CSeq: 2 BYE");
    sim_reply(ua->sim, 2, bye, 200, "", "", "");
    sim_reply(ua->sim, 3, second, 200, "good", CONTACT("3"), SDP_ANSWER);
    sim_assert_has(sim_expect(ua->sim, 3, "ACK"), "CSeq: 2 ACK");
    hang_up_at(ua, 3);
    sim_close(ua->sim);
}

static void late_answer_after_end(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(2);
    dial(ua);
    const struct sim_message *first = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 3, sim_expect(ua->sim, 3, "INVITE"), 486, "b", "", "");
    sim_run(ua->sim, DUR_S(10));
    sim_assert_ended(ua, 486);
    sim_reply(ua->sim, 2, first, 200, "late", CONTACT("2"), SDP_ANSWER);
    sim_expect(ua->sim, 2, "ACK");
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "BYE"), 200, "", "", "");
    sim_close(ua->sim);
}

static void resting_as_last_hope(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(3);
    struct net_addr addrs[3] = {sim_addr(2), sim_addr(3), sim_addr(4)};
    sip_stack_server_failed(ua->stack, ua->sim->now, &addrs[1], -1);
    sip_stack_server_failed(ua->stack, ua->sim->now, &addrs[2], 600);
    dial(ua);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 503, "t", "", "");
    sim_reply(ua->sim, 3, sim_expect(ua->sim, 3, "INVITE"), 503, "t", "", "");
    sim_run(ua->sim, DUR_S(1));
    sim_assert_ended(ua, 503);
    assert_int_equal(sim_sent(ua->sim, 4, "INVITE"), 0);
    /* silence is waited out when the others only rest */
    sim_invite(ua, "sip:a@example.org", 0);
    sim_run(ua->sim, DUR_S(10));
    assert_int_equal(sim_sent(ua->sim, 2, "INVITE") + sim_sent(ua->sim, 3, "INVITE"), 7);
    sim_end(ua);
    sim_close(ua->sim);
}

static void list_changes(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(2);
    struct net_addr other = sim_addr(4);
    dial(ua);
    sim_expect(ua->sim, 2, "INVITE");
    sip_stack_set_servers(ua->stack, ua->sim->now, &other, 1);
    const struct sim_message *invite = sim_expect(ua->sim, 4, "INVITE"); /* the old one stays silent */
    sim_reply(ua->sim, 4, invite, 180, "t", "", "");
    sim_run(ua->sim, DUR_MS(50));
    other = sim_addr(3);
    sip_stack_set_servers(ua->stack, ua->sim->now, &other, 1);
    sim_reply(ua->sim, 4, invite, 200, "t", CONTACT("4"), SDP_ANSWER);
    sim_expect(ua->sim, 4, "ACK");
    sip_stack_set_servers(ua->stack, ua->sim->now, NULL, 0);
    hang_up_at(ua, 4);
    sim_close(ua->sim);
}

static void ping_ends_a_rest(void **state)
{
    (void)state;
    struct sim_ua *ua = open_with(2);
    struct net_addr first = sim_addr(2);
    sip_stack_server_failed(ua->stack, ua->sim->now, &first, -1);
    assert_current(ua, 3);
    sip_stack_server_answered(ua->stack, ua->sim->now, &first);
    assert_current(ua, 2);
    sim_close(ua->sim);
}

static struct rng dice;
static uint64_t current_seed;

static bool lose_some(struct sim *sim, const struct sim_message *message)
{
    struct net_addr dead = sim_addr(2);
    sim->delay = DUR_MS(1) + (dur_us)rng_below(&dice, 900000);
    return rng_below(&dice, 100) < (addr_equal(&message->to, &dead) ? 70u : (uint32_t)sim->lose_count);
}

/* Both servers are stacks that answer; the way to the first is bad. */
static bool run(uint64_t seed)
{
    dice = (struct rng){rng_seeded_fill, &seed};
    struct sim_ua *ua = open_with(2);
    struct sim_ua *servers[2] = {sim_ua(ua->sim, 2, 1), sim_ua(ua->sim, 3, 1)};
    servers[0]->take_softly = servers[1]->take_softly = true;
    ua->sim->lose = lose_some;
    ua->sim->lose_count = (int)rng_below(&dice, 30);
    dial(ua);
    for (int i = 0; i < 30; i++) {
        sim_run(ua->sim, (dur_us)rng_below(&dice, 2000000));
        struct sim_ua *s = servers[rng_below(&dice, 2)];
        if (s->event_count > 0) {
            (void)!sip_inv_answer(s->stack, ua->sim->now, s->call, SPAN_LIT(SDP_ANSWER));
        }
    }
    bool answered = sim_events(ua, SIP_EVENT_ANSWERED) == 1;
    sim_end(ua);
    for (int i = 0; i < 2; i++) {
        sim_run(ua->sim, DUR_S(100));
        sim_end(servers[0]);
        sim_end(servers[1]);
    }
    sim_run(ua->sim, DUR_S(100));
    assert_true(sim_events(ua, SIP_EVENT_ENDED) <= 1);
    sim_close(ua->sim);
    return answered;
}

static void seeds(void **state)
{
    (void)state;
    unsigned answered = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        current_seed = seed;
        answered += run(seed) ? 1 : 0;
    }
    assert_true(answered > 280);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent),
        cmocka_unit_test(refused_503),
        cmocka_unit_test(transport_error),
        cmocka_unit_test(icmp),
        cmocka_unit_test(all_silent),
        cmocka_unit_test(all_503),
        cmocka_unit_test(single_server),
        cmocka_unit_test(trying_is_an_answer),
        cmocka_unit_test(hung_up),
        cmocka_unit_test(late_ringing),
        cmocka_unit_test(late_answer),
        cmocka_unit_test(late_answer_older_cseq),
        cmocka_unit_test(late_answer_after_end),
        cmocka_unit_test(resting_as_last_hope),
        cmocka_unit_test(list_changes),
        cmocka_unit_test(ping_ends_a_rest),
        cmocka_unit_test(seeds),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed != 0) {
        print_error("seed %llu\n", (unsigned long long)current_seed);
    }
    return failed;
}
