/* SPDX-License-Identifier: MIT */
/* The door by itself: making, limits, secrets in the log, what is logged of a bad end, the local address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "inv.h"
#include "rng_seeded.h"
#include "stack.h"

static uint64_t seed = 5;
static struct rng rng = {rng_seeded_fill, &seed};
static char sent[8192], logged[262144];
static int send_status, ended_code;
static size_t logged_len, warnings;

static void sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    (void)ctx;
    warnings += level == LOG_WARNING ? 1 : 0;
    assert_true(logged_len + len + 2 < sizeof(logged));
    memcpy(logged + logged_len, text, len);
    logged_len += len;
    logged[logged_len++] = '\n';
    logged[logged_len] = '\0';
}

static struct log debug_log = {.level = LOG_DEBUG, .sink = sink};

static int send(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    (void)ctx;
    (void)to;
    assert_true(len < sizeof(sent));
    memcpy(sent, data, len);
    sent[len] = '\0';
    return send_status;
}

static void event(void *ctx, const struct sip_event *e)
{
    (void)ctx;
    ended_code = e->kind == SIP_EVENT_ENDED ? e->code : ended_code;
}

static struct sip_config config(void)
{
    return (struct sip_config){
        .local = addr_ipv4(10, 0, 0, 1, 5062),
        .next_hop = addr_ipv4(10, 0, 0, 2, 5060),
        .domain = SPAN_LIT("d.test"),
        .user = SPAN_LIT("voip"),
        .password = SPAN_LIT("hushhush"),
        .has_password = true,
        .max_usages = 4,
        .log = &debug_log,
        .rng = &rng,
    };
}

static struct sip_stack *make(const struct sip_config *c)
{
    struct sip_hooks hooks = {.send = send, .event = event};
    sent[0] = '\0';
    logged[0] = '\0';
    logged_len = 0;
    warnings = 0;
    ended_code = 0;
    send_status = ST_OK;
    return sip_stack_new(c, &hooks); /* NULL: some of them are about that */
}

static struct sip_stack *must_make(const struct sip_config *c)
{
    struct sip_stack *stack = make(c);
    assert_non_null(stack);
    return stack;
}

static void limits(void **state)
{
    (void)state;
    struct sip_config c = config();
    c.max_usages = 0;
    assert_null(make(&c));
    c.max_usages = SIP_STACK_USAGES_MAX + 1;
    assert_null(make(&c));
    sip_stack_free(NULL);
    c.max_usages = 1;
    struct sip_stack *stack = must_make(&c);
    assert_non_null(stack);
    assert_int_equal(sip_stack_due(stack), MONO_NEVER);
    assert_int_equal(sip_stack_busy(stack), 0);
    sip_stack_expire(stack, 1);
    sip_stack_reap(stack);
    sip_stack_free(stack);
}

static struct pool_id invite(struct sip_stack *stack)
{
    struct pool_id id;
    assert_int_equal(
        sip_inv_invite(stack, DUR_S(1), SPAN_LIT("sip:1@d.test"), SPAN_LIT("v=0\r\n"), 0, POOL_ID_NONE, &id), ST_OK);
    return id;
}

static void put_header(char *out, size_t cap, const char *name)
{
    char start[32];
    (void)snprintf(start, sizeof(start), "\r\n%s: ", name);
    const char *at = strstr(sent, start);
    assert_non_null(at);
    size_t len = strlen(out);
    (void)snprintf(out + len, cap - len, "%.*s\r\n", (int)strcspn(at + 2, "\r"), at + 2);
}

static void reply(struct sip_stack *stack, const char *status, const char *extra)
{
    char text[4096];
    (void)snprintf(text, sizeof(text), "SIP/2.0 %s\r\n", status);
    put_header(text, sizeof(text), "Via");
    put_header(text, sizeof(text), "From");
    put_header(text, sizeof(text), "To");
    put_header(text, sizeof(text), "Call-ID");
    put_header(text, sizeof(text), "CSeq");
    size_t len = strlen(text);
    (void)snprintf(text + len, sizeof(text) - len, "%sContent-Length: 0\r\n\r\n", extra);
    struct net_addr us = addr_ipv4(10, 0, 0, 1, 5062);
    struct net_addr server = addr_ipv4(10, 0, 0, 2, 5060);
    struct sip_flow from = sip_flow_udp(&us, &server);
    sip_stack_input(stack, DUR_S(1), &from, text, strlen(text));
}

#define CHALLENGE "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\r\n"

static void secrets_are_masked(void **state)
{
    (void)state;
    struct sip_config c = config();
    struct sip_stack *stack = must_make(&c);
    invite(stack);
    reply(stack, "401 No", CHALLENGE);
    const char *response = strstr(sent, "response=\"");
    assert_non_null(response);
    char digest[33];
    (void)snprintf(digest, sizeof(digest), "%s", response + 10);
    assert_non_null(strstr(logged, "SIP out 10.0.0.2:5060"));
    assert_non_null(strstr(logged, "SIP in 10.0.0.2:5060"));
    assert_non_null(strstr(logged, "Authorization"));
    assert_null(strstr(logged, digest));
    assert_null(strstr(logged, "hushhush"));
    reply(stack, "401 No", CHALLENGE);
    assert_int_equal(ended_code, 401);
    assert_non_null(strstr(logged, "--sip-user"));
    assert_non_null(strstr(logged, "--sip-password-file"));
    assert_int_equal(warnings, 1);
    sip_stack_free(stack);
}

