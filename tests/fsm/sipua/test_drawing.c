/* SPDX-License-Identifier: MIT */
/* docs/fsm shows the tables as they are: regenerated here and compared. Red: run `fsm_dot docs/fsm` and look at the
 * difference before committing it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../../tools/fsm_sip.h"

#define TEXT_MAX 65536

static char drawn[TEXT_MAX];
static char checked_in[TEXT_MAX];

static void compare(const struct fsm_drawing *drawing)
{
    char path[512];
    struct outbuf out;

    outbuf_init(&out, drawn, sizeof(drawn));
    fsm_write_dot(drawing, &out);
    assert_int_equal(outbuf_status(&out), ST_OK);
    snprintf(path, sizeof(path), SOURCE_DIR "/docs/fsm/%s.dot", drawing->file);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(checked_in, 1, sizeof(checked_in), file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(len, out.len);
    assert_memory_equal(checked_in, drawn, len);
}

static void test_drawings_equal_docs(void **state)
{
    (void)state;
    for (size_t i = 0; i < FSM_SIP_COUNT; i++) {
        compare(&fsm_sip_drawings[i]);
    }
}

/* A table that changes must change its drawing: every GO cell is one arrow, and everything has a name. */
static void check_moves(const struct fsm_drawing *d)
{
    struct outbuf out;
    size_t moves = 0, arrows = 0;

    outbuf_init(&out, drawn, sizeof(drawn) - 1);
    fsm_write_dot(d, &out);
    drawn[out.len] = '\0';
    for (int s = 0; s < d->states; s++) {
        for (int e = 0; e < d->events; e++) {
            moves += fsm_cell_of(d, s, e)->rule == FSM_GO ? 1 : 0;
        }
    }
    for (const char *at = drawn; (at = strstr(at, " -> ")) != NULL; at++) {
        arrows++;
    }
    assert_true(moves > 5);
    assert_int_equal(moves, arrows);
    assert_null(strchr(drawn, '?'));
}

static void test_every_move_is_drawn(void **state)
{
    (void)state;
    for (size_t i = 0; i < FSM_SIP_COUNT; i++) {
        check_moves(&fsm_sip_drawings[i]);
    }
}

static void test_overflow_is_seen(void **state)
{
    (void)state;
    struct outbuf out;
    outbuf_init(&out, drawn, 100);
    fsm_write_dot(&fsm_sip_drawings[0], &out);
    assert_int_equal(outbuf_status(&out), ST_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drawings_equal_docs),
        cmocka_unit_test(test_every_move_is_drawn),
        cmocka_unit_test(test_overflow_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
