/* SPDX-License-Identifier: MIT */
/* Lines and words. */
#include "text.h"

#include "guard.h"
#include "support_sdp.h"

static void test_lines(void **state)
{
    (void)state;
    static const char text[] = "\r\n\na=1\r\nb=2\nc=3\r\r\n\r\nd";
    struct guard g = guard_copy(text, sizeof(text) - 1);
    struct span body = span_make(g.ptr, g.len);
    struct span line;
    static const char *const wanted[] = {"a=1", "b=2", "c=3\r", "d"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(sdp_next_line(&body, &line));
        assert_true(span_eq(line, span_cstr(wanted[i])));
    }
    assert_false(sdp_next_line(&body, &line));
    guard_free(&g);
    body = SPAN_LIT("\r\n\r\n");
    assert_false(sdp_next_line(&body, &line));
}

static void test_words(void **state)
{
    (void)state;
    struct span rest = SPAN_LIT("  one\ttwo   three ");
    assert_true(span_eq(sdp_next_word(&rest), SPAN_LIT("one")));
    assert_true(span_eq(sdp_next_word(&rest), SPAN_LIT("two")));
    assert_true(span_eq(sdp_next_word(&rest), SPAN_LIT("three")));
    assert_int_equal(sdp_next_word(&rest).len, 0);
    assert_int_equal(sdp_next_word(&rest).len, 0);
}

static void test_media_line(void **state)
{
    (void)state;
    struct sdp_media_line m;
    sdp_split_media(SPAN_LIT("audio 4000 RTP/AVP 0  8 "), &m);
    assert_true(span_eq(m.media, SPAN_LIT("audio")));
    assert_true(span_eq(m.port, SPAN_LIT("4000")));
    assert_true(span_eq(m.proto, SPAN_LIT("RTP/AVP")));
    assert_true(span_eq(m.formats, SPAN_LIT("0  8")));
    sdp_split_media(SPAN_LIT("audio"), &m);
    assert_int_equal(m.port.len + m.proto.len + m.formats.len, 0);
    assert_true(sdp_line_is(SPAN_LIT("m="), 'm'));
    assert_false(sdp_line_is(SPAN_LIT("m"), 'm'));
    assert_false(sdp_line_is(SPAN_LIT("mm="), 'm'));
    assert_int_equal(sdp_line_value(SPAN_LIT("m=")).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_media_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
