/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/rate.h"

#include <stdlib.h>
#include <string.h>

#include "wsaudio/base/digest.h"
#include "wsaudio/base/hash.h"

enum key_kind { KEY_NONE, KEY_IPV4, KEY_IPV6_NETWORK, KEY_SECRET };

struct rate_entry {
    struct chain_node chain; /* in its hash bucket */
    struct list_node age;
    struct rate_key key;
    struct rate_bucket bucket;
};

/* The virtual scheduling form of a token bucket: one number says how far ahead of its rate somebody is. */
bool rate_bucket_take(struct rate_bucket *bucket, const struct rate_limit *limit, mono_us now)
{
    mono_us full_at = bucket->full_at > now ? bucket->full_at : now;

    if (limit->burst == 0) {
        return true;
    }
    if (full_at - now > (dur_us)(limit->burst - 1) * limit->every) {
        return false;
    }
    bucket->full_at = full_at + limit->every;
    return true;
}

/* ---- keys ---- */

struct rate_key rate_key_network(const struct net_addr *addr)
{
    struct net_addr plain = addr_unmapped(*addr);
    struct rate_key key = {.kind = plain.family == 4 ? KEY_IPV4 : plain.family == 6 ? KEY_IPV6_NETWORK : KEY_NONE};

    memcpy(key.bytes, plain.ip, plain.family == 4 ? 4 : 8);
    return key;
}

int rate_key_secret(struct span secret, struct rate_key *out)
{
    uint8_t digest[DIGEST_MAX_LEN];
    int status = digest_parts(DIGEST_SHA256, &secret, 1, digest);

    *out = (struct rate_key){.kind = KEY_SECRET};
    if (status == ST_OK) {
        memcpy(out->bytes, digest, sizeof(out->bytes));
    }
    return status;
}

static bool same_key(const struct rate_key *a, const struct rate_key *b)
{
    return a->kind == b->kind && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* Whoever makes all sources meet in one bucket makes us compare cap keys, no more. */
static uint32_t hash(const struct rate_table *table, const struct rate_key *key)
{
    struct span octets = span_make((const char *)key->bytes, sizeof(key->bytes));

    return hash_octets(table->seed ^ key->kind, octets) & table->mask;
}

/* ---- the table ---- */

uint64_t rate_table_memory(uint32_t cap)
{
    return (uint64_t)cap * sizeof(struct rate_entry) + (uint64_t)hash_bucket_count(cap) * sizeof(struct chain);
}

int rate_table_init(struct rate_table *table, uint32_t cap, struct rate_limit limit, uint32_t seed)
{
    *table = (struct rate_table){.limit = limit, .cap = cap, .seed = seed};
    list_init(&table->by_age);
    table->entries = calloc(cap, sizeof(*table->entries));
    table->buckets = hash_buckets_new(cap, &table->mask);
    if (table->entries == NULL || table->buckets == NULL) {
        rate_table_fini(table);
        return ST_NO_MEMORY;
    }
    return ST_OK;
}

void rate_table_fini(struct rate_table *table)
{
    free(table->entries);
    free(table->buckets);
    memset(table, 0, sizeof(*table));
}

static struct rate_entry *find(const struct rate_table *table, const struct rate_key *key)
{
    for (struct chain_node *n = table->buckets[hash(table, key)].first; n != NULL; n = n->next) {
        struct rate_entry *entry = LIST_OWNER(n, struct rate_entry, chain);
        if (same_key(&entry->key, key)) {
            return entry;
        }
    }
    return NULL;
}

bool rate_table_has(const struct rate_table *table, const struct rate_key *key)
{
    return find(table, key) != NULL;
}

/* In no list: one that was never used while there is one, so that memory is touched as it is needed. */
static struct rate_entry *entry_for(struct rate_table *table, const struct rate_key *key)
{
    struct rate_entry *entry;

    if (table->used < table->cap) {
        entry = &table->entries[table->used++];
    } else {
        entry = LIST_OWNER(table->by_age.next, struct rate_entry, age);
        chain_remove(&entry->chain);
        list_remove(&entry->age);
    }
    entry->key = *key;
    entry->bucket = (struct rate_bucket){0};
    chain_push(&table->buckets[hash(table, key)], &entry->chain);
    return entry;
}

bool rate_table_take(struct rate_table *table, const struct rate_key *key, mono_us now)
{
    struct rate_entry *entry = find(table, key);

    if (entry == NULL) {
        entry = entry_for(table, key);
    } else {
        list_remove(&entry->age);
    }
    list_push_back(&table->by_age, &entry->age);
    return rate_bucket_take(&entry->bucket, &table->limit, now);
}
