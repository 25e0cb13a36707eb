/* The drawing of a call's life, for fsm_dot and for the test that compares it with docs/fsm. */
#ifndef FSM_CALL_LIFE_H
#define FSM_CALL_LIFE_H

#include "fsm_drawing.h"
#include "life.h"

static inline struct fsm_cell fsm_call_life_cell(int machine, int state, int event)
{
    const struct call_cell *cell = &call_life[state][event];

    (void)machine;
    return (struct fsm_cell){
        .rule = cell->rule == CALL_RULE_GO     ? FSM_GO
                : cell->rule == CALL_RULE_DROP ? FSM_DROP
                                               : FSM_NONE,
        .next = cell->next,
        .actions = cell->actions,
    };
}

static inline const char *fsm_call_life_state(int state)
{
    return call_state_name((enum call_state)state);
}

static inline const char *fsm_call_life_event(int event)
{
    return call_event_name((enum call_event)event);
}

static inline const char *fsm_call_life_action(uint32_t bit)
{
    unsigned number = 0;

    while (bit > 1) {
        bit >>= 1;
        number++;
    }
    return call_action_name(number);
}

static const struct fsm_drawing fsm_call_life_drawings[] = {
    {
        .file = "call_life",
        .title = "A call's life as the client hears it (SPEC section 3, CALL_STATE)",
        .states = CALL_STATE_COUNT,
        .events = CALL_EVENT_COUNT,
        .cell = fsm_call_life_cell,
        .state_name = fsm_call_life_state,
        .event_name = fsm_call_life_event,
        .action_name = fsm_call_life_action,
    },
};
#define FSM_CALL_LIFE_COUNT (sizeof(fsm_call_life_drawings) / sizeof(fsm_call_life_drawings[0]))

#endif
