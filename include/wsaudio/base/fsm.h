/* SPDX-License-Identifier: MIT */
/* State machines as tables of plain data: table[state][event] = {rule, next state, action bits}. The owner of a table has an
 * executor of a few lines; audits and drawings (tools/fsm_drawing.h) read the same cells. */
#ifndef WSAUDIO_BASE_FSM_H
#define WSAUDIO_BASE_FSM_H

#include <stdint.h>

enum fsm_rule {
    FSM_UNDECIDED, /* nobody has thought of this cell: an audit fails on it, or the machine has no such state or event */
    FSM_GO,
    FSM_DROP,  /* legal noise */
    FSM_CANNOT /* our own bug; nothing from outside may lead here */
};

struct fsm_cell {
    uint8_t rule;     /* enum fsm_rule */
    uint8_t next;     /* the table's state; FSM_GO only, else 0 */
    uint32_t actions; /* the table's action bits; FSM_GO only, else 0 */
};

/* What stands in a cell; the tables call them GO, DROP and CANNOT, GO with their own prefix of states. */
#define FSM_CELL_GO(state, bits)                                                                                       \
    {                                                                                                                  \
        .rule = FSM_GO, .next = (state), .actions = (bits)                                                             \
    }
#define FSM_CELL_DROP                                                                                                  \
    {                                                                                                                  \
        .rule = FSM_DROP                                                                                               \
    }
#define FSM_CELL_CANNOT                                                                                                \
    {                                                                                                                  \
        .rule = FSM_CANNOT                                                                                             \
    }

/* Names for logs, drawings and failed checks, never NULL: "?" for a number that is not among the `count` of them, or has
 * none. bit: one is set; names are in the order of the bits. The macros take an array of names. */
const char *fsm_name(const char *const *names, int count, int number);
const char *fsm_bit_name(const char *const *names, int count, uint32_t bit);
#define FSM_NAME(names, number)  fsm_name((names), (int)(sizeof(names) / sizeof((names)[0])), (number))
#define FSM_BIT_NAME(names, bit) fsm_bit_name((names), (int)(sizeof(names) / sizeof((names)[0])), (bit))

#endif
