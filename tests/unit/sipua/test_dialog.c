/* SPDX-License-Identifier: MIT */
/* Dialogs by themselves (RFC 3261 12): route sets, targets, CSeq, addresses, and what is too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dialog.h"

static struct sip_flow by_udp(struct net_addr remote)
{
    return (struct sip_flow){.local = addr_ipv4(10, 0, 0, 1, 5062), .remote = remote};
}

static struct sip_flow source(void)
{
    return by_udp(addr_ipv4(10, 0, 0, 2, 5060));
}

static struct sip_msg parsed(const char *text)
{
    struct sip_msg msg;
    assert_int_equal(sip_msg_parse(span_cstr(text), &msg), SIP_VERDICT_OK);
    return msg;
}

#define RESPONSE(extra)                                                                                                \
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:us@x>;tag=u\r\n"                        \
    "To: \"Far\r\n end\" <sip:them@y>;tag=abc\r\nCall-ID: c\r\nCSeq: 5 INVITE\r\n" extra "\r\n"

static int form(struct sip_dialog *d, const char *text)
{
    struct sip_msg msg = parsed(text);
    struct sip_flow from = source();
    memset(d, 0, sizeof(*d));
    return sip_dialog_from_response(d, &msg, &from, 5, SPAN_LIT("sip:them@y"));
}

static void assert_span(struct span s, const char *text)
{
    assert_int_equal(s.len, strlen(text));
    assert_memory_equal(s.len > 0 ? s.ptr : "", text, s.len);
}

static struct sip_dialog_path path_of(const struct sip_dialog *d)
{
    static char buf[2 * SIP_DIALOG_TEXT_MAX];
    struct outbuf out;
    outbuf_init(&out, buf, sizeof(buf));
    struct sip_dialog_path path = sip_dialog_path_of(d, &out);
    assert_int_equal(outbuf_status(&out), ST_OK);
    return path;
}

static void from_response(void **state)
{
    (void)state;
    struct sip_dialog d;
    assert_int_equal(form(&d, RESPONSE("Contact: <sip:p@10.0.0.7:5070;x=y>\r\n")), ST_OK);
    assert_span(sip_text_view(&d.remote), "\"Far end\" <sip:them@y>;tag=abc");
    assert_span(sip_text_view(&d.tag), "abc");
    assert_int_equal(d.local_cseq, 5);
    struct sip_dialog_path path = path_of(&d);
    assert_span(path.uri, "sip:p@10.0.0.7:5070;x=y");
    assert_span(path.route, "");
    struct sip_flow to = by_udp(addr_ipv4(10, 0, 0, 7, 5070));
    assert_true(sip_flow_equal(&path.to, &to));
    d.target_unreachable = true;
    to = source();
    path = path_of(&d);
    assert_true(sip_flow_equal(&path.to, &to));
    sip_dialog_fini(&d);
}

/* No usable Contact: what the INVITE went to, and the source's address. */
static void without_contact(void **state)
{
    (void)state;
    static const char *const texts[] = {RESPONSE(""), RESPONSE("Contact: <tel:123>\r\n"),
                                        RESPONSE("Contact: <sips:a@10.0.0.7>\r\n")};
    for (size_t i = 0; i < 3; i++) {
        struct sip_dialog d;
        struct sip_flow to = source();
        assert_int_equal(form(&d, texts[i]), ST_OK);
        struct sip_dialog_path path = path_of(&d);
        assert_span(path.uri, "sip:them@y");
        assert_true(sip_flow_equal(&path.to, &to));
        sip_dialog_fini(&d);
    }
}

