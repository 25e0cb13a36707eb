/* SPDX-License-Identifier: MIT */
/* The window in which packets are put back in order: a listener pulls 20 ms each 20 ms, whatever the far end sends. */
#include <stdio.h>
#include <stdlib.h>

#include "rng_seeded.h"
#include "support_rtp.h"

#define KIND  1
#define OTHER 2
#define SSRC  0x1234u
#define HEARD 200000

/* What the listener heard, and the stream that he hears. */
struct ear {
    struct rtp_rx rx;
    struct rtp_playout p;
    uint32_t ssrc, timestamp; /* of sample 0 */
    uint16_t sequence;        /* of packet 0 */
    uint8_t *octets, *kinds;
    size_t heard;
};

static uint8_t sample(uint64_t n)
{
    return (uint8_t)(((n + 1) * 0x9E3779B97F4A7C15u) >> 40);
}

static struct ear *ear_of_clock(const struct rtp_clock *clock, uint16_t sequence, uint32_t timestamp)
{
    struct ear *e = calloc(1, sizeof(*e));

    assert_non_null(e);
    e->octets = calloc(1, HEARD);
    e->kinds = calloc(1, HEARD);
    assert_true(e->octets != NULL && e->kinds != NULL);
    e->ssrc = SSRC;
    e->sequence = sequence;
    e->timestamp = timestamp;
    rtp_rx_init(&e->rx);
    rtp_playout_init(&e->p, clock, RTP_PLAYOUT_WINDOW, 0);
    return e;
}

static struct ear *ear_new(uint16_t sequence, uint32_t timestamp)
{
    return ear_of_clock(&g711, sequence, timestamp);
}

static void ear_free(struct ear *e)
{
    rtp_playout_fini(&e->p);
    free(e->octets);
    free(e->kinds);
    free(e);
}

/* Packet number `packet` with samples from..from+count-1. */
static void push_at(struct ear *e, uint64_t packet, uint64_t from, size_t count, bool marker)
{
    char octets[2000];
    struct rtp_packet p = {.ssrc = e->ssrc, .marker = marker};

    for (size_t i = 0; i < count; i++) {
        octets[i] = (char)sample(from + i);
    }
    p.sequence = (uint16_t)(e->sequence + packet);
    p.timestamp = e->timestamp + (uint32_t)from;
    p.payload = span_make(octets, count);
    rtp_playout_push(&e->p, &p, rtp_rx_push(&e->rx, 0, &p, e->p.clock.hz), KIND);
}

static void push(struct ear *e, uint64_t packet)
{
    push_at(e, packet, packet * 160, 160, false);
}

static void push_noise(struct ear *e, uint64_t packet, uint64_t at, uint8_t level)
{
    char payload[3] = {(char)level, 1, 2};
    struct rtp_packet p = {.ssrc = e->ssrc, .payload_type = 13, .payload = {payload, 3}};

    p.sequence = (uint16_t)(e->sequence + packet);
    p.timestamp = e->timestamp + (uint32_t)at;
    rtp_playout_push_noise(&e->p, &p, rtp_rx_push(&e->rx, 0, &p, e->p.clock.hz));
}

static void pull(struct ear *e)
{
    struct rtp_play_frame frame;

    assert_true(e->heard + RTP_FRAME_MAX <= HEARD);
    rtp_playout_pull(&e->p, &frame);
    assert_int_equal(frame.count, e->p.clock.frame);
    memcpy(e->octets + e->heard, frame.octets, frame.count);
    for (size_t i = 0; i < frame.count; i++) {
        e->kinds[e->heard + i] = frame.kinds[frame.whole ? 0 : i];
    }
    e->heard += frame.count;
}

static void pulls(struct ear *e, int count)
{
    for (int i = 0; i < count; i++) {
        pull(e);
    }
}

/* `count` samples heard at `at` are those of the stream from `from` on. */
static void heard_audio(const struct ear *e, uint64_t at, uint64_t from, uint64_t count)
{
    assert_true(at + count <= e->heard);
    for (uint64_t i = 0; i < count; i++) {
        if (e->kinds[at + i] != KIND || e->octets[at + i] != sample(from + i)) {
            fail_msg("heard %llu: kind %d, octet %d instead of sample %llu", (unsigned long long)(at + i),
                     e->kinds[at + i], e->octets[at + i], (unsigned long long)(from + i));
        }
    }
}

