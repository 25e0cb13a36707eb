/* SPDX-License-Identifier: MIT */
#include "wsaudio/sipmsg/flow.h"

#include "wsaudio/sipmsg.h"
#include "wsaudio/sipmsg/message.h"

/* A datagram is as long as UDP lets it be; over a stream, which has no such end, the same: nothing longer is written, and
 * whoever sends more than that before he is known is not worth the memory. */
const struct sip_transport_traits *sip_transport_traits(enum sip_transport transport)
{
    static const struct sip_transport_traits rows[SIP_TRANSPORT_COUNT] = {
        [SIP_TRANSPORT_UDP] = {.name = "UDP", .port = SIP_PORT_DEFAULT, .message_max = SIP_DATAGRAM_MAX},
        [SIP_TRANSPORT_TCP] = {.name = "TCP",
                               .reliable = true,
                               .port = SIP_PORT_DEFAULT,
                               .message_max = SIP_DATAGRAM_MAX},
        [SIP_TRANSPORT_TLS] =
            {.name = "TLS", .reliable = true, .secure = true, .port = 5061, .message_max = SIP_DATAGRAM_MAX},
    };

    return &rows[(unsigned)transport < SIP_TRANSPORT_COUNT ? transport : SIP_TRANSPORT_UDP];
}

struct sip_flow sip_flow_udp(const struct net_addr *local, const struct net_addr *remote)
{
    return (struct sip_flow){.transport = SIP_TRANSPORT_UDP, .local = *local, .remote = *remote};
}

bool sip_flow_equal(const struct sip_flow *a, const struct sip_flow *b)
{
    return a->transport == b->transport && a->id == b->id && addr_equal(&a->remote, &b->remote);
}

struct sip_flow sip_flow_back(const struct sip_flow *source, const struct sip_via *via)
{
    const struct sip_transport_traits *traits = sip_transport_traits(source->transport);
    struct sip_flow back = *source;

    if (!traits->reliable && !via->has_rport) {
        back.remote.port = via->port != 0 ? via->port : traits->port;
    }
    return back;
}
