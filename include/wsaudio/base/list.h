/* SPDX-License-Identifier: MIT */
/* An intrusive doubly linked list. The node lies inside its owner; LIST_OWNER gets back to it. */
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

#endif
