/* SPDX-License-Identifier: MIT */
/* Where the far end's audio comes from (SPEC section 3, "Audio"), sentence by sentence. Steps say who sends, how many packets
 * that follow each other, and how many of them are taken. */
#include <stdio.h>
#include <string.h>

#include "support_rtp.h"

#define MS(n) (DUR_S(5) + DUR_MS(n)) /* the SDP is agreed at MS(0) */

/* Who sends. */
#define SDP      "203.0.113.1:4000"
#define SDP_IP   "203.0.113.1:9000"
#define SDP_IP_2 "203.0.113.1:9002"
#define PEER_IP  "203.0.113.2:7000"
#define STRANGER "198.51.100.9:4000"
#define OTHER    "198.51.100.8:4000"
#define PRIVATE  "192.168.1.5:4000"

static struct net_addr addr(const char *text)
{
    const char *colon = strrchr(text, ':');
    struct span ip = span_make(text, (size_t)(colon - text)); /* IPv6 in brackets */
    struct span port = span_cstr(colon + 1);
    struct net_addr out = {0};
    uint32_t number = 0;

    assert_int_equal(addr_parse_ip(ip, &out), ST_OK);
    assert_int_equal(span_parse_u32(port, 65535, &number), ST_OK);
    out.port = (uint16_t)number;
    return out;
}

struct step {
    int at_ms; /* of the first packet; the others come at the same time */
    const char *from;
    uint16_t first, count; /* sequence numbers */
    unsigned taken;
    const char *dest; /* behind it */
};

struct row {
    const char *what;
    enum rtp_learn learn;
    const char *sdp;
    struct step steps[6]; /* up to the one without from */
};

