/* SPDX-License-Identifier: MIT */
#include "dial.h"

#include <stdlib.h>

#define CALLERS(n)    (2 * (n) + 64)
#define LINES_SOURCES 64
#define LINES_BURST   5

bool dial_pattern_matches(struct span pattern, struct span text)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = pattern.len; /* the last '*' met, and where in the text it stops for now */
    size_t resume = 0;

    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.len &&
                   (pattern.ptr[p] == '?' || char_lower(pattern.ptr[p]) == char_lower(text.ptr[t]))) {
            p++;
            t++;
        } else if (star < pattern.len) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*') {
        p++;
    }
    return p == pattern.len;
}

/* ---- making ---- */

/* Numbers are dialled without what people write between their digits. */
static void describe(struct dial_pattern *pattern)
{
    static const char marks[] = "-.() ";
    struct span text = span_cstr(pattern->text);
    size_t kept = 0;
    bool number = false;
    bool word = false;

    pattern->broad = true;
    pattern->exact = true;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool wild = char_is_among(c, "*?");
        pattern->broad = pattern->broad && wild;
        pattern->exact = pattern->exact && !wild;
        number = number || char_is_digit(c);
        word = word || !(char_is_digit(c) || wild || char_is_among(c, "+#") || char_is_among(c, marks));
        if (!char_is_among(c, marks)) {
            pattern->number[kept++] = c;
        }
    }
    pattern->number[number && !word && kept < text.len ? kept : 0] = '\0';
}

static int copy_rules(struct dial_guard *guard, const struct calls_config *config)
{
    guard->patterns = calloc(config->dial_rule_count, sizeof(*guard->patterns));
    if (guard->patterns == NULL) {
        return ST_NO_MEMORY;
    }
    for (uint32_t i = 0; i < config->dial_rule_count; i++) {
        struct dial_pattern *pattern = &guard->patterns[i];
        int status = span_copy(span_cstr(config->dial_rules[i].pattern), pattern->text, sizeof(pattern->text));
        if (status != ST_OK) {
            return status;
        }
        pattern->allow = config->dial_rules[i].allow;
        describe(pattern);
        guard->any_allow = guard->any_allow || pattern->allow;
    }
    guard->pattern_count = config->dial_rule_count;
    return ST_OK;
}

int dial_guard_init(struct dial_guard *guard, const struct calls_config *config)
{
    uint32_t calls = config->calls_per_minute;
    struct rate_limit rate = {calls, calls > 0 ? DUR_S(60) / calls : 0};
    struct rate_limit lines = {LINES_BURST, DUR_S(60)};
    const struct rng *rng = config->rng;
    int status = config->dial_rule_count > 0 ? copy_rules(guard, config) : ST_OK;

    if (status == ST_OK) {
        status = rate_table_init(&guard->callers, CALLERS(config->max_parties), rate, rng_u32(rng));
    }
    if (status == ST_OK) {
        status = rate_table_init(&guard->lines, LINES_SOURCES, lines, rng_u32(rng));
    }
    return status;
}

void dial_guard_fini(struct dial_guard *guard)
{
    free(guard->patterns);
    rate_table_fini(&guard->callers);
    rate_table_fini(&guard->lines);
    memset(guard, 0, sizeof(*guard));
}

uint64_t dial_guard_memory(uint32_t max_clients)
{
    return rate_table_memory(CALLERS(max_clients)) + rate_table_memory(LINES_SOURCES);
}

/* ---- attempts ---- */

static bool may_log(struct dial_guard *guard, const struct dial_attempt *attempt)
{
    struct rate_key key = rate_key_network(attempt->peer);

    return rate_table_take(&guard->lines, &key, attempt->now);
}

bool dial_pass_rules(struct dial_guard *guard, const struct dial_attempt *attempt, struct span uri)
{
    char addr[ADDR_TEXT_MAX];

    if (dial_allows(guard, uri)) {
        return true;
    }
    guard->denied++;
    if (may_log(guard, attempt)) {
        log_write(attempt->log, LOG_WARNING, LOG_TEXT(attempt->log, DIAL_DENIED), attempt->label,
                  addr_text(attempt->peer, addr));
    }
    return false;
}

bool dial_pass_rate(struct dial_guard *guard, const struct dial_attempt *attempt)
{
    char addr[ADDR_TEXT_MAX];

    if (rate_table_take(&guard->callers, attempt->account, attempt->now)) {
        return true;
    }
    guard->limited++;
    if (may_log(guard, attempt)) {
        log_write(attempt->log, LOG_WARNING, LOG_TEXT(attempt->log, DIAL_LIMITED), attempt->label,
                  addr_text(attempt->peer, addr));
    }
    return false;
}
