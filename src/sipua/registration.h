/* SPDX-License-Identifier: MIT */
/* Our registration at the SIP server (RFC 3261 10.2, RFC 5626 4.5): carries out registration_table.h. */
#ifndef WSAUDIO_SIPUA_REGISTRATION_H
#define WSAUDIO_SIPUA_REGISTRATION_H

#include "registration_table.h"
#include "request.h"

/* Longest time that is asked for, whatever a 423 says. */
#define SIP_REGISTRATION_EXPIRES_MAX 604800
/* REGISTERs that one try may take: challenges, 423, redirections, servers. */
#define SIP_REGISTRATION_ROUNDS 16

struct sip_registration {
    struct sip_request_outside request; /* closed: not wanted */
    enum sip_registration_state state;
    mono_us timers[SIP_REGISTRATION_TMR_COUNT]; /* MONO_NEVER: not set */
    mono_us broken_at;             /* when the REGISTER could not be sent: told by the next expire; MONO_NEVER */
    uint32_t asked_s;              /* seconds to ask for */
    uint32_t rounds;               /* REGISTERs of this try */
    uint32_t failures;             /* tries in a row */
    struct sip_text sent;          /* the Contact URI of the last REGISTER */
    struct sip_text bound;         /* the one that the registrar holds; empty: none */
    struct sip_text service_route; /* what the last 200 said (RFC 3608), as a Route header has it */
    int told_code;                 /* of the failure that the log names; 0 none */
};

/* ---- registration.c; of the stack's one ---- */

WS_MUST_CHECK int sip_registration_open(struct sip_stack *stack);
void sip_registration_close(struct sip_stack *stack);
void sip_registration_start(struct sip_stack *stack, mono_us now);
void sip_registration_stop(struct sip_stack *stack, mono_us now);
/* Our address (the stack's config.local) is another one. */
void sip_registration_moved(struct sip_stack *stack, mono_us now);
/* The server can be reached again, or for the first time. */
void sip_registration_reached(struct sip_stack *stack, mono_us now);
/* The server is another one, or known at last: a refresh or try that waits goes at once. */
void sip_registration_hurry(struct sip_stack *stack, mono_us now);
mono_us sip_registration_due(const struct sip_stack *stack);
void sip_registration_expire(struct sip_stack *stack, mono_us now);
/* It is being removed and waits for an answer. */
bool sip_registration_is_leaving(const struct sip_stack *stack);

/* ---- registration_answer.c ---- */

struct sip_registration_answer {
    enum sip_registration_event event; /* OK, AGAIN (423), FAILED or REFUSED */
    uint32_t seconds;                  /* OK: how long we are registered; AGAIN: what to ask for */
    int64_t retry_after;               /* seconds; -1: not said */
};

/* What a final response says that needs neither credentials nor another address. contact: the URI that was sent; asked_s:
 * for how long. A 2xx lists bindings, ours in whatever form the registrar keeps it in: the shortest time of those that
 * equal it (RFC 3261 19.1.4) counts, else of those at its address or at that which top Via says we came from, else of
 * those at that host; a binding without a time has that of Expires, else what was asked for. None of them: Expires, else
 * the shortest above 0 of all. */
struct sip_registration_answer sip_registration_read(const struct sip_msg *response, struct span contact,
                                                     uint32_t asked_s);

/* ---- registration_route.c: Service-Route (RFC 3608) ---- */

/* Takes over what a 2xx says, nothing included. ST_BAD: a value that cannot be a Route; ST_TOO_LARGE, ST_NO_MEMORY: then there
 * is none. */
WS_MUST_CHECK int sip_registration_take_route(struct sip_registration *reg, const struct sip_msg *response);
/* The Route of our requests outside of dialogs, but for REGISTER; empty: none, or we are not registered. They go to the SIP
 * server all the same: it is our outbound proxy. */
struct span sip_registration_route(const struct sip_stack *stack);

/* ---- registration_time.c ---- */

/* Behind a 2xx: 70 to 85 % of the time granted. */
dur_us sip_registration_refresh_after(uint32_t granted_s, const struct rng *rng);
/* Behind the n-th failure in a row: the server's Retry-After (5 s to an hour, and up to a tenth more); else RFC 5626 4.5:
 * 30 s doubled n times, at most half an hour, of which 50 to 100 %; when refused, 300 s and at most an hour. */
dur_us sip_registration_retry_after(uint32_t failures, bool refused, int64_t retry_after, const struct rng *rng);

#endif
