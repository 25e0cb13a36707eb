/* SPDX-License-Identifier: MIT */
/* RFC 3261 7, 20 and 25: one message and its fields, lists, faults and their verdicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/sipmsg.h"
#include "wsaudio/sipmsg/body.h"
#include "wsaudio/sipmsg/message.h"

static char text[SIP_DATAGRAM_MAX];

static void assert_span(struct span s, const char *wanted)
{
    if (!span_eq(s, span_cstr(wanted))) {
        fail_msg("\"%.*s\" is not \"%s\"", SPAN_ARG(s), wanted);
    }
}

#define VIA   "Via: SIP/2.0/UDP 10.0.0.1:5061;branch=z9hG4bKa;rport\r\n"
#define FROM  "From: \"A\" <sip:a@h>;tag=f1\r\n"
#define TO    "To: <sip:b@h>\r\n"
#define ID    "Call-ID: id@h\r\n"
#define CSEQ  "CSeq: 7 INVITE\r\n"
#define START "INVITE sip:b@h SIP/2.0\r\n"
#define BASIC START VIA FROM TO ID CSEQ

static enum sip_verdict parse(const char *message, struct sip_msg *msg)
{
    return sip_msg_parse(span_cstr(message), msg);
}

/* Every header in its long form, its compact form, folded, in another order and case. */
static void one_message_in_many_shapes(void **state)
{
    static const char *const shapes[] = {
        BASIC "Max-Forwards: 70\r\nContact: <sip:a@10.0.0.1:5062;lr>;expires=5\r\nContent-Type: application/sdp;x=y\r\n"
              "Expires: 60\r\nContent-Length: 4\r\n\r\nbody",
        START "l: 4\r\nc:application/SDP\r\nm:<sip:a@10.0.0.1:5062;lr>;expires=5\r\ni:id@h\r\nt:<sip:b@h>\r\n"
              "f:\"A\"<sip:a@h>;tag=f1\r\nv:SIP/2.0/UDP 10.0.0.1:5061;branch=z9hG4bKa;rport\r\nEXPIRES:60\r\n"
              "cseq:7 INVITE\r\nmax-forwards:70\r\n\r\nbody",
        START
        "CONTENT-LENGTH \t:\r\n 4\r\nContent-Type: application\r\n / sdp\r\nContact: <sip:a@10.0.0.1:5062;lr>\r\n"
        "\t; expires\r\n = 5\r\nCall-ID:\r\n id@h\r\nTo:\r\n  <sip:b@h>\r\nFrom: \"A\"\r\n <sip:a@h> ;\r\n TAG=f1\r\n"
        "Via: SIP\r\n / 2.0 /\r\n UDP\r\n 10.0.0.1 : 5061 ; rport ; branch = z9hG4bKa\r\nExpires: 60 \r\n"
        "CSeq: 0007\r\n  INVITE\r\nMax-Forwards: 070\r\n\r\nbody and more",
        "\r\n\r\n\n" BASIC "Max-Forwards:70\nContact: <sip:a@10.0.0.1:5062;lr>;expires=5, <sip:c@d>\nm: sip:e@f\n"
        "Content-Type: application/sdp\nExpires: 60 (about)\n\nbody",
    };
    struct sip_msg msg;

    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct guard g = guard_copy(shapes[i], strlen(shapes[i]));
        enum sip_verdict verdict = sip_msg_parse(span_make(g.ptr, g.len), &msg);
        if (verdict != SIP_VERDICT_OK) {
            fail_msg("shape %zu: %s", i, msg.bad_reason);
        }
        assert_true(msg.is_request);
        assert_int_equal(msg.method, SIP_METHOD_INVITE);
        assert_span(msg.uri.text, "sip:b@h");
        assert_span(msg.via.transport, "UDP");
        assert_span(msg.via.host, "10.0.0.1");
        assert_int_equal(msg.via.port, 5061);
        assert_span(msg.via.branch, "z9hG4bKa");
        assert_true(msg.via.has_rport);
        assert_int_equal(msg.via.rport, 0);
        assert_span(msg.from.display, "A");
        assert_span(msg.from.uri.text, "sip:a@h");
        assert_span(msg.from.tag, "f1");
        assert_span(msg.to.uri.user, "b");
        assert_int_equal(msg.to.tag.len, 0);
        assert_span(msg.call_id, "id@h");
        assert_int_equal(msg.cseq, 7);
        assert_true(msg.has_contact);
        assert_int_equal(msg.contact.uri.port, 5062);
        assert_int_equal(msg.max_forwards, 70);
        assert_int_equal(msg.expires, 60);
        assert_int_equal(msg.retry_after, -1);
        assert_true(sip_type_is(msg.content_type, SPAN_LIT("application"), SPAN_LIT("sdp")));
        assert_span(msg.body, "body");
        assert_true(msg.raw.ptr[0] == 'I' && msg.raw.ptr + msg.raw.len == msg.body.ptr + 4);
        guard_free(&g);
    }
}

