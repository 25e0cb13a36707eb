/* SPDX-License-Identifier: MIT */
#include "wsaudio/sipmsg/auth.h"

#include <stdlib.h>

#include "wsaudio/sipmsg/writer.h"

#define CNONCE_LEN 16
#define NC_TEXT    9 /* eight digits and the NUL */

/* ---- the arithmetic of RFC 7616 3.4.1 ---- */

struct alg_row {
    enum digest_alg digest;
    bool sess;
};

static struct alg_row alg_row(enum sip_auth_alg alg)
{
    static const struct alg_row rows[SIP_AUTH_UNKNOWN] = {
        [SIP_AUTH_MD5] = {DIGEST_MD5, false},
        [SIP_AUTH_MD5_SESS] = {DIGEST_MD5, true},
        [SIP_AUTH_SHA256] = {DIGEST_SHA256, false},
        [SIP_AUTH_SHA256_SESS] = {DIGEST_SHA256, true},
        [SIP_AUTH_SHA512_256] = {DIGEST_SHA512_256, false},
        [SIP_AUTH_SHA512_256_SESS] = {DIGEST_SHA512_256, true},
    };

    return rows[alg];
}

/* H(A1): the password's stand-in, wiped by the caller. */
static int hash_a1(const struct sip_digest_input *in, char out[DIGEST_HEX_MAX])
{
    const struct span colon = SPAN_LIT(":");
    const struct alg_row row = alg_row(in->alg);
    const struct span secret[] = {in->user, colon, in->realm, colon, in->password};
    int status = digest_hex(row.digest, secret, 5, out);

    if (status != ST_OK || !row.sess) {
        return status;
    }
    char inner[DIGEST_HEX_MAX];
    memcpy(inner, out, sizeof(inner));
    const struct span session[] = {span_cstr(inner), colon, in->nonce, colon, in->cnonce};
    status = digest_hex(row.digest, session, 5, out);
    secret_wipe(inner, sizeof(inner));
    return status;
}

static void nc_text(uint32_t nc, char out[NC_TEXT])
{
    for (int i = 0; i < NC_TEXT - 1; i++) {
        out[i] = "0123456789abcdef"[(nc >> (28 - 4 * i)) & 15];
    }
    out[NC_TEXT - 1] = '\0';
}

int sip_digest_response(const struct sip_digest_input *in, char out[DIGEST_HEX_MAX])
{
    const struct span colon = SPAN_LIT(":");
    char a1[DIGEST_HEX_MAX];
    char a2[DIGEST_HEX_MAX];
    char nc[NC_TEXT];

    if ((unsigned)in->alg >= SIP_AUTH_UNKNOWN) {
        return ST_UNSUPPORTED;
    }
    enum digest_alg digest = alg_row(in->alg).digest;
    const struct span what[] = {in->method, colon, in->uri};
    int status = digest_hex(digest, what, 3, a2);
    if (status == ST_OK) {
        status = hash_a1(in, a1);
    }
    if (status != ST_OK) {
        secret_wipe(a1, sizeof(a1));
        return status;
    }
    nc_text(in->nc, nc);
    if (in->qop_auth) {
        const struct span parts[] = {span_cstr(a1), colon, in->nonce,        colon, span_cstr(nc), colon,
                                     in->cnonce,    colon, SPAN_LIT("auth"), colon, span_cstr(a2)};
        status = digest_hex(digest, parts, 11, out);
    } else {
        const struct span parts[] = {span_cstr(a1), colon, in->nonce, colon, span_cstr(a2)};
        status = digest_hex(digest, parts, 5, out);
    }
    secret_wipe(a1, sizeof(a1));
    return status;
}

/* ---- what a request has met ---- */

static struct span realm_name(const struct sip_auth_realm *realm)
{
    return span_make(realm->text, realm->realm_len);
}

