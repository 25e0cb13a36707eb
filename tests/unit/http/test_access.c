/* SPDX-License-Identifier: MIT */
/* SPEC section 2, last two paragraphs, as a table: who gets in, who gets which refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_access.h"

static void test_protected_mode(void **state)
{
    (void)state;
    struct support_rules o = {0};
    struct access a;
    assert_int_equal(support_init(&a, &o), ST_OK);
    support_head("/", "Host: 192.0.2.1:8080\r\n");
    assert_int_equal(support_verdict(&a, "127.0.0.1"), ACCESS_OK);
    assert_int_equal(support_verdict(&a, "127.8.9.1"), ACCESS_OK);
    assert_int_equal(support_verdict(&a, "::1"), ACCESS_OK);
    assert_int_equal(support_verdict(&a, "::ffff:127.0.0.1"), ACCESS_OK);
    assert_int_equal(support_verdict(&a, "192.0.2.10"), ACCESS_PROTECTED);
    assert_int_equal(support_verdict(&a, "::ffff:192.0.2.10"), ACCESS_PROTECTED);
    assert_int_equal(support_verdict(&a, "fe80::1"), ACCESS_PROTECTED);
    struct access_result r = support_judge(&a, REMOTE);
    assert_int_equal(r.code, 403);
    assert_int_equal(r.level, LOG_WARNING);
    support_body(&r, "::ffff:192.0.2.10");
    assert_non_null(strstr(support_body_text, "came from 192.0.2.10."));
    assert_non_null(strstr(support_body_text, "--ws-allow"));
    assert_non_null(strstr(support_body_text, "--ws-token-file"));
    access_fini(&a);
}

/* A proxy on this machine has a loopback address, whoever stands behind it. */
static void test_protected_mode_behind_a_proxy(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        bool forwarded;
    } CASES[] = {
        {"X-Forwarded-For: 203.0.113.9\r\n", true},
        {"x-forwarded-for: 127.0.0.1\r\n", true}, /* the stranger may have written it */
        {"X-Forwarded-For:\r\n", true},
        {"Forwarded: for=203.0.113.9;proto=https\r\n", true},
        {"X-Real-IP: 203.0.113.9\r\n", true},
        {"X-Forwarded-Proto: https\r\n", true}, /* Envoy without the address */
        {"x-forwarded-host: pbx.example\r\n", true},
        {"X-Client-IP: 203.0.113.9\r\n", true},
        {"True-Client-IP: 203.0.113.9\r\n", true},
        {"CF-Connecting-IP: 203.0.113.9\r\n", true},
        {"Via: 1.1 squid\r\n", true},
        {"X-Forwarded: 1\r\n", true},
        {"X-Request-Id: 5\r\nForwarded-Not: x\r\nX-Real-IPs: 1\r\nViaduct: 1\r\n", false},
        {"User-Agent: X-Forwarded-For\r\n", false},
    };
    struct support_rules o = {0};
    struct access a;
    assert_int_equal(support_init(&a, &o), ST_OK);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        support_head("/", CASES[i].headers);
        if ((support_verdict(&a, LOCAL) == ACCESS_FORWARDED) != CASES[i].forwarded ||
            (support_verdict(&a, "::1") == ACCESS_OK) == CASES[i].forwarded) {
            fail_msg("%s: %d", CASES[i].headers, support_verdict(&a, LOCAL));
        }
        assert_int_equal(support_verdict(&a, REMOTE), ACCESS_PROTECTED);
    }
    support_head("/", "X-Forwarded-For: 203.0.113.9\r\n");
    struct access_result r = support_judge(&a, LOCAL);
    assert_int_equal(r.code, 403);
    assert_int_equal(r.level, LOG_WARNING);
    support_body(&r, LOCAL);
    assert_non_null(strstr(support_body_text, "(X-Forwarded-For: 203.0.113.9)"));
    assert_non_null(strstr(support_body_text, "--ws-token-file"));
    assert_non_null(strstr(support_body_text, "--ws-allow"));
    access_fini(&a);
}

