/* SPDX-License-Identifier: MIT */
#include "tx_match.h"

#include <stdlib.h>
#include <string.h>

#define COOKIE           SPAN_LIT("z9hG4bK")
#define BUCKETS_MAX      65536U
#define HASH_PRIME       0x100000001b3ULL
#define HASH_START       0xcbf29ce484222325ULL
#define STYLE_FIELDS_MAX 8

static uint64_t hash_span(uint64_t hash, struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        hash = (hash ^ (uint8_t)char_lower(s.ptr[i])) * HASH_PRIME;
    }
    return (hash ^ 0xff) * HASH_PRIME; /* so that "ab" "c" is not "a" "bc" */
}

static uint32_t hash_fold(uint64_t hash)
{
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdULL;
    return (uint32_t)(hash ^ (hash >> 32));
}

bool sip_tx_branch_is_unique(struct span branch)
{
    return branch.len > COOKIE.len && span_istarts(branch, COOKIE);
}

uint64_t sip_tx_tag_hash(struct span tag)
{
    uint64_t hash = HASH_START;

    for (size_t i = 0; i < tag.len; i++) {
        hash = (hash ^ (uint8_t)tag.ptr[i]) * HASH_PRIME;
    }
    return tag.len == 0 ? 0 : hash;
}

/* 2543 keys are found by Call-ID: their branch may be missing. */
static void key_hash(struct sip_tx_key *key, uint32_t seed)
{
    struct span name = key->style == SIP_TX_KEY_SERVER_2543 ? key->call_id : key->branch;
    uint64_t hash = hash_span(HASH_START ^ seed, name);

    hash = (hash ^ (uint64_t)key->style) * HASH_PRIME;
    hash = (hash ^ (uint64_t)key->method) * HASH_PRIME;
    key->hash = hash_fold(hash);
}

struct sip_tx_key sip_tx_key_client(struct span method, uint32_t cseq, struct span branch, struct span call_id,
                                    uint32_t seed)
{
    struct sip_tx_key key = {
        .style = SIP_TX_KEY_CLIENT,
        .method = sip_method_find(method),
        .method_text = method,
        .cseq = cseq,
        .branch = branch,
        .call_id = call_id,
    };

    key_hash(&key, seed);
    return key;
}

struct sip_tx_key sip_tx_key_response(const struct sip_msg *msg, uint32_t seed)
{
    return sip_tx_key_client(msg->method_text, msg->cseq, msg->via.branch, msg->call_id, seed);
}

struct sip_tx_key sip_tx_key_server(const struct sip_msg *msg, bool for_invite, uint32_t seed)
{
    struct sip_tx_key key = {
        .style = sip_tx_branch_is_unique(msg->via.branch) ? SIP_TX_KEY_SERVER : SIP_TX_KEY_SERVER_2543,
        .method = msg->method,
        .method_text = msg->method_text,
        .cseq = msg->cseq,
        .branch = msg->via.branch,
        .host = msg->via.host,
        .port = msg->via.port != 0 ? msg->via.port : SIP_PORT_DEFAULT,
        .call_id = msg->call_id,
        .from_tag = msg->from.tag,
        .to_tag = msg->to.tag,
        .is_ack = msg->method == SIP_METHOD_ACK,
        .is_cancel = msg->method == SIP_METHOD_CANCEL && for_invite,
    };

    if (key.is_ack || key.is_cancel) {
        key.method = SIP_METHOD_INVITE;
        key.method_text = SPAN_LIT("INVITE");
    }
    if (key.style == SIP_TX_KEY_SERVER_2543) {
        key.uri = msg->uri.text;
        key.via = msg->via.text;
    }
    key_hash(&key, seed);
    return key;
}

static bool same_method(const struct sip_tx_key *a, const struct sip_tx_key *b)
{
    return a->method == b->method && span_eq(a->method_text, b->method_text);
}

/* 17.2.3: the To tag of a request is the INVITE's own, that of an ACK is the one our response put there. */
static bool same_to_tag(const struct sip_tx_key *held, const struct sip_tx_key *wanted)
{
    if (!wanted->is_ack) {
        return span_eq(held->to_tag, wanted->to_tag);
    }
    return held->answer_tag != 0 && held->answer_tag == sip_tx_tag_hash(wanted->to_tag);
}

static bool same_2543(const struct sip_tx_key *held, const struct sip_tx_key *wanted)
{
    return held->cseq == wanted->cseq && span_eq(held->call_id, wanted->call_id) &&
           span_eq(held->from_tag, wanted->from_tag) && span_eq(held->uri, wanted->uri) &&
           span_eq(held->via, wanted->via) && same_to_tag(held, wanted);
}

