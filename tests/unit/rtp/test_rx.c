/* SPDX-License-Identifier: MIT */
/* The receiver: RFC 3550 A.1 (order, jumps), A.3 (loss), A.8 (jitter). */
#include "rng_seeded.h"
#include "support_rtp.h"

#define HZ   8000
#define SSRC 0x1234u

static mono_us now;

static enum rtp_rx_verdict push(struct rtp_rx *rx, uint32_t ssrc, uint16_t seq)
{
    struct rtp_packet p = packet_numbered(ssrc, seq);
    now += DUR_MS(20);
    return rtp_rx_push(rx, now, &p, HZ);
}

static struct rtp_rx rx_at(uint16_t seq)
{
    struct rtp_rx rx;
    rtp_rx_init(&rx);
    assert_int_equal(push(&rx, SSRC, seq), RTP_RX_RESTART);
    return rx;
}

static void test_empty(void **state)
{
    (void)state;
    struct rtp_rx rx;
    rtp_rx_init(&rx);
    assert_int_equal(rtp_rx_expected(&rx), 0);
    assert_int_equal(rtp_rx_lost(&rx), 0);
    assert_near(rtp_rx_jitter_ms(&rx, HZ), 0);
    assert_near(rtp_rx_jitter_ms(&rx, 0), 0);
}

/* A run of packets: what each comes to, and the figures at the end. */
static void test_order_table(void **state)
{
    (void)state;
    enum { N = RTP_RX_NEW, L = RTP_RX_LATE, D = RTP_RX_DUPLICATE, R = RTP_RX_RESTART, H = RTP_RX_HELD, END = -1 };
    static const struct {
        const char *what;
        int seq[10], verdict[10];
        unsigned received, expected, duplicates, reordered;
    } table[] = {
        {"in order", {10, 11, 12, END}, {R, N, N}, 3, 3, 0, 0},
        {"gap", {10, 14, END}, {R, N}, 2, 5, 0, 0},
        {"reordered", {10, 12, 11, 13, END}, {R, N, L, N}, 4, 4, 0, 1},
        {"duplicate of the newest", {10, 11, 11, END}, {R, N, D}, 2, 2, 1, 0},
        {"duplicate of a reordered one", {10, 12, 11, 11, END}, {R, N, L, D}, 3, 3, 1, 1},
        {"before the first", {10, 9, 8, 8, END}, {R, L, L, D}, 3, 3, 1, 2},
        {"before the first with a gap", {10, 7, END}, {R, L}, 2, 4, 0, 1},
        {"wrap", {65534, 65535, 0, 1, END}, {R, N, N, N}, 4, 4, 0, 0},
        {"wrap with a gap", {65534, 2, 65535, END}, {R, N, L}, 3, 5, 0, 1},
        {"before a first 0", {0, 65535, 1, END}, {R, L, N}, 3, 3, 0, 1},
        {"largest step", {10, 3009, END}, {R, N}, 2, 3000, 0, 0},
        {"jump, alone", {10, 3010, 11, END}, {R, H, N}, 2, 2, 0, 0},
        {"jump, confirmed", {10, 3010, 3011, 3012, END}, {R, H, R, N}, 3, 3, 0, 0},
        {"jump, not consecutive", {10, 3010, 3012, 3013, END}, {R, H, H, R}, 2, 2, 0, 0},
        {"jump back, confirmed", {30000, 10, 11, END}, {R, H, R}, 2, 2, 0, 0},
        {"jump to the last number", {100, 65535, 0, END}, {R, H, R}, 2, 2, 0, 0},
        {"held one again after its confirmation", {10, 5000, 5001, 5000, END}, {R, H, R, L}, 3, 3, 0, 1},
        {"window's oldest", {100, 163, 100, END}, {R, N, D}, 2, 64, 1, 0},
        {"window's oldest, new", {90, 163, 100, END}, {R, N, L}, 3, 74, 0, 1},
        {"older than the window", {90, 163, 99, END}, {R, N, D}, 2, 74, 1, 0},
        {"oldest that is no jump", {90, 199, 100, END}, {R, N, D}, 2, 110, 1, 0},
        {"older is a jump", {90, 199, 99, END}, {R, N, H}, 2, 110, 0, 0},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rtp_rx rx;
        rtp_rx_init(&rx);
        for (size_t k = 0; k < 10 && table[i].seq[k] != END; k++) {
            int verdict = (int)push(&rx, SSRC, (uint16_t)table[i].seq[k]);
            if (verdict != table[i].verdict[k]) {
                fail_msg("%s, packet %zu: %d", table[i].what, k, verdict);
            }
        }
        if (rx.received != table[i].received || rtp_rx_expected(&rx) != table[i].expected ||
            rx.duplicates != table[i].duplicates || rx.reordered != table[i].reordered) {
            fail_msg("%s: received %u expected %u duplicates %u reordered %u", table[i].what, (unsigned)rx.received,
                     (unsigned)rtp_rx_expected(&rx), (unsigned)rx.duplicates, (unsigned)rx.reordered);
        }
        assert_int_equal(rtp_rx_lost(&rx), table[i].expected - table[i].received);
    }
}

