/* SPDX-License-Identifier: MIT */
/* The audit of the table of a usage's life.
 *
 * decided       every cell is decided, next states and action bits exist, at most one notice a cell, names for all
 * timers        a timer's event is GO exactly where the hold table allows the timer; what is armed may be held
 * walk          a search over everything that can happen (state, way, the INVITE's and the BYE's transaction, armed
 *               timers, owner): nothing meets CANNOT, every state is reached, nobody is told without an owner, exactly
 *               one ending on every path, and without an owner the clock alone leads to Terminated
 * owner_bound   the states that only the owner bounds, listed
 * offers_refused  what an offer is refused with in each state
 * second_table  the arrows, typed by hand from RFC 3261 9, 13, 14, 15 and the contract in wsaudio/sip.h, and no other */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "inv_table.h"

#define TELLS                                                                                                          \
    (SIP_INV_ACT_TELL_INCOMING | SIP_INV_ACT_TELL_PROGRESS | SIP_INV_ACT_TELL_ANSWERED | SIP_INV_ACT_TELL_CONFIRMED |  \
     SIP_INV_ACT_TELL_LATE_ANSWER | SIP_INV_ACT_TELL_OFFER | SIP_INV_ACT_TELL_ENDED)

static void check(bool ok, const char *what, int state, int event)
{
    if (!ok) {
        fail_msg("%s: %s, %s", what, sip_inv_state_name(state), sip_inv_event_name(event));
    }
}

static void decided(void **state)
{
    (void)state;
    for (int s = 0; s < SIP_INV_ST_COUNT; s++) {
        for (int e = 0; e < SIP_INV_EV_COUNT; e++) {
            const struct fsm_cell *cell = &sip_inv_table[s][e];
            uint32_t tells = cell->actions & TELLS;
            check(cell->rule != FSM_UNDECIDED && cell->rule <= FSM_CANNOT, "undecided", s, e);
            check(cell->rule == FSM_GO || (cell->next == 0 && cell->actions == 0), "not GO but acts", s, e);
            check(cell->rule != FSM_GO || (cell->next > SIP_INV_ST_INIT && cell->next < SIP_INV_ST_COUNT), "next", s,
                  e);
            check(cell->actions < SIP_INV_ACT_END, "actions", s, e);
            check((tells & (tells - 1)) == 0, "two notices", s, e);
            check((cell->actions & SIP_INV_ACT_ENDINGS) != SIP_INV_ACT_ENDINGS, "two endings", s, e);
        }
        assert_string_not_equal(sip_inv_state_name(s), "?");
    }
    for (int e = 0; e < SIP_INV_EV_COUNT; e++) {
        assert_string_not_equal(sip_inv_event_name(e), "?");
    }
    for (uint32_t bit = 1; bit < SIP_INV_ACT_END; bit <<= 1) {
        assert_string_not_equal(sip_inv_action_name(bit), "?");
    }
    assert_string_equal(sip_inv_action_name(SIP_INV_ACT_RELEASE), "RELEASE");
    assert_string_equal(sip_inv_action_name(SIP_INV_ACT_END), "?");
    assert_string_equal(sip_inv_state_name(SIP_INV_ST_COUNT), "?");
    assert_string_equal(sip_inv_event_name(-1), "?");
    assert_string_equal(sip_inv_timer_name(SIP_INV_TMR_COUNT), "?");
    assert_string_equal(sip_inv_timer_name(SIP_INV_TMR_GIVE_UP), "GIVE_UP");
}

static const int timer_events[SIP_INV_TMR_COUNT] = {SIP_INV_EV_RING, SIP_INV_EV_RETRY, SIP_INV_EV_GIVE_UP,
                                                    SIP_INV_EV_SILENCE};

static unsigned armed_by(uint32_t actions)
{
    return ((actions & SIP_INV_ACT_ARM_RING) != 0 ? 1U << SIP_INV_TMR_RING : 0) |
           ((actions & (SIP_INV_ACT_ARM_RETRY | SIP_INV_ACT_ARM_RETRY_TWICE)) != 0 ? 1U << SIP_INV_TMR_RETRY : 0) |
           ((actions & SIP_INV_ACT_ARM_GIVE_UP) != 0 ? 1U << SIP_INV_TMR_GIVE_UP : 0) |
           ((actions & SIP_INV_ACT_ARM_SILENCE) != 0 ? 1U << SIP_INV_TMR_SILENCE : 0);
}

