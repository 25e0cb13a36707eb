/* SPDX-License-Identifier: MIT */
/* The life of calls with the scripted phone as the far end; the rules are those of ../call/test_calls.c and ../sip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scene.h"

#define LONG DUR_S(45)

static void answer(struct scene *s)
{
    scene_up(s, s->c, "0938220136");
    world_run(s->w, (dur_us)scene_below(s, 1500000));
    scene_say(s, s->c, "HANGUP");
    scene_until(s, s->c, "CALL_STATE:ended:200:", DUR_S(4));
    scene_expect(s, scene_ended(s, s->c, "") == 1);
}

/* Whatever the phone says, the call comes to this end by itself. */
static void comes_to(struct scene *s, const char *how)
{
    scene_say(s, s->c, "CALL:0938220136");
    scene_until(s, s->c, how, LONG);
    scene_expect(s, scene_ended(s, s->c, "") == 1);
}

static void ends_486(struct scene *s)
{
    comes_to(s, "CALL_STATE:ended:486:");
    scene_say(s, s->c, "CALL:0938220136"); /* the line is free */
    scene_until(s, s->c, "CALL_STATE:trying", DUR_S(1));
    world_run(s->w, DUR_S(1));
}

static void ends_401(struct scene *s)
{
    comes_to(s, "CALL_STATE:ended:401:");
}

static void ends_408(struct scene *s)
{
    comes_to(s, "CALL_STATE:ended:408:");
}

static void ends_488(struct scene *s)
{
    comes_to(s, "CALL_STATE:ended:488:");
}

static void ends_302(struct scene *s)
{
    comes_to(s, "CALL_STATE:ended:302:");
}

static void ends_200(struct scene *s)
{
    comes_to(s, "CALL_STATE:ended:200:");
}

static void ends_0(struct scene *s)
{
    comes_to(s, "CALL_STATE:ended:0:");
}

static void rings_and_is_cancelled(struct scene *s)
{
    scene_say(s, s->c, "CALL:0938220136");
    scene_until(s, s->c, "CALL_STATE:ringing", DUR_S(8));
    world_run(s->w, (dur_us)scene_below(s, 1000000));
    scene_say(s, s->c, "HANGUP");
    scene_until(s, s->c, "CALL_STATE:ended:487:", DUR_S(4));
    world_run(s->w, DUR_S(2));
}

/* HANGUP at any time from the CALL on. */
static void hangs_up_any_time(struct scene *s)
{
    scene_say(s, s->c, "CALL:0938220136");
    world_run(s->w, (dur_us)scene_below(s, 1200000));
    scene_say(s, s->c, "HANGUP");
    scene_until(s, s->c, "CALL_STATE:ended:", DUR_S(4));
}

static void leaves_any_time(struct scene *s)
{
    scene_say(s, s->c, "CALL:0938220136");
    world_run(s->w, (dur_us)scene_below(s, 1500000));
    if (s->w->clients[s->c].open) {
        world_disconnect(s->w, s->c);
    }
    world_run(s->w, DUR_S(2));
    assert_int_equal(s->w->ports_open, 0); /* the media goes with the client, whatever SIP has still to say */
}

static void both_hang_up(struct scene *s)
{
    if (scene_up(s, s->c, "0938220136")) {
        world_run(s->w, (dur_us)scene_below(s, 300000));
        phone_request(s->w, "BYE", NULL, NULL);
        world_run(s->w, (dur_us)scene_below(s, 500000));
        if (s->w->clients[s->c].in_call) {
            scene_say(s, s->c, "HANGUP");
        }
    }
    scene_until(s, s->c, "CALL_STATE:ended:200:", LONG);
}

static void calls_again_at_once(struct scene *s)
{
    scene_up(s, s->c, "0938220136");
    for (int i = 0; i < 3; i++) {
        scene_say(s, s->c, "HANGUP");
        scene_say(s, s->c, "CALL:0911222333");
        world_run(s->w, (dur_us)scene_below(s, 800000));
    }
}

