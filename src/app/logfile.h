/* SPDX-License-Identifier: MIT */
/* Where log lines go: "[YYYY-MM-DD HH:MM:SS] text", local time, to stdout or a file (SPEC section 5). Nothing here waits for
 * whoever reads them: 1 MiB of lines waits for the reader, what is more is left out, and one line says how many. */
#ifndef WSAUDIO_APP_LOGFILE_H
#define WSAUDIO_APP_LOGFILE_H

#include "wsaudio/os.h"

/* Microseconds since 1970; os_clock_wall in the field. */
typedef int64_t (*logfile_clock_fn)(void);

struct logfile {
    const char *path; /* borrowed; NULL: stdout */
    struct os_lines lines;
    const struct log *log; /* for the line that says what was left out; NULL: English */
    logfile_clock_fn clock;
    int64_t second; /* of stamp */
    char stamp[32]; /* "[YYYY-MM-DD HH:MM:SS] ", made anew when the second changes */
};

/* Opens path for appending (created with mode 0640); NULL path: stdout. path is kept. clock NULL: os_clock_wall.
 * As os_lines_open, with the reason in errno's words in why. */
#define LOGFILE_WHY_MAX 160
WS_MUST_CHECK int logfile_open(struct logfile *f, const char *path, logfile_clock_fn clock, char why[LOGFILE_WHY_MAX]);
/* Gives a reader that still reads time to take what waits. Safe on a closed one. */
void logfile_close(struct logfile *f);
/* Opens the path anew (SIGHUP, after a rotation). On failure the old file stays in use and says so in an ERROR line of its
 * own. Nothing to do on stdout. */
WS_MUST_CHECK int logfile_reopen(struct logfile *f, const struct log *log);
/* A log_sink_fn; ctx is the struct logfile. One write for a line. */
void logfile_sink(void *ctx, enum log_level level, const char *text, size_t len);
/* The reader reads again. */
void logfile_flush(struct logfile *f);

#endif
