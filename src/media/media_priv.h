/* SPDX-License-Identifier: MIT */
/* What the files of room media share. Ownership: media > sessions > {queue, player, recorder}. */
#ifndef WSAUDIO_MEDIA_MEDIA_PRIV_H
#define WSAUDIO_MEDIA_MEDIA_PRIV_H

#include "convert.h"
#include "echo.h"
#include "player.h"
#include "recorder.h"
#include "tx_queue.h"
#include "wsaudio/base/log_quota.h"
#include "wsaudio/media.h"

struct media {
    struct media_config config;
    struct pool sessions;
    struct list_node sending;    /* sessions that the tick serves */
    struct list_node converting; /* sessions whose file is converted as it plays */
    mono_us tick_next;           /* grid of 20 ms, MONO_NEVER while nothing is sent */
    struct block_store blocks;   /* of all sessions' live audio */
    struct turn_budget budget;   /* of this turn */
    struct convert convert;
    struct log_quota drop_lines; /* about packets that a session did not take */
    struct media_stats stats;
};

/* Why a packet on the RTP port was dropped. */
enum media_drop {
    MEDIA_DROP_NOT_RTP,
    MEDIA_DROP_PAYLOAD_TYPE, /* not negotiated */
    MEDIA_DROP_SOURCE,       /* not where the far end's audio comes from */
    MEDIA_DROP_COUNT
};

struct media_dropped {
    uint32_t count;       /* since a packet was last taken */
    struct net_addr from; /* the newest */
    uint8_t payload_type;
    bool told; /* in the log */
};

/* Our side of SDP, as it was said last. */
struct session_sdp {
    struct sdp_local local;
    uint32_t said;   /* hash of the text */
    bool answer_due; /* it was our 2xx to a re-INVITE without an offer: the ACK brings the answer */
};

/* In the order in which packets and ticks touch it: what each of them needs lies side by side, since a call's memory is in no cache
 * any more when its next packet comes. */
struct media_session {
    struct list_node node; /* of media.sending */
    struct media *media;
    struct pool_id id;
    bool listening; /* between open and close: packets are taken */
    bool started;   /* an SDP was negotiated */
    bool sending;
    bool confirmed;
    bool muted;
    bool hearing; /* the owner's format is a decoded one: playout is in use */
    bool first_logged;
    bool record_restart; /* a new timeline began with a packet that is no audio */
    struct rtp_pacer pacer;
    mono_us rtcp_due;
    mono_us heard_at; /* last valid RTP or RTCP */
    struct rtp_tx tx;
    struct sdp_negotiated negotiated; /* in force once started */
    struct media_session_config config;
    struct tx_queue queue;
    struct rtp_dtmf_tx dtmf_out;
    struct player player; /* the file queue's audio */
    struct recorder recorder;
    struct rtp_rx rx;
    struct rtp_source source;
    struct media_dropped drops[MEDIA_DROP_COUNT];
    struct rtp_dtmf_rx dtmf_in;
    struct rtp_playout playout;
    /* seldom */
    struct list_node converting_node;     /* of media.converting */
    struct session_sdp ours, ours_before; /* before: of media_session_withdraw */
    struct sdp_negotiated
        former; /* when it had other payload types: packets under way, and what RFC 3264 8.3.2 keeps */
    struct sdp_negotiated pending; /* what start takes over */
    struct rtcp_state rtcp;
    uint64_t skipped; /* packets that were never sent because this machine was too late */
    uint64_t dropped; /* not valid RTP of this session */
    char cname[17];
    struct echo *echo;   /* owns; of MEDIA_SOURCE_ECHO */
    uint32_t tone_phase; /* of MEDIA_SOURCE_TONE */
    uint32_t event_out;  /* of MEDIA_SOURCE_REFLECT: timestamp of the digit that goes back */
    uint32_t noise_seed;
};

/* What a packet brings. */
enum media_payload_kind { MEDIA_PAYLOAD_UNWANTED, MEDIA_PAYLOAD_AUDIO, MEDIA_PAYLOAD_NOISE, MEDIA_PAYLOAD_EVENT };
struct media_payload {
    enum media_payload_kind kind;
    enum audio_codec codec; /* AUDIO */
};

/* ---- session.c ---- */

static inline void session_tell(const struct media_session *s, const struct media_event *event)
{
    s->config.event(s->config.ctx, event);
}
/* Of the codec in use. */
static inline struct rtp_clock session_clock(const struct media_session *s)
{
    const struct audio_codec_row *row = audio_codec_row(s->negotiated.codec);

    return (struct rtp_clock){row->clock_hz, row->frame_samples};
}
/* The direction lets us send, and we do. */
static inline bool session_may_send(const struct media_session *s)
{
    return s->sending && s->negotiated.we_send;
}
/* The one place where a packet leaves, RTP and RTCP. */
void media_session_emit(struct media_session *s, bool rtcp, const struct net_addr *to, struct span packet);

/* ---- session_send.c ---- */

/* At each tick. */
void media_session_tick(struct media_session *s, mono_us now);
/* Opens the next file when none plays; the conversion of one that needs it begins with that. False: no file waits. */
bool media_session_file_next(struct media_session *s);
/* A report to the far end; with bye the last one. */
void media_session_send_rtcp(struct media_session *s, mono_us now, bool bye);
/* Drawn anew for each report (RFC 3550 6.2). */
dur_us media_session_rtcp_interval(const struct media_session *s);

/* ---- session_dtmf.c ---- */

/* Between two packets: as negotiated, but 20 ms while DTMF is sent as events. */
dur_us media_session_interval(const struct media_session *s);
/* A packet of an event left, and the packet of audio is not to be sent. */
bool media_session_dtmf_event(struct media_session *s, dur_us interval);
/* 20 ms of a tone or of the silence behind a digit, at that timestamp of our stream. False: the queue's turn. */
bool media_session_dtmf_frame(struct media_session *s, uint32_t timestamp, enum audio_codec codec, uint8_t *out);

/* ---- session_receive.c ---- */

void media_session_input(struct media_session *s, mono_us now, bool rtcp, const struct net_addr *from,
                         struct span datagram);

/* ---- session_reflect.c: MEDIA_SOURCE_REFLECT ---- */

void media_session_reflect_audio(struct media_session *s, const struct rtp_packet *packet);
/* A digit comes back as a digit: its packets share a timestamp of our stream, also where theirs do not. pressed: its first. */
void media_session_reflect_event(struct media_session *s, const struct rtp_packet *event, bool pressed);
/* Reports ride on what arrives. */
void media_session_reflect_report(struct media_session *s, mono_us now);

/* ---- session_downlink.c: the decoded formats ---- */

/* A packet to be heard, if the format is a decoded one. Events are left out: their place is a gap. */
void media_session_downlink_push(struct media_session *s, mono_us now, const struct rtp_packet *packet,
                                 enum rtp_rx_verdict verdict, struct media_payload payload);
/* At each tick while the session sends: the frames that are due. */
void media_session_downlink_tick(struct media_session *s, mono_us now);
/* The session ends: what waits is handed on at once. */
void media_session_downlink_rest(struct media_session *s);

#endif
