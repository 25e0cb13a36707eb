/* SPDX-License-Identifier: MIT */
/* Audio through the whole gateway, both ways, on a virtual clock.
 *
 *  formats         MEDIA hex, rtp, off; switched in the middle of a call
 *  slow reader     loses the oldest audio, no control text, is told once
 *  fault 24        what is not RTP of this call is dropped and counted
 *  source          a far end that is silent for long; test_sources.c has the others
 *  late ticks      one lost, three lost, 200 ms: no burst, timestamps jump, marker, sequence runs on
 *  ptime, hold     answers with 40 and 60 ms; sendonly, inactive, recvonly
 *  RTCP            round trip and MOS in STATS; strangers' reports do not count
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wavgen.h"
#include "world.h"

#define S5 DUR_S(5)

static const struct net_addr phone_rtp_addr = {.family = 4, .port = 30000, .ip = {10, 0, 0, 9}};

static void established(struct world *w, size_t c)
{
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:established", S5);
}

static uint64_t dropped(const struct world *w)
{
    return gateway_stats(w->gateway).media.rtp_dropped;
}

/* Sends the phone's packets number from to to - 1, one each 20 ms. */
static void phone_talks(struct world *w, uint16_t from, uint16_t to)
{
    for (uint16_t n = from; n < to; n++) {
        world_phone_rtp(w, &phone_rtp_addr, 0, n);
        world_run(w, DUR_MS(20));
    }
}

/* ---- formats ---- */

static void formats_in_the_middle_of_a_call(void **state)
{
    struct world *w = world_new(1, NULL);
    size_t c = world_connect(w);
    const struct world_client *client = &w->clients[c];

    (void)state;
    established(w, c);
    phone_talks(w, 0, 10);
    assert_int_equal(client->rtp_count, 10);
    assert_int_equal(client->binary_count, 0);
    assert_int_equal(client->last_len, 172); /* header and payload, as it came */
    assert_int_equal(client->last[3], 9);
    assert_int_equal(client->last[8], 1);
    assert_int_equal(client->last[171], 9);
    world_send(w, c, "MEDIA:rtp");
    world_wait(w, c, "MEDIA:rtp", S5);
    assert_int_equal(client->binary_count, 0); /* told before the first audio in it */
    phone_talks(w, 10, 20);
    assert_int_equal(client->rtp_count, 10);
    assert_int_equal(client->binary_count, 10);
    assert_int_equal(client->last_len, 172);
    assert_int_equal(client->last[3], 19);
    world_send(w, c, "MEDIA:off");
    phone_talks(w, 20, 30);
    assert_int_equal(client->rtp_count, 10);
    assert_int_equal(client->binary_count, 10);
    assert_int_equal(w->raw_count, 30); /* the raw file gets every one of them */
    world_send(w, c, "MEDIA:hex");
    phone_talks(w, 30, 40);
    assert_int_equal(client->rtp_count, 20); /* nothing of what came while it was off */
    assert_int_equal(client->last[3], 39);
    assert_int_equal(world_count(w, c, "MEDIA:"), 3);
    assert_int_equal(dropped(w), 0);
    world_end(w);
}

static void the_format_stays_for_the_next_call(void **state)
{
    struct world *w = world_new(2, NULL);
    size_t c = world_connect(w);

    (void)state;
    world_send(w, c, "MEDIA:rtp"); /* also before the first call */
    for (size_t call = 1; call <= 2; call++) {
        world_send(w, c, "CALL:1");
        world_run(w, DUR_S(1));
        phone_talks(w, 0, 5);
        assert_int_equal(w->clients[c].binary_count, 5 * call);
        world_send(w, c, "HANGUP");
        world_run(w, DUR_S(1));
    }
    assert_int_equal(w->clients[c].rtp_count, 0);
    world_end(w);
}

/* Raw, in the order in which they came: late ones and duplicates too. */
static void order_of_arrival(void **state)
{
    static const uint8_t order[] = {0, 2, 1, 3, 3, 5, 4};
    struct world *w = world_new(3, NULL);
    size_t c = world_connect(w);

    (void)state;
    established(w, c);
    for (size_t i = 0; i < sizeof(order); i++) {
        world_phone_rtp(w, &phone_rtp_addr, 0, order[i]);
        world_run(w, DUR_MS(20));
        assert_int_equal(w->clients[c].rtp_count, i + 1);
        assert_int_equal(w->clients[c].last[3], order[i]);
    }
    world_send(w, c, "STATS");
    const char *stats = world_wait(w, c, "CALL_STATS:", S5);
    assert_non_null(strstr(stats, " rx_packets=6 lost=0 reordered=2 duplicates=1 "));
    world_end(w);
}

