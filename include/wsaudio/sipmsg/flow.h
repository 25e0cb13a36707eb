/* SPDX-License-Identifier: MIT */
/* Where a message comes from and goes to: not an address alone, but the way between two of them (RFC 3261 18, RFC 5626 3).
 * A response goes back the way its request came; what a Via says and how long a transaction waits follow from it. */
#ifndef WSAUDIO_SIPMSG_FLOW_H
#define WSAUDIO_SIPMSG_FLOW_H

#include "wsaudio/base.h"

/* Only UDP is opened; the others are what the messages and transactions of this program can be carried by. */
enum sip_transport { SIP_TRANSPORT_UDP, SIP_TRANSPORT_TCP, SIP_TRANSPORT_TLS, SIP_TRANSPORT_COUNT };

struct sip_transport_traits {
    const char *name;   /* in Via and in a URI's transport parameter (case ignored): "UDP" */
    bool reliable;      /* what is sent arrives, or the flow breaks: nothing is sent again (17.1.1.2, 17.2.1) */
    bool secure;        /* what a sips: URI asks for (26.2.2) */
    uint16_t port;      /* where none is given (19.1.2) */
    size_t message_max; /* bytes of the longest message */
};

/* Never NULL: UDP's for a number that is none. */
const struct sip_transport_traits *sip_transport_traits(enum sip_transport transport);

struct sip_flow {
    enum sip_transport transport;
    struct net_addr local;  /* our end as the other is to see it: sent-by of Via */
    struct net_addr remote; /* family 0: no flow */
    uint32_t id;            /* which connection, of its owner's counting; 0: datagrams */
};

/* The way of datagrams between two addresses. */
struct sip_flow sip_flow_udp(const struct net_addr *local, const struct net_addr *remote);
/* Whether both are the same way: transport, far end, connection. */
bool sip_flow_equal(const struct sip_flow *a, const struct sip_flow *b);
/* Where a response to a message with this top Via goes (RFC 3261 18.2.2, RFC 3581 4). Over a reliable transport: back, by the
 * connection that the request came by. Else the source address; its port when rport was asked for, else the Via's port or
 * the transport's. maddr is not followed: an answer goes to nobody but the sender. */
struct sip_via;
struct sip_flow sip_flow_back(const struct sip_flow *source, const struct sip_via *via);

#endif
