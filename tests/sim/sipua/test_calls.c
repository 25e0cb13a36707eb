/* SPDX-License-Identifier: MIT */
/* Two stacks, one calling the other (RFC 3261 unless said otherwise).
 *
 * answer_and_hang_up        13.2, 13.3.1.4, 15.1  INVITE, 180, 200, ACK, BYE
 * callee_hangs_up           15.1.2
 * ring_and_cancel           9.1, 9.2              CANCEL after a 1xx, 487
 * cancel_before_1xx         9.1                   the wish is kept until a 1xx comes
 * cancel_crosses_200        9.1, 13.2.2.4         ACK and BYE to the 200
 * busy                      17.1.1.3              486, ACK, free at once
 * both_hang_up              15.1.2                BYEs cross
 * lost_invite               17.1.1.2              timer A
 * lost_200                  13.3.1.4
 * lost_ack                  13.2.2.4              the 200 again gets the ACK again
 * lost_bye                  17.1.2.2              timer E
 * end_before_ack            15                    no BYE before the ACK
 * nobody_acks               13.3.1.4              BYE after 64*T1, ENDED 408
 * callee_vanishes           17.1.2.2              BYE goes unanswered, the usage goes all the same
 * end_in_each_hook          the hook may end the usage that it is told of
 * invite_after_end          a call being ended is an object of its own
 * early_media               13.2.2.1              183 with SDP
 * ring_time_out             9.1
 * not_adopted               480
 * rejected_with_extra       21.4.8                407 with its header
 * pool_is_full              ST_FULL, and lingering ones make room
 */
#include "support_sim.h"

#include <stdio.h>
#include <string.h>

struct pair {
    struct sim *sim;
    struct sim_ua *a, *b;
};

static struct pair open_pair(void)
{
    struct pair p = {.sim = sim_open()};
    p.a = sim_ua(p.sim, 1, 2);
    p.b = sim_ua(p.sim, 2, 1);
    p.b->adopt = true;
    return p;
}

static void answer(struct pair *p)
{
    assert_int_equal(sip_inv_answer(p->b->stack, p->sim->now, p->b->call, SPAN_LIT(SDP_ANSWER)), ST_OK);
}

static void ring(struct pair *p)
{
    assert_int_equal(sip_inv_progress(p->b->stack, p->sim->now, p->b->call, 180, SPAN_NONE), ST_OK);
}

static struct pair open_call(void)
{
    struct pair p = open_pair();
    p.b->answer_at_once = 200;
    sim_invite(p.a, "sip:echo@example.org", 0);
    sim_run(p.sim, DUR_MS(200));
    assert_int_equal(sim_events(p.a, SIP_EVENT_ANSWERED), 1);
    assert_int_equal(sim_events(p.b, SIP_EVENT_CONFIRMED), 1);
    return p;
}

static void answer_and_hang_up(void **state)
{
    (void)state;
    struct pair p = open_pair();
    sim_invite(p.a, "sip:echo@example.org", 0);
    assert_true(sip_inv_call_id(p.a->stack, p.a->call).len >= 24);
    sim_run(p.sim, DUR_MS(50));
    assert_string_equal(sim_event(p.b, SIP_EVENT_INCOMING)->body, SDP_OFFER);
    assert_string_equal(sim_event(p.b, SIP_EVENT_INCOMING)->user, "echo");
    ring(&p);
    sim_run(p.sim, DUR_S(3));
    assert_int_equal(sim_event(p.a, SIP_EVENT_PROGRESS)->code, 180);
    answer(&p);
    sim_run(p.sim, DUR_S(1));
    assert_string_equal(sim_event(p.a, SIP_EVENT_ANSWERED)->body, SDP_ANSWER);
    assert_int_equal(sim_events(p.a, SIP_EVENT_ANSWERED), 1);
    assert_int_equal(sim_events(p.b, SIP_EVENT_CONFIRMED), 1);
    assert_int_equal(sip_stack_busy(p.a->stack), 1);
    sim_end(p.a);
    sim_run(p.sim, DUR_MS(100));
    sim_assert_ended(p.b, 200);
    assert_string_equal(sim_event(p.b, SIP_EVENT_ENDED)->reason, "OK");
    assert_true(pool_id_eq(sim_event(p.b, SIP_EVENT_ENDED)->owner, p.b->id));
    assert_int_equal(sip_stack_busy(p.a->stack), 0);
    assert_int_equal(sim_events(p.a, SIP_EVENT_ENDED), 0);
    assert_int_equal(sim_sent(p.sim, 2, "BYE"), 1);
    assert_int_equal(sim_sent(p.sim, 2, "ACK"), 1);
    sim_close(p.sim);
}

