/* SPDX-License-Identifier: MIT */
/* A request outside of dialogs that is no INVITE (REGISTER, OPTIONS; RFC 3261 8.1, 10, 11): one at a time, always with
 * the same Call-ID and From tag and a CSeq that rises. It goes to the SIP servers, one after the other when they are silent
 * or say 503 (RFC 3263 4.3); challenges and redirections are taken in. The owner sends again when it is told to. */
#ifndef WSAUDIO_SIPUA_ASK_H
#define WSAUDIO_SIPUA_ASK_H

#include "inv_redirect.h"
#include "wsaudio/sipmsg/auth.h"
#include "wsaudio/siptx/tx.h"
#include "wsaudio/sipua.h"

#define SIP_ASK_TAG_LEN     16
#define SIP_ASK_CALL_ID_LEN 32
/* Silent for that long with another server left: four times sent by then (0, 0.5, 1.5, 3.5 s). */
#define SIP_ASK_PATIENCE DUR_S(4)

enum sip_ask_end {
    SIP_ASK_ANSWERED, /* a final response, message */
    SIP_ASK_AGAIN,    /* sip_ask_send goes on: challenge, redirection, or another server; message, NULL for silence */
    SIP_ASK_REFUSED,  /* 401 or 407 that cannot be answered, or not once more; message */
    SIP_ASK_SILENT,   /* no final response, from no server */
    SIP_ASK_BROKEN    /* it could not be sent, to no server */
};

struct sip_ask;
struct sip_stack;

/* The end of the request under way; the owner may send again at once. */
typedef void (*sip_ask_fn)(struct sip_ask *ask, enum sip_ask_end end, const struct sip_msg *message);

struct sip_ask {
    struct sip_stack *stack; /* borrowed */
    sip_ask_fn done;
    enum sip_method method;
    struct sip_text from, to; /* whole values */
    struct sip_text uri;      /* Request-URI of the next request */
    char call_id[SIP_ASK_CALL_ID_LEN + 1];
    uint32_t cseq;
    struct sip_auth auth;
    struct sip_inv_targets targets;
    struct net_addr tried[SIP_SERVERS_MAX]; /* of this question; the last one is where the request goes */
    uint32_t tried_count;
    struct pool_id tx; /* none: nothing is under way */
    mono_us leave_at;  /* on to the next server; MONO_NEVER */
};

/* The parts that only the owner knows; empty spans leave their header out. */
struct sip_ask_form {
    struct span contact;   /* whole value */
    struct span supported; /* option tags */
    struct span accept;
    struct span extra; /* complete lines */
};

/* Asks the domain itself ("sip:domain"), as user@domain. to_user: To is the user's own address as From (REGISTER), else
 * the domain. ST_NO_MEMORY, ST_TOO_LARGE: then it is closed. */
WS_MUST_CHECK int sip_ask_open(struct sip_ask *ask, struct sip_stack *stack, enum sip_method method, bool to_user,
                               sip_ask_fn done);
/* Frees; nothing is told. Safe on a zeroed one. */
void sip_ask_close(struct sip_ask *ask);
/* A new question: it begins at the current server, tries and redirections are counted anew, known challenges stay.
 * ST_NO_MEMORY. */
WS_MUST_CHECK int sip_ask_restart(struct sip_ask *ask);
/* Sends. ST_STATE: one is under way, or there is no server; ST_FULL, ST_NO_MEMORY, ST_TOO_LARGE: nothing was sent and
 * nothing will be told. */
WS_MUST_CHECK int sip_ask_send(struct sip_ask *ask, const struct sip_ask_form *form);
/* The server that was asked last. */
struct net_addr sip_ask_server(const struct sip_ask *ask);
mono_us sip_ask_due(const struct sip_ask *ask);
void sip_ask_expire(struct sip_ask *ask);
/* The system says that nothing arrives at addr: on to the next server, if there is one. */
void sip_ask_unreachable(struct sip_ask *ask, const struct net_addr *addr);
bool sip_ask_is_open(const struct sip_ask *ask);
/* Whether a request is under way. */
bool sip_ask_is_busy(const struct sip_ask *ask);

#endif
