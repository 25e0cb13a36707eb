/* SPDX-License-Identifier: MIT */
/* The rows of methods, and Allow that is written from them (RFC 3261 8.2.1, 20.5).
 *
 * every_method_has_its_place   where each method of the parser may come, typed by hand; a row is either first or in dialogs
 * allow_names_the_rows         what we send as Allow, and that each of its methods has a row */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "methods.h"

enum { FIRST = 1, OUTSIDE = 2, INSIDE = 4, OFFERS = 8 };

static void every_method_has_its_place(void **state)
{
    static const struct {
        const char *name;
        unsigned places;
        int refusal;
    } expected[SIP_METHOD_COUNT] = {
        [SIP_METHOD_UNKNOWN] = {"UNKNOWN", 0, 501},
        [SIP_METHOD_INVITE] = {"INVITE", OUTSIDE | INSIDE | OFFERS, 405},
        [SIP_METHOD_ACK] = {"ACK", FIRST, 405},
        [SIP_METHOD_BYE] = {"BYE", OUTSIDE | INSIDE, 405},
        [SIP_METHOD_CANCEL] = {"CANCEL", FIRST, 405},
        [SIP_METHOD_OPTIONS] = {"OPTIONS", OUTSIDE | INSIDE, 405},
        [SIP_METHOD_REGISTER] = {"REGISTER", 0, 405},
        [SIP_METHOD_PRACK] = {"PRACK", 0, 405},
        [SIP_METHOD_UPDATE] = {"UPDATE", INSIDE | OFFERS, 405},
        [SIP_METHOD_INFO] = {"INFO", 0, 405},
        [SIP_METHOD_REFER] = {"REFER", 0, 405},
        [SIP_METHOD_NOTIFY] = {"NOTIFY", 0, 405},
        [SIP_METHOD_SUBSCRIBE] = {"SUBSCRIBE", 0, 405},
        [SIP_METHOD_MESSAGE] = {"MESSAGE", 0, 405},
        [SIP_METHOD_PUBLISH] = {"PUBLISH", 0, 405},
    };
    (void)state;
    for (int m = 0; m < SIP_METHOD_COUNT; m++) {
        const struct sip_method_row *row = sip_method_row((enum sip_method)m);
        unsigned places = 0;
        assert_string_equal(sip_method_name((enum sip_method)m), expected[m].name);
        assert_int_equal(sip_method_refusal((enum sip_method)m), expected[m].refusal);
        if (row != NULL) {
            assert_int_equal(row->method, m);
            assert_true((row->first != NULL) != (row->inside != NULL));
            places = (row->first != NULL ? FIRST : 0u) | (row->outside != NULL ? OUTSIDE : 0u) |
                     (row->inside != NULL ? INSIDE : 0u) | (row->may_offer ? OFFERS : 0u);
        }
        assert_int_equal(places, expected[m].places);
    }
}

static void allow_names_the_rows(void **state)
{
    char text[SIP_METHODS_ALLOW_MAX];
    struct outbuf out;
    struct span name;
    (void)state;
    outbuf_init(&out, text, sizeof(text) - 1);
    sip_methods_put_allow(&out);
    assert_int_equal(outbuf_status(&out), ST_OK);
    struct span rest = outbuf_view(&out);
    assert_true(span_eq(rest, SPAN_LIT("INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE")));
    while (sip_list_next(&rest, &name)) {
        assert_non_null(sip_method_row(sip_method_find(name)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_has_its_place),
        cmocka_unit_test(allow_names_the_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
