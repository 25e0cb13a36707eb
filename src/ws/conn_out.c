/* SPDX-License-Identifier: MIT */
/* The output is one piece of memory that is read at its front and written at its end, moved down when the end is reached:
 * so a frame always lies in one piece, for fill and for send. It lies within the connection while it is small, as with a client that
 * reads it always is; a backlog moves into memory of its own, which grows up to WS_OUTPUT_CAP and is given back when all is sent.
 *
 * Audio may take CONN_AUDIO_MAX of it and control text WS_CONTROL_MAX, so control text always has its place, and the slack takes the
 * pong of one step and the close frame: nothing is ever queued in front of it. */
#include <assert.h>
#include <stdlib.h>

#include "conn.h"

static size_t out_used(const struct ws_conn *conn)
{
    return conn->out_tail - conn->out_head;
}

static void use_small(struct ws_conn *conn)
{
    conn->out = conn->out_small;
    conn->out_cap = sizeof(conn->out_small);
}

void conn_out_init(struct ws_conn *conn)
{
    use_small(conn);
}

void conn_out_fini(struct ws_conn *conn)
{
    if (conn->out != conn->out_small) {
        free(conn->out);
    }
}

/* False: no memory. */
static bool out_grow(struct ws_conn *conn, size_t needed)
{
    size_t cap = CONN_OUT_KEEP;

    while (cap < needed) {
        cap *= 4;
    }
    cap = cap < WS_OUTPUT_CAP ? cap : WS_OUTPUT_CAP;
    uint8_t *bytes = malloc(cap);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, conn->out + conn->out_head, out_used(conn));
    conn->out_tail -= conn->out_head;
    conn->out_head = 0;
    conn_out_fini(conn);
    conn->out = bytes;
    conn->out_cap = (uint32_t)cap;
    return true;
}

/* Where len bytes can be written, or NULL. */
static uint8_t *out_reserve(struct ws_conn *conn, size_t len)
{
    size_t used = out_used(conn);

    if (len <= conn->out_cap - conn->out_tail) {
        return conn->out + conn->out_tail;
    }
    if (len > WS_OUTPUT_CAP - used) {
        return NULL;
    }
    if (used + len > conn->out_cap) {
        if (!out_grow(conn, used + len)) {
            return NULL;
        }
    } else {
        memmove(conn->out, conn->out + conn->out_head, used);
        conn->out_tail -= conn->out_head;
        conn->out_head = 0;
    }
    return conn->out + conn->out_tail;
}

ssize_t conn_on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags, void *user)
{
    struct ws_conn *conn = user;
    uint8_t *ptr = out_reserve(conn, len);

    (void)flags;
    if (ptr == NULL) {
        wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
        return -1;
    }
    memcpy(ptr, data, len);
    conn->out_tail += (uint32_t)len;
    conn_touch_carrier(conn);
    return (ssize_t)len;
}

void conn_out_frame(struct ws_conn *conn, uint8_t opcode, struct span payload)
{
    size_t header_len = ws_frame_len(payload.len);
    uint8_t *ptr = out_reserve(conn, header_len + payload.len);

    if (ptr == NULL) {
        conn_fail(conn, WS_END_BROKEN);
        return;
    }
    ws_frame_write(ptr, true, opcode, payload.len);
    if (payload.len > 0) {
        memcpy(ptr + header_len, payload.ptr, payload.len);
    }
    conn->out_tail += (uint32_t)(header_len + payload.len);
    conn_touch_carrier(conn);
}

/* Stream offsets are compared by how far they are from out_done: all that is unsent lies within WS_OUTPUT_CAP behind it. */
static uint32_t run_unsent(const struct ws_conn *conn, const struct conn_run *run)
{
    uint32_t to = run->to - conn->out_done;
    uint32_t from = run->from - conn->out_done;

    if (to > WS_OUTPUT_CAP) {
        return 0; /* it is behind us */
    }
    return from > WS_OUTPUT_CAP ? to : to - from;
}

size_t ws_conn_control_queued(const struct ws_conn *conn)
{
    size_t control = out_used(conn);

    for (uint32_t i = 0; i < conn->run_count; i++) {
        control -= run_unsent(conn, &conn->runs[i]);
    }
    return control;
}

static void close_unread(struct ws_conn *conn)
{
    conn_close(conn, WS_CLOSE_TRY_LATER, "too much left unread", CONN_CLOSE_HURRY);
}

void conn_check_unread(struct ws_conn *conn)
{
    if (ws_conn_control_queued(conn) > WS_CONTROL_MAX) {
        close_unread(conn);
    }
}

void ws_conn_send_text(struct ws_conn *conn, struct span text)
{
    if (conn->closing) {
        return;
    }
    if (text.len > WS_CONTROL_MAX ||
        ws_conn_control_queued(conn) + ws_frame_len(text.len) + text.len > WS_CONTROL_MAX) {
        close_unread(conn);
        return;
    }
    conn_out_frame(conn, WSLAY_TEXT_FRAME, text);
}

