/* SPDX-License-Identifier: MIT */
#include "web_client.h"

const struct http_endpoint *web_endpoints(struct web_clients *clients, bool echo, uint32_t *count)
{
    *count = 0;
    for (uint32_t i = 0; i < DIALECTS; i++) {
        const struct dialect *dialect = server_dialect(i);
        if (echo || !dialect->echo) {
            clients->endpoints[(*count)++] = (struct http_endpoint){dialect->path, dialect->subprotocols};
        }
    }
    return clients->endpoints;
}

static struct ws_conn *conn_of(void *ctx, void *owner)
{
    const struct web_clients *clients = ctx;
    const struct web_client *client = owner;

    return gateway_client_conn(clients->gateway, client->id);
}

static void conn_changed(void *ctx)
{
    http_conn_touch(ctx);
}

static int client_open(void *ctx, mono_us now, void *owner, struct http_conn *conn, const struct net_addr *peer,
                       uint32_t endpoint, const struct span *token)
{
    const struct web_clients *clients = ctx;
    struct web_client *client = owner;
    char text[ADDR_TEXT_MAX];

    (void)now; /* the gateway borrows it of the server */
    int status = gateway_client_open(clients->gateway, server_dialect(endpoint), peer, &client->id);

    if (status != ST_OK) {
        return status;
    }
    if (token != NULL && gateway_client_token(clients->gateway, client->id, *token) != ST_OK) {
        log_write(clients->log, LOG_DEBUG, "calls of %s count for its address", addr_text(peer, text));
    }
    ws_conn_set_wake(conn_of(ctx, owner), conn_changed, conn);
    return ST_OK;
}

/* All clients are read into the same memory, which stays in the processor's cache. Only behind what is left of the last read the next
 * one goes into the connection's own. */
static size_t client_input_space(void *ctx, void *owner, void **ptr)
{
    struct web_clients *clients = ctx;
    struct ws_conn *conn = conn_of(ctx, owner);

    if (conn == NULL) {
        return 0;
    }
    if (ws_conn_holds_input(conn)) {
        return ws_conn_input_space(conn, ptr);
    }
    *ptr = clients->input;
    return sizeof(clients->input);
}

static void client_input_commit(void *ctx, void *owner, size_t len)
{
    struct web_clients *clients = ctx;
    const struct web_client *client = owner;
    struct ws_conn *conn = conn_of(ctx, owner);

    if (conn == NULL) {
        return;
    }
    if (ws_conn_holds_input(conn)) {
        ws_conn_input_commit(conn, len);
    } else {
        gateway_client_input(clients->gateway, client->id, clients->input, len);
    }
}

static size_t client_output(void *ctx, void *owner, const void **ptr)
{
    const struct ws_conn *conn = conn_of(ctx, owner);

    return conn != NULL ? ws_conn_output(conn, ptr) : 0;
}

static void client_output_consume(void *ctx, void *owner, size_t len)
{
    struct ws_conn *conn = conn_of(ctx, owner);

    if (conn != NULL) {
        ws_conn_output_consume(conn, len);
    }
}

/* What the client sent and nobody reads must not make the kernel reset what it was just told: an end for a fault of its own lingers. */
static enum http_protocol_state protocol_state(void *ctx, void *owner, bool input_ended)
{
    const struct ws_conn *conn = conn_of(ctx, owner);
    const void *bytes;

    if (conn == NULL) {
        return HTTP_PROTOCOL_LOST;
    }
    bool done = ws_conn_is_done(conn);
    if (done && ws_conn_end(conn) == WS_END_PROTOCOL && ws_conn_output(conn, &bytes) == 0) {
        return HTTP_PROTOCOL_LINGER;
    }
    bool worked_off = input_ended && !ws_conn_is_paused(conn) && !ws_conn_has_work(conn);
    if (worked_off || ws_conn_is_lost(conn)) {
        return HTTP_PROTOCOL_LOST;
    }
    return done ? HTTP_PROTOCOL_DONE : HTTP_PROTOCOL_OPEN;
}

static void client_gone(void *ctx, mono_us now, void *owner)
{
    const struct web_clients *clients = ctx;
    struct web_client *client = owner;
    struct ws_conn *conn = conn_of(ctx, owner);

    (void)now;
    if (conn != NULL) {
        ws_conn_set_wake(conn, NULL, NULL); /* it lives to the end of the turn, the HTTP connection may not */
    }
    gateway_client_gone(clients->gateway, client->id);
    client->id = POOL_ID_NONE;
}

struct http_protocol web_protocol(struct web_clients *clients)
{
    return (struct http_protocol){
        .ctx = clients,
        .open = client_open,
        .input_space = client_input_space,
        .input_commit = client_input_commit,
        .output = client_output,
        .output_consume = client_output_consume,
        .state = protocol_state,
        .gone = client_gone,
    };
}
