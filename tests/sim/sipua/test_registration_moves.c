/* SPDX-License-Identifier: MIT */
/* Registration and OPTIONS where addresses, servers and networks change (RFC 3261 10.2 unless said otherwise).
 *
 * address_changes       RFC 3581        seen address before the first REGISTER; one REGISTER moves the binding
 * address_flaps         RFC 3581        another address with each answer is no endless loop
 * address_told                          sip_stack_set_local
 * advertised                            nothing is learnt
 * keepalive             RFC 5626 4.4.1  80 to 100 % of what is told from one OPTIONS to the next, spread; the first one at once
 * restarted_registrar   RFC 5626 4.4.2  unreachable, reachable: registered anew at once
 * next_server           RFC 3263 4.3    silence for 4 s, 503: the next server; OPTIONS finds out too and the registration follows
 * servers_change                        RFC 3263 4.1: looked up anew, another one
 * options_ignored                       a server that is silent to OPTIONS alone is reachable
 * servers_come_late                     the names are resolved after the start
 * lossy_network                         from seeds
 */
#include "rng_seeded.h"
#include "support_registration.h"

/* ---- our address ---- */

static void answer_options(struct sim_ua *ua)
{
    const struct sim_message *m = sim_await(ua->sim, 2, "OPTIONS", DUR_S(31));
    assert_non_null(m);
    reply(ua, m, 200, "");
}

static void address_changes(void **state)
{
    (void)state;
    struct sim_ua *ua = prepare();
    ua->config.keepalive = DUR_S(30);
    ua->sim->seen = ";received=203.0.113.9;rport=40000";
    start(ua);
    answer_options(ua);
    const struct sim_message *m = expect_register(ua, DUR_MS(100));
    assert_string_equal(sim_header(m, "Contact"), "<sip:voip@203.0.113.9:40000>;expires=600");
    assert_int_equal(logged("INFO The SIP server sees us at 203.0.113.9:40000"), 1);
    reply(ua, m, 200, "Contact: <sip:voip@203.0.113.9:40000>;expires=600\r\n");
    assert_up(ua, true);
    sim_invite(ua, "sip:1@example.org", 0); /* calls too */
    const struct sim_message *invite = sim_expect(ua->sim, 2, "INVITE");
    assert_string_equal(sim_header(invite, "Contact"), "<sip:voip@203.0.113.9:40000>");
    sim_reply(ua->sim, 2, invite, 486, "t", "", "");
    /* the NAT begins anew */
    ua->sim->seen = ";rport=41000;received=203.0.113.9";
    answer_options(ua);
    m = sim_await(ua->sim, 2, "REGISTER", DUR_MS(100));
    if (m == NULL) { /* the first OPTIONS fell into the time in which one change is enough */
        answer_options(ua);
        m = expect_register(ua, DUR_MS(100));
    }
    assert_string_equal(sim_header(m, "Contact"),
                        "<sip:voip@203.0.113.9:41000>;expires=600, <sip:voip@203.0.113.9:40000>;expires=0");
    assert_up(ua, true);
    reply(ua, m, 200, "Contact: <sip:voip@203.0.113.9:41000>;expires=600\r\n");
    assert_up(ua, true);
    sip_stack_stop(ua->stack, ua->sim->now);
    m = expect_register(ua, DUR_S(1));
    assert_string_equal(sim_header(m, "Contact"), "<sip:voip@203.0.113.9:41000>;expires=0");
    reply(ua, m, 200, "");
    assert_int_equal(sim_events(ua, SIP_EVENT_ENDED), 1);
    sim_run(ua->sim, DUR_S(40));
    sim_close(ua->sim);
}

static void address_flaps(void **state)
{
    (void)state;
    struct sim_ua *ua = start(prepare());
    char seen[64];
    size_t n = 0;
    mono_us until = ua->sim->now + DUR_S(300);
    while (ua->sim->now < until) {
        const struct sim_message *m = sim_await(ua->sim, 2, "REGISTER", until - ua->sim->now);
        if (m != NULL) {
            (void)snprintf(seen, sizeof(seen), ";received=203.0.113.9;rport=%u", 1024 + (unsigned)++n);
            ua->sim->seen = seen;
            reply(ua, m, 200, "");
        }
    }
    assert_in_range(n, 1, 12);
    assert_up(ua, true);
    ua->sim->seen = NULL;
    finish(ua);
}

