/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
/* A fetch searches the providers under locks; it is done once an algorithm, not for each message. */
static EVP_MD *fetched[DIGEST_ALG_COUNT];

static const EVP_MD *algorithm(enum digest_alg alg)
{
    static const char *const names[DIGEST_ALG_COUNT] = {
        [DIGEST_MD5] = "MD5",
        [DIGEST_SHA1] = "SHA1",
        [DIGEST_SHA256] = "SHA2-256",
        [DIGEST_SHA512_256] = "SHA2-512/256",
    };

    if (fetched[alg] == NULL) {
        fetched[alg] = EVP_MD_fetch(NULL, names[alg], NULL);
    }
    return fetched[alg];
}

void digest_fini(void)
{
    for (size_t i = 0; i < DIGEST_ALG_COUNT; i++) {
        EVP_MD_free(fetched[i]);
        fetched[i] = NULL;
    }
}
#else
static const EVP_MD *algorithm(enum digest_alg alg)
{
    switch (alg) {
    case DIGEST_MD5: return EVP_md5();
    case DIGEST_SHA1: return EVP_sha1();
    case DIGEST_SHA256: return EVP_sha256();
    case DIGEST_SHA512_256: return EVP_sha512_256();
    case DIGEST_ALG_COUNT: break;
    }
    return NULL;
}

void digest_fini(void)
{
}
#endif

size_t digest_len(enum digest_alg alg)
{
    static const size_t lens[DIGEST_ALG_COUNT] = {
        [DIGEST_MD5] = 16,
        [DIGEST_SHA1] = 20,
        [DIGEST_SHA256] = 32,
        [DIGEST_SHA512_256] = 32,
    };

    return lens[alg];
}

int digest_parts(enum digest_alg alg, const struct span *parts, size_t count, uint8_t out[DIGEST_MAX_LEN])
{
    const EVP_MD *md = algorithm(alg);
    if (md == NULL) {
        return ST_IO;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return ST_NO_MEMORY;
    }
    bool ok = EVP_DigestInit_ex(ctx, md, NULL) == 1;
    for (size_t i = 0; ok && i < count; i++) {
        ok = EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len) == 1;
    }
    ok = ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return ok ? ST_OK : ST_IO;
}

int digest_hex(enum digest_alg alg, const struct span *parts, size_t count, char out[DIGEST_HEX_MAX])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t raw[DIGEST_MAX_LEN];

    out[0] = '\0';
    int status = digest_parts(alg, parts, count, raw);
    if (status != ST_OK) {
        return status;
    }
    size_t len = digest_len(alg);
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[raw[i] >> 4];
        out[2 * i + 1] = digits[raw[i] & 15];
    }
    out[2 * len] = '\0';
    return ST_OK;
}

int base64_encode(const void *data, size_t len, char *out, size_t cap)
{
    if (len > INT32_MAX / 2 || cap < base64_encoded_len(len) + 1) {
        return ST_TOO_LARGE;
    }
    EVP_EncodeBlock((unsigned char *)out, data, (int)len);
    return ST_OK;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (char_is_digit(c)) {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* EVP_DecodeBlock forgives blanks at both ends, padding anywhere and unused bits; the strict rules are checked before. */
static int decode_group(struct base64_stream *s, uint8_t *out)
{
    const char *g = s->group;
    int pad = g[3] != '=' ? 0 : g[2] != '=' ? 1 : 2;

    for (int i = 0; i < 4 - pad; i++) {
        if (base64_value(g[i]) < 0) {
            return ST_BAD;
        }
    }
    int spare = pad == 2 ? base64_value(g[1]) & 15 : pad == 1 ? base64_value(g[2]) & 3 : 0;
    uint8_t raw[3];
    if (spare != 0 || EVP_DecodeBlock(raw, (const unsigned char *)g, 4) != 3) {
        return ST_BAD;
    }
    memcpy(out, raw, (size_t)(3 - pad));
    s->ended = pad > 0;
    s->held = 0;
    return 3 - pad;
}

int base64_stream_push(struct base64_stream *s, struct span in, uint8_t *out)
{
    int total = 0;

    for (size_t i = 0; i < in.len && !s->bad; i++) {
        if (s->ended) {
            s->bad = true;
            break;
        }
        s->group[s->held++] = in.ptr[i];
        if (s->held < 4) {
            continue;
        }
        int n = decode_group(s, out + total);
        if (n < 0) {
            s->bad = true;
            break;
        }
        total += n;
    }
    return s->bad ? ST_BAD : total;
}

int base64_stream_end(const struct base64_stream *s)
{
    return s->bad || s->held != 0 ? ST_BAD : ST_OK;
}

/* Through volatile: a plain memset of memory that is not read again may be left out. */
void secret_wipe(void *secret, size_t len)
{
    volatile unsigned char *p = secret;

    while (len-- > 0) {
        *p++ = 0;
    }
}

bool bytes_equal_ct(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}
