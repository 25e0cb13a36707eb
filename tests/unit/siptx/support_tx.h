/* SPDX-License-Identifier: MIT */
/* A transaction layer on a virtual clock, with everything that it sends and tells written down. */
#ifndef SUPPORT_TX_H
#define SUPPORT_TX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tx_run.h"
#include "wsaudio/sipmsg/writer.h"
#include "wsaudio/siptx/tx.h"

#define FIX_LOG_MAX 128
#define FIX_TX_MAX  8
#define FIX_ROLE    7

struct fix_sent {
    mono_us at;
    char text[1024];
    size_t len;
    struct sip_flow flow;
};

struct fix_heard {
    mono_us at;
    enum sip_tx_notice_kind kind;
    struct pool_id tx, ref;
    uint32_t role;
    int code;
    bool message, source;
};

struct fix {
    struct sip_tx_layer *layer;
    mono_us now;
    int send_result;
    enum sip_transport transport; /* UDP unless a test says otherwise */
    struct fix_sent sent[FIX_LOG_MAX];
    size_t sent_count;
    struct fix_heard heard[FIX_LOG_MAX];
    size_t heard_count;
    char lines[FIX_LOG_MAX][160];
    size_t line_count;
    size_t logged;
    char logged_last[256];
    struct sip_tx_owner owner;
    void (*in_notice)(struct fix *f, const struct sip_tx_notice *notice); /* may be NULL */
    char text[2048];                                                      /* the message in hand */
    struct sip_msg msg;
    struct log log;
};

static inline int fix_send(void *ctx, const struct sip_flow *flow, const void *data, size_t len)
{
    struct fix *f = ctx;
    struct fix_sent *sent = &f->sent[f->sent_count];

    assert_true(f->sent_count < FIX_LOG_MAX);
    assert_true(len < sizeof(sent->text));
    sent->at = f->now;
    sent->flow = *flow;
    sent->len = len;
    memcpy(sent->text, data, len);
    sent->text[len] = '\0';
    f->sent_count++;
    return f->send_result;
}

static inline void fix_notice(void *ctx, mono_us now, const struct sip_tx_notice *notice)
{
    struct fix *f = ctx;

    assert_true(f->heard_count < FIX_LOG_MAX);
    assert_true(now == f->now);
    f->heard[f->heard_count++] = (struct fix_heard){
        .at = now,
        .kind = notice->kind,
        .tx = notice->tx,
        .ref = notice->ref,
        .role = notice->role,
        .code = notice->code,
        .message = notice->message != NULL,
        .source = notice->source != NULL,
    };
    if (f->in_notice != NULL) {
        f->in_notice(f, notice);
    }
}

static inline void fix_trace(void *ctx, mono_us now, struct pool_id ref, uint32_t role,
                             const struct sip_tx_change *change)
{
    struct fix *f = ctx;
    char text[SIP_TX_CHANGE_TEXT_MAX];

    assert_true(now == f->now);
    assert_int_equal(ref.slot, f->owner.ref.slot);
    assert_int_equal(role, f->owner.role);
    assert_true(f->line_count < FIX_LOG_MAX);
    assert_int_equal(
        span_copy(span_cstr(sip_tx_change_text(change, text)), f->lines[f->line_count], sizeof(f->lines[0])), ST_OK);
    f->line_count++;
}

static inline void fix_log(void *ctx, enum log_level level, const char *text, size_t len)
{
    struct fix *f = ctx;

    assert_int_equal(level, LOG_DEBUG);
    assert_int_equal(strlen(text), len);
    f->logged++;
    snprintf(f->logged_last, sizeof(f->logged_last), "%s", text);
}

static inline struct sip_tx_config fix_config(struct fix *f, uint32_t max)
{
    f->log = (struct log){.level = LOG_DEBUG, .sink = fix_log, .ctx = f};
    return (struct sip_tx_config){
        .max = max,
        .send = fix_send,
        .send_ctx = f,
        .trace = fix_trace,
        .trace_ctx = f,
        .log = &f->log,
        .hash_seed = 12345,
    };
}

static inline int fix_setup(void **state)
{
    struct fix *f = calloc(1, sizeof(*f));

    if (f == NULL) {
        return -1;
    }
    struct sip_tx_config config = fix_config(f, FIX_TX_MAX);
    f->now = DUR_S(1000);
    f->owner = (struct sip_tx_owner){.notice = fix_notice, .ctx = f, .ref = {3, 5}, .role = FIX_ROLE};
    f->layer = sip_tx_layer_new(&config);
    *state = f;
    return f->layer != NULL ? 0 : -1;
}

