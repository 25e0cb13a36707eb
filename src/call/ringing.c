/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "bridge_priv.h"

/* ---- who has rejected what: a bit for each client slot, a row for each call slot ---- */

static size_t row_len(uint32_t max_clients)
{
    return (max_clients + 7) / 8;
}

static uint8_t *row_of(const struct bridge *b, uint32_t call_slot)
{
    return b->rejected + call_slot * row_len(b->config.max_clients);
}

static bool has_rejected(const struct bridge *b, const struct call *call, const struct client *c)
{
    return (row_of(b, call->id.slot)[c->id.slot / 8] >> c->id.slot % 8 & 1) != 0;
}

int ringing_init(struct bridge *b)
{
    b->rejected = calloc(b->config.max_calls, row_len(b->config.max_clients));
    return b->rejected != NULL ? ST_OK : ST_NO_MEMORY;
}

void ringing_fini(struct bridge *b)
{
    free(b->rejected);
    b->rejected = NULL;
}

uint64_t ringing_memory(uint32_t max_calls, uint32_t max_clients)
{
    return (uint64_t)max_calls * row_len(max_clients);
}

void ringing_refuse(struct client *c, const struct call *call)
{
    uint8_t *row = row_of(c->bridge, call->id.slot);

    row[c->id.slot / 8] = (uint8_t)(row[c->id.slot / 8] | 1U << c->id.slot % 8);
}

void ringing_forget(const struct client *c)
{
    struct bridge *b = c->bridge;

    for (struct list_node *n = b->ringing.next; n != &b->ringing; n = n->next) {
        uint8_t *row = row_of(b, LIST_OWNER(n, struct call, incoming.node)->id.slot);
        row[c->id.slot / 8] = (uint8_t)(row[c->id.slot / 8] & ~(1U << c->id.slot % 8));
    }
}

/* ---- who can be rung ---- */

static bool is_free(const struct client *c)
{
    return c->listening && !c->gone && pool_id_is_none(c->call);
}

int ringing_refusal(struct bridge *b)
{
    int code = 480;
    struct client *c;

    for (uint32_t s = 0; (c = pool_next(&b->clients, &s, NULL)) != NULL; s++) {
        if (is_free(c)) {
            return 0;
        }
        if (c->listening && !c->gone) {
            code = 486;
        }
    }
    return code;
}

/* Offers the call to whoever is free and rings for no other. False: nobody can take it, now or when an earlier call has
 * stopped ringing. */
static bool offer(struct call *call)
{
    struct bridge *b = call->bridge;
    bool any = false;
    struct client *c;

    for (uint32_t s = 0; (c = pool_next(&b->clients, &s, NULL)) != NULL; s++) {
        if (!is_free(c) || has_rejected(b, call, c)) {
            continue;
        }
        any = true;
        if (pool_id_is_none(c->rings)) {
            c->rings = call->id;
            client_tell(c, "INCOMING:%s", call->incoming.text);
        }
    }
    return any;
}

void ringing_settle(struct bridge *b)
{
    struct list_node *next;

    for (struct list_node *n = b->ringing.next; b->settle && n != &b->ringing; n = next) {
        struct call *call = LIST_OWNER(n, struct call, incoming.node);
        next = n->next;
        if (!offer(call)) {
            int code = call->incoming.reject_code != 0 ? call->incoming.reject_code : ringing_refusal(b);
            call_end(call, CALL_EV_REFUSED, code != 0 ? code : 480, sip_reason_phrase(code != 0 ? code : 480));
        }
    }
    b->settle = false;
}

/* ---- beginning and ending ---- */

void ringing_begin(struct call *call)
{
    struct bridge *b = call->bridge;

    memset(row_of(b, call->id.slot), 0, row_len(b->config.max_clients));
    list_push_back(&b->ringing, &call->incoming.node);
    b->settle = true;
}

void ringing_end(struct call *call)
{
    struct bridge *b = call->bridge;
    struct client *c;

    list_remove(&call->incoming.node);
    for (uint32_t s = 0; (c = pool_next(&b->clients, &s, NULL)) != NULL; s++) {
        if (pool_id_eq(c->rings, call->id)) {
            c->rings = POOL_ID_NONE;
            if (!pool_id_eq(c->id, call->client)) {
                client_tell(c, "INCOMING_GONE:%s", call->incoming.gone);
            }
        }
    }
    b->settle = true; /* whoever is free now may be rung for another */
}

void ringing_leave(struct client *c, const char *why)
{
    if (!pool_id_is_none(c->rings)) {
        c->rings = POOL_ID_NONE;
        client_tell(c, "INCOMING_GONE:%s", why);
    }
    c->bridge->settle = true;
}

void ringing_listen(struct client *c, bool on)
{
    c->listening = on;
    if (on) {
        c->bridge->settle = true;
    } else {
        ringing_leave(c, "not listening");
    }
}
