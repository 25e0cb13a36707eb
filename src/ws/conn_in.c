/* SPDX-License-Identifier: MIT */
/* wslay reads ahead up to 4 KiB and then delivers all it holds. So that a pause can take hold at a message border, and a
 * message too long is refused before a byte of it is handed on (unless its owner reads it past), each frame's header is looked
 * at here first and wslay is given no byte behind the frame's end. Control frames are handed over whole: wslay checks the text of a close frame only
 * rightly when it comes in one piece. */
#include <stdlib.h>

#include "close.h"
#include "conn.h"

enum step { STEP_NONE, STEP_BEGIN, STEP_WHOLE, STEP_FEED, STEP_SKIP, STEP_REFUSE, STEP_ANSWER, STEP_PONG, STEP_LOST };

static struct span conn_held(const struct ws_conn *conn)
{
    return span_make(conn->in + conn->in_head, conn->in_tail - conn->in_head);
}

/* RFC 6455 5.5, where wslay would close without a code; a close frame's body holds a code or nothing (5.5.1). */
static bool control_is_bad(const struct frame_header *header)
{
    return !header->fin || header->payload_len > FRAME_CONTROL_MAX ||
           (header->opcode == WSLAY_CONNECTION_CLOSE && header->payload_len == 1);
}

/* A binary message in one frame, as audio mostly comes: there is nothing in it that wslay, which reads byte by byte, would judge. */
static bool is_one_binary(const struct ws_conn *conn, const struct frame_header *header, struct span held)
{
    bool plain = (uint8_t)held.ptr[0] == (FRAME_FIN | WSLAY_BINARY_FRAME); /* and no reserved bit */

    return plain && header->masked && !conn->message_open && !conn->echo && header->payload_len <= conn->max_message;
}

static bool is_whole(const struct frame_header *header, struct span held)
{
    return held.len - header->header_len >= header->payload_len;
}

/* The rest of a short one that was cut is waited for. */
static enum step begin_data(const struct ws_conn *conn, const struct frame_header *header, struct span held)
{
    if (!conn->message_open && conn->paused) {
        return STEP_NONE;
    }
    if (!is_one_binary(conn, header, held)) {
        return STEP_BEGIN;
    }
    if (is_whole(header, held)) {
        return STEP_WHOLE;
    }
    return header->payload_len <= CONN_WHOLE_MAX ? STEP_NONE : STEP_BEGIN;
}

/* A ping or pong in which wslay would find nothing to refuse. */
static bool is_plain_ping(const struct frame_header *header, struct span held)
{
    uint8_t first = (uint8_t)held.ptr[0];

    return header->masked && (first == (FRAME_FIN | WSLAY_PING) || first == (FRAME_FIN | WSLAY_PONG));
}

static enum step begin_step(const struct ws_conn *conn, const struct frame_header *header, struct span held)
{
    if (conn->closing) {
        return STEP_BEGIN;
    }
    if (!frame_is_control(header->opcode)) {
        return begin_data(conn, header, held);
    }
    if (control_is_bad(header)) {
        return STEP_REFUSE;
    }
    /* A close that waits for the pause to end lets the answer to the last message go out before it. */
    bool wait = header->opcode == WSLAY_CONNECTION_CLOSE && conn->paused && !conn->message_open;
    if (wait || !is_whole(header, held)) {
        return STEP_NONE;
    }
    if (is_plain_ping(header, held)) {
        return STEP_PONG;
    }
    char reason[CLOSE_REASON_CAP];
    bool newer = header->opcode == WSLAY_CONNECTION_CLOSE && close_code_newer(held, header, reason) != 0;
    return newer ? STEP_ANSWER : STEP_BEGIN;
}

static enum step next_step(const struct ws_conn *conn, struct frame_header *header)
{
    struct span held = conn_held(conn);

    if (held.len == 0 || ws_conn_is_done(conn)) {
        return STEP_NONE;
    }
    if (conn->closing && conn->frame_left > 0) {
        return STEP_SKIP;
    }
    if (conn->echo && !conn->closing && !conn_echo_room(conn)) {
        return STEP_NONE;
    }
    if (conn->frame_left > 0) {
        return STEP_FEED;
    }
    switch (ws_frame_peek(held, header)) {
    case FRAME_MORE: return STEP_NONE;
    case FRAME_BAD: return STEP_LOST;
    case FRAME_OK: break;
    }
    return begin_step(conn, header, held);
}

