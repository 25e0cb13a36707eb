/* SPDX-License-Identifier: MIT */
/* The loopback exchange's socket and media ports, on 127.0.0.1. There only when no SIP server is named. */
#ifndef WSAUDIO_APP_SERVER_LOOPBACK_H
#define WSAUDIO_APP_SERVER_LOOPBACK_H

#include "why.h"
#include "wsaudio/os.h"

struct server_loopback;

/* All borrowed. */
struct server_loopback_config {
    const mono_us *now; /* of the turn in hand */
    struct os_loop *loop;
    struct os_udp_batch *batch; /* shared with other sockets */
    const struct log *log;
    const struct rng *rng;
    uint32_t max_calls;
};

/* ST_NO_MEMORY, ST_IO …, with a line in why. */
WS_MUST_CHECK int server_loopback_open(const struct server_loopback_config *config, struct server_loopback **out,
                                       char why[WHY_MAX]);
/* NULL is fine. */
void server_loopback_close(struct server_loopback *l);
/* Where it is called. */
const struct net_addr *server_loopback_addr(const struct server_loopback *l);

/* As the functions of wsaudio/loopback.h. */
mono_us server_loopback_tick_due(const struct server_loopback *l);
void server_loopback_tick(struct server_loopback *l, mono_us now);
mono_us server_loopback_due(const struct server_loopback *l);
/* Deadlines, and the very end of the turn. */
void server_loopback_turn(struct server_loopback *l, mono_us now);
bool server_loopback_dump(const struct server_loopback *l, mono_us now, uint32_t *at, struct outbuf *out);

#endif
