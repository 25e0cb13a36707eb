/* SPDX-License-Identifier: MIT */
/* Transactions over a transport that loses nothing (RFC 3261 17, table 4; RFC 6026).
 *
 * invite_goes_once           17.1.1.2: no A; B ends it all the same
 * invite_rejected            17.1.1.2: D is 0; the ACK goes by the same connection; what comes later belongs to nothing
 * invite_accepted            RFC 6026 7.2: M is 64*T1 as ever, other forks may answer
 * ack_cannot_be_sent         told before the D of 0 ends it without a word
 * cancel_goes_the_same_way   9.1, 18.1.1
 * bye_goes_once              17.1.2.2: no E, neither in Trying nor in Proceeding; F ends it
 * bye_answered               17.1.2.2: K is 0
 * server_rejects_once        17.2.1: the 100 after 200 ms, no G; H ends it
 * no_100_behind_a_rejection  the 100's timer does not outlive its state
 * server_acknowledged        17.2.1: I is 0
 * options                    17.2.2: J is 0; a request again belongs to nothing; a failure is told before
 * answers_go_back            18.2.2: by the connection, not to the port of the Via */
#include "support_tx.h"

#define B1  "z9hG4bKone"
#define VIA "192.0.2.77:5099;branch=z9hG4bKin"

static int setup_tcp(void **state)
{
    int status = fix_setup(state);
    struct fix *f = *state;

    if (status == 0) {
        f->transport = SIP_TRANSPORT_TCP;
    }
    return status;
}

/* What is due now, and nothing later. */
static void now_over(struct fix *f)
{
    assert_true(sip_tx_due(f->layer) == f->now);
    fix_run(f, f->now);
}

static void sent_by_the_connection(const struct fix *f)
{
    struct sip_flow flow = fix_flow(f);

    for (size_t i = 0; i < f->sent_count; i++) {
        assert_int_equal(f->sent[i].flow.transport, SIP_TRANSPORT_TCP);
        assert_int_equal(f->sent[i].flow.id, flow.id);
        assert_true(addr_equal(&f->sent[i].flow.remote, &flow.remote));
    }
}

static void invite_goes_once(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;

    fix_start(f, "INVITE", B1);
    assert_non_null(strstr(f->sent[0].text, "\r\nVia: SIP/2.0/TCP 192.0.2.1:5060;branch=" B1));
    fix_run(f, start + DUR_S(200));
    EXPECT_TIMES(f, 0, start, 0);
    EXPECT_HEARD(f, SIP_TX_TIMEOUT);
    assert_int_equal(f->heard[0].at - start, DUR_S(32));
    assert_int_equal(sip_tx_layer_stats(f->layer).retransmits_out, 0);
}

static void invite_rejected(void **state)
{
    struct fix *f = *state;

    fix_start(f, "INVITE", B1);
    assert_int_equal(fix_answer(f, 180, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(fix_answer(f, 486, "INVITE", B1), SIP_TX_TAKEN);
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL, SIP_TX_FINAL);
    assert_int_equal(f->sent_count, 2);
    assert_memory_equal(f->sent[1].text, "ACK ", 4);
    assert_non_null(strstr(f->sent[1].text, "\r\nVia: SIP/2.0/TCP "));
    now_over(f);
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL, SIP_TX_FINAL, SIP_TX_GONE);
    assert_int_equal(fix_answer(f, 486, "INVITE", B1), SIP_TX_NO_MATCH);
    assert_int_equal(f->sent_count, 2);
    sent_by_the_connection(f);
}

static void invite_accepted(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;

    fix_start(f, "INVITE", B1);
    assert_int_equal(fix_answer(f, 200, "INVITE", B1), SIP_TX_TAKEN);
    fix_run(f, start + DUR_S(32) - 1);
    assert_int_equal(fix_answer_as(f, 200, "INVITE", B1, "fork", "c1@192.0.2.1", 11), SIP_TX_TAKEN);
    fix_run(f, start + DUR_S(32));
    EXPECT_HEARD(f, SIP_TX_FINAL, SIP_TX_2XX_AGAIN, SIP_TX_GONE);
    assert_int_equal(f->sent_count, 1);
}

static void ack_cannot_be_sent(void **state)
{
    struct fix *f = *state;

    fix_start(f, "INVITE", B1);
    f->send_result = ST_IO;
    assert_int_equal(fix_answer(f, 486, "INVITE", B1), SIP_TX_TAKEN);
    now_over(f);
    EXPECT_HEARD(f, SIP_TX_FINAL, SIP_TX_ACK_FAILED);
}

