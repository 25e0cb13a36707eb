/* SPDX-License-Identifier: MIT */
#include "command_stream.h"

#include <stdlib.h>

/* An upload that is too long is read past up to here: base64 of the longest WAV there can be (4 GiB and a third) and to spare. */
#define READ_PAST_MAX (6ULL << 30)

static const struct span upload_prefix = {"WAV_UPLOAD:", 11};
static const struct span bom = {"\xEF\xBB\xBF", 3};

_Static_assert(COMMAND_SHORT > FILE_NAME_LEN_MAX, "a name that is too long is seen to be it");

static void message_begin(struct command_stream *s)
{
    s->state = COMMAND_COLLECT;
    s->bom_seen = false;
    s->over = false;
    s->len = 0;
    free(s->more);
    s->more = NULL;
}

void command_stream_init(struct command_stream *s, const struct command_hooks *hooks, void *ctx)
{
    *s = (struct command_stream){.hooks = hooks, .ctx = ctx};
}

static void upload_skip(struct command_stream *s)
{
    s->state = COMMAND_UPLOAD_SKIP;
    s->hooks->upload_over(s->ctx);
}

static void upload_begin(struct command_stream *s)
{
    s->state = COMMAND_UPLOAD_DATA;
    s->hooks->upload_begin(s->ctx, span_make(s->bytes, s->len));
    if (s->over && !s->hooks->is_closing(s->ctx)) {
        upload_skip(s);
    }
}

/* The name is kept to one byte over its limit: enough to be seen as too long. */
static struct span take_name(struct command_stream *s, struct span piece)
{
    size_t colon = span_find(piece, ':');
    struct span part = span_head(piece, colon);
    size_t room = FILE_NAME_LEN_MAX + 1 - s->len;
    size_t len = part.len < room ? part.len : room;

    if (len > 0) {
        memcpy(s->bytes + s->len, part.ptr, len);
        s->len += len;
    }
    if (colon < piece.len) {
        upload_begin(s);
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

static struct span take_bom(struct command_stream *s, struct span piece)
{
    size_t same = 0;

    while (same < piece.len && s->len + same < bom.len && piece.ptr[same] == bom.ptr[s->len + same]) {
        same++;
    }
    memcpy(s->bytes + s->len, piece.ptr, same);
    s->len += same;
    s->bom_seen = s->len == bom.len || same < piece.len;
    if (s->len == bom.len) {
        s->len = 0;
    }
    return span_from(piece, same);
}

/* Where its bytes are, with room for len of them; NULL: no memory. Most commands are short. */
static char *command_room(struct command_stream *s, size_t len)
{
    if (s->more == NULL && len > COMMAND_SHORT) {
        s->more = malloc(COMMAND_MAX);
        if (s->more != NULL) {
            memcpy(s->more, s->bytes, s->len);
        }
        return s->more;
    }
    return s->more != NULL ? s->more : s->bytes;
}

static struct span command_text(const struct command_stream *s)
{
    return span_make(s->more != NULL ? s->more : s->bytes, s->len);
}

/* Up to the length of the prefix first: by then it is known what the message is. */
static struct span take_command(struct command_stream *s, struct span piece)
{
    if (!s->bom_seen) {
        return take_bom(s, piece);
    }
    size_t room = s->len < upload_prefix.len ? upload_prefix.len - s->len : COMMAND_MAX - s->len;
    if (room == 0) {
        /* nothing fits any more, and a command's end may have padding of any length */
        s->state = without_padding(piece).len > 0 ? COMMAND_TOO_LARGE : s->state;
        return SPAN_NONE;
    }
    struct span part = span_head(piece, room);
    char *bytes = command_room(s, s->len + part.len);
    if (bytes == NULL) {
        s->state = COMMAND_NO_MEMORY;
        return SPAN_NONE;
    }
    memcpy(bytes + s->len, part.ptr, part.len);
    s->len += part.len;
    if (s->len == upload_prefix.len && span_eq(span_make(s->bytes, s->len), upload_prefix)) {
        s->state = COMMAND_UPLOAD_NAME;
        s->len = 0;
    }
    return span_from(piece, part.len);
}

static struct span take_some(struct command_stream *s, struct span piece)
{
    switch (s->state) {
    case COMMAND_COLLECT: return take_command(s, piece);
    case COMMAND_UPLOAD_NAME: return take_name(s, piece);
    case COMMAND_UPLOAD_DATA: s->hooks->upload_data(s->ctx, piece); break;
    case COMMAND_TOO_LARGE:
    case COMMAND_NO_MEMORY:
    case COMMAND_UPLOAD_SKIP: break;
    }
    return SPAN_NONE;
}

/* Of one over COMMAND_SHORT, which is not to be had whole. */
static struct span lost_verb(const struct command_stream *s)
{
    static const size_t verb_max = 32;
    struct span head = span_head(command_text(s), verb_max + 1);
    size_t colon = span_find(head, ':');

    return colon <= verb_max ? span_head(head, colon) : SPAN_NONE;
}

static void message_end(struct command_stream *s)
{
    switch (s->state) {
    case COMMAND_COLLECT: s->hooks->command(s->ctx, without_padding(command_text(s))); break;
    case COMMAND_TOO_LARGE: s->hooks->too_large(s->ctx, lost_verb(s)); break;
    case COMMAND_NO_MEMORY: s->hooks->no_memory(s->ctx, lost_verb(s)); break;
    case COMMAND_UPLOAD_NAME:
        upload_begin(s);
        s->hooks->upload_end(s->ctx, false);
        break;
    case COMMAND_UPLOAD_DATA:
    case COMMAND_UPLOAD_SKIP: s->hooks->upload_end(s->ctx, false); break;
    }
    message_begin(s);
}

void command_stream_push(struct command_stream *s, struct span piece, bool last)
{
    while (piece.len > 0 && !s->hooks->is_closing(s->ctx)) {
        piece = take_some(s, piece);
    }
    if (last) {
        message_end(s);
    }
}

/* A message of which nothing is known yet may be an upload too. */
static bool may_be_upload(const struct command_stream *s)
{
    if (s->state == COMMAND_COLLECT) {
        return span_starts(s->bom_seen ? upload_prefix : bom, command_text(s));
    }
    return s->state != COMMAND_TOO_LARGE && s->state != COMMAND_NO_MEMORY;
}

enum ws_long command_stream_over(struct command_stream *s, uint64_t len)
{
    if (len > READ_PAST_MAX || !may_be_upload(s)) {
        return WS_LONG_REFUSE;
    }
    s->over = true;
    if (s->state == COMMAND_UPLOAD_DATA) {
        upload_skip(s);
    }
    return s->state == COMMAND_COLLECT ? WS_LONG_ASK : WS_LONG_TAKE;
}

void command_stream_abort(struct command_stream *s)
{
    bool begun = s->state == COMMAND_UPLOAD_DATA || s->state == COMMAND_UPLOAD_SKIP;

    message_begin(s);
    if (begun) {
        s->hooks->upload_end(s->ctx, true);
    }
}
