/* SPDX-License-Identifier: MIT */
/* Many telephones behind one proxy (13.2.2.4), what their early dialogs hold, and what their UPDATEs meet. The stack at
 * 10.0.0.1, the proxy 10.0.0.2; the telephones are named by their tags and speak through it.
 *
 * twenty_ring           any of twenty that ring answers: its 200 is taken; ACK and BYE to the others'
 * twenty_answer         all at once, none answers its BYE: each gets both
 * pool_is_shared        early dialogs of one call never cost another its answer, nor an incoming call
 * own_answer            RFC 6337 2.1: a 200 without SDP counts what the same fork's 183 said
 * only_answer           and what the only fork with SDP said, when the tag is a new one
 * last_early_answer     of several 183 the last SDP counts; a 180 without takes none away
 * sdp_beside_many       a 183 with SDP is kept where sixteen silent telephones ring
 * early_of_another_invite   a redirection's answer is not that of the call before
 * update_while_ringing  RFC 3311 5.2: UPDATE without SDP in an early dialog: 200, with Contact; ours and theirs
 * update_with_offer     491 and 500 as before
 * update_of_a_fork      in an early dialog 200; after its BYE 481
 */
#include "support_sim.h"

#include <stdio.h>
#include <string.h>

#define RINGING 20

static const char *tag_of(int n)
{
    static char text[4][16];
    static unsigned at;
    char *out = text[at++ % 4];
    (void)snprintf(out, 16, "f%d.", n);
    return out;
}

static const char *contact_of(int n)
{
    static char text[4][64];
    static unsigned at;
    char *out = text[at++ % 4];
    (void)snprintf(out, 64, "Contact: <sip:f%d.@10.0.0.2>\r\n", n);
    return out;
}

static const struct sim_message *call(struct sim_ua *ua)
{
    sim_invite(ua, "sip:group@example.org", 0);
    return sim_expect(ua->sim, 2, "INVITE");
}

static void respond(struct sim_ua *ua, const struct sim_message *invite, int n, int code, const char *sdp)
{
    sim_reply(ua->sim, 2, invite, code, tag_of(n), contact_of(n), sdp);
}

static size_t sent_to(const struct sim_ua *ua, const char *method, int n)
{
    char start[64];
    (void)snprintf(start, sizeof(start), "%s sip:f%d.@", method, n);
    return sim_sent(ua->sim, 2, start);
}

/* Answers every BYE that comes until nothing does. */
static void settle(struct sim_ua *ua)
{
    const struct sim_message *bye;
    while ((bye = sim_await(ua->sim, 2, "BYE", DUR_S(1))) != NULL) {
        sim_reply(ua->sim, 2, bye, 200, "", "", "");
    }
}

static void twenty_ring(void **state)
{
    static const int answering[] = {0, 15, 16, RINGING - 1};
    (void)state;
    for (size_t i = 0; i < sizeof(answering) / sizeof(answering[0]); i++) {
        struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
        const struct sim_message *invite = call(ua);
        int first = answering[i];
        for (int n = 0; n < RINGING; n++) {
            respond(ua, invite, n, 180, "");
        }
        sim_run(ua->sim, DUR_S(1));
        respond(ua, invite, first, 200, SDP_ANSWER);
        sim_run(ua->sim, DUR_MS(50));
        assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 1);
        assert_int_equal(sent_to(ua, "ACK", first), 1);
        for (int n = 0; n < RINGING; n++) {
            respond(ua, invite, n, 200, SDP_ANSWER);
            sim_run(ua->sim, DUR_MS(10));
        }
        settle(ua);
        for (int n = 0; n < RINGING; n++) {
            assert_in_range(sent_to(ua, "ACK", n), n == first ? 2 : 1, n == first ? 2 : 1);
            assert_int_equal(sent_to(ua, "BYE", n), n == first ? 0 : 1);
        }
        assert_int_equal(sim_events(ua, SIP_EVENT_ENDED), 0);
        sim_end(ua);
        settle(ua);
        sim_close(ua->sim);
    }
}

static void twenty_answer(void **state)
{
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    (void)state;
    const struct sim_message *invite = call(ua);
    for (int round = 0; round < 3; round++) {
        for (int n = 0; n < RINGING; n++) {
            respond(ua, invite, n, 200, SDP_ANSWER);
        }
        sim_run(ua->sim, DUR_MS(500));
    }
    assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 1);
    for (int n = 0; n < RINGING; n++) {
        assert_true(sent_to(ua, "ACK", n) >= 3);
        assert_true(n == 0 ? sent_to(ua, "BYE", n) == 0 : sent_to(ua, "BYE", n) >= 1);
    }
    sim_run(ua->sim, DUR_S(40));
    assert_int_equal(sim_events(ua, SIP_EVENT_ENDED), 0);
    sim_end(ua);
    settle(ua);
    sim_close(ua->sim);
}

