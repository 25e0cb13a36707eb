/* SPDX-License-Identifier: MIT */
/* What has been sent, has met no answer and could go another way, by where it went: an ICMP error finds what it concerns without a
 * look at anything else. An INVITE that nobody has answered yet could go to the next server; an ACK or BYE that went where the
 * Contact says could go to the source of the dialog's messages. */
#ifndef WSAUDIO_SIPUA_SENT_INDEX_H
#define WSAUDIO_SIPUA_SENT_INDEX_H

#include "wsaudio/base.h"

enum sip_sent_kind {
    SIP_SENT_INVITE,   /* lies in its usage */
    SIP_SENT_IN_DIALOG /* ACK or BYE: lies in its dialog */
};

/* Lies inside its owner, which keeps it where it belongs. */
struct sip_sent {
    struct chain_node node;
    struct net_addr to;
    enum sip_sent_kind kind;
};

struct sip_sent_index {
    struct chain *buckets; /* owns */
    uint32_t mask;
    uint32_t seed; /* far ends choose Contacts: nobody can aim at one bucket */
};

/* ST_NO_MEMORY. */
WS_MUST_CHECK int sip_sent_index_init(struct sip_sent_index *index, uint32_t max, uint32_t seed);
/* Safe on a zeroed index. The entries stay their owners'. */
void sip_sent_index_fini(struct sip_sent_index *index);
uint64_t sip_sent_index_memory(uint32_t max);

/* In no index. */
void sip_sent_init(struct sip_sent *sent, enum sip_sent_kind kind);
/* It went to that address, and nowhere else any more. */
void sip_sent_put(const struct sip_sent_index *index, struct sip_sent *sent, const struct net_addr *to);
/* Safe when it is in none. */
void sip_sent_remove(struct sip_sent *sent);
/* Moves what went to that address into hits, a chain that is made here, in the order in which it was put. Whoever comes upon an entry
 * there may remove it or put it anew, likewise any other. */
void sip_sent_take(const struct sip_sent_index *index, const struct net_addr *to, struct chain *hits);

#endif
