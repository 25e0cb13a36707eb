/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "media.h"

#define RECEIVE_BUFFER (1024 * 1024)

static bool any_audio(const struct rtp_packet *packet, enum audio_codec *codec)
{
    *codec = packet->payload_type == SDP_PCMA ? AUDIO_ALAW : AUDIO_ULAW;
    return packet->payload_type == SDP_PCMU || packet->payload_type == SDP_PCMA;
}

static void record(struct engine *e, struct record *r, const struct rtp_packet *packet, enum audio_codec codec,
                   enum rtp_rx_verdict verdict)
{
    if (r != NULL && record_packet(r, packet, codec, verdict) != ST_OK) {
        log_write(&e->log, LOG_WARNING, LOG_TEXT(&e->log, LIB_RECORDING_STOPPED), os_error_text());
    }
}

static void rtp_arrived(struct media_port *port, const struct os_datagram *datagram)
{
    struct engine *e = port->engine;
    struct rtp_packet packet;
    enum audio_codec codec = AUDIO_ULAW;
    bool audio = false;

    if (datagram->len > RTP_PACKET_MAX ||
        rtp_packet_parse(span_make(datagram->data, datagram->len), &packet) != ST_OK) {
        return;
    }
    if (port->media == NULL) {
        audio = any_audio(&packet, &codec);
    } else if (!phone_media_takes(port->media, &datagram->from, &packet, &codec, &audio)) {
        return;
    }
    struct rtp_rx *rx = port->media != NULL ? &port->media->rx : &port->rx;
    enum rtp_rx_verdict verdict = rtp_rx_push(rx, e->now, &packet, 8000);
    if (audio) {
        record(e, port->record, &packet, codec, verdict);
        record(e, port->media != NULL ? port->media->record : NULL, &packet, codec, verdict);
    }
    if (e->hear != NULL) {
        e->hear(e->hear_ctx, port->media, datagram->data,
                datagram->len); /* last: it may stop the receiver and close the port */
    }
}

static void ready(struct media_port *port, bool rtcp, mono_us now)
{
    struct engine *e = port->engine;
    struct os_datagram datagrams[OS_UDP_BATCH];
    int n = os_udp_receive(port->fd[rtcp], e->batch, datagrams);

    e->now = now;
    for (int i = 0; i < n && port->fd[0] >= 0; i++) { /* a callback may close it */
        e->received++;
        if (e->tap != NULL) {
            e->tap(e->tap_ctx, port->fd[rtcp], &datagrams[i]);
        }
        if (!rtcp) {
            rtp_arrived(port, &datagrams[i]);
        } else if (port->media != NULL) {
            phone_media_rtcp(port->media, &datagrams[i].from, span_make(datagrams[i].data, datagrams[i].len));
        }
    }
}

static void rtp_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    (void)watch;
    (void)events;
    ready(ctx, false, now);
}

static void rtcp_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    (void)watch;
    (void)events;
    ready(ctx, true, now);
}

static void close_sockets(struct media_port *port)
{
    for (int i = 0; i < 2; i++) {
        os_loop_unwatch(port->engine->loop, port->watch[i]);
        os_close(port->fd[i]);
        port->watch[i] = POOL_ID_NONE;
        port->fd[i] = -1;
    }
}

static int open_sockets(struct media_port *port, const struct net_addr *ip, uint16_t number)
{
    struct engine *e = port->engine;
    struct os_udp_options options = {.receive_buffer = RECEIVE_BUFFER, .dscp = 46};
    struct net_addr local = *ip;
    int status;

    local.port = number;
    status = os_udp_open(&local, &options, &port->fd[0]);
    if (status == ST_OK) {
        status = os_udp_local(port->fd[0], &local);
        port->number = local.port;
    }
    if (status == ST_OK) {
        status = os_loop_watch(e->loop, port->fd[0], OS_READ, OS_CLASS_SOCKET, rtp_ready, port, &port->watch[0]);
    }
    if (status != ST_OK || local.port == UINT16_MAX) {
        return status;
    }
    local.port = (uint16_t)(local.port + 1);
    options.receive_buffer = 0;
    if (os_udp_open(&local, &options, &port->fd[1]) != ST_OK) {
        port->fd[1] = -1; /* a call goes without reports */
        return ST_OK;
    }
    return os_loop_watch(e->loop, port->fd[1], OS_READ, OS_CLASS_SOCKET, rtcp_ready, port, &port->watch[1]);
}

int phone_media_port_open(struct engine *e, const struct net_addr *ip, uint16_t number, struct media_port **out)
{
    struct media_port *port = calloc(1, sizeof(*port));

    *out = NULL;
    if (port == NULL) {
        return ST_NO_MEMORY;
    }
    port->engine = e;
    port->fd[0] = port->fd[1] = -1;
    rtp_rx_init(&port->rx);
    int status = open_sockets(port, ip, number);
    if (status != ST_OK) {
        close_sockets(port);
        free(port);
        return status;
    }
    list_push_back(&e->ports, &port->node);
    *out = port;
    return ST_OK;
}

struct media_port *phone_media_port_find(struct engine *e, uint16_t number)
{
    for (struct list_node *node = e->ports.next; node != &e->ports; node = node->next) {
        struct media_port *port = LIST_OWNER(node, struct media_port, node);
        if (port->fd[0] >= 0 && port->number == number) {
            return port;
        }
    }
    return NULL;
}

struct media_port *phone_media_port_of_fd(struct engine *e, int fd)
{
    for (struct list_node *node = e->ports.next; fd >= 0 && node != &e->ports; node = node->next) {
        struct media_port *port = LIST_OWNER(node, struct media_port, node);
        if (port->fd[0] == fd) {
            return port;
        }
    }
    return NULL;
}

void phone_media_ports_close_unused(struct engine *e)
{
    for (struct list_node *node = e->ports.next; node != &e->ports; node = node->next) {
        struct media_port *port = LIST_OWNER(node, struct media_port, node);
        if (port->media == NULL && !port->held) {
            close_sockets(port);
        }
    }
    if (!e->inside) {
        phone_media_ports_reap(e);
    }
}

void phone_media_ports_reap(struct engine *e)
{
    for (struct list_node *node = e->ports.next, *next = node->next; node != &e->ports;
         node = next, next = node->next) {
        struct media_port *port = LIST_OWNER(node, struct media_port, node);
        if (port->fd[0] < 0) {
            list_remove(node);
            free(port);
        }
    }
}