static void pool_is_shared(void **state)
{
    struct sim_ua *ua = sim_prepare(sim_open(), 1, 2);
    (void)state;
    ua->config.max_usages = 3; /* twelve dialogs */
    ua->adopt = true;
    sim_start(ua);
    const struct sim_message *group = call(ua);
    struct pool_id ringing = ua->call;
    for (int n = 0; n < RINGING; n++) {
        respond(ua, group, n, 180, "");
    }
    const struct sim_message *other = call(ua);
    respond(ua, other, 50, 200, SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 1);
    assert_int_equal(sent_to(ua, "ACK", 50), 1);
    struct pool_id up = ua->call;
    for (int n = 0; n < RINGING; n++) {
        respond(ua, group, n, 180, ""); /* whoever rings again has a dialog again */
    }
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER);
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_events(ua, SIP_EVENT_INCOMING), 1);
    assert_int_equal(sip_inv_answer(ua->stack, ua->sim->now, ua->call, SPAN_LIT(SDP_ANSWER)), ST_OK);
    sim_expect(ua->sim, 2, "SIP/2.0 200");
    respond(ua, group, RINGING - 1, 200, SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 2);
    assert_int_equal(sim_events(ua, SIP_EVENT_ENDED), 0);
    sip_inv_end(ua->stack, ua->sim->now, ringing);
    sip_inv_end(ua->stack, ua->sim->now, up);
    sim_end(ua);
    sim_run(ua->sim, DUR_S(40));
    settle(ua);
    sim_close(ua->sim);
}

#define EARLY(name) "v=0\r\no=- 2 1 IN IP4 10.0.0.2\r\ns=" name "\r\nt=0 0\r\n"

/* The answer that was told. */
static void answered_with(struct sim_ua *ua, const char *sdp)
{
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_events(ua, SIP_EVENT_ANSWERED), 1);
    assert_string_equal(sim_event(ua, SIP_EVENT_ANSWERED)->body, sdp);
    sim_end(ua);
    settle(ua);
    sim_close(ua->sim);
}

static void own_answer(void **state)
{
    (void)state;
    for (int answering = 0; answering < 3; answering++) {
        struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
        const struct sim_message *invite = call(ua);
        respond(ua, invite, 0, 183, EARLY("first"));
        respond(ua, invite, 1, 183, EARLY("second"));
        respond(ua, invite, 2, 180, "");
        respond(ua, invite, answering, 200, "");
        /* whoever has said nothing has answered nothing: which of the two should it be? */
        answered_with(ua, answering == 0 ? EARLY("first") : answering == 1 ? EARLY("second") : "");
    }
}

static void only_answer(void **state)
{
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    (void)state;
    const struct sim_message *invite = call(ua);
    respond(ua, invite, 0, 183, EARLY("first"));
    respond(ua, invite, 1, 200, "");
    answered_with(ua, EARLY("first"));
}

static void last_early_answer(void **state)
{
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    (void)state;
    const struct sim_message *invite = call(ua);
    respond(ua, invite, 0, 180, "");
    respond(ua, invite, 0, 183, EARLY("first"));
    respond(ua, invite, 0, 183, EARLY("changed"));
    respond(ua, invite, 0, 180, "");
    respond(ua, invite, 0, 200, "");
    answered_with(ua, EARLY("changed"));
}

static void sdp_beside_many(void **state)
{
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    (void)state;
    const struct sim_message *invite = call(ua);
    for (int n = 0; n < RINGING; n++) {
        respond(ua, invite, n, 180, "");
    }
    respond(ua, invite, RINGING, 183, EARLY("announcement"));
    respond(ua, invite, RINGING + 1, 183, EARLY("another"));
    respond(ua, invite, RINGING, 200, "");
    answered_with(ua, EARLY("announcement"));
}

static void early_of_another_invite(void **state)
{
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    (void)state;
    const struct sim_message *invite = call(ua);
    respond(ua, invite, 0, 183, EARLY("first"));
    sim_reply(ua->sim, 2, invite, 302, tag_of(0), "Contact: <sip:other@example.org>\r\n", "");
    invite = sim_expect(ua->sim, 2, "INVITE sip:other");
    respond(ua, invite, 0, 200, "");
    answered_with(ua, "");
}

static void assert_refreshed(struct sim_ua *ua, struct sim_dialog *d)
{
    sim_request(ua->sim, 2, 1, d, "UPDATE", "", "");
    const struct sim_message *ok = sim_expect(ua->sim, 2, "SIP/2.0 ");
    sim_assert_has(ok, "SIP/2.0 200");
    sim_assert_has(ok, "UPDATE\r\n");
    assert_non_null(strstr(sim_header(ok, "Contact"), "@10.0.0.1:5060"));
}

