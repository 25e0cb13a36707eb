/* SPDX-License-Identifier: MIT */
/* Two gateways and two telephones, all of our stack, with a proxy in between that record-routes, forks to all three callees and
 * lets every message take its time (RFC 3261 16). Each seed draws the delays, who rings, answers, refuses and when, whether the
 * caller gives up, and who hangs up. Whatever happens:
 *
 *  one_end       each side hears of exactly one end, and of one answer at most
 *  one_call      of several that answer at once one keeps the call; the others get ACK and BYE     13.2.2.4
 *  no_ghosts     when the caller gives up nobody goes on ringing or talking                        9.1, 16.10
 *  routed        what belongs to the dialog goes through the proxy, to the Contact                 12.2.1.1, 16.12
 *  empty         no usage, transaction or timer is left (sim_close)
 *
 * The second half of the seeds loses up to a fifth of all messages, on either side of the proxy; it repeats what is its own
 * (16.7, 17): the forked INVITEs, CANCEL, the refusal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rng_seeded.h"
#include "support_sim.h"

#define CALLEES 3
#define PROXY   9
#define SEEDS   400
#define LOSSY   200 /* more, with loss */
#define REPEATS 8

struct branch {
    bool provisional, final, cancel_wanted, cancelled;
};

/* A message of the proxy's own that goes again until something stops it. */
struct repeat {
    bool on;
    uint8_t to;
    char key; /* 'I' an INVITE, 'C' a CANCEL, of branch i; 'F' the final response */
    int i;
    mono_us next;
    dur_us wait;
    char text[8192];
};

/* The proxy's memory of the one INVITE of a run. */
struct proxy {
    bool begun, won, refused;
    char invite[8192]; /* as it came */
    char sent[CALLEES][8192];
    struct branch branches[CALLEES];
    char best[8192]; /* the response to send up when nobody answers */
    int best_code;
    unsigned stateless;
    size_t through; /* requests of dialogs */
    struct repeat repeats[REPEATS];
};

struct party {
    struct sim_ua *ua;
    mono_us ring_at, act_at;
    int code; /* 200, a refusal, or 0: it only rings */
    bool rang, acted;
};

struct run {
    uint64_t seed;
    struct rng dice;
    struct proxy proxy;
    struct party parties[CALLEES];
    dur_us spread;
    uint32_t loss; /* per cent */
    size_t lost;
};

static uint32_t below(struct run *r, uint32_t bound)
{
    return rng_below(&r->dice, bound);
}

static dur_us travel(struct sim *sim)
{
    struct run *r = sim->ctx;
    return DUR_MS(1) + (dur_us)below(r, (uint32_t)r->spread);
}

static bool lose(struct sim *sim, const struct sim_message *message)
{
    struct run *r = sim->ctx;
    bool lost = below(r, 100) < r->loss;
    (void)message;
    r->lost += lost;
    return lost;
}

/* ---- the proxy, by plain text ---- */

static void keep_sending(struct sim *sim, struct run *r, uint8_t to, char key, int i, const char *text)
{
    struct repeat *free_one = NULL;
    for (int n = 0; n < REPEATS; n++) {
        free_one = r->proxy.repeats[n].on ? free_one : &r->proxy.repeats[n];
    }
    assert_non_null(free_one);
    *free_one = (struct repeat){.on = true, .to = to, .key = key, .i = i, .wait = T1, .next = sim->now + T1};
    snprintf(free_one->text, sizeof(free_one->text), "%s", text);
    sim_send_text(sim, PROXY, to, text);
}

static void stop_sending(struct run *r, char key, int i)
{
    for (int n = 0; n < REPEATS; n++) {
        struct repeat *again = &r->proxy.repeats[n];
        again->on = again->on && (again->key != key || again->i != i);
    }
}

static void send_again(struct sim *sim, struct run *r)
{
    for (int n = 0; n < REPEATS; n++) {
        struct repeat *again = &r->proxy.repeats[n];
        if (again->on && sim->now >= again->next) {
            again->on = again->wait < 64 * T1;
            again->wait *= 2;
            again->next = sim->now + again->wait;
            sim_send_text(sim, PROXY, again->to, again->text);
        }
    }
}

static void cut_line(char *text, const char *name)
{
    char mark[32];
    snprintf(mark, sizeof(mark), "\r\n%s:", name);
    char *at = strstr(text, mark);
    assert_non_null(at);
    char *end = strstr(at + 2, "\r\n");
    memmove(at, end, strlen(end) + 1);
}

static void put_line(char *text, size_t cap, const char *line)
{
    char copy[8192];
    char *at = strstr(text, "\r\n");
    snprintf(copy, sizeof(copy), "%s", at);
    snprintf(at, cap - (size_t)(at - text), "\r\n%s%s", line, copy);
}

