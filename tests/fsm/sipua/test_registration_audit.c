/* SPDX-License-Identifier: MIT */
/* The registration's table: each cell decided and walked, timers as the hold table says, a REGISTER under way exactly in
 * the states that say so, and a second table typed by hand from RFC 3261 10.2 and RFC 5626 4.5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "registration_table.h"

#define SENDS (SIP_REGISTRATION_ACT_SEND | SIP_REGISTRATION_ACT_SEND_REMOVE)
#define NEXTS (SIP_REGISTRATION_ACT_ARM_SOON | SIP_REGISTRATION_ACT_ARM_REFRESH | SIP_REGISTRATION_ACT_ARM_RETRY)
#define TELLS                                                                                                          \
    (SIP_REGISTRATION_ACT_TELL_UP | SIP_REGISTRATION_ACT_TELL_HELD | SIP_REGISTRATION_ACT_TELL_DOWN |                  \
     SIP_REGISTRATION_ACT_TELL_LAPSED | SIP_REGISTRATION_ACT_TELL_REMOVED)

static void check(bool ok, const char *what, int s, int e)
{
    if (!ok) {
        fail_msg("%s: %s on %s", what, sip_registration_state_name(s), sip_registration_event_name(e));
    }
}

static unsigned armed_by(uint32_t actions)
{
    unsigned timers = (actions & NEXTS) != 0 ? 1U << SIP_REGISTRATION_TMR_NEXT : 0;
    return timers | ((actions & SIP_REGISTRATION_ACT_ARM_LAPSE) != 0 ? 1U << SIP_REGISTRATION_TMR_LAPSE : 0);
}

static bool one_bit(uint32_t bits)
{
    return (bits & (bits - 1)) == 0;
}

static void decided(void **state)
{
    (void)state;
    for (int s = 0; s < SIP_REGISTRATION_ST_COUNT; s++) {
        for (int e = 0; e < SIP_REGISTRATION_EV_COUNT; e++) {
            const struct fsm_cell *cell = &sip_registration_table[s][e];
            check(cell->rule != FSM_UNDECIDED, "undecided", s, e);
            check(cell->rule == FSM_GO || (cell->next == 0 && cell->actions == 0), "actions without GO", s, e);
            check(cell->actions < SIP_REGISTRATION_ACT_END, "unknown action", s, e);
            check(one_bit(cell->actions & TELLS) && one_bit(cell->actions & SENDS) && one_bit(cell->actions & NEXTS),
                  "two of a kind", s, e);
            check((cell->actions & SIP_REGISTRATION_ACT_BEGIN) == 0 || (cell->actions & SENDS) != 0, "begins nothing",
                  s, e);
        }
    }
}

static void timers(void **state)
{
    (void)state;
    for (int s = 0; s < SIP_REGISTRATION_ST_COUNT; s++) {
        for (int t = 0; t < SIP_REGISTRATION_TMR_COUNT; t++) {
            bool go = sip_registration_table[s][SIP_REGISTRATION_EV_NEXT + t].rule == FSM_GO;
            check(go == ((sip_registration_hold[s] >> t & 1) != 0), "timer", s, SIP_REGISTRATION_EV_NEXT + t);
        }
        for (int e = 0; e < SIP_REGISTRATION_EV_COUNT; e++) {
            const struct fsm_cell *cell = &sip_registration_table[s][e];
            check((armed_by(cell->actions) & ~(unsigned)sip_registration_hold[cell->next]) == 0, "armed, not held", s,
                  e);
        }
    }
}

/* ---- the walk: state, timers that run, whether a REGISTER is out, whether the registrar knows us ---- */

struct config {
    uint8_t state, timers;
    bool asks, started, stopped;
};

#define CONFIGS (SIP_REGISTRATION_ST_COUNT * 4 * 8)
static bool seen[CONFIGS];
static bool cell_seen[SIP_REGISTRATION_ST_COUNT][SIP_REGISTRATION_EV_COUNT];
static struct config queue[CONFIGS];
static size_t queued;

static size_t index_of(struct config c)
{
    return ((size_t)c.state * 4 + c.timers) * 8 + (c.asks ? 1 : 0) + (c.started ? 2 : 0) + (c.stopped ? 4 : 0);
}

static void push(struct config c)
{
    if (!seen[index_of(c)]) {
        seen[index_of(c)] = true;
        queue[queued++] = c;
    }
}