static void callee_hangs_up(void **state)
{
    (void)state;
    struct pair p = open_call();
    sim_end(p.b);
    sim_run(p.sim, DUR_MS(100));
    sim_assert_ended(p.a, 200);
    assert_int_equal(sim_events(p.b, SIP_EVENT_ENDED), 0);
    sim_close(p.sim);
}

static void ring_and_cancel(void **state)
{
    (void)state;
    struct pair p = open_pair();
    sim_invite(p.a, "sip:echo@example.org", 0);
    sim_run(p.sim, DUR_MS(50));
    ring(&p);
    sim_run(p.sim, DUR_S(20));
    sim_end(p.a);
    sim_run(p.sim, DUR_MS(100));
    sim_assert_ended(p.b, 487);
    assert_int_equal(sim_sent(p.sim, 2, "CANCEL"), 1);
    assert_int_equal(sim_sent(p.sim, 2, "ACK"), 1);
    assert_int_equal(sim_sent(p.sim, 2, "BYE"), 0);
    assert_int_equal(sim_sent(p.sim, 1, "SIP/2.0 487"), 1);
    assert_int_equal(sip_stack_busy(p.a->stack), 0);
    assert_int_equal(sim_events(p.a, SIP_EVENT_ENDED), 0);
    sim_close(p.sim);
}

static void cancel_before_1xx(void **state)
{
    (void)state;
    struct pair p = open_pair();
    sim_invite(p.a, "sip:echo@example.org", 0);
    sim_end(p.a);
    sim_run(p.sim, DUR_MS(50));
    assert_int_equal(sim_sent(p.sim, 2, "CANCEL"), 0);
    ring(&p);
    sim_run(p.sim, DUR_MS(100));
    assert_int_equal(sim_sent(p.sim, 2, "CANCEL"), 1);
    sim_assert_ended(p.b, 487);
    sim_close(p.sim);
}

static void cancel_crosses_200(void **state)
{
    (void)state;
    struct pair p = open_pair();
    sim_invite(p.a, "sip:echo@example.org", 0);
    sim_run(p.sim, DUR_MS(50));
    ring(&p);
    sim_run(p.sim, DUR_S(2));
    sim_end(p.a);
    answer(&p);
    sim_run(p.sim, DUR_S(1));
    assert_int_equal(sim_sent(p.sim, 2, "CANCEL"), 1);
    assert_int_equal(sim_sent(p.sim, 2, "ACK"), 1);
    assert_int_equal(sim_sent(p.sim, 2, "BYE"), 1);
    sim_assert_ended(p.b, 200);
    assert_int_equal(sim_events(p.a, SIP_EVENT_ANSWERED), 0);
    sim_close(p.sim);
}

static void busy(void **state)
{
    (void)state;
    struct pair p = open_pair();
    p.b->answer_at_once = 486;
    sim_invite(p.a, "sip:busy@example.org", 0);
    sim_run(p.sim, DUR_MS(100));
    sim_assert_ended(p.a, 486);
    assert_string_equal(sim_event(p.a, SIP_EVENT_ENDED)->reason, "Busy Here");
    assert_int_equal(sim_sent(p.sim, 2, "ACK"), 1);
    assert_int_equal(sim_events(p.b, SIP_EVENT_ENDED), 0);
    sim_close(p.sim);
}

