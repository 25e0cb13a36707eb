/* SPDX-License-Identifier: MIT */
/* The RTP packet: RFC 3550 5.1, 5.3.1, A.1. */
#include "guard.h"
#include "support_rtp.h"

#define PACKET(literal) literal, sizeof(literal) - 1

static int parse_guarded(const void *data, size_t len, struct rtp_packet *out)
{
    struct guard g = guard_copy(data, len);
    int status = rtp_packet_parse(span_make(g.ptr, len), out);
    if (status == ST_OK) {
        assert_true(out->payload.ptr >= g.ptr && out->payload.ptr + out->payload.len <= g.ptr + len);
        /* Nothing outlives the guard. */
        out->payload = span_make(NULL, out->payload.len);
    }
    guard_free(&g);
    return status;
}

static void test_valid_table(void **state)
{
    (void)state;
    static const struct {
        const char *what, *data;
        size_t len, payload_len;
    } table[] = {
        {"bare header", PACKET("\x80\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44"), 0},
        {"payload", PACKET("\x80\x88\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44pay"), 3},
        {"one CSRC",
         PACKET("\x81\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44"
                "CSRCpa"),
         2},
        {"extension of no word", PACKET("\x90\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44\xBE\xDE\x00\x00p"), 1},
        {"extension of one word",
         PACKET("\x90\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44\xBE\xDE\x00\x01"
                "extnpa"),
         2},
        {"padding", PACKET("\xA0\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44pay\x00\x00\x03"), 3},
        {"all padding", PACKET("\xA0\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44\x00\x00\x00\x04"), 0},
        {"CSRC, extension and padding",
         PACKET("\xB1\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44"
                "CSRC\x00\x00\x00\x01"
                "extnp\x01"),
         1},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rtp_packet p;
        if (parse_guarded(table[i].data, table[i].len, &p) != ST_OK || p.payload.len != table[i].payload_len) {
            fail_msg("%s", table[i].what);
        }
        assert_int_equal(p.sequence, 1);
        assert_int_equal(p.timestamp, 160);
        assert_int_equal(p.ssrc, 0x11223344);
    }
}

static void test_fields(void **state)
{
    (void)state;
    struct rtp_packet p;
    struct span datagram = SPAN_LIT("\x80\xE5\xFE\xDC\x89\xAB\xCD\xEF\xFF\xEE\xDD\xCCxyz");
    assert_int_equal(rtp_packet_parse(datagram, &p), ST_OK);
    assert_true(p.marker);
    assert_int_equal(p.payload_type, 101);
    assert_int_equal(p.sequence, 0xFEDC);
    assert_int_equal(p.timestamp, 0x89ABCDEF);
    assert_int_equal(p.ssrc, 0xFFEEDDCC);
    assert_true(span_eq(p.payload, SPAN_LIT("xyz")));
}

/* FAULTS 24: one octet, text, RTCP and packets over the limit were all forwarded. */
static void test_fault_24_refused_table(void **state)
{
    (void)state;
    static const struct {
        const char *what, *data;
        size_t len;
    } table[] = {
        {"nothing", PACKET("")},
        {"one octet", PACKET("\x80")},
        {"13 octets of text", PACKET("hello, world!")},
        {"version 1", PACKET("\x40\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44")},
        {"version 3", PACKET("\xC0\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44")},
        {"RTCP SR", PACKET("\x80\xC8\x00\x06\x00\x00\x00\xA0\x11\x22\x33\x44")},
        {"RTCP RR", PACKET("\x80\xC9\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44")},
        {"RTCP APP", PACKET("\x80\xCC\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44")},
        {"type 72 unmarked", PACKET("\x80\x48\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44")},
        {"CSRC list cut", PACKET("\x82\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44"
                                 "CSRC")},
        {"extension header cut", PACKET("\x90\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44\xBE\xDE\x00")},
        {"extension cut", PACKET("\x90\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44\xBE\xDE\x00\x02"
                                 "extn")},
        {"extension of 65535 words", PACKET("\x90\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44\xBE\xDE\xFF\xFF"
                                            "extn")},
        {"padding without an octet", PACKET("\xA0\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44")},
        {"padding of zero", PACKET("\xA0\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44pay\x00")},
        {"padding into the header", PACKET("\xA0\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44pay\x05")},
        {"padding into the CSRC list", PACKET("\xA1\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44"
                                              "CSRC\x02")},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rtp_packet p;
        if (parse_guarded(table[i].data, table[i].len, &p) != ST_BAD) {
            fail_msg("%s", table[i].what);
        }
    }
    static char large[RTP_PACKET_MAX + 1] = "\x80";
    struct rtp_packet p;
    assert_int_equal(parse_guarded(large, RTP_PACKET_MAX, &p), ST_OK);
    assert_int_equal(parse_guarded(large, RTP_PACKET_MAX + 1, &p), ST_BAD);
}

