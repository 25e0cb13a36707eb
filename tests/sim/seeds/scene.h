/* SPDX-License-Identifier: MIT */
/* A scenario under conditions drawn from a seed. With a network that loses nothing a scenario's own expectations hold;
 * whatever the conditions, the world's rules do (../call/world.h, ../call/legal.h). */
#ifndef TESTS_SIM_SCENE_H
#define TESTS_SIM_SCENE_H

#include "world.h"

struct scene {
    struct world *w;
    uint64_t dice_state;
    struct rng dice;
    bool strict; /* nothing is lost and nothing fails: what is expected must come */
    size_t c;    /* the first client */
};

struct scenario {
    const char *name;
    void (*run)(struct scene *s);
    void (*plan)(struct phone_plan *plan); /* NULL: the phone rings and answers */
    void (*configure)(struct world_settings *settings);
    bool mirror; /* the loopback exchange is the far end */
};

size_t scene_count(void);
const struct scenario *scene_at(size_t index);
const struct scenario *scene_named(const char *name);

/* Draws the conditions and runs it to its end, everything checked and freed. plain: memory fails, and nothing else does.
 * *current is the scene while it runs, for whoever prints a failure. */
void scene_play(const struct scenario *scenario, uint64_t seed, bool plain, struct scene *current);
/* The same in parts, for a world in which memory fails. False: the world could not be made. */
bool scene_open(const struct scenario *scenario, uint64_t seed, bool plain, struct scene *s);
void scene_close(struct scene *s);

/* ---- for scenarios ---- */
uint32_t scene_below(struct scene *s, uint32_t bound);
void scene_say(struct scene *s, size_t client, const char *text);
/* Runs until client has a text that begins so; false when it does not come (a failure when strict). */
bool scene_until(struct scene *s, size_t client, const char *prefix, dur_us limit);
#define scene_expect(s, what)                                                                                          \
    do {                                                                                                               \
        if ((s)->strict && !(what)) {                                                                                  \
            fail_msg("not so: %s", #what);                                                                             \
        }                                                                                                              \
    } while (0)
/* CALL and the wait for established. */
bool scene_up(struct scene *s, size_t client, const char *target);
void scene_put_wav(struct scene *s, const char *name, uint32_t samples);
/* A WAV_UPLOAD message; the caller frees it. */
char *scene_upload(const char *name, uint32_t samples);
/* How many calls of that client ended so. */
size_t scene_ended(const struct scene *s, size_t client, const char *how);

extern const struct scenario scene_calls[], scene_commands[], scene_media[], scene_mirror[], scene_incoming[];
extern const size_t scene_calls_len, scene_commands_len, scene_media_len, scene_mirror_len, scene_incoming_len;

#endif
