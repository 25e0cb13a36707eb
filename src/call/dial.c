#include "dial.h"

#include <stdlib.h>

#define USER_MAX      512
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

static int copy_rules(struct dial_guard *guard, const struct bridge_config *config)
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
        guard->any_allow = guard->any_allow || pattern->allow;
    }
    guard->pattern_count = config->dial_rule_count;
    return ST_OK;
}

int dial_guard_init(struct dial_guard *guard, const struct bridge_config *config)
{
    uint32_t calls = config->calls_per_minute;
    struct rate_limit rate = {calls, calls > 0 ? DUR_S(60) / calls : 0};
    struct rate_limit lines = {LINES_BURST, DUR_S(60)};
    const struct rng *rng = config->sip.rng;
    int status = config->dial_rule_count > 0 ? copy_rules(guard, config) : ST_OK;

    if (status == ST_OK) {
        status = rate_table_init(&guard->callers, CALLERS(config->max_clients), rate, rng_u32(rng));
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

/* ---- rules ---- */

static bool allows(const struct dial_guard *guard, struct span user, struct span host)
{
    char buf[USER_MAX + 1 + 256];
    struct outbuf whole;

    outbuf_init(&whole, buf, sizeof(buf));
    outbuf_span(&whole, user);
    outbuf_char(&whole, '@');
    outbuf_span(&whole, host);
    if (outbuf_status(&whole) != ST_OK) {
        return false;
    }
    for (uint32_t i = 0; i < guard->pattern_count; i++) {
        struct span pattern = span_cstr(guard->patterns[i].text);
        bool with_host = span_find(pattern, '@') < pattern.len;
        if (dial_pattern_matches(pattern, with_host ? outbuf_view(&whole) : user)) {
            return guard->patterns[i].allow;
        }
    }
    return !guard->any_allow;
}

static bool is_among(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* What may be dialled of it when the far end drops the separators of a written number (RFC 3966 5.1.1). */
static bool allows_number(const struct dial_guard *guard, struct span user, struct span host)
{
    char buf[USER_MAX];
    struct outbuf digits;

    outbuf_init(&digits, buf, sizeof(buf));
    for (size_t i = 0; i < user.len; i++) {
        if (!is_among(user.ptr[i], "-.() ")) {
            outbuf_char(&digits, user.ptr[i]);
        }
    }
    return digits.len == user.len || allows(guard, outbuf_view(&digits), host);
}

static bool allows_reading(const struct dial_guard *guard, struct span user, struct span host)
{
    return allows(guard, user, host) && allows_number(guard, user, host);
}

/* The values of parameters inside the user part: a routing number, a phone-context. */
static bool allows_parameters(const struct dial_guard *guard, struct span user, struct span host)
{
    (void)span_cut(&user, ';');
    while (user.len > 0) {
        struct span value = span_cut(&user, ';');
        (void)span_cut(&value, '=');
        if (value.len > 0 && !allows_reading(guard, value, host)) {
            return false;
        }
    }
    return true;
}

/* Up to the first character at which somebody might stop reading. */
static struct span head_of(struct span user)
{
    size_t len = 0;

    while (len < user.len && !is_among(user.ptr[len], ";@:?,&/")) {
        len++;
    }
    return span_head(user, len);
}

static bool is_plain(struct span user)
{
    for (size_t i = 0; i < user.len; i++) {
        unsigned char c = (unsigned char)user.ptr[i];
        if (c < ' ' || c == 0x7f || c == '%') {
            return false;
        }
    }
    return true;
}

bool dial_allows(const struct dial_guard *guard, struct span uri)
{
    char buf[USER_MAX];
    struct outbuf out;
    struct span host;

    if (guard->pattern_count == 0) {
        return true;
    }
    outbuf_init(&out, buf, sizeof(buf));
    if (sip_uri_split(uri, &out, &host) != ST_OK || !is_plain(outbuf_view(&out))) {
        return false;
    }
    struct span user = outbuf_view(&out);
    if (host.len > 0 && host.ptr[host.len - 1] == '.') {
        host.len--; /* the same name */
    }
    struct span head = head_of(user);
    return allows_reading(guard, user, host) && (head.len == user.len || allows_reading(guard, head, host)) &&
           allows_parameters(guard, user, host);
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
