/* SPDX-License-Identifier: MIT */
#include "support_sim.h"
#include "rng_seeded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "support_lists.h"

static struct sim *current;

static void free_all(struct sim *sim)
{
    for (size_t i = 0; i < sim->ua_count; i++) {
        sip_stack_free(sim->uas[i]->stack);
        free(sim->uas[i]);
    }
    for (size_t i = 0; i < sim->count; i++) {
        free(sim->messages[i].text);
    }
    free(sim);
}

struct sim *sim_open(void)
{
    if (current != NULL) {
        free_all(current); /* left over by a test that failed */
    }
    current = calloc(1, sizeof(*current));
    assert_non_null(current);
    current->now = DUR_S(1000);
    current->delay = DUR_MS(10);
    return current;
}

void sim_ladder(const struct sim *sim)
{
    char from[ADDR_TEXT_MAX];
    char to[ADDR_TEXT_MAX];
    for (size_t i = 0; i < sim->count; i++) {
        const struct sim_message *m = &sim->messages[i];
        print_message("%9.3f %s > %s%s %.*s  [%s]\n", (double)(m->at - DUR_S(1000)) / 1e6, addr_text(&m->from, from),
                      addr_text(&m->to, to), m->lost ? " LOST" : "", (int)strcspn(m->text, "\r"), m->text,
                      sim_header(m, "CSeq"));
    }
}

static void check(const struct sim *sim, bool ok, const char *what, const char *detail)
{
    if (!ok) {
        sim_ladder(sim);
        fail_msg("%s: %s", what, detail);
    }
}

/* ---- network ---- */

static void put(struct sim *sim, const struct net_addr *from, const struct net_addr *to, const void *data, size_t len)
{
    assert_true(sim->count < SIM_MESSAGES);
    struct sim_message *m = &sim->messages[sim->count++];
    *m = (struct sim_message){.at = sim->now,
                              .arrives = sim->now + (sim->travel != NULL ? sim->travel(sim) : sim->delay),
                              .from = *from,
                              .to = *to,
                              .len = len};
    m->text = malloc(len + 1);
    assert_non_null(m->text);
    memcpy(m->text, data, len);
    m->text[len] = '\0';
    m->lost = sim->lose != NULL && sim->lose(sim, m);
}

static int ua_send(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct sim_ua *ua = ctx;
    if (ua->send_fails_to_set && addr_equal(&ua->send_fails_to, &to->remote)) {
        return ST_IO;
    }
    put(ua->sim, &ua->addr, &to->remote, data, len);
    return ST_OK;
}

static struct sim_ua *ua_at(const struct sim *sim, const struct net_addr *addr)
{
    for (size_t i = 0; i < sim->ua_count; i++) {
        if (addr_equal(&sim->uas[i]->addr, addr)) {
            return sim->uas[i];
        }
    }
    return NULL;
}

static struct sim_message *next_message(struct sim *sim)
{
    struct sim_message *best = NULL;
    while (sim->first_pending < sim->count &&
           (sim->messages[sim->first_pending].delivered || sim->messages[sim->first_pending].lost)) {
        sim->first_pending++;
    }
    for (size_t i = sim->first_pending; i < sim->count; i++) {
        struct sim_message *m = &sim->messages[i];
        if (!m->delivered && !m->lost && (best == NULL || m->arrives < best->arrives)) {
            best = m;
        }
    }
    return best;
}

static mono_us next_timer(const struct sim *sim)
{
    mono_us due = MONO_NEVER;
    for (size_t i = 0; i < sim->ua_count; i++) {
        mono_us d = sip_stack_due(sim->uas[i]->stack);
        due = d < due ? d : due;
    }
    return due;
}

