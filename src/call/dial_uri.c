/* SPDX-License-Identifier: MIT */
/* Who reads a dialled URI how is not known here: a PBX may cut at a delimiter, drop what is no digit, or look at the host. So
 * each reading is a text of its own, and all of them must pass. */
#include "dial.h"

#define USER_MAX 512
#define TEXT_MAX 2048 /* user, password and parameters */
#define MARKS    "-.()_ ~'!"

/* A reading at which a far end surely looks must pass like a number that is dialled; one that is a guess must only not be
 * denied by a pattern that names something. */
enum strictness { SURE, GUESS };

struct judge {
    const struct dial_guard *guard;
    struct span host;
};

static bool is_dialled(char c)
{
    return char_is_digit(c) || char_is_among(c, "+*#");
}

static bool is_service(char c)
{
    return c == '*' || c == '#';
}

static bool is_delimiter(char c)
{
    return !char_is_alnum(c) && !char_is_among(c, "+*#" MARKS);
}

/* ---- the list ---- */

static bool matches(const struct dial_pattern *pattern, struct span text, struct span with_host)
{
    struct span said = span_cstr(pattern->text);
    bool host = span_find(said, '@') < said.len;

    return dial_pattern_matches(said, host ? with_host : text) ||
           (pattern->number[0] != '\0' && dial_pattern_matches(span_cstr(pattern->number), text));
}

static const struct dial_pattern *first_match(const struct judge *j, struct span text)
{
    static const struct dial_pattern too_long = {.allow = false};
    char buf[USER_MAX + 1 + 256];
    struct outbuf whole;

    outbuf_init(&whole, buf, sizeof(buf));
    outbuf_span(&whole, text);
    outbuf_char(&whole, '@');
    outbuf_span(&whole, j->host);
    if (outbuf_status(&whole) != ST_OK) {
        return &too_long;
    }
    for (uint32_t i = 0; i < j->guard->pattern_count; i++) {
        if (matches(&j->guard->patterns[i], text, outbuf_view(&whole))) {
            return &j->guard->patterns[i];
        }
    }
    return NULL;
}

static bool passes(const struct judge *j, struct span text, enum strictness how)
{
    const struct dial_pattern *match = first_match(j, text);

    if (how == GUESS) {
        return match == NULL || match->allow || match->broad;
    }
    return match != NULL ? match->allow : !j->guard->any_allow;
}

/* ---- readings ---- */

static struct span keep(struct span text, bool (*wanted)(char), struct outbuf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (wanted(text.ptr[i])) {
            outbuf_char(out, text.ptr[i]);
        }
    }
    return outbuf_view(out);
}

static bool is_no_mark(char c)
{
    return !char_is_among(c, MARKS);
}

/* The next run of characters that are wanted; empty at the end. */
static struct span next_run(struct span *rest, bool (*wanted)(char))
{
    size_t from = 0;

    while (from < rest->len && !wanted(rest->ptr[from])) {
        from++;
    }
    size_t len = from;
    while (len < rest->len && wanted(rest->ptr[len])) {
        len++;
    }
    struct span run = span_from(span_head(*rest, len), from);
    *rest = span_from(*rest, len);
    return run;
}

static bool has_any(struct span text, bool (*wanted)(char))
{
    return next_run(&text, wanted).len > 0;
}

/* RFC 3966: + stands for what is dialled before a country's code, 00 in most countries, and some PBXs drop it. */
static bool passes_prefixes(const struct judge *j, struct span number)
{
    static const char *const instead_of_plus[] = {"", "00"};
    static const char *const instead_of_00[] = {"+"};
    bool plus = span_starts(number, SPAN_LIT("+"));
    char buf[USER_MAX + 2];
    struct outbuf out;

    if (!plus && !span_starts(number, SPAN_LIT("00"))) {
        return true;
    }
    const struct dial_pattern *match = first_match(j, number);
    if (match != NULL && match->allow && !match->broad) {
        return true;
    }
    for (size_t i = 0; i < (plus ? 2U : 1U); i++) {
        outbuf_init(&out, buf, sizeof(buf));
        outbuf_str(&out, plus ? instead_of_plus[i] : instead_of_00[i]);
        outbuf_span(&out, span_from(number, plus ? 1 : 2));
        if (outbuf_status(&out) != ST_OK || !passes(j, outbuf_view(&out), GUESS)) {
            return false;
        }
    }
    return true;
}

