/* SPDX-License-Identifier: MIT */
/* Between the files of a request: what is written into its head, and what its two places do differently. */
#ifndef WSAUDIO_SIPUA_REQUEST_PRIV_H
#define WSAUDIO_SIPUA_REQUEST_PRIV_H

#include "request.h"
#include "stack_auth.h"
#include "wsaudio/sipmsg/writer.h"

/* Who speaks to whom, by which way. The spans borrow the request, its dialog or the outbuf that was given for what must be
 * composed. */
struct sip_request_head {
    struct span uri, route, from, to, call_id;
    uint32_t *cseq;        /* of the last request: this one's is the next */
    struct sip_auth *auth; /* the challenges that it answers; NULL: no credentials go there */
    struct sip_flow hop;   /* where it goes */
    mono_us leave_at;      /* as in the request */
};

struct sip_request_place {
    /* Fills in a zeroed head. ST_STATE: nowhere to go. */
    int (*aim)(struct sip_request *request, mono_us now, struct sip_request_head *head, struct outbuf *composed);
    /* A final response came. */
    enum sip_request_end (*answered)(struct sip_request *request, mono_us now, const struct sip_msg *message,
                                     const struct sip_flow *source);
    /* None came, or (broken) it could not be sent. */
    enum sip_request_end (*unanswered)(struct sip_request *request, mono_us now, bool broken);
    /* The one under way may not arrive where it goes. */
    void (*unreachable)(struct sip_request *request, mono_us now);
    /* One is under way now, or none any more; may be NULL. */
    void (*busy_changed)(struct sip_request *request);
    bool may_lack_credentials; /* it goes all the same when they cannot be written */
};

/* A request: the head, what the owner brought, and complete header lines (extra). Its spans borrow all of that, its branch is
 * a new one in buf. */
struct sip_request_form sip_request_form_of(struct sip_stack *stack, enum sip_method method,
                                            const struct sip_request_head *head, uint32_t cseq,
                                            const struct sip_request_parts *parts, struct span extra,
                                            char buf[SIP_BRANCH_LEN + 1]);
/* What the dialog says of a request inside it; *head is overwritten, its cseq and auth are NULL. */
void sip_request_aim_inside(const struct sip_inv *inv, const struct sip_dialog *dialog, struct sip_request_head *head,
                            struct outbuf *composed);
/* Whether credentials may go there: to nobody but the server itself. */
bool sip_request_is_with_server(const struct sip_inv *inv, const struct sip_dialog *dialog,
                                const struct sip_request_head *head);
/* Takes in a 401 or 407: AGAIN or REFUSED. */
enum sip_request_end sip_request_challenge(struct sip_request *request, mono_us now, struct sip_auth *auth,
                                           const struct sip_msg *message, const struct sip_flow *source,
                                           const struct sip_challenged *what);

#endif
