/* SPDX-License-Identifier: MIT */
/* The HTTP server in lines: itself with its places, each connection. No byte of a request is told: it may hold a token. */
#include "conn.h"

enum dump_at { AT_SERVER, AT_CONNS };

static const char *phase_name(enum http_phase phase)
{
    static const char *const names[HTTP_PHASE_COUNT] = {
        [HTTP_PHASE_REQUEST] = "asking",     [HTTP_PHASE_RESPONSE] = "being answered",
        [HTTP_PHASE_UPGRADED] = "WebSocket", [HTTP_PHASE_LINGER] = "lingering",
        [HTTP_PHASE_OVER] = "over",
    };

    return phase < HTTP_PHASE_COUNT ? names[phase] : "?";
}

static void server_line(const struct http_server *s, mono_us now, struct outbuf *out)
{
    outbuf_printf(out, "HTTP: %u connections of %u, %u let in of %u, %u guests of %u, %u strangers of %u",
                  s->conns.used, s->conns.cap, s->clients, s->config.max_clients, s->guests.used, s->guests.cap,
                  s->strangers.used, s->strangers.cap);
    dump_flag(out, "stopping", s->stopping);
    dump_due(out, "timer", timerq_due(&s->timers), now);
}

static void conn_line(const struct http_conn *c, mono_us now, struct outbuf *out)
{
    dump_begin(out, "connection", c->id, phase_name(c->phase));
    dump_addr(out, "peer", &c->peer);
    dump_flag(out, "guest", c->place.in == &c->server->guests);
    dump_flag(out, "stranger", c->place.in == &c->server->strangers);
    outbuf_printf(out, ", for %lld s", (long long)((now - c->opened_at) / DUR_S(1)));
    if (c->request != NULL) {
        outbuf_printf(out, ", %zu bytes of a head", c->request->len);
    }
    if (c->out_sent < c->out_len) {
        outbuf_printf(out, ", %zu bytes of an answer wait", c->out_len - c->out_sent);
    }
    dump_flag(out, "a recording is open", c->body.kind == BODY_RECORDING);
    dump_flag(out, "the other side has ended", c->input_ended);
    dump_timer(out, "timer", &c->timer, now);
}

bool http_server_dump(const struct http_server *s, mono_us now, uint32_t *at, struct outbuf *out)
{
    const struct http_conn *c;

    if (*at == AT_SERVER) {
        server_line(s, now, out);
        return true;
    }
    uint32_t slot = *at - AT_CONNS;
    if ((c = pool_next(&s->conns, &slot, NULL)) == NULL) {
        return false;
    }
    *at = AT_CONNS + slot;
    conn_line(c, now, out);
    return true;
}
