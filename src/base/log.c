/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *log_level_name(enum log_level level)
{
    static const char *const names[LOG_LEVEL_COUNT] = {
        [LOG_DEBUG] = "DEBUG",
        [LOG_INFO] = "INFO",
        [LOG_WARNING] = "WARNING",
        [LOG_ERROR] = "ERROR",
    };

    return (unsigned)level < LOG_LEVEL_COUNT ? names[level] : "?";
}

static void make_one_line(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 ? text[i] != '\t' : text[i] == 0x7F) {
            text[i] = '?';
        }
    }
}

void log_write(const struct log *log, enum log_level level, const char *fmt, ...)
{
    char line[LOG_LINE_MAX];
    va_list args;

    if (!log_wants(log, level)) {
        return;
    }
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (n < 0) {
        return;
    }
    size_t len = (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1;
    make_one_line(line, len);
    log->sink(log->ctx, level, line, len);
}

void log_block(const struct log *log, enum log_level level, const char *title, struct span block)
{
    if (!log_wants(log, level)) {
        return;
    }
    log_write(log, level, "%s", title);
    while (block.len > 0) {
        struct span line = span_cut(&block, '\n');
        if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
            line.len--;
        }
        log_write(log, level, "  %.*s", SPAN_ARG(line));
    }
}
