/* SPDX-License-Identifier: MIT */
/* The payload formats of an audio m= line. */
#ifndef WSAUDIO_SDP_FORMAT_H
#define WSAUDIO_SDP_FORMAT_H

#include "wsaudio/sdp.h"

/* Fills from the m= line's list, names of the static types included. False when one is no payload type. */
bool sdp_formats_read(struct span list, struct sdp_session *out);
/* "0 PCMU/8000": false when malformed. A type that is not in the list is ignored. */
bool sdp_rtpmap_read(struct span value, struct sdp_session *out);
/* "101 0-15": false when malformed. */
bool sdp_fmtp_read(struct span value, struct sdp_session *out);
/* The codec of ours that the format is. */
bool sdp_format_codec(const struct sdp_format *format, enum audio_codec *codec);
/* Events on that clock: the one of the audio beside which they are sent (RFC 4733 2.1). */
bool sdp_format_is_telephone_event(const struct sdp_format *format, uint32_t clock_hz);

#endif