/* clang-format off */
static const struct row table[] = {
    {"the SDP's address always counts", RTP_LEARN_OFF, SDP, {{0, SDP, 7, 1, 1, SDP}, {20, SDP, 50, 3, 3, SDP}}},
    {"and always again, whatever was learnt (the stray first: rtpproxy 63, 103)", RTP_LEARN_PRIVATE, SDP,
     {{0, SDP_IP, 1, 4, 3, SDP_IP}, {5, SDP, 1, 1, 1, SDP}, {6, SDP_IP, 5, 3, 0, SDP}, {20, SDP, 2, 1, 1, SDP}}},
    {"one stray packet of another port learns nothing", RTP_LEARN_PRIVATE, SDP,
     {{0, SDP_IP, 1, 1, 0, SDP}, {5000, SDP_IP, 9, 1, 0, SDP}, {5020, SDP, 1, 1, 1, SDP}}},
    {"another port: with the second packet that follows", RTP_LEARN_PORT, SDP,
     {{0, SDP_IP, 1, 1, 0, SDP}, {20, SDP_IP, 2, 1, 1, SDP_IP}, {40, SDP_IP, 3, 5, 5, SDP_IP}}},
    {"not with one that does not follow", RTP_LEARN_PORT, SDP,
     {{0, SDP_IP, 1, 1, 0, SDP}, {20, SDP_IP, 12, 1, 0, SDP}, {40, SDP_IP, 1, 1, 0, SDP}, {60, SDP_IP, 65500, 1, 0, SDP},
      {80, SDP_IP, 10, 1, 0, SDP}, {100, SDP_IP, 11, 1, 1, SDP_IP}}},
    {"every second one is lost", RTP_LEARN_PORT, SDP,
     {{0, SDP_IP, 65535, 1, 0, SDP}, {40, SDP_IP, 1, 1, 1, SDP_IP}}},
    {"nine are lost in a row: that many at the most, and soon", RTP_LEARN_PORT, SDP,
     {{0, SDP_IP, 1, 1, 0, SDP}, {220, SDP_IP, 12, 1, 0, SDP}, {920, SDP_IP, 14, 1, 0, SDP}, {1120, SDP_IP, 24, 1, 1, SDP_IP}}},
    {"each pair comes in the wrong order", RTP_LEARN_PORT, SDP,
     {{0, SDP_IP, 2, 1, 0, SDP}, {1, SDP_IP, 1, 1, 0, SDP}, {40, SDP_IP, 4, 1, 1, SDP_IP}}},
    {"private SDP: every third one is lost", RTP_LEARN_PRIVATE, PRIVATE,
     {{0, STRANGER, 1, 2, 0, PRIVATE}, {60, STRANGER, 4, 2, 0, PRIVATE}, {120, STRANGER, 7, 2, 2, STRANGER}}},
    {"private SDP: late ones do not count", RTP_LEARN_PRIVATE, PRIVATE,
     {{0, STRANGER, 9, 1, 0, PRIVATE}, {1, STRANGER, 2, 7, 0, PRIVATE}, {20, STRANGER, 10, 4, 1, STRANGER}}},
    {"nor with the same again", RTP_LEARN_PORT, SDP,
     {{0, SDP_IP, 1, 1, 0, SDP}, {20, SDP_IP, 1, 1, 0, SDP}, {40, SDP_IP, 2, 1, 1, SDP_IP}}},
    {"nor with one of a third port in between", RTP_LEARN_PORT, SDP,
     {{0, SDP_IP, 1, 1, 0, SDP}, {20, SDP_IP_2, 2, 1, 0, SDP}, {40, SDP_IP_2, 3, 1, 1, SDP_IP_2}}},
    {"the SIP peer's IP the same", RTP_LEARN_PORT, SDP, {{0, PEER_IP, 1, 1, 0, SDP}, {20, PEER_IP, 2, 2, 2, PEER_IP}}},
    {"not before the address in use was silent for 200 ms", RTP_LEARN_PRIVATE, SDP,
     {{0, SDP, 1, 1, 1, SDP}, {20, SDP_IP, 2, 3, 0, SDP}, {199, SDP_IP, 5, 1, 0, SDP}, {200, SDP_IP, 6, 1, 1, SDP_IP}}},
    {"a learnt one the same", RTP_LEARN_PRIVATE, SDP,
     {{0, SDP_IP, 1, 3, 2, SDP_IP}, {10, SDP_IP_2, 1, 5, 0, SDP_IP}, {209, PEER_IP, 6, 5, 4, PEER_IP}}},
    {"another IP never: the SDP's address is public (attack: a pause, one that only listens)", RTP_LEARN_PRIVATE, SDP,
     {{0, STRANGER, 1, 50, 0, SDP}, {9000, STRANGER, 51, 50, 0, SDP}, {9100, SDP, 1, 1, 1, SDP},
      {19100, STRANGER, 101, 50, 0, SDP}}},
    {"private SDP: another IP with the fifth packet", RTP_LEARN_PRIVATE, PRIVATE,
     {{0, STRANGER, 1, 4, 0, PRIVATE}, {80, STRANGER, 5, 1, 1, STRANGER}, {100, STRANGER, 6, 9, 9, STRANGER}}},
    {"and no second one, however long the first is silent", RTP_LEARN_PRIVATE, PRIVATE,
     {{0, STRANGER, 1, 5, 1, STRANGER}, {20, OTHER, 1, 50, 0, STRANGER}, {9000, OTHER, 51, 50, 0, STRANGER}}},
    {"but another port of it: its NAT's new binding", RTP_LEARN_PRIVATE, PRIVATE,
     {{0, STRANGER, 1, 5, 1, STRANGER}, {300, "198.51.100.9:4001", 6, 2, 1, "198.51.100.9:4001"}}},
    {"private SDP that was heard: no other IP, however long it is silent", RTP_LEARN_PRIVATE, PRIVATE,
     {{0, PRIVATE, 1, 1, 1, PRIVATE}, {9000, STRANGER, 1, 50, 0, PRIVATE}}},
    {"the same where its port was another, or the SIP peer's IP", RTP_LEARN_PRIVATE, PRIVATE,
     {{0, PEER_IP, 1, 2, 1, PEER_IP}, {9000, STRANGER, 1, 50, 0, PEER_IP}}},
    {"private SDP, heard after the stranger: it counts", RTP_LEARN_PRIVATE, PRIVATE,
     {{0, STRANGER, 1, 5, 1, STRANGER}, {20, PRIVATE, 1, 1, 1, PRIVATE}, {9000, STRANGER, 6, 50, 0, PRIVATE}}},
    {"strangers in turn are no stream", RTP_LEARN_PRIVATE, PRIVATE,
     {{0, STRANGER, 1, 4, 0, PRIVATE}, {5, OTHER, 5, 1, 0, PRIVATE}, {6, OTHER, 6, 3, 0, PRIVATE}}},
    {"unspecified SDP as private", RTP_LEARN_PRIVATE, "0.0.0.0:4000", {{0, STRANGER, 1, 5, 1, STRANGER}}},
    {"carrier's NAT", RTP_LEARN_PRIVATE, "100.64.0.1:4000", {{0, STRANGER, 1, 5, 1, STRANGER}}},
    {"link-local", RTP_LEARN_PRIVATE, "169.254.7.7:4000", {{0, STRANGER, 1, 5, 1, STRANGER}}},
    {"IPv6: unique local", RTP_LEARN_PRIVATE, "[fd12::1]:4000", {{0, "[2001:db8::9]:4000", 1, 5, 1, "[2001:db8::9]:4000"}}},
    {"IPv6: global", RTP_LEARN_PRIVATE, "[2001:db8::1]:4000", {{0, "[2001:db8::9]:4000", 1, 50, 0, "[2001:db8::1]:4000"}}},
    {"loopback is not private", RTP_LEARN_PRIVATE, "127.0.0.1:4000", {{0, "127.0.0.5:4000", 1, 50, 0, "127.0.0.1:4000"}}},
    {"port: no other IP", RTP_LEARN_PORT, PRIVATE, {{0, STRANGER, 1, 50, 0, PRIVATE}}},
    {"off: no other port", RTP_LEARN_OFF, SDP, {{0, SDP_IP, 1, 50, 0, SDP}, {10, PEER_IP, 1, 50, 0, SDP}}},
    {"any: another IP with the fifth packet", RTP_LEARN_ANY, SDP, {{0, STRANGER, 1, 5, 1, STRANGER}}},
    {"any: once the one in use was silent", RTP_LEARN_ANY, SDP,
     {{0, SDP, 1, 1, 1, SDP}, {199, STRANGER, 1, 50, 0, SDP}, {200, STRANGER, 51, 1, 1, STRANGER},
      {400, OTHER, 1, 5, 1, OTHER}}},
    {"any: the SDP's address counts all the same", RTP_LEARN_ANY, SDP,
     {{0, STRANGER, 1, 5, 1, STRANGER}, {1, SDP, 1, 1, 1, SDP}}},
    {"an IPv4-mapped address is the same host", RTP_LEARN_OFF, SDP, {{0, "[::ffff:203.0.113.1]:4000", 1, 1, 1, SDP}}},
};
/* clang-format on */

