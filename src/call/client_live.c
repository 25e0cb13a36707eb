/* SPDX-License-Identifier: MIT */
/* Live audio from a client: its binary messages, LATENCY, MARK and CLEAR, and what it hears of them. */
#include "bridge_priv.h"

static const struct span media_word = {"MEDIA", 5};

static void tell_once(struct client *c, bool *told, enum ws_error error, const char *text)
{
    if (!*told) {
        *told = true;
        client_error(c, media_word, error, "%s", text);
    }
}

void client_binary(struct client *c, struct span piece, bool last)
{
    struct call *call = call_get(c->bridge, c->call);

    if (piece.len > 0 && call == NULL) {
        tell_once(c, &c->told_no_call, WS_ERROR_NO_CALL, "audio without a call");
    } else if (piece.len > 0 && call->state != CALL_ESTABLISHED) {
        tell_once(c, &c->told_too_early, WS_ERROR_NOT_ESTABLISHED, "audio before the call was answered");
    } else if (piece.len > 0 && c->format == MEDIA_OFF) {
        tell_once(c, &c->told_off, WS_ERROR_DENIED, "audio while the format is off");
    }
    if (call == NULL || call->state != CALL_ESTABLISHED || c->format == MEDIA_OFF) {
        media_uplink_refuse(&c->uplink, media_format_audio(c->format), piece, last);
        return;
    }
    int status =
        media_uplink_piece(&c->uplink, call->media, c->bridge->now, media_format_audio(c->format), piece, last);
    if (status == ST_TOO_LARGE) {
        tell_once(c, &c->told_too_large, WS_ERROR_TOO_LARGE, "60 s of audio wait already, the newest was dropped");
    } else if (status != ST_OK) {
        tell_once(c, &c->told_too_large, WS_ERROR_TOO_LARGE, "no memory for more audio, the newest was dropped");
    }
}

void client_live_begin(struct client *c)
{
    media_uplink_drop(&c->uplink);
    c->told_no_call = false;
    c->told_too_early = false;
    c->told_too_large = false;
}

void client_set_format(struct client *c, enum media_format format)
{
    struct call *call = call_get(c->bridge, c->call);

    if (media_uplink_prepare(&c->uplink, media_format_audio(format)) != ST_OK) {
        client_error(c, media_word, WS_ERROR_INTERNAL, "out of memory");
        return;
    }
    if (format != c->format && call != NULL) {
        media_uplink_settle(&c->uplink, call->media);
    }
    if (format != c->format) {
        media_uplink_drop(&c->uplink);
    }
    c->format = format;
    c->told_off = false;
    if (call != NULL) {
        media_session_hear(call->media, media_format_audio(format), c->upsampler);
    }
    client_tell(c, "MEDIA:%s", media_format_name(format));
}

void client_set_latency(struct client *c, uint32_t ms)
{
    struct call *call = call_get(c->bridge, c->call);

    c->latency_ms = ms;
    if (ms != 0) {
        client_tell(c, "LATENCY:%u", (unsigned)ms);
    } else {
        client_tell(c, "LATENCY:off");
    }
    if (call != NULL) {
        media_session_set_latency(call->media, ms); /* its marks and MEDIA_XON come behind the echo */
    }
}

void client_mark(struct client *c, struct call *call, struct span name)
{
    static const struct span word = {"MARK", 4};

    int status = media_session_mark(call->media, &c->uplink, name);
    if (status == ST_BAD) {
        client_error(c, word, WS_ERROR_BAD_ARGUMENT, "expected a name of 1 to %d bytes without control characters",
                     MEDIA_MARK_NAME_MAX);
    } else if (status == ST_FULL) {
        client_error(c, word, WS_ERROR_BUSY, "%d marks wait already", MEDIA_MARKS_MAX);
    } else if (status != ST_OK) {
        client_error(c, word, WS_ERROR_INTERNAL, "out of memory");
    }
}

void client_clear(struct client *c, struct call *call)
{
    media_uplink_drop(&c->uplink);
    c->told_too_large = false;
    media_session_clear(call->media);
}

int client_hear_format(struct client *c, enum media_format format)
{
    if (format == MEDIA_L16_WIDE && c->upsampler == NULL) {
        int status = resample_new(AUDIO_HZ, MEDIA_WIDE_HZ, RESAMPLE_LIVE, &c->upsampler);
        if (status != ST_OK) {
            return status;
        }
    }
    bool both_raw = !media_format_is_decoded(c->format) && !media_format_is_decoded(format);
    if (format != c->format && !both_raw) {
        frame_ring_clear(&c->audio);
        if (c->upsampler != NULL) {
            resample_restart(c->upsampler);
        }
    }
    return ST_OK;
}
