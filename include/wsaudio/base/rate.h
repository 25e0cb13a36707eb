/* SPDX-License-Identifier: MIT */
/* How often somebody may do something: token buckets, alone or one for each of many sources in a bounded table. No clock:
 * time is an argument. */
#ifndef WSAUDIO_BASE_RATE_H
#define WSAUDIO_BASE_RATE_H

#include "wsaudio/base/addr.h"
#include "wsaudio/base/list.h"
#include "wsaudio/base/span.h"
#include "wsaudio/base/timerq.h"

/* `burst` at once, and one more each `every` after that; burst 0: no limit. */
struct rate_limit {
    uint32_t burst;
    dur_us every;
};

/* Zeroed is a full bucket. */
struct rate_bucket {
    mono_us full_at; /* when it will be full again; in the past: it is */
};

/* Takes one; false when none is left. */
bool rate_bucket_take(struct rate_bucket *bucket, const struct rate_limit *limit, mono_us now);

#define RATE_KEY_MAX 16

/* Who asks: an address, or a digest of anything else. */
struct rate_key {
    uint8_t bytes[RATE_KEY_MAX];
    uint8_t kind; /* 0: none; keys of different kinds are different */
};

/* The host, IPv4 (mapped too) or of IPv6 the first 64 bits: whoever has one address there has them all. The port does not count. */
struct rate_key rate_key_network(const struct net_addr *addr);
/* A secret: only its SHA-256, cut short, is kept. ST_IO, ST_NO_MEMORY as digest_parts. */
WS_MUST_CHECK int rate_key_secret(struct span secret, struct rate_key *out);

struct rate_entry;

struct rate_table {
    struct rate_limit limit;
    struct rate_entry *entries; /* owns */
    struct chain *buckets;      /* owns; chains of entries */
    struct list_node by_age;    /* the entries in use, the one longest unused first */
    uint32_t cap, mask, seed;
    uint32_t used; /* entries: from the first one on */
};

/* Room for cap sources (at least 1), made at once; when it is full the one longest unused gives way. seed: any
 * unpredictable number. ST_NO_MEMORY. */
WS_MUST_CHECK int rate_table_init(struct rate_table *table, uint32_t cap, struct rate_limit limit, uint32_t seed);
/* Safe on a zeroed table and twice. */
void rate_table_fini(struct rate_table *table);
/* Takes one from the source's bucket, which is full when it is new; false when none is left. */
bool rate_table_take(struct rate_table *table, const struct rate_key *key, mono_us now);
/* Whether the source is in the table. */
bool rate_table_has(const struct rate_table *table, const struct rate_key *key);
/* Bytes of a table with so many sources. */
uint64_t rate_table_memory(uint32_t cap);

#endif