/* How many of them are taken. */
static unsigned packets(struct rtp_source *s, mono_us now, const char *from, uint32_t ssrc, uint16_t first,
                        uint16_t count)
{
    struct net_addr source = addr(from);
    unsigned taken = 0;

    for (uint16_t i = 0; i < count; i++) {
        struct rtp_packet packet = packet_numbered(ssrc, (uint16_t)(first + i));
        taken += rtp_source_accept(s, now, &source, &packet) ? 1 : 0;
    }
    return taken;
}

static struct rtp_far far_at(const char *sdp)
{
    struct rtp_far far = {.rtp = addr(sdp), .rtcp = addr(sdp), .sip_peer = addr("203.0.113.2:5060"), .sends = true};

    far.rtcp.port++;
    return far;
}

static void agree(struct rtp_source *s, mono_us now, const char *sdp)
{
    struct rtp_far far = far_at(sdp);
    rtp_source_agree(s, now, &far);
}

static struct rtp_source source_of(enum rtp_learn learn, const char *sdp)
{
    struct rtp_source s;
    struct net_addr peer = addr("203.0.113.2:5060");

    rtp_source_init(&s, learn, &peer);
    agree(&s, MS(0), sdp);
    return s;
}

static void sends_to(const struct rtp_source *s, const char *what, const char *expected)
{
    char text[ADDR_TEXT_MAX];
    struct net_addr to = addr(expected);

    if (!addr_equal(rtp_source_dest(s), &to)) {
        fail_msg("%s: sends to %s instead of %s", what, addr_text(rtp_source_dest(s), text), expected);
    }
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct row *row = &table[i];
        struct rtp_source s = source_of(row->learn, row->sdp);
        sends_to(&s, row->what, row->sdp);
        for (const struct step *step = row->steps; step < row->steps + 6 && step->from != NULL; step++) {
            unsigned taken = packets(&s, MS(step->at_ms), step->from, 1, step->first, step->count);
            if (taken != step->taken) {
                fail_msg("%s: %u packets taken at %d ms instead of %u", row->what, taken, step->at_ms, step->taken);
            }
            sends_to(&s, row->what, step->dest);
        }
    }
}

