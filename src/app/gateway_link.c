/* SPDX-License-Identifier: MIT */
/* Which of our addresses leads to the SIP server: looked at when the network changes, when sending fails and when
 * reachability does. */
#include "gateway_priv.h"

/* Changes come in bursts: an address goes, another comes, then its routes. */
#define SETTLE_US DUR_MS(300)

static void look_later(struct gateway *g, mono_us at)
{
    if (g->follows_route && at < g->route_due) {
        g->route_due = at;
    }
}

static void net_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct gateway *g = ctx;

    (void)watch;
    (void)events;
    if (os_netwatch_read(g->net_fd)) {
        look_later(g, now + SETTLE_US);
    }
}

void gateway_link_open(struct gateway *g, const struct net_addr *local)
{
    int status;

    g->route_local = *local;
    g->route_due = MONO_NEVER;
    /* a bound socket stays where it is */
    g->follows_route = g->loopback == NULL && addr_is_any(&g->sip_local);
    if (!g->follows_route) {
        return;
    }
    status = os_netwatch_open(&g->net_fd);
    if (status == ST_OK) {
        status = os_loop_watch(g->loop, g->net_fd, OS_READ, OS_CLASS_SOCKET, net_ready, g, &g->net_watch);
    }
    if (status != ST_OK) {
        log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, NO_NETLINK), os_error_text());
        gateway_link_close(g);
    }
}

void gateway_link_close(struct gateway *g)
{
    os_loop_unwatch(g->loop, g->net_watch);
    os_close(g->net_fd);
    g->net_fd = -1;
}

void gateway_link_event(void *ctx, enum sip_link_event event, const struct net_addr *local)
{
    struct gateway *g = ctx;

    if (event == SIP_LINK_ADDRESS) {
        bridge_set_media_addr(g->bridge, local);
    }
    if (event == SIP_LINK_UNREACHABLE || event == SIP_LINK_REACHABLE) {
        look_later(g, g->now);
    }
}

void gateway_link_send_failed(struct gateway *g)
{
    look_later(g, g->now + SETTLE_US);
}

mono_us gateway_link_due(const struct gateway *g)
{
    return g->route_due;
}

static void route_changed(struct gateway *g, mono_us now)
{
    const struct net_addr *advertise = &g->options->advertise;
    struct net_addr local = advertise->family != 0 ? *advertise : g->route_local;
    char text[ADDR_TEXT_MAX];

    local.port = g->sip_local.port;
    log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, ROUTE_CHANGED), addr_ip_text(&g->route_local, text));
    sockets_set_local(g->media, &g->route_local);
    bridge_set_media_addr(g->bridge, &local);
    sip_stack_set_local(g->sip, now, &local);
}

void gateway_link_server_changed(struct gateway *g, mono_us now)
{
    look_later(g, now); /* asking and registering there is the stack's */
}

void gateway_link_expire(struct gateway *g, mono_us now)
{
    struct net_addr local;

    if (now < g->route_due) {
        return;
    }
    g->route_due = MONO_NEVER;
    const struct net_addr *server = sip_stack_server(g->sip, now);
    /* no route at all: the old address stays until there is one */
    if (!g->stopping && server != NULL && os_route_local(server, &local) == ST_OK &&
        !addr_same_ip(&local, &g->route_local)) {
        g->route_local = local;
        route_changed(g, now);
    }
}