/* What the INVITE went to is no address: the server may listen on another port than 5060 (SIP.js 419). */
static void unreadable_contact_goes_to_the_source(void **state)
{
    (void)state;
    static const char *const texts[] = {RESPONSE(""), RESPONSE("Contact: <sip:p@10.0.0.7\r\n"),
                                        RESPONSE("Contact: sip:p@10.0.0.7:port\r\n")};
    const struct sip_flow from = by_udp(addr_ipv4(10, 0, 0, 2, 5080));
    for (size_t i = 0; i < 3; i++) {
        struct sip_dialog d = {0};
        struct sip_msg msg = parsed(texts[i]);
        assert_int_equal(sip_dialog_from_response(&d, &msg, &from, 5, SPAN_LIT("sip:them@10.0.0.2")), ST_OK);
        struct sip_dialog_path path = path_of(&d);
        assert_span(path.uri, "sip:them@10.0.0.2");
        assert_true(sip_flow_equal(&path.to, &from));
        /* a later one that can be read */
        msg = parsed(RESPONSE("Contact: <sip:p@10.0.0.7:5070>\r\n"));
        assert_int_equal(sip_dialog_refresh(&d, &msg, &from), ST_OK);
        assert_int_equal(path_of(&d).to.remote.port, 5070);
        sip_dialog_fini(&d);
    }
    struct sip_dialog d = {0};
    struct sip_msg msg = parsed("INVITE sip:us@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2:5080;branch=z9hG4bK1\r\n"
                                "From: <sip:them@10.0.0.2;x=\"a b\"?y=z>;tag=abc\r\nTo: <sip:us@x>\r\nCall-ID: c\r\n"
                                "CSeq: 9 INVITE\r\nContact: <\r\n\r\n");
    assert_int_equal(sip_dialog_from_request(&d, &msg, &from), ST_OK);
    assert_span(path_of(&d).uri, "sip:them@10.0.0.2");
    struct sip_flow to = path_of(&d).to;
    assert_true(sip_flow_equal(&to, &from));
    sip_dialog_fini(&d);
}

/* A 200 without Contact behind a 183 that had one. */
static void an_earlier_contact_stays(void **state)
{
    (void)state;
    struct sip_dialog d;
    struct sip_flow from = source();
    assert_int_equal(form(&d, RESPONSE("Contact: <sip:p@10.0.0.7:5070>\r\n")), ST_OK);
    struct sip_msg msg = parsed(RESPONSE(""));
    assert_int_equal(sip_dialog_from_response(&d, &msg, &from, 5, SPAN_LIT("sip:them@y")), ST_OK);
    assert_span(path_of(&d).uri, "sip:p@10.0.0.7:5070");
    assert_int_equal(path_of(&d).to.remote.port, 5070);
    sip_dialog_fini(&d);
}

/* To of what we send must be readable for others. */
static void unreadable_to(void **state)
{
    (void)state;
    struct sip_dialog d = {0};
    struct sip_flow from = source();
    struct sip_msg msg = parsed("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <\r\n"
                                "To: \"Far <sip:them@y>;tag=abc\r\nCall-ID: c\r\nCSeq: 5 INVITE\r\n\r\n");
    assert_int_equal(sip_dialog_from_response(&d, &msg, &from, 5, SPAN_LIT("sip:them@y")), ST_OK);
    assert_span(sip_text_view(&d.remote), "<sip:them@y>;tag=abc");
    assert_span(sip_text_view(&d.tag), "abc");
    sip_dialog_fini(&d);
}

static void quoted_parameters(void **state)
{
    (void)state;
    struct sip_dialog d;
    assert_int_equal(form(&d, RESPONSE("Contact: <sip:p@10.0.0.7:5070;thinfo=\"<urn:x>\">\r\n")), ST_OK);
    assert_span(path_of(&d).uri, "sip:p@10.0.0.7:5070;thinfo=\"<urn:x>\"");
    assert_int_equal(path_of(&d).to.remote.port, 5070);
    sip_dialog_fini(&d);
    assert_int_equal(form(&d, RESPONSE("Contact: <sip:p@10.0.0.7:5070;a=\"b c\";ob>\r\n")), ST_OK);
    assert_span(path_of(&d).uri, "sip:p@10.0.0.7:5070;ob"); /* no request line holds a blank */
    sip_dialog_fini(&d);
}

static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool literal;
    } cases[] = {
        {RESPONSE("Contact: <sip:p@0.0.0.0>\r\n"), false},
        {RESPONSE("Contact: <sip:p@224.0.0.1>\r\n"), false},
        {RESPONSE("Contact: <sip:p@name.test>\r\n"), false},
        {RESPONSE("Contact: <sip:p@10.0.0.8>\r\n"), true},
        {RESPONSE("Contact: <sip:p@[2001:db8::1]>\r\n"), true},
        {RESPONSE("Contact: <sip:p@name.test;maddr=10.0.0.8>\r\n"), true},
        {RESPONSE("Contact: <sip:p@10.0.0.8;transport=UDP>\r\n"), true},
        {RESPONSE("Contact: <sip:p@10.0.0.8;transport=tcp>\r\n"), false}, /* nobody listens there for us */
        {RESPONSE("Record-Route: <sip:10.0.0.8;transport=tls;lr>\r\n"), false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sip_dialog d;
        struct sip_flow from = source();
        assert_int_equal(form(&d, cases[i].text), ST_OK);
        struct sip_dialog_path path = path_of(&d);
        assert_int_equal(!sip_flow_equal(&path.to, &from), cases[i].literal);
        assert_int_equal(path.to.remote.port, 5060);
        sip_dialog_fini(&d);
    }
}

