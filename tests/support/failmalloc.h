/* SPDX-License-Identifier: MIT */
/* Memory that runs out on demand. A program linked with failmalloc.c and the linker's --wrap (tests/oom/CMakeLists.txt) has its
 * allocations counted, and the n-th fails: malloc, calloc, realloc and strdup, and the calls of wslay and libcrypto that allocate.
 * The tests' own sources are compiled with malloc=__real_malloc and so on: only what is tested runs short. Tests only. */
#ifndef SUPPORT_FAILMALLOC_H
#define SUPPORT_FAILMALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* Counts from now on; the fail_at-th allocation (from 1) fails, once. 0: none. */
void failmalloc_start(unsigned long fail_at);
/* Ends it: the number of allocations since the start. */
unsigned long failmalloc_stop(void);
/* Blocks that were allocated through here and not freed yet. */
size_t failmalloc_live(void);

/* Runs once(ctx) with allocation 1, 2, 3 … (by step) failing, until a run needs no more; each must leave nothing behind. Returns
 * how many failed. */
unsigned long failmalloc_all(void (*once)(void *ctx), void *ctx, unsigned long step);
/* The same for one run, for what is asserted in it: did the allocation that was to fail come? */
bool failmalloc_failed(void);

#endif
