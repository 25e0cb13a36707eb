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
        intake_refuse(&c->intake, c->format, piece, last);
        return;
    }
    int status = intake_piece(&c->intake, &call->media.lanes, c->bridge->now, c->format, piece, last);
    if (status == ST_TOO_LARGE) {
        tell_once(c, &c->told_too_large, WS_ERROR_TOO_LARGE, "60 s of audio wait already, the newest was dropped");
    } else if (status != ST_OK) {
        tell_once(c, &c->told_too_large, WS_ERROR_TOO_LARGE, "no memory for more audio, the newest was dropped");
    }
}

void client_live_begin(struct client *c)
{
    intake_drop(&c->intake);
    c->told_no_call = false;
    c->told_too_early = false;
    c->told_too_large = false;
}

void client_set_format(struct client *c, enum media_format format)
{
    struct call *call = call_get(c->bridge, c->call);

    if (intake_prepare(&c->intake, format) != ST_OK) {
        client_error(c, media_word, WS_ERROR_INTERNAL, "out of memory");
        return;
    }
    if (format != c->format && call != NULL) {
        intake_settle(&c->intake, &call->media.lanes);
    }
    if (format != c->format) {
        intake_drop(&c->intake);
    }
    c->format = format;
    c->told_off = false;
    client_tell(c, "MEDIA:%s", media_format_name(format));
}

void client_live_latency(struct call *call)
{
    const struct client *c = client_get(call->bridge, call->client);

    if (c != NULL) {
        lanes_set_latency(&call->media.lanes, c->latency_ms * 8);
    }
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
        client_live_latency(call); /* its marks and MEDIA_XON come behind the echo */
    }
}

void client_mark(struct client *c, struct call *call, struct span name)
{
    static const struct span word = {"MARK", 4};

    if (!mark_name_ok(name)) {
        client_error(c, word, WS_ERROR_BAD_ARGUMENT, "expected a name of 1 to %d bytes without control characters",
                     MARK_NAME_MAX);
        return;
    }
    int status = lanes_mark(&call->media.lanes, name, intake_owed(&c->intake));
    if (status == ST_FULL) {
        client_error(c, word, WS_ERROR_BUSY, "%d marks wait already", MARKS_MAX);
    } else if (status != ST_OK) {
        client_error(c, word, WS_ERROR_INTERNAL, "out of memory");
    }
}

void client_clear(struct client *c, struct call *call)
{
    intake_drop(&c->intake);
    c->told_too_large = false;
    lanes_clear(&call->media.lanes);
}

void client_settle(struct client *c, struct call *call)
{
    if (c != NULL && intake_holds(&c->intake) && lanes_left_alone(&call->media.lanes, c->bridge->now)) {
        intake_settle(&c->intake, &call->media.lanes);
    }
}

/* ---- hooks of the lanes ---- */

static struct client *owner(void *ctx)
{
    struct call *call = ctx;

    return client_get(call->bridge, call->client);
}

static void on_mark(void *ctx, const char *name)
{
    client_tell(owner(ctx), "MARK:%s", name);
}

static void on_flow(void *ctx, bool stop)
{
    struct client *c = owner(ctx);

    client_tell(c, stop ? "MEDIA_XOFF" : "MEDIA_XON");
    if (c != NULL && !stop) {
        c->told_too_large = false;
    }
}

struct lanes_hooks client_lanes_hooks(struct call *call)
{
    return (struct lanes_hooks){.ctx = call, .mark = on_mark, .flow = on_flow};
}
