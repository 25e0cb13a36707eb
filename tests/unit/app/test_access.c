/* SPEC section 2, last two paragraphs, as a table: who gets in, who gets which refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "access.h"
#include "options_table.h"

#define LOCAL  "127.0.0.1"
#define REMOTE "192.0.2.10"

static struct http_request g_request;

static void set(struct options *o, const char *flag, const char *value)
{
    const struct option_row *row = option_row_find(span_cstr(flag));
    assert_non_null(row);
    assert_int_equal(option_set(o, row, span_cstr(value)), ST_OK);
}

/* False when the HTTP parser itself refuses. A Host is added where none is given. */
static bool try_head(const char *target, const char *headers)
{
    char text[2048];
    const char *host = strstr(headers, "Host:") != NULL ? "" : "Host: 192.0.2.1:8080\r\n";
    int len = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n%s%s\r\n", target, host, headers);
    http_request_init(&g_request);
    (void)http_request_push(&g_request, text, (size_t)len);
    return g_request.state == HTTP_READY;
}

static void head(const char *target, const char *headers)
{
    assert_true(try_head(target, headers));
}

static struct access_result judge(const struct access *a, const char *peer)
{
    struct net_addr addr;
    assert_int_equal(addr_parse_ip(span_cstr(peer), &addr), ST_OK);
    addr.port = 40000;
    return access_check(a, &g_request, &addr);
}

static enum access_verdict verdict(const struct access *a, const char *peer)
{
    return judge(a, peer).verdict;
}

static char g_token_path[64];

static void write_tokens(const char *text)
{
    FILE *f = fopen(g_token_path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_protected_mode(void **state)
{
    (void)state;
    struct options o = {0};
    struct access a;
    char why[TOKENS_WHY_MAX];
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    head("/", "Host: 192.0.2.1:8080\r\n");
    assert_int_equal(verdict(&a, "127.0.0.1"), ACCESS_OK);
    assert_int_equal(verdict(&a, "127.8.9.1"), ACCESS_OK);
    assert_int_equal(verdict(&a, "::1"), ACCESS_OK);
    assert_int_equal(verdict(&a, "::ffff:127.0.0.1"), ACCESS_OK);
    assert_int_equal(verdict(&a, "192.0.2.10"), ACCESS_PROTECTED);
    assert_int_equal(verdict(&a, "::ffff:192.0.2.10"), ACCESS_PROTECTED);
    assert_int_equal(verdict(&a, "fe80::1"), ACCESS_PROTECTED);
    struct access_result r = judge(&a, REMOTE);
    assert_int_equal(r.code, 403);
    assert_int_equal(r.level, LOG_WARNING);
    assert_non_null(strstr(r.body, "--ws-allow"));
    assert_non_null(strstr(r.body, "--ws-token-file"));
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
    struct options o = {0};
    struct access a;
    char why[TOKENS_WHY_MAX];
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        head("/", CASES[i].headers);
        if ((verdict(&a, LOCAL) == ACCESS_FORWARDED) != CASES[i].forwarded ||
            (verdict(&a, "::1") == ACCESS_OK) == CASES[i].forwarded) {
            fail_msg("%s: %s", CASES[i].headers, access_verdict_name(verdict(&a, LOCAL)));
        }
        assert_int_equal(verdict(&a, REMOTE), ACCESS_PROTECTED);
    }
    head("/", "X-Forwarded-For: 203.0.113.9\r\n");
    struct access_result r = judge(&a, LOCAL);
    assert_int_equal(r.code, 403);
    assert_int_equal(r.level, LOG_WARNING);
    assert_non_null(strstr(r.body, "--ws-token-file"));
    assert_non_null(strstr(r.body, "--ws-allow"));
    access_fini(&a);
}

/* Who sets either flag has said who gets in: the proxy's address by --ws-allow, or whoever has a token. */
static void test_proxy_that_may(void **state)
{
    (void)state;
    struct options o = {0};
    struct access a;
    char why[TOKENS_WHY_MAX];
    set(&o, "ws-allow", "127.0.0.1");
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    head("/", "X-Forwarded-For: 203.0.113.9\r\n");
    assert_int_equal(verdict(&a, LOCAL), ACCESS_OK);
    access_fini(&a);
    options_fini(&o);
    memset(&o, 0, sizeof(o));
    write_tokens("alpha");
    set(&o, "ws-token-file", g_token_path);
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    assert_int_equal(verdict(&a, LOCAL), ACCESS_TOKEN);
    head("/?token=alpha", "X-Forwarded-For: 203.0.113.9\r\n");
    assert_int_equal(verdict(&a, LOCAL), ACCESS_OK);
    access_fini(&a);
    options_fini(&o);
}

static void test_allow_list(void **state)
{
    (void)state;
    struct options o = {0};
    struct access a;
    char why[TOKENS_WHY_MAX];
    set(&o, "ws-allow", "192.0.2.0/24");
    set(&o, "ws-allow", "2001:db8::/32");
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    head("/", "");
    assert_int_equal(verdict(&a, "192.0.2.255"), ACCESS_OK);
    assert_int_equal(verdict(&a, "::ffff:192.0.2.1"), ACCESS_OK);
    assert_int_equal(verdict(&a, "2001:db8:1::1"), ACCESS_OK);
    assert_int_equal(verdict(&a, "192.0.3.1"), ACCESS_ADDRESS);
    assert_int_equal(verdict(&a, "127.0.0.1"), ACCESS_ADDRESS);
    assert_int_equal(verdict(&a, "2001:db9::1"), ACCESS_ADDRESS);
    struct access_result r = judge(&a, "192.0.3.1");
    assert_int_equal(r.code, 403);
    assert_non_null(strstr(r.body, "--ws-allow"));
    access_fini(&a);
    options_fini(&o);
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
    };
    struct options o = {0};
    struct access a;
    char why[TOKENS_WHY_MAX];
    write_tokens("alpha\n\n  beta+/=  \r\nwith blank\n");
    set(&o, "ws-token-file", g_token_path);
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        head(CASES[i].target, CASES[i].headers);
        if (verdict(&a, REMOTE) != CASES[i].want || verdict(&a, LOCAL) != CASES[i].want) {
            fail_msg("%s %s: not %s", CASES[i].target, CASES[i].headers, access_verdict_name(CASES[i].want));
        }
    }
    head("/", "");
    struct access_result r = judge(&a, LOCAL);
    assert_int_equal(r.code, 401);
    assert_non_null(strstr(r.body, "--ws-token-file"));
    assert_string_equal(r.headers, "WWW-Authenticate: Bearer\r\n");
    access_fini(&a);
    options_fini(&o);
}