static void two_clients(struct scene *s)
{
    size_t other = world_connect(s->w);

    scene_say(s, s->c, "CALL:1");
    world_run(s->w, (dur_us)scene_below(s, 300000));
    scene_say(s, other, "CALL:2");
    world_run(s->w, DUR_S(2));
    scene_say(s, s->c, "CALL:3"); /* busy */
    if (s->w->clients[other].open) {
        world_disconnect(s->w, other);
    }
    world_run(s->w, DUR_S(1));
}

/* What the ACK to a re-INVITE without offer may answer. */
static const char *late_answer(struct scene *s)
{
    static const char *const answers[] = {
        "v=0\r\no=phone 1 2 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30010 RTP/AVP 0\r\n",
        "v=0\r\no=phone 1 2 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 8\r\n",
        "v=0\r\no=phone 1 2 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"
        "a=sendonly\r\n",
        "v=0\r\no=phone 1 2 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n",
        phone_sdp,
        NULL,
    };
    return answers[scene_below(s, sizeof(answers) / sizeof(answers[0]))];
}

/* What the phone may want in the middle of a call: most of it can be served, some of it not. */
static const char *new_offer(struct scene *s)
{
#define OFFERED "v=0\r\no=phone 1 2 IN IP4 10.0.0.9\r\ns=-\r\nt=0 0\r\nc=IN IP4 "
    static const char *const offers[] = {
        phone_sdp,
        OFFERED "10.0.0.9\r\nm=audio 30010 RTP/AVP 0\r\n",
        OFFERED "10.0.0.10\r\nm=audio 30000 RTP/AVP 8 0\r\n",
        OFFERED "10.0.0.9\r\nm=audio 30000 RTP/AVP 8\r\n",
        OFFERED "10.0.0.9\r\nm=audio 30000 RTP/AVP 8 96\r\na=rtpmap:96 telephone-event/8000\r\na=ptime:40\r\n",
        OFFERED "10.0.0.9\r\nm=audio 30000 RTP/AVP 97\r\na=rtpmap:97 PCMU/8000\r\n",
        OFFERED "10.0.0.9\r\nm=audio 30000 RTP/AVP 0\r\na=sendonly\r\n",
        OFFERED "10.0.0.9\r\nm=audio 30000 RTP/AVP 0\r\na=inactive\r\n",
        OFFERED "10.0.0.9\r\nm=audio 30000 RTP/AVP 0\r\na=recvonly\r\n",
        OFFERED "0.0.0.0\r\nm=audio 30000 RTP/AVP 0\r\n",
        OFFERED "10.0.0.9\r\nm=audio 30000 RTP/AVP 0\r\nm=video 30002 RTP/AVP 31\r\n",
        OFFERED "10.0.0.9\r\nm=audio 30000 RTP/AVP 18\r\n",
        OFFERED "10.0.0.9\r\nm=audio 0 RTP/AVP 0\r\n",
        "v=0\r\n",
    };
#undef OFFERED
    return offers[scene_below(s, sizeof(offers) / sizeof(offers[0]))];
}

static void reinvites(struct scene *s)
{
    if (!scene_up(s, s->c, "0938220136")) {
        return;
    }
    if (scene_below(s, 2) != 0) {
        scene_say(s, s->c, "DTMF:1,2");
    }
    for (unsigned i = scene_below(s, 5); i > 0; i--) {
        bool update = scene_below(s, 4) == 0;
        phone_request(s->w, update ? "UPDATE" : "INVITE", NULL, new_offer(s));
        world_run(s->w, DUR_MS(100) + (dur_us)scene_below(s, 1000000));
        if (!update) {
            phone_request(s->w, "ACK", NULL, NULL);
        }
        world_run(s->w, (dur_us)scene_below(s, 500000));
    }
    phone_request(s->w, "INVITE", NULL, phone_sdp);
    world_run(s->w, DUR_S(1) + DUR_MS(500));
    phone_request(s->w, "ACK", NULL, NULL);
    world_run(s->w, DUR_MS(500));
    phone_request(s->w, "INVITE", NULL, scene_below(s, 2) != 0 ? NULL : "v=0\r\n");
    world_run(s->w, DUR_S(1) + DUR_MS(500));
    phone_request(s->w, "ACK", NULL, late_answer(s));
    world_run(s->w, DUR_S(1));
    scene_say(s, s->c, "HANGUP");
    scene_until(s, s->c, "CALL_STATE:ended:200:", DUR_S(4));
}

