/* SPDX-License-Identifier: MIT */
/* Every state of an incoming call crossed with everything that can happen to it: what the caller gets, what the client is told,
 * and whether a BYE leaves. Numbers are sections of RFC 3261.
 *
 *  states    it rings; it waits behind another call; answered and not acknowledged, with and without an offer; up; hung up
 *            before the ACK (15); refused; cancelled (9.2)
 *  events    CANCEL, ANSWER, REJECT, HANGUP, UNLISTEN, the client is lost, BYE, ACK, the INVITE again (17.2.1), --ring-seconds,
 *            64*T1 (13.3.1.4), the server stops
 *
 * The world's judge looks at every message that is sent; world_end sees that nothing is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "incoming.h"

#define RING      DUR_S(20)
#define GIVEN_UP  DUR_S(33) /* 64*T1 and a little */
#define TOLD_MAX  512
#define NO_CHANGE 0

enum event {
    ON_CANCEL,
    ON_ANSWER,
    ON_REJECT,
    ON_HANGUP,
    ON_UNLISTEN,
    ON_LOSS,
    ON_BYE,
    ON_ACK,
    ON_INVITE,
    ON_RING_OUT,
    ON_GIVE_UP,
    ON_STOP,
    EVENTS
};

enum state { RINGING, WAITING, ANSWERED, OFFERED, UP, ENDING, REFUSED, CANCELLED, STATES };

static const char *const event_names[EVENTS] = {"CANCEL", "ANSWER", "REJECT",       "HANGUP",     "UNLISTEN", "loss",
                                                "BYE",    "ACK",    "INVITE again", "ring limit", "64*T1",    "stop"};
static const char *const state_names[STATES] = {"ringing", "waiting", "answered", "offered",
                                                "up",      "ending",  "refused",  "cancelled"};

struct cell {
    int status;       /* the caller's newest; NO_CHANGE: as it was */
    int other;        /* to the caller's own CANCEL or BYE; 0: none sent */
    const char *told; /* to the client, CALL_STATS left out; ERROR up to its code */
    int byes;         /* of ours, until 64*T1 have passed */
};

#define ENDED "CALL_STATE:ended:200:OK"
#define NONE  "ERROR:ANSWER:no_call"

