/* SPDX-License-Identifier: MIT */
/* RTP ports in pairs, the even one for RTP, the odd one behind it for RTCP (RFC 3550 11). A closed pair rests before
 * it is used again: packets of the call before arrive for some seconds, and would be another call's audio. */
#include <stdlib.h>

#include "os_priv.h"

#define EPHEMERAL_TRIES  64
#define EPHEMERAL_RESTED 64    /* closed pairs remembered when the system chooses the ports */
#define EPHEMERAL_COUNT  14000 /* about what Linux's default range (32768 to 60999) holds */

struct pair_slot {
    mono_us rested; /* usable from then on */
    uint16_t port;  /* even; 0 in an unused slot of the ephemeral ring */
    bool taken;
    bool tried; /* in the open that is under way */
};

struct os_ports {
    struct net_addr local;
    struct os_udp_options options;
    dur_us rest_us;
    bool ephemeral;
    uint32_t count;          /* slots */
    uint32_t next;           /* ephemeral: ring position */
    struct pair_slot *slots; /* owns; ephemeral: the last closed pairs */
};

int os_ports_new(const struct net_addr *local, uint16_t low, uint16_t high, dur_us rest_us,
                 const struct os_udp_options *options, struct os_ports **out)
{
    *out = NULL;
    const uint32_t first = ((uint32_t)low + 1) & ~1u;
    const bool ephemeral = low == 0;
    if (!ephemeral && first + 1 > high) {
        return os_fail_text("the range holds no even port with the odd one behind it", ST_BAD);
    }
    struct os_ports *ports = calloc(1, sizeof(*ports));
    if (ports == NULL) {
        return ST_NO_MEMORY;
    }
    ports->count = ephemeral ? EPHEMERAL_RESTED : (high - first + 1) / 2;
    ports->slots = calloc(ports->count, sizeof(*ports->slots));
    if (ports->slots == NULL) {
        free(ports);
        return ST_NO_MEMORY;
    }
    ports->local = *local;
    ports->options = *options;
    ports->rest_us = rest_us;
    ports->ephemeral = ephemeral;
    for (uint32_t i = 0; i < ports->count && !ephemeral; i++) {
        ports->slots[i].port = (uint16_t)(first + 2 * i);
    }
    *out = ports;
    return ST_OK;
}

void os_ports_free(struct os_ports *ports)
{
    if (ports != NULL) {
        free(ports->slots);
        free(ports);
    }
}

void os_ports_set_local(struct os_ports *ports, const struct net_addr *local)
{
    ports->local = *local;
}

uint32_t os_ports_count(const struct os_ports *ports)
{
    return ports->ephemeral ? EPHEMERAL_COUNT : ports->count;
}

static int open_one(const struct os_ports *ports, uint16_t port, int *fd)
{
    struct net_addr addr = ports->local;

    addr.port = port;
    return os_udp_open(&addr, &ports->options, fd);
}

static int open_pair(const struct os_ports *ports, uint16_t port, struct os_port_pair *out)
{
    int status = open_one(ports, port, &out->rtp_fd);

    if (status != ST_OK) {
        return status;
    }
    status = open_one(ports, (uint16_t)(port + 1), &out->rtcp_fd);
    if (status != ST_OK) {
        os_close(out->rtp_fd);
        out->rtp_fd = -1;
        return status;
    }
    out->port = port;
    return ST_OK;
}

static bool pair_rests(const struct os_ports *ports, uint16_t port, mono_us now)
{
    for (uint32_t i = 0; i < ports->count; i++) {
        if (ports->slots[i].port == port && ports->slots[i].rested > now) {
            return true;
        }
    }
    return false;
}

static int open_ephemeral(const struct os_ports *ports, mono_us now, struct os_port_pair *out)
{
    for (int i = 0; i < EPHEMERAL_TRIES; i++) {
        int fd = -1;
        struct net_addr got = {0};
        int status = open_one(ports, 0, &fd);
        if (status == ST_OK) {
            status = os_udp_local(fd, &got);
        }
        os_close(fd);
        if (status != ST_OK) {
            return status;
        }
        const uint16_t port = got.port & 0xFFFEu;
        if (pair_rests(ports, port, now)) {
            continue;
        }
        status = open_pair(ports, port, out);
        if (status != ST_BUSY) {
            return status;
        }
    }
    return os_fail_text("no free pair of ports found", ST_FULL);
}

/* The next one to try: the lowest that has rested, then those that still rest, the longest-rested first. */
static struct pair_slot *next_slot(struct os_ports *ports, mono_us now)
{
    struct pair_slot *resting = NULL;

    for (uint32_t i = 0; i < ports->count; i++) {
        struct pair_slot *slot = &ports->slots[i];
        if (slot->taken || slot->tried) {
            continue;
        }
        if (slot->rested <= now) {
            return slot;
        }
        if (resting == NULL || slot->rested < resting->rested) {
            resting = slot;
        }
    }
    return resting;
}

static int open_in_range(struct os_ports *ports, mono_us now, struct os_port_pair *out)
{
    struct pair_slot *slot;

    for (uint32_t i = 0; i < ports->count; i++) {
        ports->slots[i].tried = false;
    }
    while ((slot = next_slot(ports, now)) != NULL) {
        int status = open_pair(ports, slot->port, out);
        slot->taken = status == ST_OK;
        slot->tried = true;
        if (status != ST_BUSY && status != ST_DENIED) {
            return status;
        }
    }
    return os_fail_text("all ports of the range are in use", ST_FULL);
}

int os_ports_open(struct os_ports *ports, mono_us now, struct os_port_pair *out)
{
    *out = (struct os_port_pair){-1, -1, 0};
    return ports->ephemeral ? open_ephemeral(ports, now, out) : open_in_range(ports, now, out);
}

static struct pair_slot *slot_of(struct os_ports *ports, uint16_t port)
{
    if (ports->ephemeral) {
        struct pair_slot *slot = &ports->slots[ports->next];
        ports->next = (ports->next + 1) % ports->count;
        slot->port = port;
        return slot;
    }
    const uint32_t index = (uint32_t)(port - ports->slots[0].port) / 2;
    return port >= ports->slots[0].port && index < ports->count ? &ports->slots[index] : NULL;
}

void os_ports_close(struct os_ports *ports, mono_us now, struct os_port_pair *pair)
{
    if (pair->port == 0 || pair->rtp_fd < 0) {
        return;
    }
    os_close(pair->rtp_fd);
    os_close(pair->rtcp_fd);
    struct pair_slot *slot = slot_of(ports, pair->port);
    if (slot != NULL) {
        slot->taken = false;
        slot->rested = now + ports->rest_us;
    }
    *pair = (struct os_port_pair){-1, -1, 0};
}