/* The last number of an address that follows mark. */
static uint8_t host_behind(const char *text, const char *mark)
{
    const char *at = strstr(text, mark);
    assert_non_null(at);
    at = strstr(at, "10.0.0.");
    assert_non_null(at);
    return (uint8_t)atoi(at + 7);
}

static void push_via(char *text, size_t cap, const char *branch)
{
    char via[256];
    snprintf(via, sizeof(via), "Via: SIP/2.0/UDP 10.0.0.9:5060;branch=%s", branch);
    put_line(text, cap, via);
}

static void send_up(struct sim *sim, char *response)
{
    cut_line(response, "Via");
    sim_send_text(sim, PROXY, host_behind(response, "\r\nVia:"), response);
}

/* A response of the proxy's own to a request that came to it. */
static void reply(struct sim *sim, const struct sim_message *m, int code, const char *reason)
{
    char text[4096];
    snprintf(text, sizeof(text),
             "SIP/2.0 %d %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %s\r\nContent-Length: 0\r\n\r\n",
             code, reason, sim_header(m, "Via"), sim_header(m, "From"), sim_header(m, "To"),
             code > 100 ? ";tag=px" : "", sim_header(m, "Call-ID"), sim_header(m, "CSeq"));
    sim_send_text(sim, PROXY, (uint8_t)m->from.ip[3], text);
}

/* ACK or CANCEL of a fork: its INVITE's own head. */
static void write_like(struct run *r, int i, const char *method, const char *to, char *text, size_t cap)
{
    struct sim_message invite = {.text = r->proxy.sent[i]};
    snprintf(
        text, cap,
        "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKp%d\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
        "CSeq: %d %s\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        method, sim_uri(&invite), i, sim_header(&invite, "From"), to, sim_header(&invite, "Call-ID"),
        atoi(sim_header(&invite, "CSeq")), method);
}

/* No CANCEL before a 1xx (9.1). */
static void cancel_rest(struct sim *sim, struct run *r)
{
    for (int i = 0; i < CALLEES; i++) {
        struct branch *b = &r->proxy.branches[i];
        b->cancel_wanted = true;
        if (!b->final && b->provisional && !b->cancelled) {
            struct sim_message invite = {.text = r->proxy.sent[i]};
            char to[512];
            char text[4096];
            snprintf(to, sizeof(to), "%s", sim_header(&invite, "To"));
            b->cancelled = true;
            write_like(r, i, "CANCEL", to, text, sizeof(text));
            keep_sending(sim, r, (uint8_t)(2 + i), 'C', i, text);
        }
    }
}

static void fork_invite(struct sim *sim, struct run *r, const struct sim_message *m)
{
    struct proxy *p = &r->proxy;
    if (p->begun) { /* sent again: what was said is lost; the rest goes again by itself */
        reply(sim, m, 100, "Trying");
        return;
    }
    p->begun = true;
    snprintf(p->invite, sizeof(p->invite), "%s", m->text);
    reply(sim, m, 100, "Trying");
    for (int i = 0; i < CALLEES; i++) {
        char branch[32];
        char first[128];
        char *text = p->sent[i];
        snprintf(first, sizeof(first), "INVITE sip:voip@10.0.0.%d:5060 SIP/2.0", 2 + i);
        snprintf(text, sizeof(p->sent[i]), "%s%s", first, strstr(m->text, "\r\n"));
        put_line(text, sizeof(p->sent[i]), "Record-Route: <sip:10.0.0.9;lr>");
        snprintf(branch, sizeof(branch), "z9hG4bKp%d", i);
        push_via(text, sizeof(p->sent[i]), branch);
        keep_sending(sim, r, (uint8_t)(2 + i), 'I', i, text);
    }
}

static void all_refused(struct sim *sim, struct run *r)
{
    struct proxy *p = &r->proxy;
    for (int i = 0; i < CALLEES; i++) {
        if (!p->branches[i].final) {
            return;
        }
    }
    if (!p->won && !p->refused) {
        p->refused = true;
        cut_line(p->best, "Via");
        keep_sending(sim, r, host_behind(p->best, "\r\nVia:"), 'F', 0, p->best);
    }
}

