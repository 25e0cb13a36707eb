/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/base/addr.h"

static int parse_ip(const char *text, struct net_addr *out)
{
    struct guard g = guard_copy(text, strlen(text));
    int status = addr_parse_ip(span_make(g.ptr, g.len), out);

    guard_free(&g);
    return status;
}

static struct net_addr ip(const char *text)
{
    struct net_addr addr = {0};

    assert_int_equal(addr_parse_ip(span_cstr(text), &addr), ST_OK);
    return addr;
}

/* ---- parsing ---- */

/* What is typed, and the RFC 5952 text of it. */
static const char *const good[][2] = {
    {"0.0.0.0", "0.0.0.0"},
    {"127.0.0.1", "127.0.0.1"},
    {"255.255.255.255", "255.255.255.255"},
    {"10.20.30.40", "10.20.30.40"},
    {"::", "::"},
    {"::1", "::1"},
    {"1::", "1::"},
    {"[::1]", "::1"},
    /* RFC 5952 section 1 and 4 */
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:0db8::1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:db8:0:0:1::1", "2001:db8::1:0:0:1"},
    {"2001:db8:0000:0:1::1", "2001:db8::1:0:0:1"},
    {"2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"},
    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* 4.2.2: one zero group is not shortened */
    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          /* 4.2.3: the longest run */
    {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
    {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:1", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"},
    {"2001:DB8::ABCD", "2001:db8::abcd"},
    {"0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"},
    {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    {"1:0:0:2:0:0:3:4", "1::2:0:0:3:4"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"fe80::1:2", "fe80::1:2"},
    {"::ffff:1.2.3.4", "::ffff:102:304"},
    {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
    {"1::1.2.3.4", "1::102:304"},
};

static const char *const bad[] = {
    "",
    "1",
    "1.2",
    "1.2.3",
    "1.2.3.",
    "1.2.3.4.",
    "1.2.3.4.5",
    ".1.2.3",
    "1..2.3",
    "256.1.1.1",
    "1.1.1.256",
    "1.1.1.999",
    "01.2.3.4",
    "1.2.3.00",
    "0x7f.0.0.1",
    "1.2.3.-4",
    " 1.2.3.4",
    "1.2.3.4 ",
    "1.2.3.4\n",
    "[1.2.3.4]",
    "host",
    ":",
    ":::",
    "1:",
    ":1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "::1::",
    "12345::",
    "g::",
    "1:2:3:4:5:6:7:",
    ":1:2:3:4:5:6:7:8",
    "::1%eth0",
    "[::1",
    "::1]",
    "[]",
    "[[::1]]",
    "1:2:3:4:5:6:7:1.2.3.4",
    "::1.2.3",
    "::1.2.3.4:5",
    "::1.2.3.4:",
    "1.2.3.4::",
    "::256.1.1.1",
    "1:2:3:4::5:6:7:8",
    "::-1",
    "1 ::",
    "::1 ",
    "0000000:1::",
    "1:2:3:4:5:6:7:8::",
};

static void test_ip_table(void **state)
{
    char text[ADDR_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct net_addr addr = {.port = 9};
        assert_int_equal(parse_ip(good[i][0], &addr), ST_OK);
        assert_int_equal(addr.port, 0);
        assert_string_equal(addr_ip_text(&addr, text), good[i][1]);
        struct net_addr again;
        assert_int_equal(parse_ip(text, &again), ST_OK); /* parse, write, parse */
        assert_memory_equal(again.ip, addr.ip, 16);
        assert_int_equal(again.family, addr.family);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct net_addr addr = {.family = 77};
        if (parse_ip(bad[i], &addr) == ST_OK) {
            fail_msg("taken: %s", bad[i]);
        }
        assert_int_equal(addr.family, 77); /* untouched */
    }
}

/* Every truncation and every single-byte change: no crash, and what is taken writes and parses back to itself. */
static void check_round_trip(const char *data, size_t len)
{
    struct guard g = guard_copy(data, len);
    struct net_addr addr, again;
    char text[ADDR_TEXT_MAX];

    if (addr_parse_ip(span_make(g.ptr, g.len), &addr) == ST_OK) {
        assert_int_equal(parse_ip(addr_ip_text(&addr, text), &again), ST_OK);
        assert_memory_equal(again.ip, addr.ip, 16);
    }
    struct net_cidr cidr;
    if (addr_parse_cidr(span_make(g.ptr, g.len), &cidr) == ST_OK) {
        assert_true(addr_in_cidr(&cidr.base, &cidr));
    }
    guard_free(&g);
}

static void test_truncations_and_changes(void **state)
{
    static const char *const texts[] = {"192.168.100.200:65535", "[2001:db8::1:0:0:1]:5060", "1:2:3:4:5:6:77.88.99.11",
                                        "10.0.0.0/8", "fd00::/8"};
    static const char changes[] = "0:.[]/9f% \xFF";
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        size_t len = strlen(texts[i]);
        for (size_t n = 0; n <= len; n++) {
            check_round_trip(texts[i], n);
        }
        for (size_t at = 0; at < len; at++) {
            for (size_t k = 0; k < sizeof(changes); k++) {
                memcpy(text, texts[i], len);
                text[at] = changes[k];
                check_round_trip(text, len);
            }
        }
    }
}

static void test_texts(void **state)
{
    char text[ADDR_TEXT_MAX];
    struct net_addr none = {0};
    struct net_addr six = ip("2001:db8::1");
    struct net_addr four = addr_ipv4(1, 2, 3, 4, 5060);
    struct net_addr longest = ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");

    (void)state;
    longest.port = 65535;
    assert_string_equal(addr_ip_text(&none, text), "none");
    assert_string_equal(addr_host_text(&six, text), "[2001:db8::1]");
    assert_string_equal(addr_host_text(&four, text), "1.2.3.4");
    assert_string_equal(addr_text(&four, text), "1.2.3.4:5060");
    assert_string_equal(addr_text(&longest, text), "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

/* ---- comparing ---- */

static void test_mapped(void **state)
{
    struct net_addr mapped = ip("::ffff:10.1.2.3");
    struct net_addr four = ip("10.1.2.3");
    struct net_addr near = ip("::fffe:10.1.2.3");

    (void)state;
    mapped.port = 5060;
    struct net_addr plain = addr_unmapped(mapped);
    assert_int_equal(plain.family, 4);
    assert_int_equal(plain.port, 5060);
    assert_memory_equal(plain.ip, four.ip, 4);
    assert_int_equal(addr_unmapped(near).family, 6);
    assert_int_equal(addr_unmapped(four).family, 4);
    assert_true(addr_same_ip(&mapped, &four));
    assert_true(addr_same_ip(&four, &mapped));
    assert_false(addr_same_ip(&near, &four));
    assert_false(addr_equal(&mapped, &four)); /* ports differ */
    four.port = 5060;
    assert_true(addr_equal(&mapped, &four));
    struct net_addr none = {0};
    assert_false(addr_same_ip(&none, &none)); /* nothing is known to be the same */
    struct net_addr garbage = four;
    garbage.ip[9] = 3; /* bytes behind the four do not count */
    assert_true(addr_same_ip(&garbage, &four));
}

static void test_kinds(void **state)
{
    static const struct {
        const char *text;
        bool loopback, any, group;
    } rows[] = {
        {"127.0.0.1", true, false, false},
        {"127.255.255.254", true, false, false},
        {"128.0.0.1", false, false, false},
        {"126.255.255.255", false, false, false},
        {"::1", true, false, false},
        {"::ffff:127.0.0.1", true, false, false},
        {"::2", false, false, false},
        {"1::1", false, false, false},
        {"0.0.0.0", false, true, false},
        {"::", false, true, false},
        {"::ffff:0.0.0.0", false, true, false},
        {"0.0.0.1", false, false, false},
        {"224.0.0.1", false, false, true},
        {"239.255.255.255", false, false, true},
        {"223.255.255.255", false, false, false},
        {"240.0.0.1", false, false, false},
        {"255.255.255.254", false, false, false},
        {"255.255.255.255", false, false, true},
        {"ff02::1", false, false, true},
        {"fe80::1", false, false, false},
        {"::ffff:224.0.0.1", false, false, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct net_addr addr = ip(rows[i].text);
        assert_int_equal(addr_is_loopback(&addr), rows[i].loopback);
        assert_int_equal(addr_is_any(&addr), rows[i].any);
        assert_int_equal(addr_is_group(&addr), rows[i].group);
    }
    struct net_addr none = {0};
    assert_true(addr_is_any(&none));
    assert_false(addr_is_loopback(&none));
    assert_false(addr_is_group(&none));
}

static void test_private(void **state)
{
    static const struct {
        const char *text;
        bool is_private;
    } rows[] = {{"9.255.255.255", false},
                {"10.0.0.0", true},
                {"10.255.255.255", true},
                {"11.0.0.0", false},
                {"172.15.255.255", false},
                {"172.16.0.0", true},
                {"172.31.255.255", true},
                {"172.32.0.0", false},
                {"192.167.255.1", false},
                {"192.168.0.0", true},
                {"192.168.255.255", true},
                {"192.169.0.0", false},
                {"100.63.255.255", false},
                {"100.64.0.0", true},
                {"100.127.255.255", true},
                {"100.128.0.0", false},
                {"169.253.255.1", false},
                {"169.254.0.1", true},
                {"169.255.0.0", false},
                {"127.0.0.1", false},
                {"0.0.0.0", false},
                {"203.0.113.7", false},
                {"fbff::1", false},
                {"fc00::1", true},
                {"fdff::1", true},
                {"fe00::1", false},
                {"fe7f::1", false},
                {"fe80::1", true},
                {"febf::1", true},
                {"fec0::1", false},
                {"::1", false},
                {"2001:db8::1", false},
                {"::", false},
                {"::ffff:10.0.0.1", true},
                {"::ffff:203.0.113.7", false}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct net_addr addr = ip(rows[i].text);
        assert_int_equal(addr_is_private(&addr), rows[i].is_private);
    }
    struct net_addr none = {0};
    assert_false(addr_is_private(&none));
}

/* ---- CIDR ---- */

static void test_cidr_table(void **state)
{
    static const struct {
        const char *cidr, *inside, *outside;
    } rows[] = {
        {"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
        {"10.0.0.0/8", "::ffff:10.1.1.1", "9.255.255.255"},
        {"192.168.4.0/22", "192.168.7.255", "192.168.8.0"},
        {"192.168.4.0/22", "192.168.4.0", "192.168.3.255"},
        {"1.2.3.4", "1.2.3.4", "1.2.3.5"},
        {"1.2.3.4/32", "1.2.3.4", "1.2.3.5"},
        {"0.0.0.0/0", "255.1.2.3", "::1"},
        {"::/0", "fe80::1", "1.2.3.4"},
        {"fd00::/8", "fdff::1", "fe00::"},
        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
        {"::1", "::1", "::2"},
        {"[::1]/128", "::1", "::3"},
        {"::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.1"}, /* written the mapped way: the same as 10.0.0.0/8 */
        {"128.0.0.0/1", "200.0.0.1", "127.255.255.255"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct net_cidr cidr;
        assert_int_equal(addr_parse_cidr(span_cstr(rows[i].cidr), &cidr), ST_OK);
        struct net_addr in = ip(rows[i].inside);
        struct net_addr out = ip(rows[i].outside);
        if (!addr_in_cidr(&in, &cidr) || addr_in_cidr(&out, &cidr)) {
            fail_msg("%s: %s %s", rows[i].cidr, rows[i].inside, rows[i].outside);
        }
    }
}

static void test_cidr_refused(void **state)
{
    static const char *const rows[] = {
        "",           "/",         "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",  "10.0.0.1/8",  "10.0.0.0/08x",
        "fd00::/129", "fd00::1/8", "10.0.0/8",  "host/8",      "10.0.0.0/8/8", "10.0.0.0 /8", "10.128.0.0/8"};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct net_cidr cidr = {.bits = 77};
        struct guard g = guard_copy(rows[i], strlen(rows[i]));
        assert_int_equal(addr_parse_cidr(span_make(g.ptr, g.len), &cidr), ST_BAD);
        assert_int_equal(cidr.bits, 77);
        guard_free(&g);
    }
}

/* Every prefix length: the address with the last bit inside flipped is out, the first bit outside flipped is in. */
static void test_cidr_every_length(void **state)
{
    static const uint8_t sizes[2] = {32, 128};

    (void)state;
    for (int f = 0; f < 2; f++) {
        struct net_addr base = {.family = f == 0 ? 4 : 6};
        for (uint8_t bits = 0; bits <= sizes[f]; bits++) {
            struct net_cidr cidr = {base, bits};
            struct net_addr a = base;
            assert_true(addr_in_cidr(&a, &cidr));
            if (bits < sizes[f]) {
                a.ip[bits / 8] ^= (uint8_t)(0x80 >> bits % 8);
                assert_true(addr_in_cidr(&a, &cidr));
                a = base;
            }
            if (bits > 0) {
                a.ip[(bits - 1) / 8] ^= (uint8_t)(0x80 >> (bits - 1) % 8);
                assert_false(addr_in_cidr(&a, &cidr));
            }
        }
    }
    struct net_addr none = {0};
    struct net_cidr all = {.base = {.family = 4}, .bits = 0};
    assert_false(addr_in_cidr(&none, &all));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_private),
        cmocka_unit_test(test_ip_table),
        cmocka_unit_test(test_truncations_and_changes),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_mapped),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_cidr_table),
        cmocka_unit_test(test_cidr_refused),
        cmocka_unit_test(test_cidr_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
