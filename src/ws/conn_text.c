/* A text message in pieces of any size. The line end that a message may carry at its very end is held back until more
 * comes or the message ends, so that nothing behind this filter ever sees it. */
#include "conn.h"

static const struct span upload_prefix = {"WAV_UPLOAD:", 11};

void conn_text_begin(struct ws_conn *conn)
{
    conn->text.state = TEXT_COLLECT;
    conn->text.held_len = 0;
    conn->text.len = 0;
}

static void upload_begin(struct ws_conn *conn)
{
    conn->text.state = TEXT_UPLOAD_DATA;
    conn->hooks.upload_begin(conn->hooks.ctx, span_make(conn->text.bytes, conn->text.len));
}

/* The name is kept to one byte over its limit: enough to be seen as too long. */
static struct span take_name(struct ws_conn *conn, struct span piece)
{
    struct conn_text *text = &conn->text;
    size_t colon = span_find(piece, ':');
    struct span part = span_head(piece, colon);
    size_t room = WS_NAME_MAX + 1 - text->len;
    size_t len = part.len < room ? part.len : room;
    if (len > 0) {
        memcpy(text->bytes + text->len, part.ptr, len);
        text->len += len;
    }
    if (colon < piece.len) {
        upload_begin(conn);
    }
    return span_from(piece, colon + 1);
}

/* Up to the length of the prefix first: by then it is known what the message is. */
static struct span take_command(struct ws_conn *conn, struct span piece)
{
    struct conn_text *text = &conn->text;
    size_t room = text->len < upload_prefix.len ? upload_prefix.len - text->len : WS_COMMAND_MAX - text->len;
    if (room == 0) {
        text->state = TEXT_TOO_LARGE;
        return SPAN_NONE;
    }
    struct span part = span_head(piece, room);
    memcpy(text->bytes + text->len, part.ptr, part.len);
    text->len += part.len;
    if (text->len == upload_prefix.len && span_eq(span_make(text->bytes, text->len), upload_prefix)) {
        text->state = TEXT_UPLOAD_NAME;
        text->len = 0;
    }
    return span_from(piece, part.len);
}

static struct span take_some(struct ws_conn *conn, struct span piece)
{
    switch (conn->text.state) {
    case TEXT_COLLECT: return take_command(conn, piece);
    case TEXT_UPLOAD_NAME: return take_name(conn, piece);
    case TEXT_UPLOAD_DATA: conn->hooks.upload_data(conn->hooks.ctx, piece); break;
    case TEXT_TOO_LARGE:
    case TEXT_NONE: break;
    }
    return SPAN_NONE;
}

static void take_all(struct ws_conn *conn, struct span piece)
{
    while (piece.len > 0 && !conn->closing) {
        piece = take_some(conn, piece);
    }
}

/* Length of the line end that `piece` ends with. */
static size_t line_end_len(struct span piece)
{
    char last = piece.ptr[piece.len - 1];
    if (last == '\n') {
        return piece.len > 1 && piece.ptr[piece.len - 2] == '\r' ? 2 : 1;
    }
    return last == '\r' ? 1 : 0;
}

void conn_text_piece(struct ws_conn *conn, struct span piece)
{
    struct conn_text *text = &conn->text;
    if (piece.len == 1 && piece.ptr[0] == '\n' && text->held_len == 1 && text->held[0] == '\r') {
        text->held[text->held_len++] = '\n';
        return;
    }
    size_t hold = line_end_len(piece);
    char held[2];
    size_t held_len = text->held_len;
    memcpy(held, text->held, sizeof(held));
    text->held_len = hold;
    if (hold > 0) {
        memcpy(text->held, piece.ptr + piece.len - hold, hold);
    }
    take_all(conn, span_make(held, held_len));
    take_all(conn, span_head(piece, piece.len - hold));
}

static void end_too_large(struct ws_conn *conn)
{
    static const size_t verb_max = 32;
    struct span head = span_make(conn->text.bytes, verb_max + 1);
    size_t colon = span_find(head, ':');
    conn->hooks.command_too_large(conn->hooks.ctx, colon <= verb_max ? span_head(head, colon) : SPAN_NONE);
}

void conn_text_end(struct ws_conn *conn)
{
    enum text_state state = conn->text.state;
    conn->text.state = TEXT_NONE;
    switch (state) {
    case TEXT_COLLECT: conn->hooks.command(conn->hooks.ctx, span_make(conn->text.bytes, conn->text.len)); break;
    case TEXT_TOO_LARGE: end_too_large(conn); break;
    case TEXT_UPLOAD_NAME:
        upload_begin(conn);
        conn->text.state = TEXT_NONE;
        conn->hooks.upload_end(conn->hooks.ctx, false);
        break;
    case TEXT_UPLOAD_DATA: conn->hooks.upload_end(conn->hooks.ctx, false); break;
    case TEXT_NONE: break;
    }
}

void conn_text_abort(struct ws_conn *conn)
{
    enum text_state state = conn->text.state;
    conn->text.state = TEXT_NONE;
    if (state == TEXT_UPLOAD_DATA) {
        conn->hooks.upload_end(conn->hooks.ctx, true);
    }
}
