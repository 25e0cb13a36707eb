/* SPDX-License-Identifier: MIT */
/* One TCP connection of the WebSocket and HTTP port, and the listener that owns them. */
#ifndef WSAUDIO_APP_WEB_PRIV_H
#define WSAUDIO_APP_WEB_PRIV_H

#include "gateway_priv.h"
#include "places.h"
#include "wsaudio/base/log_quota.h"

#define WEB_OUT_CAP 16384

enum peer_phase {
    PEER_REQUEST,  /* the head of a request is coming in */
    PEER_RESPONSE, /* an HTTP answer is going out */
    PEER_SOCKET,   /* a WebSocket */
    PEER_LINGER    /* all is sent: waiting for the other side's close, so that a reset does not eat the answer */
};

enum body_kind { BODY_NONE, BODY_FILE, BODY_LIST };

struct peer {
    struct web *web;
    struct pool_id id;
    enum peer_phase phase;
    int fd;
    struct pool_id watch;
    unsigned events; /* watched now */
    unsigned ready;  /* the socket said so, and it has not been served since */
    bool ended;      /* a WebSocket: nothing more comes in, what is held is still worked on */
    struct net_addr addr;
    bool let_in;        /* it counts for --max-clients */
    struct place place; /* held while it does not */
    struct timerq_entry timer;
    struct http_request *request; /* owns; PEER_REQUEST only */
    struct pool_id client;        /* PEER_SOCKET */
    uint8_t *out;                 /* owns; WEB_OUT_CAP, made for an answer */
    size_t out_len, out_sent;
    enum body_kind body;
    int body_fd;
    uint64_t body_offset, body_end;
    struct recordings_cursor cursor;
    uint64_t listed;
};

struct web {
    struct gateway *gateway; /* borrows */
    int listener;
    struct pool_id listener_watch;
    mono_us listen_again;            /* end of a rest; MONO_NEVER: the listener is watched */
    struct places guests, strangers; /* who is not let in yet; whose address is not */
    uint32_t clients;                /* who is let in */
    struct pool peers;
    uint32_t serve_next; /* slot of the peer that is the first to be served in the next turn */
    size_t turn_left;    /* bytes that may still be read and answered in this turn */
    struct timerq timers;
    struct {
        struct log_quota full, slow, crowd, accept, handshakes, bad_requests;
    } quota;
};

/* web_http.c: answers a complete or broken request head; the phase is RESPONSE or SOCKET afterwards, or the peer is gone. rest:
 * bytes that followed the head. */
void web_answer(struct peer *p, struct span rest);
/* The answer's next piece in out; false when there is none. */
bool web_body_next(struct peer *p);
/* A fixed answer; to HEAD without its body. Pages of listed origins may read it (CORS). */
void web_respond(struct peer *p, int code, const char *type, const char *headers, struct span body);

/* web.c */
void web_peer_close(struct peer *p);
/* Waits for its request. ST_FULL, ST_IO, ST_NO_MEMORY. */
WS_MUST_CHECK int web_peer_watch(struct peer *p);

/* web_door.c */
WS_MUST_CHECK int web_door_open(struct web *w);
void web_door_close(struct web *w);
void web_door_expire(struct web *w, mono_us now);
/* Whoever must, gives way: another peer may be gone afterwards. */
void web_take_place(struct peer *p);
/* Its request is right: it counts for --max-clients from now on. False, and a line in the log: all those places are taken. */
bool web_admit(struct peer *p);
/* Of either kind. */
void web_leave_place(struct peer *p);

#endif
