/* SPDX-License-Identifier: MIT */
/* An INVITE dialog usage at work: carries out inv_table.h. */
#ifndef WSAUDIO_SIPUA_INV_H
#define WSAUDIO_SIPUA_INV_H

#include "inv_redirect.h"
#include "inv_trace.h"
#include "stack.h"
#include "wsaudio/sipmsg/auth.h"

#define SIP_INV_CALL_ID_LEN 32
#define SIP_INV_TAG_LEN     SIP_STACK_TAG_LEN
#define SIP_INV_DIALOGS_MAX 16 /* of one usage; with more a new 2xx takes the place of what is least needed */

/* Roles of transactions, given back in their notices. */
enum sip_inv_role {
    SIP_INV_ROLE_INVITE,
    SIP_INV_ROLE_BRANCH, /* an abandoned branch: an INVITE to a server before the present one */
    SIP_INV_ROLE_CANCEL,
    SIP_INV_ROLE_SERVER
};

/* Silent for that long with another server left: the INVITE has been sent four times by then (at 0, 0.5, 1.5, 3.5 s).
 * RFC 3263 4.3 leaves the time to the client; on the last server timer B runs out as ever. */
#define SIP_INV_PATIENCE     DUR_S(4)
#define SIP_INV_BRANCHES_MAX 2 /* abandoned INVITEs, to servers before the present one; the oldest gives way */

/* The way of the INVITE through the servers. */
struct sip_inv_servers {
    struct net_addr current; /* where the INVITE goes */
    struct net_addr *tried;  /* owns: room for SIP_SERVERS_MAX, the last one is the current; NULL: there was no other */
    uint32_t tried_count;
    bool failed_over; /* the next INVITE is the last one once more, to another server: same CSeq */
    struct pool_id branches[SIP_INV_BRANCHES_MAX];
};

struct sip_inv;

struct sip_inv {
    struct pool_id id;
    struct sip_stack *stack;     /* borrowed */
    struct list_node node;       /* in lingering or dead */
    struct chain_node same_hash; /* in the index by Call-ID */
    struct sip_sent sent;        /* its INVITE, while nobody has answered that */
    enum sip_inv_state state;
    bool incoming;
    bool attached;        /* somebody hears its events */
    struct pool_id owner; /* the one who hears them knows what it names */
    struct sip_text call_id;
    char local_tag[SIP_INV_TAG_LEN + 1];
    struct sip_text local;     /* From of our requests, tag included */
    struct list_node dialogs;  /* all of them */
    struct sip_dialog *dialog; /* the call's; owned by the list; NULL before */
    uint32_t dialog_count;
    uint32_t requests;        /* inside dialogs, under way */
    bool busy;                /* counted in the stack's */
    struct pool_id invite_tx; /* of our INVITE, or server transaction of theirs; none when it can bring nothing more */
    struct timerq_entry timers[SIP_INV_TMR_COUNT]; /* tag: the place among them */
    dur_us retry_us;
    mono_us born;
    /* outgoing */
    dur_us ring_us;
    struct sip_inv_servers servers;
    uint32_t cseq; /* of the INVITE */
    struct sip_text uri;
    struct sip_text offer;
    struct sip_text credentials; /* header lines of the last INVITE, for its ACK (22.1) */
    bool rang;                   /* the last INVITE has met a 1xx above 100 */
    /* most calls meet neither */
    struct sip_auth *auth;           /* owns; NULL: no challenge was taken in */
    struct sip_inv_targets *targets; /* owns; NULL: no redirection was taken in */
    /* incoming */
    bool taken;             /* its INVITE has been copied and has a transaction */
    struct sip_msg *invite; /* owns: theirs, with bytes of its own, until our answer is acknowledged */
    struct sip_flow source; /* where it came from */
    /* our 2xx that waits for an ACK */
    struct sip_text answer;
    struct pool_id answer_tx;
    uint32_t answer_cseq;
    const char *unread; /* why a message of this call could not be read; NULL: none */
    struct sip_inv_trace trace;
};

/* What an event brings along. */
struct sip_inv_input {
    const struct sip_msg *message; /* NULL for time-outs and the owner's */
    const struct sip_flow *source;
    struct sip_dialog *dialog; /* SEND_ACK, SEND_ACK_AGAIN, SEND_BYE: which; NULL: the call's */
    int code;                  /* for ENDED */
    int send_code;             /* for SEND_1XX and SEND_REJECT; 0: code */
    struct span reason;        /* for ENDED */
    struct span body;          /* SDP told or sent */
    struct span extra;         /* header lines of SEND_REJECT */
    bool auth_failed;
};