/* ---- a slow reader ---- */

static void slow_reader(const char *format)
{
    struct world *w = world_new(5, NULL);
    size_t c = world_connect(w);
    struct world_client *client = &w->clients[c];
    static uint8_t data[800];
    uint8_t file[1024];

    struct wavgen g = {.data = data, .data_len = sizeof(data)};
    world_put_file(w, "a", file, wavgen_build(file, sizeof(file), &g));
    established(w, c);
    world_send(w, c, format);
    world_run(w, 0);
    client->reading = false;
    for (uint16_t n = 0; n < 2500; n++) {
        world_phone_rtp(w, &phone_rtp_addr, 0, n);
        world_run(w, DUR_MS(5)); /* faster than sound, so that no ping comes in between */
        if (n == 2000) {
            world_send(w, c, "PLAY_WAV:a");
        }
    }
    client->reading = true;
    world_run(w, 0); /* reading alone brings what waits, also before the next tick */
    size_t got = client->rtp_count + client->binary_count;
    assert_true(got > 300 && got < 2000);
    assert_int_equal(client->last[2] << 8 | client->last[3], 2499); /* the newest is there, the oldest went */
    assert_int_equal(world_count(w, c, "ERROR:MEDIA:busy:"), 1);
    assert_int_equal(world_count(w, c, "WAV_ACK:開始播放檔案 a"), 1); /* control is never lost */
    assert_int_equal(world_count(w, c, "WAV_DONE:a"), 1);
    assert_int_equal(client->close_code, 0);
    phone_talks(w, 2500, 2510); /* and it goes on */
    assert_int_equal(client->rtp_count + client->binary_count, got + 10);
    world_end(w);
}

static void slow_reader_loses_the_oldest_audio(void **state)
{
    (void)state;
    slow_reader("MEDIA:hex");
    slow_reader("MEDIA:rtp");
}

/* ---- what is taken for the far end's ---- */

static void raw(struct world *w, bool rtcp, const struct net_addr *from, const void *data, size_t len)
{
    if (rtcp) {
        world_rtcp_to_gateway(w, w->media_call[0], from, data, len);
    } else {
        world_rtp_to_gateway(w, w->media_call[0], from, data, len);
    }
    world_run(w, DUR_MS(10));
}

static void fault_24_not_rtp_of_this_call(void **state)
{
    struct world *w = world_new(6, NULL);
    size_t c = world_connect(w);
    static uint8_t packet[5000] = {0x80, 0, 0, 9};
    static const uint8_t sr[28] = {0x80, 200, 0, 6, 1, 2, 3, 4};
    struct net_addr stranger = addr_ipv4(10, 0, 0, 77, 30000);

    (void)state;
    established(w, c);
    phone_talks(w, 0, 5);
    uint64_t bad = 0;
    raw(w, false, &phone_rtp_addr, packet, 1); /* a runt */
    assert_int_equal(dropped(w), ++bad);
    raw(w, false, &phone_rtp_addr, "hello, world!", 13);
    assert_int_equal(dropped(w), ++bad);
    raw(w, false, &phone_rtp_addr, packet, 12); /* no payload */
    assert_int_equal(dropped(w), ++bad);
    raw(w, false, &phone_rtp_addr, sr, sizeof(sr)); /* RTCP on the RTP port */
    assert_int_equal(dropped(w), ++bad);
    raw(w, false, &phone_rtp_addr, packet, sizeof(packet)); /* too long for anything that was agreed */
    assert_int_equal(dropped(w), ++bad);
    for (uint8_t type = 1; type < 128; type++) {
        if (type != 8 && type != 13 && type != 101) { /* offered or comfort noise: they may come */
            world_phone_rtp(w, &phone_rtp_addr, type, 5);
            bad++;
        }
    }
    world_run(w, DUR_MS(10));
    assert_int_equal(dropped(w), bad);
    world_phone_rtp(w, &stranger, 0, 5);
    world_run(w, DUR_MS(10));
    assert_int_equal(dropped(w), ++bad);
    packet[0] = 0x40; /* version 1 */
    raw(w, false, &phone_rtp_addr, packet, 172);
    assert_int_equal(dropped(w), ++bad);
    assert_int_equal(w->clients[c].rtp_count, 5); /* none of it was forwarded */
    world_phone_rtp(w, &phone_rtp_addr, 8, 5);
    world_phone_rtp(w, &phone_rtp_addr, 101, 6);
    world_run(w, DUR_MS(10));
    assert_int_equal(w->clients[c].rtp_count, 7);
    assert_int_equal(dropped(w), bad);
    /* nor does any of it reach a call that is over */
    world_send(w, c, "HANGUP");
    struct pool_id old = w->media_call[0];
    uint64_t in = gateway_stats(w->gateway).media.rtp_in;
    media_input(gateway_media(w->gateway), w->now, old, false, &phone_rtp_addr, packet, 172);
    assert_int_equal(gateway_stats(w->gateway).media.rtp_in, in);
    world_end(w);
}

