/* SPDX-License-Identifier: MIT */
/* The messages of RFC 4475 and RFC 5118 sent to a stack that is idle, that rings, and that is in a call: no crash, no
 * change of the call, and nothing but SIP responses comes back; where the RFC names the answer, that one.
 *
 * idle, calling, in_call, verdicts */
#include "support_sim.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *dir, const char *name, size_t *len)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/tests/torture/%s%s", SOURCE_DIR, dir, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return NULL;
    }
    char *data = malloc(65536);
    assert_non_null(data);
    *len = fread(data, 1, 65536, f);
    (void)fclose(f);
    return data;
}

static void feed(struct sim_ua *ua, const char *dir, const char *name)
{
    size_t len = 0;
    char *data = read_file(dir, name, &len);
    assert_non_null(data);
    struct net_addr other = sim_addr(9);
    struct sip_flow from = sip_flow_udp(&ua->addr, &other);
    size_t before = ua->sim->count;
    sip_stack_input(ua->stack, ua->sim->now, &from, data, len);
    sip_stack_reap(ua->stack);
    for (size_t i = before; i < ua->sim->count; i++) {
        assert_int_equal(strncmp(ua->sim->messages[i].text, "SIP/2.0 ", 8), 0);
    }
    assert_true(ua->sim->count - before <= 1);
    free(data);
}

static size_t feed_folder(struct sim_ua *ua, const char *sub)
{
    char path[1024];
    size_t n = 0;
    (void)snprintf(path, sizeof(path), "%s/tests/torture/%s", SOURCE_DIR, sub);
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return 0;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        const char *dot = strrchr(e->d_name, '.');
        if (dot != NULL && strcmp(dot, ".dat") == 0) {
            feed(ua, sub, e->d_name);
            n++;
        }
    }
    (void)closedir(dir);
    return n;
}

static void feed_all(struct sim_ua *ua)
{
    size_t n = feed_folder(ua, "") + feed_folder(ua, "rfc5118-wire/") + feed_folder(ua, "rfc5118/");
    assert_true(n >= 50);
}

static void idle(void **state)
{
    (void)state;
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    feed_all(ua);
    assert_int_equal(sim_events(ua, SIP_EVENT_ENDED), 0);
    sim_close(ua->sim);
}

static size_t outgoing_events(const struct sim_ua *ua)
{
    return ua->event_count - sim_events(ua, SIP_EVENT_INCOMING);
}

static void calling(void **state)
{
    (void)state;
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    sim_invite(ua, "sip:a@example.org", 0);
    const struct sim_message *m = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 2, m, 180, "p1", "", "");
    sim_run(ua->sim, DUR_MS(50));
    feed_all(ua);
    assert_int_equal(outgoing_events(ua), 1);
    sim_reply(ua->sim, 2, m, 486, "p1", "", "");
    sim_run(ua->sim, DUR_MS(50));
    sim_assert_ended(ua, 486);
    sim_close(ua->sim);
}

static void in_call(void **state)
{
    (void)state;
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    sim_invite(ua, "sip:a@example.org", 0);
    const struct sim_message *m = sim_expect(ua->sim, 2, "INVITE");
    sim_reply(ua->sim, 2, m, 200, "p1", "Contact: <sip:p@10.0.0.2:5060>\r\n", SDP_ANSWER);
    sim_run(ua->sim, DUR_MS(50));
    feed_all(ua);
    assert_int_equal(outgoing_events(ua), 1);
    struct sim_dialog d = sim_dialog_of_invite(m, "p1");
    sim_request(ua->sim, 2, 1, &d, "BYE", "", "");
    sim_run(ua->sim, DUR_MS(50));
    sim_assert_ended(ua, 200);
    sim_close(ua->sim);
}

static void verdicts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *answer; /* "": none */
    } cases[] = {
        {"intmeth.dat", "SIP/2.0 501"},
        {"esc02.dat", "SIP/2.0 501"},
        {"lwsdisp.dat", "SIP/2.0 200"},
        {"semiuri.dat", "SIP/2.0 200"},
        {"transports.dat", "SIP/2.0 200"},
        {"mpart01.dat", "SIP/2.0 405"},
        {"unreason.dat", ""},
        {"noreason.dat", ""},
        {"badinv01.dat", "SIP/2.0 400"},
        {"clerr.dat", "SIP/2.0 400"},
        {"ncl.dat", "SIP/2.0 400"},
        {"scalar02.dat", "SIP/2.0 400"},
        {"scalarlg.dat", ""},
        {"quotbal.dat", "SIP/2.0 400"},
        {"badvers.dat", "SIP/2.0 505"},
        {"mismatch01.dat", "SIP/2.0 400"},
        {"bigcode.dat", ""},
        {"unkscm.dat", "SIP/2.0 416"},
        {"novelsc.dat", "SIP/2.0 416"},
        {"bext01.dat", "SIP/2.0 420"},
        {"invut.dat", "SIP/2.0 415"},
        {"regaut01.dat", "SIP/2.0 405"},
        {"multi01.dat", "SIP/2.0 400"},
        {"mcl01.dat", "SIP/2.0 400"},
        {"bcast.dat", ""},
        {"zeromf.dat", "SIP/2.0 200"},
        {"cparam01.dat", "SIP/2.0 405"},
        {"sdp01.dat", "SIP/2.0 406"},
    };
    struct sim_ua *ua = sim_ua(sim_open(), 1, 2);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t before = ua->sim->count;
        feed(ua, "", cases[i].name);
        const char *got = ua->sim->count > before ? ua->sim->messages[before].text : "";
        if (strncmp(got, cases[i].answer, strlen(cases[i].answer)) != 0 ||
            (got[0] == '\0') != (cases[i].answer[0] == '\0')) {
            fail_msg("%s: '%.60s' instead of '%s'", cases[i].name, got, cases[i].answer);
        }
    }
    sim_close(ua->sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle),
        cmocka_unit_test(calling),
        cmocka_unit_test(in_call),
        cmocka_unit_test(verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
