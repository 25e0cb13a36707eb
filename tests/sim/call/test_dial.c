/* SPDX-License-Identifier: MIT */
/* Toll fraud and floods over the whole gateway on a virtual clock.
 *
 *  rules            --dial-allow, --dial-deny: denied, nothing sent, nothing counted against the minute
 *  rate             --calls-per-minute: each address (of IPv6 each /64), each token; what is not dialled costs nothing
 *  readings         one number written in every way, as a target and as a redirection
 *  redirects        a 3xx goes through the same rules and each counts; the next address is tried
 *  flood            strangers on the SIP port: packets leave on their ticks, none is lost, the call ends as it should
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "world.h"

#define S5 DUR_S(5)

static struct world *open_world(const struct dial_rule *rules, uint32_t count, uint32_t calls_per_minute)
{
    struct gateway_config config = world_config();
    config.calls.dial_rules = rules;
    config.calls.dial_rule_count = count;
    config.calls.calls_per_minute = calls_per_minute;
    return world_new(3, &config);
}

static void denied(struct world *w, size_t c, const char *command, const char *answer)
{
    size_t invites = world_messages(w, true, "INVITE ");
    size_t before = world_count(w, c, answer);
    world_send(w, c, command);
    world_run(w, DUR_MS(100));
    if (world_count(w, c, answer) != before + 1) {
        fail_msg("%s: not %s", command, answer);
    }
    assert_int_equal(world_messages(w, true, "INVITE "), invites);
    assert_int_equal(w->ports_open, 0);
}

static void one_call(struct world *w, size_t c, const char *command)
{
    size_t before = world_count(w, c, "CALL_STATE:ended:");
    world_send(w, c, command);
    world_run(w, DUR_MS(500));
    world_send(w, c, "HANGUP");
    world_run(w, DUR_MS(500));
    assert_int_equal(world_count(w, c, "CALL_STATE:ended:"), before + 1);
}

static void rules(void **state)
{
    static const struct dial_rule list[] = {{true, "0900123456"}, {false, "0900*"},          {true, "09*"},
                                            {true, "echo"},       {false, "*@evil.example"}, {true, "2??"}};
    struct world *w = open_world(list, 6, 1);
    size_t c = world_connect(w);
    (void)state;
    for (int i = 0; i < 12; i++) {
        denied(w, c, "CALL:0900-111-222", "ERROR:CALL:denied:");
    }
    denied(w, c, "CALL:+886912345678", "ERROR:CALL:denied:");
    denied(w, c, "CALL:sip:%30%39%30%30111222@anywhere.example", "ERROR:CALL:denied:");
    denied(w, c, "CALL:sip:0-900-111@anywhere.example", "ERROR:CALL:denied:");
    denied(w, c, "CALL:sip:201@evil.example", "ERROR:CALL:denied:");
    denied(w, c, "CALL:2011", "ERROR:CALL:denied:");
    denied(w, c, "CALL:sip:anywhere.example", "ERROR:CALL:denied:");
    denied(w, c, "CALL:not a target", "ERROR:CALL:bad_argument:");
    assert_int_equal(world_logged(w, "denied by --dial-allow, --dial-deny"), 5);
    assert_int_equal(gateway_stats(w->gateway).calls_denied, 18);
    one_call(w, c, "CALL:0900-123-456"); /* the minute's one call is still there */
    world_run(w, DUR_S(60));
    one_call(w, c, "CALL:sip:201@anywhere.example");
    assert_int_equal(gateway_stats(w->gateway).calls_limited, 0);
    world_end(w);
}

