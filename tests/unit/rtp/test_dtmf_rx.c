/* SPDX-License-Identifier: MIT */
/* Keys received: once per press, with every packet lost in turn, in every order, over a change of SSRC, in segments. */
#include <stdlib.h>

#include "support_rtp.h"

#define A 0x1234u
#define B 0x9999u

struct event {
    uint32_t ssrc, timestamp;
    uint16_t duration;
    uint8_t event;
    bool end, marker;
};

static mono_us now = DUR_S(1000);

static char push_len(struct rtp_dtmf_rx *k, const struct event *e, size_t len)
{
    char payload[8] = {(char)e->event, (char)(e->end ? 0x8A : 0x0A), (char)(e->duration >> 8), (char)e->duration};
    struct rtp_packet p = {.ssrc = e->ssrc, .timestamp = e->timestamp, .marker = e->marker, .payload = {payload, len}};

    now += DUR_MS(20);
    rtp_dtmf_rx_stream(k, now, e->ssrc);
    return rtp_dtmf_rx_push(k, now, &p);
}

static char push(struct rtp_dtmf_rx *k, const struct event *e)
{
    return push_len(k, e, RTP_EVENT_LEN);
}

/* 100 ms as we send them: five packets, the last of them three times. */
static size_t press(struct event *out, uint32_t ssrc, uint32_t timestamp, uint8_t event)
{
    for (size_t i = 0; i < 7; i++) {
        uint16_t duration = (uint16_t)(i < 5 ? 160 * (i + 1) : 800);
        out[i] = (struct event){ssrc, timestamp, duration, event, i >= 4, i == 0};
    }
    return 7;
}

static void test_names(void **state)
{
    (void)state;
    static const char keys[] = "0123456789*#ABCD";
    for (int i = 0; i < 256; i++) {
        assert_int_equal(rtp_event_key((uint8_t)i), i < 16 ? keys[i] : 0);
    }
    for (int c = 0; c < 256; c++) {
        const char *found = c != 0 ? strchr(keys, c) : NULL;
        int event = found != NULL ? (int)(found - keys) : c >= 'a' && c <= 'd' ? 12 + c - 'a' : -1;
        assert_int_equal(rtp_event_of_key((char)c), event);
    }
}

static void test_every_event(void **state)
{
    (void)state;
    for (unsigned event = 0; event < 256; event++) {
        struct rtp_dtmf_rx k;
        struct event e = {A, 1, 160, (uint8_t)event, false, true};
        rtp_dtmf_rx_init(&k, 8000);
        assert_int_equal(push(&k, &e), event < 16 ? "0123456789*#ABCD"[event] : 0);
        assert_int_equal(push(&k, &e), 0);
    }
}

static void test_short_and_long_payloads(void **state)
{
    (void)state;
    struct rtp_dtmf_rx k;
    struct event e = {A, 1, 160, 5, false, true};
    rtp_dtmf_rx_init(&k, 8000);
    for (size_t len = 0; len < 4; len++) {
        assert_int_equal(push_len(&k, &e, len), 0);
    }
    assert_int_equal(push_len(&k, &e, 8), '5'); /* only the first event of a packet counts */
    assert_int_equal(push_len(&k, &e, 8), 0);
}

/* Any one packet, any two, all but one missing. */
static void test_lost_packets(void **state)
{
    (void)state;
    for (unsigned kept = 1; kept < 128; kept++) {
        struct rtp_dtmf_rx k;
        struct event e[7];
        unsigned told = 0;
        rtp_dtmf_rx_init(&k, 8000);
        size_t n = press(e, A, 0xFFFFFF00, 7);
        for (size_t i = 0; i < n; i++) {
            if ((kept >> i & 1) != 0) {
                char key = push(&k, &e[i]);
                assert_true(key == (told == 0 ? '7' : 0)); /* with the first that came */
                told++;
            }
        }
    }
}

