/* SPDX-License-Identifier: MIT */
/* The transaction layer as its owner sees it: client transactions, layer, owners. Servers: test_tx_server.c. */
#include "support_tx.h"

#include "tx_run.h"

#define B1 "z9hG4bKone"
#define B2 "z9hG4bKtwo"

/* ---- INVITE client ---- */

static void test_invite_nobody_answers(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;
    struct pool_id id = fix_start(f, "INVITE", B1);

    fix_run(f, start + DUR_S(32) - 1);
    EXPECT_TIMES(f, 0, start, 0, 500, 1500, 3500, 7500, 15500, 31500);
    assert_int_equal(f->heard_count, 0);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_CALLING);
    for (size_t i = 0; i < f->sent_count; i++) {
        assert_string_equal(f->sent[i].text, f->text);
        assert_true(
            addr_equal(&f->sent[i].flow.remote, &(struct net_addr){.family = 4, .port = 5070, .ip = {192, 0, 2, 9}}));
    }
    fix_run(f, start + DUR_S(200));
    EXPECT_HEARD(f, SIP_TX_TIMEOUT);
    assert_int_equal(f->heard[0].at - start, DUR_S(32));
    assert_int_equal(f->heard[0].code, 0);
    assert_false(f->heard[0].message);
    assert_int_equal(f->sent_count, 7);
    assert_int_equal(sip_tx_layer_stats(f->layer).retransmits_out, 6);
    assert_int_equal(sip_tx_layer_stats(f->layer).sent, 7);
}

static void test_invite_1xx_stops_the_clock(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_start(f, "INVITE", B1);

    fix_run(f, f->now + DUR_MS(700));
    assert_int_equal(f->sent_count, 2);
    assert_int_equal(fix_answer(f, 100, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_answer(f, 180, "INVITE", B1), SIP_TX_TAKEN);
    assert_true(sip_tx_due(f->layer) == MONO_NEVER);
    fix_run(f, f->now + DUR_S(3600));
    assert_int_equal(f->sent_count, 2);
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL, SIP_TX_PROVISIONAL);
    assert_int_equal(f->heard[1].code, 180);
    assert_true(f->heard[1].message && f->heard[1].source);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_PROCEEDING);
    assert_int_equal(fix_answer(f, 200, "INVITE", B1), SIP_TX_TAKEN);
    fix_run(f, f->now + DUR_S(32));
}

