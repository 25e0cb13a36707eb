/* SPDX-License-Identifier: MIT */
/* Reading SDP: addresses and ports at every level, the choice among m= lines, directions, everything malformed. */
#include "support_sdp.h"

/* As RFC 3264 and many gateways write it. */
static const char full[] = "v=0\r\n"
                           "o=gw 20518 7 IN IP4 203.0.113.1\r\n"
                           "s= \r\n"
                           "i=information\r\n"
                           "c=IN IP4 203.0.113.1\r\n"
                           "b=AS:64\r\n"
                           "t=0 0\r\n"
                           "a=sendonly\r\n"
                           "m=video 6000 RTP/AVP 31 34\r\n"
                           "c=IN IP4 203.0.113.2\r\n"
                           "a=rtpmap:34 H263/90000\r\n"
                           "m=audio 4002 RTP/AVP 8 0 96 101 13\r\n"
                           "c=IN IP4 203.0.113.3\r\n"
                           "a=rtpmap:96 iLBC/8000\r\n"
                           "a=rtpmap:101 Telephone-Event/8000/1\r\n"
                           "a=fmtp:101 0-16\r\n"
                           "a=rtcp:4444 IN IP4 203.0.113.4\r\n"
                           "a=rtcp-mux\r\n"
                           "a=ptime:40\r\n"
                           "a=maxptime:60.5\r\n"
                           "a=sendrecv\r\n"
                           "a=unknown:thing\r\n";

static void test_everything_at_once(void **state)
{
    (void)state;
    struct sdp_session s = sdp_parsed(full);
    assert_int_equal(s.origin_id, 20518);
    assert_int_equal(s.origin_version, 7);
    assert_true(s.has_audio);
    assert_int_equal(s.media_index, 1);
    assert_int_equal(s.media_count, 2);
    assert_addr(&s.rtp, "203.0.113.3:4002");
    assert_addr(&s.rtcp, "203.0.113.4:4444");
    assert_true(s.rtcp_mux);
    assert_int_equal(s.direction, SDP_SENDRECV);
    assert_int_equal(s.ptime_ms, 40);
    assert_int_equal(s.maxptime_ms, 60);
    assert_int_equal(s.format_count, 5);
    assert_string_equal(s.formats[0].encoding, "PCMA");
    assert_int_equal(s.formats[0].clock_hz, 8000);
    assert_string_equal(s.formats[2].encoding, "ILBC");
    assert_string_equal(s.formats[3].encoding, "TELEPHONE-EVENT");
    assert_string_equal(s.formats[3].fmtp, "0-16");
    assert_int_equal(s.formats[4].payload_type, 13);
    assert_string_equal(s.formats[4].encoding, "CN");
}

