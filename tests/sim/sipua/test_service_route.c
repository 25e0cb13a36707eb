/* SPDX-License-Identifier: MIT */
/* Service-Route (RFC 3608): the stack at 10.0.0.1 registers at 10.0.0.2.
 *
 * in_calls           6.1   in the INVITE, the one behind a challenge, its CANCEL and the ACK to a failure; the server stays the
 *                          next hop; the dialog has its own route set
 * in_options         6.1   OPTIONS too, REGISTER never
 * follows_each_200   6.1   a later 200 changes it, one without clears it, and so does one with what cannot be a Route
 * binding_goes       6.1   not registered any more: none
 * refresh_fails            held up to its end
 * first_is_unusable        one WARNING
 */
#include "support_registration.h"

#define ROUTES  "<sip:edge.example.org;lr>, <sip:home@core.example.org:5080;lr>"
#define SERVICE "Service-Route: <sip:edge.example.org;lr>\r\nService-Route: <sip:home@core.example.org:5080;lr>\r\n"
#define BOUND   "Contact: " OURS ";expires=600\r\n"

static struct sim_ua *registered_with(struct sim_ua *ua, const char *lines)
{
    char extra[512];
    (void)snprintf(extra, sizeof(extra), BOUND "%s", lines);
    reply(ua, expect_register(ua, DUR_S(600)), 200, extra);
    assert_up(ua, true);
    return ua;
}

/* The Route of a new INVITE; it is refused. */
static const char *route_now(struct sim_ua *ua)
{
    sim_invite(ua, "sip:1@example.org", 0);
    const struct sim_message *invite = sim_expect(ua->sim, 2, "INVITE sip:1@example.org");
    reply(ua, invite, 486, "");
    return sim_header(invite, "Route");
}

static void in_calls(void **state)
{
    struct sim_ua *ua = registered_with(start(prepare()), SERVICE);
    (void)state;
    sim_invite(ua, "sip:1@example.org", 0);
    const struct sim_message *m = sim_expect(ua->sim, 2, "INVITE sip:1@example.org");
    assert_string_equal(sim_header(m, "Route"), ROUTES);
    reply(ua, m, 407, PROXY);
    assert_string_equal(sim_header(sim_expect(ua->sim, 2, "ACK"), "Route"), ROUTES);
    m = sim_expect(ua->sim, 2, "INVITE sip:1@example.org");
    assert_string_equal(sim_header(m, "Route"), ROUTES);
    assert_true(sim_header(m, "Proxy-Authorization")[0] != '\0');
    reply(ua, m, 180, "");
    sim_end(ua);
    const struct sim_message *cancel = sim_expect(ua->sim, 2, "CANCEL");
    assert_string_equal(sim_header(cancel, "Route"), ROUTES);
    reply(ua, cancel, 200, "");
    reply(ua, m, 487, "");
    sim_invite(ua, "sip:1@example.org", 0);
    m = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 2, m, 200, "t", "Contact: <sip:phone@10.0.0.2>\r\n", SDP_ANSWER);
    assert_string_equal(sim_header(sim_expect(ua->sim, 2, "ACK sip:phone"), "Route"), "");
    sim_end(ua);
    m = sim_expect(ua->sim, 2, "BYE");
    assert_string_equal(sim_header(m, "Route"), "");
    reply(ua, m, 200, "");
    finish(ua);
}

static void in_options(void **state)
{
    struct sim_ua *ua = prepare();
    (void)state;
    ua->config.keepalive = DUR_S(30);
    start(ua);
    const struct sim_message *m = sim_expect(ua->sim, 2, "OPTIONS");
    assert_string_equal(sim_header(m, "Route"), "");
    reply(ua, m, 200, "");
    registered_with(ua, SERVICE);
    m = sim_await(ua->sim, 2, "OPTIONS", DUR_S(31));
    assert_non_null(m);
    assert_string_equal(sim_header(m, "Route"), ROUTES);
    reply(ua, m, 404, ""); /* whoever is behind it answers: reachable */
    ua->sim->read = ua->sim->count;
    m = sim_await(ua->sim, 2, "REGISTER", DUR_S(600));
    assert_non_null(m);
    assert_string_equal(sim_header(m, "Route"), "");
    reply(ua, m, 200, BOUND);
    sip_stack_stop(ua->stack, ua->sim->now);
    m = sim_await(ua->sim, 2, "REGISTER", DUR_S(1));
    assert_non_null(m);
    assert_string_equal(sim_header(m, "Route"), "");
    reply(ua, m, 200, "");
    sim_run(ua->sim, DUR_S(80));
    sim_close(ua->sim);
}