static const struct cell table[STATES][EVENTS] =
    {
        [RINGING] =
            {
                [ON_CANCEL] = {487, 200, "INCOMING_GONE:cancelled", 0},
                [ON_ANSWER] = {200, 0, "CALL_STATE:established", 1}, /* the ACK never comes */
                [ON_REJECT] = {603, 0, "INCOMING_GONE:rejected", 0},
                [ON_HANGUP] = {NO_CHANGE, 0, "ERROR:HANGUP:no_call", 0},
                [ON_UNLISTEN] = {480, 0, "INCOMING_GONE:not listening", 0},
                [ON_LOSS] = {480, 0, "", 0},
                [ON_BYE] = {487, 200, "INCOMING_GONE:cancelled", 0},
                [ON_ACK] = {NO_CHANGE, 0, "", 0},
                [ON_INVITE] = {NO_CHANGE, 0, "", 0},
                [ON_RING_OUT] = {480, 0, "INCOMING_GONE:no answer", 0},
                [ON_GIVE_UP] = {480, 0, "INCOMING_GONE:no answer", 0},
                [ON_STOP] = {480, 0, "INCOMING_GONE:server stops", 0},
            },
        [WAITING] =
            {
                [ON_CANCEL] = {487, 200, "", 0},
                [ON_ANSWER] = {486, 0, "CALL_STATE:established", 0}, /* the other call: no line is left for this one */
                [ON_REJECT] = {NO_CHANGE, 0, "INCOMING_GONE:rejected|INCOMING:1:2", 0},
                [ON_HANGUP] = {NO_CHANGE, 0, "ERROR:HANGUP:no_call", 0},
                [ON_UNLISTEN] = {480, 0, "INCOMING_GONE:not listening", 0},
                [ON_LOSS] = {480, 0, "", 0},
                [ON_BYE] = {487, 200, "", 0},
                [ON_ACK] = {NO_CHANGE, 0, "", 0},
                [ON_INVITE] = {NO_CHANGE, 0, "", 0},
                [ON_RING_OUT] = {480, 0, "INCOMING_GONE:no answer|INCOMING:1:2|INCOMING_GONE:no answer", 0},
                [ON_GIVE_UP] = {480, 0, "INCOMING_GONE:no answer|INCOMING:1:2|INCOMING_GONE:no answer", 0},
                [ON_STOP] = {480, 0, "INCOMING_GONE:server stops", 0},
            },
        [ANSWERED] =
            {
                [ON_CANCEL] = {NO_CHANGE, 200, "", 1}, /* too late: 9.2 */
                [ON_ANSWER] = {NO_CHANGE, 0, "ERROR:ANSWER:busy", 1},
                [ON_REJECT] = {NO_CHANGE, 0, "ERROR:REJECT:no_call", 1},
                [ON_HANGUP] = {NO_CHANGE, 0, ENDED, 1},
                [ON_UNLISTEN] = {NO_CHANGE, 0, "", 1},
                [ON_LOSS] = {NO_CHANGE, 0, "", 1},
                [ON_BYE] = {NO_CHANGE, 200, ENDED, 0},
                [ON_ACK] = {NO_CHANGE, 0, "", 0},
                [ON_INVITE] = {NO_CHANGE, 0, "", 1},
                [ON_RING_OUT] = {NO_CHANGE, 0, "", 1}, /* it rings no more */
                [ON_GIVE_UP] = {NO_CHANGE, 0, "CALL_STATE:ended:408:Request Timeout", 1},
                [ON_STOP] = {NO_CHANGE, 0, ENDED, 1},
            },
        [OFFERED] =
            {
                [ON_CANCEL] = {NO_CHANGE, 200, "", 1},
                [ON_ANSWER] = {NO_CHANGE, 0, "ERROR:ANSWER:busy", 1},
                [ON_REJECT] = {NO_CHANGE, 0, "ERROR:REJECT:no_call", 1},
                [ON_HANGUP] = {NO_CHANGE, 0, ENDED, 1},
                [ON_UNLISTEN] = {NO_CHANGE, 0, "", 1},
                [ON_LOSS] = {NO_CHANGE, 0, "", 1},
                [ON_BYE] = {NO_CHANGE, 200, ENDED, 0},
                [ON_ACK] = {NO_CHANGE, 0, "CALL_STATE:established", 0},
                [ON_INVITE] = {NO_CHANGE, 0, "", 1},
                [ON_RING_OUT] = {NO_CHANGE, 0, "", 1},
                [ON_GIVE_UP] = {NO_CHANGE, 0, "CALL_STATE:ended:408:Request Timeout", 1},
                [ON_STOP] = {NO_CHANGE, 0, ENDED, 1},
            },
        [UP] =
            {
                [ON_CANCEL] = {NO_CHANGE, 200, "", 0},
                [ON_ANSWER] = {NO_CHANGE, 0, "ERROR:ANSWER:busy", 0},
                [ON_REJECT] = {NO_CHANGE, 0, "ERROR:REJECT:no_call", 0},
                [ON_HANGUP] = {NO_CHANGE, 0, ENDED, 1},
                [ON_UNLISTEN] = {NO_CHANGE, 0, "", 0},
                [ON_LOSS] = {NO_CHANGE, 0, "", 1},
                [ON_BYE] = {NO_CHANGE, 200, ENDED, 0},
                [ON_ACK] = {NO_CHANGE, 0, "", 0},
                [ON_INVITE] = {NO_CHANGE, 0, "", 0},
                [ON_RING_OUT] = {NO_CHANGE, 0, "", 0},
                [ON_GIVE_UP] = {NO_CHANGE, 0, "", 0},
                [ON_STOP] = {NO_CHANGE, 0, ENDED, 1},
            },
        [ENDING] =
            {
                [ON_CANCEL] = {NO_CHANGE, 200, "", 1},
                [ON_ANSWER] = {NO_CHANGE, 0, NONE, 1},
                [ON_REJECT] = {NO_CHANGE, 0, "ERROR:REJECT:no_call", 1},
                [ON_HANGUP] = {NO_CHANGE, 0, "ERROR:HANGUP:no_call", 1},
                [ON_UNLISTEN] = {NO_CHANGE, 0, "", 1},
                [ON_LOSS] = {NO_CHANGE, 0, "", 1},
                [ON_BYE] = {NO_CHANGE, 200, "", 0},
                [ON_ACK] = {NO_CHANGE, 0, "", 1},
                [ON_INVITE] = {NO_CHANGE, 0, "", 1},
                [ON_RING_OUT] = {NO_CHANGE, 0, "", 1},
                [ON_GIVE_UP] = {NO_CHANGE, 0, "", 1},
                [ON_STOP] = {NO_CHANGE, 0, "", 1},
            },
        [REFUSED] =
            {
                [ON_CANCEL] = {NO_CHANGE, 200, "", 0},
                [ON_ANSWER] = {NO_CHANGE, 0, NONE, 0},
                [ON_REJECT] = {NO_CHANGE, 0, "ERROR:REJECT:no_call", 0},
                [ON_HANGUP] = {NO_CHANGE, 0, "ERROR:HANGUP:no_call", 0},
                [ON_UNLISTEN] = {NO_CHANGE, 0, "", 0},
                [ON_LOSS] = {NO_CHANGE, 0, "", 0},
                [ON_BYE] = {NO_CHANGE, 481, "", 0},
                [ON_ACK] = {NO_CHANGE, 0, "", 0},
                [ON_INVITE] = {NO_CHANGE, 0, "", 0},
                [ON_RING_OUT] = {NO_CHANGE, 0, "", 0},
                [ON_GIVE_UP] = {NO_CHANGE, 0, "", 0},
                [ON_STOP] = {NO_CHANGE, 0, "", 0},
            },
        [CANCELLED] =
            {
                [ON_CANCEL] = {NO_CHANGE, 200, "", 0},
                [ON_ANSWER] = {NO_CHANGE, 200, NONE, 0},
                [ON_REJECT] = {NO_CHANGE, 200, "ERROR:REJECT:no_call", 0},
                [ON_HANGUP] = {NO_CHANGE, 200, "ERROR:HANGUP:no_call", 0},
                [ON_UNLISTEN] = {NO_CHANGE, 200, "", 0},
                [ON_LOSS] = {NO_CHANGE, 200, "", 0},
                [ON_BYE] = {NO_CHANGE, 481, "", 0},
                [ON_ACK] = {NO_CHANGE, 200, "", 0},
                [ON_INVITE] = {NO_CHANGE, 200, "", 0},
                [ON_RING_OUT] = {NO_CHANGE, 200, "", 0},
                [ON_GIVE_UP] = {NO_CHANGE, 200, "", 0},
                [ON_STOP] = {NO_CHANGE, 200, "", 0},
            },
};

