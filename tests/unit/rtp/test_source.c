/* Where the far end's audio comes from (SPEC section 3, "Audio"). SDP 10.0.0.1:4000, SIP peer 10.0.0.2:5060. */
#include "support_rtp.h"

#define MS(n) (DUR_S(5) + DUR_MS(n)) /* expecting begins at MS(0) */

struct step {
    int at_ms;
    uint8_t host; /* 10.0.0.host */
    uint16_t port;
    bool taken;
};

struct row {
    const char *what;
    struct step steps[5]; /* up to the one with host 0 */
    uint8_t dest_host;
    uint16_t dest_port;
};

static const struct row table[] = {
    {"nothing heard", {{0, 0, 0, false}}, 1, 4000},
    {"the SDP's address", {{0, 1, 4000, true}, {20, 1, 4000, true}}, 1, 4000},
    {"another port of the SDP's host", {{0, 1, 9000, true}, {20, 1, 9000, true}}, 1, 9000},
    {"the SIP peer's host, any port", {{0, 2, 7000, true}}, 2, 7000},
    {"a stranger at once", {{0, 9, 4000, false}}, 1, 4000},
    {"a stranger just too early", {{499, 9, 4000, false}}, 1, 4000},
    {"a stranger after 500 ms", {{500, 9, 6000, true}, {520, 9, 6000, true}}, 9, 6000},
    {"a stranger that waits", {{0, 9, 6000, false}, {250, 9, 6000, false}, {500, 9, 6000, true}}, 9, 6000},
    {"after learning every other is dropped",
     {{0, 1, 4000, true}, {10, 1, 4002, false}, {20, 2, 7000, false}, {5000, 9, 6000, false}, {5001, 1, 4000, true}},
     1,
     4000},
    {"another port learnt: the SDP's own is another then", {{0, 1, 9000, true}, {20, 1, 4000, false}}, 1, 9000},
    {"a stranger learnt: the SDP's is another then", {{600, 9, 6000, true}, {620, 1, 4000, false}}, 9, 6000},
};

static void test_table(void **state)
{
    (void)state;
    struct net_addr expected = addr_ipv4(10, 0, 0, 1, 4000);
    struct net_addr peer = addr_ipv4(10, 0, 0, 2, 5060);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct rtp_source s;
        rtp_source_init(&s, MS(0), &expected, &peer);
        for (size_t k = 0; k < 5 && table[i].steps[k].host != 0; k++) {
            const struct step *step = &table[i].steps[k];
            struct net_addr from = addr_ipv4(10, 0, 0, step->host, step->port);
            if (rtp_source_accept(&s, MS(step->at_ms), &from) != step->taken) {
                fail_msg("%s, packet %zu", table[i].what, k);
            }
        }
        struct net_addr dest = addr_ipv4(10, 0, 0, table[i].dest_host, table[i].dest_port);
        if (!addr_equal(rtp_source_dest(&s), &dest)) {
            fail_msg("%s: destination", table[i].what);
        }
    }
}

static void test_new_sdp_learns_anew(void **state)
{
    (void)state;
    struct net_addr first = addr_ipv4(10, 0, 0, 1, 4000);
    struct net_addr second = addr_ipv4(10, 0, 0, 7, 5000);
    struct net_addr peer = addr_ipv4(10, 0, 0, 2, 5060);
    struct rtp_source s;
    rtp_source_init(&s, MS(0), &first, &peer);
    assert_true(rtp_source_accept(&s, MS(1), &first));
    assert_false(rtp_source_accept(&s, MS(2), &second));
    rtp_source_init(&s, MS(3), &second, &peer);
    assert_true(addr_equal(rtp_source_dest(&s), &second));
    assert_false(rtp_source_accept(&s, MS(4), &first));
    assert_true(rtp_source_accept(&s, MS(5), &second));
}

static void test_unknown_addresses_are_nobodys(void **state)
{
    (void)state;
    struct net_addr none = {0};
    struct net_addr hold = addr_ipv4(0, 0, 0, 0, 4000);
    struct net_addr from = addr_ipv4(10, 0, 0, 9, 4000);
    struct rtp_source s;
    rtp_source_init(&s, MS(0), &none, &none);
    assert_false(rtp_source_accept(&s, MS(100), &none));
    assert_false(rtp_source_accept(&s, MS(100), &from));
    rtp_source_init(&s, MS(0), &hold, &none);
    assert_false(rtp_source_accept(&s, MS(100), &from));
    assert_true(rtp_source_accept(&s, MS(500), &from));
}

static void test_mapped_address_is_the_same_host(void **state)
{
    (void)state;
    struct net_addr expected = addr_ipv4(10, 0, 0, 1, 4000);
    struct net_addr none = {0};
    struct net_addr mapped;
    struct rtp_source s;
    assert_int_equal(addr_parse(SPAN_LIT("[::ffff:10.0.0.1]:4000"), 0, &mapped), ST_OK);
    rtp_source_init(&s, MS(0), &expected, &none);
    assert_true(rtp_source_accept(&s, MS(0), &mapped));
    assert_true(rtp_source_accept(&s, MS(1), &expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_new_sdp_learns_anew),
        cmocka_unit_test(test_unknown_addresses_are_nobodys),
        cmocka_unit_test(test_mapped_address_is_the_same_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
