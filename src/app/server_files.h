/* SPDX-License-Identifier: MIT */
/* The files of the server: uploads, recordings and the raw file of room store and os, as the tables of functions by which rooms
 * client and media want to read and write them. */
#ifndef WSAUDIO_APP_SERVER_FILES_H
#define WSAUDIO_APP_SERVER_FILES_H

#include "options.h"
#include "why.h"
#include "wsaudio/client.h"
#include "wsaudio/os.h"
#include "wsaudio/store/recordings.h"

struct server_files;

struct server_files_config {
    const struct options *options; /* borrows */
    const struct log *log;         /* borrows */
    struct os_loop *loop;          /* borrows */
    const mono_us *now;            /* borrows: time of the turn in hand */
    void *ctx;
    /* What upload_io.commit and media_files.cache_commit began is on the disk, or is not. */
    void (*upload_done)(void *ctx, struct pool_id client, int status);
    void (*cache_done)(void *ctx, int status);
};

/* Opens uploads, recordings and the raw file. ST_NO_MEMORY, ST_BUSY, ST_IO, ST_DENIED …, with a line in why. */
WS_MUST_CHECK int server_files_open(const struct server_files_config *config, struct server_files **out,
                                    char why[WHY_MAX]);
/* NULL is fine. */
void server_files_close(struct server_files *f);

/* Filled to work on these files. */
struct upload_io server_files_uploads(struct server_files *f);
struct list_io server_files_lists(struct server_files *f);
struct media_files server_files_media(struct server_files *f);
/* NULL with --no-record. */
struct recordings *server_files_recordings(const struct server_files *f);

/* Nothing is on its way to the disk. */
bool server_files_is_quiet(const struct server_files *f);
/* The line that SIGUSR2 has of them. */
void server_files_dump(const struct server_files *f, struct outbuf *out);

#endif
