/* SPDX-License-Identifier: MIT */
/* access_text.c: what a refusal says to the one who asked, and to the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support_access.h"

static void expect_words(const struct access *a, const char *headers, const char *const *words)
{
    support_head("/", headers);
    struct access_result r = support_judge(a, LOCAL);
    assert_int_equal(r.verdict, ACCESS_ORIGIN);
    assert_int_equal(r.code, 403);
    support_body(&r, LOCAL);
    for (; *words != NULL; words++) {
        if (strstr(support_body_text, *words) == NULL) {
            fail_msg("\"%s\" is not in: %s", *words, support_body_text);
        }
    }
    for (const char *c = support_body_text; *c != '\0'; c++) {
        assert_true((*c >= ' ' && *c != 0x7f) || (*c == '\n' && c[1] == '\0'));
    }
}

/* The 403 says what was compared and which flag to set, in text that is safe to print. */
static void test_what_a_refused_origin_is_told(void **state)
{
    (void)state;
    struct support_rules o = {0};
    struct access a;
    char longest[512];
    assert_int_equal(support_init(&a, &o), ST_OK);
    expect_words(&a, "Host: 127.0.0.1:8080\r\nOrigin: http://evil.example\r\n",
                 (const char *const[]){"Origin http://evil.example", "Host: 127.0.0.1:8080",
                                       "--ws-origin http://evil.example.", "Authorization: Bearer", NULL});
    expect_words(&a, "Host: 127.0.0.1:8080\r\nOrigin: file://\r\n",
                 (const char *const[]){"Origin file://", "--ws-origin file://.", NULL});
    expect_words(&a, "Host: 127.0.0.1:8080\r\nOrigin: null\r\n", (const char *const[]){"--ws-origin null.", NULL});
    expect_words(&a, "Host: pbx.example:8080\r\nOrigin: http://pbx.example:8080\r\n",
                 (const char *const[]){"Host: pbx.example:8080", "DNS", "--ws-origin http://pbx.example:8080.", NULL});
    expect_words(&a, "Host: 127.0.0.1\r\nOrigin: a\xff b\x9b[2J\r\n",
                 (const char *const[]){"--ws-origin ORIGIN", "scheme://host", NULL});
    expect_words(&a, "Host: pbx.example:8080\r\nSec-Fetch-Site: same-origin\r\n",
                 (const char *const[]){"Host pbx.example:8080", "--ws-origin http://pbx.example:8080.", NULL});
    snprintf(longest, sizeof(longest), "Host: 127.0.0.1\r\nOrigin: %0400d\r\n", 1);
    expect_words(&a, longest, (const char *const[]){"--ws-origin", NULL});
    access_fini(&a);
}

static char g_line[512];
static enum log_level g_level;
static int g_lines;

static void keep_line(void *ctx, enum log_level level, const char *text, size_t len)
{
    (void)ctx;
    g_level = level;
    g_lines++;
    snprintf(g_line, sizeof(g_line), "%.*s", (int)len, text);
}