/* FAULTS 19: the c= address of the answer was ignored. */
static void test_fault_19_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *body, *rtp, *rtcp;
    } table[] = {
        {HEAD AUDIO, "192.0.2.1:4000", "192.0.2.1:4001"},
        {SESSION TIME AUDIO CONN, "192.0.2.1:4000", "192.0.2.1:4001"},
        {HEAD AUDIO "c=IN IP4 10.1.2.3\r\n", "10.1.2.3:4000", "10.1.2.3:4001"},
        {HEAD "m=audio 4000/2 RTP/AVP 0\r\n", "192.0.2.1:4000", "192.0.2.1:4001"},
        {HEAD "m=audio 65535 RTP/AVP 0\r\n", "192.0.2.1:65535", "none"},
        {SESSION "c=IN IP6 2001:db8::1\r\n" AUDIO, "[2001:db8::1]:4000", "[2001:db8::1]:4001"},
        {SESSION "c=in ip6 2001:db8::1\r\n" AUDIO, "[2001:db8::1]:4000", "[2001:db8::1]:4001"},
        {HEAD AUDIO "a=rtcp:5000\r\n", "192.0.2.1:4000", "192.0.2.1:5000"},
        {HEAD AUDIO "a=rtcp:5000 IN IP4 10.1.2.3\r\n", "192.0.2.1:4000", "10.1.2.3:5000"},
        {HEAD AUDIO "a=rtcp:5000 IN IP6 2001:db8::2\r\n", "192.0.2.1:4000", "[2001:db8::2]:5000"},
        {HEAD AUDIO "a=rtcp:5000 IN IP4 host.example\r\n", "192.0.2.1:4000", "192.0.2.1:5000"},
        {HEAD AUDIO "a=rtcp:0\r\n", "192.0.2.1:4000", "none"},
        /* Nowhere to send to. */
        {SESSION TIME AUDIO, "none", "none"},
        {HEAD AUDIO "c=IN IP4 host.example\r\n", "none", "none"},
        {SESSION "c=IN IP4 224.2.36.42/127\r\n" AUDIO, "none", "none"},
        {SESSION "c=IN IP4 224.2.36.42\r\n" AUDIO, "none", "none"},
        {SESSION "c=IN IP4 192.0.2.9/127\r\n" AUDIO, "none", "none"},
        {SESSION "c=IN IP6 ff15::101/3\r\n" AUDIO, "none", "none"},
        {SESSION "c=IN IP6 ff15::101\r\n" AUDIO, "none", "none"},
        {SESSION "c=TN RFC2543 +1-201-406-4090\r\n" AUDIO, "none", "none"},
        {SESSION "c=IN IP4 224.2.1.1/127/3\r\nc=IN IP4 192.0.2.9\r\n" AUDIO, "none", "none"},
        /* The hold of old is an address, but not one for reports. */
        {SESSION "c=IN IP4 0.0.0.0\r\n" AUDIO, "0.0.0.0:4000", "none"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sdp_session s = sdp_parsed(table[i].body);
        assert_true(s.has_audio);
        assert_addr(&s.rtp, table[i].rtp);
        assert_addr(&s.rtcp, table[i].rtcp);
        assert_int_equal(s.rtp.port, strstr(table[i].body, "65535") != NULL ? 65535 : 4000);
    }
}

static void test_directions(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum sdp_direction direction;
    } table[] = {
        {HEAD AUDIO, SDP_SENDRECV},
        {HEAD AUDIO "a=sendonly\r\n", SDP_SENDONLY},
        {HEAD AUDIO "a=recvonly\r\n", SDP_RECVONLY},
        {HEAD AUDIO "a=inactive\r\n", SDP_INACTIVE},
        {HEAD "a=recvonly\r\n" AUDIO, SDP_RECVONLY},
        {HEAD "a=inactive\r\n" AUDIO "a=sendonly\r\n", SDP_SENDONLY},
        {HEAD "a=inactive\r\n" AUDIO "a=sendrecv\r\n", SDP_SENDRECV},
        {HEAD AUDIO "a=sendonly \r\n", SDP_SENDONLY},
        {HEAD AUDIO "a=SENDONLY\r\n", SDP_SENDRECV},
        /* The direction of another section is not ours. */
        {HEAD AUDIO "m=video 6000 RTP/AVP 31\r\na=inactive\r\n", SDP_SENDRECV},
        {HEAD "m=video 6000 RTP/AVP 31\r\na=inactive\r\n" AUDIO, SDP_SENDRECV},
        /* 0.0.0.0: whoever says it does not receive. */
        {SESSION "c=IN IP4 0.0.0.0\r\n" AUDIO, SDP_SENDONLY},
        {HEAD AUDIO "c=IN IP4 0.0.0.0\r\na=recvonly\r\n", SDP_INACTIVE},
        {HEAD AUDIO "c=IN IP4 0.0.0.0\r\na=inactive\r\n", SDP_INACTIVE},
        {SESSION "c=IN IP6 ::\r\n" AUDIO, SDP_SENDONLY},
        {SESSION "c=IN IP4 0.0.0.0\r\n" AUDIO CONN, SDP_SENDRECV},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sdp_session s = sdp_parsed(table[i].body);
        if (s.direction != table[i].direction) {
            fail_msg("%s: %s", table[i].body, sdp_direction_name(s.direction));
        }
    }
}

