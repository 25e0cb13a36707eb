/* SPDX-License-Identifier: MIT */
/* A client's audio: what it hears of its call, and what it says live. */
#include "client_priv.h"

/* ---- towards the client ---- */

/* Into the connection's output at once, while nothing waits and it has room; false: it has to wait. */
static bool send_at_once(struct client *c, struct span audio)
{
    struct dialect_audio message;

    if (c->audio.count > 0) {
        return false;
    }
    c->dialect->audio(c, audio.len, &message);
    if (!ws_conn_audio_room(c->conn, message.len)) {
        return false;
    }
    ws_conn_send_audio(c->conn, message.text, message.len, message.fill, &audio);
    return true;
}

void client_audio(struct client *c, struct span audio)
{
    if (c->format == MEDIA_AUDIO_OFF || audio.len == 0 || send_at_once(c, audio)) {
        return;
    }
    /* made when the first packet has to wait: most clients read as fast as they should */
    bool none = c->audio.bytes == NULL && frame_ring_init(&c->audio, CLIENT_AUDIO_RING) != ST_OK;
    int dropped = none ? 1 : frame_ring_push(&c->audio, audio.ptr, audio.len);

    client_wake(c);
    if (dropped != 0) {
        client_event(c, &(struct call_event){.kind = CALL_EVENT_AUDIO_LOST});
    }
}

/* The message for what waits longest; false: nothing does, or the connection has no room for it. */
static bool next_message(const struct client *c, struct dialect_audio *out)
{
    size_t len = frame_ring_peek_len(&c->audio);

    if (len == 0) {
        return false;
    }
    c->dialect->audio(c, len, out);
    return ws_conn_audio_room(c->conn, out->len);
}

bool client_has_audio(const struct client *c)
{
    struct dialect_audio message;
    return next_message(c, &message);
}

void client_pump_audio(struct client *c)
{
    uint8_t bytes[RTP_PACKET_MAX];
    struct dialect_audio message;

    if (c->format == MEDIA_AUDIO_OFF) {
        frame_ring_clear(&c->audio);
        return;
    }
    while (next_message(c, &message)) {
        struct span audio = span_make(bytes, frame_ring_pop(&c->audio, bytes, sizeof(bytes)));
        ws_conn_send_audio(c->conn, message.text, message.len, message.fill, &audio);
    }
}

void client_end_audio(struct client *c)
{
    client_pump_audio(c);
    frame_ring_clear(&c->audio);
}

void client_begin_call(struct client *c)
{
    frame_ring_clear(&c->audio);
    media_uplink_drop(&c->uplink);
    client_event(c, &(struct call_event){.kind = CALL_EVENT_BEGINS});
}

/* ---- from the client ---- */

static struct call *call_of(const struct client *c)
{
    return calls_get(c->gateway->calls, c->call);
}

struct call_result client_audio_in(struct client *c, struct span piece, bool last)
{
    struct call_result result = client_need_call(c);

    if (result.why == CALL_DONE && c->format == MEDIA_AUDIO_OFF) {
        result.why = CALL_DENIED;
    }
    if (result.why != CALL_DONE) {
        media_uplink_refuse(&c->uplink, c->format, piece, last);
        return result;
    }
    int status = media_uplink_piece(&c->uplink, call_session(call_of(c)), *c->gateway->now, c->format, piece, last);
    return (struct call_result){status == ST_OK ? CALL_DONE : CALL_STATUS, status};
}

enum media_audio client_format(const struct client *c)
{
    return c->format;
}

/* What was queued keeps its meaning; nothing of the old format is heard behind the new one's echo. */
int client_set_format(struct client *c, enum media_audio format)
{
    struct call *call = call_of(c);

    if (format == MEDIA_AUDIO_L16_WIDE && c->upsampler == NULL &&
        resample_new(AUDIO_HZ, MEDIA_WIDE_HZ, RESAMPLE_LIVE, &c->upsampler) != ST_OK) {
        return ST_NO_MEMORY;
    }
    if (format != c->format) {
        frame_ring_clear(&c->audio);
        if (c->upsampler != NULL) {
            resample_restart(c->upsampler);
        }
    }
    if (media_uplink_prepare(&c->uplink, format) != ST_OK) {
        return ST_NO_MEMORY;
    }
    if (format != c->format && call != NULL) {
        media_uplink_settle(&c->uplink, call_session(call));
    }
    if (format != c->format) {
        media_uplink_drop(&c->uplink);
    }
    c->format = format;
    if (call != NULL) {
        media_session_hear(call_session(call), format, c->upsampler);
    }
    return ST_OK;
}

void client_set_latency(struct client *c, uint32_t ms)
{
    struct call *call = call_of(c);

    c->latency_ms = ms;
    if (call != NULL) {
        media_session_set_latency(call_session(call), ms);
    }
}

struct call_result client_mark(struct client *c, struct span name)
{
    struct call_result result = client_need_call(c);

    return result.why == CALL_DONE ? call_mark(call_of(c), &c->uplink, name) : result;
}

struct call_result client_clear(struct client *c)
{
    struct call_result result = client_need_call(c);

    if (result.why == CALL_DONE) {
        media_uplink_drop(&c->uplink);
        result = call_clear(call_of(c));
    }
    return result;
}
