/* SPDX-License-Identifier: MIT */
/* The words of the text protocol (SPEC section 3). */
#include "wsaudio/ws.h"

#define WORD_MAX 32

static const char *const verb_names[WS_VERB_COUNT] = {
    [WS_VERB_UNKNOWN] = "UNKNOWN",   [WS_VERB_CALL] = "CALL",
    [WS_VERB_HANGUP] = "HANGUP",     [WS_VERB_WAV_UPLOAD] = "WAV_UPLOAD",
    [WS_VERB_PLAY_WAV] = "PLAY_WAV", [WS_VERB_STOP_WAV] = "STOP_WAV",
    [WS_VERB_DTMF] = "DTMF",         [WS_VERB_MEDIA] = "MEDIA",
    [WS_VERB_MARK] = "MARK",         [WS_VERB_CLEAR] = "CLEAR",
    [WS_VERB_LIST_WAV] = "LIST_WAV", [WS_VERB_DELETE_WAV] = "DELETE_WAV",
    [WS_VERB_STATS] = "STATS",       [WS_VERB_LISTEN] = "LISTEN",
    [WS_VERB_UNLISTEN] = "UNLISTEN", [WS_VERB_ANSWER] = "ANSWER",
    [WS_VERB_REJECT] = "REJECT",     [WS_VERB_HOLD] = "HOLD",
    [WS_VERB_RESUME] = "RESUME",     [WS_VERB_TRANSFER] = "TRANSFER",
    [WS_VERB_LATENCY] = "LATENCY",
};

static const char *const error_names[WS_ERROR_COUNT] = {
    [WS_ERROR_BAD_ARGUMENT] = "bad_argument",
    [WS_ERROR_BAD_BASE64] = "bad_base64",
    [WS_ERROR_BAD_WAV] = "bad_wav",
    [WS_ERROR_TOO_LARGE] = "too_large",
    [WS_ERROR_QUOTA] = "quota",
    [WS_ERROR_NOT_FOUND] = "not_found",
    [WS_ERROR_BUSY] = "busy",
    [WS_ERROR_NO_CALL] = "no_call",
    [WS_ERROR_NOT_ESTABLISHED] = "not_established",
    [WS_ERROR_DENIED] = "denied",
    [WS_ERROR_RATE_LIMITED] = "rate_limited",
    [WS_ERROR_UNSUPPORTED] = "unsupported",
    [WS_ERROR_UNKNOWN_VERB] = "unknown_verb",
    [WS_ERROR_IO] = "io",
    [WS_ERROR_INTERNAL] = "internal",
};

const char *ws_verb_name(enum ws_verb verb)
{
    return (unsigned int)verb < WS_VERB_COUNT ? verb_names[verb] : verb_names[WS_VERB_UNKNOWN];
}

const char *ws_error_name(enum ws_error error)
{
    return (unsigned int)error < WS_ERROR_COUNT ? error_names[error] : error_names[WS_ERROR_INTERNAL];
}

/* "UNKNOWN" is a name for us, not a word a client may send. */
static enum ws_verb find_verb(struct span word)
{
    for (int verb = WS_VERB_UNKNOWN + 1; verb < WS_VERB_COUNT; verb++) {
        if (span_eq(word, span_cstr(verb_names[verb]))) {
            return (enum ws_verb)verb;
        }
    }
    return WS_VERB_UNKNOWN;
}

void ws_command_parse(struct span text, struct ws_command *out)
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

enum ws_verb ws_verb_nearest(struct span word)
{
    enum ws_verb nearest = WS_VERB_UNKNOWN;
    char mine[WORD_MAX];
    char other[WORD_MAX];
    struct span said = skeleton(word, mine);
    size_t best = said.len < 3 ? 1 : said.len < 6 ? 4 : 2 * (said.len / 3) + 1; /* twice the letters, to be under */

    for (int verb = WS_VERB_UNKNOWN + 1; verb < WS_VERB_COUNT; verb++) {
        struct span name = skeleton(span_cstr(verb_names[verb]), other);
        size_t far = 2 * distance(said, name);
        if (far > 3 && (holds(name, said) || holds(said, name))) {
            far = 3; /* behind what differs in one letter */
        }
        if (far < best) {
            best = far;
            nearest = (enum ws_verb)verb;
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

enum ws_verb ws_verb_of_text(struct span bytes, bool *maybe)
{
    *maybe = false;
    for (int verb = WS_VERB_UNKNOWN + 1; verb < WS_VERB_COUNT; verb++) {
        struct span name = span_cstr(verb_names[verb]);
        struct span behind = span_from(bytes, name.len);
        if (bytes.len < name.len) {
            *maybe = *maybe || span_starts(name, bytes);
        } else if (span_starts(bytes, name) && (is_padding(behind) || behind.ptr[0] == ':')) {
            *maybe = bytes.len < WS_VERB_TEXT_MAX && is_padding(behind);
            return (enum ws_verb)verb;
        }
    }
    return WS_VERB_UNKNOWN;
}
