/* SPDX-License-Identifier: MIT */
/* Whose challenges are answered (RFC 3261 22, 26.1). Every request of ours goes to the SIP server, but what answers may be
 * far behind it: a telephone that the server rings, or one that the call was forwarded to, can ask for credentials too,
 * and whoever gets a digest of the password can guess at it for as long as he likes. So a challenge is answered only
 *
 *   - from the SIP server's address,
 *   - to a request whose Request-URI is in the server's own domain and was not named by somebody else: no redirection, and
 *     of the requests inside dialogs only a BYE to the server itself, in a call whose INVITE it has challenged before,
 *   - before the call rings: a server asks before it passes a call on,
 *   - for one realm: the configured one, else that of our REGISTER, else that of the first challenge that passes all the
 *     rest and names no other; and in one request by one kind of header (401 or 407).
 *
 * What cannot be told apart: a challenge that the server passes on from behind itself before anything rings, while no realm
 * is known yet or with the server's own realm (see docs/operating.md).
 *
 * The loopback exchange (any_credentials) is ourselves: it is answered always. */
#ifndef WSAUDIO_SIPUA_STACK_AUTH_H
#define WSAUDIO_SIPUA_STACK_AUTH_H

#include "dialog_text.h"
#include "wsaudio/base/log_quota.h"
#include "wsaudio/sipmsg/auth.h"
#include "wsaudio/sipmsg/flow.h"

enum sip_realm_origin {
    SIP_REALM_UNKNOWN,
    SIP_REALM_CHALLENGE, /* the first one */
    SIP_REALM_REGISTRATION,
    SIP_REALM_CONFIG
};

/* The realms that are answered: one as a rule; more when the registration's challenge named several. */
struct sip_realms {
    enum sip_realm_origin origin;
    struct sip_text names[SIP_AUTH_REALMS_MAX];
    size_t count;
    struct log_quota lines; /* about challenges that are not answered */
};

struct sip_stack;

/* What was challenged. */
struct sip_challenged {
    struct span uri;  /* Request-URI */
    bool is_register; /* its realms are the registration's */
    bool redirected;  /* a redirection named the URI */
    bool in_dialog;   /* a dialog named it, and it is not the server's (sip_stack_is_server_uri) or the call's INVITE
                               went without credentials */
    bool rang;        /* somebody has answered with a 1xx above 100 before */
};

/* Takes the configured realm over. ST_NO_MEMORY. */
WS_MUST_CHECK int sip_realms_init(struct sip_stack *stack);
void sip_realms_fini(struct sip_stack *stack);

/* Takes in the challenges of a 401 or 407: as sip_auth_challenge, ST_DENIED without a password. ST_STATE: not one that
 * gets credentials, and that has been logged (with a rate). */
WS_MUST_CHECK int sip_stack_challenge(struct sip_stack *stack, mono_us now, struct sip_auth *auth,
                                      const struct sip_msg *response, const struct sip_flow *source,
                                      const struct sip_challenged *what);
/* Header lines answering the challenges met, for one request; nothing when there were none, or when the URI is of
 * another domain. */
WS_MUST_CHECK int sip_stack_write_credentials(const struct sip_stack *stack, struct sip_auth *auth, struct span method,
                                              struct span uri, struct outbuf *out);

/* Whether the Request-URI's host is the configured domain or a SIP server's address, and its port, if any, the server's. */
bool sip_stack_is_own_uri(const struct sip_stack *stack, struct span uri);
/* Whether the URI is the literal address and port of a SIP server: nobody stands between it and us. */
bool sip_stack_is_server_uri(const struct sip_stack *stack, struct span uri);

#endif