static void test_invite_2xx(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_start(f, "INVITE", B1);
    mono_us start = f->now;

    assert_int_equal(fix_answer(f, 200, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_ACCEPTED);
    assert_int_equal(sip_tx_layer_stats(f->layer).kept_bytes, 0);
    fix_run(f, start + DUR_S(10));
    assert_int_equal(fix_answer(f, 200, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_answer_as(f, 200, "INVITE", B1, "fork", "c1@192.0.2.1", 11), SIP_TX_TAKEN);
    assert_int_equal(fix_answer(f, 180, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_answer(f, 486, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(sip_tx_layer_stats(f->layer).dropped_cells, 2);
    fix_run(f, start + DUR_S(32) - 1);
    assert_true(fix_alive(f, id));
    fix_run(f, start + DUR_S(32));
    assert_false(fix_alive(f, id));
    EXPECT_HEARD(f, SIP_TX_FINAL, SIP_TX_2XX_AGAIN, SIP_TX_2XX_AGAIN, SIP_TX_GONE);
    assert_int_equal(f->sent_count, 1); /* its ACK is the owner's */
    assert_int_equal(fix_answer(f, 200, "INVITE", B1), SIP_TX_NO_MATCH);
}

/* Asked for by every retransmission, byte for byte the same; bounded by D. */
static void test_invite_rejected(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_start(f, "INVITE", B1);
    mono_us start = f->now;
    size_t invite_len = f->sent[0].len;
    struct sip_msg ack;

    assert_int_equal(fix_answer(f, 180, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_answer(f, 486, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_COMPLETED);
    assert_int_equal(f->sent_count, 2);
    assert_int_equal(sip_msg_parse(span_cstr(f->sent[1].text), &ack), SIP_VERDICT_OK);
    assert_int_equal(ack.method, SIP_METHOD_ACK);
    assert_int_equal(ack.cseq, 11);
    assert_true(span_eq(ack.uri.text, SPAN_LIT("sip:bob@example.com")));
    assert_true(span_eq(ack.via.branch, SPAN_LIT(B1)));
    assert_true(span_eq(ack.to.tag, SPAN_LIT("b1")));
    assert_true(span_eq(ack.from.tag, SPAN_LIT("a1")));
    assert_true(span_eq(ack.call_id, SPAN_LIT("c1@192.0.2.1")));
    assert_true(span_eq(sip_msg_value(&ack, SIP_HEADER_ROUTE), SPAN_LIT("<sip:proxy.example.com;lr>")));
    assert_int_equal(sip_values_count(&ack, SIP_HEADER_VIA), 1);
    assert_int_equal(sip_tx_layer_stats(f->layer).kept_bytes, f->sent[1].len);
    assert_true(f->sent[1].len < invite_len + 40);
    fix_run(f, start + DUR_S(3));
    assert_int_equal(fix_answer(f, 486, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_answer(f, 486, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(f->sent_count, 4);
    assert_string_equal(f->sent[3].text, f->sent[1].text);
    assert_int_equal(sip_tx_layer_stats(f->layer).retransmits_out, 2);
    assert_int_equal(fix_answer(f, 180, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_answer(f, 200, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(f->sent_count, 4);
    fix_run(f, start + DUR_S(32));
    assert_false(fix_alive(f, id));
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL, SIP_TX_FINAL, SIP_TX_GONE);
    assert_int_equal(f->heard[1].code, 486);
}

static void test_invite_rejected_at_once(void **state)
{
    struct fix *f = *state;

    fix_start(f, "INVITE", B1);
    assert_int_equal(fix_answer(f, 401, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(f->sent_count, 2);
    assert_memory_equal(f->sent[1].text, "ACK ", 4);
    fix_run(f, f->now + DUR_S(32));
    EXPECT_HEARD(f, SIP_TX_FINAL, SIP_TX_GONE);
}

static void test_invite_transport_error(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;

    f->send_result = ST_IO;
    struct pool_id id = fix_start(f, "INVITE", B1);
    assert_int_equal(f->heard_count, 0); /* never from inside */
    assert_true(sip_tx_due(f->layer) == start);
    fix_run(f, start);
    EXPECT_HEARD(f, SIP_TX_TRANSPORT);
    assert_false(fix_alive(f, id));
    fix_run(f, start + DUR_S(100));
    assert_int_equal(f->sent_count, 1);
}

static void test_invite_transport_error_on_retry(void **state)
{
    struct fix *f = *state;

    fix_start(f, "INVITE", B1);
    f->send_result = ST_IO;
    fix_run(f, f->now + DUR_S(100));
    EXPECT_HEARD(f, SIP_TX_TRANSPORT);
    assert_int_equal(f->sent_count, 2);
}

/* A full buffer is a lost datagram: the clock repairs it. */
static void test_invite_full_buffer_is_loss(void **state)
{
    struct fix *f = *state;

    f->send_result = ST_AGAIN;
    fix_start(f, "INVITE", B1);
    fix_run(f, f->now + DUR_S(100));
    EXPECT_HEARD(f, SIP_TX_TIMEOUT);
    assert_int_equal(f->sent_count, 7);
}

/* A response that comes before the failure was told wins. */
static void test_invite_failure_overtaken(void **state)
{
    struct fix *f = *state;

    f->send_result = ST_IO;
    fix_start(f, "INVITE", B1);
    f->send_result = ST_OK;
    assert_int_equal(fix_answer(f, 180, "INVITE", B1), SIP_TX_TAKEN);
    assert_true(sip_tx_due(f->layer) == MONO_NEVER);
    assert_int_equal(fix_answer(f, 200, "INVITE", B1), SIP_TX_TAKEN);
    fix_run(f, f->now + DUR_S(32));
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL, SIP_TX_FINAL, SIP_TX_GONE);
}

static void test_invite_ack_cannot_be_sent(void **state)
{
    struct fix *f = *state;

    fix_start(f, "INVITE", B1);
    f->send_result = ST_IO;
    assert_int_equal(fix_answer(f, 486, "INVITE", B1), SIP_TX_TAKEN);
    EXPECT_HEARD(f, SIP_TX_FINAL);
    fix_run(f, f->now);
    EXPECT_HEARD(f, SIP_TX_FINAL, SIP_TX_ACK_FAILED);
}

static void test_invite_ack_again_cannot_be_sent(void **state)
{
    struct fix *f = *state;

    fix_start(f, "INVITE", B1);
    assert_int_equal(fix_answer(f, 486, "INVITE", B1), SIP_TX_TAKEN);
    f->send_result = ST_IO;
    assert_int_equal(fix_answer(f, 486, "INVITE", B1), SIP_TX_TAKEN);
    fix_run(f, f->now);
    EXPECT_HEARD(f, SIP_TX_FINAL, SIP_TX_ACK_FAILED);
}

/* ---- CANCEL ---- */

static void test_cancel_must_wait_for_1xx(void **state)
{
    struct fix *f = *state;
    struct pool_id cancel = {9, 9};
    struct pool_id id = fix_start(f, "INVITE", B1);

    assert_int_equal(sip_tx_cancel(f->layer, f->now, id, &f->owner, &cancel), ST_STATE);
    assert_true(pool_id_is_none(cancel));
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(fix_answer(f, 200, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(sip_tx_cancel(f->layer, f->now, id, &f->owner, NULL), ST_STATE);
    fix_run(f, f->now + DUR_S(32));
    assert_int_equal(sip_tx_cancel(f->layer, f->now, id, &f->owner, NULL), ST_NOT_FOUND);
}

static void test_cancel_and_487(void **state)
{
    struct fix *f = *state;
    struct pool_id cancel;
    struct sip_msg msg;
    struct pool_id id = fix_start(f, "INVITE", B1);

    assert_int_equal(fix_answer(f, 180, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(sip_tx_cancel(f->layer, f->now, id, &f->owner, &cancel), ST_OK);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_CANCELLING);
    assert_int_equal(fix_state(f, cancel), SIP_TX_ST_TRYING);
    assert_int_equal(sip_tx_cancel(f->layer, f->now, id, &f->owner, NULL), ST_STATE);
    assert_int_equal(sip_msg_parse(span_cstr(f->sent[1].text), &msg), SIP_VERDICT_OK);
    assert_int_equal(msg.method, SIP_METHOD_CANCEL);
    assert_int_equal(msg.cseq, 11);
    assert_true(span_eq(msg.via.branch, SPAN_LIT(B1)));
    assert_int_equal(msg.to.tag.len, 0);
    assert_int_equal(fix_answer(f, 200, "CANCEL", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_state(f, cancel), SIP_TX_ST_COMPLETED);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_CANCELLING);
    assert_int_equal(fix_answer(f, 487, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(f->sent_count, 3);
    assert_memory_equal(f->sent[2].text, "ACK ", 4);
    fix_run(f, f->now + DUR_S(32));
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL, SIP_TX_FINAL, SIP_TX_FINAL, SIP_TX_GONE, SIP_TX_GONE);
    assert_true(pool_id_eq(f->heard[1].tx, cancel));
    assert_true(pool_id_eq(f->heard[2].tx, id));
}

static void test_cancel_crosses_200(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_start(f, "INVITE", B1);

    assert_int_equal(fix_answer(f, 180, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(sip_tx_cancel(f->layer, f->now, id, &f->owner, NULL), ST_OK);
    assert_int_equal(fix_answer(f, 200, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_ACCEPTED);
    assert_int_equal(fix_answer(f, 481, "CANCEL", B1), SIP_TX_TAKEN);
    fix_run(f, f->now + DUR_S(32));
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL, SIP_TX_FINAL, SIP_TX_FINAL, SIP_TX_GONE, SIP_TX_GONE);
}

/* 9.1: without any answer to either, both are over 64*T1 after the CANCEL. */
static void test_cancel_unanswered(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_start(f, "INVITE", B1);

    assert_int_equal(fix_answer(f, 180, "INVITE", B1), SIP_TX_TAKEN);
    fix_run(f, f->now + DUR_S(100));
    mono_us start = f->now;
    assert_int_equal(sip_tx_cancel(f->layer, f->now, id, &f->owner, NULL), ST_OK);
    fix_run(f, start + DUR_S(1));
    assert_int_equal(fix_answer(f, 183, "INVITE", B1), SIP_TX_TAKEN); /* buys no time */
    fix_run(f, start + DUR_S(32));
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL, SIP_TX_PROVISIONAL, SIP_TX_TIMEOUT, SIP_TX_TIMEOUT);
    assert_int_equal(f->heard[2].at - start, DUR_S(32));
    assert_int_equal(f->heard[3].at - start, DUR_S(32));
    EXPECT_TIMES(f, 1, start, 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500);
}

static void test_cancel_only_for_invite_clients(void **state)
{
    struct fix *f = *state;
    struct pool_id bye = fix_start(f, "BYE", B1);
    struct pool_id server = fix_accept(f, "INVITE", "192.0.2.9:5070;branch=z9hG4bKin");

    assert_int_equal(sip_tx_cancel(f->layer, f->now, bye, &f->owner, NULL), ST_STATE);
    assert_int_equal(sip_tx_cancel(f->layer, f->now, server, &f->owner, NULL), ST_STATE);
    assert_int_equal(sip_tx_cancel(f->layer, f->now, POOL_ID_NONE, &f->owner, NULL), ST_NOT_FOUND);
    sip_tx_kill(f->layer, f->now, bye);
    sip_tx_kill(f->layer, f->now, server);
    sip_tx_reap(f->layer);
}

/* ---- other clients ---- */

static void test_bye_nobody_answers(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;

    fix_start(f, "BYE", B1);
    fix_run(f, start + DUR_S(100));
    EXPECT_TIMES(f, 0, start, 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500);
    EXPECT_HEARD(f, SIP_TX_TIMEOUT);
    assert_int_equal(f->heard[0].at - start, DUR_S(32));
}

/* In Proceeding E goes on at T2, F is not moved. */
static void test_bye_1xx_then_silence(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;
    struct pool_id id = fix_start(f, "BYE", B1);

    fix_run(f, start + DUR_MS(600));
    assert_int_equal(fix_answer(f, 100, "BYE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_PROCEEDING);
    fix_run(f, start + DUR_S(100));
    EXPECT_TIMES(f, 0, start, 0, 500, 1500, 5500, 9500, 13500, 17500, 21500, 25500, 29500);
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL, SIP_TX_TIMEOUT);
    assert_int_equal(f->heard[1].at - start, DUR_S(32));
}

static void test_bye_answered(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;
    struct pool_id id = fix_start(f, "BYE", B1);

    assert_int_equal(fix_answer(f, 200, "BYE", B1), SIP_TX_TAKEN);
    assert_int_equal(sip_tx_layer_stats(f->layer).kept_bytes, 0);
    assert_int_equal(fix_answer(f, 200, "BYE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_answer(f, 100, "BYE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_answer(f, 500, "BYE", B1), SIP_TX_TAKEN);
    assert_int_equal(sip_tx_layer_stats(f->layer).dropped_cells, 3);
    fix_run(f, start + DUR_S(5) - 1);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_COMPLETED);
    fix_run(f, start + DUR_S(5));
    assert_false(fix_alive(f, id));
    EXPECT_HEARD(f, SIP_TX_FINAL, SIP_TX_GONE);
    assert_int_equal(f->sent_count, 1);
}

static void test_bye_1xx_then_rejected(void **state)
{
    struct fix *f = *state;

    fix_start(f, "BYE", B1);
    assert_int_equal(fix_answer(f, 100, "BYE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_answer(f, 100, "BYE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_answer(f, 481, "BYE", B1), SIP_TX_TAKEN);
    fix_run(f, f->now + DUR_S(5));
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL, SIP_TX_PROVISIONAL, SIP_TX_FINAL, SIP_TX_GONE);
    assert_int_equal(f->sent_count, 1);
}

static void test_bye_transport_errors(void **state)
{
    struct fix *f = *state;

    fix_start(f, "BYE", B1);
    assert_int_equal(fix_answer(f, 100, "BYE", B1), SIP_TX_TAKEN);
    f->send_result = ST_IO;
    fix_start(f, "OPTIONS", B2);
    fix_run(f, f->now + DUR_S(32));
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL, SIP_TX_TRANSPORT, SIP_TX_TRANSPORT);
    assert_int_equal(f->sent_count, 3);
}

/* ---- matching, seen from outside (more in test_tx_match.c) ---- */

static void test_foreign_responses_are_stray(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_start(f, "INVITE", B1);

    assert_int_equal(fix_answer(f, 200, "INVITE", B2), SIP_TX_NO_MATCH);
    assert_int_equal(fix_answer(f, 200, "OPTIONS", B1), SIP_TX_NO_MATCH);
    assert_int_equal(fix_answer_as(f, 200, "INVITE", B1, "b1", "other@192.0.2.1", 11), SIP_TX_NO_MATCH);
    assert_int_equal(fix_answer_as(f, 200, "INVITE", B1, "b1", "c1@192.0.2.1", 12), SIP_TX_NO_MATCH);
    assert_int_equal(f->heard_count, 0);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_CALLING);
    assert_int_equal(fix_answer(f, 200, "INVITE", "Z9HG4BKOne"), SIP_TX_TAKEN); /* tokens ignore case */
    fix_run(f, f->now + DUR_S(32));
}

/* ---- layer ---- */

static void test_requests_that_are_refused(void **state)
{
    struct fix *f = *state;
    struct sip_request_form nowhere = fix_request(f, "OPTIONS", B1);
    struct sip_request_form long_one = fix_request(f, "OPTIONS", B1);
    static char body[SIP_DATAGRAM_MAX];
    struct pool_id id;

    nowhere.flow.remote.family = 0;
    memset(body, 'x', sizeof(body));
    long_one.body = span_make(body, sizeof(body));
    assert_int_equal(sip_tx_request(f->layer, f->now, &nowhere, &f->owner, &id), ST_BAD);
    assert_int_equal(sip_tx_request(f->layer, f->now, &long_one, &f->owner, &id), ST_TOO_LARGE);
    assert_int_equal(fix_try(f, "ACK", B1, &id), ST_BAD);
    assert_int_equal(fix_try(f, "BYE", "123", &id), ST_BAD);
    assert_int_equal(fix_try(f, "BYE", "", &id), ST_BAD);
    assert_true(pool_id_is_none(id));
    fix_start(f, "BYE", B1);
    assert_int_equal(fix_try(f, "BYE", B1, &id), ST_BUSY);
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(fix_answer(f, 200, "BYE", B1), SIP_TX_TAKEN);
    fix_run(f, f->now + DUR_S(5));
}

static void test_pool_full(void **state)
{
    struct fix *f = *state;
    struct sip_flow from = fix_flow(f);
    struct pool_id id, last = POOL_ID_NONE;
    char branch[32];

    for (int i = 0; i < FIX_TX_MAX; i++) {
        snprintf(branch, sizeof(branch), "z9hG4bK%d", i);
        last = fix_start(f, i == 0 ? "INVITE" : "BYE", branch);
    }
    assert_int_equal(fix_try(f, "BYE", B1, &id), ST_FULL);
    assert_true(pool_id_is_none(id));
    fix_incoming(f, "OPTIONS", "192.0.2.9:5070;branch=z9hG4bKin", "");
    assert_int_equal(sip_tx_accept(f->layer, f->now, fix_parse(f), &from, &f->owner, &id), ST_FULL);
    assert_int_equal(fix_answer(f, 180, "INVITE", "z9hG4bK0"), SIP_TX_TAKEN);
    assert_int_equal(sip_tx_cancel(f->layer, f->now, f->heard[0].tx, &f->owner, &id), ST_FULL);
    assert_int_equal(fix_state(f, f->heard[0].tx), SIP_TX_ST_PROCEEDING);
    sip_tx_kill(f->layer, f->now, last);
    assert_int_equal(fix_try(f, "BYE", B1, &id), ST_FULL);
    sip_tx_reap(f->layer); /* only now is the slot free */
    fix_start(f, "BYE", B1);
    assert_false(fix_alive(f, last));
    sip_tx_kill(f->layer, f->now, f->heard[0].tx);
    fix_run(f, f->now + DUR_S(32));
}

static void test_stale_ids(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_start(f, "BYE", B1);
    struct pool_id nonsense = {77, 1};

    sip_tx_kill(f->layer, f->now, id);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_TERMINATED);
    assert_int_equal(fix_answer(f, 200, "BYE", B1), SIP_TX_NO_MATCH);
    sip_tx_kill(f->layer, f->now, id);
    sip_tx_disown(f->layer, id);
    sip_tx_set_owner(f->layer, id, &f->owner);
    sip_tx_kill(f->layer, f->now, nonsense);
    sip_tx_disown(f->layer, nonsense);
    assert_int_equal(fix_state(f, nonsense), SIP_TX_ST_TERMINATED);
    assert_int_equal(fix_respond(f, id, 200), ST_NOT_FOUND);
    assert_int_equal(fix_respond(f, nonsense, 200), ST_NOT_FOUND);
    assert_int_equal(f->heard_count, 0);
    sip_tx_reap(f->layer);
}

static void test_owner_changes_and_lets_go(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_start(f, "INVITE", B1);
    struct sip_tx_owner other = f->owner;

    assert_int_equal(fix_answer(f, 180, "INVITE", B1), SIP_TX_TAKEN);
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL);
    other.role = 99;
    f->owner.role = 99;
    sip_tx_set_owner(f->layer, id, &other);
    assert_int_equal(fix_answer(f, 183, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(f->heard[1].role, 99);
    f->owner = (struct sip_tx_owner){.role = 0};
    sip_tx_disown(f->layer, id);
    assert_int_equal(fix_answer(f, 486, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(f->sent_count, 2); /* the ACK goes out all the same */
    fix_run(f, f->now + DUR_S(32));
    assert_int_equal(f->heard_count, 2);
}

/* The owner may kill it or begin anew from inside the notice. */
static void kill_and_retry(struct fix *f, const struct sip_tx_notice *notice)
{
    if (notice->kind == SIP_TX_FINAL) {
        char branch[32];
        snprintf(branch, sizeof(branch), "z9hG4bKagain%zu", f->heard_count);
        sip_tx_kill(f->layer, f->now, notice->tx);
        fix_start(f, "INVITE", branch);
    }
}
static void test_owner_acts_inside_notice(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_start(f, "INVITE", B1);

    f->in_notice = kill_and_retry;
    assert_int_equal(fix_answer(f, 401, "INVITE", B1), SIP_TX_TAKEN);
    assert_false(fix_alive(f, id));
    assert_int_equal(f->sent_count, 3); /* INVITE, ACK, INVITE */
    assert_memory_equal(f->sent[1].text, "ACK ", 4);
    assert_memory_equal(f->sent[2].text, "INVITE ", 7);
    f->in_notice = NULL;
    fix_run(f, f->now + DUR_S(32));
    EXPECT_HEARD(f, SIP_TX_FINAL, SIP_TX_TIMEOUT);
}

/* An owner that retries at once on every transport error is stopped by the pool, within one expire. */
static void retry_on_error(struct fix *f, const struct sip_tx_notice *notice)
{
    struct pool_id id;
    char branch[32];

    assert_int_equal(notice->kind, SIP_TX_TRANSPORT);
    snprintf(branch, sizeof(branch), "z9hG4bKretry%zu", f->heard_count);
    int status = fix_try(f, "BYE", branch, &id);
    assert_true(status == (f->heard_count < FIX_TX_MAX ? ST_OK : ST_FULL));
}
static void test_retry_storm_is_bounded(void **state)
{
    struct fix *f = *state;

    f->in_notice = retry_on_error;
    f->send_result = ST_IO;
    fix_start(f, "BYE", B1);
    sip_tx_expire(f->layer, f->now);
    assert_int_equal(f->heard_count, FIX_TX_MAX);
    sip_tx_reap(f->layer);
}

static void test_trace_lines(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_start(f, "INVITE", B1);

    assert_int_equal(fix_answer(f, 180, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_answer(f, 183, "INVITE", B1), SIP_TX_TAKEN); /* no change, no line */
    sip_tx_kill(f->layer, f->now, id);
    sip_tx_reap(f->layer);
    assert_int_equal(f->line_count, 3);
    assert_string_equal(f->lines[0], "INVITE client Init > Calling on start");
    assert_string_equal(f->lines[1], "INVITE client Calling > Proceeding on 1xx");
    assert_string_equal(f->lines[2], "INVITE client Proceeding > Terminated on kill");
    assert_string_equal(f->logged_last, "c1@192.0.2.1: INVITE client Proceeding > Terminated on kill");
}

/* A loop that slept over several deadlines: each comes once, in order, and the end is still told once. */
static void test_late_turn(void **state)
{
    struct fix *f = *state;

    fix_start(f, "INVITE", B1);
    f->now += DUR_S(300);
    sip_tx_expire(f->layer, f->now);
    sip_tx_reap(f->layer);
    EXPECT_HEARD(f, SIP_TX_TIMEOUT);
    assert_int_equal(f->sent_count, 2);
}

/* Far more transactions than slots, one after the other and in changing order: none is found by another's branch, none
 * is left in the index. */
static void test_slots_are_used_again(void **state)
{
    struct fix *f = *state;
    char branch[2][32];

    for (int i = 0; i < 200; i++) {
        f->sent_count = f->heard_count = f->line_count = f->logged = 0;
        for (int j = 0; j < 2; j++) {
            snprintf(branch[j], sizeof(branch[j]), "z9hG4bK%d.%d", i, j);
            fix_start(f, "BYE", branch[j]);
        }
        assert_int_equal(fix_answer(f, 200, "BYE", branch[i & 1]), SIP_TX_TAKEN);
        assert_int_equal(fix_answer(f, 200, "BYE", branch[1 - (i & 1)]), SIP_TX_TAKEN);
        fix_run(f, f->now + DUR_S(5));
        EXPECT_HEARD(f, SIP_TX_FINAL, SIP_TX_FINAL, SIP_TX_GONE, SIP_TX_GONE);
        assert_int_equal(fix_answer(f, 200, "BYE", branch[0]), SIP_TX_NO_MATCH);
    }
}

#ifdef NDEBUG
/* In the field a bug of ours ends the transaction, and its owner hears of it. Elsewhere it aborts. */
static void test_cannot_ends_it(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_start(f, "INVITE", B1);

    f->log.level = LOG_LEVEL_COUNT; /* the line is an ERROR, which this log does not expect */
    f->logged += 1;                 /* and the kill is traced without being logged */
    sip_tx_step(f->layer, pool_get(&f->layer->pool, id), f->now, SIP_TX_EV_LINGER, NULL);
    EXPECT_HEARD(f, SIP_TX_TRANSPORT);
    sip_tx_step(f->layer, pool_get(&f->layer->pool, id), f->now, SIP_TX_EV_LINGER, NULL);
    sip_tx_reap(f->layer);
    EXPECT_HEARD(f, SIP_TX_TRANSPORT);
    assert_false(fix_alive(f, id));
}
#endif

static void test_free_with_all_alive(void **state)
{
    (void)state;
    struct fix f = {.now = 5};
    struct sip_tx_config config = fix_config(&f, 4);

    config.trace = NULL;
    config.log = NULL;
    f.layer = sip_tx_layer_new(&config);
    assert_non_null(f.layer);
    fix_start(&f, "INVITE", B1);
    fix_start(&f, "BYE", B2);
    fix_accept(&f, "INVITE", "192.0.2.9:5070;branch=z9hG4bKin");
    sip_tx_layer_free(f.layer);
    sip_tx_layer_free(NULL);
    assert_int_equal(f.heard_count, 0);
    config.max = 0;
    assert_null(sip_tx_layer_new(&config));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_invite_nobody_answers),
        TEST(test_invite_1xx_stops_the_clock),
        TEST(test_invite_2xx),
        TEST(test_invite_rejected),
        TEST(test_invite_rejected_at_once),
        TEST(test_invite_transport_error),
        TEST(test_invite_transport_error_on_retry),
        TEST(test_invite_full_buffer_is_loss),
        TEST(test_invite_failure_overtaken),
        TEST(test_invite_ack_cannot_be_sent),
        TEST(test_invite_ack_again_cannot_be_sent),
        TEST(test_cancel_must_wait_for_1xx),
        TEST(test_cancel_and_487),
        TEST(test_cancel_crosses_200),
        TEST(test_cancel_unanswered),
        TEST(test_cancel_only_for_invite_clients),
        TEST(test_bye_nobody_answers),
        TEST(test_bye_1xx_then_silence),
        TEST(test_bye_answered),
        TEST(test_bye_1xx_then_rejected),
        TEST(test_bye_transport_errors),
        TEST(test_foreign_responses_are_stray),
        TEST(test_requests_that_are_refused),
        TEST(test_pool_full),
        TEST(test_stale_ids),
        TEST(test_owner_changes_and_lets_go),
        TEST(test_owner_acts_inside_notice),
        TEST(test_retry_storm_is_bounded),
        TEST(test_trace_lines),
        TEST(test_late_turn),
        TEST(test_slots_are_used_again),
#ifdef NDEBUG
        TEST(test_cannot_ends_it),
#endif
        cmocka_unit_test(test_free_with_all_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
