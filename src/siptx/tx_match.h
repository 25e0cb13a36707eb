/* SPDX-License-Identifier: MIT */
/* Which transaction a message belongs to (RFC 3261 17.1.3, 17.2.3). Case: the branch, its cookie and the sent-by host
 * ignore it (7.3.1), method, Call-ID, tags, Request-URI and a Via compared as a whole do not. */
#ifndef WSAUDIO_SIPTX_TX_MATCH_H
#define WSAUDIO_SIPTX_TX_MATCH_H

#include "wsaudio/sipmsg/message.h"

enum sip_tx_key_style {
    SIP_TX_KEY_CLIENT,      /* branch and CSeq (17.1.3); Call-ID too, so that a guess at the branch is not enough */
    SIP_TX_KEY_SERVER,      /* branch, sent-by, method */
    SIP_TX_KEY_SERVER_2543, /* no z9hG4bK: Request-URI, From and To tag, Call-ID, CSeq, top Via */
    SIP_TX_KEY_STYLE_COUNT
};

struct sip_tx_key {
    uint32_t hash; /* of the fields that every match compares: beside the chain, which a search goes through */
    enum sip_tx_key_style style;
    enum sip_method method;  /* of the transaction: INVITE for its ACK */
    struct span method_text; /* the same as text */
    uint32_t cseq;
    struct span branch;
    struct span host; /* sent-by; an absent port is 5060 (18.2.2) */
    uint16_t port;
    struct span call_id, from_tag, to_tag, uri, via;
    char *storage;          /* owned by a held key: what the spans point into */
    uint64_t answer_tag;    /* 2543: sip_tx_tag_hash of the To tag of our last response; 0 none */
    bool is_ack, is_cancel; /* what the message itself was */
};

/* "z9hG4bK" and something behind it. A bare cookie names nothing (RFC 4475, badbranch): 2543 rules. */
bool sip_tx_branch_is_unique(struct span branch);
uint64_t sip_tx_tag_hash(struct span tag);

/* Of a request of ours; views into what is given. */
struct sip_tx_key sip_tx_key_client(struct span method, uint32_t cseq, struct span branch, struct span call_id,
                                    uint32_t seed);
/* Of the request of ours that this response answers; views into msg. */
struct sip_tx_key sip_tx_key_response(const struct sip_msg *msg, uint32_t seed);
/* A request from outside. ACK looks for its INVITE; for_invite: so does CANCEL (9.2). */
struct sip_tx_key sip_tx_key_server(const struct sip_msg *msg, bool for_invite, uint32_t seed);
/* Whether a message with key `wanted` belongs to the transaction with key `held`. */
bool sip_tx_key_matches(const struct sip_tx_key *held, const struct sip_tx_key *wanted);
/* Copies what the spans show into storage of exactly that size. ST_NO_MEMORY. */
WS_MUST_CHECK int sip_tx_key_hold(struct sip_tx_key *key);
/* Safe when not held. */
void sip_tx_key_release(struct sip_tx_key *key);

/* Lies inside a transaction; zeroed means in no index. */
struct sip_tx_entry {
    struct chain_node node;
    struct chain_node origin_node; /* server styles only */
    struct sip_tx_key key;
};

struct sip_tx_index {
    struct chain *buckets; /* owns; by what a message matches by */
    struct chain *origins; /* the same number; by what a request keeps on every way that it takes (8.2.2.2) */
    uint32_t mask;
    uint32_t seed;
};

/* For max entries: a bucket for four of them or fewer, 65536 buckets at most. ST_NO_MEMORY. */
WS_MUST_CHECK int sip_tx_index_init(struct sip_tx_index *index, uint32_t max, uint32_t seed);
uint64_t sip_tx_index_memory(uint32_t max);
/* Safe on a zeroed index. The entries stay their owners'. */
void sip_tx_index_fini(struct sip_tx_index *index);
void sip_tx_index_add(struct sip_tx_index *index, struct sip_tx_entry *entry);
/* Safe when it is in no index. */
void sip_tx_index_remove(struct sip_tx_entry *entry);
/* The entry that a message with this key belongs to, or NULL. */
struct sip_tx_entry *sip_tx_index_find(const struct sip_tx_index *index, const struct sip_tx_key *wanted);
/* Whether a server transaction has the method, CSeq, Call-ID and From tag of this key, whatever way its request took. */
bool sip_tx_index_has_origin(const struct sip_tx_index *index, const struct sip_tx_key *wanted);

#endif