static void a_response_and_its_fields(void **state)
{
    struct sip_msg msg;

    (void)state;
    assert_int_equal(parse("sip/2.0 503 Busy  here \r\n" VIA FROM "To: sip:b@h;tag=t2;x=y\r\n" ID
                           "CSeq: 4294967295 OPTIONS\r\nRetry-After: 120 (lunch);duration=5\r\nRSeq: 9\r\n"
                           "Contact: <broken\r\n\r\n",
                           &msg),
                     SIP_VERDICT_OK);
    assert_false(msg.is_request);
    assert_int_equal(msg.status, 503);
    assert_span(msg.reason, "Busy  here");
    assert_int_equal(msg.method, SIP_METHOD_OPTIONS);
    assert_int_equal(msg.cseq, UINT32_MAX);
    assert_span(msg.to.tag, "t2");
    assert_span(msg.to.uri.text, "sip:b@h");
    assert_int_equal(msg.retry_after, 120);
    assert_int_equal(msg.rseq, 9);
    assert_int_equal(msg.max_forwards, -1);
    assert_false(msg.has_contact);
    assert_int_equal(parse("SIP/2.0 200\r\n" VIA FROM TO ID "CSeq: 1 ACK\r\n\r\n", &msg), SIP_VERDICT_OK);
    assert_int_equal(msg.reason.len, 0);
}

/* Whether a list of tokens names this one. */
static bool lists(const struct sip_msg *msg, enum sip_header_id id, struct span token)
{
    struct span value;
    bool found = false;
    for (struct sip_values it = sip_values_of(msg, id); sip_values_next(&it, &value);) {
        found = found || span_ieq(value, token);
    }
    return found;
}

static void lists_are_walked_through_lines_and_commas(void **state)
{
    static const char *const wanted[] = {"<sip:a,b@h;lr>", "\"x, \\\"y\" <sip:c@h>", "sip:d@h;p=\"1,2\"", "<sip:e@h>"};
    struct sip_msg msg;
    struct span value;
    size_t n = 0;

    (void)state;
    assert_int_equal(parse(BASIC
                           "Record-Route: <sip:a,b@h;lr> , ,\"x, \\\"y\" <sip:c@h>\r\nX: y\r\nRequire: a,\r\n b\r\n"
                           "Record-Route:\r\nrecord-route: sip:d@h;p=\"1,2\",\r\n <sip:e@h>\r\nrequire: C\r\n\r\n",
                           &msg),
                     SIP_VERDICT_OK);
    struct sip_values it = sip_values_of(&msg, SIP_HEADER_RECORD_ROUTE);
    while (sip_values_next(&it, &value)) {
        assert_true(n < 4);
        assert_span(value, wanted[n++]);
    }
    assert_int_equal(n, 4);
    assert_int_equal(sip_values_count(&msg, SIP_HEADER_RECORD_ROUTE), 4);
    assert_true(lists(&msg, SIP_HEADER_REQUIRE, SPAN_LIT("B")));
    assert_true(lists(&msg, SIP_HEADER_REQUIRE, SPAN_LIT("c")));
    assert_false(lists(&msg, SIP_HEADER_REQUIRE, SPAN_LIT("d")));
    assert_false(lists(&msg, SIP_HEADER_SUPPORTED, SPAN_LIT("d")));
    assert_span(msg.headers[msg.header_count - 5].name, "X");
    assert_span(msg.headers[msg.header_count - 5].value, "y");
    assert_int_equal(sip_msg_value(&msg, SIP_HEADER_DATE).len, 0);
    assert_null(sip_msg_header(&msg, SIP_HEADER_DATE));
}

