/* SPDX-License-Identifier: MIT */
#include "port.h"

#include <stdlib.h>

#include "wsaudio/media.h"

#define RECEIVE_BUFFER (1024 * 1024)

static void record(struct engine *e, struct record *r, const struct rtp_packet *packet, enum audio_codec codec,
                   enum rtp_rx_verdict verdict)
{
    if (r != NULL && record_packet(r, packet, codec, verdict) != ST_OK) {
        log_write(&e->log, LOG_WARNING, LOG_TEXT(&e->log, LIB_RECORDING_STOPPED), os_error_text());
    }
}

/* No call has the port: whoever sends is heard. */
static void receiver_input(struct port *port, const struct os_datagram *datagram)
{
    struct engine *e = port->engine;
    struct rtp_packet packet;
    enum audio_codec codec = AUDIO_ULAW;

    if (datagram->len > RTP_PACKET_MAX ||
        rtp_packet_parse(span_make(datagram->data, datagram->len), &packet) != ST_OK) {
        return;
    }
    bool is_audio = audio_codec_of_payload(packet.payload_type, &codec);
    enum rtp_rx_verdict verdict = rtp_rx_push(&port->rx, engine_now(e), &packet, audio_codec_row(codec)->clock_hz);
    if (is_audio) {
        record(e, port->record, &packet, codec, verdict);
    }
    if (e->hear != NULL) {
        /* last: it may stop the receiver and close the port */
        e->hear(e->hear_ctx, NULL, datagram->data, datagram->len);
    }
}

static void ready(struct port *port, bool rtcp, mono_us now)
{
    struct engine *e = port->engine;
    struct os_datagram datagrams[OS_UDP_BATCH];
    int n = os_udp_receive(port->fd[rtcp], e->batch, datagrams);

    for (int i = 0; i < n && port->fd[0] >= 0; i++) { /* a callback may close it */
        e->received++;
        if (e->tap != NULL) {
            e->tap(e->tap_ctx, port->fd[rtcp], &datagrams[i]);
        }
        if (!pool_id_is_none(port->session)) {
            media_input(e->media, now, port->session, rtcp, &datagrams[i].from, datagrams[i].data, datagrams[i].len);
        } else if (!rtcp) {
            receiver_input(port, &datagrams[i]);
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

static void close_sockets(struct port *port)
{
    for (int i = 0; i < 2; i++) {
        os_loop_unwatch(port->engine->loop, port->watch[i]);
        os_close(port->fd[i]);
        port->watch[i] = POOL_ID_NONE;
        port->fd[i] = -1;
    }
}

static int open_sockets(struct port *port, const struct net_addr *ip, uint16_t number)
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

int port_open(struct engine *e, const struct net_addr *ip, uint16_t number, struct port **out)
{
    struct port *port = calloc(1, sizeof(*port));

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

struct port *port_find(struct engine *e, uint16_t number)
{
    for (struct list_node *node = e->ports.next; node != &e->ports; node = node->next) {
        struct port *port = LIST_OWNER(node, struct port, node);
        if (port->fd[0] >= 0 && port->number == number) {
            return port;
        }
    }
    return NULL;
}

struct port *port_of_fd(struct engine *e, int fd)
{
    for (struct list_node *node = e->ports.next; fd >= 0 && node != &e->ports; node = node->next) {
        struct port *port = LIST_OWNER(node, struct port, node);
        if (port->fd[0] == fd) {
            return port;
        }
    }
    return NULL;
}

void port_close_unused(struct engine *e)
{
    for (struct list_node *node = e->ports.next; node != &e->ports; node = node->next) {
        struct port *port = LIST_OWNER(node, struct port, node);
        if (pool_id_is_none(port->session) && !port->held) {
            close_sockets(port);
        }
    }
    if (!e->inside) {
        port_reap(e);
    }
}

void port_reap(struct engine *e)
{
    for (struct list_node *node = e->ports.next, *next = node->next; node != &e->ports;
         node = next, next = node->next) {
        struct port *port = LIST_OWNER(node, struct port, node);
        if (port->fd[0] < 0) {
            list_remove(node);
            free(port);
        }
    }
}

/* ---- sessions ---- */

void port_attach(struct port *port, struct pool_id session)
{
    port->session = session;
    port->engine->port_of[session.slot] = port;
}

void port_detach(struct port *port)
{
    port->engine->port_of[port->session.slot] = NULL;
    port->session = POOL_ID_NONE;
}

static int send_packet(void *ctx, struct pool_id session, bool rtcp, const struct net_addr *to, const void *data,
                       size_t len)
{
    const struct engine *e = ctx;
    const struct port *port = e->port_of[session.slot];
    int fd = port != NULL ? port->fd[rtcp] : -1;

    return fd >= 0 ? os_udp_send(fd, to, data, len) : ST_IO;
}

static int64_t wall(void *ctx)
{
    (void)ctx;
    return os_clock_wall();
}

struct media_io port_media_io(struct engine *e)
{
    return (struct media_io){.ctx = e, .send = send_packet, .wall = wall};
}
