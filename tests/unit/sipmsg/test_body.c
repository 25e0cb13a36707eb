/* SPDX-License-Identifier: MIT */
/* Bodies as others send them (RFC 2046 5.1, RFC 5621): the SDP among several parts, what may be passed over, what must be
 * refused; every truncation and every byte value at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/sipmsg/body.h"

#define SDP   "v=0\r\no=- 1 1 IN IP4 h"
#define PART  "Content-Type: application/sdp\r\n\r\n" SDP
#define ICON  "Content-Type: image/png\r\nContent-Disposition: icon; handling=optional\r\n\r\nPNG"
#define ISUP  "Content-Type: application/isup;version=x\r\n\r\n\1\2"
#define B     "\r\n--b\r\n"
#define END   "\r\n--b--\r\n"
#define MIXED "Content-Type: multipart/mixed;boundary=b\r\n"

static struct sip_msg msg;

static struct sip_body read_body(struct span datagram)
{
    assert_int_equal(sip_msg_parse(datagram, &msg), SIP_VERDICT_OK);
    return sip_body_read(&msg);
}

#define HEAD                                                                                                           \
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@h>;tag=f\r\nTo: <sip:b@h>;tag=t\r\n"         \
    "Call-ID: c\r\nCSeq: 1 INVITE\r\n"

struct row {
    const char *headers, *body;
    const char *sdp; /* "" none */
    const char *why; /* NULL: not refused */
    bool encoded;
};

