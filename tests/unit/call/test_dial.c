/* SPDX-License-Identifier: MIT */
/* Patterns, the ordered list of rules, what of a URI they judge, and the rate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dial.h"
#include "guard.h"
#include "rng_seeded.h"

static uint64_t g_seed = 5;
static const struct rng g_rng = {rng_seeded_fill, &g_seed};
static int g_lines;
static char g_last[256];

static void sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    (void)ctx;
    assert_int_equal(level, LOG_WARNING);
    g_lines++;
    (void)snprintf(g_last, sizeof(g_last), "%.*s", (int)len, text);
}

static const struct log g_log = {.level = LOG_INFO, .sink = sink};

static bool matches(const char *pattern, const char *text)
{
    struct guard p = guard_copy(pattern, strlen(pattern));
    struct guard t = guard_copy(text, strlen(text));
    bool result = dial_pattern_matches(span_make(p.ptr, p.len), span_make(t.ptr, t.len));
    guard_free(&p);
    guard_free(&t);
    return result;
}

static void patterns(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "1", false},
        {"*", "", true},
        {"*", "anything", true},
        {"**", "", true},
        {"?", "", false},
        {"?", "1", true},
        {"?", "12", false},
        {"09*", "0912", true},
        {"09*", "09", true},
        {"09*", "0", false},
        {"09*", "1090", false},
        {"*09", "0909", true},
        {"*09", "090", false},
        {"*0*9*", "00x99x", true},
        {"*0*9*", "9990", false},
        {"1?3", "123", true},
        {"1?3", "13", false},
        {"a*b*c", "aXbXbXc", true},
        {"a*b*c", "aXbXbX", false},
        {"Bob", "bOB", true},
        {"bo?", "BOB", true},
        {"*@example.com", "x@EXAMPLE.COM", true},
        {"#31#*", "#31#0912", true},
        {"+886*", "886", false},
        {"*?", "", false},
        {"?*?", "ab", true},
        {"?*?", "a", false},
        {"*aab", "aaaaaaab", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (matches(cases[i].pattern, cases[i].text) != cases[i].matches) {
            fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].text);
        }
    }
    assert_true(dial_pattern_matches(SPAN_LIT("a?b"), SPAN_LIT("a\0b")));
}

/* Nothing in it may take long: a pattern of stars against a text that nearly fits. */
static void many_stars(void **state)
{
    char pattern[DIAL_PATTERN_MAX];
    char text[512];
    (void)state;
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = i % 2 == 0 ? '*' : 'a';
    }
    pattern[sizeof(pattern) - 1] = 'b';
    for (int i = 0; i < 1000; i++) {
        assert_false(dial_pattern_matches(span_make(pattern, sizeof(pattern)), span_make(text, sizeof(text))));
    }
}

static void open_rules(struct dial_guard *guard, const char *rules)
{
    static char texts[8][64];
    struct dial_rule list[8];
    struct calls_config config = {.max_parties = 4, .rng = &g_rng};
    struct span rest = span_cstr(rules);

    while (rest.len > 0) { /* "+09* -*": allow 09*, deny *; '|' in a pattern is a blank */
        struct span word = span_cut(&rest, ' ');
        uint32_t i = config.dial_rule_count++;
        assert_int_equal(span_copy(span_from(word, 1), texts[i], sizeof(texts[i])), ST_OK);
        for (char *c = texts[i]; *c != '\0'; c++) {
            *c = *c == '|' ? ' ' : *c;
        }
        list[i] = (struct dial_rule){.allow = word.ptr[0] == '+', .pattern = texts[i]};
    }
    config.dial_rules = list;
    memset(guard, 0, sizeof(*guard));
    assert_int_equal(dial_guard_init(guard, &config), ST_OK);
}

