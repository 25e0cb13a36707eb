/* SPDX-License-Identifier: MIT */
/* The bridge in lines: itself, each client with what waits for it, each call with what is queued in it. */
#include "bridge_priv.h"

enum dump_at { AT_BRIDGE, AT_CLIENTS };

static void bridge_line(const struct bridge *b, mono_us now, struct outbuf *out)
{
    struct bridge_stats stats = bridge_stats(b);

    outbuf_printf(out, "bridge: %u clients of %u, %u calls of %u, %u with media", stats.clients, b->clients.cap,
                  stats.calls, b->calls.cap, b->sending);
    outbuf_printf(out, ", RTP in %llu, out %llu, dropped %llu, ticks skipped %llu, live audio %llu bytes",
                  (unsigned long long)stats.rtp_in, (unsigned long long)stats.rtp_out,
                  (unsigned long long)stats.rtp_dropped, (unsigned long long)stats.ticks_skipped,
                  (unsigned long long)stats.media_held);
    dump_flag(out, "converting", convert_has_work(b));
    dump_flag(out, "stopping", b->stopping);
    dump_due(out, "tick", b->tick_next, now);
    dump_due(out, "timer", timerq_due(&b->timers), now);
}

static void client_line(const struct client *c, mono_us now, struct outbuf *out)
{
    dump_begin(out, "client", c->id, c->gone ? "gone" : c->left ? "leaving" : "open");
    dump_addr(out, "peer", &c->peer);
    if (!pool_id_is_none(c->call)) {
        outbuf_printf(out, ", call %u.%u", c->call.slot, c->call.generation);
    }
    dump_flag(out, "echo", c->echo);
    dump_flag(out, "listening", c->listening);
    dump_flag(out, "rings", !pool_id_is_none(c->rings));
    dump_flag(out, "uploading", c->upload.active);
    dump_flag(out, "upload being flushed", c->committing);
    dump_flag(out, "listing", c->listing != NULL);
    dump_flag(out, "input waits", c->conn != NULL && ws_conn_has_work(c->conn));
    dump_flag(out, "audio waits", frame_ring_peek_len(&c->audio) > 0);
    if (c->conn != NULL) {
        outbuf_printf(out, ", %zu bytes of text wait", ws_conn_control_queued(c->conn));
    }
    dump_timer(out, "timer", &c->timer, now);
}

static void call_line(const struct call *call, mono_us now, struct outbuf *out)
{
    const struct lanes *lanes = &call->media.lanes;

    dump_begin(out, "call", call->id, call_state_name((int)call->state));
    dump_text(out, "with", span_cstr(call->label));
    outbuf_printf(out, ", client %u.%u, usage %u.%u, RTP port %u", call->client.slot, call->client.generation,
                  call->usage.slot, call->usage.generation, call->rtp_port);
    dump_flag(out, "media", call->media.open);
    dump_addr(out, "peer", &call->sip_peer);
    if (call->was_established) {
        outbuf_printf(out, ", up for %lld s", (long long)((now - call->established_at) / DUR_S(1)));
    }
    outbuf_printf(out, ", %llu files and %llu ms of live audio queued",
                  (unsigned long long)(lanes->files_queued - lanes->files_ended),
                  (unsigned long long)live_count(&lanes->live) / 8);
    dump_timer(out, "timer", &call->timer, now);
}

bool bridge_dump(const struct bridge *b, mono_us now, uint32_t *at, struct outbuf *out)
{
    const uint32_t first_call = AT_CLIENTS + b->clients.cap;
    const struct client *c;
    const struct call *call;

    if (*at == AT_BRIDGE) {
        bridge_line(b, now, out);
        return true;
    }
    uint32_t slot = *at - AT_CLIENTS;
    if (*at < first_call && (c = pool_next(&b->clients, &slot, NULL)) != NULL) {
        *at = AT_CLIENTS + slot;
        client_line(c, now, out);
        return true;
    }
    slot = *at < first_call ? 0 : *at - first_call;
    call = pool_next(&b->calls, &slot, NULL);
    *at = first_call + slot;
    if (call != NULL) {
        call_line(call, now, out);
    }
    return call != NULL;
}
