/* SPDX-License-Identifier: MIT */
/* The transaction layer as its owner sees it: server transactions (RFC 3261 17.2, RFC 6026). */
#include "support_tx.h"

#define VIA     "192.0.2.9:5070;branch=z9hG4bKin;rport"
#define VIA_ACK "192.0.2.9:5070;branch=z9hG4bKin"

static enum sip_tx_verdict again(struct fix *f, const char *method)
{
    return fix_incoming_again(f, method, VIA, "");
}
static enum sip_tx_verdict ack(struct fix *f)
{
    return fix_incoming_again(f, "ACK", VIA_ACK, ";tag=ours");
}

/* ---- INVITE ---- */

/* 17.2.1: a silent owner is covered by one 100 after 200 ms, which goes to the sender with received and rport. */
static void test_invite_gets_100(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;
    struct sip_msg msg;
    struct pool_id id = fix_accept(f, "INVITE", VIA);

    fix_run(f, start + DUR_MS(199));
    assert_int_equal(f->sent_count, 0);
    fix_run(f, start + DUR_S(60));
    EXPECT_TIMES(f, 0, start, 200);
    assert_int_equal(sip_msg_parse(span_cstr(f->sent[0].text), &msg), SIP_VERDICT_OK);
    assert_int_equal(msg.status, 100);
    assert_int_equal(msg.cseq, 42);
    assert_int_equal(msg.to.tag.len, 0);
    assert_true(span_eq(msg.via.branch, SPAN_LIT("z9hG4bKin")));
    assert_int_equal(f->sent[0].flow.remote.port, 5070);
    assert_int_equal(f->heard_count, 0);
    assert_int_equal(fix_respond(f, id, 486), ST_OK);
    assert_int_equal(ack(f), SIP_TX_TAKEN);
    fix_run(f, f->now + DUR_S(5));
    EXPECT_HEARD(f, SIP_TX_DONE);
}

static void test_invite_answered_in_time_gets_no_100(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_accept(f, "INVITE", VIA);

    assert_int_equal(fix_respond(f, id, 180), ST_OK);
    fix_run(f, f->now + DUR_S(10));
    assert_int_equal(f->sent_count, 1);
    assert_memory_equal(f->sent[0].text, "SIP/2.0 180", 11);
    sip_tx_kill(f->layer, f->now, id);
    sip_tx_reap(f->layer);
}

/* A retransmission gets the last provisional again: the 100 before there is another. */
static void test_invite_again_in_proceeding(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_accept(f, "INVITE", VIA);

    assert_int_equal(again(f, "INVITE"), SIP_TX_TAKEN);
    assert_int_equal(f->sent_count, 1);
    assert_memory_equal(f->sent[0].text, "SIP/2.0 100", 11);
    fix_run(f, f->now + DUR_S(1)); /* quenched already: no second 100 by the clock */
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(fix_respond(f, id, 180), ST_OK);
    assert_int_equal(fix_respond(f, id, 183), ST_OK);
    assert_int_equal(again(f, "INVITE"), SIP_TX_TAKEN);
    assert_int_equal(f->sent_count, 4);
    assert_memory_equal(f->sent[3].text, "SIP/2.0 183", 11);
    assert_int_equal(sip_tx_layer_stats(f->layer).kept_bytes, f->sent[3].len);
    assert_int_equal(ack(f), SIP_TX_TAKEN); /* nothing to acknowledge yet */
    assert_int_equal(sip_tx_layer_stats(f->layer).dropped_cells, 1);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_PROCEEDING);
    sip_tx_kill(f->layer, f->now, id);
    sip_tx_reap(f->layer);
    assert_int_equal(f->heard_count, 0);
}

/* G doubles to T2, H ends it. */
static void test_invite_rejection_never_acknowledged(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;
    struct pool_id id = fix_accept(f, "INVITE", VIA);

    assert_int_equal(fix_respond(f, id, 486), ST_OK);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_COMPLETED);
    fix_run(f, start + DUR_S(100));
    EXPECT_TIMES(f, 0, start, 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500);
    EXPECT_HEARD(f, SIP_TX_TIMEOUT);
    assert_int_equal(f->heard[0].at - start, DUR_S(32));
    assert_int_equal(f->heard[0].code, 486);
}

