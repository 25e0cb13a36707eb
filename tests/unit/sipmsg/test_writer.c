/* SPDX-License-Identifier: MIT */
/* What leaves: requests, responses (RFC 3261 8.2.6, 18.2.1, RFC 3581), ACK and CANCEL of an INVITE (17.1.1.3, 9.1); all
 * of it parses again; nothing from the network ends a line early. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "rng_seeded.h"
#include "wsaudio/sipmsg/writer.h"

static char text[4096];
static char text2[4096];

static void assert_span(struct span s, const char *wanted)
{
    if (!span_eq(s, span_cstr(wanted))) {
        fail_msg("\"%.*s\" is not \"%s\"", SPAN_ARG(s), wanted);
    }
}

static struct sip_request_form invite_form(void)
{
    return (struct sip_request_form){.method = SPAN_LIT("INVITE"),
                                     .uri = SPAN_LIT("sip:b@h"),
                                     .flow = {.local = addr_ipv4(10, 0, 0, 1, 5062)},
                                     .branch = SPAN_LIT("z9hG4bKx1"),
                                     .from = SPAN_LIT("\"A\" <sip:a@h>;tag=f"),
                                     .to = SPAN_LIT("<sip:b@h>"),
                                     .call_id = SPAN_LIT("id1"),
                                     .cseq = 7,
                                     .route = SPAN_LIT("<sip:p1;lr>, <sip:p2;lr>"),
                                     .contact = SPAN_LIT("<sip:a@10.0.0.1:5062>"),
                                     .allow = SPAN_LIT("INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE"),
                                     .supported = SPAN_LIT("timer"),
                                     .accept = SPAN_LIT("application/sdp"),
                                     .user_agent = SPAN_LIT("ws_audio_server/1.0"),
                                     .extra = SPAN_LIT("X-T: 1\r\n"),
                                     .content_type = SPAN_LIT("application/sdp"),
                                     .body = SPAN_LIT("v=0\r\n")};
}

static struct span write_invite(void)
{
    struct sip_request_form form = invite_form();
    struct outbuf out;

    outbuf_init(&out, text, sizeof(text));
    sip_write_request(&out, &form);
    assert_int_equal(outbuf_status(&out), ST_OK);
    return outbuf_view(&out);
}

static void a_request_stands_as_it_should(void **state)
{
    (void)state;
    assert_span(write_invite(), "INVITE sip:b@h SIP/2.0\r\n"
                                "Via: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKx1;rport\r\n"
                                "Max-Forwards: 70\r\n"
                                "Route: <sip:p1;lr>, <sip:p2;lr>\r\n"
                                "From: \"A\" <sip:a@h>;tag=f\r\n"
                                "To: <sip:b@h>\r\n"
                                "Call-ID: id1\r\n"
                                "CSeq: 7 INVITE\r\n"
                                "Contact: <sip:a@10.0.0.1:5062>\r\n"
                                "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE\r\n"
                                "Supported: timer\r\n"
                                "Accept: application/sdp\r\n"
                                "User-Agent: ws_audio_server/1.0\r\n"
                                "X-T: 1\r\n"
                                "Content-Type: application/sdp\r\n"
                                "Content-Length: 5\r\n\r\nv=0\r\n");
    struct sip_request_form bare = {.method = SPAN_LIT("BYE"),
                                    .uri = SPAN_LIT("sip:h"),
                                    .branch = SPAN_LIT("z9hG4bKy"),
                                    .from = SPAN_LIT("<sip:a>;tag=1"),
                                    .to = SPAN_LIT("<sip:b>;tag=2"),
                                    .call_id = SPAN_LIT("i"),
                                    .cseq = 1,
                                    .content_type = SPAN_LIT("application/sdp")};
    assert_int_equal(addr_parse_ip(SPAN_LIT("2001:db8::1"), &bare.flow.local), ST_OK);
    bare.flow.local.port = 5060;
    struct outbuf out;
    outbuf_init(&out, text, sizeof(text));
    sip_write_request(&out, &bare);
    assert_span(outbuf_view(&out),
                "BYE sip:h SIP/2.0\r\nVia: SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKy;rport\r\nMax-Forwards: 70\r\n"
                "From: <sip:a>;tag=1\r\nTo: <sip:b>;tag=2\r\nCall-ID: i\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n");
}

static void what_is_written_parses_to_the_same(void **state)
{
    struct sip_request_form form = invite_form();
    struct sip_msg msg;
    struct outbuf out;

    (void)state;
    struct span first = write_invite();
    assert_int_equal(sip_msg_parse(first, &msg), SIP_VERDICT_OK);
    form.method = msg.method_text;
    form.uri = msg.uri.text;
    form.branch = msg.via.branch;
    assert_int_equal(addr_parse_ip(msg.via.host, &form.flow.local), ST_OK);
    form.flow.local.port = msg.via.port;
    form.from = msg.from.text;
    form.to = msg.to.text;
    form.call_id = msg.call_id;
    form.cseq = msg.cseq;
    form.route = sip_msg_value(&msg, SIP_HEADER_ROUTE);
    form.contact = msg.contact.text;
    form.content_type = msg.content_type;
    form.body = msg.body;
    outbuf_init(&out, text2, sizeof(text2));
    sip_write_request(&out, &form);
    assert_true(span_eq(first, outbuf_view(&out)));
}

static void every_room_too_small_overflows_and_none_is_overrun(void **state)
{
    struct sip_request_form form = invite_form();
    size_t whole = write_invite().len;
    struct outbuf out;

    (void)state;
    for (size_t cap = 0; cap < whole; cap++) {
        struct guard g = guard_room(cap);
        outbuf_init(&out, g.ptr, cap);
        sip_write_request(&out, &form);
        assert_int_equal(outbuf_status(&out), ST_TOO_LARGE);
        guard_free(&g);
    }
}

/* ---- responses ---- */