static void both_hang_up(void **state)
{
    (void)state;
    struct pair p = open_call();
    sim_end(p.a);
    sim_end(p.b);
    sim_run(p.sim, DUR_S(1));
    assert_int_equal(sim_sent(p.sim, 1, "BYE"), 1);
    assert_int_equal(sim_sent(p.sim, 2, "BYE"), 1);
    assert_int_equal(sim_sent(p.sim, 1, "SIP/2.0 481"), 0);
    assert_int_equal(sim_sent(p.sim, 2, "SIP/2.0 481"), 0);
    assert_int_equal(sim_events(p.a, SIP_EVENT_ENDED) + sim_events(p.b, SIP_EVENT_ENDED), 0);
    sim_close(p.sim);
}

static const char *lose_start;
static bool lose_first(struct sim *sim, const struct sim_message *m)
{
    if (sim->lose_count > 0 && strncmp(m->text, lose_start, strlen(lose_start)) == 0) {
        sim->lose_count--;
        return true;
    }
    return false;
}

static struct pair open_lossy(const char *start, int count)
{
    struct pair p = open_pair();
    lose_start = start;
    p.sim->lose = lose_first;
    p.sim->lose_count = count;
    p.b->answer_at_once = 200;
    return p;
}

static void lost_invite(void **state)
{
    (void)state;
    struct pair p = open_lossy("INVITE", 3);
    mono_us start = p.sim->now;
    sim_invite(p.a, "sip:echo@example.org", 0);
    sim_run(p.sim, DUR_S(5));
    assert_int_equal(sim_sent(p.sim, 2, "INVITE"), 4);
    assert_int_equal(sim_must(p.sim, 2, "INVITE", 1)->at - start, DUR_MS(500));
    assert_int_equal(sim_must(p.sim, 2, "INVITE", 2)->at - start, DUR_MS(1500));
    assert_int_equal(sim_must(p.sim, 2, "INVITE", 3)->at - start, DUR_MS(3500));
    assert_int_equal(sim_events(p.a, SIP_EVENT_ANSWERED), 1);
    sim_end(p.a);
    sim_run(p.sim, DUR_S(1));
    sim_assert_ended(p.b, 200);
    sim_close(p.sim);
}

static void lost_200(void **state)
{
    (void)state;
    struct pair p = open_lossy("SIP/2.0 200", 2);
    sim_invite(p.a, "sip:echo@example.org", 0);
    sim_run(p.sim, DUR_S(5));
    assert_int_equal(sim_sent(p.sim, 1, "SIP/2.0 200"), 3);
    mono_us first = sim_must(p.sim, 1, "SIP/2.0 200", 0)->at;
    assert_int_equal(sim_must(p.sim, 1, "SIP/2.0 200", 1)->at - first, DUR_MS(500));
    assert_int_equal(sim_must(p.sim, 1, "SIP/2.0 200", 2)->at - first, DUR_MS(1500));
    assert_int_equal(sim_events(p.b, SIP_EVENT_CONFIRMED), 1);
    sim_end(p.b);
    sim_run(p.sim, DUR_S(1));
    sim_assert_ended(p.a, 200);
    sim_close(p.sim);
}

static void lost_ack(void **state)
{
    (void)state;
    struct pair p = open_lossy("ACK", 2);
    sim_invite(p.a, "sip:echo@example.org", 0);
    sim_run(p.sim, DUR_S(5));
    assert_int_equal(sim_sent(p.sim, 1, "SIP/2.0 200"), 3);
    assert_int_equal(sim_sent(p.sim, 2, "ACK"), 3);
    assert_string_equal(sim_must(p.sim, 2, "ACK", 0)->text, sim_must(p.sim, 2, "ACK", 2)->text);
    assert_int_equal(sim_events(p.a, SIP_EVENT_ANSWERED), 1);
    assert_int_equal(sim_events(p.b, SIP_EVENT_CONFIRMED), 1);
    sim_end(p.a);
    sim_run(p.sim, DUR_S(1));
    sim_assert_ended(p.b, 200);
    sim_close(p.sim);
}

