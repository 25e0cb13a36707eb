/* SPDX-License-Identifier: MIT */
/* The engine's clock (docs/style.md, "Nobody keeps the time"):
 *
 *  time_of_a_turn   whoever is called in a turn finds the time at which it began, however long the turn takes; between turns each
 *                   question reads the clock, and the next turn is not before it */
#include "engine.h"
#include "port.h"
#include "support_library.h"

struct heard {
    struct engine *engine;
    mono_us at[4];
    unsigned count;
};

static void wait_beyond(mono_us instant)
{
    while (os_clock_mono() <= instant) {
    }
}

static void hear(void *ctx, const struct line_audio *audio, const void *data, size_t len)
{
    struct heard *h = ctx;

    assert_null(audio);
    assert_non_null(data);
    assert_int_equal(len, 172);
    assert_true(h->count < 4);
    h->at[h->count] = engine_now(h->engine);
    wait_beyond(h->at[h->count]);
    assert_true(engine_now(h->engine) == h->at[h->count]);
    h->count++;
}

static void time_of_a_turn(void **state)
{
    static const uint8_t packet[172] = {0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7};
    struct net_addr local = addr_ipv4(127, 0, 0, 1, 0);
    struct port *ports[2] = {NULL, NULL};
    struct heard h = {.count = 0};

    (void)state;
    assert_int_equal(engine_new(&h.engine), ST_OK);
    h.engine->hear = hear;
    h.engine->hear_ctx = &h;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(port_open(h.engine, &local, 0, &ports[i]), ST_OK);
    }
    for (int i = 0; i < 2; i++) { /* each to the other: two sockets are served in one turn */
        local.port = ports[1 - i]->number;
        assert_int_equal(os_udp_send(ports[i]->fd[0], &local, packet, sizeof(packet)), ST_OK);
    }
    mono_us before = engine_now(h.engine);
    wait_beyond(before);
    assert_true(engine_now(h.engine) > before);
    before = engine_now(h.engine);
    assert_int_equal(engine_turn(h.engine, MONO_NEVER), ST_OK);
    assert_int_equal(h.count, 2);
    assert_true(h.at[0] >= before);
    assert_true(h.at[1] == h.at[0]);
    assert_true(engine_now(h.engine) > h.at[1]);
    port_close_unused(h.engine);
    engine_free(h.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(time_of_a_turn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
