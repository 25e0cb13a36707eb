/* SPDX-License-Identifier: MIT */
/* All calls: what they share, their clocks, their beginning and their end. */
#include "calls_priv.h"

#include <stdlib.h>

/* SIP usages finish behind calls that are gone: INVITE and BYE live up to 32 s, so that a line can be used again and again. */
#define USAGES_FOR_CALLS(calls) ((calls)*4 + 32)

static void free_strings(struct calls *all)
{
    /* the SIP stack keeps copies of its own; the password must not stay here as well */
    all->config.sip.password = SPAN_NONE;
    all->config.sip.user = SPAN_NONE;
    all->config.sip.auth_user = SPAN_NONE;
    all->config.sip.realm = SPAN_NONE;
    all->config.sip.caller = SPAN_NONE;
    all->config.sip.display_name = SPAN_NONE;
    all->config.sip.domain = SPAN_NONE;
    all->config.sip.user_agent = SPAN_NONE;
    all->config.sip.extra_headers = SPAN_NONE;
    all->config.dial_rules = NULL; /* copied */
}

static int send_sip(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct calls *all = ctx;

    return all->config.sip_send(all->config.sip_ctx, to, data, len);
}

static void link_changed(void *ctx, enum sip_link_event event, const struct net_addr *local)
{
    struct calls *all = ctx;

    if (event == SIP_LINK_ADDRESS) {
        all->config.media_addr = *local;
    }
    if (all->config.sip_link != NULL) {
        all->config.sip_link(all->config.sip_ctx, event, local);
    }
}

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
    all->config.sip.max_usages = USAGES_FOR_CALLS(config->max_calls);
    all->log = config->sip.log;
    all->rng = config->sip.rng;
    all->now = config->now;
    list_init(&all->ended);
    struct sip_hooks hooks = {
        .ctx = all, .send = send_sip, .event = call_sip_event, .link = link_changed, .redirect = call_may_redirect};
    int status = span_copy(config->sip.domain, all->domain, sizeof(all->domain));
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
    if (status == ST_OK) {
        all->sip = sip_stack_new(&all->config.sip, &hooks);
        status = all->sip != NULL ? ST_OK : ST_NO_MEMORY;
    }
    free_strings(all);
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
    sip_stack_free(all->sip);
    dial_guard_fini(&all->dial);
    timerq_fini(&all->timers);
    pool_fini(&all->pool);
    free(all);
}

struct call *calls_get(const struct calls *all, struct pool_id id)
{
    return pool_get(&all->pool, id);
}

struct sip_stack *calls_sip(struct calls *all)
{
    return all->sip;
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
    uint64_t skipped = media_stats(all->media).ticks_skipped;

    media_tick(all->media, *all->now);
    if (media_stats(all->media).ticks_skipped != skipped) {
        overload_skipped(&all->overload, *all->now);
    }
}

mono_us calls_due(const struct calls *all)
{
    mono_us timers = timerq_due(&all->timers);
    mono_us sip = sip_stack_due(all->sip);

    return timers < sip ? timers : sip;
}

void calls_expire(struct calls *all)
{
    struct timerq_entry *entry;

    sip_stack_expire(all->sip, *all->now);
    while ((entry = timerq_pop(&all->timers, *all->now)) != NULL) {
        call_expire(LIST_OWNER(entry, struct call, timer));
    }
}

void calls_reap(struct calls *all)
{
    struct list_node *n;

    while ((n = list_first(&all->ended)) != NULL) {
        list_remove(n);
        call_release(LIST_OWNER(n, struct call, ended));
    }
    sip_stack_reap(all->sip);
}

/* ---- stopping, figures ---- */

void calls_stop(struct calls *all)
{
    struct call *call;

    all->stopping = true;
    media_stop(all->media);
    for (uint32_t s = 0; (call = pool_next(&all->pool, &s, NULL)) != NULL; s++) {
        if (call->state != CALL_ENDED) {
            int code = call->state == CALL_ALERTING ? 480 : call_clearing_code(call);
            call->incoming.gone = CALL_GONE_STOPPING;
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
    return media_memory(max_calls, media_buffer) + max_calls * sizeof(struct call) + dial_guard_memory(max_parties) +
           sip_stack_worst_case_memory(USAGES_FOR_CALLS(max_calls));
}