static void lost_bye(void **state)
{
    (void)state;
    struct pair p = open_lossy("BYE", 3);
    sim_invite(p.a, "sip:echo@example.org", 0);
    sim_run(p.sim, DUR_S(1));
    sim_end(p.a);
    mono_us start = p.sim->now;
    sim_run(p.sim, DUR_S(10));
    assert_int_equal(sim_sent(p.sim, 2, "BYE"), 4);
    assert_int_equal(sim_must(p.sim, 2, "BYE", 3)->at - start, DUR_MS(3500));
    sim_assert_ended(p.b, 200);
    sim_close(p.sim);
}

static void end_before_ack(void **state)
{
    (void)state;
    struct pair p = open_lossy("ACK", 1);
    sim_invite(p.a, "sip:echo@example.org", 0);
    sim_run(p.sim, DUR_MS(100));
    sim_end(p.b);
    sim_run(p.sim, DUR_MS(200));
    assert_int_equal(sim_sent(p.sim, 1, "BYE"), 0);
    sim_run(p.sim, DUR_S(1));
    assert_int_equal(sim_sent(p.sim, 1, "BYE"), 1);
    sim_assert_ended(p.a, 200);
    assert_int_equal(sim_events(p.b, SIP_EVENT_CONFIRMED), 0);
    sim_close(p.sim);
}

static void nobody_acks(void **state)
{
    (void)state;
    struct pair p = open_lossy("ACK", 1000);
    mono_us start = p.sim->now;
    sim_invite(p.a, "sip:echo@example.org", 0);
    sim_run(p.sim, DUR_S(40));
    sim_assert_ended(p.b, 408);
    assert_int_equal(sim_event(p.b, SIP_EVENT_ENDED)->at - start, DUR_MS(10) + 64 * T1);
    /* 0, 0.5, 1.5, 3.5, 7.5, then every 4 s up to 31.5 */
    assert_int_equal(sim_must(p.sim, 1, "SIP/2.0 200", 10)->at - start, DUR_MS(10) + DUR_MS(31500));
    assert_int_equal(sim_sent(p.sim, 1, "BYE"), 1);
    sim_assert_ended(p.a, 200);
    sim_close(p.sim);
}

static bool lose_to_2(struct sim *sim, const struct sim_message *m)
{
    struct net_addr gone = sim_addr(2);
    return sim->lose_count > 0 && addr_equal(&m->to, &gone);
}

static void callee_vanishes(void **state)
{
    (void)state;
    struct pair p = open_call();
    p.sim->lose = lose_to_2;
    p.sim->lose_count = 1;
    mono_us start = p.sim->now;
    sim_end(p.a);
    sim_run(p.sim, DUR_S(31));
    assert_int_equal(sip_stack_busy(p.a->stack), 1);
    sim_run(p.sim, DUR_S(2));
    assert_int_equal(sip_stack_busy(p.a->stack), 0);
    /* timer E: 0, 0.5, 1.5, 3.5, 7.5, … 31.5 */
    assert_int_equal(sim_sent(p.sim, 2, "BYE"), 11);
    assert_int_equal(sim_must(p.sim, 2, "BYE", 10)->at - start, DUR_MS(31500));
    assert_int_equal(sim_events(p.a, SIP_EVENT_ENDED), 0);
    p.sim->lose_count = 0;
    sim_end(p.b);
    sim_close(p.sim);
}

