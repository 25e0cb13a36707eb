/* SPDX-License-Identifier: MIT */
/* Runs scenarios from seeds: simulate [--seeds A-B] [--scenario NAME] [--shard I/N] [--list] [--quiet]. Without
 * --scenario seed n is scenario n modulo their number. The first failure ends the run with the message ladder and the
 * command line that replays it alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "scene.h"

#define SEEDS_A_SCENARIO 50

static uint64_t first_seed, last_seed;
static const struct scenario *only;
static struct scene scene;
static uint64_t current_seed;
static const struct scenario *current;
static uint64_t played[256];

static void play_all(void **state)
{
    (void)state;
    for (current_seed = first_seed; current_seed <= last_seed; current_seed++) {
        size_t index = (size_t)(current_seed % scene_count());
        current = only != NULL ? only : scene_at(index);
        played[index]++;
        scene_play(current, current_seed, false, &scene);
    }
    current = NULL;
}

static void print_failure(void)
{
    if (scene.w != NULL) {
        const struct world *w = scene.w;
        fprintf(stderr,
                "loss %u %%, delay %lld us, jitter %lld us, duplicates %u %%, chunk %zu, start near %lld ms%s\n",
                w->loss_percent, (long long)w->delay, (long long)w->jitter, w->duplicate_percent, w->clients[0].chunk,
                (long long)(w->now / 1000), scene.strict ? ", strict" : "");
        world_ladder(w);
        for (size_t i = 0; i < WORLD_CLIENTS; i++) {
            for (size_t t = 0; t < w->clients[i].text_count; t++) {
                fprintf(stderr, "client %zu heard %.160s\n", i, w->clients[i].texts[t]);
            }
        }
    }
    fprintf(stderr, "replay: tools/simulate --seeds %llu-%llu --scenario %s\n", (unsigned long long)current_seed,
            (unsigned long long)current_seed, current->name);
}

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void usage(void)
{
    fprintf(stderr, "simulate [--seeds A-B] [--scenario NAME] [--shard I/N] [--list] [--counts]\n");
    exit(2);
}

static void list(void)
{
    for (size_t i = 0; i < scene_count(); i++) {
        printf("%s\n", scene_at(i)->name);
    }
    exit(0);
}

static void read_shard(const char *text)
{
    unsigned long i, n;

    if (sscanf(text, "%lu/%lu", &i, &n) != 2 || n == 0 || i >= n) {
        usage();
    }
    uint64_t count = last_seed - first_seed + 1;
    uint64_t from = first_seed + count * i / n;
    last_seed = first_seed + count * (i + 1) / n - 1;
    first_seed = from;
}

static bool read_arguments(int argc, char **argv)
{
    bool counts = false;
    unsigned long long a, b;

    last_seed = SEEDS_A_SCENARIO * scene_count() - 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0) {
            list();
        } else if (strcmp(argv[i], "--counts") == 0) {
            counts = true;
        } else if (i + 1 == argc) {
            usage();
        } else if (strcmp(argv[i], "--seeds") == 0 && sscanf(argv[i + 1], "%llu-%llu", &a, &b) == 2 && a <= b) {
            first_seed = a;
            last_seed = b;
            i++;
        } else if (strcmp(argv[i], "--scenario") == 0 && (only = scene_named(argv[i + 1])) != NULL) {
            i++;
        } else if (strcmp(argv[i], "--shard") == 0) {
            read_shard(argv[++i]);
        } else {
            usage();
        }
    }
    return counts;
}

static void print_counts(void)
{
    if (only != NULL) {
        return;
    }
    for (size_t i = 0; i < scene_count(); i++) {
        printf("%8llu %s\n", (unsigned long long)played[i], scene_at(i)->name);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(play_all)};
    bool counts = read_arguments(argc, argv);

    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(print_failure);
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed != 0 && current != NULL) {
        print_failure();
        fflush(NULL);
        _exit(1); /* what the failed world held is no leak of its own */
    }
    digest_fini();
    printf("%llu seeds, %zu scenarios\n", (unsigned long long)(last_seed - first_seed + 1), scene_count());
    if (counts) {
        print_counts();
    }
    return failed;
}
