/* SPDX-License-Identifier: MIT */
/* What the files of the text protocol share: what is kept of a client, and how it is answered. */
#ifndef WSAUDIO_DIALECT_TEXT_TEXT_H
#define WSAUDIO_DIALECT_TEXT_TEXT_H

#include "command_stream.h"
#include "verbs.h"
#include "wsaudio/client.h"

/* A WAV_UPLOAD as it streams in; made with its beginning, freed with its end. The first error wins and is told when the message ends. */
struct text_upload {
    bool failed;
    enum error_code error;
    char text[320]; /* for ERROR:WAV_UPLOAD */
    struct base64_text base64;
    char name[FILE_NAME_LEN_MAX + 1]; /* a legal one, or "" */
    char head[256];                   /* of the data: it may be the rest of a name with a ':' */
    size_t head_len;
};

/* A binary message is audio, unless it begins like a command: that is somebody's mistake, and would be heard as noise. */
enum binary_state { BINARY_BEGINS, BINARY_IS_AUDIO, BINARY_IS_TEXT };
struct binary_start {
    enum binary_state state;
    uint8_t len;
    char held[VERB_TEXT_MAX];
};

/* Zeroed at the beginning. told_…: that message was sent, and is not sent again until what is said. */
struct text_client {
    struct binary_start binary;
    bool rtp;            /* received packets go as they are, not as RTP:HEX */
    bool told_slow;      /* ERROR:MEDIA:busy: the next call */
    bool told_no_call;   /* ERROR:MEDIA:no_call: the next CALL */
    bool told_too_early; /* ERROR:MEDIA:not_established: the next call */
    bool told_off;       /* ERROR:MEDIA:denied: the next MEDIA */
    bool told_too_large; /* ERROR:MEDIA:too_large: XON, CLEAR or CALL */
    bool told_binary;    /* that commands are text: never again */
    struct command_stream stream;
    struct text_upload *upload; /* owns; while one streams in. NULL then: there was no memory for it */
};

static inline struct text_client *text_client(const struct client *c)
{
    return client_state(c);
}

/* reply.c: formats one message for the client; cut at 2 KiB. */
void dialect_text_tell(struct client *c, const char *fmt, ...) WS_PRINTF(2, 3);
void dialect_text_error(struct client *c, struct span verb, enum error_code error, const char *fmt, ...)
    WS_PRINTF(4, 5);

/* commands.c */
void dialect_text_command(struct client *c, struct span text);
/* Whether this version carries the verb out. */
bool dialect_text_is_done(enum verb verb);

/* unknown.c: answers to what is no command */
void dialect_text_unknown(struct client *c, struct span text, struct span word);
/* Whether a known verb's message is one line; otherwise the client was told. */
WS_MUST_CHECK bool dialect_text_is_one_line(struct client *c, struct span text);
/* A piece of a binary message: audio, but one that reads like a command is dropped and told once a connection. */
void dialect_text_binary(struct client *c, struct span piece, bool last);

/* audio.c: a piece of a binary message that is audio. */
void dialect_text_audio(struct client *c, struct span piece, bool last);

/* upload.c: hooks of the command stream; ctx is the client */
void dialect_text_upload_begin(void *ctx, struct span name);
void dialect_text_upload_data(void *ctx, struct span base64);
void dialect_text_upload_end(void *ctx, bool aborted);
void dialect_text_upload_over(void *ctx);

/* events.c */
void dialect_text_event(struct client *c, const struct call_event *event);
void dialect_text_file(struct client *c, const struct file_event *event);

#endif
