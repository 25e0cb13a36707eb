/* SPDX-License-Identifier: MIT */
/* The audit of the four transaction tables.
 *
 * decided         every cell of a machine's states and events is decided, every other cell is empty
 * well_formed     next states and action bits exist, one notice at most a cell, moves that do not fight
 * timers          a timer's event is GO exactly where the hold table allows the timer; a reliable transport takes timers away
 *                 and adds none
 * walk            a search over everything that can happen (state, armed timers, pending failure, kept bytes, what the
 *                 owner heard): nothing from outside meets CANNOT, every state and every timer is reached, exactly one
 *                 ending and one last notice on every path, nothing told behind the last, nothing sent again that is
 *                 not kept, every state ends by the clock alone or is listed as bounded by its owner
 *                 All of that over an unreliable transport and over a reliable one, where nothing is ever sent again by the
 *                 clock but the 100
 * durations       RFC 3261 table 4 (appendix A) and RFC 6026 7, typed by hand: how long each timer is set for, by letter and
 *                 kind of transport, in every cell that sets one
 * second_table    the arrows of RFC 3261 figures 5 to 8 and RFC 6026 figures 5 and 7, typed by hand, and nothing else */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wsaudio/siptx/tx.h"
#include "wsaudio/siptx/tx_table.h"

#define TELLS                                                                                                          \
    (SIP_TX_ACT_TELL_PROVISIONAL | SIP_TX_ACT_TELL_FINAL | SIP_TX_ACT_TELL_AGAIN | SIP_TX_ACT_TELL_ACK |               \
     SIP_TX_ACT_TELL_DONE | SIP_TX_ACT_TELL_TIMEOUT | SIP_TX_ACT_TELL_TRANSPORT | SIP_TX_ACT_TELL_GONE |               \
     SIP_TX_ACT_TELL_ACK_FAILED | SIP_TX_ACT_TELL_SEND_FAILED)
#define ARM_RETRIES                                                                                                    \
    (SIP_TX_ACT_ARM_TRYING | SIP_TX_ACT_ARM_RETRY | SIP_TX_ACT_ARM_RETRY_TWICE | SIP_TX_ACT_ARM_RETRY_CAP |            \
     SIP_TX_ACT_ARM_RETRY_T2)
#define ARM_LINGERS (SIP_TX_ACT_ARM_LINGER_64T1 | SIP_TX_ACT_ARM_ABSORB_64T1 | SIP_TX_ACT_ARM_ABSORB_T4)
#define HELD(timer) (1U << (timer))

static const struct fsm_cell *cell_of(int machine, int state, int event)
{
    return &sip_tx_table[machine][state][event];
}
static bool has_state(int machine, int state)
{
    return (sip_tx_states[machine] & (1U << state)) != 0;
}
static bool has_event(int machine, int event)
{
    return (sip_tx_events[machine] & (1U << event)) != 0;
}
static bool one_bit_at_most(uint32_t bits)
{
    return (bits & (bits - 1)) == 0;
}
static void explain(const char *what, int machine, int state, int event)
{
    print_error("%s: %s, %s, %s\n", what, sip_tx_machine_name(machine), sip_tx_state_name(state),
                sip_tx_event_name(event));
}
#define CHECK(condition, machine, state, event)                                                                        \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            explain(#condition, machine, state, event);                                                                \
            fail();                                                                                                    \
        }                                                                                                              \
    } while (0)

typedef void (*visit_fn)(int machine, int state, int event, const struct fsm_cell *cell);
static void visit_all(visit_fn visit)
{
    for (int m = 0; m < SIP_TX_MACHINE_COUNT; m++) {
        for (int s = 0; s < SIP_TX_ST_COUNT; s++) {
            for (int e = 0; e < SIP_TX_EV_COUNT; e++) {
                visit(m, s, e, cell_of(m, s, e));
            }
        }
    }
}

static void visit_decided(int m, int s, int e, const struct fsm_cell *cell)
{
    bool inside = has_state(m, s) && has_event(m, e);

    CHECK(inside == (cell->rule != FSM_UNDECIDED), m, s, e);
    CHECK(cell->rule == FSM_GO || (cell->next == 0 && cell->actions == 0), m, s, e);
}
static void test_decided(void **state)
{
    (void)state;
    visit_all(visit_decided);
}

