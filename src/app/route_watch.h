/* SPDX-License-Identifier: MIT */
/* Which of our addresses leads to the SIP server: looked at when the network changes (rtnetlink), and when its owner has a reason. */
#ifndef WSAUDIO_APP_ROUTE_WATCH_H
#define WSAUDIO_APP_ROUTE_WATCH_H

#include "wsaudio/os.h"

struct route_watch;

struct route_watch_config {
    struct os_loop *loop;  /* borrows */
    const struct log *log; /* borrows */
    struct net_addr local; /* as it is now; its IP alone counts */
    void *ctx;
    /* Where the route leads to; NULL: not known. */
    const struct net_addr *(*target)(void *ctx, mono_us now);
    /* Our address is another one (the IP alone; port 0). While there is no route at all the old one stays. */
    void (*changed)(void *ctx, mono_us now, const struct net_addr *local);
};

/* Where the kernel does not tell of changes it is logged, and the owner's reasons alone count. NULL: no memory. */
struct route_watch *route_watch_new(const struct route_watch_config *config);

/* The following take NULL: our address is not that of a route. */
void route_watch_free(struct route_watch *r);
/* A reason to look: at once, or when sending failed, a moment later: changes come in bursts. */
void route_watch_look(struct route_watch *r, mono_us now);
void route_watch_send_failed(struct route_watch *r, mono_us now);
/* Looks no more. */
void route_watch_stop(struct route_watch *r);
/* Of the next look. */
mono_us route_watch_due(const struct route_watch *r);
void route_watch_expire(struct route_watch *r, mono_us now);

#endif
