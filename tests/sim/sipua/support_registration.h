/* SPDX-License-Identifier: MIT */
/* A stack that keeps itself registered, and the registrar's words, for the simulations of registration. */
#ifndef SUPPORT_REGISTRATION_H
#define SUPPORT_REGISTRATION_H

#include <stdio.h>
#include <string.h>

#include "support_sim.h"

#define WWW   "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\r\n"
#define PROXY "Proxy-Authenticate: Digest realm=\"p\", nonce=\"n2\"\r\n"
#define OURS  "<sip:voip@10.0.0.1:5060>"

static char log_text[65536];

static inline void log_sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    size_t used = strlen(log_text);
    (void)ctx;
    if (used + len + 16 < sizeof(log_text)) {
        (void)snprintf(log_text + used, sizeof(log_text) - used, "%s %.*s\n", log_level_name(level), (int)len, text);
    }
}

static struct log sim_log = {.level = LOG_INFO, .sink = log_sink};

static inline size_t logged(const char *part)
{
    size_t n = 0;
    for (const char *at = log_text; (at = strstr(at, part)) != NULL; at++) {
        n++;
    }
    return n;
}

static inline struct sim_ua *prepare(void)
{
    struct sim_ua *ua = sim_prepare(sim_open(), 1, 2);
    log_text[0] = '\0';
    ua->config.registers = true;
    ua->config.expires_s = 600;
    ua->config.learn_local = true;
    ua->config.log = &sim_log;
    ua->config.password = SPAN_LIT("secret");
    ua->config.has_password = true;
    return ua;
}

static inline struct sim_ua *start(struct sim_ua *ua)
{
    sim_start(ua);
    sip_stack_start(ua->stack, ua->sim->now);
    return ua;
}

static inline const struct sim_message *expect_register(struct sim_ua *ua, dur_us within)
{
    const struct sim_message *m = sim_await(ua->sim, 2, "REGISTER", within);
    if (m == NULL) {
        sim_ladder(ua->sim);
        fail_msg("no REGISTER within %lld s", (long long)(within / DUR_S(1)));
    }
    return m;
}

static inline void no_register(struct sim_ua *ua, dur_us within)
{
    if (sim_await(ua->sim, 2, "REGISTER", within) != NULL) {
        sim_ladder(ua->sim);
        fail_msg("a REGISTER too many");
    }
}

static inline void reply(struct sim_ua *ua, const struct sim_message *m, int code, const char *extra)
{
    sim_reply(ua->sim, 2, m, code, "reg", extra, "");
    sim_run(ua->sim, DUR_MS(30));
}

static inline void assert_up(struct sim_ua *ua, bool up)
{
    if (sip_stack_is_registered(ua->stack) != up) {
        sim_ladder(ua->sim);
        fail_msg("registered: %d\n%s", !up, log_text);
    }
}

/* Registered for 600 s without a challenge. */
static inline struct sim_ua *registered(struct sim_ua *ua)
{
    reply(ua, expect_register(ua, DUR_S(2)), 200, "Contact: " OURS ";expires=600\r\n");
    assert_up(ua, true);
    return ua;
}

/* Stops; what is out and the removal are answered. */
static inline void finish(struct sim_ua *ua)
{
    const struct sim_message *m;
    ua->sim->read = ua->sim->count;
    sip_stack_stop(ua->stack, ua->sim->now);
    while (sip_stack_busy(ua->stack) > 0 && (m = sim_await(ua->sim, 2, "REGISTER", DUR_S(40))) != NULL) {
        reply(ua, m, 200, "");
    }
    sim_run(ua->sim, DUR_S(40));
    assert_up(ua, false);
    assert_int_equal(sip_stack_busy(ua->stack), 0);
    sim_close(ua->sim);
}

#endif
