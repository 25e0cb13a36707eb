/* SPDX-License-Identifier: MIT */
/* The audit of the table of a call's life.
 *
 * decided        every cell is decided; DROP and CANNOT move nothing and do nothing; a GO does something
 * cells          what each cell must do follows from where it leads and which event it is
 * walk           a search over everything that can happen to a call (state, media, usage, clocks, what the client heard):
 *                nothing that can come meets CANNOT, every state and every GO cell is reached, `ended` is told exactly once
 *                or, to a client that is gone, not at all, RELEASE comes once and last, media are closed where they may be
 *                open, the usage is ended exactly when it still lives
 * second_table   what SPEC section 3 says of CALL_STATE and CALL_STATS, typed by hand, and nothing else */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "call_fsm.h"

#define ALL_ACTIONS ((CALL_ACT_RELEASE << 1) - 1)
#define ENDINGS                                                                                                        \
    (CALL_ACT_END_USAGE | CALL_ACT_CLOSE_MEDIA | CALL_ACT_TELL_STATS | CALL_ACT_REJECT | CALL_ACT_LOG_END |            \
     CALL_ACT_RELEASE)

static const struct fsm_cell *cell_of(int s, int e)
{
    return &call_fsm[s][e];
}

#define CHECK(condition, s, e)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fail_msg("%s: %s, %s", #condition, call_state_name(s), call_fsm_event_name(e));                            \
        }                                                                                                              \
    } while (0)

static void test_decided(void **state)
{
    (void)state;
    for (int s = 0; s < CALL_ST_COUNT; s++) {
        for (int e = 0; e < CALL_EV_COUNT; e++) {
            const struct fsm_cell *c = cell_of(s, e);
            bool go = c->rule == FSM_GO;
            CHECK(go || c->rule == FSM_DROP || c->rule == FSM_CANNOT, s, e);
            CHECK(c->next < CALL_ST_COUNT, s, e);
            CHECK((c->actions & ~(unsigned)ALL_ACTIONS) == 0, s, e);
            CHECK(go ? c->actions != 0 : c->next == 0 && c->actions == 0, s, e);
        }
    }
}

static void test_cells(void **state)
{
    (void)state;
    for (int s = 0; s < CALL_ST_COUNT; s++) {
        for (int e = 0; e < CALL_EV_COUNT; e++) {
            const struct fsm_cell *c = cell_of(s, e);
            if (c->rule != FSM_GO) {
                continue;
            }
            unsigned acts = c->actions;
            bool ends = c->next == CALL_ST_ENDED;
            bool rings = s == CALL_ST_ALERTING; /* here: no port is open, and the call is nobody's */
            CHECK(s != CALL_ST_ENDED, s, e);
            CHECK(c->next != CALL_ST_IDLE, s, e);
            CHECK(ends || (acts & ENDINGS) == 0, s, e);
            CHECK(!ends || (acts & ~(unsigned)(ENDINGS | CALL_ACT_TELL_STATE | CALL_ACT_STOP_RINGING)) == 0, s, e);
            CHECK(ends == ((acts & CALL_ACT_RELEASE) != 0), s, e);
            CHECK((ends && !rings) == ((acts & CALL_ACT_CLOSE_MEDIA) != 0), s, e);
            CHECK((ends && e != CALL_EV_NOT_PLACED) == ((acts & CALL_ACT_LOG_END) != 0), s, e);
            bool usage = e != CALL_EV_FAR_END && e != CALL_EV_NOT_PLACED; /* it lives on, or never lived */
            CHECK((ends && !rings && usage) == ((acts & CALL_ACT_END_USAGE) != 0), s, e);
            CHECK((ends && rings && e != CALL_EV_FAR_END) == ((acts & CALL_ACT_REJECT) != 0), s, e);
            CHECK((c->next == CALL_ST_ALERTING) == ((acts & CALL_ACT_SEND_RINGING) != 0), s, e);
            CHECK((rings && c->next != s) == ((acts & CALL_ACT_STOP_RINGING) != 0), s, e);
            CHECK((ends && s == CALL_ST_ESTABLISHED) == ((acts & CALL_ACT_TELL_STATS) != 0), s, e);
            bool answered = c->next == CALL_ST_ESTABLISHED && s != CALL_ST_ESTABLISHED;
            CHECK(answered == ((acts & CALL_ACT_START_LIMITS) != 0), s, e);
            bool hears = c->next != CALL_ST_ALERTING && c->next != CALL_ST_ACCEPTED && e != CALL_EV_NOT_PLACED;
            hears = ends ? hears && !rings && e != CALL_EV_ORPHANED : hears && c->next != s;
            CHECK(hears == ((acts & CALL_ACT_TELL_STATE) != 0), s, e);
            bool offer = e == CALL_EV_OFFER || e == CALL_EV_OFFER_BAD;
            unsigned replies = acts & (CALL_ACT_ACCEPT_OFFER | CALL_ACT_REFUSE_OFFER);
            CHECK(offer == (replies != 0), s, e); /* each offer gets exactly one answer */
            CHECK((replies & (replies - 1)) == 0, s, e);
        }
    }
}

