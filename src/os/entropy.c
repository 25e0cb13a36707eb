/* SPDX-License-Identifier: MIT */
/* Randomness from the kernel. getrandom blocks once, at boot until there is some; from then on it neither blocks nor
 * fails. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "os_priv.h"
#include "wsaudio/base/digest.h"

void os_entropy_fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    char *at = out;
    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        } else if (errno != EINTR) {
            /* Guessable tags, keys and sequence numbers are worse than no service. */
            (void)fputs("the kernel gives no randomness (getrandom)\n", stderr);
            abort();
        }
    }
}

void os_entropy_draw(void *ctx, void *out, size_t len)
{
    struct os_entropy *entropy = ctx;

    if (len > sizeof(entropy->octets)) {
        os_entropy_fill(NULL, out, len);
        return;
    }
    if (len > entropy->left) {
        os_entropy_fill(NULL, entropy->octets, sizeof(entropy->octets));
        entropy->left = sizeof(entropy->octets);
    }
    entropy->left -= len;
    memcpy(out, entropy->octets + entropy->left, len);
    secret_wipe(entropy->octets + entropy->left, len);
}
