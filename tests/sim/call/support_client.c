/* SPDX-License-Identifier: MIT */
/* The WebSocket clients of the world, and the rules of the text protocol that each of them watches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "world.h"
#include "wsframe.h"

size_t world_connect(struct world *w)
{
    struct net_addr local = addr_ipv4(127, 0, 0, 1, 0);
    return world_connect_from(w, &local);
}

size_t world_connect_from(struct world *w, const struct net_addr *host)
{
    for (size_t i = 0; i < WORLD_CLIENTS; i++) {
        struct world_client *c = &w->clients[i];
        if (!c->open) {
            struct net_addr peer = *host;
            peer.port = (uint16_t)(50000 + i);
            int status = gateway_client_open(w->gateway, &dialect_text, &peer, &c->id);
            assert_true(status == ST_OK || (status == ST_NO_MEMORY && w->memory_fails));
            c->open = status == ST_OK;
            c->reading = true;
            c->in_call = c->established = c->figures = c->rings = false;
            c->in_len = 0;
            c->begun = c->ended = 0;
            return i;
        }
    }
    fail_msg("too many clients");
    return 0;
}

void world_send_frame(struct world *w, size_t client, unsigned first, const void *data, size_t len)
{
    struct world_client *c = &w->clients[client];
    uint8_t *frame = malloc(len + WSFRAME_HEADER_MAX);
    void *space;

    assert_non_null(frame);
    size_t n = wsframe_write(frame, first, data, len);
    for (size_t at = 0; at < n && c->open;) {
        struct ws_conn *conn = gateway_client_conn(w->gateway, c->id);
        assert_non_null(conn);
        size_t room = ws_conn_input_space(conn, &space);
        size_t piece = c->chunk > 0 && c->chunk < n - at ? c->chunk : n - at;
        piece = piece < room ? piece : room;
        if (piece == 0) {
            world_run(w, DUR_MS(1)); /* paused: the socket would not be read */
            continue;
        }
        memcpy(space, frame + at, piece);
        ws_conn_input_commit(conn, piece);
        world_turn_end(w);
        at += piece;
        struct ws_conn *still = c->open ? gateway_client_conn(w->gateway, c->id) : NULL;
        for (int i = 0; i < 1000 && still != NULL && ws_conn_has_work(still); i++) { /* more than a turn's share */
            world_turn_end(w);
            still = c->open ? gateway_client_conn(w->gateway, c->id) : NULL;
        }
    }
    free(frame);
}

void world_send(struct world *w, size_t client, const char *text)
{
    world_send_frame(w, client, WSFRAME_FIN | WSFRAME_TEXT, text, strlen(text));
}

void world_disconnect(struct world *w, size_t client)
{
    if (!w->clients[client].open) {
        return;
    }
    gateway_client_gone(w->gateway, w->clients[client].id);
    w->clients[client].open = false;
    world_turn_end(w);
}

static void take_rtp(struct world_client *c, const char *hex, size_t len)
{
    assert_true(len % 2 == 0 && len > 24 && len / 2 <= sizeof(c->last));
    c->rtp_count++;
    c->last_len = len / 2;
    for (size_t i = 0; i < len; i++) {
        assert_true(char_is_digit(hex[i]) || (hex[i] >= 'A' && hex[i] <= 'F'));
    }
    for (size_t i = 0; i < len / 2; i++) {
        c->last[i] = (uint8_t)(char_hex(hex[2 * i]) << 4 | char_hex(hex[2 * i + 1]));
    }
    if (c->rtp_payload_len + len / 2 > c->rtp_payload_cap) {
        c->rtp_payload_cap = (c->rtp_payload_len + len) * 2;
        c->rtp_payload = realloc(c->rtp_payload, c->rtp_payload_cap);
        assert_non_null(c->rtp_payload);
    }
    for (size_t i = 24; i < len; i += 2) {
        c->rtp_payload[c->rtp_payload_len++] = (uint8_t)(char_hex(hex[i]) << 4 | char_hex(hex[i + 1]));
    }
}

static void take_binary(struct world_client *c, const uint8_t *bytes, size_t len)
{
    if (c->heard_len + len > c->heard_cap) {
        c->heard_cap = (c->heard_len + len) * 2;
        c->heard = realloc(c->heard, c->heard_cap);
        assert_non_null(c->heard);
    }
    memcpy(c->heard + c->heard_len, bytes, len);
    c->heard_len += len;
}

/* As every client does by itself; the payload is not looked at. */
static void answer_ping(struct world *w, const char *which)
{
    if (w->clients[which[0] - '0'].open) {
        world_send_frame(w, (size_t)(which[0] - '0'), WSFRAME_FIN | WSFRAME_PONG, "", 0);
    }
}

