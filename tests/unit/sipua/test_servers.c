/* SPDX-License-Identifier: MIT */
/* The ordered list of SIP servers: which one is current while others rest (RFC 3263 4.3, RFC 3261 21.5.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wsaudio/sipua.h"

#define T0 DUR_S(1000)

static struct net_addr a[SIP_SERVERS_MAX + 2];

static int setup(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < SIP_SERVERS_MAX + 2; i++) {
        a[i] = addr_ipv4(10, 0, 0, (uint8_t)(i + 1), 5060);
    }
    return 0;
}

static struct sip_servers three(void)
{
    struct sip_servers s = {0};
    sip_servers_set(&s, a, 3);
    return s;
}

#define assert_current(s, now, i) assert_true(addr_equal(sip_servers_current(&(s), (now)), &a[i]))

static void empty(void **state)
{
    (void)state;
    struct sip_servers s = {0};
    assert_null(sip_servers_current(&s, T0));
    assert_null(sip_servers_next(&s, T0, NULL, 0, true));
    assert_false(sip_servers_failed(&s, T0, &a[0], -1));
    assert_false(sip_servers_answered(&s, T0, &a[0]));
    sip_servers_set(&s, a, 2);
    sip_servers_set(&s, NULL, 0);
    assert_null(sip_servers_current(&s, T0));
}

static void bounded_and_each_once(void **state)
{
    (void)state;
    struct sip_servers s = {0};
    struct net_addr twice[4] = {a[0], a[1], a[0], a[2]};
    sip_servers_set(&s, a, SIP_SERVERS_MAX + 2);
    assert_int_equal(s.count, SIP_SERVERS_MAX);
    sip_servers_set(&s, twice, 4);
    assert_int_equal(s.count, 3);
    assert_true(addr_equal(&s.list[2].addr, &a[2]));
}

static void failed_rests_then_is_preferred_again(void **state)
{
    (void)state;
    struct sip_servers s = three();
    assert_current(s, T0, 0);
    assert_true(sip_servers_failed(&s, T0, &a[0], -1));
    assert_false(sip_servers_failed(&s, T0 + 1, &a[0], -1)); /* it rested already */
    assert_current(s, T0 + 1, 1);
    assert_current(s, T0 + 1 + SIP_SERVER_UNAVAILABLE - 1, 1);
    assert_current(s, T0 + 1 + SIP_SERVER_UNAVAILABLE, 0);
}

static void answer_ends_a_rest(void **state)
{
    (void)state;
    struct sip_servers s = three();
    assert_false(sip_servers_answered(&s, T0, &a[0]));
    (void)sip_servers_failed(&s, T0, &a[0], -1);
    assert_true(sip_servers_answered(&s, T0 + 5, &a[0]));
    assert_current(s, T0 + 5, 0);
}

static void retry_after_is_kept(void **state)
{
    (void)state;
    struct sip_servers s = three();
    (void)sip_servers_failed(&s, T0, &a[0], 90);
    assert_false(sip_servers_answered(&s, T0 + 1, &a[0]));
    (void)sip_servers_failed(&s, T0 + 1, &a[0], -1); /* shorter, and not asked for */
    assert_current(s, T0 + DUR_S(90) - 1, 1);
    assert_current(s, T0 + DUR_S(90), 0);
    (void)sip_servers_failed(&s, T0, &a[0], 0); /* not at once again */
    assert_current(s, T0, 1);
    (void)sip_servers_failed(&s, T0, &a[0], INT64_MAX); /* believed for an hour */
    assert_current(s, T0 + DUR_S(3600) - 1, 1);
    assert_current(s, T0 + DUR_S(3600), 0);
}

static void all_rest(void **state)
{
    (void)state;
    struct sip_servers s = three();
    (void)sip_servers_failed(&s, T0, &a[0], 100);
    (void)sip_servers_failed(&s, T0, &a[1], 20);
    (void)sip_servers_failed(&s, T0, &a[2], 50);
    assert_current(s, T0 + 1, 1); /* the first whose rest ends */
}

static void next_skips_the_tried(void **state)
{
    (void)state;
    struct sip_servers s = three();
    assert_true(addr_equal(sip_servers_next(&s, T0, a, 1, false), &a[1]));
    assert_true(addr_equal(sip_servers_next(&s, T0, a, 2, false), &a[2]));
    assert_null(sip_servers_next(&s, T0, a, 3, true));
    (void)sip_servers_failed(&s, T0, &a[1], -1);
    assert_true(addr_equal(sip_servers_next(&s, T0, a, 1, true), &a[2]));
    (void)sip_servers_failed(&s, T0, &a[2], 60);
    assert_null(sip_servers_next(&s, T0, a, 1, false));
    assert_true(addr_equal(sip_servers_next(&s, T0, a, 1, true), &a[1]));
    assert_null(sip_servers_next(&s, T0, a, 2, true)); /* it asked to be left alone */
}

static void new_list_keeps_rests(void **state)
{
    (void)state;
    struct sip_servers s = three();
    struct net_addr other[2] = {a[0], a[5]};
    (void)sip_servers_failed(&s, T0, &a[0], -1);
    sip_servers_set(&s, other, 2);
    assert_current(s, T0 + 1, 5);
    assert_false(sip_servers_failed(&s, T0, &a[1], -1)); /* gone from the list */
    sip_servers_set(&s, a + 1, 1);
    assert_current(s, T0 + 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(bounded_and_each_once),
        cmocka_unit_test(failed_rests_then_is_preferred_again),
        cmocka_unit_test(answer_ends_a_rest),
        cmocka_unit_test(retry_after_is_kept),
        cmocka_unit_test(all_rest),
        cmocka_unit_test(next_skips_the_tried),
        cmocka_unit_test(new_list_keeps_rests),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
