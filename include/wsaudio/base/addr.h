/* SPDX-License-Identifier: MIT */
/* IP addresses and ports without the socket headers: pure text and bytes. */
#ifndef WSAUDIO_BASE_ADDR_H
#define WSAUDIO_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "wsaudio/base/span.h"

struct net_addr {
    uint8_t family; /* 0 none, 4 or 6 */
    uint16_t port;  /* host order; 0 unknown */
    uint8_t ip[16]; /* network order; the first 4 bytes for IPv4 */
    uint32_t scope; /* IPv6 link-local interface, else 0 */
};

#define ADDR_TEXT_MAX 64 /* room for any text below with its NUL */

/* An IP literal: dotted quad (four parts, no leading zeros beyond "0") or RFC 4291 text, with or without the
 * brackets of a URI. No names. Port becomes 0. ST_BAD. */
WS_MUST_CHECK int addr_parse_ip(struct span text, struct net_addr *out);
/* RFC 5952 text without port, NUL-terminated: "1.2.3.4", "::1". Returns buf. */
const char *addr_ip_text(const struct net_addr *addr, char buf[ADDR_TEXT_MAX]);
/* As it stands in a URI or Via: "1.2.3.4", "[::1]". */
const char *addr_host_text(const struct net_addr *addr, char buf[ADDR_TEXT_MAX]);
/* With port: "1.2.3.4:5060", "[::1]:5060". */
const char *addr_text(const struct net_addr *addr, char buf[ADDR_TEXT_MAX]);
/* IPv4-mapped IPv6 (::ffff:a.b.c.d) becomes IPv4; anything else is returned as it is. */
struct net_addr addr_unmapped(struct net_addr addr);
/* After unmapping both. */
bool addr_same_ip(const struct net_addr *a, const struct net_addr *b);
bool addr_equal(const struct net_addr *a, const struct net_addr *b);
bool addr_is_loopback(const struct net_addr *addr);
/* 0.0.0.0 or ::, or no family. */
bool addr_is_any(const struct net_addr *addr);
/* Not the same host everywhere: RFC 1918, RFC 6598 (carrier-grade NAT), link-local; fc00::/7 and fe80::/10. */
bool addr_is_private(const struct net_addr *addr);
/* Many hosts' address: multicast, or 255.255.255.255 (RFC 919). */
bool addr_is_group(const struct net_addr *addr);
struct net_addr addr_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);

struct net_cidr {
    struct net_addr base;
    uint8_t bits;
};

/* "10.0.0.0/8", "fd00::/8", or one address. Bits set behind the prefix are refused (ST_BAD). */
WS_MUST_CHECK int addr_parse_cidr(struct span text, struct net_cidr *out);
bool addr_in_cidr(const struct net_addr *addr, const struct net_cidr *cidr);

#endif