static void address_told(void **state)
{
    (void)state;
    struct sim_ua *ua = registered(start(prepare()));
    struct net_addr moved = addr_ipv4(10, 0, 7, 7, 5060);
    sip_stack_set_local(ua->stack, ua->sim->now, &moved);
    const struct sim_message *m = expect_register(ua, DUR_S(1));
    assert_string_equal(sim_header(m, "Contact"), "<sip:voip@10.0.7.7:5060>;expires=600, " OURS ";expires=0");
    sim_assert_has(m, "Via: SIP/2.0/UDP 10.0.7.7:5060;");
    /* and once more before the answer: it is out of date when it comes */
    moved.port = 5099;
    sip_stack_set_local(ua->stack, ua->sim->now, &moved);
    no_register(ua, DUR_MS(400));
    reply(ua, m, 200, "");
    m = expect_register(ua, DUR_S(1));
    assert_string_equal(sim_header(m, "Contact"),
                        "<sip:voip@10.0.7.7:5099>;expires=600, <sip:voip@10.0.7.7:5060>;expires=0");
    assert_up(ua, true);
    reply(ua, m, 200, "");
    no_register(ua, DUR_S(60));
    finish(ua);
}

static void unusable_addresses(void **state)
{
    (void)state;
    static const char *const seen[] = {";rport=5060",
                                       ";received=10.0.0.1;rport=5060",
                                       ";received=::1;rport=5060",
                                       ";received=0.0.0.0;rport=5",
                                       ";received=224.0.0.1;rport=5",
                                       ";received=host.example;rport=5",
                                       ";received=[2001:db8::1];rport=9",
                                       ""};
    for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
        struct sim_ua *ua = start(prepare());
        ua->sim->seen = seen[i];
        registered(ua);
        no_register(ua, DUR_S(60));
        assert_int_equal(logged("sees us"), 0);
        finish(ua);
    }
}

static void advertised(void **state)
{
    (void)state;
    struct sim_ua *ua = prepare();
    ua->config.learn_local = false;
    ua->sim->seen = ";received=203.0.113.9;rport=40000";
    registered(start(ua));
    no_register(ua, DUR_S(60));
    assert_int_equal(logged("sees us"), 0);
    finish(ua);
}

/* ---- reachability ---- */

static void keepalive(void **state)
{
    (void)state;
    struct sim_ua *ua = prepare();
    mono_us last = ua->sim->now;
    dur_us least = DUR_S(100);
    dur_us most = 0;
    ua->config.registers = false;
    ua->config.keepalive = DUR_S(30);
    start(ua);
    for (int i = 0; i < 60; i++) {
        const struct sim_message *m = sim_await(ua->sim, 2, "OPTIONS", DUR_S(31));
        assert_non_null(m);
        const dur_us gap = m->at - last;
        assert_true(i > 0 || gap == 0);
        least = i > 0 && gap < least ? gap : least;
        most = gap > most ? gap : most;
        last = m->at;
        reply(ua, m, i % 2 == 0 ? 200 : 404, ""); /* any answer will do */
    }
    /* counted from the answer, which takes its time */
    assert_in_range(least, DUR_S(24), DUR_S(25));
    assert_in_range(most, DUR_S(29), DUR_S(30) + DUR_MS(100));
    assert_int_equal(logged("is reachable"), 1);
    assert_int_equal(logged("not reachable"), 0);
    sip_stack_stop(ua->stack, ua->sim->now);
    sim_run(ua->sim, DUR_S(40));
    sim_close(ua->sim);
}

static void restarted_registrar(void **state)
{
    (void)state;
    struct sim_ua *ua = prepare();
    ua->config.keepalive = DUR_S(30);
    start(ua);
    answer_options(ua);
    registered(ua);
    assert_int_equal(logged("INFO SIP server 10.0.0.2:5060 is reachable"), 1);
    sim_run(ua->sim, DUR_S(100)); /* silence */
    assert_int_equal(logged("WARNING SIP server 10.0.0.2:5060 is not reachable"), 1);
    assert_up(ua, true);
    ua->sim->read = ua->sim->count;
    answer_options(ua);
    assert_int_equal(logged("is reachable"), 2);
    registered(ua);
    finish(ua);
}

/* ---- servers ---- */

static void set_servers(struct sim_ua *ua)
{
    const struct net_addr servers[] = {sim_addr(2), sim_addr(3)};
    sip_stack_set_servers(ua->stack, ua->sim->now, servers, 2);
}

