/* SPDX-License-Identifier: MIT */
/* Intrusive doubly linked lists, and the chains of hash tables. The node lies inside its owner; LIST_OWNER gets back to it. */
#ifndef WSAUDIO_BASE_LIST_H
#define WSAUDIO_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *next;
    struct list_node *prev;
};

#define LIST_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* Both for a head and for a node that is in no list. */
static inline void list_init(struct list_node *head)
{
    head->next = head;
    head->prev = head;
}
static inline bool list_is_empty(const struct list_node *head)
{
    return head->next == head;
}
static inline void list_push_back(struct list_node *head, struct list_node *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}
/* Safe for a node that is in no list, as long as it was once initialised. */
static inline void list_remove(struct list_node *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}
/* All nodes of `from`, in their order, behind those of `to`. */
static inline void list_move(struct list_node *to, struct list_node *from)
{
    if (!list_is_empty(from)) {
        from->next->prev = to->prev;
        to->prev->next = from->next;
        from->prev->next = to;
        to->prev = from->prev;
        list_init(from);
    }
}
/* First node, or NULL. */
static inline struct list_node *list_first(const struct list_node *head)
{
    return list_is_empty(head) ? NULL : head->next;
}

/* ---- chains: the buckets of a hash table, half the size of a list's head and ready when zeroed ---- */

struct chain_node {
    struct chain_node *next;
    struct chain_node **link; /* what points here; NULL: in no chain */
};
struct chain {
    struct chain_node *first; /* NULL: empty */
};

/* node is in no chain. In front of the others. */
static inline void chain_push(struct chain *chain, struct chain_node *node)
{
    node->next = chain->first;
    node->link = &chain->first;
    if (node->next != NULL) {
        node->next->link = &node->next;
    }
    chain->first = node;
}
/* The same behind the others, which are gone through. */
static inline void chain_push_back(struct chain *chain, struct chain_node *node)
{
    struct chain_node **link = &chain->first;

    while (*link != NULL) {
        link = &(*link)->next;
    }
    *node = (struct chain_node){NULL, link};
    *link = node;
}
/* Safe for a zeroed node, and twice. */
static inline void chain_remove(struct chain_node *node)
{
    if (node->link != NULL) {
        *node->link = node->next;
        if (node->next != NULL) {
            node->next->link = node->link;
        }
        *node = (struct chain_node){NULL, NULL};
    }
}

#endif