/* Who sets either flag has said who gets in: the proxy's address by --ws-allow, or whoever has a token. */
static void test_proxy_that_may(void **state)
{
    (void)state;
    struct support_rules o = {0};
    struct access a;
    support_allow(&o, "127.0.0.1");
    assert_int_equal(support_init(&a, &o), ST_OK);
    support_head("/", "X-Forwarded-For: 203.0.113.9\r\n");
    assert_int_equal(support_verdict(&a, LOCAL), ACCESS_OK);
    access_fini(&a);
    memset(&o, 0, sizeof(o));
    support_tokens(&o, "alpha");
    assert_int_equal(support_init(&a, &o), ST_OK);
    assert_int_equal(support_verdict(&a, LOCAL), ACCESS_TOKEN);
    support_head("/?token=alpha", "X-Forwarded-For: 203.0.113.9\r\n");
    assert_int_equal(support_verdict(&a, LOCAL), ACCESS_OK);
    access_fini(&a);
}

static void test_allow_list(void **state)
{
    (void)state;
    struct support_rules o = {0};
    struct access a;
    support_allow(&o, "192.0.2.0/24");
    support_allow(&o, "2001:db8::/32");
    assert_int_equal(support_init(&a, &o), ST_OK);
    support_head("/", "");
    assert_int_equal(support_verdict(&a, "192.0.2.255"), ACCESS_OK);
    assert_int_equal(support_verdict(&a, "::ffff:192.0.2.1"), ACCESS_OK);
    assert_int_equal(support_verdict(&a, "2001:db8:1::1"), ACCESS_OK);
    assert_int_equal(support_verdict(&a, "192.0.3.1"), ACCESS_ADDRESS);
    assert_int_equal(support_verdict(&a, "127.0.0.1"), ACCESS_ADDRESS);
    assert_int_equal(support_verdict(&a, "2001:db9::1"), ACCESS_ADDRESS);
    struct access_result r = support_judge(&a, "192.0.3.1");
    assert_int_equal(r.code, 403);
    assert_non_null(strstr(support_body(&r, "::ffff:192.0.3.1"), "add 192.0.3.1 to the server's --ws-allow"));
    access_fini(&a);
}

static void test_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *target, *headers;
        enum access_verdict want;
    } CASES[] = {
        {"/", "", ACCESS_TOKEN},
        {"/", "Authorization: Bearer alpha\r\n", ACCESS_OK},
        {"/", "authorization: bearer   beta+/=\r\n", ACCESS_OK},
        {"/", "Authorization: Bearer alphA\r\n", ACCESS_TOKEN},
        {"/", "Authorization: Bearer alph\r\n", ACCESS_TOKEN},
        {"/", "Authorization: Bearer alphaa\r\n", ACCESS_TOKEN},
        {"/", "Authorization: Bearer\r\n", ACCESS_TOKEN},
        {"/", "Authorization: Bearer \r\n", ACCESS_TOKEN},
        {"/", "Authorization: Basic alpha\r\n", ACCESS_TOKEN},
        {"/", "Authorization: alpha\r\n", ACCESS_TOKEN},
        {"/", "Authorization: Bearer alpha\r\nAuthorization: Bearer alpha\r\n", ACCESS_TOKEN},
        {"/?token=alpha", "", ACCESS_OK},
        {"/?x=1&token=alpha", "", ACCESS_OK},
        {"/?token=beta%2B%2F%3D", "", ACCESS_OK},
        {"/?token=with%20blank", "", ACCESS_OK},
        {"/", "Authorization: Bearer with blank\r\n", ACCESS_OK},
        {"/?token=", "", ACCESS_TOKEN},
        {"/?token", "", ACCESS_TOKEN},
        {"/?Token=alpha", "", ACCESS_TOKEN},
        {"/?token=wrong", "Authorization: Bearer alpha\r\n", ACCESS_OK},
        {"/?token=alpha%00", "", ACCESS_TOKEN},
        {"/?token=%61lph%61", "", ACCESS_OK},
        {"/?token=alpha&token=wrong", "", ACCESS_OK}, /* of several the first counts */
        {"/?token=wrong&token=alpha", "", ACCESS_TOKEN},
        {"/?token=alpha%zz", "", ACCESS_TOKEN},
        {"/?%74oken=alpha", "", ACCESS_TOKEN},
        {"/", "Authorization: Bearer \"alpha\"\r\n", ACCESS_TOKEN},
        {"/", "Authorization: Bearer%20alpha\r\n", ACCESS_TOKEN},
        {"/", "Proxy-Authorization: Bearer alpha\r\n", ACCESS_TOKEN},
    };
    struct support_rules o = {0};
    struct access a;
    support_tokens(&o, "alpha\n\n  beta+/=  \r\nwith blank\n");
    assert_int_equal(support_init(&a, &o), ST_OK);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        support_head(CASES[i].target, CASES[i].headers);
        if (support_verdict(&a, REMOTE) != CASES[i].want || support_verdict(&a, LOCAL) != CASES[i].want) {
            fail_msg("%s %s: not %d", CASES[i].target, CASES[i].headers, CASES[i].want);
        }
    }
    support_head("/", "");
    struct access_result r = support_judge(&a, LOCAL);
    assert_int_equal(r.code, 401);
    assert_non_null(strstr(support_body(&r, LOCAL), "--ws-token-file"));
    assert_string_equal(r.headers, "WWW-Authenticate: Bearer\r\n");
    access_fini(&a);
}

