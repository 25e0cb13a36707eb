/* SPDX-License-Identifier: MIT */
/* Every scenario of tests/sim/seeds with allocation 1, 2, 3 … failing (each argument-th: test_scenes STEP), until it needs no more:
 * the world's rules hold, pools are empty and no block is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "failmalloc.h"
#include "scene.h"

static unsigned long step = 1;
static unsigned long failed_allocations, at;
static const struct scenario *current;
static struct scene scene;

static bool run_once(const struct scenario *scenario, unsigned long n)
{
    scene.w = NULL;
    failmalloc_start(n);
    if (scene_open(scenario, 1, true, &scene)) {
        scene.c = world_connect(scene.w);
        scenario->run(&scene);
        scene_close(&scene);
    } else {
        assert_true(failmalloc_failed());
    }
    (void)failmalloc_stop();
    return failmalloc_failed();
}

static void all_scenarios(void **state)
{
    (void)state;
    for (size_t i = 0; i < scene_count(); i++) {
        current = scene_at(i);
        at = 0;
        (void)run_once(current, 0);
        assert_int_equal(failmalloc_live(), 0);
        /* a step over 1 begins at another allocation in each scenario, so that none is left out for ever */
        for (at = 1 + i % step; run_once(current, at); at += step) {
            assert_int_equal(failmalloc_live(), 0);
            failed_allocations++;
        }
    }
    current = NULL;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_scenarios)};

    step = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed != 0 && current != NULL) {
        if (scene.w != NULL) {
            world_ladder(scene.w);
        }
        fprintf(stderr, "scenario %s, allocation %lu\n", current->name, at);
        fflush(NULL);
        _exit(1);
    }
    digest_fini();
    printf("%zu scenarios, %lu allocations failed\n", scene_count(), failed_allocations);
    return failed;
}
