/* SPDX-License-Identifier: MIT */
/* What CALL and --sip-header take (SPEC sections 2 and 3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/sipmsg.h"

struct target_row {
    const char *target, *uri, *label;
};

static const struct target_row good[] = {
    {"0938220136", "sip:0938220136@pbx", "0938220136"},
    {"+886 (2) 1234-56.78", "sip:+886212345678@pbx", "+886212345678"},
    {"*98#", "sip:*98%23@pbx", "*98#"},
    {"#", "sip:%23@pbx", "#"},
    {"0-9", "sip:09@pbx", "09"},
    {"1.2", "sip:12@pbx", "12"},
    {"echo", "sip:echo@pbx", "echo"},
    {"a", "sip:a@pbx", "a"},
    {"1a", "sip:1a@pbx", "1a"},
    {"Alice_B.c+d-e", "sip:Alice_B.c+d-e@pbx", "Alice_B.c+d-e"},
    {"sip:bob@example.com", "sip:bob@example.com", "bob"},
    {"sip:*1#@h:5070;transport=udp", "sip:*1%23@h:5070;transport=udp", "*1#"},
    {"SIP:[::1]:5070", "SIP:[::1]:5070", "SIP:[::1]:5070"},
    /* pasted: what cannot be seen, blanks and dashes of other widths */
    {"\u202a0912\u200b345\u202c", "sip:0912345@pbx", "0912345"},
    {"\u00a0+886\u00a02\u20111234\u2013567\u3000", "sip:+88621234567@pbx", "+88621234567"},
    {"\ufeff0912\u00ad345\ufe0f", "sip:0912345@pbx", "0912345"},
    {" echo\u200b ", "sip:echo@pbx", "echo"},
    {"bob\u2010smith", "sip:bob-smith@pbx", "bob-smith"},
    {"\u2068sip:bob@h\u2069", "sip:bob@h", "bob"},
    /* names, though they look a little like extensions */
    {"4x4", "sip:4x4@pbx", "4x4"},
    {"1a2", "sip:1a2@pbx", "1a2"},
    {"5550100x", "sip:5550100x@pbx", "5550100x"},
    {"5550100xa1", "sip:5550100xa1@pbx", "5550100xa1"},
    {"bob5550x12", "sip:bob5550x12@pbx", "bob5550x12"},
    {"5550100#12", "sip:5550100%2312@pbx", "5550100#12"},
};

static const char *const bad[] = {
    "",
    " ",
    "+",
    "-",
    "()",
    "_a",
    ".a",
    "a b",
    "a@b",
    "a/b",
    "a\r\nX: y",
    "123@10.9.9.9;x=y",
    "\xe9\x9b\xbb\xe8\xa9\xb1",
    "12\t3",
    "1234567890123456789012345678901234567890123456789012345678901234a",
    "sips:a@h",
    "tel:+123",
    "http://h",
    "sip:",
    "sip:a@h?x=y",
    "sip:a@h?",
    "sip:a@h;maddr=1.2.3.4",
    "sip:a@h;M%61ddr=1.2.3.4",
    "sip:a b@h",
    "sip:a@h\r\nX: y",
    "sip:a@@h",
    "sip:a@h;x=\"y\"",
    "<sip:a@h>",
    "5550100x12",
    "a\u00a0b",
    "\uff10\uff19\uff11\uff12",
    "\u0660\u0669",
    "\u200b",
    "0912\xff",
};

/* Each is refused, and says what is wrong with it. */
static void refusals_say_why(void **state)
{
    static const char *const table[][2] = {
        {"5550100x12", "extension"},
        {"555-0100 x12", "extension"},
        {"555-0100 ext. 12", "extension"},
        {"(02) 555 0100 Extension 12", "extension"},
        {"+886 2 5550100extn=12", "extension"},
        {"5550100,12", "extension"},
        {"5550100,,12#", "extension"},
        {"5550100;ext=12", "extension"},
        {"5550100;12", "extension"},
        {"5550100p12", "extension"},
        {"5550100W12", "extension"},
        {"5550100\u00a0x\u200b12", "extension"},
        {"5550100 # ext 12", "extension"},
        {"", "empty"},
        {"\u200b ", "empty"},
        {"\uff10\uff19\uff11\uff12", "ASCII"},
        {"sip:a@h?x=y", "sip: URI"},
        {"tel:+886", "tel:"},
        {"sips:a@h", "sips:"},
        {"bob@example.com", "sip: before"},
        {"<sip:bob@example.com>", "sip: before"},
        {"a b", "expected a number"},
    };
    char uri[128];
    char label[128];

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct guard g = guard_copy(table[i][0], strlen(table[i][0]));
        struct span target = span_make(g.ptr, g.len);
        int status = sip_target_parse(target, SPAN_LIT("pbx"), uri, sizeof(uri), label, sizeof(label));
        if (status != ST_BAD || strstr(sip_target_refusal(target), table[i][1]) == NULL) {
            fail_msg("%s: %d, %s", table[i][0], status, sip_target_refusal(target));
        }
        guard_free(&g);
    }
}

