/* SPDX-License-Identifier: MIT */
/* Our offer and answers, as text and read back. */
#include "guard.h"
#include "support_sdp.h"

static char storage[4096];

static struct sdp_local local_at(struct net_addr rtp, enum sdp_direction direction)
{
    return (struct sdp_local){.rtp = rtp, .origin_id = 18446744073709551615ull, .version = 1, .direction = direction};
}

static struct span write_offer(const struct sdp_local *local)
{
    struct outbuf out;
    outbuf_init(&out, storage, sizeof(storage));
    assert_int_equal(sdp_write_offer(local, &out), ST_OK);
    return outbuf_view(&out);
}

static void assert_text(struct span s, const char *wanted)
{
    char text[sizeof(storage)];
    assert_int_equal(span_copy(s, text, sizeof(text)), ST_OK);
    assert_string_equal(text, wanted);
}

static void test_offer(void **state)
{
    (void)state;
    struct sdp_local local = local_at(addr_ipv4(192, 0, 2, 1, 32000), SDP_SENDRECV);
    assert_text(write_offer(&local), "v=0\r\n"
                                     "o=- 18446744073709551615 1 IN IP4 192.0.2.1\r\n"
                                     "s=-\r\n"
                                     "c=IN IP4 192.0.2.1\r\n"
                                     "t=0 0\r\n"
                                     "m=audio 32000 RTP/AVP 0 8 101\r\n"
                                     "a=rtpmap:0 PCMU/8000\r\n"
                                     "a=rtpmap:8 PCMA/8000\r\n"
                                     "a=rtpmap:101 telephone-event/8000\r\n"
                                     "a=fmtp:101 0-15\r\n"
                                     "a=ptime:20\r\n"
                                     "a=sendrecv\r\n");
}

static void test_offer_of_every_kind_reads_back(void **state)
{
    (void)state;
    struct net_addr addrs[2] = {addr_ipv4(192, 0, 2, 1, 32000)};
    assert_int_equal(addr_parse_ip(SPAN_LIT("2001:db8::5"), &addrs[1]), ST_OK);
    addrs[1].port = 32002;
    for (int d = SDP_INACTIVE; d <= SDP_SENDRECV; d++) {
        for (size_t i = 0; i < 2; i++) {
            struct sdp_local local = local_at(addrs[i], (enum sdp_direction)d);
            struct sdp_session s;
            const char *why = "?";
            assert_int_equal(sdp_parse(write_offer(&local), &s, &why), ST_OK);
            assert_true(addr_equal(&s.rtp, &addrs[i]));
            assert_int_equal(s.rtcp.port, addrs[i].port + 1);
            assert_int_equal(s.direction, d);
            assert_int_equal(s.ptime_ms, 20);
            assert_int_equal(s.format_count, 3);
            assert_int_equal(s.origin_id, UINT64_MAX);
        }
    }
}

static struct span answer(const char *offer, const struct sdp_local *local)
{
    struct sdp_session s = sdp_parsed(offer);
    struct sdp_negotiated negotiated;
    const char *why = "?";
    struct outbuf out;
    assert_int_equal(sdp_accept_offer(&s, &negotiated, &why), ST_OK);
    struct guard g = guard_copy(offer, strlen(offer));
    outbuf_init(&out, storage, sizeof(storage));
    assert_int_equal(sdp_write_answer(local, &negotiated, span_make(g.ptr, g.len), &out), ST_OK);
    guard_free(&g);
    return outbuf_view(&out);
}

static void test_answer_rejects_the_rest_in_order(void **state)
{
    (void)state;
    struct sdp_local local = local_at(addr_ipv4(198, 51, 100, 1, 32000), SDP_SENDRECV);
    local.origin_id = 5;
    assert_text(answer(SESSION CONN "t=2873397496 2873404696\r\n"
                                    "m=video 6000/2 RTP/AVP 31  34\r\n"
                                    "a=rtpmap:31 H261/90000\r\n"
                                    "m=audio 0 RTP/AVP 0\r\n"
                                    "m=audio 4000 RTP/AVP 18 8 96\r\n"
                                    "a=rtpmap:96 telephone-event/8000\r\n"
                                    "a=ptime:40\r\n"
                                    "m=audio 5000 RTP/SAVP 0\r\n"
                                    "m=application 7000 UDP/BFCP *\r\n",
                       &local),
                "v=0\r\n"
                "o=- 5 1 IN IP4 198.51.100.1\r\n"
                "s=-\r\n"
                "c=IN IP4 198.51.100.1\r\n"
                "t=2873397496 2873404696\r\n"
                "m=video 0 RTP/AVP 31  34\r\n"
                "m=audio 0 RTP/AVP 0\r\n"
                "m=audio 32000 RTP/AVP 8 96\r\n"
                "a=rtpmap:8 PCMA/8000\r\n"
                "a=rtpmap:96 telephone-event/8000\r\n"
                "a=fmtp:96 0-15\r\n"
                "a=ptime:40\r\n"
                "a=sendrecv\r\n"
                "m=audio 0 RTP/SAVP 0\r\n"
                "m=application 0 UDP/BFCP *\r\n");
}