static void heard_only(const struct ear *e, uint64_t at, uint64_t count, uint8_t kind, uint8_t octet)
{
    assert_true(at + count <= e->heard);
    for (uint64_t i = 0; i < count; i++) {
        if (e->kinds[at + i] != kind || e->octets[at + i] != octet) {
            fail_msg("heard %llu: kind %d, octet %d", (unsigned long long)(at + i), e->kinds[at + i],
                     e->octets[at + i]);
        }
    }
}

static void heard_gap(const struct ear *e, uint64_t at, uint64_t count)
{
    heard_only(e, at, count, RTP_PLAY_GAP, 0);
}

/* ---- in order ---- */

static void test_nothing_ever_comes(void **state)
{
    (void)state;
    struct ear *e = ear_new(0, 0);
    pulls(e, 100);
    heard_gap(e, 0, 16000);
    ear_free(e);
}

/* Each packet is pushed when its last sample was spoken; lengths in samples, over and over. */
static void test_packet_times(void **state)
{
    (void)state;
    static const size_t lengths[][4] = {{160, 160, 160, 160}, {80, 80, 80, 80},     {240, 240, 240, 240},
                                        {320, 320, 320, 320}, {480, 480, 480, 480}, {80, 480, 160, 240},
                                        {1, 399, 7, 33},      {1600, 160, 80, 320}};
    for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
        struct ear *e = ear_new(65500, 0xFFFFF000);
        uint64_t spoken = 0;
        uint64_t packet = 0;
        size_t first = 0;
        for (uint64_t now = 160; now <= 48000; now += 160) {
            size_t len = lengths[k][packet % 4];
            while (spoken + len <= now) {
                first = packet == 0 ? e->heard : first;
                push_at(e, packet, spoken, len, packet == 0);
                packet++;
                spoken += len;
                len = lengths[k][packet % 4];
            }
            pull(e);
        }
        heard_gap(e, 0, first + 480);
        heard_audio(e, first + 480, 0, 48000 - 480 - first);
        assert_int_equal(e->p.late, 0);
        assert_int_equal(e->p.timelines, 1);
        ear_free(e);
    }
}

static void test_every_packet_lost_in_turn(void **state)
{
    (void)state;
    for (uint64_t lost = 0; lost < 20; lost++) {
        struct ear *e = ear_new(65530, 0xFFFFFC00);
        for (uint64_t n = 0; n < 20; n++) {
            if (n != lost) {
                push(e, n);
            }
            pull(e);
        }
        pulls(e, 3);
        uint64_t first = lost == 0 ? 1 : 0;
        heard_gap(e, 0, 480 + first * 160);
        for (uint64_t n = first; n < 20; n++) {
            if (n == lost) {
                heard_gap(e, 480 + n * 160, 160);
            } else {
                heard_audio(e, 480 + n * 160, n * 160, 160);
            }
        }
        ear_free(e);
    }
}

/* ---- reordered, duplicated, late ---- */

/* Packets 5 to 8 arrive in every order, in the ticks in which they would have come, each twice. */
static void test_every_order(void **state)
{
    (void)state;
    for (int code = 0; code < 256; code++) {
        int order[4] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6};
        if ((1 << order[0] | 1 << order[1] | 1 << order[2] | 1 << order[3]) != 15) {
            continue;
        }
        struct ear *e = ear_new(65531, 0xFFFFFF00);
        for (uint64_t n = 0; n < 12; n++) {
            uint64_t which = n >= 5 && n < 9 ? 5 + (uint64_t)order[n - 5] : n;
            push(e, which);
            push(e, which);
            pull(e);
        }
        pulls(e, 3);
        heard_audio(e, 480, 0, 12 * 160);
        assert_int_equal(e->p.late, 0);
        ear_free(e);
    }
}

/* Packet 5 comes so many ticks late: three are in time, four are not. */
static void test_late_packets(void **state)
{
    (void)state;
    for (uint64_t late = 0; late < 8; late++) {
        struct ear *e = ear_new(10, 77);
        for (uint64_t n = 0; n < 16; n++) {
            if (n != 5) {
                push(e, n);
            }
            if (n == 5 + late) {
                push(e, 5);
            }
            pull(e);
        }
        pulls(e, 3);
        heard_audio(e, 480, 0, 800);
        if (late <= 3) {
            heard_audio(e, 1280, 800, 160);
        } else {
            heard_gap(e, 1280, 160);
        }
        heard_audio(e, 1440, 960, 10 * 160);
        assert_int_equal(e->p.late, late <= 3 ? 0 : 1);
        ear_free(e);
    }
}

