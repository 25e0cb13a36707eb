/* SPDX-License-Identifier: MIT */
/* A reason that stands inside of a log line, in the log's language. On the wire and in errors it is English. */
#ifndef WSAUDIO_BASE_LOG_WORDS_H
#define WSAUDIO_BASE_LOG_WORDS_H

#include "wsaudio/base/log.h"

#define LOG_WORDS_MAX 256

/* The text as the catalogue has it (TEXT_ZH_WORD_…), what was put into it taken over, in buf; what is not ours, as a far end's
 * reason phrase or the system's, is given back as it is. */
const char *log_words(const struct log *log, const char *text, char buf[LOG_WORDS_MAX]);

#endif
