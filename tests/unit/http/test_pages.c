/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "pages.h"

static char g_text[8192];

static const char *finish(struct outbuf *out)
{
    assert_int_equal(outbuf_status(out), ST_OK);
    struct span view = outbuf_view(out);
    g_text[view.len] = '\0';
    return g_text;
}

static struct outbuf start(void)
{
    struct outbuf out;
    outbuf_init(&out, g_text, sizeof(g_text) - 1);
    return out;
}

static void test_front(void **state)
{
    (void)state;
    static const char *const commands[] = {"CALL:target", "SAY:<x>", NULL};
    struct outbuf out = start();
    page_front(&out, "1.2.3", true, commands);
    const char *text = finish(&out);
    assert_non_null(strstr(text, "<!doctype html>"));
    assert_non_null(strstr(text, "CALL:echo"));
    assert_non_null(strstr(text, "<h1>ws_audio_server 1.2.3</h1>"));
    assert_non_null(strstr(text, "<code>CALL:target</code>, <code>SAY:&lt;x&gt;</code>.</p>"));
    assert_non_null(strstr(text, "loopback"));
    assert_non_null(strstr(text, "href=\"/healthz\""));
    assert_non_null(strstr(text, "href=\"/recordings/\""));
    assert_non_null(strstr(text, "docs/protocol.md"));
    out = start();
    page_front(&out, "1.2.3", false, commands);
    assert_null(strstr(finish(&out), "loopback"));
}

static void test_recordings(void **state)
{
    (void)state;
    struct outbuf out = start();
    page_recordings_head(&out);
    page_recordings_row(&out, SPAN_LIT("20240101T000000Z-echo-abcdefgh.wav"), 16058);
    page_recordings_row(&out, SPAN_LIT("<b>\"'&%#?.wav"), 0);
    page_recordings_foot(&out, 2);
    const char *text = finish(&out);
    assert_non_null(strstr(text, "<a href=\"/recordings/20240101T000000Z-echo-abcdefgh.wav\">"));
    assert_non_null(strstr(text, "<td>16058</td><td>2024-01-01 00:00:00</td>"));
    assert_non_null(
        strstr(text, "href=\"/recordings/%3Cb%3E%22%27%26%25%23%3F.wav\">&lt;b&gt;&quot;&#39;&amp;%#?.wav</a>"));
    assert_non_null(strstr(text, "<td>0</td><td></td>"));
    assert_null(strstr(text, "<b>"));
    assert_non_null(strstr(text, "2 files"));
}

static void test_row_fits_its_bound(void **state)
{
    (void)state;
    char name[255];
    char row[PAGE_ROW_MAX];
    struct outbuf out;
    memset(name, '"', sizeof(name)); /* the longest name a file system gives, at its worst */
    outbuf_init(&out, row, sizeof(row));
    page_recordings_row(&out, span_make(name, sizeof(name)), UINT64_MAX);
    assert_int_equal(outbuf_status(&out), ST_OK);
}

static void test_escapes(void **state)
{
    (void)state;
    struct outbuf out = start();
    page_escape_url(&out, SPAN_LIT("aZ09-._~ /\xe6\xaa\x94\x01"));
    assert_string_equal(finish(&out), "aZ09-._~%20%2F%E6%AA%94%01");
    out = start();
    page_escape_html(&out, SPAN_LIT("\xe6\xaa\x94<script>"));
    assert_string_equal(finish(&out), "\xe6\xaa\x94&lt;script&gt;");
}

static void test_error_bodies(void **state)
{
    (void)state;
    static const int CODES[] = {400, 403, 404, 405, 426, 431, 500, 503, 505};
    for (size_t i = 0; i < sizeof(CODES) / sizeof(CODES[0]); i++) {
        struct span body = page_error_body(CODES[i]);
        assert_true(body.len > 0 && body.ptr[body.len - 1] == '\n');
    }
    assert_non_null(strstr(page_error_body(404).ptr, "/recordings/"));
    assert_non_null(strstr(page_error_body(405).ptr, "GET"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_front),   cmocka_unit_test(test_recordings),   cmocka_unit_test(test_row_fits_its_bound),
        cmocka_unit_test(test_escapes), cmocka_unit_test(test_error_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
