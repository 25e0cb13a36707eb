/* SPDX-License-Identifier: MIT */
#include "sent_index.h"

#include <stdlib.h>

int sip_sent_index_init(struct sip_sent_index *index, uint32_t max, uint32_t seed)
{
    index->seed = seed;
    index->buckets = hash_buckets_new(max, &index->mask);
    return index->buckets != NULL ? ST_OK : ST_NO_MEMORY;
}

void sip_sent_index_fini(struct sip_sent_index *index)
{
    free(index->buckets);
    *index = (struct sip_sent_index){0};
}

uint64_t sip_sent_index_memory(uint32_t max)
{
    return (uint64_t)hash_bucket_count(max) * sizeof(struct chain);
}

/* What addr_equal finds equal has one bucket. */
static struct chain *bucket_of(const struct sip_sent_index *index, const struct net_addr *to)
{
    const struct net_addr plain = addr_unmapped(*to);
    const size_t len = plain.family == 4 ? 4 : sizeof(plain.ip);
    char octets[sizeof(plain.ip) + 2];

    memcpy(octets, plain.ip, len);
    octets[len] = (char)(plain.port >> 8);
    octets[len + 1] = (char)(plain.port & 0xff);
    return &index->buckets[hash_octets(index->seed, span_make(octets, len + 2)) & index->mask];
}

void sip_sent_init(struct sip_sent *sent, enum sip_sent_kind kind)
{
    *sent = (struct sip_sent){.kind = kind};
}

void sip_sent_put(const struct sip_sent_index *index, struct sip_sent *sent, const struct net_addr *to)
{
    chain_remove(&sent->node);
    sent->to = *to;
    chain_push(bucket_of(index, to), &sent->node);
}

void sip_sent_remove(struct sip_sent *sent)
{
    chain_remove(&sent->node);
}

/* A bucket has the newest first: turned round it is the order in which they were put. */
void sip_sent_take(const struct sip_sent_index *index, const struct net_addr *to, struct chain *hits)
{
    struct chain_node *next;

    *hits = (struct chain){NULL};
    for (struct chain_node *n = bucket_of(index, to)->first; n != NULL; n = next) {
        next = n->next;
        if (addr_equal(&LIST_OWNER(n, struct sip_sent, node)->to, to)) {
            chain_remove(n);
            chain_push(hits, n);
        }
    }
}
