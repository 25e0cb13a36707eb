/* SPDX-License-Identifier: MIT */
#include "server_dns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsaudio/sipua.h"

struct server_dns {
    const struct log *log; /* borrows */
    server_dns_found_fn found;
    void *ctx;
    struct sip_locate locate;
    struct os_resolver *resolver; /* owns */
    struct net_addr told[SIP_SERVERS_MAX];
    uint32_t told_count;
    bool complained; /* since the last list */
    bool stopped;
};

static void dns_step(struct server_dns *n, mono_us now, enum sip_locate_step step);

/* ---- answers ---- */

static enum sip_locate_step srv_take(struct server_dns *n, mono_us now, const struct os_answer *answer)
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

static void srv_answered(struct server_dns *n, mono_us now, const struct os_answer *answer)
{
    dns_step(n, now, srv_take(n, now, answer));
}

static void host_answered(struct server_dns *n, mono_us now, const struct os_answer *answer)
{
    dns_step(n, now, sip_locate_host(&n->locate, now, answer->status, answer->addrs, answer->count, answer->ttl_s));
}

static void question_answered(void *ctx, mono_us now, const struct os_answer *answer)
{
    struct server_dns *n = ctx;

    if (n->locate.step == SIP_LOCATE_ASK_SRV) {
        srv_answered(n, now, answer);
    } else {
        host_answered(n, now, answer);
    }
}

/* ---- what comes of them ---- */

static bool is_news(const struct server_dns *n)
{
    const struct sip_locate *l = &n->locate;

    if (n->told_count != l->count) {
        return true;
    }
    for (uint32_t i = 0; i < l->count; i++) {
        if (!addr_equal(&n->told[i], &l->addrs[i])) {
            return true;
        }
    }
    return false;
}

static void list_found(struct server_dns *n, mono_us now)
{
    const struct sip_locate *l = &n->locate;
    char list[SIP_SERVERS_MAX * (ADDR_TEXT_MAX + 2)];
    char text[ADDR_TEXT_MAX];
    struct outbuf out;

    n->complained = false;
    if (!is_news(n)) {
        return;
    }
    outbuf_init(&out, list, sizeof(list));
    for (uint32_t i = 0; i < l->count; i++) {
        outbuf_printf(&out, "%s%s", i > 0 ? ", " : "", addr_text(&l->addrs[i], text));
        n->told[i] = l->addrs[i];
    }
    n->told_count = l->count;
    outbuf_char(&out, '\0');
    log_write(n->log, LOG_INFO, LOG_TEXT(n->log, SIP_SERVER_RESOLVED), l->host, list);
    n->found(n->ctx, now, n->told, n->told_count);
}

static void list_failed(struct server_dns *n)
{
    const struct log *log = n->log;

    if (!n->complained) { /* once, not each time: it may last for days */
        char words[LOG_WORDS_MAX];
        log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_SERVER_NOT_RESOLVED), n->locate.host,
                  log_words(log, n->locate.why, words));
        n->complained = true;
    }
}

/* Without memory or descriptors nothing was asked: as if nobody had answered. */
static void dns_ask(struct server_dns *n, mono_us now, bool srv)
{
    const struct sip_locate *l = &n->locate;
    int status =
        srv ? os_resolver_ask_srv(n->resolver, l->question) : os_resolver_ask_host(n->resolver, l->question, l->family);

    if (status != ST_OK) {
        const struct os_answer none = {.status = ST_IO, .why = os_error_text()};
        question_answered(n, now, &none);
    }
}

static void dns_step(struct server_dns *n, mono_us now, enum sip_locate_step step)
{
    switch (step) {
    case SIP_LOCATE_ASK_SRV: dns_ask(n, now, true); break;
    case SIP_LOCATE_ASK_HOST: dns_ask(n, now, false); break;
    case SIP_LOCATE_FOUND: list_found(n, now); break;
    case SIP_LOCATE_FAILED: list_failed(n); break;
    case SIP_LOCATE_WAIT:
    case SIP_LOCATE_STEP_COUNT: break;
    }
}

/* ---- opening ---- */

static int dns_new(const struct server_dns_config *config, struct server_dns **out)
{
    const struct option_host *server = config->server;
    struct server_dns *n = calloc(1, sizeof(*n));
    int status = n != NULL ? ST_OK : ST_NO_MEMORY;

    if (status == ST_OK) {
        n->log = config->log;
        n->found = config->found;
        n->ctx = config->ctx;
        status = sip_locate_init(&n->locate, span_cstr(server->name), server->port_given ? server->port : 0,
                                 config->family, config->rng);
    }
    if (status == ST_OK) {
        status = os_resolver_new(config->loop, NULL, 0, question_answered, n, &n->resolver);
    }
    if (status != ST_OK) {
        free(n);
        return status;
    }
    *out = n;
    return ST_OK;
}

static int resolve_once(const struct server_dns_config *config, struct net_addr *addr, char why[WHY_MAX])
{
    const struct log *log = config->log;
    const char *name = config->server->name;
    char text[ADDR_TEXT_MAX];
    int status = os_resolve(name, config->server->port, addr);

    if (status != ST_OK) {
        return why_fail(why, status, "--sip-server %s: the name cannot be resolved: %s", name, os_error_text());
    }
    log_write(log, LOG_INFO, LOG_TEXT(log, SIP_SERVER_RESOLVED), name, addr_text(addr, text));
    if (os_resolver_version() == NULL) {
        log_write(log, LOG_INFO, LOG_TEXT(log, SIP_SERVER_ONCE));
    }
    return ST_OK;
}

/* os_resolve says 127.0.0.1: where that is of the wrong family the resolver, which knows both, is asked. */
static bool is_this_machine(const struct server_dns_config *config)
{
    return config->family != 6 && host_is_localhost(span_cstr(config->server->name));
}

int server_dns_open(const struct server_dns_config *config, struct net_addr *addr, struct server_dns **out,
                    char why[WHY_MAX])
{
    const struct option_host *server = config->server;

    *out = NULL;
    *addr = server->addr;
    if (server->addr.family != 0) {
        return ST_OK;
    }
    if (os_resolver_version() == NULL || is_this_machine(config)) {
        return resolve_once(config, addr, why);
    }
    int status = dns_new(config, out);
    return status == ST_OK ? ST_OK
                           : why_fail(why, status, "--sip-server %s: names cannot be looked up: %s", server->name,
                                      status_name(status));
}

void server_dns_close(struct server_dns *dns)
{
    if (dns != NULL) {
        os_resolver_free(dns->resolver);
        free(dns);
    }
}

void server_dns_stop(struct server_dns *dns)
{
    if (dns != NULL) {
        dns->stopped = true;
    }
}

/* ---- time ---- */

mono_us server_dns_due(const struct server_dns *dns)
{
    return dns == NULL || dns->stopped ? MONO_NEVER
                                       : mono_earlier(os_resolver_due(dns->resolver), sip_locate_due(&dns->locate));
}

void server_dns_expire(struct server_dns *dns, mono_us now)
{
    if (dns != NULL && server_dns_due(dns) <= now) {
        os_resolver_expire(dns->resolver, now);
        dns_step(dns, now, sip_locate_expire(&dns->locate, now));
    }
}