/* The bits are carried out from the lowest up: what the client hears last is `ended`, after the figures, and the object is
 * let go behind everything. */
static void test_order_of_bits(void **state)
{
    (void)state;
    assert_true(CALL_ACT_OPEN_MEDIA < CALL_ACT_START_LIMITS);
    assert_true(CALL_ACT_START_LIMITS < CALL_ACT_TELL_STATE);
    assert_true(CALL_ACT_CLOSE_MEDIA < CALL_ACT_TELL_STATS);
    assert_true(CALL_ACT_TELL_STATS < CALL_ACT_END_USAGE); /* they name the usage */
    assert_true(CALL_ACT_END_USAGE < CALL_ACT_TELL_STATE);
    assert_true(CALL_ACT_TELL_STATE < CALL_ACT_RELEASE);
    assert_true(CALL_ACT_STOP_RINGING < CALL_ACT_RELEASE);
    assert_true(CALL_ACT_REJECT < CALL_ACT_RELEASE);
}

/* ---- the walk ---- */

struct situation {
    uint8_t state;
    bool dialled, usage, media, clocks, answered, told_ended, released;
    bool incoming, ringing, owned; /* owned: a client hears of it */
};

static unsigned pack(const struct situation *x)
{
    return x->state | (unsigned)x->dialled << 3 | (unsigned)x->usage << 4 | (unsigned)x->media << 5 |
           (unsigned)x->clocks << 6 | (unsigned)x->answered << 7 | (unsigned)x->told_ended << 8 |
           (unsigned)x->released << 9 | (unsigned)x->incoming << 10 | (unsigned)x->ringing << 11 |
           (unsigned)x->owned << 12;
}

#define SITUATIONS 8192

struct walk {
    bool seen[SITUATIONS];
    struct situation queue[SITUATIONS];
    size_t head, tail;
    bool used[CALL_ST_COUNT][CALL_EV_COUNT];
};

/* What the world can do to a call that has come so far; nothing of it may meet CANNOT. */
static bool can_come(const struct situation *x, int event)
{
    if (x->released) {
        return false;
    }
    if (event == CALL_EV_DIALLED || event == CALL_EV_INCOMING || event == CALL_EV_NOT_PLACED) {
        return !x->dialled;
    }
    if (!x->dialled) {
        return false; /* dialling and taking an INVITE are one step */
    }
    switch (event) {
    case CALL_EV_RINGS:
    case CALL_EV_EARLY: return x->usage && !x->incoming; /* a provisional response can be overtaken by the 200 */
    case CALL_EV_ANSWERED: return x->usage && !x->answered && !x->ringing;
    case CALL_EV_UNUSABLE: return x->usage && !x->ringing; /* the answer, or the ACK to a re-INVITE */
    case CALL_EV_REANSWERED: return x->usage && x->answered;
    case CALL_EV_OFFER:
    case CALL_EV_OFFER_BAD: return x->usage && (x->answered || !x->incoming); /* the stack refuses earlier ones */
    case CALL_EV_FAR_END: return x->usage;
    case CALL_EV_LIMIT: return x->clocks || x->ringing;
    case CALL_EV_TAKEN:
    case CALL_EV_TAKEN_BLIND:
    case CALL_EV_REFUSED: return x->ringing;
    case CALL_EV_ORPHANED: return x->owned;
    default: return true; /* HANGUP */
    }
}

