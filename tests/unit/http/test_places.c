/* SPDX-License-Identifier: MIT */
/* places.c: who gives way when places for handshakes run out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "places.h"

#define CAP 16
#define FEW 3

static struct places places;
static struct place held[CAP + 1];

static struct net_addr host(uint8_t last)
{
    return addr_ipv4(192, 0, 2, last, 4711);
}

static struct net_addr host6(const char *text)
{
    struct net_addr addr;
    assert_int_equal(addr_parse_ip(span_cstr(text), &addr), ST_OK);
    return addr;
}

static void begin(bool strict)
{
    memset(held, 0, sizeof(held));
    places_init(&places, CAP, FEW, strict);
}

static void take(size_t at, struct net_addr from)
{
    assert_null(places_giving_way(&places, &from));
    places_take(&places, &held[at], &from);
}

static struct place *giving_way(struct net_addr from)
{
    return places_giving_way(&places, &from);
}

static void test_room_for_all(void **state)
{
    (void)state;
    begin(false);
    assert_null(places_oldest(&places));
    for (uint8_t i = 0; i < CAP; i++) {
        take(i, host(i));
        assert_false(held[i].above_few);
    }
    assert_int_equal(places.used, CAP);
    assert_ptr_equal(places_oldest(&places), &held[0]);
    for (size_t i = 0; i < CAP; i++) {
        places_leave(&held[i]);
        places_leave(&held[i]); /* twice is fine */
    }
    assert_int_equal(places.used, 0);
    assert_null(places_oldest(&places));
}

/* Each from an address of its own: the one longest held has had its time. */
static void test_the_oldest_gives_way(void **state)
{
    (void)state;
    begin(false);
    for (uint8_t i = 0; i < CAP; i++) {
        take(i, host(i));
    }
    assert_ptr_equal(giving_way(host(200)), &held[0]);
    places_leave(&held[0]);
    take(CAP, host(200));
    assert_ptr_equal(giving_way(host(201)), &held[1]);
}

/* One address takes all places; somebody else loses none to it, and gets in. */
static void test_who_holds_more_than_a_few_gives_way(void **state)
{
    (void)state;
    begin(false);
    take(0, host(1));
    for (size_t i = 1; i < CAP; i++) {
        take(i, host(2));
        assert_int_equal(held[i].above_few, i > FEW);
    }
    assert_ptr_equal(giving_way(host(3)), &held[1 + FEW]); /* not the oldest of all, who is alone */
    assert_ptr_equal(giving_way(host(2)), &held[1 + FEW]); /* the newcomer of the crowd pushes out one of the crowd */
}

/* Strangers: an address never holds more than its few, and other strangers find room. */
static void test_strict(void **state)
{
    (void)state;
    begin(true);
    for (size_t i = 0; i < FEW; i++) {
        take(i, host(1));
    }
    assert_ptr_equal(giving_way(host(1)), &held[0]);
    places_leave(&held[0]);
    take(0, host(1));
    assert_ptr_equal(giving_way(host(1)), &held[1]);
    assert_null(giving_way(host(2)));
    for (uint8_t i = FEW; i < CAP; i++) {
        take(i, host(i));
    }
    assert_ptr_equal(giving_way(host(200)), &held[1]);
}

/* Whoever has one address of an IPv6 network has them all; IPv4 in an IPv6 coat is the same host. */
static void test_one_network_is_one_source(void **state)
{
    (void)state;
    begin(true);
    take(0, host6("2001:db8::1"));
    take(1, host6("2001:db8::2:0:0:1"));
    take(2, host6("2001:db8::ffff"));
    assert_ptr_equal(giving_way(host6("2001:db8::9")), &held[0]);
    assert_null(giving_way(host6("2001:db8:0:1::9")));
    take(3, host6("::ffff:192.0.2.1"));
    take(4, host(1));
    take(5, host(1));
    assert_ptr_equal(giving_way(host6("::ffff:192.0.2.1")), &held[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room_for_all),
        cmocka_unit_test(test_the_oldest_gives_way),
        cmocka_unit_test(test_who_holds_more_than_a_few_gives_way),
        cmocka_unit_test(test_strict),
        cmocka_unit_test(test_one_network_is_one_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
