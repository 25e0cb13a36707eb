/* One call's audio: what is sent each 20 ms, what is received, and the recording of both. */
#ifndef WSAUDIO_CALL_MEDIA_H
#define WSAUDIO_CALL_MEDIA_H

#include "player.h"
#include "recorder.h"
#include "wsaudio/audio.h"
#include "wsaudio/rtp.h"
#include "wsaudio/sdp.h"

struct call;

struct call_media {
    bool open;      /* an SDP was agreed: we send */
    bool listening; /* the ports are open: packets are taken */
    struct rtp_tx tx;
    struct rtp_rx rx;
    struct rtp_source source;
    struct rtp_pacer pacer;
    struct rtcp_state rtcp;
    mono_us rtcp_due;
    mono_us last_heard; /* last valid RTP or RTCP */
    bool first_logged;
    uint64_t dropped; /* not valid RTP of this call */
    char cname[17];
    struct player player;
    struct recorder recorder;
};

/* The ports are open, nothing is agreed yet: early packets are welcome. */
void media_listen(struct call *call);
/* Takes over call->pending: where to send and with which codec. Starts the 20 ms pace at the first call of it. */
void media_open(struct call *call);
/* The recording begins, if there is to be one. */
void media_record(struct call *call);
/* Stops playing and recording, says RTCP BYE. */
void media_close(struct call *call);
void media_input(struct call *call, bool rtcp, const struct net_addr *from, struct span datagram);
/* At each tick. */
void media_tick(struct call *call);

#endif