static void keep_alives_are_empty(void **state)
{
    static const char *const empty[] = {"", "\r\n", "\r\n\r\n", "\n"};
    struct sip_msg msg;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(parse(empty[i], &msg), SIP_VERDICT_EMPTY);
    }
    assert_int_equal(sip_msg_parse(SPAN_NONE, &msg), SIP_VERDICT_EMPTY);
}

struct fault_row {
    const char *message;
    enum sip_verdict verdict;
    int code;
    const char *reason;
};

#define ANSWER SIP_VERDICT_ANSWER
#define DROP   SIP_VERDICT_DROP

static const struct fault_row faults[] = {
    {START VIA FROM TO ID, ANSWER, 400, "No end of the headers"},
    {START VIA FROM TO ID "\r\n", ANSWER, 400, "No CSeq"},
    {START VIA FROM TO CSEQ "\r\n", ANSWER, 400, "No Call-ID"},
    {START VIA FROM ID CSEQ "\r\n", ANSWER, 400, "No To"},
    {START VIA TO ID CSEQ "\r\n", ANSWER, 400, "No From"},
    {START FROM TO ID CSEQ "\r\n", DROP, 400, "No Via"},
    {START "Via: nonsense\r\n" FROM TO ID CSEQ "\r\n", DROP, 400, "Bad Via"},
    {START "Via: SIP/2.0/UDP\r\n" FROM TO ID CSEQ "\r\n", DROP, 400, "Bad Via"},
    {START "Via: SIP/2.0/UDP h:99999\r\n" FROM TO ID CSEQ "\r\n", ANSWER, 400, "Bad Via"},
    {START "Via: SIP/2.0/UDP h;;\r\n" FROM TO ID CSEQ "\r\n", ANSWER, 400, "Bad Via"},
    {START VIA "From <sip:a@h>;tag=1\r\n" TO ID CSEQ "\r\n", ANSWER, 400, "No From"},
    {START VIA "From x: <sip:a@h>;tag=1\r\n" TO ID CSEQ "\r\n", ANSWER, 400, "No From"},
    {START VIA "From: \"x <sip:a@h>;tag=1\r\n" TO ID CSEQ "\r\n", ANSWER, 400, "Bad From"},
    {START VIA "From: *\r\n" TO ID CSEQ "\r\n", ANSWER, 400, "Bad From"},
    {START VIA FROM "To:\r\n" ID CSEQ "\r\n", ANSWER, 400, "Bad To"},
    {START VIA FROM TO "Call-ID: a b\r\n" CSEQ "\r\n", ANSWER, 400, "Bad Call-ID"},
    {START VIA FROM TO ID "CSeq: 4294967296 INVITE\r\n\r\n", ANSWER, 400, "Bad CSeq"},
    {START VIA FROM TO ID "CSeq: -1 INVITE\r\n\r\n", ANSWER, 400, "Bad CSeq"},
    {START VIA FROM TO ID "CSeq: 1\r\n\r\n", ANSWER, 400, "Bad CSeq"},
    {START VIA FROM TO ID "CSeq: 1INVITE\r\n\r\n", ANSWER, 400, "Bad CSeq"},
    {START VIA FROM TO ID "CSeq: 1 invite\r\n\r\n", ANSWER, 400, "CSeq of another method"},
    {BASIC "f: <sip:z@z>\r\n\r\n", ANSWER, 400, "More than one From"},
    {BASIC "Content-Length: 1\r\n\r\n", ANSWER, 400, "Content-Length over the end of the datagram"},
    {BASIC "Content-Length: -1\r\n\r\n", ANSWER, 400, "Bad Content-Length"},
    {BASIC "Content-Length: 99999999999\r\n\r\n", ANSWER, 400, "Bad Content-Length"},
    {BASIC "CSeq: 8 INVITE\r\n\r\n", ANSWER, 400, "More than one CSeq"},
    {BASIC "l: 0\r\nContent-Length: 1\r\n\r\nx", ANSWER, 400, "More than one Content-Length"},
    {"REGISTER sip:h SIP/2.0\r\n" VIA FROM TO ID "CSeq: 1 REGISTER\r\nContact: <sip:a@h\r\n\r\n", ANSWER, 400,
     "Bad Contact"},
    {BASIC "Contact: <sip:h>\rVia: b\r\n\r\n", ANSWER, 400, "CR inside a header"},
    {"INVITE sip:b@h SIP/3.0\r\n" VIA FROM TO ID CSEQ "\r\n", ANSWER, 505, "Version Not Supported"},
    {"INVITE  sip:b@h SIP/2.0\r\n" VIA FROM TO ID CSEQ "\r\n", ANSWER, 400, "Bad request line"},
    {"INVITE sip:b@h  SIP/2.0\r\n" VIA FROM TO ID CSEQ "\r\n", ANSWER, 400, "Bad request line"},
    {"INVITE sip: SIP/2.0\r\n" VIA FROM TO ID CSEQ "\r\n", ANSWER, 400, "Bad Request-URI"},
    {"INVITE sip:b@h\r\n" VIA FROM TO ID CSEQ "\r\n", DROP, 400, "Bad request line"},
    {"INVITE sip:b@h HTTP/1.1\r\n" VIA FROM TO ID CSEQ "\r\n", DROP, 400, "Bad request line"},
    {"IN@VITE sip:b@h SIP/2.0\r\n" VIA FROM TO ID CSEQ "\r\n", DROP, 400, "Bad request line"},
    {"SIP/2.0\r\n" VIA FROM TO ID CSEQ "\r\n", DROP, 400, "Bad status code"},
    {"SIP/2.0 099 x\r\n" VIA FROM TO ID CSEQ "\r\n", DROP, 400, "Bad status code"},
    {"SIP/2.0 700 x\r\n" VIA FROM TO ID CSEQ "\r\n", DROP, 400, "Bad status code"},
    {"SIP/2.0 99999999999 x\r\n" VIA FROM TO ID CSEQ "\r\n", DROP, 400, "Bad status code"},
    {"SIP/2.0 20 x\r\n" VIA FROM TO ID CSEQ "\r\n", DROP, 400, "Bad status code"},
    {"SIP/3.0 200 x\r\n" VIA FROM TO ID CSEQ "\r\n", DROP, 505, "Bad SIP version"},
    {"SIP/2.0 200 OK\r\n\r\n", DROP, 400, "No Via"},
    {"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;;\r\n" FROM TO ID CSEQ "\r\n", DROP, 400, "Bad Via"},
    {"SIP/2.0 200 OK\r\n" VIA FROM ID CSEQ "\r\n", DROP, 400, "No To"},
    {"SIP/2.0 200 OK\r\n" VIA FROM TO CSEQ "\r\n", DROP, 400, "No Call-ID"},
    {"SIP/2.0 200 OK\r\n" VIA FROM TO ID "CSeq 1 INVITE\r\n\r\n", DROP, 400, "No CSeq"},
    {"SIP/2.0 200 OK\r\n" VIA FROM TO ID CSEQ "l: 5\r\n\r\n", DROP, 400, "Content-Length over the end of the datagram"},
    {"ACK sip:b@h SIP/2.0\r\n" VIA FROM TO ID CSEQ "\r\n", DROP, 400, "CSeq of another method"},
    {"no line end", DROP, 400, "Bad start line"},
    {"a\rb\r\n", DROP, 400, "Bad start line"},
};