static void test_invite_rejection_acknowledged(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_accept(f, "INVITE", VIA);

    assert_int_equal(fix_respond(f, id, 486), ST_OK);
    assert_int_equal(again(f, "INVITE"), SIP_TX_TAKEN);
    assert_int_equal(f->sent_count, 2);
    assert_string_equal(f->sent[0].text, f->sent[1].text);
    assert_int_equal(fix_respond(f, id, 180), ST_STATE);
    assert_int_equal(fix_respond(f, id, 200), ST_STATE);
    assert_int_equal(fix_respond(f, id, 603), ST_STATE);
    fix_run(f, f->now + DUR_MS(700));
    assert_int_equal(f->sent_count, 3);
    mono_us acked = f->now;
    assert_int_equal(ack(f), SIP_TX_TAKEN);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_CONFIRMED);
    assert_int_equal(sip_tx_layer_stats(f->layer).kept_bytes, 0);
    EXPECT_HEARD(f, SIP_TX_DONE);
    assert_int_equal(f->heard[0].code, 486);
    assert_int_equal(ack(f), SIP_TX_TAKEN);
    assert_int_equal(again(f, "INVITE"), SIP_TX_TAKEN);
    assert_int_equal(fix_respond(f, id, 486), ST_STATE);
    assert_int_equal(sip_tx_layer_stats(f->layer).dropped_cells, 2);
    fix_run(f, acked + DUR_S(5) - 1);
    assert_true(fix_alive(f, id));
    fix_run(f, acked + DUR_S(5));
    assert_false(fix_alive(f, id));
    EXPECT_HEARD(f, SIP_TX_DONE);
    assert_int_equal(f->sent_count, 3);
}

/* RFC 6026: INVITEs that come again are absorbed, the owner sends the 2xx again, L ends it. */
static void test_invite_accepted(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;
    struct pool_id id = fix_accept(f, "INVITE", VIA);

    assert_int_equal(fix_respond(f, id, 200), ST_OK);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_ACCEPTED);
    assert_int_equal(sip_tx_layer_stats(f->layer).kept_bytes, 0);
    assert_int_equal(again(f, "INVITE"), SIP_TX_TAKEN);
    assert_int_equal(f->sent_count, 1);
    fix_run(f, start + DUR_MS(500));
    assert_int_equal(fix_respond(f, id, 200), ST_OK);
    assert_int_equal(f->sent_count, 2);
    assert_int_equal(sip_tx_layer_stats(f->layer).retransmits_out, 1);
    assert_int_equal(fix_respond(f, id, 180), ST_STATE);
    assert_int_equal(fix_respond(f, id, 486), ST_STATE);
    assert_int_equal(fix_incoming_again(f, "ACK", "192.0.2.9:5070;branch=z9hG4bKack", ";tag=ours"), SIP_TX_NO_MATCH);
    assert_int_equal(ack(f), SIP_TX_TAKEN); /* one that reuses the INVITE's branch goes up */
    EXPECT_HEARD(f, SIP_TX_ACKED);
    assert_true(f->heard[0].message && f->heard[0].source);
    fix_run(f, start + DUR_S(32) - 1);
    assert_true(fix_alive(f, id));
    fix_run(f, start + DUR_S(32));
    EXPECT_HEARD(f, SIP_TX_ACKED, SIP_TX_DONE);
    assert_int_equal(f->heard[1].code, 200);
    assert_int_equal(f->sent_count, 2);
}

/* RFC 6026 7.1: a transport error changes no state; each is told, the ending comes once. */
static void test_invite_transport_errors(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_accept(f, "INVITE", VIA);

    f->send_result = ST_IO;
    assert_int_equal(fix_respond(f, id, 180), ST_OK);
    assert_int_equal(f->heard_count, 0);
    fix_run(f, f->now);
    EXPECT_HEARD(f, SIP_TX_SEND_FAILED);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_PROCEEDING);
    assert_int_equal(fix_respond(f, id, 200), ST_OK);
    fix_run(f, f->now);
    EXPECT_HEARD(f, SIP_TX_SEND_FAILED, SIP_TX_SEND_FAILED);
    assert_int_equal(f->heard[1].code, 200);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_ACCEPTED);
    fix_run(f, f->now + DUR_S(32));
    EXPECT_HEARD(f, SIP_TX_SEND_FAILED, SIP_TX_SEND_FAILED, SIP_TX_DONE);
}

