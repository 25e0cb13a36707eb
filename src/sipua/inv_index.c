/* SPDX-License-Identifier: MIT */
#include "inv_index.h"

#include <assert.h>
#include <stdlib.h>

#include "inv.h"

int sip_inv_index_init(struct sip_inv_index *index, uint32_t max, uint32_t seed)
{
    index->seed = seed;
    index->buckets = hash_buckets_new(max, &index->mask);
    return index->buckets != NULL ? ST_OK : ST_NO_MEMORY;
}

void sip_inv_index_fini(struct sip_inv_index *index)
{
    free(index->buckets);
    *index = (struct sip_inv_index){0};
}

uint64_t sip_inv_index_memory(uint32_t max)
{
    return (uint64_t)hash_bucket_count(max) * sizeof(struct chain);
}

static struct chain *bucket_of(const struct sip_inv_index *index, struct span call_id)
{
    return &index->buckets[hash_octets(index->seed, call_id) & index->mask];
}

void sip_inv_index_add(struct sip_inv_index *index, struct sip_inv *usage)
{
    assert(usage->same_hash.link == NULL);
    chain_push_back(bucket_of(index, sip_text_view(&usage->call_id)), &usage->same_hash);
}

void sip_inv_index_remove(struct sip_inv *usage)
{
    chain_remove(&usage->same_hash);
}

struct sip_inv *sip_inv_index_find(const struct sip_inv_index *index, struct span call_id, const struct sip_inv *before)
{
    struct chain_node *first = before != NULL ? before->same_hash.next : bucket_of(index, call_id)->first;

    for (struct chain_node *n = first; n != NULL; n = n->next) {
        struct sip_inv *usage = LIST_OWNER(n, struct sip_inv, same_hash);
        if (usage->state != SIP_INV_ST_TERMINATED && span_eq(sip_text_view(&usage->call_id), call_id)) {
            return usage;
        }
    }
    return NULL;
}
