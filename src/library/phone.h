/* SPDX-License-Identifier: MIT */
/* A SIP user agent on one socket with its calls: what sessions of old and phones of sip_client_async.h are made of. */
#ifndef WSAUDIO_LIBRARY_PHONE_H
#define WSAUDIO_LIBRARY_PHONE_H

#include "line_audio.h"
#include "wsaudio/sipmsg.h"
#include "wsaudio/sipua.h"

#define PHONE_DATAGRAM_MAX SIP_DATAGRAM_MAX
#define PHONE_TEXT_MAX     256
#define RTP_PORT_TRIES     500 /* even ports from the one asked for on, as many as the server has */

enum line_state {
    LINE_CALLING, /* the INVITE is out */
    LINE_UP,      /* answered and acknowledged */
    LINE_ENDED    /* told; the SIP side may still finish */
};

enum line_event {
    LINE_EVENT_PROGRESS, /* 1xx above 100; code, reason */
    LINE_EVENT_ANSWERED,
    LINE_EVENT_PLAYED, /* the file is at its end */
    LINE_EVENT_ENDED   /* the last event; code, reason. Not for what phone_hang_up ended */
};

struct line {
    struct pool_id id;
    struct phone *phone;  /* borrows */
    struct pool_id usage; /* of the stack */
    enum line_state state;
    bool placing;     /* inside sip_inv_invite */
    bool was_playing; /* PLAYED is owed */
    struct line_audio audio;
    int code; /* ENDED: SIP status, 0 for a reason of our own */
    char reason[129];
};

struct phone_hooks {
    void *ctx;
    /* Called last in its step; may call phone_ functions, phone_close too. */
    void (*event)(void *ctx, struct line *line, enum line_event event);
    /* Each SIP datagram that leaves; may be NULL. */
    void (*sent)(void *ctx, struct span datagram);
};

/* Texts are copied. */
struct phone_config {
    struct net_addr server;
    struct net_addr bind;      /* SIP socket; port 0: any */
    struct net_addr advertise; /* IP for Via, Contact and SDP; family 0: the bound one, else that of the route */
    const char *domain;        /* of From, To and the Request-URI */
    const char *user, *password, *caller;
    uint32_t max_calls;
};

struct phone {
    struct list_node node; /* of the engine */
    struct engine *engine; /* borrows */
    int fd;                /* -1: closed, freed at the end of the turn */
    struct pool_id watch;
    struct sip_stack *sip;
    struct pool lines;
    struct phone_hooks hooks;
    struct net_addr server, local; /* local: bound */
    struct net_addr public_ip;     /* advertised */
    char domain[PHONE_TEXT_MAX];
};

/* ST_BUSY (port), ST_DENIED, ST_IO, ST_NO_MEMORY, ST_FULL. */
WS_MUST_CHECK int phone_open(struct engine *e, const struct phone_config *config, const struct phone_hooks *hooks,
                             struct phone **out);
/* Ends what is up without waiting for an answer to it, tells nothing. NULL is fine. */
void phone_close(struct phone *p);
/* Something is still to be sent or waited for: BYE, CANCEL. */
bool phone_is_busy(const struct phone *p);
mono_us phone_due(const struct phone *p);
void phone_expire(struct phone *p);
/* Releases what ended, a closed phone too. */
void phone_reap(struct phone *p);

/* Sends an INVITE; the port becomes the call's. ST_BAD (target), ST_FULL, ST_NO_MEMORY, ST_IO (nothing could be sent):
 * no event follows, and a port that nobody else holds is closed. */
WS_MUST_CHECK int phone_call(struct phone *p, const char *target, dur_us ring, struct port *port, struct pool_id *line);
/* NULL when stale or ended. */
struct line *phone_line(struct phone *p, struct pool_id line);
/* BYE or CANCEL; no event. Stale ids are ignored. */
void phone_hang_up(struct phone *p, struct pool_id line);

#endif