static void test_late_in_part(void **state)
{
    (void)state;
    struct ear *e = ear_new(10, 77);
    push_at(e, 0, 0, 480, false);
    pulls(e, 6);
    push_at(e, 1, 480, 160, false); /* at its last moment */
    pull(e);
    push_at(e, 2, 560, 480, false); /* 80 of it were heard already, 80 more were passed over */
    pulls(e, 3);
    heard_audio(e, 480, 0, 640);
    heard_audio(e, 1120, 640, 400);
    ear_free(e);
}

/* ---- new timelines ---- */

static void speak(struct ear *e, uint64_t from, uint64_t to)
{
    for (uint64_t n = from; n < to; n++) {
        push(e, n);
        pull(e);
    }
}

/* The first of the new one stands behind the last of the old one, at most a window from when it came. */
static void test_ssrc_changes(void **state)
{
    (void)state;
    struct ear *e = ear_new(65530, 0xFFFFFE00);
    speak(e, 0, 10);
    uint32_t old = e->ssrc;
    uint32_t old_timestamp = e->timestamp;
    e->ssrc = 99;
    e->timestamp = 5;
    speak(e, 100, 102);
    e->ssrc = old;
    e->timestamp = old_timestamp;
    push(e, 10); /* overtaken by the new ones */
    e->ssrc = 99;
    e->timestamp = 5;
    speak(e, 102, 110);
    pulls(e, 3);
    heard_audio(e, 480, 0, 1600);
    heard_audio(e, 2080, 16000, 1600);
    assert_int_equal(e->p.late, 1);
    assert_int_equal(e->p.timelines, 2);
    e->ssrc = old; /* and back again, later */
    e->timestamp = 0;
    speak(e, 200, 210);
    pulls(e, 3);
    heard_audio(e, e->heard - 1600, 32000, 1600);
    ear_free(e);
}

static void test_timestamps_jump(void **state)
{
    (void)state;
    static const uint32_t jumps[] = {1u << 30, 1u << 31, 3u << 30, 28800000, (uint32_t)-5000, 4000, 100000};
    for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
        struct ear *e = ear_new(1, 0);
        speak(e, 0, 10);
        e->timestamp += jumps[i];
        speak(e, 10, 40);
        pulls(e, 3);
        heard_audio(e, 480, 0, 1600);
        heard_audio(e, 2080, 1600, 4800); /* no sample lost, no sample of silence between */
        ear_free(e);
    }
}

/* Less than what is kept: it waits for its time, and the surplus is skipped once it lasts. */
static void test_small_jump(void **state)
{
    (void)state;
    struct ear *e = ear_new(1, 0);
    speak(e, 0, 10);
    e->timestamp += 1600;
    speak(e, 10, 200);
    pulls(e, 3);
    heard_audio(e, 480, 0, 1600);
    heard_gap(e, 2080, 1600);
    heard_audio(e, 3680, 1600, 3200);
    assert_int_equal(e->p.skipped, 1600);
    heard_audio(e, e->heard - 3200, 190 * 160 + 1600 - 3200, 3200); /* back to 60 ms */
    ear_free(e);
}

static void test_sequence_restarts(void **state)
{
    (void)state;
    struct ear *e = ear_new(1, 0);
    speak(e, 0, 10);
    e->sequence = 30000; /* the timestamps go on: one packet is not believed, nothing moves */
    speak(e, 10, 20);
    pulls(e, 3);
    heard_audio(e, 480, 0, 1600);
    heard_gap(e, 2080, 160);
    heard_audio(e, 2240, 1760, 1440);
    assert_int_equal(e->p.timelines, 1);
    pulls(e, 10);
    size_t begin = e->heard;
    e->sequence = 50000; /* and now they stood still meanwhile: behind the unbelieved packet a new timeline */
    speak(e, 20, 30);
    pulls(e, 3);
    heard_gap(e, begin, 160 + 480);
    heard_audio(e, begin + 640, 21 * 160, 1440);
    ear_free(e);
}

/* ---- a far end that is silent ---- */

