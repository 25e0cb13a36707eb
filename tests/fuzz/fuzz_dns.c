/* SPDX-License-Identifier: MIT */
/* Answers of a name server: the TTL is never more than any that stands in the message, whatever comes, and a message cut
 * short says 0. */
#include "dns_ttl.h"
#include "support_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t whole = os_dns_answer_ttl(data, size);

    FUZZ_CHECK(whole < UINT32_C(0x80000000));
    for (size_t len = 0; len < size && len < 600; len++) {
        uint32_t part = os_dns_answer_ttl(data, len);
        FUZZ_CHECK(part == 0 || part == whole); /* what stands behind the answers does not count */
    }
    return 0;
}