static bool can_happen(struct config *c, int event)
{
    switch (event) {
    case SIP_REGISTRATION_EV_START: {
        bool first = !c->started && !c->stopped;
        c->started = true;
        return first;
    }
    case SIP_REGISTRATION_EV_STOP: c->stopped = true; return true;
    case SIP_REGISTRATION_EV_MOVED:
    case SIP_REGISTRATION_EV_REACHED: return true;
    case SIP_REGISTRATION_EV_NEXT:
    case SIP_REGISTRATION_EV_LAPSE: {
        unsigned bit = 1U << (event - SIP_REGISTRATION_EV_NEXT);
        bool runs = (c->timers & bit) != 0;
        c->timers &= (uint8_t)~bit;
        return runs;
    }
    default: { /* an answer */
        bool out = c->asks;
        c->asks = false;
        return out;
    }
    }
}

/* States with a REGISTER under way. */
static bool is_asking(int state)
{
    return state == SIP_REGISTRATION_ST_REGISTERING || state == SIP_REGISTRATION_ST_REFRESHING ||
           state == SIP_REGISTRATION_ST_CLOSING || state == SIP_REGISTRATION_ST_LEAVING;
}

static struct config move(struct config c, int event)
{
    int from = c.state;
    const struct fsm_cell *cell = &sip_registration_table[from][event];
    check(cell->rule != FSM_CANNOT, "CANNOT was met", from, event);
    cell_seen[from][event] = true;
    if (cell->rule != FSM_GO) {
        return c;
    }
    check((cell->actions & SENDS) == 0 || !c.asks, "two REGISTERs at once (10.2)", from, event);
    c.asks = c.asks || (cell->actions & SENDS) != 0;
    c.state = cell->next;
    c.timers = (uint8_t)((c.timers & sip_registration_hold[c.state]) | armed_by(cell->actions));
    check(c.asks == is_asking(c.state), "REGISTER out", from, event);
    bool was = sip_registration_state_is_up((enum sip_registration_state)from);
    bool is = sip_registration_state_is_up((enum sip_registration_state)c.state);
    check(!is || (c.timers & 1U << SIP_REGISTRATION_TMR_LAPSE) != 0, "registered without an end", from, event);
    check(was || !is || (cell->actions & SIP_REGISTRATION_ACT_TELL_UP) != 0, "up untold", from, event);
    check(!was || is || c.stopped ||
              (cell->actions & (SIP_REGISTRATION_ACT_TELL_DOWN | SIP_REGISTRATION_ACT_TELL_LAPSED)) != 0,
          "down untold", from, event);
    /* between start and stop something always comes: an answer or a timer */
    check(!c.started || c.stopped || c.asks || c.timers != 0, "stuck", from, event);
    return c;
}

static void walk(void **state)
{
    (void)state;
    push((struct config){.state = SIP_REGISTRATION_ST_OFF});
    for (size_t i = 0; i < queued; i++) {
        for (int e = 0; e < SIP_REGISTRATION_EV_COUNT; e++) {
            struct config c = queue[i];
            if (can_happen(&c, e)) {
                push(move(c, e));
            }
        }
    }
    for (int s = 0; s < SIP_REGISTRATION_ST_COUNT; s++) {
        for (int e = 0; e < SIP_REGISTRATION_EV_COUNT; e++) {
            bool possible = sip_registration_table[s][e].rule == FSM_GO;
            check(cell_seen[s][e] || !possible, "never walked", s, e);
        }
    }
}

/* Behind a stop it ends, if nobody answers by time-outs alone, in two requests at most. */
static void ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < queued; i++) {
        struct config c = queue[i];
        int requests = 0;
        while (c.stopped && c.asks && requests < 4) {
            (void)can_happen(&c, SIP_REGISTRATION_EV_FAILED);
            c = move(c, SIP_REGISTRATION_EV_FAILED);
            requests++;
        }
        check(!c.stopped || (c.state == SIP_REGISTRATION_ST_OFF && requests <= 2), "no end", queue[i].state, 0);
    }
}

/* ---- the second table ---- */

