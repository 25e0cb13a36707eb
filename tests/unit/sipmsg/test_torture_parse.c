/* SPDX-License-Identifier: MIT */
/* Every message of RFC 4475 and RFC 5118 with the parser's verdict, flush against an inaccessible page; and the details
 * that the RFCs say a receiver must get right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/sipmsg/body.h"
#include "wsaudio/sipmsg/message.h"
#include "wsaudio/sipmsg/writer.h"

#define OK     SIP_VERDICT_OK
#define ANSWER SIP_VERDICT_ANSWER
#define DROP   SIP_VERDICT_DROP

struct row {
    const char *file;
    enum sip_verdict verdict;
    int code; /* of ANSWER */
};

static const struct row rows[] = {
    {"wsinv", OK, 0},
    {"intmeth", OK, 0},
    {"esc01", OK, 0},
    {"escnull", OK, 0},
    {"esc02", OK, 0},
    {"lwsdisp", OK, 0},
    {"longreq", OK, 0},
    {"dblreq", OK, 0},
    {"semiuri", OK, 0},
    {"transports", OK, 0},
    {"mpart01", OK, 0},
    {"unreason", OK, 0},
    {"noreason", OK, 0},
    {"badinv01", ANSWER, 400},
    {"clerr", ANSWER, 400},
    {"ncl", ANSWER, 400},
    {"scalar02", ANSWER, 400},
    {"scalarlg", DROP, 0},
    {"quotbal", ANSWER, 400},
    {"ltgtruri", ANSWER, 400},
    {"lwsruri", ANSWER, 400},
    {"lwsstart", ANSWER, 400},
    {"trws", ANSWER, 400},
    {"escruri", OK, 0}, /* its headers are never applied */
    {"baddate", OK, 0}, /* Date is not used */
    {"regbadct", ANSWER, 400},
    {"badaspec", ANSWER, 400},
    {"baddn", ANSWER, 400},
    {"badvers", ANSWER, 505},
    {"mismatch01", ANSWER, 400},
    {"mismatch02", ANSWER, 400},
    {"bigcode", DROP, 0},
    {"badbranch", OK, 0}, /* for the transaction layer: falls back to RFC 2543 matching */
    {"insuf", ANSWER, 400},
    {"unkscm", OK, 0},  /* 416 */
    {"novelsc", OK, 0}, /* 416 */
    {"unksm2", OK, 0},
    {"bext01", OK, 0}, /* 420 */
    {"invut", OK, 0},  /* 415 */
    {"regaut01", OK, 0},
    {"multi01", ANSWER, 400},
    {"mcl01", ANSWER, 400},
    {"bcast", OK, 0}, /* two Vias: not ours, discarded by the transaction layer */
    {"zeromf", OK, 0},
    {"cparam01", OK, 0},
    {"cparam02", OK, 0},
    {"regescrt", OK, 0},
    {"sdp01", OK, 0},
    {"inv2543", OK, 0},
    {"test", DROP, 0}, /* no version: not even a request line */
    {"rfc5118-wire/ipv6-good", OK, 0},
    {"rfc5118-wire/ipv6-bad", ANSWER, 400},
    {"rfc5118-wire/port-ambiguous", OK, 0},
    {"rfc5118-wire/port-unambiguous", OK, 0},
    {"rfc5118-wire/via-received-param-with-delim", OK, 0},
    {"rfc5118-wire/via-received-param-no-delim", OK, 0},
    {"rfc5118-wire/ipv6-in-sdp", ANSWER, 400}, /* Content-Length over the body */
    {"rfc5118-wire/mult-ip-in-header", OK, 0},
    {"rfc5118-wire/mult-ip-in-sdp", OK, 0},
    {"rfc5118-wire/ipv4-mapped-ipv6", OK, 0},
    {"rfc5118-wire/ipv6-bug-abnf-3-colons", OK, 0},
    {"rfc5118-wire/ipv6-correct-abnf-2-colons", OK, 0},
    {"rfc5118/ipv6-good", OK, 0},
    {"rfc5118/ipv6-bad", ANSWER, 400},
    {"rfc5118/port-ambiguous", OK, 0},
    {"rfc5118/port-unambiguous", OK, 0},
    {"rfc5118/via-received-param-with-delim", OK, 0},
    {"rfc5118/via-received-param-no-delim", OK, 0},
    {"rfc5118/ipv6-in-sdp", ANSWER, 400},
    {"rfc5118/mult-ip-in-header", OK, 0},
    {"rfc5118/mult-ip-in-sdp", ANSWER, 400},
    {"rfc5118/ipv4-mapped-ipv6", OK, 0},
    {"rfc5118/ipv6-bug-abnf-3-colons", ANSWER, 400},     /* no blank line in the archive's form */
    {"rfc5118/ipv6-correct-abnf-2-colons", ANSWER, 400}, /* the same */
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static char storage[SIP_DATAGRAM_MAX];

static struct span load(const char *name)
{
    char path[512];
    FILE *f = NULL;

    (void)snprintf(path, sizeof(path), "%s/tests/torture/%s.dat", SOURCE_DIR, name);
    f = fopen(path, "rb");
    if (f == NULL) {
        fail_msg("cannot read %s", path);
    }
    size_t len = fread(storage, 1, sizeof(storage), f);
    (void)fclose(f);
    assert_true(len > 0);
    return span_make(storage, len);
}

static void load_ok(const char *name, struct sip_msg *msg)
{
    assert_int_equal(sip_msg_parse(load(name), msg), SIP_VERDICT_OK);
}

static void assert_span(struct span s, const char *text)
{
    if (!span_eq(s, span_cstr(text))) {
        fail_msg("\"%.*s\" is not \"%s\"", SPAN_ARG(s), text);
    }
}

static void assert_unescaped(struct span s, struct span wanted)
{
    char buf[256];
    struct outbuf out;

    outbuf_init(&out, buf, sizeof(buf));
    sip_unescape(&out, s);
    assert_true(span_eq(outbuf_view(&out), wanted));
}

static void every_message_has_its_verdict(void **state)
{
    struct sip_msg msg;

    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct span data = load(rows[i].file);
        struct guard g = guard_copy(data.ptr, data.len);
        enum sip_verdict verdict = sip_msg_parse(span_make(g.ptr, g.len), &msg);
        if (verdict != rows[i].verdict || (verdict == ANSWER && msg.bad_code != rows[i].code)) {
            fail_msg("%s: verdict %d %d %s", rows[i].file, (int)verdict, msg.bad_code, msg.bad_reason);
        }
        guard_free(&g);
    }
}

