/* Draws a state table of the shape {rule, next, actions} as Graphviz dot text. Header only, so that the tool fsm_dot
 * and the tests that compare docs/fsm with the tables share one generator; any room's table fits through `cell`. */
#ifndef FSM_DRAWING_H
#define FSM_DRAWING_H

#include "wsaudio/base.h"

enum fsm_rule { FSM_NONE, FSM_GO, FSM_DROP };

struct fsm_cell {
    enum fsm_rule rule; /* NONE: nothing to draw (the machine has no such event here, or it cannot come) */
    int next;
    uint32_t actions; /* bits */
};

struct fsm_drawing {
    const char *file;  /* "sip_invite_client": docs/fsm/<file>.dot */
    const char *title; /* "SIP INVITE client transaction (RFC 3261 figure 5, RFC 6026)" */
    int machine;       /* handed to cell and note */
    int states, events;
    struct fsm_cell (*cell)(int machine, int state, int event);
    const char *(*state_name)(int state);
    const char *(*event_name)(int event);
    const char *(*action_name)(uint32_t bit);
    /* More text for a state's box (its timers), or an empty string; may be NULL. */
    void (*note)(int machine, int state, struct outbuf *out);
};

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
            struct fsm_cell cell = d->cell(d->machine, s, e);
            if (cell.rule != FSM_NONE && (s == state || (cell.rule == FSM_GO && cell.next == state))) {
                return true;
            }
        }
    }
    return false;
}

static inline void fsm_put_state(const struct fsm_drawing *d, int state, struct outbuf *out)
{
    const char *lead = "\\ndrops ";

    outbuf_printf(out, "    s%d [label=\"", state);
    fsm_put_text(out, d->state_name(state));
    if (d->note != NULL) {
        d->note(d->machine, state, out);
    }
    for (int e = 0; e < d->events; e++) {
        if (d->cell(d->machine, state, e).rule == FSM_DROP) {
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
            struct fsm_cell cell = d->cell(d->machine, s, e);
            if (cell.rule == FSM_GO) {
                outbuf_printf(out, "    s%d -> s%d [label=\"", s, cell.next);
                fsm_put_text(out, d->event_name(e));
                fsm_put_actions(d, cell.actions, out);
                outbuf_str(out, "\"];\n");
            }
        }
    }
    outbuf_str(out, "}\n");
}

#endif
