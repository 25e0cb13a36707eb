/* SPDX-License-Identifier: MIT */
#include "media_sockets.h"

#include <stdlib.h>

/* A late packet of an old call must not reach a new one on the same port. */
#define PAIR_REST_US DUR_S(4)
/* 4 seconds of one G.711 stream for a stalled process; more would only be played late. */
#define RECEIVE_BUFFER 65536
/* A port is read once in that time, and one packet has come each time: one is asked for, which costs less than asking for a batch. What
 * is left makes the port ready again. */
#define READ_SINGLY_US DUR_MS(30)

struct socket_slot {
    struct media_sockets *owner;
    struct pool_id call;
    bool open;
    struct os_port_pair pair;
    struct pool_id rtp_watch, rtcp_watch;
    mono_us read_at;
};

struct media_sockets {
    struct media_sockets_config config;
    struct media *media; /* whose sessions the sockets are of */
    struct os_ports *ports;
    struct log_quota failures;
    struct socket_slot *slots; /* owns; one for each call slot */
};

int sockets_new(const struct media_sockets_config *config, struct media_sockets **out)
{
    struct os_udp_options options = {.receive_buffer = RECEIVE_BUFFER, .send_buffer = 0, .dscp = config->dscp};
    struct media_sockets *m = calloc(1, sizeof(*m));

    if (m == NULL) {
        return ST_NO_MEMORY;
    }
    m->config = *config;
    m->slots = calloc(config->max_calls, sizeof(*m->slots));
    int status = m->slots != NULL ? ST_OK : ST_NO_MEMORY;
    if (status == ST_OK) {
        status = os_ports_new(&config->local, config->low, config->high, PAIR_REST_US, &options, &m->ports);
    }
    if (status != ST_OK) {
        sockets_free(m);
        return status;
    }
    *out = m;
    return ST_OK;
}

void sockets_set_media(struct media_sockets *m, struct media *media)
{
    m->media = media;
}

void sockets_set_local(struct media_sockets *m, const struct net_addr *local)
{
    m->config.local = *local;
    os_ports_set_local(m->ports, local);
}

static void close_slot(struct socket_slot *slot)
{
    struct media_sockets *m = slot->owner;

    if (slot->open) {
        os_loop_unwatch(m->config.loop, slot->rtp_watch);
        os_loop_unwatch(m->config.loop, slot->rtcp_watch);
        os_ports_close(m->ports, *m->config.now, &slot->pair);
        slot->open = false;
    }
}

void sockets_free(struct media_sockets *m)
{
    if (m == NULL) {
        return;
    }
    for (uint32_t i = 0; m->slots != NULL && i < m->config.max_calls; i++) {
        close_slot(&m->slots[i]);
    }
    os_ports_free(m->ports);
    free(m->slots);
    free(m);
}

/* A truncated one keeps its length over the limit, so that it is counted as what it is: no valid packet. */
static void take(struct media_sockets *m, mono_us now, struct pool_id call, bool rtcp, const struct os_datagram *d)
{
    media_input(m->media, now, call, rtcp, &d->from, d->data, d->len);
}

/* After a stall, or while the core is full, several wait. */
static void read_batch(struct media_sockets *m, mono_us now, const struct socket_slot *slot, bool rtcp)
{
    struct os_datagram datagrams[OS_UDP_BATCH];
    struct pool_id call = slot->call; /* which the first of them may end */

    int n = os_udp_receive(rtcp ? slot->pair.rtcp_fd : slot->pair.rtp_fd, m->config.batch, datagrams);
    for (int i = 0; i < n; i++) {
        take(m, now, call, rtcp, &datagrams[i]);
    }
}

static void on_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct socket_slot *slot = ctx;
    struct media_sockets *m = slot->owner;
    bool rtcp = pool_id_eq(watch, slot->rtcp_watch);
    bool behind = now - slot->read_at > READ_SINGLY_US;
    uint8_t bytes[RTP_PACKET_MAX + 1];
    struct os_datagram datagram;

    (void)events;
    slot->read_at = now;
    if (rtcp || behind) {
        read_batch(m, now, slot, rtcp);
    } else if (os_udp_receive_one(slot->pair.rtp_fd, bytes, sizeof(bytes), &datagram) == 1) {
        take(m, now, slot->call, false, &datagram);
    }
}

static int media_open_pair(void *ctx, struct pool_id call, uint16_t *port)
{
    struct media_sockets *m = ctx;
    struct socket_slot *slot = &m->slots[call.slot];

    *slot = (struct socket_slot){.owner = m, .call = call};
    mono_us now = *m->config.now;
    int status = os_ports_open(m->ports, now, &slot->pair);
    if (status !=
        ST_OK) { /* who asked knows the status alone; ports in use and no descriptors left are mended differently */
        if (log_quota_take(&m->failures, m->config.log, LOG_WARNING, now)) {
            log_write(m->config.log, LOG_WARNING, LOG_TEXT(m->config.log, NO_MEDIA_PORTS), os_error_text());
        }
        return status;
    }
    slot->open = true;
    status =
        os_loop_watch(m->config.loop, slot->pair.rtp_fd, OS_READ, OS_CLASS_SOCKET, on_ready, slot, &slot->rtp_watch);
    if (status == ST_OK) {
        status = os_loop_watch(m->config.loop, slot->pair.rtcp_fd, OS_READ, OS_CLASS_SOCKET, on_ready, slot,
                               &slot->rtcp_watch);
    }
    if (status != ST_OK) {
        close_slot(slot);
        return status;
    }
    *port = slot->pair.port;
    return ST_OK;
}

static void media_close_pair(void *ctx, struct pool_id call)
{
    struct media_sockets *m = ctx;

    close_slot(&m->slots[call.slot]);
}

static int media_send(void *ctx, struct pool_id call, bool rtcp, const struct net_addr *to, const void *data,
                      size_t len)
{
    struct media_sockets *m = ctx;
    const struct socket_slot *slot = &m->slots[call.slot];

    if (!slot->open) {
        return ST_STATE;
    }
    return os_udp_send(rtcp ? slot->pair.rtcp_fd : slot->pair.rtp_fd, to, data, len);
}

static int64_t media_wall(void *ctx)
{
    (void)ctx;
    return os_clock_wall();
}

void sockets_dump(const struct media_sockets *m, struct outbuf *out)
{
    unsigned open = 0;

    for (uint32_t i = 0; i < m->config.max_calls; i++) {
        open += m->slots[i].open ? 1 : 0;
    }
    outbuf_printf(out, ", %u of %u pairs of media ports", open, os_ports_count(m->ports));
}

struct media_io sockets_io(struct media_sockets *m)
{
    return (struct media_io){
        .ctx = m,
        .open = media_open_pair,
        .close = media_close_pair,
        .send = media_send,
        .wall = media_wall,
    };
}
