/* SPDX-License-Identifier: MIT */
#include "tx_run.h"

#include <stdlib.h>
#include <string.h>

#include "wsaudio/sipmsg/writer.h"

static const struct sip_tx_hand HAND_EMPTY;

bool sip_tx_may(const struct sip_tx *tx, enum sip_tx_event event)
{
    return sip_tx_table[tx->machine][tx->state][event].rule == FSM_GO;
}

static void forget(struct sip_tx_layer *layer, struct sip_tx *tx)
{
    layer->kept_bytes -= tx->kept_len;
    free(tx->kept);
    tx->kept = NULL;
    tx->kept_len = 0;
}

int sip_tx_keep(struct sip_tx_layer *layer, struct sip_tx *tx, struct span bytes)
{
    char *copy = malloc(bytes.len > 0 ? bytes.len : 1);

    forget(layer, tx);
    if (copy == NULL) {
        return ST_NO_MEMORY;
    }
    memcpy(copy, bytes.ptr, bytes.len);
    tx->kept = copy;
    tx->kept_len = bytes.len;
    layer->kept_bytes += bytes.len;
    return ST_OK;
}

/* The one place that says that a state changed. */
static void note_change(const struct sip_tx_layer *layer, mono_us now, const struct sip_tx *tx, enum sip_tx_state from,
                        enum sip_tx_event event)
{
    struct sip_tx_change change = {.machine = tx->machine, .from = from, .to = tx->state, .event = event};
    char call_id[TEXT_SAFE_MAX + 1];
    char text[SIP_TX_CHANGE_TEXT_MAX];

    if (log_wants(layer->config.log, LOG_DEBUG)) {
        log_write(layer->config.log, LOG_DEBUG, "%s: %s", text_safe(tx->entry.key.call_id, call_id),
                  sip_tx_change_text(&change, text));
    }
    if (layer->config.trace != NULL) {
        layer->config.trace(layer->config.trace_ctx, now, tx->owner.ref, tx->owner.role, &change);
    }
}

/* No timer, no kept bytes, not in the index, waiting to be reaped. */
static void retire(struct sip_tx_layer *layer, struct sip_tx *tx)
{
    for (size_t i = 0; i < SIP_TX_CLOCK_COUNT; i++) {
        timerq_cancel(&layer->timers, &tx->clocks[i]);
    }
    sip_tx_index_remove(&tx->entry);
    sip_tx_key_release(&tx->entry.key);
    forget(layer, tx);
    list_push_back(&layer->gone, &tx->gone);
}

void sip_tx_kill_now(struct sip_tx_layer *layer, mono_us now, struct sip_tx *tx)
{
    enum sip_tx_state from = tx->state;

    tx->state = SIP_TX_ST_TERMINATED;
    note_change(layer, now, tx, from, SIP_TX_EV_COUNT);
    retire(layer, tx);
}

/* A failure belongs to the state whose message failed; another state makes it stale. */
static void cancel_timers(struct sip_tx_layer *layer, struct sip_tx *tx, bool moved, uint32_t actions)
{
    uint8_t hold = sip_tx_hold[tx->reliability][tx->machine][tx->state];

    for (unsigned i = 0; i < SIP_TX_TMR_COUNT; i++) {
        if ((hold & (1U << i)) == 0) {
            timerq_cancel(&layer->timers, &tx->clocks[i]);
        }
    }
    if (moved) {
        timerq_cancel(&layer->timers, &tx->clocks[SIP_TX_FAILURE]);
    }
    if ((actions & SIP_TX_ACT_STOP_RETRY) != 0) {
        timerq_cancel(&layer->timers, &tx->clocks[SIP_TX_TMR_RETRY]);
    }
}