static void cancel_goes_the_same_way(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;
    struct pool_id id = fix_start(f, "INVITE", B1);

    assert_int_equal(fix_answer(f, 180, "INVITE", B1), SIP_TX_TAKEN);
    assert_int_equal(sip_tx_cancel(f->layer, f->now, id, &f->owner, NULL), ST_OK);
    assert_memory_equal(f->sent[1].text, "CANCEL ", 7);
    fix_run(f, start + DUR_S(100));
    EXPECT_TIMES(f, 0, start, 0, 0);
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL, SIP_TX_TIMEOUT, SIP_TX_TIMEOUT);
    assert_int_equal(f->heard[1].at - start, DUR_S(32));
    sent_by_the_connection(f);
}

static void bye_goes_once(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;

    fix_start(f, "BYE", B1);
    fix_run(f, start + DUR_S(10));
    assert_int_equal(fix_answer(f, 100, "BYE", B1), SIP_TX_TAKEN);
    fix_run(f, start + DUR_S(100));
    EXPECT_TIMES(f, 0, start, 0);
    EXPECT_HEARD(f, SIP_TX_PROVISIONAL, SIP_TX_TIMEOUT);
    assert_int_equal(f->heard[1].at - start, DUR_S(32));
}

static void bye_answered(void **state)
{
    struct fix *f = *state;

    fix_start(f, "BYE", B1);
    assert_int_equal(fix_answer(f, 200, "BYE", B1), SIP_TX_TAKEN);
    EXPECT_HEARD(f, SIP_TX_FINAL);
    now_over(f);
    EXPECT_HEARD(f, SIP_TX_FINAL, SIP_TX_GONE);
}

static void server_rejects_once(void **state)
{
    struct fix *f = *state;
    mono_us start = f->now;
    struct pool_id id = fix_accept(f, "INVITE", VIA);

    fix_run(f, start + DUR_S(1));
    EXPECT_TIMES(f, 0, start, 200);
    assert_int_equal(fix_respond(f, id, 486), ST_OK);
    fix_run(f, start + DUR_S(100));
    EXPECT_TIMES(f, 0, start, 200, 1000);
    EXPECT_HEARD(f, SIP_TX_TIMEOUT);
    assert_int_equal(f->heard[0].at - start, DUR_S(33));
}

static void no_100_behind_a_rejection(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_accept(f, "INVITE", VIA);

    assert_int_equal(fix_respond(f, id, 486), ST_OK);
    fix_run(f, f->now + DUR_S(10));
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(fix_incoming_again(f, "ACK", VIA, ";tag=ours"), SIP_TX_TAKEN);
    now_over(f);
    EXPECT_HEARD(f, SIP_TX_DONE);
}

static void server_acknowledged(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_accept(f, "INVITE", VIA);

    assert_int_equal(fix_respond(f, id, 486), ST_OK);
    assert_int_equal(fix_incoming_again(f, "ACK", VIA, ";tag=ours"), SIP_TX_TAKEN);
    assert_int_equal(fix_state(f, id), SIP_TX_ST_CONFIRMED);
    EXPECT_HEARD(f, SIP_TX_DONE);
    now_over(f);
    assert_false(fix_alive(f, id));
    assert_int_equal(fix_incoming_again(f, "ACK", VIA, ";tag=ours"), SIP_TX_NO_MATCH);
}

static void options(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_accept(f, "OPTIONS", VIA);

    assert_int_equal(fix_respond(f, id, 200), ST_OK);
    assert_int_equal(f->heard_count, 0); /* never from inside */
    now_over(f);
    EXPECT_HEARD(f, SIP_TX_DONE);
    id = fix_accept(f, "OPTIONS", VIA);
    f->send_result = ST_IO;
    assert_int_equal(fix_respond(f, id, 200), ST_OK);
    now_over(f);
    EXPECT_HEARD(f, SIP_TX_DONE, SIP_TX_TRANSPORT);
}

static void answers_go_back(void **state)
{
    struct fix *f = *state;
    struct pool_id id = fix_accept(f, "OPTIONS", VIA);

    assert_int_equal(fix_respond(f, id, 200), ST_OK);
    assert_int_equal(f->sent_count, 1);
    sent_by_the_connection(f);
    now_over(f);
    f->transport = SIP_TRANSPORT_UDP; /* without rport the Via names the port */
    id = fix_accept(f, "OPTIONS", VIA);
    assert_int_equal(fix_respond(f, id, 200), ST_OK);
    assert_int_equal(f->sent[1].flow.transport, SIP_TRANSPORT_UDP);
    assert_int_equal(f->sent[1].flow.remote.port, 5099);
    assert_int_equal(f->sent[1].flow.remote.ip[3], 9);
    fix_run(f, f->now + DUR_S(32));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_tcp, fix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(invite_goes_once),          TEST(invite_rejected),     TEST(invite_accepted), TEST(ack_cannot_be_sent),
        TEST(cancel_goes_the_same_way),  TEST(bye_goes_once),       TEST(bye_answered),    TEST(server_rejects_once),
        TEST(no_100_behind_a_rejection), TEST(server_acknowledged), TEST(options),         TEST(answers_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
