/* SPDX-License-Identifier: MIT */
/* One SIP dialog (RFC 3261 12): remote tag, route set, remote target and CSeq numbers. Call-ID and our own tag are the
 * same in all dialogs of a usage and stand there. */
#ifndef WSAUDIO_SIPUA_DIALOG_H
#define WSAUDIO_SIPUA_DIALOG_H

#include "dialog_text.h"
#include "request.h"
#include "sent_index.h"
#include "wsaudio/sipmsg/flow.h"
#include "wsaudio/sipmsg/message.h"

#define SIP_DIALOG_ROUTES_MAX 32
/* Longest text kept of one header (route set, To, Contact); a dialog that brings more is not formed. */
#define SIP_DIALOG_TEXT_MAX 8192

/* How little a dialog is needed, the least first: what gives way to a new one. An early dialog that was given up forms again with its
 * 2xx; one that had its BYE gets ACK and BYE once more when its 2xx comes again. */
enum sip_dialog_need {
    SIP_DIALOG_SILENT, /* early, without SDP */
    SIP_DIALOG_EARLY,
    SIP_DIALOG_ENDED,     /* its BYE has been answered */
    SIP_DIALOG_ENDING,    /* its BYE is under way */
    SIP_DIALOG_NEED_COUNT /* the call's own: it never gives way */
};

struct sip_dialog {
    struct list_node node;  /* in its usage */
    struct sip_inv *usage;  /* borrowed: the one that it lies in */
    struct pool_id id;      /* in the stack's pool */
    struct sip_text remote; /* To of our requests, tag included */
    struct sip_text tag;    /* the remote tag; empty towards RFC 2543 peers */
    struct sip_text target; /* remote target URI */
    struct sip_text routes; /* the route set in the order of our Route header, joined by ", " */
    struct sip_flow source; /* where its messages come from */
    uint32_t local_cseq;    /* of our last request */
    uint32_t remote_cseq;   /* of the peer's last request */
    bool has_remote_cseq;
    bool target_unreachable; /* sending along the route set gave an error, or met silence: to the source instead */
    bool target_guessed; /* no Contact could be read: the target is only what it is called, the source is where it is */
    /* the usage's notes */
    uint32_t invite_cseq; /* of our INVITE that made it */
    struct sip_text ack;  /* our ACK to its 2xx, for the same 2xx coming again */
    struct sip_flow ack_to;
    uint8_t ack_repeats;
    struct sip_request_inside bye; /* closed until the dialog is to end by one of ours */
    struct sip_text early; /* SDP of the last 1xx that had one: the answer, when the 2xx has none (RFC 6337 2.1) */
    bool bye_sent, bye_received;
    /* kept by sip_inv_dialog_changed */
    enum sip_dialog_need need;
    struct list_node spare; /* in the stack's list of that need; alone: it never gives way */
    struct sip_sent sent;   /* its ACK or BYE, while that could go another way */
};

/* The peer's side of a dialog that our INVITE made (12.1.2), from a 1xx or 2xx; again from the 2xx when a 1xx made it
 * before (13.2.2.4: route set and target anew). request_uri: what the INVITE went to, the target when neither this response
 * nor an earlier one has a usable Contact; requests go to the source then. ST_TOO_LARGE, ST_NO_MEMORY: the dialog is as it was. */
WS_MUST_CHECK int sip_dialog_from_response(struct sip_dialog *dialog, const struct sip_msg *response,
                                           const struct sip_flow *source, uint32_t cseq, struct span request_uri);
/* The same from the INVITE that we answer (12.1.1). */
WS_MUST_CHECK int sip_dialog_from_request(struct sip_dialog *dialog, const struct sip_msg *request,
                                          const struct sip_flow *source);
void sip_dialog_fini(struct sip_dialog *dialog);

/* Target refresh (12.2.1.2, 12.2.2): the Contact of a re-INVITE, an UPDATE or a 2xx to one. */
WS_MUST_CHECK int sip_dialog_refresh(struct sip_dialog *dialog, const struct sip_msg *message,
                                     const struct sip_flow *source);
/* A request of the peer arrived. False when its CSeq is lower than one before (12.2.2: 500). */
bool sip_dialog_cseq_in(struct sip_dialog *dialog, uint32_t cseq);

/* Where a request goes and what stands in it (12.2.1.1). uri and route borrow the dialog or out. */
struct sip_dialog_path {
    struct span uri;    /* Request-URI */
    struct span route;  /* Route header; may be empty */
    struct sip_flow to; /* next hop: the first route's or the target's literal address (maddr before host), else the
                           source: also when it is to be reached by another transport than UDP */
};
/* out: room for what must be composed (a strict router's Route header); its overflow is the caller's to check. */
struct sip_dialog_path sip_dialog_path_of(const struct sip_dialog *dialog, struct outbuf *out);

#endif