/* Whatever is answered, the answer is a SIP response that parses, or lacks only what the request lacked. */
static void every_answer_is_a_response(void **state)
{
    static char buf[2 * SIP_DATAGRAM_MAX];
    struct sip_msg msg;
    struct sip_msg again;

    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        enum sip_verdict verdict = sip_msg_parse(load(rows[i].file), &msg);
        if (verdict == DROP || !msg.is_request) {
            continue;
        }
        struct sip_response_form form = {
            .request = &msg, .source = addr_ipv4(192, 0, 2, 9, 5061), .code = 400, .to_tag = SPAN_LIT("t1")};
        struct outbuf out;
        outbuf_init(&out, buf, sizeof(buf));
        sip_write_response(&out, &form);
        assert_int_equal(outbuf_status(&out), ST_OK);
        assert_true(span_starts(outbuf_view(&out), SPAN_LIT("SIP/2.0 400 Bad Request\r\nVia: SIP")));
        verdict = sip_msg_parse(outbuf_view(&out), &again);
        assert_int_equal(again.status, 400);
        if (rows[i].verdict == OK) {
            assert_int_equal(verdict, OK);
            assert_int_equal(sip_values_count(&again, SIP_HEADER_VIA), sip_values_count(&msg, SIP_HEADER_VIA));
            assert_true(span_eq(again.call_id, msg.call_id));
            assert_true(again.to.tag.len > 0);
        }
    }
}

static void every_truncation_is_survived(void **state)
{
    struct sip_msg msg;

    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct span data = load(rows[i].file);
        struct guard g = guard_copy(data.ptr, data.len);
        const char *end = g.ptr + g.len;
        for (size_t len = 0; len < data.len; len++) {
            /* the head at the end of the room: what is missing lies behind the page border */
            char *at = g.ptr + g.len - len;
            if (len > 0) {
                memcpy(at, data.ptr, len);
            }
            enum sip_verdict verdict = sip_msg_parse(span_make(at, len), &msg);
            assert_true(verdict < SIP_VERDICT_COUNT);
            assert_true(msg.body.len == 0 || (msg.body.ptr >= at && msg.body.ptr + msg.body.len <= end));
        }
        guard_free(&g);
    }
}

