/* SPDX-License-Identifier: MIT */
/* One incoming RTP stream: order, loss and jitter (RFC 3550 A.1, A.3, A.8). */
#include "wsaudio/rtp.h"

#define MAX_DROPOUT  3000 /* a larger step forward is a jump (RFC 3550 A.1) */
#define MAX_MISORDER 100  /* a larger step back is a jump */
#define SEQ_MOD      0x10000u
#define WINDOW_LEN   64
/* A timestamp that leaps by more than this between two packets in order was set anew by the sender (another source
 * behind the same SSRC): taken as jitter it would drown the figure for minutes. */
#define TRANSIT_LEAP_S 10

void rtp_rx_init(struct rtp_rx *rx)
{
    *rx = (struct rtp_rx){.bad_seq = SEQ_MOD};
}

static uint64_t expected_here(const struct rtp_rx *rx)
{
    /* Modulo 2^32: a late packet before the first may have moved base_ext below zero. */
    return rx->started ? (uint64_t)(uint32_t)(rx->cycles + rx->max_seq - rx->base_ext) + 1 : 0;
}

static void timeline_begin(struct rtp_rx *rx, const struct rtp_packet *packet)
{
    rx->expected_before += expected_here(rx);
    if (rx->ssrc != packet->ssrc) {
        rx->jitter = 0;
    }
    rx->started = true;
    rx->ssrc = packet->ssrc;
    rx->max_seq = packet->sequence;
    rx->cycles = 0;
    rx->base_ext = packet->sequence;
    rx->bad_seq = SEQ_MOD;
    rx->seen = 1;
    rx->received_here = 0;
    rx->have_transit = false;
    rx->expected_prior = 0;
    rx->received_prior = 0;
}

static void window_advance(struct rtp_rx *rx, uint16_t sequence, uint16_t step)
{
    if (sequence < rx->max_seq) {
        rx->cycles += SEQ_MOD;
    }
    rx->max_seq = sequence;
    rx->seen = step < WINDOW_LEN ? rx->seen << step | 1 : 1;
}

/* `behind` the newest, 0 to MAX_MISORDER - 1. Older than the window counts as seen: nobody can tell any more, and its
 * time has passed. */
static enum rtp_rx_verdict judge_old(struct rtp_rx *rx, uint16_t behind)
{
    if (behind >= WINDOW_LEN || (rx->seen >> behind & 1) != 0) {
        rx->duplicates++;
        return RTP_RX_DUPLICATE;
    }
    rx->seen |= (uint64_t)1 << behind;
    rx->reordered++;
    uint32_t extended = rx->cycles + rx->max_seq - behind;
    if ((int32_t)(extended - rx->base_ext) < 0) {
        rx->base_ext = extended;
    }
    return RTP_RX_LATE;
}

static enum rtp_rx_verdict judge(struct rtp_rx *rx, const struct rtp_packet *packet)
{
    if (!rx->started || packet->ssrc != rx->ssrc) {
        timeline_begin(rx, packet);
        return RTP_RX_RESTART;
    }
    uint16_t step = (uint16_t)(packet->sequence - rx->max_seq);
    uint16_t behind = (uint16_t)(rx->max_seq - packet->sequence);
    if (step != 0 && step < MAX_DROPOUT) {
        window_advance(rx, packet->sequence, step);
        return RTP_RX_NEW;
    }
    if (behind < MAX_MISORDER) {
        return judge_old(rx, behind);
    }
    if (packet->sequence == rx->bad_seq) {
        timeline_begin(rx, packet);
        return RTP_RX_RESTART;
    }
    rx->bad_seq = (packet->sequence + 1u) & (SEQ_MOD - 1);
    return RTP_RX_HELD;
}

static void jitter_update(struct rtp_rx *rx, mono_us now, uint32_t timestamp, uint32_t clock_hz)
{
    /* Whole seconds apart, so that no uptime overflows the product. */
    int64_t arrival = now / DUR_S(1) * clock_hz + now % DUR_S(1) * clock_hz / DUR_S(1);
    uint32_t transit = (uint32_t)((uint64_t)arrival - timestamp);
    int64_t change = (int32_t)(transit - (uint32_t)rx->transit);
    if (change < 0) {
        change = -change;
    }
    if (rx->have_transit && change <= (int64_t)TRANSIT_LEAP_S * clock_hz) {
        rx->jitter += ((double)change - rx->jitter) / 16.0;
    }
    rx->transit = transit;
    rx->have_transit = true;
}

enum rtp_rx_verdict rtp_rx_push(struct rtp_rx *rx, mono_us now, const struct rtp_packet *packet, uint32_t clock_hz)
{
    enum rtp_rx_verdict verdict = judge(rx, packet);

    if (verdict == RTP_RX_DUPLICATE || verdict == RTP_RX_HELD) {
        return verdict;
    }
    rx->received++;
    rx->received_here++;
    jitter_update(rx, now, packet->timestamp, clock_hz);
    return verdict;
}

uint64_t rtp_rx_expected(const struct rtp_rx *rx)
{
    return rx->expected_before + expected_here(rx);
}

uint64_t rtp_rx_lost(const struct rtp_rx *rx)
{
    uint64_t expected = rtp_rx_expected(rx);

    return expected > rx->received ? expected - rx->received : 0;
}

double rtp_rx_jitter_ms(const struct rtp_rx *rx, uint32_t clock_hz)
{
    return clock_hz != 0 ? rx->jitter * 1000.0 / clock_hz : 0.0;
}
