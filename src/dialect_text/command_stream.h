/* SPDX-License-Identifier: MIT */
/* A text message in pieces of any size: one command, or a WAV_UPLOAD that streams through and is never held whole. */
#ifndef WSAUDIO_DIALECT_TEXT_COMMAND_STREAM_H
#define WSAUDIO_DIALECT_TEXT_COMMAND_STREAM_H

#include "wsaudio/ws.h"

#define COMMAND_MAX   8192 /* bytes of a command that is no upload */
#define COMMAND_SHORT 136  /* of one that needs no memory of its own; the name of an upload is none longer */

/* All spans borrow. */
struct command_hooks {
    /* One complete message that is no upload, at most COMMAND_MAX bytes. A leading byte order mark and trailing blanks, line ends
     * and NULs are removed; before an upload the former too. */
    void (*command)(void *ctx, struct span text);
    /* It was longer than COMMAND_MAX; verb is what stood before the first ':' (at most 32 bytes, else empty). */
    void (*too_large)(void *ctx, struct span verb);
    /* There was no memory for it; verb as with too_large. */
    void (*no_memory)(void *ctx, struct span verb);
    /* "WAV_UPLOAD:name:base64" as it streams in: begin once with the name, data any number of times, end once. aborted: the
     * message never completed. A missing second ':' gives begin with the rest as name and end with no data. Names over
     * FILE_NAME_LEN_MAX come cut at FILE_NAME_LEN_MAX + 1 bytes. */
    void (*upload_begin)(void *ctx, struct span name);
    void (*upload_data)(void *ctx, struct span base64);
    void (*upload_end)(void *ctx, bool aborted);
    /* Behind begin: the message is longer than max_message. No more data comes, the end does when all was read past. */
    void (*upload_over)(void *ctx);
    /* Whether the connection's end has been decided, maybe by one of these hooks: then nothing more is told but the end. */
    bool (*is_closing)(void *ctx);
};

enum command_state {
    COMMAND_COLLECT,
    COMMAND_TOO_LARGE,
    COMMAND_NO_MEMORY,
    COMMAND_UPLOAD_NAME,
    COMMAND_UPLOAD_DATA,
    COMMAND_UPLOAD_SKIP /* longer than max_message: read past */
};

struct command_stream {
    const struct command_hooks *hooks; /* borrows */
    void *ctx;
    enum command_state state;
    bool bom_seen; /* or there is none */
    bool over;     /* longer than max_message: only an upload is read past */
    size_t len;
    char *more;                /* owns; all of a command over COMMAND_SHORT, while it comes in; else NULL */
    char bytes[COMMAND_SHORT]; /* a shorter one, the beginning of a longer one, or the upload's name */
};

/* What it holds is freed with the end of each message: nothing is left to free where none has begun. */
void command_stream_init(struct command_stream *s, const struct command_hooks *hooks, void *ctx);
/* As ws_hooks.text: the next piece of a message, last with its final one. */
void command_stream_push(struct command_stream *s, struct span piece, bool last);
/* As ws_hooks.text_over: an upload is read past, so that the call goes on and the client hears why; anything else is refused as
 * soon as it is seen to be none. */
enum ws_long command_stream_over(struct command_stream *s, uint64_t len);
/* As ws_hooks.text_abort. */
void command_stream_abort(struct command_stream *s);

#endif
