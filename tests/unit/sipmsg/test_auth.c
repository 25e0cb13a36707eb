/* SPDX-License-Identifier: MIT */
/* Digest: the examples of RFC 2617, 7616 and its erratum 4897, RFC 2069; challenge parsing; what is answered how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"
#include "rng_seeded.h"
#include "wsaudio/sipmsg.h"
#include "wsaudio/sipmsg/auth.h"

static const struct sip_credentials alice = {{"alice", 5}, {"secret", 6}, true};
static uint64_t seed;
static const struct rng rng = {rng_seeded_fill, &seed};
static char message_text[SIP_DATAGRAM_MAX];
static char line_text[SIP_DATAGRAM_MAX];
static struct outbuf line;

static void assert_span(struct span s, const char *text)
{
    if (!span_eq(s, span_cstr(text))) {
        fail_msg("\"%.*s\" is not \"%s\"", SPAN_ARG(s), text);
    }
}

static bool contains(struct span s, const char *needle)
{
    struct span wanted = span_cstr(needle);

    for (size_t i = 0; i + wanted.len <= s.len; i++) {
        if (span_starts(span_from(s, i), wanted)) {
            return true;
        }
    }
    return false;
}

/* ---- vectors ---- */

struct vector {
    enum sip_auth_alg alg;
    const char *user, *realm, *password, *method, *uri, *nonce, *cnonce; /* cnonce NULL: no qop */
    const char *response;
};

#define MUFASA_7616                                                                                                    \
    "Mufasa", "http-auth@example.org", "Circle of Life", "GET", "/dir/index.html",                                     \
        "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