/* One turn: the next thing that happens until `until`. */
static bool turn(struct sim *sim, mono_us until)
{
    struct sim_message *m = next_message(sim);
    mono_us due = next_timer(sim);
    mono_us at = m != NULL && m->arrives <= due ? m->arrives : due;
    if (at > until) {
        return false;
    }
    sim->now = at > sim->now ? at : sim->now;
    if (m != NULL && m->arrives <= due) {
        struct sim_ua *ua = ua_at(sim, &m->to);
        m->delivered = true;
        if (ua != NULL) {
            struct sip_flow from = sip_flow_udp(&ua->addr, &m->from);
            sip_stack_input(ua->stack, sim->now, &from, m->text, m->len);
        } else if (sim->other != NULL) {
            sim->other(sim, m);
        }
    }
    for (size_t i = 0; i < sim->ua_count; i++) {
        sip_stack_expire(sim->uas[i]->stack, sim->now);
        sip_stack_reap(sim->uas[i]->stack);
        const char *wrong = lists_wrong(sim->uas[i]->stack);
        check(sim, wrong == NULL, "not as a walk finds it", wrong);
    }
    return true;
}

void sim_run(struct sim *sim, dur_us time)
{
    mono_us until = sim->now + time;
    while (turn(sim, until)) {
    }
    sim->now = until;
}

void sim_close(struct sim *sim)
{
    mono_us limit = sim->now + DUR_S(300);
    while (turn(sim, limit)) {
    }
    for (size_t i = 0; i < sim->ua_count; i++) {
        struct sip_stats stats = sip_stack_stats(sim->uas[i]->stack);
        check(sim, stats.usages == 0, "left over", "usages");
        check(sim, stats.transactions == 0, "left over", "transactions");
        check(sim, stats.timers == 0, "left over", "timers");
        check(sim, sip_stack_busy(sim->uas[i]->stack) == 0, "left over", "busy");
        check(sim, sip_stack_due(sim->uas[i]->stack) == MONO_NEVER, "left over", "deadline");
    }
    free_all(sim);
    current = NULL;
}

/* ---- agents ---- */

struct net_addr sim_addr(uint8_t host)
{
    return addr_ipv4(10, 0, 0, host, 5060);
}

static void copy(struct span s, char *out, size_t cap)
{
    size_t len = s.len < cap - 1 ? s.len : cap - 1;
    if (len > 0) {
        memcpy(out, s.ptr, len);
    }
    out[len] = '\0';
}

static void behave(struct sim_ua *ua, const struct sip_event *event)
{
    mono_us now = ua->sim->now;
    struct span answer = SPAN_LIT(SDP_ANSWER);
    if (ua->take_softly && event->kind == SIP_EVENT_INCOMING) {
        ua->call = event->usage;
        (void)!sip_inv_adopt(ua->stack, now, event->usage, ua->id);
    }
    if (ua->take_softly && event->kind == SIP_EVENT_OFFER) {
        (void)!sip_inv_accept_offer(ua->stack, now, event->usage, answer);
    }
    if (event->kind == SIP_EVENT_INCOMING && ua->adopt) {
        ua->call = event->usage;
        assert_int_equal(sip_inv_adopt(ua->stack, now, event->usage, ua->id), ST_OK);
        if (ua->answer_at_once == 200) {
            assert_int_equal(sip_inv_answer(ua->stack, now, event->usage, answer), ST_OK);
        } else if (ua->answer_at_once != 0) {
            assert_int_equal(sip_inv_reject(ua->stack, now, event->usage, ua->answer_at_once, SPAN_NONE), ST_OK);
        }
    }
    if (event->kind == SIP_EVENT_OFFER && ua->accept_offer != NULL) {
        assert_int_equal(sip_inv_accept_offer(ua->stack, now, event->usage, span_cstr(ua->accept_offer)), ST_OK);
    }
    if (event->kind == SIP_EVENT_OFFER && ua->refuse_offer != 0) {
        assert_int_equal(sip_inv_refuse_offer(ua->stack, now, event->usage, ua->refuse_offer), ST_OK);
    }
    if (ua->end_armed && event->kind == ua->end_on) {
        sip_inv_end(ua->stack, now, event->usage);
    }
}

static void ua_link(void *ctx, enum sip_account_event event, const struct net_addr *local)
{
    struct sim_ua *ua = ctx;
    assert_true(ua->link_count < SIM_EVENTS);
    assert_int_equal(local->family, 4);
    ua->links[ua->link_count++] = event;
}

