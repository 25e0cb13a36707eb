/* SPDX-License-Identifier: MIT */
/* What answers and offers come to. */
#include <stdio.h>

#include "support_sdp.h"

static bool same_addr(const struct net_addr *a, const struct net_addr *b)
{
    return a->family == 0 || b->family == 0 ? a->family == b->family : addr_equal(a, b);
}

static bool same_negotiated(const struct sdp_negotiated *a, const struct sdp_negotiated *b)
{
    return a->codec == b->codec && a->payload_type == b->payload_type &&
           a->telephone_event_pt == b->telephone_event_pt && a->ptime_ms == b->ptime_ms && a->we_send == b->we_send &&
           a->we_receive == b->we_receive && same_addr(&a->rtp, &b->rtp) && same_addr(&a->rtcp, &b->rtcp);
}

static int accept_text(const char *body, struct sdp_negotiated *negotiated, const char **why)
{
    struct sdp_session s = sdp_parsed(body);
    struct sdp_negotiated as_offer;
    int status = sdp_accept_answer(&s, negotiated, why);
    const char *why_offer = NULL;
    assert_int_equal(sdp_accept_offer(&s, &as_offer, &why_offer), status);
    assert_true(status != ST_OK || same_negotiated(negotiated, &as_offer));
    return status;
}

static void test_codecs_and_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *media;
        enum audio_codec codec;
        int payload_type, event;
    } table[] = {
        {"m=audio 4000 RTP/AVP 0\r\n", AUDIO_ULAW, 0, -1},
        {"m=audio 4000 RTP/AVP 8\r\n", AUDIO_ALAW, 8, -1},
        {"m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n", AUDIO_ULAW, 0, 101},
        {"m=audio 4000 RTP/AVP 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\n", AUDIO_ALAW, 8, 96},
        {"m=audio 4000 RTP/AVP 101 8\r\na=rtpmap:101 telephone-event/8000\r\n", AUDIO_ALAW, 8, 101},
        {"m=audio 4000 RTP/AVP 18 3 8 0\r\n", AUDIO_ALAW, 8, -1},
        {"m=audio 4000 RTP/AVP 97 0\r\na=rtpmap:97 PCMA/8000\r\n", AUDIO_ALAW, 97, -1},
        {"m=audio 4000 RTP/AVP 0 100 101\r\na=rtpmap:100 telephone-event/8000\r\na=rtpmap:101 telephone-event/8000\r\n",
         AUDIO_ULAW, 0, 100},
        {"m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/48000\r\n", AUDIO_ULAW, 0, -1},
        {"m=audio 4000 RTP/AVP 0 101\r\n", AUDIO_ULAW, 0, -1},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char body[512];
        struct sdp_negotiated a;
        const char *why = NULL;
        snprintf(body, sizeof(body), "%s%s", HEAD, table[i].media);
        assert_int_equal(accept_text(body, &a, &why), ST_OK);
        assert_int_equal(a.codec, table[i].codec);
        assert_int_equal(a.payload_type, table[i].payload_type);
        assert_int_equal(a.telephone_event_pt, table[i].event);
        assert_int_equal(a.telephone_event_ours, table[i].event < 0 ? -1 : SDP_TELEPHONE_EVENT_PT);
        assert_addr(&a.rtp, "192.0.2.1:4000");
        assert_addr(&a.rtcp, "192.0.2.1:4001");
        assert_int_equal(a.ptime_ms, 20);
        assert_true(a.we_send && a.we_receive);
    }
}

