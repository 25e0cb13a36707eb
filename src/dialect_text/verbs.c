/* SPDX-License-Identifier: MIT */
#include "verbs.h"

#define WORD_MAX 32

static const struct {
    const char *name, *usage;
} verbs[VERB_COUNT] = {
    [VERB_UNKNOWN] = {"UNKNOWN", "UNKNOWN"},
    [VERB_CALL] = {"CALL", "CALL:target"},
    [VERB_HANGUP] = {"HANGUP", "HANGUP"},
    [VERB_WAV_UPLOAD] = {"WAV_UPLOAD", "WAV_UPLOAD:name:base64"},
    [VERB_PLAY_WAV] = {"PLAY_WAV", "PLAY_WAV:name"},
    [VERB_STOP_WAV] = {"STOP_WAV", "STOP_WAV"},
    [VERB_DTMF] = {"DTMF", "DTMF:digits"},
    [VERB_MEDIA] = {"MEDIA", "MEDIA:format"},
    [VERB_MARK] = {"MARK", "MARK:name"},
    [VERB_CLEAR] = {"CLEAR", "CLEAR"},
    [VERB_LATENCY] = {"LATENCY", "LATENCY:ms"},
    [VERB_LIST_WAV] = {"LIST_WAV", "LIST_WAV"},
    [VERB_DELETE_WAV] = {"DELETE_WAV", "DELETE_WAV:name"},
    [VERB_STATS] = {"STATS", "STATS"},
    [VERB_LISTEN] = {"LISTEN", "LISTEN"},
    [VERB_UNLISTEN] = {"UNLISTEN", "UNLISTEN"},
    [VERB_ANSWER] = {"ANSWER", "ANSWER"},
    [VERB_REJECT] = {"REJECT", "REJECT[:code]"},
    [VERB_HOLD] = {"HOLD", "HOLD[:name]"},
    [VERB_RESUME] = {"RESUME", "RESUME"},
    [VERB_TRANSFER] = {"TRANSFER", "TRANSFER:target"},
};

static const char *const error_names[ERROR_CODE_COUNT] = {
    [ERROR_BAD_ARGUMENT] = "bad_argument",
    [ERROR_BAD_BASE64] = "bad_base64",
    [ERROR_BAD_WAV] = "bad_wav",
    [ERROR_TOO_LARGE] = "too_large",
    [ERROR_QUOTA] = "quota",
    [ERROR_NOT_FOUND] = "not_found",
    [ERROR_BUSY] = "busy",
    [ERROR_NO_CALL] = "no_call",
    [ERROR_NOT_ESTABLISHED] = "not_established",
    [ERROR_DENIED] = "denied",
    [ERROR_RATE_LIMITED] = "rate_limited",
    [ERROR_UNSUPPORTED] = "unsupported",
    [ERROR_UNKNOWN_VERB] = "unknown_verb",
    [ERROR_IO] = "io",
    [ERROR_INTERNAL] = "internal",
};

const char *verb_name(enum verb verb)
{
    return verbs[(unsigned int)verb < VERB_COUNT ? verb : VERB_UNKNOWN].name;
}

const char *verb_usage(enum verb verb)
{
    return verbs[verb].usage;
}

enum verb_takes verb_takes(enum verb verb)
{
    switch (verbs[verb].usage[strlen(verbs[verb].name)]) {
    case '[': return VERB_TAKES_EITHER;
    case ':': return VERB_TAKES_ARGUMENT;
    default: return VERB_TAKES_NOTHING;
    }
}

const char *error_code_name(enum error_code code)
{
    return (unsigned int)code < ERROR_CODE_COUNT ? error_names[code] : error_names[ERROR_INTERNAL];
}

/* "UNKNOWN" is a name for us, not a word a client may send. */
static enum verb find_verb(struct span word)
{
    for (int verb = VERB_UNKNOWN + 1; verb < VERB_COUNT; verb++) {
        if (span_eq(word, span_cstr(verbs[verb].name))) {
            return (enum verb)verb;
        }
    }
    return VERB_UNKNOWN;
}

void command_parse(struct span text, struct command *out)
{
    size_t colon = span_find(text, ':');
    struct span word = span_head(text, colon);
    out->verb = find_verb(word);
    out->word = span_head(word, WORD_MAX);
    out->has_arg = colon < text.len;
    out->arg = span_from(text, colon + 1);
}

/* ---- words that are no verbs, and verbs that are no words ---- */

/* Capital letters and digits of it; what a verb is told by. */
static struct span skeleton(struct span word, char buf[WORD_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < word.len && len < WORD_MAX; i++) {
        char c = word.ptr[i];
        if (char_is_alnum(c)) {
            buf[len++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        }
    }
    return span_make(buf, len);
}

static bool holds(struct span whole, struct span part)
{
    for (size_t at = 0; part.len >= 3 && at + part.len <= whole.len; at++) {
        if (span_starts(span_from(whole, at), part)) {
            return true;
        }
    }
    return false;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Letters to insert, remove or change. */
static size_t distance(struct span a, struct span b)
{
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) {
        row[j] = j;
    }
    for (size_t i = 0; i < a.len; i++) {
        size_t before = row[0]++;
        for (size_t j = 0; j < b.len; j++) {
            size_t up = row[j + 1];
            row[j + 1] = least(up + 1, row[j] + 1, before + (a.ptr[i] != b.ptr[j] ? 1 : 0));
            before = up;
        }
    }
    return row[b.len];
}

enum verb verb_nearest(struct span word)
{
    enum verb nearest = VERB_UNKNOWN;
    char mine[WORD_MAX];
    char other[WORD_MAX];
    struct span said = skeleton(word, mine);
    size_t best = said.len < 3 ? 1 : said.len < 6 ? 4 : 2 * (said.len / 3) + 1; /* twice the letters, to be under */
    for (int verb = VERB_UNKNOWN + 1; verb < VERB_COUNT; verb++) {
        struct span name = skeleton(span_cstr(verbs[verb].name), other);
        size_t far = 2 * distance(said, name);
        if (far > 3 && (holds(name, said) || holds(said, name))) {
            far = 3; /* behind what differs in one letter */
        }
        if (far < best) {
            best = far;
            nearest = (enum verb)verb;
        }
    }
    return nearest;
}

static bool is_padding(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != '\0') {
            return false;
        }
    }
    return true;
}

enum verb verb_of_text(struct span bytes, bool *maybe)
{
    *maybe = false;
    if (bytes.len > 0 && (bytes.ptr[0] < 'A' || bytes.ptr[0] > 'Z')) {
        return VERB_UNKNOWN; /* most audio does not begin with a capital letter, and this is asked for every piece of it */
    }
    for (int verb = VERB_UNKNOWN + 1; verb < VERB_COUNT; verb++) {
        if (bytes.len > 0 && bytes.ptr[0] != verbs[verb].name[0]) {
            continue;
        }
        struct span name = span_cstr(verbs[verb].name);
        struct span behind = span_from(bytes, name.len);
        if (bytes.len < name.len) {
            *maybe = *maybe || span_starts(name, bytes);
        } else if (span_starts(bytes, name) && (is_padding(behind) || behind.ptr[0] == ':')) {
            *maybe = bytes.len < VERB_TEXT_MAX && is_padding(behind);
            return (enum verb)verb;
        }
    }
    return VERB_UNKNOWN;
}
