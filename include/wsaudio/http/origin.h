/* SPDX-License-Identifier: MIT */
/* Origin and Host values as things to compare (RFC 6454 6, RFC 9110 7.2). */
#ifndef WSAUDIO_HTTP_ORIGIN_H
#define WSAUDIO_HTTP_ORIGIN_H

#include "wsaudio/base.h"

struct origin_host {
    struct span name;        /* without port; a literal keeps its brackets; borrows */
    struct net_addr literal; /* family 0: a name */
    uint16_t port;
};

struct origin {
    bool is_null;
    bool subdomains; /* of a pattern "*.domain": host.name is the domain */
    struct span scheme;
    struct origin_host host; /* name empty: a scheme without hosts ("file://") */
    uint16_t default_port;   /* 80, 443, or 0 for another scheme */
};

/* "host", "host:port", "[v6]:port" and nothing else (no user, no path). A port left out is default_port. ST_BAD. */
WS_MUST_CHECK int origin_host_parse(struct span text, uint16_t default_port, struct origin_host *out);
/* Case-insensitive, literals by value; the port does not count. */
bool origin_host_same_name(const struct origin_host *a, const struct origin_host *b);
/* One origin as in an Origin header: "null", scheme://host[:port], or scheme:// alone where the scheme is not http or https.
 * Upper case and one closing slash make no difference. ST_BAD. */
WS_MUST_CHECK int origin_parse(struct span text, struct origin *out);
/* The same, or with "*." in front of a domain: every name below it, not the domain itself. ST_BAD. */
WS_MUST_CHECK int origin_pattern_parse(struct span text, struct origin *out);
/* Scheme, host and port. */
bool origin_matches(const struct origin *pattern, const struct origin *origin);
/* Does the pattern name this host? Scheme and port do not count. */
bool origin_names_host(const struct origin *pattern, const struct origin_host *host);

#endif
