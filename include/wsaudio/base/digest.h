/* SPDX-License-Identifier: MIT */
/* Hashes, base64 and constant-time comparison: the only file of levels 0 to 2 that calls libcrypto. */
#ifndef WSAUDIO_BASE_DIGEST_H
#define WSAUDIO_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsaudio/base/span.h"

enum digest_alg { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA512_256, DIGEST_ALG_COUNT };

#define DIGEST_MAX_LEN 32
#define DIGEST_HEX_MAX (2 * DIGEST_MAX_LEN + 1)

/* Bytes of the result: 16, 20, 32, 32. */
size_t digest_len(enum digest_alg alg);
/* Hash of the parts, one after the other. ST_IO when libcrypto refuses (MD5 in FIPS mode), ST_NO_MEMORY. */
WS_MUST_CHECK int digest_parts(enum digest_alg alg, const struct span *parts, size_t count,
                               uint8_t out[DIGEST_MAX_LEN]);
/* The same as lower-case hexadecimal with NUL. */
WS_MUST_CHECK int digest_hex(enum digest_alg alg, const struct span *parts, size_t count, char out[DIGEST_HEX_MAX]);
/* Zeroes a secret before its memory is given back: no compiler leaves this out. */
void secret_wipe(void *secret, size_t len);
/* Releases the algorithms fetched from libcrypto; they are fetched again when needed. At exit. */
void digest_fini(void);

/* Encoded length without NUL. */
static inline size_t base64_encoded_len(size_t len)
{
    return (len + 2) / 3 * 4;
}
/* Standard alphabet with padding, NUL-terminated; cap >= base64_encoded_len(len) + 1, else ST_TOO_LARGE. */
WS_MUST_CHECK int base64_encode(const void *data, size_t len, char *out, size_t cap);

/* Strict streaming decoder (RFC 4648 section 4): no blanks, length a multiple of 4, padding only at the very
 * end, unused bits zero. Zeroed is the start. */
struct base64_stream {
    char group[4];
    uint8_t held; /* characters waiting in group */
    bool ended;   /* padding seen */
    bool bad;     /* sticky */
};
/* Decodes what is complete; out has room for (in.len + 3) / 4 * 3 bytes. Returns the number of bytes, or
 * ST_BAD (sticky). */
WS_MUST_CHECK int base64_stream_push(struct base64_stream *s, struct span in, uint8_t *out);
/* ST_OK when the text ended at a group's border, else ST_BAD. */
WS_MUST_CHECK int base64_stream_end(const struct base64_stream *s);

/* Time depends on the lengths only. */
bool bytes_equal_ct(struct span a, struct span b);

#endif
