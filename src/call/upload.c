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

static void fail_status(struct client *c, int status)
{
    switch (status) {
    case ST_TOO_LARGE:
        fail(c, WS_ERROR_TOO_LARGE, "an upload is at most %llu bytes",
             (unsigned long long)c->bridge->config.upload_max);
        break;
    case ST_FULL: fail(c, WS_ERROR_QUOTA, "no room left for uploads"); break;
    case ST_NO_MEMORY: fail(c, WS_ERROR_INTERNAL, "out of memory"); break;
    default: fail(c, WS_ERROR_IO, "the file cannot be stored"); break;
    }
}

static void fail_format(struct client *c)
{
    const char *why = c->upload.wav.why;
    fail(c, WS_ERROR_BAD_WAV, "%s; taken: WAV files of " WAV_TAKEN, why != NULL ? why : "not a WAV file");
}

void upload_begin(struct client *c, struct span name)
{
    const struct file_io *files = &c->bridge->config.files;

    c->upload = (struct upload){.active = true};
    wav_parser_init(&c->upload.wav);
    if (!ws_file_name_ok(name) || span_copy(name, c->committed_name, sizeof(c->committed_name)) != ST_OK) {
        fail(c, WS_ERROR_BAD_ARGUMENT,
             "the name is not allowed (1 to %d bytes; no / \\ : or control characters; no leading dot)", WS_NAME_MAX);
        return;
    }
    int status = files->upload_begin(files->ctx, c->id, c->committed_name, &c->upload.file);
    if (status != ST_OK) {
        c->upload.file = POOL_ID_NONE;
        fail_status(c, status);
    }
}

static void take_piece(struct client *c, struct span base64)
{
    const struct file_io *files = &c->bridge->config.files;
    struct upload *u = &c->upload;
    uint8_t bytes[(PIECE_CHARS + 3) / 4 * 3];
    int n = base64_stream_push(&u->base64, base64, bytes);

    if (n < 0) {
        fail(c, WS_ERROR_BAD_BASE64, "not base64 (RFC 4648, with padding, no blanks)");
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
    while (base64.len > 0 && !c->upload.failed) {
        take_piece(c, span_head(base64, PIECE_CHARS));
        base64 = span_from(base64, PIECE_CHARS);
    }
}

static void judge(struct client *c)
{
    struct upload *u = &c->upload;
    enum audio_codec codec;
    char text[sizeof(u->text)];

    if (base64_stream_end(&u->base64) != ST_OK) {
        fail(c, WS_ERROR_BAD_BASE64, "the base64 text is cut short");
    } else if (wav_parser_end(&u->wav, u->size) != WAV_READY) {
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
        judge(c);
    }
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
        client_error(c, SPAN_LIT("WAV_UPLOAD"), status == ST_FULL ? WS_ERROR_QUOTA : WS_ERROR_IO,
                     "the file cannot be stored (%s)", status_name(status));
    }
    ws_conn_pause(c->conn, false);
}
