/* SPDX-License-Identifier: MIT */
/* Our address changes under a gateway that is registered and has calls. The phone is the registrar too.
 *
 *  told_another      netlink's word: REGISTER moves the binding, OPTIONS goes at once; the next INVITE, its SDP and the 200 of an
 *                    incoming call name the new address; the calls that are up go on and end     RFC 3261 8.1.1.8, 10.2, 12.2.1.1
 *  seen_at_another   received and rport in an answer do the same for the next call                       RFC 3581
 *  under_way         it changes between INVITE and answer: what belongs to that INVITE stays as it was    9.1, 17.1.1.3
 *  advertised        --advertise: nothing is learnt
 *  not_registered    without --sip-register the calls follow all the same
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "incoming.h"

static struct world *open_registered(uint64_t seed, bool registers, bool learns)
{
    struct world_settings settings = world_settings();

    settings.gateway.calls.incoming = CALLS_INCOMING_RING;
    settings.sip.registers = registers;
    settings.sip.expires_s = 600;
    settings.sip.keepalive = DUR_S(30);
    settings.sip.learn_local = learns;
    settings.gateway.calls.no_media = 0;
    struct world *w = world_try_new(seed, &settings, false);
    assert_non_null(w);
    w->phone.plan.registrar = true;
    return w;
}

static void start(struct world *w)
{
    sip_stack_start(w->sip, w->now);
    world_run(w, DUR_S(2));
}

static void finish(struct world *w)
{
    world_stop(w);
    world_run(w, DUR_S(1));
    world_end(w);
}

/* The newest message to the phone that begins so. */
static const char *newest(const struct world *w, const char *prefix)
{
    size_t n = world_messages(w, true, prefix);
    return world_message(w, true, prefix, n > 0 ? n - 1 : 0);
}

static void has(const struct world *w, const char *message, const char *text)
{
    if (strstr(message, text) == NULL) {
        world_ladder(w);
        fail_msg("no %s in\n%s", text, message);
    }
}

static void has_not(const char *message, const char *text)
{
    if (strstr(message, text) != NULL) {
        fail_msg("%s in\n%s", text, message);
    }
}

/* Contact, Via and SDP of a new call; address and port as they stand in Contact. */
static void names(struct world *w, const char *message, const char *ip, const char *contact, bool via)
{
    char text[96];

    snprintf(text, sizeof(text), "\r\nContact: <sip:voip@%s>", contact);
    has(w, message, text);
    snprintf(text, sizeof(text), "\r\nc=IN IP4 %s\r\n", ip);
    has(w, message, text);
    snprintf(text, sizeof(text), " IN IP4 %s\r\ns=", ip);
    has(w, message, text);
    if (via) {
        snprintf(text, sizeof(text), "Via: SIP/2.0/UDP %s;", contact);
        has(w, message, text);
    }
}

static void move(struct world *w, uint8_t last)
{
    const struct net_addr local = addr_ipv4(10, 0, 7, last, 5062);
    gateway_set_media_addr(w->gateway, &local);
    sip_stack_set_local(w->sip, w->now, &local);
}

static void told_another(void **state)
{
    struct world *w = open_registered(1, true, true);
    size_t out = world_connect(w);
    size_t in = listener(w);

    (void)state;
    start(w);
    has(w, newest(w, "REGISTER"), "\r\nContact: <sip:voip@10.0.0.1:5062>;expires=600\r\n");
    world_send(w, out, "CALL:0912");
    world_wait(w, out, "CALL_STATE:established", S5);
    names(w, newest(w, "INVITE"), "10.0.0.1", "10.0.0.1:5062", true);
    struct caller *before = caller_call(w, "1", "2", NULL);
    status_is(w, before, 180);
    world_send(w, in, "ANSWER");
    status_is(w, before, 200);
    names(w, before->response, "10.0.0.1", "10.0.0.1:5062", false);
    size_t options = world_messages(w, true, "OPTIONS");
    move(w, 7);
    world_run(w, DUR_MS(100));
    assert_int_equal(world_messages(w, true, "OPTIONS"), options + 1);
    assert_int_equal(world_messages(w, true, "REGISTER"), 2);
    has(w, newest(w, "REGISTER"),
        "\r\nContact: <sip:voip@10.0.7.7:5062>;expires=600, <sip:voip@10.0.0.1:5062>;expires=0\r\n");
    has(w, newest(w, "REGISTER"), "Via: SIP/2.0/UDP 10.0.7.7:5062;");
    assert_true(sip_stack_is_registered(w->sip));
    /* both calls go on, and end in their dialogs */
    size_t sent = w->sent_count;
    world_run(w, DUR_S(1));
    assert_true(w->sent_count - sent >= 98);
    world_send(w, in, "HANGUP");
    world_run(w, DUR_MS(100));
    assert_int_equal(before->byes, 1);
    phone_request(w, "BYE", NULL, NULL);
    world_run(w, DUR_MS(100));
    assert_string_equal(last_text(w, out), "CALL_STATE:ended:200:OK");
    /* the next ones in both directions */
    world_send(w, out, "CALL:0913");
    world_run(w, DUR_MS(500));
    names(w, newest(w, "INVITE"), "10.0.7.7", "10.0.7.7:5062", true);
    assert_string_equal(last_text(w, out), "CALL_STATE:established");
    struct caller *after = caller_call(w, "1", "2", NULL);
    status_is(w, after, 180);
    world_send(w, in, "ANSWER");
    status_is(w, after, 200);
    names(w, after->response, "10.0.7.7", "10.0.7.7:5062", false);
    finish(w);
}

