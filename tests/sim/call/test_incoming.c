/* Incoming calls, from the caller's INVITE to the clients' words (--incoming). Numbers are sections of RFC 3261.
 *
 *  reject            the default: 480, no state
 *  nobody            480 when nobody listens, 486 when all that listen are in a call, 486 over --max-calls
 *  answer            180, INCOMING, ANSWER: 200, established, audio both ways, HANGUP: BYE            13.3.1
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

static struct world *open_world(uint64_t seed, enum bridge_incoming incoming)
{
    struct bridge_config config = world_config();

    config.incoming = incoming;
    return world_new(seed, &config);
}

/* A client that listens. */
static size_t listener(struct world *w)
{
    size_t c = world_connect(w);

    world_send(w, c, "LISTEN");
    assert_int_equal(world_count(w, c, "ERROR:"), 0);
    return c;
}

static void status_is(struct world *w, const struct caller *c, int code)
{
    world_run(w, DUR_MS(100));
    if (c->status != code) {
        world_ladder(w);
    }
    assert_int_equal(c->status, code);
}

static const char *last_text(const struct world *w, size_t c)
{
    const struct world_client *client = &w->clients[c];
    return client->text_count > 0 ? client->texts[client->text_count - 1] : "";
}

static void refused_by_default(void **state)
{
    struct world *w = open_world(1, BRIDGE_INCOMING_REJECT);
    size_t c = world_connect(w);

    (void)state;
    world_send(w, c, "LISTEN");
    assert_int_equal(world_count(w, c, "ERROR:LISTEN:denied:"), 1);
    world_send(w, c, "ANSWER");
    assert_int_equal(world_count(w, c, "ERROR:ANSWER:no_call:"), 1);
    world_send(w, c, "REJECT");
    assert_int_equal(world_count(w, c, "ERROR:REJECT:no_call:"), 1);
    world_send(w, c, "UNLISTEN");
    assert_int_equal(world_count(w, c, "ERROR:"), 3);
    status_is(w, caller_call(w, "100", "200", NULL), 480);
    assert_int_equal(bridge_stats(w->bridge).calls, 0);
    world_end(w);
}

static void answered(void **state)
{
    struct world *w = open_world(2, BRIDGE_INCOMING_RING);
    size_t c = listener(w);

    (void)state;
    struct caller *a = caller_call(w, "0921367101", "5000", NULL);
    status_is(w, a, 180);
    assert_string_equal(last_text(w, c), "INCOMING:0921367101:5000");
    assert_int_equal(w->ports_open, 0);
    world_send(w, c, "ANSWER");
    assert_string_equal(last_text(w, c), "CALL_STATE:established");
    status_is(w, a, 200);
    assert_int_equal(a->acks, 1);
    world_run(w, DUR_S(2));
    assert_true(w->phone.rtp_packets >= 100);
    assert_false(w->phone.rtp_gap);
    world_phone_rtp(w, &(struct net_addr){.family = 4, .port = 30000, .ip = {10, 0, 0, 9}}, 0, 7);
    world_run(w, DUR_MS(100));
    assert_int_equal(w->clients[c].rtp_count, 1);
    world_send(w, c, "HANGUP");
    assert_string_equal(last_text(w, c), "CALL_STATE:ended:200:OK");
    world_run(w, DUR_S(1));
    assert_int_equal(a->byes, 1);
    assert_int_equal(a->oks, 1);
    assert_int_equal(world_count(w, c, "CALL_STATS:call_id=caller-0 "), 1);
    assert_non_null(strstr(w->clients[c].texts[2], " recording=rec/0921367101-caller0"));
    assert_int_equal(world_count(w, c, "INCOMING_GONE:"), 0);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_by_default),
        cmocka_unit_test(answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
