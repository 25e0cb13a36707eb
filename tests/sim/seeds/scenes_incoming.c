/* SPDX-License-Identifier: MIT */
/* Incoming calls over drawn networks: several callers and clients, and whatever crosses on the way. The rules of the text
 * protocol (one call rings at a time, each INCOMING ends once) and of SIP are watched by the world itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scene.h"

#define LONG DUR_S(20)

static const struct caller_plan plain_caller = {.persistent = true};

/* s->c and further ones, all listening. */
static void listeners(struct scene *s, size_t count)
{
    scene_say(s, s->c, "LISTEN");
    for (size_t i = 1; i < count; i++) {
        scene_say(s, world_connect(s->w), "LISTEN");
    }
}

static struct caller *calls(struct scene *s, const struct caller_plan *plan)
{
    return caller_call(s->w, "0921367101", "5000", plan != NULL ? plan : &plain_caller);
}

static void waits(struct scene *s, uint32_t at_most_us)
{
    world_run(s->w, (dur_us)scene_below(s, at_most_us));
}

static void answered(struct scene *s)
{
    listeners(s, 2);
    struct caller *a = calls(s, NULL);
    scene_until(s, s->c, "INCOMING:0921367101:5000", LONG);
    waits(s, 400000);
    scene_say(s, s->c, "ANSWER");
    scene_until(s, s->c, "CALL_STATE:established", LONG);
    waits(s, 2000000);
    if (a->status == 200 && scene_below(s, 2) != 0) {
        caller_bye(s->w, a);
    } else {
        scene_say(s, s->c, "HANGUP");
    }
    world_run(s->w, DUR_S(6));
    scene_expect(s, scene_ended(s, s->c, "200") == 1 && world_count(s->w, 1, "INCOMING_GONE:answered elsewhere") == 1);
}

/* CANCEL and ANSWER at any time: either wins. */
static void crosses(struct scene *s)
{
    listeners(s, 1);
    struct caller *a = calls(s, NULL);
    bool cancel_first = scene_below(s, 2) != 0;
    scene_until(s, s->c, "INCOMING:", LONG);
    for (int i = 0; i < 2; i++) {
        if ((i == 0) == cancel_first && a->status > 0) {
            caller_cancel(s->w, a);
        } else {
            scene_say(s, s->c, "ANSWER");
        }
        waits(s, 300000);
    }
    world_run(s->w, DUR_S(8));
    scene_expect(s, !a->cancelled || a->status == 200
                        ? !a->cancelled || scene_ended(s, s->c, "200") == 1
                        : a->status == 487 && world_count(s->w, s->c, "INCOMING_GONE:cancelled") == 1);
}

static void rejects(struct scene *s)
{
    listeners(s, 3);
    struct caller *a = calls(s, NULL);
    scene_until(s, s->c, "INCOMING:", LONG);
    for (size_t i = 0; i < 3; i++) {
        scene_say(s, i, i == 2 ? "REJECT:486" : "REJECT");
        waits(s, 300000);
    }
    world_run(s->w, DUR_S(4));
    scene_expect(s, a->status == 486);
}

static void rings_out(struct scene *s)
{
    listeners(s, 2);
    struct caller *a = calls(s, NULL);
    scene_until(s, s->c, "INCOMING:", LONG);
    world_run(s->w, DUR_S(23));
    scene_expect(s, a->status == 480 && world_count(s->w, s->c, "INCOMING_GONE:no answer") == 1);
}

static void never_confirms(struct scene *s)
{
    const struct caller_plan plan = {.persistent = true, .no_ack = true};

    listeners(s, 1);
    struct caller *a = calls(s, &plan);
    scene_until(s, s->c, "INCOMING:", LONG);
    scene_say(s, s->c, "ANSWER");
    scene_until(s, s->c, "CALL_STATE:established", LONG);
    if (scene_below(s, 2) != 0) {
        waits(s, 3000000);
        scene_say(s, s->c, "HANGUP");
    }
    world_run(s->w, DUR_S(36));
    scene_expect(s, a->byes > 0 && scene_ended(s, s->c, "") == 1);
}

static void without_offer(struct scene *s)
{
    static const char *const answers[] = {phone_sdp, phone_sdp, NULL, "v=0\r\n"};
    struct caller_plan plan = {.persistent = true, .sdp = "", .ack_sdp = answers[scene_below(s, 4)]};

    listeners(s, 1);
    struct caller *a = calls(s, &plan);
    scene_until(s, s->c, "INCOMING:", LONG);
    scene_say(s, s->c, "ANSWER");
    waits(s, 2000000);
    if (scene_below(s, 2) != 0) {
        scene_say(s, s->c, "HANGUP");
    }
    world_run(s->w, DUR_S(4));
    scene_expect(s, a->status == 200);
}

