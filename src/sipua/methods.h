/* SPDX-License-Identifier: MIT */
/* What we do with the requests of others (RFC 3261 8.2.1, 12.2.2): a row for each method that we carry out. Allow is written
 * from the rows; a method without one is refused with 405, or 501 when its name is not known here. */
#ifndef WSAUDIO_SIPUA_METHODS_H
#define WSAUDIO_SIPUA_METHODS_H

#include "wsaudio/sipmsg/flow.h"
#include "wsaudio/sipmsg/message.h"

#define SIP_METHODS_ALLOW_MAX 128 /* the methods' names and what joins them */

struct sip_dialog;
struct sip_inv;
struct sip_stack;

typedef void (*sip_method_outside_fn)(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                                      const struct sip_flow *source);
typedef void (*sip_method_inside_fn)(struct sip_inv *inv, mono_us now, struct sip_dialog *dialog,
                                     const struct sip_msg *request, const struct sip_flow *source);

struct sip_method_row {
    enum sip_method method;
    sip_method_outside_fn first; /* whether or not it names a dialog, and before anything is asked of it (ACK, CANCEL):
                                      the others do not count then; NULL: by where it belongs */
    sip_method_outside_fn outside; /* without a To tag, once it has passed sip_stack_refuses; NULL: 405 */
    sip_method_inside_fn inside;   /* in a dialog of ours, likewise, and its CSeq is none that is over; NULL: 405 */
    bool may_offer;                /* its body may be an offer: size, type and Accept are looked at */
};

/* NULL: not done here. */
const struct sip_method_row *sip_method_row(enum sip_method method);
/* Of one without a row. */
int sip_method_refusal(enum sip_method method);
/* "INVITE, ACK, BYE": those with a row, in the order of the rows. */
void sip_methods_put_allow(struct outbuf *out);

#endif
