/* SPDX-License-Identifier: MIT */
/* The smallest TTL of an answer, whatever the bytes. */
#include "support_os.h"

#include <stdlib.h>
#include <string.h>

#include "dns_ttl.h"
#include "guard.h"

/* One question (x.y), two answers: a pointer name with TTL 300, a written one with TTL 90. */
static const uint8_t good[] = {
    0, 1, 0x84, 0x80, 0,  1, 0, 2, 0, 0, 0, 0,   1, 'x', 1, 'y', 0,  0, 33, 0, 1, 0xc0, 12, 0, 33, 0,
    1, 0, 0,    1,    44, 0, 3, 7, 7, 7, 1, 'x', 1, 'y', 0, 0,   33, 0, 1,  0, 0, 0,    90, 0, 0,
};

static void smallest(void **state)
{
    (void)state;
    assert_int_equal(os_dns_answer_ttl(good, sizeof(good)), 90);
    uint8_t changed[sizeof(good)];
    memcpy(changed, good, sizeof(good));
    changed[45] = 0x80; /* RFC 2181 8 */
    assert_int_equal(os_dns_answer_ttl(changed, sizeof(changed)), 0);
    memcpy(changed, good, sizeof(good));
    changed[7] = 0;
    assert_int_equal(os_dns_answer_ttl(changed, sizeof(changed)), 0);
}

static void every_truncation(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof(good); len++) {
        struct guard g = guard_copy(good, len);
        assert_int_equal(os_dns_answer_ttl((const uint8_t *)g.ptr, len), 0);
        guard_free(&g);
    }
}

static void every_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good); i++) {
        for (unsigned value = 0; value < 256; value++) {
            struct guard g = guard_copy(good, sizeof(good));
            ((uint8_t *)g.ptr)[i] = (uint8_t)value;
            (void)os_dns_answer_ttl((const uint8_t *)g.ptr, sizeof(good));
            guard_free(&g);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(every_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