static void visit_well_formed(int m, int s, int e, const struct fsm_cell *cell)
{
    uint32_t a = cell->actions;

    if (cell->rule != FSM_GO) {
        return;
    }
    CHECK(has_state(m, cell->next) && cell->next != SIP_TX_ST_INIT, m, s, e);
    CHECK(a < SIP_TX_ACT_END, m, s, e);
    CHECK(one_bit_at_most(a & TELLS), m, s, e);
    CHECK(one_bit_at_most(a & ARM_RETRIES), m, s, e);
    CHECK(one_bit_at_most(a & ARM_LINGERS), m, s, e);
    CHECK(one_bit_at_most(a & SIP_TX_SENDS), m, s, e);
    uint32_t hold = sip_tx_hold[SIP_TX_UNRELIABLE][m][cell->next];
    CHECK((a & ARM_RETRIES) == 0 || (hold & HELD(SIP_TX_TMR_RETRY)) != 0, m, s, e);
    CHECK((a & SIP_TX_ACT_ARM_GIVE_UP) == 0 || (hold & HELD(SIP_TX_TMR_GIVE_UP)) != 0, m, s, e);
    CHECK((a & ARM_LINGERS) == 0 || (hold & HELD(SIP_TX_TMR_LINGER)) != 0, m, s, e);
    CHECK(cell->next != SIP_TX_ST_TERMINATED || (a & ~(uint32_t)TELLS) == 0, m, s, e);
    for (uint32_t bit = 1; bit < SIP_TX_ACT_END; bit <<= 1) {
        CHECK((a & bit) == 0 || strcmp(sip_tx_action_name(bit), "?") != 0, m, s, e);
    }
}
static void test_well_formed(void **state)
{
    (void)state;
    visit_all(visit_well_formed);
}

static void visit_timers(int m, int s, int e, const struct fsm_cell *cell)
{
    static const int slots[SIP_TX_EV_COUNT] = {
        [SIP_TX_EV_RETRY] = 1 + SIP_TX_TMR_RETRY,
        [SIP_TX_EV_GIVE_UP] = 1 + SIP_TX_TMR_GIVE_UP,
        [SIP_TX_EV_LINGER] = 1 + SIP_TX_TMR_LINGER,
    };
    uint32_t hold = sip_tx_hold[SIP_TX_UNRELIABLE][m][s];

    CHECK(has_state(m, s) || hold == 0, m, s, e);
    CHECK((sip_tx_hold[SIP_TX_RELIABLE][m][s] & ~hold) == 0, m, s, e);
    if (slots[e] != 0) {
        bool held = (hold & HELD(slots[e] - 1)) != 0;
        CHECK(held == (cell->rule == FSM_GO), m, s, e);
    }
}
static void test_timers(void **state)
{
    (void)state;
    visit_all(visit_timers);
}

/* ---- walk ---- */

/* Everything that the executor remembers and the table depends on. */
struct node {
    int state;
    unsigned armed; /* bits of timers */
    bool failure;   /* a send failed, not told yet */
    bool kept;
    int endings, lasts;
};
#define NODES_MAX 4096

struct walk {
    int machine;
    enum sip_tx_reliability reliability;
    struct node nodes[NODES_MAX];
    size_t count;
    unsigned armed_in[SIP_TX_ST_COUNT]; /* timers seen armed */
    bool failed_in[SIP_TX_ST_COUNT];    /* a failure seen pending */
    bool seen[SIP_TX_ST_COUNT];
};

static void walk_add(struct walk *w, struct node node)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct node *n = &w->nodes[i];
        if (n->state == node.state && n->armed == node.armed && n->failure == node.failure && n->kept == node.kept &&
            n->endings == node.endings && n->lasts == node.lasts) {
            return;
        }
    }
    assert_true(w->count < NODES_MAX);
    w->nodes[w->count++] = node;
    w->seen[node.state] = true;
    w->armed_in[node.state] |= node.armed;
    w->failed_in[node.state] = w->failed_in[node.state] || node.failure;
}

/* What the executor does, written a second time. Of the timers that send again only the 100's is set when nothing gets lost
 * on the way. */
static struct node walk_move(const struct walk *w, struct node n, const struct fsm_cell *cell)
{
    uint32_t a = cell->actions;
    uint32_t retries = w->reliability == SIP_TX_RELIABLE ? SIP_TX_ACT_ARM_TRYING : ARM_RETRIES;

    if (cell->next != n.state) {
        n.failure = false;
    }
    n.state = cell->next;
    n.armed &= sip_tx_hold[w->reliability][w->machine][n.state];
    if ((a & SIP_TX_ACT_STOP_RETRY) != 0) {
        n.armed &= ~HELD(SIP_TX_TMR_RETRY);
    }
    n.armed |= (a & retries) != 0 ? HELD(SIP_TX_TMR_RETRY) : 0;
    n.armed |= (a & SIP_TX_ACT_ARM_GIVE_UP) != 0 ? HELD(SIP_TX_TMR_GIVE_UP) : 0;
    n.armed |= (a & ARM_LINGERS) != 0 ? HELD(SIP_TX_TMR_LINGER) : 0;
    n.kept = (a & SIP_TX_ACT_SEND) != 0 ? true : n.kept;
    n.kept = (a & SIP_TX_ACT_FORGET) != 0 ? false : n.kept;
    n.endings += (a & SIP_TX_ENDINGS) != 0 ? 1 : 0;
    n.lasts += (a & SIP_TX_LASTS) != 0 ? 1 : 0;
    return n;
}

