/* SPDX-License-Identifier: MIT */
/* A client's upload on its way to the disk: looked at as it comes, judged when it is whole, stored, then told. */
#include "client_priv.h"

#include <assert.h>
#include <stdio.h>

static const struct upload_io *io_of(const struct client *c)
{
    return &c->gateway->config.uploads;
}

void client_upload_abort(struct client *c)
{
    const struct upload_io *io = io_of(c);

    if (!pool_id_is_none(c->upload.file)) {
        io->abort(io->ctx, c->upload.file);
        c->upload.file = POOL_ID_NONE;
    }
}

static const char *system_says(const struct client *c)
{
    const struct upload_io *io = io_of(c);
    const char *text = io->why(io->ctx);

    return text != NULL ? text : "the system refuses";
}

/* It is over, for this reason. */
static int upload_fail(struct client *c, int status, const char *why)
{
    snprintf(c->upload.why, sizeof(c->upload.why), "%s", why);
    client_upload_abort(c);
    return status;
}

static int upload_fail_format(struct client *c)
{
    const char *why = c->upload.wav.why;

    return upload_fail(c, ST_BAD, why != NULL ? why : "not a WAV file");
}

const char *client_upload_why(const struct client *c)
{
    return c->upload.why;
}

int client_upload_begin(struct client *c, struct span name)
{
    const struct upload_io *io = io_of(c);

    assert(!c->committing); /* the connection is paused meanwhile */
    c->upload = (struct upload){.size = 0};
    wav_parser_init(&c->upload.wav);
    if (!file_name_is_ok(name) || span_copy(name, c->upload.name, sizeof(c->upload.name)) != ST_OK) {
        return upload_fail(c, ST_BAD, "the name is not allowed");
    }
    int status = io->begin(io->ctx, c->upload.name, &c->upload.file);
    if (status != ST_OK) {
        c->upload.file = POOL_ID_NONE;
        return upload_fail(c, status, system_says(c));
    }
    return ST_OK;
}

int client_upload_bytes(struct client *c, const void *bytes, size_t len)
{
    const struct upload_io *io = io_of(c);
    struct upload *u = &c->upload;

    u->size += len;
    if (wav_parser_push(&u->wav, bytes, len) == WAV_BAD) {
        return upload_fail_format(c);
    }
    int status = len > 0 ? io->write(io->ctx, u->file, bytes, len) : ST_OK;
    return status == ST_OK ? ST_OK : upload_fail(c, status, system_says(c));
}

static int read_back(void *ctx, uint64_t offset, void *data, size_t len)
{
    const struct client *c = ctx;
    const struct upload_io *io = io_of(c);

    return io->read(io->ctx, c->upload.file, offset, data, len);
}

/* The file as a player will find it: what is stored can be played. */
static int upload_judge(struct client *c)
{
    struct upload *u = &c->upload;
    enum audio_codec codec;
    char text[sizeof(u->why)];

    int status = wav_look(read_back, c, u->size, &u->wav);
    if (status != ST_OK) {
        return status == ST_IO ? upload_fail(c, status, system_says(c)) : upload_fail_format(c);
    }
    if (wav_playable(&u->wav.format, &codec, text, sizeof(text)) != ST_OK) {
        return upload_fail(c, ST_UNSUPPORTED, text);
    }
    if (codec != AUDIO_CODEC_COUNT) {
        u->name[0] = '\0'; /* plays as it lies */
    }
    return ST_OK;
}

int client_upload_end(struct client *c)
{
    const struct upload_io *io = io_of(c);
    int status = upload_judge(c);

    if (status != ST_OK) {
        return status;
    }
    struct pool_id file = c->upload.file;
    c->upload.file = POOL_ID_NONE;
    c->committing = true;
    ws_conn_pause(c->conn, true); /* what comes next may want the file */
    status = io->commit(io->ctx, file, c->id);
    if (status != ST_OK) {
        gateway_upload_done(c->gateway, c->id, status);
    }
    return ST_OK;
}

void gateway_upload_done(struct gateway *g, struct pool_id client, int status)
{
    struct client *c = client_get(g, client);

    if (c == NULL || !c->committing) {
        return; /* the client left meanwhile: the file is stored all the same */
    }
    c->committing = false;
    c->dialect->on_file(c, &(struct file_event){.kind = status == ST_OK ? FILE_EVENT_STORED : FILE_EVENT_NOT_STORED,
                                                .status = status,
                                                .text = status == ST_OK ? "" : system_says(c),
                                                .bytes = c->upload.size});
    if (status == ST_OK && c->upload.name[0] != '\0') {
        media_convert(calls_media(g->calls), c->upload.name);
    }
    ws_conn_pause(c->conn, false);
}