/* Every test ends with no transaction, no timer and nothing kept, and with one line logged for each traced. */
static inline int fix_teardown(void **state)
{
    struct fix *f = *state;
    struct sip_tx_stats stats = sip_tx_layer_stats(f->layer);

    bool clean = stats.transactions == 0 && stats.timers == 0 && stats.kept_bytes == 0 &&
                 sip_tx_due(f->layer) == MONO_NEVER && f->logged == f->line_count;
    if (!clean) {
        print_error("left over: %u transactions, %u timers, %zu bytes\n", stats.transactions, stats.timers,
                    stats.kept_bytes);
    }
    sip_tx_layer_free(f->layer);
    free(f);
    return clean ? 0 : -1;
}

/* Lets time pass; each deadline is a turn. */
static inline void fix_run(struct fix *f, mono_us until)
{
    while (sip_tx_due(f->layer) <= until) {
        if (sip_tx_due(f->layer) > f->now) {
            f->now = sip_tx_due(f->layer);
        }
        sip_tx_expire(f->layer, f->now);
        sip_tx_reap(f->layer);
    }
    f->now = until;
}

/* What goes to the peer, and comes from it. */
static inline struct sip_flow fix_flow(const struct fix *f)
{
    return (struct sip_flow){.transport = f->transport,
                             .local = addr_ipv4(192, 0, 2, 1, 5060),
                             .remote = addr_ipv4(192, 0, 2, 9, 5070),
                             .id = f->transport == SIP_TRANSPORT_UDP ? 0 : 7};
}

/* Parses what f->text holds. */
static inline const struct sip_msg *fix_parse(struct fix *f)
{
    assert_int_equal(sip_msg_parse(span_cstr(f->text), &f->msg), SIP_VERDICT_OK);
    return &f->msg;
}

static inline enum sip_tx_verdict fix_input(struct fix *f)
{
    struct sip_flow from = fix_flow(f);
    const struct sip_msg *msg = fix_parse(f);
    enum sip_tx_verdict verdict = sip_tx_input(f->layer, f->now, sip_tx_match(f->layer, msg), msg, &from);

    sip_tx_reap(f->layer);
    return verdict;
}

/* A request of ours. */
static inline struct sip_request_form fix_request(const struct fix *f, const char *method, const char *branch)
{
    return (struct sip_request_form){
        .method = span_cstr(method),
        .uri = SPAN_LIT("sip:bob@example.com"),
        .flow = fix_flow(f),
        .branch = span_cstr(branch),
        .from = SPAN_LIT("<sip:alice@example.com>;tag=a1"),
        .to = SPAN_LIT("<sip:bob@example.com>"),
        .call_id = SPAN_LIT("c1@192.0.2.1"),
        .cseq = 11,
        .route = SPAN_LIT("<sip:proxy.example.com;lr>"),
        .contact = SPAN_LIT("<sip:alice@192.0.2.1>"),
    };
}

/* f->text holds it as it goes out. */
static inline int fix_try(struct fix *f, const char *method, const char *branch, struct pool_id *id)
{
    struct sip_request_form form = fix_request(f, method, branch);
    struct outbuf out;

    outbuf_init(&out, f->text, sizeof(f->text) - 1);
    sip_write_request(&out, &form);
    assert_int_equal(outbuf_status(&out), ST_OK);
    f->text[out.len] = '\0';
    return sip_tx_request(f->layer, f->now, &form, &f->owner, id);
}

static inline struct pool_id fix_start(struct fix *f, const char *method, const char *branch)
{
    struct pool_id id;

    assert_int_equal(fix_try(f, method, branch, &id), ST_OK);
    return id;
}

/* The answer to a request of ours. */
static inline enum sip_tx_verdict fix_answer_as(struct fix *f, int code, const char *method, const char *branch,
                                                const char *to_tag, const char *call_id, unsigned cseq)
{
    snprintf(f->text, sizeof(f->text),
             "SIP/2.0 %d Some Reason\r\n"
             "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=%s;rport=5060\r\n"
             "From: <sip:alice@example.com>;tag=a1\r\n"
             "To: <sip:bob@example.com>;tag=%s\r\n"
             "Call-ID: %s\r\n"
             "CSeq: %u %s\r\n"
             "Content-Length: 0\r\n\r\n",
             code, branch, to_tag, call_id, cseq, method);
    return fix_input(f);
}
static inline enum sip_tx_verdict fix_answer(struct fix *f, int code, const char *method, const char *branch)
{
    return fix_answer_as(f, code, method, branch, "b1", "c1@192.0.2.1", 11);
}