static struct span realm_nonce(const struct sip_auth_realm *realm)
{
    return span_make(realm->text + realm->realm_len, realm->nonce_len);
}

static struct span realm_opaque(const struct sip_auth_realm *realm)
{
    return span_make(realm->text + realm->realm_len + realm->nonce_len, realm->opaque_len);
}

void sip_auth_fini(struct sip_auth *auth)
{
    for (uint8_t i = 0; i < auth->realm_count; i++) {
        free(auth->realms[i].text);
    }
    *auth = (struct sip_auth){0};
}

void sip_auth_restart(struct sip_auth *auth)
{
    auth->challenges = 0;
    for (uint8_t i = 0; i < auth->realm_count; i++) {
        auth->realms[i].tries = 0;
        auth->realms[i].stale_spent = false;
    }
}

/* The challenges of one response, the strongest of each realm. */
struct offer {
    struct sip_challenge challenge;
    bool proxy;
};
struct offers {
    struct offer list[SIP_AUTH_REALMS_MAX];
    size_t count;
    int refusal;                        /* why nothing of it may be usable */
    const struct sip_auth_realms *only; /* NULL: any realm */
    struct span other;                  /* a realm that was passed over */
};

/* Whether the inside of a quoted string stands for that text. */
static bool unquoted_equal(struct span quoted, struct span text)
{
    size_t at = 0;

    for (size_t i = 0; i < quoted.len; i++, at++) {
        i += quoted.ptr[i] == '\\' && i + 1 < quoted.len ? 1 : 0;
        if (at >= text.len || quoted.ptr[i] != text.ptr[at]) {
            return false;
        }
    }
    return at == text.len;
}

static bool is_wanted(const struct offers *offers, struct span realm)
{
    for (size_t i = 0; offers->only != NULL && i < offers->only->count; i++) {
        if (unquoted_equal(realm, offers->only->names[i])) {
            return true;
        }
    }
    return offers->only == NULL;
}

static int add_offer(struct offers *offers, const struct sip_challenge *challenge, bool proxy)
{
    if (challenge->realm.len + challenge->nonce.len + challenge->opaque.len > SIP_AUTH_TEXT_MAX) {
        return ST_TOO_LARGE;
    }
    if (!sip_challenge_usable(challenge)) {
        return ST_UNSUPPORTED;
    }
    for (size_t i = 0; i < offers->count; i++) {
        struct offer *known = &offers->list[i];
        if (known->proxy == proxy && span_eq(known->challenge.realm, challenge->realm)) {
            if (challenge->alg > known->challenge.alg) {
                known->challenge = *challenge;
            }
            return ST_OK;
        }
    }
    if (offers->count == SIP_AUTH_REALMS_MAX) {
        return ST_FULL;
    }
    offers->list[offers->count++] = (struct offer){*challenge, proxy};
    return ST_OK;
}

static void offers_collect(const struct sip_msg *response, enum sip_header_id id, struct offers *offers)
{
    struct sip_challenge challenge;

    for (size_t i = 0; i < response->header_count; i++) {
        struct span rest = response->headers[i].value;
        int status = ST_OK;
        if (response->headers[i].id != id) {
            continue;
        }
        while ((status = sip_challenge_next(&rest, &challenge)) != ST_NOT_FOUND) {
            if (status == ST_OK && challenge.is_digest && !is_wanted(offers, challenge.realm)) {
                offers->other = challenge.realm;
                continue;
            }
            if (status == ST_OK) {
                status = add_offer(offers, &challenge, id == SIP_HEADER_PROXY_AUTHENTICATE);
            }
            if (status != ST_OK) {
                offers->refusal = status;
            }
        }
    }
}

/* Writes s without the backslashes of a quoted string; returns the length. */
static size_t copy_unquoted(char *dst, struct span s)
{
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\' && i + 1 < s.len) {
            i++;
        }
        dst[len++] = s.ptr[i];
    }
    return len;
}

