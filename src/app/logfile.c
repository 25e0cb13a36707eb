/* SPDX-License-Identifier: MIT */
#include "logfile.h"

#include <stdio.h>
#include <time.h>

#define LEFT_OUT_MAX 160 /* of the line that says how many are missing */

int logfile_open(struct logfile *f, const char *path, logfile_clock_fn clock, char why[LOGFILE_WHY_MAX])
{
    memset(f, 0, sizeof(*f));
    f->path = path;
    f->clock = clock != NULL ? clock : os_clock_wall;
    f->second = INT64_MIN;
    why[0] = '\0';
    tzset();
    int status = os_lines_open(&f->lines, path);
    if (status != ST_OK) {
        snprintf(why, LOGFILE_WHY_MAX, "%s", os_error_text());
    }
    return status;
}

void logfile_close(struct logfile *f)
{
    logfile_flush(f);
    os_lines_close(&f->lines);
}

int logfile_reopen(struct logfile *f, const struct log *log)
{
    if (f->path == NULL) {
        return ST_OK;
    }
    int status = os_lines_reopen(&f->lines, f->path);
    if (status != ST_OK) {
        log_write(log, LOG_ERROR, LOG_TEXT(log, LOGFILE_REOPEN_FAILED), f->path, os_error_text());
        return status;
    }
    logfile_flush(f);
    return ST_OK;
}

static void update_stamp(struct logfile *f)
{
    int64_t second = f->clock() / 1000000;

    if (second == f->second) {
        return;
    }
    time_t when = (time_t)second;
    struct tm parts;
    memset(&parts, 0, sizeof(parts));
    if (localtime_r(&when, &parts) == NULL ||
        strftime(f->stamp, sizeof(f->stamp), "[%Y-%m-%d %H:%M:%S] ", &parts) == 0) {
        memcpy(f->stamp, "[?] ", sizeof("[?] "));
    }
    f->second = second;
}

static const char *level_word(enum log_level level)
{
    static const char *const WORDS[LOG_LEVEL_COUNT] = {
        [LOG_DEBUG] = "DEBUG ", [LOG_INFO] = "", [LOG_WARNING] = "WARNING ", [LOG_ERROR] = "ERROR "};

    return level < LOG_LEVEL_COUNT ? WORDS[level] : "";
}

static void line_put(struct logfile *f, enum log_level level, const char *text, size_t len)
{
    char line[LOG_LINE_MAX + 64];
    struct outbuf out;

    update_stamp(f);
    outbuf_init(&out, line, sizeof(line) - 1);
    outbuf_str(&out, f->stamp);
    outbuf_str(&out, level_word(level));
    outbuf_bytes(&out, text, len < LOG_LINE_MAX ? len : LOG_LINE_MAX);
    size_t used = outbuf_view(&out).len;
    line[used] = '\n';
    (void)os_lines_put(&f->lines, line, used + 1); /* counted there */
}

/* Where lines are missing one says so, as soon as it can be read. */
static void tell_left_out(struct logfile *f)
{
    char text[LEFT_OUT_MAX];
    uint64_t missing = os_lines_untold(&f->lines);

    if (missing > 0) {
        int len = snprintf(text, sizeof(text), LOG_TEXT(f->log, LOG_LINES_LOST), (unsigned long long)missing);
        line_put(f, LOG_WARNING, text, (size_t)len);
    }
}

void logfile_sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    struct logfile *f = ctx;

    tell_left_out(f);
    line_put(f, level, text, len);
}

void logfile_flush(struct logfile *f)
{
    os_lines_flush(&f->lines);
    tell_left_out(f);
}
