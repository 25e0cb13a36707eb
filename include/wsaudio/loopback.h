/* SPDX-License-Identifier: MIT */
/* Room loopback, level 3: the loopback exchange (SPEC section 6), the far end of every call when no SIP server is set. A SIP user agent
 * in the server role that answers what is dialled: echo (and any number), tone, busy, noanswer, auth. It is built from the same rooms
 * as the server and talks to it over real sockets. */
#ifndef WSAUDIO_LOOPBACK_H
#define WSAUDIO_LOOPBACK_H

#include "wsaudio/media.h"
#include "wsaudio/sipua.h"

struct loopback_ua;

struct loopback_ua_config {
    struct net_addr local; /* its SIP address and the IP of its SDP */
    uint32_t max_calls;
    const struct log *log;
    const struct rng *rng;
    struct media_io media;
    sip_send_fn sip_send;
    void *sip_ctx;
};

/* Everything is copied but log and rng. ST_NO_MEMORY. */
WS_MUST_CHECK int loopback_ua_new(const struct loopback_ua_config *config, struct loopback_ua **out);
/* NULL is fine. */
void loopback_ua_free(struct loopback_ua *u);
void loopback_ua_sip_input(struct loopback_ua *u, mono_us now, const struct net_addr *from, const void *data,
                           size_t len);
/* Where datagrams of its RTP and RTCP sockets go (media_input). */
struct media *loopback_ua_media(struct loopback_ua *u);
/* As media_tick_due; only `tone` needs it. */
mono_us loopback_ua_tick_due(const struct loopback_ua *u);
void loopback_ua_tick(struct loopback_ua *u, mono_us now);
mono_us loopback_ua_due(const struct loopback_ua *u);
void loopback_ua_expire(struct loopback_ua *u, mono_us now);
/* At the very end of the turn: releases what ended in it. */
void loopback_ua_reap(struct loopback_ua *u);
uint64_t loopback_ua_memory(uint32_t max_calls);
/* Calls that are up or ring. */
uint32_t loopback_ua_calls(const struct loopback_ua *u);
/* Of base/dump.h: the exchange, its calls, its SIP stack; each line begins with "loopback". */
bool loopback_ua_dump(const struct loopback_ua *u, mono_us now, uint32_t *at, struct outbuf *out);

#endif
