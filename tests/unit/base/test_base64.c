/* SPDX-License-Identifier: MIT */
/* base64.c: what programs send as base64, in every split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/base/base64.h"

/* Decodes text cut into pieces of `step`; the bytes, or ST_BAD. */
static int decode(struct span text, size_t step, uint8_t *out, const char **why)
{
    struct base64_text t = {0};
    int total = 0;
    uint8_t last[3];

    *why = NULL;
    for (size_t at = 0; at < text.len; at += step) {
        struct span piece = span_head(span_from(text, at), step);
        struct guard in = guard_copy(piece.ptr, piece.len);
        struct guard room = guard_room((piece.len + 4) / 4 * 3); /* what the contract asks for, not a byte more */
        int n = base64_text_push(&t, span_make(in.ptr, in.len), (uint8_t *)room.ptr);
        if (n > 0) {
            memcpy(out + total, room.ptr, (size_t)n);
            total += n;
        }
        guard_free(&in);
        guard_free(&room);
        if (n < 0) {
            break;
        }
    }
    int n = base64_text_end(&t, last);
    *why = t.why;
    if (n < 0) {
        assert_int_equal(n, ST_BAD);
        assert_non_null(t.why);
        assert_int_equal(base64_text_push(&t, SPAN_LIT("AAAA"), out), ST_BAD); /* sticky */
        return ST_BAD;
    }
    memcpy(out + total, last, (size_t)n);
    return total + n;
}

static void taken(struct span text, const char *bytes)
{
    uint8_t out[600];
    const char *why;

    for (size_t step = 1; step <= text.len + 1; step++) {
        int n = decode(text, step, out, &why);
        if (n != (int)strlen(bytes) || memcmp(out, bytes, strlen(bytes)) != 0) {
            fail_msg("%.*s in pieces of %zu: %d (%s)", SPAN_ARG(text), step, n, why != NULL ? why : "");
        }
    }
}

static void every_form_in_every_split(void **state)
{
    static const char *const table[][2] = {
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYmFy", "foobar"},
        {"++//", "\xFB\xEF\xFF"},
        /* the URL-safe alphabet */
        {"--__", "\xFB\xEF\xFF"},
        {"-+_/", "\xFB\xEF\xFF"},
        /* without padding, or with some of it */
        {"Zg", "f"},
        {"Zg=", "f"},
        {"Zm8", "fo"},
        {"Zm9vYg", "foob"},
        /* blanks and line ends */
        {"Zm9v\r\nYmFy\r\n", "foobar"},
        {"Zm9vY\nmFy\n\n", "foobar"},
        {" Z m\t9 v ", "foo"},
        {"\r\n", ""},
        {"Zg=\r\n=\r\n", "f"},
        {"Zg\n", "f"},
        /* data: URLs */
        {"data:audio/wav;base64,Zm9v", "foo"},
        {"data:;base64,Zg==", "f"},
        {"DATA:audio/x-wav;codecs=1;BASE64,Zm9v\n", "foo"},
        {"data:audio/wav;base64,", ""},
        {"data:a;base64,data", "\x75\xAB\x5A"},
        {"\ndata:audio/wav;base64,\nZm9v", "foo"},
        /* and what only begins like one */
        {"data", "\x75\xAB\x5A"},
        {"dataZm9v", "\x75\xAB\x5A"
                     "foo"},
        {"Zm9vdata", "foo\x75\xAB\x5A"},
        {"datQ", "\x75\xAB\x50"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        taken(span_cstr(table[i][0]), table[i][1]);
    }
    taken(SPAN_LIT("Zm9v\0"), "foo");
    taken(SPAN_LIT("Zg==\r\n\0\0\n"), "f");
    taken(SPAN_LIT("Zg\0"), "f");
}

static void refused(struct span text, const char *part)
{
    uint8_t out[600];
    const char *why;

    for (size_t step = 1; step <= text.len + 1; step++) {
        int n = decode(text, step, out, &why);
        if (n != ST_BAD || strstr(why, part) == NULL) {
            fail_msg("%.*s in pieces of %zu: %d (%s)", SPAN_ARG(text), step, n, why != NULL ? why : "");
        }
    }
}

static void what_is_none_says_why(void **state)
{
    static const char *const table[][2] = {
        {"A", "cut short"},
        {"AAAAA", "cut short"},
        {"=", "padding where"},
        {"====", "padding where"},
        {"A===", "padding where"},
        {"AAAA=", "padding where"},
        {"Zg===", "padding where"},
        {"Zm8==", "padding where"},
        {"data=", "padding where"},
        {"A=AA", "padding where"},
        {"AA=A", "behind the padding"},
        {"AA==BBBB", "behind the padding"},
        {"AA==\nBBBB", "behind the padding"},
        {"Zh==", "left over"},
        {"Zh", "left over"},
        {"Zm9=", "left over"},
        {"AA.A", "a character"},
        {"@@@@", "a character"},
        {"AAA\x80", "a character"},
        {"b.wav:AAAA", "a character"},
        {"datA:audio/wav;base64AAAA", "no comma"},
        {"data:audio/wav,AAAA", "not ;base64"},
        {"data:,AAAA", "not ;base64"},
        {"data:;base64;x=y,AAAA", "not ;base64"},
        {"data:", "no comma"},
        {"AAAAdata:;base64,AAAA", "a character"},
        {"data:;base64,data:;base64,AAAA", "a character"},
    };
    char long_url[400];

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        refused(span_cstr(table[i][0]), table[i][1]);
    }
    refused(SPAN_LIT("Zm\0v"), "behind a NUL");
    memset(long_url, 'x', sizeof(long_url));
    memcpy(long_url, "data:", 5);
    refused(span_make(long_url, sizeof(long_url)), "no comma");
}

/* Any bytes behind such a beginning, flush against the page; and where the wrong one stands. */
static void every_byte_change(void **state)
{
    static const char text[] = "data:audio/wav;base64,Zm9v\r\nYmE=";
    uint8_t out[64];
    const char *why;

    (void)state;
    for (size_t at = 0; at < sizeof(text) - 1; at++) {
        for (int c = 0; c < 256; c++) {
            char changed[sizeof(text)];
            memcpy(changed, text, sizeof(text));
            changed[at] = (char)c;
            int whole = decode(span_make(changed, sizeof(text) - 1), sizeof(text), out, &why);
            assert_int_equal(decode(span_make(changed, sizeof(text) - 1), 1, out, &why), whole);
            assert_true(whole == ST_BAD || whole <= 24);
        }
    }
    struct base64_text t = {0};
    assert_int_equal(base64_text_push(&t, SPAN_LIT("Zm9v\nZ.AA"), out), ST_BAD);
    assert_int_equal(t.at, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_in_every_split),
        cmocka_unit_test(what_is_none_says_why),
        cmocka_unit_test(every_byte_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