static void test_address_and_token_both_count(void **state)
{
    (void)state;
    struct support_rules o = {0};
    struct access a;
    support_tokens(&o, "alpha");
    support_allow(&o, "192.0.2.0/24");
    assert_int_equal(support_init(&a, &o), ST_OK);
    support_head("/?token=alpha", "");
    assert_int_equal(support_verdict(&a, REMOTE), ACCESS_OK);
    assert_int_equal(support_verdict(&a, "198.51.100.1"), ACCESS_ADDRESS);
    support_head("/", "");
    assert_int_equal(support_verdict(&a, REMOTE), ACCESS_TOKEN);
    support_head("/?token=alpha", "Host: 192.0.2.1:8080\r\nOrigin: http://evil.example\r\n");
    assert_int_equal(support_verdict(&a, REMOTE), ACCESS_ORIGIN);
    support_head("/", "Host: 192.0.2.1:8080\r\nOrigin: http://evil.example\r\n");
    assert_int_equal(support_judge(&a, REMOTE).code, 403); /* always, token or not */
    access_fini(&a);
}

static void test_reload(void **state)
{
    (void)state;
    struct support_rules o = {0};
    struct access a;
    char why[TOKENS_WHY_MAX];
    support_tokens(&o, "old\n");
    assert_int_equal(support_init(&a, &o), ST_OK);
    support_tokens(&o, "new\n");
    support_head("/?token=new", "");
    assert_int_equal(support_verdict(&a, LOCAL), ACCESS_TOKEN);
    assert_int_equal(support_reload(&a, why), ST_OK);
    assert_int_equal(support_verdict(&a, LOCAL), ACCESS_OK);
    support_head("/?token=old", "");
    assert_int_equal(support_verdict(&a, LOCAL), ACCESS_TOKEN);
    support_tokens(&o, "\n"); /* no token: the last good ones stay */
    assert_int_equal(support_reload(&a, why), ST_BAD);
    assert_true(strlen(why) > 0);
    support_head("/?token=new", "");
    assert_int_equal(support_verdict(&a, LOCAL), ACCESS_OK);
    access_fini(&a);
}

struct origin_case {
    const char *host;
    const char *origin;
    bool in;
};

static void check_origins(const struct access *a, const struct origin_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char headers[512];
        snprintf(headers, sizeof(headers), "Host: %s\r\nOrigin: %s\r\n", cases[i].host, cases[i].origin);
        bool in = support_try_head("/", headers) && support_verdict(a, LOCAL) == ACCESS_OK;
        if (in != cases[i].in) {
            fail_msg("Host %s, Origin %s: not %s", cases[i].host, cases[i].origin, cases[i].in ? "let in" : "refused");
        }
    }
}