/* FAULTS 20: no PCMU, port 0, no audio were all "established". */
static void test_fault_20_refused(void **state)
{
    (void)state;
    static const struct {
        const char *body, *why;
    } table[] = {
        {HEAD, "no audio over RTP/AVP"},
        {HEAD "m=video 4000 RTP/AVP 31\r\n", "no audio over RTP/AVP"},
        {HEAD "m=audio 4000 RTP/SAVP 0\r\n", "no audio over RTP/AVP"},
        {HEAD "m=audio 0 RTP/AVP 0 8\r\n", "audio rejected (port 0)"},
        {HEAD "m=audio 4000 RTP/AVP 9 18\r\n", "no common codec"},
        {HEAD "m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n", "no common codec"},
        {SESSION AUDIO, "no usable address in c="},
        {SESSION "c=IN IP4 media.example\r\n" AUDIO, "no usable address in c="},
        {SESSION "c=IN IP4 224.2.1.1/127\r\n" AUDIO, "no usable address in c="},
        {SESSION "c=IN IP4 255.255.255.255\r\n" AUDIO, "no usable address in c="},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sdp_negotiated a;
        const char *why = NULL;
        assert_int_equal(accept_text(table[i].body, &a, &why), ST_BAD);
        assert_string_equal(why, table[i].why);
    }
}

static void test_packet_times(void **state)
{
    (void)state;
    static const struct {
        uint16_t ptime, max, ours;
    } table[] = {
        {0, 0, 20},   {20, 0, 20},  {40, 0, 40},   {60, 0, 60},  {1, 0, 20},    {10, 0, 20},  {29, 0, 20},
        {30, 0, 20},  {31, 0, 40},  {49, 0, 40},   {50, 0, 40},  {51, 0, 60},   {80, 0, 60},  {65535, 0, 60},
        {60, 59, 40}, {60, 40, 40}, {60, 30, 20},  {40, 20, 20}, {40, 60, 40},  {20, 10, 20}, {0, 10, 20},
        {60, 60, 60}, {0, 150, 20}, {30, 150, 20}, {51, 45, 40}, {200, 39, 20},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sdp_session s = sdp_parsed(HEAD AUDIO);
        struct sdp_negotiated a;
        const char *why = NULL;
        s.ptime_ms = table[i].ptime;
        s.maxptime_ms = table[i].max;
        assert_int_equal(sdp_accept_answer(&s, &a, &why), ST_OK);
        if (a.ptime_ms != table[i].ours) {
            fail_msg("ptime %u maxptime %u: %u", table[i].ptime, table[i].max, a.ptime_ms);
        }
    }
}

static void test_directions_from_our_side(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool we_send, we_receive;
    } table[] = {
        {HEAD AUDIO "a=sendrecv\r\n", true, true},           {HEAD AUDIO "a=sendonly\r\n", false, true},
        {HEAD AUDIO "a=recvonly\r\n", true, false},          {HEAD AUDIO "a=inactive\r\n", false, false},
        {SESSION "c=IN IP4 0.0.0.0\r\n" AUDIO, false, true},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sdp_negotiated a;
        const char *why = NULL;
        assert_int_equal(accept_text(table[i].body, &a, &why), ST_OK);
        assert_int_equal(a.we_send, table[i].we_send);
        assert_int_equal(a.we_receive, table[i].we_receive);
    }
}

static void test_equal(void **state)
{
    (void)state;
    static const char *const differing[] = {
        HEAD "m=audio 4002 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n",
        HEAD "m=audio 4000 RTP/AVP 0\r\n",
        HEAD "m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n",
        HEAD "m=audio 4000 RTP/AVP 97 101\r\na=rtpmap:97 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n",
        HEAD "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:40\r\n",
        HEAD "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n",
        HEAD "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=recvonly\r\n",
        HEAD "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\nc=IN IP4 192.0.2.2\r\n",
        HEAD "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp:5001\r\n",
        HEAD "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp:0\r\n",
    };
    static const char base[] = HEAD "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";
    /* Session version, order of unused formats and explicit defaults change nothing. */
    static const char same[] = "v=0\r\no=- 1 3 IN IP4 192.0.2.9\r\n" CONN
                               "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
                               "a=sendrecv\r\na=rtcp:4001\r\n";
    struct sdp_negotiated a;
    struct sdp_negotiated b;
    const char *why = NULL;
    assert_int_equal(accept_text(base, &a, &why), ST_OK);
    assert_int_equal(accept_text(same, &b, &why), ST_OK);
    assert_true(same_negotiated(&a, &b));
    for (size_t i = 0; i < sizeof(differing) / sizeof(differing[0]); i++) {
        assert_int_equal(accept_text(differing[i], &b, &why), ST_OK);
        if (same_negotiated(&a, &b) || same_negotiated(&b, &a)) {
            fail_msg("%s", differing[i]);
        }
    }
}

