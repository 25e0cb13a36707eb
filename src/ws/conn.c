/* SPDX-License-Identifier: MIT */
#include "conn.h"

#include <stdlib.h>

#define WSLAY_CONTEXT 10240 /* with its two buffers of 4 KiB */
_Static_assert(sizeof(struct ws_conn) + sizeof(struct conn_echo) + WSLAY_CONTEXT <= 24576, "WS_CONN_MEMORY is told");

struct ws_conn *ws_conn_new(const struct ws_conn_config *config, mono_us now)
{
    struct ws_conn *conn = calloc(1, sizeof(*conn));

    if (conn == NULL) {
        return NULL;
    }
    conn->max_message = config->max_message;
    conn->echo = config->echo;
    if (config->hooks != NULL) {
        conn->hooks = *config->hooks;
    }
    conn->ping_due = now + CONN_PING_EVERY;
    conn->silence_due = now + CONN_SILENCE_MAX;
    conn->close_due = MONO_AT_ONCE;
    conn_out_init(conn);
    if (conn->echo && (conn->echoed = malloc(sizeof(*conn->echoed))) == NULL) {
        free(conn);
        return NULL;
    }
    return conn;
}

void ws_conn_free(struct ws_conn *conn)
{
    if (conn == NULL) {
        return;
    }
    conn->failed = true;
    conn_abort_message(conn);
    conn_in_fini(conn);
    conn_out_fini(conn);
    free(conn->echoed);
    free(conn);
}

void ws_conn_set_wake(struct ws_conn *conn, void (*wake)(void *ctx), void *ctx)
{
    conn->wake = wake;
    conn->wake_ctx = ctx;
}

void conn_touch_carrier(struct ws_conn *conn)
{
    if (conn->wake != NULL) {
        conn->wake(conn->wake_ctx);
    }
}

void conn_touch(struct ws_conn *conn)
{
    conn_touch_carrier(conn);
    if (conn->hooks.wake != NULL) {
        conn->hooks.wake(conn->hooks.ctx);
    }
}

enum ws_end conn_end_of_code(uint16_t code)
{
    switch (code) {
    case WS_CLOSE_INVALID_DATA: return WS_END_INVALID;
    case WS_CLOSE_TOO_BIG: return WS_END_TOO_BIG;
    case WS_CLOSE_TRY_LATER: return WS_END_UNREAD;
    default: return WS_END_PROTOCOL;
    }
}

void conn_fail(struct ws_conn *conn, enum ws_end end)
{
    conn->end = conn->end == WS_END_NONE ? end : conn->end;
    conn->failed = true;
    conn->closing = true;
    conn_touch(conn);
}

/* A close frame has room for 123 bytes of reason, which must be UTF-8. */
static size_t reason_len(struct span reason)
{
    size_t len = 0;

    while (len < reason.len) {
        uint32_t code = 0;
        size_t step = utf8_next(span_from(reason, len), &code);
        if (step == 0 || len + step > FRAME_CONTROL_MAX - 2) {
            break;
        }
        len += step;
    }
    return len;
}

void conn_close_for(struct ws_conn *conn, enum ws_end end, uint16_t code, const char *reason, dur_us patience)
{
    if (conn->closing) {
        return;
    }
    char body[FRAME_CONTROL_MAX] = {(char)(code >> 8), (char)(code & 0xff)};
    size_t len = reason_len(span_cstr(reason));
    memcpy(body + 2, reason, len);
    conn->closing = true;
    conn->end = end;
    conn->close_max = patience;
    conn_touch(conn);
    conn->close_sent = true;
    conn_out_frame(conn, WSLAY_CONNECTION_CLOSE, span_make(body, 2 + len));
}

void conn_close(struct ws_conn *conn, uint16_t code, const char *reason, dur_us patience)
{
    conn_close_for(conn, conn_end_of_code(code), code, reason, patience);
}

void ws_conn_close(struct ws_conn *conn, enum ws_close code, const char *reason)
{
    conn_close_for(conn, WS_END_OWNER, (uint16_t)code, reason != NULL ? reason : "", CONN_CLOSE_MAX);
}

void ws_conn_pause(struct ws_conn *conn, bool paused)
{
    conn->paused = paused;
    conn_touch(conn);
}

bool ws_conn_is_paused(const struct ws_conn *conn)
{
    return conn->paused;
}

bool ws_conn_is_done(const struct ws_conn *conn)
{
    return conn->failed || (conn->close_received && conn->close_sent);
}

bool ws_conn_is_lost(const struct ws_conn *conn)
{
    return conn->failed;
}

enum ws_end ws_conn_end(const struct ws_conn *conn)
{
    return conn->end;
}

static bool has_unsent(const struct ws_conn *conn)
{
    return conn->out_tail > conn->out_head;
}

/* Nothing more is waited for. */
static bool is_over(const struct ws_conn *conn)
{
    return conn->failed || (ws_conn_is_done(conn) && !has_unsent(conn));
}

mono_us ws_conn_due(const struct ws_conn *conn)
{
    if (is_over(conn)) {
        return MONO_NEVER;
    }
    if (conn->closing) {
        return conn->close_due;
    }
    return conn->ping_due < conn->silence_due ? conn->ping_due : conn->silence_due;
}

void conn_note_input(struct ws_conn *conn, mono_us now)
{
    if (conn->input_seen) {
        conn->input_seen = false;
        conn->silence_due = now + CONN_SILENCE_MAX;
    }
}

static void conn_ping(struct ws_conn *conn, mono_us now)
{
    conn->ping_due = now + CONN_PING_EVERY;
    if (ws_conn_control_queued(conn) <= WS_CONTROL_MAX) { /* else it does not read, and would not see it */
        conn_out_frame(conn, WSLAY_PING, SPAN_NONE);
    }
}

/* Its owner has paused it and our buffer is full, so it is we who do not listen. But a list that waits for the client to
 * read is no such reason: the client must take something meanwhile. */
static bool is_held_back(const struct ws_conn *conn)
{
    bool reads = !has_unsent(conn) || conn->out_done != conn->out_seen;

    return conn->paused && conn->in_tail - conn->in_head == WS_INPUT_CAP && reads;
}

/* While this process stood still (SIGSTOP, a debugger, a container's freezer) nobody was asked: that time is no silence. */
static void forgive_late_ping(struct ws_conn *conn, mono_us now)
{
    if (now > conn->ping_due) {
        conn->silence_due += now - conn->ping_due;
    }
}

void ws_conn_expire(struct ws_conn *conn, mono_us now)
{
    if (is_over(conn)) {
        return;
    }
    if (conn->closing) {
        /* A close begins inside of functions that know no time: its clock starts here. */
        if (conn->close_due == MONO_AT_ONCE) {
            conn->close_due = now + conn->close_max;
        } else if (now >= conn->close_due) {
            conn_fail(conn, WS_END_BROKEN);
        }
        return;
    }
    conn_note_input(conn, now); /* it waits for its share of a turn */
    forgive_late_ping(conn, now);
    if (now >= conn->silence_due) {
        if (!is_held_back(conn)) {
            conn_fail(conn, WS_END_SILENT);
            return;
        }
        conn->silence_due = now + CONN_SILENCE_MAX;
        conn->out_seen = conn->out_done;
    }
    if (now >= conn->ping_due) {
        conn_ping(conn, now);
    }
}
