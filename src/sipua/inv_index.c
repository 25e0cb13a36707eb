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
    return (uint64_t)hash_bucket_count(max) * sizeof(struct list_node);
}

static struct list_node *bucket_of(const struct sip_inv_index *index, struct span call_id)
{
    return &index->buckets[hash_octets(index->seed, call_id) & index->mask];
}

void sip_inv_index_add(struct sip_inv_index *index, struct sip_inv *usage)
{
    assert(list_is_empty(&usage->same_hash));
    list_push_back(bucket_of(index, sip_text_view(&usage->call_id)), &usage->same_hash);
}

void sip_inv_index_remove(struct sip_inv *usage)
{
    list_remove(&usage->same_hash);
}

struct sip_inv *sip_inv_index_find(const struct sip_inv_index *index, struct span call_id, const struct sip_inv *before)
{
    const struct list_node *head = bucket_of(index, call_id);

    for (struct list_node *n = before != NULL ? before->same_hash.next : head->next; n != head; n = n->next) {
        struct sip_inv *usage = LIST_OWNER(n, struct sip_inv, same_hash);
        if (usage->state != SIP_INV_ST_TERMINATED && span_eq(sip_text_view(&usage->call_id), call_id)) {
            return usage;
        }
    }
    return NULL;
}