static void test_silence_with_running_timestamps(void **state)
{
    (void)state;
    for (int marker = 0; marker < 2; marker++) {
        struct ear *e = ear_new(1, 0);
        speak(e, 0, 10);
        pulls(e, 500);
        push_at(e, 10, 510 * 160, 160, marker != 0);
        pull(e);
        pulls(e, 5);
        heard_audio(e, 480, 0, 1600);
        heard_gap(e, 2080, 500 * 160);
        heard_audio(e, 480 + 510 * 160, 510 * 160, 160);
        ear_free(e);
    }
}

/* Timestamps that stood still meanwhile: told by the marker at once, else by the third late packet. */
static void test_silence_with_halted_timestamps(void **state)
{
    (void)state;
    for (int marker = 0; marker < 2; marker++) {
        struct ear *e = ear_new(1, 0);
        speak(e, 0, 10);
        pulls(e, 20);
        size_t begin = e->heard;
        for (uint64_t n = 10; n < 20; n++) {
            push_at(e, n, n * 160, 160, marker != 0 && n == 10);
            pull(e);
        }
        pulls(e, 3);
        uint64_t dropped = marker != 0 ? 0 : 2;
        heard_gap(e, 2080, begin - 2080 + dropped * 160 + 480);
        heard_audio(e, begin + 480 + dropped * 160, 1600 + dropped * 160, (10 - dropped) * 160);
        assert_int_equal(e->p.late, dropped);
        ear_free(e);
    }
}

/* The first packets were slow ones; the delay they made is mended where talk begins. */
static void test_marker_mends_the_delay(void **state)
{
    (void)state;
    struct ear *e = ear_new(1, 0);
    push(e, 0);
    push_at(e, 1, 160, 160, false);
    pulls(e, 30);
    push_at(e, 2, 160 * 60, 160, true); /* would be heard in 33 ticks */
    pulls(e, 5);
    heard_audio(e, 30 * 160 + 480, 9600, 160);
    ear_free(e);
}

static void test_comfort_noise(void **state)
{
    (void)state;
    struct ear *e = ear_new(1, 0);
    speak(e, 0, 5);
    push_noise(e, 5, 800, 60);
    pulls(e, 10);
    push_noise(e, 6, 15 * 160, 0xC6); /* the reserved bit is not looked at */
    pulls(e, 10);
    push_at(e, 7, 25 * 160, 160, true);
    pull(e);
    pulls(e, 10);
    heard_audio(e, 480, 0, 800);
    heard_only(e, 1280, 1600, RTP_PLAY_NOISE, 60);
    heard_only(e, 2880, 1600, RTP_PLAY_NOISE, 0x46);
    heard_audio(e, 4480, 4000, 160);
    heard_gap(e, 4640, 1120); /* what is lost of talk is no noise */
    ear_free(e);
}

static void test_noise_first_and_late(void **state)
{
    (void)state;
    struct ear *e = ear_new(1, 0);
    push_noise(e, 0, 0, 50);
    pulls(e, 6);
    heard_gap(e, 0, 480);
    heard_only(e, 480, 480, RTP_PLAY_NOISE, 50);
    push_at(e, 2, 320, 800, false); /* from 800 to 1600 of what is heard */
    push_noise(e, 1, 160, 40);      /* reordered, its place was heard */
    pulls(e, 4);
    heard_audio(e, 960, 480, 640);
    assert_int_equal(e->p.late, 1);
    ear_free(e);
}

/* ---- clocks ---- */

/* Everything is a time: at 16 kHz all counts of samples are twice as large. A packet lost, one late, one too late, noise, a packet of
 * the SSRC before, and a stream that comes 40 ms earlier than it needs. */
