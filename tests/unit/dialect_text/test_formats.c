/* SPDX-License-Identifier: MIT */
/* The words of MEDIA:format: each known one has a name that is read back, everything else is refused, and the list for
 * people names exactly those that are taken. */
#include "formats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *word;
    enum media_audio format;
    bool rtp;
} taken[] = {
    /* typed from SPEC */
    {"hex", MEDIA_AUDIO_PACKETS, false}, {"rtp", MEDIA_AUDIO_PACKETS, true}, {"ulaw", MEDIA_AUDIO_ULAW, false},
    {"alaw", MEDIA_AUDIO_ALAW, false},   {"l16", MEDIA_AUDIO_L16, false},    {"l16/16000", MEDIA_AUDIO_L16_WIDE, false},
    {"off", MEDIA_AUDIO_OFF, false},
};
#define TAKEN (sizeof(taken) / sizeof(taken[0]))

static void names_are_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < TAKEN; i++) {
        const struct text_format *format = dialect_text_format_find(span_cstr(taken[i].word));
        assert_non_null(format);
        assert_int_equal(format->format, taken[i].format);
        assert_int_equal(format->rtp, taken[i].rtp);
        assert_string_equal(format->name, taken[i].word);
    }
}

static void others_are_refused(void **state)
{
    static const char *const words[] = {"", "HEX", "hex ", " hex", "he", "hexx", "l16/8000", "l16/", "mp3", "?"};

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        assert_null(dialect_text_format_find(span_cstr(words[i])));
    }
}

static void the_list_names_what_is_taken(void **state)
{
    char text[64];

    (void)state;
    dialect_text_format_list(text, sizeof(text));
    assert_ptr_equal(strstr(text, "hex, rtp"), text);
    assert_non_null(strstr(text, ", off"));
    for (size_t i = 0; i < TAKEN; i++) {
        assert_non_null(strstr(text, taken[i].word));
    }
    dialect_text_format_list(text, 5);
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
