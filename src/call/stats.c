/* SPDX-License-Identifier: MIT */
#include "bridge_priv.h"

#include <stdio.h>

/* DOCUMENT's quality figures (SPEC section 5): received over 95 %, loss under 1 %, one way under 150 ms. */
#define RECEIVED_MIN 0.95
#define LOSS_MAX     0.01
#define DELAY_MAX_MS 150.0
/* Nothing received at all is a missed figure too, once there was time for something to come. */
#define HEARD_AFTER DUR_S(1)

static double loss_of(const struct rtp_rx *rx)
{
    uint64_t expected = rtp_rx_expected(rx);

    return expected > 0 ? (double)rtp_rx_lost(rx) / (double)expected : 0.0;
}

static double one_way_ms(const struct rtcp_state *rtcp)
{
    return (double)rtcp->rtt / 2000.0;
}

void call_tell_stats(struct call *call, struct client *c)
{
    const struct call_media *m = &call->media;
    struct span id = sip_inv_call_id(call->bridge->sip, call->usage);
    char rtt[32] = "-";
    char mos[32] = "-";

    if (c == NULL) {
        return;
    }
    if (m->rtcp.have_rtt) {
        snprintf(rtt, sizeof(rtt), "%.1f", (double)m->rtcp.rtt / 1000.0);
        snprintf(mos, sizeof(mos), "%.2f", rtp_mos(one_way_ms(&m->rtcp), loss_of(&m->rx)));
    }
    client_tell(c,
                "CALL_STATS:call_id=%.*s duration_ms=%lld tx_packets=%lu rx_packets=%llu lost=%llu reordered=%llu "
                "duplicates=%llu jitter_ms=%.1f rtt_ms=%s mos=%s codec=%s skipped=%llu recording=%s",
                SPAN_ARG(id), (long long)((call->bridge->now - call->established_at) / 1000),
                (unsigned long)m->tx.packets, (unsigned long long)m->rx.received,
                (unsigned long long)rtp_rx_lost(&m->rx), (unsigned long long)m->rx.reordered,
                (unsigned long long)m->rx.duplicates, rtp_rx_jitter_ms(&m->rx, 8000), rtt, mos,
                audio_codec_row(call->agreed.codec)->name, (unsigned long long)m->skipped,
                m->recorder.path[0] != '\0' ? m->recorder.path : "-");
}

void call_warn_quality(const struct call *call)
{
    const struct call_media *m = &call->media;
    const struct log *log = call->bridge->log;
    uint64_t expected = rtp_rx_expected(&m->rx);
    double loss = loss_of(&m->rx);

    if (expected == 0 && call->agreed.we_receive && call->bridge->now - call->established_at >= HEARD_AFTER) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, QUALITY_RECEIVED), call->label, 0.0);
    }
    if (expected > 0 && 1.0 - loss < RECEIVED_MIN) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, QUALITY_RECEIVED), call->label, (1.0 - loss) * 100.0);
    }
    if (expected > 0 && loss > LOSS_MAX) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, QUALITY_LOSS), call->label, loss * 100.0);
    }
    if (m->rtcp.have_rtt && one_way_ms(&m->rtcp) > DELAY_MAX_MS) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, QUALITY_DELAY), call->label, one_way_ms(&m->rtcp));
    }
}