static void fork_answers(struct sim *sim, struct run *r, int i, const struct sim_message *m)
{
    struct proxy *p = &r->proxy;
    struct branch *b = &p->branches[i];
    int code = atoi(m->text + 8);
    char text[8192];

    if (strstr(sim_header(m, "CSeq"), "INVITE") == NULL) {
        stop_sending(r, 'C', i);
        return;
    }
    stop_sending(r, 'I', i);
    snprintf(text, sizeof(text), "%s", m->text);
    if (code < 200) {
        b->provisional = true;
        if (code > 100) {
            send_up(sim, text);
        }
        if (b->cancel_wanted) {
            cancel_rest(sim, r);
        }
        return;
    }
    bool first = !b->final;
    b->final = true;
    if (code < 300) {
        p->won = true;
        send_up(sim, text); /* every one of them (16.7) */
        cancel_rest(sim, r);
        return;
    }
    char to[512];
    snprintf(to, sizeof(to), "%s", sim_header(m, "To"));
    char ack[4096];
    write_like(r, i, "ACK", to, ack, sizeof(ack));
    sim_send_text(sim, PROXY, (uint8_t)(2 + i), ack);
    if (first && (p->best_code == 0 || code < p->best_code || code >= 600)) {
        p->best_code = code;
        snprintf(p->best, sizeof(p->best), "%s", text);
    }
    if (code >= 600) {
        cancel_rest(sim, r); /* nobody else is to answer (16.7) */
    }
    all_refused(sim, r);
}

/* 16.12: our Route goes, the rest of the way is the Request-URI. */
static void pass_on(struct sim *sim, struct run *r, const struct sim_message *m)
{
    char text[8192];
    char branch[128];

    assert_string_equal(sim_header(m, "Route"), "<sip:10.0.0.9;lr>");
    r->proxy.through++;
    snprintf(text, sizeof(text), "%s", m->text);
    cut_line(text, "Route");
    snprintf(branch, sizeof(branch), "z9hG4bKs%s", sim_branch(m));
    push_via(text, sizeof(text), branch);
    sim_send_text(sim, PROXY, host_behind(text, " sip:"), text);
}

static void proxy_hears(struct sim *sim, const struct sim_message *m)
{
    struct run *r = sim->ctx;
    char text[8192];

    if (strncmp(m->text, "SIP/2.0 ", 8) == 0) {
        const char *branch = sim_branch(m);
        if (strncmp(branch, "z9hG4bKp", 8) == 0) {
            fork_answers(sim, r, branch[8] - '0', m);
        } else {
            snprintf(text, sizeof(text), "%s", m->text);
            send_up(sim, text);
        }
    } else if (strstr(sim_header(m, "To"), ";tag=") != NULL && strstr(m->text, "\r\nRoute:") != NULL) {
        pass_on(sim, r, m);
    } else if (strncmp(m->text, "INVITE ", 7) == 0) {
        fork_invite(sim, r, m);
    } else if (strncmp(m->text, "CANCEL ", 7) == 0) {
        reply(sim, m, 200, "OK");
        cancel_rest(sim, r);
    } else {
        stop_sending(r, 'F', 0); /* the ACK of what was refused */
    }
}

/* ---- the people ---- */

static void act(struct run *r, struct party *p, mono_us now)
{
    struct sip_stack *stack = p->ua->stack;
    bool there = sim_events(p->ua, SIP_EVENT_INCOMING) > 0 && sim_events(p->ua, SIP_EVENT_ENDED) == 0;
    (void)r;
    if (!there) {
        return;
    }
    if (!p->rang && now >= p->ring_at) {
        p->rang = true;
        assert_int_equal(sip_inv_progress(stack, now, p->ua->call, 180, SPAN_NONE), ST_OK);
    }
    if (!p->acted && p->rang && p->code != 0 && now >= p->act_at) {
        p->acted = true;
        int status = p->code == 200 ? sip_inv_answer(stack, now, p->ua->call, SPAN_LIT(SDP_ANSWER))
                                    : sip_inv_reject(stack, now, p->ua->call, p->code, SPAN_NONE);
        assert_int_equal(status, ST_OK);
    }
}

static void draw(struct run *r, struct sim *sim)
{
    static const int codes[] = {200, 200, 200, 486, 480, 603, 0};
    r->spread = 1 + (dur_us)below(r, 240000); /* there and back in less than T1 */
    bool hurry = below(r, 3) == 0;            /* everybody at once */
    for (int i = 0; i < CALLEES; i++) {
        r->parties[i] = (struct party){.ua = sim_ua(sim, (uint8_t)(2 + i), PROXY),
                                       .ring_at = sim->now + (dur_us)below(r, hurry ? 1000 : 1500000),
                                       .code = codes[below(r, 7)]};
        r->parties[i].ua->adopt = true;
        r->parties[i].act_at = r->parties[i].ring_at + (dur_us)below(r, hurry ? 200000 : 3000000);
    }
}

