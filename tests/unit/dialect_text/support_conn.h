/* SPDX-License-Identifier: MIT */
/* A connection with a client that speaks the text protocol, on a virtual clock; what the hooks hear becomes one line of text that does not depend on how
 * the bytes were cut:
 *   C<text>;  command      L<verb>;  command too large      U<name>=<data>.  upload, '!' instead of '.' when aborted,
 *             '~' in it where it grew too long
 *   B<bytes>; binary message */
#ifndef SUPPORT_CONN_H
#define SUPPORT_CONN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "command_stream.h"
#include "wsframe.h"

#define PEER_LOG_MAX      32768
#define PEER_RECEIVED_MAX 524288

struct peer {
    struct ws_conn *conn;
    struct command_stream stream;
    mono_us now;
    bool in_binary;
    bool flushing;       /* the client reads what the server sends */
    bool pause_on_end;   /* the end of an upload pauses */
    bool close_on_text;  /* a command closes with 1000 */
    bool close_on_begin; /* the begin of an upload closes with 1008 */
    bool echo_command;   /* a command is answered with "got:" and its text */
    size_t log_len;
    char log[PEER_LOG_MAX];
    size_t received_len;
    uint8_t received[PEER_RECEIVED_MAX];
};

struct peer *peer_new(uint64_t max_message, bool echo);
void peer_free(struct peer *p);
/* Bytes arrive, in pieces of `chunk` bytes (0: as much as fits), each processed. */
void peer_input(struct peer *p, const void *data, size_t len, size_t chunk);
void peer_text(struct peer *p, const char *text);
void peer_close(struct peer *p, unsigned int code);
/* Takes all output into received. */
void peer_read(struct peer *p);
/* The n-th frame received from the server; fails the test when there is none. */
struct wsframe peer_frame(struct peer *p, size_t n);
size_t peer_frame_count(struct peer *p);
/* Code of the close frame received, 0 when there is none yet. */
unsigned int peer_close_code(struct peer *p);
void peer_expire_at(struct peer *p, mono_us at);
#define peer_expect_log(p, text) assert_string_equal((p)->log, (text))

#endif