static void arm_timers(struct sip_tx_layer *layer, struct sip_tx *tx, mono_us now, uint32_t actions)
{
    dur_us twice = 2 * tx->retry_us;

    for (size_t i = 0; i < SIP_TX_ARM_COUNT; i++) {
        const struct sip_tx_arm *arm = &sip_tx_arms[i];
        dur_us after = arm->after[tx->reliability];
        if ((actions & arm->action) == 0 || after == SIP_TX_NOT_ARMED) {
            continue;
        }
        if (arm->doubles && twice < after) {
            after = twice;
        }
        if (arm->timer == SIP_TX_TMR_RETRY) {
            tx->retry_us = after;
        }
        timerq_set(&layer->timers, &tx->clocks[arm->timer], now + after);
    }
}

/* A failure is told by sip_tx_expire, so that no owner hears of it inside a function that it called; and before a wait of 0 is
 * over, which would end the transaction without a word of it. */
static void failure_arm(struct sip_tx_layer *layer, struct sip_tx *tx, mono_us now)
{
    struct timerq_entry *linger = &tx->clocks[SIP_TX_TMR_LINGER];

    timerq_set(&layer->timers, &tx->clocks[SIP_TX_FAILURE], now);
    if (timerq_is_set(linger) && linger->due == now) {
        timerq_set(&layer->timers, linger, now);
    }
}

static void transmit(struct sip_tx_layer *layer, struct sip_tx *tx, mono_us now, struct span bytes)
{
    if (bytes.len == 0) {
        return; /* the memory to keep it was missing */
    }
    layer->sent++;
    if (layer->config.send(layer->config.send_ctx, &tx->flow, bytes.ptr, bytes.len) == ST_IO) {
        failure_arm(layer, tx, now);
    }
}

static struct span kept_view(const struct sip_tx *tx)
{
    return span_make(tx->kept, tx->kept_len);
}

static void send_ack(struct sip_tx_layer *layer, struct sip_tx *tx, mono_us now, const struct sip_tx_hand *hand)
{
    struct outbuf out;

    if (tx->ack_kept) {
        layer->retransmits_out++;
        transmit(layer, tx, now, kept_view(tx));
        return;
    }
    outbuf_init(&out, layer->scratch, SIP_DATAGRAM_MAX);
    if (hand->message == NULL || sip_write_ack_non2xx(&out, kept_view(tx), hand->message) != ST_OK) {
        return; /* the response comes again and so does the next try; timer D bounds it */
    }
    struct span ack = outbuf_view(&out);
    char *copy = malloc(ack.len);
    if (copy != NULL) { /* else the INVITE stays, to make the ACK from it once more */
        memcpy(copy, ack.ptr, ack.len);
        forget(layer, tx);
        tx->kept = copy;
        tx->kept_len = ack.len;
        layer->kept_bytes += ack.len;
        tx->ack_kept = true;
    }
    transmit(layer, tx, now, ack);
}

static void send_messages(struct sip_tx_layer *layer, struct sip_tx *tx, mono_us now, uint32_t actions, bool moved,
                          const struct sip_tx_hand *hand)
{
    if ((actions & SIP_TX_ACT_SEND) != 0) {
        if (hand->bytes.ptr != tx->kept && sip_tx_keep(layer, tx, hand->bytes) != ST_OK) {
            log_write(layer->config.log, LOG_DEBUG, "no memory to keep a response: it is sent once");
        }
        transmit(layer, tx, now, hand->bytes);
    }
    if ((actions & SIP_TX_ACT_SEND_ONCE) != 0) {
        layer->retransmits_out += moved ? 0 : 1;
        transmit(layer, tx, now, hand->bytes);
    }
    if ((actions & SIP_TX_ACT_SEND_AGAIN) != 0) {
        layer->retransmits_out += tx->kept_len > 0 ? 1 : 0;
        transmit(layer, tx, now, kept_view(tx));
    }
    if ((actions & SIP_TX_ACT_SEND_ACK) != 0) {
        send_ack(layer, tx, now, hand);
    }
    if ((actions & SIP_TX_ACT_FORGET) != 0) {
        forget(layer, tx);
    }
}

