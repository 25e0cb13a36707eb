/* SPDX-License-Identifier: MIT */
/* close.c: which close frames are not for wslay to judge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "close.h"
#include "guard.h"
#include "wsframe.h"

static char reason_of_last[CLOSE_REASON_CAP];

/* What is said of these bytes, that lie flush against an inaccessible page. */
static unsigned int judged(const uint8_t *bytes, size_t len)
{
    struct guard g = guard_copy(bytes, len);
    struct frame_header header;
    struct span frame = span_make(g.ptr, len);
    assert_int_equal(ws_frame_peek(frame, &header), FRAME_OK);
    assert_int_equal(header.header_len + header.payload_len, len);
    unsigned int code = close_code_newer(frame, &header, reason_of_last);
    guard_free(&g);
    return code;
}

static unsigned int judged_close(unsigned int code, const char *reason, size_t reason_len)
{
    uint8_t bytes[256];
    return judged(bytes, wsframe_close(bytes, code, reason, reason_len));
}

static void test_every_code(void **state)
{
    (void)state;
    for (unsigned int code = 1; code <= UINT16_MAX; code++) {
        uint8_t bytes[256];
        size_t len = wsframe_close(bytes, code, "x", 1);
        struct frame_header header;
        assert_int_equal(ws_frame_peek(span_make(bytes, len), &header), FRAME_OK);
        unsigned int wanted = code >= 1012 && code <= 1014 ? code : 0;
        assert_int_equal(close_code_newer(span_make(bytes, len), &header, reason_of_last), wanted);
    }
}

static void test_reasons(void **state)
{
    char reason[123];
    (void)state;
    memset(reason, 'r', sizeof(reason));
    assert_int_equal(judged_close(1012, NULL, 0), 1012);
    assert_string_equal(reason_of_last, "");
    assert_int_equal(judged_close(1013, "\xe4\xb8\xad", 3), 1013);
    assert_string_equal(reason_of_last, "\xe4\xb8\xad");
    assert_int_equal(judged_close(1014, reason, sizeof(reason)), 1014);
    assert_int_equal(strlen(reason_of_last), sizeof(reason));
    assert_int_equal(judged_close(1012, "\xe4\xb8", 2), 0);
    assert_int_equal(judged_close(1012, "\xff", 1), 0);
    assert_int_equal(judged_close(0, NULL, 0), 0); /* no body */
}

static void test_frames_wrong_in_another_way(void **state)
{
    uint8_t bytes[256];
    (void)state;
    size_t len = wsframe_close(bytes, 1012, NULL, 0);
    assert_int_equal(judged(bytes, len), 1012);
    for (unsigned int bit = 0x10; bit <= 0x40; bit <<= 1) {
        bytes[0] ^= (uint8_t)bit;
        assert_int_equal(judged(bytes, len), 0);
        bytes[0] ^= (uint8_t)bit;
    }
    static const uint8_t unmasked[] = {0x88, 2, 1012 >> 8, 1012 & 0xff};
    static const uint8_t half[] = {0x88, 0x81, 0, 0, 0, 0, 1012 >> 8};
    assert_int_equal(judged(unmasked, sizeof(unmasked)), 0);
    assert_int_equal(judged(half, sizeof(half)), 0);
    uint8_t too_long[8 + 126] = {0x88, 0x80 | 126, 0, 126, 0, 0, 0, 0, 1012 >> 8, 1012 & 0xff};
    assert_int_equal(judged(too_long, sizeof(too_long)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_frames_wrong_in_another_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