/* What an event says of the world by itself. */
static void comes(struct situation *x, int event)
{
    if (event == CALL_EV_DIALLED || event == CALL_EV_INCOMING) {
        x->dialled = true;
        x->usage = true;
        x->incoming = event == CALL_EV_INCOMING;
        x->ringing = x->incoming;
        x->owned = !x->incoming;
        x->media = !x->incoming; /* the ports are open before the INVITE leaves (fault 23) */
    }
    if (event == CALL_EV_NOT_PLACED) {
        x->dialled = true;
        x->owned = true;
        x->media = true; /* the port may be open */
    }
    if (event == CALL_EV_TAKEN || event == CALL_EV_TAKEN_BLIND) {
        x->owned = true;
        x->media = true;
    }
    if (event == CALL_EV_FAR_END) {
        x->usage = false;
    }
    x->answered = x->answered || event == CALL_EV_ANSWERED || event == CALL_EV_TAKEN;
}

static void carry_out(struct situation *x, int event, const struct fsm_cell *cell)
{
    int from = x->state;
    unsigned acts = cell->actions;

    x->state = cell->next;
    comes(x, event);
    if (event == CALL_EV_ANSWERED || event == CALL_EV_TAKEN) {
        CHECK((acts & CALL_ACT_OPEN_MEDIA) != 0, from, event);
    }
    if ((acts & CALL_ACT_STOP_RINGING) != 0) {
        CHECK(x->ringing, from, event);
        x->ringing = false;
    }
    if ((acts & CALL_ACT_REJECT) != 0) {
        CHECK(x->usage && !x->answered, from, event);
        x->usage = false;
    }
    if ((acts & CALL_ACT_START_LIMITS) != 0) {
        CHECK(!x->clocks, from, event);
        x->clocks = true;
    }
    if ((acts & CALL_ACT_END_USAGE) != 0) {
        CHECK(x->usage, from, event);
        x->usage = false;
    }
    if ((acts & CALL_ACT_CLOSE_MEDIA) != 0) {
        CHECK(x->media, from, event);
        x->media = false;
        x->clocks = false;
    }
    if ((acts & CALL_ACT_TELL_STATE) != 0) {
        CHECK(!x->told_ended && x->owned, from, event);
        x->told_ended = x->state == CALL_ST_ENDED;
    }
    if ((acts & CALL_ACT_RELEASE) != 0) {
        CHECK(!x->usage && !x->media && !x->clocks && !x->ringing, from, event);
        CHECK(x->told_ended == (x->owned && event != CALL_EV_ORPHANED && event != CALL_EV_NOT_PLACED), from, event);
        x->released = true;
    }
    CHECK(x->released == (x->state == CALL_ST_ENDED), from, event);
}

static void visit(struct walk *w, const struct situation *x)
{
    unsigned key = pack(x);

    assert_true(key < SITUATIONS);
    if (!w->seen[key]) {
        w->seen[key] = true;
        w->queue[w->tail++] = *x;
    }
}

static void test_walk(void **state)
{
    static struct walk w;
    struct situation start = {.state = CALL_ST_IDLE};
    bool reached[CALL_ST_COUNT] = {false};

    (void)state;
    memset(&w, 0, sizeof(w));
    visit(&w, &start);
    while (w.head < w.tail) {
        struct situation x = w.queue[w.head++];
        bool can_end = x.released;
        reached[x.state] = true;
        for (int e = 0; e < CALL_EV_COUNT; e++) {
            if (!can_come(&x, e)) {
                continue;
            }
            const struct fsm_cell *cell = cell_of(x.state, e);
            CHECK(cell->rule != FSM_CANNOT, x.state, e);
            w.used[x.state][e] = true;
            can_end = can_end || e == CALL_EV_DIALLED || e == CALL_EV_INCOMING || cell->next == CALL_ST_ENDED;
            if (cell->rule == FSM_GO) {
                struct situation next = x;
                carry_out(&next, e, cell);
                visit(&w, &next);
            }
        }
        CHECK(can_end, x.state, 0); /* there is a way out of everywhere */
    }
    for (int s = 0; s < CALL_ST_COUNT; s++) {
        CHECK(reached[s], s, 0);
        for (int e = 0; e < CALL_EV_COUNT; e++) {
            /* what cannot come is CANNOT, and only that */
            CHECK(w.used[s][e] == (cell_of(s, e)->rule != FSM_CANNOT), s, e);
        }
    }
}

/* ---- the second table ---- */

