/* SPDX-License-Identifier: MIT */
#include "bridge_priv.h"

#include <stdarg.h>
#include <stdio.h>

#define PIECE_CHARS 4096

static void drop_file(struct client *c)
{
    const struct file_io *files = &c->bridge->config.files;

    if (!pool_id_is_none(c->upload.file)) {
        files->upload_abort(files->ctx, c->upload.file);
        c->upload.file = POOL_ID_NONE;
    }
}

static void fail(struct client *c, enum ws_error error, const char *fmt, ...) WS_PRINTF(3, 4);
static void fail(struct client *c, enum ws_error error, const char *fmt, ...)
{
    struct upload *u = &c->upload;
    va_list args;

    if (!u->failed) {
        u->failed = true;
        u->error = error;
        va_start(args, fmt);
        vsnprintf(u->text, sizeof(u->text), fmt, args);
        va_end(args);
    }
    drop_file(c);
}

static const char *why(const struct client *c)
{
    const struct file_io *files = &c->bridge->config.files;
    const char *text = files->why != NULL ? files->why(files->ctx) : NULL;

    return text != NULL ? text : "the system refuses";
}

static void fail_status(struct client *c, int status)
{
    switch (status) {
    case ST_TOO_LARGE:
        fail(c, WS_ERROR_TOO_LARGE, "an upload is at most %llu bytes",
             (unsigned long long)c->bridge->config.upload_max);
        break;
    case ST_FULL:
        fail(c, WS_ERROR_QUOTA, "no room left for uploads (--upload-quota, their number, or the disk)");
        break;
    case ST_BUSY: fail(c, WS_ERROR_BUSY, "too many uploads at once"); break;
    case ST_NO_MEMORY: fail(c, WS_ERROR_INTERNAL, "out of memory"); break;
    default: fail(c, WS_ERROR_IO, "the file cannot be stored: %s", why(c)); break;
    }
}

static void fail_format(struct client *c)
{
    const char *why = c->upload.wav.why;

    fail(c, WS_ERROR_BAD_WAV, "%s; taken: WAV files of " WAV_TAKEN, why != NULL ? why : "not a WAV file");
}

static void fail_name(struct client *c, struct span name)
{
    char safe[TEXT_SAFE_MAX + 1];

    fail(c, WS_ERROR_BAD_ARGUMENT,
         "the name '%s' is not allowed (1 to %d bytes; no / \\ : or control characters; no leading dot)",
         text_safe(name, safe), WS_NAME_MAX);
}

/* Blanks behind a name are dropped where it is asked for, so they are here. */
static struct span without_end(struct span name)
{
    while (name.len > 0 && (span_find(SPAN_LIT(" \t\r\n\0"), name.ptr[name.len - 1]) < 5)) {
        name.len--;
    }
    return name;
}

void upload_begin(struct client *c, struct span name)
{
    const struct file_io *files = &c->bridge->config.files;

    c->upload = (struct upload){.active = true};
    wav_parser_init(&c->upload.wav);
    name = without_end(name);
    if (!file_name_is_ok(name) || span_copy(name, c->committed_name, sizeof(c->committed_name)) != ST_OK ||
        span_copy(name, c->upload.name, sizeof(c->upload.name)) != ST_OK) {
        fail_name(c, name);
        return;
    }
    int status = files->upload_begin(files->ctx, c->id, c->committed_name, &c->upload.file);
    if (status != ST_OK) {
        c->upload.file = POOL_ID_NONE;
        fail_status(c, status);
    }
}

void upload_over(struct client *c)
{
    fail(c, WS_ERROR_TOO_LARGE, "the message is longer than --ws-max-message (%llu bytes)",
         (unsigned long long)c->bridge->config.max_message);
}