static void loose_and_strict(void **state)
{
    (void)state;
    struct sip_dialog d;
    assert_int_equal(form(&d, RESPONSE("Record-Route: <sip:10.0.0.9;lr>;a=b, \"x,y\" <sip:10.0.0.8;LR>\r\n"
                                       "Record-Route: <sip:10.0.0.7:5071;lr>\r\nContact: <sip:p@h>\r\n")),
                     ST_OK);
    struct sip_dialog_path path = path_of(&d);
    assert_span(path.uri, "sip:p@h");
    assert_span(path.route, "<sip:10.0.0.7:5071;lr>, \"x,y\" <sip:10.0.0.8;LR>, <sip:10.0.0.9;lr>;a=b");
    struct sip_flow to = by_udp(addr_ipv4(10, 0, 0, 7, 5071));
    assert_true(sip_flow_equal(&path.to, &to));
    sip_dialog_fini(&d);

    assert_int_equal(form(&d, RESPONSE("Record-Route: <sip:s@10.0.0.7?h=v>\r\nContact: <sip:p@h>\r\n")), ST_OK);
    path = path_of(&d);
    assert_span(path.uri, "sip:s@10.0.0.7");
    assert_span(path.route, "<sip:p@h>");
    sip_dialog_fini(&d);
}

/* lr outside of the <>, or no <> at all, or a value: loose all the same; what cannot be read goes with the rest. */
static void routes_as_others_write_them(void **state)
{
    static const struct {
        const char *extra, *route;
        uint16_t port;
    } rows[] = {
        {RESPONSE("Record-Route: <sip:10.0.0.9:5071>;lr\r\nContact: <sip:p@h>\r\n"), "<sip:10.0.0.9:5071>;lr", 5071},
        {RESPONSE("Record-Route: sip:10.0.0.9:5071;lr\r\nContact: <sip:p@h>\r\n"), "sip:10.0.0.9:5071;lr", 5071},
        {RESPONSE("Record-Route: <sip:10.0.0.9:5071;lr=>;\r\nContact: <sip:p@h>\r\n"), "<sip:10.0.0.9:5071;lr=>;",
         5071},
        {RESPONSE("Record-Route: <sip:10.0.0.9:x;lr>\r\nContact: <sip:p@10.0.0.7:5072>\r\n"), "<sip:10.0.0.9:x;lr>",
         5060},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sip_dialog d;
        assert_int_equal(form(&d, rows[i].extra), ST_OK);
        struct sip_dialog_path path = path_of(&d);
        assert_span(path.route, rows[i].route);
        assert_int_equal(path.to.remote.port, rows[i].port);
        sip_dialog_fini(&d);
    }
}

static void from_request(void **state)
{
    (void)state;
    struct sip_dialog d = {0};
    struct sip_flow from = source();
    struct sip_msg msg = parsed("INVITE sip:us@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1\r\n"
                                "Max-Forwards: 70\r\nFrom: <sip:them@y>;tag=abc\r\nTo: <sip:us@x>\r\nCall-ID: c\r\n"
                                "CSeq: 9 INVITE\r\nRecord-Route: <sip:a;lr>, <sip:b;lr>\r\nContact: <sip:p@h>\r\n\r\n");
    assert_int_equal(sip_dialog_from_request(&d, &msg, &from), ST_OK);
    assert_span(path_of(&d).route, "<sip:a;lr>, <sip:b;lr>");
    assert_span(sip_text_view(&d.remote), "<sip:them@y>;tag=abc");
    assert_false(sip_dialog_cseq_in(&d, 8));
    assert_true(sip_dialog_cseq_in(&d, 9));
    assert_true(sip_dialog_cseq_in(&d, 12));
    assert_false(sip_dialog_cseq_in(&d, 11));
    sip_dialog_fini(&d);
    struct sip_dialog ours = {0};
    assert_true(sip_dialog_cseq_in(&ours, 1)); /* the first request of a peer that we called */
    assert_false(sip_dialog_cseq_in(&ours, 0));
}