static void test_address_and_token_both_count(void **state)
{
    (void)state;
    struct options o = {0};
    struct access a;
    char why[TOKENS_WHY_MAX];
    write_tokens("alpha");
    set(&o, "ws-token-file", g_token_path);
    set(&o, "ws-allow", "192.0.2.0/24");
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    head("/?token=alpha", "");
    assert_int_equal(verdict(&a, REMOTE), ACCESS_OK);
    assert_int_equal(verdict(&a, "198.51.100.1"), ACCESS_ADDRESS);
    head("/", "");
    assert_int_equal(verdict(&a, REMOTE), ACCESS_TOKEN);
    head("/?token=alpha", "Host: 192.0.2.1:8080\r\nOrigin: http://evil.example\r\n");
    assert_int_equal(verdict(&a, REMOTE), ACCESS_ORIGIN);
    head("/", "Host: 192.0.2.1:8080\r\nOrigin: http://evil.example\r\n");
    assert_int_equal(judge(&a, REMOTE).code, 403); /* always, token or not */
    access_fini(&a);
    options_fini(&o);
}

static void test_reload(void **state)
{
    (void)state;
    struct options o = {0};
    struct access a;
    char why[TOKENS_WHY_MAX];
    write_tokens("old\n");
    set(&o, "ws-token-file", g_token_path);
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    write_tokens("new\n");
    head("/?token=new", "");
    assert_int_equal(verdict(&a, LOCAL), ACCESS_TOKEN);
    assert_int_equal(access_reload(&a, why), ST_OK);
    assert_int_equal(verdict(&a, LOCAL), ACCESS_OK);
    head("/?token=old", "");
    assert_int_equal(verdict(&a, LOCAL), ACCESS_TOKEN);
    write_tokens("\n"); /* no token: the last good ones stay */
    assert_int_equal(access_reload(&a, why), ST_BAD);
    assert_true(strlen(why) > 0);
    head("/?token=new", "");
    assert_int_equal(verdict(&a, LOCAL), ACCESS_OK);
    unlink(g_token_path);
    assert_int_equal(access_reload(&a, why), ST_BAD);
    assert_int_equal(verdict(&a, LOCAL), ACCESS_OK);
    access_fini(&a);
    assert_int_equal(access_init(&a, &o, why), ST_BAD);
    access_fini(&a);
    options_fini(&o);
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
        bool in = try_head("/", headers) && verdict(a, LOCAL) == ACCESS_OK;
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
    struct options o = {0};
    struct access a;
    char why[TOKENS_WHY_MAX];
    set(&o, "ws-origin", "http://box.lan:8080");
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        head("/recordings/", CASES[i].headers);
        assert_int_equal(verdict(&a, LOCAL) == ACCESS_OK, CASES[i].in);
    }
    access_fini(&a);
    options_fini(&o);
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
        {"127.0.0.1:8080", "http://127.0.0.1:8080/", false},
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
    struct options o = {0};
    struct access a;
    char why[TOKENS_WHY_MAX];
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    check_origins(&a, CASES, sizeof(CASES) / sizeof(CASES[0]));
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
    struct options o = {0};
    struct access a;
    char why[TOKENS_WHY_MAX];
    set(&o, "ws-origin", "https://app.example.com");
    set(&o, "ws-origin", "null");
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    check_origins(&a, CASES, sizeof(CASES) / sizeof(CASES[0]));
    access_fini(&a);
    options_fini(&o);
}

