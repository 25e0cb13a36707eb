/* SPDX-License-Identifier: MIT */
/* A world on a virtual clock for room http: the server, the other sides of its connections, some recordings, and a protocol behind
 * the upgrade that notes what it gets and says what a test wants. No test sleeps. */
#ifndef TESTS_SIM_DESK_H
#define TESTS_SIM_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wsaudio/http.h"
#include "wsaudio/http/server.h"

#define DESK_LINES      128
#define DESK_RECORDINGS 400
#define DESK_GOT_MAX    (1024 * 1024)

struct desk;

/* The other side of one connection, and what its WebSocket knows. */
struct line {
    struct desk *desk;
    struct http_conn *conn; /* NULL: its socket was closed */
    bool reads;             /* takes what is sent */
    bool told_end;          /* was told that nothing more comes */
    bool reset;             /* closed without having been told so */
    mono_us closed_at;
    char *got; /* owned, NUL-terminated */
    size_t got_len;
    /* the protocol behind the upgrade */
    bool up;
    uint32_t endpoint;
    char token[64];
    char in[8192];
    size_t in_len, in_cap; /* in_cap: how much it takes before it is full */
    const char *out;       /* what it has to say */
    size_t out_len;
    bool input_ended;
    enum http_protocol_state state;
    int gone;
};

struct desk {
    mono_us now;
    struct http_server *server;
    struct http_server_config config;
    struct log log;
    char log_text[65536];
    size_t log_len;
    struct line lines[DESK_LINES];
    size_t line_count;
    size_t chunk;   /* bytes handed over at once; 0: all */
    int open_fails; /* status of the protocol's open; ST_OK */
    uint32_t recordings;
    uint64_t recording_bytes; /* of each */
    uint64_t read_fails_at;   /* reading a recording behind this offset fails; 0: never */
    int handles;
    bool registered;
    size_t looks; /* connections that were looked at because they were pending */
};

#define DESK_LOCAL  "127.0.0.1"
#define DESK_REMOTE "192.0.2.10"

/* Settings that let this machine in: no rules. Change d->config before desk_start. */
void desk_init(struct desk *d);
void desk_start(struct desk *d);
/* Tokens, one a line. */
void desk_tokens(struct desk *d, const char *text);
/* Closes all lines; asserts that nothing is left: no connection, no handle. */
void desk_end(struct desk *d);

struct line *desk_connect(struct desk *d, const char *ip);
/* From the other side, as far as it is read; a turn behind each piece. */
void desk_send(struct desk *d, struct line *l, const char *text);
void desk_send_bytes(struct desk *d, struct line *l, const void *data, size_t len);
/* It sends no more. */
void desk_shut(struct desk *d, struct line *l);
/* It is gone. */
void desk_drop(struct desk *d, struct line *l);
/* The end of a turn: closes what is over, writes what there is, one piece a line. */
void desk_turn(struct desk *d);
/* Turns, until nothing moves. */
void desk_settle(struct desk *d);
/* Time passes; deadlines are met. */
void desk_run(struct desk *d, dur_us duration);
/* The status of the answer that was got, 0: none. */
int desk_status(const struct line *l);
/* Of the answer that was got: behind the empty line. */
const char *desk_body(const struct line *l);
bool desk_has(const struct line *l, const char *text);
size_t desk_logged(const struct desk *d, const char *text);
/* Connects from this machine, sends, lets all come. */
struct line *desk_ask(struct desk *d, const char *request);

#define DESK_UPGRADE                                                                                                   \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                     \
    "Sec-WebSocket-Version: 13\r\n"

#endif
