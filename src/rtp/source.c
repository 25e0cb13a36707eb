/* SPDX-License-Identifier: MIT */
/* Which address the far end's audio comes from: behind a NAT it is not the one that its SDP names. Whoever takes this place
 * hears the call and is heard in it, so that each source must show more the less the signalling says of it. */
#include "wsaudio/rtp.h"

enum origin {
    ORIGIN_SDP,       /* the SDP's address */
    ORIGIN_LEARNT,    /* in use */
    ORIGIN_NEAR,      /* another port of the SDP's or the SIP peer's IP, or of the one that was learnt */
    ORIGIN_ELSEWHERE, /* another IP */
    ORIGIN_COUNT
};

enum condition {
    ALWAYS,
    WHEN_SILENT, /* the address in use, if any, has been silent for 200 ms */
    WHEN_UNREACHED /* the SDP's address is one that many hosts have, or none, and nothing has come from it or anybody else */
};

struct rule {
    uint8_t packets; /* that must follow each other before the last of them is taken; 0: never */
    enum condition when;
};

/* clang-format off */
#define NEVER        {0, ALWAYS}
#define AT_ONCE      {1, ALWAYS}
#define NEW_PORT     {2, WHEN_SILENT}    /* a NAT's new binding; one packet may be a stray of the call before on this port */
#define PRIVATE_NAT  {5, WHEN_UNREACHED} /* the far end is behind a NAT and does not know it */
#define ANOTHER_HOST {5, WHEN_SILENT}    /* odd networks */

static const struct rule rules[RTP_LEARN_COUNT][ORIGIN_COUNT] = {
    /*                        SDP      LEARNT   NEAR      ELSEWHERE */
    [RTP_LEARN_OFF]     = {AT_ONCE, NEVER,   NEVER,    NEVER},
    [RTP_LEARN_PORT]    = {AT_ONCE, AT_ONCE, NEW_PORT, NEVER},
    [RTP_LEARN_PRIVATE] = {AT_ONCE, AT_ONCE, NEW_PORT, PRIVATE_NAT},
    [RTP_LEARN_ANY]     = {AT_ONCE, AT_ONCE, NEW_PORT, ANOTHER_HOST},
};
/* clang-format on */

void rtp_source_init(struct rtp_source *s, enum rtp_learn learn, const struct net_addr *sip_peer)
{
    *s = (struct rtp_source){.learn = learn, .far = {.sip_peer = *sip_peer, .sends = true}};
}

void rtp_source_agree(struct rtp_source *s, mono_us now, const struct rtp_far *far)
{
    if (s->negotiated && addr_equal(&s->far.rtp, &far->rtp)) {
        s->far = *far;
        return;
    }
    bool no_host = addr_is_any(&far->rtp); /* RFC 2543's hold: it names nobody else */
    bool same_host = s->negotiated && (no_host || addr_same_ip(&s->named, &far->rtp));
    bool nothing_came = same_host && s->same_host && !s->heard; /* what is known is older */
    struct net_addr former = nothing_came ? s->former : s->negotiated ? *rtp_source_dest(s) : (struct net_addr){0};

    *s = (struct rtp_source){.learn = s->learn,
                             .negotiated = true,
                             .far = *far,
                             .named = same_host && no_host ? s->named : far->rtp,
                             .reached = same_host && (s->reached || s->heard),
                             .former = former,
                             .former_until = now + RTP_SOURCE_SILENT_US,
                             .same_host = same_host};
}

static enum origin origin_of(const struct rtp_source *s, const struct net_addr *from)
{
    if (addr_equal(&s->far.rtp, from)) {
        return ORIGIN_SDP;
    }
    if (addr_equal(&s->learnt, from)) {
        return ORIGIN_LEARNT;
    }
    bool near = addr_same_ip(&s->far.rtp, from) || addr_same_ip(&s->far.sip_peer, from) ||
                addr_same_ip(&s->learnt, from) || (s->same_host && addr_same_ip(&s->former, from));
    return near ? ORIGIN_NEAR : ORIGIN_ELSEWHERE;
}

static bool holds(const struct rtp_source *s, mono_us now, enum condition when)
{
    switch (when) {
    case ALWAYS: return true;
    case WHEN_SILENT: return !s->heard || now - s->heard_at >= RTP_SOURCE_SILENT_US;
    case WHEN_UNREACHED: return (addr_is_private(&s->far.rtp) || addr_is_any(&s->far.rtp)) && !s->heard && !s->reached;
    }
    return false;
}

/* That of this source, else the one that was silent longest. */
static struct rtp_candidate *candidate_of(struct rtp_candidate *list, size_t count, const struct net_addr *from)
{
    struct rtp_candidate *oldest = list;