static void refresh(void **state)
{
    (void)state;
    struct sip_dialog d;
    struct sip_flow from = by_udp(addr_ipv4(10, 0, 0, 5, 5062));
    assert_int_equal(form(&d, RESPONSE("Contact: <sip:old@10.0.0.7>\r\n")), ST_OK);
    d.target_unreachable = true;
    struct sip_msg msg = parsed(RESPONSE("Contact: <sip:new@10.0.0.8>\r\nRecord-Route: <sip:no;lr>\r\n"));
    assert_int_equal(sip_dialog_refresh(&d, &msg, &from), ST_OK);
    assert_span(path_of(&d).uri, "sip:new@10.0.0.8");
    assert_span(path_of(&d).route, ""); /* the route set never changes again (12.2) */
    assert_false(d.target_unreachable);
    msg = parsed(RESPONSE(""));
    assert_int_equal(sip_dialog_refresh(&d, &msg, &from), ST_OK);
    assert_span(path_of(&d).uri, "sip:new@10.0.0.8");
    assert_true(sip_flow_equal(&d.source, &from));
    sip_dialog_fini(&d);
}

/* Too many routes, too long a tag: not formed, and what was there stays. */
static void too_large(void **state)
{
    (void)state;
    char *text = calloc(1, 60000);
    char *extra = calloc(1, 50000);
    assert_non_null(text);
    assert_non_null(extra);
    struct sip_dialog d;
    struct sip_flow from = source();
    for (int i = 0; i < SIP_DIALOG_ROUTES_MAX + 1; i++) {
        strcat(extra, "Record-Route: <sip:a;lr>\r\n");
    }
    (void)snprintf(text, 60000,
                   "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:us@x>;tag=u\r\n"
                   "To: <sip:them@y>;tag=abc\r\nCall-ID: c\r\nCSeq: 5 INVITE\r\n%s\r\n",
                   extra);
    assert_int_equal(form(&d, text), ST_TOO_LARGE);
    assert_int_equal(form(&d, RESPONSE("Contact: <sip:p@h>\r\n")), ST_OK);
    memset(extra, 't', SIP_DIALOG_TEXT_MAX + 1);
    extra[SIP_DIALOG_TEXT_MAX + 1] = '\0';
    (void)snprintf(text, 60000,
                   "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:us@x>;tag=u\r\n"
                   "To: <sip:them@y>;tag=%s\r\nCall-ID: c\r\nCSeq: 5 INVITE\r\n\r\n",
                   extra);
    struct sip_msg msg = parsed(text);
    assert_int_equal(sip_dialog_from_response(&d, &msg, &from, 6, SPAN_LIT("sip:q@h")), ST_TOO_LARGE);
    assert_span(path_of(&d).uri, "sip:p@h");
    assert_int_equal(d.local_cseq, 5);
    sip_dialog_fini(&d);
    free(text);
    free(extra);
}

static void text(void **state)
{
    (void)state;
    struct sip_text t = {0};
    assert_int_equal(sip_text_set(&t, SPAN_LIT("one")), ST_OK);
    assert_int_equal(sip_text_set(&t, sip_text_view(&t)), ST_OK); /* of itself */
    assert_span(sip_text_view(&t), "one");
    assert_int_equal(sip_text_set(&t, SPAN_NONE), ST_OK);
    assert_null(t.ptr);
    sip_text_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_response),
        cmocka_unit_test(without_contact),
        cmocka_unit_test(addresses),
        cmocka_unit_test(loose_and_strict),
        cmocka_unit_test(from_request),
        cmocka_unit_test(refresh),
        cmocka_unit_test(too_large),
        cmocka_unit_test(text),
        cmocka_unit_test(unreadable_contact_goes_to_the_source),
        cmocka_unit_test(an_earlier_contact_stays),
        cmocka_unit_test(unreadable_to),
        cmocka_unit_test(quoted_parameters),
        cmocka_unit_test(routes_as_others_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