static const struct row rows[] = {
    /* one body */
    {"c: application/sdp\r\n", SDP, SDP, NULL, false},
    {"Content-Type: APPLICATION / SDP ;charset=x\r\n", SDP, SDP, NULL, false},
    {"", SDP, SDP, NULL, false},
    {"", "\r\n", "", NULL, false},
    {"c: text/plain\r\n", " \r\n", "", NULL, false},
    {"c: application/sdp\r\n", "", "", NULL, false},
    {"", "hello", "", "", false},
    {"c: text/plain\r\n", "hello", "", "text/plain", false},
    {"c: text/plain\r\nContent-Disposition: render;handling=\"OPTIONAL\"\r\n", "hello", "", NULL, false},
    {"c: application/sdp\r\ne: gzip\r\n", SDP, "", "gzip", true},
    {"c: application/sdp\r\ne: identity\r\n", SDP, SDP, NULL, false},
    {"c: application/sdp\r\ne: gzip\r\nContent-Disposition: session;handling=optional\r\n", SDP, "", NULL, false},
    {"c: application/sdp\r\nContent-Disposition: early-session\r\n", SDP, "", "application/sdp", false},
    {"c: application/sdp\r\nContent-Disposition: session;handling=required\r\n", SDP, SDP, NULL, false},
    /* several */
    {MIXED, B PART END, SDP, NULL, false},
    {MIXED, "--b\r\n" PART B ICON END, SDP, NULL, false},
    {MIXED, B ICON B PART END, SDP, NULL, false},
    {MIXED, "a preamble\r\n--bb\r\n" B PART END "an epilogue\r\n--b\r\nc: application/sdp\r\n\r\nv=1", SDP, NULL,
     false},
    {MIXED, B PART B ISUP END, SDP, "application/isup;version=x", false},
    {MIXED "Content-Disposition: signal;handling=optional\r\n", B PART B ISUP END, SDP, NULL, false},
    {MIXED, B ICON END, "", NULL, false},
    {MIXED, B "\r\n" END, "", NULL, false},
    {MIXED, B "\r\n" SDP END, SDP, NULL, false},                              /* a part without headers */
    {MIXED, B SDP END, SDP, NULL, false},                                     /* without the blank line either */
    {MIXED, B "CONTENT-TYPE: application/sdp\r\n" SDP END, SDP, NULL, false}, /* with headers */
    {MIXED, B "c: application/sdp\r\nContent-Length: 9\r\nX: y\r\n\r\n" SDP END, SDP, NULL, false},
    {MIXED,
     B "Content-Type:\r\n application/sdp\r\nContent-Disposition:\r\n session;\r\n handling=required\r\n\r\n" SDP END,
     SDP, NULL, false},
    {MIXED, B PART B "c: application/sdp\r\n\r\nv=0 another" END, SDP, NULL, false},
    {MIXED, B "c: application/sdp\r\nContent-Disposition: early-session;handling=optional\r\n\r\nv=0 early" B PART END,
     SDP, NULL, false},
    {MIXED, B "c: application/sdp\r\nContent-Transfer-Encoding: 8BIT\r\n\r\n" SDP END, SDP, NULL, false},
    {MIXED, B "c: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\ndj0w" END, "", "base64", true},
    {MIXED, B "c: application/sdp\r\nContent-Encoding: gzip\r\n\r\nx" END, "", "gzip", true},
    /* boundaries and line ends */
    {"c: Multipart/Mixed ; Boundary=\"b\"\r\n", B PART END, SDP, NULL, false},
    {"c: multipart/mixed;boundary=\"--=_x;y z\"\r\n", "----=_x;y z \t\r\n" PART "\r\n----=_x;y z-- \r\n", SDP, NULL,
     false},
    {"c: multipart/mixed\r\n", B PART END, SDP, NULL, false},
    {"c: multipart/mixed;boundary=\r\n", B PART END, SDP, NULL, false},
    {"c: multipart/mixed;boundary=other\r\n", B PART END, SDP, NULL, false},
    {"c: multipart/mixed;boundary=a,b\r\n", "--a,b\r\n" PART "\r\n--a,b--", SDP, NULL, false},
    {"c: multipart/mixed;boundary=b;\r\n", "--b\r\n" PART "\r\n--b--", SDP, NULL, false},
    {MIXED, B PART, SDP, NULL, false}, /* no end */
    {MIXED, B PART "\r\n--b--", SDP, NULL, false},
    {MIXED, "--b\nContent-Type: application/sdp\n\nv=0\no=x\n--b--\n", "v=0\no=x", NULL, false},
    {MIXED, B PART "\r\n" END, SDP "\r\n", NULL, false}, /* the SDP's own line end, and the delimiter's */
    {MIXED, "no delimiter at all", "", "multipart/mixed;boundary=b", false},
    {MIXED, B "Content-Type: application/sdp\r\n\r\n" SDP "\r\n--bx\r\n--b y" END, SDP "\r\n--bx\r\n--b y", NULL,
     false},
    /* inside one another */
    {MIXED,
     B "c: multipart/alternative;boundary=i\r\n\r\n--i\r\nc: text/plain\r\n\r\nx\r\n--i\r\n" PART
       "\r\n--i--" B ICON END,
     SDP, NULL, false},
    {"c: multipart/alternative;boundary=b\r\n", B PART B "c: application/x\r\n\r\nx" END, SDP, NULL, false},
    {"c: multipart/alternative;boundary=b\r\n", B "c: application/x\r\n\r\nx" B PART END, SDP, NULL, false},
    {"c: multipart/alternative;boundary=b\r\n", B PART B "c: application/sdp\r\n\r\nv=0 better" END, "v=0 better", NULL,
     false},
    {"c: multipart/alternative;boundary=b\r\n", B PART B ICON END, SDP, NULL, false},
    {"c: multipart/alternative;boundary=b\r\n", B ICON B PART END, SDP, NULL, false},
    {"c: multipart/alternative;boundary=b\r\n", B ISUP B "c: x/y\r\n\r\nz" END, "", "application/isup;version=x",
     false},
    {"c: multipart/related;boundary=b\r\n", B PART B ICON END, SDP, NULL, false},
    {MIXED,
     B "c: multipart/mixed;boundary=1\r\n\r\n--1\r\nc: multipart/mixed;boundary=2\r\n\r\n--2\r\n"
       "c: multipart/mixed;boundary=3\r\n\r\n--3\r\n" PART "\r\n--3--\r\n--2--\r\n--1--" END,
     SDP, NULL, false},
    {MIXED,
     B "c: multipart/mixed;boundary=1\r\n\r\n--1\r\nc: multipart/mixed;boundary=2\r\n\r\n--2\r\n"
       "c: multipart/mixed;boundary=3\r\n\r\n--3\r\nc: multipart/mixed;boundary=4\r\n\r\n--4\r\n" PART
       "\r\n--4--\r\n--3--\r\n--2--\r\n--1--" END,
     "", "multipart/mixed;boundary=4", false},
};

