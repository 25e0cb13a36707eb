/* SPDX-License-Identifier: MIT */
/* Room sipmsg, level 1: SIP messages as bytes (RFC 3261 7, 19, 20, 25), pure: parsing, writing, URIs, bodies, digest
 * credentials (RFC 7616, RFC 8760). What the rooms of SIP need of it stands in wsaudio/sipmsg/; this is what others do. */
#ifndef WSAUDIO_SIPMSG_H
#define WSAUDIO_SIPMSG_H

#include "wsaudio/base.h"

#define SIP_DATAGRAM_MAX 65535

/* ---- targets ---- */

/* SPEC section 3 CALL:target. A number (0-9 + * #; - . ( ) and space dropped; tried first), a name, or a sip: URI
 * (no headers, no maddr). Writes the Request-URI ("sip:user@domain", '#' as %23) into out with NUL and the bare target
 * for logs and file names (user part, or the URI) into label, both of the given caps. What pasted text brings along is
 * dropped first: invisible characters, blanks at both ends; blanks and dashes of other widths count as ' ' and '-'. A number
 * with an extension ("5550100x12") is no name. ST_BAD, ST_TOO_LARGE. */
WS_MUST_CHECK int sip_target_parse(struct span target, struct span domain, char *out, size_t cap, char *label,
                                   size_t label_cap);
/* What is wrong with a target that was not taken, for people; static. */
const char *sip_target_refusal(struct span target);
/* A user part as it stood in a message, for people and file names: escapes undone, of a telephone number its parameters
 * (";npdi=yes;rn=…") left out, then text_safe. Returns buf. */
const char *sip_user_text(struct span user, char buf[TEXT_SAFE_MAX + 1]);
/* What of a sip: URI may say who is called. */
struct sip_uri_parts {
    struct span user, password, params; /* escapes undone; params from behind the first ';' to the URI's headers */
    struct span host;                   /* without brackets */
};
/* Writes what is unescaped to *text, which the parts point into (its overflow is ST_TOO_LARGE); the host is borrowed.
 * ST_BAD: no sip: URI. */
WS_MUST_CHECK int sip_uri_split(struct span uri, struct outbuf *text, struct sip_uri_parts *out);
/* "Name: value": a token, a colon, a value without control characters; not a header that the stack writes itself. */
bool sip_header_line_ok(struct span line);

/* ---- for logs and people ---- */

/* A SIP message for the log: in Authorization and Proxy-Authorization only scheme, username, realm, uri, algorithm and
 * qop are shown, every other value is "***", and so is a password in a URI; everything else goes byte for byte. */
void sip_mask_secrets(struct outbuf *out, struct span message);
/* A catalogue of standard reason phrases; "Unknown" for others. */
const char *sip_reason_phrase(int code);

#endif