enum origin { FROM_OWNER, FROM_NETWORK, FROM_CLOCK };

static enum origin origin_of(int machine, int event)
{
    bool client = machine == SIP_TX_INVITE_CLIENT || machine == SIP_TX_CLIENT;

    switch (event) {
    case SIP_TX_EV_START:
    case SIP_TX_EV_CANCEL: return FROM_OWNER;
    case SIP_TX_EV_1XX:
    case SIP_TX_EV_2XX:
    case SIP_TX_EV_300_699: return client ? FROM_NETWORK : FROM_OWNER;
    case SIP_TX_EV_REQUEST:
    case SIP_TX_EV_ACK: return FROM_NETWORK;
    default: return FROM_CLOCK;
    }
}

/* Whether the event can happen to this node at all. */
static bool can_come(int machine, const struct node *n, int event)
{
    if (n->state == SIP_TX_ST_TERMINATED || !has_event(machine, event)) {
        return false;
    }
    switch (origin_of(machine, event)) {
    case FROM_OWNER: return cell_of(machine, n->state, event)->rule == FSM_GO; /* else refused with ST_STATE */
    case FROM_NETWORK: return n->state != SIP_TX_ST_INIT;                      /* not in the index before */
    case FROM_CLOCK:
    default: break;
    }
    if (event == SIP_TX_EV_TRANSPORT) {
        return n->failure;
    }
    return (n->armed & HELD(event - SIP_TX_EV_RETRY + SIP_TX_TMR_RETRY)) != 0;
}

static void walk_event(struct walk *w, const struct node *n, int event)
{
    const struct fsm_cell *cell = cell_of(w->machine, n->state, event);
    uint32_t a = cell->actions;

    CHECK(cell->rule == FSM_GO || (cell->rule == FSM_DROP && origin_of(w->machine, event) == FROM_NETWORK), w->machine,
          n->state, event);
    if (cell->rule != FSM_GO) {
        return;
    }
    CHECK((a & (SIP_TX_ACT_SEND_AGAIN | SIP_TX_ACT_SEND_ACK)) == 0 || n->kept, w->machine, n->state, event);
    CHECK((a & TELLS) == 0 || n->lasts == 0, w->machine, n->state, event);
    bool the_100 = w->machine == SIP_TX_INVITE_SERVER && n->state == SIP_TX_ST_PROCEEDING;
    CHECK(w->reliability == SIP_TX_UNRELIABLE || event != SIP_TX_EV_RETRY || the_100, w->machine, n->state, event);
    struct node after = walk_move(w, *n, cell);
    if (event == SIP_TX_EV_TRANSPORT && after.state == n->state) {
        after.failure = false; /* told */
    }
    CHECK(after.endings <= 1 && after.lasts <= 1 && after.endings >= after.lasts, w->machine, n->state, event);
    CHECK(after.state != SIP_TX_ST_TERMINATED || (after.endings == 1 && after.lasts == 1), w->machine, n->state, event);
    CHECK(after.state != SIP_TX_ST_TERMINATED || after.armed == 0, w->machine, n->state, event);
    walk_add(w, after);
    if ((a & SIP_TX_SENDS) != 0) {
        after.failure = true;
        walk_add(w, after);
    }
}

static void walk_machine(struct walk *w, int reliability, int machine)
{
    memset(w, 0, sizeof(*w));
    w->machine = machine;
    w->reliability = (enum sip_tx_reliability)reliability;
    /* The 100 of an INVITE server lies ready before START (sip_tx_accept). */
    walk_add(w, (struct node){.state = SIP_TX_ST_INIT, .kept = machine == SIP_TX_INVITE_SERVER});
    for (size_t i = 0; i < w->count; i++) {
        for (int e = 0; e < SIP_TX_EV_COUNT; e++) {
            struct node n = w->nodes[i];
            if (can_come(machine, &n, e)) {
                walk_event(w, &n, e);
            }
        }
    }
}

static struct walk walk;

static void reaches_all(int reliability, int m)
{
    walk_machine(&walk, reliability, m);
    for (int s = 0; s < SIP_TX_ST_COUNT; s++) {
        CHECK(walk.seen[s] == has_state(m, s), m, s, 0);
        CHECK(walk.armed_in[s] == sip_tx_hold[reliability][m][s], m, s, 0);
        /* nothing is sent in the other clients' Proceeding but what E sends again */
        bool silent = reliability == SIP_TX_RELIABLE && m == SIP_TX_CLIENT && s == SIP_TX_ST_PROCEEDING;
        bool told = cell_of(m, s, SIP_TX_EV_TRANSPORT)->rule == FSM_GO && !silent;
        CHECK(walk.failed_in[s] == told, m, s, SIP_TX_EV_TRANSPORT);
    }
}

