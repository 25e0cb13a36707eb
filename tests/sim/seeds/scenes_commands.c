/* SPDX-License-Identifier: MIT */
/* Commands, uploads, lists and files; the rules are those of ../call/test_commands.c and test_uploads.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scene.h"
#include "wsframe.h"

/* Any command at any time. */
static void any_verbs(struct scene *s)
{
    static const char *const verbs[] = {"CALL:1",     "HANGUP",       "STATS",        "STOP_WAV",  "PLAY_WAV:a",
                                        "MEDIA:rtp",  "MEDIA:hex",    "MEDIA:off",    "LIST_WAV",  "DELETE_WAV:b",
                                        "PLAY_WAV:b", "CALL:a b",     "XYZ",          "",          "DTMF:1",
                                        "HOLD",       "WAV_UPLOAD:x", "DELETE_WAV:a", "MEDIA:xyz", "WAV_UPLOAD:x:AAAA"};

    scene_put_wav(s, "a", 1600);
    scene_put_wav(s, "b", 800);
    scene_up(s, s->c, "1");
    for (int i = 0; i < 20; i++) {
        scene_say(s, s->c, verbs[scene_below(s, sizeof(verbs) / sizeof(verbs[0]))]);
        world_run(s->w, (dur_us)scene_below(s, 150000));
    }
}

static void targets(struct scene *s)
{
    static const char *const texts[] = {"CALL:sip:a@b", "CALL:+886 (2) 1", "CALL:bob", "CALL:*1#", "CALL:"};

    for (int i = 0; i < 5; i++) {
        scene_say(s, s->c, texts[i]);
        world_run(s->w, (dur_us)scene_below(s, 100000));
        if (s->w->clients[s->c].in_call) {
            scene_say(s, s->c, "HANGUP");
        }
    }
    scene_until(s, s->c, "ERROR:CALL:bad_argument:", DUR_S(3));
}

static void lines_full(struct scene *s)
{
    size_t b = world_connect(s->w);
    size_t c = world_connect(s->w);

    scene_say(s, s->c, "CALL:1");
    scene_say(s, b, "CALL:2");
    scene_say(s, c, "CALL:3");
    scene_until(s, c, "ERROR:CALL:busy:", DUR_S(1));
    scene_say(s, s->c, "HANGUP");
    scene_say(s, c, "CALL:3");
    scene_until(s, c, "CALL_STATE:trying", DUR_S(1));
    world_run(s->w, DUR_S(1));
}

static void no_ports(struct scene *s)
{
    static const int statuses[] = {ST_FULL, ST_IO, ST_NO_MEMORY};

    s->w->media_status = statuses[scene_below(s, 3)];
    scene_say(s, s->c, "CALL:1");
    scene_until(s, s->c, "ERROR:CALL:", DUR_S(3));
    s->w->media_status = ST_OK;
    scene_up(s, s->c, "1");
}

static void lists(struct scene *s)
{
    scene_put_wav(s, "a", 160);
    s->w->list_extra = scene_below(s, 2000);
    scene_say(s, s->c, "LIST_WAV");
    scene_say(s, s->c, "CALL:1");
    scene_until(s, s->c, "WAV_LIST_END:", DUR_S(6));
    world_run(s->w, DUR_MS(500));
}

static void leaves_a_list(struct scene *s)
{
    s->w->list_extra = 3000;
    s->w->clients[s->c].reading = false;
    scene_say(s, s->c, "LIST_WAV");
    world_run(s->w, (dur_us)scene_below(s, 500000));
    world_disconnect(s->w, s->c);
    assert_false(s->w->list_open);
}

static void plays(struct scene *s)
{
    scene_put_wav(s, "a", 960 + scene_below(s, 160));
    scene_put_wav(s, "b", 1);
    if (scene_up(s, s->c, "1")) {
        scene_say(s, s->c, "PLAY_WAV:a");
        scene_say(s, s->c, "PLAY_WAV:b");
        scene_say(s, s->c, "PLAY_WAV:a");
        scene_until(s, s->c, "WAV_DONE:b", DUR_S(4));
        world_run(s->w, DUR_MS(500));
        scene_expect(s, world_count(s->w, s->c, "WAV_ACK:開始播放檔案 ") == 3 || !s->w->clients[s->c].reading);
    }
}