static void timers(void **state)
{
    (void)state;
    for (int s = 0; s < SIP_INV_ST_COUNT; s++) {
        for (int t = 0; t < SIP_INV_TMR_COUNT; t++) {
            bool held = (sip_inv_hold[s] >> t & 1) != 0;
            check(held == (sip_inv_table[s][timer_events[t]].rule == FSM_GO), "timer", s, timer_events[t]);
        }
        for (int e = 0; e < SIP_INV_EV_COUNT; e++) {
            const struct fsm_cell *cell = &sip_inv_table[s][e];
            check((armed_by(cell->actions) & ~(unsigned)sip_inv_hold[cell->next]) == 0, "armed, not held", s, e);
        }
    }
}

/* ---- the walk ---- */

enum invite { INVITE_NONE, INVITE_RUNS, INVITE_ACCEPTED, INVITE_OVER };

struct config {
    uint8_t state, invite, timers;
    bool incoming, attached, bye;
    bool left; /* an INVITE to a server that was left */
};

#define CONFIGS (SIP_INV_ST_COUNT * 4 * 16 * 16)
static bool seen[CONFIGS];
static bool state_seen[SIP_INV_ST_COUNT];
static struct config queue[CONFIGS];
static size_t queued;

static size_t index_of(struct config c)
{
    size_t flags = (c.incoming ? 1U : 0U) | (c.attached ? 2U : 0U) | (c.bye ? 4U : 0U) | (c.left ? 8U : 0U);
    return (((size_t)c.state * 4 + c.invite) * 16 + c.timers) * 16 + flags;
}

/* Whether the world can bring this event now, and what becomes of the transactions. */
static bool can_happen(struct config *c, int event)
{
    bool runs = c->invite == INVITE_RUNS;
    switch (event) {
    case SIP_INV_EV_INVITE:
    case SIP_INV_EV_INCOMING: return c->state == SIP_INV_ST_INIT;
    case SIP_INV_EV_END:
    case SIP_INV_EV_PROGRESS:
    case SIP_INV_EV_ANSWER:
    case SIP_INV_EV_REJECT:
    case SIP_INV_EV_ACCEPT: return c->attached;
    case SIP_INV_EV_1XX: return runs;
    case SIP_INV_EV_2XX: c->invite = INVITE_ACCEPTED; return runs;
    case SIP_INV_EV_AGAIN: c->invite = INVITE_OVER; return runs && c->attached;
    case SIP_INV_EV_FAILURE:
    case SIP_INV_EV_TIMEOUT:
    case SIP_INV_EV_BROKEN: c->invite = INVITE_OVER; return runs;
    case SIP_INV_EV_2XX_SAME:
    case SIP_INV_EV_2XX_FORK: return c->invite == INVITE_ACCEPTED || c->left;
    case SIP_INV_EV_BYE_AGAIN:
    case SIP_INV_EV_BYE_DONE: {
        bool was = c->bye;
        c->bye = false;
        return was;
    }
    case SIP_INV_EV_CANCEL: return c->incoming && c->state != SIP_INV_ST_INIT;
    case SIP_INV_EV_ACK:
    case SIP_INV_EV_BYE:
    case SIP_INV_EV_OFFER: return c->state != SIP_INV_ST_INIT;
    case SIP_INV_EV_RING:
    case SIP_INV_EV_RETRY:
    case SIP_INV_EV_GIVE_UP:
    case SIP_INV_EV_SILENCE: {
        unsigned bit = 1U << (event - SIP_INV_EV_RING);
        bool was = (c->timers & bit) != 0;
        c->timers &= (uint8_t)~bit;
        return was;
    }
    case SIP_INV_EV_DRAINED:
        return c->state == SIP_INV_ST_LINGERING && c->invite != INVITE_ACCEPTED && c->invite != INVITE_RUNS && !c->left;
    default: return false;
    }
}

