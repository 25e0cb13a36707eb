/* SPDX-License-Identifier: MIT */
/* dump.c: what a line is made of, with what is not there left out and what comes from the network made safe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wsaudio/base.h"

static char text[1024];
static struct outbuf out;

static void line_is(const char *expected)
{
    outbuf_char(&out, '\0');
    assert_int_equal(outbuf_status(&out), ST_OK);
    assert_string_equal(text, expected);
    outbuf_init(&out, text, sizeof(text));
}

static int begin(void **state)
{
    (void)state;
    outbuf_init(&out, text, sizeof(text));
    return 0;
}

static void a_whole_line(void **state)
{
    struct net_addr addr = addr_ipv4(192, 0, 2, 1, 5060);

    (void)state;
    dump_begin(&out, "call", (struct pool_id){3, 7}, "ringing");
    dump_text(&out, "to", SPAN_LIT("0912"));
    dump_addr(&out, "peer", &addr);
    dump_flag(&out, "stopping", true);
    dump_due(&out, "ring", DUR_MS(2500), DUR_S(1));
    line_is("call 3.7 ringing, to \"0912\", peer 192.0.2.1:5060, stopping, ring in 1.500 s");
}

static void what_is_not_there(void **state)
{
    const struct net_addr none = {0};
    struct timerq_entry idle = {0};

    (void)state;
    dump_text(&out, "to", SPAN_NONE);
    dump_addr(&out, "peer", &none);
    dump_flag(&out, "stopping", false);
    dump_due(&out, "ring", MONO_NEVER, DUR_S(1));
    dump_timer(&out, "ring", &idle, DUR_S(1));
    line_is("");
}

static void times(void **state)
{
    struct timerq queue;
    struct timerq_entry entry = {0};

    (void)state;
    assert_int_equal(timerq_init(&queue, 1), ST_OK);
    timerq_set(&queue, &entry, DUR_S(64) + 1);
    dump_timer(&out, "b", &entry, 0);
    dump_timer(&out, "b", &entry, DUR_S(64) + 1);
    dump_timer(&out, "b", &entry, DUR_S(999)); /* overdue */
    line_is(", b in 64.000 s, b in 0.000 s, b in 0.000 s");
    timerq_fini(&queue);
}

/* A line stays one line, and is no longer than its parts may be. */
static void text_of_strangers(void **state)
{
    char longer[TEXT_SAFE_MAX + 40];

    (void)state;
    dump_text(&out, "from", SPAN_LIT("a\r\nb\x1b[2J\xff"));
    line_is(", from \"a??b?[2J?\"");
    memset(longer, 'x', sizeof(longer));
    dump_text(&out, "from", span_make(longer, sizeof(longer)));
    outbuf_char(&out, '\0');
    assert_int_equal(strlen(text), strlen(", from \"\"") + TEXT_SAFE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_whole_line, begin),
        cmocka_unit_test_setup(what_is_not_there, begin),
        cmocka_unit_test_setup(times, begin),
        cmocka_unit_test_setup(text_of_strangers, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
