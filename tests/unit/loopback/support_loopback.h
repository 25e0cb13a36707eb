/* SPDX-License-Identifier: MIT */
/* A loopback exchange on a virtual clock with its io in memory, and a caller in front of it who shares no code with it. */
#ifndef SUPPORT_LOOPBACK_H
#define SUPPORT_LOOPBACK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wsaudio/loopback.h"

#define SENT_MAX  256
#define CALLS_MAX 3

struct packet {
    struct net_addr to;
    bool rtcp;
    uint8_t data[512];
    size_t len;
    mono_us at;
};

struct bench {
    struct loopback_ua *x;
    mono_us now;
    uint64_t seed;
    struct rng rng;
    char *sip[SENT_MAX]; /* owned; what the exchange sent */
    size_t sip_count;
    struct packet packet[SENT_MAX];
    size_t packet_count;
    struct pool_id media[CALLS_MAX + 2];
    size_t media_count; /* pairs ever opened */
    int ports_open;
    int open_status;
};

extern const struct net_addr caller, caller_rtp;
extern const char offer[], offer_pcma[], offer_moved[], offer_g729[];

void exchange_open(struct bench *t);
void exchange_forget(struct bench *t);
/* Lets time pass: every deadline is carried out when it comes. */
void exchange_pass(struct bench *t, dur_us duration);
/* Every call is over and every deadline has passed. */
void exchange_close(struct bench *t);
void caller_request(struct bench *t, const char *method, const char *user, const char *id, unsigned cseq,
                    const char *to_tag, const char *headers, const char *body);
/* The latest message that begins so, or NULL. */
const char *sent_last(const struct bench *t, const char *prefix);
size_t sent_count(const struct bench *t, const char *prefix);
const char *sent_tag(const char *message, char out[64]);
/* Dials and acknowledges; the dialog's tag. */
const char *caller_dials(struct bench *t, const char *user, const char *id, const char *sdp, char tag[64]);
void caller_hangs_up(struct bench *t, const char *user, const char *id, const char *tag, unsigned cseq);
void caller_sends(struct bench *t, size_t call, const struct net_addr *from, uint8_t type, uint16_t seq, uint8_t fill);

#endif