static void update_while_ringing(void **state)
{
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    (void)state;
    /* we call */
    const struct sim_message *invite = call(ua);
    respond(ua, invite, 0, 183, SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(50));
    struct sim_dialog d = sim_dialog_of_invite(invite, tag_of(0));
    assert_refreshed(ua, &d);
    assert_refreshed(ua, &d);
    sim_end(ua); /* while the CANCEL is under way the dialog is there */
    const struct sim_message *cancel = sim_expect(ua->sim, 2, "CANCEL");
    assert_refreshed(ua, &d);
    sim_reply(ua->sim, 2, cancel, 200, "c", "", "");
    respond(ua, invite, 0, 487, "");
    sim_run(ua->sim, DUR_MS(50));
    sim_request(ua->sim, 2, 1, &d, "UPDATE", "", "");
    sim_expect(ua->sim, 2, "SIP/2.0 481");
    /* we are called: it rings, it is answered, it is acknowledged */
    ua->adopt = true;
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER);
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sip_inv_progress(ua->stack, ua->sim->now, ua->call, 180, SPAN_NONE), ST_OK);
    d = sim_dialog_of_response(sim_expect(ua->sim, 2, "SIP/2.0 180"));
    assert_refreshed(ua, &d);
    assert_int_equal(sip_inv_answer(ua->stack, ua->sim->now, ua->call, SPAN_LIT(SDP_ANSWER)), ST_OK);
    sim_expect(ua->sim, 2, "SIP/2.0 200");
    assert_refreshed(ua, &d);
    d.cseq = 7;
    sim_request(ua->sim, 2, 1, &d, "ACK", "", "");
    d.cseq = 20;
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sim_events(ua, SIP_EVENT_CONFIRMED), 1);
    assert_refreshed(ua, &d);
    sim_end(ua);
    sim_request(ua->sim, 2, 1, &d, "UPDATE", "", "");
    sim_expect(ua->sim, 2, "SIP/2.0 481");
    sim_run(ua->sim, DUR_S(40));
    sim_close(ua->sim);
}

static void update_with_offer(void **state)
{
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    (void)state;
    const struct sim_message *invite = call(ua);
    respond(ua, invite, 0, 180, "");
    sim_run(ua->sim, DUR_MS(50));
    struct sim_dialog d = sim_dialog_of_invite(invite, tag_of(0));
    sim_request(ua->sim, 2, 1, &d, "UPDATE", "", SDP_OFFER);
    sim_expect(ua->sim, 2, "SIP/2.0 491");
    respond(ua, invite, 0, 486, "");
    ua->adopt = true;
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER);
    sim_run(ua->sim, DUR_MS(50));
    assert_int_equal(sip_inv_progress(ua->stack, ua->sim->now, ua->call, 180, SPAN_NONE), ST_OK);
    d = sim_dialog_of_response(sim_expect(ua->sim, 2, "SIP/2.0 180"));
    sim_request(ua->sim, 2, 1, &d, "UPDATE", "", SDP_OFFER);
    assert_true(sim_header(sim_expect(ua->sim, 2, "SIP/2.0 500"), "Retry-After")[0] != '\0');
    sim_end(ua);
    sim_run(ua->sim, DUR_S(40));
    sim_close(ua->sim);
}

static void update_of_a_fork(void **state)
{
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    (void)state;
    const struct sim_message *invite = call(ua);
    respond(ua, invite, 0, 180, "");
    respond(ua, invite, 1, 180, "");
    sim_run(ua->sim, DUR_MS(50));
    struct sim_dialog first = sim_dialog_of_invite(invite, tag_of(0));
    struct sim_dialog second = sim_dialog_of_invite(invite, tag_of(1));
    assert_refreshed(ua, &second);
    assert_refreshed(ua, &first);
    respond(ua, invite, 0, 200, SDP_ANSWER);
    respond(ua, invite, 1, 200, SDP_ANSWER);
    settle(ua);
    sim_request(ua->sim, 2, 1, &second, "UPDATE", "", "");
    sim_expect(ua->sim, 2, "SIP/2.0 481");
    assert_refreshed(ua, &first);
    sim_end(ua);
    settle(ua);
    sim_close(ua->sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_ring),          cmocka_unit_test(twenty_answer),
        cmocka_unit_test(pool_is_shared),       cmocka_unit_test(own_answer),
        cmocka_unit_test(only_answer),          cmocka_unit_test(last_early_answer),
        cmocka_unit_test(sdp_beside_many),      cmocka_unit_test(early_of_another_invite),
        cmocka_unit_test(update_while_ringing), cmocka_unit_test(update_with_offer),
        cmocka_unit_test(update_of_a_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
