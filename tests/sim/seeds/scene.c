/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rng_seeded.h"
#include "scene.h"
#include "wavgen.h"

uint32_t scene_below(struct scene *s, uint32_t bound)
{
    return rng_below(&s->dice, bound);
}

/* ---- conditions ---- */

static mono_us draw_start(struct scene *s)
{
    /* next to 2^31 and 2^32 of milliseconds, microseconds and samples; and any other time */
    static const mono_us wraps[] = {2147483648000, 4294967296000, 2147483648, 4294967296, 268435456000, 536870912000};
    size_t count = sizeof(wraps) / sizeof(wraps[0]);
    size_t which = scene_below(s, (uint32_t)count + 1);

    return which < count ? wraps[which] - (mono_us)scene_below(s, 4000000) : DUR_S(1) + scene_below(s, 1000000000);
}

static void reads_again(struct world *w, const char *arg)
{
    w->clients[arg[0] - '0'].reading = true;
}

static void reads_no_more(struct world *w, const char *arg)
{
    w->clients[arg[0] - '0'].reading = false;
    world_at(w, DUR_MS(100) + (dur_us)(w->seed % 2000000), reads_again, arg);
}

static void draw_network(struct scene *s)
{
    struct world *w = s->w;

    w->delay = scene_below(s, 2) != 0 ? (dur_us)scene_below(s, 200000) : DUR_MS(5);
    w->jitter = scene_below(s, 2) != 0 ? (dur_us)scene_below(s, 200000) : 0;
    w->duplicate_percent = scene_below(s, 2) != 0 ? scene_below(s, 30) : 0;
    w->loss_percent = scene_below(s, 2) != 0 ? scene_below(s, 31) : 0;
}

static void draw_faults(struct scene *s)
{
    struct world *w = s->w;

    if (scene_below(s, 3) == 0) {
        w->fail_send_in = 1 + (int)scene_below(s, 8);
        w->fail_status = scene_below(s, 2) != 0 ? ST_IO : ST_AGAIN;
    }
    if (scene_below(s, 3) == 0) {
        w->fail_media_in = 1 + (int)scene_below(s, 100);
    }
    if (scene_below(s, 3) == 0) {
        w->stall_at = w->now + DUR_MS(50) + (dur_us)scene_below(s, 3000000);
        w->stall_for = DUR_MS(20) * (dur_us)(1 + scene_below(s, 15));
    }
    if (scene_below(s, 3) == 0) {
        world_at(w, (dur_us)scene_below(s, 3000000), reads_no_more, "0");
    }
}

static void draw(struct scene *s, bool plain)
{
    struct world *w = s->w;

    w->near_wraps = scene_below(s, 2) != 0;
    w->now = draw_start(s);
    uint32_t profile = scene_below(s, 4);
    if (!plain && profile >= 1) {
        draw_network(s);
    }
    if (!plain && profile >= 2) {
        draw_faults(s);
    }
    s->strict = !plain && w->loss_percent == 0 && w->fail_send_in == 0;
    if (!plain && scene_below(s, 3) == 0) {
        for (size_t i = 0; i < WORLD_CLIENTS; i++) {
            w->clients[i].chunk = 1 + scene_below(s, 4) * scene_below(s, 40);
        }
    }
}

/* ---- playing ---- */

bool scene_open(const struct scenario *scenario, uint64_t seed, bool plain, struct scene *s)
{
    struct world_settings settings = world_settings();

    *s = (struct scene){.dice_state = seed * 0x9E3779B97F4A7C15U + 1};
    s->dice = (struct rng){rng_seeded_fill, NULL};
    s->dice.ctx = &s->dice_state;
    settings.gateway.calls.no_media = DUR_S(8);
    settings.gateway.calls.ring = DUR_S(20);
    if (scenario->configure != NULL) {
        scenario->configure(&settings);
    }
    s->w = world_try_new(seed, &settings, scenario->mirror);
    if (s->w == NULL) {
        return false;
    }
    s->w->quiet = true;
    s->w->memory_fails = plain;
    s->w->phone.plan.persistent = true;
    if (scenario->plan != NULL) {
        scenario->plan(&s->w->phone.plan);
    }
    draw(s, plain);
    return true;
}

