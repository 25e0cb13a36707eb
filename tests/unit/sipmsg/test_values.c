/* SPDX-License-Identifier: MIT */
/* values.c and params.c byte by byte: Via, name-addr, lists and parameters at every truncation and with every byte changed, flush
 * against an inaccessible page; an address that parses reads back when it is written. (Tables: test_message.c, test_uri.c.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/sipmsg/message.h"
#include "wsaudio/sipmsg/writer.h"

static bool inside(struct span whole, struct span part)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

typedef void (*check_fn)(struct span text);

static void cut_and_change(const char *text, check_fn check)
{
    for (size_t len = 0; len <= strlen(text); len++) {
        struct guard g = guard_copy(text, len);
        check(span_make(g.ptr, len));
        guard_free(&g);
    }
    struct guard g = guard_copy(text, strlen(text));
    for (size_t at = 0; at < g.len; at++) {
        for (int c = 0; c < 256; c++) {
            g.ptr[at] = (char)c;
            check(span_make(g.ptr, g.len));
        }
        g.ptr[at] = text[at];
    }
    guard_free(&g);
}

static void check_via(struct span text)
{
    struct sip_via via;
    int status = sip_via_parse(text, &via);

    assert_true(status == ST_OK || status == ST_BAD);
    assert_true(inside(text, via.host) && inside(text, via.branch) && inside(text, via.received));
    assert_true(inside(text, via.maddr) && inside(text, via.params) && inside(text, via.transport));
    assert_true(status != ST_OK || (via.host.len > 0 && via.transport.len > 0));
    assert_true(via.ttl >= -1 && via.ttl <= 255);
}

static void check_address(struct span text)
{
    struct sip_name_addr a;
    struct sip_name_addr again;
    char bytes[256];
    struct outbuf out;
    int status = sip_name_addr_parse(text, &a);

    assert_true(status == ST_OK || status == ST_BAD);
    if (status != ST_OK || a.star) {
        return;
    }
    assert_true(inside(text, a.display) && inside(text, a.uri.text) && inside(text, a.params) && inside(text, a.tag));
    outbuf_init(&out, bytes, sizeof(bytes));
    sip_put_name_addr(&out, a.display, a.uri.text, a.tag);
    assert_int_equal(outbuf_status(&out), ST_OK);
    assert_int_equal(sip_name_addr_parse(outbuf_view(&out), &again), ST_OK);
    assert_true(span_eq(again.uri.text, a.uri.text) && span_eq(again.tag, a.tag));
}

static void check_list(struct span text)
{
    struct span rest = text;
    struct span value;
    size_t count = 0;

    while (sip_list_next(&rest, &value)) {
        assert_true(value.len > 0 && inside(text, value));
        assert_true(++count <= text.len);
    }
}

static void check_params(struct span text)
{
    struct span rest = text;
    struct sip_param param;
    size_t count = 0;
    int status = ST_OK;

    while ((status = sip_param_next(&rest, &param)) != ST_NOT_FOUND) {
        assert_true(status == ST_OK || status == ST_BAD);
        assert_true(inside(text, param.name) && inside(text, param.value));
        assert_true(status != ST_OK || sip_param_find(text, param.name, NULL));
        assert_true(++count <= text.len);
    }
    assert_int_equal(rest.len, 0);
}

static void vias(void **state)
{
    (void)state;
    cut_and_change("SIP/2.0/UDP [2001:db8::1]:5070;received=[::9];rport=4;maddr=[ff02::1];ttl=5;branch=z9", check_via);
    cut_and_change("SIP / 2.0 / UDP  h : 1 ;rport ; branch = z9hG4bK", check_via);
}

static void addresses(void **state)
{
    (void)state;
    cut_and_change("Two Words <sip:a%20@h;x>;y=\"<\";tag=t", check_address);
    cut_and_change("\"\\\"<,;\" <tel:+1>", check_address);
    cut_and_change("sip:a@[::1]:5;tag=t;x=\"<\"", check_address);
    cut_and_change("*", check_address);
}

static void lists(void **state)
{
    (void)state;
    cut_and_change("<sip:a,b>, \"x,\\\"y\" <sip:c> ,,d", check_list);
}

static void parameters(void **state)
{
    (void)state;
    cut_and_change(" ; a = b ;c;\r\n d=\"x;\\\"y\" ;e=[::1]:5", check_params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vias),
        cmocka_unit_test(addresses),
        cmocka_unit_test(lists),
        cmocka_unit_test(parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