/* Requests inside the dialog and none that fit. */
static void odd_requests(struct scene *s)
{
    static const char *const methods[] = {"OPTIONS", "INFO", "UPDATE", "REFER", "NOTIFY", "PRACK", "FOO", "MESSAGE"};

    if (!scene_up(s, s->c, "0938220136")) {
        return;
    }
    for (int i = 0; i < 6; i++) {
        phone_request(s->w, methods[scene_below(s, 8)], NULL, scene_below(s, 3) == 0 ? phone_sdp : NULL);
        world_run(s->w, (dur_us)scene_below(s, 400000));
    }
    scene_say(s, s->c, "HANGUP");
    scene_until(s, s->c, "CALL_STATE:ended:200:", DUR_S(4));
}

/* Requests from nowhere, with a call and without: nothing of ours may be touched by them. */
static void strangers(struct scene *s)
{
    static const char *const methods[] = {"INVITE", "BYE",    "CANCEL",    "OPTIONS",
                                          "ACK",    "UPDATE", "SUBSCRIBE", "REGISTER"};
    char text[1024];

    scene_say(s, s->c, "CALL:0938220136");
    for (unsigned i = 0; i < 8; i++) {
        const char *method = methods[scene_below(s, 8)];
        snprintf(
            text, sizeof(text),
            "%s sip:voip@10.0.0.1:5062 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKstranger%u;rport\r\n"
            "Max-Forwards: 70\r\nFrom: <sip:x@10.0.0.9>;tag=x%u\r\nTo: <sip:voip@10.0.0.1>%s\r\n"
            "Call-ID: stranger-%u\r\nCSeq: 1 %s\r\nContact: <sip:x@10.0.0.9>\r\nContent-Length: 0\r\n\r\n",
            method, i, i, scene_below(s, 2) != 0 ? ";tag=y" : "", i, method);
        world_to_gateway(s->w, text);
        world_run(s->w, (dur_us)scene_below(s, 300000));
    }
    scene_until(s, s->c, "CALL_STATE:established", DUR_S(10));
    scene_expect(s, scene_ended(s, s->c, "") == 0);
}

/* A response of another call, a broken one, and bytes that are none. */
static void garbage(struct scene *s)
{
    char bytes[64];

    scene_say(s, s->c, "CALL:0938220136");
    for (int i = 0; i < 10; i++) {
        rng_token(&s->dice, bytes, 1 + scene_below(s, 60));
        world_to_gateway(s->w, bytes);
        world_to_gateway(s->w, i % 2 != 0 ? "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1\r\n\r\n" : "\r\n\r\n");
        world_run(s->w, (dur_us)scene_below(s, 200000));
    }
    scene_until(s, s->c, "CALL_STATE:established", DUR_S(10));
}

static void stops(struct scene *s)
{
    size_t other = world_connect(s->w);

    scene_say(s, s->c, "CALL:1");
    world_run(s->w, (dur_us)scene_below(s, 1000000));
    scene_say(s, other, "CALL:2");
    world_run(s->w, (dur_us)scene_below(s, 300000));
    world_stop(s->w);
    world_run(s->w, DUR_S(6));
    assert_int_equal(s->w->ports_open, 0);
}

/* ---- plans of the phone ---- */

