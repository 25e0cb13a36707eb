/* SPDX-License-Identifier: MIT */
/* A loop with a flusher over a new directory, and a log that is kept, for the tests of uploads and recordings. */
#ifndef SUPPORT_STORE_H
#define SUPPORT_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wsaudio/os.h"

struct store {
    struct os_loop *loop;
    struct os_flusher *flusher;
    char *root; /* a new directory, and in it: */
    char *dir;
    int dir_fd;
    bool kernel; /* the kernel flushes */
    struct log log;
    char lines[16384]; /* "LEVEL text\n" each */
};

/* kernel false: a flusher that flushes in place, as on every machine whose kernel has no AIO. */
void store_open(struct store *s, bool kernel);
void store_close(struct store *s);
/* Turns until *count reaches want, 20 s at most. */
void store_wait(struct store *s, const int *count, int want);
/* Turns until nothing is being flushed. */
void store_settle(struct store *s);
/* Lines of the log that contain text. */
int store_logged(const struct store *s, const char *text);
/* Writes a file into dir, as a user with a shell does. */
void store_put(const struct store *s, const char *name, const void *data, size_t len);
/* Size of dir/name, or -1. */
int64_t store_size(const struct store *s, const char *name);
/* Entries of dir, hidden ones too. */
int store_count(const struct store *s);

#endif