static void test_choice_of_the_section(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool has_audio;
        size_t index, count;
        uint16_t port;
    } table[] = {
        {HEAD, false, 0, 0, 0},
        {HEAD AUDIO, true, 0, 1, 4000},
        {HEAD "m=video 6000 RTP/AVP 31\r\n", false, 0, 1, 0},
        {HEAD "m=video 6000 RTP/AVP 31\r\n" AUDIO, true, 1, 2, 4000},
        {HEAD AUDIO "m=audio 5000 RTP/AVP 0\r\n", true, 0, 2, 4000},
        {HEAD "m=audio 0 RTP/AVP 0\r\n" AUDIO, true, 1, 2, 4000},
        {HEAD "m=audio 5000 RTP/AVP 9\r\n" AUDIO, true, 1, 2, 4000},
        {HEAD "m=audio 5000 RTP/AVP 0\r\nc=IN IP4 host.example\r\n" AUDIO, true, 1, 2, 4000},
        {HEAD "m=audio 5000 RTP/SAVP 0\r\n" AUDIO, true, 1, 2, 4000},
        {HEAD "m=audio 5000 RTP/SAVP 0\r\n", false, 0, 1, 0},
        {HEAD "m=audio 5000 RTP/AVPF 0\r\n", false, 0, 1, 0},
        {HEAD "m=audio 5000 UDP/TLS/RTP/SAVPF 0\r\n", false, 0, 1, 0},
        {HEAD "m=AUDIO 5000 rtp/avp 0\r\n", true, 0, 1, 5000},
        {HEAD "m=image 5000 udptl t38\r\n" AUDIO "m=application 0 TCP/MSRP *\r\n", true, 1, 3, 4000},
        /* None usable: the first. */
        {HEAD "m=audio 0 RTP/AVP 0\r\nm=audio 5000 RTP/AVP 9\r\n", true, 0, 2, 0},
        {HEAD "m=audio 5000 RTP/AVP 9\r\nm=audio 0 RTP/AVP 0\r\n", true, 0, 2, 5000},
        {HEAD "m=audio 0 RTP/AVP\r\n", true, 0, 1, 0},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sdp_session s = sdp_parsed(table[i].body);
        if (s.has_audio != table[i].has_audio || s.media_index != table[i].index || s.media_count != table[i].count ||
            s.rtp.port != table[i].port) {
            fail_msg("%s: index %zu of %zu, port %u", table[i].body, s.media_index, s.media_count, s.rtp.port);
        }
        assert_int_equal(s.origin_version, 2);
    }
}

/* What nothing hangs on is passed over: SIPp writes "o=user1 1 1 IN IP6 [::1]". */
static void test_malformed_trifles_are_passed_over(void **state)
{
    (void)state;
    static const char *const table[] = {
        "v=0\r\no=user1 53655765 2353687637 IN IP6 [::1]\r\n" CONN AUDIO,
        SESSION "c=IN IP6 [2001:db8::1]\r\n" AUDIO,
        "v=0\r\no=-\r\n" CONN AUDIO,
        "v=0\r\no=- a b IN IP4 192.0.2.1\r\n" CONN AUDIO,
        "v=0\r\no=- 1 -2 IN IP4 192.0.2.1\r\n" CONN AUDIO,
        "v=0\r\no=- 1 2\r\n" CONN AUDIO,
        "v=0\r\no=- 1 99999999999999999999999 IN IP4 192.0.2.1\r\n" CONN AUDIO,
        HEAD AUDIO "a=ptime:abc\r\n",
        HEAD AUDIO "a=ptime:-20\r\n",
        HEAD AUDIO "a=ptime:\r\n",
        HEAD AUDIO "a=maxptime:65536\r\n",
        HEAD AUDIO "a=rtcp:\r\n",
        HEAD AUDIO "a=rtcp:65536\r\n",
        HEAD AUDIO "a=rtcp:1 IN IP4 1.2.3\r\n",
        HEAD AUDIO "a=rtcp:1 IN\r\n",
        HEAD AUDIO "a=rtpmap:0\r\n",
        HEAD AUDIO "a=rtpmap:0 PCMU\r\n",
        HEAD AUDIO "a=rtpmap:0 /8000\r\n",
        HEAD AUDIO "a=rtpmap:0 PCMU/x\r\n",
        HEAD AUDIO "a=rtpmap:128 PCMU/8000\r\n",
        HEAD AUDIO "a=fmtp:x 0-15\r\n",
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sdp_session s;
        const char *why = NULL;
        if (sdp_parse_guarded(table[i], strlen(table[i]), &s, &why) != ST_OK || !s.has_audio || s.rtp.port == 0 ||
            s.rtp.family == 0) {
            fail_msg("refused: %s", table[i]);
        }
    }
}