/* It moves while its REGISTER is out and while an INVITE waits for its answer. */
static void under_way(void **state)
{
    struct world *w = open_registered(2, true, true);
    size_t c = world_connect(w);

    (void)state;
    start(w);
    w->phone.plan.final_ms = -1;
    world_send(w, c, "CALL:0912");
    world_wait(w, c, "CALL_STATE:ringing", S5);
    move(w, 7);
    move(w, 8); /* before the answer to the first */
    world_run(w, DUR_S(1));
    has(w, newest(w, "REGISTER"),
        "\r\nContact: <sip:voip@10.0.7.8:5062>;expires=600, <sip:voip@10.0.7.7:5062>;expires=0\r\n");
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(1));
    has(w, newest(w, "CANCEL"), "Via: SIP/2.0/UDP 10.0.0.1:5062;");
    has(w, newest(w, "ACK"), "Via: SIP/2.0/UDP 10.0.0.1:5062;");
    /* a 407: the second INVITE of the call says where we are now */
    w->phone.plan.challenge = 407;
    w->phone.plan.final_ms = 100;
    world_send(w, c, "CALL:0912");
    move(w, 9);
    world_run(w, DUR_S(1));
    assert_string_equal(last_text(w, c), "CALL_STATE:established");
    has(w, newest(w, "INVITE"), "\r\nContact: <sip:voip@10.0.7.9:5062>");
    has(w, newest(w, "INVITE"), "Via: SIP/2.0/UDP 10.0.7.9:5062;");
    world_send(w, c, "HANGUP");
    world_run(w, DUR_MS(100));
    has(w, newest(w, "BYE"), "Via: SIP/2.0/UDP 10.0.7.9:5062;");
    finish(w);
}

static void seen_at_another(void **state)
{
    struct world *w = open_registered(3, true, true);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.seen = ";received=203.0.113.9;rport=40000";
    start(w);
    assert_int_equal(world_logged(w, "The SIP server sees us at 203.0.113.9:40000"), 1);
    assert_int_equal(world_messages(w, true, "REGISTER"), 1); /* OPTIONS came first and told */
    has(w, newest(w, "REGISTER"), "\r\nContact: <sip:voip@203.0.113.9:40000>;expires=600\r\n");
    world_send(w, c, "CALL:0912");
    world_wait(w, c, "CALL_STATE:established", S5);
    names(w, newest(w, "INVITE"), "203.0.113.9", "203.0.113.9:40000", true);
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(31));
    /* the router got another address: a keepalive tells */
    w->phone.plan.seen = ";received=198.51.100.4;rport=1024";
    world_run(w, DUR_S(31));
    has(w, newest(w, "REGISTER"),
        "\r\nContact: <sip:voip@198.51.100.4:1024>;expires=600, <sip:voip@203.0.113.9:40000>;expires=0\r\n");
    world_send(w, c, "CALL:0912");
    world_run(w, DUR_S(1));
    names(w, newest(w, "INVITE"), "198.51.100.4", "198.51.100.4:1024", true);
    /* and no router at all any more: netlink's word counts until an answer says otherwise */
    w->phone.plan.seen = NULL;
    move(w, 7);
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(1));
    world_send(w, c, "CALL:0912");
    world_run(w, DUR_S(1));
    names(w, newest(w, "INVITE"), "10.0.7.7", "10.0.7.7:5062", true);
    has_not(newest(w, "INVITE"), "198.51.100.4");
    finish(w);
}

static void advertised(void **state)
{
    struct world *w = open_registered(4, true, false);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.seen = ";received=203.0.113.9;rport=40000";
    start(w);
    world_send(w, c, "CALL:0912");
    world_wait(w, c, "CALL_STATE:established", S5);
    names(w, newest(w, "INVITE"), "10.0.0.1", "10.0.0.1:5062", true);
    assert_int_equal(world_messages(w, true, "REGISTER"), 1);
    finish(w);
}

static void not_registered(void **state)
{
    struct world *w = open_registered(5, false, true);
    size_t c = world_connect(w);

    (void)state;
    w->phone.plan.seen = ";received=203.0.113.9;rport=40000";
    start(w);
    world_send(w, c, "CALL:0912");
    world_wait(w, c, "CALL_STATE:established", S5);
    names(w, newest(w, "INVITE"), "203.0.113.9", "203.0.113.9:40000", true);
    w->phone.plan.seen = NULL;
    move(w, 7);
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(1));
    world_send(w, c, "CALL:0912");
    world_run(w, DUR_S(1));
    names(w, newest(w, "INVITE"), "10.0.7.7", "10.0.7.7:5062", true);
    assert_int_equal(world_messages(w, true, "REGISTER"), 0);
    finish(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(told_another), cmocka_unit_test(under_way),      cmocka_unit_test(seen_at_another),
        cmocka_unit_test(advertised),   cmocka_unit_test(not_registered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
