/* SPDX-License-Identifier: MIT */
/* What is no command, and how it is answered so that whoever wrote the client knows why. */
#include "text.h"

static bool is_json(struct span text)
{
    struct span trimmed = span_trim(text);
    return trimmed.len > 0 && (trimmed.ptr[0] == '{' || trimmed.ptr[0] == '[');
}

/* The letters that a message begins with, blanks and a quote before them aside. */
static struct span first_word(struct span text)
{
    struct span rest = span_trim(text);
    if (rest.len > 0 && (rest.ptr[0] == '"' || rest.ptr[0] == '\'')) {
        rest = span_from(rest, 1);
    }
    size_t len = 0;
    while (len < rest.len && (char_is_alnum(rest.ptr[len]) || rest.ptr[len] == '_')) {
        len++;
    }
    return span_head(rest, len);
}

static void list_verbs(char *text, size_t cap)
{
    struct outbuf out;

    outbuf_init(&out, text, cap - 1);
    for (int verb = VERB_UNKNOWN + 1; verb < VERB_COUNT; verb++) {
        outbuf_printf(&out, "%s%s", out.len > 0 ? " " : "", verb_name((enum verb)verb));
    }
    text[out.len] = '\0';
}

void dialect_text_unknown(struct client *c, struct span text, struct span word)
{
    struct span first = first_word(text);
    enum verb verb = verb_nearest(first);
    const char *name = verb_name(verb);
    char all[256];

    if (span_trim(text).len == 0) {
        dialect_text_error(c, word, ERROR_UNKNOWN_VERB, "the message is empty");
    } else if (is_json(text)) {
        dialect_text_error(c, word, ERROR_UNKNOWN_VERB,
                           "no JSON is spoken here: a command is text, VERB or VERB:arguments, as CALL:echo");
    } else if (verb == VERB_UNKNOWN) {
        list_verbs(all, sizeof(all));
        dialect_text_error(c, word, ERROR_UNKNOWN_VERB, "no such command; there are %s", all);
    } else if (!span_ieq(first, span_cstr(name))) {
        dialect_text_error(c, word, ERROR_UNKNOWN_VERB, "no such command; %s is the nearest", name);
    } else if (!span_eq(first, span_cstr(name))) {
        dialect_text_error(c, word, ERROR_UNKNOWN_VERB, "verbs are upper case: %s", name);
    } else {
        dialect_text_error(c, word, ERROR_UNKNOWN_VERB, "nothing but %s or %s:arguments is understood", name, name);
    }
}

bool dialect_text_is_one_line(struct client *c, struct span text)
{
    size_t end = 0;

    while (end < text.len && text.ptr[end] != '\r' && text.ptr[end] != '\n' && text.ptr[end] != '\0') {
        end++;
    }
    struct command cmd;
    command_parse(span_head(text, end), &cmd);
    if (end == text.len || cmd.verb == VERB_UNKNOWN || cmd.verb == VERB_PLAY_WAV) {
        return true; /* PLAY_WAV is never answered by ERROR */
    }
    dialect_text_error(c, cmd.word, ERROR_BAD_ARGUMENT,
                       "one message is one command: nothing may stand behind a line end or NUL");
    return false;
}

/* ---- commands as binary messages ---- */

static void tell_binary(struct client *c, enum verb verb)
{
    if (!text_client(c)->told_binary) {
        text_client(c)->told_binary = true;
        dialect_text_error(c, span_cstr(verb_name(verb)), ERROR_BAD_ARGUMENT,
                           "a command is a text message; a binary one is audio, and this one was dropped (told once)");
    }
}

static void pass_held(struct client *c)
{
    struct binary_start *start = &text_client(c)->binary;

    start->state = BINARY_IS_AUDIO;
    if (start->len > 0) {
        dialect_text_audio(c, span_make(start->held, start->len), false);
    }
}

/* The rule: a few octets show that no verb begins so. */
static bool is_audio_at_once(struct span piece)
{
    bool maybe = true;
    enum verb verb = VERB_UNKNOWN;

    for (size_t len = 1; len <= piece.len && maybe; len++) {
        verb = verb_of_text(span_head(piece, len), &maybe);
    }
    return !maybe && verb == VERB_UNKNOWN;
}

/* As long as it may be a command's text it is held; returns what is left of the piece. */
static struct span hold(struct client *c, struct span piece)
{
    struct binary_start *start = &text_client(c)->binary;
    bool maybe = true;
    size_t at = 0;

    if (start->len == 0 && is_audio_at_once(piece)) {
        start->state = BINARY_IS_AUDIO;
        return piece;
    }
    while (at < piece.len && maybe) {
        start->held[start->len++] = piece.ptr[at++];
        enum verb verb = verb_of_text(span_make(start->held, start->len), &maybe);
        if (verb != VERB_UNKNOWN && !maybe) {
            tell_binary(c, verb);
            start->state = BINARY_IS_TEXT;
        } else if (!maybe) {
            pass_held(c);
        }
    }
    return span_from(piece, at);
}

static void end_held(struct client *c)
{
    struct binary_start *start = &text_client(c)->binary;
    bool maybe;
    enum verb verb = verb_of_text(span_make(start->held, start->len), &maybe);

    if (verb != VERB_UNKNOWN) {
        tell_binary(c, verb);
        start->state = BINARY_IS_TEXT;
    } else {
        pass_held(c);
    }
}

void dialect_text_binary(struct client *c, struct span piece, bool last)
{
    struct binary_start *start = &text_client(c)->binary;

    if (start->state == BINARY_BEGINS) {
        piece = hold(c, piece);
    }
    if (start->state == BINARY_BEGINS && last) {
        end_held(c);
    }
    if (start->state == BINARY_IS_AUDIO) {
        dialect_text_audio(c, piece, last);
    }
    if (last) {
        start->state = BINARY_BEGINS;
        start->len = 0;
    }
}