static void plays_and_stops(struct scene *s)
{
    scene_put_wav(s, "a", 8000);
    if (scene_up(s, s->c, "1")) {
        for (int i = 0; i < 4; i++) {
            scene_say(s, s->c, "PLAY_WAV:a");
            world_run(s->w, (dur_us)scene_below(s, 200000));
            scene_say(s, s->c, "STOP_WAV");
        }
        scene_say(s, s->c, "PLAY_WAV:a");
        world_run(s->w, (dur_us)scene_below(s, 400000));
        scene_say(s, s->c, "HANGUP");
    }
}

static void deletes_what_plays(struct scene *s)
{
    scene_put_wav(s, "a", 8000);
    if (scene_up(s, s->c, "1")) {
        scene_say(s, s->c, "PLAY_WAV:a");
        scene_until(s, s->c, "WAV_ACK:開始播放檔案 a", DUR_S(4));
        world_run(s->w, (dur_us)scene_below(s, 300000));
        scene_say(s, s->c, "DELETE_WAV:a");
        scene_until(s, s->c, "WAV_DELETED:a", DUR_S(4));
        scene_until(s, s->c, "WAV_DONE:a", DUR_S(4));
    }
}

static void far_end_leaves_while_it_plays(struct scene *s)
{
    scene_put_wav(s, "a", 40000);
    if (scene_up(s, s->c, "1")) {
        scene_say(s, s->c, "PLAY_WAV:a");
    }
    scene_until(s, s->c, "CALL_STATE:ended:200:", DUR_S(15));
}

static void queue_of_files_full(struct scene *s)
{
    scene_put_wav(s, "a", 160);
    if (scene_up(s, s->c, "1")) {
        for (int i = 0; i < 40; i++) {
            scene_say(s, s->c, "PLAY_WAV:a");
        }
        world_run(s->w, DUR_S(1));
    }
}

static void uploads(struct scene *s)
{
    char *text = scene_upload("x", 200 + scene_below(s, 3000));

    scene_say(s, s->c, text);
    scene_say(s, s->c, "LIST_WAV");
    scene_until(s, s->c, "WAV_ACK:檔案上傳成功 (", DUR_S(5));
    scene_until(s, s->c, "WAV_LIST:x:", DUR_S(5));
    scene_say(s, s->c, text); /* replaces it */
    world_run(s->w, DUR_S(1));
    scene_expect(s, world_files(s->w) == 1);
    free(text);
}

static void upload_in_fragments(struct scene *s)
{
    char *texts[2] = {scene_upload("x", 900), scene_upload("y", 1200)};
    size_t clients[2] = {s->c, world_connect(s->w)};
    size_t at[2] = {0, 0};

    while (at[0] < strlen(texts[0]) || at[1] < strlen(texts[1])) {
        size_t i = scene_below(s, 2);
        size_t left = strlen(texts[i]) - at[i];
        if (left == 0 || !s->w->clients[clients[i]].open) {
            at[i] = strlen(texts[i]);
            continue;
        }
        size_t len = 1 + scene_below(s, 300);
        len = len < left ? len : left;
        unsigned first = (at[i] == 0 ? WSFRAME_TEXT : WSFRAME_CONT) | (len == left ? WSFRAME_FIN : 0);
        world_send_frame(s->w, clients[i], first, texts[i] + at[i], len);
        at[i] += len;
    }
    for (int i = 0; i < 2; i++) {
        scene_until(s, clients[i], "WAV_ACK:檔案上傳成功 (", DUR_S(5));
        free(texts[i]);
    }
}

static void upload_refused(struct scene *s)
{
    char *text = scene_upload("x", 500);

    text[20 + scene_below(s, 400)] = '@';
    scene_say(s, s->c, text);
    scene_until(s, s->c, "ERROR:WAV_UPLOAD:bad_", DUR_S(5));
    scene_say(s, s->c, "WAV_UPLOAD:x:AAAA");
    world_run(s->w, DUR_S(1));
    scene_expect(s, world_count(s->w, s->c, "ERROR:WAV_UPLOAD:") == 2);
    assert_int_equal(world_files(s->w), 0);
    free(text);
}

static void upload_too_large(struct scene *s)
{
    char *text = scene_upload("x", 21000);

    scene_say(s, s->c, text);
    scene_until(s, s->c, "ERROR:WAV_UPLOAD:too_large:", DUR_S(5));
    assert_int_equal(world_files(s->w), 0);
    free(text);
}

