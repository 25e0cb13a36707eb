/* SPDX-License-Identifier: MIT */
/* Randomness from the kernel. getrandom blocks once, at boot until there is some; from then on it neither blocks nor
 * fails. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "os_priv.h"

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