/* No Origin with a same-origin GET: the browser's Sec-Fetch-Site tells that a page asks, Host tells which one. */
static void test_rebound_page_without_origin(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        bool in;
    } CASES[] = {
        {"Host: evil.example:8080\r\nSec-Fetch-Site: same-origin\r\n", false},
        {"Host: box.lan:8080\r\nSec-Fetch-Site: same-origin\r\n", true}, /* named by --ws-origin */
        {"Host: 192.168.1.5:8080\r\nSec-Fetch-Site: same-origin\r\n", true},
        {"Host: evil.example:8080\r\nSec-Fetch-Site: none\r\n", true}, /* typed into the address bar */
        {"Host: evil.example:8080\r\n", true},                         /* no browser */
    };
    struct support_rules o = {0};
    struct access a;
    support_origin(&o, "http://box.lan:8080");
    assert_int_equal(support_init(&a, &o), ST_OK);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        support_head("/recordings/", CASES[i].headers);
        assert_int_equal(support_verdict(&a, LOCAL) == ACCESS_OK, CASES[i].in);
    }
    access_fini(&a);
}

static void test_same_host(void **state)
{
    (void)state;
    static const struct origin_case CASES[] = {
        {"127.0.0.1:8080", "http://127.0.0.1:8080", true},
        {"localhost:8080", "http://localhost:8080", true},
        {"LOCALHOST:8080", "http://localhost:8080", true},
        {"[::1]:8080", "http://[::1]:8080", true},
        {"[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080", true},
        {"192.168.1.5", "http://192.168.1.5", true},
        {"192.168.1.5:80", "http://192.168.1.5", true},
        {"192.168.1.5", "https://192.168.1.5", true},
        {"192.168.1.5:443", "https://192.168.1.5", true},
        /* another port, another host, another notation */
        {"127.0.0.1:8080", "http://127.0.0.1", false},
        {"127.0.0.1:8080", "http://127.0.0.1:8081", false},
        {"127.0.0.1:8080", "http://localhost:8080", false},
        {"localhost:8080", "http://127.0.0.1:8080", false},
        {"192.168.1.5", "https://192.168.1.5:80", false},
        {"127.0.0.1:8080", "http://evil.example", false},
        {"127.0.0.1:8080", "http://evil.example:8080", false},
        {"127.0.0.1:8080", "null", false},
        {"127.0.0.1:8080", "file://", false},
        {"127.0.0.1:8080", "chrome-extension://127.0.0.1:8080", false},
        /* a name that an attacker's DNS points here */
        {"evil.example:8080", "http://evil.example:8080", false},
        {"rebind.127.0.0.1.example:8080", "http://rebind.127.0.0.1.example:8080", false},
        {"localhost.evil.example:8080", "http://localhost.evil.example:8080", false},
        {"localhost.:8080", "http://localhost.:8080", false},
        {"127.1:8080", "http://127.1:8080", false},
        {"2130706433:8080", "http://2130706433:8080", false},
        {"0x7f.0.0.1:8080", "http://0x7f.0.0.1:8080", false},
        {"0177.0.0.1:8080", "http://0177.0.0.1:8080", false},
        /* broken or tricky */
        {"127.0.0.1:8080", "HTTP://127.0.0.1:8080/", true},
        {"127.0.0.1:8080", "http://127.0.0.1:8080//", false},
        {"127.0.0.1:8080", "http://127.0.0.1:8080/x", false},
        {"localhost", "http://localhost/", true},
        {"localhost:8080", "http://localhost/", false},
        {"", "http://", false},
        {"*.example", "http://*.example", false},
        {"127.0.0.1:8080", "http://127.0.0.1:8080@evil.example", false},
        {"127.0.0.1:8080", "http://evil.example@127.0.0.1:8080", false},
        {"127.0.0.1:8080", "http://127.0.0.1:8080 http://evil.example", false},
        {"127.0.0.1:8080", "127.0.0.1:8080", false},
        {"127.0.0.1:8080", "http://", false},
        {"127.0.0.1:8080", "://127.0.0.1:8080", false},
        {"127.0.0.1:8080", "http://127.0.0.1:08080x", false},
        {"127.0.0.1:0", "http://127.0.0.1:0", false},
        {"::1", "http://[::1]", false},
        {"[::1", "http://[::1", false},
        {"[::1]8080", "http://[::1]8080", false},
    };
    struct support_rules o = {0};
    struct access a;
    assert_int_equal(support_init(&a, &o), ST_OK);
    check_origins(&a, CASES, sizeof(CASES) / sizeof(CASES[0]));
    access_fini(&a);
}