/* Also behind the final response, as one that crossed it. */
static void cancel(struct world *w, struct caller *a)
{
    const int status = a->status;

    a->status = 180;
    caller_cancel(w, a);
    a->status = status;
    a->cancelled = false; /* no BYE of its own behind a 200 */
}

static void bring(struct world *w, size_t c, struct caller *a, enum state state)
{
    if (state == ANSWERED || state == OFFERED || state == UP || state == ENDING) {
        world_send(w, c, "ANSWER");
        status_is(w, a, 200);
    }
    if (state == UP) {
        caller_ack(w, a);
    } else if (state == ENDING) {
        world_send(w, c, "HANGUP");
    } else if (state == REFUSED) {
        world_send(w, c, "REJECT");
        status_is(w, a, 603);
    } else if (state == CANCELLED) {
        cancel(w, a);
        status_is(w, a, 487);
    }
    world_run(w, DUR_MS(50));
}

static void happen(struct world *w, size_t c, struct caller *a, enum event event)
{
    static const char *const said[EVENTS] = {
        [ON_ANSWER] = "ANSWER", [ON_REJECT] = "REJECT", [ON_HANGUP] = "HANGUP", [ON_UNLISTEN] = "UNLISTEN"};

    if (said[event] != NULL) {
        world_send(w, c, said[event]);
    }
    switch (event) {
    case ON_CANCEL: cancel(w, a); break;
    case ON_LOSS: world_disconnect(w, c); break;
    case ON_BYE: caller_request(w, a, "BYE", 2, NULL); break;
    case ON_ACK: caller_ack(w, a); break;
    case ON_INVITE: world_to_gateway(w, a->invite); break;
    case ON_RING_OUT: world_run(w, RING + DUR_S(1)); break;
    case ON_GIVE_UP: world_run(w, GIVEN_UP); break;
    case ON_STOP: world_stop(w); break;
    case ON_ANSWER:
    case ON_REJECT:
    case ON_HANGUP:
    case ON_UNLISTEN:
    case EVENTS: break;
    }
    world_run(w, DUR_MS(100));
}

