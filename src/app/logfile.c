#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "wsaudio/os.h"

static int open_append(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

int logfile_open(struct logfile *f, const char *path, logfile_clock_fn clock, char why[LOGFILE_WHY_MAX])
{
    memset(f, 0, sizeof(*f));
    f->path = path;
    f->clock = clock != NULL ? clock : os_clock_wall;
    f->second = INT64_MIN;
    why[0] = '\0';
    tzset();
    f->fd = path != NULL ? open_append(path) : STDOUT_FILENO;
    if (f->fd < 0) {
        snprintf(why, LOGFILE_WHY_MAX, "%s", strerror(errno));
        return ST_IO;
    }
    return ST_OK;
}

void logfile_close(struct logfile *f)
{
    if (f->path != NULL && f->fd >= 0) {
        close(f->fd);
    }
    f->fd = -1;
}

int logfile_reopen(struct logfile *f, const struct log *log)
{
    if (f->path == NULL) {
        return ST_OK;
    }
    int fresh = open_append(f->path);
    if (fresh < 0) {
        log_write(log, LOG_ERROR, LOG_TEXT(log, LOGFILE_REOPEN_FAILED), f->path, strerror(errno));
        return ST_IO;
    }
    if (f->fd >= 0) {
        close(f->fd);
    }
    f->fd = fresh;
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

/* A pipe that is full or a disk without room loses the line, not the server. */
static void write_line(struct logfile *f, const char *line, size_t len)
{
    ssize_t done = -1;
    do {
        done = write(f->fd, line, len);
    } while (done < 0 && errno == EINTR);
    if (done != (ssize_t)len) {
        f->lost++;
    }
}

void logfile_sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    struct logfile *f = ctx;
    char line[LOG_LINE_MAX + 64];
    struct outbuf out;
    if (f->fd < 0) {
        return;
    }
    update_stamp(f);
    outbuf_init(&out, line, sizeof(line) - 1);
    outbuf_str(&out, f->stamp);
    outbuf_str(&out, level_word(level));
    outbuf_bytes(&out, text, len < LOG_LINE_MAX ? len : LOG_LINE_MAX);
    size_t used = outbuf_view(&out).len;
    line[used] = '\n';
    write_line(f, line, used + 1);
}
