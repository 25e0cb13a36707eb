/* SPDX-License-Identifier: MIT */
/* Incoming calls (SPEC --incoming): what becomes of an INVITE, and at which clients it rings.
 *
 * A ringing call lives as long as there is a client that listens, has no call and has not rejected it; else it is refused:
 * with the code of the last REJECT it got, else 486 when somebody listens, else 480. A client rings for one call at a time, for
 * ANSWER and REJECT name none; further calls wait for it in the order in which they came. */
#ifndef WSAUDIO_CALL_INCOMING_H
#define WSAUDIO_CALL_INCOMING_H

#include "wsaudio/call.h"

struct call;
struct client;

#define INCOMING_SAFE_MAX (3 * TEXT_SAFE_MAX) /* ':' and '%' escaped */

/* The part of a call that matters until it is answered. */
struct incoming {
    struct list_node node; /* in the bridge's list of ringing calls */
    mono_us until;         /* --ring-seconds, or the INVITE's Expires */
    mono_us again;         /* the next 180: Timer C of a proxy runs out after 3 minutes (RFC 3261 13.3.1.1, 16.6) */
    int until_code;
    int reject_code;                      /* of the last REJECT; 0 none */
    const char *gone;                     /* what INCOMING_GONE will say */
    char text[2 * INCOMING_SAFE_MAX + 2]; /* "caller:called" */
};

/* ---- incoming.c ---- */

/* SIP_EVENT_INCOMING. */
void incoming_arrives(struct bridge *b, const struct sip_event *event);
/* The call's clock while it rings. */
void incoming_expire(struct call *call);
/* ANSWER, and REJECT with its code. */
void incoming_answer(struct client *c);
void incoming_reject(struct client *c, int code);

/* ---- ringing.c ---- */

/* ST_NO_MEMORY. */
WS_MUST_CHECK int ringing_init(struct bridge *b);
void ringing_fini(struct bridge *b);
uint64_t ringing_memory(uint32_t max_calls, uint32_t max_clients);
/* Why nobody can take a call now: 480, 486, or 0. */
int ringing_refusal(struct bridge *b);
/* The call begins to ring, with the next ringing_settle. */
void ringing_begin(struct call *call);
/* It stops, everywhere; the clients hear call->incoming.gone. */
void ringing_end(struct call *call);
/* This client is no longer rung; tells it why. */
void ringing_leave(struct client *c, const char *why);
/* This client does not want that call. */
void ringing_refuse(struct client *c, const struct call *call);
/* Another client will have this one's slot. */
void ringing_forget(const struct client *c);
/* Once a turn, when something changed: offers what rings to who is free, refuses what nobody can take. */
void ringing_settle(struct bridge *b);
/* LISTEN, UNLISTEN. */
void ringing_listen(struct client *c, bool on);

#endif