static const struct net_addr *sent_to(const struct world *w)
{
    assert_true(w->sent_count > 0);
    return &w->sent[w->sent_count - 1].to;
}

static void a_stranger_never_takes_a_call_that_talks(void **state)
{
    struct world *w = world_new(9, NULL);
    size_t c = world_connect(w);
    struct net_addr other = addr_ipv4(10, 0, 0, 77, 5000);

    (void)state;
    established(w, c);
    phone_talks(w, 0, 5);
    world_run(w, DUR_S(10)); /* silent for long, but learnt */
    for (uint16_t n = 5; n < 50; n++) {
        world_phone_rtp(w, &other, 0, n);
        world_run(w, DUR_MS(20));
    }
    assert_int_equal(w->clients[c].rtp_count, 5);
    assert_true(addr_equal(sent_to(w), &phone_rtp_addr));
    world_end(w);
}

/* ---- sending ---- */

/* What holds for every stream whatever happened to the clock. Returns how often the timestamp jumped. */
static size_t check_stream(const struct world *w, uint32_t samples, mono_us grid)
{
    size_t jumps = 0, burst = 1;

    for (size_t i = 1; i < w->sent_count; i++) {
        const struct world_rtp *p = &w->sent[i];
        const struct world_rtp *before = p - 1;
        uint32_t step = p->timestamp - before->timestamp;
        assert_int_equal(p->sequence, (uint16_t)(before->sequence + 1)); /* the sequence runs on */
        assert_int_equal(p->ssrc, before->ssrc);
        assert_int_equal(p->len, samples);
        assert_true(step >= samples && step % samples == 0);
        assert_int_equal(p->marker, step != samples); /* marked exactly behind a skip */
        jumps += step != samples ? 1 : 0;
        burst = p->at == before->at ? burst + 1 : 1;
        assert_true(burst <= 2);
        /* the timeline is never ahead of the clock, nor more than 60 ms and a tick behind */
        mono_us line = (mono_us)(p->timestamp - w->sent[0].timestamp) * 125;
        mono_us clock = p->at - w->sent[0].at;
        assert_true(line <= clock && clock - line <= DUR_MS(60) + grid);
    }
    assert_true(w->sent[0].marker);
    return jumps;
}

static void late_ticks(void **state)
{
    static const struct {
        int stall_ms;
        size_t jumps;
    } rows[] = {{19, 0}, {20, 0}, {39, 0}, {59, 0}, {80, 1}, {200, 1}, {1000, 1}, {5000, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int phase = 0; phase < 20; phase += 7) {
            struct world *w = world_new(10 + i, NULL);
            size_t c = world_connect(w);
            established(w, c);
            world_run(w, DUR_MS(1000 + phase));
            world_stall(w, DUR_MS(rows[i].stall_ms));
            world_run(w, DUR_S(2));
            size_t jumps = check_stream(w, 160, DUR_MS(20));
            if (rows[i].stall_ms < 60 || rows[i].stall_ms > 80) {
                assert_int_equal(jumps, rows[i].jumps);
            }
            assert_int_equal(gateway_stats(w->gateway).media.ticks_skipped > 0, jumps > 0); /* counted */
            const struct world_rtp *p = &w->sent[w->sent_count - 1];
            assert_int_equal((mono_us)(p->timestamp - w->sent[0].timestamp) * 125,
                             p->at - w->sent[0].at); /* caught up */
            world_end(w);
        }
    }
}