static void test_one_ssrc(void **state)
{
    struct rtp_source s = source_of(RTP_LEARN_PRIVATE, SDP);

    (void)state;
    assert_int_equal(packets(&s, MS(0), SDP_IP, 1, 1, 1), 0);
    assert_int_equal(packets(&s, MS(20), SDP_IP, 2, 2, 1), 0); /* of another stream */
    assert_int_equal(packets(&s, MS(40), SDP_IP, 1, 3, 1), 0);
    assert_int_equal(packets(&s, MS(60), SDP_IP, 1, 4, 1), 1);
    assert_int_equal(packets(&s, MS(80), SDP_IP, 9, 900, 1), 1); /* once learnt, what it sends is its own affair */
}

/* Nothing is learnt while the agreed direction lets the far end send nothing; what is in use goes on. */
static void test_direction(void **state)
{
    struct rtp_source s = source_of(RTP_LEARN_ANY, PRIVATE);
    struct rtp_far held = far_at(PRIVATE);

    (void)state;
    held.sends = false;
    rtp_source_agree(&s, MS(0), &held);
    assert_int_equal(packets(&s, MS(0), "192.168.1.5:9", 1, 1, 50), 0);
    assert_int_equal(packets(&s, MS(0), STRANGER, 1, 1, 50), 0);
    assert_int_equal(packets(&s, MS(0), PRIVATE, 1, 1, 2), 2);
    agree(&s, MS(1000), PRIVATE); /* resumed: what came meanwhile does not count */
    assert_int_equal(packets(&s, MS(1000), "192.168.1.5:9", 1, 51, 2), 1);
    rtp_source_agree(&s, MS(2000), &held);
    assert_int_equal(packets(&s, MS(2000), "192.168.1.5:9", 1, 53, 2), 2);
    sends_to(&s, "held", "192.168.1.5:9");
}

/* A re-INVITE with a new address learns anew; with the old one nothing changes. */
static void test_new_sdp(void **state)
{
    struct rtp_source s = source_of(RTP_LEARN_PRIVATE, SDP);

    (void)state;
    assert_int_equal(packets(&s, MS(0), SDP_IP, 1, 1, 2), 1);
    agree(&s, MS(20), SDP);
    assert_int_equal(packets(&s, MS(20), SDP_IP, 1, 3, 1), 1);
    agree(&s, MS(40), SDP_IP_2);
    sends_to(&s, "new SDP", SDP_IP_2);
    assert_int_equal(packets(&s, MS(60), SDP_IP, 1, 4, 9),
                     0); /* its last packets are on their way: no reason to go back */
    assert_int_equal(packets(&s, MS(80), SDP, 1, 13, 2), 1); /* a third port is as good as any */
    agree(&s, MS(100), SDP_IP_2);
    assert_int_equal(packets(&s, MS(400), SDP_IP, 1, 14, 2),
                     1); /* it goes on: a NAT in between, and only the SDP moved */
    sends_to(&s, "it goes on", SDP_IP);
    assert_int_equal(packets(&s, MS(420), SDP_IP_2, 1, 1, 1), 1);
    agree(&s, MS(440), OTHER);
    assert_int_equal(packets(&s, MS(900), SDP_IP_2, 1, 2, 50), 0); /* another host now */
    assert_int_equal(packets(&s, MS(900), OTHER, 1, 2, 1), 1);
}

/* Another port in the same private SDP: a stranger has no second chance, the NAT's host is known. */
static void test_new_port_of_a_private_sdp(void **state)
{
    struct rtp_source s = source_of(RTP_LEARN_PRIVATE, PRIVATE);

    (void)state;
    assert_int_equal(packets(&s, MS(0), PEER_IP, 1, 1, 2), 1);
    agree(&s, MS(20), "192.168.1.5:4002");
    assert_int_equal(packets(&s, MS(500), STRANGER, 1, 1, 50), 0);
    assert_int_equal(packets(&s, MS(500), PEER_IP, 1, 3, 2), 1);
    s = source_of(RTP_LEARN_PRIVATE, PRIVATE);
    assert_int_equal(packets(&s, MS(0), STRANGER, 1, 1, 5), 1);
    agree(&s, MS(20), "192.168.1.5:4002");
    assert_int_equal(packets(&s, MS(30), "198.51.100.9:77", 1, 6, 2), 1);
    agree(&s, MS(40), "192.168.1.6:4000"); /* another host: learnt anew */
    assert_int_equal(packets(&s, MS(300), "198.51.100.9:78", 1, 8, 5), 1);
}

