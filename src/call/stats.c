/* SPDX-License-Identifier: MIT */
#include "bridge_priv.h"

#include <stdio.h>

/* DOCUMENT's quality figures (SPEC section 5): received over 95 %, loss under 1 %, one way under 150 ms. */
#define RECEIVED_MIN 0.95
#define LOSS_MAX     0.01
#define DELAY_MAX_MS 150.0
/* Nothing received at all is a missed figure too, once there was time for something to come. */
#define HEARD_AFTER DUR_S(1)

static double one_way_ms(const struct media_figures *f)
{
    return (double)f->rtt / 2000.0;
}

void call_tell_stats(struct call *call, struct client *c)
{
    struct media_figures f;
    struct span id = sip_inv_call_id(call->bridge->sip, call->usage);
    char rtt[32] = "-";
    char mos[32] = "-";

    if (c == NULL) {
        return;
    }
    media_session_figures(call->media, &f);
    if (f.have_rtt) {
        snprintf(rtt, sizeof(rtt), "%.1f", (double)f.rtt / 1000.0);
        snprintf(mos, sizeof(mos), "%.2f", rtp_mos(one_way_ms(&f), f.loss));
    }
    client_tell(c,
                "CALL_STATS:call_id=%.*s duration_ms=%lld tx_packets=%lu rx_packets=%llu lost=%llu reordered=%llu "
                "duplicates=%llu jitter_ms=%.1f rtt_ms=%s mos=%s codec=%s skipped=%llu recording=%s",
                SPAN_ARG(id), (long long)((call->bridge->now - call->established_at) / 1000), (unsigned long)f.sent,
                (unsigned long long)f.received, (unsigned long long)f.lost, (unsigned long long)f.reordered,
                (unsigned long long)f.duplicates, f.jitter_ms, rtt, mos, f.codec, (unsigned long long)f.skipped,
                f.recording_path[0] != '\0' ? f.recording_path : "-");
}

void call_warn_quality(const struct call *call)
{
    const struct log *log = call->bridge->log;
    struct media_figures f;

    media_session_figures(call->media, &f);
    if (f.expected == 0 && media_session_negotiated(call->media)->we_receive &&
        call->bridge->now - call->established_at >= HEARD_AFTER) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, QUALITY_RECEIVED), call->label, 0.0);
    }
    if (f.expected > 0 && 1.0 - f.loss < RECEIVED_MIN) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, QUALITY_RECEIVED), call->label, (1.0 - f.loss) * 100.0);
    }
    if (f.expected > 0 && f.loss > LOSS_MAX) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, QUALITY_LOSS), call->label, f.loss * 100.0);
    }
    if (f.have_rtt && one_way_ms(&f) > DELAY_MAX_MS) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, QUALITY_DELAY), call->label, one_way_ms(&f));
    }
}