/* Of the message that this frame begins or goes on with; neither is over 2^63. */
static uint64_t message_len_with(const struct ws_conn *conn, const struct frame_header *header)
{
    return (conn->message_open ? conn->message_len : 0) + header->payload_len;
}

static void close_too_big(struct ws_conn *conn)
{
    conn_close(conn, WS_CLOSE_TOO_BIG, "message too long", CONN_CLOSE_MAX);
}

/* What becomes of a message of len bytes, more than max_message. */
static enum ws_long ask_owner(const struct ws_conn *conn, uint8_t opcode, uint64_t len)
{
    if (conn->echo || opcode != WSLAY_TEXT_FRAME || conn->hooks.text_over == NULL) {
        return WS_LONG_REFUSE;
    }
    return conn->hooks.text_over(conn->hooks.ctx, len);
}

static void begin_message(struct ws_conn *conn, uint8_t opcode)
{
    conn->message_open = true;
    conn->message_opcode = opcode;
    conn->message_len = 0;
    conn->undecided = false;
    if (conn->echo) {
        conn_echo_begin(conn);
    }
}

static void begin_frame(struct ws_conn *conn, const struct frame_header *header)
{
    conn->frame_opcode = header->opcode;
    conn->frame_left = header->header_len + header->payload_len;
    if (conn->closing) {
        if (header->opcode == WSLAY_CONNECTION_CLOSE) {
            conn->close_received = true;
            conn_touch_carrier(conn);
        }
        return;
    }
    if (frame_is_control(header->opcode)) {
        return;
    }
    uint64_t len = message_len_with(conn, header);
    bool over = len > conn->max_message;
    uint8_t opcode = conn->message_open ? conn->message_opcode : header->opcode;
    enum ws_long verdict = over ? ask_owner(conn, opcode, len) : WS_LONG_TAKE;
    if (verdict == WS_LONG_REFUSE) {
        close_too_big(conn);
        return;
    }
    /* A wrong opcode for the moment is wslay's to refuse. */
    if (!conn->message_open && (header->opcode == WSLAY_TEXT_FRAME || header->opcode == WSLAY_BINARY_FRAME)) {
        begin_message(conn, header->opcode);
    }
    conn->message_len = len;
    conn->undecided = verdict == WS_LONG_ASK;
}

static void take_whole(struct ws_conn *conn, const struct frame_header *header)
{
    size_t len = (size_t)header->payload_len;
    uint8_t *payload = conn->in + conn->in_head + header->header_len;

    ws_frame_unmask(payload, len, payload - FRAME_MASK_LEN);
    conn->in_head += (uint32_t)(header->header_len + len);
    conn->hooks.binary(conn->hooks.ctx, span_make(payload, len), true);
}

static void take_ping(struct ws_conn *conn, const struct frame_header *header)
{
    size_t len = (size_t)header->payload_len;
    uint8_t *payload = conn->in + conn->in_head + header->header_len;

    conn->in_head += (uint32_t)(header->header_len + len);
    if (header->opcode == WSLAY_PING) {
        ws_frame_unmask(payload, len, payload - FRAME_MASK_LEN);
        conn_out_frame(conn, WSLAY_PONG, span_make(payload, len));
        conn_check_unread(conn);
    }
}

/* ---- wslay, for whatever is cut, fragmented or wrong ---- */

static int open_wslay(struct ws_conn *conn)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = conn_on_recv,
        .send_callback = conn_on_send,
        .on_frame_recv_chunk_callback = conn_on_chunk,
        .on_msg_recv_callback = conn_on_message,
    };

    if (wslay_event_context_server_init(&conn->wslay, &callbacks, conn) != 0) {
        conn->wslay = NULL;
        return ST_NO_MEMORY;
    }
    wslay_event_config_set_no_buffering(conn->wslay, 1);
    /* wslay applies its own limit to control frames too; ours is checked before it sees the frame. */
    wslay_event_config_set_max_recv_msg_length(conn->wslay, INT64_MAX);
    return ST_OK;
}