static void rate(void **state)
{
    struct world *w = open_world(NULL, 0, 3);
    size_t a = world_connect(w);
    size_t b = world_connect(w); /* of the same address */
    size_t t = world_connect(w);
    size_t u = world_connect(w);
    (void)state;
    assert_int_equal(gateway_client_token(w->gateway, w->clients[t].id, SPAN_LIT("one")), ST_OK);
    assert_int_equal(gateway_client_token(w->gateway, w->clients[u].id, SPAN_LIT("one")), ST_OK);
    one_call(w, a, "CALL:1");
    one_call(w, b, "CALL:2");
    denied(w, a, "CALL:", "ERROR:CALL:bad_argument:");
    denied(w, a, "CALL:a b", "ERROR:CALL:bad_argument:");
    one_call(w, a, "CALL:3");
    denied(w, a, "CALL:4", "ERROR:CALL:rate_limited:");
    denied(w, b, "CALL:4", "ERROR:CALL:rate_limited:");
    one_call(w, t, "CALL:5");
    one_call(w, u, "CALL:6");
    one_call(w, t, "CALL:7");
    denied(w, u, "CALL:8", "ERROR:CALL:rate_limited:");
    world_disconnect(w, a);
    world_run(w, DUR_S(1));
    a = world_connect(w); /* a new connection is no new minute */
    denied(w, a, "CALL:9", "ERROR:CALL:rate_limited:");
    assert_int_equal(gateway_stats(w->gateway).calls_limited, 4);
    assert_int_equal(world_logged(w, "is over --calls-per-minute"), 4);
    assert_int_equal(world_logged(w, "one"), 0); /* never a token */
    world_run(w, DUR_S(20));
    one_call(w, a, "CALL:10");
    world_end(w);
}

static size_t connect_from(struct world *w, const char *host)
{
    struct net_addr addr;
    assert_int_equal(addr_parse_ip(span_cstr(host), &addr), ST_OK);
    return world_connect_from(w, &addr);
}

/* Whoever has one IPv6 address has its whole /64: a new address for each call is no new minute, nor five lines more. */
static void rate_of_a_network(void **state)
{
    char host[64];
    struct world *w = open_world(NULL, 0, 2);
    (void)state;
    for (int i = 0; i < 12; i++) {
        (void)snprintf(host, sizeof(host), "2001:db8:0:1:%x::%d", i * 4099, i + 1);
        size_t c = connect_from(w, host);
        if (i < 2) {
            one_call(w, c, "CALL:1");
        } else {
            denied(w, c, "CALL:1", "ERROR:CALL:rate_limited:");
        }
        world_disconnect(w, c);
        world_run(w, DUR_MS(10));
    }
    assert_int_equal(world_logged(w, "is over --calls-per-minute"), 5);
    one_call(w, connect_from(w, "2001:db8:0:2::1"), "CALL:1"); /* another network */
    size_t four = connect_from(w, "192.0.2.1");
    size_t mapped = connect_from(w, "::ffff:192.0.2.1"); /* the same host */
    one_call(w, four, "CALL:1");
    one_call(w, mapped, "CALL:1");
    denied(w, four, "CALL:1", "ERROR:CALL:rate_limited:");
    one_call(w, connect_from(w, "192.0.2.2"), "CALL:1"); /* IPv4: each address is a source */
    world_end(w);
}

static void redirect_denied(void **state)
{
    static const struct dial_rule list[] = {{false, "other*"}};
    struct world *w = open_world(list, 1, 0);
    size_t c = world_connect(w);
    (void)state;
    w->phone.plan.redirects = 1;
    world_send(w, c, "CALL:0912");
    world_wait(w, c, "CALL_STATE:ended:302:", S5);
    assert_int_equal(world_messages(w, true, "INVITE "), 1);
    assert_int_equal(world_logged(w, "Call to sip:other1@10.0.0.9 from 127.0.0.1:"), 1);
    world_end(w);
}

/* One "no 0900", and what must not get past it by any door. */
static void readings_denied(void **state)
{
    static const struct dial_rule list[] = {{false, "0900*"}};
    static const char *const commands[] = {
        "CALL:sip:0900123456",
        "CALL:sip:x@0900123456",
        "CALL:0_900_123456",
        "CALL:0x900123456",
        "CALL:sip:12,0900123456@pbx.example",
        "CALL:sip:12:0900123456@pbx.example",
        "CALL:sip:12@pbx.example;phone-context=0900;user=phone",
        "CALL:#31#0900123456",
        "CALL:+0900123456",
        "CALL:sip:%EF%BC%90%EF%BC%99%EF%BC%90%EF%BC%90@pbx.example",
    };
    static const char *const contacts[] = {"sip:0900123456", "sip:x@0900123456", "sip:12%2C0900123456@10.0.0.9"};
    struct world *w = open_world(list, 1, 0);
    size_t c = world_connect(w);
    (void)state;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        denied(w, c, commands[i], "ERROR:CALL:denied:");
    }
    for (size_t i = 0; i < sizeof(contacts) / sizeof(contacts[0]); i++) {
        size_t invites = world_messages(w, true, "INVITE ");
        w->phone.plan.redirects = 1;
        w->phone.plan.redirect_to = contacts[i];
        one_call(w, c, "CALL:0912");
        assert_int_equal(world_messages(w, true, "INVITE "), invites + 1);
    }
    assert_int_equal(world_count(w, c, "CALL_STATE:ended:302:"), 3);
    world_end(w);
}