/* Whoever still reads hears the end of every call that it began. */
static void hang_up_all(struct scene *s)
{
    struct world *w = s->w;

    for (size_t i = 0; i < WORLD_CLIENTS; i++) {
        struct world_client *c = &w->clients[i];
        c->reading = true;
        world_run(w, DUR_MS(300));
        if (c->open && c->in_call && c->close_code == 0) {
            world_send(w, i, "HANGUP");
            world_run(w, DUR_MS(300));
        }
        if (c->open && c->close_code == 0) {
            assert_false(c->in_call);
            assert_int_equal(c->begun, c->ended);
        }
    }
}

void scene_close(struct scene *s)
{
    hang_up_all(s);
    world_end(s->w);
    s->w = NULL;
}

void scene_play(const struct scenario *scenario, uint64_t seed, bool plain, struct scene *current)
{
    assert_true(scene_open(scenario, seed, plain, current));
    current->c = world_connect(current->w);
    scenario->run(current);
    scene_close(current);
}

/* ---- words ---- */

void scene_say(struct scene *s, size_t client, const char *text)
{
    if (s->w->clients[client].open) {
        world_send(s->w, client, text);
    }
}

bool scene_until(struct scene *s, size_t client, const char *prefix, dur_us limit)
{
    mono_us end = s->w->now + limit;

    while (world_count(s->w, client, prefix) == 0) {
        if (!s->w->clients[client].open || !world_step(s->w, end)) {
            if (s->strict) {
                fail_msg("client %zu never heard %s", client, prefix);
            }
            return false;
        }
    }
    return true;
}

bool scene_up(struct scene *s, size_t client, const char *target)
{
    char text[128];

    snprintf(text, sizeof(text), "CALL:%s", target);
    scene_say(s, client, text);
    return scene_until(s, client, "CALL_STATE:established", DUR_S(12));
}

static uint8_t *make_wav(uint32_t samples, size_t *size)
{
    uint8_t *data = malloc(samples + 1u);
    uint8_t *file = malloc(samples + 256u);

    if (data == NULL || file == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < samples; i++) {
        data[i] = (uint8_t)(i * 31 + i / 256 * 7 + 3);
    }
    struct wavgen g = {.tag = WAVGEN_ULAW, .fmt_len = 18, .data = data, .data_len = samples};
    *size = wavgen_build(file, samples + 256u, &g);
    free(data);
    return file;
}

void scene_put_wav(struct scene *s, const char *name, uint32_t samples)
{
    size_t size;
    uint8_t *file = make_wav(samples, &size);

    world_put_file(s->w, name, file, size);
    free(file);
}

char *scene_upload(const char *name, uint32_t samples)
{
    size_t size;
    uint8_t *file = make_wav(samples, &size);
    size_t cap = base64_encoded_len(size) + strlen(name) + 32;
    char *text = malloc(cap);

    if (text == NULL) {
        abort();
    }
    int n = snprintf(text, cap, "WAV_UPLOAD:%s:", name);
    if (base64_encode(file, size, text + n, cap - (size_t)n) != ST_OK) {
        abort();
    }
    free(file);
    return text;
}

size_t scene_ended(const struct scene *s, size_t client, const char *how)
{
    char prefix[64];

    snprintf(prefix, sizeof(prefix), "CALL_STATE:ended:%s", how);
    return world_count(s->w, client, prefix);
}

/* ---- the list ---- */

static const struct {
    const struct scenario *items;
    const size_t *len;
} tables[] = {
    {scene_calls, &scene_calls_len},   {scene_commands, &scene_commands_len}, {scene_media, &scene_media_len},
    {scene_mirror, &scene_mirror_len}, {scene_incoming, &scene_incoming_len},
};

size_t scene_count(void)
{
    size_t n = 0;

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        n += *tables[i].len;
    }
    return n;
}

const struct scenario *scene_at(size_t index)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (index < *tables[i].len) {
            return &tables[i].items[index];
        }
        index -= *tables[i].len;
    }
    abort(); /* no such scenario */
}

const struct scenario *scene_named(const char *name)
{
    for (size_t i = 0; i < scene_count(); i++) {
        if (strcmp(scene_at(i)->name, name) == 0) {
            return scene_at(i);
        }
    }
    return NULL;
}