static void every_single_byte_change_is_survived(void **state)
{
    static const char marks[] = "\0\r\n \"<>;,:=%@[]\\A9\xff";
    struct sip_msg msg;

    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct span data = load(rows[i].file);
        struct guard g = guard_copy(data.ptr, data.len);
        for (size_t at = 0; at < data.len && at < 1500; at++) {
            for (size_t k = at % 3; k < sizeof(marks) - 1; k += 3) {
                g.ptr[at] = marks[k];
                assert_true(sip_msg_parse(span_make(g.ptr, g.len), &msg) < SIP_VERDICT_COUNT);
            }
            g.ptr[at] = data.ptr[at];
        }
        guard_free(&g);
    }
}

/* ---- RFC 4475 3.1.1 in detail ---- */

static void wsinv_reads_through_the_white_space(void **state)
{
    struct sip_msg msg;
    struct sip_values it;
    struct sip_via via;
    struct span value;

    (void)state;
    load_ok("wsinv", &msg);
    assert_int_equal(msg.method, SIP_METHOD_INVITE);
    assert_span(msg.uri.text, "sip:vivekg@chair-dnrc.example.com;unknownparam");
    assert_true(sip_uri_param(&msg.uri, SPAN_LIT("unknownparam"), NULL));
    assert_span(msg.to.uri.text, "sip:vivekg@chair-dnrc.example.com");
    assert_span(msg.to.tag, "1918181833n");
    assert_span(msg.from.display, "J Rosenberg \\\\\\\"");
    assert_span(msg.from.tag, "98asjd8");
    assert_int_equal(msg.max_forwards, 68);
    assert_int_equal(msg.cseq, 9);
    assert_span(msg.call_id, "wsinv.ndaksdj@192.0.2.1");
    assert_int_equal(sip_values_count(&msg, SIP_HEADER_VIA), 3);
    it = sip_values_of(&msg, SIP_HEADER_VIA);
    assert_true(sip_values_next(&it, &value) && sip_via_parse(value, &via) == ST_OK);
    assert_span(via.transport, "UDP");
    assert_span(via.host, "192.0.2.2");
    assert_span(via.branch, "390skdjuw");
    assert_true(sip_values_next(&it, &value) && sip_via_parse(value, &via) == ST_OK);
    assert_span(via.transport, "TCP");
    assert_span(via.host, "spindle.example.com");
    assert_span(via.branch, "z9hG4bK9ikj8");
    assert_true(sip_values_next(&it, &value) && sip_via_parse(value, &via) == ST_OK);
    assert_span(via.host, "192.168.255.111");
    assert_span(via.branch, "z9hG4bK30239");
    assert_false(sip_values_next(&it, &value));
    assert_true(msg.has_contact);
    assert_span(msg.contact.display, "Quoted string \\\"\\\"");
    assert_span(msg.contact.uri.host, "example.com");
    assert_true(sip_param_find(msg.contact.params, SPAN_LIT("newparam"), &value));
    assert_span(value, "newvalue");
    assert_true(sip_param_find(msg.contact.params, SPAN_LIT("q"), &value));
    assert_span(value, "0.33");
    assert_true(sip_type_is(msg.content_type, SPAN_LIT("application"), SPAN_LIT("sdp")));
    assert_int_equal(msg.body.len, 150);
}

