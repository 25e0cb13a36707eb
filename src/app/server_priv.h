/* SPDX-License-Identifier: MIT */
/* What the files of the gateway share. */
#ifndef WSAUDIO_APP_SERVER_PRIV_H
#define WSAUDIO_APP_SERVER_PRIV_H

#include "logfile.h"
#include "media_sockets.h"
#include "server.h"
#include "web.h"
#include "wsaudio/client.h"
#include "wsaudio/os.h"
#include "wsaudio/store/recordings.h"
#include "wsaudio/store/uploads.h"

#define SERVER_WHY_MAX 512

struct loopback;
struct names;

struct server {
    const struct options *options;
    struct logfile logfile;
    struct log log;
    struct pool_id log_watch; /* while lines wait for their reader */
    struct rng rng;
    struct os_loop *loop;
    struct os_ticker ticker;
    struct pool_id ticker_watch;
    int signals_fd;
    struct pool_id signals_watch;
    struct os_udp_batch *batch;
    struct os_flusher *flusher;
    struct uploads *uploads;
    struct recordings *recordings; /* NULL with --no-record */
    int sip_fd;
    struct pool_id sip_watch;
    struct net_addr sip_server_addr; /* the first SIP server, or the loopback exchange; family 0: not known yet */
    struct names *names;             /* NULL: nothing to look up */
    struct net_addr sip_local;       /* as bound */
    int net_fd;                      /* changes of addresses and routes; -1: not watched */
    struct pool_id net_watch;
    bool follows_route;          /* our address is that of the route to the server */
    struct net_addr route_local; /* as the route last was */
    mono_us route_due;           /* of the next look at the route; MONO_NEVER */
    struct media_sockets *media;
    struct loopback *loopback; /* NULL with a SIP server */
    struct sip_stack *sip;     /* owns; lent to the gateway */
    struct gateway *gateway;
    struct web *web;
    int raw_fd;
    uint64_t raw_bytes;
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
    char why[SERVER_WHY_MAX]; /* start-up failure, for stderr */
};

/* Sets server->why; returns status. */
int server_fail(struct server *server, int status, const char *fmt, ...) WS_PRINTF(3, 4);

/* server_files.c: the files of the gateway. */
struct upload_io server_upload_io(struct server *server);
struct list_io server_list_io(struct server *server);
struct media_files server_media_files(struct server *server);
/* Opens uploads, recordings and the raw file. */
WS_MUST_CHECK int server_files_open(struct server *server);
void server_files_close(struct server *server);

/* server_sip.c: SIP socket, addresses, the SIP stack and the gateway that works with it. */
WS_MUST_CHECK int server_sip_open(struct server *server);
void server_sip_close(struct server *server);

/* server_link.c: our address, as the route to the SIP server changes. local: what it is now. */
void server_link_open(struct server *server, const struct net_addr *local);
void server_link_close(struct server *server);
/* The stack's link hook. */
void server_link_event(void *ctx, enum sip_account_event event, const struct net_addr *local);
void server_link_send_failed(struct server *server);
/* server->sip_server_addr is another one: our address may be too. */
void server_link_server_changed(struct server *server, mono_us now);
mono_us server_link_due(const struct server *server);
void server_link_expire(struct server *server, mono_us now);

/* server_names.c: the SIP server's name, looked up again and again. The list goes to the SIP stack. */
WS_MUST_CHECK int server_names_open(struct server *server);
void server_names_close(struct server *server);
mono_us server_names_due(const struct server *server);
void server_names_expire(struct server *server, mono_us now);

/* server_dump.c: the state of everything into the log, a few lines a turn. */
void server_dump_start(struct server *server);
/* There is more to tell: the next turn comes at once. */
bool server_dump_is_due(const struct server *server);
void server_dump_turn(struct server *server);

/* loopback.c: sockets of the loopback exchange. */
WS_MUST_CHECK int server_loopback_open(struct server *server, struct loopback **out);
void server_loopback_close(struct loopback *l);
const struct net_addr *server_loopback_addr(const struct loopback *l);
mono_us server_loopback_tick_due(const struct loopback *l);
void server_loopback_tick(struct loopback *l, mono_us now);
mono_us server_loopback_due(const struct loopback *l);
void server_loopback_turn(struct loopback *l, mono_us now);

#endif
