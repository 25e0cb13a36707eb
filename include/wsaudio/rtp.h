/* Room rtp, level 1: RTP and RTCP (RFC 3550, 3551), sending and receiving state, pacing arithmetic, source learning. */
#ifndef WSAUDIO_RTP_H
#define WSAUDIO_RTP_H

#include "wsaudio/base.h"

#define RTP_HEADER_LEN 12
#define RTP_PACKET_MAX 2048 /* larger ones are not valid here */

/* ---- wire format ---- */

struct rtp_packet {
    bool marker;
    uint8_t payload_type;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    struct span payload; /* without CSRCs, extension and padding; borrows the datagram */
};

/* RFC 3550 5.1 and A.1: version 2, lengths of CSRC list, extension and padding inside the packet, payload types 72 to 76
 * (RTCP's range) refused. ST_BAD. */
WS_MUST_CHECK int rtp_packet_parse(struct span datagram, struct rtp_packet *out);
/* Header and payload; no padding, extension or CSRC. ST_TOO_LARGE. */
WS_MUST_CHECK int rtp_packet_write(const struct rtp_packet *packet, struct outbuf *out);

/* ---- sending ---- */

struct rtp_tx {
    uint32_t ssrc;
    uint32_t timestamp; /* of the next packet */
    uint32_t timestamp_start;
    uint16_t sequence; /* of the next packet */
    uint8_t payload_type;
    bool mark_next;           /* the next packet carries the marker (start of talk, after a skip) */
    uint32_t packets, octets; /* for SR, wrap as in the RFC */
};

/* Random SSRC, sequence and timestamp (RFC 3550 5.1); the first packet is marked. */
void rtp_tx_init(struct rtp_tx *tx, const struct rng *rng, uint8_t payload_type);
/* Writes the next packet and advances by `samples`. */
WS_MUST_CHECK int rtp_tx_packet(struct rtp_tx *tx, struct span payload, uint32_t samples, struct outbuf *out);
/* Skips `samples` that will never be sent: timestamp jumps, sequence runs on, the next packet is marked. */
void rtp_tx_skip(struct rtp_tx *tx, uint32_t samples);

/* ---- receiving: RFC 3550 A.1, A.3, A.8 ---- */

enum rtp_rx_verdict {
    RTP_RX_NEW,       /* the next, or with a gap before it */
    RTP_RX_LATE,      /* older than the newest, first time seen (reordered) */
    RTP_RX_DUPLICATE, /* seen before, or 64 to 99 behind the newest: nobody can tell any more */
    RTP_RX_RESTART,   /* first packet, new SSRC, or a jump that two packets confirmed: a new timeline begins */
    RTP_RX_HELD,      /* first packet after a large jump: not believed yet, not counted */
    RTP_RX_VERDICT_COUNT
};

struct rtp_rx {
    bool started;
    uint32_t ssrc;
    uint16_t max_seq;         /* highest sequence number */
    uint32_t cycles;          /* wraps, in steps of 65536 */
    uint32_t base_ext;        /* extended first sequence number of this timeline */
    uint32_t bad_seq;         /* RFC 3550 A.1 */
    uint64_t seen;            /* window of the newest 64: bit 0 is max_seq */
    uint64_t received;        /* packets, without duplicates, all timelines */
    uint64_t received_here;   /* the same, this timeline */
    uint64_t expected_before; /* expected in finished timelines */
    uint64_t duplicates, reordered;
    bool have_transit;
    int64_t transit; /* timestamp units */
    double jitter;   /* timestamp units, RFC 3550 A.8 */
    /* for RTCP fraction lost */
    uint64_t expected_prior, received_prior;
};

void rtp_rx_init(struct rtp_rx *rx);
/* clock_hz is 8000 for G.711. */
enum rtp_rx_verdict rtp_rx_push(struct rtp_rx *rx, mono_us now, const struct rtp_packet *packet, uint32_t clock_hz);
/* Packets expected but never received; not below 0. */
uint64_t rtp_rx_lost(const struct rtp_rx *rx);
uint64_t rtp_rx_expected(const struct rtp_rx *rx);
double rtp_rx_jitter_ms(const struct rtp_rx *rx, uint32_t clock_hz);

