/* SPDX-License-Identifier: MIT */
/* Log lines go to a sink that the app installs; the rooms below know neither file nor clock. */
#ifndef WSAUDIO_BASE_LOG_H
#define WSAUDIO_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "wsaudio/base/span.h"
#include "wsaudio/base/text.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_LEVEL_COUNT };

const char *log_level_name(enum log_level level);

/* One line of text without its newline; the sink adds time and level (SPEC section 5). */
typedef void (*log_sink_fn)(void *ctx, enum log_level level, const char *text, size_t len);

struct log {
    enum log_level level; /* lines below it are not formatted */
    bool zh;              /* language of the catalogue */
    log_sink_fn sink;     /* NULL: nothing is logged */
    void *ctx;
};

#define LOG_LINE_MAX 2048 /* a longer line is cut */

static inline bool log_wants(const struct log *log, enum log_level level)
{
    return log != NULL && log->sink != NULL && level >= log->level;
}
/* log may be NULL. Control characters other than tab become '?', so that one call is one line. */
void log_write(const struct log *log, enum log_level level, const char *fmt, ...) WS_PRINTF(3, 4);
/* Many lines (a SIP message), each as a line of its own behind `title`. */
void log_block(const struct log *log, enum log_level level, const char *title, struct span block);

/* A catalogue text in the log's language: log_write(log, LOG_INFO, LOG_TEXT(log, CALL_REQUESTED), number).
 * Both languages are format-checked at compile time. */
#define LOG_TEXT(log, name) ((log) != NULL && (log)->zh ? TEXT_ZH_##name : TEXT_EN_##name)

#endif