/* Every third turn is 50 ms late for a minute: no drift, no burst. */
static void always_a_little_late(void **state)
{
    struct world *w = world_new(30, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.echo = true;
    established(w, c);
    mono_us end = w->now + DUR_S(60);
    while (w->now < end) {
        world_run(w, DUR_MS(61));
        world_stall(w, DUR_MS(50));
    }
    world_run(w, DUR_MS(200));
    check_stream(w, 160, DUR_MS(20));
    assert_in_range(w->sent_count, 60 * 50, 60 * 50 + 30);
    assert_int_equal(gateway_stats(w->gateway).media.ticks_skipped, 0);
    world_end(w);
}

#define SDP(extra)                                                                                                     \
    "v=0\r\no=phone 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n" extra

static void packet_times(void **state)
{
    static const struct {
        const char *sdp;
        uint32_t ms;
    } rows[] = {{SDP("a=ptime:20\r\n"), 20},
                {SDP("a=ptime:40\r\n"), 40},
                {SDP("a=ptime:60\r\n"), 60},
                {SDP("a=ptime:10\r\n"), 20},
                {SDP(""), 20}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world *w = world_new(31, NULL);
        size_t c = world_connect(w);
        static uint8_t data[2000];
        uint8_t file[2100];
        for (size_t k = 0; k < sizeof(data); k++) {
            data[k] = (uint8_t)(k % 199 + 1);
        }
        struct wavgen g = {.data = data, .data_len = sizeof(data)};
        world_put_file(w, "a", file, wavgen_build(file, sizeof(file), &g));
        w->phone.plan.sdp = rows[i].sdp;
        established(w, c);
        world_run(w, DUR_S(1));
        world_send(w, c, "PLAY_WAV:a");
        world_wait(w, c, "WAV_DONE:a", S5);
        world_run(w, DUR_S(2));
        uint32_t samples = rows[i].ms * 8;
        assert_int_equal(check_stream(w, samples, DUR_MS(20)), 0);
        for (size_t k = 1; k < w->sent_count; k++) {
            assert_int_equal(w->sent[k].at - w->sent[k - 1].at, DUR_MS(rows[i].ms));
        }
        size_t at = 0;
        while (at < w->phone.rtp_len && w->phone.rtp_payload[at] == 0xFF) {
            at++;
        }
        assert_true(at + sizeof(data) <= w->phone.rtp_len);
        assert_memory_equal(w->phone.rtp_payload + at, data, sizeof(data));
        for (at += sizeof(data); at < w->phone.rtp_len; at++) {
            assert_int_equal(w->phone.rtp_payload[at], 0xFF); /* padded and followed by silence */
        }
        world_end(w);
    }
}

static void held_by_the_answer(void **state)
{
    static const struct {
        const char *sdp;
        bool we_send, counts; /* counts: the far end may send, so its silence counts */
    } rows[] = {{SDP("a=sendonly\r\n"), false, true},
                {SDP("a=inactive\r\n"), false, false},
                {SDP("a=recvonly\r\n"), true, false},
                {SDP("a=sendrecv\r\n"), true, true}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world *w = world_new(32, NULL);
        size_t c = world_connect(w);
        w->phone.plan.sdp = rows[i].sdp;
        established(w, c);
        world_run(w, DUR_S(10));
        assert_int_equal(w->sent_count > 0, rows[i].we_send);
        world_run(w, DUR_S(25));
        assert_int_equal(world_count(w, c, "CALL_STATE:ended:0:no media"), rows[i].counts);
        world_send(w, c, "HANGUP");
        world_run(w, DUR_S(1));
        world_end(w);
    }
}

/* ---- RTCP ---- */

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static void report(struct world *w, const struct net_addr *from, uint32_t delay_65536)
{
    uint8_t rr[32] = {0x81, 201, 0, 7, 1, 2, 3, 4};

    memcpy(rr + 8, w->rtcp + 4, 4);   /* about our SSRC */
    memcpy(rr + 24, w->rtcp + 10, 4); /* LSR: the middle of our SR's NTP time */
    put32(rr + 28, delay_65536);
    world_rtcp_to_gateway(w, w->media_call[0], from, rr, sizeof(rr));
    world_run(w, DUR_MS(10));
}

static void rtcp_gives_round_trip_and_mos(void **state)
{
    struct world *w = world_new(33, NULL);
    size_t c = world_connect(w);
    struct net_addr from = phone_rtp_addr;
    struct net_addr stranger = addr_ipv4(10, 0, 0, 77, 30001);

    (void)state;
    from.port = 30001;
    established(w, c);
    phone_talks(w, 0, 50);
    for (int i = 0; i < 10000 && w->rtcp_count == 0; i++) {
        world_run(w, DUR_MS(1));
    }
    assert_int_equal(w->rtcp_count, 1);
    assert_true(addr_equal(&w->rtcp_to, &from)); /* the SDP's port + 1 */
    assert_int_equal(w->rtcp[1], 200);
    world_run(w, DUR_MS(195));
    report(w, &stranger, 0); /* 200 ms after the report: would be a round trip of 200 */
    assert_int_equal(dropped(w), 1);
    world_send(w, c, "STATS");
    assert_non_null(strstr(world_wait(w, c, "CALL_STATS:", S5), " rtt_ms=- mos=- "));
    report(w, &from, 150 * 65536 / 1000); /* held for 150 ms, 210 after the report */
    world_send(w, c, "STATS");
    world_run(w, 0);
    const char *stats = w->clients[c].texts[w->clients[c].text_count - 1];
    const char *rtt = strstr(stats, " rtt_ms=");
    assert_non_null(rtt);
    assert_true(strtod(rtt + 8, NULL) > 55 && strtod(rtt + 8, NULL) < 67);
    const char *mos = strstr(stats, " mos=");
    assert_true(strtod(mos + 5, NULL) > 4.2 && strtod(mos + 5, NULL) <= 4.5);
    world_send(w, c, "HANGUP");
    world_run(w, DUR_MS(10));
    bool bye = false;
    for (size_t at = 0; at + 4 <= w->rtcp_len; at += 4u + 4u * (size_t)(w->rtcp[at + 2] << 8 | w->rtcp[at + 3])) {
        bye = bye || w->rtcp[at + 1] == 203;
    }
    assert_true(bye); /* the stream is said to be over */
    world_end(w);
}

/* Reports alone keep a call up where nobody speaks. */
static void rtcp_counts_as_media(void **state)
{
    struct world *w = world_new(34, NULL);
    size_t c = world_connect(w);
    struct net_addr from = phone_rtp_addr;
    static const uint8_t rr[8] = {0x80, 201, 0, 1, 1, 2, 3, 4};

    (void)state;
    from.port = 30001;
    established(w, c);
    for (int i = 0; i < 10; i++) {
        world_run(w, DUR_S(10));
        raw(w, true, &from, rr, sizeof(rr));
    }
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
    raw(w, true, &from, "junk", 4);
    assert_int_equal(dropped(w), 1);
    world_wait(w, c, "CALL_STATE:ended:0:no media received for 30 s", DUR_S(31));
    assert_int_equal(world_count(w, c, "CALL_STATS:"), 1);
    world_end(w);
}

/* ---- logs ---- */

static void lines_of_a_call(void **state)
{
    struct world *w = world_new(35, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->log.zh = true;
    established(w, c);
    phone_talks(w, 0, 10);
    static const char *const lines[] = {"收到打電話請求，目標號碼: 0938220136\n",
                                        "解析到對方 RTP 端口: 30000\n",
                                        "SIP 呼叫成功建立\n",
                                        "**正確配置**: 我方監聽端口 32000，對方監聽端口 30000\n",
                                        "啟動 RTP 接收器...\n",
                                        "接收RTP包 #1：來源=10.0.0.9:30000, 序號=0, 時間戳=0, 大小=160\n"};
    const char *at = w->log_text;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(world_logged(w, lines[i]), 1);
        const char *hit = strstr(at, lines[i]); /* in this order */
        assert_non_null(hit);
        at = hit;
    }
    world_end(w);
}

static void quality_warnings(void **state)
{
    struct world *w = world_new(36, NULL);
    size_t c = world_connect(w);

    (void)state;
    established(w, c);
    for (uint16_t n = 0; n < 200; n++) {
        if (n % 10 != 5) {
            world_phone_rtp(w, &phone_rtp_addr, 0, n); /* 10 % are missing */
        }
        world_run(w, DUR_MS(20));
    }
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(1));
    const char *stats = world_wait(w, c, "CALL_STATS:", S5);
    assert_non_null(strstr(stats, " rx_packets=180 lost=20 reordered=0 duplicates=0 "));
    assert_int_equal(world_logged(w, "90.0"), 1); /* received, one line */
    assert_int_equal(world_logged(w, "10.0 "), 1) /* lost, one line */;
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_in_the_middle_of_a_call),
        cmocka_unit_test(the_format_stays_for_the_next_call),
        cmocka_unit_test(order_of_arrival),
        cmocka_unit_test(slow_reader_loses_the_oldest_audio),
        cmocka_unit_test(fault_24_not_rtp_of_this_call),
        cmocka_unit_test(a_stranger_never_takes_a_call_that_talks),
        cmocka_unit_test(late_ticks),
        cmocka_unit_test(always_a_little_late),
        cmocka_unit_test(packet_times),
        cmocka_unit_test(held_by_the_answer),
        cmocka_unit_test(rtcp_gives_round_trip_and_mos),
        cmocka_unit_test(rtcp_counts_as_media),
        cmocka_unit_test(lines_of_a_call),
        cmocka_unit_test(quality_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