static void plan_busy(struct phone_plan *p)
{
    p->final_code = 486;
}
static void plan_group(struct phone_plan *p)
{
    p->group = 20;
    p->forks = true;
}
static void plan_401(struct phone_plan *p)
{
    p->challenge = 401;
}
static void plan_407(struct phone_plan *p)
{
    p->challenge = 407;
}
static void plan_refuses(struct phone_plan *p)
{
    p->challenge = 401;
    p->always_challenge = true;
}
static void plan_rings(struct phone_plan *p)
{
    p->final_ms = -1;
}
static void plan_late(struct phone_plan *p)
{
    p->trying_ms = -1;
    p->ring_ms = 400;
    p->final_ms = 900;
}
static void plan_crosses(struct phone_plan *p)
{
    p->final_ms = -1;
    p->answer_on_cancel = true;
}
static void plan_deaf_at_first(struct phone_plan *p)
{
    p->ignore_invites = 2;
}
static void plan_dead(struct phone_plan *p)
{
    p->dead = true;
}
static void plan_no_ack(struct phone_plan *p)
{
    p->ignore_ack = true;
}
static void plan_no_bye(struct phone_plan *p)
{
    p->ignore_bye = true;
}
static void plan_no_cancel(struct phone_plan *p)
{
    p->final_ms = -1;
    p->ignore_cancel = true;
}
static void plan_hangs_up(struct phone_plan *p)
{
    p->bye_ms = 700;
}
static void plan_no_sdp(struct phone_plan *p)
{
    p->sdp = "";
}
/* Bursts of strangers' requests at any time of a call: none is answered, and the call does not notice. */
static void flooded(struct scene *s)
{
    static const char *const methods[] = {"INVITE", "REGISTER", "SUBSCRIBE", "CANCEL", "BYE"};
    char text[512];

    scene_say(s, s->c, "CALL:0938220136");
    for (int round = 0; round < 40; round++) {
        for (uint32_t i = scene_below(s, 60); i > 0; i--) {
            const char *method = methods[scene_below(s, 5)];
            struct net_addr from = addr_ipv4(203, 0, 113, (uint8_t)scene_below(s, 256), 5060);
            int len = snprintf(text, sizeof(text),
                               "%s sip:1@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bK%u\r\n"
                               "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=%u\r\nTo: <sip:c@d>%s\r\nCall-ID: %u\r\n"
                               "CSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
                               method, scene_below(s, 1u << 30), scene_below(s, 9), i % 3 == 0 ? ";tag=x" : "",
                               scene_below(s, 1u << 30), method);
            struct sip_flow flow = sip_stack_flow(s->w->sip, &from);
            sip_stack_input(s->w->sip, s->w->now, &flow, text, (size_t)len);
        }
        world_run(s->w, (dur_us)scene_below(s, 60000));
    }
    scene_expect(s, world_count(s->w, s->c, "CALL_STATE:established") == 1);
    scene_expect(s, world_messages(s->w, true, "SIP/2.0 ") == 0);
    scene_say(s, s->c, "HANGUP");
    scene_until(s, s->c, "CALL_STATE:ended:200:", DUR_S(4));
}

/* The first redirection leads to a denied address, or the minute's calls are used up by them. */
static void redirects_refused(struct scene *s)
{
    comes_to(s, "CALL_STATE:ended:302:");
    scene_expect(s, world_messages(s->w, true, "INVITE sip:other18@") == 0); /* the third (others may be sent again) */
    scene_say(s, s->c, "CALL:other1");
    scene_until(s, s->c,
                s->w->config.calls.calls_per_minute > 0 ? "ERROR:CALL:rate_limited:" : "ERROR:CALL:denied:", DUR_S(1));
}

