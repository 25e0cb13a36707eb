/* SPDX-License-Identifier: MIT */
/* Room sdp, level 1: the part of SDP (RFC 8866) and offer/answer (RFC 3264) that one G.711 audio stream needs. */
#ifndef WSAUDIO_SDP_H
#define WSAUDIO_SDP_H

#include "wsaudio/audio.h"
#include "wsaudio/base.h"

enum sdp_direction { SDP_INACTIVE = 0, SDP_SENDONLY = 1, SDP_RECVONLY = 2, SDP_SENDRECV = 3 };

const char *sdp_direction_name(enum sdp_direction direction);

#define SDP_FORMATS_MAX 32
#define SDP_WRITE_MAX   1024 /* bytes: room for whatever is written here */

struct sdp_format {
    uint8_t payload_type; /* 0 to 127 */
    uint32_t clock_hz;    /* from rtpmap, or the static table; 0 unknown */
    char encoding[24];    /* upper-cased encoding name; "" unknown */
    char fmtp[64];        /* "0-15" and the like; "" none or too long */
};

/* What the first usable (or, when none is, the first) audio m= line says, session-level values already applied. */
struct sdp_session {
    uint64_t origin_id, origin_version; /* o= */
    bool has_audio;                     /* an m=audio line with a known RTP profile (RTP/AVP) stands in it */
    size_t media_index, media_count;    /* which m= line it is, of how many */
    struct net_addr rtp;                /* c= and port; port 0: rejected; family 0: c= is a host name or missing */
    struct net_addr rtcp;               /* a=rtcp (RFC 3605), else port + 1; family 0 unknown */
    bool rtcp_mux;
    enum sdp_direction direction; /* as the sender of the SDP says it; 0.0.0.0 counts as its hold */
    uint16_t ptime_ms;            /* 0 not given */
    uint16_t maxptime_ms;         /* 0 not given */
    size_t format_count;
    struct sdp_format formats[SDP_FORMATS_MAX]; /* in the order of the m= line; further ones are ignored */
};

/* ST_OK or ST_BAD (*out then says has_audio false); *why (never NULL on ST_BAD) is a short English reason. Tolerates LF line ends and unknown lines; is
 * strict about ports (0 to 65535), addresses and numbers. Several c= or m= lines: RFC rules. */
WS_MUST_CHECK int sdp_parse(struct span body, struct sdp_session *out, const char **why);

struct sdp_local {
    struct net_addr rtp; /* our address and RTP port; RTCP is port + 1 */
    uint64_t origin_id;  /* random, constant for the call */
    uint64_t version;    /* increases by one when our SDP changes */
    enum sdp_direction direction;
};

/* What both sides agreed. */
struct sdp_negotiated {
    enum audio_codec codec;   /* what we send, and expect */
    uint8_t payload_type;     /* number used for it (the static one, or a dynamic one the offer mapped) */
    int telephone_event_pt;   /* of those we send; -1: none agreed */
    int telephone_event_ours; /* the number that we gave it in our offer or answer: they may send it; -1: none agreed */
    uint16_t ptime_ms;        /* packet time we send: 20, 40 or 60, the nearest to theirs (the shorter of two), not over
                                 their maxptime but for 20; 20 when they give none */
    struct net_addr rtp;      /* where we send */
    struct net_addr rtcp;     /* family 0: do not send */
    bool we_send, we_receive; /* direction as agreed, from our side */
};

#define SDP_TELEPHONE_EVENT_PT 101 /* in our offers */

/* The offer: the codecs that there are in the order of their table, telephone-event 101 (0-15), ptime 20. ST_TOO_LARGE. */
WS_MUST_CHECK int sdp_write_offer(const struct sdp_local *local, struct outbuf *out);
/* Judges an answer to sdp_write_offer's offer. ST_BAD (*why: no audio, port 0, no common codec, address unusable). */
WS_MUST_CHECK int sdp_accept_answer(const struct sdp_session *answer, struct sdp_negotiated *out, const char **why);
/* Judges an offer; ST_BAD as above (the caller answers 488). The first of the offer's formats that we know wins. */
WS_MUST_CHECK int sdp_accept_offer(const struct sdp_session *offer, struct sdp_negotiated *out, const char **why);
/* The offer has that codec under that number: whoever sends so may go on. */
bool sdp_offer_has(const struct sdp_session *offer, enum audio_codec codec, uint8_t payload_type);
/* Whether we can send to what was agreed from an address of ours: an address of another family cannot be reached (ST_BAD,
 * *why), and RTCP to one is left out. Unset addresses (0.0.0.0, a hold) pass. */
WS_MUST_CHECK int sdp_negotiated_fit(struct sdp_negotiated *negotiated, const struct net_addr *local, const char **why);
/* An answer that takes our stream away (port 0; RFC 3264 6): what was agreed before stays, with no media either way. */
bool sdp_answer_rejects(const struct sdp_session *answer);
/* The answer to that offer: every other m= line of it rejected with port 0, in the offer's order. `offer_body` is the
 * text of the offer. Its t= line is repeated; the direction is local's as far as what was agreed allows. ST_TOO_LARGE;
 * ST_BAD when offer_body is not an offer that sdp_accept_offer takes. */
WS_MUST_CHECK int sdp_write_answer(const struct sdp_local *local, const struct sdp_negotiated *negotiated,
                                   struct span offer_body, struct outbuf *out);
/* Whether a payload type brings telephone events: by the number that we gave them, or by theirs, as some far ends send. */
static inline bool sdp_negotiated_is_event(const struct sdp_negotiated *negotiated, uint8_t payload_type)
{
    return payload_type == negotiated->telephone_event_pt || payload_type == negotiated->telephone_event_ours;
}

#endif