static int realm_from(const struct offer *offer, struct sip_auth_realm *out)
{
    const struct sip_challenge *challenge = &offer->challenge;

    *out = (struct sip_auth_realm){.proxy = offer->proxy,
                                   .has_opaque = challenge->has_opaque,
                                   .has_algorithm = challenge->has_algorithm,
                                   .qop_auth = challenge->qop_auth,
                                   .alg = challenge->alg};
    out->text = malloc(challenge->realm.len + challenge->nonce.len + challenge->opaque.len);
    if (out->text == NULL) {
        return ST_NO_MEMORY;
    }
    out->realm_len = copy_unquoted(out->text, challenge->realm);
    out->nonce_len = copy_unquoted(out->text + out->realm_len, challenge->nonce);
    out->opaque_len = copy_unquoted(out->text + out->realm_len + out->nonce_len, challenge->opaque);
    return ST_OK;
}

static struct sip_auth_realm *find_realm(struct sip_auth *auth, const struct sip_auth_realm *wanted)
{
    for (uint8_t i = 0; i < auth->realm_count; i++) {
        struct sip_auth_realm *realm = &auth->realms[i];
        if (realm->proxy == wanted->proxy && span_eq(realm_name(realm), realm_name(wanted))) {
            return realm;
        }
    }
    return NULL;
}

/* One try for a realm, one more when only the nonce was too old. fresh takes over what was counted. */
static int realm_admit(const struct sip_auth_realm *known, bool stale, struct sip_auth_realm *fresh)
{
    fresh->tries = 1;
    if (known == NULL) {
        return ST_OK;
    }
    bool same_nonce = span_eq(realm_nonce(known), realm_nonce(fresh));
    fresh->nc = same_nonce ? known->nc : 0;
    fresh->stale_spent = known->stale_spent;
    if (known->tries == 0) {
        return ST_OK;
    }
    fresh->stale_spent = true;
    return stale && !known->stale_spent && !same_nonce ? ST_OK : ST_DENIED;
}

static int store_all(struct sip_auth *auth, struct sip_auth_realm *fresh, size_t count)
{
    size_t added = 0;

    for (size_t i = 0; i < count; i++) {
        added += find_realm(auth, &fresh[i]) == NULL;
    }
    if (auth->realm_count + added > SIP_AUTH_REALMS_MAX) {
        return ST_FULL;
    }
    for (size_t i = 0; i < count; i++) {
        struct sip_auth_realm *known = find_realm(auth, &fresh[i]);
        if (known == NULL) {
            known = &auth->realms[auth->realm_count++];
        } else {
            free(known->text);
        }
        *known = fresh[i];
    }
    return ST_OK;
}

struct sip_auth_realms sip_auth_met(const struct sip_auth *auth)
{
    struct sip_auth_realms met = {.count = auth->realm_count};

    for (uint8_t i = 0; i < auth->realm_count; i++) {
        met.names[i] = realm_name(&auth->realms[i]);
    }
    return met;
}

bool sip_auth_changed_kind(const struct sip_auth *auth, const struct sip_msg *response)
{
    for (uint8_t i = 0; i < auth->realm_count; i++) {
        if (auth->realms[i].tries > 0 && auth->realms[i].proxy != (response->status == 407)) {
            return true;
        }
    }
    return false;
}

/* All of them or none. */
static int take_offers(struct sip_auth *auth, const struct offers *offers)
{
    struct sip_auth_realm fresh[SIP_AUTH_REALMS_MAX];
    size_t made = 0;
    int status = ST_OK;

    while (status == ST_OK && made < offers->count) {
        status = realm_from(&offers->list[made], &fresh[made]);
        if (status == ST_OK) {
            const struct sip_auth_realm *known = find_realm(auth, &fresh[made]);
            status = realm_admit(known, offers->list[made].challenge.stale, &fresh[made]);
            made++;
        }
    }
    if (status == ST_OK) {
        status = store_all(auth, fresh, made);
    }
    if (status != ST_OK) {
        while (made > 0) {
            free(fresh[--made].text);
        }
    }
    return status;
}

