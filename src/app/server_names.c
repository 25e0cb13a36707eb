/* SPDX-License-Identifier: MIT */
/* The questions of sip_locate go to the resolver, its answers back, and the list of servers to the stack. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server_priv.h"

struct names {
    struct server *gateway; /* borrows */
    struct sip_locate locate;
    struct os_resolver *resolver; /* owns */
    bool complained;              /* since the last list */
};

static void step(struct names *n, mono_us now, enum sip_locate_step step);

/* ---- answers ---- */

static enum sip_locate_step take_srv(struct names *n, mono_us now, const struct os_answer *answer)
{
    struct sip_srv records[OS_ANSWER_MAX];

    memset(records, 0, sizeof(records));
    for (uint32_t i = 0; i < answer->count; i++) {
        records[i].priority = answer->srv[i].priority;
        records[i].weight = answer->srv[i].weight;
        records[i].port = answer->srv[i].port;
        (void)snprintf(records[i].target, sizeof(records[i].target), "%s", answer->srv[i].target);
    }
    return sip_locate_srv(&n->locate, now, answer->status, records, answer->count, answer->ttl_s);
}

static void srv_answered(struct names *n, mono_us now, const struct os_answer *answer)
{
    step(n, now, take_srv(n, now, answer));
}

static void host_answered(struct names *n, mono_us now, const struct os_answer *answer)
{
    step(n, now, sip_locate_host(&n->locate, now, answer->status, answer->addrs, answer->count, answer->ttl_s));
}

static void answered(void *ctx, mono_us now, const struct os_answer *answer)
{
    struct names *n = ctx;

    if (n->locate.step == SIP_LOCATE_ASK_SRV) {
        srv_answered(n, now, answer);
    } else {
        host_answered(n, now, answer);
    }
}

/* ---- what comes of them ---- */

static bool is_news(const struct server *server, const struct sip_locate *l)
{
    const struct sip_servers *known = sip_stack_servers(server->sip);

    if (known->count != l->count) {
        return true;
    }
    for (uint32_t i = 0; i < l->count; i++) {
        if (!addr_equal(&known->list[i].addr, &l->addrs[i])) {
            return true;
        }
    }
    return false;
}

static void on_found(struct names *n, mono_us now)
{
    struct server *server = n->gateway;
    const struct sip_locate *l = &n->locate;
    char list[SIP_SERVERS_MAX * (ADDR_TEXT_MAX + 2)];
    char text[ADDR_TEXT_MAX];
    struct outbuf out;

    n->complained = false;
    if (!is_news(server, l)) {
        return;
    }
    outbuf_init(&out, list, sizeof(list));
    for (uint32_t i = 0; i < l->count; i++) {
        outbuf_printf(&out, "%s%s", i > 0 ? ", " : "", addr_text(&l->addrs[i], text));
    }
    outbuf_char(&out, '\0');
    log_write(&server->log, LOG_INFO, LOG_TEXT(&server->log, SIP_SERVER_RESOLVED), l->host, list);
    sip_stack_set_servers(server->sip, now, l->addrs, l->count);
    server->sip_server_addr = l->addrs[0];
    server_link_server_changed(server, now);
}

static void on_failed(struct names *n)
{
    const struct log *log = &n->gateway->log;

    if (!n->complained) { /* once, not each time: it may last for days */
        char words[LOG_WORDS_MAX];
        log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_SERVER_NOT_RESOLVED), n->locate.host,
                  log_words(log, n->locate.why, words));
        n->complained = true;
    }
}

/* Without memory or descriptors nothing was asked: as if nobody had answered. */
static void ask(struct names *n, mono_us now, bool srv)
{
    const struct sip_locate *l = &n->locate;
    int status =
        srv ? os_resolver_ask_srv(n->resolver, l->question) : os_resolver_ask_host(n->resolver, l->question, l->family);

    if (status != ST_OK) {
        const struct os_answer none = {.status = ST_IO, .why = os_error_text()};
        answered(n, now, &none);
    }
}

static void step(struct names *n, mono_us now, enum sip_locate_step step)
{
    switch (step) {
    case SIP_LOCATE_ASK_SRV: ask(n, now, true); break;
    case SIP_LOCATE_ASK_HOST: ask(n, now, false); break;
    case SIP_LOCATE_FOUND: on_found(n, now); break;
    case SIP_LOCATE_FAILED: on_failed(n); break;
    case SIP_LOCATE_WAIT:
    case SIP_LOCATE_STEP_COUNT: break;
    }
}

/* ---- opening, time ---- */

int server_names_open(struct server *server)
{
    const struct option_host *host = &server->options->sip_server;
    struct names *n = calloc(1, sizeof(*n));
    int status = n != NULL ? ST_OK : ST_NO_MEMORY;

    if (status == ST_OK) {
        n->gateway = server;
        status = sip_locate_init(&n->locate, span_cstr(host->name), host->port_given ? host->port : 0,
                                 server->options->sip_listen.family, &server->rng);
    }
    if (status == ST_OK) {
        status = os_resolver_new(server->loop, NULL, 0, answered, n, &n->resolver);
    }
    if (status != ST_OK) {
        free(n);
        return server_fail(server, status, "--sip-server %s: names cannot be looked up: %s", host->name,
                           status_name(status));
    }
    server->names = n;
    return ST_OK;
}

void server_names_close(struct server *server)
{
    if (server->names != NULL) {
        os_resolver_free(server->names->resolver);
        free(server->names);
        server->names = NULL;
    }
}

mono_us server_names_due(const struct server *server)
{
    if (server->names == NULL || server->stopping) {
        return MONO_NEVER;
    }
    mono_us asking = os_resolver_due(server->names->resolver);
    mono_us next = sip_locate_due(&server->names->locate);
    return asking < next ? asking : next;
}

void server_names_expire(struct server *server, mono_us now)
{
    if (server->names != NULL && !server->stopping && server_names_due(server) <= now) {
        os_resolver_expire(server->names->resolver, now);
        step(server->names, now, sip_locate_expire(&server->names->locate, now));
    }
}