/* ---- inv.c ---- */

/* A usage in Init, or NULL when there is no room. */
struct sip_inv *sip_inv_new(struct sip_stack *stack, mono_us now);
/* Frees what it holds and gives it back to the pool. */
void sip_inv_free(struct sip_inv *usage);
struct sip_inv *sip_inv_get(const struct sip_stack *stack, struct pool_id id);
/* Moves on. ST_STATE: a DROP cell, nothing happened. ST_OK otherwise, or the error of what was to be sent (only where
 * nothing is told). The usage is not to be touched behind it when something may have been told. */
int sip_inv_step(struct sip_inv *usage, mono_us now, enum sip_inv_event event, const struct sip_inv_input *in);
/* Whether the event would have an effect now. */
bool sip_inv_takes(const struct sip_inv *usage, enum sip_inv_event event);
/* Its state, or the number of its requests under way, is another one: counts it as busy or no more, and lets it give way or no
 * more. */
void sip_inv_changed(struct sip_inv *usage);
/* Ends a lingering usage when nothing can come any more. */
void sip_inv_check_drained(struct sip_inv *usage, mono_us now);
/* A timer of a usage ran out. */
void sip_inv_timer_due(struct timerq_entry *entry, mono_us now);
/* What challenges have brought. NULL: no memory. */
struct sip_auth *sip_inv_auth(struct sip_inv *usage);
/* As sip_auth_restart. */
void sip_inv_auth_restart(struct sip_inv *usage);

/* ---- stack_refusal.c ---- */

/* The reason of an end that no message brought: the standard phrase, of a time-out with what could not be read meanwhile.
 * Borrows buf or is of static life. */
#define SIP_INV_WHY_MAX 128
struct span sip_inv_why(const struct sip_inv *usage, int code, char buf[SIP_INV_WHY_MAX]);

/* ---- inv_dialogs.c ---- */

/* The dialog with that remote tag, or NULL. */
struct sip_dialog *sip_inv_find_dialog(const struct sip_inv *usage, struct span tag);
/* What may be given up for a new dialog when there is no room, the least needed first; never the dialog of a call. */
enum sip_inv_room {
    SIP_INV_ROOM_FREE,   /* nothing: only what is free */
    SIP_INV_ROOM_SILENT, /* an early dialog without SDP, of the same usage */
    SIP_INV_ROOM_ANY /* any early dialog, then one that had its BYE: of the same usage, else of any. There always is one */
};
/* A new one, empty; NULL when there is no room. */
struct sip_dialog *sip_inv_add_dialog(struct sip_inv *usage, mono_us now, enum sip_inv_room room);
void sip_inv_drop_dialog(struct sip_inv *usage, struct sip_dialog *dialog);
/* Makes it the call's. */
void sip_inv_set_dialog(struct sip_inv *usage, struct sip_dialog *dialog);
/* Something that decides how much it is needed, or whether what it sent has another way, is another now. */
void sip_inv_dialog_changed(struct sip_dialog *dialog);
/* All but keep (may be NULL), except those that got a BYE: their 2xx may come again. */
void sip_inv_drop_dialogs(struct sip_inv *usage, const struct sip_dialog *keep);
/* Keeps a 1xx's SDP. */
void sip_inv_keep_early(struct sip_dialog *dialog, struct span sdp);
/* The answer that the dialog's 1xx have brought, kept by it from now on: its own, or, where one fork alone has brought
 * any, that one's (a far end that changes its tag with the 2xx). Empty: none. */
struct span sip_inv_early_answer(struct sip_inv *usage, struct sip_dialog *dialog);
/* The dialog of this response, made or made anew from it; NULL when that is impossible. A 2xx always finds room. */
struct sip_dialog *sip_inv_form_dialog(struct sip_inv *usage, mono_us now, const struct sip_msg *response,
                                       const struct sip_flow *source);
/* ACK to a 2xx: made, kept, sent (13.2.2.4). */
void sip_inv_send_ack(struct sip_inv *usage, struct sip_dialog *dialog);
void sip_inv_send_ack_again(struct sip_inv *usage, struct sip_dialog *dialog);
int sip_inv_send_bye(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog);
/* Datagrams to addr do not arrive (ICMP): an ACK or BYE that went there goes to where the dialog's messages came from. */
void sip_inv_unreachable(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog, const struct net_addr *addr);

