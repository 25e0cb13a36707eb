/* SPDX-License-Identifier: MIT */
#include "places.h"

#include <assert.h>

static struct place *of_node(struct list_node *node)
{
    return LIST_OWNER(node, struct place, age);
}

static bool same_key(const struct rate_key *a, const struct rate_key *b)
{
    return a->kind == b->kind && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void places_init(struct places *places, uint32_t cap, uint32_t few, bool strict)
{
    *places = (struct places){.cap = cap, .few = few, .strict = strict};
    list_init(&places->by_age);
}

struct place *places_oldest(const struct places *places)
{
    struct list_node *node = list_first(&places->by_age);

    return node != NULL ? of_node(node) : NULL;
}

/* How many that address holds, and the one of them that it holds longest. */
static uint32_t held_by(const struct places *places, const struct rate_key *who, struct place **oldest)
{
    uint32_t count = 0;

    *oldest = NULL;
    for (struct list_node *n = places->by_age.next; n != &places->by_age; n = n->next) {
        if (same_key(&of_node(n)->who, who)) {
            *oldest = count++ == 0 ? of_node(n) : *oldest;
        }
    }
    return count;
}

static struct place *oldest_above_few(const struct places *places)
{
    for (struct list_node *n = places->by_age.next; n != &places->by_age; n = n->next) {
        if (of_node(n)->above_few) {
            return of_node(n);
        }
    }
    return NULL;
}

struct place *places_giving_way(const struct places *places, const struct net_addr *from)
{
    struct rate_key who = rate_key_network(from);
    struct place *own;

    if (places->strict && held_by(places, &who, &own) >= places->few) {
        return own;
    }
    if (places->used < places->cap) {
        return NULL;
    }
    struct place *above = oldest_above_few(places);
    return above != NULL ? above : places_oldest(places);
}

void places_take(struct places *places, struct place *place, const struct net_addr *from)
{
    struct place *oldest;

    assert(place->in == NULL && places->used < places->cap);
    *place = (struct place){.who = rate_key_network(from), .in = places};
    place->above_few = held_by(places, &place->who, &oldest) >= places->few;
    list_push_back(&places->by_age, &place->age);
    places->used++;
}

void places_leave(struct place *place)
{
    if (place->in != NULL) {
        list_remove(&place->age);
        place->in->used--;
        place->in = NULL;
    }
}
