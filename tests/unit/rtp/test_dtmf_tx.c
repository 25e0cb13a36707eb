/* SPDX-License-Identifier: MIT */
/* Keys to be sent: RFC 4733 events packet by packet, tones sample by sample, pauses, late and skipped ticks. */
#include "support_rtp.h"

#define START 0xFFFFFE00u

static struct rtp_dtmf_tx keys_of(const char *text)
{
    struct rtp_dtmf_tx k;

    rtp_dtmf_tx_init(&k, &g711);
    assert_int_equal(rtp_dtmf_tx_add(&k, span_cstr(text)), ST_OK);
    return k;
}

static void test_what_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
    } table[] = {{"", ST_BAD},
                 {"5", ST_OK},
                 {"0123456789*#ABCDabcd,", ST_OK},
                 {"E", ST_BAD},
                 {"5 ", ST_BAD},
                 {"1-2", ST_BAD},
                 {"12e", ST_BAD},
                 {"\xef\xbc\x95", ST_BAD},
                 {"1234567890123456789012345678901234567890123456789012345678901234", ST_OK},
                 {"12345678901234567890123456789012345678901234567890123456789012345", ST_TOO_LARGE}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rtp_dtmf_tx k;
        rtp_dtmf_tx_init(&k, &g711);
        assert_int_equal(rtp_dtmf_tx_add(&k, span_cstr(table[i].text)), table[i].status);
        assert_int_equal(rtp_dtmf_tx_busy(&k, 0), table[i].status == ST_OK);
    }
    struct rtp_dtmf_tx k = keys_of("123456789012345678901234567890123456789012345678901234567890123");
    assert_int_equal(rtp_dtmf_tx_add(&k, SPAN_LIT("12")), ST_FULL); /* nothing of it */
    assert_int_equal(rtp_dtmf_tx_add(&k, span_make("1\0", 2)), ST_BAD);
    assert_int_equal(rtp_dtmf_tx_add(&k, SPAN_LIT("1")), ST_OK);
    assert_int_equal(k.count, RTP_DTMF_MAX);
}

static void is_event(const struct rtp_dtmf_step *s, uint8_t event, bool marker, uint32_t timestamp, bool end,
                     unsigned duration)
{
    assert_int_equal(s->turn, RTP_DTMF_TURN_EVENT);
    assert_int_equal(s->marker, marker);
    assert_int_equal(s->timestamp, timestamp);
    assert_int_equal(s->payload[0], event);
    assert_int_equal(s->payload[1], (end ? 0x80 : 0) | 10);
    assert_int_equal(s->payload[2] << 8 | s->payload[3], duration);
}

/* From `timestamp` on: one event of 100 ms and 100 ms of silence. */
static uint32_t whole_event(struct rtp_dtmf_tx *k, uint32_t timestamp, uint8_t event)
{
    for (unsigned i = 0; i < 10; i++) {
        struct rtp_dtmf_step s = rtp_dtmf_tx_step(k, timestamp + 160 * i, 160, true);
        if (i < 7) {
            is_event(&s, event, i == 0, timestamp, i >= 4, i < 5 ? 160 * (i + 1) : 800);
        } else {
            assert_int_equal(s.turn, RTP_DTMF_TURN_SILENCE);
            assert_int_equal(s.samples, 160);
        }
    }
    return timestamp + 1600;
}

static void test_events(void **state)
{
    (void)state;
    struct rtp_dtmf_tx k = keys_of("1#,d");
    uint32_t t = whole_event(&k, START, 1);
    t = whole_event(&k, t, 11);
    for (unsigned i = 0; i < 25; i++, t += 160) {
        assert_int_equal(rtp_dtmf_tx_step(&k, t, 160, true).turn, RTP_DTMF_TURN_SILENCE);
    }
    t = whole_event(&k, t, 15);
    assert_true(rtp_dtmf_tx_busy(&k, t - 160));
    assert_false(rtp_dtmf_tx_busy(&k, t));
    assert_int_equal(rtp_dtmf_tx_step(&k, t, 160, true).turn, RTP_DTMF_TURN_NONE);
    assert_false(rtp_dtmf_tx_busy(&k, t));
}

/* Ticks are skipped after step `at`: the durations are those of the clock, the end is told three times, the next key begins
 * 200 ms after this one at the earliest. */
static void test_skipped_ticks(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 10; at++) {
        for (uint32_t skipped = 1; skipped < 30; skipped++) {
            struct rtp_dtmf_tx k = keys_of("45");
            uint32_t t = 1000;
            unsigned ends = 0;
            unsigned last = 0;
            for (unsigned i = 0; i < 40; i++, t += 160) {
                t += i == at + 1 ? skipped * 160 : 0;
                struct rtp_dtmf_step s = rtp_dtmf_tx_step(&k, t, 160, true);
                if (s.turn == RTP_DTMF_TURN_EVENT && s.payload[0] == 5) {
                    assert_int_equal(ends, 3);
                    assert_true(t >= 2600);
                    assert_true(s.marker && s.timestamp == t);
                    break;
                }
                if (s.turn != RTP_DTMF_TURN_EVENT) {
                    continue;
                }
                unsigned duration = (unsigned)s.payload[2] << 8 | s.payload[3];
                assert_int_equal(s.timestamp, 1000);
                assert_int_equal(duration, t + 160 - 1000 < 800 ? t + 160 - 1000 : 800);
                assert_true(duration >= last);
                last = duration;
                ends += (s.payload[1] & 0x80) != 0 ? 1 : 0;
            }
            assert_int_equal(k.key, '5');
        }
    }
}

