/* SPDX-License-Identifier: MIT */
/* The drawing of a call's life, for fsm_dot and for the test that compares it with docs/fsm. */
#ifndef FSM_CALL_LIFE_H
#define FSM_CALL_LIFE_H

#include "fsm_drawing.h"
#include "life.h"

static const struct fsm_drawing fsm_call_life_drawings[] = {
    {
        .file = "call_life",
        .title = "A call's life as the client hears it (SPEC section 3, CALL_STATE)",
        .cells = &call_life[0][0],
        .states = CALL_STATE_COUNT,
        .events = CALL_EV_COUNT,
        .state_name = call_state_name,
        .event_name = call_life_event_name,
        .action_name = call_life_action_name,
    },
};
#define FSM_CALL_LIFE_COUNT (sizeof(fsm_call_life_drawings) / sizeof(fsm_call_life_drawings[0]))

#endif
