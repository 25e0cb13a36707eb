/* SPDX-License-Identifier: MIT */
/* upgrade.c (RFC 6455 4.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wsaudio/http.h"

#define HEAD    "GET / HTTP/1.1\r\nHost: server.example.com\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

static const char *const PROTOCOLS[] = {"sip-audio-protocol", "sip-demo-protocol", NULL};
static char answer[1024];

static int ask(const char *text, const char **why)
{
    static struct http_request r;
    struct outbuf out;
    http_request_init(&r);
    assert_int_equal(http_request_push(&r, text, strlen(text)), strlen(text));
    assert_int_equal(r.state, HTTP_READY);
    outbuf_init(&out, answer, sizeof(answer) - 1);
    int status = http_upgrade_answer(&r, PROTOCOLS, &out, why);
    assert_int_equal(outbuf_status(&out), ST_OK);
    answer[out.len] = '\0';
    return status;
}

static void expect_protocol(const char *lines, const char *protocol)
{
    char text[1024];
    const char *why = NULL;
    (void)snprintf(text, sizeof(text), HEAD UPGRADE KEY VERSION "%s\r\n", lines);
    assert_int_equal(ask(text, &why), ST_OK);
    assert_null(why);
    const char *line = strstr(answer, "Sec-WebSocket-Protocol: ");
    if (protocol == NULL) {
        assert_null(line);
        return;
    }
    assert_non_null(line);
    line += strlen("Sec-WebSocket-Protocol: ");
    assert_memory_equal(line, protocol, strlen(protocol));
    assert_memory_equal(line + strlen(protocol), "\r\n\r\n", 5);
}

static void test_rfc6455_example(void **state)
{
    const char *why = NULL;
    (void)state;
    assert_int_equal(ask(HEAD UPGRADE KEY "Origin: http://example.com\r\n"
                                          "Sec-WebSocket-Protocol: chat, superchat\r\n" VERSION "\r\n",
                         &why),
                     ST_OK);
    assert_string_equal(answer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

static void test_subprotocols(void **state)
{
    (void)state;
    expect_protocol("", NULL);
    expect_protocol("Sec-WebSocket-Protocol: sip-audio-protocol\r\n", "sip-audio-protocol");
    expect_protocol("Sec-WebSocket-Protocol: sip-demo-protocol, sip-audio-protocol\r\n", "sip-demo-protocol");
    expect_protocol("Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: y,sip-audio-protocol\r\n",
                    "sip-audio-protocol");
    expect_protocol("Sec-WebSocket-Protocol: SIP-audio-protocol\r\n", NULL);
    expect_protocol("Sec-WebSocket-Protocol: sip-audio-protocolx,,\r\n", NULL);
    expect_protocol("Sec-WebSocket-Protocol:\r\n", NULL);
}

static void test_extensions_are_not_taken(void **state)
{
    const char *why = NULL;
    (void)state;
    assert_int_equal(ask(HEAD UPGRADE KEY VERSION "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", &why), ST_OK);
    assert_null(strstr(answer, "Extensions"));
}

static void test_tokens_in_any_case_and_company(void **state)
{
    const char *why = NULL;
    (void)state;
    assert_int_equal(ask(HEAD
                         "UPGRADE: h2c , WebSocket\r\nconnection: keep-alive\r\nConnection: x, upGRADE\r\n" KEY VERSION
                         "Content-Length: 0\r\n\r\n",
                         &why),
                     ST_OK);
    assert_int_equal(ask("GET /?token=x HTTP/1.2\r\nHost: a\r\n" UPGRADE KEY VERSION "\r\n", &why), ST_OK);
}

/* Any other upgrade is not for us: Java asks for h2c with its first request, curl with --http2. */
static void test_what_wants_a_socket(void **state)
{
    static const struct {
        const char *lines;
        bool wanted;
    } rows[] = {
        {"Upgrade: websocket\r\n", true},
        {"upgrade: WebSocket \r\n", true},
        {"Upgrade: websocket, h2c\r\n", true},
        {"Upgrade: h2c,websocket\r\n", true},
        {"Upgrade: h2c\r\nUpgrade: websocket\r\n", true},
        {"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", false},
        {"Upgrade: TLS/1.0, HTTP/2.0\r\n", false},
        {"Upgrade: websocket/13\r\n", false},
        {"Upgrade: websockets\r\n", false},
        {"Upgrade: web socket\r\n", false},
        {"Upgrade:\r\n", false},
        {"Upgrade-Insecure-Requests: 1\r\n", false},
        {"Sec-WebSocket-Protocol: websocket\r\n", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct http_request r;
        char text[512];
        (void)snprintf(text, sizeof(text), HEAD "%s\r\n", rows[i].lines);
        http_request_init(&r);
        assert_int_equal(http_request_push(&r, text, strlen(text)), strlen(text));
        if (http_upgrade_wanted(&r) != rows[i].wanted) {
            fail_msg("%s", rows[i].lines);
        }
    }
}

struct refused {
    const char *text;
    const char *code;
};

static void test_refusals(void **state)
{
    static const struct refused table[] = {
        {"POST / HTTP/1.1\r\nHost: a\r\n" UPGRADE KEY VERSION "\r\n", "405"},
        {"get / HTTP/1.1\r\nHost: a\r\n" UPGRADE KEY VERSION "\r\n", "405"},
        {"GET / HTTP/1.0\r\nHost: a\r\n" UPGRADE KEY VERSION "\r\n", "400"},
        {HEAD "Connection: Upgrade\r\n" KEY VERSION "\r\n", "400"},
        {HEAD "Upgrade: websockets\r\nConnection: Upgrade\r\n" KEY VERSION "\r\n", "400"},
        {HEAD "Upgrade: websocket\r\n" KEY VERSION "\r\n", "400"},
        {HEAD "Upgrade: websocket\r\nConnection: keep-alive\r\n" KEY VERSION "\r\n", "400"},
        {HEAD UPGRADE KEY VERSION "Content-Length: 5\r\n\r\n", "400"},
        {HEAD UPGRADE KEY VERSION "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", "400"},
        {HEAD UPGRADE KEY VERSION "Transfer-Encoding: chunked\r\n\r\n", "400"},
        {HEAD UPGRADE VERSION "\r\n", "400"},
        {HEAD UPGRADE KEY KEY VERSION "\r\n", "400"},
        {HEAD UPGRADE "Sec-WebSocket-Key:\r\n" VERSION "\r\n", "400"},
        {HEAD UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n" VERSION "\r\n", "400"},
        {HEAD UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWU=\r\n" VERSION "\r\n", "400"},
        {HEAD UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWVl\r\n" VERSION "\r\n", "400"},
        {HEAD UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n" VERSION "\r\n", "400"},
        {HEAD UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ*==\r\n" VERSION "\r\n", "400"},
        {HEAD UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==, x\r\n" VERSION "\r\n", "400"},
        {HEAD UPGRADE KEY "\r\n", "426"},
        {HEAD UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n", "426"},
        {HEAD UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n\r\n", "426"},
        {HEAD UPGRADE KEY "Sec-WebSocket-Version: 013\r\n\r\n", "426"},
        {HEAD UPGRADE KEY VERSION VERSION "\r\n", "400"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *why = NULL;
        if (ask(table[i].text, &why) != ST_BAD || why == NULL || strncmp(answer + 9, table[i].code, 3) != 0) {
            fail_msg("%zu: %s gave %s", i, table[i].text, answer);
        }
        assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
        assert_non_null(strstr(answer, why));
        bool is_426 = strcmp(table[i].code, "426") == 0;
        assert_true((strstr(answer, "\r\nSec-WebSocket-Version: 13\r\n") != NULL) == is_426);
    }
}

/* Sixteen bytes in base64: 22 characters, the last one with four bits to spare, and two of padding. */
static bool key_ok(const char *key)
{
    for (size_t i = 0; i < 22; i++) {
        char c = key[i];
        bool last = i == 21;
        if (last ? c == '\0' || strchr("AQgw", c) == NULL : !char_is_alnum(c) && c != '+' && c != '/') {
            return false;
        }
    }
    return key[22] == '=' && key[23] == '=';
}

static void test_every_byte_of_the_key(void **state)
{
    static const char good[] = "dGhlIHNhbXBsZSBub25jZQ==";
    char key[sizeof(good)];
    char text[512];
    (void)state;
    memcpy(key, good, sizeof(good));
    for (size_t at = 0; at < sizeof(good) - 1; at++) {
        for (int c = 0x20; c < 256; c++) {
            const char *why = NULL;
            bool blank_at_the_end = c == ' ' && (at == 0 || at == sizeof(good) - 2);
            if (c == 0x7f || blank_at_the_end) {
                continue; /* refused as HTTP; trimmed, so a key too short */
            }
            key[at] = (char)c;
            (void)snprintf(text, sizeof(text), HEAD UPGRADE "Sec-WebSocket-Key: %s\r\n" VERSION "\r\n", key);
            assert_int_equal(ask(text, &why), key_ok(key) ? ST_OK : ST_BAD);
        }
        key[at] = good[at];
    }
    for (size_t len = 0; len < sizeof(good) - 1; len++) {
        const char *why = NULL;
        (void)snprintf(text, sizeof(text), HEAD UPGRADE "Sec-WebSocket-Key: %.*s\r\n" VERSION "\r\n", (int)len, good);
        assert_int_equal(ask(text, &why), ST_BAD);
    }
}

static void test_wanted(void **state)
{
    static struct http_request r;
    static const char plain[] = HEAD "\r\n";
    static const char upgrade[] = HEAD UPGRADE "\r\n";
    (void)state;
    http_request_init(&r);
    (void)http_request_push(&r, plain, sizeof(plain) - 1);
    assert_false(http_upgrade_wanted(&r));
    http_request_init(&r);
    (void)http_request_push(&r, upgrade, sizeof(upgrade) - 1);
    assert_true(http_upgrade_wanted(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc6455_example),
        cmocka_unit_test(test_what_wants_a_socket),
        cmocka_unit_test(test_subprotocols),
        cmocka_unit_test(test_extensions_are_not_taken),
        cmocka_unit_test(test_tokens_in_any_case_and_company),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_every_byte_of_the_key),
        cmocka_unit_test(test_wanted),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    digest_fini();
    return failed;
}