/* Calls check for each order of the events. */
static void permute(struct event *e, size_t count, size_t from, void (*check)(const struct event *, size_t))
{
    if (from == count) {
        check(e, count);
        return;
    }
    for (size_t i = from; i < count; i++) {
        struct event swap = e[from];
        e[from] = e[i];
        e[i] = swap;
        permute(e, count, from + 1, check);
        e[i] = e[from];
        e[from] = swap;
    }
}

static const char *expected;
static unsigned long orders;

static void once_each(const struct event *e, size_t count)
{
    struct rtp_dtmf_rx k;
    unsigned told[256] = {0};
    unsigned keys = 0;

    rtp_dtmf_rx_init(&k, 8000);
    now += DUR_S(10);
    rtp_dtmf_rx_stream(&k, now, A); /* the audio before */
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < count; i++) {
            char key = push(&k, &e[i]);
            now -= DUR_MS(19); /* reordered packets come close together */
            told[(uint8_t)key]++;
            keys += key != 0 ? 1 : 0;
        }
    }
    if (keys != strlen(expected)) {
        fail_msg("%u keys instead of %s", keys, expected);
    }
    for (const char *c = expected; *c != '\0'; c++) {
        unsigned times = 0;
        for (const char *d = expected; *d != '\0'; d++) {
            times += *d == *c ? 1 : 0;
        }
        assert_int_equal(told[(uint8_t)*c], times);
    }
    orders++;
}

static void test_every_order(void **state)
{
    (void)state;
    struct event e[8];
    orders = 0;
    press(e, A, 100, 3);
    expected = "3";
    permute(e, 7, 0, once_each);
    /* two presses, the ends of the first behind the second and so on: of another key, of the same key */
    for (uint8_t second = 3; second < 5; second++) {
        static const size_t picked[] = {0, 3, 5, 6};
        struct event all[14];
        press(all, A, 0xFFFFFC00, 3);
        press(all + 7, A, 0xFFFFFC00 + 1600, second);
        for (size_t i = 0; i < 4; i++) {
            e[i] = all[picked[i]];
            e[4 + i] = all[7 + picked[i]];
        }
        expected = second == 3 ? "33" : "34";
        permute(e, 8, 0, once_each);
    }
    assert_int_equal(orders, 5040 + 2 * 40320);
}

/* The SSRC changes before packet `at`; the new stream's timestamps are the same or others. */
static void test_ssrc_changes_in_a_press(void **state)
{
    (void)state;
    orders = 0;
    for (size_t at = 1; at < 7; at++) {
        for (int translated = 0; translated < 2; translated++) {
            struct event e[7];
            press(e, A, 100, 9);
            for (size_t i = at; i < 7; i++) {
                e[i].ssrc = B;
                e[i].timestamp = translated != 0 ? 0x70000000 : 100;
            }
            expected = "9";
            permute(e, 7, 0, once_each);
        }
    }
    assert_int_equal(orders, 12 * 5040);
}

static void test_another_press_after_the_change(void **state)
{
    (void)state;
    struct rtp_dtmf_rx k;
    struct event e[14];
    unsigned told = 0;
    rtp_dtmf_rx_init(&k, 8000);
    press(e, A, 100, 9);
    press(e + 7, B, 0x70000000, 9); /* marked: a press of its own, at once */
    for (size_t i = 0; i < 14; i++) {
        told += push(&k, &e[i]) == '9' ? 1 : 0;
    }
    assert_int_equal(told, 2);
    e[0] = (struct event){A, 5000, 320, 9, false, false}; /* no marker, but long after */
    now += DUR_MS(500);
    assert_int_equal(push(&k, &e[0]), '9');
    e[0] = (struct event){B, 6000, 320, 8, false, false}; /* another key */
    assert_int_equal(push(&k, &e[0]), '8');
}

static bool three_lost_in_a_row(unsigned kept)
{
    for (; kept != 0; kept >>= 1) {
        if ((kept & 1) != 0 && (kept & 0xE) == 0 && kept > 1) {
            return true;
        }
    }
    return false;
}