/* FAULTS 21: "m=audio -5" gave port -5. */
static void test_fault_21_refused(void **state)
{
    (void)state;
    static const char *const table[] = {
        "",
        "\r\n\r\n",
        "v",
        "v=1\r\n" CONN AUDIO,
        "o=- 1 2 IN IP4 192.0.2.1\r\nv=0\r\n",
        HEAD "m=audio -5 RTP/AVP 0\r\n",
        HEAD "m=audio 99999 RTP/AVP 0\r\n",
        HEAD "m=audio 65536 RTP/AVP 0\r\n",
        HEAD "m=audio 4294971296 RTP/AVP 0\r\n",
        HEAD "m=audio +4000 RTP/AVP 0\r\n",
        HEAD "m=audio 0x100 RTP/AVP 0\r\n",
        HEAD "m=audio 4000. RTP/AVP 0\r\n",
        HEAD "m=audio 4000/0 RTP/AVP 0\r\n",
        HEAD "m=audio 4000/x RTP/AVP 0\r\n",
        HEAD "m=audio 4000/ RTP/AVP 0\r\n",
        HEAD "m=audio\r\n",
        HEAD "m=\r\n",
        HEAD "m=audio 4000\r\n",
        HEAD "m=audio 4000 RTP/AVP\r\n",
        HEAD "m=audio 4000 RTP/AVP 128\r\n",
        HEAD "m=audio 4000 RTP/AVP -1\r\n",
        HEAD "m=audio 4000 RTP/AVP PCMU\r\n",
        HEAD AUDIO "m=video -1 RTP/AVP 31\r\n",
        SESSION "c=IN IP4 999.1.1.1\r\n" AUDIO,
        SESSION "c=IN IP4 192.0.2\r\n" AUDIO,
        SESSION "c=IN IP4 1.2.3.4.5\r\n" AUDIO,
        SESSION "c=IN IP4 2001:db8::1\r\n" AUDIO,
        SESSION "c=IN IP6 192.0.2.1\r\n" AUDIO,
        SESSION "c=IN IP6 2001:::1\r\n" AUDIO,
        SESSION "c=IN IP4\r\n" AUDIO,
        SESSION "c=\r\n" AUDIO,
        HEAD AUDIO "no equals sign\r\n",
        HEAD AUDIO "a\r\n",
        HEAD AUDIO "a=x\ry\r\n",
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sdp_session s;
        const char *why = NULL;
        if (sdp_parse_guarded(table[i], strlen(table[i]), &s, &why) != ST_BAD) {
            fail_msg("taken: %s", table[i]);
        }
        assert_non_null(why);
        assert_false(s.has_audio);
        assert_int_equal(s.rtp.port, 0);
    }
    struct sdp_session s;
    const char *why = NULL;
    assert_int_equal(sdp_parse_guarded("v=0\r\ns=\0\r\n", 11, &s, &why), ST_BAD);
}

