/* SPDX-License-Identifier: MIT */
/* What is told of a live process (SIGUSR2): gateway_dump, sip_stack_dump and with it sip_tx_dump.
 *
 * | scenario | what it shows |
 * | --- | --- |
 * | idle | the lines that are always there, and none else |
 * | a_call | client, call, usage and transaction are told, with states, ids that lead from one to the other, and timers |
 * | step_by_step | asked anew each turn while calls come and go it ends, and tells no object twice |
 * | bounded | every line fits a line of the log, with names of any length */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define S5 DUR_S(5)

static char state_text[65536];

/* Everything, one line below the other; returns how many lines. */
static unsigned tell(struct world *w)
{
    struct outbuf out;
    unsigned lines = 0;

    outbuf_init(&out, state_text, sizeof(state_text) - 1);
    for (uint32_t at = 0; sip_stack_dump(w->sip, w->now, &at, &out); at++, lines++) {
        outbuf_char(&out, '\n');
    }
    for (uint32_t at = 0; gateway_dump(w->gateway, &at, &out); at++, lines++) {
        outbuf_char(&out, '\n');
    }
    assert_int_equal(outbuf_status(&out), ST_OK);
    state_text[out.len] = '\0';
    return lines;
}

static void has(const char *text)
{
    if (strstr(state_text, text) == NULL) {
        fail_msg("no \"%s\" in\n%s", text, state_text);
    }
}

static void idle(void **state)
{
    struct world *w = world_new(1, NULL);

    (void)state;
    assert_int_equal(tell(w), 5);
    has("SIP: 0 usages of 48, 0 dialogs of 192, 0 transactions, 0 timers, in 0, out 0,");
    has(", we are 10.0.0.1:5062\nregistration ");
    has("; server unknown\nserver 10.0.0.9:5060\n");
    has("\ngateway: 0 clients of ");
    has("\ncalls: 0 started, 0 established, the last 0 ticks 0 us late in the median\n");
    world_end(w);
}

static void a_call(void **state)
{
    struct world *w = world_new(2, NULL);
    size_t c = world_connect(w);

    (void)state;
    world_send(w, c, "CALL:0912");
    world_wait(w, c, "CALL_STATE:ringing", S5);
    tell(w);
    has("usage 0.1 Proceeding outgoing, Call-ID \"");
    has(", to \"sip:0912@10.0.0.9\", 1 dialogs, for 0 s, ");
    has("dialog 0.1 target known, remote tag \"");
    has("\", messages from 10.0.0.9:5060, CSeq ");
    has("transaction 0.1 Proceeding INVITE client, method \"INVITE\", branch \"z9hG4bK");
    has(", peer 10.0.0.9:5060, keeps ");
    has("client 0.1 open, peer 127.0.0.1:50000, dialect \"text\", call 0.1, ");
    has("call 0.1 ringing, with \"0912\", client 0.1, usage 0.1, RTP port ");
    world_wait(w, c, "CALL_STATE:established", S5);
    world_run(w, DUR_S(3));
    tell(w);
    has("usage 0.1 Confirmed outgoing, ");
    has("transaction 0.1 Accepted INVITE client, ");
    has(", M in ");
    has("call 0.1 established, with \"0912\", ");
    has(" received, 0 files and 0 ms of live audio queued, peer 10.0.0.9:5060, up for 3 s, timer in ");
    has("gateway: 1 clients of ");
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(1));
    world_end(w);
}

/* Between two lines anything may happen. */
static void step_by_step(void **state)
{
    struct world *w = world_new(3, NULL);
    size_t c = world_connect(w);
    struct outbuf out;
    char line[LOG_LINE_MAX];
    unsigned lines = 0;
    uint32_t last = 0;

    (void)state;
    for (uint32_t at = 0;; at++, lines++) {
        outbuf_init(&out, line, sizeof(line));
        if (!sip_stack_dump(w->sip, w->now, &at, &out)) {
            break;
        }
        assert_true(lines == 0 || at > last);
        last = at;
        world_send(w, c, lines % 2 == 0 ? "CALL:1" : "HANGUP");
        world_run(w, DUR_MS(70));
    }
    assert_true(lines >= 3 && lines < 1000);
    world_end(w);
}

static void bounded(void **state)
{
    struct world *w = world_new(4, NULL);
    size_t c = world_connect(w);
    char command[700];
    char line[LOG_LINE_MAX];
    struct outbuf out;

    (void)state;
    memset(command, 'x', sizeof(command));
    memcpy(command, "CALL:sip:", 9);
    memcpy(command + 400, "@10.0.0.9", 10);
    world_send(w, c, command);
    world_run(w, DUR_MS(300));
    for (uint32_t at = 0;; at++) {
        outbuf_init(&out, line, sizeof(line) - 1);
        if (!sip_stack_dump(w->sip, w->now, &at, &out)) {
            break;
        }
        assert_int_equal(outbuf_status(&out), ST_OK);
    }
    for (uint32_t at = 0;; at++) {
        outbuf_init(&out, line, sizeof(line) - 1);
        if (!gateway_dump(w->gateway, &at, &out)) {
            break;
        }
        assert_int_equal(outbuf_status(&out), ST_OK);
    }
    world_send(w, c, "HANGUP");
    world_run(w, DUR_S(1));
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle),
        cmocka_unit_test(a_call),
        cmocka_unit_test(step_by_step),
        cmocka_unit_test(bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
