/* SPDX-License-Identifier: MIT */
/* What was sent, by where it went (what an ICMP error concerns).
 *
 * only_what_went_there    of 1000 that went to as many ports of one address each is found alone, and nothing else is moved
 * mapped_is_the_same      an IPv4 address as IPv6 writes it
 * the_order_stays         of several that went to one address the one put first comes first; put anew it is the last
 * hits_may_change         whoever goes through them puts them anew and removes others; each is met once
 * removed_is_not_found    and removing once more is safe
 * room                    memory as it is said, and safe when empty */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sent_index.h"

#define MANY 1000

static struct net_addr port(uint32_t n)
{
    return addr_ipv4(10, 0, 0, 1, (uint16_t)(1000 + n));
}

static bool is_in(const struct sip_sent *sent)
{
    return sent->node.link != NULL;
}

static size_t count(const struct chain *hits)
{
    size_t len = 0;
    for (const struct chain_node *n = hits->first; n != NULL; n = n->next) {
        len++;
    }
    return len;
}

static void open(struct sip_sent_index *index, struct sip_sent *all, uint32_t len)
{
    assert_int_equal(sip_sent_index_init(index, len, 77), ST_OK);
    for (uint32_t i = 0; i < len; i++) {
        sip_sent_init(&all[i], SIP_SENT_INVITE);
        assert_false(is_in(&all[i]));
    }
}

static void only_what_went_there(void **state)
{
    static struct sip_sent all[MANY];
    struct sip_sent_index index = {0};
    struct chain hits;
    (void)state;
    open(&index, all, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        struct net_addr to = port(i);
        sip_sent_put(&index, &all[i], &to);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        struct net_addr to = port(i);
        sip_sent_take(&index, &to, &hits);
        assert_ptr_equal(hits.first, &all[i].node);
        assert_int_equal(count(&hits), 1);
        sip_sent_put(&index, &all[i], &to);
    }
    struct net_addr nobody = port(MANY);
    sip_sent_take(&index, &nobody, &hits);
    assert_null(hits.first);
    size_t most = 0;
    for (uint32_t i = 0; i <= index.mask; i++) {
        size_t len = count(&index.buckets[i]);
        most = len > most ? len : most;
    }
    assert_true(most < 10); /* what else is looked at, at most */
    sip_sent_index_fini(&index);
}

static void mapped_is_the_same(void **state)
{
    static struct sip_sent sent[MANY]; /* so many buckets */
    struct sip_sent_index index = {0};
    struct chain hits;
    struct net_addr mapped;
    struct net_addr plain = addr_ipv4(192, 0, 2, 1, 5060);
    (void)state;
    open(&index, sent, MANY);
    assert_int_equal(addr_parse_ip(SPAN_LIT("::ffff:192.0.2.1"), &mapped), ST_OK);
    mapped.port = 5060;
    sip_sent_put(&index, sent, &mapped);
    sip_sent_take(&index, &plain, &hits);
    assert_int_equal(count(&hits), 1);
    sip_sent_index_fini(&index);
}

static void the_order_stays(void **state)
{
    struct sip_sent_index index = {0};
    struct sip_sent sent[3];
    struct chain hits;
    struct net_addr to = port(0);
    (void)state;
    open(&index, sent, 3);
    for (size_t i = 0; i < 3; i++) {
        sip_sent_put(&index, &sent[i], &to);
    }
    sip_sent_put(&index, &sent[0], &to);
    sip_sent_take(&index, &to, &hits);
    assert_ptr_equal(hits.first, &sent[1].node);
    assert_ptr_equal(hits.first->next, &sent[2].node);
    assert_ptr_equal(hits.first->next->next, &sent[0].node);
    sip_sent_index_fini(&index);
}

static void hits_may_change(void **state)
{
    struct sip_sent_index index = {0};
    struct sip_sent sent[4];
    struct chain hits;
    struct net_addr to = port(0);
    size_t met = 0;
    (void)state;
    open(&index, sent, 4);
    for (size_t i = 0; i < 4; i++) {
        sip_sent_put(&index, &sent[i], &to);
    }
    sip_sent_take(&index, &to, &hits);
    for (struct chain_node *n; (n = hits.first) != NULL; met++) {
        sip_sent_put(&index, LIST_OWNER(n, struct sip_sent, node), &to);
        sip_sent_remove(&sent[2]);
    }
    assert_int_equal(met, 3);
    assert_false(is_in(&sent[2]));
    sip_sent_take(&index, &to, &hits);
    assert_int_equal(count(&hits), 3);
    sip_sent_index_fini(&index);
}

static void removed_is_not_found(void **state)
{
    struct sip_sent_index index = {0};
    struct sip_sent sent[1];
    struct chain hits;
    struct net_addr to = port(0);
    struct net_addr other = port(1);
    (void)state;
    open(&index, sent, 1);
    sip_sent_put(&index, sent, &to);
    sip_sent_put(&index, sent, &other); /* it went on: the first address means nothing any more */
    sip_sent_take(&index, &to, &hits);
    assert_null(hits.first);
    assert_true(is_in(sent));
    sip_sent_remove(sent);
    sip_sent_remove(sent);
    sip_sent_take(&index, &other, &hits);
    assert_null(hits.first);
    sip_sent_index_fini(&index);
}

static void room(void **state)
{
    struct sip_sent_index index = {0};
    (void)state;
    sip_sent_index_fini(&index);
    assert_int_equal(sip_sent_index_memory(1000), 1024 * sizeof(struct chain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_went_there), cmocka_unit_test(mapped_is_the_same),
        cmocka_unit_test(the_order_stays),      cmocka_unit_test(hits_may_change),
        cmocka_unit_test(removed_is_not_found), cmocka_unit_test(room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
