/* SPDX-License-Identifier: MIT */
/* WWW-Authenticate and Proxy-Authenticate (RFC 3261 20.44, RFC 7616 3.3): several challenges may stand in one header,
 * commas between them as between their parameters. */
#include "wsaudio/sipmsg/auth.h"
#include "wsaudio/sipmsg/scan.h"

static const char *const alg_names[SIP_AUTH_ALG_COUNT] = {
    [SIP_AUTH_MD5] = "MD5",
    [SIP_AUTH_MD5_SESS] = "MD5-sess",
    [SIP_AUTH_SHA256] = "SHA-256",
    [SIP_AUTH_SHA256_SESS] = "SHA-256-sess",
    [SIP_AUTH_SHA512_256] = "SHA-512-256",
    [SIP_AUTH_SHA512_256_SESS] = "SHA-512-256-sess",
    [SIP_AUTH_UNKNOWN] = "unknown",
};

const char *sip_auth_alg_name(enum sip_auth_alg alg)
{
    return (unsigned)alg < SIP_AUTH_ALG_COUNT ? alg_names[alg] : "unknown";
}

static enum sip_auth_alg alg_find(struct span name)
{
    for (int i = 0; i < SIP_AUTH_UNKNOWN; i++) {
        if (span_ieq(name, span_cstr(alg_names[i]))) {
            return (enum sip_auth_alg)i;
        }
    }
    return SIP_AUTH_UNKNOWN;
}

static size_t skip_separators(struct span s)
{
    size_t at = 0;

    while (at < s.len && (sip_is_lws(s.ptr[at]) || s.ptr[at] == ',')) {
        at++;
    }
    return at;
}

static bool qop_names_auth(struct span list)
{
    while (list.len > 0) {
        if (span_ieq(span_trim(span_cut(&list, ',')), SPAN_LIT("auth"))) {
            return true;
        }
    }
    return false;
}

static void param_take(struct span name, struct span value, struct sip_challenge *out)
{
    if (span_ieq(name, SPAN_LIT("realm"))) {
        out->realm = value;
        out->has_realm = true;
    } else if (span_ieq(name, SPAN_LIT("nonce"))) {
        out->nonce = value;
    } else if (span_ieq(name, SPAN_LIT("opaque"))) {
        out->opaque = value;
        out->has_opaque = true;
    } else if (span_ieq(name, SPAN_LIT("algorithm"))) {
        out->has_algorithm = true;
        out->alg = alg_find(value);
    } else if (span_ieq(name, SPAN_LIT("qop"))) {
        out->has_qop = true;
        out->qop_auth = out->qop_auth || qop_names_auth(value);
    } else if (span_ieq(name, SPAN_LIT("stale"))) {
        out->stale = span_ieq(value, SPAN_LIT("true"));
    }
}

/* A value behind '=': quoted, or everything up to a comma or blank. ST_BAD for an open quote. */
static int cut_value(struct span *rest, struct span *value)
{
    size_t end = 0;

    *rest = span_from(*rest, sip_skip_lws(*rest, 0));
    if (rest->len > 0 && rest->ptr[0] == '"') {
        end = sip_skip_quoted(*rest, 0);
        if (end == 0) {
            return ST_BAD;
        }
        *value = span_make(rest->ptr + 1, end - 2);
    } else {
        while (end < rest->len && rest->ptr[end] != ',' && !sip_is_lws(rest->ptr[end])) {
            end++;
        }
        *value = span_head(*rest, end);
    }
    *rest = span_from(*rest, end);
    return ST_OK;
}

/* The rest of a list of qops without quotes: qop=auth,auth-int. No scheme has such a name. */
static bool is_bare_qop(struct span token)
{
    return span_ieq(token, SPAN_LIT("auth")) || span_ieq(token, SPAN_LIT("auth-int"));
}

/* One "name=value". ST_NOT_FOUND, nothing consumed, at the end or where the next scheme begins. */
static int cut_param(struct span *rest, struct span *name, struct span *value)
{
    struct span at = span_from(*rest, skip_separators(*rest));
    size_t end = sip_skip_token(at, 0);
    size_t equals = sip_skip_lws(at, end);

    if (is_bare_qop(span_head(at, end)) && (equals == at.len || at.ptr[equals] == ',')) {
        *name = SPAN_LIT("qop");
        *value = span_head(at, end);
        *rest = span_from(at, end);
        return ST_OK;
    }
    if (at.len == 0 || (end > 0 && (equals == at.len || at.ptr[equals] != '='))) {
        return ST_NOT_FOUND;
    }
    if (end == 0) {
        return ST_BAD;
    }
    *name = span_head(at, end);
    at = span_from(at, equals + 1);
    int status = cut_value(&at, value);
    *rest = at;
    return status;
}

int sip_challenge_next(struct span *rest, struct sip_challenge *out)
{
    struct span name;
    struct span value = SPAN_NONE;
    int status = ST_OK;

    *out = (struct sip_challenge){0};
    *rest = span_from(*rest, skip_separators(*rest));
    if (rest->len == 0) {
        return ST_NOT_FOUND;
    }
    size_t scheme_end = sip_skip_token(*rest, 0);
    out->is_digest = span_ieq(span_head(*rest, scheme_end), SPAN_LIT("Digest"));
    if (scheme_end == 0) {
        *rest = SPAN_NONE;
        return ST_BAD;
    }
    *rest = span_from(*rest, scheme_end);
    while ((status = cut_param(rest, &name, &value)) == ST_OK) {
        if (out->is_digest) {
            param_take(name, value, out);
        }
    }
    if (status != ST_NOT_FOUND) {
        *rest = SPAN_NONE;
        return ST_BAD;
    }
    return out->is_digest && (!out->has_realm || out->nonce.len == 0) ? ST_BAD : ST_OK;
}

bool sip_challenge_usable(const struct sip_challenge *challenge)
{
    bool is_sess = challenge->alg == SIP_AUTH_MD5_SESS || challenge->alg == SIP_AUTH_SHA256_SESS ||
                   challenge->alg == SIP_AUTH_SHA512_256_SESS;

    if (!challenge->is_digest || challenge->alg >= SIP_AUTH_UNKNOWN) {
        return false;
    }
    /* a session key needs the cnonce, which travels only beside a qop */
    return challenge->has_qop ? challenge->qop_auth : !is_sess;
}