static bool notice_kind(uint32_t actions, enum sip_tx_notice_kind *kind)
{
    static const struct {
        uint32_t bit;
        enum sip_tx_notice_kind kind;
    } kinds[] = {
        {SIP_TX_ACT_TELL_PROVISIONAL, SIP_TX_PROVISIONAL},
        {SIP_TX_ACT_TELL_FINAL, SIP_TX_FINAL},
        {SIP_TX_ACT_TELL_AGAIN, SIP_TX_2XX_AGAIN},
        {SIP_TX_ACT_TELL_ACK, SIP_TX_ACKED},
        {SIP_TX_ACT_TELL_DONE, SIP_TX_DONE},
        {SIP_TX_ACT_TELL_TIMEOUT, SIP_TX_TIMEOUT},
        {SIP_TX_ACT_TELL_TRANSPORT, SIP_TX_TRANSPORT},
        {SIP_TX_ACT_TELL_GONE, SIP_TX_GONE},
        {SIP_TX_ACT_TELL_ACK_FAILED, SIP_TX_ACK_FAILED},
        {SIP_TX_ACT_TELL_SEND_FAILED, SIP_TX_SEND_FAILED},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if ((actions & kinds[i].bit) != 0) {
            *kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

static void tell(struct sip_tx *tx, mono_us now, uint32_t actions, const struct sip_tx_hand *hand)
{
    struct sip_tx_owner owner = tx->owner;
    enum sip_tx_notice_kind kind;

    if (!notice_kind(actions, &kind)) {
        return;
    }
    tx->ended = tx->ended || sip_tx_notice_is_ending(kind);
    struct sip_tx_notice notice = {
        .kind = kind,
        .tx = tx->id,
        .ref = owner.ref,
        .role = owner.role,
        .code = hand->message != NULL && hand->message->status != 0 ? hand->message->status : tx->code,
        .message = hand->message,
        .source = hand->source,
    };
    if (owner.notice != NULL) {
        owner.notice(owner.ctx, now, &notice);
    }
}

static void go(struct sip_tx_layer *layer, struct sip_tx *tx, mono_us now, enum sip_tx_event event,
               const struct sip_tx_hand *hand)
{
    const struct fsm_cell *cell = &sip_tx_table[tx->machine][tx->state][event];
    enum sip_tx_state from = tx->state;
    bool moved = cell->next != from;

    tx->state = (enum sip_tx_state)cell->next;
    if (moved) {
        note_change(layer, now, tx, from, event);
    }
    cancel_timers(layer, tx, moved, cell->actions);
    arm_timers(layer, tx, now, cell->actions);
    send_messages(layer, tx, now, cell->actions, moved, hand);
    if (tx->state == SIP_TX_ST_TERMINATED) {
        retire(layer, tx);
    }
    tell(tx, now, cell->actions, hand);
}

/* A bug of ours: stops a test; in the field the transaction ends, and its owner still hears one ending. */
static void cannot(struct sip_tx_layer *layer, struct sip_tx *tx, mono_us now, enum sip_tx_event event)
{
    log_write(layer->config.log, LOG_ERROR, LOG_TEXT(layer->config.log, SIP_TX_CANNOT),
              sip_tx_machine_name((int)tx->machine), sip_tx_state_name((int)tx->state), sip_tx_event_name((int)event));
#ifndef NDEBUG
    abort();
#endif
    if (tx->state == SIP_TX_ST_TERMINATED) {
        return;
    }
    sip_tx_kill_now(layer, now, tx);
    tell(tx, now, tx->ended ? SIP_TX_ACT_TELL_GONE : SIP_TX_ACT_TELL_TRANSPORT, &HAND_EMPTY);
}

void sip_tx_step(struct sip_tx_layer *layer, struct sip_tx *tx, mono_us now, enum sip_tx_event event,
                 const struct sip_tx_hand *hand)
{
    switch (sip_tx_table[tx->machine][tx->state][event].rule) {
    case FSM_GO: go(layer, tx, now, event, hand != NULL ? hand : &HAND_EMPTY); break;
    case FSM_DROP: layer->dropped_cells++; break;
    default: cannot(layer, tx, now, event); break;
    }
}