static void rules_and_uris(void **state)
{
    static const struct {
        const char *rules, *uri;
        bool allowed;
    } cases[] = {
        /* no rule: everything; only deny: what no pattern matches; an allow among them: only what one matches */
        {"", "sip:0900@pbx", true},
        {"-0900*", "sip:0900123@pbx", false},
        {"-0900*", "sip:0912@pbx", true},
        {"+09*", "sip:0912@pbx", true},
        {"+09*", "sip:0812@pbx", false},
        {"-0900* +09*", "sip:0800@pbx", false},
        /* one list, the first match wins */
        {"-0900* +09*", "sip:0900@pbx", false},
        {"+0900* -09* +*", "sip:09001@pbx", true},
        {"+0900* -09* +*", "sip:0911@pbx", false},
        {"+0900* -09* +*", "sip:1@pbx", true},
        /* names: case does not count */
        {"-bob", "sip:BOB@pbx", false},
        {"+Alice", "sip:alice@pbx", true},
        /* escapes are undone first */
        {"-0900*", "sip:%30%39%30%30@pbx", false},
        {"-#31#*", "sip:%2331%230912@pbx", false},
        {"-0900*", "sip:%2530900@pbx", false},
        {"+*", "sip:%250900@pbx", false},
        {"+*", "sip:0900%00@pbx", false},
        {"+*", "sip:09%0d%0a@pbx", false},
        /* written numbers */
        {"-0900*", "sip:0-9-0-0@pbx", false},
        {"-0900*", "sip:(09)00.12@pbx", false},
        {"-0900*", "sip:%200900@pbx", false},
        /* parameters and delimiters inside the user part */
        {"-0900", "sip:0900;x=1@pbx", false},
        {"-0900", "sip:0900%3Bx@pbx", false},
        {"-0900", "sip:0900%40other@pbx", false},
        {"-0900", "sip:0900%3Asecret@pbx", false},
        {"-+900*", "sip:1;phone-context=+900@pbx", false},
        {"-+900*", "sip:1;npdi;rn=+900123@pbx", false},
        {"-+900*", "sip:1;npdi;rn=+9-00@pbx", false},
        {"-+900*", "sip:1;npdi;rn=+886@pbx", true},
        {"+09*", "sip:0912;phone-context=+886@pbx", false},
        {"+0912", "sip:0912;x@pbx", false},
        /* a password is no part of it */
        {"-0900*", "sip:0900:secret@pbx", false},
        {"-secret", "sip:0912:secret@pbx", true},
        /* no user */
        {"+0*", "sip:host", false},
        {"-0*", "sip:host", true},
        {"+*", "sip:host", true},
        /* with the host */
        {"-*@evil.example", "sip:1@EVIL.example", false},
        {"-*@evil.example", "sip:1@evil.example.:5070;lr", false},
        {"-*@evil.example", "sip:1@pbx", true},
        {"+*@pbx -*", "sip:1@pbx", true},
        {"+*@pbx -*", "sip:1@other", false},
        {"-*@2001:db8::1", "sip:1@[2001:db8::1]", false},
        /* unreadable */
        {"+*", "sip:", false},
        {"+*", "tel:0900", false},
        {"+*", "0900", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dial_guard guard;
        open_rules(&guard, cases[i].rules);
        if (dial_allows(&guard, span_cstr(cases[i].uri)) != cases[i].allowed) {
            fail_msg("rules '%s', URI %s: not %s", cases[i].rules, cases[i].uri,
                     cases[i].allowed ? "allowed" : "denied");
        }
        dial_guard_fini(&guard);
    }
}

/* What people who want to get past "no 0900" write, and what must go on working beside it. */
static const struct {
    const char *rules, *uri;
    bool allowed;
} readings[] = {
    /* the number stands where the host should */
    {"-0900*", "sip:0900123456", false},
    {"-0900*", "sip:0900123456:5070;transport=udp", false},
    {"-0900*", "sip:0900123456.", false},
    {"-0900*", "sip:09-00.123", false},
    {"-0900*", "sip:x@0900123456", false},
    {"-0900*", "sip:x@0900-123", false},
    {"-0900*", "sip:[0900::1]", false},
    {"-0900*", "sip:x@0912123456", true},
    {"+09*", "sip:0912@0812", false},
    {"+09*", "sip:0912@10.0.0.9", true},
    {"-10*", "sip:0912@10.0.0.9:5070", true},
    {"-2001*", "sip:0912@[2001:db8::1]", true},
    {"-0900*", "sip:0912@0900.example.com", true},
    /* marks that a filter drops */
    {"-0900*", "sip:0_900@pbx", false},
    {"-0900*", "sip:_0900@pbx", false},
    {"-0900*", "sip:0~9!0'0@pbx", false},
    {"-0900*", "sip:0%20900@pbx", false},
    {"-0900*", "sip:0x900@pbx", false},
    {"-0900*", "sip:1x0900@pbx", false},
    {"-0900*", "sip:09a00@pbx", false},
    {"-0900*", "sip:12p0900@pbx", false},
    {"-0900*", "sip:(x0900)@pbx", true}, /* a name */
    /* digits of other scripts, letters of theirs, what cannot be seen */
    {"-0900*", "sip:%EF%BC%90%EF%BC%99%EF%BC%90%EF%BC%90@pbx", false},
    {"-0900*", "sip:%D9%A0%D9%A9%D9%A0%D9%A0@pbx", false},
    {"-0900*", "sip:0%E2%80%8B900@pbx", false},
    {"+*", "sip:%FF0900@pbx", false},
    /* several numbers: whatever stands between */
    {"-0900*", "sip:12;0900123@pbx", false},
    {"-0900*", "sip:12:0900123@pbx", false},
    {"-0900*", "sip:12:x,0900123@pbx", false},
    {"-0900*", "sip:12,0900123@pbx", false},
    {"-0900*", "sip:12&0900123@pbx", false},
    {"-0900*", "sip:12&SIP%2F0900123@pbx", false},
    {"-0900*", "sip:12/0900123@pbx", false},
    {"-0900*", "sip:12=0900123@pbx", false},
    {"-0900*", "sip:12=x=0900123@pbx", false},
    {"-0900*", "sip:12?0900123@pbx", false},
    {"-0900*", "sip:12$0900123@pbx", false},
    {"-0900*", "sip:12%7C0900123@pbx", false},
    {"-0900*", "sip:12%5E0900123@pbx", false},
    {"-0900*", "sip:12%400900123@pbx", false},
    {"-0900*", "sip:,0900123@pbx", false},
    {"-0900*", "sip:x,0900123@pbx", false},
    {"-0900*", "sip:tel%3A0900123@pbx", false},
    {"-0900*", "sip:09/00/123@pbx", false},
    {"-0900*", "sip:12+0900123@pbx", false},
    {"-bob", "sip:x,bob@pbx", false},
    {"+0912*", "sip:0912,5550100@pbx", false},
    {"+0912*", "sip:0912x5550100@pbx", false},
    {"+0912*", "sip:0912+5550100@pbx", false},
    {"+0912* -*", "sip:0912;npdi@pbx", true},
    {"+0912* +09*", "sip:0912/0911@pbx", true},
    /* +, 00 and # */
    {"-0900*", "sip:+0900123@pbx", false},
    {"-+44*", "sip:004412@pbx", false},
    {"-0044*", "sip:+4412@pbx", false},
    {"-00*", "sip:+4412@pbx", false},
    {"++886* -00*", "sip:+886912@pbx", true},
    {"++886* -8*", "sip:+886912@pbx", true},
    {"++886*", "sip:+886912@pbx", true},
    {"-0900*", "sip:%2331%230900123@pbx", false},
    {"-0900*", "sip:*31*0900123@pbx", false},
    {"-0900*", "sip:*0900123%23@pbx", false},
    {"-0900", "sip:0900%23@pbx", false},
    {"-0900*", "sip:%2331%23+0900123@pbx", false},
    {"-0900*", "sip:*31*+886912@pbx", true},
    /* a context, and other parameters that are dialled */
    {"-+90012*", "sip:1234;phone-context=+900@pbx", false},
    {"-+90012*", "sip:12-34;phone-context=+9-00@pbx", false},
    {"-+90012*", "sip:1234@pbx;phone-context=+900;user=phone", false},
    {"-0090012*", "sip:1234@pbx;phone-context=+900", false},
    {"-+90012*", "sip:1234@pbx;phone-context=+44", true},
    {"-0900*", "sip:12@pbx;rn=0900123", false},
    {"-0900*", "sip:12@pbx;r%6e=%30900123", false},
    {"-0900*", "sip:12;postd=pp0900@pbx", true}, /* keys behind the answer: p makes it a name */
    {"-0900*", "sip:12;postd=0900@pbx", false},
    {"-0900*", "sip:mail@pbx;target=sip:0900123%40pbx;cause=486", false},
    {"-0900*", "sip:mail@pbx;target=sip:0912123%40pbx;cause=486", true},
    {"-1*", "sip:0912@pbx;rinstance=1f2e;ttl=15;transport=udp", true},
    {"+09*", "sip:0912@pbx;rinstance=1f2e;user=phone", true},
    /* a pattern as people write numbers */
    {"-0900-1*", "sip:0900123@pbx", false},
    {"-(0900)|1*", "sip:0900123@pbx", false},
    {"-+886|2-*", "sip:+886212@pbx", false},
    {"+0912-345", "sip:0912345@pbx", true},
    {"-room-1", "sip:room-1@pbx", false},
    {"-room-1", "sip:room1@pbx", true},
    /* names keep what they are */
    {"-0*", "sip:agent01@pbx", true},
    {"+agent*", "sip:agent01@pbx", true},
    {"+room-*", "sip:room-101@pbx", true},
    {"+room_* -*", "sip:room_101@pbx", true},
    {"+3com -*", "sip:3com@pbx", true},
    {"-3com", "sip:3com@pbx", false},
    {"+echo", "sip:echo@pbx", true},
    {"+alice", "sip:alice:secret@pbx", true},
};

static void every_reading(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        struct dial_guard guard;
        open_rules(&guard, readings[i].rules);
        if (dial_allows(&guard, span_cstr(readings[i].uri)) != readings[i].allowed) {
            print_error("rules '%s', URI %s: not %s\n", readings[i].rules, readings[i].uri,
                        readings[i].allowed ? "allowed" : "denied");
            wrong++;
        }
        dial_guard_fini(&guard);
    }
    assert_int_equal(wrong, 0);
}