static void test_offer_has(void **state)
{
    static const struct {
        enum audio_codec codec;
        uint8_t type;
        bool has;
    } rows[] = {{AUDIO_ULAW, 0, true},   {AUDIO_ALAW, 97, true},  {AUDIO_ULAW, 97, false}, {AUDIO_ALAW, 8, false},
                {AUDIO_ULAW, 18, false}, {AUDIO_ULAW, 99, false}, {AUDIO_ULAW, 101, false}};
    const struct sdp_session s = sdp_parsed(HEAD "m=audio 4000 RTP/AVP 18 97 0 99 101\r\na=rtpmap:97 PCMA/8000\r\n"
                                                 "a=rtpmap:99 PCMU/16000\r\na=rtpmap:101 telephone-event/8000\r\n");

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (sdp_offer_has(&s, rows[i].codec, rows[i].type) != rows[i].has) {
            fail_msg("row %zu", i);
        }
    }
}

static void test_fit(void **state)
{
    (void)state;
    static const struct {
        const char *c, *local;
        bool fits, rtcp;
    } rows[] = {
        {"IP4 192.0.2.1", "10.0.0.1", true, true},        {"IP6 2001:db8::1", "10.0.0.1", false, false},
        {"IP6 2001:db8::1", "2001:db8::2", true, true},   {"IP4 192.0.2.1", "2001:db8::2", false, false},
        {"IP6 ::ffff:192.0.2.1", "10.0.0.1", true, true}, {"IP4 0.0.0.0", "2001:db8::2", true, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256];
        struct sdp_negotiated negotiated;
        struct net_addr local;
        const char *why = NULL;
        snprintf(text, sizeof(text),
                 "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN %s\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n", rows[i].c);
        assert_int_equal(addr_parse_ip(span_cstr(rows[i].local), &local), ST_OK);
        assert_int_equal(accept_text(text, &negotiated, &why), ST_OK);
        assert_int_equal(sdp_negotiated_fit(&negotiated, &local, &why), rows[i].fits ? ST_OK : ST_BAD);
        assert_true((why == NULL) == rows[i].fits);
        assert_int_equal(negotiated.rtcp.family != 0, rows[i].rtcp);
    }
}

static void test_rejects(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool rejects;
    } rows[] = {
        {HEAD "m=audio 0 RTP/AVP 0\r\n", true},
        {HEAD "m=audio 4000 RTP/AVP 0\r\n", false},
        {HEAD, false},
        {HEAD "m=video 0 RTP/AVP 31\r\n", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sdp_session sdp;
        const char *why = NULL;
        (void)!sdp_parse(span_cstr(rows[i].text), &sdp, &why);
        assert_int_equal(sdp_answer_rejects(&sdp), rows[i].rejects);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(audio_codec_row(AUDIO_ULAW)->name, "PCMU");
    assert_string_equal(audio_codec_row(AUDIO_ALAW)->name, "PCMA");
    assert_string_equal(sdp_direction_name(SDP_INACTIVE), "inactive");
    assert_string_equal(sdp_direction_name(SDP_SENDONLY), "sendonly");
    assert_string_equal(sdp_direction_name(SDP_RECVONLY), "recvonly");
    assert_string_equal(sdp_direction_name(SDP_SENDRECV), "sendrecv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codecs_and_numbers),
        cmocka_unit_test(test_fault_20_refused),
        cmocka_unit_test(test_packet_times),
        cmocka_unit_test(test_directions_from_our_side),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_offer_has),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_rejects),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
