/* SPDX-License-Identifier: MIT */
/* The RTP and RTCP sockets of a set of calls: plugs os into the media_io of room media. One set serves the gateway, another the
 * loopback exchange. */
#ifndef WSAUDIO_APP_MEDIA_SOCKETS_H
#define WSAUDIO_APP_MEDIA_SOCKETS_H

#include "wsaudio/media.h"
#include "wsaudio/os.h"

struct media_sockets;

struct media_sockets_config {
    const mono_us *now;         /* borrows: that of the turn in hand */
    struct os_loop *loop;       /* borrows */
    struct os_udp_batch *batch; /* borrows; shared with other sockets */
    struct net_addr local;      /* IP to bind */
    uint16_t low, high;         /* port range; 0: any free pair */
    uint32_t max_calls;
    int dscp;
    const struct log *log;
};

WS_MUST_CHECK int sockets_new(const struct media_sockets_config *config, struct media_sockets **out);
/* Before the first call: where datagrams go. Borrows. */
void sockets_set_media(struct media_sockets *m, struct media *media);
/* Calls from now on are bound to this IP. */
void sockets_set_local(struct media_sockets *m, const struct net_addr *local);
/* Closes what is open. NULL is fine. */
void sockets_free(struct media_sockets *m);
/* ", N of M pairs of media ports". */
void sockets_dump(const struct media_sockets *m, struct outbuf *out);
/* Filled to work on this set. */
struct media_io sockets_io(struct media_sockets *m);

#endif
