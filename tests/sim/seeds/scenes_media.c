/* SPDX-License-Identifier: MIT */
/* Audio; the rules are those of ../call/test_media.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scene.h"
#include "wsframe.h"

static const struct net_addr phone_rtp_addr = {.family = 4, .port = 30000, .ip = {10, 0, 0, 9}};

static void echo_comes_back(struct scene *s)
{
    scene_up(s, s->c, "1");
    world_run(s->w, DUR_S(2));
    const struct world_client *c = &s->w->clients[s->c];
    scene_expect(s, c->rtp_count > 30 || s->w->fail_media_in > 0 || !c->reading);
}

/* The phone's packets cross the wraps of their numbers; each is forwarded once, as it came. */
static void phone_talks(struct scene *s)
{
    uint16_t n = (uint16_t)(65530 + scene_below(s, 6));

    if (!scene_up(s, s->c, "1")) {
        return;
    }
    for (int i = 0; i < 40; i++) {
        world_phone_rtp(s->w, &phone_rtp_addr, scene_below(s, 20) == 0 ? 13 : 0, n++);
        world_run(s->w, DUR_MS(20));
    }
    scene_say(s, s->c, "STATS");
    scene_until(s, s->c, "CALL_STATS:", DUR_S(3));
}

/* A frame of the right length each 20 ms, whatever comes from the phone; no key that was not pressed, none twice. */
static void phone_talks_decoded(struct scene *s)
{
    const struct world_client *c = &s->w->clients[s->c];
    uint16_t n = (uint16_t)(65500 + scene_below(s, 60));

    scene_say(s, s->c, "MEDIA:l16/16000");
    if (!scene_up(s, s->c, "1")) {
        return;
    }
    mono_us begin = s->w->now;
    size_t frames = c->binary_count;
    for (int i = 0; i < 80; i++) {
        static const uint8_t types[] = {0, 0, 0, 0, 0, 8, 13, 101};
        world_phone_rtp(s->w, &phone_rtp_addr, types[scene_below(s, 8)], n);
        n = (uint16_t)(n + (scene_below(s, 10) == 0 ? scene_below(s, 4000) : 1));
        world_run(s->w, (dur_us)scene_below(s, 40000));
    }
    size_t due = (size_t)((s->w->now - begin) / DUR_MS(20));
    due -= s->w->stall_for > 0 ? (size_t)(s->w->stall_for / DUR_MS(20)) : 0; /* what is over 400 ms of it is left out */
    scene_expect(s, !c->reading || c->binary_count - frames + 2 > due);
    assert_int_equal(c->heard_len, c->binary_count * 640);
    assert_true(world_count(s->w, s->c, "DTMF:") <= 80);
}

/* Keys come back from the exchange, each once at most, whatever happens on the way; one overtaken by the next comes behind it. */
static void keys_come_back(struct scene *s)
{
    static const char keys[] = "0123456789*#ABCD";
    char text[] = "DTMF:?";
    size_t told = 0;

    if (!scene_up(s, s->c, "echo")) {
        return;
    }
    scene_say(s, s->c, "DTMF:01234567");
    world_run(s->w, (dur_us)scene_below(s, 1000000));
    scene_say(s, s->c, "DTMF:89*#ABCD");
    world_run(s->w, DUR_S(5));
    for (size_t i = 0; keys[i] != '\0'; i++) {
        text[5] = keys[i];
        size_t times = world_count(s->w, s->c, text);
        assert_true(times <= 1);
        told += times;
    }
    assert_int_equal(world_count(s->w, s->c, "DTMF:"), told);
    scene_expect(s, told == 16);
}

static void formats(struct scene *s)
{
    static const char *const texts[] = {"MEDIA:hex", "MEDIA:rtp",  "MEDIA:off",       "MEDIA:ulaw",
                                        "MEDIA:l16", "MEDIA:alaw", "MEDIA:l16/16000", "MEDIA:nonsense"};

    scene_up(s, s->c, "1");
    for (int i = 0; i < 12; i++) {
        scene_say(s, s->c, texts[scene_below(s, 8)]);
        world_run(s->w, (dur_us)scene_below(s, 100000));
    }
}

