/* SPDX-License-Identifier: MIT */
/* RTP: a packet that parses lies in the datagram and reads back as it was; a stream of packets keeps the receiver's books in
 * order, and its report is valid RTCP; whatever comes, the listener hears frames of what was pushed, and keys are
 * keys; those that are to be sent are, each once. */
#include "support_fuzz.h"
#include "wsaudio/rtp.h"

static void check_packet(struct span datagram)
{
    struct rtp_packet p;
    struct rtp_packet again;
    struct outbuf out;

    if (rtp_packet_parse(datagram, &p) != ST_OK) {
        return;
    }
    FUZZ_CHECK(datagram.len >= RTP_HEADER_LEN && p.payload.len <= datagram.len - RTP_HEADER_LEN);
    FUZZ_CHECK(fuzz_inside(datagram, p.payload));
    FUZZ_CHECK(p.payload_type < 72 || p.payload_type > 76);
    char *bytes = fuzz_alloc(RTP_HEADER_LEN + p.payload.len);
    outbuf_init(&out, bytes, RTP_HEADER_LEN + p.payload.len);
    FUZZ_CHECK(rtp_packet_write(&p, &out) == ST_OK);
    FUZZ_CHECK(out.len == RTP_HEADER_LEN + p.payload.len);
    FUZZ_CHECK(rtp_packet_parse(outbuf_view(&out), &again) == ST_OK);
    FUZZ_CHECK(again.marker == p.marker && again.payload_type == p.payload_type && again.sequence == p.sequence);
    FUZZ_CHECK(again.timestamp == p.timestamp && again.ssrc == p.ssrc && span_eq(again.payload, p.payload));
    outbuf_init(&out, bytes, RTP_HEADER_LEN + p.payload.len - 1);
    FUZZ_CHECK(rtp_packet_write(&p, &out) == ST_TOO_LARGE);
    free(bytes);
}

static void check_report(struct rtp_rx *rx, mono_us now, uint32_t our_ssrc)
{
    const struct rtp_tx tx = {.ssrc = our_ssrc};
    struct rtcp_state state = {0};
    struct rtcp_state theirs = {0};
    uint8_t bytes[256];
    struct outbuf out;

    outbuf_init(&out, bytes, sizeof(bytes));
    FUZZ_CHECK(rtcp_write_report(&tx, rx, &state, now, now, 0, SPAN_LIT("fuzz"), false, &out) == ST_OK);
    FUZZ_CHECK(rtcp_input(&theirs, outbuf_view(&out), rx->ssrc, now, now, 8000) == ST_OK);
    if (rx->ssrc != our_ssrc) {
        FUZZ_CHECK(theirs.heard && theirs.have_remote_loss == rx->started);
        FUZZ_CHECK(theirs.remote_fraction_lost >= 0 && theirs.remote_fraction_lost <= 1);
    }
}