/* The configuration behind the event; asserts what must hold on the way. */
static struct config move(struct config c, int event)
{
    int from = c.state;
    const struct fsm_cell *cell = &sip_inv_table[from][event];
    check(cell->rule != FSM_CANNOT, "CANNOT was met", from, event);
    if (cell->rule != FSM_GO) {
        return c;
    }
    uint32_t a = cell->actions;
    c.timers = (uint8_t)((c.timers & sip_inv_hold[cell->next]) | armed_by(a));
    c.state = cell->next;
    if (event == SIP_INV_EV_INVITE || event == SIP_INV_EV_INCOMING) {
        c.incoming = event == SIP_INV_EV_INCOMING;
        c.attached = true;
    }
    check(c.attached || (a & (TELLS | SIP_INV_ACT_ENDINGS)) == 0, "told without an owner", from, event);
    c.attached = c.attached && (a & SIP_INV_ACT_ENDINGS) == 0;
    if ((a & SIP_INV_ACT_ABANDON_BRANCH) != 0) {
        check(c.invite == INVITE_RUNS, "no INVITE to leave", from, event);
        c.left = true;
        c.invite = INVITE_NONE;
    }
    check((a & SIP_INV_ACT_SEND_INVITE) == 0 || c.invite != INVITE_RUNS, "two INVITEs", from, event);
    c.invite = (a & SIP_INV_ACT_SEND_INVITE) != 0 ? INVITE_RUNS : c.invite;
    if ((a & SIP_INV_ACT_SEND_BYE) != 0 && event != SIP_INV_EV_2XX_FORK) {
        check(!c.bye, "two BYEs", from, event);
        c.bye = true;
    }
    check(c.state != SIP_INV_ST_TERMINATED || (!c.attached && !c.bye && c.timers == 0), "left over", from, event);
    check(c.state != SIP_INV_ST_LINGERING || (!c.attached && !c.bye), "lingers too early", from, event);
    return c;
}

static void push(struct config c)
{
    if (!seen[index_of(c)]) {
        seen[index_of(c)] = true;
        state_seen[c.state] = true;
        queue[queued++] = c;
    }
}

/* What the clock alone brings in the end: transactions time out, timers run out. */
static bool ends_by_clock(struct config c, int depth)
{
    static const int clock[] = {SIP_INV_EV_DRAINED, SIP_INV_EV_GIVE_UP, SIP_INV_EV_RING, SIP_INV_EV_BYE_DONE,
                                SIP_INV_EV_TIMEOUT};
    if (c.state == SIP_INV_ST_TERMINATED) {
        return true;
    }
    if (depth == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(clock) / sizeof(clock[0]); i++) {
        struct config next = c;
        if (can_happen(&next, clock[i])) {
            return ends_by_clock(move(next, clock[i]), depth - 1);
        }
    }
    if (c.left) {
        c.left = false; /* timer B, or M */
        return ends_by_clock(c, depth - 1);
    }
    if (c.invite == INVITE_ACCEPTED) {
        c.invite = INVITE_OVER; /* timer M */
        return ends_by_clock(c, depth - 1);
    }
    return false;
}

static void walk_all(void)
{
    memset(seen, 0, sizeof(seen));
    memset(state_seen, 0, sizeof(state_seen));
    queued = 0;
    push((struct config){.state = SIP_INV_ST_INIT});
    for (size_t i = 0; i < queued; i++) {
        for (int e = 0; e < SIP_INV_EV_COUNT; e++) {
            struct config c = queue[i];
            if (can_happen(&c, e)) {
                push(move(c, e));
            }
        }
        if (queue[i].left) {
            struct config c = queue[i];
            c.left = false;
            push(c);
        }
        if (queue[i].invite == INVITE_ACCEPTED) {
            struct config c = queue[i];
            c.invite = INVITE_OVER;
            push(c);
        }
    }
}

static void walk(void **state)
{
    (void)state;
    walk_all();
    for (int s = 0; s < SIP_INV_ST_COUNT; s++) {
        check(state_seen[s], "never reached", s, 0);
    }
    for (size_t i = 0; i < queued; i++) {
        if (!queue[i].attached && queue[i].state != SIP_INV_ST_INIT) {
            check(ends_by_clock(queue[i], 8), "no end by the clock", queue[i].state, 0);
        }
    }
}

/* With an owner and no ring time-out, these wait for it; every other state ends by the clock. (After a 1xx timer B is
 * off, so the walk's time-out counts only before one.) */
