/* SPDX-License-Identifier: MIT */
/* RTCP: reports out and in (RFC 3550 6.4 to 6.6, A.2). */
#include "wire.h"
#include "wsaudio/rtp.h"

enum { RTCP_SR = 200, RTCP_RR = 201, RTCP_SDES = 202, RTCP_BYE = 203 };

#define RTCP_VERSION    2
#define SDES_CNAME      1
#define CNAME_MAX       255
#define BLOCK_LEN       24
#define RR_FIXED_LEN    8  /* header and sender's SSRC */
#define SR_FIXED_LEN    28 /* the same and the sender info */
#define CUMULATIVE_MAX  0x7FFFFF
#define NTP_UNIX_OFFSET 2208988800u /* seconds from 1900 to 1970 */
/* What a round trip may come out as and still be believed: clocks are read at different moments, and a wall clock
 * may be set during a call. In 1/65536 s. */
#define RTT_NEGATIVE_MAX (65536 / 100)
#define RTT_MAX          (60 * 65536)

static uint64_t ntp_from_wall(int64_t wall_us)
{
    int64_t seconds = wall_us / DUR_S(1);
    int64_t rest = wall_us % DUR_S(1);

    if (rest < 0) {
        rest += DUR_S(1);
        seconds--;
    }
    uint64_t fraction = ((uint64_t)rest << 32) / DUR_S(1);
    return ((uint64_t)seconds + NTP_UNIX_OFFSET) << 32 | fraction;
}

static uint32_t ntp_middle(uint64_t ntp)
{
    return (uint32_t)(ntp >> 16);
}

/* ---- writing ---- */

static void put_header(struct outbuf *out, unsigned count, unsigned type, size_t len)
{
    wire_put_u16(out, (uint16_t)(RTCP_VERSION << 14 | count << 8 | type));
    wire_put_u16(out, (uint16_t)(len / 4 - 1));
}

/* Fraction lost since the last report, in 1/256 (RFC 3550 A.3). */
static uint32_t fraction_lost(struct rtp_rx *rx, uint64_t expected)
{
    int64_t expected_interval = (int64_t)(expected - rx->expected_prior);
    int64_t lost_interval = expected_interval - (int64_t)(rx->received_here - rx->received_prior);

    rx->expected_prior = expected;
    rx->received_prior = rx->received_here;
    if (expected_interval <= 0 || lost_interval <= 0) {
        return 0;
    }
    /* Below 256: expected grows only with a packet that came. */
    return (uint32_t)(lost_interval * 256 / expected_interval) & 0xFF;
}

/* Delay since the last SR in 1/65536 s. */
static uint32_t delay_since_sr(const struct rtcp_state *state, mono_us now)
{
    if (state->last_sr_mid == 0 || now < state->last_sr_at) {
        return 0;
    }
    dur_us delay = now - state->last_sr_at;
    return (uint32_t)(delay / DUR_S(1) * 65536 + delay % DUR_S(1) * 65536 / DUR_S(1));
}

static void put_block(struct outbuf *out, struct rtp_rx *rx, const struct rtcp_state *state, mono_us now)
{
    uint64_t expected = (uint64_t)(uint32_t)(rx->cycles + rx->max_seq - rx->base_ext) + 1;
    uint64_t lost = expected > rx->received_here ? expected - rx->received_here : 0;

    if (lost > CUMULATIVE_MAX) {
        lost = CUMULATIVE_MAX;
    }
    wire_put_u32(out, rx->ssrc);
    wire_put_u32(out, fraction_lost(rx, expected) << 24 | (uint32_t)lost);
    wire_put_u32(out, rx->cycles + rx->max_seq);
    wire_put_u32(out, (uint32_t)rx->jitter);
    wire_put_u32(out, state->last_sr_mid);
    wire_put_u32(out, delay_since_sr(state, now));
}

static void put_sender_info(struct outbuf *out, const struct rtp_tx *tx, int64_t wall_us, uint32_t timestamp_now)
{
    uint64_t ntp = ntp_from_wall(wall_us);

    wire_put_u32(out, (uint32_t)(ntp >> 32));
    wire_put_u32(out, (uint32_t)ntp);
    wire_put_u32(out, timestamp_now);
    wire_put_u32(out, tx->packets);
    wire_put_u32(out, tx->octets);
}

static void put_sdes(struct outbuf *out, uint32_t ssrc, struct span cname)
{
    static const uint8_t zeros[4];

    cname = span_head(cname, CNAME_MAX);
    /* Item type, length, text, and one to four zeros up to the word's end (RFC 3550 6.5). */
    size_t chunk = 4 + 2 + cname.len;
    size_t padding = 4 - chunk % 4;
    put_header(out, 1, RTCP_SDES, 4 + chunk + padding);
    wire_put_u32(out, ssrc);
    outbuf_char(out, SDES_CNAME);
    uint8_t len = (uint8_t)cname.len;
    outbuf_bytes(out, &len, 1);
    outbuf_span(out, cname);
    outbuf_bytes(out, zeros, padding);
}