static void guarded(struct world_settings *c)
{
    c->sip.guard = true;
}
static void no_others(struct world_settings *c)
{
    static const struct dial_rule rules[] = {{false, "other*"}, {true, "*"}};
    c->gateway.calls.dial_rules = rules;
    c->gateway.calls.dial_rule_count = 2;
}
static void few_calls(struct world_settings *c)
{
    c->gateway.calls.calls_per_minute = 3;
}
static void plan_port_0(struct phone_plan *p)
{
    p->sdp = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n";
}
static void plan_g729(struct phone_plan *p)
{
    p->sdp = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 18\r\n";
}
static void plan_early(struct phone_plan *p)
{
    p->early_ms = 30;
    p->final_ms = 1200;
    p->echo = true;
}
static void plan_redirects(struct phone_plan *p)
{
    p->redirects = 3;
}
static void plan_redirects_on(struct phone_plan *p)
{
    p->redirects = 20;
}
static void plan_forks(struct phone_plan *p)
{
    p->forks = true;
}
static void plan_routes(struct phone_plan *p)
{
    p->final_headers = "Record-Route: <sip:10.0.0.9;lr>\r\n";
}
static void plan_bye_challenged(struct phone_plan *p)
{
    p->challenge_bye = 407;
}
static void short_calls(struct world_settings *c)
{
    c->gateway.calls.max_call = DUR_S(3);
}
static void soon_no_media(struct world_settings *c)
{
    c->gateway.calls.no_media = DUR_S(3);
}
static void short_ringing(struct world_settings *c)
{
    c->gateway.calls.ring = DUR_S(5);
}

const struct scenario scene_calls[] = {
    {"answer", answer, NULL, NULL, false},
    {"busy", ends_486, plan_busy, NULL, false},
    {"auth_401", answer, plan_401, NULL, false},
    {"auth_407", answer, plan_407, NULL, false},
    {"wrong_password", ends_401, plan_refuses, NULL, false},
    {"ring_and_cancel", rings_and_is_cancelled, plan_rings, NULL, false},
    {"hangup_any_time", hangs_up_any_time, NULL, NULL, false},
    {"hangup_any_time_late_1xx", hangs_up_any_time, plan_late, NULL, false},
    {"hangup_any_time_auth", hangs_up_any_time, plan_407, NULL, false},
    {"cancel_crosses_200", rings_and_is_cancelled, plan_crosses, NULL, false},
    {"cancel_unanswered", rings_and_is_cancelled, plan_no_cancel, NULL, false},
    {"first_invites_lost", answer, plan_deaf_at_first, NULL, false},
    {"ack_never_comes", answer, plan_no_ack, NULL, false},
    {"bye_unanswered", answer, plan_no_bye, NULL, false},
    {"bye_challenged", answer, plan_bye_challenged, NULL, false},
    {"silent_peer", ends_408, plan_dead, NULL, false},
    {"ring_time_out", ends_408, plan_rings, short_ringing, false},
    {"remote_bye", ends_200, plan_hangs_up, NULL, false},
    {"both_hang_up", both_hang_up, NULL, NULL, false},
    {"leave_any_time", leaves_any_time, NULL, NULL, false},
    {"leave_any_time_late_1xx", leaves_any_time, plan_late, NULL, false},
    {"call_again_at_once", calls_again_at_once, NULL, NULL, false},
    {"two_clients", two_clients, NULL, NULL, false},
    {"answer_without_sdp", ends_488, plan_no_sdp, NULL, false},
    {"answer_port_0", ends_488, plan_port_0, NULL, false},
    {"answer_other_codec", ends_488, plan_g729, NULL, false},
    {"early_media", answer, plan_early, NULL, false},
    {"reinvites", reinvites, NULL, NULL, false},
    {"odd_requests", odd_requests, NULL, NULL, false},
    {"strangers", strangers, NULL, NULL, false},
    {"garbage", garbage, NULL, NULL, false},
    {"redirects", answer, plan_redirects, NULL, false},
    {"redirects_for_ever", ends_302, plan_redirects_on, NULL, false},
    {"redirect_denied", redirects_refused, plan_redirects_on, no_others, false},
    {"redirects_limited", redirects_refused, plan_redirects_on, few_calls, false},
    {"flooded", flooded, NULL, guarded, false},
    {"forks", answer, plan_forks, NULL, false},
    {"ring_group", answer, plan_group, NULL, false},
    {"record_route", answer, plan_routes, NULL, false},
    {"longest_call", ends_0, NULL, short_calls, false},
    {"no_media", ends_0, NULL, soon_no_media, false},
    {"stop", stops, NULL, NULL, false},
};
const size_t scene_calls_len = sizeof(scene_calls) / sizeof(scene_calls[0]);
