/* SPDX-License-Identifier: MIT */
/* The one thing that c-ares does not say about SRV answers. */
#ifndef WSAUDIO_OS_DNS_TTL_H
#define WSAUDIO_OS_DNS_TTL_H

#include <stddef.h>
#include <stdint.h>

/* The smallest TTL among the answer records of a DNS message (RFC 1035 4.1), seconds; one with the top bit set counts as
 * 0 (RFC 2181 8). 0 for a message without answers or one that cannot be read to the end. */
uint32_t os_dns_answer_ttl(const uint8_t *message, size_t len);

#endif
