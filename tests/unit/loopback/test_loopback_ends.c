/* SPDX-License-Identifier: MIT */
/* The loopback exchange, driven by raw SIP text and RTP bytes: what it tells of itself, what it refuses, reports, ends. */
#include "support_loopback.h"
#include "wsaudio/call.h"

static void tells(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) {
        fail_msg("no \"%s\" in\n%s", wanted, text);
    }
}

/* What SIGUSR2 tells: the exchange, each call, its own SIP stack, and nothing that reads like the server's. */
static void test_told(void **state)
{
    struct bench t;
    char text[16384], tag[64], busy[64];
    struct outbuf out;
    unsigned lines = 0;

    (void)state;
    exchange_open(&t);
    caller_dials(&t, "tone", "d1", offer, tag);
    caller_request(&t, "INVITE", "noanswer", "d2", 1, "", NULL, offer);
    exchange_pass(&t, DUR_MS(20));
    outbuf_init(&out, text, sizeof(text) - 1);
    for (uint32_t at = 0;; at++, lines++) {
        size_t begin = out.len;
        if (!loopback_ua_dump(t.x, t.now, &at, &out)) {
            out.len = begin;
            break;
        }
        assert_true(out.len - begin < LOG_LINE_MAX);
        assert_memory_equal(text + begin, "loopback ", 9);
        outbuf_char(&out, '\n');
    }
    assert_int_equal(outbuf_status(&out), ST_OK);
    text[out.len] = '\0';
    tells(text, "loopback exchange: 2 calls of 3, tick in 0.0");
    tells(text, "\nloopback call 0.1 answered, usage 0.1, peer 127.0.0.1:");
    tells(text, ", RTP port 40002, 1 packets sent, 0 received, timer in 179.980 s\n");
    tells(text, "\nloopback call 1.1 rings, usage 1.1, peer 127.0.0.1:");
    tells(text, "\nloopback SIP: 2 usages of ");
    tells(text, "\nloopback usage 0.1 Confirmed incoming, Call-ID \"d1\"");
    tells(text, "\nloopback transaction ");
    assert_int_equal(lines, 11);
    caller_hangs_up(&t, "tone", "d1", tag, 2);
    caller_request(&t, "CANCEL", "noanswer", "d2", 1, "", NULL, "");
    caller_request(&t, "ACK", "noanswer", "d2", 1, sent_tag(sent_last(&t, "SIP/2.0 487 "), busy), "", "");
    exchange_close(&t);
}

static void test_unusable_offers(void **state)
{
    static const char *const bodies[] = {offer_g729, "", "v=0\r\n", "rubbish"};

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct bench t;
        char tag[64];
        exchange_open(&t);
        caller_request(&t, "INVITE", "echo", "u", 1, "", NULL, bodies[i]);
        const char *no = sent_last(&t, "SIP/2.0 488 ");
        assert_non_null(no);
        assert_int_equal(sent_count(&t, "SIP/2.0 200 "), 0);
        caller_request(&t, "ACK", "echo", "u", 1, sent_tag(no, tag), "", "");
        assert_int_equal(loopback_ua_calls(t.x), 0);
        exchange_close(&t);
    }
}

static void test_no_ports(void **state)
{
    struct bench t;
    char tag[64];

    (void)state;
    exchange_open(&t);
    t.open_status = ST_FULL;
    caller_request(&t, "INVITE", "tone", "p", 1, "", NULL, offer);
    const char *no = sent_last(&t, "SIP/2.0 480 ");
    assert_non_null(no);
    caller_request(&t, "ACK", "tone", "p", 1, sent_tag(no, tag), "", "");
    assert_true(loopback_ua_tick_due(t.x) == MONO_NEVER);
    exchange_close(&t);
}

/* The caller is gone after its INVITE: the 200 is repeated for 64*T1, then BYE, and nothing is left. */
static void test_ack_never_comes(void **state)
{
    struct bench t;

    (void)state;
    exchange_open(&t);
    caller_request(&t, "INVITE", "tone", "l", 1, "", NULL, offer);
    mono_us end = t.now + DUR_S(31);
    while (t.now < end) {
        exchange_pass(&t, DUR_S(1));
        t.packet_count = 0;
    }
    assert_int_equal(loopback_ua_calls(t.x), 1);
    assert_true(sent_count(&t, "SIP/2.0 200 ") >= 8);
    assert_int_equal(sent_count(&t, "BYE "), 0);
    exchange_pass(&t, DUR_S(2));
    assert_non_null(sent_last(&t, "BYE "));
    assert_int_equal(loopback_ua_calls(t.x), 0);
    assert_int_equal(t.ports_open, 0);
    exchange_close(&t);
}

