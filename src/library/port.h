/* SPDX-License-Identifier: MIT */
/* Ports: RTP and, on the port above, RTCP. What arrives goes to the session of the call that has the port; where none has it, every
 * valid RTP packet goes to the engine's hear and to the receiver's recording. */
#ifndef WSAUDIO_LIBRARY_PORT_H
#define WSAUDIO_LIBRARY_PORT_H

#include "engine.h"
#include "record.h"
#include "wsaudio/rtp.h"

struct port {
    struct list_node node; /* of the engine */
    struct engine *engine; /* borrows */
    int fd[2];             /* RTP, RTCP (-1: that port was taken, or there is none above) */
    struct pool_id watch[2];
    uint16_t number;
    struct pool_id session; /* of the call that uses it; none */
    bool held;              /* by the receiver */
    /* the receiver's part */
    struct record *record; /* borrows: takes what arrives, or NULL */
    struct rtp_rx rx;
};

/* Opens `number` on that address (0: any); 1 MiB of receive buffer where allowed. ST_BUSY, ST_DENIED, ST_IO, ST_NO_MEMORY. */
WS_MUST_CHECK int port_open(struct engine *e, const struct net_addr *ip, uint16_t number, struct port **out);
/* The port with that number, or NULL. */
struct port *port_find(struct engine *e, uint16_t number);
struct port *port_of_fd(struct engine *e, int fd);
/* A session of the engine's media receives and sends there. */
void port_attach(struct port *port, struct pool_id session);
void port_detach(struct port *port);
/* What the engine's media send by. */
struct media_io port_media_io(struct engine *e);
/* Closes the sockets of ports that nobody uses any more; the memory goes at the end of the turn. */
void port_close_unused(struct engine *e);
void port_reap(struct engine *e);

#endif
