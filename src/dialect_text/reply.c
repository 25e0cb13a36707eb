/* SPDX-License-Identifier: MIT */
/* Messages to a client. */
#include <stdarg.h>
#include <stdio.h>

#include "text.h"

#define TELL_MAX       2048
#define VERB_SHOWN_MAX 32

void dialect_text_tell(struct client *c, const char *fmt, ...)
{
    char text[TELL_MAX];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (n > 0) {
        client_say(c, span_make(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1));
    }
}

void dialect_text_error(struct client *c, struct span verb, enum error_code error, const char *fmt, ...)
{
    char safe[TEXT_SAFE_MAX + 1];
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    text_safe(span_head(verb, VERB_SHOWN_MAX), safe);
    dialect_text_tell(c, "ERROR:%s:%s:%s", safe, error_code_name(error), text);
}
