/* SPDX-License-Identifier: MIT */
/* Results of fallible functions inside the program. errno never leaves the os room. */
#ifndef WSAUDIO_BASE_STATUS_H
#define WSAUDIO_BASE_STATUS_H

#define WS_MUST_CHECK        __attribute__((warn_unused_result))
#define WS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Functions that can fail return `int`: ST_OK (0), or one of these negative values. A function that
 * returns a count says so and returns the same negative values. */
enum status {
    ST_OK = 0,
    ST_NO_MEMORY = -1,   /* an allocation failed */
    ST_FULL = -2,        /* a pool, queue or buffer of fixed size has no room */
    ST_BAD = -3,         /* the input is not what its format says */
    ST_NOT_FOUND = -4,   /* no such object, file or id */
    ST_BUSY = -5,        /* the object is taken (port, name, slot) */
    ST_TOO_LARGE = -6,   /* over a limit given by the caller */
    ST_STATE = -7,       /* the call does not fit the object's state */
    ST_IO = -8,          /* the operating system refused */
    ST_AGAIN = -9,       /* nothing to read, or no room to write, now */
    ST_DENIED = -10,     /* a rule refuses */
    ST_UNSUPPORTED = -11 /* valid, but not done here */
};

/* A short English word for a status, for logs; never NULL. */
const char *status_name(int status);

#endif
