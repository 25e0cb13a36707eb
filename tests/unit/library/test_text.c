/* SPDX-License-Identifier: MIT */
/* Challenges, status lines, To tags, ports: known answers, and texts of any length against inaccessible pages. */
#include "guard.h"
#include "support_library.h"

#define MESSAGE(header) "SIP/2.0 401 Unauthorized\r\nVia: x\r\n" header "\r\nContent-Length: 0\r\n\r\n"

static void check_challenge(const char *message, const char *nonce, const char *realm)
{
    struct guard n = guard_room(256);
    struct guard r = guard_room(256);

    memset(n.ptr, 'x', 256);
    memset(r.ptr, 'x', 256);
    parse_nonce_realm(message, n.ptr, r.ptr);
    assert_string_equal(n.ptr, nonce);
    assert_string_equal(r.ptr, realm);
    guard_free(&n);
    guard_free(&r);
}

static void test_challenges(void **state)
{
    (void)state;
    check_challenge(MESSAGE("WWW-Authenticate: Digest realm=\"asterisk\", nonce=\"4f2a\""), "4f2a", "asterisk");
    check_challenge(MESSAGE("proxy-authenticate:digest\tnonce = \"n,\\\"1\" ,\r\n REALM=\"a b\""), "n,\"1", "a b");
    check_challenge("Digest nonce=abc, realm=\"r\"", "abc", "r");
    check_challenge(MESSAGE("WWW-Authenticate: Digest cnonce=\"no\", realm=\"nonce=\\\"x\\\"\", nonce=\"yes\""), "yes",
                    "nonce=\"x\"");
    /* the one that make_digest_response can answer */
    check_challenge(MESSAGE("WWW-Authenticate: Digest realm=\"s\", nonce=\"1\", algorithm=SHA-256\r\n"
                            "WWW-Authenticate: Digest realm=\"m\", nonce=\"2\", algorithm=MD5"),
                    "2", "m");
    check_challenge(MESSAGE("WWW-Authenticate: Basic realm=\"b\""), "", "");
    check_challenge(MESSAGE("WWW-Authenticate: Digest realm=\"open, nonce=\"x"), "", "");
    check_challenge(MESSAGE("X: Digest realm=\"r\", nonce=\"n\""), "", "");
    check_challenge("", "", "");
    check_challenge(NULL, "", "");
    parse_nonce_realm("x", NULL, NULL);
}

/* Fault 6. */
static void test_long_challenges(void **state)
{
    static const size_t lengths[] = {0, 1, 254, 255, 256, 257, 300, 3000, 70000};
    char *value = malloc(70001);
    char *message = malloc(150000);

    (void)state;
    assert_non_null(value);
    assert_non_null(message);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        memset(value, 'n', lengths[i]);
        value[lengths[i]] = '\0';
        snprintf(message, 150000, MESSAGE("WWW-Authenticate: Digest nonce=\"%s\", realm=\"%s\""), value, value);
        check_challenge(message, lengths[i] <= 255 ? value : "", lengths[i] <= 255 ? value : "");
    }
    free(value);
    free(message);
}

static void test_status(void **state)
{
    static const struct {
        const char *text;
        int code;
    } table[] = {{"SIP/2.0 200 OK\r\n\r\n", 200},
                 {"SIP/2.0 401 Unauthorized", 401},
                 {"sip/2.0 100 T", 100},
                 {"SIP/2.0 699\r\n", 699},
                 {"SIP/2.0 200", 200},
                 {"SIP/2.0 99999999999 OK", 0},
                 {"SIP/2.0 -20 OK", 0},
                 {"SIP/2.0 2000 OK", 0},
                 {"SIP/2.0 20 OK", 0},
                 {"SIP/2.0 099 x", 0},
                 {"SIP/2.0 700 x", 0},
                 {"SIP/1.0 200 OK", 0},
                 {"SIP/2.0", 0},
                 {"SIP/2.0 ", 0},
                 {"INVITE sip:a@b SIP/2.0", 0},
                 {"\r\n", 0},
                 {"", 0},
                 {NULL, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(parse_sip_status_code(table[i].text), table[i].code);
    }
}

static void test_to_tag(void **state)
{
    char buf[8];

    (void)state;
    assert_ptr_equal(extract_to_tag(MESSAGE("To: <sip:a@b;tag=no>;tag=yes"), buf, sizeof(buf)), buf);
    assert_string_equal(buf, "yes");
    assert_non_null(extract_to_tag(MESSAGE("t : \"x;tag=no\" <sip:a@b> ; x=1 ; TAG = abc1234"), buf, sizeof(buf)));
    assert_string_equal(buf, "abc1234");
    assert_null(extract_to_tag(MESSAGE("To: <sip:a@b>;tag=12345678"), buf, sizeof(buf)));
    assert_string_equal(buf, "");
    assert_null(extract_to_tag(MESSAGE("To: <sip:a@b>"), buf, sizeof(buf)));
    assert_null(extract_to_tag(MESSAGE("From: <sip:a@b>;tag=x"), buf, sizeof(buf)));
    assert_null(extract_to_tag("\r\n\r\nTo: <sip:a@b>;tag=body", buf, sizeof(buf)));
    assert_null(extract_to_tag(NULL, buf, sizeof(buf)));
    assert_null(extract_to_tag(MESSAGE("To: <sip:a@b>;tag=x"), buf, 0));
    assert_null(extract_to_tag(MESSAGE("To: <sip:a@b>;tag=x"), NULL, 8));
}

static void test_rtp_port(void **state)
{
    static const struct {
        const char *text;
        int port;
    } table[] = {{"v=0\r\nm=audio 15432 RTP/AVP 0\r\n", 15432},
                 {"m=audio 32000", 32000},
                 {"m=audio 49170/2 RTP/AVP 0", 49170},
                 {"v=0\nm=video 9 x\nm=audio 7 RTP/AVP 0", 7},
                 {"m=audio -5 RTP/AVP 0", 0},
                 {"m=audio 65536 RTP/AVP 0", 0},
                 {"m=audio 0 RTP/AVP 0", 0},
                 {"m=audio 12x", 0},
                 {"m=audio ", 0},
                 {"Subject: m=audio 5 x\r\n\r\n", 0},
                 {"", 0},
                 {NULL, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(parse_rtp_port(table[i].text), table[i].port);
    }
}

/* Every truncation and every changed byte of a message, each flush against an inaccessible page. */
static void test_broken_messages(void **state)
{
    static const char text[] = MESSAGE("To: \"a\\\"\" <sip:a@b>;tag=x\r\nWWW-Authenticate: Digest realm=\"r\\\\\",\r\n "
                                       "nonce=\"n\", algorithm=MD5\r\n\r\nm=audio 5 RTP/AVP 0");
    char nonce[256];
    char realm[256];
    char tag[4];

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        for (int change = 0; change < 8; change++) {
            struct guard g = guard_copy(text, len + 1);
            g.ptr[len] = '\0';
            if (len > 0 && change > 0) {
                g.ptr[len - 1] = "\"\\;<>,\r\n"[change];
            }
            parse_nonce_realm(g.ptr, nonce, realm);
            (void)extract_to_tag(g.ptr, tag, sizeof(tag));
            (void)parse_rtp_port(g.ptr);
            (void)parse_sip_status_code(g.ptr);
            guard_free(&g);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_challenges), cmocka_unit_test(test_long_challenges),
        cmocka_unit_test(test_status),     cmocka_unit_test(test_to_tag),
        cmocka_unit_test(test_rtp_port),   cmocka_unit_test(test_broken_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