static void bad_end_is_logged(void **state)
{
    (void)state;
    struct sip_config c = config();
    struct sip_stack *stack = must_make(&c);
    debug_log.level = LOG_WARNING;
    invite(stack);
    reply(stack, "486 Busy", "");
    assert_int_equal(ended_code, 486);
    assert_int_equal(warnings, 0);
    invite(stack);
    for (mono_us due; (due = sip_stack_due(stack)) <= DUR_S(40);) {
        sip_stack_expire(stack, due);
        sip_stack_reap(stack);
    }
    assert_int_equal(ended_code, 408);
    assert_true(warnings >= 3);
    assert_non_null(strstr(logged, "usage Init > Calling on invite"));
    assert_non_null(strstr(logged, "+32000 ms usage Calling > Lingering on time-out"));
    sip_stack_free(stack);
    debug_log.level = LOG_DEBUG;
}

static void lines_are_bounded(void **state)
{
    (void)state;
    struct sip_inv_trace trace = {0};
    struct sip_tx_change change = {SIP_TX_INVITE_SERVER, SIP_TX_ST_PROCEEDING, SIP_TX_ST_TERMINATED, SIP_TX_EV_COUNT};
    char line[SIP_INV_TRACE_LINE_MAX];
    for (int i = 0; i < SIP_INV_TRACE_LINES - 2; i++) {
        sip_inv_trace_usage(&trace, DUR_MS(i), SIP_INV_ST_REANSWERED, SIP_INV_ST_TERMINATED, SIP_INV_EV_DRAINED);
    }
    sip_inv_trace_tx(&trace, DUR_MS(70), &change);
    change.event = SIP_TX_EV_TRANSPORT;
    sip_inv_trace_tx(&trace, INT64_MAX, &change);
    assert_int_equal(sip_inv_trace_first(&trace), 0);
    assert_string_equal(sip_inv_trace_text(&trace, 0, line), "+0 ms usage Reanswered > Terminated on drained");
    assert_string_equal(sip_inv_trace_text(&trace, 62, line), "+70 ms INVITE server Proceeding > Terminated on kill");
    assert_string_equal(sip_inv_trace_text(&trace, 63, line),
                        "+4294967295 ms INVITE server Proceeding > Terminated on transport error");
    sip_inv_trace_usage(&trace, DUR_S(1), SIP_INV_ST_INIT, SIP_INV_ST_CALLING, SIP_INV_EV_INVITE);
    assert_int_equal(sip_inv_trace_first(&trace), 1); /* the newest is in the place of the oldest */
    assert_string_equal(sip_inv_trace_text(&trace, 64, line), "+1000 ms usage Init > Calling on invite");
}

static void local_address(void **state)
{
    (void)state;
    struct sip_config c = config();
    struct sip_stack *stack = must_make(&c);
    struct net_addr local;
    assert_int_equal(addr_parse_ip(SPAN_LIT("2001:db8::1"), &local), ST_OK);
    local.port = 5070;
    sip_stack_set_local(stack, 0, &local);
    invite(stack);
    assert_non_null(strstr(sent, "Via: SIP/2.0/UDP [2001:db8::1]:5070;branch="));
    assert_non_null(strstr(sent, "Contact: <sip:voip@[2001:db8::1]:5070>"));
    sip_stack_free(stack);
}

static void nobody_is_anonymous(void **state)
{
    (void)state;
    struct sip_config c = config();
    c.user = SPAN_NONE;
    c.has_password = false;
    c.any_credentials = true;
    struct sip_stack *stack = must_make(&c);
    invite(stack);
    assert_non_null(strstr(sent, "From: <sip:anonymous@d.test>;tag="));
    assert_non_null(strstr(sent, "Contact: <sip:10.0.0.1:5062>"));
    reply(stack, "401 No", CHALLENGE);
    assert_non_null(strstr(sent, "username=\"anonymous\""));
    sip_stack_free(stack);
}

static void statistics(void **state)
{
    (void)state;
    struct sip_config c = config();
    struct sip_stack *stack = must_make(&c);
    invite(stack);
    struct sip_stats stats = sip_stack_stats(stack);
    assert_int_equal(stats.usages, 1);
    assert_int_equal(stats.transactions, 1);
    assert_int_equal(stats.timers, 2);
    assert_int_equal(stats.datagrams_out, 1);
    sip_stack_expire(stack, sip_stack_due(stack));
    stats = sip_stack_stats(stack);
    assert_int_equal(stats.datagrams_out, 2);
    assert_int_equal(stats.retransmits_out, 1);
    sip_stack_free(stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits),
        cmocka_unit_test(secrets_are_masked),
        cmocka_unit_test(bad_end_is_logged),
        cmocka_unit_test(local_address),
        cmocka_unit_test(nobody_is_anonymous),
        cmocka_unit_test(statistics),
        cmocka_unit_test(lines_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