static void test_invite_rejection_transport_error(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_accept(f, "INVITE", VIA);

    f->send_result = ST_IO;
    assert_int_equal(fix_respond(f, id, 503), ST_OK);
    fix_run(f, f->now);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_COMPLETED);
    f->send_result = ST_OK;
    fix_run(f, f->now + DUR_S(32));
    EXPECT_HEARD(f, SIP_TX_SEND_FAILED, SIP_TX_TIMEOUT);
}

/* ---- other methods ---- */

static void test_options(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;
    struct pool_id id = fix_accept(f, "OPTIONS", VIA);

    assert_int_equal(fix_state(f, id), SIP_TX_ST_TRYING);
    assert_int_equal(again(f, "OPTIONS"), SIP_TX_TAKEN);
    fix_run(f, start + DUR_S(1));
    assert_int_equal(f->sent_count, 0);
    assert_int_equal(fix_respond(f, id, 200), ST_OK);
    assert_int_equal(fix_respond(f, id, 500), ST_STATE);
    assert_int_equal(again(f, "OPTIONS"), SIP_TX_TAKEN);
    assert_int_equal(f->sent_count, 2);
    assert_string_equal(f->sent[0].text, f->sent[1].text);
    assert_int_equal(f->sent[0].flow.remote.port, 5070);
    fix_run(f, start + DUR_S(33) - 1);
    assert_true(fix_alive(f, id));
    fix_run(f, start + DUR_S(33));
    EXPECT_HEARD(f, SIP_TX_DONE);
    assert_int_equal(f->heard[0].code, 200);
    assert_int_equal(again(f, "OPTIONS"), SIP_TX_NO_MATCH);
}

static void test_options_with_provisional(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_accept(f, "OPTIONS", VIA);

    assert_int_equal(fix_respond(f, id, 100), ST_OK);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_PROCEEDING);
    assert_int_equal(again(f, "OPTIONS"), SIP_TX_TAKEN);
    assert_int_equal(f->sent_count, 2);
    assert_int_equal(fix_respond(f, id, 100), ST_OK);
    assert_int_equal(fix_respond(f, id, 404), ST_OK);
    assert_int_equal(f->sent_count, 4);
    fix_run(f, f->now + DUR_S(32));
    EXPECT_HEARD(f, SIP_TX_DONE);
}

static void test_options_transport_errors(void **state)
{
    struct fix *f = *state;
    struct pool_id one = fix_accept(f, "OPTIONS", VIA);
    struct pool_id two = fix_accept(f, "INFO", VIA);

    f->send_result = ST_IO;
    assert_int_equal(fix_respond(f, one, 200), ST_OK);
    assert_int_equal(fix_respond(f, two, 100), ST_OK);
    assert_int_equal(f->heard_count, 0);
    fix_run(f, f->now);
    EXPECT_HEARD(f, SIP_TX_TRANSPORT, SIP_TX_TRANSPORT);
    assert_false(fix_alive(f, one));
    assert_false(fix_alive(f, two));
}

/* ---- refusals ---- */

static void test_respond_refuses(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_accept(f, "OPTIONS", VIA);

    assert_int_equal(fix_respond(f, id, 99), ST_BAD);
    assert_int_equal(fix_respond(f, id, 700), ST_BAD);
    assert_int_equal(sip_tx_respond(f->layer, f->now, id, 200, SPAN_NONE, SPAN_NONE), ST_BAD);
    struct pool_id client = fix_start(f, "BYE", "z9hG4bKout");
    assert_int_equal(fix_respond(f, client, 200), ST_STATE);
    sip_tx_kill(f->layer, f->now, client);
    sip_tx_kill(f->layer, f->now, id);
    sip_tx_reap(f->layer);
}

static void test_accept_refuses(void **state)
{
    struct fix *f = *state;
    struct sip_flow from = fix_flow(f);
    struct sip_flow nowhere = {.id = 1};
    struct pool_id other, id = fix_accept(f, "OPTIONS", VIA);

    assert_int_equal(sip_tx_accept(f->layer, f->now, &f->msg, &from, &f->owner, &other), ST_BUSY);
    assert_true(pool_id_is_none(other));
    fix_incoming(f, "ACK", VIA, "");
    assert_int_equal(sip_tx_accept(f->layer, f->now, fix_parse(f), &from, &f->owner, &other), ST_BAD);
    fix_incoming(f, "INFO", VIA, "");
    assert_int_equal(sip_tx_accept(f->layer, f->now, fix_parse(f), &nowhere, &f->owner, &other), ST_BAD);
    sip_tx_kill(f->layer, f->now, id);
    sip_tx_reap(f->layer);
}

