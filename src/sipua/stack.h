/* SPDX-License-Identifier: MIT */
/* Inside the stack: what its parts (stack_*.c, inv*.c, request*.c) share. */
#ifndef WSAUDIO_SIPUA_STACK_H
#define WSAUDIO_SIPUA_STACK_H

#include "dialog.h"
#include "inv_index.h"
#include "inv_table.h"
#include "keepalive.h"
#include "methods.h"
#include "registration.h"
#include "stack_auth.h"
#include "stack_guard.h"
#include "wsaudio/base/log_quota.h"
#include "wsaudio/sipmsg/writer.h"
#include "wsaudio/siptx/tx.h"
#include "wsaudio/sipua.h"

/* Bounds from max_usages. A usage of a call that is up has its INVITE's transaction and now and then one more; a
 * finishing one lingers with up to four (INVITE, CANCEL, BYE of either side), forks add a BYE each and abandoned
 * branches an INVITE each. Four dialogs:
 * a proxy that rings more phones than that at once is rare, and what does not fit is not lost but only not answered
 * in its early dialog: a 2xx takes the place of an early dialog (inv_dialogs.c). The headroom serves requests outside of dialogs. */
#define SIP_STACK_DIALOGS_PER_USAGE 4
#define SIP_STACK_TX_PER_USAGE      8
#define SIP_STACK_TX_HEADROOM       64
#define SIP_STACK_USAGES_MAX        65536

#define SIP_STACK_SECRET_LEN 32
#define SIP_STACK_TAG_LEN    16

/* The request that a hook is being told of: INCOMING or OFFER may be answered only while it is pending. */
struct sip_stack_pending {
    struct pool_id usage; /* none: nothing is pending */
    struct pool_id tx;    /* OFFER: the server transaction */
    const struct sip_msg *message;
    const struct sip_flow *source;
    bool answered;
};

struct sip_stack {
    struct sip_config config; /* its spans view the texts below */
    struct sip_text texts[9];
    struct sip_hooks hooks;
    struct sip_servers servers;
    struct sip_guard guard;
    struct sip_realms realms;
    struct pool usages;
    struct pool dialogs;
    struct sip_inv_index by_call_id;
    struct timerq timers;
    struct sip_tx_layer *tx;
    struct sip_sent_index sent; /* INVITEs in Calling; ACKs and BYEs that have another way */
    struct list_node spare
        [SIP_DIALOG_NEED_COUNT]; /* dialogs that may give way, by how little they are needed; the oldest there first */
    uint32_t busy;               /* usages that sip_stack_busy counts */
    struct list_node lingering;  /* usages in Lingering whose BYEs have been answered, the oldest first */
    struct list_node dead;       /* usages to release at the end of the turn */
    struct sip_stack_pending pending;
    struct pool_id in_callback; /* the usage whose event the hook is hearing; it must not be released meanwhile */
    char secret[SIP_STACK_SECRET_LEN];            /* keys the tags of responses that leave no state */
    char allow[SIP_METHODS_ALLOW_MAX];            /* the methods that we carry out */
    char *scratch;                                /* owns SIP_DATAGRAM_MAX bytes: messages are written here */
    char *lines;                                  /* owns as many: header lines before they are in a message */
    char *masked;                                 /* owns twice that: the log's copy */
    struct log_quota unread_lines, refused_lines; /* of those whom the guard knows */
    struct sip_stats stats;                       /* counters; the rest is asked for */
    /* our standing with the SIP server */
    bool started; /* between sip_stack_start and sip_stack_stop */
    struct sip_keepalive keepalive;
    struct sip_registration registration;
    mono_us learn_after; /* no new address is learnt before */
};

/* ---- stack.c ---- */

/* At debug level: the datagram without its secrets. */
void sip_stack_log(struct sip_stack *stack, const char *title, const struct net_addr *peer, struct span datagram);
/* The same way for what is sent now: our address may be another one than when its messages came. A connection's stays. */
struct sip_flow sip_stack_flow_now(const struct sip_stack *stack, const struct sip_flow *flow);
/* Sends and logs one datagram. */
int sip_stack_send(struct sip_stack *stack, const struct sip_flow *to, struct span datagram);
/* An outbuf over scratch; what was in it is gone. */
struct outbuf sip_stack_writer(struct sip_stack *stack);
/* Likewise for header lines that a message will hold. */
struct outbuf sip_stack_lines(struct sip_stack *stack);
/* Contact of what we send: "<sip:user@local>", written into buf. */
#define SIP_STACK_CONTACT_MAX 512
struct span sip_stack_contact(const struct sip_stack *stack, char buf[SIP_STACK_CONTACT_MAX]);
/* Allow of what we send: the methods of methods.h, joined by ", ". */
struct span sip_stack_allow(const struct sip_stack *stack);
/* Whether transactions for unknown sources may still be made: half of them are kept for our own calls. */
bool sip_stack_tx_spare(const struct sip_stack *stack);