/* Each record: step of the sequence number, step of the timestamp, ms since the last, and which sender. */
static void check_stream(struct fuzz_in *in)
{
    struct rtp_rx rx;
    struct rtp_packet p = {.payload_type = 0, .sequence = fuzz_u16(in), .timestamp = fuzz_u32(in)};
    uint64_t pushed = 0;
    uint64_t held = 0;
    mono_us now = DUR_S(1000);

    rtp_rx_init(&rx);
    FUZZ_CHECK(rtp_rx_lost(&rx) == 0 && rtp_rx_expected(&rx) == 0);
    while (in->len > 0) {
        uint8_t control = fuzz_u8(in);
        p.sequence = (uint16_t)(p.sequence + ((control & 1) != 0 ? fuzz_u16(in) : 1));
        p.timestamp += (control & 2) != 0 ? fuzz_u32(in) : 160;
        p.ssrc = (control & 4) != 0 ? fuzz_u8(in) : p.ssrc;
        now += DUR_MS((control & 8) != 0 ? fuzz_u16(in) : 20);
        uint64_t lost_before = rtp_rx_lost(&rx);
        enum rtp_rx_verdict verdict = rtp_rx_push(&rx, now, &p, 8000);
        FUZZ_CHECK(verdict < RTP_RX_VERDICT_COUNT);
        FUZZ_CHECK(pushed > 0 || verdict == RTP_RX_RESTART);
        FUZZ_CHECK(verdict != RTP_RX_DUPLICATE || rtp_rx_lost(&rx) == lost_before);
        pushed++;
        held += verdict == RTP_RX_HELD ? 1 : 0;
        FUZZ_CHECK(rx.received + rx.duplicates + held == pushed);
        FUZZ_CHECK(rtp_rx_lost(&rx) <= rtp_rx_expected(&rx));
        FUZZ_CHECK(rx.received <= rtp_rx_expected(&rx));
        FUZZ_CHECK(rx.jitter >= 0 && rtp_rx_jitter_ms(&rx, 8000) < 1e12);
        FUZZ_CHECK(rtp_mos((double)control, pushed > 0 ? (double)rtp_rx_lost(&rx) / 1e3 : 0) >= 1.0);
        if ((control & 16) != 0) {
            check_report(&rx, now, 0x12345678);
        }
    }
}

static const struct rtp_clock g711 = {8000, 160};
#define DTMF_ON rtp_clock_samples(&g711, RTP_DTMF_ON_US)

static void check_frame(struct rtp_playout *p)
{
    struct rtp_play_frame frame;
    int64_t played = p->played;

    rtp_playout_pull(p, &frame);
    FUZZ_CHECK(p->played == played + g711.frame && p->end >= p->played);
    FUZZ_CHECK(p->end <= played + RTP_PLAYOUT_SAMPLES);
    for (size_t i = 0; i < g711.frame; i++) {
        uint8_t kind = frame.kinds[frame.whole ? 0 : i];
        uint8_t octet = frame.octets[i];
        FUZZ_CHECK(kind == RTP_PLAY_GAP || kind == 1 || kind == RTP_PLAY_NOISE);
        FUZZ_CHECK(kind == 1 ? octet == 0xA5 : kind == RTP_PLAY_NOISE ? octet <= 127 : octet == 0);
    }
}

/* Each record: what comes, its length, steps of sequence number and timestamp, and how many ticks pass. */
static void check_playout(struct fuzz_in *in)
{
    static uint8_t audio[RTP_PACKET_MAX];
    struct rtp_packet p = {.sequence = fuzz_u16(in), .timestamp = fuzz_u32(in)};
    struct rtp_rx rx;
    static struct rtp_playout playout;
    struct rtp_dtmf_rx keys;
    mono_us now = DUR_S(1000);

    memset(audio, 0xA5, sizeof(audio));
    rtp_rx_init(&rx);
    rtp_dtmf_rx_init(&keys, 8000);
    rtp_playout_init(&playout, &g711, RTP_PLAYOUT_WINDOW, now);
    while (in->len > 0) {
        uint8_t control = fuzz_u8(in);
        p.marker = (control & 1) != 0;
        p.sequence = (uint16_t)(p.sequence + ((control & 2) != 0 ? fuzz_u16(in) : 1));
        p.timestamp += (control & 4) != 0 ? fuzz_u32(in) : (control & 8) != 0 ? fuzz_u8(in) * 16u : 160;
        p.ssrc = (control & 16) != 0 ? fuzz_u8(in) & 3 : p.ssrc;
        enum rtp_rx_verdict verdict = rtp_rx_push(&rx, now, &p, 8000);
        rtp_dtmf_rx_stream(&keys, now, p.ssrc);
        if (control >> 6 == 0) {
            p.payload = span_make(audio, (size_t)fuzz_u8(in) * 8);
            rtp_playout_push(&playout, &p, verdict, 1);
        } else if (control >> 6 == 1) {
            p.payload = fuzz_take(in, 2);
            rtp_playout_push_noise(&playout, &p, verdict);
        } else if (control >> 6 == 2) {
            p.payload = fuzz_take(in, RTP_EVENT_LEN);
            char key = rtp_dtmf_rx_push(&keys, now, &p);
            FUZZ_CHECK(key == '\0' || rtp_event_of_key(key) == (uint8_t)p.payload.ptr[0]);
            FUZZ_CHECK(rtp_dtmf_rx_push(&keys, now, &p) == '\0');
        } else {
            now += DUR_MS(fuzz_u8(in)) * 4;
            for (uint32_t n = rtp_playout_due(&playout, now); n > 0; n--) {
                check_frame(&playout);
            }
        }
    }
    rtp_playout_fini(&playout);
}

