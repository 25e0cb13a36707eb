/* SPDX-License-Identifier: MIT */
/* Room rtp, level 1: RTP and RTCP (RFC 3550, 3551), sending and receiving state, pacing arithmetic, source learning. */
#ifndef WSAUDIO_RTP_H
#define WSAUDIO_RTP_H

#include "wsaudio/base.h"

#define RTP_HEADER_LEN 12
#define RTP_PACKET_MAX 2048 /* larger ones are not valid here */

/* ---- the clock of a stream ---- */

#define RTP_FRAME_US DUR_MS(20)

/* What its codec's row says of its timestamps. */
struct rtp_clock {
    uint32_t hz;
    uint16_t frame; /* samples in 20 ms */
};
static inline uint32_t rtp_clock_samples(const struct rtp_clock *clock, dur_us duration)
{
    return (uint32_t)(duration * clock->hz / DUR_S(1));
}

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
/* clock_hz: of the timestamps. */
enum rtp_rx_verdict rtp_rx_push(struct rtp_rx *rx, mono_us now, const struct rtp_packet *packet, uint32_t clock_hz);
/* Packets expected but never received; not below 0. */
uint64_t rtp_rx_lost(const struct rtp_rx *rx);
uint64_t rtp_rx_expected(const struct rtp_rx *rx);
double rtp_rx_jitter_ms(const struct rtp_rx *rx, uint32_t clock_hz);

/* ---- playout: packets in any order and of any length become frames of 20 ms ---- */

#define RTP_FRAME_MAX       320  /* samples of 20 ms at 16 kHz */
#define RTP_PLAYOUT_SAMPLES 4096 /* how far ahead of the listener packets are kept, 512 ms at 8 kHz: a power of two */
#define RTP_PLAYOUT_USUAL   1024 /* as far as on a network that hiccups: the window, a packet and some. A power of two */
#define RTP_PLAYOUT_WINDOW  DUR_MS(60) /* how late a packet may come and still be heard in its place */

/* What a sample of a frame is. Everything between is the caller's: the codec of a packet as he told it. */
#define RTP_PLAY_GAP   0   /* nothing came for it in time; the octet is 0 */
#define RTP_PLAY_NOISE 255 /* comfort noise (RFC 3389); the octet is its level, 0 to 127: so many dB below full scale */

/* One stream on its way to a listener who gets a frame every 20 ms, whatever comes. For codecs of one octet a sample.
 * Each timeline begins a window ahead of the listener and its timestamps rule from there, so that order and gaps come out
 * as they were sent; what comes after its place was heard is dropped. A new timeline begins, behind what still waits,
 * with a new SSRC, with timestamps that jump out of what is kept, with a marked packet that comes too late or, while
 * nothing waits, too early (start of talk), and when packets in order have come too late in three ticks of 50 packets
 * (the clocks drift, or the way became longer). When 50 packets in a row all came 40 ms earlier than they need, what is
 * too much is skipped. An adaptive buffer has the same push and pull. */
struct rtp_playout {
    struct rtp_clock clock;
    uint32_t window; /* samples */
    bool started;    /* a packet came */
    uint32_t ssrc, former_ssrc;
    int64_t former_until; /* packets of the SSRC before are stragglers until the listener is there */
    int64_t played;       /* position of the listener: samples pulled and skipped so far */
    int64_t end;          /* behind the last sample that was put */
    int64_t floor;        /* where the timeline may begin: the end of the one before */
    uint32_t newest_ts;   /* newest timestamp of the timeline, */
    int64_t newest_at;    /* and its position */
    int noise;            /* level of the noise that fills gaps now; -1: none */
    mono_us next;         /* when the next frame is due */
    int64_t least_margin; /* how far ahead of the listener the least early of `seen` newest packets came */
    uint32_t seen, late_ticks;
    int64_t late_at; /* the listener's position at the last packet in order that was late */
    /* figures */
    uint64_t late;      /* packets dropped because their place was heard */
    uint64_t timelines; /* begun */
    uint64_t skipped;   /* samples skipped, because too many waited */
    /* What waits: rings of octets and of their kinds, which begin anew when they grow or shrink. A call that walks through
     * 8 KiB to have 80 ms wait would keep all of them in memory and none of them in a cache. */
    uint32_t room;    /* samples that a ring holds: RTP_PLAYOUT_USUAL or RTP_PLAYOUT_SAMPLES */
    int64_t farthest; /* how far ahead of the listener anything was put, of `seen` packets */
    uint8_t *grown;   /* owns; both rings while more has to wait, else NULL */
    uint8_t usual[2 * RTP_PLAYOUT_USUAL];
};