/* SPEC 3: it rings for one call at a time; each INCOMING ends with one INCOMING_GONE or a call of the client's own. */
static const char *broken_ringing(struct world_client *c, const char *text)
{
    bool gone = strncmp(text, "INCOMING_GONE:", 14) == 0;

    if (!gone && strncmp(text, "INCOMING:", 9) != 0) {
        return NULL;
    }
    if (gone == !c->rings) {
        return gone ? "what is gone never rang" : "two calls ring at once";
    }
    if (!gone && c->in_call) {
        return "it rings while a call is up";
    }
    c->rings = !gone;
    return NULL;
}

/* SPEC 3: trying first (established or ended for a call that rang here), exactly one ended last, CALL_STATS just before it when the call was up, nothing of a call behind it. */
static const char *broken_rule(struct world_client *c, const char *text)
{
    const char *state = strncmp(text, "CALL_STATE:", 11) == 0 ? text + 11 : NULL;
    bool figures = c->figures;

    if (state != NULL && c->rings && (strcmp(state, "established") == 0 || strncmp(state, "ended:", 6) == 0)) {
        c->rings = false;
        c->in_call = true;
        c->established = false;
        c->begun++;
    }
    c->figures = strncmp(text, "CALL_STATS:", 11) == 0;
    if (c->figures && !c->in_call) {
        return "figures of no call";
    }
    if (state == NULL) {
        return NULL;
    }
    if (strcmp(state, "trying") == 0) {
        bool twice = c->in_call;
        c->in_call = true;
        c->established = false;
        c->begun++;
        return twice ? "a call begins before the last has ended" : NULL;
    }
    if (!c->in_call) {
        return "a state of no call";
    }
    if (strncmp(state, "ended:", 6) == 0) {
        c->in_call = false;
        c->ended++;
        return c->established && !figures ? "no figures just before ended" : NULL;
    }
    bool up = strcmp(state, "established") == 0;
    if (c->established && (up || strcmp(state, "ringing") == 0 || strcmp(state, "early") == 0)) {
        return "back to before the answer";
    }
    c->established = c->established || up;
    return NULL;
}

static void watch_text(struct world *w, struct world_client *c, const char *text)
{
    const char *why = broken_rule(c, text);

    why = why != NULL ? why : broken_ringing(c, text);
    if (why != NULL) {
        world_breach(w, why, text);
    }
}

static void watch_audio(struct world *w, struct world_client *c)
{
    if (!c->in_call && !c->rings) {
        world_breach(w, "audio of a call that has ended", "");
    }
}

static void take_frame(struct world *w, struct world_client *c, const struct wsframe *f)
{
    const char *text = (const char *)f->payload;

    assert_false(f->masked);
    if (f->opcode == WSFRAME_TEXT && f->len > 4 && memcmp(text, "RTP:", 4) == 0) {
        take_rtp(c, text + 4, (size_t)f->len - 4);
        watch_audio(w, c);
    } else if (f->opcode == WSFRAME_TEXT) {
        assert_true(c->text_count < WORLD_TEXTS);
        assert_true(utf8_valid(span_make(text, (size_t)f->len)));
        c->text_heard[c->text_count] = c->heard_len;
        c->texts[c->text_count++] = strndup(text, (size_t)f->len);
        watch_text(w, c, c->texts[c->text_count - 1]);
    } else if (f->opcode == WSFRAME_BINARY) {
        c->binary_count++;
        take_binary(c, f->payload, (size_t)f->len);
        assert_true(f->len <= sizeof(c->last));
        c->last_len = (size_t)f->len;
        memcpy(c->last, f->payload, c->last_len);
    } else if (f->opcode == WSFRAME_CLOSE) {
        c->close_code = wsframe_close_code(f);
    } else if (f->opcode == WSFRAME_PING) {
        const char which[2] = {(char)('0' + (c - w->clients)), '\0'};
        world_at(w, 0, answer_ping, which);
    }
}

void world_client_reads(struct world *w, struct world_client *c)
{
    struct ws_conn *conn = gateway_client_conn(w->gateway, c->id);
    const void *bytes;
    size_t len;

    while (conn != NULL && c->reading && (len = ws_conn_output(conn, &bytes)) > 0) {
        if (c->in_len + len > c->in_cap) {
            c->in_cap = (c->in_len + len) * 2;
            c->in = realloc(c->in, c->in_cap);
            assert_non_null(c->in);
        }
        memcpy(c->in + c->in_len, bytes, len);
        c->in_len += len;
        ws_conn_output_consume(conn, len);
    }
    struct wsframe frame;
    size_t n;
    while ((n = wsframe_read(c->in, c->in_len, &frame)) > 0) {
        take_frame(w, c, &frame);
        memmove(c->in, c->in + n, c->in_len - n);
        c->in_len -= n;
    }
    const void *left;
    bool flushed = conn != NULL && ws_conn_output(conn, &left) == 0;
    if (conn != NULL && (ws_conn_is_lost(conn) || (ws_conn_is_done(conn) && flushed))) {
        gateway_client_gone(w->gateway, c->id);
        c->open = false;
    }
}