/* SPEC section 3: CALL_STATE trying, ringing, early, established, then exactly one ended; CALL_STATS just before `ended` of
 * every call that was established; HANGUP and a limit send BYE or CANCEL, the far end's end does not; a connection that goes
 * takes its call along; a re-INVITE that the media session can serve 200, any other 488; what the ACK to one without an offer
 * answers is in force, or ends the call. `does`: b BYE or CANCEL, c media closed, f
 * figures, e the state told (`ended` at the end), l a line in the log, r line free, m media opened, k clocks and recording, 2 answer 200, 4 answer 488.
 * Incoming: LISTEN, ANSWER, REJECT, --ring-seconds, INCOMING_GONE; R 180, g INCOMING_GONE, x refuse the INVITE. */
static const struct {
    enum call_state from;
    enum call_fsm_event event;
    enum call_state to;
    const char *does;
} second[] = {
    {CALL_ST_IDLE, CALL_EV_DIALLED, CALL_ST_TRYING, "e"},
    {CALL_ST_IDLE, CALL_EV_NOT_PLACED, CALL_ST_ENDED, "cr"},

    {CALL_ST_IDLE, CALL_EV_INCOMING, CALL_ST_ALERTING, "R"},
    {CALL_ST_ALERTING, CALL_EV_FAR_END, CALL_ST_ENDED, "glr"},
    {CALL_ST_ALERTING, CALL_EV_HANGUP, CALL_ST_ENDED, "gxlr"},
    {CALL_ST_ALERTING, CALL_EV_LIMIT, CALL_ST_ENDED, "gxlr"},
    {CALL_ST_ALERTING, CALL_EV_REFUSED, CALL_ST_ENDED, "gxlr"},
    {CALL_ST_ALERTING, CALL_EV_TAKEN, CALL_ST_ESTABLISHED, "gmke"},
    {CALL_ST_ALERTING, CALL_EV_TAKEN_BLIND, CALL_ST_ACCEPTED, "g"},
    {CALL_ST_ACCEPTED, CALL_EV_ANSWERED, CALL_ST_ESTABLISHED, "mke"},
    {CALL_ST_ACCEPTED, CALL_EV_UNUSABLE, CALL_ST_ENDED, "bcelr"},
    {CALL_ST_ACCEPTED, CALL_EV_FAR_END, CALL_ST_ENDED, "celr"},
    {CALL_ST_ACCEPTED, CALL_EV_HANGUP, CALL_ST_ENDED, "bcelr"},
    {CALL_ST_ACCEPTED, CALL_EV_ORPHANED, CALL_ST_ENDED, "bclr"},

    {CALL_ST_TRYING, CALL_EV_RINGS, CALL_ST_RINGING, "e"},
    {CALL_ST_TRYING, CALL_EV_EARLY, CALL_ST_EARLY, "me"},
    {CALL_ST_TRYING, CALL_EV_ANSWERED, CALL_ST_ESTABLISHED, "mke"},
    {CALL_ST_TRYING, CALL_EV_UNUSABLE, CALL_ST_ENDED, "bcelr"},
    {CALL_ST_TRYING, CALL_EV_OFFER, CALL_ST_TRYING, "4"},
    {CALL_ST_TRYING, CALL_EV_OFFER_BAD, CALL_ST_TRYING, "4"},
    {CALL_ST_TRYING, CALL_EV_FAR_END, CALL_ST_ENDED, "celr"},
    {CALL_ST_TRYING, CALL_EV_HANGUP, CALL_ST_ENDED, "bcelr"},
    {CALL_ST_TRYING, CALL_EV_ORPHANED, CALL_ST_ENDED, "bclr"},

    {CALL_ST_RINGING, CALL_EV_RINGS, CALL_ST_RINGING, ""},
    {CALL_ST_RINGING, CALL_EV_EARLY, CALL_ST_EARLY, "me"},
    {CALL_ST_RINGING, CALL_EV_ANSWERED, CALL_ST_ESTABLISHED, "mke"},
    {CALL_ST_RINGING, CALL_EV_UNUSABLE, CALL_ST_ENDED, "bcelr"},
    {CALL_ST_RINGING, CALL_EV_OFFER, CALL_ST_RINGING, "4"},
    {CALL_ST_RINGING, CALL_EV_OFFER_BAD, CALL_ST_RINGING, "4"},
    {CALL_ST_RINGING, CALL_EV_FAR_END, CALL_ST_ENDED, "celr"},
    {CALL_ST_RINGING, CALL_EV_HANGUP, CALL_ST_ENDED, "bcelr"},
    {CALL_ST_RINGING, CALL_EV_ORPHANED, CALL_ST_ENDED, "bclr"},

    {CALL_ST_EARLY, CALL_EV_RINGS, CALL_ST_EARLY, ""},
    {CALL_ST_EARLY, CALL_EV_EARLY, CALL_ST_EARLY, "m"},
    {CALL_ST_EARLY, CALL_EV_ANSWERED, CALL_ST_ESTABLISHED, "mke"},
    {CALL_ST_EARLY, CALL_EV_UNUSABLE, CALL_ST_ENDED, "bcelr"},
    {CALL_ST_EARLY, CALL_EV_OFFER, CALL_ST_EARLY, "4"},
    {CALL_ST_EARLY, CALL_EV_OFFER_BAD, CALL_ST_EARLY, "4"},
    {CALL_ST_EARLY, CALL_EV_FAR_END, CALL_ST_ENDED, "celr"},
    {CALL_ST_EARLY, CALL_EV_HANGUP, CALL_ST_ENDED, "bcelr"},
    {CALL_ST_EARLY, CALL_EV_ORPHANED, CALL_ST_ENDED, "bclr"},

    {CALL_ST_ESTABLISHED, CALL_EV_RINGS, CALL_ST_ESTABLISHED, ""},
    {CALL_ST_ESTABLISHED, CALL_EV_EARLY, CALL_ST_ESTABLISHED, ""},
    {CALL_ST_ESTABLISHED, CALL_EV_UNUSABLE, CALL_ST_ENDED, "bcfelr"},
    {CALL_ST_ESTABLISHED, CALL_EV_REANSWERED, CALL_ST_ESTABLISHED, "m"},
    {CALL_ST_ESTABLISHED, CALL_EV_OFFER, CALL_ST_ESTABLISHED, "2"},
    {CALL_ST_ESTABLISHED, CALL_EV_OFFER_BAD, CALL_ST_ESTABLISHED, "4"},
    {CALL_ST_ESTABLISHED, CALL_EV_FAR_END, CALL_ST_ENDED, "cfelr"},
    {CALL_ST_ESTABLISHED, CALL_EV_HANGUP, CALL_ST_ENDED, "bcfelr"},
    {CALL_ST_ESTABLISHED, CALL_EV_LIMIT, CALL_ST_ENDED, "bcfelr"},
    {CALL_ST_ESTABLISHED, CALL_EV_ORPHANED, CALL_ST_ENDED, "bcflr"},
};

