/* SPDX-License-Identifier: MIT */
/* What the files of the server share. */
#ifndef WSAUDIO_APP_SERVER_PRIV_H
#define WSAUDIO_APP_SERVER_PRIV_H

#include "logfile.h"
#include "media_sockets.h"
#include "route_watch.h"
#include "server.h"
#include "server_dns.h"
#include "server_files.h"
#include "server_loopback.h"
#include "web.h"
#include "wsaudio/client.h"
#include "wsaudio/os.h"

struct server {
    const struct options *options;
    struct logfile logfile;
    struct log log;
    struct pool_id log_watch; /* while lines wait for their reader */
    struct rng rng;
    struct os_entropy entropy; /* what rng draws from */
    struct os_loop *loop;
    struct os_ticker ticker;
    struct pool_id ticker_watch;
    int signals_fd;
    struct pool_id signals_watch;
    struct os_udp_batch *batch;
    struct server_files *files;
    int sip_fd;
    struct pool_id sip_watch;
    struct net_addr sip_local;        /* as bound */
    struct server_dns *dns;           /* NULL: nothing to look up */
    struct route_watch *route;        /* NULL: our address is not that of the route to the SIP server */
    struct server_loopback *loopback; /* NULL with a SIP server */
    struct media_sockets *media;
    struct sip_stack *sip; /* owns; lent to the gateway */
    struct gateway *gateway;
    struct web *web;
    mono_us now;        /* of the turn in hand */
    mono_us reload_due; /* of a SIGHUP that came soon after another; MONO_NEVER */
    mono_us reloaded_at;
    struct log_quota reloads;
    bool stopping;
    bool killed; /* a second signal */
    mono_us stop_by;
    struct {
        unsigned part; /* of the state that is being told; 0: none */
        uint32_t at;   /* in that part */
        unsigned lines;
    } dump;
    char why[WHY_MAX]; /* start-up failure, for stderr */
};

/* server_sip.c: SIP socket, addresses, the SIP stack and the gateway that works with it. */
WS_MUST_CHECK int server_sip_open(struct server *server);
void server_sip_close(struct server *server);

/* server_realtime.c: --realtime, and what of it is permitted. Once all that is to be in memory is there. */
void server_realtime_begin(const struct server *server);

/* server_dump.c: the state of everything into the log, a few lines a turn. */
void server_dump_start(struct server *server);
/* There is more to tell: the next turn comes at once. */
bool server_dump_is_due(const struct server *server);
void server_dump_turn(struct server *server);

#endif