static void upload_to_a_broken_disk(struct scene *s)
{
    static const int statuses[] = {ST_FULL, ST_IO, ST_NO_MEMORY};
    int *const where[] = {&s->w->begin_status, &s->w->write_status, &s->w->commit_status};
    char *text = scene_upload("x", 2000);
    uint32_t which = scene_below(s, 4);

    if (which < 3) {
        *where[which] = statuses[scene_below(s, 3)];
    } else {
        s->w->commit_fails = true;
    }
    scene_say(s, s->c, text);
    scene_until(s, s->c, "ERROR:WAV_UPLOAD:", DUR_S(5));
    world_run(s->w, DUR_S(1));
    assert_int_equal(world_files(s->w), 0);
    free(text);
}

static void upload_and_leave(struct scene *s)
{
    char *text = scene_upload("x", 3000);
    size_t len = 1 + scene_below(s, (uint32_t)strlen(text));

    world_send_frame(s->w, s->c, WSFRAME_TEXT | (len == strlen(text) ? WSFRAME_FIN : 0), text, len);
    world_run(s->w, (dur_us)scene_below(s, 100000));
    if (s->w->clients[s->c].open) {
        world_disconnect(s->w, s->c);
    }
    world_run(s->w, DUR_S(1));
    free(text);
}

static void message_too_long(struct scene *s)
{
    char *text = scene_upload("x", 9000);

    scene_say(s, s->c, "CALL:1");
    scene_say(s, s->c, text);
    world_run(s->w, DUR_S(3));
    scene_expect(s, world_count(s->w, s->c, "ERROR:WAV_UPLOAD:too_large:") == 1);
    scene_expect(s, s->w->clients[s->c].close_code == 0);
    text[0] = 'w'; /* no upload */
    scene_say(s, s->c, text);
    world_run(s->w, DUR_S(3));
    scene_expect(s, s->w->clients[s->c].close_code == 1009);
    assert_int_equal(world_files(s->w), 0);
    free(text);
}

/* Control text that is never read ends the connection, and its call. */
static void nobody_reads(struct scene *s)
{
    scene_up(s, s->c, "1");
    s->w->clients[s->c].reading = false;
    for (int i = 0; i < 1200 && s->w->clients[s->c].open; i++) {
        world_send(s->w, s->c, "STATS");
    }
    world_run(s->w, DUR_S(2));
}

static void plan_leaves(struct phone_plan *p)
{
    p->bye_ms = 900;
}
static void two_lines(struct world_settings *c)
{
    c->gateway.calls.max_calls = 2;
}
static void small_uploads(struct world_settings *c)
{
    c->gateway.upload_max = 20000;
}
static void small_messages(struct world_settings *c)
{
    c->gateway.max_message = 9000;
}

const struct scenario scene_commands[] = {
    {"any_verbs", any_verbs, NULL, NULL, false},
    {"targets", targets, NULL, NULL, false},
    {"lines_full", lines_full, NULL, two_lines, false},
    {"no_ports", no_ports, NULL, NULL, false},
    {"lists", lists, NULL, NULL, false},
    {"leave_a_list", leaves_a_list, NULL, NULL, false},
    {"plays", plays, NULL, NULL, false},
    {"plays_and_stops", plays_and_stops, NULL, NULL, false},
    {"deletes_what_plays", deletes_what_plays, NULL, NULL, false},
    {"far_end_leaves_while_it_plays", far_end_leaves_while_it_plays, plan_leaves, NULL, false},
    {"queue_of_files_full", queue_of_files_full, NULL, NULL, false},
    {"uploads", uploads, NULL, NULL, false},
    {"upload_in_fragments", upload_in_fragments, NULL, NULL, false},
    {"upload_refused", upload_refused, NULL, NULL, false},
    {"upload_too_large", upload_too_large, NULL, small_uploads, false},
    {"upload_to_a_broken_disk", upload_to_a_broken_disk, NULL, NULL, false},
    {"upload_and_leave", upload_and_leave, NULL, NULL, false},
    {"message_too_long", message_too_long, NULL, small_messages, false},
    {"nobody_reads", nobody_reads, NULL, NULL, false},
};
const size_t scene_commands_len = sizeof(scene_commands) / sizeof(scene_commands[0]);