static void each_fault_has_its_verdict_and_reason(void **state)
{
    struct sip_msg msg;

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        const struct fault_row *row = &faults[i];
        struct guard g = guard_copy(row->message, strlen(row->message));
        enum sip_verdict verdict = sip_msg_parse(span_make(g.ptr, g.len), &msg);
        if (verdict != row->verdict || msg.bad_code != row->code || strcmp(msg.bad_reason, row->reason) != 0) {
            fail_msg("row %zu: verdict %d %d %s, not %s", i, (int)verdict, msg.bad_code, msg.bad_reason, row->reason);
        }
        guard_free(&g);
    }
}

/* ---- what others write (docs/field.md) ---- */

#define OK200 "SIP/2.0 200 OK\r\n"

/* Each is taken, as an INVITE and as the 200 to one, and what decides is read. */
static void what_others_write_is_taken(void **state)
{
    static const char *const shapes[] = {
        "Via: SIP/2.0/UDP 10.0.0.1:5061;branch=z9hG4bKa;rport;\r\n" FROM TO ID CSEQ,
        "Via: SIP/2.0/UDP 10.0.0.1:5061;rport=;received=;branch=z9hG4bKa\r\n" FROM TO ID CSEQ,
        "Via: SIP/2.0/UDP 10.0.0.1:5061;rport=x;ttl=999;branch=z9hG4bKa\r\n" FROM TO ID CSEQ,
        VIA "From: <sip:a@h>;tag=f1;\r\nTo: <sip:b@h>;\r\n" ID CSEQ,
        VIA FROM "To: <sip:b@h>;tag=\r\n" ID CSEQ,
        VIA FROM "To: <sip:b@h>;tag=\r\nl:\r\nl: \r\n" ID CSEQ,
        VIA "From: Bell, Alexander (a@b) <sip:a@h>;tag=f1\r\n" TO ID CSEQ,
        VIA "From: DOMAIN\\a <sip:a@h>;tag=f1\r\n" TO ID CSEQ,
        VIA FROM TO ID CSEQ CSEQ "Max-Forwards: many\r\nMax-Forwards: 7\r\n",
        VIA "no colon\r\n" FROM "two words: x\r\n: no name\r\n" TO "X: a\rVia: b\r\n" ID CSEQ,
        " folded: x\r\n" VIA FROM TO ID CSEQ "\"\x80: y\r\nUser-Agent: a\rb\r\n",
        VIA FROM TO ID CSEQ "Contact: <sip:a@h\r\nExpires: soon\r\nRetry-After: never\r\nRSeq: x\r\n",
    };
    static const char *const starts[] = {START, OK200};
    char whole[1024];
    struct sip_msg msg;

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(shapes) / sizeof(shapes[0]); i++) {
        (void)snprintf(whole, sizeof(whole), "%s%s\r\n", starts[i % 2], shapes[i / 2]);
        struct guard g = guard_copy(whole, strlen(whole));
        if (sip_msg_parse(span_make(g.ptr, g.len), &msg) != SIP_VERDICT_OK) {
            fail_msg("%s: %s", whole, msg.bad_reason);
        }
        assert_span(msg.via.branch, "z9hG4bKa");
        assert_true(msg.via.has_rport && msg.via.rport == 0 && msg.via.received.len == 0);
        assert_span(msg.from.tag, "f1");
        assert_span(msg.from.uri.text, "sip:a@h");
        assert_span(msg.to.uri.text, "sip:b@h");
        assert_int_equal(msg.to.tag.len, 0);
        assert_span(msg.call_id, "id@h");
        assert_int_equal(msg.cseq, 7);
        assert_false(msg.has_contact);
        guard_free(&g);
    }
}