static void test_odd_headers(void **state)
{
    (void)state;
    struct options o = {0};
    struct access a;
    char why[TOKENS_WHY_MAX];
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    head("/", "Host: evil.example:8080\r\n"); /* no browser: by address and token alone */
    assert_int_equal(verdict(&a, LOCAL), ACCESS_OK);
    head("/", "Host: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nOrigin: http://127.0.0.1\r\n");
    assert_int_equal(verdict(&a, LOCAL), ACCESS_ORIGIN);
    head("/", "Host: 127.0.0.1\r\nOrigin:\r\n");
    assert_int_equal(verdict(&a, LOCAL), ACCESS_ORIGIN);
    struct access_result r = judge(&a, LOCAL);
    assert_int_equal(r.code, 403);
    assert_non_null(strstr(r.body, "--ws-origin"));
    access_fini(&a);
}

static char g_line[512];
static enum log_level g_level;

static void keep_line(void *ctx, enum log_level level, const char *text, size_t len)
{
    (void)ctx;
    g_level = level;
    snprintf(g_line, sizeof(g_line), "%.*s", (int)len, text);
}

static void test_log_lines(void **state)
{
    (void)state;
    struct options o = {0};
    struct access a;
    char why[TOKENS_WHY_MAX];
    struct log log = {LOG_DEBUG, false, keep_line, NULL};
    struct net_addr peer = addr_ipv4(192, 0, 2, 10, 40000);
    write_tokens("hunter2");
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    head("/", "");
    struct access_result r = access_check(&a, &g_request, &peer);
    access_log(&log, &r, &g_request, &peer);
    assert_int_equal(g_level, LOG_WARNING);
    assert_non_null(strstr(g_line, "192.0.2.10"));
    assert_non_null(strstr(g_line, "--ws-allow"));
    struct net_addr proxy = addr_ipv4(127, 0, 0, 1, 40000);
    head("/", "X-Real-IP: 1\xff\t2\r\n");
    r = access_check(&a, &g_request, &proxy);
    access_log(&log, &r, &g_request, &proxy);
    assert_int_equal(g_level, LOG_WARNING);
    assert_non_null(strstr(g_line, "127.0.0.1"));
    assert_non_null(strstr(g_line, "X-Real-IP: 1??2"));
    assert_non_null(strstr(g_line, "--ws-token-file"));
    set(&o, "ws-token-file", g_token_path);
    access_fini(&a);
    assert_int_equal(access_init(&a, &o, why), ST_OK);
    head("/?token=hunter3", "");
    r = access_check(&a, &g_request, &peer);
    access_log(&log, &r, &g_request, &peer);
    assert_non_null(strstr(g_line, "--ws-token-file"));
    assert_null(strstr(g_line, "hunter"));
    head("/", "Host: a\r\nOrigin: http://evil.example\r\n");
    r = access_check(&a, &g_request, &peer);
    access_log(&log, &r, &g_request, &peer);
    assert_non_null(strstr(g_line, "http://evil.example"));
    set(&o, "ws-allow", "10.0.0.0/8");
    r = access_check(&a, &g_request, &peer);
    access_log(&log, &r, &g_request, &peer);
    assert_non_null(strstr(g_line, "--ws-allow"));
    access_fini(&a);
    options_fini(&o);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(g_token_path, sizeof(g_token_path), "/tmp/test_access.XXXXXX");
    int fd = mkstemp(g_token_path);
    return fd >= 0 ? close(fd) : -1;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(g_token_path);
    return 0;
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
        cmocka_unit_test(test_listed_origins),
        cmocka_unit_test(test_odd_headers),
        cmocka_unit_test(test_log_lines),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