int sip_auth_challenge_of(struct sip_auth *auth, const struct sip_msg *response, const struct sip_auth_realms *only,
                          struct span *other)
{
    struct offers offers = {.refusal = ST_BAD, .only = only};

    offers_collect(response, SIP_HEADER_WWW_AUTHENTICATE, &offers);
    offers_collect(response, SIP_HEADER_PROXY_AUTHENTICATE, &offers);
    if (other != NULL) {
        *other = offers.other;
    }
    if (offers.count == 0) {
        return offers.other.ptr != NULL ? ST_DENIED : offers.refusal;
    }
    if (auth->challenges >= SIP_AUTH_CHALLENGES_MAX) {
        return ST_DENIED;
    }
    int status = take_offers(auth, &offers);
    if (status == ST_OK) {
        auth->challenges++;
    }
    return status;
}

int sip_auth_challenge(struct sip_auth *auth, const struct sip_msg *response)
{
    return sip_auth_challenge_of(auth, response, NULL, NULL);
}

/* ---- Authorization ---- */

static void put_quoted_param(struct outbuf *out, const char *name, struct span value)
{
    outbuf_str(out, name);
    sip_put_quoted(out, value);
}

static void put_credentials(struct outbuf *out, const struct sip_auth_realm *realm, const struct sip_digest_input *in,
                            const char *response)
{
    char nc[NC_TEXT];

    outbuf_str(out, realm->proxy ? "Proxy-Authorization: Digest " : "Authorization: Digest ");
    put_quoted_param(out, "username=", in->user);
    put_quoted_param(out, ", realm=", in->realm);
    put_quoted_param(out, ", nonce=", in->nonce);
    put_quoted_param(out, ", uri=", in->uri);
    put_quoted_param(out, ", response=", span_cstr(response));
    if (realm->has_algorithm) {
        outbuf_printf(out, ", algorithm=%s", sip_auth_alg_name(realm->alg));
    }
    if (realm->has_opaque) {
        put_quoted_param(out, ", opaque=", realm_opaque(realm));
    }
    if (realm->qop_auth) {
        nc_text(in->nc, nc);
        put_quoted_param(out, ", cnonce=", in->cnonce);
        outbuf_printf(out, ", qop=auth, nc=%s", nc);
    }
    outbuf_str(out, "\r\n");
}

static int write_realm(struct sip_auth_realm *realm, struct sip_digest_input *in, struct outbuf *out)
{
    char response[DIGEST_HEX_MAX];

    realm->nc++;
    in->alg = realm->alg;
    in->realm = realm_name(realm);
    in->nonce = realm_nonce(realm);
    in->qop_auth = realm->qop_auth;
    in->nc = realm->nc;
    int status = sip_digest_response(in, response);
    if (status == ST_OK) {
        put_credentials(out, realm, in, response);
        status = outbuf_status(out);
    }
    secret_wipe(response, sizeof(response));
    return status;
}

int sip_auth_write(struct sip_auth *auth, const struct sip_credentials *credentials, struct span method,
                   struct span uri, const struct rng *rng, struct outbuf *out)
{
    struct sip_digest_input in = {
        .user = credentials->user, .password = credentials->password, .method = method, .uri = uri};
    char cnonce[CNONCE_LEN + 1];
    int status = ST_OK;

    if (auth->realm_count > 0 && !credentials->has_password) {
        return ST_DENIED;
    }
    for (uint8_t i = 0; i < auth->realm_count && status == ST_OK; i++) {
        rng_token(rng, cnonce, CNONCE_LEN);
        in.cnonce = span_cstr(cnonce);
        status = write_realm(&auth->realms[i], &in, out);
    }
    return status;
}
