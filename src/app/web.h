/* SPDX-License-Identifier: MIT */
/* The sockets of the HTTP and WebSocket port: listener, reading, writing, and each connection's share of a turn. What the bytes
 * mean is room http's. */
#ifndef WSAUDIO_APP_WEB_H
#define WSAUDIO_APP_WEB_H

#include "options.h"
#include "why.h"
#include "wsaudio/call.h"
#include "wsaudio/http/tokens.h"
#include "wsaudio/os.h"
#include "wsaudio/store/recordings.h"

struct web;

/* All borrowed for the web's life. */
struct web_config {
    const struct options *options;
    const struct log *log;
    struct os_loop *loop;
    struct gateway *gateway;
    const struct sip_stack *sip;   /* is it registered? */
    struct recordings *recordings; /* NULL with --no-record */
    bool loopback;                 /* no SIP server is set */
};

/* Descriptors, and watches of the loop, that so many clients need. */
uint32_t web_sockets_max(uint32_t max_clients);

/* ST_NO_MEMORY, ST_BAD (tokens), ST_BUSY, ST_DENIED, ST_IO; with a line in why. */
WS_MUST_CHECK int web_open(const struct web_config *config, struct web **out, char why[WHY_MAX]);
/* Safe with NULL. */
void web_close(struct web *w, mono_us now);
/* Reads the token file and this machine's name again. On failure, with a reason in why, the tokens stay. ST_BAD, ST_NO_MEMORY. */
WS_MUST_CHECK int web_reload(struct web *w, char why[TOKENS_WHY_MAX]);
mono_us web_due(const struct web *w);
/* Reads what has come, before deadlines run; all connections together have a share of the turn, who waits longest comes first. */
void web_serve(struct web *w, mono_us now);
/* Time-outs, and writing what the turn produced. */
void web_turn(struct web *w, mono_us now);
/* Connections without a WebSocket are closed. The listener stays until web_close: /healthz says that the server stops. */
void web_stop(struct web *w, mono_us now);
/* No WebSocket is open and no answer on its way. */
bool web_is_quiet(const struct web *w);
/* Of base/dump.h: the sockets, and what http_server_dump tells. */
bool web_dump(const struct web *w, mono_us now, uint32_t *at, struct outbuf *out);

#endif