bool sip_tx_key_matches(const struct sip_tx_key *held, const struct sip_tx_key *wanted)
{
    if (held->hash != wanted->hash || held->style != wanted->style || !same_method(held, wanted)) {
        return false;
    }
    if (held->style == SIP_TX_KEY_SERVER_2543) {
        return same_2543(held, wanted);
    }
    if (!span_ieq(held->branch, wanted->branch)) {
        return false;
    }
    if (held->style == SIP_TX_KEY_CLIENT) {
        return held->cseq == wanted->cseq && span_eq(held->call_id, wanted->call_id);
    }
    return held->port == wanted->port && span_ieq(held->host, wanted->host);
}

/* The spans of a key that live as long as it is held. Returns their number. */
static size_t key_spans(struct sip_tx_key *key, struct span *fields[STYLE_FIELDS_MAX])
{
    size_t count = 0;

    fields[count++] = &key->method_text;
    fields[count++] = &key->branch;
    fields[count++] = &key->call_id;
    if (key->style == SIP_TX_KEY_CLIENT) {
        return count;
    }
    fields[count++] = &key->host;
    fields[count++] = &key->from_tag;
    fields[count++] = &key->to_tag;
    if (key->style == SIP_TX_KEY_SERVER_2543) {
        fields[count++] = &key->uri;
        fields[count++] = &key->via;
    }
    return count;
}

int sip_tx_key_hold(struct sip_tx_key *key)
{
    struct span *fields[STYLE_FIELDS_MAX];
    size_t count = key_spans(key, fields);
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        total += fields[i]->len;
    }
    key->storage = malloc(total > 0 ? total : 1);
    if (key->storage == NULL) {
        return ST_NO_MEMORY;
    }
    char *at = key->storage;
    for (size_t i = 0; i < count; i++) {
        struct span *field = fields[i];
        if (field->len > 0) {
            memcpy(at, field->ptr, field->len);
        }
        *field = span_make(at, field->len);
        at += field->len;
    }
    return ST_OK;
}

void sip_tx_key_release(struct sip_tx_key *key)
{
    free(key->storage);
    memset(key, 0, sizeof(*key));
}

static bool is_server(const struct sip_tx_key *key)
{
    return key->style != SIP_TX_KEY_CLIENT;
}

static uint32_t origin_hash(const struct sip_tx_key *key, uint32_t seed)
{
    uint64_t hash = hash_span(hash_span(HASH_START ^ seed, key->call_id), key->from_tag);

    return hash_fold((hash ^ key->cseq) * HASH_PRIME);
}

/* max is far above what calls that are up need. */
static uint32_t bucket_count(uint32_t max)
{
    return max / 4 < BUCKETS_MAX ? max / 4 + 1 : BUCKETS_MAX;
}

uint64_t sip_tx_index_memory(uint32_t max)
{
    return 2 * (uint64_t)hash_bucket_count(bucket_count(max)) * sizeof(struct chain);
}

int sip_tx_index_init(struct sip_tx_index *index, uint32_t max, uint32_t seed)
{
    uint32_t size = bucket_count(max);

    *index = (struct sip_tx_index){.seed = seed};
    index->buckets = hash_buckets_new(size, &index->mask);
    index->origins = hash_buckets_new(size, &index->mask);
    if (index->buckets == NULL || index->origins == NULL) {
        sip_tx_index_fini(index);
        return ST_NO_MEMORY;
    }
    return ST_OK;
}

void sip_tx_index_fini(struct sip_tx_index *index)
{
    free(index->buckets);
    free(index->origins);
    memset(index, 0, sizeof(*index));
}

void sip_tx_index_add(struct sip_tx_index *index, struct sip_tx_entry *entry)
{
    chain_push(&index->buckets[entry->key.hash & index->mask], &entry->node);
    if (is_server(&entry->key)) {
        chain_push(&index->origins[origin_hash(&entry->key, index->seed) & index->mask], &entry->origin_node);
    }
}

void sip_tx_index_remove(struct sip_tx_entry *entry)
{
    chain_remove(&entry->node);
    chain_remove(&entry->origin_node);
}

struct sip_tx_entry *sip_tx_index_find(const struct sip_tx_index *index, const struct sip_tx_key *wanted)
{
    for (struct chain_node *node = index->buckets[wanted->hash & index->mask].first; node != NULL; node = node->next) {
        struct sip_tx_entry *entry = LIST_OWNER(node, struct sip_tx_entry, node);
        if (sip_tx_key_matches(&entry->key, wanted)) {
            return entry;
        }
    }
    return NULL;
}

bool sip_tx_index_has_origin(const struct sip_tx_index *index, const struct sip_tx_key *wanted)
{
    const struct chain *origins = &index->origins[origin_hash(wanted, index->seed) & index->mask];

    for (struct chain_node *node = origins->first; node != NULL; node = node->next) {
        const struct sip_tx_key *key = &LIST_OWNER(node, struct sip_tx_entry, origin_node)->key;
        if (key->cseq == wanted->cseq && same_method(key, wanted) && span_eq(key->call_id, wanted->call_id) &&
            span_eq(key->from_tag, wanted->from_tag)) {
            return true;
        }
    }
    return false;
}
