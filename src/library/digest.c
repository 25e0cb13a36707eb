/* SPDX-License-Identifier: MIT */
/* The small functions of sip_client.h that build parts of SIP messages: MD5, digest responses, random tags and Call-
 * IDs. */
#include "sip_client.h"
#include "wsaudio/base.h"
#include "wsaudio/os.h"

#define TAG_MAX     31 /* what sip_session_t has room for */
#define CALL_ID_MAX 63
#define MD5_HEX     33

static const struct rng entropy = {os_entropy_fill, NULL};

static void hash(const struct span *parts, size_t count, char out[MD5_HEX])
{
    char hex[DIGEST_HEX_MAX];

    if (digest_hex(DIGEST_MD5, parts, count, hex) == ST_OK) {
        memcpy(out, hex, MD5_HEX);
    } else {
        out[0] = '\0';
    }
}

void md5(const char *str, char *output)
{
    const struct span parts[] = {span_cstr(str)};

    if (output != NULL) {
        hash(parts, 1, output);
    }
}

void make_digest_response(const char *username, const char *realm, const char *password, const char *method,
                          const char *uri, const char *nonce, char *response)
{
    const struct span colon = SPAN_LIT(":");
    char secret[MD5_HEX];
    char request[MD5_HEX];

    if (response == NULL) {
        return;
    }
    const struct span who[] = {span_cstr(username), colon, span_cstr(realm), colon, span_cstr(password)};
    hash(who, sizeof(who) / sizeof(who[0]), secret);
    const struct span what[] = {span_cstr(method), colon, span_cstr(uri)};
    hash(what, sizeof(what) / sizeof(what[0]), request);
    const struct span all[] = {span_cstr(secret), colon, span_cstr(nonce), colon, span_cstr(request)};
    hash(all, sizeof(all) / sizeof(all[0]), response);
    if (secret[0] == '\0' || request[0] == '\0') {
        response[0] = '\0';
    }
}

static void token(char *out, size_t len, size_t most)
{
    if (out != NULL && len > 0) {
        rng_token(&entropy, out, len - 1 < most ? len - 1 : most);
    }
}

void get_tag(char *tag, size_t len)
{
    token(tag, len, TAG_MAX);
}

void get_callid(char *callid, size_t len)
{
    token(callid, len, CALL_ID_MAX);
}
