/* Origin and Host values as things to compare (RFC 6454 6, RFC 9110 7.2). */
#ifndef WSAUDIO_APP_ORIGIN_H
#define WSAUDIO_APP_ORIGIN_H

#include "wsaudio/base.h"

struct origin_host {
    struct span name;        /* without port; a literal keeps its brackets; borrows */
    struct net_addr literal; /* family 0: a name */
    uint16_t port;
};

struct origin {
    bool is_null;
    struct span scheme;
    struct origin_host host;
    uint16_t default_port; /* 80, 443, or 0 for another scheme */
};

/* "host", "host:port", "[v6]:port" and nothing else (no user, no path). A port left out is default_port. ST_BAD. */
WS_MUST_CHECK int origin_host_parse(struct span text, uint16_t default_port, struct origin_host *out);
/* Case-insensitive, literals by value; the port does not count. */
bool origin_host_same_name(const struct origin_host *a, const struct origin_host *b);
/* "null" or scheme://host[:port]. ST_BAD. */
WS_MUST_CHECK int origin_parse(struct span text, struct origin *out);
bool origin_equal(const struct origin *a, const struct origin *b);

#endif
