/* SPDX-License-Identifier: MIT */
/* Draws a state table of the shape {rule, next, actions} as Graphviz dot text. Header only, so that the tool fsm_dot
 * and the tests that compare docs/fsm with the tables share one generator; any room's table fits through `cell`. */
#ifndef FSM_DRAWING_H
#define FSM_DRAWING_H

#include "wsaudio/base.h"

struct fsm_drawing {
    const char *file;             /* "sip_invite_client": docs/fsm/<file>.dot */
    const char *title;            /* "SIP INVITE client transaction (RFC 3261 figure 5, RFC 6026)" */
    const struct fsm_cell *cells; /* [states][events] */
    int states, events;
    const char *(*state_name)(int state);
    const char *(*event_name)(int event);
    const char *(*action_name)(uint32_t bit);
    /* The timers that a state may hold: a byte of bits for each state; NULL when the table has none. */
    const uint8_t *hold;
    const char *(*timer_name)(int timer);
    /* The RFC's letter for that timer of a machine in a state, "-" for none; may be NULL. */
    int machine;
    const char *(*timer_letter)(int machine, int state, int timer);
};

static inline const struct fsm_cell *fsm_cell_of(const struct fsm_drawing *d, int state, int event)
{
    return &d->cells[state * d->events + event];
}

/* A name may hold what dot would misread in a quoted string. */
static inline void fsm_put_text(struct outbuf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            outbuf_char(out, '\\');
        }
        outbuf_char(out, *text);
    }
}

static inline void fsm_put_actions(const struct fsm_drawing *d, uint32_t actions, struct outbuf *out)
{
    for (uint32_t bit = 1; bit != 0; bit <<= 1) {
        if ((actions & bit) != 0) {
            outbuf_str(out, "\\n");
            fsm_put_text(out, d->action_name(bit));
        }
    }
}

/* A state is drawn when a row of it has anything, or something leads to it. */
static inline bool fsm_state_is_used(const struct fsm_drawing *d, int state)
{
    for (int s = 0; s < d->states; s++) {
        for (int e = 0; e < d->events; e++) {
            const struct fsm_cell *cell = fsm_cell_of(d, s, e);
            bool can_come = cell->rule == FSM_GO || cell->rule == FSM_DROP;
            if (can_come && (s == state || (cell->rule == FSM_GO && cell->next == state))) {
                return true;
            }
        }
    }
    return false;
}

/* "timers: A retry, B give up" */
static inline void fsm_put_timers(const struct fsm_drawing *d, int state, struct outbuf *out)
{
    const char *lead = "\\ntimers: ";

    for (int t = 0; d->hold != NULL && t < 8; t++) {
        if ((d->hold[state] & (1 << t)) != 0) {
            const char *letter = d->timer_letter != NULL ? d->timer_letter(d->machine, state, t) : "-";
            outbuf_printf(out, "%s%s%s%s", lead, letter[0] == '-' ? "" : letter, letter[0] == '-' ? "" : " ",
                          d->timer_name(t));
            lead = ", ";
        }
    }
}

static inline void fsm_put_state(const struct fsm_drawing *d, int state, struct outbuf *out)
{
    const char *lead = "\\ndrops ";

    outbuf_printf(out, "    s%d [label=\"", state);
    fsm_put_text(out, d->state_name(state));
    fsm_put_timers(d, state, out);
    for (int e = 0; e < d->events; e++) {
        if (fsm_cell_of(d, state, e)->rule == FSM_DROP) {
            outbuf_str(out, lead);
            fsm_put_text(out, d->event_name(e));
            lead = ", ";
        }
    }
    outbuf_str(out, "\"];\n");
}

/* Ends with ST_TOO_LARGE in out when the storage is short. */
static inline void fsm_write_dot(const struct fsm_drawing *d, struct outbuf *out)
{
    outbuf_printf(out, "digraph %s {\n    label=\"", d->file);
    fsm_put_text(out, d->title);
    outbuf_str(out, "\";\n    labelloc=t;\n    rankdir=TB;\n    node [shape=box, style=rounded];\n");
    for (int s = 0; s < d->states; s++) {
        if (fsm_state_is_used(d, s)) {
            fsm_put_state(d, s, out);
        }
    }
    for (int s = 0; s < d->states; s++) {
        for (int e = 0; e < d->events; e++) {
            const struct fsm_cell *cell = fsm_cell_of(d, s, e);
            if (cell->rule == FSM_GO) {
                outbuf_printf(out, "    s%d -> s%d [label=\"", s, cell->next);
                fsm_put_text(out, d->event_name(e));
                fsm_put_actions(d, cell->actions, out);
                outbuf_str(out, "\"];\n");
            }
        }
    }
    outbuf_str(out, "}\n");
}

#endif
