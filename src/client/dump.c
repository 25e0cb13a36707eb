/* SPDX-License-Identifier: MIT */
/* The gateway in lines: itself, each client with what waits for it, each call. */
#include "client_priv.h"

enum dump_at { AT_GATEWAY, AT_CLIENTS };

static void gateway_line(const struct gateway *g, struct outbuf *out)
{
    struct gateway_stats stats = gateway_stats(g);

    outbuf_printf(out, "gateway: %u clients of %u, %u calls of %u", stats.clients, g->clients.cap, stats.calls,
                  g->config.calls.max_calls);
    outbuf_printf(out, ", RTP in %llu, out %llu, dropped %llu, ticks skipped %llu, live audio %llu bytes",
                  (unsigned long long)stats.media.rtp_in, (unsigned long long)stats.media.rtp_out,
                  (unsigned long long)stats.media.rtp_dropped, (unsigned long long)stats.media.ticks_skipped,
                  (unsigned long long)stats.media.live_held);
    dump_flag(out, "converting", media_has_work(calls_media(g->calls)));
    dump_due(out, "tick", gateway_tick_due(g), *g->now);
    dump_due(out, "timer", timerq_due(&g->timers), *g->now);
}

static void client_line(const struct client *c, struct outbuf *out)
{
    dump_begin(out, "client", c->id, c->gone ? "gone" : c->left ? "leaving" : "open");
    dump_addr(out, "peer", &c->peer);
    dump_text(out, "dialect", span_cstr(c->dialect->name));
    if (!pool_id_is_none(c->call)) {
        outbuf_printf(out, ", call %u.%u", c->call.slot, c->call.generation);
    }
    dump_flag(out, "listening", !list_is_empty(&c->listener));
    dump_flag(out, "rings", !pool_id_is_none(c->rings));
    dump_flag(out, "uploading", !pool_id_is_none(c->upload.file));
    dump_flag(out, "upload being flushed", c->committing);
    dump_flag(out, "listing", c->listing != NULL);
    dump_flag(out, "input waits", c->conn != NULL && ws_conn_has_work(c->conn));
    dump_flag(out, "audio waits", frame_ring_peek_len(&c->audio) > 0);
    if (c->conn != NULL) {
        outbuf_printf(out, ", %zu bytes of text wait", ws_conn_control_queued(c->conn));
    }
    dump_timer(out, "timer", &c->timer, *c->gateway->now);
}

bool gateway_dump(const struct gateway *g, uint32_t *at, struct outbuf *out)
{
    const uint32_t first_call = AT_CLIENTS + g->clients.cap;
    const struct client *c;

    if (*at == AT_GATEWAY) {
        gateway_line(g, out);
        return true;
    }
    uint32_t slot = *at - AT_CLIENTS;
    if (*at < first_call && (c = pool_next(&g->clients, &slot, NULL)) != NULL) {
        *at = AT_CLIENTS + slot;
        client_line(c, out);
        return true;
    }
    slot = *at < first_call ? 0 : *at - first_call;
    bool found = calls_dump(g->calls, &slot, out);

    *at = first_call + slot;
    return found;
}
