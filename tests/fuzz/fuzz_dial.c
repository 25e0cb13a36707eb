/* SPDX-License-Identifier: MIT */
/* --dial-allow and --dial-deny: a pattern, a line feed, a URI. The matcher gives what a slow one written apart gives; a URI
 * whose user part, escapes undone, a deny matches is never let through, nor one in which such a number stands between any
 * delimiters, and one that nothing matches goes as documented. */
#include "dial.h"
#include "rng_seeded.h"
#include "support_fuzz.h"
#include "wsaudio/sipmsg/uri.h"

#define TEXT_MAX 64

/* Whether pattern[p..] matches text[t..], by the book: one row a pattern character. */
static bool slow_match(struct span pattern, struct span text)
{
    bool now[TEXT_MAX + 1] = {true};
    bool next[TEXT_MAX + 1];

    for (size_t p = 0; p < pattern.len; p++) {
        char c = pattern.ptr[p];
        next[0] = c == '*' && now[0];
        for (size_t t = 1; t <= text.len; t++) {
            bool same = c == '?' || char_lower(c) == char_lower(text.ptr[t - 1]);
            next[t] = c == '*' ? now[t] || next[t - 1] : same && now[t - 1];
        }
        memcpy(now, next, sizeof(now));
    }
    return now[text.len];
}

static bool joins(char c)
{
    return char_is_alnum(c) || c == '+' || c == '*' || c == '#' || strchr("-.()_ ~'!", c) != NULL;
}

/* Whether some number in it, with neither letter nor mark at its ends, is what the pattern says. */
static bool holds_number(struct span user, const char *pattern)
{
    for (size_t from = 0; from < user.len; from++) {
        size_t to = from;
        while (to < user.len && char_is_digit(user.ptr[to])) {
            to++;
        }
        bool alone = (from == 0 || !joins(user.ptr[from - 1])) && (to == user.len || !joins(user.ptr[to]));
        if (to > from && alone && dial_pattern_matches(span_cstr(pattern), span_from(span_head(user, to), from))) {
            return true;
        }
    }
    return false;
}

static bool names_something(const char *pattern)
{
    return pattern[strspn(pattern, "*?")] != '\0';
}

static void check_rule(const char *pattern, bool allow, struct span uri)
{
    static uint64_t seed = 1;
    static const struct rng rng = {rng_seeded_fill, &seed};
    struct dial_rule rule = {.allow = allow, .pattern = pattern};
    struct calls_config config = {.max_parties = 1, .rng = &rng, .dial_rules = &rule, .dial_rule_count = 1};
    struct dial_guard guard = {0};
    char user_text[1024];
    struct outbuf user;
    struct sip_uri parsed;

    if (dial_guard_init(&guard, &config) != ST_OK) {
        abort();
    }
    bool allowed = dial_allows(&guard, uri);
    dial_guard_fini(&guard);
    bool readable = sip_uri_parse(uri, &parsed) == ST_OK && parsed.scheme == SIP_SCHEME_SIP;
    FUZZ_CHECK(readable || !allowed);
    if (!readable || parsed.user.len > sizeof(user_text) || strchr(pattern, '@') != NULL) {
        return;
    }
    outbuf_init(&user, user_text, sizeof(user_text));
    sip_unescape(&user, parsed.user);
    bool matches = dial_pattern_matches(span_cstr(pattern), outbuf_view(&user));
    FUZZ_CHECK(!allowed || (allow ? matches || strpbrk(pattern, "-.() ") != NULL : !matches));
    FUZZ_CHECK(!allowed || allow || !names_something(pattern) || !holds_number(outbuf_view(&user), pattern));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_make(data, size);
    struct span pattern = span_cut(&rest, '\n');
    char text[DIAL_PATTERN_MAX + 1];

    struct span head = span_head(rest, TEXT_MAX);
    FUZZ_CHECK(dial_pattern_matches(pattern, head) == slow_match(pattern, head));
    FUZZ_CHECK(dial_pattern_matches(SPAN_LIT("*"), rest));
    if (span_copy(pattern, text, sizeof(text)) == ST_OK) {
        check_rule(text, true, rest);
        check_rule(text, false, rest);
    }
    return 0;
}