typedef void (*machine_fn)(int reliability, int m);
static void each_machine(machine_fn check)
{
    for (int r = 0; r < SIP_TX_RELIABILITY_COUNT; r++) {
        for (int m = 0; m < SIP_TX_MACHINE_COUNT; m++) {
            check(r, m);
        }
    }
}

static void test_walk_reaches_all(void **state)
{
    (void)state;
    each_machine(reaches_all);
}

/* Bounded by the owner: ring time, or the duty to answer (tx.h, sip_tx_accept). */
static bool owner_bounds(int m, int s)
{
    return (m == SIP_TX_INVITE_CLIENT && s == SIP_TX_ST_PROCEEDING) ||
           (m == SIP_TX_INVITE_SERVER && s == SIP_TX_ST_PROCEEDING) ||
           (m == SIP_TX_SERVER && (s == SIP_TX_ST_TRYING || s == SIP_TX_ST_PROCEEDING));
}

/* GIVE_UP and LINGER come once: following them must end within as many steps as there are states. RETRY may come as
 * often as it likes before and must not disarm them. */
static bool ends_by_clock(const struct walk *w, struct node n)
{
    for (int steps = 0; steps < SIP_TX_ST_COUNT; steps++) {
        if (n.state == SIP_TX_ST_TERMINATED) {
            return true;
        }
        unsigned end = n.armed & (HELD(SIP_TX_TMR_GIVE_UP) | HELD(SIP_TX_TMR_LINGER));
        if (end == 0) {
            return false;
        }
        if ((n.armed & HELD(SIP_TX_TMR_RETRY)) != 0) {
            struct node retried = walk_move(w, n, cell_of(w->machine, n.state, SIP_TX_EV_RETRY));
            assert_int_equal(retried.state, n.state);
            assert_int_equal(retried.armed & end, end);
        }
        int event = (end & HELD(SIP_TX_TMR_GIVE_UP)) != 0 ? SIP_TX_EV_GIVE_UP : SIP_TX_EV_LINGER;
        n = walk_move(w, n, cell_of(w->machine, n.state, event));
    }
    return false;
}

static void ends(int reliability, int m)
{
    walk_machine(&walk, reliability, m);
    assert_true(walk.count > 5);
    for (size_t i = 0; i < walk.count; i++) {
        const struct node *n = &walk.nodes[i];
        if (n->state != SIP_TX_ST_INIT) {
            CHECK(ends_by_clock(&walk, *n) != owner_bounds(m, n->state), m, n->state, 0);
        }
    }
}

static void test_walk_ends(void **state)
{
    (void)state;
    each_machine(ends);
}

/* ---- the second table ---- */

/* What an arrow does, in the figures' words: "A=T1" a timer started with a value, "A*2" doubled, "E*2<T2" doubled up to
 * T2, "send" a new message, "again" what was sent last, "ACK"; "up:" what the transaction user hears; "free" the
 * message is not needed any more. */
struct arrow {
    int from, event, to;
    const char *does;
};

