/* SPDX-License-Identifier: MIT */
/* errno becomes a status here, and its text is kept for the one log line that follows. errno itself does not leave
 * this room. */
#include <errno.h>
#include <string.h>

#include "os_priv.h"

/* One process, one thread: the last failure is kept for the log line that follows it at once. */
static int last_error;
static const char *last_text;

int os_fail(int error)
{
    last_error = error;
    last_text = NULL;
    switch (error) {
    case EAGAIN: return ST_AGAIN;
    case ENOMEM: return ST_NO_MEMORY;
    case ENOENT: return ST_NOT_FOUND;
    case EEXIST:
    case EADDRINUSE: return ST_BUSY;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP: return ST_DENIED;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE: return ST_FULL;
    default: return ST_IO;
    }
}

int os_fail_open(int error)
{
    int status = os_fail(error);

    return error == EMFILE || error == ENFILE ? ST_IO : status;
}

int os_fail_text(const char *text, int status)
{
    last_text = text;
    return status;
}

const char *os_error_text(void)
{
    if (last_text != NULL) {
        return last_text;
    }
    const char *text = strerror(last_error);
    return text != NULL ? text : "unknown error";
}