/* ---- inv_invite.c ---- */

int sip_inv_send_invite(struct sip_inv *usage, mono_us now);
int sip_inv_send_cancel(struct sip_inv *usage, mono_us now);
/* A 2xx to our INVITE behind the one that made the call, or while there is none: of a fork, or of a server that was
 * left. */
void sip_inv_extra_2xx(struct sip_inv *usage, mono_us now, const struct sip_tx_notice *notice);
/* The message's SDP, or empty. */
struct span sip_inv_sdp(const struct sip_msg *message);
/* Notices of all transactions of usages come here. */
void sip_inv_notice(void *ctx, mono_us now, const struct sip_tx_notice *notice);

/* ---- inv_servers.c: failover (RFC 3263 4.3) ---- */

/* Where the INVITE goes. */
const struct net_addr *sip_inv_server(const struct sip_inv *usage);
/* The first one. */
void sip_inv_servers_begin(struct sip_inv *usage, const struct net_addr *server);
/* Whether silence need not be waited out. */
bool sip_inv_may_fail_over(const struct sip_inv *usage, mono_us now);
/* Makes the next server the INVITE's. False: none is left; even_unavailable: unavailable ones count too. */
bool sip_inv_next_server(struct sip_inv *usage, mono_us now, bool even_unavailable);
/* The server that the INVITE went to showed life or none; retry_after as in sip_servers_failed. */
void sip_inv_server_answered(struct sip_inv *usage, mono_us now);
void sip_inv_server_failed(struct sip_inv *usage, mono_us now, int64_t retry_after);
/* The INVITE's transaction becomes an abandoned branch. */
void sip_inv_abandon_branch(struct sip_inv *usage, mono_us now);
/* No answer came: on to the next server, if there is one. */
void sip_inv_silence(struct sip_inv *usage, mono_us now);
/* What came of an abandoned branch: a 1xx gets CANCEL, a 2xx ACK and BYE. */
void sip_inv_branch_notice(struct sip_inv *usage, mono_us now, const struct sip_tx_notice *notice);
bool sip_inv_has_branches(const struct sip_inv *usage);
/* The branches run on without a listener; what was kept of the servers is freed. */
void sip_inv_servers_fini(struct sip_inv *usage);

/* ---- inv_answer.c ---- */

/* A new INVITE outside of dialogs: told, and refused when nobody takes it. */
void sip_inv_incoming(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                      const struct sip_flow *source);
/* CANCEL of an INVITE with that server transaction. */
void sip_inv_cancelled(struct sip_stack *stack, mono_us now, struct pool_id tx, const struct sip_msg *cancel,
                       const struct sip_flow *source);
/* Writes the 2xx to an INVITE with this SDP and keeps it for sip_inv_send_answer. */
WS_MUST_CHECK int sip_inv_keep_answer(struct sip_inv *usage, struct pool_id tx, const struct sip_msg *invite,
                                      const struct sip_flow *source, struct span body);
/* Sends the kept 2xx, first or again. */
int sip_inv_send_answer(struct sip_inv *usage, mono_us now);
/* 1xx or 300 to 699 to the incoming INVITE. */
int sip_inv_send_response(struct sip_inv *usage, mono_us now, const struct sip_inv_input *in);

/* ---- inv_request.c ---- */

/* The usage and dialog that a request inside a dialog belongs to; NULL: none. */
struct sip_inv *sip_inv_of_request(const struct sip_stack *stack, const struct sip_msg *request,
                                   struct sip_dialog **dialog);
/* A request inside that dialog, of a method with a row, not ACK and CANCEL. */
void sip_inv_request(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog, const struct sip_method_row *row,
                     const struct sip_msg *request, const struct sip_flow *source);
/* The rows' functions. INVITE and UPDATE: an offer, or a new Contact. */
void sip_inv_on_offer(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog, const struct sip_msg *request,
                      const struct sip_flow *source);
void sip_inv_on_bye(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog, const struct sip_msg *request,
                    const struct sip_flow *source);
void sip_inv_on_options(struct sip_inv *usage, mono_us now, struct sip_dialog *dialog, const struct sip_msg *request,
                        const struct sip_flow *source);
/* An ACK for our 2xx. */
void sip_inv_ack(struct sip_inv *usage, mono_us now, const struct sip_msg *ack, const struct sip_flow *source);

#endif
