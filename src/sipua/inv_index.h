/* SPDX-License-Identifier: MIT */
/* INVITE usages by their Call-ID, which all dialogs of a usage share: whatever comes inside a dialog finds its usage without
 * a look at the others. Several may have one Call-ID (an INVITE that came by two ways, a call to ourselves): their tags tell
 * them apart, and that is for the asker to do. */
#ifndef WSAUDIO_SIPUA_INV_INDEX_H
#define WSAUDIO_SIPUA_INV_INDEX_H

#include "wsaudio/base.h"

struct sip_inv;

struct sip_inv_index {
    struct chain *buckets; /* owns */
    uint32_t mask;
    uint32_t seed; /* others choose Call-IDs too: nobody can aim at one bucket */
};

/* ST_NO_MEMORY. */
WS_MUST_CHECK int sip_inv_index_init(struct sip_inv_index *index, uint32_t max, uint32_t seed);
/* Safe on a zeroed index. The usages stay their owner's. */
void sip_inv_index_fini(struct sip_inv_index *index);
uint64_t sip_inv_index_memory(uint32_t max);
/* Once its Call-ID is set, until sip_inv_index_remove, which is safe when it is not in. */
void sip_inv_index_add(struct sip_inv_index *index, struct sip_inv *usage);
void sip_inv_index_remove(struct sip_inv *usage);
/* The next usage with that Call-ID behind `before` (NULL: the first), in the order in which they were added; NULL: no more.
 * Those that go at the end of the turn are passed over. */
struct sip_inv *sip_inv_index_find(const struct sip_inv_index *index, struct span call_id,
                                   const struct sip_inv *before);

#endif