/* ---- where the far end's audio comes from (SPEC section 3 "Audio") ---- */

struct rtp_source {
    struct net_addr expected; /* the SDP's address */
    struct net_addr sip_peer; /* its IP counts as the far end's too */
    struct net_addr learnt;   /* family 0: nothing learnt yet */
    mono_us since;            /* when expecting began */
    mono_us last_known;       /* last valid packet from the SDP's or the SIP peer's IP */
};

#define RTP_SOURCE_STRANGER_US DUR_MS(500)

void rtp_source_init(struct rtp_source *s, mono_us now, const struct net_addr *expected,
                     const struct net_addr *sip_peer);
/* A packet that parsed as RTP of this call came from `from`. True: it is the far end's (and may just have been learnt).
 * The SDP's address is taken at once; another port of the SDP's or SIP peer's IP is learnt from its first packet; another
 * IP only after 500 ms in which neither was heard. Once learnt, every other source is refused. */
bool rtp_source_accept(struct rtp_source *s, mono_us now, const struct net_addr *from);
/* Where to send: the learnt source, else the SDP's address. */
const struct net_addr *rtp_source_dest(const struct rtp_source *s);

/* ---- pacing: absolute deadlines, no bursts ---- */

struct rtp_pacer {
    mono_us next;     /* when the next packet is due */
    dur_us interval;  /* 20, 40 or 60 ms */
    uint64_t skipped; /* packets skipped so far */
};

#define RTP_LATE_MAX_US DUR_MS(60)
#define RTP_BURST_MAX   2

struct rtp_pacer_step {
    uint32_t skip; /* packets to skip first (rtp_tx_skip) */
    uint32_t send; /* then packets to send: 0 to RTP_BURST_MAX */
};

void rtp_pacer_init(struct rtp_pacer *p, mono_us first, dur_us interval);
/* At most RTP_BURST_MAX packets a step; those more than 60 ms late are skipped. Deadlines never drift: next moves by whole
 * intervals only. */
struct rtp_pacer_step rtp_pacer_step(struct rtp_pacer *p, mono_us now);

/* ---- RTCP: SR, RR, SDES, BYE (RFC 3550 6) ---- */

struct rtcp_state {
    uint32_t last_sr_mid; /* middle 32 bits of the far end's last SR's NTP time; 0 none */
    mono_us last_sr_at;
    bool heard; /* a valid report came */
    bool have_rtt;
    dur_us rtt;
    bool have_remote_loss;       /* the far end reported on our stream */
    double remote_fraction_lost; /* 0 to 1 */
    double remote_jitter_ms;
};

/* wall_us: microseconds since 1970 (for the NTP time); pass the same clock to both. cname: SDES, RFC 3550 6.5.1.
 * Writes SR (RR when nothing was sent) with one report block when something was received, SDES and, when bye, BYE. */
WS_MUST_CHECK int rtcp_write_report(const struct rtp_tx *tx, struct rtp_rx *rx, const struct rtcp_state *state,
                                    mono_us now, int64_t wall_us, uint32_t timestamp_now, struct span cname, bool bye,
                                    struct outbuf *out);
/* A compound packet from the far end: updates state (RTT per RFC 3550 6.4.1). ST_BAD when it is not valid RTCP. our_ssrc:
 * only report blocks about it count; a report that itself comes from it is our own, echoed, and changes nothing. */
WS_MUST_CHECK int rtcp_input(struct rtcp_state *state, struct span datagram, uint32_t our_ssrc, mono_us now,
                             int64_t wall_us, uint32_t clock_hz);
/* Mean opinion score 1.0 to 4.5 by the E-model (ITU-T G.107 simplified): G.711, one-way delay, packet loss 0 to 1. */
double rtp_mos(double one_way_delay_ms, double loss);

#endif