static const struct vector vectors[] = {
    /* RFC 2617 3.5 */
    {SIP_AUTH_MD5, "Mufasa", "testrealm@host.com", "Circle Of Life", "GET", "/dir/index.html",
     "dcd98b7102dd2f0e8b11d0f600bfb0c093", "0a4f113b", "6629fae49393a05397450978507c4ef1"},
    /* RFC 2069 2.4 with erratum 749 */
    {SIP_AUTH_MD5, "Mufasa", "testrealm@host.com", "CircleOfLife", "GET", "/dir/index.html",
     "dcd98b7102dd2f0e8b11d0f600bfb0c093", NULL, "1949323746fe6a43ef61f9606e7febea"},
    /* RFC 7616 3.9.1 */
    {SIP_AUTH_MD5, MUFASA_7616, "8ca523f5e9506fed4657c9700eebdbec"},
    {SIP_AUTH_SHA256, MUFASA_7616, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
    /* RFC 7616 3.9.2 with erratum 4897 (the printed one is of SHA-512 cut short) */
    {SIP_AUTH_SHA512_256, "J\xc3\xa4s\xc3\xb8n Doe", "api@example.org", "Secret, or not?", "GET", "/doe.json",
     "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
     "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"},
    /* computed with Python's hashlib by the formula of RFC 7616 3.4.2 */
    {SIP_AUTH_SHA512_256, MUFASA_7616, "430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0"},
    {SIP_AUTH_MD5_SESS, MUFASA_7616, "e783283f46242139c486a698fec7211d"},
    {SIP_AUTH_SHA256_SESS, MUFASA_7616, "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7"},
    {SIP_AUTH_SHA512_256_SESS, MUFASA_7616, "3f2a34f923c38b0fb26dce2fdfc2ce326c23cecf86fbb1444f3e51fbbc2cb92e"},
};

static void responses_equal_the_published_ones(void **state)
{
    char out[DIGEST_HEX_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const struct vector *v = &vectors[i];
        struct sip_digest_input in = {.alg = v->alg,
                                      .user = span_cstr(v->user),
                                      .realm = span_cstr(v->realm),
                                      .password = span_cstr(v->password),
                                      .method = span_cstr(v->method),
                                      .uri = span_cstr(v->uri),
                                      .nonce = span_cstr(v->nonce),
                                      .qop_auth = v->cnonce != NULL,
                                      .cnonce = span_cstr(v->cnonce),
                                      .nc = 1};
        assert_int_equal(sip_digest_response(&in, out), ST_OK);
        assert_string_equal(out, v->response);
    }
    struct sip_digest_input unknown = {.alg = SIP_AUTH_UNKNOWN};
    assert_int_equal(sip_digest_response(&unknown, out), ST_UNSUPPORTED);
}

/* ---- challenges ---- */

static void challenges_are_read_in_any_order_and_number(void **state)
{
    struct span rest = SPAN_LIT("dIgEsT Nonce = \"n\\\"1\" ,opaque=\"\", STALE=True,\r\n qop=\"auth-int , AUTH\","
                                "realm=\"a, b\",x=y, algorithm=sha-256, Basic realm=\"z\", Negotiate abc==,"
                                " Digest realm=tok, nonce=n2, qop=auth-int,algorithm=\"MD5\",,");
    struct sip_challenge c;

    (void)state;
    assert_int_equal(sip_challenge_next(&rest, &c), ST_OK);
    assert_true(c.is_digest && c.stale && c.has_opaque && c.has_qop && c.qop_auth && c.has_algorithm);
    assert_span(c.realm, "a, b");
    assert_span(c.nonce, "n\\\"1");
    assert_int_equal(c.opaque.len, 0);
    assert_int_equal(c.alg, SIP_AUTH_SHA256);
    assert_true(sip_challenge_usable(&c));
    assert_int_equal(sip_challenge_next(&rest, &c), ST_OK);
    assert_false(c.is_digest);
    assert_false(sip_challenge_usable(&c));
    assert_int_equal(sip_challenge_next(&rest, &c), ST_OK);
    assert_false(c.is_digest);
    assert_int_equal(sip_challenge_next(&rest, &c), ST_OK);
    assert_true(c.is_digest && c.has_qop && !c.qop_auth && !c.stale);
    assert_span(c.realm, "tok");
    assert_span(c.nonce, "n2");
    assert_false(sip_challenge_usable(&c));
    assert_int_equal(sip_challenge_next(&rest, &c), ST_NOT_FOUND);
}

static void unusable_and_broken_challenges(void **state)
{
    static const char *const broken[] = {"Digest realm=\"a, nonce=\"x\"",
                                         "Digest realm=\"a\"",
                                         "Digest nonce=\"a\"",
                                         "Digest",
                                         "=",
                                         "\"Digest\"",
                                         "Digest realm=\"a\", nonce=\"",
                                         "Digest realm=\"a\", nonce=\"b\", @=1"};
    struct sip_challenge c;

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        bool bad = false;
        int status = ST_OK;
        struct span rest = span_cstr(broken[i]);
        for (int k = 0; k < 10 && status != ST_NOT_FOUND; k++) {
            status = sip_challenge_next(&rest, &c);
            bad = bad || status == ST_BAD;
        }
        assert_int_equal(status, ST_NOT_FOUND);
        assert_true(bad);
    }
    struct span rest = SPAN_LIT("Digest realm=\"a\", nonce=\"b\", algorithm=XYZ");
    assert_int_equal(sip_challenge_next(&rest, &c), ST_OK);
    assert_false(sip_challenge_usable(&c));
    rest = SPAN_LIT("Digest realm=\"a\", nonce=\"b\", algorithm=MD5-sess");
    assert_int_equal(sip_challenge_next(&rest, &c), ST_OK);
    assert_false(sip_challenge_usable(&c));
    assert_string_equal(sip_auth_alg_name(c.alg), "MD5-sess");
    assert_string_equal(sip_auth_alg_name(SIP_AUTH_ALG_COUNT), "unknown");
}

static void challenge_bytes_stay_inside(void **state)
{
    const struct span text =
        SPAN_LIT("Digest realm=\"a\\\"\", nonce=b,qop=\"auth\" , Basic x, Digest nonce=\"q\",realm=r");
    struct sip_challenge c;

    (void)state;
    for (size_t len = 0; len <= text.len; len++) {
        struct guard g = guard_copy(text.ptr, len);
        for (size_t at = 0; at <= len; at++) {
            static const char marks[] = "\",=\\ D\0\r";
            for (size_t k = 0; k < sizeof(marks); k++) {
                struct span rest = span_make(g.ptr, len);
                if (at < len) {
                    g.ptr[at] = marks[k];
                }
                for (int n = 0; n < 100 && sip_challenge_next(&rest, &c) != ST_NOT_FOUND; n++) {
                }
                assert_int_equal(rest.len, 0);
            }
            if (at < len) {
                g.ptr[at] = text.ptr[at];
            }
        }
        guard_free(&g);
    }
}

