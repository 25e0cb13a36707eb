/* SPDX-License-Identifier: MIT */
/* Places of connections that are not let in (yet): a request under way, a refusal on its way out, an end that waits for the other
 * side. They are apart from --max-clients, so that strangers take none of the clients' places, and nobody who comes is turned
 * away for want of one: somebody who has had his time gives way. Bookkeeping only; no socket, no clock. */
#ifndef WSAUDIO_HTTP_PLACES_H
#define WSAUDIO_HTTP_PLACES_H

#include "wsaudio/base.h"

/* Lies inside its owner; zeroed means that none is held. */
struct place {
    struct list_node age;
    struct rate_key who;
    struct places *in; /* NULL: none is held */
    bool above_few;    /* its address held its few already */
};

struct places {
    struct list_node by_age; /* the one longest held first */
    uint32_t used, cap;
    uint32_t few; /* so many an address (IPv6: a network of 64 bits) may hold for long */
    bool strict;  /* or at all */
};

void places_init(struct places *places, uint32_t cap, uint32_t few, bool strict);
/* The place that must be left before one from that address may be taken, or NULL: there is room. An address that holds its
 * few gives up its oldest where that is strict. When none is left, the oldest of those above their address's few gives way,
 * else the one longest held. */
struct place *places_giving_way(const struct places *places, const struct net_addr *from);
/* Takes a place; only after places_giving_way gave NULL. One with above_few set should be held for a moment only: many clients
 * behind one proxy come at once, but they do not linger. */
void places_take(struct places *places, struct place *place, const struct net_addr *from);
/* Safe when none is held. */
void places_leave(struct place *place);
/* The one longest held, or NULL. */
struct place *places_oldest(const struct places *places);

#endif