/* A response finds its request by branch, Call-ID and CSeq; of the rest only the To tag counts. */
static void a_response_is_read_as_far_as_it_can_be(void **state)
{
    static const char *const shapes[] = {
        OK200 VIA "From: \"a <sip:a@h>;tag=f1\r\nTo: \"b <sip:b@h>;tag=t1\r\n" ID CSEQ,
        OK200 VIA "To: <sip:b b@h>;x=;;tag=t1\r\n" ID CSEQ,
        OK200 "Via: SIP/2.0/UDP ;;branch=z9hG4bKa;=\r\nTo: sip:b@h:0;tag=t1\r\n" ID CSEQ,
    };
    struct sip_msg msg;

    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        char whole[512];
        (void)snprintf(whole, sizeof(whole), "%s\r\n", shapes[i]);
        assert_int_equal(parse(whole, &msg), SIP_VERDICT_OK);
        assert_span(msg.via.branch, "z9hG4bKa");
        assert_span(msg.to.tag, "t1");
        assert_int_equal(msg.to.uri.text.len, 0);
        assert_true(msg.to.text.len > 0);
    }
}

static void a_quoted_parameter_stands_in_a_uri(void **state)
{
    static const char *const rows[] = {"<sip:u@10.0.0.7:5071;thinfo=\"<a,b;c>\";ob>;expires=5",
                                       "\"x\" <sip:u@10.0.0.7:5071;thinfo=\"<a, \\\"b>\">;expires=5"};
    struct sip_msg msg;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char whole[512];
        (void)snprintf(whole, sizeof(whole), BASIC "Contact: %s, <sip:other@h>\r\n\r\n", rows[i]);
        assert_int_equal(parse(whole, &msg), SIP_VERDICT_OK);
        assert_true(msg.has_contact);
        assert_span(msg.contact.uri.host, "10.0.0.7");
        assert_int_equal(msg.contact.uri.port, 5071);
        assert_true(sip_param_find(msg.contact.params, SPAN_LIT("expires"), NULL));
        assert_int_equal(sip_values_count(&msg, SIP_HEADER_CONTACT), 2);
    }
}

