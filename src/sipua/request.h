/* SPDX-License-Identifier: MIT */
/* A request of ours that is neither the INVITE of a new dialog, nor ACK, nor CANCEL, from its writing to its end (RFC 3261
 * 8.1, 12.2.1): its CSeq, where it goes, credentials for our server alone, challenges, another way when there is one. It
 * stands in one of two places:
 *
 *   outside of dialogs  request_outside.c; an identity of its own: From tag, Call-ID, a CSeq that rises. It goes to the SIP
 *                       servers, one after the other when they are silent or say 503 (RFC 3263 4.3); redirections are
 *                       followed. REGISTER, OPTIONS
 *   inside a dialog     request_inside.c; From, To, Call-ID, CSeq, route set and remote target are the dialog's. It goes
 *                       where the dialog says, and once more to the source of the dialog's messages when nothing arrives
 *                       there. BYE
 *
 * One at a time for each object. The owner sends again when it is told to. */
#ifndef WSAUDIO_SIPUA_REQUEST_H
#define WSAUDIO_SIPUA_REQUEST_H

#include "dialog_text.h"
#include "inv_redirect.h"
#include "wsaudio/sipmsg/auth.h"
#include "wsaudio/siptx/tx.h"
#include "wsaudio/sipua.h"

enum sip_request_end {
    SIP_REQUEST_ANSWERED, /* a final response that is the owner's to read, message */
    SIP_REQUEST_AGAIN, /* sip_request_send goes on: challenge, redirection, another server, another way; message, NULL for
                             silence and errors */
    SIP_REQUEST_REFUSED, /* 401 or 407 that cannot be answered, or not once more; message */
    SIP_REQUEST_SILENT,  /* no final response, from no server, by no way */
    SIP_REQUEST_BROKEN,  /* it could not be sent, to no server, by no way */
    /* inside a dialog only */
    SIP_REQUEST_CLASH, /* 491: a request of the far end is under way (14.1); message */
    SIP_REQUEST_GONE,  /* 408, 481, or silence: the dialog is over (12.2.1.2); message, NULL for silence */
    SIP_REQUEST_END_COUNT
};

struct sip_dialog;
struct sip_inv;
struct sip_request;
struct sip_stack;

/* The end of the request under way, last thing of the step that caused it; the owner may send again at once. */
typedef void (*sip_request_fn)(struct sip_request *request, mono_us now, enum sip_request_end end,
                               const struct sip_msg *message);

/* What both places have. */
struct sip_request {
    struct sip_stack *stack;               /* borrowed; NULL: closed */
    const struct sip_request_place *place; /* of static life */
    sip_request_fn done;
    enum sip_method method;
    struct pool_id tx;  /* none: nothing is under way */
    struct pool_id inv; /* whose trace its transactions are in; none: nobody's */
    struct sip_flow to; /* where it went last; no remote: nowhere yet */
    uint32_t tries;     /* how often it was to be sent since it was opened or begun anew */
    mono_us leave_at;   /* with another server left silence is not waited out: on at this time; MONO_NEVER */
};

/* The parts that only the owner knows; empty spans leave their header out. */
struct sip_request_parts {
    struct span contact;   /* whole value */
    struct span supported; /* option tags */
    struct span accept;
    struct span extra; /* complete lines */
    bool allow;
};

/* ---- request.c ---- */

/* Sends. ST_STATE: one is under way, or there is nowhere to send it; ST_BAD, ST_FULL, ST_NO_MEMORY, ST_TOO_LARGE: nothing was
 * sent and nothing will be told. */
WS_MUST_CHECK int sip_request_send(struct sip_request *request, mono_us now, const struct sip_request_parts *parts);
/* Lets go of what is under way: it runs to its end alone, and nothing is told. Safe on a zeroed one. */
void sip_request_let_go(struct sip_request *request);
/* When sip_request_expire has something to do. */
mono_us sip_request_due(const struct sip_request *request);
void sip_request_expire(struct sip_request *request, mono_us now);
/* The system says that nothing arrives at addr (ICMP, which anybody can make up): on by another way, if there is one. */
void sip_request_unreachable(struct sip_request *request, mono_us now, const struct net_addr *addr);
/* False: closed. */
bool sip_request_is_open(const struct sip_request *request);
/* Whether a request is under way. */
bool sip_request_is_busy(const struct sip_request *request);

/* ---- request_outside.c ---- */

#define SIP_REQUEST_TAG_LEN     16
#define SIP_REQUEST_CALL_ID_LEN 32
/* Silent for that long with another server left: four times sent by then (0, 0.5, 1.5, 3.5 s). */
#define SIP_REQUEST_PATIENCE DUR_S(4)

struct sip_request_outside {
    struct sip_request request; /* first: the owner's functions are given this */
    struct sip_text from, to;   /* whole values */
    struct sip_text uri;        /* Request-URI of the next request */
    char call_id[SIP_REQUEST_CALL_ID_LEN + 1];
    uint32_t cseq; /* of the last request */
    struct sip_auth auth;
    struct sip_inv_targets targets;
    struct net_addr tried[SIP_SERVERS_MAX]; /* of this question; the last one is where the request goes */
    uint32_t tried_count;
};

/* Asks the domain itself ("sip:domain"), as user@domain. to_user: To is the user's own address as From (REGISTER), else
 * the domain. ST_NO_MEMORY, ST_TOO_LARGE: then it is closed. */
WS_MUST_CHECK int sip_request_open_outside(struct sip_request_outside *outside, struct sip_stack *stack,
                                           enum sip_method method, bool to_user, sip_request_fn done);
/* Frees and lets go; nothing is told. Safe on a zeroed one. */
void sip_request_close_outside(struct sip_request_outside *outside);
/* A new question: it begins at the current server, tries and redirections are counted anew, known challenges stay.
 * ST_NO_MEMORY. */
WS_MUST_CHECK int sip_request_restart(struct sip_request_outside *outside);
struct sip_request_outside *sip_request_outside_of(struct sip_request *request);
/* The server that was asked last. */
struct net_addr sip_request_server(const struct sip_request_outside *outside);

/* ---- request_inside.c ---- */

/* Sent so often at most: with credentials, or by another way. */
#define SIP_REQUEST_TRIES_MAX 4

struct sip_request_inside {
    struct sip_request request; /* first */
    struct sip_inv *inv;        /* borrowed, as the dialog: whoever ends that lets go of the request */
    struct sip_dialog *dialog;
};

/* Nothing to close but what is under way. */
void sip_request_open_inside(struct sip_request_inside *inside, struct sip_inv *inv, struct sip_dialog *dialog,
                             enum sip_method method, sip_request_fn done);
struct sip_request_inside *sip_request_inside_of(struct sip_request *request);
/* What a final response says to a request inside a dialog, but for challenges: a row each. */
enum sip_request_end sip_request_inside_end(int code);

#endif