/* ---- the life of a request ---- */

/* One response with these header lines. */
static void response_with(struct sip_msg *msg, const char *lines)
{
    struct outbuf out;

    outbuf_init(&out, message_text, sizeof(message_text));
    outbuf_str(&out, "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
                     "To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n");
    outbuf_str(&out, lines);
    outbuf_str(&out, "Content-Length: 0\r\n\r\n");
    assert_int_equal(sip_msg_parse(outbuf_view(&out), msg), SIP_VERDICT_OK);
}

static int challenge(struct sip_auth *auth, const char *lines)
{
    struct sip_msg msg;

    response_with(&msg, lines);
    return sip_auth_challenge(auth, &msg);
}

static int write_line(struct sip_auth *auth, const struct sip_credentials *credentials)
{
    outbuf_init(&line, line_text, sizeof(line_text));
    return sip_auth_write(auth, credentials, SPAN_LIT("INVITE"), SPAN_LIT("sip:bob@example.com"), &rng, &line);
}

/* What a server would check: the response value recomputed from the line itself. */
static void assert_line_verifies(struct span text, const struct sip_credentials *credentials, enum sip_auth_alg alg)
{
    struct span params = span_from(text, span_find(text, ' ') + 1);
    struct sip_digest_input in = {.alg = alg, .method = SPAN_LIT("INVITE"), .password = credentials->password};
    struct span response = SPAN_NONE;
    char wanted[DIGEST_HEX_MAX];

    params = span_trim(span_from(params, sizeof "Digest" - 1));
    while (params.len > 0) {
        struct span param;
        assert_true(sip_list_next(&params, &param));
        struct span name = span_cut(&param, '=');
        struct span value = param.ptr[0] == '"' ? span_make(param.ptr + 1, param.len - 2) : param;
        if (span_eq(name, SPAN_LIT("username"))) {
            in.user = value;
        } else if (span_eq(name, SPAN_LIT("realm"))) {
            in.realm = value;
        } else if (span_eq(name, SPAN_LIT("nonce"))) {
            in.nonce = value;
        } else if (span_eq(name, SPAN_LIT("uri"))) {
            in.uri = value;
        } else if (span_eq(name, SPAN_LIT("cnonce"))) {
            in.cnonce = value;
        } else if (span_eq(name, SPAN_LIT("nc"))) {
            assert_int_equal(value.len, 8);
            assert_int_equal(span_parse_u32(value, 9, &in.nc), ST_OK);
        } else if (span_eq(name, SPAN_LIT("qop"))) {
            assert_span(value, "auth");
            in.qop_auth = true;
        } else if (span_eq(name, SPAN_LIT("response"))) {
            response = value;
        }
    }
    assert_int_equal(sip_digest_response(&in, wanted), ST_OK);
    assert_span(response, wanted);
    assert_span(in.uri, "sip:bob@example.com");
}

static void a_401_is_answered_once(void **state)
{
    struct sip_auth auth = {0};

    (void)state;
    assert_int_equal(write_line(&auth, &alice), ST_OK);
    assert_int_equal(line.len, 0);
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\"\r\n"), ST_OK);
    assert_int_equal(write_line(&auth, &alice), ST_OK);
    assert_true(span_starts(outbuf_view(&line), SPAN_LIT("Authorization: Digest username=\"alice\", realm=\"r\", "
                                                         "nonce=\"n1\", uri=\"sip:bob@example.com\", response=\"")));
    assert_false(contains(outbuf_view(&line), "qop"));
    assert_false(contains(outbuf_view(&line), "algorithm"));
    assert_false(contains(outbuf_view(&line), "secret"));
    assert_line_verifies(span_trim(outbuf_view(&line)), &alice, SIP_AUTH_MD5);
    /* refused, with the same nonce and with a new one */
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\"\r\n"), ST_DENIED);
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\"\r\n"), ST_DENIED);
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", stale=true\r\n"), ST_DENIED);
    sip_auth_fini(&auth);
}