static void ua_event(void *ctx, const struct sip_event *event)
{
    struct sim_ua *ua = ctx;
    assert_true(ua->event_count < SIM_EVENTS);
    assert_true(event->now == ua->sim->now);
    struct sim_event *e = &ua->events[ua->event_count++];
    *e = (struct sim_event){.at = ua->sim->now,
                            .kind = event->kind,
                            .usage = event->usage,
                            .owner = event->owner,
                            .code = event->code,
                            .auth_failed = event->auth_failed,
                            .has_credentials = event->has_credentials};
    copy(event->reason, e->reason, sizeof(e->reason));
    copy(event->body, e->body, sizeof(e->body));
    copy(event->request_user, e->user, sizeof(e->user));
    behave(ua, event);
}

struct sim_ua *sim_prepare(struct sim *sim, uint8_t host, uint8_t next)
{
    struct sim_ua *ua = calloc(1, sizeof(*ua));
    assert_non_null(ua);
    ua->sim = sim;
    ua->id = (struct pool_id){.slot = host, .generation = 1};
    ua->addr = sim_addr(host);
    ua->seed = 77u + host;
    ua->rng = (struct rng){rng_seeded_fill, &ua->seed};
    ua->config = (struct sip_config){
        .local = ua->addr,
        .next_hop = sim_addr(next),
        .domain = SPAN_LIT("example.org"),
        .user = SPAN_LIT("voip"),
        .user_agent = SPAN_LIT("ws_audio_server/1.0"),
        .max_usages = 8,
        .rng = &ua->rng,
    };
    return ua;
}

void sim_start(struct sim_ua *ua)
{
    struct sip_hooks hooks = {.ctx = ua, .send = ua_send, .event = ua_event, .account = ua_link};
    assert_true(ua->sim->ua_count < SIM_UAS);
    ua->stack = sip_stack_new(&ua->config, &hooks);
    assert_non_null(ua->stack);
    ua->sim->uas[ua->sim->ua_count++] = ua;
}

struct sim_ua *sim_ua(struct sim *sim, uint8_t host, uint8_t next)
{
    struct sim_ua *ua = sim_prepare(sim, host, next);
    sim_start(ua);
    return ua;
}

struct pool_id sim_invite(struct sim_ua *ua, const char *uri, dur_us ring)
{
    assert_int_equal(
        sip_inv_invite(ua->stack, ua->sim->now, span_cstr(uri), SPAN_LIT(SDP_OFFER), ring, ua->id, &ua->call), ST_OK);
    return ua->call;
}

void sim_end(struct sim_ua *ua)
{
    sip_inv_end(ua->stack, ua->sim->now, ua->call);
}

size_t sim_events(const struct sim_ua *ua, enum sip_event_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < ua->event_count; i++) {
        n += ua->events[i].kind == kind ? 1 : 0;
    }
    return n;
}

const struct sim_event *sim_event(const struct sim_ua *ua, enum sip_event_kind kind)
{
    const struct sim_event *last = NULL;
    for (size_t i = 0; i < ua->event_count; i++) {
        last = ua->events[i].kind == kind ? &ua->events[i] : last;
    }
    char number[16];
    snprintf(number, sizeof(number), "%d", (int)kind);
    check(ua->sim, last != NULL, "no such event", number);
    return last;
}

void sim_assert_ended(const struct sim_ua *ua, int code)
{
    check(ua->sim, sim_events(ua, SIP_EVENT_ENDED) == 1, "ENDED", "not exactly once");
    if (sim_event(ua, SIP_EVENT_ENDED)->code != code) {
        sim_ladder(ua->sim);
    }
    assert_int_equal(sim_event(ua, SIP_EVENT_ENDED)->code, code);
}

/* ---- phones ---- */

static bool begins(const struct sim_message *m, const char *start)
{
    return strncmp(m->text, start, strlen(start)) == 0;
}

static const struct sim_message *find_arrived(struct sim *sim, uint8_t host, const char *start)
{
    struct net_addr addr = sim_addr(host);
    for (size_t i = sim->read; i < sim->count; i++) {
        const struct sim_message *m = &sim->messages[i];
        if (m->delivered && addr_equal(&m->to, &addr) && begins(m, start)) {
            sim->read = i + 1;
            return m;
        }
    }
    return NULL;
}

