/* SPDX-License-Identifier: MIT */
/* A text message in pieces of any size: a command, or an upload that streams through. */
#include "conn.h"

static const struct span upload_prefix = {"WAV_UPLOAD:", 11};
static const struct span bom = {"\xEF\xBB\xBF", 3};

void conn_text_begin(struct ws_conn *conn)
{
    conn->text.state = TEXT_COLLECT;
    conn->text.bom_seen = false;
    conn->text.over = false;
    conn->text.len = 0;
}

static void too_long(struct ws_conn *conn)
{
    conn_close(conn, WS_CLOSE_TOO_BIG, "message too long", CONN_CLOSE_MAX);
}

static void upload_over(struct ws_conn *conn)
{
    conn->text.state = TEXT_UPLOAD_SKIP;
    conn->hooks.upload_over(conn->hooks.ctx);
}

static void upload_begin(struct ws_conn *conn)
{
    conn->text.state = TEXT_UPLOAD_DATA;
    conn->hooks.upload_begin(conn->hooks.ctx, span_make(conn->text.bytes, conn->text.len));
    if (conn->text.over && !conn->closing) {
        upload_over(conn);
    }
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

/* What may stand behind a command and does not belong to it. */
static bool is_padding(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

static struct span without_padding(struct span text)
{
    while (text.len > 0 && is_padding(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

static struct span take_bom(struct conn_text *text, struct span piece)
{
    size_t same = 0;

    while (same < piece.len && text->len + same < bom.len && piece.ptr[same] == bom.ptr[text->len + same]) {
        same++;
    }
    memcpy(text->bytes + text->len, piece.ptr, same);
    text->len += same;
    text->bom_seen = text->len == bom.len || same < piece.len;
    if (text->len == bom.len) {
        text->len = 0;
    }
    return span_from(piece, same);
}

/* Nothing fits any more, and a command's end may have padding of any length. */
static struct span pass_padding(struct conn_text *text, struct span piece)
{
    text->state = without_padding(piece).len > 0 ? TEXT_TOO_LARGE : text->state;
    return SPAN_NONE;
}

/* Up to the length of the prefix first: by then it is known what the message is. */
static struct span take_command(struct ws_conn *conn, struct span piece)
{
    struct conn_text *text = &conn->text;

    if (!text->bom_seen) {
        return take_bom(text, piece);
    }
    size_t room = text->len < upload_prefix.len ? upload_prefix.len - text->len : WS_COMMAND_MAX - text->len;
    if (room == 0) {
        return pass_padding(text, piece);
    }
    struct span part = span_head(piece, room);
    memcpy(text->bytes + text->len, part.ptr, part.len);
    text->len += part.len;
    if (text->len == upload_prefix.len && span_eq(span_make(text->bytes, text->len), upload_prefix)) {
        text->state = TEXT_UPLOAD_NAME;
        text->len = 0;
    } else if (text->over && !conn_text_may_be_upload(conn)) {
        too_long(conn);
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
    case TEXT_UPLOAD_SKIP:
    case TEXT_NONE: break;
    }
    return SPAN_NONE;
}

void conn_text_piece(struct ws_conn *conn, struct span piece)
{
    while (piece.len > 0 && !conn->closing) {
        piece = take_some(conn, piece);
    }
}

bool conn_text_may_be_upload(const struct ws_conn *conn)
{
    const struct conn_text *text = &conn->text;
    struct span bytes = span_make(text->bytes, text->len);

    if (text->state == TEXT_COLLECT) {
        return span_starts(text->bom_seen ? upload_prefix : bom, bytes);
    }
    return text->state == TEXT_UPLOAD_NAME || text->state == TEXT_UPLOAD_DATA || text->state == TEXT_UPLOAD_SKIP;
}

void conn_text_over(struct ws_conn *conn)
{
    conn->text.over = true;
    if (conn->text.state == TEXT_UPLOAD_DATA) {
        upload_over(conn);
    }
}

static void end_too_large(struct ws_conn *conn)
{
    static const size_t verb_max = 32;
    struct span head = span_make(conn->text.bytes, verb_max + 1);
    size_t colon = span_find(head, ':');

    conn->hooks.command_too_large(conn->hooks.ctx, colon <= verb_max ? span_head(head, colon) : SPAN_NONE);
}

static void end_command(struct ws_conn *conn)
{
    if (conn->text.over) {
        too_long(conn); /* the limit is below the prefix's length */
        return;
    }
    conn->hooks.command(conn->hooks.ctx, without_padding(span_make(conn->text.bytes, conn->text.len)));
}

void conn_text_end(struct ws_conn *conn)
{
    enum text_state state = conn->text.state;

    conn->text.state = TEXT_NONE;
    switch (state) {
    case TEXT_COLLECT: end_command(conn); break;
    case TEXT_TOO_LARGE: end_too_large(conn); break;
    case TEXT_UPLOAD_NAME:
        upload_begin(conn);
        conn->text.state = TEXT_NONE;
        conn->hooks.upload_end(conn->hooks.ctx, false);
        break;
    case TEXT_UPLOAD_DATA:
    case TEXT_UPLOAD_SKIP: conn->hooks.upload_end(conn->hooks.ctx, false); break;
    case TEXT_NONE: break;
    }
}

void conn_text_abort(struct ws_conn *conn)
{
    enum text_state state = conn->text.state;

    conn->text.state = TEXT_NONE;
    if (state == TEXT_UPLOAD_DATA || state == TEXT_UPLOAD_SKIP) {
        conn->hooks.upload_end(conn->hooks.ctx, true);
    }
}
