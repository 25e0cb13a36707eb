/* SPDX-License-Identifier: MIT */
/* The drawings of the SIP tables, for fsm_dot and for the test that compares them with docs/fsm. */
#ifndef FSM_SIP_H
#define FSM_SIP_H

#include "fsm_drawing.h"
#include "inv_table.h"
#include "registration_table.h"
#include "wsaudio/siptx/tx_table.h"

static inline const char *fsm_sip_tx_timer_name(int timer)
{
    static const char *const names[SIP_TX_TMR_COUNT] = {"retry", "give up", "linger"};

    return FSM_NAME(names, timer);
}

#define FSM_SIP_TX(number, name, text)                                                                                 \
    {                                                                                                                  \
        .file = (name), .title = (text), .cells = &sip_tx_table[number][0][0], .states = SIP_TX_ST_COUNT,              \
        .events = SIP_TX_EV_COUNT, .state_name = sip_tx_state_name, .event_name = sip_tx_event_name,                   \
        .action_name = sip_tx_action_name, .hold = sip_tx_hold[SIP_TX_UNRELIABLE][number],                             \
        .timer_name = fsm_sip_tx_timer_name, .machine = (number), .timer_letter = sip_tx_timer_letter                  \
    }

static const struct fsm_drawing fsm_sip_drawings[] = {
    FSM_SIP_TX(SIP_TX_INVITE_CLIENT, "sip_invite_client",
               "SIP INVITE client transaction (RFC 3261 figure 5, RFC 6026 figure 5)"),
    FSM_SIP_TX(SIP_TX_CLIENT, "sip_client", "SIP client transaction, other methods (RFC 3261 figure 6)"),
    FSM_SIP_TX(SIP_TX_INVITE_SERVER, "sip_invite_server",
               "SIP INVITE server transaction (RFC 3261 figure 7, RFC 6026 figure 7)"),
    FSM_SIP_TX(SIP_TX_SERVER, "sip_server", "SIP server transaction, other methods (RFC 3261 figure 8)"),
    {
        .file = "sip_inv",
        .title = "SIP INVITE dialog usage: one call (RFC 5057; RFC 3261 9, 13, 14, 15)",
        .cells = &sip_inv_table[0][0],
        .states = SIP_INV_ST_COUNT,
        .events = SIP_INV_EV_COUNT,
        .state_name = sip_inv_state_name,
        .event_name = sip_inv_event_name,
        .action_name = sip_inv_action_name,
        .hold = sip_inv_hold,
        .timer_name = sip_inv_timer_name,
    },
    {
        .file = "sip_registration",
        .title = "SIP registration (RFC 3261 10.2, RFC 5626 4.5)",
        .cells = &sip_registration_table[0][0],
        .states = SIP_REGISTRATION_ST_COUNT,
        .events = SIP_REGISTRATION_EV_COUNT,
        .state_name = sip_registration_state_name,
        .event_name = sip_registration_event_name,
        .action_name = sip_registration_action_name,
        .hold = sip_registration_hold,
        .timer_name = sip_registration_timer_name,
    },
};
#define FSM_SIP_COUNT (sizeof(fsm_sip_drawings) / sizeof(fsm_sip_drawings[0]))

#endif