/* RFC 3261 figure 5 with RFC 6026 figure 5 (Accepted, M), and 9.1 (Cancelling). */
static const struct arrow invite_client[] = {
    {SIP_TX_ST_INIT, SIP_TX_EV_START, SIP_TX_ST_CALLING, "A=T1 B=64T1 send"},
    {SIP_TX_ST_CALLING, SIP_TX_EV_RETRY, SIP_TX_ST_CALLING, "A*2 again"},
    {SIP_TX_ST_CALLING, SIP_TX_EV_GIVE_UP, SIP_TX_ST_TERMINATED, "up:TIMEOUT"},
    {SIP_TX_ST_CALLING, SIP_TX_EV_TRANSPORT, SIP_TX_ST_TERMINATED, "up:TRANSPORT"},
    {SIP_TX_ST_CALLING, SIP_TX_EV_1XX, SIP_TX_ST_PROCEEDING, "up:PROVISIONAL"},
    {SIP_TX_ST_CALLING, SIP_TX_EV_2XX, SIP_TX_ST_ACCEPTED, "M=64T1 free up:FINAL"},
    {SIP_TX_ST_CALLING, SIP_TX_EV_300_699, SIP_TX_ST_COMPLETED, "D=64T1 ACK up:FINAL"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_1XX, SIP_TX_ST_PROCEEDING, "up:PROVISIONAL"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_2XX, SIP_TX_ST_ACCEPTED, "M=64T1 free up:FINAL"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_300_699, SIP_TX_ST_COMPLETED, "D=64T1 ACK up:FINAL"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_CANCEL, SIP_TX_ST_CANCELLING, "9.1=64T1"},
    {SIP_TX_ST_CANCELLING, SIP_TX_EV_1XX, SIP_TX_ST_CANCELLING, "up:PROVISIONAL"},
    {SIP_TX_ST_CANCELLING, SIP_TX_EV_2XX, SIP_TX_ST_ACCEPTED, "M=64T1 free up:FINAL"},
    {SIP_TX_ST_CANCELLING, SIP_TX_EV_300_699, SIP_TX_ST_COMPLETED, "D=64T1 ACK up:FINAL"},
    {SIP_TX_ST_CANCELLING, SIP_TX_EV_GIVE_UP, SIP_TX_ST_TERMINATED, "up:TIMEOUT"},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_300_699, SIP_TX_ST_COMPLETED, "ACK"},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_TRANSPORT, SIP_TX_ST_TERMINATED, "up:ACK_FAILED"},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_LINGER, SIP_TX_ST_TERMINATED, "up:GONE"},
    {SIP_TX_ST_ACCEPTED, SIP_TX_EV_2XX, SIP_TX_ST_ACCEPTED, "up:2XX_AGAIN"},
    {SIP_TX_ST_ACCEPTED, SIP_TX_EV_LINGER, SIP_TX_ST_TERMINATED, "up:GONE"},
    /* absorbed */
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_1XX, -1, NULL},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_2XX, -1, NULL},
    {SIP_TX_ST_ACCEPTED, SIP_TX_EV_1XX, -1, NULL},
    {SIP_TX_ST_ACCEPTED, SIP_TX_EV_300_699, -1, NULL},
};
/* RFC 3261 figure 6. */
static const struct arrow other_client[] = {
    {SIP_TX_ST_INIT, SIP_TX_EV_START, SIP_TX_ST_TRYING, "E=T1 F=64T1 send"},
    {SIP_TX_ST_TRYING, SIP_TX_EV_RETRY, SIP_TX_ST_TRYING, "E*2<T2 again"},
    {SIP_TX_ST_TRYING, SIP_TX_EV_GIVE_UP, SIP_TX_ST_TERMINATED, "up:TIMEOUT"},
    {SIP_TX_ST_TRYING, SIP_TX_EV_TRANSPORT, SIP_TX_ST_TERMINATED, "up:TRANSPORT"},
    {SIP_TX_ST_TRYING, SIP_TX_EV_1XX, SIP_TX_ST_PROCEEDING, "up:PROVISIONAL"},
    {SIP_TX_ST_TRYING, SIP_TX_EV_2XX, SIP_TX_ST_COMPLETED, "K=T4 free up:FINAL"},
    {SIP_TX_ST_TRYING, SIP_TX_EV_300_699, SIP_TX_ST_COMPLETED, "K=T4 free up:FINAL"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_RETRY, SIP_TX_ST_PROCEEDING, "E=T2 again"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_GIVE_UP, SIP_TX_ST_TERMINATED, "up:TIMEOUT"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_TRANSPORT, SIP_TX_ST_TERMINATED, "up:TRANSPORT"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_1XX, SIP_TX_ST_PROCEEDING, "up:PROVISIONAL"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_2XX, SIP_TX_ST_COMPLETED, "K=T4 free up:FINAL"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_300_699, SIP_TX_ST_COMPLETED, "K=T4 free up:FINAL"},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_LINGER, SIP_TX_ST_TERMINATED, "up:GONE"},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_1XX, -1, NULL},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_2XX, -1, NULL},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_300_699, -1, NULL},
};
/* RFC 3261 figure 7 with RFC 6026 figure 7 (Accepted, L; a transport error never leaves a state). */
static const struct arrow invite_server[] = {
    {SIP_TX_ST_INIT, SIP_TX_EV_START, SIP_TX_ST_PROCEEDING, "100=200ms"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_RETRY, SIP_TX_ST_PROCEEDING, "again"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_REQUEST, SIP_TX_ST_PROCEEDING, "100=off again"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_1XX, SIP_TX_ST_PROCEEDING, "100=off send"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_2XX, SIP_TX_ST_ACCEPTED, "L=64T1 send free"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_300_699, SIP_TX_ST_COMPLETED, "G=T1 H=64T1 send"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_TRANSPORT, SIP_TX_ST_PROCEEDING, "up:SEND_FAILED"},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_RETRY, SIP_TX_ST_COMPLETED, "G*2<T2 again"},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_REQUEST, SIP_TX_ST_COMPLETED, "again"},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_ACK, SIP_TX_ST_CONFIRMED, "I=T4 free up:DONE"},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_GIVE_UP, SIP_TX_ST_TERMINATED, "up:TIMEOUT"},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_TRANSPORT, SIP_TX_ST_COMPLETED, "up:SEND_FAILED"},
    {SIP_TX_ST_CONFIRMED, SIP_TX_EV_LINGER, SIP_TX_ST_TERMINATED, ""},
    {SIP_TX_ST_ACCEPTED, SIP_TX_EV_2XX, SIP_TX_ST_ACCEPTED, "send"},
    {SIP_TX_ST_ACCEPTED, SIP_TX_EV_ACK, SIP_TX_ST_ACCEPTED, "up:ACKED"},
    {SIP_TX_ST_ACCEPTED, SIP_TX_EV_LINGER, SIP_TX_ST_TERMINATED, "up:DONE"},
    {SIP_TX_ST_ACCEPTED, SIP_TX_EV_TRANSPORT, SIP_TX_ST_ACCEPTED, "up:SEND_FAILED"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_ACK, -1, NULL},
    {SIP_TX_ST_CONFIRMED, SIP_TX_EV_REQUEST, -1, NULL},
    {SIP_TX_ST_CONFIRMED, SIP_TX_EV_ACK, -1, NULL},
    {SIP_TX_ST_ACCEPTED, SIP_TX_EV_REQUEST, -1, NULL},
};
/* RFC 3261 figure 8. */
static const struct arrow other_server[] = {
    {SIP_TX_ST_INIT, SIP_TX_EV_START, SIP_TX_ST_TRYING, ""},
    {SIP_TX_ST_TRYING, SIP_TX_EV_1XX, SIP_TX_ST_PROCEEDING, "send"},
    {SIP_TX_ST_TRYING, SIP_TX_EV_2XX, SIP_TX_ST_COMPLETED, "J=64T1 send"},
    {SIP_TX_ST_TRYING, SIP_TX_EV_300_699, SIP_TX_ST_COMPLETED, "J=64T1 send"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_1XX, SIP_TX_ST_PROCEEDING, "send"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_REQUEST, SIP_TX_ST_PROCEEDING, "again"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_2XX, SIP_TX_ST_COMPLETED, "J=64T1 send"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_300_699, SIP_TX_ST_COMPLETED, "J=64T1 send"},
    {SIP_TX_ST_PROCEEDING, SIP_TX_EV_TRANSPORT, SIP_TX_ST_TERMINATED, "up:TRANSPORT"},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_REQUEST, SIP_TX_ST_COMPLETED, "again"},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_LINGER, SIP_TX_ST_TERMINATED, "up:DONE"},
    {SIP_TX_ST_COMPLETED, SIP_TX_EV_TRANSPORT, SIP_TX_ST_TERMINATED, "up:TRANSPORT"},
    {SIP_TX_ST_TRYING, SIP_TX_EV_REQUEST, -1, NULL},
};