    for (size_t i = 0; i < count; i++) {
        if (addr_equal(&list[i].from, from)) {
            return &list[i];
        }
        if (list[i].from.family == 0 || (oldest->from.family != 0 && list[i].at < oldest->at)) {
            oldest = &list[i];
        }
    }
    *oldest = (struct rtp_candidate){.from = *from};
    return oldest;
}

/* Some are lost in between, some come late: a network that always does so (two links in turn) must not keep a stream out. What is
 * far ahead, or comes long after, is another stray. */
#define NEAR_PACKETS 10
#define NEAR_US      DUR_MS(500)

static bool comes_late(const struct rtp_candidate *c, uint16_t sequence)
{
    return (uint16_t)(c->sequence - sequence) <= NEAR_PACKETS; /* or the network doubled it */
}

static bool follows(const struct rtp_candidate *c, mono_us now, uint16_t sequence)
{
    uint16_t step = (uint16_t)(sequence - c->sequence);

    return step == 1 || (step <= NEAR_PACKETS && now - c->at <= NEAR_US);
}

/* How many packets that follow each other have come from there, with this one. */
static unsigned count_run(struct rtp_source *s, mono_us now, enum origin origin, const struct net_addr *from,
                          const struct rtp_packet *packet)
{
    struct rtp_candidate *c = origin == ORIGIN_NEAR ? candidate_of(s->near, RTP_CANDIDATES_NEAR, from)
                                                    : candidate_of(s->elsewhere, RTP_CANDIDATES_ELSEWHERE, from);
    bool same = c->run > 0 && c->ssrc == packet->ssrc;

    if (!same || !comes_late(c, packet->sequence)) {
        bool runs_on = same && follows(c, now, packet->sequence);
        c->run = !runs_on ? 1 : c->run < UINT16_MAX ? (uint16_t)(c->run + 1) : c->run;
        c->ssrc = packet->ssrc;
        c->sequence = packet->sequence;
    }
    c->at = now;
    return c->run;
}

static bool may_be_learnt(struct rtp_source *s, mono_us now, enum origin origin, const struct net_addr *from,
                          const struct rtp_packet *packet)
{
    const struct rule *rule = &rules[s->learn][origin];
    bool old = now < s->former_until && addr_equal(&s->former, from);
    bool too_early = origin == ORIGIN_ELSEWHERE && !s->negotiated; /* anybody finds our port while it rings */

    if (rule->packets == 0 || !s->far.sends || old || too_early) {
        return false;
    }
    return count_run(s, now, origin, from, packet) >= rule->packets && holds(s, now, rule->when);
}

static void learn(struct rtp_source *s, const struct net_addr *from)
{
    s->learnt = *from;
    memset(s->near, 0, sizeof(s->near));
    memset(s->elsewhere, 0, sizeof(s->elsewhere));
}

bool rtp_source_accept(struct rtp_source *s, mono_us now, const struct net_addr *from, const struct rtp_packet *packet)
{
    enum origin origin = origin_of(s, from);

    if (origin == ORIGIN_SDP) {
        s->learnt = (struct net_addr){0};
    } else if (origin != ORIGIN_LEARNT) {
        if (!may_be_learnt(s, now, origin, from, packet)) {
            return false;
        }
        learn(s, from);
    }
    s->reached = s->reached || origin == ORIGIN_SDP || origin == ORIGIN_NEAR;
    s->heard = true;
    s->heard_at = now;
    return true;
}

const struct net_addr *rtp_source_dest(const struct rtp_source *s)
{
    return s->learnt.family != 0 ? &s->learnt : &s->far.rtp;
}

/* ---- reports ---- */

bool rtp_source_takes_rtcp(const struct rtp_source *s, const struct net_addr *from)
{
    if (addr_equal(&s->far.rtcp, from)) {
        return true;
    }
    return s->learn != RTP_LEARN_OFF && (origin_of(s, from) != ORIGIN_ELSEWHERE || addr_same_ip(&s->far.rtcp, from));
}

void rtp_source_rtcp_heard(struct rtp_source *s, const struct net_addr *from)
{
    s->reached = s->reached || addr_same_ip(&s->far.rtp, from);
    if (s->far.sends) {
        s->rtcp_seen = *from;
    }
}

bool rtp_source_rtcp_dest(const struct rtp_source *s, struct net_addr *to)
{
    *to = s->far.rtcp;
    if (to->family == 0 || s->learnt.family == 0) {
        return to->family != 0;
    }
    /* behind NAT the SDP's RTCP address is as wrong as its RTP address was */
    if (addr_same_ip(&s->learnt, &s->rtcp_seen)) {
        *to = s->rtcp_seen;
        return true;
    }
    *to = s->learnt;
    to->port = (uint16_t)(to->port + 1);
    return to->port != 0; /* no port above the last */
}