static bool last_is_audio(const struct ws_conn *conn)
{
    return conn->run_count > 0 && conn->runs[conn->run_count - 1].to == conn->out_done + (uint32_t)out_used(conn);
}

bool ws_conn_audio_room(const struct ws_conn *conn, size_t len)
{
    size_t used = out_used(conn);

    return !conn->closing && (conn->run_count < CONN_AUDIO_RUNS || last_is_audio(conn)) &&
           used <= CONN_AUDIO_MAX - CONN_AUDIO_HEADROOM && len <= CONN_AUDIO_MAX - CONN_AUDIO_HEADROOM - used;
}

/* By hand and not through wslay: its queue copies each message into fresh memory, and its frame writer wants the payload
 * to exist somewhere before it is sent. NULL: no memory, the connection has failed. */
static uint8_t *audio_frame(struct ws_conn *conn, bool fin, uint8_t opcode, size_t len)
{
    uint32_t from = conn->out_done + (uint32_t)out_used(conn);
    bool extend = last_is_audio(conn);
    uint8_t *ptr = out_reserve(conn, ws_frame_len(len) + len);

    assert(extend || conn->run_count < CONN_AUDIO_RUNS);
    if (ptr == NULL) {
        conn_fail(conn, WS_END_BROKEN);
        return NULL;
    }
    uint32_t header_len = (uint32_t)ws_frame_write(ptr, fin, opcode, len);
    conn->out_tail += header_len + (uint32_t)len;
    conn_touch_carrier(conn);
    if (!extend) {
        conn->runs[conn->run_count++].from = from;
    }
    conn->runs[conn->run_count - 1].to = from + header_len + (uint32_t)len;
    return ptr + header_len;
}

void ws_conn_send_audio(struct ws_conn *conn, bool text, size_t len, ws_fill_fn fill, void *ctx)
{
    assert(ws_conn_audio_room(conn, len));
    uint8_t *ptr = audio_frame(conn, true, text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME, len);
    if (ptr != NULL) {
        fill(ctx, ptr, len);
    }
}

size_t ws_conn_output(const struct ws_conn *conn, const void **ptr)
{
    *ptr = conn->out + conn->out_head;
    return out_used(conn);
}

static void forget_sent_runs(struct ws_conn *conn)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < conn->run_count; i++) {
        if (run_unsent(conn, &conn->runs[i]) > 0) {
            conn->runs[kept++] = conn->runs[i];
        }
    }
    conn->run_count = kept;
}

/* All is sent: the next frame goes where the last one was, and what a backlog took is given back. */
static void out_restart(struct ws_conn *conn)
{
    conn->out_head = conn->out_tail = 0;
    conn->run_count = 0;
    if (conn->out_cap > CONN_OUT_KEEP) {
        conn_out_fini(conn);
        use_small(conn);
    }
}

void ws_conn_output_consume(struct ws_conn *conn, size_t len)
{
    assert(len <= out_used(conn));
    conn->out_head += (uint32_t)len;
    conn->out_done += (uint32_t)len;
    if (conn->out_head == conn->out_tail) {
        out_restart(conn);
    } else {
        forget_sent_runs(conn);
    }
    conn_touch(conn);
}

/* Echo goes back fragment by fragment, as fast as the client reads it: no message is ever held whole. The last fragment
 * waits for the message's end, because only then is its text known to be UTF-8. */
bool conn_echo_room(const struct ws_conn *conn)
{
    return ws_conn_audio_room(conn, 2 * (size_t)(CONN_ECHO_FRAME + CONN_AUDIO_HEADROOM));
}

void conn_echo_begin(struct ws_conn *conn)
{
    conn->echoed->begun = false;
    conn->echoed->len = 0;
}

static void echo_flush(struct ws_conn *conn, bool fin)
{
    struct conn_echo *echo = conn->echoed;
    uint8_t opcode = echo->begun ? (uint8_t)WSLAY_CONTINUATION_FRAME : conn->message_opcode;
    uint8_t *ptr = audio_frame(conn, fin, opcode, echo->len);

    if (ptr != NULL) {
        memcpy(ptr, echo->bytes, echo->len);
    }
    echo->len = 0;
    echo->begun = true;
}

void conn_echo_piece(struct ws_conn *conn, struct span piece)
{
    struct conn_echo *echo = conn->echoed;

    while (piece.len > 0) {
        if (echo->len == CONN_ECHO_FRAME) {
            echo_flush(conn, false);
        }
        struct span part = span_head(piece, CONN_ECHO_FRAME - echo->len);
        memcpy(echo->bytes + echo->len, part.ptr, part.len);
        echo->len += part.len;
        piece = span_from(piece, part.len);
    }
}

void conn_echo_end(struct ws_conn *conn)
{
    echo_flush(conn, true);
}