static void test_window_against_a_list(void **state)
{
    (void)state;
    /* Any mixture within 63 of the newest: the window must agree with a plain list of what was seen. */
    uint64_t seed = 7;
    struct rng rng = {rng_seeded_fill, &seed};
    static bool seen[4096];
    struct rtp_rx rx = rx_at(100);
    uint32_t newest = 100;
    uint32_t count = 1;
    seen[100] = true;
    for (int i = 0; i < 3000; i++) {
        uint32_t seq = newest + 2 - rng_below(&rng, 65);
        bool fresh = !seen[seq];
        enum rtp_rx_verdict verdict = push(&rx, SSRC, (uint16_t)seq);
        seen[seq] = true;
        count += fresh ? 1 : 0;
        assert_int_equal(verdict, !fresh ? RTP_RX_DUPLICATE : seq > newest ? RTP_RX_NEW : RTP_RX_LATE);
        newest = seq > newest ? seq : newest;
    }
    assert_int_equal(rx.received, count);
}

static void test_many_wraps(void **state)
{
    (void)state;
    struct rtp_rx rx = rx_at(0);
    for (uint32_t i = 1; i < 200000; i++) {
        if (i % 100 != 0) {
            assert_int_equal(push(&rx, SSRC, (uint16_t)i), RTP_RX_NEW);
        }
    }
    assert_int_equal(rx.cycles, 3u << 16);
    assert_int_equal(rtp_rx_expected(&rx), 200000);
    assert_int_equal(rtp_rx_lost(&rx), 1999);
}

static void test_new_ssrc_keeps_the_figures(void **state)
{
    (void)state;
    struct rtp_rx rx = rx_at(10);
    push(&rx, SSRC, 15);
    assert_int_equal(rtp_rx_lost(&rx), 4);
    assert_int_equal(push(&rx, 0x99, 40000), RTP_RX_RESTART);
    assert_int_equal(push(&rx, 0x99, 40002), RTP_RX_NEW);
    assert_int_equal(rx.ssrc, 0x99);
    assert_int_equal(rx.received, 4);
    assert_int_equal(rx.received_here, 2);
    assert_int_equal(rtp_rx_expected(&rx), 6 + 3);
    assert_int_equal(rtp_rx_lost(&rx), 5);
}

static void push_timed(struct rtp_rx *rx, uint16_t seq, uint32_t timestamp, mono_us at)
{
    struct rtp_packet p = {.ssrc = SSRC, .sequence = seq, .timestamp = timestamp};
    (void)rtp_rx_push(rx, at, &p, HZ);
}

static void test_jitter_by_hand(void **state)
{
    (void)state;
    struct rtp_rx rx;
    rtp_rx_init(&rx);
    push_timed(&rx, 1, 0, DUR_MS(1000));
    push_timed(&rx, 2, 160, DUR_MS(1020));
    assert_near(rx.jitter, 0);
    push_timed(&rx, 3, 320, DUR_MS(1050)); /* 10 ms late: D = 80, J = 80 / 16 */
    assert_near(rx.jitter, 5);
    push_timed(&rx, 4, 480, DUR_MS(1060)); /* on time again: D = -80, J = 5 + 75 / 16 */
    assert_near(rx.jitter, 9.6875);
    push_timed(&rx, 4, 480, DUR_MS(1500)); /* a duplicate says nothing */
    assert_near(rx.jitter, 9.6875);
    assert_near(rtp_rx_jitter_ms(&rx, HZ), 9.6875 / 8);
}

static void test_jitter_over_the_timestamp_wrap(void **state)
{
    (void)state;
    struct rtp_rx rx;
    rtp_rx_init(&rx);
    uint32_t timestamp = 0xFFFFFE00;
    for (uint16_t i = 0; i < 20; i++, timestamp += 160) {
        push_timed(&rx, i, timestamp, DUR_MS(20) * i);
    }
    assert_near(rx.jitter, 0);
}

static void test_jitter_after_years_of_uptime(void **state)
{
    (void)state;
    struct rtp_rx rx;
    rtp_rx_init(&rx);
    mono_us start = INT64_MAX / 4;
    for (uint16_t i = 0; i < 20; i++) {
        push_timed(&rx, i, 160u * i, start + DUR_MS(20) * i);
    }
    assert_true(rx.jitter < 1);
}

static void test_timestamp_set_anew_is_no_jitter(void **state)
{
    (void)state;
    struct rtp_rx rx;
    rtp_rx_init(&rx);
    push_timed(&rx, 1, 1000, DUR_MS(0));
    push_timed(&rx, 2, 0x80000000, DUR_MS(20));
    assert_near(rx.jitter, 0);
    push_timed(&rx, 3, 0x80000000 + 160, DUR_MS(50));
    assert_near(rx.jitter, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_order_table),
        cmocka_unit_test(test_window_against_a_list),
        cmocka_unit_test(test_many_wraps),
        cmocka_unit_test(test_new_ssrc_keeps_the_figures),
        cmocka_unit_test(test_jitter_by_hand),
        cmocka_unit_test(test_jitter_over_the_timestamp_wrap),
        cmocka_unit_test(test_jitter_after_years_of_uptime),
        cmocka_unit_test(test_timestamp_set_anew_is_no_jitter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
