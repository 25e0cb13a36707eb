/* SPDX-License-Identifier: MIT */
/* The words that clients and server say to each other in the text protocol (SPEC section 3): verbs and codes of ERROR. */
#ifndef WSAUDIO_DIALECT_TEXT_VERBS_H
#define WSAUDIO_DIALECT_TEXT_VERBS_H

#include "wsaudio/base.h"

enum verb {
    VERB_UNKNOWN,
    VERB_CALL,
    VERB_HANGUP,
    VERB_WAV_UPLOAD,
    VERB_PLAY_WAV,
    VERB_STOP_WAV,
    VERB_DTMF,
    VERB_MEDIA,
    VERB_MARK,
    VERB_CLEAR,
    VERB_LATENCY,
    VERB_LIST_WAV,
    VERB_DELETE_WAV,
    VERB_STATS,
    VERB_LISTEN,
    VERB_UNLISTEN,
    VERB_ANSWER,
    VERB_REJECT,
    VERB_HOLD,
    VERB_RESUME,
    VERB_TRANSFER,
    VERB_COUNT
};

const char *verb_name(enum verb verb);
/* As people type it: "CALL:target", "REJECT[:code]". */
const char *verb_usage(enum verb verb);

enum verb_takes { VERB_TAKES_NOTHING, VERB_TAKES_ARGUMENT, VERB_TAKES_EITHER };

enum verb_takes verb_takes(enum verb verb);

struct command {
    enum verb verb;
    struct span word; /* the verb as sent, for ERROR:VERB (cut at 32 bytes, made safe by the writer) */
    bool has_arg;     /* a ':' stood behind it */
    struct span arg;  /* behind the first ':' */
};

/* Never fails: what is not known is VERB_UNKNOWN. Verbs are exact. */
void command_parse(struct span text, struct command *out);

/* The verb that an unknown word most likely means, ASCII case and '_' aside: one that holds it or is held by it, or differs in
 * a third of its letters at most. VERB_UNKNOWN: none is near. */
enum verb verb_nearest(struct span word);
/* Whether these bytes are a command's text: "VERB:" and anything, or a verb with nothing but blanks, line ends and NULs
 * behind it. *maybe: they could become one if more came; never set over VERB_TEXT_MAX bytes. */
enum verb verb_of_text(struct span bytes, bool *maybe);
#define VERB_TEXT_MAX 16

enum error_code {
    ERROR_BAD_ARGUMENT,
    ERROR_BAD_BASE64,
    ERROR_BAD_WAV,
    ERROR_TOO_LARGE,
    ERROR_QUOTA,
    ERROR_NOT_FOUND,
    ERROR_BUSY,
    ERROR_NO_CALL,
    ERROR_NOT_ESTABLISHED,
    ERROR_DENIED,
    ERROR_RATE_LIMITED,
    ERROR_UNSUPPORTED,
    ERROR_UNKNOWN_VERB,
    ERROR_IO,
    ERROR_INTERNAL,
    ERROR_CODE_COUNT
};

const char *error_code_name(enum error_code code);

#endif
