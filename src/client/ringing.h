/* SPDX-License-Identifier: MIT */
/* At which clients incoming calls ring.
 *
 * A ringing call lives as long as there is a client that listens, has no call and has not rejected it; else it is refused:
 * with the code of the last REJECT it got, else 486 when somebody listens, else 480. A client rings for one call at a time, for
 * ANSWER and REJECT name none; further calls wait for it in the order in which they came. */
#ifndef WSAUDIO_CLIENT_RINGING_H
#define WSAUDIO_CLIENT_RINGING_H

#include "wsaudio/client.h"

struct client;

/* A call, by its slot. */
struct ring {
    struct list_node node;
    struct pool_id call;
    int code; /* of the last REJECT; 0 none */
};

struct ringing {
    struct list_node calls; /* those that ring, the oldest first */
    struct ring *slots;     /* owns */
    uint8_t *rejected;      /* owns; a row for each call slot, a bit for each client slot */
};

/* ST_NO_MEMORY. */
WS_MUST_CHECK int ringing_init(struct gateway *g);
void ringing_fini(struct gateway *g);
uint64_t ringing_memory(uint32_t max_calls, uint32_t max_clients);
/* Why nobody can take a call now: 480, 486, or 0. */
int ringing_refusal(const struct gateway *g);
/* A call begins to ring, with the next ringing_settle. */
void ringing_begin(struct gateway *g, struct pool_id call);
/* It stops, everywhere; all but its owner hear why. */
void ringing_end(struct gateway *g, const struct call_event *event);
/* This client is no longer rung; tells it why. */
void ringing_leave(struct client *c, enum call_gone gone);
/* This client does not want the call that rings there. */
void ringing_reject(struct client *c, int code);
/* Another client will have this one's slot. */
void ringing_forget(const struct client *c);
/* Once a turn, when something changed: offers what rings to who is free, refuses what nobody can take. */
void ringing_settle(struct gateway *g);
/* LISTEN, UNLISTEN. */
void ringing_listen(struct client *c, bool on);

#endif