static void good_targets_become_uris(void **state)
{
    char uri[128];
    char label[128];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct guard g = guard_copy(good[i].target, strlen(good[i].target));
        struct span target = span_make(g.ptr, g.len);
        if (sip_target_parse(target, SPAN_LIT("pbx"), uri, sizeof(uri), label, sizeof(label)) != ST_OK) {
            fail_msg("refused: %s", good[i].target);
        }
        assert_string_equal(uri, good[i].uri);
        assert_string_equal(label, good[i].label);
        guard_free(&g);
    }
}

static void bad_targets_are_refused(void **state)
{
    char uri[128];
    char label[128];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uri[0] = 'x';
        if (sip_target_parse(span_cstr(bad[i]), SPAN_LIT("pbx"), uri, sizeof(uri), label, sizeof(label)) != ST_BAD) {
            fail_msg("taken: %s", bad[i]);
        }
        assert_string_equal(uri, "");
        assert_string_equal(label, "");
    }
    assert_int_equal(sip_target_parse(SPAN_LIT("1\0002"), SPAN_LIT("pbx"), uri, sizeof(uri), label, sizeof(label)),
                     ST_BAD);
    assert_int_equal(sip_target_parse(SPAN_LIT("a\0"), SPAN_LIT("pbx"), uri, sizeof(uri), label, sizeof(label)),
                     ST_BAD);
    assert_int_equal(sip_target_parse(SPAN_LIT("1"), SPAN_LIT("no host"), uri, sizeof(uri), label, sizeof(label)),
                     ST_BAD);
    assert_int_equal(sip_target_parse(SPAN_LIT("1"), SPAN_NONE, uri, sizeof(uri), label, sizeof(label)), ST_BAD);
}

static void rooms_are_respected_to_the_byte(void **state)
{
    static const char *const targets[] = {"12#", "echo", "sip:bob#@h"};
    static const size_t uri_lens[] = {sizeof "sip:12%23@pbx", sizeof "sip:echo@pbx", sizeof "sip:bob%23@h"};
    static const size_t label_lens[] = {sizeof "12#", sizeof "echo", sizeof "bob#"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t cap = 0; cap < 20; cap++) {
            struct guard uri = guard_room(cap);
            struct guard label = guard_room(cap < label_lens[i] ? label_lens[i] : cap);
            struct span target = span_cstr(targets[i]);
            int status = sip_target_parse(target, SPAN_LIT("pbx"), uri.ptr, cap, label.ptr, label_lens[i]);
            assert_int_equal(status, cap >= uri_lens[i] ? ST_OK : ST_TOO_LARGE);
            guard_free(&uri);
            uri = guard_room(uri_lens[i]);
            status = sip_target_parse(target, SPAN_LIT("pbx"), uri.ptr, uri.len, label.ptr, cap);
            assert_int_equal(status, cap >= label_lens[i] ? ST_OK : ST_TOO_LARGE);
            guard_free(&uri);
            guard_free(&label);
        }
    }
}

/* What comes out of any bytes, given at the end of a page: a URI of ours that parses, or nothing. */
static void check_any(const char *bytes, size_t len)
{
    char uri[256];
    char label[128];
    char again[256];
    char label_again[256];
    struct span target = span_make(bytes, len);

    int status = sip_target_parse(target, SPAN_LIT("pbx"), uri, sizeof(uri), label, sizeof(label));
    assert_true(status == ST_OK || status == ST_BAD);
    if (status != ST_OK) {
        assert_string_equal(uri, "");
        assert_string_equal(label, "");
        return;
    }
    assert_true(label[0] != '\0' && span_istarts(span_cstr(uri), SPAN_LIT("sip:")));
    /* the URI is a target too, and stays what it is */
    status = sip_target_parse(span_cstr(uri), SPAN_LIT("x"), again, sizeof(again), label_again, sizeof(label_again));
    assert_int_equal(status, ST_OK);
    assert_string_equal(again, uri);
    for (const char *c = uri; *c != '\0'; c++) {
        assert_true(*c > ' ' && *c < 0x7f && *c != '#' && *c != '<' && *c != '>' && *c != '"');
    }
}

