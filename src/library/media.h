/* SPDX-License-Identifier: MIT */
/* The audio of one call: a port that receives and sends, a file that plays, what is received going to its takers. */
#ifndef WSAUDIO_LIBRARY_MEDIA_H
#define WSAUDIO_LIBRARY_MEDIA_H

#include "engine.h"
#include "play.h"
#include "record.h"
#include "wsaudio/audio.h"
#include "wsaudio/rtp.h"
#include "wsaudio/sdp.h"

struct media;

/* ---- ports: RTP and, on the port above, RTCP ----
 * Every packet of the call that has the port (or, where none has it, every valid RTP packet) goes to the engine's hear and
 * to the recordings. */

struct media_port {
    struct list_node node; /* of the engine */
    struct engine *engine; /* borrows */
    int fd[2];             /* RTP, RTCP (-1: that port was taken, or there is none above) */
    struct pool_id watch[2];
    uint16_t number;
    struct media *media; /* borrows: the call that uses it, or NULL */
    bool held;           /* by the receiver */
    /* the receiver's part */
    struct record *record; /* borrows: takes what arrives, or NULL */
    struct rtp_rx rx;
};

/* Opens `number` on that address (0: any); 1 MiB of receive buffer where allowed. ST_BUSY, ST_DENIED, ST_IO,
 * ST_NO_MEMORY. */
WS_MUST_CHECK int phone_media_port_open(struct engine *e, const struct net_addr *ip, uint16_t number,
                                        struct media_port **out);
/* The port with that number, or NULL. */
struct media_port *phone_media_port_find(struct engine *e, uint16_t number);
struct media_port *phone_media_port_of_fd(struct engine *e, int fd);
/* Closes the sockets of ports that nobody uses any more; the memory goes at the end of the turn. */
void phone_media_ports_close_unused(struct engine *e);
void phone_media_ports_reap(struct engine *e);

/* ---- one call's audio ---- */

struct media {
    struct list_node node; /* in the engine's list while it sends */
    struct engine *engine; /* borrows */
    struct media_port *port;
    bool open;    /* agreed: sends */
    bool known;   /* an address is expected */
    bool playing; /* until 20 ms after the last packet of the file */
    bool last;    /* nothing is to be sent behind the file */
    struct sdp_agreed agreed;
    struct net_addr sip_peer;
    struct rtp_tx tx;
    struct rtp_rx rx;
    struct rtp_source source;
    struct rtp_pacer pacer;
    struct rtcp_state rtcp;
    mono_us rtcp_due;
    char cname[17];
    struct play play;
    struct record *record; /* owns; NULL: none */
};

/* Takes the port: until something is agreed, packets are welcome from the SIP server's IP alone. */
void phone_media_listen(struct media *m, struct engine *e, struct media_port *port, const struct net_addr *sip_peer);
/* What the SDPs agreed, first or anew. sending false: early media, only received. ST_IO: no ticker. */
WS_MUST_CHECK int phone_media_agree(struct media *m, const struct sdp_agreed *agreed, bool sending);
/* Plays that file from the next packet on, instead of what plays. As play_open. */
WS_MUST_CHECK int phone_media_play(struct media *m, const char *path, char why[PLAY_WHY_MAX]);
void phone_media_stop_playing(struct media *m);
/* RTCP BYE, ends file and recording, lets go of the port. Safe when never opened, and twice. */
void phone_media_close(struct media *m);
void phone_media_tick(struct media *m);

/* ---- between port.c and media.c ---- */

/* An RTP packet for the call: whether it is the far end's, its codec (audio false: none) and the receiver's verdict. */
bool phone_media_takes(struct media *m, const struct net_addr *from, const struct rtp_packet *packet,
                       enum audio_codec *codec, bool *audio);
void phone_media_rtcp(struct media *m, const struct net_addr *from, struct span datagram);

#endif