/* ---- stack_input.c: requests outside of dialogs, as the rows of methods.h have them ---- */

/* ACK: of a 2xx of ours; never answered. */
void sip_stack_on_ack(struct sip_stack *stack, mono_us now, const struct sip_msg *ack, const struct sip_flow *source);
/* CANCEL: of an INVITE's transaction, whatever dialog it names (9.2). */
void sip_stack_on_cancel(struct sip_stack *stack, mono_us now, const struct sip_msg *cancel,
                         const struct sip_flow *source);
void sip_stack_on_options(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                          const struct sip_flow *source);
/* 481: of a method that makes sense inside a dialog alone. */
void sip_stack_no_dialog(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                         const struct sip_flow *source);

/* ---- stack_local.c ---- */

/* A response to a request that went to the SIP server: our address as that sees it (RFC 3581) becomes our own. */
void sip_stack_learn_local(struct sip_stack *stack, mono_us now, const struct sip_msg *response);
void sip_stack_tell_account(struct sip_stack *stack, enum sip_account_event event);

/* ---- stack_reply.c ---- */

struct sip_reply {
    int code;
    struct span reason;  /* empty: the standard phrase */
    struct span to_tag;  /* empty: one made from the request, the same for each time it comes */
    struct span extra;   /* complete header lines */
    struct span body;    /* SDP */
    struct span contact; /* whole value or empty */
    bool allow, accept;
    bool record_route;
    bool brief; /* without what may be left out (Allow, Accept, Supported, Server) */
};
/* Writes a response to request into out. */
void sip_stack_write_reply(struct sip_stack *stack, struct outbuf *out, const struct sip_msg *request,
                           const struct sip_flow *source, const struct sip_reply *reply);
/* A To tag that is the same whenever this request comes again, and that nobody else can foresee (8.2.7). */
void sip_stack_request_tag(const struct sip_stack *stack, const struct sip_msg *request,
                           char out[SIP_STACK_TAG_LEN + 1]);
/* Sends it without a transaction (RFC 3261 8.2.7). */
void sip_stack_reply_stateless(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                               const struct sip_flow *source, const struct sip_reply *reply);
/* The same to somebody unknown, who may not be where the source address says: brief where a whole one would be longer than
 * the request, and not at all when that is much longer too. */
void sip_stack_reply_unknown(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                             const struct sip_flow *source, const struct sip_reply *reply);
/* Sends it in a server transaction of its own when there is room, else without one. */
void sip_stack_reply(struct sip_stack *stack, mono_us now, const struct sip_msg *request, const struct sip_flow *source,
                     const struct sip_reply *reply);
/* Sends it in server transaction tx. */
int sip_stack_reply_tx(struct sip_stack *stack, mono_us now, struct pool_id tx, const struct sip_msg *request,
                       const struct sip_flow *source, const struct sip_reply *reply);

/* ---- stack_refusal.c: what is not taken leaves a trace ---- */

/* A message that cannot be read (why: of static life): a limited line, and the call that it belonged to knows of it. */
void sip_stack_unread(struct sip_stack *stack, mono_us now, const struct sip_msg *message, const struct sip_flow *from,
                      const char *why);
/* A limited line when this reply is a refusal of the stack's own. */
void sip_stack_log_refusal(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                           const struct sip_flow *source, const struct sip_reply *reply);

/* ---- stack_check.c ---- */

/* What RFC 3261 8.2.1 to 8.2.3 and 8.2.2.2 refuse before the request is looked at further, inside and outside of
 * dialogs. row: of its method, NULL: none. True: refused with *reply, whose extra lies in buf. */
#define SIP_STACK_EXTRA_MAX 1024
#define SIP_STACK_BODY_MAX  16384 /* of an INVITE or UPDATE: an offer is kept while it rings; more gets 413 */
bool sip_stack_refuses(struct sip_stack *stack, const struct sip_method_row *row, const struct sip_msg *request,
                       struct sip_reply *reply, char buf[SIP_STACK_EXTRA_MAX]);

#endif
