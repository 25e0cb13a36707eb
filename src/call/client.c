/* SPDX-License-Identifier: MIT */
#include "bridge_priv.h"

#include <stdarg.h>
#include <stdio.h>

#define TELL_MAX       2048
#define VERB_SHOWN_MAX 32

struct client *client_get(struct bridge *b, struct pool_id id)
{
    struct client *c = pool_get(&b->clients, id);

    return c != NULL && !c->gone ? c : NULL;
}

void client_tell(struct client *c, const char *fmt, ...)
{
    char text[TELL_MAX];
    va_list args;

    if (c == NULL || c->gone) {
        return;
    }
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (n > 0) {
        size_t len = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
        ws_conn_send_text(c->conn, span_make(text, len));
    }
}

void client_error(struct client *c, struct span verb, enum ws_error error, const char *fmt, ...)
{
    char safe[TEXT_SAFE_MAX + 1];
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    text_safe(span_head(verb, VERB_SHOWN_MAX), safe);
    client_tell(c, "ERROR:%s:%s:%s", safe, ws_error_name(error), text);
}

/* ---- audio towards the client ---- */

void client_audio(struct client *c, const void *packet, size_t len)
{
    if (c == NULL || c->format == MEDIA_OFF || c->audio.bytes == NULL) {
        return;
    }
    int dropped = frame_ring_push(&c->audio, packet, len);
    if (dropped != 0 && !c->told_slow) {
        c->told_slow = true;
        client_error(c, SPAN_LIT("MEDIA"), WS_ERROR_BUSY, "you read too slowly, the oldest audio was dropped");
    }
}

struct packet_view {
    const uint8_t *bytes;
    size_t len;
};

static void fill_hex(void *ctx, uint8_t *out, size_t len)
{
    const struct packet_view *packet = ctx;
    struct outbuf text;

    outbuf_init(&text, out, len);
    outbuf_str(&text, "RTP:");
    outbuf_hex(&text, packet->bytes, packet->len);
}

static void fill_raw(void *ctx, uint8_t *out, size_t len)
{
    const struct packet_view *packet = ctx;

    memcpy(out, packet->bytes, len);
}

bool client_has_audio(const struct client *c)
{
    size_t len = frame_ring_peek_len(&c->audio);

    return len > 0 && ws_conn_audio_room(c->conn, c->format == MEDIA_HEX ? 4 + 2 * len : len);
}

void client_pump_audio(struct client *c)
{
    uint8_t bytes[RTP_PACKET_MAX];
    bool hex = c->format == MEDIA_HEX;

    if (c->format == MEDIA_OFF) {
        frame_ring_clear(&c->audio);
        return;
    }
    for (;;) {
        size_t len = frame_ring_peek_len(&c->audio);
        size_t message = hex ? 4 + 2 * len : len;
        if (len == 0 || !ws_conn_audio_room(c->conn, message)) {
            return;
        }
        struct packet_view packet = {bytes, frame_ring_pop(&c->audio, bytes, sizeof(bytes))};
        ws_conn_send_audio(c->conn, hex, message, hex ? fill_hex : fill_raw, &packet);
    }
}

void client_end_audio(struct client *c)
{
    client_pump_audio(c);
    frame_ring_clear(&c->audio);
}

/* ---- hooks of the connection ---- */

static void on_command(void *ctx, struct span text)
{
    client_command(ctx, text);
}

static void on_too_large(void *ctx, struct span verb)
{
    client_error(ctx, verb, WS_ERROR_TOO_LARGE, "a text command is at most %d bytes", WS_COMMAND_MAX);
}

static void on_upload_begin(void *ctx, struct span name)
{
    upload_begin(ctx, name);
}

static void on_upload_data(void *ctx, struct span base64)
{
    upload_data(ctx, base64);
}

static void on_upload_end(void *ctx, bool aborted)
{
    upload_end(ctx, aborted);
}

static void on_upload_over(void *ctx)
{
    upload_over(ctx);
}

static void on_binary(void *ctx, struct span piece, bool last)
{
    client_binary_piece(ctx, piece, last);
}

void client_hooks(struct client *c, struct ws_hooks *hooks)
{
    *hooks = (struct ws_hooks){
        .ctx = c,
        .command = on_command,
        .command_too_large = on_too_large,
        .upload_begin = on_upload_begin,
        .upload_data = on_upload_data,
        .upload_end = on_upload_end,
        .upload_over = on_upload_over,
        .binary = on_binary,
    };
}

/* ---- life ---- */

void client_deadline(struct client *c)
{
    timerq_set(&c->bridge->timers, &c->timer, ws_conn_due(c->conn));
}

void client_release(struct client *c)
{
    struct bridge *b = c->bridge;

    listing_stop(c);
    ringing_forget(c);
    timerq_cancel(&b->timers, &c->timer);
    ws_conn_free(c->conn); /* may still say upload_end(aborted) */
    c->conn = NULL;
    frame_ring_fini(&c->audio);
    resample_free(c->upsampler);
    media_uplink_fini(&c->uplink);
    pool_free(&b->clients, c->id);
}

int client_begin_call(struct client *c)
{
    int status = c->audio.bytes != NULL ? ST_OK : frame_ring_init(&c->audio, CLIENT_AUDIO_RING);

    if (status == ST_OK) {
        frame_ring_clear(&c->audio);
        c->told_slow = false;
        client_live_begin(c);
    }
    return status;
}