static void next_server(void **state)
{
    (void)state;
    struct sim_ua *ua = prepare();
    sim_start(ua);
    set_servers(ua);
    sip_stack_start(ua->stack, ua->sim->now);
    (void)expect_register(ua, DUR_MS(100)); /* silence */
    const struct sim_message *m = sim_await(ua->sim, 3, "REGISTER", DUR_S(5));
    assert_non_null(m);
    assert_int_equal(sim_sent(ua->sim, 2, "REGISTER"), 4);
    sim_reply(ua->sim, 3, m, 503, "t", "", ""); /* no server is left: wait */
    assert_null(sim_await(ua->sim, 3, "REGISTER", DUR_S(20)));
    assert_int_equal(logged("WARNING SIP registration failed: 503"), 1);
    ua->sim->read = ua->sim->count;
    m = expect_register(ua, DUR_S(62));
    reply(ua, m, 503, "Retry-After: 300\r\n");
    m = sim_await(ua->sim, 3, "REGISTER", DUR_S(1));
    assert_non_null(m);
    sim_reply(ua->sim, 3, m, 401, "t", WWW, "");
    m = sim_await(ua->sim, 3, "REGISTER", DUR_S(1));
    assert_non_null(m);
    sim_assert_has(m, "Authorization: Digest");
    sim_reply(ua->sim, 3, m, 200, "t", "", "");
    sim_run(ua->sim, DUR_MS(30));
    assert_up(ua, true);
    sip_stack_stop(ua->stack, ua->sim->now); /* removed where it is */
    m = sim_await(ua->sim, 3, "REGISTER", DUR_S(1));
    assert_non_null(m);
    sim_assert_has(m, ";expires=0");
    sim_reply(ua->sim, 3, m, 200, "t", "", "");
    sim_run(ua->sim, DUR_S(40));
    sim_close(ua->sim);
}

static void ping_finds_next_server(void **state)
{
    (void)state;
    struct sim_ua *ua = prepare();
    ua->config.keepalive = DUR_S(30);
    sim_start(ua);
    set_servers(ua);
    sip_stack_start(ua->stack, ua->sim->now);
    answer_options(ua);
    registered(ua);
    const struct sim_message *m = sim_await(ua->sim, 3, "OPTIONS", DUR_S(36)); /* the first one is silent */
    assert_non_null(m);
    sim_reply(ua->sim, 3, m, 405, "t", "", "");
    m = sim_await(ua->sim, 3, "REGISTER", DUR_MS(100));
    assert_non_null(m);
    sim_reply(ua->sim, 3, m, 200, "t", "", "");
    sim_run(ua->sim, DUR_MS(30));
    assert_up(ua, true);
    assert_int_equal(logged("INFO SIP server 10.0.0.3:5060 is reachable"), 1);
    assert_int_equal(logged("not reachable"), 0);
    /* its rest over, the first one is asked again; it answers and gets the registration back */
    ua->sim->read = ua->sim->count;
    do {
        m = sim_await(ua->sim, 3, "OPTIONS", DUR_S(10));
        if (m != NULL) {
            sim_reply(ua->sim, 3, m, 200, "t", "", "");
        }
        m = sim_await(ua->sim, 2, "OPTIONS", DUR_S(10));
    } while (m == NULL && ua->sim->now < DUR_S(1300));
    assert_non_null(m);
    reply(ua, m, 200, "");
    registered(ua);
    finish(ua);
}

/* The name means another server now: registered there at once, its old place lapses. */
static void servers_change(void **state)
{
    (void)state;
    struct sim_ua *ua = registered(start(prepare()));
    const struct net_addr other = sim_addr(3);
    sip_stack_set_servers(ua->stack, ua->sim->now, &other, 1);
    const struct sim_message *m = sim_await(ua->sim, 3, "REGISTER", DUR_S(1));
    assert_non_null(m);
    assert_string_equal(sim_header(m, "Contact"), OURS ";expires=600");
    sim_reply(ua->sim, 3, m, 200, "t", "", "");
    sim_run(ua->sim, DUR_MS(30));
    assert_up(ua, true);
    sip_stack_set_servers(ua->stack, ua->sim->now, &other, 1); /* the same again: nothing */
    assert_null(sim_await(ua->sim, 3, "REGISTER", DUR_S(60)));
    sip_stack_stop(ua->stack, ua->sim->now);
    m = sim_await(ua->sim, 3, "REGISTER", DUR_S(1));
    assert_non_null(m);
    sim_reply(ua->sim, 3, m, 200, "t", "", "");
    sim_run(ua->sim, DUR_S(40));
    sim_close(ua->sim);
}

/* It answers REGISTER and is silent to OPTIONS: reachable. */
static void options_ignored(void **state)
{
    (void)state;
    struct sim_ua *ua = prepare();
    ua->config.keepalive = DUR_S(30);
    start(ua);
    registered(ua);
    sim_run(ua->sim, DUR_S(300));
    assert_true(sim_sent(ua->sim, 2, "OPTIONS") > 20);
    assert_int_equal(logged("is reachable"), 1);
    assert_int_equal(logged("not reachable"), 0);
    finish(ua);
}