/* The same where the NAT was found by its packets alone: it goes on, whoever else sends, however often the SDP's port changes. */
static void test_new_port_behind_a_learnt_nat(void **state)
{
    struct rtp_source s = source_of(RTP_LEARN_PRIVATE, PRIVATE);

    (void)state;
    assert_int_equal(packets(&s, MS(0), STRANGER, 1, 1, 5), 1);
    agree(&s, MS(20), "192.168.1.5:4002");
    assert_int_equal(packets(&s, MS(30), OTHER, 9, 1, 50), 0);
    agree(&s, MS(40), "192.168.1.5:4004");
    assert_int_equal(packets(&s, MS(60), OTHER, 9, 51, 50), 0);
    assert_int_equal(packets(&s, MS(300), STRANGER, 1, 6, 2), 1);
    sends_to(&s, "the NAT that was learnt", STRANGER);
    assert_int_equal(packets(&s, MS(900), OTHER, 9, 101, 50), 0);
    agree(&s, MS(1000), "192.168.1.6:4000"); /* another host may be behind another one */
    assert_int_equal(packets(&s, MS(1020), OTHER, 9, 151, 5), 1);
}

/* c=0.0.0.0 in mid-call (a hold of old) names nobody else: who was heard stays who it is, a stranger cannot be heard instead. */
static void test_hold_by_address(void **state)
{
    struct rtp_source s = source_of(RTP_LEARN_PRIVATE, SDP);

    (void)state;
    assert_int_equal(packets(&s, MS(0), SDP, 1, 1, 1), 1);
    agree(&s, MS(20), "0.0.0.0:4000");
    assert_int_equal(packets(&s, MS(300), STRANGER, 9, 1, 50), 0);
    assert_int_equal(packets(&s, MS(300), SDP, 1, 2, 2), 1); /* its music */
    agree(&s, MS(320), SDP);
    assert_int_equal(packets(&s, MS(340), SDP, 1, 4, 1), 1);
    s = source_of(RTP_LEARN_PRIVATE, PRIVATE);
    assert_int_equal(packets(&s, MS(0), STRANGER, 1, 1, 5), 1);
    agree(&s, MS(20), "0.0.0.0:4000");
    assert_int_equal(packets(&s, MS(300), OTHER, 9, 1, 50), 0);
    agree(&s, MS(320), PRIVATE);
    assert_int_equal(packets(&s, MS(340), OTHER, 9, 51, 50), 0);
    assert_int_equal(packets(&s, MS(540), STRANGER, 1, 6, 2), 1);
    s = source_of(RTP_LEARN_PRIVATE, "0.0.0.0:4000");
    agree(&s, MS(20), PRIVATE); /* the first that is named */
    assert_int_equal(packets(&s, MS(40), STRANGER, 1, 1, 5), 1);
}

/* While it rings nothing is agreed: the SIP peer's IP by the same rule, nobody else. */
static void test_before_the_sdp(void **state)
{
    struct net_addr peer = addr("203.0.113.2:5060");
    struct net_addr none = {0};
    struct net_addr to;
    struct rtp_source s;

    (void)state;
    for (int learn = 0; learn < RTP_LEARN_COUNT; learn++) {
        rtp_source_init(&s, (enum rtp_learn)learn, &peer);
        assert_int_equal(packets(&s, MS(0), STRANGER, 1, 1, 50), 0);
        assert_int_equal(packets(&s, MS(0), PEER_IP, 1, 1, 3), learn != RTP_LEARN_OFF ? 2 : 0);
        assert_false(rtp_source_rtcp_dest(&s, &to));
        agree(&s, MS(10), SDP); /* and then everything begins */
        sends_to(&s, "agreed", SDP);
        assert_int_equal(packets(&s, MS(10), PEER_IP, 1, 4, 2), learn != RTP_LEARN_OFF ? 1 : 0);
    }
    rtp_source_init(&s, RTP_LEARN_PRIVATE, &none); /* the server's name has no address yet */
    assert_int_equal(packets(&s, MS(0), STRANGER, 1, 1, 50), 0);
}