/* What the client was told since its text number `from`. */
static void told(const struct world_client *client, size_t from, char out[TOLD_MAX])
{
    out[0] = '\0';
    for (size_t i = from; i < client->text_count; i++) {
        const char *text = client->texts[i];
        size_t len = strlen(text);
        if (strncmp(text, "CALL_STATS:", 11) == 0) {
            continue;
        }
        if (strncmp(text, "ERROR:", 6) == 0) {
            len = strcspn(text + 6, ":") + 7;
            len += strcspn(text + len, ":");
        }
        size_t at = strlen(out);
        snprintf(out + at, TOLD_MAX - at, "%s%.*s", at > 0 ? "|" : "", (int)len, text);
    }
}

/* Returns whether the cell is right. */
static bool cross(enum state state, enum event event)
{
    struct gateway_config config = world_config();
    const struct cell *cell = &table[state][event];
    struct caller_plan plan = {
        .no_ack = true, .sdp = state == OFFERED ? "" : NULL, .ack_sdp = state == OFFERED ? phone_sdp : NULL};
    char heard[TOLD_MAX];

    config.calls.incoming = CALLS_INCOMING_RING;
    config.calls.ring = RING;
    config.calls.no_media = 0;
    struct world *w = world_new(1 + (uint64_t)state * EVENTS + (uint64_t)event, &config);
    size_t c = listener(w);
    if (state == WAITING) {
        (void)caller_call(w, "9", "2", &plan);
        world_run(w, DUR_MS(100));
    }
    struct caller *a = caller_call(w, "1", "2", &plan);
    status_is(w, a, 180);
    bring(w, c, a, state);
    const int before = a->status;
    const size_t texts = w->clients[c].text_count;
    happen(w, c, a, event);
    told(&w->clients[c], texts, heard);
    const int status = a->status;
    if (status < 200 &&
        cell->status == NO_CHANGE) { /* it rings on: its caller gives up, so that no other end is counted */
        cancel(w, a);
    }
    world_run(w, GIVEN_UP);
    const int wanted = cell->status == NO_CHANGE ? before : cell->status;
    const int other = status < 200 ? 0 : a->other_status;
    const bool right =
        status == wanted && strcmp(heard, cell->told) == 0 && other == cell->other && a->byes == cell->byes;
    if (!right) {
        world_ladder(w);
        print_error("%s, %s: status %d, not %d; told %s, not %s; other %d, not %d; BYEs %d, not %d\n",
                    state_names[state], event_names[event], status, wanted, heard, cell->told, other, cell->other,
                    a->byes, cell->byes);
    }
    world_end(w);
    return right;
}

static void all_cells(enum state state)
{
    int wrong = 0;
    for (int event = 0; event < EVENTS; event++) {
        assert_non_null(table[state][event].told); /* every cell is filled */
        wrong += !cross(state, (enum event)event);
    }
    assert_int_equal(wrong, 0);
}

static void ringing(void **state)
{
    (void)state;
    all_cells(RINGING);
}

static void waiting(void **state)
{
    (void)state;
    all_cells(WAITING);
}

static void answered(void **state)
{
    (void)state;
    all_cells(ANSWERED);
}

static void offered(void **state)
{
    (void)state;
    all_cells(OFFERED);
}

static void up(void **state)
{
    (void)state;
    all_cells(UP);
}

static void ending(void **state)
{
    (void)state;
    all_cells(ENDING);
}

static void refused(void **state)
{
    (void)state;
    all_cells(REFUSED);
}

static void cancelled(void **state)
{
    (void)state;
    all_cells(CANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ringing), cmocka_unit_test(waiting), cmocka_unit_test(answered), cmocka_unit_test(offered),
        cmocka_unit_test(up),      cmocka_unit_test(ending),  cmocka_unit_test(refused),  cmocka_unit_test(cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