static void owner_bound(void **state)
{
    (void)state;
    static const bool bound[SIP_INV_ST_COUNT] = {
        [SIP_INV_ST_PROCEEDING] = true, [SIP_INV_ST_RINGING] = true, [SIP_INV_ST_CONFIRMED] = true};
    walk_all();
    for (size_t i = 0; i < queued; i++) {
        struct config c = queue[i];
        if (c.attached && c.state == SIP_INV_ST_PROCEEDING && (c.timers & 1U << SIP_INV_TMR_RING) == 0) {
            c.invite = INVITE_NONE;
        }
        if (c.attached && !bound[c.state]) {
            check(ends_by_clock(c, 8), "no end by the clock", c.state, 0);
        }
        if (c.attached && (c.state == SIP_INV_ST_RINGING || c.state == SIP_INV_ST_CONFIRMED)) {
            check(!ends_by_clock(c, 8), "not bound by its owner", c.state, 0);
        }
    }
}

/* ---- the second table ---- */

/* from, event, to, what the owner hears: P progress, A answered, C confirmed, O offer, I incoming, E ended, D has let
 * go, - nothing */
struct arrow {
    const char *from, *event, *to;
    char heard;
};
static const struct arrow arrows[] = {
    {"Init", "invite", "Calling", '-'},
    {"Init", "INVITE", "Ringing", 'I'},
    {"Calling", "1xx", "Proceeding", 'P'},
    {"Calling", "2xx", "Confirmed", 'A'},
    {"Calling", "challenge, redirection, next server", "Calling", '-'},
    {"Calling", "silence", "Calling", '-'},
    {"Calling", "2xx again", "Calling", '-'},
    {"Calling", "2xx of a fork", "Calling", '-'},
    {"Proceeding", "2xx again", "Proceeding", '-'},
    {"Proceeding", "2xx of a fork", "Proceeding", '-'},
    {"Abandoned", "2xx again", "Abandoned", '-'},
    {"Abandoned", "2xx of a fork", "Abandoned", '-'},
    {"Cancelling", "2xx again", "Cancelling", '-'},
    {"Cancelling", "2xx of a fork", "Cancelling", '-'},
    {"Calling", "300-699", "Lingering", 'E'},
    {"Calling", "time-out", "Lingering", 'E'},
    {"Calling", "transport error", "Lingering", 'E'},
    {"Calling", "end", "Abandoned", 'D'},
    {"Calling", "ring time-out", "Abandoned", 'E'},
    {"Proceeding", "1xx", "Proceeding", 'P'},
    {"Proceeding", "2xx", "Confirmed", 'A'},
    {"Proceeding", "challenge, redirection, next server", "Calling", '-'},
    {"Proceeding", "300-699", "Lingering", 'E'},
    {"Proceeding", "time-out", "Lingering", 'E'},
    {"Proceeding", "transport error", "Lingering", 'E'},
    {"Proceeding", "end", "Cancelling", 'D'},
    {"Proceeding", "ring time-out", "Cancelling", 'E'},
    {"Proceeding", "BYE", "Cancelling", 'E'},
    {"Abandoned", "1xx", "Cancelling", '-'},
    {"Abandoned", "2xx", "Leaving", '-'},
    {"Abandoned", "300-699", "Lingering", '-'},
    {"Abandoned", "time-out", "Lingering", '-'},
    {"Abandoned", "transport error", "Lingering", '-'},
    {"Cancelling", "2xx", "Leaving", '-'},
    {"Cancelling", "300-699", "Lingering", '-'},
    {"Cancelling", "time-out", "Lingering", '-'},
    {"Cancelling", "transport error", "Lingering", '-'},
    {"Ringing", "progress", "Ringing", '-'},
    {"Ringing", "answer", "Answered", '-'},
    {"Ringing", "reject", "Lingering", 'D'},
    {"Ringing", "end", "Lingering", 'D'},
    {"Ringing", "CANCEL", "Lingering", 'E'},
    {"Ringing", "BYE", "Lingering", 'E'},
    {"Answered", "retry", "Answered", '-'},
    {"Answered", "ACK", "Confirmed", 'C'},
    {"Answered", "no ACK", "Leaving", 'E'},
    {"Answered", "BYE", "Lingering", 'E'},
    {"Answered", "end", "Closing", 'D'},
    {"Closing", "retry", "Closing", '-'},
    {"Closing", "ACK", "Leaving", '-'},
    {"Closing", "no ACK", "Leaving", '-'},
    {"Closing", "BYE", "Lingering", '-'},
    {"Confirmed", "2xx again", "Confirmed", '-'},
    {"Confirmed", "2xx of a fork", "Confirmed", '-'},
    {"Confirmed", "offer", "Confirmed", 'O'},
    {"Confirmed", "accept", "Reanswered", '-'},
    {"Confirmed", "BYE", "Lingering", 'E'},
    {"Confirmed", "end", "Leaving", 'D'},
    {"Reanswered", "retry", "Reanswered", '-'},
    {"Reanswered", "ACK", "Confirmed", 'C'},
    {"Reanswered", "no ACK", "Leaving", 'E'},
    {"Reanswered", "2xx again", "Reanswered", '-'},
    {"Reanswered", "2xx of a fork", "Reanswered", '-'},
    {"Reanswered", "BYE", "Lingering", 'E'},
    {"Reanswered", "end", "Leaving", 'D'},
    {"Leaving", "BYE challenged", "Leaving", '-'},
    {"Leaving", "BYE done", "Lingering", '-'},
    {"Leaving", "BYE", "Leaving", '-'},
    {"Leaving", "2xx again", "Leaving", '-'},
    {"Leaving", "2xx of a fork", "Leaving", '-'},
    {"Lingering", "2xx again", "Lingering", '-'},
    {"Lingering", "2xx of a fork", "Lingering", '-'},
    {"Lingering", "BYE", "Lingering", '-'},
    {"Lingering", "drained", "Terminated", '-'},
};