static unsigned meaning(char letter)
{
    switch (letter) {
    case 'm': return CALL_ACT_OPEN_MEDIA;
    case 'k': return CALL_ACT_START_LIMITS;
    case 'b': return CALL_ACT_END_USAGE;
    case 'c': return CALL_ACT_CLOSE_MEDIA;
    case 'f': return CALL_ACT_TELL_STATS;
    case 'e': return CALL_ACT_TELL_STATE;
    case 'l': return CALL_ACT_LOG_END;
    case 'r': return CALL_ACT_RELEASE;
    case '2': return CALL_ACT_ACCEPT_OFFER;
    case '4': return CALL_ACT_REFUSE_OFFER;
    case 'R': return CALL_ACT_SEND_RINGING;
    case 'g': return CALL_ACT_STOP_RINGING;
    case 'x': return CALL_ACT_REJECT;
    default: break;
    }
    fail_msg("%c means nothing", letter);
    return 0;
}

static void test_second_table(void **state)
{
    bool listed[CALL_ST_COUNT][CALL_EV_COUNT] = {{false}};

    (void)state;
    for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
        const int from = (int)second[i].from, event = (int)second[i].event;
        const struct fsm_cell *c = cell_of(from, event);
        unsigned acts = 0;
        for (const char *at = second[i].does; *at != '\0'; at++) {
            acts |= meaning(*at);
        }
        CHECK(!listed[from][event], from, event);
        listed[from][event] = true;
        CHECK(c->rule == (acts != 0 ? FSM_GO : FSM_DROP), from, event);
        CHECK((acts != 0 ? (int)c->next : from) == (int)second[i].to, from, event);
        CHECK(c->actions == acts, from, event);
    }
    for (int s = 0; s < CALL_ST_COUNT; s++) {
        for (int e = 0; e < CALL_EV_COUNT; e++) {
            CHECK(listed[s][e] || cell_of(s, e)->rule == FSM_CANNOT, s, e);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decided), cmocka_unit_test(test_cells),        cmocka_unit_test(test_order_of_bits),
        cmocka_unit_test(test_walk),    cmocka_unit_test(test_second_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
