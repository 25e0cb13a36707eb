/* Which address the far end's audio comes from: behind a NAT it is not the one that its SDP names. */
#include "wsaudio/rtp.h"

void rtp_source_init(struct rtp_source *s, mono_us now, const struct net_addr *expected,
                     const struct net_addr *sip_peer)
{
    *s = (struct rtp_source){.expected = *expected, .sip_peer = *sip_peer, .since = now, .last_known = now};
}

bool rtp_source_accept(struct rtp_source *s, mono_us now, const struct net_addr *from)
{
    bool known = addr_same_ip(&s->expected, from) || addr_same_ip(&s->sip_peer, from);
    if (known) {
        s->last_known = now;
    }
    if (s->learnt.family != 0) {
        return addr_equal(&s->learnt, from);
    }
    if (!known && now - s->last_known < RTP_SOURCE_STRANGER_US) {
        return false;
    }
    s->learnt = *from;
    return true;
}

const struct net_addr *rtp_source_dest(const struct rtp_source *s)
{
    return s->learnt.family != 0 ? &s->learnt : &s->expected;
}
