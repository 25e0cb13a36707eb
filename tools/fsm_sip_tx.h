/* The drawings of the SIP transaction tables, for fsm_dot and for the test that compares them with docs/fsm. */
#ifndef FSM_SIP_TX_H
#define FSM_SIP_TX_H

#include "fsm_drawing.h"
#include "tx_table.h"

static inline struct fsm_cell fsm_sip_tx_cell(int machine, int state, int event)
{
    const struct sip_tx_cell *cell = &sip_tx_table[machine][state][event];

    return (struct fsm_cell){
        .rule = cell->rule == SIP_TX_GO     ? FSM_GO
                : cell->rule == SIP_TX_DROP ? FSM_DROP
                                            : FSM_NONE,
        .next = cell->next,
        .actions = cell->actions,
    };
}

/* "timers: A retry, B give up" */
static inline void fsm_sip_tx_note(int machine, int state, struct outbuf *out)
{
    static const char *const names[SIP_TX_TIMER_COUNT] = {"retry", "give up", "linger"};
    const char *lead = "\\ntimers: ";

    for (int t = 0; t < SIP_TX_TIMER_COUNT; t++) {
        if ((sip_tx_hold[machine][state] & (1 << t)) != 0) {
            const char *letter = sip_tx_timer_letter(machine, state, t);
            outbuf_printf(out, "%s%s%s%s", lead, letter[0] == '-' ? "" : letter, letter[0] == '-' ? "" : " ", names[t]);
            lead = ", ";
        }
    }
}

#define FSM_SIP_TX(number, name, text)                                                                                 \
    {                                                                                                                  \
        .file = (name), .title = (text), .machine = (number), .states = SIP_TX_STATE_COUNT,                            \
        .events = SIP_TX_EVENT_COUNT, .cell = fsm_sip_tx_cell, .state_name = sip_tx_state_name,                        \
        .event_name = sip_tx_event_name, .action_name = sip_tx_action_name, .note = fsm_sip_tx_note                    \
    }

static const struct fsm_drawing fsm_sip_tx_drawings[] = {
    FSM_SIP_TX(SIP_TX_INVITE_CLIENT, "sip_invite_client",
               "SIP INVITE client transaction (RFC 3261 figure 5, RFC 6026 figure 5)"),
    FSM_SIP_TX(SIP_TX_CLIENT, "sip_client", "SIP client transaction, other methods (RFC 3261 figure 6)"),
    FSM_SIP_TX(SIP_TX_INVITE_SERVER, "sip_invite_server",
               "SIP INVITE server transaction (RFC 3261 figure 7, RFC 6026 figure 7)"),
    FSM_SIP_TX(SIP_TX_SERVER, "sip_server", "SIP server transaction, other methods (RFC 3261 figure 8)"),
};
#define FSM_SIP_TX_COUNT (sizeof(fsm_sip_tx_drawings) / sizeof(fsm_sip_tx_drawings[0]))

#endif
