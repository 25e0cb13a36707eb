/* SPDX-License-Identifier: MIT */
/* All calls together, then each in one line, with what is queued in it. */
#include "calls_priv.h"

enum dump_at { AT_ALL, AT_CALLS };

static void media_text(const struct media_session *media, struct outbuf *out)
{
    struct media_figures figures;

    media_session_figures(media, &figures);
    outbuf_printf(out, ", RTP port %u, %u packets sent, %llu received", media_session_port(media), figures.sent,
                  (unsigned long long)figures.received);
    outbuf_printf(out, ", %u files and %llu ms of live audio queued", figures.files_waiting,
                  (unsigned long long)figures.live_waiting / 8);
}

static void call_line(const struct call *call, mono_us now, struct outbuf *out)
{
    dump_begin(out, "call", call->id, call_state_name((int)call->state));
    dump_text(out, "with", span_cstr(call->label));
    outbuf_printf(out, ", client %u.%u, usage %u.%u", call->owner.slot, call->owner.generation, call->usage.slot,
                  call->usage.generation);
    if (call->media != NULL) {
        media_text(call->media, out);
    }
    dump_addr(out, "peer", &call->sip_peer);
    if (call->was_established) {
        outbuf_printf(out, ", up for %lld s", (long long)((now - call->established_at) / DUR_S(1)));
    }
    dump_timer(out, "timer", &call->timer, now);
}

static void calls_line(const struct calls *all, struct outbuf *out)
{
    const struct lateness *l = &all->overload.lateness;

    outbuf_printf(out, "calls: %llu started, %llu established, the last %u ticks %lld us late in the median",
                  (unsigned long long)all->stats.started, (unsigned long long)all->stats.established, l->count,
                  (long long)lateness_median(l));
    dump_flag(out, "new ones are refused", overload_is(&all->overload, *all->now));
}

bool calls_dump(const struct calls *all, uint32_t *at, struct outbuf *out)
{
    uint32_t slot = *at - AT_CALLS;

    if (*at == AT_ALL) {
        calls_line(all, out);
        return true;
    }
    const struct call *call = pool_next(&all->pool, &slot, NULL);

    *at = AT_CALLS + slot;
    if (call != NULL) {
        call_line(call, *all->now, out);
    }
    return call != NULL;
}
