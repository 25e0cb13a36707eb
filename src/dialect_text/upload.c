/* SPDX-License-Identifier: MIT */
/* WAV_UPLOAD:name:base64 as it streams in. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "text.h"

#define PIECE_CHARS 4096

static void fail(struct client *c, enum error_code error, const char *fmt, ...) WS_PRINTF(3, 4);
static void fail(struct client *c, enum error_code error, const char *fmt, ...)
{
    struct text_upload *u = text_client(c)->upload;
    va_list args;

    if (!u->failed) {
        u->failed = true;
        u->error = error;
        va_start(args, fmt);
        vsnprintf(u->text, sizeof(u->text), fmt, args);
        va_end(args);
    }
    client_upload_abort(c);
}

static void fail_name(struct client *c, struct span name)
{
    char safe[TEXT_SAFE_MAX + 1];

    fail(c, ERROR_BAD_ARGUMENT,
         "the name '%s' is not allowed (1 to %d bytes; no / \\ : or control characters; no leading dot)",
         text_safe(name, safe), FILE_NAME_LEN_MAX);
}

/* The words for what the functions of an upload return. */
static void fail_status(struct client *c, int status)
{
    switch (status) {
    case ST_BAD: fail(c, ERROR_BAD_WAV, "%s; taken: WAV files of " WAV_TAKEN, client_upload_why(c)); break;
    case ST_UNSUPPORTED: fail(c, ERROR_BAD_WAV, "%s", client_upload_why(c)); break;
    case ST_TOO_LARGE:
        fail(c, ERROR_TOO_LARGE, "an upload is at most %llu bytes", (unsigned long long)client_limits(c).upload_max);
        break;
    case ST_FULL: fail(c, ERROR_QUOTA, "no room left for uploads (--upload-quota, their number, or the disk)"); break;
    case ST_BUSY: fail(c, ERROR_BUSY, "too many uploads at once"); break;
    case ST_NO_MEMORY: fail(c, ERROR_INTERNAL, "out of memory"); break;
    default: fail(c, ERROR_IO, "the file cannot be stored: %s", client_upload_why(c)); break;
    }
}

/* Blanks behind a name are dropped where it is asked for, so they are here. */
static struct span without_end(struct span name)
{
    while (name.len > 0 && (span_find(SPAN_LIT(" \t\r\n\0"), name.ptr[name.len - 1]) < 5)) {
        name.len--;
    }
    return name;
}

void dialect_text_upload_begin(void *ctx, struct span name)
{
    struct client *c = ctx;
    struct text_upload *u = calloc(1, sizeof(*u));

    text_client(c)->upload = u;
    if (u == NULL) {
        return; /* its end tells */
    }
    name = without_end(name);
    if (!file_name_is_ok(name) || span_copy(name, u->name, sizeof(u->name)) != ST_OK) {
        fail_name(c, name);
        return;
    }
    int status = client_upload_begin(c, name);
    if (status != ST_OK) {
        fail_status(c, status);
    }
}

void dialect_text_upload_over(void *ctx)
{
    struct client *c = ctx;

    if (text_client(c)->upload == NULL) {
        return;
    }
    fail(c, ERROR_TOO_LARGE, "the message is longer than --ws-max-message (%llu bytes)",
         (unsigned long long)client_limits(c).max_message);
}

/* "C:\x.wav:BASE64" comes as the name C: what stands before another ':' is no base64, but what was meant as the name. */
static void judge_head(struct client *c)
{
    struct text_upload *u = text_client(c)->upload;
    struct span head = span_make(u->head, u->head_len);
    char whole[sizeof(u->name) + sizeof(u->head)];
    struct outbuf out;
    size_t colon = head.len;

    while (colon > 0 && head.ptr[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0 || u->name[0] == '\0' || span_istarts(head, SPAN_LIT("data:")) ||
        (u->error != ERROR_BAD_BASE64 && u->error != ERROR_BAD_WAV)) {
        return;
    }
    head = span_head(head, colon - 1);
    if (head.len > 5 && span_ieq(span_from(head, head.len - 5), SPAN_LIT(":data"))) {
        head.len -= 5;
    }
    outbuf_init(&out, whole, sizeof(whole));
    outbuf_str(&out, u->name);
    outbuf_char(&out, ':');
    outbuf_span(&out, head);
    u->failed = false;
    fail_name(c, outbuf_view(&out));
}

static void keep_head(struct text_upload *u, struct span piece)
{
    piece = span_head(piece, sizeof(u->head) - u->head_len);
    if (piece.len > 0) {
        memcpy(u->head + u->head_len, piece.ptr, piece.len);
        u->head_len += piece.len;
    }
}

static void take_bytes(struct client *c, const uint8_t *bytes, int n)
{
    const struct base64_text *text = &text_client(c)->upload->base64;

    if (n < 0) {
        fail(c, ERROR_BAD_BASE64, "not base64 (RFC 4648): %s, at character %llu", text->why,
             (unsigned long long)text->at);
        return;
    }
    int status = client_upload_bytes(c, bytes, (size_t)n);
    if (status != ST_OK) {
        fail_status(c, status);
    }
}

void dialect_text_upload_data(void *ctx, struct span base64)
{
    struct client *c = ctx;
    struct text_upload *u = text_client(c)->upload;
    uint8_t bytes[(PIECE_CHARS + 4) / 4 * 3];

    if (u == NULL) {
        return;
    }
    keep_head(u, base64);
    while (base64.len > 0 && !u->failed) {
        take_bytes(c, bytes, base64_text_push(&u->base64, span_head(base64, PIECE_CHARS), bytes));
        base64 = span_from(base64, PIECE_CHARS);
    }
}

/* It came whole: whether it was taken. */
static void upload_finish(struct client *c)
{
    struct text_upload *u = text_client(c)->upload;
    uint8_t bytes[3];

    if (!u->failed) {
        take_bytes(c, bytes, base64_text_end(&u->base64, bytes));
    }
    int status = u->failed ? ST_OK : client_upload_end(c);
    if (status != ST_OK) {
        fail_status(c, status);
    }
    judge_head(c);
    if (u->failed) {
        dialect_text_error(c, SPAN_LIT("WAV_UPLOAD"), u->error, "%s", u->text);
    }
}

void dialect_text_upload_end(void *ctx, bool aborted)
{
    struct client *c = ctx;
    struct text_client *t = text_client(c);

    if (aborted) {
        client_upload_abort(c);
    } else if (t->upload == NULL) {
        dialect_text_error(c, SPAN_LIT("WAV_UPLOAD"), ERROR_INTERNAL, "out of memory");
    } else {
        upload_finish(c);
    }
    free(t->upload);
    t->upload = NULL;
}
