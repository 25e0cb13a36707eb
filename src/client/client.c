/* SPDX-License-Identifier: MIT */
/* A connection: what it brings goes to its dialect, what happens to its call is told to it. */
#include "client_priv.h"

#include <stdlib.h>

void client_wake(struct client *c)
{
    if (!c->gone && list_is_empty(&c->pending)) {
        list_push_back(&c->gateway->pending, &c->pending);
    }
}

struct client *client_get(struct gateway *g, struct pool_id id)
{
    struct client *c = pool_get(&g->clients, id);
    return c != NULL && !c->gone ? c : NULL;
}

/* ---- what a dialect may do ---- */

void *client_state(const struct client *c)
{
    return c->state;
}

void client_say(struct client *c, struct span text)
{
    if (!c->gone) {
        ws_conn_send_text(c->conn, text);
    }
}

bool client_is_closing(const struct client *c)
{
    return ws_conn_end(c->conn) != WS_END_NONE;
}

struct client_limits client_limits(const struct client *c)
{
    const struct gateway_config *config = &c->gateway->config;

    return (struct client_limits){
        .max_message = config->max_message,
        .upload_max = config->upload_max,
        .calls_per_minute = config->calls.calls_per_minute,
        .marks_max = MEDIA_MARKS_MAX,
        .mark_name_max = MEDIA_MARK_NAME_MAX,
        .latency_min_ms = MEDIA_LATENCY_MIN_MS,
        .latency_max_ms = MEDIA_LATENCY_MAX_MS,
    };
}

/* ---- hooks of the connection ---- */

static void on_text(void *ctx, struct span piece, bool last)
{
    struct client *c = ctx;
    c->dialect->on_text(c, piece, last);
}

static enum ws_long on_text_over(void *ctx, uint64_t len)
{
    struct client *c = ctx;
    return c->dialect->on_text_over != NULL ? c->dialect->on_text_over(c, len) : WS_LONG_REFUSE;
}

static void on_text_abort(void *ctx)
{
    struct client *c = ctx;

    if (c->dialect->on_text_abort != NULL) {
        c->dialect->on_text_abort(c);
    }
}

static void on_binary(void *ctx, struct span piece, bool last)
{
    struct client *c = ctx;
    c->dialect->on_binary(c, piece, last);
}

/* Bytes that went out change nothing for most: their audio was in them. */
static void on_wake(void *ctx)
{
    struct client *c = ctx;

    if (client_is_closing(c) || client_has_work(c)) {
        client_wake(c);
    }
}

void client_hooks(struct client *c, struct ws_hooks *hooks)
{
    *hooks = (struct ws_hooks){
        .ctx = c,
        .text = on_text,
        .text_over = on_text_over,
        .text_abort = on_text_abort,
        .binary = on_binary,
        .wake = on_wake,
    };
}

/* ---- what calls tell ---- */

void client_event(struct client *c, const struct call_event *event)
{
    if (c->dialect->on_event != NULL) {
        c->dialect->on_event(c, event);
    }
}

/* The line is free for another call. */
static void call_over(struct gateway *g, const struct call_event *event)
{
    struct client *c = client_get(g, event->owner);

    if (c != NULL && pool_id_eq(c->call, event->call)) {
        c->call = POOL_ID_NONE;
    }
    g->settle = true; /* it may be rung now */
}

void gateway_call_event(void *ctx, const struct call_event *event)
{
    struct gateway *g = ctx;
    struct client *c = client_get(g, event->owner);

    if (c != NULL && event->kind == CALL_EVENT_STATE && event->state == CALL_ST_TRYING) {
        ringing_leave(c, CALL_GONE_DIALLING);
    }
    switch (event->kind) {
    case CALL_EVENT_INCOMING: ringing_begin(g, event->call); break;
    case CALL_EVENT_GONE: ringing_end(g, event); break;
    case CALL_EVENT_FREE: call_over(g, event); break;
    case CALL_EVENT_AUDIO:
        if (c != NULL) {
            client_audio(c, event->audio);
        }
        break;
    case CALL_EVENT_SILENT:
        if (c != NULL) {
            client_end_audio(c);
        }
        break;
    case CALL_EVENT_STATE:
    case CALL_EVENT_FIGURES:
    case CALL_EVENT_DIGIT:
    case CALL_EVENT_MARK:
    case CALL_EVENT_FLOW:
    case CALL_EVENT_FILE:
    case CALL_EVENT_UNANSWERED:
    case CALL_EVENT_BEGINS:
    case CALL_EVENT_AUDIO_LOST:
        if (c != NULL) {
            client_event(c, event);
        }
        break;
    }
}

int gateway_call_refusal(void *ctx)
{
    return ringing_refusal(ctx);
}

/* ---- life ---- */

void client_deadline(struct client *c)
{
    timerq_set(&c->gateway->timers, &c->timer, ws_conn_due(c->conn));
}

bool client_has_work(const struct client *c)
{
    bool listing = c->listing != NULL && ws_conn_control_queued(c->conn) == 0;
    bool ends = !c->left && client_is_closing(c);

    return ends || listing || ws_conn_has_work(c->conn) || client_has_audio(c);
}

void client_release(struct client *c)
{
    struct gateway *g = c->gateway;

    listing_stop(c);
    ringing_forget(c);
    timerq_cancel(&g->timers, &c->timer);
    ws_conn_free(c->conn); /* may still abort an upload */
    c->conn = NULL;
    list_remove(&c->pending);
    list_remove(&c->listener);
    frame_ring_fini(&c->audio);
    resample_free(c->upsampler);
    media_uplink_fini(&c->uplink);
    free(c->state);
    pool_free(&g->clients, c->id);
}
