/* SPDX-License-Identifier: MIT */
/* host.c: which bytes a name may have, and which names are this machine's (RFC 6761 6.3), cut anywhere and flush against a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/base/host.h"

static void names(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[3] = {'a', (char)c, 'b'};
        bool wanted = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                      c == '.' || c == '_';

        if (host_is_name(span_make(text, 3)) != wanted) {
            fail_msg("byte %d in a name", c);
        }
    }
    assert_false(host_is_name(SPAN_NONE));
    assert_true(host_is_name(SPAN_LIT("_sip._udp.pbx-1.test.")));
}

static void localhost(void **state)
{
    static const struct {
        const char *name;
        bool local;
    } rows[] = {
        {"localhost", true},
        {"LocalHost", true},
        {"localhost.", true},
        {"a.localhost", true},
        {"a.b.LOCALHOST.", true},
        {"", false},
        {".", false},
        {".localhost", false},
        {"localhost..", false},
        {"xlocalhost", false},
        {"localhos", false},
        {"localhost.test", false},
        {"a.localhost.b", false},
        {"localhost.a.", false},
        {".localhost.", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guard g = guard_copy(rows[i].name, strlen(rows[i].name));

        if (host_is_localhost(span_make(g.ptr, g.len)) != rows[i].local) {
            fail_msg("\"%s\"", rows[i].name);
        }
        guard_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(localhost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