/* Bursts of live audio with everything that goes with it, keys too; then nothing is left of it. */
static void live_audio(struct scene *s)
{
    static uint8_t sound[20000];
    static const char *const texts[] = {"MARK:a",    "MARK:b",    "CLEAR",      "PLAY_WAV:w",   "STOP_WAV",
                                        "MEDIA:hex", "MEDIA:rtp", "MEDIA:alaw", "MEDIA:l16",    "MEDIA:l16/16000",
                                        "DTMF:1",    "DTMF:,5#",  "LATENCY:40", "LATENCY:2000", "LATENCY:off"};

    scene_put_wav(s, "w", 3000);
    scene_up(s, s->c, "1");
    for (int i = 0; i < 30 && s->w->clients[s->c].open; i++) {
        if (scene_below(s, 2) == 0) {
            scene_say(s, s->c, texts[scene_below(s, sizeof(texts) / sizeof(texts[0]))]);
        } else {
            size_t len = scene_below(s, 4) == 0 ? scene_below(s, sizeof(sound)) : scene_below(s, 700);
            world_send_frame(s->w, s->c, WSFRAME_FIN | WSFRAME_BINARY, sound, len);
        }
        world_run(s->w, (dur_us)scene_below(s, 200000));
    }
    scene_say(s, s->c, "CLEAR");
    scene_say(s, s->c, "MEDIA:ulaw");
    world_run(s->w, DUR_S(1));
    scene_expect(s, gateway_stats(s->w->gateway).media.live_held == 0);
}

/* Every mark behind speech is told once it is through, however the speech was cut. */
static void marks_come_back(struct scene *s)
{
    static uint8_t sound[4000];
    char text[32];

    if (!scene_up(s, s->c, "1")) {
        return;
    }
    for (int i = 0; i < 8 && s->w->clients[s->c].open; i++) {
        world_send_frame(s->w, s->c, WSFRAME_FIN | WSFRAME_BINARY, sound, 1 + scene_below(s, sizeof(sound) - 1));
        snprintf(text, sizeof(text), "MARK:%d", i);
        scene_say(s, s->c, text);
        world_run(s->w, (dur_us)scene_below(s, 300000));
    }
    world_run(s->w, DUR_S(6));
    scene_expect(s, world_count(s->w, s->c, "MARK:") == 8);
}

static void strangers_talk(struct scene *s)
{
    struct net_addr from = {.family = 4, .port = 30002, .ip = {10, 0, 0, 9}};

    if (!scene_up(s, s->c, "1")) {
        return;
    }
    for (uint16_t i = 0; i < 40; i++) {
        from.ip[3] = (uint8_t)(9 + scene_below(s, 3));
        world_phone_rtp(s->w, &from, (uint8_t)scene_below(s, 128), i);
        world_run(s->w, (dur_us)scene_below(s, 40000));
    }
}

/* None of what was sent went to that host. */
static void never_sent_to(const struct scene *s, const struct net_addr *host)
{
    for (size_t i = 0; i < s->w->sent_count; i++) {
        assert_false(addr_same_ip(&s->w->sent[i].to, host));
    }
}

/* A stranger sends at any time, from before the answer on, with pauses and bursts; the far end, whose SDP is public, is silent now
 * and then. Nothing of the stranger is told, nothing goes there, and the far end is heard when it speaks. */
static void stranger_at_any_time(struct scene *s)
{
    const struct net_addr stranger = addr_ipv4(198, 51, 100, 66, 30000);
    const struct net_addr far_end = addr_ipv4(203, 0, 113, 7, 30000);
    const struct world_client *c = &s->w->clients[s->c];
    uint16_t theirs = 0, ours = 0;

    scene_say(s, s->c, "CALL:1");
    for (int i = 0; i < 60; i++) {
        for (uint32_t n = scene_below(s, 12); n > 0; n--) {
            world_phone_rtp(s->w, &stranger, 0, theirs++);
            world_run(s->w, (dur_us)scene_below(s, 20000));
        }
        for (uint32_t n = scene_below(s, 3) == 0 ? scene_below(s, 10) : 0; n > 0 && c->established; n--) {
            world_phone_rtp(s->w, &far_end, 0, ours++);
        }
        world_run(s->w, (dur_us)scene_below(s, 300000));
    }
    world_run(s->w, DUR_MS(500)); /* whatever the network delays */
    assert_true(c->rtp_count <= ours);
    scene_expect(s, !c->reading || c->rtp_count == ours);
    never_sent_to(s, &stranger);
}

