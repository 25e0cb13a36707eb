/* SPDX-License-Identifier: MIT */
/* The figures of a call, as its owner is told them and as the log judges them at the end. */
#include "calls_priv.h"

/* What a call should reach: received over 95 %, loss under 1 %, one way under 150 ms. */
#define RECEIVED_MIN 0.95
#define LOSS_MAX     0.01
#define DELAY_MAX_MS 150.0
/* Nothing received at all is a missed figure too, once there was time for something to come. */
#define HEARD_AFTER DUR_S(1)

static double one_way_ms(const struct media_figures *f)
{
    return (double)f->rtt / 2000.0;
}

void call_tell_figures(const struct call *call)
{
    struct media_figures f;

    media_session_figures(call->media, &f);
    struct call_figures figures = {
        .call_id = sip_inv_call_id(call->calls->sip, call->usage),
        .duration = *call->calls->now - call->established_at,
        .tx_packets = f.sent,
        .rx_packets = f.received,
        .lost = f.lost,
        .reordered = f.reordered,
        .duplicates = f.duplicates,
        .skipped = f.skipped,
        .jitter_ms = f.jitter_ms,
        .has_rtt = f.have_rtt,
        .rtt_ms = (double)f.rtt / 1000.0,
        .mos = f.have_rtt ? rtp_mos(one_way_ms(&f), f.loss) : 0.0,
        .codec = f.codec,
        .recording = f.recording_path,
    };
    call_tell(call, (struct call_event){.kind = CALL_EVENT_FIGURES, .figures = &figures});
}

void call_warn_quality(const struct call *call)
{
    const struct log *log = call->calls->log;
    struct media_figures f;

    media_session_figures(call->media, &f);
    if (f.expected == 0 && media_session_negotiated(call->media)->we_receive &&
        *call->calls->now - call->established_at >= HEARD_AFTER) {
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
