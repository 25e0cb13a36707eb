/* SPDX-License-Identifier: MIT */
/* headers.c: every name in both forms, in any case, cut, with every byte changed, flush against an inaccessible page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/sipmsg/headers.h"

/* Compact forms (RFC 3261 7.3.3 and 20, RFC 3515, 3892, 4028, 6665), typed by hand. */
static const struct {
    const char *compact;
    enum sip_header_id id;
} compacts[] = {
    {"v", SIP_HEADER_VIA},
    {"f", SIP_HEADER_FROM},
    {"t", SIP_HEADER_TO},
    {"i", SIP_HEADER_CALL_ID},
    {"m", SIP_HEADER_CONTACT},
    {"l", SIP_HEADER_CONTENT_LENGTH},
    {"c", SIP_HEADER_CONTENT_TYPE},
    {"e", SIP_HEADER_CONTENT_ENCODING},
    {"k", SIP_HEADER_SUPPORTED},
    {"s", SIP_HEADER_SUBJECT},
    {"x", SIP_HEADER_SESSION_EXPIRES},
    {"r", SIP_HEADER_REFER_TO},
    {"b", SIP_HEADER_REFERRED_BY},
    {"o", SIP_HEADER_EVENT},
    {"u", SIP_HEADER_ALLOW_EVENTS},
};
#define COMPACT_COUNT (sizeof(compacts) / sizeof(compacts[0]))

static enum sip_header_id by_compact(char c)
{
    for (size_t i = 0; i < COMPACT_COUNT; i++) {
        if (char_lower(c) == compacts[i].compact[0]) {
            return compacts[i].id;
        }
    }
    return SIP_HEADER_OTHER;
}

static void every_one_letter_name(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char name = (char)c;
        assert_int_equal(sip_header_find(span_make(&name, 1)), by_compact(name));
    }
}

static void names_read_back_in_any_case(void **state)
{
    char changed[64];

    (void)state;
    assert_string_equal(sip_header_name(SIP_HEADER_OTHER), "");
    assert_string_equal(sip_header_name(SIP_HEADER_COUNT), "");
    for (int id = SIP_HEADER_OTHER + 1; id < SIP_HEADER_COUNT; id++) {
        const char *name = sip_header_name((enum sip_header_id)id);
        size_t len = strlen(name);
        assert_true(len > 1 && len < sizeof(changed));
        assert_int_equal(sip_header_find(span_cstr(name)), id);
        for (size_t i = 0; i <= len; i++) {
            changed[i] = char_is_alpha(name[i]) ? (char)(name[i] ^ 0x20) : name[i];
        }
        assert_int_equal(sip_header_find(span_cstr(changed)), id);
    }
}

/* The id of exactly this name, found by a plain walk. */
static enum sip_header_id exact(const char *name, size_t len)
{
    if (len == 1) {
        return by_compact(name[0]);
    }
    for (int id = SIP_HEADER_OTHER + 1; id < SIP_HEADER_COUNT; id++) {
        if (span_ieq(span_make(name, len), span_cstr(sip_header_name((enum sip_header_id)id)))) {
            return (enum sip_header_id)id;
        }
    }
    return SIP_HEADER_OTHER;
}

static void every_truncation_and_byte_change(void **state)
{
    (void)state;
    for (int id = SIP_HEADER_OTHER + 1; id < SIP_HEADER_COUNT; id++) {
        const char *name = sip_header_name((enum sip_header_id)id);
        for (size_t len = 0; len <= strlen(name); len++) {
            struct guard g = guard_copy(name, len);
            assert_int_equal(sip_header_find(span_make(g.ptr, len)), exact(name, len));
            guard_free(&g);
        }
        struct guard g = guard_copy(name, strlen(name));
        for (size_t at = 0; at < g.len; at++) {
            for (int c = 0; c < 256; c++) {
                g.ptr[at] = (char)c;
                enum sip_header_id found = sip_header_find(span_make(g.ptr, g.len));
                assert_int_equal(found, exact(g.ptr, g.len));
            }
            g.ptr[at] = name[at];
        }
        guard_free(&g);
    }
}

static void methods_are_exact(void **state)
{
    (void)state;
    for (int m = SIP_METHOD_UNKNOWN + 1; m < SIP_METHOD_COUNT; m++) {
        const char *name = sip_method_name((enum sip_method)m);
        assert_int_equal(sip_method_find(span_cstr(name)), m);
        for (size_t len = 0; len < strlen(name); len++) {
            struct guard g = guard_copy(name, len);
            assert_int_equal(sip_method_find(span_make(g.ptr, len)), SIP_METHOD_UNKNOWN);
            guard_free(&g);
        }
        struct guard g = guard_copy(name, strlen(name));
        for (size_t at = 0; at < g.len; at++) {
            for (int c = 0; c < 256; c++) {
                g.ptr[at] = (char)c;
                enum sip_method found = sip_method_find(span_make(g.ptr, g.len));
                assert_true(c == name[at] ? found == (enum sip_method)m : found != (enum sip_method)m);
            }
            g.ptr[at] = name[at];
        }
        guard_free(&g);
    }
    assert_int_equal(sip_method_find(SPAN_LIT("UNKNOWN")), SIP_METHOD_UNKNOWN);
    assert_int_equal(sip_method_find(SPAN_LIT("invite")), SIP_METHOD_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_one_letter_name),
        cmocka_unit_test(names_read_back_in_any_case),
        cmocka_unit_test(every_truncation_and_byte_change),
        cmocka_unit_test(methods_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
