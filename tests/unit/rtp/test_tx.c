/* SPDX-License-Identifier: MIT */
/* The sender: identity and continuity (FAULTS 28). */
#include "rng_seeded.h"
#include "support_rtp.h"

static struct rtp_packet send_one(struct rtp_tx *tx, uint32_t samples)
{
    static char storage[256];
    static const char payload[160] = {0};
    struct outbuf out;
    struct rtp_packet p;
    outbuf_init(&out, storage, sizeof(storage));
    assert_int_equal(rtp_tx_packet(tx, span_make(payload, 160), samples, &out), ST_OK);
    assert_int_equal(rtp_packet_parse(outbuf_view(&out), &p), ST_OK);
    assert_int_equal(p.payload.len, 160);
    return p;
}

static struct rtp_tx tx_seeded(uint64_t seed)
{
    struct rtp_tx tx;
    struct rng rng = {rng_seeded_fill, &seed};
    rtp_tx_init(&tx, &rng, 8);
    return tx;
}

static void test_fault_28_random_identity(void **state)
{
    (void)state;
    struct rtp_tx a = tx_seeded(1);
    struct rtp_tx b = tx_seeded(2);
    assert_int_not_equal(a.ssrc, b.ssrc);
    assert_int_not_equal(a.sequence, b.sequence);
    assert_int_not_equal(a.timestamp, b.timestamp);
    assert_int_not_equal(a.ssrc, a.timestamp);
    assert_int_equal(a.timestamp_start, a.timestamp);
    assert_int_equal(a.packets, 0);
}

static void test_fault_28_continuous_and_marked(void **state)
{
    (void)state;
    struct rtp_tx tx = tx_seeded(3);
    struct rtp_packet first = send_one(&tx, 160);
    assert_true(first.marker);
    assert_int_equal(first.payload_type, 8);
    for (uint16_t i = 1; i < 100; i++) {
        struct rtp_packet p = send_one(&tx, 160);
        assert_false(p.marker);
        assert_int_equal(p.ssrc, first.ssrc);
        assert_int_equal(p.sequence, (uint16_t)(first.sequence + i));
        assert_int_equal(p.timestamp, first.timestamp + 160u * i);
    }
    assert_int_equal(tx.packets, 100);
    assert_int_equal(tx.octets, 16000);
}

static void test_skip(void **state)
{
    (void)state;
    struct rtp_tx tx = tx_seeded(4);
    struct rtp_packet a = send_one(&tx, 160);
    rtp_tx_skip(&tx, 480);
    struct rtp_packet b = send_one(&tx, 160);
    struct rtp_packet c = send_one(&tx, 160);
    assert_int_equal(b.timestamp, a.timestamp + 640);
    assert_int_equal(b.sequence, (uint16_t)(a.sequence + 1));
    assert_true(b.marker);
    assert_false(c.marker);
}

static void test_wraps(void **state)
{
    (void)state;
    struct rtp_tx tx = tx_seeded(5);
    tx.sequence = 0xFFFF;
    tx.timestamp = 0xFFFFFF80;
    assert_int_equal(send_one(&tx, 160).sequence, 0xFFFF);
    struct rtp_packet p = send_one(&tx, 160);
    assert_int_equal(p.sequence, 0);
    assert_int_equal(p.timestamp, 0x20);
}

static void test_no_room_changes_nothing(void **state)
{
    (void)state;
    char storage[20];
    struct outbuf out;
    struct rtp_tx tx = tx_seeded(6);
    struct rtp_tx before = tx;
    outbuf_init(&out, storage, sizeof(storage));
    assert_int_equal(rtp_tx_packet(&tx, SPAN_LIT("more than eight octets"), 160, &out), ST_TOO_LARGE);
    assert_memory_equal(&tx, &before, sizeof(tx));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_28_random_identity),
        cmocka_unit_test(test_fault_28_continuous_and_marked),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_wraps),
        cmocka_unit_test(test_no_room_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
