/* SPDX-License-Identifier: MIT */
/* A request outside of dialogs by itself: what it is made of, when it cannot be sent, which end is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "stack.h"

static uint64_t seed = 5;
static struct rng rng = {rng_seeded_fill, &seed};
static char sent[8192];
static size_t sent_count;
static struct net_addr sent_to;
static enum sip_ask_end end;
static int end_code;
static size_t end_count;

static int send(void *ctx, const struct net_addr *to, const void *data, size_t len)
{
    (void)ctx;
    assert_true(len < sizeof(sent));
    memcpy(sent, data, len);
    sent[len] = '\0';
    sent_to = *to;
    sent_count++;
    return ST_OK;
}

static void done(struct sip_ask *ask, enum sip_ask_end how, const struct sip_msg *message)
{
    assert_false(sip_ask_is_busy(ask));
    end = how;
    end_code = message != NULL ? message->status : 0;
    end_count++;
}

static struct sip_config config(void)
{
    return (struct sip_config){
        .local = addr_ipv4(10, 0, 0, 1, 5062),
        .next_hop = addr_ipv4(10, 0, 0, 2, 5060),
        .domain = SPAN_LIT("d.test"),
        .user = SPAN_LIT("a b"),
        .max_usages = 1,
        .rng = &rng,
    };
}

static struct sip_stack *make(const struct sip_config *c)
{
    struct sip_hooks hooks = {.send = send};
    struct sip_stack *stack = sip_stack_new(c, &hooks);
    assert_non_null(stack);
    sent_count = end_count = 0;
    return stack;
}

static void answer(struct sip_stack *stack, const char *start, const char *extra)
{
    static char text[8192];
    const char *via = strstr(sent, "Via:");
    const char *from = strstr(sent, "From:");
    const char *cseq = strstr(sent, "CSeq:");
    assert_non_null(via);
    assert_non_null(from);
    assert_non_null(cseq);
    int len = snprintf(text, sizeof(text), "SIP/2.0 %s\r\n%.*s\r\n%.*s\r\n%s\r\n", start, (int)strcspn(via, "\r"), via,
                       (int)(strstr(cseq, "\r") - from), from, extra);
    sip_stack_input(stack, stack->now, &sent_to, text, (size_t)len);
}

static void assert_sent(const char *part)
{
    if (strstr(sent, part) == NULL) {
        fail_msg("'%s' is not in:\n%s", part, sent);
    }
}

static void what_it_says(void **state)
{
    (void)state;
    struct sip_config c = config();
    struct sip_stack *stack = make(&c);
    struct sip_ask ask;
    struct sip_ask_form form = {.contact = SPAN_LIT("<sip:x@y>"),
                                .supported = SPAN_LIT("path"),
                                .accept = SPAN_LIT("application/sdp"),
                                .extra = SPAN_LIT("Expires: 7\r\n")};
    assert_int_equal(sip_ask_open(&ask, stack, SIP_METHOD_REGISTER, true, done), ST_OK);
    assert_int_equal(sip_ask_send(&ask, &form), ST_OK);
    assert_sent("REGISTER sip:d.test SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK");
    assert_sent("\r\nFrom: <sip:a%20b@d.test>;tag=");
    assert_sent("\r\nTo: <sip:a%20b@d.test>\r\n");
    assert_sent("\r\nCSeq: 1 REGISTER\r\nContact: <sip:x@y>\r\n");
    assert_sent("\r\nSupported: path\r\n");
    assert_sent("\r\nAccept: application/sdp\r\n");
    assert_sent("\r\nExpires: 7\r\n");
    assert_int_equal(sip_ask_send(&ask, &form), ST_STATE); /* one at a time */
    assert_int_equal(sent_count, 1);
    answer(stack, "100 Trying", "");
    assert_int_equal(end_count, 0);
    answer(stack, "200 OK", "");
    assert_int_equal(end_count, 1);
    assert_int_equal(end, SIP_ASK_ANSWERED);
    assert_int_equal(end_code, 200);
    answer(stack, "200 OK", ""); /* again */
    assert_int_equal(end_count, 1);
    sip_ask_close(&ask);
    assert_int_equal(sip_ask_open(&ask, stack, SIP_METHOD_OPTIONS, false, done), ST_OK);
    assert_int_equal(sip_ask_send(&ask, &(struct sip_ask_form){0}), ST_OK);
    assert_sent("OPTIONS sip:d.test SIP/2.0\r\n");
    assert_sent("\r\nTo: <sip:d.test>\r\n");
    assert_null(strstr(sent, "Contact:"));
    sip_stack_free(stack); /* takes the transaction along */
    sip_ask_close(&ask);
    sip_ask_close(&ask);
}