#define TYPED(array)                                                                                                   \
    {                                                                                                                  \
        (array), sizeof(array) / sizeof((array)[0])                                                                    \
    }
static const struct {
    const struct arrow *arrows;
    size_t count;
} typed[SIP_TX_MACHINE_COUNT] = {
    [SIP_TX_INVITE_CLIENT] = TYPED(invite_client),
    [SIP_TX_CLIENT] = TYPED(other_client),
    [SIP_TX_INVITE_SERVER] = TYPED(invite_server),
    [SIP_TX_SERVER] = TYPED(other_server),
};

/* The letters of the figures, by machine and the state that the arrow leads to. */
static const char *letter(int m, int to, int timer)
{
    static const char *const retry[] = {"A", "E", "G", "?"};
    static const char *const give_up[] = {"B", "F", "H", "?"};
    if (timer == SIP_TX_TMR_RETRY) {
        return m == SIP_TX_INVITE_SERVER && to == SIP_TX_ST_PROCEEDING ? "100" : retry[m];
    }
    if (timer == SIP_TX_TMR_GIVE_UP) {
        return to == SIP_TX_ST_CANCELLING ? "9.1" : give_up[m];
    }
    switch (m) {
    case SIP_TX_INVITE_CLIENT: return to == SIP_TX_ST_ACCEPTED ? "M" : "D";
    case SIP_TX_CLIENT: return "K";
    case SIP_TX_INVITE_SERVER: return to == SIP_TX_ST_ACCEPTED ? "L" : "I";
    default: return "J";
    }
}

static void put(char *text, size_t cap, const char *name, const char *word)
{
    size_t len = strlen(text);
    snprintf(text + len, cap - len, "%s%s%s", len > 0 ? " " : "", name, word);
}