static char heard(uint32_t actions)
{
    static const struct {
        uint32_t bits;
        char letter;
    } letters[] = {
        {SIP_INV_ACT_TELL_INCOMING, 'I'}, {SIP_INV_ACT_TELL_PROGRESS, 'P'},
        {SIP_INV_ACT_TELL_ANSWERED, 'A'}, {SIP_INV_ACT_TELL_CONFIRMED | SIP_INV_ACT_TELL_LATE_ANSWER, 'C'},
        {SIP_INV_ACT_TELL_OFFER, 'O'},    {SIP_INV_ACT_TELL_ENDED, 'E'},
        {SIP_INV_ACT_DETACH, 'D'},
    };
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if ((actions & letters[i].bits) != 0) {
            return letters[i].letter;
        }
    }
    return '-';
}

static const struct arrow *arrow_of(int s, int e)
{
    for (size_t i = 0; i < sizeof(arrows) / sizeof(arrows[0]); i++) {
        if (strcmp(arrows[i].from, sip_inv_state_name(s)) == 0 && strcmp(arrows[i].event, sip_inv_event_name(e)) == 0) {
            return &arrows[i];
        }
    }
    return NULL;
}

static void second_table(void **state)
{
    (void)state;
    size_t found = 0;
    for (int s = 0; s < SIP_INV_ST_COUNT; s++) {
        for (int e = 0; e < SIP_INV_EV_COUNT; e++) {
            const struct fsm_cell *cell = &sip_inv_table[s][e];
            const struct arrow *arrow = arrow_of(s, e);
            check((arrow != NULL) == (cell->rule == FSM_GO), "arrow", s, e);
            if (arrow != NULL) {
                check(strcmp(arrow->to, sip_inv_state_name(cell->next)) == 0, "next", s, e);
                check(arrow->heard == heard(cell->actions), "heard", s, e);
                found++;
            }
        }
    }
    assert_int_equal(found, sizeof(arrows) / sizeof(arrows[0]));
}

/* RFC 3261 14.2: 491 while an offer of ours is out, 500 until our answer is acknowledged, 481 when it is over. */
static void offers_refused(void **state)
{
    static const struct {
        const char *state;
        int code;
    } rows[] = {
        {"Init", 481},    {"Calling", 491},   {"Proceeding", 491}, {"Abandoned", 481},  {"Cancelling", 481},
        {"Ringing", 500}, {"Answered", 500},  {"Closing", 500},    {"Reanswered", 500}, {"Confirmed", 481},
        {"Leaving", 481}, {"Lingering", 481}, {"Terminated", 481},
    };
    (void)state;
    assert_int_equal(sizeof(rows) / sizeof(rows[0]), SIP_INV_ST_COUNT);
    for (int s = 0; s < SIP_INV_ST_COUNT; s++) {
        int code = 0;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            code = strcmp(rows[i].state, sip_inv_state_name(s)) == 0 ? rows[i].code : code;
        }
        check(code == sip_inv_offer_refusal[s], "offer refused with", s, SIP_INV_EV_OFFER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decided),     cmocka_unit_test(timers),       cmocka_unit_test(walk),
        cmocka_unit_test(owner_bound), cmocka_unit_test(second_table), cmocka_unit_test(offers_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
