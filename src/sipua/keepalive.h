/* SPDX-License-Identifier: MIT */
/* Whether the SIP server can be reached: an OPTIONS now and then (RFC 3261 11, RFC 5626 4.4.2), any answer counts; what
 * else the server answers counts as well. The answers also tell our address as the server sees it. */
#ifndef WSAUDIO_SIPUA_KEEPALIVE_H
#define WSAUDIO_SIPUA_KEEPALIVE_H

#include "request.h"

enum sip_reach { SIP_REACH_UNKNOWN, SIP_REACH_YES, SIP_REACH_NO };

struct sip_keepalive {
    struct sip_request_outside options; /* closed: none are sent */
    mono_us next;                       /* of the next OPTIONS; MONO_NEVER */
    enum sip_reach reach;
    struct net_addr heard; /* the server that answered an OPTIONS or REGISTER last */
    bool answers;          /* it has answered an OPTIONS: from now on its silence means something */
};

/* Functions of the stack's one. */
WS_MUST_CHECK int sip_keepalive_open(struct sip_stack *stack);
void sip_keepalive_close(struct sip_stack *stack);
/* The first one, or one out of turn; nothing while one is under way. */
void sip_keepalive_send(struct sip_stack *stack, mono_us now);
/* No more are sent. */
void sip_keepalive_stop(struct sip_stack *stack);
void sip_keepalive_expire(struct sip_stack *stack, mono_us now);
/* A server answered a request of ours, whatever it was. */
void sip_keepalive_seen(struct sip_stack *stack, mono_us now, const struct net_addr *server);
/* A request of ours got no answer, or could not be sent, server being the last one that was tried. */
void sip_keepalive_silent(struct sip_stack *stack, const struct net_addr *server);
/* The server answered a REGISTER: it is the one that knows us. */
void sip_keepalive_registered_at(struct sip_stack *stack, const struct net_addr *server);
/* The server is another one, or known at last: the next one is due at once. */
void sip_keepalive_hurry(struct sip_stack *stack, mono_us now);
mono_us sip_keepalive_due(const struct sip_stack *stack);

#endif
