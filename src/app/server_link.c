/* SPDX-License-Identifier: MIT */
/* Which of our addresses leads to the SIP server: looked at when the network changes, when sending fails and when
 * reachability does. */
#include "server_priv.h"

/* Changes come in bursts: an address goes, another comes, then its routes. */
#define SETTLE_US DUR_MS(300)

static void look_later(struct server *server, mono_us at)
{
    if (server->follows_route && at < server->route_due) {
        server->route_due = at;
    }
}

static void net_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct server *server = ctx;

    (void)watch;
    (void)events;
    if (os_netwatch_read(server->net_fd)) {
        look_later(server, now + SETTLE_US);
    }
}

void server_link_open(struct server *server, const struct net_addr *local)
{
    int status;

    server->route_local = *local;
    server->route_due = MONO_NEVER;
    /* a bound socket stays where it is */
    server->follows_route = server->loopback == NULL && addr_is_any(&server->sip_local);
    if (!server->follows_route) {
        return;
    }
    status = os_netwatch_open(&server->net_fd);
    if (status == ST_OK) {
        status = os_loop_watch(server->loop, server->net_fd, OS_READ, OS_CLASS_SOCKET, net_ready, server,
                               &server->net_watch);
    }
    if (status != ST_OK) {
        log_write(&server->log, LOG_INFO, LOG_TEXT(&server->log, NO_NETLINK), os_error_text());
        server_link_close(server);
    }
}

void server_link_close(struct server *server)
{
    os_loop_unwatch(server->loop, server->net_watch);
    os_close(server->net_fd);
    server->net_fd = -1;
}

void server_link_event(void *ctx, enum sip_account_event event, const struct net_addr *local)
{
    struct server *server = ctx;

    if (event == SIP_ACCOUNT_ADDRESS) {
        gateway_set_media_addr(server->gateway, local);
    }
    if (event == SIP_ACCOUNT_UNREACHABLE || event == SIP_ACCOUNT_REACHABLE) {
        look_later(server, server->now);
    }
}

void server_link_send_failed(struct server *server)
{
    look_later(server, server->now + SETTLE_US);
}

mono_us server_link_due(const struct server *server)
{
    return server->route_due;
}

static void route_changed(struct server *server, mono_us now)
{
    const struct net_addr *advertise = &server->options->advertise;
    struct net_addr local = advertise->family != 0 ? *advertise : server->route_local;
    char text[ADDR_TEXT_MAX];

    local.port = server->sip_local.port;
    log_write(&server->log, LOG_INFO, LOG_TEXT(&server->log, ROUTE_CHANGED), addr_ip_text(&server->route_local, text));
    sockets_set_local(server->media, &server->route_local);
    gateway_set_media_addr(server->gateway, &local);
    sip_stack_set_local(server->sip, now, &local);
}

void server_link_server_changed(struct server *server, mono_us now)
{
    look_later(server, now); /* asking and registering there is the stack's */
}

void server_link_expire(struct server *server, mono_us now)
{
    struct net_addr local;

    if (now < server->route_due) {
        return;
    }
    server->route_due = MONO_NEVER;
    const struct net_addr *hop = sip_stack_server(server->sip, now);
    /* no route at all: the old address stays until there is one */
    if (!server->stopping && hop != NULL && os_route_local(hop, &local) == ST_OK &&
        !addr_same_ip(&local, &server->route_local)) {
        server->route_local = local;
        route_changed(server, now);
    }
}