static void test_another_clock(void **state)
{
    (void)state;
    static const struct rtp_clock wide = {16000, 320};
    struct ear *e = ear_of_clock(&wide, 65530, 0xFFFFFC00);
    for (uint64_t n = 0; n < 40; n++) {
        if (n != 5 && n != 10 && n != 15) {
            push_at(e, n, n * 320, 320, false);
        }
        if (n == 13) {
            push_at(e, 10, 10 * 320, 320, false); /* 60 ms late */
        }
        if (n == 19) {
            push_at(e, 15, 15 * 320, 320, false); /* 80 ms */
        }
        pull(e);
    }
    pulls(e, 3);
    heard_gap(e, 0, 960);
    heard_audio(e, 960, 0, 5 * 320);
    heard_gap(e, 960 + 5 * 320, 320);
    heard_audio(e, 960 + 6 * 320, 6 * 320, 9 * 320);
    heard_gap(e, 960 + 15 * 320, 320);
    heard_audio(e, 960 + 16 * 320, 16 * 320, 24 * 320);
    assert_int_equal(e->p.late, 1);
    e->ssrc++;
    push_at(e, 0, 0, 320, true);
    e->ssrc--;
    pulls(e, 4);
    push_at(e, 40, 40 * 320, 320, false); /* the SSRC of before, 80 ms behind the change: dropped */
    assert_int_equal(e->p.late, 2);
    assert_int_equal(e->p.timelines, 2);
    ear_free(e);

    e = ear_of_clock(&wide, 1, 0);
    for (uint64_t n = 0; n < 3; n++) { /* 60 ms at once, and 60 ms ahead from there on */
        push_at(e, n, n * 320, 320, false);
    }
    for (uint64_t n = 3; n < 120; n++) { /* the second fifty of them */
        push_at(e, n, n * 320, 320, false);
        pull(e);
    }
    assert_int_equal(e->p.skipped, 960);
    ear_free(e);
}

/* What came early waits in larger rings, which are given back when a second of packets has needed less. */
static void test_grows_and_shrinks(void **state)
{
    struct ear *e = ear_new(1, 0);
    uint64_t packet = 0;

    (void)state;
    for (; packet < 3; packet++) {
        push(e, packet);
    }
    assert_null(e->p.grown); /* 60 + 60 ms, of 128 */
    for (; packet < 20; packet++) {
        push(e, packet);
    }
    assert_non_null(e->p.grown);
    pulls(e, 19);
    for (; packet < 160; packet++) { /* in step with the listener, 80 ms before him */
        push(e, packet);
        pull(e);
    }
    assert_null(e->p.grown);
    pulls(e, 4);
    heard_gap(e, 0, 480);
    heard_audio(e, 480, 0, packet * 160);
    assert_int_equal(e->p.skipped, 0);
    ear_free(e);
}

static void test_due(void **state)
{
    (void)state;
    static const struct {
        int ms;
        unsigned pulls;
    } table[] = {{0, 1},   {10, 0},  {20, 1},  {41, 1},  {59, 0},  {100, 2},  {120, 2},
                 {140, 1}, {160, 1}, {460, 2}, {461, 2}, {480, 2}, {1480, 2}, {1500, 2}};
    struct rtp_playout p = {0};
    rtp_playout_init(&p, &g711, RTP_PLAYOUT_WINDOW, 0);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        unsigned n = rtp_playout_due(&p, DUR_MS(table[i].ms));
        if (n != table[i].pulls) {
            fail_msg("at %d ms: %u", table[i].ms, n);
        }
    }
    unsigned more = 0; /* all of the stand-still but what is over 400 ms */
    for (int ms = 1520; ms < 3000; ms += 20) {
        more += rtp_playout_due(&p, DUR_MS(ms));
    }
    assert_int_equal(more, (3000 - 1520) / 20 + 18);
}

/* The far end's clock is off by so many packets in 100000; the delay stays, and little is lost. */
static void drift(int off)
{
    struct ear *e = ear_new(1, 0);
    struct rtp_play_frame frame;
    uint64_t sent = 0;
    uint64_t gaps = 0;
    const uint64_t ticks = 180000; /* an hour */

    for (uint64_t t = 0; t < ticks; t++) {
        while (sent * 100000 <= t * (uint64_t)(100000 + off)) {
            push(e, sent++);
        }
        rtp_playout_pull(&e->p, &frame);
        gaps += frame.kinds[0] == RTP_PLAY_GAP ? 1 : 0;
        assert_true(e->p.end - e->p.played <= 480 + 480);
    }
    assert_true(gaps < ticks / 1000);
    assert_true(e->p.skipped + e->p.late * 160 < ticks * 160 / 1000);
    ear_free(e);
}

static void test_clocks_drift(void **state)
{
    (void)state;
    drift(0);
    drift(20);
    drift(-20);
}

/* ---- against a plain list ---- */

#define MODEL_PACKETS 300

struct arrival {
    int64_t at; /* samples of the listener's clock */
    uint64_t packet;
};

static int earlier(const void *a, const void *b)
{
    const struct arrival *x = a;
    const struct arrival *y = b;
    return x->at != y->at ? (x->at < y->at ? -1 : 1) : (x->packet > y->packet) - (x->packet < y->packet);
}

