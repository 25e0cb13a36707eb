/* SPDX-License-Identifier: MIT */
/* The output is one piece of memory that is read at its front and written at its end, moved down when the end is reached:
 * so a frame always lies in one piece, for fill and for send. Audio may take CONN_AUDIO_MAX of it and control text
 * WS_CONTROL_MAX, so control text always has its place: wslay's own queue, which has no bound, is empty after each call. */
#include <assert.h>

#include "conn.h"

static size_t out_used(const struct ws_conn *conn)
{
    return conn->out_tail - conn->out_head;
}

/* Where len bytes can be written, or NULL. */
static uint8_t *out_reserve(struct ws_conn *conn, size_t len)
{
    if (len > WS_OUTPUT_CAP - out_used(conn)) {
        return NULL;
    }
    if (len > WS_OUTPUT_CAP - conn->out_tail) {
        memmove(conn->out, conn->out + conn->out_head, out_used(conn));
        conn->out_tail -= conn->out_head;
        conn->out_head = 0;
    }
    return conn->out + conn->out_tail;
}

ssize_t conn_on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags, void *user)
{
    struct ws_conn *conn = user;
    size_t room = WS_OUTPUT_CAP - out_used(conn);

    (void)flags;
    if (len > room) {
        len = room;
    }
    if (len == 0) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(out_reserve(conn, len), data, len);
    conn->out_tail += len;
    conn_touch(conn);
    return (ssize_t)len;
}

void conn_out_flush(struct ws_conn *conn)
{
    if (wslay_event_want_write(conn->wslay) && wslay_event_send(conn->wslay) != 0) {
        conn_fail(conn, WS_END_BROKEN);
    }
}

static uint64_t run_unsent(const struct ws_conn *conn, const struct conn_run *run)
{
    uint64_t from = run->from > conn->out_done ? run->from : conn->out_done;

    return run->to > from ? run->to - from : 0;
}

size_t ws_conn_control_queued(const struct ws_conn *conn)
{
    size_t control = out_used(conn);

    for (size_t i = 0; i < conn->run_count; i++) {
        control -= (size_t)run_unsent(conn, &conn->runs[i]);
    }
    return control + wslay_event_get_queued_msg_length(conn->wslay);
}

void ws_conn_send_text(struct ws_conn *conn, struct span text)
{
    const struct wslay_event_msg message = {WSLAY_TEXT_FRAME, (const uint8_t *)text.ptr, text.len};

    if (conn->closing) {
        return;
    }
    if (text.len > WS_CONTROL_MAX ||
        ws_conn_control_queued(conn) + ws_frame_len(text.len) + text.len > WS_CONTROL_MAX) {
        conn_close(conn, WS_CLOSE_TRY_LATER, "too much left unread", CONN_CLOSE_HURRY);
        return;
    }
    if (wslay_event_queue_msg(conn->wslay, &message) != 0) {
        conn_fail(conn, WS_END_BROKEN);
        return;
    }
    conn_out_flush(conn);
}

static bool last_is_audio(const struct ws_conn *conn)
{
    return conn->run_count > 0 && conn->runs[conn->run_count - 1].to == conn->out_done + out_used(conn);
}

bool ws_conn_audio_room(const struct ws_conn *conn, size_t len)
{
    size_t used = out_used(conn);

    return !conn->closing && !wslay_event_want_write(conn->wslay) &&
           (conn->run_count < CONN_AUDIO_RUNS || last_is_audio(conn)) && used <= CONN_AUDIO_MAX - CONN_AUDIO_HEADROOM &&
           len <= CONN_AUDIO_MAX - CONN_AUDIO_HEADROOM - used;
}

/* By hand and not through wslay: its queue copies each message into fresh memory, and its frame writer wants the payload
 * to exist somewhere before it is sent. */
static uint8_t *out_frame(struct ws_conn *conn, bool fin, uint8_t opcode, size_t len)
{
    uint64_t from = conn->out_done + out_used(conn);
    bool extend = last_is_audio(conn);
    uint8_t *ptr = out_reserve(conn, ws_frame_len(len) + len);

    assert(ptr != NULL && (extend || conn->run_count < CONN_AUDIO_RUNS));
    size_t header_len = ws_frame_write(ptr, fin, opcode, len);
    conn->out_tail += header_len + len;
    conn_touch(conn);
    if (!extend) {
        conn->runs[conn->run_count++].from = from;
    }
    conn->runs[conn->run_count - 1].to = from + header_len + len;
    return ptr + header_len;
}

void ws_conn_send_audio(struct ws_conn *conn, bool text, size_t len, ws_fill_fn fill, void *ctx)
{
    assert(ws_conn_audio_room(conn, len));
    fill(ctx, out_frame(conn, true, text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME, len), len);
}

size_t ws_conn_output(const struct ws_conn *conn, const void **ptr)
{
    *ptr = conn->out + conn->out_head;
    return out_used(conn);
}

static void forget_sent_runs(struct ws_conn *conn)
{
    size_t kept = 0;

    for (size_t i = 0; i < conn->run_count; i++) {
        if (conn->runs[i].to > conn->out_done) {
            conn->runs[kept++] = conn->runs[i];
        }
    }
    conn->run_count = kept;
}

void ws_conn_output_consume(struct ws_conn *conn, size_t len)
{
    assert(len <= out_used(conn));
    conn->out_head += len;
    conn->out_done += len;
    if (conn->out_head == conn->out_tail) {
        conn->out_head = conn->out_tail = 0; /* a client that reads keeps us in the same few pages */
    }
    forget_sent_runs(conn);
    conn_touch(conn);
    if (!conn->failed) {
        conn_out_flush(conn);
    }
}

/* Echo goes back fragment by fragment, as fast as the client reads it: no message is ever held whole. The last fragment
 * waits for the message's end, because only then is its text known to be UTF-8. */
bool conn_echo_room(const struct ws_conn *conn)
{
    return ws_conn_audio_room(conn, 2 * (size_t)(CONN_ECHO_FRAME + CONN_AUDIO_HEADROOM));
}

static void echo_flush(struct ws_conn *conn, bool fin)
{
    uint8_t opcode = conn->echo_begun ? (uint8_t)WSLAY_CONTINUATION_FRAME : conn->message_opcode;
    uint8_t *ptr = out_frame(conn, fin, opcode, conn->echo_len);

    memcpy(ptr, conn->echo_bytes, conn->echo_len);
    conn->echo_len = 0;
    conn->echo_begun = true;
}

void conn_echo_piece(struct ws_conn *conn, struct span piece)
{
    while (piece.len > 0) {
        if (conn->echo_len == CONN_ECHO_FRAME) {
            echo_flush(conn, false);
        }
        struct span part = span_head(piece, CONN_ECHO_FRAME - conn->echo_len);
        memcpy(conn->echo_bytes + conn->echo_len, part.ptr, part.len);
        conn->echo_len += part.len;
        piece = span_from(piece, part.len);
    }
}

void conn_echo_end(struct ws_conn *conn)
{
    echo_flush(conn, true);
}