struct rtp_play_frame {
    uint16_t count;        /* samples: the clock's frame */
    bool whole;            /* all of one kind, a codec's or a gap */
    const uint8_t *octets; /* valid until the playout is touched again; those of a gap are 0 */
    const uint8_t *kinds;  /* of each; whole: only the first is there */
    uint8_t storage[2 * RTP_FRAME_MAX];
};

/* p is zeroed, or was initialised before. first: when the first frame is due; then each 20 ms. clock: copied; its frame is at most
 * RTP_FRAME_MAX. */
void rtp_playout_init(struct rtp_playout *p, const struct rtp_clock *clock, dur_us window, mono_us first);
/* Safe on a zeroed one and twice. */
void rtp_playout_fini(struct rtp_playout *p);
/* How many frames are to be pulled now: 0 to 2. After a stand-still it catches up so, since the packets wait in the socket;
 * what is more than 400 ms behind is left out. */
uint32_t rtp_playout_due(struct rtp_playout *p, mono_us now);
/* An audio packet that rtp_rx_push judged NEW, LATE or RESTART (others are ignored here). kind: 1 to 254, its codec. Where there is no
 * memory for more to wait, the listener skips what is too much. */
void rtp_playout_push(struct rtp_playout *p, const struct rtp_packet *packet, enum rtp_rx_verdict verdict,
                      uint8_t kind);
/* The same for comfort noise (payload type 13): from its place on, gaps are noise until audio comes. */
void rtp_playout_push_noise(struct rtp_playout *p, const struct rtp_packet *packet, enum rtp_rx_verdict verdict);
/* What the next pull looks at is on its way into the cache. */
void rtp_playout_fetch(const struct rtp_playout *p);
/* The next 20 ms; not copied where they lie in one piece. */
void rtp_playout_pull(struct rtp_playout *p, struct rtp_play_frame *out);

/* ---- telephone events: the keys of RFC 4733, on the clock of the audio ---- */

#define RTP_EVENT_LEN 4 /* of the payload */

/* '0' to '9', '*', '#', 'A' to 'D' for events 0 to 15; 0 for others. */
char rtp_event_key(uint8_t event);
/* The reverse; lower-case a to d too. -1: no key. */
int rtp_event_of_key(char key);

/* Keys received: each press is told once, with the first packet of it that comes, whatever is lost, repeated or reordered.
 * Packets of one press share event and timestamp; the segments of a press longer than 8 s, and a press in whose middle the
 * SSRC changes, are one press. So are packets with timestamps of their own (senders that go on counting, mostly in the repeated
 * ends) whose duration reaches back over the newest press, by their timestamps and by the time since it was heard. Only the first event of a packet counts. More than 32 presses at once or 25 a second are no keys
 * but a flood: they are not told. */
#define RTP_PRESSES_KEPT 16
struct rtp_press {
    bool used;
    uint8_t event;
    uint32_t ssrc, timestamp;
};
struct rtp_dtmf_rx {
    uint32_t clock_hz;
    struct rtp_press told[RTP_PRESSES_KEPT]; /* ring: the last presses */
    uint32_t next;                           /* the oldest of them */
    struct rtp_press last;                   /* the newest press */
    uint16_t duration;                       /* of the newest press, as far as heard */
    uint32_t begin;                          /* its timestamp, whatever names came later */
    bool ended;                              /* its end was heard */
    mono_us heard;                           /* its last packet */
    bool started;                            /* a packet of the stream came */
    uint32_t ssrc, former_ssrc;              /* of the stream */
    mono_us changed;                         /* from the one to the other */
    uint32_t allowance;                      /* presses that may be told at once */
    mono_us allowance_at;
};
void rtp_dtmf_rx_init(struct rtp_dtmf_rx *k, uint32_t clock_hz);
/* Every packet of the stream, before its key is looked at: an SSRC that changes is no new press. */
void rtp_dtmf_rx_stream(struct rtp_dtmf_rx *k, mono_us now, uint32_t ssrc);
/* A telephone-event packet that rtp_rx_push judged NEW, LATE or RESTART. The key that was pressed, or 0: nothing to tell. */
char rtp_dtmf_rx_push(struct rtp_dtmf_rx *k, mono_us now, const struct rtp_packet *packet);
/* Whether a packet that was just pushed is of the newest press. */
bool rtp_dtmf_rx_is_newest(const struct rtp_dtmf_rx *k, const struct rtp_packet *packet);

