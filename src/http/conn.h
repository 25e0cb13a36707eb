/* SPDX-License-Identifier: MIT */
/* Room http, private: what the files of the server share.
 *
 * server.c  life, lists, time
 * door.c    who may stand where before being let in
 * conn.c    bytes in and out, phases
 * answer.c  a request that is whole: judged, routed, answered
 * site.c    rows of paths, and bodies that grow
 * dump.c    what SIGUSR2 tells of them */
#ifndef WSAUDIO_HTTP_CONN_H
#define WSAUDIO_HTTP_CONN_H

#include "access.h"
#include "places.h"
#include "wsaudio/base/log_quota.h"
#include "wsaudio/http.h"
#include "wsaudio/http/server.h"

#define CONN_READ_PIECE 4096

enum body_kind { BODY_NONE, BODY_RECORDING, BODY_LIST };

/* What follows a head by other means than one piece of memory. */
struct http_body {
    enum body_kind kind;
    int handle; /* BODY_RECORDING: of the site, to be closed */
    uint64_t offset, end;
    struct http_cursor cursor; /* BODY_LIST */
    uint64_t listed;
};

/* What each read and write of a protocol touches stands in front. */
struct http_conn {
    struct http_server *server;
    void *owner;
    enum http_phase phase;
    bool input_ended;
    bool let_in; /* it counts for max_clients */
    size_t out_len, out_sent;
    struct list_node node; /* in the server's pending, or in its over */

    uint8_t *out; /* owns; HTTP_PIECE, made for an answer */
    struct pool_id id;
    struct net_addr peer;
    mono_us opened_at;
    struct place place; /* held while it is not let in */
    struct timerq_entry timer;
    struct http_request *request; /* owns; HTTP_PHASE_REQUEST only */
    struct http_body body;
};

struct http_server {
    struct http_server_config config;
    struct access access;
    struct places guests, strangers; /* who is not let in yet; whose address is not */
    uint32_t clients;                /* who is let in */
    uint32_t busy;                   /* connections past their request */
    bool stopping;
    struct pool conns;
    struct timerq timers;
    struct list_node pending, over;
    struct {
        struct log_quota full, slow, crowd, handshakes, bad_requests;
    } quota;
    uint8_t piece[CONN_READ_PIECE]; /* of whatever connection is read now */
};

/* conn.c */
/* Its socket is to be closed, its place is free at once. */
void http_conn_end(struct http_conn *c, mono_us now);
void http_conn_set_phase(struct http_conn *c, enum http_phase phase);
/* From now on bytes belong to the protocol; rest: those that came behind the request. */
void http_conn_upgrade(struct http_conn *c, struct span rest);

/* door.c */
void door_init(struct http_server *s);
/* Whoever must, gives way: another connection may be over afterwards. */
void door_take_place(struct http_conn *c, mono_us now);
/* Its request is right: it counts for max_clients from now on. False, and a line in the log: all those places are taken. */
bool door_admit(struct http_conn *c, mono_us now);
/* Of either kind. */
void door_leave(struct http_conn *c);

/* answer.c */
/* Answers a head that is whole or broken; the phase is another one afterwards. rest: bytes that followed the head. */
void answer_request(struct http_conn *c, mono_us now, struct span rest);
/* A fixed answer; to HEAD without its body. Pages of listed origins may read it (CORS). headers: complete lines, or NULL. */
void answer_text(struct http_conn *c, int code, const char *type, const char *headers, struct span body);
void answer_error(struct http_conn *c, int code, const char *headers);
/* Heads whose body follows by c->body: of a known length, or one that ends with the connection and whose beginning `begin` writes.
 * False: no body follows (HEAD, or no memory). */
bool answer_file(struct http_conn *c, const char *type, uint64_t size);
bool answer_list(struct http_conn *c, const char *headers, void (*begin)(struct outbuf *out));

/* site.c */
struct site_page;
/* NULL: there is none at that path. */
const struct site_page *site_find(const struct http_server *s, struct span path);
/* Status of OPTIONS. */
int site_code(const struct http_server *s, const struct site_page *page);
void site_get(struct http_conn *c, const struct site_page *page);
/* The body's next piece in c->out; false when there is none. */
bool site_body_next(struct http_conn *c);
void site_body_close(struct http_conn *c);

#endif