#define REQUEST                                                                                                        \
    "Record-Route: <sip:p1;lr>,\r\n <sip:p2;lr>\r\nFrom: \"A\"\r\n <sip:a@h>;tag=f\r\nTo: sip:b@h\r\nCall-ID: id\r\n"  \
    "CSeq: 7 INVITE\r\nTimestamp: 5\r\nRecord-Route: <sip:p3>\r\nContent-Length: 0\r\n\r\n"

static struct span respond(const char *vias, int code, bool record_route, struct net_addr source)
{
    static char request[2048];
    static struct sip_msg msg;
    struct outbuf out;

    outbuf_init(&out, request, sizeof(request));
    outbuf_str(&out, "INVITE sip:b@h SIP/2.0\r\n");
    outbuf_str(&out, vias);
    outbuf_str(&out, REQUEST);
    assert_int_equal(sip_msg_parse(outbuf_view(&out), &msg), SIP_VERDICT_OK);
    struct sip_response_form form = {.request = &msg,
                                     .source = source,
                                     .code = code,
                                     .to_tag = SPAN_LIT("t"),
                                     .record_route = record_route,
                                     .user_agent = SPAN_LIT("us")};
    outbuf_init(&out, text, sizeof(text));
    sip_write_response(&out, &form);
    assert_int_equal(outbuf_status(&out), ST_OK);
    return outbuf_view(&out);
}

static void a_response_copies_what_the_rfc_says(void **state)
{
    (void)state;
    assert_span(
        respond("Via: SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK1;rport;x=\"y;z\", SIP/2.0/UDP second;branch=2\r\n"
                "v: SIP/2.0/UDP\r\n third\r\n",
                200, true, addr_ipv4(10, 0, 0, 9, 6000)),
        "SIP/2.0 200 OK\r\n"
        "Via: SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK1;x=\"y;z\";received=10.0.0.9;rport=6000\r\n"
        "Via: SIP/2.0/UDP second;branch=2\r\n"
        "Via: SIP/2.0/UDP third\r\n"
        "Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"
        "Record-Route: <sip:p3>\r\n"
        "From: \"A\" <sip:a@h>;tag=f\r\n"
        "To: sip:b@h;tag=t\r\n"
        "Call-ID: id\r\n"
        "CSeq: 7 INVITE\r\n"
        "Server: us\r\n"
        "Content-Length: 0\r\n\r\n");
}

