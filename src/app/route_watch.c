/* SPDX-License-Identifier: MIT */
#include "route_watch.h"

#include <stdlib.h>

/* Changes come in bursts: an address goes, another comes, then its routes. */
#define SETTLE_US DUR_MS(300)

struct route_watch {
    struct route_watch_config config;
    int net_fd; /* changes of addresses and routes; -1: the kernel does not tell */
    struct pool_id net_watch;
    struct net_addr local; /* as the route last was */
    mono_us due;           /* of the next look; MONO_NEVER */
    bool stopped;
};

static void look_at(struct route_watch *r, mono_us at)
{
    if (r != NULL && !r->stopped) {
        r->due = mono_earlier(r->due, at);
    }
}

static void net_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct route_watch *r = ctx;

    (void)watch;
    (void)events;
    if (os_netwatch_read(r->net_fd)) {
        look_at(r, now + SETTLE_US);
    }
}

static void close_net(struct route_watch *r)
{
    os_loop_unwatch(r->config.loop, r->net_watch);
    os_close(r->net_fd);
    r->net_fd = -1;
}

struct route_watch *route_watch_new(const struct route_watch_config *config)
{
    struct route_watch *r = calloc(1, sizeof(*r));

    if (r == NULL) {
        return NULL;
    }
    *r = (struct route_watch){.config = *config, .net_fd = -1, .local = config->local, .due = MONO_NEVER};
    int status = os_netwatch_open(&r->net_fd);
    if (status == ST_OK) {
        status = os_loop_watch(config->loop, r->net_fd, OS_READ, OS_CLASS_SOCKET, net_ready, r, &r->net_watch);
    }
    if (status != ST_OK) {
        log_write(config->log, LOG_INFO, LOG_TEXT(config->log, NO_NETLINK), os_error_text());
        close_net(r);
    }
    return r;
}

void route_watch_free(struct route_watch *r)
{
    if (r != NULL) {
        close_net(r);
        free(r);
    }
}

void route_watch_look(struct route_watch *r, mono_us now)
{
    look_at(r, now);
}

void route_watch_send_failed(struct route_watch *r, mono_us now)
{
    look_at(r, now + SETTLE_US);
}

void route_watch_stop(struct route_watch *r)
{
    if (r != NULL) {
        r->stopped = true;
        r->due = MONO_NEVER;
    }
}

mono_us route_watch_due(const struct route_watch *r)
{
    return r != NULL ? r->due : MONO_NEVER;
}

void route_watch_expire(struct route_watch *r, mono_us now)
{
    struct net_addr local;

    if (r == NULL || now < r->due) {
        return;
    }
    r->due = MONO_NEVER;
    const struct net_addr *hop = r->config.target(r->config.ctx, now);
    /* no route at all: the old address stays until there is one */
    if (hop != NULL && os_route_local(hop, &local) == ST_OK && !addr_same_ip(&local, &r->local)) {
        r->local = local;
        r->config.changed(r->config.ctx, now, &local);
    }
}