/* ---- CANCEL and merged requests ---- */

static void test_cancel_finds_its_invite(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_accept(f, "INVITE", VIA);

    fix_incoming(f, "CANCEL", VIA_ACK, "");
    assert_int_equal(fix_input(f), SIP_TX_NO_MATCH); /* a transaction of its own */
    assert_true(pool_id_eq(sip_tx_find_cancelled(f->layer, &f->msg), id));
    struct pool_id cancel = fix_accept(f, "CANCEL", VIA_ACK);
    assert_int_equal(fix_respond(f, cancel, 200), ST_OK);
    assert_int_equal(fix_respond(f, id, 487), ST_OK);
    assert_int_equal(again(f, "CANCEL"), SIP_TX_TAKEN);
    fix_incoming(f, "CANCEL", "192.0.2.9:5070;branch=z9hG4bKelse", "");
    assert_true(pool_id_is_none(sip_tx_find_cancelled(f->layer, fix_parse(f))));
    fix_incoming(f, "CANCEL", "192.0.2.8:5070;branch=z9hG4bKin", "");
    assert_true(pool_id_is_none(sip_tx_find_cancelled(f->layer, fix_parse(f))));
    assert_int_equal(ack(f), SIP_TX_TAKEN);
    fix_run(f, f->now + DUR_S(32));
    EXPECT_HEARD(f, SIP_TX_DONE, SIP_TX_DONE);
    fix_incoming(f, "CANCEL", VIA_ACK, "");
    assert_true(pool_id_is_none(sip_tx_find_cancelled(f->layer, fix_parse(f))));
}

static void test_merged_request(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_accept(f, "INVITE", VIA);
    const char *other_way = "192.0.2.77:5060;branch=z9hG4bKotherway";

    fix_incoming(f, "INVITE", other_way, "");
    assert_int_equal(fix_input(f), SIP_TX_NO_MATCH);
    assert_true(sip_tx_is_merged(f->layer, &f->msg));
    fix_incoming(f, "INVITE", other_way, ";tag=x");
    assert_false(sip_tx_is_merged(f->layer, fix_parse(f)));
    fix_incoming(f, "OPTIONS", other_way, "");
    assert_false(sip_tx_is_merged(f->layer, fix_parse(f)));
    sip_tx_kill(f->layer, f->now, id);
    fix_incoming(f, "INVITE", other_way, "");
    assert_false(sip_tx_is_merged(f->layer, fix_parse(f)));
    sip_tx_reap(f->layer);
}

/* ---- RFC 2543 style, from end to end ---- */

static void test_old_style_invite(void **state)
{
    struct fix *f = *state;
    const char *via = "192.0.2.9:5070";
    struct pool_id id = fix_accept(f, "INVITE", via);

    assert_int_equal(fix_incoming_again(f, "ACK", via, ";tag=ours"), SIP_TX_NO_MATCH); /* no answer given yet */
    assert_int_equal(fix_incoming_again(f, "ACK", via, ""), SIP_TX_NO_MATCH);
    assert_int_equal(fix_incoming_again(f, "INVITE", via, ""), SIP_TX_TAKEN);
    assert_int_equal(fix_respond(f, id, 486), ST_OK);
    assert_int_equal(fix_incoming_again(f, "ACK", via, ";tag=foreign"), SIP_TX_NO_MATCH);
    assert_int_equal(fix_incoming_again(f, "ACK", via, ""), SIP_TX_NO_MATCH);
    assert_int_equal(fix_incoming_again(f, "ACK", via, ";tag=ours"), SIP_TX_TAKEN);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_CONFIRMED);
    fix_run(f, f->now + DUR_S(5));
    EXPECT_HEARD(f, SIP_TX_DONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_invite_gets_100),
        TEST(test_invite_answered_in_time_gets_no_100),
        TEST(test_invite_again_in_proceeding),
        TEST(test_invite_rejection_never_acknowledged),
        TEST(test_invite_rejection_acknowledged),
        TEST(test_invite_accepted),
        TEST(test_invite_transport_errors),
        TEST(test_invite_rejection_transport_error),
        TEST(test_options),
        TEST(test_options_with_provisional),
        TEST(test_options_transport_errors),
        TEST(test_respond_refuses),
        TEST(test_accept_refuses),
        TEST(test_cancel_finds_its_invite),
        TEST(test_merged_request),
        TEST(test_old_style_invite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
