/* SPDX-License-Identifier: MIT */
/* list.h: order, removal from wherever a node is, and one list moved behind another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wsaudio/base/list.h"

#define NODES 6

static struct list_node nodes[NODES];

/* The nodes' numbers in their order, both ways. */
static void expect(const struct list_node *head, const char *numbers)
{
    const struct list_node *n = head->next;
    size_t len = 0;

    for (; numbers[len] != '\0'; len++) {
        assert_ptr_equal(n, &nodes[numbers[len] - '0']);
        n = n->next;
    }
    assert_ptr_equal(n, head);
    while (len > 0) {
        n = n->prev;
        assert_ptr_equal(n, &nodes[numbers[--len] - '0']);
    }
    assert_ptr_equal(n->prev, head);
}

static void fill(struct list_node *head, int from, int to)
{
    list_init(head);
    for (int i = from; i < to; i++) {
        list_init(&nodes[i]);
        list_push_back(head, &nodes[i]);
    }
}

static void test_order(void **state)
{
    struct list_node head;
    (void)state;
    fill(&head, 0, 3);
    expect(&head, "012");
    list_remove(&nodes[1]);
    list_remove(&nodes[1]);
    expect(&head, "02");
    assert_true(list_is_empty(&nodes[1]));
    assert_ptr_equal(list_first(&head), &nodes[0]);
    list_remove(&nodes[0]);
    list_remove(&nodes[2]);
    assert_null(list_first(&head));
}

static void test_move(void **state)
{
    struct list_node a;
    struct list_node b;
    (void)state;
    for (int in_a = 0; in_a <= 2; in_a++) {
        for (int in_b = 0; in_b <= 2; in_b++) {
            static const char *const moved[3][3] = {{"", "3", "34"}, {"0", "03", "034"}, {"01", "013", "0134"}};
            fill(&a, 0, in_a);
            fill(&b, 3, 3 + in_b);
            list_move(&a, &b);
            expect(&a, moved[in_a][in_b]);
            expect(&b, "");
        }
    }
}

static void expect_chain(const struct chain *chain, const struct chain_node *all, const char *numbers)
{
    struct chain_node *const *link = &chain->first;
    for (const char *c = numbers; *c != '\0'; c++) {
        assert_ptr_equal(*link, &all[*c - '0']);
        assert_ptr_equal((*link)->link, link);
        link = &(*link)->next;
    }
    assert_null(*link);
}

static void test_chain(void **state)
{
    struct chain chain = {NULL};
    struct chain_node all[4] = {{NULL, NULL}};
    (void)state;
    chain_remove(&all[0]); /* in none */
    chain_push(&chain, &all[1]);
    chain_push(&chain, &all[0]);
    chain_push_back(&chain, &all[2]);
    chain_push_back(&chain, &all[3]);
    expect_chain(&chain, all, "0123");
    chain_remove(&all[1]);
    chain_remove(&all[1]);
    expect_chain(&chain, all, "023");
    chain_remove(&all[3]);
    chain_remove(&all[0]);
    expect_chain(&chain, all, "2");
    chain_remove(&all[2]);
    expect_chain(&chain, all, "");
    chain_push_back(&chain, &all[1]);
    expect_chain(&chain, all, "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_move),
                                       cmocka_unit_test(test_chain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
