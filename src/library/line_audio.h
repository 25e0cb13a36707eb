/* SPDX-License-Identifier: MIT */
/* The audio of one call: a session of room media on a port of ours, a file that plays, what is received going to its takers. */
#ifndef WSAUDIO_LIBRARY_LINE_AUDIO_H
#define WSAUDIO_LIBRARY_LINE_AUDIO_H

#include "engine.h"
#include "port.h"
#include "record.h"
#include "wsaudio/media.h"

struct line_audio {
    struct engine *engine; /* borrows */
    struct port *port;     /* NULL: closed */
    struct media_session *session;
    struct net_addr sip_peer;
    bool playing;          /* until the file's last packet has had its time */
    mono_us playing_until; /* known once that has left; else MONO_NEVER */
    bool last;             /* nothing is to be sent behind the file */
    struct record *record; /* owns; NULL: none */
};

/* Takes the port: until something is negotiated, packets are welcome from the SIP server's IP alone. ip: of our SDP. ST_FULL. */
WS_MUST_CHECK int line_audio_open(struct line_audio *a, struct engine *e, struct port *port, const struct net_addr *ip,
                                  const struct net_addr *sip_peer);
/* What was negotiated is in force. sending false: early media, only received. ST_IO: no ticker. */
WS_MUST_CHECK int line_audio_start(struct line_audio *a, bool sending);
/* Plays that file from the next packet on, instead of what plays. ST_NOT_FOUND, ST_DENIED, ST_UNSUPPORTED, ST_BAD, ST_IO,
 * ST_NO_MEMORY: why says it. */
WS_MUST_CHECK int line_audio_play(struct line_audio *a, const char *path, char why[MEDIA_WHY_MAX]);
void line_audio_stop_playing(struct line_audio *a);
/* A file plays, or its last packet has not had its time yet: an end told earlier would cut it off. */
bool line_audio_is_playing(struct line_audio *a);
/* RTCP BYE, ends file and recording, lets go of the port. Safe when never opened, and twice. */
void line_audio_close(struct line_audio *a);

#endif
