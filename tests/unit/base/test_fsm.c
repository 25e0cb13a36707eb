/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wsaudio/base/fsm.h"

static const char *const names[4] = {[0] = "zero", [1] = "one", [3] = "three"};

static void numbers(void **state)
{
    (void)state;
    assert_string_equal(FSM_NAME(names, 0), "zero");
    assert_string_equal(FSM_NAME(names, 3), "three");
    assert_string_equal(FSM_NAME(names, 2), "?"); /* has none */
    assert_string_equal(FSM_NAME(names, 4), "?");
    assert_string_equal(FSM_NAME(names, -1), "?");
}

static void bits(void **state)
{
    (void)state;
    assert_string_equal(FSM_BIT_NAME(names, 1), "zero");
    assert_string_equal(FSM_BIT_NAME(names, 8), "three");
    assert_string_equal(FSM_BIT_NAME(names, 4), "?");
    assert_string_equal(FSM_BIT_NAME(names, 16), "?");
    assert_string_equal(FSM_BIT_NAME(names, 3), "?"); /* two bits */
    assert_string_equal(FSM_BIT_NAME(names, 0), "?");
    static const char *const all[33] = {[31] = "last", [32] = "none"};
    assert_string_equal(FSM_BIT_NAME(all, UINT32_C(1) << 31), "last");
}

static void cells(void **state)
{
    static const struct fsm_cell row[] = {FSM_CELL_GO(7, 5), FSM_CELL_DROP, FSM_CELL_CANNOT, {0}};

    (void)state;
    assert_int_equal(row[0].rule, FSM_GO);
    assert_int_equal(row[0].next, 7);
    assert_int_equal(row[0].actions, 5);
    assert_int_equal(row[1].rule, FSM_DROP);
    assert_int_equal(row[2].rule, FSM_CANNOT);
    assert_int_equal(row[3].rule, FSM_UNDECIDED); /* what nobody wrote */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(bits),
        cmocka_unit_test(cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