/* Own name: alone and with .local; a name with its domain also by its first label. */
static void test_own_host_name(void **state)
{
    (void)state;
    static const struct {
        const char *own, *host;
        bool in;
    } CASES[] = {
        {"box", "box", true},           {"box", "BOX", true},          {"Box", "box.local", true},
        {"box", "box.LOCAL", true},     {"box", "box.lan", false},     {"box", "abox", false},
        {"box", "a.box", false},        {"box", "box.local.x", false}, {"box", "box.local.local", false},
        {"box.lan", "box.lan", true},   {"box.lan", "box", true},      {"box.lan", "box.local", true},
        {"box.lan", "box.home", false}, {"box.lan", "lan", false},     {"box.lan", "x.lan", false},
        {"", ".local", false},          {"", "local", false},          {"", "a", false},
    };
    struct support_rules o = {0};
    struct access a;
    char longest[2 * HTTP_HOST_NAME_MAX];
    assert_int_equal(support_init(&a, &o), ST_OK);
    assert_string_equal(a.host_name, "");
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char headers[512];
        access_set_host_name(&a, CASES[i].own);
        snprintf(headers, sizeof(headers), "Host: %s:8080\r\nOrigin: http://%s:8080\r\n", CASES[i].host, CASES[i].host);
        support_head("/", headers);
        bool in = support_verdict(&a, LOCAL) == ACCESS_OK;
        snprintf(headers, sizeof(headers), "Host: %s:8080\r\nSec-Fetch-Site: same-origin\r\n", CASES[i].host);
        support_head("/", headers);
        if (in != CASES[i].in || (support_verdict(&a, LOCAL) == ACCESS_OK) != CASES[i].in) {
            fail_msg("own name %s, Host %s: not %s", CASES[i].own, CASES[i].host, CASES[i].in ? "let in" : "refused");
        }
    }
    support_head("/", "Host: box:8080\r\nOrigin: http://box\r\n"); /* its port counts all the same */
    access_set_host_name(&a, "box");
    assert_int_equal(support_verdict(&a, LOCAL), ACCESS_ORIGIN);
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    access_set_host_name(&a, longest);
    assert_int_equal(strlen(a.host_name), HTTP_HOST_NAME_MAX);
    access_fini(&a);
}

static void test_listed_kinds_of_origins(void **state)
{
    (void)state;
    static const struct origin_case CASES[] = {
        {"127.0.0.1:8080", "file://", true},
        {"127.0.0.1:8080", "file:///", true},
        {"127.0.0.1:8080", "FILE://", true},
        {"127.0.0.1:8080", "file://host", false},
        {"127.0.0.1:8080", "null", false},
        {"127.0.0.1:8080", "app://.", true},
        {"127.0.0.1:8080", "app://", false},
        {"127.0.0.1:8080", "capacitor://localhost", true},
        {"127.0.0.1:8080", "http://localhost", true}, /* another port than Host's, but listed */
        {"127.0.0.1:8080", "http://localhost/", true},
        {"127.0.0.1:8080", "http://LocalHost:80", true},
        {"127.0.0.1:8080", "https://localhost", false},
        {"127.0.0.1:8080", "https://a.example.com", true},
        {"127.0.0.1:8080", "https://a.b.EXAMPLE.com", true},
        {"127.0.0.1:8080", "https://example.com", false},
        {"127.0.0.1:8080", "https://aexample.com", false},
        {"127.0.0.1:8080", "https://*.example.com", false},
        {"127.0.0.1:8080", "http://a.example.com", false},
        {"a.example.com:8080", "http://a.example.com:8080", true}, /* same host, of a domain that was named */
        {"a.example.org:8080", "http://a.example.org:8080", false},
        {"*.example.com:8080", "http://*.example.com:8080", false},
    };
    struct support_rules o = {0};
    struct access a;
    support_origin(&o, "File:///");
    support_origin(&o, "app://.");
    support_origin(&o, "capacitor://localhost/");
    support_origin(&o, "http://localhost/");
    support_origin(&o, "https://*.Example.com/");
    assert_int_equal(support_init(&a, &o), ST_OK);
    check_origins(&a, CASES, sizeof(CASES) / sizeof(CASES[0]));
    access_fini(&a);
}