/* "#31#+886912": a number behind a service code. A '+' behind a digit is no number's: it joins two. */
static bool passes_inner_plus(const struct judge *j, struct span number)
{
    for (size_t i = 1; i < number.len; i++) {
        struct span rest = span_from(number, i);
        if (rest.ptr[0] == '+' &&
            (char_is_digit(number.ptr[i - 1]) || !passes(j, rest, GUESS) || !passes_prefixes(j, rest))) {
            return false;
        }
    }
    return true;
}

/* "#31#0912": what stands between, and what is left when nothing but digits is. */
static bool passes_runs(const struct judge *j, struct span number)
{
    char buf[USER_MAX];
    struct outbuf out;

    outbuf_init(&out, buf, sizeof(buf));
    if (!has_any(number, is_service)) {
        return true;
    }
    if (!passes(j, keep(number, char_is_digit, &out), GUESS)) {
        return false;
    }
    for (struct span run = next_run(&number, char_is_digit); run.len > 0; run = next_run(&number, char_is_digit)) {
        if (!passes(j, run, GUESS)) {
            return false;
        }
    }
    return true;
}

/* No letter and no delimiter in it, but a digit. */
static bool passes_number(const struct judge *j, struct span text)
{
    char buf[USER_MAX];
    struct outbuf out;

    outbuf_init(&out, buf, sizeof(buf));
    struct span number = keep(text, is_dialled, &out);
    return passes(j, text, SURE) && passes(j, number, SURE) && passes_prefixes(j, number) &&
           passes_inner_plus(j, number) && passes_runs(j, number);
}

static bool is_no_letter(char c)
{
    return !char_is_alpha(c);
}

/* Digits and letters, beginning with no letter: 0x900, 09a00. */
static bool passes_mixed(const struct judge *j, struct span text, enum strictness how)
{
    const struct dial_pattern *match = first_match(j, text);
    char buf[USER_MAX];
    struct outbuf out;

    if (match != NULL && match->allow && match->exact) {
        return true;
    }
    outbuf_init(&out, buf, sizeof(buf));
    if (!passes(j, text, how) || !passes_number(j, keep(text, is_dialled, &out))) {
        return false;
    }
    for (struct span run = next_run(&text, is_no_letter); run.len > 0; run = next_run(&text, is_no_letter)) {
        if (has_any(run, char_is_digit) && !passes_number(j, run)) {
            return false;
        }
    }
    return true;
}

static bool passes_word(const struct judge *j, struct span text, enum strictness how)
{
    char buf[USER_MAX];
    struct outbuf out;

    outbuf_init(&out, buf, sizeof(buf));
    return passes(j, text, how) && passes(j, keep(text, is_no_mark, &out), GUESS);
}

static bool is_name(struct span text)
{
    struct span rest = text;
    struct span first = next_run(&rest, char_is_alnum);

    return first.len > 0 && char_is_alpha(first.ptr[0]);
}

/* What stands between two delimiters. */
static bool passes_part(const struct judge *j, struct span text, enum strictness how)
{
    if (!has_any(text, char_is_digit) || is_name(text)) {
        return passes_word(j, text, how);
    }
    return has_any(text, char_is_alpha) ? passes_mixed(j, text, how) : passes_number(j, text);
}

static bool is_no_delimiter(char c)
{
    return !is_delimiter(c);
}