static void redirects_count(void **state)
{
    struct world *w = open_world(NULL, 0, 3);
    size_t c = world_connect(w);
    (void)state;
    w->phone.plan.redirects = 4;
    world_send(w, c, "CALL:0912");
    world_wait(w, c, "CALL_STATE:ended:302:", S5);
    assert_int_equal(world_messages(w, true, "INVITE "), 3);
    assert_int_equal(world_logged(w, "is over --calls-per-minute"), 1);
    denied(w, c, "CALL:1", "ERROR:CALL:rate_limited:");
    world_run(w, DUR_S(60));
    w->phone.plan.redirects = 1;
    world_send(w, c, "CALL:0912");
    world_wait(w, c, "CALL_STATE:established", S5);
    world_end(w);
}

/* ---- flood ---- */

static void flood(struct world *w, const char *arg)
{
    char text[512];
    (void)arg;
    for (int i = 0; i < 400; i++) {
        struct net_addr from = addr_ipv4(203, 0, (uint8_t)(i % 4), (uint8_t)rng_below(&w->rng, 250), 5060);
        int len = snprintf(text, sizeof(text),
                           "%s sip:%d@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK%u\r\n"
                           "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=%d\r\nTo: <sip:c@d>\r\nCall-ID: %u\r\n"
                           "CSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
                           i % 2 == 0 ? "INVITE" : "REGISTER", i, rng_u32(&w->rng), i, rng_u32(&w->rng),
                           i % 2 == 0 ? "INVITE" : "REGISTER");
        struct sip_flow flow = sip_stack_flow(w->sip, &from);
        sip_stack_input(w->sip, w->now, &flow, text, (size_t)len);
    }
}

static void flood_beside_a_call(void **state)
{
    struct world_settings settings = world_settings();
    (void)state;
    settings.sip.guard = true;
    struct world *w = world_try_new(4, &settings, false);
    assert_non_null(w);
    size_t c = world_connect(w);
    world_send(w, c, "CALL:0912");
    world_wait(w, c, "CALL_STATE:established", S5);
    world_run(w, DUR_S(1));
    struct sip_stats before = sip_stack_stats(w->sip);
    size_t sent = w->sent_count;
    size_t messages = w->message_count;
    for (int ms = 0; ms < 10000; ms += 7) {
        world_at(w, DUR_MS(ms), flood, NULL);
    }
    world_run(w, DUR_S(10));
    struct sip_stats after = sip_stack_stats(w->sip);
    assert_int_equal(w->sent_count - sent, 500);
    for (size_t i = sent; i < w->sent_count; i++) {
        assert_int_equal(w->sent[i].at % MEDIA_TICK_US, 0);
        assert_int_equal(w->sent[i].at - w->sent[i - 1].at, MEDIA_TICK_US);
        assert_int_equal((uint16_t)(w->sent[i].sequence - w->sent[i - 1].sequence), 1);
    }
    assert_int_equal(gateway_stats(w->gateway).media.ticks_skipped, 0);
    assert_int_equal(w->message_count, messages); /* not one answer */
    assert_int_equal(after.transactions, before.transactions);
    assert_int_equal(after.usages, before.usages);
    assert_int_equal(after.timers, before.timers);
    uint64_t read = after.refused - before.refused;
    assert_true(read > 0 && read <= 12000); /* all strangers: 2000 at once and 1000 a second */
    assert_int_equal(after.limited - before.limited + read, 1429 * 400);
    assert_true(world_logged(w, "--sip-allow") <= 33);
    world_send(w, c, "HANGUP");
    world_wait(w, c, "CALL_STATE:ended:200:", S5);
    world_run(w, DUR_S(1));
    assert_int_equal(world_messages(w, false, "SIP/2.0 200"), 2);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules),
        cmocka_unit_test(rate),
        cmocka_unit_test(rate_of_a_network),
        cmocka_unit_test(redirect_denied),
        cmocka_unit_test(readings_denied),
        cmocka_unit_test(redirects_count),
        cmocka_unit_test(flood_beside_a_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