static void stops(struct scene *s)
{
    listeners(s, 3);
    calls(s, NULL);
    waits(s, 800000);
    calls(s, NULL);
    scene_say(s, 1, "ANSWER");
    waits(s, 800000);
    world_stop(s->w);
    world_run(s->w, DUR_S(6));
    assert_int_equal(s->w->ports_open, 0);
}

static void client_acts(struct scene *s, size_t c)
{
    static const char *const words[] = {"ANSWER", "REJECT", "REJECT:486", "LISTEN", "UNLISTEN",
                                        "LISTEN", "HANGUP", "CALL:1",     "ANSWER", "STATS"};
    struct world *w = s->w;

    if (!w->clients[c].open) {
        assert_int_equal(world_connect(w), c); /* the first slot that is free */
        scene_say(s, c, "LISTEN");
    } else if (scene_below(s, 12) == 0) {
        world_disconnect(w, c);
    } else {
        scene_say(s, c, words[scene_below(s, sizeof(words) / sizeof(words[0]))]);
    }
}

static void caller_acts(struct scene *s)
{
    struct world *w = s->w;
    size_t which = scene_below(s, (uint32_t)w->caller_count + 1);

    if (which == w->caller_count) {
        if (which < WORLD_CALLERS) {
            struct caller_plan plan = {
                .persistent = true, .no_ack = scene_below(s, 6) == 0, .sdp = scene_below(s, 5) == 0 ? "" : NULL};
            calls(s, &plan);
        }
        return;
    }
    struct caller *c = &w->callers[which];
    if (c->status > 100 && c->status < 200) {
        caller_cancel(w, c);
    } else if (c->status == 200 && c->byes == 0 && c->acks > 0 && !c->hung_up) {
        caller_bye(w, c);
    }
}

/* Four lines, three clients, up to two dozen callers, everybody does anything. */
static void storm(struct scene *s)
{
    listeners(s, 3);
    for (int i = 0; i < 60; i++) {
        if (scene_below(s, 2) != 0) {
            caller_acts(s);
        } else {
            size_t c = scene_below(s, 3);
            bool first_free = s->w->clients[0].open && (c < 2 || s->w->clients[1].open);
            if (s->w->clients[c].open || c == 0 || first_free) {
                client_acts(s, c);
            }
        }
        waits(s, 300000);
    }
    world_run(s->w, DUR_S(5));
}

static void echo(struct scene *s)
{
    const struct net_addr phone = {.family = 4, .port = 30000, .ip = {10, 0, 0, 9}};
    struct caller *a = calls(s, NULL);

    world_run(s->w, DUR_S(2));
    for (uint16_t i = 0; i < 50 && s->w->ports_open > 0; i++) {
        world_phone_rtp(s->w, &phone, 0, i);
        world_run(s->w, DUR_MS(20));
    }
    world_run(s->w, DUR_S(2));
    scene_expect(s, a->status == 200 && s->w->phone.rtp_packets > 100);
    if (a->status == 200 && scene_below(s, 2) != 0) {
        caller_bye(s->w, a);
        world_run(s->w, DUR_S(6));
        scene_expect(s, s->w->ports_open == 0);
    }
    world_run(s->w, DUR_S(10)); /* or nothing is heard any more */
    scene_expect(s, s->w->ports_open == 0);
}

static void ring(struct world_settings *c)
{
    c->gateway.calls.incoming = CALLS_INCOMING_RING;
}

static void ring_long(struct world_settings *c)
{
    c->gateway.calls.incoming = CALLS_INCOMING_RING;
    c->gateway.calls.no_media = 0;
}

static void echo_test(struct world_settings *c)
{
    c->gateway.calls.incoming = CALLS_INCOMING_ECHO;
}

const struct scenario scene_incoming[] = {
    {"in_answered", answered, NULL, ring, false},
    {"in_cancel_crosses_answer", crosses, NULL, ring, false},
    {"in_rejected", rejects, NULL, ring, false},
    {"in_rings_out", rings_out, NULL, ring, false},
    {"in_never_confirmed", never_confirms, NULL, ring_long, false},
    {"in_without_offer", without_offer, NULL, ring, false},
    {"in_stop", stops, NULL, ring, false},
    {"in_storm", storm, NULL, ring, false},
    {"in_storm_again", storm, NULL, ring_long, false},
    {"in_echo", echo, NULL, echo_test, false},
};
const size_t scene_incoming_len = sizeof(scene_incoming) / sizeof(scene_incoming[0]);
