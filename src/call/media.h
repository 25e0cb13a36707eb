/* SPDX-License-Identifier: MIT */
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
struct client;

/* What a packet brings. */
enum media_payload {
    MEDIA_PAYLOAD_UNWANTED,
    MEDIA_PAYLOAD_ULAW,
    MEDIA_PAYLOAD_ALAW,
    MEDIA_PAYLOAD_NOISE, /* RFC 3389 */
    MEDIA_PAYLOAD_EVENT  /* RFC 4733 */
};

/* Why a packet on the RTP port was dropped. */
enum media_drop {
    MEDIA_DROP_NOT_RTP,
    MEDIA_DROP_PAYLOAD_TYPE, /* not agreed */
    MEDIA_DROP_SOURCE,       /* not where the far end's audio comes from */
    MEDIA_DROP_COUNT
};

struct media_dropped {
    uint32_t count;       /* since a packet was last taken */
    struct net_addr from; /* the newest */
    uint8_t payload_type;
    bool told; /* in the log */
};

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
    uint64_t skipped; /* packets that were never sent because this machine was too late */
    uint64_t dropped; /* not valid RTP of this call */
    struct media_dropped drops[MEDIA_DROP_COUNT];
    char cname[17];
    struct lanes lanes;
    struct player player; /* the file lane's audio */
    struct echo echo;     /* incoming call that nobody but the echo test answers */
    struct recorder recorder;
    bool record_restart;         /* a new timeline began with a packet that is no audio */
    struct rtp_dtmf_tx keys_out; /* DTMF */
    struct rtp_dtmf_rx keys_in;  /* pressed by the far end */
    bool hearing;                /* the client's format is a decoded one: playout is in use */
    struct rtp_playout playout;
    uint32_t noise_seed;
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
/* The reason of an end by --no-media-seconds, with what was dropped most since a packet was last taken, and whose it was. */
#define CALL_REASON_MAX 160
void media_silence_text(const struct call *call, char buf[CALL_REASON_MAX]);

/* media_hear.c: the decoded formats */

/* A packet for the client's ear, if its format is a decoded one; c may be NULL. Events are left out: their place is a gap. */
void media_hear_packet(struct call *call, struct client *c, const struct rtp_packet *packet,
                       enum rtp_rx_verdict verdict, enum media_payload payload);
/* At each tick while the media is open: the frames that are due. */
void media_hear_tick(struct call *call);
/* The call ends: what waits is handed on at once. */
void media_hear_rest(struct call *call);

/* media_keys.c: DTMF */

/* Between two packets: as agreed, but 20 ms while keys are sent as events. */
dur_us media_interval(const struct call *call);
/* A key's packet left, and the packet of audio is not to be sent. */
bool media_keys_event(struct call *call, size_t samples);
/* 20 ms of a tone or of the silence behind a key, at that timestamp of our stream. False: the lanes' turn. */
bool media_keys_frame(struct call *call, uint32_t timestamp, enum audio_codec codec, uint8_t *out);

/* media_send.c */

/* Opens the next file when none plays; the conversion of one that needs it begins with that. False: no file waits. */
bool media_file_next(struct call *call);
/* At each tick. */
void media_tick(struct call *call);
/* A report to the far end; with bye the last one. */
void media_send_rtcp(struct call *call, bool bye);
/* Drawn anew for each report (RFC 3550 6.2). */
dur_us media_rtcp_interval(const struct call *call);

#endif
