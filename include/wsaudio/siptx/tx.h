/* SPDX-License-Identifier: MIT */
/* The transaction layer (RFC 3261 section 17, RFC 6026) over flows: carries out the tables of tx_table.h. It sends
 * and, where the transport loses messages, sends again, matches, makes the ACK to a final response other than 2xx, and tells each transaction's owner.
 *
 * Notices come only from sip_tx_input and sip_tx_expire, never from inside the functions that an owner calls: a send
 * that fails there is told by the next sip_tx_expire (sip_tx_due says so). The owner may call anything here from inside
 * a notice, sip_tx_reap and sip_tx_layer_free excepted. */
#ifndef WSAUDIO_SIPTX_TX_H
#define WSAUDIO_SIPTX_TX_H

#include "wsaudio/base.h"
#include "wsaudio/sipmsg.h"
#include "wsaudio/siptx/transport.h"
#include "wsaudio/siptx/tx_table.h"

struct sip_msg;          /* message.h: one parsed message */
struct sip_request_form; /* writer.h: one to be written */
struct sip_tx_layer;

enum sip_tx_notice_kind {
    SIP_TX_PROVISIONAL, /* client: a 1xx; message. May come more than once */
    SIP_TX_FINAL,       /* client, ending: the final response; message. For an INVITE a code over 299 has been
                           acknowledged; a 2xx is acknowledged by the owner (13.2.2.4) */
    SIP_TX_2XX_AGAIN,   /* INVITE client, after FINAL with a 2xx: one more 2xx, sent again or of another fork; message.
                           Up to 64*T1 after the first */
    SIP_TX_ACKED,      /* INVITE server that answered 2xx: an ACK with the INVITE's own branch (RFC 2543 style ones; the
                           ACK of RFC 3261 belongs to no transaction); message */
    SIP_TX_DONE,       /* server, ending: the final response is over. INVITE 300-699: acknowledged; else: lingered */
    SIP_TX_TIMEOUT,    /* client, ending: no final response; INVITE server, ending: 300-699 was not acknowledged */
    SIP_TX_TRANSPORT,  /* ending: sending gave ST_IO */
    SIP_TX_GONE,       /* client, after FINAL: it lingers no more, nothing further comes */
    SIP_TX_ACK_FAILED, /* INVITE client, after FINAL: sending the ACK gave ST_IO; nothing further comes */
    SIP_TX_SEND_FAILED, /* INVITE server, no ending: sending a response gave ST_IO; the transaction goes on */
    SIP_TX_NOTICE_KIND_COUNT
};

/* FINAL, DONE, TIMEOUT, TRANSPORT: every transaction tells exactly one of them, unless killed before; and exactly one of GONE,
 * ACK_FAILED, DONE, TIMEOUT, TRANSPORT as its last notice. */
bool sip_tx_notice_is_ending(enum sip_tx_notice_kind kind);

/* The message and source are borrowed for the call; NULL when a timer or transport error is told. */
struct sip_tx_notice {
    enum sip_tx_notice_kind kind;
    struct pool_id tx; /* valid inside the notice */
    struct pool_id ref;
    uint32_t role;
    int code; /* of the response in message; INVITE server's own last code for ACKED, DONE, TIMEOUT; 0 none */
    const struct sip_msg *message;
    const struct sip_flow *source;
};

/* Last thing of the step that caused it: the transaction is not looked at again behind it. */
typedef void (*sip_tx_notice_fn)(void *ctx, mono_us now, const struct sip_tx_notice *notice);

/* Copied into the transaction; ref and role come back in each notice and mean nothing to the layer. */
struct sip_tx_owner {
    sip_tx_notice_fn notice; /* NULL: nobody listens */
    void *ctx;               /* borrowed for the transaction's life */
    struct pool_id ref;
    uint32_t role;
};

/* One state change, for what the owner keeps of them; also logged at DEBUG, with the Call-ID in front. */
struct sip_tx_change {
    enum sip_tx_machine machine;
    enum sip_tx_state from, to;
    enum sip_tx_event event; /* SIP_TX_EV_COUNT: its owner killed it */
};
/* "INVITE client Calling > Proceeding on 1xx"; returns buf. */
#define SIP_TX_CHANGE_TEXT_MAX 80
const char *sip_tx_change_text(const struct sip_tx_change *change, char buf[SIP_TX_CHANGE_TEXT_MAX]);

/* change is borrowed. */
typedef void (*sip_tx_trace_fn)(void *ctx, mono_us now, struct pool_id ref, uint32_t role,
                                const struct sip_tx_change *change);

struct sip_tx_config {
    uint32_t max;     /* transactions alive at once, lingering ones included */
    sip_send_fn send; /* ST_AGAIN counts as sent and lost; ST_IO is told */
    void *send_ctx;
    sip_tx_trace_fn trace; /* may be NULL */
    void *trace_ctx;
    const struct log *log; /* may be NULL; borrowed */
    uint32_t hash_seed;    /* any unpredictable number, so that nobody can aim at one bucket */
};

/* All but log is copied. NULL when out of memory or max is 0. */
struct sip_tx_layer *sip_tx_layer_new(const struct sip_tx_config *config);
/* Frees all, sends and tells nothing. NULL is fine. */
void sip_tx_layer_free(struct sip_tx_layer *layer);
/* Bytes of a layer with so many transactions, without the messages that they keep. */
uint64_t sip_tx_layer_memory(uint32_t max);

enum sip_tx_verdict {
    SIP_TX_TAKEN,   /* belonged to a transaction, dealt with */
    SIP_TX_NO_MATCH /* a request that is new (or an ACK to a 2xx): the owner's; a response: stray, drop it */
};

