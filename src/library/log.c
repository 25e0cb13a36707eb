/* SPDX-License-Identifier: MIT */
/* The library's log lines, with a time stamp, on standard output. */
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine.h"
#include "sip_client.h"

static void put_stamp(FILE *out)
{
    time_t now = (time_t)(os_clock_wall() / 1000000);
    struct tm parts;
    char stamp[32];

    memset(&parts, 0, sizeof(parts));
    if (localtime_r(&now, &parts) != NULL && strftime(stamp, sizeof(stamp), "[%Y-%m-%d %H:%M:%S] ", &parts) > 0) {
        (void)fputs(stamp, out);
    }
}

void log_with_timestamp(const char *format, ...)
{
    va_list args;

    if (format == NULL) {
        return;
    }
    va_start(args, format);
    flockfile(stdout); /* one line is one line, whoever else writes */
    put_stamp(stdout);
    (void)vfprintf(stdout, format, args);
    (void)fflush(stdout);
    funlockfile(stdout);
    va_end(args);
}

static void sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    const char *word = level == LOG_INFO ? "" : log_level_name(level);

    (void)ctx;
    (void)len;
    log_with_timestamp("%s%s%s\n", word, word[0] != '\0' ? " " : "", text);
}

/* As the server chooses its language. */
static bool is_chinese(void)
{
    const char *language = getenv("LC_ALL");

    if (language == NULL || language[0] == '\0') {
        language = getenv("LANG");
    }
    return language != NULL && strncmp(language, "zh", 2) == 0;
}

void library_log_open(struct log *log, bool debug)
{
    *log = (struct log){.level = debug ? LOG_DEBUG : LOG_WARNING, .zh = is_chinese(), .sink = sink};
}
