/* SPDX-License-Identifier: MIT */
#include "server_loopback.h"

#include <stdlib.h>

#include "media_sockets.h"
#include "wsaudio/loopback.h"

struct server_loopback {
    struct server_loopback_config config;
    struct loopback_ua *ua;
    struct media_sockets *media;
    int fd;
    struct pool_id watch;
    struct net_addr addr;
};

static int sip_send(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct server_loopback *l = ctx;

    return os_udp_send(l->fd, &to->remote, data, len);
}

static void sip_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct server_loopback *l = ctx;
    struct os_datagram datagrams[OS_UDP_BATCH];

    (void)watch;
    (void)events;
    int n = os_udp_receive(l->fd, l->config.batch, datagrams);
    for (int i = 0; i < n; i++) {
        loopback_ua_sip_input(l->ua, now, &datagrams[i].from, datagrams[i].data, datagrams[i].len);
    }
}

static int open_parts(struct server_loopback *l)
{
    const struct server_loopback_config *c = &l->config;
    struct os_udp_options udp = {.receive_buffer = 0, .dscp = -1};
    int status = os_udp_open(&l->addr, &udp, &l->fd);

    if (status == ST_OK) {
        status = os_udp_local(l->fd, &l->addr);
    }
    if (status == ST_OK) {
        status = os_loop_watch(c->loop, l->fd, OS_READ, OS_CLASS_SOCKET, sip_ready, l, &l->watch);
    }
    if (status == ST_OK) {
        struct media_sockets_config config = {.now = c->now,
                                              .loop = c->loop,
                                              .batch = c->batch,
                                              .local = l->addr,
                                              .max_calls = c->max_calls,
                                              .dscp = -1,
                                              .log = c->log};
        status = sockets_new(&config, &l->media);
    }
    if (status == ST_OK) {
        struct loopback_ua_config config = {.local = l->addr,
                                            .max_calls = c->max_calls,
                                            .log = c->log,
                                            .rng = c->rng,
                                            .media = sockets_io(l->media),
                                            .sip_send = sip_send,
                                            .sip_ctx = l};
        status = loopback_ua_new(&config, &l->ua);
    }
    if (status == ST_OK) {
        sockets_set_media(l->media, loopback_ua_media(l->ua));
    }
    return status;
}

int server_loopback_open(const struct server_loopback_config *config, struct server_loopback **out, char why[WHY_MAX])
{
    struct server_loopback *l = calloc(1, sizeof(*l));

    if (l == NULL) {
        return why_fail(why, ST_NO_MEMORY, "out of memory");
    }
    l->config = *config;
    l->fd = -1;
    l->addr = addr_ipv4(127, 0, 0, 1, 0);
    int status = open_parts(l);
    if (status != ST_OK) {
        server_loopback_close(l);
        return why_fail(why, status, "the loopback exchange cannot be set up on 127.0.0.1: %s", os_error_text());
    }
    *out = l;
    return ST_OK;
}

void server_loopback_close(struct server_loopback *l)
{
    if (l == NULL) {
        return;
    }
    loopback_ua_free(l->ua);
    sockets_free(l->media);
    os_loop_unwatch(l->config.loop, l->watch);
    os_close(l->fd);
    free(l);
}

const struct net_addr *server_loopback_addr(const struct server_loopback *l)
{
    return &l->addr;
}

mono_us server_loopback_tick_due(const struct server_loopback *l)
{
    return loopback_ua_tick_due(l->ua);
}

void server_loopback_tick(struct server_loopback *l, mono_us now)
{
    loopback_ua_tick(l->ua, now);
}

mono_us server_loopback_due(const struct server_loopback *l)
{
    return loopback_ua_due(l->ua);
}

void server_loopback_turn(struct server_loopback *l, mono_us now)
{
    loopback_ua_expire(l->ua, now);
    loopback_ua_reap(l->ua);
}

bool server_loopback_dump(const struct server_loopback *l, mono_us now, uint32_t *at, struct outbuf *out)
{
    return loopback_ua_dump(l->ua, now, at, out);
}