const struct sim_message *sim_await(struct sim *sim, uint8_t host, const char *start, dur_us time)
{
    mono_us limit = sim->now + time;
    for (;;) {
        const struct sim_message *m = find_arrived(sim, host, start);
        if (m != NULL) {
            return m;
        }
        if (!turn(sim, limit)) {
            sim->now = limit;
            return NULL;
        }
    }
}

const struct sim_message *sim_expect(struct sim *sim, uint8_t host, const char *start)
{
    const struct sim_message *m = sim_await(sim, host, start, 64 * T1);
    check(sim, m != NULL, "never came", start);
    return m;
}

const struct sim_message *sim_nth(const struct sim *sim, uint8_t host, const char *start, size_t n)
{
    struct net_addr addr = sim_addr(host);
    for (size_t i = 0; i < sim->count; i++) {
        const struct sim_message *m = &sim->messages[i];
        if (addr_equal(&m->to, &addr) && begins(m, start) && n-- == 0) {
            return m;
        }
    }
    return NULL;
}

const struct sim_message *sim_must(const struct sim *sim, uint8_t host, const char *start, size_t n)
{
    const struct sim_message *m = sim_nth(sim, host, start, n);
    if (m == NULL) {
        fail_msg("%u received no %s number %zu", host, start, n);
    }
    return m;
}

size_t sim_sent(const struct sim *sim, uint8_t host, const char *start)
{
    size_t n = 0;
    while (sim_nth(sim, host, start, n) != NULL) {
        n++;
    }
    return n;
}

static char *ring_buffer(void)
{
    static char buffers[8][4096];
    static unsigned next;
    return buffers[next++ % 8];
}

const char *sim_header(const struct sim_message *message, const char *name)
{
    char *out = ring_buffer();
    size_t len = strlen(name);
    out[0] = '\0';
    for (const char *line = message->text; line != NULL && line[0] != '\r' && line[0] != '\0';) {
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 1 + strspn(line + len + 1, " ");
            (void)snprintf(out, 4096, "%.*s", (int)strcspn(value, "\r"), value);
            return out;
        }
        line = strstr(line, "\r\n");
        line = line != NULL ? line + 2 : NULL;
    }
    return out;
}

const char *sim_uri(const struct sim_message *message)
{
    char *out = ring_buffer();
    const char *start = strchr(message->text, ' ');
    assert_non_null(start);
    (void)snprintf(out, 4096, "%.*s", (int)strcspn(start + 1, " \r"), start + 1);
    return out;
}

const char *sim_branch(const struct sim_message *message)
{
    char *out = ring_buffer();
    const char *start = strstr(sim_header(message, "Via"), "branch=");
    assert_non_null(start);
    (void)snprintf(out, 4096, "%.*s", (int)strcspn(start + 7, ";,\r"), start + 7);
    return out;
}

void sim_assert_has(const struct sim_message *message, const char *text)
{
    if (strstr(message->text, text) == NULL) {
        fail_msg("'%s' is not in:\n%s", text, message->text);
    }
}

void sim_send_text(struct sim *sim, uint8_t from, uint8_t to, const char *text)
{
    struct net_addr a = sim_addr(from);
    struct net_addr b = sim_addr(to);
    put(sim, &a, &b, text, strlen(text));
}

static int put_vias(const struct sim *sim, const struct sim_message *request, char *out, size_t cap)
{
    int len = 0;
    const char *rport = strstr(request->text, ";rport");
    if (sim->seen != NULL && rport != NULL) {
        int head = (int)(rport - strstr(request->text, "Via:"));
        return snprintf(out, cap, "%.*s%s\r\n", head, strstr(request->text, "Via:"), sim->seen);
    }
    const char *line = request->text;
    while ((line = strstr(line, "\r\nVia:")) != NULL) {
        line += 2;
        len += snprintf(out + len, cap - (size_t)len, "%.*s\r\n", (int)strcspn(line, "\r"), line);
    }
    return len;
}