/* Tones and silences in pieces of any length: 100 ms each, to the sample. */
static void test_tones(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {160, 320, 480, 1, 33};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct rtp_dtmf_tx k = keys_of("7*,");
        static char heard[8000];
        uint32_t n = 0;
        for (;;) {
            uint32_t left = lengths[i] - n % lengths[i]; /* of the packet */
            struct rtp_dtmf_step s = rtp_dtmf_tx_step(&k, START + n, left, false);
            if (s.turn == RTP_DTMF_TURN_NONE) {
                break;
            }
            assert_true(s.samples > 0 && s.samples <= left);
            assert_true(s.turn != RTP_DTMF_TURN_TONE || s.offset == n % 1600);
            memset(heard + n, s.turn == RTP_DTMF_TURN_TONE ? s.key : '.', s.samples);
            n += s.samples;
        }
        assert_int_equal(n, 1600 + 1600 + 4000);
        for (uint32_t at = 0; at < n; at++) {
            assert_int_equal(heard[at], at < 800 ? '7' : at >= 1600 && at < 2400 ? '*' : '.');
        }
    }
}

static void test_event_waits_for_a_whole_packet(void **state)
{
    (void)state;
    struct rtp_dtmf_tx k = keys_of("5");
    struct rtp_dtmf_step s = rtp_dtmf_tx_step(&k, START, 40, true);
    assert_int_equal(s.turn, RTP_DTMF_TURN_SILENCE);
    assert_int_equal(s.samples, 40);
    whole_event(&k, START + 40, 5);
}

static void test_cut(void **state)
{
    (void)state;
    struct rtp_dtmf_tx k = keys_of("56");
    assert_int_equal(rtp_dtmf_tx_step(&k, 0, 160, true).turn, RTP_DTMF_TURN_EVENT);
    rtp_dtmf_tx_cut(&k);
    whole_event(&k, 160, 6);
}

/* Events are agreed or not from step `at` on: no event leaves without an agreement, no audio while the key has its time, the next
 * key goes the new way. */
static void test_another_agreement(void **state)
{
    (void)state;
    for (unsigned at = 1; at < 10; at++) {
        struct rtp_dtmf_tx k = keys_of("56");
        for (unsigned i = 0; i < 10; i++) {
            struct rtp_dtmf_step s = rtp_dtmf_tx_step(&k, START + 160 * i, 160, i < at);
            assert_int_equal(s.turn, i < at && i < 7 ? RTP_DTMF_TURN_EVENT : RTP_DTMF_TURN_SILENCE);
        }
        struct rtp_dtmf_step s = rtp_dtmf_tx_step(&k, START + 1600, 160, false);
        assert_true(s.turn == RTP_DTMF_TURN_TONE && s.key == '6' && s.offset == 0);
        k = keys_of("56");
        for (unsigned i = 0; i < 10; i++) {
            s = rtp_dtmf_tx_step(&k, START + 160 * i, 160, i >= at);
            assert_int_equal(s.turn, i < 5 ? RTP_DTMF_TURN_TONE : RTP_DTMF_TURN_SILENCE);
        }
        whole_event(&k, START + 1600, 6);
    }
}

static void test_packets(void **state)
{
    (void)state;
    struct rtp_tx tx = {.ssrc = 7, .timestamp = 5000, .sequence = 0xFFFF, .payload_type = 8, .packets = 3};
    struct rtp_dtmf_step step = {.marker = true, .timestamp = 4000, .payload = {1, 10, 0, 160}};
    uint8_t bytes[32];
    struct outbuf out;
    struct rtp_packet p;

    outbuf_init(&out, bytes, sizeof(bytes));
    assert_int_equal(rtp_tx_event(&tx, &step, 96, &out), ST_OK);
    assert_int_equal(rtp_packet_parse(outbuf_view(&out), &p), ST_OK);
    assert_true(p.marker && p.payload_type == 96 && p.sequence == 0xFFFF && p.timestamp == 4000 && p.ssrc == 7);
    assert_memory_equal(p.payload.ptr, step.payload, 4);
    assert_true(tx.sequence == 0 && tx.timestamp == 5000 && tx.packets == 4 && tx.octets == 4);
    outbuf_init(&out, bytes, 15);
    assert_int_equal(rtp_tx_event(&tx, &step, 96, &out), ST_TOO_LARGE);
    assert_int_equal(tx.packets, 4);
}

/* 100 ms on, 100 ms off, 500 ms of pause are so in every clock. */
static void test_another_clock(void **state)
{
    static const struct rtp_clock wide = {16000, 320};
    struct rtp_dtmf_tx k;
    uint32_t at = START;

    (void)state;
    for (int events = 0; events < 2; events++) {
        rtp_dtmf_tx_init(&k, &wide);
        assert_int_equal(rtp_dtmf_tx_add(&k, SPAN_LIT("5,")), ST_OK);
        uint32_t began = at;
        uint32_t sounded = 0;
        for (; rtp_dtmf_tx_busy(&k, at); at += wide.frame) {
            struct rtp_dtmf_step s = rtp_dtmf_tx_step(&k, at, wide.frame, events != 0);
            sounded += s.turn == RTP_DTMF_TURN_TONE ? s.samples : 0;
            if (s.turn == RTP_DTMF_TURN_EVENT && (s.payload[1] & RTP_DTMF_END_BIT) != 0) {
                sounded = (uint32_t)s.payload[2] << 8 | s.payload[3];
            }
            assert_true(s.turn != RTP_DTMF_TURN_TONE || s.total == 1600);
        }
        assert_int_equal(sounded, 1600);
        assert_int_equal(at - began, 1600 + 1600 + 8000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_taken),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_skipped_ticks),
        cmocka_unit_test(test_tones),
        cmocka_unit_test(test_event_waits_for_a_whole_packet),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_another_agreement),
        cmocka_unit_test(test_packets),
        cmocka_unit_test(test_another_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