/* what is sent: R a REGISTER, X the removal, - nothing; what is told: U up, H held, D down, L lapsed, R removed */
struct arrow {
    const char *from, *event, *to;
    char sent, told;
};
static const struct arrow arrows[] = {
    {"Off", "start", "Waiting", '-', '-'},
    {"Waiting", "stop", "Off", '-', '-'},
    {"Waiting", "moved", "Registering", 'R', '-'},
    {"Waiting", "reached", "Registering", 'R', '-'},
    {"Waiting", "next", "Registering", 'R', '-'},
    {"Registering", "stop", "Closing", '-', '-'},
    {"Registering", "2xx", "Registered", '-', 'U'},
    {"Registering", "2xx, address changed", "Refreshing", 'R', 'U'},
    {"Registering", "again", "Registering", 'R', '-'},
    {"Registering", "failed", "Waiting", '-', 'D'},
    {"Registering", "refused", "Waiting", '-', 'D'},
    {"Registered", "stop", "Leaving", 'X', '-'},
    {"Registered", "moved", "Refreshing", 'R', '-'},
    {"Registered", "reached", "Refreshing", 'R', '-'},
    {"Registered", "next", "Refreshing", 'R', '-'},
    {"Registered", "lapse", "Registering", 'R', 'L'},
    {"Refreshing", "stop", "Closing", '-', '-'},
    {"Refreshing", "2xx", "Registered", '-', 'U'},
    {"Refreshing", "2xx, address changed", "Refreshing", 'R', '-'},
    {"Refreshing", "again", "Refreshing", 'R', '-'},
    {"Refreshing", "failed", "Holding", '-', 'H'},
    {"Refreshing", "refused", "Waiting", '-', 'D'},
    {"Refreshing", "lapse", "Registering", '-', 'L'},
    {"Holding", "stop", "Leaving", 'X', '-'},
    {"Holding", "moved", "Refreshing", 'R', '-'},
    {"Holding", "reached", "Refreshing", 'R', '-'},
    {"Holding", "next", "Refreshing", 'R', '-'},
    {"Holding", "lapse", "Waiting", '-', 'L'},
    {"Closing", "2xx", "Leaving", 'X', '-'},
    {"Closing", "2xx, address changed", "Leaving", 'X', '-'},
    {"Closing", "again", "Leaving", 'X', '-'},
    {"Closing", "failed", "Leaving", 'X', '-'},
    {"Closing", "refused", "Off", '-', '-'},
    {"Leaving", "2xx", "Off", '-', 'R'},
    {"Leaving", "2xx, address changed", "Off", '-', 'R'},
    {"Leaving", "again", "Leaving", 'X', '-'},
    {"Leaving", "failed", "Off", '-', '-'},
    {"Leaving", "refused", "Off", '-', '-'},
};

static char letter_of(uint32_t actions, const uint32_t *bits, const char *letters)
{
    for (size_t i = 0; letters[i] != '\0'; i++) {
        if ((actions & bits[i]) != 0) {
            return letters[i];
        }
    }
    return '-';
}

static const struct arrow *arrow_of(int s, int e)
{
    for (size_t i = 0; i < sizeof(arrows) / sizeof(arrows[0]); i++) {
        if (strcmp(arrows[i].from, sip_registration_state_name(s)) == 0 &&
            strcmp(arrows[i].event, sip_registration_event_name(e)) == 0) {
            return &arrows[i];
        }
    }
    return NULL;
}

static void second_table(void **state)
{
    (void)state;
    static const uint32_t sends[] = {SIP_REGISTRATION_ACT_SEND, SIP_REGISTRATION_ACT_SEND_REMOVE};
    static const uint32_t tells[] = {SIP_REGISTRATION_ACT_TELL_UP, SIP_REGISTRATION_ACT_TELL_HELD,
                                     SIP_REGISTRATION_ACT_TELL_DOWN, SIP_REGISTRATION_ACT_TELL_LAPSED,
                                     SIP_REGISTRATION_ACT_TELL_REMOVED};
    size_t found = 0;
    for (int s = 0; s < SIP_REGISTRATION_ST_COUNT; s++) {
        for (int e = 0; e < SIP_REGISTRATION_EV_COUNT; e++) {
            const struct fsm_cell *cell = &sip_registration_table[s][e];
            const struct arrow *arrow = arrow_of(s, e);
            check((arrow != NULL) == (cell->rule == FSM_GO), "arrow", s, e);
            if (arrow != NULL) {
                check(strcmp(arrow->to, sip_registration_state_name(cell->next)) == 0, "next", s, e);
                check(arrow->sent == letter_of(cell->actions, sends, "RX"), "sent", s, e);
                check(arrow->told == letter_of(cell->actions, tells, "UHDLR"), "told", s, e);
                found++;
            }
        }
    }
    assert_int_equal(found, sizeof(arrows) / sizeof(arrows[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decided), cmocka_unit_test(timers),       cmocka_unit_test(walk),
        cmocka_unit_test(ends),    cmocka_unit_test(second_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
