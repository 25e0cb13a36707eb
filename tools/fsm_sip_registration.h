/* The drawing of the registration's table, for fsm_dot and for the test that compares it with docs/fsm. */
#ifndef FSM_SIP_REGISTRATION_H
#define FSM_SIP_REGISTRATION_H

#include "fsm_drawing.h"
#include "registration_table.h"

static inline struct fsm_cell fsm_sip_registration_cell(int machine, int state, int event)
{
    const struct sip_tx_cell *cell = &sip_registration_table[state][event];

    (void)machine;
    return (struct fsm_cell){
        .rule = cell->rule == SIP_TX_GO     ? FSM_GO
                : cell->rule == SIP_TX_DROP ? FSM_DROP
                                            : FSM_NONE,
        .next = cell->next,
        .actions = cell->actions,
    };
}

static inline void fsm_sip_registration_note(int machine, int state, struct outbuf *out)
{
    const char *lead = "\\ntimers: ";

    (void)machine;
    for (int t = 0; t < SIP_REGISTRATION_TIMER_COUNT; t++) {
        if ((sip_registration_hold[state] & (1 << t)) != 0) {
            outbuf_printf(out, "%s%s", lead, sip_registration_timer_name(t));
            lead = ", ";
        }
    }
}

static const struct fsm_drawing fsm_sip_registration_drawings[] = {
    {
        .file = "sip_registration",
        .title = "SIP registration (RFC 3261 10.2, RFC 5626 4.5)",
        .states = SIP_REGISTRATION_STATE_COUNT,
        .events = SIP_REGISTRATION_EVENT_COUNT,
        .cell = fsm_sip_registration_cell,
        .state_name = sip_registration_state_name,
        .event_name = sip_registration_event_name,
        .action_name = sip_registration_action_name,
        .note = fsm_sip_registration_note,
    },
};
#define FSM_SIP_REGISTRATION_COUNT (sizeof(fsm_sip_registration_drawings) / sizeof(fsm_sip_registration_drawings[0]))

#endif