/* Keys to be sent: a queue, and what leaves in each 20 ms. */
#define RTP_DTMF_MAX        64 /* waiting keys and pauses */
#define RTP_DTMF_ON_US      DUR_MS(100)
#define RTP_DTMF_OFF_US     DUR_MS(100)
#define RTP_DTMF_PAUSE_US   DUR_MS(500) /* ',' */
#define RTP_DTMF_ENDS       3           /* packets that tell the end of a key */
#define RTP_DTMF_END_BIT    0x80        /* of the second octet: the last packets of an event (RFC 4733 2.3.2) */
#define RTP_DTMF_VOLUME_DBM 10          /* -10 dBm0 */

enum rtp_dtmf_phase { RTP_DTMF_IDLE, RTP_DTMF_ACTIVE, RTP_DTMF_SILENT };

struct rtp_dtmf_tx {
    struct rtp_clock clock;
    char queue[RTP_DTMF_MAX]; /* ring */
    uint32_t head, count;
    enum rtp_dtmf_phase phase;
    char key;              /* that sounds, or sounded last */
    bool as_event;         /* sent as packets, else as a tone in the audio */
    uint32_t started;      /* timestamp of its begin */
    uint32_t silent_since; /* timestamp of the begin of the silence */
    uint32_t silent_for;   /* samples */
    uint32_t ends_left;    /* packets that are still to tell its end */
    bool first;            /* its first packet has not left */
};

enum rtp_dtmf_turn {
    RTP_DTMF_TURN_NONE,   /* nothing sounds or waits: the audio's turn */
    RTP_DTMF_TURN_EVENT,  /* a packet of the event, and no audio */
    RTP_DTMF_TURN_TONE,   /* the tone of the key, from sample `offset` of it on */
    RTP_DTMF_TURN_SILENCE /* silence between two keys, or a pause */
};

struct rtp_dtmf_step {
    enum rtp_dtmf_turn turn;
    char key;
    uint32_t samples; /* TONE, SILENCE: how many at most, before the next step; 1 or more */
    uint32_t offset;  /* TONE: */
    uint32_t total;   /* of so many samples */
    /* EVENT */
    bool marker;
    uint32_t timestamp;
    uint8_t payload[RTP_EVENT_LEN];
};

void rtp_dtmf_tx_init(struct rtp_dtmf_tx *k, const struct rtp_clock *clock);
/* All or nothing. ST_BAD (empty, or a character that is no key and no ','), ST_TOO_LARGE (more than RTP_DTMF_MAX), ST_FULL
 * (not enough room behind those that wait). */
WS_MUST_CHECK int rtp_dtmf_tx_add(struct rtp_dtmf_tx *k, struct span keys);
/* Something sounds at `timestamp`, or waits to. */
bool rtp_dtmf_tx_busy(const struct rtp_dtmf_tx *k, uint32_t timestamp);
/* What is to be sent at `timestamp` (of the stream, RFC 3550), for the next `samples` of it (20 ms, or what is left of a
 * longer packet). events: telephone-event is agreed; a key goes on as it began, but an event is silent for the rest of its time
 * when events are not agreed any more. Durations go by the timestamps, so that ticks that come late or are skipped change none.
 * An event begins with 20 ms before it only: until then silence. */
struct rtp_dtmf_step rtp_dtmf_tx_step(struct rtp_dtmf_tx *k, uint32_t timestamp, uint32_t samples, bool events);
/* The key that sounds is over, without an end (the call is held). */
void rtp_dtmf_tx_cut(struct rtp_dtmf_tx *k);
/* Writes an event's packet: the stream's next sequence number, its own timestamp and payload type. The stream's timestamp
 * stays: rtp_tx_skip moves it on, and marks the audio behind it. */
WS_MUST_CHECK int rtp_tx_event(struct rtp_tx *tx, const struct rtp_dtmf_step *step, uint8_t payload_type,
                               struct outbuf *out);