/* Senders whose timestamps go on counting: in the ends, in the repeated ends only, in every packet. Any of them may be lost, but
 * for three in a row. */
static void test_timestamps_of_their_own(void **state)
{
    (void)state;
    for (int shape = 0; shape < 4; shape++) {
        for (unsigned kept = 1; kept < 128; kept++) {
            struct event e[7];
            size_t n = 0;
            if (three_lost_in_a_row(kept)) {
                continue;
            }
            press(e, A, 0xFFFFFE00, 1);
            for (uint32_t i = 0; i < 7; i++) {
                bool moved = shape == 3 || i > (shape == 0 ? 3U : 4U);
                e[i].timestamp += moved ? 160 * i : 0;
                e[i].duration = (uint16_t)(shape == 2 && i > 4 ? 800 + 160 * (i - 4) : e[i].duration);
                if ((kept >> i & 1) != 0) {
                    e[n++] = e[i];
                }
            }
            /* one packet every 20 ms, lost ones too */
            struct rtp_dtmf_rx k;
            unsigned told = 0;
            rtp_dtmf_rx_init(&k, 8000);
            now += DUR_S(10);
            for (size_t i = 0, at = 0; i < 7; i++, now += (kept >> i & 1) == 0 && i < 7 ? DUR_MS(20) : 0) {
                if ((kept >> i & 1) != 0) {
                    told += push(&k, &e[at++]) == '1' ? 1 : 0;
                }
            }
            if (told != 1) {
                fail_msg("shape %d, packets %x: told %u times", shape, kept, told);
            }
        }
    }
}

/* The same key again and again with the shortest pause there is (40 ms), each with ends of its own timestamps or without: all are
 * told, also when only the ends of one came. */
static void test_quick_presses_stay_apart(void **state)
{
    (void)state;
    for (int moved = 0; moved < 2; moved++) {
        for (unsigned lost = 0; lost < 7; lost++) { /* the first so many of the second press */
            struct event e[21];
            unsigned told = 0;
            struct rtp_dtmf_rx k;
            rtp_dtmf_rx_init(&k, 8000);
            now += DUR_S(10);
            for (uint32_t n = 0; n < 3; n++) {
                press(e + 7 * n, A, 1000 + n * 1280, 1);
                for (uint32_t i = 5; i < 7 && moved != 0; i++) {
                    e[7 * n + i].timestamp += 160 * i;
                }
                for (uint32_t i = 0; i < 7; i++) {
                    bool missing = n == 1 && i < lost;
                    told += !missing && push(&k, &e[7 * n + i]) == '1' ? 1 : 0;
                    now += missing ? DUR_MS(20) : 0;
                }
                now += DUR_MS(20);
            }
            if (told != 3) {
                fail_msg("moved %d, %u lost: told %u times", moved, lost, told);
            }
        }
    }
}

/* A sender whose timestamp stands still while nothing but keys is sent: another event is another key. */
static void test_another_event_of_the_same_timestamp(void **state)
{
    (void)state;
    struct rtp_dtmf_rx k;
    struct event e[14];
    char told[8] = "";
    size_t n = 0;

    rtp_dtmf_rx_init(&k, 8000);
    press(e, A, 500, 1);
    press(e + 7, A, 500, 2);
    for (size_t i = 0; i < 14; i++) {
        char key = push(&k, &e[i]);
        if (key != 0 && n < 7) {
            told[n++] = key;
        }
    }
    assert_string_equal(told, "12");
    assert_int_equal(push(&k, &e[3]), 0); /* late */
}

