/* SPDX-License-Identifier: MIT */
/* Two whole gateways with their clients, and a proxy in between that record-routes, forks to the second gateway and two telephones
 * of its own, and lets every message take its time (RFC 3261 16). Each seed draws who answers, refuses or only rings and when,
 * whether the caller gives up, and who hangs up. Whatever happens:
 *
 *  one_end    the caller's client hears one `ended`; the called one INCOMING once, then INCOMING_GONE or a call with one `ended`
 *  heard      two clients that talk hear each other
 *  legal      the judges of both worlds look at every message; world_end sees that nothing is left
 *
 * What messages that are lost do to it is seen in tests/sim/sipua/test_proxy.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "incoming.h"
#include "rng_seeded.h"

#define SEEDS  120
#define HOPS   64
#define PHONES 2
#define TEXT   8192
#define VIA    "Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK"
#define RR     "Record-Route: <sip:10.0.0.9;lr>"

struct hop {
    bool on;
    mono_us at;
    int to; /* the gateway */
    char text[TEXT];
};

struct telephone {
    mono_us ring_at, final_at;
    int code; /* 0: only rings */
    bool rang, over;
};

static struct {
    uint64_t seed, state;
    struct rng dice;
    struct world *w[2];
    size_t client[2];
    size_t crossed[2]; /* RTP packets carried over */
    struct hop hops[HOPS];
    dur_us spread;
    char invite[TEXT], forked[TEXT];
    struct telephone phones[PHONES];
    bool begun, rings, over, cancelled, stopped, sent_up;
    char best[TEXT];
} r;

static uint32_t below(uint32_t bound)
{
    return rng_below(&r.dice, bound);
}

static void send_to(int to, const char *text)
{
    for (size_t i = 0; i < HOPS; i++) {
        if (!r.hops[i].on) {
            mono_us at = r.w[0]->now + DUR_MS(1) + (dur_us)below((uint32_t)r.spread);
            r.hops[i] = (struct hop){.on = true, .at = at, .to = to};
            snprintf(r.hops[i].text, TEXT, "%s", text);
            return;
        }
    }
    fail_msg("too many messages under way");
}

/* ---- plain text ---- */