static void words_of(int m, const struct fsm_cell *cell, char *text, size_t cap)
{
    static const struct {
        uint32_t bit;
        int timer; /* -1: none */
        const char *word;
    } words[] = {
        {SIP_TX_ACT_STOP_RETRY, SIP_TX_TMR_RETRY, "=off"},
        {SIP_TX_ACT_ARM_TRYING, SIP_TX_TMR_RETRY, "=200ms"},
        {SIP_TX_ACT_ARM_RETRY, SIP_TX_TMR_RETRY, "=T1"},
        {SIP_TX_ACT_ARM_RETRY_TWICE, SIP_TX_TMR_RETRY, "*2"},
        {SIP_TX_ACT_ARM_RETRY_CAP, SIP_TX_TMR_RETRY, "*2<T2"},
        {SIP_TX_ACT_ARM_RETRY_T2, SIP_TX_TMR_RETRY, "=T2"},
        {SIP_TX_ACT_ARM_GIVE_UP, SIP_TX_TMR_GIVE_UP, "=64T1"},
        {SIP_TX_ACT_ARM_LINGER_64T1, SIP_TX_TMR_LINGER, "=64T1"},
        {SIP_TX_ACT_ARM_ABSORB_64T1, SIP_TX_TMR_LINGER, "=64T1"},
        {SIP_TX_ACT_ARM_ABSORB_T4, SIP_TX_TMR_LINGER, "=T4"},
        {SIP_TX_ACT_SEND, -1, "send"},
        {SIP_TX_ACT_SEND_ONCE, -1, "send"},
        {SIP_TX_ACT_SEND_AGAIN, -1, "again"},
        {SIP_TX_ACT_SEND_ACK, -1, "ACK"},
        {SIP_TX_ACT_FORGET, -1, "free"},
        {SIP_TX_ACT_TELL_PROVISIONAL, -1, "up:PROVISIONAL"},
        {SIP_TX_ACT_TELL_FINAL, -1, "up:FINAL"},
        {SIP_TX_ACT_TELL_AGAIN, -1, "up:2XX_AGAIN"},
        {SIP_TX_ACT_TELL_ACK, -1, "up:ACKED"},
        {SIP_TX_ACT_TELL_DONE, -1, "up:DONE"},
        {SIP_TX_ACT_TELL_TIMEOUT, -1, "up:TIMEOUT"},
        {SIP_TX_ACT_TELL_TRANSPORT, -1, "up:TRANSPORT"},
        {SIP_TX_ACT_TELL_GONE, -1, "up:GONE"},
        {SIP_TX_ACT_TELL_ACK_FAILED, -1, "up:ACK_FAILED"},
        {SIP_TX_ACT_TELL_SEND_FAILED, -1, "up:SEND_FAILED"},
    };
    text[0] = '\0';
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if ((cell->actions & words[i].bit) != 0) {
            put(text, cap, words[i].timer < 0 ? "" : letter(m, cell->next, words[i].timer), words[i].word);
        }
    }
}

static const struct arrow *typed_arrow(int m, int s, int e)
{
    const struct arrow *found = NULL;

    for (size_t i = 0; i < typed[m].count; i++) {
        if (typed[m].arrows[i].from == s && typed[m].arrows[i].event == e) {
            CHECK(found == NULL, m, s, e);
            found = &typed[m].arrows[i];
        }
    }
    return found;
}

static void visit_second_table(int m, int s, int e, const struct fsm_cell *cell)
{
    const struct arrow *arrow = typed_arrow(m, s, e);
    char text[128];

    if (arrow == NULL) {
        CHECK(cell->rule == FSM_CANNOT || cell->rule == FSM_UNDECIDED, m, s, e);
    } else if (arrow->to < 0) {
        CHECK(cell->rule == FSM_DROP, m, s, e);
    } else {
        CHECK(cell->rule == FSM_GO && cell->next == arrow->to, m, s, e);
        words_of(m, cell, text, sizeof(text));
        if (strcmp(text, arrow->does) != 0) {
            explain("arrow differs", m, s, e);
        }
        assert_string_equal(text, arrow->does);
    }
}
static void test_second_table(void **state)
{
    (void)state;
    visit_all(visit_second_table);
}

/* ---- durations ---- */

#define OFF (-1)
#define T1  500
#define T2  4000
#define T4  5000

/* RFC 3261 table 4, which says "UDP" and "TCP/SCTP"; L and M of RFC 6026 7.1 and 7.2 are the same for all transports. In
 * milliseconds; max: of the doubled ones, the RFC's or, for A, what B leaves of it. */
