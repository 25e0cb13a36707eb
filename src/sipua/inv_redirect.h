/* SPDX-License-Identifier: MIT */
/* Where redirections lead (RFC 3261 8.1.3.4): for INVITEs of usages and for requests outside of dialogs. */
#ifndef WSAUDIO_SIPUA_INV_REDIRECT_H
#define WSAUDIO_SIPUA_INV_REDIRECT_H

#include "dialog_text.h"
#include "wsaudio/sipmsg/message.h"

#define SIP_INV_REDIRECTS   5
#define SIP_INV_TARGETS_MAX 10 /* addresses of 3xx waiting to be tried */

struct sip_inv_target {
    struct sip_text uri;
    uint32_t q; /* thousandths */
};

/* What redirections brought. */
struct sip_inv_targets {
    struct sip_text tried[SIP_INV_REDIRECTS + 1]; /* the first is the owner's */
    uint32_t tried_count;
    struct sip_inv_target waiting[SIP_INV_TARGETS_MAX]; /* the best first */
    uint32_t waiting_count;
};

/* With the address that was tried first. NULL: no memory. */
struct sip_inv_targets *sip_inv_targets_new(struct span first);
/* NULL is fine. */
void sip_inv_targets_free(struct sip_inv_targets *targets);
void sip_inv_targets_clear(struct sip_inv_targets *targets);
/* Takes in the Contacts of a 3xx that were neither tried nor wait. */
void sip_inv_targets_add(struct sip_inv_targets *targets, const struct sip_msg *response);
/* Makes the best one waiting the next: it is in *uri and counts as tried. False: none left, or tried often enough. */
bool sip_inv_targets_next(struct sip_inv_targets *targets, struct sip_text *uri);

#endif
