/* SPDX-License-Identifier: MIT */
/* The transaction layer when memory runs out: a scenario is run with allocation 1, 2, 3 … failing, until one run needs
 * no more. Nothing may leak, crash or be told twice. */
#include "support_tx.h"

#include "failmalloc.h"

#define OUT1 "z9hG4bKout1"
#define OUT2 "z9hG4bKout2"
#define VIA  "192.0.2.9:5070;branch=z9hG4bKin;rport"

static struct pool_id try_start(struct fix *f, const char *method, const char *branch)
{
    struct pool_id id;
    size_t sent = f->sent_count;
    int status = fix_try(f, method, branch, &id);

    assert_true(status == ST_OK || status == ST_NO_MEMORY);
    assert_int_equal(f->sent_count - sent, status == ST_OK ? 1 : 0);
    assert_true(pool_id_is_none(id) == (status != ST_OK));
    return id;
}

static struct pool_id try_accept(struct fix *f, const char *method)
{
    struct sip_flow from = fix_flow(f);
    struct pool_id id;

    fix_incoming(f, method, VIA, "");
    int status = sip_tx_accept(f->layer, f->now, fix_parse(f), &from, &f->owner, &id);
    assert_true(status == ST_OK || status == ST_NO_MEMORY);
    return id;
}

/* A missing copy is one send instead of many, never a refusal. */
static void try_respond(struct fix *f, struct pool_id id, int code)
{
    size_t sent = f->sent_count;

    assert_int_equal(fix_respond(f, id, code), ST_OK);
    assert_int_equal(f->sent_count, sent + 1);
}

static void clients(struct fix *f)
{
    struct pool_id invite = try_start(f, "INVITE", OUT1);
    struct pool_id bye = try_start(f, "BYE", OUT2);

    if (!pool_id_is_none(invite)) {
        assert_int_equal(fix_answer(f, 180, "INVITE", OUT1), SIP_TX_TAKEN);
        int status = sip_tx_cancel(f->layer, f->now, invite, &f->owner, NULL);
        assert_true(status == ST_OK || status == ST_NO_MEMORY);
        assert_int_equal(fix_state(f, invite), status == ST_OK ? SIP_TX_ST_CANCELLING : SIP_TX_ST_PROCEEDING);
        size_t sent = f->sent_count;
        assert_int_equal(fix_answer(f, 487, "INVITE", OUT1), SIP_TX_TAKEN);
        assert_int_equal(fix_answer(f, 487, "INVITE", OUT1), SIP_TX_TAKEN);
        assert_int_equal(f->sent_count, sent + 2); /* kept or made anew, both ACKs go out */
        assert_string_equal(f->sent[sent].text, f->sent[sent + 1].text);
    }
    if (!pool_id_is_none(bye)) {
        assert_int_equal(fix_answer(f, 200, "BYE", OUT2), SIP_TX_TAKEN);
    }
}

static void servers(struct fix *f)
{
    struct pool_id invite = try_accept(f, "INVITE");
    struct pool_id options = try_accept(f, "OPTIONS");

    if (!pool_id_is_none(invite)) {
        try_respond(f, invite, 180);
        assert_int_equal(fix_incoming_again(f, "INVITE", VIA, ""), SIP_TX_TAKEN);
        try_respond(f, invite, 486);
        fix_run(f, f->now + DUR_S(1));
        assert_int_equal(fix_incoming_again(f, "ACK", VIA, ";tag=ours"), SIP_TX_TAKEN);
    }
    if (!pool_id_is_none(options)) {
        try_respond(f, options, 200);
        assert_int_equal(fix_incoming_again(f, "OPTIONS", VIA, ""), SIP_TX_TAKEN);
    }
}

/* Behind it a transaction tells nothing more. */
static bool is_last(enum sip_tx_notice_kind kind)
{
    return kind == SIP_TX_GONE || kind == SIP_TX_ACK_FAILED || kind == SIP_TX_DONE || kind == SIP_TX_TIMEOUT ||
           kind == SIP_TX_TRANSPORT;
}

static void check_endings(const struct fix *f)
{
    for (size_t i = 0; i < f->heard_count; i++) {
        int endings = 0, lasts = 0;
        for (size_t j = 0; j < f->heard_count; j++) {
            bool same = pool_id_eq(f->heard[i].tx, f->heard[j].tx);
            endings += same && sip_tx_notice_is_ending(f->heard[j].kind) ? 1 : 0;
            lasts += same && is_last(f->heard[j].kind) ? 1 : 0;
        }
        assert_int_equal(endings, 1);
        assert_int_equal(lasts, 1);
    }
}

/* Returns whether the allocation that was to fail was reached. */
static bool run_once(unsigned long fail_at)
{
    struct fix *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    struct sip_tx_config config = fix_config(f, FIX_TX_MAX);
    f->owner = (struct sip_tx_owner){.notice = fix_notice, .ctx = f, .ref = {3, 5}, .role = FIX_ROLE};
    failmalloc_start(fail_at);
    f->layer = sip_tx_layer_new(&config);
    if (f->layer != NULL) {
        clients(f);
        servers(f);
        fix_run(f, f->now + DUR_S(100));
        check_endings(f);
        struct sip_tx_stats stats = sip_tx_layer_stats(f->layer);
        assert_int_equal(stats.transactions, 0);
        assert_int_equal(stats.timers, 0);
        assert_int_equal(stats.kept_bytes, 0);
        sip_tx_layer_free(f->layer);
    }
    (void)failmalloc_stop();
    free(f);
    return failmalloc_failed();
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    unsigned long fail_at = 1;

    while (run_once(fail_at)) {
        fail_at++;
        assert_true(fail_at < 1000);
    }
    assert_true(fail_at > 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