static void end_in_each_hook(void **state)
{
    (void)state;
    static const struct {
        enum sip_event_kind kind;
        bool at_callee;
    } hooks[] = {
        {SIP_EVENT_PROGRESS, false}, {SIP_EVENT_ANSWERED, false}, {SIP_EVENT_INCOMING, true},
        {SIP_EVENT_CONFIRMED, true}, {SIP_EVENT_ENDED, true},
    };
    for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
        struct pair p = open_pair();
        struct sim_ua *ua = hooks[i].at_callee ? p.b : p.a;
        ua->end_armed = true;
        ua->end_on = hooks[i].kind;
        sim_invite(p.a, "sip:echo@example.org", 0);
        sim_run(p.sim, DUR_MS(50));
        (void)!sip_inv_progress(p.b->stack, p.sim->now, p.b->call, 180, SPAN_NONE);
        sim_run(p.sim, DUR_MS(50));
        (void)!sip_inv_answer(p.b->stack, p.sim->now, p.b->call, SPAN_LIT(SDP_ANSWER));
        sim_run(p.sim, DUR_S(1));
        if (hooks[i].kind == SIP_EVENT_ENDED) {
            sim_end(p.a);
        }
        sim_run(p.sim, DUR_S(1));
        assert_int_equal(sip_stack_busy(p.a->stack), 0);
        assert_int_equal(sip_stack_busy(p.b->stack), 0);
        assert_true(sim_events(p.a, SIP_EVENT_ENDED) <= 1);
        assert_true(sim_events(p.b, SIP_EVENT_ENDED) <= 1);
        sim_close(p.sim);
    }
}

static void invite_after_end(void **state)
{
    (void)state;
    struct pair p = open_call();
    struct pool_id first = p.a->call;
    sim_end(p.a);
    struct pool_id second = sim_invite(p.a, "sip:echo@example.org", 0);
    assert_false(pool_id_eq(first, second));
    sim_run(p.sim, DUR_MS(100));
    assert_int_equal(sim_sent(p.sim, 2, "BYE"), 1);
    assert_int_equal(sim_events(p.a, SIP_EVENT_ANSWERED), 2);
    assert_string_not_equal(sim_header(sim_nth(p.sim, 2, "INVITE", 0), "Call-ID"),
                            sim_header(sim_nth(p.sim, 2, "INVITE", 1), "Call-ID"));
    assert_string_not_equal(sim_header(sim_nth(p.sim, 2, "INVITE", 0), "From"),
                            sim_header(sim_nth(p.sim, 2, "INVITE", 1), "From"));
    sip_inv_end(p.a->stack, p.sim->now, first); /* stale: nothing */
    sim_end(p.a);
    sim_close(p.sim);
}

static void early_media(void **state)
{
    (void)state;
    struct pair p = open_pair();
    sim_invite(p.a, "sip:echo@example.org", 0);
    sim_run(p.sim, DUR_MS(50));
    assert_int_equal(sip_inv_progress(p.b->stack, p.sim->now, p.b->call, 183, SPAN_LIT(SDP_ANSWER)), ST_OK);
    sim_run(p.sim, DUR_MS(50));
    assert_int_equal(sim_event(p.a, SIP_EVENT_PROGRESS)->code, 183);
    assert_string_equal(sim_event(p.a, SIP_EVENT_PROGRESS)->body, SDP_ANSWER);
    answer(&p);
    sim_run(p.sim, DUR_MS(100));
    assert_int_equal(sip_inv_progress(p.b->stack, p.sim->now, p.b->call, 180, SPAN_NONE), ST_STATE);
    assert_int_equal(sip_inv_answer(p.b->stack, p.sim->now, p.b->call, SPAN_NONE), ST_STATE);
    assert_int_equal(sip_inv_reject(p.b->stack, p.sim->now, p.b->call, 486, SPAN_NONE), ST_STATE);
    assert_int_equal(sip_inv_adopt(p.b->stack, p.b->sim->now, p.b->call, POOL_ID_NONE), ST_STATE);
    assert_int_equal(sip_inv_accept_offer(p.b->stack, p.sim->now, p.b->call, SPAN_NONE), ST_STATE);
    assert_int_equal(sip_inv_refuse_offer(p.b->stack, p.sim->now, p.b->call, 488), ST_STATE);
    sim_end(p.a);
    sim_close(p.sim);
}

static void ring_time_out(void **state)
{
    (void)state;
    struct pair p = open_pair();
    mono_us start = p.sim->now;
    sim_invite(p.a, "sip:noanswer@example.org", DUR_S(30));
    sim_run(p.sim, DUR_MS(50));
    ring(&p);
    sim_run(p.sim, DUR_S(31));
    sim_assert_ended(p.a, 408);
    assert_int_equal(sim_event(p.a, SIP_EVENT_ENDED)->at - start, DUR_S(30));
    assert_int_equal(sim_sent(p.sim, 2, "CANCEL"), 1);
    sim_assert_ended(p.b, 487);
    sim_close(p.sim);
}