int rtcp_write_report(const struct rtp_tx *tx, struct rtp_rx *rx, const struct rtcp_state *state, mono_us now,
                      int64_t wall_us, uint32_t timestamp_now, struct span cname, bool bye, struct outbuf *out)
{
    bool sent = tx->packets != 0;
    unsigned blocks = rx->started ? 1 : 0;

    put_header(out, blocks, sent ? RTCP_SR : RTCP_RR, (sent ? SR_FIXED_LEN : RR_FIXED_LEN) + blocks * BLOCK_LEN);
    wire_put_u32(out, tx->ssrc);
    if (sent) {
        put_sender_info(out, tx, wall_us, timestamp_now);
    }
    if (blocks != 0) {
        put_block(out, rx, state, now);
    }
    put_sdes(out, tx->ssrc, cname);
    if (bye) {
        put_header(out, 1, RTCP_BYE, 8);
        wire_put_u32(out, tx->ssrc);
    }
    return outbuf_status(out);
}

/* ---- reading ---- */

static size_t packet_len(struct span packet)
{
    return 4 * ((size_t)wire_u16(packet, 2) + 1);
}

/* Padding is legal in the last packet only, in whole words, and counts itself. */
static bool padding_valid(struct span packet, bool last)
{
    if ((wire_u8(packet, 0) & 0x20) == 0) {
        return true;
    }
    size_t padding = wire_u8(packet, packet.len - 1);
    return last && padding != 0 && padding % 4 == 0 && padding <= packet.len - 4;
}

static bool report_fits(struct span packet)
{
    size_t blocks = wire_u8(packet, 0) & 0x1F;

    switch (wire_u8(packet, 1)) {
    case RTCP_SR: return packet.len >= SR_FIXED_LEN + blocks * BLOCK_LEN;
    case RTCP_RR: return packet.len >= RR_FIXED_LEN + blocks * BLOCK_LEN;
    default: return true;
    }
}

/* RFC 3550 A.2: version 2 throughout, a report without padding first, lengths that add up. */
static bool compound_valid(struct span datagram)
{
    if (datagram.len < RR_FIXED_LEN || (wire_u8(datagram, 0) & 0x20) != 0 ||
        (wire_u8(datagram, 1) != RTCP_SR && wire_u8(datagram, 1) != RTCP_RR)) {
        return false;
    }
    while (datagram.len != 0) {
        if (datagram.len < 4 || wire_u8(datagram, 0) >> 6 != RTCP_VERSION || packet_len(datagram) > datagram.len) {
            return false;
        }
        struct span packet = span_head(datagram, packet_len(datagram));
        datagram = span_from(datagram, packet.len);
        if (!padding_valid(packet, datagram.len == 0) || !report_fits(packet)) {
            return false;
        }
    }
    return true;
}

static void take_block(struct rtcp_state *state, struct span block, uint32_t now_middle, uint32_t clock_hz)
{
    state->have_remote_loss = true;
    state->remote_fraction_lost = wire_u8(block, 4) / 256.0;
    state->remote_jitter_ms = clock_hz != 0 ? wire_u32(block, 12) * 1000.0 / clock_hz : 0.0;
    uint32_t last_sr = wire_u32(block, 16);
    if (last_sr == 0) {
        return;
    }
    int32_t rtt = (int32_t)(now_middle - last_sr - wire_u32(block, 20));
    if (rtt < -RTT_NEGATIVE_MAX || rtt > RTT_MAX) {
        return;
    }
    state->have_rtt = true;
    state->rtt = rtt > 0 ? (dur_us)rtt * DUR_S(1) / 65536 : 0;
}

static void take_report(struct rtcp_state *state, struct span packet, uint32_t our_ssrc, mono_us now, int64_t wall_us,
                        uint32_t clock_hz)
{
    bool sender = wire_u8(packet, 1) == RTCP_SR;

    /* Our own report that an echo sent back says nothing about the far end. */
    if (wire_u32(packet, 4) == our_ssrc) {
        return;
    }
    state->heard = true;
    if (sender) {
        state->last_sr_mid = (uint32_t)wire_u16(packet, 10) << 16 | wire_u16(packet, 12);
        state->last_sr_at = now;
    }
    size_t blocks = wire_u8(packet, 0) & 0x1F;
    struct span block = span_from(packet, sender ? SR_FIXED_LEN : RR_FIXED_LEN);
    for (size_t i = 0; i < blocks; i++, block = span_from(block, BLOCK_LEN)) {
        if (wire_u32(block, 0) == our_ssrc) {
            take_block(state, block, ntp_middle(ntp_from_wall(wall_us)), clock_hz);
        }
    }
}

int rtcp_input(struct rtcp_state *state, struct span datagram, uint32_t our_ssrc, mono_us now, int64_t wall_us,
               uint32_t clock_hz)
{
    if (!compound_valid(datagram)) {
        return ST_BAD;
    }
    while (datagram.len != 0) {
        struct span packet = span_head(datagram, packet_len(datagram));
        uint8_t type = wire_u8(packet, 1);
        if (type == RTCP_SR || type == RTCP_RR) {
            take_report(state, packet, our_ssrc, now, wall_us, clock_hz);
        }
        datagram = span_from(datagram, packet.len);
    }
    return ST_OK;
}
