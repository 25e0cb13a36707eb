/* SPDX-License-Identifier: MIT */
/* A client's WebSocket as what an HTTP connection speaks behind its upgrade. */
#ifndef WSAUDIO_APP_WEB_CLIENT_H
#define WSAUDIO_APP_WEB_CLIENT_H

#include "dialects.h"
#include "wsaudio/http/server.h"

struct web_clients {
    struct gateway *gateway; /* borrows */
    const struct log *log;   /* borrows */
    struct http_endpoint
        endpoints[DIALECTS];     /* the paths where a WebSocket may be opened, in the order of the dialects */
    uint8_t input[WS_INPUT_CAP]; /* of whatever client is read now */
};

/* The owner of an http_conn. Zeroed before http_conn_open. */
struct web_client {
    struct pool_id id; /* of the gateway's client; none before the upgrade */
};

/* Those paths, by the table of dialects. echo: --ws-echo. */
const struct http_endpoint *web_endpoints(struct web_clients *clients, bool echo, uint32_t *count);
/* clients: borrowed as long as the table is used. */
struct http_protocol web_protocol(struct web_clients *clients);

#endif