static void check_step(const struct rtp_dtmf_step *s, uint32_t left, bool events, uint32_t timestamp)
{
    if (s->turn == RTP_DTMF_TURN_EVENT) {
        unsigned duration = (unsigned)s->payload[2] << 8 | s->payload[3];
        FUZZ_CHECK(events && s->payload[0] < 16 && duration > 0 && duration <= DTMF_ON);
        FUZZ_CHECK((s->payload[1] & 0x80) == 0 || duration == DTMF_ON);
        FUZZ_CHECK(!s->marker || s->timestamp == timestamp);
    } else if (s->turn != RTP_DTMF_TURN_NONE) {
        FUZZ_CHECK(s->samples > 0 && s->samples <= left);
        FUZZ_CHECK(s->turn != RTP_DTMF_TURN_TONE ||
                   (s->offset + s->samples <= DTMF_ON && rtp_event_of_key(s->key) >= 0));
    }
}

/* Each record: keys that are added, time that passes, an agreement that comes or goes, a hold. Whatever happens, all keys have been
 * sent in the end, each with one begin and at most three ends. */
static void check_keys_sent(struct fuzz_in *in)
{
    struct rtp_dtmf_tx keys;
    uint32_t timestamp = fuzz_u32(in);
    uint32_t taken = 0;
    uint32_t ends = 0;
    bool events = true;

    rtp_dtmf_tx_init(&keys, &g711);
    while (in->len > 0 || rtp_dtmf_tx_busy(&keys, timestamp)) {
        uint8_t control = fuzz_u8(in);
        struct span text = fuzz_take(in, (control & 3) == 3 ? control >> 4 : 0);
        uint32_t count = keys.count;
        bool added = rtp_dtmf_tx_add(&keys, text) == ST_OK;
        FUZZ_CHECK(keys.count == count + (added ? text.len : 0) && keys.count <= RTP_DTMF_MAX);
        taken += added ? (uint32_t)text.len : 0;
        events = (control & 4) != 0 ? !events : events;
        timestamp += (control & 8) != 0 ? fuzz_u8(in) * 160u : 0;
        if (control == 0x30) {
            rtp_dtmf_tx_cut(&keys);
        }
        for (uint32_t left = g711.frame; left > 0;) {
            struct rtp_dtmf_step s = rtp_dtmf_tx_step(&keys, timestamp, left, events);
            check_step(&s, left, events, timestamp);
            ends += s.turn == RTP_DTMF_TURN_EVENT && (s.payload[1] & 0x80) != 0 ? 1 : 0;
            uint32_t samples = s.turn == RTP_DTMF_TURN_TONE || s.turn == RTP_DTMF_TURN_SILENCE ? s.samples : left;
            timestamp += samples;
            left -= samples;
        }
    }
    FUZZ_CHECK(keys.count == 0 && ends <= RTP_DTMF_ENDS * taken);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct fuzz_in again = in;
    struct fuzz_in keys = in;

    check_packet(span_make(data, size));
    check_stream(&in);
    check_playout(&again);
    check_keys_sent(&keys);
    return 0;
}
