/* SPDX-License-Identifier: MIT */
/* A transaction in one line: machine, method, state, peer, what its timers hold. */
#include "tx_run.h"

bool sip_tx_dump(const struct sip_tx_layer *layer, mono_us now, uint32_t *at, struct outbuf *out)
{
    struct pool_id id;
    const struct sip_tx *tx = pool_next(&layer->pool, at, &id);

    if (tx == NULL) {
        return false;
    }
    dump_begin(out, "transaction", id, sip_tx_state_name((int)tx->state));
    outbuf_printf(out, " %s", sip_tx_machine_name((int)tx->machine));
    dump_text(out, "method", tx->entry.key.method_text);
    dump_text(out, "branch", tx->entry.key.branch);
    dump_addr(out, "peer", &tx->flow.remote);
    outbuf_printf(out, ", keeps %zu bytes", tx->kept_len);
    for (int timer = 0; timer < SIP_TX_TMR_COUNT; timer++) {
        const char *letter = sip_tx_timer_letter((int)tx->machine, (int)tx->state, timer);

        dump_timer(out, letter, &tx->clocks[timer], now);
    }
    dump_timer(out, "failure told", &tx->clocks[SIP_TX_FAILURE], now);
    return true;
}
