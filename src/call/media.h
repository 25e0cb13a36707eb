/* One call's audio: what is sent each 20 ms, what is received, and the recording of both. */
#ifndef WSAUDIO_CALL_MEDIA_H
#define WSAUDIO_CALL_MEDIA_H

#include "echo.h"
#include "lanes.h"
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
    struct lanes lanes;
    struct player player; /* the file lane's audio */
    struct echo echo;     /* incoming call that nobody but the echo test answers */
    struct recorder recorder;
};

/* media.c: begin and end */

/* The codec of what is sent. */
enum audio_codec media_codec(const struct call *call);
/* The ports are open, nothing is agreed yet: early packets are welcome. */
void media_listen(struct call *call);
/* Takes over call->pending: where to send and with which codec. Starts the 20 ms pace at the first call of it. */
void media_open(struct call *call);
/* The recording begins, if there is to be one. */
void media_record(struct call *call);
/* Stops playing and recording, says RTCP BYE. */
void media_close(struct call *call);

/* media_receive.c */
void media_input(struct call *call, bool rtcp, const struct net_addr *from, struct span datagram);

/* media_send.c */

/* At each tick. */
void media_tick(struct call *call);
/* A report to the far end; with bye the last one. */
void media_send_rtcp(struct call *call, bool bye);
/* Drawn anew for each report (RFC 3550 6.2). */
dur_us media_rtcp_interval(const struct call *call);

#endif