static void received_and_rport_are_what_we_saw(void **state)
{
    static const struct {
        const char *via, *wanted;
    } rows[] = {
        /* same address: nothing to add without rport */
        {"Via: SIP/2.0/UDP 10.0.0.9;branch=b\r\n", "Via: SIP/2.0/UDP 10.0.0.9;branch=b\r\n"},
        {"Via: SIP/2.0/UDP 10.0.0.8;branch=b\r\n", "Via: SIP/2.0/UDP 10.0.0.8;branch=b;received=10.0.0.9\r\n"},
        {"Via: SIP/2.0/UDP name\r\n", "Via: SIP/2.0/UDP name;received=10.0.0.9\r\n"},
        /* a claim is replaced */
        {"Via: SIP/2.0/UDP 10.0.0.8;received=1.2.3.4;RPORT=9;branch=b\r\n",
         "Via: SIP/2.0/UDP 10.0.0.8;branch=b;received=10.0.0.9;rport=6000\r\n"},
        {"Via: SIP / 2.0 / UDP\r\n 10.0.0.9 ; branch = b\r\n", "Via: SIP / 2.0 / UDP 10.0.0.9;branch=b\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct span got = respond(rows[i].via, 180, false, addr_ipv4(10, 0, 0, 9, 6000));
        struct span line = span_from(got, span_find(got, '\n') + 1);
        assert_span(span_head(line, span_find(line, '\n') + 1), rows[i].wanted);
    }
    struct span got = respond(rows[1].via, 180, false, (struct net_addr){0});
    struct span line = span_from(got, span_find(got, '\n') + 1);
    assert_true(span_starts(line, SPAN_LIT("Via: SIP/2.0/UDP 10.0.0.8;branch=b\r\n")));
}

static void tags_and_timestamp_follow_the_code(void **state)
{
    static const char via[] = "Via: SIP/2.0/UDP 10.0.0.9;branch=b\r\n";
    struct net_addr source = addr_ipv4(10, 0, 0, 9, 6000);
    struct sip_msg msg;

    (void)state;
    assert_int_equal(sip_msg_parse(respond(via, 100, false, source), &msg), SIP_VERDICT_OK);
    assert_int_equal(msg.to.tag.len, 0);
    assert_span(sip_msg_value(&msg, SIP_HEADER_TIMESTAMP), "5");
    assert_null(sip_msg_header(&msg, SIP_HEADER_ALLOW));
    assert_null(sip_msg_header(&msg, SIP_HEADER_RECORD_ROUTE));
    assert_int_equal(sip_msg_parse(respond(via, 405, false, source), &msg), SIP_VERDICT_OK);
    assert_span(msg.to.tag, "t");
    assert_null(sip_msg_header(&msg, SIP_HEADER_ALLOW)); /* which methods is for sipua to say */
}

static void a_given_to_tag_stays(void **state)
{
    struct sip_msg msg;
    struct outbuf out;

    (void)state;
    assert_int_equal(sip_msg_parse(SPAN_LIT("BYE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@h>;tag=1\r\n"
                                            "To: <sip:b@h>;tag=mine\r\nCall-ID: i\r\nCSeq: 2 BYE\r\n\r\n"),
                                   &msg),
                     SIP_VERDICT_OK);
    struct sip_response_form form = {.request = &msg,
                                     .code = 299,
                                     .reason = SPAN_LIT("All\r\nX: y"),
                                     .to_tag = SPAN_LIT("t"),
                                     .contact = SPAN_LIT("<sip:c>"),
                                     .allow = SPAN_LIT("INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE"),
                                     .supported = SPAN_LIT("x"),
                                     .accept = SPAN_LIT("y/z"),
                                     .extra = SPAN_LIT("E: f\r\n"),
                                     .content_type = SPAN_LIT("text/plain"),
                                     .body = SPAN_LIT("hi")};
    outbuf_init(&out, text, sizeof(text));
    sip_write_response(&out, &form);
    assert_span(outbuf_view(&out),
                "SIP/2.0 299 All X: y\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=mine\r\n"
                "Call-ID: i\r\nCSeq: 2 BYE\r\nContact: <sip:c>\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE\r\n"
                "Supported: x\r\nAccept: y/z\r\nE: f\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi");
}

/* ---- ACK and CANCEL ---- */

static void ack_and_cancel_belong_to_their_invite(void **state)
{
    struct sip_msg busy;
    struct outbuf out;

    (void)state;
    struct span invite = write_invite();
    assert_int_equal(sip_msg_parse(SPAN_LIT("SIP/2.0 486 Busy\r\nVia: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKx1\r\n"
                                            "From: \"A\" <sip:a@h>;tag=f\r\nTo: <sip:b@h>;tag=callee\r\n"
                                            "Call-ID: id1\r\nCSeq: 7 INVITE\r\n\r\n"),
                                   &busy),
                     SIP_VERDICT_OK);
    outbuf_init(&out, text2, sizeof(text2));
    assert_int_equal(sip_write_ack_non2xx(&out, invite, &busy), ST_OK);
    assert_span(outbuf_view(&out), "ACK sip:b@h SIP/2.0\r\n"
                                   "Via: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKx1;rport\r\n"
                                   "Max-Forwards: 70\r\n"
                                   "Route: <sip:p1;lr>, <sip:p2;lr>\r\n"
                                   "From: \"A\" <sip:a@h>;tag=f\r\n"
                                   "To: <sip:b@h>;tag=callee\r\n"
                                   "Call-ID: id1\r\n"
                                   "CSeq: 7 ACK\r\n"
                                   "User-Agent: ws_audio_server/1.0\r\n"
                                   "Content-Length: 0\r\n\r\n");
    outbuf_init(&out, text2, sizeof(text2));
    assert_int_equal(sip_write_cancel(&out, invite), ST_OK);
    assert_span(outbuf_view(&out), "CANCEL sip:b@h SIP/2.0\r\n"
                                   "Via: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKx1;rport\r\n"
                                   "Max-Forwards: 70\r\n"
                                   "Route: <sip:p1;lr>, <sip:p2;lr>\r\n"
                                   "From: \"A\" <sip:a@h>;tag=f\r\n"
                                   "To: <sip:b@h>\r\n"
                                   "Call-ID: id1\r\n"
                                   "CSeq: 7 CANCEL\r\n"
                                   "User-Agent: ws_audio_server/1.0\r\n"
                                   "Content-Length: 0\r\n\r\n");
    outbuf_init(&out, text2, 50);
    assert_int_equal(sip_write_cancel(&out, invite), ST_TOO_LARGE);
    outbuf_init(&out, text2, sizeof(text2));
    assert_int_equal(sip_write_cancel(&out, SPAN_LIT("nonsense")), ST_BAD);
    assert_int_equal(sip_write_cancel(&out, busy.raw), ST_BAD);
}

/* ---- parts ---- */

static void names_are_quoted_and_users_escaped(void **state)
{
    struct outbuf out;
    struct net_addr v6;

    (void)state;
    outbuf_init(&out, text, sizeof(text));
    sip_put_name_addr(&out, SPAN_LIT("A \"B\\\r\n<x>\x7f \xe9\x9b\xbb"), SPAN_LIT("sip:a@h"), SPAN_LIT("t1"));
    assert_span(outbuf_view(&out), "\"A \\\"B\\\\  <x>  \xe9\x9b\xbb\" <sip:a@h>;tag=t1");
    struct sip_name_addr again;
    assert_int_equal(sip_name_addr_parse(outbuf_view(&out), &again), ST_OK);
    outbuf_init(&out, text, sizeof(text));
    sip_put_name_addr(&out, SPAN_NONE, SPAN_LIT("sip:a@h"), SPAN_NONE);
    assert_span(outbuf_view(&out), "<sip:a@h>");
    outbuf_init(&out, text, sizeof(text));
    sip_put_uri(&out, SPAN_LIT("a b#@"), SPAN_LIT("h"), 5070);
    assert_span(outbuf_view(&out), "sip:a%20b%23%40@h:5070");
    outbuf_init(&out, text, sizeof(text));
    assert_int_equal(addr_parse_ip(SPAN_LIT("::1"), &v6), ST_OK);
    v6.port = 5060;
    sip_put_uri_addr(&out, SPAN_NONE, &v6);
    assert_span(outbuf_view(&out), "sip:[::1]:5060");
    outbuf_init(&out, text, sizeof(text));
    sip_put_uri(&out, SPAN_LIT("u"), SPAN_LIT("h"), 0);
    assert_span(outbuf_view(&out), "sip:u@h");
}

static void nothing_ends_a_line_early(void **state)
{
    struct outbuf out;

    (void)state;
    outbuf_init(&out, text, sizeof(text));
    sip_put_header(&out, SIP_HEADER_SUBJECT, SPAN_LIT("a\r\n \t b\rc\n\nd\0e"));
    sip_put_request_line(&out, SPAN_LIT("A\nB"), SPAN_LIT("sip:x\r\ny"));
    sip_put_optional(&out, SIP_HEADER_DATE, SPAN_NONE);
    sip_put_header_u32(&out, SIP_HEADER_EXPIRES, UINT32_MAX);
    assert_true(
        span_eq(outbuf_view(&out), SPAN_LIT("Subject: a b c d\0e\r\nA B sip:x y SIP/2.0\r\nExpires: 4294967295\r\n")));
}

static void branches_are_cookies_and_differ(void **state)
{
    uint64_t seed = 5;
    const struct rng rng = {rng_seeded_fill, &seed};
    char a[SIP_BRANCH_LEN + 1];
    char b[SIP_BRANCH_LEN + 1];

    (void)state;
    sip_branch_new(&rng, a);
    sip_branch_new(&rng, b);
    assert_int_equal(strlen(a), SIP_BRANCH_LEN);
    assert_true(span_starts(span_cstr(a), SPAN_LIT("z9hG4bK")));
    assert_true(sip_is_token(span_cstr(a)));
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_stands_as_it_should),
        cmocka_unit_test(what_is_written_parses_to_the_same),
        cmocka_unit_test(every_room_too_small_overflows_and_none_is_overrun),
        cmocka_unit_test(a_response_copies_what_the_rfc_says),
        cmocka_unit_test(received_and_rport_are_what_we_saw),
        cmocka_unit_test(tags_and_timestamp_follow_the_code),
        cmocka_unit_test(a_given_to_tag_stays),
        cmocka_unit_test(ack_and_cancel_belong_to_their_invite),
        cmocka_unit_test(names_are_quoted_and_users_escaped),
        cmocka_unit_test(nothing_ends_a_line_early),
        cmocka_unit_test(branches_are_cookies_and_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