static void test_answer_to_bare_offer(void **state)
{
    (void)state;
    struct sdp_local local = local_at(addr_ipv4(198, 51, 100, 1, 32000), SDP_SENDRECV);
    local.origin_id = 5;
    assert_text(answer("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 97\na=rtpmap:97 pcmu/8000\n", &local),
                "v=0\r\n"
                "o=- 5 1 IN IP4 198.51.100.1\r\n"
                "s=-\r\n"
                "c=IN IP4 198.51.100.1\r\n"
                "t=0 0\r\n"
                "m=audio 32000 RTP/AVP 97\r\n"
                "a=rtpmap:97 PCMU/8000\r\n"
                "a=ptime:20\r\n"
                "a=sendrecv\r\n");
}

/* RFC 3264 6.1: never more than the offer leaves. */
static void test_answer_direction(void **state)
{
    (void)state;
    static const char *const offered[] = {HEAD AUDIO "a=inactive\r\n", HEAD AUDIO "a=sendonly\r\n",
                                          HEAD AUDIO "a=recvonly\r\n", HEAD AUDIO "a=sendrecv\r\n"};
    static const enum sdp_direction left[] = {SDP_INACTIVE, SDP_RECVONLY, SDP_SENDONLY, SDP_SENDRECV};
    for (size_t i = 0; i < 4; i++) {
        for (int wish = SDP_INACTIVE; wish <= SDP_SENDRECV; wish++) {
            struct sdp_local local = local_at(addr_ipv4(198, 51, 100, 1, 32000), (enum sdp_direction)wish);
            struct sdp_session s;
            const char *why = "?";
            assert_int_equal(sdp_parse(answer(offered[i], &local), &s, &why), ST_OK);
            assert_int_equal(s.direction, (int)left[i] & wish);
        }
    }
}

static void test_no_room(void **state)
{
    (void)state;
    static const char offer[] = HEAD AUDIO "m=video 6000 RTP/AVP 31\r\n";
    struct sdp_local local = local_at(addr_ipv4(198, 51, 100, 1, 32000), SDP_SENDRECV);
    struct sdp_session s = sdp_parsed(offer);
    struct sdp_negotiated negotiated;
    const char *why = "?";
    assert_int_equal(sdp_accept_offer(&s, &negotiated, &why), ST_OK);
    size_t offer_len = write_offer(&local).len;
    size_t answer_len = answer(offer, &local).len;
    for (size_t cap = 0; cap < answer_len || cap < offer_len; cap++) {
        struct guard g = guard_room(cap);
        struct outbuf out;
        outbuf_init(&out, g.ptr, cap);
        assert_int_equal(sdp_write_offer(&local, &out), cap < offer_len ? ST_TOO_LARGE : ST_OK);
        outbuf_init(&out, g.ptr, cap);
        assert_int_equal(sdp_write_answer(&local, &negotiated, SPAN_LIT(offer), &out),
                         cap < answer_len ? ST_TOO_LARGE : ST_OK);
        guard_free(&g);
    }
}

static void test_answer_to_what_is_no_offer(void **state)
{
    (void)state;
    struct sdp_local local = local_at(addr_ipv4(198, 51, 100, 1, 32000), SDP_SENDRECV);
    struct sdp_negotiated negotiated = {.telephone_event_pt = -1, .ptime_ms = 20};
    struct outbuf out;
    outbuf_init(&out, storage, sizeof(storage));
    assert_int_equal(sdp_write_answer(&local, &negotiated, SPAN_LIT("nonsense"), &out), ST_BAD);
    assert_int_equal(sdp_write_answer(&local, &negotiated, SPAN_LIT(HEAD), &out), ST_BAD);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offer),
        cmocka_unit_test(test_offer_of_every_kind_reads_back),
        cmocka_unit_test(test_answer_rejects_the_rest_in_order),
        cmocka_unit_test(test_answer_to_bare_offer),
        cmocka_unit_test(test_answer_direction),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_answer_to_what_is_no_offer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