/* ---- where the far end's audio comes from (SPEC section 3 "Audio") ---- */

/* Whose packets are taken besides those of the SDP's address, see the table in source.c. */
enum rtp_learn {
    RTP_LEARN_OFF,
    RTP_LEARN_PORT,    /* another port of the SDP's IP, or of the SIP peer's */
    RTP_LEARN_PRIVATE, /* another IP too, where the SDP's address cannot be reached from everywhere */
    RTP_LEARN_ANY,     /* another IP, whatever the SDP says */
    RTP_LEARN_COUNT
};

/* What was agreed of the far end's media. */
struct rtp_far {
    struct net_addr rtp;      /* the SDP's address */
    struct net_addr rtcp;     /* the same for reports; family 0: none are sent */
    struct net_addr sip_peer; /* its IP counts as the far end's too */
    bool sends;               /* the agreed direction lets it send */
};

/* A source that is not taken yet: how many packets that follow each other have come from it: of one SSRC, with at most nine lost
 * in between. Late ones count for nothing, and against nothing. */
struct rtp_candidate {
    struct net_addr from; /* family 0: free */
    mono_us at;
    uint32_t ssrc;
    uint16_t sequence;
    uint16_t run;
};

#define RTP_CANDIDATES_NEAR      2 /* other ports of known IPs */
#define RTP_CANDIDATES_ELSEWHERE 4 /* other IPs: they never displace the former */

struct rtp_source {
    enum rtp_learn learn;
    bool negotiated; /* far.rtp and far.rtcp are known */
    struct rtp_far far;
    struct net_addr named;  /* the SDP's address, or when that is 0.0.0.0 the one before */
    struct net_addr learnt; /* in use instead of the SDP's address; family 0: none */
    bool heard;             /* the address in use */
    mono_us heard_at;
    bool reached;              /* something valid came from an IP that the signalling names */
    struct net_addr former;    /* in use before the SDP named another address, */
    mono_us former_until;      /* and not to be learnt again before */
    bool same_host;            /* both addresses are of one IP */
    struct net_addr rtcp_seen; /* where the last valid report came from */
    struct rtp_candidate near[RTP_CANDIDATES_NEAR];
    struct rtp_candidate elsewhere[RTP_CANDIDATES_ELSEWHERE];
};

#define RTP_SOURCE_SILENT_US DUR_MS(200) /* after so long another source may take the place of the one in use */

/* Nothing is agreed yet: with learning on, packets of the SIP peer's IP are heard by the rule for another port. */
void rtp_source_init(struct rtp_source *s, enum rtp_learn learn, const struct net_addr *sip_peer);
/* What an SDP brought, first or again. With the same RTP address what was learnt stays; with another everything begins anew,
 * and for 200 ms the source that was in use before is not learnt again, for its last packets are still on their way. Another
 * port of the same IP is the same host, so that what is known of its network stays known, and so is 0.0.0.0 (a hold) in mid-call. */
void rtp_source_agree(struct rtp_source *s, mono_us now, const struct rtp_far *far);
/* A packet that parsed as RTP of this call came from `from`. True: it is the far end's (and that source may just have been
 * learnt); all other packets are to be dropped. */
bool rtp_source_accept(struct rtp_source *s, mono_us now, const struct net_addr *from, const struct rtp_packet *packet);
/* Where to send: the learnt source, else the SDP's address. */
const struct net_addr *rtp_source_dest(const struct rtp_source *s);
/* Reports come one every few seconds, so that there is nothing to count: they are taken from the SDP's RTCP address and, while
 * learning is not off, from any port of the IPs of the SDP, the SIP peer and the source in use. */
bool rtp_source_takes_rtcp(const struct rtp_source *s, const struct net_addr *from);
/* Such a report was valid. */
void rtp_source_rtcp_heard(struct rtp_source *s, const struct net_addr *from);
/* Where our reports go: the SDP's RTCP address; once another source is learnt, to where its host's reports come from, else to
 * the port above its RTP port. False: nowhere. */
bool rtp_source_rtcp_dest(const struct rtp_source *s, struct net_addr *to);

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

/* Time to the next report: 0.5 to 1.5 times 5 s (RFC 3550 6.2, 6.3.1), drawn anew each time. */
#define RTCP_INTERVAL_MIN       DUR_MS(2500)
#define RTCP_INTERVAL_SPREAD_MS 5000U

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
