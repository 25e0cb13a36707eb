/* SPDX-License-Identifier: MIT */
/* All calls: what they share, their clocks, their beginning and their end. */
#include "calls_priv.h"

#include <stdlib.h>

static int open_media(struct calls *all)
{
    const struct calls_config *c = &all->config;
    const struct media_config config = {.log = all->log,
                                        .rng = all->rng,
                                        .io = c->media,
                                        .files = c->media_files,
                                        .learn = c->rtp_learn,
                                        .max_sessions = c->max_calls,
                                        .live_bytes = c->media_buffer};

    return media_new(&config, &all->media);
}

int calls_new(const struct calls_config *config, struct calls **out)
{
    struct calls *all = calloc(1, sizeof(*all));

    if (all == NULL) {
        return ST_NO_MEMORY;
    }
    all->config = *config;
    all->sip = config->sip;
    all->log = config->log;
    all->rng = config->rng;
    all->now = config->now;
    all->overload.lateness.limit = config->max_tick_late;
    list_init(&all->ended);
    int status = span_copy(config->domain, all->domain, sizeof(all->domain));
    if (status == ST_OK) {
        status = pool_init(&all->pool, sizeof(struct call), config->max_calls);
    }
    if (status == ST_OK) {
        status = open_media(all);
    }
    if (status == ST_OK) {
        status = timerq_init(&all->timers, config->max_calls);
    }
    if (status == ST_OK) {
        status = dial_guard_init(&all->dial, config);
    }
    all->config.domain = SPAN_NONE; /* both are copied */
    all->config.dial_rules = NULL;
    if (status != ST_OK) {
        calls_free(all);
        return status;
    }
    *out = all;
    return ST_OK;
}

void calls_free(struct calls *all)
{
    struct call *call;

    if (all == NULL) {
        return;
    }
    for (uint32_t s = 0; (call = pool_next(&all->pool, &s, NULL)) != NULL; s++) {
        call->owner = POOL_ID_NONE;
        call_close_media(call);
        call_release(call);
    }
    media_free(all->media);
    dial_guard_fini(&all->dial);
    timerq_fini(&all->timers);
    pool_fini(&all->pool);
    free(all);
}

struct call *calls_get(const struct calls *all, struct pool_id id)
{
    return pool_get(&all->pool, id);
}

struct media *calls_media(struct calls *all)
{
    return all->media;
}

void calls_set_media_addr(struct calls *all, const struct net_addr *addr)
{
    all->config.media_addr = *addr;
}

/* ---- time ---- */

void calls_tick(struct calls *all)
{
    mono_us due = media_tick_due(all->media);
    uint64_t skipped = media_stats(all->media).ticks_skipped;

    if (due <= *all->now) { /* else the loopback exchange alone has something to send */
        media_tick(all->media, *all->now);
        skipped = media_stats(all->media).ticks_skipped - skipped;
        overload_tick(&all->overload, all->log, *all->now, *all->now - due, skipped > 0);
    }
}

mono_us calls_due(const struct calls *all)
{
    return timerq_due(&all->timers);
}

void calls_expire(struct calls *all)
{
    struct timerq_entry *entry;

    while ((entry = timerq_pop(&all->timers, *all->now)) != NULL) {
        call_expire(LIST_OWNER(entry, struct call, timer));
    }
}

void calls_reap(struct calls *all)
{
    struct list_node *n;

    if (all->overload.lateness.count > 0 && media_tick_due(all->media) == MONO_NEVER) {
        overload_rest(&all->overload, all->log);
    }
    while ((n = list_first(&all->ended)) != NULL) {
        list_remove(n);
        call_release(LIST_OWNER(n, struct call, ended));
    }
}

/* ---- stopping, figures ---- */

void calls_stop(struct calls *all)
{
    struct call *call;

    all->stopping = true;
    media_stop(all->media);
    for (uint32_t s = 0; (call = pool_next(&all->pool, &s, NULL)) != NULL; s++) {
        if (call->state != CALL_ST_ENDED) {
            int code = call->state == CALL_ST_ALERTING ? 480 : call_clearing_code(call);
            call->gone = CALL_GONE_STOPPING;
            call_end(call, CALL_EV_HANGUP, code, sip_reason_phrase(code));
        }
    }
}

struct calls_stats calls_stats(const struct calls *all)
{
    struct calls_stats stats = all->stats;

    stats.calls = all->pool.used;
    stats.denied = all->dial.denied;
    stats.limited = all->dial.limited;
    return stats;
}

uint64_t calls_worst_case_memory(uint32_t max_calls, uint32_t max_parties, uint64_t media_buffer)
{
    return media_memory(max_calls, media_buffer) + max_calls * (sizeof(struct call) + sizeof(struct incoming)) +
           dial_guard_memory(max_parties);
}
