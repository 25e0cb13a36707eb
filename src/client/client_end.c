/* SPDX-License-Identifier: MIT */
/* The end of a client's connection, which is decided before it is carried out: the line is free at the decision. */
#include "client_priv.h"

void client_leave(struct client *c)
{
    struct gateway *g = c->gateway;
    struct call *call = calls_get(g->calls, c->call);

    if (c->left) {
        return;
    }
    c->left = true;
    list_remove(&c->listener);
    c->rings = POOL_ID_NONE;
    g->settle = true;
    if (call != NULL) {
        call_orphan(call);
    }
}

static void log_end(const struct log *log, enum ws_end end, const char *from)
{
    switch (end) {
    /* the one reason for which we close a connection that has done no wrong */
    case WS_END_OWNER: log_write(log, LOG_INFO, LOG_TEXT(log, CLOSED_STOPPING), from); break;
    case WS_END_PROTOCOL: log_write(log, LOG_INFO, LOG_TEXT(log, CLOSED_PROTOCOL), from); break;
    case WS_END_INVALID: log_write(log, LOG_INFO, LOG_TEXT(log, CLOSED_INVALID), from); break;
    case WS_END_TOO_BIG: log_write(log, LOG_INFO, LOG_TEXT(log, CLOSED_TOO_BIG), from); break;
    case WS_END_UNREAD: log_write(log, LOG_INFO, LOG_TEXT(log, CLOSED_UNREAD), from); break;
    case WS_END_SILENT: log_write(log, LOG_INFO, LOG_TEXT(log, CLOSED_SILENT), from); break;
    case WS_END_BROKEN: log_write(log, LOG_INFO, LOG_TEXT(log, CLOSED_BROKEN), from); break;
    case WS_END_NONE:
    case WS_END_CLIENT: break;
    }
}

void client_note_end(struct client *c)
{
    struct gateway *g = c->gateway;
    enum ws_end end = ws_conn_end(c->conn);
    char from[ADDR_TEXT_MAX];

    if (c->left || end == WS_END_NONE) {
        return;
    }
    if (end != WS_END_CLIENT && log_quota_take(&g->closes, g->log, LOG_INFO, *g->now)) {
        log_end(g->log, end, addr_text(&c->peer, from));
    }
    listing_stop(c);
    client_leave(c);
    client_deadline(c); /* its time-out runs from now on */
}