static void header_lines_are_limited_in_number_only(void **state)
{
    struct sip_msg msg;
    struct outbuf out;

    (void)state;
    for (int extra = SIP_HEADERS_MAX - 6; extra <= SIP_HEADERS_MAX - 3; extra++) {
        outbuf_init(&out, text, sizeof(text));
        outbuf_str(&out, BASIC);
        for (int i = 0; i < extra; i++) {
            outbuf_str(&out, "X: y\r\n");
        }
        outbuf_str(&out, "\r\n");
        bool fits = 5 + extra <= SIP_HEADERS_MAX;
        assert_int_equal(sip_msg_parse(outbuf_view(&out), &msg), fits ? SIP_VERDICT_OK : SIP_VERDICT_ANSWER);
        assert_string_equal(msg.bad_reason, fits ? "" : "Too many headers");
    }
    outbuf_init(&out, text, sizeof(text));
    outbuf_str(&out, START VIA TO ID CSEQ "f: <sip:a@h>;tag=");
    for (int i = 0; i < 60000; i++) {
        outbuf_char(&out, 'x');
    }
    outbuf_str(&out, "\r\n\r\n");
    assert_int_equal(sip_msg_parse(outbuf_view(&out), &msg), SIP_VERDICT_OK);
    assert_int_equal(msg.from.tag.len, 60000);
}

/* ---- Via and addresses alone ---- */

static void via_values(void **state)
{
    struct sip_via via;

    (void)state;
    assert_int_equal(
        sip_via_parse(SPAN_LIT("SIP/2.0/UDP [2001:db8::1]:5070;received=[::9];rport=4;maddr=[ff02::1];ttl=5;x"), &via),
        ST_OK);
    assert_true(via.host_is_ipv6);
    assert_span(via.host, "2001:db8::1");
    assert_int_equal(via.port, 5070);
    assert_span(via.received, "::9");
    assert_span(via.maddr, "ff02::1");
    assert_int_equal(via.rport, 4);
    assert_int_equal(via.ttl, 5);
    assert_int_equal(via.branch.len, 0);
    static const char *const broken[] = {"",
                                         "SIP/2.0",
                                         "SIP/2.0/UDP",
                                         "SIP/2.0/UDP ",
                                         "SIP/2.0/ h",
                                         "SIP/1.0/UDP h",
                                         "HTTP/2.0/UDP h",
                                         "SIP/2.0/UDP [::1",
                                         "SIP/2.0/UDP h:0",
                                         "SIP/2.0/UDP h x",
                                         "SIP/2.0/UDP h;;",
                                         "SIP/2.0/UDP h;;a",
                                         "SIP/2.0/UDP h;a=\"b"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        if (sip_via_parse(span_cstr(broken[i]), &via) != ST_BAD) {
            fail_msg("taken: %s", broken[i]);
        }
    }
}

static void name_addr_values(void **state)
{
    struct sip_name_addr a;

    (void)state;
    assert_int_equal(sip_name_addr_parse(SPAN_LIT(" * "), &a), ST_OK);
    assert_true(a.star);
    assert_int_equal(sip_name_addr_parse(SPAN_LIT("Two Words <sip:a@h;x>;y=\"<\";tag=t"), &a), ST_OK);
    assert_span(a.display, "Two Words");
    assert_span(a.uri.params, "x");
    assert_span(a.tag, "t");
    assert_int_equal(sip_name_addr_parse(SPAN_LIT("sip:a@h;tag=t;x=\"<\""), &a), ST_OK);
    assert_span(a.tag, "t");
    assert_int_equal(a.uri.params.len, 0);
    assert_int_equal(sip_name_addr_parse(SPAN_LIT("\"\\\"<,;\" <tel:+1>"), &a), ST_OK);
    assert_span(a.display, "\\\"<,;");
    assert_int_equal(sip_name_addr_parse(SPAN_LIT("\xe9\x9b\xbb <sip:h>"), &a), ST_OK);
    static const char *const broken[] = {"",
                                         "<>",
                                         "<sip:a@h",
                                         "sip:a@h>",
                                         "\"x\" sip:a@h",
                                         "\"x\"",
                                         "\"x\" y <sip:h>",
                                         "A; B <sip:h>",
                                         "a>b <sip:h>",
                                         "< sip:h>",
                                         "<sip:h >",
                                         "<sip:h> junk",
                                         "<sip:h>;;",
                                         "<sip:h>;=x",
                                         "<sip:h>;tag=a b",
                                         "<sip:h>;tag=\"a b\"",
                                         "sip:h?x=y",
                                         "sip:a,b@h",
                                         "name"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        if (sip_name_addr_parse(span_cstr(broken[i]), &a) != ST_BAD) {
            fail_msg("taken: %s", broken[i]);
        }
    }
}