/* "C:\x.wav:BASE64" comes as the name C: what stands before another ':' is no base64, but what was meant as the name. */
static void judge_head(struct client *c)
{
    struct upload *u = &c->upload;
    struct span head = span_make(u->head, u->head_len);
    char whole[sizeof(u->name) + sizeof(u->head)];
    struct outbuf out;
    size_t colon = head.len;

    while (colon > 0 && head.ptr[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0 || u->name[0] == '\0' || span_istarts(head, SPAN_LIT("data:")) ||
        (u->error != WS_ERROR_BAD_BASE64 && u->error != WS_ERROR_BAD_WAV)) {
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

static void keep_head(struct upload *u, struct span piece)
{
    piece = span_head(piece, sizeof(u->head) - u->head_len);
    if (piece.len > 0) {
        memcpy(u->head + u->head_len, piece.ptr, piece.len);
        u->head_len += piece.len;
    }
}

static void fail_base64(struct client *c)
{
    const struct base64_text *text = &c->upload.base64;

    fail(c, WS_ERROR_BAD_BASE64, "not base64 (RFC 4648): %s, at character %llu", text->why,
         (unsigned long long)text->at);
}

static void take_bytes(struct client *c, const uint8_t *bytes, int n)
{
    const struct file_io *files = &c->bridge->config.files;
    struct upload *u = &c->upload;

    if (n < 0) {
        fail_base64(c);
        return;
    }
    u->size += (uint64_t)n;
    if (wav_parser_push(&u->wav, bytes, (size_t)n) == WAV_BAD) {
        fail_format(c);
        return;
    }
    int status = n > 0 ? files->upload_write(files->ctx, u->file, bytes, (size_t)n) : ST_OK;
    if (status != ST_OK) {
        fail_status(c, status);
    }
}

void upload_data(struct client *c, struct span base64)
{
    uint8_t bytes[(PIECE_CHARS + 4) / 4 * 3];

    keep_head(&c->upload, base64);
    while (base64.len > 0 && !c->upload.failed) {
        take_bytes(c, bytes, base64_text_push(&c->upload.base64, span_head(base64, PIECE_CHARS), bytes));
        base64 = span_from(base64, PIECE_CHARS);
    }
}

static void take_last(struct client *c)
{
    uint8_t bytes[3];

    take_bytes(c, bytes, base64_text_end(&c->upload.base64, bytes));
}

static int read_back(void *ctx, uint64_t offset, void *data, size_t len)
{
    const struct client *c = ctx;
    const struct file_io *files = &c->bridge->config.files;

    return files->upload_read(files->ctx, c->upload.file, offset, data, len);
}

/* The file as a player will find it: what is stored can be played. */
static void judge(struct client *c)
{
    struct upload *u = &c->upload;
    enum audio_codec codec;
    char text[sizeof(u->text)];

    int status = wav_look(read_back, c, u->size, &u->wav);
    if (status == ST_IO) {
        fail_status(c, status);
    } else if (status != ST_OK) {
        fail_format(c);
    } else if (wav_playable(&u->wav.format, &codec, text, sizeof(text)) != ST_OK) {
        fail(c, WS_ERROR_BAD_WAV, "%s", text);
    } else if (codec != AUDIO_CODEC_COUNT) {
        c->committed_name[0] = '\0'; /* plays as it lies */
    }
}

void upload_end(struct client *c, bool aborted)
{
    const struct file_io *files = &c->bridge->config.files;
    struct upload *u = &c->upload;

    u->active = false;
    if (aborted) {
        drop_file(c);
        return;
    }
    if (!u->failed) {
        take_last(c);
    }
    if (!u->failed) {
        judge(c);
    }
    judge_head(c);
    if (u->failed) {
        client_error(c, SPAN_LIT("WAV_UPLOAD"), u->error, "%s", u->text);
        return;
    }
    struct pool_id file = u->file;
    u->file = POOL_ID_NONE;
    c->committing = true;
    c->committed_size = u->size;
    ws_conn_pause(c->conn, true); /* what comes next may want the file */
    int status = files->upload_commit(files->ctx, file, c->id);
    if (status != ST_OK) {
        bridge_upload_done(c->bridge, c->bridge->now, c->id, status);
    }
}

void bridge_upload_done(struct bridge *b, mono_us now, struct pool_id client, int status)
{
    struct client *c = client_get(b, client);

    b->now = now;
    if (c == NULL || !c->committing) {
        return; /* the client left meanwhile: the file is stored all the same */
    }
    c->committing = false;
    if (status == ST_OK) {
        client_tell(c, "WAV_ACK:檔案上傳成功 (%llu 字節)", (unsigned long long)c->committed_size);
        if (c->committed_name[0] != '\0') {
            convert_want(b, c->committed_name);
        }
    } else {
        const bool full = status == ST_FULL;
        client_error(c, SPAN_LIT("WAV_UPLOAD"), full ? WS_ERROR_QUOTA : WS_ERROR_IO, "the file cannot be stored: %s",
                     full ? "no room left" : why(c));
    }
    ws_conn_pause(c->conn, false);
}