static void long_user(void **state)
{
    struct dial_guard guard;
    char uri[1200];
    (void)state;
    for (size_t len = 500; len < 1000; len += 4) {
        (void)snprintf(uri, sizeof(uri), "sip:%0*d@pbx", (int)len, 7);
        open_rules(&guard, "+*");
        assert_int_equal(dial_allows(&guard, span_cstr(uri)), len <= 512);
        dial_guard_fini(&guard);
    }
    open_rules(&guard, "");
    assert_true(dial_allows(&guard, span_cstr(uri)));
    dial_guard_fini(&guard);
    char long_pattern[DIAL_PATTERN_MAX + 2];
    memset(long_pattern, '1', sizeof(long_pattern) - 1);
    long_pattern[sizeof(long_pattern) - 1] = '\0';
    struct dial_rule rule = {.pattern = long_pattern};
    struct calls_config config = {.max_parties = 4, .rng = &g_rng, .dial_rules = &rule, .dial_rule_count = 1};
    assert_int_equal(dial_guard_init(&guard, &config), ST_TOO_LARGE);
    dial_guard_fini(&guard);
}

static void rate_and_lines(void **state)
{
    struct calls_config config = {.max_parties = 4, .rng = &g_rng, .calls_per_minute = 3};
    struct dial_guard guard = {0};
    struct net_addr peer = addr_ipv4(10, 0, 0, 7, 5000);
    struct net_addr other = addr_ipv4(10, 0, 0, 8, 5000);
    struct rate_key account = rate_key_network(&peer);
    struct rate_key second = rate_key_network(&other);
    struct dial_attempt attempt = {
        .log = &g_log, .now = DUR_S(1000), .account = &account, .peer = &peer, .label = "0912"};
    (void)state;
    g_lines = 0;
    assert_int_equal(dial_guard_init(&guard, &config), ST_OK);
    for (int i = 0; i < 3; i++) {
        assert_true(dial_pass_rate(&guard, &attempt));
    }
    for (int i = 0; i < 20; i++) {
        assert_false(dial_pass_rate(&guard, &attempt));
    }
    assert_int_equal(g_lines, 5);
    assert_string_equal(g_last, "Call to 0912 refused: 10.0.0.7:5000 is over --calls-per-minute");
    assert_int_equal(guard.limited, 20);
    attempt.account = &second;
    assert_true(dial_pass_rate(&guard, &attempt));
    attempt.account = &account;
    attempt.now += DUR_S(20);
    assert_true(dial_pass_rate(&guard, &attempt));
    assert_false(dial_pass_rate(&guard, &attempt));
    attempt.now += DUR_S(40);
    for (int i = 0; i < 2; i++) {
        assert_true(dial_pass_rate(&guard, &attempt));
    }
    assert_false(dial_pass_rate(&guard, &attempt));
    assert_int_equal(g_lines, 6);
    dial_guard_fini(&guard);

    open_rules(&guard, "-0900*");
    g_lines = 0;
    assert_false(dial_pass_rules(&guard, &attempt, SPAN_LIT("sip:09001@pbx")));
    assert_true(dial_pass_rules(&guard, &attempt, SPAN_LIT("sip:1@pbx")));
    for (int i = 0; i < 500; i++) {
        assert_true(dial_pass_rate(&guard, &attempt)); /* no --calls-per-minute */
    }
    assert_int_equal(guard.denied, 1);
    assert_int_equal(g_lines, 1);
    assert_string_equal(g_last, "Call to 0912 from 10.0.0.7:5000 denied by --dial-allow, --dial-deny");
    dial_guard_fini(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns),      cmocka_unit_test(many_stars), cmocka_unit_test(rules_and_uris),
        cmocka_unit_test(every_reading), cmocka_unit_test(long_user),  cmocka_unit_test(rate_and_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
