/* SPDX-License-Identifier: MIT */
/* Matching rules of RFC 3261 17.1.3, 17.2.3 and 8.2.2.2, and the index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tx_match.h"

#define SEED 77

/* A message as its parts; what a field leaves NULL is as in the request held. */
struct parts {
    const char *method, *uri, *via, *from_tag, *to_tag, *call_id;
    unsigned cseq;
};

struct held {
    char text[1024];
    struct sip_msg msg;
};

static const char *or_else(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

static const struct sip_msg *request(struct held *h, const struct parts *p)
{
    const char *method = or_else(p->method, "INVITE");
    const char *to_tag = or_else(p->to_tag, "");

    snprintf(h->text, sizeof(h->text),
             "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s\r\nFrom: <sip:b@x.org>;tag=%s\r\nTo: <sip:a@x.org>%s%s\r\n"
             "Call-ID: %s\r\nCSeq: %u %s\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
             method, or_else(p->uri, "sip:a@x.org"), or_else(p->via, "h.org:5070;branch=z9hG4bKq"),
             or_else(p->from_tag, "f"), to_tag[0] != '\0' ? ";tag=" : "", to_tag, or_else(p->call_id, "c@h.org"),
             p->cseq != 0 ? p->cseq : 7, method);
    assert_int_equal(sip_msg_parse(span_cstr(h->text), &h->msg), SIP_VERDICT_OK);
    return &h->msg;
}

/* Whether the second belongs to the server transaction of the first. */
static bool belongs(const struct parts *first, const struct parts *second)
{
    static struct held a, b;
    struct sip_tx_key held = sip_tx_key_server(request(&a, first), false, SEED);

    assert_int_equal(sip_tx_key_hold(&held), ST_OK);
    held.answer_tag = sip_tx_tag_hash(SPAN_LIT("ours"));
    memset(&a, 'x', sizeof(a)); /* the key must not look back */
    struct sip_tx_key wanted = sip_tx_key_server(request(&b, second), false, SEED);
    bool result = sip_tx_key_matches(&held, &wanted);
    sip_tx_key_release(&held);
    return result;
}
#define PARTS(...) (&(const struct parts){__VA_ARGS__})

static void test_branch_is_unique(void **state)
{
    (void)state;
    assert_true(sip_tx_branch_is_unique(SPAN_LIT("z9hG4bK1")));
    assert_true(sip_tx_branch_is_unique(SPAN_LIT("Z9HG4BK1")));
    assert_false(sip_tx_branch_is_unique(SPAN_LIT("z9hG4bK")));
    assert_false(sip_tx_branch_is_unique(SPAN_LIT("z9hG4b1")));
    assert_false(sip_tx_branch_is_unique(SPAN_LIT("1z9hG4bK1")));
    assert_false(sip_tx_branch_is_unique(SPAN_NONE));
}

static void test_server_by_branch(void **state)
{
    (void)state;
    const struct parts *invite = PARTS(.method = "INVITE");

    assert_true(belongs(invite, PARTS(.method = "INVITE")));
    assert_true(belongs(invite, PARTS(.method = "ACK", .to_tag = "ours")));
    assert_true(belongs(invite, PARTS(.method = "ACK", .to_tag = "any")));
    assert_true(belongs(invite, PARTS(.via = "H.ORG:5070;branch=Z9hG4bKQ")));
    assert_true(belongs(invite, PARTS(.via = "h.org:5070;rport;branch=z9hG4bKq;received=1.2.3.4")));
    assert_false(belongs(invite, PARTS(.method = "BYE")));
    assert_false(belongs(invite, PARTS(.method = "CANCEL")));
    assert_false(belongs(invite, PARTS(.via = "h.org:5070;branch=z9hG4bKr")));
    assert_false(belongs(invite, PARTS(.via = "h.org:5071;branch=z9hG4bKq")));
    assert_false(belongs(invite, PARTS(.via = "h.org;branch=z9hG4bKq")));
    assert_false(belongs(invite, PARTS(.via = "i.org:5070;branch=z9hG4bKq")));
    assert_false(belongs(invite, PARTS(.via = "h.org:5070;branch=q")));
    assert_false(belongs(PARTS(.method = "BYE"), PARTS(.method = "ACK")));
}

static void test_server_default_port(void **state)
{
    (void)state;
    const struct parts *none = PARTS(.via = "h.org;branch=z9hG4bKq");

    assert_true(belongs(none, PARTS(.via = "h.org:5060;branch=z9hG4bKq")));
    assert_false(belongs(none, PARTS(.via = "h.org:5070;branch=z9hG4bKq")));
}

static void test_server_ipv6_and_unknown_methods(void **state)
{
    (void)state;
    const struct parts *six = PARTS(.via = "[2001:DB8::9]:5070;branch=z9hG4bKq", .method = "NEWMETHOD");

    assert_true(belongs(six, PARTS(.via = "[2001:db8::9]:5070;branch=z9hG4bKq", .method = "NEWMETHOD")));
    assert_false(belongs(six, PARTS(.via = "[2001:db8::9]:5070;branch=z9hG4bKq", .method = "NewMethod")));
    assert_false(belongs(six, PARTS(.via = "[2001:db8::8]:5070;branch=z9hG4bKq", .method = "NEWMETHOD")));
}

static void old_style(const char *via)
{
    const struct parts *invite = PARTS(.via = via);

    assert_true(belongs(invite, PARTS(.via = via)));
    assert_false(belongs(invite, PARTS(.via = "h.org:5070;branch=other")));
    assert_false(belongs(invite, PARTS(.via = via, .uri = "sip:z@x.org")));
    assert_false(belongs(invite, PARTS(.via = via, .from_tag = "g")));
    assert_false(belongs(invite, PARTS(.via = via, .to_tag = "t")));
    assert_false(belongs(invite, PARTS(.via = via, .call_id = "C@h.org")));
    assert_false(belongs(invite, PARTS(.via = via, .cseq = 8)));
    assert_false(belongs(invite, PARTS(.via = via, .method = "BYE")));
    assert_true(belongs(invite, PARTS(.via = via, .method = "ACK", .to_tag = "ours")));
    assert_false(belongs(invite, PARTS(.via = via, .method = "ACK", .to_tag = "OURS")));
    assert_false(belongs(invite, PARTS(.via = via, .method = "ACK", .to_tag = "theirs")));
    assert_false(belongs(invite, PARTS(.via = via, .method = "ACK")));
    assert_false(belongs(invite, PARTS(.via = via, .method = "ACK", .to_tag = "ours", .cseq = 8)));
    assert_false(belongs(invite, PARTS(.via = via, .method = "ACK", .to_tag = "ours", .uri = "sip:z@x.org")));
    assert_true(
        belongs(PARTS(.via = via, .method = "BYE", .to_tag = "t"), PARTS(.via = via, .method = "BYE", .to_tag = "t")));
}
static void test_server_old_style(void **state)
{
    (void)state;
    old_style("h.org:5070");
    old_style("h.org:5070;branch=1");
    old_style("h.org:5070;branch=z9hG4bK"); /* RFC 4475 badbranch */
}

static void test_cancel_key_looks_for_invite(void **state)
{
    (void)state;
    static struct held a, b;
    const char *vias[] = {"h.org:5070;branch=z9hG4bKq", "h.org:5070"};

    for (size_t i = 0; i < 2; i++) {
        struct sip_tx_key held = sip_tx_key_server(request(&a, PARTS(.via = vias[i])), false, SEED);
        const struct sip_msg *cancel = request(&b, PARTS(.via = vias[i], .method = "CANCEL"));
        struct sip_tx_key own = sip_tx_key_server(cancel, false, SEED);
        struct sip_tx_key wanted = sip_tx_key_server(cancel, true, SEED);
        assert_false(sip_tx_key_matches(&held, &own));
        assert_true(sip_tx_key_matches(&held, &wanted));
    }
}

static struct sip_tx_key response_key(struct held *h, const char *branch, const char *cseq, const char *call_id)
{
    snprintf(h->text, sizeof(h->text),
             "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=%s\r\nFrom: <sip:b@x.org>;tag=f\r\n"
             "To: <sip:a@x.org>;tag=t\r\nCall-ID: %s\r\nCSeq: %s\r\nContent-Length: 0\r\n\r\n",
             branch, call_id, cseq);
    assert_int_equal(sip_msg_parse(span_cstr(h->text), &h->msg), SIP_VERDICT_OK);
    return sip_tx_key_response(&h->msg, SEED);
}

static void test_client(void **state)
{
    (void)state;
    static struct held b;
    static const struct {
        const char *branch, *cseq, *call_id;
        bool matches;
    } rows[] = {
        {"z9hG4bKq", "7 INVITE", "c@h.org", true},  {"z9hg4bkQ", "7 INVITE", "c@h.org", true},
        {"z9hG4bKq", "7 CANCEL", "c@h.org", false}, {"z9hG4bKq", "7 BYE", "c@h.org", false},
        {"z9hG4bKq", "8 INVITE", "c@h.org", false}, {"z9hG4bKq", "7 INVITE", "d@h.org", false},
        {"z9hG4bKq", "7 INVITE", "C@h.org", false}, {"z9hG4bKqq", "7 INVITE", "c@h.org", false},
        {"z9hG4bK", "7 INVITE", "c@h.org", false},  {"z9hG4bKq", "007 INVITE", "c@h.org", true},
        {"z9hG4bKq", "7 invite", "c@h.org", false},
    };
    struct sip_tx_key held = sip_tx_key_client(SPAN_LIT("INVITE"), 7, SPAN_LIT("z9hG4bKq"), SPAN_LIT("c@h.org"), SEED);
    assert_int_equal(sip_tx_key_hold(&held), ST_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sip_tx_key wanted = response_key(&b, rows[i].branch, rows[i].cseq, rows[i].call_id);
        assert_true(sip_tx_key_matches(&held, &wanted) == rows[i].matches);
    }
    sip_tx_key_release(&held);
}

/* A response never counts for a server transaction, a request never for a client one. */
static void test_styles_do_not_mix(void **state)
{
    (void)state;
    static struct held a;
    const struct sip_msg *msg = request(&a, PARTS(.method = "INVITE"));
    struct sip_tx_key client = sip_tx_key_client(msg->method_text, msg->cseq, msg->via.branch, msg->call_id, SEED);
    struct sip_tx_key server = sip_tx_key_server(msg, false, SEED);

    assert_false(sip_tx_key_matches(&client, &server));
    assert_false(sip_tx_key_matches(&server, &client));
}

#define MANY 300
static void test_index(void **state)
{
    (void)state;
    static struct held h;
    static struct sip_tx_entry entries[MANY];
    struct sip_tx_index index = {0};
    char via[64];

    memset(entries, 0, sizeof(entries));
    sip_tx_index_remove(&entries[0]); /* was never in */
    assert_int_equal(sip_tx_index_init(&index, 20, SEED), ST_OK);
    assert_int_equal(index.mask, 7); /* four share a bucket */
    for (int i = 0; i < MANY; i++) {
        snprintf(via, sizeof(via), "h.org;branch=z9hG4bK%d", i);
        entries[i].key = sip_tx_key_server(request(&h, PARTS(.via = via)), false, SEED);
        assert_int_equal(sip_tx_key_hold(&entries[i].key), ST_OK);
        sip_tx_index_add(&index, &entries[i]);
    }
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            snprintf(via, sizeof(via), "h.org;branch=z9hG4bK%d", i);
            struct sip_tx_key key = sip_tx_key_server(request(&h, PARTS(.via = via)), false, SEED);
            bool gone = round == 1 && i % 3 == 0;
            assert_ptr_equal(sip_tx_index_find(&index, &key), gone ? NULL : &entries[i]);
        }
        for (int i = 0; i < MANY; i += 3) {
            sip_tx_index_remove(&entries[i]);
        }
    }
    for (int i = 0; i < MANY; i++) {
        sip_tx_key_release(&entries[i].key);
    }
    sip_tx_index_fini(&index);
    sip_tx_index_fini(&index);
}

