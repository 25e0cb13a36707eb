/* SPDX-License-Identifier: MIT */
/* The list of addresses that redirections bring (RFC 3261 8.1.3.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "inv.h"

static struct sip_inv_targets targets;
static struct sip_text uri;

static int setup(void **state)
{
    (void)state;
    memset(&targets, 0, sizeof(targets));
    assert_int_equal(sip_text_set(&targets.tried[0], SPAN_LIT("sip:first@x")), ST_OK);
    targets.tried_count = 1;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sip_inv_targets_clear(&targets);
    sip_text_clear(&uri);
    assert_int_equal(targets.tried_count + targets.waiting_count, 0);
    return 0;
}

static void add(const char *contacts)
{
    static char text[8192];
    struct sip_msg msg;
    (void)snprintf(text, sizeof(text),
                   "SIP/2.0 302 Moved\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:us@x>;tag=u\r\n"
                   "To: <sip:them@y>;tag=abc\r\nCall-ID: c\r\nCSeq: 5 INVITE\r\n%s\r\n",
                   contacts);
    assert_int_equal(sip_msg_parse(span_cstr(text), &msg), SIP_VERDICT_OK);
    sip_inv_targets_add(&targets, &msg);
}

static void next(const char *expected)
{
    bool found = sip_inv_targets_next(&targets, &uri);
    assert_int_equal(found, expected != NULL);
    if (expected != NULL) {
        assert_int_equal(uri.len, strlen(expected));
        assert_memory_equal(uri.ptr, expected, uri.len);
    }
}

static void order_by_q(void **state)
{
    (void)state;
    add("Contact: <sip:a@x>;q=0.5, <sip:b@x>;q=0.51, <sip:c@x>;q=1.0, <sip:d@x>;q=0, <sip:e@x>\r\n"
        "Contact: <sip:f@x>;q=nonsense;expires=3\r\n");
    assert_int_equal(targets.waiting_count, 6);
    next("sip:c@x");
    next("sip:e@x");
    next("sip:f@x");
    next("sip:b@x");
    next("sip:a@x");
    next(NULL); /* five are enough */
}

static void duplicates(void **state)
{
    (void)state;
    add("Contact: <sip:first@X>, <sip:a@x>, <sip:%61@X>\r\n");
    next("sip:a@x");
    add("Contact: <sip:a@x>, <sip:A@x>\r\n");
    next("sip:A@x"); /* the user part minds its case */
    next(NULL);
}

static void unusable(void **state)
{
    (void)state;
    add("Contact: <tel:1>, <sips:a@x>, <http://x/>\r\n");
    next(NULL);
    add("Contact: *\r\n");
    next(NULL);
    add("");
    next(NULL);
    add("Contact: <sip:a@x;p=1?Subject=evil>\r\n");
    next("sip:a@x;p=1");
    /* a '?' in the user part is no end, a quoted parameter goes along, one with a blank cannot */
    add("Contact: <sip:a?b@x;p=\"<y?>\"?Subject=evil>, <sip:c@x;p=\"1 2\">\r\n");
    next("sip:a?b@x;p=\"<y?>\"");
    next("sip:c@x");
}

static void many(void **state)
{
    (void)state;
    char line[4096] = "Contact: <sip:n0@x>";
    for (int i = 1; i < 40; i++) {
        char one[32];
        (void)snprintf(one, sizeof(one), ", <sip:n%d@x>", i);
        strcat(line, one);
    }
    strcat(line, "\r\n");
    add(line);
    assert_int_equal(targets.waiting_count, SIP_INV_TARGETS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(order_by_q, setup, teardown),
        cmocka_unit_test_setup_teardown(duplicates, setup, teardown),
        cmocka_unit_test_setup_teardown(unusable, setup, teardown),
        cmocka_unit_test_setup_teardown(many, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