/* Packets from ever other addresses do not keep a port of the SDP's IP from being learnt. */
static void test_flood_beside(void **state)
{
    struct rtp_source s = source_of(RTP_LEARN_PRIVATE, PRIVATE);
    char from[32];

    (void)state;
    for (uint16_t i = 0; i < 200; i++) {
        snprintf(from, sizeof(from), "198.51.100.%u:%u", i % 250 + 1, i + 1000u);
        assert_int_equal(packets(&s, MS(i), from, i, 1, 4), 0);
        assert_int_equal(packets(&s, MS(i), "192.168.1.5:9", 7, i, 1), i > 0 ? 1 : 0);
    }
}

/* ---- reports ---- */

static bool takes(const struct rtp_source *s, const char *from)
{
    struct net_addr source = addr(from);
    return rtp_source_takes_rtcp(s, &source);
}

static void test_rtcp_taken(void **state)
{
    struct rtp_source s = source_of(RTP_LEARN_PRIVATE, SDP);
    struct rtp_far far = far_at(SDP);

    (void)state;
    far.rtcp = addr("203.0.113.77:9999"); /* RFC 3605 */
    rtp_source_agree(&s, MS(0), &far);
    assert_true(takes(&s, "203.0.113.77:9999"));
    assert_true(takes(&s, "203.0.113.77:1"));
    assert_true(takes(&s, "203.0.113.1:4001"));
    assert_true(takes(&s, "203.0.113.2:1"));
    assert_false(takes(&s, STRANGER));
    s = source_of(RTP_LEARN_PRIVATE, PRIVATE);
    assert_false(takes(&s, "198.51.100.9:4001"));
    assert_int_equal(packets(&s, MS(0), STRANGER, 1, 1, 5), 1);
    assert_true(takes(&s, "198.51.100.9:4001"));
    assert_false(takes(&s, "198.51.100.8:4001"));
    s = source_of(RTP_LEARN_OFF, SDP);
    assert_true(takes(&s, "203.0.113.1:4001"));
    assert_false(takes(&s, "203.0.113.1:4003"));
}

static void reports_to(const struct rtp_source *s, const char *expected)
{
    struct net_addr to;
    struct net_addr wanted = addr(expected);

    assert_true(rtp_source_rtcp_dest(s, &to));
    assert_true(addr_equal(&to, &wanted));
}

static void test_rtcp_sent(void **state)
{
    struct rtp_source s = source_of(RTP_LEARN_PRIVATE, SDP);
    struct net_addr seen = addr("203.0.113.1:9777");
    struct net_addr to;

    (void)state;
    reports_to(&s, "203.0.113.1:4001");
    rtp_source_rtcp_heard(&s, &seen);
    reports_to(&s, "203.0.113.1:4001"); /* the SDP's address is in use */
    assert_int_equal(packets(&s, MS(0), SDP_IP, 1, 1, 2), 1);
    reports_to(&s, "203.0.113.1:9777");
    assert_int_equal(packets(&s, MS(500), PEER_IP, 1, 1, 2), 1);
    reports_to(&s, "203.0.113.2:7001"); /* another host: the port above */
    assert_int_equal(packets(&s, MS(900), "203.0.113.2:65535", 1, 1, 2), 1);
    assert_false(rtp_source_rtcp_dest(&s, &to));
    struct rtp_far far = far_at(SDP);
    far.rtcp.family = 0; /* it wants none */
    rtp_source_agree(&s, MS(1000), &far);
    assert_false(rtp_source_rtcp_dest(&s, &to));
    s = source_of(RTP_LEARN_PRIVATE, PRIVATE); /* a report shows that the private address can be reached */
    seen = addr("192.168.1.5:4001");
    rtp_source_rtcp_heard(&s, &seen);
    assert_int_equal(packets(&s, MS(0), STRANGER, 1, 1, 50), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),           cmocka_unit_test(test_one_ssrc),
        cmocka_unit_test(test_direction),       cmocka_unit_test(test_new_sdp),
        cmocka_unit_test(test_before_the_sdp),  cmocka_unit_test(test_new_port_of_a_private_sdp),
        cmocka_unit_test(test_flood_beside),    cmocka_unit_test(test_rtcp_taken),
        cmocka_unit_test(test_rtcp_sent),       cmocka_unit_test(test_new_port_behind_a_learnt_nat),
        cmocka_unit_test(test_hold_by_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