static void intmeth_keeps_odd_names_and_bytes(void **state)
{
    struct sip_msg msg;

    (void)state;
    load_ok("intmeth", &msg);
    assert_int_equal(msg.method, SIP_METHOD_UNKNOWN);
    assert_span(msg.method_text, "!interesting-Method0123456789_*+`.%indeed'~");
    assert_span(msg.uri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
    assert_span(msg.uri.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
    assert_span(msg.uri.host, "example.com");
    assert_true(span_eq(msg.to.display, SPAN_LIT("BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f")));
    assert_span(msg.to.uri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
    assert_true(msg.from.tag.len > 0);
}

/* RFC 3261 8.2.6.2: From and To go back as they came, a quoted NUL too. */
static void intmeth_goes_back_with_its_nul(void **state)
{
    static char buf[SIP_DATAGRAM_MAX];
    struct sip_msg msg;
    struct sip_msg response;
    struct outbuf out;

    (void)state;
    load_ok("intmeth", &msg);
    struct sip_response_form form = {
        .request = &msg, .source = addr_ipv4(192, 0, 2, 9, 5061), .code = 501, .to_tag = SPAN_LIT("t1")};
    outbuf_init(&out, buf, sizeof(buf));
    sip_write_response(&out, &form);
    assert_int_equal(sip_msg_parse(outbuf_view(&out), &response), OK);
    assert_true(span_eq(response.to.display, msg.to.display));
    assert_true(span_eq(response.from.text, msg.from.text));
}

static void escapes_are_undone_once(void **state)
{
    struct sip_msg msg;

    (void)state;
    load_ok("esc01", &msg);
    assert_unescaped(msg.uri.user, SPAN_LIT("sips:user@example.com"));
    assert_span(msg.uri.host, "example.net");
    struct span value;
    assert_true(sip_uri_param(&msg.contact.uri, SPAN_LIT("lr"), NULL));
    assert_true(sip_uri_param(&msg.contact.uri, SPAN_LIT("name"), &value));
    assert_unescaped(value, SPAN_LIT("value%41"));
    load_ok("escnull", &msg);
    struct sip_values it = sip_values_of(&msg, SIP_HEADER_CONTACT);
    struct sip_name_addr one;
    struct sip_name_addr two;
    assert_true(sip_values_next(&it, &value) && sip_name_addr_parse(value, &one) == ST_OK);
    assert_true(sip_values_next(&it, &value) && sip_name_addr_parse(value, &two) == ST_OK);
    assert_unescaped(one.uri.user, SPAN_LIT("\0"));
    assert_unescaped(two.uri.user, SPAN_LIT("\0\0"));
    assert_false(sip_uri_equal(&one.uri, &two.uri));
    load_ok("esc02", &msg);
    assert_int_equal(msg.method, SIP_METHOD_UNKNOWN);
    assert_span(msg.method_text, "RE%47IST%45R");
    assert_int_equal(sip_values_count(&msg, SIP_HEADER_CONTACT), 2); /* C%6Fntact is none */
    load_ok("semiuri", &msg);
    assert_unescaped(msg.uri.user, SPAN_LIT("user;par=u@example.net"));
    assert_span(msg.uri.host, "example.com");
}

static void lengths_and_bodies(void **state)
{
    struct sip_msg msg;

    (void)state;
    load_ok("longreq", &msg);
    assert_int_equal(sip_values_count(&msg, SIP_HEADER_VIA), 34);
    assert_true(msg.from.tag.len > 100 && msg.call_id.len > 100);
    load_ok("dblreq", &msg);
    assert_int_equal(msg.method, SIP_METHOD_REGISTER);
    assert_int_equal(msg.body.len, 0);
    assert_true(msg.raw.len < load("dblreq").len);
    load_ok("mpart01", &msg);
    assert_int_equal(msg.body.len, 553);
    assert_true(span_find(msg.body, '\0') < msg.body.len);
    load_ok("inv2543", &msg);
    assert_int_equal(msg.body.len, 105);
    assert_int_equal(msg.via.branch.len, 0);
    assert_int_equal(msg.max_forwards, -1);
    load_ok("rfc5118-wire/mult-ip-in-sdp", &msg);
    assert_int_equal(msg.body.len, 181);
}

static void transports_and_reasons(void **state)
{
    static const char *const transports[] = {"UDP", "SCTP", "TLS", "UNKNOWN", "TCP"};
    struct sip_msg msg;
    struct sip_via via;
    struct span value;

    (void)state;
    load_ok("transports", &msg);
    struct sip_values it = sip_values_of(&msg, SIP_HEADER_VIA);
    for (size_t i = 0; i < 5; i++) {
        assert_true(sip_values_next(&it, &value) && sip_via_parse(value, &via) == ST_OK);
        assert_span(via.transport, transports[i]);
    }
    load_ok("unreason", &msg);
    assert_int_equal(msg.status, 200);
    assert_true(msg.reason.len > 54 && utf8_valid(msg.reason));
    assert_int_equal(msg.method, SIP_METHOD_INVITE);
    load_ok("noreason", &msg);
    assert_int_equal(msg.status, 100);
    assert_int_equal(msg.reason.len, 0);
    load_ok("bcast", &msg);
    assert_int_equal(sip_values_count(&msg, SIP_HEADER_VIA), 2);
}

/* ---- RFC 4475 3.3: what the user agent decides on ---- */

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

static void what_the_layers_above_decide_on(void **state)
{
    struct sip_msg msg;

    (void)state;
    load_ok("unkscm", &msg);
    assert_int_equal(msg.uri.scheme, SIP_SCHEME_OTHER);
    load_ok("novelsc", &msg);
    assert_int_equal(msg.uri.scheme, SIP_SCHEME_OTHER);
    assert_span(msg.uri.scheme_name, "soap.beep");
    load_ok("bext01", &msg);
    assert_true(lists(&msg, SIP_HEADER_REQUIRE, SPAN_LIT("nothingSupportsThis")));
    assert_true(lists(&msg, SIP_HEADER_REQUIRE, SPAN_LIT("nothingSupportsThisEither")));
    assert_false(lists(&msg, SIP_HEADER_REQUIRE, SPAN_LIT("noProxiesSupportThis")));
    load_ok("invut", &msg);
    assert_false(sip_type_is(msg.content_type, SPAN_LIT("application"), SPAN_LIT("sdp")));
    load_ok("zeromf", &msg);
    assert_int_equal(msg.max_forwards, 0);
    load_ok("cparam01", &msg);
    assert_true(sip_param_find(msg.contact.params, SPAN_LIT("unknownparam"), NULL));
    assert_false(sip_uri_param(&msg.contact.uri, SPAN_LIT("unknownparam"), NULL));
    load_ok("cparam02", &msg);
    assert_false(sip_param_find(msg.contact.params, SPAN_LIT("unknownparam"), NULL));
    assert_true(sip_uri_param(&msg.contact.uri, SPAN_LIT("unknownparam"), NULL));
    load_ok("regescrt", &msg);
    assert_span(msg.contact.uri.headers, "Route=%3Csip:sip.example.com%3E");
    load_ok("escruri", &msg);
    assert_span(msg.uri.headers, "Route=%3Csip:example.com%3E");
    assert_null(sip_msg_header(&msg, SIP_HEADER_ROUTE));
    load_ok("badbranch", &msg);
    assert_span(msg.via.branch, "z9hG4bK");
    load_ok("sdp01", &msg);
    assert_span(sip_msg_value(&msg, SIP_HEADER_ACCEPT), "text/nobodyKnowsThis");
    load_ok("regaut01", &msg);
    assert_true(msg.has_authorization);
}

/* ---- RFC 5118 ---- */

static void ipv6_hosts_and_ports(void **state)
{
    struct sip_msg msg;
    struct net_addr addr;

    (void)state;
    load_ok("rfc5118-wire/ipv6-good", &msg);
    assert_true(msg.uri.host_is_ipv6);
    assert_span(msg.uri.host, "2001:db8::10");
    assert_int_equal(sip_uri_addr(&msg.uri, 5060, &addr), ST_OK);
    load_ok("rfc5118-wire/port-ambiguous", &msg);
    assert_span(msg.uri.host, "2001:db8::10:5070");
    assert_int_equal(msg.uri.port, 0);
    load_ok("rfc5118-wire/port-unambiguous", &msg);
    assert_span(msg.uri.host, "2001:db8::10");
    assert_int_equal(msg.uri.port, 5070);
    load_ok("rfc5118-wire/via-received-param-with-delim", &msg);
    assert_span(msg.via.received, "2001:db8::9:255");
    load_ok("rfc5118-wire/via-received-param-no-delim", &msg);
    assert_span(msg.via.received, "2001:db8::9:255");
    load_ok("rfc5118-wire/ipv6-bug-abnf-3-colons", &msg);
    assert_span(msg.uri.host, "2001:db8:::192.0.2.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_has_its_verdict),
        cmocka_unit_test(every_answer_is_a_response),
        cmocka_unit_test(every_truncation_is_survived),
        cmocka_unit_test(every_single_byte_change_is_survived),
        cmocka_unit_test(wsinv_reads_through_the_white_space),
        cmocka_unit_test(intmeth_keeps_odd_names_and_bytes),
        cmocka_unit_test(intmeth_goes_back_with_its_nul),
        cmocka_unit_test(escapes_are_undone_once),
        cmocka_unit_test(lengths_and_bodies),
        cmocka_unit_test(transports_and_reasons),
        cmocka_unit_test(what_the_layers_above_decide_on),
        cmocka_unit_test(ipv6_hosts_and_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
