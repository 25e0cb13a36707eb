/* SPDX-License-Identifier: MIT */
/* The loopback exchange gets a socket and ports of its own. Only there when no SIP server was named. */
#include <stdlib.h>

#include "server_priv.h"
#include "wsaudio/loopback.h"

struct loopback {
    struct server *gateway; /* borrows */
    struct loopback_ua *ua;
    struct media_sockets *media;
    int fd;
    struct pool_id watch;
    struct net_addr addr;
};

static int sip_send(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct loopback *l = ctx;

    return os_udp_send(l->fd, &to->remote, data, len);
}

static void sip_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct loopback *l = ctx;
    struct os_datagram datagrams[OS_UDP_BATCH];

    (void)watch;
    (void)events;
    int n = os_udp_receive(l->fd, l->gateway->batch, datagrams);
    for (int i = 0; i < n; i++) {
        loopback_ua_sip_input(l->ua, now, &datagrams[i].from, datagrams[i].data, datagrams[i].len);
    }
}

static void on_media(void *ctx, mono_us now, struct pool_id call, bool rtcp, const struct net_addr *from,
                     const void *data, size_t len)
{
    struct loopback *l = ctx;

    loopback_ua_media_input(l->ua, now, call, rtcp, from, data, len);
}

static int open_parts(struct server *server, struct loopback *l)
{
    const struct options *o = server->options;
    struct os_udp_options udp = {.receive_buffer = 0, .dscp = -1};
    int status = os_udp_open(&l->addr, &udp, &l->fd);

    if (status == ST_OK) {
        status = os_udp_local(l->fd, &l->addr);
    }
    if (status == ST_OK) {
        status = os_loop_watch(server->loop, l->fd, OS_READ, OS_CLASS_SOCKET, sip_ready, l, &l->watch);
    }
    if (status == ST_OK) {
        struct media_sockets_config config = {.loop = server->loop,
                                              .batch = server->batch,
                                              .local = l->addr,
                                              .max_calls = o->max_calls,
                                              .dscp = -1,
                                              .log = &server->log,
                                              .input = on_media,
                                              .ctx = l};
        status = sockets_new(&config, &l->media);
    }
    if (status == ST_OK) {
        struct loopback_ua_config config = {.local = l->addr,
                                            .max_calls = o->max_calls,
                                            .log = &server->log,
                                            .rng = &server->rng,
                                            .media = sockets_io(l->media),
                                            .sip_send = sip_send,
                                            .sip_ctx = l};
        status = loopback_ua_new(&config, &l->ua);
    }
    return status;
}

int server_loopback_open(struct server *server, struct loopback **out)
{
    struct loopback *l = calloc(1, sizeof(*l));

    if (l == NULL) {
        return server_fail(server, ST_NO_MEMORY, "out of memory");
    }
    l->gateway = server;
    l->fd = -1;
    l->addr = addr_ipv4(127, 0, 0, 1, 0);
    int status = open_parts(server, l);
    if (status != ST_OK) {
        server_loopback_close(l);
        return server_fail(server, status, "the loopback exchange cannot be set up on 127.0.0.1: %s", os_error_text());
    }
    *out = l;
    return ST_OK;
}

void server_loopback_close(struct loopback *l)
{
    if (l == NULL) {
        return;
    }
    loopback_ua_free(l->ua);
    sockets_free(l->media);
    os_loop_unwatch(l->gateway->loop, l->watch);
    os_close(l->fd);
    free(l);
}

const struct net_addr *server_loopback_addr(const struct loopback *l)
{
    return &l->addr;
}

mono_us server_loopback_tick_due(const struct loopback *l)
{
    return loopback_ua_tick_due(l->ua);
}

void server_loopback_tick(struct loopback *l, mono_us now)
{
    loopback_ua_tick(l->ua, now);
}

mono_us server_loopback_due(const struct loopback *l)
{
    return loopback_ua_due(l->ua);
}

void server_loopback_turn(struct loopback *l, mono_us now)
{
    loopback_ua_expire(l->ua, now);
    loopback_ua_reap(l->ua);
}