static void every_truncation_and_byte_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const char *text = good[i].target;
        for (size_t len = 0; len <= strlen(text); len++) {
            struct guard g = guard_copy(text, len);
            check_any(g.ptr, len);
            guard_free(&g);
        }
        struct guard g = guard_copy(text, strlen(text));
        for (size_t at = 0; at < g.len; at++) {
            for (int c = 0; c < 256; c++) {
                g.ptr[at] = (char)c;
                check_any(g.ptr, g.len);
            }
            g.ptr[at] = text[at];
        }
        guard_free(&g);
    }
}

static void header_lines_cut_and_changed(void **state)
{
    static const char line[] = "P-Tag_1: \xe9\x9b\xbb <sip:a@h>";

    (void)state;
    for (size_t len = 0; len < sizeof(line); len++) {
        struct guard g = guard_copy(line, len);
        bool in_character = len == 10 || len == 11;
        assert_int_equal(sip_header_line_ok(span_make(g.ptr, len)), len > 7 && !in_character);
        guard_free(&g);
    }
    struct guard g = guard_copy(line, sizeof(line) - 1);
    for (size_t at = 0; at < g.len; at++) {
        for (int c = 0; c < 256; c++) {
            g.ptr[at] = (char)c;
            bool ok = sip_header_line_ok(span_make(g.ptr, g.len));
            bool control = c < ' ' || c == 0x7f;
            assert_true(!control || !ok);
            assert_true(c < 0x80 || ok == utf8_valid(span_make(g.ptr, g.len)) || at < 8);
            assert_true(at >= 7 || !ok || c == ':' || char_is_alnum((char)c) || strchr("-.!%*_+`'~", c) != NULL);
        }
        g.ptr[at] = line[at];
    }
    guard_free(&g);
}

static void header_lines(void **state)
{
    static const char *const ok[] = {"X-Tenant: 7", "P-Asserted-Identity: <sip:a@h>", "X:", "Subject: \xe9\x9b\xbb",
                                     "Date:x:y",    "Alert-Info: <http://x>"};
    static const char *const refused[] = {"",
                                          "X",
                                          ": x",
                                          "X Y: z",
                                          "X : z",
                                          "X: a\r\nY: b",
                                          "X: a\nY",
                                          "X: \x7f",
                                          "X: a\tb",
                                          "X: \xff",
                                          "Via: SIP/2.0/UDP h",
                                          "v: SIP/2.0/UDP h",
                                          "FROM: x",
                                          "t: x",
                                          "Call-ID: x",
                                          "CSeq: 1 INVITE",
                                          "m: <sip:x>",
                                          "Content-Length: 5",
                                          "c: text/plain",
                                          "Route: <sip:x>",
                                          "Max-Forwards: 1",
                                          "Authorization: Digest",
                                          "Proxy-Authorization: Digest",
                                          "Require: 100rel",
                                          "User-Agent: x",
                                          "Content-Encoding: gzip"};

    (void)state;
    for (size_t i = 0; i < sizeof(ok) / sizeof(ok[0]); i++) {
        if (!sip_header_line_ok(span_cstr(ok[i]))) {
            fail_msg("refused: %s", ok[i]);
        }
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct guard g = guard_copy(refused[i], strlen(refused[i]));
        if (sip_header_line_ok(span_make(g.ptr, g.len))) {
            fail_msg("taken: %s", refused[i]);
        }
        guard_free(&g);
    }
    assert_false(sip_header_line_ok(SPAN_LIT("X: a\0b")));
}

/* What a caller's user part may bring: escapes, broken ones, bytes that are no text, too much. */
static void user_texts(void **state)
{
    static const char *const cases[][2] = {
        {"0912345678", "0912345678"}, {"%2B886-2", "+886-2"}, {"a%3ab%25", "a:b%"}, {"%e5%89%8d", "\xe5\x89\x8d"},
        {"%ff%00%0a", "???"},         {"%4", "%4"},           {"%zz", "%zz"},       {"", ""},
        {"1;phone-context=x", "1"},
    };
    char buf[TEXT_SAFE_MAX + 1];
    char long_one[3 * 400 + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guard g = guard_copy(cases[i][0], strlen(cases[i][0]));
        assert_string_equal(sip_user_text(span_make(g.ptr, g.len), buf), cases[i][1]);
        guard_free(&g);
    }
    for (size_t i = 0; i < 400; i++) {
        memcpy(long_one + 3 * i, "%41", 3);
    }
    assert_int_equal(strlen(sip_user_text(span_make(long_one, 1200), buf)), TEXT_SAFE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_targets_become_uris),
        cmocka_unit_test(bad_targets_are_refused),
        cmocka_unit_test(refusals_say_why),
        cmocka_unit_test(rooms_are_respected_to_the_byte),
        cmocka_unit_test(every_truncation_and_byte_change),
        cmocka_unit_test(header_lines),
        cmocka_unit_test(header_lines_cut_and_changed),
        cmocka_unit_test(user_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