static void a_stale_nonce_gives_one_more_try(void **state)
{
    struct sip_auth auth = {0};

    (void)state;
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\r\n"), ST_OK);
    assert_int_equal(write_line(&auth, &alice), ST_OK);
    assert_true(contains(outbuf_view(&line), "nc=00000001"));
    assert_int_equal(
        challenge(&auth, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", qop=\"auth\", stale=TRUE\r\n"), ST_OK);
    assert_int_equal(write_line(&auth, &alice), ST_OK);
    assert_true(contains(outbuf_view(&line), "nonce=\"n2\""));
    assert_true(contains(outbuf_view(&line), "nc=00000001"));
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n3\", stale=true\r\n"), ST_DENIED);
    /* the next request of the dialog: known from the first send, one try more */
    sip_auth_restart(&auth);
    assert_int_equal(write_line(&auth, &alice), ST_OK);
    assert_true(contains(outbuf_view(&line), "nc=00000002"));
    assert_line_verifies(span_trim(outbuf_view(&line)), &alice, SIP_AUTH_MD5);
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n4\"\r\n"), ST_OK);
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n5\"\r\n"), ST_DENIED);
    sip_auth_fini(&auth);
}

static void all_realms_are_answered_together(void **state)
{
    struct sip_auth auth = {0};

    (void)state;
    assert_int_equal(challenge(&auth, "Proxy-Authenticate: Digest realm=\"p\", nonce=\"1\", opaque=\"o\\\"p\"\r\n"
                                      "WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", Digest realm=\"s\","
                                      " nonce=\"3\", qop=auth\r\n"),
                     ST_OK);
    assert_int_equal(write_line(&auth, &alice), ST_OK);
    struct span rest = outbuf_view(&line);
    size_t lines = 0;
    size_t proxy = 0;
    while (rest.len > 0) {
        struct span one = span_trim(span_cut(&rest, '\n'));
        assert_line_verifies(one, &alice, SIP_AUTH_MD5);
        proxy += span_starts(one, SPAN_LIT("Proxy-Authorization: "));
        lines++;
    }
    assert_int_equal(lines, 3);
    assert_int_equal(proxy, 1);
    assert_true(contains(outbuf_view(&line), "opaque=\"o\\\"p\""));
    /* a second hop's realm comes on top */
    assert_int_equal(challenge(&auth, "Proxy-Authenticate: Digest realm=\"q\", nonce=\"1\"\r\n"), ST_OK);
    assert_int_equal(auth.realm_count, 4);
    assert_int_equal(challenge(&auth, "Proxy-Authenticate: Digest realm=\"fifth\", nonce=\"1\"\r\n"), ST_FULL);
    assert_int_equal(auth.realm_count, 4);
    sip_auth_fini(&auth);
}

static void the_strongest_algorithm_wins(void **state)
{
    struct sip_auth auth = {0};

    (void)state;
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=SHA-256\r\n"
                                      "WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", algorithm=SHA-512-256,"
                                      "qop=\"auth\"\r\n"
                                      "WWW-Authenticate: Digest realm=\"r\", nonce=\"3\", algorithm=MD5\r\n"
                                      "WWW-Authenticate: Digest realm=\"r\", nonce=\"4\", algorithm=WHIRLPOOL\r\n"),
                     ST_OK);
    assert_int_equal(write_line(&auth, &alice), ST_OK);
    assert_int_equal(auth.realm_count, 1);
    assert_true(contains(outbuf_view(&line), "nonce=\"2\""));
    assert_true(contains(outbuf_view(&line), "algorithm=SHA-512-256,"));
    assert_line_verifies(span_trim(outbuf_view(&line)), &alice, SIP_AUTH_SHA512_256);
    sip_auth_fini(&auth);
}

static void four_challenges_are_the_end(void **state)
{
    struct sip_auth auth = {0};

    (void)state;
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"a\", nonce=\"1\"\r\n"), ST_OK);
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"a\", nonce=\"2\", stale=true\r\n"), ST_OK);
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"b\", nonce=\"1\"\r\n"), ST_OK);
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"c\", nonce=\"1\"\r\n"), ST_OK);
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"d\", nonce=\"1\"\r\n"), ST_DENIED);
    sip_auth_fini(&auth);
}