/* A NAT gives ever new ports, and the far end falls silent in between: each time it is heard again within 200 ms and one packet
 * more, and our audio follows. */
static void ports_change(struct scene *s)
{
    struct net_addr from = addr_ipv4(203, 0, 113, 7, 30000);
    const struct world_client *c = &s->w->clients[s->c];
    uint16_t n = 0;

    if (!scene_up(s, s->c, "1")) {
        return;
    }
    for (int i = 0; i < 8 && c->in_call; i++) {
        size_t before = c->rtp_count;
        for (uint32_t count = 15 + scene_below(s, 30); count > 0; count--) {
            world_phone_rtp(s->w, &from, 0, n++);
            world_run(s->w, DUR_MS(20));
        }
        world_run(s->w, DUR_MS(450)); /* whatever the network delays */
        bool orderly = s->w->jitter == 0 && s->w->stall_for == 0;
        scene_expect(s, !orderly || !c->reading || c->rtp_count > before);
        scene_expect(s, !orderly || !c->reading || addr_equal(&s->w->sent[s->w->sent_count - 1].to, &from));
        from.port = (uint16_t)(1024 + scene_below(s, 60000));
        world_run(s->w, (dur_us)scene_below(s, 2) * (dur_us)scene_below(s, 3000000));
    }
}

static void slow_reader(struct scene *s)
{
    scene_up(s, s->c, "1");
    s->w->clients[s->c].reading = false;
    for (uint16_t i = 0; i < 500; i++) {
        world_phone_rtp(s->w, &phone_rtp_addr, 0, i);
        world_run(s->w, DUR_MS(2));
    }
    s->w->clients[s->c].reading = true;
    world_run(s->w, DUR_MS(500));
    scene_expect(s, s->w->clients[s->c].open);
}

static void late_ticks(struct scene *s)
{
    scene_up(s, s->c, "1");
    for (int i = 0; i < 6; i++) {
        world_run(s->w, (dur_us)scene_below(s, 300000));
        world_stall(s->w, (dur_us)scene_below(s, 300000));
    }
    scene_expect(s, s->w->clients[s->c].open);
}

static void plan_echo(struct phone_plan *p)
{
    p->echo = true;
}
static void plan_pcma(struct phone_plan *p)
{
    p->sdp = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 8\r\n";
    p->echo = true;
}
static void plan_public(struct phone_plan *p)
{
    p->sdp =
        "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 203.0.113.7\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0 101\r\n";
}
static void plan_early(struct phone_plan *p)
{
    plan_public(p);
    p->early_ms = 200;
    p->final_ms = 2000;
}
static void plan_ptime(struct phone_plan *p)
{
    p->sdp = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"
             "a=ptime:40\r\n";
}
static void plan_held(struct phone_plan *p)
{
    p->sdp = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"
             "a=sendonly\r\n";
}

const struct scenario scene_media[] = {
    {"echo", echo_comes_back, plan_echo, NULL, false},
    {"echo_pcma", echo_comes_back, plan_pcma, NULL, false},
    {"phone_talks", phone_talks, NULL, NULL, false},
    {"phone_talks_ptime_40", phone_talks, plan_ptime, NULL, false},
    {"phone_talks_sendonly", phone_talks, plan_held, NULL, false},
    {"phone_talks_decoded", phone_talks_decoded, NULL, NULL, false},
    {"formats", formats, plan_echo, NULL, false},
    {"live_audio", live_audio, NULL, NULL, false},
    {"live_audio_ptime_40", live_audio, plan_ptime, NULL, false},
    {"live_audio_pcma", live_audio, plan_pcma, NULL, false},
    {"marks_come_back", marks_come_back, plan_echo, NULL, false},
    {"keys_come_back", keys_come_back, NULL, NULL, true},
    {"strangers_talk", strangers_talk, NULL, NULL, false},
    {"stranger_at_any_time", stranger_at_any_time, plan_public, NULL, false},
    {"stranger_while_early", stranger_at_any_time, plan_early, NULL, false},
    {"ports_change", ports_change, plan_public, NULL, false},
    {"slow_reader", slow_reader, NULL, NULL, false},
    {"late_ticks", late_ticks, plan_echo, NULL, false},
};
const size_t scene_media_len = sizeof(scene_media) / sizeof(scene_media[0]);
