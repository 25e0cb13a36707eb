/* SPDX-License-Identifier: MIT */
/* From a name to the ordered list of servers (RFC 3263 4.2, RFC 2782), with the answers typed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rng_seeded.h"
#include "wsaudio/sipua.h"

#define T0 DUR_S(1000)

static uint64_t seed;
static struct rng rng = {rng_seeded_fill, &seed};
static struct sip_locate l;

/* Numbers that come out of the dice one after the other. */
static const uint32_t *dice;
static void fixed_fill(void *ctx, void *out, size_t len)
{
    uint8_t *bytes = out;
    (void)ctx;
    assert_int_equal(len, 4);
    /* high enough not to be drawn again, and 0 modulo every bound used here */
    uint32_t value = 5040u * 800000u + *dice++;
    for (size_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}
static struct rng fixed = {fixed_fill, NULL};

static struct sip_srv record(uint16_t priority, uint16_t weight, const char *target)
{
    struct sip_srv r = {priority, weight, 5060, ""};
    strcpy(r.target, target);
    return r;
}

static void assert_order(const struct sip_srv *r, const char *order)
{
    for (size_t i = 0; order[i] != '\0'; i++) {
        assert_int_equal(r[i].target[0], order[i]);
    }
}

/* Weights 1, 2, 3 and one without: the sum is 6, so the dice are thrown for 0 to 6, then for what is left. */
static void exact_choices(void **state)
{
    (void)state;
    static const struct {
        uint32_t dice[3];
        const char *order;
    } cases[] = {
        {{0, 0, 0}, "zabc"}, /* 0 takes the one of weight 0, then running sums 1, 3, 6: 0 takes the first */
        {{1, 0, 0}, "azbc"}, /* 1 is not above a's running sum */
        {{2, 0, 0}, "bzac"}, {{3, 1, 0}, "bazc"}, {{4, 0, 0}, "czab"}, {{6, 3, 1}, "cbaz"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sip_srv r[4] = {record(5, 1, "a"), record(5, 2, "b"), record(5, 3, "c"), record(5, 0, "z")};
        dice = cases[i].dice;
        sip_srv_order(r, 4, &fixed);
        assert_order(r, cases[i].order);
    }
}

static void priorities_first(void **state)
{
    (void)state;
    for (seed = 1; seed < 50; seed++) {
        struct sip_srv r[5] = {record(20, 100, "d"), record(10, 0, "a"), record(30, 0, "e"), record(10, 50, "b"),
                               record(10, 50, "c")};
        sip_srv_order(r, 5, &rng);
        assert_int_equal(r[3].target[0], 'd');
        assert_int_equal(r[4].target[0], 'e');
    }
    sip_srv_order(NULL, 0, &rng);
}

static void weights_over_seeds(void **state)
{
    (void)state;
    unsigned first[3] = {0};
    seed = 7;
    for (int i = 0; i < 10000; i++) {
        struct sip_srv r[3] = {record(1, 10, "a"), record(1, 30, "b"), record(1, 60, "c")};
        sip_srv_order(r, 3, &rng);
        first[r[0].target[0] - 'a']++;
    }
    assert_in_range(first[0], 850, 1300); /* 11 of 101: 0 is a's too */
    assert_in_range(first[1], 2700, 3250);
    assert_in_range(first[2], 5600, 6250);
}

/* ---- the look-up ---- */

static void begin(const char *host, uint16_t port, uint8_t family)
{
    seed = 3;
    assert_int_equal(sip_locate_init(&l, span_cstr(host), port, family, &rng), ST_OK);
    assert_true(sip_locate_due(&l) <= T0);
}

static struct net_addr ip(uint8_t last)
{
    return addr_ipv4(10, 0, 0, last, 0);
}

static struct net_addr ip6(uint8_t last)
{
    struct net_addr a = {.family = 6, .ip = {0xfd}};
    a.ip[15] = last;
    return a;
}

static void assert_addr(uint32_t i, uint8_t last, uint16_t port)
{
    struct net_addr want = addr_ipv4(10, 0, 0, last, port);
    assert_true(i < l.count);
    assert_true(addr_equal(&l.addrs[i], &want));
}

static enum sip_locate_step found(mono_us now, uint8_t last, uint32_t ttl_s)
{
    struct net_addr a = ip(last);
    return sip_locate_host(&l, now, ST_OK, &a, 1, ttl_s);
}

static void by_srv(void **state)
{
    (void)state;
    struct sip_srv r[2] = {record(20, 0, "b.test"), record(10, 0, "a.test")};
    struct net_addr two[2] = {ip(1), ip(2)};
    r[1].port = 5070;
    begin("pbx.test", 0, 4);
    assert_int_equal(sip_locate_expire(&l, T0), SIP_LOCATE_ASK_SRV);
    assert_string_equal(l.question, "_sip._udp.pbx.test");
    assert_int_equal(sip_locate_due(&l), MONO_NEVER);
    assert_int_equal(sip_locate_expire(&l, T0), SIP_LOCATE_WAIT);
    assert_int_equal(sip_locate_srv(&l, T0, ST_OK, r, 2, 500), SIP_LOCATE_ASK_HOST);
    assert_string_equal(l.question, "a.test");
    assert_int_equal(sip_locate_host(&l, T0, ST_OK, two, 2, 400), SIP_LOCATE_ASK_HOST);
    assert_string_equal(l.question, "b.test");
    assert_int_equal(found(T0, 3, 600), SIP_LOCATE_FOUND);
    assert_int_equal(l.count, 3);
    assert_addr(0, 1, 5070);
    assert_addr(1, 2, 5070);
    assert_addr(2, 3, 5060);
    assert_int_equal(sip_locate_due(&l), T0 + DUR_S(400)); /* the shortest of the three */
}

static void with_port_no_srv(void **state)
{
    (void)state;
    begin("pbx.test", 5080, 0);
    assert_int_equal(sip_locate_expire(&l, T0), SIP_LOCATE_ASK_HOST);
    assert_string_equal(l.question, "pbx.test");
    assert_int_equal(found(T0, 1, 5), SIP_LOCATE_FOUND);
    assert_addr(0, 1, 5080);
    assert_int_equal(sip_locate_due(&l), T0 + DUR_S(SIP_LOOKUP_MIN_S));
}

static void no_srv_then_host(void **state)
{
    (void)state;
    begin("pbx.test", 0, 0);
    (void)sip_locate_expire(&l, T0);
    assert_int_equal(sip_locate_srv(&l, T0, ST_NOT_FOUND, NULL, 0, 0), SIP_LOCATE_ASK_HOST);
    assert_string_equal(l.question, "pbx.test");
    assert_int_equal(found(T0, 4, 100000), SIP_LOCATE_FOUND);
    assert_addr(0, 4, 5060);
    assert_int_equal(sip_locate_due(&l), T0 + DUR_S(SIP_LOOKUP_MAX_S));
}

static void decidedly_not(void **state)
{
    (void)state;
    struct sip_srv none = record(0, 0, ".");
    begin("pbx.test", 0, 0);
    (void)sip_locate_expire(&l, T0);
    assert_int_equal(sip_locate_srv(&l, T0, ST_OK, &none, 1, 60), SIP_LOCATE_FAILED);
    assert_non_null(l.why);
    assert_true(sip_locate_due(&l) > T0 && sip_locate_due(&l) <= T0 + DUR_S(2));
}

static void one_family_for_all(void **state)
{
    (void)state;
    struct net_addr mixed[4] = {ip6(1), ip(1), ip6(2), ip(2)};
    begin("pbx.test", 5060, 0);
    (void)sip_locate_expire(&l, T0);
    assert_int_equal(sip_locate_host(&l, T0, ST_OK, mixed, 4, 60), SIP_LOCATE_FOUND);
    assert_int_equal(l.count, 2);
    assert_addr(0, 1, 5060);
    begin("pbx.test", 5060, 6);
    (void)sip_locate_expire(&l, T0);
    assert_int_equal(sip_locate_host(&l, T0, ST_OK, mixed, 4, 60), SIP_LOCATE_FOUND);
    assert_int_equal(l.count, 2);
    assert_int_equal(l.addrs[0].family, 6);
    begin("pbx.test", 5060, 6);
    (void)sip_locate_expire(&l, T0);
    assert_int_equal(sip_locate_host(&l, T0, ST_OK, &mixed[1], 1, 60), SIP_LOCATE_FAILED);
}

static void useless_addresses(void **state)
{
    (void)state;
    struct net_addr bad[3] = {addr_ipv4(0, 0, 0, 0, 0), addr_ipv4(224, 0, 0, 1, 0), ip(7)};
    begin("pbx.test", 5060, 0);
    (void)sip_locate_expire(&l, T0);
    assert_int_equal(sip_locate_host(&l, T0, ST_OK, bad, 3, 60), SIP_LOCATE_FOUND);
    assert_int_equal(l.count, 1);
    assert_addr(0, 7, 5060);
}

static void failed_keeps_and_backs_off(void **state)
{
    (void)state;
    mono_us now = T0;
    dur_us last = 0;
    begin("pbx.test", 0, 0);
    (void)sip_locate_expire(&l, now);
    (void)sip_locate_srv(&l, now, ST_NOT_FOUND, NULL, 0, 0);
    (void)found(now, 1, 60);
    for (int i = 0; i < 10; i++) {
        now = sip_locate_due(&l);
        assert_int_equal(sip_locate_expire(&l, now), SIP_LOCATE_ASK_SRV);
        assert_int_equal(sip_locate_srv(&l, now, ST_IO, NULL, 0, 0), SIP_LOCATE_FAILED);
        assert_int_equal(l.count, 1);
        assert_addr(0, 1, 5060);
        dur_us wait = sip_locate_due(&l) - now;
        assert_true(wait >= DUR_S(1) && wait <= DUR_S(64));
        assert_true(i < 6 ? wait >= last / 2 : wait >= DUR_S(32));
        last = wait;
    }
    now = sip_locate_due(&l);
    (void)sip_locate_expire(&l, now);
    (void)sip_locate_srv(&l, now, ST_NOT_FOUND, NULL, 0, 0);
    assert_int_equal(found(now, 2, 60), SIP_LOCATE_FOUND); /* another address now */
    assert_addr(0, 2, 5060);
    now = sip_locate_due(&l);
    (void)sip_locate_expire(&l, now);
    assert_int_equal(sip_locate_srv(&l, now, ST_IO, NULL, 0, 0), SIP_LOCATE_FAILED);
    assert_true(sip_locate_due(&l) - now <= DUR_S(2)); /* from the start again */
}

static void first_time_without_srv_answer(void **state)
{
    (void)state;
    begin("pbx.test", 0, 0);
    (void)sip_locate_expire(&l, T0);
    assert_int_equal(sip_locate_srv(&l, T0, ST_IO, NULL, 0, 0), SIP_LOCATE_ASK_HOST);
    assert_int_equal(sip_locate_host(&l, T0, ST_IO, NULL, 0, 0), SIP_LOCATE_FAILED);
    assert_int_equal(l.count, 0);
}

static void silent_target_is_asked_again_soon(void **state)
{
    (void)state;
    struct sip_srv r[3] = {record(1, 0, "a.test"), record(2, 0, "b.test"), record(3, 0, "c.test")};
    begin("pbx.test", 0, 0);
    (void)sip_locate_expire(&l, T0);
    (void)sip_locate_srv(&l, T0, ST_OK, r, 3, 3000);
    (void)sip_locate_host(&l, T0, ST_IO, NULL, 0, 0);
    (void)sip_locate_host(&l, T0, ST_NOT_FOUND, NULL, 0, 0);
    assert_int_equal(found(T0, 3, 3000), SIP_LOCATE_FOUND);
    assert_int_equal(l.count, 1);
    assert_int_equal(sip_locate_due(&l), T0 + DUR_S(SIP_LOOKUP_MIN_S));
}

static void bounds(void **state)
{
    (void)state;
    struct sip_srv many[SIP_SRV_MAX + 8];
    struct net_addr addrs[40];
    char name[300];
    for (uint16_t i = 0; i < SIP_SRV_MAX + 8; i++) {
        many[i] = record(i, 0, "x.test");
    }
    for (uint8_t i = 0; i < 40; i++) {
        addrs[i] = ip((uint8_t)(i + 1));
    }
    begin("pbx.test", 0, 0);
    (void)sip_locate_expire(&l, T0);
    enum sip_locate_step step = sip_locate_srv(&l, T0, ST_OK, many, SIP_SRV_MAX + 8, 60);
    unsigned asked = 0;
    while (step == SIP_LOCATE_ASK_HOST) {
        step = sip_locate_host(&l, T0, ST_OK, addrs, 40, 60);
        asked++;
    }
    assert_int_equal(step, SIP_LOCATE_FOUND);
    assert_int_equal(asked, SIP_SRV_MAX);
    assert_int_equal(l.count, SIP_SERVERS_MAX);
    memset(name, 'a', sizeof(name));
    assert_int_equal(sip_locate_init(&l, span_make(name, SIP_NAME_MAX + 1), 0, 0, &rng), ST_TOO_LARGE);
    assert_int_equal(sip_locate_init(&l, span_make(name, SIP_NAME_MAX), 0, 0, &rng), ST_OK);
    assert_int_equal(sip_locate_expire(&l, T0), SIP_LOCATE_ASK_SRV);
    assert_int_equal(strlen(l.question), SIP_NAME_MAX + strlen("_sip._udp."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_choices),
        cmocka_unit_test(priorities_first),
        cmocka_unit_test(weights_over_seeds),
        cmocka_unit_test(by_srv),
        cmocka_unit_test(with_port_no_srv),
        cmocka_unit_test(no_srv_then_host),
        cmocka_unit_test(decidedly_not),
        cmocka_unit_test(one_family_for_all),
        cmocka_unit_test(useless_addresses),
        cmocka_unit_test(failed_keeps_and_backs_off),
        cmocka_unit_test(first_time_without_srv_answer),
        cmocka_unit_test(silent_target_is_asked_again_soon),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