static void not_adopted(void **state)
{
    (void)state;
    struct pair p = open_pair();
    p.b->adopt = false;
    sim_invite(p.a, "sip:echo@example.org", 0);
    sim_run(p.sim, DUR_MS(100));
    sim_assert_ended(p.a, 480);
    assert_int_equal(sim_events(p.b, SIP_EVENT_INCOMING), 1);
    sim_close(p.sim);
}

static void rejected_with_extra(void **state)
{
    (void)state;
    struct pair p = open_pair();
    sim_invite(p.a, "sip:auth@example.org", 0);
    sim_run(p.sim, DUR_MS(50));
    assert_int_equal(sip_inv_reject(p.b->stack, p.sim->now, p.b->call, 199, SPAN_NONE), ST_BAD);
    assert_int_equal(sip_inv_reject(p.b->stack, p.sim->now, p.b->call, 407,
                                    SPAN_LIT("Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n")),
                     ST_OK);
    sim_run(p.sim, DUR_MS(100));
    sim_assert_ended(p.a, 407);
    assert_true(sim_event(p.a, SIP_EVENT_ENDED)->auth_failed);
    sim_assert_has(sim_nth(p.sim, 1, "SIP/2.0 407", 0), "Proxy-Authenticate: Digest realm");
    sim_close(p.sim);
}

static void pool_is_full(void **state)
{
    (void)state;
    struct pair p = open_pair();
    struct pool_id ids[8];
    for (size_t i = 0; i < 8; i++) {
        ids[i] = sim_invite(p.a, "sip:echo@example.org", 0);
    }
    struct pool_id more;
    assert_int_equal(sip_inv_invite(p.a->stack, p.sim->now, SPAN_LIT("sip:a@b"), SPAN_NONE, 0, POOL_ID_NONE, &more),
                     ST_FULL);
    sim_run(p.sim, DUR_MS(50));
    p.b->call = sim_event(p.b, SIP_EVENT_INCOMING)->usage;
    answer(&p);
    sim_run(p.sim, DUR_MS(100));
    sip_inv_end(p.a->stack, p.sim->now, sim_event(p.a, SIP_EVENT_ANSWERED)->usage);
    sim_run(p.sim, DUR_MS(100));
    /* it lingers for late 200s, and gives way */
    assert_int_equal(sip_stack_stats(p.a->stack).usages, 8);
    p.a->call = sim_invite(p.a, "sip:echo@example.org", 0);
    for (size_t i = 0; i < 8; i++) {
        sip_inv_end(p.a->stack, p.sim->now, ids[i]);
    }
    sim_end(p.a);
    sim_run(p.sim, DUR_S(1));
    for (size_t i = 0; i < p.b->event_count; i++) {
        sip_inv_end(p.b->stack, p.sim->now, p.b->events[i].usage);
    }
    sim_close(p.sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_and_hang_up), cmocka_unit_test(callee_hangs_up),
        cmocka_unit_test(ring_and_cancel),    cmocka_unit_test(cancel_before_1xx),
        cmocka_unit_test(cancel_crosses_200), cmocka_unit_test(busy),
        cmocka_unit_test(both_hang_up),       cmocka_unit_test(lost_invite),
        cmocka_unit_test(lost_200),           cmocka_unit_test(lost_ack),
        cmocka_unit_test(lost_bye),           cmocka_unit_test(end_before_ack),
        cmocka_unit_test(nobody_acks),        cmocka_unit_test(callee_vanishes),
        cmocka_unit_test(end_in_each_hook),   cmocka_unit_test(invite_after_end),
        cmocka_unit_test(early_media),        cmocka_unit_test(ring_time_out),
        cmocka_unit_test(not_adopted),        cmocka_unit_test(rejected_with_extra),
        cmocka_unit_test(pool_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
