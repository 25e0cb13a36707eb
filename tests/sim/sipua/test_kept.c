/* SPDX-License-Identifier: MIT */
/* What a call that is up still keeps of its set-up: a server with thousands of calls holds it thousands of times.
 *
 * outgoing      not its offer, nor addresses of redirections and credentials that were never needed; within 2 KiB in all
 * redirected    the addresses that redirections brought are gone with the answer; To is the first one still
 * incoming      neither the INVITE nor our answer, once that has been acknowledged; within 2 KiB in all
 * reanswered    nor our answer to a re-INVITE
 * afterwards    64*T1 behind the answer its transaction is gone too */
#include "support_sim.h"

#include <string.h>

#include "inv.h"

#define CONTACT  "Contact: <sip:phone@10.0.0.2:5060>\r\n"
#define KEPT_MAX 2048

static size_t dialog_kept(const struct sip_dialog *dialog)
{
    return sizeof(*dialog) + dialog->remote.len + dialog->tag.len + dialog->target.len + dialog->routes.len +
           dialog->ack.len + dialog->early.len;
}

/* All that the stack holds for a call, but for its transactions. */
static size_t kept(const struct sip_inv *usage)
{
    size_t sum = sizeof(*usage) + usage->call_id.len + usage->local.len + usage->uri.len + usage->offer.len +
                 usage->credentials.len + usage->answer.len;

    for (const struct list_node *n = usage->dialogs.next; n != &usage->dialogs; n = n->next) {
        sum += dialog_kept((const struct sip_dialog *)(const void *)n);
    }
    return sum;
}
_Static_assert(offsetof(struct sip_dialog, node) == 0, "dialogs are gone through without a cast of const");

static const struct sip_inv *up(const struct sim_ua *ua)
{
    const struct sip_inv *usage = sip_inv_get(ua->stack, ua->call);
    assert_non_null(usage);
    assert_int_equal(usage->state, SIP_INV_ST_CONFIRMED);
    assert_int_equal(usage->offer.len, 0);
    assert_int_equal(usage->answer.len, 0);
    assert_null(usage->invite);
    assert_null(usage->targets);
    assert_null(usage->servers.tried);
    assert_in_range(kept(usage), sizeof(*usage), KEPT_MAX);
    return usage;
}

static void hang_up(struct sim_ua *ua)
{
    sim_end(ua);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "BYE"), 200, "", "", "");
    sim_close(ua->sim);
}

static void outgoing(void **state)
{
    (void)state;
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    sim_invite(ua, "sip:0912345678@example.org", 0);
    const struct sim_message *m = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 2, m, 180, "p1", CONTACT, "");
    sim_reply(ua->sim, 2, m, 200, "p1", CONTACT, SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(20));
    assert_null(up(ua)->auth);
    hang_up(ua);
}

static void redirected(void **state)
{
    (void)state;
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    sim_invite(ua, "sip:first@example.org", 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 302, "p1", "Contact: <sip:second@example.org>\r\n", "");
    const struct sim_message *again = sim_expect(ua->sim, 2, "INVITE");
    assert_string_equal(sim_uri(again), "sip:second@example.org");
    assert_string_equal(sim_header(again, "To"), "<sip:first@example.org>");
    assert_non_null(sip_inv_get(ua->stack, ua->call)->targets);
    sim_reply(ua->sim, 2, again, 200, "p2", CONTACT, SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(20));
    (void)up(ua);
    hang_up(ua);
}

static struct sim_dialog called(struct sim_ua *ua)
{
    ua->adopt = true;
    ua->answer_at_once = 200;
    sim_stranger(ua->sim, 2, 1, "INVITE", 1, "", SDP_OFFER);
    struct sim_dialog d = sim_dialog_of_response(sim_expect(ua->sim, 2, "SIP/2.0 200"));
    const struct sip_inv *usage = sip_inv_get(ua->stack, ua->call);
    assert_non_null(usage->invite);
    assert_true(usage->answer.len > 0); /* it may have to be sent again */
    sim_request(ua->sim, 2, 1, &d, "ACK", "", "");
    sim_run(ua->sim, DUR_MS(50));
    return d;
}

static void incoming(void **state)
{
    (void)state;
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    (void)called(ua);
    (void)up(ua);
    assert_int_equal(sip_inv_offer(ua->stack, ua->call).len, 0);
    hang_up(ua);
}

static void reanswered(void **state)
{
    (void)state;
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    struct sim_dialog d = called(ua);
    ua->accept_offer = SDP_ANSWER;
    sim_request(ua->sim, 2, 1, &d, "INVITE", "Contact: <sip:caller@10.0.0.2>\r\n", SDP_OFFER);
    sim_expect(ua->sim, 2, "SIP/2.0 200");
    assert_true(sip_inv_get(ua->stack, ua->call)->answer.len > 0);
    sim_request(ua->sim, 2, 1, &d, "ACK", "", "");
    sim_run(ua->sim, DUR_MS(50));
    (void)up(ua);
    hang_up(ua);
}

static void afterwards(void **state)
{
    (void)state;
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    sim_invite(ua, "sip:0912345678@example.org", 0);
    sim_reply(ua->sim, 2, sim_expect(ua->sim, 2, "INVITE"), 200, "p1", CONTACT, SDP_ANSWER);
    sim_run(ua->sim, DUR_S(1));
    assert_int_equal(sip_stack_stats(ua->stack).transactions, 1);
    assert_int_equal(sip_tx_layer_stats(ua->stack->tx).kept_bytes, 0);
    sim_run(ua->sim, DUR_S(40));
    assert_int_equal(sip_stack_stats(ua->stack).transactions, 0);
    (void)up(ua);
    hang_up(ua);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outgoing),   cmocka_unit_test(redirected), cmocka_unit_test(incoming),
        cmocka_unit_test(reanswered), cmocka_unit_test(afterwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