static void what_cannot_be_answered(void **state)
{
    const struct sip_credentials nobody = {SPAN_LIT("alice"), SPAN_NONE, false};
    const struct sip_credentials empty = {SPAN_LIT("alice"), SPAN_NONE, true};
    struct sip_auth auth = {0};

    (void)state;
    assert_int_equal(challenge(&auth, ""), ST_BAD);
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"r, nonce=1\r\n"), ST_BAD);
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Basic realm=\"r\"\r\n"), ST_UNSUPPORTED);
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", qop=\"auth-int\"\r\n"),
                     ST_UNSUPPORTED);
    assert_int_equal(auth.realm_count, 0);
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\r\n"), ST_OK);
    assert_int_equal(write_line(&auth, &nobody), ST_DENIED);
    assert_int_equal(write_line(&auth, &empty), ST_OK);
    struct outbuf small;
    outbuf_init(&small, line_text, 40);
    assert_int_equal(sip_auth_write(&auth, &alice, SPAN_LIT("INVITE"), SPAN_LIT("sip:x"), &rng, &small), ST_TOO_LARGE);
    sip_auth_fini(&auth);
    assert_int_equal(auth.realm_count, 0);
}

/* Fault 6: nonces and realms around and far over the old limit of 256. */
static void long_values_work_or_are_refused(void **state)
{
    static const size_t lens[] = {1, 255, 256, 257, 300, 3000, SIP_AUTH_TEXT_MAX - 1, SIP_AUTH_TEXT_MAX, 40000};
    static char lines[SIP_DATAGRAM_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        for (int realm_is_long = 0; realm_is_long < 2; realm_is_long++) {
            struct sip_auth auth = {0};
            struct outbuf out;
            outbuf_init(&out, lines, sizeof(lines) - 1);
            outbuf_str(&out, realm_is_long ? "WWW-Authenticate: Digest nonce=\"n\", qop=\"auth\", realm=\""
                                           : "WWW-Authenticate: Digest realm=\"r\", qop=\"auth\", nonce=\"");
            for (size_t k = 0; k < lens[i]; k++) {
                outbuf_char(&out, (char)('a' + k % 26));
            }
            outbuf_str(&out, "\"\r\n");
            lines[out.len] = '\0';
            if (lens[i] + 1 > SIP_AUTH_TEXT_MAX) {
                assert_int_equal(challenge(&auth, lines), ST_TOO_LARGE);
            } else {
                assert_int_equal(challenge(&auth, lines), ST_OK);
                assert_int_equal(write_line(&auth, &alice), ST_OK);
                assert_line_verifies(span_trim(outbuf_view(&line)), &alice, SIP_AUTH_MD5);
            }
            sip_auth_fini(&auth);
        }
    }
}

static void odd_names_are_quoted(void **state)
{
    const struct sip_credentials odd = {SPAN_LIT("a\"b\\\r\nX: y"), SPAN_LIT("p"), true};
    struct sip_auth auth = {0};

    (void)state;
    assert_int_equal(challenge(&auth, "WWW-Authenticate: Digest realm=\"a\\\"b\", nonce=\"1\"\r\n"), ST_OK);
    assert_int_equal(write_line(&auth, &odd), ST_OK);
    assert_true(contains(outbuf_view(&line), "username=\"a\\\"b\\\\  X: y\", realm=\"a\\\"b\""));
    assert_int_equal(span_find(outbuf_view(&line), '\n'), line.len - 1);
    sip_auth_fini(&auth);
}

/* ---- the log ---- */

