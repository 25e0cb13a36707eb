/* Where redirections lead (RFC 3261 8.1.3.4): for INVITEs of usages and for requests outside of dialogs. */
#ifndef SIP_USAGE_REDIRECT_H
#define SIP_USAGE_REDIRECT_H

#include "dialog_text.h"
#include "message.h"

#define SIP_USAGE_REDIRECTS   5
#define SIP_USAGE_TARGETS_MAX 10 /* addresses of 3xx waiting to be tried */

struct sip_usage_target {
    struct sip_text uri;
    uint32_t q; /* thousandths */
};

/* What redirections brought. */
struct sip_usage_targets {
    struct sip_text tried[SIP_USAGE_REDIRECTS + 1]; /* the first is the owner's */
    uint32_t tried_count;
    struct sip_usage_target waiting[SIP_USAGE_TARGETS_MAX]; /* the best first */
    uint32_t waiting_count;
};

void sip_usage_targets_clear(struct sip_usage_targets *targets);
/* Takes in the Contacts of a 3xx that were neither tried nor wait. */
void sip_usage_targets_add(struct sip_usage_targets *targets, const struct sip_msg *response);
/* Makes the best one waiting the next: it is in *uri and counts as tried. False: none left, or tried often enough. */
bool sip_usage_targets_next(struct sip_usage_targets *targets, struct sip_text *uri);

#endif
