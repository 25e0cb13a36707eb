/* SPDX-License-Identifier: MIT */
/* The words of MEDIA:format: each known one has a name that is read back, everything else is refused, and the list for
 * people names exactly those that are taken. */
#include "formats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void names_are_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < MEDIA_FORMAT_COUNT; i++) {
        enum media_format format = MEDIA_FORMAT_COUNT;
        int status = media_format_parse(span_cstr(media_format_name((enum media_format)i)), &format);
        assert_true(status == ST_OK || status == ST_UNSUPPORTED);
        assert_int_equal(format, i);
    }
    assert_string_equal(media_format_name(MEDIA_L16_WIDE), "l16/16000");
    assert_string_equal(media_format_name(MEDIA_FORMAT_COUNT), "?");
}

static void others_are_refused(void **state)
{
    static const char *const words[] = {"", "HEX", "hex ", " hex", "he", "hexx", "l16/8000", "l16/", "mp3", "?"};

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        enum media_format format = MEDIA_FORMAT_COUNT;
        assert_int_equal(media_format_parse(span_cstr(words[i]), &format), ST_BAD);
        assert_int_equal(format, MEDIA_FORMAT_COUNT);
    }
}

static void the_list_names_what_is_taken(void **state)
{
    char text[64];
    enum media_format format;

    (void)state;
    media_format_list(text, sizeof(text));
    assert_ptr_equal(strstr(text, "hex, rtp"), text);
    assert_non_null(strstr(text, ", off"));
    for (int i = 0; i < MEDIA_FORMAT_COUNT; i++) {
        const char *name = media_format_name((enum media_format)i);
        bool taken = media_format_parse(span_cstr(name), &format) == ST_OK;
        assert_true(!taken || strstr(text, name) != NULL);
    }
    media_format_list(text, 5);
    assert_string_equal(text, "hex");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read_back),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(the_list_names_what_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
