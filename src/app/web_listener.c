/* SPDX-License-Identifier: MIT */
/* The listener, and its rest while nobody can be taken. */
#include "web_priv.h"

#define BACKLOG 64
/* A turn that takes more of a crowd is too long for the calls that are up. */
#define ACCEPTS_A_TURN  16
#define LISTEN_PAUSE_US DUR_MS(100) /* after a connection could not be taken */

/* Without a descriptor nobody can be taken, and who waits makes the listener ready in every turn: it rests a moment. */
static void cannot_accept(struct web *w, mono_us now, bool no_descriptor)
{
    const struct log *log = w->config.log;

    if (log_quota_take(&w->accepts, log, LOG_WARNING, now)) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, ACCEPT_FAILED), os_error_text());
    }
    if (no_descriptor) {
        http_server_relieve(w->server, now);
        web_drop_over(w, now);
    }
    w->listen_again = now + LISTEN_PAUSE_US;
    os_loop_set_events(w->config.loop, w->listener_watch, 0);
}

static void listener_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct web *w = ctx;
    struct net_addr peer;
    int fd = -1;

    (void)watch;
    (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        int status = os_tcp_accept(w->listener, &fd, &peer);
        if (status == ST_AGAIN) {
            return;
        }
        if (status != ST_OK) {
            cannot_accept(w, now, status == ST_FULL);
            return;
        }
        web_add(w, fd, &peer, now);
    }
}

void web_listener_expire(struct web *w, mono_us now)
{
    if (now >= w->listen_again) {
        w->listen_again = MONO_NEVER;
        os_loop_set_events(w->config.loop, w->listener_watch, OS_READ);
    }
}

static void log_listening(const struct web *w, const struct net_addr *bound)
{
    const struct log *log = w->config.log;
    char text[ADDR_TEXT_MAX];

    if (addr_is_any(&w->config.options->ws_listen)) {
        log_write(log, LOG_INFO, LOG_TEXT(log, LISTEN_ALL), bound->port);
    } else {
        log_write(log, LOG_INFO, LOG_TEXT(log, LISTEN_ADDR), addr_text(bound, text));
    }
}

int web_listen(struct web *w, char why[WHY_MAX])
{
    const struct net_addr *wanted = &w->config.options->ws_listen;
    struct net_addr bound;
    char text[ADDR_TEXT_MAX];
    int status = w->config.options->ws_reuse_port ? os_tcp_listen_shared(wanted, BACKLOG, &w->listener)
                                                  : os_tcp_listen(wanted, BACKLOG, &w->listener);

    w->listen_again = MONO_NEVER;
    if (status == ST_OK) {
        status = os_tcp_local(w->listener, &bound);
    }
    if (status == ST_OK) {
        status =
            os_loop_watch(w->config.loop, w->listener, OS_READ, OS_CLASS_SOCKET, listener_ready, w, &w->listener_watch);
    }
    if (status == ST_OK) {
        log_listening(w, &bound);
        return ST_OK;
    }
    if (wanted->family == 0) {
        return why_fail(why, status, "--ws-listen %u (all interfaces): %s", wanted->port, os_error_text());
    }
    return why_fail(why, status, "--ws-listen %s: %s", addr_text(wanted, text), os_error_text());
}

void web_listener_close(struct web *w)
{
    if (w->listener >= 0) {
        os_loop_unwatch(w->config.loop, w->listener_watch);
        os_close(w->listener);
        w->listener = -1;
    }
}