static void secrets_are_masked(void **state)
{
    const struct span message = SPAN_LIT(
        "\r\nINVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKresponse=1\r\n"
        "proxy-authorization : Digest username=\"al,ice\", response=\"0123beef\",\r\n nonce=n0nce,realm=\"r\" , "
        "nc=00000001,"
        "cnonce=\"c,0\", qop=auth\r\nAuthorization: Bearer t0ken\r\nX: y\r\n\r\nAuthorization: in the body\r\n");
    char buf[1024];
    struct outbuf out;

    (void)state;
    outbuf_init(&out, buf, sizeof(buf));
    sip_mask_secrets(&out, message);
    assert_span(outbuf_view(&out),
                "\r\nINVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKresponse=1\r\n"
                "proxy-authorization : Digest username=\"al,ice\", response=***, nonce=***, realm=\"r\", nc=***, "
                "cnonce=***, qop=auth\r\nAuthorization: Bearer ***\r\nX: y\r\n\r\nAuthorization: in the body\r\n");
    for (size_t len = 0; len < message.len; len++) {
        struct guard g = guard_copy(message.ptr, len);
        outbuf_init(&out, buf, sizeof(buf));
        sip_mask_secrets(&out, span_make(g.ptr, len));
        assert_false(contains(outbuf_view(&out), "0123"));
        assert_false(contains(outbuf_view(&out), "t0k"));
        assert_false(contains(outbuf_view(&out), "n0n"));
        guard_free(&g);
    }
}

static void uri_passwords_are_masked(void **state)
{
    static const struct {
        const char *text, *masked;
    } rows[] = {
        {"INVITE sip:bob:pw@h SIP/2.0\r\n\r\n", "INVITE sip:bob:***@h SIP/2.0\r\n\r\n"},
        {"A: <SIPS:bob:p,w%20=@h:5061>, <sip:x:y@z>\r\n", "A: <SIPS:bob:***@h:5061>, <sip:x:***@z>\r\n"},
        {"A: <sip:bob@h:5061>, sip:h:5060,sip:a@h\r\n", "A: <sip:bob@h:5061>, sip:h:5060,sip:a@h\r\n"},
        {"A: sip:h:5060\r\nVia: b@c\r\n", "A: sip:h:5060\r\nVia: b@c\r\n"},
        {"A: sip:[::1]:5060;x@y sip:", "A: sip:[::1]:5060;x@y sip:"},
        {"Authorization: Digest uri=\"sip:a:b@c\"\r\n", "Authorization: Digest uri=\"sip:a:***@c\"\r\n"},
        {"A: sip:a:cut", "A: sip:a:***"},
        {"A: sip:a:", "A: sip:a:***"},
    };
    char buf[256];
    struct outbuf out;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guard g = guard_copy(rows[i].text, strlen(rows[i].text));
        outbuf_init(&out, buf, sizeof(buf));
        sip_mask_secrets(&out, span_make(g.ptr, g.len));
        assert_span(outbuf_view(&out), rows[i].masked);
        guard_free(&g);
    }
}

static void an_unquoted_list_of_qops(void **state)
{
    struct span rest =
        SPAN_LIT("Digest realm=\"r\", qop=auth-int,auth, nonce=n, Digest nonce=m,realm=s,qop=auth-int ,auth-int");
    struct sip_challenge c;

    (void)state;
    assert_int_equal(sip_challenge_next(&rest, &c), ST_OK);
    assert_true(c.has_qop && c.qop_auth && span_eq(c.nonce, SPAN_LIT("n")));
    assert_int_equal(sip_challenge_next(&rest, &c), ST_OK);
    assert_true(c.has_qop && !c.qop_auth && span_eq(c.realm, SPAN_LIT("s")));
    assert_int_equal(sip_challenge_next(&rest, &c), ST_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unquoted_list_of_qops),
        cmocka_unit_test(responses_equal_the_published_ones),
        cmocka_unit_test(challenges_are_read_in_any_order_and_number),
        cmocka_unit_test(unusable_and_broken_challenges),
        cmocka_unit_test(challenge_bytes_stay_inside),
        cmocka_unit_test(a_401_is_answered_once),
        cmocka_unit_test(a_stale_nonce_gives_one_more_try),
        cmocka_unit_test(all_realms_are_answered_together),
        cmocka_unit_test(the_strongest_algorithm_wins),
        cmocka_unit_test(four_challenges_are_the_end),
        cmocka_unit_test(what_cannot_be_answered),
        cmocka_unit_test(long_values_work_or_are_refused),
        cmocka_unit_test(odd_names_are_quoted),
        cmocka_unit_test(secrets_are_masked),
        cmocka_unit_test(uri_passwords_are_masked),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    digest_fini();
    return failed;
}