/* A request from outside. */
static inline void fix_incoming(struct fix *f, const char *method, const char *via, const char *to_tag)
{
    snprintf(f->text, sizeof(f->text),
             "%s sip:alice@192.0.2.1 SIP/2.0\r\n"
             "Via: SIP/2.0/UDP %s\r\n"
             "Max-Forwards: 70\r\n"
             "From: <sip:bob@example.com>;tag=b9\r\n"
             "To: <sip:alice@example.com>%s\r\n"
             "Call-ID: c2@192.0.2.9\r\n"
             "CSeq: 42 %s\r\n"
             "Content-Length: 0\r\n\r\n",
             method, via, to_tag, method);
}

static inline struct pool_id fix_accept(struct fix *f, const char *method, const char *via)
{
    struct sip_flow from = fix_flow(f);
    struct pool_id id;

    fix_incoming(f, method, via, "");
    assert_int_equal(fix_input(f), SIP_TX_NO_MATCH);
    assert_int_equal(sip_tx_accept(f->layer, f->now, &f->msg, &from, &f->owner, &id), ST_OK);
    return id;
}

static inline enum sip_tx_verdict fix_incoming_again(struct fix *f, const char *method, const char *via,
                                                     const char *to_tag)
{
    fix_incoming(f, method, via, to_tag);
    return fix_input(f);
}

static inline int fix_respond(struct fix *f, struct pool_id id, int code)
{
    char text[512];

    snprintf(text, sizeof(text),
             "SIP/2.0 %d Some Reason\r\n"
             "Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKin\r\n"
             "From: <sip:bob@example.com>;tag=b9\r\n"
             "To: <sip:alice@example.com>;tag=ours\r\n"
             "Call-ID: c2@192.0.2.9\r\n"
             "CSeq: 42 INVITE\r\n"
             "Content-Length: 0\r\n\r\n",
             code);
    return sip_tx_respond(f->layer, f->now, id, code, SPAN_LIT("ours"), span_cstr(text));
}

/* Milliseconds since start of each datagram sent, behind the first `skip`. */
static inline void fix_expect_times(const struct fix *f, size_t skip, mono_us start, const int *ms, size_t count)
{
    assert_int_equal(f->sent_count - skip, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal((f->sent[skip + i].at - start) / 1000, ms[i]);
    }
}

static inline void fix_expect_heard(const struct fix *f, const enum sip_tx_notice_kind *kinds, size_t count)
{
    for (size_t i = 0; i < count && i < f->heard_count; i++) {
        assert_int_equal(f->heard[i].kind, kinds[i]);
        assert_int_equal(f->heard[i].ref.slot, f->owner.ref.slot);
        assert_int_equal(f->heard[i].ref.generation, f->owner.ref.generation);
        assert_int_equal(f->heard[i].role, f->owner.role);
    }
    assert_int_equal(f->heard_count, count);
}
#define EXPECT_HEARD(f, ...)                                                                                           \
    do {                                                                                                               \
        const enum sip_tx_notice_kind kinds_[] = {__VA_ARGS__};                                                        \
        fix_expect_heard((f), kinds_, sizeof(kinds_) / sizeof(kinds_[0]));                                             \
    } while (0)
#define EXPECT_TIMES(f, skip, start, ...)                                                                              \
    do {                                                                                                               \
        const int ms_[] = {__VA_ARGS__};                                                                               \
        fix_expect_times((f), (skip), (start), ms_, sizeof(ms_) / sizeof(ms_[0]));                                     \
    } while (0)

static inline enum sip_tx_state fix_state(const struct fix *f, struct pool_id id)
{
    const struct sip_tx *tx = pool_get(&f->layer->pool, id);

    return tx != NULL ? tx->state : SIP_TX_ST_TERMINATED;
}

/* False when stale or ended. */
static inline bool fix_alive(const struct fix *f, struct pool_id id)
{
    return fix_state(f, id) != SIP_TX_ST_TERMINATED;
}

#endif
