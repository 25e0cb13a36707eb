/* SPDX-License-Identifier: MIT */
/* What an answer or an offer of the far end comes to (RFC 3264). */
#include "format.h"

const char *sdp_direction_name(enum sdp_direction direction)
{
    switch (direction) {
    case SDP_INACTIVE: return "inactive";
    case SDP_SENDONLY: return "sendonly";
    case SDP_RECVONLY: return "recvonly";
    case SDP_SENDRECV: return "sendrecv";
    }
    return "?";
}

/* The packet time that we send: the nearest of 20, 40 and 60 ms, the shorter of two equally near ones, never above
 * maxptime but for 20, the shortest there is. */
static uint16_t choose_ptime(const struct sdp_session *peer)
{
    static const uint16_t choices[] = {20, 40, 60};
    uint16_t wanted = peer->ptime_ms != 0 ? peer->ptime_ms : choices[0];
    uint16_t best = choices[0];

    for (size_t i = 1; i < sizeof(choices) / sizeof(choices[0]); i++) {
        bool allowed = peer->maxptime_ms == 0 || choices[i] <= peer->maxptime_ms;
        /* Nearer than the one before it: beyond the middle between the two. */
        if (allowed && 2u * wanted > (unsigned)choices[i] + choices[i - 1]) {
            best = choices[i];
        }
    }
    return best;
}

static bool choose_codec(const struct sdp_session *peer, struct sdp_negotiated *out)
{
    for (size_t i = 0; i < peer->format_count; i++) {
        if (sdp_format_codec(&peer->formats[i], &out->codec)) {
            out->payload_type = peer->formats[i].payload_type;
            return true;
        }
    }
    return false;
}

static int choose_event(const struct sdp_session *peer, enum audio_codec codec)
{
    for (size_t i = 0; i < peer->format_count; i++) {
        if (sdp_format_is_telephone_event(&peer->formats[i], audio_codec_row(codec)->clock_hz)) {
            return peer->formats[i].payload_type;
        }
    }
    return -1;
}

static int accept(const struct sdp_session *peer, struct sdp_negotiated *out, const char **why)
{
    *out = (struct sdp_negotiated){.telephone_event_pt = -1, .telephone_event_ours = -1};
    if (!peer->has_audio) {
        *why = "no audio over RTP/AVP";
    } else if (peer->rtp.port == 0) {
        *why = "audio rejected (port 0)";
    } else if (peer->rtp.family == 0) {
        *why = "no usable address in c=";
    } else if (!choose_codec(peer, out)) {
        *why = "no common codec";
    } else {
        out->telephone_event_pt = choose_event(peer, out->codec);
        out->ptime_ms = choose_ptime(peer);
        out->rtp = peer->rtp;
        out->rtcp = peer->rtcp;
        out->we_send = ((unsigned)peer->direction & SDP_RECVONLY) != 0;
        out->we_receive = ((unsigned)peer->direction & SDP_SENDONLY) != 0;
        return ST_OK;
    }
    return ST_BAD;
}

int sdp_accept_answer(const struct sdp_session *answer, struct sdp_negotiated *out, const char **why)
{
    int status = accept(answer, out, why);

    out->telephone_event_ours = out->telephone_event_pt >= 0 ? SDP_TELEPHONE_EVENT_PT : -1;
    return status;
}

int sdp_accept_offer(const struct sdp_session *offer, struct sdp_negotiated *out, const char **why)
{
    int status = accept(offer, out, why);

    out->telephone_event_ours = out->telephone_event_pt; /* sdp_write_answer repeats it */
    return status;
}

bool sdp_offer_has(const struct sdp_session *offer, enum audio_codec codec, uint8_t payload_type)
{
    enum audio_codec offered;

    for (size_t i = 0; i < offer->format_count; i++) {
        if (offer->formats[i].payload_type == payload_type && sdp_format_codec(&offer->formats[i], &offered)) {
            return offered == codec;
        }
    }
    return false;
}

int sdp_negotiated_fit(struct sdp_negotiated *negotiated, const struct net_addr *local, const char **why)
{
    negotiated->rtp = addr_unmapped(negotiated->rtp);
    negotiated->rtcp = addr_unmapped(negotiated->rtcp);
    if (negotiated->rtcp.family != local->family) {
        negotiated->rtcp = (struct net_addr){0};
    }
    if (negotiated->rtp.family == local->family || addr_is_any(&negotiated->rtp)) {
        return ST_OK;
    }
    *why = local->family == 4 ? "the address in c= is IPv6, ours is IPv4" : "the address in c= is IPv4, ours is IPv6";
    return ST_BAD;
}

bool sdp_answer_rejects(const struct sdp_session *answer)
{
    return answer->has_audio && answer->rtp.port == 0;
}