static void test_log_lines(void **state)
{
    (void)state;
    struct support_rules o = {0};
    struct access a;
    struct log log = {LOG_DEBUG, false, keep_line, NULL};
    struct net_addr peer = addr_ipv4(192, 0, 2, 10, 40000);
    assert_int_equal(support_init(&a, &o), ST_OK);
    support_head("/", "");
    struct access_result r = access_check(&a, &support_request, &peer);
    access_log(&a, &log, &r, &support_request, &peer, DUR_S(1));
    assert_int_equal(g_level, LOG_WARNING);
    assert_non_null(strstr(g_line, "192.0.2.10"));
    assert_non_null(strstr(g_line, "--ws-allow"));
    struct net_addr proxy = addr_ipv4(127, 0, 0, 1, 40000);
    support_head("/", "X-Real-IP: 1\xff\t2\r\n");
    r = access_check(&a, &support_request, &proxy);
    access_log(&a, &log, &r, &support_request, &proxy, DUR_S(1));
    assert_int_equal(g_level, LOG_WARNING);
    assert_non_null(strstr(g_line, "127.0.0.1"));
    assert_non_null(strstr(g_line, "X-Real-IP: 1??2"));
    assert_non_null(strstr(g_line, "--ws-token-file"));
    support_tokens(&o, "hunter2");
    access_fini(&a);
    assert_int_equal(support_init(&a, &o), ST_OK);
    support_head("/?token=hunter3", "");
    r = access_check(&a, &support_request, &peer);
    access_log(&a, &log, &r, &support_request, &peer, DUR_S(1));
    assert_non_null(strstr(g_line, "--ws-token-file"));
    assert_null(strstr(g_line, "hunter"));
    support_head("/", "Host: a\r\nOrigin: http://evil.example\r\n");
    r = access_check(&a, &support_request, &peer);
    access_log(&a, &log, &r, &support_request, &peer, DUR_S(1));
    assert_non_null(strstr(g_line, "http://evil.example"));
    assert_non_null(strstr(g_line, "(Host a)"));
    support_head("/", "Host: a\r\nOrigin: http://a\r\n");
    r = access_check(&a, &support_request, &peer);
    access_log(&a, &log, &r, &support_request, &peer, DUR_S(1));
    assert_non_null(strstr(g_line, "http://a is the host asked for"));
    support_head("/", "Host: a:9\r\nSec-Fetch-Site: same-origin\r\n");
    r = access_check(&a, &support_request, &peer);
    access_log(&a, &log, &r, &support_request, &peer, DUR_S(1));
    assert_non_null(strstr(g_line, "a page of Host a:9"));
    access_fini(&a);
    support_allow(&o, "10.0.0.0/8");
    assert_int_equal(support_init(&a, &o), ST_OK);
    r = access_check(&a, &support_request, &peer);
    access_log(&a, &log, &r, &support_request, &peer, DUR_S(1));
    assert_non_null(strstr(g_line, "--ws-allow"));
    access_fini(&a);
}

/* A flood of one kind of refusal: some lines, and none of the others' is lost. */
static void test_floods_of_refusals(void **state)
{
    (void)state;
    struct support_rules o = {0};
    struct access a;
    struct log log = {LOG_DEBUG, false, keep_line, NULL};
    struct net_addr peer = addr_ipv4(192, 0, 2, 10, 40000);
    struct net_addr local = addr_ipv4(127, 0, 0, 1, 40000);
    mono_us now = DUR_S(1000);
    assert_int_equal(support_init(&a, &o), ST_OK);
    g_lines = 0;
    support_head("/", "");
    struct access_result r = access_check(&a, &support_request, &peer);
    for (int i = 0; i < 10000; i++) {
        access_log(&a, &log, &r, &support_request, &peer, now);
    }
    assert_int_equal(g_lines, LOG_QUOTA_BURST);
    support_head("/", "Origin: http://evil.example\r\n");
    r = access_check(&a, &support_request, &local);
    access_log(&a, &log, &r, &support_request, &local, now);
    assert_int_equal(g_lines, LOG_QUOTA_BURST + 1);
    assert_non_null(strstr(g_line, "http://evil.example"));
    support_head("/", "");
    r = access_check(&a, &support_request, &peer);
    access_log(&a, &log, &r, &support_request, &peer, now + LOG_QUOTA_EVERY_US);
    assert_int_equal(g_lines, LOG_QUOTA_BURST + 3); /* how many were left out, and this one */
    r.verdict = ACCESS_OK;
    access_log(&a, &log, &r, &support_request, &peer, now + DUR_S(3600));
    assert_int_equal(g_lines, LOG_QUOTA_BURST + 3);
    access_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_refused_origin_is_told),
        cmocka_unit_test(test_log_lines),
        cmocka_unit_test(test_floods_of_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
