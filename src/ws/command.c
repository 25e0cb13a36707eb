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

bool ws_file_name_ok(struct span name)
{
    if (name.len == 0 || name.len > WS_NAME_MAX || name.ptr[0] == '.') {
        return false;
    }
    while (name.len > 0) {
        uint32_t code = 0;
        size_t len = utf8_next(name, &code);
        if (len == 0 || utf8_is_control(code) || code == '/' || code == '\\' || code == ':') {
            return false;
        }
        name = span_from(name, len);
    }
    return true;
}
