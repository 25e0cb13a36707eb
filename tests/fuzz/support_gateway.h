/* SPDX-License-Identifier: MIT */
/* A whole gateway in memory on a virtual clock: bridge, loopback exchange, clients, files, and a far end of whose SIP messages
 * the fuzzer is the author. Everything that leaves the gateway is judged as it leaves. */
#ifndef TESTS_FUZZ_SUPPORT_GATEWAY_H
#define TESTS_FUZZ_SUPPORT_GATEWAY_H

#include "support_frames.h"
#include "wsaudio/client.h"
#include "wsaudio/loopback.h"

#define GATEWAY_CLIENTS    5 /* the last one is on /echo */
#define GATEWAY_CALLS      8
#define GATEWAY_FILES      6
#define GATEWAY_RECORDINGS 8
#define GATEWAY_SDP_PORT   40000 /* of the far end, see gateway_template */

enum gateway_flag {
    GATEWAY_LOOPBACK = 1, /* calls go to the exchange */
    GATEWAY_NO_RECORD = 2,
    GATEWAY_TIGHT = 4, /* one line, short limits, strangers and targets judged */
    GATEWAY_NO_PASSWORD = 8,
    GATEWAY_LOG = 16,
    GATEWAY_END_BY_STOP = 32, /* the server stops; else the clients leave */
    GATEWAY_IPV6 = 64,
    GATEWAY_INCOMING = 128 /* calls ring, or with GATEWAY_NO_RECORD meet the echo test */
};

/* What fails once, the next time it is asked for. */
enum gateway_fault {
    FAULT_NONE,
    FAULT_UPLOAD,
    FAULT_PORTS,
    FAULT_PLAY_READ,
    FAULT_RECORD_WRITE,
    FAULT_SIP_IO,
    FAULT_SIP_AGAIN,
    FAULT_RECORD_BEGIN,
    FAULT_MEDIA_SEND,
    FAULT_COUNT
};

enum gateway_media { MEDIA_CLEAN, MEDIA_LOST, MEDIA_TWICE, MEDIA_COUNT };

struct gateway_client {
    struct gateway *gateway;
    struct pool_id id;
    bool open, reading, in_call, established, rings;
    struct frames frames;
};

/* One side's port pair, and the stream that leaves by it. */
struct gateway_pair {
    bool open, sent;
    struct pool_id call;
    uint16_t next_sequence;
    uint32_t ssrc;
};

struct gateway_file {
    bool used, temporary, committing;
    char name[FILE_NAME_LEN_MAX + 1];
    struct pool_id client;
    uint8_t *data;
    size_t len;
};

struct gateway_packet {
    struct gateway_packet *next;
    mono_us at;
    bool to_exchange, sip, rtcp;
    struct pool_id call;
    struct net_addr from;
    size_t len;
    char data[];
};

struct gateway {
    unsigned flags;
    mono_us now;
    uint64_t seed;
    struct rng rng;
    struct log log;
    struct sip_stack *sip;
    struct bridge *bridge;
    struct loopback_ua *exchange; /* NULL without GATEWAY_LOOPBACK */
    struct net_addr local, hop, exchange_addr, far;
    uint32_t max_calls;
    struct gateway_client clients[GATEWAY_CLIENTS];
    struct gateway_pair pairs[GATEWAY_CALLS], exchange_pairs[GATEWAY_CALLS];
    struct gateway_file files[GATEWAY_FILES];
    bool recording[GATEWAY_RECORDINGS];
    uint64_t recorded[GATEWAY_RECORDINGS];
    int playing, listing, list_at;
    struct gateway_packet *first, **last;
    enum gateway_fault fault;
    enum gateway_media media;
    unsigned lose_to_exchange, lose_to_bridge; /* SIP messages */
    /* the exchange has been lied to, or was left without news: what it keeps is not the bridge's fault */
    bool forged;
    unsigned lost, jumps;
    unsigned ticks, deliveries, sent_now;
    /* the last of each that the bridge sent (request: but ACK; answer: to an INVITE, but 100), NUL-terminated */
    char *request, *invite, *answer;
    unsigned serial;
};

struct gateway *gateway_new(unsigned flags);
/* Ends all calls, lets what lingers run out and checks that nothing is left. */
void gateway_end(struct gateway *g);

void gateway_connect(struct gateway *g, unsigned client);
void gateway_disconnect(struct gateway *g, unsigned client);
void gateway_bytes(struct gateway *g, unsigned client, struct span bytes);
void gateway_frame(struct gateway *g, unsigned client, unsigned opcode, struct span payload);
void gateway_sip(struct gateway *g, const struct net_addr *from, bool to_exchange, struct span datagram);
/* To the first call that has ports. */
void gateway_media(struct gateway *g, const struct net_addr *from, bool rtcp, struct span datagram);
/* The clock jumps: nothing was done in between. */
void gateway_jump(struct gateway *g, dur_us duration);
void gateway_commit(struct gateway *g, int status);
void gateway_stop(struct gateway *g);
/* What follows an event: expiry, pumping, reading, reaping. */
void gateway_turn(struct gateway *g);
void gateway_run(struct gateway *g, dur_us duration);

/* support_gateway_io.c */
struct media_io gateway_media_io(struct gateway *g);
struct media_io gateway_exchange_media_io(struct gateway *g);
struct upload_io gateway_upload_io(struct gateway *g);
struct list_io gateway_list_io(struct gateway *g);
struct media_files gateway_media_files(struct gateway *g);
int gateway_sip_send(void *ctx, const struct sip_flow *to, const void *data, size_t len);
int gateway_exchange_sip_send(void *ctx, const struct sip_flow *to, const void *data, size_t len);
bool gateway_fails(struct gateway *g, enum gateway_fault fault);
void gateway_file_drop(struct gateway_file *f);
void gateway_put_file(struct gateway *g, const char *name, const void *data, size_t len);

/* support_gateway_text.c: a datagram from a template in which {X} stands for a part of what the bridge sent last:
 * {I} {F} {T} {V} {Q} values of Call-ID, From, To, Via, CSeq of its last request; {P} the address in its last INVITE's Contact;
 * {A} the head of a request in the dialog of its last answer to an INVITE, without CSeq, {B} the same in that INVITE's transaction;
 * {H} the five header lines of a response to its last request, {G} the same to its last INVITE by another fork; {D} those of a
 * request in its dialog, {N} of one outside, both without CSeq; {C} Contact; {S} SDP with its headers; {E} an empty body. Returns
 * owned text. */
char *gateway_template(struct gateway *g, struct span text, size_t *len);

#endif
