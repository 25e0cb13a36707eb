/* SPDX-License-Identifier: MIT */
/* Where the SIP server is: given as an address, looked up once at the start, or by its name again and again (RFC 3263 4.2): then
 * the questions of sip_locate go to the resolver and its answers back. */
#ifndef WSAUDIO_APP_SERVER_DNS_H
#define WSAUDIO_APP_SERVER_DNS_H

#include "options.h"
#include "why.h"
#include "wsaudio/os.h"

struct server_dns;

/* Another list than the last one; the best first, 1 to SIP_SERVERS_MAX. */
typedef void (*server_dns_found_fn)(void *ctx, mono_us now, const struct net_addr *addrs, uint32_t count);

/* All borrowed, server during server_dns_open alone. */
struct server_dns_config {
    const struct option_host *server; /* has a name */
    uint8_t family;                   /* 4 or 6: of these addresses alone; 0: of any */
    struct os_loop *loop;
    const struct log *log;
    const struct rng *rng;
    server_dns_found_fn found;
    void *ctx;
};

/* *addr: where it is; family 0: not known before `found` tells, and *out will look it up. Otherwise *out is NULL: there is nothing
 * to be looked up while running, because it is an address, this machine, or the build has no c-ares. A server that starts before
 * its network does so finds its SIP server later. ST_NO_MEMORY, ST_BAD, ST_IO, ST_NOT_FOUND, with a line in why. */
WS_MUST_CHECK int server_dns_open(const struct server_dns_config *config, struct net_addr *addr,
                                  struct server_dns **out, char why[WHY_MAX]);

/* The following take NULL: nothing is looked up. */
void server_dns_close(struct server_dns *dns);
/* Asks no more. */
void server_dns_stop(struct server_dns *dns);
mono_us server_dns_due(const struct server_dns *dns);
void server_dns_expire(struct server_dns *dns, mono_us now);

#endif