static void names_and_ids(void **state)
{
    (void)state;
    for (int i = 1; i < SIP_METHOD_COUNT; i++) {
        assert_int_equal(sip_method_find(span_cstr(sip_method_name((enum sip_method)i))), i);
    }
    assert_int_equal(sip_method_find(SPAN_LIT("invite")), SIP_METHOD_UNKNOWN);
    assert_int_equal(sip_method_find(SPAN_LIT("UNKNOWN")), SIP_METHOD_UNKNOWN);
    assert_string_equal(sip_method_name(SIP_METHOD_COUNT), "UNKNOWN");
    for (int i = 1; i < SIP_HEADER_COUNT; i++) {
        assert_true(strlen(sip_header_name((enum sip_header_id)i)) > 1);
        assert_int_equal(sip_header_find(span_cstr(sip_header_name((enum sip_header_id)i))), i);
    }
    assert_int_equal(sip_header_find(SPAN_LIT("V")), SIP_HEADER_VIA);
    assert_int_equal(sip_header_find(SPAN_LIT("k")), SIP_HEADER_SUPPORTED);
    assert_int_equal(sip_header_find(SPAN_LIT("z")), SIP_HEADER_OTHER);
    assert_int_equal(sip_header_find(SPAN_NONE), SIP_HEADER_OTHER);
    assert_string_equal(sip_header_name(SIP_HEADER_COUNT), "");
    assert_string_equal(sip_reason_phrase(486), "Busy Here");
    assert_string_equal(sip_reason_phrase(299), "Unknown");
}

/* Every prefix and every byte value at every place: nothing outside is read, and a body lies inside. */
static void truncations_and_byte_changes_stay_inside(void **state)
{
    const struct span whole =
        SPAN_LIT(BASIC "Contact: \"q\\\"\" <sip:a@[::1]:1;x=y?h=v>;e=\"f\"\r\nX:\r\n a\r\nl: 3\r\n\r\nabc");
    struct sip_msg msg;

    (void)state;
    for (size_t len = 0; len <= whole.len; len++) {
        struct guard g = guard_copy(whole.ptr, len);
        enum sip_verdict verdict = sip_msg_parse(span_make(g.ptr, len), &msg);
        assert_true(len == whole.len ? verdict == SIP_VERDICT_OK : verdict != SIP_VERDICT_OK);
        guard_free(&g);
    }
    struct guard g = guard_copy(whole.ptr, whole.len);
    for (size_t at = 0; at < whole.len; at++) {
        for (int c = 0; c < 256; c++) {
            g.ptr[at] = (char)c;
            assert_true(sip_msg_parse(span_make(g.ptr, g.len), &msg) < SIP_VERDICT_COUNT);
            assert_true(msg.body.len <= g.len);
        }
        g.ptr[at] = whole.ptr[at];
    }
    guard_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_message_in_many_shapes),
        cmocka_unit_test(a_response_and_its_fields),
        cmocka_unit_test(lists_are_walked_through_lines_and_commas),
        cmocka_unit_test(keep_alives_are_empty),
        cmocka_unit_test(each_fault_has_its_verdict_and_reason),
        cmocka_unit_test(what_others_write_is_taken),
        cmocka_unit_test(a_response_is_read_as_far_as_it_can_be),
        cmocka_unit_test(a_quoted_parameter_stands_in_a_uri),
        cmocka_unit_test(header_lines_are_limited_in_number_only),
        cmocka_unit_test(via_values),
        cmocka_unit_test(name_addr_values),
        cmocka_unit_test(names_and_ids),
        cmocka_unit_test(truncations_and_byte_changes_stay_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