static void value_of(const char *text, const char *name, char out[512])
{
    char mark[32];
    snprintf(mark, sizeof(mark), "\r\n%s: ", name);
    const char *at = strstr(text, mark);
    out[0] = '\0';
    if (at != NULL) {
        at += strlen(mark);
        snprintf(out, 512, "%.*s", (int)strcspn(at, "\r"), at);
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

/* With another first line (NULL: its own) and one more line below it. */
static void rewrite(char out[TEXT], const char *text, const char *first, const char *line)
{
    size_t head = strcspn(text, "\r");
    if (first == NULL) {
        snprintf(out, TEXT, "%.*s\r\n%s%s", (int)head, text, line, text + head);
    } else {
        snprintf(out, TEXT, "%s\r\n%s%s", first, line, text + head);
    }
}

/* A response of the proxy or of a telephone behind it; tag "": none. */
static void respond(int to, const char *request, int code, const char *tag, const char *lines, const char *sdp)
{
    char via[512], from[512], whom[512], id[512], cseq[512], text[TEXT];
    value_of(request, "Via", via);
    value_of(request, "From", from);
    value_of(request, "To", whom);
    value_of(request, "Call-ID", id);
    value_of(request, "CSeq", cseq);
    bool tagged = strstr(whom, ";tag=") != NULL || tag[0] == '\0';
    snprintf(text, sizeof(text),
             "SIP/2.0 %d Any\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n%s%sContent-Length: "
             "%zu\r\n\r\n%s",
             code, via, from, whom, tagged ? "" : ";tag=", tagged ? "" : tag, id, cseq, lines,
             sdp[0] != '\0' ? "Content-Type: application/sdp\r\n" : "", strlen(sdp), sdp);
    send_to(to, text);
}

/* CANCEL or ACK of the fork to the second gateway. */
static void send_like(const char *method, const char *whom)
{
    char from[512], id[512], text[TEXT];
    value_of(r.forked, "From", from);
    value_of(r.forked, "Call-ID", id);
    snprintf(text, sizeof(text),
             "%s sip:voip@10.0.0.2:5062 SIP/2.0\r\n" VIA
             "f\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
             "CSeq: %d %s\r\nContent-Length: 0\r\n\r\n",
             method, from, whom, id, atoi(strstr(r.forked, "\r\nCSeq: ") + 8), method);
    send_to(1, text);
}

/* ---- the proxy ---- */

static void stop_the_rest(void)
{
    char whom[512];
    r.stopped = true;
    for (int i = 0; i < PHONES; i++) {
        r.phones[i].over = true;
    }
    if (r.begun && r.rings && !r.over && !r.cancelled) {
        r.cancelled = true;
        value_of(r.forked, "To", whom);
        send_like("CANCEL", whom);
    }
}

static void maybe_refuse(void)
{
    bool all = r.over;
    for (int i = 0; i < PHONES; i++) {
        all = all && r.phones[i].over;
    }
    if (all && !r.sent_up && r.begun) {
        r.sent_up = true;
        respond(0, r.invite, r.stopped ? 487 : 486, "proxy", "", "");
    }
}

static void fork_invite(const char *text)
{
    char once[TEXT];
    mono_us now = r.w[0]->now;

    respond(0, text, 100, "", "", "");
    if (r.begun) {
        return;
    }
    r.begun = true;
    snprintf(r.invite, TEXT, "%s", text);
    rewrite(once, text, "INVITE sip:voip@10.0.0.2:5062 SIP/2.0", RR);
    rewrite(r.forked, once, NULL, VIA "f");
    send_to(1, r.forked);
    for (int i = 0; i < PHONES; i++) {
        static const int codes[] = {200, 486, 0, 0};
        mono_us ring = now + (dur_us)below(1000000);
        r.phones[i] =
            (struct telephone){.ring_at = ring, .final_at = ring + (dur_us)below(4000000), .code = codes[below(4)]};
    }
}

static void from_caller(const char *text)
{
    char whom[512], once[TEXT], passed[TEXT];
    value_of(text, "To", whom);
    bool ours = strstr(whom, ";tag=phone") == NULL;

    if (strncmp(text, "SIP/2.0 ", 8) == 0) { /* to a BYE of the other gateway */
        snprintf(once, TEXT, "%s", text);
        cut_line(once, "Via");
        send_to(1, once);
    } else if (strncmp(text, "CANCEL ", 7) == 0) {
        respond(0, text, 200, "proxy", "", "");
        stop_the_rest();
        maybe_refuse();
    } else if (strstr(text, "\r\nRoute: <sip:10.0.0.9;lr>\r\n") != NULL && ours) {
        snprintf(once, TEXT, "%s", text);
        cut_line(once, "Route");
        rewrite(passed, once, NULL, VIA "d");
        char *branch = strstr(passed, "branch=z9hG4bKd") + 15; /* one for each request */
        char tail[TEXT];
        snprintf(tail, TEXT, "%s", branch);
        snprintf(branch, (size_t)(TEXT - (branch - passed)), "%d%.1s%s", atoi(strstr(text, "\r\nCSeq: ") + 8), text,
                 tail);
        send_to(1, passed);
    } else if (strncmp(text, "BYE ", 4) == 0) {
        respond(0, text, 200, "", "", "");
    } else if (strncmp(text, "INVITE ", 7) == 0) {
        fork_invite(text);
    }
}

static void fork_answers(const char *text)
{
    int code = atoi(text + 8);
    char up[TEXT], whom[512];

    snprintf(up, TEXT, "%s", text);
    cut_line(up, "Via");
    r.rings = true;
    if (code > 100 && code < 300) {
        send_to(0, up);
    }
    if (code >= 200) {
        r.over = true;
    }
    if (code >= 300) {
        value_of(text, "To", whom);
        send_like("ACK", whom);
    }
    if (code / 100 == 2 || r.stopped) {
        r.sent_up = r.sent_up || code / 100 == 2;
        stop_the_rest();
    }
    maybe_refuse();
}

static void from_called(const char *text)
{
    char once[TEXT], passed[TEXT], cseq[512];

    snprintf(once, TEXT, "%s", text);
    value_of(text, "CSeq", cseq);
    if (strncmp(text, "SIP/2.0 ", 8) == 0) {
        if (strstr(cseq, "INVITE") != NULL) {
            fork_answers(text);
        } else if (strstr(cseq, "CANCEL") == NULL) {
            cut_line(once, "Via");
            send_to(0, once);
        }
        return;
    }
    cut_line(once, "Route"); /* BYE of the called gateway */
    rewrite(passed, once, NULL, VIA "b");
    send_to(0, passed);
}

static bool to_proxy(struct world *w, bool to_phone, const char *text)
{
    if (to_phone && w == r.w[0]) {
        from_caller(text);
    } else if (to_phone) {
        from_called(text);
    }
    return to_phone;
}

static void phones_act(mono_us now)
{
    for (int i = 0; i < PHONES && r.begun; i++) {
        struct telephone *p = &r.phones[i];
        char tag[16], lines[128];
        snprintf(tag, sizeof(tag), "phone%d", i);
        snprintf(lines, sizeof(lines), RR "\r\nContact: <sip:phone@10.0.0.%d>\r\n", 20 + i);
        if (!p->over && !p->rang && now >= p->ring_at) {
            p->rang = true;
            respond(0, r.invite, 180, tag, lines, "");
        }
        if (!p->over && p->code != 0 && now >= p->final_at) {
            p->over = true;
            if (p->code == 200) {
                r.sent_up = true;
                respond(0, r.invite, 200, tag, lines, phone_sdp);
                stop_the_rest();
            }
            maybe_refuse();
        }
    }
}

/* ---- time ---- */

/* What a gateway sent to the other's address arrives there. */
static void carry_media(int from)
{
    struct world *w = r.w[from];
    struct world *other = r.w[1 - from];
    struct net_addr source = addr_ipv4(10, 0, 0, (uint8_t)(1 + from), 32000);

    for (; r.crossed[from] < w->sent_count; r.crossed[from]++) {
        const struct world_rtp *p = &w->sent[r.crossed[from]];
        if (p->to.ip[3] == 2 - from && other->ports_open > 0) {
            world_phone_rtp(other, &source, p->payload_type, p->sequence);
        }
    }
}

static void run(dur_us time)
{
    for (mono_us end = r.w[0]->now + time; r.w[0]->now < end;) {
        world_run(r.w[0], DUR_MS(2));
        world_run(r.w[1], DUR_MS(2));
        for (size_t i = 0; i < HOPS; i++) {
            if (r.hops[i].on && r.hops[i].at <= r.w[0]->now) {
                r.hops[i].on = false;
                world_to_gateway(r.w[r.hops[i].to], r.hops[i].text);
            }
        }
        phones_act(r.w[0]->now);
        carry_media(0);
        carry_media(1);
    }
}

static size_t told(int side, const char *prefix)
{
    return world_count(r.w[side], r.client[side], prefix);
}

static bool talks(int side)
{
    const struct world_client *c = &r.w[side]->clients[r.client[side]];
    return c->in_call && c->established;
}

/* ---- a run ---- */

static size_t met, gone, left_early, nobody;

static void open_both(uint64_t seed)
{
    memset(&r, 0, sizeof(r));
    r.seed = seed;
    r.state = seed * 0x9E3779B97F4A7C15U + 1;
    r.dice = (struct rng){rng_seeded_fill, &r.state};
    r.spread = 1 + (dur_us)below(150000);
    for (int i = 0; i < 2; i++) {
        struct world_settings settings = world_settings();
        settings.gateway.calls.incoming = CALLS_INCOMING_RING;
        settings.gateway.calls.ring = DUR_S(7);
        settings.sip.local = addr_ipv4(10, 0, 0, (uint8_t)(1 + i), 5062);
        settings.gateway.calls.media_addr = addr_ipv4(10, 0, 0, (uint8_t)(1 + i), 0);
        r.w[i] = world_try_new(seed + 1, &settings, false);
        assert_non_null(r.w[i]);
        r.w[i]->drop = to_proxy;
    }
    r.client[0] = world_connect(r.w[0]);
    r.client[1] = listener(r.w[1]);
}

static void check_over(void)
{
    const size_t rang = told(1, "INCOMING:");
    const size_t ended = told(1, "CALL_STATE:ended:");

    assert_int_equal(told(0, "CALL_STATE:ended:"), 1);
    assert_true(told(0, "CALL_STATE:established") <= 1);
    assert_true(rang <= 1);
    assert_int_equal(told(1, "INCOMING_GONE:") + ended, rang);
    assert_int_equal(ended, told(1, "CALL_STATE:established"));
}

static void play(uint64_t seed)
{
    static const char *const words[] = {"ANSWER", "ANSWER", "REJECT", NULL};

    open_both(seed);
    const char *word = words[below(4)];
    const dur_us acts = DUR_MS(100 + below(4000));
    const bool leaves = below(4) == 0;
    const dur_us leaves_at = (dur_us)below(4500) * 1000;
    world_send(r.w[0], r.client[0], "CALL:0912");
    bool left = false;
    bool acted = false;
    for (dur_us t = 0; t < DUR_S(9); t += DUR_MS(20)) {
        run(DUR_MS(20));
        if (!acted && word != NULL && t >= acts && r.w[1]->clients[r.client[1]].rings) {
            acted = true;
            world_send(r.w[1], r.client[1], word);
        }
        if (leaves && !left && t >= leaves_at && told(0, "CALL_STATE:ended:") == 0) {
            left = true;
            world_send(r.w[0], r.client[0], "HANGUP");
        }
    }
    const bool both = talks(0) && talks(1);
    if (both) {
        assert_true(r.w[0]->clients[r.client[0]].rtp_count > 100 && r.w[1]->clients[r.client[1]].rtp_count > 100);
        const int who = (int)below(2);
        world_send(r.w[who], r.client[who], "HANGUP");
    } else if (told(0, "CALL_STATE:ended:") == 0) {
        world_send(r.w[0], r.client[0], "HANGUP");
    }
    run(DUR_S(3));
    check_over();
    met += both;
    gone += told(1, "INCOMING_GONE:") > 0;
    left_early += left;
    nobody += told(0, "CALL_STATE:established") == 0;
    for (int i = 0; i < 2; i++) {
        world_end(r.w[i]);
    }
}

static void from_seeds(void **state)
{
    const char *one = getenv("GATEWAYS_SEED");

    (void)state;
    met = gone = left_early = nobody = 0;
    for (uint64_t seed = one != NULL ? strtoull(one, NULL, 10) : 0; seed < SEEDS; seed++) {
        play(seed);
        if (one != NULL) {
            return;
        }
    }
    print_message("%zu met, %zu gone, %zu left early, %zu nobody\n", met, gone, left_early, nobody);
    assert_true(met > 10 && gone > 20 && left_early > 10 && nobody > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(from_seeds)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    if (failed != 0) {
        print_error("GATEWAYS_SEED=%llu\n", (unsigned long long)r.seed);
    }
    return failed;
}