static void step(struct sim *sim, struct run *r, dur_us time)
{
    mono_us end = sim->now + time;
    while (sim->now < end) {
        sim_run(sim, DUR_MS(5));
        send_again(sim, r);
        for (int i = 0; i < CALLEES; i++) {
            act(r, &r->parties[i], sim->now);
        }
    }
}

/* The callee that has the call, or NULL. */
static struct party *partner(struct run *r)
{
    struct party *found = NULL;
    for (int i = 0; i < CALLEES; i++) {
        const struct sim_ua *ua = r->parties[i].ua;
        if (sim_events(ua, SIP_EVENT_CONFIRMED) > 0 && sim_events(ua, SIP_EVENT_ENDED) == 0) {
            assert_null(found); /* one call, not two */
            found = &r->parties[i];
        }
    }
    return found;
}

static size_t ends(const struct sim_ua *ua)
{
    return sim_events(ua, SIP_EVENT_ENDED);
}

static void check_over(struct run *r, const struct sim_ua *caller, bool caller_left, const struct party *who_left)
{
    assert_int_equal(ends(caller), caller_left ? 0 : 1);
    assert_true(sim_events(caller, SIP_EVENT_ANSWERED) <= 1);
    for (int i = 0; i < CALLEES; i++) {
        const struct party *p = &r->parties[i];
        size_t come = sim_events(p->ua, SIP_EVENT_INCOMING);
        bool refused = p->acted && p->code != 200;
        assert_int_equal(come, 1);
        assert_int_equal(ends(p->ua), refused || p == who_left ? 0 : 1);
    }
}

/* What the seeds came to: each kind of story must have been told. */
static size_t talked, raced, gave_up, nobody, lost;

static void count(struct run *r, const struct sim_ua *caller, bool left)
{
    size_t answers = 0;
    for (int i = 0; i < CALLEES; i++) {
        answers += sim_events(r->parties[i].ua, SIP_EVENT_CONFIRMED) > 0;
    }
    talked += sim_events(caller, SIP_EVENT_ANSWERED) > 0;
    raced += answers > 1;
    gave_up += left && sim_events(caller, SIP_EVENT_ANSWERED) == 0;
    lost += r->lost;
    nobody += !left && sim_events(caller, SIP_EVENT_ANSWERED) == 0;
}

static uint64_t current_seed;

static void play(uint64_t seed)
{
    current_seed = seed;
    const bool lossy = seed >= SEEDS;
    const dur_us settle = lossy ? 64 * T1 + DUR_S(2) : 0; /* everything has come through, or was given up */
    struct run *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
    r->seed = seed;
    r->dice = (struct rng){rng_seeded_fill, &state};
    struct sim *sim = sim_open();
    sim->ctx = r;
    sim->travel = travel;
    sim->other = proxy_hears;
    sim->lose = lose;
    r->loss = lossy ? 1 + below(r, 20) : 0;
    struct sim_ua *caller = sim_ua(sim, 1, PROXY);
    draw(r, sim);
    sim_invite(caller, "sip:0938220136@example.org", DUR_S(10));
    bool leaves = below(r, 3) == 0;
    step(sim, r, leaves ? (dur_us)below(r, 4000000) : DUR_S(12) + settle);
    bool left = false;
    struct party *who_left = NULL;
    if (ends(caller) == 0 && (leaves || below(r, 2) != 0)) {
        left = true;
        sim_end(caller); /* HANGUP */
    } else if (ends(caller) == 0 && partner(r) != NULL) {
        who_left = partner(r);
        sip_inv_end(who_left->ua->stack, sim->now, who_left->ua->call);
    }
    step(sim, r, DUR_S(4) + settle);
    if (sim_events(caller, SIP_EVENT_ANSWERED) > 0) {
        assert_true(r->proxy.through >=
                    (lossy ? 1 : 2)); /* ACK and BYE came by; an ACK may be lost and the BYE be faster */
    }
    check_over(r, caller, left, who_left);
    count(r, caller, left);
    sim_close(sim);
    free(r);
}

static void from_seeds(void **state)
{
    const char *one = getenv("PROXY_SEED");
    (void)state;
    for (uint64_t seed = one != NULL ? strtoull(one, NULL, 10) : 0; seed < SEEDS + LOSSY; seed++) {
        play(seed);
        if (one != NULL) {
            return;
        }
    }
    print_message("%zu talked, %zu raced, %zu gave up, %zu nobody; %zu messages lost\n", talked, raced, gave_up, nobody,
                  lost);
    assert_true(talked > 100 && raced > 10 && gave_up > 20 && nobody > 20 && lost > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(from_seeds)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed != 0) {
        print_error("PROXY_SEED=%llu\n", (unsigned long long)current_seed);
    }
    return failed;
}
