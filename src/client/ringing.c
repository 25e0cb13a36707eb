/* SPDX-License-Identifier: MIT */
#include "ringing.h"

#include <stdlib.h>

#include "client_priv.h"

/* ---- who has rejected what ---- */

static size_t row_len(uint32_t max_clients)
{
    return (max_clients + 7) / 8;
}

static uint8_t *row_of(const struct gateway *g, uint32_t call_slot)
{
    return g->rings.rejected + call_slot * row_len(g->config.max_clients);
}

static bool has_rejected(const struct gateway *g, struct pool_id call, const struct client *c)
{
    return (row_of(g, call.slot)[c->id.slot / 8] >> c->id.slot % 8 & 1) != 0;
}

int ringing_init(struct gateway *g)
{
    list_init(&g->rings.calls);
    g->rings.slots = calloc(g->config.calls.max_calls, sizeof(*g->rings.slots));
    g->rings.rejected = calloc(g->config.calls.max_calls, row_len(g->config.max_clients));
    return g->rings.slots != NULL && g->rings.rejected != NULL ? ST_OK : ST_NO_MEMORY;
}

void ringing_fini(struct gateway *g)
{
    free(g->rings.slots);
    free(g->rings.rejected);
    g->rings.slots = NULL;
    g->rings.rejected = NULL;
}

uint64_t ringing_memory(uint32_t max_calls, uint32_t max_clients)
{
    return (uint64_t)max_calls * (row_len(max_clients) + sizeof(struct ring));
}

void ringing_reject(struct client *c, int code)
{
    struct gateway *g = c->gateway;
    uint8_t *row = row_of(g, c->rings.slot);

    row[c->id.slot / 8] = (uint8_t)(row[c->id.slot / 8] | 1U << c->id.slot % 8);
    g->rings.slots[c->rings.slot].code = code;
    ringing_leave(c, CALL_GONE_REJECTED);
}

void ringing_forget(const struct client *c)
{
    struct gateway *g = c->gateway;

    for (struct list_node *n = g->rings.calls.next; n != &g->rings.calls; n = n->next) {
        uint8_t *row = row_of(g, LIST_OWNER(n, struct ring, node)->call.slot);
        row[c->id.slot / 8] = (uint8_t)(row[c->id.slot / 8] & ~(1U << c->id.slot % 8));
    }
}

/* ---- who can be rung ---- */

static bool is_free(const struct client *c)
{
    return pool_id_is_none(c->call);
}

int ringing_refusal(const struct gateway *g)
{
    for (struct list_node *n = g->listeners.next; n != &g->listeners; n = n->next) {
        if (is_free(LIST_OWNER(n, struct client, listener))) {
            return 0;
        }
    }
    return list_is_empty(&g->listeners) ? 480 : 486;
}

/* Offers the call to whoever is free and rings for no other. False: nobody can take it, now or when an earlier call has
 * stopped ringing. */
static bool offer(struct gateway *g, struct pool_id id)
{
    const struct call *call = calls_get(g->calls, id);
    bool any = false;

    for (struct list_node *n = g->listeners.next; n != &g->listeners; n = n->next) {
        struct client *c = LIST_OWNER(n, struct client, listener);
        if (!is_free(c) || has_rejected(g, id, c)) {
            continue;
        }
        any = true;
        if (pool_id_is_none(c->rings)) {
            c->rings = id;
            client_event(c, &(struct call_event){.kind = CALL_EVENT_INCOMING,
                                                 .call = id,
                                                 .caller = call_caller(call),
                                                 .called = call_called(call)});
        }
    }
    return any;
}

void ringing_settle(struct gateway *g)
{
    struct list_node *next;

    for (struct list_node *n = g->rings.calls.next; g->settle && n != &g->rings.calls; n = next) {
        const struct ring *ring = LIST_OWNER(n, struct ring, node);
        next = n->next;
        if (!offer(g, ring->call)) {
            int code = ring->code != 0 ? ring->code : ringing_refusal(g);
            call_refuse(calls_get(g->calls, ring->call), code != 0 ? code : 480);
        }
    }
    g->settle = false;
}

/* ---- beginning and ending ---- */

void ringing_begin(struct gateway *g, struct pool_id call)
{
    struct ring *ring = &g->rings.slots[call.slot];

    memset(row_of(g, call.slot), 0, row_len(g->config.max_clients));
    ring->call = call;
    ring->code = 0;
    list_push_back(&g->rings.calls, &ring->node);
    g->settle = true;
}

static void tell_gone(struct client *c, enum call_gone gone)
{
    client_event(c, &(struct call_event){.kind = CALL_EVENT_GONE, .gone = gone});
}

void ringing_end(struct gateway *g, const struct call_event *event)
{
    struct ring *ring = &g->rings.slots[event->call.slot];

    if (!pool_id_eq(ring->call, event->call)) {
        return; /* the echo test answers without ringing */
    }
    ring->call = POOL_ID_NONE;
    list_remove(&ring->node);
    for (struct list_node *n = g->listeners.next; n != &g->listeners; n = n->next) { /* it rings at no other */
        struct client *c = LIST_OWNER(n, struct client, listener);
        if (pool_id_eq(c->rings, event->call)) {
            c->rings = POOL_ID_NONE;
            if (!pool_id_eq(c->id, event->owner)) {
                tell_gone(c, event->gone);
            }
        }
    }
    g->settle = true; /* whoever is free now may be rung for another */
}

void ringing_leave(struct client *c, enum call_gone gone)
{
    if (!pool_id_is_none(c->rings)) {
        c->rings = POOL_ID_NONE;
        tell_gone(c, gone);
    }
    c->gateway->settle = true;
}

void ringing_listen(struct client *c, bool on)
{
    list_remove(&c->listener);
    if (on) {
        list_push_back(&c->gateway->listeners, &c->listener);
        c->gateway->settle = true;
    } else {
        ringing_leave(c, CALL_GONE_NOT_LISTENING);
    }
}