static void close_wslay(struct ws_conn *conn)
{
    if (conn->wslay != NULL) {
        wslay_event_context_free(conn->wslay);
        conn->wslay = NULL;
    }
}

static enum ws_end end_by_wslay(const struct ws_conn *conn)
{
    bool answered = wslay_event_get_close_received(conn->wslay) != 0;

    return answered ? WS_END_CLIENT : conn_end_of_code(wslay_event_get_status_code_sent(conn->wslay));
}

/* It has refused what came, or answered a close frame (or refused one, which was the client's last word all the same). */
static void end_with_wslay(struct ws_conn *conn)
{
    conn->closing = true;
    conn->close_max = CONN_CLOSE_MAX;
    conn->close_received = conn->frame_opcode == WSLAY_CONNECTION_CLOSE;
    conn->close_sent = true;
    if (wslay_event_send(conn->wslay) != 0) {
        conn_fail(conn, WS_END_BROKEN);
    }
    conn->end = conn->end == WS_END_NONE ? end_by_wslay(conn) : conn->end;
    conn_touch(conn);
}

/* wslay has its own mind about what is legal: follow what it decided, unless a hook has closed the connection before. It is gone
 * as soon as nothing is in the middle: it takes 9 KiB. */
static void follow_wslay(struct ws_conn *conn, int result)
{
    if (!conn->closing && result != 0) {
        conn_fail(conn, WS_END_BROKEN);
    } else if (!conn->closing && !wslay_event_get_read_enabled(conn->wslay)) {
        end_with_wslay(conn);
    }
    if (conn->closing || (!conn->message_open && conn->frame_left == 0)) {
        close_wslay(conn);
    }
}

static void feed_frame(struct ws_conn *conn)
{
    /* what is not taken is refused at the byte that shows it, not where wslay's reading ends */
    bool by_byte = conn->undecided && !frame_is_control(conn->frame_opcode);

    if (conn->wslay == NULL && open_wslay(conn) != ST_OK) {
        conn_fail(conn, WS_END_BROKEN);
        return;
    }
    conn->feed_left = by_byte ? 1 : CONN_FEED;
    follow_wslay(conn, wslay_event_recv(conn->wslay));
}

static void skip_frame(struct ws_conn *conn)
{
    size_t held = conn_held(conn).len;
    size_t some = held < CONN_FEED ? held : CONN_FEED;
    size_t len = conn->frame_left < some ? (size_t)conn->frame_left : some;

    conn->in_head += (uint32_t)len;
    conn->frame_left -= len;
}

static void refuse_frame(struct ws_conn *conn)
{
    conn_close(conn, WS_CLOSE_PROTOCOL, "malformed control frame", CONN_CLOSE_MAX);
}

/* As wslay would, if it did not refuse the code. It never sees the frame. */
static void answer_close(struct ws_conn *conn, const struct frame_header *header)
{
    char reason[CLOSE_REASON_CAP];
    uint16_t code = close_code_newer(conn_held(conn), header, reason);

    conn_close_for(conn, WS_END_CLIENT, code, reason, CONN_CLOSE_MAX);
    conn->close_received = true;
    conn_touch_carrier(conn);
}

/* After such a length no frame border can be found any more, so the client's close frame cannot be waited for. */
static void lose_border(struct ws_conn *conn)
{
    conn_close(conn, WS_CLOSE_PROTOCOL, "malformed frame length", CONN_CLOSE_MAX);
    conn->close_received = true;
    conn->in_head = conn->in_tail;
    conn_touch_carrier(conn);
}

/* A command may make a file, a socket or a SIP request. */
static size_t frame_cost(const struct frame_header *header)
{
    return header->opcode == WSLAY_TEXT_FRAME ? WS_TEXT_COST : WS_FRAME_COST;
}