static void test_tolerated(void **state)
{
    (void)state;
    static const char *const table[] = {
        "v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0 8",
        "\r\nv=0\r\n\r\n" CONN "\r\n" AUDIO "\r\n",
        HEAD "x=unknown\r\nk=clear:no\r\nr=1 2 3\r\n" AUDIO,
        "v=0\r\no=- 1 2 IN IP4 some.host.example\r\n" CONN AUDIO,
        HEAD "m=audio  4000   RTP/AVP  0  8 \r\n",
        HEAD AUDIO "a=\r\na=:\r\na=rtpmap-not:x\r\na=ptime\t:20\r\n",
        HEAD AUDIO "a=ptime:0\r\n",
        HEAD AUDIO "a=rtpmap:77 unlisted/8000\r\na=fmtp:77 x\r\n",
        HEAD AUDIO "m=video 0 RTP/AVP 31\r\na=rtpmap:oops\r\na=rtcp:oops\r\na=fmtp:oops\r\n",
        HEAD "a=rtpmap:oops\r\n" AUDIO,
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sdp_session s = sdp_parsed(table[i]);
        assert_true(s.has_audio);
        assert_addr(&s.rtp, "192.0.2.1:4000");
        assert_int_equal(s.format_count, 2);
    }
}

static void test_ptime_of_the_session_level(void **state)
{
    (void)state;
    struct sdp_session s = sdp_parsed(HEAD "a=ptime:60\r\na=maxptime:80\r\n" AUDIO);
    assert_int_equal(s.ptime_ms, 60);
    assert_int_equal(s.maxptime_ms, 80);
    s = sdp_parsed(HEAD "a=ptime:60\r\n" AUDIO "a=ptime:20\r\n");
    assert_int_equal(s.ptime_ms, 20);
    s = sdp_parsed(HEAD AUDIO "m=video 6000 RTP/AVP 31\r\na=ptime:60\r\n");
    assert_int_equal(s.ptime_ms, 0);
    assert_false(s.rtcp_mux);
}

static void test_every_truncation(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof(full); len++) {
        struct sdp_session s;
        const char *why = NULL;
        int status = sdp_parse_guarded(full, len, &s, &why);
        assert_true(status == ST_OK || (status == ST_BAD && why != NULL && !s.has_audio));
    }
}

static void test_every_byte_change(void **state)
{
    (void)state;
    char changed[sizeof(full)];
    memcpy(changed, full, sizeof(full));
    for (size_t at = 0; at < sizeof(full) - 1; at++) {
        for (unsigned value = 0; value < 256; value++) {
            struct sdp_session s;
            const char *why = NULL;
            changed[at] = (char)value;
            int status = sdp_parse(span_make(changed, sizeof(full) - 1), &s, &why);
            assert_true(status == ST_OK || (status == ST_BAD && why != NULL));
            assert_true(s.format_count <= SDP_FORMATS_MAX && s.direction <= SDP_SENDRECV);
        }
        changed[at] = full[at];
    }
}

static void test_very_many_lines(void **state)
{
    (void)state;
    static char body[64 * 1024];
    struct outbuf out;
    struct sdp_session s;
    const char *why = "?";
    outbuf_init(&out, body, sizeof(body));
    outbuf_str(&out, HEAD);
    for (unsigned i = 0; i < 1500; i++) {
        outbuf_str(&out, "m=audio 0 RTP/AVP 0\r\n");
    }
    outbuf_str(&out, "m=audio 4000 RTP/AVP");
    for (unsigned i = 0; i < 4000; i++) {
        outbuf_printf(&out, " %u", i % 128);
    }
    assert_int_equal(outbuf_status(&out), ST_OK);
    assert_int_equal(sdp_parse_guarded(body, out.len, &s, &why), ST_OK);
    assert_int_equal(s.media_index, 1500);
    assert_int_equal(s.format_count, SDP_FORMATS_MAX);
    assert_int_equal(s.formats[SDP_FORMATS_MAX - 1].payload_type, SDP_FORMATS_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_at_once),
        cmocka_unit_test(test_fault_19_addresses),
        cmocka_unit_test(test_directions),
        cmocka_unit_test(test_choice_of_the_section),
        cmocka_unit_test(test_malformed_trifles_are_passed_over),
        cmocka_unit_test(test_fault_21_refused),
        cmocka_unit_test(test_tolerated),
        cmocka_unit_test(test_ptime_of_the_session_level),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_byte_change),
        cmocka_unit_test(test_very_many_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