static const struct {
    const char *letter;
    int unreliable, reliable, max;
} rfc_timers[] = {
    {"A", T1, OFF, 64 * T1},    {"B", 64 * T1, 64 * T1, 0},
    {"D", 64 * T1, 0, 0},       {"E", T1, OFF, T2},
    {"F", 64 * T1, 64 * T1, 0}, {"G", T1, OFF, T2},
    {"H", 64 * T1, 64 * T1, 0}, {"I", T4, 0, 0},
    {"J", 64 * T1, 0, 0},       {"K", T4, 0, 0},
    {"L", 64 * T1, 64 * T1, 0}, {"M", 64 * T1, 64 * T1, 0},
    {"100", 200, 200, 0},       {"9.1", 64 * T1, 64 * T1, 0},
};
#define RFC_TIMERS (sizeof(rfc_timers) / sizeof(rfc_timers[0]))

static bool letter_seen[RFC_TIMERS];

static size_t rfc_timer(const char *name)
{
    for (size_t i = 0; i < RFC_TIMERS; i++) {
        if (strcmp(rfc_timers[i].letter, name) == 0) {
            return i;
        }
    }
    fail_msg("no timer %s", name);
    return 0;
}

static dur_us of_ms(int ms)
{
    return ms == OFF ? SIP_TX_NOT_ARMED : DUR_MS(ms);
}

static void visit_durations(int m, int s, int e, const struct fsm_cell *cell)
{
    for (size_t i = 0; cell->rule == FSM_GO && i < SIP_TX_ARM_COUNT; i++) {
        const struct sip_tx_arm *arm = &sip_tx_arms[i];
        if ((cell->actions & arm->action) == 0) {
            continue;
        }
        size_t row = rfc_timer(letter(m, cell->next, (int)arm->timer));
        int first =
            arm->doubles || arm->action == SIP_TX_ACT_ARM_RETRY_T2 ? rfc_timers[row].max : rfc_timers[row].unreliable;
        CHECK(arm->after[SIP_TX_UNRELIABLE] == of_ms(first), m, s, e);
        CHECK(arm->after[SIP_TX_RELIABLE] == of_ms(rfc_timers[row].reliable), m, s, e);
        CHECK(arm->doubles == (e == SIP_TX_EV_RETRY && arm->action != SIP_TX_ACT_ARM_RETRY_T2), m, s, e);
        letter_seen[row] = true;
    }
}

static void test_durations(void **state)
{
    (void)state;
    uint32_t arming = 0;

    for (size_t i = 0; i < SIP_TX_ARM_COUNT; i++) {
        assert_true(one_bit_at_most(sip_tx_arms[i].action) && (arming & sip_tx_arms[i].action) == 0);
        arming |= sip_tx_arms[i].action;
    }
    assert_int_equal(arming, ARM_RETRIES | ARM_LINGERS | SIP_TX_ACT_ARM_GIVE_UP);
    memset(letter_seen, 0, sizeof(letter_seen));
    visit_all(visit_durations);
    for (size_t i = 0; i < RFC_TIMERS; i++) {
        if (!letter_seen[i]) {
            fail_msg("timer %s is never set", rfc_timers[i].letter);
        }
    }
}

/* ---- names ---- */

static void test_names(void **state)
{
    (void)state;
    for (int s = 0; s < SIP_TX_ST_COUNT; s++) {
        assert_string_not_equal(sip_tx_state_name(s), "?");
    }
    for (int e = 0; e < SIP_TX_EV_COUNT; e++) {
        assert_string_not_equal(sip_tx_event_name(e), "?");
    }
    assert_string_equal(sip_tx_state_name(-1), "?");
    assert_string_equal(sip_tx_event_name(SIP_TX_EV_COUNT), "?");
    assert_string_equal(sip_tx_machine_name(SIP_TX_MACHINE_COUNT), "?");
    assert_string_equal(sip_tx_action_name(SIP_TX_ACT_END), "?");
}

static void test_timer_letters(void **state)
{
    (void)state;
    for (int m = 0; m < SIP_TX_MACHINE_COUNT; m++) {
        for (int s = 0; s < SIP_TX_ST_COUNT; s++) {
            for (int t = 0; t < SIP_TX_TMR_COUNT; t++) {
                const char *got = sip_tx_timer_letter(m, s, t);
                const char *want = letter(m, s, t);
                bool held = (sip_tx_hold[SIP_TX_UNRELIABLE][m][s] & HELD(t)) != 0;
                assert_string_equal(got, held && strlen(want) == 1 ? want : "-");
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decided),       cmocka_unit_test(test_well_formed),
        cmocka_unit_test(test_timers),        cmocka_unit_test(test_walk_reaches_all),
        cmocka_unit_test(test_walk_ends),     cmocka_unit_test(test_second_table),
        cmocka_unit_test(test_durations),     cmocka_unit_test(test_names),
        cmocka_unit_test(test_timer_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
