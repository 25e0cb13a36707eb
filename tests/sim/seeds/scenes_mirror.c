/* SPDX-License-Identifier: MIT */
/* The loopback exchange as the far end: our own stack in the server role (SPEC section 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scene.h"

static void answers(struct scene *s, const char *target)
{
    scene_up(s, s->c, target);
    world_run(s->w, DUR_MS(500) + (dur_us)scene_below(s, 1000000));
    scene_say(s, s->c, "STATS");
    scene_say(s, s->c, "HANGUP");
    scene_until(s, s->c, "CALL_STATE:ended:200:", DUR_S(4));
}

static void echo(struct scene *s)
{
    answers(s, "0938220136");
    scene_expect(s, s->w->clients[s->c].rtp_count > 0 || s->w->clients[s->c].chunk > 0);
}

static void tone(struct scene *s)
{
    answers(s, "tone");
    scene_expect(s, s->w->clients[s->c].rtp_count > 0);
}

static void auth(struct scene *s)
{
    answers(s, "auth");
}

static void busy(struct scene *s)
{
    scene_say(s, s->c, "CALL:busy");
    scene_until(s, s->c, "CALL_STATE:ended:486:", DUR_S(40));
    world_run(s->w, DUR_S(1));
}

static void no_answer(struct scene *s)
{
    scene_say(s, s->c, "CALL:noanswer");
    scene_until(s, s->c, "CALL_STATE:ended:408:", DUR_S(45));
}

static void cancelled(struct scene *s)
{
    scene_say(s, s->c, "CALL:noanswer");
    world_run(s->w, (dur_us)scene_below(s, 1500000));
    scene_say(s, s->c, "HANGUP");
    scene_until(s, s->c, "CALL_STATE:ended:487:", DUR_S(4));
}

/* Which of them is called and when it is hung up is left to chance. */
static void any_time(struct scene *s)
{
    static const char *const targets[] = {"CALL:1", "CALL:tone", "CALL:busy", "CALL:noanswer", "CALL:auth"};

    for (int i = 0; i < 3; i++) {
        scene_say(s, s->c, targets[scene_below(s, 5)]);
        world_run(s->w, (dur_us)scene_below(s, 1200000));
        if (s->w->clients[s->c].in_call) {
            scene_say(s, s->c, "HANGUP");
        }
    }
}

static void leaves(struct scene *s)
{
    scene_say(s, s->c, scene_below(s, 2) != 0 ? "CALL:1" : "CALL:auth");
    world_run(s->w, (dur_us)scene_below(s, 1500000));
    if (s->w->clients[s->c].open) {
        world_disconnect(s->w, s->c);
    }
    world_run(s->w, DUR_S(1));
}

static void plays(struct scene *s)
{
    scene_put_wav(s, "a", 1600);
    if (scene_up(s, s->c, "1")) {
        scene_say(s, s->c, "PLAY_WAV:a");
        scene_until(s, s->c, "WAV_DONE:a", DUR_S(4));
        world_run(s->w, DUR_S(1));
    }
}

/* Its lines are fewer than ours: 480 for what it cannot take, and 486 here never. */
static void all_at_once(struct scene *s)
{
    size_t others[3] = {world_connect(s->w), world_connect(s->w), world_connect(s->w)};

    scene_say(s, s->c, "CALL:1");
    scene_say(s, others[0], "CALL:tone");
    scene_say(s, others[1], "CALL:auth");
    scene_say(s, others[2], "CALL:noanswer");
    world_run(s->w, DUR_S(2));
}

static void no_ports(struct scene *s)
{
    scene_say(s, s->c, "CALL:noanswer");
    scene_until(s, s->c, "CALL_STATE:ringing", DUR_S(5));
    s->w->media_status = ST_FULL;
    size_t other = world_connect(s->w);
    scene_say(s, other, "CALL:1");
    scene_until(s, other, "ERROR:CALL:busy:", DUR_S(2));
    s->w->media_status = ST_OK;
}

static void stops(struct scene *s)
{
    scene_say(s, s->c, "CALL:1");
    world_run(s->w, (dur_us)scene_below(s, 1000000));
    world_stop(s->w);
    world_run(s->w, DUR_S(6));
}

static void short_ringing(struct world_settings *c)
{
    c->gateway.calls.ring = DUR_S(5);
}

const struct scenario scene_mirror[] = {
    {"mirror_echo", echo, NULL, NULL, true},
    {"mirror_tone", tone, NULL, NULL, true},
    {"mirror_auth", auth, NULL, NULL, true},
    {"mirror_busy", busy, NULL, NULL, true},
    {"mirror_no_answer", no_answer, NULL, short_ringing, true},
    {"mirror_cancelled", cancelled, NULL, NULL, true},
    {"mirror_any_time", any_time, NULL, NULL, true},
    {"mirror_leaves", leaves, NULL, NULL, true},
    {"mirror_plays", plays, NULL, NULL, true},
    {"mirror_all_at_once", all_at_once, NULL, NULL, true},
    {"mirror_no_ports", no_ports, NULL, NULL, true},
    {"mirror_stop", stops, NULL, NULL, true},
};
const size_t scene_mirror_len = sizeof(scene_mirror) / sizeof(scene_mirror[0]);