/* The parts behind the first; without words where those are not dialled. */
static bool passes_parts(const struct judge *j, struct span rest, bool words)
{
    for (struct span part = next_run(&rest, is_no_delimiter); part.len > 0; part = next_run(&rest, is_no_delimiter)) {
        bool word = !has_any(part, char_is_digit) || is_name(part);
        if ((words || !word) && !passes_part(j, part, GUESS)) {
            return false;
        }
    }
    return true;
}

/* RFC 3966 5.1.5: a local number is dialled behind its context. */
static bool passes_context(const struct judge *j, struct span number, struct span context)
{
    char buf[2 * USER_MAX];
    struct outbuf out;

    outbuf_init(&out, buf, sizeof(buf));
    if (!span_starts(context, SPAN_LIT("+")) || is_name(number)) {
        return true;
    }
    (void)keep(context, is_dialled, &out);
    struct span whole = keep(number, is_dialled, &out);
    return passes(j, whole, GUESS) && passes_prefixes(j, whole);
}

/* Parameters whose value is dialled, or is who is called (RFC 3966, RFC 4694, RFC 4458). In the user part all are judged. */
static bool is_dialled_param(struct span name)
{
    static const char *const names[] = {"phone-context", "ext", "isub", "postd", "rn", "cic", "target"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (span_ieq(name, span_cstr(names[i]))) {
            return true;
        }
    }
    return false;
}

static bool passes_params(const struct judge *j, struct span number, struct span params, bool all)
{
    while (params.len > 0) {
        struct span value = span_cut(&params, ';');
        struct span name = span_cut(&value, '=');
        if ((all || is_dialled_param(name)) && !passes_parts(j, value, true)) {
            return false;
        }
        if (span_ieq(name, SPAN_LIT("phone-context")) && !passes_context(j, number, value)) {
            return false;
        }
    }
    return true;
}

/* What would be dialled when the delimiters too are dropped: 09/00. */
static bool passes_joined(const struct judge *j, struct span user)
{
    char buf[USER_MAX];
    struct outbuf out;

    outbuf_init(&out, buf, sizeof(buf));
    return is_name(user) || passes(j, keep(user, is_dialled, &out), GUESS);
}

static bool passes_user(const struct judge *j, struct span user)
{
    size_t end = 0;

    while (end < user.len && !is_delimiter(user.ptr[end])) {
        end++;
    }
    struct span head = span_head(user, end);
    struct span params = user;
    (void)span_cut(&params, ';');
    return passes(j, user, SURE) && passes_part(j, head, SURE) && passes_parts(j, span_from(user, end), true) &&
           passes_params(j, head, params, true) && (end == user.len || passes_joined(j, user));
}

/* ---- the URI ---- */

static bool is_plain(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < ' ' || c >= 0x7f || c == '%') {
            return false;
        }
    }
    return true;
}

/* "sip:0900" has no user part: its number is where the host stands. And "sip:x@0900" may be dialled by the host. */
static bool passes_host(const struct judge *j, bool alone)
{
    struct net_addr address;

    if (alone) {
        return passes_user(j, j->host);
    }
    bool number = !has_any(j->host, char_is_alpha) && has_any(j->host, char_is_digit);
    return !number || addr_parse_ip(j->host, &address) == ST_OK || passes_number(j, j->host);
}

bool dial_allows(const struct dial_guard *guard, struct span uri)
{
    struct judge j = {.guard = guard};
    struct sip_uri_parts parts;
    char buf[TEXT_MAX];
    struct outbuf out;

    if (guard->pattern_count == 0) {
        return true;
    }
    outbuf_init(&out, buf, sizeof(buf));
    if (sip_uri_split(uri, &out, &parts) != ST_OK || !is_plain(parts.user) || !is_plain(parts.password) ||
        parts.user.len > USER_MAX) {
        return false;
    }
    j.host = parts.host;
    if (j.host.len > 0 && j.host.ptr[j.host.len - 1] == '.') {
        j.host.len--; /* the same name */
    }
    return passes_user(&j, parts.user) && passes_parts(&j, parts.password, false) &&
           passes_params(&j, parts.user, parts.params, false) && passes_host(&j, parts.user.len == 0);
}