static void follows_each_200(void **state)
{
    static const char *const unusable[] = {
        "Service-Route: <sip:edge.example.org>\r\n", /* a strict router's */
        "Service-Route: <sip:edge.example.org;lr>, nonsense\r\n",
        "Service-Route: <tel:1;lr>\r\n",
        "Service-Route: *\r\n",
        "Service-Route: \r\n",
    };
    struct sim_ua *ua = registered_with(start(prepare()), SERVICE);
    (void)state;
    assert_string_equal(route_now(ua), ROUTES);
    registered_with(ua, "Service-Route: \"Edge, two\" <sip:e2.example.org;lr>;x=y\r\n");
    assert_string_equal(route_now(ua), "\"Edge, two\" <sip:e2.example.org;lr>;x=y");
    registered_with(ua, "");
    assert_string_equal(route_now(ua), "");
    for (size_t i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++) {
        registered_with(ua, SERVICE);
        assert_string_equal(route_now(ua), ROUTES);
        registered_with(ua, unusable[i]);
        assert_string_equal(route_now(ua), "");
    }
    /* more than a message of ours can carry along */
    static char many[40 * 64];
    size_t len = 0;
    for (int i = 0; i < 33; i++) {
        len += (size_t)snprintf(many + len, sizeof(many) - len, "Service-Route: <sip:e%d.example.org;lr>\r\n", i);
    }
    registered_with(ua, SERVICE);
    reply(ua, expect_register(ua, DUR_S(600)), 200, many);
    assert_string_equal(route_now(ua), "");
    finish(ua);
}

static void binding_goes(void **state)
{
    struct sim_ua *ua = registered_with(start(prepare()), SERVICE);
    (void)state;
    reply(ua, expect_register(ua, DUR_S(600)), 403, "");
    assert_up(ua, false);
    assert_string_equal(route_now(ua), "");
    registered_with(ua, "");
    assert_string_equal(route_now(ua), "");
    registered_with(ua, SERVICE);
    sip_stack_stop(ua->stack, ua->sim->now);
    reply(ua, expect_register(ua, DUR_S(1)), 200, "");
    assert_string_equal(route_now(ua), "");
    sim_run(ua->sim, DUR_S(80));
    sim_close(ua->sim);
}

static void refresh_fails(void **state)
{
    struct sim_ua *ua = registered_with(start(prepare()), SERVICE);
    (void)state;
    reply(ua, expect_register(ua, DUR_S(600)), 500, "");
    assert_up(ua, true);
    assert_string_equal(route_now(ua), ROUTES);
    while (sip_stack_is_registered(ua->stack)) {
        sim_run(ua->sim, DUR_S(10));
    }
    assert_string_equal(route_now(ua), "");
    finish(ua);
}

static void first_is_unusable(void **state)
{
    struct sim_ua *ua = registered_with(start(prepare()), "Service-Route: <sip:edge.example.org>\r\n");
    (void)state;
    assert_int_equal(logged("WARNING The registrar's Service-Route is not usable"), 1);
    registered_with(ua, "Service-Route: <sip:edge.example.org>\r\n");
    assert_int_equal(logged("WARNING The registrar's Service-Route is not usable"), 1);
    finish(ua);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_calls),     cmocka_unit_test(in_options),    cmocka_unit_test(follows_each_200),
        cmocka_unit_test(binding_goes), cmocka_unit_test(refresh_fails), cmocka_unit_test(first_is_unusable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