static size_t draw(const struct rng *rng, struct arrival *list, uint32_t jitter, uint32_t loss)
{
    size_t count = 0;

    for (uint64_t n = 0; n < MODEL_PACKETS; n++) {
        bool lost = rng_below(rng, 100) < loss;
        int copies = rng_below(rng, 10) == 0 ? 2 : 1;
        for (int i = 0; i < copies && !lost; i++) {
            list[count++] = (struct arrival){(int64_t)(n * 160 + rng_below(rng, jitter)), n};
        }
    }
    qsort(list, count, sizeof(*list), earlier);
    return count;
}

/* Pushes and pulls by the clock; returns where the first packet's samples are heard. */
static int64_t listen(struct ear *e, const struct arrival *list, size_t count)
{
    int64_t first = -1;
    size_t k = 0;

    for (int64_t tick = 0; tick < (MODEL_PACKETS + 20) * 160; tick += 160) {
        for (; k < count && list[k].at <= tick; k++) {
            first = k == 0 ? (int64_t)e->heard + 480 : first;
            push(e, list[k].packet);
        }
        pull(e);
    }
    return first;
}

/* Less than 40 ms of jitter: every packet that came is heard in its place, every other place is a gap. */
static void model_in_window(uint64_t seed)
{
    static struct arrival list[2 * MODEL_PACKETS];
    struct rng rng = {rng_seeded_fill, &seed};
    struct ear *e = ear_new((uint16_t)rng_u32(&rng), rng_u32(&rng));
    static bool came[MODEL_PACKETS];
    size_t count = draw(&rng, list, 1 + rng_below(&rng, 319), rng_below(&rng, 30));
    int64_t first = listen(e, list, count);

    memset(came, 0, sizeof(came));
    for (size_t i = 0; i < count; i++) {
        came[list[i].packet] = true;
    }
    int64_t zero = first - (int64_t)list[0].packet * 160;
    for (uint64_t n = 0; n < MODEL_PACKETS; n++) {
        size_t at = (size_t)(zero + (int64_t)n * 160);
        if (came[n]) {
            heard_audio(e, at, n * 160, 160);
        } else {
            heard_gap(e, at, 160);
        }
    }
    assert_int_equal(e->p.late, 0);
    ear_free(e);
}

/* Any jitter: whole packets, each once at most, in order, nothing else; what is missing was dropped or skipped. */
static void model_beyond_window(uint64_t seed)
{
    static struct arrival list[2 * MODEL_PACKETS];
    struct rng rng = {rng_seeded_fill, &seed};
    struct ear *e = ear_new((uint16_t)rng_u32(&rng), rng_u32(&rng));
    size_t count = draw(&rng, list, 1 + rng_below(&rng, 4000), rng_below(&rng, 30));
    uint64_t next = 0;

    listen(e, list, count);
    for (size_t at = 0; at < e->heard;) {
        if (e->kinds[at] == RTP_PLAY_GAP) {
            at++;
            continue;
        }
        uint64_t n = next;
        while (n < MODEL_PACKETS && (e->octets[at] != sample(n * 160) || e->octets[at + 1] != sample(n * 160 + 1) ||
                                     e->octets[at + 2] != sample(n * 160 + 2))) {
            n++;
        }
        assert_true(n < MODEL_PACKETS);
        heard_audio(e, at, n * 160, 160);
        next = n + 1;
        at += 160;
    }
    ear_free(e);
}

static void test_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        model_in_window(seed);
        model_beyond_window(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_ever_comes),
        cmocka_unit_test(test_packet_times),
        cmocka_unit_test(test_every_packet_lost_in_turn),
        cmocka_unit_test(test_every_order),
        cmocka_unit_test(test_late_packets),
        cmocka_unit_test(test_late_in_part),
        cmocka_unit_test(test_ssrc_changes),
        cmocka_unit_test(test_timestamps_jump),
        cmocka_unit_test(test_small_jump),
        cmocka_unit_test(test_sequence_restarts),
        cmocka_unit_test(test_silence_with_running_timestamps),
        cmocka_unit_test(test_silence_with_halted_timestamps),
        cmocka_unit_test(test_marker_mends_the_delay),
        cmocka_unit_test(test_comfort_noise),
        cmocka_unit_test(test_noise_first_and_late),
        cmocka_unit_test(test_another_clock),
        cmocka_unit_test(test_grows_and_shrinks),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_clocks_drift),
        cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
