/* SPDX-License-Identifier: MIT */
/* Who may ask what of us, and how often: before a datagram is read, and before a request outside of dialogs is answered.
 *
 *                                     --sip-allow, SIP servers   known peers     unknown sources
 *   any datagram                      1000/s and 10/s a usage    the same        20/s a source, 1000/s together
 *   request in a dialog, response     read                       read            read; the source is a known peer then
 *   OPTIONS outside of dialogs        answered                   1/s a source, 20/s together; answered briefly
 *   any other request outside         answered                   dropped, counted, one line an hour and source
 *   malformed request                 answered 400               dropped, counted
 *
 * A source becomes a known peer by a response to a request of ours, or a request inside a dialog of ours: whoever forges addresses
 * cannot know their branches and tags. A source is an IPv4 address or the first 64 bits of an IPv6 address. Bursts are
 * two seconds of a rate; of OPTIONS 10 a source and 50 together. */
#ifndef WSAUDIO_SIPUA_STACK_GUARD_H
#define WSAUDIO_SIPUA_STACK_GUARD_H

#include "wsaudio/sipmsg/message.h"
#include "wsaudio/sipua.h"

#define SIP_GUARD_UNKNOWN_MAX 256 /* sources whose rate is remembered; with more the one longest silent gives way */

struct sip_guard {
    bool on;
    struct net_cidr *allow;  /* owns */
    uint32_t allow_count;    /* 0: the SIP servers */
    struct rate_table peers; /* --sip-allow and known peers */
    struct rate_table unknown;
    struct rate_bucket all_unknown;
    struct rate_table options;
    struct rate_bucket all_options;
    struct rate_table lines;
    struct rate_bucket all_lines;
};

/* ST_NO_MEMORY; ST_OK and nothing is guarded without config->guard. */
WS_MUST_CHECK int sip_guard_init(struct sip_guard *guard, const struct sip_config *config);
/* Safe on a zeroed guard. */
void sip_guard_fini(struct sip_guard *guard);
uint64_t sip_guard_memory(uint32_t max_usages);

/* A datagram came: may it be read? Counted when not. */
bool sip_guard_datagram(struct sip_stack *stack, mono_us now, const struct net_addr *from);
/* What came from there belonged to a call of ours. */
void sip_guard_add_peer(struct sip_stack *stack, mono_us now, const struct net_addr *from);
/* May this source send requests that start something? */
bool sip_guard_trusts(const struct sip_stack *stack, const struct net_addr *from);
/* The same, or something that came from there belonged to a call of ours. */
bool sip_guard_knows(const struct sip_stack *stack, const struct net_addr *from);
/* Whether a line about this unknown source may be written now: one an hour, few for all together. */
bool sip_guard_line(struct sip_stack *stack, mono_us now, const struct net_addr *from);
/* A request outside of dialogs (not ACK): may it be answered? Counted and logged when not. */
bool sip_guard_request(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                       const struct net_addr *from);

/* Whether that address is the SIP server's: the only place where credentials go, and whose challenges are answered. The
 * port does not count. */
bool sip_guard_is_server(const struct sip_stack *stack, const struct net_addr *addr);

#endif