static void servers_come_late(void **state)
{
    (void)state;
    struct sim_ua *ua = prepare();
    ua->config.keepalive = DUR_S(30);
    ua->config.next_hop = (struct net_addr){0};
    start(ua);
    sim_run(ua->sim, DUR_S(5));
    assert_int_equal(ua->sim->count, 0);
    assert_int_equal(logged("no address of the SIP server is known yet"), 1);
    assert_int_equal(logged("not reachable"), 0);
    set_servers(ua);
    answer_options(ua);
    registered(ua);
    finish(ua);
}

/* ---- a bad network ---- */

static struct rng dice;
static uint64_t current_seed;

static bool lose_some(struct sim *sim, const struct sim_message *message)
{
    (void)message;
    sim->delay = DUR_MS(1) + (dur_us)rng_below(&dice, 400000);
    return rng_below(&dice, 100) < (uint32_t)sim->lose_count;
}

/* Whatever a registrar may say. */
static void draw_answer(struct sim_ua *ua, const struct sim_message *m)
{
    static const char *const seen[] = {";rport=5060", ";received=203.0.113.9;rport=40000",
                                       ";received=203.0.113.9;rport=40001"};
    ua->sim->seen = seen[rng_below(&dice, 3)];
    switch (rng_below(&dice, 12)) {
    case 0: sim_reply(ua->sim, 2, m, 401, "t", WWW, ""); break;
    case 1: sim_reply(ua->sim, 2, m, 407, "t", PROXY, ""); break;
    case 2: sim_reply(ua->sim, 2, m, 423, "t", "Min-Expires: 900\r\n", ""); break;
    case 3: sim_reply(ua->sim, 2, m, 503, "t", "Retry-After: 9\r\n", ""); break;
    case 4: sim_reply(ua->sim, 2, m, 302, "t", "Contact: <sip:b.example.org>\r\n", ""); break;
    case 5: sim_reply(ua->sim, 2, m, 403, "t", "", ""); break;
    case 6: sim_reply(ua->sim, 2, m, 100, "", "", ""); break;
    case 7: break;
    default: sim_reply(ua->sim, 2, m, 200, "t", "Expires: 120\r\n", ""); break;
    }
}

static void run_seed(uint64_t seed)
{
    dice = (struct rng){rng_seeded_fill, &seed};
    struct sim_ua *ua = prepare();
    struct net_addr local = ua->addr;
    ua->config.keepalive = rng_below(&dice, 2) != 0 ? DUR_S(30) : 0;
    ua->sim->lose = lose_some;
    ua->sim->lose_count = (int)rng_below(&dice, 50);
    start(ua);
    mono_us until = ua->sim->now + DUR_S(2000);
    while (ua->sim->now < until && ua->link_count + 4 < SIM_EVENTS) {
        const struct sim_message *m = sim_await(ua->sim, 2, "", DUR_S(20));
        if (m != NULL && (strncmp(m->text, "REGISTER", 8) == 0 || strncmp(m->text, "OPTIONS", 7) == 0)) {
            draw_answer(ua, m);
        }
        if (rng_below(&dice, 50) == 0) {
            local.port = (uint16_t)(5060 + rng_below(&dice, 3));
            sip_stack_set_local(ua->stack, ua->sim->now, &local);
        }
    }
    /* far fewer requests than a loop would make */
    assert_in_range(sim_sent(ua->sim, 2, "REGISTER"), 1, 1500);
    /* a good network at last: registered within the longest wait */
    ua->sim->lose = NULL;
    ua->sim->seen = NULL;
    sim_run(ua->sim, DUR_S(1));
    until = ua->sim->now + DUR_S(4000);
    while (!sip_stack_is_registered(ua->stack) && ua->sim->now < until) {
        const struct sim_message *m = sim_await(ua->sim, 2, "", DUR_S(60));
        if (m != NULL) {
            sim_reply(ua->sim, 2, m, 200, "t", "Expires: 600\r\n", "");
        }
    }
    assert_up(ua, true);
    finish(ua);
}

static void lossy_network(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        current_seed = seed;
        run_seed(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_changes),   cmocka_unit_test(address_flaps),
        cmocka_unit_test(address_told),      cmocka_unit_test(unusable_addresses),
        cmocka_unit_test(advertised),        cmocka_unit_test(restarted_registrar),
        cmocka_unit_test(next_server),       cmocka_unit_test(ping_finds_next_server),
        cmocka_unit_test(servers_change),    cmocka_unit_test(options_ignored),
        cmocka_unit_test(servers_come_late), cmocka_unit_test(lossy_network),
        cmocka_unit_test(keepalive),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed != 0) {
        print_error("seed %llu\n", (unsigned long long)current_seed);
    }
    return failed;
}
