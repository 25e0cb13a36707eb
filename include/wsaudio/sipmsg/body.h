/* SPDX-License-Identifier: MIT */
/* What a message carries (RFC 3261 7.4, 20.11; RFC 2046 5.1; RFC 5621): one body, or several in a multipart one. */
#ifndef WSAUDIO_SIPMSG_BODY_H
#define WSAUDIO_SIPMSG_BODY_H

#include "wsaudio/sipmsg/message.h"

#define SIP_BODY_DEPTH 4 /* multiparts inside one another; a deeper one is not understood */

struct sip_body {
    struct span sdp; /* the session's description, a view into the message; empty: none */
    bool refused;    /* something in it must be understood (handling is not optional) and is not: 415 */
    bool encoded;    /* refused because of its Content-Encoding or Content-Transfer-Encoding */
    struct span why; /* refused: the Content-Type or encoding, as it came; may be empty */
};

/* Reads the body of any message. Of multipart/mixed (and kinds that are not known) the first SDP is taken, of
 * multipart/alternative the last part that is understood. Forgiven: a missing or wrong boundary parameter (the first line
 * that begins with "--" tells it), lone LFs, no closing delimiter, a missing Content-Type where the body begins with "v=0",
 * nothing but blanks for a body. SDP of a disposition of its own (early-session, RFC 3959) is not the session's. */
struct sip_body sip_body_read(const struct sip_msg *msg);

/* Whether a Content-Type's value is of that type and subtype, parameters and case ignored. */
bool sip_type_is(struct span value, struct span type, struct span subtype);

/* What Accept says of it. */
struct span sip_accept_text(void);

#endif
