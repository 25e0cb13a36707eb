/* SPDX-License-Identifier: MIT */
/* Payload formats: static numbers, rtpmap, fmtp, and which of them are ours. */
#include "format.h"
#include "support_sdp.h"

static struct sdp_format format_of(const char *list, const char *rtpmap)
{
    struct sdp_session s = {0};
    assert_true(sdp_formats_read(span_cstr(list), &s));
    assert_true(rtpmap == NULL || sdp_rtpmap_read(span_cstr(rtpmap), &s));
    assert_int_equal(s.format_count, 1);
    return s.formats[0];
}

static void test_codecs(void **state)
{
    (void)state;
    enum { NONE = -1 };
    static const struct {
        const char *list, *rtpmap;
        int codec;
    } table[] = {
        {"0", NULL, AUDIO_ULAW},
        {"8", NULL, AUDIO_ALAW},
        {"0", "0 PCMU/8000", AUDIO_ULAW},
        {"0", "0 pcmu/8000/1", AUDIO_ULAW},
        {"96", "96 PCMU/8000", AUDIO_ULAW},
        {"97", "97 PCMA/8000", AUDIO_ALAW},
        {"96", NULL, NONE},
        {"9", NULL, NONE},
        {"18", NULL, NONE},
        {"96", "96 PCMU/16000", NONE},
        {"96", "96 PCMU/8000/2", NONE},
        {"96", "96 PCMU/8000/x", NONE},
        {"96", "96 PCMU-WB/8000", NONE},
        {"96", "96 a-name-of-more-than-23-characters/8000", NONE},
        {"0", "0 opus/48000/2", NONE},
        {"96", "97 PCMU/8000", NONE},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sdp_format f = format_of(table[i].list, table[i].rtpmap);
        enum audio_codec codec = AUDIO_ULAW;
        int found = sdp_format_codec(&f, &codec) ? (int)codec : NONE;
        if (found != table[i].codec) {
            fail_msg("%s, %s: %d", table[i].list, table[i].rtpmap, found);
        }
    }
}

static void test_telephone_event(void **state)
{
    (void)state;
    struct sdp_format f = format_of("101", "101 telephone-event/8000");
    assert_true(sdp_format_is_telephone_event(&f, 8000));
    assert_false(sdp_format_is_telephone_event(&f, 16000));
    f = format_of("101", "101 telephone-event/16000");
    assert_false(sdp_format_is_telephone_event(&f, 8000));
    assert_true(sdp_format_is_telephone_event(&f, 16000));
    f = format_of("101", NULL);
    assert_false(sdp_format_is_telephone_event(&f, 8000));
}

static void test_fmtp(void **state)
{
    (void)state;
    struct sdp_session s = {0};
    char text[80] = "101 ";
    assert_true(sdp_formats_read(SPAN_LIT("101 102"), &s));
    assert_true(sdp_fmtp_read(SPAN_LIT("101  0-15,32 "), &s));
    assert_string_equal(s.formats[0].fmtp, "0-15,32");
    assert_string_equal(s.formats[1].fmtp, "");
    memset(text + 4, 'x', 64);
    assert_true(sdp_fmtp_read(span_make(text, 4 + 63), &s));
    assert_int_equal(strlen(s.formats[0].fmtp), 63);
    assert_true(sdp_fmtp_read(span_make(text, 4 + 64), &s));
    assert_string_equal(s.formats[0].fmtp, "");
    assert_false(sdp_fmtp_read(SPAN_NONE, &s));
}

static void test_a_number_twice_is_one(void **state)
{
    (void)state;
    struct sdp_session s = {0};
    assert_true(sdp_formats_read(SPAN_LIT("0 8 0 8 0"), &s));
    assert_int_equal(s.format_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codecs),
        cmocka_unit_test(test_telephone_event),
        cmocka_unit_test(test_fmtp),
        cmocka_unit_test(test_a_number_twice_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
