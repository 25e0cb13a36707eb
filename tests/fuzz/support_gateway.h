/* SPDX-License-Identifier: MIT */
/* A whole gateway in memory on a virtual clock: gateway, loopback exchange, clients, files, and a far end of whose SIP messages
 * the fuzzer is the author. Everything that leaves the gateway is judged as it leaves. */
#ifndef TESTS_FUZZ_SUPPORT_GATEWAY_H
#define TESTS_FUZZ_SUPPORT_GATEWAY_H

#include "support_frames.h"
#include "wsaudio/client.h"
#include "wsaudio/loopback.h"

#define FUZZ_WORLD_CLIENTS    5 /* the last one is on /echo */
#define FUZZ_WORLD_CALLS      8
#define FUZZ_WORLD_FILES      6
#define FUZZ_WORLD_RECORDINGS 8
#define FUZZ_WORLD_SDP_PORT   40000 /* of the far end, see fuzz_world_template */

enum fuzz_world_flag {
    FUZZ_WORLD_LOOPBACK = 1, /* calls go to the exchange */
    FUZZ_WORLD_NO_RECORD = 2,
    FUZZ_WORLD_TIGHT = 4, /* one line, short limits, strangers and targets judged */
    FUZZ_WORLD_NO_PASSWORD = 8,
    FUZZ_WORLD_LOG = 16,
    FUZZ_WORLD_END_BY_STOP = 32, /* the server stops; else the clients leave */
    FUZZ_WORLD_IPV6 = 64,
    FUZZ_WORLD_INCOMING = 128 /* calls ring, or with FUZZ_WORLD_NO_RECORD meet the echo test */
};

/* What fails once, the next time it is asked for. */
enum fuzz_world_fault {
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

enum fuzz_world_media { MEDIA_CLEAN, MEDIA_LOST, MEDIA_TWICE, MEDIA_COUNT };

struct fuzz_world_client {
    struct fuzz_world *world;
    struct pool_id id;
    bool open, reading, in_call, established, rings;
    struct frames frames;
};

/* One side's port pair, and the stream that leaves by it. */
struct fuzz_world_pair {
    bool open, sent;
    struct pool_id call;
    uint16_t next_sequence;
    uint32_t ssrc;
};

struct fuzz_world_file {
    bool used, temporary, committing;
    char name[FILE_NAME_LEN_MAX + 1];
    struct pool_id client;
    uint8_t *data;
    size_t len;
};

struct fuzz_world_packet {
    struct fuzz_world_packet *next;
    mono_us at;
    bool to_exchange, sip, rtcp;
    struct pool_id call;
    struct net_addr from;
    size_t len;
    char data[];
};

struct fuzz_world {
    unsigned flags;
    mono_us now;
    uint64_t seed;
    struct rng rng;
    struct log log;
    struct sip_stack *sip;
    struct gateway *gateway;
    struct loopback_ua *exchange; /* NULL without FUZZ_WORLD_LOOPBACK */
    struct net_addr local, hop, exchange_addr, far;
    uint32_t max_calls;
    struct fuzz_world_client clients[FUZZ_WORLD_CLIENTS];
    struct fuzz_world_pair pairs[FUZZ_WORLD_CALLS], exchange_pairs[FUZZ_WORLD_CALLS];
    struct fuzz_world_file files[FUZZ_WORLD_FILES];
    bool recording[FUZZ_WORLD_RECORDINGS];
    uint64_t recorded[FUZZ_WORLD_RECORDINGS];
    int playing, listing, list_at;
    struct fuzz_world_packet *first, **last;
    enum fuzz_world_fault fault;
    enum fuzz_world_media media;
    unsigned lose_to_exchange, lose_to_gateway; /* SIP messages */
    /* the exchange has been lied to, or was left without news: what it keeps is not the gateway's fault */
    bool forged;
    unsigned lost, jumps;
    unsigned ticks, deliveries, sent_now;
    /* the last of each that the gateway sent (request: but ACK; answer: to an INVITE, but 100), NUL-terminated */
    char *request, *invite, *answer;
    unsigned serial;
};

struct fuzz_world *fuzz_world_new(unsigned flags);
/* Ends all calls, lets what lingers run out and checks that nothing is left. */
void fuzz_world_end(struct fuzz_world *g);

void fuzz_world_connect(struct fuzz_world *g, unsigned client);
void fuzz_world_disconnect(struct fuzz_world *g, unsigned client);
void fuzz_world_bytes(struct fuzz_world *g, unsigned client, struct span bytes);
void fuzz_world_frame(struct fuzz_world *g, unsigned client, unsigned opcode, struct span payload);
void fuzz_world_sip(struct fuzz_world *g, const struct net_addr *from, bool to_exchange, struct span datagram);
/* To the first call that has ports. */
void fuzz_world_media(struct fuzz_world *g, const struct net_addr *from, bool rtcp, struct span datagram);
/* The clock jumps: nothing was done in between. */
void fuzz_world_jump(struct fuzz_world *g, dur_us duration);
void fuzz_world_commit(struct fuzz_world *g, int status);
void fuzz_world_stop(struct fuzz_world *g);
/* What follows an event: expiry, pumping, reading, reaping. */
void fuzz_world_turn(struct fuzz_world *g);
void fuzz_world_run(struct fuzz_world *g, dur_us duration);

/* support_gateway_io.c */
struct media_io fuzz_world_media_io(struct fuzz_world *g);
struct media_io fuzz_world_exchange_media_io(struct fuzz_world *g);
struct upload_io fuzz_world_upload_io(struct fuzz_world *g);
struct list_io fuzz_world_list_io(struct fuzz_world *g);
struct media_files fuzz_world_media_files(struct fuzz_world *g);
int fuzz_world_sip_send(void *ctx, const struct sip_flow *to, const void *data, size_t len);
int fuzz_world_exchange_sip_send(void *ctx, const struct sip_flow *to, const void *data, size_t len);
bool fuzz_world_fails(struct fuzz_world *g, enum fuzz_world_fault fault);
void fuzz_world_file_drop(struct fuzz_world_file *f);
void fuzz_world_put_file(struct fuzz_world *g, const char *name, const void *data, size_t len);

/* support_gateway_text.c: a datagram from a template in which {X} stands for a part of what the gateway sent last:
 * {I} {F} {T} {V} {Q} values of Call-ID, From, To, Via, CSeq of its last request; {P} the address in its last INVITE's Contact;
 * {A} the head of a request in the dialog of its last answer to an INVITE, without CSeq, {B} the same in that INVITE's transaction;
 * {H} the five header lines of a response to its last request, {G} the same to its last INVITE by another fork; {D} those of a
 * request in its dialog, {N} of one outside, both without CSeq; {C} Contact; {S} SDP with its headers; {E} an empty body. Returns
 * owned text. */
char *fuzz_world_template(struct fuzz_world *g, struct span text, size_t *len);

#endif
