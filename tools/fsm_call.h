/* SPDX-License-Identifier: MIT */
/* The drawing of a call's life, for fsm_dot and for the test that compares it with docs/fsm. */
#ifndef FSM_CALL_H
#define FSM_CALL_H

#include "call_fsm.h"
#include "fsm_drawing.h"

static const struct fsm_drawing fsm_call_drawings[] = {
    {
        .file = "call_fsm",
        .title = "A call's life as the client hears it (SPEC section 3, CALL_STATE)",
        .cells = &call_fsm[0][0],
        .states = CALL_ST_COUNT,
        .events = CALL_EV_COUNT,
        .state_name = call_state_name,
        .event_name = call_fsm_event_name,
        .action_name = call_fsm_action_name,
    },
};
#define FSM_CALL_COUNT (sizeof(fsm_call_drawings) / sizeof(fsm_call_drawings[0]))

#endif