/* A right Authorization: Bearer makes Origin not count; a token in the address, which a page can have, does not. */
static void test_bearer_beats_origin(void **state)
{
    (void)state;
    static const struct {
        const char *target, *headers;
        enum access_verdict want;
    } CASES[] = {
        {"/", "Origin: http://evil.example\r\nAuthorization: Bearer alpha\r\n", ACCESS_OK},
        {"/", "Origin: file://\r\nAuthorization: Bearer alpha\r\n", ACCESS_OK},
        {"/", "Origin: x\r\nOrigin: y\r\nAuthorization: Bearer alpha\r\n", ACCESS_OK},
        {"/", "Sec-Fetch-Site: same-origin\r\nHost: evil.example\r\nAuthorization: Bearer alpha\r\n", ACCESS_OK},
        {"/", "Origin: http://evil.example\r\nAuthorization: Bearer wrong\r\n", ACCESS_ORIGIN},
        {"/", "Origin: http://evil.example\r\nAuthorization: Bearer alpha\r\nAuthorization: x\r\n", ACCESS_ORIGIN},
        {"/?token=alpha", "Origin: http://evil.example\r\n", ACCESS_ORIGIN},
        {"/?token=alpha", "Origin: http://192.0.2.1:8080\r\n", ACCESS_OK},
        {"/", "Origin: http://192.0.2.1:8080\r\n", ACCESS_TOKEN},
    };
    struct support_rules o = {0};
    struct access a;
    support_tokens(&o, "alpha\n");
    assert_int_equal(support_init(&a, &o), ST_OK);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        support_head(CASES[i].target, CASES[i].headers);
        if (support_verdict(&a, REMOTE) != CASES[i].want) {
            fail_msg("%s: %d", CASES[i].headers, support_verdict(&a, REMOTE));
        }
    }
    access_fini(&a);
    memset(&o, 0, sizeof(o));
    support_allow(&o, "192.0.2.0/24");
    assert_int_equal(support_init(&a, &o), ST_OK);
    support_head("/", "Origin: http://evil.example\r\nAuthorization: Bearer alpha\r\n");
    assert_int_equal(support_verdict(&a, REMOTE), ACCESS_ORIGIN); /* without a token file none is right */
    support_head("/", "Origin: http://evil.example\r\nAuthorization: Bearer\r\n");
    assert_int_equal(support_verdict(&a, REMOTE), ACCESS_ORIGIN);
    access_fini(&a);
}

/* Whose pages may read: those of listed origins, in the very text that the browser compares. */
static void test_cors(void **state)
{
    (void)state;
    static const struct {
        const char *headers, *readable;
    } CASES[] = {
        {"Origin: https://app.example.com\r\n", "https://app.example.com"},
        {"Origin: https://x.a.example\r\n", "https://x.a.example"},
        {"Origin: null\r\n", "null"},
        {"Origin: http://192.0.2.1:8080\r\n", ""}, /* the same host: it needs no leave */
        {"Origin: https://evil.example\r\n", ""},
        {"Origin: https://app.example.com\r\nOrigin: null\r\n", ""},
        {"Origin: \r\n", ""},
        {"", ""},
    };
    struct support_rules o = {0};
    struct access a;
    support_origin(&o, "https://app.example.com");
    support_origin(&o, "https://*.a.example");
    support_origin(&o, "null");
    assert_int_equal(support_init(&a, &o), ST_OK);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        support_head("/healthz", CASES[i].headers);
        struct span readable = access_cors_origin(&a, &support_request);
        if (!span_eq(readable, span_cstr(CASES[i].readable))) {
            fail_msg("%s: %.*s", CASES[i].headers, SPAN_ARG(readable));
        }
    }
    access_fini(&a);
}

static enum access_verdict preflight(const struct access *a, const char *method, const char *headers)
{
    char text[1024];
    int len = snprintf(text, sizeof(text), "%s /healthz HTTP/1.1\r\nHost: 192.0.2.1\r\n%s\r\n", method, headers);
    http_request_init(&support_request);
    (void)http_request_push(&support_request, text, (size_t)len);
    assert_int_equal(support_request.state, HTTP_READY);
    return support_verdict(a, REMOTE);
}

#define LISTED "Origin: https://app.example.com\r\n"
#define ASKS   "Access-Control-Request-Method: GET\r\n"