/* A sender's report is answered after three seconds, so that the caller learns its round trip. */
static void test_reports(void **state)
{
    struct bench t;
    char tag[64];
    struct net_addr rtcp_from = caller_rtp;
    uint8_t sr[28] = {0x80, 200, 0, 6, 0, 0, 0, 1, 0xE8, 1, 2, 3, 4};

    (void)state;
    exchange_open(&t);
    rtcp_from.port++;
    caller_dials(&t, "echo", "rr", offer, tag);
    caller_sends(&t, 0, &caller_rtp, 0, 1, 1);
    media_input(loopback_ua_media(t.x), t.now, t.media[0], true, &rtcp_from, sr, sizeof(sr));
    assert_int_equal(t.packet_count, 1); /* not yet */
    t.now += DUR_S(3);
    media_input(loopback_ua_media(t.x), t.now, t.media[0], true, &rtcp_from, sr, sizeof(sr));
    assert_int_equal(t.packet_count, 2);
    const struct packet *p = &t.packet[1];
    assert_true(p->rtcp);
    assert_true(addr_equal(&p->to, &rtcp_from));
    assert_int_equal(p->data[1], 200);
    static const uint8_t about[4] = {0, 0, 0, 1};
    assert_memory_equal(p->data + 28, about, 4); /* a report block about the caller's stream */
    caller_hangs_up(&t, "echo", "rr", tag, 2);
    exchange_close(&t);
}

/* Only what the caller itself sends keeps its call up, and only its reports are read. */
static void test_strangers_keep_no_call_up(void **state)
{
    struct bench t;
    char tag[64];
    struct net_addr stranger = addr_ipv4(127, 0, 0, 9, 32001);
    uint8_t sr[28] = {0x80, 200, 0, 6, 0, 0, 0, 9, 0xE8, 1, 2, 3, 4};

    (void)state;
    exchange_open(&t);
    caller_dials(&t, "echo", "st", offer, tag);
    for (uint16_t i = 0; i < 20; i++) {
        exchange_pass(&t, DUR_S(10));
        caller_sends(&t, 0, &stranger, 0, i, 1);
        if (loopback_ua_calls(t.x) > 0) {
            media_input(loopback_ua_media(t.x), t.now, t.media[0], true, &stranger, sr, sizeof(sr));
            media_input(loopback_ua_media(t.x), t.now, t.media[0], true, &caller_rtp, "junk", 4);
        }
    }
    assert_int_equal(loopback_ua_calls(t.x), 0);
    assert_int_equal(t.packet_count, 0);
    exchange_close(&t);
}

/* --advertise: the caller's SDP names an address that its packets do not come from. */
static void test_advertised_caller(void **state)
{
    static const char advertised[] = "v=0\r\no=- 1 1 IN IP4 203.0.113.7\r\ns=-\r\nc=IN IP4 203.0.113.7\r\nt=0 0\r\n"
                                     "m=audio 32000 RTP/AVP 0\r\n";
    struct bench t;
    char tag[64];

    (void)state;
    exchange_open(&t);
    caller_dials(&t, "echo", "ad", advertised, tag);
    for (uint16_t i = 0; i < 10; i++) {
        caller_sends(&t, 0, &caller_rtp, 0, i, 1);
    }
    assert_int_equal(t.packet_count, 9);
    assert_true(addr_equal(&t.packet[0].to, &caller_rtp));
    caller_hangs_up(&t, "echo", "ad", tag, 2);
    exchange_close(&t);
}

/* The ends of a key come with timestamps of their own: what goes back is one key. */
static void test_ends_with_timestamps_of_their_own(void **state)
{
    static const uint32_t stamps[] = {1000, 1000, 1000, 1640, 1800, 1960, 4000};
    struct bench t;
    char tag[64];

    (void)state;
    exchange_open(&t);
    caller_dials(&t, "echo", "ev", offer, tag);
    for (uint16_t i = 0; i < 7; i++) {
        unsigned duration = i == 6 ? 160 : i < 3 ? 160 * (i + 1U) : 640;
        uint8_t data[16] = {0x80,
                            i % 6 == 0 ? 0xE5 : 101,
                            0,
                            (uint8_t)i,
                            0,
                            0,
                            (uint8_t)(stamps[i] >> 8),
                            (uint8_t)stamps[i],
                            0,
                            0,
                            0,
                            1,
                            5,
                            i > 2 && i < 6 ? 0x8A : 0x0A,
                            (uint8_t)(duration >> 8),
                            (uint8_t)duration};
        media_input(loopback_ua_media(t.x), t.now, t.media[0], false, &caller_rtp, data, sizeof(data));
        t.now += DUR_MS(20);
    }
    assert_int_equal(t.packet_count, 7);
    for (size_t i = 1; i < 7; i++) {
        bool same = memcmp(t.packet[i].data + 4, t.packet[0].data + 4, 4) == 0;
        assert_int_equal(same, i < 6);
    }
    caller_hangs_up(&t, "echo", "ev", tag, 2);
    exchange_close(&t);
}

static void test_freed_with_calls_up(void **state)
{
    struct bench t;
    char tag[64];

    (void)state;
    exchange_open(&t);
    caller_dials(&t, "echo", "f1", offer, tag);
    caller_dials(&t, "tone", "f2", offer, tag);
    loopback_ua_free(t.x);
    loopback_ua_free(NULL);
    assert_int_equal(t.ports_open, 0);
    exchange_forget(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_unusable_offers),
        cmocka_unit_test(test_no_ports),
        cmocka_unit_test(test_ack_never_comes),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_strangers_keep_no_call_up),
        cmocka_unit_test(test_advertised_caller),
        cmocka_unit_test(test_ends_with_timestamps_of_their_own),
        cmocka_unit_test(test_freed_with_calls_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
