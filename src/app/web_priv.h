/* SPDX-License-Identifier: MIT */
/* One TCP connection of the WebSocket and HTTP port, and the listener that owns them. */
#ifndef WSAUDIO_APP_WEB_PRIV_H
#define WSAUDIO_APP_WEB_PRIV_H

#include "web.h"
#include "web_client.h"
#include "web_site.h"
#include "wsaudio/base/log_quota.h"

struct web_socket {
    struct web *web;
    struct http_conn *conn;   /* owns */
    struct web_client client; /* the owner that conn knows */
    int fd;
    unsigned events;        /* watched now */
    unsigned ready;         /* the socket said so, and it has not been served since */
    bool blocked;           /* it takes nothing more until it says that it does */
    bool shut;              /* the other side was told that nothing more comes */
    struct list_node waits; /* in the web's list of those that are ready */
    struct pool_id id;
    struct pool_id watch;
};

struct web {
    struct web_config config;
    struct web_clients clients;
    struct web_site site;
    struct http_server *server; /* owns */
    int listener;
    struct pool_id listener_watch;
    mono_us listen_again; /* end of a rest; MONO_NEVER: the listener is watched */
    struct pool sockets;
    struct list_node ready; /* who waits longest first */
    size_t turn_left;       /* bytes that may still be read and answered in this turn */
    struct log_quota accepts;
};

/* web.c: a connection that was accepted. */
void web_add(struct web *w, int fd, const struct net_addr *peer, mono_us now);
/* Closes the sockets of connections that are over. */
void web_drop_over(struct web *w, mono_us now);

/* web_listener.c: ST_BUSY, ST_DENIED, ST_IO, with a line in why. */
WS_MUST_CHECK int web_listen(struct web *w, char why[WHY_MAX]);
void web_listener_close(struct web *w);
/* A rest of the listener is over. */
void web_listener_expire(struct web *w, mono_us now);

#endif
