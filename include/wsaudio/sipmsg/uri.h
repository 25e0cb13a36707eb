/* SPDX-License-Identifier: MIT */
/* SIP and tel URIs as views (RFC 3261 19.1, RFC 3966), and the ;name=value lists that URIs and headers share. */
#ifndef WSAUDIO_SIPMSG_URI_H
#define WSAUDIO_SIPMSG_URI_H

#include "wsaudio/base.h"

#define SIP_PORT_DEFAULT 5060 /* of UDP and TCP, where none is said (RFC 3261 19.1.2, 18.2.2) */

enum sip_scheme {
    SIP_SCHEME_SIP,
    SIP_SCHEME_SIPS,
    SIP_SCHEME_TEL,
    SIP_SCHEME_OTHER, /* well-formed, of another scheme: only text and scheme_name are set */
    SIP_SCHEME_COUNT
};

const char *sip_scheme_name(enum sip_scheme scheme);

/* All spans borrow the parsed text; escapes stay as they came. */
struct sip_uri {
    enum sip_scheme scheme;
    struct span text;        /* the whole URI */
    struct span scheme_name; /* "sip" */
    struct span user;        /* tel: the number; empty when there is none */
    struct span password;
    struct span host;    /* without the brackets of an IPv6 address; tel: empty */
    bool host_is_ipv6;   /* it stood in brackets */
    uint16_t port;       /* 0: not given */
    struct span params;  /* behind the first ';', for sip_param_next */
    struct span headers; /* behind the '?' */
};

/* ST_OK, or ST_BAD (blanks, controls, bytes that must be escaped, a broken escape, host or port). A scheme other than
 * sip, sips and tel is ST_OK with SIP_SCHEME_OTHER. Beyond the grammar: a parameter's value may be a quoted string, and
 * the port behind a ':' may be missing; others write both. */
WS_MUST_CHECK int sip_uri_parse(struct span text, struct sip_uri *out);
/* The same as it may stand between '<' and '>': quoted strings may hold blanks and tabs, which no Request-URI may
 * (sip_uri_put_target leaves them out). */
WS_MUST_CHECK int sip_uri_parse_bracketed(struct span text, struct sip_uri *out);
/* Writes a parsed URI as the target of a request: without headers (RFC 3261 19.1.5), and without the parameters that
 * hold blanks. */
void sip_uri_put_target(struct outbuf *out, const struct sip_uri *uri);
/* Whether the URI has this parameter (case ignored, escapes undone); value may be NULL,
 * is empty for a flag like "lr", keeps its escapes. */
bool sip_uri_param(const struct sip_uri *uri, struct span name, struct span *value);
/* "host", "host:port", "[v6]:port" as in a URI or a Via's sent-by (blanks around ':' pass). host is without brackets;
 * port 0 when not given ("host:" too). ST_BAD: host is empty, but for a good one whose port is bad. */
WS_MUST_CHECK int sip_hostport_parse(struct span text, struct span *host, bool *is_ipv6, uint16_t *port);
/* The host as an address when it is an IP literal, with the URI's port or default_port; ST_UNSUPPORTED for a name. */
WS_MUST_CHECK int sip_uri_addr(const struct sip_uri *uri, uint16_t default_port, struct net_addr *out);
/* RFC 3261 19.1.4: escapes equal what they stand for, host and parameters ignore case. URIs of another
 * scheme or over 1024 bytes are compared byte for byte. */
bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b);
/* Writes s with each %HH replaced by its byte, once. */
void sip_unescape(struct outbuf *out, struct span s);
/* Writes any bytes as a user part: what RFC 3261 25.1 does not allow there becomes %HH ('#' too). */
void sip_escape_user(struct outbuf *out, struct span s);
/* Whether every character may stand in a token (RFC 3261 25.1) and there is at least one. */
bool sip_is_token(struct span s);

struct sip_param {
    struct span name;
    struct span value; /* without the quotes of a quoted string, its backslashes kept */
    bool has_value;    /* a '=' stood there */
    bool quoted;
};

/* The next parameter of a list "a=b;c;d=\"x\"" (blanks and folds around ';' and '=' ignored; a leading ';' is skipped);
 * *rest moves behind it. ST_NOT_FOUND at the end, also behind one last ';'; ST_BAD for an empty name or an open quote (the
 * call after that goes on with what follows). "a=" is a parameter with an empty value: others write both. */
WS_MUST_CHECK int sip_param_next(struct span *rest, struct sip_param *out);
/* The first parameter of that name (case ignored); false when there is none. value may be NULL. */
bool sip_param_find(struct span params, struct span name, struct span *value);

#endif
