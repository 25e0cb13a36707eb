/* SPDX-License-Identifier: MIT */
/* What the scenarios of incoming calls share. */
#ifndef TESTS_SIM_INCOMING_H
#define TESTS_SIM_INCOMING_H

#include "world.h"

#define S5 DUR_S(5)

static inline struct world *open_world(uint64_t seed, enum calls_incoming incoming)
{
    struct gateway_config config = world_config();

    config.calls.incoming = incoming;
    return world_new(seed, &config);
}

/* A client that listens. */
static inline size_t listener(struct world *w)
{
    size_t c = world_connect(w);

    world_send(w, c, "LISTEN");
    assert_int_equal(world_count(w, c, "ERROR:"), 0);
    return c;
}

static inline void status_is(struct world *w, const struct caller *c, int code)
{
    world_run(w, DUR_MS(100));
    if (c->status != code) {
        world_ladder(w);
    }
    assert_int_equal(c->status, code);
}

static inline const char *last_text(const struct world *w, size_t c)
{
    const struct world_client *client = &w->clients[c];
    return client->text_count > 0 ? client->texts[client->text_count - 1] : "";
}

#endif