static void test_newest(void **state)
{
    (void)state;
    struct rtp_dtmf_rx k;
    struct event e[8];
    char payload[4] = {1, 0, 0, (char)160};
    struct rtp_packet p = {.ssrc = A, .timestamp = 100, .payload = {payload, 4}};

    rtp_dtmf_rx_init(&k, 8000);
    assert_false(rtp_dtmf_rx_is_newest(&k, &p));
    press(e, A, 100, 1);
    (void)push(&k, &e[0]);
    assert_true(rtp_dtmf_rx_is_newest(&k, &p));
    e[7] = (struct event){A, 900, 800, 1, true, false};
    (void)push(&k, &e[7]); /* its end under another name */
    p.timestamp = 900;
    assert_true(rtp_dtmf_rx_is_newest(&k, &p));
    press(e, A, 5000, 2);
    (void)push(&k, &e[0]);
    assert_false(rtp_dtmf_rx_is_newest(&k, &p));
    p.payload.len = 0;
    assert_false(rtp_dtmf_rx_is_newest(&k, &p));
}

/* RFC 4733 2.5.1.3: a press of 20 s comes as three events, 65535 apart. */
static void test_long_press(void **state)
{
    (void)state;
    struct rtp_dtmf_rx k;
    unsigned told = 0;
    rtp_dtmf_rx_init(&k, 8000);
    for (uint32_t t = 160; t <= 160000; t += 160) {
        uint32_t segment = (t - 1) / 65535;
        struct event e = {A, 0xFFFF0000 + segment * 65535, (uint16_t)(t - segment * 65535), 1, t == 160000, t == 160};
        told += push(&k, &e) == '1' ? 1 : 0;
    }
    assert_int_equal(told, 1);
    struct event e = {A, 0xFFFF0000 + 3 * 65535, 160, 1, false, false}; /* behind the end: pressed again */
    assert_int_equal(push(&k, &e), '1');
}

static void test_no_end_is_heard(void **state)
{
    (void)state;
    struct rtp_dtmf_rx k;
    rtp_dtmf_rx_init(&k, 8000);
    for (uint32_t n = 0; n < 30; n++) { /* the same key thirty times, one packet of each */
        struct event e = {A, n * 2000, 480, 2, false, false};
        now += DUR_MS(200);
        assert_int_equal(push(&k, &e), '2');
        assert_int_equal(push(&k, &e), 0);
    }
    for (uint32_t n = 30 - RTP_PRESSES_KEPT; n < 30; n++) { /* and late ones of the last sixteen */
        struct event e = {A, n * 2000, 800, 2, true, false};
        assert_int_equal(push(&k, &e), 0);
    }
}

static void test_flood(void **state)
{
    (void)state;
    struct rtp_dtmf_rx k;
    unsigned told = 0;
    rtp_dtmf_rx_init(&k, 8000);
    for (uint32_t n = 0; n < 10000; n++) {
        struct event e = {A, n * 7, 160, (uint8_t)(n % 10), false, true};
        now -= DUR_MS(20); /* 10000 in a second */
        now += 100;
        told += push(&k, &e) != 0 ? 1 : 0;
    }
    assert_true(told >= 32 && told <= 32 + 26);
    now += DUR_S(10);
    told = 0;
    for (uint32_t n = 0; n < 40; n++) { /* over: what was allowed at first is again */
        struct event e = {A, 0x10000000 + n * 1000, 160, 1, false, true};
        now -= DUR_MS(20);
        told += push(&k, &e) != 0 ? 1 : 0;
    }
    assert_int_equal(told, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_every_event),
        cmocka_unit_test(test_short_and_long_payloads),
        cmocka_unit_test(test_lost_packets),
        cmocka_unit_test(test_every_order),
        cmocka_unit_test(test_ssrc_changes_in_a_press),
        cmocka_unit_test(test_another_press_after_the_change),
        cmocka_unit_test(test_timestamps_of_their_own),
        cmocka_unit_test(test_quick_presses_stay_apart),
        cmocka_unit_test(test_another_event_of_the_same_timestamp),
        cmocka_unit_test(test_newest),
        cmocka_unit_test(test_long_press),
        cmocka_unit_test(test_no_end_is_heard),
        cmocka_unit_test(test_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