/* The transaction that a parsed message belongs to, or POOL_ID_NONE. A response counts only for the one whose branch, CSeq and
 * Call-ID it carries (17.1.3), whatever its source; a request by branch, sent-by and method (17.2.3), ACK for its INVITE. */
struct pool_id sip_tx_match(const struct sip_tx_layer *layer, const struct sip_msg *message);
/* Where a transaction's messages go; NULL when stale. Borrowed from it. */
const struct sip_flow *sip_tx_flow(const struct sip_tx_layer *layer, struct pool_id id);
/* A message that sip_tx_match finds to be id's arrived by `from`. NO_MATCH too when the transaction has ended meanwhile. */
WS_MUST_CHECK enum sip_tx_verdict sip_tx_input(struct sip_tx_layer *layer, mono_us now, struct pool_id id,
                                               const struct sip_msg *message, const struct sip_flow *from);
/* The next deadline, or MONO_NEVER. */
mono_us sip_tx_due(const struct sip_tx_layer *layer);
void sip_tx_expire(struct sip_tx_layer *layer, mono_us now);
/* Releases what ended; at the end of the turn, never inside a notice. */
void sip_tx_reap(struct sip_tx_layer *layer);

/* Writes a request (never ACK) with a branch of its own, sends it by its form's flow and sees it to its end. INVITE gets the
 * INVITE machine. ST_BAD (ACK, no branch of RFC 3261, no flow), ST_BUSY (the branch is in use), ST_TOO_LARGE (for the
 * flow's transport), ST_FULL, ST_NO_MEMORY: then nothing was sent and nothing is told. */
WS_MUST_CHECK int sip_tx_request(struct sip_tx_layer *layer, mono_us now, const struct sip_request_form *form,
                                 const struct sip_tx_owner *owner, struct pool_id *id);
/* Sends the CANCEL of an INVITE client transaction as a transaction of its own (9.1), made from the INVITE: same
 * Request-URI, top Via, Route, To, From, Call-ID and CSeq number. From now on the INVITE ends after 64*T1 without a
 * final response (TIMEOUT). ST_STATE when the INVITE is not in Proceeding (no 1xx yet: wait for PROVISIONAL; a final
 * response is there; CANCEL was sent), ST_NOT_FOUND when stale, ST_FULL, ST_NO_MEMORY. id may be NULL. */
WS_MUST_CHECK int sip_tx_cancel(struct sip_tx_layer *layer, mono_us now, struct pool_id invite,
                                const struct sip_tx_owner *owner, struct pool_id *id);

/* Makes the server transaction of a request that gave SIP_TX_NO_MATCH (never ACK) and came by `from`; its responses go back
 * (sip_flow_back). An INVITE not answered within 200 ms gets 100 by itself (17.2.1). The owner must see to it
 * that a final response comes. ST_BAD, ST_BUSY (such a transaction is there), ST_FULL, ST_NO_MEMORY. */
WS_MUST_CHECK int sip_tx_accept(struct sip_tx_layer *layer, mono_us now, const struct sip_msg *request,
                                const struct sip_flow *from, const struct sip_tx_owner *owner, struct pool_id *id);
/* Sends a complete response with this code. to_tag: as it was written into To; of a request that had one already it means
 * nothing. The bytes are copied as far as they are needed again; when memory for that
 * is missing the response is sent once. After a 2xx to an INVITE the same 2xx may be given again (13.3.1.4: sending it
 * again until ACK is the owner's). ST_BAD (code, no bytes), ST_STATE when a final response was sent before, ST_NOT_FOUND
 * when stale. */
WS_MUST_CHECK int sip_tx_respond(struct sip_tx_layer *layer, mono_us now, struct pool_id id, int code,
                                 struct span to_tag, struct span response);

/* The INVITE server transaction that this CANCEL is for (9.2), or POOL_ID_NONE. */
struct pool_id sip_tx_find_cancelled(const struct sip_tx_layer *layer, const struct sip_msg *cancel);
/* The ref of its owner; none when stale, or when nobody hears of it any more. */
struct pool_id sip_tx_ref(const struct sip_tx_layer *layer, struct pool_id id);
/* To tag of the last response in an INVITE server transaction; empty: none yet. */
struct span sip_tx_answer_tag(const struct sip_tx_layer *layer, struct pool_id id);
/* A request without To tag that came here before by another way: same From tag, Call-ID and CSeq, another branch
 * (8.2.2.2: answer 482). */
bool sip_tx_is_merged(const struct sip_tx_layer *layer, const struct sip_msg *request);

/* From now on it is told to somebody else. Stale ids are ignored. */
void sip_tx_set_owner(struct sip_tx_layer *layer, struct pool_id id, const struct sip_tx_owner *owner);
/* The owner lets go: nothing more is told, the transaction runs to its end alone (a server only when a final
 * response was sent before). Stale ids are ignored. */
void sip_tx_disown(struct sip_tx_layer *layer, struct pool_id id);
/* Ends it at once; nothing is sent or told. Stale ids are ignored. */
void sip_tx_kill(struct sip_tx_layer *layer, mono_us now, struct pool_id id);

struct sip_tx_stats {
    uint32_t transactions;  /* alive, lingering ones included, not reaped ones too */
    uint32_t timers;        /* queued */
    size_t kept_bytes;      /* held for sending again */
    uint64_t dropped_cells; /* events that met a DROP cell */
    uint64_t retransmits_out;
    uint64_t sent; /* datagrams given to send */
};
struct sip_tx_stats sip_tx_layer_stats(const struct sip_tx_layer *layer);
/* As base/dump.h says. */
bool sip_tx_dump(const struct sip_tx_layer *layer, mono_us now, uint32_t *at, struct outbuf *out);

#endif
