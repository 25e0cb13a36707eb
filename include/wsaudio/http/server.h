/* SPDX-License-Identifier: MIT */
/* The HTTP and WebSocket port without a socket: connections are bytes in and bytes out on a time that is given, so that they run
 * in tests on a virtual clock, and whatever enciphers them can stand between the socket and them. Who may come in, for how long
 * somebody may ask, what is answered, and what is spoken behind an upgrade, is decided here. */
#ifndef WSAUDIO_HTTP_SERVER_H
#define WSAUDIO_HTTP_SERVER_H

#include "wsaudio/base.h"
#include "wsaudio/http/tokens.h"

struct http_server;
struct http_conn;

/* ---- settings ---- */

/* Who may come in. No rule at all (allow_count 0, needs_token false) is protected mode: this machine alone. */
struct http_rules {
    const struct net_cidr *allow; /* borrowed; addresses that may connect */
    uint32_t allow_count;         /* 0: all, where a token is needed */
    const char *const *origins;   /* borrowed; patterns of http/origin.h whose pages may connect and read */
    uint32_t origin_count;
    bool needs_token;
};

/* A path where a WebSocket may be opened. */
struct http_endpoint {
    const char *path;
    const char *const *protocols; /* subprotocols that are known there; NULL ends them */
};

/* What a connection speaks behind its upgrade. `owner` is the one given to http_conn_open; ctx is that of this table. */
enum http_protocol_state {
    HTTP_PROTOCOL_OPEN,
    HTTP_PROTOCOL_DONE,   /* to be closed when what is written has gone out */
    HTTP_PROTOCOL_LINGER, /* the same, but what the other side still sends must not reset what goes out */
    HTTP_PROTOCOL_LOST    /* to be closed now */
};

struct http_protocol {
    void *ctx;
    /* The request was right and is let in at endpoints[endpoint]; token: the one that let it in, or NULL. The 101 goes out in front
     * of all output. Another status than ST_OK: nothing was opened, 503 is answered. From now on http_conn_touch(conn) is called
     * whenever one of the following functions may say something new. */
    int (*open)(void *ctx, mono_us now, void *owner, struct http_conn *conn, const struct net_addr *peer,
                uint32_t endpoint, const struct span *token);
    /* As http_conn_input_space and the functions that follow it there. */
    size_t (*input_space)(void *ctx, void *owner, void **ptr);
    void (*input_commit)(void *ctx, void *owner, size_t len);
    size_t (*output)(void *ctx, void *owner, const void **ptr);
    void (*output_consume)(void *ctx, void *owner, size_t len);
    /* input_ended: nothing more will come in. */
    enum http_protocol_state (*state)(void *ctx, void *owner, bool input_ended);
    /* No function of this table is called any more for that owner. */
    void (*gone)(void *ctx, mono_us now, void *owner);
};

/* One recording in the list. */
struct http_recording {
    const char *name; /* valid until the next call */
    uint64_t bytes;
};

/* Where a list stands. Zeroed: before its first row. */
struct http_cursor {
    char after[128];
};

/* What the pages show. Texts and arrays are borrowed. */
struct http_site {
    void *ctx;
    const char *version;
    bool loopback;                    /* no SIP server is set */
    const char *const *commands;      /* "VERB:argument", for the front page; NULL ends them */
    bool (*is_registered)(void *ctx); /* NULL: nothing is to be registered */
    /* Recordings; recording_next NULL: none are kept. open: ST_NOT_FOUND, ST_IO; a handle is never negative. read: bytes read, fewer
     * only at the end, or a status. next: the newest first; false at the end. */
    int (*recording_open)(void *ctx, struct span name, int *handle, uint64_t *size);
    int (*recording_read)(void *ctx, int handle, uint64_t offset, void *data, size_t len);
    void (*recording_close)(void *ctx, int handle);
    bool (*recording_next)(void *ctx, struct http_cursor *cursor, struct http_recording *out);
};

struct http_server_config {
    const struct log *log; /* borrowed; may be NULL */
    uint32_t max_clients;  /* connections whose request was let in, at once */
    struct http_rules rules;
    const struct http_endpoint *endpoints; /* borrowed */
    uint32_t endpoint_count;
    struct http_protocol protocol;
    struct http_site site;
};

/* ---- the server ---- */