static void ends(void **state)
{
    (void)state;
    struct sip_config c = config();
    struct sip_stack *stack = make(&c);
    struct sip_ask ask;
    const char *challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
    assert_int_equal(sip_ask_open(&ask, stack, SIP_METHOD_REGISTER, true, done), ST_OK);
    assert_int_equal(sip_ask_send(&ask, &(struct sip_ask_form){0}), ST_OK);
    answer(stack, "401 Unauthorized", challenge);
    assert_int_equal(end, SIP_ASK_REFUSED); /* no password */
    assert_int_equal(sip_ask_send(&ask, &(struct sip_ask_form){0}), ST_OK);
    answer(stack, "302 Moved", "Contact: <sip:other.test>\r\n");
    assert_int_equal(end, SIP_ASK_AGAIN);
    assert_int_equal(sip_ask_send(&ask, &(struct sip_ask_form){0}), ST_OK);
    assert_sent("REGISTER sip:other.test SIP/2.0");
    answer(stack, "302 Moved", "Contact: <sip:other.test>\r\n");
    assert_int_equal(end, SIP_ASK_ANSWERED);
    assert_int_equal(sip_ask_restart(&ask), ST_OK);
    assert_int_equal(sip_ask_send(&ask, &(struct sip_ask_form){0}), ST_OK);
    assert_sent("REGISTER sip:d.test SIP/2.0");
    for (int i = 0; i < 40; i++) {
        sip_stack_expire(stack, stack->now + DUR_S(1));
    }
    assert_int_equal(end, SIP_ASK_SILENT);
    assert_int_equal(end_code, 0);
    assert_int_equal(end_count, 4);
    sip_ask_close(&ask);
    sip_stack_free(stack);
}

static void servers(void **state)
{
    (void)state;
    struct sip_config c = config();
    c.next_hop.family = 0;
    struct sip_stack *stack = make(&c);
    const struct net_addr two[] = {addr_ipv4(10, 0, 0, 8, 5060), addr_ipv4(10, 0, 0, 9, 5060)};
    struct sip_ask ask;
    assert_int_equal(sip_ask_open(&ask, stack, SIP_METHOD_OPTIONS, false, done), ST_OK);
    assert_int_equal(sip_ask_send(&ask, &(struct sip_ask_form){0}), ST_STATE); /* nobody to ask */
    assert_int_equal(sip_ask_server(&ask).family, 0);
    sip_stack_set_servers(stack, two, 2);
    assert_int_equal(sip_ask_send(&ask, &(struct sip_ask_form){0}), ST_OK);
    assert_true(addr_equal(&sent_to, &two[0]));
    assert_int_equal(sip_ask_due(&ask), stack->now + SIP_ASK_PATIENCE);
    sip_ask_unreachable(&ask, &two[1]);
    assert_int_equal(sip_ask_due(&ask), stack->now + SIP_ASK_PATIENCE);
    sip_ask_unreachable(&ask, &two[0]);
    sip_ask_expire(&ask);
    assert_int_equal(end, SIP_ASK_AGAIN);
    assert_int_equal(sip_ask_send(&ask, &(struct sip_ask_form){0}), ST_OK);
    assert_true(addr_equal(&sent_to, &two[1]));
    assert_int_equal(sip_ask_due(&ask), MONO_NEVER); /* the last one has all the time there is */
    answer(stack, "503 Down", "");
    assert_int_equal(end, SIP_ASK_ANSWERED);
    sip_ask_close(&ask);
    sip_stack_free(stack);
}

static void too_long(void **state)
{
    (void)state;
    static char domain[2000];
    struct sip_config c = config();
    struct sip_ask ask;
    memset(domain, 'd', sizeof(domain));
    c.domain = span_make(domain, sizeof(domain));
    struct sip_stack *stack = make(&c);
    assert_int_equal(sip_ask_open(&ask, stack, SIP_METHOD_REGISTER, true, done), ST_TOO_LARGE);
    assert_false(sip_ask_is_open(&ask));
    sip_stack_free(stack);
    c.registers = true;
    struct sip_hooks hooks = {.send = send};
    assert_null(sip_stack_new(&c, &hooks));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_says),
        cmocka_unit_test(ends),
        cmocka_unit_test(servers),
        cmocka_unit_test(too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