/* No bucket gets much more than its share, whatever counter the branches end in. */
static void test_index_spreads(void **state)
{
    (void)state;
    static struct held h;
    unsigned filled[64] = {0};
    char via[64];

    for (unsigned i = 0; i < 1024; i++) {
        snprintf(via, sizeof(via), "h.org;branch=z9hG4bK-524287-1---%08x", i);
        filled[sip_tx_key_server(request(&h, PARTS(.via = via)), false, SEED).hash & 63]++;
    }
    for (size_t i = 0; i < 64; i++) {
        assert_in_range(filled[i], 1, 48);
    }
}

static size_t longest_chain(const struct sip_tx_index *index)
{
    size_t longest = 0;

    for (uint32_t i = 0; i <= index->mask; i++) {
        size_t len = 0;
        for (const struct chain_node *n = index->origins[i].first; n != NULL; n = n->next) {
            len++;
        }
        longest = len > longest ? len : longest;
    }
    return longest;
}

/* 8.2.2.2: what a request keeps on every way. Found in a bucket, not by a walk over all transactions. */
static void test_origins(void **state)
{
    (void)state;
    static const struct {
        struct parts parts;
        bool found;
    } rows[] = {
        {{.via = "other.org;branch=z9hG4bKother"}, true},
        {{.via = "other.org"}, true}, /* old style */
        {{.method = "OPTIONS"}, false},
        {{.cseq = 8}, false},
        {{.call_id = "C@h.org"}, false},
        {{.call_id = "c@h.orgf", .from_tag = ""}, false},
        {{.from_tag = "F"}, false},
        {{.to_tag = "t"}, true}, /* sip_tx_is_merged looks at that */
    };
    static struct held h;
    static struct sip_tx_entry entries[1024];
    struct sip_tx_index index = {0};
    char call_id[32];

    memset(entries, 0, sizeof(entries));
    assert_int_equal(sip_tx_index_init(&index, 1024, SEED), ST_OK);
    for (int i = 0; i < 1024; i++) {
        snprintf(call_id, sizeof(call_id), i == 0 ? "c@h.org" : "%d@h.org", i);
        entries[i].key =
            i == 1023 ? sip_tx_key_client(SPAN_LIT("INVITE"), 7, SPAN_LIT("z9hG4bKq"), SPAN_LIT("1023@h.org"), SEED)
                      : sip_tx_key_server(request(&h, PARTS(.call_id = call_id)), false, SEED);
        assert_int_equal(sip_tx_key_hold(&entries[i].key), ST_OK);
        sip_tx_index_add(&index, &entries[i]);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sip_tx_key key = sip_tx_key_server(request(&h, &rows[i].parts), false, SEED);
        assert_int_equal(sip_tx_index_has_origin(&index, &key), rows[i].found);
    }
    assert_in_range(longest_chain(&index), 1, 10);
    for (int i = 0; i < 1024; i++) {
        snprintf(call_id, sizeof(call_id), i == 0 ? "c@h.org" : "%d@h.org", i);
        struct sip_tx_key key = sip_tx_key_server(request(&h, PARTS(.call_id = call_id)), false, SEED);
        assert_int_equal(sip_tx_index_has_origin(&index, &key), i != 1023); /* no request of ours */
        sip_tx_index_remove(&entries[i]);
        assert_false(sip_tx_index_has_origin(&index, &key));
        sip_tx_key_release(&entries[i].key);
    }
    assert_int_equal(longest_chain(&index), 0);
    sip_tx_index_fini(&index);
}

static void test_seed_changes_the_hash(void **state)
{
    (void)state;
    static struct held h;
    const struct sip_msg *msg = request(&h, PARTS(.method = "INVITE"));

    assert_int_not_equal(sip_tx_key_server(msg, false, 1).hash, sip_tx_key_server(msg, false, 2).hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_branch_is_unique),
        cmocka_unit_test(test_server_by_branch),
        cmocka_unit_test(test_server_default_port),
        cmocka_unit_test(test_server_ipv6_and_unknown_methods),
        cmocka_unit_test(test_server_old_style),
        cmocka_unit_test(test_cancel_key_looks_for_invite),
        cmocka_unit_test(test_client),
        cmocka_unit_test(test_styles_do_not_mix),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_index_spreads),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_seed_changes_the_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