/* Connections at once, so many clients among them: beside those there are places for who may yet be let in and for whose address
 * is refused, and one for who pushes another out. */
#define HTTP_GUESTS         64
#define HTTP_STRANGERS      16
#define HTTP_CONNS(clients) ((clients) + HTTP_GUESTS + HTTP_STRANGERS + 1)

/* Longest name of this machine, as pages may call it. */
#define HTTP_HOST_NAME_MAX 255

/* ST_NO_MEMORY; ST_BAD: rules.origins has what is no pattern. */
WS_MUST_CHECK int http_server_new(const struct http_server_config *config, struct http_server **out);
/* Frees what connections there are too, without telling their owners. NULL is fine. */
void http_server_free(struct http_server *s);
/* Takes the tokens over (*tokens is empty afterwards) and wipes those before. */
void http_server_set_tokens(struct http_server *s, struct token_set *tokens);
/* This machine's own name, by which pages may come; cut at HTTP_HOST_NAME_MAX. "": not known. */
void http_server_set_host_name(struct http_server *s, const char *name);
/* Who has not asked yet is dropped, no WebSocket is opened any more, /healthz says that the server stops. */
void http_server_stop(struct http_server *s, mono_us now);
/* Nothing but connections that have not asked yet. */
bool http_server_is_quiet(const struct http_server *s);
/* A connection more cannot be had (no descriptor): of those at the door the one longest there gives way. */
void http_server_relieve(struct http_server *s, mono_us now);
mono_us http_server_due(const struct http_server *s);
/* Time-outs. */
void http_server_expire(struct http_server *s, mono_us now);
/* Of base/dump.h: the server, and each connection: phase, from whom, for how long, on whose place. */
bool http_server_dump(const struct http_server *s, mono_us now, uint32_t *at, struct outbuf *out);

/* Nobody is called when a connection changes: whoever has the sockets asks, and looks at none of the others.
 * The owner of the next connection that is over: close its socket and free it; NULL: there is none. */
void *http_server_next_over(struct http_server *s);
/* The owner of the next one with something to write or to be settled; once for each time that it changed. */
void *http_server_next_pending(struct http_server *s);

/* ---- a connection ---- */

enum http_phase {
    HTTP_PHASE_REQUEST,  /* the head of a request is coming in */
    HTTP_PHASE_RESPONSE, /* an answer is going out */
    HTTP_PHASE_UPGRADED, /* the protocol has it */
    HTTP_PHASE_LINGER,   /* all is sent: waiting for the other side's end, so that a reset does not eat the answer */
    HTTP_PHASE_OVER,     /* nothing comes in or goes out any more */
    HTTP_PHASE_COUNT
};

/* One that was accepted. Somebody else's may be over afterwards. NULL: no memory, or HTTP_CONNS are there. */
struct http_conn *http_conn_open(struct http_server *s, mono_us now, const struct net_addr *peer, void *owner);
/* At any time: the socket is gone. */
void http_conn_free(struct http_conn *c, mono_us now);
enum http_phase http_conn_phase(const struct http_conn *c);
/* Where the next bytes may be read into, and how many; 0: not now. Only until another connection of the server is asked. */
size_t http_conn_input_space(struct http_conn *c, void **ptr);
/* So many were put there. Returns what that cost a turn: the bytes, and HTTP_REQUEST_COST where a request was answered. */
#define HTTP_REQUEST_COST 4096
size_t http_conn_input_commit(struct http_conn *c, mono_us now, size_t len);
/* The other side sends no more (FIN). */
void http_conn_input_end(struct http_conn *c, mono_us now);
/* Bytes to be sent, 0: none now. */
size_t http_conn_output(struct http_conn *c, const void **ptr);
/* So many were sent. In HTTP_PHASE_RESPONSE the next piece, HTTP_PIECE at most, is made when all of one is. */
#define HTTP_PIECE 16384
void http_conn_output_consume(struct http_conn *c, mono_us now, size_t len);
/* After output was sent as far as it could be: ends what has come to its end. In HTTP_PHASE_LINGER nothing more will be sent, and
 * the other side should be told so (shutdown). */
void http_conn_settle(struct http_conn *c, mono_us now);
/* The protocol has something new. */
void http_conn_touch(struct http_conn *c);

#endif