static void test_neighbours_of_rtcp_types(void **state)
{
    (void)state;
    char data[RTP_HEADER_LEN] = {(char)0x80};
    for (unsigned byte = 0; byte < 256; byte++) {
        struct rtp_packet p;
        data[1] = (char)byte;
        unsigned type = byte & 0x7F;
        assert_int_equal(parse_guarded(data, sizeof(data), &p), type >= 72 && type <= 76 ? ST_BAD : ST_OK);
    }
}

static const char sample[] = "\xB2\x80\x12\x34\x00\x00\x00\xA0\x11\x22\x33\x44"
                             "CSRCcsrc\xBE\xDE\x00\x01"
                             "extnpayload\x00\x02";

static void test_every_truncation(void **state)
{
    (void)state;
    /* 28 octets of header, list and extension; the payload's own octets are no legal padding counts but by chance. */
    for (size_t len = 0; len < 28; len++) {
        struct rtp_packet p;
        assert_int_equal(parse_guarded(sample, len, &p), ST_BAD);
    }
    for (size_t len = 28; len < sizeof(sample); len++) {
        struct rtp_packet p;
        (void)!parse_guarded(sample, len, &p);
    }
}

static void test_every_byte_change(void **state)
{
    (void)state;
    size_t len = sizeof(sample) - 1;
    for (size_t at = 0; at < len; at++) {
        for (unsigned value = 0; value < 256; value++) {
            char changed[sizeof(sample)];
            struct rtp_packet p;
            memcpy(changed, sample, sizeof(sample));
            changed[at] = (char)value;
            (void)!parse_guarded(changed, len, &p);
        }
    }
}

static void test_write_and_parse(void **state)
{
    (void)state;
    char storage[64];
    struct outbuf out;
    struct rtp_packet back;
    struct rtp_packet p = {true, 8, 0xFFFE, 0xFFFFFF60, 0xDEADBEEF, SPAN_LIT("0123456789")};
    outbuf_init(&out, storage, sizeof(storage));
    assert_int_equal(rtp_packet_write(&p, &out), ST_OK);
    assert_int_equal(out.len, RTP_HEADER_LEN + 10);
    assert_int_equal(rtp_packet_parse(outbuf_view(&out), &back), ST_OK);
    assert_true(back.marker);
    assert_int_equal(back.payload_type, 8);
    assert_int_equal(back.sequence, 0xFFFE);
    assert_int_equal(back.timestamp, 0xFFFFFF60);
    assert_int_equal(back.ssrc, 0xDEADBEEF);
    assert_true(span_eq(back.payload, p.payload));
}

static void test_write_too_large(void **state)
{
    (void)state;
    static char storage[RTP_PACKET_MAX + 8];
    struct outbuf out;
    struct rtp_packet p = {.payload = span_make(storage, RTP_PACKET_MAX - RTP_HEADER_LEN + 1)};
    outbuf_init(&out, storage, sizeof(storage));
    assert_int_equal(rtp_packet_write(&p, &out), ST_TOO_LARGE);
    for (size_t cap = 0; cap < RTP_HEADER_LEN + 4; cap++) {
        struct guard g = guard_room(cap);
        p.payload = SPAN_LIT("four");
        outbuf_init(&out, g.ptr, cap);
        assert_int_equal(rtp_packet_write(&p, &out), ST_TOO_LARGE);
        guard_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_table),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_fault_24_refused_table),
        cmocka_unit_test(test_neighbours_of_rtcp_types),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_byte_change),
        cmocka_unit_test(test_write_and_parse),
        cmocka_unit_test(test_write_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