static void put_tail(char *out, size_t cap, const char *extra, const char *sdp)
{
    size_t len = strlen(out);
    (void)snprintf(out + len, cap - len, "%s%sContent-Length: %zu\r\n\r\n%s", extra,
                   sdp[0] != '\0' ? "Content-Type: application/sdp\r\n" : "", strlen(sdp), sdp);
}

void sim_reply(struct sim *sim, uint8_t host, const struct sim_message *request, int code, const char *tag,
               const char *extra, const char *sdp)
{
    static char text[65536];
    assert_non_null(request);
    int len = snprintf(text, sizeof(text), "SIP/2.0 %d Reason %d\r\n", code, code);
    len += put_vias(sim, request, text + len, sizeof(text) - (size_t)len);
    (void)snprintf(text + len, sizeof(text) - (size_t)len, "From: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n",
                   sim_header(request, "From"), sim_header(request, "To"), tag[0] != '\0' ? ";tag=" : "", tag,
                   sim_header(request, "Call-ID"), sim_header(request, "CSeq"));
    put_tail(text, sizeof(text), extra, sdp);
    struct net_addr from = sim_addr(host);
    put(sim, &from, &request->from, text, strlen(text));
}

static void angle(const char *value, char *out, size_t cap)
{
    const char *start = strchr(value, '<');
    start = start != NULL ? start + 1 : value;
    (void)snprintf(out, cap, "%.*s", (int)strcspn(start, ">"), start);
}

struct sim_dialog sim_dialog_of_invite(const struct sim_message *invite, const char *tag)
{
    struct sim_dialog d = {.cseq = 1};
    (void)snprintf(d.local, sizeof(d.local), "%s;tag=%s", sim_header(invite, "To"), tag);
    (void)snprintf(d.remote, sizeof(d.remote), "%s", sim_header(invite, "From"));
    (void)snprintf(d.call_id, sizeof(d.call_id), "%s", sim_header(invite, "Call-ID"));
    angle(sim_header(invite, "Contact"), d.target, sizeof(d.target));
    return d;
}

struct sim_dialog sim_dialog_of_response(const struct sim_message *response)
{
    struct sim_dialog d = {.cseq = (unsigned)atoi(sim_header(response, "CSeq"))};
    (void)snprintf(d.local, sizeof(d.local), "%s", sim_header(response, "From"));
    (void)snprintf(d.remote, sizeof(d.remote), "%s", sim_header(response, "To"));
    (void)snprintf(d.call_id, sizeof(d.call_id), "%s", sim_header(response, "Call-ID"));
    angle(sim_header(response, "Contact"), d.target, sizeof(d.target));
    return d;
}

void sim_request(struct sim *sim, uint8_t host, uint8_t to, struct sim_dialog *dialog, const char *method,
                 const char *extra, const char *sdp)
{
    char text[4096];
    if (strcmp(method, "ACK") != 0) {
        dialog->cseq++;
    }
    (void)snprintf(text, sizeof(text),
                   "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.%u:5060;branch=z9hG4bKp%u\r\nMax-Forwards: 70\r\n"
                   "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:phone@10.0.0.%u>\r\n",
                   method, dialog->target, host, ++sim->branches, dialog->local, dialog->remote, dialog->call_id,
                   dialog->cseq, method, host);
    put_tail(text, sizeof(text), extra, sdp);
    sim_send_text(sim, host, to, text);
}

void sim_stranger(struct sim *sim, uint8_t host, uint8_t to, const char *method, int call, const char *extra,
                  const char *sdp)
{
    char text[4096];
    (void)snprintf(text, sizeof(text),
                   "%s sip:echo@10.0.0.%u SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.%u:5060;branch=z9hG4bKs%u;rport\r\n"
                   "Max-Forwards: 70\r\nFrom: <sip:caller@10.0.0.%u>;tag=f1\r\nTo: <sip:echo@10.0.0.%u>\r\n"
                   "Call-ID: out-%d\r\nCSeq: 7 %s\r\nContact: <sip:caller@10.0.0.%u>\r\n",
                   method, to, host, ++sim->branches, host, to, call, method, host);
    put_tail(text, sizeof(text), extra, sdp);
    sim_send_text(sim, host, to, text);
}
