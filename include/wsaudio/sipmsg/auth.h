/* SPDX-License-Identifier: MIT */
/* Digest access authentication of a client (RFC 3261 22, RFC 2617, RFC 7616, RFC 8760). */
#ifndef WSAUDIO_SIPMSG_AUTH_H
#define WSAUDIO_SIPMSG_AUTH_H

#include "wsaudio/base.h"
#include "wsaudio/sipmsg/message.h"

enum sip_auth_alg {
    SIP_AUTH_MD5,
    SIP_AUTH_MD5_SESS,
    SIP_AUTH_SHA256,
    SIP_AUTH_SHA256_SESS,
    SIP_AUTH_SHA512_256,
    SIP_AUTH_SHA512_256_SESS, /* the strongest comes last */
    SIP_AUTH_UNKNOWN,
    SIP_AUTH_ALG_COUNT
};

/* "SHA-256-sess", as it stands on the wire. */
const char *sip_auth_alg_name(enum sip_auth_alg alg);

/* One challenge as views; quoted values without their quotes, backslashes kept. */
struct sip_challenge {
    bool is_digest; /* false: another scheme, nothing else is set */
    struct span realm, nonce, opaque;
    bool has_realm; /* it may be empty */
    bool has_opaque;
    bool has_algorithm;
    enum sip_auth_alg alg; /* MD5 when not named */
    bool has_qop;
    bool qop_auth; /* the list names "auth" */
    bool stale;
};

/* The next challenge of a WWW-Authenticate or Proxy-Authenticate value, which may hold several; *rest moves behind it.
 * ST_OK; ST_NOT_FOUND at the end; ST_BAD: no realm or nonce, or (then *rest is empty) an open quote and the like. */
WS_MUST_CHECK int sip_challenge_next(struct span *rest, struct sip_challenge *out);
/* Whether we can answer it: digest, a known algorithm, qop none or with auth. */
bool sip_challenge_usable(const struct sip_challenge *challenge);

struct sip_credentials {
    struct span user;
    struct span password;
    bool has_password; /* false: no challenge can be answered */
};

/* What one answer is computed from (RFC 7616 3.4.1). All raw bytes, unescaped. */
struct sip_digest_input {
    enum sip_auth_alg alg;
    struct span user, realm, password;
    struct span method, uri;
    struct span nonce;
    bool qop_auth;      /* false: the RFC 2069 form, cnonce and nc unused */
    struct span cnonce; /* -sess and qop */
    uint32_t nc;
};
/* The response value as hexadecimal with NUL. ST_UNSUPPORTED (algorithm), ST_IO, ST_NO_MEMORY. Intermediate values are
 * wiped. */
WS_MUST_CHECK int sip_digest_response(const struct sip_digest_input *in, char out[DIGEST_HEX_MAX]);

#define SIP_AUTH_REALMS_MAX     4
#define SIP_AUTH_CHALLENGES_MAX 4           /* 401s and 407s that one request is sent again for */
#define SIP_AUTH_TEXT_MAX       (16 * 1024) /* realm, nonce and opaque of one challenge together */

/* A challenge that we answer. */
struct sip_auth_realm {
    char *text; /* owns: realm, nonce and opaque one after the other, unescaped */
    size_t realm_len, nonce_len, opaque_len;
    bool proxy; /* Proxy-Authorization */
    bool has_opaque, has_algorithm, qop_auth;
    enum sip_auth_alg alg;
    uint32_t nc;      /* uses of this nonce */
    uint8_t tries;    /* answers in the present request */
    bool stale_spent; /* the extra try for stale=true is used */
};

/* The challenges that a request, or the requests of a dialog one after the other, have met. Zeroed is the start. */
struct sip_auth {
    struct sip_auth_realm realms[SIP_AUTH_REALMS_MAX];
    uint8_t realm_count;
    uint8_t challenges; /* taken for the present request */
};

/* Names of realms, unescaped. */
struct sip_auth_realms {
    struct span names[SIP_AUTH_REALMS_MAX];
    size_t count;
};

/* Frees; the struct is as new. */
void sip_auth_fini(struct sip_auth *auth);
/* A new request begins: tries are counted anew, the known challenges stay and are answered from the first send. */
void sip_auth_restart(struct sip_auth *auth);
/* Takes in the challenges of a 401 or 407. ST_OK: send again with sip_auth_write. Otherwise it cannot be answered:
 * ST_DENIED (this realm's try is spent, or too many challenges), ST_UNSUPPORTED (no known algorithm or qop),
 * ST_BAD (unreadable or none), ST_TOO_LARGE, ST_FULL (realms), ST_NO_MEMORY. */
WS_MUST_CHECK int sip_auth_challenge(struct sip_auth *auth, const struct sip_msg *response);
/* The same, for challenges of these realms alone: all others are passed over as if they were not there. Without any
 * left ST_DENIED; *other (may be NULL) is then a realm that was passed over, raw from the response, else empty. */
WS_MUST_CHECK int sip_auth_challenge_of(struct sip_auth *auth, const struct sip_msg *response,
                                        const struct sip_auth_realms *only, struct span *other);
/* The realms that have been met. */
struct sip_auth_realms sip_auth_met(const struct sip_auth *auth);
/* Whether the present request has been answered with the other kind of header than this 401 or 407 asks for. */
bool sip_auth_changed_kind(const struct sip_auth *auth, const struct sip_msg *response);
/* Writes one Authorization or Proxy-Authorization line for each realm met (none: nothing); counts the nonces' use.
 * ST_DENIED without a password, ST_TOO_LARGE, ST_IO, ST_NO_MEMORY, ST_UNSUPPORTED. */
WS_MUST_CHECK int sip_auth_write(struct sip_auth *auth, const struct sip_credentials *credentials, struct span method,
                                 struct span uri, const struct rng *rng, struct outbuf *out);

#endif