static void assert_span(struct span s, const char *wanted, size_t row)
{
    if (!span_eq(s, span_cstr(wanted))) {
        fail_msg("row %zu: \"%.*s\" is not \"%s\"", row, SPAN_ARG(s), wanted);
    }
}

static void each_body_and_what_becomes_of_it(void **state)
{
    static char text[4096];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)snprintf(text, sizeof(text), HEAD "%sContent-Length: %zu\r\n\r\n%s", rows[i].headers,
                       strlen(rows[i].body), rows[i].body);
        struct guard g = guard_copy(text, strlen(text));
        struct sip_body body = read_body(span_make(g.ptr, g.len));
        assert_span(body.sdp, rows[i].sdp, i);
        if (body.refused != (rows[i].why != NULL) || body.encoded != rows[i].encoded) {
            fail_msg("row %zu: %s", i, body.refused ? "refused" : "taken");
        }
        assert_span(body.why, rows[i].why != NULL ? rows[i].why : "", i);
        guard_free(&g);
    }
}

static bool inside(struct span whole, struct span part)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void check(struct span datagram)
{
    if (sip_msg_parse(datagram, &msg) == SIP_VERDICT_OK) {
        struct sip_body body = sip_body_read(&msg);
        assert_true(inside(msg.body, body.sdp) && inside(datagram, body.why));
        assert_true(!body.encoded || body.refused);
    }
}

static void truncations_and_byte_changes_stay_inside(void **state)
{
    const struct span whole =
        SPAN_LIT(HEAD "c: multipart/mixed;boundary=\"b\"\r\n\r\np" B
                      "c: multipart/alternative;boundary=i\r\n\r\n--i\r\n" PART "\r\n--i--" B ICON END);

    (void)state;
    for (size_t len = 0; len <= whole.len; len++) {
        struct guard g = guard_copy(whole.ptr, len);
        check(span_make(g.ptr, len));
        guard_free(&g);
    }
    struct guard g = guard_copy(whole.ptr, whole.len);
    for (size_t at = sizeof(HEAD) - 1; at < whole.len; at++) {
        for (int c = 0; c < 256; c++) {
            g.ptr[at] = (char)c;
            check(span_make(g.ptr, g.len));
        }
        g.ptr[at] = whole.ptr[at];
    }
    guard_free(&g);
}

/* 60 KiB of delimiters, at each depth: read once for each, no more. */
static void a_body_of_delimiters_is_read_in_bounds(void **state)
{
    static char text[60000];
    struct outbuf out;

    (void)state;
    outbuf_init(&out, text, sizeof(text));
    outbuf_str(&out, HEAD MIXED "\r\n");
    while (out.len + 64 < sizeof(text)) {
        outbuf_str(&out, "--b\r\nc: multipart/mixed\r\n\r\n--b\r\n");
    }
    struct sip_body body = read_body(outbuf_view(&out));
    assert_true(body.sdp.len == 0 && !body.refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_body_and_what_becomes_of_it),
        cmocka_unit_test(truncations_and_byte_changes_stay_inside),
        cmocka_unit_test(a_body_of_delimiters_is_read_in_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
