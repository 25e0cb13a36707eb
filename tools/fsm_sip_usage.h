/* The drawing of the INVITE dialog usage's table, for fsm_dot and for the test that compares it with docs/fsm. */
#ifndef FSM_SIP_USAGE_H
#define FSM_SIP_USAGE_H

#include "fsm_drawing.h"
#include "usage_table.h"

static inline struct fsm_cell fsm_sip_usage_cell(int machine, int state, int event)
{
    const struct sip_tx_cell *cell = &sip_usage_table[state][event];

    (void)machine;
    return (struct fsm_cell){
        .rule = cell->rule == SIP_TX_GO     ? FSM_GO
                : cell->rule == SIP_TX_DROP ? FSM_DROP
                                            : FSM_NONE,
        .next = cell->next,
        .actions = cell->actions,
    };
}

static inline void fsm_sip_usage_note(int machine, int state, struct outbuf *out)
{
    const char *lead = "\\ntimers: ";

    (void)machine;
    for (int t = 0; t < SIP_USAGE_TIMER_COUNT; t++) {
        if ((sip_usage_hold[state] & (1 << t)) != 0) {
            outbuf_printf(out, "%s%s", lead, sip_usage_timer_name(t));
            lead = ", ";
        }
    }
}

static const struct fsm_drawing fsm_sip_usage_drawings[] = {
    {
        .file = "sip_usage",
        .title = "SIP INVITE dialog usage: one call (RFC 5057; RFC 3261 9, 13, 14, 15)",
        .states = SIP_USAGE_STATE_COUNT,
        .events = SIP_USAGE_EVENT_COUNT,
        .cell = fsm_sip_usage_cell,
        .state_name = sip_usage_state_name,
        .event_name = sip_usage_event_name,
        .action_name = sip_usage_action_name,
        .note = fsm_sip_usage_note,
    },
};
#define FSM_SIP_USAGE_COUNT (sizeof(fsm_sip_usage_drawings) / sizeof(fsm_sip_usage_drawings[0]))

#endif
