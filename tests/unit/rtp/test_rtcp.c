/* SPDX-License-Identifier: MIT */
/* RTCP: reports written (RFC 3550 6.4, 6.5, 6.6, A.3), validity (A.2), round trip (6.4.1). */
#include "guard.h"
#include "support_rtp.h"

#define US    0xAAAA0001u
#define THEM  0xBBBB0002u
#define WALL  INT64_C(1700000000250000) /* 2023-11-14 22:13:20.25 */
#define HZ    8000
#define CNAME SPAN_LIT("c@h")

static char storage[512];
static struct outbuf out;

static uint32_t u32(size_t at)
{
    const uint8_t *p = (const uint8_t *)storage + at;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static struct rtp_rx receiver(uint16_t first, uint16_t last, uint16_t missing)
{
    struct rtp_rx rx;
    rtp_rx_init(&rx);
    for (uint32_t seq = first; seq <= last; seq++) {
        struct rtp_packet p = packet_numbered(THEM, (uint16_t)seq);
        if (seq != missing) {
            (void)rtp_rx_push(&rx, DUR_MS(20) * seq, &p, HZ);
        }
    }
    return rx;
}

static void write_report(const struct rtp_tx *tx, struct rtp_rx *rx, const struct rtcp_state *state, mono_us now,
                         struct span cname, bool bye)
{
    outbuf_init(&out, storage, sizeof(storage));
    assert_int_equal(rtcp_write_report(tx, rx, state, now, WALL, 777, cname, bye, &out), ST_OK);
    assert_int_equal(out.len % 4, 0);
}

static void test_empty_report(void **state)
{
    (void)state;
    static const char wanted[] = "\x80\xC9\x00\x01\xAA\xAA\x00\x01"
                                 "\x81\xCA\x00\x03\xAA\xAA\x00\x01\x01\x03"
                                 "c@h\x00\x00\x00";
    struct rtp_tx tx = {.ssrc = US};
    struct rtp_rx rx;
    struct rtcp_state s = {0};
    rtp_rx_init(&rx);
    write_report(&tx, &rx, &s, 0, CNAME, false);
    assert_int_equal(out.len, sizeof(wanted) - 1);
    assert_memory_equal(storage, wanted, out.len);
}

static void test_sender_report(void **state)
{
    (void)state;
    struct rtp_tx tx = {.ssrc = US, .packets = 50, .octets = 8000};
    struct rtp_rx rx = receiver(10, 19, 15);
    struct rtcp_state s = {.last_sr_mid = 0x12345678, .last_sr_at = DUR_S(10)};
    write_report(&tx, &rx, &s, DUR_S(10) + 5250000, CNAME, true);
    assert_int_equal(u32(0), 0x81C8000C); /* version 2, one block, SR, 13 words */
    assert_int_equal(u32(4), US);
    assert_int_equal(u32(8), 1700000000u + 2208988800u); /* NTP seconds */
    assert_int_equal(u32(12), 0x40000000);               /* a quarter */
    assert_int_equal(u32(16), 777);
    assert_int_equal(u32(20), 50);
    assert_int_equal(u32(24), 8000);
    assert_int_equal(u32(28), THEM);
    assert_int_equal(u32(32), (256u / 10) << 24 | 1); /* 1 of 10 lost */
    assert_int_equal(u32(36), 19);
    assert_int_equal(u32(44), 0x12345678);
    assert_int_equal(u32(48), 5 * 65536 + 65536 / 4); /* DLSR 5.25 s (the RFC's example) */
    assert_int_equal(u32(52), 0x81CA0003);
    assert_int_equal(u32(68), 0x81CB0001);
    assert_int_equal(u32(72), US);
    assert_int_equal(out.len, 76);
}

static void test_fraction_is_of_the_interval(void **state)
{
    (void)state;
    struct rtp_tx tx = {.ssrc = US};
    struct rtcp_state s = {0};
    struct rtp_rx rx = receiver(65530, 65535, 65533);
    write_report(&tx, &rx, &s, 0, CNAME, false);
    assert_int_equal(u32(12), (256u / 6) << 24 | 1);
    /* Nothing new, then nothing lost, then all but the last of 100: never over 255. */
    write_report(&tx, &rx, &s, 0, CNAME, false);
    assert_int_equal(u32(12), 1);
    struct rtp_packet p = packet_numbered(THEM, 0);
    assert_int_equal(rtp_rx_push(&rx, 0, &p, HZ), RTP_RX_NEW);
    write_report(&tx, &rx, &s, 0, CNAME, false);
    assert_int_equal(u32(12), 1);
    assert_int_equal(u32(16), 65536); /* extended number over the wrap */
    p = packet_numbered(THEM, 2900);
    assert_int_equal(rtp_rx_push(&rx, 0, &p, HZ), RTP_RX_NEW);
    write_report(&tx, &rx, &s, 0, CNAME, false);
    assert_int_equal(u32(12), 255u << 24 | 2900);
    /* A reordered one fills a gap: a negative loss in the interval is none. */
    p = packet_numbered(THEM, 2899);
    assert_int_equal(rtp_rx_push(&rx, 0, &p, HZ), RTP_RX_LATE);
    write_report(&tx, &rx, &s, 0, CNAME, false);
    assert_int_equal(u32(12), 2899);
}

static void test_names_of_every_length(void **state)
{
    (void)state;
    static char name[300];
    memset(name, 'n', sizeof(name));
    struct rtp_tx tx = {.ssrc = US};
    struct rtp_rx rx;
    rtp_rx_init(&rx);
    for (size_t len = 0; len < sizeof(name); len++) {
        struct rtcp_state s = {0};
        write_report(&tx, &rx, &s, 0, span_make(name, len), true);
        assert_int_equal(rtcp_input(&s, outbuf_view(&out), 1, 0, WALL, HZ), ST_OK);
        /* At least one zero ends the list of items. */
        assert_int_equal(storage[out.len - 9], 0);
    }
}

static void test_no_room(void **state)
{
    (void)state;
    struct rtp_tx tx = {.ssrc = US, .packets = 1};
    struct rtp_rx rx = receiver(1, 5, 3);
    struct rtcp_state s = {0};
    for (size_t cap = 0; cap < 76; cap++) {
        struct guard g = guard_room(cap);
        struct outbuf small;
        outbuf_init(&small, g.ptr, cap);
        assert_int_equal(rtcp_write_report(&tx, &rx, &s, 0, WALL, 0, CNAME, true, &small), ST_TOO_LARGE);
        guard_free(&g);
    }
}

/* The example of RFC 3550 figure 2: the SR left at b705:2000 (in its seconds), arrived back at b710:8000 with DLSR
 * 5.250 s: 6.125 s. */
static void test_round_trip_of_the_rfc(void **state)
{
    (void)state;
    struct rtcp_state s = {0};
    char rr[] = "\x81\xC9\x00\x07\xBB\xBB\x00\x02\xAA\xAA\x00\x01\x40\x00\x00\x05\x00\x00\x00\x10\x00\x00\x00\x50"
                "\xb7\x05\x20\x00\x00\x05\x40\x00";
    /* NTP 0xb44db710.80000000 is the figure's moment A: 3025000208.5 s. */
    int64_t wall = (INT64_C(0xb44db710) - INT64_C(2208988800)) * 1000000 + 500000;
    assert_int_equal(rtcp_input(&s, span_make(rr, sizeof(rr) - 1), US, 0, wall, HZ), ST_OK);
    assert_true(s.heard && s.have_rtt && s.have_remote_loss);
    assert_int_equal(s.rtt, 6125000);
    assert_near(s.remote_fraction_lost, 0.25);
    assert_near(s.remote_jitter_ms, 10);
    assert_int_equal(s.last_sr_mid, 0);
}

static int64_t rtt_of(uint32_t sent_mid, uint32_t delay, int64_t wall)
{
    uint8_t rr[32] = {0x81, 0xC9, 0, 7, 1, 1, 1, 1, 0xAA, 0xAA, 0, 1};
    struct rtcp_state s = {0};
    for (unsigned i = 0; i < 4; i++) {
        rr[24 + i] = (uint8_t)(sent_mid >> (24 - 8 * i));
        rr[28 + i] = (uint8_t)(delay >> (24 - 8 * i));
    }
    assert_int_equal(rtcp_input(&s, span_make(rr, sizeof(rr)), US, 0, wall, HZ), ST_OK);
    return s.have_rtt ? s.rtt : -1;
}

static void test_round_trip_table(void **state)
{
    (void)state;
    /* A moment whose middle 32 bits are 0x00008000: half a second behind the 18-hour wrap. */
    int64_t wall = (INT64_C(0xe8e80000) - INT64_C(2208988800)) * 1000000 + 500000;
    assert_int_equal(rtt_of(0x00004000, 0, wall), 250000);
    assert_int_equal(rtt_of(0xFFFFC000, 0, wall), 750000); /* sent before the wrap */
    assert_int_equal(rtt_of(0xFFFFC000, 0x8000, wall), 250000);
    assert_int_equal(rtt_of(0, 0, wall), -1); /* it has heard no SR of ours */
    assert_int_equal(rtt_of(0x00008000, 0, wall), 0);
    assert_int_equal(rtt_of(0x00008010, 0, wall), 0);                 /* clocks read at different moments */
    assert_int_equal(rtt_of(0x00018000, 0, wall), -1);                /* from the future: a clock was set */
    assert_int_equal(rtt_of(0x00008000u - 61 * 65536u, 0, wall), -1); /* nobody waits that long */
}

static void test_our_reports_come_back_as_theirs(void **state)
{
    (void)state;
    /* They send an SR; 100 ms later we report on them; they get it 50 ms after that. */
    struct rtp_tx them = {.ssrc = THEM, .packets = 1};
    struct rtp_rx nothing;
    struct rtcp_state ours = {0};
    struct rtcp_state theirs = {0};
    rtp_rx_init(&nothing);
    write_report(&them, &nothing, &theirs, 0, CNAME, false);
    assert_int_equal(rtcp_input(&ours, outbuf_view(&out), US, DUR_MS(50), WALL + 50000, HZ), ST_OK);
    assert_true(ours.heard);
    assert_false(ours.have_remote_loss);
    assert_int_not_equal(ours.last_sr_mid, 0);
    assert_int_equal(ours.last_sr_at, DUR_MS(50));

    struct rtp_tx us = {.ssrc = US, .packets = 9};
    struct rtp_rx rx = receiver(1, 10, 4);
    write_report(&us, &rx, &ours, DUR_MS(150), CNAME, false);
    assert_int_equal(rtcp_input(&theirs, outbuf_view(&out), THEM, 0, WALL + 200000, HZ), ST_OK);
    assert_true(theirs.have_rtt);
    assert_true(theirs.rtt > 99900 && theirs.rtt < 100100);
    assert_near(theirs.remote_fraction_lost, 25 / 256.0);
}

static void test_an_echo_of_our_own_is_not_theirs(void **state)
{
    (void)state;
    struct rtp_tx us = {.ssrc = US, .packets = 9};
    struct rtp_rx rx = receiver(1, 10, 4);
    struct rtcp_state s = {0};
    write_report(&us, &rx, &s, 0, CNAME, false);
    assert_int_equal(rtcp_input(&s, outbuf_view(&out), US, 0, WALL, HZ), ST_OK);
    assert_false(s.heard || s.have_rtt || s.have_remote_loss);
}

static void test_blocks_about_others_do_not_count(void **state)
{
    (void)state;
    struct rtp_tx them = {.ssrc = THEM};
    struct rtp_rx rx = receiver(1, 10, 4); /* about THEM */
    struct rtcp_state s = {0};
    write_report(&them, &rx, &s, 0, CNAME, false);
    assert_int_equal(rtcp_input(&s, outbuf_view(&out), US, 0, WALL, HZ), ST_OK);
    assert_true(s.heard);
    assert_false(s.have_remote_loss);
}

#define RR_ONLY "\x80\xC9\x00\x01\xBB\xBB\x00\x02"

static void test_validity_table(void **state)
{
    (void)state;
    static const struct {
        const char *what, *data;
        size_t len;
        int status;
    } table[] = {
#define ROW(what, literal, status) {what, literal, sizeof(literal) - 1, status}
        ROW("RR alone", RR_ONLY, ST_OK),
        ROW("RR, BYE", RR_ONLY "\x81\xCB\x00\x01\xBB\xBB\x00\x02", ST_OK),
        ROW("RR, APP", RR_ONLY "\x80\xCC\x00\x02\xBB\xBB\x00\x02name", ST_OK),
        ROW("RR, unknown type", RR_ONLY "\x80\xFA\x00\x00", ST_OK),
        ROW("RR, padded BYE", RR_ONLY "\xA1\xCB\x00\x02\xBB\xBB\x00\x02\x00\x00\x00\x04", ST_OK),
        ROW("nothing", "", ST_BAD),
        ROW("header alone", "\x80\xC9\x00\x00", ST_BAD),
        ROW("SDES first", "\x81\xCA\x00\x01\xBB\xBB\x00\x02", ST_BAD),
        ROW("BYE alone", "\x81\xCB\x00\x01\xBB\xBB\x00\x02", ST_BAD),
        ROW("version 1", "\x40\xC9\x00\x01\xBB\xBB\x00\x02", ST_BAD),
        ROW("version 1 in the second", RR_ONLY "\x41\xCB\x00\x01\xBB\xBB\x00\x02", ST_BAD),
        ROW("first one padded", "\xA0\xC9\x00\x02\xBB\xBB\x00\x02\x00\x00\x00\x04", ST_BAD),
        ROW("padding in the middle", RR_ONLY "\xA1\xCB\x00\x02\xBB\xBB\x00\x02\x00\x00\x00\x04" RR_ONLY, ST_BAD),
        ROW("padding of zero", RR_ONLY "\xA1\xCB\x00\x01\xBB\xBB\x00\x00", ST_BAD),
        ROW("padding of odd length", RR_ONLY "\xA1\xCB\x00\x02\xBB\xBB\x00\x02\x00\x00\x00\x03", ST_BAD),
        ROW("padding over the header", RR_ONLY "\xA1\xCB\x00\x01\xBB\xBB\x00\x08", ST_BAD),
        ROW("length too long", "\x80\xC9\x00\x02\xBB\xBB\x00\x02", ST_BAD),
        ROW("length too short", "\x80\xC9\x00\x00\xBB\xBB\x00\x02", ST_BAD),
        ROW("a rest of three octets", RR_ONLY "\x80\xCB\x00", ST_BAD),
        ROW("RR says a block it has not", "\x81\xC9\x00\x01\xBB\xBB\x00\x02", ST_BAD),
        ROW("SR without sender info", "\x80\xC8\x00\x01\xBB\xBB\x00\x02", ST_BAD),
        ROW("RTP", "\x80\x00\x00\x01\x00\x00\x00\xA0\x11\x22\x33\x44", ST_BAD),
#undef ROW
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rtcp_state s = {0};
        struct guard g = guard_copy(table[i].data, table[i].len);
        if (rtcp_input(&s, span_make(g.ptr, g.len), US, 0, WALL, HZ) != table[i].status) {
            fail_msg("%s", table[i].what);
        }
        assert_true(s.heard == (table[i].status == ST_OK));
        guard_free(&g);
    }
}

/* An SR with a block about US, SDES and BYE. */
static size_t full_compound(char *copy)
{
    struct rtp_tx them = {.ssrc = THEM, .packets = 3};
    struct rtp_rx rx = receiver(1, 10, 4);
    struct rtcp_state s = {.last_sr_mid = 1};
    rx.ssrc = US;
    write_report(&them, &rx, &s, 0, CNAME, true);
    memcpy(copy, storage, out.len);
    return out.len;
}

static void test_every_truncation(void **state)
{
    (void)state;
    char full[128];
    size_t len = full_compound(full);
    for (size_t cut = 0; cut < len; cut++) {
        struct guard g = guard_copy(full, cut);
        struct rtcp_state s = {0};
        int status = rtcp_input(&s, span_make(g.ptr, cut), US, 0, WALL, HZ);
        /* Whole packets of the compound are a compound. */
        assert_int_equal(status, cut == 52 || cut == 68 ? ST_OK : ST_BAD);
        guard_free(&g);
    }
}

static void test_every_byte_change(void **state)
{
    (void)state;
    char full[128];
    size_t len = full_compound(full);
    struct guard g = guard_copy(full, len);
    for (size_t at = 0; at < len; at++) {
        for (unsigned value = 0; value < 256; value++) {
            struct rtcp_state s = {0};
            g.ptr[at] = (char)value;
            int status = rtcp_input(&s, span_make(g.ptr, len), US, 0, WALL, HZ);
            assert_true(status == ST_OK || !s.heard);
            assert_true(!s.have_rtt || (s.rtt >= 0 && s.rtt <= DUR_S(60)));
        }
        g.ptr[at] = full[at];
    }
    guard_free(&g);
}

static void test_times_before_1970_and_far_ahead(void **state)
{
    (void)state;
    struct rtp_tx tx = {.ssrc = US, .packets = 1};
    struct rtp_rx rx;
    struct rtcp_state s = {0};
    rtp_rx_init(&rx);
    outbuf_init(&out, storage, sizeof(storage));
    assert_int_equal(rtcp_write_report(&tx, &rx, &s, 0, -500000, 0, CNAME, false, &out), ST_OK);
    assert_int_equal(u32(8), 2208988799u);
    assert_int_equal(u32(12), 0x80000000);
    /* 2036-02-07 06:28:16: the NTP seconds wrap. */
    outbuf_init(&out, storage, sizeof(storage));
    assert_int_equal(rtcp_write_report(&tx, &rx, &s, 0, INT64_C(2085978496) * 1000000, 0, CNAME, false, &out), ST_OK);
    assert_int_equal(u32(8), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_report),
        cmocka_unit_test(test_sender_report),
        cmocka_unit_test(test_fraction_is_of_the_interval),
        cmocka_unit_test(test_names_of_every_length),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_round_trip_of_the_rfc),
        cmocka_unit_test(test_round_trip_table),
        cmocka_unit_test(test_our_reports_come_back_as_theirs),
        cmocka_unit_test(test_an_echo_of_our_own_is_not_theirs),
        cmocka_unit_test(test_blocks_about_others_do_not_count),
        cmocka_unit_test(test_validity_table),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_byte_change),
        cmocka_unit_test(test_times_before_1970_and_far_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
