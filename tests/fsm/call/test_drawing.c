/* SPDX-License-Identifier: MIT */
/* docs/fsm/call_fsm.dot shows the table as it is: regenerated here and compared. Red: run `fsm_dot docs/fsm` and look at the
 * difference before committing it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../../tools/fsm_call.h"

#define TEXT_MAX 65536

static char drawn[TEXT_MAX];
static char checked_in[TEXT_MAX];

static void test_equals_docs(void **state)
{
    struct outbuf out;

    (void)state;
    outbuf_init(&out, drawn, sizeof(drawn));
    fsm_write_dot(&fsm_call_drawings[0], &out);
    assert_int_equal(outbuf_status(&out), ST_OK);
    FILE *file = fopen(SOURCE_DIR "/docs/fsm/call_fsm.dot", "rb");
    assert_non_null(file);
    size_t len = fread(checked_in, 1, sizeof(checked_in), file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(len, out.len);
    assert_memory_equal(checked_in, drawn, len);
}

/* Every move is an arrow, every state a box, and everything has a name. */
static void test_every_move_is_drawn(void **state)
{
    struct outbuf out;
    size_t moves = 0, arrows = 0;

    (void)state;
    outbuf_init(&out, drawn, sizeof(drawn) - 1);
    fsm_write_dot(&fsm_call_drawings[0], &out);
    drawn[out.len] = '\0';
    for (int s = 0; s < CALL_ST_COUNT; s++) {
        char box[32];
        snprintf(box, sizeof(box), "    s%d [label=\"%s", s, call_state_name(s));
        assert_non_null(strstr(drawn, box));
        for (int e = 0; e < CALL_EV_COUNT; e++) {
            moves += call_fsm[s][e].rule == FSM_GO ? 1 : 0;
        }
    }
    for (const char *at = drawn; (at = strstr(at, " -> ")) != NULL; at++) {
        arrows++;
    }
    assert_true(moves > 20);
    assert_int_equal(moves, arrows);
    assert_null(strchr(drawn, '?'));
}

static void test_names_are_their_own(void **state)
{
    (void)state;
    for (int i = 0; i < CALL_ST_COUNT; i++) {
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(call_state_name(i), call_state_name(k));
        }
    }
    for (int i = 0; i < CALL_EV_COUNT; i++) {
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(call_fsm_event_name(i), call_fsm_event_name(k));
        }
    }
    assert_string_equal(call_state_name(CALL_ST_COUNT), "?");
    assert_string_equal(call_fsm_event_name(CALL_EV_COUNT), "?");
    assert_string_equal(call_fsm_action_name(1), "open_media");
    assert_string_equal(call_fsm_action_name(1U << 12), "release");
    assert_string_equal(call_fsm_action_name(1U << 13), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_docs),
        cmocka_unit_test(test_every_move_is_drawn),
        cmocka_unit_test(test_names_are_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