/* Browsers send no token with a preflight; whoever is not listed gets no leave by it. */
static void test_preflight_needs_no_token(void **state)
{
    (void)state;
    struct support_rules o = {0};
    struct access a;
    support_tokens(&o, "alpha\n");
    support_origin(&o, "https://app.example.com");
    assert_int_equal(support_init(&a, &o), ST_OK);
    assert_int_equal(preflight(&a, "OPTIONS", LISTED ASKS), ACCESS_OK);
    assert_int_equal(preflight(&a, "OPTIONS", LISTED), ACCESS_TOKEN);
    assert_int_equal(preflight(&a, "OPTIONS", ASKS), ACCESS_TOKEN);
    assert_int_equal(preflight(&a, "OPTIONS", "Origin: http://192.0.2.1\r\n" ASKS), ACCESS_TOKEN);
    assert_int_equal(preflight(&a, "OPTIONS", "Origin: http://evil.example\r\n" ASKS), ACCESS_ORIGIN);
    assert_int_equal(preflight(&a, "GET", LISTED ASKS), ACCESS_TOKEN);
    assert_int_equal(preflight(&a, "POST", LISTED ASKS), ACCESS_TOKEN);
    access_fini(&a);
    support_allow(&o, "10.0.0.0/8");
    assert_int_equal(support_init(&a, &o), ST_OK);
    assert_int_equal(preflight(&a, "OPTIONS", LISTED ASKS), ACCESS_ADDRESS);
    access_fini(&a);
}

static void test_listed_origins(void **state)
{
    (void)state;
    static const struct origin_case CASES[] = {
        {"127.0.0.1:8080", "https://app.example.com", true},
        {"evil.example:8080", "https://app.example.com", true}, /* the page is trusted, whatever it called us */
        {"127.0.0.1:8080", "https://APP.example.com:443", true},
        {"127.0.0.1:8080", "null", true},
        {"app.example.com:8080", "http://app.example.com:8080", true}, /* same host, and the name was given */
        {"app.example.com", "http://app.example.com", true},
        {"127.0.0.1:8080", "http://app.example.com", false},
        {"127.0.0.1:8080", "https://app.example.com:8443", false},
        {"127.0.0.1:8080", "https://app.example.com.evil.example", false},
        {"app.example.com:8080", "http://evil.example:8080", false},
        {"127.0.0.1:8080", "http://127.0.0.1:8080", true}, /* the list adds to the same host */
    };
    struct support_rules o = {0};
    struct access a;
    support_origin(&o, "https://app.example.com");
    support_origin(&o, "null");
    assert_int_equal(support_init(&a, &o), ST_OK);
    check_origins(&a, CASES, sizeof(CASES) / sizeof(CASES[0]));
    access_fini(&a);
}

static void test_odd_headers(void **state)
{
    (void)state;
    struct support_rules o = {0};
    struct access a;
    assert_int_equal(support_init(&a, &o), ST_OK);
    support_head("/", "Host: evil.example:8080\r\n"); /* no browser: by address and token alone */
    assert_int_equal(support_verdict(&a, LOCAL), ACCESS_OK);
    support_head("/", "Host: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nOrigin: http://127.0.0.1\r\n");
    assert_int_equal(support_verdict(&a, LOCAL), ACCESS_ORIGIN);
    support_head("/", "Host: 127.0.0.1\r\nOrigin:\r\n");
    assert_int_equal(support_verdict(&a, LOCAL), ACCESS_ORIGIN);
    struct access_result r = support_judge(&a, LOCAL);
    assert_int_equal(r.code, 403);
    assert_non_null(strstr(support_body(&r, LOCAL), "--ws-origin"));
    access_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_protected_mode),
        cmocka_unit_test(test_protected_mode_behind_a_proxy),
        cmocka_unit_test(test_proxy_that_may),
        cmocka_unit_test(test_allow_list),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_address_and_token_both_count),
        cmocka_unit_test(test_rebound_page_without_origin),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_same_host),
        cmocka_unit_test(test_own_host_name),
        cmocka_unit_test(test_listed_kinds_of_origins),
        cmocka_unit_test(test_bearer_beats_origin),
        cmocka_unit_test(test_cors),
        cmocka_unit_test(test_preflight_needs_no_token),
        cmocka_unit_test(test_listed_origins),
        cmocka_unit_test(test_odd_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
