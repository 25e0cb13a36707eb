/* SPDX-License-Identifier: MIT */
/* What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput; it is linked with libFuzzer (tools/fuzz) and
 * with a small main that replays the corpus (ctest). A failed FUZZ_CHECK ends the process: that is a finding. */
#ifndef TESTS_FUZZ_SUPPORT_FUZZ_H
#define TESTS_FUZZ_SUPPORT_FUZZ_H

#include <stdlib.h>

#include "wsaudio/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fuzz_fail(__FILE__, __LINE__, #condition);                                                                 \
        }                                                                                                              \
    } while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

/* Whether part lies in whole; an empty part may lie anywhere. */
bool fuzz_inside(struct span whole, struct span part);

/* malloc, or the end of the process. Never NULL, also for 0. */
void *fuzz_alloc(size_t len);

/* The input as a source of decisions: what is past its end is 0. */
struct fuzz_in {
    const uint8_t *ptr;
    size_t len;
};
uint8_t fuzz_u8(struct fuzz_in *in);
uint16_t fuzz_u16(struct fuzz_in *in);
uint32_t fuzz_u32(struct fuzz_in *in);
/* At most len of the next bytes. */
struct span fuzz_take(struct fuzz_in *in, size_t len);
/* All that is left. */
struct span fuzz_rest(struct fuzz_in *in);

/* Lengths of chunks, drawn from eight bytes over and over: 0 stands for all that is left. */
struct fuzz_chunks {
    uint8_t sizes[8];
    unsigned next;
};
struct fuzz_chunks fuzz_chunks_from(struct fuzz_in *in);
/* The next chunk of *rest, never empty unless *rest is; *rest moves behind it. */
struct span fuzz_chunk(struct fuzz_chunks *chunks, struct span *rest);

#endif