/* Returns what it cost; 0: there was none to take. */
static size_t take_step(struct ws_conn *conn)
{
    struct frame_header header = {0};
    uint32_t before = conn->in_head;
    enum step step = next_step(conn, &header);

    switch (step) {
    case STEP_NONE: return 0;
    case STEP_BEGIN: begin_frame(conn, &header); break;
    case STEP_WHOLE: take_whole(conn, &header); break;
    case STEP_FEED: feed_frame(conn); break;
    case STEP_SKIP: skip_frame(conn); break;
    case STEP_REFUSE: refuse_frame(conn); break;
    case STEP_ANSWER: answer_close(conn, &header); break;
    case STEP_PONG: take_ping(conn, &header); break;
    case STEP_LOST: lose_border(conn); break;
    }
    if (step == STEP_WHOLE || step == STEP_PONG) {
        return WS_FRAME_COST + (conn->in_head - before);
    }
    return step == STEP_FEED || step == STEP_SKIP ? conn->in_head - before + 1 : frame_cost(&header);
}

size_t conn_in_work(struct ws_conn *conn, mono_us now, size_t budget)
{
    size_t spent = 0;
    size_t cost;

    conn_note_input(conn, now);
    while (spent < budget && (cost = take_step(conn)) > 0) {
        spent += cost;
    }
    if (conn->closing) {
        conn_abort_message(conn);
    }
    return spent;
}

void conn_in_fini(struct ws_conn *conn)
{
    close_wslay(conn);
    free(conn->in);
}

bool ws_conn_has_work(const struct ws_conn *conn)
{
    struct frame_header header;

    return conn->in_head < conn->in_tail && next_step(conn, &header) != STEP_NONE;
}

ssize_t conn_on_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *user)
{
    struct ws_conn *conn = user;
    struct span held = conn_held(conn);

    (void)flags;
    if (len > held.len) {
        len = held.len;
    }
    if (len > conn->frame_left) {
        len = (size_t)conn->frame_left;
    }
    if (len > conn->feed_left) {
        len = conn->feed_left;
    }
    if (len == 0 || conn->closing) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(buf, held.ptr, len);
    conn->in_head += (uint32_t)len;
    conn->frame_left -= len;
    conn->feed_left -= len;
    return (ssize_t)len;
}

static void text_piece(struct ws_conn *conn, struct span piece)
{
    conn->hooks.text(conn->hooks.ctx, piece, false);
    if (!conn->undecided || conn->closing) {
        return;
    }
    enum ws_long verdict = ask_owner(conn, WSLAY_TEXT_FRAME, conn->message_len);
    conn->undecided = verdict == WS_LONG_ASK;
    if (verdict == WS_LONG_REFUSE) {
        close_too_big(conn);
    }
}

void conn_abort_message(struct ws_conn *conn)
{
    bool text = conn->message_open && conn->message_opcode == WSLAY_TEXT_FRAME && !conn->echo;

    conn->message_open = false;
    if (text && conn->hooks.text_abort != NULL) {
        conn->hooks.text_abort(conn->hooks.ctx);
    }
}

void conn_on_chunk(wslay_event_context_ptr ctx, const struct wslay_event_on_frame_recv_chunk_arg *arg, void *user)
{
    struct ws_conn *conn = user;
    struct span piece = span_make(arg->data, arg->data_length);

    (void)ctx;
    /* A hook may have closed the connection while wslay still holds a piece. */
    if (conn->closing || piece.len == 0 || frame_is_control(conn->frame_opcode)) {
        return;
    }
    if (conn->echo) {
        conn_echo_piece(conn, piece);
    } else if (conn->message_opcode == WSLAY_TEXT_FRAME) {
        text_piece(conn, piece);
    } else {
        conn->hooks.binary(conn->hooks.ctx, piece, false);
    }
}

void conn_on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg, void *user)
{
    struct ws_conn *conn = user;

    (void)ctx;
    if (conn->closing || frame_is_control(arg->opcode)) {
        return;
    }
    conn->message_open = false;
    if (conn->echo) {
        conn_echo_end(conn);
    } else if (conn->undecided) {
        close_too_big(conn); /* nothing in it told what it is */
    } else if (arg->opcode == WSLAY_TEXT_FRAME) {
        conn->hooks.text(conn->hooks.ctx, SPAN_NONE, true);
    } else {
        conn->hooks.binary(conn->hooks.ctx, SPAN_NONE, true);
    }
}
